"""Rules for sums, products, quotients, signs and powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import abs_, add, mul, neg, sgn, sqr, sub, switch, true_div
from theon.ops.declare import Elemwise
from theon.ops.explog import sqrt
from theon.rewrite.match import alone, factors, is_float, is_number, made_by, number_of, spread_like, terms
from theon.rewrite.monomials import Monomial, monomial, product_of
from theon.rewrite.rule import Rules
from theon.tensor.constant import constant

__all__ = ["arithmetic", "powers"]

arithmetic = Rules("canonicalize")
powers = Rules("specialize")
_LONGEST_CHAIN = 512


def _like(out: Variable, number: Any) -> Any:
    return constant(np.asarray(number, dtype=out.type.dtype))  # type: ignore[attr-defined]


def _one(parts: list[Any], op: Any) -> Any:
    return parts[0] if len(parts) == 1 else op(*parts)


# --- neutral operands -------------------------------------------------------------------------------------------------


@arithmetic.node("add", theano=("local_add_specialize", "local_add_canonizer"), effect="rounding")
def sum_with_zero(node: Apply) -> Any:
    """x + 0 is x (0 for -0)."""
    zeros = [v for v in node.inputs if is_number(v, 0)]
    if not zeros or len(node.inputs) == 1:
        return None
    rest: list[Any] = [v for v in node.inputs if not any(v is z for z in zeros)]
    if not rest:
        rest = [zeros.pop()]
    return spread_like(_one(rest, add), node.outputs[0], zeros)


@arithmetic.node("sub", theano="local_add_canonizer")
def difference_with_zero(node: Apply) -> Any:
    """x - 0 is x."""
    x, y = node.inputs
    return spread_like(x, node.outputs[0], [y]) if is_number(y, 0) else None


@arithmetic.node("sub", theano="local_add_canonizer", effect="rounding")
def zero_minus(node: Apply) -> Any:
    """0 - x is -x (-0 for 0)."""
    x, y = node.inputs
    out = node.outputs[0]
    if not is_number(x, 0) or y.type.dtype != out.type.dtype or y.type.dtype == "bool":  # type: ignore[attr-defined]
        return None
    return spread_like(neg(y), out, [x])


@arithmetic.node("mul", theano=("local_mul_specialize", "local_mul_canonizer"))
def product_with_one(node: Apply) -> Any:
    """x * 1 is x."""
    ones = [v for v in node.inputs if is_number(v, 1)]
    if not ones or len(node.inputs) == 1:
        return None
    rest: list[Any] = [v for v in node.inputs if not any(v is one for one in ones)]
    if not rest:
        rest = [ones.pop()]
    return spread_like(_one(rest, mul), node.outputs[0], ones)


@arithmetic.node("mul", theano="local_mul_specialize")
def product_with_minus_one(node: Apply) -> Any:
    """x * -1 is -x."""
    out = node.outputs[0]
    if len(node.inputs) != 2:
        return None
    for x, one in (node.inputs, node.inputs[::-1]):
        if is_number(one, -1) and x.type.dtype == out.type.dtype and number_of(x) is None:  # type: ignore[attr-defined]
            return spread_like(neg(x), out, [one])
    return None


@arithmetic.node("mul", theano="local_mul_zero", effect="domain")
def product_with_zero(node: Apply) -> Any:
    """x * 0 is 0, also for infinite x."""
    for v in node.inputs:
        if is_number(v, 0) and len(node.inputs) > 1:
            return spread_like(_like(node.outputs[0], 0), node.outputs[0], node.inputs)
    return None


@arithmetic.node("true_div", "int_div", theano=("local_intdiv_by_one", "local_mul_canonizer"))
def quotient_by_one(node: Apply) -> Any:
    """x / 1 is x; of integers also x // 1."""
    x, y = node.inputs
    whole = node.op.scalar_op.kind == "int_div" and node.outputs[0].type.dtype not in discrete_dtypes  # type: ignore[attr-defined]
    return None if whole or not is_number(y, 1) else spread_like(x, node.outputs[0], [y])


