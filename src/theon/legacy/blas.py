"""BLAS calls as ops, as programs of Theano write them: matrix products with factors and sums.

Each is an :class:`~theon.ops.expressed.Expressed`: compiled, ``gemm(z, a, x, y, b)`` is ``b * z + a * dot(x, y)``, which the
scheduler turns into one call. The in-place forms mean the same: whether memory is reused is the memory plan's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.ops.dims import dimshuffle
from theon.ops.dot import dot
from theon.ops.expressed import Expressed
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "Dot22",
    "Dot22Scalar",
    "Gemm",
    "GemmRelated",
    "Gemv",
    "Ger",
    "gemm",
    "gemm_inplace",
    "gemm_no_inplace",
    "gemv",
    "gemv_inplace",
    "gemv_no_inplace",
    "ger",
    "ger_destructive",
    "res_is_a",
]

_DTYPES = ("float16", "float32", "float64", "complex64", "complex128")
have_fblas = True


def _ranks(op: Any, variables: Sequence[Any], ranks: Sequence[int]) -> None:
    for v, rank in zip(variables, ranks):
        if v.type.ndim != rank:
            raise TypeError(f"{op}: expected {rank} dimensions, got {v.type.ndim}: {v} of type {v.type}")


def _one_dtype(op: Any, variables: Sequence[Any]) -> None:
    dtypes = [v.type.dtype for v in variables]
    if len(set(dtypes)) != 1:
        raise TypeError(f"{op} requires matching dtypes", *dtypes)
    if dtypes[0] not in _DTYPES:
        raise TypeError(f"{op} requires floating-point dtypes", dtypes[0])


class GemmRelated(Expressed):
    """The base of products of two matrices."""

    __module__ = "theano.tensor.blas"


class Gemm(GemmRelated):
    """``b z + a x y`` of matrices x (m, k), y (k, n), z (m, n) and numbers a, b, given in the order z, a, x, y, b.

    TypeError for other ranks, or dtypes that are not all one float or complex dtype.
    """

    __module__ = "theano.tensor.blas"
    __props__ = ("inplace",)
    E_rank = "gemm only works for rank 2"
    E_scalar = "gemm requires scalar argument"
    E_z_uniq = "argument z aliased to x or y"
    E_mixed = "gemm requires matching dtypes"
    E_float = "gemm requires floating-point dtypes"

    def __init__(self, inplace: bool) -> None:
        self.inplace = bool(inplace)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'inplace' if self.inplace else 'no_inplace'}}}"

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError where they do not fit."""
        if len(inputs) != 5:
            raise TypeError(f"Wrong number of inputs for {self} (expected 5, got {len(inputs)})")
        z, a, x, y, b = found = [as_tensor_variable(v) for v in inputs]
        if any(v.type.ndim != 2 for v in (z, x, y)):
            raise TypeError(self.E_rank, [v.type.ndim for v in (z, x, y)])
        if any(v.type.ndim for v in (a, b)):
            raise TypeError(self.E_scalar, a, b)
        if self.inplace and (z is x or z is y):
            raise TypeError(self.E_z_uniq, (z, x, y))
        dtypes = [v.type.dtype for v in found]
        if len(set(dtypes)) != 1:
            raise TypeError(self.E_mixed, dtypes)
        if dtypes[0] not in _DTYPES:
            raise TypeError(self.E_float, dtypes[0])
        return found

    def infer(self, *inputs: Any) -> Any:
        """The type of z."""
        return inputs[0].type

    def expression(self, z: Any, a: Any, x: Any, y: Any, b: Any) -> Any:
        """``b z + a x y``."""
        return b * z + a * dot(x, y)

    def reference(self, xp: Any, z: Any, a: Any, x: Any, y: Any, b: Any) -> Any:
        """Multiply and add."""
        return b * z + a * xp.dot(x, y)


class Dot22(GemmRelated):
    """The product of two matrices of one float or complex dtype."""

    __module__ = "theano.tensor.blas"
    __props__ = ()

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError where they do not fit."""
        found = [as_tensor_variable(v) for v in inputs]
        _ranks("dot22", found, (2, 2))
        _one_dtype("dot22", found)
        return found

    def expression(self, x: Any, y: Any) -> Any:
        """``x y``."""
        return dot(x, y)

    def reference(self, xp: Any, x: Any, y: Any) -> Any:
        """Multiply."""
        return xp.dot(x, y)


class Dot22Scalar(GemmRelated):
    """The product of two matrices and a number, given in the order x, y, a."""

    __module__ = "theano.tensor.blas"
    __props__ = ()

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError where they do not fit."""
        found = [as_tensor_variable(v) for v in inputs]
        _ranks("Dot22Scalar", found, (2, 2, 0))
        _one_dtype("Dot22Scalar", found)
        return found

    def expression(self, x: Any, y: Any, a: Any) -> Any:
        """``a x y``."""
        return a * dot(x, y)

    def reference(self, xp: Any, x: Any, y: Any, a: Any) -> Any:
        """Multiply."""
        return a * xp.dot(x, y)


