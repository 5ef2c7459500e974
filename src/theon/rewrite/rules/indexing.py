"""Rules for parts of arrays: read, set, increased, joined and split."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import add, switch
from theon.ops.cast import cast
from theon.ops.compare import neq
from theon.ops.declare import Elemwise
from theon.ops.dims import dimshuffle, padded, patternbroadcast
from theon.ops.dot import Dot, dot
from theon.ops.elements import AdvancedIncSubtensor, AdvancedIncSubtensor1, AdvancedSubtensor1, MaskPositions
from theon.ops.fill import Alloc, alloc
from theon.ops.join import Join, MakeVector, Split
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.sort import TopKOp
from theon.rewrite.match import (
    alone,
    is_number,
    is_size_of,
    is_zeros,
    made_by,
    number_of,
    same_dimension,
    same_shape,
    same_size,
    spread_like,
)
from theon.rewrite.rule import Rules
from theon.rewrite.rules.shapes import size_of
from theon.tensor.constant import constant

__all__ = ["entries_of", "indexing"]

indexing = Rules("canonicalize")
_WHOLE = slice(None, None, None)


def entries_of(idx_list: Any, numbers: Any) -> list[Any]:
    """The index as a list of variables and slices of variables and None."""
    rest = iter(numbers)
    found: list[Any] = []
    for e in idx_list:
        if isinstance(e, slice):
            found.append(slice(*(None if p is None else next(rest) for p in (e.start, e.stop, e.step))))
        else:
            found.append(next(rest))
    return found


def _part(x: Any, entries: Any) -> Any:
    """``x`` indexed by variables and slices of variables; ``x`` itself where nothing is left out."""
    entries = list(entries)
    while entries and isinstance(entries[-1], slice) and _is_whole(entries[-1]):
        entries.pop()
    if not entries:
        return x
    forms: list[Any] = []
    numbers: list[Any] = []
    for e in entries:
        if isinstance(e, slice):
            parts = (e.start, e.stop, e.step)
            forms.append(slice(*(None if p is None else p.type.dtype for p in parts)))
            numbers.extend(p for p in parts if p is not None)
        else:
            forms.append(e.type.dtype)
            numbers.append(e)
    return Subtensor(forms)(x, *numbers)


def _is_whole(e: slice) -> bool:
    return e.start is None and e.stop is None and e.step is None


def _same_index(a: Apply, b: Apply, skip_a: int, skip_b: int) -> bool:
    """Whether two nodes index alike: same form, same numbers."""
    if tuple(map(str, a.op.idx_list)) != tuple(map(str, b.op.idx_list)):  # type: ignore[attr-defined]
        return False
    x, y = a.inputs[skip_a:], b.inputs[skip_b:]
    return len(x) == len(y) and all(_same_number(v, w) for v, w in zip(x, y))


def _same_number(a: Variable, b: Variable) -> bool:
    if a is b:
        return True
    return isinstance(a, Constant) and isinstance(b, Constant) and bool(np.asarray(a.data) == np.asarray(b.data))


# --- slices that take everything --------------------------------------------------------------------------------------


@indexing.node(Subtensor, theano=("local_useless_slice", "local_useless_subtensor"))
def slice_of_everything(node: Apply) -> Any:
    """From 0, to the end, by steps of 1: none of that need be said."""
    x, *numbers = node.inputs
    found: list[Any] = []
    changed = False
    for d, e in enumerate(entries_of(node.op.idx_list, numbers)):  # type: ignore[attr-defined]
        if isinstance(e, slice):
            start, stop, step = e.start, e.stop, e.step
            if step is not None and is_number(step, 1):
                step = None
            if step is None:
                if start is not None and is_number(start, 0):
                    start = None
                if stop is not None and (is_size_of(stop, x, d) or _not_below(stop, x.type.shape[d])):  # type: ignore[attr-defined]
                    stop = None
            new = slice(start, stop, step)
            changed = changed or any(a is not b for a, b in zip((start, stop, step), (e.start, e.stop, e.step)))
            found.append(new)
        else:
            found.append(e)
    if not changed and not (found and isinstance(found[-1], slice) and _is_whole(found[-1])):
        return None
    out = node.outputs[0]
    new = _part(x, found)
    return new if new.type == out.type else None


def _not_below(stop: Variable, size: int | None) -> bool:
    number = number_of(stop)
    return number is not None and size is not None and bool(number >= size)


@indexing.node(Subtensor, theano="local_subtensor_remove_broadcastable_index")
def index_into_size_one(node: Apply) -> Any:
    """The only element along a dimension of size 1: the dimension is dropped."""
    x, *numbers = node.inputs
    flags = x.type.broadcastable  # type: ignore[attr-defined]
    entries = entries_of(node.op.idx_list, numbers)  # type: ignore[attr-defined]
    drop = [
        d
        for d, e in enumerate(entries)
        if not isinstance(e, slice) and flags[d] and number_of(e) in (0, -1) and _constant(e)
    ]
    if not drop:
        return None
    smaller = dimshuffle(x, [d for d in range(x.type.ndim) if d not in drop])  # type: ignore[attr-defined]
    return _part(smaller, [e for d, e in enumerate(entries) if d not in drop])


def _constant(v: Variable) -> bool:
    return isinstance(v, Constant)


# --- parts of parts ---------------------------------------------------------------------------------------------------


def _forward(e: Any) -> tuple[int, int | None] | None:
    """(start, stop) of a slice forward by constants that are not negative."""
    if not isinstance(e, slice) or (e.step is not None and not is_number(e.step, 1)):
        return None
    bounds = []
    for p in (e.start, e.stop):
        if p is None:
            bounds.append(None)
            continue
        if not _constant(p) or int(p.data) < 0:
            return None
        bounds.append(int(p.data))
    return bounds[0] or 0, bounds[1]


@indexing.node(Subtensor, theano="local_subtensor_merge")
def part_of_part(node: Apply) -> Any:
    """Slices forward by constants, one after the other, are one; an element of such a slice is an element."""
    x, *numbers = node.inputs
    inner = made_by(x, Subtensor)
    if inner is None:
        return None
    first = entries_of(inner.op.idx_list, inner.inputs[1:])  # type: ignore[attr-defined]
    last = entries_of(node.op.idx_list, numbers)  # type: ignore[attr-defined]
    y = inner.inputs[0]
    found: list[Any] = []
    rest = list(last)
    for e in [*first, *(_WHOLE for _ in range(y.type.ndim - len(first)))]:  # type: ignore[attr-defined]
        if not isinstance(e, slice):
            found.append(e)
            continue
        other = rest.pop(0) if rest else _WHOLE
        if isinstance(other, slice) and _is_whole(other):
            found.append(e)
            continue
        if _is_whole(e):
            found.append(other)
            continue
        a = _forward(e)
        if a is None:
            return None
        start, stop = a
        if not isinstance(other, slice):
            # An element from the front; where the slice has an end, beyond that end is an error.
            if not _constant(other) or int(other.data) < 0 or stop is not None:
                return None
            found.append(constant(np.asarray(start + int(other.data), "int64")))
            continue
        b = _forward(other)
        if b is None:
            return None
        begin = start + b[0]
        end = stop if b[1] is None else start + b[1] if stop is None else min(stop, start + b[1])
        if end is not None:
            begin = min(begin, end)
        found.append(
            slice(
                constant(np.asarray(begin, "int64")), None if end is None else constant(np.asarray(end, "int64")), None
            )
        )
    new = _part(y, found)
    return new if new.type == node.outputs[0].type else None


@indexing.node(Subtensor, theano="local_subtensor_lift")
def part_of_elementwise(node: Apply) -> Any:
    """A part of a function of one array is the function of the part."""
    x, *numbers = node.inputs
    inner = x.owner
    if inner is None or not isinstance(inner.op, Elemwise) or not alone(x):
        return None
    if len(inner.inputs) == 1:
        return inner.op(node.op(inner.inputs[0], *numbers))
    whole = [v for v in inner.inputs if not all(v.type.broadcastable)]  # type: ignore[attr-defined]
    if not whole or any(v is not whole[0] for v in whole) or whole[0].type.broadcastable != x.type.broadcastable:  # type: ignore[attr-defined]
        return None
    part = node.op(whole[0], *numbers)
    new = []
    for v in inner.inputs:
        new.append(part if v is whole[0] else dimshuffle(dimshuffle(v, []), ["x"] * part.type.ndim))
    found = inner.op(*new)
    return found if found.type == node.outputs[0].type else None


@indexing.node(Subtensor, theano="local_subtensor_of_dot")
def part_of_product(node: Apply) -> Any:
    """Rows and columns of a matrix product are the product of rows and columns."""
    x, *numbers = node.inputs
    inner = made_by(x, Dot)
    if inner is None or not alone(x):
        return None
    a, b = inner.inputs
    entries = entries_of(node.op.idx_list, numbers)  # type: ignore[attr-defined]
    n = a.type.ndim - 1  # type: ignore[attr-defined]
    rows, columns = entries[:n], entries[n:]
    left = _part(a, rows) if rows else a
    right = _part(b, [_WHOLE, *columns]) if columns else b
    found = dot(left, right)
    return found if found.type == node.outputs[0].type else None


@indexing.node(Subtensor, theano="local_subtensor_of_alloc")
def part_of_alloc(node: Apply) -> Any:
    """A part of a number spread to a shape is the number spread to the part's shape."""
    x, *numbers = node.inputs
    made = made_by(x, Alloc)
    if made is None or not all(made.inputs[0].type.broadcastable):  # type: ignore[attr-defined]
        return None
    value = made.inputs[0]
    for d, e in enumerate(entries_of(node.op.idx_list, numbers)):  # type: ignore[attr-defined]
        if isinstance(e, slice):
            continue
        # An index that may be out of bounds has to be checked when the function runs.
        n = x.type.shape[d]  # type: ignore[attr-defined]
        if n is None or not _constant(e) or not -n <= int(e.data) < n:
            return None
    out = node.outputs[0]
    left = [size_of(out, d) for d in range(out.type.ndim)]  # type: ignore[attr-defined]
    if any(n is None for n in left):
        return None
    value = dimshuffle(value, [])
    found = alloc(value, *left) if left else value
    return found if found.type == out.type else None


