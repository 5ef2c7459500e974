"""Real Fourier transforms over all dimensions but the first; the last dimension of a spectrum is (real, imaginary)."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.dtypes import float_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.ops.arith import minimum
from theon.ops.cast import cast
from theon.ops.complex import real
from theon.ops.declare import TensorOp
from theon.ops.dims import patternbroadcast
from theon.ops.explog import sqrt
from theon.ops.fill import alloc
from theon.ops.index import set_subtensor
from theon.ops.join import join, stack
from theon.ops.reduce import prod
from theon.ops.shape import shape
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["ComplexFFT", "IRFFTOp", "RFFTOp", "fft", "fftn", "ifft", "ifftn", "irfft", "irfft_op", "rfft", "rfft_op"]


class _Transform(TensorOp):
    __module__ = "theano.tensor.fft"
    __props__ = ()

    def convert(self, *inputs: Any) -> list[Any]:
        """The sizes default to what the input says. TypeError for what is no real tensor, or sizes that are no integers."""
        a = as_tensor_variable(inputs[0])
        if a.type.dtype not in float_dtypes:
            raise TypeError(f"{type(self).__name__}: input must be of type float, not {a.type.dtype}")
        if a.type.ndim < 2 + self._extra:
            raise TypeError(
                f"{type(self).__name__}: input must have dimension > {1 + self._extra}, with first dimension batches"
            )
        if len(inputs) == 1 or inputs[1] is None:
            s = self.default_sizes(a)
            s.tag.fits = a
        else:
            s = as_tensor_variable(inputs[1])
        if (
            s.type.dtype not in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
            or s.type.ndim != 1
        ):
            raise TypeError("length of the transformed axis must be a vector of integers")
        return [a, s]

    _extra = 0

    def default_sizes(self, a: Any) -> Any:
        """The sizes of the real side."""
        raise TypeError("sizes are needed")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the sizes."""
        return [[True], [False]]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Linear."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]


