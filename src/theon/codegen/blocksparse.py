"""Routines for products with chosen blocks of a block matrix: rows of a batch, or rows of blocks, are shared between threads."""

from __future__ import annotations

import functools

from theon.codegen import pool
from theon.codegen.native import SEPARATE, Function, Value, attributes
from theon.codegen.shared import Block, run
from theon.codegen.tile import KINDS

__all__ = ["block_gemv_text", "block_outer_text"]


def _checked(f: Function, index: Block, count: Value, wrong: Value | None = None) -> Value:
    """Not 0 if some number of a block is out of bounds."""
    found = f.variable("i64", 0 if wrong is None else wrong)
    with f.loop(index.sizes[0]) as b, f.loop(index.sizes[1]) as i:
        at = f.load("i64", index.data, b * index.strides[0] + i * index.strides[1])
        found.set(f.select((at < 0) | (at >= count), 1, found.get()))
    return found.get()


def _number(f: Function, index: Block, b: Value, i: Value) -> Value:
    return f.load("i64", index.data, b * index.strides[0] + i * index.strides[1])


def _frame(f: Function, names: tuple[str, ...]) -> Value:
    frame = f.room(8 * len(names))
    for place, name in enumerate(names):
        f.store(f[name], frame, 8 * place)
    return frame


@functools.cache
def block_gemv_text(dtype: str, shared: bool) -> str:
    """``block_gemv(W, h, inputIdx, outputIdx, out)`` adds to ``out``, contiguous, what :class:`SparseBlockGemv` computes.

    Indices are int64; 1 where one is out of bounds, before anything is written.
    """
    names = ("W", "h", "ins", "outs", "out")
    f = Function(f"theon_block_gemv_{dtype}", [(n, "ptr") for n in (*names, "numbers")], "i64")
    W, ins, outs, out = Block(f, f["W"], 4), Block(f, f["ins"], 2), Block(f, f["outs"], 2), Block(f, f["out"], 3)
    wrong = _checked(f, outs, W.sizes[1], _checked(f, ins, W.sizes[0]))
    with f.when(wrong.same(0)):
        chunks = out.sizes[0] * out.sizes[1]
        weight = chunks * ins.sizes[1] * W.sizes[2] * W.sizes[3]
        run(f, f"theon_block_gemv_work_{dtype}", _frame(f, names), f.smaller(chunks, 64), weight, shared)
    f.emit(f"ret i64 {wrong.text}")
    return "\n".join([pool.DECLARATIONS if shared else "", f.text(linkage=""), _gemv_work(dtype), SEPARATE])


def _gemv_work(dtype: str) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"theon_block_gemv_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    W, h, ins, outs, out = (Block(f, f.load("ptr", f["frame"], 8 * i), n) for i, n in enumerate((4, 3, 2, 2, 3)))
    rows, columns = W.sizes[2:]
    lines = out.sizes[0] * out.sizes[1]
    first, last = lines * f["chunk"] // f["chunks"], lines * (f["chunk"] + 1) // f["chunks"]
    along = W.strides[3].same(item)
    with f.loop(last, first) as place:
        b, j = place // out.sizes[1], place % out.sizes[1]
        line = f.at(out.data, b * out.strides[0] + j * out.strides[1])
        column = _number(f, outs, b, j) * W.strides[1]
        with f.loop(ins.sizes[1]) as i:
            block = f.at(W.data, _number(f, ins, b, i) * W.strides[0] + column)
            vector = f.at(h.data, b * h.strides[0] + i * h.strides[1])
            # Where rows of a block lie in one piece four are added at a time, else each column is a sum along its own piece.
            with f.when(along):
                done: Value = f.value(0, "i64")
                for together in (4, 1):
                    end = rows & -together
                    with f.loop(end, done, together) as r:
                        factors = [f.load(kind, vector, (r + c) * h.strides[2]) for c in range(together)]
                        pieces = [f.at(block, (r + c) * W.strides[2]) for c in range(together)]
                        with f.separate(columns) as k:
                            found = f.load(kind, line, k * item)
                            for factor, piece in zip(factors, pieces):
                                found = found + factor * f.load(kind, piece, k * item)
                            f.store(found, line, k * item)
                    done = end
            with f.unless(along), f.loop(columns) as k:
                piece = f.at(block, k * W.strides[3])
                total = f.variable(kind, "0.0")
                with f.loop(rows, hint="") as r:
                    product = f.load(kind, vector, r * h.strides[2]) * f.load(kind, piece, r * W.strides[2])
                    total.set(f.new(kind, f"fadd reassoc {kind} {total.get().text}, {product.text}"))
                f.store(f.load(kind, line, k * item) + total.get(), line, k * item)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


@functools.cache
def block_outer_text(dtype: str, shared: bool) -> str:
    """``block_outer(x, y, xIdx, yIdx, alpha, out)`` adds to ``out``, contiguous, what :class:`SparseBlockOuter` computes.

    Threads share the rows of the blocks, so that each element is one thread's. 1 where an index is out of bounds.
    """
    names = ("x", "y", "xs", "ys", "alpha", "out")
    f = Function(f"theon_block_outer_{dtype}", [(n, "ptr") for n in (*names, "numbers")], "i64")
    xs, ys, out = Block(f, f["xs"], 2), Block(f, f["ys"], 2), Block(f, f["out"], 4)
    wrong = _checked(f, ys, out.sizes[1], _checked(f, xs, out.sizes[0]))
    with f.when(wrong.same(0)):
        weight = xs.sizes[0] * xs.sizes[1] * ys.sizes[1] * out.sizes[2] * out.sizes[3]
        chunks = f.smaller(out.sizes[2], 32)
        run(f, f"theon_block_outer_work_{dtype}", _frame(f, names), chunks, weight, shared)
    f.emit(f"ret i64 {wrong.text}")
    return "\n".join([pool.DECLARATIONS if shared else "", f.text(linkage=""), _outer_work(dtype), SEPARATE])


def _outer_work(dtype: str) -> str:
    kind, item = KINDS[dtype]
    f = Function(f"theon_block_outer_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    x, y, xs, ys, alpha, out = (Block(f, f.load("ptr", f["frame"], 8 * i), n) for i, n in enumerate((3, 3, 2, 2, 0, 4)))
    first = out.sizes[2] * f["chunk"] // f["chunks"]
    last = out.sizes[2] * (f["chunk"] + 1) // f["chunks"]
    scale = f.load(kind, alpha.data)
    with f.loop(xs.sizes[0]) as b, f.loop(xs.sizes[1]) as i, f.loop(ys.sizes[1]) as j:
        where = _number(f, xs, b, i) * out.strides[0] + _number(f, ys, b, j) * out.strides[1]
        left, right = (
            f.at(x.data, b * x.strides[0] + i * x.strides[1]),
            f.at(y.data, b * y.strides[0] + j * y.strides[1]),
        )
        with f.loop(last, first) as r:
            factor = scale * f.load(kind, left, r * x.strides[2])
            line = f.at(out.data, where + r * out.strides[2])
            for unit in (True, False):
                step = item if unit else y.strides[2]
                near = y.strides[2].same(item)
                with (f.when if unit else f.unless)(near), f.separate(out.sizes[3]) as k:
                    f.store(f.load(kind, line, k * item) + factor * f.load(kind, right, k * step), line, k * item)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())
