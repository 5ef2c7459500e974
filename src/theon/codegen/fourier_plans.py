"""What Fourier transforms of one length need: factors of the length and roots of one, made once and kept by the native code.

A plan is a block of memory. Its words: 0 the length of the passes, 1 how many there are, 2 and 3 where the chirp and its transform
are (0 if there is none), 4 where the roots are that split a real transform of twice the length, 5 the length of the transform,
6 how many callers use it, 7 whether the last one is to drop it, 8 what it was made for; from 16 on for each pass its factor and
where its roots are.
"""

from __future__ import annotations

import ctypes
import functools
import math
import traceback
from typing import Any

import numpy as np

from theon.codegen.butterflies import FACTORS

__all__ = ["DECLARATIONS", "factors", "length", "make", "symbols"]

DECLARATIONS = "declare ptr @theon_fourier_make(i64, i64)\ndeclare void @theon_fourier_drop(ptr)\n"
_DTYPES = ("float32", "float64")


def factors(n: int) -> list[int] | None:
    """The factors of a length in the order of their passes; None where one has no pass."""
    found = []
    for p in FACTORS:
        while n % p == 0:
            found.append(p)
            n //= p
    return found if n == 1 else None


@functools.lru_cache(maxsize=256)
def length(n: int) -> int:
    """The length of the passes of a transform of ``n``: its own, or one in which a cyclic convolution of ``n`` fits."""
    if factors(n) is not None:
        return n
    best = 1 << (2 * n - 2).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            need = -(-(2 * n - 1) // three)
            best = min(best, three << (need - 1).bit_length())
            three *= 3
        five *= 5
    return best


class _Roots:
    """exp(-2 pi i k / n) for integers k, about as exact as doubles are: of the first eighth of a turn, from which follow the others."""

    def __init__(self, n: int) -> None:
        self.n, self.step = n, math.gcd(n, 4)
        # Angles from 0 to pi / 4, as multiples of pi / (2 n), to twice the precision: what the quotient and the product lack.
        rest = np.arange(0, n // 2 + 1, self.step)
        q = rest / n
        high, low = 1.5707963267948966, 6.123233995736766e-17  # pi / 2
        angle = q * high
        tail = q * low + _lacking(q, n, rest) / n * high - _lacking(q, high, angle)
        c, s = np.cos(angle), np.sin(angle)
        self.cos, self.sin = c - s * tail, s + c * tail

    def __call__(self, k: Any) -> Any:
        n = self.n
        k = np.asarray(k, np.int64) % n
        quarter = (8 * k // n + 1) // 2  # the nearest multiple of a quarter turn
        rest = 4 * k - quarter * n
        place = np.abs(rest) // self.step
        c, s = self.cos[place], self.sin[place]
        s = np.where(rest < 0, -s, s)
        odd = quarter % 2 == 1
        # One quarter turn on, cosine and sine are -sine and cosine; a half turn changes their signs.
        found = np.empty(k.shape, np.complex128)
        sign = np.where(quarter % 4 >= 2, -1.0, 1.0)
        found.real, found.imag = np.where(odd, -s, c) * sign, -np.where(odd, c, s) * sign
        return found


def _lacking(x: Any, y: float, product: Any) -> Any:
    """product - x y, found from halves of the factors (Dekker, "A floating-point technique for extending the available
    precision", Numerische Mathematik 18, 1971)."""

    def halves(z: Any) -> tuple[Any, Any]:
        big = z * 134217729.0
        top = big - (big - z)
        return top, z - top

    (a, b), (c, d) = halves(x), halves(float(y))
    return (((product - a * c) - a * d) - b * c) - b * d


def make(n: int, real: bool, dtype: str) -> Any:
    """A plan, as bytes in an array, for complex transforms of length ``n``; ``real``: for the halves of a real one of ``2 n``."""
    whole = length(n)
    own = factors(whole)
    assert own is not None
    parts: list[Any] = []
    words = np.zeros(16 + 2 * len(own), np.int64)
    at = -(-words.nbytes // 64) * 64

    def put(numbers: Any) -> int:
        nonlocal at
        flat = np.ascontiguousarray(numbers, np.complex128).ravel().view(np.float64).astype(dtype)
        here = at
        parts.append((here, flat))
        at += -(-flat.nbytes // 64) * 64
        return here

    words[0], words[1], words[5] = whole, len(own), n
    rest, roots = whole, _Roots(whole)
    for i, p in enumerate(own):
        m = rest // p
        words[16 + 2 * i] = p
        words[17 + 2 * i] = put(roots(np.outer(np.arange(1, m), np.arange(1, p)) * (whole // rest)))
        rest = m
    if whole != n:
        k = np.arange(n, dtype=np.int64)
        chirp = _Roots(2 * n)(k * k)
        line = np.zeros(whole, np.complex128)
        line[:n] = chirp.conj()
        line[whole - n + 1 :] = chirp.conj()[:0:-1]
        words[2], words[3] = put(chirp), put(np.fft.fft(line) / whole)
    if real:
        words[4] = put(_Roots(2 * n)(np.arange(n + 1)))
    block = np.zeros(at + 64, np.uint8)
    start = -block.ctypes.data % 64
    block = block[start : start + at]
    block[: words.nbytes] = words.view(np.uint8)
    for here, flat in parts:
        block[here : here + flat.nbytes] = flat.view(np.uint8)
    return block


_held: dict[int, Any] = {}


def _make(code: int, which: int) -> int | None:
    try:
        block = make(code // 2, bool(code % 2), _DTYPES[which])
        words = block[:128].view(np.int64)
        words[6], words[8] = 1, code
        place = int(block.ctypes.data)
        _held[place] = block
        return place
    except BaseException:  # there is no way to raise it here: the step fails
        traceback.print_exc()
        return None


def _drop(place: int) -> None:
    _held.pop(place, None)


@functools.cache
def _callbacks() -> dict[str, Any]:
    return {
        "theon_fourier_make": ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(_make),
        "theon_fourier_drop": ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_drop),
    }


def symbols() -> dict[str, int]:
    """The addresses of the functions that native code calls for a new plan and for one that is not needed any more."""
    return {name: int(ctypes.cast(made, ctypes.c_void_p).value or 0) for name, made in _callbacks().items()}
