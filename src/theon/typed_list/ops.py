"""Variables that hold typed lists, and the ops on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.options import config
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.slices import SliceConstant, SliceType, slicetype
from theon.tensor.type import TensorType
from theon.typed_list.type import TypedListType, copied

__all__ = [
    "Append",
    "Count",
    "Extend",
    "GetItem",
    "Index",
    "Insert",
    "Length",
    "MakeList",
    "Remove",
    "Reverse",
    "TypedListConstant",
    "TypedListVariable",
    "make_list",
]


class TypedListProperties:
    """What every symbolic list has. Each method returns a new variable: the list itself does not change."""

    __module__ = "theano.typed_list.basic"

    type: TypedListType

    def __getitem__(self, index: Any) -> Any:
        return getitem(self, index)

    def __len__(self) -> Any:
        """The symbolic length; ``len(x)`` itself can only give Python's integers and is a TypeError."""
        return length(self)

    def __iter__(self) -> Any:
        raise TypeError("a typed list cannot be iterated: its length is symbolic")

    def __bool__(self) -> bool:
        raise TypeError("a typed list has no truth value: it is symbolic")

    def append(self, toAppend: Any) -> Any:
        """The list with one element more."""
        return append(self, toAppend)

    def extend(self, toAppend: Any) -> Any:
        """The list followed by another."""
        return extend(self, toAppend)

    def insert(self, index: Any, toInsert: Any) -> Any:
        """The list with an element put before ``index``."""
        return insert(self, index, toInsert)

    def remove(self, toRemove: Any) -> Any:
        """The list without the first element equal to ``toRemove``."""
        return remove(self, toRemove)

    def reverse(self) -> Any:
        """The list backwards."""
        return reverse(self)

    def count(self, elem: Any) -> Any:
        """How often ``elem`` occurs."""
        return count(self, elem)

    def ind(self, elem: Any) -> Any:
        """Where ``elem`` occurs first (``index`` is an attribute of every variable)."""
        return index_(self, elem)

    @property
    def ttype(self) -> Any:
        """The type of the elements."""
        return self.type.ttype

    @property
    def dtype(self) -> Any:
        """The type of the elements, as in Theano."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """One more than the elements'."""
        return self.type.ndim


class TypedListVariable(TypedListProperties, Variable):
    """A symbolic list."""

    __module__ = "theano.typed_list.basic"
    __hash__ = Variable.__hash__


class TypedListConstant(TypedListProperties, Constant):
    """A list constant."""

    __module__ = "theano.typed_list.basic"
    __hash__ = Constant.__hash__

    def signature(self) -> Any:
        """Return a hashable stand-in for type and elements."""
        return self.type, tuple(self.type.ttype.make_constant(v).signature() for v in self.data)


TypedListType.Variable, TypedListType.Constant = TypedListVariable, TypedListConstant


def _list(x: Any, op: Any) -> Any:
    if not isinstance(getattr(x, "type", None), TypedListType):
        raise TypeError(f"{op} takes a typed list, not {x} of type {getattr(x, 'type', type(x).__name__)}")
    return x


def _element(x: Any, value: Any, op: Any) -> Any:
    """``value`` as a variable of the list's element type."""
    wanted = x.type.ttype
    if not isinstance(value, Variable):
        return wanted.make_constant(wanted.filter(value))
    if value.type != wanted:
        raise TypeError(message(f"{op}: an element of {x} has the type {wanted}, not {value.type}", [x, value]))
    return value


def _position(index: Any) -> Any:
    if not isinstance(index, Variable):
        if not isinstance(index, int | np.integer):
            raise TypeError(f"Expected scalar or slice as index, not {index!r}")
        return constant(int(index), ndim=0, dtype="int64")
    if not isinstance(index.type, TensorType) or index.type.ndim != 0:
        raise TypeError("Expected scalar or slice as index.", index, index.type)
    if index.type.dtype not in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        raise TypeError(f"a list is indexed by integers, not {index.type.dtype}", index)
    return index if index.type.dtype == "int64" else index.astype("int64")  # type: ignore[attr-defined]


class _ListOp(Op):
    """An op on a list: ``compute`` returns the value of its one output."""

    __props__: tuple[str, ...] = ()

    def __str__(self) -> str:
        return type(self).__name__

    def compute(self, node: Apply, *values: Any) -> Any:
        """Return the output's value."""
        raise TypeError(f"{type(self).__name__} has no reference")

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute."""
        output_storage[0][0] = self.compute(node, *inputs)


class GetItem(_ListOp):
    """Element ``index`` of a list, or the part that a slice says. TypeError for other indices, IndexError beyond the end."""

    __module__ = "theano.typed_list.basic"
    view_map = {0: [0]}

    def make_node(self, x: Any, index: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        if isinstance(index, slice):
            index = SliceConstant(slicetype, index)
        if isinstance(index, Variable) and isinstance(index.type, SliceType):
            return Apply(self, [x, index], [x.type()])
        return Apply(self, [x, _position(index)], [x.type.ttype()])

    def compute(self, node: Apply, x: Any, index: Any) -> Any:
        """Take it."""
        return x[index if isinstance(index, slice) else int(index)]


class _Changing(_ListOp):
    """An op that gives a changed list; ``inplace`` overwrites the given one."""

    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [0]}

    def own(self, x: list[Any]) -> list[Any]:
        """The list to change."""
        return x if self.inplace else list(x)


class Append(_Changing):
    """A list with one element more. TypeError where the element has another type."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any, toAppend: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        return Apply(self, [x, _element(x, toAppend, self)], [x.type()])

    def compute(self, node: Apply, x: Any, element: Any) -> Any:
        """Append."""
        found = self.own(x)
        found.append(copied(element))
        return found


