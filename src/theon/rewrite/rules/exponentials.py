"""Rules for formulas of exponentials and logarithms as users write them, which overflow or cancel as they stand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Variable
from theon.ops.arith import abs_, add, maximum, mul, neg, sqr, sub, switch, true_div
from theon.ops.cast import cast
from theon.ops.compare import eq, isinf, lt
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle
from theon.ops.explog import exp, expm1, log, log1p
from theon.ops.reduce import Prod, Sum
from theon.ops.softmax import Softmax
from theon.ops.special import erfc, erfcx, sigmoid, softplus
from theon.ops.trig import arccosh, arcsinh, arctanh, cosh, sinh, tanh
from theon.rewrite.match import alone, factors, is_float, is_number, made_by, number_of, spread_like, terms
from theon.rewrite.monomials import Monomial, monomial, product_of, scaled, square_of
from theon.rewrite.rule import Rules
from theon.tensor.constant import constant

__all__ = ["exponentials"]

exponentials = Rules("stabilize")


def _number(like: Variable, number: float) -> Any:
    return constant(np.asarray(number, like.type.dtype))  # type: ignore[attr-defined]


def _fits(found: Any, out: Variable) -> Any:
    """``found`` where it has the type of ``out``."""
    return spread_like(found, out, [])


def _argument(v: Variable, name: str) -> Any:
    """x of ``name(x)``, where it is of floats: integers have no halves, and not all a negative."""
    made = made_by(v, name)
    return None if made is None or not is_float(made.inputs[0]) else made.inputs[0]


def _one_and(v: Variable) -> tuple[bool, Variable] | None:
    """Whether x is subtracted, and x, of a sum 1 + x or a difference 1 - x."""
    found = terms(v, 2)
    if len(found) != 2:
        return None
    for (minus, one), (sign, x) in (found, found[::-1]):
        if not minus and is_number(one, 1) and x.type == v.type:
            return sign, x
    return None


# --- exponentials of opposite numbers ---------------------------------------------------------------------------------


@exponentials.node("add", "sub", effect="rounding")
def exponentials_of_opposites(node: Apply) -> Any:
    """exp(x) - exp(-x) is 2 sinh(x), exp(x) + exp(-x) is 2 cosh(x)."""
    out = node.outputs[0]
    if len(node.inputs) != 2 or not is_float(out):
        return None
    x, y = (_argument(v, "exp") for v in node.inputs)
    if x is None or y is None or x.type != y.type or x.type != out.type or monomial(x) != -monomial(y):
        return None
    # Of the two, the one that is written without a sign.
    flipped = monomial(x).number < 0
    if made_by(out, "add"):
        return _fits(mul(_number(out, 2), cosh(y if flipped else x)), out)
    found = mul(_number(out, 2), sinh(y if flipped else x))
    return _fits(neg(found) if flipped else found, out)


@exponentials.node("add", "sub", effect="rounding")
def twice_sigmoid_minus_one(node: Apply) -> Any:
    """2 sigmoid(x) - 1 is tanh(x / 2)."""
    out = node.outputs[0]
    found = terms(out, 2) if is_float(out) else []
    if len(found) != 2:
        return None
    for (minus, one), (sign, v) in (found, found[::-1]):
        known = number_of(one)
        if known is None or abs(known) != 1 or v.type != out.type:
            continue
        whole = monomial(v)
        if len(whole.above) != 1 or whole.below:
            return None
        x = _argument(whole.above[0], "sigmoid")
        twice = -whole.number if sign else whole.number
        if x is None or twice != 2 * (known if minus else -known):
            return None
        t = tanh(scaled(x, 0.5))
        return spread_like(t if twice > 0 else neg(t), out, [one])
    return None


@exponentials.node("add", "sub", effect="rounding")
def softplus_and_its_argument(node: Apply) -> Any:
    """softplus(x) - x is softplus(-x), softplus(x) - softplus(-x) is x."""
    out = node.outputs[0]
    found = terms(out, 2) if is_float(out) else []
    if len(found) != 2:
        return None
    for (minus, s), (sign, v) in (found, found[::-1]):
        x = _argument(s, "softplus")
        if x is None or x.type != out.type or v.type != out.type:
            continue
        own = monomial(x)
        y = _argument(v, "softplus")
        if y is not None and sign != minus and own == -monomial(y):
            return neg(x) if minus else x
        other = -monomial(v) if sign != minus else monomial(v)
        if y is None and own == -other:
            new = softplus(scaled(x, -1))
            return neg(new) if minus else new
    return None


# --- products and quotients -------------------------------------------------------------------------------------------


def _exp_minus_one(v: Variable) -> Variable | None:
    x: Variable | None = _argument(v, "expm1")
    if x is not None:
        return x
    found = terms(v, 2)
    for (minus, e), (sign, one) in (found, found[::-1]) if len(found) == 2 else ():
        number = number_of(one)
        if not minus and number is not None and (-number if sign else number) == -1 and made_by(e, "exp"):
            return _argument(e, "exp")  # type: ignore[no-any-return]
    return None


def _one_plus_exp(v: Variable) -> Variable | None:
    found = _one_and(v)
    return None if found is None or found[0] else _argument(found[1], "exp")


def _square_of_argument(e: Variable, x: Variable, sign: int) -> bool:
    """Whether ``e`` is exp(x**2), or for ``sign`` -1 exp(-x**2)."""
    y = _argument(e, "exp")
    square = None if y is None else square_of(y)
    whole = monomial(x)
    return square is not None and square.near(Monomial(sign * whole.number**2, whole.above, whole.below), x)


def _quotient(top: Variable, bottom: Variable) -> Any:
    """What stands for ``top / bottom``, or None."""
    y, z = _exp_minus_one(top), _one_plus_exp(bottom)
    if y is not None and y is z:
        return tanh(scaled(y, 0.5))
    for above, below, made in (("sinh", "cosh", tanh), ("sigmoid", "sigmoid", exp)):
        x, w = _argument(top, above), _argument(bottom, below)
        if x is not None and w is not None and x.type == w.type:
            if monomial(x) == (monomial(w) if above == "sinh" else -monomial(w)):
                return made(x)
    c = _argument(bottom, "erfc")
    if c is not None and c.type == top.type and _square_of_argument(top, c, -1):
        return true_div(_number(c, 1), erfcx(c))
    return None


def _both_alone(a: Variable, b: Variable) -> tuple[Any, Any] | None:
    """The exponents of two exponentials that nothing else reads."""
    x, y = _argument(a, "exp"), _argument(b, "exp")
    return None if x is None or y is None or not (alone(a) and alone(b)) else (x, y)


def _product(a: Variable, b: Variable) -> Any:
    """What stands for ``a * b``, or None."""
    exponents = _both_alone(a, b)
    if exponents is not None:
        return exp(add(*exponents))
    for e, c in ((a, b), (b, a)):
        x = _argument(c, "erfc")
        if x is not None and x.type == e.type and _square_of_argument(e, x, 1):
            return erfcx(x)
    return None


@exponentials.node("mul", "true_div", effect="domain")
def exponentials_that_go_together(node: Apply) -> Any:
    """sinh / cosh, (exp(2 x) - 1) / (exp(2 x) + 1), exp(x) exp(-y), exp(x**2) erfc(x): each overflows apart."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    above, below, negative = factors(out)
    if not any(v.owner is not None and isinstance(v.owner.op, Elemwise) for v in above):
        return None
    found = _pair(above, below)
    numbers = [v for v in (*above, *below) if number_of(v) is not None]
    if not found and not (len(numbers) > 1 and any(made_by(v, "sinh") or made_by(v, "cosh") for v in above)):
        return None
    number = -1.0 if negative else 1.0
    for v in numbers:
        number = number * float(number_of(v)) if any(v is w for w in above) else number / float(number_of(v))
    if not math.isfinite(number) or not number:
        return None
    tops, bottoms = ([v for v in side if number_of(v) is None] for side in (above, below))
    return _fits(product_of(out, number, tops, bottoms), out)


