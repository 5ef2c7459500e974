"""Streams of draws whose NumPy states are shared variables."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from theon.random.raw import RandomStreamsBase, random_state_type
from theon.tensor.shared import SharedVariable, shared, shared_constructor

__all__ = ["RandomStateSharedVariable", "RandomStreams", "randomstate_constructor"]


class RandomStateSharedVariable(SharedVariable):
    """A shared variable whose value is a ``numpy.random.RandomState``."""

    __module__ = "theano.tensor.shared_randomstreams"


@shared_constructor
def randomstate_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: Any = None, borrow: bool = False
) -> Any:
    """Return the shared variable of a RandomState. TypeError for another value."""
    if not isinstance(value, np.random.RandomState):
        raise TypeError
    return RandomStateSharedVariable(
        type=random_state_type,
        value=value if borrow else copy.deepcopy(value),
        name=name,
        strict=strict,
        allow_downcast=allow_downcast,
    )


class RandomStreams(RandomStreamsBase):
    """A source of draws whose states are shared variables, updated by each call of a function that uses them.

    ``seed``: None for one from the operating system, or an int. Draws for a seed are those of Theano 1.0.5.

    >>> import theano
    >>> srng = RandomStreams(seed=234)
    >>> f = theano.function([], srng.uniform((2, 2)))
    >>> f().shape, bool((f() != f()).any())
    ((2, 2), True)
    """

    __module__ = "theano.tensor.shared_randomstreams"

    def __init__(self, seed: Any = None) -> None:
        self.state_updates: list[Any] = []
        self.default_instance_seed = seed
        self.gen_seedgen = np.random.RandomState(seed)

    def updates(self) -> list[Any]:
        """Return pairs of state and new state, one for each draw made so far."""
        return list(self.state_updates)

    def seed(self, seed: Any = None) -> None:
        """Set the state of each draw made so far, in order, from ``seed``, or from the seed given at first."""
        source = np.random.RandomState(self.default_instance_seed if seed is None else seed)
        for old, _ in self.state_updates:
            old.set_value(np.random.RandomState(int(source.randint(2**30))), borrow=True)

    def __getitem__(self, item: Any) -> Any:
        """Return the RandomState of a draw's shared variable. KeyError for any other."""
        for old, _ in self.state_updates:
            if item is old:
                return old.container.value
        raise KeyError(item)

    def __setitem__(self, item: Any, val: Any) -> None:
        """Set the RandomState of a draw's shared variable. TypeError for other values, KeyError for other variables."""
        if type(val) is not np.random.RandomState:
            raise TypeError("only values of type RandomState are permitted", val)
        for old, _ in self.state_updates:
            if item is old:
                old.container.value = val
                return
        raise KeyError(item)

    def gen(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return a draw of ``op`` from a new state; the draw has attributes ``rng`` and ``update``."""
        state = shared(np.random.RandomState(int(self.gen_seedgen.randint(2**30))))
        state.tag.is_rng = True  # type: ignore[attr-defined]
        new, out = op(state, *args, **kwargs)
        out.rng = state
        out.update = (state, new)
        self.state_updates.append(out.update)
        state.default_update = new  # type: ignore[attr-defined]
        return out
