"""Theano's ``theano.typed_list.basic``: names of Theon."""

from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.typed_list.ops import (
    Append,
    Count,
    Extend,
    GetItem,
    Index,
    Insert,
    Length,
    MakeList,
    Remove,
    Reverse,
    TypedListConstant,
    TypedListProperties,
    TypedListVariable,
    append,
    count,
    extend,
    getitem,
    index_,
    insert,
    length,
    make_list,
    remove,
    reverse,
)
from theon.typed_list.slices import SliceType
from theon.typed_list.type import TypedListType
