"""Markers and plain objects, functions that remember or guard, and hashes, of Theano's ``theano.gof.utils``."""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections.abc import Callable
from typing import Any

__all__ = [
    "ABORT",
    "ANY_TYPE",
    "D",
    "FAILURE",
    "FALL_THROUGH",
    "Keyword",
    "RETRY",
    "comm_guard",
    "deprecated",
    "hash_from_code",
    "hash_from_file",
    "hashtype",
    "memodict",
    "memoize",
    "simple_types",
    "type_guard",
    "undef",
]

undef = object()
simple_types = (int, float, str, bool, None.__class__)


class D:
    """An object with the attributes it is given: ``D(a=1).a == 1``."""

    __module__ = "theano.gof.utils"

    def __init__(self, **d: Any) -> None:
        self.__dict__.update(d)


class Keyword:
    """A named marker, true unless ``nonzero`` is False."""

    __module__ = "theano.gof.utils"

    def __init__(self, name: str, nonzero: bool = True) -> None:
        self.name, self.nonzero = name, nonzero

    def __bool__(self) -> bool:
        return self.nonzero

    __nonzero__ = __bool__

    def __str__(self) -> str:
        return f"<{self.name}>"

    __repr__ = __str__


ABORT = Keyword("ABORT", False)
RETRY = Keyword("RETRY", False)
FAILURE = Keyword("FAILURE", False)
FALL_THROUGH = Keyword("FALL_THROUGH")
ANY_TYPE = Keyword("ANY_TYPE")


def memoize(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``f`` that remembers its results, by its arguments (keyword arguments too)."""
    cache: dict[Any, Any] = {}

    @functools.wraps(f)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        key = (args, tuple(sorted(kwargs.items())))
        if key not in cache:
            cache[key] = f(*args, **kwargs)
        return cache[key]

    return remembered


def memodict(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function of one hashable argument that remembers its results."""

    class Memory(dict):  # type: ignore[type-arg]
        def __missing__(self, key: Any) -> Any:
            found = self[key] = f(key)
            return found

    return Memory().__getitem__


def deprecated(filename: str, msg: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: the function warns once, naming ``filename``, when it is called."""

    def mark(f: Callable[..., Any]) -> Callable[..., Any]:
        warned = False

        @functools.wraps(f)
        def old(*args: Any, **kwargs: Any) -> Any:
            nonlocal warned
            if not warned:
                warned = True
                warnings.warn(f"{filename}.{f.__name__} deprecated. {msg}", DeprecationWarning, stacklevel=2)
            return f(*args, **kwargs)

        return old

    return mark


def type_guard(type1: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: the function answers FALL_THROUGH unless its first argument is an instance of ``type1``."""

    def guard(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def checked(arg1: Any, *rest: Any) -> Any:
            return f(arg1, *rest) if type1 is ANY_TYPE or isinstance(arg1, type1) else FALL_THROUGH

        return checked

    return guard


def comm_guard(type1: Any, type2: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for functions of two arguments in either order.

    The function is called with an instance of ``type1`` first and one of ``type2`` second; where the arguments are
    neither way round, or it answers FALL_THROUGH both ways, the result is FALL_THROUGH.
    """

    def fits(x: Any, kind: Any) -> bool:
        return kind is ANY_TYPE or isinstance(x, kind)

    def guard(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def either_way(arg1: Any, arg2: Any, *rest: Any) -> Any:
            for a, b in ((arg1, arg2), (arg2, arg1)):
                if fits(a, type1) and fits(b, type2):
                    found = f(a, b, *rest)
                    if found is not FALL_THROUGH:
                        return found
            return FALL_THROUGH

        return either_way

    return guard


def hashtype(self: Any) -> int:
    """Return the hash of the object's class by name; used as ``__hash__``."""
    kind = type(self)
    return hash(kind.__name__) ^ hash(kind.__module__)


def hash_from_code(msg: str | bytes) -> str:
    """Return the hexadecimal SHA-256 of a text, marked by an "m" as a file name that is no number."""
    return "m" + hashlib.sha256(msg.encode() if isinstance(msg, str) else msg).hexdigest()


def hash_from_file(file_path: str) -> str:
    """Return :func:`hash_from_code` of a file's content."""
    with open(file_path, "rb") as file:
        return hash_from_code(file.read())
