"""Compiled programs as callables: one native call from arguments to results."""

from __future__ import annotations

import builtins
import ctypes
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from theon.codegen import abi, contents, packed, special
from theon.codegen.entry import State, builtin
from theon.codegen.jit import CompiledModule, compile_module, separated
from theon.codegen.program import program_text
from theon.errors import NativeFallback
from theon.graph.op import performer
from theon.graph.variable import Apply
from theon.runtime.reference import raise_with_op
from theon.schedule.step import Program, PythonCall
from theon.tensor.slices import numbers_of

__all__ = ["NativeFunction"]

_DECLARATION = re.compile(r"^declare .*$", re.MULTILINE)
_free = ctypes.pythonapi.PyMem_RawFree
_free.argtypes, _free.restype = [ctypes.c_void_p], None


class NativeFunction:
    """A Program compiled to one builtin, :attr:`entry`, that takes the explicit inputs by position.

    ``containers``: the one-element storage list of each shared variable, in program order. ``slow(args, kwargs)`` is
    called with whatever the native checks do not accept; it filters and calls :attr:`entry` again. Without it a
    conversion that allows safe casts is made. Results: one array, or a list of arrays.
    """

    def __init__(
        self,
        program: Program,
        containers: Sequence[list[Any]] = (),
        name: str = "f",
        slow: Callable[[tuple[Any, ...], dict[str, Any]], Any] | None = None,
        kernels: str | None = None,
    ) -> None:
        self.program, self.containers, self.name = program, list(containers), name
        main = program_text(program)
        self.module = _compile(program, main, kernels)
        layout = contents.Layout.of(program)
        state = State.make(layout.words)
        self.state = state
        weakref.finalize(state, _drop, self.module, state.ctypes.data, state.base)

        def put(word: int, value: Any) -> None:
            state.kept.append(value)
            state[word] = id(value)

        own = weakref.WeakMethod(self.convert)

        def take_slow(*args: Any, **kwargs: Any) -> Any:
            if slow is not None:
                return slow(args, kwargs)
            convert = own()
            assert convert is not None
            return convert(*args, **kwargs)

        table = program.errors

        def fail(index: int, *shown: int) -> NoReturn:
            raise_error(table, index, shown)

        put(contents.SLOW, take_slow)
        put(contents.RAISE, fail)
        for place, storage in enumerate(self.containers):
            put(layout.shared + place, storage)
        for place, value in enumerate(program.constant_values):
            put(layout.constants + place, np.asarray(value))
        for place, step in enumerate(contents.python_calls(program)):
            put(layout.python + place, _performer(program, step))
        self.entry: Callable[..., Any] = builtin(self.module.address("theon_entry"), name, state)

    def __call__(self, *args: Any) -> Any:
        return self.entry(*args)

    def convert(self, *args: Any, **kwargs: Any) -> Any:
        """Make every argument and shared value what the native code takes, or raise ``TypeError``; then call it."""
        program = self.program
        if kwargs or len(args) != len(program.inputs):
            raise TypeError(
                f"{self.name}() takes {len(program.inputs)} positional arguments, got {len(args)} and {list(kwargs)}"
            )
        tensors = {tensor.number: tensor for tensor in program.tensors}
        for storage, number in zip(self.containers, program.shared, strict=True):
            if number in program.dense and not np.asarray(storage[0]).flags.c_contiguous:
                raise NativeFallback  # a copy would be another array than the one that the user has
            storage[0] = _fit(storage[0], tensors[number], program)
        return self.entry(
            *[_fit(arg, tensors[number], program) for arg, number in zip(args, program.inputs, strict=True)]
        )


def _fit(value: Any, tensor: Any, program: Program) -> np.ndarray[Any, Any]:
    array = np.asarray(numbers_of(value) if isinstance(value, slice) else value)
    dtype = np.dtype(tensor.dtype)
    if array.dtype != dtype and not np.can_cast(array.dtype, dtype, "safe"):
        whole = np.issubdtype(dtype, np.integer) and type(value) is int
        real = np.issubdtype(dtype, np.floating) and type(value) in (int, float)
        info = np.iinfo(dtype) if whole else None
        if not (real or (info is not None and info.min <= value <= info.max)):
            raise TypeError(f"cannot safely use a value of dtype {array.dtype} where {dtype} is needed")
    if array.ndim != tensor.ndim:
        raise TypeError(
            f"wrong number of dimensions: expected {tensor.ndim}, got {array.ndim} with shape {array.shape}"
        )
    for number, ones in program.broadcast:
        if number == tensor.number and any(one and size != 1 for one, size in zip(ones, array.shape, strict=True)):
            raise TypeError(f"a broadcastable dimension has a size other than 1: shape {array.shape}")
    # np.dtype(name) is the builtin descriptor; longlong and foreign byte orders are brought to it by the conversion.
    wanted = ["A", "W", "E", "C"] if tensor.number in program.dense else ["A", "W", "E"]
    fixed = np.require(array, np.dtype(tensor.dtype), wanted)
    return fixed if fixed.dtype.num == dtype.num else fixed.view(dtype)


