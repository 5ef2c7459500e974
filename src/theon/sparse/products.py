"""Products of sparse matrices with sparse and dense ones.

``structured_dot`` has a gradient at the stored places only, ``dot`` everywhere (dense), ``true_dot`` a sparse result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops import dot as dense
from theon.sparse.arith import mul_s_s, transpose
from theon.sparse.convert import dense_from_sparse, reformatted
from theon.sparse.csm import CSM, csm_indices, csm_indptr, csm_shape, sp_ones_like
from theon.sparse.declare import SparseOp, common_dtype, is_sparse_var
from theon.sparse.type import SparseType, is_sparse
from theon.sparse.variable import as_sparse_or_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "Dot",
    "SamplingDot",
    "StructuredDot",
    "StructuredDotGradCSC",
    "StructuredDotGradCSR",
    "TrueDot",
    "Usmm",
    "dot",
    "structured_dot",
    "structured_dot_grad",
    "true_dot",
]


def _check_inner(op: Any, x: Any, y: Any) -> None:
    if x.shape[-1] != y.shape[0]:
        raise ValueError(f"shape mismatch in {op}: {tuple(x.shape)} and {tuple(y.shape)}")


def _either(x: Any, y: Any, name: str) -> tuple[Any, Any]:
    x, y = as_sparse_or_tensor_variable(x), as_sparse_or_tensor_variable(y)
    if not (is_sparse_var(x) or is_sparse_var(y)):
        raise TypeError(message(f"{name} requires at least one sparse argument", [x, y]))
    return x, y


def _pattern_product(x: Any, y: Any, indices: Any, indptr: Any, by_rows: bool) -> np.ndarray:
    """The elements of ``x y'`` (dense) at the places of a compressed matrix."""
    outer = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    rows, columns = (outer, indices) if by_rows else (indices, outer)
    found = np.empty(len(indices), dtype=np.result_type(x, y))
    step = max(1, (1 << 22) // max(1, x.shape[1]))  # rows gathered at a time: bounded memory
    for start in range(0, len(indices), step):
        part = slice(start, start + step)
        found[part] = np.einsum("ij,ij->i", x[rows[part]], y[columns[part]])
    return found


# --- dense result, gradient everywhere ------------------------------------------------------------------------------------


class Dot(SparseOp):
    """The product of a sparse matrix and a sparse or dense one (or a dense vector): dense.

    The gradient is dense too. TypeError where neither is sparse or a rank is not 1 or 2.
    """

    __module__ = "theano.sparse.basic"
    takes = "??"
    formats = ("csc", "csr", "bsr")

    def __str__(self) -> str:
        return "Sparse" + type(self).__name__

    def infer(self, x: Any, y: Any) -> TensorType:
        """The outer dimensions."""
        if not (is_sparse_var(x) or is_sparse_var(y)):
            raise TypeError(message("Sparse dot product should have at least one sparse variable as inputs", [x, y]))
        for place, v in enumerate((x, y)):
            if v.ndim not in (1, 2):
                raise TypeError(
                    f"theano.sparse.Dot: input {place} (0-indexed) must have ndim of 1 or 2, {v.ndim} given."
                )
        return TensorType(common_dtype(x, y), (False,) * (x.ndim + y.ndim - 2))

    def compute(self, x: Any, y: Any) -> Any:
        """Multiply. ValueError where the inner sizes differ."""
        _check_inner(self, x, y)
        return x @ y

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Products with the transposes, dense."""
        (x, y), (g,) = inputs, output_grads
        if y.ndim == 1:
            gx = dense.outer(g, y)
        else:
            gx = dot(g, y.T) if is_sparse_var(y) else dense.dot(g, y.T)
        if x.ndim == 1:
            gy = dense.outer(x, g)
        else:
            gy = dot(x.T, g) if is_sparse_var(x) else dense.dot(x.T, g)
        return [gx, gy]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The outer sizes."""
        return [(*shapes[0][:-1], *shapes[1][1:])]


_dot = Dot()


def dot(x: Any, y: Any) -> Any:
    """Return the product of ``x`` and ``y``, of which at least one is sparse: a dense matrix, or vector where one is a vector.

    The gradient is dense, taken everywhere. TypeError where neither is sparse.

    >>> import theon.tensor as T
    >>> from theon.sparse.variable import csr_matrix
    >>> dot(csr_matrix("x"), T.dmatrix("y")).type
    TensorType(float64, matrix)
    """
    return _dot(*_either(x, y, "sparse.dot"))


# --- sparse result ------------------------------------------------------------------------------------------------------------


class TrueDot(SparseOp):
    """The product of a sparse matrix and a sparse or dense one: sparse, in the first one's format.

    ``grad_preserves_dense``: the gradient by a dense matrix is dense, otherwise sparse.
    """

    __module__ = "theano.sparse.basic"
    __props__ = ()
    takes = "s?"

    def __init__(self, grad_preserves_dense: bool = True) -> None:
        self.grad_preserves_dense = grad_preserves_dense

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.grad_preserves_dense == other.grad_preserves_dense  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.grad_preserves_dense))

    def infer(self, x: Any, y: Any) -> SparseType:
        """Sparse."""
        if y.ndim != 2:
            raise TypeError(message("true_dot multiplies matrices", [x, y]))
        return SparseType(x.format, common_dtype(x, y))

    def compute(self, x: Any, y: Any) -> Any:
        """Multiply. ValueError where the inner sizes differ."""
        _check_inner(self, x, y)
        return x @ y

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Products with the transposes."""
        (x, y), (g,) = inputs, output_grads
        gy = true_dot(x.T, g)
        if not is_sparse_var(y) and self.grad_preserves_dense:
            gy = dense_from_sparse(gy)
        return [true_dot(g, y.T), gy]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The outer sizes."""
        return [(shapes[0][0], shapes[1][1])]


