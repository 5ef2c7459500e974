"""How an op is declared: scalar ops with their elementwise form, and ops on whole tensors.

``elementwise`` makes an op of one declaration: dtype rule, reference against an array namespace, gradient, scalar
lowering. :class:`TensorOp` is the base of the others: its fields are its ``__props__``.

>>> from theon.tensor import constructors as T
>>> double = elementwise("double", 1, lambda xp, x: x + x, grad=lambda x, y, g: [g + g])
>>> double(T.dvector("v"))
Elemwise{double,no_inplace}.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes, discrete_dtypes, float_dtypes, integer_dtypes, upcast
from theon.errors import ShapeMismatch, message
from theon.graph.op import Op
from theon.graph.origin import user_frame
from theon.graph.variable import Apply, Variable
from theon.options import config
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["REGISTRY", "Elemwise", "ScalarOp", "TensorOp", "elementwise"]

DtypeRule = Callable[..., str]

# Every elementwise op by name; the generated tests walk it.
REGISTRY: dict[str, Elemwise] = {}

_SMALL_TO_FLOAT = {name: "float32" for name in ("bool", "int8", "int16", "uint8", "uint16")} | {
    name: "float64" for name in ("int32", "int64", "uint32", "uint64")
}


# --- dtype rules: dtypes of the inputs -> dtype of the output, TypeError where the op does not apply ---------------


def same_kind(*dtypes: str) -> str:
    """The upcast of all inputs."""
    return upcast(*dtypes)


def at_least_int8(*dtypes: str) -> str:
    """The upcast of all inputs, int8 for bools."""
    out = upcast(*dtypes)
    return "int8" if out == "bool" else out


def no_bool(*dtypes: str) -> str:
    """The upcast of all inputs, which may not be bool."""
    out = upcast(*dtypes)
    if out == "bool":
        raise TypeError(f"not defined for bool operands: {dtypes}")
    return out


def to_float(*dtypes: str) -> str:
    """The upcast, integers of up to 16 bits taken as float32, wider ones as float64."""
    return upcast(*(_SMALL_TO_FLOAT.get(d, d) for d in dtypes))


def to_float_no_complex(*dtypes: str) -> str:
    """As ``to_float``; complex operands are refused."""
    _refuse(dtypes, complex_dtypes)
    return to_float(*dtypes)


def no_complex(*dtypes: str) -> str:
    """The upcast; complex operands are refused."""
    _refuse(dtypes, complex_dtypes)
    return upcast(*dtypes)


def to_bool(*dtypes: str) -> str:
    """Always bool."""
    return "bool"


def to_bool_no_complex(*dtypes: str) -> str:
    """Bool; complex operands are refused."""
    _refuse(dtypes, complex_dtypes)
    return "bool"


def bits(*dtypes: str) -> str:
    """The upcast of integers, or bool of bools; others, and bools beside integers, are refused."""
    _refuse(dtypes, float_dtypes + complex_dtypes)
    if "bool" in dtypes and set(dtypes) != {"bool"}:
        raise TypeError(f"bools and integers do not mix here: {dtypes}")
    return upcast(*dtypes)


def integers_only(*dtypes: str) -> str:
    """The upcast of integers; bools and others are refused."""
    out = upcast(*dtypes)
    if out not in integer_dtypes:
        raise TypeError(f"defined for integers only, not {dtypes}")
    return out


def real_part(dtype: str) -> str:
    """The dtype of a magnitude."""
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def quotient(x: str, y: str) -> str:
    """True division: integers give floatX."""
    if x in discrete_dtypes and y in discrete_dtypes:
        return config.floatX  # type: ignore[no-any-return]
    return upcast(x, y)


def _refuse(dtypes: Sequence[str], kinds: Sequence[str]) -> None:
    for dtype in dtypes:
        if dtype in kinds:
            raise TypeError(f"{dtype} operands are not supported")


# --- elementwise ------------------------------------------------------------------------------------------------------


class ScalarOp:
    """What an elementwise op does at one place: ``name``, number of inputs, dtype rule, reference, gradient, lowering.

    ``reference(xp, *inputs)`` computes with arrays of the namespace ``xp``; ``grad(*inputs, output, g)`` gives a gradient
    or None for each input; ``lower(k, *inputs)`` writes the scalar expression through a kernel builder.
    """

    __module__ = "theano.scalar.basic"

    def __init__(
        self,
        name: str,
        nin: int,
        out: DtypeRule,
        reference: Callable[..., Any],
        grad: Callable[..., Any] | None = None,
        lower: Callable[..., Any] | None = None,
        cast_inputs: bool = True,
        identity: Any = None,
    ) -> None:
        self.name, self.nin, self.out, self.reference = name, nin, out, reference
        self.grad, self.lower, self.cast_inputs, self.identity = grad, lower, cast_inputs, identity

    def output_dtype(self, *dtypes: str) -> str:
        """Return the dtype of the output for inputs of these dtypes."""
        return self.out(*dtypes)

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScalarOp) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> Any:
        # Declared ops are found again by name: their functions are code, not data.
        if self.name in REGISTRY and REGISTRY[self.name].scalar_op is self:
            return _scalar_op, (self.name,)
        return object.__reduce_ex__(self, 2)


def _scalar_op(name: str) -> ScalarOp:
    return REGISTRY[name].scalar_op


def _described(node: Apply) -> str:
    return f"Apply node that caused the error: {node}"


class Elemwise(Op):
    """A scalar op applied to each element of its broadcast inputs."""

    __module__ = "theano.tensor.elemwise"
    __props__ = ("scalar_op", "inplace_pattern")

    def __init__(
        self, scalar_op: ScalarOp, inplace_pattern: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        self.scalar_op, self.name = scalar_op, name
        self.inplace_pattern = tuple(sorted((inplace_pattern or {}).items()))

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        if self.scalar_op.name.startswith("Cast{"):
            return f"Elemwise{{{self.scalar_op}}}"
        return f"Elemwise{{{self.scalar_op},no_inplace}}"

    @property
    def nin(self) -> int:
        """The number of inputs; -1 for any."""
        return self.scalar_op.nin

    def make_node(self, *inputs: Any) -> Apply:
        """Broadcast the inputs' patterns, find the output's dtype. TypeError for a wrong number or dtype of inputs."""
        from theon.ops.dims import padded

        op = self.scalar_op
        if op.nin >= 0 and len(inputs) != op.nin:
            raise TypeError(f"{op} takes {op.nin} inputs, not {len(inputs)}")
        variables = [as_tensor_variable(x) for x in inputs]
        ndim = max(v.type.ndim for v in variables)
        variables = [padded(v, ndim) for v in variables]
        try:
            dtype = op.output_dtype(*(v.type.dtype for v in variables))
        except TypeError as error:
            raise TypeError(message(f"{op}: {error}", variables)) from None
        flags = [all(v.type.broadcastable[d] for v in variables) for d in range(ndim)]
        known: list[int | None] = []
        for d in range(ndim):
            sizes = {v.type.shape[d] for v in variables if v.type.shape[d] not in (None, 1)}
            if len(sizes) > 1:
                raise ShapeMismatch(
                    message(f"{op}: sizes {sorted(sizes)} of dimension {d} do not broadcast", variables)
                )
            known.append(sizes.pop() if sizes else (1 if flags[d] else None))
        return Apply(self, variables, [TensorType(dtype, shape=known)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute with NumPy. ValueError where the sizes do not broadcast."""
        dtype = node.outputs[0].type.numpy_dtype  # type: ignore[attr-defined]
        if self.scalar_op.cast_inputs and dtype.kind != "b":
            inputs = [x if x.dtype == dtype else x.astype(dtype) for x in inputs]
        with np.errstate(all="ignore"):
            out = np.asarray(self.scalar_op.reference(np, *inputs))
        out = out if out.dtype == dtype else out.astype(dtype)
        # An identity reference would alias its input.
        output_storage[0][0] = out.copy() if any(out is x or out.base is x for x in inputs) else out

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """Return the scalar gradients, summed over the dimensions along which an input was broadcast."""
        from theon.graph.type import null_type
        from theon.ops.reduce import sum_like, summed_to

        (g,) = output_grads
        out = outputs[0]
        if out.type.dtype in discrete_dtypes or self.scalar_op.grad is None:  # type: ignore[attr-defined]
            if out.type.dtype in discrete_dtypes:  # type: ignore[attr-defined]
                return [zeros_for(x) for x in inputs]
            return [null_type(f"{self.scalar_op} has no gradient") for _ in inputs]
        gradients = []
        for x, d in zip(inputs, self.scalar_op.grad(*inputs, out, g)):
            if d is None or x.type.dtype in discrete_dtypes:  # type: ignore[attr-defined]
                gradients.append(zeros_for(x))
                continue
            # First over the dimensions known to be spread: what is left to find out at run time is small.
            d = summed_to(d, x)
            gradients.append(sum_like(d, x) if _may_be_spread(x, inputs) else d)
        return gradients

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Any]:
        """Return the sum of partial derivatives times evaluation points."""
        from theon.ops.fill import ones_like

        out = self(*inputs)
        if out.type.dtype in discrete_dtypes or self.scalar_op.grad is None:
            return [None]
        total = None
        for partial, point in zip(self.scalar_op.grad(*inputs, out, ones_like(out)), eval_points):
            if point is None or partial is None:
                continue
            term = partial * point
            total = term if total is None else total + term
        return [total]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Return the size along each dimension: that of an input not known to be broadcast there."""
        sizes = []
        for d in range(node.outputs[0].type.ndim):  # type: ignore[attr-defined]
            for v, shape in zip(node.inputs, shapes):
                if not v.type.broadcastable[d]:  # type: ignore[attr-defined]
                    sizes.append(shape[d])
                    break
            else:
                sizes.append(as_tensor_variable(np.int64(1)))
        return [tuple(sizes)]


def _source(variable: Variable) -> Variable:
    """The variable whose shape this one has, seen through elementwise ops of one operand."""
    for _ in range(50):
        node = variable.owner
        if node is None or not isinstance(node.op, Elemwise):
            break
        whole = [v for v in node.inputs if not all(v.type.broadcastable)]  # type: ignore[attr-defined]
        if (
            any(v is not whole[0] for v in whole)
            or not whole
            or whole[0].type.broadcastable != variable.type.broadcastable
        ):  # type: ignore[attr-defined]
            break
        variable = whole[0]
    return variable


def _may_be_spread(x: Variable, operands: Sequence[Variable]) -> bool:
    """Whether a size of ``x`` that is not known to be 1 may be 1 at run time where another operand's is not."""
    for other in operands:
        if other is x:
            continue
        for one, flag, n, m in zip(
            x.type.broadcastable,
            other.type.broadcastable,
            x.type.shape,
            other.type.shape,  # type: ignore[attr-defined]
        ):
            if not one and not flag and (n is None or m is None) and n is None:
                if _source(x) is not _source(other):
                    return True
                break
    return False


