"""Reductions with their vectors written out, several rows or columns at a time.

A kernel that reduces plain values over some axes, and stores something plain of each result, is one of two: the last axis
is reduced (rows: the lanes of a vector are partial results of one row, four rows run side by side), or it stays (columns:
each lane is the result of one column). What a row or a column gives does not depend on what runs beside it, so that any
division of the work gives the same bits. Memory that is not contiguous along the last axis is left to the general kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

from theon.codegen import abi, target
from theon.codegen.lanes import LaneWriter
from theon.codegen.native import Function, Value, Variable, attributes
from theon.codegen.program_scalar import ScalarWriter, literal, ssa_type
from theon.kernel.loops import Kernel, Reduction, neutral
from theon.kernel.scalar import Scalar, is_plain

__all__ = ["fold_text", "is_fold"]

_BLOCK = 1024  # elements of a row added up before they are added to the rest, where the accumulator is no wider than they are
_ROWS = 4  # rows side by side, where they have fewer elements than
_LONG = 256  # this many
_COLUMNS = 8192  # columns whose partial results are kept at hand
_NARROW = 256  # columns that fit into so few lines of the cache that all rows are taken in one go
_GROUP = 8  # rows at a time where there are more columns
_TILE = 4  # vectors of columns whose results stay in registers
_AHEAD = 16384  # bytes from which what is needed later is asked for, where one stream of memory is read
_AHEAD_FOUR = 4096  # the same where four are
_AHEAD_EIGHT = 2048  # or eight

Bases = dict[int, Value]
Axes = Sequence[int]


def is_fold(kernel: Kernel) -> bool:
    """Whether a kernel is a reduction that this module writes."""
    if len(kernel.passes) != 2 or not kernel.naxes:
        return False
    sweep, last = kernel.passes
    if not sweep.axes or sweep.stores or sweep.fixed or not sweep.reductions or len(sweep.reductions) > 2:
        return False
    if last.axes or last.reductions or last.fixed or any(s.accumulate is not None for s in last.stores):
        return False
    inner = kernel.naxes - 1
    if inner not in (sweep.axes[-1], *kernel.outer[-1:]):
        return False
    if any(o.kind not in ("read", "write") or o.dtype == "float16" for o in kernel.operands):
        return False
    return all(is_plain(r.value) for r in sweep.reductions) and all(is_plain(s.value) for s in last.stores)


def _lanes() -> int:
    return 16 if target.wide_vectors() else 8


class _Vectors(LaneWriter):
    """Expressions whose values are vectors, among the instructions of a function."""

    def __init__(self, f: Function, width: int, leaf: Callable[[Scalar], str], declared: set[str]) -> None:
        super().__init__(f.lines, leaf, width, "")
        self.function, self.math = f, declared

    def plain(self, text: str) -> str:
        return self.function.new("", text).text

    def values(self, roots: Iterable[Scalar]) -> list[str]:
        """Vectors of several values, in registers: literals would be widened once more where they are used."""
        return [self._register(self.value(x), x.dtype) for x in roots]

    def _register(self, value: str, dtype: str) -> str:
        if value.startswith("%"):
            return value
        lanes = f"{self.kind(dtype)} {self.operand(value, dtype)}"
        return self.plain(f"select i1 true, {lanes}, {lanes}")


class _Numbers(ScalarWriter):
    """The same of single numbers."""

    def __init__(self, f: Function, leaf: Callable[[Scalar], str], declared: set[str]) -> None:
        super().__init__(f.lines, leaf)
        self.function, self.math = f, declared

    def new(self, text: str) -> str:
        return self.function.new("", text).text


class _Fold:
    def __init__(self, kernel: Kernel, name: str, declared: set[str], in_order: bool) -> None:
        self.kernel, self.declared, self.in_order = kernel, declared, in_order
        self.sweep, self.last = kernel.passes
        self.inner = kernel.naxes - 1
        self.lanes = _lanes()
        self.reads = _loads([r.value for r in self.sweep.reductions])
        self.others = _loads([s.value for s in self.last.stores]) | {s.operand for s in self.last.stores}
        f = self.f = Function(name, [("data", "ptr"), ("extents", "ptr"), ("strides", "ptr")], "i64")
        self.n = [f.load("i64", f["extents"], 8 * axis) for axis in range(kernel.naxes)]
        self.bases: Bases = {i: f.load("ptr", f["data"], 8 * i) for i in range(len(kernel.operands))}
        self.strides: dict[tuple[int, int], Value] = {}
        for number, operand in enumerate(kernel.operands):
            for axis in operand.axes:
                self.strides[number, axis] = f.load("i64", f["strides"], 8 * len(self.strides))

    def text(self) -> str:
        f, inner = self.f, self.inner
        if not self.in_order:
            with f.unless(self.contiguous(self.reads)):
                f.emit(f"%done = call i64 @{f.name}.any(ptr %data, ptr %extents, ptr %strides)")
                f.emit("ret i64 %done")
                f.label("never")
        body = self.all_rows if inner in self.sweep.axes else self.all_columns
        self.nest(self.kernel.outer[:-1], self.bases, body)
        f.emit("ret i64 0")
        return f.text(f" noinline{attributes()}")

    def contiguous(self, numbers: Iterable[int]) -> Value:
        """Whether operands are contiguous along the last axis, those that vary along it."""
        good = Value(self.f, "i1", "true")
        for number in numbers:
            operand = self.kernel.operands[number]
            if self.inner in operand.axes:
                good = good & self.strides[number, self.inner].same(abi.itemsize(operand.dtype))
        return good

    # --- places ---

    def nest(self, axes: Axes, bases: Bases, body: Callable[[Bases], None]) -> None:
        """Loops over ``axes`` around ``body``, which gets where the operands are."""
        if not axes:
            body(bases)
            return
        with self.f.loop(self.n[axes[0]]) as i:
            self.nest(axes[1:], self.moved(bases, axes[0], i), body)

    def moved(self, bases: Bases, axis: int, place: Value, only: Container[int] | None = None) -> Bases:
        """Where the operands, or some of them, are at a place along an axis."""
        f, found = self.f, dict(bases)
        for number, operand in enumerate(self.kernel.operands):
            if axis in operand.axes and (only is None or number in only):
                if axis == self.inner:
                    memory = abi.LLVM_TYPE[operand.dtype]
                    found[number] = f.new("ptr", f"getelementptr {memory}, ptr {bases[number].text}, i64 {place.text}")
                else:
                    found[number] = f.at(bases[number], place * self.strides[number, axis])
        return found

    def first_lanes(self, count: Value) -> str:
        """Which lanes are below ``count``."""
        return self.writer().first(count.text)

    # --- memory ---

    def element(self, number: int, base: Value, mask: str | None, ahead: Value | None = None) -> str:
        """The elements of an operand from ``base`` on, or one that is the same for all lanes; those ``ahead`` are needed soon."""
        f, operand, writer = self.f, self.kernel.operands[number], self.writer()
        memory, size = abi.LLVM_TYPE[operand.dtype], abi.itemsize(operand.dtype)
        if self.inner in operand.axes:
            found = writer.load(memory, base.text, size, mask)
        else:
            found = writer.splat(f.new(memory, f"load {memory}, ptr {base.text}").text, _stored(operand.dtype))
        if ahead is not None and self.inner in operand.axes and size >= 4:
            self.declared.add("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
            for line in range(0, self.lanes * size, 64):
                f.emit(f"call void @llvm.prefetch.p0(ptr {f.at(ahead, line).text}, i32 0, i32 3, i32 1)")
        return writer.new(f"icmp ne i8 {found}, 0") if operand.dtype == "bool" else found

    def values(self, bases: Bases, mask: str | None, ahead: Bases | None = None) -> list[str]:
        """What is reduced, for the lanes from a place on."""
        writer = self.writer(lambda x: self.element(x.attr, bases[x.attr], mask, ahead[x.attr] if ahead else None))
        return writer.values(r.value for r in self.sweep.reductions)

    def writer(self, leaf: Callable[[Scalar], str] = str, lanes: int | None = None) -> _Vectors:
        return _Vectors(self.f, lanes or self.lanes, leaf, self.declared)

    def combined(self, r: Reduction, x: str, y: str, lanes: int | None = None) -> str:
        """Two vectors of partial results as one; NaN in either stays.

        Of floats the larger is chosen with masks, in more instructions than :meth:`largest` needs: what is read from memory
        comes as fast, and a loop that runs ahead of what was asked for waits longer.
        """
        writer = self.writer(lanes=lanes)
        if not _has_nan(r):
            make = writer._float if r.dtype.startswith("float") else writer._integer
            return make(r.op, [x, y], r.dtype)
        kind = ssa_type(r.dtype)
        better = writer.new(f"fcmp {'ogt' if r.op == 'max' else 'olt'} {kind} {y}, {x}")
        nan = writer.new(f"fcmp uno {kind} {y}, {y}")
        return writer.new(f"select i1 {writer.new(f'or i1 {better}, {nan}')}, {kind} {y}, {kind} {x}")

    def largest(self, r: Reduction, x: str, others: Sequence[str], lanes: int | None = None) -> str:
        """The largest, or smallest, of ``x`` and others, NaN where one of them is NaN.

        What comparing alone gives is the second of two where they have no order, as CPUs do in one instruction: so NaN in
        ``x`` stays. Others are tested, two at a time.
        """
        kind, writer = ssa_type(r.dtype), self.writer(lanes=lanes)

        def compared(a: str, b: str) -> str:
            better = writer.new(f"fcmp {'ogt' if r.op == 'max' else 'olt'} {kind} {a}, {b}")
            return writer.new(f"select i1 {better}, {kind} {a}, {kind} {b}")

        found = list(others)
        tests = [writer.new(f"fcmp ord {kind} {a}, {b}") for a, b in zip(found[::2], found[1::2] or found)]
        while len(found) > 1:
            found = [compared(a, b) for a, b in zip(found[::2], found[1::2])]
        while len(tests) > 1:
            tests = [writer.new(f"and i1 {a}, {b}") for a, b in zip(tests[::2], tests[1::2])]
        nan = literal(float("nan"), r.dtype)
        return writer.new(f"select i1 {tests[0]}, {kind} {compared(found[0], x)}, {kind} {nan}")

    def soon(self, r: Reduction, x: str, y: str, lanes: int | None = None) -> str:
        """What :meth:`combined` gives, where the next instruction waits for it."""
        return self.largest(r, x, [y], lanes) if _has_nan(r) else self.combined(r, x, y, lanes)

    def together(self, r: Reduction, parts: list[str]) -> str:
        """Several vectors of partial results as one: neighbours first."""
        while len(parts) > 1:
            parts = [self.combined(r, a, b) for a, b in zip(parts[::2], parts[1::2])]
        return parts[0]

    def nothing(self, r: Reduction) -> str:
        """A vector of partial results of nothing."""
        return self.writer().operand(literal(neutral(r.op, r.dtype), r.dtype), r.dtype)

    def vector(self, r: Reduction, text: str) -> Value:
        return Value(self.f, f"<{self.lanes} x {ssa_type(r.dtype)}>", text)

    def fresh(self) -> list[Variable]:
        """A vector for each reduction, of nothing yet."""
        return [self.f.variable(f"<{self.lanes} x {ssa_type(r.dtype)}>", self.vector(r, self.nothing(r)))
                for r in self.sweep.reductions]  # fmt: skip

    def add(self, into: list[Variable], *values: Sequence[str], size: int = 0) -> None:
        """Combine vectors, of which each of ``values`` has one for each reduction, with what is there.

        ``size``: of the floats whose largest :meth:`largest` gives.
        """
        for r, total, found in zip(self.sweep.reductions, into, zip(*values)):
            if _has_nan(r) and abi.itemsize(r.dtype) == size:
                total.set(self.vector(r, self.largest(r, total.get().text, found)))
            else:
                total.set(self.vector(r, self.combined(r, total.get().text, self.together(r, list(found)))))

    # --- rows ---

    def all_rows(self, bases: Bases) -> None:
        """The rows along the innermost outer axis: one at a time where they are long, else some side by side.

        Which way it is depends on the length alone, so that all rows have the same tree.
        """
        f, outer = self.f, self.kernel.outer[-1:]
        n = self.n[self.inner]
        long = n >= _LONG
        with f.when(long):
            count = self.side_by_side()
            rest = n & (self.lanes * count - 1)
            # The lanes that work in the last turn are the same for all rows.
            self.last_lanes = [self.first_lanes(f.larger(rest - s * self.lanes, 0)) for s in range(count)]
            self.nest(outer, bases, self.long_row)
        with f.unless(long):
            self.last_lanes = [self.first_lanes(n & (self.lanes - 1))]
            if outer:
                self.short_rows(bases, outer[0])
            else:
                self.rows([bases] * self.side_by_side(), Value(f, "i1", "false"))

    def side_by_side(self) -> int:
        """How many vectors a turn of a loop reads."""
        return _ROWS // len(self.sweep.reductions)

    def long_row(self, bases: Bases) -> None:
        """One row: a turn reads vectors that follow each other, and no sum waits for the one before."""
        f, count, reductions = self.f, self.side_by_side(), self.sweep.reductions
        parts = [self.fresh() for _ in range(count)]

        def piece(places: Bases) -> None:
            vectors = [self.moved(places, self.inner, Value(f, "i64", str(s * self.lanes))) for s in range(count)]
            self.row(vectors, parts, True)

        self.nest(self.sweep.axes[:-1], bases, piece)
        results = []
        for place, r in enumerate(reductions):
            found = [part[place].get().text for part in parts]
            while len(found) > 1:
                found = [self.soon(r, a, b) for a, b in zip(found[::2], found[1::2])]
            results += self.folded(r, found)
        self.finish_row(bases, results)

    def short_rows(self, bases: Bases, axis: int) -> None:
        """Rows far from each other, so that several streams of memory are read; near, where each is in pieces anyway."""
        f, count, near, n = self.f, self.side_by_side(), len(self.sweep.axes) > 1, self.n[axis]
        groups = n // count
        # First the groups, then the rows that are left, each of them in all places of a group.
        with f.loop(2) as turn:
            alone = turn > 0
            apart = f.select(alone, 0, 1 if near else groups)
            step = f.select(alone, 1, count if near else 1)
            with f.loop(f.select(alone, n, groups * step), f.select(alone, groups * count, 0), step) as i:
                self.rows([self.moved(bases, axis, i + apart * s) for s in range(count)], turn < 1)

    def rows(self, starts: list[Bases], several: Value) -> None:
        """The results of ``several`` short rows, or of one that stands in all places."""
        totals = [self.fresh() for _ in starts]

        def within(axes: Axes, places: list[Bases]) -> None:
            if len(axes) == 1:
                self.row(places, totals, False)
                return
            with self.f.loop(self.n[axes[0]]) as i:
                within(axes[1:], [self.moved(b, axes[0], i, self.reads) for b in places])

        within(self.sweep.axes, starts)
        results = [
            self.folded(r, [total[place].get().text for total in totals])
            for place, r in enumerate(self.sweep.reductions)
        ]
        self.finish_row(starts[0], [found[0] for found in results])
        with self.f.when(several):
            for s, bases in list(enumerate(starts))[1:]:
                self.finish_row(bases, [found[s] for found in results])

    def row(self, places: list[Bases], totals: list[list[Variable]], long: bool) -> None:
        """One contiguous piece of each row; of one ``long`` row, whose vectors are taken in turns."""
        f, n, lanes, reductions = self.f, self.n[self.inner], self.lanes, self.sweep.reductions
        count = len(places) if long else 1
        whole, side_by_side = n & -(lanes * count), not long and len(self.sweep.axes) == 1

        def sweep(stop: Value, start: Value | int, into: list[list[Variable]]) -> None:
            with f.loop(stop, start, lanes * count) as i:
                for bases, parts in zip(places, into):
                    here = self.moved(bases, self.inner, i, self.reads)
                    later = {number: f.at(here[number], _AHEAD if long else _AHEAD_FOUR) for number in self.reads}
                    self.add(parts, self.values(here, None, later), size=4 if side_by_side else 0)

        def block(start: Value | int, stop: Value) -> None:
            own = [self.fresh() for _ in places]
            sweep(stop, start, own)
            for total, part in zip(totals, own):
                self.add(total, [x.get().text for x in part])

        if any(_needs_blocks(r, self.kernel) for r in reductions):
            if long:
                with f.loop(whole, 0, _BLOCK * count) as start:
                    block(start, f.smaller(start + _BLOCK * count, whole))
            else:
                block(0, whole)
        else:
            sweep(whole, 0, totals)
        rest = n - whole
        with f.when(rest > 0):
            for s, (bases, total) in enumerate(zip(places, totals)):
                mask = self.last_lanes[s if long else 0]
                found = self.values(self.moved(bases, self.inner, whole, self.reads), mask)
                for place, r in enumerate(reductions):
                    kind = self.writer().kind(r.dtype)
                    kept = f"select <{lanes} x i1> {mask}, {kind} {found[place]}, {kind} {self.nothing(r)}"
                    found[place] = f.new(kind, kept).text
                self.add(total, found)

    def folded(self, r: Reduction, rows: list[str]) -> list[str]:
        """The result of each row: the halves of its lanes are combined until one is left, those of several rows together."""
        f, one = self.f, ssa_type(r.dtype)
        found, width, each = rows, self.lanes, self.lanes
        while each > 1:
            kind, half = f"<{width} x {one}>", each // 2
            alone = len(found) == 1
            pairs = [(found[0], "poison")] if alone else list(zip(found[::2], found[1::2]))
            total = width if alone else 2 * width
            low = [i for start in range(0, total, each) for i in range(start, start + half)]
            width, each = total // 2, half
            found = []
            for a, b in pairs:
                halves = []
                for first in (0, half):
                    mask = ", ".join(f"i32 {i + first}" for i in low)
                    halves.append(f.new("", f"shufflevector {kind} {a}, {kind} {b}, <{width} x i32> <{mask}>").text)
                found.append(self.soon(r, halves[0], halves[1], width))
        (last,) = found
        return [f.new(one, f"extractelement <{width} x {one}> {last}, i32 {s}").text for s in range(len(rows))]

    def finish_row(self, bases: Bases, results: list[str]) -> None:
        """Store what is made of the results of one row."""
        f = self.f
        numbers = {r.result: found for r, found in zip(self.sweep.reductions, results)}

        def leaf(x: Scalar) -> str:
            if x.op == "result":
                return numbers[x.attr]
            found = f.new("", f"load {abi.LLVM_TYPE[x.dtype]}, ptr {bases[x.attr].text}").text
            return f.new("", f"icmp ne i8 {found}, 0").text if x.dtype == "bool" else found

        writer = _Numbers(f, leaf, self.declared)
        for s, value in [(s, writer.value(s.value)) for s in self.last.stores]:
            dtype = self.kernel.operands[s.operand].dtype
            if dtype == "bool":
                value = f.new("i8", f"zext i1 {value} to i8").text
            f.emit(f"store {abi.LLVM_TYPE[dtype]} {value}, ptr {bases[s.operand].text}")

    # --- columns ---

    def all_columns(self, bases: Bases) -> None:
        """All columns, some thousand of them at a time; partial results wait in memory while other rows' turn it is."""
        f, lanes = self.f, self.lanes
        n, axes = self.n[self.inner], self.sweep.axes
        rooms = [f.room(_COLUMNS * abi.itemsize(r.dtype)) for r in self.sweep.reductions]
        rows = self.n[axes[-1]]
        group = f.select(n <= _NARROW, f.larger(rows, 1), _GROUP)
        size = max((abi.itemsize(self.kernel.operands[number].dtype) for number in self.reads), default=1)
        self.distance = f.select(n <= _NARROW, _AHEAD if size < 8 else _AHEAD // 2, _AHEAD_EIGHT)
        dense = Value(f, "i1", "true") if self.in_order else self.contiguous(self.others)
        with f.loop(n, 0, _COLUMNS) as first:
            count = f.smaller(_COLUMNS, n - first)
            here = self.moved(bases, self.inner, first)
            with f.loop(count, 0, lanes) as j:
                for r, room in zip(self.sweep.reductions, rooms):
                    self.keep(r, literal(neutral(r.op, r.dtype), r.dtype), room, j)
            tiles = count & -(lanes * _TILE)

            def groups(bases: Bases) -> None:
                with f.loop(rows, 0, group) as start:
                    stop = f.smaller(start + group, rows)
                    with f.loop(tiles, 0, lanes * _TILE) as j:
                        self.tile(bases, rooms, j, start, stop)
                    with f.loop(count, tiles, lanes) as j:
                        self.tile(bases, rooms, j, start, stop, self.first_lanes(count - j))

            self.nest(axes[:-1], here, groups)
            with f.when(dense), f.loop(count, 0, lanes) as j:
                self.finish_columns(here, rooms, j, self.first_lanes(count - j))
            if not self.in_order:
                with f.unless(dense), f.loop(count) as j:
                    self.finish_column(bases, rooms, first + j, j)

    def keep(self, r: Reduction, value: str, room: Value, place: Value) -> None:
        """Put partial results of columns away."""
        size, writer = abi.itemsize(r.dtype), self.writer()
        if r.dtype == "bool":
            value = writer.new(f"zext i1 {value} to i8")
        writer.store(abi.LLVM_TYPE[r.dtype], value, self.f.at(room, place * size).text, size, None)

    def kept(self, r: Reduction, room: Value, place: Value) -> str:
        """Take them back."""
        size, writer = abi.itemsize(r.dtype), self.writer()
        found = writer.load(abi.LLVM_TYPE[r.dtype], self.f.at(room, place * size).text, size, None)
        return writer.new(f"icmp ne i8 {found}, 0") if r.dtype == "bool" else found

    def tile(
        self, bases: Bases, rooms: list[Value], j: Value, start: Value, stop: Value, mask: str | None = None
    ) -> None:
        """Combine rows from ``start`` to ``stop`` into some vectors of columns from ``j`` on, or into the first lanes of one."""
        f, axis, reductions = self.f, self.sweep.axes[-1], self.sweep.reductions
        places = [j + t * self.lanes for t in range(1 if mask is not None else _TILE)]
        parts = [self.fresh() for _ in places]
        for place, mine in zip(places, parts):
            for r, room, part in zip(reductions, rooms, mine):
                part.set(self.vector(r, self.kept(r, room, place)))

        def combine(rows: list[Bases]) -> None:
            later = [{number: f.at(row[number], self.distance) for number in self.reads} for row in rows]
            for t, mine in enumerate(parts):
                found, right = [], Value(f, "i64", str(t * self.lanes))
                for row, far in zip(rows, later):
                    here, there = (self.moved(bases, self.inner, right, self.reads) for bases in (row, far))
                    found.append(self.values(here, mask, None if mask is not None else there))
                self.add(mine, *found, size=8)

        at = self.moved(bases, self.inner, j, self.reads)
        several = start + ((stop - start) & -_TILE)
        with f.loop(several, start, _TILE) as i:
            combine([self.moved(at, axis, i + s, self.reads) for s in range(_TILE)])
        with f.loop(stop, several) as i:
            combine([self.moved(at, axis, i, self.reads)])
        for place, mine in zip(places, parts):
            for r, room, part in zip(reductions, rooms, mine):
                self.keep(r, part.get().text, room, place)

    def finish_column(self, bases: Bases, rooms: list[Value], place: Value, j: Value) -> None:
        """Store what is made of the result of the column at ``place``, the ``j``-th of those at hand."""
        f, there = self.f, dict(bases)
        for number in self.others:
            if self.inner in self.kernel.operands[number].axes:
                there[number] = f.at(bases[number], place * self.strides[number, self.inner])
        results = []
        for r, room in zip(self.sweep.reductions, rooms):
            found = f.load(abi.LLVM_TYPE[r.dtype], room, j * abi.itemsize(r.dtype)).text
            results.append(f.new("i1", f"icmp ne i8 {found}, 0").text if r.dtype == "bool" else found)
        self.finish_row(there, results)

    def finish_columns(self, bases: Bases, rooms: list[Value], j: Value, mask: str) -> None:
        """Store what is made of the results of the columns from ``j`` on."""
        here = self.moved(bases, self.inner, j, self.others)
        results = {r.result: self.kept(r, room, j) for r, room in zip(self.sweep.reductions, rooms)}

        def leaf(x: Scalar) -> str:
            return results[x.attr] if x.op == "result" else self.element(x.attr, here[x.attr], mask)

        writer = self.writer(leaf)
        stores = self.last.stores
        for s, value in zip(stores, writer.values(s.value for s in stores)):
            dtype = self.kernel.operands[s.operand].dtype
            if dtype == "bool":
                value = writer.new(f"zext i1 {value} to i8")
            writer.store(abi.LLVM_TYPE[dtype], value, here[s.operand].text, abi.itemsize(dtype), mask)


def _loads(values: Sequence[Scalar]) -> set[int]:
    """The operands that expressions read."""
    found, seen, stack = set(), set(), list(values)
    while stack:
        x = stack.pop()
        if id(x) not in seen:
            seen.add(id(x))
            stack.extend(x.args)
            if x.op == "load":
                found.add(x.attr)
    return found


def _stored(dtype: str) -> str:
    """The dtype of what stands in memory for one."""
    return "uint8" if dtype == "bool" else dtype


def _has_nan(r: Reduction) -> bool:
    """Whether NaN is to be looked for apart."""
    return r.op in ("max", "min") and r.dtype.startswith("float")


def _needs_blocks(r: Reduction, kernel: Kernel) -> bool:
    """Whether sums of long rows lose precision: where what is added is as wide as what it is added to."""
    return r.op in ("add", "mul") and r.dtype.startswith("float") and any(o.dtype == r.dtype for o in kernel.operands)


def fold_text(kernel: Kernel, name: str, declared: set[str], in_order: bool = False) -> str:
    """Return the function that runs a reduction; ``name.any`` is called for memory that is not contiguous.

    With ``in_order`` all memory is contiguous along the last axis.
    """
    return _Fold(kernel, name, declared, in_order).text()
