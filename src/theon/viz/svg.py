"""Drawings as SVG, laid out here: no other program is needed."""

from __future__ import annotations

from html import escape
from typing import Any

from theon.viz.dot import _warm
from theon.viz.drawing import Drawing, drawing_of
from theon.viz.layout import layout_of

__all__ = ["svg_text"]


def svg_text(fct: Any, **options: Any) -> str:
    """Return an SVG picture of a function, a graph or variables; graphs inside nodes stand below, under their node's name.

    ``options`` are those of :func:`~theon.viz.drawing.drawing_of`.
    """
    parts: list[str] = []
    width = height = 0.0
    pending = [drawing_of(fct, **options)]
    while pending:
        drawing = pending.pop(0)
        w, h = _draw(drawing, height, parts)
        width, height = max(width, w), height + h
        pending[:0] = drawing.inside
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#555555"/></marker></defs>\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _draw(drawing: Drawing, top: float, parts: list[str]) -> tuple[float, float]:
    """Add one drawing below ``top``; return its width and height."""
    place = layout_of(drawing)
    x, y, half = place.x, place.y + top + 34, place.height / 2
    parts.append(
        f'<text x="18" y="{top + 22:.0f}" font-size="14" font-weight="bold">{escape(drawing.title[:120])}</text>'
    )
    for a, b, label, color in drawing.arrows:
        x0, y0, x1, y1 = x[a], y[a] + half, x[b], y[b] - half
        bend = (y1 - y0) / 2
        parts.append(
            f'<path d="M{x0:.0f} {y0:.0f} C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} {x1:.0f} {y1:.0f}" fill="none" '
            f'stroke="{color}" marker-end="url(#tip)"/>'
        )
        if label:
            parts.append(
                f'<text x="{(x0 + x1) / 2:.0f}" y="{(y0 + y1) / 2:.0f}" font-size="9" fill="#777777" text-anchor="middle">{escape(label)}</text>'
            )
    heat = any(box.heat for box in drawing.boxes)
    for k, box in enumerate(drawing.boxes):
        color = _warm(box.heat) if heat and box.kind == "apply" else box.color
        radius = half if box.kind == "apply" else 3
        parts.append(
            f'<g><title>{escape(chr(10).join(box.details))}</title><rect x="{x[k] - place.width[k] / 2:.0f}" y="{y[k] - half:.0f}" '
            f'width="{place.width[k]:.0f}" height="{place.height:.0f}" rx="{radius:.0f}" fill="{color}" stroke="#444444"/>'
            f'<text x="{x[k]:.0f}" y="{y[k] + 4:.0f}" text-anchor="middle">{escape(box.label)}</text></g>'
        )
    return place.size[0], place.size[1] + 44
