"""Shared variables: inputs of every function that uses them, whose value lives between calls."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.origin import user_frame
from theon.graph.type import Generic, Type, filtered, generic
from theon.graph.variable import Variable
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorProperties

__all__ = [
    "Container",
    "ScalarSharedVariable",
    "SharedVariable",
    "TensorSharedVariable",
    "generic_constructor",
    "scalar_constructor",
    "shared",
    "shared_constructor",
    "tensor_constructor",
]


class Container:
    """One cell of storage for a value of a type; the value is filtered when it is set."""

    __module__ = "theano.gof.link"

    def __init__(
        self,
        r: Any,
        storage: list[Any],
        readonly: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(storage, list) or len(storage) < 1:
            raise TypeError("storage must be a list of length at least one")
        self.type = r if isinstance(r, Type) else r.type
        self.name = name if name is not None or isinstance(r, Type) else r.name
        self.storage, self.readonly, self.strict, self.allow_downcast = storage, readonly, strict, allow_downcast
        self.provided = 0
        self.implicit = False
        self.required = False

    def __get__(self, instance: Any = None, owner: Any = None) -> Any:
        return self.storage[0]

    def __set__(self, instance: Any, value: Any) -> None:
        self.value = value

    @property
    def data(self) -> Any:
        """The value."""
        return self.storage[0]

    @data.setter
    def data(self, value: Any) -> None:
        if self.readonly:
            raise Exception(f"Cannot set readonly storage: {self.name}")
        if value is None:
            self.storage[0] = None
            return
        self.storage[0] = filtered(self.type, value, self.strict, self.allow_downcast)

    value = data

    def __str__(self) -> str:
        return f"<{self.storage[0]!r}>"

    def __repr__(self) -> str:
        return f"<{self.storage[0]!r}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Container:
        new = type(self)(
            self.type,
            [copy.deepcopy(self.storage[0], memo)],
            self.readonly,
            self.strict,
            self.allow_downcast,
            self.name,
        )
        memo[id(self)] = new
        return new


class SharedVariable(Variable):
    """A variable with a value of its own, in :attr:`container`. Made by :func:`shared`."""

    __module__ = "theano.compile.sharedvalue"

    default_update: Any
    container: Any = None

    @property
    def value(self) -> Any:
        """Gone since Theano 0.4: an error that says what to call."""
        raise Exception(
            "sharedvar.value does not exist anymore. Use sharedvar.get_value() or sharedvar.set_value() instead."
        )

    @value.setter
    def value(self, new_value: Any) -> None:
        raise Exception(
            "sharedvar.value does not exist anymore. Use sharedvar.get_value() or sharedvar.set_value() instead."
        )

    def __init__(
        self,
        name: str | None,
        type: Type,
        value: Any,
        strict: bool,
        allow_downcast: bool | None = None,
        container: Container | None = None,
    ) -> None:
        super().__init__(type=type, name=name, owner=None, index=None)
        if container is not None:
            if value is not None or strict is not None:
                raise TypeError("value and strict are ignored if you pass a container here")
            self.container = container
        else:
            value = filtered(type, value, strict, allow_downcast)
            self.container = Container(self, [value], strict=strict, allow_downcast=allow_downcast)

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """Return the value: a copy, or, with ``borrow``, possibly the storage itself."""
        value = self.container.storage[0]
        return value if borrow else copy.deepcopy(value)

    def set_value(self, new_value: Any, borrow: bool = False) -> None:
        """Set the value: a copy, or, with ``borrow``, the object itself. TypeError where it is no value of the type."""
        self.container.value = new_value if borrow else copy.deepcopy(new_value)

    def zero(self, borrow: bool = False) -> None:
        """Set every element to zero, in place where ``borrow``."""
        if borrow:
            self.container.storage[0][...] = 0
        else:
            self.container.storage[0] = 0 * self.container.storage[0]

    def clone(self) -> Any:
        """Return another variable with the same value container."""
        new = self.__class__(name=self.name, type=self.type, value=None, strict=None, container=self.container)  # type: ignore[arg-type]
        new.tag = copy.copy(self.tag)
        return new

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute == "default_update" and value is not None:
            try:
                value = self.filter_update(value)
            except TypeError as error:
                raise TypeError(
                    message(f"default_update: the update of {self} must have its type, {self.type}: {error}", [self])
                ) from None
        super().__setattr__(attribute, value)

    def filter_update(self, update: Any) -> Variable:
        """Return ``update`` as a variable of this variable's type; TypeError where it is none."""
        return self.type.filter_variable(update)

    def __getitem__(self, *args: Any) -> Any:
        value = self.container.value
        raise TypeError(
            f"The generic 'SharedVariable' object is not subscriptable. This shared variable contains {type(value).__name__}"
            + (
                ", which is of float16: it can only be used on a GPU."
                if getattr(value, "dtype", None) == np.float16
                else "."
            )
        )


