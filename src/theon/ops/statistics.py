"""What is made of sums and extremes: means, variances, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.ops.arith import abs_, sqr, switch, true_div
from theon.ops.cast import cast
from theon.ops.compare import eq, neq
from theon.ops.dims import dimshuffle
from theon.ops.explog import exp, log, sqrt
from theon.ops.extremes import max
from theon.ops.reduce import given_dtype, normal_axes, sum
from theon.ops.shape import shape, shape_i
from theon.tensor.constant import as_tensor_variable, constant

__all__ = ["logsumexp", "mean", "norm_of", "std", "var"]


def mean(
    input: Any, axis: Any = None, dtype: Any = None, op: bool = False, keepdims: bool = False, acc_dtype: Any = None
) -> Any:
    """Return the mean over ``axis`` (all by default); of integers in float64, of floats in their dtype.

    Of float16 the sum is taken in float32: it may be too large for float16 where the mean is not.
    """
    input = as_tensor_variable(input)
    axes = normal_axes(axis, input.type.ndim, input)
    wanted = given_dtype(dtype)
    sum_dtype = wanted
    if wanted is None and input.type.dtype in discrete_dtypes:
        sum_dtype = "float64"
    half = input.type.dtype == "float16" and wanted in (None, "float16")
    if half:
        sum_dtype = "float32"
    if wanted in discrete_dtypes:
        raise TypeError(f"mean: dtype {wanted} cannot hold means")
    total = sum(input, axis=axis, dtype=sum_dtype, keepdims=keepdims, acc_dtype=acc_dtype)
    lengths = shape(input)
    # Divide by each size in the result's dtype: a product of sizes may pass the largest integer.
    lengths = cast(lengths, "float64" if total.type.dtype in ("float64", "complex128", *discrete_dtypes) else "float32")
    out = total
    for d in axes:
        out = true_div(out, lengths[d])
    if out.type.dtype != total.type.dtype and total.type.dtype not in discrete_dtypes:
        out = cast(out, total.type.dtype)
    if half:
        out = cast(out, "float16")
    if out.owner is not None and out is not input:
        out.name = "mean"
    return out


def var(input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
    """Return the variance over ``axis``, dividing by n - ``ddof``; ``corrected`` subtracts the rounding error of the mean."""
    input = as_tensor_variable(input)
    axes = normal_axes(axis, input.type.ndim, input)
    centred = input - mean(input, axes, keepdims=True)
    total = mean(sqr(abs_(centred) if centred.type.dtype.startswith("complex") else centred), axes, keepdims=keepdims)
    if ddof != 0 or corrected:
        count: Any = constant(1, dtype="int64")
        for d in axes:
            count = count * shape_i(input, d)
        if ddof != 0:
            total = cast(total * (count / (count - ddof)), total.type.dtype)
        if corrected:
            error = mean(centred, axes, keepdims=keepdims) ** 2
            total = total - (error if ddof == 0 else cast(error * (count / (count - ddof)), total.type.dtype))
    total.name = "var"
    return total


def std(input: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any:
    """Return the standard deviation over ``axis``: the root of :func:`var`."""
    out = sqrt(var(input, axis, ddof, keepdims, corrected))
    out.name = "std"
    return out


def norm_of(x: Any, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the norm of order ``L`` over ``axis``: (sum |x|^L)^(1/L); 0 counts, inf takes the largest."""
    x = as_tensor_variable(x)
    if np.isinf(L):
        return max(abs_(x), axis=axis, keepdims=keepdims)
    if L == 0:
        return sum(neq(x, 0), axis=axis, keepdims=keepdims)
    return sum(abs_(x) ** L, axis=axis, keepdims=keepdims) ** (1.0 / L)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) over ``axis``, without overflow."""
    x = as_tensor_variable(x)
    top = max(x, axis=axis, keepdims=True)
    safe = switch(eq(abs_(top), np.inf), 0, top)
    out = log(sum(exp(x - safe), axis=axis, keepdims=True)) + safe
    axes = normal_axes(axis, x.type.ndim)
    return out if keepdims else dimshuffle(out, [d for d in range(x.type.ndim) if d not in axes])
