"""The routine for Fourier transforms along one dimension of an array; threads share the lines.

Lines are taken as many at a time as a vector has places, so that all arithmetic is on whole vectors; long ones and single ones
one at a time. Lengths with large prime factors become convolutions (Bluestein, "A linear filtering approach to the computation of
discrete Fourier transform", IEEE Trans. Audio Electroacoustics 18, 1970). Real lines of even length are complex ones of half
of it (Press et al., Numerical Recipes, 12.3).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from theon.codegen import fourier_plans, pool
from theon.codegen.butterflies import Parts, core, passes, spread, vector
from theon.codegen.native import Function, Value, attributes
from theon.codegen.shared import LOCK, Block, give_slot, numbers, run, take_slot
from theon.codegen.tile import KINDS, lanes

__all__ = ["COMPLEX", "FULL", "HALF", "LIMIT", "NUMBERS", "REAL", "fourier_text"]

# What comes in and goes out: complex numbers; real ones, and half of their spectrum, or all of it; the way back from the half.
COMPLEX, HALF, FULL, REAL = range(4)
NUMBERS = ("n", "kind", "inverse", "scale", "slots", "slot", "room")
LIMIT = 1 << 19  # bytes of real parts up to which lines are taken together


@functools.cache
def fourier_text(dtype: str, shared: bool) -> str:
    """``fourier(x, out, slots)``: arrays of (before, along, behind, parts), parts of a number next to each other.

    Numbers: the length, what comes in and goes out, whether it is the inverse, the factor (1, 1/n or its root), the number of
    workspaces, their bytes, and how many numbers each of their four parts holds.
    """
    return "\n".join(
        [
            pool.DECLARATIONS if shared else "", fourier_plans.DECLARATIONS, _PLANS, passes(dtype), core(dtype),
            _convolved(dtype), _work(dtype, True), _work(dtype, False), _main(dtype, shared), _ROOT,
        ]
    )  # fmt: skip


_ROOT = "declare double @llvm.sqrt.f64(double)\n"

_LINE, _LINE_TYPE = 64, "<8 x i64>"  # what caches move at a time

# Plans by a few bits of what they are for: the one last used stays. Who takes one counts itself in, under the lock.
_PLANS = """
@theon_fourier_plans = internal global [64 x ptr] zeroinitializer
@theon_fourier_lock = internal global i64 0
define internal void @theon_fourier_take() nounwind {
  br label %try
try:
  %pair = cmpxchg ptr @theon_fourier_lock, i64 0, i64 1 acquire monotonic
  %mine = extractvalue { i64, i1 } %pair, 1
  br i1 %mine, label %done, label %try
done:
  ret void
}
define internal void @theon_fourier_give() nounwind {
  store atomic i64 0, ptr @theon_fourier_lock release, align 8
  ret void
}
define internal ptr @theon_fourier_plan(i64 %code, i64 %dtype) nounwind {
  %mixed = mul i64 %code, -7046029254386353131
  %high = lshr i64 %mixed, 58
  %place = getelementptr ptr, ptr @theon_fourier_plans, i64 %high
  call void @theon_fourier_take()
  %plan = load ptr, ptr %place
  %none = icmp eq ptr %plan, null
  br i1 %none, label %make, label %look
look:
  %key_at = getelementptr i64, ptr %plan, i64 8
  %key = load i64, ptr %key_at
  %same = icmp eq i64 %key, %code
  br i1 %same, label %found, label %make
found:
  %users_at = getelementptr i64, ptr %plan, i64 6
  %users = load i64, ptr %users_at
  %more = add i64 %users, 1
  store i64 %more, ptr %users_at
  call void @theon_fourier_give()
  ret ptr %plan
make:
  call void @theon_fourier_give()
  %new = call ptr @theon_fourier_make(i64 %code, i64 %dtype)
  %failed = icmp eq ptr %new, null
  br i1 %failed, label %end, label %keep
keep:
  call void @theon_fourier_take()
  %old = load ptr, ptr %place
  store ptr %new, ptr %place
  %first = icmp eq ptr %old, null
  br i1 %first, label %quiet, label %replace
replace:
  %old_at = getelementptr i64, ptr %old, i64 6
  %old_users = load i64, ptr %old_at
  %left = getelementptr i64, ptr %old, i64 7
  store i64 1, ptr %left
  call void @theon_fourier_give()
  %idle = icmp eq i64 %old_users, 0
  br i1 %idle, label %drop, label %end
drop:
  call void @theon_fourier_drop(ptr %old)
  br label %end
quiet:
  call void @theon_fourier_give()
  br label %end
end:
  ret ptr %new
}
define internal void @theon_fourier_leave(ptr %plan) nounwind {
  call void @theon_fourier_take()
  %at = getelementptr i64, ptr %plan, i64 6
  %users = load i64, ptr %at
  %fewer = sub i64 %users, 1
  store i64 %fewer, ptr %at
  %left_at = getelementptr i64, ptr %plan, i64 7
  %left = load i64, ptr %left_at
  call void @theon_fourier_give()
  %idle = icmp eq i64 %fewer, 0
  %alone = icmp eq i64 %left, 1
  %last = and i1 %idle, %alone
  br i1 %last, label %drop, label %end
drop:
  call void @theon_fourier_drop(ptr %plan)
  br label %end
end:
  ret void
}
"""


def _main(dtype: str, shared: bool) -> str:
    f = Function(f"theon_fourier_{dtype}", [(n, "ptr") for n in ("x", "out", "slots", "numbers")], "i64")
    x, slots = Block(f, f["x"], 4), f.load("ptr", f["slots"])
    v = numbers(f, f["numbers"], NUMBERS)
    n, kind = v["n"], v["kind"]
    lines = x.sizes[0] * x.sizes[2]
    code = f.variable("i64", 0)
    with f.when((lines > 0) & (n > 0)):
        half = (kind > COMPLEX) & (n % 2).same(0)
        long = f.select(half, n // 2, n)
        key = long * 2 + f.select(half, 1, 0)
        plan = f.call("theon_fourier_plan", key, 0 if dtype == "float32" else 1, result="ptr")
        missing = f.new("i1", f"icmp eq ptr {plan.text}, null")
        with f.when(missing):
            code.set(1)
        with f.unless(missing):
            with f.loop(v["slots"]) as i:
                f.store(0, slots, i * v["slot"])
            frame = f.room(40)
            for place, word in enumerate((f["x"], f["out"], slots, f["numbers"], plan)):
                f.store(word, frame, 8 * place)
            lane = lanes(dtype)
            together = (lines * 2 >= lane) & (long * (lane * KINDS[dtype][1]) <= LIMIT)
            weight = lines * n * 32
            for wide in (True, False):
                blocks = (lines + (lane - 1)) // lane if wide else lines
                chunks = f.smaller(v["slots"] * 4, blocks)
                with f.when(together) if wide else f.unless(together):
                    run(f, _name(dtype, wide), frame, chunks, weight, shared)
            f.call("theon_fourier_leave", plan)
    f.emit(f"ret i64 {code.get().text}")
    return f.text(linkage="")


def _name(dtype: str, wide: bool) -> str:
    return f"theon_fourier_{'lanes' if wide else 'line'}_{dtype}"


def _each(f: Function, dtype: str, count: Value, body: Callable[[Value, str], None]) -> None:
    """Numbers side by side as vectors, the rest one at a time: ``body`` gets the byte offset and the type."""
    one, item = KINDS[dtype]
    lane = lanes(dtype)
    whole = count // lane * lane
    with f.loop(whole, 0, lane) as q:
        body(q * item, vector(dtype))
    with f.loop(count, whole) as q:
        body(q * item, one)


def _convolved(dtype: str) -> str:
    """``convolved(plan, xr, xi, yr, yi, side)``: the passes; or a transform by convolution, which ends where it began."""
    names = ("plan", "xr", "xi", "yr", "yi")
    f = Function(f"theon_fourier_all_{dtype}", [*((n, "ptr") for n in names), ("side", "i64")])
    one, item = KINDS[dtype]
    plan, side = f["plan"], f["side"]
    through = f"theon_fourier_core_{dtype}"
    chirp, other = (f.load("i64", plan, 8 * w) for w in (2, 3))
    plain = chirp.same(0)
    with f.when(plain):
        f.call(through, plan, *(f[n] for n in names[1:]), side)
    with f.unless(plain):
        whole, count, n = (f.load("i64", plan, 8 * w) for w in (0, 1, 5))
        odd = (count % 2).same(1)
        at = [f["xr"], f["xi"], f["yr"], f["yi"]]
        there = [f.select(odd, at[2], at[0], "ptr"), f.select(odd, at[3], at[1], "ptr")]
        rest = [f.select(odd, at[0], at[2], "ptr"), f.select(odd, at[1], at[3], "ptr")]

        def times(table: Value, length: Value, real: Value, imag: Value, turned: bool = False) -> None:
            """Multiply by numbers of the plan; the parts may stand in for each other."""
            with f.loop(length) as k:
                place = f.at(f.at(plan, table), k * (2 * item))
                c, s = f.load(one, place), f.load(one, place, item)
                line = k * side * item
                a, b = f.at(real, line), f.at(imag, line)

                def body(q: Value, kind: str) -> None:
                    x, y = f.load(kind, a, q, item), f.load(kind, b, q, item)
                    p, r = spread(f, c, kind), spread(f, s, kind)
                    f.store(x * p - y * r, a, q, item)
                    f.store(x * r + y * p, b, q, item)

                _each(f, dtype, side, body)

        times(chirp, n, at[0], at[1])
        with f.loop((whole - n) * side) as q:
            for target in at[:2]:
                f.store(f.value(0, one), target, (n * side + q) * item)
        f.call(through, plan, *at, side)
        times(other, whole, there[0], there[1])
        # The inverse is the transform with real and imaginary parts exchanged, from one memory to the other.
        f.call(through, plan, there[1], there[0], rest[1], rest[0], side)
        times(chirp, n, at[0], at[1])
    f.emit("ret void")
    return f.text(" noinline" + attributes())


class _Lines:
    """One block of lines: where they come from and go to, and the memory they are transformed in."""

    def __init__(self, f: Function, dtype: str, wide: bool, first: Value, v: dict[str, Value]) -> None:
        self.f, self.dtype, self.wide, self.v = f, dtype, wide, v
        self.one, self.item = KINDS[dtype]
        self.side = lanes(dtype) if wide else 1
        self.kind = vector(dtype) if wide else self.one
        self.x, self.out = (Block(f, f.load("ptr", f["frame"], 8 * i), 4) for i in (0, 1))
        lines = self.x.sizes[0] * self.x.sizes[2]
        self.sources, self.targets = [], []
        for b in range(self.side):
            # Where there are no more lines, the first one is done again.
            line = f.select(first + b < lines, first + b, first)
            before, behind = line // self.x.sizes[2], line % self.x.sizes[2]
            self.sources.append(f.at(self.x.data, before * self.x.strides[0] + behind * self.x.strides[2]))
            self.targets.append(f.at(self.out.data, before * self.out.strides[0] + behind * self.out.strides[2]))
        self.given, self.n = self.x.sizes[1], v["n"]

    def place(self, k: Value) -> Value:
        return k * (self.side * self.item)

    def put(self, target: Value, k: Value, values: list[Value]) -> None:
        """Numbers of each line at place ``k``."""
        for b, x in enumerate(values):
            self.f.store(x, target, self.place(k) + b * self.item)

    def get(self, source: Parts, k: Value) -> Parts:
        at = self.place(k)
        return tuple(self.f.load(self.kind, s, at, self.item) for s in source)  # type: ignore[return-value]

    def set(self, target: Parts, k: Value, value: Parts) -> None:
        for t, x in zip(target, value):
            self.f.store(x, t, self.place(k), self.item)

    def zero(self, target: Value, start: Value, stop: Value) -> None:
        with self.f.loop(stop, start) as k:
            self.put(target, k, [self.f.value(0, self.one)] * self.side)

    def read(self, k: Value, offset: int = 0) -> list[Value]:
        return [self.f.load(self.one, s, k * self.x.strides[1] + offset) for s in self.sources]

    def write(self, k: Value, value: Parts, scale: Value) -> None:
        """A complex number of each line into the result."""
        for part, x in enumerate(value):
            self.store(k, x * spread(self.f, scale, self.kind), part * self.item)

    def store(self, k: Value, value: Value, offset: int = 0) -> None:
        """A real number of each line into the result."""
        for b, x in enumerate(self._numbers(value)):
            self.f.store(x, self.targets[b], k * self.out.strides[1] + offset)

    def _numbers(self, value: Value) -> list[Value]:
        if not self.wide:
            return [value]
        return [self.f.new(self.one, f"extractelement {self.kind} {value.text}, i32 {b}") for b in range(self.side)]

    def write_all(self, count: Value, values: Callable[[Value], Parts], places: int) -> None:
        """What ``values`` says for each of ``count``: the parts of a number, or the numbers of two ``places``.

        Of each line as much as the processor's caches move at a time: many lines may be in each other's way there.
        """
        f, pair = self.f, 2 * self.item
        step = self.out.strides[1] * places
        apart = self.out.strides[1] if places == 2 else f.value(self.item, "i64")

        def put(k: Value) -> None:
            for part, x in enumerate(values(k)):
                for b, y in enumerate(self._numbers(x)):
                    f.store(y, self.targets[b], k * step + apart * part)

        if not self.wide:
            with f.loop(count) as k:
                put(k)
            return
        words = _LINE // pair
        close = step.same(pair)
        tile = f.room(self.side * _LINE)
        with f.when(close):
            whole = count // words * words
            with f.loop(whole, 0, words) as start:
                with f.loop(words) as k:
                    for part, x in enumerate(values(start + k)):
                        for b, y in enumerate(self._numbers(x)):
                            f.store(y, tile, k * pair + (b * _LINE + part * self.item))
                for b, target in enumerate(self.targets):
                    f.store(f.load(_LINE_TYPE, tile, b * _LINE, 1), target, start * pair, 1)
            with f.loop(count, whole) as k:
                put(k)
        with f.unless(close), f.loop(count) as k:
            put(k)

    def gather(self, real: Value, imag: Value, count: Value) -> None:
        """The first ``count`` complex numbers, zeros behind what there is."""
        seen = self.f.smaller(count, self.given)
        with self.f.loop(seen) as k:
            self.put(real, k, self.read(k))
            self.put(imag, k, self.read(k, self.item))
        for target in (real, imag):
            self.zero(target, seen, count)

    def gather_real(self, real: Value, imag: Value) -> None:
        """Real numbers."""
        seen = self.f.smaller(self.n, self.given)
        with self.f.loop(seen) as k:
            self.put(real, k, self.read(k))
        self.zero(real, seen, self.n)
        self.zero(imag, self.f.value(0, "i64"), self.n)

    def gather_pairs(self, real: Value, imag: Value, long: Value) -> None:
        """Real numbers, those at odd places as imaginary parts."""
        f = self.f
        seen = f.smaller(self.n, self.given)
        pairs = seen // 2
        with f.loop(pairs) as k:
            self.put(real, k, self.read(k * 2))
            self.put(imag, k, self.read(k * 2 + 1))
        self.zero(real, pairs, long)
        self.zero(imag, pairs, long)
        with f.when((seen % 2).same(1)):
            self.put(real, pairs, self.read(pairs * 2))

    def root(self, plan: Value, k: Value) -> Parts:
        at = self.f.at(plan, self.f.load("i64", plan, 32) + k * (2 * self.item))
        return (
            spread(self.f, self.f.load(self.one, at), self.kind),
            spread(self.f, self.f.load(self.one, at, self.item), self.kind),
        )

    def halved(self, x: Value) -> Value:
        """Half of a number."""
        return x * spread(self.f, self.f.value(0.5, self.one), self.kind)


def _scale(f: Function, v: dict[str, Value], one: str) -> Value:
    """1, 1 / n, or 1 over the root of n."""
    wide = f.new("double", f"sitofp i64 {v['n'].text} to double")
    root = f.new("double", f"call double @llvm.sqrt.f64(double {wide.text})")
    under = f.select(
        v["scale"].same(1), wide, f.select(v["scale"].same(2), root, f.value(1, "double"), "double"), "double"
    )
    found = f.value(1, "double") / under
    return found if one == "double" else f.new("float", f"fptrunc double {found.text} to float")


def _work(dtype: str, wide: bool) -> str:
    f = Function(_name(dtype, wide), [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    one, item = KINDS[dtype]
    side = lanes(dtype) if wide else 1
    slots, given, plan = (f.load("ptr", f["frame"], 8 * i) for i in (2, 3, 4))
    v = numbers(f, given, NUMBERS)
    x = Block(f, f.load("ptr", f["frame"]), 4)
    blocks = (x.sizes[0] * x.sizes[2] + (side - 1)) // side
    slot = take_slot(f, slots, v["slots"], v["slot"])
    start = f.at(slot, LOCK)
    memory = [f.at(start, v["room"] * (i * item)) for i in range(4)]
    long, kind, n = f.load("i64", plan, 40), v["kind"], v["n"]
    convolved = f.new("i1", f"icmp ne i64 {f.load('i64', plan, 16).text}, 0")
    odd = (f.load("i64", plan, 8) % 2).same(1)
    stays = f.new("i1", f"or i1 {convolved.text}, {f.new('i1', f'xor i1 {odd.text}, true').text}")
    scale = _scale(f, v, one)
    even = (n % 2).same(0)
    inverse = v["inverse"].same(1)
    back = inverse & kind.same(COMPLEX)
    sign = f.select(inverse, f.value(-1, one), f.value(1, one), one)
    with f.loop(blocks * (f["chunk"] + 1) // f["chunks"], blocks * f["chunk"] // f["chunks"]) as block:
        lines = _Lines(f, dtype, wide, block * side, v)
        xr, xi, yr, yi = memory
        with f.when(kind.same(COMPLEX)):
            lines.gather(xr, xi, n)
        with f.when(kind.same(HALF) | kind.same(FULL)):
            with f.when(even):
                lines.gather_pairs(xr, xi, long)
            with f.unless(even):
                lines.gather_real(xr, xi)
        with f.when(kind.same(REAL)):
            _from_half(f, lines, plan, memory, even, long)
        # The inverse is the transform with real and imaginary parts exchanged.
        turned = f.new("i1", f"or i1 {back.text}, {kind.same(REAL).text}")
        a, b = f.select(turned, xi, xr, "ptr"), f.select(turned, xr, xi, "ptr")
        c, d = f.select(turned, yi, yr, "ptr"), f.select(turned, yr, yi, "ptr")
        f.call(f"theon_fourier_all_{dtype}", plan, a, b, c, d, f.value(side, "i64"))
        found = (f.select(stays, xr, yr, "ptr"), f.select(stays, xi, yi, "ptr"))
        factor = spread(f, scale, lines.kind)

        def scaled(k: Value, lines: _Lines = lines, factor: Value = factor, found: Parts = found) -> Parts:
            x, y = lines.get(found, k)
            return x * factor, y * factor

        with f.when(kind.same(COMPLEX)):
            lines.write_all(n, scaled, 1)
        with f.when(kind.same(REAL)):
            with f.when(even):
                lines.write_all(long, scaled, 2)
            with f.unless(even), f.loop(n) as k:
                lines.store(k, lines.get(found, k)[0] * factor)
        with f.when(kind.same(HALF) | kind.same(FULL)):
            _to_half(f, lines, plan, found, even, long, scale, sign, kind.same(FULL))
    give_slot(f, slot)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


def _to_half(
    f: Function,
    lines: _Lines,
    plan: Value,
    found: Parts,
    even: Value,
    long: Value,
    scale: Value,
    sign: Value,
    full: Value,
) -> None:
    """The spectrum of real lines, up to half of it or all."""

    def written(k: Value, value: Parts, twice: bool = True) -> None:
        turned = value[1] * spread(f, sign, lines.kind)
        lines.write(k, (value[0], turned), scale)
        if twice:
            with f.when(full):
                lines.write(lines.n - k, (value[0], -turned), scale)

    zero = f.value(0, "i64")
    nothing = spread(f, f.value(0, lines.one), lines.kind)
    with f.when(even):
        x, y = lines.get(found, zero)
        written(zero, (x + y, nothing), False)
        written(long, (x - y, nothing), False)
        with f.loop(long, 1) as k:
            (x, y), (z, w) = lines.get(found, k), lines.get(found, long - k)
            c, s = lines.root(plan, k)
            sums, rest = (x + z, y - w), (x - z, y + w)
            p, r = rest[0] * c - rest[1] * s, rest[0] * s + rest[1] * c
            written(k, (lines.halved(sums[0] + r), lines.halved(sums[1] - p)))
    with f.unless(even):
        x, _ = lines.get(found, zero)
        written(zero, (x, nothing), False)
        with f.loop(lines.n // 2 + 1, 1) as k:
            written(k, lines.get(found, k))


def _from_half(f: Function, lines: _Lines, plan: Value, memory: list[Value], even: Value, long: Value) -> None:
    """What is transformed back to real lines, of their half spectrum; imaginary parts that cannot be are not looked at."""
    xr, xi, yr, yi = memory
    nothing = spread(f, f.value(0, lines.one), lines.kind)
    zero = f.value(0, "i64")
    with f.when(even):
        lines.gather(yr, yi, long + 1)
        for k in (zero, long):
            f.store(nothing, yi, lines.place(k), lines.item)
        with f.loop(long) as k:
            (x, y), (z, w) = lines.get((yr, yi), k), lines.get((yr, yi), long - k)
            c, s = lines.root(plan, k)
            rest = (x - z, y + w)
            # Times the root's conjugate.
            p, r = rest[0] * c + rest[1] * s, rest[1] * c - rest[0] * s
            lines.set((xr, xi), k, (x + z - r, y - w + p))
    with f.unless(even):
        lines.gather(xr, xi, lines.n // 2 + 1)
        f.store(nothing, xi, lines.place(zero), lines.item)
        with f.loop(lines.n // 2 + 1, 1) as k:
            x, y = lines.get((xr, xi), k)
            lines.set((xr, xi), lines.n - k, (x, -y))
