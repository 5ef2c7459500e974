"""Kernels -> LLVM text: loop nests whose inner loop is in vectors where memory is contiguous along it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from theon.codegen import abi, folds, jit, lanes, mathlib, native, packed, target
from theon.codegen.jit import CompiledModule
from theon.codegen.lanes import LaneWriter, Plan
from theon.codegen.program_scalar import ScalarWriter, literal, ssa_type
from theon.kernel.loops import Kernel, Pass, Store, neutral
from theon.kernel.scalar import Scalar
from theon.kernel.text import kernel_text

__all__ = ["fold_module", "kernels_text"]


class _Scalars(ScalarWriter):
    """Scalar expressions inside loops: functions that vectorise instead of calls."""

    called: set[tuple[str, str, int]]

    def _math(self, name: str, args: list[str], dtype: str) -> str:
        kind = ssa_type(dtype)
        if name in mathlib.INLINE and dtype in ("float32", "float64"):
            self.called.add((name, dtype, 1))
            symbol = f"theon_{name}_{'f64' if dtype == 'float64' else 'f32'}"
            return self.new(f"call {kind} @{symbol}({', '.join(f'{kind} {x}' for x in args)})")
        return super()._math(name, args, dtype)


_MANY = 40  # functions in all kernels from which writing them out in their places takes too long to compile
_ROWS = 8  # rows that are added up at a time


def _nodes(roots: Iterable[Scalar]) -> list[Scalar]:
    """All nodes of expressions, each once, what they are made of first."""
    done: dict[int, Scalar] = {}
    stack = list(roots)
    while stack:
        x = stack[-1]
        waiting = [] if id(x) in done else [arg for arg in x.args if id(arg) not in done]
        if waiting:
            stack.extend(waiting)
        else:
            done.setdefault(id(x), stack.pop())
    return list(done.values())


def _is_cheap(value: Scalar) -> bool:
    """Whether a value is worth writing out several times: few operations, none of them long."""
    found = _nodes([value])
    return len(found) <= 8 and not any(x.op in ("math", "floordiv", "mod") for x in found)


@dataclass
class _Place:
    """Where a body stands: the address of each operand, the position on each axis, and registers that hold there.

    ``wide`` has vectors of those that loops in vectors read.
    """

    base: dict[int, str]
    index: dict[int, str]
    known: dict[int, str]
    wide: dict[int, str] = field(default_factory=dict)


@dataclass
class _Sum:
    """What is combined over loops: of a reduction, or of a store to one place; ``name`` is that of its accumulator.

    Where ``marks`` is, numbers alone are compared, and whether there was NaN is kept apart.
    """

    op: str
    dtype: str
    value: Scalar
    name: str

    @property
    def marks(self) -> bool:
        return self.op in ("max", "min") and self.dtype.startswith("float")


_Body = Callable[[ScalarWriter, list[_Place], list[str]], None]


class _Writer:
    def __init__(
        self,
        kernel: Kernel,
        name: str,
        declared: set[str],
        called: set[tuple[str, str, int]],
        calls: bool,
        vectors: bool = True,
        in_order: bool = False,
    ) -> None:
        self.kernel, self.name, self.vectors, self.in_order = kernel, name, vectors, in_order
        self.lines: list[str] = []
        self.entry: list[str] = []
        self.flags: dict[object, tuple[str, list[str]]] = {}
        self.scalars = _Scalars(self.lines, self.leaf)
        self.scalars.math, self.scalars.called = declared, called
        self.calls = calls  # whether functions of vectors are called, not written out
        self.new = self.scalars.new
        self.labels = 0
        self.index: dict[int, str] = {}
        self.base: dict[int, str] = {}
        self.constant: dict[int, str] = {}  # registers of what is the same at all positions
        self.mask: str | None = None  # of the lanes that work in this turn
        self.whole: str | None = None  # whether these are all
        self.loaded: dict[int, str] = {}  # vectors read ahead in this turn
        self.wide_sums: dict[tuple[str, int], str] = {}
        self.offsets: dict[tuple[str, int], str] = {}  # by the position of a loop and the stride
        self.stride_slots: dict[tuple[int, int], int] = {}
        slot = 0
        for number, operand in enumerate(kernel.operands):
            for axis in operand.axes if operand.kind != "scratch" else ():
                self.stride_slots[number, axis] = slot
                slot += 1

    def emit(self, line: str) -> None:
        self.lines.append(f"  {line}")

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def label(self, hint: str) -> str:
        self.labels += 1
        return f"{hint}{self.labels}"

    def place_of(self, s: _Sum, kind: str = "", bit: str = "i1") -> None:
        """Make an accumulator."""
        self.entry.append(f"  {s.name} = alloca {kind or ssa_type(s.dtype)}")
        if s.marks:
            self.entry.append(f"  {s.name}.nan = alloca {bit}")

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
        self.constants()
        self.nest(kernel.outer, self.passes)
        self.emit("ret i64 0")
        tests = [line for _, lines in self.flags.values() for line in lines]
        body = "\n".join([*head, *tests, *self.entry, "  br label %start", "start:", *self.lines])
        return f"define internal i64 @{self.name}(ptr noalias %data, ptr noalias %extents, ptr noalias %strides) #0 {{\nentry:\n{body}\n}}"

    # Loops ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def loop(self, stop: str, start: str = "0", step: int = 1, axis: int | None = None) -> Iterator[str]:
        """Count from ``start`` by ``step`` while below ``stop``; along an axis, by one, offsets are counted up as well."""
        i = self.label("i")
        slots = [slot for (_, a), slot in self.stride_slots.items() if a == axis]
        first = {slot: "0" if start == "0" else self.new(f"mul i64 {start}, %s{slot}") for slot in slots}
        self.emit(f"br label %{i}.before")
        self.start(f"{i}.before")
        self.emit(f"br label %{i}.head")
        self.start(f"{i}.head")
        self.emit(f"%{i} = phi i64 [ {start}, %{i}.before ], [ %{i}.next, %{i}.latch ]")
        for slot in slots:
            offset = self.offsets[f"%{i}", slot] = f"%{i}.s{slot}"
            self.emit(f"{offset} = phi i64 [ {first[slot]}, %{i}.before ], [ {offset}.next, %{i}.latch ]")
        self.emit(f"%{i}.more = icmp slt i64 %{i}, {stop}")
        self.emit(f"br i1 %{i}.more, label %{i}.body, label %{i}.end")
        self.start(f"{i}.body")
        yield f"%{i}"
        self.emit(f"br label %{i}.latch")
        self.start(f"{i}.latch")
        self.emit(f"%{i}.next = add nuw nsw i64 %{i}, {step}")
        for slot in slots:
            self.emit(f"%{i}.s{slot}.next = add i64 %{i}.s{slot}, %s{slot}")
        self.emit(f"br label %{i}.head")
        self.start(f"{i}.end")

    def nest(self, axes: Sequence[int], body: Callable[[], None]) -> None:
        """Emit loops over ``axes``, the first outermost, around ``body()``."""
        if not axes:
            body()
            return
        here = self.here()
        with self.loop(f"%n{axes[0]}", axis=axes[0]) as i:
            self.enter(self.stepped(here, axes[0], i))
            self.nest(axes[1:], body)
        self.enter(here)

    def here(self) -> _Place:
        return _Place(dict(self.base), dict(self.index), dict(self.constant))

    def enter(self, place: _Place) -> None:
        self.base, self.index = dict(place.base), dict(place.index)
        self.scalars.known = dict(place.known)

    def stepped(self, place: _Place, axis: int, i: str) -> _Place:
        """The place at position ``i`` along an axis."""
        self.enter(place)
        self.index[axis] = i
        for number, operand in enumerate(self.kernel.operands):
            if axis in operand.axes:
                if operand.kind == "scratch":
                    memory = abi.LLVM_TYPE[operand.dtype]
                    self.base[number] = self.new(f"getelementptr {memory}, ptr {self.base[number]}, i64 {i}")
                else:
                    slot = self.stride_slots[number, axis]
                    step = self.offsets.get((i, slot)) or self.new(f"mul i64 {i}, %s{slot}")
                    self.base[number] = self.new(f"getelementptr i8, ptr {self.base[number]}, i64 {step}")
        return self.here()

    def constants(self) -> None:
        """Compute what is the same at all positions before all loops."""
        kernel = self.kernel
        if any(operand.kind != "read" and not operand.axes for operand in kernel.operands):
            return  # what is read there may change
        found: set[int] = set()
        for p in kernel.passes:
            for x in _nodes([r.value for r in p.reductions] + [s.value for s in p.stores]):
                if x.op == "load":
                    same = kernel.operands[x.attr].kind == "read" and not kernel.operands[x.attr].axes
                else:
                    same = x.op in ("const", "extent") or (bool(x.args) and all(id(arg) in found for arg in x.args))
                if same:
                    found.add(id(x))
                    self.scalars.value(x)
        self.constant = dict(self.scalars.known)

    # Passes --------------------------------------------------------------------------------------------------------

    def passes(self) -> None:
        for p in self.kernel.passes:
            self.one_pass(p)

    def one_pass(self, p: Pass) -> None:
        sums = [_Sum(r.op, r.dtype, r.value, f"%acc{r.result}") for r in p.reductions]
        for s in sums:
            self.place_of(s)
            self.begin(s)
        before = here = self.here()
        for axis, place in p.fixed:
            # Checked before; held within the array all the same, since another thread may write to an array of positions
            # while this one runs without the interpreter.
            self.enter(before)
            last = self.new(f"sub i64 %n{axis}, 1")
            at = self.scalars._intrinsic("umin", [self.scalars.value(place), last], "int64")
            here = self.stepped(here, axis, at)
        self.enter(here)
        row = self.added_rows(p)
        if row is not None:
            self.nest(p.axes[:row], lambda: self.rows(p, row))
        elif p.axes:
            self.nest(p.axes[:-1], lambda: self.innermost(p, sums))
        else:
            self.turn(self.scalars, self.here(), -1, p.stores, sums, ["0"])
        for s in sums:
            if s.marks:
                self.emit(f"store {ssa_type(s.dtype)} {self.total(s)}, ptr {s.name}")
        self.enter(before)

    def innermost(self, p: Pass, sums: list[_Sum]) -> None:
        """The last loop; what it adds to one place is kept in a register meanwhile."""
        axis = p.axes[-1]
        stores: list[Store] = []
        kept: list[tuple[int, _Sum]] = []
        for store in p.stores:
            operand = self.kernel.operands[store.operand]
            if store.accumulate is None or axis in operand.axes:
                stores.append(store)
            else:
                kept.append((store.operand, _Sum(store.accumulate, operand.dtype, store.value, self.label("%sum"))))
        here, all_sums = self.here(), [*sums, *(s for _, s in kept)]
        for _, s in kept:
            self.place_of(s)
            self.begin(s)

        def body(writer: ScalarWriter, places: list[_Place], positions: list[str]) -> None:
            self.turn(writer, places[0], axis, stores, all_sums, positions)

        self.along(axis, stores, all_sums, [here], body)
        self.enter(here)
        for number, s in kept:
            self.store(self.scalars, number, self.total(s), s.op)

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
        op, dtype = store.accumulate or "", self.kernel.operands[store.operand].dtype

        def deeper(axes: Sequence[int], places: list[_Place]) -> None:
            if len(axes) > 1:
                with self.loop(f"%n{axes[0]}", axis=axes[0]) as i:
                    deeper(axes[1:], [self.stepped(place, axes[0], i) for place in places])
                return

            def body(writer: ScalarWriter, places: list[_Place], positions: list[str]) -> None:
                for i in positions:
                    values = []
                    for place in places:
                        self.move(writer, place, axes[0], i)
                        values.append(writer.value(store.value))
                    while len(values) > 1:
                        values = [
                            self.combined(writer, op, dtype, *values[j : j + 2]) for j in range(0, len(values), 2)
                        ]
                    self.store(writer, store.operand, values[0], op)

            self.along(axes[0], [store], [], places, body)

        here = self.here()
        whole = self.new(f"and i64 %n{p.axes[row]}, -{_ROWS}")
        for first, last, count in (("0", whole, _ROWS), (whole, f"%n{p.axes[row]}", 1)):
            with self.loop(last, first, count) as i:
                numbers = [self.new(f"add nuw nsw i64 {i}, {turn}") for turn in range(count)]
                deeper(p.axes[row + 1 :], [self.stepped(here, p.axes[row], n) for n in numbers])
        self.enter(here)

    # The innermost loop --------------------------------------------------------------------------------------------

    def along(self, axis: int, stores: list[Store], sums: list[_Sum], places: list[_Place], body: _Body) -> None:
        """The loop over ``axis``: in vectors where memory is contiguous along it, and one by one where it is not."""
        roots = [*(s.value for s in sums), *(s.value for s in stores)]
        nodes = _nodes(roots)
        varying: dict[int, Scalar] = {}
        operands = {s.operand for s in stores}
        for x in nodes:
            if x.op == "load":
                varies = axis in self.kernel.operands[x.attr].axes
                operands |= {x.attr} if varies else set()
            else:
                varies = x.attr == axis if x.op == "axis" else any(id(arg) in varying for arg in x.args)
            if varies:
                varying[id(x)] = x
        read = {id(arg) for x in varying.values() for arg in x.args} | {id(x) for x in roots}
        steady = [x for x in nodes if id(x) in read and id(x) not in varying and x.op != "const"]
        for place in places:
            self.enter(place)
            for x in steady:
                self.scalars.value(x)
            place.known = dict(self.scalars.known)
        dtypes = [self.kernel.operands[n].dtype for n in operands] + [s.dtype for s in sums]
        fills = all(axis in self.kernel.operands[s.operand].axes for s in stores)
        wanted = self.vectors and (varying or sums or fills)
        found = lanes.plan([*varying.values(), *steady], dtypes, bool(sums)) if wanted else None
        if found is None:
            with self.loop(f"%n{axis}", axis=axis) as i:
                body(self.scalars, places, [i])
            return
        turns = found.turns if len(places) == 1 else 1
        ahead = None
        if turns == 1 and len(places) == 1 and all(s.accumulate is None for s in stores):
            ahead = [x for x in varying.values() if x.op == "load"]
        begin, wide, single, done = self.label("%begin"), self.label("wide"), self.label("single"), self.label("done")
        self.entry.append(f"  {begin} = alloca i64")
        self.emit(f"store i64 0, ptr {begin}")
        known = self.in_order and axis == self.kernel.naxes - 1
        if not known:
            self.emit(f"br i1 {self.contiguous(axis, operands)}, label %{wide}, label %{single}")
            self.start(wide)
        end = self.in_vectors(axis, steady, sums, places, body, Plan(found.width, turns), ahead)
        if known and end == f"%n{axis}":
            return
        self.emit(f"store i64 {end}, ptr {begin}")
        self.emit(f"br label %{done if end == f'%n{axis}' else single}")
        self.start(single)
        with self.loop(f"%n{axis}", self.new(f"load i64, ptr {begin}"), axis=axis) as i:
            body(self.scalars, places, [i])
        self.emit(f"br label %{done}")
        self.start(done)

    def contiguous(self, axis: int, operands: Iterable[int]) -> str:
        """Whether operands are contiguous along an axis; found out once."""
        wanted = sorted(
            (self.stride_slots[n, axis], abi.itemsize(self.kernel.operands[n].dtype))
            for n in operands
            if (n, axis) in self.stride_slots
        )
        if not wanted:
            return "true"
        name = f"%fast{len(self.flags)}"
        lines, last = [], "true"
        for slot, size in wanted:
            lines.append(f"  {name}.{slot} = icmp eq i64 %s{slot}, {size}")
            lines.append(f"  {name}.to{slot} = and i1 {last}, {name}.{slot}")
            last = f"{name}.to{slot}"
        return self.flags.setdefault(tuple(wanted), (last, lines))[0]

    def in_vectors(
        self,
        axis: int,
        steady: list[Scalar],
        sums: list[_Sum],
        places: list[_Place],
        body: _Body,
        plan: Plan,
        ahead: list[Scalar] | None,
    ) -> str:
        """The loop in vectors; return up to which position it goes.

        Where the CPU has masks, the last turn is one with some lanes at rest. Where ``ahead`` lists what is read, whole turns
        and this one are the same code, which but reads and writes in two ways.
        """
        width, turns = plan.width, plan.turns
        writer = LaneWriter(self.lines, lambda x: self.wide_leaf(writer, axis, x), width, self.label("w") + ".")
        writer.math, writer.called, writer.apart = self.scalars.math, self.scalars.called, self.calls
        for place in places:
            known = {id(x): place.known[id(x)] for x in steady}
            kinds = {id(x): x.dtype for x in steady}
            place.wide = {n: writer.splat(v, kinds[n]) if v.startswith("%") else v for n, v in known.items()}
        bit = f"<{width} x i1>"
        for s in sums:
            for turn in range(turns):
                own = replace(s, name=self.label("%sums"))
                self.wide_sums[s.name, turn] = own.name
                self.place_of(own, writer.kind(s.dtype), bit)
                neutral_ = writer.operand(literal(neutral(s.op, s.dtype), s.dtype), s.dtype)
                self.emit(f"store {writer.kind(s.dtype)} {neutral_}, ptr {own.name}")
                if s.marks:
                    self.emit(f"store {bit} zeroinitializer, ptr {own.name}.nan")
        n = f"%n{axis}"
        end = "0"
        if ahead is None or not lanes.masks():
            end = self.new(f"and i64 {n}, -{width * turns}")
            with self.loop(end, "0", width * turns) as i:
                body(writer, places, [i, *(self.new(f"add i64 {i}, {width * turn}") for turn in range(1, turns))])
        if lanes.masks():
            with self.loop(n, end, width) as i:
                left = self.new(f"sub i64 {n}, {i}")
                if ahead is None:
                    self.mask = writer.first(left)
                else:
                    self.read_ahead(writer, axis, places[0], ahead, i, left)
                body(writer, places, [i])
                self.mask, self.whole, self.loaded = None, None, {}
            end = n
        elif turns > 1:
            start, end = end, self.new(f"and i64 {n}, -{width}")
            with self.loop(end, start, width) as i:
                body(writer, places, [i])
        for s in sums:
            self.gather(writer, s, turns)
        return end

    def read_ahead(self, writer: LaneWriter, axis: int, place: _Place, loads: list[Scalar], i: str, left: str) -> None:
        """Read what a turn needs: with a mask only in the last one, since such loads take longer."""
        self.whole = self.new(f"icmp sge i64 {left}, {writer.width}")
        self.move(writer, place, axis, i)
        with writer.either(self.whole) as block:
            plain = [self.load(writer, x.attr) for x in loads]
            writer.otherwise()
            self.mask = writer.first(left)
            masked = [self.load(writer, x.attr) for x in loads]
        sources = f"%{block}.yes ], [ {{}}, %{block}.no ]"
        bit = f"<{writer.width} x i1>"
        ones = writer.operand("true", "bool")
        self.mask = writer.plain(f"phi {bit} [ {ones}, {sources.format(self.mask)}")
        for x, a, b in zip(loads, plain, masked):
            self.loaded[id(x)] = writer.plain(f"phi {writer.kind(x.dtype)} [ {a}, {sources.format(b)}")

    def gather(self, writer: LaneWriter, s: _Sum, turns: int) -> None:
        """Combine the lanes of a sum with its accumulator."""
        kind, names = writer.kind(s.dtype), [self.wide_sums[s.name, turn] for turn in range(turns)]
        parts = [writer.plain(f"load {kind}, ptr {name}") for name in names]
        while len(parts) > 1:
            parts = [self.combined(writer, s.op, s.dtype, *parts[j : j + 2]) for j in range(0, len(parts), 2)]
        self.reduce(self.scalars, s, writer.across(s.op, s.dtype, parts[0]), 0)
        if s.marks:
            seen = self.new(f"load i1, ptr {s.name}.nan")
            for name in names:
                found = writer.across("or", "bool", writer.plain(f"load <{writer.width} x i1>, ptr {name}.nan"))
                seen = self.new(f"or i1 {seen}, {found}")
            self.emit(f"store i1 {seen}, ptr {s.name}.nan")

    def move(self, writer: ScalarWriter, place: _Place, axis: int, i: str) -> None:
        """Stand at position ``i`` of the innermost loop."""
        if not isinstance(writer, LaneWriter):
            self.enter(self.stepped(place, axis, i) if axis >= 0 else place)
            self.scalars.known = dict(place.known)
            return
        self.base, self.index = dict(place.base), {**place.index, axis: i}
        writer.known = {**place.wide, **self.loaded}
        for number, operand in enumerate(self.kernel.operands):
            if axis in operand.axes:
                memory = abi.LLVM_TYPE[operand.dtype]
                self.base[number] = self.new(f"getelementptr {memory}, ptr {self.base[number]}, i64 {i}")

    def turn(
        self,
        writer: ScalarWriter,
        place: _Place,
        axis: int,
        stores: Sequence[Store],
        sums: list[_Sum],
        positions: list[str],
    ) -> None:
        """One turn of the innermost loop, at several positions: all is read before anything is written."""
        found = []
        for i in positions:
            self.move(writer, place, axis, i)
            values = [writer.value(s.value) for s in sums], [writer.value(s.value) for s in stores]
            found.append((self.base, *values))
        for turn, (base, summed, stored) in enumerate(found):
            self.base = base
            for store, value in zip(stores, stored):
                self.store(writer, store.operand, value, store.accumulate)
            for s, value in zip(sums, summed):
                self.reduce(writer, s, value, turn)

    # Single values and vectors -------------------------------------------------------------------------------------

    def leaf(self, node: Scalar) -> str:
        """The value of a node without arguments, at the current position."""
        if node.op == "load":
            return self.load(self.scalars, node.attr)
        if node.op == "axis":
            return self.index[node.attr]
        if node.op == "extent":
            return f"%n{node.attr}"
        if node.op == "result":
            return self.new(f"load {ssa_type(node.dtype)}, ptr %acc{node.attr}")
        raise ValueError(f"no such leaf in a kernel: {node.op}")

    def wide_leaf(self, writer: LaneWriter, axis: int, node: Scalar) -> str:
        """The values of a node without arguments that varies along the axis."""
        if node.op == "load":
            return self.load(writer, node.attr)
        return writer.plain(f"add <{writer.width} x i64> {writer.splat(self.index[axis], 'int64')}, {writer.steps()}")

    def load(self, writer: ScalarWriter, number: int) -> str:
        dtype = self.kernel.operands[number].dtype
        memory = abi.LLVM_TYPE[dtype]
        if isinstance(writer, LaneWriter):
            value = writer.load(memory, self.base[number], abi.itemsize(dtype), self.mask)
        else:
            value = self.new(f"load {memory}, ptr {self.base[number]}")
        return writer.new(f"icmp ne i8 {value}, 0") if dtype == "bool" else value

    def store(self, writer: ScalarWriter, number: int, value: str, accumulate: str | None) -> None:
        dtype = self.kernel.operands[number].dtype
        if accumulate is not None:
            value = self.combined(writer, accumulate, dtype, self.load(writer, number), value)
        memory = abi.LLVM_TYPE[dtype]
        if dtype == "bool":
            value = writer.new(f"zext i1 {value} to i8")
        if isinstance(writer, LaneWriter):
            writer.store(memory, value, self.base[number], abi.itemsize(dtype), self.mask, self.whole)
        else:
            self.emit(f"store {memory} {value}, ptr {self.base[number]}")

    def combined(self, writer: ScalarWriter, op: str, dtype: str, x: str, y: str) -> str:
        kind = ssa_type(dtype)
        if dtype.startswith("float"):
            if op in ("add", "mul"):
                return writer.new(f"f{op} {kind} {x}, {y}")
            better = writer.new(f"fcmp {'ogt' if op == 'max' else 'olt'} {kind} {y}, {x}")
            nan = writer.new(f"fcmp uno {kind} {y}, {y}")
            return writer.new(f"select i1 {writer.new(f'or i1 {better}, {nan}')}, {kind} {y}, {kind} {x}")
        name = {"add": "or", "mul": "and", "max": "or", "min": "and"}.get(op, op) if dtype == "bool" else op
        if name in ("max", "min"):
            return writer._intrinsic(("u" if dtype.startswith("u") else "s") + name, [x, y], dtype)
        return writer.new(f"{name} {kind} {x}, {y}")

    def begin(self, s: _Sum) -> None:
        self.emit(f"store {ssa_type(s.dtype)} {literal(neutral(s.op, s.dtype), s.dtype)}, ptr {s.name}")
        if s.marks:
            self.emit(f"store i1 false, ptr {s.name}.nan")

    def reduce(self, writer: ScalarWriter, s: _Sum, value: str, turn: int) -> None:
        kind, name, bit = ssa_type(s.dtype), s.name, "i1"
        if isinstance(writer, LaneWriter):
            kind, name, bit = writer.kind(s.dtype), self.wide_sums[s.name, turn], f"<{writer.width} x i1>"
            if self.mask is not None:
                rest = writer.operand(literal(neutral(s.op, s.dtype), s.dtype), s.dtype)
                every = writer.operand(value, s.dtype)
                value = writer.plain(f"select {bit} {self.mask}, {kind} {every}, {kind} {rest}")
            new = writer.plain
        else:
            new = self.new
        old = new(f"load {kind}, ptr {name}")
        if not s.marks:
            self.emit(f"store {kind} {self.combined(writer, s.op, s.dtype, old, value)}, ptr {name}")
            return
        if isinstance(writer, LaneWriter):
            value = writer.operand(value, s.dtype)
        nan = new(f"fcmp uno {kind} {value}, {value}")
        seen = new(f"load {bit}, ptr {name}.nan")
        self.emit(f"store {bit} {new(f'or {bit} {seen}, {nan}')}, ptr {name}.nan")
        number = new(f"select {bit} {nan}, {kind} {old}, {kind} {value}")
        better = new(f"fcmp nnan nsz {'ogt' if s.op == 'max' else 'olt'} {kind} {old}, {number}")
        found = new(f"select nnan nsz {bit} {better}, {kind} {old}, {kind} {number}")
        self.emit(f"store {kind} {found}, ptr {name}")

    def total(self, s: _Sum) -> str:
        """A finished sum."""
        kind = ssa_type(s.dtype)
        found = self.new(f"load {kind}, ptr {s.name}")
        if not s.marks:
            return found
        seen = self.new(f"load i1, ptr {s.name}.nan")
        return self.new(f"select i1 {seen}, {kind} {literal(float('nan'), s.dtype)}, {kind} {found}")


def kernels_text(kernels: Iterable[tuple[Kernel, str]], in_order: Container[Kernel] = ()) -> tuple[str, set[str]]:
    """Return the definitions of kernels under their names, and the declarations that they need.

    All operands of kernels that are ``in_order`` are known to be contiguous along the last axis.
    """
    kernels = list(kernels)
    if not kernels:
        return "", set()
    declared: set[str] = set()
    called: set[tuple[str, str, int]] = set()
    count = sum(
        x.op == "math" and lanes.is_inline(x)
        for kernel, _ in kernels
        for p in kernel.passes
        for x in _nodes([*(r.value for r in p.reductions), *(s.value for s in p.stores)])
    )
    parts = []
    for kernel, name in kernels:
        if folds.is_fold(kernel):
            parts.append(folds.fold_text(kernel, name, declared, kernel in in_order))
            if kernel not in in_order:
                parts.append(_Writer(kernel, f"{name}.any", declared, called, count > _MANY, vectors=False).text())
        else:
            packs = kernel not in in_order and packed.may_pack(kernel)
            own = f"{name}.body" if packs else name
            parts.append(_Writer(kernel, own, declared, called, count > _MANY, in_order=kernel in in_order).text())
            if packs:
                parts.append(packed.pack_text(kernel, name))
                declared.add("declare i64 @theon_packed(ptr, ptr, ptr, ptr, ptr)")
    for name, dtype, width in sorted(called):
        if width == 1:
            declared |= set(mathlib.declarations())
            parts.append(mathlib.definition(name, dtype)[1])
        else:
            text, needed = lanes.definition(name, dtype, width)
            declared |= needed
            parts.append(text)
    parts.append(f"attributes #0 = {{ noinline nounwind{native.attributes()} }}")
    return "\n".join(parts), declared


_folds: weakref.WeakValueDictionary[str, CompiledModule] = weakref.WeakValueDictionary()


def fold_module(kernel: Kernel, in_order: bool = False) -> CompiledModule:
    """Return the code of a reduction, as "theon_fold": one that several functions need is compiled once."""
    description = f"{'in order' if in_order else 'any order'}\n{kernel_text(kernel)}"

    def text() -> str:
        code, declared = kernels_text([(kernel, "theon_fold")], {kernel} if in_order else ())
        code = code.replace("define internal i64 @theon_fold(", "define i64 @theon_fold(")
        return "\n".join([code, *sorted(declared), native.PLAIN])

    with target.LOCK:
        found = _folds.get(description)
        if found is None:
            found = _folds[description] = jit.compile_described(description, text, ("theon_fold",), "fold")
    return found
