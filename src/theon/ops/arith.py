"""Arithmetic: sums, products, quotients, powers, extremes, choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes
from theon.errors import ComplexError
from theon.graph.variable import Apply
from theon.ops.declare import (
    at_least_int8,
    elementwise,
    integers_only,
    no_bool,
    no_complex,
    quotient,
    real_part,
    same_kind,
    upcast,
)
from theon.scalar.op import ScalarOp, UnaryScalarOp
from theon.scalar.type import Scalar, get_scalar_type


def _fold(ufunc: str) -> Any:
    def reference(xp: Any, *xs: Any) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = getattr(xp, ufunc)(total, x)
        return total

    return reference


def _fold_lower(name: str) -> Any:
    def lower(k: Any, *xs: Any) -> Any:
        total = xs[0]
        for x in xs[1:]:
            total = getattr(k, name)(total, x)
        return total

    return lower


def _mul_grad(*args: Any) -> list[Any]:
    *xs, _, g = args
    gradients = []
    for place in range(len(xs)):
        term = g
        for other, x in enumerate(xs):
            if other != place:
                term = term * x
        gradients.append(term)
    return gradients


add = elementwise(
    "add",
    -1,
    _fold("add"),
    same_kind,
    lambda *a: [a[-1]] * (len(a) - 2),
    _fold_lower("add"),
    "Sum of the inputs.",
    identity=0,
)
mul = elementwise(
    "mul", -1, _fold("multiply"), same_kind, _mul_grad, _fold_lower("mul"), "Product of the inputs.", identity=1
)
sub = elementwise(
    "sub", 2, lambda xp, x, y: x - y, no_bool, lambda x, y, o, g: [g, -g], lambda k, x, y: k.sub(x, y), "Difference."
)
neg = elementwise("neg", 1, lambda xp, x: -x, no_bool, lambda x, o, g: [-g], lambda k, x: k.neg(x), "Negative.")
true_div = elementwise(
    "true_div",
    2,
    lambda xp, x, y: xp.true_divide(x, y),
    quotient,
    lambda x, y, o, g: [g / y, -(g * x) / (y * y)],
    lambda k, x, y: k.div(x, y),
    "True division; integers give floatX.",
)


def _floor_divide(xp: Any, x: Any, y: Any) -> Any:
    return xp.floor_divide(x, y)


int_div = elementwise(
    "int_div",
    2,
    _floor_divide,
    no_complex,
    lambda x, y, o, g: [None, None],
    lambda k, x, y: k.floordiv(x, y),
    "Division rounded down.",
)


def _remainder(x: str, y: str) -> str:
    """The upcast; complex operands are refused by Theano's own class of error."""
    if x in complex_dtypes or y in complex_dtypes:
        raise ComplexError(f"the remainder of {x} and {y}: complex numbers have no order")
    return upcast(x, y)


