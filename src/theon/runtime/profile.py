"""Profiles: how often a function was called, and how long each of its nodes took.

A function that is profiled (``theano.function(..., profile=True)`` or ``config.profile``) runs node by node, each with native code
of its own, so that every node can be timed; it is slower than the same function without a profile, whose nodes share loops.
"""

from __future__ import annotations

import atexit
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Variable
from theon.options import config

__all__ = [
    "ProfileStats",
    "ScanProfileStats",
    "print_global_stats",
    "register_profiler_printer",
    "theano_imported_time",
]

theano_imported_time = time.time()
_totals = {"calls": 0.0, "compile": 0.0, "linker": 0.0, "optimizer": 0.0}
_printers: list[Callable[..., Any]] = []
_at_exit: list[ProfileStats] = []


def register_profiler_printer(fct: Callable[..., Any]) -> Callable[..., Any]:
    """Let each summary also call ``fct(message, compile_time, fct_call_time, apply_time, apply_cimpl, outputs_size, file)``."""
    _printers.append(fct)
    return fct


def _destination() -> Any:
    where = config.profiling.destination
    return {"stderr": sys.stderr, "stdout": sys.stdout}.get(where) or open(where, "a")


def _print_at_exit() -> None:
    for stats in _at_exit:
        if stats.fct_callcount or stats.compile_time:
            stats.summary(_destination(), config.profiling.n_ops, config.profiling.n_apply)
    if len([s for s in _at_exit if s.fct_callcount]) > 1:
        total = ProfileStats(atexit_print=False, message=f"Sum of all({len(_at_exit)}) printed profiles at exit.")
        for stats in _at_exit:
            total.add(stats)
        total.summary(_destination(), config.profiling.n_ops, config.profiling.n_apply)
    if config.print_global_stats:
        print_global_stats()


def print_global_stats() -> None:
    """Print the seconds since the import, in calls of profiled functions, and in making functions."""
    out = _destination()
    print(
        f"{'=' * 50}\nGlobal stats: Time elapsed since Theano import = {time.time() - theano_imported_time:6.3f}s, "
        f"Time spent in Theano functions = {_totals['calls']:6.3f}s, Time spent compiling Theano functions: "
        f"{_totals['compile']:6.3f}s, rewriting = {_totals['optimizer']:6.3f}s, linker = {_totals['linker']:6.3f}s\n{'=' * 50}",
        file=out,
    )


