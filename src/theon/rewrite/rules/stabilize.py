"""Rules that keep precision where the formula as written loses it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import abs_, add, mul, neg, sqr, sub, switch
from theon.ops.cast import cast
from theon.ops.compare import gt, lt
from theon.ops.declare import Elemwise, to_float
from theon.ops.dims import DimShuffle
from theon.ops.elements import AdvancedSubtensor, AdvancedSubtensor1
from theon.ops.explog import exp, expm1, log, log1p
from theon.ops.reduce import Sum
from theon.ops.regions import Subtensor
from theon.ops.softmax import LogSoftmax, Softmax
from theon.ops.special import erf, erfc, erfcx, sigmoid, softplus
from theon.ops.statistics import logsumexp
from theon.ops.trig import sin
from theon.rewrite.match import factors, is_float, is_number, made_by, number_of, spread_like, terms
from theon.rewrite.rule import Rules
from theon.rewrite.rules.shares import below_zero, softmax_along
from theon.tensor.constant import constant

__all__ = ["is_number", "made_by", "stabilize"]

stabilize = Rules("stabilize")


def _without_one(variable: Variable) -> tuple[Any, Variable] | None:
    """``x`` of a sum 1 + x of the same dtype (x may be a sum, or negative), and the 1, whose shape may be larger; else None."""
    found = terms(variable)
    ones = [v for minus, v in found if not minus and is_number(v, 1)]
    if len(ones) != 1 or len(found) < 2:
        return None
    rest = [(minus, v) for minus, v in found if v is not ones[0]]
    if all(minus for minus, _ in rest):
        x = neg(rest[0][1] if len(rest) == 1 else add(*(v for _, v in rest)))
    else:
        plus = [v for minus, v in rest if not minus]
        below = [v for minus, v in rest if minus]
        x = plus[0] if len(plus) == 1 else add(*plus)
        if below:
            x = sub(x, below[0] if len(below) == 1 else add(*below))
    return (x, ones[0]) if x.type.dtype == variable.type.dtype else None  # type: ignore[attr-defined]


def _floating(x: Any) -> Any:
    """``x`` in the dtype of functions of it: the negative of an unsigned or of the least integer is none."""
    return x if is_float(x) else cast(x, to_float(x.type.dtype))


def _negative(x: Variable) -> Any:
    inner = made_by(x, "neg")
    if not is_float(x):
        return neg(_floating(x))
    return neg(x) if inner is None else inner.inputs[0]


@stabilize.node("log", theano="local_logsoftmax", effect="rounding")
def log_of_softmax(node: Apply) -> Any:
    """log(softmax(x)), or of a part of it, is -inf where softmax underflows."""
    part = made_by(node.inputs[0], Subtensor | AdvancedSubtensor | AdvancedSubtensor1 | DimShuffle)
    inner = made_by(node.inputs[0] if part is None else part.inputs[0], Softmax)
    if inner is None:
        return None
    whole = LogSoftmax()(inner.inputs[0])
    return whole if part is None else part.op(whole, *part.inputs[1:])


@stabilize.node("true_div", theano="softmax_simplifier", effect="rounding", graph=True)
def softmax_written_out(node: Apply, fgraph: FunctionGraph) -> Any:
    """exp(x) / sum(exp(x)) along one axis overflows."""
    power, spread = made_by(node.inputs[0], "exp"), made_by(node.inputs[1], DimShuffle)
    total = None if spread is None else made_by(spread.inputs[0], Sum)
    if power is None or spread is None or total is None or total.inputs[0] is not node.inputs[0]:
        return None
    (x,), (axis, *others) = power.inputs, total.op.axes_of(node.inputs[0]) or (None,)  # type: ignore[attr-defined]
    if others or axis is None or x.type != node.outputs[0].type or not is_float(x):
        return None
    ndim = x.type.ndim  # type: ignore[attr-defined]
    order = tuple("x" if d == axis else d - (d > axis) for d in range(ndim))
    # Where others read exp(x), they would have to compute it again.
    if spread.op.new_order != order or len(fgraph.clients(node.inputs[0])) != 2:  # type: ignore[attr-defined]
        return None
    return softmax_along(x, (axis,))


@stabilize.node("log", theano="local_log1p", effect="rounding")
def log_of_one_plus(node: Apply) -> Any:
    """log(1 + x) and log(1 - x) lose small x."""
    found = _without_one(node.inputs[0])
    return None if found is None else spread_like(log1p(found[0]), node.outputs[0], [found[1]])


@stabilize.node("log1p", theano="log1pexp_to_softplus", effect="rounding")
def log1p_of_exp(node: Apply) -> Any:
    """log1p(exp(x)) overflows."""
    inner = made_by(node.inputs[0], "exp")
    return None if inner is None or not is_float(inner.inputs[0]) else softplus(inner.inputs[0])


@stabilize.node("log", theano=("logsigm_to_softplus", "log1msigm_to_softplus"), effect="rounding")
def log_of_sigmoid(node: Apply) -> Any:
    """log(sigmoid(x)) is -softplus(-x)."""
    inner = made_by(node.inputs[0], "sigmoid")
    return None if inner is None or not is_float(inner.outputs[0]) else neg(softplus(_negative(inner.inputs[0])))


@stabilize.node("log1p", theano="log1p_neg_sigmoid", effect="rounding")
def log1p_of_minus_sigmoid(node: Apply) -> Any:
    """log1p(-sigmoid(x)) is -softplus(x)."""
    inner = made_by(node.inputs[0], "neg")
    inner = None if inner is None else made_by(inner.inputs[0], "sigmoid")
    return None if inner is None or not is_float(inner.outputs[0]) else neg(softplus(inner.inputs[0]))


@stabilize.node("log", effect="rounding")
def log_of_exp(node: Apply) -> Any:
    """log(exp(x)) is x, and does not overflow. (The logarithm of a complex number has an imaginary part of -pi to pi.)"""
    inner = made_by(node.inputs[0], "exp")
    return None if inner is None or not is_float(inner.inputs[0]) else inner.inputs[0]


# For one function: (its sign, the sign of 1) -> what the sum of the two is.
_WITH_ONE: dict[str, dict[tuple[int, int], Any]] = {
    "sigmoid": {(-1, 1): lambda x: sigmoid(_negative(x)), (1, -1): lambda x: neg(sigmoid(_negative(x)))},
    "exp": {(1, -1): expm1, (-1, 1): lambda x: neg(expm1(x))},
    "erf": {
        (-1, 1): erfc,
        (1, 1): lambda x: erfc(_negative(x)),
        (1, -1): lambda x: neg(erfc(x)),
        (-1, -1): lambda x: neg(erfc(_negative(x))),
    },
    "erfc": {(-1, 1): erf, (1, -1): lambda x: erf(_negative(x))},
    "cos": {(-1, 1): lambda x: _one_minus_cos(x), (1, -1): lambda x: neg(_one_minus_cos(x))},
}


def _one_minus_cos(x: Any) -> Any:
    x = _floating(x)
    return mul(_like(x, 2), sqr(sin(mul(_like(x, 0.5), x))))


def _like(x: Any, number: float) -> Any:
    return constant(np.asarray(number, x.type.dtype))


@stabilize.node(
    "add",
    "sub",
    theano=(
        "local_1msigmoid",
        "local_expm1",
        "local_one_minus_erf",
        "local_one_minus_erf2",
        "local_one_plus_erf",
        "local_one_plus_neg_erf",
        "local_erf_minus_one",
        "local_erf_neg_minus_one",
        "local_erf_neg_minus_one2",
        "local_one_minus_erfc",
        "local_one_minus_erfc2",
        "local_one_minus_erfc3",
        "local_one_add_neg_erfc",
    ),
    effect="rounding",
)
def function_and_one(node: Apply) -> Any:
    """1 - sigmoid, exp - 1, 1 - erf, erfc - 1 ... cancel where the function is near 1: each has a function of its own."""
    if len(node.inputs) != 2 or not any(number_of(v) is not None for v in node.inputs):
        return None
    out = node.outputs[0]
    found = terms(out, 4)
    if len(found) != 2:
        return None
    for (minus_one, one), (minus, v) in (found, found[::-1]):
        number = number_of(one)
        name = v.owner.op.scalar_op.kind if v.owner is not None and isinstance(v.owner.op, Elemwise) else None
        if number is None or np.iscomplexobj(number) or abs(number) != 1 or name not in _WITH_ONE or v.type != out.type:
            continue
        sign = int(-number if minus_one else number)
        make = _WITH_ONE[name].get((-1 if minus else 1, sign))
        if make is not None:
            return spread_like(make(v.owner.inputs[0]), out, [one])  # type: ignore[union-attr]
    return None


@stabilize.node("mul", theano="local_sigm_times_exp", effect="rounding")
def sigmoid_times_exp(node: Apply) -> Any:
    """sigmoid(x) exp(-x) is sigmoid(-x)."""
    out = node.outputs[0]
    if not any(made_by(v, "exp") or made_by(v, "sigmoid") for v in node.inputs) or not is_float(out):
        return None
    above, below, negative = factors(out)
    if below:
        return None
    for s in above:
        inner = made_by(s, "sigmoid")
        if inner is None:
            continue
        x = inner.inputs[0]
        for e in above:
            power = made_by(e, "exp")
            if power is None:
                continue
            y = power.inputs[0]
            if not is_float(x) or not is_float(y):
                continue
            a, b = made_by(x, "neg"), made_by(y, "neg")
            if (b is not None and b.inputs[0] is x) or (a is not None and a.inputs[0] is y):
                rest: list[Any] = [v for v in above if v is not s and v is not e]
                if len(rest) != len(above) - 2:
                    return None
                new = sigmoid(y)
                new = mul(*rest, new) if rest else new
                return neg(new) if negative else new
    return None


@stabilize.node("true_div", "inv", theano="local_inv_1_plus_exp", effect="rounding")
def inverse_of_one_plus_exp(node: Apply) -> Any:
    """1 / (1 + exp(x)) is sigmoid(-x)."""
    if (len(node.inputs) == 2 and not is_number(node.inputs[0], 1)) or not is_float(node.outputs[0]):
        return None
    found = _without_one(node.inputs[-1])
    inner = None if found is None else made_by(found[0], "exp")
    if found is None or inner is None:
        return None
    return spread_like(sigmoid(_negative(inner.inputs[0])), node.outputs[0], [found[1]])


@stabilize.node("sigmoid", theano="local_ultra_fast_sigmoid", usual=False, effect="rounding")
def sigmoid_by_pieces(node: Apply) -> Any:
    """An approximation by rational pieces, off by up to 0.03."""
    from theon.ops.softmax import ultra_fast_sigmoid

    return ultra_fast_sigmoid(node.inputs[0])


@stabilize.node("sigmoid", theano="local_hard_sigmoid", usual=False, effect="rounding")
def sigmoid_by_a_line(node: Apply) -> Any:
    """An approximation by one line, cut at 0 and 1."""
    from theon.ops.softmax import hard_sigmoid

    return hard_sigmoid(node.inputs[0])


def _spread(found: Any, spread: Any) -> Any:
    return found if spread is None else spread.op(found)


@stabilize.node("log", theano="local_log_sum_exp", effect="rounding")
def log_of_sum_of_exp(node: Apply) -> Any:
    """log(sum(exp(x))) overflows, with the summed axes kept or not."""
    if not is_float(node.outputs[0]):
        return None
    spread = made_by(node.inputs[0], DimShuffle)
    total = made_by(node.inputs[0] if spread is None else spread.inputs[0], Sum)
    inner = None if total is None else made_by(total.inputs[0], "exp")
    weighted = None if total is None else made_by(total.inputs[0], "mul")
    if total is not None and weighted is not None and len(weighted.inputs) == 2:
        # Weights that are known and positive are added to the exponents.
        for weight, e in (weighted.inputs, weighted.inputs[::-1]):
            data, power = getattr(weight, "data", None), made_by(e, "exp")
            if isinstance(data, np.ndarray) and power is not None and data.dtype.kind == "f" and (data > 0).all():
                x = add(power.inputs[0], constant(np.log(data)))
                return None if x.type != total.inputs[0].type else _spread(logsumexp(x, axis=total.op.axis), spread)  # type: ignore[attr-defined]
    if total is None or inner is None or below_zero(inner.inputs[0]):
        return None
    found = logsumexp(inner.inputs[0], axis=total.op.axis)  # type: ignore[attr-defined]
    return _spread(found, spread)


@stabilize.node("log", effect="rounding")
def log_of_one_minus_exp(node: Apply) -> Any:
    """log(1 - exp(x)) loses exp(x) far below 0, where log1p has it, and the difference near 0, where expm1 has it."""
    inner = made_by(node.inputs[0], "neg")
    inner = None if inner is None else made_by(inner.inputs[0], "expm1")
    if inner is None or inner.inputs[0].type != node.outputs[0].type or not is_float(inner.inputs[0]):
        return None
    (x,) = inner.inputs
    below = log(switch(gt(x, 0), np.nan, abs_(expm1(x))).astype(x.type.dtype))  # type: ignore[attr-defined]
    minus = made_by(x, "neg")
    power = None if minus is None else made_by(minus.inputs[0], "exp")
    if power is not None:
        # Of 1 - exp(-exp(y)), the complementary log-log link, the logarithm is y where exp(y) vanishes.
        y = power.inputs[0]
        below = switch(lt(y, -40), y, below)
    return switch(lt(x, -math.log(2)), log1p(neg(exp(x))), below)


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
