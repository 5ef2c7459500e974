"""Rules for gradients of likelihoods that are written out: the share that one exponential has in a sum of them."""

from __future__ import annotations

from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Variable
from theon.ops.arith import add, neg, sub, true_div
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, dimshuffle
from theon.ops.explog import exp, log
from theon.ops.extremes import Max, MaxAndArgmax, max
from theon.ops.reduce import Sum
from theon.ops.softmax import Softmax
from theon.ops.special import sigmoid
from theon.rewrite.match import alone, factors, is_float, made_by, spread_like, terms
from theon.rewrite.monomials import product_of
from theon.rewrite.rule import Rules
from theon.rewrite.rules.cancel import computed_alike

__all__ = ["below_zero", "shares", "softmax_along"]

shares = Rules("stabilize")


def below_zero(x: Variable) -> bool:
    """Whether the largest elements have been subtracted, as :func:`logsumexp` and careful users do."""
    moved = made_by(x, "sub")
    if moved is None:
        return False
    finite = made_by(moved.inputs[1], "switch")
    spread = made_by(moved.inputs[1] if finite is None else finite.inputs[2], DimShuffle)
    return spread is not None and isinstance(getattr(spread.inputs[0].owner, "op", None), Max | MaxAndArgmax)


def softmax_along(x: Variable, axes: tuple[int, ...]) -> Any:
    """Return exp(x) over its sums along ``axes``; None where x has its largest elements taken away already."""
    if x.type.ndim == 2 and len(axes) == 1:  # type: ignore[attr-defined]
        moved = made_by(x, "sub") if below_zero(x) else None
        if moved is not None and moved.inputs[0].type == x.type and moved.inputs[1].type.broadcastable[axes[0]]:  # type: ignore[attr-defined]
            x = moved.inputs[0]  # softmax subtracts the largest elements itself
        return Softmax()(x) if axes[0] == 1 else dimshuffle(Softmax()(dimshuffle(x, 1, 0)), 1, 0)
    if below_zero(x):
        return None
    e = exp(sub(x, max(x, axis=axes, keepdims=True)))
    return true_div(e, e.sum(axis=axes, keepdims=True))  # type: ignore[attr-defined]


def _unfilled(v: Variable) -> Variable:
    """The value that a fill spreads."""
    for _ in range(4):
        made = made_by(v, "second")
        if made is None or made.inputs[1].type.ndim != v.type.ndim:  # type: ignore[attr-defined]
            break
        v = made.inputs[1]
    return v


def _sum_of(v: Variable, e: Variable) -> tuple[int, ...] | None:
    """The axes along which ``v``, whose summed dimensions are kept, is the sum of ``e``."""
    spread = made_by(v, DimShuffle)
    total = None if spread is None else made_by(spread.inputs[0], Sum)
    if spread is None or total is None or total.inputs[0] is not e:
        return None
    axes = tuple(total.op.axes_of(e))  # type: ignore[attr-defined]
    kept = iter(range(e.type.ndim))  # type: ignore[attr-defined]
    order = tuple("x" if d in axes else next(kept) for d in range(e.type.ndim))  # type: ignore[attr-defined]
    return axes if axes and spread.op.new_order == order else None  # type: ignore[attr-defined]


def _divided(t: Variable, e: Variable) -> tuple[tuple[int, ...], Any] | None:
    """Of ``t``, a spread quotient by the sum of ``e``: the axes, and the spread dividend."""
    spread = made_by(t, DimShuffle)
    if spread is None:
        return None
    for v in (spread.inputs[0], getattr(made_by(spread.inputs[0], "neg"), "inputs", [None])[0]):
        quotient = None if v is None else made_by(v, "true_div")
        if quotient is None:
            continue
        axes = _sum_of(spread.op(quotient.inputs[1]), e)
        if axes is not None:
            top = spread.op(quotient.inputs[0])
            return axes, top if v is spread.inputs[0] else neg(top)
    return None


def _only_summed(e: Variable, axes: tuple[int, ...], fgraph: FunctionGraph) -> bool:
    """Whether all readers of ``e`` sum it along ``axes``, or are products: else it would have to be computed again."""
    for reader, _ in fgraph.clients(e):
        if not isinstance(reader, Apply):
            return False
        if isinstance(reader.op, Sum):
            if tuple(reader.op.axes_of(e)) != axes:
                return False
        elif not isinstance(reader.op, Elemwise) or reader.op.scalar_op.kind not in ("mul", "true_div"):
            return False
    return True


