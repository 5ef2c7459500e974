"""Products with chosen blocks of a block matrix: each row of a batch says which blocks of its input and output are in use."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.declare import TensorOp
from theon.ops.fill import zeros_like
from theon.ops.reduce import sum as sum_
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "SparseBlockGemv",
    "SparseBlockOuter",
    "sparse_block_dot",
    "sparse_block_gemv",
    "sparse_block_gemv_inplace",
    "sparse_block_outer",
    "sparse_block_outer_inplace",
]


def _expect(name: str, x: Any, ndim: int, discrete: bool = False) -> None:
    if x.type.ndim != ndim:
        raise TypeError(f"The {name} should be {ndim}-d but got {x.type.ndim}-d ({x.type})")
    if discrete and x.type.dtype not in discrete_dtypes:
        raise TypeError(f"{name} must be of an integer dtype, not {x.type.dtype}")


def _blocks(name: str, index: Any, n: int) -> Any:
    """The block numbers. IndexError for one that is not there; negative ones are not counted from the end."""
    if index.size and (index.min() < 0 or index.max() >= n):
        wrong = index[(index < 0) | (index >= n)].flat[0]
        raise IndexError(f"{name}: there is no block {wrong} of {n}")
    return index


def _agree(what: str, *sizes: int) -> None:
    if len(set(sizes)) > 1:
        raise ValueError(f"{what} differ: {sizes}")


class SparseBlockGemv(TensorOp):
    """``o[b, j] + sum over i of h[b, i] . W[inputIdx[b, i], outputIdx[b, j]]``.

    Inputs: ``o`` (batch, output blocks in use, output size), ``W`` (input blocks, output blocks, input size, output size), ``h``
    (batch, input blocks in use, input size), ``inputIdx`` and ``outputIdx`` (batch, blocks in use). ``inplace`` has no effect:
    memory is planned by the compiler.
    """

    __module__ = "theano.tensor.nnet.blocksparse"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = bool(inplace)

    def infer(self, o: Any, W: Any, h: Any, inputIdx: Any, outputIdx: Any) -> TensorType:
        """The pattern of ``o``. TypeError for other ranks, or numbers of blocks that are no integers."""
        for name, x, ndim in (("output o", o, 3), ("weights W", W, 4), ("input h", h, 3)):
            _expect(name, x, ndim)
        for name, x in (("inputIdx", inputIdx), ("outputIdx", outputIdx)):
            _expect(name, x, 2, discrete=True)
        return TensorType(upcast(o.type.dtype, W.type.dtype, h.type.dtype), o.type.broadcastable)

    def reference(self, xp: Any, o: Any, W: Any, h: Any, inputIdx: Any, outputIdx: Any) -> Any:
        """Row after row of the batch. IndexError for a block that is not there, ValueError for sizes that do not fit."""
        _agree("the batch sizes of o, h, inputIdx and outputIdx", len(o), len(h), len(inputIdx), len(outputIdx))
        _agree("the input blocks in h and inputIdx", h.shape[1], inputIdx.shape[1])
        _agree("the output blocks in o and outputIdx", o.shape[1], outputIdx.shape[1])
        _agree("the input sizes of h and W", h.shape[2], W.shape[2])
        _agree("the output sizes of o and W", o.shape[2], W.shape[3])
        _blocks("inputIdx", inputIdx, W.shape[0])
        _blocks("outputIdx", outputIdx, W.shape[1])
        out = o.astype(np.result_type(o, W, h))
        for b in range(len(o)):
            used = W[inputIdx[b][:, None], outputIdx[b][None, :]]
            out[b] += np.tensordot(h[b], used, ((0, 1), (0, 2)))
        return out

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``o``."""
        return [shapes[0]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the numbers of the blocks."""
        return [[True], [True], [True], [False], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The transposed product, and outer products added to the blocks in use."""
        o, W, h, inputIdx, outputIdx = inputs
        (g,) = output_grads
        return [
            g.astype(o.type.dtype),
            sparse_block_outer(zeros_like(W), h, g, inputIdx, outputIdx),
            sparse_block_gemv(zeros_like(h), W.dimshuffle(1, 0, 3, 2), g, outputIdx, inputIdx),
            DisconnectedType()(),
            DisconnectedType()(),
        ]


class SparseBlockOuter(TensorOp):
    """``o`` with ``alpha`` times the outer product of ``x[b, i]`` and ``y[b, j]`` added to block ``xIdx[b, i], yIdx[b, j]``.

    Inputs: ``o`` (x blocks, y blocks, x size, y size), ``x`` (batch, x blocks in use, x size), ``y`` (batch, y blocks in use, y
    size), ``xIdx`` and ``yIdx`` (batch, blocks in use), and ``alpha``, 1 by default.
    """

    __module__ = "theano.tensor.nnet.blocksparse"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = bool(inplace)

    def convert(self, o: Any, x: Any, y: Any, xIdx: Any, yIdx: Any, alpha: Any = None) -> list[Any]:  # type: ignore[override]
        """Six variables."""
        found = [as_tensor_variable(v) for v in (o, x, y, xIdx, yIdx)]
        dtype = found[0].type.dtype
        alpha = as_tensor_variable(np.asarray(1, dtype=dtype)) if alpha is None else as_tensor_variable(alpha)
        return [*found, alpha]

    def infer(self, o: Any, x: Any, y: Any, xIdx: Any, yIdx: Any, alpha: Any) -> TensorType:
        """The pattern of ``o``. TypeError for other ranks, or numbers of blocks that are no integers."""
        for name, v, ndim in (("o", o, 4), ("x", x, 3), ("y", y, 3), ("alpha", alpha, 0)):
            _expect(name, v, ndim)
        for name, v in (("xIdx", xIdx), ("yIdx", yIdx)):
            _expect(name, v, 2, discrete=True)
        return TensorType(upcast(o.type.dtype, x.type.dtype, y.type.dtype), o.type.broadcastable)

    def reference(self, xp: Any, o: Any, x: Any, y: Any, xIdx: Any, yIdx: Any, alpha: Any) -> Any:
        """Add where blocks repeat. IndexError for a block that is not there, ValueError for sizes that do not fit."""
        _agree("the batch sizes of x, y, xIdx and yIdx", len(x), len(y), len(xIdx), len(yIdx))
        _agree("the blocks in x and xIdx", x.shape[1], xIdx.shape[1])
        _agree("the blocks in y and yIdx", y.shape[1], yIdx.shape[1])
        _agree("the x sizes of x and o", x.shape[2], o.shape[2])
        _agree("the y sizes of y and o", y.shape[2], o.shape[3])
        _blocks("xIdx", xIdx, o.shape[0])
        _blocks("yIdx", yIdx, o.shape[1])
        out = o.astype(np.result_type(o, x, y))
        for b in range(len(x)):
            products = alpha * (x[b][:, None, :, None] * y[b][None, :, None, :])
            np.add.at(out, (xIdx[b][:, None], yIdx[b][None, :]), products)
        return out

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``o``."""
        return [shapes[0]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the numbers of the blocks."""
        return [[True], [True], [True], [False], [False], [True]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Products of the gradient's blocks with the other factor."""
        o, x, y, xIdx, yIdx, alpha = inputs
        (g,) = output_grads
        back_x = sparse_block_gemv(zeros_like(x), g.dimshuffle(1, 0, 3, 2), y, yIdx, xIdx)
        back_y = sparse_block_gemv(zeros_like(y), g, x, xIdx, yIdx)
        return [
            g.astype(o.type.dtype),
            (alpha * back_x).astype(x.type.dtype),
            (alpha * back_y).astype(y.type.dtype),
            DisconnectedType()(),
            DisconnectedType()(),
            sum_(back_x * x).astype(alpha.type.dtype),
        ]


sparse_block_gemv, sparse_block_gemv_inplace = SparseBlockGemv(False), SparseBlockGemv(True)
sparse_block_outer, sparse_block_outer_inplace = SparseBlockOuter(False), SparseBlockOuter(True)


def sparse_block_dot(W: Any, h: Any, inputIdx: Any, b: Any, outputIdx: Any) -> Any:
    """Return ``b`` plus the product of ``h`` with the blocks of ``W`` in use.

    ``W`` (input blocks, output blocks, input size, output size); ``h`` (batch, input blocks in use, input size) and which they
    are, ``inputIdx`` (batch, input blocks in use); ``b`` (output blocks, output size); ``outputIdx`` (batch, output blocks in
    use). Result: (batch, output blocks in use, output size). Without a batch ``h`` is a matrix, the indices vectors, and the
    result a matrix. TypeError for other ranks; at the call IndexError for a block that is not there.
    """
    W, h, inputIdx, b, outputIdx = (as_tensor_variable(v) for v in (W, h, inputIdx, b, outputIdx))
    if inputIdx.type.ndim != h.type.ndim - 1 or outputIdx.type.ndim != inputIdx.type.ndim:
        raise TypeError(
            f"inputIdx and outputIdx have one dimension less than h: {inputIdx.type}, {outputIdx.type}, {h.type}"
        )
    single = h.type.ndim == 2
    if single:
        h, inputIdx, outputIdx = h.dimshuffle("x", 0, 1), inputIdx.dimshuffle("x", 0), outputIdx.dimshuffle("x", 0)
    out = sparse_block_gemv(b[outputIdx], W, h, inputIdx, outputIdx)
    return out[0] if single else out
