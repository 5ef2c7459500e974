"""A graph as boxes and arrows: what to draw, before it has a place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Constant, Variable
from theon.tensor.type import TensorType

__all__ = [
    "COLORS",
    "Box",
    "Drawing",
    "apply_label",
    "apply_profile",
    "broadcastable_to_str",
    "drawing_of",
    "dtype_to_char",
    "type_to_str",
    "var_label",
    "var_tag",
]

# Colours of boxes: by kind, and of nodes by class of op.
COLORS = {
    "input": "#a6dcc0", "output": "#9ec9f5", "constant": "#d8d8d8", "shared": "#7fd1e0", "variable": "#ffffff", "apply": "#f4efe2",
    "Elemwise": "#ffd9e0", "DimShuffle": "#e6e6fa", "Dot": "#ffd596", "Subtensor": "#fff2b0", "IncSubtensor": "#ffe58a",
    "Sum": "#d9f2b4", "Scan": "#f3c6f2", "IfElse": "#eaa6e6", "OpFromGraph": "#f3c6f2", "Alloc": "#ffd9a8", "Shape_i": "#cfe8f5",
}  # fmt: skip


def broadcastable_to_str(b: tuple[bool, ...]) -> str:
    """Return the word of a broadcast pattern: "vector", "matrix" ...; nothing for a scalar or a pattern without a word."""
    words = {(False,): "vector", (False, True): "col", (True, False): "row", (False, False): "matrix"}
    return words.get(tuple(b), "")


def dtype_to_char(dtype: str) -> str:
    """Return the letter of a dtype in the names of types: "d" for float64; "X" where there is none."""
    letters = {
        "complex64": "c", "complex128": "z", "float32": "f", "float64": "d", "int8": "b", "int16": "w", "int32": "i", "int64": "l",
    }  # fmt: skip
    return letters.get(dtype, "X")


def type_to_str(t: Any) -> str:
    """Return a short text of a type, such as "dmatrix"."""
    if not isinstance(t, TensorType):
        return str(t)
    word = broadcastable_to_str(t.broadcastable) or ("scalar" if not t.ndim else f"{t.ndim}d")
    return f"{dtype_to_char(t.dtype)}{word}"


def var_label(var: Variable, precision: int = 3) -> str:
    """Return what a variable is called in a drawing: its name, its value if it is a constant, else its type."""
    if var.name is not None:
        return var.name
    if isinstance(var, Constant):
        try:
            text = np.array2string(np.asarray(var.data), precision=precision, threshold=6)
        except (TypeError, ValueError):
            text = str(var.data)
        return text.splitlines()[0][:30]
    return type_to_str(var.type)


def var_tag(var: Variable) -> list[Any] | None:
    """Return where a variable was made, as file name, line and text of the line, or None where it is not known."""
    stacks = getattr(var.tag, "trace", None)
    if not stacks and var.owner is not None:
        stacks = getattr(var.owner.tag, "trace", None)
    if not stacks or not stacks[0]:
        return None
    path, line, _, text = stacks[0][-1]
    return [os.path.basename(path), line, text]


def apply_label(node: Apply) -> str:
    """Return the name of a node's op: its class."""
    return type(node.op).__name__


def apply_profile(node: Apply, profile: Any) -> list[float] | None:
    """Return the seconds of a node and of all calls of its function, or None without a profile."""
    if not profile or not profile.fct_call_time:
        return None
    return [profile.apply_time.get(node, 0.0), profile.fct_call_time]


@dataclass
class Box:
    """One box: its label, kind ("apply", "input", "constant" ...), colour, and further lines to read."""

    name: str
    label: str
    kind: str
    color: str
    details: list[str] = field(default_factory=list)
    heat: float = 0.0  # share of the time that its node took
    inner: int | None = None  # the place of the drawing of its own graph


@dataclass
class Drawing:
    """Boxes, arrows (from, to, label, colour) by place, and the drawings of the graphs inside nodes."""

    title: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[int, int, str, str]] = field(default_factory=list)
    inside: list[Drawing] = field(default_factory=list)


def _graph_of(fct: Any) -> tuple[list[Variable], list[Variable], str, Any]:
    """Inputs, outputs, title and profile of what is to be drawn."""
    if isinstance(fct, Variable):
        return [], [fct], fct.name or "graph", None
    if isinstance(fct, Apply):
        return [], list(fct.outputs), str(fct.op), None
    if isinstance(fct, list | tuple) and all(isinstance(v, Variable) for v in fct):
        return [], list(fct), "graph", None
    maker = getattr(fct, "maker", None)
    fgraph = fct if maker is None else maker.fgraph
    if not hasattr(fgraph, "outputs") or not hasattr(fgraph, "inputs"):
        raise TypeError(f"only a function, a FunctionGraph or variables can be drawn, not {type(fct).__name__}")
    name = getattr(fct, "name", None)
    return list(fgraph.inputs), list(fgraph.outputs), str(name or "function"), getattr(fct, "profile", None)


