"""Draws from MRG streams: inside the kernel that reads them where one can, else as a routine that writes them to memory.

A draw is an expression that reads memory which is there in name only. The kernel that computes such an expression draws it a
piece at a time. Anything else that reads the memory, or the streams' new states, has it written first; and since the old states
stay until the program's last steps, the same draws can be made again. What several readers derive from a draw alone, such as
the mask of a dropout, the first of them also stores: as bytes where it is a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Kernel, Operand, Pass, Store
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, item, k, loads_of, product, renumbered
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements
from theon.schedule.step import Draw, KernelStep, NativeCall

__all__ = ["Stream", "derives", "filled", "forgotten", "written"]

_MOST_AXES, _MOST_OPERANDS = 8, 24
Operands = Sequence[tuple[int, tuple[Scalar | None, ...]]]


@dataclass(frozen=True)
class Stream:
    """A draw: tensors of what is drawn, of the states before and of those after."""

    drawn: int
    state: int
    new: int


@lowers("mrg_uniform")
def uniform(low: Lowering, node: Apply) -> None:
    """New states into memory of the program; draws that are an expression where their states outlive what reads them."""
    op: Any = node.op
    rstate, size = node.inputs
    new, out = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if op.inplace or dtype not in ("float16", "float32", "float64") or rstate.type.dtype != "int32":  # type: ignore[attr-defined]
        raise Unsupported("states that are overwritten")
    # Halves are made of the numbers that float64 shows whole.
    kind = "float64" if dtype == "float16" else dtype
    ndim = out.type.ndim  # type: ignore[attr-defined]
    sizes: list[Scalar] = []
    for n, flag in zip(elements(low, size, ndim, exact=True), out.type.broadcastable):  # type: ignore[attr-defined]
        if flag:
            low.same(n, const(1))
        low.check(make("ge", BOOL, (n, const(0))))
        sizes.append(n)
    state = low.as_tensor(rstate)
    # A loop whose states only this draw reads moves them on where they are.
    alone = low.becomes.get(new) == state and low.fgraph.clients(rstate) == [(node, 0)]
    streams, words = low.sizes_of(state)
    low.same(words, const(6))
    low.check(make("ge", BOOL, (streams, const(1))))
    after = state if alone else low.fresh(None, "int32", (streams, words))
    if alone:
        low.memory[new] = state
    else:
        low.pending[new] = _whole(low, after, "int32")
    lasting = low.buffers[low.tensors[state].buffer].kind in ("input", "shared") and low.fgraph is low.outermost
    drawn = low.fresh(None if lasting or dtype != kind else out, kind, tuple(sizes))
    stream = Stream(drawn, state, after)
    found = _whole(low, drawn, kind)
    if dtype == "float16":
        found = Expression(_half(found.value), found.operands, found.sizes)
    if lasting:
        low.pending[out] = found
        low.draws |= {low.tensors[number].buffer: stream for number in (drawn, after)}
        return
    _call(low, stream, drawn)
    if dtype == kind:
        low.memory[out] = drawn
    else:
        low.pending[out] = found


def _half(x: Scalar) -> Scalar:
    """Theano's draw of half precision, of 15 bits of the number, in (0, 1)."""
    whole = k.cast(k.mul(x, const(2.0**31, "float64")), INDEX)
    bits = k.cast(k.add(k.and_(whole, const(0x7FFF)), const(1)), "float32")
    return k.cast(k.mul(bits, const(511 * 2.0**-24, "float32")), "float16")


def _whole(low: Lowering, number: int, dtype: str) -> Expression:
    return Expression(make("load", dtype, (), 0), [(number, low.strides_of(number))], low.sizes_of(number))


def _call(low: Lowering, stream: Stream, target: int) -> None:
    """Write the draws to a contiguous tensor, and the new states to theirs."""
    if not low.is_dense(target):
        raise Unsupported("a place for the draws that is not contiguous")
    t = low.tensors[target]
    flat = low.view(target, (product(low.sizes_of(target)),), (const(item(t.dtype)),), low.offset_of(target))
    low.steps.append(NativeCall("uniform", (stream.state,), (stream.new, flat), (), (t.dtype,), 0))


def written(low: Lowering, numbers: Iterable[int]) -> None:
    """Write the draws that lie in memory of these tensors, and the states, before a step reads them."""
    for number in numbers:
        stream = low.draws.get(low.tensors[number].buffer)
        if stream is not None:
            _call(low, stream, stream.drawn)
            for each in (stream.drawn, stream.new):
                low.draws.pop(low.tensors[each].buffer, None)


def _drawn(low: Lowering, operands: Operands) -> list[Stream]:
    """The draws that operands are, whole and as they are drawn."""
    found = (low.draws.get(low.tensors[number].buffer) for number, _ in operands)
    return list(dict.fromkeys(s for (n, _), s in zip(operands, found) if s is not None and s.drawn == n))


