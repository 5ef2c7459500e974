"""Half precision: numbers of 16 bits in memory, of 32 bits wherever something is computed.

Where the CPU converts between the two, so does the code. Where it does not, compilers call functions that may not be there; the
conversions are written out instead, in integer arithmetic that widens to vectors (IEEE 754 binary16, ties to even).
"""

from __future__ import annotations

from collections.abc import Callable

from theon.codegen import target

__all__ = ["from_half", "to_half"]

New = Callable[[str], str]  # appends an instruction on numbers, returns its register


def _by_hardware() -> bool:
    triple, _, features = target._host()
    return "+f16c," in f"{features}," or triple.startswith(("aarch64", "arm64"))


def _float(number: int) -> str:
    """The literal of the float with these bits, of which the lower 29 of a double are none."""
    sign, exponent, mantissa = number >> 31, (number >> 23) & 255, number & 0x7FFFFF
    return f"0x{(sign << 63) | ((exponent + 896) << 52) | (mantissa << 29):016X}"


def from_half(new: New, value: str) -> str:
    """The float of a half."""
    if _by_hardware():
        return new(f"fpext half {value} to float")
    bits = new(f"zext i16 {new(f'bitcast half {value} to i16')} to i32")
    sign = new(f"shl i32 {new(f'and i32 {bits}, 32768')}, 16")
    size = new(f"and i32 {bits}, 32767")
    # Exponents are 112 apart; a multiplication moves them for subnormal numbers too.
    moved = new(f"bitcast i32 {new(f'shl i32 {size}, 13')} to float")
    found = new(f"bitcast float {new(f'fmul float {moved}, {_float((127 + 112) << 23)}')} to i32")
    special = new(f"icmp uge i32 {size}, {0x7C00}")
    kept = new(f"select i1 {special}, i32 {new(f'or i32 {found}, {0x7F800000}')}, i32 {found}")
    return new(f"bitcast i32 {new(f'or i32 {kept}, {sign}')} to float")


def to_half(new: New, value: str, source: str) -> str:
    """The half nearest to a float or a double."""
    if source == "double":
        value = _odd(new, value)
    if _by_hardware():
        return new(f"fptrunc float {value} to half")
    bits = new(f"bitcast float {value} to i32")
    size = new(f"and i32 {bits}, {0x7FFFFFFF}")
    sign = new(f"lshr i32 {new(f'xor i32 {bits}, {size}')}, 16")
    # Normal numbers: the exponent moves, what is cut off rounds to even.
    odd = new(f"and i32 {new(f'lshr i32 {size}, 13')}, 1")
    rounded = new(f"add i32 {new(f'add i32 {size}, {0xFFF - (112 << 23)}')}, {odd}")
    normal = new(f"lshr i32 {rounded}, 13")
    # Subnormal ones: adding 0.5 lets the addition round.
    small = new(f"fadd float {new(f'bitcast i32 {size} to float')}, {_float(126 << 23)}")
    subnormal = new(f"sub i32 {new(f'bitcast float {small} to i32')}, {126 << 23}")
    below = new(f"icmp ult i32 {size}, {113 << 23}")
    finite = new(f"select i1 {below}, i32 {subnormal}, i32 {normal}")
    large = new(f"icmp uge i32 {size}, {143 << 23}")
    nan = new(f"icmp ugt i32 {size}, {0x7F800000}")
    special = new(f"select i1 {nan}, i32 {0x7E00}, i32 {0x7C00}")
    found = new(f"or i32 {new(f'select i1 {large}, i32 {special}, i32 {finite}')}, {sign}")
    return new(f"bitcast i16 {new(f'trunc i32 {found} to i16')} to half")


def _odd(new: New, value: str) -> str:
    """A double as a float from which it rounds to the same half: cut off, with the last bit set where that was not exact.

    (Rounding to odd: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Trans. Computers 57, 2008.)
    """
    near = new(f"fptrunc double {value} to float")
    back = new(f"fpext float {near} to double")
    exact = new(f"fcmp ueq double {back}, {value}")
    sizes = [new(f"call double @llvm.fabs.f64(double {x})") for x in (back, value)]
    over = new(f"zext i1 {new(f'fcmp ogt double {sizes[0]}, {sizes[1]}')} to i32")
    bits = new(f"bitcast float {near} to i32")
    cut = new(f"or i32 {new(f'sub i32 {bits}, {over}')}, 1")
    return new(f"bitcast i32 {new(f'select i1 {exact}, i32 {bits}, i32 {cut}')} to float")
