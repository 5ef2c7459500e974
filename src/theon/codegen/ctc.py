"""The routine for costs of sequences whose alignment is not known, and their gradients; threads share the sequences.

All sums over paths are in double precision and in logarithms. What is impossible has the logarithm -1e300: sums of it stay finite.
"""

from __future__ import annotations

import functools

from theon.codegen import mathlib, pool
from theon.codegen.native import SEPARATE, Function, Value, attributes
from theon.codegen.shared import Block, run
from theon.codegen.tile import KINDS

__all__ = ["ctc_text"]

_NEVER = "0xFE37E43C8800759C"  # -1e300
_ALMOST = "0xFE031CFD3999F7B0"  # -1e299: what lies below is impossible
_INFINITE = "0x7FF0000000000000"


@functools.cache
def ctc_text(dtype: str, shared: bool) -> str:
    """``ctc(activations, labels, lengths, costs, gradient, space)``; 1 where a label or a length is out of bounds.

    ``activations`` (steps, batch, classes) anywhere, ``labels`` (batch, most) and ``lengths`` (batch,) int64, ``space`` a matrix
    of doubles, one row for each sequence, contiguous.
    """
    # Inside the loops, so that those can be made vectors.
    functions = [mathlib.definition(n, "float64")[1].replace(" noinline", " alwaysinline") for n in ("exp", "log")]
    parts = [_main(dtype, shared), _work(dtype), *functions, *mathlib.declarations()]
    return "\n".join([pool.DECLARATIONS if shared else "", *parts, SEPARATE])


def _main(dtype: str, shared: bool) -> str:
    names = ("z", "labels", "lengths", "costs", "gradient", "space")
    f = Function(f"theon_ctc_{dtype}", [(n, "ptr") for n in (*names, "numbers")], "i64")
    z, labels, lengths = Block(f, f["z"], 3), Block(f, f["labels"], 2), Block(f, f["lengths"], 1)
    steps, batch, classes = z.sizes
    wrong = f.variable("i64", 0)
    with f.loop(batch) as b:
        n = f.load("i64", lengths.data, b * lengths.strides[0])
        wrong.set(f.select((n < 0) | (n > steps), 1, wrong.get()))
        with f.loop(labels.sizes[1]) as i:
            label = f.load("i64", labels.data, b * labels.strides[0] + i * labels.strides[1])
            wrong.set(f.select(label >= classes, 1, wrong.get()))
    with f.when(wrong.get().same(0)):
        frame = f.room(48)
        for place, name in enumerate(names):
            f.store(f[name], frame, 8 * place)
        weight = batch * steps * (labels.sizes[1] * 2 + classes + 1) * 40
        run(f, f"theon_ctc_work_{dtype}", frame, batch, weight, shared)
    f.emit(f"ret i64 {wrong.get().text}")
    return f.text(linkage="")


def _exp(f: Function, x: Value) -> Value:
    return f.call("theon_exp_f64", x, result="double")


def _log(f: Function, x: Value) -> Value:
    return f.call("theon_log_f64", x, result="double")


def _number(f: Function, text: str) -> Value:
    return Value(f, "double", text)


def _top(f: Function, x: Value, y: Value) -> Value:
    return f.select(y.ordered("ogt", x), y, x, "double")


def _sum_of(f: Function, a: Value, b: Value, c: Value) -> Value:
    """log(exp a + exp b + exp c)."""
    top = _top(f, _top(f, a, b), c)
    return top + _log(f, _exp(f, a - top) + _exp(f, b - top) + _exp(f, c - top))


def _work(dtype: str) -> str:
    f = Function(f"theon_ctc_work_{dtype}", [("frame", "ptr"), ("chunk", "i64"), ("chunks", "i64")], "i64")
    sequence = _Sequence(f, dtype)
    sequence.label()
    sequence.normalise()
    sequence.forward()
    likely, possible = sequence.cost()
    with f.when(sequence.gradient.sizes[0] > 0):
        sequence.backward(likely, possible)
    f.emit("ret i64 0")
    return f.text(" noinline" + attributes())