@indexing.node(Subtensor, theano="local_subtensor_inc_subtensor")
def part_just_set(node: Apply) -> Any:
    """What was just set to a value is that value."""
    x, *numbers = node.inputs
    made = x.owner
    if made is None or not isinstance(made.op, IncSubtensor) or not _same_index(node, made, 1, 2):
        return None
    y = made.inputs[1]
    part = Subtensor(node.op.idx_list)(made.inputs[0], *numbers)  # type: ignore[attr-defined]
    if made.op.set_instead_of_inc:
        return spread_like(y, node.outputs[0], [part])
    if y.type.dtype != part.type.dtype:
        return None
    found = add(part, padded(y, part.type.ndim))
    return found if found.type == node.outputs[0].type else None


@indexing.node(Subtensor, theano="local_subtensor_of_join")
def part_of_join(node: Apply) -> Any:
    """One of a few things joined, each of known size along the axis, is found at once."""
    x, *numbers = node.inputs
    made = made_by(x, Join)
    entries = entries_of(node.op.idx_list, numbers)  # type: ignore[attr-defined]
    axis = None if made is None else number_of(made.inputs[0])
    if made is None or axis is None:
        return None
    along = int(axis) % x.type.ndim  # type: ignore[attr-defined]
    if along >= len(entries):
        return None
    parts = made.inputs[1:]
    flat = [v for v in parts if v.type.broadcastable != parts[0].type.broadcastable]  # type: ignore[attr-defined]
    others = [d for d in range(x.type.ndim) if d != along]  # type: ignore[attr-defined]
    # What is left out must not be what would have shown that sizes differ.
    if flat or not all(v is parts[0] or all(same_dimension(v, parts[0], d) for d in others) for v in parts):
        return None
    lengths = [v.type.shape[along] for v in parts]  # type: ignore[attr-defined]
    e = entries[along]
    if isinstance(e, slice):
        bounds = _forward(e)
        if bounds is None or None in lengths:
            return None
        total = sum(lengths)
        start, stop = min(bounds[0], total), total if bounds[1] is None else min(bounds[1], total)
        place, kept = 0, []
        for v, n in zip(parts, lengths):
            if place == start or kept:
                if place + n > stop:
                    break
                kept.append(v)
            place += n
            if place >= stop:
                break
        if not kept or place != stop or len(kept) == len(parts):
            return None
        from theon.ops.join import join

        whole = join(along, *kept)
        return _match(_part(whole, [*entries[:along], _WHOLE, *entries[along + 1 :]]), node.outputs[0])
    if not _constant(e):
        return None
    i = int(e.data)
    if i < 0:
        if None in lengths:
            return None
        i += sum(lengths)
    place = 0
    for v, n in zip(parts, lengths):
        if n is None or i < place:
            return None
        if i < place + n:
            local = constant(np.asarray(i - place, "int64"))
            return _match(_part(v, [*entries[:along], local, *entries[along + 1 :]]), node.outputs[0])
        place += n
    return None


