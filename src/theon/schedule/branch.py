"""Lazy choice -> a branch of the program: two lists of steps, of which the one chosen is run.

What goes into the branches is computed before them; what each computes is its own. Both put their results into the same
memory: where their sizes are the same it is written where it is computed, else the branch taken says how much is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from theon.control.lazy import Absent, LazyIfElse, is_absent
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import k
from theon.schedule.loop import restored, snapshot
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.step import Branch, HostScalar, Step

__all__: list[str] = []


class _Different(Exception):
    """The branches' values have different sizes."""


@lowers("LazyIfElse", "IfElse")
def choice(low: Lowering, node: Apply) -> None:
    """Lower a choice between two graphs, or between values that are there anyway; Unsupported leaves nothing changed."""
    before = snapshot(low)
    for again in (False, True):
        try:
            _Choice(low, node, again).lower()
            return
        except _Different:
            restored(low, before)
        except Unsupported:
            restored(low, before)
            raise


class _Choice:
    def __init__(self, low: Lowering, node: Apply, different: bool) -> None:
        self.low, self.node, self.different = low, node, different
        op = node.op
        if isinstance(op, LazyIfElse):
            n = op.n_first
            self.given = [node.inputs[1 : 1 + n], node.inputs[1 + n :]]
            graphs = op.graphs
        else:
            n = len(node.outputs)
            self.given = [node.inputs[1 : 1 + n], node.inputs[1 + n :]]
            graphs = []
            for side in self.given:
                fresh: list[Variable] = [v.type() for v in side]
                graphs.append((fresh, fresh))
        self.graphs = [FunctionGraph(ins, outs) for ins, outs in graphs]
        self.targets: list[int | None] = [None] * len(node.outputs)
        self.first_inside = 0

    def lower(self) -> None:
        low = self.low
        condition = k.cast(low.as_scalar(self.node.inputs[0]), "bool")
        for x in dict.fromkeys(v for side in self.given for v in side):
            if x not in low.scalar and x not in low.vector:
                low.as_tensor(x)
        for i, out in enumerate(self.node.outputs):
            if not out.type.ndim:  # type: ignore[attr-defined]
                self.targets[i] = low.fresh(out, out.type.dtype, ())  # type: ignore[attr-defined]
        self.first_inside = len(low.buffers)
        low.rooms.append(self.targets)
        sides = [self.side(place, graph) for place, graph in enumerate(self.graphs)]
        if self.different:
            self.agree(sides)
        for graph, steps in zip(self.graphs, sides):
            with self.inside(graph, steps):
                for v, target in zip(graph.outputs, self.targets):
                    if not is_absent(v):
                        self.deliver(v, target)
        low.rooms.pop()
        low.steps.append(Branch(condition, tuple(sides[0]), tuple(sides[1])))
        for out, target in zip(self.node.outputs, self.targets):
            assert target is not None
            low.memory[out] = target

    def side(self, place: int, graph: FunctionGraph) -> list[Step]:
        """The steps of one branch, without those that put its results into their place."""
        low = self.low
        for v, x in zip(graph.inputs, self.given[place]):
            if x in low.scalar:
                low.scalar[v] = low.scalar[x]
            elif x in low.vector:
                low.vector[v] = low.vector[x]
            else:
                low.memory[v] = low.memory[x] if x in low.memory else low.as_tensor(x)
        outer = low.fgraph, low.wanted, low.checked, low.known_indices, low.steps, low.places
        low.fgraph, low.wanted, low.places, low.steps = graph, set(), {}, []
        # What is checked in a branch says nothing outside it.
        low.checked, low.known_indices = set(low.checked), set(low.known_indices)
        if not self.different:
            for i, v in enumerate(graph.outputs):
                if v.type.ndim and v not in graph.inputs and not is_absent(v):  # type: ignore[attr-defined]
                    low.places.setdefault(v, partial(self.room, i, outer))
        for inner in graph.toposort():
            if not isinstance(inner.op, Absent):
                low.node(inner)
        if not self.different:
            for i, v in enumerate(graph.outputs):
                if not is_absent(v) and (self.targets[i] is None or place):
                    self.room(i, outer, self.sizes(v), strict=True)
        steps = low.steps
        low.fgraph, low.wanted, low.checked, low.known_indices, low.steps, low.places = outer
        return steps

    @contextmanager
    def inside(self, graph: FunctionGraph, steps: list[Step]) -> Iterator[None]:
        """Add to a branch's steps again."""
        low = self.low
        outer = low.fgraph, low.wanted, low.steps, low.places
        low.fgraph, low.wanted, low.steps, low.places = graph, set(), steps, {}
        yield
        low.fgraph, low.wanted, low.steps, low.places = outer

    def sizes(self, v: Variable) -> tuple[Scalar, ...]:
        """The sizes of a result."""
        low = self.low
        if not v.type.ndim:  # type: ignore[attr-defined]
            return ()
        found = low.pending[v].sizes if v in low.pending else low.sizes_of(low.as_tensor(v))
        flags = v.type.broadcastable  # type: ignore[attr-defined]
        return tuple(const(1) if flag else n for n, flag in zip(found, flags))

    def room(self, i: int, outer: tuple[object, ...], sizes: tuple[Scalar, ...], strict: bool = False) -> int | None:
        """Where result ``i`` of these sizes goes; None (``strict``: _Different) where the other branch's has other sizes."""
        low = self.low
        out = self.node.outputs[i]
        flags = out.type.broadcastable  # type: ignore[attr-defined]
        sizes = tuple(const(1) if flag else n for n, flag in zip(sizes, flags))
        target = self.targets[i]
        if target is None and all(self.outside(n) for n in sizes):
            inner = low.wanted, low.places, low.steps
            low.wanted, low.places, low.steps = outer[1], outer[5], outer[4]  # type: ignore[assignment]
            target = self.targets[i] = low.fresh(out, out.type.dtype, sizes)  # type: ignore[attr-defined]
            low.wanted, low.places, low.steps = inner
        if target is not None and low.sizes_of(target) == sizes:
            return target
        if strict:
            raise _Different
        return None

    def agree(self, sides: list[list[Step]]) -> None:
        """Make memory for results whose sizes differ, or are known only where they are computed."""
        low = self.low
        for i, out in enumerate(self.node.outputs):
            if self.targets[i] is not None:
                continue
            found = []
            for graph, steps in zip(self.graphs, sides):
                with self.inside(graph, steps):
                    v = graph.outputs[i]
                    found.append(None if is_absent(v) else self.sizes(v))
            sizes: list[Scalar] = []
            for a, b in zip(*(own or [None] * out.type.ndim for own in found)):  # type: ignore[attr-defined]
                if a is None or b is None:
                    sizes.append(self.size(a, b, sides))
                elif a is b and self.outside(a):
                    sizes.append(a)
                elif low.loops:
                    # Sizes are the same in all steps of a loop.
                    if not (self.outside(a) and self.outside(b)):
                        raise Unsupported("a choice whose sizes are computed in a loop")
                    low.same(a, b)
                    sizes.append(a)
                else:
                    sizes.append(self.chosen(a, b, sides))
            self.targets[i] = low.fresh(out, out.type.dtype, tuple(sizes))  # type: ignore[attr-defined]

    def size(self, a: Scalar | None, b: Scalar | None, sides: Sequence[list[Step]]) -> Scalar:
        """A size of what one side alone hands on."""
        known = a if a is not None else b
        assert known is not None
        if self.outside(known):
            return known
        if self.low.loops:
            raise Unsupported("a choice whose sizes are computed in a loop")
        return self.chosen(const(0) if a is None else a, const(0) if b is None else b, sides)

    def chosen(self, a: Scalar, b: Scalar, sides: Sequence[list[Step]]) -> Scalar:
        """A number that each side computes."""
        cell = self.low.fresh(None, "int64", ())
        for n, steps in zip((a, b), sides):
            steps.append(HostScalar(k.cast(n, "int64"), cell))
        return make("elem", "int64", (), cell)

    def outside(self, root: Scalar) -> bool:
        """Whether a size is known before the branches."""
        low = self.low
        stack, seen = [root], set()
        while stack:
            x = stack.pop()
            if x in seen:
                continue
            seen.add(x)
            stack.extend(x.args)
            if x.op == "elem":
                t = low.tensors[x.attr]
                if t.buffer >= self.first_inside:
                    return False
                if t.offset is not None:
                    stack.append(t.offset)
            elif x.op in ("dim", "stride"):
                number, d = x.attr
                t = low.tensors[number]
                known = t.sizes if x.op == "dim" else t.strides
                if known is not None:
                    stack.append(known[d])
                elif t.buffer >= self.first_inside:
                    return False
        return True

    def deliver(self, v: Variable, target: int | None) -> None:
        """Put a result into its place, unless it was computed there."""
        low = self.low
        assert target is not None
        found = low.memory.get(v)
        if found is not None:
            a, b = low.tensors[found], low.tensors[target]
            if (a.buffer, a.offset, a.sizes, a.strides) == (b.buffer, b.offset, b.sizes, b.strides):
                return
        sizes = low.sizes_of(target)
        if not sizes:
            low.host(low.as_scalar(v), target)
            return
        expression = low.as_expression(v)
        if not self.different:
            for n, wanted in zip(self.sizes(v), sizes):
                if n is not wanted:
                    raise _Different
        low.fill(target, expression)
