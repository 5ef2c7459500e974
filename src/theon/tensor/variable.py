"""Symbolic arrays and array constants. Arithmetic and methods are attached by ``theon.ops.methods``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theon.graph.variable import Constant, Variable
from theon.tensor import hooks
from theon.tensor.type import TensorType

__all__ = ["TensorConstant", "TensorConstantSignature", "TensorVariable", "comparison"]


class TensorProperties:
    """What every symbolic array has: the type's parts as properties."""

    __module__ = "theano.tensor.var"

    # An ndarray on the left of an operator leaves the operation to us, and NumPy's functions ask us.
    __array_priority__ = 1000

    type: TensorType

    @property
    def dtype(self) -> str:
        """The dtype's name."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.type.ndim

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """Which dimensions are known to have size 1."""
        return self.type.broadcastable

    _is_nonzero = True

    def __bool__(self) -> bool:
        # ``if x:`` is how programs ask whether they were given a variable at all; but Python also asks for the truth of
        # a comparison, in ``x < y < z`` and ``if x > 0``, and a symbolic comparison has none: operators mark theirs.
        if self._is_nonzero:
            return True
        raise TypeError(
            "Variables do not support boolean operations. This can happen if you do a logical operation (<, >, <=, <, >=, "
            "==, !=) between a numpy.ndarray and a Theano tensor variable, or use one in an if statement; use "
            "theano.tensor.switch or theano.ifelse."
        )

    def __len__(self) -> int:
        raise TypeError("object of type 'TensorVariable' has no len(): its sizes are symbolic. Use x.shape[0].")

    def __iter__(self) -> Any:
        known = self.type.shape[0] if self.ndim else None
        if known is None:
            count = hooks.needed("length")(self) if self.ndim else None
            if count is None:
                raise TypeError(
                    "TensorType does not support iteration. Maybe you are using builtins.sum instead of theano.tensor.sum?"
                )
            known = count
        return (self[i] for i in range(known))  # type: ignore[index]


def comparison(operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the method of a comparing operator: like ``operator``, but what it returns has no truth value."""

    def method(self: Any, other: Any) -> Any:
        found = operator(self, other)
        if found is not NotImplemented:
            found._is_nonzero = False
        return found

    return method


class TensorVariable(TensorProperties, Variable):
    """A symbolic array."""

    __module__ = "theano.tensor.var"

    __lt__ = __le__ = __gt__ = __ge__ = None  # type: ignore[assignment]  # attached by ops.methods
    __hash__ = Variable.__hash__

    __repr__ = Variable.__repr__


_tensor_py_operators = TensorProperties
TensorProperties.__qualname__ = TensorProperties.__name__ = "_tensor_py_operators"


class TensorConstantSignature(tuple):  # type: ignore[type-arg]
    """A hashable stand-in for (type, array): equal when type, shape and bits are."""

    __module__ = "theano.tensor.var"
    __slots__ = ()


class TensorConstant(TensorProperties, Constant):
    """An array constant; its ``data`` is read-only."""

    __module__ = "theano.tensor.var"

    __lt__ = __le__ = __gt__ = __ge__ = None  # type: ignore[assignment]
    __hash__ = Constant.__hash__
    _signature: TensorConstantSignature | None = None

    def signature(self) -> TensorConstantSignature:
        """Return a hashable stand-in: type, shape and bytes (a digest of them where there are many)."""
        found = self._signature
        if found is None:
            data = np.asarray(self.data)
            content: Any = data.tobytes()
            if len(content) > 256:
                import hashlib

                content = hashlib.sha256(content).digest()
            found = self._signature = TensorConstantSignature((self.type, data.shape, content))
        return found

    def __deepcopy__(self, memo: Any) -> TensorConstant:
        # The data cannot change: a copy may share it.
        new = self.__class__(self.type, self.data, self.name)
        memo[id(self)] = new
        return new

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("_signature", None)
        return state

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        data = self.data
        if data.size > 100:
            text = f"array of shape {data.shape}"
        else:
            unique = data.flat[0] if data.size else None
            if data.ndim > 0 and data.size > 1 and bool((data == unique).all()):
                text = f"{data.shape} of {unique}"
            else:
                text = str(data)
                if len(text) > 20:
                    text = text[:10].strip() + "..." + text[-10:].strip()
        return f"TensorConstant{{{text}}}"

    def __repr__(self) -> str:
        return str(self)


TensorType.Variable = TensorVariable
TensorType.Constant = TensorConstant
