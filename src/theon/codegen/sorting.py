"""Routines that put lines of an array in order: values, their places, the places of the first few.

Elements become unsigned integers in the same order, NaN the largest, and go back afterwards. Places are sorted with their keys,
32 bits each in one number, so that equal elements keep their order; of keys of 64 bits the 32 that differ first come first,
and what they leave equal is sorted by the others. Lines are shared between threads.
"""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.abi import LLVM_TYPE, itemsize
from theon.codegen.native import SEPARATE, Function, Value, attributes
from theon.codegen.quicksort import PADDING, declarations
from theon.codegen.shared import Block, run

__all__ = ["PIECE", "sorting_text"]

_DECLARED = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.umax.i64(i64, i64)
declare i64 @llvm.ctlz.i64(i64, i1)
"""
_MOST = (1 << 32) - 1  # elements of a line: their places have 32 bits
PIECE = 128  # elements that are looked at together


def _kind(dtype: str) -> str:
    return "i64" if itemsize(dtype) == 8 else "i32"


@functools.cache
def sorting_text(name: str, symbol: str, dtype: str, shared: bool) -> str:
    """``sort(x, out, space)``, ``argsort(x, out, space)`` or ``argtopk(x, out, space)``: along the middle one of three dimensions.

    ``argtopk`` gives as many places as there are in ``out``: those of the largest elements, the largest first, or, where the
    number is not 0, of the smallest. Numbers: that one, and into how many parts the workspace of uint64 is divided.
    """
    kind = _kind(dtype)
    kinds = {kind} if name == "sort" else {kind, "i64"} if name == "argtopk" else {"i64"}
    parts = [declarations(k) for k in sorted(kinds)]
    if name != "sort":
        parts.append(_order(kind))
    if name == "argtopk":
        parts.append(_kept(kind))
    line = {"sort": _sort_line, "argsort": _argsort_line, "argtopk": _topk_line}[name]
    whole = [
        pool.DECLARATIONS if shared else "",
        *parts,
        line(dtype),
        _work(symbol, name, dtype),
        _main(symbol, shared),
        _DECLARED,
        SEPARATE,
    ]
    return "\n".join(whole)


def _main(symbol: str, shared: bool) -> str:
    f = Function(symbol, [(n, "ptr") for n in ("x", "out", "space", "numbers")], "i64")
    x = Block(f, f["x"], 3)
    length = x.sizes[1]
    with f.when(length > _MOST):
        f.give(1)
    frame = f.room(32)
    for place, n in enumerate(("x", "out", "space", "numbers")):
        f.store(f[n], frame, 8 * place)
    lines = x.sizes[0] * x.sizes[2]
    slots = f.load("i64", f["numbers"], 8)
    with f.when(lines * length > 0):
        run(f, f"{symbol}_work", frame, f.smaller(lines, slots), lines * length * 16, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _work(symbol: str, name: str, dtype: str) -> str:
    f = Function(f"{symbol}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    x, out, space = (Block(f, f.load("ptr", f["frame"], 8 * i), n) for i, n in enumerate((3, 3, 1)))
    given = f.load("ptr", f["frame"], 24)
    smallest, slots = f.load("i64", given), f.load("i64", given, 8)
    own = f.at(space.data, f["chunk"] * (space.sizes[0] // slots) * 8)
    lines, inner = x.sizes[0] * x.sizes[2], x.sizes[2]
    with f.loop(lines * (f["chunk"] + 1) // f["chunks"], lines * f["chunk"] // f["chunks"]) as line:
        a, c = line // inner, line % inner
        places = [f.at(b.data, a * b.strides[0] + c * b.strides[2]) for b in (x, out)]
        sizes = [x.sizes[1], x.strides[1], out.strides[1]]
        last = [out.sizes[1], smallest] if name == "argtopk" else []
        f.call(f"theon_line_{name}_{dtype}", *places, own, *sizes, *last)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


# --- keys -------------------------------------------------------------------------------------------------------------


def _key(f: Function, dtype: str, x: Value, signed_zeros: bool) -> Value:
    """The number that stands where the element does; zeros are equal, or by their signs."""
    kind, own = _kind(dtype), LLVM_TYPE[dtype]
    sign = -(1 << (int(kind[1:]) - 1))
    if dtype.startswith("float"):
        if not signed_zeros:
            x = x + 0.0
        bits = f.new(kind, f"bitcast {own} {x.text} to {kind}")
        spread = f.new(kind, f"ashr {kind} {bits.text}, {int(kind[1:]) - 1}")
        flip = f.new(kind, f"or {kind} {spread.text}, {sign}")
        turned = f.new(kind, f"xor {kind} {bits.text}, {flip.text}")
        return f.select(x.ordered("uno", x), -1, turned, kind)
    signed = dtype.startswith("int")
    if own != kind:
        x = f.new(kind, f"{'sext' if signed else 'zext'} {own} {x.text} to {kind}")
    return f.new(kind, f"xor {kind} {x.text}, {sign}") if signed else x


def _element(f: Function, dtype: str, key: Value) -> Value:
    """The element that a key stands for."""
    kind, own = _kind(dtype), LLVM_TYPE[dtype]
    sign = -(1 << (int(kind[1:]) - 1))
    if dtype.startswith("float"):
        spread = f.new(kind, f"ashr {kind} {key.text}, {int(kind[1:]) - 1}")
        other = f.new(kind, f"xor {kind} {spread.text}, -1")
        flip = f.new(kind, f"or {kind} {other.text}, {sign}")
        bits = f.new(kind, f"xor {kind} {key.text}, {flip.text}")
        return f.new(own, f"bitcast {kind} {bits.text} to {own}")
    if dtype.startswith("int"):
        key = f.new(kind, f"xor {kind} {key.text}, {sign}")
    return key if own == kind else f.new(own, f"trunc {kind} {key.text} to {own}")


def _with_keys(f: Function, dtype: str, keys: Value, signed_zeros: bool = False) -> None:
    """Write the keys of a line; memory that is contiguous in a loop of its own, which vectors do."""
    own, item, wide = LLVM_TYPE[dtype], itemsize(dtype), int(_kind(dtype)[1:]) // 8

    def each(step: Value | int) -> None:
        with f.separate(f["n"]) as i:
            f.store(_key(f, dtype, f.load(own, f["x"], i * step), signed_zeros), keys, i * wide)

    unit = f["x_step"].same(item)
    with f.when(unit):
        each(item)
    with f.unless(unit):
        each(f["x_step"])


_LINE = [("x", "ptr"), ("out", "ptr"), ("space", "ptr"), ("n", "i64"), ("x_step", "i64"), ("out_step", "i64")]


def _part(f: Function, number: int) -> Value:
    """One of the parts of the workspace, each of which holds a line of numbers of 64 bits."""
    return f.at(f["space"], (f["n"] + PADDING) * (8 * number))


# --- lines ------------------------------------------------------------------------------------------------------------


def _sort_line(dtype: str) -> str:
    kind, item, wide = _kind(dtype), itemsize(dtype), int(_kind(dtype)[1:]) // 8
    f = Function(f"theon_line_sort_{dtype}", _LINE)
    unit = f["out_step"].same(item)
    keys = f["space"]
    if item == wide:  # in the place of the result
        keys = f.new("ptr", f"select i1 {unit.text}, ptr {f['out'].text}, ptr {f['space'].text}")
    _with_keys(f, dtype, keys, signed_zeros=True)
    f.call(f"theon_sort_{kind}", keys, _part(f, 1), f["n"])
    with f.when(unit), f.separate(f["n"]) as i:
        f.store(_element(f, dtype, f.load(kind, keys, i * wide)), f["out"], i * item)
    with f.unless(unit), f.loop(f["n"]) as i:
        f.store(_element(f, dtype, f.load(kind, keys, i * wide)), f["out"], i * f["out_step"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _order(kind: str) -> str:
    """Write the places of ``n`` keys in ascending order, equal keys by their places, into the low halves of ``order``."""
    wide = int(kind[1:]) // 8
    f = Function(f"theon_order_{kind}", [("keys", "ptr"), ("order", "ptr"), ("spare", "ptr"), ("n", "i64")])
    n, order = f["n"], f["order"]

    def shifted(op: str, x: Value, by: Value | int) -> Value:
        return f.new("i64", f"{op} i64 {x.text}, {f.value(by, 'i64').text}")

    if kind == "i32":
        with f.separate(n) as i:
            key = f.new("i64", f"zext i32 {f.load('i32', f['keys'], i * wide).text} to i64")
            f.store(shifted("or", shifted("shl", key, 32), i), order, i * 8)
        f.call("theon_sort_i64", order, f["spare"], n)
        f.emit("ret void")
        return f.text(" noinline" + attributes())
    least, most = f.variable("i64", -1), f.variable("i64", 0)
    with f.loop(n, hint="") as i:
        key = f.load("i64", f["keys"], i * 8)
        least.set(f.call("llvm.umin.i64", least.get(), key, result="i64"))
        most.set(f.call("llvm.umax.i64", most.get(), key, result="i64"))
    start = least.get()
    range_ = most.get() - start
    zeros = f.new("i64", f"call i64 @llvm.ctlz.i64(i64 {range_.text}, i1 false)")
    shift = f.larger(32 - zeros, 0)
    with f.separate(n) as i:
        key = shifted("lshr", f.load("i64", f["keys"], i * 8) - start, shift)
        f.store(shifted("or", shifted("shl", key, 32), i), order, i * 8)
    f.call("theon_sort_i64", order, f["spare"], n)
    with f.when(shift > 0):
        # Runs whose first bits are equal, by the bits that were left out.
        begin = f.variable("i64", 0)
        with f.loop(n, 1) as i:
            own, before = f.load("i64", order, i * 8), f.load("i64", order, i * 8 - 8)
            same = shifted("lshr", shifted("xor", own, before), 32).same(0)
            # The last run ends with the line.
            last = same & (i + 1).same(n)
            first = begin.get()
            end = f.select(last, n, i)
            new = f.new("i1", f"xor i1 {same.text}, true")
            run_ = f.new("i1", f"or i1 {new.text}, {last.text}") & (end - first > 1)
            with f.when(run_):
                with f.loop(end, first) as j:
                    place = f.load("i64", order, j * 8) & _MOST
                    key = f.load("i64", f["keys"], place * 8) - start
                    rest = shifted("and", shifted("shl", key, 64 - shift), ~_MOST)
                    f.store(shifted("or", rest, place), order, j * 8)
                f.call("theon_sort_i64", f.at(order, first * 8), f["spare"], end - first)
            begin.set(f.select(new, i, first))
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _argsort_line(dtype: str) -> str:
    kind = _kind(dtype)
    f = Function(f"theon_line_argsort_{dtype}", _LINE)
    keys, order, spare = f["space"], _part(f, 1), _part(f, 2)
    _with_keys(f, dtype, keys)
    f.call(f"theon_order_{kind}", keys, order, spare, f["n"])
    with f.loop(f["n"], hint="") as i:
        f.store(f.load("i64", order, i * 8) & _MOST, f["out"], i * f["out_step"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def _kept(kind: str) -> str:
    """Of ``m`` keys and their places keep the ``k`` smallest in their order, of equal ones the first; return the largest kept."""
    wide = int(kind[1:]) // 8
    names = [("keys", "ptr"), ("places", "ptr"), ("order", "ptr"), ("spare", "ptr"), ("m", "i64"), ("k", "i64")]
    f = Function(f"theon_kept_{kind}", names, kind)
    keys, places, order, m = f["keys"], f["places"], f["order"], f["m"]
    nbytes = (m * wide).text
    f.emit(f"call void @llvm.memcpy.p0.p0.i64(ptr {order.text}, ptr {keys.text}, i64 {nbytes}, i1 false)")
    found = f.call(f"theon_select_{kind}", order, f["spare"], m, f["k"], result=kind)
    below = f.variable("i64", 0)
    with f.loop(m, hint="") as i:
        less = f.new("i1", f"icmp ult {kind} {f.load(kind, keys, i * wide).text}, {found.text}")
        below.set(below.get() + f.new("i64", f"zext i1 {less.text} to i64"))
    count, equals = f.variable("i64", 0), f.variable("i64", f["k"] - below.get())
    with f.loop(m) as i:
        key, place = f.load(kind, keys, i * wide), f.load("i64", places, i * 8)
        less = f.new("i1", f"icmp ult {kind} {key.text}, {found.text}")
        same = f.new("i1", f"icmp eq {kind} {key.text}, {found.text}") & (equals.get() > 0)
        here = count.get()  # not beyond i
        f.store(key, keys, here * wide)
        f.store(place, places, here * 8)
        taken = f.new("i1", f"or i1 {less.text}, {same.text}")
        count.set(here + f.new("i64", f"zext i1 {taken.text} to i64"))
        equals.set(equals.get() - f.new("i64", f"zext i1 {same.text} to i64"))
    f.give(found)
    f.emit("unreachable")
    return f.text(" noinline" + attributes())


def _topk_line(dtype: str) -> str:
    """Go through the line in pieces, keep what is smaller than the last key that counts so far, sort what is left."""
    kind, own, item, wide = _kind(dtype), LLVM_TYPE[dtype], itemsize(dtype), int(_kind(dtype)[1:]) // 8
    f = Function(f"theon_line_argtopk_{dtype}", [*_LINE, ("k", "i64"), ("smallest", "i64")])
    n, k = f["n"], f["k"]
    most = k * 2 + PIECE  # keys are kept up to this number before the smallest of them are looked for
    keys, order, spare, places = (f.at(f["space"], (most + (PIECE + PADDING)) * (8 * i)) for i in range(4))
    rising = f.new("i1", f"icmp ne i64 {f['smallest'].text}, 0")
    # For the largest, keys are turned round, and the line is read from behind: of equal elements the last comes first.
    turn = f.new(kind, f"select i1 {rising.text}, {kind} 0, {kind} -1")
    step = f.select(rising, f["x_step"], 0 - f["x_step"])
    start = f.at(f["x"], f.select(rising, 0, (n - 1) * f["x_step"]))
    held, last = f.variable("i64", 0), f.variable(kind, -1)
    with f.loop(n, 0, PIECE) as begin:
        count, bound, begun = f.smaller(n - begin, PIECE), last.get(), held.get()
        first, new = f.at(start, begin * step), f.at(keys, begun * wide)
        smaller = f.variable("i64", 0)

        def each(by: Value | int) -> None:
            with f.loop(count, hint="") as i:
                key = _key(f, dtype, f.load(own, first, i * by), False)
                key = f.new(kind, f"xor {kind} {key.text}, {turn.text}")
                f.store(key, new, i * wide)
                less = f.new("i1", f"icmp ult {kind} {key.text}, {bound.text}")
                smaller.set(smaller.get() + f.new("i64", f"zext i1 {less.text} to i64"))

        forward, backward = step.same(item), step.same(-item)
        with f.when(forward):
            each(item)
        with f.when(backward):
            each(-item)
        with f.unless(f.new("i1", f"or i1 {forward.text}, {backward.text}")):
            each(step)
        free = begun < k  # nothing has been left out yet
        with f.when(free):
            with f.loop(count, hint="") as i:
                f.store(begin + i, places, (begun + i) * 8)
            held.set(begun + count)
        with f.unless(f.new("i1", f"or i1 {free.text}, {smaller.get().same(0).text}")), f.loop(count) as i:
            key, here = f.load(kind, new, i * wide), held.get()
            f.store(key, keys, here * wide)
            f.store(begin + i, places, here * 8)
            less = f.new("i1", f"icmp ult {kind} {key.text}, {bound.text}")
            held.set(here + f.new("i64", f"zext i1 {less.text} to i64"))
        ended = f.new("i1", f"or i1 {(held.get() > most).text}, {(begin + count).same(n).text}")
        with f.when(ended & (held.get() > k)):
            last.set(f.call(f"theon_kept_{kind}", keys, places, order, spare, held.get(), k, result=kind))
            held.set(k)
    f.call(f"theon_order_{kind}", keys, order, spare, k)
    with f.loop(k, hint="") as j:
        at = f.load("i64", order, j * 8) & _MOST
        place = f.load("i64", places, at * 8)
        f.store(f.select(rising, place, n - 1 - place), f["out"], j * f["out_step"])
    f.emit("ret void")
    return f.text(" noinline" + attributes())