class Gemv(Expressed):
    """``beta y + alpha A x`` of a matrix A (m, n) and vectors x (n,), y (m,), given in the order y, alpha, A, x, beta."""

    __module__ = "theano.tensor.blas"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool) -> None:
        self.inplace = bool(inplace)

    __str__ = Gemm.__str__

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError where they do not fit."""
        found = [as_tensor_variable(v) for v in inputs]
        _ranks("gemv", found, (1, 0, 2, 1, 0))
        _one_dtype("gemv", found)
        return found

    def infer(self, *inputs: Any) -> Any:
        """The type of y."""
        return inputs[0].type

    def expression(self, y: Any, alpha: Any, A: Any, x: Any, beta: Any) -> Any:
        """``beta y + alpha A x``."""
        return beta * y + alpha * dot(A, x)

    def reference(self, xp: Any, y: Any, alpha: Any, A: Any, x: Any, beta: Any) -> Any:
        """Multiply and add."""
        return beta * y + alpha * xp.dot(A, x)


class Ger(Expressed):
    """``A + alpha x yᵀ`` of a matrix A (m, n) and vectors x (m,), y (n,), given in the order A, alpha, x, y."""

    __module__ = "theano.tensor.blas"
    __props__ = ("destructive",)

    def __init__(self, destructive: bool) -> None:
        self.destructive = bool(destructive)

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{'destructive' if self.destructive else 'non-destructive'}}}"

    def convert(self, *inputs: Any) -> Sequence[Any]:
        """Return the inputs as variables. TypeError where they do not fit."""
        found = [as_tensor_variable(v) for v in inputs]
        _ranks("ger", found, (2, 0, 1, 1))
        _one_dtype("ger", found)
        return found

    def infer(self, *inputs: Any) -> Any:
        """The type of A."""
        return inputs[0].type

    def expression(self, A: Any, alpha: Any, x: Any, y: Any) -> Any:
        """``A + alpha x yᵀ``."""
        return A + alpha * dimshuffle(x, 0, "x") * dimshuffle(y, "x", 0)

    def reference(self, xp: Any, A: Any, alpha: Any, x: Any, y: Any) -> Any:
        """Multiply and add."""
        return A + alpha * xp.outer(x, y)


class BaseBLAS:
    """A marker of BLAS ops."""

    __module__ = "theano.tensor.blas_c"


class CGemv(BaseBLAS, Gemv):
    """As :class:`Gemv`."""

    __module__ = "theano.tensor.blas_c"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool) -> None:
        Gemv.__init__(self, inplace)


class CGer(BaseBLAS, Ger):
    """As :class:`Ger`."""

    __module__ = "theano.tensor.blas_c"
    __props__ = ("destructive",)


class ScipyGer(Ger):
    """As :class:`Ger`."""

    __module__ = "theano.tensor.blas_scipy"
    __props__ = ("destructive",)


gemm_inplace, gemm_no_inplace = Gemm(True), Gemm(False)
gemm = gemm_no_inplace
gemv_inplace, gemv_no_inplace = Gemv(True), Gemv(False)
gemv = gemv_no_inplace
ger, ger_destructive = Ger(False), Ger(True)
_dot22, _dot22scalar = Dot22(), Dot22Scalar()
cgemv_inplace, cgemv_no_inplace = CGemv(True), CGemv(False)
cger_inplace, cger_no_inplace = CGer(True), CGer(False)
scipy_ger_inplace, scipy_ger_no_inplace = ScipyGer(True), ScipyGer(False)


def res_is_a(node: Any, op: Any, maxclients: int | None = None) -> Any:
    """Whether the node of a variable applies ``op``, and at most ``maxclients`` nodes read its first output.

    How many do is known only of variables that keep their ``clients``.
    """
    if maxclients is not None and node is not None and getattr(node, "clients", None) is not None:
        if len(node.clients) > maxclients:
            return False
    owner = getattr(node, "owner", node)
    return owner is not None and owner.op == op


def ldflags(libs: bool = True, flags: bool = False, libs_dir: bool = False, include_dir: bool = False) -> list[str]:
    """Return nothing: BLAS is SciPy's, found without linking."""
    return []
