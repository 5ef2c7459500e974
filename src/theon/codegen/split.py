"""Which loops of a kernel threads may share, and what a step of it costs."""

from __future__ import annotations

import itertools

from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar
from theon.schedule.step import KernelStep

__all__ = ["CHUNKS", "WORTH", "constant_size", "merges", "merge_text", "part_text", "run_text", "shared_axes", "weight"]

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
        if operand.kind == "scratch":  # no pointer is passed for it
            continue
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
        stores = [kernel.operands[s.operand] for p in kernel.passes for s in p.stores]
        if all(axis in o.axes or (o.kind == "scratch" and axis in kernel.outer) for o in stores):
            found.append(axis)
    return found


def merges(kernel: Kernel) -> list[list[int]]:
    """Return the runs of axes of which each follows the one before in every loop nest and along every operand.

    Where their memory is one run too, they become one axis: the last of them.
    """
    if kernel.naxes < 2:
        return []
    named = {x.attr for x in _nodes(kernel) if x.op in ("axis", "extent")} | {
        a for p in kernel.passes for a, _ in p.fixed
    }
    orders = [kernel.outer, *(p.axes for p in kernel.passes)]

    def follows(a: int) -> bool:
        if a in named or a + 1 in named or any((a in o.axes) != (a + 1 in o.axes) for o in kernel.operands):
            return False
        return all((a, a + 1) in itertools.pairwise(o) or (a not in o and a + 1 not in o) for o in orders)

    runs: list[list[int]] = []
    for a in range(kernel.naxes - 1):
        if follows(a):
            if runs and runs[-1][-1] == a:
                runs[-1].append(a + 1)
            else:
                runs.append([a, a + 1])
    return runs


def part_text(kernel: Kernel, name: str) -> str:
    """Return the function that runs one chunk of kernel ``name``: its share of one axis.

    The frame holds pointers to the data, extents and strides that the kernel itself takes, and the number of the axis.
    Along the innermost axis shares begin at multiples of 64: shorter runs of memory take longer than one thread alone.
    """
    axes, naxes, places_of = shared_axes(kernel), kernel.naxes, slots(kernel)
    inner = {a for p in kernel.passes for a in p.axes[-1:]} | {naxes - 1}
    lines = [
        f"define internal i64 @{name}.part(ptr %frame, i64 %chunk, i64 %chunks) {{",
        f"  %data = alloca ptr, i64 {max(len(places_of), 1)}",
        f"  %extents = alloca i64, i64 {naxes}",
        "  %data.from = load ptr, ptr %frame",
        "  %at1 = getelementptr ptr, ptr %frame, i64 1",
        "  %extents.from = load ptr, ptr %at1",
        "  %at2 = getelementptr ptr, ptr %frame, i64 2",
        "  %strides = load ptr, ptr %at2",
        "  %at3 = getelementptr ptr, ptr %frame, i64 3",
        "  %axis = load i64, ptr %at3",
    ]
    for kind, letter, count in (("i64", "e", naxes), ("ptr", "p", len(places_of))):
        where = "extents" if letter == "e" else "data"
        for i in range(count):
            lines += [
                f"  %{letter}{i}.from = getelementptr {kind}, ptr %{where}.from, i64 {i}",
                f"  %{letter}{i} = load {kind}, ptr %{letter}{i}.from",
                f"  %{letter}{i}.to = getelementptr {kind}, ptr %{where}, i64 {i}",
                f"  store {kind} %{letter}{i}, ptr %{letter}{i}.to",
            ]
    cases = " ".join(f"i64 {axis}, label %axis{axis}" for axis in axes)
    lines += [f"  switch i64 %axis, label %run [ {cases} ]"]
    for axis in axes:
        mask = -64 if axis in inner else -1
        lines += [
            f"axis{axis}:",
            f"  %from{axis} = mul i64 %e{axis}, %chunk",
            f"  %share{axis} = sdiv i64 %from{axis}, %chunks",
            f"  %low{axis} = and i64 %share{axis}, {mask}",
            f"  %next{axis} = add i64 %chunk, 1",
            f"  %until{axis} = mul i64 %e{axis}, %next{axis}",
            f"  %limit{axis} = sdiv i64 %until{axis}, %chunks",
            f"  %round{axis} = and i64 %limit{axis}, {mask}",
            f"  %last{axis} = icmp eq i64 %next{axis}, %chunks",
            f"  %high{axis} = select i1 %last{axis}, i64 %e{axis}, i64 %round{axis}",
            f"  %size{axis} = sub i64 %high{axis}, %low{axis}",
            f"  store i64 %size{axis}, ptr %e{axis}.to",
        ]
        for i, places in enumerate(places_of):
            if axis in places:
                lines += [
                    f"  %s{axis}.{i}.at = getelementptr i64, ptr %strides, i64 {places[axis]}",
                    f"  %s{axis}.{i} = load i64, ptr %s{axis}.{i}.at",
                    f"  %o{axis}.{i} = mul i64 %s{axis}.{i}, %low{axis}",
                    f"  %q{axis}.{i} = getelementptr i8, ptr %p{i}, i64 %o{axis}.{i}",
                    f"  store ptr %q{axis}.{i}, ptr %p{i}.to",
                ]
        lines += ["  br label %run"]
    lines += [
        "run:",
        f"  %code = call i64 @{name}(ptr %data, ptr %extents, ptr %strides)",
        "  ret i64 %code",
        "}",
    ]
    return "\n".join(lines)


