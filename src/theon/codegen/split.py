"""Which loops of a kernel threads may share, and what a step of it costs."""

from __future__ import annotations

from theon.codegen import pool
from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar
from theon.schedule.step import KernelStep

__all__ = ["CHUNKS", "WORTH", "constant_size", "merges", "part", "shared_axes", "slots", "weight"]

WORTH = 60_000  # weight × elements (about nanoseconds) from which waking threads pays
CHUNKS = 4  # pieces for each thread, so that a slow one does not hold up the rest
_COST = {"math": 1.0, "div": 0.3, "sqrt": 0.4, "floordiv": 1.0, "mod": 1.0, "load": 0.15}


def _expressions(kernel: Kernel) -> list[Scalar]:
    found = []
    for p in kernel.passes:
        found += [r.value for r in p.reductions] + [s.value for s in p.stores] + [at for _, at in p.fixed]
    return found


def _nodes(kernel: Kernel) -> list[Scalar]:
    seen: dict[int, Scalar] = {}
    stack = _expressions(kernel)
    while stack:
        x = stack.pop()
        if id(x) not in seen:
            seen[id(x)] = x
            stack.extend(x.args)
    return list(seen.values())


def weight(kernel: Kernel) -> float:
    """Return about how many nanoseconds one position of the loops takes."""
    stores = sum(len(p.stores) + len(p.reductions) for p in kernel.passes if p.axes)
    return 0.1 + 0.15 * stores + sum(_COST.get(x.op, 0.05) for x in _nodes(kernel))


def constant_size(step: KernelStep) -> int | None:
    """Return the number of positions of a step, if it is known."""
    total = 1
    for n in step.extents:
        if n.op != "const":
            return None
        total *= n.attr
    return total


def slots(kernel: Kernel) -> list[dict[int, int]]:
    """Return, for each operand, its axes and the place of their strides among all strides."""
    found = []
    place = 0
    for operand in kernel.operands:
        places = {}
        for axis in operand.axes:
            places[axis] = place
            place += 1
        found.append(places)
    return found


def shared_axes(kernel: Kernel) -> list[int]:
    """Return the axes whose positions write to separate memory and depend on each other in no way."""
    named = {x.attr for x in _nodes(kernel) if x.op in ("axis", "extent")}
    found = []
    for axis in range(kernel.naxes):
        if axis in named or any(axis == a for p in kernel.passes for a, _ in p.fixed):
            continue
        if axis not in kernel.outer and any(p.reductions or axis not in p.axes for p in kernel.passes):
            continue
        if all(axis in kernel.operands[s.operand].axes for p in kernel.passes for s in p.stores):
            found.append(axis)
    return found


def merges(kernel: Kernel) -> bool:
    """Return whether the axes are those of one sweep that only stores, so that runs of memory may become one axis."""
    if kernel.naxes < 2 or kernel.outer or len(kernel.passes) != 1:
        return False
    (p,) = kernel.passes
    if p.reductions or p.fixed or p.axes != tuple(range(kernel.naxes)):
        return False
    return all(s.accumulate is None for s in p.stores) and not any(x.op in ("axis", "extent") for x in _nodes(kernel))


def part(kernel: Kernel, name: str) -> str:
    """Return the text of the function that runs one thread's share of ``kernel``."""
    axes = shared_axes(kernel)
    inner = max((a for p in kernel.passes for a in p.axes[-1:]), default=None)
    return pool.part_text(name, axes, kernel.naxes, slots(kernel), inner)
