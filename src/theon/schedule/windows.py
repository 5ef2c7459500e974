"""Pooling over windows, its gradient and its tangent as native routines.

Windows of volumes are pooled along the last two dimensions, then along the first: the largest and the sum of a window are those
of its planes, and averages of floats are over products of counts. Averages of integers are quotients of sums of int64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import Expression, item, k, plus, product, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements, least, minus, most, over
from theon.schedule.step import NativeCall

__all__: list[str] = []

_FLOATS = ("float32", "float64")


class _Geometry:
    """Window sizes, strides and pads of the last dimensions, and the sizes of the result."""

    def __init__(self, op: Any, dtype: str, mode: str, numbers: Sequence[Sequence[Scalar]]) -> None:
        self.op, self.dtype, self.mode = op, dtype, mode
        self.window, self.stride, self.pads = numbers
        self.ndim = len(self.window)

    @staticmethod
    def of(low: Lowering, node: Apply) -> _Geometry:
        """The geometry of a node. Unsupported for what the reference refuses; what it may refuse is checked."""
        op: Any = node.op
        dtype = node.inputs[0].type.dtype  # type: ignore[attr-defined]
        if dtype == "bool" or op.ndim > 3:
            raise Unsupported("windows of more than three dimensions")
        found = [elements(low, v, op.ndim, exact=True) for v in node.inputs[-3:]]
        window, stride, pads = found
        for w, s, p in zip(window, stride, pads):
            needed = [("ge", w, const(1)), ("ge", s, const(1)), ("ge", p, const(0))]
            if op.mode == "max":
                needed.append(("lt", p, w))
            if not op.ignore_border:
                needed.append(("eq", p, const(0)))
            for name, x, y in needed:
                low.check(make(name, BOOL, (x, y)))
        return _Geometry(op, dtype, op.mode, found)

    def size(self, n: Scalar, axis: int) -> Scalar:
        """How many windows there are along an axis of ``n``."""
        w, s, p = self.window[axis], self.stride[axis], self.pads[axis]
        n = plus(n, times(const(2), p))
        if self.op.ignore_border:
            return most(plus(over(minus(n, w), s), const(1)), const(0))
        after = most(plus(over(minus(n, const(1)), s), const(1)), const(0))
        within = plus(most(over(plus(n, minus(minus(s, w), const(1))), s), const(0)), const(1))
        if s.op == w.op == "const":
            return after if s.attr >= w.attr else within
        return make("select", INDEX, (make("ge", BOOL, (s, w)), after, within))

    def sizes(self, image: Sequence[Scalar]) -> tuple[Scalar, ...]:
        """The sizes of the result."""
        last = tuple(self.size(n, axis) for axis, n in enumerate(image[-self.ndim :]))
        return (*image[: -self.ndim], *last)

    def part(self, first: int, last: int) -> _Geometry:
        """The geometry of some of the dimensions."""
        return self.other([n[first:last] for n in (self.window, self.stride, self.pads)])

    def other(self, numbers: Sequence[Sequence[Scalar]]) -> _Geometry:
        """Windows of other sizes, pooled in the same way."""
        return _Geometry(self.op, self.dtype, self.mode, numbers)

    def count(self, n: Scalar, axis: int, at: Scalar) -> Scalar:
        """How many of ``n`` elements along an axis the average of window ``at`` is over, at least one."""
        w, s, p = self.window[axis], self.stride[axis], self.pads[axis]
        begin = minus(times(at, s), p)
        if self.op.mode == "average_inc_pad":
            inside = minus(least(plus(begin, w), plus(n, p)), begin)
        else:
            inside = minus(least(plus(begin, w), n), most(begin, const(0)))
        return most(inside, const(1))

    def call(self, low: Lowering, name: str, inputs: Sequence[int], output: int) -> None:
        """Add the routine's step, for windows of one or two dimensions."""
        images = [_images(low, number, self.ndim) for number in (*inputs, output)]
        window, stride, pads = (
            [*[const(neutral)] * (2 - self.ndim), *n]
            for neutral, n in zip((1, 1, 0), (self.window, self.stride, self.pads))
        )
        known = all(n.op == "const" for n in (*window, *stride))
        attrs = (self.mode, *(tuple(int(n.attr) for n in ns) if known else None for ns in (window, stride)))
        scalars = (*pads, *(() if known else (*window, *stride)))
        low.steps.append(NativeCall(name, tuple(images[:-1]), (images[-1],), scalars, attrs, 0))


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
        self.planes = geometry.part(1, 3)
        numbers = (geometry.window, geometry.stride, geometry.pads)
        self.lines = geometry.other([[n[0], const(neutral)] for neutral, n in zip((1, 1, 0), numbers)])
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
        if self.planes.mode == "max":
            self.planes.call(self.low, "pooled", [self.images(x)], planes)
        else:
            planes, lines = slopes, of_lines  # their sizes alone are read
        self.lines.call(self.low, name, [lines, self.results(best), self.results(g)], of_lines)
        self.planes.call(self.low, name, [self.images(x), planes, slopes], self.images(target))

    def tangent(self, x: int, best: int, t: int, target: int) -> None:
        """What lies at the largest of the planes, then at the largest of the lines through them."""
        planes, lines = self.middle()
        moved, of_lines = self.middle()
        self.planes.call(self.low, "pooled", [self.images(x)], planes)
        self.planes.call(self.low, "pool_tangent", [self.images(x), planes, self.images(t)], moved)
        self.lines.call(self.low, "pool_tangent", [lines, self.results(best), of_lines], self.results(target))


