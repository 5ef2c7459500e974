"""Routines of linear algebra: LAPACK and BLAS called on the program's own memory.

LAPACK takes columns, the program has rows: it is given the transpose, and each routine says what that means for it. What
has no answer (a singular matrix, one that is not positive definite) gives an error code, and the program's results are
then found again by the reference, whose exception says what is wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from theon.codegen import blas
from theon.codegen.native import Function, Value
from theon.codegen.native import Variable as Place
from theon.codegen.shared import Block
from theon.codegen.tile import KINDS

__all__ = ["ROUTINES", "begin", "element", "finite", "lapack_text", "needs"]

_FEW = 256  # rows up to which one thread is as quick
_LETTER = {"float32": "s", "float64": "d"}


class _Call:
    """Calls of LAPACK from one function: numbers and letters are passed by their addresses."""

    def __init__(self, f: Function, dtype: str) -> None:
        self.f, self.dtype, self.letter = f, dtype, _LETTER[dtype]
        self.room, self.used = f.room(512), 0
        self.info = self.integer(0)
        self.declared: dict[str, str] = {}
        self.before: Value | None = None

    def integer(self, x: Any) -> Value:
        """The address of a 32-bit number."""
        at = self.f.at(self.room, self.used)
        self.used += 8
        short = self.f.new("i32", f"trunc i64 {self.f.value(x, 'i64').text} to i32")
        self.f.emit(f"store i32 {short.text}, ptr {at.text}")
        return at

    def character(self, letter: str) -> Value:
        """The address of a letter."""
        at = self.f.at(self.room, self.used)
        self.used += 8
        self.f.emit(f"store i8 {ord(letter)}, ptr {at.text}")
        return at

    def real(self, x: float) -> Value:
        """The address of a number of the routine's dtype."""
        at = self.f.at(self.room, self.used)
        self.used += 8
        self.f.store(x, at, kind=KINDS[self.dtype][0])
        return at

    def __call__(self, name: str, *args: Value) -> None:
        """Call ``name`` without its first letter."""
        symbol = self.letter + name
        self.declared[symbol] = f"declare void @{symbol}({', '.join(['ptr'] * len(args))})"
        self.f.call(symbol, *args)

    def failed(self) -> Value:
        """Whether the last call that was given ``info`` found no answer."""
        found = self.f.load("i32", self.info)
        return self.f.new("i1", f"icmp ne i32 {found.text}, 0")

    def alone(self, n: Value) -> None:
        """Keep the library's threads asleep for matrices of few rows: they would take the cores from those of the kernels."""
        if not blas.has_thread_control():
            return
        f = self.f
        self.declared["get"] = f"declare i32 @{blas.GET_THREADS}()"
        self.declared["set"] = f"declare void @{blas.SET_THREADS}(i32)"
        self.before = f.new("i32", f"call i32 @{blas.GET_THREADS}()")
        few = f.select(n <= _FEW, Value(f, "i32", "1"), self.before, "i32")
        f.emit(f"call void @{blas.SET_THREADS}(i32 {few.text})")

    def text(self, code: Place) -> str:
        """The function's text, which returns ``code``."""
        if self.before is not None:
            self.f.emit(f"call void @{blas.SET_THREADS}(i32 {self.before.text})")
        self.f.emit(f"ret i64 {code.get().text}")
        return self.f.text(linkage="") + "\n".join(self.declared.values())


def finite(f: Function, x: Value) -> Value:
    """Whether a number is neither infinite nor NaN."""
    return (x - x).ordered("oeq", 0)


def _all_finite(f: Function, block: Block, kind: str, code: Place) -> None:
    """An error where a number of the result is not finite: the reference says whether that is refused."""
    with f.loop(block.sizes[0]) as i:
        if len(block.sizes) == 1:
            with f.unless(finite(f, f.load(kind, block.data, i * block.strides[0]))):
                code.set(1)
        else:
            with f.loop(block.sizes[1]) as j, f.unless(finite(f, f.load(kind, element(f, block, i, j)))):
                code.set(1)


