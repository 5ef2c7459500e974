"""Convolution and pooling of images by a sparse matrix that lays out their patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.join import stack
from theon.ops.reshape import flatten, reshape
from theon.ops.shape import shape
from theon.sparse.csm import CSM
from theon.sparse.declare import tensor_of
from theon.sparse.products import structured_dot
from theon.tensor.constant import as_tensor_variable

__all__ = ["ConvolutionIndices", "convolve", "max_pool"]


class ConvolutionIndices(Op):
    """The structure of a csc matrix whose product with an image (a raster column) is the stack of its patches.

    Inputs: image shape ``(height, width)`` or ``(features, height, width)``, kernel shape. Outputs: indices, indptr, shape.
    """

    __module__ = "theano.sparse.sandbox.sp"
    __props__ = ()

    @staticmethod
    def sparse_eval(inshp: Any, kshp: Any, nkern: int, strides: Any = (1, 1), mode: str = "valid") -> Any:
        """Return the structure for kernels of their own at each place; see :meth:`evaluate`."""
        return ConvolutionIndices.evaluate(inshp, kshp, strides, nkern, mode=mode, ws=False)

    @staticmethod
    def conv_eval(inshp: Any, kshp: Any, strides: Any = (1, 1), mode: str = "valid") -> Any:
        """Return the structure for kernels that are the same everywhere; see :meth:`evaluate`."""
        return ConvolutionIndices.evaluate(inshp, kshp, strides, mode=mode, ws=True)

    @staticmethod
    def evaluate(
        inshp: Any, kshp: Any, strides: Any = (1, 1), nkern: int = 1, mode: str = "valid", ws: bool = True
    ) -> Any:
        """Return (indices, indptr, matrix shape, "csc", (height, width) of the result); ``strides`` is (dx, dy).

        ``ws``: kernels are the same everywhere, and a row of the matrix is a tap of a patch. Without it a row is a result,
        and a fifth value, ``kmap``, tells which tap each stored value is. ValueError where no result is left.
        """
        features, height, width = (1, *inshp) if np.size(inshp) == 2 else inshp
        kh, kw = (int(n) for n in kshp)
        dx, dy = strides
        size = np.array([height, width]) + (1 if mode == "full" else -1) * (np.array([kh, kw]) - 1)
        out = np.ceil(size / np.array([dy, dx], dtype=float)).astype("int64")
        if (out <= 0).any():
            raise ValueError(f"Invalid kernel {kshp} and/or step size {(dx, dy)} for input shape {tuple(inshp)}")
        margin = (kh - 1, kw - 1) if mode == "full" else (0, 0)
        feature, kernel, y, x, ky, kx = (
            axis.ravel() for axis in np.indices((features, 1 if ws else nkern, *out, kh, kw), dtype="int64")
        )
        iy, ix = y * dy + ky - margin[0], x * dx + kx - margin[1]
        tap = np.arange(len(iy))
        inside = (iy >= 0) & (iy < height) & (ix >= 0) & (ix < width)
        place = y * out[1] + x
        if ws:
            row = (place * features + feature) * kh * kw + ky * kw + kx
            rows = int(out.prod()) * features * kh * kw
        else:
            row = place + kernel * int(out.prod())
            rows = int(out.prod()) * nkern
        column = (feature * height + iy) * width + ix
        columns = features * height * width
        row, column, tap = row[inside], column[inside], tap[inside]
        order = np.lexsort((row, column))
        indptr = np.searchsorted(column[order], np.arange(columns + 1)).astype("int32")
        found = row[order].astype("int32"), indptr, (rows, columns), "csc", tuple(int(n) for n in out)
        return found if ws else (*found[:3], "csc", found[4], tap[order])

    def make_node(self, inshp: Any, kshp: Any) -> Apply:
        """Return the node."""
        vector = tensor_of("int32", 1)
        return Apply(self, [as_tensor_variable(inshp), as_tensor_variable(kshp)], [vector() for _ in range(3)])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Lay the patches out."""
        indices, indptr, size, _, _ = self.conv_eval(tuple(map(int, inputs[0])), tuple(map(int, inputs[1])))
        for cell, value in zip(output_storage, (indices, indptr, size)):
            cell[0] = np.asarray(value, dtype="int32")


convolution_indices = ConvolutionIndices()


def _stacked(images: Any, imgshp: Any, kshp: Any, step: Any, mode: str) -> tuple[Any, tuple[int, int]]:
    """All patches of a batch of images, (batch, places * features * taps), and how many places there are."""
    indices, indptr, size, format, out = ConvolutionIndices.conv_eval(imgshp, kshp, step, mode)
    matrix = CSM(format)(np.ones(len(indices), dtype=images.dtype), indices, indptr, size)
    return structured_dot(matrix, images.T).T, out


def _sizes(*sizes: Any) -> Any:
    return stack([as_tensor_variable(n).astype("int64") for n in sizes])


def convolve(
    kerns: Any,
    kshp: Any,
    nkern: int,
    images: Any,
    imgshp: Any,
    step: Any = (1, 1),
    bias: Any = None,
    mode: str = "valid",
    flatten: bool = True,
) -> Any:
    """Return the correlation of images with kernels, and the shape ``(nkern, height, width)`` of one result.

    ``images`` is (batch, pixels), each in raster order, of shape ``imgshp``, ``(height, width)`` or ``(features, height,
    width)``; ``kerns`` is (nkern, features * taps). ``bias`` has one element a kernel. ``mode`` is "valid" or "full", ``step``
    (dx, dy). The result is (batch, nkern * places), or, unless ``flatten``, (batch, nkern, places).
    """
    images, kerns = as_tensor_variable(images), as_tensor_variable(kerns)
    features = 1 if np.size(imgshp) == 2 else int(imgshp[0])
    stacked, out = _stacked(images, imgshp, kshp, step, mode)
    batch, places, taps = shape(images)[0], int(np.prod(out)), features * int(np.prod(kshp))
    output = reshape(stacked, _sizes(batch * places, taps), ndim=2).dot(kerns.T)
    if bias is not None:
        output = output + bias
    output = reshape(output, _sizes(batch, places, nkern), ndim=3).dimshuffle(0, 2, 1)
    if flatten:
        output = _flat(output)
    return output, np.hstack((nkern, out))


def max_pool(images: Any, imgshp: Any, maxpoolshp: Any) -> Any:
    """Return the largest elements of non-overlapping windows, and the shape ``(height, width)`` of one result.

    ``images`` is (batch, pixels), each in raster order, of shape ``imgshp``, ``(height, width)`` or ``(features, height,
    width)``. What is left at the edges after whole windows is dropped. The result is (batch, features * places).
    """
    images = as_tensor_variable(images)
    features = 1 if np.size(imgshp) == 2 else int(imgshp[0])
    stacked, out = _stacked(images, imgshp, maxpoolshp, (maxpoolshp[1], maxpoolshp[0]), "valid")
    batch, places = shape(images)[0], int(np.prod(out))
    windows = reshape(stacked, _sizes(batch * places, features, int(np.prod(maxpoolshp))), ndim=3)
    found = reshape(windows.max(axis=2), _sizes(batch, places, features), ndim=3).dimshuffle(0, 2, 1)
    return _flat(found), out


def _flat(x: Any) -> Any:
    return flatten(x, 2)
