"""Theano's ``theano.typed_list.basic``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.tensor.slices import SliceType
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
from theon.typed_list.type import TypedListType

__getattr__ = modules(__name__, {"T": "theano.tensor"})
