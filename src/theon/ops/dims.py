"""Shapes: asking for them, and changing them without changing elements."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import NotScalarConstantError, message
from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import CASTS, identity
from theon.ops.declare import Elemwise, TensorOp
from theon.scalar.type import Scalar, get_scalar_type
from theon.tensor import hooks
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.type import TensorType

__all__ = [
    "DimShuffle",
    "Rebroadcast",
    "Reshape",
    "Shape",
    "Shape_i",
    "SpecifyShape",
    "addbroadcast",
    "atleast_Nd",
    "cast",
    "dimshuffle",
    "flatten",
    "get_scalar_constant_value",
    "moveaxis",
    "padded",
    "patternbroadcast",
    "reshape",
    "shape",
    "shape_i",
    "shape_padaxis",
    "shape_padleft",
    "shape_padright",
    "specify_shape",
    "squeeze",
    "swapaxes",
    "transpose",
    "unbroadcast",
    "vector_length",
]


class DimShuffle(TensorOp):
    """Permute, drop and add dimensions: ``new_order`` lists input dimensions and "x" for new ones of size 1."""

    __module__ = "theano.tensor.elemwise"
    __props__ = ("input_broadcastable", "new_order", "inplace")
    view_map = {0: [0]}

    def __init__(self, input_broadcastable: Sequence[bool], new_order: Sequence[Any], inplace: bool = True) -> None:
        self.input_broadcastable = tuple(bool(b) for b in input_broadcastable)
        order: list[Any] = []
        for d in new_order:
            if d == "x":
                order.append(d)
                continue
            if not isinstance(d, int | np.integer):
                raise TypeError(f"DimShuffle indices must be Python ints, not {d!r}")
            if not 0 <= d < len(self.input_broadcastable):
                raise ValueError(
                    f"new_order[{len(order)}] is {d}, but the input only has {len(self.input_broadcastable)} axes."
                )
            order.append(int(d))
        kept = [d for d in order if d != "x"]
        if len(set(kept)) != len(kept):
            raise ValueError("The same input dimension may not appear twice in the list of output dimensions", order)
        self.new_order, self.inplace = tuple(order), inplace
        self.shuffle = kept
        self.augment = [place for place, d in enumerate(order) if d == "x"]
        self.drop = [d for d in range(len(self.input_broadcastable)) if d not in kept]
        if any(not self.input_broadcastable[d] for d in self.drop):
            raise ValueError(
                "You cannot drop a non-broadcastable dimension.", (list(self.input_broadcastable), self.new_order)
            )

    def __str__(self) -> str:
        return f"InplaceDimShuffle{{{','.join(map(str, self.new_order))}}}"

    def infer(self, x: Any) -> TensorType:
        """The type with dimensions in the new order."""
        if x.type.ndim != len(self.input_broadcastable):
            raise TypeError(message(f"{self} takes {len(self.input_broadcastable)} dimensions, not {x.type.ndim}", [x]))
        for d in self.drop:
            if not x.type.broadcastable[d]:
                raise TypeError(message(f"{self}: dimension {d} is not known to be of size 1", [x]))
        return TensorType(x.type.dtype, shape=[1 if d == "x" else x.type.shape[d] for d in self.new_order])

    def reference(self, xp: Any, x: Any) -> Any:
        """Transpose and reshape."""
        kept = xp.transpose(x, (*self.shuffle, *self.drop))
        sizes = iter(kept.shape)
        return xp.reshape(kept, tuple(1 if d == "x" else next(sizes) for d in self.new_order))

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Shuffle back."""
        (x,), (g,) = inputs, output_grads
        order: list[Any] = ["x"] * x.type.ndim
        for place, d in enumerate(self.new_order):
            if d != "x":
                order[d] = place
        return [dimshuffle(g, order)]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """Shuffle the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Sizes in the new order."""
        return [tuple(constant(1, dtype="int64") if d == "x" else shapes[0][d] for d in self.new_order)]


