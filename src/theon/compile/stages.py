"""The stages of rewriting, as one database: what runs, in which order, under which tags.

``optdb`` is what ``theano.function`` asks: a :class:`Mode` is a query to it. Whole passes and groups of rules stand in it at
positions; rules stand in their group with their tags. Users add their own optimizers, by ``optdb.register`` or by the decorators
``register_canonicalize``, ``register_stabilize``, ``register_specialize`` ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.control.scan_op import Scan
from theon.graph.fgraph import FunctionGraph
from theon.rewrite.database import EquilibriumDB, LocalGroupDB, Query, SequenceDB, TopoDB
from theon.rewrite.engine import MergeOptimizer, merge
from theon.rewrite.navigate import NavigatorOptimizer
from theon.rewrite.optimizer import GraphPass
from theon.rewrite.rules import GROUPS
from theon.rewrite.rules.branches import make_lazy
from theon.rewrite.rules.last_rows import keep_last_rows
from theon.rewrite.rules.loop_shapes import shapes_of_loops
from theon.rewrite.rules.loops import forget_unread, free_shapes, move_products
from theon.rewrite.rules.merging import merge_loops
from theon.rewrite.rules.nested import expand_graphs, last_of_states, rewrite_steps, slim_loops
from theon.rewrite.rules.states import states_as_tokens
from theon.sparse.rules import simplified

__all__ = [
    "OPTIMIZERS",
    "fuse_seqopt",
    "local_useless",
    "optdb",
    "register_canonicalize",
    "register_optimizer",
    "register_specialize",
    "register_specialize_device",
    "register_stabilize",
    "register_uncanonicalize",
    "register_useless",
    "scan_eqopt1",
    "scan_eqopt2",
    "scan_seqopt1",
]

optdb = SequenceDB()
# Where users add their own optimizers of loops: before, while and after Theon's own.
scan_eqopt1 = EquilibriumDB()
scan_seqopt1 = SequenceDB()
scan_eqopt2 = EquilibriumDB()
local_useless = LocalGroupDB(apply_all_opts=True)


def loops(fgraph: FunctionGraph) -> None:
    """Loops: merged, without what nobody reads, their steps rewritten, products moved out."""
    if not fgraph.has_ops(Scan):
        return
    shapes_of_loops(fgraph)
    merge(fgraph)
    merge_loops(fgraph)
    last_of_states(fgraph)
    slim_loops(fgraph)
    if fgraph.rewriter is not None:
        rewrite_steps(fgraph, fgraph.rewriter.apply)
    move_products(fgraph)
    forget_unread(fgraph)
    slim_loops(fgraph)
    keep_last_rows(fgraph)
    states_as_tokens(fgraph)


class Fusion(GraphPass):
    """Lets the scheduler compute chains of elementwise ops in one loop; without this pass each op has a loop of its own."""

    def __init__(self) -> None:
        super().__init__(self._allow, "elemwise_fusion")

    @staticmethod
    def _allow(fgraph: FunctionGraph) -> None:
        fgraph.fused = True


fuse_seqopt = SequenceDB()
fuse_seqopt.register("composite_elemwise_fusion", Fusion(), 1, "fast_run", "fusion", "stable")
_FAST = ("fast_run", "stable")
_BOTH = ("fast_run", "fast_compile", "stable")
# (name, what, position, tags). The positions are those at which programs written for Theano expect the stages.
_STAGES: tuple[tuple[str, Any, float, tuple[str, ...]], ...] = (
    ("inline_ofg_expansion", GraphPass(expand_graphs), -0.01, (*_FAST, "expand_graphs")),
    ("merge1", MergeOptimizer(), 0, (*_FAST, "merge")),
    ("useless", TopoDB(local_useless, failure_callback=NavigatorOptimizer.warn), 0.6, _BOTH),
    ("canonicalize", EquilibriumDB(ignore_newtrees=False), 1, _BOTH),
    ("sparse", GraphPass(simplified), 1.1, _FAST),
    ("merge1.2", MergeOptimizer(), 1.2, (*_FAST, "merge")),
    ("stabilize", EquilibriumDB(), 1.5, _BOTH),
    ("merge1.6", MergeOptimizer(), 1.6, (*_FAST, "merge")),
    ("linear_gradients", EquilibriumDB(), 1.7, (*_FAST, "linear_algebra")),
    ("linear", EquilibriumDB(), 1.8, (*_FAST, "linear_algebra")),
    ("merge1.85", MergeOptimizer(), 1.85, (*_FAST, "merge")),
    ("linear_factors", EquilibriumDB(), 1.87, (*_FAST, "linear_algebra")),
    ("merge1.9", MergeOptimizer(), 1.9, (*_FAST, "merge")),
    ("specialize", EquilibriumDB(), 2, _BOTH),
    ("uncanonicalize", EquilibriumDB(), 3, _BOTH),
    ("free_shapes", GraphPass(free_shapes), 10, (*_FAST, "ShapeOpt")),
    ("scan_eqopt1", scan_eqopt1, 19, (*_FAST, "scan_opt")),
    ("scan_seqopt1", scan_seqopt1, 19.5, (*_FAST, "scan_opt")),
    ("scan", GraphPass(loops), 20, (*_FAST, "scan_opt")),
    ("scan_eqopt2", scan_eqopt2, 20.5, (*_FAST, "scan_opt")),
    ("merge2", MergeOptimizer(), 49, (*_FAST, "merge")),
    ("elemwise_fusion", fuse_seqopt, 49.5, (*_FAST, "fusion", "local_elemwise_fusion")),
    ("specialize_device", EquilibriumDB(), 48.6, _BOTH),
    ("make_lazy", GraphPass(make_lazy), 76, _BOTH),
)  # fmt: skip
for _name, _what, _position, _tags in _STAGES:
    optdb.register(_name, _what, _position, *_tags)
for _rules in GROUPS:
    for _rule in _rules:
        optdb[_rule.group].register(_rule.name, _rule, *_rule.tags)


def _register(group: Any, where: Any, lopt: Any, tags: tuple[Any, ...], kwargs: dict[str, Any], usual: Any) -> Any:
    if isinstance(lopt, str):

        def register(inner: Any) -> Any:
            return _register(group, where, inner, (lopt, *tags), kwargs, usual)

        return register
    name = kwargs.pop("name", None) or getattr(lopt, "__name__", None) or lopt.name
    group.register(name, lopt, *usual, *tags, **kwargs)
    return lopt


def _registrar(group: Any, usual: tuple[str, ...], text: str) -> Callable[..., Any]:
    def register(lopt: Any, *tags: Any, **kwargs: Any) -> Any:
        return _register(group, register, lopt, tags, kwargs, usual)

    register.__doc__ = (
        f"Add a local optimizer to {text}, under its name (or ``name=``) and the given tags; a decorator, also with "
        "tags: ``@register(...)``. Returns the optimizer."
    )
    return register


register_canonicalize = _registrar(
    optdb["canonicalize"], ("fast_run",), "those that bring graphs into their usual form"
)
register_stabilize = _registrar(optdb["stabilize"], ("fast_run",), "those that keep precision")
register_specialize = _registrar(
    optdb["specialize"], ("fast_run",), "those that put in quicker ops, after the usual form"
)
register_uncanonicalize = _registrar(
    optdb["uncanonicalize"], ("fast_run",), "those that undo the usual form where that is quicker"
)
register_specialize_device = _registrar(
    optdb["specialize_device"], ("fast_run",), "those that are tried last, where a device has no say"
)
register_useless = _registrar(
    local_useless, ("last", "fast_run"), "those that remove what computes nothing, which run first"
)
for _name in ("canonicalize", "stabilize", "specialize", "uncanonicalize", "specialize_device", "useless"):
    globals()[f"register_{_name}"].__name__ = globals()[f"register_{_name}"].__qualname__ = f"register_{_name}"

_FAST_RUN = Query(include=["fast_run"])
# What config.optimizer and Mode(optimizer=...) may name.
OPTIMIZERS: dict[Any, Any] = {
    None: Query(include=[]),
    "None": Query(include=[]),
    "merge": Query(include=["merge"]),
    "o4": _FAST_RUN,
    "o3": _FAST_RUN.excluding("inplace"),
    "o2": _FAST_RUN.excluding("inplace", "fusion"),
    "o1": Query(include=["fast_compile"]),
    "unsafe": _FAST_RUN.including("unsafe"),
    "fast_run": _FAST_RUN,
    "fast_run_stable": _FAST_RUN.requiring("stable"),
    "fast_compile": Query(include=["fast_compile"]),
    "stabilize": Query(include=["fast_run"], position_cutoff=1.5000001),
}


def register_optimizer(name: str, opt: Any) -> None:
    """Add an optimizer (or a query) that ``Mode(optimizer=name)`` may name; ValueError for a name that is taken."""
    if name in OPTIMIZERS:
        raise ValueError(f"Optimizer name already taken: {name}")
    OPTIMIZERS[name] = opt
