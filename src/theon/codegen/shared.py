"""What native routines have in common: tensors as blocks of words, and work shared between threads."""

from __future__ import annotations

from collections.abc import Sequence

from theon.codegen.native import Function, Value

__all__ = ["LOCK", "Block", "give_slot", "numbers", "run", "take_slot"]

LOCK = 64  # bytes in front of each thread's workspace
SMALL = 1_000_000  # simple operations from which threads are worth waking


class Block:
    """A tensor as the program passes it."""

    def __init__(self, f: Function, pointer: Value, ndim: int) -> None:
        self.data = f.load("ptr", pointer)
        self.sizes = [f.load("i64", pointer, 8 * (1 + d)) for d in range(ndim)]
        self.strides = [f.load("i64", pointer, 8 * (1 + ndim + d)) for d in range(ndim)]

    def member(self, f: Function, index: Value) -> Block:
        """One of those that lie along the first dimension."""
        one = Block.__new__(Block)
        one.data = f.at(self.data, index * self.strides[0])
        one.sizes, one.strides = self.sizes[1:], self.strides[1:]
        return one


def numbers(f: Function, pointer: Value, names: Sequence[str]) -> dict[str, Value]:
    """A routine's numbers by their names."""
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


def take_slot(f: Function, slots: Value, count: Value, size: Value, first: Value | None = None) -> Value:
    """A workspace that no other thread uses; there is one for each thread.

    Looked for first at number ``first``: where the thread to which the chunk was dealt had one before, which lies in its caches.
    """
    at = f.variable("i64", f["chunk"] * count // f["chunks"] if first is None else first)
    f.count += 1
    n = f.count
    f.emit(f"br label %seek{n}")
    f.label(f"seek{n}")
    here = at.get()
    place = f.at(slots, here * size)
    pair = f.new("{ i64, i1 }", f"cmpxchg ptr {place.text}, i64 0, i64 1 acquire monotonic")
    mine = f.new("i1", f"extractvalue {{ i64, i1 }} {pair.text}, 1")
    after = here + 1
    at.set(f.select(after < count, after, 0))
    f.emit(f"br i1 {mine.text}, label %found{n}, label %seek{n}")
    f.label(f"found{n}")
    return place


def give_slot(f: Function, place: Value) -> None:
    """Let others use a workspace again."""
    f.emit(f"store atomic i64 0, ptr {place.text} release, align 8")
