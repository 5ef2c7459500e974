"""Routines that lay patches of images side by side as rows, and add such rows up to images again; threads share the images."""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.native import SEPARATE, Function, Value, attributes
from theon.codegen.shared import Block, numbers, run
from theon.codegen.tile import KINDS

__all__ = ["patches_text"]

_NAMES = ("tall", "wide", "down", "right", "above", "before", "wraps")


@functools.cache
def patches_text(dtype: str, back: bool, shared: bool) -> str:
    """``patches(x, out)`` or, ``back``, ``patches_sum(out, x)``; ``x`` has four dimensions, ``out`` is the six-dimensional array
    of (image, channel, patch row, patch column, row, column) that the rows are, contiguous.

    Numbers: sizes of a patch, steps, how far the first patch lies before the image, whether images repeat.
    """
    name = f"theon_patches{'_sum' if back else ''}_{dtype}"
    return "\n".join(
        [pool.DECLARATIONS if shared else "", _work(name, dtype, back), _main(name, back, shared), SEPARATE]
    )


def _main(name: str, back: bool, shared: bool) -> str:
    order = ("out", "x", "numbers") if back else ("x", "out", "numbers")
    f = Function(name, [(n, "ptr") for n in order], "i64")
    sizes = Block(f, f["out"], 6).sizes
    frame = f.room(24)
    for place, n in enumerate(("x", "out", "numbers")):
        f.store(f[n], frame, 8 * place)
    images = sizes[0] * sizes[1]
    weight = images * sizes[2] * sizes[3] * sizes[4] * sizes[5]
    run(f, f"{name}_work", frame, f.smaller(images, 64), weight * 2, shared)
    f.emit("ret i64 0")
    return f.text(linkage="")


def _work(name: str, dtype: str, back: bool) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"{name}_work", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    x, out = Block(f, f.load("ptr", f["frame"]), 4), Block(f, f.load("ptr", f["frame"], 8), 6)
    given = numbers(f, f.load("ptr", f["frame"], 16), _NAMES)
    wraps = given["wraps"] > 0
    zero = Value(f, kind, "0.0")
    per, rows, columns, tall, wide = out.sizes[1:]
    lines, length = x.sizes[2], x.sizes[3]

    def place(at: Value, n: Value) -> Value:
        """Where in the image that is, if it repeats; patches are not larger than the image."""
        turned = f.select(at < 0, at + n, f.select(at >= n, at - n, at))
        return f.select(wraps, turned, at)

    def moved(line: Value, column: Value, patch: Value, j: Value) -> None:
        into = f.at(line, column * x.strides[3])
        if back:
            f.store(f.load(kind, into) + f.load(kind, patch, j * item), into)
        else:
            f.store(f.load(kind, into), patch, j * item)

    images = out.sizes[0] * per
    with f.loop(images * (f["chunk"] + 1) // f["chunks"], images * f["chunk"] // f["chunks"]) as image:
        own = f.at(x.data, image // per * x.strides[0] + image % per * x.strides[1])
        if back:
            with f.loop(lines) as y, f.separate(length) as column:
                f.store(zero, own, y * x.strides[2] + column * x.strides[3])
        with f.loop(rows) as r, f.loop(columns) as c, f.loop(tall) as i:
            y = place(r * given["down"] + i - given["above"], lines)
            patch = f.at(out.data, ((((image * rows + r) * columns + c) * tall + i) * wide) * item)
            start = c * given["right"] - given["before"]
            line = f.at(own, y * x.strides[2])
            seen = (y >= 0) & (y < lines)
            whole = seen & (start >= 0) & (start + wide <= length)
            with f.when(whole), f.separate(wide) as j:
                moved(line, start + j, patch, j)
            with f.unless(whole), f.loop(wide) as j:
                column = place(start + j, length)
                inside = seen & (column >= 0) & (column < length)
                with f.when(inside):
                    moved(line, column, patch, j)
                if not back:
                    with f.unless(inside):
                        f.store(zero, patch, j * item)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