def true_dot(x: Any, y: Any, grad_preserves_dense: bool = True) -> Any:
    """Return the product of two matrices, of which at least one is sparse, as a sparse matrix.

    ``grad_preserves_dense``: the gradient by a dense one is dense. TypeError where neither is sparse.
    """
    x, y = _either(x, y, "true_dot")
    if is_sparse_var(x):
        return TrueDot(grad_preserves_dense)(x, y)
    return transpose(TrueDot(grad_preserves_dense)(y.T, x.T))


# --- gradient at the stored places ----------------------------------------------------------------------------------------------


class StructuredDot(SparseOp):
    """The product of a sparse matrix and a dense one (dense result) or a sparse one (sparse result).

    The gradient by the first is taken at its stored places only.
    """

    __module__ = "theano.sparse.basic"
    takes = "s?"
    formats = ("csc", "csr", "bsr")

    def infer(self, a: Any, b: Any) -> Any:
        """As ``b``. NotImplementedError where that is no matrix."""
        if b.ndim != 2:
            raise NotImplementedError(message("structured_dot: non-matrix b", [a, b]))
        dtype = common_dtype(a, b)
        return SparseType(a.format, dtype) if is_sparse_var(b) else TensorType(dtype, (False, b.type.broadcastable[1]))

    def compute(self, a: Any, b: Any) -> Any:
        """Multiply. ValueError where the inner sizes differ."""
        _check_inner(self, a, b)
        return a @ b

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """At the stored places; the product with the transpose."""
        (a, b), (g,) = inputs, output_grads
        return [structured_dot_grad(a, b, g), structured_dot(a.T, g)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The outer sizes."""
        return [(shapes[0][0], shapes[1][1])]


_structured_dot = StructuredDot()


def structured_dot(x: Any, y: Any) -> Any:
    """Return the product of two matrices, at least one sparse: dense with a dense one, sparse between sparse ones.

    The gradient by a sparse matrix is sparse, taken at its stored places. TypeError where neither is sparse,
    NotImplementedError for vectors.
    """
    x, y = _either(x, y, "structured_dot")
    if is_sparse_var(x):
        return _structured_dot(x, y)
    return _structured_dot(y.T, x.T).T


class StructuredDotGradCSC(SparseOp):
    """The stored values of the gradient of :class:`StructuredDot` by a csc matrix: ``g_ab b'`` at its places.

    Inputs: the matrix's indices and indptr, the dense ``b``, the gradient of the product.
    """

    __module__ = "theano.sparse.basic"
    takes = "dddd"
    by_rows = False

    def infer(self, indices: Any, indptr: Any, b: Any, g_ab: Any) -> TensorType:
        """A vector."""
        return TensorType(common_dtype(b, g_ab), (False,))

    def compute(self, indices: Any, indptr: Any, b: Any, g_ab: Any) -> Any:
        """Multiply where it counts."""
        return _pattern_product(g_ab, b, indices, indptr, self.by_rows)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The structure does not matter."""
        return [[False], [False], [True], [True]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Products with the matrix that the gradient fills."""
        from theon.ops.join import stack
        from theon.ops.shape import shape

        (indices, indptr, b, g_ab), (g,) = inputs, output_grads
        sizes = stack([shape(g_ab)[0], shape(b)[0]]).astype("int32")
        m = CSM("csr" if self.by_rows else "csc")(g, indices, indptr, sizes)
        nothing = DisconnectedType()
        return [nothing(), nothing(), dot(m.T, g_ab), dot(m, b)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As many as indices."""
        return [shapes[0]]


class StructuredDotGradCSR(StructuredDotGradCSC):
    """As :class:`StructuredDotGradCSC`, for a csr matrix."""

    __module__ = "theano.sparse.basic"
    by_rows = True


sdg_csc, sdg_csr = StructuredDotGradCSC(), StructuredDotGradCSR()


def structured_dot_grad(sparse_A: Any, dense_B: Any, ga: Any) -> Any:
    """Return ``ga dense_B'`` at the places that ``sparse_A`` stores: the gradient of ``structured_dot(sparse_A, dense_B)``."""
    if sparse_A.format not in ("csc", "csr"):
        return reformatted(structured_dot_grad(reformatted(sparse_A, "csr"), dense_B, ga), sparse_A.format)
    if is_sparse_var(dense_B):
        # Sparse all along: the full product, of which the structure of A selects.
        return mul_s_s(sp_ones_like(sparse_A), true_dot(ga, dense_B.T))
    values = sdg_csc if sparse_A.format == "csc" else sdg_csr
    data = values(csm_indices(sparse_A), csm_indptr(sparse_A), dense_B, ga)
    return CSM(sparse_A.format)(data, csm_indices(sparse_A), csm_indptr(sparse_A), csm_shape(sparse_A))


class SamplingDot(SparseOp):
    """``p * (x y')`` with sparse ``p`` and dense ``x``, ``y``: only the elements that ``p`` stores are computed.

    ``x`` is (rows, k), ``y`` (columns, k). Sparse, in the format of ``p``.
    """

    __module__ = "theano.sparse.basic"
    takes = "dds"

    def infer(self, x: Any, y: Any, p: Any) -> SparseType:
        """As ``p``."""
        if x.type.ndim != 2 or y.type.ndim != 2:
            raise TypeError(message("sampling_dot takes two dense matrices", [x, y]))
        return SparseType(p.format, common_dtype(x, y, p))

    def compute(self, x: Any, y: Any, p: Any) -> Any:
        """Multiply where it counts. ValueError where the shapes do not fit."""
        if x.shape[1] != y.shape[1] or (x.shape[0], y.shape[0]) != tuple(p.shape):
            raise ValueError(f"{self}: shapes {x.shape} and {y.shape} do not give {tuple(p.shape)}")
        data = _pattern_product(x, y, p.indices, p.indptr, p.format == "csr") * p.data
        return type(p)((data, p.indices, p.indptr), shape=p.shape)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Products with the gradient that ``p`` weighs; the sampled product by ``p``."""
        (x, y, p), (g,) = inputs, output_grads
        weighed = mul_s_s(p, g)
        return [dot(weighed, y), dot(weighed.T, x), mul_s_s(sampling_dot(x, y, sp_ones_like(p)), g)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As ``p``."""
        return [shapes[2]]


sampling_dot = SamplingDot()


class Usmm(SparseOp):
    """``alpha * x y + z``, dense, where ``alpha`` is a scalar, ``x`` or ``y`` is sparse and ``z`` dense."""

    __module__ = "theano.sparse.basic"
    takes = "d??d"
    formats = ("csc", "csr", "bsr")

    def __str__(self) -> str:
        return "Usmm{no_inplace}"

    def infer(self, alpha: Any, x: Any, y: Any, z: Any) -> TensorType:
        """A matrix. TypeError where a rank does not fit or neither factor is sparse."""
        if not (is_sparse_var(x) or is_sparse_var(y)):
            raise TypeError(message("usmm: one of the two factors has to be sparse", [x, y]))
        if any(not b for b in alpha.type.broadcastable) or any(v.ndim != 2 for v in (x, y, z)):
            raise TypeError(message("usmm takes a scalar and matrices", [alpha, x, y, z]))
        return TensorType(common_dtype(alpha, x, y, z), (False, False))

    def compute(self, alpha: Any, x: Any, y: Any, z: Any) -> Any:
        """Multiply and add. ValueError where the sizes do not fit."""
        _check_inner(self, x, y)
        product = x @ y
        product = product.toarray() if is_sparse(product) else np.asarray(product)
        return product * alpha.reshape(()) + z

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The product rule; by a sparse factor at its stored places."""
        (alpha, x, y, z), (g,) = inputs, output_grads
        factor = alpha if alpha.type.ndim == 0 else alpha.flatten()[0]
        (gx, gy), scaled = _factor_grads(x, y, factor * g), dot(x, y) * g
        g_alpha = scaled.sum()
        from theon.ops.dims import patternbroadcast

        if alpha.type.ndim:
            g_alpha = g_alpha.dimshuffle(*["x"] * alpha.type.ndim)
        return [g_alpha, gx, gy, patternbroadcast(g, z.type.broadcastable)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The outer sizes."""
        return [(shapes[1][0], shapes[2][1])]


def _factor_grads(x: Any, y: Any, g: Any) -> tuple[Any, Any]:
    """Gradients of ``x y``, of which one is sparse, by both."""
    if is_sparse_var(x):
        gx = structured_dot_grad(x, dense_from_sparse(y) if is_sparse_var(y) else y, g)
    else:
        gx = dot(g, y.T)
    if is_sparse_var(y):
        gy = structured_dot_grad(y.T, dense_from_sparse(x).T if is_sparse_var(x) else x.T, g.T).T
    else:
        gy = dot(x.T, g)
    return gx, gy


usmm = Usmm()
