"""Sums of products by NumPy's index notation, as products of matrices where that is what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import message
from theon.ops.arith import mul
from theon.ops.dims import dimshuffle
from theon.ops.dot import batched_dot, dot
from theon.ops.fill import diagonal
from theon.ops.reduce import sum as sum_
from theon.ops.reshape import reshape
from theon.tensor.constant import as_tensor_variable

__all__ = ["einsum"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USUAL = 32  # what a size that is not known is taken for when an order of contractions is looked for

Labels = tuple[str, ...]  # letters, and "0", "1", ... for the dimensions that an ellipsis stands for, from the right


class _Term:
    """An operand and the label of each of its dimensions."""

    def __init__(self, value: Any, labels: Sequence[str]) -> None:
        self.value, self.labels = value, tuple(labels)

    def size(self, label: str) -> Any:
        """The size along a label."""
        return self.value.shape[self.labels.index(label)]

    def ordered(self, labels: Sequence[str]) -> Any:
        """The value with its dimensions in this order, new ones of size 1 for labels it lacks."""
        return dimshuffle(self.value, *(self.labels.index(x) if x in self.labels else "x" for x in labels))

    def summed(self, labels: set[str]) -> _Term:
        """Without these labels."""
        axes = [d for d, x in enumerate(self.labels) if x in labels]
        if not axes:
            return self
        return _Term(sum_(self.value, axis=axes), [x for x in self.labels if x not in labels])


def einsum(subscripts: Any, *operands: Any, optimize: Any = True) -> Any:
    """Return the sum of products that ``subscripts`` describes, as ``numpy.einsum``.

    ``subscripts``: ``"ij,jk->ik"``, a letter for each dimension of each operand, after ``->`` those of the result; without ``->``
    the letters that occur once, in alphabetical order. ``...`` stands for any number of further dimensions, which broadcast. A
    letter twice in one operand takes its diagonal. Or: operands and lists of numbers in turn, and the list of the result.
    ``optimize``: False takes the operands from the left, else the cheapest order by what is known of the sizes.

    Sizes under one letter agree, or are known to be 1. ValueError for subscripts that do not fit the operands.

    >>> import theon.tensor as T
    >>> einsum("ij,kj->ik", T.dmatrix(), T.dmatrix()).type
    TensorType(float64, matrix)
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists(subscripts, *operands)
    variables = [as_tensor_variable(x) for x in operands]
    inputs, output = _parsed(subscripts, variables)
    terms = [_without_repeats(_Term(v, labels)) for v, labels in zip(variables, inputs)]
    terms = _without_ones(terms, output)
    if len(terms) == 1:
        (last,) = terms
    else:
        for i, j in _order(terms, output, optimize):
            a, b = terms[i], terms[j]
            terms = [t for k, t in enumerate(terms) if k not in (i, j)]
            needed = set(output).union(*(t.labels for t in terms))
            terms.append(_contracted(a, b, needed))
        (last,) = terms
    last = last.summed(set(last.labels) - set(output))
    return last.ordered(output)


def _from_lists(*given: Any) -> tuple[str, list[Any]]:
    """The string form of operands and lists of numbers in turn."""
    operands, lists = list(given[:-1:2]), list(given[1::2])
    result = given[-1] if len(given) % 2 else None
    if not all(isinstance(x, list | tuple) for x in [*lists, *([] if result is None else [result])]):
        raise ValueError("einsum: after each operand comes a list of numbers")

    def text(labels: Any) -> str:
        for x in labels:
            if x is not Ellipsis and not (isinstance(x, int | np.integer) and 0 <= x < len(_LETTERS)):
                raise ValueError(f"einsum: {x!r} is no number from 0 to {len(_LETTERS) - 1}")
        return "".join("..." if x is Ellipsis else _LETTERS[x] for x in labels)

    left = ",".join(map(text, lists))
    return left if result is None else f"{left}->{text(result)}", operands


def _parsed(subscripts: str, operands: Sequence[Any]) -> tuple[list[Labels], Labels]:
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    if "->" in right or "-" in left or ">" in left:
        raise ValueError(f"einsum: subscripts {subscripts!r} have more than one '->'")
    parts = left.split(",")
    if len(parts) != len(operands):
        raise ValueError(
            message(f"einsum: {subscripts!r} names {len(parts)} operands, {len(operands)} are given", operands)
        )
    inputs = []
    widest = 0
    for part, v in zip(parts, operands):
        labels, extra = _labels(part, v.type.ndim, subscripts, v)
        widest = max(widest, extra)
        inputs.append(labels)
    many = [str(d) for d in reversed(range(widest))]
    used = [x for labels in inputs for x in labels if not x.isdigit()]
    if not arrow:
        return inputs, (*many, *sorted(x for x in set(used) if used.count(x) == 1))
    before, dots, after = right.partition("...")
    if "." in before + after:
        raise ValueError(f"einsum: a '.' that is not part of an ellipsis in {subscripts!r}")
    output = (*before, *(many if dots else []), *after)
    for x in (*before, *after):
        if x not in used:
            raise ValueError(f"einsum: the result has the subscript {x!r}, which no operand has")
    if len(set(output)) != len(output):
        raise ValueError(f"einsum: the result has a subscript twice in {subscripts!r}")
    return inputs, output


