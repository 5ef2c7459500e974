"""Batch normalization (Ioffe and Szegedy 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import upcast
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.nnet.moments import Moments, NormalizationSums, count_along
from theon.ops.arith import identity, sqr
from theon.ops.cast import cast
from theon.ops.composite import Composite
from theon.ops.declare import TensorOp
from theon.ops.dims import addbroadcast
from theon.ops.explog import sqrt
from theon.ops.fill import zeros_like
from theon.ops.reduce import prod
from theon.ops.statistics import mean as mean_of
from theon.ops.statistics import var
from theon.options import config
from theon.scalar.type import Scalar
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AbstractBatchNormInference",
    "AbstractBatchNormTrain",
    "AbstractBatchNormTrainGrad",
    "BNComposite",
    "batch_normalization",
    "batch_normalization_test",
    "batch_normalization_train",
    "gradients_written_out",
    "written_out",
]


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
    found = (axes,) if isinstance(axes, int) else axes
    if not isinstance(found, tuple | list | np.ndarray) or not all(isinstance(a, int | np.integer) for a in found):
        raise TypeError(f"invalid axes {axes!r}: integers, 'per-activation' or 'spatial' are wanted")
    found = tuple(int(a) for a in found)
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
    if not x.type.dtype.startswith(("float", "complex")):
        x = cast(x, config.floatX)
    p = _Parameters(x, axes, named)
    averages = [
        mean_of(x, axis=list(p.axes), keepdims=True) if v is None else p.spread(v) for v in (running_mean, running_var)
    ]
    averages = [] if running_mean is None and running_var is None else averages
    op = AbstractBatchNormTrain(p.axes)
    out, *found = op(x, p.spread(gamma), p.spread(beta), epsilon, running_average_factor, *averages)
    wanted = [True, True, running_mean is not None, running_var is not None]
    return (out, *(p.narrow(v) for v, good in zip(found, wanted) if good))


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


# --- Theano's ops for graphs that are built of them -------------------------------------------------------------------


class _Normalization(TensorOp):
    """What the three ops share: ``axes`` normalised over, and parameters of the input's rank with size 1 along them."""

    __module__ = "theano.tensor.nnet.bn"
    __props__ = ("axes",)

    def __init__(self, axes: Sequence[int] = (0,)) -> None:
        if not isinstance(axes, tuple | list) or not all(isinstance(d, int | np.integer) for d in axes) or not axes:
            raise TypeError(f"axes must be a tuple of integers, not {axes!r}")
        self.axes = tuple(int(d) for d in axes)

    def _parameters(self, x: Any, *parameters: Any) -> list[Any]:
        """The parameters, said to be of size 1 along the axes. ValueError for axes or ranks that do not fit."""
        if max(self.axes) >= x.type.ndim or min(self.axes) < 0:
            raise ValueError(f"axes {self.axes} do not fit an input of {x.type.ndim} dimensions")
        if any(p.type.ndim != x.type.ndim for p in parameters):
            raise ValueError(f"parameters must have the {x.type.ndim} dimensions of x: {[p.type for p in parameters]}")
        return [addbroadcast(p, *self.axes) for p in parameters]

    def _flags(self, x: Any) -> list[bool]:
        return [d in self.axes or flag for d, flag in enumerate(x.type.broadcastable)]

    @staticmethod
    def _checked(name: str, x: Any, *parameters: Any) -> None:
        for p in parameters:
            if any(n not in (1, m) for n, m in zip(p.shape, x.shape)):
                raise ValueError(f"{name}: a parameter of shape {p.shape} does not fit an input of shape {x.shape}")


