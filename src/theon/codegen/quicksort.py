"""Sorting of unsigned integers in contiguous memory: by vectors, as nothing but keys is moved.

Few keys are sorted in registers, by a bitonic network (K. Batcher, Sorting networks and their applications, 1968); more are
divided by a pivot, the median of keys drawn at random, so that no order of them is a bad one (C. Hoare, Quicksort, 1962).
"""

from __future__ import annotations

import functools

from theon.codegen import target
from theon.codegen.jit import CompiledModule, compile_module
from theon.codegen.native import Function, Value, attributes

__all__ = ["LANES", "PADDING", "declarations", "quicksort_text", "symbols"]

_REGISTERS = (1, 2, 4, 8, 16)  # sizes of networks
LANES = {"i32": 16, "i64": 8}
PADDING = 64  # elements that the second stretch of memory holds beyond those that are sorted


def declarations(kind: str) -> str:
    """Return the declarations of both functions for the text of another module."""
    return f"declare void @theon_sort_{kind}(ptr, ptr, i64)\ndeclare {kind} @theon_select_{kind}(ptr, ptr, i64, i64)\n"


def symbols(text: str) -> dict[str, int]:
    """Return the addresses of those functions that a module declares; each is compiled once in a process."""
    found: dict[str, int] = {}
    for kind in LANES:
        if declarations(kind) in text:
            with target.LOCK:  # of two modules made at once only one is kept, and code would call into the other
                module = _module(kind)
            found |= {name: module.address(name) for name in _names(kind)}
    return found


def _names(kind: str) -> tuple[str, str]:
    return f"theon_sort_{kind}", f"theon_select_{kind}"


@functools.cache
def _module(kind: str) -> CompiledModule:
    return compile_module(quicksort_text(kind), {}, _names(kind))


def quicksort_text(kind: str) -> str:
    """``theon_sort_KIND(keys, spare, n)`` sorts in place; ``theon_select_KIND(keys, spare, n, k)`` returns the k-th smallest, from 1 on."""
    vector = _vector(kind)
    compressed = f"llvm.x86.avx512.mask.compress.v{LANES[kind]}{kind}"
    declared = [
        f"declare {vector} @llvm.umin.v{LANES[kind]}{kind}({vector}, {vector})",
        f"declare {vector} @llvm.umax.v{LANES[kind]}{kind}({vector}, {vector})",
        f"declare {vector} @llvm.masked.load.v{LANES[kind]}{kind}.p0(ptr, i32, {_mask(kind)}, {vector})",
        f"declare void @llvm.masked.store.v{LANES[kind]}{kind}.p0({vector}, ptr, i32, {_mask(kind)})",
        f"declare i{LANES[kind]} @llvm.ctpop.i{LANES[kind]}(i{LANES[kind]})",
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    ]
    if target.wide_vectors():
        declared.append(f"declare {vector} @{compressed}({vector}, {vector}, {_mask(kind)})")
    parts = [
        *(_network(kind, n) for n in _REGISTERS),
        _few(kind),
        _pivot(kind),
        _partition(kind),
        _sort(kind),
        _select(kind),
    ]
    return "\n".join([*declared, *parts])


def _vector(kind: str) -> str:
    return f"<{LANES[kind]} x {kind}>"


def _mask(kind: str) -> str:
    return f"<{LANES[kind]} x i1>"


def _listed(kind: str, values: list[int] | range) -> str:
    return "<" + ", ".join(f"{kind} {v}" for v in values) + ">"


def _first(f: Function, kind: str, count: Value, before: int = 0) -> Value:
    """A mask of the lanes whose number, ``before`` and more, is below ``count``."""
    lanes = LANES[kind]
    wide = f"<{lanes} x i32>"
    narrow = f.new("i32", f"trunc i64 {f.smaller(count, 1 << 20).text} to i32")
    one = f.new(wide, f"insertelement {wide} poison, i32 {narrow.text}, i32 0")
    all_ = f.new(wide, f"shufflevector {wide} {one.text}, {wide} poison, <{lanes} x i32> zeroinitializer")
    numbers = _listed("i32", range(before, before + lanes))
    return f.new(_mask(kind), f"icmp ult {wide} {numbers}, {all_.text}")


def _shuffled(f: Function, a: Value, b: Value, order: list[int]) -> Value:
    return f.new(
        a.kind,
        f"shufflevector {a.kind} {a.text}, {a.kind} {b.text}, <{len(order)} x i32> {_listed('i32', order)}",
    )


