"""One channel of an image with zeros around it, as routines of single channels read it.

Its columns are sorted by their rest by the stride, so that what a vector reads lies side by side; each row holds the columns
of rest 0, then those of rest 1, and so on. The zeros are written once, since all channels lie in the same places.
"""

from __future__ import annotations

from theon.codegen.native import Function, Value
from theon.codegen.shared import Block
from theon.codegen.tile import KINDS, lanes

__all__ = ["Plane", "broadcast", "first_lanes", "masked_load", "masked_store", "masked_text"]


def broadcast(f: Function, vector: str, lane: int, x: Value) -> Value:
    """The vector of equal numbers."""
    one = f.new(vector, f"insertelement {vector} poison, {x.kind} {x.text}, i64 0")
    return f.new(vector, f"shufflevector {vector} {one.text}, {vector} poison, <{lane} x i32> zeroinitializer")


def first_lanes(f: Function, lane: int, count: Value) -> Value:
    """The mask of the first ``count`` lanes; none where it is not positive."""
    bits = (f.new("i64", f"shl i64 1, {f.smaller(f.larger(count, 0), lane).text}")) - 1
    narrow = f.new(f"i{lane}", f"trunc i64 {bits.text} to i{lane}")
    return f.new(f"<{lane} x i1>", f"bitcast i{lane} {narrow.text} to <{lane} x i1>")


