"""Comparisons of sparse matrices, as uint8: sparse between two sparse ones, dense with a dense one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.variable import Apply
from theon.sparse.declare import SparseOp, check_same_shape, is_sparse_var
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_or_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["eq", "ge", "gt", "le", "lt", "neq"]


class _Comparison(SparseOp):
    comparison: Callable[[Any, Any], Any]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As the first."""
        return [shapes[0]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Zeros: comparisons are steps."""
        from theon.sparse.declare import zero_gradient

        return [zero_gradient(x) for x in inputs]


class _SS(_Comparison):
    takes = "ss"

    def infer(self, x: Any, y: Any) -> SparseType:
        """Sparse; NotImplementedError for different formats."""
        if x.format != y.format:
            raise NotImplementedError(message(f"{self}: the formats differ", [x, y]))
        return SparseType(x.format, "uint8")

    def compute(self, x: Any, y: Any) -> Any:
        """Compare."""
        import warnings

        check_same_shape(self, x, y)
        with warnings.catch_warnings():  # SciPy warns where the result has few zeros
            warnings.simplefilter("ignore")
            return type(self).comparison(x, y).astype("uint8")


class _SD(_Comparison):
    takes = "sd"

    def infer(self, x: Any, y: Any) -> TensorType:
        """A matrix."""
        if y.type.ndim != 2:
            raise TypeError(message(f"{self} compares with a dense matrix", [x, y]))
        return TensorType("uint8", (False, False))

    def compute(self, x: Any, y: Any) -> Any:
        """Compare."""
        check_same_shape(self, x, y)
        return np.asarray(type(self).comparison(x.toarray(), y)).astype("uint8")


class EqualSS(_SS):
    """Where two sparse matrices are equal."""

    __module__ = "theano.sparse.basic"
    comparison = operator.eq


class EqualSD(_SD):
    """Where a sparse and a dense matrix are equal."""

    __module__ = "theano.sparse.basic"
    comparison = operator.eq


class NotEqualSS(_SS):
    """Where two sparse matrices differ."""

    __module__ = "theano.sparse.basic"
    comparison = operator.ne


class NotEqualSD(_SD):
    """Where a sparse and a dense matrix differ."""

    __module__ = "theano.sparse.basic"
    comparison = operator.ne


class LessThanSS(_SS):
    """Where the first of two sparse matrices is less."""

    __module__ = "theano.sparse.basic"
    comparison = operator.lt


class LessThanSD(_SD):
    """Where a sparse matrix is less than a dense one."""

    __module__ = "theano.sparse.basic"
    comparison = operator.lt


class GreaterThanSS(_SS):
    """Where the first of two sparse matrices is greater."""

    __module__ = "theano.sparse.basic"
    comparison = operator.gt


class GreaterThanSD(_SD):
    """Where a sparse matrix is greater than a dense one."""

    __module__ = "theano.sparse.basic"
    comparison = operator.gt


class LessEqualSS(_SS):
    """Where the first of two sparse matrices is not greater."""

    __module__ = "theano.sparse.basic"
    comparison = operator.le


class LessEqualSD(_SD):
    """Where a sparse matrix is not greater than a dense one."""

    __module__ = "theano.sparse.basic"
    comparison = operator.le


class GreaterEqualSS(_SS):
    """Where the first of two sparse matrices is not less."""

    __module__ = "theano.sparse.basic"
    comparison = operator.ge


class GreaterEqualSD(_SD):
    """Where a sparse matrix is not less than a dense one."""

    __module__ = "theano.sparse.basic"
    comparison = operator.ge


equal_s_s, equal_s_d = EqualSS(), EqualSD()
not_equal_s_s, not_equal_s_d = NotEqualSS(), NotEqualSD()
less_than_s_s, less_than_s_d = LessThanSS(), LessThanSD()
greater_than_s_s, greater_than_s_d = GreaterThanSS(), GreaterThanSD()
less_equal_s_s, less_equal_s_d = LessEqualSS(), LessEqualSD()
greater_equal_s_s, greater_equal_s_d = GreaterEqualSS(), GreaterEqualSD()


def _choose(x: Any, y: Any, both: Any, first: Any, second: Any) -> Any:
    x, y = as_sparse_or_tensor_variable(x), as_sparse_or_tensor_variable(y)
    if is_sparse_var(x) and is_sparse_var(y):
        return both(x, y)
    if is_sparse_var(x):
        return first(x, y)
    if is_sparse_var(y):
        return second(y, x)
    raise TypeError(message("sparse comparison: one operand has to be sparse", [x, y]))


def eq(x: Any, y: Any) -> Any:
    """Return where ``x == y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, equal_s_s, equal_s_d, equal_s_d)


def neq(x: Any, y: Any) -> Any:
    """Return where ``x != y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, not_equal_s_s, not_equal_s_d, not_equal_s_d)


def lt(x: Any, y: Any) -> Any:
    """Return where ``x < y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, less_than_s_s, less_than_s_d, greater_than_s_d)


def gt(x: Any, y: Any) -> Any:
    """Return where ``x > y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, greater_than_s_s, greater_than_s_d, less_than_s_d)


def le(x: Any, y: Any) -> Any:
    """Return where ``x <= y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, less_equal_s_s, less_equal_s_d, greater_equal_s_d)


def ge(x: Any, y: Any) -> Any:
    """Return where ``x >= y``, as uint8: sparse for two sparse matrices, else dense."""
    return _choose(x, y, greater_equal_s_s, greater_equal_s_d, less_equal_s_d)
