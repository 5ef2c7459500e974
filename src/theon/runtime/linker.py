"""Linkers: objects that make a graph runnable node by node, as thunks on cells of storage.

``theano.function`` runs native code and needs none of this. A program may hand a linker to ``Mode(linker=...)`` to see or
change how nodes are run, as with :class:`WrapLinker`, or link a graph by itself::

    fn, inputs, outputs = PerformLinker().accept(fgraph).make_thunk()

A thunk is a function without arguments, made by ``op.make_thunk``; it reads the cells (lists of one value) of its node's
inputs and writes those of its outputs.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, TextIO

import numpy as np

from theon.errors import describe
from theon.graph.op import thunk_of
from theon.graph.variable import Apply, Constant, Variable
from theon.runtime.reference import own_copy
from theon.runtime.reference import raise_with_op as _raise_with_op
from theon.tensor.shared import Container

__all__ = [
    "Linker",
    "LocalLinker",
    "PerformLinker",
    "WrapLinker",
    "WrapLinkerMany",
    "add_clear_storage",
    "gc_helper",
    "log_thunk_trace",
    "map_storage",
    "node_thunk",
    "raise_with_op",
    "streamline",
    "thunk_hook",
    "undef",
]

undef = object()


def map_storage(
    fgraph: Any,
    order: Sequence[Apply],
    input_storage: Sequence[list[Any]] | None,
    output_storage: Sequence[list[Any]] | None,
    storage_map: dict[Variable, list[Any]] | None = None,
) -> tuple[list[list[Any]], list[list[Any]], dict[Variable, list[Any]]]:
    """Return the cells of the graph's inputs and outputs, and a dict with the cell of every variable.

    Given cells are used, in ``storage_map`` too; a cell of a constant holds its value. AssertionError for a wrong number.
    """
    cells: dict[Variable, list[Any]] = {} if storage_map is None else storage_map
    for given, variables in ((input_storage, fgraph.inputs), (output_storage, fgraph.outputs)):
        if given is not None:
            if len(given) != len(variables):
                raise AssertionError(f"{len(variables)} cells are wanted, {len(given)} were given")
            for variable, cell in zip(variables, given):
                cells.setdefault(variable, cell)
    leaves = [v for node in order for v in node.inputs]
    for variable in [*fgraph.inputs, *leaves, *(v for node in order for v in node.outputs), *fgraph.outputs]:
        if variable not in cells:
            shared = getattr(variable, "container", None)
            known = variable.data if isinstance(variable, Constant) else None
            cells[variable] = shared.storage if shared is not None else [known]
    ins = [cells[v] for v in fgraph.inputs]
    outs = [cells[v] for v in fgraph.outputs]
    return ins, outs, cells


def node_thunk(node: Apply, storage_map: dict[Any, list[Any]], compute_map: dict[Any, list[bool]]) -> Any:
    """Return the thunk of a node, with its cells as ``inputs`` and ``outputs``.

    What the op overwrites is a copy: the order of nodes does not keep other readers before it.
    """
    destroyed = sorted({i for places in (getattr(node.op, "destroy_map", None) or {}).values() for i in places})
    ins, outs = [storage_map[v] for v in node.inputs], [storage_map[v] for v in node.outputs]
    if not destroyed:
        thunk = thunk_of(node, storage_map, compute_map)
    else:
        own = dict(storage_map)
        copies = [(storage_map[node.inputs[i]], [None]) for i in destroyed]
        own.update({node.inputs[i]: cell for i, (_, cell) in zip(destroyed, copies)})
        inner = thunk_of(node, own, compute_map)

        def thunk() -> Any:
            for cell, private in copies:
                private[0] = own_copy(cell[0])
            return inner()

    try:
        thunk.inputs, thunk.outputs = ins, outs
        thunk.lazy = getattr(thunk, "lazy", False)
    except AttributeError:  # a callable of another kind
        held = thunk

        def thunk() -> Any:
            return held()

        thunk.inputs, thunk.outputs, thunk.lazy = ins, outs, getattr(held, "lazy", False)  # type: ignore[attr-defined]
    return thunk


def gc_helper(node_list: Sequence[Apply]) -> tuple[set[Variable], dict[Variable, Apply]]:
    """Return the variables that the nodes compute, and for each variable the last node that reads it."""
    computed = {v for node in node_list for v in node.outputs}
    return computed, {v: node for node in node_list for v in node.inputs}


def add_clear_storage(f: Any, computed: set[Variable], storage_map: dict[Variable, list[Any]]) -> None:
    """Give ``f`` a method ``clear_storage`` that empties the cells of ``computed``."""

    def clear_storage() -> None:
        for variable in computed:
            storage_map[variable][0] = None

    f.clear_storage = clear_storage


def streamline(
    fgraph: Any,
    thunks: Sequence[Callable[[], Any]],
    order: Sequence[Apply],
    post_thunk_old_storage: Sequence[Sequence[list[Any]]] | None = None,
    no_recycling: Sequence[list[Any]] | None = None,
    nice_errors: bool = True,
) -> Callable[[], None]:
    """Return a function that runs the thunks in order.

    Cells of ``no_recycling`` are emptied first, those of ``post_thunk_old_storage[i]`` after thunk ``i``. With
    ``nice_errors`` an error names the node. ValueError where the lengths differ.
    """
    if len(thunks) != len(order):
        raise ValueError("Length of thunks and order must match", (len(thunks), len(order)))
    if post_thunk_old_storage is not None and len(post_thunk_old_storage) != len(thunks):
        raise ValueError("Length of thunks and post_thunk_old_storage must match")
    after = post_thunk_old_storage or [()] * len(thunks)
    first = list(no_recycling or ())

    def run() -> None:
        for cell in first:
            cell[0] = None
        for thunk, node, old in zip(thunks, order, after):
            try:
                thunk()
            except Exception as error:
                if not nice_errors:
                    raise
                _raise_with_op(node, error, [cell[0] for cell in getattr(thunk, "inputs", ())])
            for cell in old:
                cell[0] = None

    return run


class Linker:
    """The interface: ``accept`` takes a graph, ``make_thunk`` returns what runs it and the containers around it."""

    __module__ = "theano.gof.link"

    fgraph: Any = None
    allow_gc: Any = None
    _scheduler: Any = None

    def clone(self, allow_gc: Any = undef) -> Linker:
        """Return a copy, with another ``allow_gc`` where given."""
        new = copy(self)
        if allow_gc is not undef:
            new.allow_gc = allow_gc
        return new

    def accept(self, fgraph: Any, no_recycling: Any = None, profile: Any = None) -> Any:
        """Return a linker of ``fgraph``: this one, or a copy if this one has a graph already."""
        if self.fgraph is not None and self.fgraph is not fgraph:
            return copy(self)._accepted(fgraph, no_recycling)
        return self._accepted(fgraph, no_recycling)

    def _accepted(self, fgraph: Any, no_recycling: Any) -> Any:
        self.fgraph = fgraph
        self.no_recycling = list(no_recycling or [])
        return self

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function without arguments, containers of the inputs, containers of the outputs)."""
        raise NotImplementedError(f"{type(self).__name__} defines no make_thunk")

    def make_function(self, unpack_single: bool = True, **kwargs: Any) -> Callable[..., Any]:
        """Return a function from the values of the inputs, by position, to those of the outputs.

        The only output is returned as it is, unless ``unpack_single`` is False. TypeError for a wrong number of values.
        """
        thunk, inputs, outputs = self.make_thunk(**kwargs)

        def execute(*args: Any) -> Any:
            if len(args) != len(inputs):
                raise TypeError(f"Function call takes exactly {len(inputs)} arguments ({len(args)} given)")
            for container, value in zip(inputs, args):
                container.data = value
            thunk()
            results = [container.data for container in outputs]
            return results[0] if unpack_single and len(results) == 1 else results

        execute.thunk, execute.inputs, execute.outputs = thunk, inputs, outputs  # type: ignore[attr-defined]
        return execute

    def schedule(self, fgraph: Any) -> list[Apply]:
        """Return the nodes in the order in which they are to run."""
        return list(self._scheduler(fgraph)) if callable(self._scheduler) else list(fgraph.toposort())


