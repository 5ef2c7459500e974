"""Classes with ``__props__``: the attributes that make two objects equal."""

from __future__ import annotations

from typing import Any

__all__ = ["MetaObject", "object2"]


class MetaObject(type):
    """Gives classes with ``__props__`` equality, hash and text made from them, unless they define their own."""

    __module__ = "theano.gof.utils"

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> MetaObject:
        props = namespace.get("__props__")
        if props is not None:
            if not isinstance(props, tuple):
                raise TypeError(f"__props__ of {name} has to be a tuple")
            namespace.setdefault("__hash__", _props_hash)
            namespace.setdefault("__eq__", _props_eq)
            if "__str__" not in namespace and not any("__str__" in vars(b) for b in bases if b.__name__ != "Op"):
                namespace["__str__"] = _props_str
        return super().__new__(mcs, name, bases, namespace, **kwargs)


def _values(thing: Any) -> tuple[Any, ...]:
    return tuple(getattr(thing, prop) for prop in type(thing).__props__)


def _props_hash(self: Any) -> int:
    return hash((type(self), _values(self)))


def _props_eq(self: Any, other: object) -> bool:
    return type(self) is type(other) and _values(self) == _values(other)


def _props_str(self: Any) -> str:
    props = type(self).__props__
    if not props:
        return type(self).__name__
    return f"{type(self).__name__}{{{', '.join(f'{p}={getattr(self, p)!r}' for p in props)}}}"


class object2(metaclass=MetaObject):
    """The base of everything in graphs: an object that may have ``__props__``."""

    __module__ = "theano.gof.utils"
