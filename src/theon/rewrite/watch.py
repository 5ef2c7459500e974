"""Features that rewriting code attaches to graphs, and small questions about graphs that it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.traverse import clone_replace, io_toposort
from theon.graph.variable import Apply, Constant, Variable
from theon.rewrite.engine import merge

__all__ = [
    "ChangeTracker",
    "MergeFeature",
    "Updater",
    "check_chain",
    "is_same_graph_with_merge",
    "merge_dict",
    "pre_constant_merge",
]


class ChangeTracker:
    """Says whether a graph changed since the last :meth:`reset`: ``changed``, and ``nb_imported`` nodes."""

    __module__ = "theano.gof.opt"

    def __init__(self) -> None:
        self.changed = False
        self.nb_imported = 0

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Count."""
        self.nb_imported += 1
        self.changed = True

    def on_change_input(self, fgraph: FunctionGraph, node: Any, i: int, r: Any, new_r: Any, reason: Any = None) -> None:
        """Note it."""
        self.changed = True

    def reset(self) -> None:
        """From now on."""
        self.changed = False

    def on_attach(self, fgraph: FunctionGraph) -> None:
        """Be found as ``fgraph.change_tracker``."""
        fgraph.change_tracker = self  # type: ignore[attr-defined]

    def on_detach(self, fgraph: FunctionGraph) -> None:
        """No longer."""
        del fgraph.change_tracker  # type: ignore[attr-defined]


class Updater:
    """A feature made of functions: called when a node comes in, when one leaves, when an input is changed (each may be None)."""

    __module__ = "theano.gof.opt"

    def __init__(
        self,
        importer: Callable[..., Any] | None,
        pruner: Callable[..., Any] | None,
        chin: Callable[..., Any] | None,
        name: str | None = None,
    ) -> None:
        self.importer, self.pruner, self.chin, self.name = importer, pruner, chin, name

    def __str__(self) -> str:
        return f"Updater{{{self.name}}}"

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Call the first."""
        if self.importer is not None:
            self.importer(node)

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Call the second."""
        if self.pruner is not None:
            self.pruner(node)

    def on_change_input(self, fgraph: FunctionGraph, node: Any, i: int, r: Any, new_r: Any, reason: Any = None) -> None:
        """Call the third."""
        if self.chin is not None:
            self.chin(node, i, r, new_r, reason)

    def on_detach(self, fgraph: FunctionGraph) -> None:
        """Nothing is kept."""


