"""Patches of images as rows of a matrix, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.declare import TensorOp
from theon.ops.reshape import reshape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["Images2Neibs", "images2neibs", "neibs2images"]

_MODES = ("valid", "half", "full", "wrap_centered", "ignore_borders")


def _axis(n: int, width: int, step: int, mode: str) -> Any:
    """For each patch and place in it, the element along one dimension; -1 outside the image."""
    if width < 1 or step < 1:
        raise ValueError(f"Images2Neibs: patch sizes and steps must be positive, not {width} and {step}")
    if mode == "wrap_centered":
        if width % 2 == 0:
            raise TypeError(f"Images2Neibs: in mode wrap_centered need patch with odd shapes, not {width}")
        if n < width:
            raise TypeError(
                f"Images2Neibs: in wrap_centered mode, don't support images smaller than the patch: {n} < {width}"
            )
        starts = np.arange(-(-n // step)) * step - width // 2
        return (starts[:, None] + np.arange(width)) % n
    pad = {"half": width // 2, "full": width - 1}.get(mode, 0)
    room = n + 2 * pad - width
    if room < 0 or (mode != "ignore_borders" and room % step):
        raise TypeError(f"neib_shape {width}, neib_step {step} and image size {n} are not valid in mode {mode}")
    places = (np.arange(room // step + 1) * step - pad)[:, None] + np.arange(width)
    return np.where((places < 0) | (places >= n), -1, places)


class Images2Neibs(TensorOp):
    """Inputs: images (batch, channels, rows, columns), patch sizes, steps. Output: a row for each patch."""

    __module__ = "theano.tensor.nnet.neighbours"
    __props__ = ("mode",)

    def __init__(self, mode: str = "valid") -> None:
        if mode not in _MODES:
            raise NotImplementedError(f"Only the mode {', '.join(_MODES)} have been implemented for Images2Neibs")
        self.mode = mode

    def infer(self, x: Any, shape: Any, step: Any) -> TensorType:
        """A matrix. TypeError for other ranks."""
        if x.type.ndim != 4:
            raise TypeError(f"images have four dimensions, not {x.type}")
        for v in (shape, step):
            if v.type.ndim != 1 or v.type.dtype not in discrete_dtypes:
                raise TypeError("patch sizes and steps are vectors of two integers")
        return TensorType(x.type.dtype, [False, False])

    def reference(self, xp: Any, x: Any, shape: Any, step: Any) -> Any:
        """Gather."""
        rows, columns = (_axis(x.shape[2 + d], int(shape[d]), int(step[d]), self.mode) for d in range(2))
        patches = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
        outside = (rows < 0)[:, None, :, None] | (columns < 0)[None, :, None, :]
        if outside.any():
            patches = np.where(outside, np.zeros((), x.dtype), patches)
        return patches.reshape(-1, rows.shape[1] * columns.shape[1])

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """How many patches fit, and the size of one."""
        (images, channels, *sizes), (size, step) = shapes[0], node.inputs[1:]
        count = images * channels
        for d, n in enumerate(sizes):
            w, s = size[d], step[d]  # type: ignore[index]
            if self.mode == "wrap_centered":
                count = count * ((n + s - 1) // s)
            else:
                pad = {"half": w - w % 2, "full": 2 * w - 2}.get(self.mode, 0)
                count = count * ((n + pad - w) // s + 1)
        return [(count, size[0] * size[1])]  # type: ignore[index]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Each element gets the sum over the patches that hold it."""
        x, *geometry = inputs
        return [Neibs2ImagesSum(self.mode)(x, output_grads[0], *geometry), DisconnectedType()(), DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the geometry."""
        return [[True], [False], [False]]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """Linear."""
        return [None if eval_points[0] is None else self(eval_points[0], *inputs[1:])]


class Neibs2ImagesSum(Images2Neibs):
    """The transpose of :class:`Images2Neibs`: inputs images (for their shape), patches, patch sizes, steps."""

    def infer(self, x: Any, g: Any, *geometry: Any) -> TensorType:  # type: ignore[override]
        """The type of the images."""
        return TensorType(g.type.dtype, x.type.broadcastable)

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """That of the images."""
        return [shapes[0]]

    def reference(self, xp: Any, x: Any, g: Any, shape: Any, step: Any) -> Any:  # type: ignore[override]
        """Scatter."""
        rows, columns = (_axis(x.shape[2 + d], int(shape[d]), int(step[d]), self.mode) for d in range(2))
        g = g.reshape(*x.shape[:2], len(rows), len(columns), rows.shape[1], columns.shape[1])
        # One row and column more for what lies outside.
        out = np.zeros((*x.shape[:2], x.shape[2] + 1, x.shape[3] + 1), dtype=g.dtype)
        for i in range(rows.shape[1]):
            for j in range(columns.shape[1]):
                np.add.at(out, (slice(None), slice(None), rows[:, i][:, None], columns[:, j][None, :]), g[..., i, j])
        return np.ascontiguousarray(out[:, :, :-1, :-1])

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Linear in the patches."""
        from theon.ops.declare import zeros_for

        x, _, *geometry = inputs
        back = Images2Neibs(self.mode)(output_grads[0], *geometry)
        return [zeros_for(x), back, DisconnectedType()(), DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the geometry."""
        return [[True], [True], [False], [False]]


def images2neibs(ten4: Any, neib_shape: Any, neib_step: Any = None, mode: str = "valid") -> Any:
    """Return the patches of sizes ``neib_shape``, ``neib_step`` apart (side by side by default), each as a row.

    ``mode``: "valid" (patches must fill the image), "ignore_borders" (what is left over is dropped), "half" and "full"
    (zeros around the image), "wrap_centered" (the image repeats; a patch around each place).
    """
    shape = as_tensor_variable(neib_shape)
    step = shape if neib_step is None else as_tensor_variable(neib_step)
    return Images2Neibs(mode)(as_tensor_variable(ten4), shape, step)


def neibs2images(neibs: Any, neib_shape: Any, original_shape: Any, mode: str = "valid") -> Any:
    """Return images of ``original_shape`` from patches that lie side by side: the inverse of :func:`images2neibs`."""
    if mode not in ("valid", "ignore_borders"):
        raise NotImplementedError(f"neibs2images do not support mode={mode}")
    from theon.ops.fill import zeros
    from theon.ops.join import concatenate

    neibs, shape, original = (as_tensor_variable(v) for v in (neibs, neib_shape, original_shape))
    rows, columns = original[2] // shape[0], original[3] // shape[1]
    parts = reshape(neibs, (original[0], original[1], rows, columns, shape[0], shape[1]), 6)
    images = reshape(
        parts.dimshuffle(0, 1, 2, 4, 3, 5), (original[0], original[1], rows * shape[0], columns * shape[1]), 4
    )
    if mode == "ignore_borders":
        for axis in (2, 3):
            sizes = [images.shape[d] for d in range(4)]
            sizes[axis] = original[axis] - images.shape[axis]
            images = concatenate([images, zeros(sizes, dtype=images.type.dtype)], axis=axis)
    return images
