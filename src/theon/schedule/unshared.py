"""Convolutions with filters of their own for each place, and their gradients: a product of small matrices for each place.

The matrix of a place has the patches of all images there as rows; those of all places are laid out before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, Scalar, const, make
from theon.schedule.conv import Geometry, divided, factors
from theon.schedule.copies import backwards, copied, dense, dense_strides, joined, moved
from theon.schedule.expression import Expression, plus, times
from theon.schedule.lower import Lowering, Unsupported
from theon.schedule.sizes import elements, least, minus, most
from theon.schedule.step import Branch, NativeCall

__all__ = ["filter_gradient", "forward", "image_gradient"]

_MOST = 32  # groups, each of which is a step


def _settings(node: Apply) -> Any:
    op: Any = node.op
    if op.num_groups > _MOST:
        raise Unsupported("many groups of filters of their own for each place")
    return op


def _padded(low: Lowering, op: Any, x: int, geometry: Geometry, kernel: list[Scalar]) -> int:
    """The images with zeros around them, as far as they are read."""
    if op.border_mode == "valid" or not (isinstance(op.border_mode, str) or any(map(any, op.border_mode))):
        return x
    dtype, sizes, strides = low.tensors[x].dtype, low.sizes_of(x), low.strides_of(x)
    lengths = []
    for d in (0, 1):
        places = times(minus(geometry.sizes[d], const(1)), const(op.subsample[d]))
        span = times(minus(kernel[d], const(1)), const(op.filter_dilation[d]))
        lengths.append(most(plus(plus(places, span), const(1)), const(0)))
    number = low.fresh(None, dtype, (*sizes[:2], *lengths))
    low.fill(number, Expression(const(0.0, dtype), [], low.sizes_of(number)))
    own, place = low.strides_of(number), low.offset_of(number)
    counts = []
    for d in (0, 1):
        place = plus(place, times(geometry.pads[d], own[2 + d]))
        counts.append(least(sizes[2 + d], most(minus(lengths[d], geometry.pads[d]), const(0))))
    part = (*sizes[:2], *counts)
    copied(low, low.view(number, part, own, place), low.view(x, part, strides, low.offset_of(x)))
    return number


def _patches(low: Lowering, op: Any, x: int, geometry: Geometry, kernel: list[Scalar]) -> int:
    """(places, images, channels x rows x columns), the elements of patches in the order in which those of filters lie."""
    x = _padded(low, op, x, geometry, kernel)
    sizes, strides = low.sizes_of(x), low.strides_of(x)
    steps = [times(strides[2 + d], const(op.subsample[d])) for d in (0, 1)]
    taps = [times(strides[2 + d], const(op.filter_dilation[d])) for d in (0, 1)]
    view = low.view(
        x, (*geometry.sizes, *sizes[:2], *kernel), (*steps, *strides[:2], *taps), low.offset_of(x)
    )  # fmt: skip
    return joined(low, joined(low, dense(low, backwards(low, view, 4, 5) if op.filter_flip else view), 3, 3), 0)


def _as_matrices(low: Lowering, w: int, do: Callable[[int], None]) -> None:
    """Add the steps of ``do`` for filters seen as (filters, places, elements): where they lie, or, if they must be, copied."""
    dtype, sizes = low.tensors[w].dtype, low.sizes_of(w)

    def seen(number: int) -> int:
        lying = low.view(number, sizes, dense_strides(dtype, sizes), low.offset_of(number))
        return joined(low, joined(low, lying, 3, 3), 1)

    if low.is_dense(w):
        do(seen(w))
        return
    outer, low.steps = low.steps, []
    do(seen(w))
    direct, low.steps = low.steps, []
    do(seen(dense(low, w)))
    indirect, low.steps = low.steps, outer
    lies = const(True, BOOL)
    for a, b in zip(low.strides_of(w), dense_strides(dtype, sizes)):
        lies = make("and", BOOL, (lies, make("eq", BOOL, (a, b))))
    low.steps.append(Branch(lies, tuple(direct), tuple(indirect)))


def _of_group(low: Lowering, number: int, axis: int, group: int, count: Scalar) -> int:
    """The elements of one group along an axis."""
    sizes, strides = list(low.sizes_of(number)), low.strides_of(number)
    sizes[axis] = count
    place = plus(low.offset_of(number), times(times(const(group), count), strides[axis]))
    return low.view(number, sizes, strides, place)


def _group(low: Lowering, number: int, group: int) -> int:
    """One group of results, contiguous as products write them: (groups, rows of places, columns of places, ...)."""
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    place = plus(low.offset_of(number), times(const(group), strides[0]))
    return joined(low, low.view(number, sizes[1:], strides[1:], place), 0)


def _split(low: Lowering, number: int, axis: int, count: int, size: Scalar) -> int:
    """A tensor with one axis seen as ``count`` groups of ``size``."""
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    parted = (*sizes[:axis], const(count), size, *sizes[axis + 1 :])
    apart = (*strides[:axis], times(size, strides[axis]), *strides[axis:])
    return low.view(number, parted, apart, low.offset_of(number))


def _products(low: Lowering, left: int, right: int, out: int) -> None:
    low.steps.append(NativeCall("gemm_stack", (left, right), (out,), (), (), 0))


def forward(low: Lowering, node: Apply) -> None:
    """At each place patches times filters."""
    op = _settings(node)
    (out,) = node.outputs
    dtype, x, w = factors(low, node)
    image, kernel = low.sizes_of(x), low.sizes_of(w)
    for known, sizes in ((op.imshp, image), (op.kshp, kernel)):
        for n, wanted in zip(sizes, known or ()):
            if wanted is not None:
                low.same(n, const(wanted))
    geometry = Geometry(low, op, image[2:], kernel[4:])
    low.same(image[1], times(kernel[3], const(op.num_groups)))
    low.all_same(kernel[1:3], geometry.sizes)
    per, own = divided(low, kernel[0], op.num_groups), times(kernel[3], times(kernel[4], kernel[5]))
    patches = _patches(low, op, x, geometry, list(kernel[4:]))
    results = low.fresh(None, dtype, (const(op.num_groups), *geometry.sizes, image[0], per))

    def do(filters: int) -> None:
        for group in range(op.num_groups):
            right = moved(low, _of_group(low, filters, 0, group, per), (1, 2, 0))
            _products(low, _of_group(low, patches, 2, group, own), right, _group(low, results, group))

    _as_matrices(low, w, do)
    number = low.fresh(out, dtype, (image[0], kernel[0], *geometry.sizes))
    copied(low, _split(low, number, 1, op.num_groups, per), moved(low, results, (3, 0, 4, 1, 2)))
    low.memory[out] = number


def _slopes(low: Lowering, g: int) -> int:
    """The result's gradient as (places, images, filters)."""
    return joined(low, dense(low, moved(low, g, (2, 3, 0, 1))), 0)


