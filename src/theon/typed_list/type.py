"""The type of lists whose elements all have one type."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.type import Type

__all__ = ["TypedListType"]


class TypedListType(Type):
    """Lists of values of the type ``ttype``; with ``depth`` that many lists deeper.

    TypeError where ``ttype`` is no type, ValueError for a negative depth.

    >>> from theon.tensor import constructors as T
    >>> TypedListType(T.dvector)
    TypedList <TensorType(float64, vector)>
    """

    __module__ = "theano.typed_list.type"

    def __init__(self, ttype: Type, depth: int = 0) -> None:
        if depth < 0:
            raise ValueError("Please specify a depth superior or equal to 0", depth)
        if not isinstance(ttype, Type):
            raise TypeError("Expected a Theano Type", ttype)
        self.ttype = ttype if depth == 0 else TypedListType(ttype, depth - 1)

    def filter(self, x: Any, strict: bool = False, allow_downcast: bool | None = None) -> list[Any]:
        """Return ``x`` as a list of filtered elements; ``strict``: only a list of valid values. TypeError otherwise."""
        if not isinstance(x, list) and (strict or not isinstance(x, tuple)):
            raise TypeError(f"Expected a python list for {self}, got {type(x).__name__}")
        if strict:
            for place, element in enumerate(x):
                if not self.ttype.is_valid_value(element):
                    raise TypeError(f"Expected all elements to be {self.ttype}; element {place} is not")
            return x  # type: ignore[return-value]
        found = []
        for place, element in enumerate(x):
            try:
                found.append(self.ttype.filter(element, strict=False, allow_downcast=allow_downcast))
            except (TypeError, ValueError) as error:
                raise TypeError(f"element {place} of a {self}: {error}") from None
        return found

    def get_depth(self) -> int:
        """Return how many lists lie between this one and its innermost elements."""
        depth, inner = 0, self.ttype
        while isinstance(inner, TypedListType):
            depth, inner = depth + 1, inner.ttype
        return depth

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two lists have the same length and equal elements."""
        return len(a) == len(b) and all(self.ttype.values_eq(x, y) for x, y in zip(a, b))

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two lists have the same length and elements equal up to rounding."""
        return len(a) == len(b) and all(self.ttype.values_eq_approx(x, y) for x, y in zip(a, b))

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Whether two values are one list, or elements of theirs may share memory."""
        if a is b:
            return True
        lists = [v if isinstance(v, list) else [v] for v in (a, b)]
        return any(self.ttype.may_share_memory(x, y) for x in lists[0] for y in lists[1])

    def make_variable(self, name: str | None = None) -> Any:
        """Return a new variable of this type."""
        return self.Variable(self, name=name)

    def clone(self, ttype: Type | None = None) -> TypedListType:
        """Return a type like this one, of other elements where they are given."""
        return type(self)(self.ttype if ttype is None else ttype)

    @property
    def dtype(self) -> Any:
        """The type of the elements, as in Theano."""
        return self.ttype

    @property
    def ndim(self) -> int:
        """One more than the elements'."""
        return int(self.ttype.ndim) + 1  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.ttype == other.ttype  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.ttype))

    def __str__(self) -> str:
        return f"TypedList <{self.ttype}>"

    __repr__ = __str__


def copied(value: Any) -> Any:
    """Return a value that shares no memory with ``value``."""
    import copy

    return value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)