class MergeFeature:
    """Finds nodes that compute the same: ``scheduled`` lists, for each such node, pairs (its output, the known one)."""

    __module__ = "theano.gof.opt"

    def on_attach(self, fgraph: FunctionGraph) -> None:
        """Look at the nodes there are. AlreadyThere if another such feature is attached."""
        from theon.graph.features import AlreadyThere

        if hasattr(fgraph, "merge_feature"):
            raise AlreadyThere()
        fgraph.merge_feature = self  # type: ignore[attr-defined]
        self.seen_constants: dict[Any, Constant] = {}
        self.known: dict[Any, Apply] = {}
        self.scheduled: list[list[list[tuple[Variable, Variable]]]] = []
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "on_attach")

    def on_detach(self, fgraph: FunctionGraph) -> None:
        """Stop looking."""
        del fgraph.merge_feature  # type: ignore[attr-defined]

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Look at the constants of a new node and at the node."""
        for v in node.inputs:
            if isinstance(v, Constant):
                self.process_constant(fgraph, v)
        self.process_node(fgraph, node)

    def on_change_input(self, fgraph: FunctionGraph, node: Any, i: int, r: Any, new_r: Any, reason: Any = None) -> None:
        """A node with another input may be equal to another one now."""
        if isinstance(node, Apply):
            self.known = {key: other for key, other in self.known.items() if other is not node}
            if isinstance(new_r, Constant):
                self.process_constant(fgraph, new_r)
            self.process_node(fgraph, node)

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """A node that left is no longer known."""
        self.known = {key: other for key, other in self.known.items() if other is not node}

    def process_constant(self, fgraph: FunctionGraph, c: Constant) -> None:
        """Note the first of equal constants; schedule a later one to be replaced."""
        first = self.seen_constants.setdefault(c.merge_signature(), c)
        if first is not c:
            self.scheduled.append([[(c, first)]])

    def _key(self, node: Apply) -> Any:
        inputs = tuple(
            id(self.seen_constants.get(v.merge_signature(), v)) if isinstance(v, Constant) else id(v)
            for v in node.inputs
        )
        return node.op, inputs

    def process_node(self, fgraph: FunctionGraph, node: Apply) -> None:
        """Note a node; schedule one equal to a known one to be replaced."""
        try:
            other = self.known.setdefault(self._key(node), node)
        except TypeError:  # an op that cannot be hashed
            return
        if other is not node and len(other.outputs) == len(node.outputs):
            self.scheduled.append([list(zip(node.outputs, other.outputs))])

    def get_merged_assert_input(self, node: Apply, candidate: Apply) -> Any:
        """Return pairs to replace and the inputs of a node with the assertions of both, where two nodes differ by assertions only."""
        from theon.ops.checks import Assert

        new: list[Variable] = []
        for a, b in zip(node.inputs, candidate.inputs):
            p, q = (v.owner if v.owner is not None and isinstance(v.owner.op, Assert) else None for v in (a, b))
            if p is not None and q is not None and p.inputs[0] is q.inputs[0]:
                conditions = list(dict.fromkeys([*p.inputs[1:], *q.inputs[1:]]))
                new.append(a if len(conditions) == len(p.inputs) - 1 else p.op(p.inputs[0], *conditions))
            elif p is not None and p.inputs[0] is b:
                new.append(a)
            elif q is not None and q.inputs[0] is a:
                new.append(b)
            else:
                new.append(a)
        return new


def check_chain(r: Any, *chain: Any) -> bool:
    """Whether the node of ``r`` is of the first op (or class) of ``chain``, its input of the next index of the op after, and so on.

    The chain reads op, index, op, index, op ...; None in place of an op means a variable without a node.
    """
    if isinstance(r, Apply):
        r = r.outputs[0]
    steps = [entry for part in chain for entry in (part if isinstance(part, list | tuple) else [part])]
    for place, what in enumerate(steps):
        if place % 2:
            r = r.owner.inputs[what]
            continue
        if what is None:
            if r.owner is not None:
                return False
        elif r.owner is None:
            return False
        elif isinstance(what, Op):
            if r.owner.op != what:
                return False
        elif not (isinstance(what, type) and isinstance(r.owner.op, what)):
            return False
    return r is not None


def merge_dict(d1: dict[Any, Any], d2: dict[Any, Any]) -> dict[Any, Any]:
    """Return a dict of the keys of both, with the values added where both have one."""
    merged = dict(d1)
    for key, value in d2.items():
        merged[key] = merged[key] + value if key in merged else value
    return merged


def pre_constant_merge(vars: Sequence[Variable]) -> Sequence[Variable]:
    """Make equal constants in the graphs above ``vars``, which are in no function graph yet, one; return ``vars``."""
    seen: dict[Any, Constant] = {}

    def one(v: Variable) -> Variable:
        if not isinstance(v, Constant):
            return v
        try:
            return seen.setdefault(v.merge_signature(), v)
        except TypeError:  # a constant that cannot be hashed
            return v

    # Among the variables may be slices and None, as in the index lists of subtensors.
    for node in io_toposort([], [v for v in vars if isinstance(v, Variable)]):
        if node.fgraph is None:
            node.inputs = [one(v) for v in node.inputs]
    return [one(v) for v in vars]


def is_same_graph_with_merge(var1: Variable, var2: Variable, givens: Any = None) -> bool:
    """Whether two variables become one when equal nodes are merged, ``givens`` replaced in both first."""
    if givens:
        pairs = dict(givens.items() if isinstance(givens, dict) else givens)
        var1, var2 = clone_replace([var1, var2], pairs)
    from theon.graph.traverse import inputs

    given = [v for v in dict.fromkeys(inputs([var1, var2])) if not isinstance(v, Constant)]
    fgraph = FunctionGraph(given, [var1, var2])
    merge(fgraph)
    first, second = fgraph.outputs
    if isinstance(first, Constant) and isinstance(second, Constant):
        return first.equals(second)
    return first is second
