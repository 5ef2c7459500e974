"""The sums that batch normalization and its gradient need, each in one pass over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.cast import cast
from theon.ops.declare import TensorOp
from theon.ops.fill import zeros_like
from theon.ops.shape import shape
from theon.tensor.type import TensorType

__all__ = ["Moments", "NormalizationSums", "count_along"]


def count_along(x: Any, axes: Sequence[int]) -> Any:
    """How many elements there are along ``axes``, in the dtype of ``x``."""
    sizes = shape(x)
    total: Any = sizes[axes[0]]  # type: ignore[index]
    for d in axes[1:]:
        total = total * sizes[d]  # type: ignore[index]
    return cast(total, x.type.dtype)


class _Sums(TensorOp):
    """What both ops share: ``axes`` that are summed over, outputs with size 1 along them."""

    __props__ = ("axes",)

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = tuple(sorted(int(d) for d in axes))

    def infer(self, x: Any, *others: Any) -> list[TensorType]:
        """Two statistics. TypeError for anything but floats, ValueError for axes that ``x`` does not have."""
        if any(not v.type.dtype.startswith("float") or v.type.dtype != x.type.dtype for v in (x, *others)):
            raise TypeError(f"{type(self).__name__} of floats of one dtype, not {[v.type for v in (x, *others)]}")
        if not self.axes or self.axes[0] < 0 or self.axes[-1] >= x.type.ndim:
            raise ValueError(f"axes {self.axes} do not fit an input of {x.type.ndim} dimensions")
        flags = [d in self.axes or flag for d, flag in enumerate(x.type.broadcastable)]
        return [TensorType(x.type.dtype, flags)] * 2

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``x``; 1 along the axes."""
        return [tuple(1 if d in self.axes else n for d, n in enumerate(shapes[0]))] * 2


class Moments(_Sums):
    """Mean and (biased) variance of ``x`` over ``axes``.

    Natively data are read once: mean and sum of squared differences of runs that fit in the cache are combined as Chan, Golub and
    LeVeque (1983) do, in double precision.
    """

    def reference(self, xp: Any, x: Any) -> Any:
        """The mean, then squares around it; float16 in single precision. NaN of nothing."""
        wide = x.astype("float32") if x.dtype == "float16" else x
        count = 1
        for d in self.axes:
            count *= x.shape[d]
        mean = wide.sum(axis=self.axes, keepdims=True) / wide.dtype.type(count)
        return mean, xp.square(wide - mean).sum(axis=self.axes, keepdims=True) / wide.dtype.type(count)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Each element moves the mean by a share, the variance by twice its distance from the mean."""
        (x,), mean = inputs, outputs[0]
        found = zeros_like(x)
        for g, slope in zip(output_grads, (1, 2 * (x - mean))):
            if not isinstance(g.type, DisconnectedType):
                found = found + g / count_along(x, self.axes) * slope
        return [found]


class NormalizationSums(_Sums):
    """The sums over ``axes`` of ``dy`` and of ``dy * (x - mean)``: inputs ``x``, ``dy`` of one shape, ``mean`` of size 1 along them."""

    def reference(self, xp: Any, x: Any, dy: Any, mean: Any) -> Any:
        """Both sums."""
        if x.shape != dy.shape:
            raise ValueError(f"a gradient of shape {dy.shape} of an input of shape {x.shape}")
        weighted = (dy * (x - mean)).sum(axis=self.axes, keepdims=True)
        return dy.sum(axis=self.axes, keepdims=True), weighted

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Both are linear in ``dy``, and in ``x - mean``."""
        x, dy, mean = inputs
        first, second = (None if isinstance(g.type, DisconnectedType) else g for g in output_grads)
        slopes = [zeros_like(v) for v in inputs]
        if first is not None:
            slopes[1] = slopes[1] + first
        if second is not None:
            slopes = [slopes[0] + second * dy, slopes[1] + second * (x - mean), slopes[2] - second * outputs[0]]
        return slopes
