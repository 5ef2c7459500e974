"""Sparse matrices side by side and one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.dtypes import upcast
from theon.graph.variable import Apply
from theon.ops.shape import shape
from theon.sparse.declare import SparseOp
from theon.sparse.type import SparseType
from theon.sparse.variable import as_sparse_variable

__all__ = ["HStack", "VStack", "hstack", "vstack"]


class HStack(SparseOp):
    """Sparse matrices side by side, as ``format`` (csc by default) and ``dtype``.

    ValueError without a dtype or without matrices, and at run time where the heights differ.
    """

    __module__ = "theano.sparse.basic"
    __props__ = ("format", "dtype")
    axis = 1

    def __init__(self, format: str | None = None, dtype: str | None = None) -> None:
        if dtype is None:
            raise ValueError("The output dtype must be specified.")
        self.format, self.dtype = format or "csc", dtype

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.format},{self.dtype})"

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """At least one sparse matrix."""
        if not inputs:
            raise ValueError("Cannot join an empty list of sparses.")
        return [as_sparse_variable(x) for x in inputs]

    def infer(self, *blocks: Any) -> SparseType:
        """The format and dtype asked for."""
        return SparseType(self.format, self.dtype)

    def compute(self, *blocks: Any) -> Any:
        """Join."""
        import scipy.sparse

        join = scipy.sparse.hstack if self.axis == 1 else scipy.sparse.vstack
        return join(blocks, format=self.format, dtype=self.dtype)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Each its part."""
        (g,) = output_grads
        found, start = [], 0
        for x in inputs:
            stop = start + shape(x)[self.axis]
            found.append(g[:, start:stop] if self.axis == 1 else g[start:stop, :])
            start = stop
        return found

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes along the axis summed."""
        total = sum((s[self.axis] for s in shapes[1:]), shapes[0][self.axis])
        return [(shapes[0][0], total) if self.axis == 1 else (total, shapes[0][1])]


class VStack(HStack):
    """Sparse matrices one above the other, as ``format`` (csc by default) and ``dtype``."""

    __module__ = "theano.sparse.basic"
    __props__ = ("format", "dtype")
    axis = 0


def _dtype(blocks: Sequence[Any], dtype: str | None) -> str:
    return dtype or upcast(*(b.dtype for b in blocks))


def hstack(blocks: Sequence[Any], format: str | None = None, dtype: str | None = None) -> Any:
    """Return sparse ``blocks`` side by side; ``dtype`` is their upcast by default, ``format`` csc."""
    blocks = [as_sparse_variable(b) for b in blocks]
    return HStack(format=format, dtype=_dtype(blocks, dtype))(*blocks)


def vstack(blocks: Sequence[Any], format: str | None = None, dtype: str | None = None) -> Any:
    """Return sparse ``blocks`` one above the other; ``dtype`` is their upcast by default, ``format`` csc."""
    blocks = [as_sparse_variable(b) for b in blocks]
    return VStack(format=format, dtype=_dtype(blocks, dtype))(*blocks)
