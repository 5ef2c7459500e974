"""Reductions: sums, products, extremes, logical ones, and what is made of them (mean, variance, norms)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, int_dtypes, uint_dtypes, upcast
from theon.errors import message
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import abs_, add, conjugate, maximum, minimum, mul, sqr, switch, true_div
from theon.ops.bits import and_, or_
from theon.ops.cast import cast
from theon.ops.compare import eq, neq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle
from theon.ops.explog import exp, log, sqrt
from theon.ops.shape import shape, shape_i
from theon.scalar.op import BinaryScalarOp
from theon.scalar.rules import upcast_out
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "All",
    "Any",
    "CAReduce",
    "CAReduceDtype",
    "MaxAndArgmax",
    "Prod",
    "ProdWithoutZeros",
    "Sum",
    "all",
    "any",
    "argmax",
    "argmin",
    "logsumexp",
    "makeKeepDims",
    "max",
    "max_and_argmax",
    "mean",
    "min",
    "norm_of",
    "prod",
    "ptp",
    "std",
    "sum",
    "summed_to",
    "var",
]

Any_ = Any
all_ = all


def normal_axes(axis: Any_, ndim: int, x: Any_ = None) -> tuple[int, ...]:
    """Return ``axis`` (None, an int, several such as a list or range, a constant) as a sorted tuple of dimensions. ValueError where there is none such."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, Constant):
        axis = None if axis.data is None else np.asarray(axis.data).tolist()
        if axis is None:
            return tuple(range(ndim))
    several = isinstance(axis, Iterable) and not isinstance(axis, str | Variable)
    several = several and not (isinstance(axis, np.ndarray) and axis.ndim == 0)
    found = []
    for a in axis if several else [axis]:
        a = a.data if isinstance(a, Constant) else a
        if not isinstance(a, int | np.integer):
            if isinstance(a, np.ndarray | float) and float(a) == int(a):
                a = int(a)
            else:
                raise TypeError(f"Computation needs a constant axis, not {a!r}")
        if not -ndim <= a < ndim:
            raise ValueError(
                message(f"Not enough dimensions on {x} to reduce on axis {a}: it has {ndim}", [] if x is None else [x])
            )
        found.append(int(a) % ndim)
    if len(set(found)) != len(found):
        raise ValueError(f"axis {axis} names a dimension twice")
    return tuple(sorted(found))


