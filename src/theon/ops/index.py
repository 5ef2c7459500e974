"""Indexing: reading regions and elements, and writing to copies of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes
from theon.errors import message
from theon.graph.variable import Constant, Variable
from theon.ops.cast import cast
from theon.ops.dims import dimshuffle, patternbroadcast
from theon.ops.elements import (
    AdvancedIncSubtensor,
    AdvancedIncSubtensor1,
    AdvancedSubtensor,
    AdvancedSubtensor1,
    MaskPositions,
    Nonzero,
)
from theon.ops.regions import Entry, IncSubtensor, Subtensor
from theon.ops.shape import shape_i
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.slices import NoneTypeT, SliceType

__all__ = [
    "getitem",
    "inc_subtensor",
    "nonzero",
    "nonzero_values",
    "set_subtensor",
    "take",
]


def _index_entry(e: Any, size: Any = None) -> Any:
    """An entry of an index as the brackets take it: constants and variables of slices and of None as such.

    ``size`` gives that of the dimension which a slice known only to the call applies to.
    """
    kind = getattr(e, "type", None)
    if isinstance(kind, NoneTypeT):
        return None
    if isinstance(kind, SliceType):
        if isinstance(e, Constant):
            return e.data
        if e.owner is not None and type(e.owner.op).__name__ == "MakeSlice":
            return slice(*(None if isinstance(p.type, NoneTypeT) else p for p in e.owner.inputs))
        if size is None:
            raise TypeError(f"a slice that is only known when the function runs is no index here: {e}")
        from theon.ops.slices import SliceParts

        return slice(*SliceParts()(e, size(), return_list=True))
    return e


def _index_entries(x: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The entries of an index of ``x``, counted from the end behind an ellipsis."""

    def taken(e: Any) -> int:
        """How many dimensions an entry is for."""
        if e is None or isinstance(getattr(e, "type", None), NoneTypeT):
            return 0
        mask = not isinstance(e, slice) and str(getattr(e, "dtype", "")) == "bool"
        return int(e.ndim) if mask else 1

    found, place = [], 0
    for i, e in enumerate(args):
        if e is Ellipsis:
            place = x.type.ndim - sum(taken(later) for later in args[i + 1 :])
            found.append(e)
            continue
        found.append(_index_entry(e, lambda d=place: x.shape[d]))
        place += taken(e)
    return tuple(found)


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Return the positions of nonzero elements, a vector for each dimension; or as the rows of a matrix."""
    found = Nonzero()(as_tensor_variable(a), return_list=True)
    if return_matrix:
        from theon.ops.join import stack

        return stack(found, axis=0)
    return tuple(found)


def flatnonzero(a: Any) -> Any:
    """Return the positions of nonzero elements in the flattened array."""
    a = as_tensor_variable(a)
    if a.type.ndim == 0:
        raise ValueError("Nonzero only supports non-scalar arrays.")
    return nonzero(a.flatten())[0]


def nonzero_values(a: Any) -> Any:
    """Return the nonzero elements."""
    a = as_tensor_variable(a)
    return a.flatten()[flatnonzero(a)]


# --- the user's brackets ----------------------------------------------------------------------------------------------
def _is_number(e: Any) -> bool:
    if isinstance(e, bool | np.bool_):
        return False
    return isinstance(e, int | np.integer) or (
        isinstance(e, np.ndarray | Variable) and getattr(e, "ndim", None) == 0 and str(e.dtype) in integer_dtypes
    )


def _index_number(e: Any) -> Any:
    if isinstance(e, int | np.integer):
        return constant(np.asarray(e, dtype="int64"))
    v = as_tensor_variable(e)
    if v.type.ndim or v.type.dtype not in integer_dtypes:
        raise TypeError(f"Expected an integer, not {v.type}")
    return v


def getitem(x: Any, args: Any) -> Any:
    """Return ``x[args]``: NumPy's rules for integers, slices, None, Ellipsis, integer arrays and boolean masks."""
    if isinstance(args, list) and any(isinstance(a, slice) for a in args):
        args = tuple(args)  # as NumPy took it at Theano's time
    args = _index_entries(x, args if isinstance(args, tuple) else (args,))
    entries = [
        as_tensor_variable(np.asarray(a) if a else np.zeros(0, "int64"))
        if isinstance(a, list) and not _holds_variables(a)
        else a
        for a in args
    ]
    entries = [as_tensor_variable(e) if isinstance(e, list) else e for e in entries]
    for e in entries:
        if isinstance(e, float | np.floating) or (
            isinstance(e, Variable) and getattr(e, "dtype", "int64") not in discrete_dtypes
        ):
            raise TypeError("Expected an integer index, not a float: " + str(e))
        if isinstance(e, str):
            raise TypeError(f"Expected an integer, a slice, or an array as index, not {e!r}")
    entries = _masks_to_positions(x, entries)
    used = sum(e is not None and e is not Ellipsis for e in entries)
    if sum(e is Ellipsis for e in entries) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > x.type.ndim:
        raise IndexError(message(f"too many indices: {used} for {x.type.ndim} dimensions", [x]))
    fill = [slice(None)] * (x.type.ndim - used)
    place = next((n for n, e in enumerate(entries) if e is Ellipsis), None)
    if place is not None:
        entries[place : place + 1] = fill
    advanced = [e for e in entries if e is not None and not isinstance(e, slice) and not _is_number(e)]
    if advanced:
        out = _advanced(x, entries)
        return _to_front(out, entries, place) if place is not None and not fill else out
    if any(e is None for e in entries):
        return _with_new_axes(x, entries)
    if place is not None:
        while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
            entries.pop()
    form: list[Entry] = []
    numbers: list[Any] = []

    def number(part: Any) -> str | None:
        if part is None:
            return None
        v = _index_number(part)
        numbers.append(v)
        return str(v.type.dtype)

    for e in entries:
        if isinstance(e, slice):
            form.append(slice(number(e.start), number(e.stop), number(e.step)))
        else:
            form.append(number(e))
    return Subtensor(form)(x, *numbers)


