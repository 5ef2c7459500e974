"""Pooling over windows in two and three dimensions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.enums import EnumList
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import maximum, switch
from theon.ops.compare import ge
from theon.ops.declare import TensorOp
from theon.ops.shape import element_of_vector
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "AveragePoolGrad",
    "DownsampleFactorMaxGradGrad",
    "MaxPoolGrad",
    "MaxPoolRop",
    "Pool",
    "PoolGrad",
    "max_pool_2d",
    "max_pool_2d_same_size",
    "pool_2d",
    "pool_3d",
]

# The modes as numbers and names, for programs that give them to ops of their own.
PoolingMode_t = EnumList(
    ("POOLING_MAX", "max"),
    ("POOLING_SUM", "sum"),
    ("POOLING_AVERAGE_COUNT_INCLUDE_PADDING", "average_inc_pad"),
    ("POOLING_AVERAGE_COUNT_EXCLUDE_PADDING", "average_exc_pad"),
)
_MODES = ("max", "sum", "average_inc_pad", "average_exc_pad")


def _size(n: int, ws: int, st: int, pad: int, ignore_border: bool) -> int:
    n += 2 * pad
    if ignore_border:
        return max(0, (n - ws) // st + 1) if n >= ws else 0
    if st >= ws:
        return (n - 1) // st + 1 if n else 0
    return max(0, (n - 1 - ws + st) // st) + 1


def _any_size(n: Any, ws: Any, st: Any, pad: Any, ignore_border: bool) -> Any:
    """The number of windows along an axis, as a formula where any of the numbers is symbolic."""
    if not any(isinstance(v, Variable) for v in (n, ws, st, pad)):
        return _size(int(n), int(ws), int(st), int(pad), ignore_border)
    n = n + 2 * pad
    if ignore_border:
        return maximum((n - ws) // st + 1, 0)
    return switch(ge(st, ws), maximum((n - 1) // st + 1, 0), maximum((n - 1 - ws + st) // st, 0) + 1)


def _element(v: Any, place: int) -> Any:
    """An element of a vector of integers, as a number where it is constant."""
    found = element_of_vector(v, place)
    return v[place] if found is None else found


def _lowest(dtype: Any) -> Any:
    """What no element of the dtype is below."""
    return -np.inf if dtype.kind == "f" else False if dtype.kind == "b" else np.iinfo(dtype).min


class _Windows:
    """The geometry of one pooling: where each element of each window lies in the padded input."""

    def __init__(self, op: Any, shape: Sequence[int], ws: Any, st: Any, pad: Any) -> None:
        n = op.ndim
        self.ws, self.st, self.pad = ([int(v) for v in p] for p in (ws, st, pad))
        if not len(self.ws) == len(self.st) == len(self.pad) == n:
            raise ValueError(
                f"pooling of {n} dimensions needs as many window sizes, strides and pads: {self.ws}, {self.st}, {self.pad}"
            )
        if any(v < 1 for v in [*self.ws, *self.st]) or any(p < 0 for p in self.pad):
            raise ValueError(f"windows and strides are positive, pads not negative: {self.ws}, {self.st}, {self.pad}")
        if any(p and not op.ignore_border for p in self.pad):
            raise NotImplementedError("padding works only with ignore_border=True")
        # Averages and sums of windows that lie in the padding alone are 0; they have no largest element.
        if op.mode == "max" and any(p >= w for p, w in zip(self.pad, self.ws)):
            raise NotImplementedError("pads must be smaller than the windows")
        self.lead, self.sizes = tuple(shape[:-n]), tuple(shape[-n:])
        self.out = tuple(
            _size(m, w, s, p, op.ignore_border) for m, w, s, p in zip(self.sizes, self.ws, self.st, self.pad)
        )
        # The last windows may reach past the padded input.
        self.reach = tuple(
            max(m + 2 * p, (o - 1) * s + w) for m, p, o, s, w in zip(self.sizes, self.pad, self.out, self.st, self.ws)
        )

    def padded(self, x: Any, value: Any) -> Any:
        """The input in a larger array of ``value``."""
        big = np.full((*self.lead, *self.reach), value, dtype=x.dtype)
        big[self.inside()] = x
        return big

    def inside(self) -> tuple[Any, ...]:
        """Where the input lies in the larger array."""
        return (Ellipsis, *(slice(p, p + m) for p, m in zip(self.pad, self.sizes)))

    def places(self) -> Iterator[tuple[Any, ...]]:
        """For each element of a window: where those elements of all windows lie."""
        for at in np.ndindex(*self.ws):
            yield (
                Ellipsis,
                *(slice(a, a + (o - 1) * s + 1, s) if o else slice(0, 0) for a, o, s in zip(at, self.out, self.st)),
            )

    def counts(self, mode: str, dtype: Any) -> Any:
        """How many elements each window's average is over."""
        members = np.zeros(self.reach, dtype=dtype)
        if mode == "average_exc_pad":
            members[self.inside()[1:]] = 1
        else:
            members[tuple(slice(0, m + 2 * p) for m, p in zip(self.sizes, self.pad))] = 1
        total = np.zeros(self.out, dtype=dtype)
        for where in self.places():
            total += members[where]
        return np.maximum(total, 1)


