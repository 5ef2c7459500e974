"""Matrices made of positions: ranges, unit matrices, triangles, diagonals. Where they can they stay expressions, or views."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, k, plus, product, renumbered, times
from theon.schedule.gather import checked_index
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import least, minus, most, over

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
    """Of integers: start + step * position."""
    dtype = _dtype(node)
    if not dtype.startswith("int") or any(not v.type.dtype.startswith(("int", "uint")) for v in node.inputs):  # type: ignore[attr-defined]
        raise Unsupported("a range of floats")
    start, stop, step = (k.cast(low.as_scalar(v), INDEX) for v in node.inputs)
    if step.op != "const" or step.attr == 0:
        raise Unsupported("a range with a computed step")
    span = minus(stop, start) if step.attr > 0 else minus(start, stop)
    width = const(abs(step.attr))
    n = span if width.attr == 1 else make("floordiv", INDEX, (plus(span, const(width.attr - 1)), width))
    n = most(n, const(0))
    operands: Operands = []
    value = k.cast(plus(_given(low, start, operands, 1), times(step, _axis(0))), dtype)
    low.pending[node.outputs[0]] = Expression(value, operands, (n,))


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


def _diagonal(low: Lowering, number: int, offset: int) -> int:
    """The view of a matrix's diagonal."""
    rows, columns = low.sizes_of(number)
    down, right = low.strides_of(number)
    n = least(rows, minus(columns, const(offset))) if offset >= 0 else least(plus(rows, const(offset)), columns)
    start = times(const(offset), right) if offset >= 0 else times(const(-offset), down)
    n = most(n, const(0))
    # Where the diagonal is beyond the matrix nothing is read, and the view begins at its start.
    inside = make("lt", BOOL, (const(0), n))
    start = start if offset == 0 else make("select", INDEX, (inside, start, const(0)))
    return low.view(number, (n,), (plus(down, right),), plus(low.offset_of(number), start))


@lowers("ExtractDiag")
def extract(low: Lowering, node: Apply) -> None:
    """A view."""
    op: Any = node.op
    (x,) = node.inputs
    if x.type.ndim != 2 or (op.axis1 % 2, op.axis2 % 2) != (0, 1):  # type: ignore[attr-defined]
        raise Unsupported("a diagonal of more than two dimensions")
    low.memory[node.outputs[0]] = _diagonal(low, low.as_tensor(x), op.offset)


def _on_diagonal(low: Lowering, node: Apply, sizes: tuple[Scalar, Scalar], value: Expression, offset: int) -> None:
    dtype = _dtype(node)
    number = low.fresh(node.outputs[0], dtype, sizes)
    low.fill(number, Expression(k.const(0, dtype), [], sizes))
    place = _diagonal(low, number, offset)
    low.same(low.sizes_of(place)[0], value.sizes[0])
    low.fill(place, Expression(k.cast(value.value, dtype), value.operands, value.sizes))
    low.memory[node.outputs[0]] = number


@lowers("AllocDiag")
def allocate(low: Lowering, node: Apply) -> None:
    """Zeros, and the vector on the diagonal."""
    op: Any = node.op
    if node.inputs[0].type.ndim != 1 or (op.axis1 % 2, op.axis2 % 2) != (0, 1):  # type: ignore[attr-defined]
        raise Unsupported("diagonals of more than one matrix")
    value = low.as_expression(node.inputs[0], positional=True)
    n = plus(value.sizes[0], const(abs(op.offset)))
    _on_diagonal(low, node, (n, n), value, op.offset)


@lowers("DiagonalGrad")
def gradient(low: Lowering, node: Apply) -> None:
    """Zeros of a matrix's sizes, and the vector on the diagonal."""
    op: Any = node.op
    x, g = node.inputs
    if x.type.ndim != 2 or (op.axis1 % 2, op.axis2 % 2) != (0, 1):  # type: ignore[attr-defined]
        raise Unsupported("a diagonal of more than two dimensions")
    rows, columns = low.sizes_of_variable(x)
    _on_diagonal(low, node, (rows, columns), low.as_expression(g, positional=True), op.offset)


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
    """The sizes that a vector of numbers names. Unsupported where it is computed otherwise."""
    found = low.as_vector(dims)
    if found is None or len(found) != count:
        raise Unsupported("computed sizes")
    sizes = tuple(k.cast(n, INDEX) for n in found)
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
    """The sum of places times steps; places outside are left to the reference to refuse."""
    op: Any = node.op
    *places, dims = node.inputs
    (out,) = node.outputs
    if op.mode != "raise" or any(v.type.broadcastable != out.type.broadcastable for v in places):  # type: ignore[attr-defined]
        raise Unsupported("places that are brought inside, or broadcast")
    sizes = _dimensions(low, dims, len(places))
    for v, n in zip(places, sizes):
        checked_index(low, v, n, wrap=False)
    total, step = const(0), const(1)
    operands: Operands = []
    whole: tuple[Scalar, ...] = ()
    for d in range(len(places)) if op.order == "F" else reversed(range(len(places))):
        found = low.as_expression(places[d])
        for n, m in zip(found.sizes, whole):
            low.same(n, m)
        whole = found.sizes
        value = renumbered(k.cast(found.value, INDEX), [len(operands) + i for i in range(len(found.operands))])
        operands += found.operands
        total = plus(total, times(value, _given(low, step, operands, len(whole))))
        step = times(step, sizes[d])
    low.pending[out] = Expression(total, operands, whole)
