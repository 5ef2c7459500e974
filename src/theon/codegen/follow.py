"""Steps that follow a routine part by part: the function that a routine calls with each part of its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from theon.codegen.native import Function, Value
from theon.codegen.shared import Block

__all__ = ["Called", "Kernel", "after_text", "call_after"]

_PART = "image channel channels row rows last".split()
_AXES = 4  # images, channels, rows, columns


@dataclass(frozen=True)
class Kernel:
    """A kernel as a follower: its function, the place of each operand's strides along the four axes (-1: none), its rows."""

    symbol: str
    strides: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, int], ...]

    words = 3  # of the frame: pointers to data, extents and strides


@dataclass(frozen=True)
class Called:
    """A routine as a follower, and the rows of each of its tensors."""

    symbol: str
    rows: tuple[tuple[int, int], ...]

    @property
    def words(self) -> int:
        """Words of the frame: pointers to one block for each tensor, and to the numbers."""
        return len(self.rows) + 1


def call_after(f: Function, numbers: dict[str, Value], *part: Value) -> None:
    """In a routine: call the function for a part, given as (image, channel, channels, row, rows, whether it is the last one)."""
    with f.unless(numbers["after"].same(0)):
        address = f.new("ptr", f"inttoptr i64 {numbers['after'].text} to ptr")
        frame = f.new("ptr", f"inttoptr i64 {numbers['frame'].text} to ptr")
        listed = ", ".join(f"i64 {f.value(x, 'i64').text}" for x in part)
        f.emit(f"call void {address.text}(ptr {frame.text}, {listed})")


def after_text(name: str, followers: Sequence[Kernel | Called]) -> str:
    """Return the function ``name``, which runs all followers on a part; the frame holds the pointers that each of them needs."""
    f = Function(name, [("frame", "ptr"), *((word, "i64") for word in _PART)])
    place = 0
    for follower in followers:
        words = [f.load("ptr", f["frame"], 8 * (place + i)) for i in range(follower.words)]
        place += follower.words
        if isinstance(follower, Kernel):
            _kernel(f, follower, *words)
        else:
            _called(f, follower, words)
    f.emit("ret void")
    return f.text(" noinline")


def _span(f: Function, rows: tuple[int, int], total: Value) -> tuple[Value, Value]:
    """The rows of a tensor that belong to the part, of all its rows: the first one and their number."""
    up, down = rows
    first = f.smaller(f["row"] * up // down, total)
    return first, f.select(f["last"] > 0, total, f.smaller((f["row"] + f["rows"]) * up // down, total)) - first


def _kernel(f: Function, kernel: Kernel, data: Value, extents: Value, strides: Value) -> None:
    own, sizes = f.room(8 * len(kernel.strides)), f.room(8 * _AXES)
    first, count = _span(f, kernel.rows[0], f.load("i64", extents, 16))
    with f.when(count > 0):
        for operand, places in enumerate(kernel.strides):
            pointer = f.load("ptr", data, 8 * operand)
            for at, axis in ((f["image"], 0), (f["channel"], 1), (first, 2)):
                if places[axis] >= 0:
                    pointer = f.at(pointer, at * f.load("i64", strides, 8 * places[axis]))
            f.store(pointer, own, 8 * operand)
        for axis, n in enumerate((1, f["channels"], count, f.load("i64", extents, 24))):
            f.store(n, sizes, 8 * axis)
        f.call(kernel.symbol, own, sizes, strides, result="i64")


def _called(f: Function, called: Called, words: Sequence[Value]) -> None:
    parts, some = [], Value(f, "i1", "true")
    for pointer, rows in zip(words, called.rows):
        whole, own = Block(f, pointer, _AXES), f.room(8 * (1 + 2 * _AXES))
        first, count = _span(f, rows, whole.sizes[2])
        starts = (f["image"], f["channel"], first)
        data = whole.data
        for at, step in zip(starts, whole.strides):
            data = f.at(data, at * step)
        f.store(data, own)
        for axis, n in enumerate((1, f["channels"], count, whole.sizes[3])):
            f.store(n, own, 8 * (1 + axis))
            f.store(whole.strides[axis], own, 8 * (1 + _AXES + axis))
        parts.append(own)
        some = some & (count > 0)
    with f.when(some):
        f.call(called.symbol, *parts, words[-1], result="i64")
