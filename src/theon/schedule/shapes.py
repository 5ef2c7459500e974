"""Sizes, and the same elements under other dimensions: views wherever memory allows it."""

from __future__ import annotations

from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import NATIVE, Expression, axes_of, item, k, on_axes, plus, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import known_axis

__all__: list[str] = []


@lowers("DimShuffle")
def dimshuffle(low: Lowering, node: Apply) -> None:
    """A view; of numbers, an expression."""
    (x,), (out,) = node.inputs, node.outputs
    order = node.op.new_order  # type: ignore[attr-defined]
    if isinstance(x, Constant) and x.data.size == 1 and x.type.dtype in NATIVE:  # type: ignore[attr-defined]
        low.pending[out] = Expression(const(x.data.item(), x.type.dtype), [], (const(1),) * len(order))  # type: ignore[attr-defined]
        if order:
            return
        low.scalar[out] = low.pending.pop(out).value
        return
    if x in low.pending and low.pending[x].constant and order:
        found = low.pending[x]
        if all(d in order for d in axes_of(found.value)):
            places = [order.index(d) if d in order else -1 for d in range(len(found.sizes))]
            sizes = tuple(const(1) if d == "x" else found.sizes[d] for d in order)
            nowhere: tuple[Scalar | None, ...] = (None,) * len(order)
            operands = [(n, nowhere) for n, _ in found.operands]
            low.pending[out] = Expression(on_axes(found.value, places), operands, sizes)
            return
    if not order:
        low.memory[out] = low.view(number := low.as_tensor(x), (), (), low.offset_of(number))
        return
    number = low.as_tensor(x)
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    low.memory[out] = low.view(
        number,
        [const(1) if d == "x" else sizes[d] for d in order],
        [const(0) if d == "x" else strides[d] for d in order],
        low.offset_of(number),
    )


@lowers("Assert")
def asserted(low: Lowering, node: Apply) -> None:
    """The value; where a condition does not hold, the reference executor says so."""
    x, *conditions = node.inputs
    for condition in conditions:
        value = k.cast(low.as_scalar(condition), BOOL)
        if value.op != "const" or not value.attr:
            low.check(value)
    _same(low, x, node.outputs[0])


def _same(low: Lowering, x: Variable, out: Variable) -> None:
    """Give a variable the form of another."""
    found = low.pending.get(x)
    if x in low.scalar:
        low.scalar[out] = low.scalar[x]
    elif x in low.vector:
        low.vector[out] = low.vector[x]
    elif found is not None and found.is_cheap(len(low.clients(x))):
        low.pending[out] = found
    else:
        low.memory[out] = low.as_tensor(x)


@lowers("SumLike")
def sum_like(low: Lowering, node: Apply) -> None:
    """Nothing, where the sizes agree; where they do not, the reference executor sums."""
    (g, x), (out,) = node.inputs, node.outputs
    pattern = zip(g.type.broadcastable, low.sizes_of_variable(g), low.sizes_of_variable(x))  # type: ignore[attr-defined]
    for flag, a, b in pattern:
        if not flag:
            low.same(b, a)
    _same(low, g, out)


@lowers("Rebroadcast")
def rebroadcast(low: Lowering, node: Apply) -> None:
    """A view, with sizes of 1 checked."""
    (x,), (out,) = node.inputs, node.outputs
    number = low.as_tensor(x)
    sizes = list(low.sizes_of(number))
    for d, flag in node.op.axes:  # type: ignore[attr-defined]
        if flag:
            low.same(sizes[d], const(1))
            sizes[d] = const(1)
    low.memory[out] = low.view(number, sizes, low.strides_of(number), low.offset_of(number))


@lowers("Shape")
def shape(low: Lowering, node: Apply) -> None:
    """All sizes."""
    low.vector[node.outputs[0]] = low.sizes_of_variable(node.inputs[0])


@lowers("Shape_i")
def shape_i(low: Lowering, node: Apply) -> None:
    """One size."""
    low.scalar[node.outputs[0]] = low.sizes_of_variable(node.inputs[0])[node.op.i]  # type: ignore[attr-defined]


@lowers("MakeVector")
def make_vector(low: Lowering, node: Apply) -> None:
    """Numbers side by side."""
    dtype = node.op.dtype  # type: ignore[attr-defined]
    low.vector[node.outputs[0]] = tuple(k.cast(low.as_scalar(v), dtype) for v in node.inputs)


@lowers("ScalarFromTensor", "TensorFromScalar")
def number(low: Lowering, node: Apply) -> None:
    """The same number."""
    low.scalar[node.outputs[0]] = low.as_scalar(node.inputs[0])