class CAReduce(TensorOp):
    """Reduce with a commutative and associative scalar op of two numbers over ``axis`` (an int, a sequence; None: all).

    ``scalar_op``'s ``identity``, where it has one, is the result for nothing to reduce; without one that is a ValueError.
    NotImplementedError for an op that does not take two numbers.
    """

    __module__ = "theano.tensor.elemwise"
    __props__: tuple[str, ...] = ("scalar_op", "axis")
    scalar_op: Any_ = None

    def __init__(self, scalar_op: Any_, axis: Any_ = None) -> None:
        if scalar_op.nin not in (-1, 2) or scalar_op.nout != 1:
            raise NotImplementedError("CAReduce only supports binary functions with a single output.")
        self.scalar_op = scalar_op
        self.axis = None if axis is None else tuple(sorted(int(a) for a in ([axis] if np.ndim(axis) == 0 else axis)))

    @property
    def scalar_name(self) -> str:
        """The name of the scalar op."""
        return self.scalar_op.declared or str(self.scalar_op)

    def axes_of(self, x: Any_) -> tuple[int, ...]:
        """The reduced dimensions of ``x``."""
        return normal_axes(self.axis, x.type.ndim, x)

    def output_dtype(self, dtype: str) -> str:
        """The dtype of the result: what the scalar op makes of two elements."""
        return self.scalar_op.output_dtype(dtype, dtype)  # type: ignore[no-any-return]

    def accumulator_dtype(self, dtype: str) -> str:
        """The dtype in which the result is built up."""
        return self.output_dtype(dtype)

    def __str__(self) -> str:
        axes = "" if self.axis is None else ", ".join(map(str, self.axis))
        return f"Reduce{{{self.scalar_name}}}" + (f"{{{axes}}}" if self.axis is not None else "")

    def infer(self, x: Any_) -> TensorType:
        """The remaining dimensions."""
        axes = self.axes_of(x)
        return TensorType(
            self.output_dtype(x.type.dtype), shape=[n for d, n in enumerate(x.type.shape) if d not in axes]
        )

    def reference(self, xp: Any_, x: Any_) -> Any_:
        """Reduce in the accumulator's dtype."""
        axes = normal_axes(self.axis, x.ndim)
        x = x.astype(self.accumulator_dtype(str(x.dtype)))
        ufunc = _UFUNCS.get(self.scalar_op.kind)
        if ufunc is not None and x.dtype.kind != "O" and (ufunc in ("sum", "prod") or all_(x.shape[d] for d in axes)):
            return getattr(xp, ufunc)(x, axis=axes)
        for d in reversed(axes):
            x = self._reduced_along(xp.moveaxis(x, d, 0))
        return x

    def _reduced_along(self, x: Any_) -> Any_:
        """The reduction over the first dimension, in halves."""
        op, n = self.scalar_op, len(x)
        if n == 0:
            if op.identity is None:
                raise ValueError(
                    f"Input has zero-size on an axis, but self.scalar_op ({op}) has no attribute 'identity'"
                )
            return np.full(x.shape[1:], op.identity, dtype=x.dtype)
        dtype = x.dtype
        while n > 1:
            half = n // 2
            paired = np.asarray(op.reference(np, x[:half], x[half : 2 * half])).astype(dtype)
            x = np.concatenate([paired, x[2 * half : n]])
            n = len(x)
        return x[0]

    def infer_shape(self, node: Apply, shapes: Sequence[Any_]) -> list[Any_]:
        """The remaining sizes."""
        axes = self.axes_of(node.inputs[0])
        return [tuple(n for d, n in enumerate(shapes[0]) if d not in axes)]

    def spread(self, reduced: Any_, x: Any_) -> Any_:
        """Return ``reduced`` with dimensions of size 1 where ``x`` was reduced."""
        return makeKeepDims(x, reduced, self.axes_of(x))


_UFUNCS = {"add": "sum", "mul": "prod", "maximum": "max", "minimum": "min"}


class CAReduceDtype(CAReduce):
    """A reduction whose integer results are widened, with ``dtype`` and ``acc_dtype`` to choose."""

    __module__ = "theano.tensor.elemwise"
    __props__: tuple[str, ...] = ("scalar_op", "axis", "dtype", "acc_dtype")
    settled = False  # whether acc_dtype was derived, and so need not be checked
    title = "CAReduceDtype"

    def __init__(
        self, scalar_op: Any_, axis: Any_ = None, dtype: str | None = None, acc_dtype: str | None = None
    ) -> None:
        super().__init__(scalar_op, axis)
        self.dtype, self.acc_dtype = dtype, acc_dtype

    def copied(self, acc_dtype: str) -> CAReduceDtype:
        """This op with another accumulator."""
        return CAReduceDtype(self.scalar_op, self.axis, self.dtype, acc_dtype)

    def __str__(self) -> str:
        parts = [] if self.axis is None else [f"axis=[{', '.join(map(str, self.axis))}]"]
        if self.acc_dtype is not None:
            parts.append(f"acc_dtype={self.acc_dtype}")
        return f"{self.title}{{{', '.join(parts)}}}" if parts else self.title

    def output_dtype(self, dtype: str) -> str:
        """As asked for; else int64 or uint64 for integers, the input's for others."""
        if self.dtype is not None:
            return self.dtype
        return "int64" if dtype in ("bool", *int_dtypes) else "uint64" if dtype in uint_dtypes else dtype

    def accumulator_dtype(self, dtype: str) -> str:
        """As asked for; else wide enough for a long sum."""
        if self.acc_dtype is not None:
            return self.acc_dtype
        wide = {"float16": "float32", "float32": "float64", "complex64": "complex128"}
        out = self.output_dtype(dtype)
        return wide.get(out, out)

    def make_node(self, *inputs: Any_) -> Apply:
        """The node of an op whose dtypes are settled for this input."""
        x = as_tensor_variable(inputs[0])
        dtype, acc = self.output_dtype(x.type.dtype), self.accumulator_dtype(x.type.dtype)
        if acc not in ("bool",) and x.type.dtype.startswith("complex") and not dtype.startswith("complex"):
            raise TypeError(f"{self.title}: cannot reduce complex numbers into {dtype}")
        given = x.type.dtype
        if (
            not self.settled
            and self.acc_dtype is not None
            and upcast(given, acc) != acc
            and (given not in discrete_dtypes or acc in discrete_dtypes)
        ):
            raise TypeError(
                f"Cannot build {self.title} node with input dtype {x.type.dtype} and acc_dtype {acc}, as precision would be lost."
            )
        if self.acc_dtype is None:
            settled = self.copied(acc)
            settled.settled = True
            return settled.make_node(x)
        return super().make_node(x)


