"""Dtypes and how they combine."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

__all__ = [
    "all_dtypes",
    "complex_dtypes",
    "continuous_dtypes",
    "discrete_dtypes",
    "float_dtypes",
    "int_dtypes",
    "real_of",
    "uint_dtypes",
    "upcast",
]

int_dtypes: Final = ("int8", "int16", "int32", "int64")
uint_dtypes: Final = ("uint8", "uint16", "uint32", "uint64")
float_dtypes: Final = ("float16", "float32", "float64")
complex_dtypes: Final = ("complex64", "complex128")
integer_dtypes: Final = int_dtypes + uint_dtypes
discrete_dtypes: Final = ("bool", *int_dtypes, *uint_dtypes)
continuous_dtypes: Final = float_dtypes + complex_dtypes
all_dtypes: Final = discrete_dtypes + continuous_dtypes


def upcast(*dtypes: str) -> str:
    """Return the smallest dtype that holds them all, by NumPy's rule for arrays.

    >>> upcast("int32", "float32")
    'float64'
    """
    from theon.options import config

    kept = "bool" if not dtypes else dtypes[0]
    for dtype in dtypes[1:]:  # two at a time: int8 and uint8 are int16 first, which a float16 does not hold
        kept = _promote((kept, dtype))
    # With cast_policy numpy+floatX a float64 that no operand asked for becomes floatX.
    if (
        config.cast_policy == "numpy+floatX"
        and kept == "float64"
        and "float64" not in dtypes
        and config.floatX == "float32"
    ):
        return "float32"
    return kept


@lru_cache(maxsize=4096)
def _promote(dtypes: tuple[str, ...]) -> str:
    return str(np.result_type(*(np.dtype(d) for d in dtypes))) if dtypes else "bool"


def real_of(dtype: str) -> str:
    """Return the dtype of the real part."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
