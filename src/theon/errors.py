"""Error classes. Each inherits the builtin that Theano's users catch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "AliasedMemoryError",
    "AsTensorError",
    "BadOptimization",
    "BadReplacement",
    "ComplexError",
    "DisconnectedInputError",
    "EmptyConstantError",
    "InconsistencyError",
    "LabelOutOfRange",
    "MethodNotDefined",
    "MissingInputError",
    "NativeFallback",
    "NotScalarConstantError",
    "NullTypeGradError",
    "ShapeError",
    "ShapeMismatch",
    "UnusedInputError",
    "describe",
    "message",
]


class MethodNotDefined(Exception):
    """An op lacks a method that was asked for: (name of the method, class, class name)."""

    __module__ = "theano.gof.utils"


class InconsistencyError(Exception):
    """A change of a graph would make it wrong."""

    __module__ = "theano.gof.fg"


class MissingInputError(Exception):
    """A graph needs an input that was not given."""

    __module__ = "theano.gof.fg"

    def __init__(self, *args: Any, variable: Any = None, **kwargs: Any) -> None:
        super().__init__(*args)
        self.variable = variable


class UnusedInputError(Exception):
    """A function was given an input that it does not use."""

    __module__ = "theano.compile.function_module"


class ComplexError(NotImplementedError, TypeError):
    """An operation that is not defined for complex numbers was asked for."""

    __module__ = "theano.scalar.basic"


class AliasedMemoryError(Exception):
    """Two arguments that must not share memory do."""

    __module__ = "theano.compile.function_module"


class DisconnectedInputError(ValueError):
    """The gradient was asked with respect to something the cost does not depend on."""

    __module__ = "theano.gradient"


class NullTypeGradError(TypeError):
    """The gradient is not defined; the message says why."""

    __module__ = "theano.gradient"


class AsTensorError(TypeError):
    """Something cannot be made a tensor."""

    __module__ = "theano.tensor.var"


class NotScalarConstantError(Exception):
    """An expression is not a constant scalar."""

    __module__ = "theano.tensor.basic"


class EmptyConstantError(NotScalarConstantError):
    """An empty array was taken for a number."""

    __module__ = "theano.tensor.basic"


class ShapeError(Exception):
    """A shape cannot be computed."""

    __module__ = "theano.tensor.basic"


class ShapeMismatch(ValueError):
    """Sizes do not fit together."""


class LabelOutOfRange(ValueError, IndexError):
    """A class of a cross-entropy is not one of those that there are."""


class NativeFallback(Exception):
    """Native code met a case it leaves to the reference executor; nothing was changed. Never seen by users."""


class BadOptimization(Exception):
    """Two executions of one graph differ."""

    __module__ = "theano.compile.debugmode"


class BadReplacement(BadOptimization, TypeError):
    """What is to stand for a variable is of another type."""


def describe(variable: Any) -> str:
    """Return one line about a variable: its name or op, its type, and the user's line that made it."""
    from theon.graph.origin import origin_of  # the message builder is the one place that reads origins

    text = f"{variable}, {getattr(variable, 'type', type(variable).__name__)}"
    origin = origin_of(variable)
    return text if origin is None else f"{text}, made at {origin}"


def message(what: str, operands: Iterable[Any] = (), hint: str | None = None) -> str:
    """Return a message: what clashes, a line for each operand, at most one hint."""
    lines = [what]
    lines += [f"  {describe(operand)}" for operand in list(operands)[:8]]
    if hint:
        lines.append(f"  hint: {hint}")
    return "\n".join(lines)
