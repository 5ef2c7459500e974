"""Convolutions of volumes with the time axis before the channels, and diagonals of pairs of axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply
from theon.nnet import convolutions
from theon.ops.declare import TensorOp
from theon.ops.fill import zeros_like
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "DiagonalSubtensor",
    "IncDiagonalSubtensor",
    "diagonal_subtensor",
    "get_diagonal_subtensor_view",
    "inc_diagonal_subtensor",
]


def get_diagonal_subtensor_view(x: Any, i0: int, i1: int) -> Any:
    """Return the view ``v`` of an array with ``v[.., t, .., j, ..] = x[.., t + n - 1 - j, .., j, ..]``.

    ``t`` runs along axis ``i0``, ``j`` along axis ``i1`` of size ``n``; ``v`` has n - 1 elements less along ``i0``.
    NotImplementedError where axis ``i0`` is shorter than ``i1``.

    >>> get_diagonal_subtensor_view(np.arange(6).reshape(3, 2), 0, 1).tolist()
    [[2, 1], [4, 3]]
    """
    i0, i1 = int(i0), int(i1)
    m, n = x.shape[i0], x.shape[i1]
    if m < n:
        raise NotImplementedError(f"axis {i0} of size {m} is shorter than axis {i1} of size {n}")
    if n == 0:
        return x
    where = [slice(None)] * x.ndim
    where[i0] = slice(n - 1, None)
    sizes, strides = list(x.shape), list(x.strides)
    sizes[i0] = m - n + 1
    strides[i1] -= strides[i0]
    return np.lib.stride_tricks.as_strided(x[tuple(where)], sizes, strides, writeable=x.flags.writeable)


class DiagonalSubtensor(TensorOp):
    """Inputs ``x``, ``i0``, ``i1``; the value of :func:`get_diagonal_subtensor_view`."""

    __module__ = "theano.tensor.nnet.conv3d2d"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = bool(inplace)

    def infer(self, x: Any, i0: Any, i1: Any) -> TensorType:
        """The dtype and rank of ``x``."""
        return TensorType(x.type.dtype, x.type.broadcastable)

    def reference(self, xp: Any, x: Any, i0: Any, i1: Any) -> Any:
        """Copy the view."""
        return get_diagonal_subtensor_view(x, i0, i1).copy()

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Back to where the elements came from."""
        x, i0, i1 = inputs
        back = inc_diagonal_subtensor(zeros_like(x), i0, i1, output_grads[0])
        return [back, DisconnectedType()(), DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the axes."""
        return [[True], [False], [False]]


class IncDiagonalSubtensor(TensorOp):
    """Inputs ``x``, ``i0``, ``i1``, ``amt``; ``x`` with ``amt`` added to its :func:`get_diagonal_subtensor_view`."""

    __module__ = "theano.tensor.nnet.conv3d2d"
    __props__ = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = bool(inplace)

    def infer(self, x: Any, i0: Any, i1: Any, amt: Any) -> TensorType:
        """The type of ``x``."""
        return TensorType(x.type.dtype, x.type.broadcastable)

    def reference(self, xp: Any, x: Any, i0: Any, i1: Any, amt: Any) -> Any:
        """No element of ``x`` is seen twice."""
        out = x.copy()
        view = get_diagonal_subtensor_view(out, i0, i1)
        view += amt
        return out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient itself, and its diagonals."""
        _, i0, i1, _ = inputs
        (g,) = output_grads
        return [g, DisconnectedType()(), DisconnectedType()(), diagonal_subtensor(g, i0, i1)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the axes."""
        return [[True], [False], [False], [True]]


diagonal_subtensor, inc_diagonal_subtensor = DiagonalSubtensor(False), IncDiagonalSubtensor(False)


def conv3d_of_frames(
    signals: Any, filters: Any, signals_shape: Any = None, filters_shape: Any = None, border_mode: Any = "valid"
) -> Any:
    """Return the convolution of signals with filters over time, rows and columns, both of them flipped.

    ``signals`` (batch, time, channels, rows, columns), ``filters`` (filters, time, channels, rows, columns); result (batch, time,
    filters, rows, columns). ``border_mode``: "valid", "full", "half", or one of them for each of time, rows and columns.
    ``signals_shape``, ``filters_shape``: shapes if known, checked. ValueError for other border modes.
    """
    signals, filters = as_tensor_variable(signals), as_tensor_variable(filters)
    modes = (border_mode,) * 3 if isinstance(border_mode, str) else tuple(border_mode)
    if len(modes) != 3 or any(mode not in ("valid", "full", "half") for mode in modes):
        raise ValueError(f"invalid border mode {border_mode!r}: 'valid', 'full', 'half', or three of them")
    order = (0, 2, 1, 3, 4)
    pads: Any = modes[0]
    if len(set(modes)) > 1:
        kernel = filters_shape if filters_shape is not None else filters.type.shape
        spans = [kernel[d] for d in (1, 3, 4)]
        if any(s is None and mode != "valid" for s, mode in zip(spans, modes)):
            raise ValueError("different border modes need filters_shape")
        pads = tuple(
            (0, 0) if mode == "valid" else (s - 1, s - 1) if mode == "full" else (s // 2, s // 2)
            for s, mode in zip(spans, modes)
        )
    known = [None if s is None else tuple(s[d] for d in order) for s in (signals_shape, filters_shape)]
    out = convolutions.conv3d(signals.dimshuffle(*order), filters.dimshuffle(*order), *known, pads)
    return out.dimshuffle(*order)
