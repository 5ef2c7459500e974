"""Collections of Theano's ``theano.misc`` and ``theano.compat``."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSet
from typing import Any

__all__ = ["DefaultOrderedDict", "FrozenOrderedDict", "OrderedSet", "check_deterministic", "frozendict"]


class OrderedSet(MutableSet[Any]):
    """A set that keeps the order in which elements came; equal to another OrderedSet only in the same order.

    >>> OrderedSet([3, 1, 3, 2])
    OrderedSet([3, 1, 2])
    """

    __module__ = "theano.misc.ordered_set"

    def __init__(self, iterable: Iterable[Any] | None = None) -> None:
        self._elements: dict[Any, None] = {}
        if iterable is not None:
            self.update(iterable)

    def __len__(self) -> int:
        return len(self._elements)

    def __contains__(self, key: object) -> bool:
        return key in self._elements

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._elements)

    def add(self, key: Any) -> None:
        """Add an element at the end, unless it is there."""
        self._elements.setdefault(key)

    def discard(self, key: Any) -> None:
        """Take an element out, if it is there."""
        self._elements.pop(key, None)

    def update(self, iterable: Iterable[Any]) -> None:
        """Add elements in the order given; TypeError for a set or dict, which promise none."""
        check_deterministic(iterable)
        for key in iterable:
            self._elements.setdefault(key)

    def union(self, s: Iterable[Any]) -> OrderedSet:
        """Return a set with the elements of ``s`` added."""
        new = self.copy()
        new.update(s)
        return new

    def difference_update(self, s: Iterable[Any]) -> None:
        """Take the elements of ``s`` out."""
        for key in s:
            self.discard(key)

    def intersection_update(self, s: Iterable[Any]) -> None:
        """Take out what is not in ``s``."""
        kept = list(s)
        for key in [k for k in self if k not in kept]:
            self.discard(key)

    def copy(self) -> OrderedSet:
        """Return a copy."""
        return type(self)(list(self))

    def pop(self, last: bool = True) -> Any:
        """Take out and return the last (or the first) element; KeyError where there is none."""
        if not self._elements:
            raise KeyError("set is empty")
        key = next(reversed(self) if last else iter(self))
        del self._elements[key]
        return key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self) if self else ''})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OrderedSet):
            return list(self) == list(other)
        if isinstance(other, builtins.set):
            # Theano refused: the order of the other set is nobody's.
            raise TypeError("Cannot compare an OrderedSet to another type")
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]


def check_deterministic(iterable: Any) -> None:
    """TypeError for a collection whose order differs from run to run: a set or a frozenset."""
    if iterable is not None and isinstance(iterable, builtins.set | builtins.frozenset):
        raise TypeError(
            f"Get an iterable of type {type(iterable)}, whose order is not deterministic: use a list, a tuple or an OrderedSet"
        )


class frozendict(Mapping[Any, Any]):
    """A dict that cannot be changed, and so has a hash."""

    __module__ = "theano.misc.frozendict"

    dict_cls: type = dict

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._dict = self.dict_cls(*args, **kwargs)
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def copy(self, **add_or_replace: Any) -> Any:
        """Return a copy, with some values added or replaced."""
        return type(self)(self, **add_or_replace)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._dict!r}>"

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._dict.items()))
        return self._hash


class FrozenOrderedDict(frozendict):
    """A :class:`frozendict` that keeps the order of an OrderedDict."""

    __module__ = "theano.misc.frozendict"

    dict_cls = OrderedDict


class DefaultOrderedDict(OrderedDict[Any, Any]):
    """An OrderedDict that makes missing values, as ``collections.defaultdict`` does."""

    __module__ = "theano.compat"

    def __init__(self, default_factory: Callable[[], Any] | None = None, *a: Any, **kw: Any) -> None:
        if default_factory is not None and not callable(default_factory):
            raise TypeError("first argument must be callable")
        super().__init__(*a, **kw)
        self.default_factory = default_factory

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        value = self[key] = self.default_factory()
        return value

    def __reduce__(self) -> Any:
        return type(self), (self.default_factory,), None, None, iter(self.items())

    def copy(self) -> DefaultOrderedDict:
        """Return a copy."""
        return type(self)(self.default_factory, self)

    __copy__ = copy
