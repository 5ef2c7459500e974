"""Places of true elements, counts, repeats, searches and distinct elements: one routine each, on contiguous memory."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import NATIVE, Expression, item, k, plus, product, times
from theon.schedule.gather import checked_index
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.order import sorted_lines, take_along
from theon.schedule.reduce import reduce_into
from theon.schedule.sizes import most
from theon.schedule.step import NativeCall

__all__: list[str] = []


def _as_dtype(low: Lowering, variable: Variable, dtype: str) -> int:
    """A variable in contiguous memory, cast."""
    return low.as_dense(low.as_dtype(variable, dtype))


def _reshaped(low: Lowering, number: int, *sizes: Scalar) -> int:
    """Contiguous memory under other sizes."""
    strides: list[Scalar] = []
    step = const(item(low.tensors[number].dtype))
    for n in reversed(sizes):
        strides.insert(0, step)
        step = times(step, n)
    return low.view(number, sizes, strides, low.offset_of(number))


def _around(sizes: tuple[Scalar, ...], axis: int | None) -> tuple[Scalar, Scalar, Scalar]:
    """How much lies before an axis, along it and behind it; without an axis everything is in one line."""
    if axis is None:
        return const(1), product(sizes), const(1)
    d = axis % len(sizes)
    return product(sizes[:d]), sizes[d], product(sizes[d + 1 :])


def _total(low: Lowering, number: int, op: str) -> Scalar:
    """A number that is computed of all elements of a tensor of int64 or bool."""
    t, sizes = low.tensors[number], low.sizes_of(number)
    value = k.cast(make("load", t.dtype, (), 0), INDEX)
    cell = low.fresh(None, INDEX, ())
    found = Expression(value, [(number, low.strides_of(number))], sizes)
    reduce_into(low, cell, found, tuple(range(len(sizes))), op, INDEX)
    return make("elem", INDEX, (), cell)


def _call(low: Lowering, name: str, inputs: tuple[int, ...], output: int, *attrs: Any) -> None:
    low.steps.append(NativeCall(name, inputs, (output,), (), attrs, 0))


def _native(*variables: Variable) -> None:
    if any(v.type.dtype not in NATIVE for v in variables):  # type: ignore[attr-defined]
        raise Unsupported("complex numbers")


def _places(low: Lowering, mask: Variable, outputs: list[Variable]) -> None:
    found = low.as_expression(mask)
    if mask.type.dtype == "bool" and not found.constant and found.value.op == "load":  # type: ignore[attr-defined]
        number = low.as_tensor(mask)
    else:
        number = low.fresh(None, BOOL, found.sizes)
        low.fill(number, Expression(k.cast(found.value, BOOL), found.operands, found.sizes))
    count = _total(low, number, "add")
    rows = low.fresh(None, INDEX, (const(len(outputs)), count))
    _call(low, "nonzero", (number,), rows, len(outputs))
    step = low.strides_of(rows)
    for d, out in enumerate(outputs):
        low.memory[out] = low.view(rows, (count,), (step[1],), plus(low.offset_of(rows), times(const(d), step[0])))


@lowers("Nonzero")
def nonzero(low: Lowering, node: Apply) -> None:
    """A vector of places for each dimension."""
    _places(low, node.inputs[0], node.outputs)


@lowers("MaskPositions")
def mask_positions(low: Lowering, node: Apply) -> None:
    """The same, of a mask that must have the sizes of what it selects from."""
    mask, x = node.inputs
    op: Any = node.op
    for n, m in zip(low.sizes_of_variable(mask), low.sizes_of_variable(x)[op.first :]):
        low.same(n, m)
    _places(low, mask, node.outputs)


@lowers("Bincount")
def bincount(low: Lowering, node: Apply) -> None:
    """Numbers below 0 are left to the reference to refuse."""
    x, least, *weights = node.inputs
    (out,) = node.outputs
    _native(*node.inputs, out)
    if x.type.ndim != 1 or any(w.type.ndim != 1 for w in weights):  # type: ignore[attr-defined]
        raise Unsupported("counts of other than vectors")
    numbers = _as_dtype(low, x, INDEX)
    shortest = k.cast(low.as_scalar(least), INDEX)
    low.check(make("ge", BOOL, (shortest, const(0))))
    low.check(make("ge", BOOL, (_total(low, numbers, "min"), const(0))))
    size = most(plus(_total(low, numbers, "max"), const(1)), shortest)
    given = [_as_dtype(low, w, "float64") for w in weights]
    for w in given:
        low.same(low.sizes_of(w)[0], low.sizes_of(numbers)[0])
    dtype = "float64" if weights else INDEX
    exact = out.type.dtype == dtype  # type: ignore[attr-defined]
    number = low.fresh(out if exact else None, dtype, (size,))
    _call(low, "bincount", (numbers, *given), number, bool(weights))
    if exact:
        low.memory[out] = number
    else:
        value = k.cast(make("load", dtype, (), 0), out.type.dtype)  # type: ignore[attr-defined]
        low.pending[out] = Expression(value, [(number, low.strides_of(number))], (size,))


@lowers("RepeatOp")
def repeat(low: Lowering, node: Apply) -> None:
    """Each of a line as often as a vector says; another length than the line's is left to the reference."""
    x, counts = node.inputs
    (out,) = node.outputs
    op: Any = node.op
    if counts.type.ndim != 1 or x.type.ndim == 0:  # type: ignore[attr-defined]
        raise Unsupported("one number of repeats")
    source, often = low.as_dense(low.as_tensor(x)), _as_dtype(low, counts, INDEX)
    sizes = low.sizes_of(source)
    before, n, behind = _around(sizes, op.axis)
    low.same(low.sizes_of(often)[0], n)
    low.check(make("ge", BOOL, (_total(low, often, "min"), const(0))))
    total = _total(low, often, "add")
    d = None if op.axis is None else op.axis % len(sizes)
    wanted = (total,) if d is None else (*sizes[:d], total, *sizes[d + 1 :])
    number = low.fresh(out, x.type.dtype, wanted)  # type: ignore[attr-defined]
    if not low.is_dense(number):
        raise Unsupported("a place that is not contiguous")
    _call(
        low, "repeat", (_reshaped(low, source, before, n, behind), often), _reshaped(low, number, before, total, behind)
    )
    low.memory[out] = number


