"""Loops that draw from NumPy's states carry a number for the state, not the state: so they can be native code."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone, io_toposort
from theon.graph.variable import Variable
from theon.random.raw import RandomFunction, random_state_type
from theon.random.tokens import CloseState, DrawFrom, OpenState, token_type
from theon.rewrite.replace import same_origin

__all__ = ["states_as_tokens"]


def _is_state(v: Variable) -> bool:
    return v.type == random_state_type


def states_as_tokens(fgraph: FunctionGraph) -> int:
    """Let loops carry tokens of their random states; return how many loops changed."""
    count = 0
    order = fgraph.toposort()
    serial = itertools.count(1 + max((node.op.serial for node in order if isinstance(node.op, OpenState)), default=0))
    for node in order:
        if not isinstance(node.op, Scan) or not any(map(_is_state, node.inputs)):
            continue
        made = _with_tokens(node.op)
        if made is None:
            continue
        opened = [OpenState(next(serial))(v) if _is_state(v) else v for v in node.inputs]
        found = made(*opened, return_list=True)
        same_origin(found[0], node)
        for old, new in zip(node.outputs, found):
            target = CloseState()(new) if _is_state(old) else old.type.filter_variable(new)
            fgraph.replace(old, target, reason="states_as_tokens")
        count += 1
    return count


def _with_tokens(op: Scan) -> Scan | None:
    """The loop with a token for each state that it carries; None where a step does more with a state than draw from it once."""
    inputs, outputs = clone(op.inputs, op.outputs)
    if any(_is_state(v) for v in op.inner_parts(inputs)[3]):
        return None
    order = io_toposort(inputs, outputs)
    readers = Counter(v for node in order for v in node.inputs) + Counter(outputs)
    now: dict[Variable, Any] = {v: token_type(v.name) for v in inputs if _is_state(v)}
    fresh = [now.get(v, v) for v in inputs]
    for node in order:
        given = [now.get(v, v) for v in node.inputs]
        states = [v for v in node.inputs if _is_state(v)]
        if any(readers[v] != 1 for v in states):
            return None
        made: Sequence[Any]
        if isinstance(node.op, RandomFunction):
            made = DrawFrom(node.op)(*given, return_list=True)
        elif isinstance(node.op, OpenState | CloseState):
            # Of a loop in the step: it goes on with the step's own token.
            made = given
        elif states or any(_is_state(v) for v in node.outputs):
            return None
        elif any(a is not b for a, b in zip(given, node.inputs)):
            made = node.clone_with_new_inputs(given).outputs
        else:
            continue
        now.update(zip(node.outputs, made))
    return Scan(fresh, [now.get(v, v) for v in outputs], op.info, mode=op.mode)
