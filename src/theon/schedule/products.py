"""Products of matrices and vectors: BLAS, or a sum where both are vectors."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.pairs import PART, pair, parts_of
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import Expression, item, k, renumbered
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.reduce import reduce
from theon.schedule.sizes import only_sized
from theon.schedule.step import NativeCall

__all__: list[str] = []

# What sums of products of two vectors are computed with, where it is not their dtype.
_WIDE = {"float16": "float32", "float32": "float64", "complex64": "complex128"}


@lowers("Dot")
def dot(low: Lowering, node: Apply) -> None:
    """BLAS, with strides as they are; two vectors are one sum."""
    x, y = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if x.type.ndim == 1 and y.type.ndim == 1:  # type: ignore[attr-defined]
        if x.type.broadcastable != y.type.broadcastable:  # type: ignore[attr-defined]
            raise Unsupported("a vector of one element")
        _summed(low, out, (x, y), (0,), (0,), (0,), _WIDE.get(dtype, dtype))
        return
    if dtype in PART:
        _of_complex(low, node)
        return
    if dtype not in ("float32", "float64"):
        # Row by row of the second factor, as these lie in memory.
        ranks = x.type.ndim, y.type.ndim  # type: ignore[attr-defined]
        axes = {
            (2, 2): ((0, 1, None), (None, 0, 1), (1,)),
            (2, 1): ((0, 1), (None, 0), (1,)),
            (1, 2): ((0, None), (0, 1), (0,)),
        }
        _summed(low, out, (x, y), *axes[ranks], "float32" if dtype == "float16" else dtype)
        return
    left = _matrix(low, low.as_dtype(x, dtype), row=True)
    right = _matrix(low, low.as_dtype(y, dtype), row=False)
    low.same(low.sizes_of(left)[1], low.sizes_of(right)[0])
    rows, columns = low.sizes_of(left)[0], low.sizes_of(right)[1]
    sizes = tuple(n for n, v in ((rows, x), (columns, y)) if v.type.ndim == 2)  # type: ignore[attr-defined]
    if only_sized(low, out, sizes):
        return
    number = low.fresh(out, dtype, sizes)
    whole = number
    if len(sizes) == 1:
        step = const(item(dtype))
        whole = low.view(number, (rows, columns), (step, step), low.offset_of(number))
    low.steps.append(NativeCall("gemm", (left, right), (whole,), (), (), 0))
    low.memory[out] = number


@lowers("BatchedDot")
def batched_dot(low: Lowering, node: Apply) -> None:
    """Stacks of matrices by one routine; with vectors it is a sum of products, which are never stored."""
    x, y = node.inputs
    (out,) = node.outputs
    dtype, ranks = out.type.dtype, (x.type.ndim, y.type.ndim)  # type: ignore[attr-defined]
    if ranks != (3, 3) or dtype not in (*PART, "float32", "float64"):
        axes = {
            (2, 2): ((0, 1), (0, 1), (1,)), (2, 3): ((0, 1, None), (0, 1, 2), (1,)), (3, 2): ((0, 1, 2), (0, None, 1), (2,)),
            (3, 3): ((0, 1, 2, None), (0, None, 1, 2), (2,)),
        }  # fmt: skip
        _summed(low, out, (x, y), *axes[ranks], "float32" if dtype == "float16" else dtype)
        return
    if dtype in PART:
        factors = [_parts(low, v, PART[dtype]) for v in (x, y)]
        (members, rows, depth), (others, inner, columns) = (low.sizes_of(own[0]) for own in factors)
        low.same(members, others)
        low.same(depth, inner)
        _products_of_parts(low, out, "gemm_stack", factors, (members, rows, columns), [0, 1, 2])
        return
    left, right = (low.as_dtype(v, dtype) for v in (x, y))
    (members, rows, depth), (others, inner, columns) = low.sizes_of(left), low.sizes_of(right)
    low.same(members, others)
    low.same(depth, inner)
    if only_sized(low, out, (members, rows, columns)):
        return
    number = low.fresh(out, dtype, (members, rows, columns))
    low.steps.append(NativeCall("gemm_stack", (left, right), (number,), (), (), 0))
    low.memory[out] = number


Axes = tuple[int | None, ...]


def _summed(
    low: Lowering, out: Variable, factors: tuple[Variable, Variable], x_axes: Axes, y_axes: Axes, over: tuple[int, ...], wide: str
) -> None:  # fmt: skip
    """Sums of products that are never stored, of factors seen along axes where None is one that they do not have."""
    a, b = (_spread(low.as_expression(v), along) for v, along in zip(factors, (x_axes, y_axes)))
    for d, (m, n) in enumerate(zip(x_axes, y_axes)):
        if m is not None and n is not None:
            low.same(a.sizes[d], b.sizes[d])
    sizes = tuple(b.sizes[d] if m is None else a.sizes[d] for d, m in enumerate(x_axes))
    shift = len(a.operands)
    other = renumbered(b.value, [shift + i for i in range(len(b.operands))])
    value = k.mul(k.cast(a.value, wide), k.cast(other, wide))
    dtype = out.type.dtype  # type: ignore[attr-defined]
    reduce(low, out, Expression(value, [*a.operands, *b.operands], sizes), over, "add", wide, dtype)


def _spread(found: Expression, axes: Axes) -> Expression:
    """An expression seen along ``axes``, where None is one that it does not have."""
    operands = [(n, tuple(None if d is None else strides[d] for d in axes)) for n, strides in found.operands]
    return Expression(found.value, operands, tuple(const(1) if d is None else found.sizes[d] for d in axes))


def _of_complex(low: Lowering, node: Apply) -> None:
    """Products of the real and imaginary parts, each as one matrix of floats."""
    x, y = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    left, right = (
        [_matrix(low, t, row=row) for t in _parts(low, v, PART[dtype])] for v, row in ((x, True), (y, False))
    )
    low.same(low.sizes_of(left[0])[1], low.sizes_of(right[0])[0])
    rows, columns = low.sizes_of(left[0])[0], low.sizes_of(right[0])[1]
    kept = [d for d, v in enumerate((x, y)) if v.type.ndim == 2]  # type: ignore[attr-defined]
    _products_of_parts(low, out, "gemm", (left, right), (rows, columns), kept)


def _products_of_parts(
    low: Lowering, out: Variable, routine: str, factors: Sequence[list[int]], sizes: Sequence[Scalar], kept: Sequence[int]
) -> None:  # fmt: skip
    """The complex product of what has real and, in places, imaginary parts; its dimensions are some of the real products'."""
    dtype = PART[out.type.dtype]  # type: ignore[attr-defined]
    products: dict[tuple[int, int], int] = {}
    for i, a in enumerate(factors[0]):
        for j, b in enumerate(factors[1]):
            products[i, j] = low.fresh(None, dtype, tuple(sizes))
            low.steps.append(NativeCall(routine, (a, b), (products[i, j],), (), (), 0))
    loads = {place: make("load", dtype, (), n) for n, place in enumerate(products)}
    nothing = const(0.0, dtype)
    re, im = loads[0, 0], k.add(loads.get((0, 1), nothing), loads.get((1, 0), nothing))
    if (1, 1) in loads:
        re = k.sub(re, loads[1, 1])
    operands: list[tuple[int, tuple[Scalar | None, ...]]] = [
        (n, tuple(low.strides_of(n)[d] for d in kept)) for n in products.values()
    ]
    low.pending[out] = Expression(pair(re, im), operands, tuple(sizes[d] for d in kept))


def _parts(low: Lowering, variable: Variable, dtype: str) -> list[int]:
    """The real and, of complex numbers, the imaginary parts of an array, each side by side in memory."""
    found = low.as_expression(variable)
    values = parts_of(found.value)[: 2 if found.value.dtype in PART else 1]
    numbers = [low.fresh(None, dtype, found.sizes) for _ in values]
    for number, value in zip(numbers, values):
        low.fill(number, Expression(k.cast(value, dtype), found.operands, found.sizes))
    return numbers


def _matrix(low: Lowering, number: int, row: bool) -> int:
    """A vector as a matrix of one row or one column."""
    t = low.tensors[number]
    sizes, strides, offset = low.sizes_of(number), low.strides_of(number), low.offset_of(number)
    if t.ndim == 2:
        return low.view(number, sizes, strides, offset)
    size = const(item(t.dtype))
    if row:
        return low.view(number, (const(1), sizes[0]), (size, strides[0]), offset)
    return low.view(number, (sizes[0], const(1)), (strides[0], size), offset)