def _match(found: Any, out: Variable) -> Any:
    return found if found.type == out.type else None


@indexing.node(AdvancedIncSubtensor, AdvancedIncSubtensor1)
def number_under_a_mask(node: Apply) -> Any:
    """A number set or added where a mask of the array's shape is true is a choice for each element: no places are counted."""
    x, y, *places = node.inputs
    masked = places[0].owner
    if masked is None or not isinstance(masked.op, MaskPositions) or masked.outputs != places or y.type.ndim:  # type: ignore[attr-defined]
        return None
    mask = masked.inputs[0]
    if any(what != "array" for what in getattr(node.op, "pattern", ())) or not same_shape(mask, x):
        return None
    number = cast(y, x.type.dtype)  # type: ignore[attr-defined]
    found = switch(neq(mask, 0), number if node.op.set_instead_of_inc else add(x, number), x)  # type: ignore[attr-defined]
    return found if found.type == node.outputs[0].type else None


@indexing.node(AdvancedSubtensor1, theano=("local_useless_AdvancedSubtensor1", "local_subtensor_make_vector"))
def rows_in_order(node: Apply) -> Any:
    """All rows in their order are the array; elements of a vector of scalars are those scalars."""
    x, rows = node.inputs
    if not isinstance(rows, Constant):
        return None
    places = np.asarray(rows.data)
    if x.type.shape[0] == len(places) and np.array_equal(places, np.arange(len(places))):  # type: ignore[attr-defined]
        return x if x.type == node.outputs[0].type else None
    made = made_by(x, MakeVector)
    n = 0 if made is None else len(made.inputs)
    if made is None or not len(places) or not ((-n <= places) & (places < n)).all():
        return None
    return _match(made.op(*(made.inputs[int(i)] for i in places)), node.outputs[0])


