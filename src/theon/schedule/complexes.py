"""Complex numbers in memory: pairs of floats side by side, so that kernels see two real arrays with strides.

Steps are asked for with complex operands; here they get their parts. What only moves elements sees one real array with a
dimension more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from theon.kernel.build import Unsupported
from theon.kernel.loops import Operand, Pass, Reduction, Store
from theon.kernel.pairs import PART, pair, parts_of
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import Expression, item, k, plus

if TYPE_CHECKING:
    from theon.schedule.lower import Lowering

__all__ = ["as_floats", "copied", "expression", "number", "numbers_of", "part", "split"]

Given = list[tuple[int, tuple[Scalar | None, ...], str]]


def part(low: Lowering, number: int, place: int) -> int:
    """The real (0) or the imaginary (1) parts of a complex tensor, where they are."""
    t = low.tensors[number]
    dtype = PART[t.dtype]
    offset = plus(low.offset_of(number), const(place * item(dtype)))
    found = low.tensor(t.buffer, dtype, t.ndim, low.sizes_of(number), low.strides_of(number), offset)
    low.wholes[found] = number, place
    return found


def as_floats(low: Lowering, number: int) -> int:
    """A complex tensor as a real one, with a last dimension of its two parts."""
    t = low.tensors[number]
    dtype = PART[t.dtype]
    sizes, strides = (*low.sizes_of(number), const(2)), (*low.strides_of(number), const(item(dtype)))
    return low.tensor(t.buffer, dtype, t.ndim + 1, sizes, strides, low.offset_of(number))


def expression(low: Lowering, number: int, along: tuple[Scalar | None, ...]) -> Expression:
    """A complex tensor, whose dimensions have the strides ``along``, as an expression that loads its parts."""
    dtype = PART[low.tensors[number].dtype]
    value = pair(make("load", dtype, (), 0), make("load", dtype, (), 1))
    return Expression(value, [(part(low, number, place), along) for place in (0, 1)], low.sizes_of(number))


def number(low: Lowering, place: int) -> Scalar:
    """The value of a complex tensor without dimensions."""
    dtype = PART[low.tensors[place].dtype]
    return pair(*(make("elem", dtype, (), part(low, place, which)) for which in (0, 1)))


def numbers_of(low: Lowering, value: Scalar, target: int) -> list[tuple[Scalar, int]]:
    """A complex number of the program as two real ones, each with the cell of ``target`` it goes to."""
    if value.op == "elem":
        value = number(low, value.attr)
    return list(zip(parts_of(value), (part(low, target, place) for place in (0, 1))))


def copied(low: Lowering, found: Expression) -> Expression | None:
    """What copies complex numbers as they are, as an expression on floats (see :func:`as_floats`); None if it does more."""
    value = found.value
    if value.op == "load" and value.dtype in PART:
        source, along = found.operands[value.attr]
    elif value.op == "pair" and [x.op for x in value.args] == ["load", "load"]:
        (first, along), (second, other) = (found.operands[x.attr] for x in value.args)
        whole, place = low.wholes.get(first, (0, 1))
        if place or low.wholes.get(second) != (whole, 1) or along != other:
            return None
        source = whole
    else:
        return None
    floats = as_floats(low, source)
    dtype = low.tensors[floats].dtype
    step = const(item(dtype))
    return Expression(make("load", dtype, (), 0), [(floats, (*along, step))], (*found.sizes, const(2)))


def split(low: Lowering, operands: Given, passes: tuple[Pass, ...], scratch: tuple[Operand, ...]) -> tuple[
    Given, tuple[Pass, ...], tuple[Operand, ...]
]:  # fmt: skip
    """A kernel with complex operands as one with their parts."""
    places: list[tuple[int, ...]] = []
    found: Given = []
    for tensor, strides, kind in operands:
        own = [tensor]
        if low.tensors[tensor].dtype in PART:
            own = [part(low, tensor, which) for which in (0, 1)]
        places.append(tuple(range(len(found), len(found) + len(own))))
        found += [(n, strides, kind) for n in own]
    memory: list[Operand] = []
    for o in scratch:
        count = 2 if o.dtype in PART else 1
        start = len(found) + len(memory)
        places.append(tuple(range(start, start + count)))
        memory += [Operand(PART.get(o.dtype, o.dtype), o.axes, o.kind, o.size)] * count
    return found, _Split(places).passes(passes), tuple(memory)


class _Split:
    """Expressions with complex leaves as pairs of real ones; ``places`` says where the parts of each operand are."""

    def __init__(self, places: list[tuple[int, ...]]) -> None:
        self.places = places
        self.results: dict[int, tuple[int, ...]] = {}
        self.done: dict[int, Scalar] = {}

    def passes(self, passes: Sequence[Pass]) -> tuple[Pass, ...]:
        count = 0
        for p in passes:
            for r in p.reductions:
                self.results[r.result] = tuple(range(count, count + (2 if r.dtype in PART else 1)))
                count += len(self.results[r.result])
        return tuple(self.one(p) for p in passes)

    def one(self, p: Pass) -> Pass:
        reductions: list[Reduction] = []
        for r in p.reductions:
            value, numbers = self.value(r.value), self.results[r.result]
            if r.dtype in PART and r.op != "add":
                raise Unsupported(f"{r.op} of complex numbers")
            values = parts_of(value) if r.dtype in PART else (value,)
            reductions += [Reduction(r.op, v, n, PART.get(r.dtype, r.dtype)) for v, n in zip(values, numbers)]
        stores: list[Store] = []
        for s in p.stores:
            value, where = self.value(s.value), self.places[s.operand]
            if len(where) == 2 and s.accumulate not in (None, "add"):
                raise Unsupported(f"{s.accumulate} of complex numbers")
            values = parts_of(value) if len(where) == 2 else (value,)
            stores += [Store(n, v, s.accumulate) for v, n in zip(values, where)]
        return Pass(p.axes, tuple(reductions), tuple(stores), tuple((axis, self.value(at)) for axis, at in p.fixed))

    def value(self, root: Scalar) -> Scalar:
        stack = [root]
        while stack:
            x = stack[-1]
            waiting = [] if id(x) in self.done else [arg for arg in x.args if id(arg) not in self.done]
            if waiting:
                stack.extend(waiting)
            elif id(stack.pop()) not in self.done:
                self.done[id(x)] = self._resolved(x, [self.done[id(arg)] for arg in x.args])
        return self.done[id(root)]

    def _resolved(self, x: Scalar, args: list[Scalar]) -> Scalar:
        if x.op in ("load", "result"):
            numbers = (self.places if x.op == "load" else self.results)[x.attr]
            leaves = [make(x.op, PART.get(x.dtype, x.dtype), (), n) for n in numbers]
            return pair(*leaves) if x.dtype in PART else leaves[0]
        if x.op in ("real", "imag"):
            return parts_of(args[0])[x.op == "imag"]
        if x.dtype not in PART and not any(a.dtype in PART for a in args):
            return make(x.op, x.dtype, tuple(args), x.attr) if args else x
        if x.op == "pair":
            return pair(*args)
        if x.op == "cast":
            return k.cast(args[0], x.dtype)
        if x.op in ("select", "add", "mul"):
            return getattr(k, x.op)(*args)  # type: ignore[no-any-return]
        raise Unsupported(f"{x.op} of complex numbers")
