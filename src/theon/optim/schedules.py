"""Learning rates that change from step to step: functions of the number of steps taken so far.

Each returns a schedule, which any method of :mod:`theon.optim` takes as its ``learning_rate``; a function of one symbolic
integer of your own will do as well. Arguments may be symbolic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theon.ops.arith import minimum, switch
from theon.ops.compare import lt
from theon.ops.trig import cos

__all__ = ["Schedule", "cosine_decay", "exponential_decay", "inverse_time_decay", "step_decay", "warmup"]

# From the number of steps taken (0 at the first) to the learning rate of the next.
Schedule = Callable[[Any], Any]


def _needs_steps(steps: Any) -> None:
    if isinstance(steps, int | float) and steps <= 0:
        raise ValueError(f"steps must be positive, not {steps}")


def exponential_decay(initial: Any, rate: Any, steps: Any = 1) -> Schedule:
    """Return the schedule ``initial * rate ** (step / steps)``.

    >>> float(exponential_decay(0.5, 0.1, 100)(200.0))
    0.005000000000000001
    """
    _needs_steps(steps)
    return lambda step: initial * rate ** (step / steps)


def step_decay(initial: Any, rate: Any, steps: int) -> Schedule:
    """Return the schedule that multiplies ``initial`` by ``rate`` after each ``steps`` steps."""
    _needs_steps(steps)
    return lambda step: initial * rate ** (step // steps)


def inverse_time_decay(initial: Any, rate: Any, steps: Any = 1) -> Schedule:
    """Return the schedule ``initial / (1 + rate * step / steps)`` (Robbins and Monro 1951 with ``rate`` > 0)."""
    _needs_steps(steps)
    return lambda step: initial / (1.0 + rate * (step / steps))


def cosine_decay(initial: Any, steps: int, final: Any = 0.0) -> Schedule:
    """Return the schedule that falls from ``initial`` to ``final`` along half a cosine in ``steps`` steps, and stays there.

    (Loshchilov and Hutter 2017.)
    """
    _needs_steps(steps)
    return lambda step: final + (initial - final) * 0.5 * (1.0 + cos(np.pi * minimum(step / steps, 1.0)))


def warmup(schedule: Any, steps: int) -> Schedule:
    """Return the schedule that rises evenly to ``schedule`` (or a constant rate) over the first ``steps`` steps."""
    _needs_steps(steps)

    def rate(step: Any) -> Any:
        later = schedule(step) if callable(schedule) else schedule
        return switch(lt(step, steps), later * ((step + 1) / steps), later)

    return rate
