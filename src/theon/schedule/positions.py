"""Matrices made of positions: ranges, unit matrices, triangles, diagonals. Where they can they stay expressions, or views."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import NATIVE, Expression, k, plus, product, renumbered, times
from theon.schedule.gather import checked_index
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements, least, minus, modulo, most, over

__all__: list[str] = []


def _axis(d: int) -> Scalar:
    return make("axis", INDEX, (), d)


def _dtype(node: Apply) -> str:
    return str(node.outputs[0].type.dtype)  # type: ignore[attr-defined]


Operands = list[tuple[int, tuple[Scalar | None, ...]]]


def _given(low: Lowering, x: Scalar, operands: Operands, ndim: int) -> Scalar:
    """A number that is computed once, as a kernel reads it."""
    if x.op == "const":
        return x
    cell = low.fresh(None, INDEX, ())
    low.host(x, cell)
    operands.append((cell, (None,) * ndim))
    return make("load", INDEX, (), len(operands) - 1)


@lowers("ARange")
def arange(low: Lowering, node: Apply) -> None:
    """start + step * position."""
    dtype = _dtype(node)
    if all(v.type.dtype.startswith(("int", "uint", "bool")) for v in node.inputs) and dtype.startswith("int"):  # type: ignore[attr-defined]
        start, stop, step = (k.cast(low.as_scalar(v), INDEX) for v in node.inputs)
        if step.op == "const" and step.attr == 0:
            raise Unsupported("a range without a step")
        n, width = minus(stop, start), step
        if step.op == "const" and step.attr < 0:
            n, width = minus(start, stop), const(-step.attr)
        elif step.op != "const":
            low.check(make("ne", BOOL, (step, const(0))))
            back = make("lt", BOOL, (step, const(0)))
            n = make("select", INDEX, (back, minus(start, stop), n))
            width = make("select", INDEX, (back, minus(const(0), step), step))
        n = most(over(plus(n, minus(width, const(1))), width), const(0))
        operands: Operands = []
        steps = times(_given(low, step, operands, 1), _axis(0))
        value = k.cast(plus(_given(low, start, operands, 1), steps), dtype)
        low.pending[node.outputs[0]] = Expression(value, operands, (n,))
        return
    if not dtype.startswith("float") or any(v.type.dtype not in NATIVE for v in node.inputs):  # type: ignore[attr-defined]
        raise Unsupported("a range of other numbers")
    # The number of elements, and the second one, as NumPy has them; others by the difference of the first two.
    begin, end, by = (k.cast(low.as_scalar(v), "float64") for v in node.inputs)
    low.check(k.ne(by, k.const(0, "float64")))
    count = k.ceil(k.div(k.sub(end, begin), by))
    low.check(k.lt(count, k.const(2.0**53, "float64")))  # and not for NaN
    n = k.cast(k.max(count, k.const(0, "float64")), INDEX)
    cells = []
    for number in (k.cast(begin, dtype), k.sub(k.cast(k.add(begin, by), dtype), k.cast(begin, dtype))):
        cells.append((low.fresh(None, dtype, ()), (None,)))
        low.host(number, cells[-1][0])
    first, between = (make("load", dtype, (), i) for i in range(2))
    value = k.add(first, k.mul(k.cast(_axis(0), dtype), between))
    low.pending[node.outputs[0]] = Expression(value, list(cells), (n,))


@lowers("Bartlett")
def bartlett(low: Lowering, node: Apply) -> None:
    """A triangle, of as many points as a number says."""
    n = k.cast(low.as_scalar(node.inputs[0]), INDEX)
    operands: Operands = []
    last = minus(_given(low, n, operands, 1), const(1))
    place = k.cast(minus(times(const(2), _axis(0)), last), "float64")
    slope = k.div(place, k.cast(last, "float64"))
    one = k.const(1.0, "float64")
    value = k.select(k.le(place, k.const(0.0, "float64")), k.add(one, slope), k.sub(one, slope))
    value = k.select(make("eq", BOOL, (last, const(0))), one, value)
    low.pending[node.outputs[0]] = Expression(value, operands, (most(n, const(0)),))


@lowers("Eye")
def eye(low: Lowering, node: Apply) -> None:
    """1 where the column is the row and ``k``."""
    dtype = _dtype(node)
    n, m, shift = (k.cast(low.as_scalar(v), INDEX) for v in node.inputs)
    for size in (n, m):
        low.check(make("ge", BOOL, (size, const(0))))
    operands: Operands = []
    there = make("eq", BOOL, (plus(_axis(0), _given(low, shift, operands, 2)), _axis(1)))
    low.pending[node.outputs[0]] = Expression(k.cast(there, dtype), operands, (n, m))


@lowers("Triangle")
def triangle(low: Lowering, node: Apply) -> None:
    """The element, or zero."""
    op: Any = node.op
    (x,) = node.inputs
    found = low.as_expression(x, positional=True)
    if any(x.type.broadcastable):  # type: ignore[attr-defined]
        raise Unsupported("a row or a column")
    inside = make("ge" if op.lower else "le", BOOL, (plus(_axis(0), const(op.k)), _axis(1)))
    value = k.select(inside, found.value, k.zero(found.value))
    low.pending[node.outputs[0]] = Expression(value, found.operands, found.sizes)


def _diagonal(low: Lowering, number: int, offset: int, axes: tuple[int, int] = (0, 1)) -> int:
    """The view of the diagonal over two dimensions, as the last one behind all others."""
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    (rows, columns), (down, right) = ((v[axes[0]], v[axes[1]]) for v in (sizes, strides))
    n = least(rows, minus(columns, const(offset))) if offset >= 0 else least(plus(rows, const(offset)), columns)
    start = times(const(offset), right) if offset >= 0 else times(const(-offset), down)
    n = most(n, const(0))
    # Where the diagonal is beyond the matrix nothing is read, and the view begins at its start.
    inside = make("lt", BOOL, (const(0), n))
    start = start if offset == 0 else make("select", INDEX, (inside, start, const(0)))
    rest = [d for d in range(len(sizes)) if d not in axes]
    shown = (*(sizes[d] for d in rest), n), (*(strides[d] for d in rest), plus(down, right))
    return low.view(number, *shown, plus(low.offset_of(number), start))


def _axes(op: Any, ndim: int) -> tuple[int, int]:
    if not all(-ndim <= d < ndim for d in (op.axis1, op.axis2)) or (op.axis1 - op.axis2) % ndim == 0:
        raise Unsupported("dimensions that are not there, or the same one twice")
    return op.axis1 % ndim, op.axis2 % ndim


@lowers("ExtractDiag")
def extract(low: Lowering, node: Apply) -> None:
    """A view."""
    op: Any = node.op
    number = low.as_tensor(node.inputs[0])
    low.memory[node.outputs[0]] = _diagonal(low, number, op.offset, _axes(op, low.tensors[number].ndim))


def _on_diagonal(low: Lowering, node: Apply, sizes: tuple[Scalar, ...], value: Expression) -> None:
    op: Any = node.op
    dtype = _dtype(node)
    number = low.fresh(node.outputs[0], dtype, sizes)
    low.fill(number, Expression(k.const(0, dtype), [], sizes))
    place = _diagonal(low, number, op.offset, _axes(op, len(sizes)))
    low.all_same(low.sizes_of(place), value.sizes)
    low.fill(place, Expression(k.cast(value.value, dtype), value.operands, value.sizes))
    low.memory[node.outputs[0]] = number


@lowers("AllocDiag")
def allocate(low: Lowering, node: Apply) -> None:
    """Zeros, and the vectors on the diagonals."""
    op: Any = node.op
    value = low.as_expression(node.inputs[0], positional=True)
    n = plus(value.sizes[-1], const(abs(op.offset)))
    rest, axes = iter(value.sizes[:-1]), _axes(op, len(value.sizes) + 1)
    sizes = tuple(n if d in axes else next(rest) for d in range(len(value.sizes) + 1))
    _on_diagonal(low, node, sizes, value)


@lowers("DiagonalGrad")
def gradient(low: Lowering, node: Apply) -> None:
    """Zeros of an array's sizes, and the vectors on its diagonals."""
    x, g = node.inputs
    _on_diagonal(low, node, low.sizes_of_variable(x), low.as_expression(g, positional=True))


