"""The inner passes of Fourier transforms: one factor of the length at a time, on numbers whose parts lie apart.

Each pass reads one array and writes another, in the order that needs no bit reversal (Stockham; Van Loan, Computational Frameworks
for the Fast Fourier Transform, 1.7). Several transforms are done side by side: their numbers at one place follow each other.
"""

from __future__ import annotations

import math
from typing import Final

from theon.codegen.native import Function, Value, attributes
from theon.codegen.program_scalar import literal
from theon.codegen.tile import KINDS, lanes

__all__ = ["FACTORS", "Parts", "core", "passes", "spread", "vector"]

FACTORS: Final = (4, 2, 3, 5, 7, 11)  # that have a pass of their own, in the order they are done in
Parts = tuple[Value, Value]  # real and imaginary


def vector(dtype: str) -> str:
    """The type of as many numbers as are treated together."""
    return f"<{lanes(dtype)} x {KINDS[dtype][0]}>"


def spread(f: Function, x: Value, kind: str) -> Value:
    """A number in all places of a vector; as it is where ``kind`` is a number."""
    if x.kind == kind:
        return x
    one = f.new(kind, f"insertelement {kind} poison, {x.kind} {x.text}, i32 0")
    places = kind.replace(x.kind, "i32")
    return f.new(kind, f"shufflevector {kind} {one.text}, {kind} poison, {places} zeroinitializer")


def _constant(f: Function, x: float, kind: str, dtype: str) -> Value:
    one, text = KINDS[dtype][0], literal(x, dtype)
    if kind == one:
        return Value(f, kind, text)
    return Value(f, kind, "<" + ", ".join([f"{one} {text}"] * lanes(dtype)) + ">")


def _two(a: list[Parts]) -> list[Parts]:
    (x, y), (z, w) = a
    return [(x + z, y + w), (x - z, y - w)]


def _four(a: list[Parts]) -> list[Parts]:
    (even, other), (odd, rest) = _two([a[0], a[2]]), _two([a[1], a[3]])
    first, third = _two([even, odd])
    # The second and the fourth: plus and minus -i times the rest.
    (x, y), (z, w) = other, rest
    return [first, (x + w, y - z), third, (x - w, y + z)]


def _odd(f: Function, a: list[Parts], kind: str, dtype: str) -> list[Parts]:
    """By sums and differences of pairs, which belong to cosines and sines."""
    p = len(a)
    pairs = [_two([a[r], a[p - r]]) for r in range(1, p // 2 + 1)]
    x, y = a[0]
    for total, _ in pairs:
        x, y = x + total[0], y + total[1]
    found: list[Parts] = [(x, y)] * p
    for k in range(1, p // 2 + 1):
        even, odd = a[0], None
        for r, (total, rest) in enumerate(pairs, 1):
            turn = 2 * math.pi * (r * k % p) / p
            c, s = (_constant(f, g(turn), kind, dtype) for g in (math.cos, math.sin))
            even = (even[0] + total[0] * c, even[1] + total[1] * c)
            part = (rest[0] * s, rest[1] * s)
            odd = part if odd is None else (odd[0] + part[0], odd[1] + part[1])
        assert odd is not None
        found[k] = (even[0] + odd[1], even[1] - odd[0])
        found[p - k] = (even[0] - odd[1], even[1] + odd[0])
    return found


def _pass(dtype: str, p: int) -> str:
    """``pass(turns, xr, xi, yr, yi, m, side)``: of ``p * m`` places, each with ``side`` numbers side by side.

    ``turns``: for each place but the first of ``m``, p - 1 roots of one.
    """
    names = ("turns", "xr", "xi", "yr", "yi")
    f = Function(f"theon_fourier{p}_{dtype}", [*((n, "ptr") for n in names), ("m", "i64"), ("side", "i64")])
    one, item = KINDS[dtype]
    lane, m, side = lanes(dtype), f["m"], f["side"]
    step, whole = side * item, side // lane * lane
    apart = m * step

    def body(kind: str, start: Value, into: Value, turns: list[Parts]) -> None:
        a = [
            (f.load(kind, f["xr"], start + apart * r, item), f.load(kind, f["xi"], start + apart * r, item))
            for r in range(p)
        ]
        b = {2: _two, 4: _four}[p](a) if p in (2, 4) else _odd(f, a, kind, dtype)
        for k, (x, y) in enumerate(b):
            if k and turns:
                c, s = (spread(f, v, kind) for v in turns[k - 1])
                x, y = x * c - y * s, x * s + y * c
            for target, value in (("yr", x), ("yi", y)):
                f.store(value, f[target], into + step * k, item)

    for first in (True, False):
        with f.loop(1 if first else m, 0 if first else 1) as j:
            turns: list[Parts] = []
            if not first:
                place = f.at(f["turns"], (j - 1) * (2 * (p - 1) * item))
                turns = [
                    (f.load(one, place, 2 * k * item), f.load(one, place, (2 * k + 1) * item)) for k in range(p - 1)
                ]
            start, into = j * step, j * step * p
            with f.loop(whole, 0, lane) as q:
                body(vector(dtype), start + q * item, into + q * item, turns)
            with f.loop(side, whole) as q:
                body(one, start + q * item, into + q * item, turns)
    f.emit("ret void")
    return f.text(" noinline" + attributes())


def passes(dtype: str) -> str:
    """The passes of all factors."""
    return "\n".join(_pass(dtype, p) for p in FACTORS)


def core(dtype: str) -> str:
    """``core(plan, xr, xi, yr, yi, side)``: all passes; the result is in y where their number is odd."""
    f = Function(
        f"theon_fourier_core_{dtype}",
        [("plan", "ptr"), *((n, "ptr") for n in ("xr", "xi", "yr", "yi")), ("side", "i64")],
    )
    plan = f["plan"]
    rest, side = f.variable("i64", f.load("i64", plan)), f.variable("i64", f["side"])
    with f.loop(f.load("i64", plan, 8)) as i:
        radix = f.load("i64", plan, i * 16 + 128)
        turns = f.at(plan, f.load("i64", plan, i * 16 + 136))
        back = (i % 2).same(1)
        ways = [("xr", "yr"), ("xi", "yi"), ("yr", "xr"), ("yi", "xi")]
        places = [f.select(back, f[y], f[x], "ptr") for x, y in ways]
        m = rest.get() // radix
        for p in FACTORS:
            with f.when(radix.same(p)):
                f.call(f"theon_fourier{p}_{dtype}", turns, *places, m, side.get())
        rest.set(m)
        side.set(side.get() * radix)
    f.emit("ret void")
    return f.text(" noinline" + attributes())