@indexing.node(AdvancedSubtensor1, theano="local_adv_sub1_adv_inc_sub1")
def rows_just_set(node: Apply) -> Any:
    """Rows just set to a value are that value, where no row was named twice."""
    x, rows = node.inputs
    made = made_by(x, AdvancedIncSubtensor1)
    if made is None or not made.op.set_instead_of_inc:  # type: ignore[attr-defined]
        return None
    y = made.inputs[1]
    written = made.inputs[2]
    if (
        not isinstance(rows, Constant)
        or not isinstance(written, Constant)
        or not np.array_equal(rows.data, written.data)
    ):
        return None
    data = np.asarray(rows.data)
    n = x.type.shape[0]  # type: ignore[attr-defined]
    if n is None or len(np.unique(data % n)) != len(data) or (data >= n).any() or (data < -n).any():
        return None
    return spread_like(y, node.outputs[0], [node.op(made.inputs[0], rows)])


# --- setting and increasing -------------------------------------------------------------------------------------------


@indexing.node(IncSubtensor, theano="local_useless_inc_subtensor")
def set_everything(node: Apply) -> Any:
    """Setting all elements gives the value, increasing all the sum."""
    x, y, *numbers = node.inputs
    entries = entries_of(node.op.idx_list, numbers)  # type: ignore[attr-defined]
    for d, e in enumerate(entries):
        if not isinstance(e, slice) or (e.step is not None and not is_number(e.step, 1)):
            return None
        if e.start is not None and not is_number(e.start, 0):
            return None
        if e.stop is not None and not is_size_of(e.stop, x, d):
            return None
    out = node.outputs[0]
    y = padded(y, x.type.ndim)  # type: ignore[attr-defined]
    # The value must not spread the array.
    if any(not flag and not same_dimension(x, y, d) for d, flag in enumerate(y.type.broadcastable)):  # type: ignore[attr-defined]
        return None
    if node.op.set_instead_of_inc:  # type: ignore[attr-defined]
        return spread_like(y, out, [x])
    return _match(add(x, y), out) if y.type.dtype == x.type.dtype else None  # type: ignore[attr-defined]