class Pool(TensorOp):
    """Pool the last ``ndim`` dimensions of ``x``; other inputs: window sizes, strides (the windows' by default), pads (none).

    ValueError for an unknown ``mode``, TypeError for too few dimensions, NotImplementedError for pads without
    ``ignore_border``, or as wide as the windows.
    """

    __module__ = "theano.tensor.signal.pool"
    __props__ = ("ignore_border", "mode", "ndim")
    _arrays = 1  # inputs before the windows

    def __init__(self, ignore_border: bool = False, mode: str = "max", ndim: int = 2, openmp: Any = None) -> None:
        mode = "average_inc_pad" if mode == "average" else mode
        if mode not in _MODES:
            raise ValueError(
                f"Pool mode parameter only support 'max', 'sum', 'average_inc_pad' and 'average_exc_pad'. Got {mode}"
            )
        self.ignore_border, self.mode, self.ndim = bool(ignore_border), mode, ndim

    @staticmethod
    def out_shape(
        imgshape: Any,
        ws: Any = None,
        ignore_border: bool = False,
        stride: Any = None,
        pad: Any = None,
        ndim: int = 2,
        ds: Any = None,
        st: Any = None,
        padding: Any = None,
    ) -> list[Any]:
        """Return the sizes of the result for images of the sizes ``imgshape``: integers, or scalar variables where any are.

        ``ds``, ``st`` and ``padding`` are the old names of ``ws``, ``stride`` and ``pad``. TypeError for fewer sizes than
        ``ndim``.

        >>> Pool.out_shape((9, 8, 7), (2, 2))
        [9, 4, 4]
        """
        ws, stride, pad = _renamed((ws, stride, pad), (ds, st, padding), ndim)
        if len(imgshape) < ndim:
            raise TypeError(f"imgshape must have at least {ndim} dimensions")
        stride = ws if stride is None else stride
        pad = (0,) * ndim if pad is None else pad
        last = [_any_size(*numbers, ignore_border) for numbers in zip(imgshape[-ndim:], ws, stride, pad)]
        return [*imgshape[: len(imgshape) - ndim], *last]

    def convert(self, *inputs: Any, ws: Any = None, stride: Any = None, pad: Any = None) -> list[Any]:
        """Arrays, and ``ndim`` numbers each for windows, strides and pads."""
        count = self._arrays
        given = (*inputs[count:], *[None] * (count + 3 - len(inputs)))
        ws, stride, pad = (a if b is None else b for a, b in zip(given, (ws, stride, pad)))
        if ws is None:
            raise TypeError(f"{type(self).__name__} needs the sizes of its windows")
        sizes = _vector(ws, self.ndim)
        pads = _vector(0 if pad is None else pad, self.ndim)
        # Gradients of averages, and theirs, are there for any padding: Theano's users reach them by classes and by variables.
        self._check_pads(sizes, pads, self.mode == "max" or (count == 1 and not isinstance(ws, Variable)))
        strides = sizes if stride is None else _vector(stride, self.ndim)
        return [*(as_tensor_variable(v) for v in inputs[:count]), sizes, strides, pads]

    def _check_pads(self, sizes: Any, pads: Any, narrow: bool) -> None:
        """What is known to be refused is refused when the graph is made: pads, and with ``narrow`` those as wide as windows."""
        if not isinstance(pads, Constant) or pads.data.ndim != 1:
            return
        if pads.data.any() and not self.ignore_border:
            raise NotImplementedError("padding works only with ignore_border=True")
        if (
            narrow
            and isinstance(sizes, Constant)
            and sizes.data.shape == pads.data.shape
            and (pads.data >= sizes.data).any()
        ):
            if (sizes.data > 0).all():
                raise NotImplementedError(
                    f"padding must be smaller than the windows: {pads.data.tolist()}, {sizes.data.tolist()}"
                )

    def infer(self, x: Any, ws: Any, st: Any, pad: Any) -> TensorType:
        """The dtype of ``x``, its leading pattern. TypeError for too few dimensions."""
        if x.type.ndim < self.ndim:
            raise TypeError(f"the input must have at least {self.ndim} dimensions")
        for v in (ws, st, pad):
            if v.type.dtype not in discrete_dtypes or v.type.ndim != 1:
                raise TypeError("window sizes, strides and pads are vectors of integers")
        return TensorType(x.type.dtype, (*x.type.broadcastable[: -self.ndim], *[False] * self.ndim))

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The leading sizes and the number of windows along each axis."""
        sizes, n = shapes[0], self.ndim
        numbers = [[_element(v, i) for i in range(n)] for v in node.inputs[self._arrays :]]
        last = [_any_size(*found, self.ignore_border) for found in zip(sizes[-n:], *numbers)]
        return [(*sizes[:-n], *map(as_tensor_variable, last))]

    def reference(self, xp: Any, x: Any, ws: Any, st: Any, pad: Any) -> Any:
        """Element after element of the windows, all windows together."""
        w = _Windows(self, x.shape, ws, st, pad)
        if self.mode == "max":
            lowest = _lowest(x.dtype)
            big = w.padded(x, lowest)
            out = np.full((*w.lead, *w.out), lowest, dtype=x.dtype)
            for where in w.places():
                np.maximum(out, big[where], out=out)
            return out
        big = w.padded(x, 0)
        # Averages of integers are not those of sums that wrap around.
        wide = x.dtype.kind in "iu" and self.mode != "sum"
        held = (np.uint64 if x.dtype == np.uint64 else np.int64) if wide else x.dtype
        out = np.zeros((*w.lead, *w.out), dtype=held)
        for where in w.places():
            out += big[where]
        return out if self.mode == "sum" else (out / w.counts(self.mode, held)).astype(x.dtype)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The largest of a window (all of them where there are several), or each in equal parts."""
        x, *geometry = inputs
        g = PoolGrad(self.ignore_border, self.mode, self.ndim)(x, outputs[0], output_grads[0], *geometry)
        return [g, *(DisconnectedType()() for _ in geometry)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only on the first input."""
        return [[True], [False], [False], [False]]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Where the largest is, or the pooling itself, which is linear."""
        if eval_points[0] is None:
            return [None]
        x, *geometry = inputs
        if self.mode != "max":
            return [self(eval_points[0], *geometry)]
        return [MaxPoolTangent(self.ignore_border, self.mode, self.ndim)(x, self(*inputs), eval_points[0], *geometry)]


class PoolGrad(Pool):
    """The gradient of :class:`Pool`: inputs ``x``, pooled, gradient of the pooled, window sizes, strides, pads."""

    _arrays = 3

    def __init__(self, ignore_border: bool, mode: str = "max", ndim: int = 2, openmp: Any = None) -> None:
        super().__init__(ignore_border, mode, ndim)

    def infer(self, x: Any, out: Any, g: Any, *geometry: Any) -> TensorType:  # type: ignore[override]
        """The type of ``x``."""
        return TensorType(x.type.dtype, x.type.broadcastable)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of ``x``."""
        return [shapes[0]]

    def reference(self, xp: Any, x: Any, out: Any, g: Any, ws: Any, st: Any, pad: Any) -> Any:  # type: ignore[override]
        """Add each window's gradient to the elements it comes from."""
        w = _Windows(self, x.shape, ws, st, pad)
        total = np.zeros((*w.lead, *w.reach), dtype=x.dtype)
        if self.mode == "max":
            big = w.padded(x, _lowest(x.dtype))
            for where in w.places():
                total[where] += g * (big[where] == out)
        else:
            part = g if self.mode == "sum" else g / w.counts(self.mode, x.dtype)
            for where in w.places():
                total[where] += part
        return np.ascontiguousarray(total[w.inside()])

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Linear in the gradient; piecewise constant in the rest."""
        x, out, _, *geometry = inputs
        (gg,) = output_grads
        if self.mode == "max":
            back = MaxPoolTangent(self.ignore_border, self.mode, self.ndim)(x, out, gg, *geometry)
        else:
            back = Pool(self.ignore_border, self.mode, self.ndim)(gg, *geometry)
        from theon.ops.declare import zeros_for

        return [zeros_for(x), zeros_for(out), back, *(DisconnectedType()() for _ in geometry)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not on the geometry."""
        return [[True], [True], [True], [False], [False], [False]]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Linear in the gradient."""
        x, out, _, *geometry = inputs
        return [None if eval_points[2] is None else self(x, out, eval_points[2], *geometry)]


class MaxPoolTangent(PoolGrad):
    """The sum, over each window, of ``t`` where ``x`` is the window's largest."""

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the pooled."""
        return [shapes[1]]

    def infer(self, x: Any, out: Any, t: Any, *geometry: Any) -> TensorType:  # type: ignore[override]
        """The type of the pooled."""
        return TensorType(t.type.dtype, out.type.broadcastable)

    def reference(self, xp: Any, x: Any, out: Any, t: Any, ws: Any, st: Any, pad: Any) -> Any:  # type: ignore[override]
        """Element after element of the windows."""
        w = _Windows(self, x.shape, ws, st, pad)
        big, moved = w.padded(x, -np.inf), w.padded(t, 0)
        total = np.zeros((*w.lead, *w.out), dtype=t.dtype)
        for where in w.places():
            total += moved[where] * (big[where] == out)
        return total

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Linear in ``t``."""
        from theon.ops.declare import zeros_for

        x, out, _, *geometry = inputs
        back = PoolGrad(self.ignore_border, self.mode, self.ndim)(x, out, output_grads[0], *geometry)
        return [zeros_for(x), zeros_for(out), back, *(DisconnectedType()() for _ in geometry)]


# Theano's ops for one mode: each makes the node of an op above.


class MaxPoolGrad(PoolGrad):
    """The gradient of the largest: inputs ``x``, pooled, gradient of the pooled, window sizes, strides, pads."""

    def __init__(self, ignore_border: bool, ndim: int = 2, openmp: Any = None) -> None:
        super().__init__(ignore_border, "max", ndim)

    def make_node(self, x: Any, maxout: Any, gz: Any, ws: Any, stride: Any = None, pad: Any = None) -> Apply:  # type: ignore[override]
        """Return the node of :class:`PoolGrad`."""
        return PoolGrad(self.ignore_border, "max", self.ndim).make_node(x, maxout, gz, ws, stride, pad)


class AveragePoolGrad(PoolGrad):
    """The gradient of sums and averages: inputs ``x``, gradient of the pooled, window sizes, strides, pads."""

    def __init__(self, ignore_border: bool, mode: str = "average_inc_pad", ndim: int = 2) -> None:
        super().__init__(ignore_border, mode, ndim)
        if self.mode == "max":
            raise ValueError("AveragePoolGrad is for the modes 'sum', 'average_inc_pad' and 'average_exc_pad'")

    def make_node(self, x: Any, gz: Any, ws: Any, stride: Any = None, pad: Any = None, dummy: Any = None) -> Apply:  # type: ignore[override]
        """Return the node of :class:`PoolGrad`, which does not read what was pooled in these modes."""
        return PoolGrad(self.ignore_border, self.mode, self.ndim).make_node(x, gz, gz, ws, stride, pad)


class DownsampleFactorMaxGradGrad(PoolGrad):
    """The gradient of :class:`MaxPoolGrad` by its third input: inputs ``x``, pooled, gradient of ``x``'s, window sizes ..."""

    def make_node(self, x: Any, maxout: Any, gz: Any, ws: Any, stride: Any = None, pad: Any = None) -> Apply:  # type: ignore[override]
        """Return the node of :class:`MaxPoolTangent`."""
        return MaxPoolTangent(self.ignore_border, "max", self.ndim).make_node(x, maxout, gz, ws, stride, pad)


class MaxPoolRop(PoolGrad):
    """The forward derivative of the largest: inputs ``x``, ``eval_point``, window sizes, strides, pads."""

    def __init__(self, ignore_border: bool = False, mode: str = "max", ndim: int = 2, openmp: Any = None) -> None:
        super().__init__(ignore_border, mode, ndim)

    def make_node(self, x: Any, eval_point: Any, ws: Any, stride: Any = None, pad: Any = None) -> Apply:  # type: ignore[override]
        """Return the node of :class:`MaxPoolTangent`."""
        best = Pool(self.ignore_border, "max", self.ndim)(x, ws, stride, pad)
        return MaxPoolTangent(self.ignore_border, "max", self.ndim).make_node(x, best, eval_point, ws, stride, pad)


def _vector(x: Any, n: int) -> Any:
    if isinstance(x, int | np.integer):
        x = (int(x),) * n
    if isinstance(x, np.ndarray):
        x = tuple(x.tolist()) if x.ndim else (int(x),) * n
    if isinstance(x, tuple | list) and len(x) != n:
        raise ValueError(f"{n} numbers are needed, not {x}")
    if isinstance(x, tuple | list) and all(isinstance(v, int | np.integer) for v in x):
        return as_tensor_variable(np.asarray(x, "int64"))
    found = as_tensor_variable(x)
    return found if found.type.ndim else found.dimshuffle("x").repeat(n)


def _renamed(new: tuple[Any, Any, Any], old: tuple[Any, Any, Any], n: int) -> tuple[Any, Any, Any]:
    """Windows, strides and pads, given by their names or by their old ones; a warning for those."""
    (ws, stride, pad), (ds, st, padding) = new, old
    for value, name, of in ((ds, "ds", "ws"), (st, "st", "stride"), (padding, "padding", "pad")):
        if value is not None:
            warnings.warn(f"DEPRECATION: the parameter '{name}' is replaced by '{of}'.", stacklevel=4)
    if ds is not None:
        if ws is not None:
            raise ValueError("You can't provide a tuple value to both 'ws' and 'ds'.")
        ws = ds
    elif ws is None:
        raise ValueError("You must provide a tuple value for the window size.")
    if st is not None:
        if stride is not None:
            raise ValueError("You can't provide a tuple value to both 'st and 'stride'.")
        stride = st
    if padding is not None:
        if pad not in (None, 0, (0,) * n):
            raise ValueError("You can't provide a tuple value to both 'padding' and pad.")
        pad = padding
    return ws, stride, pad


def _pooled(
    n: int, input: Any, ws: Any, ignore_border: Any, stride: Any, pad: Any, mode: str, ds: Any, st: Any, padding: Any
) -> Any:
    ws, stride, pad = _renamed((ws, stride, pad), (ds, st, padding), n)
    x = as_tensor_variable(input)
    if x.type.ndim < n:
        raise NotImplementedError(f"pool_{n}d requires a dimension >= {n}")
    if ignore_border is None:
        warnings.warn(
            f"pool_{n}d() will have the parameter ignore_border default value changed to True (currently False).",
            stacklevel=3,
        )
        ignore_border = False
    ws = _vector(ws, n)
    stride = ws if stride is None else _vector(stride, n)
    pad = _vector(0 if pad is None else pad, n)
    return Pool(ignore_border, mode, n)(x, ws, stride, pad)


def pool_2d(
    input: Any,
    ws: Any = None,
    ignore_border: Any = None,
    stride: Any = None,
    pad: Any = (0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Any:
    """Return the last two dimensions pooled over windows of sizes ``ws``, ``stride`` apart (``ws`` by default).

    ``mode``: "max", "sum", "average_inc_pad", "average_exc_pad". ``ignore_border``: whether windows that are not whole are
    left out; ``pad`` needs it. ``ds``, ``st``, ``padding`` are the old names.
    """
    return _pooled(2, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def pool_3d(
    input: Any,
    ws: Any = None,
    ignore_border: Any = None,
    stride: Any = None,
    pad: Any = (0, 0, 0),
    mode: str = "max",
    ds: Any = None,
    st: Any = None,
    padding: Any = None,
) -> Any:
    """Return the last three dimensions pooled; arguments as for :func:`pool_2d`."""
    return _pooled(3, input, ws, ignore_border, stride, pad, mode, ds, st, padding)


def max_pool_2d_same_size(input: Any, patch_size: Any) -> Any:
    """Return ``input`` with 0 where an element is not the largest of its patch."""
    x = as_tensor_variable(input)
    pooled = pool_2d(x, patch_size, True)
    size, none = _vector(patch_size, 2), _vector(0, 2)
    return PoolGrad(True, "max", 2)(x, pooled, pooled, size, size, none)


def max_pool_2d(
    input: Any, ds: Any, ignore_border: Any = None, st: Any = None, padding: Any = (0, 0), mode: str = "max"
) -> Any:
    """As :func:`pool_2d`, under the name and with the argument names of ``theano.tensor.signal.downsample``."""
    return pool_2d(input, ds, ignore_border, st, padding, mode)
