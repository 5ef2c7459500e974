"""Products with chosen blocks of a block matrix: the result begun as what is added to, then one routine."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.scalar import INDEX
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.step import NativeCall

__all__: list[str] = []


def _begun(low: Lowering, node: Apply, floats: Sequence[Variable]) -> int:
    """New memory that holds what is added to."""
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64") or any(v.type.dtype != dtype for v in floats):  # type: ignore[attr-defined]
        raise Unsupported("products of integers or of mixed dtypes")
    start = low.as_expression(node.inputs[0])
    number = low.fresh(None, dtype, start.sizes)
    low.fill(number, start)
    return number


@lowers("SparseBlockGemv")
def product(low: Lowering, node: Apply) -> None:
    """Sizes that do not fit are left to the reference; the routine says where a block is not there."""
    o, W, h, ins, outs = node.inputs
    number = _begun(low, node, (o, W, h))
    w, vectors = low.as_tensor(W), low.as_tensor(h)
    rows, columns = low.as_dtype(ins, INDEX), low.as_dtype(outs, INDEX)
    sizes, blocks, given = (low.sizes_of(n) for n in (number, w, vectors))
    in_use, wanted = low.sizes_of(rows), low.sizes_of(columns)
    equal = [(sizes[0], n[0]) for n in (given, in_use, wanted)]
    equal += [(given[1], in_use[1]), (sizes[1], wanted[1]), (given[2], blocks[2]), (sizes[2], blocks[3])]
    for a, b in equal:
        low.same(a, b)
    low.steps.append(NativeCall("block_gemv", (w, vectors, rows, columns), (number,), (), (), 0))
    low.memory[node.outputs[0]] = number


@lowers("SparseBlockOuter")
def outer(low: Lowering, node: Apply) -> None:
    """The same."""
    o, x, y, xs, ys, alpha = node.inputs
    number = _begun(low, node, (o, x, y, alpha))
    left, right, scale = low.as_tensor(x), low.as_tensor(y), low.as_tensor(alpha)
    rows, columns = low.as_dtype(xs, INDEX), low.as_dtype(ys, INDEX)
    sizes, a, b = (low.sizes_of(n) for n in (number, left, right))
    in_a, in_b = low.sizes_of(rows), low.sizes_of(columns)
    equal = [(a[0], n[0]) for n in (b, in_a, in_b)]
    equal += [(a[1], in_a[1]), (b[1], in_b[1]), (a[2], sizes[2]), (b[2], sizes[3])]
    for m, n in equal:
        low.same(m, n)
    low.steps.append(NativeCall("block_outer", (left, right, rows, columns, scale), (number,), (), (), 0))
    low.memory[node.outputs[0]] = number