class LocalLinker(Linker):
    """A linker that runs node by node: ``make_all`` also returns the thunks and the nodes."""

    __module__ = "theano.gof.link"

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs)."""
        return self.make_all(input_storage=input_storage, output_storage=output_storage, storage_map=storage_map)[:3]

    def make_all(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs, thunks, nodes)."""
        raise NotImplementedError(f"{type(self).__name__} defines no make_all")


def _containers(fgraph: Any, ins: Any, outs: Any) -> tuple[list[Container], list[Container]]:
    given = [Container(v, cell) for v, cell in zip(fgraph.inputs, ins)]
    return given, [Container(v, cell, readonly=True) for v, cell in zip(fgraph.outputs, outs)]


class PerformLinker(LocalLinker):
    """Runs each op's ``perform`` (or the thunk that the op makes), one node after the other.

    ``allow_gc``: values are dropped after their last reader. ``schedule(fgraph)`` gives the order of the nodes.
    """

    __module__ = "theano.gof.link"

    def __init__(self, allow_gc: bool | None = None, schedule: Any = None) -> None:
        self.allow_gc = True if allow_gc is None else allow_gc
        self._scheduler = schedule

    def make_all(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs, thunks, nodes)."""
        fgraph = self.fgraph
        order = self.schedule(fgraph)
        ins, outs, cells = map_storage(fgraph, order, input_storage, output_storage, storage_map)
        computed: dict[Variable, list[bool]] = {v: [v.owner is None] for v in cells}
        thunks = [node_thunk(node, cells, computed) for node in order]
        made, last = gc_helper(order)
        kept = set(fgraph.outputs) | set(fgraph.inputs)
        after = [
            [cells[v] for v in node.inputs if self.allow_gc and v in made and v not in kept and last[v] is node]
            for node in order
        ]
        # No value is left for the next call, whose ops would write into what this one returned.
        fresh = [cells[v] for v in made]
        fn = streamline(fgraph, thunks, order, after, fresh)
        fn.storage_map, fn.nodes, fn.thunks = cells, order, thunks  # type: ignore[attr-defined]
        add_clear_storage(fn, made, cells)
        return (fn, *_containers(fgraph, ins, outs), thunks, order)


class WrapLinker(Linker):
    """Runs ``wrapper(i, node, *thunks)`` for each node in the place of its thunk, one thunk from each of ``linkers``.

    The wrapper decides which thunks to call, before and after what. All linkers must order the nodes alike.
    :meth:`pre` is called with the inputs' values before each run.
    """

    __module__ = "theano.gof.link"

    def __init__(self, linkers: Sequence[Any], wrapper: Callable[..., Any]) -> None:
        self.linkers, self.wrapper = list(linkers), wrapper

    def __copy__(self) -> WrapLinker:
        return type(self)([copy(linker) for linker in self.linkers], self.wrapper)

    def clone(self, allow_gc: Any = undef) -> WrapLinker:
        """Return a copy, with another ``allow_gc`` of its linkers where given."""
        return type(self)([linker.clone(allow_gc=allow_gc) for linker in self.linkers], self.wrapper)

    def _accepted(self, fgraph: Any, no_recycling: Any) -> WrapLinker:
        super()._accepted(fgraph, no_recycling)
        self.linkers = [linker.accept(fgraph, no_recycling) for linker in self.linkers]
        return self

    def pre(self, f: Any, inputs: Sequence[Any], order: Sequence[Apply], thunk_groups: Sequence[Any]) -> None:
        """Called before the nodes are run."""

    def make_thunk(self, input_storage: Any = None, output_storage: Any = None, storage_map: Any = None) -> Any:
        """Return (function, containers of the inputs, containers of the outputs): those of the first linker."""
        made = [self.linkers[0].make_all(input_storage=input_storage, output_storage=output_storage)]
        made += [linker.make_all() for linker in self.linkers[1:]]
        orders = [m[4] for m in made]
        if any(order != orders[0] for order in orders):
            raise Exception("All linkers to WrapLinker should execute operations in the same order.")
        order, groups = orders[0], list(zip(*[m[3] for m in made]))
        fns, inputs, outputs = [m[0] for m in made], made[0][1], made[0][2]
        others = [(c, m[1][k]) for m in made[1:] for k, c in enumerate(inputs)]

        def run() -> None:
            for fn in fns:
                clear = getattr(fn, "clear_storage", None)
                if clear is not None:
                    clear()
            for source, target in others:
                target.storage[0] = copy(source.storage[0])
            self.pre(self, [container.data for container in inputs], order, groups)
            for place, (group, node) in enumerate(zip(groups, order)):
                try:
                    self.wrapper(place, node, *group)
                except Exception as error:
                    _raise_with_op(node, error, [cell[0] for cell in group[0].inputs])

        run.thunk_groups = groups  # type: ignore[attr-defined]
        run.storage_map = getattr(fns[0], "storage_map", {})  # type: ignore[attr-defined]
        return run, inputs, outputs


def WrapLinkerMany(linkers: Sequence[Any], wrappers: Sequence[Callable[..., Any]]) -> WrapLinker:
    """Return a :class:`WrapLinker` that calls each of ``wrappers`` in turn, all with the same arguments."""

    def wrapper(*args: Any) -> None:
        for one in wrappers:
            one(*args)

    return WrapLinker(linkers, wrapper)


# --- errors of thunks ---


def raise_with_op(node: Apply, thunk: Any = None, exc_info: Any = None, storage_map: Any = None) -> None:
    """Raise the error that is being handled (or that of ``exc_info``) again, with a message that names ``node`` and its inputs."""
    _, error, _ = sys.exc_info() if exc_info is None else exc_info
    if isinstance(error, KeyboardInterrupt) or error is None:
        raise error or RuntimeError(f"raise_with_op: no error of {node} is being handled")
    _raise_with_op(node, error, [cell[0] for cell in getattr(thunk, "inputs", ())])


def log_thunk_trace(value: Any, f: TextIO = sys.stderr) -> None:
    """Write where the variable behind an error was made, if the error knows: a node as its ``node`` or last argument."""
    node = next((a for a in reversed(getattr(value, "args", ())) if isinstance(a, Apply)), getattr(value, "node", None))
    if node is not None:
        f.write(f"{type(value).__name__} in {node}: {describe(node.outputs[0])}\n")


def thunk_hook(type: Any, value: Any, trace: Any) -> None:
    """An exception hook (``sys.excepthook``) that also says which node failed."""
    log_thunk_trace(value)
    traceback.print_exception(type, value, trace)


def _equal(x: list[Any], y: list[Any]) -> None:
    """Raise Exception where the values of two cells differ by more than rounding; NaN equals NaN."""
    a, b = x[0], y[0]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype.kind in "fc":
        single = min(a.dtype.itemsize, b.dtype.itemsize) < 8
        same = a.shape == b.shape and np.allclose(
            a, b, 1e-4 if single else 1e-9, 1e-5 if single else 1e-12, equal_nan=True
        )
    else:
        same = np.array_equal(a, b) if isinstance(a, np.ndarray) else bool(a == b)
    if not same:
        raise Exception("Output mismatch.", {"performlinker": a, "clinker": b})