mod = elementwise(
    "mod",
    2,
    lambda xp, x, y: xp.mod(x, y),
    _remainder,
    lambda x, y, o, g: [g, -(x // y) * g],
    lambda k, x, y: k.mod(x, y),
    "Remainder, with the sign of the divisor.",
)


def _pow_grad(x: Any, y: Any, o: Any, g: Any) -> list[Any]:
    from theon.ops.compare import eq
    from theon.ops.explog import log
    from theon.tensor.variable import TensorConstant

    first = g * y * x ** (y - 1)
    if isinstance(y, TensorConstant) or (
        y.owner is not None and all(isinstance(v, TensorConstant) for v in y.owner.inputs)
    ):
        return [first, g * o * log(x)] if y.type.dtype.startswith(("float", "complex")) else [first, None]
    # 0 ** y has the slope 0 in y for y > 0, where o * log(x) is 0 * -inf.
    return [first, g * switch(eq(x, 0), 0, o * log(x))]


pow = elementwise(
    "pow",
    2,
    lambda xp, x, y: xp.power(x, y) if x.dtype.kind in "fc" else _int_power(xp, x, y),
    at_least_int8,
    _pow_grad,
    lambda k, x, y: k.math("pow", x, y) if x.dtype.startswith(("float", "complex")) else None,
    "``x`` to the power ``y``.",
)


def _int_power(xp: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "b":
        return xp.asarray(x | ~y)
    if (y < 0).any():
        # NumPy refuses negative integer powers; truncation of the quotient is meant.
        with np.errstate(all="ignore"):
            return xp.power(x.astype("float64"), y).astype(x.dtype)
    return xp.power(x, y)


def _direction(x: Any, size: Any, g: Any) -> Any:
    """``g`` in the direction of a complex number; nothing at 0."""
    from theon.ops.compare import eq

    return g * x / (size + eq(size, 0))


abs_ = elementwise(
    "abs_",
    1,
    lambda xp, x: xp.abs(x),
    real_part,
    lambda x, o, g: [_direction(x, o, g) if x.type.dtype.startswith("complex") else g * sgn(x)],
    lambda k, x: k.abs(x),
    "Absolute value; of complex numbers, the magnitude.",
    cast_inputs=False,
)
sgn = elementwise(
    "sgn",
    1,
    lambda xp, x: xp.sign(x),
    lambda d: no_bool(no_complex(d)),
    lambda x, o, g: [None],
    lambda k, x: k.sign(x),
    "Sign: -1, 0 or 1.",
)


def _extreme_grad(x: Any, y: Any, o: Any, g: Any) -> list[Any]:
    from theon.ops.compare import eq, neq

    # Where both are equal the slope belongs to the first.
    first = eq(o, x)
    return [first * g, neq(o, x) * g]


maximum = elementwise(
    "maximum",
    2,
    lambda xp, x, y: xp.maximum(x, y),
    no_complex,
    _extreme_grad,
    lambda k, x, y: k.max(x, y),
    "The larger; NaN wins.",
)
minimum = elementwise(
    "minimum",
    2,
    lambda xp, x, y: xp.minimum(x, y),
    no_complex,
    _extreme_grad,
    lambda k, x, y: k.min(x, y),
    "The smaller; NaN wins.",
)


def _switch_grad(c: Any, x: Any, y: Any, o: Any, g: Any) -> list[Any]:
    return [None, switch(c, g, 0), switch(c, 0, g)]


switch = elementwise(
    "switch",
    3,
    lambda xp, c, x, y: xp.where(c != 0, x, y),
    lambda c, x, y: upcast(x, y),
    _switch_grad,
    lambda k, c, x, y: k.select(k.cast(c, "bool"), x, y),
    "``x`` where the condition is not 0, else ``y``.",
    cast_inputs=False,
)


def _clip_grad(x: Any, low: Any, high: Any, o: Any, g: Any) -> list[Any]:
    from theon.ops.bits import or_
    from theon.ops.compare import gt, lt

    below, above = lt(x, low), gt(x, high)
    # nan is neither below nor above: its gradient passes.
    return [switch(or_(below, above), 0, g), switch(below, g, 0), switch(above, g, 0)]


clip = elementwise(
    "clip",
    3,
    lambda xp, x, low, high: xp.where(x < low, low, xp.where(x > high, high, x)),
    no_complex,
    _clip_grad,
    lambda k, x, low, high: k.select(k.lt(x, low), low, k.select(k.gt(x, high), high, x)),
    "``x`` limited to [``low``, ``high``].",
)
sqr = elementwise(
    "sqr", 1, lambda xp, x: x * x, same_kind, lambda x, o, g: [g * x * 2], lambda k, x: k.mul(x, x), "Square."
)


class _Shaped(ScalarOp):
    """An op of whose first input only the shape counts."""

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The second input's elements are what comes out; the first one's are never read."""
        return [[False], [True]]


second = elementwise(
    "second",
    2,
    lambda xp, x, y: xp.broadcast_to(y, np.broadcast_shapes(x.shape, y.shape)).copy(),
    lambda x, y: y,
    lambda x, y, o, g: [None, g],
    lambda k, x, y: y,
    "``y`` in the broadcast shape of both.",
    cast_inputs=False,
    base=_Shaped,
)
fill = second
identity = elementwise("identity", 1, lambda xp, x: x, same_kind, lambda x, o, g: [g], lambda k, x: x, "A copy.")


class Cast(UnaryScalarOp):
    """The conversion to a dtype: ``o_type`` is its scalar type."""

    __module__ = "theano.scalar.basic"

    def __init__(self, o_type: Any, name: str | None = None) -> None:
        if not isinstance(o_type, Scalar):
            raise TypeError(o_type)
        super().__init__(None, name if name is not None else f"Cast{{{o_type.dtype}}}")
        self.o_type = o_type
        self.declared = f"Cast{{{o_type.dtype}}}"

    def output_types(self, types: Any) -> Any:
        """The type to convert to. TypeError for complex numbers, which have no real value."""
        if types[0].dtype.startswith("complex") and not self.o_type.dtype.startswith("complex"):
            raise TypeError("Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs()")
        return [self.o_type]

    def output_dtype(self, *dtypes: str) -> str:
        """The dtype to convert to."""
        return self.output_types([get_scalar_type(d) for d in dtypes])[0].dtype  # type: ignore[no-any-return]

    def impl(self, *inputs: Any) -> Any:
        """Convert a number."""
        return self.reference(np, np.asarray(inputs[0]))[()]

    def reference(self, xp: Any, *xs: Any) -> Any:
        """Convert an array."""
        (x,), dtype = xs, self.o_type.dtype
        return x.real.astype(dtype) if x.dtype.kind == "c" and not dtype.startswith("complex") else x.astype(dtype)

    def partials(self, x: Any, o: Any, g: Any) -> list[Any]:
        """The gradient itself."""
        return [g]

    def lower(self, k: Any, x: Any) -> Any:
        """Convert."""
        return k.cast(x, self.o_type.dtype)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.o_type == other.o_type  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((Cast, self.o_type))

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.o_type.dtype}}}"


def _cast_to(dtype: str) -> Any:
    return elementwise(
        f"Cast{{{dtype}}}", 1, np.asarray, doc=f"Cast to {dtype}.", scalar_op=Cast(get_scalar_type(dtype))
    )


CASTS = {
    dtype: _cast_to(dtype)
    for dtype in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
}  # fmt: skip

# Complex parts stand here because products need conj in their gradient.
conj = elementwise(
    "conj",
    1,
    lambda xp, x: xp.conj(x),
    at_least_int8,
    lambda x, o, g: [conj(g) if g.type.dtype.startswith("complex") else g],
    lambda k, x: k.conj(x),
    "Complex conjugate.",
)
floor_mod = mod
integer_rule = integers_only


def conjugate(x: Any) -> Any:
    """Return the conjugate of complex numbers, others as they are."""
    return conj(x) if x.type.dtype.startswith("complex") else x
