"""Pooling over windows of constant sizes and its gradient as native routines.

Windows of volumes are pooled along the last two dimensions, then along the first: the largest and the sum of a window are those
of its planes, and averages are over products of counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import Expression, item, k, plus, product, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import minus, most, over
from theon.schedule.step import NativeCall

__all__: list[str] = []

_EXACT = frozenset({"int8", "int16", "int32", "uint8", "uint16", "uint32"})  # integers that float64 holds


class _Geometry:
    """Window sizes, strides and pads of the last dimensions, all constant, and the sizes of the result."""

    def __init__(self, op: Any, dtype: str, numbers: Sequence[Sequence[int]]) -> None:
        self.op, self.dtype = op, dtype
        self.window, self.stride, self.pads = numbers
        self.ndim = len(self.window)

    @staticmethod
    def of(low: Lowering, node: Apply) -> _Geometry:
        """The geometry of a node. Unsupported for what is known only at run time and what the reference refuses."""
        op: Any = node.op
        dtype = node.inputs[0].type.dtype  # type: ignore[attr-defined]
        if dtype in _EXACT and op.mode == "max":
            dtype = "float64"
        if dtype not in ("float32", "float64") or op.ndim > 3:
            raise Unsupported("sums of integers, or windows of more than three dimensions")
        found = []
        for v in node.inputs[-3:]:
            numbers = low.as_vector(v)
            if numbers is None or len(numbers) != op.ndim or any(n.op != "const" for n in numbers):
                raise Unsupported("windows known only at run time")
            found.append([int(n.attr) for n in numbers])
        window, stride, pads = found
        good = all(v >= 1 for v in (*window, *stride)) and all(
            0 <= p < w and (op.ignore_border or not p) for p, w in zip(pads, window)
        )
        if not good:
            raise Unsupported("sizes that the reference refuses")
        return _Geometry(op, dtype, found)

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
        last = tuple(self.size(n, axis) for axis, n in enumerate(image[-self.ndim :]))
        return (*image[: -self.ndim], *last)

    def part(self, first: int, last: int) -> _Geometry:
        """The geometry of some of the dimensions."""
        return _Geometry(self.op, self.dtype, [n[first:last] for n in (self.window, self.stride, self.pads)])

    def call(self, low: Lowering, name: str, inputs: Sequence[int], output: int) -> None:
        """Add the routine's step, for windows of one or two dimensions."""
        images = [_images(low, number, self.ndim) for number in (*inputs, output)]
        window, stride, pads = (
            [*[neutral] * (2 - self.ndim), *n] for neutral, n in zip((1, 1, 0), (self.window, self.stride, self.pads))
        )
        attrs = (self.op.mode, tuple(window), tuple(stride))
        low.steps.append(NativeCall(name, tuple(images[:-1]), (images[-1],), tuple(map(const, pads)), attrs, 0))


def _images(low: Lowering, number: int, ndim: int) -> int:
    """The tensor with four dimensions, the last two of them those of the windows."""
    if low.tensors[number].ndim + (ndim == 1) > 4:
        sizes = low.sizes_of(number)
        kept = ndim + 1
        number = _seen(low, number, (product(sizes[:-kept]), *sizes[-kept:]))
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    if ndim == 1:
        sizes, strides = (*sizes[:-1], const(1), sizes[-1]), (*strides[:-1], const(0), strides[-1])
    missing = 4 - len(sizes)
    return low.view(number, [*[const(1)] * missing, *sizes], [*[const(0)] * missing, *strides], low.offset_of(number))


def _seen(low: Lowering, number: int, sizes: Sequence[Scalar]) -> int:
    """Contiguous memory with other sizes."""
    strides: list[Scalar] = []
    step = const(item(low.tensors[number].dtype))
    for n in reversed(sizes):
        strides.insert(0, step)
        step = times(step, n)
    return low.view(number, sizes, strides, low.offset_of(number))


def _fits(low: Lowering, number: int, ndim: int) -> bool:
    """Whether a tensor can be seen as images or volumes where it lies."""
    return low.is_dense(number) or (ndim < 3 and low.tensors[number].ndim + (ndim == 1) <= 4)


def _whole(low: Lowering, number: int) -> Expression:
    load = make("load", low.tensors[number].dtype, (), 0)
    return Expression(load, [(number, low.strides_of(number))], low.sizes_of(number))


def _dense(low: Lowering, number: int, ndim: int) -> int:
    """The tensor, or a contiguous copy."""
    if _fits(low, number, ndim):
        return number
    copy = low.fresh(None, low.tensors[number].dtype, low.sizes_of(number))
    low.fill(copy, _whole(low, number))
    return copy


