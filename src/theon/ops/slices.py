"""Slices as symbolic values, and what programs that handle indices themselves ask about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes
from theon.errors import NotScalarConstantError
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.arith import switch
from theon.ops.compare import gt, lt
from theon.ops.index import _index_entry, getitem
from theon.ops.shape import get_scalar_constant_value
from theon.tensor.constant import as_tensor_variable
from theon.tensor.constructors import lscalar
from theon.tensor.slices import NoneConst, NoneTypeT, SliceConstant, SliceType, slicetype

__all__ = [
    "AdvancedBooleanIndexingError",
    "AdvancedIndexingError",
    "MakeSlice",
    "SliceParts",
    "adv_index_broadcastable_pattern",
    "as_index_variable",
    "as_int_none_variable",
    "check_advanced_indexing_dimensions",
    "check_and_reject_bool",
    "equal_slices",
    "get_canonical_form_slice",
    "get_idx_list",
    "make_constant",
    "make_slice",
]


class AdvancedIndexingError(TypeError):
    """An index needs advanced indexing where only integers and slices are taken."""

    __module__ = "theano.tensor.subtensor"


class AdvancedBooleanIndexingError(TypeError):
    """An index holds a mask where only integers and slices are taken."""

    __module__ = "theano.tensor.subtensor"


def as_int_none_variable(x: Any) -> Any:
    """Return ``x`` as an integer without dimensions, or None as its constant. TypeError for anything else."""
    if x is None or isinstance(getattr(x, "type", None), NoneTypeT):
        return NoneConst
    found = as_tensor_variable(x, ndim=0)
    if found.type.dtype not in integer_dtypes:
        raise TypeError("index must be integers")
    return found


class MakeSlice(Op):
    """A slice made of its start, stop and step: integers or None."""

    __module__ = "theano.tensor.type_other"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node of a slice, or of start, stop and step."""
        first, *rest = inputs
        parts = (first.start, first.stop, first.step) if isinstance(first, slice) else (first, *rest, None, None)[:3]
        return Apply(self, [as_int_none_variable(p) for p in parts], [slicetype()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Make it."""
        output_storage[0][0] = slice(*(None if p is None else int(p) for p in inputs))

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """None: integers."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()() for _ in inputs]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing is differentiable."""
        return [[False] for _ in node.inputs]


make_slice = MakeSlice()


class SliceParts(Op):
    """Start, stop and step, as int64, of a slice for a dimension of a given size: those of an equal slice without None."""

    __module__ = "theon.ops.slices"
    __props__ = ()

    def make_node(self, part: Any, size: Any) -> Apply:
        """Return the node. TypeError for what is no slice."""
        if not isinstance(part.type, SliceType):
            raise TypeError(f"a slice is needed, not {part.type}")
        return Apply(self, [part, as_int_none_variable(size)], [lscalar() for _ in range(3)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """As ``slice.indices``; an end before the first element is told from the last one."""
        part, size = inputs
        start, stop, step = part.indices(int(size))
        if step < 0:
            # A stop of -1 would be the last element.
            stop = stop if stop >= 0 else -int(size) - 1
            start = start if start >= 0 else -int(size) - 1
        for storage, value in zip(output_storage, (start, stop, step)):
            storage[0] = np.asarray(value, "int64")

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """None: integers."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()() for _ in inputs]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing is differentiable."""
        return [[False] * 3 for _ in node.inputs]


def as_index_variable(idx: Any) -> Any:
    """Return what stands in an index as a variable: a slice, None, a mask, or integers. TypeError for floats."""
    if idx is None:
        return NoneConst.clone()
    if isinstance(idx, slice):
        constant = all(p is None or isinstance(p, int | np.integer) for p in (idx.start, idx.stop, idx.step))
        return SliceConstant(slicetype, idx) if constant else make_slice(idx)
    if isinstance(idx, Variable) and isinstance(idx.type, SliceType | NoneTypeT):
        return idx
    found = as_tensor_variable(idx)
    if found.type.dtype not in discrete_dtypes:
        raise TypeError("index must be integers or a boolean mask")
    return found


def make_constant(args: Sequence[Any]) -> tuple[Any, ...]:
    """Return an index with each number in it, also in slices, as a constant of the smallest integer type."""
    from theon.scalar.type import constant

    def found(a: Any) -> Any:
        if isinstance(a, slice):
            return slice(found(a.start), found(a.stop), found(a.step))
        if isinstance(a, int | np.integer):
            return constant(a)
        return a

    return tuple(found(a) for a in args)


def check_and_reject_bool(args_el: Any) -> Any:
    """Return what stands in an index as a number or array; TypeError where it is a bool or a mask."""
    if isinstance(args_el, bool | np.bool_) or getattr(args_el, "dtype", None) == "bool":
        raise TypeError("TensorType does not support Python bools for indexing, such as tensor[[True, False]]")
    if isinstance(args_el, tuple | list) and any(isinstance(a, bool | np.bool_) for a in args_el):
        raise TypeError("TensorType does not support Python bools for indexing, such as tensor[[True, False]]")
    return args_el


def equal_slices(s1: slice, s2: slice) -> bool:
    """Whether two slices have equal start, stop and step."""
    return bool(s1.start == s2.start and s1.stop == s2.stop and s1.step == s2.step)


def get_idx_list(inputs: Sequence[Any], idx_list: Sequence[Any], get_count: bool = False) -> Any:
    """Return the index of a Subtensor node: its form ``idx_list`` with the node's inputs from the second on put in.

    With ``get_count`` return the number of inputs that the form takes.
    """
    rest = list(reversed(list(inputs[1:])))

    def filled(entry: Any) -> Any:
        if isinstance(entry, slice):
            return slice(filled(entry.start), filled(entry.stop), filled(entry.step))
        if isinstance(entry, str) or hasattr(entry, "make_variable"):  # a dtype or a type: an input's place
            return rest.pop()
        return entry

    index = tuple(filled(entry) for entry in idx_list)
    return len(inputs) - 1 - len(rest) if get_count else index


def adv_index_broadcastable_pattern(a: Any, idx: Any) -> tuple[bool, ...]:
    """Return the broadcast pattern of ``a[idx]``."""
    index = tuple(_index_entry(e) for e in (idx if isinstance(idx, list | tuple) else (idx,)))
    return getitem(as_tensor_variable(a), index).type.broadcastable  # type: ignore[no-any-return]


def check_advanced_indexing_dimensions(input: Any, idx_list: Sequence[Any]) -> None:
    """IndexError where an index has more entries than ``input`` dimensions, or a mask's shape is known not to fit."""
    place = 0
    for entry in idx_list:
        if entry is None or isinstance(getattr(entry, "type", None), NoneTypeT):
            continue
        if getattr(entry, "dtype", None) == "bool":
            shape = getattr(entry, "shape", None) if isinstance(entry, np.ndarray) else entry.type.shape
            for d, n in enumerate(shape or ()):
                have = input.shape[place + d] if isinstance(input, np.ndarray) else input.type.shape[place + d]
                if n is not None and have is not None and n != have:
                    raise IndexError(
                        f"boolean index did not match indexed array along dimension {place + d}; dimension is {have} but "
                        f"corresponding boolean dimension is {n}"
                    )
            place += entry.ndim
        else:
            place += 1
    if place > input.ndim:
        raise IndexError("too many indices for array")


def _number(x: Any) -> Any:
    """A Python int where ``x`` is known, else the variable."""
    if x is None:
        return None
    if isinstance(x, int | np.integer):
        return int(x)
    try:
        return int(get_scalar_constant_value(x))
    except NotScalarConstantError:
        return as_tensor_variable(x)


def get_canonical_form_slice(theslice: Any, length: Any) -> tuple[Any, Any]:
    """Return a slice of ``length`` elements in a form with step > 0 and bounds in [0, length], and 1 or -1, an expression where the step is.

    ``x[theslice]`` is ``x[canonical][::direction]``. For an index that is no slice: the position counted from 0, and 1. Numbers
    that are known stay Python ints, others become expressions.
    """
    if not isinstance(theslice, slice):
        i = _number(theslice)
        if isinstance(i, int):
            return (i if i >= 0 else i + length), 1
        return switch(lt(i, 0), i + length, i), 1
    start, stop, step, n = (_number(p) for p in (theslice.start, theslice.stop, theslice.step, length))
    step = 1 if step is None else step
    if all(p is None or isinstance(p, int) for p in (start, stop, step, n)):
        if step == 0:
            raise ValueError("slice step cannot be zero")
        places = range(n)[slice(start, stop, step)]
        if not places:
            return slice(0, 0, 1), 1
        if step > 0:
            return slice(places[0], places[-1] + 1, step), 1
        return slice(places[-1], places[0] + 1, -step), -1

    def clipped(p: Any, low: Any, high: Any) -> Any:
        moved = switch(lt(p, 0), p + n, p)
        moved = switch(lt(moved, low), low, moved)
        return switch(gt(moved, high), high, moved)

    def forward() -> tuple[Any, Any]:
        first = 0 if start is None else clipped(start, 0, n)
        last = n if stop is None else clipped(stop, 0, n)
        return first, switch(lt(last, first), first, last)

    def backward(size: Any) -> tuple[Any, Any]:
        """From the last place that the step reaches upwards."""
        high = n - 1 if start is None else clipped(start, -1, n - 1)
        low = -1 if stop is None else clipped(stop, -1, n - 1)
        count = (high - low + size - 1) // size
        empty = lt(count, 1)
        return switch(empty, 0, high - size * (count - 1)), switch(empty, 0, high + 1)

    if isinstance(step, int):
        size = abs(step)
        return (slice(*forward(), size), 1) if step > 0 else (slice(*backward(size), size), -1)
    negative = lt(step, 0)
    # A step beyond the array reaches one place, as n + 1 does, which is no danger to sums. 0 is an error where the slice is taken.
    size = switch(negative, -switch(lt(step, -n - 1), -n - 1, step), step)
    size = switch(lt(size, 1), 1, switch(gt(size, n + 1), n + 1, size))
    bounds = [switch(negative, down, up) for up, down in zip(forward(), backward(size))]
    return slice(*bounds, size), switch(negative, -1, 1)
