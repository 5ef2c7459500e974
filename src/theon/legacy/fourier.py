"""The first Fourier transform of Theano's sandbox, and the matrix of the cosine transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.type import NullType, generic
from theon.graph.variable import Apply
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["FFT", "GradTodo", "dct_matrix", "fft", "grad_todo", "half_fft", "half_ifft", "ifft"]


class GradTodo(Op):
    """Stands for a gradient that is not defined: a value of the input's type that cannot be computed."""

    __module__ = "theano.sandbox.fourier"
    __props__ = ()

    def make_node(self, x: Any) -> Apply:
        """Return the node."""
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """NotImplementedError, always."""
        raise NotImplementedError("this gradient is not defined")


grad_todo = GradTodo()


class FFT(Op):
    """The transform of the rows (``axis`` 1) or columns (0) of a matrix.

    Inputs: ``frames``, the length ``n`` that rows are cut or filled up to, ``axis``. Outputs: a complex128 matrix and a generic
    value that is None. ``half``: only the first half of the frequencies, of real frames.
    """

    __module__ = "theano.sandbox.fourier"
    __props__ = ("half", "inverse")

    def __init__(self, half: bool = False, inverse: bool = False) -> None:
        self.half, self.inverse = bool(half), bool(inverse)

    def make_node(self, frames: Any, n: Any, axis: Any) -> Apply:
        """Return the node. TypeError for half of the transform of complex frames, and for other ranks."""
        frames, n, axis = as_tensor_variable(frames), as_tensor_variable(n), as_tensor_variable(axis)
        if frames.type.ndim != 2 or n.type.ndim or axis.type.ndim:
            raise TypeError(f"a matrix and two numbers are expected, not {frames.type}, {n.type}, {axis.type}")
        if self.half and frames.type.dtype.startswith("complex"):
            raise TypeError("Argument to HalfFFT must not be complex", frames)
        return Apply(self, [frames, n, axis], [TensorType("complex128", [False, False])(), generic()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """ValueError for half of an odd length, or another axis than 0 and 1."""
        frames, n, axis = inputs[0], int(inputs[1]), int(inputs[2])
        if axis not in (0, 1):
            raise ValueError(f"axis is 0 or 1, not {axis}")
        found = (np.fft.ifft if self.inverse else np.fft.fft)(frames, n, axis)
        if self.half:
            if n % 2:
                raise ValueError("halfFFT on odd-length vectors is undefined")
            found = found[: n // 2] if axis == 0 else found[:, : n // 2]
        output_storage[0][0] = np.asarray(found, dtype="complex128")
        output_storage[1][0] = None

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Not defined: use ``theano.tensor.fft`` for transforms with gradients."""
        return [NullType("theano.sandbox.fourier.FFT has no gradient; theano.tensor.fft has")() for _ in inputs]


fft, ifft = FFT(half=False, inverse=False), FFT(half=False, inverse=True)
half_fft, half_ifft = FFT(half=True, inverse=False), FFT(half=True, inverse=True)


def dct_matrix(rows: int, cols: int, unitary: bool = True) -> np.ndarray[Any, Any]:
    """Return the first ``rows`` rows of the cosine transform of length ``cols``; of unit length each where ``unitary``.

    >>> bool(np.allclose(dct_matrix(4, 4) @ dct_matrix(4, 4).T, np.eye(4)))
    True
    """
    frequency, place = np.arange(rows)[:, None], np.arange(cols)[None, :]
    found = np.cos(np.pi * frequency * (place + 0.5) / cols) * np.sqrt(2.0 / cols)
    if unitary:
        found[0] /= np.sqrt(2.0)
    return found
