"""Order: sorting, positions of the sorted, distinct values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import abs_, conjugate, switch
from theon.ops.bits import and_
from theon.ops.cast import cast
from theon.ops.compare import eq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.shape import shape_i
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "ArgSortOp",
    "CumOp",
    "SortOp",
    "TopKOp",
    "Unique",
    "argsort",
    "argtopk",
    "cumprod",
    "cumsum",
    "diff",
    "sort",
    "topk",
    "topk_and_argtopk",
    "unique",
]


class SortOp(TensorOp):
    """Values in ascending order along an axis, a second input where it is known only when the function runs."""

    __module__ = "theano.tensor.sort"
    __props__ = ("kind", "order", "axis")

    def __init__(self, kind: str, order: Any = None, axis: int | None = -1) -> None:
        self.kind, self.order, self.axis = kind, order, axis

    def infer(self, x: Any, *axis: Any) -> TensorType:
        """The input's type."""
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, *axis: Any) -> Any:
        """Ask NumPy."""
        return xp.sort(x, axis=_along(self, axis), kind=self.kind)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient put back in place."""
        x, *axis = inputs
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(v) for v in inputs]
        order = ArgSortOp("mergesort", self.order, self.axis)(x, *axis)
        back = Unsort(self.axis if self.axis is not None else -1)(output_grads[0], order, *axis)
        return [back, *map(zeros_for, axis)]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        return [shapes[0]]


class Unsort(TensorOp):
    """Values moved along an axis to the positions of a second input."""

    __props__ = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def infer(self, g: Any, order: Any, *axis: Any) -> TensorType:
        """The values' type."""
        return TensorType(g.type.dtype, shape=g.type.shape)

    def reference(self, xp: Any, g: Any, order: Any, *axis: Any) -> Any:
        """Place."""
        along = _along(self, axis)
        return xp.take_along_axis(g, xp.argsort(order, axis=along, kind="stable"), axis=along)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Taken back along the order."""
        _, order, *axis = inputs
        back = Unsort(self.axis)(output_grads[0], ArgSortOp("quicksort", None, self.axis)(order, *axis), *axis)
        return [back, *map(zeros_for, inputs[1:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The values' shape."""
        return [shapes[0]]


