"""Theano's local optimizer for sums and products in its general form: :class:`Canonizer`, for a pair of inverse ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.graph.variable import Apply, Variable
from theon.ops.arith import add, mul, neg, sub, true_div
from theon.ops.cast import cast
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle
from theon.ops.explog import inv
from theon.rewrite.local import LocalOptimizer
from theon.rewrite.match import number_of, spread_like
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.constant import constant

__all__ = [
    "Canonizer",
    "add_calculate",
    "check_for_x_over_absX",
    "local_add_canonizer",
    "local_mul_canonizer",
    "mul_calculate",
]


class Canonizer(LocalOptimizer):
    """Brings expressions of an op, its inverse and its reciprocal into one form, and simplifies them.

    ``main`` is an associative and commutative op (add, mul), ``inverse(x, y)`` undoes it (sub, true_div), ``reciprocal(x)`` is
    the inverse of the neutral element and x (neg, inv). ``calculate(num, denum, aslist, out_type)`` combines numbers;
    ``use_reciprocal`` says whether the reciprocal is used where there is no numerator.
    """

    __module__ = "theano.tensor.opt"

    def __init__(
        self, main: Any, inverse: Any, reciprocal: Any, calculate: Callable[..., Any], use_reciprocal: bool = True
    ) -> None:
        self.main, self.inverse, self.reciprocal = main, inverse, reciprocal
        self.calculate, self.use_reciprocal = calculate, use_reciprocal
        self.external_simplifiers: list[tuple[Callable[..., Any], str]] = []

    def add_simplifier(self, simplifier: Callable[..., Any], reason: str) -> None:
        """Add a function of (numerators, denominators) that returns both, simplified."""
        self.external_simplifiers.append((simplifier, reason))

    def tracks(self) -> list[Any]:
        """Return the three ops."""
        return [self.main, self.inverse, self.reciprocal]

    def _of(self, v: Variable) -> Any:
        """The op among the three that made ``v``, seen through added dimensions, and its inputs with these added."""
        node = v.owner
        order = None
        if node is not None and isinstance(node.op, DimShuffle) and all(d == "x" for d in node.op.new_order):
            order = node.op.new_order
            node = node.inputs[0].owner
        if node is None or node.op not in (self.main, self.inverse, self.reciprocal):
            return None, []
        inputs = [w.dimshuffle(*order) if order is not None else w for w in node.inputs]  # type: ignore[attr-defined]
        return node.op, inputs

    def get_num_denum(self, inp: Variable) -> tuple[list[Variable], list[Variable]]:
        """Return the variables above and below the line: ``inp`` is their main op's result, divided by it."""
        num: list[Variable] = []
        denum: list[Variable] = []
        stack = [(inp, False)]
        while stack:
            v, below = stack.pop()
            op, inputs = self._of(v)
            if op is None:
                (denum if below else num).append(v)
            elif op == self.main:
                stack.extend((w, below) for w in reversed(inputs))
            elif op == self.inverse:
                stack += [(inputs[1], not below), (inputs[0], below)]
            else:
                stack.append((inputs[0], not below))
        return num, denum

    def merge_num_denum(self, num: Sequence[Any], denum: Sequence[Any]) -> Any:
        """Return the expression for numerators and denominators, the reverse of :meth:`get_num_denum`."""
        num, denum = list(num), list(denum)
        if not num and not denum:
            return constant(np.asarray(self.calculate([], [], aslist=False)))
        top = None if not num else num[0] if len(num) == 1 else self.main(*num)
        if not denum:
            return top
        bottom = denum[0] if len(denum) == 1 else self.main(*denum)
        if top is None:
            if self.use_reciprocal:
                return self.reciprocal(bottom)
            return self.inverse(constant(np.asarray(self.calculate([], [], aslist=False))), bottom)
        return self.inverse(top, bottom)

    @staticmethod
    def get_constant(v: Any) -> Any:
        """Return the number that all elements of a variable are known to be, None where there is none."""
        return number_of(v) if isinstance(v, Variable) else v

    def simplify(self, num: Sequence[Any], denum: Sequence[Any], out_type: Any) -> Any:
        """Return numerators and denominators without what stands on both sides, with one constant."""
        found = self.simplify_constants(*self.simplify_factors(list(num), list(denum)), out_type=out_type)
        for simplifier, _ in self.external_simplifiers:
            found = simplifier(*found)
        return found

    def simplify_factors(self, num: list[Any], denum: list[Any]) -> tuple[list[Any], list[Any]]:
        """Take away what is both above and below."""
        for v in list(num):
            if any(v is w for w in denum):
                num.pop(next(i for i, w in enumerate(num) if w is v))
                denum.pop(next(i for i, w in enumerate(denum) if w is v))
        return num, denum

    def simplify_constants(self, orig_num: list[Any], orig_denum: list[Any], out_type: Any = None) -> Any:
        """Put the constants of both sides into one, in front of the numerators; none where it is neutral."""
        numbers: tuple[list[Any], list[Any]] = ([], [])
        rest: tuple[list[Any], list[Any]] = ([], [])
        for place, side in enumerate((orig_num, orig_denum)):
            for v in side:
                number = self.get_constant(v)
                if number is None:
                    rest[place].append(v)
                else:
                    numbers[place].append(number)
        if not numbers[1] and len(numbers[0]) == 1 and number_of(orig_num[0]) is not None:
            neutral = self.calculate([], [], aslist=False)
            if rest[0] and bool(numbers[0][0] == neutral):
                return rest
            return orig_num, orig_denum
        found = self.calculate(*numbers, aslist=True, out_type=out_type)
        dtype = None if out_type is None else out_type.dtype
        front = [constant(np.asarray(n, dtype=dtype)) for n in found]
        return front + rest[0], rest[1]

    def transform(self, node: Apply) -> Any:
        """Return the simplified expression in a list, or False."""
        if node.op not in (self.main, self.inverse, self.reciprocal):
            return False
        (out,) = node.outputs
        for reader, _ in out.clients:
            if isinstance(reader, Apply) and reader.op in (self.main, self.inverse, self.reciprocal):
                return False  # the whole expression is looked at instead
        orig_num, orig_denum = self.get_num_denum(out)
        num, denum = self.simplify(list(orig_num), list(orig_denum), out.type)
        if num == orig_num and denum == orig_denum:
            return False
        new = self.merge_num_denum(num, denum)
        gone = [v for v in (*orig_num, *orig_denum) if not any(v is w for w in (*num, *denum))]
        if new.type.dtype != out.type.dtype:  # type: ignore[attr-defined]
            new = cast(new, out.type.dtype)  # type: ignore[attr-defined]
        new = spread_like(new, out, gone)
        return False if new is None else [copy_stack_trace(out, new)]

    def __str__(self) -> str:
        return self.name or f"Canonizer({self.main}, {self.inverse}, {self.reciprocal})"


