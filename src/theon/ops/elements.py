"""Elements of arrays, which arrays of positions or of bools choose: reading them, and writing to copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.regions import IncSubtensor, unbroadcast_to
from theon.ops.shape import broadcast_shape, shape_i
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AdvancedBooleanIncSubtensor",
    "AdvancedBooleanSubtensor",
    "AdvancedIncSubtensor",
    "AdvancedIncSubtensor1",
    "AdvancedSubtensor",
    "AdvancedSubtensor1",
    "BaseAdvancedIncSubtensor",
    "BaseAdvancedSubtensor",
    "Nonzero",
]


class AdvancedSubtensor1(TensorOp):
    """Rows of an array, chosen by an integer vector."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("sparse_grad",)

    def __init__(self, sparse_grad: bool = False) -> None:
        self.sparse_grad = sparse_grad

    def __str__(self) -> str:
        return "AdvancedSubtensor1"

    def infer(self, x: Any, i: Any) -> TensorType:
        """As many rows as there are indices."""
        if i.type.ndim != 1 or i.type.dtype not in integer_dtypes:
            raise TypeError("index must be vector of integers")
        if x.type.ndim == 0:
            raise TypeError("cannot index into a scalar")
        return TensorType(x.type.dtype, shape=[i.type.shape[0], *x.type.shape[1:]])

    def reference(self, xp: Any, x: Any, i: Any) -> Any:
        """Take rows. IndexError for one that is not there."""
        return x[i]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The rows' gradients summed into a zero array."""
        x, i = inputs
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), DisconnectedType()()]
        if self.sparse_grad:
            from theon.sparse.convert import construct_sparse_from_list

            if x.type.ndim != 2:
                raise TypeError(message("the sparse gradient of x[indices] is defined for a matrix x", [x]))
            return [construct_sparse_from_list(x, output_grads[0], i), DisconnectedType()()]
        return [AdvancedIncSubtensor1()(zeros_for(x), output_grads[0], i), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Rows of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The number of indices and the rest."""
        return [(*shapes[1], *shapes[0][1:])]


class AdvancedIncSubtensor1(TensorOp):
    """A copy of an array with chosen rows set or, counting repeats, increased."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("inplace", "set_instead_of_inc")

    def __init__(self, inplace: bool = False, set_instead_of_inc: bool = False) -> None:
        self.inplace, self.set_instead_of_inc = False, set_instead_of_inc

    def __str__(self) -> str:
        return f"AdvancedIncSubtensor1{{no_inplace,{'set' if self.set_instead_of_inc else 'inc'}}}"

    def infer(self, x: Any, y: Any, i: Any) -> TensorType:
        """The array's type."""
        if y.type.ndim > x.type.ndim:
            raise TypeError(
                f"Trying to increment a {x.type.ndim}-dimensional subtensor with a {y.type.ndim}-dimensional value."
            )
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, y: Any, i: Any) -> Any:
        """Copy and write."""
        return _written(x, y, (i,), self.set_instead_of_inc)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The array and the value matter."""
        return [[True], [True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient without the rows, and the rows'."""
        from theon.ops.reduce import summed_to

        x, y, i = inputs
        (g,) = output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), DisconnectedType()()]
        gx = AdvancedIncSubtensor1(set_instead_of_inc=True)(g, zeros_for(y), i) if self.set_instead_of_inc else g
        return [gx, unbroadcast_to(AdvancedSubtensor1()(g, i), y, summed_to), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The same of the evaluation points."""
        if eval_points[0] is None and eval_points[1] is None:
            return [None]
        first, second = (zeros_for(x) if p is None else p for x, p in zip(inputs[:2], eval_points[:2]))
        return [self(first, second, inputs[2])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


def _written(x: Any, y: Any, index: tuple[Any, ...], replace: bool) -> Any:
    if hasattr(x, "at"):
        return x.at[index].set(y) if replace else x.at[index].add(y)
    out = x.copy()
    if replace:
        out[index] = y
    else:
        np.add.at(out, index, y.astype(x.dtype, copy=False))
    return out


class BaseAdvancedSubtensor(TensorOp):
    """NumPy's advanced indexing. ``pattern`` says what each index is: "array", "slice" (three numbers or None), "newaxis".

    Without a pattern the op is called with the array and the index itself, ``op(x, i, slice(None), None, mask)``.
    """

    __module__ = "theano.tensor.subtensor"
    __props__: tuple[str, ...] = ("pattern",)

    def __init__(self, pattern: Sequence[Any] = ()) -> None:
        self.pattern = tuple(pattern)

    def __str__(self) -> str:
        return type(self).__name__

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; without a pattern, that of what the index means."""
        if self.pattern:
            return super().make_node(*inputs)
        from theon.ops.index import _index_entry, getitem

        x, *index = inputs
        return _node_of(getitem(as_tensor_variable(x), tuple(_index_entry(e) for e in index)))

    def index(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The index with ``values`` in it."""
        rest = iter(values)
        found: list[Any] = []
        for what in self.pattern:
            if what == "newaxis":
                found.append(None)
            elif what == "array":
                found.append(next(rest))
            else:
                found.append(slice(*(int(next(rest)) if has else None for has in what)))
        return tuple(found)

    def infer(self, x: Any, *values: Any) -> TensorType:
        """Ask NumPy, with arrays of 2 for unknown sizes."""
        used = sum(what != "newaxis" for what in self.pattern)
        if used > x.type.ndim:
            raise IndexError(message("too many indices for array", [x]))
        rest = iter(values)
        dims = [1 if flag else 2 for flag in x.type.broadcastable]
        place, index = 0, []
        for what in self.pattern:
            if what == "newaxis":
                index.append(None)
                continue
            if what == "array":
                v = next(rest)
                index.append(np.zeros([1 if flag else 2 for flag in v.type.broadcastable], dtype=int))
            else:
                parts = [next(rest) for has in what if has]
                if parts:
                    dims[place] = 2
                index.append(slice(None))
            place += 1
        shape = np.empty(dims, dtype=bool)[tuple(index)].shape
        return TensorType(x.type.dtype, [n == 1 for n in shape])

    def reference(self, xp: Any, x: Any, *values: Any) -> Any:
        """Index."""
        return x[self.index(values)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True]] + [[False]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The elements' gradients summed into a zero array."""
        x, *values = inputs
        rest = [DisconnectedType()() for _ in values]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), *rest]
        return [AdvancedIncSubtensor(pattern=self.pattern)(zeros_for(x), output_grads[0], *values), *rest]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Where all of the index is arrays side by side, their broadcast shape in place of the dimensions that they index."""
        arrays = [d for d, what in enumerate(self.pattern) if what == "array"]
        if "newaxis" in self.pattern or any(isinstance(what, tuple) and any(what) for what in self.pattern):
            return [tuple(shape_i(node.outputs[0], d) for d in range(node.outputs[0].type.ndim))]  # type: ignore[attr-defined]
        chosen = broadcast_shape(node.inputs[1:], shapes[1:])
        rest = [n for d, n in enumerate(shapes[0]) if d not in arrays]
        adjacent = arrays == list(range(arrays[0], arrays[-1] + 1))
        place = arrays[0] if adjacent else 0
        return [(*rest[:place], *chosen, *rest[place:])]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Index the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], *inputs[1:])]


class AdvancedSubtensor(BaseAdvancedSubtensor):
    """Elements at positions that arrays of integers give."""

    __module__ = "theano.tensor.subtensor"


class AdvancedBooleanSubtensor(BaseAdvancedSubtensor):
    """Elements where arrays of bools are true; such an index becomes one of integers."""

    __module__ = "theano.tensor.subtensor"


class BaseAdvancedIncSubtensor(TensorOp):
    """A copy of an array with the elements of an advanced index set or, counting repeats, increased.

    Without a pattern the op is called with the array, the value and the index itself.
    """

    __module__ = "theano.tensor.subtensor"
    __props__: tuple[str, ...] = ("pattern", "set_instead_of_inc")

    def __init__(self, inplace: bool = False, set_instead_of_inc: bool = False, pattern: Sequence[Any] = ()) -> None:
        self.inplace, self.set_instead_of_inc, self.pattern = False, set_instead_of_inc, tuple(pattern)

    def __str__(self) -> str:
        return type(self).__name__.replace("Inc", "Set") if self.set_instead_of_inc else type(self).__name__

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; without a pattern, that of what the index means."""
        if self.pattern:
            return super().make_node(*inputs)
        from theon.ops.index import _index_entry, getitem, inc_subtensor

        x, y, *index = inputs
        region = getitem(as_tensor_variable(x), tuple(_index_entry(e) for e in index))
        return _node_of(inc_subtensor(region, y, set_instead_of_inc=self.set_instead_of_inc))

    def infer(self, x: Any, y: Any, *values: Any) -> TensorType:
        """The array's type."""
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, y: Any, *values: Any) -> Any:
        """Copy and write."""
        return _written(x, y, AdvancedSubtensor(self.pattern).index(values), self.set_instead_of_inc)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The array and the value matter."""
        return [[True], [True]] + [[False]] * (len(node.inputs) - 2)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient without the elements, and theirs."""
        from theon.ops.reduce import summed_to

        x, y, *values = inputs
        (g,) = output_grads
        rest = [DisconnectedType()() for _ in values]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), *rest]
        gx = (
            AdvancedIncSubtensor(set_instead_of_inc=True, pattern=self.pattern)(g, zeros_for(y), *values)
            if self.set_instead_of_inc
            else g
        )
        return [gx, unbroadcast_to(AdvancedSubtensor(self.pattern)(g, *values), y, summed_to), *rest]

    R_op = IncSubtensor.R_op

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