class Sum(CAReduceDtype):
    """Sum over ``axis``."""

    __module__ = "theano.tensor.elemwise"
    title = "Sum"

    def __init__(self, axis: Any_ = None, dtype: str | None = None, acc_dtype: str | None = None) -> None:
        super().__init__(add.scalar_op, axis, dtype, acc_dtype)

    def copied(self, acc_dtype: str) -> CAReduceDtype:
        """This op with another accumulator."""
        return Sum(self.axis, self.dtype, acc_dtype)

    def L_op(self, inputs: Any_, outputs: Any_, output_grads: Any_) -> list[Any_]:
        """The gradient spread over what was summed."""
        from theon.ops.arith import second

        (x,), (g,) = inputs, output_grads
        if outputs[0].type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        return [second(x, self.spread(g, x))]

    def R_op(self, inputs: Any_, eval_points: Any_) -> list[Any_]:
        """The sum of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]


class Prod(CAReduceDtype):
    """Product over ``axis``. ``no_zeros_in_input`` promises that no factor is 0, which makes the gradient cheaper."""

    __module__ = "theano.tensor.elemwise"
    __props__ = ("scalar_op", "axis", "dtype", "acc_dtype", "no_zeros_in_input")
    title = "Prod"

    def __init__(
        self, axis: Any_ = None, dtype: str | None = None, acc_dtype: str | None = None, no_zeros_in_input: bool = False
    ) -> None:
        super().__init__(mul.scalar_op, axis, dtype, acc_dtype)
        self.no_zeros_in_input = no_zeros_in_input

    def copied(self, acc_dtype: str) -> CAReduceDtype:
        """This op with another accumulator."""
        return Prod(self.axis, self.dtype, acc_dtype, self.no_zeros_in_input)

    def L_op(self, inputs: Any_, outputs: Any_, output_grads: Any_) -> list[Any_]:
        """The gradient times the product of the other factors."""
        from theon.ops.arith import second

        (x,), (g,) = inputs, output_grads
        if outputs[0].type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        g, x = self.spread(g, x), conjugate(x)
        product = self.spread(conjugate(outputs[0]), x)
        if self.no_zeros_in_input:
            return [second(x, g * product / x)]
        zero = eq(x, 0)
        count = self.spread(sum(zero, axis=self.axes_of(x)), x)
        others = self.spread(prod(switch(zero, 1, x), axis=self.axes_of(x)), x)
        here = switch(eq(count, 0), product / x, switch(and_(eq(count, 1), zero), others, 0))
        return [second(x, g * cast(here, x.type.dtype))]


class MulWithoutZeros(BinaryScalarOp):
    """The product of two numbers, a 0 counting as 1: products of what is left when zeros are taken out."""

    __module__ = "theano.tensor.elemwise"
    identity = 1.0
    commutative = associative = True

    def impl(self, x: Any_, y: Any_) -> Any_:
        """Multiply."""
        return y if x == 0 else x if y == 0 else x * y

    def reference(self, xp: Any_, *xs: Any_) -> Any_:
        """Multiply arrays."""
        x, y = xs
        return xp.where(x == 0, y, xp.where(y == 0, x, x * y))


mul_without_zeros = MulWithoutZeros(upcast_out, name="mul_without_zeros")


class ProdWithoutZeros(CAReduceDtype):
    """Product of the elements other than 0 over ``axis``; 0 where all are 0, 1 for nothing to multiply."""

    __module__ = "theano.tensor.elemwise"
    title = "ProdWithoutZeros"

    def __init__(self, axis: Any_ = None, dtype: str | None = None, acc_dtype: str | None = None) -> None:
        super().__init__(mul_without_zeros, axis, dtype, acc_dtype)

    def copied(self, acc_dtype: str) -> CAReduceDtype:
        """This op with another accumulator."""
        return ProdWithoutZeros(self.axis, self.dtype, acc_dtype)

    def L_op(self, inputs: Any_, outputs: Any_, output_grads: Any_) -> list[Any_]:
        """For other elements than 0 the product of the rest; none for a 0, which does not count."""
        (x,), (g,) = inputs, output_grads
        if outputs[0].type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        slope = self.spread(g, x) * self.spread(outputs[0], x) / x
        return [cast(switch(eq(x, 0), 0, slope), x.type.dtype)]


class _Logical(CAReduce):
    def output_dtype(self, dtype: str) -> str:
        """Bool."""
        return "bool"

    def convert(self, *inputs: Any_) -> Sequence[Any_]:
        """Anything not bool is compared with 0."""
        x = as_tensor_variable(inputs[0])
        return [x if x.type.dtype == "bool" else neq(x, 0)]

    def grad(self, inputs: Any_, output_grads: Any_) -> list[Any_]:
        """Zero: a step function."""
        return [zeros_for(inputs[0])]


class All(_Logical):
    """Whether all are true."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any_ = None) -> None:
        super().__init__(and_.scalar_op, axis)

    def reference(self, xp: Any_, x: Any_) -> Any_:
        """Ask NumPy."""
        return xp.all(x, axis=normal_axes(self.axis, x.ndim))

    def __str__(self) -> str:
        return "All" if self.axis is None else f"All{{{', '.join(map(str, self.axis))}}}"


