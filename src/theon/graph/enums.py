"""Types whose values are named constants."""

from __future__ import annotations

import re
from typing import Any

from theon.graph.type import Type

__all__ = ["CEnumType", "EnumList", "EnumType"]


class EnumType(Type, dict):  # type: ignore[type-arg]
    """A type of constants: ``EnumType(A=1, B=2.5)``, with other names for them: ``EnumType(A=("alpha", 1))``.

    The constants are attributes and items. Values are numbers; True and False are 1 and 0. ``ctype`` and ``cname`` are kept
    as attributes. AttributeError for a name that is not in capitals, TypeError for a value that is no number or an alias
    that is taken.

    >>> e = EnumType(A=("alpha", 1), B=2)
    >>> e.A, e["B"], e.fromalias("alpha")
    (1, 2, 1)
    """

    __module__ = "theano.gof.type"

    ctype: str
    cname: str
    aliases: dict[str, str]

    def __init__(self, **kwargs: Any) -> None:
        name = type(self).__name__
        ctype = kwargs.pop("ctype", "double")
        cname, aliases = kwargs.pop("cname", ctype.replace(" ", "_")), {}
        for constant, given in kwargs.items():
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", constant):
                raise AttributeError(
                    f'{name}: invalid enum name: "{constant}". Only capital letters, underscores and digits are allowed.'
                )
            value = given
            if isinstance(given, list | tuple):
                if len(given) != 2 or not isinstance(given[0], str):
                    raise TypeError(
                        f"{name}: a constant given by a tuple has its alias, a string, and its value, not {given!r}"
                    )
                alias, value = given
                if alias in aliases or alias in kwargs or alias == constant:
                    raise TypeError(f'{name}: constant alias "{alias}" already used.')
                aliases[alias] = constant
            if not isinstance(value, int | float):
                raise TypeError(
                    f'{name}: constant "{constant}": expected integer or floating value, got "{type(value).__name__}".'
                )
            kwargs[constant] = int(value) if isinstance(value, bool) else value
        dict.__init__(self, **kwargs)
        vars(self).update(ctype=ctype, cname=cname, aliases=aliases)

    def fromalias(self, alias: str) -> Any:
        """Return the value of a constant by its alias, or its name; KeyError where there is none."""
        return self[self.aliases.get(alias, alias)]

    def has_alias(self, alias: str) -> bool:
        """Whether a constant has this alias."""
        return alias in self.aliases

    def get_aliases(self) -> tuple[str, ...]:
        """Return the aliases, sorted."""
        return tuple(sorted(self.aliases))

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"{type(self).__name__} has no constant {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise NotImplementedError("constant values are immutable.")

    def __setitem__(self, name: Any, value: Any) -> None:
        raise NotImplementedError("constant values are immutable.")

    def __delitem__(self, name: Any) -> None:
        raise NotImplementedError("constant values are immutable.")

    def _key(self) -> tuple[Any, ...]:
        return (type(self), self.ctype, tuple(sorted(self.items())), tuple(sorted(self.aliases.items())))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EnumType) and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        names = {constant: f" ({alias})" for alias, constant in self.aliases.items()}
        shown = ", ".join(f"{k}{names.get(k, '')}:{self[k]}" for k in sorted(self))
        return f"{type(self).__name__}<{self.ctype}>({shown})"

    __str__ = __repr__

    def __reduce__(self) -> Any:
        other = {constant: alias for alias, constant in self.aliases.items()}
        given = {k: (other[k], v) if k in other else v for k, v in self.items()}
        return _made, (type(self), given, self.ctype, self.cname)

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``data``, one of the constants' values, or the value that it, an alias, stands for; AssertionError for any other."""
        if not strict and isinstance(data, str) and (data in self.aliases or data in self):
            return self.fromalias(data)
        value = int(data) if not strict and isinstance(data, bool) else data
        if value not in self.values():
            raise AssertionError(f"{data!r} is no value of {self}")
        return value

    def is_valid_value(self, a: Any, strict: bool = True) -> bool:
        """Whether ``a`` is the value of a constant."""
        return a in self.values()

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two values are equal."""
        return bool(a == b)

    def values_eq_approx(self, a: Any, b: Any) -> bool:
        """Whether two values are equal up to rounding."""
        return bool(abs(a - b) <= 1e-8 * max(abs(a), abs(b), 1))


def _made(cls: type[EnumType], constants: dict[str, Any], ctype: str, cname: str) -> EnumType:
    new = cls.__new__(cls)
    EnumType.__init__(new, ctype=ctype, cname=cname, **constants)
    return new


class EnumList(EnumType):
    """An :class:`EnumType` whose constants are numbered from 0: ``EnumList("A", ("B", "beta"))``.

    TypeError for what is neither a name nor a pair of name and alias, AttributeError for a name that comes twice.
    """

    __module__ = "theano.gof.type"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        wrong = set(kwargs) - {"ctype", "cname"}
        if wrong:
            raise TypeError(f"{name}: invalid parameters {sorted(wrong)}: constants have to be given by position")
        constants: dict[str, Any] = {}
        for place, given in enumerate(args):
            constant, alias = given if isinstance(given, list | tuple) and len(given) == 2 else (given, None)
            if not isinstance(constant, str) or not (alias is None or isinstance(alias, str)):
                raise TypeError(f"{name}: a constant is a name or a pair of a name and an alias, not {given!r}")
            if constant in constants:
                raise AttributeError(f"{name}: duplicated constants: {constant}")
            constants[constant] = place if alias is None else (alias, place)
        super().__init__(
            ctype=kwargs.get("ctype", "int"), **{k: v for k, v in kwargs.items() if k == "cname"}, **constants
        )


class CEnumType(EnumList):
    """Constants that C code would define; here, without C, they are numbered as those of an :class:`EnumList`."""

    __module__ = "theano.gof.type"
