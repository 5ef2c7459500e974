"""Running sums and products, in place: each position along the middle dimension gets itself combined with all before."""

from __future__ import annotations

from theon.codegen import abi
from theon.codegen.native import Function, Value
from theon.codegen.shared import Block

__all__ = ["cumulate_text"]


def cumulate_text(symbol: str, dtype: str, op: str) -> str:
    """``out``, dense, holds the elements of three dimensions; rows of the last one are combined side by side.

    ``or`` and ``and`` are those of bools; ``mul_pairs`` are products of complex numbers, whose two parts lie side by side in the last dimension.
    """
    f = Function(symbol, [("out", "ptr"), ("numbers", "ptr")], "i64")
    out = Block(f, f["out"], 3)
    kind, item = abi.LLVM_TYPE[dtype], abi.itemsize(dtype)
    members, length, inner = out.sizes
    if op == "mul_pairs":
        with f.loop(members) as i, f.loop(length, 1) as j, f.loop(inner, 0, 2) as place:
            row = f.at(out.data, ((i * length + j) * inner + place) * item)
            before = f.at(row, inner * -item)
            (a, b), (c, d) = ([f.load(kind, pair, part * item) for part in range(2)] for pair in (before, row))
            f.store(a * c - b * d, row)
            f.store(a * d + b * c, row, item)
        f.emit("ret i64 0")
        return f.text(linkage="")

    def combined(a: Value, b: Value) -> Value:
        return (
            f.new(kind, f"{op} {kind} {a.text}, {b.text}") if op in ("or", "and") else a + b if op == "add" else a * b
        )

    single = inner.same(1)
    with f.loop(members) as i:
        start = f.at(out.data, i * length * inner * item)
        with f.when(single & (length > 0)):
            total = f.variable(kind, f.load(kind, start))
            with f.loop(length, 1) as j:
                x = f.load(kind, start, j * item)
                total.set(combined(total.get(), x))
                f.store(total.get(), start, j * item)
        with f.unless(single), f.loop(length, 1) as j:
            row = f.at(start, j * inner * item)
            with f.loop(inner, hint="") as place:
                at = place * item
                before = f.load(kind, row, (place - inner) * item)
                x = f.load(kind, row, at)
                f.store(combined(before, x), row, at)
    f.emit("ret i64 0")
    return f.text(linkage="")
