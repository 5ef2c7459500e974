"""The methods: from gradients to what parameters become in one step.

All arithmetic is in each parameter's own dtype. ``learning_rate`` is a number, a symbolic scalar (a shared variable, say) or a
schedule (:mod:`theon.optim.schedules`). What a method remembers stands in shared variables named after the parameter, keys
of the updates like the parameters themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.compile.function import OrderedUpdates
from theon.ops.arith import maximum
from theon.ops.cast import cast
from theon.ops.explog import sqrt
from theon.optim.gradients import gradients_of
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import SharedVariable, shared

__all__ = ["adadelta", "adagrad", "adam", "adamax", "amsgrad", "momentum", "nesterov", "rmsprop", "sgd"]

Params = Sequence[SharedVariable]


def wide(x: Any) -> Any:
    """A Python number as float64, whatever floatX is; anything else as it is."""
    return np.float64(x) if isinstance(x, int | float) else x


class _Step:
    """One step in the making: gradients, learning rate, counter, updates so far."""

    def __init__(self, cost_or_grads: Any, params: Params, learning_rate: Any, counts: bool = False) -> None:
        self.updates = OrderedUpdates()
        self.params = list(params)
        self.grads = gradients_of(cost_or_grads, self.params)
        self.taken: Any = None
        if counts or callable(learning_rate):
            count = shared(np.asarray(0, dtype="int64"), name="steps")
            self.taken = count
            self.updates[count] = count + np.asarray(1, "int64")
        # One number for all parameters, at full precision until a parameter's dtype is known.
        self.rate = as_tensor_variable(wide(learning_rate(self.taken) if callable(learning_rate) else learning_rate))
        if self.rate.type.ndim:
            raise ValueError(f"learning_rate is a scalar, not {self.rate.type}")

    def pairs(self) -> Any:
        """Parameters with gradients of their dtype."""
        p: Any
        for p, g in zip(self.params, self.grads):
            yield p, g if g.type.dtype == p.type.dtype else cast(g, p.type.dtype)

    def number(self, x: Any, p: Any) -> Any:
        """A number in the parameter's dtype."""
        if isinstance(x, int | float | np.floating):
            return as_tensor_variable(np.asarray(x, dtype=p.type.dtype))
        return cast(as_tensor_variable(x), p.type.dtype)

    def past_and_new(self, beta: Any, p: Any) -> tuple[Any, Any]:
        """The weights of a running mean, ``beta`` and ``1 - beta``, each rounded once."""
        return self.number(wide(beta), p), self.number(1 - wide(beta), p)

    @staticmethod
    def memory(p: Any, what: str) -> Any:
        """A shared variable of zeros, shaped as the parameter is now."""
        name = None if p.name is None else f"{p.name}_{what}"
        return shared(np.zeros_like(p.get_value(borrow=True)), name=name, broadcastable=p.type.broadcastable)


def sgd(cost_or_grads: Any, params: Params, learning_rate: Any = 0.01) -> OrderedUpdates:
    """Return ``p - learning_rate * g`` for each parameter.

    ``cost_or_grads``: a scalar cost, or a list of gradients, one for each of ``params``, shared variables of floats. TypeError
    and ValueError for others, as :func:`gradients_of` says.
    """
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        step.updates[p] = p - step.number(step.rate, p) * g
    return step.updates


def momentum(cost_or_grads: Any, params: Params, learning_rate: Any = 0.01, momentum: Any = 0.9) -> OrderedUpdates:
    """Return steps along a velocity, ``v <- momentum * v - learning_rate * g`` (Polyak 1964): ``p + v``."""
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        v = step.memory(p, "velocity")
        new = step.number(momentum, p) * v - step.number(step.rate, p) * g
        step.updates[v], step.updates[p] = new, p + new
    return step.updates


def nesterov(cost_or_grads: Any, params: Params, learning_rate: Any = 0.01, momentum: Any = 0.9) -> OrderedUpdates:
    """Return steps along a velocity as of :func:`momentum`, seen one step ahead: ``p + momentum * v - learning_rate * g``.

    Nesterov's method (1983) in the variables of Bengio et al. (2013), where gradients are taken at the parameters themselves.
    """
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        v, rate, mu = step.memory(p, "velocity"), step.number(step.rate, p), step.number(momentum, p)
        new = mu * v - rate * g
        step.updates[v], step.updates[p] = new, p + mu * new - rate * g
    return step.updates


def adagrad(cost_or_grads: Any, params: Params, learning_rate: Any = 0.01, epsilon: float = 1e-6) -> OrderedUpdates:
    """Return steps divided by the root of the sum of all squared gradients so far (Duchi et al. 2011)."""
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        total = step.memory(p, "squares")
        new = total + g * g
        step.updates[total] = new
        step.updates[p] = p - step.number(step.rate, p) * g / (sqrt(new) + step.number(epsilon, p))
    return step.updates


