"""Random sparse matrices, drawn with NumPy's global generator: seed it with ``numpy.random.seed``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.autodiff.reverse import grad_undefined
from theon.dtypes import discrete_dtypes, float_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.sparse.declare import SparseOp
from theon.sparse.type import SparseType

__all__ = ["Binomial", "Multinomial", "Poisson"]


class _Draw(SparseOp):
    def do_constant_folding(self, node: Apply) -> bool:
        """No: each call draws anew."""
        return False

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Undefined, also where the draws are floats."""
        return self.grad(inputs, output_grads)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """A draw is no differentiable function."""
        return [
            grad_undefined(self, place, x, f"{type(self).__name__} draws random numbers")
            for place, x in enumerate(inputs)
        ]


class Poisson(_Draw):
    """Draws from Poisson distributions whose rates are the stored values of a sparse matrix."""

    __module__ = "theano.sparse.sandbox.sp2"

    def compute(self, x: Any) -> Any:
        """Draw."""
        found = type(x)((np.random.poisson(x.data).astype(x.dtype), x.indices, x.indptr), shape=x.shape, copy=True)
        found.eliminate_zeros()
        return found

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The same."""
        return [shapes[0]]


class Binomial(_Draw):
    """A matrix of draws from a binomial distribution: ``n`` trials of probability ``p``, ``shape`` a pair of integers."""

    __module__ = "theano.sparse.sandbox.sp2"
    __props__ = ("format", "dtype")
    takes = "ddd"

    def __init__(self, format: str, dtype: str) -> None:
        self.format, self.dtype = format, dtype

    def infer(self, n: Any, p: Any, shape: Any) -> SparseType:
        """The op's format and dtype. TypeError where an operand has another kind of dtype."""
        if n.dtype not in discrete_dtypes or p.dtype not in float_dtypes or shape.dtype not in discrete_dtypes:
            raise TypeError(
                message(f"{type(self).__name__} takes integer trials, a float probability, a shape", [n, p, shape])
            )
        return SparseType(self.format, self.dtype)

    def compute(self, n: Any, p: Any, shape: Any) -> Any:
        """Draw."""
        return SparseType.format_cls[self.format](np.random.binomial(n, p, size=tuple(shape)).astype(self.dtype))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The shape does not matter."""
        return [[True], [True], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Undefined."""
        return [*super().grad(inputs[:2], output_grads), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The last input."""
        return [(node.inputs[2][0], node.inputs[2][1])]  # type: ignore[index]


class Multinomial(_Draw):
    """Draws from multinomial distributions: row ``i`` of the csr matrix ``p`` holds probabilities that sum to one.

    ``n``, a scalar or a vector of one number a row, is how many experiments are made. The result stores the places of ``p``.
    """

    __module__ = "theano.sparse.sandbox.sp2"
    takes = "ds"
    formats = ("csr",)

    def infer(self, n: Any, p: Any) -> SparseType:
        """The type of ``p``. TypeError for more than one dimension of ``n``."""
        if n.type.ndim > 1 or n.dtype not in discrete_dtypes:
            raise TypeError(message("Multinomial takes an integer or a vector of integers", [n]))
        return p.type  # type: ignore[no-any-return]

    def compute(self, n: Any, p: Any) -> Any:
        """Draw. ValueError where ``n`` has not one number a row."""
        if n.ndim == 1 and n.shape[0] != p.shape[0]:
            raise ValueError("The number of element of n must be the same as the number of row of p.")
        data = np.empty_like(p.data)
        for row, trials in enumerate(np.broadcast_to(n, (p.shape[0],))):
            here = slice(p.indptr[row], p.indptr[row + 1])
            if here.stop > here.start:
                data[here] = np.random.multinomial(trials, p.data[here])
        return type(p)((data, p.indices, p.indptr), shape=p.shape, copy=True)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """As ``p``."""
        return [shapes[1]]


poisson, multinomial = Poisson(), Multinomial()
csr_fbinomial, csr_dbinomial = Binomial("csr", "float32"), Binomial("csr", "float64")
csc_fbinomial, csc_dbinomial = Binomial("csc", "float32"), Binomial("csc", "float64")
