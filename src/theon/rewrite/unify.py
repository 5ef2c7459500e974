"""Unification: finding values of variables that make two structures equal.

Structures are nested tuples, lists and dicts of values and unification variables.

>>> found = unify(("add", Var("x"), 1), ("add", 2, 1))
>>> found[Var("x")]
2
>>> unify(("add", Var("x"), Var("x")), ("add", 2, 1))
False
>>> unify_build(["twice", Var("x")], unify(Var("x"), 5))
['twice', 5]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

__all__ = [
    "ANY_TYPE",
    "FALL_THROUGH",
    "NV",
    "BoundVariable",
    "FVar",
    "FreeVariable",
    "NotVariable",
    "OrV",
    "OrVariable",
    "Unification",
    "V",
    "Var",
    "Variable",
    "VariableInList",
    "comm_guard",
    "unify",
    "unify_build",
    "unify_merge",
    "unify_walk",
    "var_lookup",
]


class _Marker:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


ANY_TYPE = _Marker("ANY_TYPE")
FALL_THROUGH = _Marker("FALL_THROUGH")


def comm_guard(type1: Any, type2: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for functions of two things and more: it is called where the first two are of these types, in any order.

    Otherwise, and where it returns ``FALL_THROUGH``, the function of the same name defined before is called, if there is one;
    where there is none, the answer is False. ``ANY_TYPE`` means anything.
    """

    def fits(x: Any, kind: Any) -> bool:
        return kind is ANY_TYPE or isinstance(x, kind)

    def wrap(f: Callable[..., Any]) -> Callable[..., Any]:
        before = f.__globals__.get(f.__name__)

        def dispatched(arg1: Any, arg2: Any, *rest: Any) -> Any:
            for a, b in ((arg1, arg2), (arg2, arg1)):
                if fits(a, type1) and fits(b, type2):
                    found = f(a, b, *rest)
                    if found is not FALL_THROUGH:
                        return found
                    break
            return before(arg1, arg2, *rest) if before is not None else False

        dispatched.__name__, dispatched.__doc__ = f.__name__, f.__doc__
        return dispatched

    return wrap


class Variable:
    """A placeholder in a structure."""

    __module__ = "theano.gof.unify"

    def __init__(self, name: str = "?") -> None:
        self.name = name

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value!r}" for key, value in vars(self).items())
        return f"{type(self).__name__}({values})"

    __repr__ = __str__


class FreeVariable(Variable):
    """A variable that may be anything."""

    __module__ = "theano.gof.unify"


class BoundVariable(Variable):
    """A variable with a known value."""

    __module__ = "theano.gof.unify"

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(name)
        self.value = value


class OrVariable(Variable):
    """A variable that is one of the options."""

    __module__ = "theano.gof.unify"

    def __init__(self, name: str, options: Iterable[Any]) -> None:
        super().__init__(name)
        self.options = list(options)


class NotVariable(Variable):
    """A variable that is none of the options."""

    __module__ = "theano.gof.unify"

    def __init__(self, name: str, not_options: Iterable[Any]) -> None:
        super().__init__(name)
        self.not_options = list(not_options)


class VariableInList:
    """In a list, a variable that stands for any number of elements; the last of the list."""

    __module__ = "theano.gof.unify"

    def __init__(self, variable: Variable) -> None:
        self.variable = variable


_known: dict[tuple[type, str], Variable] = {}


def var_lookup(vartype: type, name: str, *args: Any, **kwargs: Any) -> Variable:
    """Return the variable of this kind and name, always the same object."""
    found = _known.get((vartype, name))
    if found is None:
        found = _known[vartype, name] = vartype(name, *args, **kwargs)
    return found


Var = V = partial(var_lookup, FreeVariable)
OrV = partial(var_lookup, OrVariable)
NV = partial(var_lookup, NotVariable)


class Unification:
    """What is known of variables: ``u[v]`` is the best value or variable for ``v``. ``inplace`` lets :meth:`merge` change it."""

    __module__ = "theano.gof.unify"

    def __init__(self, inplace: bool = False) -> None:
        self.unif: dict[Any, tuple[Any, set[Any]]] = {}
        self.inplace = inplace

    def merge(self, new_best: Any, *vars: Any) -> Unification:
        """Return the unification in which all ``vars``, and what they were one with, are ``new_best``."""
        if self.inplace:
            U = self
        else:
            U = Unification(self.inplace)
            U.unif = dict(self.unif)
        new_pool = set(vars)
        if isinstance(new_best, Variable):
            new_pool.add(new_best)
        for var in list(new_pool):
            found = U.unif.get(var)
            if found is not None:
                new_pool |= found[1]
        for var in new_pool:
            U.unif[var] = (new_best, new_pool)
        return U

    def __getitem__(self, v: Any) -> Any:
        """Return the best representant of a variable, the variable itself where nothing is known."""
        found = self.unif.get(v)
        return v if found is None else found[0]


