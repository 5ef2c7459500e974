"""The routine table: what a ``NativeCall`` name means in native code."""

from __future__ import annotations

import ctypes
import functools
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from theon.codegen import target
from theon.schedule.step import NativeCall, Program, Tensor

if TYPE_CHECKING:
    from theon.codegen.jit import CompiledModule

__all__ = ["Routine", "drawing", "routine", "routines_of"]

_CONVOLUTIONS = ("conv", "conv_weights", "conv_spread")
_POINTER = "_code"


@dataclass(frozen=True)
class Routine:
    """``symbol`` is the function's name; ``text`` its definition; ``needs`` the BLAS and LAPACK symbols it calls.

    A routine of a ``library`` has only its declaration as text: it is compiled once, for all programs of this process.
    ``parts`` are functions that the library calls through pointers of the same names, perhaps with :data:`_POINTER` behind:
    compiled when first called.
    """

    symbol: str
    text: str = ""
    needs: tuple[str, ...] = ()
    library: Callable[[], str] | None = None
    parts: Callable[[], dict[str, functools.partial[str]]] | None = None
    takes: int = 0  # pointers, the parts as well


def routine(step: NativeCall, tensors: Sequence[Tensor]) -> Routine:
    """Return the routine for ``step`` on tensors (inputs, then outputs)."""
    dtype = tensors[0].dtype
    if step.name == "gemm" and dtype in ("float32", "float64"):
        from theon.codegen import gemm, pool

        made = _of_library(f"theon_gemm_{dtype}", 4, functools.partial(gemm.gemm_text, dtype))
        return replace(made, parts=functools.partial(gemm.gemm_parts, dtype, pool.budget()))
    if step.name == "gemm_stack":
        from theon.codegen import gemm, pool

        return _of_library(f"theon_gemm_stack_{dtype}", 4, functools.partial(gemm.stack_text, dtype, pool.budget()))
    if step.name in _CONVOLUTIONS and dtype in ("float32", "float64"):
        from theon.codegen import conv, pool, spread

        texts = {"conv": conv.forward_text, "conv_weights": conv.weights_text, "conv_spread": spread.spread_text}
        symbol = f"theon_{step.name}_{dtype}"
        return _of_later(
            symbol, len(tensors) + 1, {symbol: functools.partial(texts[step.name], dtype, pool.budget() > 1)}
        )
    if step.name in ("conv_tiles", "conv_tiles_weights") and dtype in ("float32", "float64"):
        from theon.codegen import pool, transforms, winograd

        text, end = winograd.forward_text, dtype
        if step.name == "conv_tiles_weights":
            text, end = winograd.weights_text, f"weights_{dtype}"
        # By the rows of the filters, the second tensor or the third one.
        ways = {
            f"theon_conv_tiles{taps}_{end}": functools.partial(text, dtype, pool.budget() > 1, taps)
            for taps in transforms.TAPS
        }
        return _of_later(f"theon_{step.name}_{dtype}", len(tensors) + 1, ways, 1 if end == dtype else 2)
    if step.name in ("depthwise", "depthwise_weights") and dtype in ("float32", "float64"):
        from theon.codegen import depthwise, pool

        by_channel = depthwise.forward_text if step.name == "depthwise" else depthwise.weights_text
        return _of_library(
            f"theon_{step.name}_{dtype}", len(tensors) + 1, functools.partial(by_channel, dtype, pool.budget() > 1)
        )
    if step.name in ("block_gemv", "block_outer"):
        from theon.codegen import blocksparse, pool

        of_blocks = blocksparse.block_gemv_text if step.name == "block_gemv" else blocksparse.block_outer_text
        return _of_library(
            f"theon_{step.name}_{dtype}", len(tensors) + 1, functools.partial(of_blocks, dtype, pool.budget() > 1)
        )
    if step.name in ("nonzero", "bincount", "repeat", "searchsorted", "unique"):
        from theon.codegen import walks

        symbol = "_".join(["theon", step.name, dtype, *map(str, step.attrs)])
        library = functools.partial(walks.walk_text, step.name, symbol, dtype, step.attrs)
        return _of_library(symbol, len(tensors) + 1, library)
    if step.name in ("sort", "argsort", "argtopk"):
        from theon.codegen import pool, sorting

        symbol = f"theon_{step.name}_{dtype}"
        return _of_library(
            symbol, 4, functools.partial(sorting.sorting_text, step.name, symbol, dtype, pool.budget() > 1)
        )
    if step.name in ("multinomial", "choice"):
        from theon.codegen import picks

        symbol = "_".join(["theon", step.name, *map(str, step.attrs)])
        picked = picks.multinomial_text if step.name == "multinomial" else picks.choice_text
        return _of_library(symbol, len(tensors) + 1, functools.partial(picked, symbol, *step.attrs))
    if step.name == "ctc":
        from theon.codegen import ctc, pool

        return _of_library(f"theon_ctc_{dtype}", 7, functools.partial(ctc.ctc_text, dtype, pool.budget() > 1))
    if step.name in ("patches", "patches_sum") and dtype in ("float32", "float64"):
        from theon.codegen import patches, pool

        library = functools.partial(patches.patches_text, dtype, step.name == "patches_sum", pool.budget() > 1)
        return _of_library(f"theon_{step.name}_{dtype}", 3, library)
    if step.name == "uniform":
        from theon.codegen import pool, streams

        library = functools.partial(streams.uniform_text, *step.attrs, pool.budget() > 1)
        return _of_library(f"theon_uniform_{step.attrs[0]}", len(tensors) + 1, library)
    if step.name in ("pooled", "pool_gradient", "pool_tangent"):
        from theon.codegen import pool, windows

        mode, window, stride = step.attrs
        symbol = "_".join(["theon", step.name, dtype, mode, *map(str, (*(window or ()), *(stride or ())))])
        if step.name == "pool_tangent":
            library = functools.partial(windows.tangent_text, dtype, symbol, window, stride, pool.budget() > 1)
        else:
            text = windows.pooled_text if step.name == "pooled" else windows.gradient_text
            library = functools.partial(text, dtype, symbol, mode, window, stride, pool.budget() > 1)
        return _of_library(symbol, len(tensors) + 1, library)
    if step.name == "cumulate":
        from theon.codegen import cumulate

        symbol = f"theon_cumulate_{dtype}_{step.attrs[0]}"
        return _of_library(symbol, 2, functools.partial(cumulate.cumulate_text, symbol, dtype, *step.attrs))
    if step.name == "fourier":
        from theon.codegen import fourier, pool

        library = functools.partial(fourier.fourier_text, dtype, pool.budget() > 1)
        return _of_library(f"theon_fourier_{dtype}", 4, library)
    from theon.codegen import lapack

    if step.name in lapack.ROUTINES:
        dtype = next(tensor.dtype for tensor in tensors if tensor.dtype in ("float32", "float64"))
        symbol = "_".join(["theon", step.name, dtype, *map(str, step.attrs)])
        library = functools.partial(lapack.lapack_text, step.name, symbol, dtype, step.attrs)
        return _of_library(symbol, len(tensors) + 1, library, lapack.needs(step.name, dtype))
    raise ValueError(f"no native routine {step.name!r} for {[tensor.dtype for tensor in tensors]}")


