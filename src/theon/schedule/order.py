"""Order: lines of an array sorted, the places of what is sorted, and elements taken or put at places along a dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.loops import Pass, Store
from theon.kernel.pairs import PART, parts_of
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, item, k, plus, product, times
from theon.schedule.gather import checked_index
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import least, most
from theon.schedule.step import NativeCall
from theon.schedule.workspace import workspace

__all__ = ["put_along", "sorted_lines", "take_along"]

_PARTS = {
    "sort": 2,
    "argsort": 3,
    "argtopk": 4,
}  # of a line's workspace: keys, places, room to divide them in, more places
_KINDS = ("quicksort", "mergesort", "heapsort", "stable")
Axis = int | Scalar


def _dtype(variable: Variable) -> str:
    return str(variable.type.dtype)  # type: ignore[attr-defined]


def _around(sizes: Sequence[Scalar], axis: Axis) -> tuple[Scalar, Scalar, Scalar]:
    """How much lies before a dimension, along it and behind it."""
    if isinstance(axis, int):
        return product(sizes[:axis]), sizes[axis], product(sizes[axis + 1 :])
    before, length, behind = const(1), const(1), const(1)
    for d, n in enumerate(sizes):
        below, same = (make(op, BOOL, (const(d), axis)) for op in ("lt", "eq"))
        before = times(before, make("select", INDEX, (below, n, const(1))))
        length = make("select", INDEX, (same, n, length))
        rest = make("select", INDEX, (same, const(1), n))
        behind = times(behind, make("select", INDEX, (below, const(1), rest)))
    return before, length, behind


def _axis(low: Lowering, op: Any, x: Variable, given: Sequence[Variable]) -> Axis:
    """The dimension that an op names, or its input."""
    ndim: int = x.type.ndim  # type: ignore[attr-defined]
    if not given:
        if op.axis is None or not -ndim <= op.axis < ndim:
            raise Unsupported("a dimension that is not there")
        return int(op.axis) % ndim
    axis = k.cast(low.as_scalar(given[0]), INDEX)
    low.check(make("ge", BOOL, (axis, const(-ndim))))
    low.check(make("lt", BOOL, (axis, const(ndim))))
    below = make("lt", BOOL, (axis, const(0)))
    return make("select", INDEX, (below, plus(axis, const(ndim)), axis))


def _lines(low: Lowering, number: int, sizes: Sequence[Scalar]) -> int:
    """Contiguous memory as three dimensions."""
    strides: list[Scalar] = []
    step = const(item(low.tensors[number].dtype))
    for n in reversed(sizes):
        strides.insert(0, step)
        step = times(step, n)
    return low.view(number, sizes, strides, low.offset_of(number))


def sorted_lines(low: Lowering, name: str, source: int, out: int, axis: Axis, smallest: Scalar = const(0)) -> None:
    """Call a routine for each line of ``source``, contiguous as ``out`` is, along a dimension."""
    from theon.codegen import pool, quicksort, sorting

    if not low.is_dense(out):
        raise Unsupported("a place that is not contiguous")
    shapes = [_around(low.sizes_of(number), axis) for number in (source, out)]
    lines = times(shapes[0][0], shapes[0][2])
    slots = most(least(lines, const(pool.budget())), const(1))
    held = shapes[0][1] if name != "argtopk" else plus(times(const(2), shapes[1][1]), const(2 * sorting.PIECE))
    slot = times(plus(held, const(quicksort.PADDING)), const(_PARTS[name]))
    (space,) = workspace(low, [("uint64", times(slot, slots))])
    x, y = (_lines(low, number, sizes) for number, sizes in zip((source, out), shapes))
    low.steps.append(NativeCall(name, (x,), (y, space), (smallest, slots), (), 0))


@lowers("SortOp", "ArgSortOp")
def sort(low: Lowering, node: Apply) -> None:
    """One call. Equal elements keep their order, whatever the kind."""
    x, *given = node.inputs
    (out,) = node.outputs
    op: Any = node.op
    if op.kind not in _KINDS:
        raise Unsupported("a kind that is not known")
    axis = _axis(low, op, x, given)
    values = type(op).__name__ == "SortOp"
    if _dtype(x) in PART:
        order = _complex_order(low, x, axis, None if values else out)
        low.memory[out] = take_along(low, out, low.as_tensor(x), order, _known(axis)) if values else order
        return
    source = low.as_dense(low.as_tensor(x))
    number = low.fresh(out, _dtype(out), low.sizes_of(source))
    sorted_lines(low, "sort" if values else "argsort", source, number, axis)
    low.memory[out] = number


def _known(axis: Axis) -> int:
    if not isinstance(axis, int):
        raise Unsupported("a computed dimension")
    return axis


def _complex_order(low: Lowering, x: Variable, axis: Axis, out: Variable | None) -> int:
    """The places of complex numbers in order: by imaginary parts, then by real ones, then numbers before those that are NaN in part."""
    along = _known(axis)
    found = low.as_expression(x)
    re, im = parts_of(found.value)
    nan = [k.cast(k.isnan(part), "uint8") for part in (re, im)]
    order = None
    for key in (im, re, k.add(k.add(nan[0], nan[0]), nan[1])):
        line = low.fresh(None, key.dtype, found.sizes)
        low.fill(line, Expression(key, found.operands, found.sizes))
        line = line if order is None else take_along(low, None, line, order, along)
        places = low.fresh(None, INDEX, found.sizes)
        sorted_lines(low, "argsort", line, places, along)
        order = (
            places if order is None else take_along(low, out if key.dtype == "uint8" else None, order, places, along)
        )
    assert order is not None
    return order


@lowers("TopKOp")
def largest(low: Lowering, node: Apply) -> None:
    """The places, and what is there."""
    x, count = node.inputs
    op: Any = node.op
    axis = int(op.axis) % x.type.ndim  # type: ignore[attr-defined]
    source = low.as_dense(low.as_tensor(x))
    sizes = low.sizes_of(source)
    wanted = k.cast(low.as_scalar(count), INDEX)
    number = most(wanted, make("neg", INDEX, (wanted,)))
    low.check(make("ge", BOOL, (number, const(1))))
    low.check(make("le", BOOL, (number, sizes[axis])))
    found = (*sizes[:axis], number, *sizes[axis + 1 :])
    indices = node.outputs[-1] if op.return_indices else None
    exact = indices is not None and op.idx_dtype == INDEX
    places = low.fresh(indices if exact else None, INDEX, found)
    falling = make("lt", BOOL, (wanted, const(0)))
    sorted_lines(low, "argtopk", source, places, axis, make("select", INDEX, (falling, const(1), const(0))))
    if op.return_values:
        low.memory[node.outputs[0]] = take_along(low, node.outputs[0], source, places, axis)
    if indices is not None and exact:
        low.memory[indices] = places
    elif indices is not None:
        value = k.cast(make("load", INDEX, (), 0), op.idx_dtype)
        low.pending[indices] = Expression(value, [(places, low.strides_of(places))], found)


# --- along a dimension ------------------------------------------------------------------------------------------------

Strides = tuple[Scalar | None, ...]


def _spread(strides: Sequence[Scalar], axis: int, along: bool) -> Strides:
    """Strides of an array whose dimension ``axis`` is read at places, or is swept as all others are."""
    if not along:
        return (*strides, None)
    return (*strides[:axis], None, *strides[axis + 1 :], strides[axis])


def _at(dtype: str, operand: int, ndim: int) -> Scalar:
    place = k.cast(make("load", dtype, (), operand), INDEX)
    beyond = plus(place, make("extent", INDEX, (), ndim))
    return make("select", INDEX, (make("lt", BOOL, (place, const(0))), beyond, place))


def take_along(low: Lowering, out: Variable | None, source: int, places: int, axis: int) -> int:
    """``out[.., j, ..] = source[.., places[.., j, ..], ..]``; all other dimensions are of the same sizes."""
    sizes, dtype = low.sizes_of(places), low.tensors[source].dtype
    ndim = len(sizes)
    number = low.fresh(out, dtype, sizes)
    operands: list[tuple[int, Strides, str]] = [
        (places, (*low.strides_of(places), None), "read"),
        (source, _spread(low.strides_of(source), axis, True), "read"),
        (number, (*low.strides_of(number), None), "write"),
    ]
    store = Store(2, make("load", dtype, (), 1))
    passes = (Pass((), (), (store,), ((ndim, _at(low.tensors[places].dtype, 0, ndim)),)),)
    low.kernel(ndim + 1, tuple(range(ndim)), passes, operands, (*sizes, low.sizes_of(source)[axis]))
    return number


def put_along(low: Lowering, number: int, places: int, values: int, axis: int) -> None:
    """``number[.., places[.., j, ..], ..] = values[.., j, ..]``."""
    sizes, dtype = low.sizes_of(places), low.tensors[number].dtype
    ndim = len(sizes)
    operands: list[tuple[int, Strides, str]] = [
        (places, (*low.strides_of(places), None), "read"),
        (values, (*low.strides_of(values), None), "read"),
        (number, _spread(low.strides_of(number), axis, True), "update"),
    ]
    store = Store(2, make("load", dtype, (), 1))
    passes = (Pass((), (), (store,), ((ndim, _at(low.tensors[places].dtype, 0, ndim)),)),)
    low.kernel(ndim + 1, tuple(range(ndim)), passes, operands, (*sizes, low.sizes_of(number)[axis]))


def _same_but(low: Lowering, sizes: Sequence[Scalar], others: Sequence[Scalar], axis: int) -> None:
    for d, (n, m) in enumerate(zip(sizes, others)):
        if d != axis:
            low.same(n, m)


@lowers("Unsort")
def unsort(low: Lowering, node: Apply) -> None:
    """Values put back where they were."""
    g, order, *given = node.inputs
    axis = _known(_axis(low, node.op, g, given))
    values = low.as_tensor(g)
    sizes = low.sizes_of(values)
    low.all_same(low.sizes_of_variable(order), sizes)
    checked_index(low, order, sizes[axis], wrap=False)
    number = low.fresh(node.outputs[0], _dtype(g), sizes)
    put_along(low, number, low.as_tensor(order), values, axis)
    low.memory[node.outputs[0]] = number


@lowers("TopKGrad")
def put_back(low: Lowering, node: Apply) -> None:
    """Values at their places among zeros."""
    x, index, g = node.inputs
    op: Any = node.op
    axis = int(op.axis) % x.type.ndim  # type: ignore[attr-defined]
    sizes, dtype = low.sizes_of_variable(x), _dtype(g)
    values = low.as_tensor(g)
    low.all_same(low.sizes_of_variable(index), low.sizes_of(values))
    _same_but(low, low.sizes_of(values), sizes, axis)
    checked_index(low, index, sizes[axis])
    number = low.fresh(node.outputs[0], dtype, sizes)
    low.fill(number, Expression(k.const(0, dtype), [], sizes))
    put_along(low, number, low.as_tensor(index), values, axis)
    low.memory[node.outputs[0]] = number


@lowers("TopKGather")
def gathered(low: Lowering, node: Apply) -> None:
    """Values at places."""
    x, index = node.inputs
    op: Any = node.op
    axis = int(op.axis) % x.type.ndim  # type: ignore[attr-defined]
    source = low.as_tensor(x)
    sizes = low.sizes_of(source)
    _same_but(low, low.sizes_of_variable(index), sizes, axis)
    checked_index(low, index, sizes[axis])
    low.memory[node.outputs[0]] = take_along(low, node.outputs[0], source, low.as_tensor(index), axis)


# --- chosen elements, permuted rows -----------------------------------------------------------------------------------


@lowers("Choose")
def choose(low: Lowering, node: Apply) -> None:
    """The first dimension of the choices is read at what the chooser says, the others side by side with it."""
    chooser, choices = node.inputs
    (out,) = node.outputs
    op: Any = node.op
    if not _dtype(chooser).startswith(("int", "uint")) or _dtype(chooser) == "uint64":
        raise Unsupported("a chooser that is no integer")
    source = low.as_tensor(choices)
    count, *rest = low.sizes_of(source)
    if op.mode == "raise":
        checked_index(low, chooser, count, wrap=False)
    else:
        low.check(make("ge", BOOL, (count, const(1))))
    found = low.as_expression(chooser)
    ndim: int = out.type.ndim  # type: ignore[attr-defined]
    sizes: list[Scalar] = [const(1)] * ndim
    flags = (chooser.type.broadcastable, choices.type.broadcastable[1:])  # type: ignore[attr-defined]
    for given, known in zip((found.sizes, rest), flags):
        for d, (n, flag) in enumerate(zip(given, known), ndim - len(given)):
            if not flag and sizes[d].op == "const" and sizes[d].attr == 1:
                sizes[d] = n
            elif not flag:
                low.same(n, sizes[d])
    missing = ndim - len(rest)
    steps = [None if flag else s for s, flag in zip(low.strides_of(source)[1:], flags[1])]
    number = low.fresh(out, _dtype(out), tuple(sizes))
    operands: list[tuple[int, Strides, str]] = [
        (tensor, (*(None,) * (ndim - len(strides)), *strides, None), "read") for tensor, strides in found.operands
    ]
    operands.append((source, (*(None,) * missing, *steps, low.strides_of(source)[0]), "read"))
    operands.append((number, (*low.strides_of(number), None), "write"))
    place, size = k.cast(found.value, INDEX), make("extent", INDEX, (), ndim)
    if op.mode == "wrap":
        place = make("mod", INDEX, (place, size))
    elif op.mode == "clip":
        place = make("min", INDEX, (make("max", INDEX, (place, const(0))), plus(size, const(-1))))
    store = Store(len(operands) - 1, make("load", low.tensors[source].dtype, (), len(operands) - 2))
    passes = (Pass((), (), (store,), ((ndim, place),)),)
    low.kernel(ndim + 1, tuple(range(ndim)), passes, operands, (*sizes, count))
    low.memory[out] = number


def _broadcast(low: Lowering, variable: Variable, sizes: Sequence[Scalar]) -> int:
    """A view in which a variable is repeated along the dimensions that it lacks, or has as ones, up to the given sizes."""
    number = low.as_tensor(variable)
    flags = variable.type.broadcastable  # type: ignore[attr-defined]
    missing = len(sizes) - len(flags)
    strides = [const(0) if flag else s for flag, s in zip(flags, low.strides_of(number))]
    return low.view(number, sizes, [*[const(0)] * missing, *strides], low.offset_of(number))


@lowers("PermuteRowElements")
def permute(low: Lowering, node: Apply) -> None:
    """Rows read in an order, or written in it."""
    x, y, inverse = node.inputs
    (out,) = node.outputs
    if not isinstance(inverse, Constant):
        raise Unsupported("a direction that only the call knows")
    ndim: int = out.type.ndim  # type: ignore[attr-defined]
    sizes: list[Scalar] = [const(1)] * ndim
    for v in (x, y):
        own = low.sizes_of_variable(v)
        for d, (n, flag) in enumerate(zip(own, v.type.broadcastable), ndim - len(own)):  # type: ignore[attr-defined]
            if not flag and sizes[d].op == "const" and sizes[d].attr == 1:
                sizes[d] = n
            elif not flag:
                low.same(n, sizes[d])
    for v in (x, y):
        low.same(low.sizes_of_variable(v)[-1], sizes[-1])
    checked_index(low, y, sizes[-1])
    source, places = _broadcast(low, x, sizes), _broadcast(low, y, sizes)
    if not inverse.data:
        low.memory[out] = take_along(low, out, source, places, ndim - 1)
        return
    number = low.fresh(out, _dtype(out), tuple(sizes))
    low.fill(number, Expression(k.const(0, _dtype(out)), [], tuple(sizes)))
    put_along(low, number, places, source, ndim - 1)
    low.memory[out] = number
