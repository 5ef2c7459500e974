"""Optimizers and small parts of Theano's ``compile`` modules that programs add or read."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Any

import numpy as np

from theon.compile.debugmode import DebugMode
from theon.compile.mode import FAST_RUN, get_mode
from theon.control.inner import OpFromGraph
from theon.graph.destroy import DestroyHandler
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.printing import debugprint
from theon.graph.variable import Apply
from theon.ops.shape import Shape_i
from theon.ops.shape import shape_i as size_of
from theon.rewrite.local import local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.tensor.type import TensorType

__all__ = [
    "AddDestroyHandler",
    "DataDestroyed",
    "NoDuplicateOptWarningFilter",
    "PrintCurrentFunctionGraph",
    "char_from_number",
    "check_eq",
    "data_destroyed",
    "debugprint_of_node",
    "default_make_thunk",
    "expandable_types",
    "grad_time",
    "inline_ofg_expansion",
    "instantiated_default_mode",
    "mode_not_slow",
    "shape_i",
    "shape_i_op",
]

instantiated_default_mode = None  # the mode is looked up at each call
grad_time = 0.0  # Theano's sum of seconds in grad; kept for programs that print it
expandable_types = (TensorType,)  # types of which TypedList-like ops may take one more dimension
default_make_thunk = [Op.make_thunk]


class AddDestroyHandler(Optimizer):
    """Attaches a :class:`~theon.graph.destroy.DestroyHandler`, and marks outputs that must not be overwritten."""

    __module__ = "theano.compile.mode"

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach it."""
        fgraph.attach_feature(DestroyHandler())

    def apply(self, fgraph: FunctionGraph) -> None:
        """Nothing more: the handler itself refuses to overwrite outputs."""


class PrintCurrentFunctionGraph(Optimizer):
    """Prints ``header`` and the graph as it is at this place of the stages."""

    __module__ = "theano.compile.mode"

    def __init__(self, header: str) -> None:
        self.header = header

    def apply(self, fgraph: FunctionGraph) -> None:
        """Print."""
        print("PrintCurrentFunctionGraph:", self.header)
        debugprint(fgraph.outputs)


@local_optimizer([OpFromGraph])
def inline_ofg_expansion(node: Apply) -> Any:
    """An OpFromGraph with ``inline=True`` is its graph."""
    op = node.op
    return op.expanded(node.inputs) if isinstance(op, OpFromGraph) and op.is_inline else False


@functools.cache
def shape_i_op(i: int) -> Shape_i:
    """Return the op that gives size ``i`` of a shape, one object for each ``i``."""
    return Shape_i(i)


def shape_i(var: Any, i: int, fgraph: Any = None) -> Any:
    """Return size ``i`` of the shape of ``var`` as a scalar variable; ``fgraph`` may know it as an expression."""
    feature = getattr(fgraph, "shape_feature", None)
    known = getattr(feature, "shape_of", {}).get(var) if feature is not None else None
    return known[i] if known is not None else size_of(var, i)


def debugprint_of_node(
    r: Any,
    prefix: str = "",
    depth: int = -1,
    done: Any = None,
    print_type: bool = False,
    file: Any = None,
    print_destroy_map: bool = False,
    print_view_map: bool = False,
    order: Any = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
    prefix_child: str | None = None,
    scan_ops: Any = None,
    profile: Any = None,
    scan_inner_to_outer_inputs: Any = None,
    smap: Any = None,
    used_ids: Any = None,
    print_clients: bool = False,
) -> Any:
    """Print the graph of one variable or node, each line after ``prefix``; return ``file`` (standard output).

    ``theano.printing.debugprint`` is the same for whole functions; arguments have its meaning, and the maps, the profile and the
    tables of loops change nothing.
    """
    out = sys.stdout if file is None else file
    text = debugprint(r, depth, print_type, "str", ids, stop_on_name, done, False, print_clients, used_ids)
    for place, line in enumerate(text.splitlines()):
        print(f"{prefix if place == 0 or prefix_child is None else prefix_child}{line}", file=out)
    return out


def mode_not_slow(mode: Any) -> Any:
    """Return ``mode``, or a quick one in place of DebugMode: for functions that only help to check."""
    found = get_mode(mode)
    return FAST_RUN.clone(optimizer=found.provided_optimizer) if isinstance(found, DebugMode) else found


class DataDestroyed:
    """What DebugMode puts in the place of a value that was overwritten."""

    __module__ = "theano.compile.debugmode"


data_destroyed = DataDestroyed()


def char_from_number(number: int) -> str:
    """Return the letters that debugprint calls a node by: A for 0, B for 1, BA for 26."""
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(ord("A") + digit) + text
        if not number:
            return text


def check_eq(var: Any, val1: Any, val2: Any) -> bool:
    """Whether two values of a variable are equal, as its type (up to rounding, where it can say) or NumPy finds."""
    if hasattr(var.tag, "values_eq_approx"):
        return bool(var.tag.values_eq_approx(val1, val2))
    try:
        return bool(var.type.values_eq_approx(val1, val2))
    except (TypeError, ValueError):
        return bool(np.array_equal(val1, val2))


class NoDuplicateOptWarningFilter(logging.Filter):
    """Lets through each warning about an optimization only once."""

    __module__ = "theano.compile.debugmode"

    prev_msgs: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is to be shown."""
        text = record.getMessage()
        if not text.startswith("Optimization Warning: "):
            return True
        if text in self.prev_msgs:
            return False
        self.prev_msgs.add(text)
        return True
