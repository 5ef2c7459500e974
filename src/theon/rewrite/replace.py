"""Putting what a local optimizer found into the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.errors import InconsistencyError
from theon.graph.fgraph import FunctionGraph
from theon.graph.origin import rewriting
from theon.graph.variable import Apply, Variable
from theon.rewrite.failure import report
from theon.rewrite.rule import Rule

__all__ = ["apply_to", "put", "replaced", "same_origin"]


def same_origin(new: Variable, node: Apply) -> None:
    """Give the nodes made for ``new`` that have no place in the user's program the place of ``node``."""
    origin = getattr(node.tag, "origin", None)
    stack = [new]
    while stack and origin is not None:
        owner = stack.pop().owner
        if owner is not None and owner is not node and getattr(owner.tag, "origin", None) is None:
            owner.tag.origin = origin
            stack.extend(owner.inputs)


def put(fgraph: FunctionGraph, node: Apply, found: Any, rule: Rule) -> list[Variable]:
    """Put what a rule found (a variable, or one or None for each output) into the graph; what has another type is left out."""
    done = []
    for old, v in zip(node.outputs, [found] if isinstance(found, Variable) else found):
        if v is None or v is old or v.type != old.type:
            continue
        if v.name is None and v.owner is not None:
            v.name = old.name
        same_origin(v, node)
        fgraph.replace(old, v, reason=rule.name)
        done.append(v)
    return done


def replaced(fgraph: FunctionGraph, node: Apply, found: Any, opt: Any) -> list[Variable]:
    """Put what ``opt`` found for ``node`` into the graph; return the new variables, none where nothing changed.

    ValueError or TypeError where a local optimizer returned what cannot stand for the node's outputs; InconsistencyError,
    with the graph as before, where a feature of the graph refuses it.
    """
    outputs = node.outputs
    if isinstance(opt, Rule):
        return put(fgraph, node, found, opt)
    removed: list[Any] = []
    if isinstance(found, dict):
        removed = list(found.get("remove", ()))
        pairs = [(old, v) for old, v in found.items() if isinstance(old, Variable)]
    elif isinstance(found, Variable):
        pairs = [(outputs[0], found)]
    elif isinstance(found, list | tuple):
        if len(found) != len(outputs):
            raise ValueError(
                f"Optimizer {opt} gave wrong number of replacements: {len(found)} for {len(outputs)} outputs of {node}"
            )
        pairs = list(zip(outputs, found))
    else:
        raise TypeError(f"Optimizer {opt} gave wrong type of replacement. Expected list or tuple. Got {found!r}")
    pairs = [(old, v) for old, v in pairs if v is not None and v is not old]
    if not pairs:
        return []
    for _, v in pairs:
        same_origin(v, node)
    fgraph.replace_all_validate(pairs, reason=opt)
    left = [v for v in removed if (v in fgraph.apply_nodes if isinstance(v, Apply) else v in fgraph.variables)]
    if left:
        for old, v in reversed(pairs):
            fgraph.replace(v, old, reason="undo")
        return []
    return [v for _, v in pairs]


def apply_to(fgraph: FunctionGraph, node: Apply, opt: Any, failure: Callable[..., Any] | None = None) -> list[Variable]:
    """Try ``opt`` on ``node``; return the variables that replaced its outputs. Errors go to ``failure`` or are reported."""
    rewriting.origin = getattr(node.tag, "origin", None)
    try:
        if isinstance(opt, Rule):
            found = opt.function(node, fgraph) if opt.graph else opt.function(node)
        else:
            found = opt.transform(node)
        if found is None or found is False:
            return []
        return replaced(fgraph, node, found, opt)
    except Exception as error:
        if failure is None:
            if not isinstance(error, InconsistencyError):
                report(error, opt, node)
        else:
            failure(error, None, [], opt, node)
        return []