def _pair(above: list[Any], below: list[Any]) -> bool:
    """Put two factors together, in place; whether there were such."""
    for i, a in enumerate(above):
        for k, b in enumerate(below):
            new = _quotient(a, b)
            exponents = _both_alone(a, b)
            if new is None and exponents is not None:
                new = exp(sub(*exponents))
            if new is not None:
                above[i] = new
                del below[k]
                return True
        for k in range(i + 1, len(above)):
            new = _product(a, above[k])
            if new is not None:
                above[i] = new
                del above[k]
                return True
    return False


@exponentials.node("true_div", effect="rounding")
def quotient_by_one_plus_exp(node: Apply) -> Any:
    """y / (1 + exp(x)) is y sigmoid(-x)."""
    y, z = node.inputs
    x = _one_plus_exp(z)
    out = node.outputs[0]
    if x is None or not is_float(out) or is_number(y, 1) or _exp_minus_one(y) is not None:
        return None
    return _fits(mul(y, sigmoid(scaled(x, -1))), out)


@exponentials.node("sqrt", "pow", effect="domain")
def power_of_exponential(node: Apply) -> Any:
    """sqrt(exp(x)) is exp(x / 2), exp(x)**n is exp(n x)."""
    out = node.outputs[0]
    x = _argument(node.inputs[0], "exp")
    n = 0.5 if len(node.inputs) == 1 else number_of(node.inputs[1])
    if x is None or n is None or not is_float(out) or not alone(node.inputs[0]) or not np.isfinite(n):
        return None
    return spread_like(exp(scaled(x, float(n))), out, node.inputs[1:])


