"""The loop optimizations by the names and classes under which Theano had them, each over Theon's own pass."""

from __future__ import annotations

from typing import Any

from theon.compile.stages import scan_eqopt1, scan_eqopt2, scan_seqopt1
from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Constant
from theon.rewrite.local import local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.rules.loop_parts import Parts
from theon.rewrite.rules.loops import move_products
from theon.rewrite.rules.merging import merge_loops
from theon.rewrite.rules.nested import slim_loops

__all__ = [
    "PushOutDot1",
    "PushOutNonSeqScan",
    "PushOutScanOutput",
    "PushOutSeqScan",
    "ScanInplaceOptimizer",
    "ScanMerge",
    "ScanSaveMem",
    "remove_constants_and_unused_inputs_scan",
    "scan_eqopt1",
    "scan_eqopt2",
    "scan_merge_inouts",
    "scan_seqopt1",
]


class _LoopOptimizer(Optimizer):
    __module__ = "theano.scan_module.scan_opt"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()


class ScanMerge(_LoopOptimizer):
    """Loops that run the same number of steps become one."""

    def apply(self, fgraph: FunctionGraph) -> int:
        """Merge; return how many loops are gone."""
        return merge_loops(fgraph)


class ScanSaveMem(_LoopOptimizer):
    """Loops keep the last values of states of which nothing else is read, and do not collect what nobody reads."""

    def apply(self, fgraph: FunctionGraph) -> int:
        """Do it; return how many loops changed."""
        return slim_loops(fgraph)


class PushOutDot1(_LoopOptimizer):
    """Sums of products over all steps become one product after the loop."""

    def apply(self, fgraph: FunctionGraph) -> int:
        """Move products; return how many moved."""
        return move_products(fgraph)


class PushOutScanOutput(PushOutDot1):
    """Products that a loop only collects are computed after it, all at once."""


class PushOutSeqScan(PushOutDot1):
    """Products of a sequence's rows with what no step changes are computed before the loop, all at once."""


class PushOutNonSeqScan(_LoopOptimizer):
    """What depends on nothing that changes from step to step is computed before the loop."""

    def apply(self, fgraph: FunctionGraph) -> int:
        """Move nodes out; return how many."""
        count = 0
        for node in fgraph.toposort():
            if isinstance(node.op, Scan) and node in fgraph.apply_nodes:
                count += _invariants_out(fgraph, node)
        return count


class ScanInplaceOptimizer(_LoopOptimizer):
    """Leaves the graph as it is: where values are computed in place is decided when memory is planned."""

    def __init__(self, typeInfer: Any = None, gpua_flag: bool = False) -> None:
        super().__init__()

    def apply(self, fgraph: FunctionGraph) -> int:
        """0."""
        return 0


def _invariants_out(fgraph: FunctionGraph, node: Apply) -> int:
    op: Any = node.op
    parts = Parts.of(node)
    fixed: dict[Any, Any] = dict(parts.others)
    moved = 0
    inside: set[Any] = set()
    for inner in io_toposort(op.inputs, op.outputs):
        if inner.inputs and all(v in fixed or isinstance(v, Constant) for v in inner.inputs):
            made = inner.op(*(fixed.get(v, v) for v in inner.inputs), return_list=True)
            fixed.update(zip(inner.outputs, made))
            moved += 1
        else:
            inside.update(inner.inputs)
    inside.update(op.outputs)
    if not moved:
        return 0
    replacements: dict[Any, Any] = {}
    for v, outer in fixed.items():
        if v.owner is not None and v in inside:
            replacements[v] = v.type()
            parts.others.append((replacements[v], outer))
    if not replacements:
        return 0
    parts.substitute(replacements)
    parts.build(fgraph, "PushOutNonSeqScan")
    return moved


@local_optimizer([Scan])
def remove_constants_and_unused_inputs_scan(node: Apply) -> Any:
    """A loop that does not read what its step does not use, and has constants in its step."""
    op: Any = node.op
    parts = Parts.of(node)
    used = {v for inner in io_toposort(op.inputs, op.outputs) for v in inner.inputs} | set(op.outputs)
    constants = {inner: outer for inner, outer in parts.others if inner in used and isinstance(outer, Constant)}
    seqs = [s for s in parts.seqs if s[0] in used]
    others = [o for o in parts.others if o[0] in used and o[0] not in constants]
    if len(seqs) == len(parts.seqs) and len(others) == len(parts.others):
        return False
    parts.seqs, parts.others = seqs, others
    if constants:
        parts.substitute(constants)
    return parts.outputs()


@local_optimizer([Scan])
def scan_merge_inouts(node: Apply) -> Any:
    """A loop that reads an outer variable given to it twice once."""
    parts = Parts.of(node)
    seen: dict[Any, Any] = {}
    replacements: dict[Any, Any] = {}
    for pairs in (parts.seqs, parts.others):
        for inner, outer in list(pairs):
            key = (id(pairs), outer)
            if key in seen:
                replacements[inner] = seen[key]
                pairs.remove((inner, outer))
            else:
                seen[key] = inner
    if not replacements:
        return False
    parts.substitute(replacements)
    return parts.outputs()
