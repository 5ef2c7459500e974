"""Routines that go through the elements of an array in their order: places of true ones, counts, repeats, searches, distinct ones.

Blocks of three dimensions are what lies before an axis, the axis, and what lies behind it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from theon.codegen.abi import LLVM_TYPE, itemsize
from theon.codegen.native import Function, Value
from theon.codegen.shared import Block

__all__ = ["walk_text"]


def walk_text(name: str, symbol: str, dtype: str, attrs: tuple[object, ...]) -> str:
    """Return the module of routine ``name`` for elements of ``dtype``."""
    texts: dict[str, Callable[..., str]] = {
        "nonzero": _nonzero, "bincount": _bincount, "repeat": _repeat,
        "searchsorted": _searchsorted, "unique": _unique,
    }  # fmt: skip
    return texts[name](symbol, dtype, *attrs)


def _function(symbol: str, *names: str) -> Function:
    return Function(symbol, [(name, "ptr") for name in (*names, "numbers")], "i64")


def _done(f: Function) -> str:
    f.emit("ret i64 0")
    return f.text(linkage="")


@functools.cache
def _nonzero(symbol: str, dtype: str, ndim: int) -> str:
    """``nonzero(x, out)``: row d of ``out`` gets the places along dimension d of the elements that are true, in C order."""
    f = _function(symbol, "x", "out")
    x, out = Block(f, f["x"], ndim), Block(f, f["out"], 2)
    count = f.variable("i64", 0)

    def dimension(d: int, where: Value, places: list[Value]) -> None:
        with f.loop(x.sizes[d], hint="") as i:
            here = f.at(where, i * x.strides[d])
            if d + 1 < ndim:
                dimension(d + 1, here, [*places, i])
                return
            with f.when(f.new("i1", f"icmp ne i8 {f.load('i8', here).text}, 0")):
                at = f.at(out.data, count.get() * 8)
                for row, value in enumerate([*places, i]):
                    f.store(value, at, out.strides[0] * row)
                count.set(count.get() + 1)

    dimension(0, x.data, [])
    return _done(f)


@functools.cache
def _bincount(symbol: str, dtype: str, weighted: bool) -> str:
    """``bincount(x, [weights,] out)``: how often each number occurs in ``x``, or the sum of the weights there."""
    f = _function(symbol, "x", *(["weights"] if weighted else []), "out")
    x, out = Block(f, f["x"], 1), Block(f, f["out"], 1)
    kind = "double" if weighted else "i64"
    with f.loop(out.sizes[0], hint="") as i:
        f.store(Value(f, kind, "zeroinitializer"), out.data, i * 8)
    weights = Block(f, f["weights"], 1) if weighted else None
    with f.loop(x.sizes[0], hint="") as i:
        at = f.at(out.data, f.load("i64", x.data, i * 8) * 8)
        more = f.value(1, "i64") if weights is None else f.load("double", weights.data, i * 8)
        f.store(f.load(kind, at) + more, at)
    return _done(f)


@functools.cache
def _repeat(symbol: str, dtype: str) -> str:
    """``repeat(x, counts, out)``: each x[a, i, :] as often as ``counts[i]`` says; all contiguous."""
    f = _function(symbol, "x", "counts", "out")
    x, counts, out = Block(f, f["x"], 3), Block(f, f["counts"], 1), Block(f, f["out"], 3)
    before, n, behind = x.sizes
    width = behind * itemsize(dtype)
    to = f.variable("ptr", out.data)
    with f.loop(before, hint="") as a, f.loop(n, hint="") as i:
        own = f.at(x.data, (a * n + i) * width)
        with f.loop(f.load("i64", counts.data, i * 8), hint=""):
            here = to.get()
            f.emit(f"call void @llvm.memcpy.p0.p0.i64(ptr {here.text}, ptr {own.text}, i64 {width.text}, i1 false)")
            to.set(f.at(here, width))
    return _done(f) + "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"


@functools.cache
def _searchsorted(symbol: str, dtype: str, side: str) -> str:
    """``searchsorted(x, v, out)``: the first place in ``x`` whose element is not below v[i], or is above it; NaN is above all."""
    f = _function(symbol, "x", "v", "out")
    kind, item = LLVM_TYPE[dtype], itemsize(dtype)
    x, v, out = Block(f, f["x"], 1), Block(f, f["v"], 1), Block(f, f["out"], 1)

    def below(a: Value, b: Value) -> Value:
        if kind in ("float", "double"):
            nan = b.ordered("uno", b) & a.ordered("ord", a)
            return a.ordered("olt", b) | nan
        order = "ult" if dtype.startswith("u") or dtype == "bool" else "slt"
        return f.new("i1", f"icmp {order} {kind} {a.text}, {b.text}")

    with f.loop(v.sizes[0], hint="") as i:
        wanted = f.load(kind, v.data, i * item)
        low, high = f.variable("i64", 0), f.variable("i64", x.sizes[0])
        with f.repeat(64) as stop:
            first, last = low.get(), high.get()
            stop(first >= last)
            middle = first + (last - first) // 2
            found = f.load(kind, x.data, middle * item)
            if side == "left":
                before = below(found, wanted)
            else:
                before = f.new("i1", f"xor i1 {below(wanted, found).text}, true")
            low.set(f.select(before, middle + 1, first))
            high.set(f.select(before, last, middle))
        f.store(low.get(), out.data, i * 8)
    return _done(f)


@functools.cache
def _unique(symbol: str, dtype: str, index: bool, inverse: bool, counts: bool) -> str:
    """``unique(x, order, values, index, inverse, counts)`` of sorted ``x``, whose elements come from the places ``order``.

    What is not asked for has no elements. All NaN are one value.
    """
    names = ("x", "order", "values", "index", "inverse", "counts")
    f = _function(symbol, *names)
    kind, item = LLVM_TYPE[dtype], itemsize(dtype)
    x, order, values, first, back, number = (Block(f, f[name], 1) for name in names)
    group = f.variable("i64", -1)
    with f.loop(x.sizes[0], hint="") as i:
        own, before = f.load(kind, x.data, i * item), f.load(kind, x.data, f.larger(i - 1, 0) * item)
        if kind in ("float", "double"):
            other = own.ordered("une", before) & before.ordered("ord", before)
        else:
            other = f.new("i1", f"icmp ne {kind} {own.text}, {before.text}")
        new = f.new("i1", f"or i1 {i.same(0).text}, {other.text}")
        with f.when(new):
            group.set(group.get() + 1)
            f.store(own, values.data, group.get() * item)
            if index:
                f.store(f.load("i64", order.data, i * 8), first.data, group.get() * 8)
            if counts:
                f.store(0, number.data, group.get() * 8)
        if inverse:
            f.store(group.get(), back.data, f.load("i64", order.data, i * 8) * 8)
        if counts:
            at = f.at(number.data, group.get() * 8)
            f.store(f.load("i64", at) + 1, at)
    return _done(f)
