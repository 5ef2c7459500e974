"""Local optimizers applied everywhere until none finds anything.

Nodes are looked at from inputs to outputs, new ones as soon as they are made; after that only those near a change are looked
at again. Optimizers are found by op, so that a node that nobody wants costs one look-up; work grows linearly with the graph.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.origin import rewriting
from theon.graph.variable import Apply, Variable
from theon.options import config
from theon.rewrite.failure import report
from theon.rewrite.local import LocalOptimizer, key_of, keys_of, matches
from theon.rewrite.navigate import NavigatorOptimizer
from theon.rewrite.optimizer import Optimizer
from theon.rewrite.replace import apply_to, put
from theon.rewrite.rule import Rule

__all__ = ["EquilibriumOptimizer", "Index"]

_logger = logging.getLogger("theano.gof.opt")
_ROUNDS = 50
_NEIGHBOURS = 8  # readers of one variable that are looked at again
_DEPTH = 2  # how far from a change a rule may look


class Index:
    """Local optimizers by the ops that they look at, in the order in which they were given."""

    def __init__(self, optimizers: Iterable[Any]) -> None:
        self.by_key: dict[Any, list[tuple[int, Any, Any]]] = {}
        self.others: list[tuple[int, Any, Any]] = []
        self.found: dict[Any, tuple[tuple[Any, Any, Any, bool], ...]] = {}
        for place, opt in enumerate(optimizers):
            tracked = opt.roots if isinstance(opt, Rule) else opt.tracks()
            for t in (None,) if tracked is None else tracked:
                key = keys_of(t)
                if key is None:
                    self.others.append((place, opt, t))
                else:
                    exact = isinstance(t, str) or (isinstance(key, str) and not getattr(t, "inplace_pattern", ()))
                    self.by_key.setdefault(key, []).append((place, opt, None if exact else t))

    def of(self, op: Any) -> tuple[tuple[Any, Any, Any, bool], ...]:
        """(optimizer, op, function, graph) of each: it looks at nodes of that op only, where it is not None; rules have a function."""
        key = key_of(op)
        found = self.found.get(key)
        if found is None:
            entries = [*self.by_key.get(key, ()), *((p, o, None) for p, o, t in self.others if matches(op, t))]
            first: dict[Any, Any] = {}
            for _, opt, guard in sorted(entries, key=lambda e: e[0]):
                if guard is None or opt not in first:
                    rule = isinstance(opt, Rule)
                    first[opt] = (opt, guard, opt.function if rule else None, rule and opt.graph)
            found = self.found[key] = tuple(first.values())
        return found


class EquilibriumOptimizer(NavigatorOptimizer):
    """Applies local and global optimizers until none changes the graph.

    ``max_use_ratio`` bounds the uses of one optimizer, as a multiple of the number of nodes at the start (by default
    ``config.optdb.max_use_ratio``); one that reaches the bound is left out, with an entry in the log. ``final_optimizers``
    run after each sweep, ``cleanup_optimizers`` after those.
    """

    __module__ = "theano.gof.opt"

    def __init__(
        self,
        optimizers: Iterable[Any],
        failure_callback: Any = None,
        ignore_newtrees: bool = True,
        tracks_on_change_inputs: bool = False,
        max_use_ratio: Any = None,
        final_optimizers: Iterable[Any] | None = None,
        cleanup_optimizers: Iterable[Any] | None = None,
    ) -> None:
        self.name, self.local_opt = None, None
        self.max_use_ratio = max_use_ratio
        self.failure_callback = failure_callback
        self.ignore_newtrees, self.tracks_on_change_inputs = ignore_newtrees, tracks_on_change_inputs
        optimizers = list(optimizers)
        self.local_optimizers = [o for o in optimizers if isinstance(o, LocalOptimizer)]
        self.global_optimizers = [o for o in optimizers if not isinstance(o, LocalOptimizer)]
        self.final_optimizers = list(final_optimizers or ())
        self.cleanup_optimizers = list(cleanup_optimizers or ())
        self.index = Index(self.local_optimizers)
        self.uses: dict[Any, int] = {}

    def get_local_optimizers(self) -> Iterable[Any]:
        """Yield the local optimizers."""
        yield from self.local_optimizers

    def add_local_optimizer(self, opt: Any) -> None:
        """Add a local optimizer."""
        self.local_optimizers.append(opt)
        self.index = Index(self.local_optimizers)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach what each optimizer needs."""
        for opt in (*self.local_optimizers, *self.global_optimizers, *self.final_optimizers, *self.cleanup_optimizers):
            if not isinstance(opt, Rule):
                opt.add_requirements(fgraph)

    def apply(self, fgraph: FunctionGraph, start_from: Any = None) -> dict[Any, int]:
        """Rewrite the graph; return how often each optimizer changed something."""
        if not (self.local_optimizers or self.global_optimizers or self.final_optimizers):
            self.uses = {}
            return self.uses
        ratio = config.optdb.max_use_ratio if self.max_use_ratio is None else self.max_use_ratio
        limit = max(1, int(ratio * max(len(fgraph.apply_nodes), 1)))
        uses: dict[Any, int] = {}
        tired: set[Any] = set()
        outer, fgraph.imported = fgraph.imported, []
        try:
            for _ in range(_ROUNDS):
                changed = self._sweep(fgraph, uses, tired, limit)
                for opt in (*self.global_optimizers, *self.final_optimizers, *self.cleanup_optimizers):
                    before = self._mark(fgraph)
                    opt.apply(fgraph)
                    if opt not in self.cleanup_optimizers and self._mark(fgraph) != before:
                        uses[opt] = uses.get(opt, 0) + 1
                        changed += 1
                if not changed or not (self.global_optimizers or self.final_optimizers):
                    break
        finally:
            fgraph.imported = outer
        self.uses = uses
        return uses

    @staticmethod
    def _mark(fgraph: FunctionGraph) -> Any:
        return fgraph.changes

    def _sweep(self, fgraph: FunctionGraph, uses: dict[Any, int], tired: set[Any], limit: int) -> int:
        """Look at every node, and again at those near a change, until there are none."""
        nodes, of, imported = fgraph.apply_nodes, self.index.of, fgraph.imported
        assert imported is not None
        done: set[Apply] = set()
        # What looks at an op, with the op, so that its id is not given to another one.
        looking: dict[int, tuple[Any, Any]] = {}
        pending: deque[Apply] = deque()
        for node in fgraph.toposort():
            op = node.op
            known = looking.get(id(op))
            if known is None:
                known = looking[id(op)] = op, of(op)
            if known[1]:
                pending.append(node)
        changes = 0
        while pending:
            stack = [pending.popleft()]
            while stack:
                node = stack.pop()
                if node not in nodes or node in done:
                    continue
                done.add(node)
                op = node.op
                known = looking.get(id(op))
                if known is None:
                    known = looking[id(op)] = op, of(op)
                entries = known[1]
                if not entries:
                    continue
                rewriting.origin = node.tag.__dict__.get("origin")
                for opt, guard, function, graph in entries:
                    if (guard is not None and op != guard) or (tired and opt in tired):
                        continue
                    if function is not None:
                        try:
                            found = function(node, fgraph) if graph else function(node)
                        except Exception as error:
                            self._failed(error, opt, node)
                            continue
                        if found is None:
                            continue
                    imported.clear()
                    new = (
                        put(fgraph, node, found, opt)
                        if function is not None
                        else apply_to(fgraph, node, opt, self.failure_callback)
                    )
                    if not new:
                        continue
                    changes += 1
                    uses[opt] = uses.get(opt, 0) + 1
                    if uses[opt] >= limit:
                        tired.add(opt)
                        _logger.error(
                            "EquilibriumOptimizer max'ed out by '%s'. You can safely raise the current threshold of %s with "
                            "the theano flag 'optdb.max_use_ratio'.",
                            opt,
                            limit,
                        )
                    if node in nodes:
                        done.discard(node)
                        stack.append(node)
                    self._beside(fgraph, imported, done, pending)
                    stack.extend(reversed(imported))
                    self._again(fgraph, new, done, pending)
                    break
        return changes

    def _beside(self, fgraph: FunctionGraph, fresh: list[Apply], done: set[Apply], pending: deque[Apply]) -> None:
        """Have nodes that read what a new node reads looked at again, if a rule for them looks at such neighbours."""
        for node in fresh:
            for v in node.inputs:
                readers = fgraph.clients(v)
                if 1 < len(readers) <= _NEIGHBOURS:
                    for reader, _place in readers:
                        if reader in done and any(entry[3] for entry in self.index.of(reader.op)):
                            done.discard(reader)
                            pending.append(reader)

    def _failed(self, error: BaseException, opt: Any, node: Apply) -> None:
        if self.failure_callback is None:
            report(error, opt, node)
        else:
            self.failure_callback(error, self, [], opt, node)

    @staticmethod
    def _again(fgraph: FunctionGraph, new: list[Variable], done: set[Apply], pending: deque[Apply]) -> None:
        """Have the nodes that read the new variables, and those a little further, looked at again."""
        near: list[Variable] = new
        for _ in range(_DEPTH):
            further = []
            for v in near:
                for reader, _place in fgraph.clients(v):
                    if reader in done:
                        done.discard(reader)
                        pending.append(reader)
                        further.extend(reader.outputs)
            near = further
            if not near:
                return

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line for this and, down to ``depth`` (-1: all), for each optimizer."""
        Optimizer.print_summary(self, stream, level, depth)
        if depth:
            for opt in (*self.local_optimizers, *self.global_optimizers, *self.final_optimizers):
                opt.print_summary(stream, level + 2, depth - 1)
