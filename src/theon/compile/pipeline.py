"""From a function graph to something that runs: the list of stages."""

from __future__ import annotations

from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.runtime.reference import ReferenceProgram

__all__ = ["Compiled", "compiled"]


class Compiled:
    """A graph made runnable: ``run(values)`` returns the values of its outputs."""

    def __init__(self, fgraph: FunctionGraph) -> None:
        self.fgraph = fgraph
        self.reference = ReferenceProgram(fgraph)
        self.run = self.reference.run


def compiled(fgraph: FunctionGraph, mode: Any) -> Compiled:
    """Return ``fgraph`` made runnable under ``mode``."""
    return Compiled(fgraph)
