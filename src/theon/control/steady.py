"""Which values of a loop's step have the same shape in all steps, and what a node reads of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.dot import BatchedDot, Dot
from theon.ops.fill import Alloc
from theon.ops.join import Join
from theon.ops.reduce import CAReduce, SumLike
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape
from theon.ops.shape import Shape, Shape_i
from theon.ops.softmax import LogSoftmax, Softmax, SoftmaxGrad

__all__ = ["steady", "values_read"]

_STEADY = (Elemwise, DimShuffle, Rebroadcast, Dot, BatchedDot, CAReduce, SumLike, Softmax, LogSoftmax, SoftmaxGrad)


def values_read(node: Apply) -> list[Variable]:
    """The inputs of a node of which it reads more than the shape."""
    if isinstance(node.op, SumLike):
        return [node.inputs[0]]
    if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second":
        return [node.inputs[1]]
    if isinstance(node.op, Shape | Shape_i):
        return []
    return list(node.inputs)


def steady(v: Variable, inputs: Sequence[Variable]) -> bool:
    """Whether the shape of ``v`` follows from the shapes of ``inputs``, so that it is the same in all steps of a loop."""
    stack, seen, given = [v], set(), set(inputs)
    while stack:
        x = stack.pop()
        if x in seen or x in given or isinstance(x, Constant):
            continue
        seen.add(x)
        node = x.owner
        if node is None:
            return False
        if isinstance(node.op, Subtensor | Reshape | IncSubtensor):
            arrays = 2 if isinstance(node.op, IncSubtensor) else 1
            if not all(isinstance(i, Constant) for i in node.inputs[arrays:]):
                return False
            stack.append(node.inputs[0])
        elif isinstance(node.op, Join):
            stack.extend(node.inputs[1:])
        elif isinstance(node.op, Alloc):
            if not all(_from_shapes(n, stack) for n in node.inputs[1:]):
                return False
        elif isinstance(node.op, _STEADY):
            stack.extend(node.inputs)
        else:
            return False
    return True


def _from_shapes(n: Any, shaped: list[Any]) -> bool:
    """Whether a number is made of constants and shapes alone; what has these shapes is added to ``shaped``."""
    stack = [n]
    while stack:
        x = stack.pop()
        if isinstance(x, Constant):
            continue
        if x.owner is None:
            return False
        if isinstance(x.owner.op, Shape | Shape_i):
            shaped.append(x.owner.inputs[0])
        elif isinstance(x.owner.op, Elemwise | Subtensor):
            stack.extend(x.owner.inputs)
        else:
            return False
    return True
