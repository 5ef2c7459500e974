"""The routine table: what a ``NativeCall`` name means in native code."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from theon.schedule.step import NativeCall, Program, Tensor

if TYPE_CHECKING:
    from theon.codegen.jit import CompiledModule

__all__ = ["Routine", "routine", "routines_of"]


@dataclass(frozen=True)
class Routine:
    """``symbol`` is the function's name; ``text`` its definition; ``needs`` the BLAS symbols it calls.

    A routine of a ``library`` has only its declaration as text: it is compiled once, for all programs of this process.
    """

    symbol: str
    text: str = ""
    needs: tuple[str, ...] = ()
    library: Callable[[], str] | None = None


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
declare i64 @llvm.smax.i64(i64, i64)
declare void @{blas}(ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr)
"""


def routine(step: NativeCall, tensors: Sequence[Tensor]) -> Routine:
    """Return the routine for ``step`` on tensors (inputs, then outputs)."""
    dtype = tensors[0].dtype
    if step.name == "gemm" and dtype in ("float32", "float64"):
        letter, kind, item = ("s", "float", 4) if dtype == "float32" else ("d", "double", 8)
        symbol = f"theon_{letter}gemm"
        return Routine(
            symbol, _GEMM.format(symbol=symbol, blas=f"{letter}gemm", kind=kind, item=item), (f"{letter}gemm",)
        )
    if step.name in ("conv", "conv_weights") and dtype in ("float32", "float64"):
        from theon.codegen import conv, pool

        text = conv.forward_text if step.name == "conv" else conv.weights_text
        return _of_library(
            f"theon_{step.name}_{dtype}", len(tensors) + 1, functools.partial(text, dtype, pool.budget() > 1)
        )
    if step.name in ("pooled", "pool_gradient") and dtype in ("float32", "float64"):
        from theon.codegen import pool, windows

        mode, window, stride = step.attrs
        symbol = "_".join(["theon", step.name, dtype, mode, *map(str, (*window, *stride))])
        text = windows.pooled_text if step.name == "pooled" else windows.gradient_text
        library = functools.partial(text, dtype, symbol, mode, window, stride, pool.budget() > 1)
        return _of_library(symbol, len(tensors) + 1, library)
    raise ValueError(f"no native routine {step.name!r} for {[tensor.dtype for tensor in tensors]}")


def _of_library(symbol: str, count: int, library: Callable[[], str]) -> Routine:
    return Routine(symbol, f"declare i64 @{symbol}({', '.join(['ptr'] * count)})", (), library)


_libraries: dict[str, tuple[str, CompiledModule]] = {}


def _library_address(made: Routine) -> int:
    """The address of a library's routine, compiled at first use, and again where the number of threads has changed."""
    from theon.codegen import jit, pool

    assert made.library is not None
    text = made.library()
    found = _libraries.get(made.symbol)
    if found is None or found[0] != text:
        symbols = pool.symbols() if "@theon_parallel" in text else {}
        found = _libraries[made.symbol] = text, jit.compile_module(text, symbols, (made.symbol,))
        _kept.append(found[1])
    return found[1].address(made.symbol)


_kept: list[CompiledModule] = []  # functions made before may still call them


def routines_of(program: Program) -> tuple[str, dict[str, int]]:
    """Return the text of all routines that ``program`` calls and the addresses they need."""
    from theon.codegen.program import native_calls

    tensors = {tensor.number: tensor for tensor in program.tensors}
    found: dict[str, Routine] = {}
    for step in native_calls(program):
        made = routine(step, [tensors[number] for number in (*step.inputs, *step.outputs)])
        found[made.symbol] = made
    needs = {name for made in found.values() for name in made.needs}
    symbols = {made.symbol: _library_address(made) for made in found.values() if made.library is not None}
    if needs:
        from theon.codegen.blas import addresses

        symbols |= addresses(needs)
    return "\n".join(made.text for made in found.values()), symbols