def rmsprop(
    cost_or_grads: Any, params: Params, learning_rate: Any = 0.001, rho: Any = 0.9, epsilon: float = 1e-6
) -> OrderedUpdates:
    """Return steps divided by the root of a running mean of squared gradients (Tieleman and Hinton 2012).

    ``rho`` is the weight of the past; ``epsilon`` is added to the mean, below the root.
    """
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        mean, (past, share) = step.memory(p, "mean_square"), step.past_and_new(rho, p)
        new = past * mean + share * (g * g)
        step.updates[mean] = new
        step.updates[p] = p - step.number(step.rate, p) * g / sqrt(new + step.number(epsilon, p))
    return step.updates


def adadelta(
    cost_or_grads: Any, params: Params, learning_rate: Any = 1.0, rho: Any = 0.95, epsilon: float = 1e-6
) -> OrderedUpdates:
    """Return steps in the parameters' own units: as large as past steps are to past gradients (Zeiler 2012)."""
    step = _Step(cost_or_grads, params, learning_rate)
    for p, g in step.pairs():
        mean, moves = step.memory(p, "mean_square"), step.memory(p, "mean_move")
        (past, share), tiny = step.past_and_new(rho, p), step.number(epsilon, p)
        new = past * mean + share * (g * g)
        move = g * sqrt(moves + tiny) / sqrt(new + tiny)
        step.updates[mean], step.updates[moves] = new, past * moves + share * (move * move)
        step.updates[p] = p - step.number(step.rate, p) * move
    return step.updates


def _moments(step: _Step, beta1: Any, beta2: Any) -> tuple[Any, Any]:
    """How far the running means of the coming step are from means: ``1 - beta ** t``, t counted from 1."""
    t = (step.taken + np.asarray(1, "int64")).astype("float64")
    return 1 - wide(beta1) ** t, 1 - wide(beta2) ** t


def _adam(
    cost_or_grads: Any,
    params: Params,
    learning_rate: Any,
    beta1: Any,
    beta2: Any,
    epsilon: float,
    largest: bool,
) -> OrderedUpdates:
    step = _Step(cost_or_grads, params, learning_rate, counts=True)
    for p, g in step.pairs():
        first, second = _moments(step, beta1, beta2)
        m, v = step.memory(p, "mean"), step.memory(p, "mean_square")
        (past, share), (past2, share2) = step.past_and_new(beta1, p), step.past_and_new(beta2, p)
        new_m = past * m + share * g
        new_v = past2 * v + share2 * (g * g)
        step.updates[m], step.updates[v] = new_m, new_v
        if largest:
            best = step.memory(p, "largest_mean_square")
            new_v = maximum(best, new_v)
            step.updates[best] = new_v
        scale = step.number(step.rate * sqrt(second) / first, p)
        step.updates[p] = p - scale * new_m / (sqrt(new_v) + step.number(epsilon, p))
    return step.updates


def adam(
    cost_or_grads: Any,
    params: Params,
    learning_rate: Any = 0.001,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: float = 1e-8,
) -> OrderedUpdates:
    """Return steps along running means of gradients, divided by roots of running means of their squares.

    Both means are corrected for their start at 0, in the order of the last paragraph of section 2 of Kingma and Ba (2015):
    ``p - learning_rate * sqrt(1 - beta2 ** t) / (1 - beta1 ** t) * m / (sqrt(v) + epsilon)``.
    """
    return _adam(cost_or_grads, params, learning_rate, beta1, beta2, epsilon, largest=False)


def amsgrad(
    cost_or_grads: Any,
    params: Params,
    learning_rate: Any = 0.001,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: float = 1e-8,
) -> OrderedUpdates:
    """Return the steps of :func:`adam` with the largest mean square so far in place of the present one (Reddi et al. 2018)."""
    return _adam(cost_or_grads, params, learning_rate, beta1, beta2, epsilon, largest=True)


def adamax(
    cost_or_grads: Any,
    params: Params,
    learning_rate: Any = 0.002,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    epsilon: float = 1e-8,
) -> OrderedUpdates:
    """Return steps along running means, divided by the largest gradient of late (Kingma and Ba 2015, section 7).

    The largest is forgotten at rate ``beta2``: ``u <- max(beta2 * u, |g|)``.
    """
    step = _Step(cost_or_grads, params, learning_rate, counts=True)
    for p, g in step.pairs():
        first, _ = _moments(step, beta1, beta2)
        m, u = step.memory(p, "mean"), step.memory(p, "largest")
        past, share = step.past_and_new(beta1, p)
        new_m, new_u = past * m + share * g, maximum(step.number(beta2, p) * u, abs(g))
        step.updates[m], step.updates[u] = new_m, new_u
        scale = step.number(step.rate / first, p)
        step.updates[p] = p - scale * new_m / (new_u + step.number(epsilon, p))
    return step.updates