def zeros_for(x: Variable) -> Any:
    """Return a zero gradient for ``x``: of its dtype where that is a float, of floatX where it is discrete."""
    from theon.ops.fill import zeros_like

    dtype = x.type.dtype  # type: ignore[attr-defined]
    return zeros_like(x, dtype=config.floatX if dtype in discrete_dtypes else dtype)


def elementwise(
    name: str,
    nin: int,
    reference: Callable[..., Any],
    out: DtypeRule = same_kind,
    grad: Callable[..., Any] | None = None,
    lower: Callable[..., Any] | None = None,
    doc: str = "",
    printed: str | None = None,
    cast_inputs: bool = True,
    identity: Any = None,
    variadic: bool = False,
) -> Elemwise:
    """Declare an elementwise op and return it.

    ``printed`` is the op's text where Theano's is not ``Elemwise{name,no_inplace}``. ``variadic`` lets it take more than
    ``nin`` inputs by repetition.
    """
    op = Elemwise(ScalarOp(name, nin, out, reference, grad, lower, cast_inputs, identity), name=printed)
    op.__doc__ = doc
    op.variadic = variadic  # type: ignore[attr-defined]
    REGISTRY[name] = op
    return op


# --- ops on whole tensors ---------------------------------------------------------------------------------------------


class TensorOp(Op):
    """The base of ops on whole tensors.

    A subclass names its fields in ``__props__`` and takes them in its constructor in that order; it defines ``infer`` (input
    variables to output types) and ``reference`` (namespace and arrays to array or tuple of arrays).
    """

    __props__: tuple[str, ...] = ()

    def infer(self, *inputs: Any) -> Any:
        """Return the output type, or the list of them. Raises where the inputs do not fit."""
        raise TypeError(f"{type(self).__name__} has no type rule")

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """Return the inputs as variables."""
        return [as_tensor_variable(x) for x in inputs]

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        variables = list(self.convert(*inputs))
        types = self.infer(*variables)
        if not isinstance(types, list | tuple):
            types = [types]
        return Apply(self, variables, [t() for t in types])

    def reference(self, xp: Any, *inputs: Any) -> Any:
        """Compute with arrays of the namespace ``xp``."""
        raise TypeError(f"{type(self).__name__} has no reference")

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Run the reference with NumPy."""
        with np.errstate(all="ignore"):
            results = self.reference(np, *inputs)
        if len(output_storage) == 1:
            results = (results,)
        for storage, value, variable in zip(output_storage, results, node.outputs):
            storage[0] = np.asarray(value, dtype=variable.type.numpy_dtype)  # type: ignore[attr-defined]


def made_here(variable: Any) -> Any:
    """Note the user's line as the place where ``variable`` was made, and return it."""
    if variable.owner is not None:
        variable.owner.tag.origin = user_frame(2)
    return variable
