"""From a function graph to something that runs: the list of stages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from theon.compile.pieces import Pieces
from theon.control.ifelse import IfElse
from theon.control.lazy import LazyIfElse
from theon.control.scan_op import Scan
from theon.errors import NativeFallback
from theon.graph.fgraph import FunctionGraph
from theon.graph.origin import rewriting
from theon.options import config
from theon.random.raw import RandomStateType
from theon.rewrite.rules.branches import make_lazy
from theon.rewrite.rules.nested import last_of_states
from theon.runtime.function import Function
from theon.runtime.linker import Linker, PerformLinker
from theon.runtime.profile import ProfiledProgram
from theon.runtime.reference import ReferenceProgram
from theon.runtime.staged import staged
from theon.runtime.vm import LinkedProgram, OpWiseCLinker, is_native, is_plain
from theon.schedule import blocksparse as blocksparse
from theon.schedule import branch as branch  # they register lowerings
from theon.schedule import conv as conv
from theon.schedule import copies as copies
from theon.schedule import ctc as ctc
from theon.schedule import elementwise as elementwise
from theon.schedule import fourier as fourier
from theon.schedule import gather as gather
from theon.schedule import linalg as linalg
from theon.schedule import loop as loop
from theon.schedule import moments as moments
from theon.schedule import order as order
from theon.schedule import patches as patches
from theon.schedule import picks as picks
from theon.schedule import positions as positions
from theon.schedule import products as products
from theon.schedule import reduce as reduce
from theon.schedule import rows as rows
from theon.schedule import shapes as shapes
from theon.schedule import slices as slices
from theon.schedule import streams as streams
from theon.schedule import tokens as tokens
from theon.schedule import volumes as volumes
from theon.schedule import walks as walks
from theon.schedule import windows as windows
from theon.schedule.lower import Unsupported, lowered
from theon.schedule.verify import verify_program
from theon.tensor.slices import SliceType

__all__ = ["Compiled", "compiled"]


# Nodes beyond which one native function would take too long to make: such graphs are cut into pieces.
_LARGEST_NATIVE = 6_000


class Compiled:
    """A graph made runnable: ``run(values)`` returns the values of its outputs; ``program`` is its native form or None.

    A long graph is run in pieces, one with random states in stages (``stages``).
    """

    def __init__(self, fgraph: FunctionGraph, program: Any, stages: Any = None) -> None:
        self.fgraph, self.program, self.stages = fgraph, program, stages
        self._reference = ReferenceProgram(fgraph) if program is None and stages is None else None
        self.run = self._interpreted if stages is None else stages.run

    def _interpreted(self, values: Sequence[Any]) -> list[Any]:
        """Run the graph node by node; where there is a program, what that takes is made when it is first needed."""
        if self._reference is None:
            self._reference = ReferenceProgram(self.fgraph)
        return self._reference.run(values)

    def attach(self, f: Function) -> None:
        """Give ``f`` its native entry; where inputs have states or defaults, for values that are all bound."""
        if self.program is None:
            return
        n = len(self.program.inputs)
        from theon.runtime.native import NativeFunction

        storages = [c.storage for c in f._containers[n:]]
        # Values of slices as well: the native entry knows them as numbers only, which must not be given in their place.
        stateful = any(
            i.implicit or i.update is not None or isinstance(i.variable.type, SliceType) for i in f._inputs[:n]
        )
        if stateful or not all(c.required for c in f._containers[:n]):
            f.use_native_states(NativeFunction(self.program, storages, "theano_function", _refused))
            return
        native = NativeFunction(self.program, storages, "theano_function", f._slow)
        f.use_native(native)


def _refused(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    raise NativeFallback


def rewrite(fgraph: FunctionGraph, mode: Any) -> None:
    """Rewrite the graph in place, by the optimizer of ``mode``."""
    fgraph.fused = False  # until the pass that allows it
    outer = rewriting.active, rewriting.origin
    rewriting.active, rewriting.origin = True, None
    try:
        mode.optimizer.optimize(fgraph)
    finally:
        rewriting.active, rewriting.origin = outer
    if fgraph.has_ops(IfElse):
        make_lazy(fgraph)
    if not getattr(mode, "native", True):
        for node in fgraph.apply_nodes:
            if isinstance(node.op, LazyIfElse):
                node.op.mode = mode


def compiled(
    fgraph: FunctionGraph, mode: Any, n_inputs: int, n_outputs: int, updated: Sequence[int], profile: Any = None
) -> Any:
    """Return ``fgraph`` made runnable under ``mode``; inputs from ``n_inputs`` on are shared variables, ``updated`` says which
    of them the outputs from ``n_outputs`` on replace. With a ``profile`` each node runs by itself and is timed."""
    if fgraph.has_ops(Scan):
        last_of_states(fgraph)  # here, so that it is the same in all modes
    if hasattr(mode, "executed"):
        return mode.executed(fgraph, n_inputs, n_outputs, updated)
    start = time.perf_counter()
    rewrite(fgraph, mode)
    if profile is not None:
        rewritten = time.perf_counter()
        alone = OpWiseCLinker(allow_gc=False) if getattr(mode, "native", True) else PerformLinker(allow_gc=False)
        made = ProfiledProgram(fgraph, alone)
        profile.note_compilation(time.perf_counter() - start, rewritten - start, len(fgraph.apply_nodes))
        return made
    linker = getattr(mode, "linker", None)
    if isinstance(linker, Linker) and not is_native(linker) and not is_plain(linker):
        return LinkedProgram(fgraph, linker)
    program = stages = None
    if getattr(mode, "native", True):
        if len(fgraph.apply_nodes) > _LARGEST_NATIVE:
            return Compiled(fgraph, None, Pieces(fgraph))
        try:
            program = lowered(fgraph, n_inputs, n_outputs, updated)
            if config.verify_programs:
                verify_program(program)
        except Unsupported:
            program = None
            if any(isinstance(v.type, RandomStateType) for v in fgraph.variables):
                stages = staged(fgraph)
    return Compiled(fgraph, program, stages)
