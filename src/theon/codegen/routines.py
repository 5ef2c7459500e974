"""The routine table: what a ``NativeCall`` name means in native code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from theon.schedule.step import NativeCall, Program, Tensor

__all__ = ["Routine", "routine", "routines_of"]


@dataclass(frozen=True)
class Routine:
    """``symbol`` is the function's name; ``text`` its definition; ``needs`` the BLAS symbols it calls."""

    symbol: str
    text: str = ""
    needs: tuple[str, ...] = ()


_GEMM = """
define internal i64 @{symbol}(ptr %x, ptr %y, ptr %out, ptr %scalars) {{
  %x0p = getelementptr i64, ptr %x, i64 1
  %m = load i64, ptr %x0p
  %x1p = getelementptr i64, ptr %x, i64 2
  %k = load i64, ptr %x1p
  %y1p = getelementptr i64, ptr %y, i64 2
  %n = load i64, ptr %y1p
  %xs = call {{ i64, i64 }} @{symbol}_layout(ptr %x)
  %ys = call {{ i64, i64 }} @{symbol}_layout(ptr %y)
  %xl = extractvalue {{ i64, i64 }} %xs, 0
  %yl = extractvalue {{ i64, i64 }} %ys, 0
  %xt = extractvalue {{ i64, i64 }} %xs, 1
  %yt = extractvalue {{ i64, i64 }} %ys, 1
  %worse = icmp slt i64 %xl, %yl
  %least = select i1 %worse, i64 %xl, i64 %yl
  %most0 = call i64 @llvm.smax.i64(i64 %xl, i64 %yl)
  %most1 = call i64 @llvm.smax.i64(i64 %m, i64 %n)
  %most2 = call i64 @llvm.smax.i64(i64 %most1, i64 %k)
  %most = call i64 @llvm.smax.i64(i64 %most0, i64 %most2)
  %bad0 = icmp sle i64 %least, 0
  %bad1 = icmp sgt i64 %most, 2147483647
  %bad = or i1 %bad0, %bad1
  br i1 %bad, label %no, label %yes
no:
  ret i64 1
yes:
  %mn = mul i64 %m, %n
  %mnk = mul i64 %mn, %k
  %fits0 = icmp ule i64 %most1, {small}
  %fits1 = icmp ule i64 %k, {small}
  %fits2 = icmp ule i64 %mnk, {small}
  %fits3 = and i1 %fits0, %fits1
  %fits = and i1 %fits3, %fits2
  br i1 %fits, label %few, label %many
few:
  call void @{symbol}_small(ptr %x, ptr %y, ptr %out)
  ret i64 0
many:
  %mi = alloca i32
  %ni = alloca i32
  %ki = alloca i32
  %la = alloca i32
  %lb = alloca i32
  %lc = alloca i32
  %ta = alloca i8
  %tb = alloca i8
  %one = alloca {kind}
  %zero = alloca {kind}
  %m32 = trunc i64 %m to i32
  %n32 = trunc i64 %n to i32
  %k32 = trunc i64 %k to i32
  %xl32 = trunc i64 %xl to i32
  %yl32 = trunc i64 %yl to i32
  %ldc = call i64 @llvm.smax.i64(i64 %n, i64 1)
  %ldc32 = trunc i64 %ldc to i32
  store i32 %m32, ptr %mi
  store i32 %n32, ptr %ni
  store i32 %k32, ptr %ki
  store i32 %xl32, ptr %la
  store i32 %yl32, ptr %lb
  store i32 %ldc32, ptr %lc
  %xt8 = trunc i64 %xt to i8
  %yt8 = trunc i64 %yt to i8
  store i8 %xt8, ptr %ta
  store i8 %yt8, ptr %tb
  store {kind} 1.0, ptr %one
  store {kind} 0.0, ptr %zero
  %xd = load i64, ptr %x
  %yd = load i64, ptr %y
  %od = load i64, ptr %out
  %xp = inttoptr i64 %xd to ptr
  %yp = inttoptr i64 %yd to ptr
  %op = inttoptr i64 %od to ptr
  call void @{blas}(ptr %tb, ptr %ta, ptr %ni, ptr %mi, ptr %ki, ptr %one, ptr %yp, ptr %lb, ptr %xp, ptr %la, ptr %zero, ptr %op, ptr %lc)
  ret i64 0
}}
; The leading dimension in elements and the transposition ('N' or 'T') that let BLAS read a matrix where it lies; 0 if none do.
define internal {{ i64, i64 }} @{symbol}_layout(ptr %x) {{
  %rp = getelementptr i64, ptr %x, i64 1
  %rows = load i64, ptr %rp
  %cp = getelementptr i64, ptr %x, i64 2
  %columns = load i64, ptr %cp
  %s0p = getelementptr i64, ptr %x, i64 3
  %s0 = load i64, ptr %s0p
  %s1p = getelementptr i64, ptr %x, i64 4
  %s1 = load i64, ptr %s1p
  %few_rows = icmp sle i64 %rows, 1
  %few_columns = icmp sle i64 %columns, 1
  %ld0 = sdiv i64 %s0, {item}
  %ld1 = sdiv i64 %s1, {item}
  %min0 = call i64 @llvm.smax.i64(i64 %columns, i64 1)
  %min1 = call i64 @llvm.smax.i64(i64 %rows, i64 1)
  %use0 = select i1 %few_rows, i64 %min0, i64 %ld0
  %use1 = select i1 %few_columns, i64 %min1, i64 %ld1
  %unit1 = icmp eq i64 %s1, {item}
  %n0 = or i1 %unit1, %few_columns
  %wide0 = icmp sge i64 %use0, %min0
  %whole0 = call i1 @{symbol}_whole(i64 %s0)
  %n1 = and i1 %n0, %wide0
  %straight0 = and i1 %n1, %whole0
  %unit0 = icmp eq i64 %s0, {item}
  %t0 = or i1 %unit0, %few_rows
  %wide1 = icmp sge i64 %use1, %min1
  %whole1 = call i1 @{symbol}_whole(i64 %s1)
  %t1 = and i1 %t0, %wide1
  %turned0 = and i1 %t1, %whole1
  %ldt = select i1 %turned0, i64 %use1, i64 0
  %ld = select i1 %straight0, i64 %use0, i64 %ldt
  %flag = select i1 %straight0, i64 78, i64 84
  %pair = insertvalue {{ i64, i64 }} undef, i64 %ld, 0
  %both = insertvalue {{ i64, i64 }} %pair, i64 %flag, 1
  ret {{ i64, i64 }} %both
}}
define internal i1 @{symbol}_whole(i64 %stride) {{
  %rest = srem i64 %stride, {item}
  %is = icmp eq i64 %rest, 0
  ret i1 %is
}}
; A product of few numbers, for which a call of BLAS takes longer than the work: {lanes} columns of a row at a time.
define internal void @{symbol}_small(ptr %x, ptr %y, ptr %out) {{
entry:
  %x1 = getelementptr i64, ptr %x, i64 1
  %m = load i64, ptr %x1
  %x2 = getelementptr i64, ptr %x, i64 2
  %k = load i64, ptr %x2
  %x3 = getelementptr i64, ptr %x, i64 3
  %xs0 = load i64, ptr %x3
  %x4 = getelementptr i64, ptr %x, i64 4
  %xs1 = load i64, ptr %x4
  %y2 = getelementptr i64, ptr %y, i64 2
  %n = load i64, ptr %y2
  %y3 = getelementptr i64, ptr %y, i64 3
  %ys0 = load i64, ptr %y3
  %y4 = getelementptr i64, ptr %y, i64 4
  %ys1 = load i64, ptr %y4
  %xd = load i64, ptr %x
  %yd = load i64, ptr %y
  %od = load i64, ptr %out
  %unit = icmp eq i64 %ys1, {item}
  %lane0 = insertelement <{lanes} x i64> undef, i64 %ys1, i32 0
  %lane1 = shufflevector <{lanes} x i64> %lane0, <{lanes} x i64> undef, <{lanes} x i32> zeroinitializer
  %apart = mul <{lanes} x i64> %lane1, {steps}
  %width = mul i64 %n, {item}
  %none = icmp eq i64 %m, 0
  br i1 %none, label %done, label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i1, %rowend ]
  %xoff = mul i64 %i, %xs0
  %xrow = add i64 %xd, %xoff
  %ooff = mul i64 %i, %width
  %orow = add i64 %od, %ooff
  %empty = icmp eq i64 %n, 0
  br i1 %empty, label %rowend, label %columns
columns:
  %j = phi i64 [ 0, %row ], [ %j1, %stored ]
  %left = sub i64 %n, %j
  %full = icmp uge i64 %left, {lanes}
  %joff = mul i64 %j, %ys1
  %ycol = add i64 %yd, %joff
  %ostep = mul i64 %j, {item}
  %oaddr = add i64 %orow, %ostep
  %op = inttoptr i64 %oaddr to ptr
  %left0 = insertelement <{lanes} x i64> undef, i64 %left, i32 0
  %left1 = shufflevector <{lanes} x i64> %left0, <{lanes} x i64> undef, <{lanes} x i32> zeroinitializer
  %mask = icmp ult <{lanes} x i64> {steps}, %left1
  %straight = and i1 %full, %unit
  %nothing = icmp eq i64 %k, 0
  br i1 %nothing, label %sums, label %which
which:
  br i1 %straight, label %dense, label %spread
dense:
  %p = phi i64 [ 0, %which ], [ %p1, %dense ]
  %acc = phi <{lanes} x {kind}> [ zeroinitializer, %which ], [ %acc1, %dense ]
  %pxo = mul i64 %p, %xs1
  %pxa = add i64 %xrow, %pxo
  %pxp = inttoptr i64 %pxa to ptr
  %px = load {kind}, ptr %pxp, align 1
  %px0 = insertelement <{lanes} x {kind}> undef, {kind} %px, i32 0
  %px1 = shufflevector <{lanes} x {kind}> %px0, <{lanes} x {kind}> undef, <{lanes} x i32> zeroinitializer
  %pyo = mul i64 %p, %ys0
  %pya = add i64 %ycol, %pyo
  %pyp = inttoptr i64 %pya to ptr
  %py = load <{lanes} x {kind}>, ptr %pyp, align 1
  %acc1 = call <{lanes} x {kind}> @llvm.fmuladd.v{lanes}{short}(
    <{lanes} x {kind}> %px1, <{lanes} x {kind}> %py, <{lanes} x {kind}> %acc)
  %p1 = add i64 %p, 1
  %pmore = icmp ult i64 %p1, %k
  br i1 %pmore, label %dense, label %sums
spread:
  %q = phi i64 [ 0, %which ], [ %q1, %spread ]
  %bcc = phi <{lanes} x {kind}> [ zeroinitializer, %which ], [ %bcc1, %spread ]
  %qxo = mul i64 %q, %xs1
  %qxa = add i64 %xrow, %qxo
  %qxp = inttoptr i64 %qxa to ptr
  %qx = load {kind}, ptr %qxp, align 1
  %qx0 = insertelement <{lanes} x {kind}> undef, {kind} %qx, i32 0
  %qx1 = shufflevector <{lanes} x {kind}> %qx0, <{lanes} x {kind}> undef, <{lanes} x i32> zeroinitializer
  %qyo = mul i64 %q, %ys0
  %qya = add i64 %ycol, %qyo
  %qyp = inttoptr i64 %qya to ptr
  %qys = getelementptr i8, ptr %qyp, <{lanes} x i64> %apart
  %qy = call <{lanes} x {kind}> @llvm.masked.gather.v{lanes}{short}.v{lanes}p0(
    <{lanes} x ptr> %qys, i32 1, <{lanes} x i1> %mask, <{lanes} x {kind}> zeroinitializer)
  %bcc1 = call <{lanes} x {kind}> @llvm.fmuladd.v{lanes}{short}(
    <{lanes} x {kind}> %qx1, <{lanes} x {kind}> %qy, <{lanes} x {kind}> %bcc)
  %q1 = add i64 %q, 1
  %qmore = icmp ult i64 %q1, %k
  br i1 %qmore, label %spread, label %sums
sums:
  %sum = phi <{lanes} x {kind}> [ zeroinitializer, %columns ], [ %acc1, %dense ], [ %bcc1, %spread ]
  br i1 %full, label %whole, label %part
whole:
  store <{lanes} x {kind}> %sum, ptr %op, align 1
  br label %stored
part:
  call void @llvm.masked.store.v{lanes}{short}.p0(<{lanes} x {kind}> %sum, ptr %op, i32 1, <{lanes} x i1> %mask)
  br label %stored
stored:
  %j1 = add i64 %j, {lanes}
  %jmore = icmp ult i64 %j1, %n
  br i1 %jmore, label %columns, label %rowend
rowend:
  %i1 = add i64 %i, 1
  %imore = icmp ult i64 %i1, %m
  br i1 %imore, label %row, label %done
done:
  ret void
}}
declare <{lanes} x {kind}> @llvm.fmuladd.v{lanes}{short}(<{lanes} x {kind}>, <{lanes} x {kind}>, <{lanes} x {kind}>)
declare <{lanes} x {kind}> @llvm.masked.gather.v{lanes}{short}.v{lanes}p0(<{lanes} x ptr>, i32, <{lanes} x i1>, <{lanes} x {kind}>)
declare void @llvm.masked.store.v{lanes}{short}.p0(<{lanes} x {kind}>, ptr, i32, <{lanes} x i1>)
declare i64 @llvm.smax.i64(i64, i64)
declare void @{blas}(ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr)
"""


