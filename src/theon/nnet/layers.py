"""What nets are made of beside convolutions: biases in softmax, columns before rows, the hierarchical softmax."""

from __future__ import annotations

from typing import Any

from theon.graph.variable import Variable
from theon.nnet import abstract_conv
from theon.ops.dims import reshape
from theon.ops.dot import dot, tensordot
from theon.ops.fill import alloc, arange
from theon.ops.join import concatenate
from theon.ops.reduce import sum as sum_
from theon.ops.softmax import softmax
from theon.tensor.constant import as_tensor_variable

__all__ = [
    "conv2d_of_nnet",
    "conv2d_of_signal",
    "h_softmax",
    "prepend_0_to_each_row",
    "prepend_1_to_each_row",
    "prepend_scalar_to_each_row",
    "softmax_with_bias",
]


def softmax_with_bias(x: Any, b: Any) -> Any:
    """Return softmax(x + b) of the rows of ``x``, ``b`` a vector. TypeError for other ranks."""
    x, b = as_tensor_variable(x), as_tensor_variable(b)
    if x.type.ndim != 2 or b.type.ndim != 1:
        raise TypeError(f"x must be a matrix and b a vector, not {x.type} and {b.type}")
    return softmax(x + b.dimshuffle("x", 0))


def prepend_scalar_to_each_row(val: Any, mat: Any) -> Any:
    """Return the matrix with a column of the scalar ``val`` before it. TypeError for other ranks."""
    mat, val = as_tensor_variable(mat), as_tensor_variable(val)
    if mat.type.ndim != 2 or val.type.ndim != 0:
        raise TypeError(f"a matrix and a scalar are expected, not {mat.type} and {val.type}")
    return concatenate([alloc(val.astype(mat.type.dtype), mat.shape[0], 1), mat], axis=1)


def prepend_0_to_each_row(mat: Any) -> Any:
    """Return the matrix with a column of zeros before it."""
    return prepend_scalar_to_each_row(0, mat)


def prepend_1_to_each_row(mat: Any) -> Any:
    """Return the matrix with a column of ones before it."""
    return prepend_scalar_to_each_row(1, mat)


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
    x = as_tensor_variable(x)
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
    return abstract_conv.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)


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

    found = abstract_conv.conv2d(four(x, True), four(w, True), None, None, border_mode, subsample)
    keep = [d for d, v in ((0, x), (1, w)) if v.type.ndim == 3]
    if len(keep) < 2:
        found = found.dimshuffle(*keep, 2, 3)
    return found
