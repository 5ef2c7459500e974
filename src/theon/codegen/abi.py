"""The binary interface of CPython and NumPy 2 that the generated code relies on: struct offsets and function addresses.

Offsets are probed once at import time of this module against live objects; an interpreter or NumPy where they do
not hold raises ``ImportError`` (the caller then runs the reference runtime instead).
"""

from __future__ import annotations

import ctypes
import functools
from typing import Final

import numpy as np
from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

__all__ = [
    "ARRAY",
    "DESCR",
    "FLOAT_VALUE",
    "LIST_ITEMS",
    "LLVM_TYPE",
    "SCALAR_VALUE",
    "TYPE_NUMBER",
    "itemsize",
    "symbols",
]

ARRAY: Final = {"data": 16, "nd": 24, "dims": 32, "strides": 40, "descr": 56, "flags": 64}
DESCR: Final = {"byteorder": 26, "num": 28}
LIST_ITEMS: Final = 24  # PyListObject.ob_item
FLOAT_VALUE: Final = 16  # PyFloatObject.ob_fval
SCALAR_VALUE: Final = 16  # obval of NumPy's scalar objects
CONTIGUOUS: Final = 0x1
ALIGNED: Final = 0x100
WRITEABLE: Final = 0x400

_DTYPES: Final = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
TYPE_NUMBER: Final = {name: np.dtype(name).num for name in _DTYPES}
LLVM_TYPE: Final = {
    "bool": "i8", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "i8", "uint16": "i16", "uint32": "i32", "uint64": "i64",
    "float16": "half", "float32": "float", "float64": "double",
}  # fmt: skip

# Indices into NumPy's C-API table (numpy/__multiarray_api.h); they are part of its stable ABI.
_NUMPY_TABLE: Final = {"PyArray_Type": 2, "PyArray_New": 93, "PyArray_SetBaseObject": 282}
_PYTHON: Final = (
    "PyObject_Vectorcall", "PyObject_CallFunction", "Py_IncRef", "Py_DecRef", "PyList_SetItem", "PyList_New",
    "PyLong_AsLongLongAndOverflow", "PyErr_NoMemory", "PyErr_Clear", "PyEval_SaveThread", "PyEval_RestoreThread",
    "PyTuple_GetItem", "PyMem_RawMalloc", "PyMem_RawFree",
)  # fmt: skip


def itemsize(dtype: str) -> int:
    """Return the bytes an element of ``dtype`` takes."""
    return np.dtype(dtype).itemsize


@functools.cache
def symbols() -> dict[str, int]:
    """Return symbol name -> address of every C-API function and type object that generated text may name."""
    python = ctypes.pythonapi
    found = {name: _address(getattr(python, name)) for name in _PYTHON}
    found["PyLong_Type"] = id(int)
    found["PyFloat_Type"] = id(float)
    found |= {f"numpy_{name}_type": id(np.dtype(name).type) for name in _DTYPES}
    pointer = python.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(pointer(_multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    found |= {name: table[index] or 0 for name, index in _NUMPY_TABLE.items()}
    found["memcpy"] = ctypes._memmove_addr  # type: ignore[attr-defined]
    return found


def _address(function: object) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def _verify() -> None:
    """Compare the offsets with what live objects say."""
    array = np.zeros((3, 5), np.float32)[:, ::2]

    def at(owner: object, offset: int, kind: type[ctypes._SimpleCData[int]]) -> int:
        return kind.from_address(id(owner) + offset).value

    def vector(offset: int) -> tuple[int, ...]:
        return tuple((ctypes.c_int64 * 2).from_address(at(array, offset, ctypes.c_int64)))

    flags = at(array, ARRAY["flags"], ctypes.c_int32)
    items = [array]
    listed = at(items, LIST_ITEMS, ctypes.c_int64)
    good = (
        at(array, ARRAY["data"], ctypes.c_int64) == array.__array_interface__["data"][0]
        and at(array, ARRAY["nd"], ctypes.c_int32) == 2
        and vector(ARRAY["dims"]) == array.shape
        and vector(ARRAY["strides"]) == array.strides
        and at(array, ARRAY["descr"], ctypes.c_int64) == id(array.dtype)
        and flags & ALIGNED
        and flags & WRITEABLE
        and at(array.dtype, DESCR["num"], ctypes.c_int32) == array.dtype.num
        and chr(at(np.dtype(">f4"), DESCR["byteorder"], ctypes.c_int8)) == ">"
        and ctypes.c_int64.from_address(listed).value == id(array)
        and ctypes.c_double.from_address(id(2.5) + FLOAT_VALUE).value == 2.5
        and at(np.int32(77), SCALAR_VALUE, ctypes.c_int32) == 77
    )
    if not good:
        raise ImportError("this Python or NumPy lays its objects out in a way the native engine does not know")


_verify()
