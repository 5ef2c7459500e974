"""From a function graph to something that runs: the list of stages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.rewrite.engine import fold_constants, merge
from theon.rewrite.rules import likelihood as likelihood  # registers its rules with ``stabilize``
from theon.rewrite.rules.cancel import cancel
from theon.rewrite.rules.canonical import canonical
from theon.rewrite.rules.loops import forget_unread, free_shapes, merge_loops, move_products
from theon.rewrite.rules.nested import expand_graphs, make_lazy, rewrite_steps, slim_loops
from theon.rewrite.rules.stabilize import stabilize
from theon.runtime.function import Function
from theon.runtime.reference import ReferenceProgram
from theon.schedule import branch as branch  # they register lowerings
from theon.schedule import conv as conv
from theon.schedule import gather as gather
from theon.schedule import linalg as linalg
from theon.schedule import loop as loop
from theon.schedule import rows as rows
from theon.schedule import streams as streams
from theon.schedule import windows as windows
from theon.schedule.lower import Unsupported, lowered
from theon.sparse.rules import simplified

__all__ = ["Compiled", "compiled"]


# Nodes beyond which machine code would take minutes to make; such graphs run node by node.
_LARGEST_NATIVE = 20_000


class Compiled:
    """A graph made runnable: ``run(values)`` returns the values of its outputs; ``program`` is its native form or None."""

    def __init__(self, fgraph: FunctionGraph, program: Any) -> None:
        self.fgraph, self.program = fgraph, program
        self.reference = ReferenceProgram(fgraph)
        self.run = self.reference.run

    def attach(self, f: Function) -> None:
        """Give ``f`` its native entry, unless its inputs have states or defaults of their own."""
        if self.program is None:
            return
        n = len(self.program.inputs)
        if any(i.implicit for i in f._inputs[:n]) or not all(c.required for c in f._containers[:n]):
            return
        from theon.runtime.native import NativeFunction

        storages = [c.storage for c in f._containers[n:]]
        native = NativeFunction(self.program, storages, "theano_function", f._slow)
        f.use_native(native)


def rewrite(fgraph: FunctionGraph, mode: Any) -> None:
    """Rewrite the graph in place: graphs
    in place of their ops, merge, canonical form, constants, stabilisation, merge again, loops and branches; as ``mode`` allows."""
    level = getattr(mode, "optimizer", "fast_run")
    if level in (None, "None", "fast_compile", "merge"):
        if level == "merge":
            merge(fgraph)
        make_lazy(fgraph)
        return
    excluded = getattr(mode, "tags", ((), ()))[1]
    expand_graphs(fgraph)
    merge(fgraph)
    if "canonicalize" not in excluded:
        canonical.run(fgraph)
        simplified(fgraph)
        cancel.run(fgraph)
    if "constant_folding" not in excluded:
        fold_constants(fgraph)
    if "stabilize" not in excluded:
        stabilize.run(fgraph)
    merge(fgraph)
    free_shapes(fgraph)
    if "scan" not in excluded and any(isinstance(node.op, Scan) for node in fgraph.apply_nodes):
        merge_loops(fgraph)
        slim_loops(fgraph)
        rewrite_steps(fgraph, lambda step: rewrite(step, mode))
        move_products(fgraph)
        forget_unread(fgraph)
        slim_loops(fgraph)
        merge(fgraph)
    make_lazy(fgraph)


def compiled(fgraph: FunctionGraph, mode: Any, n_inputs: int, n_outputs: int, updated: Sequence[int]) -> Any:
    """Return ``fgraph`` made runnable under ``mode``; inputs from ``n_inputs`` on are shared variables, ``updated`` says which
    of them the outputs from ``n_outputs`` on replace."""
    if hasattr(mode, "executed"):
        return mode.executed(fgraph, n_inputs, n_outputs, updated)
    rewrite(fgraph, mode)
    program = None
    if getattr(mode, "native", True) and len(fgraph.apply_nodes) <= _LARGEST_NATIVE:
        try:
            program = lowered(fgraph, n_inputs, n_outputs, updated)
        except Unsupported:
            program = None
    return Compiled(fgraph, program)
