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


def routine(step: NativeCall, tensors: Sequence[Tensor]) -> Routine:
    """Return the routine for ``step`` on tensors (inputs, then outputs)."""
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
