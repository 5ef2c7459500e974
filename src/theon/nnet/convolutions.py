"""Functions that convolve: in two and three dimensions, transposed, separable, causal, and the gradients as functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.variable import Constant
from theon.nnet.abstract_conv import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    AbstractConv3d,
    AbstractConv3d_gradInputs,
    AbstractConv3d_gradWeights,
)
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "causal_conv1d",
    "conv2d",
    "conv2d_grad_wrt_inputs",
    "conv2d_grad_wrt_weights",
    "conv2d_transpose",
    "conv3d",
    "conv3d_grad_wrt_inputs",
    "conv3d_grad_wrt_weights",
    "separable_conv2d",
    "separable_conv3d",
]


def _last_sizes(sizes: Any, n: int) -> Any:
    if isinstance(sizes, tuple | list):
        wanted = sizes[-n:]
        if any(s is None for s in wanted):
            raise ValueError(f"the last {n} sizes must be given, not {sizes}")
        if all(isinstance(s, int | np.integer) for s in wanted):
            return as_tensor_variable(np.asarray(wanted, "int64"))
        from theon.ops.join import stack

        return stack([as_tensor_variable(s).astype("int64") for s in wanted])
    return as_tensor_variable(sizes)[-n:]


def conv2d(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Return the convolution of images (batch, channels, rows, columns) with filters (filters, channels, rows, columns).

    ``border_mode``: "valid" (inside the image), "full" (wherever the two overlap), "half" (padded by half the filter), the
    padding, or paddings for each dimension, single or (before, after). ``subsample``: steps between results.
    ``filter_flip``: whether filters are flipped, as mathematics has it. ``filter_dilation``: steps between elements of the
    filter. ``num_groups``: channels and filters in separate groups. ``unshared``: a filter for each place, (filters, rows of
    the result, columns of it, channels, rows, columns). ``input_shape``, ``filter_shape``: shapes if known, checked.
    TypeError for other ranks, ValueError for settings that mean nothing and, at the call, for sizes that do not fit.

    >>> import theano.tensor as T
    >>> conv2d(T.tensor4(), T.tensor4(), border_mode="half").ndim
    4
    """
    op = AbstractConv2d(
        input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups, unshared
    )
    return op(as_tensor_variable(input), as_tensor_variable(filters))


