"""The linkers that stand for native code, and virtual machines that run thunks: in order, or only what is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theon.errors import NativeFallback
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.runtime.linker import (
    Linker,
    LocalLinker,
    PerformLinker,
    WrapLinker,
    _containers,
    _equal,
    add_clear_storage,
    gc_helper,
    map_storage,
    node_thunk,
    streamline,
)
from theon.runtime.reference import raise_with_op

__all__ = ["VM", "CLinker", "DualLinker", "Loop", "LoopGC", "OpWiseCLinker", "Stack", "VM_Linker"]


# --- native code ---


def _native(fgraph: Any, whole: bool = False) -> Callable[[list[Any]], list[Any]] | None:
    """Native code of a graph, from the values of its inputs to those of its outputs; None where that cannot be.

    ``whole``: None also where a part of it would run in Python.
    """
    from theon.codegen.contents import python_calls
    from theon.runtime.native import NativeFunction
    from theon.schedule.lower import Unsupported, lowered

    leaves = [v for node in fgraph.toposort() for v in node.inputs if hasattr(v, "container")]
    held = FunctionGraph([*fgraph.inputs, *dict.fromkeys(v for v in leaves if v not in fgraph.inputs)], fgraph.outputs)
    try:
        program = lowered(held, len(held.inputs), len(held.outputs), ())
    except Unsupported:
        return None
    if whole and python_calls(program):
        return None
    native, single = NativeFunction(program, (), "linked"), len(fgraph.outputs) == 1

    def run(values: list[Any]) -> list[Any]:
        shared = [v.container.storage[0] for v in dict.fromkeys(v for v in leaves if v not in fgraph.inputs)]
        found = native(*values, *shared)
        return [found] if single else list(found)

    return run


class CLinker(Linker):
    """Makes one piece of native code of the whole graph (of the ops' ``perform`` where a part of it has none)."""

    __module__ = "theano.gof.cc"

    def __init__(self, schedule: Any = None) -> None:
        self._scheduler = schedule

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs)."""
        native = _native(self.fgraph)
        plain = PerformLinker(schedule=self._scheduler).accept(self.fgraph)
        if native is None:
            return plain.make_thunk(input_storage, output_storage, storage_map)
        ins, outs, cells = map_storage(self.fgraph, [], input_storage, output_storage, storage_map)

        def run() -> None:
            try:
                found = native([cell[0] for cell in ins])
            except NativeFallback:
                plain.make_thunk(ins, outs)[0]()
                return
            for cell, value in zip(outs, found):
                cell[0] = value

        run.storage_map = cells  # type: ignore[attr-defined]
        return (run, *_containers(self.fgraph, ins, outs))


class OpWiseCLinker(LocalLinker):
    """Makes native code of each node by itself, so that every value can be seen between nodes.

    Nodes without native code run their ``perform``; with ``fallback_on_perform=False`` they are a NotImplementedError.
    """

    __module__ = "theano.gof.cc"

    def __init__(
        self,
        fallback_on_perform: bool = True,
        allow_gc: bool | None = None,
        nice_errors: bool = True,
        schedule: Any = None,
    ) -> None:
        self.fallback_on_perform, self.nice_errors, self._scheduler = fallback_on_perform, nice_errors, schedule
        self.allow_gc = True if allow_gc is None else allow_gc

    def _thunk(self, node: Apply, cells: dict[Variable, list[Any]], computed: Any) -> Any:
        free = list(dict.fromkeys(v for v in node.inputs if not isinstance(v, Constant)))
        if not getattr(node.op, "destroy_map", None):
            fresh = [v.type() for v in free]
            match = dict(zip(free, fresh))
            alone = node.clone_with_new_inputs([match.get(v, v) for v in node.inputs])
            native = _native(FunctionGraph(fresh, alone.outputs, clone=False), whole=True)
            if native is not None:
                ins, outs = [cells[v] for v in free], [cells[v] for v in node.outputs]

                def thunk() -> None:
                    try:
                        found = native([cell[0] for cell in ins])
                    except NativeFallback:  # an error, or sizes that only are known to fit when it runs
                        node_thunk(node, cells, computed)()
                        return
                    for cell, value in zip(outs, found):
                        cell[0] = value

                thunk.inputs, thunk.outputs, thunk.lazy = [cells[v] for v in node.inputs], outs, False  # type: ignore[attr-defined]
                thunk.native = True  # type: ignore[attr-defined]
                return thunk
        if not self.fallback_on_perform:
            raise NotImplementedError(f"{node} has no native code, and fallback_on_perform is False")
        return node_thunk(node, cells, computed)

    def make_all(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs, thunks, nodes)."""
        fgraph = self.fgraph
        order = self.schedule(fgraph)
        ins, outs, cells = map_storage(fgraph, order, input_storage, output_storage, storage_map)
        computed: dict[Variable, list[bool]] = {v: [v.owner is None] for v in cells}
        thunks = [self._thunk(node, cells, computed) for node in order]
        made, last = gc_helper(order)
        kept = set(fgraph.outputs) | set(fgraph.inputs)
        after = [
            [cells[v] for v in node.inputs if self.allow_gc and v in made and v not in kept and last[v] is node]
            for node in order
        ]
        fn = streamline(fgraph, thunks, order, after, [cells[v] for v in made], self.nice_errors)
        fn.storage_map, fn.nodes, fn.thunks = cells, order, thunks  # type: ignore[attr-defined]
        add_clear_storage(fn, made, cells)
        return (fn, *_containers(fgraph, ins, outs), thunks, order)


