"""A cache of calls that can be kept in a file, and texts with their braces indented."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CallCache", "pretty_format", "render_string", "strip_leading_white_space"]


class CallCache:
    """Remembers results of functions, by function and arguments or by a key; in a pickle ``filename`` from run to run."""

    __module__ = "theano.gof.callcache"

    def __init__(self, filename: str | None = None) -> None:
        self.filename = filename
        self.cache: dict[Any, Any] = {}
        if filename is not None:
            try:
                with open(filename, "rb") as file:
                    self.cache = pickle.load(file)
            except OSError:
                pass  # there is none yet

    def persist(self, filename: str | None = None) -> None:
        """Write the results to ``filename``, by default the one given first."""
        path = self.filename if filename is None else filename
        if path is None:
            raise ValueError("CallCache.persist: no file name was given")
        with open(path, "wb") as file:
            pickle.dump(self.cache, file)

    def call(self, fn: Callable[..., Any], args: Sequence[Any] = (), key: Any = None) -> Any:
        """Return ``fn(*args)``, from the cache where it is."""
        found = (fn, tuple(args)) if key is None else key
        if found not in self.cache:
            self.cache[found] = fn(*args)
        return self.cache[found]

    def __del__(self) -> None:
        try:
            if self.filename:
                self.persist()
        except Exception:  # at the interpreter's end there may be nothing left to write with
            return


def render_string(string: str, sub: dict[str, Any]) -> str:
    """Return ``string % sub``; errors show both."""
    try:
        return string % sub
    except Exception as error:
        raise type(error)(f"{error} in rendering {string!r} with the keys {sorted(sub)}") from None


def strip_leading_white_space(line: str) -> str:
    """Return the line without blanks and tabs in front."""
    return line.lstrip(" \t")


def pretty_format(string: str) -> str:
    """Return a text with each line indented by the number of braces that are open before it.

    >>> print(pretty_format("if (x) {\\ny;\\n}"))
    if (x) {
     y;
    }
    """
    depth, lines = 0, []
    for line in map(strip_leading_white_space, string.split("\n")):
        depth = max(0, depth - line.count("}"))
        lines.append(" " * depth + line)
        depth += line.count("{")
    return "\n".join(lines)
