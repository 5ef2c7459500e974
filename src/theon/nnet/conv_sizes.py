"""Sizes of convolutions: each of image, filter and result from the other two, pads from border modes, and their checks.

Sizes are ints, symbolic, or None where they are not known; what needs an unknown size is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError
from theon.ops.checks import Assert
from theon.ops.compare import eq, ge, gt
from theon.ops.shape import get_scalar_constant_value
from theon.options import config
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "assert_conv_shape",
    "assert_shape",
    "border_mode_to_pad",
    "check_conv_gradinputs_shape",
    "get_conv_gradinputs_shape",
    "get_conv_gradinputs_shape_1axis",
    "get_conv_gradweights_shape",
    "get_conv_gradweights_shape_1axis",
    "get_conv_output_shape",
    "get_conv_shape_1axis",
]


def _pads(border_mode: Any, span: Any) -> tuple[Any, Any]:
    """What is added before and after one dimension, for a dilated filter of size ``span``."""
    if border_mode == "half":
        return span // 2, span // 2
    if border_mode == "full":
        return span - 1, span - 1
    if border_mode == "valid":
        return 0, 0
    before, after = border_mode if isinstance(border_mode, tuple | list) else (border_mode, border_mode)
    if before < 0 or after < 0:
        raise ValueError(f"border_mode must be >= 0, not {border_mode}")
    return before, after


def _span(kernel_shape: Any, dilation: Any) -> Any:
    return kernel_shape if dilation == 1 else (kernel_shape - 1) * dilation + 1


def _per_axis(setting: Any, n: int) -> Sequence[Any]:
    """A border mode or a setting for each of ``n`` dimensions."""
    return (setting,) * n if setting is None or isinstance(setting, str | int | np.integer) else tuple(setting)


def get_conv_shape_1axis(
    image_shape: Any, kernel_shape: Any, border_mode: Any, subsample: Any, dilation: Any = 1
) -> Any:
    """Return the size of a convolution's result along one dimension; None where a size is None. May be symbolic."""
    if image_shape is None or kernel_shape is None or border_mode is None or subsample is None or dilation is None:
        return None
    span = _span(kernel_shape, dilation)
    before, after = _pads(border_mode, span)
    room = image_shape + before + after - span
    return room // subsample + 1 if subsample != 1 else room + 1


def get_conv_output_shape(
    image_shape: Any, kernel_shape: Any, border_mode: Any, subsample: Any, filter_dilation: Any = None
) -> tuple[Any, ...]:
    """Return the shape of a convolution's result from the shapes of images and filters; None stands for unknown sizes.

    >>> get_conv_output_shape((8, 3, 28, 28), (20, 3, 5, 5), "valid", (1, 1))
    (8, 20, 24, 24)
    """
    n = len(subsample)
    sizes = tuple(
        get_conv_shape_1axis(i, k, b, s, d)
        for i, k, b, s, d in zip(
            image_shape[2:],
            kernel_shape[-n:],
            _per_axis(border_mode, n),
            subsample,
            _per_axis(1 if filter_dilation is None else filter_dilation, n),
        )
    )
    return (image_shape[0], kernel_shape[0], *sizes)


def get_conv_gradweights_shape_1axis(
    image_shape: Any, top_shape: Any, border_mode: Any, subsample: Any, dilation: Any
) -> Any:
    """Return the size of the filter along one dimension, from those of image and result.

    None where several sizes give the same result: where places are skipped, or half of the filter is added.
    """
    if image_shape is None or top_shape is None or border_mode is None or subsample is None or dilation is None:
        return None
    if subsample != 1 or border_mode == "half":
        return None
    if border_mode == "full":
        span = top_shape - image_shape + 1
    else:
        before, after = _pads(border_mode, 1)
        span = image_shape + before + after - top_shape + 1
    return span if dilation == 1 else (span - 1) // dilation + 1


def get_conv_gradweights_shape(
    image_shape: Any,
    top_shape: Any,
    border_mode: Any,
    subsample: Any,
    filter_dilation: Any = None,
    num_groups: int = 1,
    unshared: bool = False,
) -> tuple[Any, ...]:
    """Return the shape of the filters from the shapes of images and result."""
    n = len(subsample)
    channels = None if image_shape[1] is None else image_shape[1] // num_groups
    sizes = tuple(
        get_conv_gradweights_shape_1axis(i, t, b, s, d)
        for i, t, b, s, d in zip(
            image_shape[2:],
            top_shape[2:],
            _per_axis(border_mode, n),
            subsample,
            _per_axis(1 if filter_dilation is None else filter_dilation, n),
        )
    )
    places = tuple(top_shape[2:]) if unshared else ()
    return (top_shape[1], *places, channels, *sizes)


