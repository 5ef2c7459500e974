"""The type of a gradient with respect to something that a result does not depend on."""

from __future__ import annotations

from typing import Any

from theon.graph.type import Type

__all__ = ["DisconnectedType"]


class DisconnectedType(Type):
    """The type of "not connected": unlike a zero gradient, it says that no path exists. It has no values."""

    __module__ = "theano.gradient"

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Raise AssertionError: there are no values."""
        raise AssertionError(
            "A disconnected gradient has no value: a grad method returned DisconnectedType where it should not"
        )

    def fiter_variable(self, other: Any) -> Any:
        """Raise AssertionError, under the name that Theano gave it."""
        raise AssertionError("A disconnected gradient has no value")

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Never."""
        return False

    def value_eq(self, a: Any, b: Any, force_same_dtype: bool = True) -> Any:
        """Raise AssertionError."""
        raise AssertionError("A disconnected gradient has no value")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __str__(self) -> str:
        return "DisconnectedType"