class TensorSharedVariable(TensorProperties, SharedVariable):
    """A shared array."""

    __module__ = "theano.tensor.sharedvar"

    __lt__ = __le__ = __gt__ = __ge__ = None  # type: ignore[assignment]
    __getitem__ = None  # type: ignore[assignment]  # attached by ops.methods
    __hash__ = SharedVariable.__hash__

    def get_value(self, borrow: bool = False, return_internal_type: bool = False) -> Any:
        """Return the array: a copy, or, with ``borrow``, possibly the storage itself."""
        value = self.container.storage[0]
        return value if borrow else np.array(value, copy=True)


class ScalarSharedVariable(TensorSharedVariable):
    """A shared number, kept as a 0-d array."""

    __module__ = "theano.tensor.sharedvar"


def generic_constructor(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None
) -> SharedVariable:
    """Return a shared variable that holds any object."""
    return SharedVariable(type=generic, value=value, name=name, strict=strict, allow_downcast=allow_downcast)


def tensor_constructor(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    broadcastable: Any = None,
    target: str = "cpu",
) -> TensorSharedVariable:
    """Return a shared array; no dimension is broadcastable unless ``broadcastable`` says so. TypeError for other values."""
    if target != "cpu":
        raise TypeError("not for cpu")
    if isinstance(value, np.generic) and broadcastable is not None:
        value = np.asarray(value)  # a pattern is given: an array of no dimensions is meant
    if not isinstance(value, np.ndarray):
        raise TypeError
    if value.dtype.kind not in "biufc":
        raise TypeError(f"shared: an array of dtype {value.dtype} is no tensor")
    if broadcastable is None:
        broadcastable = (False,) * value.ndim
    type_ = TensorType(value.dtype.newbyteorder("="), broadcastable=broadcastable)
    return TensorSharedVariable(
        type=type_,
        value=value if borrow else np.array(value, copy=True),
        name=name,
        strict=strict,
        allow_downcast=allow_downcast,
    )


def scalar_constructor(
    value: Any,
    name: str | None = None,
    strict: bool = False,
    allow_downcast: bool | None = None,
    borrow: bool = False,
    target: str = "cpu",
) -> ScalarSharedVariable:
    """Return a shared number; TypeError for other values."""
    if target != "cpu":
        raise TypeError("not for cpu")
    if not isinstance(value, np.number | np.bool_ | float | int | complex):
        raise TypeError
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    if dtype.kind not in "biufc":
        raise TypeError
    return ScalarSharedVariable(
        type=TensorType(dtype, []),
        value=np.array(value, copy=True),
        name=name,
        strict=strict,
        allow_downcast=allow_downcast,
    )


_constructors: list[Callable[..., SharedVariable]] = [generic_constructor, tensor_constructor, scalar_constructor]


def shared_constructor(ctor: Callable[..., Any], remove: bool = False) -> Callable[..., Any]:
    """Add (or remove) a constructor that :func:`shared` tries; the one added last is tried first."""
    if remove:
        _constructors.remove(ctor)
    else:
        _constructors.append(ctor)
    return ctor


def shared(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: bool | None = None, **kwargs: Any
) -> Any:
    """Return a shared variable initialised with ``value``.

    Numbers give a ScalarSharedVariable, arrays a TensorSharedVariable, anything else a generic SharedVariable. The value
    is copied unless ``borrow=True``. ``broadcastable`` sets an array's pattern. TypeError for a Variable or for
    arguments that no constructor takes.

    >>> from theon.tensor import shared
    >>> counter = shared(0, name="counter")
    >>> counter.get_value()
    array(0)
    """
    if isinstance(value, Variable):
        raise TypeError(
            "Shared variable constructor needs numeric values and not symbolic variables; theano.shared(x.eval()) shares a value."
        )
    kwargs.pop("__abstract__", None)
    for constructor in reversed(_constructors):
        try:
            made = constructor(value, name=name, strict=strict, allow_downcast=allow_downcast, **kwargs)
        except TypeError:
            continue
        made.tag.origin = user_frame(2)
        return made
    raise TypeError(
        f"No suitable SharedVariable constructor could be found. Are you sure all kwargs are supported? We do not support the "
        f'parameter dnn or type. value="{value}". parameters="{kwargs}"'
    )


Generic.Variable = Variable
as_tensor_variable.__module__ = "theano.tensor.basic"
