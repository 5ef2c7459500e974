"""Routines that pool images over windows, and spread gradients back; images are shared between threads.

Windows and strides are constants, by which routines are made, or None: then they follow the pads in a call's numbers.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable

import numpy as np

from theon.codegen import pool
from theon.codegen.abi import LLVM_TYPE, itemsize
from theon.codegen.native import SEPARATE, Function, Value, attributes
from theon.codegen.shared import SMALL, Block, numbers, run

__all__ = ["gradient_text", "pooled_text", "tangent_text"]

_UNROLLED = 32  # elements of a window that are written out one by one
Pair = tuple[int, int]


class _Images:
    """A chunk's share of the images, and the windows of one row of results at a time."""

    def __init__(self, f: Function, blocks: int, window: Pair | None, stride: Pair | None) -> None:
        self.f = f
        self.tensors = [Block(f, f.load("ptr", f["frame"], 8 * i), 4) for i in range(blocks)]
        names = ["pad", "pads", "tall", "wide", "down", "along"][: 2 if window else 6]
        given = numbers(f, f.load("ptr", f["frame"], 8 * blocks), names)
        self.pads = given["pad"], given["pads"]
        self.window: tuple[int | Value, int | Value] = window or (given["tall"], given["wide"])
        self.stride: tuple[int | Value, int | Value] = stride or (given["down"], given["along"])
        # The places of a window, where they are written out one by one.
        self.places = list(itertools.product(*map(range, window))) if window else []
        if len(self.places) > _UNROLLED:
            self.places = []
        self.total = f.load("i64", f["frame"], 8 * (blocks + 1))

    def each(self, body: Callable[[list[Value]], None]) -> None:
        """Call ``body`` with the addresses of one image in each tensor."""
        f = self.f
        first = self.total * f["chunk"] // f["chunks"]
        last = self.total * (f["chunk"] + 1) // f["chunks"]
        per = self.tensors[0].sizes[1]
        with f.loop(last, first) as place:
            n, c = place // per, place % per
            body([f.at(t.data, n * t.strides[0] + c * t.strides[1]) for t in self.tensors])

    def span(self, axis: int, at: Value, size: Value) -> tuple[Value, Value, Value]:
        """Where a window begins, and the part of it that lies inside: first and end."""
        f = self.f
        begin = at * self.stride[axis] - self.pads[axis]
        first = f.smaller(f.larger(begin, 0), size)
        return begin, first, f.larger(f.smaller(begin + self.window[axis], size), first)

    def count(self, mode: str, begin: tuple[Value, Value], inside: list[tuple[Value, Value]], image: Block) -> Value:
        """How many elements the average of a window is over."""
        f = self.f
        found = f.value(1, "i64")
        for axis in range(2):
            first, end = inside[axis]
            if mode == "average_inc_pad":
                pad = self.pads[axis]
                whole = image.sizes[2 + axis] + pad
                first = begin[axis]
                end = f.smaller(first + self.window[axis], whole)
            found = found * f.larger(end - first, 0)
        return f.larger(found, 1)

    def quick(self, y: Value, image: Block, results: Block, unit: Value) -> tuple[Value, Value]:
        """The columns of results whose windows lie inside and whose memory is contiguous: first and end."""
        f = self.f
        begin = y * self.stride[0] - self.pads[0]
        tall = (begin >= 0) & (begin + self.window[0] <= image.sizes[2])
        ahead = (self.pads[1] + (self.stride[1] - 1)) // self.stride[1]
        room = image.sizes[3] + self.pads[1] - self.window[1]
        most = f.select(room >= 0, room // self.stride[1] + 1, 0)
        first = f.smaller(ahead, results.sizes[3])
        end = f.larger(f.smaller(most, results.sizes[3]), first)
        good = tall & unit & Value(f, "i1", str(bool(self.places)).lower())
        return first, f.select(good, end, first)


def _unit(f: Function, tensors: list[Block], item: int) -> Value:
    good = tensors[0].strides[3].same(item)
    for t in tensors[1:]:
        good = good & t.strides[3].same(item)
    return good


def _is_float(dtype: str) -> bool:
    return dtype.startswith("float")


def _largest(dtype: str) -> str:
    """LLVM's function of the larger of two; NaN is larger than all."""
    if _is_float(dtype):
        return f"llvm.maximum.f{8 * itemsize(dtype)}"
    return f"llvm.{'u' if dtype[0] in 'bu' else 's'}max.i{8 * itemsize(dtype)}"


def _lowest(f: Function, dtype: str) -> Value:
    if _is_float(dtype):
        return Value(f, LLVM_TYPE[dtype], "0xFFF0000000000000")
    return f.value(0 if dtype[0] in "bu" else np.iinfo(dtype).min, LLVM_TYPE[dtype])


def _joined(f: Function, dtype: str, mode: str, x: Value, y: Value) -> Value:
    return f.call(_largest(dtype), x, y, result=x.kind) if mode == "max" else x + y


def _equal(x: Value, y: Value) -> Value:
    return x.ordered("oeq", y) if x.kind in ("float", "double") else x.same(y)


def _float(f: Function, n: Value, kind: str) -> Value:
    return f.new(kind, f"sitofp i64 {n.text} to {kind}")


def _divided(f: Function, x: Value, n: Value) -> Value:
    return f.new(x.kind, f"fdiv {x.kind} {x.text}, {n.text}")


def _module(dtype: str, shared: bool, *functions: str) -> str:
    kind = LLVM_TYPE[dtype]
    declared = f"declare {kind} @{_largest(dtype)}({kind}, {kind})"
    return "\n".join([pool.DECLARATIONS if shared else "", *functions, declared, SEPARATE])


def _main(name: str, blocks: list[str], big: str, weight: int, shared: bool) -> str:
    f = Function(name, [(n, "ptr") for n in [*blocks, "numbers"]], "i64")
    sizes = Block(f, f[big], 4).sizes
    frame = f.room(8 * (len(blocks) + 2))
    for place, n in enumerate([*blocks, "numbers"]):
        f.store(f[n], frame, 8 * place)
    total = sizes[0] * sizes[1]
    f.store(total, frame, 8 * (len(blocks) + 1))
    work = total * sizes[2] * sizes[3] * weight
    run(f, f"{name}_work", frame, f.select(work < SMALL, f.smaller(total, 1), f.smaller(total, 64)), work, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


@functools.cache
def pooled_text(dtype: str, name: str, mode: str, window: Pair | None, stride: Pair | None, shared: bool) -> str:
    """The largest, the sum or (of floats) the average of each window; windows reach over the edges by the pads."""
    kind, item = LLVM_TYPE[dtype], itemsize(dtype)
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    images = _Images(f, 2, window, stride)
    image, out = images.tensors
    start = _lowest(f, dtype) if mode == "max" else f.value(0, kind)
    unit = _unit(f, [image, out], item)

    def one(at: list[Value]) -> None:
        x, result = at

        def row(y: Value) -> None:
            begin, top, bottom = images.span(0, y, image.sizes[2])
            line = f.at(result, y * out.strides[2])

            def single(place: Value) -> None:
                left, first, end = images.span(1, place, image.sizes[3])
                total = f.variable(kind, start)
                with f.loop(bottom, top) as i, f.loop(end, first) as j:
                    value = f.load(kind, x, i * image.strides[2] + j * image.strides[3])
                    total.set(_joined(f, dtype, mode, total.get(), value))
                found = total.get()
                if mode.startswith("average"):
                    n = images.count(mode, (begin, left), [(top, bottom), (first, end)], image)
                    found = _divided(f, found, _float(f, n, kind))
                f.store(found, line, place * out.strides[3])

            quick, after = images.quick(y, image, out, unit)
            with f.loop(quick) as place:
                single(place)
            corner = f.at(x, begin * image.strides[2] - images.pads[1] * item)
            with f.separate(after, quick) as place:
                found = start
                for i, j in images.places:
                    value = f.load(kind, f.at(corner, image.strides[2] * i), (place * images.stride[1] + j) * item)
                    found = value if mode == "max" and (i, j) == (0, 0) else _joined(f, dtype, mode, found, value)
                if mode.startswith("average"):
                    found = _divided(f, found, f.value(max(len(images.places), 1), kind))
                f.store(found, line, place * item)
            with f.loop(out.sizes[3], after) as place:
                single(place)

        with f.loop(out.sizes[2]) as y:
            row(y)

    images.each(one)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    return _module(dtype, shared, work, _main(name, ["x", "out"], "x", 2, shared))


@functools.cache
def gradient_text(dtype: str, name: str, mode: str, window: Pair | None, stride: Pair | None, shared: bool) -> str:
    """Each window's gradient added to its largest elements, to all, or to all in equal parts."""
    kind, item = LLVM_TYPE[dtype], itemsize(dtype)
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    images = _Images(f, 4, window, stride)
    image, best, slope, out = images.tensors
    unit = _unit(f, images.tensors, item)
    # Whether no element lies in two windows.
    apart = bool(window and stride) and all(s >= w for s, w in zip(stride or (), window or ()))
    zero = f.value(0, kind)

    def share(x: Value | None, top: Value | None, g: Value) -> Value:
        return g if x is None or top is None else f.select(_equal(x, top), g, zero, kind)

    def one(at: list[Value]) -> None:
        x, largest, gradient, result = at
        with f.loop(out.sizes[2]) as y, f.separate(out.sizes[3]) as place:
            f.store(zero, result, y * out.strides[2] + place * out.strides[3])

        def row(y: Value) -> None:
            begin, top, bottom = images.span(0, y, image.sizes[2])

            def single(place: Value) -> None:
                left, first, end = images.span(1, place, image.sizes[3])
                g = f.load(kind, gradient, y * slope.strides[2] + place * slope.strides[3])
                m = f.load(kind, largest, y * best.strides[2] + place * best.strides[3]) if mode == "max" else None
                if mode.startswith("average"):
                    n = images.count(mode, (begin, left), [(top, bottom), (first, end)], image)
                    g = _divided(f, g, _float(f, n, kind))
                with f.loop(bottom, top) as i, f.loop(end, first) as j:
                    value = f.load(kind, x, i * image.strides[2] + j * image.strides[3]) if m is not None else None
                    into = f.at(result, i * out.strides[2] + j * out.strides[3])
                    f.store(f.load(kind, into) + share(value, m, g), into)

            quick, after = images.quick(y, image, slope, unit)
            with f.loop(quick) as place:
                single(place)
            with (f.separate if apart else f.loop)(after, quick) as place:
                g = f.load(kind, f.at(gradient, y * slope.strides[2]), place * item)
                m = f.load(kind, f.at(largest, y * best.strides[2]), place * item) if mode == "max" else None
                if mode.startswith("average"):
                    g = _divided(f, g, f.value(max(len(images.places), 1), kind))
                for i, j in images.places:
                    offset = (place * images.stride[1] + j - images.pads[1]) * item
                    value = f.load(kind, f.at(x, (begin + i) * image.strides[2]), offset) if m is not None else None
                    into = f.at(result, (begin + i) * out.strides[2])
                    found = share(value, m, g)
                    f.store(found if apart else f.load(kind, into, offset) + found, into, offset)
            with f.loop(slope.sizes[3], after) as place:
                single(place)

        with f.loop(slope.sizes[2]) as y:
            row(y)

    images.each(one)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    return _module(dtype, shared, work, _main(name, ["x", "best", "g", "out"], "x", 3, shared))


@functools.cache
def tangent_text(dtype: str, name: str, window: Pair | None, stride: Pair | None, shared: bool) -> str:
    """The sum of ``t`` over the elements of each window where ``x`` is its largest: ``tangent(x, best, t, out)``."""
    kind = LLVM_TYPE[dtype]
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    images = _Images(f, 4, window, stride)
    image, best, moved, out = images.tensors

    def one(at: list[Value]) -> None:
        x, largest, t, result = at
        with f.loop(out.sizes[2]) as y, f.loop(out.sizes[3]) as place:
            _, top, bottom = images.span(0, y, image.sizes[2])
            _, first, end = images.span(1, place, image.sizes[3])
            m = f.load(kind, largest, y * best.strides[2] + place * best.strides[3])
            total = f.variable(kind, 0)
            with f.loop(bottom, top) as i, f.loop(end, first) as j:
                value = f.load(kind, x, i * image.strides[2] + j * image.strides[3])
                with f.when(_equal(value, m)):
                    total.set(total.get() + f.load(kind, t, i * moved.strides[2] + j * moved.strides[3]))
            f.store(total.get(), result, y * out.strides[2] + place * out.strides[3])

    images.each(one)
    f.emit("ret i64 0")
    work = f.text(" noinline" + attributes())
    return _module(dtype, shared, work, _main(name, ["x", "best", "t", "out"], "x", 3, shared))