def masked_text(dtype: str) -> str:
    """Return the declarations of loads and stores of some lanes."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector, name = f"<{lane} x {kind}>", f"v{lane}f{8 * item}.p0"
    return (
        f"declare {vector} @llvm.masked.load.{name}(ptr, i32, <{lane} x i1>, {vector})\n"
        f"declare void @llvm.masked.store.{name}({vector}, ptr, i32, <{lane} x i1>)"
    )


def masked_load(f: Function, dtype: str, at: Value, mask: Value) -> Value:
    """The lanes of a vector that the mask has, and zeros."""
    kind, item = KINDS[dtype]
    lane = lanes(dtype)
    vector = f"<{lane} x {kind}>"
    listed = f"ptr {at.text}, i32 {item}, {mask.kind} {mask.text}, {vector} zeroinitializer"
    return f.new(vector, f"call {vector} @llvm.masked.load.v{lane}f{8 * item}.p0({listed})")


def masked_store(f: Function, dtype: str, value: Value, at: Value, mask: Value) -> None:
    """Write the lanes that the mask has."""
    item, lane = KINDS[dtype][1], lanes(dtype)
    listed = f"{value.kind} {value.text}, ptr {at.text}, i32 {item}, {mask.kind} {mask.text}"
    f.emit(f"call void @llvm.masked.store.v{lane}f{8 * item}.p0({listed})")


class Plane:
    """The plane for a result of ``lines`` and ``columns``, which taps of ``height`` x ``width`` read; ``v`` are the numbers.

    Rows and columns of the image stand ``spread`` apart, with zeros between them. Vectors read and write up to two
    vectors past the last column that is needed.
    """

    def __init__(
        self, f: Function, dtype: str, v: dict[str, Value], lines: Value, columns: Value, height: Value, width: Value
    ) -> None:
        self.f, self.dtype, self.v, self.height, self.width = f, dtype, v, height, width
        self.kind, self.item = KINDS[dtype]
        self.lane = lanes(dtype)
        self.vector = f"<{self.lane} x {self.kind}>"
        self.wide = (columns - 1) * v["stride_x"] + (width - 1) * v["step_x"] + 1
        self.deep = (lines - 1) * v["stride_y"] + (height - 1) * v["step_y"] + 1
        whole = (columns + (self.lane - 1)) & -self.lane
        self.pitch = (whole + (width - 1) * v["step_x"] // v["stride_x"] + 2 * self.lane) * self.item
        self.row = self.pitch * v["stride_x"]  # bytes from a row to the next

    def write_offsets(self, to: Value) -> None:
        """Write the bytes from the first element to where each tap reads for the first place."""
        f, v = self.f, self.v
        with f.loop(self.height) as i, f.loop(self.width) as j:
            at = i * v["step_y"] * self.row + self.column(j * v["step_x"])
            f.store(at, to, (i * self.width + j) * 8)

    def column(self, x: Value) -> Value:
        """The bytes from the beginning of a row to one of its columns."""
        by = self.v["stride_x"]
        return x % by * self.pitch + x // by * self.item

    def clear(self, to: Value) -> None:
        """Write zeros everywhere."""
        self.f.call(f"theon_copy_{self.dtype}", to, Value(self.f, "ptr", "null"), 0, self.row * self.deep // self.item)

    def prepare(self, x: Block) -> None:
        """Find out which part of an image there is room for."""
        f, v = self.f, self.v
        self.x = x

        def inside(before: Value, apart: Value, size: Value, room: Value) -> tuple[Value, Value]:
            first = (f.larger(0 - before, 0) + apart - 1) // apart
            last = (f.larger(room - before, 0) + apart - 1) // apart
            return first, f.larger(f.smaller(size, last), first)

        self.first_row, last_row = inside(v["top"], v["spread_y"], x.sizes[2], self.deep)
        self.first, last = inside(v["left"], v["spread_x"], x.sizes[3], self.wide)
        self.count = last - self.first
        # Where no column is inside, the first one may lie beyond the row.
        self.last_row = f.select(self.count > 0, last_row, self.first_row)
        self.place = v["left"] + self.first * v["spread_x"]
        self.unit = x.strides[3].same(self.item)
        by, apart = v["stride_x"], v["spread_x"]
        self.dense = self.unit & by.same(1) & apart.same(1)
        self.sorted = self.unit & by.same(2) & apart.same(1)
        self.spaced = self.unit & by.same(1) & apart.same(2)
        self.single = f.new("i1", f"xor i1 {(self.dense | self.sorted | self.spaced).text}, true")
        self.masks = [
            first_lanes(f, self.lane, self.count % (self.lane * n) - m * self.lane) for n, m in ((1, 0), (2, 0), (2, 1))
        ]

    def fill(self, to: Value, source: Value) -> None:
        """Copy a channel of the image that was prepared for."""
        for condition, copy in (
            (self.dense, self._copy),
            (self.sorted, self._sort),
            (self.spaced, self._space),
            (self.single, self._one_by_one),
        ):
            with self.f.when(condition), self.f.loop(self.last_row, self.first_row) as y:
                own = self.f.at(to, (self.v["top"] + y * self.v["spread_y"]) * self.row)
                copy(own, self.f.at(source, y * self.x.strides[2] + self.first * self.x.strides[3]))

    def _copy(self, own: Value, image: Value) -> None:
        f, item, whole = self.f, self.item, self.count & -self.lane
        own = f.at(own, self.column(self.place))
        with f.loop(whole, 0, self.lane) as k:
            f.store(f.load(self.vector, image, k * item, item), own, k * item, item)
        f.store(masked_load(f, self.dtype, f.at(image, whole * item), self.masks[0]), own, whole * item, item)

    def _sort(self, own: Value, image: Value) -> None:
        f, item, lane, whole = self.f, self.item, self.lane, self.count & (-2 * self.lane)
        starts = self.column(self.place), self.column(self.place + 1)

        def store(k: Value, a: Value, b: Value) -> None:
            for n, start in enumerate(starts):
                f.store(self._mixed(a, b, [2 * m + n for m in range(lane)]), own, start + k * (item // 2), item)

        with f.loop(whole, 0, 2 * lane) as k:
            a, b = (f.load(self.vector, image, (k + n * lane) * item, item) for n in (0, 1))
            store(k, a, b)
        rest = [f.at(image, (whole + n * lane) * item) for n in (0, 1)]
        a, b = (masked_load(f, self.dtype, place, mask) for place, mask in zip(rest, self.masks[1:]))
        store(whole, a, b)

    def _space(self, own: Value, image: Value) -> None:
        f, item, lane, whole = self.f, self.item, self.lane, self.count & -self.lane
        own = f.at(own, self.column(self.place))
        zero = Value(f, self.vector, "zeroinitializer")

        def store(k: Value, a: Value) -> None:
            for n in (0, 1):
                order = [lane if m % 2 else n * (lane // 2) + m // 2 for m in range(lane)]
                f.store(self._mixed(a, zero, order), own, (2 * k + n * lane) * item, item)

        with f.loop(whole, 0, lane) as k:
            store(k, f.load(self.vector, image, k * item, item))
        store(whole, masked_load(f, self.dtype, f.at(image, whole * item), self.masks[0]))

    def _one_by_one(self, own: Value, image: Value) -> None:
        f, by = self.f, self.v["stride_x"]
        with f.loop(f.smaller(by, self.count)) as rest:
            at = f.variable("i64", self.column(self.place + rest))
            with f.loop(self.count, rest, by) as k:
                here = at.get()
                f.store(f.load(self.kind, image, k * self.x.strides[3]), own, here)
                at.set(here + self.v["spread_x"] * self.item)

    def _mixed(self, a: Value, b: Value, order: list[int]) -> Value:
        mask = ", ".join(f"i32 {n}" for n in order)
        text = f"shufflevector {self.vector} {a.text}, {self.vector} {b.text}, <{len(order)} x i32> <{mask}>"
        return self.f.new(self.vector, text)
