"""Special functions that loops call: our own, compiled once for a process, and SciPy's, whose addresses it tells."""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from theon.codegen import target

if TYPE_CHECKING:
    from theon.codegen.jit import CompiledModule

__all__ = ["NAMES", "declaration", "symbols"]

# Number of arguments of each function.
_OWN = {"gammainc": 2, "gammaincc": 2, "gammal": 2, "gammau": 2, "gammainc_by_a": 2, "jv": 2, "zeta": 2}
_SCIPY = {
    "gamma": 1,
    "gammaln": 1,
    "psi": 1,
    "erfcx": 1,
    "erfinv": 1,
    "erfcinv": 1,
    "j0": 1,
    "j1": 1,
    "i0": 1,
    "i1": 1,
    "iv": 2,
}
NAMES = frozenset({*_OWN, *_SCIPY})


def declaration(name: str) -> tuple[str, str, str]:
    """Return the symbol of a function of doubles, its declaration, and what is passed after its arguments."""
    if name in _OWN:
        return f"theon_special_{name}", f"declare double @theon_special_{name}({_doubles(_OWN[name])})", ""
    symbol = f"theon_scipy_{name}"
    return symbol, f"declare double @{symbol}({_doubles(_SCIPY[name])}, i32)", ", i32 0"


def _doubles(count: int) -> str:
    return ", ".join(["double"] * count)


def symbols(text: str) -> dict[str, int]:
    """Return the addresses of the special functions that ``text`` declares."""
    found = {f"theon_scipy_{name}": _scipy(name) for name in set(re.findall(r"@theon_scipy_(\w+)\(", text))}
    own = set(re.findall(r"@(theon_special_\w+)\(", text))
    if own:
        with target.LOCK:  # of two modules made at once only one is kept, and code would call into the other
            module = _module()
        found |= {name: module.address(name) for name in own}
    return found


@functools.cache
def _scipy(name: str) -> int:
    """The address of a function on doubles, which Cython lists under its name or as one of a fused function's."""
    import scipy.special.cython_special as special

    table: Mapping[str, Any] = special.__pyx_capi__
    pointer, label = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_GetName
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    label.restype, label.argtypes = ctypes.c_char_p, [ctypes.py_object]
    count = _SCIPY.get(name) or _OWN[name]
    wanted = f"double ({_doubles(count)}, int __pyx_skip_dispatch)".encode()
    for key in (name, *(f"__pyx_fuse_{i}{name}" for i in range(4))):
        capsule = table.get(key)
        if capsule is not None and label(capsule) == wanted:
            return int(pointer(capsule, wanted))
    raise RuntimeError(f"scipy.special.cython_special has no {name} of doubles")


@functools.cache
def _module() -> CompiledModule:
    from theon.codegen import bessel, doubled, incomplete, zeta
    from theon.codegen.jit import compile_module

    borrowed = "\n".join(f"declare double @theon_scipy_{n}({_doubles(c)}, i32)" for n, c in (("psi", 1), ("jv", 2)))
    text = "\n".join(
        [
            doubled.DECLARATIONS,
            borrowed,
            doubled.logarithm_text(),
            incomplete.incomplete_text(),
            bessel.bessel_text(),
            zeta.zeta_text(),
        ]
    )
    return compile_module(text, symbols(borrowed), tuple(f"theon_special_{name}" for name in _OWN), effort="written")
