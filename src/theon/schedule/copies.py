"""Views and copies of values, in native code."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import Expression, item, plus, times
from theon.schedule.lower import Lowering, lowers
from theon.schedule.sizes import minus

__all__ = ["backwards", "copied", "dense", "dense_strides", "joined", "moved"]


def copied(low: Lowering, to: int, source: int) -> int:
    """Copy a tensor into another one."""
    load = make("load", low.tensors[source].dtype, (), 0)
    low.fill(to, Expression(load, [(source, low.strides_of(source))], low.sizes_of(source)))
    return to


def dense(low: Lowering, source: int) -> int:
    """A contiguous copy."""
    return copied(low, low.fresh(None, low.tensors[source].dtype, low.sizes_of(source)), source)


def dense_strides(dtype: str, sizes: Sequence[Scalar]) -> list[Scalar]:
    """The strides of contiguous memory."""
    strides: list[Scalar] = []
    step = const(item(dtype))
    for n in reversed(sizes):
        strides.insert(0, step)
        step = times(step, n)
    return strides


def joined(low: Lowering, number: int, axis: int, count: int = 2) -> int:
    """Contiguous memory with ``count`` axes from ``axis`` on seen as one."""
    sizes = low.sizes_of(number)
    together = sizes[axis]
    for n in sizes[axis + 1 : axis + count]:
        together = times(together, n)
    sizes = (*sizes[:axis], together, *sizes[axis + count :])
    return low.view(number, sizes, dense_strides(low.tensors[number].dtype, sizes), low.offset_of(number))


def moved(low: Lowering, number: int, order: Sequence[int]) -> int:
    """The tensor with its axes in another order."""
    sizes, strides = low.sizes_of(number), low.strides_of(number)
    return low.view(number, [sizes[d] for d in order], [strides[d] for d in order], low.offset_of(number))


def backwards(low: Lowering, number: int, *axes: int) -> int:
    """The tensor with some axes read from their ends."""
    sizes, strides, offset = low.sizes_of(number), list(low.strides_of(number)), low.offset_of(number)
    for d in axes:
        offset = plus(offset, times(minus(sizes[d], const(1)), strides[d]))
        strides[d] = times(const(-1), strides[d])
    return low.view(number, sizes, strides, offset)


@lowers("ViewOp", "OutputGuard")
def view(low: Lowering, node: Apply) -> None:
    """The same memory."""
    (x,), (out,) = node.inputs, node.outputs
    if x in low.scalar:
        low.scalar[out] = low.scalar[x]
    else:
        low.memory[out] = low.as_tensor(x)


@lowers("DeepCopyOp")
def copy(low: Lowering, node: Apply) -> None:
    """Memory of its own."""
    (x,), (out,) = node.inputs, node.outputs
    number = low.as_tensor(x)
    t = low.tensors[number]
    target = low.fresh(out, t.dtype, low.sizes_of(number))
    if t.ndim:
        copied(low, target, number)
    else:
        low.host(make("elem", t.dtype, (), number), target)
    low.memory[out] = target
