"""Asking for shapes, and what a graph tells of them before it runs."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import EmptyConstantError, NotScalarConstantError, message
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise, TensorOp
from theon.tensor import hooks
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "Shape",
    "Shape_i",
    "get_scalar_constant_value",
    "broadcast_shape",
    "element_of_vector",
    "is_size",
    "shape",
    "shape_i",
    "vector_length",
]


class Shape(TensorOp):
    """The shape of an array, as an int64 vector."""

    __module__ = "theano.compile.ops"
    __props__ = ()

    def __str__(self) -> str:
        return "Shape"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """Any variable with a shape is taken as it is."""
        return [x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs]

    def infer(self, x: Any) -> TensorType:
        """A vector of known length."""
        return TensorType("int64", shape=[x.type.ndim if x.type.ndim != 1 else None])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read the shape."""
        output_storage[0][0] = np.asarray(inputs[0].shape, dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The elements do not matter."""
        return [[False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Disconnected."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()()]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """No change."""
        return [None]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The rank."""
        return [(constant(node.inputs[0].type.ndim, dtype="int64"),)]  # type: ignore[attr-defined]


def broadcast_shape(xs: Sequence[Any], shapes: Sequence[Any]) -> tuple[Any, ...]:
    """Return the shape of arrays that broadcast: along each dimension a size that is not 1, also where that shows only at run time."""
    from theon.ops.arith import switch
    from theon.ops.compare import eq

    sizes: list[Any] = []
    for back in range(builtins.max(x.type.ndim for x in xs), 0, -1):
        found: Any = None
        for x, sizes_of_x in zip(xs, shapes):
            if back <= x.type.ndim and not x.type.broadcastable[-back]:
                n = sizes_of_x[-back]
                found = n if found is None else switch(eq(found, 1), n, found)
        sizes.append(constant(1, dtype="int64") if found is None else found)
    return tuple(sizes)


class Shape_i(TensorOp):
    """The size along dimension ``i``, as an int64 scalar."""

    __module__ = "theano.compile.ops"
    __props__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = int(i)

    def __str__(self) -> str:
        return f"Shape_i{{{self.i}}}"

    def infer(self, x: Any) -> TensorType:
        """A scalar."""
        if not 0 <= self.i < x.type.ndim:
            raise TypeError(message(f"Shape_i: there is no dimension {self.i}", [x]))
        return TensorType("int64", ())

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read the size."""
        output_storage[0][0] = np.asarray(inputs[0].shape[self.i], dtype="int64")

    connection_pattern = Shape.connection_pattern
    grad = Shape.grad

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """A scalar."""
        return [()]


_shape = Shape()


def shape(x: Any) -> Any:
    """Return the shape of ``x``, an int64 vector of length ``x.ndim``."""
    return _shape(x if isinstance(x, Variable) else as_tensor_variable(x))


def shape_i(x: Any, i: int) -> Any:
    """Return the size of dimension ``i``, an int64 scalar; a constant where it is known to be 1."""
    known = x.type.shape[i]
    return constant(known, dtype="int64") if known is not None else Shape_i(i)(x)


def is_size(v: Any) -> bool:
    """Whether a number is made of shapes and constants alone so that it is not negative."""
    stack, looked = [v], 0
    while stack:
        x = stack.pop()
        looked += 1
        if looked > 30:
            return False
        if isinstance(x, Constant):
            if (x.data < 0).any():
                return False
            continue
        op = None if x.owner is None else x.owner.op
        if isinstance(op, Shape | Shape_i):
            continue
        if type(op).__name__ == "Subtensor":
            stack.append(x.owner.inputs[0])
        elif isinstance(op, Elemwise) and op.scalar_op.kind in ("add", "mul", "minimum", "maximum"):
            stack.extend(x.owner.inputs)
        elif isinstance(op, Elemwise) and op.scalar_op.kind.startswith("Cast"):
            stack.extend(x.owner.inputs)
        else:
            return False
    return True


def element_of_vector(v: Any, place: int) -> int | None:
    """The value of element ``place`` of a shape vector where the graph tells, else None."""
    if isinstance(v, Constant):
        return int(v.data[place]) if place < v.data.shape[0] else None
    if v.owner is None:
        return None
    op = v.owner.op
    if type(op).__name__ == "MakeVector":
        try:
            return int(get_scalar_constant_value(v.owner.inputs[place]))
        except NotScalarConstantError:
            return None
    if isinstance(op, Shape):
        known = v.owner.inputs[0].type.shape
        return known[place] if place < len(known) else None
    return None


def vector_length(v: Any) -> int | None:
    """Return the length of a vector where the graph tells, else None."""
    v = as_tensor_variable(v)
    if v.type.ndim != 1:
        raise TypeError(f"argument must be symbolic vector, not {v.type}")
    if v.type.shape[0] is not None:
        return int(v.type.shape[0])
    if isinstance(v, Constant):
        return int(v.data.shape[0])
    if v.owner is not None:
        op = v.owner.op
        if type(op).__name__ == "MakeVector":
            return len(v.owner.inputs)
        if isinstance(op, Shape):
            return int(v.owner.inputs[0].type.ndim)
        if isinstance(op, Elemwise) and len(v.owner.inputs) == 1:
            return vector_length(v.owner.inputs[0])
        if type(op).__name__ == "Subtensor":
            return op.static_length(v.owner, vector_length)  # type: ignore[no-any-return]
        if type(op).__name__ == "Join" and isinstance(v.owner.inputs[0], Constant):
            parts = [vector_length(part) for part in v.owner.inputs[1:]]
            return None if None in parts else builtins.sum(p for p in parts if p is not None)
    return None


hooks.length = lambda v: vector_length(v) if v.type.ndim == 1 else None


def get_vector_length(v: Any) -> int:
    """Return the length of a vector; ValueError where the graph does not tell."""
    v = as_tensor_variable(v)
    if v.type.ndim != 1:
        raise TypeError(f"argument must be symbolic vector, got '{v}'")
    length = vector_length(v)
    if length is None:
        raise ValueError(f"length not known: {v}")
    return length


def get_scalar_constant_value(
    orig_v: Any, elemwise: bool = True, only_process_constants: bool = False, max_recur: int = 10
) -> Any:
    """Return the value of a scalar expression that is constant, as a 0-d array; NotScalarConstantError if it is not."""
    v = orig_v
    for _ in range(max_recur):
        if v is None:
            raise NotScalarConstantError("None is no number")
        if isinstance(v, np.integer | int | float | np.floating | np.bool_):
            return np.asarray(v)
        if isinstance(v, np.ndarray):
            if not v.size:
                raise EmptyConstantError(f"an array of shape {v.shape} is no scalar")
            if v.size != 1:
                raise NotScalarConstantError(f"an array of shape {v.shape} is no scalar")
            return v.reshape(()).copy()
        if isinstance(v, Constant):
            data = np.asarray(v.data)
            if data.size and bool((data == data.flat[0]).all()):
                return data.flat[0].copy() if data.ndim else data.copy()
            raise (NotScalarConstantError if data.size else EmptyConstantError)(f"{v} is no scalar")
        if only_process_constants or not isinstance(v, Variable) or v.owner is None:
            raise NotScalarConstantError(f"{v} is not constant")
        op, inputs = v.owner.op, v.owner.inputs
        kind = type(op).__name__
        if kind == "Assert":
            # The value is known where the conditions surely hold.
            for condition in inputs[1:]:
                if not get_scalar_constant_value(condition, max_recur=max_recur - 1).all():
                    raise NotScalarConstantError(f"{v} asserts what is not so")
            v = inputs[0]
        elif kind in (
            "Alloc",
            "DimShuffle",
            "Rebroadcast",
            "TensorFromScalar",
            "ScalarFromTensor",
            "DeepCopyOp",
            "ViewOp",
        ):
            v = inputs[0]
        elif isinstance(op, Shape_i):
            (x,) = inputs
            known = np.shape(x.data)[op.i] if isinstance(x, Constant) else x.type.shape[op.i]  # type: ignore[attr-defined]
            if known is None:
                raise NotScalarConstantError(f"{v} is not constant")
            return np.asarray(known, dtype="int64")
        elif isinstance(op, Elemwise):
            if op.scalar_op.kind == "second":
                v = inputs[1]
                continue
            if not elemwise:
                raise NotScalarConstantError(f"{v} is not constant")
            values = [get_scalar_constant_value(x, max_recur=max_recur - 1) for x in inputs]
            storage: list[list[Any]] = [[None]]
            op.perform(v.owner, [np.asarray(value) for value in values], storage)
            return np.asarray(storage[0][0])
        elif kind == "Subtensor" and isinstance(inputs[0], Constant) and v.type.ndim == 0:  # type: ignore[attr-defined]
            found = np.asarray(inputs[0].data)
            places = [get_scalar_constant_value(i, max_recur=max_recur - 1) for i in inputs[1:]]
            try:
                return np.asarray(found[tuple(int(i) for i in places)])
            except IndexError:
                raise NotScalarConstantError(f"{v} is out of bounds") from None
        elif kind == "Subtensor" and len(inputs) == 2:
            vector = inputs[0]
            if vector.type.ndim != 1 or v.type.ndim != 0:  # type: ignore[attr-defined]
                raise NotScalarConstantError(f"{v} is not constant")
            place = int(get_scalar_constant_value(inputs[1], max_recur=max_recur - 1))
            if vector.owner is not None and isinstance(vector.owner.op, Shape) and place < 0:
                place += vector.owner.inputs[0].type.ndim
            size = element_of_vector(vector, place)
            if size is None:
                raise NotScalarConstantError(f"{v} is not constant")
            return np.asarray(size, dtype="int64")
        else:
            raise NotScalarConstantError(f"{v} is not constant")
    raise NotScalarConstantError(f"{orig_v} is not constant")
