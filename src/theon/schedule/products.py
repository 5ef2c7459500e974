"""Products of matrices and vectors: BLAS, or a sum where both are vectors."""

from __future__ import annotations

from collections.abc import Sequence

from theon.graph.variable import Apply, Variable
from theon.kernel.pairs import PART, pair, parts_of
from theon.kernel.scalar import Scalar, const, make
from theon.ops.arith import CASTS
from theon.schedule.expression import Expression, item, k, renumbered
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.reduce import reduce
from theon.schedule.step import NativeCall

__all__: list[str] = []

# What sums of products are computed with.
_WIDE = {"float32": "float64", "complex64": "complex128", "float64": "float64", "complex128": "complex128"}


@lowers("Dot")
def dot(low: Lowering, node: Apply) -> None:
    """BLAS, with strides as they are; two vectors are one sum."""
    x, y = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if dtype in PART:
        _of_complex(low, node)
        return
    if dtype not in ("float32", "float64"):
        _summed(low, node)
        return
    if any(v.type.dtype != dtype for v in (x, y)):  # type: ignore[attr-defined]
        x, y = (_converted(low, v, dtype) for v in (x, y))
    if x.type.ndim == 1 and y.type.ndim == 1:  # type: ignore[attr-defined]
        a, b = low.as_expression(x), low.as_expression(y)
        low.same(a.sizes[0], b.sizes[0])
        shift = len(a.operands)
        value = k.mul(
            k.cast(a.value, "float64"),
            k.cast(renumbered(b.value, [shift + i for i in range(len(b.operands))]), "float64"),
        )
        if x.type.broadcastable != y.type.broadcastable:  # type: ignore[attr-defined]
            raise Unsupported("a vector of one element")
        reduce(low, out, Expression(value, [*a.operands, *b.operands], a.sizes), (0,), "add", "float64", dtype)
        return
    left = _matrix(low, low.as_tensor(x), row=True)
    right = _matrix(low, low.as_tensor(y), row=False)
    low.same(low.sizes_of(left)[1], low.sizes_of(right)[0])
    rows, columns = low.sizes_of(left)[0], low.sizes_of(right)[1]
    sizes = tuple(n for n, v in ((rows, x), (columns, y)) if v.type.ndim == 2)  # type: ignore[attr-defined]
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
    plain = dtype in ("float32", "float64") and all(v.type.dtype == dtype for v in (x, y))  # type: ignore[attr-defined]
    if not plain and dtype not in PART:
        raise Unsupported("a product of integers or of mixed dtypes")
    if ranks != (3, 3):
        axes = {(2, 2): ((0, 1), (0, 1)), (2, 3): ((0, 1, None), (0, 1, 2)), (3, 2): ((0, 1, 2), (0, None, 1))}[ranks]
        a, b = (_spread(low.as_expression(v), along) for v, along in zip((x, y), axes))
        for d, (m, n) in enumerate(zip(*axes)):
            if m is not None and n is not None:
                low.same(a.sizes[d], b.sizes[d])
        sizes = tuple(b.sizes[d] if m is None else a.sizes[d] for d, m in enumerate(axes[0]))
        shift = len(a.operands)
        value = k.mul(a.value, renumbered(b.value, [shift + i for i in range(len(b.operands))]))
        value = k.cast(value, dtype)
        summed = 2 if ranks == (3, 2) else 1
        reduce(low, out, Expression(value, [*a.operands, *b.operands], sizes), (summed,), "add", dtype, dtype)
        return
    if dtype in PART:
        factors = [_parts(low, v, PART[dtype]) for v in (x, y)]
        (members, rows, depth), (others, inner, columns) = (low.sizes_of(own[0]) for own in factors)
        low.same(members, others)
        low.same(depth, inner)
        _products_of_parts(low, out, "gemm_stack", factors, (members, rows, columns), [0, 1, 2])
        return
    left, right = low.as_tensor(x), low.as_tensor(y)
    (members, rows, depth), (others, inner, columns) = low.sizes_of(left), low.sizes_of(right)
    low.same(members, others)
    low.same(depth, inner)
    number = low.fresh(out, dtype, (members, rows, columns))
    low.steps.append(NativeCall("gemm_stack", (left, right), (number,), (), (), 0))
    low.memory[out] = number


def _spread(found: Expression, axes: tuple[int | None, ...]) -> Expression:
    """An expression seen along ``axes``, where None is one that it does not have."""
    operands = [(n, tuple(None if d is None else strides[d] for d in axes)) for n, strides in found.operands]
    return Expression(found.value, operands, tuple(const(1) if d is None else found.sizes[d] for d in axes))


def _of_complex(low: Lowering, node: Apply) -> None:
    """Products of the real and imaginary parts, each as one matrix of floats."""
    x, y = node.inputs
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    if x.type.ndim == 1 and y.type.ndim == 1:  # type: ignore[attr-defined]
        a, b = low.as_expression(x), low.as_expression(y)
        low.same(a.sizes[0], b.sizes[0])
        if x.type.broadcastable != y.type.broadcastable:  # type: ignore[attr-defined]
            raise Unsupported("a vector of one element")
        shift = len(a.operands)
        other = renumbered(b.value, [shift + i for i in range(len(b.operands))])
        value = k.mul(k.cast(a.value, _WIDE[a.value.dtype]), k.cast(other, _WIDE[other.dtype]))
        found = Expression(value, [*a.operands, *b.operands], a.sizes)
        reduce(low, out, found, (0,), "add", "complex128", dtype)
        return
    left, right = (
        [_matrix(low, t, row=row) for t in _parts(low, v, PART[dtype])] for v, row in ((x, True), (y, False))
    )
    low.same(low.sizes_of(left[0])[1], low.sizes_of(right[0])[0])
    rows, columns = low.sizes_of(left[0])[0], low.sizes_of(right[0])[1]
    kept = [d for d, v in enumerate((x, y)) if v.type.ndim == 2]  # type: ignore[attr-defined]
    _products_of_parts(low, out, "gemm", (left, right), (rows, columns), kept)


def _summed(low: Lowering, node: Apply) -> None:
    """A product of integers: a sum for each element."""
    (out,) = node.outputs
    dtype = out.type.dtype  # type: ignore[attr-defined]
    ranks = [v.type.ndim for v in node.inputs]  # type: ignore[attr-defined]
    axes = ((0, None, 1) if ranks[0] == 2 else (None, None, 0), (None, 1, 0) if ranks[1] == 2 else (None, None, 0))
    a, b = (_spread(low.as_expression(v), along) for v, along in zip(node.inputs, axes))
    low.same(a.sizes[2], b.sizes[2])
    shift = len(a.operands)
    other = renumbered(b.value, [shift + i for i in range(len(b.operands))])
    value = k.mul(k.cast(a.value, dtype), k.cast(other, dtype))
    sizes, kept = [a.sizes[0], b.sizes[1], a.sizes[2]], [d for d in (0, 1) if ranks[d] == 2]
    dims = [*kept, 2]
    operands = [(n, tuple(s[d] for d in dims)) for n, s in (*a.operands, *b.operands)]
    found = Expression(value, operands, tuple(sizes[d] for d in dims))
    reduce(low, out, found, (len(kept),), "add", dtype, dtype)


def _converted(low: Lowering, x: Variable, dtype: str) -> Variable:
    if x.type.dtype == dtype:  # type: ignore[attr-defined]
        return x
    found: Variable = CASTS[dtype](x)
    assert found.owner is not None
    low.node(found.owner)
    return found


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
