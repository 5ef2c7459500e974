"""What native routines have in common: tensors as blocks of words, and work shared between threads."""

from __future__ import annotations

from collections.abc import Sequence

from theon.codegen.native import Function, Value

__all__ = ["Block", "numbers", "run"]

SMALL = 200_000  # simple operations from which threads are worth waking


class Block:
    """A tensor as the program passes it."""

    def __init__(self, f: Function, pointer: Value, ndim: int) -> None:
        self.data = f.load("ptr", pointer)
        self.sizes = [f.load("i64", pointer, 8 * (1 + d)) for d in range(ndim)]
        self.strides = [f.load("i64", pointer, 8 * (1 + ndim + d)) for d in range(ndim)]


def numbers(f: Function, pointer: Value, names: Sequence[str]) -> dict[str, Value]:
    return {name: f.load("i64", pointer, 8 * i) for i, name in enumerate(names)}


def run(f: Function, work: str, frame: Value, chunks: Value, weight: Value, shared: bool) -> None:
    """Do all chunks: here, or shared between threads."""
    if not shared:
        with f.loop(chunks) as i:
            f.call(work, frame, i, chunks, result="i64")
        return
    few = weight < SMALL
    with f.when(few), f.loop(chunks) as i:
        f.call(work, frame, i, chunks, result="i64")
    with f.unless(few):
        pointer = Value(f, "ptr", f"@{work}")
        f.call("theon_parallel", pointer, frame, chunks, result="i64")
