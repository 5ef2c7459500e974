"""Small functions and values of ``theano.tensor`` that programs import."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.errors import EmptyConstantError, NotScalarConstantError
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Constant, Variable
from theon.ops import arith, compare, fill
from theon.ops.shape import get_scalar_constant_value
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import shared
from theon.tensor.type import TensorType, values_eq_approx

__all__ = [
    "EmptyConstantError",
    "alloc_validate_shape",
    "check_and_normalize_axes",
    "check_equal_numpy",
    "constructor",
    "extract_constant",
    "hash_from_ndarray",
    "is_flat",
    "load_shared_variable",
    "numpy_scalar",
    "power",
    "shape_of_variables",
    "values_eq_approx_remove_inf",
    "values_eq_approx_remove_nan",
]

# The tolerances with which arrays are compared where none is given.
float16_atol, float16_rtol = 1e-3, 1e-3
float32_atol, float32_rtol = 1e-5, 1e-5
float64_atol, float64_rtol = 1e-8, 1e-5
numpy_diagonal_return_view = True
constant_cache: dict[Any, Any] = {}
sparse_module_ref = None
get_scalar_constant_value_elemwises = (
    arith.Cast,
    *(
        type(op.scalar_op)
        for op in (
            arith.switch, compare.neq, compare.eq, compare.lt, compare.gt, compare.le, compare.ge, arith.sub, arith.add, arith.mod,
            arith.mul, arith.int_div, arith.true_div, arith.minimum, arith.maximum,
        )
    ),
)  # fmt: skip


def isnan(a: Any) -> Any:
    """Return whether each element of ``a`` is NaN: bool, False for all integers."""
    return compare.isnan(a)


def isinf(a: Any) -> Any:
    """Return whether each element of ``a`` is infinite: bool, False for all integers."""
    return compare.isinf(a)


def diag(x: Any) -> Any:
    """Return the diagonal of a matrix, or the matrix with a vector on its diagonal. TypeError for anything else."""
    x = as_tensor_variable(x)
    if x.type.ndim not in (1, 2):
        raise TypeError("diag requires vector or matrix argument.", x)
    return fill.diag(x)


def trace(X: Any) -> Any:
    """Return the sum of the diagonal of a matrix."""
    return fill.trace(X)


def scalar_constant_value(v: Any) -> Any:
    """Return the value of a number that is constant, as an array; of a sparse matrix with one element, that element.

    NotScalarConstantError for anything else.
    """
    if not hasattr(v.type if isinstance(v, Variable) else None, "format"):
        return get_scalar_constant_value(v)
    made = v.owner
    if made is not None and type(made.op).__name__ == "CSM":
        return get_scalar_constant_value(made.inputs[0])
    raise NotScalarConstantError(f"{v} is not constant")


def power(x: Any, y: Any) -> Any:
    """Return ``x`` to the power ``y``, element by element."""
    return arith.pow(x, y)


def numpy_scalar(data: Any) -> Any:
    """Return the one number that ``data`` holds. EmptyConstantError for none, NotScalarConstantError for several."""
    data = np.asarray(data)
    if data.ndim > 0 and data.size == 0:
        raise EmptyConstantError()
    if data.size != 1 or data.dtype.kind not in "biufc":
        raise NotScalarConstantError("v.data is non-numeric, non-scalar, or has more than one unique value", data)
    return data


def extract_constant(x: Any, elemwise: bool = True, only_process_constants: bool = False) -> Any:
    """Return the value of ``x`` where it is a constant number, else ``x``; a scalar variable as a tensor."""
    from theon.ops.cast import tensor_from_scalar
    from theon.scalar.type import ScalarConstant, ScalarVariable

    try:
        x = get_scalar_constant_value(x, elemwise, only_process_constants)
    except NotScalarConstantError:
        pass
    return tensor_from_scalar(x) if isinstance(x, ScalarVariable | ScalarConstant) else x


def check_and_normalize_axes(x: Any, axis: Any) -> list[int]:
    """Return ``axis`` (None, an int, a sequence, a constant) as a list of dimensions of ``x``, counted from the front.

    An empty list stands for None. ValueError for a dimension that ``x`` does not have, TypeError for anything else.
    """
    from theon.ops.reduce import normal_axes
    from theon.tensor.constant import as_tensor_variable

    x = as_tensor_variable(x)
    if axis is None or (isinstance(axis, Constant) and axis.data is None):
        return []
    if isinstance(axis, Variable) and not isinstance(axis, Constant):
        raise TypeError(f"Computation needs a constant axis. Got {axis}")
    if isinstance(axis, list | tuple) and not axis:
        return []
    return list(normal_axes(axis, x.type.ndim, x))


def alloc_validate_shape(shape: Sequence[Any]) -> tuple[list[Any], list[bool]]:
    """Return the sizes as int64 variables, and for each whether it is known to be 1. TypeError for what is no size."""
    from theon.ops.fill import _sizes

    sizes = _sizes(list(shape))
    flags = []
    for size in sizes:
        try:
            flags.append(int(get_scalar_constant_value(size)) == 1)
        except NotScalarConstantError:
            flags.append(False)
    return sizes, flags


def check_equal_numpy(x: Any, y: Any) -> bool:
    """Whether two values are equal; of arrays also dtype and shape, and the elements up to rounding."""
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        return x.dtype == y.dtype and x.shape == y.shape and bool(np.all(abs(x - y) < 1e-10))
    return bool(x == y)


def constructor(f: Callable[..., Any]) -> Callable[..., Any]:
    """Mark ``f`` as a function that makes variables; return it."""
    return f


def is_flat(var: Any, ndim: int | None = None, outdim: int | None = None) -> bool:
    """Whether ``var`` has ``ndim`` dimensions (1 by default), as it has after ``flatten(ndim)``."""
    if ndim is None:
        ndim = 1 if outdim is None else outdim
    elif outdim is not None:
        raise ValueError("You should only specify ndim")
    return bool(var.ndim == ndim)


def hash_from_ndarray(data: Any) -> str:
    """Return a hash of an array's dtype, shape and elements: of a view the one that its copy has."""
    data = np.ascontiguousarray(data)
    parts = [
        data.tobytes(),
        str(data.shape).encode(),
        str(data.strides).encode(),
        str(data.dtype).encode(),
    ]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def shape_of_variables(
    fgraph: FunctionGraph, input_shapes: dict[Variable, Sequence[int]]
) -> dict[Variable, tuple[int, ...]]:
    """Return the shape that each array of a graph has for inputs of the given shapes, computed from shapes alone.

    ValueError where the shape of an input is not given, or depends on values.
    """
    from theon.compile.function import function
    from theon.graph.traverse import inputs as inputs_of
    from theon.ops.shape import shape

    given = [v for v in fgraph.inputs if isinstance(v.type, TensorType)]
    arrays = [v for node in fgraph.toposort() for v in node.outputs if isinstance(v.type, TensorType)]
    for v in given:
        if v not in input_shapes:
            raise ValueError(
                f"the shape of {v} is not given: {sorted(map(str, input_shapes))} are no inputs of this graph"
            )
    names = {v: [v.type.dtype] for v in given}
    values = [np.zeros(tuple(input_shapes[v]), dtype=names[v][0]) for v in given]
    shapes = [shape(v) for v in (*given, *arrays)]
    needed = [v for v in inputs_of(shapes) if not isinstance(v, Constant)]
    if any(v not in names for v in needed if not hasattr(v, "get_value")):
        raise ValueError(
            "shape_of_variables does not support shapes that depend on values of inputs that are no arrays"
        )
    f = function(given, shapes, on_unused_input="ignore")
    found = f(*values)
    return {v: tuple(int(n) for n in s) for v, s in zip((*given, *arrays), found)}


def load_shared_variable(val: Any) -> Any:
    """Return a shared variable of ``val``: what old pickles of shared variables call."""
    return shared(val)


def values_eq_approx_remove_inf(a: Any, b: Any) -> bool:
    """Whether two arrays are equal up to rounding where ``b`` is finite or NaN."""
    return values_eq_approx(a, b, True)


def values_eq_approx_remove_nan(a: Any, b: Any) -> bool:
    """Whether two arrays are equal up to rounding where neither is NaN."""
    return values_eq_approx(a, b, False, True)