# Products of at most so many pairs of numbers are not given to BLAS, whose call takes as long as they do.
_SMALL = 1024
_LANES = 8


def routine(step: NativeCall, tensors: Sequence[Tensor]) -> Routine:
    """Return the routine for ``step`` on tensors (inputs, then outputs)."""
    dtype = tensors[0].dtype
    if step.name == "gemm" and dtype in ("float32", "float64"):
        letter, kind, item = ("s", "float", 4) if dtype == "float32" else ("d", "double", 8)
        symbol = f"theon_{letter}gemm"
        steps = "<" + ", ".join(f"i64 {lane}" for lane in range(_LANES)) + ">"
        text = _GEMM.format(
            symbol=symbol,
            blas=f"{letter}gemm",
            kind=kind,
            item=item,
            small=_SMALL,
            lanes=_LANES,
            short=f"f{8 * item}",
            steps=steps,
        )
        return Routine(symbol, text, (f"{letter}gemm",))
    raise ValueError(f"no native routine {step.name!r} for {[tensor.dtype for tensor in tensors]}")


def routines_of(program: Program) -> tuple[str, dict[str, int]]:
    """Return the text of all routines that ``program`` calls and the addresses they need."""
    from theon.codegen.program import native_calls

    tensors = {tensor.number: tensor for tensor in program.tensors}
    found: dict[str, Routine] = {}
    for step in native_calls(program):
        made = routine(step, [tensors[number] for number in (*step.inputs, *step.outputs)])
        found[made.symbol] = made
    needs = {name for made in found.values() for name in made.needs}
    if not needs:
        return "\n".join(made.text for made in found.values()), {}
    from theon.codegen.blas import addresses

    return "\n".join(made.text for made in found.values()), addresses(needs)