@lowers("FillDiagonal")
def fill_diagonal(low: Lowering, node: Apply) -> None:
    """A copy, and the number along its main diagonal."""
    a, value = node.inputs
    number = _copied(low, a, node)
    sizes, steps = low.sizes_of(number), low.strides_of(number)
    n, step = sizes[0], steps[0]
    for size, stride in zip(sizes[1:], steps[1:]):
        if len(sizes) > 2:
            low.same(size, n)
        n, step = least(n, size), plus(step, stride)
    _fill_with(low, low.view(number, (n,), (step,), low.offset_of(number)), value, node)
    low.memory[node.outputs[0]] = number


@lowers("FillDiagonalOffset")
def fill_diagonal_offset(low: Lowering, node: Apply) -> None:
    """A copy, and the number along a diagonal, which a matrix that is too small may not have."""
    a, value, offset = node.inputs
    number = _copied(low, a, node)
    rows, columns = low.sizes_of(number)
    down, right = low.strides_of(number)
    shift = k.cast(low.as_scalar(offset), INDEX)
    below, beyond = most(minus(const(0), shift), const(0)), most(shift, const(0))
    n = most(least(minus(rows, below), minus(columns, beyond)), const(0))
    start = plus(times(down, below), times(right, beyond))
    start = make("select", INDEX, (make("lt", BOOL, (const(0), n)), start, const(0)))
    place = low.view(number, (n,), (plus(down, right),), plus(low.offset_of(number), start))
    _fill_with(low, place, value, node)
    low.memory[node.outputs[0]] = number


