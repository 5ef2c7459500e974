"""Scalar expressions for several positions at a time: the same instructions, with a vector in place of each number.

A :class:`LaneWriter` is a scalar writer whose instructions are widened as they are written: types and intrinsics become
those of vectors, literals become vectors of equal numbers. So a loop in vectors needs no optimiser to find it, and its
values have the same bits as those of a loop over single numbers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from theon.codegen import abi, mathlib, native, target
from theon.codegen.program_scalar import ScalarWriter, literal, ssa_type
from theon.kernel.scalar import Scalar

__all__ = ["LaneWriter", "Plan", "definition", "is_inline", "masks", "plan", "widened"]

_TOKEN = re.compile(
    r"(?P<type>(?<![\w%.@<])(?:half|float|double|i1|i8|i16|i32|i64)(?![\w.]))"
    r"|(?P<name>@llvm\.[\w.]+)"
    r"|(?P<literal>(?<![\w%.@])(?:-?\d[\w.+-]*|true|false)(?!\w))"
)
_SUFFIX = re.compile(r"\.([fi]\d+)(?=\.|$)")
_CALL = re.compile(r"call (?:[a-z ]+ )?(\w+) (@llvm\.[\w.]+)\((.*)\)")
# What has no form for vectors: calls of libraries, and divisions of long whole numbers, which are done one by one anyway.
_SHORT = {"half": "f16", "float": "f32", "double": "f64"}
_ALONE = frozenset({"floordiv", "mod"})
_WEIGHT = {"math": 25, "div": 4, "sqrt": 4, "floordiv": 8, "mod": 8}
# Floats whose quotients of these numbers are told from the next whole number.
_BY_FLOATS = dict.fromkeys(("int8", "uint8", "int16", "uint16"), "float32") | dict.fromkeys(
    ("int32", "uint32"), "float64"
)


@functools.cache
def splats() -> bool:
    """Whether this LLVM has a short form for vectors of equal numbers."""
    return target.version() >= 19


def equal_lanes(kind: str, literal: str, width: int) -> str:
    """The literal of a vector of ``width`` equal numbers."""
    if splats():
        return f"splat ({kind} {literal})"
    return f"<{', '.join([f'{kind} {literal}'] * width)}>"


def widened(text: str, width: int) -> str:
    """An instruction or declaration on numbers as one on vectors of them; all registers that it reads are vectors."""
    kind = ""

    def wide(found: re.Match[str]) -> str:
        nonlocal kind
        whole = found.group()
        if found.lastgroup == "type":
            kind = whole
            return f"<{width} x {whole}>"
        if found.lastgroup == "name":
            return _SUFFIX.sub(rf".v{width}\1", whole)
        return equal_lanes(kind, whole, width)

    return _TOKEN.sub(wide, text)


def masks() -> bool:
    """Whether the rest of a loop is worth a turn in which some lanes rest: where the CPU has masks for every type."""
    return target.wide_vectors() and all(f"+{name}," in target._host()[2] + "," for name in ("avx512bw", "avx512vl"))


def _bytes() -> int:
    if target.wide_vectors():
        return 64
    return 32 if "+avx," in target._host()[2] + "," else 16


@dataclass(frozen=True)
class Plan:
    """How a loop runs in vectors: positions in a vector, vectors in a turn."""

    width: int
    turns: int


def plan(nodes: Iterable[Scalar], dtypes: Iterable[str], reduces: bool) -> Plan | None:
    """Return how a loop over these values runs in vectors; None where it cannot."""
    sizes, weight = {abi.itemsize(dtype) for dtype in dtypes}, 0
    for x in nodes:
        if x.op == "math" and not is_inline(x):
            return None
        if x.op in _ALONE:
            if x.dtype not in _BY_FLOATS:
                return None
            sizes.add(abi.itemsize(_BY_FLOATS[x.dtype]))
        if x.op != "const":
            sizes.add(1 if x.dtype == "bool" else abi.itemsize(x.dtype))
            weight += _WEIGHT.get(x.op, 1)
    turns = 4 if weight <= 12 else 2 if reduces and weight <= 40 else 1
    return Plan(max(_bytes() // max(sizes, default=8), 2), turns)


def is_inline(x: Scalar) -> bool:
    """Whether a function is written out in loops, for vectors too."""
    return x.attr in mathlib.INLINE and x.dtype in ("float32", "float64")


class LaneWriter(ScalarWriter):
    """Prints expressions on vectors of ``width`` numbers; ``known`` holds registers of vectors, and literals."""

    def __init__(self, lines: list[str], leaf: Callable[[Scalar], str], width: int, prefix: str) -> None:
        super().__init__(lines, leaf)
        self.width, self.prefix, self.block = width, prefix, ""
        self.called: set[tuple[str, str, int]] = set()  # functions that are called, not written out in their place,
        self.apart = False  # and whether all are

    def kind(self, dtype: str) -> str:
        """The type of a vector of values."""
        return f"<{self.width} x {ssa_type(dtype)}>"

    def operand(self, value: str, dtype: str) -> str:
        """A register, or the vector of a literal."""
        return value if value.startswith("%") else equal_lanes(ssa_type(dtype), value, self.width)

    def new(self, text: str) -> str:
        """Append an instruction on numbers as one on vectors."""
        called = _CALL.match(text)
        if called is not None:
            result, name, arguments = called.groups()
            kinds = ", ".join(argument.split()[0] for argument in arguments.split(","))
            self.math.add(widened(f"declare {result} {name}({kinds})", self.width))
        return self.plain(widened(text, self.width))

    def plain(self, text: str) -> str:
        """Append an instruction as it is."""
        return super().new(text)

    def splat(self, register: str, dtype: str) -> str:
        """The vector of equal numbers."""
        kind = self.kind(dtype)
        one = self.plain(f"insertelement {kind} poison, {ssa_type(dtype)} {register}, i64 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return self.plain(f"shufflevector {kind} {one}, {kind} poison, {zeros}")

    def _intrinsic(self, name: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        return self.new(
            f"call {kind} @llvm.{name}.{_SHORT.get(kind, kind)}({', '.join(f'{kind} {arg}' for arg in args)})"
        )

    def _math(self, name: str, args: list[str], dtype: str) -> str:
        given, kind = [self.operand(x, dtype) for x in args], self.kind(dtype)
        if self.apart or name in mathlib.BEYOND:
            self.called.add((name, dtype, self.width))
            listed = ", ".join(f"{kind} {x}" for x in given)
            return self.plain(f"call {kind} @{_symbol(name, dtype, self.width)}({listed})")
        text, result, declared = _function(name, dtype, self.width)
        self.counter += 1
        self.math |= declared
        place = f"%{self.prefix}f{self.counter}."
        for i, x in enumerate(given):
            text = text.replace(f"%in{i}", x)
        self.lines.append(text.replace("%f.", place))
        return result.replace("%f.", place)

    def _divide(self, op: str, args: list[str], kind: str, unsigned: bool) -> str:
        """By the quotient of floats, rounded down: it is exact, or farther from a whole number than rounding takes it."""
        divisor = 0 if args[1].startswith("%") else int(args[1])
        if divisor > 0 and not divisor & (divisor - 1):
            return super()._divide(op, args, kind, unsigned)
        wide, letter = ("double", "f64") if kind == "i32" else ("float", "f32")
        dtype = "float64" if kind == "i32" else "float32"
        to, back = ("uitofp", "fptoui") if unsigned else ("sitofp", "fptosi")
        x, y = args
        by_zero = self.new(f"icmp eq {kind} {y}, 0")
        minus = "false" if unsigned else self.new(f"icmp eq {kind} {y}, -1")
        special = by_zero if unsigned else self.new(f"or i1 {by_zero}, {minus}")
        safe = self.new(f"select i1 {special}, {kind} 1, {kind} {y}")
        above = self.new(f"{to} {kind} {x} to {wide}")
        if divisor and divisor != -1:
            # Half a step from whole numbers, the product with the rounded inverse is on the same side as the quotient.
            half, inverse = literal(0.5 if unsigned or divisor > 0 else -0.5, dtype), literal(1 / divisor, dtype)
            quotient = self.new(f"fmul {wide} {self.new(f'fadd {wide} {above}, {half}')}, {inverse}")
        else:
            quotient = self.new(f"fdiv {wide} {above}, {self.new(f'{to} {kind} {safe} to {wide}')}")
        floor = self.new(f"call {wide} @llvm.floor.{letter}({wide} {quotient})")
        found = self.new(f"{back} {wide} {floor} to {kind}")
        if op == "mod":
            found = self.new(f"sub {kind} {x}, {self.new(f'mul {kind} {found}, {safe}')}")
            return self.new(f"select i1 {special}, {kind} 0, {kind} {found}")
        if not unsigned:
            found = self.new(f"select i1 {minus}, {kind} {self.new(f'sub {kind} 0, {x}')}, {kind} {found}")
        return self.new(f"select i1 {by_zero}, {kind} 0, {kind} {found}")

    def steps(self) -> str:
        """The vector 0, 1, 2 ... of positions."""
        return f"<{', '.join(f'i64 {lane}' for lane in range(self.width))}>"

    def first(self, count: str) -> str:
        """The mask of the first so many lanes."""
        return self.plain(f"icmp ult <{self.width} x i64> {self.steps()}, {self.splat(count, 'int64')}")

    def load(self, memory: str, pointer: str, size: int, mask: str | None) -> str:
        """Numbers that lie side by side; zeros in lanes that rest."""
        kind, bit = f"<{self.width} x {memory}>", f"<{self.width} x i1>"
        if mask is None:
            return self.plain(f"load {kind}, ptr {pointer}, align {size}")
        name = f"@llvm.masked.load.v{self.width}{_SHORT.get(memory, memory)}.p0"
        self.math.add(f"declare {kind} {name}(ptr, i32, {bit}, {kind})")
        return self.plain(f"call {kind} {name}(ptr {pointer}, i32 {size}, {bit} {mask}, {kind} zeroinitializer)")

    def store(
        self, memory: str, value: str, pointer: str, size: int, mask: str | None, whole: str | None = None
    ) -> None:
        """Write numbers side by side. ``whole`` says whether all lanes work: stores with masks take longer."""
        kind, bit = f"<{self.width} x {memory}>", f"<{self.width} x i1>"
        if not value.startswith("%"):
            value = equal_lanes(memory, value, self.width)
        plain = f"  store {kind} {value}, ptr {pointer}, align {size}"
        if mask is None:
            self.lines.append(plain)
            return
        name = f"@llvm.masked.store.v{self.width}{_SHORT.get(memory, memory)}.p0"
        self.math.add(f"declare void {name}({kind}, ptr, i32, {bit})")
        masked = f"  call void {name}({kind} {value}, ptr {pointer}, i32 {size}, {bit} {mask})"
        if whole is None:
            self.lines.append(masked)
            return
        with self.either(whole):
            self.lines.append(plain)
            self.otherwise()
            self.lines.append(masked)

    @contextmanager
    def either(self, condition: str) -> Iterator[str]:
        """Two blocks, of which one runs; :meth:`otherwise` begins the second. Gives the name of both, for phis."""
        self.counter += 1
        self.block = f"{self.prefix}if{self.counter}"
        yes, no, done = (f"{self.block}.{word}" for word in ("yes", "no", "done"))
        self.lines += [f"  br i1 {condition}, label %{yes}, label %{no}", f"{yes}:"]
        yield self.block
        self.lines += [f"  br label %{done}", f"{done}:"]

    def otherwise(self) -> None:
        """Begin the block for a condition that does not hold."""
        self.lines += [f"  br label %{self.block}.done", f"{self.block}.no:"]

    def across(self, op: str, dtype: str, value: str) -> str:
        """The lanes of a vector combined to one number."""
        kind, start, flags = ssa_type(dtype), "", ""
        if dtype.startswith("float"):
            name = {"add": "fadd", "mul": "fmul", "max": "fmax", "min": "fmin"}[op]
            if op in ("add", "mul"):
                start, flags = f"{kind} {literal(-0.0 if op == 'add' else 1.0, dtype)}, ", "reassoc "
            else:
                flags = "nnan nsz "
        else:
            name = {"add": "or", "mul": "and", "max": "or", "min": "and"}.get(op, op) if dtype == "bool" else op
            if name in ("max", "min"):
                name = ("u" if dtype.startswith("u") else "s") + name
        symbol = f"@llvm.vector.reduce.{name}.v{self.width}{_SHORT.get(kind, kind)}"
        self.math.add(f"declare {kind} {symbol}({f'{kind}, ' if start else ''}{self.kind(dtype)})")
        return self.plain(f"call {flags}{kind} {symbol}({start}{self.kind(dtype)} {value})")


@functools.lru_cache(maxsize=64)
def _function(name: str, dtype: str, width: int) -> tuple[str, str, frozenset[str]]:
    """The instructions of a function of the vectors ``%in0`` and ``%in1``, its result, and what they declare."""
    lines: list[str] = []
    writer = LaneWriter(lines, lambda x: "", width, "f.")
    result = mathlib.written(name, dtype, _given(name), writer.new)
    return "\n".join(lines), result, frozenset(writer.math)


def _given(name: str) -> list[str]:
    return [f"%in{i}" for i in range(mathlib.arguments(name))]


def _symbol(name: str, dtype: str, width: int) -> str:
    return f"theon_{name}_v{width}f{8 * abi.itemsize(dtype)}"


def definition(name: str, dtype: str, width: int) -> tuple[str, frozenset[str]]:
    """Return the text of a function of vectors, and the declarations it needs."""
    text, result, declared = _function(name, dtype, width)
    kind = f"<{width} x {ssa_type(dtype)}>"
    listed = ", ".join(f"{kind} {x}" for x in _given(name))
    head = f"define internal {kind} @{_symbol(name, dtype, width)}({listed}) noinline nounwind{native.attributes()} {{"
    lines = [head, text]
    if name in mathlib.BEYOND:
        found, needed = _beyond(name, dtype, width, result)
        lines, declared = [*lines, *found], declared | needed
    return "\n".join([*lines, f"  ret {kind} {result}", "}"]), declared


def _beyond(name: str, dtype: str, width: int, result: str) -> tuple[list[str], frozenset[str]]:
    """Lines that return what the library says where a lane is beyond what the formula can do, and go on where none is."""
    lines: list[str] = []
    writer = LaneWriter(lines, lambda x: "", width, "b.")
    kind, one = writer.kind(dtype), ssa_type(dtype)
    size = writer._intrinsic("fabs", ["%in0"], dtype)
    far = writer.new(f"fcmp ogt {one} {size}, {literal(mathlib.BEYOND[name][dtype], dtype)}")
    some = writer.across("or", "bool", far)
    lines += [f"  br i1 {some}, label %far, label %near", "far:"]
    found = result
    for lane in range(width):
        x = writer.plain(f"extractelement {kind} %in0, i32 {lane}")
        x = x if dtype == "float64" else writer.plain(f"fpext float {x} to double")
        x = writer.plain(f"call double @{name}(double {x})")
        x = x if dtype == "float64" else writer.plain(f"fptrunc double {x} to float")
        found = writer.plain(f"insertelement {kind} {found}, {one} {x}, i32 {lane}")
    chosen = writer.plain(f"select <{width} x i1> {far}, {kind} {found}, {kind} {result}")
    lines += [f"  ret {kind} {chosen}", "near:"]
    return lines, frozenset({*writer.math, f"declare double @{name}(double)"})
