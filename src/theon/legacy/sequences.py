"""Lists and dicts: the small functions of Theano's ``theano.gof.utils``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = [
    "difference",
    "flatten",
    "from_return_values",
    "hist",
    "remove",
    "reverse_dict",
    "to_return_values",
    "uniq",
    "unique",
]


def uniq(seq: Sequence[Any]) -> list[Any]:
    """Return the elements, each once, in the order of first appearance; equality decides, hashing is not needed."""
    found: list[Any] = []
    for x in seq:
        if x not in found:
            found.append(x)
    return found


def difference(seq1: Iterable[Any], seq2: Iterable[Any]) -> list[Any]:
    """Return the elements of ``seq1`` that are not in ``seq2``, in their order."""
    second = list(seq2)
    try:
        known: Any = set(second)
        return [x for x in seq1 if x not in known]
    except TypeError:
        return [x for x in seq1 if x not in second]


def unique(x: Sequence[Any]) -> bool:
    """Whether no two elements are equal."""
    return len(set(x)) == len(x)


def hist(coll: Iterable[Any]) -> dict[Any, int]:
    """Return how often each element comes."""
    counts: dict[Any, int] = {}
    for x in coll:
        counts[x] = counts.get(x, 0) + 1
    return counts


def remove(predicate: Callable[[Any], Any], coll: Iterable[Any]) -> list[Any]:
    """Return the elements of which ``predicate`` is false."""
    return [x for x in coll if not predicate(x)]


def flatten(a: Any) -> list[Any]:
    """Return the leaves of nested tuples, lists and sets in one list.

    >>> flatten([1, (2, [3])])
    [1, 2, 3]
    """
    if isinstance(a, tuple | list | set):
        return [leaf for part in a for leaf in flatten(part)]
    return [a]


def to_return_values(values: Any) -> Any:
    """Return the only element of a list of one, else the list."""
    return values[0] if len(values) == 1 else values


def from_return_values(values: Any) -> Any:
    """Return a list or tuple as it is, anything else in a list."""
    return values if isinstance(values, list | tuple) else [values]


def reverse_dict(d: dict[Any, Iterable[Any]]) -> dict[Any, tuple[Any, ...]]:
    """Turn a dict of collections around: each element to the keys it stands under."""
    found: dict[Any, tuple[Any, ...]] = {}
    for key, values in d.items():
        for value in values:
            found[value] = (*found.get(value, ()), key)
    return found
