"""What rules ask of a graph: who made a variable, whether it is a known number, whether two have the same shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import second
from theon.ops.cast import cast
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, padded
from theon.ops.dot import Dot
from theon.ops.fill import Alloc
from theon.ops.reduce import CAReduce, SumLike
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.shape import Shape_i
from theon.tensor.type import TensorType

__all__ = [
    "alone",
    "dimension",
    "factors",
    "is_float",
    "is_number",
    "is_zeros",
    "made_by",
    "number_of",
    "same_dimension",
    "same_shape",
    "shape_source",
    "spread_like",
    "terms",
]

_LARGEST = 10_000  # elements of a constant looked at


def made_by(variable: Variable, what: Any) -> Apply | None:
    """Return the node of ``variable`` if it is of this op: the name of an elementwise op, or a class."""
    node = variable.owner
    if node is None:
        return None
    if isinstance(what, str):
        return node if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == what else None
    return node if isinstance(node.op, what) else None


def number_of(variable: Variable) -> Any:
    """The number that all elements of ``variable`` are known to be, as a NumPy scalar; None if there is no such."""
    node = variable.owner
    if node is None:
        data = variable.__dict__.get("data")
        return None if data is None else _uniform(data)
    casts: list[str] = []
    found = None
    for _ in range(10):
        if node is None:
            data = variable.__dict__.get("data")
            found = None if data is None else _uniform(data)
            break
        op: Any = node.op
        if isinstance(op, Elemwise):
            name = op.scalar_op.kind
            if name == "second":
                variable = node.inputs[1]
            elif name.startswith("Cast{"):
                casts.append(node.outputs[0].type.dtype)  # type: ignore[attr-defined]
                variable = node.inputs[0]
            else:
                return None
        elif isinstance(op, Alloc | DimShuffle):
            variable = node.inputs[0]
        else:
            shape = getattr(node.inputs[0].type, "shape", None) if isinstance(op, Shape_i) else None
            if shape is not None and shape[op.i] is not None:
                found = np.int64(shape[op.i])
            break
        node = variable.owner
    if found is not None and casts:
        with np.errstate(all="ignore"):
            for dtype in reversed(casts):
                found = np.asarray(found).astype(dtype)[()]
    return found


def _uniform(data: Any) -> Any:
    """The number that all elements of an array are, None for others."""
    if not isinstance(data, np.ndarray) or not data.size:
        return None
    if data.size == 1:
        return data.flat[0]
    return data.flat[0] if data.size <= _LARGEST and bool((data == data.flat[0]).all()) else None


def is_number(variable: Variable, number: float) -> bool:
    """Whether all elements of ``variable`` are known to be ``number``."""
    found = number_of(variable)
    return found is not None and bool(found == number)


def is_zeros(variable: Variable) -> bool:
    """Whether all elements of ``variable`` are known to be 0."""
    return is_number(variable, 0)


def is_float(variable: Variable) -> bool:
    """Whether the elements are floats."""
    return isinstance(variable.type, TensorType) and variable.type.dtype.startswith("float")


def alone(variable: Variable) -> bool:
    """Whether at most one node of the function graph reads ``variable``, and it is no output."""
    clients = variable.clients
    return len(clients) <= 1 and all(reader != "output" for reader, _ in clients)


def shape_source(variable: Variable) -> Variable:
    """The variable from which this one has its shape: seen through ops of one whole operand that do not change shapes."""
    for _ in range(50):
        node = variable.owner
        if node is None:
            break
        if isinstance(node.op, IncSubtensor):
            variable = node.inputs[0]
            continue
        if isinstance(node.op, SumLike):
            variable = node.inputs[1]
            continue
        if not isinstance(node.op, Elemwise):
            break
        whole = [v for v in node.inputs if not all(v.type.broadcastable)]  # type: ignore[attr-defined]
        if not whole or whole[0].type.broadcastable != variable.type.broadcastable:  # type: ignore[attr-defined]
            break
        first = whole[0]
        if any(v is not first for v in whole[1:]):
            # Several operands: of one shape if they all have it from one variable.
            root = _plain_source(first)
            if any(_plain_source(v) is not root for v in whole[1:]):
                break
        variable = first
    return variable


def _plain_source(variable: Variable) -> Variable:
    """As :func:`shape_source`, through ops of one whole operand only."""
    for _ in range(20):
        node = variable.owner
        if node is None or not isinstance(node.op, Elemwise):
            break
        whole = {v for v in node.inputs if not all(v.type.broadcastable)}  # type: ignore[attr-defined]
        if len(whole) != 1:
            break
        (inner,) = whole
        if inner.type.broadcastable != variable.type.broadcastable:  # type: ignore[attr-defined]
            break
        variable = inner
    return variable


def dimension(variable: Variable, place: int) -> Any:
    """What the size of ``variable`` along ``place`` is: a number, (a variable, its dimension) or the scalar that asks for it.

    Equal answers mean equal sizes whenever the function runs.
    """
    return _dimension(variable, place, 3)


def _dimension(variable: Variable, place: int, depth: int) -> Any:
    # Rewriting keeps values, so that what was found of a variable of a function graph stays true.
    memo: dict[Any, Any] | None = None if variable.fgraph is None else variable.fgraph.dimensions
    start = variable, place
    if memo is not None:
        known = memo.get(start)
        if known is not None:
            return known
    found = _walked(variable, place, depth)
    if memo is not None:
        memo[start] = found
    return found


def _walked(variable: Variable, place: int, depth: int) -> Any:
    for _ in range(50):
        shape = getattr(variable.type, "shape", None)
        if shape is None:
            break
        if shape[place] is not None:
            return shape[place]
        node = variable.owner
        if node is None:
            break
        op: Any = node.op
        if isinstance(op, Elemwise):
            first, several = None, False
            for v in node.inputs:
                if not v.type.broadcastable[place] and v is not first:  # type: ignore[attr-defined]
                    several = several or first is not None
                    first = first or v
            if several:
                answers = None
                for v in node.inputs:
                    if not v.type.broadcastable[place]:  # type: ignore[attr-defined]
                        answer = None if depth == 0 else _dimension(v, place, depth - 1)
                        if answer is None or (answers is not None and answer != answers):
                            return variable, place
                        answers = answer
                return answers
            variable = first  # type: ignore[assignment]
        elif isinstance(op, DimShuffle):
            variable, place = node.inputs[0], op.new_order[place]
        elif isinstance(op, IncSubtensor):
            variable = node.inputs[0]
        elif isinstance(op, SumLike):
            variable = node.inputs[1]
        elif isinstance(op, Alloc):
            return size(node.inputs[1 + place])
        elif isinstance(op, Dot):
            x, y = node.inputs
            variable, place = (x, 0) if place == 0 and x.type.ndim == 2 else (y, 1)  # type: ignore[attr-defined]
        elif isinstance(op, CAReduce):
            (variable,) = node.inputs
            axes = op.axes_of(variable)
            place = [d for d in range(variable.type.ndim) if d not in axes][place]  # type: ignore[attr-defined]
        elif isinstance(op, Subtensor):
            entries = op.idx_list
            ndim = node.inputs[0].type.ndim  # type: ignore[attr-defined]
            d = [d for d in range(ndim) if d >= len(entries) or isinstance(entries[d], slice)][place]
            if d < len(entries) and entries[d] != slice(None, None, None):
                break
            variable, place = node.inputs[0], d
        else:
            break
    return variable, place


def size(variable: Variable) -> Any:
    """What a scalar that is a size is, in the terms of :func:`dimension`."""
    for _ in range(5):
        if isinstance(variable, Constant):
            return int(np.asarray(variable.data))
        node = variable.owner
        if node is None:
            break
        if isinstance(node.op, Shape_i):
            if not hasattr(node.inputs[0].type, "shape"):
                break
            return dimension(node.inputs[0], node.op.i)
        if not isinstance(node.op, Elemwise) or node.op.scalar_op.kind != "Cast{int64}":
            break
        variable = node.inputs[0]
    return variable


def is_size_of(scalar: Variable, array: Variable, place: int) -> bool:
    """Whether ``scalar`` is known to be the size of ``array`` along dimension ``place``."""
    return bool(size(scalar) == dimension(array, place))


def same_size(a: Variable, b: Variable) -> bool:
    """Whether two sizes are known to be equal."""
    return a is b or bool(size(a) == size(b))


def same_dimension(a: Variable, b: Variable, place: int) -> bool:
    """Whether two arrays are known to have the same size along dimension ``place``."""
    return a is b or bool(dimension(a, place) == dimension(b, place))


def same_shape(a: Variable, b: Variable) -> bool:
    """Whether two arrays are known to have the same shape whenever the function runs."""
    return a.type.ndim == b.type.ndim and all(same_dimension(a, b, d) for d in range(a.type.ndim))  # type: ignore[attr-defined]


def _spreads(value: Variable, other: Variable) -> bool:
    """Whether ``other`` may have a size along some dimension that ``value`` has to be spread to."""
    return any(
        not flag and (known or not same_dimension(value, other, d))
        for d, (flag, known) in enumerate(zip(other.type.broadcastable, value.type.broadcastable))  # type: ignore[attr-defined]
    )


def spread_like(value: Any, out: Variable, others: Sequence[Variable]) -> Any:
    """``value`` in the type of ``out``, in the shape that it and ``others`` have together; None where that has another type.

    A size that may turn out to be 1 only when the function runs is spread then.
    """
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if value.type.dtype.startswith("complex") and not dtype.startswith("complex"):
        return None
    value = padded(cast(value, dtype), out.type.ndim)  # type: ignore[attr-defined]
    for other in others:
        other = padded(other, out.type.ndim)  # type: ignore[attr-defined]
        if _spreads(value, other):
            value = second(other, value)
    return value if value.type == out.type else None


def terms(variable: Variable, limit: int = 16) -> list[tuple[bool, Variable]]:
    """The terms of a sum, seen through add, sub and neg of one dtype: pairs (whether it is subtracted, the term)."""
    return list(_leaves(variable, limit))


def _leaves(variable: Variable, limit: int) -> Iterator[tuple[bool, Variable]]:
    dtype = variable.type.dtype  # type: ignore[attr-defined]
    stack = [(False, variable)]
    found: list[tuple[bool, Variable]] = []
    while stack:
        minus, v = stack.pop()
        node = v.owner
        name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else ""
        # Sums of many terms stay whole: else each of a long chain would be looked at with all before it.
        fits = v is variable or (node is not None and len(stack) + len(found) + len(node.inputs) <= limit)
        if name in ("add", "sub", "neg") and v.type.dtype == dtype and fits:  # type: ignore[attr-defined]
            assert node is not None
            signs = [minus] * len(node.inputs)
            if name == "neg":
                signs = [not minus]
            elif name == "sub":
                signs = [minus, not minus]
            stack.extend(reversed(list(zip(signs, node.inputs))))
        else:
            found.append((minus, _in_dtype(v, dtype)))
    yield from found


def _in_dtype(v: Variable, dtype: str) -> Any:
    """A part of a sum or product in its dtype, so that parts put together anew do not overflow theirs."""
    return v if v.type.dtype == dtype or isinstance(v, Constant) else cast(v, dtype)  # type: ignore[attr-defined]


def factors(variable: Variable, limit: int = 12) -> tuple[list[Variable], list[Variable], bool]:
    """The factors of a product or quotient: above the line, below it, and whether the sign is changed."""
    above: list[Variable] = []
    below: list[Variable] = []
    negative = False
    dtype = variable.type.dtype  # type: ignore[attr-defined]
    stack = [(False, variable)]
    while stack:
        under, v = stack.pop()
        node = v.owner
        name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else ""
        known = len(stack) + len(above) + len(below)
        fits = v is variable or (node is not None and known + len(node.inputs) <= limit)  # as for sums
        same = v.type.dtype == dtype and fits  # type: ignore[attr-defined]
        if name == "mul" and same:
            stack.extend((under, x) for x in reversed(node.inputs))  # type: ignore[union-attr]
        elif name == "true_div" and same:
            stack.append((not under, node.inputs[1]))  # type: ignore[union-attr]
            stack.append((under, node.inputs[0]))  # type: ignore[union-attr]
        elif name == "neg" and same:
            negative = not negative
            stack.append((under, node.inputs[0]))  # type: ignore[union-attr]
        else:
            (below if under else above).append(_in_dtype(v, dtype))
    return above, below, negative