def get_conv_gradinputs_shape_1axis(
    kernel_shape: Any, top_shape: Any, border_mode: Any, subsample: Any, dilation: Any
) -> Any:
    """Return the size of the image along one dimension, from those of filter and result.

    None where several sizes give the same result, which is where places are skipped.
    """
    if kernel_shape is None or top_shape is None or border_mode is None or subsample is None or dilation is None:
        return None
    if subsample != 1:
        return None
    span = _span(kernel_shape, dilation)
    before, after = _pads(border_mode, span)
    return top_shape + span - 1 - before - after


def get_conv_gradinputs_shape(
    kernel_shape: Any,
    top_shape: Any,
    border_mode: Any,
    subsample: Any,
    filter_dilation: Any = None,
    num_groups: int = 1,
) -> tuple[Any, ...]:
    """Return the shape of the images from the shapes of filters and result."""
    n = len(subsample)
    channels = kernel_shape[-n - 1]
    sizes = tuple(
        get_conv_gradinputs_shape_1axis(k, t, b, s, d)
        for k, t, b, s, d in zip(
            kernel_shape[-n:],
            top_shape[2:],
            _per_axis(border_mode, n),
            subsample,
            _per_axis(1 if filter_dilation is None else filter_dilation, n),
        )
    )
    return (top_shape[0], None if channels is None else channels * num_groups, *sizes)


def check_conv_gradinputs_shape(
    image_shape: Any,
    kernel_shape: Any,
    output_shape: Any,
    border_mode: Any,
    subsample: Any,
    filter_dilation: Any = None,
) -> bool:
    """Whether a convolution of these images and filters can have a result of ``output_shape``.

    Sizes that are None or symbolic are taken to fit.
    """
    wanted = get_conv_output_shape(image_shape, kernel_shape, border_mode, subsample, filter_dilation)
    return all(
        int(given) == int(found)
        for given, found in zip(output_shape, wanted, strict=True)
        if isinstance(given, int | np.integer) and isinstance(found, int | np.integer)
    )


def assert_conv_shape(shape: Sequence[Any]) -> tuple[Any, ...]:
    """Return ``shape``, whose batch and channels must not be negative, and whose other sizes must be positive.

    ValueError where a size that is known is not; a symbolic size gets an assertion.
    """
    found = []
    for d, n in enumerate(shape):
        good, bad = (ge, "< 0") if d < 2 else (gt, "<= 0")
        try:
            known = int(get_scalar_constant_value(n))
        except NotScalarConstantError:
            check = Assert(f"The convolution would produce an invalid shape (dim[{d}] {bad}).")
            found.append(check(n, good(n, 0)))
            continue
        if known < 0 or (d >= 2 and known == 0):
            raise ValueError(f"The convolution would produce an invalid shape (dim[{d}]: {known} {bad}).")
        found.append(n)
    return tuple(found)


def assert_shape(x: Any, expected_shape: Any, msg: str = "Unexpected shape.") -> Any:
    """Return ``x``, with an assertion that it has ``expected_shape`` where the flag ``conv.assert_shape`` is set.

    None in ``expected_shape`` stands for any size.
    """
    if expected_shape is None or not config.conv.assert_shape:
        return x
    x = as_tensor_variable(x)
    tests = [eq(x.shape[d], n) for d, n in enumerate(expected_shape) if n is not None]
    return Assert(msg)(x, *tests) if tests else x


def border_mode_to_pad(mode: Any, convdim: int, kshp: Any) -> tuple[tuple[Any, Any], ...]:
    """Return the pads (before, after) of each dimension for dilated filters of sizes ``kshp``.

    ValueError for a border mode that is no word, number or tuple of numbers and pairs.
    """
    if isinstance(mode, tuple | list):
        if len(mode) != convdim:
            raise ValueError(f"invalid border_mode {mode}: {convdim} paddings are needed")
        if any(isinstance(m, tuple | list) and len(m) != 2 for m in mode):
            raise ValueError(f"invalid border_mode {mode}: paddings are single or pairs")
    elif not isinstance(mode, int | np.integer) and mode not in ("valid", "full", "half"):
        raise ValueError(
            f"invalid border_mode {mode!r}, which must be either 'valid', 'full', 'half', an integer or a tuple of "
            "integers or pairs of integers"
        )
    spans = [None] * convdim if isinstance(mode, tuple | list | int | np.integer) else kshp
    return tuple(_pads(m, span) for m, span in zip(_per_axis(mode, convdim), spans))
