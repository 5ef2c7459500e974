"""Images made larger, or of other proportions, by linear interpolation between their elements."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from theon.graph.variable import Variable
from theon.nnet.convolutions import conv2d_grad_wrt_inputs
from theon.ops.arith import clip
from theon.ops.cast import cast
from theon.ops.fill import arange
from theon.ops.join import concatenate
from theon.ops.reshape import reshape
from theon.options import config
from theon.tensor.constant import as_tensor_variable

__all__ = ["bilinear_kernel_1D", "bilinear_kernel_2D", "bilinear_upsampling", "frac_bilinear_upsampling"]


def bilinear_kernel_1D(ratio: Any, normalize: bool = True) -> Any:
    """Return the triangle 1, 2, ... ratio, ... 2, 1, divided by ``ratio`` where ``normalize``; ``ratio`` may be symbolic."""
    if isinstance(ratio, Variable):
        triangle = cast(ratio - abs(arange(2 * ratio - 1) - (ratio - 1)), config.floatX)
        return triangle / cast(ratio, config.floatX) if normalize else triangle
    rise = np.arange(1, ratio + 1)
    kernel = np.concatenate([rise, rise[-2::-1]]).astype("float64")
    return as_tensor_variable((kernel / ratio if normalize else kernel).astype(config.floatX))


def bilinear_kernel_2D(ratio: Any, normalize: bool = True) -> Any:
    """Return the outer product of the triangle with itself, (2 ratio - 1, 2 ratio - 1)."""
    one = bilinear_kernel_1D(ratio, normalize)
    return one.dimshuffle("x", 0) * one.dimshuffle(0, "x")


def bilinear_upsampling(
    input: Any,
    ratio: Any = None,
    frac_ratio: Any = None,
    batch_size: Any = None,
    num_input_channels: Any = None,
    use_1D_kernel: bool = True,
) -> Any:
    """Return images ``ratio`` times as large in both dimensions, interpolated linearly; edges repeat outside.

    ``input``: (batch, channels, rows, columns). ``frac_ratio``: a fraction instead, see :func:`frac_bilinear_upsampling`.
    ``batch_size``, ``num_input_channels`` and ``use_1D_kernel`` do not change the result. ValueError for no ratio, for both,
    and for one that is no positive integer.
    """
    if ratio and frac_ratio:
        raise ValueError("can't use ratio and frac_ratio together")
    if frac_ratio:
        return frac_bilinear_upsampling(input, frac_ratio)
    if not ratio:
        raise ValueError("No ratio (or frac_ratio) provided")
    if int(ratio) != ratio or ratio < 1:
        raise ValueError(f"ratio is a positive integer, not {ratio}")
    ratio = int(ratio)
    x = as_tensor_variable(input)
    batch, channels, rows, columns = (x.shape[d] for d in range(4))
    flat = reshape(x, (batch * channels, 1, rows, columns), 4)
    flat = concatenate([flat[:, :, :1], flat, flat[:, :, -1:]], axis=2)
    flat = concatenate([flat[:, :, :, :1], flat, flat[:, :, :, -1:]], axis=3)
    pad = 2 * ratio - (ratio - 1) // 2 - 1
    kernel = bilinear_kernel_2D(ratio).dimshuffle("x", "x", 0, 1)
    up = conv2d_grad_wrt_inputs(
        flat, kernel, (None, 1, rows * ratio, columns * ratio), None, (pad, pad), (ratio, ratio), True
    )
    return reshape(up, (batch, channels, rows * ratio, columns * ratio), 4)


def frac_bilinear_upsampling(input: Any, frac_ratio: Any) -> Any:
    """Return images whose sizes are a fraction of those of ``input``, rounded up, interpolated linearly; edges repeat outside.

    ``input``: (batch, channels, rows, columns). ``frac_ratio``: (numerator, denominator), or such a pair for the rows and one
    for the columns. ValueError for anything else.

    >>> import theano.tensor as T
    >>> frac_bilinear_upsampling(np.arange(4.0).reshape(1, 1, 1, 4), ((1, 1), (3, 2))).eval()
    array([[[[0.        , 0.33333333, 1.        , 1.66666667, 2.33333333,
              3.        ]]]])
    """
    x = as_tensor_variable(input)
    if not isinstance(frac_ratio, tuple):
        raise ValueError("frac_ratio should be a tuple")
    pairs = frac_ratio if all(isinstance(f, tuple) for f in frac_ratio) else (frac_ratio, frac_ratio)
    for pair in pairs:
        if len(pairs) != 2 or len(pair) != 2 or any(int(v) != v or v < 1 for v in pair):
            raise ValueError(f"frac_ratio is a pair of positive integers, or two such pairs, not {frac_ratio}")
    for axis, (p, q) in zip((2, 3), pairs):
        common = gcd(int(p), int(q))
        x = _interpolated(x, axis, int(p) // common, int(q) // common)
    return x


def _interpolated(x: Any, axis: int, times: int, step: int) -> Any:
    """``x`` made ``times`` as long along ``axis``, of which each ``step``-th place is kept."""
    if times == step == 1:
        return x
    last = x.shape[axis] - 1
    # Elements lie ``times`` apart on the fine grid, the first in the middle of its share of it.
    at = arange((x.shape[axis] * times + step - 1) // step) * step - (times - 1) // 2
    before, part = at // times, at % times
    shape = ["x"] * 4
    shape[axis] = 0  # type: ignore[call-overload]
    weight = (part.astype(config.floatX) / np.asarray(times, config.floatX)).dimshuffle(*shape)
    lead = (slice(None),) * axis
    below, above = (x[(*lead, clip(i, 0, last))] for i in (before, before + 1))
    return below * (1 - weight) + above * weight