def element(f: Function, block: Block, i: Value, j: Value) -> Value:
    """The address of an element of a matrix."""
    return f.at(block.data, i * block.strides[0] + j * block.strides[1])


def begin(symbol: str, dtype: str, names: str) -> tuple[Function, _Call, Place]:
    """A routine of tensors with these names; what calls for it; its code, 0 unless an error is found."""
    f = Function(symbol, [(n, "ptr") for n in (*names.split(), "numbers")], "i64")
    return f, _Call(f, dtype), f.variable("i64", 0)


def _leading(f: Function, n: Value) -> Value:
    return f.larger(n, 1)


def _cholesky(symbol: str, dtype: str, lower: bool, nan: bool) -> str:
    """``out`` holds the matrix, dense, and is overwritten with its factor; the other triangle is set to zero."""
    f, call, code = begin(symbol, dtype, "out")
    out = Block(f, f["out"], 2)
    n, kind = out.sizes[0], KINDS[dtype][0]
    call.alone(n)
    count = call.integer(n)
    call("potrf", call.character("U" if lower else "L"), count, out.data, call.integer(_leading(f, n)), call.info)
    with f.when(call.failed()):
        code.set(1)
    with f.loop(n) as i:
        with f.loop(n if lower else i, i + 1 if lower else 0) as j:
            f.store(0, element(f, out, i, j), kind=kind)
        # A number that is not finite reaches the diagonal, and the reference refuses such matrices.
        with f.unless(finite(f, f.load(kind, element(f, out, i, i)))):
            code.set(1)
    if nan:
        with f.unless(code.get().same(0)):
            code.set(0)
            with f.loop(n) as i, f.loop(n) as j:
                f.store(Value(f, kind, "0x7FF8000000000000"), element(f, out, i, j), kind=kind)
    return call.text(code)


def _inverse_of_factor(symbol: str, dtype: str, lower: bool) -> str:
    """``out`` holds a Cholesky factor and is overwritten with the inverse of the matrix: both triangles."""
    f, call, code = begin(symbol, dtype, "out")
    out = Block(f, f["out"], 2)
    n, kind = out.sizes[0], KINDS[dtype][0]
    call.alone(n)
    letter = call.character("U" if lower else "L")
    call("potri", letter, call.integer(n), out.data, call.integer(_leading(f, n)), call.info)
    with f.when(call.failed()):
        code.set(1)
    block = 32  # both sides of a block stay in the nearest memory
    with f.loop(n, 0, block) as top, f.loop(top + 1, 0, block) as left, f.loop(f.smaller(top + block, n), top) as i:
        with f.loop(f.smaller(left + block, i), left) as j:
            a, b = (i, j) if lower else (j, i)
            f.store(f.load(kind, element(f, out, a, b)), element(f, out, b, a), kind=kind)
    return call.text(code)


def _triangular(symbol: str, dtype: str, lower: bool, unit: bool) -> str:
    """``out`` holds the right side, dense, and is overwritten with the solution; one stride of ``a`` is an element's size."""
    f, call, code = begin(symbol, dtype, "a out")
    a, out = Block(f, f["a"], 2), Block(f, f["out"], 2)
    kind, item = KINDS[dtype]
    n, columns = out.sizes
    call.alone(n)
    by_rows = a.strides[1].same(item)
    apart = f.select(by_rows, a.strides[0], a.strides[1]) // item
    pitch = call.integer(f.larger(apart, _leading(f, n)))
    side, diagonal = call.character("R"), call.character("U" if unit else "N")
    size, width, one, wide = call.integer(n), call.integer(columns), call.real(1), call.integer(_leading(f, columns))
    step = call.integer(1)
    upper_, lower_ = call.character("U"), call.character("L")
    plain, turned = call.character("N"), call.character("T")
    # Rows of a lower triangle are the columns of an upper one.
    triangle = f.select(by_rows, upper_ if lower else lower_, lower_ if lower else upper_, "ptr")
    few = columns.same(1)
    if not unit:
        with f.loop(n) as i:
            x = f.load(kind, element(f, a, i, i))
            good = finite(f, x) & x.ordered("one", 0)
            with f.unless(good):
                code.set(1)
    with f.when(code.get().same(0) & (n > 0) & (columns > 0)):
        with f.when(few):
            call(
                "trsv", triangle, f.select(by_rows, turned, plain, "ptr"), diagonal, size, a.data, pitch, out.data, step
            )
        with f.unless(few):
            direction = f.select(by_rows, plain, turned, "ptr")
            call("trsm", side, triangle, direction, diagonal, width, size, one, a.data, pitch, out.data, wide)
        _all_finite(f, out, kind, code)
    return call.text(code)


