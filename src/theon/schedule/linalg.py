"""Decompositions, inverses and solving as native routines: operands computed into the memory that LAPACK overwrites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply, Variable
from theon.kernel.build import Builder
from theon.kernel.scalar import BOOL, Scalar, const, make
from theon.schedule.expression import Expression, item, plus, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.reduce import reduce
from theon.schedule.sizes import least, most
from theon.schedule.step import Branch, NativeCall

__all__: list[str] = []

k = Builder()
_BLOCK = 64  # columns that LAPACK treats together at most: what workspaces are made for


def _dtype(node: Apply) -> str:
    """The one dtype of operands and results."""
    dtypes = {v.type.dtype for v in (*node.inputs, *node.outputs)}  # type: ignore[attr-defined]
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise Unsupported("mixed dtypes, or others than float32 and float64")
    return str(dtypes.pop())


def _square(low: Lowering, sizes: Sequence[Scalar]) -> Scalar:
    """The size of a square matrix."""
    low.same(sizes[0], sizes[1])
    return sizes[0]


def _dense(low: Lowering, value: Expression, dtype: str, out: Variable | None = None) -> int:
    """A value in dense memory of its own, which a routine may overwrite."""
    number = low.fresh(out, dtype, value.sizes)
    if not low.is_dense(number):
        raise Unsupported("a place that is not contiguous")
    low.fill(number, value)
    return number


def _expression(low: Lowering, variable: Variable) -> Expression:
    """A matrix or vector as an expression of its own sizes, also where a size is known to be 1."""
    return low.as_expression(variable, positional=True)


def _columns(low: Lowering, dtype: str, sizes: Sequence[Scalar]) -> int:
    """Memory for a matrix whose columns are contiguous."""
    rows, columns = sizes
    number = low.fresh(None, dtype, (columns, rows))
    step = const(item(dtype))
    return low.view(number, (rows, columns), (step, times(step, most(rows, const(1)))), const(0))


def _vector(low: Lowering, dtype: str, n: Scalar) -> int:
    return low.fresh(None, dtype, (n,))


def _as_matrix(low: Lowering, number: int) -> int:
    """A vector as a matrix of one column."""
    t = low.tensors[number]
    if t.ndim == 2:
        return number
    (n,), (step,) = low.sizes_of(number), low.strides_of(number)
    return low.view(number, (n, const(1)), (step, step), low.offset_of(number))


def _call(low: Lowering, name: str, inputs: Sequence[int], outputs: Sequence[int], *attrs: Any) -> None:
    """A step that calls a routine; what it overwrites is among the outputs."""
    low.steps.append(NativeCall(name, tuple(inputs), tuple(outputs), (), attrs, 0))


@lowers("Cholesky")
def cholesky(low: Lowering, node: Apply) -> None:
    """The matrix is computed where its factor comes to lie."""
    op: Any = node.op
    dtype = _dtype(node)
    value = _expression(low, node.inputs[0])
    _square(low, value.sizes)
    number = _dense(low, value, dtype, node.outputs[0])
    _call(low, "cholesky", (), (number,), bool(op.lower), op.on_error == "nan")
    low.memory[node.outputs[0]] = number


@lowers("CholeskyInverse")
def cholesky_inverse(low: Lowering, node: Apply) -> None:
    """The factor is copied to where the inverse comes to lie."""
    op: Any = node.op
    dtype = _dtype(node)
    value = _expression(low, node.inputs[0])
    _square(low, value.sizes)
    number = _dense(low, value, dtype, node.outputs[0])
    _call(low, "cholesky_inverse", (), (number,), bool(op.lower))
    low.memory[node.outputs[0]] = number


def _near(low: Lowering, number: int) -> Scalar | None:
    """Whether the rows or the columns of a square matrix are contiguous; None where that is known."""
    if low.is_dense(number):
        return None
    t = low.tensors[number]
    (n, _), strides, step = low.sizes_of(number), low.strides_of(number), const(item(t.dtype))
    line = times(step, n)
    found: Scalar | None = None
    for near, far in ((strides[1], strides[0]), (strides[0], strides[1])):
        if near is step and far is line:
            return None
        both = make("and", BOOL, (make("eq", BOOL, (near, step)), make("ge", BOOL, (far, line))))
        found = both if found is None else make("or", BOOL, (found, both))
    return found


def _triangular(low: Lowering, node: Apply, dtype: str, lower: bool) -> None:
    A, b = node.inputs
    (out,) = node.outputs
    a = low.as_tensor(A)
    value = _expression(low, b)
    low.same(_square(low, low.sizes_of(a)), value.sizes[0])
    near = _near(low, a)
    number = _dense(low, value, dtype, out)
    whole = _as_matrix(low, number)
    if near is None:
        _call(low, "triangular", (a,), (whole,), lower, False)
    else:
        before, low.steps = low.steps, []
        _call(low, "triangular", (a,), (whole,), lower, False)
        direct, low.steps = low.steps, []
        load = make("load", dtype, (), 0)
        copy = _dense(low, Expression(load, [(a, tuple(low.strides_of(a)))], low.sizes_of(a)), dtype)
        _call(low, "triangular", (copy,), (whole,), lower, False)
        copied, low.steps = low.steps, before
        low.steps.append(Branch(near, tuple(direct), tuple(copied)))
    low.memory[out] = number


@lowers("Solve")
def solve(low: Lowering, node: Apply) -> None:
    """By what is known of the matrix; the factors and the solution's columns are in the program's memory."""
    op: Any = node.op
    dtype = _dtype(node)
    kind = op.A_structure
    if kind in ("lower_triangular", "upper_triangular"):
        _triangular(low, node, dtype, kind == "lower_triangular")
        return
    if kind in ("banded", "diagonal", "toeplitz"):
        kind = "general"
    A, b = node.inputs
    (out,) = node.outputs
    left, right = _expression(low, A), _expression(low, b)
    n = _square(low, left.sizes)
    low.same(n, right.sizes[0])
    factors = _dense(low, left, dtype)
    one = len(right.sizes) == 1
    if one:
        number = _dense(low, right, dtype, out)
        whole = _as_matrix(low, number)
    else:
        number = whole = _columns(low, dtype, right.sizes)
        low.fill(number, right)
    if kind == "general":
        _call(low, "general", (), (factors, _vector(low, "int32", n), whole))
    elif kind == "positive_definite":
        _call(low, "positive", (), (factors, whole), bool(op.lower))
    else:
        work = _vector(low, dtype, plus(times(n, const(_BLOCK)), const(1)))
        _call(low, "symmetric", (), (factors, _vector(low, "int32", n), work, whole), bool(op.lower))
    low.memory[out] = number


@lowers("MatrixInverse")
def inverse(low: Lowering, node: Apply) -> None:
    """The matrix is computed where its inverse comes to lie."""
    dtype = _dtype(node)
    value = _expression(low, node.inputs[0])
    n = _square(low, value.sizes)
    number = _dense(low, value, dtype, node.outputs[0])
    work = _vector(low, dtype, plus(times(n, const(_BLOCK)), const(1)))
    _call(low, "inverse", (), (_vector(low, "int32", n), work, number))
    low.memory[node.outputs[0]] = number


@lowers("LUFactors")
def factors(low: Lowering, node: Apply) -> None:
    """The matrix is computed where its factors come to lie."""
    packed, pivots = node.outputs
    value = _expression(low, node.inputs[0])
    dtype = str(packed.type.dtype)  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64"):
        raise Unsupported(dtype)
    n = _square(low, value.sizes)
    number = _dense(low, value, dtype, packed)
    exchanged = _vector(low, "int32", n)
    _call(low, "lu_factors", (), (number, exchanged))
    low.memory[packed] = number
    load = make("load", "int32", (), 0)
    low.pending[pivots] = Expression(
        k.sub(load, const(1, "int32")), [(exchanged, (*low.strides_of(exchanged),))], low.sizes_of(exchanged)
    )


def _factors(low: Lowering, node: Apply) -> tuple[int, int, str]:
    """Factors and exchanges as LAPACK reads them: dense, counted from 1."""
    packed, pivots = node.inputs[:2]
    dtype = str(packed.type.dtype)  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64") or pivots.type.dtype != "int32":  # type: ignore[attr-defined]
        raise Unsupported(dtype)
    a, counted = low.as_tensor(packed), _expression(low, pivots)
    low.same(_square(low, low.sizes_of(a)), counted.sizes[0])
    if not low.is_dense(a):
        whole = Expression(make("load", dtype, (), 0), [(a, (*low.strides_of(a),))], low.sizes_of(a))
        a = _dense(low, whole, dtype)
    value = k.add(counted.value, const(1, "int32"))
    return a, _dense(low, Expression(value, counted.operands, counted.sizes), "int32"), dtype


@lowers("LUSolve")
def solve_with_factors(low: Lowering, node: Apply) -> None:
    """The solution's columns are where the right side was."""
    op: Any = node.op
    (out,) = node.outputs
    a, exchanged, dtype = _factors(low, node)
    if any(v.type.dtype != dtype for v in (node.inputs[2], out)):  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes")
    right = _expression(low, node.inputs[2])
    low.same(low.sizes_of(a)[0], right.sizes[0])
    if len(right.sizes) == 1:
        number = _dense(low, right, dtype, out)
        whole = _as_matrix(low, number)
    else:
        number = whole = _columns(low, dtype, right.sizes)
        low.fill(number, right)
    _call(low, "lu_solve", (a, exchanged), (whole,), bool(op.transposed))
    low.memory[out] = number