class ProfileStats:
    """The profile of a function, as ``f.profile``; several functions may share one. :meth:`summary` prints it.

    ``apply_time``, ``apply_callcount`` and ``apply_cimpl`` map each node to seconds, number of runs, and whether native code
    ran it. ``atexit_print``: print the summary when Python ends. ``message``: a line at its top.
    """

    __module__ = "theano.compile.profiling"

    line_width = 512

    def __init__(
        self,
        atexit_print: bool = True,
        flag_time_thunks: bool | None = None,
        gpu_checks: bool = True,
        message: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.message = message
        self.flag_time_thunks = config.profiling.time_thunks if flag_time_thunks is None else flag_time_thunks
        self.reset()
        self.__dict__.update(kwargs)
        if atexit_print:
            if not _at_exit:
                atexit.register(_print_at_exit)
            _at_exit.append(self)

    def reset(self) -> None:
        """Forget every call and every time."""
        self.compile_time = self.fct_call_time = self.vm_call_time = 0.0
        self.fct_callcount, self.nb_nodes = 0, -1
        self.fct_call_times: list[float] = []
        self.optimizer_time = self.validate_time = self.linker_time = self.import_time = 0.0
        self.linker_node_make_thunks = 0.0
        self.linker_make_thunk_time: dict[Apply, float] = {}
        self.apply_time: dict[Apply, float] = {}
        self.apply_callcount: dict[Apply, int] = {}
        self.apply_cimpl: dict[Apply, bool] = {}
        self.variable_shape: dict[Variable, tuple[int, ...]] = {}
        self.variable_strides: dict[Variable, tuple[int, ...]] = {}
        self.variable_offset: dict[Variable, int] = {}
        self.optimizer_profile: Any = None

    # --- what functions note ---

    def note_call(self, seconds: float) -> None:
        """Record one call of the function."""
        if config.profiling.ignore_first_call and not self.fct_callcount and not getattr(self, "_ignored", False):
            self._ignored = True
            for table in (self.apply_time, self.apply_callcount):
                table.clear()
            self.vm_call_time = 0.0
            return
        self.fct_callcount += 1
        self.fct_call_time += seconds
        self.fct_call_times.append(seconds)
        _totals["calls"] += seconds

    def note_node(self, node: Apply, seconds: float, runs: int = 1, native: bool = False) -> None:
        """Record runs of one node."""
        self.apply_time[node] = self.apply_time.get(node, 0.0) + seconds
        self.apply_callcount[node] = self.apply_callcount.get(node, 0) + runs
        self.apply_cimpl[node] = native

    def note_value(self, variable: Variable, value: Any) -> None:
        """Record the size of a value."""
        if isinstance(value, np.ndarray):
            self.variable_shape[variable] = value.shape
            self.variable_strides[variable] = value.strides

    def note_compilation(self, seconds: float, rewriting: float, nodes: int) -> None:
        """Record how long making the function took, ``rewriting`` seconds of it for its graph."""
        self.compile_time += seconds
        self.optimizer_time += rewriting
        self.linker_time += seconds - rewriting
        self.nb_nodes = nodes if self.nb_nodes < 0 else self.nb_nodes + nodes
        for key, value in (("compile", seconds), ("optimizer", rewriting), ("linker", seconds - rewriting)):
            _totals[key] += value

    def add(self, other: ProfileStats) -> None:
        """Add the numbers of another profile to this one's."""
        for name in ("compile_time", "fct_call_time", "vm_call_time", "optimizer_time", "linker_time", "fct_callcount"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.nb_nodes = max(self.nb_nodes, 0) + max(other.nb_nodes, 0)
        for name in ("apply_time", "apply_callcount", "apply_cimpl", "variable_shape", "variable_strides"):
            getattr(self, name).update(getattr(other, name))

    # --- sums ---

    def _sum(self, key: Callable[[Apply], Any], table: dict[Apply, Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for node, value in table.items():
            found[key(node)] = found.get(key(node), 0) + value
        return found

    def class_time(self) -> dict[type, float]:
        """Return the seconds by class of op."""
        return self._sum(lambda node: type(node.op), self.apply_time)

    def class_callcount(self) -> dict[type, int]:
        """Return the number of runs by class of op."""
        return self._sum(lambda node: type(node.op), self.apply_callcount)

    def class_nodes(self) -> dict[type, int]:
        """Return the number of nodes by class of op."""
        return dict(Counter(type(node.op) for node in self.apply_callcount))

    def class_impl(self) -> dict[type, str]:
        """Return, by class of op, "C" where native code ran every node, else "Py"."""
        return self._impl(lambda node: type(node.op))

    def op_time(self) -> dict[Any, float]:
        """Return the seconds by op."""
        return self._sum(lambda node: node.op, self.apply_time)

    def op_callcount(self) -> dict[Any, int]:
        """Return the number of runs by op."""
        return self._sum(lambda node: node.op, self.apply_callcount)

    def op_nodes(self) -> dict[Any, int]:
        """Return the number of nodes by op."""
        return dict(Counter(node.op for node in self.apply_callcount))

    def op_impl(self) -> dict[Any, str]:
        """Return, by op, "C" where native code ran every node, else "Py"."""
        return self._impl(lambda node: node.op)

    def _impl(self, key: Callable[[Apply], Any]) -> dict[Any, str]:
        found: dict[Any, str] = {}
        for node, native in self.apply_cimpl.items():
            found[key(node)] = "C" if native and found.get(key(node), "C") == "C" else "Py"
        return found

    def fill_node_total_time(self, node: Apply, total_times: dict[Apply, float]) -> None:
        """Put into ``total_times`` the seconds of ``node`` and of all that it needs; those of its inputs are to be there."""
        above = {v.owner for v in node.inputs if v.owner is not None and v.owner in self.apply_time}
        total_times[node] = self.apply_time[node] + sum(total_times[n] for n in above)

    def compute_total_times(self) -> dict[Apply, float]:
        """Return, for each node, its seconds and those of all that it needs (what is needed twice counts twice)."""
        totals: dict[Apply, float] = {}
        for root in self.apply_time:
            stack = [root]
            while stack:
                node = stack[-1]
                left = [
                    v.owner for v in node.inputs
                    if v.owner is not None and v.owner in self.apply_time and v.owner not in totals
                ]  # fmt: skip
                if node in totals:
                    stack.pop()
                elif left:
                    stack.extend(left)
                else:
                    self.fill_node_total_time(stack.pop(), totals)
        return totals

    # --- printing ---

    def _table(
        self, file: Any, title: str, times: dict[Any, float], calls: dict[Any, int], more: Any, n: int | None
    ) -> None:
        total = sum(times.values())
        if not times or not total:
            return
        print(f"{title}\n---", file=file)
        print(f"<% time> <sum %> <apply time> <time per call> {more(None)}", file=file)
        rows = sorted(times.items(), key=lambda item: -item[1])
        shown, below = rows[:n], rows[n:] if n is not None else []
        run = 0.0
        for key, seconds in shown:
            run += seconds
            each = seconds / max(calls[key], 1)
            line = f"  {100 * seconds / total:5.1f}%   {100 * run / total:5.1f}%   {seconds:8.3f}s   {each:10.2e}s   {more(key)}"
            print(line[: self.line_width], file=file)
        if below:
            rest = sum(seconds for _, seconds in below)
            print(
                f"   ... (remaining {len(below)} rows account for {100 * rest / total:5.2f}% ({rest:.2e}s) of the runtime)",
                file=file,
            )
        print(file=file)

    def summary_class(self, file: Any = None, N: int | None = None) -> None:
        """Print the table of classes of ops."""
        calls, nodes, impl = self.class_callcount(), self.class_nodes(), self.class_impl()

        def more(key: Any) -> str:
            if key is None:
                return "<type> <#call> <#apply> <Class name>"
            return f"{impl[key]:>4}  {calls[key]:8d}  {nodes[key]:6d}   {key.__module__}.{key.__name__}"

        self._table(file or sys.stderr, "Class", self.class_time(), calls, more, N)

    def summary_ops(self, file: Any = None, N: int | None = None) -> None:
        """Print the table of ops."""
        calls, nodes, impl = self.op_callcount(), self.op_nodes(), self.op_impl()

        def more(key: Any) -> str:
            if key is None:
                return "<type> <#call> <#apply> <Op name>"
            return f"{impl[key]:>4}  {calls[key]:8d}  {nodes[key]:6d}   {key}"

        self._table(file or sys.stderr, "Ops", self.op_time(), calls, more, N)

    def summary_nodes(self, file: Any = None, N: int | None = None) -> None:
        """Print the table of nodes, with the shapes of their values where they are known."""
        place = {node: k for k, node in enumerate(self.apply_time)}

        def more(key: Any) -> str:
            if key is None:
                return "<#call> <id> <Apply name>"
            shapes = [self.variable_shape.get(v) for v in key.outputs]
            known = f"   outputs {', '.join(str(s) for s in shapes)}" if any(s is not None for s in shapes) else ""
            return f"{self.apply_callcount[key]:6d}   {place[key]:5d}   {key}{known}"

        self._table(file or sys.stderr, "Apply", self.apply_time, self.apply_callcount, more, N)

    def summary_function(self, file: Any) -> None:
        """Print the lines on the function as a whole."""
        print("Function profiling\n==================", file=file)
        if self.message:
            print(f"  Message: {self.message}", file=file)
        thunks = sum(self.apply_time.values())
        if self.fct_callcount:
            call = self.fct_call_time
            print(f"  Time in {self.fct_callcount} calls to Function.__call__: {call:e}s", file=file)
            print(f"  Time per call: {call / self.fct_callcount:e}s", file=file)
            if call and self.apply_time:
                print(
                    f"  Time in Function.fn.__call__: {self.vm_call_time:e}s ({100 * self.vm_call_time / call:.3f}%)",
                    file=file,
                )
                print(f"  Time in thunks: {thunks:e}s ({100 * thunks / call:.3f}%), node by node", file=file)
        print(f"  Total compile time: {self.compile_time:e}s", file=file)
        if self.nb_nodes >= 0:
            print(f"    Number of Apply nodes: {self.nb_nodes}", file=file)
        print(f"    Theano Optimizer time: {self.optimizer_time:e}s", file=file)
        print(f"    Theano Linker time (includes code generation and linking): {self.linker_time:e}s\n", file=file)

    def summary_globals(self, file: Any) -> None:
        """Print the line on the whole program."""
        print(f"Time since theano import {time.time() - theano_imported_time:.3f}s", file=file)

    def summary_memory(self, file: Any, N: int | None = None) -> None:
        """Print the bytes of the values, the largest first, where ``config.profile_memory`` had them noted."""
        sizes = {
            v: int(np.prod(shape, dtype=np.int64)) * np.dtype(v.type.dtype).itemsize  # type: ignore[attr-defined]
            for v, shape in self.variable_shape.items()
        }
        if not sizes:
            return
        print("Memory Profile\n---", file=file)
        print(f"  All values together: {sum(sizes.values()) / 1024:.0f}KB", file=file)
        print("  <Sum apply outputs (bytes)> <Apply outputs shape> <variable>", file=file)
        for v, size in sorted(sizes.items(), key=lambda item: -item[1])[:N]:
            if size >= config.profiling.min_memory_size:
                print(f"  {size:12d}B  {self.variable_shape[v]}  {v.owner if v.owner is not None else v}", file=file)
        print(file=file)

    def print_tips(self, file: Any) -> None:
        """Print what may help, as the times tell."""
        tips = []
        python = [node for node, native in self.apply_cimpl.items() if not native]
        total = sum(self.apply_time.values())
        slow = sum(self.apply_time[node] for node in python)
        if total and slow > 0.2 * total:
            worst = max(python, key=lambda node: self.apply_time[node])
            tips.append(
                f"{100 * slow / total:.0f} % of the time is in ops that run in Python, most of it in {worst.op}"
            )
        double = [n for n in self.apply_time if any(getattr(v.type, "dtype", "") == "float64" for v in n.outputs)]
        if total and config.floatX == "float32" and sum(self.apply_time[n] for n in double) > 0.2 * total:
            tips.append("floatX is float32, but many results are float64: see config.warn_float64")
        if tips:
            print("Here are tips to potentially make your code run faster", file=file)
            for tip in tips:
                print(f"  - {tip}", file=file)

    def print_extra(self, file: Any) -> None:
        """Call the registered printers."""
        for printer in _printers:
            printer(
                self.message,
                self.compile_time,
                self.fct_call_time,
                self.apply_time,
                self.apply_cimpl,
                self.variable_shape,
                file,
            )

    def summary(self, file: Any = None, n_ops_to_print: int = 20, n_apply_to_print: int = 20) -> None:
        """Print everything to ``file`` (standard error): tables of classes, ops and nodes, the slowest first."""
        out = sys.stderr if file is None else file
        self.summary_function(out)
        self.summary_globals(out)
        if self.fct_callcount or self.apply_time:
            self.summary_class(out, n_ops_to_print)
            self.summary_ops(out, n_ops_to_print)
            self.summary_nodes(out, n_apply_to_print)
            self.summary_memory(out, n_apply_to_print)
        self.print_extra(out)
        self.print_tips(out)


class ScanProfileStats(ProfileStats):
    """The profile of a loop: ``callcount`` calls that made ``nbsteps`` steps in ``call_time`` seconds."""

    __module__ = "theano.compile.profiling"

    callcount = 0
    nbsteps = 0
    call_time = 0.0

    def __init__(self, atexit_print: bool = True, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(atexit_print, **kwargs)
        self.name = name

    def summary_globals(self, file: Any) -> None:
        """Nothing: the function around the loop prints it."""

    def summary_function(self, file: Any) -> None:
        """Print the lines on the loop."""
        print(f"Scan Op profiling ({self.name})" if self.name else "Scan Op profiling", file=file)
        print("==================", file=file)
        if self.message:
            print(f"  Message: {self.message}", file=file)
        print(
            f"  Time in {self.callcount} calls of the op (for a total of {self.nbsteps} steps) {self.call_time:e}s\n",
            file=file,
        )


class ProfiledProgram:
    """A graph run node by node, each node timed; ``profile`` is where the times go."""

    program = None

    def __init__(self, fgraph: Any, linker: Any) -> None:
        self.fgraph = fgraph
        self.cells: list[list[Any]] = [[None] for _ in fgraph.inputs]
        self.thunk, _, self.outputs, self.thunks, self.order = linker.accept(fgraph).make_all(input_storage=self.cells)
        self.profile: ProfileStats | None = None

    def attach(self, f: Any) -> None:
        """Let times go to the function's profile."""
        self.profile = f.profile

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Run and time every node."""
        for cell, value in zip(self.cells, inputs):
            cell[0] = value
        self.thunk.clear_storage()
        from theon.runtime.reference import raise_with_op

        profile, start = self.profile, time.perf_counter()
        for node, thunk in zip(self.order, self.thunks):
            before = time.perf_counter()
            try:
                thunk()
            except Exception as error:
                raise_with_op(node, error, [cell[0] for cell in thunk.inputs])
            if profile is not None:
                profile.note_node(node, time.perf_counter() - before, native=getattr(thunk, "native", False))
                if config.profile_memory:
                    for variable, cell in zip(node.outputs, thunk.outputs):
                        profile.note_value(variable, cell[0])
        if profile is not None:
            profile.vm_call_time += time.perf_counter() - start
        found = [container.storage[0] for container in self.outputs]
        for cell in self.cells:
            cell[0] = None
        self.thunk.clear_storage()
        return found
