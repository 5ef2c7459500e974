"""Products of few numbers, for which dividing the work takes longer than doing it: some columns of a row at a time."""

from __future__ import annotations

__all__ = ["MOST", "few_text", "small_text"]

_LANES = 8
MOST = 1024  # products of two numbers

_DISPATCH = """
; Products of at most {most} pairs of numbers here, others where these pointers say: of few rows or columns, and all others.
@{symbol}_thin = global ptr null
@{symbol}_panel = global ptr null
define i64 @{symbol}(ptr %x, ptr %y, ptr %out, ptr %numbers) {{
  %x1 = getelementptr i64, ptr %x, i64 1
  %m = load i64, ptr %x1
  %x2 = getelementptr i64, ptr %x, i64 2
  %k = load i64, ptr %x2
  %y2 = getelementptr i64, ptr %y, i64 2
  %n = load i64, ptr %y2
  %o3 = getelementptr i64, ptr %out, i64 3
  %os0 = load i64, ptr %o3
  %o4 = getelementptr i64, ptr %out, i64 4
  %os1 = load i64, ptr %o4
  %fits_m = icmp ule i64 %m, {most}
  %fits_n = icmp ule i64 %n, {most}
  %fits_k = icmp ule i64 %k, {most}
  %mn = mul i64 %m, %n
  %mnk = mul i64 %mn, %k
  %fits_mnk = icmp ule i64 %mnk, {most}
  %width = mul i64 %n, {item}
  %one_row = icmp eq i64 %m, 1
  %rows_near = icmp eq i64 %os0, %width
  %near = or i1 %one_row, %rows_near
  %one_column = icmp eq i64 %n, 1
  %columns_near = icmp eq i64 %os1, {item}
  %dense = or i1 %one_column, %columns_near
  %fits0 = and i1 %fits_m, %fits_n
  %fits1 = and i1 %fits_k, %fits_mnk
  %fits2 = and i1 %near, %dense
  %fits3 = and i1 %fits0, %fits1
  %fits4 = and i1 %fits2, %fits3
  %wide = icmp uge i64 %n, 4
  %little = icmp ule i64 %mnk, 128
  %worth = or i1 %wide, %little
  %fits = and i1 %fits4, %worth
  br i1 %fits, label %few, label %many
few:
  call void @{symbol}_few(ptr %x, ptr %y, ptr %out)
  ret i64 0
many:
  %low = icmp sle i64 %m, {thin}
  %narrow = icmp sle i64 %n, {thin}
  %few_lines = or i1 %low, %narrow
  %where = select i1 %few_lines, ptr @{symbol}_thin, ptr @{symbol}_panel
  %part = load ptr, ptr %where
  %done = call i64 %part(ptr %x, ptr %y, ptr %out, ptr %numbers)
  ret i64 %done
}}
"""

_FEW = """
; A product of few numbers, for which a call of BLAS takes longer than the work: {lanes} columns of a row at a time.
define internal void @{symbol}_few(ptr %x, ptr %y, ptr %out) {{
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
  %acct = fmul contract <{lanes} x {kind}> %px1, %py
  %acc1 = fadd contract <{lanes} x {kind}> %acct, %acc
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
  %bcct = fmul contract <{lanes} x {kind}> %qx1, %qy
  %bcc1 = fadd contract <{lanes} x {kind}> %bcct, %bcc
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
declare <{lanes} x {kind}> @llvm.masked.gather.v{lanes}{short}.v{lanes}p0(<{lanes} x ptr>, i32, <{lanes} x i1>, <{lanes} x {kind}>)
declare void @llvm.masked.store.v{lanes}{short}.p0(<{lanes} x {kind}>, ptr, i32, <{lanes} x i1>)
"""


def few_text(symbol: str, kind: str, item: int) -> str:
    """The function ``symbol_few`` of three matrices, the last of them dense."""
    steps = "<" + ", ".join(f"i64 {lane}" for lane in range(_LANES)) + ">"
    return _FEW.format(symbol=symbol, kind=kind, item=item, lanes=_LANES, short=f"f{8 * item}", steps=steps)


def small_text(symbol: str, kind: str, item: int, thin: int) -> str:
    """The function ``symbol``, which leaves other products than small ones to functions that two pointers of the module hold.

    The one is for results of at most ``thin`` rows or columns.
    """
    return _DISPATCH.format(symbol=symbol, item=item, most=MOST, thin=thin) + few_text(symbol, kind, item)