def _general(symbol: str, dtype: str) -> str:
    """``a``, dense, is overwritten with its LU factors; ``out`` holds the right side's columns and gets the solution's."""
    f, call, code = begin(symbol, dtype, "a pivots out")
    a, pivots, out = Block(f, f["a"], 2), Block(f, f["pivots"], 1), Block(f, f["out"], 2)
    n, columns = out.sizes
    call.alone(n)
    size, pitch = call.integer(n), call.integer(_leading(f, n))
    width, turned = call.integer(columns), call.character("T")
    call("getrf", size, size, a.data, pitch, pivots.data, call.info)
    bad = call.failed()
    with f.when(bad):
        code.set(1)
    with f.unless(bad):
        call("getrs", turned, size, width, a.data, pitch, pivots.data, out.data, pitch, call.info)
    return call.text(code)


def _symmetric(symbol: str, dtype: str, lower: bool) -> str:
    """As the general one, by the symmetric factors of one triangle."""
    f, call, code = begin(symbol, dtype, "a pivots work out")
    a, pivots, work, out = Block(f, f["a"], 2), Block(f, f["pivots"], 1), Block(f, f["work"], 1), Block(f, f["out"], 2)
    n, columns = out.sizes
    call.alone(n)
    size, pitch = call.integer(n), call.integer(_leading(f, n))
    letter = call.character("U" if lower else "L")
    args = (letter, size, call.integer(columns), a.data, pitch, pivots.data, out.data, pitch, work.data)
    call("sysv", *args, call.integer(work.sizes[0]), call.info)
    with f.when(call.failed()):
        code.set(1)
    _all_finite(f, out, KINDS[dtype][0], code)
    return call.text(code)


def _positive(symbol: str, dtype: str, lower: bool) -> str:
    """As the general one, by the Cholesky factor of one triangle."""
    f, call, code = begin(symbol, dtype, "a out")
    a, out = Block(f, f["a"], 2), Block(f, f["out"], 2)
    n, columns = out.sizes
    call.alone(n)
    size, pitch = call.integer(n), call.integer(_leading(f, n))
    letter = call.character("U" if lower else "L")
    call("posv", letter, size, call.integer(columns), a.data, pitch, out.data, pitch, call.info)
    with f.when(call.failed()):
        code.set(1)
    _all_finite(f, out, KINDS[dtype][0], code)
    return call.text(code)


def _inverse(symbol: str, dtype: str) -> str:
    """``out`` holds the matrix, dense, and is overwritten with its inverse (that of the transpose is its transpose)."""
    f, call, code = begin(symbol, dtype, "pivots work out")
    pivots, work, out = Block(f, f["pivots"], 1), Block(f, f["work"], 1), Block(f, f["out"], 2)
    n = out.sizes[0]
    call.alone(n)
    size, pitch, long = call.integer(n), call.integer(_leading(f, n)), call.integer(work.sizes[0])
    call("getrf", size, size, out.data, pitch, pivots.data, call.info)
    bad = call.failed()
    with f.when(bad):
        code.set(1)
    with f.unless(bad):
        call("getri", size, out.data, pitch, pivots.data, work.data, long, call.info)
    return call.text(code)


