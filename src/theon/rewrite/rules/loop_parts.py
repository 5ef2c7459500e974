"""A loop taken apart, changed and put together again: what rules of loops work on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from theon.control.scan_op import Scan, ScanInfo
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone, clone_replace
from theon.graph.variable import Apply
from theon.rewrite.replace import same_origin

__all__ = ["Parts", "loops_of"]


def loops_of(fgraph: FunctionGraph) -> list[Apply]:
    """The nodes of loops that return all their rows, in order."""
    return [node for node in fgraph.toposort() if isinstance(node.op, Scan) and not node.op.info.limited]


@dataclass
class Parts:
    """A loop taken apart: each inner variable with the outer one that stands beside it; ``build`` puts it together."""

    node: Apply
    info: ScanInfo
    n: Any
    seqs: list[tuple[Any, Any]]
    states: list[
        tuple[list[Any], tuple[int, ...], Any, Any, Any]
    ]  # taps' variables, taps, first rows, new, outer output
    collected: list[tuple[Any, Any]]  # new, outer output or None
    carried: list[tuple[Any, Any, Any, Any]]  # variable, start, new, outer output
    others: list[tuple[Any, Any]]
    condition: list[Any]

    @staticmethod
    def of(node: Apply) -> Parts:
        op: Any = node.op
        info = op.info
        n, seqs, first, carried, others = op.outer_parts(node.inputs)
        i_seqs, i_taps, i_carried, i_others = op.inner_parts()
        a, b = len(info.taps), len(info.taps) + info.n_collected
        return Parts(
            node,
            info,
            n,
            list(zip(i_seqs, seqs)),
            list(zip(i_taps, info.taps, first, op.outputs[:a], node.outputs[:a])),
            list(zip(op.outputs[a:b], node.outputs[a:b])),
            list(zip(i_carried, carried, op.outputs[b : b + info.n_carried], node.outputs[b:])),
            list(zip(i_others, others)),
            list(op.outputs[b + info.n_carried :]),
        )

    def results(self) -> list[Any]:
        """The step's outputs, in order."""
        return [
            *(s[3] for s in self.states),
            *(c[0] for c in self.collected),
            *(c[2] for c in self.carried),
            *self.condition,
        ]

    def substitute(self, replacements: dict[Any, Any]) -> None:
        """Replace variables of the step."""
        new = clone_replace(self.results(), replacements)
        self.states = [(*s[:3], v, s[4]) for s, v in zip(self.states, new)]
        del new[: len(self.states)]
        self.collected = [(v, c[1]) for c, v in zip(self.collected, new)]
        del new[: len(self.collected)]
        self.carried = [(c[0], c[1], v, c[3]) for c, v in zip(self.carried, new)]
        self.condition = new[len(self.carried) :]

    def collect(self, v: Any) -> int:
        """Keep a value of every step; return its place among the collected."""
        for place, (found, _) in enumerate(self.collected):
            if found is v:
                return place
        self.collected.append((v, None))
        return len(self.collected) - 1

    def outputs(self) -> list[Any]:
        """The outputs of the loop put together again."""
        old: Any = self.node.op
        inputs = [s[0] for s in self.seqs] + [v for s in self.states for v in s[0]]
        inputs += [c[0] for c in self.carried] + [o[0] for o in self.others]
        info = replace(
            self.info,
            n_seqs=len(self.seqs),
            taps=tuple(s[1] for s in self.states),
            n_collected=len(self.collected),
            n_carried=len(self.carried),
        )
        inputs, outputs = clone(inputs, self.results())
        outer = [self.n, *(s[1] for s in self.seqs), *(s[2] for s in self.states)]
        outer += [c[1] for c in self.carried] + [o[1] for o in self.others]
        found = Scan(inputs, outputs, info, mode=old.mode)(*outer, return_list=True)
        same_origin(found[0], self.node)
        return list(found)

    def targets(self) -> list[Any]:
        """The outputs of the old loop, or None, that those of the new one stand for."""
        return [s[4] for s in self.states] + [c[1] for c in self.collected] + [c[3] for c in self.carried]

    def build(self, fgraph: FunctionGraph, reason: str) -> list[Any]:
        """Put the loop in the old one's place; return its outputs."""
        found = self.outputs()
        for target, v in zip(self.targets(), found):
            if target is not None:
                fgraph.replace(target, target.type.filter_variable(v), reason=reason)
        return found