class Any(_Logical):
    """Whether any is true."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any_ = None) -> None:
        super().__init__(or_.scalar_op, axis)

    def reference(self, xp: Any_, x: Any_) -> Any_:
        """Ask NumPy."""
        return xp.any(x, axis=normal_axes(self.axis, x.ndim))

    def __str__(self) -> str:
        return "Any" if self.axis is None else f"Any{{{', '.join(map(str, self.axis))}}}"


class _Extreme(CAReduce):
    def reference(self, xp: Any_, x: Any_) -> Any_:
        """Reduce; ValueError for nothing to choose from."""
        axes = normal_axes(self.axis, x.ndim)
        for d in axes:
            if x.shape[d] == 0:
                raise ValueError(
                    f"Input ({x}) has zero-size on axis {d}, but self.scalar_op ({self.scalar_name}) has no attribute 'identity'"
                )
        return getattr(xp, _UFUNCS[self.scalar_op.declared])(x, axis=axes)

    def L_op(self, inputs: Any_, outputs: Any_, output_grads: Any_) -> list[Any_]:
        """The gradient at every winner."""
        (x,), (g,) = inputs, output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        return [eq(self.spread(outputs[0], x), x) * self.spread(g, x)]


class Max(_Extreme):
    """Maximum over ``axis``; NaN wins. ValueError for nothing to choose from."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any_ = None) -> None:
        super().__init__(maximum.scalar_op, axis)


class Min(_Extreme):
    """Minimum over ``axis``; NaN wins. ValueError for nothing to choose from."""

    __module__ = "theano.tensor.elemwise"

    def __init__(self, axis: Any_ = None) -> None:
        super().__init__(minimum.scalar_op, axis)