def _network(kind: str, registers: int) -> str:
    """Sort ``n`` keys, no more than the registers hold: lanes beyond are the largest keys, and are not written."""
    lanes, vector = LANES[kind], _vector(kind)
    item = int(kind[1:]) // 8
    f = Function(f"theon_network{registers}_{kind}", [("keys", "ptr"), ("n", "i64")])
    masks = [_first(f, kind, f["n"], r * lanes) for r in range(registers)]
    largest = _listed(kind, [-1] * lanes)
    end, mask_kind = f"v{lanes}{kind}", _mask(kind)
    keys = []
    for r, mask in enumerate(masks):
        at = f.at(f["keys"], r * lanes * item)
        given = f"(ptr {at.text}, i32 {item}, {mask.kind} {mask.text}, {vector} {largest})"
        keys.append(f.new(vector, f"call {vector} @llvm.masked.load.{end}.p0{given}"))

    def ordered(a: Value, b: Value) -> tuple[Value, Value]:
        given = f"({vector} {a.text}, {vector} {b.text})"
        low = f.new(vector, f"call {vector} @llvm.umin.{end}{given}")
        return low, f.new(vector, f"call {vector} @llvm.umax.{end}{given}")

    def inside(partners: list[int]) -> None:
        """Compare lanes with others of the same register."""
        above = "<" + ", ".join(f"i1 {int(i > p)}" for i, p in enumerate(partners)) + ">"
        for r, own in enumerate(keys):
            low, high = ordered(own, _shuffled(f, own, own, partners))
            keys[r] = f.new(vector, f"select {mask_kind} {above}, {vector} {high.text}, {vector} {low.text}")

    size = 2
    if registers >= lanes:
        # Lanes side by side first, which needs no moves inside of registers; then each has its own keys in a row.
        for a, b in _comparisons(registers):
            keys[a], keys[b] = ordered(keys[a], keys[b])
        blocks = [_transposed(f, keys[b : b + lanes]) for b in range(0, registers, lanes)]
        keys = [block[lane] for lane in range(lanes) for block in blocks]
        size = 2 * registers
    while size <= registers * lanes:
        # Two sorted halves: the first is compared with the second from behind, then halves of halves.
        if size <= lanes:
            inside([i ^ (size - 1) for i in range(lanes)])
        else:
            count = size // lanes
            back = list(range(lanes - 1, -1, -1))
            for start in range(0, registers, count):
                for r in range(count // 2):
                    a, b = start + r, start + count - 1 - r
                    low, high = ordered(keys[a], _shuffled(f, keys[b], keys[b], back))
                    keys[a], keys[b] = low, _shuffled(f, high, high, back)
        step = size // 4
        while step:
            if step < lanes:
                inside([i ^ step for i in range(lanes)])
            else:
                apart = step // lanes
                for r in range(registers):
                    if not r & apart:
                        keys[r], keys[r + apart] = ordered(keys[r], keys[r + apart])
            step //= 2
        size *= 2
    for r, mask in enumerate(masks):
        at = f.at(f["keys"], r * lanes * item)
        given = f"({vector} {keys[r].text}, ptr {at.text}, i32 {item}, {mask.kind} {mask.text})"
        f.emit(f"call void @llvm.masked.store.{end}.p0{given}")
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _comparisons(n: int) -> list[tuple[int, int]]:
    """Batcher's network of odd and even merges, for n keys."""
    found = []
    merged = 1
    while merged < n:
        apart = merged
        while apart:
            for j in range(apart % merged, n - apart, 2 * apart):
                for i in range(j, min(j + apart, n - apart)):
                    if i // (2 * merged) == (i + apart) // (2 * merged):
                        found.append((i, i + apart))
            apart //= 2
        merged *= 2
    return found


def _transposed(f: Function, rows: list[Value]) -> list[Value]:
    """Registers, as many as each has lanes, whose lane i holds what register i held: bit by bit of both numbers."""
    lanes, rows = len(rows), list(rows)
    step = 1
    while step < lanes:
        for r in range(lanes):
            if not r & step:
                a, b = rows[r], rows[r + step]
                rows[r] = _shuffled(f, a, b, [lanes + (i ^ step) if i & step else i for i in range(lanes)])
                rows[r + step] = _shuffled(f, a, b, [lanes + i if i & step else i ^ step for i in range(lanes)])
        step *= 2
    return rows


def _few(kind: str) -> str:
    """Sort by the smallest network that holds all keys."""
    f = Function(f"theon_few_{kind}", [("keys", "ptr"), ("n", "i64")])
    for registers in _REGISTERS[:-1]:
        with f.when(f["n"] <= registers * LANES[kind]):
            f.call(f"theon_network{registers}_{kind}", f["keys"], f["n"])
            f.emit("ret void")
            f.label(f"more{registers}")
    f.call(f"theon_network{_REGISTERS[-1]}_{kind}", f["keys"], f["n"])
    f.emit("ret void")
    return f.text()


def _pivot(kind: str) -> str:
    """The median of 2 registers of keys, of 8 where there are many to divide."""
    item, most = int(kind[1:]) // 8, 8 * LANES[kind]
    f = Function(f"theon_pivot_{kind}", [("keys", "ptr"), ("n", "i64"), ("seed", "i64")], kind)
    sample = f.room(most * item)
    large = f["n"] > 4096
    count = f.select(large, most, most // 4)
    # Of few keys as many apart from each other, from a place drawn at random.
    step = f.select(large, 0, f["n"] // (most // 4))
    state, width = f.variable("i64", f["seed"]), f.select(large, f["n"], step)
    place = f.variable("i64", 0)
    with f.loop(count) as i:
        with f.when(f.new("i1", f"or i1 {large.text}, {i.same(0).text}")):
            state.set(state.get() * 6364136223846793005 + 1442695040888963407)
            drawn = f.new("i64", f"lshr i64 {state.get().text}, 33")
            # 31 bits of the state, scaled to a place: no overflow below 2**32 keys.
            place.set(f.new("i64", f"lshr i64 {(drawn * width).text}, 31"))
        f.store(f.load(kind, f["keys"], place.get() * item), sample, i * item)
        place.set(place.get() + step)
    f.call(f"theon_few_{kind}", sample, count)
    f.give(f.load(kind, sample, count // 2 * item))
    f.emit("unreachable")
    return f.text()


def _partition(kind: str) -> str:
    """Bring keys below the pivot, or ``equal`` to it as well, to the front; return how many. The rest passes through ``spare``."""
    item = int(kind[1:]) // 8
    names = [("keys", "ptr"), ("spare", "ptr"), ("n", "i64"), ("pivot", kind), ("equal", "i1")]
    f = Function(f"theon_partition_{kind}", names, "i64")
    front, behind = f.variable("i64", 0), f.variable("i64", 0)
    if target.wide_vectors():
        _by_vectors(f, kind, front, behind)
    else:
        with f.loop(f["n"]) as i:
            x = f.load(kind, f["keys"], i * item)
            here, there = front.get(), behind.get()
            below = f.new("i1", f"icmp ult {kind} {x.text}, {f['pivot'].text}")
            same = f.new("i1", f"icmp eq {kind} {x.text}, {f['pivot'].text}")
            below = below | (same & f["equal"])
            f.store(x, f["keys"], here * item)
            f.store(x, f["spare"], there * item)
            one = f.new("i64", f"zext i1 {below.text} to i64")
            front.set(here + one)
            behind.set(there + (1 - one))
    rest, bytes_ = f.at(f["keys"], front.get() * item), behind.get() * item
    f.emit(f"call void @llvm.memcpy.p0.p0.i64(ptr {rest.text}, ptr {f['spare'].text}, i64 {bytes_.text}, i1 false)")
    f.give(front.get())
    f.emit("unreachable")
    return f.text(" noinline" + attributes())


def _by_vectors(f: Function, kind: str, front: object, behind: object) -> None:
    lanes, vector = LANES[kind], _vector(kind)
    item = int(kind[1:]) // 8
    end, mask = f"v{lanes}{kind}", _mask(kind)
    one = f.new(vector, f"insertelement {vector} poison, {kind} {f['pivot'].text}, i32 0")
    pivot = f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{lanes} x i32> zeroinitializer")
    flag = f.new(mask, f"insertelement {mask} poison, i1 {f['equal'].text}, i32 0")
    equal = f.new(mask, f"shufflevector {mask} {flag.text}, {mask} poison, <{lanes} x i32> zeroinitializer")

    def counted(which: Value) -> Value:
        bits = f.new(f"i{lanes}", f"bitcast {mask} {which.text} to i{lanes}")
        number = f.new(f"i{lanes}", f"call i{lanes} @llvm.ctpop.i{lanes}(i{lanes} {bits.text})")
        return f.new("i64", f"zext i{lanes} {number.text} to i64")

    def moved(x: Value, which: Value, into: Value, at: object, count: Value, whole: bool) -> None:
        given = f"({vector} {x.text}, {vector} {x.text}, {mask} {which.text})"
        packed = f.new(vector, f"call {vector} @llvm.x86.avx512.mask.compress.{end}{given}")
        place = f.at(into, at.get() * item)  # type: ignore[attr-defined]
        if whole:
            f.emit(f"store {vector} {packed.text}, ptr {place.text}, align {item}")
        else:
            some = _first(f, kind, count)
            given = f"({vector} {packed.text}, ptr {place.text}, i32 {item}, {mask} {some.text})"
            f.emit(f"call void @llvm.masked.store.{end}.p0{given}")
        at.set(at.get() + count)  # type: ignore[attr-defined]

    def divided(x: Value, valid: Value | None) -> None:
        less = f.new(mask, f"icmp ult {vector} {x.text}, {pivot.text}")
        same = f.new(mask, f"icmp eq {vector} {x.text}, {pivot.text}")
        below = less | (same & equal)
        other = f.new(mask, f"xor {mask} {below.text}, {_listed('i1', [1] * lanes)}")
        if valid is not None:
            below, other = below & valid, other & valid
        # What is stored whole lies where the keys have been read, or in the room behind those that are kept.
        moved(x, below, f["keys"], front, counted(below), valid is None)
        moved(x, other, f["spare"], behind, counted(other), valid is None)

    whole = f["n"] & -lanes
    wide = f["n"] & (-4 * lanes)

    def read(at: Value) -> Value:
        return f.new(vector, f"load {vector}, ptr {f.at(f['keys'], at * item).text}, align {item}")

    with f.loop(wide, 0, 4 * lanes) as i:
        found = [read(i + r * lanes) for r in range(4)]
        for x in found:
            divided(x, None)
    with f.loop(whole, wide, lanes) as i:
        divided(read(i), None)
    rest = f["n"] - whole
    valid = _first(f, kind, rest)
    given = f"(ptr {f.at(f['keys'], whole * item).text}, i32 {item}, {mask} {valid.text}, {vector} zeroinitializer)"
    divided(f.new(vector, f"call {vector} @llvm.masked.load.{end}.p0{given}"), valid)


def _sort(kind: str) -> str:
    """Divide, sort the smaller part by a call of itself and the larger one here."""
    item, most = int(kind[1:]) // 8, _REGISTERS[-1] * LANES[kind]
    f = Function(f"theon_sort_{kind}", [("keys", "ptr"), ("spare", "ptr"), ("n", "i64")])
    keys, n = f.variable("ptr", f["keys"]), f.variable("i64", f["n"])
    f.emit("br label %again")
    f.label("again")
    here, count = keys.get(), n.get()
    with f.when(count <= most):
        f.call(f"theon_few_{kind}", here, count)
        f.emit("ret void")
        f.label("many")
    pivot = f.call(f"theon_pivot_{kind}", here, count, count, result=kind)
    no, yes = Value(f, "i1", "false"), Value(f, "i1", "true")
    below = f.variable("i64", f.call(f"theon_partition_{kind}", here, f["spare"], count, pivot, no, result="i64"))
    with f.when(below.get().same(0)):
        # Nothing is below the pivot: keys equal to it are at their places.
        same = f.call(f"theon_partition_{kind}", here, f["spare"], count, pivot, yes, result="i64")
        keys.set(f.at(here, same * item))
        n.set(count - same)
        f.emit("br label %again")
        f.label("divided")
    left = below.get()
    right = count - left
    middle = f.at(here, left * item)
    first = left <= right
    small = f.new("ptr", f"select i1 {first.text}, ptr {here.text}, ptr {middle.text}")
    f.call(f"theon_sort_{kind}", small, f["spare"], f.select(first, left, right))
    keys.set(f.new("ptr", f"select i1 {first.text}, ptr {middle.text}, ptr {here.text}"))
    n.set(f.select(first, right, left))
    f.emit("br label %again")
    return f.text(linkage="")


def _select(kind: str) -> str:
    """Divide, and go on with the part that the wanted key is in (C. Hoare, Find, 1961)."""
    item, most = int(kind[1:]) // 8, _REGISTERS[-1] * LANES[kind]
    f = Function(f"theon_select_{kind}", [("keys", "ptr"), ("spare", "ptr"), ("n", "i64"), ("k", "i64")], kind)
    keys, n, k = f.variable("ptr", f["keys"]), f.variable("i64", f["n"]), f.variable("i64", f["k"])
    f.emit("br label %again")
    f.label("again")
    here, count, wanted = keys.get(), n.get(), k.get()
    with f.when(count <= most):
        f.call(f"theon_few_{kind}", here, count)
        f.give(f.load(kind, here, (wanted - 1) * item))
    pivot = f.call(f"theon_pivot_{kind}", here, count, count, result=kind)
    no, yes = Value(f, "i1", "false"), Value(f, "i1", "true")
    below = f.variable("i64", f.call(f"theon_partition_{kind}", here, f["spare"], count, pivot, no, result="i64"))
    with f.when(below.get().same(0)):
        below.set(f.call(f"theon_partition_{kind}", here, f["spare"], count, pivot, yes, result="i64"))
        with f.when(wanted <= below.get()):
            f.give(pivot)
    left = below.get()
    first = wanted <= left
    keys.set(f.new("ptr", f"select i1 {first.text}, ptr {here.text}, ptr {f.at(here, left * item).text}"))
    n.set(f.select(first, left, count - left))
    k.set(f.select(first, wanted, wanted - left))
    f.emit("br label %again")
    return f.text(linkage="")