class AbstractBatchNormTrain(_Normalization):
    """Normalise by the statistics of the input.

    Inputs: ``x``, ``scale``, ``bias``, ``epsilon``, ``running_average_factor``, and both or neither of ``running_mean`` and
    ``running_var``. Outputs: the result, mean, inverse standard deviation, and new running mean and variance if given.
    """

    __module__ = "theano.tensor.nnet.bn"

    def convert(  # type: ignore[override]
        self,
        x: Any,
        scale: Any,
        bias: Any,
        epsilon: Any = 1e-4,
        running_average_factor: Any = 0.1,
        running_mean: Any = None,
        running_var: Any = None,
    ) -> list[Any]:
        """Five or seven variables. ValueError where only one running average is given."""
        if (running_mean is None) != (running_var is None):
            raise ValueError("running_mean and running_var must both be given, or neither")
        x = as_tensor_variable(x)
        averages = [] if running_mean is None else [running_mean, running_var]
        given = self._parameters(x, *(as_tensor_variable(v) for v in (scale, bias, *averages)))
        numbers = [cast(as_tensor_variable(v), x.type.dtype) for v in (epsilon, running_average_factor)]
        return [x, *given[:2], *numbers, *given[2:]]

    def infer(self, x: Any, scale: Any, bias: Any, epsilon: Any, factor: Any, *averages: Any) -> list[TensorType]:
        """The upcast of all; statistics broadcast along the axes."""
        dtype = upcast(*(v.type.dtype for v in (x, scale, bias, *averages)))
        statistic = TensorType(dtype, self._flags(x))
        return [TensorType(dtype, x.type.broadcastable), *[statistic] * (2 + len(averages))]

    def reference(self, xp: Any, x: Any, scale: Any, bias: Any, epsilon: Any, factor: Any, *averages: Any) -> Any:
        """The running variance is that without bias."""
        self._checked("AbstractBatchNormTrain", x, scale, bias, *averages)
        mean = x.mean(axis=self.axes, keepdims=True)
        variance = x.var(axis=self.axes, keepdims=True)
        invstd = 1 / xp.sqrt(variance + epsilon)
        out = [(x - mean) * (scale * invstd) + bias, mean, invstd]
        if averages:
            m = x.size / max(1, mean.size)
            out.append(averages[0] * (1 - factor) + mean * factor)
            out.append(averages[1] * (1 - factor) + variance * (m / (m - 1) if m > 1 else np.nan) * factor)
        return tuple(out)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Through the result, and through each statistic that is used."""
        x, scale, _, epsilon, factor, *averages = inputs
        out, mean, invstd = outputs[:3]
        given = [None if isinstance(g.type, DisconnectedType) else g for g in output_grads]
        back: list[Any] = [DisconnectedType()() for _ in range(3)]
        if given[0] is not None:
            back = list(AbstractBatchNormTrainGrad(self.axes)(x, given[0], scale, mean, invstd, epsilon))
        m = cast(prod(x.shape) / prod(mean.shape), out.type.dtype)
        center, slope = given[1], None if given[2] is None else -given[2] * invstd**3
        rest: list[Any] = [DisconnectedType()() for _ in averages]
        if averages and given[3] is not None:
            rest[0] = given[3] * (1 - factor)
            center = given[3] * factor if center is None else center + given[3] * factor
        if averages and given[4] is not None:
            rest[1] = given[4] * (1 - factor)
            more = given[4] * factor * (2 * m / (m - 1))
            slope = more if slope is None else slope + more
        for term in (center, None if slope is None else slope * (x - mean)):
            if term is not None:
                share = term / m + zeros_like(x)
                back[0] = share if isinstance(back[0].type, DisconnectedType) else back[0] + share
        return [*back, DisconnectedType()(), DisconnectedType()(), *rest]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Each average has its own input; the numbers count as constants."""
        rest = len(node.outputs) - 3
        rows = [[True] * (3 + rest), *[[True] + [False] * (2 + rest)] * 2, *[[False] * (3 + rest)] * 2]
        return [*rows, *([False] * 3 + [i == j for j in range(rest)] for i in range(rest))]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """As those of the formulas."""
        from theon.autodiff.forward import Rop

        known = [(x, t) for x, t in zip(inputs, eval_points) if t is not None]
        return Rop(written_out(self, inputs), *map(list, zip(*known)))

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``x``; 1 along the axes."""
        small = tuple(1 if d in self.axes else n for d, n in enumerate(shapes[0]))
        return [shapes[0], *[small] * (len(node.outputs) - 1)]


def written_out(op: AbstractBatchNormTrain, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of ``op`` as elementwise formulas of the moments of ``x``."""
    dtype = upcast(*(v.type.dtype for v in (*inputs[:3], *inputs[5:])))
    x, scale, bias, epsilon, factor, *averages = (cast(v, dtype) for v in inputs)
    mean, variance = Moments(op.axes)(x) if x.type.ndim > 1 else (f(x, axis=0, keepdims=True) for f in (mean_of, var))
    invstd = 1 / sqrt(variance + epsilon)
    found = [(x - mean) * (scale * invstd) + bias, mean, invstd]
    if averages:
        m = count_along(x, op.axes)
        found.append(averages[0] * (1 - factor) + mean * factor)
        found.append(averages[1] * (1 - factor) + (m / (m - 1)) * variance * factor)
    return found


