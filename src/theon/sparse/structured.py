"""Elementwise functions of the stored values of a sparse matrix; the places stored stay the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.errors import message
from theon.ops import arith, explog, round, special, trig
from theon.sparse.csm import CSM, csm_properties
from theon.sparse.variable import as_sparse_variable
from theon.tensor.constant import as_tensor_variable

__all__ = ["structured_monoid"]


def structured_monoid(tensor_op: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: the function it gives applies ``tensor_op`` to the stored values of its first argument.

    Further arguments are scalars. Places that are not stored stay zero, also where the function of zero is not; the
    gradient is taken at the stored places.

    >>> from theon.ops.explog import exp
    >>> @structured_monoid(exp)
    ... def my_exp(x): "exp of the stored values."
    >>> from theon.sparse.variable import csc_matrix
    >>> my_exp(csc_matrix("x")).type
    Sparse[float64, csc]
    """

    def decorate(described: Callable[..., Any]) -> Callable[..., Any]:
        def apply(*args: Any) -> Any:
            x = as_sparse_variable(args[0])
            if x.format not in ("csr", "csc"):
                raise TypeError(message(f"{apply.__name__} takes csr and csc matrices, not {x.format}", [x]))
            others = [as_tensor_variable(a) for a in args[1:]]
            for other in others:
                if other.type.ndim:
                    raise TypeError(message(f"{apply.__name__}: further arguments have to be scalars", [other]))
            data, indices, indptr, shape = csm_properties(x)
            return CSM(x.format)(tensor_op(data, *others), indices, indptr, shape)

        apply.__name__ = apply.__qualname__ = described.__name__
        apply.__doc__, apply.__module__ = described.__doc__, described.__module__
        return apply

    return decorate


# --- functions whose value at zero is not zero: "structured" says that places not stored are left out --------------------


@structured_monoid(special.sigmoid)
def structured_sigmoid(*args: Any) -> Any:
    """The logistic function of the stored values."""


@structured_monoid(explog.exp)
def structured_exp(*args: Any) -> Any:
    """The exponential of the stored values."""


@structured_monoid(explog.log)
def structured_log(*args: Any) -> Any:
    """The logarithm of the stored values."""


@structured_monoid(arith.pow)
def structured_pow(*args: Any) -> Any:
    """The stored values to the power of a scalar."""


@structured_monoid(arith.minimum)
def structured_minimum(*args: Any) -> Any:
    """The smaller of each stored value and a scalar."""


@structured_monoid(arith.maximum)
def structured_maximum(*args: Any) -> Any:
    """The larger of each stored value and a scalar."""


@structured_monoid(arith.add)
def structured_add(*args: Any) -> Any:
    """The stored values plus a scalar."""


# --- functions that keep zero ------------------------------------------------------------------------------------------


@structured_monoid(trig.sin)
def sin(*args: Any) -> Any:
    """The sine."""


@structured_monoid(trig.arcsin)
def arcsin(*args: Any) -> Any:
    """The inverse sine."""


@structured_monoid(trig.tan)
def tan(*args: Any) -> Any:
    """The tangent."""


@structured_monoid(trig.arctan)
def arctan(*args: Any) -> Any:
    """The inverse tangent."""


@structured_monoid(trig.sinh)
def sinh(*args: Any) -> Any:
    """The hyperbolic sine."""


@structured_monoid(trig.arcsinh)
def arcsinh(*args: Any) -> Any:
    """The inverse hyperbolic sine."""


@structured_monoid(trig.tanh)
def tanh(*args: Any) -> Any:
    """The hyperbolic tangent."""


@structured_monoid(trig.arctanh)
def arctanh(*args: Any) -> Any:
    """The inverse hyperbolic tangent."""


@structured_monoid(round.round_half_to_even)
def rint(*args: Any) -> Any:
    """The nearest integer, halves to even."""


@structured_monoid(arith.sgn)
def sgn(*args: Any) -> Any:
    """The sign."""


@structured_monoid(round.ceil)
def ceil(*args: Any) -> Any:
    """The ceiling."""


@structured_monoid(round.floor)
def floor(*args: Any) -> Any:
    """The floor."""


@structured_monoid(round.trunc)
def trunc(*args: Any) -> Any:
    """The whole part."""


@structured_monoid(explog.log1p)
def log1p(*args: Any) -> Any:
    """The logarithm of one plus the value."""


@structured_monoid(explog.expm1)
def expm1(*args: Any) -> Any:
    """The exponential minus one."""


@structured_monoid(explog.deg2rad)
def deg2rad(*args: Any) -> Any:
    """Degrees to radians."""


@structured_monoid(explog.rad2deg)
def rad2deg(*args: Any) -> Any:
    """Radians to degrees."""


@structured_monoid(arith.sqr)
def sqr(*args: Any) -> Any:
    """The square."""


@structured_monoid(explog.sqrt)
def sqrt(*args: Any) -> Any:
    """The square root."""


@structured_monoid(arith.conj)
def conj(*args: Any) -> Any:
    """The complex conjugate."""
