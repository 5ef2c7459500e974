"""Parts of arrays by basic indices, arrays changed in part, arrays of one value, arrays side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.ops.shape import get_scalar_constant_value
from theon.schedule.expression import HELD, Expression, k, plus, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import known_axis
from theon.schedule.updates import overwritten, unchanged

__all__ = ["is_reversal", "last", "matches", "region"]


@lowers("Subtensor")
def subtensor(low: Lowering, node: Apply) -> None:
    """A view; of sizes, one of them or some; of an expression, where parts tile it, an expression."""
    x, *numbers = node.inputs
    (out,) = node.outputs
    entries = node.op.idx_list  # type: ignore[attr-defined]
    parts = low.as_vector(x) if x.type.ndim == 1 else None  # type: ignore[attr-defined]
    if parts is not None and x not in low.memory and len(entries) == 1:
        if not isinstance(entries[0], slice):
            i = low.as_scalar(numbers[0])
            if i.op == "const" and -len(parts) <= i.attr < len(parts):
                low.scalar[out] = parts[i.attr]
                return
        else:
            bounds = iter([low.as_scalar(v) for v in numbers])
            given = [None if p is None else next(bounds) for p in (entries[0].start, entries[0].stop, entries[0].step)]
            if all(g is None or g.op == "const" for g in given):
                low.vector[out] = parts[slice(*(None if g is None else g.attr for g in given))]
                return
    if x in low.pending and x not in low.memory and _cut(low, x, node):
        return
    low.memory[out] = region(low, low.as_tensor(x), entries, numbers)


def _cut(low: Lowering, x: Variable, node: Apply) -> bool:
    """Make part of an expression an expression, where all that read it are parts side by side: nothing is computed twice."""
    found = low.pending[x]
    readers = [client for client, _ in low.fgraph.clients(x)]
    if found.costly or found.size > 12 or not all(_is_part(client) for client in readers):
        return False
    parts = sorted(_bounds(client) for client in readers)
    if any(a[0] != b[0] or a[2] > b[1] for a, b in pairwise(parts)):
        return False
    (out,) = node.outputs
    zero = const(0)
    operands: list[tuple[int, tuple[Scalar | None, ...]]] = []
    sizes = found.sizes
    for number, strides in found.operands:
        t = low.tensors[number]
        given = tuple(zero if s is None else s for s in strides)
        whole = low.tensor(t.buffer, t.dtype, len(strides), found.sizes, given, low.offset_of(number))
        part = region(low, whole, node.op.idx_list, node.inputs[1:])  # type: ignore[attr-defined]
        sizes = low.sizes_of(part)
        operands.append((part, tuple(None if s is None else n for s, n in zip(strides, low.strides_of(part)))))
    if not operands:
        return False
    low.pending[out] = Expression(found.value, operands, sizes)
    return True


def region(low: Lowering, number: int, entries: Sequence[Any], numbers: Sequence[Variable]) -> int:
    """The view of a tensor that a basic index selects."""
    if number in low.forward and is_reversal(entries, numbers):
        return low.forward[number]
    rest = iter(numbers)
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    offset = low.offset_of(number)
    new_sizes, new_strides = [], []

    def value() -> Scalar:
        return k.cast(low.as_scalar(next(rest)), INDEX)

    for d, entry in enumerate(entries):
        n = sizes[d]
        if not isinstance(entry, slice):
            i = value()
            if i.op == "const":
                place = i if i.attr >= 0 else plus(n, i)
                low.check(make("lt", BOOL, (i, n)) if i.attr >= 0 else make("ge", BOOL, (n, const(-i.attr))))
            else:
                place = make("select", INDEX, (make("lt", BOOL, (i, const(0))), plus(i, n), i))
                low.check(make("and", BOOL, (make("ge", BOOL, (place, const(0))), make("lt", BOOL, (place, n)))))
            offset = plus(offset, times(place, strides[d]))
            continue
        start = None if entry.start is None else value()
        stop = None if entry.stop is None else value()
        step = None if entry.step is None else value()
        if step is not None and (step.op != "const" or step.attr == 0):
            first, length, by_step = _stepped(low, n, start, stop, step)
            offset = plus(offset, times(first, strides[d]))
            new_sizes.append(length)
            new_strides.append(times(by_step, strides[d]))
            continue
        by = 1 if step is None else step.attr
        if by == -1 and start is None and stop is None:
            last = make("max", INDEX, (plus(n, const(-1)), const(0)))
            offset = plus(offset, times(last, strides[d]))
            new_sizes.append(n)
            new_strides.append(times(const(-1), strides[d]))
            continue
        if by < 0:
            first = plus(n, const(-1)) if start is None else _clamped(start, n, 1)
            end = const(-1) if stop is None else _clamped(stop, n, 1)
            length = _counted(make("sub", INDEX, (first, end)), -by)
            # Where nothing is selected the first place may lie before the array.
            offset = plus(offset, times(make("max", INDEX, (first, const(0))), strides[d]))
            new_sizes.append(length)
            new_strides.append(times(const(by), strides[d]))
            continue
        if by > 1:
            first = const(0) if start is None else _clamped(start, n)
            end = n if stop is None else _clamped(stop, n)
            offset = plus(offset, times(first, strides[d]))
            span = end if start is None else make("sub", INDEX, (end, first))
            new_sizes.append(_counted(span, by))
            new_strides.append(times(const(by), strides[d]))
            continue
        first = const(0) if start is None else _clamped(start, n)
        end = n if stop is None else _clamped(stop, n)
        length = (
            n if start is None and stop is None else make("max", INDEX, (make("sub", INDEX, (end, first)), const(0)))
        )
        offset = plus(offset, times(first, strides[d]))
        new_sizes.append(length)
        new_strides.append(strides[d])
    new_sizes += sizes[len(entries) :]
    new_strides += strides[len(entries) :]
    return low.view(number, new_sizes, new_strides, offset)


def _stepped(
    low: Lowering, n: Scalar, start: Scalar | None, stop: Scalar | None, step: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """The first place, the length and the step of a slice whose step, which may be negative, is only known when it runs."""
    low.check(make("ne", BOOL, (step, const(0))))
    # A step beyond the array reaches the first place only, as a shorter one does; products with it stay within bounds.
    most = plus(n, const(1))
    step = make("min", INDEX, (make("max", INDEX, (step, times(const(-1), most))), most))
    down = make("lt", BOOL, (step, const(0)))

    def either(a: Scalar, b: Scalar) -> Scalar:
        return make("select", INDEX, (down, a, b))

    last = plus(n, const(-1))
    first = either(last, const(0)) if start is None else either(_clamped(start, n, 1), _clamped(start, n))
    end = either(const(-1), n) if stop is None else either(_clamped(stop, n, 1), _clamped(stop, n))
    span = either(make("sub", INDEX, (first, end)), make("sub", INDEX, (end, first)))
    size = make("max", INDEX, (make("abs", INDEX, (step,)), const(1)))
    count = make("floordiv", INDEX, (plus(span, plus(size, const(-1))), size))
    return make("max", INDEX, (first, const(0))), make("max", INDEX, (count, const(0))), step


def _counted(span: Scalar, by: int) -> Scalar:
    """How many steps of ``by`` start within ``span``."""
    if by == 1:
        return make("max", INDEX, (span, const(0)))
    return make("max", INDEX, (make("floordiv", INDEX, (plus(span, const(by - 1)), const(by))), const(0)))


def _clamped(i: Scalar, n: Scalar, shift: int = 0) -> Scalar:
    """A slice bound by Python's rules: negative ones count from the end, all end up in [0, n].

    With a ``shift`` of 1, as for negative steps, in [-1, n - 1].
    """
    if shift:
        moved = (
            make("select", INDEX, (make("lt", BOOL, (i, const(0))), plus(i, n), i))
            if i.op != "const"
            else (i if i.attr >= 0 else plus(n, i))
        )
        return make("min", INDEX, (make("max", INDEX, (moved, const(-1))), plus(n, const(-1))))
    if i.op == "const":
        moved = i if i.attr >= 0 else make("max", INDEX, (plus(n, i), const(0)))
    else:
        moved = make("select", INDEX, (make("lt", BOOL, (i, const(0))), make("max", INDEX, (plus(i, n), const(0))), i))
    return make("min", INDEX, (moved, n))


def is_reversal(entries: Sequence[Any], numbers: Sequence[Variable]) -> bool:
    """Whether a basic index takes the rows from the last to the first."""
    if len(entries) != 1 or not isinstance(entries[0], slice) or len(numbers) != 1:
        return False
    (step,) = numbers
    whole = entries[0].start is None and entries[0].stop is None and entries[0].step is not None
    return whole and isinstance(step, Constant) and int(step.data) == -1


def _is_part(node: Any) -> bool:
    """Whether a node takes a range, known as constants, along one axis of its input."""
    if node == "output" or type(node.op).__name__ != "Subtensor" or len(node.inputs) > 3:
        return False
    if not all(isinstance(v, Constant) and int(v.data) >= 0 for v in node.inputs[1:]):
        return False
    entries = node.op.idx_list
    if not all(isinstance(e, slice) and e.step is None for e in entries):
        return False
    cut = [e for e in entries if e.start is not None or e.stop is not None]
    return len(cut) == 1 and cut[0].stop is not None


def _bounds(node: Apply) -> tuple[int, int, int]:
    """The axis, the start and the stop of a part."""
    entries = node.op.idx_list  # type: ignore[attr-defined]
    axis = next(d for d, e in enumerate(entries) if e.start is not None or e.stop is not None)
    values = [int(v.data) for v in node.inputs[1:]]  # type: ignore[attr-defined]
    return (axis, values[0], values[1]) if len(values) == 2 else (axis, 0, values[0])


@lowers("IncSubtensor")
def inc_subtensor(low: Lowering, node: Apply) -> None:
    """A copy with part of it replaced or added to; in place where that is an update of a shared variable."""
    x, y, *numbers = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if y.type.dtype not in HELD:  # type: ignore[attr-defined]
        raise Unsupported("dtype")
    own = overwritten(low, node)
    source = low.as_expression(x)
    value = low.as_expression(y)
    if own is not None and not unchanged(low, [n for n, _ in value.operands]):
        low.as_tensor(y)
        value = low.as_expression(y)
        own = own if unchanged(low, [n for n, _ in value.operands]) else None
    number = low.fresh(out, dtype, source.sizes) if own is None else own[1]
    place = region(low, number, node.op.idx_list, numbers)  # type: ignore[attr-defined]
    sizes = low.sizes_of(place)
    matches(low, value, y, sizes)
    if own is None:
        low.fill(number, source)
        low.memory[out] = number
    result = k.cast(value.value, dtype)
    operands = list(value.operands)
    missing = len(sizes) - len(value.sizes)
    operands = [(n, (*(None,) * missing, *s)) for n, s in operands]
    if not node.op.set_instead_of_inc:  # type: ignore[attr-defined]
        old = make("load", dtype, (), len(operands))
        operands.append((place, low.strides_of(place)))
        result = k.add(old, result)
    with last(low, own):
        low.fill(place, Expression(result, operands, sizes))


@contextmanager
def last(low: Lowering, own: tuple[int, int] | None) -> Iterator[None]:
    """Where ``own`` is given (see ``updates.overwritten``), keep the steps added meanwhile for the program's end."""
    if own is None:
        yield
        return
    outer, low.steps = low.steps, []
    try:
        yield
    finally:
        low.last_steps[own] = low.steps
        low.steps = outer


