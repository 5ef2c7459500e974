"""The memory plan: temporaries that are never needed at the same time share their bytes.

A temporary is alive from the first of the program's steps that touches it to the last; a loop or a choice is one step. The
arena has a slot for each that are alive together, as long as its longest. Temporaries share a slot where their sizes
are equal, or are expressions of one form: products of two dimensions, say. Where these differ when the function
runs a slot is longer than some of what it holds, but the arena never is longer than without sharing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from theon.kernel.scalar import Scalar
from theon.schedule.step import (
    Branch,
    Buffer,
    Check,
    HostScalar,
    KernelStep,
    Loop,
    NativeCall,
    PythonCall,
    Step,
    Tensor,
)

__all__ = ["SMALL", "lifetimes", "planned"]

SMALL = 16  # bytes of a temporary that has its place among the function's own variables
_LOOKED_AT = 8  # free slots of one form among which one of equal size is sought


def _is_number(buffer: Buffer) -> bool:
    """Whether a temporary is so small that it has its place outside the arena."""
    return buffer.nbytes is not None and buffer.nbytes.op == "const" and buffer.nbytes.attr <= SMALL


class _Touches:
    """The buffers that steps touch, but for single numbers that formulas read."""

    def __init__(self, tensors: Sequence[Tensor], buffers: Sequence[Buffer]) -> None:
        self.tensors = {t.number: t for t in tensors}
        self.known: dict[int, frozenset[int]] = {}
        self.idle: set[int] = set()  # numbers for which nothing is read from memory
        temporary = {b.number for b in buffers if b.kind == "temp" and not _is_number(b)}
        # Whether formulas may read elements of temporaries: few programs have any.
        self.reading = any(t.ndim == 0 and t.buffer in temporary for t in tensors)

    def scalars(self, values: Iterable[Scalar]) -> set[int]:
        """Those that numbers are read from, directly or for the sizes of what is named."""
        found: set[int] = set()
        if not self.reading:
            return found
        idle = self.idle
        for value in values:
            if id(value) in idle:
                continue
            pending, seen, reads = [value], [], False
            while pending:
                x = pending.pop()
                place = id(x)
                if place in idle:
                    continue
                idle.add(place)
                seen.append(place)
                if x.args:
                    pending += x.args
                elif x.op == "elem":
                    found |= self.tensor(x.attr)
                    reads = True
                elif x.op in ("dim", "stride"):
                    number, dim = x.attr
                    t = self.tensors[number]
                    vector = t.sizes if x.op == "dim" else t.strides
                    pending += (t.sizes or ()) if vector is None else (vector[dim],)
            if reads:
                idle.difference_update(seen)
        return found

    def tensor(self, number: int) -> frozenset[int]:
        """The one that a tensor lives in, and those that say where."""
        found = self.known.get(number)
        if found is None:
            t = self.tensors[number]
            scalars = (*(t.sizes or ()), *(t.strides or ()), *(() if t.offset is None else (t.offset,)))
            found = self.known[number] = frozenset((t.buffer, *self.scalars(scalars)))
        return found

    def of(self, step: Step) -> set[int]:
        """All that a step touches."""
        found: set[int] = set()
        pending: list[Step] = [step]
        while pending:
            step = pending.pop()
            values: Sequence[Scalar] = ()
            numbers: Sequence[int] = ()
            if isinstance(step, KernelStep):
                numbers, values = [], list(step.extents)
                for entry in step.operands:
                    if entry is not None:
                        numbers.append(entry[0])
                        values += entry[1]
                if step.draw is not None:
                    numbers += step.draw.state, step.draw.new
            elif isinstance(step, NativeCall):
                numbers, values = (*step.inputs, *step.outputs), step.scalars
                pending += [follower.step for follower in step.after]
            elif isinstance(step, Check):
                values = (step.condition, *step.shown)
            elif isinstance(step, HostScalar):
                numbers, values = (step.output,), (step.value,)
            elif isinstance(step, PythonCall):
                numbers = (*step.inputs, *step.outputs, *(counter for _, counter in step.loops))
            elif isinstance(step, Loop):
                numbers, values = (step.counter, *(() if step.stop is None else (step.stop,))), (step.count,)
                pending += step.steps
            elif isinstance(step, Branch):
                values = (step.condition,)
                pending += [*step.then, *step.otherwise]
            for number in numbers:
                found |= self.tensor(number)
            found |= self.scalars(values)
        return found


def lifetimes(
    tensors: Sequence[Tensor], buffers: Sequence[Buffer], steps: Sequence[Step], results: Iterable[int]
) -> dict[int, tuple[int, int]]:
    """The numbers of the first and the last step that touch each buffer; ``results`` are tensors that are read after all steps."""
    touches = _Touches(tensors, buffers)
    found: dict[int, tuple[int, int]] = {}
    for place, step in enumerate(steps):
        for number in touches.of(step):
            first, _ = found.get(number, (place, place))
            found[number] = first, place
    for tensor in results:
        for number in touches.tensor(tensor):
            found[number] = found.get(number, (len(steps), 0))[0], len(steps)
    # What tells how much memory one needs is there when it gets it.
    for buffer in buffers:
        if buffer.nbytes is not None and buffer.number in found:
            for source in touches.scalars((buffer.nbytes,)):
                if source in found:
                    first, last = found[source]
                    found[source] = first, max(last, found[buffer.number][0])
    return found


def _form(x: Scalar, depth: int = 4) -> Any:
    """What is equal for expressions of one form: that name other dimensions, or other numbers of about the same size."""
    if x.op == "const":
        return x.attr.bit_length()
    if not x.args or not depth:
        return x.op
    return (x.op, *[arg.attr if arg.op == "const" else _form(arg, depth - 1) for arg in x.args])


def planned(
    tensors: Sequence[Tensor], buffers: Sequence[Buffer], steps: Sequence[Step], results: Iterable[int]
) -> list[Buffer]:
    """Return the buffers with slots of the arena for the temporaries; those that have a slot of their own choice keep it."""
    found = list(buffers)
    own = [b for b in buffers if b.kind == "temp" and b.slot == b.number and not _is_number(b)]
    if len(own) < 2:
        return found
    alive = lifetimes(tensors, buffers, steps, results)
    begin: dict[int, list[Buffer]] = {}
    for buffer in own:
        if buffer.number in alive:
            begin.setdefault(alive[buffer.number][0], []).append(buffer)
    free: dict[Any, list[tuple[Scalar, int]]] = {}
    ending: dict[int, list[tuple[Any, Scalar, int]]] = {}
    forms: dict[int, Any] = {}
    for place in range(len(steps) + 1):
        for buffer in begin.get(place, ()):
            size, slot = buffer.nbytes, buffer.number
            assert size is not None
            form = forms.get(id(size))
            if form is None:
                form = forms[id(size)] = _form(size)
            left = free.get(form)
            if left:
                # One of equal size if it is near, else the last that was freed: its bytes are in the cache.
                near = range(len(left) - 1, max(len(left) - 1 - _LOOKED_AT, -1), -1)
                slot = left.pop(next((i for i in near if left[i][0] is size), -1))[1]
                found[buffer.number] = Buffer(buffer.number, buffer.kind, buffer.index, size, slot)
            ending.setdefault(alive[buffer.number][1], []).append((form, size, slot))
        for form, size, slot in ending.pop(place, ()):
            free.setdefault(form, []).append((size, slot))
    return found