def dimshuffle(x: Any, *pattern: Any) -> Any:
    """Return ``x`` with its dimensions reordered; "x" adds one of size 1, a left-out one must be broadcastable."""
    x = as_tensor_variable(x)
    if len(pattern) == 1 and isinstance(pattern[0], list | tuple):
        pattern = tuple(pattern[0])
    if pattern == tuple(range(x.type.ndim)):
        return x
    # A new axis at the end of a dropped one is what m[None] means; only real drops need a broadcastable dimension.
    return DimShuffle(x.type.broadcastable, pattern)(x)


def padded(x: Any, ndim: int) -> Any:
    """Return ``x`` with dimensions of size 1 added on the left up to ``ndim``."""
    missing = ndim - x.type.ndim
    return x if missing <= 0 else dimshuffle(x, ["x"] * missing + list(range(x.type.ndim)))


def _to_rank(x: Any, ndim: int) -> Any:
    if x.type.ndim > ndim:
        extra = x.type.ndim - ndim
        if not all(x.type.broadcastable[:extra]):
            raise ValueError(f"TensorType could not be cast to have {ndim} dimensions", x.type)
        return dimshuffle(x, list(range(extra, x.type.ndim)))
    return padded(x, ndim)


hooks.pad = _to_rank


class Shape(TensorOp):
    """The shape of an array, as an int64 vector."""

    __module__ = "theano.compile.ops"
    __props__ = ()

    def __str__(self) -> str:
        return "Shape"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """Any variable with a shape is taken as it is."""
        return [x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs]

    def infer(self, x: Any) -> TensorType:
        """A vector of known length."""
        return TensorType("int64", shape=[x.type.ndim if x.type.ndim != 1 else None])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read the shape."""
        output_storage[0][0] = np.asarray(inputs[0].shape, dtype="int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The elements do not matter."""
        return [[False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Disconnected."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()()]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """No change."""
        return [None]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The rank."""
        return [(constant(node.inputs[0].type.ndim, dtype="int64"),)]  # type: ignore[attr-defined]


class Shape_i(TensorOp):
    """The size along dimension ``i``, as an int64 scalar."""

    __module__ = "theano.compile.ops"
    __props__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = int(i)

    def __str__(self) -> str:
        return f"Shape_i{{{self.i}}}"

    def infer(self, x: Any) -> TensorType:
        """A scalar."""
        if not 0 <= self.i < x.type.ndim:
            raise TypeError(message(f"Shape_i: there is no dimension {self.i}", [x]))
        return TensorType("int64", ())

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read the size."""
        output_storage[0][0] = np.asarray(inputs[0].shape[self.i], dtype="int64")

    connection_pattern = Shape.connection_pattern
    grad = Shape.grad

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """A scalar."""
        return [()]


_shape = Shape()


def shape(x: Any) -> Any:
    """Return the shape of ``x``, an int64 vector of length ``x.ndim``."""
    return _shape(x if isinstance(x, Variable) else as_tensor_variable(x))


def shape_i(x: Any, i: int) -> Any:
    """Return the size of dimension ``i``, an int64 scalar; a constant where it is known to be 1."""
    known = x.type.shape[i]
    return constant(known, dtype="int64") if known is not None else Shape_i(i)(x)


def cast(x: Any, dtype: str) -> Any:
    """Return ``x`` cast to ``dtype`` ("floatX" allowed), itself where it has it. TypeError from complex to real."""
    from theon.options import config

    name = config.floatX if dtype == "floatX" else str(np.dtype(dtype))
    x = as_tensor_variable(x)
    if x.type.dtype == name:
        return x
    if x.type.dtype.startswith("complex") and not name.startswith("complex"):
        raise TypeError(f"Casting from complex to real is ambiguous: consider real(), imag(), angle() or abs() of {x}")
    return CASTS[name](x)


class Reshape(TensorOp):
    """Reshape to a vector of sizes, ``ndim`` of them; one may be -1."""

    __module__ = "theano.tensor.basic"
    __props__ = ("ndim",)
    view_map = {0: [0]}

    def __init__(self, ndim: int, name: str | None = None) -> None:
        self.ndim = int(ndim)
        if self.ndim < 0:
            raise ValueError("The output dimensions after reshape must be 0 or greater")
        self.name = name

    def __str__(self) -> str:
        return f"Reshape{{{self.ndim}}}"

    def convert(self, *inputs: Any) -> Sequence[Variable]:
        """The shape must be an integer vector."""
        x, sizes = inputs
        sizes = as_tensor_variable(sizes, ndim=1)
        if sizes.type.dtype.startswith(("float", "complex")):
            if not (isinstance(sizes, Constant) and sizes.data.size == 0):
                raise TypeError(f"Shape must be integers, not {sizes.type.dtype}")
            sizes = constant(np.zeros(0, "int64"))
        return [as_tensor_variable(x), sizes]

    def infer(self, x: Any, sizes: Any) -> TensorType:
        """Known sizes are read off the shape's graph."""
        known = []
        for place in range(self.ndim):
            size = _element_of_vector(sizes, place)
            known.append(size if size is not None and size >= 0 else None)
        return TensorType(x.type.dtype, shape=known)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Reshape. ValueError where the sizes do not fit."""
        x, sizes = inputs
        if len(sizes) != self.ndim:
            raise ValueError(
                f"shape argument to Reshape.perform has incorrect length {len(sizes)}, should be {self.ndim}", sizes
            )
        try:
            output_storage[0][0] = np.reshape(x, tuple(int(s) for s in sizes))
        except ValueError:
            raise ValueError(f"Cannot reshape input of shape {x.shape} to shape {sizes}") from None

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the elements matter."""
        return [[True], [False]]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """Reshape back."""
        from theon.graph.disconnected import DisconnectedType

        x, _ = inputs
        back = reshape(output_grads[0], shape(x), ndim=x.type.ndim)
        return [patternbroadcast(back, x.type.broadcastable), DisconnectedType()()]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """Reshape the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes asked for; -1 is what remains."""
        sizes = node.inputs[1]
        known = [_element_of_vector(sizes, d) for d in range(self.ndim)]
        if all(k is not None and k >= 0 for k in known):
            return [tuple(constant(k, dtype="int64") for k in known)]
        if sizes.owner is not None and type(sizes.owner.op).__name__ == "MakeVector":
            parts = sizes.owner.inputs
            if all(_is_size(v) for v in parts):
                return [tuple(cast(v, "int64") for v in parts)]
        return [tuple(shape_i(node.outputs[0], d) for d in range(self.ndim))]


def _is_size(v: Any) -> bool:
    """Whether a number is made of shapes and constants alone so that it is not negative."""
    stack, looked = [v], 0
    while stack:
        x = stack.pop()
        looked += 1
        if looked > 30:
            return False
        if isinstance(x, Constant):
            if (x.data < 0).any():
                return False
            continue
        op = None if x.owner is None else x.owner.op
        if isinstance(op, Shape | Shape_i):
            continue
        if type(op).__name__ == "Subtensor":
            stack.append(x.owner.inputs[0])
        elif isinstance(op, Elemwise) and op.scalar_op.kind in ("add", "mul", "minimum", "maximum"):
            stack.extend(x.owner.inputs)
        elif isinstance(op, Elemwise) and op.scalar_op.kind.startswith("Cast"):
            stack.extend(x.owner.inputs)
        else:
            return False
    return True


def _element_of_vector(v: Any, place: int) -> int | None:
    """The value of element ``place`` of a shape vector where the graph tells, else None."""
    if isinstance(v, Constant):
        return int(v.data[place]) if place < v.data.shape[0] else None
    if v.owner is None:
        return None
    op = v.owner.op
    if type(op).__name__ == "MakeVector":
        try:
            return int(get_scalar_constant_value(v.owner.inputs[place]))
        except NotScalarConstantError:
            return None
    if isinstance(op, Shape):
        known = v.owner.inputs[0].type.shape
        return known[place] if place < len(known) else None
    return None


def vector_length(v: Any) -> int | None:
    """Return the length of a vector where the graph tells, else None."""
    v = as_tensor_variable(v)
    if v.type.ndim != 1:
        raise TypeError(f"argument must be symbolic vector, not {v.type}")
    if v.type.shape[0] is not None:
        return int(v.type.shape[0])
    if isinstance(v, Constant):
        return int(v.data.shape[0])
    if v.owner is not None:
        op = v.owner.op
        if type(op).__name__ == "MakeVector":
            return len(v.owner.inputs)
        if isinstance(op, Shape):
            return int(v.owner.inputs[0].type.ndim)
        if isinstance(op, Elemwise) and len(v.owner.inputs) == 1:
            return vector_length(v.owner.inputs[0])
        if type(op).__name__ == "Subtensor":
            return op.static_length(v.owner, vector_length)  # type: ignore[no-any-return]
        if type(op).__name__ == "Join" and isinstance(v.owner.inputs[0], Constant):
            parts = [vector_length(part) for part in v.owner.inputs[1:]]
            return None if None in parts else builtins.sum(p for p in parts if p is not None)
    return None


hooks.length = lambda v: vector_length(v) if v.type.ndim == 1 else None


def get_vector_length(v: Any) -> int:
    """Return the length of a vector; ValueError where the graph does not tell."""
    v = as_tensor_variable(v)
    if v.type.ndim != 1:
        raise TypeError(f"argument must be symbolic vector, got '{v}'")
    length = vector_length(v)
    if length is None:
        raise ValueError(f"length not known: {v}")
    return length


def get_scalar_constant_value(
    orig_v: Any, elemwise: bool = True, only_process_constants: bool = False, max_recur: int = 10
) -> Any:
    """Return the value of a scalar expression that is constant, as a 0-d array; NotScalarConstantError if it is not."""
    v = orig_v
    for _ in range(max_recur):
        if v is None:
            raise NotScalarConstantError("None is no number")
        if isinstance(v, np.integer | int | float | np.floating | np.bool_):
            return np.asarray(v)
        if isinstance(v, np.ndarray):
            if v.size != 1:
                raise NotScalarConstantError(f"an array of shape {v.shape} is no scalar")
            return v.reshape(()).copy()
        if isinstance(v, Constant):
            data = np.asarray(v.data)
            if data.size and bool((data == data.flat[0]).all()):
                return data.flat[0].copy() if data.ndim else data.copy()
            raise NotScalarConstantError(f"{v} is no scalar")
        if only_process_constants or not isinstance(v, Variable) or v.owner is None:
            raise NotScalarConstantError(f"{v} is not constant")
        op, inputs = v.owner.op, v.owner.inputs
        kind = type(op).__name__
        if kind in (
            "Alloc",
            "DimShuffle",
            "Rebroadcast",
            "TensorFromScalar",
            "ScalarFromTensor",
            "Assert",
            "DeepCopyOp",
            "ViewOp",
        ):
            v = inputs[0]
        elif isinstance(op, Shape_i):
            known = inputs[0].type.shape[op.i]  # type: ignore[attr-defined]
            if known is None:
                raise NotScalarConstantError(f"{v} is not constant")
            return np.asarray(known, dtype="int64")
        elif isinstance(op, Elemwise):
            if op.scalar_op.kind == "second":
                v = inputs[1]
                continue
            if not elemwise:
                raise NotScalarConstantError(f"{v} is not constant")
            values = [get_scalar_constant_value(x, max_recur=max_recur - 1) for x in inputs]
            storage: list[list[Any]] = [[None]]
            op.perform(v.owner, [np.asarray(value) for value in values], storage)
            return np.asarray(storage[0][0])
        elif kind == "Subtensor" and op.constant_index() is not None:
            (place,) = op.constant_index()
            vector = inputs[0]
            if vector.type.ndim != 1:  # type: ignore[attr-defined]
                raise NotScalarConstantError(f"{v} is not constant")
            if vector.owner is not None and isinstance(vector.owner.op, Shape) and place < 0:
                place += vector.owner.inputs[0].type.ndim
            size = _element_of_vector(vector, place)
            if size is None:
                raise NotScalarConstantError(f"{v} is not constant")
            return np.asarray(size, dtype="int64")
        else:
            raise NotScalarConstantError(f"{v} is not constant")
    raise NotScalarConstantError(f"{orig_v} is not constant")


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Any:
    """Return ``x`` reshaped; ``ndim`` says how long a symbolic shape vector is. ValueError where that is unknown."""
    x = as_tensor_variable(x)
    if ndim is None:
        newshape = as_tensor_variable(newshape)
        if newshape.type.ndim == 0:
            newshape = dimshuffle(newshape, "x")
        if newshape.type.ndim != 1:
            raise TypeError("New shape in reshape must be a vector or a list/tuple of scalar.", f"Got {newshape}")
        ndim = vector_length(newshape)
        if ndim is None:
            raise ValueError(
                f"The length of the provided shape ({newshape}) cannot be automatically determined, so Theano is not able to know "
                "what the number of dimensions of the reshaped variable will be. You can provide the 'ndim' keyword argument "
                "to 'reshape' to avoid this problem."
            )
    return Reshape(ndim)(x, newshape)


def flatten(x: Any, ndim: int | None = None, outdim: int | None = None) -> Any:
    """Return ``x`` with ``ndim`` dimensions (1 by default): the first ones kept, the rest made one."""
    ndim = ndim if ndim is not None else (outdim if outdim is not None else 1)
    x = as_tensor_variable(x)
    if ndim < 1 or (ndim > 1 and ndim > x.type.ndim):
        raise ValueError(f"ndim {ndim} out of bound [1, {x.type.ndim + 1})")
    if ndim == x.type.ndim:
        return x
    sizes = [shape_i(x, d) for d in range(ndim - 1)] + [-1]
    from theon.ops.join import stack_sizes

    out = reshape(x, stack_sizes(sizes), ndim=ndim)
    flags = (*x.type.broadcastable[: ndim - 1], all(x.type.broadcastable[ndim - 1 :]))
    return patternbroadcast(out, flags) if any(flags) else out


class Rebroadcast(TensorOp):
    """Change what is known of dimensions: ``axis`` holds pairs (dimension, broadcastable). Checked when it runs."""

    __module__ = "theano.compile.ops"
    __props__ = ("axes",)
    view_map = {0: [0]}

    def __init__(self, *axis: tuple[int, bool]) -> None:
        self.axis = {int(d): bool(flag) for d, flag in sorted(axis)}
        self.axes = tuple(self.axis.items())

    def __str__(self) -> str:
        return f"Rebroadcast{{{','.join(f'({d}, {flag})' for d, flag in self.axes)}}}"

    def infer(self, x: Any) -> TensorType:
        """The type with the pattern changed."""
        if self.axis and max(self.axis) >= x.type.ndim:
            raise ValueError("Trying to rebroadcast non-existent dimension")
        sizes = [
            (1 if self.axis[d] else (None if n == 1 else n)) if d in self.axis else n
            for d, n in enumerate(x.type.shape)
        ]
        return TensorType(x.type.dtype, shape=sizes)

    def reference(self, xp: Any, x: Any) -> Any:
        """Check the sizes."""
        for d, flag in self.axes:
            if flag and x.shape[d] != 1:
                raise ValueError(
                    f"Dimension {d} in Rebroadcast's input was supposed to be 1 (got {x.shape[d]} instead)"
                )
        return x

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient with the input's pattern."""
        return [patternbroadcast(output_grads[0], inputs[0].type.broadcastable)]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The same of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Sizes do not change."""
        return [tuple(constant(1, dtype="int64") if self.axis.get(d) else n for d, n in enumerate(shapes[0]))]


def patternbroadcast(x: Any, broadcastable: Sequence[bool]) -> Any:
    """Return ``x`` with this broadcast pattern; where it promises size 1, that is checked when the function runs."""
    x = as_tensor_variable(x)
    changes = [(d, bool(flag)) for d, flag in enumerate(broadcastable) if flag != x.type.broadcastable[d]]
    return Rebroadcast(*changes)(x) if changes else x


hooks.rebroadcast = patternbroadcast


def addbroadcast(x: Any, *axes: int) -> Any:
    """Return ``x`` with these dimensions taken as broadcastable."""
    return _changed(x, axes, True)


def unbroadcast(x: Any, *axes: int) -> Any:
    """Return ``x`` with these dimensions taken as not broadcastable."""
    return _changed(x, axes, False)


def _changed(x: Any, axes: Sequence[int], flag: bool) -> Any:
    x = as_tensor_variable(x)
    if axes and max(axes) >= x.type.ndim:
        raise ValueError("Trying to broadcast non-existent dimension")
    return patternbroadcast(x, [flag if d in axes else old for d, old in enumerate(x.type.broadcastable)])


class SpecifyShape(TensorOp):
    """Promise the shape of an array; AssertionError when it runs with another."""

    __module__ = "theano.compile.ops"
    __props__ = ()
    view_map = {0: [0]}

    def infer(self, x: Any, sizes: Any) -> TensorType:
        """Known sizes are read off the shape's graph."""
        known = [_element_of_vector(sizes, d) or x.type.shape[d] for d in range(x.type.ndim)]
        return TensorType(x.type.dtype, shape=known)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Check."""
        x, sizes = inputs
        if x.shape != tuple(int(s) for s in sizes):
            raise AssertionError(f"SpecifyShape: got shape {x.shape}, expected {tuple(int(s) for s in sizes)}")
        output_storage[0][0] = x

    connection_pattern = Reshape.connection_pattern

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient with the same promise."""
        from theon.graph.disconnected import DisconnectedType

        return [
            patternbroadcast(specify_shape(output_grads[0], inputs[1]), inputs[0].type.broadcastable),
            DisconnectedType()(),
        ]

    R_op = Reshape.R_op

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The sizes of the input."""
        return [shapes[0]]


def specify_shape(x: Any, newshape: Any) -> Any:
    """Return ``x`` with a promised shape (a vector, or a list of ints)."""
    x = as_tensor_variable(x)
    return SpecifyShape()(x, as_tensor_variable(newshape))


def transpose(x: Any, axes: Any = None) -> Any:
    """Return ``x`` with its dimensions in the order ``axes``, reversed by default."""
    x = as_tensor_variable(x)
    order = list(range(x.type.ndim - 1, -1, -1)) if axes is None else [int(a) % max(x.type.ndim, 1) for a in axes]
    out = dimshuffle(x, order)
    if x.name and x.type.ndim and out is not x and axes is None:
        out.name = x.name + ".T"
    return out


def swapaxes(y: Any, axis1: int, axis2: int) -> Any:
    """Return ``y`` with two dimensions exchanged."""
    y = as_tensor_variable(y)
    order = list(range(y.type.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return dimshuffle(y, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return ``x`` with the dimensions ``source`` moved to ``destination``."""
    x = as_tensor_variable(x)
    sources = [s % x.type.ndim for s in np.atleast_1d(source)]
    destinations = [d % x.type.ndim for d in np.atleast_1d(destination)]
    order = [d for d in range(x.type.ndim) if d not in sources]
    for d, s in sorted(zip(destinations, sources)):
        order.insert(d, s)
    return dimshuffle(x, [int(d) for d in order])


def shape_padleft(t: Any, n_ones: int = 1) -> Any:
    """Return ``t`` with ``n_ones`` dimensions of size 1 added on the left."""
    t = as_tensor_variable(t)
    return dimshuffle(t, ["x"] * n_ones + list(range(t.type.ndim)))


def shape_padright(t: Any, n_ones: int = 1) -> Any:
    """Return ``t`` with ``n_ones`` dimensions of size 1 added on the right."""
    t = as_tensor_variable(t)
    return dimshuffle(t, list(range(t.type.ndim)) + ["x"] * n_ones)


def shape_padaxis(t: Any, axis: int) -> Any:
    """Return ``t`` with a dimension of size 1 added before ``axis``. IndexError if there is no such place."""
    t = as_tensor_variable(t)
    ndim = t.type.ndim + 1
    if not -ndim <= axis < ndim:
        raise IndexError(f"axis {axis} is out of bounds [-{ndim}, {ndim})")
    order: list[Any] = list(range(t.type.ndim))
    order.insert(axis % ndim, "x")
    return dimshuffle(t, order)


def atleast_Nd(x: Any, n: int = 1, left: bool = True) -> Any:
    """Return ``x`` with dimensions of size 1 added until there are ``n``."""
    x = as_tensor_variable(x)
    missing = n - x.type.ndim
    return x if missing <= 0 else (shape_padleft if left else shape_padright)(x, missing)


def squeeze(x: Any, axis: Any = None) -> Any:
    """Return ``x`` without its broadcastable dimensions, or without ``axis``."""
    x = as_tensor_variable(x)
    if axis is None:
        drop = {d for d, flag in enumerate(x.type.broadcastable) if flag}
    else:
        drop = {int(d) % x.type.ndim for d in np.atleast_1d(axis)}
        x = patternbroadcast(x, [flag or d in drop for d, flag in enumerate(x.type.broadcastable)])
    return dimshuffle(x, [d for d in range(x.type.ndim) if d not in drop])


class TensorFromScalar(Op):
    """A symbolic number as an array without dimensions. A 0-d tensor is copied."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError for anything that is neither a scalar nor a 0-d tensor."""
        (x,) = inputs
        if not isinstance(x, Variable) or not isinstance(x.type, Scalar):
            x = as_tensor_variable(x)
            if x.type.ndim:
                raise TypeError(message(f"{self}: one number is wanted, not an array", [x]))
        return Apply(self, [x], [TensorType(x.type.dtype, ())()])  # type: ignore[attr-defined]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Copy."""
        output_storage[0][0] = np.array(inputs[0])

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient as a number; 0 for an integer."""
        return [_as_kind_of(inputs[0], output_grads[0])]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """No dimensions."""
        return [()]


class ScalarFromTensor(Op):
    """The element of a 0-d tensor as a symbolic number. TypeError for an array with dimensions."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        x = as_tensor_variable(inputs[0])
        if x.type.ndim:
            raise TypeError(message(f"{self}: an array without dimensions is wanted", [x]))
        return Apply(self, [x], [get_scalar_type(x.type.dtype)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Take the element."""
        output_storage[0][0] = np.asarray(inputs[0])[()]

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient as an array; 0 for an integer."""
        return [_as_kind_of(inputs[0], output_grads[0])]

    def R_op(self, inputs: Sequence[Any], eval_points: Sequence[Any]) -> list[Any]:
        """The evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """No dimensions."""
        return [()]


def _as_kind_of(x: Any, g: Any) -> Any:
    """The gradient ``g`` as a scalar or a tensor, as ``x`` is one."""
    from theon.graph.disconnected import DisconnectedType

    if isinstance(g.type, DisconnectedType):
        return g
    if isinstance(x.type, Scalar):
        return g if isinstance(g.type, Scalar) else scalar_from_tensor(g)
    return tensor_from_scalar(g) if isinstance(g.type, Scalar) else g


tensor_from_scalar = TensorFromScalar()
scalar_from_tensor = ScalarFromTensor()
tensor_copy = identity