@lowers("SearchsortedOp")
def searchsorted(low: Lowering, node: Apply) -> None:
    """By halves, for each element."""
    from theon.dtypes import upcast

    x, v, *order = node.inputs
    (out,) = node.outputs
    _native(x, v)
    dtype = upcast(x.type.dtype, v.type.dtype)  # type: ignore[attr-defined]
    line, wanted = _as_dtype(low, x, dtype), _as_dtype(low, v, dtype)
    if order:
        low.same(low.sizes_of_variable(order[0])[0], low.sizes_of(line)[0])
        checked_index(low, order[0], low.sizes_of(line)[0], wrap=False)
        line = take_along(low, None, line, low.as_tensor(order[0]), 0)
    sizes = low.sizes_of(wanted)
    number = low.fresh(out, INDEX, sizes)
    if not low.is_dense(number):
        raise Unsupported("a place that is not contiguous")
    flat = product(sizes)
    op: Any = node.op
    _call(low, "searchsorted", (line, _reshaped(low, wanted, flat)), _reshaped(low, number, flat), op.side)
    low.memory[out] = number


@lowers("Unique")
def unique(low: Lowering, node: Apply) -> None:
    """The elements sorted, then one walk through them; where places are asked for, in the order of the elements."""
    (x,) = node.inputs
    op: Any = node.op
    if op.axis is not None:
        raise Unsupported("distinct parts")
    dense = low.as_dense(low.as_tensor(x))
    n, dtype = product(low.sizes_of(dense)), low.tensors[dense].dtype
    source = _reshaped(low, dense, n)
    order = low.fresh(None, INDEX, (n if op.return_index or op.return_inverse else const(0),))
    if op.return_index or op.return_inverse:
        sorted_lines(low, "argsort", source, order, 0)
        line = take_along(low, None, source, order, 0)
    else:
        line = low.fresh(None, dtype, (n,))
        sorted_lines(low, "sort", source, line, 0)
    # As many as there are elements that differ from the one before; all NaN are one.
    step, start = low.strides_of(line)[0], low.offset_of(line)
    pairs = most(plus(n, const(-1)), const(0))
    views = [low.view(line, (pairs,), (step,), at) for at in (start, plus(start, step))]
    before, here = (make("load", dtype, (), i) for i in range(2))
    differs = k.ne(before, here)
    if dtype.startswith("float"):
        differs = k.and_(differs, k.not_(k.isnan(before)))
    cell = low.fresh(None, INDEX, ())
    given: list[tuple[int, tuple[Scalar | None, ...]]] = [(v, (step,)) for v in views]
    reduce_into(low, cell, Expression(k.cast(differs, INDEX), given, (pairs,)), (0,), "add", INDEX)
    some = make("lt", BOOL, (const(0), n))
    count = plus(make("elem", INDEX, (), cell), make("select", INDEX, (some, const(1), const(0))))
    asked = (op.return_index, op.return_inverse, op.return_counts)
    results, rest = [low.fresh(node.outputs[0], dtype, (count,))], iter(node.outputs[1:])
    low.memory[node.outputs[0]] = results[0]
    for flag, size in zip(asked, (count, n, count)):
        out = next(rest) if flag else None
        results.append(low.fresh(out, INDEX, (size if flag else const(0),)))
        if out is not None:
            low.memory[out] = results[-1]
    if not all(map(low.is_dense, results)):
        raise Unsupported("a place that is not contiguous")
    low.steps.append(NativeCall("unique", (line, order), tuple(results), (), asked, 0))