def _lu_factors(symbol: str, dtype: str) -> str:
    """``a`` is overwritten with its LU factors. A singular matrix has factors too."""
    f, call, code = begin(symbol, dtype, "a pivots")
    a, pivots = Block(f, f["a"], 2), Block(f, f["pivots"], 1)
    n = a.sizes[0]
    call.alone(n)
    size = call.integer(n)
    call("getrf", size, size, a.data, call.integer(_leading(f, n)), pivots.data, call.info)
    return call.text(code)


def _exchanges_inside(f: Function, pivots: Block, code: Place) -> None:
    """An error where a row to exchange, counted from 1, is not there: the factors may come from the caller."""
    n = f.new("i32", f"trunc i64 {pivots.sizes[0].text} to i32")
    with f.loop(pivots.sizes[0]) as i:
        own = f.new("i32", f"sub i32 {f.load('i32', pivots.data, i * 4).text}, 1")
        with f.unless(f.new("i1", f"icmp ult i32 {own.text}, {n.text}")):
            code.set(1)


def _lu_solve(symbol: str, dtype: str, transposed: bool) -> str:
    """``out`` holds the right side's columns and gets the solution's."""
    f, call, code = begin(symbol, dtype, "a pivots out")
    a, pivots, out = Block(f, f["a"], 2), Block(f, f["pivots"], 1), Block(f, f["out"], 2)
    n, columns = out.sizes
    call.alone(n)
    size, pitch, width = call.integer(n), call.integer(_leading(f, n)), call.integer(columns)
    task = call.character("N" if transposed else "T")
    _exchanges_inside(f, pivots, code)
    with f.loop(n) as i, f.unless(f.load(KINDS[dtype][0], element(f, a, i, i)).ordered("une", 0)):
        code.set(1)
    with f.when(code.get().same(0)):
        call("getrs", task, size, width, a.data, pitch, pivots.data, out.data, pitch, call.info)
    return call.text(code)


def _lu_inverse(symbol: str, dtype: str) -> str:
    """``out`` holds the factors and gets the inverse."""
    f, call, code = begin(symbol, dtype, "pivots work out")
    pivots, work, out = Block(f, f["pivots"], 1), Block(f, f["work"], 1), Block(f, f["out"], 2)
    n = out.sizes[0]
    call.alone(n)
    size, pitch, long = call.integer(n), call.integer(_leading(f, n)), call.integer(work.sizes[0])
    _exchanges_inside(f, pivots, code)
    with f.when(code.get().same(0)):
        call("getri", size, out.data, pitch, pivots.data, work.data, long, call.info)
        with f.when(call.failed()):
            code.set(1)
    return call.text(code)


def _determinant(symbol: str, dtype: str, logarithm: bool) -> str:
    """``a`` is overwritten with its LU factors; the product of their diagonal, or its sign and the logarithm of its size."""
    f, call, code = begin(symbol, dtype, "a pivots sign value" if logarithm else "a pivots value")
    a, pivots = Block(f, f["a"], 2), Block(f, f["pivots"], 1)
    value = f.load("ptr", f["value"])
    kind = KINDS[dtype][0]
    n = a.sizes[0]
    call.alone(n)
    size, pitch = call.integer(n), call.integer(_leading(f, n))
    call("getrf", size, size, a.data, pitch, pivots.data, call.info)
    # A zero on the diagonal is no failure here.
    sign, total = f.variable(kind, 1), f.variable(kind, 0 if logarithm else 1)
    with f.loop(n) as i:
        own = f.load("i32", pivots.data, i * 4)
        moved = f.new("i1", f"icmp ne i32 {own.text}, {f.new('i32', f'trunc i64 {(i + 1).text} to i32').text}")
        x = f.load(kind, element(f, a, i, i))
        zero = f.value(0, kind)
        turned = f.select(moved, zero - sign.get(), sign.get(), kind)
        if logarithm:
            low = x.ordered("olt", 0)
            positive = f.select(low, zero - x, x, kind)
            turned = f.select(low, zero - turned, turned, kind)
            total.set(total.get() + f.call(f"llvm.log.{kind_suffix(dtype)}", positive, result=kind))
            turned = f.select(x.ordered("oeq", 0), zero, turned, kind)
        else:
            total.set(total.get() * x)
        sign.set(turned)
    if logarithm:
        f.store(sign.get(), f.load("ptr", f["sign"]))
        f.store(total.get(), value)
        call.declared["log"] = f"declare {kind} @llvm.log.{kind_suffix(dtype)}({kind})"
    else:
        f.store(total.get() * sign.get(), value)
    return call.text(code)


