"""Smaller operations on whole tensors: counting, selecting, permuting, filling diagonals, index arithmetic, grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes, upcast
from theon.errors import message
from theon.graph.variable import Apply, Variable
from theon.ops.arith import maximum, switch
from theon.ops.compare import eq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.extremes import max as max_
from theon.ops.fill import arange, zeros
from theon.ops.index import set_subtensor
from theon.ops.join import join, stack
from theon.ops.reduce import sum as sum_
from theon.ops.shape import broadcast_shape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "Bartlett",
    "FillDiagonal",
    "FillDiagonalOffset",
    "PermuteRowElements",
    "RavelMultiIndex",
    "SearchsortedOp",
    "UnravelIndex",
    "bartlett",
    "bincount",
    "ceil_intdiv",
    "compress",
    "cov",
    "fill_diagonal",
    "fill_diagonal_offset",
    "inverse_permutation",
    "iround",
    "largest",
    "mgrid",
    "ogrid",
    "permute_row_elements",
    "ravel_multi_index",
    "searchsorted",
    "smallest",
    "stacklists",
    "to_one_hot",
    "unravel_index",
]


class PermuteRowElements(TensorOp):
    """The elements of each row of ``x`` in the order of the row of ``y`` (its inverse where ``inverse`` is not 0).

    Leading dimensions broadcast against each other.
    """

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def infer(self, x: Any, y: Any, inverse: Any) -> TensorType:
        """The dtype of ``x``, broadcast dimensions. TypeError for an order that is no integer."""
        if y.type.dtype not in integer_dtypes:
            raise TypeError(f"an order is of integers, not {y.type.dtype}")
        if inverse.type.ndim or inverse.type.dtype not in discrete_dtypes:
            raise TypeError("inverse is an integer")
        ndim = max(x.type.ndim, y.type.ndim)
        flags = [
            all(f[-1 - d] if d < len(f) else True for f in (x.type.broadcastable, y.type.broadcastable))
            for d in range(ndim)
        ]
        return TensorType(x.type.dtype, flags[::-1])

    def reference(self, xp: Any, x: Any, y: Any, inverse: Any) -> Any:
        """Gather, or scatter for the inverse."""
        shape = (*np.broadcast_shapes(x.shape[:-1], y.shape[:-1]), x.shape[-1])
        if x.shape[-1:] != y.shape[-1:]:
            raise ValueError(f"rows of {x.shape[-1]} elements cannot be put in an order of {y.shape[-1]}")
        x, y = xp.broadcast_to(x, shape), xp.broadcast_to(y, shape)
        if not inverse:
            return xp.take_along_axis(x, y, axis=-1)
        out = xp.empty_like(x)
        xp.put_along_axis(out, y, x, axis=-1)
        return out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient in the opposite order, summed over what ``x`` was broadcast along."""
        from theon.ops.reduce import summed_to

        x, y, inverse = inputs
        back = self(output_grads[0], y, eq(inverse, 0).astype("int8"))
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), zeros_for(inverse)]
        return [summed_to(_without_leading(back, x.type.ndim), x), zeros_for(y), zeros_for(inverse)]


def _without_leading(x: Any, ndim: int) -> Any:
    return x if x.type.ndim == ndim else sum_(x, axis=list(range(x.type.ndim - ndim)))


def permute_row_elements(x: Any, y: Any, inverse: Any = 0) -> Any:
    """Return ``x`` with the elements of each row in the order that the rows of ``y`` give."""
    return PermuteRowElements()(x, y, as_tensor_variable(np.int8(inverse) if isinstance(inverse, int) else inverse))


def inverse_permutation(perm: Any) -> Any:
    """Return the inverse of each row of ``perm``."""
    perm = as_tensor_variable(perm)
    return permute_row_elements(arange(perm.shape[-1], dtype=perm.type.dtype), perm, inverse=True)


# --- counting and selecting -------------------------------------------------------------------------------------------


