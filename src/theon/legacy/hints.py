"""What programs that read hints from function graphs need: the feature that gathers them."""

from __future__ import annotations

from typing import Any

from theon.ops.hints import Hint
from theon.rewrite.optimizer import Optimizer

__all__ = ["HintsFeature", "HintsOptimizer"]


class HintsFeature:
    """Gathers in ``fgraph.hints`` what is said about variables, also when nodes that say it are removed."""

    __module__ = "theano.sandbox.linalg.ops"

    def add_hint(self, r: Any, k: str, v: Any) -> None:
        """Say ``k = v`` about ``r``."""
        self.hints[r][k] = v

    def ensure_init_r(self, r: Any) -> None:
        """Make room for what is said about ``r``."""
        self.hints.setdefault(r, {})

    def on_attach(self, fgraph: Any) -> None:
        """Look at all nodes. AttributeError where another feature gathers hints already."""
        if hasattr(fgraph, "hints"):
            raise AttributeError("the function graph has hints already")
        self.hints: dict[Any, dict[str, Any]] = {}
        fgraph.hints, fgraph.hints_feature = self.hints, self
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "on_attach")

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        """Take what a new node says."""
        if node.outputs[0] in self.hints:
            return
        for v in (*node.inputs, *node.outputs):
            self.ensure_init_r(v)
        if isinstance(node.op, Hint):
            for v in (node.inputs[0], node.outputs[0]):
                self.hints[v].update(dict(node.op.hints))

    def update_second_from_first(self, r0: Any, r1: Any) -> None:
        """Say about ``r1`` what is said about ``r0`` and not yet about ``r1``."""
        self.hints[r1] = dict(self.hints[r0]) | self.hints[r1]

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Any, new_r: Any, reason: Any) -> None:
        """What is said about a variable holds for the one in its place."""
        for v in (r, new_r):
            self.ensure_init_r(v)
        if node == "output" or r.type == new_r.type:
            self.update_second_from_first(r, new_r)
            self.update_second_from_first(new_r, r)


class HintsOptimizer(Optimizer):
    """Attaches :class:`HintsFeature` and changes nothing."""

    __module__ = "theano.sandbox.linalg.ops"

    def add_requirements(self, fgraph: Any) -> None:
        """Attach the feature."""
        fgraph.attach_feature(HintsFeature())

    def apply(self, fgraph: Any) -> None:
        """Nothing."""