def kind_suffix(dtype: str) -> str:
    """How LLVM's names of functions end."""
    return f"f{8 * KINDS[dtype][1]}"


def _eigh(symbol: str, dtype: str, lower: bool, vectors: bool) -> str:
    """``a``, columns, holds the matrix and gets its eigenvectors; ``w`` gets the values."""
    f, call, code = begin(symbol, dtype, "a w work whole")
    a, w, work, whole = Block(f, f["a"], 2), Block(f, f["w"], 1), Block(f, f["work"], 1), Block(f, f["whole"], 1)
    n = a.sizes[0]
    call.alone(n)
    task, letter = call.character("V" if vectors else "N"), call.character("L" if lower else "U")
    args = (task, letter, call.integer(n), a.data, call.integer(_leading(f, n)), w.data, work.data)
    call("syevd", *args, call.integer(work.sizes[0]), whole.data, call.integer(whole.sizes[0]), call.info)
    with f.when(call.failed()):
        code.set(1)
    _all_finite(f, w, KINDS[dtype][0], code)
    return call.text(code)


def _eig(symbol: str, dtype: str) -> str:
    """``a``, columns, is overwritten; ``v`` gets the vectors as columns. Values that are not real are an error here."""
    f, call, code = begin(symbol, dtype, "a w v imaginary work")
    a, w, v = Block(f, f["a"], 2), Block(f, f["w"], 1), Block(f, f["v"], 2)
    imaginary, work = Block(f, f["imaginary"], 1), Block(f, f["work"], 1)
    n, kind = a.sizes[0], KINDS[dtype][0]
    call.alone(n)
    pitch = call.integer(_leading(f, n))
    args = (call.character("N"), call.character("V"), call.integer(n), a.data, pitch, w.data, imaginary.data)
    call("geev", *args, a.data, call.integer(1), v.data, pitch, work.data, call.integer(work.sizes[0]), call.info)
    with f.when(call.failed()):
        code.set(1)
    with f.loop(n) as i, f.unless(f.load(kind, imaginary.data, i * KINDS[dtype][1]).ordered("oeq", 0)):
        code.set(1)
    _all_finite(f, w, kind, code)
    return call.text(code)


def _generalised(symbol: str, dtype: str, lower: bool) -> str:
    """The values of a v = w b v; ``a`` and ``b`` are overwritten."""
    f, call, code = begin(symbol, dtype, "a b w work whole")
    a, b, w = Block(f, f["a"], 2), Block(f, f["b"], 2), Block(f, f["w"], 1)
    work, whole = Block(f, f["work"], 1), Block(f, f["whole"], 1)
    n = a.sizes[0]
    call.alone(n)
    kind, task, letter = call.integer(1), call.character("N"), call.character("U" if lower else "L")
    pitch = call.integer(_leading(f, n))
    args = (kind, task, letter, call.integer(n), a.data, pitch, b.data, pitch, w.data, work.data)
    call("sygvd", *args, call.integer(work.sizes[0]), whole.data, call.integer(whole.sizes[0]), call.info)
    with f.when(call.failed()):
        code.set(1)
    _all_finite(f, w, KINDS[dtype][0], code)
    return call.text(code)


