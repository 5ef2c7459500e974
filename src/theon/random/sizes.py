"""What a draw's ``size`` argument means: number of dimensions, vector of sizes, which sizes are known to be 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.variable import Variable
from theon.ops.arith import maximum
from theon.ops.join import stack
from theon.ops.shape import shape as shape_of
from theon.tensor.constant import as_tensor_variable

__all__ = ["checked_size", "infer_ndim_bcast"]


def checked_size(size: Any) -> Any:
    """Return ``size`` as a tuple of ints and 0-d variables, or as a vector variable; ValueError for negative sizes."""
    if isinstance(size, np.ndarray):
        size = [int(s) for s in size] if size.ndim else int(size)
    if isinstance(size, int | np.integer):
        size = (int(size),)
    if isinstance(size, Variable):
        ndim = size.type.ndim  # type: ignore[attr-defined]
        if ndim == 0:
            return (size,)
        if ndim == 1:
            return size
        raise ValueError(f"Theano variable must have 1 dimension to be a valid size. Got {size} of {ndim} dimensions")
    try:
        size = tuple(size)
    except TypeError:
        raise TypeError(f"size must be an int, a sequence of ints or a variable, not {size!r}") from None
    if any(isinstance(s, int | np.integer) and s < 0 for s in size):
        raise ValueError("The specified size contains a dimension with a negative value", size)
    return size


def infer_ndim_bcast(ndim: int | None, shape: Any, *args: Any) -> tuple[int, Any, tuple[bool, ...]]:
    """Return the dimensions of a draw, the int64 vector of its sizes, and which sizes are known to be 1.

    ``shape`` None takes the common shape of ``args``; -1 in a tuple takes the size that ``args`` have there. ValueError where
    ``ndim`` contradicts the shape, TypeError where a shape variable is no integer vector.
    """
    args_ndim = max((a.type.ndim for a in args), default=0)
    if shape is None or (isinstance(shape, tuple | list) and not shape and args_ndim):
        if shape is not None and ndim is None:
            ndim = 0
        found = args_ndim if ndim is None else max(ndim, args_ndim)
        sizes: list[Any] = []
        flags = []
        for d in range(found):
            size, flag = _common(args, d, found)
            sizes.append(size)
            flags.append(flag)
        return found, _vector(sizes), tuple(flags)
    if isinstance(shape, tuple | list):
        length = len(shape)
        if ndim is None:
            ndim = length
        elif length != ndim:
            raise ValueError(
                f"ndim should be equal to len(shape), but ndim is {ndim} and len(shape) is {length}", shape
            )
        sizes, flags = [], []
        for d, s in enumerate(shape):
            if isinstance(s, Variable):
                sizes.append(s)
                flags.append(False)
            elif s >= 0:
                sizes.append(int(s))
                flags.append(int(s) == 1)
            elif s == -1:
                size, flag = _common(args, d, ndim)
                sizes.append(size)
                flags.append(flag)
            else:
                raise ValueError(f"sizes are non-negative or -1, not {s}")
        vector = _vector(sizes)
    else:
        vector = as_tensor_variable(shape)
        if vector.type.ndim != 1:
            raise TypeError("shape must be a vector or list of scalars", shape)
        if ndim is None:
            known_length = vector.type.shape[0]
            ndim = known_length if known_length is not None else _length(vector)
        flags = [False] * ndim
    if vector.type.dtype not in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        raise TypeError(f"shape must be an integer vector or list, got dtype {vector.type.dtype}")
    if args_ndim > ndim:
        raise ValueError(f"ndim should be at least as big as required by args value: {ndim} < {args_ndim}", args)
    return ndim, vector.astype("int64"), tuple(flags)


def _common(args: Sequence[Any], d: int, ndim: int) -> tuple[Any, bool]:
    """The size of dimension ``d`` of ``ndim`` that the arguments have together, and whether it is known to be 1."""
    found: Any = None
    flag = True
    for a in args:
        own = d - (ndim - a.type.ndim)
        if own < 0 or a.type.broadcastable[own]:
            continue
        size = shape_of(a)[own]
        found = size if found is None else maximum(found, size)
        flag = False
    return (1 if found is None else found), flag


def _vector(sizes: Sequence[Any]) -> Any:
    if not sizes:
        return as_tensor_variable(np.zeros(0, "int64"))
    if all(isinstance(s, int) for s in sizes):
        return as_tensor_variable(np.asarray(sizes, "int64"))
    return stack([as_tensor_variable(s).astype("int64") for s in sizes])


def _length(vector: Any) -> int:
    from theon.ops.shape import get_vector_length

    try:
        return int(get_vector_length(vector))
    except ValueError:
        raise ValueError("the number of dimensions of the draw is not known: pass ndim", vector) from None