class MaxAndArgmax(TensorOp):
    """The maximum over ``axis`` and its first position (over several axes: in the flattened order)."""

    __module__ = "theano.tensor.basic"
    __props__ = ("axis",)

    def __init__(self, axis: Any_) -> None:
        self.axis = tuple(int(a) for a in axis)

    def infer(self, x: Any_) -> list[TensorType]:
        """The remaining dimensions, of the input's dtype and of int64."""
        kept = [n for d, n in enumerate(x.type.shape) if d not in self.axis]
        return [TensorType(x.type.dtype, shape=kept), TensorType("int64", shape=kept, name=None)]

    def make_node(self, *inputs: Any_) -> Apply:
        """Name the outputs as Theano does."""
        node = super().make_node(*inputs)
        node.outputs[0].name, node.outputs[1].name = "max", "argmax"
        return node

    def reference(self, xp: Any_, x: Any_) -> Any_:
        """Reduce; ValueError for nothing to choose from."""
        for d in self.axis:
            if x.shape[d] == 0:
                raise ValueError("attempt to get argmax of an empty sequence")
        kept = [d for d in range(x.ndim) if d not in self.axis]
        moved = xp.transpose(x, (*kept, *self.axis))
        flat = moved.reshape((*moved.shape[: len(kept)], int(np.prod([x.shape[d] for d in self.axis]))))
        return xp.max(flat, axis=-1), xp.argmax(flat, axis=-1)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The position is not differentiable, but it does depend on the input."""
        return [[True, True]]

    def L_op(self, inputs: Any_, outputs: Any_, output_grads: Any_) -> list[Any_]:
        """The gradient of the maximum at every winner; the position has none."""
        from theon.graph.disconnected import DisconnectedType

        (x,) = inputs
        g = output_grads[0]
        if isinstance(g.type, DisconnectedType) or x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        best = makeKeepDims(x, outputs[0], self.axis)
        return [eq(best, x) * makeKeepDims(x, g, self.axis)]

    def R_op(self, inputs: Any_, eval_points: Any_) -> list[Any_]:
        """The evaluation point at the winner."""
        if eval_points[0] is None:
            return [None, None]
        if len(self.axis) != 1 or inputs[0].type.ndim > 2:
            raise NotImplementedError("R_op of max is defined for one axis of a vector or matrix")
        place = self(inputs[0])[1]
        if inputs[0].type.ndim == 1:
            return [eval_points[0][place], None]
        from theon.ops.fill import arange

        rows = arange(shape_i(inputs[0], 1 - self.axis[0]))
        index = (place, rows) if self.axis[0] == 0 else (rows, place)
        return [eval_points[0][index], None]

    def infer_shape(self, node: Apply, shapes: Sequence[Any_]) -> list[Any_]:
        """The remaining sizes."""
        kept = tuple(n for d, n in enumerate(shapes[0]) if d not in self.axis)
        return [kept, kept]


def makeKeepDims(x: Any_, y: Any_, axis: Any_) -> Any_:
    """Return ``y``, a reduction of ``x`` over ``axis``, with dimensions of size 1 in the places of the reduced ones."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    axes = normal_axes(axis, x.type.ndim)
    order: list[Any_] = []
    place = 0
    for d in range(x.type.ndim):
        if d in axes:
            order.append("x")
        else:
            order.append(place)
            place += 1
    return dimshuffle(y, order)