# --- logarithms -------------------------------------------------------------------------------------------------------


def _uncast(v: Variable) -> Variable:
    """What a cast from one dtype of floats to another is of."""
    made = made_by(v, f"Cast{{{v.type.dtype}}}")  # type: ignore[attr-defined]
    return made.inputs[0] if made is not None and is_float(made.inputs[0]) else v


def _log(v: Variable, out: Variable) -> Any:
    return cast(log(_uncast(v)), out.type.dtype)  # type: ignore[attr-defined]


def _keeps(v: Variable) -> bool:
    """Whether the logarithm of ``v``, which is positive, has a form that does not overflow or vanish where ``v`` does."""
    if not is_float(v):
        return False
    if made_by(v, Softmax) is not None or any(made_by(v, name) for name in ("exp", "sigmoid", "erfc", "cosh")):
        return True
    spread = made_by(v, DimShuffle)
    total = made_by(v if spread is None else spread.inputs[0], Sum)
    if total is not None and made_by(total.inputs[0], "exp"):
        return True
    power = made_by(v, "pow")
    return power is not None and _keeps(power.inputs[0])


def _log_of_half_erfc(x: Any) -> Any:
    """log(erfc(x) / 2), the logarithm of a normal distribution function: nearly 0 for x below 0."""
    below = log1p(mul(_number(x, -0.5), erfc(scaled(x, -1))))
    above = sub(log(erfcx(x)), add(sqr(x), _number(x, math.log(2))))
    return switch(lt(x, _number(x, 0.5)), below, above)


@exponentials.node("log", effect="domain")
def log_of_product(node: Apply) -> Any:
    """log(y exp(x)) is log(y) + x: for functions that are positive and whose logarithm is known; log(1 / x) is -log(x)."""
    out = node.outputs[0]
    if not is_float(out) or not any(made_by(node.inputs[0], name) for name in ("mul", "true_div", "neg")):
        return None
    above, below, negative = factors(node.inputs[0])
    number = -1.0 if negative else 1.0
    rest: list[list[Variable]] = [[], []]
    kept: list[list[Variable]] = [[], []]
    for under, side in enumerate((above, below)):
        for v in side:
            known = number_of(v)
            if known is not None:
                number = number / float(known) if under and known else number * float(known)
            else:
                (kept if _keeps(_uncast(v)) else rest)[under].append(v)
    plain = not rest[0] and (not rest[1] or (len(rest[1]) == 1 and not any(kept)))
    if not math.isfinite(number) or not number or (plain and number < 0) or not (any(kept) or (plain and rest[1])):
        return None
    half = next((v for v in kept[0] if made_by(v, "erfc")), None) if number == 0.5 else None
    if half is not None:
        number = 1.0
    plus, minus = [_log(v, out) for v in kept[0] if v is not half], [_log(v, out) for v in kept[1]]
    if half is not None:
        plus.append(_log_of_half_erfc(_argument(half, "erfc")))
    if plain:
        minus += [_log(v, out) for v in rest[1]]
        if number != 1:
            plus.append(_number(out, math.log(number)))
    else:
        plus.append(log(product_of(out, number, *rest)))
    found = add(*plus) if len(plus) > 1 else plus[0] if plus else None
    if minus:
        total = add(*minus) if len(minus) > 1 else minus[0]
        found = neg(total) if found is None else sub(found, total)
    return _fits(found, out)


@exponentials.node("log", effect="domain")
def log_of_switch(node: Apply) -> Any:
    """log(switch(c, sigmoid(x), sigmoid(-x))) is a choice between logarithms: likelihoods of yes and no are such choices."""
    made = made_by(node.inputs[0], "switch")
    if made is None or not all(_keeps(v) or number_of(v) is not None for v in made.inputs[1:]):
        return None
    if not any(_keeps(v) for v in made.inputs[1:]) or not alone(node.inputs[0]):
        return None
    out = node.outputs[0]
    logs = [_log(v, out) if _keeps(v) else log(cast(v, out.type.dtype)) for v in made.inputs[1:]]  # type: ignore[attr-defined]
    return _fits(switch(made.inputs[0], *logs), out)


