"""Optimizers that walk over a graph once and apply a local optimizer at each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Variable
from theon.rewrite.failure import report
from theon.rewrite.local import LocalOptGroup, LocalOptimizer, matches
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.replace import apply_to

__all__ = ["NavigatorOptimizer", "OpKeyOptimizer", "TopoOptimizer", "in2out", "out2in", "pre_greedy_local_optimizer"]


class NavigatorOptimizer(Optimizer):
    """The base of optimizers that apply a local one in some order.

    ``ignore_newtrees`` says whether nodes that a replacement brings in are left alone. A failure goes to
    ``failure_callback(error, navigator, pairs, local_opt, node)``; without one it is raised.
    """

    __module__ = "theano.gof.opt"

    @staticmethod
    def warn(exc: BaseException, nav: Any, repl_pairs: Any, local_opt: Any, node: Any) -> None:
        """Do what ``config.on_opt_error`` says: log, raise, or pass over it."""
        report(exc, local_opt, node)

    @staticmethod
    def warn_inplace(exc: BaseException, nav: Any, repl_pairs: Any, local_opt: Any, node: Any) -> None:
        """As :meth:`warn`, but silent about a replacement that would overwrite what is still wanted."""
        from theon.errors import InconsistencyError

        if not isinstance(exc, InconsistencyError):
            report(exc, local_opt, node)

    @staticmethod
    def warn_ignore(exc: BaseException, nav: Any, repl_pairs: Any, local_opt: Any, node: Any) -> None:
        """Say nothing."""

    def __init__(self, local_opt: Any, ignore_newtrees: Any = "auto", failure_callback: Any = None) -> None:
        self.local_opt = local_opt
        if ignore_newtrees == "auto":
            ignore_newtrees = not getattr(local_opt, "reentrant", True)
        self.ignore_newtrees = ignore_newtrees
        self.failure_callback = failure_callback
        self.name = getattr(local_opt, "name", None)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach what the local optimizer needs."""
        needs = getattr(self.local_opt, "add_requirements", None)
        if needs is not None:
            needs(fgraph)

    def process_node(self, fgraph: FunctionGraph, node: Apply, lopt: Any = None) -> bool:
        """Try the local optimizer on a node; return whether the graph changed."""
        opt = self.local_opt if lopt is None else lopt
        if isinstance(opt, LocalOptimizer):
            tracked = opt.tracks()
            if tracked is not None and not any(matches(node.op, t) for t in tracked):
                return False
        return bool(apply_to(fgraph, node, opt, self.failure_callback or _raise))

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line for this and, unless ``depth`` is 0, one for the local optimizer."""
        super().print_summary(stream, level, depth)
        if depth:
            self.local_opt.print_summary(stream, level + 2, depth - 1)


def _raise(error: BaseException, *args: Any) -> None:
    raise error


class TopoOptimizer(NavigatorOptimizer):
    """Applies a local optimizer at each node, from the inputs on ("in_to_out") or from the outputs on ("out_to_in")."""

    __module__ = "theano.gof.opt"

    def __init__(
        self, local_opt: Any, order: str = "in_to_out", ignore_newtrees: bool = False, failure_callback: Any = None
    ) -> None:
        if order not in ("out_to_in", "in_to_out"):
            raise ValueError("order must be 'out_to_in' or 'in_to_out'")
        super().__init__(local_opt, ignore_newtrees, failure_callback)
        self.order = order

    def apply(self, fgraph: FunctionGraph, start_from: Any = None) -> int:
        """Rewrite the graph; return how many nodes changed."""
        if isinstance(self.local_opt, LocalOptGroup) and not self.local_opt.opts:
            return 0
        pending = io_toposort(fgraph.inputs, fgraph.outputs if start_from is None else start_from)
        if self.order == "in_to_out":
            pending.reverse()
        changes = 0
        outer, fgraph.imported = fgraph.imported, []
        try:
            while pending:
                node = pending.pop()
                if node not in fgraph.apply_nodes:
                    continue
                fgraph.imported.clear()
                if self.process_node(fgraph, node):
                    changes += 1
                    if not self.ignore_newtrees:
                        fresh = [n for n in fgraph.imported if n in fgraph.apply_nodes]
                        pending.extend(reversed(fresh) if self.order == "in_to_out" else fresh)
        finally:
            fgraph.imported = outer
        return changes


class OpKeyOptimizer(NavigatorOptimizer):
    """Applies a local optimizer at the nodes of the one op that its ``op_key()`` names (or of each of a list)."""

    __module__ = "theano.gof.opt"

    def __init__(self, local_opt: Any, ignore_newtrees: bool = False, failure_callback: Any = None) -> None:
        if not hasattr(local_opt, "op_key"):
            raise TypeError("LocalOptimizer for OpKeyOptimizer must have an 'op_key' method.")
        super().__init__(local_opt, ignore_newtrees, failure_callback)

    def apply(self, fgraph: FunctionGraph) -> int:
        """Rewrite the graph; return how many nodes changed."""
        keys = self.local_opt.op_key()
        keys = list(keys) if isinstance(keys, list | tuple) else [keys]
        pending = [node for node in fgraph.toposort() if any(matches(node.op, key) for key in keys)]
        pending.reverse()
        changes = 0
        outer, fgraph.imported = fgraph.imported, []
        try:
            while pending:
                node = pending.pop()
                if node not in fgraph.apply_nodes:
                    continue
                fgraph.imported.clear()
                if self.process_node(fgraph, node):
                    changes += 1
                    if not self.ignore_newtrees:
                        pending.extend(n for n in fgraph.imported if any(matches(n.op, key) for key in keys))
        finally:
            fgraph.imported = outer
        return changes


def _topo(order: str, local_opts: Iterable[Any], kwargs: dict[str, Any]) -> TopoOptimizer:
    local_opts = tuple(local_opts)
    name = kwargs.pop("name", None)
    group = local_opts[0] if len(local_opts) == 1 else LocalOptGroup(*local_opts)
    if not local_opts:
        raise ValueError("at least one local optimizer is needed")
    found = TopoOptimizer(
        group, order=order, failure_callback=kwargs.pop("failure_callback", NavigatorOptimizer.warn_inplace), **kwargs
    )
    found.name = name or getattr(group, "name", None) or str(group)
    return found


def in2out(*local_opts: Any, **kwargs: Any) -> TopoOptimizer:
    """Return an optimizer that applies the local ones from inputs to outputs."""
    return _topo("in_to_out", local_opts, kwargs)


def out2in(*local_opts: Any, **kwargs: Any) -> TopoOptimizer:
    """Return an optimizer that applies the local ones from outputs to inputs."""
    return _topo("out_to_in", local_opts, kwargs)


def pre_greedy_local_optimizer(list_optimizations: Iterable[Callable[..., Any]], out: Variable) -> Variable:
    """Return ``out`` rewritten by local optimizers before it is part of a function: its graph is rebuilt, not changed.

    Each node is tried with each optimizer until none finds anything; only first outputs are replaced.
    """
    new: dict[Variable, Variable] = {}
    optimizers = list(list_optimizations)
    for node in io_toposort([], [out]):
        inputs = [new.get(v, v) for v in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs)):
            copied = node.op.make_node(*inputs)
            new.update(zip(node.outputs, copied.outputs))
        for old in node.outputs:
            current = new.get(old, old)
            for _ in range(100):
                if current.owner is None:
                    break
                for opt in optimizers:
                    tracked = opt.tracks() if isinstance(opt, LocalOptimizer) else None
                    if tracked is not None and not any(matches(current.owner.op, t) for t in tracked):
                        continue
                    found = opt.transform(current.owner) if isinstance(opt, LocalOptimizer) else opt(current.owner)
                    if found and found[current.index or 0] is not current:
                        current = found[current.index or 0]
                        break
                else:
                    break
            if current is not old:
                new[old] = current
    return new.get(out, out)
