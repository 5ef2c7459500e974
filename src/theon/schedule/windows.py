"""Pooling over windows of constant sizes and its gradient as native routines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import Scalar, const
from theon.schedule.expression import plus
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import minus, most, over
from theon.schedule.step import NativeCall

__all__: list[str] = []


class _Geometry:
    """Window sizes, strides and pads of the last two dimensions, all constant, and the sizes of the result."""

    def __init__(self, low: Lowering, node: Apply) -> None:
        op: Any = node.op
        x = node.inputs[0]
        if x.type.dtype not in ("float32", "float64") or x.type.ndim > 4:  # type: ignore[attr-defined]
            raise Unsupported("pooling of integers, or of more than four dimensions")
        found = []
        for v in node.inputs[-3:]:
            numbers = low.as_vector(v)
            if numbers is None or len(numbers) != op.ndim or any(n.op != "const" for n in numbers):
                raise Unsupported("windows known only at run time")
            found.append([int(n.attr) for n in numbers])
        if op.ndim == 1:
            found = [[neutral, *n] for neutral, n in zip((1, 1, 0), found)]
        elif op.ndim != 2:
            raise Unsupported("windows of more than two dimensions")
        self.window, self.stride, self.pads = found
        good = all(v >= 1 for v in (*self.window, *self.stride)) and all(
            0 <= p < w and (op.ignore_border or not p) for p, w in zip(self.pads, self.window)
        )
        if not good:
            raise Unsupported("sizes that the reference refuses")
        self.op, self.dtype = op, str(x.type.dtype)  # type: ignore[attr-defined]

    def size(self, n: Scalar, axis: int) -> Scalar:
        """How many windows there are along an axis of ``n``."""
        w, s, p = self.window[axis], self.stride[axis], self.pads[axis]
        n = plus(n, const(2 * p))
        if self.op.ignore_border:
            return most(plus(over(minus(n, const(w)), const(s)), const(1)), const(0))
        if s >= w:
            return most(plus(over(minus(n, const(1)), const(s)), const(1)), const(0))
        return plus(most(over(plus(n, const(s - w - 1)), const(s)), const(0)), const(1))

    def sizes(self, image: Sequence[Scalar]) -> tuple[Scalar, ...]:
        """The sizes of the result."""
        last = tuple(self.size(n, axis) for n, axis in zip(image[-self.op.ndim :], range(2 - self.op.ndim, 2)))
        return (*image[: -self.op.ndim], *last)

    def call(self, low: Lowering, name: str, inputs: Sequence[int], output: int) -> None:
        """Add the routine's step."""
        images = [_images(low, number, self.op.ndim) for number in (*inputs, output)]
        attrs = (self.op.mode, tuple(self.window), tuple(self.stride))
        low.steps.append(NativeCall(name, tuple(images[:-1]), (images[-1],), tuple(map(const, self.pads)), attrs, 0))


def _images(low: Lowering, number: int, ndim: int) -> int:
    """The tensor with four dimensions, the last two of them those of the windows."""
    sizes, strides = list(low.sizes_of(number)), list(low.strides_of(number))
    if ndim == 1:
        sizes.insert(len(sizes) - 1, const(1))
        strides.insert(len(strides) - 1, const(0))
    missing = 4 - len(sizes)
    if missing < 0:
        raise Unsupported("too many dimensions")
    return low.view(number, [*[const(1)] * missing, *sizes], [*[const(0)] * missing, *strides], low.offset_of(number))


@lowers("Pool")
def pooled(low: Lowering, node: Apply) -> None:
    """The reference's sizes; then one call."""
    geometry = _Geometry(low, node)
    (out,) = node.outputs
    x = low.as_tensor(node.inputs[0])
    number = low.fresh(out, geometry.dtype, geometry.sizes(low.sizes_of(x)))
    geometry.call(low, "pooled", [x], number)
    low.memory[out] = number


@lowers("PoolGrad")
def pool_gradient(low: Lowering, node: Apply) -> None:
    """One call that reads each window once."""
    geometry = _Geometry(low, node)
    (out,) = node.outputs
    if any(v.type.dtype != geometry.dtype for v in (*node.inputs[:3], out)):  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes")
    x, best, g = (low.as_tensor(v) for v in node.inputs[:3])
    image = low.sizes_of(x)
    for number in (best, g):
        for n, wanted in zip(low.sizes_of(number), geometry.sizes(image)):
            low.same(n, wanted)
    number = low.fresh(out, geometry.dtype, image)
    geometry.call(low, "pool_gradient", [x, best, g], number)
    low.memory[out] = number
