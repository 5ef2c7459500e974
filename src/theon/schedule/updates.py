"""New values of shared variables written straight into the old ones' memory, in the program's last steps.

Updates that read each other element by element (a parameter, its moments) become one sweep, each value computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.kernel.loops import Pass, Store
from theon.kernel.scalar import Scalar
from theon.schedule.expression import Expression, renumbered
from theon.schedule.lower import Lowering
from theon.schedule.step import PythonCall, Update

__all__ = ["late_updates", "only_for_updates", "overwritten", "unchanged", "written_in_place"]

_MOST = 12  # operands of one sweep


def only_for_updates(low: Lowering) -> set[Variable]:
    """The updates that elementwise operations alone read, on their way to other updates: nobody needs them before the end.

    With them what leads to such updates alone, where they become one sweep: it is computed there.
    """
    fgraph, n_outputs = low.fgraph, low.n_outputs
    known: dict[Variable, bool] = {}

    def good(root: Variable) -> bool:
        stack = [root]
        while stack:
            v = stack[-1]
            if v in known:
                stack.pop()
                continue
            clients = fgraph.clients(v)
            readers = [node for node, _ in clients if node != "output"]
            places = [place for node, place in clients if node == "output"]
            plain = len(places) <= 1 and all(p >= n_outputs for p in places) and bool(clients)
            plain = plain and all(_is_elementwise(node, v) for node in readers)
            waiting = [node.outputs[0] for node in readers if node.outputs[0] not in known] if plain else []
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            known[v] = plain and all(known[node.outputs[0]] for node in readers)
        return known[root]

    owner: dict[Variable, Variable] = {}  # of each update: what it changes
    for v, place in zip(fgraph.outputs[n_outputs:], low.updated):
        if v.owner is not None and _is_elementwise(v.owner, v) and good(v) and v.type.ndim:  # type: ignore[attr-defined]
            owner[v] = fgraph.inputs[len(low.inputs) + place]
    return set(owner) | _between(fgraph, owner, good) if owner else set()


def _between(fgraph: FunctionGraph, owner: dict[Variable, Variable], good: Callable[[Variable], bool]) -> set[Variable]:
    """What leads to updates that become one sweep, and to nothing else."""
    parent = {x: x for x in owner.values()}

    def root(x: Variable) -> Variable:
        while parent[x] is not x:
            x = parent[x]
        return x

    order = [node for node in fgraph.toposort() if _is_elementwise(node, node.outputs[0]) and good(node.outputs[0])]
    # Updates are one sweep where one reads what the other changes.
    read: dict[Variable, Variable] = {}
    for node in order:
        v = node.outputs[0]
        same = [x for x in node.inputs if x.type.broadcastable == v.type.broadcastable]  # type: ignore[attr-defined]
        found = [root(read.get(x, x)) for x in same if read.get(x, x) in parent]
        found += [root(owner[v])] if v in owner else []
        for x in found[1:]:
            parent[root(x)] = root(found[0])
        if found:
            read[v] = root(found[0])
    reached: dict[Variable, Variable | None] = {}
    for node in reversed(order):
        v = node.outputs[0]
        ways = {reached[reader.outputs[0]] for reader, _ in fgraph.clients(v) if reader != "output"}
        ways |= {root(owner[v])} if v in owner else set()
        reached[v] = ways.pop() if len(ways) == 1 else None
    return {v for v, way in reached.items() if way is not None and v.type.ndim}  # type: ignore[attr-defined]


def _is_elementwise(node: Apply, like: Variable) -> bool:
    """Whether a node computes one value at each position of ``like``."""
    if type(node.op).__name__ != "Elemwise":
        return False
    return node.outputs[0].type.broadcastable == like.type.broadcastable  # type: ignore[attr-defined,no-any-return]


def late_updates(low: Lowering) -> list[int]:
    """Outputs that are new values of shared variables and can be computed straight into the old ones' memory.

    Each is an elementwise expression of the old one's sizes that nothing else reads but such updates, and that reads the
    old value only element by element.
    """
    found = []
    for place in range(low.n_outputs, len(low.fgraph.outputs)):
        variable = low.fgraph.outputs[place]
        target = low.shared[low.updated[place - low.n_outputs]]
        expression = low.pending.get(variable)
        if (
            expression is None
            or expression.positional
            or low.fgraph.outputs.count(variable) != 1
            or not expression.sizes
        ):
            continue
        if low.tensors[target].dtype != variable.type.dtype:  # type: ignore[attr-defined]
            continue
        same = all(n is m for n, m in zip(expression.sizes, low.sizes_of(target)))
        # What is read element by element has the sizes of the result.
        if not same and not any(n == target and _whole(s) for n, s in expression.operands):
            continue
        if any(low.tensors[n].buffer in low.draws for n, _ in expression.operands):
            continue  # the states that it draws with are overwritten in the last steps too
        if all(_reads_in_step(low, n, s, target) for n, s in expression.operands):
            found.append(place)
    return found


def overwritten(low: Lowering, node: Apply) -> tuple[int, int] | None:
    """Where ``node`` changes part of a shared variable's value, and its result is nothing but that variable's new value:
    the place among the outputs and the tensor; the part is written into the old memory by the program's last steps."""
    x, (out,) = node.inputs[0], node.outputs
    clients = low.fgraph.clients(out)
    if len(clients) != 1 or clients[0][0] != "output" or out not in low.wanted:
        return None
    place = clients[0][1]
    if place < low.n_outputs or low.fgraph.outputs[place] is not out:
        return None
    target = low.shared[low.updated[place - low.n_outputs]]
    return (place, target) if low.memory.get(x) == target and x.type.dtype == out.type.dtype else None  # type: ignore[attr-defined]