class AdvancedIncSubtensor(BaseAdvancedIncSubtensor):
    """Elements at positions that arrays of integers give, set or increased."""

    __module__ = "theano.tensor.subtensor"


class AdvancedBooleanIncSubtensor(BaseAdvancedIncSubtensor):
    """Elements where arrays of bools are true, set or increased."""

    __module__ = "theano.tensor.subtensor"


advanced_subtensor1 = AdvancedSubtensor1()
advanced_inc_subtensor1 = AdvancedIncSubtensor1()
advanced_set_subtensor1 = AdvancedIncSubtensor1(set_instead_of_inc=True)
advanced_subtensor = AdvancedSubtensor()
advanced_inc_subtensor = AdvancedIncSubtensor()
advanced_set_subtensor = AdvancedIncSubtensor(set_instead_of_inc=True)
advanced_boolean_subtensor = AdvancedBooleanSubtensor()
advanced_boolean_inc_subtensor = AdvancedBooleanIncSubtensor()
advanced_boolean_set_subtensor = AdvancedBooleanIncSubtensor(set_instead_of_inc=True)


def _node_of(x: Any) -> Apply:
    if x.owner is None:
        from theon.ops.arith import identity

        x = identity(x)
    return x.owner  # type: ignore[no-any-return]


class Nonzero(TensorOp):
    """The positions of nonzero elements, one vector for each dimension."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def infer(self, a: Any) -> list[TensorType]:
        """Vectors."""
        if a.type.ndim == 0:
            raise ValueError("Nonzero only supports non-scalar arrays.")
        return [TensorType("int64", (False,)) for _ in range(a.type.ndim)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask NumPy."""
        for storage, found in zip(output_storage, np.nonzero(inputs[0])):
            storage[0] = found.astype("int64")

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Zero: positions do not move smoothly."""
        return [zeros_for(inputs[0])]


class MaskPositions(Nonzero):
    """The positions where a mask over ``ndim`` dimensions of an array, from dimension ``first``, is true."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("ndim", "first")

    def __init__(self, ndim: int, first: int) -> None:
        self.ndim, self.first = ndim, first

    def infer(self, mask: Any, x: Any) -> list[TensorType]:
        """Vectors."""
        return [TensorType("int64", (False,)) for _ in range(self.ndim)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """IndexError where the mask has another shape than what it selects from."""
        mask, x = inputs
        for d in range(self.ndim):
            if mask.shape[d] != x.shape[self.first + d]:
                raise IndexError(
                    f"boolean index did not match indexed array along dimension {self.first + d}; dimension is "
                    f"{x.shape[self.first + d]} but corresponding boolean dimension is {mask.shape[d]}"
                )
        super().perform(node, [mask], output_storage)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Elements do not matter."""
        return [[False] * self.ndim] * 2

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Disconnected."""
        return [DisconnectedType()(), DisconnectedType()()]