class Bincount(TensorOp):
    """How often each number below the largest occurs, or the sum of the weights there."""

    __props__ = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def infer(self, x: Any, minlength: Any, *weights: Any) -> TensorType:
        """A vector."""
        return TensorType(self.dtype, [False])

    def reference(self, xp: Any, x: Any, minlength: Any, *weights: Any) -> Any:
        """ValueError for negative numbers."""
        if x.size and x.min() < 0:
            raise ValueError("bincount counts numbers that are not negative")
        found = xp.bincount(x.astype("int64"), weights[0] if weights else None, int(minlength))
        return found.astype(self.dtype)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Each weight gets the gradient of its bin."""
        x, minlength, *weights = inputs
        first = [zeros_for(x), zeros_for(minlength)]
        if not weights:
            return first
        (w,) = weights
        return [*first, zeros_for(w) if w.type.dtype in discrete_dtypes else output_grads[0][x].astype(w.type.dtype)]


def bincount(x: Any, weights: Any = None, minlength: Any = None, assert_nonneg: bool = False) -> Any:
    """Return how often each number below ``max(x) + 1`` (at least ``minlength``) is in the vector ``x``, or its weights' sums.

    TypeError where ``x`` is no vector of integers. Negative numbers are a ValueError when the function runs, an
    AssertionError where ``assert_nonneg`` asks for that.
    """
    x = as_tensor_variable(x)
    if x.type.ndim != 1 or x.type.dtype not in discrete_dtypes:
        raise TypeError(f"bincount takes a vector of integers, not {x.type}")
    if assert_nonneg:
        from theon.ops.checks import Assert
        from theon.ops.compare import ge
        from theon.ops.reduce import all as all_

        x = Assert("Input to bincount has negative values!")(x, all_(ge(x, 0)))
    minlength = as_tensor_variable(np.int64(0) if minlength is None else minlength)
    if weights is None:
        return Bincount(x.type.dtype if x.type.dtype != "bool" else "int64")(x, minlength)
    weights = as_tensor_variable(weights)
    return Bincount(weights.type.dtype)(x, minlength, weights)


def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """Return the slices of ``x`` along ``axis`` (the elements of the flat ``x``) where the vector ``condition`` is not 0."""
    from theon.ops.index import flatnonzero, take

    return take(x, flatnonzero(as_tensor_variable(condition)), axis=axis)


class SearchsortedOp(TensorOp):
    """Where each element of ``v`` would be inserted in the sorted vector ``x``."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("side",)

    def __init__(self, side: str = "left") -> None:
        if side not in ("left", "right"):
            raise ValueError(f"'{side}' is an invalid value for keyword 'side'")
        self.side = side

    def infer(self, x: Any, v: Any, sorter: Any = None) -> TensorType:
        """int64, the shape of ``v``. ValueError for other than vectors, TypeError where ``sorter`` is not of integers."""
        if x.type.ndim != 1 or (sorter is not None and sorter.type.ndim != 1):
            raise ValueError(message("searchsorted looks in a vector", [x] if sorter is None else [x, sorter]))
        if sorter is not None and sorter.type.dtype not in discrete_dtypes:
            raise TypeError("sorter must be an integer vector", sorter.type)
        return TensorType("int64", v.type.broadcastable)

    def reference(self, xp: Any, x: Any, v: Any, sorter: Any = None) -> Any:
        """Binary search. NumPy checks only the entries of ``sorter`` that a search reads."""
        if sorter is not None and sorter.size and not 0 <= int(sorter.min()) <= int(sorter.max()) < x.size:
            raise ValueError(f"Sorter index out of range: {sorter.min()} to {sorter.max()}, of a vector of {x.size}")
        return xp.searchsorted(x, v, self.side, sorter)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``v``."""
        return [shapes[1]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Places are constant almost everywhere."""
        return [zeros_for(x) for x in inputs]


