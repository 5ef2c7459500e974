"""What a program holds: its kernels, routines and Python steps, and where its state words are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from theon.codegen.abi import itemsize
from theon.kernel.loops import Kernel
from theon.schedule.step import (
    Branch,
    HostScalar,
    KernelStep,
    Loop,
    NativeCall,
    Program,
    PythonCall,
    Step,
    Tensor,
)

__all__ = [
    "ARENA",
    "ARENA_SIZE",
    "FIRST",
    "RAISE",
    "SLOW",
    "Layout",
    "buffers_of",
    "draws_of",
    "in_order",
    "is_quick",
    "kernels_of",
    "native_calls",
    "python_calls",
]

# Words of a state: a lock, the arena and its size, the callables for unusual arguments and for errors.
LOCK, ARENA, ARENA_SIZE, SLOW, RAISE, FIRST = 0, 1, 2, 3, 4, 8
_MANY: Final = 6


@dataclass(frozen=True)
class Layout:
    """Where a program's state words are: ``shared`` lists, ``constants`` arrays, ``python`` callables."""

    shared: int
    constants: int
    python: int
    words: int

    @staticmethod
    def of(program: Program) -> Layout:
        """Return the layout for ``program``."""
        constants = FIRST + len(program.shared)
        python = constants + len(program.constants)
        return Layout(FIRST, constants, python, python + len(python_calls(program)))


def flat(steps: tuple[Step, ...]) -> list[Step]:
    found: list[Step] = []
    waiting = list(reversed(steps))
    while waiting:
        step = waiting.pop()
        if isinstance(step, Branch):
            found.append(step)
            waiting += [*reversed(step.otherwise), *reversed(step.then)]
        elif isinstance(step, Loop):
            found.append(step)
            waiting += reversed(step.steps)
        elif isinstance(step, NativeCall):
            found.append(step)
            waiting += [follower.step for follower in reversed(step.after)]
        else:
            found.append(step)
    return found


def buffers_of(whole: Step, tensors: dict[int, Tensor]) -> list[int]:
    """The buffers that a step, and those in it, read and write, loops' counters and conditions too, each once."""
    found: dict[int, None] = {}
    for step in flat((whole,)):
        numbers: tuple[int, ...] = ()
        if isinstance(step, HostScalar):
            numbers = (step.output,)
        elif isinstance(step, KernelStep):
            numbers = tuple(given[0] for given in step.operands if given is not None)
            numbers += () if step.draw is None else (step.draw.state, step.draw.new)
        elif isinstance(step, NativeCall | PythonCall):
            numbers = (*step.inputs, *step.outputs)
        elif isinstance(step, Loop):
            numbers = (step.counter,) if step.stop is None else (step.counter, step.stop)
        found |= {tensors[number].buffer: None for number in numbers}
    return list(found)


def python_calls(program: Program) -> list[PythonCall]:
    """Return the Python steps in the order of their state words."""
    return [step for step in flat(program.steps) if isinstance(step, PythonCall)]


def native_calls(program: Program) -> list[NativeCall]:
    """Return the steps that call routines."""
    return [step for step in flat(program.steps) if isinstance(step, NativeCall)]


def draws_of(program: Program) -> list[str]:
    """Return the dtypes of draws that kernels read while they are drawn, each once."""
    found = [step for step in flat(program.steps) if isinstance(step, KernelStep)]
    return sorted({step.kernel.operands[step.draw.operand].dtype for step in found if step.draw is not None})


def kernels_of(program: Program) -> dict[Kernel, str]:
    """Return each different kernel of ``program`` with the name its function has."""
    found: dict[Kernel, str] = {}
    for step in flat(program.steps):
        if isinstance(step, KernelStep):
            found.setdefault(step.kernel, f"kernel{len(found)}")
    return found


def in_order(program: Program) -> set[Kernel]:
    """Return the kernels whose operands are known to be contiguous along the last axis in all steps."""
    found: dict[Kernel, bool] = {}
    for step in flat(program.steps):
        if isinstance(step, KernelStep):
            kernel = step.kernel
            good = found.get(kernel, True)
            for operand, given in zip(kernel.operands, step.operands):
                if given is None or kernel.naxes - 1 not in operand.axes:
                    continue
                stride = given[1][operand.axes.index(kernel.naxes - 1)]
                good = good and stride.op == "const" and stride.attr == itemsize(operand.dtype)
            found[kernel] = good
    return {kernel for kernel, good in found.items() if good}


def is_quick(program: Program) -> bool:
    """Whether the function is to be compiled quickly: what it spends is spent in its kernels, not in short loops of its own."""
    steps = flat(program.steps)
    return (
        not any(isinstance(step, Loop) for step in steps)
        or sum(isinstance(step, KernelStep | NativeCall) for step in steps) > _MANY
    )
