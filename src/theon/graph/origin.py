"""Where in the user's program a node was made: kept cheaply, read only by error messages and printers."""

from __future__ import annotations

import functools
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Final

__all__ = ["Origin", "origin_of", "rewriting", "user_frame", "with_origin"]

_SOURCE: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_OWN: Final = (os.path.join(_SOURCE, "theon") + os.sep, os.path.join(_SOURCE, "theano") + os.sep)
_STANDARD: Final = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_is_own: dict[str, bool] = {}  # by file name


class _Rewriting(threading.local):
    """While a thread rewrites a graph, what it makes belongs to the place of what it replaces."""

    active = False
    origin: Any = None


rewriting = _Rewriting()


class Origin:
    """A place in the user's program: ``file``, ``line``, ``function``, and the text of the line.

    ``caller``: where the place is in an installed library, the line of the user's own that called it, if there is one.
    """

    __slots__ = ("caller", "code", "line")

    def __init__(self, code: CodeType | None, line: int, caller: Origin | None = None) -> None:
        self.code, self.line, self.caller = code, line, caller

    @property
    def file(self) -> str:
        """The file's name."""
        return self.code.co_filename if self.code is not None else "<unknown>"

    @property
    def function(self) -> str:
        """The function's name."""
        return self.code.co_name if self.code is not None else "<unknown>"

    @property
    def text(self) -> str:
        """The source line, or an empty text where the source is not at hand."""
        import linecache

        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        if self.function != "<module>":
            where += f" in {self.function}"
        return where if self.caller is None else f"{where}, called at {self.caller}"

    def __repr__(self) -> str:
        return f"Origin({self})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _Pickled, (self.file, self.line, self.function, self.caller)


class _Pickled(Origin):
    """An origin that was pickled: a code object cannot be, its names can."""

    __slots__ = ("names",)

    def __init__(self, file: str, line: int, function: str, caller: Origin | None = None) -> None:
        super().__init__(None, line, caller)
        self.names = (file, function)

    @property
    def file(self) -> str:
        return self.names[0]

    @property
    def function(self) -> str:
        return self.names[1]


def user_frame(skip: int = 1) -> Origin | None:
    """Return the place of the nearest calling frame outside Theon and its ``theano`` names, or None.

    While a graph is rewritten it is the place of the node that is being replaced.
    """
    if rewriting.active:
        return rewriting.origin  # type: ignore[no-any-return]
    frame = sys._getframe(skip)
    while frame is not None:
        code = frame.f_code
        own = _is_own.get(code.co_filename)
        if own is None:
            own = _is_own[code.co_filename] = code.co_filename.startswith(_OWN)
        if not own:
            return Origin(code, frame.f_lineno, _user_caller(frame))
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _user_caller(frame: FrameType) -> Origin | None:
    """The nearest place outside libraries that a frame of a library was called from; None for a frame of the user's own."""
    if not _of_library(frame.f_code.co_filename):
        return None
    outer = frame.f_back
    while outer is not None:
        if not _of_library(outer.f_code.co_filename):
            return Origin(outer.f_code, outer.f_lineno)
        outer = outer.f_back
    return None


@functools.cache
def _of_library(file: str) -> bool:
    return file.startswith((*_OWN, _STANDARD, "<frozen")) or any(part in file for part in _INSTALLED)


def origin_of(thing: Any) -> Origin | None:
    """Return where a variable (or its node) or a node was made, if known."""
    owner = getattr(thing, "owner", None)
    for holder in (thing, owner):
        found = getattr(getattr(holder, "tag", None), "origin", None)
        if found is not None:
            return found  # type: ignore[no-any-return]
    return None


def with_origin(thing: Any, origin: Origin | None) -> Any:
    """Give ``thing`` (and its node) an origin unless it has one, and return it."""
    if origin is not None:
        for holder in (thing, getattr(thing, "owner", None)):
            if holder is not None and getattr(holder.tag, "origin", None) is None:
                holder.tag.origin = origin
    return thing
