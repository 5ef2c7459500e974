"""Inputs and outputs of functions with options: :class:`In` and :class:`Out`."""

from __future__ import annotations

from typing import Any

from theon.errors import message
from theon.graph.variable import Variable
from theon.tensor.shared import SharedVariable

__all__ = ["In", "Out", "SymbolicInput", "SymbolicOutput"]


class SymbolicInput:
    """An input: ``variable``, its ``name``, the expression ``update`` that replaces its value after a call, and flags."""

    __module__ = "theano.compile.io"

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = False,
    ) -> None:
        if not isinstance(variable, Variable):
            raise TypeError(f"an input must be a Variable, not {variable!r}")
        self.variable = variable
        self.name = variable.name if autoname and name is None else name
        if self.name is not None and not isinstance(self.name, str):
            raise TypeError(f"name must be a string! (got: {self.name})")
        if update is not None:
            try:
                update = variable.type.filter_variable(update)
            except TypeError:
                raise TypeError(message("Variable has update with other type", [variable, update])) from None
        self.update = update
        if mutable is not None:
            self.mutable = mutable
        else:
            self.mutable = update is not None
        self.strict, self.allow_downcast, self.implicit = strict, allow_downcast, bool(implicit)

    def __str__(self) -> str:
        return f"In({self.variable} -> {self.update})" if self.update is not None else f"In({self.variable})"

    __repr__ = __str__


class In(SymbolicInput):
    """An input of a function.

    ``value``: a default (or a Container that holds it). ``update``: the expression whose value replaces it after each
    call. ``mutable``: the function may overwrite what it was given. ``borrow``: it may keep an alias. ``strict``: no
    conversion. ``allow_downcast``: True converts with loss, None only Python floats to floatX. ``implicit``: not an argument.
    """

    __module__ = "theano.compile.io"

    def __init__(
        self,
        variable: Variable,
        name: str | None = None,
        value: Any = None,
        update: Any = None,
        mutable: bool | None = None,
        strict: bool = False,
        allow_downcast: bool | None = None,
        autoname: bool = True,
        implicit: bool | None = None,
        borrow: bool | None = None,
        shared: bool = False,
    ) -> None:
        if borrow is None:
            self.borrow = bool(mutable)
        else:
            self.borrow = borrow
            if mutable and not borrow:
                raise AssertionError(
                    f"Symbolic input for variable {variable} (name={name}) has flags borrow=False, mutable=True which is incompatible"
                )
        if implicit is None:
            implicit = isinstance(value, SharedVariable) or type(value).__name__ == "Container"
        super().__init__(variable, name, update, mutable, strict, allow_downcast, autoname, implicit)
        self.value, self.shared = value, shared
        if self.implicit and value is None:
            raise TypeError("An implicit input must be given a default value")


class SymbolicOutput:
    """An output: ``variable``, and ``borrow``: the caller may be given storage that the next call overwrites."""

    __module__ = "theano.compile.io"

    def __init__(self, variable: Variable, borrow: bool = False) -> None:
        self.variable, self.borrow = variable, borrow

    def __str__(self) -> str:
        return f"Out({self.variable},{self.borrow})"

    __repr__ = __str__


class Out(SymbolicOutput):
    """As :class:`SymbolicOutput`."""

    __module__ = "theano.compile.io"
