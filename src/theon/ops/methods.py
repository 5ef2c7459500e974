"""The one table of methods and operators of symbolic arrays: name -> function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theon.dtypes import complex_dtypes
from theon.errors import AsTensorError, ComplexError, message
from theon.graph.variable import Constant, Variable
from theon.ops import (
    arith,
    bits,
    checks,
    compare,
    complex,
    dims,
    dot,
    explog,
    extremes,
    fill,
    index,
    join,
    reduce,
    round,
    softmax,
    sort,
    special,
    statistics,
    trig,
)
from theon.ops import cast as casting
from theon.ops import reshape as reshaping
from theon.ops import shape as shapes
from theon.ops.declare import REGISTRY, TensorOp, zeros_for
from theon.options import config
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import TensorSharedVariable
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorConstant, TensorProperties, TensorVariable, comparison

__all__ = ["METHODS", "div_proxy"]


def int_or_true_div(x_discrete: bool, y_discrete: bool) -> Any:
    """Return the op that ``x / y`` means: by ``config.int_division`` for two discrete operands."""
    if x_discrete and y_discrete:
        if config.int_division == "raise":
            raise IntegerDivisionError(
                "With `config.int_division` set to 'raise', dividing two integer types with '/' is forbidden: use // or cast first"
            )
        if config.int_division == "floatX":
            return arith.true_div
    return arith.true_div


class IntegerDivisionError(Exception):
    """``/`` between integers was forbidden by ``config.int_division``."""

    __module__ = "theano.scalar.basic"


def div_proxy(x: Any, y: Any) -> Any:
    """Return ``x / y``, true division."""
    return arith.true_div(x, y)


def mod_check(x: Any, y: Any) -> Any:
    """Return ``x % y``. ComplexError for complex operands."""
    for v in (x, y):
        if as_tensor_variable(v).type.dtype in complex_dtypes:
            raise ComplexError(f"the remainder of {x} and {y}: complex numbers have no order")
    return arith.mod(x, y)


def divmod_(x: Any, y: Any) -> tuple[Any, Any]:
    """Return quotient and remainder."""
    return arith.int_div(x, y), arith.mod(x, y)


# Where the other operand is no tensor these leave it to Python, which raises TypeError; the rest raise AsTensorError.
_LEAVING = {arith.add, arith.sub, arith.mul}


def _operator(function: Callable[..., Any], swapped: bool = False, leaves: bool = False) -> Callable[..., Any]:
    leaves = leaves or (function in _LEAVING and not swapped)

    def method(self: Any, other: Any) -> Any:
        try:
            return function(other, self) if swapped else function(self, other)
        except ComplexError:
            raise
        except (NotImplementedError, AsTensorError):
            if leaves or isinstance(other, Variable):
                return NotImplemented
            raise

    return method


def _power(x: Any, y: Any, modulus: Any = None) -> Any:
    return arith.pow(x, y)


def _round(a: Any, mode: Any = None) -> Any:
    """Return ``a`` rounded, halves to even unless ``mode`` is "half_away_from_zero"."""
    if mode in (None, "half_to_even", 0):
        return round.round_half_to_even(a)
    if mode == "half_away_from_zero":
        return round.round_half_away_from_zero(a)
    raise Exception(f"round mode {mode} is not implemented.")


def _any_or_all(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, axis=None, keepdims=False: function(self, axis=axis, keepdims=keepdims)


def _dimshuffle(self: Any, *pattern: Any) -> Any:
    if len(pattern) == 1 and isinstance(pattern[0], list | tuple):
        pattern = tuple(pattern[0])
    return dims.DimShuffle(self.type.broadcastable, pattern)(self)


def _reshape(self: Any, shape: Any, ndim: int | None = None) -> Any:
    """Return this array reshaped; ``ndim`` tells the length of a symbolic ``shape``."""
    if ndim is not None and not isinstance(ndim, int | np.integer):
        raise ValueError(f"Expected ndim to be an integer, is {type(ndim)}")
    return reshaping.reshape(self, shape, ndim=ndim)


def _transpose(self: Any, *axes: Any) -> Any:
    if not axes:
        return dims.transpose(self)
    if len(axes) == 1 and isinstance(axes[0], list | tuple):
        axes = tuple(axes[0])
    return dims.transpose(self, axes)


def _norm(self: Any, L: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the norm of order ``L``."""
    if L == 0:
        raise NotImplementedError("Optimization of L0 norm: use neq(x, 0).sum()")
    return statistics.norm_of(self, L, axis, keepdims)