class DualLinker(Linker):
    """Runs each node by its ``perform`` and by native code, and ``checker(cell, cell)`` on each pair of outputs.

    The default checker raises Exception where two values differ by more than rounding. The results are those of
    ``perform``.
    """

    __module__ = "theano.gof.cc"

    def __init__(self, checker: Callable[[Any, Any], Any] = _equal, schedule: Any = None) -> None:
        self.checker, self._scheduler = checker, schedule

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs)."""

        def both(place: int, node: Apply, first: Any, second: Any) -> None:
            first()
            second()
            for x, y in zip(first.outputs, second.outputs):
                self.checker(x, y)

        pair = [PerformLinker(False, self._scheduler), OpWiseCLinker(allow_gc=False, schedule=self._scheduler)]
        return WrapLinker(pair, both).accept(self.fgraph).make_thunk(input_storage, output_storage)


# --- virtual machines ---


class VM:
    """Runs ``thunks``, one for each of ``nodes``; cells of ``pre_call_clear`` are emptied first.

    ``call_counts`` and ``call_times`` say how often and how long each ran, where ``time_thunks`` is True.
    """

    __module__ = "theano.gof.vm"

    time_thunks = False
    need_update_inputs = True

    def __init__(self, nodes: Sequence[Apply], thunks: Sequence[Any], pre_call_clear: Sequence[list[Any]]) -> None:
        if len(nodes) != len(thunks):
            raise ValueError(f"{len(nodes)} nodes, but {len(thunks)} thunks")
        self.nodes, self.thunks, self.pre_call_clear = list(nodes), list(thunks), list(pre_call_clear)
        self.call_counts, self.call_times = [0] * len(self.nodes), [0.0] * len(self.nodes)

    def __call__(self) -> Any:
        raise NotImplementedError("override me")

    def clear_storage(self) -> None:
        """Empty the cells that hold values between calls."""
        for cell in self.pre_call_clear:
            cell[0] = None

    def update_profile(self, profile: Any) -> None:
        """Add the counts and times of the nodes to ``profile`` (a ProfileStats), and start them again from nothing."""
        for place, node in enumerate(self.nodes):
            profile.note_node(node, self.call_times[place], self.call_counts[place])
            self.call_counts[place], self.call_times[place] = 0, 0.0

    def _run(self, place: int) -> Any:
        from time import perf_counter

        start = perf_counter() if self.time_thunks else 0.0
        try:
            found = self.thunks[place]()
        except Exception as error:
            raise_with_op(self.nodes[place], error, [cell[0] for cell in getattr(self.thunks[place], "inputs", ())])
        if self.time_thunks:
            self.call_counts[place] += 1
            self.call_times[place] += perf_counter() - start
        return found


class Loop(VM):
    """Runs every thunk in order and keeps all values."""

    __module__ = "theano.gof.vm"

    allow_gc = False

    def __call__(self) -> None:
        self.clear_storage()
        for place in range(len(self.thunks)):
            self._run(place)


class LoopGC(VM):
    """Runs every thunk in order; after thunk ``i`` the cells of ``post_thunk_clear[i]`` are emptied."""

    __module__ = "theano.gof.vm"

    allow_gc = True

    def __init__(
        self,
        nodes: Sequence[Apply],
        thunks: Sequence[Any],
        pre_call_clear: Sequence[Any],
        post_thunk_clear: Sequence[Any],
    ) -> None:
        super().__init__(nodes, thunks, pre_call_clear)
        if len(post_thunk_clear) != len(nodes):
            raise ValueError(f"{len(nodes)} nodes, but {len(post_thunk_clear)} lists of cells to empty")
        self.post_thunk_clear = list(post_thunk_clear)

    def __call__(self) -> None:
        self.clear_storage()
        for place, cells in enumerate(self.post_thunk_clear):
            self._run(place)
            for cell in cells:
                cell[0] = None


class Stack(VM):
    """Runs what the outputs need and no more: a lazy thunk (``thunk.lazy``) returns the places of inputs that it wants next.

    ``storage_map`` and ``compute_map`` hold, for each variable, a list of its value and a list of whether it is computed.
    ``callback(node=, thunk=, storage_map=, compute_map=)`` is called after each node.
    """

    __module__ = "theano.gof.vm"

    def __init__(
        self,
        nodes: Sequence[Apply],
        thunks: Sequence[Any],
        pre_call_clear: Sequence[Any],
        storage_map: dict[Any, list[Any]],
        compute_map: dict[Any, list[bool]],
        fgraph: Any,
        allow_gc: bool,
        n_updates: int,
        dependencies: Any = None,
        callback: Any = None,
        callback_input: Any = None,
    ) -> None:
        super().__init__(nodes, thunks, pre_call_clear)
        self.storage_map, self.compute_map, self.fgraph, self.allow_gc = storage_map, compute_map, fgraph, allow_gc
        self.n_updates, self.dependencies, self.callback, self.callback_input = (
            n_updates, dependencies, callback, callback_input,
        )  # fmt: skip
        self.node_idx = {node: place for place, node in enumerate(self.nodes)}
        self.base_apply_stack = [v.owner for v in fgraph.outputs if v.owner is not None]

    def run_thunk_of_node(self, node: Apply) -> Any:
        """Run one node: what its thunk returns."""
        place = self.node_idx[node]
        found = self._run(place)
        if self.callback is not None:
            self.callback(
                node=node, thunk=self.thunks[place], storage_map=self.storage_map, compute_map=self.compute_map
            )
        return found

    def __call__(self, output_subset: Sequence[int] | None = None) -> list[Any]:
        """Compute the outputs (of ``output_subset``, where given) and return their values."""
        self.clear_storage()
        for variable, flag in self.compute_map.items():
            flag[0] = variable.owner is None
            if variable.owner is not None:
                self.storage_map[variable][0] = None
        if self.callback_input is not None:
            for variable in self.fgraph.inputs:
                self.callback_input(variable, self.storage_map[variable][0])
        wanted = self.fgraph.outputs if output_subset is None else [self.fgraph.outputs[k] for k in output_subset]
        stack = [v.owner for v in reversed(wanted) if v.owner is not None]
        while stack:
            node = stack[-1]
            if all(self.compute_map[v][0] for v in node.outputs):
                stack.pop()
                continue
            thunk = self.thunks[self.node_idx[node]]
            if not getattr(thunk, "lazy", False):
                left = [v for v in node.inputs if not self.compute_map[v][0]]
                if left:
                    stack.extend(v.owner for v in reversed(left) if v.owner is not None)
                    continue
                self.run_thunk_of_node(node)
            else:
                asked = self.run_thunk_of_node(node)
                if asked:
                    stack.extend(node.inputs[k].owner for k in asked if node.inputs[k].owner is not None)
                    continue
            for variable in node.outputs:
                self.compute_map[variable][0] = True
            stack.pop()
        return [self.storage_map[v][0] for v in self.fgraph.outputs]


class VM_Linker(LocalLinker):
    """What ``linker="vm"`` and ``"cvm"`` name. ``theano.function`` runs native code for it, unless it has a callback.

    ``callback(node=, thunk=, storage_map=, compute_map=)`` is called after each node, ``callback_input(variable, value)``
    for each input: the graph is then run node by node. ``lazy`` forces or forbids that branches which are not taken are left
    out. ``use_cloop`` and ``c_thunks`` are kept as attributes.
    """

    __module__ = "theano.gof.vm"

    def __init__(
        self,
        allow_gc: bool | None = None,
        use_cloop: bool = False,
        callback: Any = None,
        callback_input: Any = None,
        lazy: bool | None = None,
        schedule: Any = None,
        c_thunks: bool | None = None,
        allow_partial_eval: bool | None = None,
    ) -> None:
        self.allow_gc = True if allow_gc is None else allow_gc
        self.use_cloop, self.callback, self.callback_input, self.lazy = use_cloop, callback, callback_input, lazy
        self.c_thunks, self.allow_partial_eval, self._scheduler = c_thunks, allow_partial_eval, schedule
        self.updated_vars: dict[Variable, Variable] = {}

    def accept_var_updates(self, updated_vars: dict[Variable, Variable]) -> None:
        """Say which inputs are replaced by which outputs after each call."""
        self.updated_vars = dict(updated_vars)

    def compute_gc_dependencies(self, variables: Any) -> dict[Variable, list[Variable]]:
        """Return, for each computed variable, those computed from it: it may be dropped after them."""
        found: dict[Variable, list[Variable]] = {v: [] for v in variables}
        for v in variables:
            for operand in v.owner.inputs if v.owner is not None else ():
                if operand.owner is not None:
                    found.setdefault(operand, []).append(v)
        return found

    def make_vm(
        self,
        nodes: Any,
        thunks: Any,
        input_storage: Any,
        output_storage: Any,
        storage_map: Any,
        post_thunk_clear: Any,
        computed: Any,
        compute_map: Any,
        updated_vars: Any,
    ) -> VM:
        """Return the machine: :class:`Stack` for callbacks and lazy ops, else a loop."""
        fresh = [storage_map[v] for v in computed]
        lazy = self.lazy if self.lazy is not None else any(getattr(t, "lazy", False) for t in thunks)
        if self.callback is not None or self.callback_input is not None or lazy:
            return Stack(
                nodes, thunks, fresh, storage_map, compute_map, self.fgraph, self.allow_gc, len(updated_vars),
                callback=self.callback, callback_input=self.callback_input,
            )  # fmt: skip
        return LoopGC(nodes, thunks, fresh, post_thunk_clear) if self.allow_gc else Loop(nodes, thunks, fresh)

    def make_all(
        self, profiler: Any = None, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None
    ) -> Any:
        """Return (machine, containers of the inputs, containers of the outputs, thunks, nodes)."""
        fgraph = self.fgraph
        order = self.schedule(fgraph)
        ins, outs, cells = map_storage(fgraph, order, input_storage, output_storage, storage_map)
        compute: dict[Variable, list[bool]] = {v: [v.owner is None] for v in cells}
        thunks = [node_thunk(node, cells, compute) for node in order]
        computed, last = gc_helper(order)
        kept = set(fgraph.outputs) | set(fgraph.inputs)
        after = [
            [cells[v] for v in node.inputs if v in computed and v not in kept and last[v] is node] for node in order
        ]
        machine = self.make_vm(order, thunks, ins, outs, cells, after, computed, compute, self.updated_vars)
        machine.storage_map, machine.compute_map = cells, compute  # type: ignore[attr-defined]
        return (machine, *_containers(fgraph, ins, outs), thunks, order)

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (machine, containers of the inputs, containers of the outputs)."""
        return self.make_all(None, input_storage, output_storage, storage_map)[:3]


