"""Rules for products and quotients: equal factors above and below the line, and pairs that lose precision apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import mul, neg, pow, true_div
from theon.ops.cast import cast
from theon.ops.special import erfcx, sigmoid
from theon.rewrite.match import is_number, made_by, number_of, spread_like
from theon.rewrite.rule import Rules
from theon.tensor.constant import constant

__all__ = ["cancel", "computed_alike"]

cancel = Rules("canonicalize")
_LARGEST = 12  # factors looked at


def _factors(variable: Variable) -> tuple[list[Variable], list[Variable], bool]:
    """The factors of a product or quotient, above and below the line, and whether its sign is changed."""
    above: list[Variable] = []
    below: list[Variable] = []
    changed = False
    stack = [(variable, False)]
    while stack:
        v, under = stack.pop()
        node = v.owner
        known = len(stack) + len(above) + len(below)
        fits = node is not None and (v is variable or known + len(node.inputs) <= _LARGEST)
        if node is not None and fits and v.type.dtype.startswith("float"):  # type: ignore[attr-defined]
            name = node.op.scalar_op.kind if hasattr(node.op, "scalar_op") else None
            if name == "mul":
                stack.extend((x, under) for x in reversed(node.inputs))
                continue
            if name == "true_div":
                stack += [(node.inputs[1], not under), (node.inputs[0], under)]
                continue
            if name == "sqr" or (name == "pow" and number_of(node.inputs[1]) == 2 and node.inputs[0].type == v.type):
                if under and made_by(node.inputs[0], "add") is not None:
                    # (1 + exp(x))**2 under exp(x).
                    stack += [(node.inputs[0], under)] * 2
                    continue
            if name == "neg":
                changed = not changed
                stack.append((node.inputs[0], under))
                continue
        (below if under else above).append(v)
    return above, below, changed


def computed_alike(a: Variable, b: Variable) -> bool:
    """Whether two variables are computed alike, a few nodes deep."""
    stack = [(a, b, 0)]
    while stack:
        x, y, depth = stack.pop()
        if x is y:
            continue
        if hasattr(x, "signature") and hasattr(y, "signature"):
            if x.signature() != y.signature():
                return False
            continue
        p, q = x.owner, y.owner
        if p is None or q is None or depth > 4 or p.op != q.op or x.index != y.index or len(p.inputs) != len(q.inputs):
            return False
        stack.extend((u, v, depth + 1) for u, v in zip(p.inputs, q.inputs))
    return True


def _exponent_plus_one(variable: Variable) -> Variable | None:
    """x of 1 + exp(x)."""
    node = made_by(variable, "add")
    if node is None or len(node.inputs) != 2:
        return None
    for one, e in (node.inputs, node.inputs[::-1]):
        inner = made_by(e, "exp")
        if inner is not None and is_number(one, 1.0):
            return inner.inputs[0]
    return None


def _minus_square(variable: Variable) -> Variable | None:
    """x of exp(-x**2)."""
    outer = made_by(variable, "exp")
    if outer is None:
        return None
    spread = made_by(outer.inputs[0], "mul")
    if spread is not None and len(spread.inputs) == 2:
        for one, other in (spread.inputs, spread.inputs[::-1]):
            inner = made_by(one, "neg")
            if inner is not None and computed_alike(inner.inputs[0], other):
                return other
    minus = made_by(outer.inputs[0], "neg")
    if minus is None:
        return None
    square = made_by(minus.inputs[0], "sqr")
    if square is not None:
        return square.inputs[0]
    product = made_by(minus.inputs[0], "mul")
    if product is not None and len(product.inputs) == 2 and product.inputs[0] is product.inputs[1]:
        return product.inputs[0]
    return None


def _power_of(v: Variable) -> tuple[Variable, float]:
    """A variable as a power: x**2 as x and 2, what is no power as itself and 1."""
    for name, n in (("sqr", 2.0), ("sqrt", 0.5), ("inv", -1.0)):
        made = made_by(v, name)
        if made is not None:
            return made.inputs[0], n
    made = made_by(v, "pow")
    number = None if made is None else number_of(made.inputs[1])
    if made is None or number is None or not np.isfinite(number) or made.inputs[0].type != v.type:
        return v, 1.0
    return made.inputs[0], float(number)


def _power(x: Any, n: float) -> Any:
    if n in (0, 1):
        return x if n else 1
    return true_div(1, x).astype(x.type.dtype) if n == -1 else pow(x, np.asarray(n, x.type.dtype))


def _together(top: Variable, bottom: Variable) -> Any:
    """What stands for ``top / bottom``: 1 where they are equal, a stable op where there is one, None."""
    if computed_alike(top, bottom):
        return 1
    e = made_by(top, "exp")
    x = _exponent_plus_one(bottom)
    if e is not None and x is not None and computed_alike(e.inputs[0], x):
        return sigmoid(x)
    (base, m), (other, n) = _power_of(top), _power_of(bottom)
    if (m, n) != (1, 1) and base.type == other.type and computed_alike(base, other):
        return _power(base, m - n)
    y = _minus_square(top)
    c = made_by(bottom, "erfc")
    if y is not None and c is not None and computed_alike(y, c.inputs[0]):
        return true_div(1, erfcx(y)).astype(top.type.dtype)  # type: ignore[attr-defined]
    return None


@cancel.node(
    "mul",
    theano=("local_mul_canonizer", "local_exp_over_1_plus_exp", "local_grad_log_erfc_neg"),
    effect="domain",
)
def product(node: Apply) -> Any:
    """a / b * b is a; exp(x) / (1 + exp(x)) is sigmoid(x); exp(-x**2) / erfc(x) is 1 / erfcx(x)."""
    return _cancelled(node.outputs[0])


@cancel.node("true_div", theano="local_div_canonizer", effect="domain")
def quotient(node: Apply) -> Any:
    """As for products."""
    return _cancelled(node.outputs[0])


def _cancelled(out: Variable) -> Any:
    above, below, changed = _factors(out)
    if not below or not above:
        return None
    gone: list[Variable] = []
    for bottom in list(below):
        for place, top in enumerate(above):
            new = _together(top, bottom)
            if new is None:
                continue
            below = [v for v in below if v is not bottom] + [v for v in below if v is bottom][1:]
            above[place : place + 1] = [] if isinstance(new, int) else [new]
            gone += [top, bottom]
            break
    if not gone:
        return None
    dtype = out.type.dtype  # type: ignore[attr-defined]
    top, bottom = (
        _product([v if isinstance(v, Constant) else cast(v, dtype) for v in side], out) for side in (above, below)
    )
    result = true_div(top, bottom) if below else top
    return spread_like(neg(result) if changed else result, out, gone)


def _product(parts: list[Any], out: Variable) -> Any:
    if not parts:
        return constant(np.ones((), out.type.dtype))  # type: ignore[attr-defined]
    return parts[0] if len(parts) == 1 else mul(*parts)
