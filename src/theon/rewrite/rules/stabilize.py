"""Rules that keep precision where the formula as written loses it."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError
from theon.graph.variable import Apply, Variable
from theon.ops.arith import neg, sub
from theon.ops.declare import Elemwise
from theon.ops.dims import get_scalar_constant_value
from theon.ops.explog import expm1, log1p
from theon.ops.index import AdvancedIncSubtensor, AdvancedSubtensor, getitem
from theon.ops.softmax import CrossentropyCategorical1Hot, LogSoftmax, Softmax, SoftmaxGrad
from theon.ops.special import sigmoid, softplus
from theon.rewrite.engine import Rules

__all__ = ["stabilize"]

stabilize = Rules()


def _made_by(variable: Variable, what: Any) -> Apply | None:
    """The node of ``variable`` if it is of this op: the name of an elementwise op, or a class."""
    node = variable.owner
    if node is None:
        return None
    if isinstance(what, str):
        return node if isinstance(node.op, Elemwise) and node.op.scalar_op.name == what else None
    return node if isinstance(node.op, what) else None


def _is(variable: Variable, number: float) -> bool:
    try:
        return bool(np.asarray(get_scalar_constant_value(variable)) == number)
    except NotScalarConstantError:
        return False


def _one_and(variable: Variable) -> Variable | None:
    """``x`` of a sum 1 + x of the same type, else None."""
    node = _made_by(variable, "add")
    if node is None or len(node.inputs) != 2:
        return None
    for one, x in (node.inputs, node.inputs[::-1]):
        if _is(one, 1.0) and x.type == variable.type:
            return x
    return None


@stabilize.node("log")
def log_of_softmax(node: Apply) -> Any:
    """log(softmax(x)) overflows to -inf where softmax underflows."""
    inner = _made_by(node.inputs[0], Softmax)
    return None if inner is None else LogSoftmax()(inner.inputs[0])


@stabilize.node("log")
def log_of_one_plus(node: Apply) -> Any:
    """log(1 + x) loses small x."""
    x = _one_and(node.inputs[0])
    return None if x is None else log1p(x)


@stabilize.node("log1p")
def log1p_of_exp(node: Apply) -> Any:
    """log1p(exp(x)) overflows."""
    inner = _made_by(node.inputs[0], "exp")
    return None if inner is None else softplus(inner.inputs[0])


@stabilize.node("log")
def log_of_sigmoid(node: Apply) -> Any:
    """log(sigmoid(x)) is -softplus(-x)."""
    inner = _made_by(node.inputs[0], "sigmoid")
    return None if inner is None else neg(softplus(neg(inner.inputs[0])))


@stabilize.node("sub")
def one_minus_sigmoid(node: Apply) -> Any:
    """1 - sigmoid(x) is sigmoid(-x)."""
    one, x = node.inputs
    inner = _made_by(x, "sigmoid")
    return (
        None if inner is None or not _is(one, 1.0) or x.type != node.outputs[0].type else sigmoid(neg(inner.inputs[0]))
    )


@stabilize.node("sub")
def exp_minus_one(node: Apply) -> Any:
    """exp(x) - 1 loses small x."""
    x, one = node.inputs
    inner = _made_by(x, "exp")
    return None if inner is None or not _is(one, 1.0) or x.type != node.outputs[0].type else expm1(inner.inputs[0])


@stabilize.node(CrossentropyCategorical1Hot)
def crossentropy_of_softmax(node: Apply) -> Any:
    """-log(softmax(x)[i, y[i]]) through the log-softmax."""
    from theon.ops.fill import arange

    inner = _made_by(node.inputs[0], Softmax)
    if inner is None:
        return None
    target = node.inputs[1]
    return neg(getitem(LogSoftmax()(inner.inputs[0]), (arange(target.shape[0]), target)))  # type: ignore[attr-defined]


def _softmax_pullback(g: Any, y: Any) -> Any:
    """The gradient of log-softmax: g - softmax sum(g)."""
    return sub(g, g.sum(axis=1, keepdims=True) * y)


@stabilize.node(SoftmaxGrad)
def gradient_of_log_of_softmax(node: Apply) -> Any:
    """SoftmaxGrad(g / softmax, softmax) divides by what may have underflowed, and multiplies by it again."""
    dy, y = node.inputs
    if _made_by(y, Softmax) is None:
        return None
    quotient = _made_by(dy, "true_div")
    if quotient is not None and quotient.inputs[1] is y and quotient.inputs[0].type == dy.type:
        return _softmax_pullback(quotient.inputs[0], y)
    written = _made_by(dy, AdvancedIncSubtensor)
    if written is None or written.op.set_instead_of_inc:  # type: ignore[attr-defined]
        return None
    zero, value, *index = written.inputs
    quotient = _made_by(value, "true_div")
    if quotient is None or not _zeros(zero):
        return None
    picked = _made_by(quotient.inputs[1], AdvancedSubtensor)
    if picked is None or picked.inputs[0] is not y or picked.op.pattern != written.op.pattern:  # type: ignore[attr-defined]
        return None
    if any(a is not b for a, b in zip(picked.inputs[1:], index)):
        return None
    return _softmax_pullback(written.op(zero, quotient.inputs[0], *index), y)


def _zeros(variable: Variable) -> bool:
    node = _made_by(variable, "second")
    return _is(node.inputs[1] if node is not None else variable, 0.0)