def _known_value(x: Any, U: Unification) -> Any:
    return U[x] if isinstance(x, Variable) else x


def unify_walk(a: Any, b: Any, U: Unification) -> Any:
    """Return ``U`` with what makes ``a`` and ``b`` equal, or False where nothing does."""
    a, b = _known_value(a, U), _known_value(b, U)
    if a is b:
        return U
    if isinstance(b, Variable) and not isinstance(a, Variable):
        a, b = b, a
    if isinstance(a, Variable):
        return _walk_variable(a, b, U)
    for x, y in ((a, b), (b, a)):
        walk = getattr(x, "__unify_walk__", None)
        if walk is not None and not isinstance(x, type):
            found = walk(y, U)
            if found is not FALL_THROUGH:
                return found
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return _walk_sequences(a, b, U)
    if isinstance(a, dict) and isinstance(b, dict):
        for key, value in a.items():
            if key in b:
                U = unify_walk(value, b[key], U)
                if U is False:
                    return False
        return U
    try:
        return U if bool(a == b) else False
    except (TypeError, ValueError):
        return False


def _walk_variable(a: Variable, b: Any, U: Unification) -> Any:
    """One of the two is a variable of which nothing better is known."""
    if isinstance(b, FreeVariable) and not isinstance(a, FreeVariable):
        a, b = b, a
    if isinstance(a, FreeVariable):
        return U.merge(b, a)
    if isinstance(a, BoundVariable):
        if isinstance(b, Variable):
            if isinstance(b, BoundVariable):
                found = unify_walk(a.value, b.value, U)
                return False if found is False else found.merge(a, b)
            found = _walk_variable(b, a.value, U)
            return False if found is False else found.merge(a, b)
        return unify_walk(a.value, b, U)
    if isinstance(b, BoundVariable):
        return _walk_variable(b, a, U)
    if isinstance(a, OrVariable) and isinstance(b, OrVariable):
        common = [option for option in a.options if option in b.options]
        return _one_of(common, a, b, U)
    if isinstance(b, OrVariable):
        a, b = b, a
    if isinstance(a, OrVariable):
        if isinstance(b, NotVariable):
            return _one_of([option for option in a.options if option not in b.not_options], a, b, U)
        return U.merge(b, a) if b in a.options else False
    if isinstance(a, NotVariable):
        if isinstance(b, NotVariable):
            return U.merge(NotVariable("?", [*a.not_options, *b.not_options]), a, b)
        return False if b in a.not_options else U.merge(b, a)
    return U.merge(b, a)


def _one_of(options: list[Any], a: Variable, b: Variable, U: Unification) -> Any:
    if not options:
        return False
    return U.merge(BoundVariable("?", options[0]) if len(options) == 1 else OrVariable("?", options), a, b)


def _walk_sequences(a: Any, b: Any, U: Unification) -> Any:
    for x, y in ((a, b), (b, a)):
        if isinstance(x, list) and x and isinstance(x[-1], VariableInList):
            head = x[:-1]
            if len(y) < len(head):
                return False
            for p, q in zip(head, y):
                U = unify_walk(p, q, U)
                if U is False:
                    return False
            return U.merge(list(y[len(head) :]), x[-1].variable)
    if len(a) != len(b) or isinstance(a, tuple) != isinstance(b, tuple):
        return False
    for p, q in zip(a, b):
        U = unify_walk(p, q, U)
        if U is False:
            return False
    return U


def unify_merge(a: Any, b: Any, U: Unification) -> Any:
    """Return one structure for two that were found equal under ``U``: the values where they are known."""
    a, b = _known_value(a, U), _known_value(b, U)
    if isinstance(a, BoundVariable):
        a = a.value
    if isinstance(b, BoundVariable):
        b = b.value
    if isinstance(a, Variable):
        return b
    if isinstance(b, Variable):
        return a
    for x, y in ((a, b), (b, a)):
        merge = getattr(x, "__unify_merge__", None)
        if merge is not None and not isinstance(x, type):
            found = merge(y, U)
            if found is not FALL_THROUGH:
                return found
    if isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        return type(a)(unify_merge(p, q, U) for p, q in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        merged = dict(a)
        for key, value in b.items():
            merged[key] = unify_merge(merged[key], value, U) if key in merged else value
        return merged
    return a


def unify_build(x: Any, U: Unification) -> Any:
    """Return ``x`` with the values that ``U`` knows in place of its variables."""
    return unify_merge(x, x, U)


def unify(a: Any, b: Any) -> Any:
    """Return the unification of two structures, or False where they cannot be made equal."""
    return unify_walk(a, b, Unification(inplace=True))


class FVar:
    """A function of what some variables turn out to be: called with a unification."""

    __module__ = "theano.gof.unify"

    def __init__(self, fn: Callable[..., Any], *args: Any) -> None:
        self.fn, self.args = fn, args

    def __call__(self, u: Unification) -> Any:
        """Return the function's value."""
        return self.fn(*(unify_build(arg, u) for arg in self.args))
