"""NanGuardMode and MonitorMode: the graph run node by node under the user's eyes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from theon.compile.mode import Mode
from theon.errors import describe
from theon.graph.fgraph import FunctionGraph
from theon.graph.origin import origin_of
from theon.graph.printing import debugprint
from theon.graph.variable import Apply, Constant, Variable
from theon.options import config
from theon.runtime.reference import ReferenceProgram

__all__ = ["MonitorMode", "NanGuardMode", "contains_inf", "contains_nan", "detect_nan", "flatten"]

_LARGEST = 1e10


def _floats(arr: Any) -> Any:
    return arr if isinstance(arr, np.ndarray | np.generic) and np.asarray(arr).dtype.kind in "fc" and arr.size else None


def contains_nan(arr: Any, node: Any = None, var: Any = None) -> bool:
    """Return whether an array of floats holds NaN; other values never do."""
    found = _floats(arr)
    return found is not None and bool(np.isnan(found).any())


def contains_inf(arr: Any, node: Any = None, var: Any = None) -> bool:
    """Return whether an array of floats holds an infinity; other values never do."""
    found = _floats(arr)
    return found is not None and bool(np.isinf(found).any())


def _contains_big(arr: Any) -> bool:
    found = _floats(arr)
    if found is None:
        return False
    with np.errstate(invalid="ignore"):
        return bool((np.abs(found) > _LARGEST).any())


def flatten(l: Any) -> list[Any]:
    """Return the leaves of nested lists, tuples and sets in one list."""
    if isinstance(l, list | tuple | set):
        return [x for part in l for x in flatten(part)]
    return [l]


class _Watched:
    """A rewritten graph run by the reference, with functions called before and after each node."""

    program = None

    def __init__(self, fgraph: FunctionGraph, mode: Any) -> None:
        from theon.compile.pipeline import rewrite

        rewrite(fgraph, mode)
        self.fgraph, self.mode = fgraph, mode
        self.reference = ReferenceProgram(fgraph)

    def attach(self, f: Any) -> None:
        """Nothing: every call is watched by :meth:`run`."""

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Run node by node."""
        self.mode.begin(self.fgraph, inputs)
        place = 0

        def before(node: Apply, arguments: list[Any]) -> None:
            self.mode.before(place, node, arguments)

        def after(node: Apply, arguments: list[Any], results: list[Any]) -> None:
            nonlocal place
            self.mode.after(place, node, arguments, results)
            place += 1

        return self.reference.run(inputs, after, before)


class _WatchMode(Mode):
    def executed(self, fgraph: FunctionGraph, n_inputs: int, n_outputs: int, updated: Sequence[int]) -> Any:
        """Return the graph made runnable under watch."""
        return _Watched(fgraph, self)

    def begin(self, fgraph: FunctionGraph, inputs: Sequence[Any]) -> None:
        """Called with the inputs of a call."""

    def before(self, place: int, node: Apply, arguments: list[Any]) -> None:
        """Called before each node."""

    def after(self, place: int, node: Apply, arguments: list[Any], results: list[Any]) -> None:
        """Called after each node."""


