"""The base of ops on sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes, discrete_dtypes, upcast
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.type import NullType
from theon.graph.variable import Apply, Variable
from theon.ops.cast import cast as cast_tensor
from theon.ops.declare import zeros_for
from theon.options import config
from theon.sparse.type import SparseType, is_sparse
from theon.sparse.variable import as_sparse_or_tensor_variable, as_sparse_variable
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["SparseOp"]


def is_sparse_var(x: Any) -> bool:
    """Whether ``x`` is a sparse variable."""
    return isinstance(x, Variable) and isinstance(x.type, SparseType)


def tensor_of(dtype: str, ndim: int) -> TensorType:
    """The type of dense arrays of this dtype and rank, no dimension known to be 1."""
    return TensorType(dtype, (False,) * ndim)


def zero_gradient(x: Any) -> Any:
    """Return zeros like ``x``: sparse where it is, of floatX where it is discrete, disconnected where it holds no numbers."""
    if isinstance(x.type, TensorType):
        return zeros_for(x)
    if not isinstance(x.type, SparseType):
        return DisconnectedType()()
    return x.zeros_like().astype(config.floatX if x.dtype in discrete_dtypes else x.dtype)


def cast_any(x: Any, dtype: str) -> Any:
    """Return ``x``, sparse or dense, cast to ``dtype``; itself where it has it."""
    if x.dtype == dtype:
        return x
    return x.astype(dtype) if is_sparse_var(x) else cast_tensor(x, dtype)


class SparseOp(Op):
    """An op with one output that has or takes sparse matrices.

    A subclass gives ``convert`` (inputs to variables; by default "s" and "d" of ``takes`` say which are sparse and dense),
    ``infer`` (variables to the output's type) and ``compute`` (values to the value), which is brought to the type's format
    and dtype. ``grad`` may count on a gradient of the output's kind, and return any dtype.
    """

    __props__: tuple[str, ...] = ()
    takes = "s"
    formats = ("csc", "csr")

    def __str__(self) -> str:
        return type(self).__name__

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError for a wrong number or kind, and for formats not taken."""
        if len(inputs) != len(self.takes):
            raise TypeError(f"{self} takes {len(self.takes)} inputs, not {len(inputs)}")
        made = {"s": as_sparse_variable, "d": as_tensor_variable, "?": as_sparse_or_tensor_variable}
        return [made[kind](x) for kind, x in zip(self.takes, inputs)]

    def infer(self, *inputs: Any) -> Any:
        """Return the output's type; by default that of the first input."""
        return inputs[0].type

    def make_node(self, *inputs: Any, **named: Any) -> Apply:
        """Return the node; ``named`` inputs are those that :meth:`convert` has names for. TypeError or ValueError where they do not fit."""
        variables = list(self.convert(*inputs, **named))
        for v in variables:
            if is_sparse_var(v) and v.format not in self.formats:
                raise TypeError(message(f"{self} takes the formats {self.formats}, not {v.format}", [v]))
        return Apply(self, variables, [self.infer(*variables)()])

    def compute(self, *values: Any) -> Any:
        """Return the output's value."""
        raise TypeError(f"{type(self).__name__} has no reference")

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute, and bring the result to the output's format and dtype."""
        with np.errstate(all="ignore"):
            value = self.compute(*inputs)
        output_storage[0][0] = fitted(value, node.outputs[0].type)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Return ``grad`` with its results brought to the inputs' dtypes and formats; zeros where something is discrete."""
        from theon.sparse.convert import SparseFromDense, dense_from_sparse, reformatted

        (out,), (g,) = outputs, output_grads
        if isinstance(g.type, DisconnectedType | NullType):
            return [g for _ in inputs]
        if out.dtype in discrete_dtypes:
            return [zero_gradient(x) for x in inputs]
        if is_sparse_var(out):
            g = reformatted(g, out.format) if is_sparse_var(g) else SparseFromDense(out.format)(g)
        elif is_sparse_var(g):
            g = dense_from_sparse(g)
        found = []
        for x, d in zip(inputs, self.grad(inputs, [g])):
            if isinstance(d.type, DisconnectedType | NullType):
                found.append(d)
            elif x.dtype in discrete_dtypes:
                found.append(zero_gradient(x))
            else:
                if is_sparse_var(x) and is_sparse_var(d):
                    d = reformatted(d, x.format)
                narrower = d.dtype in complex_dtypes and x.dtype not in complex_dtypes
                found.append(d if narrower else cast_any(d, x.dtype))
        return found


def fitted(value: Any, type_: Any) -> Any:
    """Return a computed value in the format and dtype of its type."""
    if not isinstance(type_, SparseType):
        value = value.toarray() if is_sparse(value) else value
        return np.asarray(value, dtype=type_.numpy_dtype)
    cls = type_.format_cls[type_.format]
    if not isinstance(value, cls):
        value = cls(value)
    return value if value.dtype == type_.numpy_dtype else value.astype(type_.numpy_dtype)


def check_same_shape(op: Any, x: Any, y: Any) -> None:
    """ValueError where the shapes of two values differ."""
    if x.shape != y.shape:
        raise ValueError(f"{op}: the shapes differ: {tuple(x.shape)} and {tuple(y.shape)}")


def common_dtype(*variables: Any) -> str:
    """The upcast of the variables' dtypes."""
    return upcast(*(v.dtype for v in variables))