def _inner(op: Any) -> tuple[list[Variable], list[Variable]] | None:
    """The graph inside an op, if it has one."""
    for ins, outs in (("local_inputs", "local_outputs"), ("inputs", "outputs")):
        inputs, outputs = getattr(op, ins, None), getattr(op, outs, None)
        if (
            isinstance(inputs, list)
            and isinstance(outputs, list)
            and all(isinstance(v, Variable) for v in [*inputs, *outputs])
        ):
            return inputs, outputs
    graph = getattr(op, "fgraph", None)
    return (list(graph.inputs), list(graph.outputs)) if hasattr(graph, "outputs") else None


def drawing_of(
    fct: Any, compact: bool = True, inner: bool = True, colors: dict[str, str] | None = None, label_size: int = 70
) -> Drawing:
    """Return the drawing of a function, a graph, a variable or a list of variables.

    ``compact``: results are arrows between nodes; else each has a box of its own. ``inner``: draw the graphs inside nodes.
    ``colors``: of boxes by class of op. Labels are cut after ``label_size`` characters. TypeError for what cannot be drawn.
    """
    inputs, outputs, title, profile = _graph_of(fct)
    return _drawing(inputs, outputs, title, profile, compact, inner, {**COLORS, **(colors or {})}, label_size)


def _leaf_kind(v: Variable, given: set[Variable]) -> str:
    if isinstance(v, Constant):
        return "constant"
    return "shared" if hasattr(v, "container") else "input"


def _drawing(
    inputs: list[Variable],
    outputs: list[Variable],
    title: str,
    profile: Any,
    compact: bool,
    inner: bool,
    colors: dict[str, str],
    size: int,
) -> Drawing:
    from theon.graph.traverse import io_toposort

    drawing, place, given = Drawing(title), {}, set(inputs)

    def cut(text: str) -> str:
        return text if len(text) <= size else text[: size - 3] + "..."

    def add(key: Any, box: Box) -> int:
        place[key] = len(drawing.boxes)
        drawing.boxes.append(box)
        return place[key]

    def leaf(v: Variable) -> int:
        kind = _leaf_kind(v, given)
        where = var_tag(v)
        details = [str(v.type), *([f"made at {where[0]}:{where[1]}", where[2]] if where else [])]
        return add(v, Box(f"v{len(drawing.boxes)}", cut(var_label(v)), kind, colors[kind], details))

    for v in inputs:
        leaf(v)
    total = sum(profile.apply_time.values()) if profile is not None and getattr(profile, "apply_time", None) else 0.0
    destroyed: dict[tuple[Apply, int], str] = {}
    for node in io_toposort(inputs, outputs):
        where = var_tag(node.outputs[0])
        details = [str(node.op), *(f"output {k}: {v.type}" for k, v in enumerate(node.outputs))]
        if where:
            details += [f"made at {where[0]}:{where[1]}", where[2]]
        label, kind = str(node.op), apply_label(node)
        label = (
            label.removeprefix("Elemwise{").removesuffix(",no_inplace}") if label.endswith(",no_inplace}") else label
        )
        box = Box(f"n{len(drawing.boxes)}", cut(label), "apply", colors.get(kind, colors["apply"]), details)
        if total:
            seconds = profile.apply_time.get(node, 0.0)
            box.heat = seconds / total
            box.details.append(f"{seconds:.3g} s, {100 * box.heat:.1f} % of the time of all nodes")
        for name, mark in (("view_map", "#1f6fd0"), ("destroy_map", "#d02f2f")):
            for places in (getattr(node.op, name, None) or {}).values():
                destroyed.update({(node, i): mark for i in places})
        graph = _inner(node.op) if inner else None
        if graph is not None:
            box.inner = len(drawing.inside)
            drawing.inside.append(_drawing(*graph, str(node.op), None, compact, inner, colors, size))
        here = add(node, box)
        for i, v in enumerate(node.inputs):
            source = place.get(v)
            if source is None:
                owner = place.get(v.owner) if v.owner is not None else None
                source = leaf(v) if owner is None else owner
            text = (f"{i} " if len(node.inputs) > 1 else "") + type_to_str(v.type)
            drawing.arrows.append((source, here, text, destroyed.get((node, i), "#555555")))
        if not compact:
            for k, v in enumerate(node.outputs):
                there = add(
                    v, Box(f"v{len(drawing.boxes)}", cut(var_label(v)), "variable", colors["variable"], [str(v.type)])
                )
                drawing.arrows.append((here, there, str(k) if len(node.outputs) > 1 else "", "#555555"))
    for k, v in enumerate(outputs):
        source = place.get(v, place.get(v.owner) if v.owner is not None else None)
        if source is None:
            source = leaf(v)
        label = cut(v.name or f"output {k}")
        end = add(("output", k), Box(f"o{k}", label, "output", colors["output"], [str(v.type)]))
        drawing.arrows.append((source, end, type_to_str(v.type), "#555555"))
    return drawing
