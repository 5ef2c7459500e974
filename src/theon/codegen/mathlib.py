"""Mathematical functions as straight LLVM text without branches, of single numbers or, widened, of vectors.

Each is accurate to about 1-2 ulp; ``tests/unit/native/test_mathlib.py`` measures them against high precision. Methods:
exp and expm1 by reduction to |r| <= ln(2)/2 and the Taylor polynomial (Muller, Elementary Functions, ch. 11); log as in
fdlibm's e_log.c (the series of 2 artanh(f/(2+f))); log1p by log(1+x) with the correction for the rounding of 1+x
(Higham, Accuracy and Stability of Numerical Algorithms, problem 1.5); tanh(x) = t/(t+2) with t = expm1(2x). Others stand in
``angles``, ``powers`` and ``tails``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from theon.codegen import angles, powers, tails
from theon.codegen.program_scalar import literal

__all__ = ["BEYOND", "INLINE", "Text", "arguments", "declarations", "definition", "written"]

_OTHERS: Final[dict[str, Callable[..., str]]] = {
    "sin": angles.sin, "cos": angles.cos, "tan": angles.tan, "arctan": angles.arctan, "erf": tails.erf,
    "pow": powers.pow, "hypot": powers.hypot, "log2": powers.log2, "log10": powers.log10,
}  # fmt: skip
INLINE: Final = frozenset({"exp", "exp2", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", *_OTHERS})
BEYOND: Final = {name: angles.FAR for name in ("sin", "cos", "tan")}  # sizes from which the library is asked
_LN2: Final = math.log(2.0)


class Text:
    """Writes one function of floats; ``new`` appends an instruction and returns its register."""

    def __init__(self, dtype: str, new: Callable[[str], str]) -> None:
        self.dtype, self.new = dtype, new
        double = dtype == "float64"
        self.kind, self.int = ("double", "i64") if double else ("float", "i32")
        self.suffix = "f64" if double else "f32"
        self.bits, self.bias = (52, 1023) if double else (23, 127)

    def other(self, dtype: str) -> Text:
        """The writer of another dtype among the same instructions."""
        return Text(dtype, self.new)

    def num(self, value: float) -> str:
        return literal(value, self.dtype)

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

    def rounded(self, x: str) -> tuple[str, str]:
        """The nearest integer to a small float, as a float and as an integer.

        1.5 2^mantissa is added: the sum's low bits are the integer, and NaN needs no care as in a conversion.
        """
        magic = 1.5 * 2.0**self.bits
        pattern = (0x43380000 << 32) if self.dtype == "float64" else 0x4B400000
        moved = self.add(x, self.num(magic))
        n = self.sub(moved, self.num(magic))
        k = self.new(f"sub {self.int} {self.new(f'bitcast {self.kind} {moved} to {self.int}')}, {pattern}")
        return n, k

    def power_of_two(self, k: str) -> str:
        """2^k for an integer k of a normal result."""
        biased = self.new(f"add {self.int} {k}, {self.bias}")
        return self.new(f"bitcast {self.int} {self.new(f'shl {self.int} {biased}, {self.bits}')} to {self.kind}")

    def scaled(self, p: str, k: str) -> str:
        """p 2^k, in two steps where 2^k itself may be out of range."""
        half = self.new(f"ashr {self.int} {k}, 1")
        rest = self.new(f"sub {self.int} {k}, {half}")
        return self.mul(self.mul(p, self.power_of_two(half)), self.power_of_two(rest))

    def clamp(self, x: str, low: float, high: float) -> str:
        """Limits; NaN stays."""
        x = self.select(self.compare("ogt", x, self.num(high)), self.num(high), x)
        return self.select(self.compare("olt", x, self.num(low)), self.num(low), x)

    def reduced(self, x: str) -> tuple[str, str]:
        """x = k ln 2 + r with |r| <= ln(2)/2: the integer k and r."""
        n, k = self.rounded(self.mul(x, self.num(1 / _LN2)))
        high = 6.93147180369123816490e-01 if self.dtype == "float64" else 0.693359375
        low = 1.90821492927058770002e-10 if self.dtype == "float64" else -2.12194440e-4
        r = self.fma(n, self.num(-high), x)
        return k, self.fma(n, self.num(-low), r)

    def taylor(self, r: str, start: int) -> str:
        """The sum of r^i / (i + start)!."""
        terms = 14 if self.dtype == "float64" else 8
        return self.poly(r, [1 / math.factorial(i + start) for i in range(terms - start)])

    def exp(self, x: str) -> str:
        low, high = (-746.0, 710.0) if self.dtype == "float64" else (-104.0, 89.0)
        k, r = self.reduced(self.clamp(x, low, high))
        return self.scaled(self.taylor(r, 0), k)

    def keep_nan(self, x: str, y: str) -> str:
        return self.select(self.compare("uno", x, x), x, y)

    def expm1(self, x: str) -> str:
        double = self.dtype == "float64"
        low, high = (-40.0, 710.0) if double else (-20.0, 89.0)
        k, r = self.reduced(self.clamp(x, low, high))
        p = self.fma(self.mul(r, r), self.taylor(r, 2), r)
        # 2^k p + (2^k - 1) with one bit of k kept back, so that 2^1024 does not arise.
        less = self.new(f"sub {self.int} {k}, 1")
        scale = self.power_of_two(less)
        half = self.fma(p, scale, self.sub(scale, self.num(0.5)))
        result = self.add(half, half)
        tiny = self.compare("olt", self.unary("fabs", x), self.num(1e-300 if double else 1e-30))
        return self.select(tiny, x, result)

    def log_of_normal(self, x: str) -> tuple[str, str, str]:
        """f, e as a float, and e as an integer, for a positive normal number (1 + f) 2^e with 1 + f near 1."""
        double = self.dtype == "float64"
        bits = self.new(f"bitcast {self.kind} {x} to {self.int}")
        # Move the mantissa to [sqrt(1/2), sqrt(2)): subtract the bits of sqrt(1/2), take the exponent, put it back.
        offset = 0x3FE6A09E667F3BCD if double else 0x3F3504F3
        moved = self.new(f"sub {self.int} {bits}, {offset}")
        exponent = self.new(f"ashr {self.int} {moved}, {self.bits}")
        mantissa = self.new(f"sub {self.int} {bits}, {self.new(f'shl {self.int} {exponent}, {self.bits}')}")
        m = self.new(f"bitcast {self.int} {mantissa} to {self.kind}")
        return self.sub(m, self.num(1.0)), self.new(f"sitofp {self.int} {exponent} to {self.kind}"), exponent

    def log_of_parts(self, f: str, e: str | None, extra: str | None = None, terms: int = 0) -> str:
        """log(1 + f) + e ln 2 + extra, |f| < 0.42; ``terms`` of the series where fewer do."""
        double = self.dtype == "float64"
        s = self.div(f, self.add(f, self.num(2.0)))
        z = self.mul(s, s)
        terms = terms or (10 if double else 5)
        series = self.mul(z, self.poly(z, [2 / (2 * i + 3) for i in range(terms)]))
        half = self.mul(self.mul(f, f), self.num(0.5))
        if e is None:
            return self.sub(f, self.sub(half, self.mul(s, self.add(half, series))))
        high = 6.93147180369123816490e-01 if double else 0.693359375
        low = 1.90821492927058770002e-10 if double else -2.12194440e-4
        small = self.mul(e, self.num(low)) if extra is None else self.fma(e, self.num(low), extra)
        inner = self.fma(s, self.add(half, series), small)
        return self.fma(e, self.num(high), self.sub(f, self.sub(half, inner)))

    def log(self, x: str) -> str:
        double = self.dtype == "float64"
        smallest = 2.2250738585072014e-308 if double else 1.1754943508222875e-38
        shift = 54 if double else 25
        subnormal = self.compare("olt", x, self.num(smallest))
        f, e, _ = self.log_of_normal(self.select(subnormal, self.mul(x, self.num(2.0**shift)), x))
        e = self.select(subnormal, self.sub(e, self.num(float(shift))), e)
        result = self.log_of_parts(f, e)
        inf = self.num(math.inf)
        # Infinity and NaN are their own logarithms.
        result = self.select(self.compare("olt", x, inf), result, x)
        result = self.select(self.compare("oeq", x, self.num(0.0)), self.num(-math.inf), result)
        return self.select(self.compare("uge", x, self.num(0.0)), result, self.num(math.nan))

    def log1p(self, x: str) -> str:
        u = self.add(x, self.num(1.0))
        f, e, exponent = self.log_of_normal(u)
        # What rounding took from 1 + x, over u = (1 + f) 2^e. It is below half an ulp of u, so that 1 - f + f^2 will do for
        # the reciprocal: where f is large the result is too.
        inverse = self.fma(f, self.sub(f, self.num(1.0)), self.num(1.0))
        large = self.new(f"icmp sgt {self.int} {exponent}, {self.bias}")
        shrunk = self.power_of_two(
            self.new(
                f"sub {self.int} 0, {self.new(f'select i1 {large}, {self.int} {self.bias}, {self.int} {exponent}')}"
            )
        )
        error = self.mul(self.sub(x, self.sub(u, self.num(1.0))), self.mul(inverse, shrunk))
        result = self.log_of_parts(f, e, error)
        result = self.select(self.compare("olt", u, self.num(math.inf)), result, u)
        result = self.select(self.compare("oeq", u, self.num(0.0)), self.num(-math.inf), result)
        result = self.select(self.compare("uge", u, self.num(0.0)), result, self.num(math.nan))
        # 1 + x is 1: the answer is x, and keeps the sign of zero.
        return self.select(self.compare("oeq", u, self.num(1.0)), x, result)

    def tanh(self, x: str) -> str:
        double = self.dtype == "float64"
        limit = 44.0 if double else 20.0
        size = self.unary("fabs", x)
        doubled = self.add(size, size)
        k, r = self.reduced(self.select(self.compare("ogt", doubled, self.num(limit)), self.num(limit), doubled))
        p = self.fma(self.mul(r, r), self.taylor(r, 2), r)
        scale = self.power_of_two(k)
        t = self.fma(p, scale, self.sub(scale, self.num(1.0)))  # exp(2|x|) - 1
        t = self.select(self.compare("olt", doubled, self.num(1e-300 if double else 1e-30)), doubled, t)
        kind = self.kind
        ratio = self.div(t, self.add(t, self.num(2.0)))
        return self.new(f"call {kind} @llvm.copysign.{self.suffix}({kind} {ratio}, {kind} {x})")

    def exp2(self, x: str) -> str:
        low, high = (-1080.0, 1030.0) if self.dtype == "float64" else (-160.0, 130.0)
        limited = self.clamp(x, low, high)
        n, k = self.rounded(limited)
        r = self.mul(self.sub(limited, n), self.num(_LN2))
        return self.scaled(self.taylor(r, 0), k)

    def sigmoid(self, x: str) -> str:
        return self.div(self.num(1.0), self.add(self.num(1.0), self.exp(self.new(f"fneg {self.kind} {x}"))))

    def softplus(self, x: str) -> str:
        size = self.new(f"fneg {self.kind} {self.unary('fabs', x)}")
        rest = self.log1p(self.exp(size))
        positive = self.select(self.compare("ogt", x, self.num(0.0)), x, self.num(0.0))
        return self.keep_nan(x, self.add(positive, rest))


def written(name: str, dtype: str, args: Sequence[str], new: Callable[[str], str]) -> str:
    """Write the instructions of a function in :data:`INLINE` of registers by ``new``; return the result's register."""
    text = Text(dtype, new)
    return _OTHERS[name](text, *args) if name in _OTHERS else str(getattr(text, name)(*args))


