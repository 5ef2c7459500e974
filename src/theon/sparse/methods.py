"""Which functions are the operators and methods of sparse variables: one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.errors import AsTensorError
from theon.graph.variable import Variable
from theon.ops.shape import shape
from theon.sparse import arith, compare, convert, csm, index, products, reduce
from theon.sparse.variable import SparseProperties
from theon.tensor.variable import comparison

__all__ = ["METHODS"]


def _operator(function: Callable[..., Any], swapped: bool = False) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        try:
            return function(other, self) if swapped else function(self, other)
        except AsTensorError:
            if isinstance(other, Variable):
                raise
            return NotImplemented

    return method


METHODS: dict[str, Any] = {
    "T": property(arith.transpose),
    "shape": property(shape),
    "size": property(lambda self: csm.csm_data(self).shape[0]),
    "astype": convert.cast,
    "toarray": convert.dense_from_sparse,
    "zeros_like": csm.sp_zeros_like,
    "transpose": arith.transpose,
    "sum": lambda self, axis=None, sparse_grad=False: reduce.sp_sum(self, axis, sparse_grad),
    "dot": products.structured_dot,
    "__dot__": products.structured_dot,
    "__rdot__": lambda self, other: products.structured_dot(other, self),
    "__matmul__": _operator(products.structured_dot),
    "__rmatmul__": _operator(products.structured_dot, True),
    "__neg__": lambda self: arith.neg(self),
    "__add__": _operator(arith.add),
    "__radd__": _operator(arith.add, True),
    "__sub__": _operator(arith.sub),
    "__rsub__": _operator(arith.sub, True),
    "__mul__": _operator(arith.mul),
    "__rmul__": _operator(arith.mul, True),
    "__lt__": comparison(_operator(compare.lt)),
    "__le__": comparison(_operator(compare.le)),
    "__gt__": comparison(_operator(compare.gt)),
    "__ge__": comparison(_operator(compare.ge)),
    "__getitem__": lambda self, args: index.getitem(self, args),
}

for _name, _function in METHODS.items():
    if not isinstance(_function, property) and not hasattr(_function, "__get__"):
        # An op is no function: as a class attribute it would not be bound.
        def _function(self: Any, _op: Any = _function) -> Any:
            return _op(self)

    setattr(SparseProperties, _name, _function)
