"""Mathematical functions as straight LLVM text without branches, so that loops over them vectorise.

Each is accurate to about 1-2 ulp; ``tests/unit/codegen/test_mathlib.py`` measures them against high precision. Methods:
exp and expm1 by reduction to |r| <= ln(2)/2 and the Taylor polynomial (Muller, Elementary Functions, ch. 11); log as in
fdlibm's e_log.c (the series of 2 artanh(f/(2+f))); log1p by log(1+x) with the correction for the rounding of 1+x
(Higham, Accuracy and Stability, problem 1.5); tanh(x) = t/(t+2) with t = expm1(2x).
"""

from __future__ import annotations

import math
from typing import Final

from theon.codegen.program_scalar import literal

__all__ = ["INLINE", "definition"]

INLINE: Final = frozenset({"exp", "exp2", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus"})
_LN2: Final = math.log(2.0)


class _Text:
    """Writes one function of one float argument."""

    def __init__(self, dtype: str) -> None:
        self.dtype, self.lines, self.count = dtype, list[str](), 0
        double = dtype == "float64"
        self.kind, self.int = ("double", "i64") if double else ("float", "i32")
        self.suffix = "f64" if double else "f32"
        self.bits, self.bias = (52, 1023) if double else (23, 127)

    def num(self, value: float) -> str:
        return literal(value, self.dtype)

    def new(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %r{self.count} = {text}")
        return f"%r{self.count}"

    def op(self, name: str, x: str, y: str) -> str:
        return self.new(f"{name} {self.kind} {x}, {y}")

    def add(self, x: str, y: str) -> str:
        return self.op("fadd", x, y)

    def sub(self, x: str, y: str) -> str:
        return self.op("fsub", x, y)

    def mul(self, x: str, y: str) -> str:
        return self.op("fmul", x, y)

    def div(self, x: str, y: str) -> str:
        return self.op("fdiv", x, y)

    def fma(self, x: str, y: str, z: str) -> str:
        k = self.kind
        return self.new(f"call {k} @llvm.fma.{self.suffix}({k} {x}, {k} {y}, {k} {z})")

    def unary(self, name: str, x: str) -> str:
        return self.new(f"call {self.kind} @llvm.{name}.{self.suffix}({self.kind} {x})")

    def compare(self, how: str, x: str, y: str) -> str:
        return self.new(f"fcmp {how} {self.kind} {x}, {y}")

    def select(self, c: str, x: str, y: str) -> str:
        return self.new(f"select i1 {c}, {self.kind} {x}, {self.kind} {y}")

    def poly(self, x: str, coefficients: list[float]) -> str:
        """Horner's scheme, constant first."""
        total = self.num(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.num(c))
        return total

    def power_of_two(self, n: str) -> str:
        """2 to an integral float, as a product of two factors that are both in range; returns their names."""
        k = self.new(f"fptosi {self.kind} {n} to {self.int}")
        half = self.new(f"ashr {self.int} {k}, 1")
        rest = self.new(f"sub {self.int} {k}, {half}")
        factors = []
        for part in (half, rest):
            biased = self.new(f"add {self.int} {part}, {self.bias}")
            factors.append(
                self.new(f"bitcast {self.int} {self.new(f'shl {self.int} {biased}, {self.bits}')} to {self.kind}")
            )
        return " ".join(factors)

    def clamp(self, x: str, low: float, high: float) -> str:
        x = self.select(self.compare("ogt", x, self.num(high)), self.num(high), x)
        x = self.select(self.compare("olt", x, self.num(low)), self.num(low), x)
        # NaN goes round the integer conversion, which has no answer for it.
        return self.select(self.compare("uno", x, x), self.num(0.0), x)

    def reduced(self, x: str) -> tuple[str, str]:
        """x = n ln 2 + r with |r| <= ln(2)/2."""
        n = self.unary("rint", self.mul(x, self.num(1 / _LN2)))
        high = 6.93147180369123816490e-01 if self.dtype == "float64" else 0.693359375
        low = 1.90821492927058770002e-10 if self.dtype == "float64" else -2.12194440e-4
        r = self.fma(n, self.num(-high), x)
        return n, self.fma(n, self.num(-low), r)

    def exp(self, x: str) -> str:
        low, high = (-746.0, 710.0) if self.dtype == "float64" else (-104.0, 89.0)
        n, r = self.reduced(self.clamp(x, low, high))
        terms = 14 if self.dtype == "float64" else 8
        p = self.poly(r, [1 / math.factorial(i) for i in range(terms)])
        first, second = self.power_of_two(n).split()
        return self.keep_nan(x, self.mul(self.mul(p, first), second))

    def keep_nan(self, x: str, y: str) -> str:
        return self.select(self.compare("uno", x, x), x, y)

    def expm1(self, x: str) -> str:
        low, high = (-40.0, 710.0) if self.dtype == "float64" else (-20.0, 89.0)
        n, r = self.reduced(self.clamp(x, low, high))
        terms = 14 if self.dtype == "float64" else 8
        q = self.poly(r, [1 / math.factorial(i + 1) for i in range(1, terms)])
        p = self.fma(self.mul(r, r), q, r)
        first, second = self.power_of_two(n).split()
        # 2^n p + (2^n - 1), with the factors kept apart so that 2^1024 does not arise.
        scale = self.mul(first, second)
        small = self.fma(p, scale, self.sub(scale, self.num(1.0)))
        large = self.mul(self.mul(self.add(p, self.num(1.0)), first), second)
        big = self.compare("ogt", x, self.num(50.0 if self.dtype == "float64" else 25.0))
        tiny = self.compare("olt", self.unary("fabs", x), self.num(1e-300 if self.dtype == "float64" else 1e-30))
        return self.keep_nan(x, self.select(tiny, x, self.select(big, large, small)))

    def log(self, x: str) -> str:
        double = self.dtype == "float64"
        smallest = 2.2250738585072014e-308 if double else 1.1754943508222875e-38
        shift = 54 if double else 25
        subnormal = self.compare("olt", x, self.num(smallest))
        scaled = self.select(subnormal, self.mul(x, self.num(2.0**shift)), x)
        bits = self.new(f"bitcast {self.kind} {scaled} to {self.int}")
        # Move the mantissa to [sqrt(1/2), sqrt(2)): subtract the bits of sqrt(1/2), take the exponent, put it back.
        offset = 0x3FE6A09E667F3BCD if double else 0x3F3504F3
        moved = self.new(f"sub {self.int} {bits}, {offset}")
        exponent = self.new(f"ashr {self.int} {moved}, {self.bits}")
        mantissa = self.new(f"sub {self.int} {bits}, {self.new(f'shl {self.int} {exponent}, {self.bits}')}")
        m = self.new(f"bitcast {self.int} {mantissa} to {self.kind}")
        e = self.new(f"sitofp {self.int} {exponent} to {self.kind}")
        e = self.select(subnormal, self.sub(e, self.num(float(shift))), e)
        f = self.sub(m, self.num(1.0))
        s = self.div(f, self.add(f, self.num(2.0)))
        z = self.mul(s, s)
        terms = 10 if double else 5
        series = self.mul(z, self.poly(z, [2 / (2 * i + 3) for i in range(terms)]))
        half = self.mul(self.mul(f, f), self.num(0.5))
        high = 6.93147180369123816490e-01 if double else 0.693359375
        low = 1.90821492927058770002e-10 if double else -2.12194440e-4
        inner = self.fma(s, self.add(half, series), self.mul(e, self.num(low)))
        result = self.fma(e, self.num(high), self.sub(f, self.sub(half, inner)))
        inf = self.num(math.inf)
        result = self.select(self.compare("oeq", x, inf), inf, result)
        result = self.select(self.compare("oeq", x, self.num(0.0)), self.num(-math.inf), result)
        result = self.select(self.compare("olt", x, self.num(0.0)), self.num(math.nan), result)
        return self.keep_nan(x, result)

    def log1p(self, x: str) -> str:
        u = self.add(x, self.num(1.0))
        error = self.div(self.sub(x, self.sub(u, self.num(1.0))), u)
        plain = self.log(u)
        exact = self.add(plain, error)
        special = self.compare("oeq", self.unary("fabs", u), self.num(math.inf))
        special = self.new(f"or i1 {special}, {self.compare('ole', u, self.num(0.0))}")
        result = self.select(special, plain, exact)
        # 1 + x is 1: the answer is x, and keeps the sign of zero.
        return self.select(self.compare("oeq", u, self.num(1.0)), x, result)

    def tanh(self, x: str) -> str:
        limit = 22.0 if self.dtype == "float64" else 10.0
        size = self.unary("fabs", x)
        t = self.expm1(
            self.mul(self.select(self.compare("ogt", size, self.num(limit)), self.num(limit), size), self.num(2.0))
        )
        k = self.kind
        ratio = self.div(t, self.add(t, self.num(2.0)))
        return self.new(f"call {k} @llvm.copysign.{self.suffix}({k} {ratio}, {k} {x})")

    def exp2(self, x: str) -> str:
        low, high = (-1080.0, 1030.0) if self.dtype == "float64" else (-160.0, 130.0)
        limited = self.clamp(x, low, high)
        n = self.unary("rint", limited)
        r = self.mul(self.sub(limited, n), self.num(_LN2))
        p = self.poly(r, [1 / math.factorial(i) for i in range(14 if self.dtype == "float64" else 8)])
        first, second = self.power_of_two(n).split()
        return self.keep_nan(x, self.mul(self.mul(p, first), second))

    def sigmoid(self, x: str) -> str:
        return self.div(self.num(1.0), self.add(self.num(1.0), self.exp(self.new(f"fneg {self.kind} {x}"))))

    def softplus(self, x: str) -> str:
        size = self.new(f"fneg {self.kind} {self.unary('fabs', x)}")
        rest = self.log1p(self.exp(size))
        positive = self.select(self.compare("ogt", x, self.num(0.0)), x, self.num(0.0))
        return self.keep_nan(x, self.add(positive, rest))


def definition(name: str, dtype: str) -> tuple[str, str]:
    """Return (symbol, text of the function with its declarations' names) for a function in :data:`INLINE`."""
    text = _Text(dtype)
    result = getattr(text, name)("%x")
    symbol = f"theon_{name}_{text.suffix}"
    body = "\n".join(text.lines)
    return (
        symbol,
        f"define internal {text.kind} @{symbol}({text.kind} %x) alwaysinline {{\n{body}\n  ret {text.kind} {result}\n}}",
    )


def declarations() -> list[str]:
    """Return the declarations of the intrinsics that the functions use."""
    found = []
    for kind, suffix in (("double", "f64"), ("float", "f32")):
        found.append(f"declare {kind} @llvm.fma.{suffix}({kind}, {kind}, {kind})")
        found += [f"declare {kind} @llvm.{name}.{suffix}({kind})" for name in ("rint", "fabs")]
        found.append(f"declare {kind} @llvm.copysign.{suffix}({kind}, {kind})")
    return found