class SumLike(TensorOp):
    """A gradient summed over the dimensions in which, at run time, the size of ``x`` is 1 and its own is not.

    Elementwise ops broadcast a size that happens to be 1, so that the gradient has the shape of the result.
    """

    __module__ = "theano.tensor.elemwise"
    __props__ = ()

    def __str__(self) -> str:
        return "SumLike"

    def infer(self, g: Any_, x: Any_) -> TensorType:
        """The dtype and pattern of the gradient."""
        return TensorType(g.type.dtype, g.type.broadcastable)

    def reference(self, xp: Any_, g: Any_, x: Any_) -> Any_:
        """Sum where the sizes differ."""
        axes = tuple(d for d in range(x.ndim) if x.shape[d] == 1 and g.shape[d] != 1)
        return xp.sum(g, axis=axes, keepdims=True) if axes else g.copy() if hasattr(g, "flags") else g

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the shape of ``x`` is read."""
        return [[True], [False]]

    def grad(self, inputs: Any_, output_grads: Any_) -> list[Any_]:
        """The sum's gradient is spread again."""
        from theon.graph.disconnected import DisconnectedType
        from theon.ops.arith import second

        return [second(inputs[0], output_grads[0]), DisconnectedType()()]

    def R_op(self, inputs: Any_, eval_points: Any_) -> list[Any_]:
        """Linear."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any_]) -> list[Any_]:
        """The shape of ``x``."""
        return [shapes[1]]


def sum_like(g: Any_, x: Any_) -> Any_:
    """Return ``g`` summed to the run-time shape of ``x``, where elementwise broadcasting spread it."""
    return SumLike()(g, x) if g.type.ndim == x.type.ndim else g


def summed_to(d: Any_, x: Any_) -> Any_:
    """Return ``d`` summed over the dimensions in which ``x`` is broadcastable and it is not, of the dtype of ``x``."""
    axes = [i for i in range(x.type.ndim) if x.type.broadcastable[i] and not d.type.broadcastable[i]]
    if axes:
        d = makeKeepDims(d, Sum(axes)(d), axes)
    if d.type.dtype != x.type.dtype and not d.type.dtype.startswith("complex"):
        d = cast(d, x.type.dtype)
    elif d.type.dtype.startswith("complex") and not x.type.dtype.startswith("complex"):
        from theon.ops.complex import real

        d = cast(real(d), x.type.dtype)
    return d


def _reduced(op: type[CAReduce], x: Any_, axis: Any_, keepdims: bool, *args: Any_) -> Any_:
    x = as_tensor_variable(x)
    axes = normal_axes(axis, x.type.ndim, x)
    out = op(None if axis is None else axes, *args)(x)
    return makeKeepDims(x, out, axes) if keepdims else out


def sum(input: Any_, axis: Any_ = None, dtype: Any_ = None, keepdims: bool = False, acc_dtype: Any_ = None) -> Any_:
    """Return the sum over ``axis`` (all by default), in ``dtype``, accumulated in ``acc_dtype``."""
    return _reduced(Sum, input, axis, keepdims, _dtype(dtype), _dtype(acc_dtype))


def prod(
    input: Any_,
    axis: Any_ = None,
    dtype: Any_ = None,
    keepdims: bool = False,
    acc_dtype: Any_ = None,
    no_zeros_in_input: bool = False,
) -> Any_:
    """Return the product over ``axis`` (all by default)."""
    return _reduced(Prod, input, axis, keepdims, _dtype(dtype), _dtype(acc_dtype), no_zeros_in_input)


def _dtype(dtype: Any_) -> str | None:
    from theon.options import config

    return None if dtype is None else config.floatX if dtype == "floatX" else str(np.dtype(dtype))


def all(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return whether all elements over ``axis`` are true."""
    return _reduced(All, x, axis, keepdims)


