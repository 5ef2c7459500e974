"""What nets are made of beside convolutions: biases in softmax, columns before rows, the hierarchical softmax."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from theon.dtypes import float_dtypes
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.nnet import convolutions
from theon.ops.dot import dot, tensordot
from theon.ops.explog import exp
from theon.ops.fill import alloc, arange
from theon.ops.join import concatenate
from theon.ops.reduce import sum as sum_
from theon.ops.reshape import reshape
from theon.ops.shape import get_scalar_constant_value
from theon.ops.softmax import softmax
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "Prepend_scalar_constant_to_each_row",
    "Prepend_scalar_to_each_row",
    "SoftmaxWithBias",
    "conv2d_of_layers",
    "conv2d_of_nnet",
    "conv2d_of_signal",
    "h_softmax",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "softmax_graph",
    "softmax_with_bias",
]


class SoftmaxWithBias(Op):
    """softmax(x + b) of the rows of ``x``, ``b`` a vector: makes the nodes of the sum and of softmax."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()
    nin, nout = 2, 1

    def make_node(self, x: Any, b: Any) -> Apply:
        """Return the node. ValueError for other ranks, or other dtypes than floats."""
        x, b = as_tensor_variable(x), as_tensor_variable(b)
        if x.type.ndim != 2 or x.type.dtype not in float_dtypes:
            raise ValueError(f"x must be 2-d tensor of floats, not {x.type}")
        if b.type.ndim != 1 or b.type.dtype not in float_dtypes:
            raise ValueError(f"b must be 1-d tensor of floats, not {b.type}")
        return softmax(x + b.dimshuffle("x", 0)).owner  # type: ignore[no-any-return]


def softmax_graph(c: Any) -> Any:
    """Return softmax along the last dimension, as a quotient of exponentials: any rank, but large arguments overflow."""
    e = exp(as_tensor_variable(c))
    return e / e.sum(axis=-1, keepdims=True)


def _with_column(val: Any, mat: Any) -> Any:
    if mat.type.ndim != 2 or val.type.ndim != 0:
        raise TypeError(f"a matrix and a scalar are expected, not {mat.type} and {val.type}")
    return concatenate([alloc(val.astype(mat.type.dtype), mat.shape[0], 1), mat], axis=1)


class Prepend_scalar_constant_to_each_row(Op):
    """A matrix with a column of the number ``val`` before it. TypeError for anything else than a number."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ("val",)

    def __init__(self, val: float = 0) -> None:
        if not isinstance(val, int | float | np.number):
            raise TypeError(f"val must be a number, not {val!r}")
        self.val = val

    def make_node(self, mat: Any) -> Apply:
        """Return the node. TypeError for other ranks."""
        mat = as_tensor_variable(mat)
        return _with_column(as_tensor_variable(np.asarray(self.val, mat.type.dtype)), mat).owner  # type: ignore[no-any-return]


class Prepend_scalar_to_each_row(Op):
    """A matrix with a column of the scalar ``val``, the first input, before it."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def make_node(self, val: Any, mat: Any) -> Apply:
        """Return the node. TypeError for other ranks."""
        return _with_column(as_tensor_variable(val), as_tensor_variable(mat)).owner  # type: ignore[no-any-return]


softmax_with_bias = SoftmaxWithBias()
prepend_scalar_to_each_row = Prepend_scalar_to_each_row()
prepend_0_to_each_row = Prepend_scalar_constant_to_each_row(0.0)
prepend_1_to_each_row = Prepend_scalar_constant_to_each_row(1.0)


def h_softmax(
    x: Any,
    batch_size: Any,
    n_outputs: Any,
    n_classes: Any,
    n_outputs_per_class: Any,
    W1: Any,
    b1: Any,
    W2: Any,
    b2: Any,
    target: Any = None,
) -> Any:
    """Return the probabilities of a two-level softmax: of the class of an output, times of the output in its class.

    ``x`` (batch, features), ``W1`` (features, classes), ``b1`` (classes,), ``W2`` (classes, features, outputs per class), ``b2``
    (classes, outputs per class). Without ``target``: (batch, n_outputs); with it, an output's number for each row:
    (batch,), computing only the classes needed (Goodman 2001; Morin and Bengio 2005).
    """
    x, W1, b1, W2, b2 = (as_tensor_variable(v) for v in (x, W1, b1, W2, b2))
    class_probs = softmax(dot(x, W1) + b1)
    if target is None:
        activations = tensordot(x, W2, (1, 1)) + b2
        flat = reshape(activations, (-1, n_outputs_per_class), 2)
        probs = reshape(softmax(flat), (batch_size, n_classes, n_outputs_per_class), 3)
        joint = class_probs.dimshuffle(0, 1, "x") * probs
        return reshape(joint, (batch_size, -1), 2)[:, :n_outputs]
    target = as_tensor_variable(target).flatten()
    chosen, inside = target // n_outputs_per_class, target % n_outputs_per_class
    activations = sum_(x.dimshuffle(0, 1, "x") * W2[chosen], axis=1) + b2[chosen]
    rows = arange(batch_size)
    return class_probs[rows, chosen] * softmax(activations)[rows, inside]


