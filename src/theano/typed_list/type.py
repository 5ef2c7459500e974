"""Theano's ``theano.typed_list.type``: names of Theon."""

from theon.typed_list.type import TypedListType