def _fill(self: Any, value: Any) -> Any:
    """Return ``value`` in the shape of this array."""
    return arith.second(self, value)


def _trunc(self: Any) -> Any:
    raise TypeError("int() argument must be a number, not a symbolic TensorVariable: use .eval() for its value")


def _float(self: Any) -> Any:
    raise TypeError("float() argument must be a string or a number, not 'TensorVariable'")


def _index(self: Any) -> Any:
    raise TypeError("a symbolic TensorVariable cannot be interpreted as an integer")


def _zeros_like(self: Any, dtype: Any = None) -> Any:
    return fill.zeros_like(self, dtype)


def _ones_like(self: Any, dtype: Any = None) -> Any:
    return fill.ones_like(self, dtype)


def _contains(self: Any, other: Any) -> Any:
    raise TypeError(
        "argument of type 'TensorVariable' is not iterable: symbolic values have no truth; use T.eq(x, value).any()"
    )


def _ceil(self: Any) -> Any:
    return round.ceil(self)


# NumPy's elementwise functions whose names are not those of the ops.
_UFUNCS = {
    "absolute": arith.abs_, "fabs": arith.abs_, "negative": arith.neg, "subtract": arith.sub, "multiply": arith.mul,
    "divide": lambda x, y: _true_div(x, y), "true_divide": lambda x, y: _true_div(x, y), "floor_divide": arith.int_div,
    "remainder": arith.mod, "mod": arith.mod, "power": arith.pow, "float_power": arith.pow, "square": arith.sqr, "sign": arith.sgn,
    "conjugate": arith.conj, "rint": round.round_half_to_even, "reciprocal": explog.inv, "logical_not": lambda x: compare.eq(x, 0),
    "logical_and": lambda x, y: bits.and_(compare.neq(x, 0), compare.neq(y, 0)), "bitwise_and": bits.and_,
    "logical_or": lambda x, y: bits.or_(compare.neq(x, 0), compare.neq(y, 0)), "bitwise_or": bits.or_, "bitwise_xor": bits.xor,
    "invert": bits.invert, "bitwise_not": bits.invert, "less": compare.lt, "less_equal": compare.le, "greater": compare.gt,
    "greater_equal": compare.ge, "equal": compare.eq, "not_equal": compare.neq, "positive": lambda x: x, "matmul": dot.dot,
    "radians": explog.deg2rad, "degrees": explog.rad2deg, "fmod": None, "divmod": None,
}  # fmt: skip