@indexing.node(IncSubtensor, AdvancedIncSubtensor1, theano="local_incsubtensor_of_zeros", effect="rounding")
def increase_by_zero(node: Apply) -> Any:
    """Nothing changes (but -0 becomes 0)."""
    x, y = node.inputs[:2]
    if node.op.set_instead_of_inc or not is_zeros(y) or not _in_bounds(node):  # type: ignore[attr-defined]
        return None
    return x


def _in_bounds(node: Apply) -> bool:
    """Whether the index surely is within the array, and the value surely fits."""
    x, y, *numbers = node.inputs
    if not isinstance(node.op, IncSubtensor) or not all(y.type.broadcastable):  # type: ignore[attr-defined]
        return False
    for d, e in enumerate(entries_of(node.op.idx_list, numbers)):
        if isinstance(e, slice):
            continue
        n = x.type.shape[d]  # type: ignore[attr-defined]
        if not _constant(e) or n is None or not -n <= int(e.data) < n:
            return False
    return True


@indexing.node(IncSubtensor, theano="local_incsubtensor_of_zeros_to_setsubtensor", effect="rounding")
def increase_of_zeros(node: Apply) -> Any:
    """Increasing zeros sets them."""
    x, y, *numbers = node.inputs
    if node.op.set_instead_of_inc or not is_zeros(x):  # type: ignore[attr-defined]
        return None
    return IncSubtensor(node.op.idx_list, set_instead_of_inc=True)(x, y, *numbers)  # type: ignore[attr-defined]


@indexing.node(IncSubtensor, theano="local_useless_inc_subtensor_alloc")
def set_to_alloc(node: Apply) -> Any:
    """A number need not be spread to the region that is set: setting spreads it."""
    x, y, *numbers = node.inputs
    made = made_by(y, Alloc)
    if made is None or not all(made.inputs[0].type.broadcastable):  # type: ignore[attr-defined]
        return None
    part = Subtensor(node.op.idx_list)(x, *numbers)  # type: ignore[attr-defined]
    sizes = made.inputs[1:]
    if len(sizes) != part.type.ndim:
        return None
    for d, n in enumerate(sizes):
        size = size_of(part, d)
        if not is_number(n, 1) and not is_size_of(n, part, d) and (size is None or not same_size(n, size)):
            return None
    value = dimshuffle(made.inputs[0], [])
    return node.op(x, dimshuffle(value, ["x"] * len(sizes)), *numbers)


@indexing.node(IncSubtensor, theano="local_set_to_inc_subtensor", effect="rounding")
def set_to_sum_with_itself(node: Apply) -> Any:
    """x[i] set to x[i] + y is x[i] increased by y."""
    x, y, *numbers = node.inputs
    total = made_by(y, "add")
    if not node.op.set_instead_of_inc or total is None or len(total.inputs) != 2:  # type: ignore[attr-defined]
        return None
    if y.type.dtype != x.type.dtype:  # type: ignore[attr-defined]
        return None
    for own, other in (total.inputs, total.inputs[::-1]):
        part = made_by(own, Subtensor)
        if part is None or part.inputs[0] is not x or not _same_index(part, node, 1, 2):
            continue
        if other.type.dtype != x.type.dtype or other.type.ndim != own.type.ndim:  # type: ignore[attr-defined]
            return None
        return IncSubtensor(node.op.idx_list)(x, other, *numbers)  # type: ignore[attr-defined]
    return None


@indexing.node(IncSubtensor, theano="local_setsubtensor_of_constants")
def set_to_what_is_there(node: Apply) -> Any:
    """Setting a part of an array that is one number everywhere to that number changes nothing."""
    x, y, *_ = node.inputs
    if not node.op.set_instead_of_inc or not _in_bounds(node):  # type: ignore[attr-defined]
        return None
    a, b = number_of(x), number_of(y)
    if a is None or b is None or not a == b or np.signbit(a) != np.signbit(b):
        return None
    return x


