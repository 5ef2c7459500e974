"""Run-time parameters of ops: a type of records whose fields have types."""

from __future__ import annotations

import re
from typing import Any

from theon.graph.enums import EnumType
from theon.graph.type import Type

__all__ = ["Params", "ParamsType"]


class Params(dict):  # type: ignore[type-arg]
    """A record of a :class:`ParamsType`: fields are attributes, and do not change. TypeError where a field has no value."""

    __module__ = "theano.gof.params_type"

    def __init__(self, params_type: ParamsType, **kwargs: Any) -> None:
        if not isinstance(params_type, ParamsType):
            raise TypeError("Params: 1st constructor argument should be a ParamsType.")
        missing = [field for field in params_type.fields if field not in kwargs]
        if missing:
            raise TypeError(f'Params: ParamsType attribute "{missing[0]}" not in Params args.')
        super().__init__(**kwargs)
        self.__dict__.update(__params_type__=params_type)

    def __repr__(self) -> str:
        return f"Params({', '.join(f'{k}:{type(self[k]).__name__}:{self[k]}' for k in sorted(self))})"

    def __getattr__(self, key: str) -> Any:
        if key in self:
            return self[key]
        raise AttributeError(f'Params: attribute "{key}" does not exist.')

    def __setattr__(self, key: str, value: Any) -> None:
        raise NotImplementedError("Params is immutable")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError("Params is immutable")

    def __delitem__(self, key: Any) -> None:
        raise NotImplementedError("Params is immutable")

    def _type(self) -> ParamsType:
        return self.__dict__["__params_type__"]  # type: ignore[no-any-return]

    def __hash__(self) -> int:  # type: ignore[override]
        kind = self._type()
        return hash((type(self), kind, tuple(_hashable(self[field]) for field in kind.fields)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Params) and self._type() == other._type() and self._type().values_eq(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __reduce__(self) -> Any:
        return _rebuilt, (self._type(), dict(self))


def _rebuilt(params_type: ParamsType, values: dict[str, Any]) -> Params:
    return Params(params_type, **values)


def _hashable(value: Any) -> Any:
    return (value.dtype.str, value.shape, value.tobytes()) if hasattr(value, "tobytes") else value


class ParamsType(Type):
    """A type of records: ``ParamsType(axis=Scalar("int32"), a=dmatrix)``. An op says by ``params_type`` what
    :meth:`~theon.graph.op.Op.perform` is given; values come from the op's attributes of the same names.

    ``fields`` are the names, sorted, and ``types`` their types. Constants of enumerated fields are attributes of the type.
    ValueError without fields, AttributeError for a name that is none, TypeError for what is no type.
    """

    __module__ = "theano.gof.params_type"

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs:
            raise ValueError("Cannot create ParamsType from empty data.")
        for field, kind in kwargs.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", field):
                raise AttributeError(f'ParamsType: field "{field}" is not a valid name')
            if not isinstance(kind, Type):
                raise TypeError(
                    f'ParamsType: attribute "{field}" should inherit from theano Type, got "{type(kind).__name__}".'
                )
        self.fields = tuple(sorted(kwargs))
        self.types = tuple(kwargs[field] for field in self.fields)
        self.length = len(self.fields)
        self.name = "_Params_" + "_".join(self.fields)
        enums = [kind for kind in self.types if isinstance(kind, EnumType)]
        self._const_to_enum = {constant: kind for kind in enums for constant in kind}
        self._alias_to_enum = {alias: kind for kind in enums for alias in kind.aliases}
        if sum(len(kind) for kind in enums) != len(self._const_to_enum):
            raise AttributeError("ParamsType: enum types share constants of the same name")
        if sum(len(kind.aliases) for kind in enums) != len(self._alias_to_enum.keys() - self._const_to_enum.keys()):
            raise AttributeError("ParamsType: enum types share aliases, or one's alias is another's constant")

    def __getattr__(self, key: str) -> Any:
        known = self.__dict__.get("_const_to_enum", {})
        if key in known:
            return known[key][key]
        raise AttributeError(f'ParamsType: attribute "{key}" does not exist.')

    def __repr__(self) -> str:
        return f"ParamsType<{', '.join(f'{f}:{t}' for f, t in zip(self.fields, self.types))}>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.fields == other.fields and self.types == other.types

    def __hash__(self) -> int:
        return hash((type(self), self.fields, self.types))

    def has_type(self, theano_type: Type) -> bool:
        """Whether a field has this type."""
        return theano_type in self.types

    def get_type(self, field_name: str) -> Type:
        """Return the type of a field."""
        return self.types[self.fields.index(field_name)]  # type: ignore[no-any-return]

    def get_field(self, theano_type: Type) -> str:
        """Return the name of the first field of this type."""
        return self.fields[self.types.index(theano_type)]

    def get_enum(self, key: str) -> Any:
        """Return the value of a constant of an enumerated field."""
        return self._const_to_enum[key][key]

    def enum_from_alias(self, alias: str) -> Any:
        """Return the value of a constant by its alias, or its name."""
        return self._alias_to_enum[alias].fromalias(alias) if alias in self._alias_to_enum else self.get_enum(alias)

    def get_params(self, *objects: Any, **kwargs: Any) -> Params:
        """Return a record with values from ``kwargs``, or else from the attributes of ``objects``; each is made a value of its type."""
        found = {}
        for field in self.fields:
            if field in kwargs:
                found[field] = kwargs[field]
                continue
            for thing in objects:
                if hasattr(thing, field):
                    found[field] = getattr(thing, field)
                    break
        return self.filter(Params(self, **found), strict=False, allow_downcast=True)  # type: ignore[no-any-return]

    def extended(self, **kwargs: Any) -> ParamsType:
        """Return a type with more fields."""
        return type(self)(**dict(zip(self.fields, self.types)), **kwargs)

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``data`` (with ``strict``, a :class:`Params`) as a record whose fields are values of their types."""
        if strict and not isinstance(data, Params):
            raise TypeError(f"Strict mode: data should be an instance of Params, not {type(data).__name__}")
        values = {
            field: kind.filter(data[field] if isinstance(data, dict) else getattr(data, field), strict, allow_downcast)
            for field, kind in zip(self.fields, self.types)
        }
        return data if strict else Params(self, **values)

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two records have equal fields."""
        return all(kind.values_eq(a[f], b[f]) for f, kind in zip(self.fields, self.types))

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two records have fields that are equal up to rounding."""
        return all(kind.values_eq_approx(a[f], b[f]) for f, kind in zip(self.fields, self.types))