def conv2d_of_layers(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
    image_shape: Any = None,
    filter_dilation: Any = (1, 1),
    num_groups: int = 1,
    unshared: bool = False,
    **kwargs: Any,
) -> Any:
    """Return the convolution of images (batch, channels, rows, columns) with filters (filters, channels, rows, columns).

    ``border_mode``: "valid" (inside the image), "full" (wherever the two overlap), "half" (padded by half the filter), the
    padding, or paddings for each dimension, single or (before, after). ``subsample``: steps between results.
    ``filter_flip``: whether filters are flipped, as mathematics has it. ``filter_dilation``: steps between elements of the
    filter. ``num_groups``: channels and filters in separate groups. ``unshared``: a filter for each place, (filters, rows of
    the result, columns of it, channels, rows, columns). ``input_shape``, ``filter_shape``: shapes if known, checked.
    ``image_shape`` is the old name of ``input_shape``; other keywords tuned old code and are ignored with a warning.

    >>> import theano.tensor as T
    >>> T.nnet.conv2d(T.tensor4(), T.tensor4(), border_mode="half").ndim
    4
    """
    if "imshp_logical" in kwargs or "kshp_logical" in kwargs:
        raise ValueError("imshp_logical and kshp_logical are not supported by conv2d: use conv2d_transpose to upsample")
    if kwargs:
        warnings.warn(f"{', '.join(map(repr, kwargs))} are deprecated arguments of conv2d and ignored", stacklevel=2)
    if image_shape is not None:
        warnings.warn("The keyword image_shape of conv2d is replaced by input_shape", DeprecationWarning, stacklevel=2)
        if input_shape is not None:
            raise ValueError("input_shape and image_shape should not be provided at the same time.")
        input_shape = image_shape
    return convolutions.conv2d(
        input,
        filters,
        input_shape,
        filter_shape,
        border_mode,
        subsample,
        filter_flip,
        filter_dilation,
        num_groups,
        unshared,
    )


def conv2d_of_nnet(
    input: Any,
    filters: Any,
    image_shape: Any = None,
    filter_shape: Any = None,
    border_mode: str = "valid",
    subsample: Any = (1, 1),
    **kargs: Any,
) -> Any:
    """The older ``nnet.conv.conv2d``: as the newer one, with "valid" and "full" only. Other keywords tuned its C code."""
    if border_mode not in ("valid", "full"):
        raise Exception(f"The border_mode {border_mode} is not supported: use theano.tensor.nnet.conv2d")
    image_shape, filter_shape = _numbers(image_shape), _numbers(filter_shape)
    if image_shape and filter_shape and None not in (image_shape[1], filter_shape[1]):
        if image_shape[1] != filter_shape[1]:
            raise AssertionError(
                f"images of {image_shape[1]} channels do not fit filters of {filter_shape[1]}: "
                f"image_shape {image_shape}, filter_shape {filter_shape}"
            )
    return convolutions.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)


def _numbers(shape: Any) -> tuple[int | None, ...] | None:
    """A shape whose entries are numbers or constants. NotScalarConstantError for a variable, AssertionError for a fraction."""
    if shape is None:
        return None
    found = [None if n is None else get_scalar_constant_value(as_tensor_variable(n)) for n in shape]
    if any(n is not None and n.dtype.kind not in "iu" for n in found):
        raise AssertionError(f"sizes are integers, not {shape}")
    return tuple(None if n is None else int(n) for n in found)


def conv2d_of_signal(
    input: Any,
    filters: Any,
    image_shape: Any = None,
    filter_shape: Any = None,
    border_mode: str = "valid",
    subsample: Any = (1, 1),
    **kargs: Any,
) -> Any:
    """The convolution of one image or several (2 or 3 dimensions) with one filter or several, each with each."""
    x, w = as_tensor_variable(input), as_tensor_variable(filters)
    for v, name in ((x, "input"), (w, "filters")):
        if v.type.ndim not in (2, 3):
            raise Exception(f"signal.conv.conv2d takes {name} of 2 or 3 dimensions, not {v.type.ndim}")

    def four(v: Variable, leading: bool) -> Any:
        if v.type.ndim == 2:  # type: ignore[attr-defined]
            return v.dimshuffle("x", "x", 0, 1)  # type: ignore[attr-defined]
        return v.dimshuffle(0, "x", 1, 2)  # type: ignore[attr-defined]

    found = convolutions.conv2d(four(x, True), four(w, True), None, None, border_mode, subsample)
    keep = [d for d, v in ((0, x), (1, w)) if v.type.ndim == 3]
    if len(keep) < 2:
        found = found.dimshuffle(*keep, 2, 3)
    return found