@indexing.node("add", theano="local_IncSubtensor_serialize", graph=True, effect="rounding")
def sum_with_increased_zeros(node: Apply, fgraph: FunctionGraph) -> Any:
    """x + (zeros with a part increased) is x with that part increased: the gradient of an array read in parts is such a sum."""
    out = node.outputs[0]
    readers = fgraph.clients(out)
    if len(readers) == 1 and isinstance(readers[0][0], Apply) and readers[0][0].op == node.op:
        return None  # the whole sum is looked at instead
    for v in node.inputs:
        made = v.owner
        if (
            made is None
            or v.type != out.type
            or not alone(v)
            or not isinstance(made.op, IncSubtensor | AdvancedIncSubtensor1)
        ):
            continue
        zero = made.inputs[0]
        if not is_zeros(zero):
            continue
        if made.op.set_instead_of_inc and not isinstance(made.op, IncSubtensor):
            continue
        rest: list[Any] = [w for w in node.inputs if w is not v]
        if len(rest) != len(node.inputs) - 1 or not rest:
            continue
        total = rest[0] if len(rest) == 1 else add(*rest)
        if total.type != out.type or not same_shape(total, zero):
            continue
        if isinstance(made.op, IncSubtensor):
            return IncSubtensor(made.op.idx_list)(total, *made.inputs[1:])
        return AdvancedIncSubtensor1()(total, *made.inputs[1:])
    return None


# --- joins and splits -------------------------------------------------------------------------------------------------


@indexing.node(Join, theano="local_join_1")
def join_of_one(node: Apply) -> Any:
    """One array joined is that array."""
    return node.inputs[1] if len(node.inputs) == 2 and number_of(node.inputs[0]) is not None else None


@indexing.node(Join, theano="local_join_empty")
def join_with_empty(node: Apply) -> Any:
    """Constants without elements along the axis add nothing."""
    axis, *parts = node.inputs
    along = number_of(axis)
    if along is None:
        return None
    out = node.outputs[0]
    d = int(along) % out.type.ndim  # type: ignore[attr-defined]
    kept = [v for v in parts if not (isinstance(v, Constant) and v.data.shape[d] == 0 and v.type.ndim == 1)]  # type: ignore[attr-defined]
    if len(kept) == len(parts) or not kept:
        return None
    found = node.op(axis, *kept) if len(kept) > 1 else kept[0]
    return found if found.type == out.type else _match(patternbroadcast(found, out.type.broadcastable), out)  # type: ignore[attr-defined]


@indexing.node(Join, theano="local_join_make_vector")
def join_of_scalars(node: Apply) -> Any:
    """Vectors of scalars side by side are one."""
    axis, *parts = node.inputs
    if not is_number(axis, 0) or node.outputs[0].type.ndim != 1:  # type: ignore[attr-defined]
        return None
    found: list[Any] = []
    for v in parts:
        made = v.owner
        before = found[-1].owner if found else None
        if (
            made is not None
            and isinstance(made.op, MakeVector)
            and before is not None
            and isinstance(before.op, MakeVector)
        ):
            if made.op == before.op:
                found[-1] = made.op(*before.inputs, *made.inputs)
                continue
        found.append(v)
    if len(found) == len(parts):
        return None
    return _match(found[0] if len(found) == 1 else node.op(axis, *found), node.outputs[0])


@indexing.node(Split, theano="local_useless_split")
def split_into_one(node: Apply) -> Any:
    """One part is the whole, where it has all there is."""
    x, axis, sizes = node.inputs
    along = number_of(axis)
    if node.op.len_splits != 1 or along is None:  # type: ignore[attr-defined]
        return None
    made = made_by(sizes, MakeVector)
    d = int(along) % x.type.ndim  # type: ignore[attr-defined]
    if made is None or not is_size_of(made.inputs[0], x, d):
        return None
    return [_match(patternbroadcast(x, node.outputs[0].type.broadcastable), node.outputs[0])]  # type: ignore[attr-defined]


@indexing.node(TopKOp, theano="local_useless_topk", graph=True)
def topk_without_values_or_places(node: Apply, fgraph: FunctionGraph) -> Any:
    """What nobody asks for is not kept."""
    op: Any = node.op
    if not (op.return_values and op.return_indices):
        return None
    used = [bool(fgraph.clients(v)) for v in node.outputs]
    if all(used) or not any(used):
        return None
    new = TopKOp(op.axis, op.sorted, op.idx_dtype, return_values=used[0], return_indices=used[1])
    (found,) = new(*node.inputs, return_list=True)
    return [found, None] if used[0] else [None, found]
