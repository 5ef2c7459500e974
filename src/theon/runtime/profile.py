"""What a profiled function records of its calls."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["ProfileStats"]


class ProfileStats:
    """Number of calls and seconds spent in them; :meth:`summary` prints them."""

    __module__ = "theano.compile.profiling"

    def __init__(self, atexit_print: bool = True, flag_time_thunks: Any = None, **kwargs: Any) -> None:
        self.fct_callcount = 0
        self.fct_call_time = 0.0
        self.fct_call_times: list[float] = []
        self.message: str | None = kwargs.get("message")

    def note_call(self, seconds: float) -> None:
        """Record one call."""
        self.fct_callcount += 1
        self.fct_call_time += seconds

    def summary(self, file: Any = None, n_ops_to_print: int = 20, n_apply_to_print: int = 20) -> None:
        """Print the record."""
        out = sys.stderr if file is None else file
        print("Function profiling\n==================", file=out)
        if self.message:
            print(f"  Message: {self.message}", file=out)
        print(f"  Time in {self.fct_callcount} calls to Function.__call__: {self.fct_call_time:.6e}s", file=out)
        if self.fct_callcount:
            print(f"  Time per call: {self.fct_call_time / self.fct_callcount:.6e}s", file=out)
