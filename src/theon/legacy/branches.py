"""Rewrites of ``ifelse`` that a program may add to the stages: branches in branches, equal conditions, ops lifted into branches."""

from __future__ import annotations

from typing import Any

from theon.control.ifelse import IfElse
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.dot import Dot
from theon.ops.reduce import CAReduce
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape
from theon.ops.shape import Shape
from theon.random.raw import RandomFunction
from theon.rewrite.local import local_optimizer
from theon.rewrite.optimizer import Optimizer

__all__ = [
    "CondMerge",
    "acceptable_ops",
    "cond_merge_ifs_false",
    "cond_merge_ifs_true",
    "cond_merge_random_op",
    "cond_remove_identical",
    "ifelse_lift_single_if_through_acceptable_ops",
]

acceptable_ops = (Dot, Reshape, Shape, Rebroadcast, DimShuffle, CAReduce, Elemwise, Subtensor, IncSubtensor)


def _nested(node: Apply, branch: int) -> Any:
    """Replace the values of one branch that are an ifelse of the same condition by the branch that will be taken."""
    op = node.op
    if not isinstance(op, IfElse):
        return False
    c, n = node.inputs[0], op.n_outs
    first = 1 + branch * n
    values = list(node.inputs)
    for place in range(first, first + n):
        inner = values[place].owner
        if inner is not None and isinstance(inner.op, IfElse) and inner.inputs[0] is c:
            values[place] = inner.inputs[1 + branch * inner.op.n_outs + (values[place].index or 0)]
    if values == node.inputs:
        return False
    return op(*values, return_list=True)


@local_optimizer([IfElse])
def cond_merge_ifs_true(node: Apply) -> Any:
    """In the first branch, an ifelse of the same condition is its own first branch."""
    return _nested(node, 0)


@local_optimizer([IfElse])
def cond_merge_ifs_false(node: Apply) -> Any:
    """In the second branch, an ifelse of the same condition is its own second branch."""
    return _nested(node, 1)


@local_optimizer([IfElse])
def cond_remove_identical(node: Apply) -> Any:
    """Outputs that have the same value in both branches as another are that one."""
    op = node.op
    if not isinstance(op, IfElse):
        return False
    n = op.n_outs
    pairs = list(zip(node.inputs[1 : 1 + n], node.inputs[1 + n :]))
    kept = list(dict.fromkeys(pairs))
    if len(kept) == n:
        return False
    new = IfElse(len(kept), op.as_view, op.gpu, op.name)
    outputs = new(node.inputs[0], *(a for a, _ in kept), *(b for _, b in kept), return_list=True)
    return [outputs[kept.index(pair)] for pair in pairs]


@local_optimizer([IfElse])
def cond_merge_random_op(main_node: Apply) -> Any:
    """Random draws in the branches of ifelses of one condition are made by one ifelse, so that each is made once."""
    if not isinstance(main_node.op, IfElse):
        return False
    for inner in [v.owner for v in main_node.inputs[1:] if v.owner is not None]:
        others = [v.owner for v in inner.inputs if v.owner is not None]
        for other in others:
            if (
                isinstance(inner.op, RandomFunction)
                and isinstance(other.op, IfElse)
                and other.inputs[0] is main_node.inputs[0]
            ):
                return _merged(main_node, other)[: main_node.op.n_outs] if not _needs(other, main_node) else False
    return False


def _merged(first: Apply, second: Apply) -> list[Any]:
    """The outputs of one ifelse that stands for two."""
    a, b = first.op, second.op
    assert isinstance(a, IfElse) and isinstance(b, IfElse)
    n, m = a.n_outs, b.n_outs
    then = [*first.inputs[1 : 1 + n], *second.inputs[1 : 1 + m]]
    other = [*first.inputs[1 + n :], *second.inputs[1 + m :]]
    name = "&".join(x.name for x in (a, b) if x.name) or None
    return IfElse(n + m, name=name)(first.inputs[0], *then, *other, return_list=True)  # type: ignore[no-any-return]


def _needs(node: Apply, other: Apply) -> bool:
    """Whether ``node`` is computed from an output of ``other``."""
    from theon.graph.inspect import is_in_ancestors

    return is_in_ancestors(node, other)


class CondMerge(Optimizer):
    """Makes one ifelse of those that have the same condition and do not need each other."""

    __module__ = "theano.ifelse"

    def apply(self, fgraph: FunctionGraph) -> None:
        """Merge."""
        nodes = [node for node in fgraph.toposort() if isinstance(node.op, IfElse)]
        while nodes:
            first = nodes.pop(0)
            for second in list(nodes):
                if second.inputs[0] is not first.inputs[0] or _needs(second, first) or _needs(first, second):
                    continue
                nodes.remove(second)
                outputs = _merged(first, second)
                fgraph.replace_all(zip([*first.outputs, *second.outputs], outputs), reason="cond_merge")
                first = outputs[0].owner


@local_optimizer([IfElse])
def ifelse_lift_single_if_through_acceptable_ops(main_node: Apply) -> Any:
    """An op of ``acceptable_ops`` on both values of a branch alone: f(a) in the one and g(b) in the other stay lazy.

    For ``ifelse(c, a, b)`` where ``a`` is an acceptable op of ifelses of the same condition, those are taken apart too.
    """
    op = main_node.op
    if not isinstance(op, IfElse):
        return False
    c, n = main_node.inputs[0], op.n_outs
    values = list(main_node.inputs)
    for place in range(1, 1 + 2 * n):
        node = values[place].owner
        if node is None or not isinstance(node.op, acceptable_ops) or len(node.outputs) != 1:
            continue
        branch = 0 if place <= n else 1
        inner = [v.owner for v in node.inputs]
        taken = [
            o.inputs[1 + branch * o.op.n_outs + (v.index or 0)]
            if o is not None and isinstance(o.op, IfElse) and o.inputs[0] is c
            else v
            for v, o in zip(node.inputs, inner)
        ]
        if taken != node.inputs:
            values[place] = node.clone_with_new_inputs(taken).outputs[0]
    if values == main_node.inputs:
        return False
    return op(*values, return_list=True)
