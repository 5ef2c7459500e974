"""Rules that turn the log-likelihood of one class a row, however it is written, into the joint op and its gradient."""

from __future__ import annotations

from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import add, neg, second, sub
from theon.ops.crossentropy import (
    CrossentropyCategorical1Hot,
    CrossentropyCategorical1HotGrad,
    CrossentropySoftmax1HotWithBiasDx,
    CrossentropySoftmaxArgmax1HotWithBias,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias_dx,
)
from theon.ops.dims import DimShuffle, dimshuffle, unbroadcast
from theon.ops.elements import AdvancedIncSubtensor, AdvancedSubtensor
from theon.ops.extremes import argmax
from theon.ops.fill import Alloc, ARange, zeros
from theon.ops.reduce import Sum
from theon.ops.shape import shape_i
from theon.ops.softmax import LogSoftmax, Softmax, SoftmaxGrad
from theon.rewrite.match import spread_like
from theon.rewrite.rule import Rules
from theon.rewrite.rules.stabilize import is_number, made_by

__all__ = ["likelihood"]

likelihood = Rules("stabilize")
_PAIR = ("array", "array")


def _target(rows: Variable, y: Variable) -> bool:
    """Whether (rows, y) indexes one element in each row: rows is 0, 1, ... len(y) - 1 and y an integer vector."""
    node = made_by(rows, ARange)
    if node is None or y.type.ndim != 1 or not y.type.dtype.startswith(("int", "uint")):  # type: ignore[attr-defined]
        return False
    start, stop, step = node.inputs
    return is_number(start, 0) and is_number(step, 1) and _length_of(stop, y)


# What was written as indexing counts negative classes from the last.
_indexed_gradient = CrossentropySoftmax1HotWithBiasDx(wraps=True)


def _indexed(x: Any, y: Variable) -> Any:
    """-log(softmax(x)[i, y[i]])."""
    return CrossentropySoftmaxArgmax1HotWithBias(wraps=True)(x, zeros((shape_i(x, 1),), x.type.dtype), y)[0]


def _like(old: Any, new: Any) -> Any:
    """``new``, whose one element is known to be one where softmax was taken of a vector, as ``old``, which did not know it."""
    return new if new.type == old.type or not new.type.broadcastable[0] else unbroadcast(new, 0)


def _length_of(n: Variable, y: Variable) -> bool:
    from theon.ops.shape import Shape, Shape_i

    node = n.owner
    while node is not None and made_by(n, "Cast{int64}"):
        n = node.inputs[0]
        node = n.owner
    if node is None:
        return False
    if isinstance(node.op, Shape_i):
        return node.inputs[0] is y
    if type(node.op).__name__ != "Subtensor" or len(node.inputs) != 2 or not is_number(node.inputs[1], 0):
        return False
    shape = made_by(node.inputs[0], Shape)
    return shape is not None and shape.inputs[0] is y


@likelihood.node(
    CrossentropyCategorical1Hot,
    theano=(
        "crossentropy_to_crossentropy_with_softmax",
        "crossentropy_to_crossentropy_with_softmax_with_bias",
        "local_softmax_with_bias",
    ),
    effect="rounding",
)
def crossentropy_of_softmax(node: Apply) -> Any:
    """-log(softmax(x)[i, y[i]]) underflows where softmax does."""
    inner = made_by(node.inputs[0], Softmax)
    return None if inner is None else crossentropy_softmax_1hot(inner.inputs[0], node.inputs[1])[0]


@likelihood.node(AdvancedSubtensor, theano="local_advanced_indexing_crossentropy_onehot", effect="rounding")
def element_of_log_softmax(node: Apply) -> Any:
    """log(softmax(x))[i, y[i]] needs no other element."""
    inner = made_by(node.inputs[0], LogSoftmax)
    if inner is None or node.op.pattern != _PAIR or not _target(*node.inputs[1:]):  # type: ignore[attr-defined]
        return None
    return _like(node.outputs[0], neg(_indexed(inner.inputs[0], node.inputs[2])))


@likelihood.node(Softmax, theano="graph_merge_softmax_with_crossentropy_softmax", effect="rounding", graph=True)
def softmax_known_from_likelihood(node: Apply, fgraph: FunctionGraph) -> Any:
    """The joint op of the same argument gives softmax too."""
    (x,) = node.inputs
    for client, _ in fgraph.clients(x):
        if isinstance(client, Apply) and isinstance(client.op, CrossentropySoftmaxArgmax1HotWithBias):
            if client.inputs[0] is x and _zeros(client.inputs[1]):
                return client.outputs[1]
    return None


@likelihood.node(CrossentropySoftmaxArgmax1HotWithBias, graph=True)
def class_of_likelihood_apart(node: Apply, fgraph: FunctionGraph) -> Any:
    """The most probable class of each row, where it is wanted, is found by an op of its own."""
    x, b, _ = node.inputs
    *others, best = node.outputs
    if not fgraph.clients(best):
        return None
    return [*others, argmax(add(x, dimshuffle(b, "x", 0)), axis=1).astype(best.type.dtype)]