@exponentials.node("log", theano="local_log_pow", effect="domain")
def log_of_power(node: Apply) -> Any:
    """log(x**n) is n log(x), n log|x| for an even n: x**n may overflow, or vanish."""
    (v,) = node.inputs
    out = node.outputs[0]
    power, pair = made_by(v, "pow"), made_by(v, "mul")
    n: Any = None
    for name, number in (("sqr", 2.0), ("sqrt", 0.5), ("inv", -1.0)):
        inner = made_by(v, name)
        if inner is not None:
            x, n = inner.inputs[0], number
    if power is not None:
        x = power.inputs[0]
        n = number_of(power.inputs[1])
        if n is None:
            return _fits(mul(power.inputs[1], log(x)), out) if _keeps(x) else None
    elif pair is not None and len(pair.inputs) == 2 and pair.inputs[0] is pair.inputs[1]:
        x, n = pair.inputs[0], 2.0
    if n is None or not n or not np.isfinite(n) or not is_float(x):
        return None
    inner = log(abs_(x)) if n == int(n) and int(n) % 2 == 0 else log(x)
    return spread_like(mul(_number(out, float(n)), inner), out, [] if power is None else [power.inputs[1]])


def _positive(v: Variable, depth: int = 6) -> bool:
    """Whether no element is negative."""
    number = number_of(v)
    if number is not None:
        return bool(number >= 0)
    node = v.owner
    if node is None or depth == 0:
        return False
    if isinstance(node.op, Softmax):
        return True
    if isinstance(node.op, DimShuffle):
        return _positive(node.inputs[0], depth - 1)
    name = node.op.scalar_op.kind if isinstance(node.op, Elemwise) else ""
    if name in ("exp", "sigmoid", "erfc", "cosh", "softplus", "sqr", "abs_", "sqrt"):
        return True
    if name == "pow":
        return _positive(node.inputs[0], depth - 1)
    if name in ("mul", "true_div", "add"):
        return all(_positive(x, depth - 1) for x in node.inputs)
    return name == "switch" and all(_positive(x, depth - 1) for x in node.inputs[1:])


@exponentials.node("log", effect="domain")
def log_of_product_of_elements(node: Apply) -> Any:
    """log(prod(x)) is sum(log(x)) where no x is negative: a product of many probabilities vanishes."""
    made = made_by(node.inputs[0], Prod)
    if made is None or not is_float(made.inputs[0]) or not _positive(made.inputs[0]):
        return None
    return _fits(log(made.inputs[0]).sum(axis=made.op.axis), node.outputs[0])  # type: ignore[attr-defined]


def _exponent(v: Variable) -> Any:
    """x where ``v`` is exp(x), also times a positive number; a number where it is a positive one; else None."""
    number = number_of(v)
    if number is not None:
        return math.log(number) if 0 < number < math.inf else None
    whole = monomial(v)
    if len(whole.above) != 1 or whole.below or not 0 < whole.number < math.inf:
        return None
    x = _argument(_uncast(whole.above[0]), "exp")
    if x is None or whole.number == 1:
        return x
    x = cast(x, v.type.dtype)  # type: ignore[attr-defined]
    return add(x, _number(x, math.log(whole.number)))


