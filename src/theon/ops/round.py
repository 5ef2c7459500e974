"""Rounding."""

from __future__ import annotations

from typing import Any

from theon.dtypes import float_dtypes
from theon.ops.declare import Elemwise, elementwise, to_float_no_complex


def _floats_only(*dtypes: str) -> str:
    """Floats as they are; others are refused."""
    if dtypes[0] not in float_dtypes:
        raise TypeError(f"defined for floats only, not {dtypes[0]}")
    return dtypes[0]


def _rounding(name: str, ufunc: str, doc: str, printed: str | None = None, rule: Any = to_float_no_complex) -> Elemwise:
    def reference(xp: Any, x: Any) -> Any:
        return getattr(xp, ufunc)(x)

    return elementwise(
        name, 1, reference, rule, lambda x, o, g: [None],
        lambda k, x: getattr(k, ufunc)(x) if x.dtype.startswith("float") else x, doc, printed,
    )  # fmt: skip


ceil = _rounding("ceil", "ceil", "Round up.")
floor = _rounding("floor", "floor", "Round down.")
trunc = _rounding("trunc", "trunc", "Round towards zero.")
round_half_to_even = _rounding(
    "round_half_to_even", "rint", "Round to the nearest integer, halves to the even one.", rule=_floats_only
)


def _half_away(xp: Any, x: Any) -> Any:
    if x.dtype.kind != "f":
        return x
    whole = xp.trunc(x)
    return whole + (abs(x - whole) >= 0.5) * xp.sign(x)


round_half_away_from_zero = elementwise(
    "round_half_away_from_zero", 1, _half_away, _floats_only, lambda x, o, g: [None],
    lambda k, x: k.add(k.trunc(x), k.select(k.ge(k.abs(k.sub(x, k.trunc(x))), k.number(0.5, x)), k.sign(x), k.zero(x))),
    "Round to the nearest integer, halves away from zero.",
)  # fmt: skip
