"""Matrices made of positions: ranges, unit matrices, triangles, diagonals. Where they can they stay expressions, or views."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, k, plus, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import least, minus, most

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


@lowers("FillDiagonal")
def fill_diagonal(low: Lowering, node: Apply) -> None:
    """A copy, and the number on the diagonal."""
    a, value = node.inputs
    (out,) = node.outputs
    dtype = _dtype(node)
    found = low.as_expression(a, positional=True)
    number = low.fresh(out, dtype, found.sizes)
    low.fill(number, found)
    n, step = low.sizes_of(number)[0], low.strides_of(number)[0]
    for size, stride in zip(low.sizes_of(number)[1:], low.strides_of(number)[1:]):
        if len(found.sizes) > 2:
            low.same(n, size)
        n, step = least(n, size), plus(step, stride)
    given = low.as_expression(value)
    place = low.view(number, (n,), (step,), low.offset_of(number))
    operands: list[tuple[int, tuple[Scalar | None, ...]]] = [(t, (None,)) for t, _ in given.operands]
    low.fill(place, Expression(k.cast(given.value, dtype), operands, (n,)))
    low.memory[out] = number


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
