"""Theano's ``theano.typed_list``: names of Theon."""

from theano.typed_list import basic, opt, type
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

_modules = {"T": "theano.tensor", "theano": "theano"}


def __getattr__(name):
    import importlib

    if name in _modules:
        return importlib.import_module(_modules[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
