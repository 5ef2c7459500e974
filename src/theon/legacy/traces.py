"""Where things were made, as Theano's ``theano.gof.utils`` told it, and handlers of its log."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.graph.origin import user_frame

__all__ = ["add_tag_trace", "disable_log_handler", "get_variable_trace_string", "has_handlers", "simple_extract_stack"]


def simple_extract_stack(
    f: Any = None, limit: int | None = None, skips: Sequence[str] = ()
) -> list[tuple[str, int, str, str]]:
    """Return the stack as rows (file, line, function, text), the innermost last.

    ``limit``: at most so many rows, counted from the innermost. Frames below the first whose file's path does not contain
    a text of ``skips`` are left out.
    """
    frame = sys._getframe(1) if f is None else f
    rows: list[tuple[str, int, str, str]] = []
    for summary in reversed(traceback.extract_stack(frame)):
        if not rows and any(text in summary.filename for text in skips):
            continue
        if limit is not None and len(rows) >= limit:
            break
        rows.append((summary.filename, summary.lineno or 0, summary.name, summary.line or ""))
    return rows[::-1]


def add_tag_trace(thing: Any, user_line: int | None = None) -> Any:
    """Note on ``thing.tag`` where the user's program made it, and return it."""
    thing.tag.origin = user_frame(2)
    return thing


def get_variable_trace_string(v: Any) -> str:
    """Return the text of where ``v`` was made, or an empty one."""
    lines = ["\nBacktrace when that variable is created:\n\n"]
    stacks = getattr(getattr(v, "tag", None), "trace", None) or []
    for stack in stacks:
        lines += traceback.format_list([traceback.FrameSummary(f, n, name, line=text) for f, n, name, text in stack])
    return "".join(lines) if stacks else ""


def disable_log_handler(logger: Any = None, handler: Any = None) -> Any:
    """Return a context manager in which ``handler`` (by default every one) of Theano's logger is off."""

    @contextmanager
    def off() -> Iterator[None]:
        log = logging.getLogger("theano") if logger is None else logger
        taken = [h for h in log.handlers if handler is None or h is handler]
        for h in taken:
            log.removeHandler(h)
        try:
            yield
        finally:
            for h in taken:
                log.addHandler(h)

    return off()


def has_handlers(logger: Any) -> bool:
    """Whether a logger, or one above it that it tells, has a handler."""
    return bool(logger.hasHandlers())
