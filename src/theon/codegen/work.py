"""How long the steps of a program take, roughly: whether others may have the interpreter meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from theon.codegen import split
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import plus, product, times
from theon.schedule.step import Branch, KernelStep, Loop, NativeCall, Program, Step, Tensor

__all__ = ["LONG", "duration"]

_UNIT = 16  # parts of a nanosecond
LONG = 20_000 * _UNIT
_MANY = 60  # steps: a program of more is long whatever they do


def duration(program: Program, tensors: dict[int, Tensor], known: Callable[[Scalar], bool]) -> Scalar:
    """Return an expression of sizes that are ``known`` before the first step, in units of 1/16 ns."""
    if len(program.steps) > _MANY:
        return const(2 * LONG)
    return _of_steps(program.steps, tensors, known)


def _of_steps(steps: tuple[Step, ...], tensors: dict[int, Tensor], known: Callable[[Scalar], bool]) -> Scalar:
    total = const(0)
    for step in steps:
        found = const(0)
        if isinstance(step, KernelStep):
            weight = max(1, round(_UNIT * split.weight(step.kernel)))
            found = times(product(step.extents), const(weight))
        elif isinstance(step, NativeCall):
            found = _of_call(step, tensors)
        elif isinstance(step, Loop):
            found = times(step.count, _of_steps(step.steps, tensors, known))
        elif isinstance(step, Branch):
            found = _of_steps(step.otherwise, tensors, known)
        if known(found):
            total = plus(total, found)
    return total


def _sizes(number: int, tensors: dict[int, Tensor]) -> tuple[Scalar, ...]:
    t = tensors[number]
    return t.sizes if t.sizes is not None else tuple(make("dim", "int64", (), (number, d)) for d in range(t.ndim))


def _of_call(step: NativeCall, tensors: dict[int, Tensor]) -> Scalar:
    """Products of matrices and convolutions by their multiplications, about 32 in a nanosecond; others by their elements."""
    if step.name in ("gemm", "gemm_stack"):
        x, y = (_sizes(number, tensors) for number in step.inputs[:2])
        return _half(times(product(x), y[-1]))
    if step.name.startswith("conv"):
        x, y = (_sizes(number, tensors) for number in step.inputs[:2])
        return _half(times(product(x), product(y[1:])))
    total = const(0)
    for number in (*step.inputs, *step.outputs):
        total = plus(total, product(_sizes(number, tensors)))
    return times(total, const(_UNIT))


def _half(n: Scalar) -> Scalar:
    return const(n.attr // 2) if n.op == "const" else make("shr", "int64", (n, const(1)))