@lowers("LUInverse")
def inverse_of_factors(low: Lowering, node: Apply) -> None:
    """The factors are copied to where the inverse comes to lie."""
    _, exchanged, dtype = _factors(low, node)
    value = _expression(low, node.inputs[0])
    number = _dense(low, value, dtype, node.outputs[0])
    work = _vector(low, dtype, plus(times(value.sizes[0], const(_BLOCK)), const(1)))
    _call(low, "lu_inverse", (exchanged, work), (number,))
    low.memory[node.outputs[0]] = number


@lowers("Det", "SLogDet")
def determinant(low: Lowering, node: Apply) -> None:
    """By LU factors of a copy."""
    dtype = _dtype(node)
    value = _expression(low, node.inputs[0])
    n = _square(low, value.sizes)
    factors, pivots = _dense(low, value, dtype), _vector(low, "int32", n)
    outs = [low.fresh(v, dtype, ()) for v in node.outputs]
    _call(low, "determinant", (), (factors, pivots, *outs), len(outs) == 2)
    for v, number in zip(node.outputs, outs):
        low.memory[v] = number


def _wide(low: Lowering, variable: Variable) -> Expression:
    """A matrix in double precision: NumPy finds eigenvalues and singular values of float32 so, and signs of vectors follow."""
    found = _expression(low, variable)
    return Expression(k.cast(found.value, "float64"), found.operands, found.sizes)


