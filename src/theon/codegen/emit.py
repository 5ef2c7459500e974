"""Kernels -> LLVM text: loop nests with an inner loop that vectorises where memory is contiguous."""

from __future__ import annotations

from collections.abc import Iterable

from theon.codegen import abi, mathlib, target
from theon.codegen.program_scalar import MATH, ScalarWriter, literal, ssa_type
from theon.kernel.loops import Kernel, Pass, Reduction, neutral
from theon.kernel.scalar import Scalar

__all__ = ["kernels_text"]


class _Scalars(ScalarWriter):
    """Scalar expressions inside loops: functions that vectorise instead of calls."""

    inline: set[tuple[str, str]]

    def _math(self, name: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        if name in mathlib.INLINE and dtype in ("float32", "float64"):
            self.inline.add((name, dtype))
            symbol = f"theon_{name}_{'f64' if dtype == 'float64' else 'f32'}"
            return self.new(f"call {kind} @{symbol}({kind} {args[0]})")
        if name == "pow" and dtype == "float64":
            return self._library(MATH[name], args)
        return super()._math(name, args, dtype)


_ROWS = 8  # rows that are added up at a time


def _is_cheap(value: Scalar) -> bool:
    """Whether a value is worth writing out several times: few operations, none of them long."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        x = stack.pop()
        if id(x) not in seen:
            seen.add(id(x))
            stack.extend(x.args)
            if x.op in ("math", "floordiv", "mod"):
                return False
    return len(seen) <= 8


def _marks_nan(r: Reduction) -> bool:
    return r.op in ("max", "min") and r.dtype.startswith("float")


class _Writer:
    def __init__(self, kernel: Kernel, name: str, math_declared: set[str], inline: set[tuple[str, str]]) -> None:
        self.kernel, self.name = kernel, name
        self.lines: list[str] = []
        self.entry: list[str] = []
        self.scalars = _Scalars(self.lines, self.leaf)
        self.scalars.math, self.scalars.inline = math_declared, inline
        self.new = self.scalars.new
        self.labels = 0
        self.index: dict[int, str] = {}
        self.base: dict[int, str] = {}
        self.loops: list[str] = []
        self.fast: int | None = None  # the axis along which memory is known to be contiguous
        self.grouped = False
        self.quick = False
        self.places: dict[tuple[int, int], str] = {}
        self.stride_slots: dict[tuple[int, int], int] = {}
        slot = 0
        for number, operand in enumerate(kernel.operands):
            for axis in operand.axes if operand.kind != "scratch" else ():
                self.stride_slots[number, axis] = slot
                slot += 1

    def emit(self, line: str) -> None:
        self.lines.append(f"  {line}")

    def label(self, hint: str) -> str:
        self.labels += 1
        return f"{hint}{self.labels}"

    def text(self) -> str:
        kernel = self.kernel
        head = []
        for number, operand in enumerate(kernel.operands):
            if operand.kind == "scratch":
                self.entry.append(f"  %p{number} = alloca {abi.LLVM_TYPE[operand.dtype]}, i64 {operand.size}, align 64")
                self.base[number] = f"%p{number}"
                continue
            head.append(f"  %p{number}.at = getelementptr ptr, ptr %data, i64 {number}")
            head.append(f"  %p{number} = load ptr, ptr %p{number}.at")
            self.base[number] = f"%p{number}"
        for axis in range(kernel.naxes):
            head.append(f"  %n{axis}.at = getelementptr i64, ptr %extents, i64 {axis}")
            head.append(f"  %n{axis} = load i64, ptr %n{axis}.at")
        for slot in self.stride_slots.values():
            head.append(f"  %s{slot}.at = getelementptr i64, ptr %strides, i64 {slot}")
            head.append(f"  %s{slot} = load i64, ptr %s{slot}.at")
        for p in kernel.passes:
            for r in p.reductions:
                self.entry.append(f"  %acc{r.result} = alloca {ssa_type(r.dtype)}")
                if _marks_nan(r):
                    self.entry.append(f"  %nan{r.result} = alloca i1")
        self.twice()
        body = "\n".join([*head, *self.entry, "  br label %start", "start:", *self.lines])
        return f"define internal i64 @{self.name}(ptr noalias %data, ptr noalias %extents, ptr noalias %strides) #0 {{\nentry:\n{body}\n}}"

    def nest(self, axes: list[int], body: object) -> None:
        """Emit loops over ``axes``, the first outermost, around ``body()``."""
        if not axes:
            body()  # type: ignore[operator]
            return
        axis = axes[0]
        head, inside, end = self.label("head"), self.label("body"), self.label("end")
        before = self.label("before")
        self.emit(f"br label %{before}")
        self.lines.append(f"{before}:")
        self.emit(f"br label %{head}")
        self.lines.append(f"{head}:")
        i, after = f"%i{head}", f"%after{head}"
        phi_at = len(self.lines)
        self.lines.append("")
        self.emit(f"%more{head} = icmp slt i64 {i}, %n{axis}")
        self.emit(f"br i1 %more{head}, label %{inside}, label %{end}")
        self.lines.append(f"{inside}:")
        saved_base, saved_index = dict(self.base), dict(self.index)
        self.index[axis] = i
        self.advance(axis, i)
        self.scalars.forget()
        self.nest(axes[1:], body)
        latch = self.label("latch")
        self.emit(f"br label %{latch}")
        self.lines.append(f"{latch}:")
        self.emit(f"{after} = add nuw nsw i64 {i}, 1")
        self.emit(f"br label %{head}{self.hint() if not axes[1:] else ', !llvm.loop !3'}")
        self.lines[phi_at] = f"  {i} = phi i64 [ 0, %{before} ], [ {after}, %{latch} ]"
        self.lines.append(f"{end}:")
        self.base, self.index = saved_base, saved_index
        self.scalars.forget()

    def hint(self) -> str:
        """What the optimiser is told about an innermost loop."""
        if self.fast is None:
            return ", !llvm.loop !3"  # gathers would not gain enough for the time they take to compile
        return ", !llvm.loop !1" if self.grouped else ""

    def passes(self) -> None:
        for p in self.kernel.passes:
            self.one_pass(p)

    def one_pass(self, p: Pass) -> None:
        for r in p.reductions:
            self.emit(f"store {ssa_type(r.dtype)} {literal(neutral(r.op, r.dtype), r.dtype)}, ptr %acc{r.result}")
            if _marks_nan(r):
                self.emit(f"store i1 false, ptr %nan{r.result}")
        self.scalars.forget()
        if p.fixed:
            self.fixed_pass(p)
        elif not p.axes:
            self.body(p)
        else:
            self.sweep(p)
        for r in p.reductions:
            if _marks_nan(r):
                kind = ssa_type(r.dtype)
                seen, found = self.new(f"load i1, ptr %nan{r.result}"), self.new(f"load {kind}, ptr %acc{r.result}")
                nan = literal(float("nan"), r.dtype)
                self.emit(
                    f"store {kind} {self.new(f'select i1 {seen}, {kind} {nan}, {kind} {found}')}, ptr %acc{r.result}"
                )
        self.scalars.forget()

    def fixed_pass(self, p: Pass) -> None:
        """Move to the given positions, then sweep."""
        saved_base, saved_index = dict(self.base), dict(self.index)
        for axis, place in p.fixed:
            # Checked before; held within the array all the same, since another thread may write to an array of positions
            # while this one runs without the interpreter.
            last = self.new(f"sub i64 %n{axis}, 1")
            at = self.scalars._intrinsic("umin", [self.scalars.value(place), last], "int64")
            self.index[axis] = at
            for number, operand in enumerate(self.kernel.operands):
                if axis in operand.axes:
                    step = self.new(f"mul i64 {at}, %s{self.stride_slots[number, axis]}")
                    self.base[number] = self.new(f"getelementptr i8, ptr {self.base[number]}, i64 {step}")
        self.scalars.forget()
        if p.axes:
            self.sweep(p)
        else:
            self.body(p)
        self.base, self.index = saved_base, saved_index
        self.scalars.forget()

    def twice(self) -> None:
        """The whole nest for memory that is contiguous along the last axis of every pass, and for any."""
        good = "true"
        known: set[int] = set()
        for p in self.kernel.passes:
            for number, operand in enumerate(self.kernel.operands):
                if p.axes and p.axes[-1] in operand.axes and operand.kind != "scratch":
                    slot = self.stride_slots[number, p.axes[-1]]
                    if slot not in known:
                        known.add(slot)
                        same = self.new(f"icmp eq i64 %s{slot}, {abi.itemsize(operand.dtype)}")
                        good = same if good == "true" else self.new(f"and i1 {good}, {same}")
        self.quick = True
        if good == "true":
            self.nest(list(self.kernel.outer), self.passes)
            self.emit("ret i64 0")
            return
        self.emit(f"br i1 {good}, label %quick, label %general")
        for label, quick in (("quick", True), ("general", False)):
            self.lines.append(f"{label}:")
            self.quick = quick
            self.scalars.forget()
            self.nest(list(self.kernel.outer), self.passes)
            self.emit("ret i64 0")

    def sweep(self, p: Pass) -> None:
        """Loops over the axes of the pass."""
        inner = p.axes[-1]
        if not self.quick:
            self.nest(list(p.axes), lambda: self.body(p))
            return
        separate = all(s.accumulate is None or inner in self.kernel.operands[s.operand].axes for s in p.stores)
        self.fast, self.grouped = inner, separate
        self.scalars.forget()
        row = self.added_rows(p)
        if row is not None:
            self.nest(list(p.axes[:row]), lambda: self.rows(p, row))
        else:
            self.nest(list(p.axes), lambda: self.body(p))
        self.fast, self.grouped = None, False
        self.scalars.forget()

    def added_rows(self, p: Pass) -> int | None:
        """The place among the axes of the pass along which rows of cheap values are combined with one row, if they are."""
        if p.reductions or p.fixed or len(p.stores) != 1 or p.stores[0].accumulate is None:
            return None
        axes = self.kernel.operands[p.stores[0].operand].axes
        places = [i for i, axis in enumerate(p.axes) if axis not in axes]
        good = places and places[-1] < len(p.axes) - 1 and _is_cheap(p.stores[0].value)
        return places[-1] if good else None

    def rows(self, p: Pass, row: int) -> None:
        """Loops over the axes from ``row`` on, with several rows in a turn: what they add to is read once for all of them."""
        (store,) = p.stores
        outer, inner = p.axes[row], p.axes[row + 1 :]
        assert store.accumulate is not None
        dtype = self.kernel.operands[store.operand].dtype
        whole = self.new(f"and i64 %n{outer}, -{_ROWS}")
        for first, last, count in (("0", whole, _ROWS), (whole, f"%n{outer}", 1)):
            label = self.label("rows")
            i, after = f"%i{label}", f"%after{label}"
            before, head, inside, end = (self.label(word) for word in ("before", "head", "body", "end"))
            self.emit(f"br label %{before}")
            self.lines.append(f"{before}:")
            self.emit(f"br label %{head}")
            self.lines.append(f"{head}:")
            phi_at = len(self.lines)
            self.lines.append("")
            self.emit(f"%more{label} = icmp slt i64 {i}, {last}")
            self.emit(f"br i1 %more{label}, label %{inside}, label %{end}")
            self.lines.append(f"{inside}:")
            saved_base, saved_index = dict(self.base), dict(self.index)
            copies = []
            for turn in range(count):
                self.base, self.index = dict(saved_base), dict(saved_index)
                self.index[outer] = self.new(f"add nuw nsw i64 {i}, {turn}")
                self.advance(outer, self.index[outer])
                copies.append((self.base, self.index))

            def body(copies: list[tuple[dict[int, str], dict[int, str]]] = copies) -> None:
                here, place = {axis: self.index[axis] for axis in inner}, self.base
                values = []
                for base, index in copies:
                    self.base, self.index = dict(base), {**index, **here}
                    self.scalars.forget()
                    for axis in inner:
                        self.advance(axis, here[axis])
                    values.append(self.scalars.value(store.value))
                while len(values) > 1:
                    values = [
                        self.combined(store.accumulate or "", dtype, *values[j : j + 2])
                        for j in range(0, len(values), 2)
                    ]
                self.base = place
                self.store(store.operand, values[0], store.accumulate)

            self.base, self.index = dict(saved_base), dict(saved_index)
            self.scalars.forget()
            self.nest(list(inner), body)
            latch = self.label("latch")
            self.emit(f"br label %{latch}")
            self.lines.append(f"{latch}:")
            self.emit(f"{after} = add nuw nsw i64 {i}, {count}")
            self.emit(f"br label %{head}, !llvm.loop !3")
            self.lines[phi_at] = f"  {i} = phi i64 [ {first}, %{before} ], [ {after}, %{latch} ]"
            self.lines.append(f"{end}:")
            self.base, self.index = saved_base, saved_index
            self.scalars.forget()

    def advance(self, axis: int, place: str) -> None:
        """Move every operand that varies along an axis to a place on it."""
        for number, operand in enumerate(self.kernel.operands):
            if axis in operand.axes:
                if self.fast == axis or operand.kind == "scratch":
                    memory = abi.LLVM_TYPE[operand.dtype]
                    self.base[number] = self.new(f"getelementptr {memory}, ptr {self.base[number]}, i64 {place}")
                else:
                    step = self.new(f"mul i64 {place}, %s{self.stride_slots[number, axis]}")
                    self.base[number] = self.new(f"getelementptr i8, ptr {self.base[number]}, i64 {step}")

    def leaf(self, node: Scalar) -> str:
        """The value of a node without arguments, at the current position."""
        if node.op == "load":
            return self.load(node.attr)
        if node.op == "axis":
            return self.index[node.attr]
        if node.op == "extent":
            return f"%n{node.attr}"
        if node.op == "result":
            return self.new(f"load {ssa_type(node.dtype)}, ptr %acc{node.attr}")
        raise ValueError(f"no such leaf in a kernel: {node.op}")

    def body(self, p: Pass) -> None:
        values = [self.scalars.value(r.value) for r in p.reductions]
        stored = [self.scalars.value(s.value) for s in p.stores]
        for s, value in zip(p.stores, stored):
            self.store(s.operand, value, s.accumulate)
        for r, value in zip(p.reductions, values):
            self.reduce(r, value)

    def group(self) -> str:
        return ", !llvm.access.group !0" if self.grouped else ""

    def store(self, number: int, value: str, accumulate: str | None) -> None:
        dtype = self.kernel.operands[number].dtype
        if accumulate is not None:
            old = self.load(number)
            value = self.combined(accumulate, dtype, old, value)
        memory = abi.LLVM_TYPE[dtype]
        if dtype == "bool":
            value = self.new(f"zext i1 {value} to i8")
        self.emit(f"store {memory} {value}, ptr {self.base[number]}{self.group()}")

    def load(self, number: int) -> str:
        dtype = self.kernel.operands[number].dtype
        value = self.new(f"load {abi.LLVM_TYPE[dtype]}, ptr {self.base[number]}{self.group()}")
        return self.new(f"icmp ne i8 {value}, 0") if dtype == "bool" else value

    def combined(self, op: str, dtype: str, x: str, y: str) -> str:
        kind = ssa_type(dtype)
        if dtype.startswith("float"):
            if op in ("add", "mul"):
                # Re-association lets the sum run in several lanes; the order is fixed by the code, not by chance.
                return self.new(f"f{op} reassoc {kind} {x}, {y}")
            better = self.new(f"fcmp {'ogt' if op == 'max' else 'olt'} {kind} {y}, {x}")
            nan = self.new(f"fcmp uno {kind} {y}, {y}")
            return self.new(f"select i1 {self.new(f'or i1 {better}, {nan}')}, {kind} {y}, {kind} {x}")
        name = {"add": "or", "mul": "and", "max": "or", "min": "and"}.get(op, op) if dtype == "bool" else op
        if name in ("max", "min"):
            return self.scalars._intrinsic(("u" if dtype.startswith("u") else "s") + name, [x, y], dtype)
        return self.new(f"{name} {kind} {x}, {y}")

    def reduce(self, r: Reduction, value: str) -> None:
        kind = ssa_type(r.dtype)
        old = self.new(f"load {kind}, ptr %acc{r.result}")
        if _marks_nan(r):
            # Numbers alone are compared, in as many lanes as there are; whether there was NaN is kept apart.
            nan = self.new(f"fcmp uno {kind} {value}, {value}")
            seen = self.new(f"load i1, ptr %nan{r.result}")
            self.emit(f"store i1 {self.new(f'or i1 {seen}, {nan}')}, ptr %nan{r.result}")
            number = self.new(f"select i1 {nan}, {kind} {literal(0.0, r.dtype)}, {kind} {value}")
            better = self.new(f"fcmp nnan nsz {'ogt' if r.op == 'max' else 'olt'} {kind} {old}, {number}")
            found = self.new(f"select nnan nsz i1 {better}, {kind} {old}, {kind} {number}")
            self.emit(f"store {kind} {found}, ptr %acc{r.result}")
            return
        self.emit(f"store {kind} {self.combined(r.op, r.dtype, old, value)}, ptr %acc{r.result}")


def kernels_text(kernels: Iterable[tuple[Kernel, str]]) -> tuple[str, set[str]]:
    """Return the definitions of kernels under their names, and the declarations that they need."""
    declared: set[str] = set()
    inline: set[tuple[str, str]] = set()
    parts = [_Writer(kernel, name, declared, inline).text() for kernel, name in kernels]
    if not parts:
        return "", set()
    parts += [mathlib.definition(name, dtype)[1] for name, dtype in sorted(inline)]
    if inline:
        declared |= set(mathlib.declarations())
    wide = ' "prefer-vector-width"="512"' if target.wide_vectors() else ""
    parts.append(f"attributes #0 = {{ noinline nounwind{wide} }}")
    parts += ["!0 = distinct !{}", "!1 = distinct !{!1, !2}", '!2 = !{!"llvm.loop.parallel_accesses", !0}']
    parts += ["!3 = distinct !{!3, !4, !5}", '!4 = !{!"llvm.loop.vectorize.enable", i1 false}']
    parts += ['!5 = !{!"llvm.loop.unroll.disable"}']
    return "\n".join(parts), declared
