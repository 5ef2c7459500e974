"""Hurwitz's zeta function as native code, which derivatives of psi are made of."""

from __future__ import annotations

import math
from fractions import Fraction

from theon.codegen.doubled import call
from theon.codegen.native import Function

__all__ = ["zeta_text"]

_BERNOULLI = [
    Fraction(*n)
    for n in ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330))
]  # fmt: skip
_FAR = 10.0  # terms are summed until they are of numbers this large, the rest is by Euler and Maclaurin


def zeta_text() -> str:
    """The definition of ``theon_special_zeta(s, q)``: the sum of (q + k)^-s, k = 0, 1, ... (DLMF 25.11.1, 2.10.1).

    s = 1 gives infinity, as does a q that is 0 or a negative whole number; s < 1, and q < 0 with a fraction in s, NaN.
    """
    f = Function("theon_special_zeta", [("s", "double"), ("q", "double")], "double")
    s, q = f["s"], f["q"]
    with f.when(s.ordered("oeq", 1.0)):
        f.give(math.inf)
    with f.unless(s.ordered("ogt", 1.0) & q.ordered("ord", q)):
        f.give(math.nan)
    with f.when(q.ordered("ole", 0.0)):
        with f.when(call("floor", q).ordered("oeq", q)):
            f.give(math.inf)
        with f.unless(call("floor", s).ordered("oeq", s)):
            f.give(math.nan)
    with f.when(q.ordered("oeq", math.inf)):
        f.give(0.0)
    with f.when(q.ordered("ogt", 1e8)):
        f.give((1.0 / (s - 1.0) + 0.5 / q) * call("pow", q, 1.0 - s))
    place, total = f.variable("double", q), f.variable("double", 0.0)
    with f.repeat(100_000_000) as stop:
        stop(place.get().ordered("oge", _FAR))
        total.set(total.get() + call("pow", place.get(), -s))
        place.set(place.get() + 1.0)
    far = place.get()
    last = call("pow", far, -s)
    # far^-s times far / (s - 1) + 1/2 + sum of B_2j / (2j)! s (s + 1) ... (s + 2j - 2) far^(1 - 2j)
    inverse = 1.0 / far
    square, rising = inverse * inverse, s * inverse
    tail = f.value(0.0, "double")
    for j, b in enumerate(_BERNOULLI, 1):
        tail = tail + rising * float(b / math.factorial(2 * j))
        rising = rising * ((s + float(2 * j - 1)) * (s + float(2 * j)) * square)
    whole = far / (s - 1.0) + (tail + 0.5)
    f.give(total.get() + f.select(last.ordered("oeq", 0.0), 0.0, last * whole, "double"))
    f.emit("unreachable")
    return f.text(linkage="")