def matches(low: Lowering, value: Expression, variable: Variable, sizes: Sequence[Scalar]) -> None:
    """The sizes of a value that is put into a region must be the region's, or known to be 1."""
    missing = len(sizes) - len(value.sizes)
    for d, n in enumerate(value.sizes):
        if not variable.type.broadcastable[d]:  # type: ignore[attr-defined]
            low.same(n, sizes[missing + d])


@lowers("Alloc")
def alloc(low: Lowering, node: Apply) -> None:
    """An expression: what is spread is read again for each element."""
    value, *sizes = node.inputs
    (out,) = node.outputs
    lengths = []
    for v, flag in zip(sizes, out.type.broadcastable):  # type: ignore[attr-defined]
        n = const(1) if flag else k.cast(low.as_scalar(v), INDEX)
        low.check(make("ge", BOOL, (n, const(0))))
        lengths.append(n)
    found = low.as_expression(value)
    matches(low, found, value, lengths)
    missing = len(lengths) - len(found.sizes)
    low.pending[out] = Expression(
        found.value, [(n, (*(None,) * missing, *s)) for n, s in found.operands], tuple(lengths)
    )


@lowers("Join")
def join(low: Lowering, node: Apply) -> None:
    """Each part is computed where it belongs."""
    axis, *parts = node.inputs
    (out,) = node.outputs
    found = [low.as_expression(p) for p in parts]
    try:
        along = int(get_scalar_constant_value(axis)) % out.type.ndim  # type: ignore[attr-defined]
    except NotScalarConstantError:
        _join_along(low, out, axis, found)
        return
    sizes = list(found[0].sizes)
    for f in found[1:]:
        for d in range(len(sizes)):
            if d == along:
                sizes[d] = plus(sizes[d], f.sizes[d])
            else:
                low.same(found[0].sizes[d], f.sizes[d])
    number = low.fresh(out, out.type.dtype, tuple(sizes))  # type: ignore[attr-defined]
    strides = low.strides_of(number)
    offset = low.offset_of(number)
    for f in found:
        part = low.view(number, f.sizes, strides, offset)
        low.parts[part] = number
        low.fill(part, f)
        offset = plus(offset, times(f.sizes[along], strides[along]))
    low.memory[out] = number


def _join_along(low: Lowering, out: Variable, axis: Variable, found: list[Expression]) -> None:
    """Join along a dimension that only the call knows."""
    ndim: int = out.type.ndim  # type: ignore[attr-defined]
    along, here = known_axis(low, axis, ndim)
    sizes = list(found[0].sizes)
    for f in found[1:]:
        for d in range(ndim):
            low.check(make("or", BOOL, (here[d], make("eq", BOOL, (found[0].sizes[d], f.sizes[d])))))
            sizes[d] = plus(sizes[d], make("select", INDEX, (here[d], f.sizes[d], const(0))))
    number = low.fresh(out, out.type.dtype, tuple(sizes))  # type: ignore[attr-defined]
    strides, offset = low.strides_of(number), low.offset_of(number)
    for f in found:
        low.fill(low.view(number, f.sizes, strides, offset), f)
        offset = plus(offset, times(along(f.sizes), along(strides)))
    low.memory[out] = number