@arithmetic.node("true_div", "int_div", theano="local_zero_div", effect="domain")
def quotient_of_zero(node: Apply) -> Any:
    """0 / x is 0, also for x = 0."""
    x, y = node.inputs
    return spread_like(_like(node.outputs[0], 0), node.outputs[0], [y, x]) if is_number(x, 0) else None


# --- terms ------------------------------------------------------------------------------------------------------------


@arithmetic.node("add", "sub", theano=("local_add_canonizer", "local_elemwise_sub_zeros"), effect="domain", graph=True)
def opposite_terms(node: Apply, fgraph: FunctionGraph) -> Any:
    """x + y - x is y, also for infinite x."""
    out = node.outputs[0]
    readers = fgraph.clients(out)
    if len(readers) == 1 and _in_sum(readers[0][0]):
        return None  # the whole sum is looked at instead
    if not any(
        v.owner is not None and isinstance(v.owner.op, Elemwise) and v.owner.op.scalar_op.kind in _SUMS
        for v in node.inputs
    ):
        x, y = (node.inputs[0], node.inputs[-1])
        if len(node.inputs) != 2 or x is not y or node.op.scalar_op.kind != "sub":  # type: ignore[attr-defined]
            return None
    found = terms(out, 10)
    by_id = {id(v) for minus, v in found if minus}
    if not by_id or not any(not minus and id(v) in by_id for minus, v in found):
        return None
    gone: list[Variable] = []
    left = list(found)
    for minus, v in found:
        if minus:
            continue
        match = next((entry for entry in left if entry[0] and entry[1] is v), None)
        if match is not None:
            left.remove(match)
            left.remove(next(entry for entry in left if not entry[0] and entry[1] is v))
            gone.append(v)
    return spread_like(_sum(left, out), out, gone)


_SUMS = ("add", "sub", "neg")


def _in_sum(reader: Any) -> bool:
    return isinstance(reader, Apply) and isinstance(reader.op, Elemwise) and reader.op.scalar_op.kind in ("add", "sub")


def _sum(parts: list[tuple[bool, Variable]], out: Variable) -> Any:
    plus = [v for minus, v in parts if not minus]
    minus = [v for minus, v in parts if minus]
    if not plus and not minus:
        return _like(out, 0)
    if not plus:
        return neg(_one(minus, add))
    total = _one(plus, add)
    return sub(total, _one(minus, add)) if minus else total


@arithmetic.node("add", "sub", theano="local_add_canonizer", effect="rounding")
def constant_terms(node: Apply) -> Any:
    """The constants of a sum are one constant."""
    out = node.outputs[0]
    if not (is_float(out) or out.type.dtype in discrete_dtypes) or out.type.dtype == "bool":  # type: ignore[attr-defined]
        return None
    if not any(number_of(v) is not None for v in node.inputs):
        return None
    inner = [v for v in node.inputs if made_by(v, "add") or made_by(v, "sub")]
    if not inner or not all(alone(v) for v in inner):
        return None
    found = terms(out)
    numbers = [(minus, v) for minus, v in found if v.owner is None and number_of(v) is not None]
    rest = [entry for entry in found if not any(entry[1] is v for _, v in numbers)]
    if len(numbers) < 2 or not rest:
        return None
    with np.errstate(all="ignore"):
        total = _like(out, 0).data
        for minus, v in numbers:
            n = np.asarray(number_of(v)).astype(total.dtype)
            total = total - n if minus else total + n
    if not np.isfinite(total):
        return None
    return spread_like(_sum([*rest, (False, _like(out, total))], out), out, [v for _, v in numbers])


# --- factors ----------------------------------------------------------------------------------------------------------