def _svd(symbol: str, dtype: str, task: str) -> str:
    """``a``, columns, is overwritten; ``u`` and ``vt`` get the vectors in columns too."""
    names = "a s work whole" if task == "N" else "a u s vt work whole"
    f, call, code = begin(symbol, dtype, names)
    a, s = Block(f, f["a"], 2), Block(f, f["s"], 1)
    work, whole = Block(f, f["work"], 1), Block(f, f["whole"], 1)
    rows, columns = a.sizes
    call.alone(f.larger(rows, columns))
    tall = call.integer(_leading(f, rows))
    if task == "N":
        u, vt, high = a, a, call.integer(1)
    else:
        u, vt = Block(f, f["u"], 2), Block(f, f["vt"], 2)
        high = call.integer(_leading(f, vt.sizes[0]))
    args = (
        call.character(task),
        call.integer(rows),
        call.integer(columns),
        a.data,
        tall,
        s.data,
        u.data,
        tall,
        vt.data,
        high,
    )
    with f.when((rows > 0) & (columns > 0)):
        call("gesdd", *args, work.data, call.integer(work.sizes[0]), whole.data, call.info)
        with f.when(call.failed()):
            code.set(1)
        _all_finite(f, s, KINDS[dtype][0], code)
    return call.text(code)


def _qr(symbol: str, dtype: str, vectors: bool) -> str:
    """``q``, in columns, holds the matrix in its first ones and gets Q where ``vectors``; ``r``, rows of the thin or square R."""
    f, call, code = begin(symbol, dtype, "a tau work r" if not vectors else "a tau work r q")
    a, tau, work, r = Block(f, f["a"], 2), Block(f, f["tau"], 1), Block(f, f["work"], 1), Block(f, f["r"], 2)
    kind, item = KINDS[dtype]
    rows, columns = a.sizes
    call.alone(f.larger(rows, columns))
    height, reflectors = r.sizes[0], tau.sizes[0]
    tall = call.integer(_leading(f, rows))
    size, width = call.integer(rows), call.integer(columns)
    long = call.integer(work.sizes[0])
    call("geqrf", size, width, a.data, tall, tau.data, work.data, long, call.info)
    with f.when(call.failed()):
        code.set(1)
    with f.loop(height) as i, f.loop(columns) as j:
        value = f.load(kind, element(f, a, f.smaller(i, f.larger(rows - 1, 0)), j))
        f.store(f.select(i > j, f.value(0, kind), value, kind), element(f, r, i, j))
    if vectors:
        q = Block(f, f["q"], 2)
        with f.loop(f.smaller(columns, q.sizes[1])) as j, f.loop(rows) as i:
            f.store(f.load(kind, a.data, (j * rows + i) * item), q.data, (j * rows + i) * item)
        made, count = call.integer(q.sizes[1]), call.integer(reflectors)
        with f.when(code.get().same(0)):
            call("orgqr", size, made, count, q.data, tall, tau.data, work.data, long, call.info)
            with f.when(call.failed()):
                code.set(1)
    return call.text(code)


def _lu(symbol: str, dtype: str, permuted: bool) -> str:
    """``a``, columns, is overwritten with its factors; ``lower`` and ``upper`` get theirs, dense, and ``p`` the exchanges.

    Where ``permuted``, the rows of ``lower`` are where the exchanges bring them, and there is no ``p``.
    """
    f, call, code = begin(symbol, dtype, "a pivots order lower upper" if permuted else "a pivots order p lower upper")
    a, pivots, order = Block(f, f["a"], 2), Block(f, f["pivots"], 1), Block(f, f["order"], 1)
    lower, upper = Block(f, f["lower"], 2), Block(f, f["upper"], 2)
    kind = KINDS[dtype][0]
    rows, columns = a.sizes
    short = lower.sizes[1]
    call.alone(f.larger(rows, columns))
    pitch = call.integer(_leading(f, rows))
    with f.when((rows > 0) & (columns > 0)):
        call("getrf", call.integer(rows), call.integer(columns), a.data, pitch, pivots.data, call.info)
    with f.loop(rows) as i:
        f.store(i, order.data, i * 8)
    with f.loop(short) as i:
        own = f.load("i32", pivots.data, i * 4)
        other = (f.new("i64", f"sext i32 {own.text} to i64") - 1) * 8
        x, y = f.load("i64", order.data, i * 8), f.load("i64", order.data, other)
        f.store(y, order.data, i * 8)
        f.store(x, order.data, other)
    zero, one = f.value(0, kind), f.value(1, kind)
    if not permuted:
        p = Block(f, f["p"], 2)
        with f.loop(rows) as i, f.loop(rows) as j:
            f.store(f.select(f.load("i64", order.data, j * 8).same(i), one, zero, kind), element(f, p, i, j))
    with f.loop(rows) as i:
        to = f.load("i64", order.data, i * 8) if permuted else i
        with f.loop(short) as j:
            below = f.select(i > j, f.load(kind, element(f, a, i, j)), zero, kind)
            f.store(f.select(i.same(j), one, below, kind), element(f, lower, to, j))
    with f.loop(short) as i, f.loop(columns) as j:
        f.store(f.select(i <= j, f.load(kind, element(f, a, i, j)), zero, kind), element(f, upper, i, j))
    return call.text(code)