@lowers("SliceParts")
def slice_parts(low: Lowering, node: Apply) -> None:
    """Of a slice that the call gives; what it lacks is what selects most."""
    part, size = node.inputs
    *there, start, stop, step = _elements(low, low.slices[part], 6)
    has = [make("ne", BOOL, (flag, const(0))) for flag in there]
    n = k.cast(low.as_scalar(size), INDEX)
    step = make("select", INDEX, (has[2], step, const(1)))
    low.check(make("ne", BOOL, (step, const(0))))
    down = make("lt", BOOL, (step, const(0)))
    first = make("select", INDEX, (down, plus(n, const(-1)), const(0)))
    last = make("select", INDEX, (down, plus(times(const(-1), n), const(-1)), n))
    low.scalar[node.outputs[0]] = make("select", INDEX, (has[0], start, first))
    low.scalar[node.outputs[1]] = make("select", INDEX, (has[1], stop, last))
    low.scalar[node.outputs[2]] = step


def _numbers(low: Lowering, vector: Variable, count: int) -> tuple[Scalar, ...]:
    """The elements of a vector in memory, of which there must be so many."""
    return _elements(low, low.as_tensor(vector), count)


def _elements(low: Lowering, number: int, count: int) -> tuple[Scalar, ...]:
    t, (step,), (size,) = low.tensors[number], low.strides_of(number), low.sizes_of(number)
    low.same(size, const(count))
    found = []
    for place in range(count):
        at = plus(low.offset_of(number), times(const(place), step))
        cell = low.fresh(None, t.dtype, ())
        low.host(make("elem", t.dtype, (), low.view(number, (), (), at)), cell)
        found.append(make("elem", t.dtype, (), cell))
    return tuple(found)


@lowers("Reshape")
def reshape(low: Lowering, node: Apply) -> None:
    """A view of what is contiguous, else of a copy."""
    x, shape = node.inputs
    wanted = low.as_vector(shape) or _numbers(low, shape, node.op.ndim)  # type: ignore[attr-defined]
    number = low.as_tensor(x)
    if len(wanted) != node.op.ndim:  # type: ignore[attr-defined]
        raise Unsupported("a reshape to a shape of another length")
    number = low.as_dense(number)
    wanted = tuple(k.cast(w, INDEX) for w in wanted)
    total = const(1)
    for n in low.sizes_of(number):
        total = times(total, n)
    unknown = [d for d, w in enumerate(wanted) if w.op == "const" and w.attr == -1]
    if len(unknown) > 1:
        raise Unsupported("two unknown sizes")
    known = const(1)
    for d, w in enumerate(wanted):
        if d not in unknown:
            low.check(make("ge", BOOL, (w, const(0))))
            known = times(known, w)
    sizes = list(wanted)
    if unknown:
        low.check(make("lt", BOOL, (const(0), known)))
        sizes[unknown[0]] = make("floordiv", INDEX, (total, known))
        known = times(known, sizes[unknown[0]])
    low.same(known, total)
    strides: list[Scalar] = []
    step = const(item(low.tensors[number].dtype))
    for n in reversed(sizes):
        strides.insert(0, step)
        step = times(step, n)
    low.memory[node.outputs[0]] = low.view(number, sizes, strides, low.offset_of(number))


@lowers("Split")
def split(low: Lowering, node: Apply) -> None:
    """Views, one after another along an axis that is known; the lengths must add up to the whole."""
    x, axis, lengths = node.inputs
    parts = low.as_vector(lengths) or _numbers(low, lengths, len(node.outputs))
    if len(parts) != len(node.outputs):
        raise Unsupported("parts of another number of lengths")
    number = low.as_tensor(x)
    sizes, strides, offset = low.sizes_of(number), low.strides_of(number), low.offset_of(number)
    if not isinstance(axis, Constant):
        along, here = known_axis(low, axis, len(sizes))
        begin = const(0)
        for out, length in zip(node.outputs, parts):
            n = k.cast(length, INDEX)
            low.check(make("ge", BOOL, (n, const(0))))
            own = [make("select", INDEX, (there, n, size)) for there, size in zip(here, sizes)]
            low.memory[out] = low.view(number, own, strides, plus(offset, times(along(strides), begin)))
            begin = plus(begin, n)
        low.same(begin, along(sizes))
        return
    d = int(axis.data)
    if not -len(sizes) <= d < len(sizes):
        raise Unsupported("parts along an axis that is not there")
    d %= len(sizes)
    begin = const(0)
    for out, length in zip(node.outputs, parts):
        n = k.cast(length, INDEX)
        low.check(make("ge", BOOL, (n, const(0))))
        at = plus(offset, times(strides[d], begin))
        low.memory[out] = low.view(number, (*sizes[:d], n, *sizes[d + 1 :]), strides, at)
        begin = plus(begin, n)
    low.same(begin, sizes[d])
