"""Theano's ``theano.gof.unify``: names of Theon."""

from theon.rewrite.unify import (
    ANY_TYPE,
    BoundVariable,
    FALL_THROUGH,
    FVar,
    FreeVariable,
    NV,
    NotVariable,
    OrV,
    OrVariable,
    Unification,
    V,
    Var,
    Variable,
    VariableInList,
    comm_guard,
    unify,
    unify_build,
    unify_merge,
    unify_walk,
    var_lookup,
)
