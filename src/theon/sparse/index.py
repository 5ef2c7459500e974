"""Elements, rows and parts of sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import integer_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.sparse.declare import SparseOp, zero_gradient
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["GetItem2Lists", "GetItem2d", "GetItemList", "GetItemScalar", "getitem"]


def _vector(index: Any) -> Any:
    index = as_tensor_variable(index)
    if index.type.ndim != 1 or index.dtype not in integer_dtypes:
        raise TypeError(message("a sparse matrix is indexed by vectors of integers", [index]))
    return index


def _scattered(shape: Any, rows: Any, columns: Any, values: Any, format: str) -> Any:
    """A matrix of zeros plus values at places, repeated places summed."""
    import scipy.sparse

    rows, columns = (np.where(i < 0, i + n, i) for i, n in zip((rows, columns), shape))
    return scipy.sparse.coo_matrix((values, (rows, columns)), shape=shape).asformat(format)


class GetItemList(SparseOp):
    """Rows ``index``, an integer vector, of a sparse matrix."""

    __module__ = "theano.sparse.basic"

    def convert(self, x: Any, index: Any) -> Sequence[Any]:
        """A sparse matrix and a vector."""
        return [as_sparse_variable(x), _vector(index)]

    def compute(self, x: Any, index: Any) -> Any:
        """Take rows. IndexError for one that is not there."""
        return x[index]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The indices do not matter."""
        return [[True], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The rows put back, those taken twice summed."""
        x, index = inputs
        return [get_item_list_grad(x, index, output_grads[0]), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As many rows as indices."""
        return [(shapes[1][0], shapes[0][1])]


class GetItemListGrad(SparseOp):
    """A matrix like ``x`` with the rows of ``gz`` summed into rows ``index``."""

    __module__ = "theano.sparse.basic"

    def convert(self, x: Any, index: Any, gz: Any) -> Sequence[Any]:
        """A sparse matrix, a vector, a sparse matrix."""
        return [as_sparse_variable(x), _vector(index), as_sparse_variable(gz)]

    def infer(self, x: Any, index: Any, gz: Any) -> SparseType:
        """The format of ``x``."""
        return SparseType(x.format, gz.dtype)

    def compute(self, x: Any, index: Any, gz: Any) -> Any:
        """Sum the rows."""
        found = gz.tocoo()
        return _scattered(x.shape, np.asarray(index)[found.row], found.col, found.data, x.format)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As ``x``."""
        return [shapes[0]]


class GetItem2Lists(SparseOp):
    """The elements at rows ``ind1`` and columns ``ind2`` of a sparse matrix, a dense vector."""

    __module__ = "theano.sparse.basic"

    def convert(self, x: Any, ind1: Any, ind2: Any) -> Sequence[Any]:
        """A sparse matrix and two vectors."""
        return [as_sparse_variable(x), _vector(ind1), _vector(ind2)]

    def infer(self, x: Any, ind1: Any, ind2: Any) -> TensorType:
        """A vector."""
        return TensorType(x.dtype, (False,))

    def compute(self, x: Any, ind1: Any, ind2: Any) -> Any:
        """Take elements. IndexError for one that is not there."""
        return np.asarray(x[ind1, ind2]).ravel()

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The indices do not matter."""
        return [[True], [False], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The elements put back."""
        return [get_item_2lists_grad(*inputs, output_grads[0]), DisconnectedType()(), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As many as indices."""
        return [shapes[1]]


class GetItem2ListsGrad(SparseOp):
    """A matrix like ``x`` with the elements of ``gz`` summed into rows ``ind1`` and columns ``ind2``."""

    __module__ = "theano.sparse.basic"

    def convert(self, x: Any, ind1: Any, ind2: Any, gz: Any) -> Sequence[Any]:
        """A sparse matrix, two vectors of indices and one of values."""
        return [as_sparse_variable(x), _vector(ind1), _vector(ind2), as_tensor_variable(gz)]

    def infer(self, x: Any, ind1: Any, ind2: Any, gz: Any) -> SparseType:
        """The format of ``x``."""
        return SparseType(x.format, gz.dtype)

    def compute(self, x: Any, ind1: Any, ind2: Any, gz: Any) -> Any:
        """Sum the elements."""
        return _scattered(x.shape, ind1, ind2, gz, x.format)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As ``x``."""
        return [shapes[0]]


def _number(index: Any) -> Any:
    index = as_tensor_variable(index)
    if index.type.ndim != 0 or index.dtype not in integer_dtypes:
        raise NotImplementedError(message("a sparse matrix is indexed by integers", [index]))
    return index


class GetItemScalar(SparseOp):
    """The element ``index = (row, column)`` of a sparse matrix, a dense scalar."""

    __module__ = "theano.sparse.basic"

    def convert(self, x: Any, index: Any) -> Sequence[Any]:
        """A matrix and two numbers. NotImplementedError for slices, IndexError for more than two."""
        if len(index) != 2:
            raise IndexError(f"a sparse matrix has 2 dimensions, {len(index)} indices were given")
        if any(isinstance(i, slice) for i in index):
            raise NotImplementedError("GetItemScalar called with a slice as index!")
        return [as_sparse_variable(x), *map(_number, index)]

    def infer(self, x: Any, row: Any, column: Any) -> TensorType:
        """A scalar."""
        return TensorType(x.dtype, ())

    def compute(self, x: Any, row: Any, column: Any) -> Any:
        """Take the element. IndexError where it is not there."""
        return x[int(row), int(column)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The indices do not matter."""
        return [[True], [False], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """One element."""
        from theon.ops.dims import dimshuffle

        x, row, column = inputs
        places = (dimshuffle(i, "x") for i in (row, column))
        g = dimshuffle(output_grads[0], "x")
        return [get_item_2lists_grad(x, *places, g), DisconnectedType()(), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """No dimensions."""
        return [()]


class _Part(Op):
    """The form of a two-dimensional slice: for start, stop and step of each axis, whether it is given."""

    __props__ = ("given",)

    def __init__(self, given: tuple[bool, ...] = ()) -> None:
        self.given = given

    def __str__(self) -> str:
        return type(self).__name__

    def slices(self, numbers: Sequence[Any]) -> tuple[slice, ...]:
        """The slices that run-time numbers stand for."""
        left = iter(int(n) for n in numbers)
        parts = [next(left) if flag else None for flag in self.given]
        return tuple(slice(*parts[k : k + 3]) for k in range(0, len(parts), 3))


class GetItem2d(_Part, SparseOp):
    """Part ``index``, a slice or a pair of slices, of a sparse matrix.

    NotImplementedError for a single row or column (there are no sparse vectors) and for lists beside slices.
    """

    __module__ = "theano.sparse.basic"
    __props__ = ("given",)

    def make_node(self, x: Any, *rest: Any) -> Apply:
        """Return the node: slices are written as those of their numbers that are given."""
        x = as_sparse_variable(x)
        if self.given:
            return SparseOp.make_node(self, x, *rest)
        (index,) = rest
        index = index if isinstance(index, tuple | list) else (index,)
        if len(index) > 2:
            raise IndexError(f"a sparse matrix has 2 dimensions, {len(index)} indices were given")
        numbers: list[Any] = []
        given: list[bool] = []
        for part in index:
            if isinstance(part, slice):
                for n in (part.start, part.stop, part.step):
                    given.append(n is not None)
                    if n is not None:
                        numbers.append(_number(n))
            elif np.isscalar(part) or (isinstance(part, Variable) and getattr(part.type, "ndim", None) == 0):
                raise NotImplementedError(
                    "Theano has no sparse vector. Use X[a:b, c:d], X[a:b, c:c+1] or X[a:b] instead."
                )
            else:
                raise NotImplementedError(
                    f"Advanced indexing is not implemented for sparse matrices. Argument not supported: {part}"
                )
        return SparseOp.make_node(GetItem2d(tuple(given)), x, *numbers)

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """As they are."""
        return inputs

    def compute(self, x: Any, *numbers: Any) -> Any:
        """Take the part."""
        return x[self.slices(numbers)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The indices do not matter."""
        return [[True], *([False] for _ in node.inputs[1:])]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The part put back."""
        x, *numbers = inputs
        return [_PutBack2d(self.given)(x, output_grads[0], *numbers), *(DisconnectedType()() for _ in numbers)]


class _PutBack2d(_Part, SparseOp):
    """Zeros like ``x`` with ``g`` in the part that slices say."""

    __props__ = ("given",)

    def convert(self, *inputs: Any) -> Sequence[Any]:
        return inputs

    def infer(self, x: Any, g: Any, *numbers: Any) -> SparseType:
        return SparseType(x.format, g.dtype)

    def compute(self, x: Any, g: Any, *numbers: Any) -> Any:
        slices = (*self.slices(numbers), slice(None))[:2]
        rows, columns = (np.arange(n)[s] for n, s in zip(x.shape, slices))
        found = g.tocoo()
        return _scattered(x.shape, rows[found.row], columns[found.col], found.data, x.format)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        x, _, *numbers = inputs
        part = GetItem2d(self.given).make_node(output_grads[0], *numbers).outputs[0]
        return [zero_gradient(x), part, *(DisconnectedType()() for _ in numbers)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], *([False] for _ in node.inputs[2:])]


get_item_list, get_item_list_grad, get_item_2lists = GetItemList(), GetItemListGrad(), GetItem2Lists()
get_item_2lists_grad, get_item_2d, get_item_scalar = GetItem2ListsGrad(), GetItem2d(), GetItemScalar()


def _is_number(index: Any) -> bool:
    if isinstance(index, Variable):
        return getattr(index.type, "ndim", None) == 0 and index.type.dtype in integer_dtypes  # type: ignore[attr-defined]
    return bool(np.isscalar(index))


def _is_list(index: Any) -> bool:
    if isinstance(index, Variable):
        return getattr(index.type, "ndim", None) == 1
    return isinstance(index, list | np.ndarray)


def getitem(x: Any, args: Any) -> Any:
    """Return ``x[args]``: two integers give a scalar, two lists a vector, a list rows, slices a sparse part."""
    args = args if isinstance(args, tuple) else (args,)
    if len(args) == 2 and all(map(_is_number, args)):
        return get_item_scalar(x, args)
    if len(args) == 2 and all(map(_is_list, args)):
        return get_item_2lists(x, *args)
    if len(args) == 1 and _is_list(args[0]):
        return get_item_list(x, args[0])
    return get_item_2d(x, args)