def _deliver(low: Lowering, variable: Variable, number: int) -> None:
    """What was found, as the variable's dtype."""
    dtype = str(variable.type.dtype)  # type: ignore[attr-defined]
    if dtype == low.tensors[number].dtype:
        low.memory[variable] = number
        return
    value = k.cast(make("load", low.tensors[number].dtype, (), 0), dtype)
    low.pending[variable] = Expression(value, [(number, (*low.strides_of(number),))], low.sizes_of(number))


def _values(low: Lowering, variable: Variable, n: Scalar) -> int:
    """Memory for a vector of doubles; the variable's own where it has this dtype."""
    same = variable.type.dtype == "float64"  # type: ignore[attr-defined]
    number = low.fresh(variable if same else None, "float64", (n,))
    if not low.is_dense(number):
        raise Unsupported("a place that is not contiguous")
    return number


@lowers("Eigh")
def eigh(low: Lowering, node: Apply) -> None:
    """The matrix is laid out in columns, as NumPy does, so that the vectors have the same signs; they are where it was."""
    op: Any = node.op
    _dtype(node)
    dtype = "float64"
    values, vectors = node.outputs
    found = _wide(low, node.inputs[0])
    n = _square(low, found.sizes)
    wanted = bool(low.fgraph.clients(vectors))
    number, w = _columns(low, dtype, found.sizes), _values(low, values, n)
    low.fill(number, found)
    square = times(n, n)
    if wanted:
        length, count = (
            plus(plus(times(const(6), n), const(1)), times(const(2), square)),
            plus(times(const(5), n), const(3)),
        )
        length = most(length, times(n, const(_BLOCK + 2)))
    else:
        length, count = plus(times(const(_BLOCK + 2), n), const(1)), const(1)
    _call(
        low, "eigh", (), (number, w, _vector(low, dtype, length), _vector(low, "int32", count)), op.UPLO == "L", wanted
    )
    _deliver(low, values, w)
    _deliver(low, vectors, number)


@lowers("Eig")
def eig(low: Lowering, node: Apply) -> None:
    """The matrix is laid out in columns; values that are not real are left to the reference, which refuses them."""
    _dtype(node)
    dtype = "float64"
    values, vectors = node.outputs
    found = _wide(low, node.inputs[0])
    n = _square(low, found.sizes)
    a, v = _columns(low, dtype, found.sizes), _columns(low, dtype, found.sizes)
    low.fill(a, found)
    w = _values(low, values, n)
    work = _vector(low, dtype, plus(times(const(_BLOCK), n), const(1)))
    _call(low, "eig", (), (a, w, v, _vector(low, dtype, n), work))
    _deliver(low, values, w)
    _deliver(low, vectors, v)