def any(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return whether any element over ``axis`` is true."""
    return _reduced(Any, x, axis, keepdims)


def max_and_argmax(a: Any_, axis: Any_ = None, keepdims: bool = False) -> list[Any_]:
    """Return the maximum over ``axis`` and its position."""
    a = as_tensor_variable(a)
    axes = normal_axes(axis, a.type.ndim, a)
    if not axes:
        from theon.ops.fill import zeros_like

        return [a, zeros_like(a, dtype="int64")]
    best, place = MaxAndArgmax(axes)(a)
    if keepdims:
        best, place = makeKeepDims(a, best, axes), makeKeepDims(a, place, axes)
    return [best, place]


def max(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return the maximum over ``axis`` (all by default); NaN wins."""
    return max_and_argmax(x, axis, keepdims)[0]


def argmax(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return the first position of the maximum over ``axis``; without one, in the flattened array."""
    return max_and_argmax(x, axis, keepdims)[1]


def _no_complex(name: str, x: Any_) -> None:
    if x.type.dtype.startswith("complex"):
        raise NotImplementedError(message(f"{name}: complex numbers have no order", [x]))


def min(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return the minimum over ``axis`` (all by default); NaN wins."""
    x = as_tensor_variable(x)
    _no_complex("min", x)
    return max(x, axis, keepdims) if x.type.ndim == 0 else _reduced(Min, x, axis, keepdims)


def argmin(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return the first position of the minimum over ``axis``; without one, in the flattened array."""
    x = as_tensor_variable(x)
    _no_complex("argmin", x)
    if x.type.dtype == "bool":
        return argmax(eq(x, 0), axis, keepdims)
    # The complement reverses the order of all integers, where the negative of the smallest overflows.
    return argmax(~x if x.type.dtype in discrete_dtypes else -x, axis, keepdims)


def ptp(a: Any_, axis: Any_ = None) -> Any_:
    """Return the range, maximum - minimum, over ``axis``."""
    return max(a, axis) - min(a, axis)


def mean(
    input: Any_, axis: Any_ = None, dtype: Any_ = None, op: bool = False, keepdims: bool = False, acc_dtype: Any_ = None
) -> Any_:
    """Return the mean over ``axis`` (all by default); of integers in float64, of floats in their dtype."""
    from theon.options import config

    input = as_tensor_variable(input)
    axes = normal_axes(axis, input.type.ndim, input)
    wanted = _dtype(dtype)
    sum_dtype = wanted
    if wanted is None and input.type.dtype in discrete_dtypes:
        sum_dtype = "float64"
    if wanted in discrete_dtypes:
        raise TypeError(f"mean: dtype {wanted} cannot hold means")
    total = sum(input, axis=axis, dtype=sum_dtype, keepdims=keepdims, acc_dtype=acc_dtype)
    lengths = shape(input)
    # Divide by each size in the result's dtype: a product of sizes may pass the largest integer.
    lengths = cast(lengths, "float64" if total.type.dtype in ("float64", "complex128", *discrete_dtypes) else "float32")
    out = total
    for d in axes:
        out = true_div(out, lengths[d])
    if out.type.dtype != total.type.dtype and total.type.dtype not in discrete_dtypes:
        out = cast(out, total.type.dtype)
    if out.owner is not None and out is not input:
        out.name = "mean"
    _ = config
    return out


def var(input: Any_, axis: Any_ = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any_:
    """Return the variance over ``axis``, dividing by n - ``ddof``; ``corrected`` subtracts the rounding error of the mean."""
    input = as_tensor_variable(input)
    axes = normal_axes(axis, input.type.ndim, input)
    centred = input - mean(input, axes, keepdims=True)
    total = mean(sqr(abs_(centred) if centred.type.dtype.startswith("complex") else centred), axes, keepdims=keepdims)
    if ddof != 0 or corrected:
        count: Any_ = constant(1, dtype="int64")
        for d in axes:
            count = count * shape_i(input, d)
        if ddof != 0:
            total = cast(total * (count / (count - ddof)), total.type.dtype)
        if corrected:
            error = mean(centred, axes, keepdims=keepdims) ** 2
            total = total - (error if ddof == 0 else cast(error * (count / (count - ddof)), total.type.dtype))
    total.name = "var"
    return total


def std(input: Any_, axis: Any_ = None, ddof: int = 0, keepdims: bool = False, corrected: bool = False) -> Any_:
    """Return the standard deviation over ``axis``: the root of :func:`var`."""
    out = sqrt(var(input, axis, ddof, keepdims, corrected))
    out.name = "std"
    return out


def norm_of(x: Any_, L: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return the norm of order ``L`` over ``axis``: (sum |x|^L)^(1/L); 0 counts, inf takes the largest."""
    x = as_tensor_variable(x)
    if np.isinf(L):
        return max(abs_(x), axis=axis, keepdims=keepdims)
    if L == 0:
        return sum(neq(x, 0), axis=axis, keepdims=keepdims)
    return sum(abs_(x) ** L, axis=axis, keepdims=keepdims) ** (1.0 / L)


def logsumexp(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return log(sum(exp(x))) over ``axis``, without overflow."""
    x = as_tensor_variable(x)
    top = max(x, axis=axis, keepdims=True)
    safe = switch(eq(abs_(top), np.inf), 0, top)
    out = log(sum(exp(x - safe), axis=axis, keepdims=True)) + safe
    axes = normal_axes(axis, x.type.ndim)
    return out if keepdims else dimshuffle(out, [d for d in range(x.type.ndim) if d not in axes])
