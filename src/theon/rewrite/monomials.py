"""Products known up to a number: what rules compare where one formula has 2 x, the other -x / 3 or (x / 2)**2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theon.graph.variable import Variable
from theon.ops.arith import mul, neg, true_div
from theon.rewrite.match import factors, made_by, number_of
from theon.tensor.constant import constant

__all__ = ["Monomial", "monomial", "product_of", "scaled", "square_of"]


@dataclass(frozen=True)
class Monomial:
    """``number`` times the factors ``above`` the line over those ``below`` it, each in a fixed order."""

    number: float
    above: tuple[Variable, ...]
    below: tuple[Variable, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Monomial) and self.number == other.number and self._same(other)

    __hash__ = None  # type: ignore[assignment]

    def _same(self, other: Monomial) -> bool:
        return [*map(id, self.above)] == [*map(id, other.above)] and [*map(id, self.below)] == [*map(id, other.below)]

    def __neg__(self) -> Monomial:
        return Monomial(-self.number, self.above, self.below)

    def near(self, other: Monomial, like: Variable) -> bool:
        """Whether both are equal but for the rounding of the number in the dtype of ``like``."""
        eps = float(np.finfo(like.type.dtype).eps)  # type: ignore[attr-defined]
        return self._same(other) and abs(self.number - other.number) <= 8 * eps * abs(other.number)


def _made(number: float, above: Sequence[Variable], below: Sequence[Variable]) -> Monomial:
    return Monomial(number, tuple(sorted(above, key=id)), tuple(sorted(below, key=id)))


def monomial(variable: Variable) -> Monomial:
    """Return the product that ``variable`` is; one factor and the number 1 where it is none."""
    above, below, negative = factors(variable)
    number = -1.0 if negative else 1.0
    left: tuple[list[Variable], list[Variable]] = [], []
    for under, side in enumerate((above, below)):
        for v in side:
            known = number_of(v)
            if known is None or np.iscomplexobj(known) or (under and not known):
                left[under].append(v)
            else:
                number = number / float(known) if under else number * float(known)
    return _made(number, *left)


def square_of(variable: Variable) -> Monomial | None:
    """Return the monomial whose square ``variable`` is but for its number, which is that of ``variable``; None where it is no square.

    Of ``-(x / 2)**2`` that is x with the number -0.25.
    """
    whole = monomial(variable)
    number = whole.number
    sides: tuple[list[Variable], list[Variable]] = [], []
    for under, side in enumerate((whole.above, whole.below)):
        once: list[Variable] = []
        for v in side:
            power = made_by(v, "pow")
            if made_by(v, "sqr") is None and (power is None or number_of(power.inputs[1]) != 2):
                # Twice the same factor is a square too.
                if any(v is w for w in once):
                    once = [w for w in once if w is not v]
                    sides[under].append(v)
                else:
                    once.append(v)
                continue
            inner = monomial(v.owner.inputs[0])  # type: ignore[union-attr]
            number = number / inner.number**2 if under else number * inner.number**2
            sides[under].extend(inner.above)
            sides[1 - under].extend(inner.below)
        if once:
            return None
    return _made(number, *sides) if sides[0] else None


def product_of(like: Variable, number: float, above: Sequence[Any], below: Sequence[Any]) -> Any:
    """Return the product; its number in the dtype of ``like``."""
    known = constant(np.asarray(abs(number) if above else number, like.type.dtype))  # type: ignore[attr-defined]
    tops = [*above] if above and abs(number) == 1 else [known, *above]
    found = tops[0] if len(tops) == 1 else mul(*tops)
    if below:
        found = true_div(found, below[0] if len(below) == 1 else mul(*below))
    return neg(found) if above and number < 0 else found


def scaled(x: Variable, number: float) -> Any:
    """Return ``number * x``; a number that x is multiplied by is taken together with it."""
    whole = monomial(x)
    found = product_of(x, number * whole.number, whole.above, whole.below)
    return found if found.type == x.type else mul(constant(np.asarray(number, x.type.dtype)), x)  # type: ignore[attr-defined]
