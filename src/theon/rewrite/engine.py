"""Passes over a whole graph that need no rules: equal nodes merged, constants computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.op import performer
from theon.graph.variable import Apply, Constant, Variable
from theon.rewrite.optimizer import Optimizer
from theon.tensor.type import TensorType

__all__ = ["MergeOptimizer", "constant_value", "fold_constants", "merge"]

_LARGEST_FOLDED = 10_000


def _pure(node: Apply) -> bool:
    return not getattr(node.op, "destroy_map", None)


def merge(fgraph: FunctionGraph) -> int:
    """Compute equal nodes once: same op, same inputs (constants by value). Returns the number of nodes saved."""
    if fgraph.merged == fgraph.changes:
        return 0
    constants: dict[Any, Constant] = {}
    seen: dict[Any, Apply] = {}
    saved = 0
    same_op = fgraph.same_op

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
            key = (
                id(same_op(node.op)),
                *[id(v) if v.owner is not None else identity(v) for v in node.inputs],
            )
            other = seen.setdefault(key, node)
        except TypeError:  # an op that cannot be hashed
            continue
        if other is node or len(other.outputs) != len(node.outputs):
            continue
        for old, new in zip(node.outputs, other.outputs):
            if old.type == new.type:
                fgraph.replace(old, new, reason="merge")
        saved += 1
    fgraph.merged = fgraph.changes
    return saved


class MergeOptimizer(Optimizer):
    """Computes equal nodes once: same op, same inputs, constants of equal value being one."""

    __module__ = "theano.gof.opt"

    def apply(self, fgraph: FunctionGraph) -> int:
        """Merge; return the number of nodes saved."""
        return merge(fgraph)


def constant_value(node: Apply) -> Constant | None:
    """The constant that ``node`` computes, where its inputs are all constant and the result is a tensor of moderate size."""
    if not node.inputs or not all(isinstance(v, Constant) for v in node.inputs) or len(node.outputs) != 1:
        return None
    if not _pure(node) or not node.op.do_constant_folding(node):
        return None
    (out,) = node.outputs
    if not isinstance(out.type, TensorType):
        return None
    storage: list[list[Any]] = [[None]]
    try:
        performer(node)([v.data for v in node.inputs], storage)  # type: ignore[attr-defined]
    except Exception:  # the error belongs to the call, where it names the node
        return None
    value = np.asarray(storage[0][0])
    if value.size > _LARGEST_FOLDED or value.ndim != out.type.ndim or value.dtype != out.type.numpy_dtype:
        return None
    return out.type.make_constant(value.copy())  # type: ignore[no-any-return]


def fold_constants(fgraph: FunctionGraph) -> int:
    """Compute nodes whose inputs are all constant; return how many."""
    folded = 0
    for node in fgraph.toposort():
        if node in fgraph.apply_nodes:
            found = constant_value(node)
            if found is not None:
                fgraph.replace(node.outputs[0], found, reason="constant_folding")
                folded += 1
    return folded
