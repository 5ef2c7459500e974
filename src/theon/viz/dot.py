"""Drawings as text for Graphviz, and pictures made by it where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

from theon.viz.drawing import Box, Drawing, drawing_of

__all__ = ["DotGraph", "DotItem", "PyDotFormatter", "dict_to_pdnode", "dot_text", "picture"]

_SHAPES = {"apply": "ellipse"}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


class DotItem:
    """A node (``get_name()``) or an edge (``get_source()``, ``get_destination()``) with its attributes."""

    def __init__(self, name: str, target: str | None = None, **attributes: str) -> None:
        self.name, self.target, self.attributes = name, target, attributes

    def get_name(self) -> str:
        """Return the name."""
        return self.name

    def get_source(self) -> str:
        """Return the name of the node that an edge comes from."""
        return self.name

    def get_destination(self) -> str | None:
        """Return the name of the node that an edge goes to."""
        return self.target

    def get_label(self) -> str | None:
        """Return the label."""
        return self.attributes.get("label")

    def get_attributes(self) -> dict[str, str]:
        """Return the attributes."""
        return self.attributes

    def to_string(self) -> str:
        """Return the line of text."""
        what = self.name if self.target is None else f"{self.name} -> {self.target}"
        inside = ", ".join(f"{key}={_quoted(str(value))}" for key, value in self.attributes.items())
        return f"{what} [{inside}];" if inside else f"{what};"


class DotGraph:
    """A graph of :class:`DotItem`, with the methods of ``pydot.Dot`` that programs call; needs no package."""

    def __init__(self, name: str = "G", **attributes: str) -> None:
        self.name, self.attributes = name, attributes
        self.nodes: list[DotItem] = []
        self.edges: list[DotItem] = []
        self.subgraphs: list[DotGraph] = []

    def add_node(self, node: DotItem) -> None:
        """Add a node."""
        self.nodes.append(node)

    def add_edge(self, edge: DotItem) -> None:
        """Add an edge."""
        self.edges.append(edge)

    def add_subgraph(self, graph: DotGraph) -> None:
        """Add a graph that is drawn in a frame."""
        self.subgraphs.append(graph)

    def get_nodes(self) -> list[DotItem]:
        """Return the nodes, without those of subgraphs."""
        return self.nodes

    def get_edges(self) -> list[DotItem]:
        """Return the edges, without those of subgraphs."""
        return self.edges

    def get_subgraphs(self) -> list[DotGraph]:
        """Return the subgraphs."""
        return self.subgraphs

    def get_name(self) -> str:
        """Return the name."""
        return self.name

    def _lines(self, word: str, indent: str) -> Iterator[str]:
        yield f"{indent}{word} {self.name} {{"
        for key, value in self.attributes.items():
            yield f"{indent}  {key}={_quoted(str(value))};"
        for graph in self.subgraphs:
            yield from graph._lines("subgraph", indent + "  ")
        for item in [*self.nodes, *self.edges]:
            yield f"{indent}  {item.to_string()}"
        yield f"{indent}}}"

    def to_string(self) -> str:
        """Return the text that Graphviz reads."""
        return "\n".join(self._lines("digraph", "")) + "\n"

    def create(self, prog: str = "dot", format: str = "ps") -> bytes:
        """Return a picture made by Graphviz; RuntimeError where it is not installed or fails."""
        if format in ("raw", "dot", "gv"):
            return self.to_string().encode()
        return picture(self.to_string(), format, prog)

    def write(self, path: str, prog: str = "dot", format: str = "raw") -> bool:
        """Write the text, or a picture in another format, to a file."""
        with open(path, "wb") as file:
            file.write(self.create(prog, format))
        return True


def picture(text: str, format: str, prog: str = "dot") -> bytes:
    """Return what Graphviz makes of ``text``; RuntimeError where it is not installed or fails."""
    path = shutil.which(prog)
    if path is None:
        raise RuntimeError(
            f"Graphviz ({prog}) is not installed, which makes files of format {format!r}; the formats 'svg' and 'dot' need nothing"
        )
    done = subprocess.run([path, f"-T{format}"], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _node(box: Box, prefix: str, heat: bool) -> DotItem:
    tip = "\n".join(box.details)
    color = _warm(box.heat) if heat and box.kind == "apply" else box.color
    shape = _SHAPES.get(box.kind, "box")
    return DotItem(prefix + box.name, label=box.label, shape=shape, style="filled", fillcolor=color, tooltip=tip)


def _warm(share: float) -> str:
    """From white (no time) to red (all of it)."""
    level = round(255 * (1 - min(1.0, share) ** 0.5))
    return f"#ff{level:02x}{level:02x}"


def graph_of(drawing: Drawing, prefix: str = "") -> DotGraph:
    """Return the Graphviz graph of a drawing; graphs inside nodes are frames, joined to their node by a dashed line."""
    graph = DotGraph("G", label=drawing.title) if not prefix else DotGraph(f"cluster_{prefix}", label=drawing.title)
    heat = any(box.heat for box in drawing.boxes)
    for box in drawing.boxes:
        graph.add_node(_node(box, prefix, heat))
        if box.inner is not None:
            inside = drawing.inside[box.inner]
            inner_prefix = f"{prefix}{box.name}_"
            graph.add_subgraph(graph_of(inside, inner_prefix))
            if inside.boxes:
                last = inner_prefix + inside.boxes[-1].name
                graph.add_edge(DotItem(last, prefix + box.name, style="dashed", arrowhead="none", color="#999999"))
    names = [prefix + box.name for box in drawing.boxes]
    for source, target, label, color in drawing.arrows:
        graph.add_edge(DotItem(names[source], names[target], label=label, color=color))
    return graph


def dot_text(fct: Any, **options: Any) -> str:
    """Return the text that Graphviz reads; ``options`` are those of :func:`~theon.viz.drawing.drawing_of`."""
    return graph_of(drawing_of(fct, **options)).to_string()


class PyDotFormatter:
    """Makes a :class:`DotGraph` of a function or a graph. ``compact``: results are arrows, not boxes of their own."""

    __module__ = "theano.d3viz.formatting"

    def __init__(self, compact: bool = True) -> None:
        self.compact = compact
        self.node_colors = {}
        self.max_label_size = 70

    def __call__(self, fct: Any, graph: DotGraph | None = None) -> DotGraph:
        made = graph_of(drawing_of(fct, self.compact, colors=self.node_colors, label_size=self.max_label_size))
        if graph is None:
            return made
        graph.nodes += made.nodes
        graph.edges += made.edges
        graph.subgraphs += made.subgraphs
        return graph


def dict_to_pdnode(d: dict[str, Any]) -> DotItem:
    """Return a node of a dict of its attributes, of which "name" is its name; lists become text, None is left out."""
    kept = {
        key: "\t".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for key, value in d.items()
        if value is not None and key != "name"
    }
    return DotItem(str(d.get("name", "")), **kept)
