"""Theano's names for rewrites (``theano.tensor.opt.local_log1p`` ...) and the functions that its modules of rewrites offer.

Each ``local_*`` name is the rule, or the group of rules, that does what Theano calls so: a local optimizer, to be called, or
put into :func:`~theano.gof.opt.in2out`, a database or a mode. The table is made from the rules themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.compile.stages import Fusion, fuse_seqopt, optdb
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.legacy.canonizer import local_add_canonizer, local_mul_canonizer
from theon.legacy.tensor_ops import Tile
from theon.ops.arith import maximum, minimum, sub, switch
from theon.ops.cast import cast
from theon.ops.compare import lt
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, Rebroadcast
from theon.ops.extremes import Max, Min
from theon.ops.fill import alloc
from theon.ops.join import MakeVector
from theon.ops.reduce import All, CAReduce, Prod, Sum
from theon.ops.reduce import Any as AnyOp
from theon.ops.shape import shape_i
from theon.rewrite.local import FromFunctionLocalOptimizer, LocalOptGroup, local_optimizer
from theon.rewrite.match import number_of
from theon.rewrite.navigate import in2out, pre_greedy_local_optimizer
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.rule import Rule
from theon.rewrite.rules import GROUPS
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.constant import as_tensor_variable, constant

__all__ = [
    "ALL_REDUCE",
    "FusionOptimizer",
    "InplaceElemwiseOptimizer",
    "MakeVectorPrinter",
    "add_canonizer",
    "apply_local_dimshuffle_lift",
    "apply_rebroadcast_opt",
    "broadcast_like",
    "encompasses_broadcastable",
    "fuse_seqopt",
    "get_clients",
    "get_clients2",
    "inplace_elemwise_optimizer",
    "is_an_upcast",
    "is_dimshuffle_useless",
    "is_inverse_pair",
    "local_add_mul_fusion",
    "local_reshape_chain",
    "local_useless_tile",
    "make_vector",
    "merge_broadcastables",
    "merge_two_slices",
    "mul_canonizer",
    "scalarconsts_rest",
    "topo_constant_folding",
]


def _by_theanos_names() -> dict[str, Any]:
    found: dict[str, list[Rule]] = {}
    for rules in GROUPS:
        for rule in rules:
            for name in rule.theano:
                found.setdefault(name, []).append(rule)
    named: dict[str, Any] = {}
    for name, rules in found.items():
        if len(rules) == 1:
            named[name] = rules[0]
        else:
            group = LocalOptGroup(*rules)
            group.name = group.__name__ = name  # type: ignore[attr-defined]
            named[name] = group
    return named


_FOUND = _by_theanos_names()
# Theano has these as something else than a local optimizer of one node.
for _name in (
    "topo_constant_folding",
    "local_reshape_chain",
    "check_for_x_over_absX",
    "ShapeOptimizer",
    "local_add_canonizer",
    "local_mul_canonizer",
):
    _FOUND.pop(_name, None)
globals().update(_FOUND)
__all__ += list(_FOUND)
topo_constant_folding = in2out(_FOUND["constant_folding"], ignore_newtrees=True, name="topo_constant_folding")
add_canonizer = in2out(local_add_canonizer, name="add_canonizer_group")
mul_canonizer = in2out(local_mul_canonizer, name="mul_canonizer_group")
make_vector = MakeVector()
ALL_REDUCE = [CAReduce, All, AnyOp, Sum, Prod, Max, Min]


def local_reshape_chain(op: type) -> FromFunctionLocalOptimizer:
    """Return a local optimizer that makes one reshape of two in a row, for a class of reshape ops."""
    rule: Any = next(rule for rules in GROUPS for rule in rules if rule.name == "reshape_of_reshape")

    @local_optimizer([op])
    def reshape_chain(node: Apply) -> Any:
        """Two reshapes in a row are the second."""
        return rule.transform(node)

    return reshape_chain


@local_optimizer([Tile])
def local_useless_tile(node: Apply) -> Any:
    """A tiling that repeats nothing is no tiling."""
    x, reps = node.inputs
    if node.outputs[0].type != x.type or number_of(reps) != 1:
        return False
    return [x]


def local_add_mul_fusion(node: Apply) -> Any:
    """Return the sum (product) of all terms (factors) where some are sums (products) that nobody else reads; False for others."""
    if not isinstance(node.op, Elemwise) or node.op.scalar_op.kind not in ("add", "mul"):
        return False
    parts: list[Variable] = []
    for v in node.inputs:
        inner = v.owner
        same = inner is not None and inner.op == node.op and len(v.clients) <= 1
        if same and v.type.dtype == node.outputs[0].type.dtype:  # type: ignore[attr-defined]
            parts.extend(inner.inputs)  # type: ignore[union-attr]
        else:
            parts.append(v)
    return [copy_stack_trace(node.outputs[0], node.op(*parts))] if len(parts) > len(node.inputs) else False


class FusionOptimizer(Fusion):
    """Lets elementwise ops share loops. Which do is the scheduler's choice, so that ``local_optimizer`` is not asked."""

    __module__ = "theano.tensor.opt"

    def __init__(self, local_optimizer: Any) -> None:
        super().__init__()
        self.optimizer = local_optimizer


