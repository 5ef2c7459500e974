"""The types of slices and of None, so that they can be inputs of a node."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from theon.graph.type import Generic, SingletonType
from theon.graph.variable import Constant

__all__ = ["NoneConst", "NoneTypeT", "SliceConstant", "SliceType", "none_type_t", "numbers_of", "slicetype"]


_FARTHEST = 1 << 62  # what is beyond selects as this does


def numbers_of(part: slice) -> Any:
    """Return a slice as six numbers of int64 for native code: whether start, stop and step are there, and what they are."""
    parts = (part.start, part.stop, part.step)
    values = [0 if p is None else min(max(operator.index(p), -_FARTHEST), _FARTHEST) for p in parts]
    return np.array([*(p is not None for p in parts), *values], "int64")


class SliceType(SingletonType):
    """Python slices."""

    __module__ = "theano.tensor.type_other"

    def filter(self, x: Any, strict: bool = False, allow_downcast: bool | None = None) -> slice:
        """Return ``x``; TypeError for what is no slice."""
        if not isinstance(x, slice):
            raise TypeError("Expected a slice!", x)
        return x

    def __str__(self) -> str:
        return "slice"


slicetype = SliceType()


class SliceConstant(Constant):
    """A slice constant of ints and Nones. TypeError for anything else in it."""

    __module__ = "theano.tensor.type_other"

    def __init__(self, type: SliceType, data: slice, name: str | None = None) -> None:
        numbers = []
        for n in (data.start, data.stop, data.step):
            if n is not None and not isinstance(n, int | np.integer):
                raise TypeError(f"a constant slice holds integers, not {n!r}", data)
            numbers.append(None if n is None else int(n))
        super().__init__(type, slice(*numbers), name)

    def signature(self) -> Any:
        """Return a hashable stand-in."""
        return SliceConstant, self.data.start, self.data.stop, self.data.step

    def __str__(self) -> str:
        return self.name or f"SliceConstant{{{self.data.start}, {self.data.stop}, {self.data.step}}}"

    __repr__ = __str__


SliceType.Constant = SliceConstant


class NoneTypeT(Generic):
    """The type of None."""

    __module__ = "theano.tensor.type_other"

    def filter(self, x: Any, strict: bool = False, allow_downcast: bool | None = None) -> None:
        """Return None; TypeError for anything else."""
        if x is not None:
            raise TypeError("Expected None!")

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        """Only None is."""
        return a is None

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Never: None cannot be changed."""
        return False


none_type_t = NoneTypeT()
NoneConst = Constant(none_type_t, None, name="NoneConst")
