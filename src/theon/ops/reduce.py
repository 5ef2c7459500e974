"""Reductions: their op classes; sums, products, logical ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, int_dtypes, uint_dtypes, upcast
from theon.errors import message
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import add, conjugate, mul, switch
from theon.ops.bits import and_, or_
from theon.ops.cast import cast
from theon.ops.compare import eq, neq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle
from theon.scalar.op import BinaryScalarOp
from theon.scalar.rules import upcast_out
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "All",
    "Any",
    "CAReduce",
    "CAReduceDtype",
    "Prod",
    "ProdWithoutZeros",
    "Sum",
    "all",
    "any",
    "makeKeepDims",
    "prod",
    "sum",
    "summed_to",
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
        ufunc = UFUNCS.get(self.scalar_op.kind)
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


UFUNCS = {"add": "sum", "mul": "prod", "maximum": "max", "minimum": "min"}


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


def reduced(op: type[CAReduce], x: Any_, axis: Any_, keepdims: bool, *args: Any_) -> Any_:
    """Return ``x`` reduced over ``axis`` by an op of this class."""
    x = as_tensor_variable(x)
    axes = normal_axes(axis, x.type.ndim, x)
    out = op(None if axis is None else axes, *args)(x)
    return makeKeepDims(x, out, axes) if keepdims else out


def sum(input: Any_, axis: Any_ = None, dtype: Any_ = None, keepdims: bool = False, acc_dtype: Any_ = None) -> Any_:
    """Return the sum over ``axis`` (all by default), in ``dtype``, accumulated in ``acc_dtype``."""
    return reduced(Sum, input, axis, keepdims, given_dtype(dtype), given_dtype(acc_dtype))


def prod(
    input: Any_,
    axis: Any_ = None,
    dtype: Any_ = None,
    keepdims: bool = False,
    acc_dtype: Any_ = None,
    no_zeros_in_input: bool = False,
) -> Any_:
    """Return the product over ``axis`` (all by default)."""
    return reduced(Prod, input, axis, keepdims, given_dtype(dtype), given_dtype(acc_dtype), no_zeros_in_input)


def given_dtype(dtype: Any_) -> str | None:
    """Return the name of a dtype that a user asked for; "floatX" means the configured one."""
    from theon.options import config

    return None if dtype is None else config.floatX if dtype == "floatX" else str(np.dtype(dtype))


def all(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return whether all elements over ``axis`` are true."""
    return reduced(All, x, axis, keepdims)


def any(x: Any_, axis: Any_ = None, keepdims: bool = False) -> Any_:
    """Return whether any element over ``axis`` is true."""
    return reduced(Any, x, axis, keepdims)