class NanGuardMode(_WatchMode):
    """Stops at the first NaN, infinity or value beyond 1e10, and says which node made it.

    ``NanGuardMode.action`` of the configuration: "raise" an AssertionError, "warn", or enter "pdb".

    >>> import theano
    >>> x = theano.tensor.vector('x')
    >>> f = theano.function([x], theano.tensor.log(x), mode=NanGuardMode())
    >>> f([-1.0])  # doctest: +SKIP
    AssertionError: NaN detected ...
    """

    __module__ = "theano.compile.nanguardmode"

    def __init__(
        self,
        nan_is_error: bool | None = None,
        inf_is_error: bool | None = None,
        big_is_error: bool | None = None,
        optimizer: Any = "default",
        linker: Any = None,
    ) -> None:
        if linker is not None and not isinstance(linker, str):
            raise Exception("NanGuardMode can only use its own linker")
        super().__init__("py", optimizer)
        self.nan_is_error = config.NanGuardMode.nan_is_error if nan_is_error is None else nan_is_error
        self.inf_is_error = config.NanGuardMode.inf_is_error if inf_is_error is None else inf_is_error
        self.big_is_error = config.NanGuardMode.big_is_error if big_is_error is None else big_is_error
        assert self.nan_is_error or self.inf_is_error or self.big_is_error

    def check(self, value: Any, variable: Variable, node: Apply | None) -> None:
        """Report a forbidden value. AssertionError if the action is to raise."""
        if getattr(variable.tag, "nan_guard_mode_check", True) is False:
            return
        faults = []
        if self.nan_is_error and contains_nan(value):
            faults.append("NaN detected")
        if self.inf_is_error and contains_inf(value):
            faults.append("Inf detected")
        if self.big_is_error and _contains_big(value):
            faults.append("Big value detected")
        if not faults:
            return
        lines = [*faults]
        if node is None:
            lines.append(f"NanGuardMode found an error in an input of the graph: {describe(variable)}")
        else:
            lines.append(f"NanGuardMode found an error in the output of a node in this variable: {describe(variable)}")
            lines.append(f"Apply node: {node}")
            origin = origin_of(node)
            if origin is not None:
                lines.append(f"  made at {origin}: {origin.text}")
            lines.append(str(debugprint(variable, file="str")))
        text = "\n".join(lines)
        action = config.NanGuardMode.action
        if action == "warn":
            warnings.warn(text, stacklevel=2)
        elif action == "pdb":
            print(text)
            breakpoint()
        else:
            raise AssertionError(text)

    def begin(self, fgraph: FunctionGraph, inputs: Sequence[Any]) -> None:
        """Check inputs, shared variables and constants."""
        for variable, value in zip(fgraph.inputs, inputs):
            self.check(value, variable, None)
        for variable in fgraph.variables:
            if isinstance(variable, Constant):
                self.check(variable.data, variable, None)

    def after(self, place: int, node: Apply, arguments: list[Any], results: list[Any]) -> None:
        """Check what a node made."""
        if type(node.op).__name__ == "AllocEmpty":
            return
        for variable, value in zip(node.outputs, results):
            self.check(value, variable, node)


class MonitorMode(_WatchMode):
    """Calls ``pre_func(i, node, fn)`` before and ``post_func(i, node, fn)`` after each node; ``fn.inputs`` and ``fn.outputs``
    are lists of one-element lists that hold the values."""

    __module__ = "theano.compile.monitormode"

    def __init__(
        self,
        pre_func: Callable[..., Any] | None = None,
        post_func: Callable[..., Any] | None = None,
        optimizer: Any = "default",
        linker: Any = None,
    ) -> None:
        if linker is not None and not isinstance(linker, str):
            raise Exception("MonitorMode can only use its own linker! You should not provide one.", linker)
        super().__init__("py", optimizer)
        self.pre_func, self.post_func = pre_func, post_func

    def before(self, place: int, node: Apply, arguments: list[Any]) -> None:
        """Tell ``pre_func``."""
        if self.pre_func is not None:
            outputs: list[list[Any]] = [[None] for _ in node.outputs]
            self.pre_func(place, node, SimpleNamespace(inputs=[[v] for v in arguments], outputs=outputs))

    def after(self, place: int, node: Apply, arguments: list[Any], results: list[Any]) -> None:
        """Tell ``post_func``."""
        if self.post_func is not None:
            self.post_func(
                place, node, SimpleNamespace(inputs=[[v] for v in arguments], outputs=[[v] for v in results])
            )


def detect_nan(i: int, node: Apply, fn: Any) -> None:
    """Print a node and its values when one of its outputs holds NaN: a ``post_func`` for :class:`MonitorMode`."""
    for output in fn.outputs:
        if contains_nan(output[0]):
            print("*** NaN detected ***")
            debugprint(node)
            print(f"Inputs : {[v[0] for v in fn.inputs]}")
            print(f"Outputs: {[v[0] for v in fn.outputs]}")
            break
