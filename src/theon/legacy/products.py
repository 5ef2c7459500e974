"""Products taken apart into trees, as Theano's ``nnet.sigm`` offers them to rewrites of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.graph.variable import Variable
from theon.ops.arith import mul, neg
from theon.rewrite.match import made_by, number_of, terms

__all__ = [
    "compute_mul",
    "is_1pexp",
    "is_exp",
    "is_mul",
    "is_neg",
    "parse_mul_tree",
    "partition_num_or_denom",
    "simplify_mul",
]


def is_exp(var: Variable) -> tuple[bool, Variable] | None:
    """Return (False, x) for exp(x), (True, x) for -exp(x), None for anything else."""
    inner = is_neg(var)
    node = made_by(var if inner is None else inner, "exp")
    return None if node is None else (inner is not None, node.inputs[0])


def is_mul(var: Variable) -> list[Variable] | None:
    """Return the factors of a product, None for anything else."""
    node = made_by(var, "mul")
    return None if node is None else list(node.inputs)


def is_neg(var: Variable) -> Any:
    """Return x for -x, and for products with -1 the product of the others; None for anything else."""
    node = made_by(var, "neg")
    if node is not None:
        return node.inputs[0]
    factors = is_mul(var)
    if factors is None or len(factors) < 2:
        return None
    for place, v in enumerate(factors):
        if number_of(v) == -1:
            rest = factors[:place] + factors[place + 1 :]
            return rest[0] if len(rest) == 1 else mul(*rest)
    return None


def is_1pexp(t: Variable, only_process_constants: bool = True) -> tuple[bool, Variable] | None:
    """Return (False, x) for 1 + exp(x), (True, x) for 1 + -exp(x), None for anything else, 1 - exp(x) too."""
    if made_by(t, "add") is None:
        return None
    found = terms(t)
    numbers = [(minus, v) for minus, v in found if number_of(v) is not None]
    others = [(minus, v) for minus, v in found if number_of(v) is None]
    total = sum(-number_of(v) if minus else number_of(v) for minus, v in numbers)
    if len(others) != 1 or total != 1:
        return None
    minus, v = others[0]
    power = is_exp(v)
    return None if power is None else (power[0] ^ minus, power[1])


def partition_num_or_denom(r: Variable, f: Callable[[Variable], Any]) -> tuple[list[Any], list[Variable], bool]:
    """Return what ``f`` finds in the factors of ``r``, the factors in which it finds nothing, and whether a sign is left.

    ``f`` returns None, or a pair (whether the sign is changed, what it found).
    """
    found: list[Any] = []
    rest: list[Variable] = []
    negative = False
    for factor in is_mul(r) or [r]:
        pair = f(factor)
        if pair is None:
            rest.append(factor)
        else:
            negative ^= pair[0]
            found.append(pair[1])
    return found, rest, negative


def parse_mul_tree(root: Variable) -> list[Any]:
    """Return a product as a tree: [whether the sign is changed, a variable or the list of its factors' trees]."""
    factors = is_mul(root)
    if factors is not None:
        return [False, [parse_mul_tree(factor) for factor in factors]]
    inner = is_neg(root)
    if inner is None:
        return [False, root]
    negative, tree = parse_mul_tree(inner)
    return [not negative, tree]


def simplify_mul(tree: list[Any]) -> list[Any]:
    """Return the tree without leaves that are None, which count as 1, and without products of one factor."""
    negative, inputs = tree
    if not isinstance(inputs, list):
        return tree
    kept = []
    for part in map(simplify_mul, inputs):
        if part[1] is None:
            negative ^= part[0]
        else:
            kept.append(part)
    if not kept:
        return [negative, None]
    if len(kept) == 1:
        return [kept[0][0] ^ negative, kept[0][1]]
    return [negative, kept]


def compute_mul(tree: list[Any]) -> Any:
    """Return the product that a tree stands for; AssertionError for one with a leaf that is None."""
    negative, inputs = tree
    if inputs is None:
        raise AssertionError(
            "Function `compute_mul` found a missing leaf, did you forget to call `simplify_mul` on the tree first?"
        )
    product = mul(*map(compute_mul, inputs)) if isinstance(inputs, list) else inputs
    return neg(product) if negative else product