def _merging(kernel: Kernel) -> list[str]:
    """Lines that make axes which are one run of memory for every operand one axis; they change the extents."""
    lines: list[str] = []
    places_of = slots(kernel)
    for run in merges(kernel):
        last = run[-1]
        for places in places_of:
            for axis in run:
                if axis in places:
                    lines += [
                        f"  %s{places[axis]}.at = getelementptr i64, ptr %strides, i64 {places[axis]}",
                        f"  %s{places[axis]} = load i64, ptr %s{places[axis]}.at",
                    ]
        still, length = "true", f"%n{last}"
        for axis in reversed(run[:-1]):
            for number, places in enumerate(places_of):
                if axis in places:
                    lines += [
                        f"  %run{axis}.{number} = mul i64 %s{places[last]}, {length}",
                        f"  %same{axis}.{number} = icmp eq i64 %s{places[axis]}, %run{axis}.{number}",
                        f"  %still{axis}.{number} = and i1 {still}, %same{axis}.{number}",
                    ]
                    still = f"%still{axis}.{number}"
            lines += [
                f"  %both{axis} = mul i64 %n{axis}, {length}",
                f"  %length{axis} = select i1 {still}, i64 %both{axis}, i64 {length}",
                f"  %one{axis} = select i1 {still}, i64 1, i64 %n{axis}",
                f"  store i64 %one{axis}, ptr %n{axis}.at",
            ]
            length = f"%length{axis}"
        lines.append(f"  store i64 {length}, ptr %n{last}.at")
    return lines


def _extents(kernel: Kernel) -> list[str]:
    lines = []
    for axis in range(kernel.naxes):
        lines += [
            f"  %n{axis}.at = getelementptr i64, ptr %extents, i64 {axis}",
            f"  %n{axis} = load i64, ptr %n{axis}.at",
        ]
    return lines


def merge_text(kernel: Kernel, name: str) -> str:
    """Return the function that merges axes and runs kernel ``name``."""
    lines = [
        f"define internal i64 @{name}.merge(ptr %data, ptr %extents, ptr %strides) {{",
        *_extents(kernel),
        *_merging(kernel),
    ]
    lines += [f"  %code = call i64 @{name}(ptr %data, ptr %extents, ptr %strides)", "  ret i64 %code", "}"]
    return "\n".join(lines)


def run_text(kernel: Kernel, name: str) -> str:
    """Return the function that runs kernel ``name``, shared between threads along its outermost long axis if that is worth it."""
    axes = shared_axes(kernel)
    lines = [f"define internal i64 @{name}.run(ptr %data, ptr %extents, ptr %strides) noinline {{", *_extents(kernel)]
    lines += ["  %total0 = mul i64 %n0, 1"]
    for axis in range(1, kernel.naxes):
        lines.append(f"  %total{axis} = mul i64 %total{axis - 1}, %n{axis}")
    lines += [
        *_merging(kernel),
        "  %threads = load i64, ptr @theon_threads",
        f"  %enough = icmp sge i64 %total{kernel.naxes - 1}, {max(1, round(WORTH / weight(kernel)))}",
        "  %several = icmp sgt i64 %threads, 1",
        "  %both = and i1 %enough, %several",
        "  br i1 %both, label %together, label %alone",
        "together:",
    ]
    for axis in axes:
        lines.append(f"  %m{axis} = load i64, ptr %n{axis}.at")
    best, chosen = f"%m{axes[0]}", str(axes[0])
    for axis in axes[1:]:
        lines += [
            f"  %longer{axis} = icmp sgt i64 %m{axis}, {best}",
            f"  %best{axis} = select i1 %longer{axis}, i64 %m{axis}, i64 {best}",
            f"  %axis{axis} = select i1 %longer{axis}, i64 {axis}, i64 {chosen}",
        ]
        best, chosen = f"%best{axis}", f"%axis{axis}"
    # The outermost of those that give every thread enough turns: its shares are whole runs of memory.
    lines.append(f"  %wanted = mul i64 %threads, {4 * CHUNKS}")
    for axis in reversed(axes):
        lines += [
            f"  %turns{axis} = icmp sge i64 %m{axis}, %wanted",
            f"  %outer{axis} = select i1 %turns{axis}, i64 {axis}, i64 {chosen}",
        ]
        chosen = f"%outer{axis}"
    lines += ["  %frame = alloca [4 x i64]"]
    for place, word in enumerate(("ptr %data", "ptr %extents", "ptr %strides", f"i64 {chosen}")):
        lines += [f"  %word{place} = getelementptr i64, ptr %frame, i64 {place}", f"  store {word}, ptr %word{place}"]
    lines += [
        f"  %chunks = mul i64 %threads, {CHUNKS}",
        f"  %done = call i64 @theon_parallel(ptr @{name}.part, ptr %frame, i64 %chunks)",
        "  ret i64 %done",
        "alone:",
        f"  %code = call i64 @{name}(ptr %data, ptr %extents, ptr %strides)",
        "  ret i64 %code",
        "}",
    ]
    return "\n".join(lines)
