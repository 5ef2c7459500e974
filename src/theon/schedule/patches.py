"""Patches of images as rows, and rows added up to images: one routine each."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Apply
from theon.kernel.scalar import BOOL, Scalar, const, make
from theon.schedule.expression import Expression, plus, product, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements, minus, over
from theon.schedule.step import NativeCall

__all__: list[str] = []


def _is(low: Lowering, op: str, x: Scalar, y: Scalar) -> None:
    low.check(make(op, BOOL, (x, y)))


def _axis(low: Lowering, mode: str, n: Scalar, width: Scalar, step: Scalar) -> tuple[Scalar, Scalar]:
    """How many patches there are along an axis, and how far the first lies before it. The reference says what does not fit."""
    _is(low, "ge", width, const(1))
    _is(low, "ge", step, const(1))
    half = over(width, const(2))
    if mode == "wrap_centered":
        _is(low, "eq", minus(width, times(half, const(2))), const(1))
        _is(low, "ge", n, width)
        return over(plus(n, minus(step, const(1))), step), half
    pad = {"half": half, "full": minus(width, const(1))}.get(mode, const(0))
    room = minus(plus(n, times(const(2), pad)), width)
    _is(low, "ge", room, const(0))
    count = over(room, step)
    if mode != "ignore_borders":
        _is(low, "eq", times(count, step), room)
    return plus(count, const(1)), pad


class _Patches:
    """The sizes of patches, and the numbers that the routines take."""

    def __init__(self, low: Lowering, op: Any, node: Apply, image: tuple[Scalar, ...]) -> None:
        dtype = node.outputs[0].type.dtype  # type: ignore[attr-defined]
        if dtype not in ("float32", "float64") or node.inputs[-3].type.dtype != dtype:  # type: ignore[attr-defined]
            raise Unsupported("patches of integers")
        self.dtype = dtype
        size, step = (elements(low, v, 2, exact=True) for v in node.inputs[-2:])
        if any(n.op == "const" and n.attr < 1 for n in (*size, *step)):
            raise Unsupported("patches of no size")  # the reference says so
        found = [_axis(low, op.mode, n, w, s) for n, w, s in zip(image[2:], size, step)]
        self.counts = [count for count, _ in found]
        wraps = const(int(op.mode == "wrap_centered"))
        self.numbers = (*size, *step, *(pad for _, pad in found), wraps)
        self.sizes = (*image[:2], *self.counts, *size)

    def matrix(self) -> tuple[Scalar, Scalar]:
        """The sizes of the rows of all patches."""
        return product(self.sizes[:4]), product(self.sizes[4:])

    def seen(self, low: Lowering, number: int) -> int:
        """Contiguous rows with all six dimensions."""
        strides: list[Scalar] = []
        step = low.strides_of(number)[1]
        for n in reversed(self.sizes):
            strides.insert(0, step)
            step = times(step, n)
        return low.view(number, self.sizes, strides, low.offset_of(number))


@lowers("Images2Neibs")
def patches(low: Lowering, node: Apply) -> None:
    """Each patch copied, zeros where it lies outside the image."""
    x = low.as_tensor(node.inputs[0])
    p = _Patches(low, node.op, node, low.sizes_of(x))
    out = low.fresh(None, p.dtype, p.matrix())
    low.steps.append(NativeCall("patches", (x,), (p.seen(low, out),), p.numbers, (), 0))
    low.memory[node.outputs[0]] = out


@lowers("Neibs2ImagesSum")
def patches_sum(low: Lowering, node: Apply) -> None:
    """Each element the sum over the patches that hold it."""
    images, rows = (low.as_tensor(v) for v in node.inputs[:2])
    image = low.sizes_of(images)
    p = _Patches(low, node.op, node, image)
    low.all_same(low.sizes_of(rows), p.matrix())
    if not low.is_dense(rows):
        copy = low.fresh(None, p.dtype, p.matrix())
        load = make("load", p.dtype, (), 0)
        low.fill(copy, Expression(load, [(rows, low.strides_of(rows))], low.sizes_of(rows)))
        rows = copy
    out = low.fresh(node.outputs[0], p.dtype, image)
    low.steps.append(NativeCall("patches_sum", (p.seen(low, rows),), (out,), p.numbers, (), 0))
    low.memory[node.outputs[0]] = out