@lowers("Pool")
def pooled(low: Lowering, node: Apply) -> None:
    """The reference's sizes; then one call, or two for volumes."""
    geometry = _Geometry.of(low, node)
    (out,) = node.outputs
    own = geometry.dtype
    divided = own not in _FLOATS and geometry.mode.startswith("average")
    if divided:
        geometry.dtype, geometry.mode = "uint64" if own == "uint64" else INDEX, "sum"
    x = _dense(low, low.as_dtype(node.inputs[0], geometry.dtype), geometry.ndim)
    sizes = low.sizes_of(x)
    number = low.fresh(None if divided else out, geometry.dtype, geometry.sizes(sizes))
    with _room(low, number, geometry.ndim) as target:
        if geometry.ndim == 3:
            _Volume(low, geometry, sizes).pooled(x, target)
        else:
            geometry.call(low, "pooled", [x], target)
    if not divided:
        low.memory[out] = number
        return
    low.pending[out] = _averages(low, geometry, number, sizes, own)


def _averages(low: Lowering, geometry: _Geometry, sums: int, sizes: Sequence[Scalar], dtype: str) -> Expression:
    """Sums over how many elements each is of, rounded towards zero."""
    found = _whole(low, sums)
    operands = list(found.operands)

    def held(n: Scalar) -> Scalar:
        """A number as kernels read it."""
        if n.op == "const":
            return n
        cell = low.fresh(None, INDEX, ())
        low.host(n, cell)
        operands.append((cell, (None,) * len(sizes)))
        return make("load", INDEX, (), len(operands) - 1)

    windows = geometry.other([[held(n) for n in ns] for ns in (geometry.window, geometry.stride, geometry.pads)])
    count, first = const(1), len(sizes) - geometry.ndim
    for d in range(geometry.ndim):
        count = times(count, windows.count(held(sizes[first + d]), d, make("axis", INDEX, (), first + d)))
    value = k.div(k.cast(found.value, "float64"), k.cast(count, "float64"))
    return Expression(k.cast(value, dtype), operands, found.sizes)


@lowers("PoolGrad")
def pool_gradient(low: Lowering, node: Apply) -> None:
    """One call that reads each window once, or two for volumes."""
    _backed(low, node, "pool_gradient")


@lowers("MaxPoolTangent")
def pool_tangent(low: Lowering, node: Apply) -> None:
    """One call that reads each window once, or three for volumes."""
    _backed(low, node, "pool_tangent")


def _backed(low: Lowering, node: Apply, name: str) -> None:
    geometry = _Geometry.of(low, node)
    (out,) = node.outputs
    if any(v.type.dtype != geometry.dtype for v in (*node.inputs[:3], out)):  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes")
    if geometry.mode.startswith("average") and geometry.dtype not in _FLOATS:
        raise Unsupported("parts of integers")
    x, best, moved = (_dense(low, low.as_tensor(v), geometry.ndim) for v in node.inputs[:3])
    image = low.sizes_of(x)
    results = geometry.sizes(image)
    back = name == "pool_gradient"
    low.all_same(low.sizes_of(best), results)
    low.all_same(low.sizes_of(moved), results if back else image)
    number = low.fresh(out, geometry.dtype, image if back else results)
    with _room(low, number, geometry.ndim) as target:
        if geometry.ndim == 3:
            volume = _Volume(low, geometry, image)
            (volume.gradient if back else volume.tangent)(x, best, moved, target)
        else:
            geometry.call(low, name, [x, best, moved], target)
    low.memory[out] = number
