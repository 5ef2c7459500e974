"""A variable seen as numbers times tensors, and products u x^T of vectors among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.variable import Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.fill import Alloc
from theon.ops.reduce import SumLike
from theon.rewrite.rules.stabilize import is_number, made_by
from theon.rewrite.rules.structure import transposed
from theon.tensor.constant import as_tensor_variable

__all__ = ["Product", "outer_product"]


class Product:
    """A variable as numbers times tensors, over numbers and tensors."""

    def __init__(self, v: Variable) -> None:
        self.numbers: list[tuple[Variable, bool]] = []  # 0-d, and whether below the line
        self.above: list[Variable] = []
        self.below: list[Variable] = []
        self.negative = False
        self.take(v)

    def take(self, v: Variable, below: bool = False, depth: int = 0) -> None:
        number = number_of(v)
        if number is not None:
            self.numbers.append((number, below))
            return
        node = v.owner
        name = node.op.scalar_op.kind if node is not None and isinstance(node.op, Elemwise) else None
        if node is not None and depth < 12:
            if name == "mul":
                for w in node.inputs:
                    self.take(w, below, depth + 1)
                return
            if name == "true_div":
                self.take(node.inputs[0], below, depth + 1)
                self.take(node.inputs[1], not below, depth + 1)
                return
            if name == "neg":
                self.negative = not self.negative
                self.take(node.inputs[0], below, depth + 1)
                return
            if name == "pow" and is_number(node.inputs[1], 1):
                self.take(node.inputs[0], below, depth + 1)
                return
            if isinstance(node.op, SumLike):
                # Nothing is summed where the gradient is made of the very tensor whose sizes it is to have.
                inner = Product(node.inputs[0])
                if all(w is node.inputs[1] for w in (*inner.above, *inner.below)) and (inner.above or inner.below):
                    self.take(node.inputs[0], below, depth + 1)
                    return
        (self.below if below else self.above).append(v)

    def plain(self) -> bool:
        """Whether there are no numbers."""
        return not self.numbers and not self.negative

    def coefficient(self, dtype: str) -> Variable:
        """The product of the numbers."""
        total: Any = np.asarray(-1 if self.negative else 1, dtype)
        for number, below in self.numbers:
            total = total / number if below else total * number
        found = as_tensor_variable(total)
        return found if found.type.dtype == dtype else found.astype(dtype)  # type: ignore[no-any-return]


def number_of(v: Variable) -> Variable | None:
    """The number that all elements of ``v`` are, as a 0-d variable."""
    for _ in range(8):
        if v.type.ndim == 0:  # type: ignore[attr-defined]
            return v
        node = v.owner
        if isinstance(v, Constant):
            data = np.asarray(v.data)
            if data.size == 1 or (0 < data.size <= 10_000 and (data == data.flat[0]).all()):
                return as_tensor_variable(data.flat[0])
            return None
        if node is None:
            return None
        if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second":
            v = node.inputs[1]
        elif isinstance(node.op, Alloc):
            v = node.inputs[0]
        elif isinstance(node.op, DimShuffle) and all(v.type.broadcastable):  # type: ignore[attr-defined]
            v = node.inputs[0]
        elif isinstance(node.op, DimShuffle) and node.inputs[0].owner is not None:
            v = node.inputs[0]
        elif all(v.type.broadcastable):  # type: ignore[attr-defined]
            return v.dimshuffle()  # type: ignore[attr-defined, no-any-return]
        else:
            return None
    return None


def spread(v: Variable, order: tuple[Any, ...]) -> Variable | None:
    """The vector that is seen as a matrix of one column or one row, times numbers."""
    node = made_by(v, DimShuffle)
    if node is None or node.op.new_order != order or node.inputs[0].type.ndim != 1:  # type: ignore[attr-defined]
        return None
    return node.inputs[0]


def outer_product(product: Product) -> tuple[Variable, Variable] | None:
    """u and x of a product that is u x^T, for vectors or matrices of few columns."""
    if product.below:
        return None
    if len(product.above) == 1:
        node = made_by(product.above[0], Dot)
        if node is None:
            return None
        u, v = spread(node.inputs[0], (0, "x")), spread(node.inputs[1], ("x", 0))
        if u is not None and v is not None:
            return u, v
        x = transposed(node.inputs[1])
        return None if x is None else (node.inputs[0], x)
    if len(product.above) != 2:
        return None
    found: dict[Any, Variable] = {}
    for v in product.above:
        node = made_by(v, DimShuffle)
        if node is None or node.inputs[0].type.ndim != 1:  # type: ignore[attr-defined]
            return None
        found[node.op.new_order] = node.inputs[0]  # type: ignore[attr-defined]
    if set(found) != {(0, "x"), ("x", 0)}:
        return None
    return found[0, "x"], found["x", 0]