def derives(low: Lowering, variable: Variable, found: Expression) -> None:
    """Note a value that several read and that comes of one draw alone: the first kernel that draws it stores it."""
    streams = _drawn(low, found.operands) if len(found.operands) == 1 else []
    if streams and len(low.fgraph.clients(variable)) > 1:
        low.derived.setdefault(streams[0].drawn, {})[variable] = found


def filled(low: Lowering, number: int, found: Expression) -> bool:
    """Compute an expression that reads a draw into a tensor, if that can be done while drawing."""
    streams = _drawn(low, found.operands)
    sizes = low.sizes_of(number)
    if len(streams) != 1 or found.positional or not 0 < len(sizes) <= _MOST_AXES or len(found.sizes) != len(sizes):
        return False
    (stream,) = streams
    place = next(i for i, (n, _) in enumerate(found.operands) if n == stream.drawn)
    strides = found.operands[place][1]
    spread = any(s is None and not (n.op == "const" and n.attr == 1) for s, n in zip(strides, sizes))
    if (
        spread
        or len(found.operands) > _MOST_OPERANDS - 4
        or any(n == stream.drawn for n, _ in found.operands[place + 1 :])
    ):
        return False
    known = _from_memory(low, stream, place, found)
    if known is not None:
        low.fill(number, known)
        return True
    if found.value.op == "load" and low.is_dense(number):
        _call(low, stream, number)
    else:
        _kernel(low, stream, place, number, found)
    # The states are there now; the draws are not.
    low.draws.pop(low.tensors[stream.new].buffer, None)
    return True


def _kernel(low: Lowering, stream: Stream, place: int, number: int, found: Expression) -> None:
    sizes = low.sizes_of(number)
    targets = [(number, found.value)]
    for variable, own in low.derived.get(stream.drawn, {}).items():
        value = own.value.args[0] if own.value.op == "cast" and own.value.args[0].dtype == BOOL else own.value
        here = renumbered(value, [place])
        if low.pending.get(variable) is own and _holds(found.value, here):
            kept = low.fresh(None, value.dtype, sizes)
            low.stored[stream.drawn] = (*low.stored.get(stream.drawn, ()), (value, kept))
            targets.append((kept, here))
            load = k.cast(make("load", value.dtype, (), 0), own.value.dtype)
            low.pending[variable] = Expression(load, [(kept, low.strides_of(kept))], sizes)
    operands: list[Operand] = []
    given: list[tuple[int, tuple[Scalar, ...]]] = []
    kinds = ["drawn" if i == place else "read" for i in range(len(found.operands))]
    for (n, strides), kind in [
        *zip(found.operands, kinds),
        *(((n, tuple(low.strides_of(n))), "write") for n, _ in targets),
    ]:
        axes = tuple(d for d, s in enumerate(strides) if s is not None)
        operands.append(Operand(low.tensors[n].dtype, axes, kind))
        given.append((n, tuple(s for s in strides if s is not None)))
    written(low, [n for i, (n, _) in enumerate(found.operands) if i != place])
    stores = tuple(Store(len(kinds) + i, value) for i, (_, value) in enumerate(targets))
    kernel = Kernel(len(sizes), (), tuple(operands), (Pass(tuple(range(len(sizes))), (), stores),))
    low.steps.append(KernelStep(kernel, sizes, tuple(given), 0, Draw(place, stream.state, stream.new)))


def _from_memory(low: Lowering, stream: Stream, place: int, found: Expression) -> Expression | None:
    """The expression over what an earlier kernel stored of the same draw, if it reads the draw in no other way."""
    value, operands = found.value, list(found.operands)
    for part, kept in low.stored.get(stream.drawn, ()):
        value = _exchanged(value, renumbered(part, [place]), make("load", part.dtype, (), len(operands)))
        operands.append((kept, tuple(low.strides_of(kept))))
    used = sorted(loads_of(value))
    if place in used:
        return None
    numbers = [used.index(i) if i in used else -1 for i in range(len(operands))]
    return Expression(renumbered(value, numbers), [operands[i] for i in used], found.sizes)


def _exchanged(root: Scalar, old: Scalar, new: Scalar) -> Scalar:
    """``root`` with ``new`` where it had ``old``."""
    done: dict[Scalar, Scalar] = {old: new}
    stack = [root]
    while stack:
        x = stack[-1]
        waiting = [a for a in x.args if a not in done] if x not in done else []
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if x not in done:
            done[x] = make(x.op, x.dtype, tuple(done[a] for a in x.args), x.attr) if x.args else x
    return done[root]


def _holds(root: Scalar, part: Scalar) -> bool:
    stack, seen = [root], set()
    while stack:
        x = stack.pop()
        if x is part:
            return True
        if x not in seen:
            seen.add(x)
            stack.extend(x.args)
    return False


def forgotten(low: Lowering) -> None:
    """Give no memory to draws that were never written."""
    for buffer, stream in low.draws.items():
        if low.tensors[stream.drawn].buffer == buffer:
            low.buffers[buffer] = replace(low.buffers[buffer], nbytes=const(0))
