"""Addresses of BLAS and LAPACK functions, taken from SciPy's Cython interface when first needed."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterable
from typing import Any

__all__ = ["GET_THREADS", "SET_THREADS", "addresses", "has_thread_control"]

# What OpenBLAS, as SciPy's wheels bring it, calls its own number of threads.
GET_THREADS, SET_THREADS = "scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Return name (``dgemm``, ``spotrf``, ...) -> address; arguments are all pointers, integers are 32-bit."""
    of, label = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_GetName
    of.restype, of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    label.restype, label.argtypes = ctypes.c_char_p, [ctypes.py_object]
    found = {}
    for name in names:
        if name in (GET_THREADS, SET_THREADS):
            found[name] = _thread_control()[name]
            continue
        table = _table("cython_blas")
        capsule = table[name] if name in table else _table("cython_lapack")[name]
        found[name] = of(capsule, label(capsule))
    return found


def has_thread_control() -> bool:
    """Whether the library that SciPy uses can be told how many threads to use."""
    return bool(_thread_control())


@functools.cache
def _thread_control() -> dict[str, int]:
    from pathlib import Path

    import scipy

    _table("cython_blas")  # which loads the library
    folder = Path(scipy.__file__).parent
    for place in (folder.parent / "scipy.libs", folder / ".dylibs"):
        for path in sorted(place.glob("libscipy_openblas*")) if place.is_dir() else ():
            try:
                library = ctypes.CDLL(str(path))
                functions = {name: getattr(library, name) for name in (GET_THREADS, SET_THREADS)}
            except (OSError, AttributeError):
                continue
            return {name: ctypes.cast(function, ctypes.c_void_p).value or 0 for name, function in functions.items()}
    return {}


@functools.cache
def _table(module: str) -> dict[str, Any]:
    return dict(_loaded(module).__pyx_capi__)


def _loaded(module: str) -> Any:
    """SciPy's extension module, loaded without the rest of scipy.linalg, whose import takes 0.1 s."""
    import importlib
    import importlib.machinery
    import importlib.util
    import sys
    from pathlib import Path

    import scipy

    name = f"scipy.linalg.{module}"
    if name in sys.modules:
        return sys.modules[name]
    folder = Path(scipy.__file__).parent / "linalg"
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        if (folder / f"{module}{suffix}").exists():
            spec = importlib.util.spec_from_file_location(name, folder / f"{module}{suffix}")
            if spec is not None and spec.loader is not None:
                made = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(made)
                return made
    return importlib.import_module(name)
