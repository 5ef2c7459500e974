"""Which dtype a scalar op's result has: functions from the types of the inputs to the types of the outputs.

Each takes :class:`~theon.scalar.type.Scalar` types and returns a tuple of one such type. A scalar op made with one of
them as its ``output_types_preference`` has results of that type. TypeError where the inputs are not supported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.dtypes import complex_dtypes, float_dtypes
from theon.scalar.type import Scalar, get_scalar_type

__all__ = [
    "float_out",
    "float_out_nocomplex",
    "int_out",
    "int_out_nocomplex",
    "real_out",
    "same_out",
    "same_out_float_only",
    "same_out_min8",
    "same_out_nobool",
    "same_out_nocomplex",
    "specific_out",
    "transfer_type",
    "unary_out_lookup",
    "upcast_out",
    "upcast_out_min8",
    "upcast_out_no_complex",
    "upcast_out_nobool",
    "upgrade_to_float",
    "upgrade_to_float64",
    "upgrade_to_float_no_complex",
]

One = tuple[Scalar]

_FLOAT_OF = {dtype: "float32" for dtype in ("bool", "int8", "int16", "uint8", "uint16")} | {
    dtype: "float64" for dtype in ("int32", "int64", "uint32", "uint64")
}


def _no_complex(types: Sequence[Scalar]) -> None:
    if any(t.dtype in complex_dtypes for t in types):
        raise TypeError("complex type are not supported", [t.dtype for t in types])


def _upcast(*types: Scalar) -> One:
    return (get_scalar_type(Scalar.upcast(*types)),)


def upcast_out(*types: Scalar) -> One:
    """The smallest type that holds values of all inputs."""
    return _upcast(*types)


def upcast_out_nobool(*types: Scalar) -> One:
    """As :func:`upcast_out`; bool is refused."""
    found = _upcast(*types)
    if found[0].dtype == "bool":
        raise TypeError("bool output not supported")
    return found


def upcast_out_min8(*types: Scalar) -> One:
    """As :func:`upcast_out`, int8 for bools."""
    found = _upcast(*types)
    return (get_scalar_type("int8"),) if found[0].dtype == "bool" else found


def upcast_out_no_complex(*types: Scalar) -> One:
    """As :func:`upcast_out`; complex inputs are refused."""
    _no_complex(types)
    return _upcast(*types)


def same_out(type: Scalar) -> One:
    """The input's type."""
    return (type,)


def same_out_float_only(type: Scalar) -> One:
    """The input's type, which must be a float."""
    if type.dtype not in float_dtypes:
        raise TypeError("only float type are supported", type.dtype)
    return (type,)


def same_out_nobool(type: Scalar) -> One:
    """The input's type, which may not be bool."""
    if type.dtype == "bool":
        raise TypeError("bool input not supported")
    return (type,)


def same_out_min8(type: Scalar) -> One:
    """The input's type, int8 for bool."""
    return (get_scalar_type("int8"),) if type.dtype == "bool" else (type,)


def same_out_nocomplex(type: Scalar) -> One:
    """The input's type, which may not be complex."""
    _no_complex([type])
    return (type,)


def real_out(type: Scalar) -> One:
    """The type of a magnitude: float32 for complex64, float64 for complex128, else the input's."""
    return (get_scalar_type({"complex64": "float32", "complex128": "float64"}.get(type.dtype, type.dtype)),)


def int_out(*types: Scalar) -> One:
    """int64."""
    return (get_scalar_type("int64"),)


def int_out_nocomplex(*types: Scalar) -> One:
    """int64; complex inputs are refused."""
    _no_complex(types)
    return int_out(*types)


def float_out(*types: Scalar) -> One:
    """float64."""
    return (get_scalar_type("float64"),)


def float_out_nocomplex(*types: Scalar) -> One:
    """float64; complex inputs are refused."""
    _no_complex(types)
    return float_out(*types)


def upgrade_to_float(*types: Scalar) -> One:
    """The smallest float (or complex) type that holds values of all inputs; integers of over 16 bits need float64."""
    return _upcast(*(get_scalar_type(_FLOAT_OF.get(t.dtype, t.dtype)) for t in types))


def upgrade_to_float_no_complex(*types: Scalar) -> One:
    """As :func:`upgrade_to_float`; complex inputs are refused."""
    _no_complex(types)
    return upgrade_to_float(*types)


def upgrade_to_float64(*types: Scalar) -> One:
    """float64 for real inputs, complex128 for complex ones."""
    return (get_scalar_type("complex128" if any(t.dtype in complex_dtypes for t in types) else "float64"),)


class transfer_type:
    """A rule that gives for each output the type of the input at a position, or, for a type in that place, that type."""

    __module__ = "theano.scalar.basic"

    def __init__(self, *transfer: int | Scalar) -> None:
        if not all(isinstance(x, int | Scalar) for x in transfer):
            raise TypeError("transfer_type takes positions of inputs and types")
        self.transfer = transfer

    def __call__(self, *types: Scalar) -> tuple[Scalar, ...]:
        return tuple(types[i] if isinstance(i, int) else i for i in self.transfer)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.transfer == other.transfer  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.transfer)

    def __str__(self) -> str:
        return f"transfer_type{self.transfer}"


class specific_out:
    """A rule that gives the same types whatever the inputs are."""

    __module__ = "theano.scalar.basic"

    def __init__(self, *spec: Scalar) -> None:
        self.spec = spec

    def __call__(self, *types: Scalar) -> tuple[Scalar, ...]:
        return self.spec

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.spec == other.spec  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.spec))

    def __str__(self) -> str:
        return f"specific_out{self.spec}"


class unary_out_lookup:
    """A rule for one input that looks its type up in a dictionary. TypeError for one that is not there."""

    __module__ = "theano.scalar.basic"

    def __init__(self, type_table: dict[Scalar, Any]) -> None:
        self.tbl = type_table

    def __call__(self, *types: Scalar) -> One:
        found = self.tbl.get(types[0]) if len(types) == 1 else None
        if found is None:
            raise TypeError(types)
        return (found,)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.tbl == other.tbl  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(type(self))
