"""How an op is declared: scalar ops with their elementwise form, and ops on whole tensors.

``elementwise`` makes an op of one declaration: dtype rule, reference against an array namespace, gradient, scalar
lowering. :class:`TensorOp` is the base of the others: its fields are its ``__props__``.

>>> from theon.tensor import constructors as T
>>> double = elementwise("double", 1, lambda xp, x: x + x, grad=lambda x, y, g: [g + g])
>>> double(T.dvector("v"))
Elemwise{double,no_inplace}.0
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes, discrete_dtypes, float_dtypes, integer_dtypes, upcast
from theon.errors import ComplexError, ShapeMismatch, message
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.origin import user_frame
from theon.graph.variable import Apply, Variable
from theon.options import config
from theon.scalar.op import BinaryScalarOp, ScalarOp, UnaryScalarOp
from theon.scalar.type import Scalar, ScalarConstant, as_scalar, get_scalar_type
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


# Theano's name of an op's class where it is not the op's name with a capital letter.
_CLASS_NAMES = {
    "abs_": "Abs", "and_": "AND", "or_": "OR", "xor": "XOR", "lt": "LT", "gt": "GT", "le": "LE", "ge": "GE", "eq": "EQ",
    "neq": "NEQ", "isnan": "IsNan", "isinf": "IsInf", "int_div": "IntDiv", "true_div": "TrueDiv", "arccos": "ArcCos",
    "arcsin": "ArcSin", "arctan": "ArcTan", "arctan2": "ArcTan2", "arccosh": "ArcCosh", "arcsinh": "ArcSinh",
    "arctanh": "ArcTanh", "deg2rad": "Deg2Rad", "rad2deg": "Rad2Deg", "complex_from_polar": "ComplexFromPolar",
    "round_half_to_even": "RoundHalfToEven", "round_half_away_from_zero": "RoundHalfAwayFromZero", "chi2sf": "Chi2SF",
    "gammainc": "GammaInc", "gammaincc": "GammaIncC", "gammal": "GammaL", "gammau": "GammaU", "gammaln": "GammaLn",
    "tri_gamma": "TriGamma", "xlogx": "XlogX", "xlogy0": "XlogY0", "sigmoid": "ScalarSigmoid", "softplus": "ScalarSoftplus",
}  # fmt: skip
_PRINTED = {
    "abs_": "Abs", "and_": "AND", "or_": "OR", "xor": "XOR", "lt": "LT", "gt": "GT", "le": "LE", "ge": "GE", "eq": "EQ",
    "neq": "NEQ", "isnan": "IsNan", "isinf": "IsInf", "invert": "Invert", "switch": "Switch",
    "round_half_to_even": "RoundHalfToEven", "round_half_away_from_zero": "RoundHalfAwayFromZero",
    "xlogx": "scalar_xlogx", "xlogy0": "scalar_xlogy0", "sigmoid": "scalar_sigmoid", "softplus": "scalar_softplus",
}  # fmt: skip
_HOMES = {
    name: "theano.scalar.basic_scipy"
    for name in (
        "Erf", "Erfc", "Erfcx", "Erfinv", "Erfcinv", "Gamma", "GammaLn", "Psi", "TriGamma", "Chi2SF", "GammaInc", "GammaIncC",
        "GammaL", "GammaU", "J0", "J1", "Jv", "I0", "I1", "Iv",
    )
} | {
    "XlogX": "theano.tensor.xlogx",
    "XlogY0": "theano.tensor.xlogx",
    "ScalarSigmoid": "theano.tensor.nnet.sigm",
    "ScalarSoftplus": "theano.tensor.nnet.sigm",
}  # fmt: skip


class _Declared(ScalarOp):
    """What ops made by :func:`elementwise` share: ``out`` is their dtype rule, ``reference`` computes with arrays."""

    declared = ""
    out: DtypeRule

    def __init__(self, output_types_preference: Callable[..., Any] | None = None, name: str | None = None) -> None:
        super().__init__(
            output_types_preference, name if name is not None else _PRINTED.get(self.declared, self.declared)
        )

    def output_types(self, types: Any) -> Any:
        """By the op's rule, unless the constructor was given another."""
        if "output_types_preference" in vars(self):
            return super().output_types(types)
        return [get_scalar_type(self.out(*(t.dtype for t in types)))]

    def output_dtype(self, *dtypes: str) -> str:
        """Return the dtype of the output for inputs of these dtypes."""
        if "output_types_preference" in vars(self):
            return super().output_dtype(*dtypes)
        return self.out(*dtypes)

    def impl(self, *inputs: Any) -> Any:
        """Compute with numbers."""
        with np.errstate(all="ignore"):
            found = self.reference(np, *(np.asarray(x) for x in inputs))
        return np.asarray(found)[()]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute in the dtype of the output, as the elementwise form does."""
        dtype = node.outputs[0].type.numpy_dtype  # type: ignore[attr-defined]
        if self.cast_inputs and dtype.kind != "b":
            inputs = [np.asarray(x).astype(dtype) for x in inputs]
        output_storage[0][0] = np.asarray(self.impl(*inputs)).astype(dtype)[()]

    def __reduce__(self) -> Any:
        # Declared ops are found again by name: their functions are code, not data.
        if self.declared in REGISTRY and REGISTRY[self.declared].scalar_op is self:
            return _scalar_op, (self.declared,)
        return copyreg.__newobj__, (type(self),), vars(self)  # type: ignore[attr-defined]


def _scalar_op(name: str) -> ScalarOp:
    return REGISTRY[name].scalar_op


def _scalar_class(name: str, nin: int, base: type[ScalarOp] | None, parts: dict[str, Any]) -> type[ScalarOp]:
    if base is None:
        base = {1: UnaryScalarOp, 2: BinaryScalarOp}.get(nin, ScalarOp)
    title = _CLASS_NAMES.get(name, name.capitalize())
    space = {"declared": name, "nin": nin, "__module__": _HOMES.get(title, "theano.scalar.basic"), **parts}
    for key in ("out", "reference", "partials", "lower"):
        if space[key] is not None:
            space[key] = staticmethod(space[key])
    return type(title, (_Declared, base), space)


def _described(node: Apply) -> str:
    return f"Apply node that caused the error: {node}"


# Ops on complex numbers that have no complex derivative; their gradients are written by parts.
_NOT_ANALYTIC = {"real", "imag", "angle", "abs_", "complex", "complex_from_polar", "conj"}


class Elemwise(Op):
    """A scalar op applied to each element of its broadcast inputs."""

    __module__ = "theano.tensor.elemwise"
    __props__ = ("scalar_op", "inplace_pattern")

    def __init__(
        self,
        scalar_op: ScalarOp,
        inplace_pattern: Any = None,
        name: str | None = None,
        nfunc_spec: Any = None,
        openmp: bool | None = None,
    ) -> None:
        self.scalar_op, self.name, self.nfunc_spec, self.openmp = scalar_op, name, nfunc_spec, openmp
        self.inplace_pattern = tuple(sorted((inplace_pattern or {}).items()))

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        declared = self.scalar_op.declared
        if declared.startswith("Cast{") or REGISTRY.get(declared, self).scalar_op is not self.scalar_op or not declared:
            return f"Elemwise{{{self.scalar_op}}}"
        return f"Elemwise{{{declared},no_inplace}}"

    @property
    def nin(self) -> int:
        """The number of inputs; -1 for any."""
        return self.scalar_op.nin

    @property
    def nout(self) -> int:
        """The number of outputs."""
        return self.scalar_op.nout

    def make_node(self, *inputs: Any) -> Apply:
        """Broadcast the inputs' patterns, find the output's dtype. TypeError for a wrong number or dtype of inputs."""
        from theon.ops.dims import padded

        op = self.scalar_op
        if op.nin >= 0 and len(inputs) != op.nin:
            raise TypeError(f"{op} takes {op.nin} inputs, not {len(inputs)}")
        variables = [as_tensor_variable(x) for x in inputs]
        ndim = max((v.type.ndim for v in variables), default=0)
        variables = [padded(v, ndim) for v in variables]
        given = [v.type.dtype for v in variables]
        try:
            dtypes = [op.output_dtype(*given)] if op.nout == 1 else op.output_dtypes(given)
        except TypeError as error:
            kind = ComplexError if isinstance(error, ComplexError) else TypeError
            raise kind(message(f"{op}: {error}", variables)) from None
        flags = [all(v.type.broadcastable[d] for v in variables) for d in range(ndim)]
        known: list[int | None] = []
        for d in range(ndim):
            sizes = {v.type.shape[d] for v in variables if v.type.shape[d] not in (None, 1)}
            if len(sizes) > 1:
                raise ShapeMismatch(
                    message(f"{op}: sizes {sorted(sizes)} of dimension {d} do not broadcast", variables)
                )
            known.append(sizes.pop() if sizes else (1 if flags[d] else None))
        return Apply(self, variables, [TensorType(dtype, shape=known)() for dtype in dtypes])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute with NumPy. ValueError where the sizes do not broadcast."""
        dtypes = [v.type.numpy_dtype for v in node.outputs]  # type: ignore[attr-defined]
        if self.scalar_op.cast_inputs and dtypes[0].kind != "b":
            inputs = [x if x.dtype == dtypes[0] else x.astype(dtypes[0]) for x in inputs]
        with np.errstate(all="ignore"):
            found = self.scalar_op.reference(np, *inputs)
        for storage, value, dtype in zip(output_storage, (found,) if len(dtypes) == 1 else found, dtypes):
            out = np.asarray(value)
            out = out if out.dtype == dtype else out.astype(dtype)
            if out.shape != (shape := np.broadcast_shapes(*(x.shape for x in inputs))):
                out = np.broadcast_to(out, shape).copy()  # an output that reads only some of the inputs
            # An identity reference would alias its input.
            storage[0] = out.copy() if any(out is x or out.base is x for x in inputs) else out

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """Return the scalar gradients, summed over the dimensions along which an input was broadcast."""
        from theon.graph.type import NullType
        from theon.ops.reduce import sum_like, summed_to

        if all(v.type.dtype in discrete_dtypes for v in outputs):  # type: ignore[attr-defined]
            return [zeros_for(x) for x in inputs]
        gradients = []
        for x, d in zip(inputs, self._partials(inputs, outputs, output_grads)):
            if d is None:
                gradients.append(zeros_for(x))
                continue
            if isinstance(d.type, DisconnectedType | NullType):
                gradients.append(d)
                continue
            # First over the dimensions known to be spread: what is left to find out at run time is small.
            d = summed_to(d, x)
            gradients.append(sum_like(d, x) if _may_be_spread(x, inputs) else d)
        return gradients

    def _partials(self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Any) -> Sequence[Any]:
        """The gradients on arrays, not yet summed: by the op's formula, or its scalar gradient applied to arrays."""
        from theon.graph.type import NullType

        op = self.scalar_op
        if op.partials is not None:
            if outputs[0].type.dtype in complex_dtypes and op.declared not in _NOT_ANALYTIC:  # type: ignore[attr-defined]
                return self._complex_partials(inputs, outputs, output_grads)
            return op.partials(*inputs, outputs[0], output_grads[0])  # type: ignore[no-any-return]
        if not op.has_gradient:
            return [NullType(f"{op} has no gradient")() for _ in inputs]
        return scalar_gradients(op, inputs, outputs, output_grads)

    def _complex_partials(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Any
    ) -> list[Any]:
        """A gradient holds the derivatives by the real and the imaginary part: that of f(z) is conj(f'(z)) times the result's."""
        from theon.graph.type import NullType

        conj, real = REGISTRY["conj"], REGISTRY["real"]
        found: list[Any] = []
        for x, d in zip(inputs, self.scalar_op.partials(*inputs, outputs[0], conj(output_grads[0]))):
            if d is not None and not isinstance(d.type, DisconnectedType | NullType) and d.type.dtype in complex_dtypes:
                d = conj(d) if x.type.dtype in complex_dtypes else real(d)  # type: ignore[attr-defined]
            found.append(d)
        return found

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """That of the scalar op, where it has one."""
        pattern = getattr(self.scalar_op, "connection_pattern", None)
        return pattern(node) if pattern is not None else [[True] * len(node.outputs) for _ in node.inputs]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Any]:
        """Return the sum of partial derivatives times evaluation points."""
        from theon.graph.type import NullType
        from theon.ops.fill import ones_like, zeros_like

        outputs = self(*inputs, return_list=True)
        found = []
        for out in outputs:
            total = None
            if out.type.dtype not in discrete_dtypes and self.scalar_op.has_gradient:
                ones = [ones_like(o) if o is out else zeros_like(o) for o in outputs]
                for k, (partial, point) in enumerate(zip(self._partials(inputs, outputs, ones), eval_points)):
                    if point is None or partial is None or isinstance(partial.type, DisconnectedType | NullType):
                        continue
                    term = partial * point
                    if any(v.type.dtype in complex_dtypes for v in (inputs[k], out)):  # type: ignore[attr-defined]
                        # A gradient holds the derivatives by both parts, and the point both parts' directions.
                        term = REGISTRY["real"](REGISTRY["conj"](partial) * point)
                        if out.type.dtype in complex_dtypes:
                            sides = [o * np.asarray(1j, o.type.dtype) if v is out else o for v, o in zip(outputs, ones)]
                            other = self._partials(inputs, outputs, sides)[k]
                            term = REGISTRY["complex"](term, REGISTRY["real"](REGISTRY["conj"](other) * point))
                    total = term if total is None else total + term
            found.append(total)
        return found

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
        return [tuple(sizes)] * len(node.outputs)


