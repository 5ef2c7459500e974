"""Fourier transforms: one call of a routine for each dimension, the last one first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.pairs import PART
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.schedule.expression import item, k, plus, product, times
from theon.schedule.lower import Lowering, Unsupported, lowers
from theon.schedule.sizes import elements, least, most
from theon.schedule.step import NativeCall
from theon.schedule.workspace import rounded, workspace

__all__: list[str] = []


class _Array:
    """Contiguous memory of ``sizes``, each element of which is one real number or two."""

    def __init__(self, low: Lowering, number: int, sizes: Sequence[Scalar], parts: int) -> None:
        self.low, self.number, self.sizes, self.parts = low, number, tuple(sizes), parts
        t = low.tensors[number]
        self.buffer, self.offset, self.dtype = t.buffer, low.offset_of(number), PART.get(t.dtype, t.dtype)

    def along(self, d: int) -> int:
        """A tensor of what is before a dimension, the dimension, what is behind it, and the parts of a number."""
        before, n, behind = product(self.sizes[:d]), self.sizes[d], product(self.sizes[d + 1 :])
        step = const(item(self.dtype))
        strides = [step, times(const(self.parts), step)]
        for size in (behind, n):
            strides.append(times(size, strides[-1]))
        sizes = (before, n, behind, const(self.parts))
        return self.low.tensor(self.buffer, self.dtype, 4, sizes, tuple(reversed(strides)), self.offset)


def _step(low: Lowering, x: _Array, out: _Array, d: int, n: Scalar, kind: int, inverse: bool, scale: int) -> None:
    from theon.codegen import pool, tile
    from theon.codegen.fourier import LIMIT
    from theon.codegen.fourier_plans import length
    from theon.codegen.shared import LOCK

    low.check(make("ge", BOOL, (n, const(1))))
    size, lane, threads = item(x.dtype), tile.lanes(x.dtype), pool.budget()
    # As many lines as are taken together; room for a convolution, which is not three times as long.
    few = LIMIT // size
    if n.op == "const" and n.attr >= 1:
        longest = max(length(n.attr), length(n.attr // 2) if kind and n.attr % 2 == 0 else 1, n.attr + 1)
        numbers = const(longest * lane if n.attr * lane <= 2 * few else longest)
    else:
        numbers = times(const(3), most(n, least(times(n, const(lane)), const(2 * few))))
    number, target = x.along(d), out.along(d)
    room = rounded(plus(numbers, const(16 * lane)), 16)
    slot = rounded(plus(times(room, const(4 * size)), const(LOCK)), 64)
    lines = times(low.sizes_of(number)[0], low.sizes_of(number)[2])
    slots = least(const(threads), most(lines, const(1)))
    (memory,) = workspace(low, [("uint8", plus(times(slot, slots), const(64)))])
    given = (n, const(kind), const(int(inverse)), const(scale), slots, slot, room)
    low.steps.append(NativeCall("fourier", (number,), (target, memory), given, (), 0))


def _transformed(
    low: Lowering, x: _Array, out: Variable, dtype: str, steps: Sequence[tuple[int, Scalar, Scalar, int]], inverse: bool,
    scale: int, parts: int,
) -> None:  # fmt: skip
    """Do steps (dimension, length, what size that gives, kind) one after the other, where possible in the memory of the result."""
    from theon.codegen.fourier import REAL

    whole: list[Scalar] = list(x.sizes)
    for d, _, size, _ in steps:
        whole[d] = size
    last = tuple(whole) if parts == 1 or dtype in PART else (*whole, const(2))
    result = low.fresh(out, dtype, last)
    if not low.is_dense(result):
        raise Unsupported("a place that is not contiguous")
    final = _Array(low, result, whole, parts)
    for d, n, size, kind in steps:
        sizes = (*x.sizes[:d], size, *x.sizes[d + 1 :])
        pairs = 1 if kind == REAL else 2
        if pairs == parts and all(a is b for a, b in zip(sizes, whole)):
            target = final
        else:
            part = PART.get(dtype, dtype)
            number = low.fresh(None, part, (*sizes, const(pairs)))
            target = _Array(low, number, sizes, pairs)
        _step(low, x, target, d, n, kind, inverse, scale)
        x = target
    low.memory[out] = result


def _half(n: Scalar) -> Scalar:
    """How many frequencies a real line of length n has."""
    if n.op == "const":
        return const(n.attr // 2 + 1)
    return plus(make("floordiv", n.dtype, (n, const(2))), const(1))


def _given(low: Lowering, x: Variable, dtype: str, parts: int) -> _Array:
    """What is transformed, contiguous and of one dtype."""
    number = low.as_dense(low.as_dtype(x, dtype))
    sizes = low.sizes_of(number)
    return _Array(low, number, sizes if parts == 1 or dtype in PART else sizes[:-1], parts)


def _real(node: Apply) -> str:
    dtype = str(node.outputs[0].type.dtype)  # type: ignore[attr-defined]
    if dtype not in ("float32", "float64"):
        raise Unsupported(dtype)
    return dtype


@lowers("RFFTOp")
def rfft(low: Lowering, node: Apply) -> None:
    """All dimensions but the first; the last one is that of real lines."""
    from theon.codegen.fourier import COMPLEX, HALF

    dtype = _real(node)
    x = _given(low, node.inputs[0], dtype, 1)
    sizes = elements(low, node.inputs[1], len(x.sizes) - 1, exact=True)
    last = len(sizes)
    steps = [(last, sizes[-1], _half(sizes[-1]), HALF)]
    steps += [(d, sizes[d - 1], sizes[d - 1], COMPLEX) for d in range(last - 1, 0, -1)]
    _transformed(low, x, node.outputs[0], dtype, steps, False, 0, 2)


@lowers("IRFFTOp")
def irfft(low: Lowering, node: Apply) -> None:
    """The dimensions of complex lines, then the last one."""
    from theon.codegen.fourier import COMPLEX, REAL

    dtype = _real(node)
    spectrum = low.as_dense(low.as_dtype(node.inputs[0], dtype))
    low.same(low.sizes_of(spectrum)[-1], const(2))
    x = _Array(low, spectrum, low.sizes_of(spectrum)[:-1], 2)
    sizes = elements(low, node.inputs[1], len(x.sizes) - 1, exact=True)
    last = len(sizes)
    steps = [(d, sizes[d - 1], sizes[d - 1], COMPLEX) for d in range(1, last)]
    steps.append((last, sizes[-1], sizes[-1], REAL))
    _transformed(low, x, node.outputs[0], dtype, steps, True, 0, 1)


@lowers("ComplexFFT")
def fft(low: Lowering, node: Apply) -> None:
    """The named dimensions; of a real array the first step makes whole spectra."""
    from theon.codegen.fourier import COMPLEX, FULL

    op: Any = node.op
    (out,), a = node.outputs, node.inputs[0]
    dtype, given = str(out.type.dtype), str(a.type.dtype)  # type: ignore[attr-defined]
    if not op.axes:
        raise Unsupported("no dimensions")
    x = _given(low, a, given if given in PART else PART[dtype], 2 if given in PART else 1)
    sizes = elements(low, node.inputs[1], len(op.axes), exact=True)
    steps = [(d, n, n, COMPLEX) for d, n in reversed(list(zip(op.axes, sizes)))]
    if given not in PART:
        steps[0] = (*steps[0][:3], FULL)
    scale = 0 if op.norm == ("forward" if op.inverse else "backward") else 2 if op.norm == "ortho" else 1
    _transformed(low, x, out, dtype, steps, op.inverse, scale, 2)


@lowers("Fourier")
def older_fft(low: Lowering, node: Apply) -> None:
    """One dimension, which must be known."""
    from theon.codegen.fourier import COMPLEX, FULL

    a, n, axis = node.inputs
    (out,) = node.outputs
    if not isinstance(axis, Constant):
        raise Unsupported("a dimension that is not known")
    given = str(a.type.dtype) in PART  # type: ignore[attr-defined]
    x = _given(low, a, "complex128" if given else "float64", 2 if given else 1)
    size = k.cast(low.as_scalar(n), INDEX)
    d = int(axis.data) % len(x.sizes)
    _transformed(low, x, out, "complex128", [(d, size, size, COMPLEX if given else FULL)], False, 0, 2)
