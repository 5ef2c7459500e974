"""Builtin functions made from native code addresses."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["State", "builtin"]

_FASTCALL_KEYWORDS = 0x0080 | 0x0002


class _MethodDef(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class State(np.ndarray):
    """The native state block of one function, and the ``__self__`` of its builtin.

    A 1-d int64 array: generated code finds the words through the array's data pointer. CPython keeps only a bare
    pointer to the ``PyMethodDef`` and the code, so both live here (``kept``), as long as the builtin does.
    """

    kept: list[Any]

    @staticmethod
    def make(words: int) -> State:
        """Return ``words`` zeroed words."""
        state = np.zeros(words, np.int64).view(State)
        state.kept = []
        return state


def builtin(address: int, name: str, state: State) -> Callable[..., Any]:
    """Return a METH_FASTCALL|METH_KEYWORDS builtin that runs the code at ``address`` on ``state``."""
    label = name.encode("utf-8", "replace")
    definition = _MethodDef(label, address, _FASTCALL_KEYWORDS, None)
    state.kept += [label, definition]
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    result: Callable[..., Any] = make(ctypes.addressof(definition), state, None)
    return result