def elementwise_of(scalar_op: ScalarOp) -> Elemwise:
    """Return the op on arrays of a scalar op: the declared one where there is one."""
    declared = REGISTRY.get(scalar_op.declared)
    return declared if declared is not None and declared.scalar_op is scalar_op else Elemwise(scalar_op)


def on_arrays(results: Sequence[Variable], arrays: dict[Variable, Any]) -> list[Any]:
    """Return what scalar variables ``results`` become where ``arrays`` stand for some of the scalars they are made of."""
    from theon.graph.traverse import io_toposort
    from theon.ops.cast import tensor_from_scalar

    known = dict(arrays)

    def array(v: Variable) -> Any:
        if v not in known:
            if isinstance(v, ScalarConstant):
                known[v] = as_tensor_variable(np.asarray(v.data))
            else:
                known[v] = tensor_from_scalar(v) if isinstance(v.type, Scalar) else v
        return known[v]

    for node in io_toposort(list(arrays), list(results)):
        inputs = [array(v) for v in node.inputs]
        if isinstance(node.op, ScalarOp):
            found = elementwise_of(node.op)(*inputs, return_list=True)
        elif type(node.op).__name__ in ("TensorFromScalar", "ScalarFromTensor"):
            found = inputs
        else:
            found = node.op(*inputs, return_list=True)
        known.update(zip(node.outputs, found))
    return [array(v) for v in results]


