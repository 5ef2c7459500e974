"""Types: what values a variable may hold, and how Python objects become such values."""

from __future__ import annotations

from typing import Any

from theon.graph import variable as graph
from theon.graph.ccode import CLinkerType
from theon.graph.props import object2

__all__ = ["Generic", "NullType", "PureType", "SingletonType", "Type", "filtered", "generic", "null_type"]


def filtered(kind: Type, value: Any, strict: bool, allow_downcast: bool | None) -> Any:
    """Return ``kind.filter(value)``; only what is asked for is passed on, since types of users may take the value alone."""
    wishes: dict[str, Any] = {"strict": True} if strict else {}
    if allow_downcast is not None:
        wishes["allow_downcast"] = allow_downcast
    return kind.filter(value, **wishes)


class Type(object2, CLinkerType):
    """The interface of types. Subclasses define ``filter`` and usually ``__eq__`` and ``__hash__``.

    ``Variable`` and ``Constant`` are the classes that :meth:`make_variable` and :meth:`make_constant` build.
    """

    __module__ = "theano.gof.type"

    Variable: type[graph.Variable] = graph.Variable
    Constant: type[graph.Constant] = graph.Constant

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``value`` as a value of this type, converting unless ``strict``; TypeError where it cannot be one."""
        raise TypeError(f"{type(self).__name__} defines no filter: its values cannot be checked")

    def filter_inplace(self, value: Any, storage: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``value`` filtered; ``storage`` may be reused."""
        return filtered(self, value, strict, allow_downcast)

    def filter_variable(self, other: Any, allow_convert: bool = True) -> graph.Variable:
        """Return ``other`` as a variable of this type; TypeError where that is not possible."""
        if not isinstance(other, graph.Variable):
            other = self.Constant(type=self, data=other)
        if other.type != self and allow_convert:
            converted = self.convert_variable(other)
            if converted is not None:
                return converted
        if other.type != self:
            raise TypeError(
                f"Cannot convert Type {other.type} (of Variable {other}) into Type {self}. "
                f"You can try to manually convert {other} into a {self}."
            )
        return other  # type: ignore[no-any-return]

    def convert_variable(self, var: graph.Variable) -> graph.Variable | None:
        """Return ``var`` converted to this type where no information is lost, else None."""
        return None

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        """Whether ``a`` is a value of this type."""
        try:
            self.filter(a, strict=strict)
        except (TypeError, ValueError):
            return False
        return True

    def value_validity_msg(self, a: Any) -> str:
        """Say why ``a`` is no value of this type."""
        try:
            self.filter(a, strict=True)
        except Exception as error:
            return str(error)
        return "value is valid"

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two values are equal."""
        return bool(a == b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two values are equal up to rounding."""
        return self.values_eq(a, b)

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Whether changing one value may change the other."""
        return a is b

    def make_variable(self, name: str | None = None) -> graph.Variable:
        """Return a new variable of this type."""
        return self.Variable(self, name=name)

    def make_constant(self, value: Any, name: str | None = None) -> graph.Constant:
        """Return a constant of this type."""
        return self.Constant(type=self, data=value, name=name)

    def __call__(self, name: str | None = None) -> Any:
        return self.make_variable(name)

    def clone(self, *args: Any, **kwargs: Any) -> Type:
        """Return a type like this one."""
        return type(self)(*args, **kwargs)

    def get_size(self, shape_info: Any) -> int:
        """Return the number of bytes a value of that shape takes; 0 where unknown."""
        return 0

    def get_shape_info(self, obj: Any) -> Any:
        """Return the shape that :meth:`get_size` wants."""
        return None


PureType = Type


class SingletonType(Type):
    """A type without parameters: all instances are equal."""

    __module__ = "theano.gof.type"

    _instance: SingletonType | None = None

    def __new__(cls) -> SingletonType:
        if cls.__dict__.get("_instance") is None:
            cls._instance = super().__new__(cls)
        return cls._instance  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __str__(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        return str(self)


class Generic(SingletonType):
    """Any Python object."""

    __module__ = "theano.gof.type"

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``value`` as it is."""
        return value

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        """Every object is."""
        return True


class NullType(Type):
    """The type of a gradient that is not defined; ``why_null`` tells the reason. It has no values."""

    __module__ = "theano.gof.null_type"

    def __init__(self, why_null: str = "(no explanation given)") -> None:
        self.why_null = why_null

    def filter(self, value: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Raise ValueError: there are no values."""
        raise ValueError("NullType has no values")

    def filter_variable(self, other: Any, allow_convert: bool = True) -> graph.Variable:
        """Raise ValueError: there are no values."""
        raise ValueError("NullType has no values")

    def may_share_memory(self, a: Any, b: Any) -> bool:
        """Never."""
        return False

    def values_eq(self, a: Any, b: Any) -> bool:
        """Raise ValueError: there are no values."""
        raise ValueError("NullType has no values to compare")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __str__(self) -> str:
        return "NullType"


generic = Generic()
null_type = NullType()
