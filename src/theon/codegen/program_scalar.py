"""Scalar expressions of a Program as straight LLVM text: sizes, offsets and 0-d values, computed once per call."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from theon.codegen import halves, special
from theon.kernel.scalar import Scalar

__all__ = ["MATH", "ScalarWriter", "ssa_type"]

_WIDTH: Final = {"8": 8, "16": 16, "32": 32, "64": 64}
_COMPARE: Final = {
    "lt": ("olt", "lt"),
    "le": ("ole", "le"),
    "gt": ("ogt", "gt"),
    "ge": ("oge", "ge"),
    "eq": ("oeq", "eq"),
    "ne": ("une", "ne"),
}
_ROUND: Final = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "sqrt": "sqrt"}
# Library functions of libm that 0-d values may call; float32 values are computed in double and rounded once.
MATH: Final = {
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "pow": "pow", "erf": "erf", "erfc": "erfc", "hypot": "hypot", "cbrt": "cbrt",
}  # fmt: skip
SPECIAL: Final = frozenset({"sigmoid", "softplus"})


def ssa_type(dtype: str) -> str:
    """Return the LLVM type of a value of ``dtype`` in a register (bool is i1 there, i8 in memory)."""
    if dtype == "bool":
        return "i1"
    if dtype.startswith("float"):
        return {"float16": "half", "float32": "float", "float64": "double"}[dtype]
    return f"i{dtype.lstrip('uint')}"


def literal(value: bool | int | float, dtype: str) -> str:
    """Return the LLVM literal."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype.startswith("float"):
        number = float(value)
        if dtype == "float16":
            return f"0xH{struct.unpack('<H', struct.pack('<e', number))[0]:04X}"
        if dtype == "float32":
            number = (
                struct.unpack("<f", struct.pack("<f", number))[0]
                if abs(number) < 3.4028235677973366e38
                else number * float("inf")
            )
        return f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    bits = int(dtype.lstrip("uint"))
    wrapped = int(value) & ((1 << bits) - 1)
    return str(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped)


