"""Names that let one program run on Python 2 and 3, as Theano's modules hold them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = [
    "PY3",
    "cmp",
    "decode",
    "decode_iter",
    "decode_with",
    "exc_message",
    "get_unbound_function",
    "ifilter",
    "imap",
    "integer_types",
    "izip",
    "operator_div",
    "string_types",
]

PY3 = True
imap, izip, ifilter, operator_div = map, zip, filter, operator.truediv
string_types = (str,)
integer_types = (int,)


def cmp(x: Any, y: Any) -> int:
    """Return -1, 0 or 1 as ``x`` is less than, equal to or greater than ``y``."""
    return (x > y) - (x < y)


def decode_with(x: Any, encoding: str) -> Any:
    """Return bytes as text; anything else as it is."""
    return x.decode(encoding) if isinstance(x, bytes) else x


def decode(x: Any) -> Any:
    """Return bytes as UTF-8 text; anything else as it is."""
    return decode_with(x, "utf-8")


def decode_iter(itr: Iterable[Any]) -> Iterator[Any]:
    """Yield each item, bytes as UTF-8 text."""
    for x in itr:
        yield decode(x)


def exc_message(e: BaseException) -> Any:
    """Return the message of an error; of one raised with another error as its message, that one's."""
    found = e.args[0]
    return exc_message(found) if isinstance(found, Exception) else found


def get_unbound_function(unbound: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function behind a method that was read from its class."""
    return getattr(unbound, "__func__", unbound)
