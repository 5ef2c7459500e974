"""Loops over memory that is not contiguous along the last axis: what they read is copied first, a tile at a time.

The loop then runs over the copies, in vectors, which pays where it computes functions, quotients or sums. A tile is some rows
along the axis whose elements lie nearest, so that of arrays in Fortran's order each line of the cache is read once. Folds have
a way of their own (:mod:`theon.codegen.turned`).
"""

from __future__ import annotations

import functools

from theon.codegen import abi, jit, split
from theon.codegen.jit import CompiledModule
from theon.codegen.native import Function, Value
from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar

__all__ = ["may_pack", "pack_text", "symbols"]

_AXES = 8  # at most
_OPERANDS = 8  # at most
_ROOM = 1 << 19  # bytes for copies
_RUN = 64  # elements along the last axis, where a loop over them may be divided and there are other axes
_TILE = 4096  # elements of a tile, about
_LINE = 64  # bytes of a line of the cache, which rows of a tile fill
_SIZES = (4, 8)  # bytes of elements that are copied
_LEAST = 64  # elements from which copies are worth it
_COSTLY = {"math", "div", "sqrt", "floordiv", "mod"}
# Words of a layout: numbers of axes, operands and strides, and whether the last axis may be divided; then for each operand the
# bytes of an element, 0 where it is never copied, and the places of its strides.
_NAXES, _COUNT, _SLOTS, _SPLIT, _FIRST, _EACH = 0, 1, 2, 3, 4, 1 + _AXES


def _nodes(kernel: Kernel) -> list[Scalar]:
    seen: dict[int, Scalar] = {}
    stack = [r.value for p in kernel.passes for r in p.reductions] + [s.value for p in kernel.passes for s in p.stores]
    while stack:
        x = stack.pop()
        if id(x) not in seen:
            seen[id(x)] = x
            stack.extend(x.args)
    return list(seen.values())


def _given(kernel: Kernel) -> list[int]:
    return [i for i, o in enumerate(kernel.operands) if o.kind != "scratch"]


def _read(kernel: Kernel) -> list[int]:
    """The operands that may be copied."""
    last, operands = kernel.naxes - 1, kernel.operands
    return [
        i
        for i in _given(kernel)
        if operands[i].kind == "read" and last in operands[i].axes and abi.itemsize(operands[i].dtype) in _SIZES
    ]


def may_pack(kernel: Kernel) -> bool:
    """Whether a kernel is worth it, and may run on parts of its axes: any of all but the last, and that one whole or in parts."""
    if not any(x.op in _COSTLY for x in _nodes(kernel)) and not any(p.reductions for p in kernel.passes):
        return False
    if not 1 <= kernel.naxes <= _AXES or len(_given(kernel)) > _OPERANDS or not _read(kernel):
        return False
    if any(o.kind == "drawn" for o in kernel.operands) or any(p.fixed for p in kernel.passes):
        return False
    last = kernel.naxes - 1
    if any(x.op in ("axis", "extent") and x.attr != last for x in _nodes(kernel)):
        return False
    shared = split.shared_axes(kernel)
    adds = all(not p.reductions and all(s.accumulate is not None for s in p.stores) for p in kernel.passes)
    return (adds and last in shared) or all(axis in shared for axis in range(last))


def pack_text(kernel: Kernel, name: str) -> str:
    """Return function ``name``, which runs ``name.body`` on the memory itself where that is contiguous."""
    slots, given = split.slots(kernel), _given(kernel)
    last, read = kernel.naxes - 1, set(_read(kernel))
    words = [kernel.naxes, len(given), sum(map(len, slots)), last in split.shared_axes(kernel)]
    lines, good = [], "true"
    for i, places in zip(given, slots):
        size = abi.itemsize(kernel.operands[i].dtype)
        words += [size if i in read else 0, *(places.get(axis, -1) for axis in range(_AXES))]
        if i in read:
            lines += [
                f"  %at{i} = getelementptr i64, ptr %strides, i64 {places[last]}",
                f"  %s{i} = load i64, ptr %at{i}",
                f"  %same{i} = icmp eq i64 %s{i}, {size}",
                f"  %good{i} = and i1 {good}, %same{i}",
            ]
            good = f"%good{i}"
    listed = ", ".join(f"i64 {int(word)}" for word in words)
    arguments = "ptr %data, ptr %extents, ptr %strides"
    return "\n".join(
        [
            f"@{name}.layout = internal constant [{len(words)} x i64] [{listed}]",
            f"define internal i64 @{name}({arguments}) noinline nounwind {{",
            *lines,
            f"  br i1 {good}, label %same, label %other",
            "other:",
            f"  %done = call i64 @theon_packed(ptr @{name}.body, ptr @{name}.layout, {arguments})",
            "  ret i64 %done",
            "same:",
            f"  %code = call i64 @{name}.body({arguments})",
            "  ret i64 %code",
            "}",
        ]
    )