def drawing(dtype: str) -> Routine:
    """Return the routine that runs kernels on draws of ``dtype``; it takes one pointer, to its frame."""
    from theon.codegen import pool, streams

    return _of_library(f"theon_drawn_{dtype}", 1, functools.partial(streams.drawn_text, dtype, pool.budget() > 1))


def _of_later(symbol: str, count: int, ways: dict[str, functools.partial[str]], tensor: int = 0) -> Routine:
    """A routine that is compiled when it is called first: of several ways to a result, few are taken.

    Of two functions the first is called where a tensor of four dimensions has three rows.
    """
    names = ", ".join(f"ptr %p{i}" for i in range(count))
    first, last = f"@{next(iter(ways))}{_POINTER}", f"@{list(ways)[-1]}{_POINTER}"
    pointers = "\n".join(f"@{name}{_POINTER} = global ptr null" for name in ways)
    library = f"""
{pointers}
define i64 @{symbol}({names}) nounwind {{
  %at = getelementptr i64, ptr %p{tensor}, i64 3
  %rows = load i64, ptr %at
  %three = icmp eq i64 %rows, 3
  %place = select i1 %three, ptr {first}, ptr {last}
  %code = load atomic ptr, ptr %place acquire, align 8
  %status = call i64 %code({names})
  ret i64 %status
}}
"""
    parts = {f"{name}{_POINTER}": text for name, text in ways.items()}
    return replace(_of_library(symbol, count, lambda: library), parts=lambda: parts)


