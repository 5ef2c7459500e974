"""Shared sparse matrices."""

from __future__ import annotations

import copy
from typing import Any

from theon.graph.type import Type
from theon.sparse.type import SparseType, is_sparse
from theon.sparse.variable import SparseProperties
from theon.tensor.shared import SharedVariable, shared_constructor

__all__ = ["SparseTensorSharedVariable", "sparse_constructor"]


class SparseTensorSharedVariable(SparseProperties, SharedVariable):
    """A shared sparse matrix; an update has to have its format and dtype."""

    __module__ = "theano.sparse.sharedvar"
    __hash__ = SharedVariable.__hash__

    def __init__(
        self,
        name: str | None,
        type: Type,
        value: Any,
        strict: bool,
        allow_downcast: bool | None = None,
        container: Any = None,
    ) -> None:
        SharedVariable.__init__(self, name, type, value, strict, allow_downcast, container)

    def __str__(self) -> str:
        return self.name if self.name is not None else f"<{self.type}>"

    __repr__ = __str__

    def zero(self, borrow: bool = False) -> None:
        """Set every element to zero: nothing is stored any more."""
        value = self.container.storage[0]
        self.container.storage[0] = type(value)(value.shape, dtype=value.dtype)


# The operators of sparse variables, not the refusal that generic shared variables have.
for _name in ("__getitem__", "__lt__", "__le__", "__gt__", "__ge__"):
    setattr(SparseTensorSharedVariable, _name, getattr(SparseProperties, _name))


def sparse_constructor(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    format: str | None = None,
) -> SparseTensorSharedVariable:
    """Return a shared sparse matrix, a copy of ``value`` unless ``borrow``; ``format`` converts it. TypeError for other values.

    >>> import scipy.sparse
    >>> from theon.tensor.shared import shared
    >>> shared(scipy.sparse.csr_matrix((2, 3)), "w").type
    Sparse[float64, csr]
    """
    if not is_sparse(value):
        raise TypeError("Expected a sparse matrix in the sparse shared variable constructor. Received: ", type(value))
    format = format or (value.format if value.format in ("csc", "csr", "bsr") else "csr")
    try:
        type_ = SparseType(format, value.dtype)
    except NotImplementedError as error:
        raise TypeError(str(error)) from None
    if value.format != format:
        value = value.asformat(format)
    elif not borrow:
        value = copy.deepcopy(value)
    return SparseTensorSharedVariable(name, type_, value, strict, allow_downcast)


shared_constructor(sparse_constructor)
