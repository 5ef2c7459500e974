"""Addresses of BLAS functions, taken from SciPy's Cython interface when first needed."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any

__all__ = ["addresses"]


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Return BLAS name (``dgemm``, ...) -> address; arguments are all pointers, integers are 32-bit."""
    from scipy.linalg import cython_blas

    of, label = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_GetName
    of.restype, of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    label.restype, label.argtypes = ctypes.c_char_p, [ctypes.py_object]
    table: dict[str, Any] = dict(cython_blas.__pyx_capi__)
    return {name: of(table[name], label(table[name])) for name in names}
