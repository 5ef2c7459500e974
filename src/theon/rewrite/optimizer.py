"""Optimizers: what rewrites a whole function graph. Users subclass :class:`Optimizer` or decorate a function.

>>> @optimizer
... def nothing(fgraph):
...     pass
>>> nothing.name
'nothing'
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from theon.errors import InconsistencyError
from theon.graph.fgraph import FunctionGraph
from theon.options import config

__all__ = [
    "AddFeatureOptimizer",
    "FromFunctionOptimizer",
    "GraphPass",
    "Optimizer",
    "SeqOptimizer",
    "inplace_optimizer",
    "optimizer",
]


class Optimizer:
    """What rewrites a function graph: :meth:`apply` does it, :meth:`add_requirements` attaches the features it needs.

    Two optimizers are equal where they are the same object, unless a subclass says otherwise.
    """

    __module__ = "theano.gof.opt"

    name: str | None = None

    def apply(self, fgraph: FunctionGraph) -> Any:
        """Rewrite ``fgraph`` in place."""

    def optimize(self, fgraph: FunctionGraph, *args: Any, **kwargs: Any) -> Any:
        """Attach what is required and rewrite ``fgraph`` in place."""
        self.add_requirements(fgraph)
        return self.apply(fgraph, *args, **kwargs)

    def __call__(self, fgraph: FunctionGraph) -> Any:
        """The same as :meth:`optimize`."""
        return self.optimize(fgraph)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach features to ``fgraph``; by default none."""

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line that names this optimizer."""
        name = getattr(self, "name", None)
        print(f"{' ' * level}{type(self).__name__} {name} id={id(self)}", file=stream or sys.stdout)

    @staticmethod
    def print_profile(stream: Any, prof: Any, level: int = 0) -> None:
        """Write what :meth:`apply` returned, if anything."""
        if prof is not None:
            print(f"{' ' * level}{prof}", file=stream)


class FromFunctionOptimizer(Optimizer):
    """An optimizer whose :meth:`apply` is a function of the graph."""

    __module__ = "theano.gof.opt"

    def __init__(self, fn: Callable[..., Any], requirements: Iterable[Callable[[Any], None]] = ()) -> None:
        self.fn, self.requirements = fn, tuple(requirements)
        self.__name__ = self.name = getattr(fn, "__name__", type(fn).__name__)
        self.__doc__ = fn.__doc__

    def apply(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.fn(*args, **kwargs)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Call each requirement with the graph."""
        for requirement in self.requirements:
            requirement(fgraph)

    def __str__(self) -> str:
        return self.__name__


def optimizer(f: Callable[..., Any]) -> FromFunctionOptimizer:
    """Return the optimizer that calls ``f`` with the function graph; a decorator."""
    return FromFunctionOptimizer(f)


def inplace_optimizer(f: Callable[..., Any]) -> FromFunctionOptimizer:
    """Return the optimizer that calls ``f``, which may put in ops that overwrite their inputs; a decorator."""
    return FromFunctionOptimizer(f)


class GraphPass(Optimizer):
    """A pass of the pipeline: a function of the graph that returns how often it changed something."""

    def __init__(self, function: Callable[[FunctionGraph], Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or function.__name__
        self.__doc__ = function.__doc__

    def apply(self, fgraph: FunctionGraph) -> Any:
        """Run the pass."""
        return self.function(fgraph)

    def __repr__(self) -> str:
        return f"GraphPass({self.name})"


class AddFeatureOptimizer(Optimizer):
    """Attaches a feature to the graph, and changes nothing."""

    __module__ = "theano.compile.mode"

    def __init__(self, feature: Any) -> None:
        self.feature = feature

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach it."""
        fgraph.attach_feature(self.feature)


class SeqOptimizer(Optimizer, list):  # type: ignore[type-arg]
    """Optimizers run one after the other; a list of them.

    An error in one goes to ``failure_callback(error, self, optimizer)``, or is raised where there is none.
    """

    __module__ = "theano.gof.opt"

    @staticmethod
    def warn(exc: BaseException, self: Any, optimizer: Any) -> None:
        """Report the failure of an optimizer as ``config.on_opt_error`` says: log it, raise it, or pass over it."""
        from theon.rewrite.failure import report

        report(exc, getattr(optimizer, "name", None) or optimizer)

    def __init__(self, *opts: Any, **kw: Any) -> None:
        if len(opts) == 1 and isinstance(opts[0], list | tuple):
            opts = tuple(opts[0])
        list.__init__(self, opts)
        self.failure_callback = kw.pop("failure_callback", None)
        self.times: list[float] = []

    def apply(self, fgraph: FunctionGraph) -> Any:
        """Run each in turn."""
        outer = fgraph.rewriter
        # Passes that rewrite graphs inside ops (steps of loops) do it by the optimizer that is at work.
        fgraph.rewriter = outer or self
        times = []
        try:
            for opt in self:
                start = time.perf_counter()
                try:
                    opt.optimize(fgraph)
                except InconsistencyError:
                    raise
                except Exception as error:
                    if self.failure_callback is None:
                        raise
                    self.failure_callback(error, self, opt)
                times.append(time.perf_counter() - start)
        finally:
            fgraph.rewriter = outer
        self.times = times
        if config.profile_optimizer and outer is None:
            for opt, seconds in zip(self, times):
                print(f"  {seconds * 1e3:8.2f} ms  {getattr(opt, 'name', None) or opt}", file=sys.stderr)
        return times

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """None of its own; each optimizer attaches its features when its turn comes."""

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and list.__eq__(self, other))  # type: ignore[arg-type]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __str__(self) -> str:
        return f"SeqOpt({', '.join(map(str, self))})"

    def __repr__(self) -> str:
        return list.__repr__(self)

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line for this and, down to ``depth`` (-1: all), for each optimizer."""
        super().print_summary(stream, level, depth)
        if depth:
            for opt in self:
                opt.print_summary(stream, level + 2, depth - 1)


def walked(opts: Sequence[Any]) -> Iterator[Any]:
    """Yield every optimizer of nested sequences."""
    for opt in opts:
        if isinstance(opt, SeqOptimizer):
            yield from walked(opt)
        else:
            yield opt
