"""Symbolic sparse matrices, constants, their constructors; operators are attached by ``theon.sparse.methods``."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.variable import Apply, Constant, Variable
from theon.options import config
from theon.sparse.type import SparseType, is_sparse, parts_of
from theon.tensor.constant import as_tensor_variable

__all__ = ["SparseConstant", "SparseConstantSignature", "SparseVariable", "as_sparse_variable"]


class SparseProperties:
    """What every symbolic sparse matrix has: the type's parts as properties; operators and methods."""

    __module__ = "theano.sparse.basic"
    __array_priority__ = 1001
    __array_ufunc__ = None

    type: SparseType

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self.type.dtype

    @property
    def format(self) -> str:
        """The storage format."""
        return self.type.format

    @property
    def ndim(self) -> int:
        """2."""
        return 2

    _is_nonzero = True

    def __bool__(self) -> bool:
        if self._is_nonzero:  # as for tensors: only what an operator compared has no truth value
            return True
        raise TypeError("Variables do not support boolean operations: a sparse variable has no truth value")

    def __iter__(self) -> Any:
        raise TypeError("a sparse variable cannot be iterated: its number of rows is symbolic")


class SparseVariable(SparseProperties, Variable):
    """A symbolic sparse matrix."""

    __module__ = "theano.sparse.basic"
    __hash__ = Variable.__hash__

    def __str__(self) -> str:
        return self.name if self.name is not None else f"{type(self).__name__}{{{self.format},{self.dtype}}}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}{{{self.format},{self.dtype}}}"


class SparseConstantSignature(tuple):  # type: ignore[type-arg]
    """A hashable stand-in for (type, matrix): equal when type, shape and stored elements are."""

    __module__ = "theano.sparse.basic"
    __slots__ = ()


class SparseConstant(SparseProperties, Constant):
    """A sparse constant; its ``data`` must not be changed."""

    __module__ = "theano.sparse.basic"
    __hash__ = Constant.__hash__

    def signature(self) -> SparseConstantSignature:
        """Return a hashable stand-in for type and elements."""
        return SparseConstantSignature((self.type, hash_from_sparse(self.data)))

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return f"{type(self).__name__}{{{self.format},{self.dtype},shape={tuple(self.data.shape)},nnz={self.data.nnz}}}"

    __repr__ = __str__


SparseType.Variable, SparseType.Constant = SparseVariable, SparseConstant


def hash_from_sparse(data: Any) -> str:
    """Return a digest of a sparse matrix: format, dtype, shape and stored elements."""
    import hashlib

    found = hashlib.sha256(f"{data.format} {data.dtype} {tuple(data.shape)}".encode())
    for part in parts_of(data):
        found.update(f"{part.dtype} {part.shape}".encode())
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def is_sparse_variable(x: Any) -> bool:
    """Whether a variable is sparse; NotImplementedError for what is no variable."""
    if not isinstance(x, Variable):
        raise NotImplementedError("this function should only be called on *variables* (sparse or tensor), not ", x)
    return isinstance(x.type, SparseType)


def constant(x: Any, name: str | None = None) -> SparseConstant:
    """Return a sparse matrix as a constant; a copy is made. TypeError for what is not sparse."""
    if not is_sparse(x):
        raise TypeError("sparse.constant must be called on a scipy.sparse.spmatrix", type(x))
    format = x.format if x.format in ("csc", "csr", "bsr") else "csr"
    try:
        type_ = SparseType(format, x.dtype)
    except NotImplementedError as error:
        raise TypeError(f"Could not convert {type(x).__name__} to SparseType: {error}", type(x)) from None
    return SparseConstant(type_, type_.format_cls[format](x, copy=True), name=name)


def as_sparse_variable(x: Any, name: str | None = None) -> Any:
    """Return ``x`` as a sparse variable: itself, the output of a node, or a sparse matrix as a constant.

    TypeError for dense variables and anything else. Formats other than csc, csr and bsr become csr.

    >>> import scipy.sparse
    >>> as_sparse_variable(scipy.sparse.csc_matrix((2, 3)))
    SparseConstant{csc,float64,shape=(2, 3),nnz=0}
    """
    if isinstance(x, Apply):
        if len(x.outputs) != 1:
            raise ValueError("It is ambiguous which output of a multi-output Op has to be fetched.", x)
        x = x.outputs[0]
    if isinstance(x, Variable):
        if not isinstance(x.type, SparseType):
            raise TypeError("Variable type field must be a SparseType.", x, x.type)
        return x
    try:
        return constant(x, name=name)
    except TypeError:
        raise TypeError(f"Cannot convert {x!r} to SparseType", type(x)) from None


as_sparse = as_sparse_variable


def as_sparse_or_tensor_variable(x: Any, name: str | None = None) -> Any:
    """Return ``x`` as a sparse variable where it is sparse, else as a tensor."""
    if is_sparse(x) or (isinstance(x, Variable) and isinstance(x.type, SparseType)):
        return as_sparse_variable(x, name)
    return as_tensor_variable(x, name)


def matrix(format: str, name: str | None = None, dtype: Any = None) -> Any:
    """Return a new sparse variable of this format; ``dtype`` is floatX by default."""
    return SparseType(format, config.floatX if dtype is None else dtype)(name)


def csc_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """Return a new variable stored by columns.

    >>> csc_matrix("x", dtype="int32").type
    Sparse[int32, csc]
    """
    return matrix("csc", name, dtype)


def csr_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """Return a new variable stored by rows."""
    return matrix("csr", name, dtype)


def bsr_matrix(name: str | None = None, dtype: Any = None) -> Any:
    """Return a new variable stored by blocks of rows."""
    return matrix("bsr", name, dtype)


csc_dmatrix, csc_fmatrix = SparseType("csc", "float64"), SparseType("csc", "float32")
csr_dmatrix, csr_fmatrix = SparseType("csr", "float64"), SparseType("csr", "float32")
bsr_dmatrix, bsr_fmatrix = SparseType("bsr", "float64"), SparseType("bsr", "float32")