@lowers("Eigvalsh")
def eigvalsh(low: Lowering, node: Apply) -> None:
    """Both matrices are overwritten."""
    op: Any = node.op
    dtype = _dtype(node)
    found = [_expression(low, v) for v in node.inputs]
    n = _square(low, found[0].sizes)
    low.same(n, _square(low, found[1].sizes))
    a, b = (_dense(low, v, dtype) for v in found)
    w = low.fresh(node.outputs[0], dtype, (n,))
    work = _vector(low, dtype, plus(times(const(_BLOCK + 2), n), const(1)))
    _call(low, "generalised", (), (a, b, w, work, _vector(low, "int32", const(1))), bool(op.lower))
    low.memory[node.outputs[0]] = w


@lowers("SVD")
def svd(low: Lowering, node: Apply) -> None:
    """Everything is laid out in columns, as NumPy does, so that the vectors have the same signs."""
    op: Any = node.op
    _dtype(node)
    dtype = "float64"
    found = _wide(low, node.inputs[0])
    rows, columns = found.sizes
    short, long = least(rows, columns), most(rows, columns)
    a = _columns(low, dtype, found.sizes)
    low.fill(a, found)
    task = "N" if not op.compute_uv else "A" if op.full_matrices else "S"
    if task == "A":
        # Of an empty matrix LAPACK makes no vectors.
        low.check(make("lt", BOOL, (const(0), short)))
    extra = times(const(_BLOCK), plus(short, long))
    length = plus(plus(times(const(5), times(short, short)), times(const(10), short)), plus(extra, const(64)))
    work, whole = _vector(low, dtype, length), _vector(low, "int32", plus(times(const(8), short), const(1)))
    if task == "N":
        s = _values(low, node.outputs[0], short)
        _call(low, "svd", (), (a, s, work, whole), task)
        _deliver(low, node.outputs[0], s)
        return
    values = node.outputs[1]
    numbers = [
        _columns(low, dtype, (rows, rows if task == "A" else short)),
        _values(low, values, short),
        _columns(low, dtype, (columns if task == "A" else short, columns)),
    ]
    _call(low, "svd", (), (a, *numbers, work, whole), task)
    for v, number in zip(node.outputs, numbers):
        _deliver(low, v, number)


@lowers("QRFull", "QRIncomplete")
def qr(low: Lowering, node: Apply) -> None:
    """The matrix is laid out in columns; Q is in columns too."""
    op: Any = node.op
    if op.mode not in ("reduced", "complete", "r", "raw"):
        raise Unsupported(op.mode)
    dtype = _dtype(node)
    found = _expression(low, node.inputs[0])
    rows, columns = found.sizes
    short = least(rows, columns)
    height = rows if op.mode == "complete" else short
    a = _columns(low, dtype, found.sizes)
    low.fill(a, found)
    tau = _vector(low, dtype, short)
    work = _vector(low, dtype, plus(times(const(_BLOCK), plus(rows, columns)), const(1)))
    if op.mode == "raw":
        _call(low, "qr", (), (a, tau, work, low.fresh(None, dtype, (height, columns))), False)
        low.memory[node.outputs[0]] = low.view(a, (columns, rows), (*reversed(low.strides_of(a)),), low.offset_of(a))
        low.memory[node.outputs[1]] = tau
        return
    r = low.fresh(node.outputs[-1], dtype, (height, columns))
    low.memory[node.outputs[-1]] = r
    if op.mode == "r":
        _call(low, "qr", (), (a, tau, work, r), False)
        return
    q = _columns(low, dtype, (rows, height))
    _call(low, "qr", (), (a, tau, work, r, q), True)
    low.memory[node.outputs[0]] = q


@lowers("LU")
def lu(low: Lowering, node: Apply) -> None:
    """The matrix is laid out in columns; the factors are rows."""
    op: Any = node.op
    dtype = _dtype(node)
    found = _expression(low, node.inputs[0])
    rows, columns = found.sizes
    short = least(rows, columns)
    a = _columns(low, dtype, found.sizes)
    low.fill(a, found)
    *exchanges, lower, upper = node.outputs
    numbers = [low.fresh(v, dtype, (rows, rows)) for v in exchanges]
    numbers += [low.fresh(lower, dtype, (rows, short)), low.fresh(upper, dtype, (short, columns))]
    _call(low, "lu", (), (a, _vector(low, "int32", short), _vector(low, "int64", rows), *numbers), bool(op.permute_l))
    for v, number in zip(node.outputs, numbers):
        low.memory[v] = number