def _labels(part: str, ndim: int, subscripts: str, operand: Any) -> tuple[Labels, int]:
    before, dots, after = part.partition("...")
    for x in before + after:
        if x not in _LETTERS:
            raise ValueError(f"einsum: {x!r} is no letter, in {subscripts!r}")
    extra = ndim - len(before) - len(after)
    if extra < 0 or (extra and not dots):
        raise ValueError(
            message(f"einsum: {part!r} has {len(before) + len(after)} subscripts for {ndim} dimensions", [operand])
        )
    return (*before, *(str(d) for d in reversed(range(extra))), *after), extra


def _without_repeats(term: _Term) -> _Term:
    """Diagonals where a label occurs twice."""
    while len(set(term.labels)) < len(term.labels):
        label = next(x for x in term.labels if term.labels.count(x) > 1)
        first = term.labels.index(label)
        second = term.labels.index(label, first + 1)
        rest = [x for d, x in enumerate(term.labels) if d not in (first, second)]
        term = _Term(diagonal(term.value, 0, first, second), [*rest, label])
    return term


def _without_ones(terms: list[_Term], output: Labels) -> list[_Term]:
    """Drop dimensions known to be 1 from operands where another has the label with its real size."""
    found = []
    for k, t in enumerate(terms):
        flags = t.value.type.broadcastable
        dropped = set()
        for d, x in enumerate(t.labels):
            others = [o for n, o in enumerate(terms) if n != k and x in o.labels]
            real = any(not o.value.type.broadcastable[o.labels.index(x)] for o in others)
            if flags[d] and (real or x not in output):
                dropped.add(x)
        kept = [x for x in t.labels if x not in dropped]
        found.append(_Term(t.ordered(kept), kept) if dropped else t)
    return found


def _order(terms: Sequence[_Term], output: Labels, optimize: Any) -> list[tuple[int, int]]:
    """Pairs to contract, each pair's result going to the end."""
    if len(terms) == 2:
        return [(0, 1)]
    if optimize is False:
        return [(0, 1)] + [(0, len(terms) - 1 - n) for n in range(1, len(terms) - 1)]
    sizes: dict[str, int] = {}
    for t in terms:
        for x, n in zip(t.labels, t.value.type.shape):
            sizes[x] = max(sizes.get(x, 1), _USUAL if n is None else n)
    names = {x: _LETTERS[k] for k, x in enumerate(sizes)} if len(sizes) <= len(_LETTERS) else {}
    if len(names) != len(sizes):
        return [(0, 1)] + [(0, len(terms) - 1 - n) for n in range(1, len(terms) - 1)]
    shapes = [np.broadcast_to(np.float64(0), [sizes[x] for x in t.labels]) for t in terms]
    text = (
        ",".join("".join(names[x] for x in t.labels) for t in terms)
        + "->"
        + "".join(names[x] for x in output if x in names)
    )
    path, _ = np.einsum_path(text, *shapes, optimize="optimal" if len(terms) <= 5 else "greedy")
    found: list[tuple[int, int]] = []
    for step in path[1:]:
        # NumPy may contract several at once: one after another then.
        count = len(terms) - len(found)
        taken = sorted(step)
        while len(taken) > 1:
            i, j = taken[0], taken[1]
            found.append((i, j))
            count -= 1
            taken = [x - (x > i) - (x > j) for x in taken[2:]] + [count - 1]
            taken.sort()
    return found


def _contracted(a: _Term, b: _Term, needed: set[str]) -> _Term:
    """The sum of products of two operands over all labels that only they have."""
    a = a.summed(set(a.labels) - set(b.labels) - needed)
    b = b.summed(set(b.labels) - set(a.labels) - needed)
    both = [x for x in a.labels if x in b.labels]
    batch = [x for x in both if x in needed]
    inner = [x for x in both if x not in needed]
    left = [x for x in a.labels if x not in both]
    right = [x for x in b.labels if x not in both]
    labels = [*batch, *left, *right]
    if not inner:
        return _Term(mul(a.ordered(labels), b.ordered(labels)), labels)
    if not left and not right:
        whole = [*batch, *inner]
        product = mul(a.ordered(whole), b.ordered(whole)) if batch or len(inner) > 1 else None
        if product is not None:
            return _Term(sum_(product, axis=list(range(len(batch), len(whole)))), batch)
    x = _as_stack(a, batch, left, inner)
    y = _as_stack(b, batch, inner, right)
    found = batched_dot(x, y) if batch else dot(x, y)
    shape = [*(a.size(n) for n in batch), *(a.size(n) for n in left), *(b.size(n) for n in right)]
    plain = len(batch) <= 1 and len(left) <= 1 and len(right) <= 1
    return _Term(found if plain else reshape(found, shape, len(shape)), labels)


def _as_stack(term: _Term, batch: list[str], rows: list[str], columns: list[str]) -> Any:
    """The operand with its labels in three groups, each one dimension; none for an empty group."""
    value = term.ordered([*batch, *rows, *columns])
    groups = [g for g in (batch, rows, columns) if g]
    if all(len(g) == 1 for g in groups):
        return value
    sizes = []
    for g in groups:
        total: Any = term.size(g[0])
        for x in g[1:]:
            total = total * term.size(x)
        sizes.append(total)
    return reshape(value, sizes, len(sizes))