def _inner(g: Any, s: Any, factor: float) -> Any:
    """The spectrum with what stands for two conjugate frequencies multiplied."""
    n = s[-1]
    where = (slice(None),) * (g.type.ndim - 2) + (slice(1, n // 2 + n % 2), slice(None))
    return set_subtensor(g[where], g[where] * np.asarray(factor, g.type.dtype))


def _fitted(g: Any, x: Any, s: Any, last: int) -> Any:
    """The gradient ``g`` cut or filled with zeros to the sizes of ``x``, which sizes that were given may not be."""
    if getattr(s.tag, "fits", None) is not x:
        for d in range(1, last):
            n = minimum(x.shape[d], g.shape[d])
            g = g[(*(slice(None),) * d, slice(None, n))]
            padding = [x.shape[e] - n if e == d else g.shape[e] for e in range(g.type.ndim)]
            g = join(d, g, alloc(np.zeros((), g.type.dtype), *padding))
    return patternbroadcast(g, x.type.broadcastable)


class RFFTOp(_Transform):
    """The transform of real tensors, not normalised: inputs (batch, ...), sizes."""

    def default_sizes(self, a: Any) -> Any:
        """Those of the input."""
        return shape(a)[1:]

    def infer(self, a: Any, s: Any) -> TensorType:
        """One dimension more."""
        return TensorType(a.type.dtype, [a.type.broadcastable[0]] + [False] * a.type.ndim)

    def reference(self, xp: Any, a: Any, s: Any) -> Any:
        """NumPy's."""
        found = np.fft.rfftn(a, [int(n) for n in s], axes=range(1, a.ndim))
        return np.stack([found.real, found.imag], axis=-1)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The inverse, halved where a frequency stands for two."""
        a, s = inputs
        return [_fitted(irfft_op(_inner(output_grads[0], s, 0.5), s), a, s, a.type.ndim), DisconnectedType()()]


class IRFFTOp(_Transform):
    """The inverse of :class:`RFFTOp`, not normalised: inputs spectrum (batch, ..., 2), sizes of the result."""

    _extra = 1

    def default_sizes(self, a: Any) -> Any:
        """An even last size."""
        s = shape(a)[1:-1]
        return set_subtensor(s[-1], (s[-1] - 1) * 2)

    def infer(self, a: Any, s: Any) -> TensorType:
        """One dimension less."""
        return TensorType(a.type.dtype, [a.type.broadcastable[0]] + [False] * (a.type.ndim - 2))

    def reference(self, xp: Any, a: Any, s: Any) -> Any:
        """NumPy's, times the number of elements."""
        sizes = [int(n) for n in s]
        found = np.fft.irfftn(a[..., 0] + 1j * a[..., 1], sizes, axes=range(1, a.ndim - 1))
        return found * np.prod(sizes)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The transform, doubled where a frequency stands for two."""
        a, s = inputs
        return [_fitted(_inner(rfft_op(output_grads[0], s), s, 2.0), a, s, a.type.ndim - 1), DisconnectedType()()]


rfft_op, irfft_op = RFFTOp(), IRFFTOp()


def _scaled(x: Any, s: Any, norm: Any, plain: Any) -> Any:
    """``norm``: None for the usual side, "ortho" for both, "no_norm" for neither. ValueError for another."""
    if norm not in (None, "ortho", "no_norm"):
        raise ValueError(f"Invalid value {norm} for norm, must be None, 'ortho' or 'no norm'")
    if norm == "ortho":
        return x / sqrt(cast(prod(s), x.type.dtype))
    return x / cast(prod(s), x.type.dtype) if plain and norm is None else x


def rfft(inp: Any, norm: Any = None) -> Any:
    """Return the transform of (batch, ..., n) over all but the first dimension: (batch, ..., n // 2 + 1, 2).

    ``norm``: None (the inverse divides), "ortho" (both divide by the root), "no_norm".
    """
    a = as_tensor_variable(inp)
    s = shape(a)[1:]
    s.tag.fits = a
    return _scaled(rfft_op(a, s), s, norm, plain=False)


def irfft(inp: Any, norm: Any = None, is_odd: bool = False) -> Any:
    """Return the inverse of :func:`rfft`; ``is_odd`` says that the last size of the result is odd."""
    if is_odd not in (True, False):
        raise ValueError(f"Invalid value {is_odd} for is_odd, must be True or False")
    a = as_tensor_variable(inp)
    middle = shape(a)[1:-1]
    last = (middle[-1] - 1) * 2 + int(is_odd)
    s = join(0, middle[:-1], last.dimshuffle("x"))
    s.tag.fits = a
    return _scaled(irfft_op(a, s), s, norm, plain=True)


class ComplexFFT(TensorOp):
    """The discrete Fourier transform over ``axes``, or its inverse; inputs: the array and the sizes to cut or pad to.

    ``norm`` as NumPy's: "backward", "ortho", "forward".
    """

    __module__ = "theon.ops.fourier"
    __props__ = ("axes", "inverse", "norm")

    def __init__(self, axes: tuple[int, ...], inverse: bool = False, norm: str = "backward") -> None:
        self.axes, self.inverse, self.norm = tuple(axes), inverse, norm

    def infer(self, a: Any, s: Any) -> TensorType:
        """Complex, of unknown sizes along the axes. TypeError for sizes that are no vector of integers."""
        if s.type.ndim != 1 or not s.type.dtype.startswith(("int", "uint")):
            raise TypeError(f"the sizes of a transform are a vector of integers, not {s.type}")
        dtype = "complex64" if a.type.dtype in ("complex64", "float32", "float16") else "complex128"
        sizes = [None if d in self.axes else n for d, n in enumerate(a.type.shape)]
        return TensorType(dtype, shape=sizes)

    def reference(self, xp: Any, a: Any, s: Any) -> Any:
        """NumPy's."""
        transform = np.fft.ifftn if self.inverse else np.fft.fftn
        return transform(a, [int(n) for n in s], self.axes, self.norm)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the sizes."""
        return [[True], [False]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The adjoint: the other transform with the other side's factor, cut or padded to the input's sizes."""
        a, s = inputs
        other = {"backward": "forward", "forward": "backward", "ortho": "ortho"}[self.norm]
        g = ComplexFFT(self.axes, not self.inverse, other)(output_grads[0], s)
        for place, d in enumerate(self.axes):
            n = minimum(a.shape[d], s[place])
            g = g[(*(slice(None),) * d, slice(None, n))]
            padding = [a.shape[e] - n if e == d else g.shape[e] for e in range(a.type.ndim)]
            g = join(d, g, alloc(np.zeros((), g.type.dtype), *padding))
        return [g if a.type.dtype.startswith("complex") else real(g).astype(a.type.dtype), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Linear."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]


def _complex(a: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    a = as_tensor_variable(a)
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"Invalid norm value {norm}; should be None, 'backward', 'ortho' or 'forward'")
    if axes is None:
        axes = range(a.type.ndim) if s is None else range(a.type.ndim - len(s), a.type.ndim)
    for d in axes:
        if not -a.type.ndim <= d < a.type.ndim:
            raise ValueError(message(f"there is no dimension {d} to transform along", [a]))
    axes = tuple(d % a.type.ndim for d in axes)
    if s is not None and len(s) != len(axes):
        raise ValueError(f"{len(s)} sizes for {len(axes)} axes")
    sizes = [a.shape[d] for d in axes] if s is None else list(s)
    return ComplexFFT(axes, inverse, norm or "backward")(
        a, stack([cast(as_tensor_variable(n), "int64") for n in sizes])
    )


def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Return the discrete Fourier transform along ``axis``, complex, as ``numpy.fft.fft``; ``n`` cuts or pads the input.

    complex64 for float32 and complex64, else complex128. ValueError for an axis or a ``norm`` that is not there. The gradient of
    a complex variable holds the derivatives by its real and by its imaginary part.
    """
    return _complex(a, None if n is None else [n], [axis], norm, False)


def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Return the inverse of :func:`fft`."""
    return _complex(a, None if n is None else [n], [axis], norm, True)


def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """Return the discrete Fourier transform over ``axes`` (all, or the last ``len(s)``), as ``numpy.fft.fftn``."""
    return _complex(a, s, axes, norm, False)


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """Return the inverse of :func:`fftn`."""
    return _complex(a, s, axes, norm, True)
