"""Where in the user's program what a rewrite makes belongs: places copied from what it replaces, and checks that they are there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.origin import rewriting
from theon.graph.variable import Apply, Variable
from theon.rewrite.optimizer import Optimizer

__all__ = [
    "CheckStackTraceOptimization",
    "CheckStrackTraceFeature",
    "check_stack_trace",
    "copy_stack_trace",
    "inherit_stack_trace",
]


def _origin(v: Any) -> Any:
    found = getattr(v.tag, "origin", None)
    owner = getattr(v, "owner", None)
    return getattr(owner.tag, "origin", None) if found is None and owner is not None else found


def _has_trace(v: Variable) -> bool:
    return bool(_origin(v) is not None or v.tag.trace)


def copy_stack_trace(from_var: Any, to_var: Any) -> Any:
    """Give ``to_var`` (a variable or a list) the places in the user's program of ``from_var`` (likewise); return ``to_var``."""
    sources = list(from_var) if isinstance(from_var, list | tuple | set) else [from_var]
    targets = list(to_var) if isinstance(to_var, list | tuple | set) else [to_var]
    places: list[Any] = []
    origin = None
    for v in sources:
        origin = origin or _origin(v)
        for place in v.tag.trace:
            if place not in places:
                places.append(place)
    for v in targets:
        owner = getattr(v, "owner", None)
        if origin is not None:
            for holder in (v, owner):
                if holder is not None and getattr(holder.tag, "origin", None) is None:
                    holder.tag.origin = origin
        if places:
            known = list(v.tag.trace)
            v.tag.trace = known + [place for place in places if place not in known]
    return to_var


@contextmanager
def inherit_stack_trace(from_var: Any) -> Iterator[None]:
    """Within the ``with`` block, what is made belongs to the places of ``from_var``."""
    sources = list(from_var) if isinstance(from_var, list | tuple | set) else [from_var]
    before = rewriting.active, rewriting.origin
    rewriting.active, rewriting.origin = True, next((o for o in map(_origin, sources) if o is not None), None)
    try:
        yield
    finally:
        rewriting.active, rewriting.origin = before


def check_stack_trace(f_or_fgraph: Any, ops_to_check: Any = "last", bug_print: str = "raise") -> bool:
    """Whether nodes of a function (or function graph) know their place in the user's program.

    ``ops_to_check`` is "last" (those of the outputs), "all", an op, a class of ops, or a list of these. Where one does not,
    ``bug_print`` decides: "raise" an Exception, "warn", or "ignore". ValueError for other arguments.
    """
    fgraph = f_or_fgraph if isinstance(f_or_fgraph, FunctionGraph) else getattr(f_or_fgraph, "maker", None)
    if fgraph is not None and not isinstance(fgraph, FunctionGraph):
        fgraph = fgraph.fgraph
    if not isinstance(fgraph, FunctionGraph):
        raise ValueError("The type of f_or_fgraph is not supported")
    if bug_print not in ("raise", "warn", "ignore"):
        raise ValueError("The bug_print argument should be 'raise', 'warn' or 'ignore'")
    if isinstance(ops_to_check, str):
        if ops_to_check not in ("last", "all"):
            raise ValueError(f"{ops_to_check!r} is neither 'last' nor 'all'")
        nodes = (
            [v.owner for v in fgraph.outputs if v.owner is not None] if ops_to_check == "last" else fgraph.toposort()
        )
    else:
        wanted = list(ops_to_check) if isinstance(ops_to_check, list | tuple) else [ops_to_check]
        if not all(isinstance(w, Op) or (isinstance(w, type) and issubclass(w, Op)) for w in wanted):
            raise ValueError("The ops to check are ops, classes of ops, or 'last' or 'all'")
        nodes = [
            node
            for node in fgraph.toposort()
            if any(isinstance(node.op, w) if isinstance(w, type) else node.op == w for w in wanted)
        ]
    for node in nodes:
        for output in node.outputs:
            if not _has_trace(output):
                text = f"Empty stack trace! The optimization that inserted this variable is {getattr(output.tag, 'removed_by', node)}"
                if bug_print == "raise":
                    raise Exception(text)
                if bug_print == "warn":
                    warnings.warn(text, stacklevel=2)
                return False
    return True


class CheckStrackTraceFeature:
    """Checks each node that comes into the graph for a place, as ``config.check_stack_trace`` says."""

    __module__ = "theano.gof.opt"

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: Any) -> None:
        """Check the node; give one that has no place a text that says which rewrite made it."""
        from theon.options import config

        how = config.check_stack_trace
        if how == "off" or all(_has_trace(v) for v in node.outputs):
            return
        text = f"Empty stack trace. The optimization that inserted this variable is {reason}"
        if how == "raise":
            raise AssertionError(text)
        if how == "warn":
            warnings.warn(text, stacklevel=2)
        for v in node.outputs:
            v.tag.trace = [[("", 0, text, "")]]


class CheckStackTraceOptimization(Optimizer):
    """Has each node that comes into the graph checked for a place in the user's program."""

    __module__ = "theano.gof.opt"

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach the feature, unless one is."""
        if not any(isinstance(f, CheckStrackTraceFeature) for f in fgraph._features):
            fgraph.attach_feature(CheckStrackTraceFeature())

    def apply(self, fgraph: FunctionGraph) -> None:
        """Nothing more."""