def _array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Return the expression that a NumPy function of symbolic arrays means; TypeError where there is no such op."""
    name = ufunc.__name__
    op = _UFUNCS[name] if name in _UFUNCS else REGISTRY.get(name)
    in_place = (
        len(kwargs) == 1 and kwargs.get("out", (None,))[0] is inputs[0]
    )  # array -= x: the name stands for x's expression
    if method != "__call__" or op is None or (kwargs and not in_place):
        return NotImplemented
    return op(*inputs)


def _compress(self: Any, a: Any, axis: int | None = None) -> Any:
    """Return the slices of ``a`` along ``axis`` where this vector of conditions holds; without an axis, of flat ``a``."""
    from theon.ops.extra import compress

    return compress(self, a, axis=axis)


def _searchsorted(self: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """Return where the elements of ``v`` would have to be put in this sorted vector to keep it sorted."""
    from theon.ops.extra import searchsorted

    return searchsorted(self, v, side, sorter)


def _transfer(self: Any, target: str) -> Any:
    """Return this array on another device; "cpu" is where it is. ValueError for a target that nobody registered."""
    from theon.ops.transfer import transfer

    return transfer(self, target)


def _scalar_constant_value(self: Any) -> Any:
    """Return the value of a constant number; NotScalarConstantError for anything else."""
    return shapes.get_scalar_constant_value(self)


METHODS: dict[str, Any] = {
    "__abs__": arith.abs_,
    "__neg__": arith.neg,
    "__pos__": lambda self: self,
    "__invert__": bits.invert,
    "__add__": _operator(arith.add),
    "__radd__": _operator(arith.add, True),
    "__sub__": _operator(arith.sub),
    "__rsub__": _operator(arith.sub, True),
    "__mul__": _operator(arith.mul),
    "__rmul__": _operator(arith.mul, True),
    "__truediv__": _operator(lambda x, y: _true_div(x, y)),
    "__rtruediv__": _operator(lambda x, y: _true_div(x, y), True),
    "__div__": _operator(lambda x, y: _true_div(x, y)),
    "__rdiv__": _operator(lambda x, y: _true_div(x, y), True),
    "__floordiv__": _operator(arith.int_div),
    "__rfloordiv__": _operator(arith.int_div, True),
    "__mod__": _operator(mod_check, leaves=True),
    "__rmod__": _operator(mod_check, True),
    "__divmod__": divmod_,
    "__rdivmod__": lambda self, other: divmod_(other, self),
    "__pow__": _operator(_power, leaves=True),
    "__rpow__": _operator(_power, True),
    "__and__": _operator(bits.and_),
    "__rand__": _operator(bits.and_, True),
    "__or__": _operator(bits.or_),
    "__ror__": _operator(bits.or_, True),
    "__xor__": _operator(bits.xor),
    "__rxor__": _operator(bits.xor, True),
    "__lt__": comparison(_operator(compare.lt)),
    "__le__": comparison(_operator(compare.le)),
    "__gt__": comparison(_operator(compare.gt)),
    "__ge__": comparison(_operator(compare.ge)),
    "__getitem__": lambda self, args: index.getitem(self, args),
    "__dot__": dot.dot,
    "__rdot__": lambda self, other: dot.dot(other, self),
    "__matmul__": _operator(dot.dot),
    "__rmatmul__": _operator(dot.dot, True),
    "__ceil__": _ceil,
    "__floor__": lambda self: round.floor(self),
    "__trunc__": lambda self: round.trunc(self),
    "__int__": _trunc,
    "__float__": _float,
    "__index__": _index,
    "__contains__": _contains,
    "T": property(dims.transpose),
    "shape": property(shapes.shape),
    "size": property(lambda self: _size(self)),
    "real": property(complex.real),
    "imag": property(complex.imag),
    "transpose": _transpose,
    "dimshuffle": _dimshuffle,
    "reshape": _reshape,
    "flatten": lambda self, ndim=1: reshaping.flatten(self, ndim),
    "ravel": lambda self: reshaping.flatten(self),
    "swapaxes": dims.swapaxes,
    "squeeze": dims.squeeze,
    "astype": casting.cast,
    "sum": reduce.sum,
    "prod": reduce.prod,
    "mean": lambda self, axis=None, dtype=None, keepdims=False, acc_dtype=None: statistics.mean(
        self, axis=axis, dtype=dtype, keepdims=keepdims, acc_dtype=acc_dtype
    ),
    "var": statistics.var,
    "std": statistics.std,
    "max": extremes.max,
    "min": extremes.min,
    "argmax": extremes.argmax,
    "argmin": extremes.argmin,
    "ptp": extremes.ptp,
    "any": _any_or_all(reduce.any),
    "all": _any_or_all(reduce.all),
    "norm": _norm,
    "dot": lambda left, right: dot.dot(left, right),
    "nonzero": index.nonzero,
    "nonzero_values": index.nonzero_values,
    "take": index.take,
    "sort": sort.sort,
    "argsort": sort.argsort,
    "cumsum": sort.cumsum,
    "cumprod": sort.cumprod,
    "diagonal": fill.diagonal,
    "trace": fill.trace,
    "fill": _fill,
    "zeros_like": _zeros_like,
    "ones_like": _ones_like,
    "copy": lambda self, name=None: _copy(self, name),
    "clip": arith.clip,
    "conj": arith.conj,
    "conjugate": arith.conj,
    "round": _round,
    "trunc": round.trunc,
    "ceil": round.ceil,
    "floor": round.floor,
    "exp": explog.exp,
    "exp2": explog.exp2,
    "expm1": explog.expm1,
    "log": explog.log,
    "log2": explog.log2,
    "log10": explog.log10,
    "log1p": explog.log1p,
    "sqrt": explog.sqrt,
    "deg2rad": explog.deg2rad,
    "rad2deg": explog.rad2deg,
    "sin": trig.sin,
    "cos": trig.cos,
    "tan": trig.tan,
    "arcsin": trig.arcsin,
    "arccos": trig.arccos,
    "arctan": trig.arctan,
    "sinh": trig.sinh,
    "cosh": trig.cosh,
    "tanh": trig.tanh,
    "arcsinh": trig.arcsinh,
    "arccosh": trig.arccosh,
    "arctanh": trig.arctanh,
    "compress": _compress,
    "searchsorted": _searchsorted,
    "transfer": _transfer,
    "get_scalar_constant_value": _scalar_constant_value,
    "__nonzero__": TensorProperties.__bool__,
    "__array_ufunc__": _array_ufunc,
    "repeat": lambda self, repeats, axis=None: _repeat(self, repeats, axis),
    "choose": lambda self, choices, out=None, mode="raise": _choose(self, choices, out, mode),
}


def _true_div(x: Any, y: Any) -> Any:
    if config.int_division == "raise":
        x, y = as_tensor_variable(x), as_tensor_variable(y)
        from theon.dtypes import discrete_dtypes

        int_or_true_div(x.type.dtype in discrete_dtypes, y.type.dtype in discrete_dtypes)
    return arith.true_div(x, y)


def _size(x: Any) -> Any:
    if x.type.ndim == 1:
        return shapes.shape(x)[0]
    return reduce.prod(shapes.shape(x))


def _copy(x: Any, name: str | None) -> Any:
    out = arith.identity(x)
    out.name = name
    return out


class RepeatOp(TensorOp):
    """Elements repeated along an axis."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("axis",)

    def __init__(self, axis: int | None = None) -> None:
        self.axis = axis

    def infer(self, x: Any, repeats: Any) -> Any:
        """The axis is of unknown size."""
        if repeats.type.ndim > 1 or not str(repeats.type.dtype).startswith(("int", "uint", "bool")):
            raise TypeError("only tensor_scalar and vector repeats of integer dtype are accepted")
        if repeats.type.dtype == "uint64":
            raise TypeError("repeats of uint64 cannot be cast to a signed size: dtype uint64")
        if self.axis is None:
            return TensorType(x.type.dtype, (False,))
        if not -x.type.ndim <= self.axis < x.type.ndim:
            raise ValueError(message(f"repeat: there is no axis {self.axis}", [x]))
        sizes = list(x.type.shape)
        if not (isinstance(repeats, Constant) and repeats.type.ndim == 0 and repeats.data == 1):
            sizes[self.axis] = None
        return TensorType(x.type.dtype, shape=sizes)

    def reference(self, xp: Any, x: Any, repeats: Any) -> Any:
        """Ask NumPy."""
        return xp.repeat(x, repeats, axis=self.axis)

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Only the elements matter."""
        return [[True], [False]]

    def infer_shape(self, node: Any, sizes: Any) -> list[Any]:
        """As many as the numbers of repeats say, one number or a vector of one for all."""
        (x, count), repeats = sizes, node.inputs[1].astype("int64")
        axis = 0 if self.axis is None else self.axis % len(x)
        given = list(x) if self.axis is not None else [reduce.prod(as_tensor_variable(list(x))) if x else 1]
        if repeats.type.ndim == 0:
            given[axis] = given[axis] * repeats
        else:
            given[axis] = reduce.sum(repeats) * arith.switch(compare.eq(count[0], 1), given[axis], 1)
        return [tuple(given)]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Each element's copies summed."""
        from theon.graph.disconnected import DisconnectedType

        x, repeats = inputs
        (g,) = output_grads
        axis = 0 if self.axis is None else self.axis % x.type.ndim
        flat = x.flatten() if self.axis is None else x
        size = shapes.shape_i(flat, axis)
        counts = arith.second(fill.arange(size), repeats) if repeats.type.ndim == 0 else repeats
        source = RepeatOp(0)(fill.arange(size), counts)
        zero = fill.zeros_like(flat)
        front = (slice(None),) * axis
        out = index.inc_subtensor(index.getitem(zero, (*front, source)), g)
        if self.axis is None:
            out = reshaping.reshape(out, shapes.shape(x), ndim=x.type.ndim)
        return [out, DisconnectedType()()]