@exponentials.node("log", "log1p", theano="local_log_add", effect="domain")
def log_of_exps(node: Apply) -> Any:
    """log(exp(x) + 2 exp(y) + ...) overflows: the largest exponent is taken out."""
    out = node.outputs[0]
    found = terms(node.inputs[0]) if is_float(out) else []
    if made_by(out, "log1p"):
        found.append((False, _number(out, 1)))
    if len(found) < 2 or any(minus for minus, _ in found):
        return None
    exponents = [_exponent(v) for _, v in found]
    if any(x is None for x in exponents):
        return None
    moved = {id(made.inputs[1]) if (made := made_by(x, "sub")) else None for x in exponents if not isinstance(x, float)}
    if len(exponents) > 1 and len(moved) == 1 and None not in moved:
        return None  # the largest is taken out already
    numbers = [x for x in exponents if isinstance(x, float)]
    xs: list[Any] = [x for x in exponents if not isinstance(x, float)]
    shifted = numbers[0] if len(numbers) == 1 else math.log(sum(math.exp(x) for x in numbers)) if numbers else 0.0
    if not xs or any(not is_float(x) for x in xs) or (len(xs) == 1 and not numbers):
        return None
    if len(xs) == 1:
        # Two numbers, or one that is not 1: of 1 the rule of log(1 + x) is.
        if not shifted:
            return _fits(softplus(xs[0]), out) if len(numbers) > 1 else None
        found_one = add(_number(out, shifted), softplus(sub(xs[0], _number(out, shifted))))
        return spread_like(found_one, out, [v for _, v in found])
    if numbers:
        xs.append(_number(out, shifted))
    spread = [v for _, v in found if number_of(v) is not None]
    if len(xs) == 2:
        x, y = xs
        larger = maximum(x, y)
        # Of two equal infinities the difference would be NaN.
        apart = switch(eq(x, y), 0, neg(abs_(sub(x, y)))).astype(larger.type.dtype)
        return spread_like(add(larger, log1p(exp(apart))), out, spread)
    largest = xs[0]
    for x in xs[1:]:
        largest = maximum(largest, x)
    largest = switch(isinf(largest), _number(out, 0), largest).astype(out.type.dtype)  # type: ignore[attr-defined]
    return spread_like(add(largest, log(add(*(exp(sub(x, largest)) for x in xs)))), out, spread)


@exponentials.node("log", effect="domain")
def log_of_exp_minus_one(node: Apply) -> Any:
    """log(exp(x) - 1), the inverse of softplus, is x + log(1 - exp(-x))."""
    x = _argument(node.inputs[0], "expm1")
    out = node.outputs[0]
    inner = None if x is None else _argument(x, "softplus")
    if inner is not None:
        return _fits(inner, out)
    return None if x is None or x.type != out.type or not is_float(x) else add(x, log(neg(expm1(scaled(x, -1)))))


def _log_of_cosh(x: Any) -> Any:
    a = abs_(x)
    near = log1p(mul(_number(x, 2), sqr(sinh(scaled(x, 0.5)))))
    far = add(a, sub(log1p(exp(mul(_number(x, -2), a))), _number(x, math.log(2))))
    return switch(lt(a, _number(x, 1)), near, far)


@exponentials.node("log", effect="domain")
def log_of_cosh(node: Apply) -> Any:
    """log(cosh(x)) is nearly |x| - log(2) far out, and x**2 / 2 near 0."""
    x = _argument(node.inputs[0], "cosh")
    return None if x is None or not is_float(x) else _fits(_log_of_cosh(x), node.outputs[0])


@exponentials.node("log1p", effect="domain")
def log_of_one_minus_squared_tanh(node: Apply) -> Any:
    """log(1 - tanh(x)**2) is -2 log(cosh(x)): the difference vanishes from |x| = 19 on."""
    out = node.outputs[0]
    square = square_of(node.inputs[0])
    if square is None or square.number != -1 or len(square.above) != 1 or square.below:
        return None
    x = _argument(square.above[0], "tanh")
    return None if x is None or not is_float(x) else _fits(mul(_number(out, -2), _log_of_cosh(x)), out)


@exponentials.node("log", effect="domain")
def log_of_one_plus_over_one_minus(node: Apply) -> Any:
    """log((1 + x) / (1 - x)) is 2 arctanh(x)."""
    out = node.outputs[0]
    made = made_by(node.inputs[0], "true_div")
    if made is None or not is_float(out):
        return None
    top, bottom = (_one_and(v) for v in made.inputs)
    if top is None or bottom is None or top[0] == bottom[0] or top[1] is not bottom[1]:
        return None
    return _fits(mul(_number(out, -2 if top[0] else 2), arctanh(top[1])), out)


@exponentials.node("log", effect="domain")
def log_of_sum_with_root(node: Apply) -> Any:
    """log(x + sqrt(x**2 + 1)) is arcsinh(x), log(x + sqrt(x**2 - 1)) is arccosh(x)."""
    out = node.outputs[0]
    found = terms(node.inputs[0], 2) if is_float(out) else []
    if len(found) != 2 or any(minus for minus, _ in found):
        return None
    for (_, x), (_, root) in (found, found[::-1]):
        under = _argument(root, "sqrt")
        parts = [] if under is None or x.type != out.type else terms(under, 2)
        for (minus, square), (sign, one) in (parts, parts[::-1]) if len(parts) == 2 else ():
            whole, known = square_of(square), monomial(x)
            number = number_of(one)
            if minus or whole is None or number is None or abs(number) != 1:
                continue
            if whole.near(Monomial(known.number**2, known.above, known.below), x):
                return _fits((arccosh if (number == -1) != sign else arcsinh)(x), out)
    return None
