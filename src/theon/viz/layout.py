"""Places for the boxes of a drawing: in layers from the inputs down, in each layer near what they are joined to.

The layered method (Sugiyama, Tagawa, Toda 1981): layers by the longest path, an order in each by repeated means of the
neighbours' places, then coordinates. Work grows as the number of boxes and arrows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theon.viz.drawing import Drawing

__all__ = ["Layout", "layout_of"]

_CHAR, _HEIGHT, _GAP, _LAYER = 7.0, 26.0, 18.0, 74.0


@dataclass
class Layout:
    """Centres ``x``, ``y`` and ``width`` of the boxes (all ``height`` high), and the whole picture's size."""

    x: np.ndarray
    y: np.ndarray
    width: np.ndarray
    height: float
    size: tuple[float, float]


def _layers(count: int, sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The layer of each box: one below the lowest of those that it has arrows from; leaves just above their first reader."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for a, b in zip(sources.tolist(), targets.tolist()):
        after[a].append(b)
        waiting[b] += 1
    leaves = [k for k in range(count) if not waiting[k]]
    layer, ready = [0] * count, list(leaves)
    while ready:
        a = ready.pop()
        for b in after[a]:
            layer[b] = max(layer[b], layer[a] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    for a in leaves:
        if after[a]:
            layer[a] = min(layer[b] for b in after[a]) - 1
    return np.asarray(layer)


def layout_of(drawing: Drawing, sweeps: int = 6) -> Layout:
    """Return places for every box of ``drawing``."""
    count = len(drawing.boxes)
    width = np.asarray([max(34.0, 14 + _CHAR * len(box.label)) for box in drawing.boxes])
    if not count:
        return Layout(np.zeros(0), np.zeros(0), width, _HEIGHT, (0.0, 0.0))
    sources = np.asarray([a for a, _, _, _ in drawing.arrows], dtype=np.int64)
    targets = np.asarray([b for _, b, _, _ in drawing.arrows], dtype=np.int64)
    layer = _layers(count, sources, targets)
    x = np.zeros(count)
    members = [np.flatnonzero(layer == k) for k in range(layer.max() + 1)]
    for group in members:
        _spread(x, group, width, np.arange(len(group), dtype=float))
    above, below = _joined(sources, targets, count), _joined(targets, sources, count)
    for sweep in range(sweeps):
        down = sweep % 2 == 0
        for group in members if down else members[::-1]:
            if len(group):
                _spread(x, group, width, _means(x, *(above if down else below), group))
    x -= (x - width / 2).min() - _GAP
    y = layer * _LAYER + _HEIGHT
    return Layout(x, y, width, _HEIGHT, (float((x + width / 2).max() + _GAP), float(y.max() + _HEIGHT + _GAP)))


def _joined(near: np.ndarray, far: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ends ``near`` of the arrows, sorted by their ends ``far``, and where those of each box begin."""
    order = np.argsort(far, kind="stable")
    return near[order], np.searchsorted(far[order], np.arange(count + 1))


def _means(x: np.ndarray, ends: np.ndarray, starts: np.ndarray, group: np.ndarray) -> np.ndarray:
    """For each box of a layer, the mean place of those it is joined to on one side; its own place where there are none."""
    found = x[group].copy()
    for place, box in enumerate(group.tolist()):
        a, b = starts[box], starts[box + 1]
        if b > a:
            found[place] = x[ends[a:b]].mean()
    return found


def _spread(x: np.ndarray, group: np.ndarray, width: np.ndarray, wanted: np.ndarray) -> None:
    """Put the boxes of a layer in the order of ``wanted``, as near to it as their widths allow, around the same middle."""
    order = group[np.argsort(wanted, kind="stable")]
    target = np.sort(wanted, kind="stable")
    steps = (width[order][1:] + width[order][:-1]) / 2 + _GAP
    offset = np.concatenate([[0.0], np.cumsum(steps)])
    # Leftmost places that keep the distances and are not left of what is wanted, then moved to keep the mean.
    left = np.maximum.accumulate(target - offset) + offset
    right = np.minimum.accumulate((target - offset)[::-1])[::-1] + offset
    x[order] = (left + right) / 2