def gradients_written_out(op: AbstractBatchNormTrainGrad, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of ``op`` as elementwise formulas of two sums."""
    dtype = upcast(*(v.type.dtype for v in inputs[:5]))
    x, dy, scale, mean, invstd = (cast(v, dtype) for v in inputs[:5])
    total, weighted = NormalizationSums(op.axes)(x, dy, mean)
    m = count_along(x, op.axes)
    share = (dy - total / m) - (x - mean) * (weighted * sqr(invstd) / m)
    found = [share * (scale * invstd), weighted * invstd, total]
    return [cast(v, out.dtype) for v, out in zip(found, op.infer(*inputs))]


def normalization_gradients(x: Any, dy: Any, scale: Any, mean: Any, invstd: Any, axes: Sequence[int]) -> list[Any]:
    """Return the gradients by ``x``, ``scale`` and ``bias`` of ``(x - mean) * scale * invstd + bias``, with elementwise ops.

    ``mean`` and ``invstd`` are those of ``x`` over ``axes``; parameters have its rank.
    """
    along = list(axes)
    normal = (x - mean) * invstd
    share = dy - mean_of(dy, axis=along, keepdims=True)
    share = share - normal * mean_of(dy * normal, axis=along, keepdims=True)
    sums = [(dy * normal).sum(axis=along, keepdims=True), dy.sum(axis=along, keepdims=True)]
    return [share * (scale * invstd), *sums]


class AbstractBatchNormTrainGrad(_Normalization):
    """The gradients by ``x``, ``scale`` and ``bias``: inputs ``x``, ``dy``, ``scale``, mean, inverse deviation, ``epsilon``."""

    __module__ = "theano.tensor.nnet.bn"

    def convert(  # type: ignore[override]
        self, x: Any, dy: Any, scale: Any, x_mean: Any, x_invstd: Any, epsilon: Any = 1e-4
    ) -> list[Any]:
        """Six variables."""
        x, dy = as_tensor_variable(x), as_tensor_variable(dy)
        given = self._parameters(x, *(as_tensor_variable(v) for v in (scale, x_mean, x_invstd)))
        return [x, dy, *given, cast(as_tensor_variable(epsilon), x.type.dtype)]

    def infer(self, x: Any, dy: Any, scale: Any, x_mean: Any, x_invstd: Any, epsilon: Any) -> list[TensorType]:
        """The types of ``x`` and of the parameters."""
        small = TensorType(scale.type.dtype, self._flags(x))
        return [TensorType(x.type.dtype, x.type.broadcastable), small, small]

    def reference(self, xp: Any, x: Any, dy: Any, scale: Any, x_mean: Any, x_invstd: Any, epsilon: Any) -> Any:
        """What the result loses through mean and deviation is taken from its gradient first."""
        self._checked("AbstractBatchNormTrainGrad", x, scale, x_mean, x_invstd)
        normal = (x - x_mean) * x_invstd
        share = dy - dy.mean(axis=self.axes, keepdims=True)
        share = share - normal * (dy * normal).mean(axis=self.axes, keepdims=True)
        return (
            share * (scale * x_invstd),
            (dy * normal).sum(axis=self.axes, keepdims=True),
            dy.sum(axis=self.axes, keepdims=True),
        )

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """As the gradient of the formula, written with elementwise ops."""
        from theon.autodiff.reverse import grad

        # Copies, so that a mean computed from x counts as an input of its own.
        wrt = [identity(v) for v in inputs[:5]]
        written = normalization_gradients(*wrt, self.axes)
        known = {w: g for w, g in zip(written, output_grads) if not isinstance(g.type, DisconnectedType)}
        found = grad(None, wrt, known_grads=known, disconnected_inputs="ignore")
        return [*found, DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """``epsilon`` is in the inverse deviation already."""
        return [
            [True, True, False],
            [True, True, True],
            [True, False, False],
            [True, True, False],
            [True, True, False],
            [False] * 3,
        ]

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The shape of ``x``; 1 along the axes."""
        small = tuple(1 if d in self.axes else n for d, n in enumerate(shapes[0]))
        return [shapes[0], small, small]


class AbstractBatchNormInference(_Normalization):
    """Normalise by statistics given: inputs ``x``, ``scale``, ``bias``, ``estimated_mean``, ``estimated_variance``, ``epsilon``."""

    __module__ = "theano.tensor.nnet.bn"

    def make_node(  # type: ignore[override]
        self,
        x: Any,
        scale: Any,
        bias: Any,
        estimated_mean: Any,
        estimated_variance: Any,
        epsilon: Any = 1e-4,
    ) -> Apply:
        """Return the last node of the formula, written with elementwise ops."""
        x = as_tensor_variable(x)
        given = [as_tensor_variable(v) for v in (scale, bias, estimated_mean, estimated_variance)]
        scale, bias, mean, variance = self._parameters(x, *given)
        invstd = 1 / sqrt(variance + cast(as_tensor_variable(epsilon), x.type.dtype))
        return ((x - mean) * (scale * invstd) + bias).owner  # type: ignore[no-any-return]


class BNComposite(Composite):
    """The scalar op ``(x - mean) * (gamma / std) + beta``, all of ``dtype``; inputs ``x``, ``mean``, ``std``, ``gamma``, ``beta``."""

    __module__ = "theano.tensor.nnet.bn"

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        x, mean, std, gamma, beta = (Scalar(dtype)(name) for name in ("x", "mean", "std", "gamma", "beta"))
        super().__init__([x, mean, std, gamma, beta], [(x - mean) * (gamma / std) + beta])

    def __reduce__(self) -> Any:
        return BNComposite, (self.dtype,)