def _to_front(out: Any, entries: list[Any], place: int) -> Any:
    """NumPy takes arrays with an ellipsis between them for separate, also where the ellipsis stands for no dimension."""
    arrays = [d for d, e in enumerate(entries) if e is not None and not isinstance(e, slice)]
    adjacent = arrays == list(range(arrays[0], arrays[-1] + 1))
    if not adjacent or not arrays[0] < place <= arrays[-1]:
        return out
    first = arrays[0]
    count = max(np.ndim(entries[d]) if not isinstance(entries[d], Variable) else entries[d].type.ndim for d in arrays)
    moved = list(range(first, first + count))
    return dimshuffle(out, moved + [d for d in range(out.type.ndim) if d not in moved])


def _with_new_axes(x: Any, entries: list[Any]) -> Any:
    """Basic indexing with None: index without, then add the axes where they belong."""
    plain = [e for e in entries if e is not None]
    out = getitem(x, tuple(plain)) if any(not (isinstance(e, slice) and e == slice(None)) for e in plain) else x
    order: list[Any] = []
    d = 0
    for e in entries:
        if e is None:
            order.append("x")
        elif isinstance(e, slice):
            order.append(d)
            d += 1
    order += list(range(d, out.type.ndim))
    return dimshuffle(out, order)


def _holds_variables(x: Any) -> bool:
    return any(isinstance(e, Variable) or (isinstance(e, list) and _holds_variables(e)) for e in x)


def _masks_to_positions(x: Any, entries: list[Any]) -> list[Any]:
    found: list[Any] = []
    place = 0
    for position, e in enumerate(entries):
        if isinstance(e, bool | np.bool_):
            raise TypeError("Python bools are no index here: use 0 or 1, or an array of bools")
        if isinstance(e, np.ndarray) or (isinstance(e, tuple)):
            e = as_tensor_variable(e)
        if isinstance(e, Variable) and getattr(e.type, "dtype", None) == "bool":
            ndim = e.type.ndim  # type: ignore[attr-defined]
            if ndim == 0:
                raise TypeError("a boolean scalar cannot be an index")
            if place + ndim > x.type.ndim:
                raise IndexError(
                    message(f"too many indices: a boolean mask of {ndim} dimensions for {x.type.ndim}", [x, e])
                )
            sizes = x.type.shape[place : place + ndim]
            for d, (n, m) in enumerate(zip(sizes, e.type.shape)):  # type: ignore[attr-defined]
                if n is not None and m is not None and n != m:
                    raise IndexError(
                        f"boolean index did not match indexed array along dimension {d}; dimension is {n} but boolean dimension is {m}"
                    )
            found += MaskPositions(ndim, place)(e, x, return_list=True)
            place += ndim
            continue
        if e is Ellipsis:
            found.append(e)
            place = x.type.ndim - sum(_width(r) for r in entries[position + 1 :])
            continue
        if e is not None:
            place += 1
        found.append(e)
    return found


def _width(e: Any) -> int:
    if e is None:
        return 0
    if isinstance(e, np.ndarray | Variable) and str(e.dtype) == "bool":
        return int(e.ndim)
    return 1


def _advanced(x: Any, entries: list[Any]) -> Any:
    while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
        entries = entries[:-1]
    if len(entries) == 1:
        i = as_tensor_variable(entries[0])
        if i.type.ndim == 1 and i.type.dtype in integer_dtypes:
            return AdvancedSubtensor1()(x, i)
    pattern: list[Any] = []
    values: list[Any] = []
    for e in entries:
        if e is None:
            pattern.append("newaxis")
        elif isinstance(e, slice):
            pattern.append(tuple(p is not None for p in (e.start, e.stop, e.step)))
            values += [_index_number(p) for p in (e.start, e.stop, e.step) if p is not None]
        else:
            pattern.append("array")
            v = as_tensor_variable(np.asarray(e, dtype="int64") if isinstance(e, int) else e)
            if v.type.dtype not in integer_dtypes:
                if isinstance(v, Constant) and v.data.size == 0:
                    v = constant(np.zeros(v.data.shape, "int64"))
                else:
                    raise TypeError(f"arrays used as indices must be of integer or boolean type, not {v.type}")
            values.append(v)
    return AdvancedSubtensor(pattern)(x, *values)


