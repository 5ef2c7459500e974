"""Numbers and arrays as symbolic constants, by Theano's rules for their dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import AsTensorError
from theon.graph.conversion import set_conversion
from theon.graph.variable import Apply, Variable
from theon.options import config
from theon.tensor import hooks
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorConstant

__all__ = ["NumpyAutocaster", "as_tensor_variable", "autocast_float", "autocast_float_as", "autocast_int", "constant"]


class NumpyAutocaster:
    """The rule that gives Python numbers their dtype: the first of ``dtypes`` that holds the value exactly."""

    __module__ = "theano.scalar.basic"

    def __init__(self, dtypes: Sequence[str]) -> None:
        self.dtypes = tuple(dtypes)

    def __call__(self, x: Any) -> np.ndarray:
        """Return ``x`` as an array of the dtype that the rule gives."""
        if config.cast_policy == "numpy":
            return np.asarray(x)
        if config.cast_policy == "numpy+floatX":
            found = np.asarray(x)
            if found.dtype == np.float64 and not hasattr(x, "dtype"):
                found = found.astype(config.floatX)
            return found
        # floatX is preferred over a narrower type when it is one of the choices: constants meet tensors of floatX.
        if (
            "float32" in self.dtypes
            and type(x) is float
            and config.floatX in self.dtypes
            and config.floatX == "float32"
        ):
            return np.asarray(x, dtype=config.floatX)
        with np.errstate(all="ignore"):
            exact = np.asarray(x)
            for dtype in self.dtypes:
                if dtype == "float16" and config.floatX != "float16" and len(self.dtypes) > 1:
                    continue
                try:
                    candidate = exact.astype(dtype)
                except (OverflowError, TypeError):
                    continue
                if np.all(candidate.astype(exact.dtype) == exact):
                    return candidate
        return np.asarray(x).astype(self.dtypes[-1])


autocast_int = NumpyAutocaster(("int8", "int16", "int32", "int64"))
autocast_float = NumpyAutocaster(("float16", "float32", "float64"))


class autocast_float_as:
    """A ``with`` block in which Python floats may become only the given dtypes."""

    __module__ = "theano.scalar.basic"

    def __init__(self, *dtypes: str) -> None:
        self.dtypes = dtypes

    def __enter__(self) -> None:
        if config.cast_policy == "custom":
            self.old, autocast_float.dtypes = autocast_float.dtypes, self.dtypes

    def __exit__(self, *exception: object) -> None:
        if config.cast_policy == "custom":
            autocast_float.dtypes = self.old


def _as_array(x: Any, dtype: Any) -> np.ndarray:
    if dtype is not None:
        return np.asarray(x, dtype=config.floatX if dtype == "floatX" else dtype)
    if isinstance(x, np.generic):
        return np.asarray(x)
    if isinstance(x, int):
        if not -(2**63) <= x < 2**64:
            raise OverflowError(f"Python int too large for any integer dtype: {x}")
        return autocast_int(x) if -(2**63) <= x < 2**63 else np.asarray(x)
    if isinstance(x, float):
        return autocast_float(x)
    found = np.asarray(x)
    if (
        not hasattr(x, "dtype")
        and found.dtype == np.float64
        and isinstance(x, list | tuple)
        and (config.cast_policy == "numpy+floatX" or not found.size)
    ):
        found = found.astype(config.floatX)
    return found


def constant(x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None) -> TensorConstant:
    """Return ``x`` (number, sequence, array) as a constant.

    Python ints take the smallest signed dtype that holds them, Python floats the smallest float dtype that holds
    them exactly; arrays keep theirs. Dimensions of size 1 are broadcastable. ``ndim`` pads with dimensions on the left; more
    dimensions than ``ndim`` are a ValueError. TypeError for anything that is no number.
    """
    if isinstance(x, Variable):
        raise TypeError(f"constant: {x} is a Variable already")
    try:
        data = _as_array(x, dtype)
    except (ValueError, TypeError) as error:
        raise TypeError(f"Could not convert {x!r} to TensorType: {error}", type(x)) from None
    if data.dtype.kind not in "biufc":
        raise TypeError(f"Could not convert {x!r} to TensorType", type(x))
    flags = [size == 1 for size in data.shape]
    if ndim is not None:
        if len(flags) < ndim:
            flags = [True] * (ndim - len(flags)) + flags
            data = data.reshape([1] * (ndim - data.ndim) + list(data.shape))
        elif len(flags) > ndim:
            raise ValueError(f"ndarray could not be cast to constant with {ndim} dimensions: it has {len(flags)}")
    shared_with_caller = isinstance(x, np.ndarray)
    if not data.dtype.isnative:
        data, shared_with_caller = data.astype(data.dtype.newbyteorder("=")), False
    if shared_with_caller:
        data = data.copy()
    return TensorConstant(TensorType(data.dtype.name, flags), data, name=name)


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Any:
    """Return ``x`` as a symbolic array: a variable itself, anything else as a constant or a stack of variables.

    ``ndim`` adds broadcastable dimensions on the left, or drops broadcastable ones; ValueError where it cannot.
    AsTensorError (a TypeError) for what is no tensor.
    """
    convert = getattr(x, "_as_TensorVariable", None)
    if convert is not None:
        return convert()
    if isinstance(x, Apply):
        if len(x.outputs) != 1 and getattr(x.op, "default_output", None) is None:
            raise ValueError("It is ambiguous which output of a multi-output Op has to be fetched.", x)
        x = x.default_output()
    if isinstance(x, Variable):
        if not isinstance(x.type, TensorType):
            raise AsTensorError("Variable type field must be a TensorType.", x, x.type)
        if ndim is None or x.type.ndim == ndim:
            return x
        return hooks.needed("pad")(x, ndim)
    if isinstance(x, list | tuple) and _holds_variable(x):
        return hooks.needed("stack")(x)
    if isinstance(x, bool):
        raise AsTensorError(
            "Cannot cast True or False as a tensor variable. Please use np.array(True) or np.array(False) if you need these constants."
        )
    try:
        return constant(x, name=name, ndim=ndim)
    except TypeError:
        text = repr(x)
        raise AsTensorError(
            f"Cannot convert {text if len(text) < 80 else text[:76] + ' ...'} to TensorType", type(x)
        ) from None


def _holds_variable(x: Any) -> bool:
    pending = [x]
    while pending:
        thing = pending.pop()
        if isinstance(thing, Variable):
            return True
        if isinstance(thing, list | tuple):
            pending.extend(thing)
    return False


set_conversion(as_tensor_variable)
