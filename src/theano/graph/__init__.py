"""Theano's ``theano.graph``: names of Theon."""

from theano.graph import (
    basic,
    callcache,
    destroyhandler,
    fg,
    null_type,
    op,
    opt,
    optdb,
    params_type,
    sched,
    toolbox,
    type,
    unify,
    utils,
)
from theano.gof import *