def _copied(low: Lowering, a: Variable, node: Apply) -> int:
    found = low.as_expression(a, positional=True)
    number = low.fresh(node.outputs[0], _dtype(node), found.sizes)
    low.fill(number, found)
    return number


def _fill_with(low: Lowering, place: int, value: Variable, node: Apply) -> None:
    found = low.as_expression(value)
    operands: Operands = [(n, (None,)) for n, _ in found.operands]
    low.fill(place, Expression(k.cast(found.value, _dtype(node)), operands, low.sizes_of(place)))


def _dimensions(low: Lowering, dims: Variable, count: int) -> tuple[Scalar, ...]:
    """The sizes that a vector of so many numbers names."""
    sizes = elements(low, dims, count, exact=True)
    for n in sizes:
        low.check(make("ge", BOOL, (n, const(0))))
    return sizes


@lowers("UnravelIndex")
def unravel(low: Lowering, node: Apply) -> None:
    """Quotients and rests; places outside are left to the reference to refuse."""
    op: Any = node.op
    places, dims = node.inputs
    sizes = _dimensions(low, dims, op.ndim)
    checked_index(low, places, product(sizes), wrap=False)
    order = range(op.ndim) if op.order == "F" else reversed(range(op.ndim))
    below = const(1)
    for d in order:
        found = low.as_expression(places)
        operands = list(found.operands)
        rest, size = (_given(low, n, operands, len(found.sizes)) for n in (below, sizes[d]))
        value = make("mod", INDEX, (over(k.cast(found.value, INDEX), rest), size))
        low.pending[node.outputs[d]] = Expression(value, operands, found.sizes)
        below = times(below, sizes[d])


@lowers("RavelMultiIndex")
def ravel(low: Lowering, node: Apply) -> None:
    """The sum of places times steps; places outside are brought inside, or left to the reference to refuse."""
    op: Any = node.op
    *places, dims = node.inputs
    (out,) = node.outputs
    ndim: int = out.type.ndim  # type: ignore[attr-defined]
    sizes = _dimensions(low, dims, len(places))
    for v, n in zip(places, sizes):
        if op.mode == "raise":
            checked_index(low, v, n, wrap=False)
        elif v.type.dtype == "uint64":  # type: ignore[attr-defined]
            raise Unsupported("places beyond int64")
        else:
            low.check(make("ge", BOOL, (n, const(1))))
    total, step = const(0), const(1)
    operands: Operands = []
    whole: list[Scalar] = [const(1)] * ndim
    for d in range(len(places)) if op.order == "F" else reversed(range(len(places))):
        found = low.as_expression(places[d])
        missing = ndim - len(found.sizes)
        for axis, (n, flag) in enumerate(zip(found.sizes, places[d].type.broadcastable), missing):  # type: ignore[attr-defined]
            if not flag and whole[axis].op == "const" and whole[axis].attr == 1:
                whole[axis] = n
            elif not flag:
                low.same(n, whole[axis])
        value = renumbered(k.cast(found.value, INDEX), [len(operands) + i for i in range(len(found.operands))])
        operands += [(number, (*(None,) * missing, *strides)) for number, strides in found.operands]
        if op.mode != "raise":
            size = _given(low, sizes[d], operands, ndim)
            value = modulo(value, size) if op.mode == "wrap" else least(most(value, const(0)), minus(size, const(1)))
        total = plus(total, times(value, _given(low, step, operands, ndim)))
        step = times(step, sizes[d])
    low.pending[out] = Expression(total, operands, tuple(whole))
