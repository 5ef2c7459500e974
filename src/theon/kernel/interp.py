"""Kernels run on NumPy arrays: the plain meaning of the IR, which tests hold against the machine code.

Loops over outer axes are Python loops; a pass is evaluated as a whole, since its positions do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Final

import numpy as np

from theon.kernel.loops import Kernel, Pass
from theon.kernel.scalar import Scalar

__all__ = ["evaluate", "run_kernel"]

Array = np.ndarray[Any, Any]

_COMBINE: Final[dict[str, Any]] = {
    "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum, "and": np.bitwise_and, "or": np.bitwise_or,
}  # fmt: skip
_BINARY: Final[dict[str, Any]] = {
    **_COMBINE, "sub": np.subtract, "div": np.true_divide, "xor": np.bitwise_xor, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip
_UNARY: Final[dict[str, Any]] = {
    "neg": np.negative, "abs": np.abs, "not": np.invert, "isnan": np.isnan, "isinf": np.isinf, "floor": np.floor,
    "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "sqrt": np.sqrt,
}  # fmt: skip


def _sigmoid(x: Array) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Array) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _function(name: str) -> Callable[..., Any]:
    """The library function of a ``math`` node."""
    if name in ("sigmoid", "softplus"):
        return _sigmoid if name == "sigmoid" else _softplus
    if name == "pow":
        return np.power
    found = getattr(np, name, None)
    if found is None:
        import scipy.special

        if name in ("gammal", "gammau"):
            part = getattr(scipy.special, "gammainc" if name == "gammal" else "gammaincc")
            return lambda a, x: part(a, x) * scipy.special.gamma(a)
        found = getattr(scipy.special, name)
    return found  # type: ignore[no-any-return]


def _divided(op: str, x: Array, y: Array) -> Array:
    """Quotient or remainder by Python's rules; integers divided by zero give 0."""
    how: Any = np.floor_divide if op == "floordiv" else np.remainder
    if x.dtype.kind == "f":
        return np.asarray(how(x, y))
    zero = y == 0
    return np.asarray(np.where(zero, x.dtype.type(0), how(x, np.where(zero, y.dtype.type(1), y))))


def _shifted(op: str, x: Array, y: Array) -> Array:
    """A shift; by the width or more it leaves nothing, or the sign."""
    bits = x.dtype.itemsize * 8
    far = (y < 0) | (y.astype(np.int64) >= bits)
    amount = np.where(far, x.dtype.type(bits - 1), y)
    if op == "shl":
        return np.where(far, x.dtype.type(0), np.left_shift(x, amount))
    moved = np.right_shift(x, amount)
    return moved if x.dtype.kind == "i" else np.where(far, x.dtype.type(0), moved)


def evaluate(root: Scalar, leaf: Callable[[Scalar], Any], known: dict[int, Any]) -> Array:
    """Return the value of an expression; ``leaf`` gives those of leaves that are no literals, ``known`` remembers nodes."""
    stack = [root]
    with np.errstate(all="ignore"):
        while stack:
            x = stack[-1]
            if id(x) in known:
                stack.pop()
                continue
            waiting = [a for a in x.args if id(a) not in known]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            known[id(x)] = np.asarray(_node(x, [known[id(a)] for a in x.args], leaf), dtype=np.dtype(x.dtype))
    return known[id(root)]  # type: ignore[no-any-return]


def _node(x: Scalar, args: list[Array], leaf: Callable[[Scalar], Any]) -> Any:
    op = x.op
    if op == "const":
        return np.asarray(x.attr).astype(x.dtype)
    if not args:
        return leaf(x)
    if op in ("floordiv", "mod"):
        return _divided(op, *args)
    if op in ("shl", "shr"):
        return _shifted(op, *args)
    if op == "select":
        return np.where(*args)
    if op == "cast":
        return args[0] != 0 if x.dtype == "bool" else args[0].astype(x.dtype)
    if op == "math":
        # As machine code does at 0-d values: float32 in double, rounded once.
        return _function(x.attr)(*(a.astype(np.float64) for a in args)).astype(x.dtype)
    if op == "sub" and x.dtype == "bool":
        return np.bitwise_xor(*args)
    return _BINARY[op](*args) if op in _BINARY else _UNARY[op](*args)


