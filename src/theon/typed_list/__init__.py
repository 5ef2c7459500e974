"""Lists of values of one type as symbolic variables."""

from theon.typed_list.ops import (
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
from theon.typed_list.type import TypedListType

__all__ = [
    "TypedListConstant", "TypedListType", "TypedListVariable", "append", "count", "extend", "getitem", "index_", "insert",
    "length", "make_list", "remove", "reverse",
]  # fmt: skip