def is_native(linker: Any) -> bool:
    """Whether ``theano.function`` runs native code for a linker: one that stands for it and has no callback."""
    if type(linker) is VM_Linker:
        return linker.callback is None and linker.callback_input is None and linker._scheduler is None
    return type(linker) in (CLinker, OpWiseCLinker)


def is_plain(linker: Any) -> bool:
    """Whether a linker is the reference executor and nothing more."""
    return type(linker) is PerformLinker and linker._scheduler is None


class LinkedProgram:
    """A graph run by a user's linker: ``run(values)`` returns the values of its outputs."""

    program = None

    def __init__(self, fgraph: FunctionGraph, linker: Any) -> None:
        self.fgraph = fgraph
        self.linker = linker.clone().accept(fgraph)
        self.cells = [[None] for _ in fgraph.inputs]
        self.thunk, _, self.outputs = self.linker.make_thunk(input_storage=self.cells)

    def attach(self, f: Any) -> None:
        """Nothing: every call goes through :meth:`run`; ``f.fn`` shows what the linker made."""

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Run the linker's function on the inputs."""
        for cell, value in zip(self.cells, inputs):
            cell[0] = value
        try:
            self.thunk()
            return [container.storage[0] for container in self.outputs]
        finally:
            for cell in self.cells:
                cell[0] = None
            clear = getattr(self.thunk, "clear_storage", None)
            if clear is not None:
                clear()
