"""Numbers as symbolic values: the type of one number of a dtype, its variables and constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import all_dtypes, upcast
from theon.graph.type import Type
from theon.graph.variable import Apply, Constant, Variable
from theon.options import config

__all__ = ["Scalar", "ScalarConstant", "ScalarVariable", "as_scalar", "constant", "get_scalar_type"]


class Scalar(Type):
    """One number of a dtype. Its values are NumPy scalars; two such types are equal when their dtypes are.

    TypeError for an unknown dtype.
    """

    __module__ = "theano.scalar.basic"
    __props__ = ("dtype",)
    ndim = 0
    broadcastable = ()
    shape = ()

    def __init__(self, dtype: str) -> None:
        self.dtype = config.floatX if dtype == "floatX" else str(dtype)
        if self.dtype not in all_dtypes:
            raise TypeError(f"Unsupported dtype for {type(self).__name__}: {dtype!r}")

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype as NumPy has it."""
        return np.dtype(self.dtype)

    @staticmethod
    def upcast(*types: Scalar) -> str:
        """Return the smallest dtype that holds values of all ``types``."""
        return upcast(*(t.dtype for t in types))

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``value`` as a NumPy scalar; TypeError where it would lose something (unless ``allow_downcast``)."""
        make = self.numpy_dtype.type
        if type(value) is make:
            return value
        if strict:
            raise TypeError(
                f"{self} expected a {make.__name__}, got {value!r} of type {type(value)}", value, type(value)
            )
        if isinstance(value, Variable):
            raise TypeError(f"Expected a number, but found a Variable: {value}")
        try:
            found = np.asarray(value)
            if found.ndim or found.dtype.kind not in "biufc":
                raise TypeError(f"{value!r} is not one number")
            converted = (
                found.astype(self.numpy_dtype)[()] if found.dtype.kind != "c" or self.numpy_dtype.kind == "c" else None
            )
        except (ValueError, OverflowError) as error:
            raise TypeError(f"{self} cannot hold {value!r}: {error}") from None
        float_to_floatx = allow_downcast is None and type(value) is float and self.dtype == config.floatX
        with np.errstate(all="ignore"):
            same = converted is not None and bool(converted == value or (converted != converted and value != value))
        if converted is None or not (allow_downcast or float_to_floatx or same):
            raise TypeError(
                f"Value cannot accurately be converted to dtype ({self.dtype}) and allow_downcast is not True", value
            )
        return converted

    def values_eq_approx(self, a: Any, b: Any, tolerance: float = 1e-4) -> bool:
        """Whether two numbers differ by no more than rounding."""
        return bool(abs(a - b) <= (abs(a) + abs(b)) * tolerance)

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Never: NumPy scalars cannot be changed."""
        return False

    def filter_variable(self, other: Any, allow_convert: bool = True) -> Variable:
        """Return ``other`` as a scalar of this dtype; TypeError where that is not possible."""
        other = as_scalar(other)
        if other.type == self:
            return other  # type: ignore[no-any-return]
        return super().filter_variable(other, allow_convert)

    def make_variable(self, name: str | None = None) -> ScalarVariable:
        """Return a new variable of this type."""
        return ScalarVariable(self, name=name)

    def dtype_specs(self) -> tuple[Any, str, str]:
        """Return (NumPy class, C name, name of NumPy's C type) of the dtype, as code written for Theano asks."""
        name = self.dtype
        c_name = f"npy_{name}" if name != "bool" else "npy_bool"
        return self.numpy_dtype.type, c_name, f"{name.capitalize()}"

    def get_size(self, shape_info: Any) -> int:
        """Return the number of bytes of a value."""
        return int(self.numpy_dtype.itemsize)

    def clone(self, dtype: str | None = None, **kwargs: Any) -> Scalar:
        """Return this type, or that of another dtype."""
        return Scalar(self.dtype if dtype is None else dtype)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dtype == other.dtype  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((Scalar, self.dtype))

    def __str__(self) -> str:
        return str(self.dtype)

    def __repr__(self) -> str:
        return f"Scalar({self.dtype})"


class _Numeric:
    """What scalar variables and constants share; operators are attached by ``theon.ops.scalars``."""

    type: Any
    ndim = 0

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self.type.dtype  # type: ignore[no-any-return]


class ScalarVariable(_Numeric, Variable):
    """A symbolic number."""

    __module__ = "theano.scalar.basic"


class ScalarConstant(_Numeric, Constant):
    """A known number."""

    __module__ = "theano.scalar.basic"

    def signature(self) -> Any:
        """The type and the bytes of the value: NaN equals NaN, 0 is not -0."""
        return self.type, self.type.numpy_dtype.type(self.data).tobytes()


Scalar.Variable = ScalarVariable
Scalar.Constant = ScalarConstant

_TYPES = {dtype: Scalar(dtype) for dtype in all_dtypes}


def get_scalar_type(dtype: str) -> Scalar:
    """Return the type of one number of ``dtype``; always the same object for one dtype."""
    return _TYPES[dtype] if dtype in _TYPES else Scalar(dtype)


def constant(x: Any, name: str | None = None, dtype: str | None = None) -> ScalarConstant:
    """Return the number ``x`` as a constant of ``dtype``; without one, of the smallest dtype that holds it exactly."""
    from theon.tensor.constant import _as_array

    found = _as_array(x, dtype)
    if found.ndim or found.dtype.kind not in "biufc":
        raise TypeError(f"{x!r} is not one number")
    return ScalarConstant(get_scalar_type(str(found.dtype)), found[()], name=name)


def as_scalar(x: Any, name: str | None = None) -> Any:
    """Return ``x`` as a symbolic number: a scalar itself, a 0-d tensor's value, or a constant. TypeError for others."""
    from theon.tensor.type import TensorType

    if isinstance(x, Apply):
        if len(x.outputs) != 1:
            raise ValueError("It is ambiguous which output of a multi-output Op has to be fetched.", x)
        x = x.outputs[0]
    if isinstance(x, Variable):
        if isinstance(x.type, Scalar):
            return x
        if isinstance(x.type, TensorType) and x.type.ndim == 0:
            from theon.ops.cast import scalar_from_tensor

            return scalar_from_tensor(x)
        raise TypeError("Variable type field must be a Scalar.", x, x.type)
    try:
        return constant(x, name=name)
    except TypeError:
        raise TypeError(f"Cannot convert {x!r} to Scalar", type(x)) from None
