"""Softmax, log-softmax, their gradients and the likelihood of one class a row: kernels of several passes over each row."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Pass, Reduction, Store
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, item, k, renumbered
from theon.schedule.gather import checked_index
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.reduce import reduce_into

__all__: list[str] = []

Operands = list[tuple[int, tuple[Scalar | None, ...], str]]


def _collected(
    found: Sequence[Expression], along: Sequence[Sequence[int]], naxes: int
) -> tuple[list[Scalar], Operands]:
    """The values over one list of operands; dimension d of expression i runs along kernel axis ``along[i][d]``."""
    operands: Operands = []
    values = []
    for f, axes in zip(found, along):
        values.append(renumbered(f.value, list(range(len(operands), len(operands) + len(f.operands)))))
        for number, strides in f.operands:
            spread: list[Scalar | None] = [None] * naxes
            for axis, s in zip(axes, strides):
                spread[axis] = s
            operands.append((number, tuple(spread), "read"))
    return values, operands


def _dtype(variable: Variable) -> str:
    return str(variable.type.dtype)  # type: ignore[attr-defined]


def _new(low: Lowering, variable: Variable, sizes: Sequence[Scalar], axes: Sequence[int], operands: Operands) -> int:
    """Add a new dense tensor for ``variable`` to the operands, its dimensions along ``axes``; return its place."""
    number = low.fresh(variable, _dtype(variable), tuple(sizes))
    spread: list[Scalar | None] = [None, None]
    for axis, s in zip(axes, low.strides_of(number)):
        spread[axis] = s
    operands.append((number, tuple(spread), "write"))
    low.memory[variable] = number
    return len(operands) - 1


def _matrices(low: Lowering, variables: Sequence[Variable]) -> list[Expression]:
    if any(v.type.broadcastable != variables[0].type.broadcastable for v in variables):  # type: ignore[attr-defined]
        raise Unsupported("broadcast operands")
    found = [low.as_expression(v) for v in variables]
    for f in found[1:]:
        for a, b in zip(found[0].sizes, f.sizes):
            low.same(a, b)
    return found


def _softmax(low: Lowering, node: Apply, logarithm: bool) -> None:
    (out,) = node.outputs
    dtype = _dtype(out)
    if node.inputs[0].type.broadcastable[1]:  # type: ignore[attr-defined]
        raise Unsupported("one column")
    found = low.as_expression(node.inputs[0])
    if not found.costly and (_is_transposed(node.inputs[0]) or _lies_in_columns(low, found)):
        _softmax_of_columns(low, out, found, logarithm)
        return
    (x,), operands = _collected([found], [(0, 1)], 2)
    target = _new(low, out, found.sizes, (0, 1), operands)
    top, total = make("result", dtype, (), 0), make("result", "float64", (), 1)
    stored = make("load", dtype, (), target)
    moved = k.sub(x, top)
    power = k.math("exp", moved)
    if logarithm:
        last = k.sub(stored, k.cast(k.math("log", total), dtype))
    else:
        last = k.mul(stored, k.cast(k.div(const(1.0, "float64"), total), dtype))
    middle: tuple[Pass, ...]
    if logarithm:
        middle = (Pass((1,), (_sum(power, 1),), (Store(target, moved),)),)
    else:
        middle = _stored_and_summed(target, power)
    passes = (Pass((1,), (Reduction("max", x, 0, dtype),)), *middle, Pass((1,), (), (Store(target, last),)))
    low.kernel(2, (0,), passes, operands, found.sizes)


def _is_transposed(x: Variable) -> bool:
    """Whether a matrix is the transpose of another, whose rows are most likely the runs of memory."""
    return x.owner is not None and getattr(x.owner.op, "new_order", None) == (1, 0)


def _lies_in_columns(low: Lowering, found: Expression) -> bool:
    """Whether the elements of a column are side by side in memory: along an axis other than the last, softmax is that of a transpose."""
    lines = [(low.tensors[n].dtype, s) for n, s in found.operands if None not in s]
    return bool(lines) and all(
        s[0] is not None and s[0].op == "const" and s[0].attr == item(dtype) and s[1] is not s[0] for dtype, s in lines
    )


def _softmax_of_columns(low: Lowering, out: Variable, found: Expression, logarithm: bool) -> None:
    """The same in the order of memory: each step is one sweep over all rows of the transpose."""
    dtype, (columns, rows) = _dtype(out), found.sizes
    turned = Expression(found.value, [(n, s[::-1]) for n, s in found.operands], (rows, columns))
    top, total = low.fresh(None, dtype, (columns,)), low.fresh(None, "float64", (columns,))
    reduce_into(low, top, turned, [0], "max", dtype)
    beside = [*turned.operands, (top, (None, *low.strides_of(top)))]
    moved = k.sub(turned.value, make("load", dtype, (), len(turned.operands)))
    wide = (None, *low.strides_of(total))
    if logarithm:
        power = k.cast(k.math("exp", moved), "float64")
        reduce_into(low, total, Expression(power, beside, turned.sizes), [0], "add", "float64")
        last = k.sub(moved, k.cast(k.math("log", make("load", "float64", (), len(beside))), dtype))
        beside.append((total, wide))
    else:
        powers = low.fresh(None, dtype, turned.sizes)
        low.fill(powers, Expression(k.math("exp", moved), beside, turned.sizes))
        stored, steps = make("load", dtype, (), 0), low.strides_of(powers)
        reduce_into(low, total, Expression(stored, [(powers, steps)], turned.sizes), [0], "add", "float64")
        inverse = k.cast(k.div(const(1.0, "float64"), make("load", "float64", (), 0)), dtype)
        scale = low.fresh(None, dtype, (columns,))
        low.fill(scale, Expression(inverse, [(total, low.strides_of(total))], (columns,)))
        operands: Operands = [(powers, tuple(steps), "update"), (scale, (None, *low.strides_of(scale)), "read")]
        scaled = Pass((0, 1), (), (Store(0, k.mul(stored, make("load", dtype, (), 1))),))
        low.kernel(2, (), (scaled,), operands, turned.sizes)
        low.memory[out] = low.view(powers, (columns, rows), steps[::-1], low.offset_of(powers))
        return
    result = low.fresh(None, dtype, turned.sizes)
    low.fill(result, Expression(last, beside, turned.sizes))
    low.memory[out] = low.view(result, (columns, rows), low.strides_of(result)[::-1], low.offset_of(result))


def _sum(value: Scalar, result: int) -> Reduction:
    return Reduction("add", k.cast(value, "float64"), result, "float64")


def _stored_and_summed(target: int, power: Scalar) -> tuple[Pass, ...]:
    """Store the values, then sum them as result 1: in one loop the wider sum would halve the vectors of the function."""
    stored = make("load", power.dtype, (), target)
    return Pass((1,), (), (Store(target, power),)), Pass((1,), (_sum(stored, 1),))


@lowers("Softmax")
def softmax(low: Lowering, node: Apply) -> None:
    """Maximum; exponentials and their sum; scaling."""
    _softmax(low, node, False)


@lowers("LogSoftmax")
def log_softmax(low: Lowering, node: Apply) -> None:
    """Maximum; sum of exponentials; subtraction."""
    _softmax(low, node, True)


@lowers("SoftmaxGrad")
def softmax_gradient(low: Lowering, node: Apply) -> None:
    """The sum of g y in a row, then (g - sum) y."""
    (out,) = node.outputs
    found = _matrices(low, node.inputs)
    (g, y), operands = _collected(found, [(0, 1)] * 2, 2)
    target = _new(low, out, found[0].sizes, (0, 1), operands)
    total = k.cast(make("result", "float64", (), 0), _dtype(out))
    passes = (
        Pass((1,), (_sum(k.mul(g, y), 0),)),
        Pass((1,), (), (Store(target, k.mul(k.sub(g, total), y)),)),
    )
    low.kernel(2, (0,), passes, operands, found[0].sizes)


@lowers("CrossentropySoftmaxArgmax1HotWithBias")
def likelihood(low: Lowering, node: Apply) -> None:
    """Maximum; exponentials and their sum; scaling where softmax is wanted; the logarithm at the target."""
    x, b, y = node.inputs
    nll, sm, best = node.outputs
    dtype = _dtype(x)
    if low.fgraph.clients(best) or _dtype(b) != dtype or any(x.type.broadcastable) or b.type.broadcastable[0]:  # type: ignore[attr-defined]
        raise Unsupported("the most probable class, or a broadcast row")
    found, bias = low.as_expression(x), low.as_expression(b)
    rows, columns = found.sizes
    low.same(columns, bias.sizes[0])
    low.same(rows, low.sizes_of_variable(y)[0])
    index = low.as_expression(y)
    checked_index(low, y, columns, wrap=False)
    (value, offset, place), operands = _collected([found, bias, index], [(0, 1), (1,), (0,)], 2)
    if not (offset.op == "const" and offset.attr == 0):
        value = k.add(value, offset)
    top, total = make("result", dtype, (), 0), make("result", "float64", (), 1)
    power = k.math("exp", k.sub(value, top))
    stores: tuple[Pass, ...] = ()
    passes = [Pass((1,), (Reduction("max", value, 0, dtype),))]
    if low.fgraph.clients(sm):
        target = _new(low, sm, found.sizes, (0, 1), operands)
        stores = _stored_and_summed(target, power)
        scale = k.cast(k.div(const(1.0, "float64"), total), dtype)
        scaled = Pass((1,), (), (Store(target, k.mul(make("load", dtype, (), target), scale)),))
    passes += [*stores, scaled] if stores else [Pass((1,), (_sum(power, 1),))]
    if low.fgraph.clients(nll):
        single = _new(low, nll, (rows,), (0,), operands)
        lost = k.sub(k.cast(k.math("log", total), dtype), k.sub(value, top))
        passes.append(Pass((), (), (Store(single, lost),), ((1, k.cast(place, INDEX)),)))
    low.kernel(2, (0,), tuple(passes), operands, found.sizes)


@lowers("CrossentropySoftmax1HotWithBiasDx")
def likelihood_gradient(low: Lowering, node: Apply) -> None:
    """(softmax - one-hot) dy in one sweep."""
    dy, sm, y = node.inputs
    (out,) = node.outputs
    dtype = _dtype(out)
    if any(_dtype(v) != dtype for v in (dy, sm)):
        raise Unsupported("mixed dtypes")
    scale, p = low.as_expression(dy), low.as_expression(sm)
    low.same(p.sizes[0], low.sizes_of_variable(y)[0])
    if dy.type.ndim and not dy.type.broadcastable[0]:  # type: ignore[attr-defined]
        low.same(p.sizes[0], scale.sizes[0])
    index = low.as_expression(y)
    checked_index(low, y, p.sizes[1], wrap=False)
    (g, value, place), operands = _collected([scale, p, index], [(0,), (0, 1), (0,)], 2)
    target = _new(low, out, p.sizes, (0, 1), operands)
    hot = make("eq", BOOL, (make("axis", INDEX, (), 1), k.cast(place, INDEX)))
    moved = make("select", dtype, (hot, k.sub(value, const(1.0, dtype)), value))
    low.kernel(2, (0,), (Pass((1,), (), (Store(target, k.mul(moved, g)),)),), operands, p.sizes)


def _picked(low: Lowering, x: Variable, y: Variable) -> tuple[Expression, Expression]:
    """A matrix and the class of each of its rows, which must be one of its columns."""
    if any(x.type.broadcastable):  # type: ignore[attr-defined]
        raise Unsupported("a broadcast row")
    found = low.as_expression(x)
    low.same(found.sizes[0], low.sizes_of_variable(y)[0])
    index = low.as_expression(y)
    checked_index(low, y, found.sizes[1], wrap=False)
    return found, index


@lowers("CrossentropyCategorical1Hot")
def picked_likelihood(low: Lowering, node: Apply) -> None:
    """The logarithm of one element of each row."""
    found, index = _picked(low, *node.inputs)
    (value, place), operands = _collected([found, index], [(0, 1), (0,)], 2)
    target = _new(low, node.outputs[0], found.sizes[:1], (0,), operands)
    lost = k.neg(k.math("log", value))
    low.kernel(2, (0,), (Pass((), (), (Store(target, lost),), ((1, k.cast(place, INDEX)),)),), operands, found.sizes)


@lowers("CrossentropyCategorical1HotGrad")
def picked_likelihood_gradient(low: Lowering, node: Apply) -> None:
    """The quotient at one element of each row, zeros elsewhere."""
    g, x, y = node.inputs
    (out,) = node.outputs
    dtype = _dtype(out)
    if any(_dtype(v) != dtype for v in (g, x)) or g.type.ndim != 1 or g.type.broadcastable[0]:  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes, or one gradient for all rows")
    found, index = _picked(low, x, y)
    slopes = low.as_expression(g)
    low.same(found.sizes[0], slopes.sizes[0])
    (slope, value, place), operands = _collected([slopes, found, index], [(0,), (0, 1), (0,)], 2)
    target = _new(low, out, found.sizes, (0, 1), operands)
    hot = make("eq", BOOL, (make("axis", INDEX, (), 1), k.cast(place, INDEX)))
    quotient = make("select", dtype, (hot, k.neg(k.div(slope, value)), const(0.0, dtype)))
    low.kernel(2, (0,), (Pass((1,), (), (Store(target, quotient),)),), operands, found.sizes)
