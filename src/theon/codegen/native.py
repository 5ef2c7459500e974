"""Native functions written as Python: values with operators, loops and conditions as ``with`` blocks, printed as LLVM text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.codegen import target
from theon.codegen.program_scalar import literal

__all__ = ["PLAIN", "SEPARATE", "Function", "Value", "Variable", "attributes"]

SEPARATE = '!0 = distinct !{}\n!1 = distinct !{!1, !2}\n!2 = !{!"llvm.loop.parallel_accesses", !0}\n'


# Loops whose vectors are written out: the optimiser is to leave them as they are, which saves much of its time.
PLAIN = '!7 = distinct !{!7, !8, !9}\n!8 = !{!"llvm.loop.vectorize.enable", i1 false}\n!9 = !{!"llvm.loop.unroll.disable"}\n'
_PLAIN_HINT = ", !llvm.loop !7"


def attributes() -> str:
    """What functions whose vectors are written out are told: vectors of 512 bits are used where they are written."""
    return ' "prefer-vector-width"="512" "min-legal-vector-width"="512"' if target.wide_vectors() else ""


class Value:
    """A value of ``kind`` (an LLVM type) with the name or literal ``text``; operators write instructions."""

    __slots__ = ("function", "kind", "text")

    def __init__(self, function: Function, kind: str, text: str) -> None:
        self.function, self.kind, self.text = function, kind, text

    def _two(self, op: str, other: Any, turned: bool = False) -> Value:
        found = self.function.value(other, self.kind)
        a, b = (found, self) if turned else (self, found)
        if "float" in self.kind or "double" in self.kind:
            op = "f" + {"sdiv": "div", "srem": "rem"}.get(op, op)
        return self.function.new(self.kind, f"{op} {self.kind} {a.text}, {b.text}")

    def ordered(self, op: str, other: Any) -> Value:
        """A comparison of floats by LLVM's name of it."""
        return self.function.new(
            "i1", f"fcmp {op} {self.kind} {self.text}, {self.function.value(other, self.kind).text}"
        )

    def _compared(self, op: str, other: Any) -> Value:
        return self.function.new(
            "i1", f"icmp {op} {self.kind} {self.text}, {self.function.value(other, self.kind).text}"
        )

    def __add__(self, other: Any) -> Value:
        return self._two("add", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Value:
        return self._two("sub", other)

    def __rsub__(self, other: Any) -> Value:
        return self._two("sub", other, True)

    def __mul__(self, other: Any) -> Value:
        return self._two("mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        """The quotient of floats."""
        return self._two("div", other)

    def __rtruediv__(self, other: Any) -> Value:
        return self._two("div", other, True)

    def __neg__(self) -> Value:
        """The negative of a float."""
        return self.function.new(self.kind, f"fneg {self.kind} {self.text}")

    def __floordiv__(self, other: Any) -> Value:
        """The quotient rounded towards 0, for integers."""
        return self._two("sdiv", other)

    def __mod__(self, other: Any) -> Value:
        return self._two("srem", other)

    def __and__(self, other: Any) -> Value:
        return self._two("and", other)

    def __or__(self, other: Any) -> Value:
        return self._two("or", other)

    def __lt__(self, other: Any) -> Value:
        return self._compared("slt", other)

    def __le__(self, other: Any) -> Value:
        return self._compared("sle", other)

    def __gt__(self, other: Any) -> Value:
        return self._compared("sgt", other)

    def __ge__(self, other: Any) -> Value:
        return self._compared("sge", other)

    def same(self, other: Any) -> Value:
        """Whether two integers are equal."""
        return self._compared("eq", other)


class Variable:
    """A place on the stack that a function reads and sets; the optimiser keeps it in a register."""

    def __init__(self, function: Function, kind: str, start: Any) -> None:
        self.function, self.kind = function, kind
        function.count += 1
        self.name = f"%v{function.count}"
        function.entry.append(f"  {self.name} = alloca {kind}")
        self.set(start)

    def get(self) -> Value:
        """The value now."""
        return self.function.new(self.kind, f"load {self.kind}, ptr {self.name}")

    def set(self, value: Any) -> None:
        """Change the value."""
        self.function.emit(f"store {self.kind} {self.function.value(value, self.kind).text}, ptr {self.name}")


class Function:
    """One function under construction; ``parameters`` are (name, type), attributes of the same names."""

    def __init__(self, name: str, parameters: Sequence[tuple[str, str]], result: str = "void") -> None:
        self.name, self.result = name, result
        self.parameters = list(parameters)
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.grouped = (
            False  # whether loads and stores are marked as those of loops whose turns do not depend on each other
        )
        self.given = {key: Value(self, kind, f"%{key}") for key, kind in parameters}

    def __getitem__(self, key: str) -> Value:
        return self.given[key]

    def text(self, extra: str = "", linkage: str = "internal ") -> str:
        """Return the definition, of a function of its own module or, where ``linkage`` is empty, of all."""
        listed = ", ".join(f"{kind} %{key}" for key, kind in self.parameters)
        head = f"define {linkage}{self.result} @{self.name}({listed}) nounwind{extra} {{\nentry:"
        return "\n".join([head, *self.entry, "  br label %start", "start:", *self.lines, "}", ""])

    def emit(self, line: str) -> None:
        """Write an instruction without a result."""
        self.lines.append(f"  {line}")

    def new(self, kind: str, text: str) -> Value:
        """Write an instruction with a result of type ``kind``."""
        self.count += 1
        self.emit(f"%t{self.count} = {text}")
        return Value(self, kind, f"%t{self.count}")

    def value(self, x: Any, kind: str) -> Value:
        """A value as it is, or a Python number as a literal."""
        if isinstance(x, Value):
            return x
        if kind in ("float", "double"):
            x = literal(x, "float32" if kind == "float" else "float64")
        return Value(self, kind, str(x))

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")

    def at(self, pointer: Value, offset: Any) -> Value:
        """The address ``offset`` bytes on."""
        return self.new("ptr", f"getelementptr i8, ptr {pointer.text}, i64 {self.value(offset, 'i64').text}")

    def load(self, kind: str, pointer: Value, offset: Any = 0, align: int | None = None) -> Value:
        """The value of type ``kind`` at ``offset`` bytes from ``pointer``."""
        return self.new(kind, f"load {kind}, ptr {self.at(pointer, offset).text}{self._suffix(align)}")

    def store(self, value: Any, pointer: Value, offset: Any = 0, align: int | None = None, kind: str = "i64") -> None:
        """Write a value."""
        found = self.value(value, kind)
        self.emit(f"store {found.kind} {found.text}, ptr {self.at(pointer, offset).text}{self._suffix(align)}")

    def _suffix(self, align: int | None) -> str:
        group = ", !llvm.access.group !0" if self.grouped else ""
        return group if align is None else f", align {align}{group}"

    def call(self, name: str, *args: Any, result: str = "void") -> Value:
        """Call a function; numbers are passed as i64."""
        found = [self.value(a, "i64") for a in args]
        listed = ", ".join(f"{a.kind} {a.text}" for a in found)
        if result == "void":
            self.emit(f"call void @{name}({listed})")
            return Value(self, "void", "")
        return self.new(result, f"call {result} @{name}({listed})")

    def give(self, value: Any) -> None:
        """Return from the function; what follows is reached by other ways only."""
        found = self.value(value, self.result)
        self.emit(f"ret {found.kind} {found.text}")
        self.count += 1
        self.label(f"after{self.count}")

    def select(self, condition: Value, x: Any, y: Any, kind: str = "i64") -> Value:
        """``x`` where the condition holds, else ``y``."""
        a, b = self.value(x, kind), self.value(y, kind)
        return self.new(kind, f"select i1 {condition.text}, {kind} {a.text}, {kind} {b.text}")

    def smaller(self, x: Any, y: Any) -> Value:
        """The smaller of two i64."""
        a = self.value(x, "i64")
        return self.select(a < y, a, y)

    def larger(self, x: Any, y: Any) -> Value:
        """The larger of two i64."""
        a = self.value(x, "i64")
        return self.select(a > y, a, y)

    def variable(self, kind: str, start: Any) -> Variable:
        """A new variable."""
        return Variable(self, kind, start)

    def room(self, nbytes: int) -> Value:
        """Memory on the stack, of a constant size."""
        self.count += 1
        name = f"%r{self.count}"
        self.entry.append(f"  {name} = alloca i8, i64 {nbytes}, align 64")
        return Value(self, "ptr", name)

    @contextmanager
    def loop(self, stop: Any, start: Any = 0, step: Any = 1, hint: str = _PLAIN_HINT) -> Iterator[Value]:
        """Count from ``start`` by ``step`` while below ``stop``."""
        self.count += 1
        n = self.count
        before, head, body, latch, end = (f"{word}{n}" for word in ("before", "head", "body", "latch", "end"))
        first, last, by = (self.value(x, "i64").text for x in (start, stop, step))
        self.emit(f"br label %{before}")
        self.label(before)
        self.emit(f"br label %{head}")
        self.label(head)
        self.emit(f"%i{n} = phi i64 [ {first}, %{before} ], [ %j{n}, %{latch} ]")
        self.emit(f"%c{n} = icmp slt i64 %i{n}, {last}")
        self.emit(f"br i1 %c{n}, label %{body}, label %{end}")
        self.label(body)
        yield Value(self, "i64", f"%i{n}")
        self.emit(f"br label %{latch}")
        self.label(latch)
        self.emit(f"%j{n} = add nsw i64 %i{n}, {by}")
        self.emit(f"br label %{head}{hint}")
        self.label(end)

    @contextmanager
    def repeat(self, limit: Any) -> Iterator[Callable[[Value], None]]:
        """Do what follows ``limit`` times at most; the function that is given ends it where a condition holds."""
        self.count += 1
        n = self.count

        def stop(condition: Value) -> None:
            self.count += 1
            self.emit(f"br i1 {condition.text}, label %left{n}, label %on{self.count}")
            self.label(f"on{self.count}")

        with self.loop(limit):
            yield stop
        self.emit(f"br label %left{n}")
        self.label(f"left{n}")

    @contextmanager
    def separate(self, stop: Any, start: Any = 0) -> Iterator[Value]:
        """A loop whose turns do not depend on each other, so that vectors may do several; needs :data:`SEPARATE` in its module."""
        with self.loop(stop, start, 1, ", !llvm.loop !1") as i:
            self.grouped = True
            yield i
            self.grouped = False

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Do what follows only if the condition holds."""
        self.count += 1
        n = self.count
        self.emit(f"br i1 {condition.text}, label %then{n}, label %done{n}")
        self.label(f"then{n}")
        yield
        self.emit(f"br label %done{n}")
        self.label(f"done{n}")

    @contextmanager
    def unless(self, condition: Value) -> Iterator[None]:
        """Do what follows only if the condition does not hold."""
        with self.when(self.new("i1", f"xor i1 {condition.text}, true")):
            yield