class InplaceElemwiseOptimizer(Optimizer):
    """In Theano, puts in ops that overwrite an operand. Here memory is planned after rewriting, and every result that may
    overwrite an operand does: a graph is left as it is."""

    __module__ = "theano.tensor.opt"

    def __init__(self, OP: Any) -> None:
        self.op = OP
        self.name = "inplace_elemwise_optimizer"

    def apply(self, fgraph: FunctionGraph) -> None:
        """Leave the graph as it is."""


inplace_elemwise_optimizer = InplaceElemwiseOptimizer(Elemwise)
optdb.register("inplace_elemwise_opt", inplace_elemwise_optimizer, 75, "fast_run", "inplace", "elemwise_optimizer")


class MakeVectorPrinter:
    """Prints a vector of scalars as [a, b, c]."""

    __module__ = "theano.tensor.opt"

    def process(self, r: Variable, pstate: Any) -> str:
        """Return the text. TypeError for anything else."""
        if r.owner is None:
            raise TypeError("Can only print make_vector.")
        if not isinstance(r.owner.op, MakeVector):
            raise TypeError("Can only print make_vector.")
        return f"[{', '.join(pstate.pprinter.process(v, pstate) for v in r.owner.inputs)}]"


# --- questions about patterns and dtypes --------------------------------------------------------------------------------


def encompasses_broadcastable(b1: Sequence[bool], b2: Sequence[bool]) -> bool:
    """Whether an array of pattern ``b1`` has all dimensions of one of pattern ``b2``, and is of size 1 only where that is."""
    if len(b1) < len(b2):
        return False
    return not any(flag and not other for flag, other in zip(b1[-len(b2) :] if b2 else (), b2))


def merge_broadcastables(broadcastables: Sequence[Sequence[bool]]) -> list[bool]:
    """Return the pattern of what comes of broadcasting arrays of these patterns, all of one length."""
    return [all(flags) for flags in zip(*broadcastables)]