def _least_squares(symbol: str, dtype: str) -> str:
    """``a``, columns, is overwritten; ``b``, columns of the longer side's length, holds the right sides and gets the solutions."""
    f, call, code = begin(symbol, dtype, "a limit b values rank work whole")
    a, b, values = Block(f, f["a"], 2), Block(f, f["b"], 2), Block(f, f["values"], 1)
    limit, rank = f.load("ptr", f["limit"]), f.load("ptr", f["rank"])
    work, whole = Block(f, f["work"], 1), Block(f, f["whole"], 1)
    rows, columns = a.sizes
    call.alone(f.larger(rows, columns))
    args = (
        call.integer(rows),
        call.integer(columns),
        call.integer(b.sizes[1]),
        a.data,
        call.integer(_leading(f, rows)),
    )
    more = (b.data, call.integer(_leading(f, b.sizes[0])), values.data, limit, rank, work.data)
    call("gelsd", *args, *more, call.integer(work.sizes[0]), whole.data, call.info)
    with f.when(call.failed()):
        code.set(1)
    _all_finite(f, values, KINDS[dtype][0], code)
    return call.text(code)


def _exponential(symbol: str, dtype: str, derivative: bool) -> str:
    from theon.codegen.expm import exponential

    return exponential(symbol, dtype, derivative)


# By name of the routine: its text for (symbol, dtype, *attributes of the step), and the functions it calls.
ROUTINES: dict[str, tuple[Callable[..., str], tuple[str, ...]]] = {
    "cholesky": (_cholesky, ("potrf",)),
    "cholesky_inverse": (_inverse_of_factor, ("potri",)),
    "triangular": (_triangular, ("trsv", "trsm")),
    "general": (_general, ("getrf", "getrs")),
    "symmetric": (_symmetric, ("sysv",)),
    "positive": (_positive, ("posv",)),
    "inverse": (_inverse, ("getrf", "getri")),
    "lu_factors": (_lu_factors, ("getrf",)),
    "lu_solve": (_lu_solve, ("getrs",)),
    "lu_inverse": (_lu_inverse, ("getri",)),
    "determinant": (_determinant, ("getrf",)),
    "eigh": (_eigh, ("syevd",)),
    "eig": (_eig, ("geev",)),
    "generalised": (_generalised, ("sygvd",)),
    "svd": (_svd, ("gesdd",)),
    "qr": (_qr, ("geqrf", "orgqr")),
    "lu": (_lu, ("getrf",)),
    "least_squares": (_least_squares, ("gelsd",)),
    "exponential": (_exponential, ("gemm", "gesv")),
}


def needs(name: str, dtype: str) -> tuple[str, ...]:
    """Return the symbols that routine ``name`` calls."""
    control = (blas.GET_THREADS, blas.SET_THREADS) if blas.has_thread_control() else ()
    return (*(_LETTER[dtype] + called for called in ROUTINES[name][1]), *control)


@functools.cache
def lapack_text(name: str, symbol: str, dtype: str, attrs: tuple[Any, ...]) -> str:
    """Return the text of routine ``name`` as function ``symbol``."""
    return ROUTINES[name][0](symbol, dtype, *attrs)