class ScalarWriter:
    """Prints scalar expressions into ``lines``; ``leaf`` gives the register of a dim, stride or elem leaf."""

    def __init__(self, lines: list[str], leaf: Callable[[Scalar], str]) -> None:
        self.lines = lines
        self.leaf = leaf
        self.counter = 0
        self.known: dict[int, str] = {}
        self.pinned: list[Scalar] = []
        self.prefix = "v"
        self.elsewhere: Callable[[Scalar], str | None] = lambda node: None  # the register of a node computed before
        self.math: set[str] = set()

    def forget(self) -> None:
        """Drop remembered registers: a new block begins, or memory that ``elem`` leaves read has changed."""
        self.known.clear()
        self.pinned.clear()

    def new(self, text: str) -> str:
        """Append ``%vN = text`` and return the register."""
        self.counter += 1
        name = f"%{self.prefix}{self.counter}"
        self.lines.append(f"  {name} = {text}")
        return name

    def value(self, root: Scalar) -> str:
        """Return the register or literal that holds ``root`` (without recursion: expressions may be deep)."""
        known = self.known
        found = known.get(id(root))
        if found is not None:
            return found
        if root.op == "const":
            return literal(root.attr, root.dtype)
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in known:
                stack.pop()
                continue
            found = self.elsewhere(node)
            if found is None:
                waiting = [arg for arg in node.args if id(arg) not in known]
                if waiting:
                    stack.extend(waiting)
                    continue
                found = self._emit(node, [known[id(arg)] for arg in node.args])
            stack.pop()
            known[id(node)] = found
            self.pinned.append(node)
        return known[id(root)]

    def _emit(self, node: Scalar, args: list[str]) -> str:
        op, dtype = node.op, node.dtype
        if op == "const":
            return literal(node.attr, dtype)
        if op in ("dim", "stride", "elem", "load", "axis", "extent", "result"):
            return self.leaf(node)
        if op == "cast":
            return self._cast(args[0], node.args[0].dtype, dtype)
        if op == "select":
            kind = ssa_type(dtype)
            return self.new(f"select i1 {args[0]}, {kind} {args[1]}, {kind} {args[2]}")
        if op in _COMPARE:
            return self._compare(op, args, node.args[0].dtype)
        if op == "math":
            return self._math(str(node.attr), args, dtype)
        if op in ("isnan", "isinf"):
            kind = ssa_type(node.args[0].dtype)
            if op == "isnan":
                return self.new(f"fcmp uno {kind} {args[0]}, {args[0]}")
            size = self._intrinsic("fabs", args, node.args[0].dtype)
            return self.new(f"fcmp oeq {kind} {size}, {literal(float('inf'), node.args[0].dtype)}")
        if dtype.startswith("float"):
            return self._float(op, args, dtype)
        return self._integer(op, args, dtype)

    def _intrinsic(self, name: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        self.math.add(f"declare {kind} @llvm.{name}.{_suffix(dtype)}({', '.join([kind] * len(args))})")
        return self.new(f"call {kind} @llvm.{name}.{_suffix(dtype)}({', '.join(f'{kind} {arg}' for arg in args)})")

    def _compare(self, op: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        if dtype.startswith("float"):
            return self.new(f"fcmp {_COMPARE[op][0]} {kind} {args[0]}, {args[1]}")
        sign = "" if op in ("eq", "ne") else "u" if dtype == "bool" or dtype.startswith("u") else "s"
        return self.new(f"icmp {sign}{_COMPARE[op][1]} {kind} {args[0]}, {args[1]}")

    def _float(self, op: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        simple = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
        if op in simple:
            return self.new(f"{simple[op]} {kind} {args[0]}, {args[1]}")
        if op == "neg":
            return self.new(f"fneg {kind} {args[0]}")
        if op == "abs":
            return self._intrinsic("fabs", args, dtype)
        if op in ("min", "max"):
            return self._intrinsic(f"{op}imum", args, dtype)
        if op in _ROUND:
            return self._intrinsic(_ROUND[op], args, dtype)
        if op in ("mod", "floordiv"):
            return self._divide_floats(op, args, dtype)
        raise ValueError(f"no native form of the scalar operation {op!r} on {dtype}")

    def _divide_floats(self, op: str, args: list[str], dtype: str) -> str:
        """Python's rules, step by step as NumPy's divmod of floats, so that infinities and signed zeros agree."""
        kind, zero, (x, y) = ssa_type(dtype), literal(0.0, dtype), args
        rest = self.new(f"frem {kind} {x}, {y}")
        apart = [self.new(f"fcmp olt {kind} {value}, {zero}") for value in (rest, y)]
        nonzero = self.new(f"fcmp une {kind} {rest}, {zero}")
        wrong = self.new(f"and i1 {nonzero}, {self.new(f'xor i1 {apart[0]}, {apart[1]}')}")
        if op == "mod":
            fixed = self.new(f"select i1 {wrong}, {kind} {self.new(f'fadd {kind} {rest}, {y}')}, {kind} {rest}")
            return self.new(
                f"select i1 {nonzero}, {kind} {fixed}, {kind} {self._intrinsic('copysign', [zero, y], dtype)}"
            )
        plain = self.new(f"fdiv {kind} {self.new(f'fsub {kind} {x}, {rest}')}, {y}")
        lower = self.new(
            f"select i1 {wrong}, {kind} {self.new(f'fadd {kind} {plain}, {literal(-1.0, dtype)}')}, {kind} {plain}"
        )
        floor = self._intrinsic("floor", [lower], dtype)
        off = self.new(f"fcmp ogt {kind} {self.new(f'fsub {kind} {lower}, {floor}')}, {literal(0.5, dtype)}")
        whole = self.new(
            f"select i1 {off}, {kind} {self.new(f'fadd {kind} {floor}, {literal(1.0, dtype)}')}, {kind} {floor}"
        )
        quotient = self.new(f"fdiv {kind} {x}, {y}")
        none = self.new(f"fcmp oeq {kind} {lower}, {zero}")
        signed = self._intrinsic("copysign", [zero, quotient], dtype)
        found = self.new(f"select i1 {none}, {kind} {signed}, {kind} {whole}")
        by_zero = self.new(f"fcmp oeq {kind} {y}, {zero}")
        return self.new(f"select i1 {by_zero}, {kind} {quotient}, {kind} {found}")

    def _integer(self, op: str, args: list[str], dtype: str) -> str:
        kind, unsigned = ssa_type(dtype), dtype == "bool" or dtype.startswith("u")
        simple = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
        if dtype == "bool":
            simple |= {"add": "or", "mul": "and", "sub": "xor", "max": "or", "min": "and"}
        if op in simple:
            return self.new(f"{simple[op]} {kind} {args[0]}, {args[1]}")
        if op == "not":
            return self.new(f"xor {kind} {args[0]}, {'true' if dtype == 'bool' else '-1'}")
        if op == "neg":
            return self.new(f"sub {kind} 0, {args[0]}")
        if op == "abs":
            if unsigned:
                return args[0]
            below = self.new(f"icmp slt {kind} {args[0]}, 0")
            return self.new(f"select i1 {below}, {kind} {self.new(f'sub {kind} 0, {args[0]}')}, {kind} {args[0]}")
        if op in ("min", "max"):
            return self._intrinsic(("u" if unsigned else "s") + op, args, dtype)
        if op in ("floordiv", "mod"):
            return self._divide(op, args, kind, unsigned)
        if op in ("shl", "shr"):
            bits = int(kind[1:])
            wide = self.new(f"icmp uge {kind} {args[1]}, {bits}")
            amount = self.new(f"select i1 {wide}, {kind} {bits - 1}, {kind} {args[1]}")
            how = "shl" if op == "shl" else "lshr" if unsigned else "ashr"
            shifted = self.new(f"{how} {kind} {args[0]}, {amount}")
            if op == "shr" and not unsigned:
                return shifted
            return self.new(f"select i1 {wide}, {kind} 0, {kind} {shifted}")
        raise ValueError(f"no native form of the scalar operation {op!r} on {dtype}")

    def _divide(self, op: str, args: list[str], kind: str, unsigned: bool) -> str:
        """Python's sign rules; a zero divisor gives 0; the one overflow (lowest / -1) wraps."""
        divisor = 0 if args[1].startswith("%") else int(args[1])
        if divisor > 0 and not divisor & (divisor - 1):
            if op == "mod":
                return self.new(f"and {kind} {args[0]}, {divisor - 1}")
            return self.new(f"{'lshr' if unsigned else 'ashr'} {kind} {args[0]}, {divisor.bit_length() - 1}")
        by_zero = self.new(f"icmp eq {kind} {args[1]}, 0")
        if unsigned:
            safe = self.new(f"select i1 {by_zero}, {kind} 1, {kind} {args[1]}")
            found = self.new(f"{'udiv' if op == 'floordiv' else 'urem'} {kind} {args[0]}, {safe}")
            return self.new(f"select i1 {by_zero}, {kind} 0, {kind} {found}")
        minus = self.new(f"icmp eq {kind} {args[1]}, -1")
        special = self.new(f"or i1 {by_zero}, {minus}")
        safe = self.new(f"select i1 {special}, {kind} 1, {kind} {args[1]}")
        rest = self.new(f"srem {kind} {args[0]}, {safe}")
        other = self.new(f"icmp slt {kind} {self.new(f'xor {kind} {rest}, {safe}')}, 0")
        wrong = self.new(f"and i1 {self.new(f'icmp ne {kind} {rest}, 0')}, {other}")
        if op == "mod":
            fixed = self.new(f"select i1 {wrong}, {kind} {self.new(f'add {kind} {rest}, {safe}')}, {kind} {rest}")
            return self.new(f"select i1 {special}, {kind} 0, {kind} {fixed}")
        plain = self.new(f"sdiv {kind} {args[0]}, {safe}")
        lower = self.new(f"sub {kind} {plain}, {self.new(f'zext i1 {wrong} to {kind}')}")
        negated = self.new(f"select i1 {minus}, {kind} {self.new(f'sub {kind} 0, {args[0]}')}, {kind} {lower}")
        return self.new(f"select i1 {by_zero}, {kind} 0, {kind} {negated}")

    def _cast(self, arg: str, source: str, target: str) -> str:
        if source == target:
            return arg
        if source == "float16":
            return self._cast(halves.from_half(self.new, arg), "float32", target)
        if target == "float16":
            if source != "float64":
                arg, source = self._cast(arg, source, "float32"), "float32"
            return self._half(arg, source)
        old, new = ssa_type(source), ssa_type(target)
        floats = source.startswith("float"), target.startswith("float")
        if target == "bool":
            return self.new(f"fcmp une {old} {arg}, {literal(0.0, source)}" if floats[0] else f"icmp ne {old} {arg}, 0")
        unsigned = source == "bool" or source.startswith("u")
        if floats == (True, True):
            return self.new(f"{'fpext' if source < target else 'fptrunc'} {old} {arg} to {new}")
        if floats == (False, True):
            return self.new(f"{'uitofp' if unsigned else 'sitofp'} {old} {arg} to {new}")
        if floats == (True, False):
            if new in ("i8", "i16", "i32") and target != "uint32":
                # As CPUs and so NumPy convert: beyond 32 bits the lowest number, whose low bits are 0.
                size = self._intrinsic("fabs", [arg], source)
                inside = self.new(f"fcmp olt {old} {size}, {literal(2.0**31, source)}")
                found = self.new(f"select i1 {inside}, {old} {arg}, {old} {literal(-(2.0**31), source)}")
                found = self.new(f"fptosi {old} {found} to i32")
                return found if new == "i32" else self.new(f"trunc i32 {found} to {new}")
            # The saturating conversions are defined for every input.
            if target == "uint64":
                self.math.add(f"declare i64 @llvm.fptoui.sat.i64.{_suffix(source)}({old})")
                positive = self.new(f"call i64 @llvm.fptoui.sat.i64.{_suffix(source)}({old} {arg})")
                self.math.add(f"declare i64 @llvm.fptosi.sat.i64.{_suffix(source)}({old})")
                wrapped = self.new(f"call i64 @llvm.fptosi.sat.i64.{_suffix(source)}({old} {arg})")
                below = self.new(f"fcmp olt {old} {arg}, {literal(0.0, source)}")
                return self.new(f"select i1 {below}, i64 {wrapped}, i64 {positive}")
            self.math.add(f"declare i64 @llvm.fptosi.sat.i64.{_suffix(source)}({old})")
            wide = self.new(f"call i64 @llvm.fptosi.sat.i64.{_suffix(source)}({old} {arg})")
            return wide if new == "i64" else self.new(f"trunc i64 {wide} to {new}")
        narrow, wide_bits = int(new[1:]), int(old[1:])
        if narrow == wide_bits:
            return arg
        how = "trunc" if narrow < wide_bits else "zext" if unsigned else "sext"
        return self.new(f"{how} {old} {arg} to {new}")

    def _half(self, arg: str, source: str) -> str:
        if source == "float64":
            self.math.add("declare double @llvm.fabs.f64(double)")
        return halves.to_half(self.new, arg, ssa_type(source))

    def _math(self, name: str, args: list[str], dtype: str) -> str:
        wide = [arg if dtype == "float64" else self._cast(arg, dtype, "float64") for arg in args]
        if name in ("sigmoid", "softplus"):
            negative = self.new(f"fneg double {wide[0]}")
            if name == "sigmoid":
                power = self._library("exp", [negative])
                found = self.new(f"fdiv double 1.0, {self.new(f'fadd double 1.0, {power}')}")
            else:
                size = self._intrinsic("fabs", wide, "float64")
                rest = self._library("log1p", [self._library("exp", [self.new(f"fneg double {size}")])])
                found = self.new(
                    f"fadd double {self._intrinsic('maximum', [wide[0], literal(0.0, 'float64')], 'float64')}, {rest}"
                )
        elif name in MATH:
            found = self._library(MATH[name], wide)
        elif name in special.NAMES:
            symbol, declared, more = special.declaration(name)
            self.math.add(declared)
            found = self.new(f"call double @{symbol}({', '.join(f'double {arg}' for arg in wide)}{more})")
        else:
            raise ValueError(f"no native form of the function {name!r} on 0-d values")
        return found if dtype == "float64" else self._cast(found, "float64", dtype)

    def _library(self, name: str, args: list[str]) -> str:
        self.math.add(f"declare double @{name}({', '.join(['double'] * len(args))})")
        return self.new(f"call double @{name}({', '.join(f'double {arg}' for arg in args)})")


def _suffix(dtype: str) -> str:
    return {"float16": "f16", "float32": "f32", "float64": "f64", "bool": "i1"}.get(dtype) or f"i{dtype.lstrip('uint')}"