class ArgSortOp(TensorOp):
    """Positions of the values in ascending order along an axis, a second input where it is known only when the function runs."""

    __module__ = "theano.tensor.sort"
    __props__ = ("kind", "order", "axis")

    def __init__(self, kind: str, order: Any = None, axis: int | None = -1) -> None:
        self.kind, self.order, self.axis = kind, order, axis

    def infer(self, x: Any, *axis: Any) -> TensorType:
        """Integers of the input's shape."""
        return TensorType("int64", shape=x.type.shape)

    def reference(self, xp: Any, x: Any, *axis: Any) -> Any:
        """Ask NumPy; equal elements keep their order under every kind."""
        kind = "stable" if self.kind in ("quicksort", "heapsort", "mergesort") else self.kind
        return xp.argsort(x, axis=_along(self, axis), kind=kind)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Zero: positions do not move smoothly."""
        return [zeros_for(v) for v in inputs]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        return [shapes[0]]


def _along(op: Any, axis: Sequence[Any]) -> int:
    return int(axis[0]) if axis else op.axis


def _sorted(op: Any, a: Any, axis: Any, kind: str, order: Any) -> Any:
    a = as_tensor_variable(a)
    if axis is None:
        a, axis = a.flatten(), 0
    if isinstance(axis, Constant):
        axis = axis.data
    if isinstance(axis, Variable):
        return op(kind, order, None)(a, axis)
    return op(kind, order, int(axis))(a)


def sort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """Return ``a`` sorted along ``axis``; None sorts the flattened array."""
    return _sorted(SortOp, a, axis, kind, order)


def argsort(a: Any, axis: Any = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """Return the positions that sort ``a`` along ``axis``; None sorts the flattened array."""
    return _sorted(ArgSortOp, a, axis, kind, order)


class Unique(TensorOp):
    """The sorted distinct values, and, where asked, their first positions, the inverse and counts."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("return_index", "return_inverse", "return_counts", "axis")

    def __init__(
        self,
        return_index: bool = False,
        return_inverse: bool = False,
        return_counts: bool = False,
        axis: int | None = None,
    ) -> None:
        self.return_index, self.return_inverse, self.return_counts = return_index, return_inverse, return_counts
        self.axis = axis

    def infer(self, x: Any) -> list[TensorType]:
        """Vectors; along an axis, distinct parts of all other dimensions. ValueError for an axis that is not there."""
        sizes: list[int | None] = [None]
        if self.axis is not None:
            if not -x.type.ndim <= self.axis < x.type.ndim:
                raise ValueError(message(f"Unique axis `{self.axis}` is outside of input ndim = {x.type.ndim}.", [x]))
            sizes = list(x.type.shape)
            sizes[self.axis] = None
        return [TensorType(x.type.dtype, shape=sizes)] + [
            TensorType("int64", (False,))
            for flag in (self.return_index, self.return_inverse, self.return_counts)
            if flag
        ]

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy; positions and counts are vectors under any version of it."""
        out = np.unique(x, self.return_index, self.return_inverse, self.return_counts, self.axis)
        return (out[0], *(o.reshape(-1) for o in out[1:])) if isinstance(out, tuple) else out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Zero, as in Theano."""
        return [zeros_for(inputs[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The inverse has an element for each of the input, or for each along the axis; the others depend on values."""
        (x,) = shapes
        values = [shape_i(node.outputs[0], d) for d in range(node.outputs[0].type.ndim)]
        if self.axis is not None:
            values = [values[d] if d == self.axis % len(x) else n for d, n in enumerate(x)]
        found = [tuple(values)] + [(shape_i(out, 0),) for out in node.outputs[1:]]
        if self.return_inverse:
            total: Any = x[self.axis] if self.axis is not None else 1
            for n in x if self.axis is None else ():
                total = n * total
            found[2 if self.return_index else 1] = (as_tensor_variable(total),)
        return found


def unique(
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
) -> Any:
    """Return the sorted distinct values of ``x``, or its distinct parts along ``axis``."""
    return Unique(return_index, return_inverse, return_counts, axis)(x)


class CumOp(TensorOp):
    """Running sums or products along an axis."""

    __module__ = "theano.tensor.extra_ops"
    __props__ = ("axis", "mode")

    def __init__(self, axis: int | None = None, mode: str = "add") -> None:
        if mode not in ("add", "mul"):
            raise ValueError(f'{type(self).__name__}: Unknown mode "{mode}"')
        self.axis, self.mode = axis, mode

    def infer(self, x: Any) -> TensorType:
        """The input's type, flat without an axis."""
        if self.axis is None:
            return TensorType(x.type.dtype, (False,))
        if not -x.type.ndim <= self.axis < x.type.ndim:
            raise ValueError(f"axis(={self.axis}) out of bounds")
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any) -> Any:
        """Ask NumPy."""
        return (xp.cumsum if self.mode == "add" else xp.cumprod)(x, axis=self.axis, dtype=x.dtype)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The running sum from the end."""
        (x,), (g,) = inputs, output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x)]
        axis = 0 if self.axis is None else self.axis % x.type.ndim
        back = (slice(None),) * axis + (slice(None, None, -1),)
        if self.mode == "add":
            out = cumsum(g[back], axis)[back]
        else:
            x = conjugate(x)
            flat = x.flatten() if self.axis is None else x
            # Before the first 0 of a row, products over the element itself; at it, those without it; after it, nothing counts.
            zero = eq(flat, 0)
            count = cumsum(cast(zero, "int64"), axis)
            first = and_(zero, eq(count, 1))
            without = CumOp(axis, "mul")(switch(first, 1, flat))
            before = cumsum((self(x) * g)[back], axis)[back] / switch(zero, 1, flat)
            out = cast(
                switch(eq(count, 0), before, switch(first, cumsum((without * g)[back], axis)[back], 0)), x.type.dtype
            )
        return [out.reshape(x.shape, ndim=x.type.ndim) if self.axis is None else out]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        if self.axis is not None:
            return [shapes[0]]
        total: Any = 1
        for n in shapes[0]:
            total = n * total
        return [(as_tensor_variable(total),)]


def cumsum(x: Any, axis: int | None = None) -> Any:
    """Return running sums along ``axis``, of the flattened array without."""
    return CumOp(axis, "add")(as_tensor_variable(x))


def cumprod(x: Any, axis: int | None = None) -> Any:
    """Return running products along ``axis``, of the flattened array without."""
    return CumOp(axis, "mul")(as_tensor_variable(x))


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the ``n``-th differences along ``axis``."""
    x = as_tensor_variable(x)
    axis %= x.type.ndim
    for _ in range(n):
        front = (slice(None),) * axis
        x = x[(*front, slice(1, None))] - x[(*front, slice(None, -1))]
    return x


class TopKOp(TensorOp):
    """The ``k`` largest elements along ``axis`` (the ``-k`` smallest where ``k`` is negative), their places, or both."""

    __module__ = "theano.tensor.sort"
    __props__ = ("axis", "sorted", "idx_dtype", "return_values", "return_indices")

    def __init__(
        self,
        axis: int = -1,
        sorted: bool = True,
        idx_dtype: str = "int64",
        return_values: bool = True,
        return_indices: bool = True,
    ) -> None:
        if idx_dtype not in integer_dtypes:
            raise TypeError(f'"idx_dtype" parameter must be an integer dtype, got "{idx_dtype}"')
        if not (return_values or return_indices):
            raise ValueError("Neither return_values nor return_indices is True")
        self.axis, self.sorted, self.idx_dtype = int(axis), bool(sorted), idx_dtype
        self.return_values, self.return_indices = bool(return_values), bool(return_indices)

    def infer(self, x: Any, k: Any) -> list[TensorType]:
        """The type of ``x`` without what is known along ``axis``. ValueError for an axis that is not there."""
        if k.type.ndim or k.type.dtype not in integer_dtypes:
            raise TypeError(f"kth is an integer scalar, not {k.type}")
        ndim = x.type.ndim
        if not -ndim <= self.axis < ndim:
            raise IndexError(f'"axis" parameter out of range, expected integer within [{-ndim}, {ndim - 1}]')
        flags = list(x.type.broadcastable)
        flags[self.axis] = False
        found = [TensorType(x.type.dtype, flags)] if self.return_values else []
        return found + ([TensorType(self.idx_dtype, flags)] if self.return_indices else [])

    def reference(self, xp: Any, x: Any, k: Any) -> Any:
        """Descending for the largest, ascending for the smallest. ValueError for more than there are, or none."""
        k, n = int(k), x.shape[self.axis]
        if k == 0 or abs(k) > n:
            raise ValueError(f"topk: kth must be between 1 and the size {n} in magnitude, not {k}")
        order = np.argsort(x, axis=self.axis, kind="stable")
        places = np.arange(n - 1, n - 1 - k, -1) if k > 0 else np.arange(-k)
        index = np.take(order, places, axis=self.axis)
        values = np.take_along_axis(x, index, axis=self.axis)
        found = ([values] if self.return_values else []) + ([index] if self.return_indices else [])
        return found[0] if len(found) == 1 else tuple(found)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """|k| along the axis."""
        sizes = list(shapes[0])
        sizes[self.axis] = abs_(cast(node.inputs[1], "int64"))
        return [tuple(sizes)] * len(node.outputs)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Each value's gradient goes to where it came from."""
        x, k = inputs
        if (
            not self.return_values
            or x.type.dtype in discrete_dtypes
            or isinstance(output_grads[0].type, DisconnectedType)
        ):
            return [zeros_for(x), zeros_for(k)]
        if self.return_indices:
            index = outputs[1]
        else:
            index = TopKOp(self.axis, self.sorted, "int64", False, True)(x, k)
        return [TopKGrad(self.axis)(x, index, output_grads[0]), zeros_for(k)]


class TopKGrad(TensorOp):
    """``g`` put at the places ``index`` along ``axis`` into zeros like ``x``."""

    __props__ = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def infer(self, x: Any, index: Any, g: Any) -> TensorType:
        """The type of ``x``."""
        return TensorType(g.type.dtype, x.type.broadcastable)

    def reference(self, xp: Any, x: Any, index: Any, g: Any) -> Any:
        """Scatter."""
        out = np.zeros(x.shape, dtype=g.dtype)
        np.put_along_axis(out, index.astype("int64"), g, axis=self.axis)
        return out

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``x``."""
        return [shapes[0]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Gather again."""
        x, index, _ = inputs
        return [zeros_for(x), zeros_for(index), TopKGather(self.axis)(output_grads[0], index)]


class TopKGather(TensorOp):
    """The elements of ``x`` at the places ``index`` along ``axis``."""

    __props__ = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def infer(self, x: Any, index: Any) -> TensorType:
        """The type of the places, of the dtype of ``x``."""
        return TensorType(x.type.dtype, index.type.broadcastable)

    def reference(self, xp: Any, x: Any, index: Any) -> Any:
        """Gather."""
        return np.take_along_axis(x, index.astype("int64"), axis=self.axis)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of the places."""
        return [shapes[1]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Scatter."""
        x, index = inputs
        return [TopKGrad(self.axis)(x, index, output_grads[0]), zeros_for(index)]


def _topk(x: Any, kth: Any, axis: Any, sorted: bool, idx_dtype: str, values: bool, indices: bool) -> Any:
    x = as_tensor_variable(x)
    if axis is None:
        x, axis = x.flatten(), 0
    return TopKOp(axis, sorted, idx_dtype, values, indices)(x, as_tensor_variable(kth))


def topk(x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64") -> Any:
    """Return the ``kth`` largest elements along ``axis``, descending; the ``-kth`` smallest, ascending, where it is negative.

    ``axis`` None takes all elements. ValueError, at the call, for ``kth`` 0 or beyond the size.
    """
    return _topk(x, kth, axis, sorted, idx_dtype, True, False)


def argtopk(x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64") -> Any:
    """Return the places of what :func:`topk` returns."""
    return _topk(x, kth, axis, sorted, idx_dtype, False, True)


def topk_and_argtopk(x: Any, kth: Any, axis: Any = -1, sorted: bool = True, idx_dtype: str = "int64") -> Any:
    """Return what :func:`topk` and :func:`argtopk` return."""
    return _topk(x, kth, axis, sorted, idx_dtype, True, True)