class Extend(_Changing):
    """A list followed by another of the same type. TypeError where that has another type."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any, toAppend: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        if not isinstance(toAppend, Variable):
            toAppend = x.type.make_constant(x.type.filter(toAppend))
        if toAppend.type != x.type:
            raise TypeError(message(f"{self}: both lists must have one type", [x, toAppend]))
        return Apply(self, [x, toAppend], [x.type()])

    def compute(self, node: Apply, x: Any, others: Any) -> Any:
        """Extend."""
        found = self.own(x)
        found.extend([copied(v) for v in others])
        return found


class Insert(_Changing):
    """A list with an element put before ``index``. TypeError where it has another type."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any, index: Any, toInsert: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        return Apply(self, [x, _position(index), _element(x, toInsert, self)], [x.type()])

    def compute(self, node: Apply, x: Any, index: Any, element: Any) -> Any:
        """Insert."""
        found = self.own(x)
        found.insert(int(index), copied(element))
        return found


class Remove(_Changing):
    """A list without the first element equal to ``toRemove``; unchanged where none is."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any, toRemove: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        return Apply(self, [x, _element(x, toRemove, self)], [x.type()])

    def compute(self, node: Apply, x: Any, element: Any) -> Any:
        """Remove."""
        found = self.own(x)
        same = node.inputs[0].type.ttype.values_eq  # type: ignore[attr-defined]
        for place, candidate in enumerate(found):
            if same(candidate, element):
                del found[place]
                break
        return found


class Reverse(_Changing):
    """A list backwards."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any) -> Apply:
        """Return the node."""
        x = _list(x, self)
        return Apply(self, [x], [x.type()])

    def compute(self, node: Apply, x: Any) -> Any:
        """Reverse."""
        found = self.own(x)
        found.reverse()
        return found


class _Question(_ListOp):
    def make_node(self, x: Any, elem: Any) -> Apply:
        """Return the node; the answer is a scalar of floatX, as in Theano."""
        x = _list(x, self)
        return Apply(self, [x, _element(x, elem, self)], [TensorType(config.floatX, ())()])

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Counting is a step function."""
        return [[False], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """None."""
        return [DisconnectedType()() for _ in inputs]


class Index(_Question):
    """Where an element occurs first, a scalar of floatX. ValueError where it does not."""

    __module__ = "theano.typed_list.basic"

    def compute(self, node: Apply, x: Any, element: Any) -> Any:
        """Look for it."""
        same = node.inputs[0].type.ttype.values_eq  # type: ignore[attr-defined]
        for place, candidate in enumerate(x):
            if same(candidate, element):
                return np.asarray(place, dtype=node.outputs[0].type.dtype)  # type: ignore[attr-defined]
        raise ValueError("the element is not in the list")


class Count(_Question):
    """How often an element occurs, a scalar of floatX."""

    __module__ = "theano.typed_list.basic"

    def compute(self, node: Apply, x: Any, element: Any) -> Any:
        """Count it."""
        same = node.inputs[0].type.ttype.values_eq  # type: ignore[attr-defined]
        return np.asarray(sum(same(v, element) for v in x), dtype=node.outputs[0].type.dtype)  # type: ignore[attr-defined]


class Length(_ListOp):
    """The number of elements, an int64 scalar."""

    __module__ = "theano.typed_list.basic"

    def make_node(self, x: Any) -> Apply:
        """Return the node."""
        return Apply(self, [_list(x, self)], [TensorType("int64", ())()])

    def compute(self, node: Apply, x: Any) -> Any:
        """Count them."""
        return np.asarray(len(x), dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The elements do not matter."""
        return [[False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """None."""
        return [DisconnectedType()()]


class MakeList(_ListOp):
    """A list of variables of one type. TypeError where types differ or there are none.

    >>> from theon.tensor import constructors as T
    >>> MakeList()([T.dvector("x"), T.dvector("y")]).type
    TypedList <TensorType(float64, vector)>
    """

    __module__ = "theano.typed_list.basic"

    def make_node(self, *a: Any) -> Apply:
        """Return the node; the variables may also be given one by one."""
        elements = a[0] if len(a) == 1 and isinstance(a[0], list | tuple) else a
        variables = [v if isinstance(v, Variable) else as_tensor_variable(v) for v in elements]
        if not variables:
            raise TypeError("MakeList needs at least one element: an empty list has no element type")
        if any(v.type != variables[0].type for v in variables):
            raise TypeError(message("MakeList need all input variable to be of the same type.", variables))
        return Apply(self, variables, [TypedListType(variables[0].type)()])

    def compute(self, node: Apply, *values: Any) -> Any:
        """Copy them into a list."""
        return [copied(v) for v in values]


getitem, append, extend, insert, remove, reverse = GetItem(), Append(), Extend(), Insert(), Remove(), Reverse()
index_, count, length, make_list = Index(), Count(), Length(), MakeList()
