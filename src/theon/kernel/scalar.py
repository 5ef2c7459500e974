"""Scalar expressions: the frozen, hash-consed leaves and trees that kernels compute.

A :class:`Scalar` is one node. Equal nodes are the same object, so identity is equality and common
subexpressions exist once. The same nodes describe two things:

* what a kernel computes at one position of its loops (leaves ``load``, ``axis``, ``extent``, ``result``);
* what the program computes once per call about sizes and 0-d values (leaves ``dim``, ``elem``).

Operations (the value of ``Scalar.op``):

=============  ==========================  ========================================================
op             attr                        meaning
=============  ==========================  ========================================================
const          Python bool/int/float       a literal of ``dtype``
load           operand number              element of a kernel operand at the current loop position
axis           axis number                 int64 position along a kernel axis
extent         axis number                 int64 size of a kernel axis
result         result number               value of an earlier reduction (row level)
dim            (tensor number, dim)        int64 size of a program argument
elem           tensor number               value of a 0-d program tensor
add sub mul    -                           wrap for ints; bool add is or, bool mul is and
div            -                           true division, floats only
floordiv mod   -                           Python/NumPy sign rules; x // 0 == x % 0 == 0 for ints
neg abs        -
min max        -                           NaN if either is NaN
lt le gt ge eq ne                          bool result
and or xor not -                           bitwise on ints, logical on bool
shl shr        -                           ints; shifts >= width give 0 (or -1 for negative shr)
select         -                           (bool, a, b)
cast           -                           conversion to ``dtype``, C rules, bool is ``!= 0``
isnan isinf    -                           bool result
floor ceil trunc rint sqrt                 floats; rint rounds half to even
math           function name               library function on floats: exp exp2 expm1 log log2 log10 log1p
                                           sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh
                                           arccosh arctanh pow erf erfc erfinv erfcinv gamma gammaln psi
                                           zeta gammainc gammaincc gammal gammau gammainc_by_a j0 j1 jv i0 i1 iv
                                           sigmoid softplus hypot ... (codegen.mathlib and special list what they know)
=============  ==========================  ========================================================
"""

from __future__ import annotations

import math
import weakref
from typing import Any, Final

__all__ = ["BOOL", "INDEX", "Scalar", "const", "is_plain", "leaves_of", "make"]

INDEX: Final = "int64"
BOOL: Final = "bool"

_MOST_INDICES: Final = 10_000
_indices: dict[int, Scalar] = {}  # sizes, strides and positions that were met: many programs have the same
_interned: weakref.WeakValueDictionary[tuple[Any, ...], Scalar] = weakref.WeakValueDictionary()
# What it holds, looked up without its methods: they would take most of the time.
_references: dict[tuple[Any, ...], weakref.ref[Scalar]] = _interned.data  # type: ignore[attr-defined]


class Scalar:
    """One node of a scalar expression; make it with :func:`make` or a builder, never directly."""

    __slots__ = ("__weakref__", "args", "attr", "dtype", "leaves", "op")

    op: str
    dtype: str
    args: tuple[Scalar, ...]
    attr: Any
    leaves: dict[str, frozenset[Any]]  # by sort of leaf, those below, found by leaves_of

    def __repr__(self) -> str:
        from theon.kernel.text import scalar_text

        return scalar_text(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return make, (self.op, self.dtype, self.args, self.attr)


def make(op: str, dtype: str, args: tuple[Scalar, ...] = (), attr: Any = None) -> Scalar:
    """Return the one node with these fields. Does no type checking: builders and the verifier do."""
    kind = attr.__class__
    # 0.0 == -0.0 and 1 == True == 1.0 in Python, and NaN != NaN; literals must stay apart by their bits.
    own = (math.copysign(1.0, attr) < 0, "nan" if math.isnan(attr) else attr) if kind is float else attr
    key: tuple[Any, ...] = (op, dtype, kind, own, *map(id, args))
    kept = _references.get(key)
    found = kept() if kept is not None else None
    if found is None:
        found = Scalar.__new__(Scalar)
        found.op, found.dtype, found.args, found.attr, found.leaves = op, dtype, args, attr, {}
        _interned[key] = found
    return found


def const(value: bool | int | float, dtype: str = INDEX) -> Scalar:
    """Return a literal of ``dtype``."""
    if dtype == INDEX and type(value) is int:
        found = _indices.get(value)
        if found is None:
            found = make("const", INDEX, (), value)
            if len(_indices) < _MOST_INDICES:
                _indices[value] = found
        return found
    if dtype == BOOL:
        value = bool(value)
    elif dtype.startswith("float"):
        value = float(value)
    else:
        value = int(value)
    return make("const", dtype, (), value)


_PLAIN: Final = frozenset(
    "const load result add sub mul div neg abs min max lt le gt ge eq ne and or xor not select cast isnan isinf floor ceil "
    "trunc rint sqrt".split()
)


def is_plain(root: Scalar) -> bool:
    """Whether every operation of an expression is one that processors have for vectors, wherever it stands."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        to_integer = x.op == "cast" and x.args[0].dtype.startswith("float") and "int" in x.dtype
        if x.op not in _PLAIN or to_integer:
            return False
        stack.extend(x.args)
    return True


def leaves_of(root: Scalar, op: str) -> frozenset[Any]:
    """Return what the leaves ``op`` of an expression name; remembered, so that growing expressions cost no more each time."""
    stack = [root]
    while stack:
        x = stack[-1]
        if op in x.leaves:
            stack.pop()
            continue
        waiting = [arg for arg in x.args if op not in arg.leaves]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        parts = [arg.leaves[op] for arg in x.args]
        if x.op == op:
            x.leaves[op] = frozenset([x.attr])
        elif len(parts) == 1 or (parts and all(part == parts[0] for part in parts)):
            x.leaves[op] = parts[0]
        else:
            x.leaves[op] = frozenset().union(*parts)
    return root.leaves[op]
