"""Rules that keep precision where the formula as written loses it."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply, Variable
from theon.ops.arith import neg, switch
from theon.ops.compare import lt
from theon.ops.declare import Elemwise
from theon.ops.dims import get_scalar_constant_value
from theon.ops.explog import expm1, log, log1p
from theon.ops.reduce import Sum, logsumexp
from theon.ops.softmax import LogSoftmax, Softmax
from theon.ops.special import erf, erfcx, sigmoid, softplus
from theon.rewrite.rule import Rules

__all__ = ["is_number", "made_by", "stabilize"]

stabilize = Rules("stabilize")


def made_by(variable: Variable, what: Any) -> Apply | None:
    """Return the node of ``variable`` if it is of this op: the name of an elementwise op, or a class."""
    node = variable.owner
    if node is None:
        return None
    if isinstance(what, str):
        return node if isinstance(node.op, Elemwise) and node.op.scalar_op.kind == what else None
    return node if isinstance(node.op, what) else None


def is_number(variable: Variable, number: float) -> bool:
    """Whether all elements of ``variable`` are known to be ``number``."""
    try:
        return bool(np.asarray(get_scalar_constant_value(variable)) == number)
    except NotScalarConstantError:
        return False


def _one_and(variable: Variable) -> Variable | None:
    """``x`` of a sum 1 + x of the same type, else None."""
    node = made_by(variable, "add")
    if node is None or len(node.inputs) != 2:
        return None
    for one, x in (node.inputs, node.inputs[::-1]):
        if is_number(one, 1.0) and x.type == variable.type:
            return x
    return None


@stabilize.node("log", theano="local_logsoftmax", effect="rounding")
def log_of_softmax(node: Apply) -> Any:
    """log(softmax(x)) overflows to -inf where softmax underflows."""
    inner = made_by(node.inputs[0], Softmax)
    return None if inner is None else LogSoftmax()(inner.inputs[0])


@stabilize.node("log", theano="local_log1p", effect="rounding")
def log_of_one_plus(node: Apply) -> Any:
    """log(1 + x) loses small x."""
    x = _one_and(node.inputs[0])
    return None if x is None else log1p(x)


@stabilize.node("log1p", theano="log1pexp_to_softplus", effect="rounding")
def log1p_of_exp(node: Apply) -> Any:
    """log1p(exp(x)) overflows."""
    inner = made_by(node.inputs[0], "exp")
    return None if inner is None else softplus(inner.inputs[0])


@stabilize.node("log", theano=("logsigm_to_softplus", "log1msigm_to_softplus"), effect="rounding")
def log_of_sigmoid(node: Apply) -> Any:
    """log(sigmoid(x)) is -softplus(-x)."""
    inner = made_by(node.inputs[0], "sigmoid")
    return None if inner is None else neg(softplus(neg(inner.inputs[0])))


@stabilize.node("sub", theano="local_1msigmoid", effect="rounding")
def one_minus_sigmoid(node: Apply) -> Any:
    """1 - sigmoid(x) is sigmoid(-x)."""
    one, x = node.inputs
    inner = made_by(x, "sigmoid")
    return (
        None
        if inner is None or not is_number(one, 1.0) or x.type != node.outputs[0].type
        else sigmoid(neg(inner.inputs[0]))
    )


@stabilize.node("sub", theano="local_expm1", effect="rounding")
def exp_minus_one(node: Apply) -> Any:
    """exp(x) - 1 loses small x."""
    x, one = node.inputs
    inner = made_by(x, "exp")
    return (
        None if inner is None or not is_number(one, 1.0) or x.type != node.outputs[0].type else expm1(inner.inputs[0])
    )


@stabilize.node("log", theano="local_log_sum_exp", effect="rounding")
def log_of_sum_of_exp(node: Apply) -> Any:
    """log(sum(exp(x))) overflows."""
    total = made_by(node.inputs[0], Sum)
    inner = None if total is None else made_by(total.inputs[0], "exp")
    if total is None or inner is None:
        return None
    return logsumexp(inner.inputs[0], axis=total.op.axis)  # type: ignore[attr-defined]


@stabilize.node("log", theano="local_log_erfc", effect="rounding")
def log_of_erfc(node: Apply) -> Any:
    """log(erfc(x)) underflows: it is log(erfcx(x)) - x**2."""
    inner = made_by(node.inputs[0], "erfc")
    if inner is None or made_by(node.inputs[0], "erfc") is None:
        return None
    (x,) = inner.inputs
    if x.type != node.outputs[0].type:
        return None
    # Below 1 there is no underflow, and the two terms would cancel.
    return switch(lt(x, 1), log1p(neg(erf(x))), log(erfcx(x)) - x * x)
