"""A sparse matrix taken apart into its arrays, and put together from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.fill import ones_like, zeros_like
from theon.sparse.declare import is_sparse_var, tensor_of, zero_gradient
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable
from theon.tensor.constant import as_tensor_variable, constant

__all__ = ["CSM", "CSMGrad", "CSMProperties"]


class _Mapped(Op):
    """Equality by ``kmap``, an integer array or None: which stored places take part."""

    kmap: Any = None

    def _key(self) -> Any:
        return None if self.kmap is None else (self.kmap.shape, self.kmap.tobytes())

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and self._key() == other._key()  # type: ignore[attr-defined]
            and getattr(self, "format", None) == getattr(other, "format", None)
        )

    def __hash__(self) -> int:
        return hash((type(self), self._key(), getattr(self, "format", None)))

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.kmap}}}"


def _kmap(kmap: Any) -> Any:
    return None if kmap is None else np.asarray(kmap)


class CSMProperties(_Mapped):
    """The arrays of a csc or csr matrix: ``data``, and as int32 vectors ``indices``, ``indptr``, ``shape``.

    The gradient flows through ``data`` only. TypeError for other formats.
    """

    __module__ = "theano.sparse.basic"
    view_map = {0: [0], 1: [0], 2: [0]}

    def __init__(self, kmap: Any = None) -> None:
        self.kmap = _kmap(kmap)

    def make_node(self, csm: Any) -> Apply:
        """Return the node."""
        csm = as_sparse_variable(csm)
        if csm.format not in ("csr", "csc"):
            raise TypeError(message(f"{self} takes csr and csc matrices, not {csm.format}", [csm]))
        integers = tensor_of("int32", 1)
        return Apply(self, [csm], [tensor_of(csm.dtype, 1)(), *(integers() for _ in range(3))])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read the arrays."""
        (m,) = inputs
        data = m.data if self.kmap is None else m.data[self.kmap]
        for cell, part in zip(output_storage, (data, m.indices, m.indptr, m.shape)):
            cell[0] = np.asarray(part, dtype=None if part is data else "int32")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only ``data`` depends on the elements."""
        return [[True, False, False, False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """A matrix of the same structure that holds the gradient of ``data``."""
        (csm,), g = inputs, output_grads[0]
        if isinstance(g.type, DisconnectedType) or csm.dtype in discrete_dtypes:
            return [zero_gradient(csm)]
        data, indices, indptr, shape = csm_properties(csm)
        if self.kmap is not None:
            from theon.ops.index import inc_subtensor

            g = inc_subtensor(zeros_like(data)[self.kmap], g)
        return [CSM(csm.format)(g, indices, indptr, shape)]


csm_properties = CSMProperties()


def csm_data(csm: Any) -> Any:
    """Return the stored values of a csc or csr matrix, a vector."""
    return csm_properties(csm)[0]


def csm_indices(csm: Any) -> Any:
    """Return the row (csc) or column (csr) of each stored value, int32."""
    return csm_properties(csm)[1]


def csm_indptr(csm: Any) -> Any:
    """Return where each column (csc) or row (csr) begins among the stored values, int32."""
    return csm_properties(csm)[2]


def csm_shape(csm: Any) -> Any:
    """Return the shape, an int32 vector of two."""
    return csm_properties(csm)[3]


class CSM(_Mapped):
    """A csc or csr matrix made of ``data``, ``indices``, ``indptr`` and ``shape``.

    ``indices``, ``indptr`` and ``shape`` are int32 vectors (sequences of ints are converted). ValueError for another
    ``format``, TypeError for other ranks or dtypes.

    >>> CSM("csr")([1.0, 2.0], [0, 2], [0, 1, 2], (2, 3))
    SparseVariable{csr,float64}
    """

    __module__ = "theano.sparse.basic"

    def __init__(self, format: str, kmap: Any = None) -> None:
        if format not in ("csr", "csc"):
            raise ValueError("format must be one of: 'csr', 'csc'", format)
        self.format, self.kmap = format, _kmap(kmap)
        if self.kmap is None:
            self.view_map = {0: [0]}

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.format},{self.kmap}}}" if self.kmap is not None else self.format.upper()

    def make_node(self, data: Any, indices: Any, indptr: Any, shape: Any) -> Apply:
        """Return the node."""
        data = as_tensor_variable(data)
        if data.type.ndim != 1:
            raise TypeError("data argument must be a vector; ", data.type, data)
        parts = [_int32(v, name) for v, name in ((indices, "indices"), (indptr, "indptr"), (shape, "shape"))]
        return Apply(self, [data, *parts], [SparseType(self.format, data.dtype)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Put the arrays together. ValueError where their sizes do not fit."""
        data, indices, indptr, shape = inputs
        if len(shape) != 2:
            raise ValueError("Shape should be an array of length 2", shape)
        if self.kmap is not None:
            data = data[self.kmap]
        if data.shape != indices.shape:
            raise ValueError(
                f"Data (shape {data.shape}) must have the same number of elements as indices (shape {indices.shape})"
            )
        type_ = node.outputs[0].type
        cls = type_.format_cls[self.format]  # type: ignore[attr-defined]
        output_storage[0][0] = cls((data, indices, indptr), tuple(int(n) for n in shape), copy=False)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only ``data`` is differentiable."""
        return [[True], [False], [False], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient at the stored places."""
        from theon.sparse.convert import SparseFromDense, reformatted

        (g,) = output_grads
        data = inputs[0]
        if data.dtype in discrete_dtypes:
            return [zero_gradient(data), *(DisconnectedType()() for _ in range(3))]
        g = reformatted(g, self.format) if is_sparse_var(g) else SparseFromDense(self.format)(g)
        return [CSMGrad(self.kmap)(*inputs, *csm_properties(g)), *(DisconnectedType()() for _ in range(3))]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The last input."""
        return [(node.inputs[3][0], node.inputs[3][1])]  # type: ignore[index]


def _int32(x: Any, name: str) -> Any:
    if not isinstance(x, Variable):
        given = np.asarray(x)
        x = given.astype("int32")
        if not (x == given).all():
            raise TypeError(f"{name} must be integers that int32 holds", given)
        x = constant(x)
    x = as_tensor_variable(x)
    if x.type.ndim != 1 or x.dtype != "int32":
        if x.type.ndim == 1 and name == "shape" and x.dtype in discrete_dtypes:
            return x.astype("int32")
        raise TypeError(f"{name} must be vector of integers", x, x.type)
    return x


CSC, CSR = CSM("csc"), CSM("csr")


class CSMGrad(_Mapped):
    """The gradient of :class:`CSM` by its data: the elements of a sparse gradient at the places that the matrix stores.

    Inputs: data, indices, indptr, shape of the matrix, then of the gradient.
    """

    __module__ = "theano.sparse.basic"

    def __init__(self, kmap: Any = None) -> None:
        self.kmap = _kmap(kmap)

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; the result is like the first input, of the gradient's dtype."""
        if len(inputs) != 8:
            raise TypeError(f"{self} takes 8 inputs, not {len(inputs)}")
        variables = [as_tensor_variable(x) for x in inputs]
        return Apply(self, variables, [tensor_of(variables[4].dtype, 1)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Look the elements up."""
        data, indices, indptr, shape, g_data, g_indices, g_indptr, _ = inputs
        found = elements_at(indices, indptr, shape, g_data, g_indices, g_indptr)
        if self.kmap is not None:
            spread = np.zeros(data.shape, dtype=g_data.dtype)
            np.add.at(spread, self.kmap, found)
            found = spread
        output_storage[0][0] = found

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As the data."""
        return [shapes[0]]


csm_grad = CSMGrad


def elements_at(indices: Any, indptr: Any, shape: Any, g_data: Any, g_indices: Any, g_indptr: Any) -> np.ndarray:
    """The elements of one compressed matrix at the places that another one stores, repeated entries summed."""
    if np.array_equal(indices, g_indices) and np.array_equal(indptr, g_indptr) and _distinct(indices, indptr):
        return g_data.copy()
    width = int(max(shape)) + 1
    keys, g_keys = _places(indices, indptr, width), _places(g_indices, g_indptr, width)
    known, where = np.unique(g_keys, return_inverse=True)
    totals = np.zeros(len(known) + 1, dtype=g_data.dtype)
    np.add.at(totals, where, g_data)
    at = np.searchsorted(known, keys)
    hit = np.append(known, -1)[np.minimum(at, len(known))] == keys
    return np.where(hit, totals[np.minimum(at, len(known))], np.zeros((), g_data.dtype))


def _places(indices: Any, indptr: Any, width: int) -> np.ndarray:
    outer = np.repeat(np.arange(len(indptr) - 1, dtype="int64"), np.diff(indptr))
    return outer * width + indices


def _distinct(indices: Any, indptr: Any) -> bool:
    if len(indices) < 2:
        return True
    rising = np.diff(indices) > 0
    starts = np.asarray(indptr[1:-1])
    starts = starts[(starts > 0) & (starts < len(indices))]
    rising[starts - 1] = True
    return bool(rising.all())


def sp_ones_like(x: Any) -> Any:
    """Return a matrix that stores 1 wherever ``x`` stores anything."""
    data, indices, indptr, shape = csm_properties(_compressed(x))
    return _back(CSM(_compressed(x).format)(ones_like(data), indices, indptr, shape), x)


def sp_zeros_like(x: Any) -> Any:
    """Return a matrix of the shape, format and dtype of ``x`` that stores nothing."""
    found = _compressed(x)
    _, _, indptr, shape = csm_properties(found)
    nothing = np.array([], dtype=found.dtype), np.array([], dtype="int32")
    return _back(CSM(found.format)(*nothing, zeros_like(indptr), shape), x)


def _compressed(x: Any) -> Any:
    from theon.sparse.convert import reformatted

    x = as_sparse_variable(x)
    return x if x.format in ("csc", "csr") else reformatted(x, "csr")


def _back(made: Any, x: Any) -> Any:
    from theon.sparse.convert import reformatted

    return reformatted(made, as_sparse_variable(x).format)