def raise_error(table: Sequence[tuple[Any, str, str]], index: int, shown: Sequence[int]) -> NoReturn:
    """Raise the exception that row ``index`` of a program's error table describes, with ``shown`` put into its message."""
    _, kind, template = table[index]
    found = getattr(builtins, kind, None)
    if found is None:
        from theon import errors

        found = getattr(errors, kind)
    raise found(template.format(*shown))


def _result(value: Any, tensor: Any) -> np.ndarray[Any, Any]:
    """What an op's ``perform`` gave as an array that native code reads; TypeError where it is none of its type."""
    if value is None:
        raise TypeError("perform left an output empty")
    array = np.require(np.asarray(value), np.dtype(tensor.dtype), ["A", "E"])
    if array.ndim != tensor.ndim:
        raise TypeError(f"perform gave an array of {array.ndim} dimensions where its output has {tensor.ndim}")
    return array


def _performer(program: Program, step: PythonCall) -> Callable[..., tuple[Any, ...]]:
    tensors = {tensor.number: tensor for tensor in program.tensors}
    node, wanted = step.node, [tensors[number] for number in step.outputs]
    n_inputs, loops, compute = len(step.inputs), [name for name, _ in step.loops], performer(node)

    def perform(*given: Any) -> tuple[Any, ...]:
        storage: list[list[Any]] = [[None] for _ in wanted]
        arrays = given[:n_inputs]
        try:
            compute(list(arrays), storage)
            return tuple(_result(cell[0], tensor) for cell, tensor in zip(storage, wanted, strict=True))
        except Exception as error:
            try:
                if isinstance(node, Apply):
                    raise_with_op(node, error, arrays)
                raise
            except Exception as told:
                for name, count in zip(reversed(loops), reversed(given[n_inputs:])):
                    told.add_note(f"in step {int(count)} of {name}")
                raise

    return perform


def _drop(module: Any, address: int, words: Any) -> None:
    """Free the arena; ``module`` and ``words`` are held until now."""
    _free(ctypes.c_void_p.from_address(address + 8 * contents.ARENA).value)


def _compile(program: Program, main: str, kernels: str | None) -> CompiledModule:
    from theon.codegen import pool
    from theon.codegen.routines import routines_of

    symbols = dict(abi.symbols())
    if "@theon_parallel" in main:
        symbols |= pool.symbols()
    extra, addresses = routines_of(program)
    symbols |= addresses
    apart: list[Any] = []
    named = contents.kernels_of(program)
    if "@theon_turned(" in main:
        from theon.codegen import turned

        for kernel, name in named.items():
            if f"@{name}.words" in main:
                orders, found = turned.symbols(kernel, name)
                apart.append(orders)
                symbols |= found
    if kernels is None:
        from theon.codegen import emit, folds

        in_order = contents.in_order(program)
        for kernel, name in named.items():
            if folds.is_fold(kernel):
                apart.append(emit.fold_module(kernel, kernel in in_order))
                symbols[name] = apart[-1].address("theon_fold")
                main = f"declare i64 @{name}(ptr, ptr, ptr)\n{main}"
        left = [(kernel, name) for kernel, name in named.items() if name not in symbols]
        kernels, declared = emit.kernels_text(left, in_order)
        kernels = "\n".join([kernels, *declared])
    symbols |= special.symbols(main + kernels) | packed.symbols(kernels)
    made = _linked(program, main, kernels, extra, symbols)
    made.kept += apart
    return made


def _linked(program: Program, main: str, kernels: str, extra: str, symbols: dict[str, int]) -> CompiledModule:
    if not contents.is_quick(program):
        return compile_module(_merged([kernels, main, extra]), symbols)
    called, declarations = separated(_merged([kernels, extra]))
    straight = "define " not in extra and not any(kernel.naxes for kernel in contents.kernels_of(program))
    if straight or not declarations:
        return compile_module(_merged([kernels, main, extra]), symbols, effort="quick")
    names = {line.split("(")[0].split("@")[1] for line in declarations.splitlines()}
    head, begin, body = main.partition("define ptr @theon_entry(")
    own = [
        line
        for line in head.splitlines()
        if not (line.startswith("declare ") and line.split("(")[0].split("@")[1] in names)
    ]
    libraries = [line for line in extra.splitlines() if line.startswith("declare i64 @theon_")]
    return compile_module(called, symbols, quick=_merged([*own, *libraries, declarations]) + begin + body)


def _merged(parts: Sequence[str]) -> str:
    """One module's text: each declaration once, however many parts need it."""
    whole = "\n".join(parts)
    declarations = sorted(set(_DECLARATION.findall(whole)))
    return "\n".join([_DECLARATION.sub("", whole), *declarations]) + "\n"