@lowers("Expm")
def exponential(low: Lowering, node: Apply) -> None:
    """The matrix is computed where its exponential comes to lie."""
    dtype = _dtype(node)
    value = _expression(low, node.inputs[0])
    _square(low, value.sizes)
    number = _dense(low, value, dtype, node.outputs[0])
    _exponential(low, number, dtype, False)
    low.memory[node.outputs[0]] = number


def _exponential(low: Lowering, number: int, dtype: str, derivative: bool) -> None:
    n = low.sizes_of(number)[0]
    work = _vector(low, dtype, plus(times(const(6), times(n, n)), const(1)))
    _call(low, "exponential", (), (_vector(low, "int32", n), work, number), derivative)


@lowers("ExpmGrad")
def derivative_of_exponential(low: Lowering, node: Apply) -> None:
    """The derivative at the transpose: the right upper block of the exponential of [[A^T, g], [0, A^T]]."""
    dtype = _dtype(node)
    at = low.as_tensor(node.inputs[0])
    g = _expression(low, node.inputs[1])
    n = _square(low, low.sizes_of(at))
    low.same(n, _square(low, g.sizes))
    both, step = times(const(2), n), const(item(dtype))
    whole = low.fresh(None, dtype, (both, both))
    low.fill(whole, Expression(const(0.0, dtype), [], (both, both)))
    (down, _), start = low.strides_of(whole), low.offset_of(whole)
    turned = Expression(make("load", dtype, (), 0), [(at, (*reversed(low.strides_of(at)),))], (n, n))
    right = plus(start, times(n, step))
    for place, value in ((start, turned), (right, g), (plus(right, times(n, down)), turned)):
        low.fill(low.view(whole, (n, n), (down, step), place), value)
    _exponential(low, whole, dtype, True)
    low.memory[node.outputs[0]] = low.view(whole, (n, n), (down, step), right)


@lowers("lstsq")
def least_squares(low: Lowering, node: Apply) -> None:
    """Solutions and residuals are parts of one array of columns; there are residuals only where the rank is full."""
    x, y, limit = node.inputs
    solution, residuals, rank, values = node.outputs
    dtype = str(solution.type.dtype)  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64") or any(v.type.dtype != dtype for v in (x, y)):  # type: ignore[attr-defined]
        raise Unsupported("mixed dtypes, or others than float32 and float64")
    left, right = _expression(low, x), _expression(low, y)
    rows, columns = left.sizes
    low.same(rows, right.sizes[0])
    short, long = least(rows, columns), most(rows, columns)
    low.check(make("lt", BOOL, (const(0), short)))
    a, step = _columns(low, dtype, left.sizes), const(item(dtype))
    low.fill(a, left)
    many = len(right.sizes) == 2
    count = right.sizes[1] if many else const(1)
    low.check(make("lt", BOOL, (const(0), count)))
    b = _columns(low, dtype, (long, count))
    pitch = low.strides_of(b)[1]

    def part(first: Scalar, size: Scalar) -> int:
        """Some rows of the columns."""
        at = plus(low.offset_of(b), times(first, step))
        return low.view(b, (size, count), (step, pitch), at) if many else low.view(b, (size,), (step,), at)

    low.fill(part(const(0), rows), right)
    cell = low.fresh(None, dtype, ())
    low.host(k.cast(low.as_scalar(limit), dtype), cell)
    found, s = low.fresh(rank, "int32", ()), low.fresh(values, dtype, (short,))
    # What the divide-and-conquer method needs: LAPACK's own formula, for at most 2^31 columns.
    levels, leaf = 32, 26
    length = plus(times(short, const(12 + 2 * leaf + 8 * levels)), plus(times(short, count), const(leaf * leaf)))
    length = plus(length, times(const(_BLOCK), plus(plus(rows, columns), count)))
    work, whole = _vector(low, dtype, length), _vector(low, "int32", times(short, const(3 * levels + 11)))
    _call(low, "least_squares", (), (a, cell, b, s, found, work, whole))
    low.memory[solution], low.memory[rank], low.memory[values] = part(const(0), columns), found, s
    if not low.clients(residuals):
        return
    full = make(
        "and",
        BOOL,
        (
            make("eq", BOOL, (k.cast(make("elem", "int32", (), found), "int64"), columns)),
            make("lt", BOOL, (columns, rows)),
        ),
    )
    told = make("select", "int64", (full, count, const(0)))
    rest = part(columns, k.sub(long, columns))
    sizes, strides = (low.sizes_of(rest)[0], told), (step, pitch)
    load = make("load", dtype, (), 0)
    reduce(low, residuals, Expression(k.mul(load, load), [(rest, strides)], sizes), (0,), "add", dtype, dtype)