@arithmetic.node("mul", "true_div", theano="local_mul_canonizer", effect="rounding")
def constant_factors(node: Apply) -> Any:
    """The constants of a product are one constant."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    if not any(number_of(v) is not None for v in node.inputs):
        return None
    inner = [v for v in node.inputs if made_by(v, "mul") or made_by(v, "true_div")]
    if not inner or not all(alone(v) for v in inner):
        return None
    above, below, negative = factors(out)
    numbers = [v for v in (*above, *below) if v.owner is None and number_of(v) is not None]
    if len(numbers) < 2:
        return None
    total = np.asarray(1, out.type.dtype)  # type: ignore[attr-defined]
    with np.errstate(all="ignore"):
        for v in above:
            if any(v is n for n in numbers):
                total = total * np.asarray(number_of(v)).astype(total.dtype)
        for v in below:
            if any(v is n for n in numbers):
                total = total / np.asarray(number_of(v)).astype(total.dtype)
    if not np.isfinite(total) or total == 0:
        return None
    above = [v for v in above if not any(v is n for n in numbers)]
    below = [v for v in below if not any(v is n for n in numbers)]
    result = _one([*above, _like(out, -total if negative else total)], mul)
    if below:
        result = true_div(result, _one(below, mul))
    return spread_like(result, out, numbers)


@arithmetic.node("mul", "true_div", theano="local_neg_div_neg")
def negative_factors(node: Apply) -> Any:
    """-x * -y is x * y; -x / -y is x / y."""
    out = node.outputs[0]
    # The negative of a narrower integer wraps before it is widened.
    made = [made_by(v, "neg") if v.type.dtype == out.type.dtype or is_float(v) else None for v in node.inputs]  # type: ignore[attr-defined]
    found = [place for place, m in enumerate(made) if m is not None]
    if len(found) < 2:
        return None
    new = list(node.inputs)
    for place in found[: len(found) // 2 * 2]:
        new[place] = made[place].inputs[0]  # type: ignore[union-attr]
    result = node.op(*new)
    return result if result.type == out.type else None


@arithmetic.node("abs_", theano="local_abs_lift")
def absolute_value_of_negative(node: Apply) -> Any:
    """|-x| is |x|, ||x|| is |x|, |x²| is x²."""
    (x,) = node.inputs
    inner = made_by(x, "neg")
    if inner is not None:
        # The negative of an unsigned integer is none.
        return None if x.type.dtype.startswith("uint") else abs_(inner.inputs[0])  # type: ignore[attr-defined]
    return x if made_by(x, "abs_") is not None or (is_float(x) and made_by(x, "sqr") is not None) else None


@arithmetic.node("abs_", theano="local_abs_lift", usual=False)
def absolute_value_of_product(node: Apply) -> Any:
    """|x y| is |x| |y|, |x / y| is |x| / |y|."""
    (x,) = node.inputs
    inner = made_by(x, "mul") or made_by(x, "true_div")
    return None if inner is None or not is_float(x) else inner.op(*(abs_(v) for v in inner.inputs))


@arithmetic.node("true_div", theano="check_for_x_over_absX", effect="domain")
def over_its_absolute_value(node: Apply) -> Any:
    """x / |x| is the sign of x, 0 for 0; 4 x / |2 x| is twice that."""
    x, y = node.inputs
    inner = made_by(y, "abs_")
    if inner is None or not is_float(x) or x.type != inner.inputs[0].type:
        return None
    if inner.inputs[0] is x:
        return sgn(x)
    top, bottom = monomial(x), monomial(inner.inputs[0])
    if not bottom.number or top != Monomial(top.number, bottom.above, bottom.below):
        return None
    sign = sgn(product_of(x, 1.0, top.above, top.below))
    number = top.number / abs(bottom.number)
    return spread_like(sign if number == 1 else mul(_like(x, number), sign), node.outputs[0], [])


@arithmetic.node("mul", "true_div", theano=("local_mul_switch_sink", "local_div_switch_sink"), effect="domain")
def factor_of_switch(node: Apply) -> Any:
    """x * switch(c, 0, y) is switch(c, 0, x * y): 0 where c holds, even if x is infinite there."""
    out = node.outputs[0]
    if not is_float(out) or len(node.inputs) != 2:
        return None
    places = (0,) if node.op.scalar_op.kind == "true_div" else (0, 1)  # type: ignore[attr-defined]
    for place in places:
        made = made_by(node.inputs[place], "switch")
        if made is None or not alone(node.inputs[place]):
            continue
        condition, x, y = made.inputs
        for zero, other, first in ((x, y, True), (y, x, False)):
            if not is_number(zero, 0) or not all(zero.type.broadcastable):
                continue
            operands = list(node.inputs)
            operands[place] = other
            product = node.op(*operands)
            zero = _like(out, 0)
            found = switch(condition, zero, product) if first else switch(condition, product, zero)
            return found if found.type == out.type else None
    return None


@arithmetic.node("mul", theano="local_greedy_distributor", effect="domain")
def product_with_sum_of_quotients(node: Apply) -> Any:
    """x * (a / x + b) is a + b * x, also for x = 0."""
    out = node.outputs[0]
    if len(node.inputs) != 2 or not is_float(out):
        return None
    for x, total in (node.inputs, node.inputs[::-1]):
        made = made_by(total, "add")
        if made is None or len(made.inputs) != 2 or not alone(total) or number_of(x) is not None:
            continue
        for quotient, b in (made.inputs, made.inputs[::-1]):
            inner = made_by(quotient, "true_div")
            if inner is not None and inner.inputs[1] is x and alone(quotient):
                found = spread_like(add(inner.inputs[0], mul(b, x)), out, [x])
                return found
    return None


# --- inverse functions -------------------------------------------------------------------------------------------------

# (outer, inner): the outer function of the inner one of x is x, for all x.
_INVERSE = {
    ("sinh", "arcsinh"), ("arcsinh", "sinh"), ("tan", "arctan"), ("arctanh", "tanh"), ("log1p", "expm1"), ("inv", "inv"),
    ("rad2deg", "deg2rad"), ("deg2rad", "rad2deg"),
}  # fmt: skip
_OF_BITS = {("conj", "conj"), ("invert", "invert")}
# The same where the inner function is defined. (Not the reverse: arccosh(cosh(x)) is |x|.)
_WHERE_DEFINED = {
    ("cosh", "arccosh"), ("sin", "arcsin"), ("cos", "arccos"), ("tanh", "arctanh"), ("exp", "log"), ("sqr", "sqrt"),
    ("expm1", "log1p"),
}  # fmt: skip


def _inner(node: Apply, pairs: set[tuple[str, str]]) -> Any:
    (x,) = node.inputs
    made = x.owner
    if made is None or not isinstance(made.op, Elemwise) or len(made.inputs) != 1:
        return None
    pair = (node.op.scalar_op.kind, made.op.scalar_op.kind)  # type: ignore[attr-defined]
    return made.inputs[0] if pair in pairs else None


@arithmetic.node(*dict.fromkeys(outer for outer, _ in sorted(_INVERSE)), theano="local_func_inv", effect="rounding")
def function_of_its_inverse(node: Apply) -> Any:
    """sinh(arcsinh(x)), 1 / (1 / x) ... are x."""
    return _inner(node, _INVERSE) if is_float(node.outputs[0]) else None


@arithmetic.node("conj", "invert", theano="local_func_inv")
def twice_its_own_inverse(node: Apply) -> Any:
    """The conjugate of the conjugate, and not not x, are x."""
    return _inner(node, _OF_BITS)


@arithmetic.node(
    *dict.fromkeys(outer for outer, _ in sorted(_WHERE_DEFINED)),
    theano="local_func_inv",
    effect="domain",
    usual=False,
    tags=("unsafe",),
)
def function_of_its_inverse_where_defined(node: Apply) -> Any:
    """sin(arcsin(x)), exp(log(x)) ... are x where they are defined; elsewhere x is put in place of NaN."""
    return _inner(node, _WHERE_DEFINED) if is_float(node.outputs[0]) else None


@arithmetic.node("sqrt", "pow", effect="rounding")
def root_of_square(node: Apply) -> Any:
    """sqrt(x**2) is |x|: the square may overflow, or vanish."""
    out = node.outputs[0]
    if len(node.inputs) == 2 and not is_number(node.inputs[1], 0.5):
        return None
    (v, *exponent) = node.inputs
    power, pair, square = made_by(v, "pow"), made_by(v, "mul"), made_by(v, "sqr")
    if square is not None:
        x = square.inputs[0]
    elif power is not None and is_number(power.inputs[1], 2):
        x, exponent = power.inputs[0], [*exponent, power.inputs[1]]
    elif pair is not None and len(pair.inputs) == 2 and pair.inputs[0] is pair.inputs[1]:
        x = pair.inputs[0]
    else:
        return None
    return spread_like(abs_(x), out, exponent) if is_float(x) else None


# --- powers -----------------------------------------------------------------------------------------------------------


@arithmetic.node("pow", theano="local_pow_canonicalize")
def power_zero_or_one(node: Apply) -> Any:
    """x ** 0 is 1, x ** 1 is x."""
    x, y = node.inputs
    number = number_of(y)
    if number is None or number not in (0, 1):
        return None
    out = node.outputs[0]
    return spread_like(x if number == 1 else _like(out, 1), out, [x, y])


def _power(x: Any, n: int) -> Any:
    """x ** n by squarings and products."""
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else mul(result, square)
        n >>= 1
        if n:
            square = sqr(square)
    return result


@powers.node("pow", theano=("local_pow_specialize", "local_pow_specialize_device"), effect="rounding")
def integer_power(node: Apply) -> Any:
    """x ** n for an integer n is a chain of products, for a negative one the quotient of 1 and it."""
    x, y = node.inputs
    out = node.outputs[0]
    number = number_of(y)
    if number is None or x.type.dtype != out.type.dtype or x.type.dtype == "bool":  # type: ignore[attr-defined]
        return None
    if not (is_float(x) or x.type.dtype in discrete_dtypes) or number != int(number):  # type: ignore[attr-defined]
        return None
    n = int(number)
    if not 2 <= abs(n) <= _LONGEST_CHAIN or (n < 0 and not is_float(x)):
        return None
    found = _power(x, abs(n))
    return spread_like(found if n > 0 else true_div(_like(out, 1), found), out, [y])


@powers.node("pow", theano="local_pow_specialize", effect="rounding")
def power_minus_one(node: Apply) -> Any:
    """x ** -1 is 1 / x."""
    x, y = node.inputs
    out = node.outputs[0]
    if not is_number(y, -1) or not is_float(x) or x.type.dtype != out.type.dtype:  # type: ignore[attr-defined]
        return None
    return spread_like(true_div(_like(out, 1), x), out, [y])


@powers.node("pow", theano="local_pow_specialize", effect="domain")
def power_half(node: Apply) -> Any:
    """x ** 0.5 is the square root, x ** -0.5 the quotient of 1 and it: NaN, not infinity, for minus infinity."""
    x, y = node.inputs
    out = node.outputs[0]
    number = number_of(y)
    if number is None or abs(number) != 0.5 or not is_float(x) or x.type.dtype != out.type.dtype:  # type: ignore[attr-defined]
        return None
    root = sqrt(x)
    return spread_like(root if number > 0 else true_div(_like(out, 1), root), out, [y])


@powers.node("mul", theano=("local_mul_to_sqr", "local_mul_specialize"))
def product_with_itself(node: Apply) -> Any:
    """x * x is the square."""
    x, *rest = node.inputs
    return sqr(x) if len(rest) == 1 and rest[0] is x else None


@powers.node("mul", theano="local_abs_merge")
def product_of_absolute_values(node: Apply) -> Any:
    """|x| |y| is |x y|."""
    out = node.outputs[0]
    made = [made_by(v, "abs_") for v in node.inputs]
    if len(made) < 2 or None in made or not is_float(out):
        return None
    found = abs_(mul(*(m.inputs[0] for m in made)))  # type: ignore[union-attr]
    return found if found.type == out.type else None


@powers.node("neg", theano="local_neg_to_mul", usual=False)
def negative_as_product(node: Apply) -> Any:
    """-x is -1 * x, which Theano takes for the usual form in products."""
    (x,) = node.inputs
    return mul(_like(x, -1), x)


@powers.node("true_div", theano="local_div_to_inv", usual=False)
def quotient_of_one(node: Apply) -> Any:
    """1 / x is the inverse of x."""
    from theon.ops.explog import inv

    x, y = node.inputs
    found = spread_like(inv(y), node.outputs[0], [x]) if is_number(x, 1) else None
    return found


@powers.node("inv", theano="local_inv_canon", usual=False)
def inverse_as_power(node: Apply) -> Any:
    """The inverse of x is x ** -1."""
    from theon.ops.arith import pow

    (x,) = node.inputs
    return pow(x, _like(node.outputs[0], -1)) if is_float(x) else None