def _of_library(symbol: str, count: int, library: Callable[[], str], needs: tuple[str, ...] = ()) -> Routine:
    return Routine(symbol, f"declare i64 @{symbol}({', '.join(['ptr'] * count)})", needs, library, takes=count)


# By symbol: the text, what stands for the parts, and the code.
_libraries: dict[str, tuple[str, Any, CompiledModule]] = {}


def _library_address(made: Routine) -> int:
    """The address of a library's routine, compiled at first use, and again where the number of threads has changed."""
    assert made.library is not None
    text, parts = made.library(), made.parts() if made.parts is not None else {}
    state = tuple((name, *part.args) for name, part in parts.items())
    with target.LOCK:  # code that another thread replaces is gone while this one still links to it
        found = _libraries.get(made.symbol)
        if found is None or found[:2] != (text, state):
            module = _compiled(text, made.symbol, made.needs, tuple(parts))
            for name, part in parts.items():
                _compile_later(module.address(name), name.removesuffix(_POINTER), part, made.takes)
            found = _libraries[made.symbol] = text, state, module
        return found[2].address(made.symbol)


def _compiled(text: str, symbol: str, needs: tuple[str, ...] = (), pointers: tuple[str, ...] = ()) -> CompiledModule:
    from theon.codegen import jit, pool, tile, transforms

    symbols = tile.symbols(text) | transforms.symbols(text) | (pool.symbols() if "@theon_parallel" in text else {})
    if "@theon_sort_" in text:
        from theon.codegen import quicksort

        symbols |= quicksort.symbols(text)
    if "@theon_fourier_make" in text:
        from theon.codegen import fourier_plans

        symbols |= fourier_plans.symbols()
    if needs:
        from theon.codegen.blas import addresses

        symbols |= addresses(needs)
    effort = "full" if "!llvm.loop !1" in text else "written"
    module = jit.compile_module(text, symbols, (symbol, *pointers), effort=effort)
    _kept.append(module)
    return module


def _compile_later(pointer: int, name: str, text: Callable[[], str], count: int) -> None:
    """Let the pointer at an address lead to a function that compiles what is to be called, then calls it."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * count)
    place = ctypes.c_void_p.from_address(pointer)

    def compile_and_call(*blocks: int) -> int:
        try:
            with target.LOCK:
                if place.value == own:  # no other thread was first
                    place.value = _compiled(text(), name).address(name)
        except BaseException:  # there is no way to raise it here: the step fails
            traceback.print_exc()
            return 1
        return int(kind(place.value or 0)(*blocks))

    first = kind(compile_and_call)
    _kept.append(first)
    own = place.value = ctypes.cast(first, ctypes.c_void_p).value


_kept: list[Any] = []  # functions made before may still call them


def routines_of(program: Program) -> tuple[str, dict[str, int]]:
    """Return the text of all routines that ``program`` calls and the addresses they need."""
    from theon.codegen.contents import draws_of, native_calls

    tensors = {tensor.number: tensor for tensor in program.tensors}
    found: dict[str, Routine] = {}
    for step in native_calls(program):
        made = routine(step, [tensors[number] for number in (*step.inputs, *step.outputs)])
        found[made.symbol] = made
    for dtype in draws_of(program):
        made = drawing(dtype)
        found[made.symbol] = made
    needs = {name for made in found.values() if made.library is None for name in made.needs}
    symbols = {made.symbol: _library_address(made) for made in found.values() if made.library is not None}
    if needs:
        from theon.codegen.blas import addresses

        symbols |= addresses(needs)
    return "\n".join(made.text for made in found.values()), symbols
