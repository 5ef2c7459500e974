"""Theano's ``theano.sparse.sandbox``: names of Theon."""

from theano.sparse.sandbox import sp, sp2, test_sp, truedot
