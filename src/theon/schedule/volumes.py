"""Convolutions of volumes and their gradients as those of planes, whose channels are a channel and an element along the depth."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import Scalar, const
from theon.nnet.abstract_conv import AbstractConv2d
from theon.schedule.conv import Geometry, convolved, divided, factors, filter_slopes, fitted, image_slopes
from theon.schedule.copies import backwards, copied, dense, joined, moved
from theon.schedule.expression import Expression, plus, times
from theon.schedule.lower import Lowering, lowers
from theon.schedule.sizes import elements, least, minus, most, only_sized, over

__all__: list[str] = []


def _planes(op: Any) -> Any:
    """The op on planes with the settings of one on volumes."""
    border = op.border_mode if isinstance(op.border_mode, str) else op.border_mode[1:]
    stride, dilation = op.subsample[1:], op.filter_dilation[1:]
    return AbstractConv2d(None, None, border, stride, op.filter_flip, dilation, op.num_groups)


def _along_depth(low: Lowering, x: int, length: Scalar, before: Scalar, apart: int) -> int:
    """Zeros of ``length`` along the depth, with the element ``d`` of ``x`` that fits at ``before + d apart``."""
    sizes = list(low.sizes_of(x))
    dtype = low.tensors[x].dtype
    number = low.fresh(None, dtype, (*sizes[:2], length, *sizes[3:]))
    low.fill(number, Expression(const(0.0, dtype), [], low.sizes_of(number)))
    first = over(plus(most(minus(const(0), before), const(0)), const(apart - 1)), const(apart))
    last = over(plus(most(minus(length, before), const(0)), const(apart - 1)), const(apart))
    count = most(minus(least(sizes[2], last), first), const(0))
    source, target = list(low.strides_of(x)), list(low.strides_of(number))
    place = plus(low.offset_of(number), times(plus(before, times(first, const(apart))), target[2]))
    target[2] = times(target[2], const(apart))
    part = (*sizes[:2], count, *sizes[3:])
    own = low.view(x, part, source, plus(low.offset_of(x), times(first, source[2])))
    copied(low, low.view(number, part, target, place), own)
    return number


def _windows(low: Lowering, x: int, count: Scalar, stride: int, taps: Scalar, step: int, turned: bool) -> int:
    """For each of ``count`` places along the depth the planes that ``taps`` read, as (images places, channels taps, ...)."""
    sizes, strides = low.sizes_of(x), low.strides_of(x)
    along = times(strides[2], const(step))
    view = low.view(
        x, (sizes[0], count, sizes[1], taps, *sizes[3:]),
        (strides[0], times(strides[2], const(stride)), strides[1], along, *strides[3:]), low.offset_of(x),
    )  # fmt: skip
    number = dense(low, backwards(low, view, 3) if turned else view)
    return joined(low, joined(low, number, 2), 0)


def _image_windows(low: Lowering, op: Any, x: int, taps: Scalar, geometry: Geometry) -> int:
    """What each plane of the result reads of the images, the elements of the filters in the order in which they lie."""
    stride, step = op.subsample[0], op.filter_dilation[0]
    count = geometry.sizes[0]
    if op.border_mode != "valid" and (isinstance(op.border_mode, str) or any(op.border_mode[0])):
        span = times(minus(taps, const(1)), const(step))
        length = most(plus(plus(times(minus(count, const(1)), const(stride)), span), const(1)), const(0))
        x = _along_depth(low, x, length, geometry.pads[0], 1)
    return _windows(low, x, count, stride, taps, step, op.filter_flip)


@lowers("AbstractConv3d")
def forward(low: Lowering, node: Apply) -> None:
    """Each plane of the result is a convolution of the planes that it reads."""
    op: Any = node.op
    (out,) = node.outputs
    dtype, x, w = factors(low, node)
    geometry = fitted(low, op, x, w)
    batch, filters, taps = low.sizes_of(x)[0], low.sizes_of(w)[0], low.sizes_of(w)[2]
    count, *plane = geometry.sizes
    if only_sized(low, out, (batch, filters, count, *plane)):
        return
    images = _image_windows(low, op, x, taps, geometry)
    planes = low.fresh(None, dtype, (batch, count, filters, *plane))
    kernel = joined(low, dense(low, w), 1)
    convolved(low, _planes(op), images, kernel, joined(low, planes, 0), geometry.planes())
    number = low.fresh(out, dtype, (batch, filters, count, *plane))
    low.memory[out] = copied(low, number, moved(low, planes, (0, 2, 1, 3, 4)))


@lowers("AbstractConv3d_gradInputs")
def image_gradient(low: Lowering, node: Apply) -> None:
    """Each plane of the images' gradient is that of the planes of the result that read it."""
    op: Any = node.op
    sizes = node.inputs[2]
    (out,) = node.outputs
    image = elements(low, sizes, 3)
    dtype, w, g = factors(low, node)
    kernel, slopes = low.sizes_of(w), low.sizes_of(g)
    geometry = Geometry(low, op, image, kernel[2:])
    low.same(slopes[1], kernel[0])
    low.all_same(slopes[2:], geometry.sizes)
    step, taps = op.filter_dilation[0], kernel[2]
    span = times(minus(taps, const(1)), const(step))
    # An element of the filter reads a plane of the result that lies the farther back, the farther ahead it is.
    spread = _along_depth(low, g, plus(image[0], span), minus(span, geometry.pads[0]), op.subsample[0])
    windows = _windows(low, spread, image[0], 1, taps, step, True)
    filters = moved(low, backwards(low, w, 2) if op.filter_flip else w, (0, 2, 1, 3, 4))
    channels = times(kernel[1], const(op.num_groups))
    planes = low.fresh(None, dtype, (slopes[0], image[0], channels, *image[1:]))
    image_slopes(
        low, _planes(op), joined(low, dense(low, filters), 0), windows, joined(low, planes, 0), geometry.planes()
    )  # fmt: skip
    number = low.fresh(out, dtype, (slopes[0], channels, *image))
    low.memory[out] = copied(low, number, moved(low, planes, (0, 2, 1, 3, 4)))


@lowers("AbstractConv3d_gradWeights")
def filter_gradient(low: Lowering, node: Apply) -> None:
    """The planes that each plane of the result reads, with that plane's gradient."""
    op: Any = node.op
    sizes = node.inputs[2]
    (out,) = node.outputs
    kernel = elements(low, sizes, 3)
    dtype, x, g = factors(low, node)
    image, slopes = low.sizes_of(x), low.sizes_of(g)
    geometry = Geometry(low, op, image[2:], kernel)
    low.same(image[0], slopes[0])
    low.all_same(slopes[2:], geometry.sizes)
    channels = divided(low, image[1], op.num_groups)
    images = _image_windows(low, op, x, kernel[0], geometry)
    planes = joined(low, dense(low, moved(low, g, (0, 2, 1, 3, 4))), 0)
    own = low.fresh(None, dtype, (slopes[1], channels, *kernel))
    filter_slopes(low, _planes(op), images, planes, joined(low, own, 1), geometry.planes())
    number = low.fresh(out, dtype, low.sizes_of(own))
    low.memory[out] = copied(low, number, own)
