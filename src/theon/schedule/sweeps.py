"""Kernels of a loop's step that sweep the same positions become one, which computes each value once and keeps it in registers.

A kernel moves up to an earlier one where nothing in between touches what it reads and writes. What both read is loaded once;
what the earlier one stores, the later one does not load. Conditions on sizes move to the start of the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from theon.kernel.loops import Kernel, Operand, Pass, Store
from theon.kernel.scalar import Scalar, make
from theon.schedule.lower import Lowering
from theon.schedule.step import Check, HostScalar, KernelStep, NativeCall, Step

__all__ = ["Joiner", "is_sweep", "joined"]

_MOST_OPERANDS, _MOST_STORES = 24, 12
Place = tuple[object, ...]


def joined(low: Lowering, steps: Sequence[Step], equal: Iterable[tuple[Scalar, Scalar]]) -> tuple[Step, ...]:
    """Return ``steps`` with kernels joined; ``equal``: pairs of sizes that are known to be equal when they run."""
    return Joiner(low, equal).run(steps)


@dataclass
class _Group:
    """Kernels that run as one, with what later steps read and write."""

    members: list[KernelStep]
    reads_later: set[int] = field(default_factory=set)
    writes_later: set[int] = field(default_factory=set)
    open: bool = True


class Joiner:
    """What steps read and write, and which kernels among them become one."""

    def __init__(self, low: Lowering, equal: Iterable[tuple[Scalar, Scalar]]) -> None:
        self.low = low
        self.parent: dict[Scalar, Scalar] = {}
        for a, b in equal:
            self.unite(a, b)

    def run(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        written: set[int] = set()
        for step in steps:
            if not isinstance(step, Check | HostScalar | KernelStep | NativeCall):
                return tuple(steps)  # loops in loops, branches and Python steps stay as they are
            written |= self.touched(step)[1]
        front = [step for step in steps if isinstance(step, Check) and self.is_early(step, written)]
        for step in front:
            if step.condition.op == "eq":
                self.unite(*step.condition.args)
        done: list[_Group | Step] = []
        for step in steps:
            if isinstance(step, Check) and self.is_early(step, written):
                continue
            if isinstance(step, KernelStep) and is_sweep(step.kernel):
                group = self.home(step, done)
                if group is None:
                    done.append(_Group([step]))
                else:
                    group.members.append(step)
                self.note(step, done[: done.index(group)] if group is not None else done[:-1])
                continue
            done.append(step)
            self.note(step, done[:-1], barrier=isinstance(step, Check))
        found: list[Step] = list(front)
        for entry in done:
            if isinstance(entry, _Group):
                found.append(self.one(entry.members) if len(entry.members) > 1 else entry.members[0])
            else:
                found.append(entry)
        return tuple(found)

    # --- what may move ---

    def is_early(self, step: Check, written: set[int]) -> bool:
        """Whether a condition can be asked at the start of the loop's step."""
        return step.error == 0 and not step.shown and not self.leaves([step.condition]) & written

    def unite(self, a: Scalar, b: Scalar) -> None:
        a, b = self.root(a), self.root(b)
        if a is not b:
            self.parent[a] = b

    def root(self, a: Scalar) -> Scalar:
        while a in self.parent:
            a = self.parent[a]
        return a

    def buffer(self, number: int) -> int:
        return self.low.tensors[number].buffer

    def leaves(self, values: Iterable[Scalar]) -> set[int]:
        """The buffers whose contents, or sizes known only when they are there, numbers depend on."""
        low = self.low
        found: set[int] = set()
        stack, seen = list(values), set()
        while stack:
            x = stack.pop()
            if x in seen:
                continue
            seen.add(x)
            stack.extend(x.args)
            if x.op == "elem":
                t = low.tensors[x.attr]
                found.add(t.buffer)
                if t.offset is not None:
                    stack.append(t.offset)
            elif x.op in ("dim", "stride"):
                number, d = x.attr
                t = low.tensors[number]
                known = t.sizes if x.op == "dim" else t.strides
                if known is not None:
                    stack.append(known[d])
                elif low.buffers[t.buffer].kind == "python":
                    found.add(t.buffer)
        return found

    def touched(self, step: Step) -> tuple[set[int], set[int]]:
        """The buffers that a step reads and those that it writes."""
        low = self.low
        if isinstance(step, Check):
            return self.leaves([step.condition, *step.shown]), set()
        if isinstance(step, HostScalar):
            return self.leaves([step.value]) | self.where([step.output]), {self.buffer(step.output)}
        if isinstance(step, NativeCall):
            numbers = [*step.inputs, *step.outputs]
            reads = {self.buffer(n) for n in numbers} | self.where(numbers) | self.leaves(step.scalars)
            return reads, {self.buffer(n) for n in step.outputs}
        assert isinstance(step, KernelStep)
        reads, writes = self.leaves(step.extents), set[int]()
        if step.draw is not None:
            reads |= {self.buffer(step.draw.state)} | self.where([step.draw.state])
            writes.add(self.buffer(step.draw.new))
        for operand, given in zip(step.kernel.operands, step.operands):
            if given is None:
                continue
            number, strides = given
            reads |= self.where([number]) | self.leaves(strides)
            (reads if operand.kind == "read" else writes).add(low.tensors[number].buffer)
            if operand.kind == "update":
                reads.add(low.tensors[number].buffer)
        return reads, writes

    def where(self, numbers: Iterable[int]) -> set[int]:
        """What the places of tensors depend on, and how much memory they are in."""
        low, found = self.low, []
        for n in numbers:
            t = low.tensors[n]
            found += [t.offset, low.buffers[t.buffer].nbytes]
        return self.leaves([x for x in found if x is not None])

    def note(self, step: Step, before: Sequence[_Group | Step], barrier: bool = False) -> None:
        """Remember for the groups before a step what it touches."""
        reads, writes = self.touched(step)
        for entry in before:
            if isinstance(entry, _Group):
                entry.reads_later |= reads
                entry.writes_later |= writes
                entry.open = entry.open and not barrier

    def home(self, step: KernelStep, done: Sequence[_Group | Step]) -> _Group | None:
        """The latest group that a kernel may join."""
        reads, writes = self.touched(step)
        for entry in reversed(done):
            if not isinstance(entry, _Group) or not entry.open:
                continue
            if (reads | writes) & entry.writes_later or writes & entry.reads_later:
                continue
            if self.fits(step, entry):
                return entry
        return None

    def fits(self, step: KernelStep, group: _Group) -> bool:
        first = group.members[0]
        if len(step.extents) != len(first.extents):
            return False
        if any(self.root(a) is not self.root(b) for a, b in zip(step.extents, first.extents)):
            return False
        operands = [o for s in (*group.members, step) for o in self.operands(s)]
        if len(operands) > _MOST_OPERANDS or sum(kind == "write" for _, kind in operands) > _MOST_STORES:
            return False
        mine = self.operands(step)
        for place, kind in [o for s in group.members for o in self.operands(s)]:
            for other, other_kind in mine:
                if "write" in (kind, other_kind) and place[0] == other[0] and place != other:
                    if not self.separate(place, other):
                        return False
        written = [place for s in group.members for place, kind in self.operands(s) if kind == "write"]
        return not any(kind == "write" and place in written for place, kind in mine)

    def separate(self, a: Place, b: Place) -> bool:
        """Whether two places are parts of one array that were cut from it side by side."""
        parts = self.low.parts
        return a[-1] != b[-1] and a[-1] in parts and b[-1] in parts and parts[a[-1]] == parts[b[-1]]

    def operands(self, step: KernelStep) -> list[tuple[Place, str]]:
        """Each operand as a place (equal where every element is the same one) and what is done there."""
        found: list[tuple[Place, str]] = []
        for operand, given in zip(step.kernel.operands, step.operands):
            assert given is not None
            number, strides = given
            t = self.low.tensors[number]
            along: list[Scalar | None] = [None] * step.kernel.naxes
            for axis, s in zip(operand.axes, strides):
                along[axis] = s
            part = number if number in self.low.parts else None
            found.append(((t.buffer, t.offset, t.dtype, tuple(along), part), operand.kind))
        return found

    # --- one kernel ---

    def one(self, members: Sequence[KernelStep]) -> KernelStep:
        first = members[0]
        operands: list[Operand] = []
        given: list[tuple[int, tuple[Scalar, ...]] | None] = []
        slots: dict[Place, int] = {}
        values: dict[Place, Scalar] = {}  # what has been stored, by place
        stores: list[tuple[Place, Scalar]] = []
        where: dict[Place, tuple[Operand, tuple[int, tuple[Scalar, ...]] | None]] = {}
        for step in members:
            here = self.operands(step)
            loads: dict[int, Scalar] = {}
            for number, ((place, kind), operand, one) in enumerate(zip(here, step.kernel.operands, step.operands)):
                if kind != "read":
                    continue
                if place in values:
                    loads[number] = values[place]
                    continue
                if place not in slots:
                    slots[place] = len(operands)
                    operands.append(operand)
                    given.append(one)
                loads[number] = make("load", operand.dtype, (), slots[place])
            fresh: list[tuple[Place, Scalar]] = []
            for store in step.kernel.passes[0].stores:
                place = here[store.operand][0]
                fresh.append((place, _replaced(store.value, loads)))
                where[place] = (step.kernel.operands[store.operand], step.operands[store.operand])
            values.update(fresh)
            stores += fresh
        final = []
        for place, value in stores:
            operand, one = where[place]
            final.append(Store(len(operands), value))
            operands.append(operand)
            given.append(one)
        axes = tuple(range(first.kernel.naxes))
        kernel = Kernel(first.kernel.naxes, (), tuple(operands), (Pass(axes, (), tuple(final)),))
        return KernelStep(kernel, first.extents, tuple(given), first.error)


