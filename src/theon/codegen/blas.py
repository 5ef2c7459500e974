"""Addresses of BLAS functions, taken from SciPy's Cython interface when first needed."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterable
from typing import Any

__all__ = ["addresses"]


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Return BLAS name (``dgemm``, ...) -> address; arguments are all pointers, integers are 32-bit."""
    of, label = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_GetName
    of.restype, of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    label.restype, label.argtypes = ctypes.c_char_p, [ctypes.py_object]
    table: dict[str, Any] = dict(_cython_blas().__pyx_capi__)
    return {name: of(table[name], label(table[name])) for name in names}


@functools.cache
def _cython_blas() -> Any:
    """SciPy's extension module, loaded without the rest of scipy.linalg, whose import takes 0.1 s."""
    import importlib.machinery
    import importlib.util
    import sys
    from pathlib import Path

    import scipy

    name = "scipy.linalg.cython_blas"
    if name in sys.modules:
        return sys.modules[name]
    folder = Path(scipy.__file__).parent / "linalg"
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (folder / f"cython_blas{suffix}").exists():
            spec = importlib.util.spec_from_file_location(name, folder / f"cython_blas{suffix}")
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    from scipy.linalg import cython_blas

    return cython_blas
