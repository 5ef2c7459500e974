"""Routines that draw outcomes from rows of probabilities, given uniform numbers.

The outcome of a number is the first whose running sum is above it; there may be none. Draw ``c`` of row ``i`` takes
number ``c m + i`` of the ``m n`` that are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from theon.codegen.abi import LLVM_TYPE, itemsize
from theon.codegen.native import Function, Value
from theon.codegen.shared import Block, numbers

__all__ = ["choice_text", "multinomial_text"]


def _wide(f: Function, x: Value) -> Value:
    return x if x.kind == "double" else f.new("double", f"fpext {x.kind} {x.text} to double")


def _search(
    f: Function, row: Value, dtype: str, count: Value, wanted: Value, then: Callable[[Value, Value], None]
) -> None:
    """Call ``then`` with the first place whose running sum is above ``wanted``, and that sum."""
    total, at = f.variable("double", 0), f.variable("i64", 0)
    with f.repeat(count) as stop:
        place = at.get()
        now = total.get() + _wide(f, f.load(LLVM_TYPE[dtype], row, place * itemsize(dtype)))
        above = now.ordered("ogt", wanted)
        with f.when(above):
            then(place, now)
        stop(above)
        total.set(now)
        at.set(place + 1)


def _number(f: Function, x: Value, dtype: str) -> Value:
    """A place as an element of the result."""
    kind = LLVM_TYPE[dtype]
    if kind in ("float", "double"):
        return f.new(kind, f"sitofp i64 {x.text} to {kind}")
    return x if kind == "i64" else f.new(kind, f"trunc i64 {x.text} to {kind}")


@functools.cache
def multinomial_text(symbol: str, dtype: str, uniform: str, result: str) -> str:
    """``multinomial(p, u, out)``: how often each outcome came in n draws; p and out have equal sizes."""
    f = Function(symbol, [(name, "ptr") for name in ("p", "u", "out", "numbers")], "i64")
    p, u, out = Block(f, f["p"], 2), Block(f, f["u"], 1), Block(f, f["out"], 2)
    n = numbers(f, f["numbers"], ["n"])["n"]
    m, columns = p.sizes
    kind = LLVM_TYPE[result]
    with f.loop(m, hint="") as i:
        row, counts = f.at(p.data, i * p.strides[0]), f.at(out.data, i * out.strides[0])
        with f.loop(columns, hint="") as j:
            f.store(f.value(0, kind), counts, j * out.strides[1])
        with f.loop(n, hint="") as c:
            wanted = _wide(f, f.load(LLVM_TYPE[uniform], u.data, (c * m + i) * itemsize(uniform)))

            def counted(place: Value, _: Value, counts: Value = counts) -> None:
                at = f.at(counts, place * out.strides[1])
                f.store(f.load(kind, at) + 1, at)

            _search(f, row, dtype, columns, wanted, counted)
    f.emit("ret i64 0")
    return f.text(linkage="")


@functools.cache
def choice_text(symbol: str, dtype: str, uniform: str, result: str, replace: bool) -> str:
    """``choice(p, u, left, out)``: columns, -1 where there is none; ``left`` is room for a row."""
    f = Function(symbol, [(name, "ptr") for name in ("p", "u", "left", "out", "numbers")], "i64")
    p, u, left, out = Block(f, f["p"], 2), Block(f, f["u"], 1), Block(f, f["left"], 1), Block(f, f["out"], 2)
    n = numbers(f, f["numbers"], ["n"])["n"]
    m, columns = p.sizes
    kind, item = LLVM_TYPE[dtype], itemsize(dtype)
    with f.loop(m, hint="") as i:
        row = f.at(p.data, i * p.strides[0])
        if not replace:
            with f.loop(columns, hint="") as j:
                f.store(f.load(kind, row, j * item), left.data, j * item)
            row = left.data
        with f.loop(n, hint="") as c:
            wanted = _wide(f, f.load(LLVM_TYPE[uniform], u.data, (c * m + i) * itemsize(uniform)))
            here = f.at(out.data, i * out.strides[0] + c * out.strides[1])
            f.store(_number(f, f.value(-1, "i64"), result), here)

            def chosen(place: Value, now: Value, row: Value = row, here: Value = here) -> None:
                f.store(_number(f, place, result), here)
                if replace:
                    return
                # The rest is to sum to one again.
                before = now - _wide(f, f.load(kind, row, place * item))
                rest = f.variable(
                    kind, before if kind == "double" else f.new(kind, f"fptrunc double {before.text} to {kind}")
                )
                f.store(f.value(0, kind), row, place * item)
                with f.loop(columns, place, hint="") as j:
                    rest.set(rest.get() + f.load(kind, row, j * item))
                total = rest.get()
                with f.loop(columns, hint="") as j:
                    f.store(f.load(kind, row, j * item) / total, row, j * item)

            _search(f, row, dtype, columns, wanted, chosen)
    f.emit("ret i64 0")
    return f.text(linkage="")
