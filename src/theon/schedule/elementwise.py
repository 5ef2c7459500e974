"""Elementwise ops: expressions, until something needs them in memory; of numbers, expressions of the program."""

from __future__ import annotations

import math
from typing import Any

from theon.dtypes import upcast
from theon.graph.variable import Apply
from theon.kernel.pairs import PART, parts_of
from theon.kernel.scalar import Scalar, const
from theon.schedule.expression import Expression, axes_of, k, loads_of, renumbered, weight
from theon.schedule.lower import Lowering, Unsupported, lowers

__all__: list[str] = []

_COMPARISONS = {"lt", "gt", "le", "ge", "eq", "neq", "isnan", "isinf"}
_LARGEST_EXPRESSION = 60
_SIZES = 8


@lowers("Elemwise")
def elementwise(low: Lowering, node: Apply) -> None:
    """An expression of those of the inputs."""
    if len(node.outputs) != 1:
        raise Unsupported("several outputs")
    _lowered(low, node.op.scalar_op, node)  # type: ignore[attr-defined]


@lowers("ScalarOp")
def of_numbers(low: Lowering, node: Apply) -> None:
    """An op on single numbers: the form that its elementwise op has."""
    if len(node.outputs) != 1:
        raise Unsupported("several outputs")
    _lowered(low, node.op, node)


def _lowered(low: Lowering, op: Any, node: Apply) -> None:
    """The form of the result; written down where expressions get long."""
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if op.lower is None:
        raise Unsupported(op.declared)
    cast_to = dtype if op.cast_inputs and dtype != "bool" else None
    if op.declared in _COMPARISONS or dtype == "bool":
        cast_to = upcast(*(v.type.dtype for v in node.inputs))  # type: ignore[attr-defined]

    def combined(values: list[Scalar]) -> Scalar:
        if op.declared == "switch":
            values = [k.cast(values[0], "bool"), k.cast(values[1], dtype), k.cast(values[2], dtype)]
        elif op.declared.startswith("Cast{"):
            pass
        elif cast_to in PART:
            values = [k.cast(v, cast_to if v.dtype in PART else PART[cast_to]) for v in values]
        elif cast_to is not None:
            values = [k.cast(v, cast_to) for v in values]
        values = [k.cast(v, "float32") if v.dtype == "float16" else v for v in values]
        result = _power(values[0], values[1]) if op.declared == "pow" else None
        if result is None:
            result = op.lower(k, *values)
        if result is None:
            raise Unsupported(op.declared)
        return k.cast(result, dtype)

    if out.type.ndim == 0:  # type: ignore[attr-defined]
        low.scalar[out] = combined([low.as_scalar(v) for v in node.inputs])
        if weight(low.scalar[out])[0] > 30:
            low.as_tensor(out)
            del low.scalar[out]
        return
    known = [low.as_vector(v) for v in node.inputs] if any(v in low.vector for v in node.inputs) else [None]
    if all(numbers is not None and len(numbers) == len(known[0] or ()) <= _SIZES for numbers in known):
        # Sizes of an array, converted say: they stay numbers of the program.
        numbers_out = tuple(combined(list(values)) for values in zip(*(numbers or () for numbers in known)))
        if all(size <= 30 and not costly for size, costly in map(weight, numbers_out)):
            low.vector[out] = numbers_out
            return
    flags = out.type.broadcastable  # type: ignore[attr-defined]
    parts = []
    for v in node.inputs:
        broadcast = any(a and not b for a, b in zip(v.type.broadcastable, flags))  # type: ignore[attr-defined]
        if broadcast and v in low.pending and not low.pending[v].constant:
            low.as_tensor(v)  # computed once, not once for each element it is spread over
        elif v in low.pending and any(v.type.broadcastable[d] for d in axes_of(low.pending[v].value)):  # type: ignore[attr-defined]
            low.as_tensor(v)
        parts.append(low.as_expression(v, positional=True))
    sizes: list[Scalar] = []
    for d in range(len(flags)):
        if flags[d]:
            sizes.append(const(1))
            continue
        here = [p.sizes[d] for v, p in zip(node.inputs, parts) if not v.type.broadcastable[d]]  # type: ignore[attr-defined]
        here.sort(key=lambda s: s.op != "const")
        for other in here[1:]:
            low.same(here[0], other)
        sizes.append(here[0])
    operands: list[tuple[int, tuple[Scalar | None, ...]]] = []
    slots: dict[Any, int] = {}
    values = []
    for p in parts:
        numbers = []
        for number, strides in p.operands:
            key = (number, strides)
            if key not in slots:
                slots[key] = len(operands)
                operands.append(key)
            numbers.append(slots[key])
        values.append(renumbered(p.value, numbers) if numbers else p.value)
    if op.declared == "second":
        values[0] = values[1]
    value = combined(values)
    used = sorted(loads_of(value))
    if len(used) < len(operands):
        value = renumbered(value, [used.index(i) if i in used else -1 for i in range(len(operands))])
        operands = [operands[i] for i in used]
    found = Expression(value, operands, tuple(sizes))
    low.pending[out] = found
    largest = 3 * _LARGEST_EXPRESSION if out in low.postponed else _LARGEST_EXPRESSION
    if found.size > largest or len(operands) > 8:
        low.as_tensor(out)


def _power(x: Scalar, y: Scalar) -> Scalar | None:
    """A power with a small constant exponent as products and a root; None for others."""
    y, zero = parts_of(y)
    if y.op != "const" or zero.op != "const" or zero.attr or not x.dtype.startswith(("float", "complex")):
        return None
    n = float(y.attr)
    if abs(n) > 8 or n != n or 2 * n != int(2 * n):
        return None
    root = n != int(n)
    if root and not x.dtype.startswith("float"):
        return None
    if n == 0:
        return k.one(x)
    out: Scalar | None = None
    factor, rest = x, int(abs(n))
    while rest:
        if rest & 1:
            out = factor if out is None else k.mul(out, factor)
        factor, rest = k.mul(factor, factor), rest >> 1
    if root:
        # The power of -0 is that of 0, and that of -inf the one of inf, where roots are -0 and NaN.
        half = k.sqrt(k.add(x, k.zero(x)))
        half = k.select(k.eq(x, k.number(-math.inf, x)), k.number(math.inf, x), half)
        out = half if out is None else k.mul(k.abs(out), half)
    assert out is not None
    return k.div(k.one(x), out) if n < 0 else out