def is_sweep(kernel: Kernel) -> bool:
    """Whether a kernel only stores values, each computed from what is at its position."""
    if kernel.outer or len(kernel.passes) != 1 or not kernel.naxes:
        return False
    (p,) = kernel.passes
    if p.reductions or p.fixed or p.axes != tuple(range(kernel.naxes)):
        return False
    if any(o.kind not in ("read", "write") for o in kernel.operands) or any(s.accumulate for s in p.stores):
        return False
    return not any(_mentions_axes(s.value) for s in p.stores)


def _mentions_axes(value: Scalar) -> bool:
    stack, seen = [value], set()
    while stack:
        x = stack.pop()
        if x.op in ("axis", "extent"):
            return True
        if x not in seen:
            seen.add(x)
            stack.extend(x.args)
    return False


def _replaced(value: Scalar, loads: dict[int, Scalar]) -> Scalar:
    """``value`` with each load replaced."""
    done: dict[Scalar, Scalar] = {}
    stack = [value]
    while stack:
        x = stack[-1]
        if x in done:
            stack.pop()
            continue
        if x.op == "load":
            done[x] = loads[x.attr]
            stack.pop()
            continue
        waiting = [a for a in x.args if a not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        done[x] = make(x.op, x.dtype, tuple(done[a] for a in x.args), x.attr) if x.args else x
    return done[value]
