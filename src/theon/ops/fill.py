"""Arrays made of a number, a range, or a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, upcast
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import maximum, second
from theon.ops.cast import cast
from theon.ops.compare import ge
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle
from theon.ops.round import ceil
from theon.ops.shape import shape_i, vector_length
from theon.options import config
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "Alloc",
    "AllocEmpty",
    "ARange",
    "Eye",
    "ExtractDiag",
    "AllocDiag",
    "alloc",
    "arange",
    "diag",
    "diagonal",
    "empty",
    "eye",
    "identity_like",
    "ones",
    "ones_like",
    "trace",
    "tri",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def _sizes(sizes: Sequence[Any]) -> list[Any]:
    if len(sizes) == 1 and (
        isinstance(sizes[0], list | tuple) or (isinstance(sizes[0], Variable) and sizes[0].type.ndim == 1)
    ):  # type: ignore[attr-defined]
        vector = sizes[0]
        if isinstance(vector, Variable):
            count = vector_length(vector)
            if count is None:
                raise ValueError(f"the number of dimensions cannot be told from {vector}")
            sizes = [vector[i] for i in range(count)]  # type: ignore[index]
        else:
            sizes = vector
    found = []
    for size in sizes:
        v = as_tensor_variable(size if not isinstance(size, int | np.integer) else np.asarray(size, dtype="int64"))
        if v.type.dtype not in discrete_dtypes:
            raise TypeError(
                f"Shape arguments to Alloc must be integers, but argument {v} is not for apply node: {v.type}"
            )
        if v.type.ndim:
            raise TypeError(f"Each shape dimension to Alloc must be a scalar, got {v}")
        found.append(cast(v, "int64"))
    return found


class Alloc(TensorOp):
    """An array of the given sizes filled with a (broadcast) value."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def __str__(self) -> str:
        return "Alloc"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """The value and integer sizes."""
        return [as_tensor_variable(inputs[0]), *_sizes(inputs[1:])]

    def infer(self, value: Any, *sizes: Any) -> TensorType:
        """Known sizes are constants."""
        if value.type.ndim > len(sizes):
            raise TypeError(
                message("The Alloc value to use has more dimensions than the specified dimensions", [value])
            )
        return TensorType(
            value.type.dtype, shape=[int(s.data) if isinstance(s, Constant) and s.data >= 0 else None for s in sizes]
        )

    def reference(self, xp: Any, value: Any, *sizes: Any) -> Any:
        """Fill. ValueError for negative sizes or a value that does not broadcast."""
        if any(int(s) < 0 for s in sizes):
            raise ValueError("negative dimensions are not allowed")
        out = np.empty([int(s) for s in sizes], dtype=value.dtype)
        out[...] = value
        return out

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The value matters."""
        return [[True]] + [[False]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient summed over what was repeated."""
        from theon.ops.reduce import summed_to

        value, *sizes = inputs
        (g,) = output_grads
        rest = [DisconnectedType()() for _ in sizes]
        if value.type.dtype in discrete_dtypes:
            return [zeros_for(value), *rest]
        extra = len(sizes) - value.type.ndim
        if extra:
            g = g.sum(axis=list(range(extra)))
        return [summed_to(g, value), *rest]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The same of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], *inputs[1:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes."""
        return [tuple(node.inputs[1:])]

    def do_constant_folding(self, node: Apply) -> bool:
        """No: filling is cheap, keeping a large constant is not."""
        return False


class AllocEmpty(TensorOp):
    """An array whose elements are arbitrary (zeros here, so that results do not vary)."""

    __module__ = "theano.tensor.basic"
    __props__ = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = str(np.dtype(dtype))

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """Integer sizes."""
        return _sizes(inputs)

    def infer(self, *sizes: Any) -> TensorType:
        """Known sizes are constants."""
        return TensorType(self.dtype, shape=[int(s.data) if isinstance(s, Constant) else None for s in sizes])

    def reference(self, xp: Any, *sizes: Any) -> Any:
        """Zeros."""
        return xp.zeros([int(s) for s in sizes], dtype=self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing matters."""
        return [[False]] * len(node.inputs)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Disconnected."""
        return [DisconnectedType()() for _ in inputs]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Zeros."""
        return [zeros(inputs, self.dtype)]


_alloc = Alloc()


def alloc(value: Any, *shape: Any) -> Any:
    """Return an array of the given sizes filled with ``value``, which broadcasts."""
    return _alloc(value, *shape)


def _dtype(dtype: Any) -> str:
    return config.floatX if dtype in (None, "floatX") else str(np.dtype(dtype))


def _filled(number: int, shape: Any, dtype: Any) -> Any:
    if not isinstance(shape, list | tuple) and not (isinstance(shape, np.ndarray | Variable) and shape.ndim > 0):  # type: ignore[union-attr]
        shape = [shape]
    if isinstance(shape, np.ndarray):
        shape = list(shape)
    sizes = _sizes([shape])
    return _alloc(np.asarray(number, dtype=_dtype(dtype)), *sizes)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return zeros of a shape (sequence, vector or single size), of dtype floatX by default."""
    return _filled(0, shape, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones of a shape (sequence, vector or single size), of dtype floatX by default."""
    return _filled(1, shape, dtype)


def empty(shape: Any, dtype: Any = None) -> Any:
    """Return an array of a shape whose elements are arbitrary."""
    return AllocEmpty(_dtype(dtype))(
        *_sizes(
            [
                shape
                if (isinstance(shape, list | tuple | Variable) and np.ndim(shape) != 0) or isinstance(shape, Variable)
                else [shape]
            ]
        )
    )


def _like(model: Any, number: int, dtype: Any, opt: bool) -> Any:
    model = as_tensor_variable(model)
    dtype = model.type.dtype if dtype is None else _dtype(dtype)
    value = constant(np.asarray(number, dtype=dtype))
    if model.type.ndim == 0 and (opt or dtype != model.type.dtype):
        return value if opt else second(model, value)
    if opt and all(model.type.broadcastable):
        return dimshuffle(value, ["x"] * model.type.ndim)
    return second(model, value)


def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> Any:
    """Return zeros of the shape of ``model``; ``dtype`` as its by default."""
    return _like(model, 0, dtype, opt)


def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> Any:
    """Return ones of the shape of ``model``; ``dtype`` as its by default."""
    return _like(model, 1, dtype, opt)


class ARange(TensorOp):
    """Numbers from ``start`` to (not including) ``stop`` in steps."""

    __module__ = "theano.tensor.basic"
    __props__ = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def infer(self, start: Any, stop: Any, step: Any) -> TensorType:
        """A vector."""
        for v in (start, stop, step):
            if v.type.ndim:
                raise TypeError(message("arange takes scalars", [v]))
        return TensorType(self.dtype, (False,))

    def reference(self, xp: Any, start: Any, stop: Any, step: Any) -> Any:
        """Ask NumPy."""
        return xp.arange(start.item(), stop.item(), step.item(), dtype=self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Start and step matter; the number of elements does not change smoothly."""
        return [[True], [False], [True]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Of start: the sum; of step: the sum of position times gradient."""
        start, _, step = inputs
        (g,) = output_grads
        if self.dtype in discrete_dtypes:
            return [zeros_for(start), DisconnectedType()(), zeros_for(step)]
        gs = g.sum() if start.type.dtype not in discrete_dtypes else zeros_for(start)
        gt = (
            (g * cast(arange(shape_i(g, 0)), self.dtype)).sum()
            if step.type.dtype not in discrete_dtypes
            else zeros_for(step)
        )
        return [gs, DisconnectedType()(), gt]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The number of steps."""
        start, stop, step = node.inputs
        if isinstance(start, Constant) and isinstance(step, Constant) and start.data == 0 and step.data == 1:
            return [(maximum(cast(stop, "int64"), 0),)]
        return [(maximum(cast(ceil(cast(stop - start, "float64") / step), "int64"), 0),)]  # type: ignore[operator]


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Return numbers from ``start`` (0) to, not including, ``stop``, in steps; int64 or the operands' float dtype."""
    if stop is None:
        start, stop = 0, start
    start, stop, step = (as_tensor_variable(v) for v in (start, stop, step))
    if dtype is None:
        dtype = upcast(start.type.dtype, stop.type.dtype, step.type.dtype)
        if dtype in discrete_dtypes:
            dtype = "int64"
        elif config.cast_policy == "numpy+floatX" and config.floatX == "float32" and dtype == "float64" and "float64" not in (
            start.type.dtype, stop.type.dtype, step.type.dtype
        ):  # fmt: skip
            dtype = "float32"
    return ARange(_dtype(dtype))(start, stop, step)


class Eye(TensorOp):
    """A matrix with ones on diagonal ``k``."""

    __module__ = "theano.tensor.basic"
    __props__ = ("dtype",)

    def __init__(self, dtype: Any = None) -> None:
        self.dtype = _dtype(dtype)

    def infer(self, n: Any, m: Any, k: Any) -> TensorType:
        """A matrix."""
        return TensorType(self.dtype, shape=[int(v.data) if isinstance(v, Constant) else None for v in (n, m)])

    def reference(self, xp: Any, n: Any, m: Any, k: Any) -> Any:
        """Ask NumPy."""
        return xp.eye(int(n), int(m), int(k), dtype=self.dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing matters."""
        return [[False]] * 3

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Disconnected."""
        return [DisconnectedType()() for _ in inputs]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes."""
        return [(cast(node.inputs[0], "int64"), cast(node.inputs[1], "int64"))]


def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    """Return an ``n`` by ``m`` (``n``) matrix with ones on diagonal ``k``."""
    return Eye(dtype)(n, n if m is None else m, k)


def identity_like(x: Any) -> Any:
    """Return the unit matrix of the shape and dtype of ``x``."""
    x = as_tensor_variable(x)
    return eye(shape_i(x, 0), shape_i(x, 1), k=0, dtype=x.type.dtype)


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    """Return an ``N`` by ``M`` matrix with ones on and below diagonal ``k``."""
    rows = dimshuffle(arange(N), 0, "x")
    columns = dimshuffle(arange(N if M is None else M), "x", 0)
    return cast(ge(rows + k, columns), _dtype(dtype))


def tril(m: Any, k: Any = 0) -> Any:
    """Return ``m`` with zeros above diagonal ``k``."""
    m = as_tensor_variable(m)
    return m * tri(shape_i(m, 0), shape_i(m, 1), k=k, dtype=m.type.dtype)


def triu(m: Any, k: Any = 0) -> Any:
    """Return ``m`` with zeros below diagonal ``k``."""
    m = as_tensor_variable(m)
    return m * (constant(1, dtype=m.type.dtype) - tri(shape_i(m, 0), shape_i(m, 1), k=k - 1, dtype=m.type.dtype))


class ExtractDiag(TensorOp):
    """The diagonal of an array over two of its axes, as its last dimension."""

    __module__ = "theano.tensor.basic"
    __props__ = ("offset", "axis1", "axis2")

    def __init__(self, offset: int = 0, axis1: int = 0, axis2: int = 1, view: bool = False) -> None:
        self.offset, self.axis1, self.axis2, self.view = offset, axis1, axis2, False

    def infer(self, x: Any) -> TensorType:
        """The other dimensions and the diagonal."""
        if x.type.ndim < 2:
            raise ValueError("ExtractDiag needs an input with 2 or more dimensions", x)
        kept = [
            flag
            for d, flag in enumerate(x.type.broadcastable)
            if d not in (self.axis1 % x.type.ndim, self.axis2 % x.type.ndim)
        ]
        return TensorType(x.type.dtype, [*kept, False])

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy."""
        return xp.diagonal(x, self.offset, self.axis1, self.axis2).copy()

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient on the diagonal of a zero array."""
        (x,), (g,) = inputs, output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        return [DiagonalGrad(self.offset, self.axis1, self.axis2)(x, g)]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The diagonal of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]


class DiagonalGrad(TensorOp):
    """Zeros of the shape of the first input with the second on the diagonal."""

    __props__ = ("offset", "axis1", "axis2")

    def __init__(self, offset: int, axis1: int, axis2: int) -> None:
        self.offset, self.axis1, self.axis2 = offset, axis1, axis2

    def infer(self, x: Any, g: Any) -> TensorType:
        """The array's type."""
        return TensorType(g.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, g: Any) -> Any:
        """Write on the diagonal."""
        out = np.zeros(x.shape, dtype=g.dtype)
        view = np.moveaxis(out, (self.axis1, self.axis2), (-2, -1))
        n = g.shape[-1]
        rows = np.arange(n) + max(0, -self.offset)
        view[..., rows, rows + self.offset] = g
        return out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The diagonal of the gradient."""
        return [zeros_for(inputs[0]), diagonal(output_grads[0], self.offset, self.axis1, self.axis2)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


class AllocDiag(TensorOp):
    """Square matrices, over two axes, with vectors, along the last axis of the input, on diagonal ``offset``."""

    __module__ = "theano.tensor.basic"
    __props__ = ("offset", "axis1", "axis2")

    def __init__(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> None:
        self.offset, self.axis1, self.axis2 = offset, axis1, axis2

    def infer(self, v: Any) -> TensorType:
        """One dimension more. ValueError for a number."""
        if v.type.ndim < 1:
            raise ValueError("AllocDiag needs an input with 1 or more dimensions", v)
        return TensorType(v.type.dtype, (False,) * (v.type.ndim + 1))

    def reference(self, xp: Any, v: Any) -> Any:
        """Fill the last two axes, and move them."""
        n = v.shape[-1] + abs(self.offset)
        places = np.arange(v.shape[-1])
        out = np.zeros((*v.shape[:-1], n, n), dtype=v.dtype)
        out[..., places + max(0, -self.offset), places + max(0, self.offset)] = v
        return np.moveaxis(out, (-2, -1), (self.axis1, self.axis2))

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As long as the diagonal and its distance."""
        *rest, last = shapes[0]
        n = last + abs(self.offset)
        sizes = [None] * (len(rest) + 2)
        sizes[self.axis1] = sizes[self.axis2] = n
        others = iter(rest)
        return [tuple(next(others) if size is None else size for size in sizes)]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The diagonal of the gradient."""
        if inputs[0].type.dtype in discrete_dtypes:
            return [zeros_for(inputs[0])]
        return [diagonal(output_grads[0], self.offset, self.axis1, self.axis2)]


extract_diag = ExtractDiag()
alloc_diag = AllocDiag()


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the diagonal of ``a`` over two axes as the last dimension."""
    return ExtractDiag(offset, axis1, axis2)(a)


def diag(v: Any, k: int = 0) -> Any:
    """Return the matrix with vector ``v`` on diagonal ``k``, or the diagonal ``k`` of matrix ``v``."""
    v = as_tensor_variable(v)
    if v.type.ndim == 1:
        return AllocDiag(k)(v)
    if v.type.ndim >= 2:
        return diagonal(v, k)
    raise ValueError("Input must has v.ndim >= 1.")


def trace(a: Any) -> Any:
    """Return the sum of the diagonal."""
    return diagonal(a).sum(axis=-1)