def _repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return ``x`` with its elements repeated along ``axis`` (of the flattened array without).

    ``repeats`` is an integer, or a vector with one for each element along the axis.
    """
    x, repeats = as_tensor_variable(x), as_tensor_variable(repeats)
    if axis is not None and axis < 0:
        axis += x.type.ndim
    node = RepeatOp(axis).make_node(x, repeats)  # which checks
    if repeats.type.ndim == 1 and repeats.type.broadcastable[0]:
        repeats = dims.dimshuffle(repeats, ())
    if repeats.type.ndim:
        return node.outputs[0]
    # The same number for all: a new dimension, along which memory need not be read again.
    if axis is None:
        x, axis = reshaping.flatten(x) if x.type.ndim != 1 else x, 0
    sizes = [shapes.shape_i(x, d) for d in range(x.type.ndim)]
    wide = fill.alloc(dims.shape_padaxis(x, axis + 1), *sizes[: axis + 1], repeats, *sizes[axis + 1 :])
    sizes[axis] = sizes[axis] * casting.cast(repeats, "int64")
    return reshaping.reshape(wide, join.stack(sizes), ndim=x.type.ndim)


repeat = _repeat


class Choose(TensorOp):
    """Elements chosen among arrays by an integer array."""

    __module__ = "theano.tensor.basic"
    __props__ = ("mode",)

    def __init__(self, mode: str) -> None:
        if mode not in ("raise", "wrap", "clip"):
            raise ValueError(f"mode must be raise, wrap or clip, not {mode!r}")
        self.mode = mode

    def infer(self, a: Any, choices: Any) -> Any:
        """The broadcast of the chooser and one choice."""
        if not str(a.type.dtype).startswith(("int", "uint")):
            raise TypeError("choose first argument must have an [u]int* dtype. Got", a.type.dtype)
        ndim = max(a.type.ndim, choices.type.ndim - 1)
        flags = [
            (True,) * (ndim - len(pattern)) + tuple(pattern)
            for pattern in (a.type.broadcastable, choices.type.broadcastable[1:])
        ]
        return TensorType(choices.type.dtype, tuple(p and q for p, q in zip(*flags)))

    def reference(self, xp: Any, a: Any, choices: Any) -> Any:
        """Ask NumPy, which takes at most 64 choices in its own function."""
        n = choices.shape[0]
        if self.mode == "wrap":
            a = a % n
        elif self.mode == "clip":
            a = xp.clip(a, 0, n - 1)
        elif a.size and (a.min() < 0 or a.max() >= n):
            bad = a.min() if a.min() < 0 else a.max()
            raise ValueError(f"invalid entry in choice array: {bad} where there are {n} choices")
        a, *rest = xp.broadcast_arrays(a, *choices)
        return xp.take_along_axis(xp.stack(rest), a[None], axis=0)[0]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Each element's gradient goes to the choice that it was taken from."""
        (a, choices), (g,) = inputs, output_grads
        n, ndim = choices.shape[0], outputs[0].type.ndim
        place = a % n if self.mode == "wrap" else arith.clip(a, 0, n - 1) if self.mode == "clip" else a
        number = fill.arange(n).dimshuffle(0, *("x",) * ndim)
        taken = compare.eq(dims.shape_padleft(dims.padded(place, ndim)), number)
        spread = arith.switch(taken, dims.shape_padleft(g), 0)
        extra = ndim - (choices.type.ndim - 1)
        if extra:
            spread = reduce.sum(spread, axis=list(range(1, 1 + extra)))
        return [zeros_for(a), reduce.sum_like(casting.cast(spread, choices.type.dtype), choices)]

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Only the choices."""
        return [[False], [True]]


def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """Return the elements of ``choices[a]``."""
    if out is not None:
        raise TypeError("choose takes no out argument")
    if isinstance(choices, list | tuple):
        arrays = [as_tensor_variable(c) for c in choices]
        # Each in the shape of all together.
        ndim = max((c.type.ndim for c in arrays), default=0)
        for c in arrays[1:] if ndim else ():
            arrays[0] = arith.second(c, arrays[0])
        choices = join.stack([arrays[0], *(arith.second(arrays[0], c) for c in arrays[1:])] if ndim else arrays)
    else:
        choices = as_tensor_variable(choices)
    return Choose(mode)(as_tensor_variable(a), choices)


choose = _choose


def _attach() -> None:
    for name, function in METHODS.items():
        if isinstance(function, property) or name.startswith("__"):
            attribute = function
        else:
            attribute = function
        if not isinstance(attribute, property) and not hasattr(attribute, "__get__"):
            attribute = _bound(attribute)
        setattr(TensorProperties, name, attribute)
    for cls in (TensorVariable, TensorConstant, TensorSharedVariable):
        for name in ("__lt__", "__le__", "__gt__", "__ge__", "__getitem__"):
            if name in vars(cls):
                setattr(cls, name, getattr(TensorProperties, name))


def _bound(op: Any) -> Any:
    def method(self: Any, *args: Any) -> Any:
        return op(self, *args)

    method.__doc__ = op.__doc__
    return method


_attach()
_ = (checks, softmax, special)