def is_an_upcast(type1: str, type2: str) -> bool:
    """Whether a cast from dtype ``type1`` to ``type2`` keeps all values."""
    kinds = {"bool": 0, "uint": 1, "int": 1, "float": 3, "complex": 4}

    def split(name: str) -> tuple[str, int]:
        kind = name.rstrip("0123456789")
        return kind, int(name[len(kind) :] or 1)

    (kind1, bits1), (kind2, bits2) = split(str(type1)), split(str(type2))
    if kinds[kind1] < kinds[kind2] and kind1 == "bool":
        return True
    if kind1 == "uint" and kind2 == "int":
        return bits1 < bits2
    if kind1 == kind2:
        return bits1 <= bits2
    if kind1 in ("int", "uint") and kind2 in ("float", "complex"):
        return (bits2 if kind2 == "float" else bits2 // 2) > bits1
    return kind1 == "float" and kind2 == "complex" and bits2 // 2 >= bits1


def is_inverse_pair(node_op: Any, prev_op: Any, inv_pair: tuple[Any, Any]) -> bool:
    """Whether two ops (or scalar ops) are those of ``inv_pair``, in any order."""
    first, second = (getattr(op, "scalar_op", op) for op in inv_pair)
    ops = tuple(getattr(op, "scalar_op", op) for op in (node_op, prev_op))
    return ops in ((first, second), (second, first))


def is_dimshuffle_useless(new_order: Sequence[Any], input: Variable) -> bool:
    """Whether a dimshuffle in ``new_order`` leaves ``input``, or the dimshuffled array that it is, as it is."""
    if len(new_order) != input.type.ndim:  # type: ignore[attr-defined]
        return False
    flags = input.type.broadcastable  # type: ignore[attr-defined]
    moved = [d for d in new_order if d != "x" and not flags[d]]
    places = [place for place, d in enumerate(new_order) if d != "x" and not flags[d]]
    return moved == places and all(d == "x" or flags[d] or d == place for place, d in enumerate(new_order))


def scalarconsts_rest(
    inputs: Sequence[Variable], elemwise: bool = True, only_process_constants: bool = False
) -> tuple[list[Any], list[Variable], list[Variable]]:
    """Return the numbers that some variables are known to be, those variables, and the others."""
    from theon.errors import NotScalarConstantError
    from theon.ops.shape import get_scalar_constant_value

    consts: list[Any] = []
    known: list[Variable] = []
    rest: list[Variable] = []
    for v in inputs:
        try:
            consts.append(
                get_scalar_constant_value(v, elemwise=elemwise, only_process_constants=only_process_constants)
            )
            known.append(v)
        except NotScalarConstantError:
            rest.append(v)
    return consts, known, rest


def get_clients(node: Apply) -> list[Any]:
    """Return the nodes that read the outputs of ``node``."""
    return [reader for v in node.outputs for reader, _ in v.clients]


def get_clients2(node: Apply) -> list[Any]:
    """Return the nodes that read the outputs of the nodes that read the outputs of ``node``."""
    return [far for reader in get_clients(node) if isinstance(reader, Apply) for far in get_clients(reader)]


# --- building -------------------------------------------------------------------------------------------------------------


def broadcast_like(value: Any, template: Variable, fgraph: FunctionGraph, dtype: str | None = None) -> Any:
    """Return ``value`` spread to the shape of ``template``, in its dtype or ``dtype``."""
    value = cast(as_tensor_variable(value), dtype or template.type.dtype)  # type: ignore[attr-defined]
    if value.type == template.type and value.type.ndim == 0:
        return value
    feature = getattr(fgraph, "shape_feature", None)
    if feature is not None and template in feature.shape_of:
        sizes = feature.shape_of[template]
    else:
        sizes = [shape_i(template, d) for d in range(template.type.ndim)]  # type: ignore[attr-defined]
    return alloc(value, *sizes)


def apply_local_dimshuffle_lift(var: Variable) -> Variable:
    """Return ``var`` with dimshuffles in a row made one."""
    if var.owner is None or not isinstance(var.owner.op, DimShuffle):
        return var
    return pre_greedy_local_optimizer([_FOUND["local_dimshuffle_lift"]], var)


def apply_rebroadcast_opt(rval: Variable) -> Variable:
    """Return ``rval`` without changes of pattern that change nothing, and with those in a row made one."""
    if rval.owner is None or not isinstance(rval.owner.op, Rebroadcast):
        return rval
    wanted = [_FOUND["local_useless_rebroadcast"], _FOUND["local_rebroadcast_lift"]]
    return pre_greedy_local_optimizer(wanted, rval)


def _steps(s: slice, n: Any) -> tuple[Any, Any, Any]:
    """(first place, step, number of places) of a slice of ``n`` elements."""
    from theon.ops.arith import int_div

    def whole(v: Any) -> Any:
        return cast(as_tensor_variable(v), "int64")

    n = whole(n)
    step = whole(1 if s.step is None else s.step)
    back = lt(step, 0)
    low, high = switch(back, -1, 0), switch(back, n - 1, n)

    def bounded(v: Any, default: Any) -> Any:
        if v is None:
            return default
        v = whole(v)
        return minimum(maximum(switch(lt(v, 0), v + n, v), low), high)

    first = bounded(s.start, switch(back, n - 1, 0))
    last = bounded(s.stop, switch(back, -1, n))
    toward = switch(back, 1, -1)
    return first, step, maximum(int_div(sub(last, first) + step + toward, step), 0)


def merge_two_slices(slice1: Any, len1: Any, slice2: Any, len2: Any) -> Any:
    """Return the slice (or index) that takes from ``len1`` elements what ``slice2`` takes of the ``len2`` that ``slice1`` takes."""
    if not isinstance(slice1, slice):
        raise ValueError("First provided slice should actually be of type slice and not an index !", slice1)
    first1, step1, _ = _steps(slice1, len1)
    if not isinstance(slice2, slice):
        place = cast(as_tensor_variable(slice2), "int64")
        return first1 + switch(lt(place, 0), place + len2, place) * step1
    first2, step2, count = _steps(slice2, len2)
    start, step = first1 + first2 * step1, step1 * step2
    stop = start + count * step
    # A stop below 0 counts from the end: beyond the front, that is one before all.
    before = sub(constant(np.asarray(-1, "int64")), len1)
    start = switch(lt(start, 0), before, start)
    return slice(start, switch(lt(stop, 0), before, stop), step)