class _Run:
    def __init__(self, kernel: Kernel, extents: Sequence[int], operands: Sequence[Array]) -> None:
        self.kernel, self.extents = kernel, list(extents)
        scratch = [np.zeros(o.size, o.dtype) for o in kernel.operands if o.kind == "scratch"]
        self.operands = [*operands, *scratch]
        self.results: dict[int, Any] = {}
        self.at: dict[int, int] = {}  # axes with one position
        self.swept: tuple[int, ...] = ()

    def region(self, number: int) -> Array:
        """What an operand holds at the positions of the pass, one dimension for each swept axis, of size 1 where constant."""
        axes = self.kernel.operands[number].axes
        picked: Any = tuple(self.at[a] if a in self.at else slice(None, self.extents[a]) for a in axes)
        found = self.operands[number][(*picked, ...)]
        left = [a for a in axes if a not in self.at]
        found = found.transpose([left.index(a) for a in self.swept if a in left])
        return found.reshape([self.extents[a] if a in left else 1 for a in self.swept])

    def target(self, number: int) -> Array:
        """The same as a view that may be written, with one dimension for each swept axis the operand varies along."""
        axes = self.kernel.operands[number].axes
        picked: Any = tuple(self.at[a] if a in self.at else slice(None, self.extents[a]) for a in axes)
        found = self.operands[number][(*picked, ...)]
        left = [a for a in axes if a not in self.at]
        return found.transpose([left.index(a) for a in self.swept if a in left])

    def leaf(self, x: Scalar) -> Any:
        if x.op == "load":
            return self.region(x.attr).copy()
        if x.op == "extent":
            return self.extents[x.attr]
        if x.op == "result":
            return self.results[x.attr]
        if x.attr in self.at:
            return self.at[x.attr]
        place = self.swept.index(x.attr)
        shape = [-1 if d == place else 1 for d in range(len(self.swept))]
        return np.arange(self.extents[x.attr]).reshape(shape)

    def one_pass(self, p: Pass, outer: dict[int, int]) -> None:
        self.at, self.swept = dict(outer), ()
        self.at |= {axis: int(evaluate(place, self.leaf, {})) for axis, place in p.fixed}
        self.swept = p.axes
        shape = [self.extents[a] for a in p.axes]
        known: dict[int, Any] = {}
        values = [np.broadcast_to(evaluate(r.value, self.leaf, known), shape) for r in p.reductions]
        stored = [np.broadcast_to(evaluate(s.value, self.leaf, known), shape) for s in p.stores]
        for s, value in zip(p.stores, stored):
            target = self.target(s.operand)
            along = self.kernel.operands[s.operand].axes
            rest = tuple(d for d, a in enumerate(p.axes) if a not in along)
            if s.accumulate is not None:
                combine = _COMBINE[s.accumulate]
                if rest and not value.size:
                    continue
                value = combine(target, combine.reduce(value, axis=rest, dtype=value.dtype) if rest else value)
            target[...] = value
        for r, value in zip(p.reductions, values):
            self.results[r.result] = self._reduced(r.op, value, r.dtype)

    def _reduced(self, op: str, value: Array, dtype: str) -> Any:
        if op in ("argmax", "argmin"):
            how = np.argmax if op == "argmax" else np.argmin
            return np.int64(how(value) if value.size else -1)
        combine = _COMBINE[op]
        start: dict[str, Any] = {}
        if op in ("max", "min"):
            kind = np.dtype(dtype).kind
            info: Any = None if kind in "fb" else np.iinfo(dtype)
            lowest = -np.inf if kind == "f" else False if kind == "b" else info.min
            highest = np.inf if kind == "f" else True if kind == "b" else info.max
            start = {"initial": np.dtype(dtype).type(lowest if op == "max" else highest)}
        return combine.reduce(value, axis=None, dtype=np.dtype(dtype), **start)


def run_kernel(kernel: Kernel, extents: Sequence[int], operands: Sequence[Array]) -> None:
    """Run a verified ``kernel`` in place on ``operands``, all but its scratch memory.

    Operand k is an array with one dimension for each of its axes, in their order, as long as the axis.

    >>> from theon.kernel.loops import Operand, Store
    >>> from theon.kernel.scalar import make
    >>> x = make("load", "float64", (), 0)
    >>> twice = Pass((0,), stores=(Store(1, make("add", "float64", (x, x))),))
    >>> kernel = Kernel(1, (), (Operand("float64", (0,)), Operand("float64", (0,), "write")), (twice,))
    >>> out = np.zeros(3)
    >>> run_kernel(kernel, [3], [np.arange(3.0), out]); out
    array([0., 2., 4.])
    """
    run = _Run(kernel, extents, operands)
    for position in product(*(range(run.extents[a]) for a in kernel.outer)):
        outer = dict(zip(kernel.outer, position))
        with np.errstate(all="ignore"):
            for p in kernel.passes:
                run.one_pass(p, outer)