@contextmanager
def _room(low: Lowering, number: int, ndim: int) -> Iterator[int]:
    """Where to compute what goes to a tensor."""
    if _fits(low, number, ndim):
        yield number
        return
    own = low.fresh(None, low.tensors[number].dtype, low.sizes_of(number))
    yield own
    low.fill(number, _whole(low, own))


class _Volume:
    """Windows of three dimensions as those of planes, and of lines through what is pooled of the planes."""

    def __init__(self, low: Lowering, geometry: _Geometry, sizes: Sequence[Scalar]) -> None:
        self.low, self.sizes = low, sizes
        self.planes, self.lines = geometry.part(1, 3), _Geometry(geometry.op, geometry.dtype, [
            [*n[:1], neutral] for neutral, n in zip((1, 1, 0), (geometry.window, geometry.stride, geometry.pads))
        ])  # fmt: skip
        self.count, self.deep = product(sizes[:-3]), sizes[-3]
        self.flat = self.planes.sizes(sizes[-2:])
        self.dtype = geometry.dtype
        self.out = self.lines.size(self.deep, 0)

    def images(self, number: int) -> int:
        """The volumes as planes."""
        return _seen(self.low, number, (self.count, self.deep, *self.sizes[-2:]))

    def middle(self) -> tuple[int, int]:
        """New memory for the planes pooled, seen as planes and as columns of lines."""
        number = self.low.fresh(None, self.dtype, (self.count, self.deep, *self.flat))
        return number, _seen(self.low, number, (self.count, self.deep, product(self.flat)))

    def results(self, number: int) -> int:
        """What is pooled, as columns of lines."""
        return _seen(self.low, number, (self.count, self.out, product(self.flat)))

    def pooled(self, x: int, target: int) -> None:
        """Planes, then lines."""
        planes, lines = self.middle()
        self.planes.call(self.low, "pooled", [self.images(x)], planes)
        self.lines.call(self.low, "pooled", [lines], self.results(target))

    def gradient(self, x: int, best: int, g: int, target: int) -> None:
        """The way back: what planes were pooled to is computed again where the largest are looked for."""
        name = "pool_gradient"
        planes, lines = self.middle()
        slopes, of_lines = self.middle()
        if self.planes.op.mode == "max":
            self.planes.call(self.low, "pooled", [self.images(x)], planes)
        else:
            planes, lines = slopes, of_lines  # their sizes alone are read
        self.lines.call(self.low, name, [lines, self.results(best), self.results(g)], of_lines)
        self.planes.call(self.low, name, [self.images(x), planes, slopes], self.images(target))


@lowers("Pool")
def pooled(low: Lowering, node: Apply) -> None:
    """The reference's sizes; then one call, or two for volumes."""
    geometry = _Geometry.of(low, node)
    (out,) = node.outputs
    own = out.type.dtype  # type: ignore[attr-defined]
    if own != geometry.dtype:
        found = low.as_expression(node.inputs[0])
        whole = low.fresh(None, geometry.dtype, found.sizes)
        low.fill(whole, Expression(k.cast(found.value, geometry.dtype), found.operands, found.sizes))
    else:
        whole = low.as_tensor(node.inputs[0])
    x = _dense(low, whole, geometry.ndim)
    sizes = low.sizes_of(x)
    number = low.fresh(out if own == geometry.dtype else None, geometry.dtype, geometry.sizes(sizes))
    with _room(low, number, geometry.ndim) as target:
        if geometry.ndim == 3:
            _Volume(low, geometry, sizes).pooled(x, target)
        else:
            geometry.call(low, "pooled", [x], target)
    if own != geometry.dtype:
        floats, number = _whole(low, number), low.fresh(out, own, low.sizes_of(number))
        low.fill(number, Expression(k.cast(floats.value, own), floats.operands, floats.sizes))
    low.memory[out] = number


@lowers("PoolGrad")
def pool_gradient(low: Lowering, node: Apply) -> None:
    """One call that reads each window once, or two for volumes."""
    geometry = _Geometry.of(low, node)
    (out,) = node.outputs
    if any(v.type.dtype != geometry.dtype for v in (*node.inputs[:3], out)):  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes")
    x, best, g = (_dense(low, low.as_tensor(v), geometry.ndim) for v in node.inputs[:3])
    image = low.sizes_of(x)
    for number in (best, g):
        low.all_same(low.sizes_of(number), geometry.sizes(image))
    number = low.fresh(out, geometry.dtype, image)
    with _room(low, number, geometry.ndim) as target:
        if geometry.ndim == 3:
            _Volume(low, geometry, image).gradient(x, best, g, target)
        else:
            geometry.call(low, "pool_gradient", [x, best, g], target)
    low.memory[out] = number