def set_subtensor(x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False) -> Any:
    """Return the array that ``x = a[index]`` was taken from, with that region set to ``y``.

    TypeError where ``x`` is no indexed array, or where setting would lose precision or dimensions.
    """
    return inc_subtensor(x, y, inplace, set_instead_of_inc=True)


def inc_subtensor(
    x: Any, y: Any, inplace: bool = False, set_instead_of_inc: bool = False, tolerate_inplace_aliasing: bool = False
) -> Any:
    """Return the array that ``x = a[index]`` was taken from, with ``y`` added there (each repeat of an index counts)."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if y.type.ndim > x.type.ndim:
        raise TypeError(
            f"Trying to increment a {x.type.ndim}-dimensional subtensor with a {y.type.ndim}-dimensional value."
        )
    for d in range(y.type.ndim):
        a, b = x.type.broadcastable[x.type.ndim - 1 - d], y.type.broadcastable[y.type.ndim - 1 - d]
        if a and not b:
            y = patternbroadcast(y, [flag or n == y.type.ndim - 1 - d for n, flag in enumerate(y.type.broadcastable)])
    y = cast(y, x.type.dtype)
    node = x.owner
    if node is None:
        raise TypeError("x must be the result of a subtensor operation", x)
    op, inputs = node.op, node.inputs
    if isinstance(op, Subtensor):
        return IncSubtensor(op.idx_list, set_instead_of_inc=set_instead_of_inc)(inputs[0], y, *inputs[1:])
    if isinstance(op, AdvancedSubtensor1):
        return AdvancedIncSubtensor1(set_instead_of_inc=set_instead_of_inc)(inputs[0], y, inputs[1])
    if isinstance(op, AdvancedSubtensor):
        return AdvancedIncSubtensor(set_instead_of_inc=set_instead_of_inc, pattern=op.pattern)(
            inputs[0], y, *inputs[1:]
        )
    kind = type(op).__name__
    if kind == "DimShuffle":
        inner = inputs[0]
        order: list[Any] = ["x"] * inner.type.ndim  # type: ignore[attr-defined]
        offset = x.type.ndim - y.type.ndim
        for place, d in enumerate(op.new_order):  # type: ignore[attr-defined]
            if d != "x" and place >= offset:
                order[d] = place - offset
        y = dimshuffle(y, _dropped(y, order))
        if _is_index(inner):
            return inc_subtensor(inner, y, set_instead_of_inc=set_instead_of_inc)
        if [d for d in op.new_order if d != "x"] == list(range(inner.type.ndim)):  # type: ignore[attr-defined]
            # An index that only adds dimensions: all of the array.
            return IncSubtensor((), set_instead_of_inc=set_instead_of_inc)(inner, y)
    if kind in ("Reshape", "Rebroadcast") and _is_index(inputs[0]):
        inner = inputs[0]
        if kind == "Reshape":
            from theon.ops.arith import second
            from theon.ops.reshape import reshape
            from theon.ops.shape import shape

            y = reshape(second(x, y) if y.type.ndim < x.type.ndim else y, shape(inner), ndim=inner.type.ndim)  # type: ignore[attr-defined]
        return inc_subtensor(inner, y, set_instead_of_inc=set_instead_of_inc)
    raise TypeError("x must be the result of a subtensor operation", x)


def _is_index(x: Any) -> bool:
    """Whether an array is a part of another one, perhaps under another shape."""
    while x.owner is not None and type(x.owner.op).__name__ in ("DimShuffle", "Reshape", "Rebroadcast"):
        x = x.owner.inputs[0]
    return x.owner is not None and isinstance(x.owner.op, Subtensor | AdvancedSubtensor1 | AdvancedSubtensor)


def _dropped(y: Any, order: list[Any]) -> list[Any]:
    """Leading "x" beyond the rank of ``y`` are implied by broadcasting."""
    while order and order[0] == "x" and sum(o != "x" for o in order) == y.type.ndim and len(order) > y.type.ndim:
        order = order[1:]
    return order


def take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    """Return the elements of ``a`` at integer ``indices`` along ``axis``; ``mode``: "raise", "wrap" or "clip"."""
    from theon.ops.arith import clip

    a, indices = as_tensor_variable(a), as_tensor_variable(indices)
    if axis is None:
        return take(a.flatten(), indices, 0, mode)
    axis = int(axis)
    axis = axis + a.type.ndim if axis < 0 else axis
    if mode == "clip":
        indices = cast(clip(indices, 0, shape_i(a, axis) - 1), "int64")
    elif mode == "wrap":
        indices = indices % shape_i(a, axis)
    elif mode != "raise":
        raise ValueError(f"mode must be raise, wrap or clip, not {mode!r}")
    return getitem(a, (*(slice(None),) * axis, indices))
