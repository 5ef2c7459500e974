"""Steps that follow a convolution part by part: bias, activation, pooling and their gradients run on each band of the result
while it is in the cache.

A step may follow where it computes each row of its results from the same rows of the convolution's result (or from those of
one window), and nothing between touches what it reads and writes. What the first one alone reads is overwritten in place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Kernel, Pass
from theon.kernel.scalar import Scalar, const
from theon.schedule.lower import Lowering
from theon.schedule.step import Branch, Check, Follower, HostScalar, KernelStep, NativeCall, Output, Step, Update
from theon.schedule.sweeps import Joiner, is_sweep

__all__ = ["follow", "pooled_rows"]

_HEADS = ("conv", "conv_tiles", "conv_spread", "depthwise")  # routines that call what follows with each part
_FAR = 60  # steps that are looked at, from the convolution on
_MOST_ROWS = 8
_AXES = (0, 1, 2, 3)
Rows = tuple[int, int]
Place = tuple[object, ...]


def pooled_rows(low: Lowering, out: Variable) -> int:
    """Return the rows that a window moves by where ``out``, after elementwise operations, is pooled: bands are multiples of them."""
    found, waiting, seen = 1, [out], set()
    while waiting:
        v = waiting.pop()
        if v in seen:
            continue
        seen.add(v)
        for node, place in low.fgraph.clients(v):
            kind = type(getattr(node, "op", None)).__name__
            if kind == "Elemwise":
                waiting += node.outputs
            elif kind == "Pool" and place == 0:
                found = math.lcm(found, _stride(low, node))
    return found if found <= _MOST_ROWS else 1


def _stride(low: Lowering, node: Apply) -> int:
    numbers = low.as_vector(node.inputs[-2])
    if numbers is None or len(numbers) != 2 or numbers[0].op != "const":
        return 1
    return max(1, int(numbers[0].attr))


def follow(low: Lowering, kept: Sequence[Output | Update]) -> None:
    """Attach steps of the program to the convolutions before them; ``kept``: what leaves the program."""
    joiner = Joiner(low, ())
    for a, b in low.checked:
        joiner.unite(a, b)
    at = 0
    while at < len(low.steps):
        heads = _heads(low.steps[at])
        if heads:
            _Chain(low, joiner, heads).attach(at, {entry.tensor for entry in kept})
        at += 1


def _heads(step: Step) -> list[NativeCall]:
    """The calls of which one makes the whole result, whichever way a branch takes."""
    if isinstance(step, NativeCall):
        return [step] if step.name in _HEADS and not step.after else []
    if not isinstance(step, Branch):
        return []
    then, otherwise = _heads_of(step.then), _heads_of(step.otherwise)
    return then + otherwise if then and otherwise else []


def _heads_of(side: Sequence[Step]) -> list[NativeCall]:
    """The calls of one side: a second step may make everything once more, from the start."""
    work = [step for step in side if not isinstance(step, Check)]
    if len(work) not in (1, 2):
        return []
    found, again = _heads(work[0]), work[-1]
    if len(work) == 1 or not found:
        return found
    more = _heads_of(again.then) if isinstance(again, Branch) and not again.otherwise else []
    return found + more if more else []


def _with(step: Step, after: tuple[Follower, ...]) -> Step:
    if isinstance(step, NativeCall):
        return replace(step, after=after)
    assert isinstance(step, Branch)
    sides = (
        tuple(inner if isinstance(inner, Check) else _with(inner, after) for inner in side)
        for side in (step.then, step.otherwise)
    )
    return Branch(step.condition, *sides)


@dataclass(frozen=True)
class _Known:
    """A tensor that is made part by part."""

    number: int
    rows: Rows


class _Chain:
    """The steps that follow one convolution."""

    def __init__(self, low: Lowering, joiner: Joiner, heads: Sequence[NativeCall]) -> None:
        self.low, self.joiner = low, joiner
        self.buffers = {low.tensors[head.outputs[0]].buffer for head in heads}
        # Rows that every part begins and ends with a multiple of; other routines than this one make whole images.
        units = [int(head.attrs[0]) if head.name in ("conv", "conv_tiles") else 0 for head in heads]
        self.unit = math.gcd(*units)
        first = heads[0].outputs[0]
        self.known = {self.place(first): _Known(first, (1, 1))}
        self.own = set(self.buffers)  # what heads and followers write
        self.touched: set[int] = set()  # by the heads
        for head in heads:
            reads, writes = joiner.touched(head)
            self.touched |= reads | writes

    def place(self, number: int) -> Place:
        t = self.low.tensors[number]
        return (t.buffer, self.low.offset_of(number), self.low.strides_of(number))

    def attach(self, at: int, kept: set[int]) -> None:
        low = self.low
        if len(self.buffers) != 1:
            return
        followers: dict[int, Follower] = {}
        early: dict[int, Step] = {}
        reads, writes = set[int](), set[int]()  # of steps that stay where they are
        for j in range(at + 1, min(len(low.steps), at + _FAR)):
            step = low.steps[j]
            if isinstance(step, Check):
                if not self.joiner.is_early(step, writes | self.own):
                    break
                early[j] = step
                if step.condition.op == "eq":
                    self.joiner.unite(*step.condition.args)
                continue
            if not isinstance(step, KernelStep | NativeCall | HostScalar):
                break
            mine, others = self.joiner.touched(step)
            follower = None
            if not (mine | others) & writes and not others & reads:
                follower = self.follower(step)
            if follower is None:
                reads |= mine
                writes |= others
            else:
                followers[j] = follower
        if not followers:
            return
        # Conditions that stood before a follower are asked before the convolution now.
        early = {j: step for j, step in early.items() if j < max(followers)}
        others_ = [step for j, step in enumerate(low.steps) if j != at and j not in followers]
        self.overwrite([*followers.values()], others_, kept)
        rest = [step for j, step in enumerate(low.steps[at + 1 :], at + 1) if j not in early and j not in followers]
        low.steps[at:] = [*early.values(), _with(low.steps[at], tuple(followers.values())), *rest]

    def follower(self, step: Step) -> Follower | None:
        """The step as one of those that follow; what it makes is known then."""
        if isinstance(step, KernelStep):
            return self.kernel(step)
        if isinstance(step, NativeCall) and step.name in ("pooled", "pool_gradient") and not step.after:
            return self.pooling(step)
        return None

    def fresh(self, number: int) -> bool:
        """Whether a follower may write a tensor: memory that nothing has used before."""
        t = self.low.tensors[number]
        return self.low.buffers[t.buffer].kind in ("temp", "output") and t.buffer not in self.own | self.touched

    def find(self, number: int) -> _Known | None:
        """What is made part by part and found here, or None where a tensor is complete before the first part."""
        return self.known.get(self.place(number))

    # --- kernels ---

    def kernel(self, step: KernelStep) -> Follower | None:
        if step.draw is not None or not is_sweep(step.kernel):
            return None
        step = self.with_four_axes(step)
        if step.kernel.naxes != len(_AXES):
            return None
        rows: Rows | None = None
        for operand, given in zip(step.kernel.operands, step.operands):
            assert given is not None
            number, strides = given
            t = self.low.tensors[number]
            if operand.kind == "read" and t.buffer in self.own:
                found = self.find(number)
                if found is None or operand.axes != _AXES or strides != self.low.strides_of(number):
                    return None
                if not self.equal(step.extents, self.low.sizes_of(found.number)) or rows not in (None, found.rows):
                    return None
                rows = found.rows
        if rows is None:
            return None
        written = [given[0] for o, given in zip(step.kernel.operands, step.operands) if given and o.kind == "write"]
        for operand, given in zip(step.kernel.operands, step.operands):
            if operand.kind == "write" and (
                given is None or operand.axes != _AXES or not self.whole(*given, step.extents)
            ):
                return None
        if len(set(written)) != len(written):
            return None
        for number in written:
            self.known[self.place(number)] = _Known(number, rows)
            self.own.add(self.low.tensors[number].buffer)
        return Follower(step, (rows,) * len(step.operands))

    def whole(self, number: int, strides: tuple[Scalar, ...], extents: Sequence[Scalar]) -> bool:
        """Whether a kernel writes all of a tensor of its own."""
        low = self.low
        return self.fresh(number) and strides == low.strides_of(number) and self.equal(extents, low.sizes_of(number))

    def equal(self, these: Sequence[Scalar], those: Sequence[Scalar]) -> bool:
        root = self.joiner.root
        return len(these) == len(those) and all(root(a) is root(b) for a, b in zip(these, those))

    def with_four_axes(self, step: KernelStep) -> KernelStep:
        """A kernel over all elements of dense tensors of four dimensions, as one over those dimensions."""
        if step.kernel.naxes != 1:
            return step
        operands, given, extents = [], [], None
        for operand, one in zip(step.kernel.operands, step.operands):
            assert one is not None
            number, _ = one
            if not operand.axes:
                operands.append(operand)
                given.append(one)
                continue
            t = self.low.tensors[number]
            if t.ndim != len(_AXES) or not self.low.is_dense(number):
                return step
            extents = extents or self.low.sizes_of(number)
            if not self.equal(extents, self.low.sizes_of(number)):
                return step
            operands.append(replace(operand, axes=_AXES))
            given.append((number, self.low.strides_of(number)))
        if extents is None:
            return step
        (single,) = step.kernel.passes
        kernel = Kernel(len(_AXES), (), tuple(operands), (Pass(_AXES, (), single.stores),))
        return KernelStep(kernel, extents, tuple(given), step.error)

    # --- pooling ---

    def pooling(self, step: NativeCall) -> Follower | None:
        """Windows that do not overlap from one row of windows to the next, nor reach over the image's edge."""
        _, window, stride = step.attrs
        if (
            window is None
            or window[0] > stride[0]
            or step.scalars[0] is not const(0)
            or not self.fresh(step.outputs[0])
        ):
            return None
        by = int(stride[0])
        numbers = (*step.inputs, *step.outputs)
        # Images have ``by`` times the rows of what is pooled.
        many = (True, False) if step.name == "pooled" else (True, False, False, True)
        few: Rows | None = None
        for number, is_image in zip(step.inputs, many):
            if self.low.tensors[number].buffer not in self.own:
                continue
            found = self.find(number)
            if found is None or not self.equal(self.low.sizes_of(number), self.low.sizes_of(found.number)):
                return None
            rows = _times(found.rows, 1, by) if is_image else found.rows
            if few not in (None, rows):
                return None
            few = rows
        if few is None or self.unit % few[1]:
            return None
        rows_of = tuple(_times(few, by, 1) if is_image else few for is_image in many)
        out = numbers[-1]
        self.known[self.place(out)] = _Known(out, rows_of[-1])
        self.own.add(self.low.tensors[out].buffer)
        return Follower(step, rows_of)

    # --- in place ---

    def overwrite(self, followers: Sequence[Follower], others: Sequence[Step], kept: set[int]) -> None:
        """Let the first follower overwrite the convolution's result, where it alone reads it."""
        low = self.low
        (buffer,) = self.buffers
        first = followers[0].step
        if not isinstance(first, KernelStep) or low.buffers[buffer].kind != "temp":
            return
        used = {low.tensors[n].buffer for n in kept}
        for step in (*others, *(follower.step for follower in followers[1:])):
            used |= self.uses(step)
        given = [(o.kind, low.tensors[one[0]]) for o, one in zip(first.kernel.operands, first.operands) if one]
        old = next((t for _, t in given if t.buffer == buffer), None)
        new = next(t for kind, t in given if kind == "write")
        if old is None or buffer in used or old.dtype != new.dtype or low.offset_of(new.number) is not const(0):
            return
        if not low.is_dense(old.number) or not low.is_dense(new.number):
            return
        for number, tensor in enumerate(low.tensors):
            if tensor.buffer == buffer:
                low.tensors[number] = replace(tensor, buffer=new.buffer)
        low.buffers[buffer] = replace(low.buffers[buffer], nbytes=const(0))

    def uses(self, step: Step) -> set[int]:
        """The buffers that a step reads and writes, with those of the steps inside it."""
        if isinstance(step, Check | HostScalar | KernelStep | NativeCall):
            reads, writes = self.joiner.touched(step)
            found = reads | writes
            inner: Sequence[Step] = [f.step for f in step.after] if isinstance(step, NativeCall) else ()
        else:
            found = {self.low.tensors[n].buffer for n in (*getattr(step, "inputs", ()), *getattr(step, "outputs", ()))}
            inner = (*step.then, *step.otherwise) if isinstance(step, Branch) else getattr(step, "steps", ())
        for one in inner:
            found |= self.uses(one)
        return found


def _times(rows: Rows, up: int, down: int) -> Rows:
    up, down = rows[0] * up, rows[1] * down
    shared = math.gcd(up, down)
    return up // shared, down // shared
