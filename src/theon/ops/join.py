"""Joining arrays, splitting them, and vectors of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, upcast
from theon.errors import NotScalarConstantError, message
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.cast import cast
from theon.ops.compare import eq
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle, padded, patternbroadcast
from theon.ops.shape import get_scalar_constant_value, shape_i
from theon.tensor import hooks
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "Join",
    "MakeVector",
    "Split",
    "concatenate",
    "horizontal_stack",
    "join",
    "roll",
    "split",
    "stack",
    "stack_sizes",
    "tile",
    "vertical_stack",
]


class MakeVector(TensorOp):
    """A vector of scalars."""

    __module__ = "theano.tensor.opt"
    __props__ = ("dtype",)

    def __init__(self, dtype: str = "int64") -> None:
        self.dtype = dtype

    def __str__(self) -> str:
        return f"MakeVector{{dtype='{self.dtype}'}}"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """Scalars, cast to the dtype."""
        found = []
        for x in inputs:
            x = as_tensor_variable(x)
            if x.type.ndim != 0:
                raise TypeError(message("MakeVector takes scalars", [x]))
            if x.type.dtype != self.dtype and upcast(self.dtype, x.type.dtype) != self.dtype:
                raise TypeError(
                    f"The upcast of the inputs to MakeVector should match the given dtype {self.dtype}, not {x.type.dtype}"
                )
            found.append(cast(x, self.dtype))
        return found

    def infer(self, *inputs: Any) -> TensorType:
        """A vector of known length."""
        return TensorType(self.dtype, shape=[len(inputs)])

    def reference(self, xp: Any, *inputs: Any) -> Any:
        """Stack."""
        return xp.stack([xp.asarray(x) for x in inputs]) if inputs else xp.zeros(0, dtype=self.dtype)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """One element each."""
        if self.dtype in discrete_dtypes:
            return [zeros_for(x) for x in inputs]
        return [output_grads[0][i] for i in range(len(inputs))]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The vector of evaluation points."""
        if all(p is None for p in eval_points):
            return [None]
        return [self(*(zeros_for(x) if p is None else p for x, p in zip(inputs, eval_points)))]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The number of scalars."""
        return [(constant(len(node.inputs), dtype="int64"),)]


def stack_sizes(sizes: Sequence[Any]) -> Any:
    """Return an int64 vector of sizes, a constant where all are."""
    values = []
    for size in sizes:
        if isinstance(size, Constant):
            size = np.asarray(size.data).item()
        if not isinstance(size, int | np.integer):
            return MakeVector("int64")(*(cast(as_tensor_variable(s), "int64") for s in sizes))
        values.append(int(size))
    return constant(np.asarray(values, dtype="int64"))


class Join(TensorOp):
    """Concatenate arrays along an axis, the first input."""

    __module__ = "theano.tensor.basic"
    __props__ = ("view",)

    def __init__(self, view: int = -1) -> None:
        self.view = view

    def __str__(self) -> str:
        return "Join"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """The axis, and the arrays in their common dtype."""
        if len(inputs) < 2:
            raise ValueError("Cannot join an empty list of tensors")
        axis, *arrays = inputs
        arrays = [as_tensor_variable(x) for x in arrays]
        dtype = upcast(*(x.type.dtype for x in arrays))
        arrays = [cast(x, dtype) for x in arrays]
        axis = as_tensor_variable(axis)
        if axis.type.ndim or axis.type.dtype not in discrete_dtypes:
            raise TypeError(f"Axis could not be cast to an integer scalar: {axis}")
        if (
            isinstance(axis, Constant)
            and arrays[0].type.ndim
            and not -arrays[0].type.ndim <= int(axis.data) < arrays[0].type.ndim
        ):
            raise IndexError(f"Join axis {int(axis.data)} out of bounds [0, {arrays[0].type.ndim})")
        return [axis, *arrays]

    def infer(self, axis: Any, *arrays: Any) -> TensorType:
        """The common type, with the axis grown."""
        ndim = arrays[0].type.ndim
        if any(x.type.ndim != ndim for x in arrays):
            raise TypeError(message("Join() can only join tensors with the same number of dimensions.", arrays))
        if ndim == 0:
            raise TypeError("Join cannot handle arguments of dimension 0. For joining scalar values, see stack")
        if len(arrays) == 1:
            return TensorType(arrays[0].type.dtype, shape=arrays[0].type.shape)
        try:
            along = int(get_scalar_constant_value(axis)) % ndim
        except NotScalarConstantError:
            return TensorType(arrays[0].type.dtype, (False,) * ndim)
        sizes: list[int | None] = []
        for d in range(ndim):
            known = [x.type.shape[d] for x in arrays]
            if d == along:
                sizes.append(None if None in known else int(np.sum(known)))
            else:
                sizes.append(next((n for n in known if n is not None), None))
        return TensorType(arrays[0].type.dtype, shape=sizes)

    def reference(self, xp: Any, axis: Any, *arrays: Any) -> Any:
        """Concatenate. IndexError for an axis that is not there, ValueError for sizes that differ."""
        if not -arrays[0].ndim <= int(axis) < arrays[0].ndim:
            raise IndexError(f"Join axis {int(axis)} out of bounds [0, {arrays[0].ndim})")
        return xp.concatenate(arrays, axis=int(axis))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The axis does not matter."""
        return [[False]] + [[True]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The parts of the gradient."""
        from theon.graph.disconnected import DisconnectedType

        axis, *arrays = inputs
        (g,) = output_grads
        if arrays[0].type.dtype in discrete_dtypes:
            return [DisconnectedType()(), *(zeros_for(x) for x in arrays)]
        if len(arrays) == 1:
            return [DisconnectedType()(), g]
        sizes = stack_sizes([x.shape[axis] for x in arrays])
        parts = Split(len(arrays))(g, axis, sizes)
        return [DisconnectedType()(), *(patternbroadcast(p, x.type.broadcastable) for p, x in zip(parts, arrays))]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The join of the evaluation points."""
        if all(p is None for p in eval_points[1:]):
            return [None]
        return [self(inputs[0], *(zeros_for(x) if p is None else p for x, p in zip(inputs[1:], eval_points[1:])))]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Sizes with the axis summed, where it is constant."""
        try:
            along = int(get_scalar_constant_value(node.inputs[0])) % node.outputs[0].type.ndim  # type: ignore[attr-defined]
        except NotScalarConstantError:
            return [tuple(shape_i(node.outputs[0], d) for d in range(node.outputs[0].type.ndim))]  # type: ignore[attr-defined]
        sizes = list(shapes[1])
        for other in shapes[2:]:
            sizes[along] = sizes[along] + other[along]
        return [tuple(sizes)]


class Split(TensorOp):
    """Cut an array along an axis into ``len_splits`` parts of given sizes."""

    __module__ = "theano.tensor.basic"
    __props__ = ("len_splits",)

    def __init__(self, len_splits: int) -> None:
        self.len_splits = int(len_splits)

    def __str__(self) -> str:
        return f"Split{{{self.len_splits}}}"

    def infer(self, x: Any, axis: Any, splits: Any) -> list[TensorType]:
        """Each part's type: the axis is of unknown size."""
        if splits.type.ndim != 1 or splits.type.dtype not in discrete_dtypes:
            raise TypeError("`splits` parameter must be an integer vector", splits.type)
        if axis.type.ndim or axis.type.dtype not in discrete_dtypes:
            raise TypeError("`axis` parameter must be an integer scalar", axis.type)
        flags = list(x.type.shape)
        try:
            flags[int(get_scalar_constant_value(axis))] = None
        except NotScalarConstantError:
            flags = [None] * x.type.ndim
        return [TensorType(x.type.dtype, shape=flags) for _ in range(self.len_splits)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Cut. ValueError where the sizes do not add up."""
        x, axis, splits = inputs
        if len(splits) != self.len_splits:
            raise ValueError("In Split.perform(), len(splits) != len_splits.", (len(splits), self.len_splits))
        if splits.sum() != x.shape[int(axis)]:
            raise ValueError(f"The splits sum to {splits.sum()}, expected {x.shape[int(axis)]}")
        if (splits < 0).any():
            raise ValueError("Split: you tried to make an ndarray with a negative number of elements.")
        parts = np.split(x, np.cumsum(splits[:-1]), axis=int(axis))
        for storage, part in zip(output_storage, parts):
            storage[0] = part.copy()

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's sizes with that of the part along the axis, where it is constant."""
        try:
            along = int(get_scalar_constant_value(node.inputs[1])) % node.outputs[0].type.ndim  # type: ignore[attr-defined]
        except NotScalarConstantError:
            return [None for _ in node.outputs]
        found = []
        for place in range(self.len_splits):
            sizes = list(shapes[0])
            sizes[along] = cast(node.inputs[2][place], "int64")  # type: ignore[index]
            found.append(tuple(sizes))
        return found

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        n = self.len_splits
        return [[True] * n, [False] * n, [False] * n]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Join the gradients; a part without one counts as zeros."""
        from theon.graph.disconnected import DisconnectedType

        x, axis, splits = inputs
        outputs = self(x, axis, splits, return_list=True)
        if all(isinstance(g.type, DisconnectedType) for g in output_grads):
            return [DisconnectedType()()] * 3
        grads = [zeros_for(o) if isinstance(g.type, DisconnectedType) else g for o, g in zip(outputs, output_grads)]
        joined = patternbroadcast(Join()(axis, *grads), x.type.broadcastable)
        return [joined, DisconnectedType()(), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Split the evaluation point."""
        if eval_points[0] is None:
            return [None] * self.len_splits
        return self(eval_points[0], *inputs[1:], return_list=True)  # type: ignore[no-any-return]


def join(axis: Any, *tensors_list: Any) -> Any:
    """Return the arrays concatenated along ``axis``."""
    if len(tensors_list) == 1:
        return as_tensor_variable(tensors_list[0])
    return Join()(axis, *tensors_list)


def concatenate(tensor_list: Any, axis: Any = 0) -> Any:
    """Return the arrays of a list concatenated along ``axis``. TypeError for anything but a list or tuple."""
    if not isinstance(tensor_list, list | tuple):
        raise TypeError(
            "The 'tensors' argument must be either a tuple or a list, make sure you did not forget () or [] around arguments of concatenate.",
            tensor_list,
        )
    return join(axis, *tensor_list)


def split(x: Any, splits_size: Any, n_splits: int, axis: Any = 0) -> Any:
    """Return ``x`` cut into ``n_splits`` parts of the sizes ``splits_size``."""
    return Split(n_splits)(as_tensor_variable(x), as_tensor_variable(axis), as_tensor_variable(splits_size))


def stack(*tensors: Any, **kwargs: Any) -> Any:
    """Return arrays of one shape joined along a new axis: ``stack([x, y], axis=0)``, or, as once, ``stack(x, y)``."""
    axis = kwargs.pop("axis", 0)
    if kwargs.keys() - {"tensors"}:
        raise TypeError(f"stack() got unexpected arguments {sorted(kwargs)}")
    if "tensors" in kwargs:
        tensors = (kwargs["tensors"],)
    if tensors and isinstance(tensors[0], list | tuple):
        if len(tensors) > 1:
            axis = tensors[1]
        tensors = tuple(tensors[0])
    if not tensors:
        raise ValueError("No tensor arguments provided")
    arrays = [as_tensor_variable(t) for t in tensors]
    if any(x.type.ndim != arrays[0].type.ndim for x in arrays):
        raise TypeError(message("stack: all arrays must have the same number of dimensions", arrays))
    ndim = arrays[0].type.ndim + 1
    if not -ndim <= axis < ndim:
        raise IndexError(f"The axis {axis} is out of bounds [-{ndim}, {ndim})")
    if arrays[0].type.ndim == 0:
        dtype = upcast(*(x.type.dtype for x in arrays))
        return MakeVector(dtype)(*(cast(x, dtype) for x in arrays))
    axis %= ndim
    order: list[Any] = list(range(ndim - 1))
    order.insert(axis, "x")
    return join(axis, *(dimshuffle(x, order) for x in arrays))


def _stack_nested(things: Any) -> Any:
    rows = [as_tensor_variable(t) for t in things]
    ndim = max(r.type.ndim for r in rows)
    return stack([padded(r, ndim) for r in rows])


hooks.stack = _stack_nested


def horizontal_stack(*args: Any) -> Any:
    """Return matrices side by side."""
    if len(args) < 2:
        raise ValueError("Too few arguments")
    arrays = [as_tensor_variable(a) for a in args]
    if any(a.type.ndim != 2 for a in arrays):
        raise ValueError("All arguments must be matrices")
    return concatenate(arrays, axis=1)


def vertical_stack(*args: Any) -> Any:
    """Return matrices on top of each other."""
    if len(args) < 2:
        raise ValueError("Too few arguments")
    arrays = [as_tensor_variable(a) for a in args]
    if any(a.type.ndim != 2 for a in arrays):
        raise ValueError("All arguments must be matrices")
    return concatenate(arrays, axis=0)


def roll(x: Any, shift: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Return ``x`` with its elements moved by ``shift`` along ``axis``, those that fall off coming back at the other end.

    Without an axis the flattened array is moved. Several axes take one shift each, or one for all. IndexError for an axis
    that is not there, ValueError where shifts and axes differ in number.
    """
    x = as_tensor_variable(x)
    if isinstance(axis, list | tuple):
        shifts = list(shift) if isinstance(shift, list | tuple) else [shift] * len(axis)
        if len(shifts) != len(axis):
            raise ValueError(f"roll: {len(shifts)} shifts for {len(axis)} axes")
        for one, along in zip(shifts, axis):
            x = roll(x, one, along)
        return x
    if axis is None:
        return roll(x.flatten(), shift, 0).reshape(x.shape) if x.type.ndim > 1 else roll(x, shift, 0)
    if not -x.type.ndim <= axis < x.type.ndim:
        raise IndexError(f"roll: axis {axis} of {x.type.ndim} dimensions of {x}")
    axis %= x.type.ndim
    size = shape_i(x, axis)
    from theon.ops.arith import maximum

    shift = -((-as_tensor_variable(shift)) % maximum(size, 1))
    front = (slice(None),) * axis
    # A shift of s puts the last s elements first; s lies in (-size, 0] here.
    return join(axis, x[(*front, slice(-shift, None))], x[(*front, slice(None, -shift))])


def tile(x: Any, reps: Any, ndim: int | None = None) -> Any:
    """Return ``x`` repeated ``reps`` times along each dimension."""
    x = as_tensor_variable(x)
    if isinstance(reps, Variable) and reps.type.ndim == 1:  # type: ignore[attr-defined]
        from theon.ops.shape import vector_length

        count = vector_length(reps)
        if count is None:
            if ndim is None:
                raise ValueError("if reps is tensor.vector, you should specify the ndim")
            count = ndim
            from theon.ops.checks import Assert

            # A vector of another length would be read in part only.
            reps = Assert("tile: reps has not as many elements as the result dimensions")(
                reps, eq(shape_i(reps, 0), ndim)
            )
        reps = [reps[i] for i in range(count)]  # type: ignore[index]
    reps = list(reps) if isinstance(reps, list | tuple) else [reps]
    for r in reps:
        if not (
            isinstance(r, int | np.integer)
            or (isinstance(r, Variable) and r.type.ndim == 0 and r.type.dtype in discrete_dtypes)
        ):  # type: ignore[attr-defined]
            raise ValueError("elements of reps must be scalars of integer dtype")
    rank = max(len(reps), x.type.ndim, ndim or 0)
    if ndim is not None and ndim < max(len(reps), x.type.ndim):
        raise ValueError("if specified, ndim must be equal or larger than len(reps) and x.ndim")
    reps = [1] * (rank - len(reps)) + reps
    x = padded(x, rank)
    from theon.ops.fill import alloc
    from theon.ops.reshape import reshape

    order: list[Any] = []
    for d in range(rank):
        order += ["x", d]
    sizes: list[Any] = []
    for d in range(rank):
        sizes += [reps[d], shape_i(x, d)]
    spread = alloc(dimshuffle(x, order), *sizes)
    return reshape(spread, stack_sizes([as_tensor_variable(reps[d]) * shape_i(x, d) for d in range(rank)]), ndim=rank)