@shares.node("mul", "true_div", effect="domain", graph=True)
def softmax_in_a_product(node: Apply, fgraph: FunctionGraph) -> Any:
    """g / sum(exp(x)) exp(x), as gradients of log(sum(exp(x))) have it, is g softmax(x)."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    above, below, negative = factors(out)
    for i, e in enumerate(above):
        power = made_by(e, "exp")
        if power is None or power.inputs[0].type != e.type:
            continue
        for side in (above, below):
            for k, t in enumerate(side):
                if t is e:
                    continue
                inner = _unfilled(t)
                if side is below:
                    axes = _sum_of(inner, e)
                    found = None if axes is None else (axes, None)
                else:
                    found = _divided(inner, e)
                if found is None or not _only_summed(e, found[0], fgraph):
                    continue
                share = softmax_along(power.inputs[0], found[0])
                if share is None:
                    return None
                tops, bottoms = [*above], [*below]
                tops[i] = share
                if side is below:
                    del bottoms[k]
                else:
                    tops[k] = found[1]
                return spread_like(product_of(out, -1.0 if negative else 1.0, tops, bottoms), out, [t])
    return None


@shares.node("mul", "true_div", effect="domain")
def share_of_a_sum_of_exps(node: Apply) -> Any:
    """exp(x) / (exp(x) + exp(y)) is sigmoid(x - y), of more terms exp(x - log(sum)): as gradients of log(sum) have it."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    above, below, negative = factors(out)
    for i, e in enumerate(above):
        power = made_by(e, "exp")
        for k, total in enumerate(below) if power is not None else ():
            parts = terms(_unfilled(total))
            if len(parts) < 2 or any(minus for minus, _ in parts) or not any(v is e for _, v in parts):
                continue
            exponents = [getattr(made_by(v, "exp"), "inputs", [None])[0] for _, v in parts]
            if any(x is None or not is_float(x) or x.type != power.inputs[0].type for x in exponents):  # type: ignore[union-attr]
                continue
            (x,) = power.inputs  # type: ignore[union-attr]
            if len(exponents) == 2:
                share = sigmoid(sub(x, exponents[1] if exponents[0] is x else exponents[0]))
            else:
                share = exp(sub(x, log(_unfilled(total))))
            tops = [share if n == i else v for n, v in enumerate(above)]
            rest = [v for n, v in enumerate(below) if n != k]
            return spread_like(product_of(out, -1.0 if negative else 1.0, tops, rest), out, [total])
    return None


def _mirrored(s: Variable, x: Variable) -> bool:
    """Whether ``s`` is sigmoid(-x)."""
    made, minus = made_by(s, "sigmoid"), made_by(x, "neg")
    if made is None or not is_float(x):
        return False
    if minus is not None and computed_alike(minus.inputs[0], made.inputs[0]):
        return True
    other = made_by(made.inputs[0], "neg")
    return other is not None and computed_alike(other.inputs[0], x)


@shares.node("mul", effect="domain")
def sigmoids_over_a_sum_of_quotients(node: Apply) -> Any:
    """(a / s(x) + b exp(x)) s(x) is a + b exp(x) s(x), where s is sigmoid: the gradient of a cross entropy."""
    out = node.outputs[0]
    if not is_float(out):
        return None
    above, below, negative = factors(out)
    if below or not any(made_by(v, "sigmoid") for v in above):
        return None
    for total in above:
        if not made_by(total, "add") and not made_by(total, "sub"):
            continue
        rest = [v for v in above if v is not total]
        parts, gone = [], False
        for minus, v in terms(total, 4):
            tops, bottoms, sign = factors(v)
            left = [*rest]
            for b in [*bottoms]:
                # Equal nodes are merged after this stage only.
                same = next((s for s in left if made_by(s, "sigmoid") and computed_alike(b, s)), None)
                if same is not None:
                    left.remove(same)
                    bottoms.remove(b)
                    gone = True
            for e in [*tops]:
                # exp(x) sigmoid(-x) is sigmoid(x).
                power = made_by(e, "exp")
                other = None if power is None else next((s for s in left if _mirrored(s, power.inputs[0])), None)
                if power is not None and other is not None:
                    left[left.index(other)] = sigmoid(power.inputs[0])
                    tops.remove(e)
                    gone = True
            parts.append((minus != sign, product_of(out, 1.0, [*tops, *left], bottoms)))
        if not gone or len(parts) < 2 or not alone(total):
            continue
        plus = [v for minus, v in parts if minus == negative]
        less = [v for minus, v in parts if minus != negative]
        found = add(*plus) if len(plus) > 1 else plus[0] if plus else None
        if less:
            lower = add(*less) if len(less) > 1 else less[0]
            found = neg(lower) if found is None else sub(found, lower)
        return spread_like(found, out, [])
    return None