def arguments(name: str) -> int:
    """Return how many arguments a function has."""
    return 2 if name in ("pow", "hypot") else 1


def definition(name: str, dtype: str) -> tuple[str, str]:
    """Return (symbol, text of the function with its declarations' names) for a function in :data:`INLINE`."""
    lines: list[str] = []

    def new(text: str) -> str:
        lines.append(f"  %r{len(lines)} = {text}")
        return f"%r{len(lines) - 1}"

    given = [f"%in{i}" for i in range(arguments(name))]
    result = written(name, dtype, given, new)
    kind, suffix = ("double", "f64") if dtype == "float64" else ("float", "f32")
    if name in BEYOND:
        size = new(f"call {kind} @llvm.fabs.{suffix}({kind} %in0)")
        far = new(f"fcmp ogt {kind} {size}, {literal(BEYOND[name][dtype], dtype)}")
        lines += [f"  br i1 {far}, label %far, label %near", "near:", f"  ret {kind} {result}", "far:"]
        wide = "%in0" if dtype == "float64" else new("fpext float %in0 to double")
        result = new(f"call double @{name}(double {wide})")
        result = result if dtype == "float64" else new(f"fptrunc double {result} to float")
    symbol = f"theon_{name}_{suffix}"
    listed = ", ".join(f"{kind} {x}" for x in given)
    return symbol, "\n".join(
        [f"define internal {kind} @{symbol}({listed}) noinline {{", *lines, f"  ret {kind} {result}", "}"]
    )


def declarations() -> list[str]:
    """Return the declarations of what the functions use."""
    found = [f"declare double @{name}(double)" for name in BEYOND]
    for kind, suffix in (("double", "f64"), ("float", "f32")):
        found.append(f"declare {kind} @llvm.fma.{suffix}({kind}, {kind}, {kind})")
        found += [f"declare {kind} @llvm.{name}.{suffix}({kind})" for name in ("rint", "fabs", "floor", "sqrt")]
        found.append(f"declare {kind} @llvm.copysign.{suffix}({kind}, {kind})")
    return found
