"""Running rewrite rules over a function graph until nothing changes.

A rule is a function of a node that returns a replacement for its only output, or None. Rules are indexed by the op
(elementwise ops by name, others by class), so that a miss costs one look-up. The engine checks that types do not change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.op import performer
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.tensor.type import TensorType

__all__ = ["Rules", "fold_constants", "merge"]

Rule = Callable[..., Any]
_LARGEST_FOLDED = 10_000


def key_of(op: Any) -> Any:
    """What rules are indexed by: the name of an elementwise op, else the class."""
    return op.scalar_op.name if isinstance(op, Elemwise) else type(op)


class Rules:
    """A set of rules, and how often each was used."""

    def __init__(self) -> None:
        self.by_root: dict[Any, list[tuple[Rule, bool]]] = {}
        self.hits: dict[str, int] = {}

    def node(self, *roots: Any, graph: bool = False) -> Callable[[Rule], Rule]:
        """Register a rule for nodes of these ops: names of elementwise ops, or classes.

        With ``graph`` the rule is called with the function graph too, to see who else reads the node's inputs.
        """

        def register(rule: Rule) -> Rule:
            for root in roots:
                self.by_root.setdefault(root, []).append((rule, graph))
            return rule

        return register

    def run(self, fgraph: FunctionGraph, limit: int = 10) -> int:
        """Apply the rules everywhere until none does; return how many times one did. ``limit`` bounds the sweeps."""
        total = 0
        for _ in range(limit):
            changed = 0
            for node in fgraph.toposort():
                if node not in fgraph.apply_nodes:
                    continue
                for rule, graph in self.by_root.get(key_of(node.op), ()):
                    new = rule(node, fgraph) if graph else rule(node)
                    if new is None:
                        continue
                    old = node.outputs[0]
                    if new.type != old.type:
                        continue
                    if new.name is None and new.owner is not None:
                        new.name = old.name
                    _same_origin(new, node)
                    fgraph.replace(old, new, reason=rule.__name__)
                    self.hits[rule.__name__] = self.hits.get(rule.__name__, 0) + 1
                    changed += 1
                    break
            total += changed
            if not changed:
                break
        return total


def _same_origin(new: Variable, node: Apply) -> None:
    origin = getattr(node.tag, "origin", None)
    stack = [new]
    while stack and origin is not None:
        owner = stack.pop().owner
        if owner is not None and owner is not node and getattr(owner.tag, "origin", None) is None:
            owner.tag.origin = origin
            stack.extend(owner.inputs)


def _pure(node: Apply) -> bool:
    return not getattr(node.op, "destroy_map", None)


def merge(fgraph: FunctionGraph) -> int:
    """Compute equal nodes once: same op, same inputs (constants by value). Returns the number of nodes saved."""
    constants: dict[Any, Constant] = {}
    seen: dict[Any, Apply] = {}
    saved = 0

    def identity(variable: Variable) -> int:
        if isinstance(variable, Constant):
            try:
                return id(constants.setdefault(variable.signature(), variable))
            except TypeError:  # a constant that cannot be hashed
                return id(variable)
        return id(variable)

    for node in fgraph.toposort():
        if node not in fgraph.apply_nodes or not _pure(node):
            continue
        try:
            key = (node.op, tuple(identity(v) for v in node.inputs))
            other = seen.setdefault(key, node)
        except TypeError:  # an op that cannot be hashed
            continue
        if other is node or len(other.outputs) != len(node.outputs):
            continue
        for old, new in zip(node.outputs, other.outputs):
            if old.type == new.type:
                fgraph.replace(old, new, reason="merge")
        saved += 1
    return saved


def fold_constants(fgraph: FunctionGraph) -> int:
    """Compute nodes whose inputs are all constant; return how many."""
    folded = 0
    for node in fgraph.toposort():
        if node not in fgraph.apply_nodes or not node.inputs or not all(isinstance(v, Constant) for v in node.inputs):
            continue
        if not _pure(node) or not node.op.do_constant_folding(node) or len(node.outputs) != 1:
            continue
        (out,) = node.outputs
        if not isinstance(out.type, TensorType):
            continue
        storage: list[list[Any]] = [[None]]
        try:
            performer(node)([v.data for v in node.inputs], storage)  # type: ignore[attr-defined]
        except Exception:  # the error belongs to the call, where it names the node
            continue
        value = np.asarray(storage[0][0])
        if value.size > _LARGEST_FOLDED or value.ndim != out.type.ndim or value.dtype != out.type.numpy_dtype:
            continue
        fgraph.replace(out, out.type.make_constant(value.copy()), reason="constant folding")
        folded += 1
    return folded