def conv3d(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """Return the convolution of volumes (batch, channels, depth, rows, columns); arguments as for :func:`conv2d`."""
    op = AbstractConv3d(input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups)
    return op(as_tensor_variable(input), as_tensor_variable(filters))


def conv2d_grad_wrt_inputs(
    output_grad: Any,
    filters: Any,
    input_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Return the gradient of :func:`conv2d`'s images, of shape ``input_shape``, from that of its result."""
    op = AbstractConv2d_gradInputs(
        _known_or_none(input_shape),
        filter_shape,
        border_mode,
        subsample,
        filter_flip,
        filter_dilation,
        num_groups,
        unshared,
    )
    return op(as_tensor_variable(filters), as_tensor_variable(output_grad), _last_sizes(input_shape, 2))


def conv2d_grad_wrt_weights(
    input: Any,
    output_grad: Any,
    filter_shape: Any,
    input_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Return the gradient of :func:`conv2d`'s filters, of shape ``filter_shape``, from that of its result."""
    op = AbstractConv2d_gradWeights(
        input_shape,
        _known_or_none(filter_shape),
        border_mode,
        subsample,
        filter_flip,
        filter_dilation,
        num_groups,
        unshared,
    )
    return op(as_tensor_variable(input), as_tensor_variable(output_grad), _last_sizes(filter_shape, 2))


def conv3d_grad_wrt_inputs(
    output_grad: Any,
    filters: Any,
    input_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """Return the gradient of :func:`conv3d`'s volumes, of shape ``input_shape``, from that of its result."""
    op = AbstractConv3d_gradInputs(
        _known_or_none(input_shape), filter_shape, border_mode, subsample, filter_flip, filter_dilation, num_groups
    )
    return op(as_tensor_variable(filters), as_tensor_variable(output_grad), _last_sizes(input_shape, 3))


def conv3d_grad_wrt_weights(
    input: Any,
    output_grad: Any,
    filter_shape: Any,
    input_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
    num_groups: int = 1,
) -> Any:
    """Return the gradient of :func:`conv3d`'s filters, of shape ``filter_shape``, from that of its result."""
    op = AbstractConv3d_gradWeights(
        input_shape, _known_or_none(filter_shape), border_mode, subsample, filter_flip, filter_dilation, num_groups
    )
    return op(as_tensor_variable(input), as_tensor_variable(output_grad), _last_sizes(filter_shape, 3))


def _known_or_none(sizes: Any) -> Any:
    """What is constant of a shape that may be symbolic."""
    if not isinstance(sizes, tuple | list):
        return None
    return tuple(n if isinstance(n, int | np.integer | Constant) else None for n in sizes)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    input_dilation: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Return the transposed convolution of ``input``, of shape ``output_shape``; ``input_dilation`` is its upsampling."""
    return conv2d_grad_wrt_inputs(
        input,
        filters,
        output_shape,
        filter_shape,
        border_mode,
        input_dilation,
        filter_flip,
        filter_dilation,
        num_groups,
        unshared,
    )


def separable_conv2d(
    input: Any,
    depthwise_filters: Any,
    pointwise_filters: Any,
    num_channels: int,
    input_shape: Any = None,
    depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1),
) -> Any:
    """Return the convolution of each channel with its own filters, mixed by 1 x 1 filters.

    ``depthwise_filters`` (channels * multiplier, 1, rows, columns), ``pointwise_filters`` (filters, channels * multiplier, 1, 1);
    other arguments as for :func:`conv2d`.
    """
    depthwise = conv2d(
        input,
        depthwise_filters,
        input_shape,
        depthwise_filter_shape,
        border_mode,
        subsample,
        filter_flip,
        filter_dilation,
        num_channels,
    )
    return conv2d(depthwise, pointwise_filters, None, pointwise_filter_shape, "valid", (1, 1), filter_flip)


def separable_conv3d(
    input: Any,
    depthwise_filters: Any,
    pointwise_filters: Any,
    num_channels: int,
    input_shape: Any = None,
    depthwise_filter_shape: Any = None,
    pointwise_filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1, 1),
    filter_flip: bool = True,
    filter_dilation: Any = (1, 1, 1),
) -> Any:
    """Return the convolution of each channel of volumes with its own filters, mixed by 1 x 1 x 1 filters.

    As :func:`separable_conv2d`, with one dimension more.
    """
    depthwise = conv3d(
        input,
        depthwise_filters,
        input_shape,
        depthwise_filter_shape,
        border_mode,
        subsample,
        filter_flip,
        filter_dilation,
        num_channels,
    )
    return conv3d(depthwise, pointwise_filters, None, pointwise_filter_shape, "valid", (1, 1, 1), filter_flip)


def causal_conv1d(
    input: Any,
    filters: Any,
    filter_shape: Any,
    input_shape: Any = None,
    subsample: int = 1,
    filter_flip: bool = True,
    filter_dilation: int = 1,
    num_groups: int = 1,
    unshared: bool = False,
) -> Any:
    """Return the convolution of (batch, channels, steps) with (filters, channels, width) that sees no later step.

    ``filter_shape``: that of ``filters``, whose width must be known; ``unshared`` filters are (filters, steps of the result,
    channels, width). ValueError for inputs of other than three dimensions.
    """
    input, filters = as_tensor_variable(input), as_tensor_variable(filters)
    if input.type.ndim != 3:
        raise ValueError(f"Input should be 3D for causal convolution, but given {input.type.ndim}D")
    if filters.type.ndim != (4 if unshared else 3):
        raise ValueError(
            f"Filters should be {4 if unshared else 3}D for causal convolution, but given {filters.type.ndim}D"
        )
    pad = (filter_shape[-1] - 1) * filter_dilation
    wide = (0, 1, "x", 2, 3, "x") if unshared else (0, 1, 2, "x")
    found = conv2d(
        input.dimshuffle(0, 1, 2, "x"),
        filters.dimshuffle(*wide),
        None if input_shape is None else (*input_shape, 1),
        None if unshared else (*filter_shape, 1),
        ((pad, 0), (0, 0)),
        (subsample, 1),
        filter_flip,
        (filter_dilation, 1),
        num_groups,
        unshared,
    )
    return found[:, :, :, 0]
