"""The type of sparse matrices: a storage format and a dtype."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy

from theon.dtypes import all_dtypes as every_dtype
from theon.graph.type import Type
from theon.graph.variable import Variable
from theon.options import config

__all__ = ["SparseType", "SparseValueError", "is_sparse", "parts_of"]

sparse_formats = ["csc", "csr"]
enable_sparse = imported_scipy = True
scipy_ver = [int(n) for n in scipy.__version__.split(".")[:2]]
string_types, integer_types = (str,), (int,)


class SparseValueError(NotImplementedError, TypeError):
    """A value cannot be held by a sparse type. NotImplementedError as in Theano, and the TypeError that callers expect."""


@functools.cache
def format_classes() -> dict[str, Any]:
    """Format -> SciPy's matrix class. SciPy's sparse part is imported here, when first needed."""
    import scipy.sparse

    return {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix, "bsr": scipy.sparse.bsr_matrix}


def is_sparse(value: Any) -> bool:
    """Whether ``value`` is one of SciPy's sparse matrices or arrays."""
    return type(value).__module__.startswith("scipy.sparse") and hasattr(value, "tocsr")


def parts_of(value: Any) -> list[np.ndarray]:
    """Return the arrays that hold a sparse value."""
    names = ("data", "indices", "indptr", "row", "col")
    return [part for name in names if isinstance(part := getattr(value, name, None), np.ndarray)]


class _FormatClasses:
    def __get__(self, instance: Any, owner: Any = None) -> dict[str, Any]:
        return format_classes()


class SparseType(Type):
    """Sparse matrices of one ``format`` ("csc", "csr", "bsr") and one ``dtype``; their rank is 2.

    Calling the type makes a variable. NotImplementedError for an unknown format or dtype.

    >>> SparseType("csr", "float32")("x")
    SparseVariable{csr,float32}
    """

    __module__ = "theano.sparse.type"

    ndim = 2
    dtype_set = set(every_dtype) - {"float16"}
    format_cls: Any = _FormatClasses()

    def __init__(self, format: str, dtype: Any) -> None:
        dtype = config.floatX if isinstance(dtype, str) and dtype == "floatX" else dtype
        name = str(dtype) if str(dtype) in self.dtype_set else getattr(np.dtype(dtype), "name", str(dtype))
        if name not in self.dtype_set:
            raise NotImplementedError(f'unsupported dtype "{name}" not in list', sorted(self.dtype_set))
        if format not in ("csc", "csr", "bsr"):
            raise NotImplementedError(f'unsupported format "{format}" not in list', ["bsr", "csc", "csr"])
        self.dtype, self.format = name, format

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype as NumPy's object."""
        return np.dtype(self.dtype)

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``value`` as a matrix of this format and dtype.

        Unless ``strict``, other formats and dense matrices are converted, and dtypes cast where nothing is lost (any, with
        ``allow_downcast``). TypeError where it cannot be; also a NotImplementedError for a dtype that does not fit.
        """
        cls = self.format_cls[self.format]
        if isinstance(value, cls) and value.dtype == self.numpy_dtype:
            return value
        if strict:
            got = f"{getattr(value, 'format', type(value).__name__)}, {getattr(value, 'dtype', '?')}"
            raise TypeError(f"{self} expected a {self.format} matrix of dtype {self.dtype}, got ({got})")
        if isinstance(value, Variable) or value is None:
            raise TypeError(f"{self} expected a sparse matrix, got {value!r}")
        if allow_downcast:
            return cls(value, dtype=self.numpy_dtype)
        try:
            found = cls(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{self} cannot hold a value of type {type(value).__name__}: {error}") from None
        if found.dtype == self.numpy_dtype:
            return found
        if found.dtype.kind in "biufc" and np.can_cast(found.dtype, self.numpy_dtype, "safe"):
            return found.astype(self.numpy_dtype)
        raise SparseValueError(f"Expected {self.dtype} dtype but got {found.dtype}: cast the matrix explicitly")

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        """Whether ``a`` is a sparse matrix of this format and dtype."""
        return is_sparse(a) and a.format == self.format and a.dtype == self.numpy_dtype

    def make_variable(self, name: str | None = None) -> Any:
        """Return a new variable of this type."""
        return self.Variable(self, name=name)

    def clone(self, format: str | None = None, dtype: Any = None) -> SparseType:
        """Return a type like this one, changed where arguments are given."""
        return type(self)(format or self.format, dtype or self.dtype)

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two matrices have the same shape, dtype and elements; stored zeros do not matter, NaN equals NaN."""
        if not (is_sparse(a) and is_sparse(b)) or a.shape != b.shape or a.dtype != b.dtype:
            return False
        exact = {"equal_nan": True} if a.dtype.kind in "fc" else {}
        return all(np.array_equal(x, y, **exact) for x, y in zip(_canonical(a), _canonical(b)))

    def values_eq_approx(self, a: Any, b: Any, eps: float = 1e-6) -> bool:
        """Whether two matrices are equal up to ``eps``, relative to the largest element where that is over 1."""
        if not (is_sparse(a) and is_sparse(b)) or a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind not in "fc":
            return self.values_eq(a, b)
        eps = max(eps, 1e-4) if a.dtype.itemsize <= 4 or a.dtype == np.complex64 else eps
        gap = np.asarray((a.tocsr() - b.tocsr()).data)
        largest = max((float(abs(m.data).max()) for m in (a, b) if m.nnz), default=0.0)
        if np.isfinite(largest):
            return bool((abs(gap) <= eps * max(1.0, largest)).all())
        # NaN or infinite elements: they have to stand at the same places.
        (p, i, x), (q, j, y) = _canonical(a), _canonical(b)
        return np.array_equal(p, q) and np.array_equal(i, j) and bool(np.allclose(x, y, rtol=eps, equal_nan=True))

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether the arrays of two values (either may be dense) may overlap."""
        arrays = [parts_of(v) if is_sparse(v) else [v] if isinstance(v, np.ndarray) else [] for v in (a, b)]
        return any(np.may_share_memory(x, y) for x in arrays[0] for y in arrays[1])

    def get_shape_info(self, obj: Any) -> Any:
        """Return (shape, number of stored values, of indices, of pointers, of nonzero places)."""
        obj = self.filter(obj)
        return obj.shape, obj.data.size, obj.indices.size, obj.indptr.size, obj.nnz

    def get_size(self, shape_info: Any) -> int:
        """Return the number of bytes that a value with that shape information takes."""
        return int(shape_info[1] * self.numpy_dtype.itemsize + (shape_info[2] + shape_info[3]) * 4)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and (self.format, self.dtype) == (other.format, other.dtype)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), self.format, self.dtype))

    def __str__(self) -> str:
        return f"Sparse[{self.dtype}, {self.format}]"

    __repr__ = __str__


def _canonical(value: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    m = value.tocsr(copy=True)
    m.sum_duplicates()
    m.eliminate_zeros()
    return m.indptr, m.indices, m.data


all_dtypes = sorted(SparseType.dtype_set)
complex_dtypes, float_dtypes, int_dtypes, uint_dtypes = (
    [name for name in all_dtypes if name.startswith(kind)] for kind in ("complex", "float", "int", "uint")
)
integer_dtypes = int_dtypes + uint_dtypes
discrete_dtypes = [name for name in all_dtypes if name not in (*complex_dtypes, *float_dtypes)]
continuous_dtypes = complex_dtypes + float_dtypes