def _text() -> str:
    f = Function("theon_packed", [(name, "ptr") for name in ("run", "layout", "data", "extents", "strides")], "i64")
    layout, data, extents, strides = (f[name] for name in ("layout", "data", "extents", "strides"))
    naxes, count, slots, divided = (f.load("i64", layout, 8 * i) for i in range(_FIRST))
    last = naxes - 1
    n = f.load("i64", extents, last * 8)

    def size_of(o: Value) -> Value:
        return f.load("i64", layout, (o * _EACH + _FIRST) * 8)

    def slot_of(o: Value, axis: Value) -> Value:
        return f.load("i64", layout, (o * _EACH + axis + (_FIRST + 1)) * 8)

    def step_of(o: Value, axis: Value) -> Value:
        """The stride of an operand along an axis, 0 where it does not run along it."""
        slot = slot_of(o, axis)
        return f.select(slot < 0, 0, f.load("i64", strides, f.larger(slot, 0) * 8))

    def size(x: Value) -> Value:
        return f.larger(x, 0 - x)

    def run(*given: Value) -> Value:
        return f.new("i64", f"call i64 %run({', '.join(f'ptr {x.text}' for x in given)})")

    copied, main, copies = f.room(8 * _OPERANDS), f.variable("i64", -1), f.variable("i64", 0)
    with f.loop(count) as o:
        item = size_of(o)
        strided = (item > 0) & f.new("i1", f"xor i1 {step_of(o, last).same(item).text}, true")
        f.store(f.select(strided, 1, 0), copied, o * 8)
        main.set(f.select(strided & (main.get() < 0), o, main.get()))
        copies.set(copies.get() + f.select(strided, 1, 0))
    # The axis, other than the last, along which elements lie nearest.
    total, nearest = f.variable("i64", n), f.variable("i64", size(step_of(main.get(), last)))
    axis = f.variable("i64", last - 1)
    with f.loop(last) as i:
        length = f.load("i64", extents, i * 8)
        total.set(total.get() * length)
        step = size(step_of(main.get(), i))
        better = (length > 1) & (step > 0) & (step < nearest.get())
        axis.set(f.select(better, i, axis.get()))
        nearest.set(f.select(better, step, nearest.get()))
    run_length = f.select(divided > 0, f.smaller(n, f.select(naxes.same(1), _TILE, _RUN)), n)
    room = f.value(_ROOM, "i64") // copies.get() & -64
    alone = axis.get() < 0
    along = f.larger(axis.get(), 0)
    height = f.select(alone, 1, f.load("i64", extents, along * 8))
    most = room // (f.larger(run_length, 1) * 8)
    rows = f.smaller(
        f.smaller(height, most),
        f.larger(
            f.value(_TILE, "i64") // f.larger(run_length, 1), f.value(_LINE, "i64") // size_of(f.larger(main.get(), 0))
        ),
    )
    with f.unless((total.get() >= _LEAST) & (rows > 0)):
        f.give(run(data, extents, strides))
    space = f.room(_ROOM)
    places, pointers = f.room(8 * _OPERANDS), f.room(8 * _OPERANDS)
    own_extents, own_strides = f.room(8 * _AXES), f.room(8 * _AXES * _OPERANDS)
    with f.loop(slots) as slot:
        f.store(f.load("i64", strides, slot * 8), own_strides, slot * 8)
    outer = f.variable("i64", 1)
    with f.loop(last) as i:
        f.store(f.value(1, "i64"), own_extents, i * 8)
        outer.set(outer.get() * f.select(i.same(axis.get()), 1, f.load("i64", extents, i * 8)))
    with f.loop(outer.get()) as index:
        with f.loop(count) as o:
            f.store(f.load("ptr", data, o * 8), places, o * 8)
        rest = f.variable("i64", index)
        with f.loop(last) as back:
            i = last - 1 - back
            with f.unless(i.same(axis.get())):
                length = f.load("i64", extents, i * 8)
                place = rest.get() % length
                rest.set(rest.get() // length)
                with f.loop(count) as o:
                    f.store(f.at(f.load("ptr", places, o * 8), place * step_of(o, i)), places, o * 8)
        with f.loop(height, 0, rows) as top, f.loop(n, 0, run_length) as left:
            tall, wide = f.smaller(height - top, rows), f.smaller(n - left, run_length)
            with f.loop(count) as o:
                down, item = f.select(alone, 0, step_of(o, along)), size_of(o)
                right = step_of(o, last)
                source = f.at(f.load("ptr", places, o * 8), top * down + left * right)
                f.store(source, pointers, o * 8)
                with f.when(f.load("i64", copied, o * 8) > 0):
                    target = f.at(space, _order(f, copied, o) * room)
                    f.store(target, pointers, o * 8)
                    slot = f.select(alone, -1, slot_of(o, along))
                    lines = f.select(slot < 0, 1, tall)
                    f.store(item, own_strides, slot_of(o, last) * 8)
                    with f.when(slot >= 0):
                        f.store(wide * item, own_strides, slot * 8)
                    for nbytes in _SIZES:
                        with f.when(item.same(nbytes)):
                            _copy(f, nbytes, target, source, lines, wide, down, right)
            with f.unless(alone):
                f.store(tall, own_extents, along * 8)
            f.store(wide, own_extents, last * 8)
            code = run(pointers, own_extents, own_strides)
            with f.unless(code.same(0)):
                f.give(code)
    f.give(f.value(0, "i64"))
    f.emit("unreachable")
    return f.text(linkage="")


def _order(f: Function, copied: Value, o: Value) -> Value:
    """How many operands before this one are copied."""
    found = f.variable("i64", 0)
    with f.loop(o) as before:
        found.set(found.get() + f.load("i64", copied, before * 8))
    return found.get()


def _copy(
    f: Function, nbytes: int, target: Value, source: Value, lines: Value, wide: Value, down: Value, right: Value
) -> None:
    """Rows of elements to where they are side by side, in the order in which they lie."""
    kind = f"i{8 * nbytes}"
    near = (lines > 1) & (f.larger(down, 0 - down) < f.larger(right, 0 - right))
    # (first loop, its strides in source and target), then the same of the inner one.
    columns = (wide, right, f.value(nbytes, "i64"))
    rows = (lines, down, wide * nbytes)
    outer = [f.select(near, a, b) for a, b in zip(columns, rows)]
    inner = [f.select(near, b, a) for a, b in zip(columns, rows)]
    with f.loop(outer[0]) as i:
        start, to = f.at(source, i * outer[1]), f.at(target, i * outer[2])
        whole = inner[0] & -4
        with f.loop(whole, 0, 4) as j:
            found = [f.load(kind, start, (j + m) * inner[1], 1) for m in range(4)]
            for m, x in enumerate(found):
                f.store(x, to, (j + m) * inner[2], 1)
        with f.loop(inner[0], whole) as j:
            f.store(f.load(kind, start, j * inner[1], 1), to, j * inner[2], 1)


@functools.cache
def _module() -> CompiledModule:
    return jit.compile_module(_text(), {}, ("theon_packed",), effort="quick")


def symbols(text: str) -> dict[str, int]:
    """Return the address of the function that ``text`` calls, if it does."""
    return {"theon_packed": _module().address("theon_packed")} if "@theon_packed(" in text else {}