def scalar_gradients(
    op: ScalarOp, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]
) -> list[Any]:
    """Return a scalar op's gradients on arrays: its scalar gradient with each scalar op applied to each element."""
    from theon.graph.type import NullType
    from theon.ops.dims import padded

    ndim = max((v.type.ndim for v in inputs), default=0)
    scalars = [get_scalar_type(v.type.dtype)() for v in inputs]
    node = op.make_node(*scalars)
    slopes = [
        g.type() if isinstance(g.type, DisconnectedType | NullType) else get_scalar_type(g.type.dtype)()
        for g in output_grads
    ]
    found = [
        d if isinstance(d, Variable) or d is None else as_scalar(d) for d in op.L_op(scalars, node.outputs, slopes)
    ]
    arrays = dict(zip([*scalars, *node.outputs, *slopes], [*inputs, *outputs, *output_grads]))
    kept = [d for d in found if d is not None and not isinstance(d.type, DisconnectedType | NullType)]
    lifted = iter(on_arrays(kept, arrays))
    gradients = []
    for d in found:
        if d is None or isinstance(d.type, DisconnectedType | NullType):
            gradients.append(d)
        else:
            d = padded(next(lifted), ndim)
            # A gradient that does not depend on an array still has one value for each element.
            if d.type.broadcastable != outputs[0].type.broadcastable:
                d = REGISTRY["second"](outputs[0], d)
            gradients.append(d)
    return gradients


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
    base: type[ScalarOp] | None = None,
    scalar_op: ScalarOp | None = None,
) -> Elemwise:
    """Declare an elementwise op and return it.

    ``printed`` is the op's text where Theano's is not ``Elemwise{name,no_inplace}``. ``base`` is the class that its scalar
    op is one of; ``scalar_op`` is that op itself, where its class holds the declaration.
    """
    from theon.ops.accuracy import described

    doc += described(name)
    if scalar_op is None:
        parts = {
            "out": out, "reference": reference, "partials": grad, "lower": lower, "cast_inputs": cast_inputs,
            "identity": identity, "__doc__": doc,
        }  # fmt: skip
        scalar_op = _scalar_class(name, nin, base, parts)()
    op = Elemwise(scalar_op, name=printed)
    op.__doc__ = doc
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

    def make_node(self, *inputs: Any, **named: Any) -> Apply:
        """Return the node; ``named`` inputs are those that :meth:`convert` has names for."""
        variables = list(self.convert(*inputs, **named))
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