def _scattered(variable: Variable) -> tuple[Variable, Variable] | None:
    """(values, y) if the variable is zero but for values[i] at (i, y[i])."""
    node = made_by(variable, AdvancedIncSubtensor)
    if node is None or node.op.set_instead_of_inc or node.op.pattern != _PAIR:  # type: ignore[attr-defined]
        return None
    zero, values, rows, y = node.inputs
    if not _zeros(zero) or not _target(rows, y):
        return None
    return (values if values.type.broadcastable == (False,) else second(y.astype(values.type.dtype), values)), y  # type: ignore[attr-defined]


def _zeros(variable: Variable) -> bool:
    node = made_by(variable, "second")
    if node is not None:
        return is_number(node.inputs[1], 0.0)
    node = made_by(variable, Alloc)
    return is_number(variable if node is None else node.inputs[0], 0.0)


def _pullback(g: Variable, y: Variable) -> Any:
    """The gradient of log-softmax: g - sum(g) softmax."""
    found = _scattered(g)
    if found is not None:
        values, target = found
        if values.type.dtype == y.type.dtype:  # type: ignore[attr-defined]
            return _indexed_gradient(neg(values), y, target)
    return sub(g, g.sum(axis=1, keepdims=True) * y)  # type: ignore[attr-defined]


@likelihood.node("sub", theano="local_advanced_indexing_crossentropy_onehot_grad", effect="rounding")
def gradient_of_log_softmax_element(node: Apply) -> Any:
    """g - sum(g) exp(log-softmax) where g is zero but for one element of each row."""
    g, rest = node.inputs
    if made_by(g, AdvancedIncSubtensor) is None:
        return None
    product = made_by(rest, "mul")
    if product is None or len(product.inputs) != 2:
        return None
    for total, y in (product.inputs, product.inputs[::-1]):
        spread = made_by(total, DimShuffle)
        summed = None if spread is None else made_by(spread.inputs[0], Sum)
        if summed is None or summed.inputs[0] is not g or tuple(summed.op.axes_of(g)) != (1,):  # type: ignore[attr-defined]
            continue
        power = made_by(y, "exp")
        inner = None if power is None else made_by(power.inputs[0], LogSoftmax)
        if inner is not None:
            y = Softmax()(inner.inputs[0])
        elif made_by(y, Softmax) is None:
            return None
        return None if _scattered(g) is None else _pullback(g, y)
    return None


@likelihood.node(
    SoftmaxGrad,
    theano=(
        "local_softmax_grad_to_crossentropy_with_softmax_grad",
        "local_advanced_indexing_crossentropy_onehot_grad",
        "local_logsoftmax_grad",
    ),
    effect="rounding",
)
def gradient_of_log_of_softmax(node: Apply) -> Any:
    """SoftmaxGrad(g / softmax, softmax) divides by what may have underflowed, and multiplies by it again."""
    dy, y = node.inputs
    if made_by(y, Softmax) is None and made_by(y, CrossentropySoftmaxArgmax1HotWithBias) is None:
        return None
    quotient = made_by(dy, "true_div")
    if quotient is not None and quotient.inputs[1] is y:
        top = spread_like(quotient.inputs[0], dy, [y])
        return None if top is None else _pullback(top, y)
    joint = made_by(dy, CrossentropyCategorical1HotGrad)
    if joint is not None and joint.inputs[1] is y:
        return crossentropy_softmax_1hot_with_bias_dx(joint.inputs[0], y, joint.inputs[2])
    written = made_by(dy, AdvancedIncSubtensor)
    if written is None or written.op.set_instead_of_inc:  # type: ignore[attr-defined]
        return None
    zero, value, *index = written.inputs
    quotient = made_by(value, "true_div")
    if quotient is None or not _zeros(zero):
        return None
    picked = made_by(quotient.inputs[1], AdvancedSubtensor)
    if picked is None or picked.inputs[0] is not y or picked.op.pattern != written.op.pattern:  # type: ignore[attr-defined]
        return None
    if any(a is not b for a, b in zip(picked.inputs[1:], index)):
        return None
    return _pullback(written.op(zero, quotient.inputs[0], *index), y)


@likelihood.node("log", theano="local_advanced_indexing_crossentropy_onehot", effect="rounding")
def log_of_softmax_element(node: Apply) -> Any:
    """log(softmax(x)[i, y[i]]), as some write it, is the same likelihood."""
    picked = made_by(node.inputs[0], AdvancedSubtensor)
    inner = None if picked is None else made_by(picked.inputs[0], Softmax)
    if inner is None or picked is None or picked.op.pattern != _PAIR or not _target(*picked.inputs[1:]):  # type: ignore[attr-defined]
        return None
    return _like(node.outputs[0], neg(_indexed(inner.inputs[0], picked.inputs[2])))
