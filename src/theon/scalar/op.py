"""Ops on single numbers: what users subclass to make elementwise ops of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.type import Type
from theon.graph.variable import Apply, Variable
from theon.scalar.type import Scalar, as_scalar, get_scalar_type

__all__ = [
    "BinaryBitOp",
    "BinaryScalarOp",
    "FixedLogicalComparison",
    "LogicalComparison",
    "ScalarOp",
    "UnaryBitOp",
    "UnaryScalarOp",
]


class ScalarOp(Op):
    """An op on single numbers.

    A subclass defines ``impl``, a function of Python or NumPy numbers, and takes ``output_types_preference``, a function
    from the inputs' types to the outputs' (see ``theon.scalar.rules``), or defines ``output_types``. ``grad`` or ``L_op``
    give its gradient, written with scalar ops. ``Elemwise(op)`` applies it to arrays. ``nfunc_spec``, a tuple of the name of
    a NumPy or SciPy function, numbers of inputs and outputs, makes that fast.

    >>> from theon.scalar.rules import upgrade_to_float
    >>> from theon.scalar.type import get_scalar_type
    >>> class Half(UnaryScalarOp):
    ...     def impl(self, x):
    ...         return x / 2
    >>> Half(upgrade_to_float, name="half")(get_scalar_type("int32")("n")).type
    Scalar(float64)
    """

    __module__ = "theano.scalar.basic"

    nin = -1
    nout = 1
    # What ops declared in ``theon.ops`` add. ``declared`` is the name of what is computed, empty for others: rewriting
    # knows an op by it. ``partials`` gives the gradients on arrays, ``lower`` the native form.
    declared = ""
    partials: Callable[..., Any] | None = None
    lower: Callable[..., Any] | None = None
    cast_inputs = False
    identity: Any = None
    commutative = False
    associative = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "declared" in vars(cls):
            return
        # A class derived from a declared one keeps what it does not replace.
        own = vars(cls)
        if "impl" in own:
            cls.declared = ""
            if "lower" not in own:
                cls.lower = None
            if "reference" not in own:
                cls.reference = ScalarOp.reference  # type: ignore[method-assign]
        if ("grad" in own or "L_op" in own) and "partials" not in own:
            cls.partials = None

    def __init__(self, output_types_preference: Callable[..., Any] | None = None, name: str | None = None) -> None:
        self.name = name
        if output_types_preference is not None:
            if not callable(output_types_preference):
                raise TypeError(
                    f"Expected a callable for the 'output_types_preference' argument to {type(self)}. (got: {output_types_preference})"
                )
            self.output_types_preference = output_types_preference

    @property
    def kind(self) -> str:
        """The name under which rewriting knows what is computed; empty for an op it knows nothing about."""
        return "" if "output_types_preference" in self.__dict__ else self.declared

    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        """Return the types of the outputs. NotImplementedError without ``output_types_preference``."""
        preference = getattr(self, "output_types_preference", None)
        if preference is None:
            raise NotImplementedError(f"Cannot calculate the output types for {self}")
        found = preference(*types)
        if not isinstance(found, list | tuple) or not all(isinstance(t, Type) for t in found):
            raise TypeError(f"output_types_preference should return a list or a tuple of types, got {found!r}", self)
        if len(found) != self.nout:
            raise TypeError(
                f"Not the right number of outputs produced for {self}({types}): got {found}, expected {self.nout}"
            )
        return found

    def output_dtypes(self, dtypes: Sequence[str]) -> list[str]:
        """Return the dtypes of the outputs for inputs of these dtypes."""
        node = self.make_node(*(get_scalar_type(d).make_variable() for d in dtypes))
        return [v.type.dtype for v in node.outputs]  # type: ignore[attr-defined]

    def output_dtype(self, *dtypes: str) -> str:
        """Return the dtype of the only output."""
        return self.output_dtypes(dtypes)[0]

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError for a wrong number of inputs, or ones that are no numbers."""
        if self.nin >= 0 and len(inputs) != self.nin:
            raise TypeError(
                f"Wrong number of inputs for {self}.make_node (got {len(inputs)}({inputs}), expected {self.nin})"
            )
        variables = [as_scalar(x) for x in inputs]
        outputs = [t() for t in self.output_types([v.type for v in variables])]
        if len(outputs) != self.nout:
            raise TypeError(f"Not the right number of outputs produced for {self}: got {outputs}, expected {self.nout}")
        return Apply(self, variables, outputs)

    def impl(self, *inputs: Any) -> Any:
        """Compute with numbers; a tuple where there are several outputs."""
        raise NotImplementedError(f"{type(self).__name__} defines no impl")

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Call ``impl``."""
        with np.errstate(all="ignore"):
            found = self.impl(*inputs)
        results = (found,) if self.nout == 1 else found
        for storage, value, v in zip(output_storage, results, node.outputs, strict=True):
            storage[0] = np.asarray(value).astype(v.type.numpy_dtype)[()]  # type: ignore[attr-defined]

    def reference(self, xp: Any, *xs: Any) -> Any:
        """Compute with arrays: by the function ``nfunc_spec`` names, else calling ``impl`` for each place."""
        function = self._array_function()
        if function is not None:
            return function(*xs)
        if not xs:
            return self.impl()
        if not np.broadcast_shapes(*(np.shape(x) for x in xs)):
            return self.impl(*(x[()] for x in xs))
        found = np.frompyfunc(self.impl, len(xs), self.nout)(*xs)
        return found

    def _array_function(self) -> Any:
        spec = getattr(self, "nfunc_spec", None)
        if not spec:
            return None
        name, _, nout = spec
        if nout != self.nout:
            return None
        import importlib

        place, _, last = f"numpy.{name}".rpartition(".")
        for module in (place, name.rpartition(".")[0]):
            try:
                found = getattr(importlib.import_module(module), last, None)
            except (ImportError, ValueError):
                continue
            if found is not None:
                return found
        return None

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """Return the gradient of each input: of a declared op by its formula, of others by ``grad``."""
        if self.partials is None:
            return self.grad(inputs, output_grads)
        from theon.ops.cast import cast, scalar_from_tensor, tensor_from_scalar

        (g,) = output_grads
        if outputs[0].type.numpy_dtype.kind not in "fc":  # type: ignore[attr-defined]
            return [_zero(v) for v in inputs]
        xs = [tensor_from_scalar(v) for v in inputs]
        found = self.partials(*xs, tensor_from_scalar(outputs[0]), tensor_from_scalar(g))
        gradients = []
        for v, d in zip(inputs, found):
            if d is None or v.type.numpy_dtype.kind not in "fc":  # type: ignore[attr-defined]
                gradients.append(_zero(v))
            else:
                gradients.append(scalar_from_tensor(cast(d, v.type.dtype)))  # type: ignore[attr-defined]
        return gradients

    @property
    def has_gradient(self) -> bool:
        """Whether a gradient is known."""
        return self.partials is not None or type(self).grad is not Op.grad or type(self).L_op is not ScalarOp.L_op

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and getattr(self, "output_types_preference", None) == getattr(
            other, "output_types_preference", None
        )

    def __hash__(self) -> int:
        return hash((type(self), getattr(self, "output_types_preference", None)))

    def __str__(self) -> str:
        if getattr(self, "name", None):
            return self.name  # type: ignore[return-value]
        shown = {
            k: v
            for k, v in vars(self).items()
            if k not in ("name", "output_types_preference") and not k.startswith("_")
        }
        values = ", ".join(f"{k}={v!r}" for k, v in sorted(shown.items()))
        return f"{type(self).__name__}{{{values}}}" if values else type(self).__name__

    def __repr__(self) -> str:
        return str(self)


def _zero(v: Variable) -> Any:
    from theon.options import config

    smooth = v.type.numpy_dtype.kind in "fc"  # type: ignore[attr-defined]
    return v.zeros_like(dtype=None if smooth else config.floatX)  # type: ignore[attr-defined]


class UnaryScalarOp(ScalarOp):
    """An op on one number."""

    __module__ = "theano.scalar.basic"
    nin = 1


class BinaryScalarOp(ScalarOp):
    """An op on two numbers."""

    __module__ = "theano.scalar.basic"
    nin = 2


class LogicalComparison(BinaryScalarOp):
    """A comparison of two numbers; the result is a bool, and has the gradient 0."""

    __module__ = "theano.scalar.basic"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def output_types(self, *input_dtypes: Any) -> Sequence[Scalar]:
        """Bool."""
        return [get_scalar_type("bool")]

    def L_op(self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_gradients: Any) -> list[Any]:
        """Zero."""
        return [_zero(v) for v in inputs]


class FixedLogicalComparison(UnaryScalarOp):
    """A test of one number; the result is a bool, and has the gradient 0."""

    __module__ = "theano.scalar.basic"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def output_types(self, *input_dtypes: Any) -> Sequence[Scalar]:
        """Bool."""
        return [get_scalar_type("bool")]

    def L_op(self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_gradients: Any) -> list[Any]:
        """Zero."""
        return [_zero(v) for v in inputs]


def _bit_types(op: ScalarOp, types: Sequence[Scalar]) -> Sequence[Scalar]:
    kinds = {t.numpy_dtype.kind for t in types}
    if kinds - set("biu"):
        raise TypeError(f"{op} is defined for integers and bools, not for {[t.dtype for t in types]}")
    return [get_scalar_type(Scalar.upcast(*types))]


class UnaryBitOp(UnaryScalarOp):
    """An op on the bits of an integer or a bool, without a gradient."""

    __module__ = "theano.scalar.basic"

    def output_types(self, *input_types: Any) -> Sequence[Scalar]:
        """The input's type. TypeError for floats."""
        return _bit_types(self, input_types[0])

    def grad(self, inputs: Sequence[Variable], output_gradients: Any) -> list[Any]:
        """Zero."""
        return [_zero(v) for v in inputs]


class BinaryBitOp(BinaryScalarOp):
    """An op on the bits of two integers or bools, without a gradient."""

    __module__ = "theano.scalar.basic"

    def output_types(self, *input_types: Any) -> Sequence[Scalar]:
        """The upcast of the inputs. TypeError for floats."""
        return _bit_types(self, input_types[0])

    def grad(self, inputs: Sequence[Variable], output_gradients: Any) -> list[Any]:
        """Zero."""
        return [_zero(v) for v in inputs]