def filter_gradient(low: Lowering, node: Apply) -> None:
    """At each place the result's gradient times patches."""
    op = _settings(node)
    given = node.inputs[2]
    (out,) = node.outputs
    kernel = list(elements(low, given, 2))
    dtype, x, g = factors(low, node)
    image, slopes = low.sizes_of(x), low.sizes_of(g)
    geometry = Geometry(low, op, image[2:], kernel)
    low.same(image[0], slopes[0])
    low.all_same(slopes[2:], geometry.sizes)
    channels, per = (divided(low, n, op.num_groups) for n in (image[1], slopes[1]))
    own = times(channels, times(*kernel))
    patches, rows = _patches(low, op, x, geometry, kernel), _slopes(low, g)
    found = low.fresh(None, dtype, (const(op.num_groups), *geometry.sizes, per, channels, *kernel))
    matrices = joined(low, found, 4, 3)
    for group in range(op.num_groups):
        left = moved(low, _of_group(low, rows, 2, group, per), (0, 2, 1))
        _products(low, left, _of_group(low, patches, 2, group, own), _group(low, matrices, group))
    number = low.fresh(out, dtype, (slopes[1], *geometry.sizes, channels, *kernel))
    copied(low, _split(low, number, 0, op.num_groups, per), moved(low, found, (0, 3, 1, 2, 4, 5, 6)))
    low.memory[out] = number


def image_gradient(low: Lowering, node: Apply) -> None:
    """At each place the result's gradient times filters, added up where patches lie."""
    op = _settings(node)
    if tuple(op.filter_dilation) != (1, 1):
        raise Unsupported("patches of elements that do not lie side by side")
    given = node.inputs[2]
    (out,) = node.outputs
    image = elements(low, given, 2)
    dtype, w, g = factors(low, node)
    kernel, slopes = low.sizes_of(w), low.sizes_of(g)
    geometry = Geometry(low, op, image, kernel[4:])
    low.same(slopes[1], kernel[0])
    low.all_same(slopes[2:], geometry.sizes)
    low.all_same(kernel[1:3], geometry.sizes)
    per, channels = divided(low, kernel[0], op.num_groups), times(kernel[3], const(op.num_groups))
    rows = _slopes(low, g)
    patches = low.fresh(None, dtype, (const(op.num_groups), *geometry.sizes, slopes[0], *kernel[3:]))
    matrices = joined(low, patches, 4, 3)

    def do(filters: int) -> None:
        for group in range(op.num_groups):
            right = moved(low, _of_group(low, filters, 0, group, per), (1, 0, 2))
            _products(low, _of_group(low, rows, 2, group, per), right, _group(low, matrices, group))

    _as_matrices(low, w, do)
    turned = backwards(low, patches, 5, 6) if op.filter_flip else patches
    laid = joined(low, dense(low, moved(low, turned, (3, 0, 4, 1, 2, 5, 6))), 1)
    number = low.fresh(out, dtype, (slopes[0], channels, *image))
    numbers = (*kernel[4:], *map(const, op.subsample), *geometry.pads, const(0))
    low.steps.append(NativeCall("patches_sum", (laid,), (number,), numbers, (), 0))
    low.memory[out] = number
