"""A drawing as one HTML file to look around in: it moves, zooms and finds, and needs no network."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import Any

from theon.viz.dot import _warm, dot_text
from theon.viz.drawing import COLORS, Drawing, drawing_of
from theon.viz.layout import layout_of

__all__ = ["d3viz", "d3write", "page_text", "replace_patterns", "safe_json"]


def safe_json(obj: Any) -> str:
    """Return JSON that may stand inside a page: without ``<``, which could end a script."""
    return json.dumps(obj, separators=(",", ":")).replace("<", "\\u003c")


def replace_patterns(x: str, replace: dict[str, str]) -> str:
    """Return ``x`` with each key of ``replace`` replaced by its value."""
    for old, new in replace.items():
        x = x.replace(old, new)
    return x


def _data(drawing: Drawing) -> dict[str, Any]:
    place = layout_of(drawing)
    heat = any(box.heat for box in drawing.boxes)
    boxes = []
    for box, x, y, width in zip(drawing.boxes, place.x.tolist(), place.y.tolist(), place.width.tolist()):
        color = _warm(box.heat) if heat and box.kind == "apply" else box.color
        one: dict[str, Any] = {
            "l": box.label, "x": round(x, 1), "y": round(y, 1), "w": round(width, 1), "k": box.kind, "c": color, "d": box.details,
        }  # fmt: skip
        if box.inner is not None:
            one["i"] = box.inner
        boxes.append(one)
    return {
        "title": drawing.title,
        "size": [round(size, 1) for size in place.size],
        "height": place.height,
        "boxes": boxes,
        "arrows": [list(arrow) for arrow in drawing.arrows],
        "inside": [_data(inner) for inner in drawing.inside],
        "key": {kind: COLORS[kind] for kind in ("input", "shared", "constant", "apply", "output")},
    }


def page_text(fct: Any, **options: Any) -> str:
    """Return the page; ``options`` are those of :func:`~theon.viz.drawing.drawing_of`."""
    drawing = drawing_of(fct, **options)
    text = files("theon.viz").joinpath("viewer.html").read_text(encoding="utf-8")
    head, _, rest = text.partition("@TITLE@")
    middle, _, tail = rest.partition("@DATA@")
    return f"{head}{escape(drawing.title)}{middle}{safe_json(_data(drawing))}{tail}"


def d3viz(fct: Any, outfile: str, copy_deps: bool = True, *args: Any, **kwargs: Any) -> None:
    """Write a page that shows the graph of ``fct`` (a function, a FunctionGraph, a variable, a list of variables).

    The page is one file without anything beside it (``copy_deps`` says nothing any more). Boxes show their types, the line
    that made them, and, of a profiled function, their times, in red; a double click opens the graph inside a loop.
    ``compact=False`` gives each result a box. TypeError for what cannot be drawn.

    >>> import theano, theano.tensor as T, tempfile, os
    >>> x = T.dvector("x")
    >>> path = os.path.join(tempfile.mkdtemp(), "exp.html")
    >>> d3viz(theano.function([x], T.exp(x)), path)
    >>> os.path.getsize(path) > 5000
    True
    """
    options = dict(zip(("compact",), args)) | kwargs
    with open(outfile, "w", encoding="utf-8") as file:
        file.write(page_text(fct, **options))


def d3write(fct: Any, path: str, *args: Any, **kwargs: Any) -> None:
    """Write the graph of ``fct`` to a file as text for Graphviz; arguments as for :func:`d3viz`."""
    options = dict(zip(("compact",), args)) | kwargs
    with open(path, "w", encoding="utf-8") as file:
        file.write(dot_text(fct, **options))