class _Sequence:
    """One sequence: its part of the tensors, and its memory."""

    def __init__(self, f: Function, dtype: str) -> None:
        self.f, self.dtype, (self.kind, _) = f, dtype, KINDS[dtype]
        self.z, self.labels, lengths, self.costs, self.gradient, space = (
            Block(f, f.load("ptr", f["frame"], 8 * i), n) for i, n in enumerate((3, 2, 1, 1, 3, 2))
        )
        self.b = f["chunk"]
        self.steps, _, self.classes = self.z.sizes
        self.most = self.labels.sizes[1]
        self.length = f.load("i64", lengths.data, self.b * lengths.strides[0])
        self.rows = self.most * 2 + 3  # states, with two before or behind that no path is in
        self.never, self.zero = Value(f, "double", _NEVER), Value(f, "double", "0.0")
        start = f.at(space.data, self.b * space.strides[0])
        words = f.value(0, "i64")
        found = []
        for n in (self.rows * self.steps, self.steps, *[self.rows] * 6, self.classes):
            found.append(f.at(start, words * 8))
            words = words + n
        self.ahead, self.norm, self.now, self.after, self.skips, self.scores, self.shares, self.symbols, self.own = (
            found
        )
        self.states = f.value(0, "i64")

    def activation(self, t: Value, c: Value) -> Value:
        """In double precision."""
        f, z = self.f, self.z
        found = f.load(self.kind, z.data, t * z.strides[0] + self.b * z.strides[1] + c * z.strides[2])
        return found if self.dtype == "float64" else f.new("double", f"fpext float {found.text} to double")

    def narrow(self, x: Value) -> Value:
        """In the precision of the results."""
        return x if self.dtype == "float64" else self.f.new("float", f"fptrunc double {x.text} to float")

    def symbol(self, place: Value) -> Value:
        """The class of a state."""
        return self.f.load("i64", self.symbols, place * 8)

    def label(self) -> None:
        """Labels with blanks around them; negative ones are left out. A blank between labels that differ may be left out."""
        f = self.f
        count = f.variable("i64", 0)
        f.store(0, self.symbols, 0)
        f.store(self.never, self.skips, 0)
        with f.loop(self.most) as i:
            label = f.load("i64", self.labels.data, self.b * self.labels.strides[0] + i * self.labels.strides[1])
            with f.when(label >= 0):
                at = count.get() * 2 + 1
                equal = label.same(self.symbol(f.larger(at - 2, 0))) | (at < 2)
                f.store(label, self.symbols, at * 8)
                f.store(0, self.symbols, (at + 1) * 8)
                f.store(f.select(equal, self.never, self.zero, "double"), self.skips, at * 8)
                f.store(self.never, self.skips, (at + 1) * 8)
                count.set(count.get() + 1)
        self.states = count.get() * 2 + 1

    def normalise(self) -> None:
        """What softmax subtracts at each step."""
        f = self.f
        with f.loop(self.length) as t:
            top = f.variable("double", self.activation(t, f.value(0, "i64")))
            with f.loop(self.classes, 1) as c:
                top.set(_top(f, top.get(), self.activation(t, c)))
            total = f.variable("double", self.zero)
            with f.loop(self.classes) as c:
                total.set(total.get() + _exp(f, self.activation(t, c) - top.get()))
            f.store(top.get() + _log(f, total.get()), self.norm, t * 8)

    def score(self, t: Value) -> None:
        """The logarithm of the probability of each state's class at a step."""
        f = self.f
        base = f.load("double", self.norm, t * 8)
        with f.loop(self.states) as s:
            f.store(self.activation(t, self.symbol(s)) - base, self.scores, s * 8)

    def forward(self) -> None:
        """All beginnings that end in each state at each step."""
        f = self.f
        with f.loop(self.length) as t:
            self.score(t)
            row = f.at(self.ahead, t * self.rows * 8)
            old = f.at(row, self.rows * -8)
            f.store(self.never, row, 0)
            f.store(self.never, row, 8)
            with f.when(t.same(0)), f.loop(self.states) as s:
                start = f.select(s < 2, f.load("double", self.scores, s * 8), self.never, "double")
                f.store(start, row, (s + 2) * 8)
            with f.when(t > 0), f.separate(self.states) as s:
                stay, step, jump = (f.load("double", old, (s + k) * 8) for k in (2, 1, 0))
                found = _sum_of(f, stay, step, jump + f.load("double", self.skips, s * 8))
                f.store(found + f.load("double", self.scores, s * 8), row, (s + 2) * 8)

    def cost(self) -> tuple[Value, Value]:
        """Store the cost; return the logarithm of the labels' probability, and whether any path gives them."""
        f = self.f
        likely = f.variable("double", f.select(self.states.same(1), self.zero, self.never, "double"))
        with f.when(self.length > 0):
            ends = f.at(self.ahead, (self.length - 1) * self.rows * 8)
            label, blank = (f.load("double", ends, (self.states + k) * 8) for k in (0, 1))
            likely.set(_sum_of(f, blank, label, self.never))
        chance = likely.get()
        possible = f.new("i1", f"fcmp uge double {chance.text}, {_ALMOST}")
        cost = f.select(possible, self.zero - chance, Value(f, "double", _INFINITE), "double")
        f.store(self.narrow(cost), self.costs.data, self.b * self.costs.strides[0])
        return chance, possible

    def backward(self, likely: Value, possible: Value) -> None:
        """All endings that follow each state, from the last step back; the gradient on the way."""
        f, states = self.f, self.states
        inside = f.select(possible, self.length, 0)
        with f.loop(self.steps, inside) as t, f.loop(self.classes) as c:
            self.put(t, c, self.zero)
        with f.loop(inside) as back:
            t = inside - 1 - back
            with f.when(back.same(0)), f.loop(states) as s:
                f.store(f.select(s >= states - 2, self.zero, self.never, "double"), self.now, s * 8)
            with f.when(back > 0):
                self.score(t + 1)
                with f.separate(states) as s:
                    f.store(f.load("double", self.now, s * 8) + f.load("double", self.scores, s * 8), self.after, s * 8)
                for k in range(2):
                    f.store(self.never, self.after, (states + k) * 8)
                    f.store(self.never, self.skips, (states + k) * 8)
                with f.separate(states) as s:
                    stay, step, jump = (f.load("double", self.after, (s + k) * 8) for k in range(3))
                    found = _sum_of(f, stay, step, jump + f.load("double", self.skips, (s + 2) * 8))
                    f.store(found, self.now, s * 8)
            row = f.at(self.ahead, (t * self.rows + 2) * 8)
            with f.separate(states) as s:
                both = f.load("double", row, s * 8) + f.load("double", self.now, s * 8)
                f.store(_exp(f, both - likely), self.shares, s * 8)
            base = f.load("double", self.norm, t * 8)
            with f.loop(self.classes) as c:
                f.store(_exp(f, self.activation(t, c) - base), self.own, c * 8)
            with f.loop(states) as s:
                into = f.at(self.own, self.symbol(s) * 8)
                f.store(f.load("double", into) - f.load("double", self.shares, s * 8), into)
            with f.loop(self.classes) as c:
                self.put(t, c, f.load("double", self.own, c * 8))

    def put(self, t: Value, c: Value, value: Value) -> None:
        """Store one element of the gradient."""
        g = self.gradient
        self.f.store(self.narrow(value), g.data, t * g.strides[0] + self.b * g.strides[1] + c * g.strides[2])
