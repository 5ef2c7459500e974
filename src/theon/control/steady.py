"""Which values of a loop's step have the same shape in all steps, and what a node reads of its inputs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.dot import BatchedDot, Dot
from theon.ops.elements import AdvancedSubtensor, AdvancedSubtensor1
from theon.ops.fill import Alloc
from theon.ops.join import Join, MakeVector
from theon.ops.reduce import CAReduce, SumLike
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.reshape import Reshape
from theon.ops.shape import Shape, Shape_i
from theon.ops.softmax import LogSoftmax, Softmax, SoftmaxGrad
from theon.tensor.type import TensorType

__all__ = ["all_steady", "from_shapes", "steady", "values_read"]

_STEADY = (
    AdvancedSubtensor1, BatchedDot, CAReduce, DimShuffle, Dot, Elemwise, LogSoftmax, MakeVector, Rebroadcast, Shape, Shape_i,
    Softmax, SoftmaxGrad, SumLike,
)  # fmt: skip


def values_read(node: Apply) -> list[Variable]:
    """The inputs of a node of which it reads more than the shape."""
    if isinstance(node.op, SumLike):
        return [node.inputs[0]]
    if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second":
        return [node.inputs[1]]
    if isinstance(node.op, Shape | Shape_i):
        return []
    return list(node.inputs)


def steady(v: Variable, inputs: Sequence[Variable], fixed: Container[Variable] = ()) -> bool:
    """Whether the shape of ``v`` follows from the shapes of ``inputs``, so that it is the same in all steps of a loop.

    ``fixed``: inputs, and what is computed of them, that have the same value in all steps.
    """
    return all_steady([v], inputs, fixed)


def all_steady(variables: Iterable[Variable], inputs: Sequence[Variable], fixed: Container[Variable] = ()) -> bool:
    """Whether the shapes of all ``variables`` follow from those of ``inputs`` and the values of ``fixed``."""
    stack, seen, given = list(variables), set(), set(inputs)
    while stack:
        x = stack.pop()
        if x in seen or x in given or isinstance(x, Constant):
            continue
        seen.add(x)
        shaped = None if x.owner is None else _shaped_by(x.owner, fixed)
        if shaped is None:
            return False
        stack.extend(shaped)
    return True


def _shaped_by(node: Apply, fixed: Container[Variable]) -> list[Any] | None:
    """The inputs from whose shapes those of the outputs follow; None where they may hang on values."""
    op = node.op
    if isinstance(op, Subtensor | IncSubtensor):
        numbers = iter(node.inputs[2 if isinstance(op, IncSubtensor) else 1 :])
        for entry in op.idx_list:
            # Which row is taken does not matter, how many do.
            for part in (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else (entry,):
                if part is not None and not isinstance(part, int):
                    number = next(numbers)
                    if isinstance(entry, slice) and not isinstance(number, Constant) and number not in fixed:
                        return None
        return [node.inputs[0]]
    if isinstance(op, Reshape):
        found: list[Any] = [node.inputs[0]]
        sizes = node.inputs[1]
        if isinstance(sizes, Constant) or sizes in fixed:
            return found
        vector = sizes.owner is not None and isinstance(sizes.owner.op, MakeVector)
        return found if vector and all(from_shapes(n, found, fixed) for n in sizes.owner.inputs) else None  # type: ignore[union-attr]
    if isinstance(op, AdvancedSubtensor):
        arrays = all(isinstance(i.type, TensorType) and i.type.dtype != "bool" for i in node.inputs[1:])
        return list(node.inputs) if arrays else None
    if isinstance(op, Join):
        return list(node.inputs[1:])
    if isinstance(op, Alloc):
        found = []
        return found if all(from_shapes(n, found, fixed) for n in node.inputs[1:]) else None
    return list(node.inputs) if isinstance(op, _STEADY) else None


def from_shapes(n: Any, shaped: list[Any], fixed: Container[Variable] = ()) -> bool:
    """Whether a number is made of constants, ``fixed`` values and shapes alone; what has these shapes is added to ``shaped``."""
    stack = [n]
    while stack:
        x = stack.pop()
        if isinstance(x, Constant) or x in fixed:
            continue
        if x.owner is None:
            return False
        if isinstance(x.owner.op, Shape | Shape_i):
            shaped.append(x.owner.inputs[0])
        elif isinstance(x.owner.op, Elemwise | Subtensor | MakeVector):
            stack.extend(x.owner.inputs)
        else:
            return False
    return True