def _in_type(numbers: Sequence[Any], out_type: Any) -> list[Any]:
    return [np.asarray(n) if out_type is None else np.asarray(n, out_type.dtype) for n in numbers]


def add_calculate(num: Sequence[Any], denum: Sequence[Any], aslist: bool = False, out_type: Any = None) -> Any:
    """Return the sum of numbers less that of others; with ``aslist`` in a list, which is empty for 0."""
    total: Any = 0 if out_type is None else np.zeros((), out_type.dtype)
    for n in _in_type(num, out_type):
        total = total + n
    for n in _in_type(denum, out_type):
        total = total - n
    return ([] if bool(np.all(total == 0)) else [total]) if aslist else total


def mul_calculate(num: Sequence[Any], denum: Sequence[Any], aslist: bool = False, out_type: Any = None) -> Any:
    """Return the product of numbers over that of others; with ``aslist`` in a list, which is empty for 1."""
    total: Any = 1 if out_type is None else np.ones((), out_type.dtype)
    with np.errstate(all="ignore"):
        for n in _in_type(num, out_type):
            total = total * n
        for n in _in_type(denum, out_type):
            total = total / n
    return ([] if bool(np.all(total == 1)) else [total]) if aslist else total


def check_for_x_over_absX(numerators: Sequence[Any], denominators: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return both with sgn(x) in place of x above |x|. (A simplifier for the canonizer of products.)"""
    from theon.ops.arith import sgn

    num, denum = list(numerators), list(denominators)
    for below in list(denum):
        node = below.owner
        if node is None or not isinstance(node.op, Elemwise) or node.op.scalar_op.kind != "abs_":
            continue
        for place, above in enumerate(num):
            if above is node.inputs[0]:
                num[place] = sgn(above)
                denum.remove(below)
                break
    return num, denum


local_add_canonizer = Canonizer(add, sub, neg, add_calculate)
local_mul_canonizer = Canonizer(mul, true_div, inv, mul_calculate, False)
local_mul_canonizer.add_simplifier(check_for_x_over_absX, "X_over_absX")
local_add_canonizer.name, local_mul_canonizer.name = "local_add_canonizer", "local_mul_canonizer"
