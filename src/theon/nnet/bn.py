"""Batch normalization (Ioffe and Szegedy 2015)."""

from __future__ import annotations

from typing import Any

from theon.ops.dims import addbroadcast, cast
from theon.ops.explog import sqrt
from theon.ops.reduce import mean as mean_of
from theon.ops.reduce import prod, var
from theon.tensor.constant import as_tensor_variable

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization(inputs: Any, gamma: Any, beta: Any, mean: Any, std: Any, mode: str = "low_mem") -> Any:
    """Return ``gamma (inputs - mean) / std + beta``; all broadcast. ValueError for an unknown mode."""
    if mode not in ("low_mem", "high_mem"):
        raise ValueError('mode must be either "low_mem", "high_mem"')
    if mode == "low_mem":
        return gamma * (inputs - mean) / std + beta
    return inputs * (gamma / std) + (beta - (gamma * mean) / std)


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    if axes == "per-activation":
        return (0,)
    if axes == "spatial":
        return (0, *range(2, ndim))
    found = (axes,) if isinstance(axes, int) else tuple(axes)
    if not found or min(found) < 0 or max(found) >= ndim:
        raise ValueError(f"axes should be less than ndim (<{ndim}), but {axes} given")
    return found


class _Parameters:
    """How parameters fit the input: already of its rank, or with only the dimensions that are not normalised over."""

    def __init__(self, inputs: Any, axes: Any, named: dict[str, Any]) -> None:
        ndim = inputs.type.ndim
        self.axes = _axes(axes, ndim)
        self.others = [d for d in range(ndim) if d not in self.axes]
        ranks = {p.type.ndim for p in named.values()}
        if len(ranks) != 1 or ranks - {ndim, len(self.others)}:
            raise ValueError(
                f"all of {', '.join(named)} must have the same dimensionality, {ndim} or {len(self.others)}; "
                f"got {[p.type.ndim for p in named.values()]}"
            )
        (self.rank,) = ranks
        self.ndim = ndim

    def spread(self, p: Any) -> Any:
        """A parameter with the rank of the input."""
        if self.rank < self.ndim or not self.axes:
            pattern = ["x"] * self.ndim
            for place, d in enumerate(self.others):
                pattern[d] = place  # type: ignore[call-overload]
            return p.dimshuffle(*pattern)
        return addbroadcast(p, *self.axes)

    def narrow(self, statistic: Any) -> Any:
        """A statistic of the rank of the parameters."""
        return statistic.dimshuffle(*self.others) if self.rank < self.ndim else statistic


def batch_normalization_train(
    inputs: Any,
    gamma: Any,
    beta: Any,
    axes: Any = "per-activation",
    epsilon: Any = 1e-4,
    running_average_factor: Any = 0.1,
    running_mean: Any = None,
    running_var: Any = None,
) -> Any:
    """Return the normalised ``inputs``, their mean and the inverse of their standard deviation over ``axes``.

    ``axes``: "per-activation" (0), "spatial" (all but 1), or numbers. ``gamma``, ``beta``: scale and shift, of the rank of
    the input or with only the other dimensions. With ``running_mean`` and ``running_var`` their new values follow:
    ``old (1 - f) + new f``, the variance without bias. ValueError for ranks that do not fit, or an ``epsilon`` below 1e-5.
    """
    x, gamma, beta = (as_tensor_variable(v) for v in (inputs, gamma, beta))
    named = {"gamma": gamma, "beta": beta}
    if running_mean is not None:
        named["running_mean"] = running_mean = as_tensor_variable(running_mean)
    if running_var is not None:
        named["running_var"] = running_var = as_tensor_variable(running_var)
    _check_epsilon(epsilon)
    p = _Parameters(x, axes, named)
    mean = mean_of(x, axis=list(p.axes), keepdims=True)
    variance = var(x, axis=list(p.axes), keepdims=True)
    invstd = 1 / sqrt(variance + cast(as_tensor_variable(epsilon), x.type.dtype))
    out = (x - mean) * (p.spread(gamma) * invstd) + p.spread(beta)
    found = [out, p.narrow(mean), p.narrow(invstd)]
    factor = cast(as_tensor_variable(running_average_factor), x.type.dtype)
    if running_mean is not None:
        found.append(p.narrow(p.spread(running_mean) * (1 - factor) + mean * factor))
    if running_var is not None:
        m = cast(prod(x.shape) / prod(mean.shape), x.type.dtype)
        found.append(p.narrow(p.spread(running_var) * (1 - factor) + (m / (m - 1)) * variance * factor))
    return tuple(found)


def batch_normalization_test(
    inputs: Any, gamma: Any, beta: Any, mean: Any, var: Any, axes: Any = "per-activation", epsilon: Any = 1e-4
) -> Any:
    """Return ``inputs`` normalised with statistics given: ``gamma (inputs - mean) / sqrt(var + epsilon) + beta``."""
    x, gamma, beta, mean, var = (as_tensor_variable(v) for v in (inputs, gamma, beta, mean, var))
    _check_epsilon(epsilon)
    p = _Parameters(x, axes, {"gamma": gamma, "beta": beta, "mean": mean, "var": var})
    gamma, beta, mean, var = (p.spread(v) for v in (gamma, beta, mean, var))
    invstd = 1 / sqrt(var + cast(as_tensor_variable(epsilon), x.type.dtype))
    return (x - mean) * (gamma * invstd) + beta


def _check_epsilon(epsilon: Any) -> None:
    if isinstance(epsilon, int | float) and epsilon < 1e-5:
        raise ValueError(f"epsilon must be at least 1e-5, got {epsilon}")
