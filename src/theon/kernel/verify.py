"""The rules that kernels and scalar expressions obey; :func:`verify_kernel` names the first one that is broken.

Tests verify every kernel that is scheduled. Code generation relies on these rules and checks nothing itself: a kernel that
breaks one may read memory outside its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from theon.kernel.loops import Kernel, Pass
from theon.kernel.scalar import BOOL, INDEX, Scalar
from theon.kernel.text import kernel_text, scalar_text

__all__ = ["InvalidKernel", "verify_kernel", "verify_scalar"]


class InvalidKernel(Exception):
    """A kernel or a scalar expression that breaks a rule; the message says which and shows the kernel."""


_INTEGERS: Final = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_FLOATS: Final = frozenset({"float16", "float32", "float64"})
_ALL: Final = _INTEGERS | _FLOATS | {BOOL}
_LEAVES: Final = frozenset({"const", "load", "axis", "extent", "result", "dim", "stride", "elem"})
# op -> dtypes it is defined for; operands and result have the same one.
_SAME: Final = {
    "add": _ALL, "mul": _ALL, "sub": _ALL, "min": _ALL, "max": _ALL, "div": _FLOATS, "floordiv": _INTEGERS | _FLOATS,
    "mod": _INTEGERS | _FLOATS, "and": _INTEGERS | {BOOL}, "or": _INTEGERS | {BOOL}, "xor": _INTEGERS | {BOOL},
    "shl": _INTEGERS, "shr": _INTEGERS,
}  # fmt: skip
_ONE: Final = {
    "neg": _INTEGERS | _FLOATS, "abs": _INTEGERS | _FLOATS, "not": _INTEGERS | {BOOL}, "floor": _FLOATS, "ceil": _FLOATS,
    "trunc": _FLOATS, "rint": _FLOATS, "sqrt": _FLOATS,
}  # fmt: skip
_COMPARED: Final = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_TWO: Final = frozenset(
    {"pow", "arctan2", "hypot", "gammainc", "gammaincc", "gammal", "gammau", "gammainc_by_a", "jv", "iv", "zeta"}
)
_COMBINE: Final = frozenset({"add", "mul", "max", "min", "and", "or"})


def _need(good: bool, rule: str) -> None:
    if not good:
        raise InvalidKernel(rule)


def _shown(x: Scalar) -> str:
    text = scalar_text(x)
    return text if len(text) <= 120 else text[:60] + " ... " + text[-50:]


def _check(x: Scalar) -> None:
    """The rule of one inner node: number and dtypes of its operands."""
    given = [a.dtype for a in x.args]
    if x.op in _SAME:
        good = len(given) == 2 and set(given) == {x.dtype} and x.dtype in _SAME[x.op]
    elif x.op in _ONE:
        good = given == [x.dtype] and x.dtype in _ONE[x.op]
    elif x.op in _COMPARED:
        good = len(given) == 2 and given[0] == given[1] and x.dtype == BOOL
    elif x.op == "select":
        good = given == [BOOL, x.dtype, x.dtype]
    elif x.op == "cast":
        good = len(given) == 1 and x.dtype in _ALL
    elif x.op in ("isnan", "isinf"):
        good = len(given) == 1 and given[0] in _FLOATS and x.dtype == BOOL
    elif x.op == "math":
        good = len(given) == (2 if x.attr in _TWO else 1) and set(given) == {x.dtype} and x.dtype in _FLOATS
    else:
        raise InvalidKernel(f"no such operation: {x.op!r}")
    if not good:
        raise InvalidKernel(f"{x.op}:{x.dtype} of operands of dtypes {given}: {_shown(x)}")


def verify_scalar(roots: Iterable[Scalar], leaf: Callable[[Scalar], None], done: dict[int, Scalar]) -> None:
    """Check every node of expressions, leaves that are no literals with ``leaf``; ``done`` remembers nodes that were checked."""
    stack = list(roots)
    while stack:
        x = stack.pop()
        if id(x) in done:
            continue
        done[id(x)] = x
        _need(x.dtype in _ALL, f"no such dtype: {x.dtype}")
        if x.op in _LEAVES:
            _need(not x.args, f"a leaf with operands: {x.op}")
            if x.op == "const":
                wanted = bool if x.dtype == BOOL else float if x.dtype in _FLOATS else int
                _need(type(x.attr) is wanted, f"a literal of {x.dtype} is {x.attr!r}")
            else:
                leaf(x)
            continue
        _check(x)
        stack.extend(x.args)


class _Verifier:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.results: dict[int, str] = {}  # reductions of earlier passes
        self.written: set[int] = set()  # operands that earlier passes stored into
        self.positions: set[int] = set()  # axes that have a position here

    def run(self) -> None:
        kernel = self.kernel
        scratch = False
        for number, o in enumerate(kernel.operands):
            _need(o.kind in ("read", "write", "update", "drawn", "scratch"), f"operand {number} is of kind {o.kind!r}")
            _need(o.dtype in _ALL, f"operand {number} has dtype {o.dtype}")
            _need(self._are_axes(o.axes), f"operand {number} varies along {o.axes}")
            _need(not scratch or o.kind == "scratch", f"operand {number} comes after scratch memory, which is last")
            scratch = o.kind == "scratch"
            _need(
                (o.size > 0 and len(o.axes) == 1) if scratch else o.size == 0,
                f"operand {number}, {o.kind}, has size {o.size} along {o.axes}",
            )
        _need(self._are_axes(kernel.outer), f"outer axes {kernel.outer}")
        for p in kernel.passes:
            self._pass(p)

    def _are_axes(self, axes: tuple[int, ...]) -> bool:
        return len(set(axes)) == len(axes) and all(0 <= axis < self.kernel.naxes for axis in axes)

    def _pass(self, p: Pass) -> None:
        outer, fixed = self.kernel.outer, tuple(axis for axis, _ in p.fixed)
        _need(self._are_axes((*outer, *p.axes)), f"a pass over {p.axes} inside {outer}")
        _need(self._are_axes((*outer, *fixed, *p.axes)), f"a pass over {p.axes} with axes {fixed} fixed inside {outer}")
        self.positions = set(outer)
        for axis, place in p.fixed:
            _need(place.dtype == INDEX, f"the position along axis {axis} has dtype {place.dtype}")
            verify_scalar([place], self._leaf, {})
        self.positions = {*outer, *fixed, *p.axes}
        done: dict[int, Scalar] = {}
        verify_scalar([r.value for r in p.reductions] + [s.value for s in p.stores], self._leaf, done)
        for s in p.stores:
            _need(0 <= s.operand < len(self.kernel.operands), f"a store to operand {s.operand}")
            o = self.kernel.operands[s.operand]
            _need(o.kind not in ("read", "drawn"), f"a store to operand {s.operand}, which is only read")
            _need(set(o.axes) <= self.positions, f"a store to operand {s.operand} along {o.axes} at {self.positions}")
            _need(s.value.dtype == o.dtype, f"a store of {s.value.dtype} to operand {s.operand} of {o.dtype}")
            if s.accumulate is None:
                _need(set(p.axes) <= set(o.axes), f"operand {s.operand} is written many times: add to it, or vary it")
            else:
                _need(s.accumulate in _COMBINE, f"no such way of combining: {s.accumulate!r}")
                known = o.kind == "update" or s.operand in self.written
                _need(known, f"operand {s.operand} is combined with what nobody wrote")
        for r in p.reductions:
            _need(r.result not in self.results, f"result {r.result} is reduced twice")
            if r.op in ("argmax", "argmin"):
                _need(r.dtype == INDEX and len(p.axes) == 1, f"{r.op} to {r.dtype} over axes {p.axes}")
            else:
                _need(r.op in _COMBINE, f"no such reduction: {r.op!r}")
                _need(r.value.dtype == r.dtype, f"a reduction of {r.value.dtype} to {r.dtype}")
                bitwise = r.op in ("and", "or")
                _need(not (bitwise and r.dtype in _FLOATS), f"{r.op} of {r.dtype}")
        self.results |= {r.result: r.dtype for r in p.reductions}
        self.written |= {s.operand for s in p.stores}

    def _leaf(self, x: Scalar) -> None:
        if x.op == "load":
            _need(0 <= x.attr < len(self.kernel.operands), f"a load of operand {x.attr}")
            o = self.kernel.operands[x.attr]
            _need(o.dtype == x.dtype, f"a load of {x.dtype} from operand {x.attr} of {o.dtype}")
            _need(set(o.axes) <= self.positions, f"a load of operand {x.attr} along {o.axes} at {self.positions}")
            known = o.kind in ("read", "drawn", "update") or x.attr in self.written
            _need(known, f"a load of operand {x.attr}, {o.kind}, that nobody wrote")
        elif x.op in ("axis", "extent"):
            _need(x.dtype == INDEX and 0 <= x.attr < self.kernel.naxes, f"{x.op} {x.attr} of {x.dtype}")
            _need(x.op == "extent" or x.attr in self.positions, f"the position along axis {x.attr}, which is not swept")
        elif x.op == "result":
            _need(self.results.get(x.attr) == x.dtype, f"result {x.attr} of {x.dtype} is not known yet")
        else:
            raise InvalidKernel(f"{x.op} is known to programs, not to kernels")


def verify_kernel(kernel: Kernel) -> None:
    """Return if ``kernel`` obeys every rule; InvalidKernel says which one it breaks.

    Operands vary along axes that the kernel has; loads and stores are made where all their axes have a position; dtypes
    agree; what is loaded was given or written by an earlier pass; results are read after the pass that reduces them.
    """
    try:
        _Verifier(kernel).run()
    except InvalidKernel as broken:
        raise InvalidKernel(f"{broken}\n{kernel_text(kernel)}") from None