def unchanged(low: Lowering, numbers: Iterable[int]) -> bool:
    """Whether tensors lie in memory that no update changes."""
    found = [low.tensors[n].buffer for n in numbers]
    kinds = (low.buffers[buffer].kind for buffer in found)
    return all(kind in ("temp", "output", "input", "constant") for kind in kinds) and low.draws.keys().isdisjoint(found)


def _whole(strides: Sequence[Scalar | None]) -> bool:
    return all(s is not None for s in strides)


def _reads_in_step(low: Lowering, number: int, strides: Sequence[Scalar | None], target: int) -> bool:
    """Whether an operand is no part of the target's memory, or the very element that is written."""
    t = low.tensors[number]
    kind = low.buffers[t.buffer].kind
    if kind == "python":
        # The result of a Python step may be a view of anything.
        return not any(isinstance(s, PythonCall) and number in s.outputs and s.node.op.view_map for s in low.steps)
    if t.buffer != low.tensors[target].buffer:
        return True
    return number == target and _whole(strides)


class _Sweep:
    """Updates that one kernel computes: (place of the output, target, expression) of each."""

    def __init__(self, members: list[tuple[int, int, Expression]]) -> None:
        self.members = members
        self.targets = [target for _, target, _ in members]

    def operands(self) -> set[tuple[int, tuple[Scalar | None, ...]]]:
        return {operand for _, _, e in self.members for operand in e.operands}

    def joined(self, low: Lowering, other: _Sweep) -> _Sweep | None:
        """One sweep for both, where one reads what the other writes and every element is read where it is written."""
        both = _Sweep([*self.members, *other.members])
        operands = both.operands()
        linked = any(n in other.targets and _whole(s) for n, s in self.operands()) or any(
            n in self.targets and _whole(s) for n, s in other.operands()
        )
        safe = all(_reads_in_step(low, n, s, target) for n, s in operands for target in both.targets)
        return both if linked and safe and len(operands) <= _MOST else None

    def write(self, low: Lowering) -> None:
        """Add the step."""
        if len(self.members) == 1:
            ((_, target, expression),) = self.members
            low.fill(target, expression)
            return
        operands = list(dict.fromkeys(operand for _, _, e in self.members for operand in e.operands))
        slots = {operand: i for i, operand in enumerate(operands)}
        ndim = len(self.members[0][2].sizes)
        given = [(n, s, "read") for n, s in operands]
        stores = []
        for _, target, e in self.members:
            value = renumbered(e.value, [slots[operand] for operand in e.operands])
            stores.append(Store(len(given), value))
            given.append((target, low.strides_of(target), "write"))
        low.kernel(ndim, (), (Pass(tuple(range(ndim)), (), tuple(stores)),), given, low.sizes_of(self.targets[0]))


def _joined(low: Lowering, sweeps: list[_Sweep]) -> list[_Sweep]:
    done: dict[int, _Sweep] = {}  # by the place of its first member
    readers: dict[int, set[int]] = {}  # of each tensor: sweeps, also such as are parts of others by now
    for place, sweep in enumerate(sweeps):
        again = True
        while again:
            again = False
            near = {p for target in sweep.targets for p in readers.get(target, ())}
            near |= {p for n, _ in sweep.operands() for p in readers.get(-1 - n, ())}
            for p in sorted(near & done.keys()):
                both = done[p].joined(low, sweep)
                if both is not None:
                    del done[p]
                    sweep, again = both, True
                    break
        done[place] = sweep
        for n, _ in sweep.operands():
            readers.setdefault(n, set()).add(place)
        for target in sweep.targets:
            readers.setdefault(-1 - target, set()).add(place)
    return list(done.values())


def written_in_place(low: Lowering, late: Sequence[int]) -> list[Update]:
    """Write these updates, each after all others have read the old value; these steps are the last and cannot fail."""
    single = []
    for place in late:
        shared = low.updated[place - low.n_outputs]
        single.append(_Sweep([(place, low.shared[shared], low.pending.pop(low.fgraph.outputs[place]))]))
    sweeps = dict(enumerate(_joined(low, single)))
    read = {i: {low.tensors[n].buffer for n, _ in sweep.operands()} for i, sweep in sweeps.items()}
    written = {i: {low.tensors[target].buffer for target in sweep.targets} for i, sweep in sweeps.items()}
    readers: dict[int, set[int]] = {}
    owner: dict[int, int] = {}
    for i in sweeps:
        for buffer in read[i]:
            readers.setdefault(buffer, set()).add(i)
        owner |= dict.fromkeys(written[i], i)

    def free(i: int) -> bool:
        return all(readers.get(buffer, set()) <= {i} for buffer in written[i])

    done = []
    ready = [i for i in sweeps if free(i)]
    heapify(ready)
    while sweeps:
        if ready:
            i = heappop(ready)
            sweep = sweeps.pop(i)
            sweep.write(low)
            done += [Update(low.updated[place - low.n_outputs], target, True) for place, target, _ in sweep.members]
        else:
            # They read each other: one gets memory of its own.
            i = next(iter(sweeps))
            sweep = sweeps.pop(i)
            for place, _, expression in sweep.members:
                variable = low.fgraph.outputs[place]
                number = low.fresh(variable, variable.type.dtype, expression.sizes)  # type: ignore[attr-defined]
                low.fill(number, expression)
                done.append(Update(low.updated[place - low.n_outputs], number))
        for buffer in read[i]:
            readers[buffer].discard(i)
            other = owner.get(buffer)
            if other is not None and other in sweeps and other not in ready and free(other):
                heappush(ready, other)
    return done
