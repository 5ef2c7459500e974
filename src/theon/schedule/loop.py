"""Scan -> a loop of the program: the step's own steps, run on views of the sequences and of the rows of its results.

Each recurrent state's rows are one tensor; a step reads its taps there and computes the new row in its place. What does
not change from step to step is computed once, before the loop. Carried values have memory of their own (those that only move
on share a ring, rings.py); an elementwise new value that nothing else needs is computed straight into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, k, plus, times
from theon.schedule.lower import LOWERINGS, Lowering, Unsupported, lowers
from theon.schedule.rings import chains, ring
from theon.schedule.sizes import least, minus, modulo, most
from theon.schedule.slices import is_reversal
from theon.schedule.step import Branch, HostScalar, KernelStep, Loop, NativeCall, PythonCall, Step, Tensor
from theon.schedule.sweeps import joined

__all__ = ["restored", "snapshot"]


@lowers("Scan")
def scan(low: Lowering, node: Apply) -> None:
    """Lower a loop; Unsupported, with nothing changed, where rows have another size in each step."""
    before = snapshot(low)
    try:
        _Loop(low, node).lower()
    except Unsupported:
        restored(low, before)
        raise


_LISTS = ("tensors", "buffers", "steps", "errors", "constants", "constant_values", "broadcast", "loops")
_TABLES = (
    "constant_slots",
    "memory",
    "scalar",
    "vector",
    "pending",
    "checked",
    "known_indices",
    "places",
    "dense",
    "wholes",
    "draws",
    "derived",
)


def snapshot(low: Lowering) -> list[Any]:
    """What :func:`restored` needs to undo what is lowered from here on."""
    lists = [(getattr(low, name), len(getattr(low, name))) for name in _LISTS]
    rooms = [(room, room.copy()) for room in low.rooms]
    return [lists, [getattr(low, name).copy() for name in _TABLES], low.fgraph, low.wanted, rooms]


def restored(low: Lowering, before: list[Any]) -> None:
    """Undo what was lowered since the snapshot was taken; it can be used again."""
    for name, (found, length) in zip(_LISTS, before[0]):
        del found[length:]
        setattr(low, name, found)
    for name, found in zip(_TABLES, before[1]):
        setattr(low, name, found.copy())
    low.fgraph, low.wanted = before[2], before[3]
    low.rooms = [room for room, _ in before[4]]
    for room, found in before[4]:
        room.clear()
        (room.extend if isinstance(room, list) else room.update)(found)


def _of_sizes(root: Scalar) -> bool:
    """Whether a number is made of sizes: the program knows it before its first step."""
    stack, seen = [root], set()
    while stack:
        x = stack.pop()
        if x.op == "elem":
            return False
        if x not in seen:
            seen.add(x)
            stack.extend(x.args)
    return True


def _room(limit: Scalar, count: Scalar, least_rows: int) -> Scalar:
    """How many rows to keep where ``limit`` of at most ``count`` are returned: few enough are a number known beforehand."""
    if limit.op == "const" and limit.attr <= max(least_rows, 16):
        return const(max(limit.attr, least_rows))
    return most(least(limit, count), const(least_rows))


class _Loop:
    def __init__(self, low: Lowering, node: Apply) -> None:
        self.low, self.node = low, node
        op: Any = node.op
        self.op: Any = op
        self.info: Any = op.info
        if op.mode not in (None, "FAST_RUN"):
            raise Unsupported("a loop with a mode of its own")
        if op.info.profile:
            raise Unsupported("a loop that is profiled")
        for v in (*op.inputs, *op.outputs):
            if not low.holds(v):
                raise Unsupported(f"{v} in a loop")
        self.graph = FunctionGraph(op.inputs, op.outputs)
        self.changing: set[int] = set()  # buffers whose contents change while the loop runs
        self.first_inside = 0  # buffers from this one on are made inside
        self.known: dict[Scalar, bool] = {}
        self.numbers: dict[int, HostScalar] = {}  # numbers computed in the step that sizes depend on

    def lower(self) -> None:
        low, info, node = self.low, self.info, self.node
        n, seqs, first, carried, others = self.op.outer_parts(node.inputs)
        i_seqs, i_taps, i_carried, i_others = self.op.inner_parts(self.graph.inputs)
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        count = k.cast(low.as_scalar(n), INDEX)
        low.check(make("ge", BOOL, (count, const(0))))
        counter = low.fresh(None, "int64", ())
        now = make("elem", "int64", (), counter)
        self.changing.add(low.tensors[counter].buffer)
        limits = {
            i: most(const(0), k.cast(low.as_scalar(x), INDEX)) for i, x in self.op.outer_limits(node.inputs).items()
        }
        lags = [-own[0] for own in info.taps] + [0] * info.n_collected
        # Where only the last rows are returned, each row takes the place of the oldest that nobody reads any more.
        room_for = {i: _room(limit, count, lags[i] + 1) for i, limit in limits.items()}

        def cell(i: int, row: Scalar) -> Scalar:
            return modulo(row, room_for[i]) if i in limits else row

        # What the step reads.
        for v, x in zip(i_seqs, seqs):
            number = low.as_tensor(x)
            low.check(make("ge", BOOL, (low.sizes_of(number)[0], count)))
            low.memory[v] = self.row(number, now, v)
        rows: list[int] = []
        for i, (x, lag) in enumerate(zip(first, lags)):
            found = low.as_expression(x)
            low.same(found.sizes[0], const(lag))
            sizes = (room_for.get(i, plus(const(lag), count)), *found.sizes[1:])
            # A loop that may stop early leaves fewer rows than there is room for: they are copied at the end.
            number = low.fresh(None if info.as_while or i in limits else node.outputs[i], x.type.dtype, sizes)
            low.fill(low.view(number, found.sizes, low.strides_of(number), low.offset_of(number)), found)
            rows.append(number)
            self.changing.add(low.tensors[number].buffer)
            for v, tap in zip(i_taps[i], info.taps[i]):
                low.memory[v] = self.row(number, cell(i, plus(now, const(lag + tap))), v)
        moved = self.graph.outputs[n_kept : n_kept + info.n_carried]
        rings = [ring(low, chain, carried) for chain in chains(i_carried, moved)]
        ring_of = {place: r for r in rings for place in r.chain}
        current: list[int] = []
        for place, (v, x, out) in enumerate(zip(i_carried, carried, node.outputs[n_kept:])):
            if place in ring_of:
                low.memory[v] = self.row(ring_of[place].rows, ring_of[place].at(place, now), v)
                continue
            found = low.as_expression(x)
            # A number has a place of its own, which may be a register; it goes where it is wanted after the loop.
            number = low.fresh(out if found.sizes else None, x.type.dtype, found.sizes)
            if found.sizes:
                low.fill(number, found)
            else:
                low.host(low.as_scalar(x), number)
            current.append(number)
            self.changing.add(low.tensors[number].buffer)
            low.memory[v] = number
            if found.sizes and moved.count(moved[place]) == 1:
                low.becomes[moved[place]] = number
        self.changing |= {low.tensors[r.rows].buffer for r in rings}
        for v, x in zip(i_others, others):
            if x in low.scalar:
                low.scalar[v] = low.scalar[x]
            elif x in low.vector:
                low.vector[v] = low.vector[x]
            else:
                low.memory[v] = low.as_tensor(x)

        outer = low.fgraph, low.wanted, low.checked, low.known_indices
        low.fgraph, low.wanted = self.graph, set()
        left = self.before(i_others)
        # What is checked inside holds while the loop runs, and says nothing where it runs no time.
        low.checked, low.known_indices = set(low.checked), set(low.known_indices)
        steps, low.steps = low.steps, []
        self.first_inside = len(low.buffers)
        low.loops.append((str(self.op), counter))
        results = self.graph.outputs
        places, low.places = low.places, {}
        for i, (v, lag) in enumerate(zip(results, lags[:n_states])):
            low.places.setdefault(v, self.row(rows[i], cell(i, plus(now, const(lag))), v))
        made: dict[int, int] = {}  # the rows collected that were made when the first value was
        low.rooms += [made, self.changing]

        # Where the rows are read from the last to the first, that is how they are stored.
        turned = self.turned(outer[0], outer[1], places) - set(limits)

        def at(i: int) -> Scalar:
            return make("sub", INDEX, (plus(count, const(-1)), now)) if i in turned else cell(i, now)

        def room(i: int, sizes: tuple[Scalar, ...]) -> int | None:
            if any(self.varies(s) for s in sizes):
                return None
            v, out = results[i], node.outputs[i]
            low.wanted = outer[1]
            straight = out if not info.as_while and i not in limits else None
            made[i] = low.fresh(straight, v.type.dtype, (room_for.get(i, count), *sizes))  # type: ignore[attr-defined]
            low.wanted = set()
            self.changing.add(low.tensors[made[i]].buffer)
            return self.row(made[i], at(i), v)

        for i in range(n_states, n_kept):
            low.places.setdefault(results[i], partial(room, i))
        heads = [moved[r.chain[0]] for r in rings]
        newest = [self.row(r.rows, r.next(now), v) for r, v in zip(rings, heads)]
        for v, number in zip(heads, newest):
            low.places.setdefault(v, number)
        for inner in left:
            low.node(inner)
        stop = None
        if info.as_while:
            stop = low.fresh(None, "bool", ())
            low.steps.append(HostScalar(k.cast(low.as_scalar(results[-1]), "bool"), stop))
        for i, (v, lag) in enumerate(zip(results, lags[:n_states])):
            self.deliver(v, self.row(rows[i], cell(i, plus(now, const(lag))), v))
        low.places = places
        collected: list[int] = []
        for i in range(n_states, n_kept):
            v = results[i]
            if i in made:
                collected.append(made[i])
                self.deliver(v, self.row(made[i], at(i), v))
                continue
            if isinstance(v, Constant) or v in low.scalar or v in low.vector or v in low.memory:
                sizes = low.sizes_of(low.as_tensor(v))
            else:
                sizes = low.pending[v].sizes
            same = [j for j in made if node.outputs[j] not in outer[1] and (j in turned) == (i in turned)]
            twin = self.twin(v, same, made, at(i))
            if twin is not None and node.outputs[i] not in outer[1]:
                made[i] = made[twin]
                collected.append(made[i])
                continue
            target = room(i, tuple(sizes))
            if target is None:
                raise Unsupported("rows whose size changes from step to step")
            collected.append(made[i])
            self.deliver(v, target)
        for v, number in zip(heads, newest):
            self.deliver(v, number)
        self.carry([v for place, v in enumerate(moved) if place not in ring_of], current)
        anew = self.made_anew()
        early = self.steady_numbers()
        low.loops.pop()
        del low.rooms[-2:]
        inside: tuple[Step, ...] = joined(low, low.steps, outer[2])
        low.steps = [*steps, *early]
        low.fgraph, low.wanted, low.checked, low.known_indices = outer
        low.steps.append(Loop(inside, count, counter, stop, anew))
        # What is there afterwards.
        for i, number in enumerate([*rows, *collected]):
            out = node.outputs[i]
            if i in limits:
                low.memory[out] = self.last_rows(number, out, least(limits[i], now), plus(const(lags[i]), now))
                continue
            if info.as_while:
                sizes = (plus(const(lags[i]), now), *low.sizes_of(number)[1:])
                trimmed = low.view(number, sizes, low.strides_of(number), low.offset_of(number))
                number = trimmed
                if out in low.wanted or out.type.ndim == 1:  # type: ignore[attr-defined]
                    number = low.fresh(out, out.type.dtype, sizes)  # type: ignore[attr-defined]
                    low.fill(number, self.loaded(trimmed))
            if i in turned:
                sizes, strides = low.sizes_of(number), low.strides_of(number)
                last = times(make("max", INDEX, (plus(count, const(-1)), const(0))), strides[0])
                back = (times(const(-1), strides[0]), *strides[1:])
                view = low.view(number, sizes, back, plus(low.offset_of(number), last))
                low.forward[view] = number
                number = view
            low.memory[out] = number
        straight = iter(current)
        for place, out in enumerate(node.outputs[n_kept:]):
            if place not in ring_of:
                low.memory[out] = next(straight)
                continue
            number = self.row(ring_of[place].rows, ring_of[place].at(place, now), out)
            if out in low.wanted:
                target = low.fresh(out, out.type.dtype, low.sizes_of(number))  # type: ignore[attr-defined]
                low.fill(target, self.loaded(number))
                number = target
            low.memory[out] = number

    def before(self, others: Sequence[Variable]) -> list[Apply]:
        """Lower what depends on the unchanging inputs alone; return the other nodes, in order."""
        low = self.low
        fixed: set[Variable] = set(others)
        left = []
        for inner in self.graph.toposort():
            kind = type(inner.op).__name__
            native = kind in LOWERINGS or hasattr(low, f"_{kind}")
            if native and kind != "Scan" and all(v in fixed or isinstance(v, Constant) for v in inner.inputs):
                low.node(inner)
                fixed |= set(inner.outputs)
            else:
                left.append(inner)
        inside = set(left)
        for v in fixed:
            if not any(reader == "output" or reader in inside for reader, _ in self.graph.clients(v)):
                continue
            if v in low.pending and low.pending[v].operands:
                low.as_tensor(v)
            elif v in low.scalar and v.owner is not None and not _of_sizes(low.scalar[v]):
                low.as_tensor(v)
                del low.scalar[v]
        return left

    def row(self, number: int, at: Scalar, inner: Variable) -> int:
        """Row ``at`` of a tensor, as the step's variable ``inner``."""
        low = self.low
        sizes, strides = low.sizes_of(number)[1:], low.strides_of(number)
        for d, flag in enumerate(inner.type.broadcastable):  # type: ignore[attr-defined]
            if flag:
                low.same(sizes[d], const(1))
        return low.view(number, sizes, strides[1:], plus(low.offset_of(number), times(at, strides[0])))

    def last_rows(self, ring: int, out: Variable, count: Scalar, end: Scalar) -> int:
        """The last ``count`` rows of those before row ``end``, each of which is kept at its number modulo the ring's length."""
        low = self.low
        length, *rest = low.sizes_of(ring)
        if length is const(1):
            number = low.view(ring, (count, *rest), low.strides_of(ring), low.offset_of(ring))
            if out not in low.wanted:
                return number
        found = low.fresh(out, out.type.dtype, (count, *rest))  # type: ignore[attr-defined]
        start = modulo(minus(end, count), length)
        before = least(count, minus(length, start))
        for begin, rows, at in ((start, before, const(0)), (const(0), minus(count, before), before)):
            sizes, strides = (rows, *rest), low.strides_of(ring)
            source = low.view(ring, sizes, strides, plus(low.offset_of(ring), times(begin, strides[0])))
            strides = low.strides_of(found)
            target = low.view(found, sizes, strides, plus(low.offset_of(found), times(at, strides[0])))
            low.fill(target, self.loaded(source))
        return found

    def loaded(self, number: int) -> Expression:
        t = self.low.tensors[number]
        return Expression(
            make("load", t.dtype, (), 0), [(number, self.low.strides_of(number))], self.low.sizes_of(number)
        )

    def deliver(self, v: Variable, target: int) -> None:
        """Put an inner value into ``target``, unless it was computed there."""
        low = self.low
        found = low.memory.get(v)
        if found is not None and self.same_place(low.tensors[found], low.tensors[target]):
            return
        sizes = low.sizes_of(target)
        expression = low.as_expression(v)
        if len(expression.sizes) != len(sizes):
            raise Unsupported("rows of another rank")
        for n, wanted, flag in zip(expression.sizes, sizes, v.type.broadcastable):  # type: ignore[attr-defined]
            low.same(const(1) if flag else n, wanted)
        if sizes:
            low.fill(target, expression)
        else:
            low.host(low.as_scalar(v), target)

    def turned(self, fgraph: FunctionGraph, wanted: set[Variable], places: dict[Variable, Any]) -> set[int]:
        """The collected values whose rows are stored from the last to the first: those of loops that run back in time."""
        if self.info.as_while:
            return set()
        n_states = len(self.info.taps)
        own = range(n_states, n_states + self.info.n_collected)
        outs = {i: self.node.outputs[i] for i in own if self.node.outputs[i] not in wanted}
        outs = {i: v for i, v in outs.items() if v not in places}
        readers = [c for v in outs.values() for c, _ in fgraph.clients(v) if c != "output"]
        reversals = [type(c.op).__name__ == "Subtensor" and is_reversal(c.op.idx_list, c.inputs[1:]) for c in readers]
        return set(outs) if any(reversals) else set()

    def twin(self, v: Variable, others: Sequence[int], made: dict[int, int], now: Scalar) -> int | None:
        """One of the values collected that is ``v`` under another name, so that its rows are the same."""
        low = self.low
        if v not in low.memory:
            return None
        mine = low.tensors[low.memory[v]]
        for j in others:
            row = low.tensors[self.row(made[j], now, self.graph.outputs[j])]
            if self.same_place(mine, row):
                return j
        return None

    def same_place(self, a: Tensor, b: Tensor) -> bool:
        return (a.buffer, a.offset, a.sizes, a.strides) == (b.buffer, b.offset, b.sizes, b.strides)

    def carry(self, values: list[Variable], current: list[int]) -> None:
        """Make the new carried values the current ones; each old value may be needed for the others' new ones."""
        low = self.low
        buffers = {low.tensors[number].buffer for number in current}
        # Values that only move on: each goes after what moves into its place has been read.
        chain = self.moves(values, current)
        straight: list[tuple[int, Expression]] = []
        copied: list[tuple[int, int]] = []
        for v, number in zip(values, current):
            if low.memory.get(v) == number or number in chain:
                continue
            expression = low.pending.get(v)
            if expression is not None and expression.sizes and not expression.positional:
                own = low.tensors[number]
                reads = [(m, s) for m, s in expression.operands if low.tensors[m].buffer in buffers]
                if all(
                    low.tensors[m].buffer == own.buffer and m == number and all(x is not None for x in s)
                    for m, s in reads
                ):
                    straight.append((number, expression))
                    continue
            source = low.as_tensor(v)
            if low.buffers[low.tensors[source].buffer].kind == "python" or low.tensors[source].buffer in buffers:
                # It may show memory that another carried value is about to overwrite.
                copy = low.fresh(None, low.tensors[source].dtype, low.sizes_of(source))
                low.fill(copy, self.loaded(source))
                source = copy
            copied.append((number, source))
        for number, source in chain.items():
            self.fit(number, low.sizes_of(source))
        for number, expression in straight:
            self.fit(number, expression.sizes)
        for number, source in copied:
            self.fit(number, low.sizes_of(source))
        for number, source in chain.items():
            self.move(number, source)
        for number, expression in straight:
            low.fill(number, expression)
        for number, source in copied:
            self.move(number, source)

    def moves(self, values: list[Variable], current: list[int]) -> dict[int, int]:
        """Where a carried value becomes another one's old value: target -> source, in an order in which none is lost."""
        low = self.low
        left = {}
        for v, number in zip(values, current):
            source = low.memory.get(v)
            if source is not None and source in current and source != number:
                left[number] = source
        order: dict[int, int] = {}
        again = True
        while again:
            again = False
            for number in list(left):
                if number not in left.values():
                    order[number] = left.pop(number)
                    again = True
        return order

    def move(self, number: int, source: int) -> None:
        low = self.low
        if low.tensors[number].ndim:
            low.fill(number, self.loaded(source))
        else:
            low.host(make("elem", low.tensors[number].dtype, (), source), number)

    def fit(self, number: int, sizes: Sequence[Scalar]) -> None:
        for n, wanted in zip(sizes, self.low.sizes_of(number)):
            self.low.same(n, wanted)

    def number(self, tensor: int) -> HostScalar | None:
        """The step that computes a number, where it is the only one that writes it."""
        found = [s for s in self.low.steps if isinstance(s, HostScalar) and s.output == tensor]
        return found[0] if len(found) == 1 else None

    def made_anew(self) -> tuple[int, ...]:
        """The temporaries whose sizes change from step to step, but for those of loops inside that see to it themselves.

        Unsupported where one of them is first touched in a branch that computes its size, or where Python computes it (what a
        lazy choice leaves uncomputed has no size).
        """
        low = self.low
        seen_to = {number for step in _with_inner(low.steps) if isinstance(step, Loop) for number in step.anew}
        found = []
        for buffer in low.buffers[self.first_inside :]:
            if buffer.nbytes is not None and buffer.number not in seen_to and self.varies(buffer.nbytes):
                if buffer.kind != "temp":
                    raise Unsupported("results whose size changes from step to step")
                found.append(buffer)
        branches = [step for step in _with_inner(low.steps) if isinstance(step, Branch)] if found else []
        written = {low.tensors[number].buffer for branch in branches for number in _written([branch])}
        for buffer in found:
            read = self.read_for(buffer.nbytes)
            if buffer.number in written and read & written:
                raise Unsupported("memory whose size a branch computes")
            if any(low.buffers[number].kind == "python" for number in read):
                raise Unsupported("memory of a size that Python tells in each step")
        return tuple(buffer.number for buffer in found)

    def read_for(self, root: Scalar | None) -> set[int]:
        """The buffers whose contents, or sizes known only when they are there, a number is computed from."""
        low, found, pending, seen = self.low, set[int](), [root], set()
        while pending:
            x = pending.pop()
            if x is None or x in seen:
                continue
            seen.add(x)
            pending.extend(x.args)
            if x.op == "elem":
                found.add(low.tensors[x.attr].buffer)
                pending.append(low.tensors[x.attr].offset)
            elif x.op in ("dim", "stride"):
                t = low.tensors[x.attr[0]]
                known = t.sizes if x.op == "dim" else t.strides
                if known is None:
                    found.add(t.buffer)
                else:
                    pending.append(known[x.attr[1]])
        return found

    def steady_numbers(self) -> list[HostScalar]:
        """The steps that compute numbers on which sizes depend and that are the same in all steps, taken out of the loop."""
        low = self.low
        found = [
            s for s in low.steps if isinstance(s, HostScalar) and s.output in self.numbers and not self.varies(s.value)
        ]
        low.steps = [s for s in low.steps if not any(s is moved for moved in found)]
        return found

    def varies(self, root: Scalar) -> bool:
        """Whether a size may change while the loop runs."""
        low = self.low
        stack = [root]
        while stack:
            x = stack[-1]
            if x in self.known:
                stack.pop()
                continue
            parts: list[Scalar] = list(x.args)
            found = False
            if x.op == "elem":
                t = low.tensors[x.attr]
                found = t.buffer in self.changing or t.buffer >= self.first_inside
                step = self.number(x.attr) if found and t.buffer not in self.changing else None
                if step is not None:  # computed in the step, from what may be the same each time
                    found = False
                    parts.append(step.value)
                    self.numbers[x.attr] = step
                if t.offset is not None:  # an element of a sequence: another one in each step
                    parts.append(t.offset)
            elif x.op in ("dim", "stride"):
                number, d = x.attr
                t = low.tensors[number]
                known = t.sizes if x.op == "dim" else t.strides
                if known is not None:
                    parts = [known[d]]
                elif low.buffers[t.buffer].kind == "python":
                    found = t.buffer >= self.first_inside
            waiting = [] if found else [y for y in parts if y not in self.known]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            self.known[x] = found or any(self.known[y] for y in parts)
        return self.known[root]


def _with_inner(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps, and those of loops and branches among them."""
    pending = list(steps)
    while pending:
        step = pending.pop()
        yield step
        if isinstance(step, Loop):
            pending += step.steps
        elif isinstance(step, Branch):
            pending += [*step.then, *step.otherwise]


def _written(steps: Iterable[Step]) -> Iterator[int]:
    """The tensors that steps write."""
    for step in _with_inner(steps):
        if isinstance(step, HostScalar):
            yield step.output
        elif isinstance(step, KernelStep):
            for operand, given in zip(step.kernel.operands, step.operands):
                if given is not None and operand.kind != "read":
                    yield given[0]
        elif isinstance(step, NativeCall | PythonCall):
            yield from step.outputs
        elif isinstance(step, Loop):
            yield step.counter
            if step.stop is not None:
                yield step.stop