def searchsorted(x: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Return where the elements of ``v`` would go in ``x``, sorted (by ``sorter``), to keep it so: int64."""
    return SearchsortedOp(side)(x, v) if sorter is None else SearchsortedOp(side)(x, v, sorter)


def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> Any:
    """Return the matrix with a 1 in column ``y[i]`` of row ``i``: (len(y), nb_class), floatX by default."""
    y = as_tensor_variable(y)
    if y.type.ndim != 1 or y.type.dtype not in integer_dtypes:
        raise TypeError(f"to_one_hot takes a vector of integers, not {y.type}")
    from theon.ops.fill import ones_like

    out = zeros((y.shape[0], nb_class), dtype=dtype)
    return set_subtensor(out[arange(y.shape[0]), y], ones_like(y, dtype=out.type.dtype))


# --- diagonals --------------------------------------------------------------------------------------------------------


class FillDiagonal(TensorOp):
    """``a`` with the scalar ``val`` along its main diagonal (all sizes equal where there are more than two dimensions)."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ()

    def infer(self, a: Any, val: Any) -> TensorType:
        """The type of ``a``. TypeError for a vector, a value that is no scalar, or one that ``a`` cannot hold."""
        if a.type.ndim < 2:
            raise TypeError(f"{type(self).__name__}: first parameter must have at least two dimensions")
        if val.type.ndim:
            raise TypeError(f"{type(self).__name__}: second parameter must be a scalar")
        if upcast(a.type.dtype, val.type.dtype) != a.type.dtype:
            raise TypeError(f"type mismatch: a value of {val.type.dtype} in a tensor of {a.type.dtype}")
        return TensorType(a.type.dtype, a.type.broadcastable)

    def reference(self, xp: Any, a: Any, val: Any) -> Any:
        """Fill a copy; a tall matrix is not filled again below."""
        out = a.copy()
        if a.ndim > 2 and len(set(a.shape)) != 1:
            raise ValueError(f"All dimensions of input must be of equal length: {a.shape}")
        n = min(a.shape)
        out[(np.arange(n),) * a.ndim] = val
        return out

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``a``."""
        return [shapes[0]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The diagonal's gradient goes to the value."""
        from theon.ops.fill import trace

        _a, val = inputs
        (g,) = output_grads
        if g.type.ndim > 2:
            n = arange(g.shape[0])
            at_value = sum_(g[(n,) * g.type.ndim])
        else:
            at_value = trace(g)
        return [self(g, np.asarray(0, g.type.dtype)), _own(at_value, val)]


def _own(g: Any, x: Any) -> Any:
    return zeros_for(x) if x.type.dtype in discrete_dtypes else g.astype(x.type.dtype)


class FillDiagonalOffset(TensorOp):
    """The matrix ``a`` with ``val`` along the diagonal ``offset`` to the right (to the left where negative)."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ()

    def infer(self, a: Any, val: Any, offset: Any) -> TensorType:
        """The type of ``a``. TypeError for what is no matrix, scalar, integer."""
        if a.type.ndim != 2:
            raise TypeError(f"{type(self).__name__}: first parameter must have exactly two dimensions")
        if val.type.ndim or offset.type.ndim:
            raise TypeError(f"{type(self).__name__}: second and third parameter must be scalars")
        if upcast(a.type.dtype, val.type.dtype) != a.type.dtype:
            raise TypeError(f"type mismatch: a value of {val.type.dtype} in a tensor of {a.type.dtype}")
        if offset.type.dtype not in integer_dtypes:
            raise TypeError("offset must be an integer", offset.type.dtype)
        return TensorType(a.type.dtype, a.type.broadcastable)

    def reference(self, xp: Any, a: Any, val: Any, offset: Any) -> Any:
        """Fill a copy."""
        out = a.copy()
        rows, columns = _diagonal(a.shape, int(offset))
        out[rows, columns] = val
        return out

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``a``."""
        return [shapes[0]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The diagonal's gradient goes to the value."""
        _a, val, offset = inputs
        (g,) = output_grads
        rest = self(g, np.asarray(0, g.type.dtype), offset)
        return [rest, _own(sum_(g - rest), val), zeros_for(offset)]


def _diagonal(shape: Sequence[int], k: int) -> tuple[Any, Any]:
    rows = np.arange(max(0, -k), shape[0])
    keep = (rows + k < shape[1]) & (rows + k >= 0)
    return rows[keep], rows[keep] + k


fill_diagonal_, fill_diagonal_offset_ = FillDiagonal(), FillDiagonalOffset()


def fill_diagonal(a: Any, val: Any) -> Any:
    """Return a copy of ``a`` with the scalar ``val`` along its main diagonal."""
    return fill_diagonal_(a, val)


def fill_diagonal_offset(a: Any, val: Any, offset: Any) -> Any:
    """Return a copy of the matrix ``a`` with ``val`` along the diagonal ``offset`` to the right."""
    return fill_diagonal_offset_(a, val, offset)


# --- index arithmetic -------------------------------------------------------------------------------------------------


class UnravelIndex(TensorOp):
    """Flat places in a tensor of shape ``dims`` as one tensor of places for each dimension."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("ndim", "order")

    def __init__(self, ndim: int, order: str = "C") -> None:
        if order not in ("C", "F"):
            raise ValueError(f"order must be 'C' or 'F', not {order!r}")
        self.ndim, self.order = ndim, order

    def infer(self, indices: Any, dims: Any) -> list[TensorType]:
        """int64, the shape of the places. TypeError for places or sizes that are no integers."""
        if indices.type.dtype not in integer_dtypes:
            raise TypeError(f"'{indices.type.dtype}' object cannot be interpreted as an index")
        if dims.type.ndim != 1 or dims.type.dtype not in integer_dtypes:
            raise TypeError("dims must be a 1D array of integers")
        return [TensorType("int64", indices.type.broadcastable) for _ in range(self.ndim)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """ValueError for places outside the shape."""
        indices, dims = inputs
        if len(dims) != self.ndim:
            raise ValueError(f"dims has {len(dims)} sizes where {self.ndim} are needed")
        found = np.unravel_index(indices, [int(n) for n in dims], self.order)
        for cell, value in zip(output_storage, found):
            cell[0] = np.asarray(value, "int64")

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of the places."""
        return [shapes[0]] * self.ndim

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Integers."""
        return [zeros_for(x) for x in inputs]


def unravel_index(indices: Any, dims: Any, order: str = "C", ndim: int | None = None) -> Any:
    """Return, for each dimension of the shape ``dims``, the places that the flat places ``indices`` have there.

    ``ndim`` is needed where the length of ``dims`` is not known.
    """
    from theon.ops.shape import vector_length

    found = as_tensor_variable(dims)
    if ndim is None:
        ndim = vector_length(found)
        if ndim is None:
            raise ValueError("ndim must be specified: the length of dims is not known", found)
    result = UnravelIndex(ndim, order)(as_tensor_variable(indices), found)
    return (result,) if ndim == 1 else tuple(result)


class RavelMultiIndex(TensorOp):
    """Places along each dimension of a tensor of shape ``dims`` (the last input) as flat places."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("mode", "order")

    def __init__(self, mode: str = "raise", order: str = "C") -> None:
        if mode not in ("raise", "wrap", "clip") or order not in ("C", "F"):
            raise ValueError(f"mode is 'raise', 'wrap' or 'clip', order 'C' or 'F', not {mode!r}, {order!r}")
        self.mode, self.order = mode, order

    def infer(self, *inputs: Any) -> TensorType:
        """int64; the places broadcast."""
        *index, dims = inputs
        for i in index:
            if i.type.dtype not in integer_dtypes:
                raise TypeError(f"'{i.type.dtype}' object cannot be interpreted as an index")
        if dims.type.ndim != 1 or dims.type.dtype not in integer_dtypes:
            raise TypeError("dims must be a 1D array of integers")
        ndim = max(i.type.ndim for i in index)
        flags = [all(i.type.broadcastable[-1 - d] if d < i.type.ndim else True for i in index) for d in range(ndim)]
        return TensorType("int64", flags[::-1])

    def reference(self, xp: Any, *inputs: Any) -> Any:
        """ValueError for places outside the shape under ``mode="raise"``."""
        *index, dims = inputs
        for i, n in zip(index, dims) if self.mode == "raise" else ():
            if i.size and (i.min() < 0 or i.max() >= n):
                bad = i.min() if i.min() < 0 else i.max()
                raise ValueError(f"invalid entry in coordinates array: {bad} along a dimension of size {n}")
        return xp.ravel_multi_index(index, [int(n) for n in dims], self.mode, self.order)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The places broadcast."""
        return [broadcast_shape(node.inputs[:-1], shapes[:-1])]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Integers."""
        return [zeros_for(x) for x in inputs]


def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Any:
    """Return flat places from places along each dimension of the shape ``dims``."""
    index = [multi_index] if isinstance(multi_index, Variable) else list(multi_index)
    return RavelMultiIndex(mode, order)(*index, dims)


# --- windows, grids, lists --------------------------------------------------------------------------------------------


class Bartlett(TensorOp):
    """The triangular window of M points: float64."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ()

    def infer(self, M: Any) -> TensorType:
        """TypeError unless ``M`` is an integer scalar."""
        if M.type.ndim:
            raise TypeError(f"{type(self).__name__} only works on scalar input")
        if M.type.dtype not in integer_dtypes:
            raise TypeError(f"{type(self).__name__} only works on integer input")
        return TensorType("float64", [False])

    def reference(self, xp: Any, M: Any) -> Any:
        """NumPy's window."""
        return np.bartlett(int(M))

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """M, at least 0."""
        M = node.inputs[0]
        return [(switch(M < 0, 0, M).astype("int64"),)]  # type: ignore[operator]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Integer."""
        return [zeros_for(x) for x in inputs]


bartlett_ = Bartlett()


def bartlett(M: Any) -> Any:
    """Return the Bartlett (triangular) window of ``M`` points; empty where ``M`` is not positive."""
    return bartlett_(M)


class _Grid:
    def __init__(self, sparse: bool) -> None:
        self.sparse = sparse

    def __getitem__(self, args: Any) -> Any:
        slices = args if isinstance(args, tuple) else (args,)
        axes = [arange(s.start or 0, s.stop, s.step or 1) for s in slices]
        shaped = [
            a.dimshuffle(*("x" if k != d else 0 for k in range(len(axes)))) if len(axes) > 1 else a
            for d, a in enumerate(axes)
        ]
        if self.sparse or len(axes) == 1:
            return shaped if len(axes) > 1 else shaped[0]
        total = shaped[0]
        for other in shaped[1:]:
            total = total + other
        zero = total * 0
        return [zero.astype(a.type.dtype) + a for a in shaped]


mgrid, ogrid = _Grid(sparse=False), _Grid(sparse=True)
mgrid.__doc__ = (
    """Grids by slices: ``mgrid[0:3, 0:4]`` is a list of two (3, 4) tensors of the places along each dimension."""
)
ogrid.__doc__ = """Open grids by slices: as ``mgrid``, of size 1 in all dimensions but one."""


def stacklists(arg: Any) -> Any:
    """Return nested lists of equal sizes as one tensor, a dimension for each level."""
    if isinstance(arg, tuple | list):
        return stack([stacklists(a) for a in arg])
    return arg


def largest(*args: Any) -> Any:
    """Return the elementwise maximum of all arguments."""
    if len(args) == 2:
        return maximum(*args)
    return max_(stack(list(args)), axis=0)


def smallest(*args: Any) -> Any:
    """Return the elementwise minimum of all arguments."""
    from theon.ops.arith import minimum
    from theon.ops.extremes import min as min_

    if len(args) == 2:
        return minimum(*args)
    return min_(stack(list(args)), axis=0)


def ceil_intdiv(a: Any, b: Any) -> Any:
    """Return the quotient of integers, rounded up."""
    from theon.ops.arith import int_div
    from theon.ops.compare import neq

    a, b = as_tensor_variable(a), as_tensor_variable(b)
    div = int_div(a, b)
    return div + neq(a % b, 0).astype(div.type.dtype)


def iround(a: Any, mode: str | None = None) -> Any:
    """Return ``a`` rounded, int64."""
    return as_tensor_variable(a).round(mode).astype("int64")


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """Return the covariance matrix of the rows of ``m`` (and of ``y``); of columns where ``rowvar`` is False.

    ``bias`` divides by the number of observations N in place of N - 1, ``ddof`` by N - ddof. ``fweights`` say how often each
    observation counts, ``aweights`` how much, as in ``numpy.cov``.
    """
    from theon.ops.dot import dot

    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")

    def rows(x: Any) -> Any:
        x = as_tensor_variable(x)
        if x.type.ndim == 0:
            x = x.dimshuffle("x")
        if x.type.ndim == 1:
            x = x.dimshuffle("x", 0)
        elif not rowvar and not x.type.broadcastable[0]:
            x = x.T
        return x

    m = rows(m)
    if y is not None:
        m = join(0, m, rows(y))
    if ddof is None:
        ddof = 0 if bias else 1
    if fweights is None and aweights is None:
        centred = m - m.mean(axis=1, keepdims=True)
        count = (m.shape[1] - ddof).astype(centred.type.dtype)
        return dot(centred, centred.T) / count
    # fweights repeat observations, aweights are their relative importance.
    weights = as_tensor_variable(1.0) if fweights is None else as_tensor_variable(fweights)
    total = sum_(weights) if aweights is None else None
    if aweights is not None:
        weights = weights * aweights
        total = sum_(weights)
    centred = m - (sum_(m * weights, axis=1) / total).dimshuffle(0, "x")
    lost = ddof if aweights is None else ddof * sum_(weights * aweights) / total
    return dot(centred * weights, centred.T) / (total - lost)
