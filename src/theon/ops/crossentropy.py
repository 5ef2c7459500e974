"""Cross-entropies, and the ops that join softmax with the negative log-likelihood of one class a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.dtypes import float_dtypes, integer_dtypes
from theon.errors import LabelOutOfRange
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.ops.arith import neg
from theon.ops.compare import gt
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle
from theon.ops.explog import log
from theon.ops.extremes import max_and_argmax
from theon.ops.fill import arange, zeros
from theon.ops.shape import shape_i
from theon.ops.special import softplus
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "CrossentropyCategorical1Hot",
    "CrossentropyCategorical1HotGrad",
    "CrossentropySoftmax1HotWithBiasDx",
    "CrossentropySoftmaxArgmax1HotWithBias",
    "binary_crossentropy",
    "categorical_crossentropy",
    "crossentropy_categorical_1hot",
    "crossentropy_categorical_1hot_grad",
    "crossentropy_softmax_1hot",
    "crossentropy_softmax_1hot_with_bias",
    "crossentropy_softmax_1hot_with_bias_dx",
    "crossentropy_softmax_argmax_1hot_with_bias",
    "crossentropy_softmax_max_and_argmax_1hot",
    "crossentropy_softmax_max_and_argmax_1hot_with_bias",
    "sigmoid_binary_crossentropy",
]


def _picked(xp: Any, x: Any, y: Any) -> Any:
    return x[xp.arange(y.shape[0]), y]


def _classes(x: Any, y: Any, wraps: bool = False) -> Any:
    """The classes of the rows of ``x``; LabelOutOfRange, which is a ValueError and an IndexError, for one that is not there."""
    n = x.shape[1]
    least = -n if wraps else 0
    wrong = (y < least) | (y >= n)
    if wrong.any():
        row = int(wrong.argmax())
        raise LabelOutOfRange(
            f"y_i value out of bounds: label {y[row]} of row {row} is not in [{least}, {n}), of {n} classes"
        )
    return y + n * (y < 0) if wraps else y


class _OfClasses(TensorOp):
    """An op whose last input is the class of each row.

    With ``wraps`` it stands for what was written as indexing: negative classes count from the last, and there may be fewer
    classes than rows, those of the first rows.
    """

    __props__ = ("wraps",)

    def __init__(self, wraps: bool = False) -> None:
        self.wraps = wraps


def _rows_agree(name: str, x: Any, y: Any, wraps: bool = False) -> None:
    rows = x.shape[0]
    if wraps and y.shape[0] > rows:
        raise IndexError(f"index {rows} is out of bounds for axis 0 with size {rows}: there are {y.shape[0]} classes")
    if not wraps and rows != y.shape[0]:
        raise ValueError(f"{name}: {x.shape[0]} rows but {y.shape[0]} targets")


class CrossentropyCategorical1Hot(TensorOp):
    """-log(coding_dist[i, true_one_of_n[i]]) for each row."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def __str__(self) -> str:
        return "CrossentropyCategorical1Hot"

    def infer(self, coding_dist: Any, true_one_of_n: Any) -> TensorType:
        """A vector. TypeError for other than a float matrix and an integer vector."""
        if coding_dist.type.ndim != 2 or coding_dist.type.dtype not in float_dtypes:
            raise TypeError("matrix required for argument: coding_dist")
        if true_one_of_n.type.ndim != 1 or true_one_of_n.type.dtype not in integer_dtypes:
            raise TypeError(f"integer vector required for argument: true_one_of_n (got type: {true_one_of_n.type})")
        return TensorType(coding_dist.type.dtype, shape=[coding_dist.type.shape[0]])

    def reference(self, xp: Any, coding_dist: Any, true_one_of_n: Any) -> Any:
        """Pick and take the logarithm; ValueError for a class that is not there and for another number of rows."""
        _rows_agree("crossentropy_categorical_1hot", coding_dist, true_one_of_n)
        return -xp.log(_picked(xp, coding_dist, _classes(coding_dist, true_one_of_n)))

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Classes do not move smoothly."""
        return [[True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """-g / p at the target."""
        coding, target = inputs
        return [crossentropy_categorical_1hot_grad(output_grads[0], coding, target), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The number of rows."""
        return [(shapes[0][0],)]


class CrossentropyCategorical1HotGrad(TensorOp):
    """The gradient of :class:`CrossentropyCategorical1Hot`: -g[i] / coding_dist[i, y[i]] at (i, y[i]), 0 elsewhere."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def __str__(self) -> str:
        return "CrossentropyCategorical1HotGrad"

    def infer(self, g_y: Any, coding_dist: Any, true_one_of_n: Any) -> TensorType:
        """The type of ``coding_dist``."""
        return TensorType(coding_dist.type.dtype, shape=coding_dist.type.shape)

    def reference(self, xp: Any, g_y: Any, coding_dist: Any, true_one_of_n: Any) -> Any:
        """Write the quotients into zeros."""
        _classes(coding_dist, true_one_of_n)
        rows = xp.arange(true_one_of_n.shape[0])
        values = -g_y / coding_dist[rows, true_one_of_n]
        out = xp.zeros_like(coding_dist)
        if hasattr(out, "at"):
            return out.at[rows, true_one_of_n].set(values)
        out[rows, true_one_of_n] = values
        return out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The quotient rule at the target of each row."""
        g_y, coding, target = inputs
        (g,) = output_grads
        rows = arange(shape_i(target, 0))
        p, seen = coding[rows, target], g[rows, target]
        scatter = zeros_for(coding)[rows, target]
        from theon.ops.index import inc_subtensor

        return [-seen / p, inc_subtensor(scatter, seen * g_y / (p * p)), DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Classes do not move smoothly."""
        return [[True], [True], [False]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``coding_dist``."""
        return [shapes[1]]


class CrossentropySoftmaxArgmax1HotWithBias(_OfClasses):
    """The outputs -log(softmax(x + b)[i, y_idx[i]]), softmax(x + b), and the most probable class of each row."""

    __module__ = "theano.tensor.nnet.nnet"
    nin, nout = 3, 3

    def __str__(self) -> str:
        return "CrossentropySoftmaxArgmax1HotWithBias"

    def convert(self, x: Any, b: Any, y_idx: Any) -> Sequence[Variable]:  # type: ignore[override]
        """Three variables."""
        return super().convert(x, b, y_idx)

    def infer(self, x: Any, b: Any, y_idx: Any) -> list[TensorType]:
        """ValueError for other than a float matrix, a float vector and an integer vector."""
        if x.type.ndim != 2 or x.type.dtype not in float_dtypes:
            raise ValueError("x must be 2-d tensor of floats", x.type)
        if b.type.ndim != 1 or b.type.dtype not in float_dtypes:
            raise ValueError("b must be 1-d tensor of floats", b.type)
        if y_idx.type.ndim != 1 or y_idx.type.dtype not in integer_dtypes:
            raise ValueError("y_idx must be 1-d tensor of [u]ints", y_idx.type)
        rows = x.type.shape[0]
        return [
            TensorType(x.type.dtype, shape=[y_idx.type.shape[0] if self.wraps else rows]),
            TensorType(x.type.dtype, shape=x.type.shape),
            TensorType(y_idx.type.dtype, shape=[rows]),
        ]

    def reference(self, xp: Any, x: Any, b: Any, y_idx: Any) -> Any:
        """Stable in each row. ValueError for other sizes and for a class that is not there."""
        if b.shape[0] != x.shape[1]:
            raise ValueError(f"b must have same number of columns as x: {b.shape[0]} and {x.shape[1]}")
        _rows_agree("crossentropy_softmax_argmax_1hot_with_bias", x, y_idx, self.wraps)
        y_idx = _classes(x, y_idx, self.wraps)
        row = x + b
        d = row - xp.max(row, axis=1, keepdims=True) if row.size else row
        e = xp.exp(d)
        total = xp.sum(e, axis=1, keepdims=True)
        best = xp.argmax(row, axis=1) if row.size else xp.zeros(x.shape[:1])
        return xp.log(total[: y_idx.shape[0], 0]) - _picked(xp, d, y_idx), e / total, best

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Classes do not move smoothly."""
        return [[True, True, True], [True, True, True], [False, False, True]]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Through the likelihood, the probabilities, or both; none through the class."""
        from theon.ops.softmax import softmax_grad

        y_idx = inputs[2]
        g_nll, g_sm, _ = output_grads
        terms = []
        if not isinstance(g_nll.type, DisconnectedType):
            terms.append(CrossentropySoftmax1HotWithBiasDx(self.wraps)(g_nll, outputs[1], y_idx))
        if not isinstance(g_sm.type, DisconnectedType):
            terms.append(softmax_grad(g_sm, outputs[1]))
        if not terms:
            return [DisconnectedType()(), DisconnectedType()(), DisconnectedType()()]
        dx = terms[0] if len(terms) == 1 else terms[0] + terms[1]
        return [dx, dx.sum(axis=0), DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """One value a row, and x's shape."""
        x, _, y_idx = shapes
        return [(y_idx[0] if self.wraps else x[0],), x, (x[0],)]


class CrossentropySoftmax1HotWithBiasDx(_OfClasses):
    """(softmax - one-hot(y_idx)) dy: the gradient of the negative log-likelihood with respect to softmax's argument."""

    __module__ = "theano.tensor.nnet.nnet"

    def __str__(self) -> str:
        return "CrossentropySoftmax1HotWithBiasDx"

    def convert(self, dy: Any, sm: Any, y_idx: Any) -> Sequence[Variable]:  # type: ignore[override]
        """Three variables."""
        return super().convert(dy, sm, y_idx)

    def infer(self, dy: Any, sm: Any, y_idx: Any) -> TensorType:
        """ValueError for other than floats up to a vector, a float matrix and an integer vector."""
        if dy.type.ndim > 1 or dy.type.dtype not in float_dtypes:
            raise ValueError("dy must be {0,1}-d tensor of floats", dy.type)
        if sm.type.ndim != 2 or sm.type.dtype not in float_dtypes:
            raise ValueError("sm must be 2-d tensor of floats", sm.type)
        if y_idx.type.ndim != 1 or y_idx.type.dtype not in integer_dtypes:
            raise ValueError("y_idx must be 1-d tensor of [u]ints", y_idx.type)
        return TensorType(sm.type.dtype, shape=sm.type.shape)

    def reference(self, xp: Any, dy: Any, sm: Any, y_idx: Any) -> Any:
        """Subtract 1 at each target and scale the rows. ValueError where the numbers of rows differ."""
        _rows_agree("crossentropy_softmax_1hot_with_bias_dx", sm, y_idx, self.wraps)
        rows = y_idx.shape[0]
        if dy.ndim and dy.shape[0] not in (1, rows):
            raise ValueError(f"crossentropy_softmax_1hot_with_bias_dx: {rows} rows but {dy.shape[0]} gradients")
        y = _classes(sm, y_idx, self.wraps)
        hot = xp.arange(sm.shape[1]) == y[:, None]
        found = (sm[:rows] - hot) * (dy[:, None] if dy.ndim else dy)
        return found if rows == sm.shape[0] else xp.concatenate([found, xp.zeros_like(found, shape=sm[rows:].shape)])

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Classes do not move smoothly."""
        return [[True], [True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The op is linear in ``dy`` and affine in ``sm``."""
        from theon.ops.reduce import summed_to

        dy, sm, y_idx = inputs
        (g,) = output_grads
        rows = arange(shape_i(y_idx, 0))
        g_dy = (g * sm).sum(axis=1) - g[rows, y_idx]
        by_row = dimshuffle(dy, 0, "x") if dy.type.ndim else dy
        return [summed_to(g_dy, dy), by_row * g, DisconnectedType()()]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of ``sm``."""
        return [shapes[1]]


crossentropy_categorical_1hot = CrossentropyCategorical1Hot()
crossentropy_categorical_1hot_grad = CrossentropyCategorical1HotGrad()
crossentropy_softmax_argmax_1hot_with_bias = CrossentropySoftmaxArgmax1HotWithBias()
crossentropy_softmax_1hot_with_bias_dx = CrossentropySoftmax1HotWithBiasDx()


def crossentropy_softmax_1hot_with_bias(x: Any, b: Any, y_idx: Any, **kwargs: Any) -> Any:
    """Return the negative log-likelihood of class ``y_idx[i]`` in each row of softmax(x + b), and softmax(x + b)."""
    return crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx, **kwargs)[0:2]


def _no_bias(x: Any) -> Any:
    return zeros((shape_i(x, 1),), dtype=x.type.dtype)


def crossentropy_softmax_1hot(x: Any, y_idx: Any, **kwargs: Any) -> Any:
    """Return the negative log-likelihood of class ``y_idx[i]`` in each row of softmax(x), and softmax(x)."""
    x = as_tensor_variable(x)
    return crossentropy_softmax_1hot_with_bias(x, _no_bias(x), y_idx, **kwargs)


def crossentropy_softmax_max_and_argmax_1hot_with_bias(x: Any, b: Any, y_idx: Any, **kwargs: Any) -> Any:
    """Return negative log-likelihood, softmax(x + b), and the highest probability and its class in each row."""
    nll, sm = crossentropy_softmax_1hot_with_bias(x, b, y_idx, **kwargs)
    best, place = max_and_argmax(sm, axis=-1)
    return nll, sm, best, place


def crossentropy_softmax_max_and_argmax_1hot(x: Any, y_idx: Any, **kwargs: Any) -> Any:
    """Return negative log-likelihood, softmax(x), and the highest probability and its class in each row."""
    x = as_tensor_variable(x)
    return crossentropy_softmax_max_and_argmax_1hot_with_bias(x, _no_bias(x), y_idx, **kwargs)


def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Any:
    """Return -sum(true log(coding)) in each row; an integer vector of classes stands for one-hot rows."""
    coding_dist, true_dist = as_tensor_variable(coding_dist), as_tensor_variable(true_dist)
    if true_dist.type.ndim == coding_dist.type.ndim:
        return -(true_dist * log(coding_dist)).sum(axis=coding_dist.type.ndim - 1)
    if true_dist.type.ndim == coding_dist.type.ndim - 1:
        return crossentropy_categorical_1hot(coding_dist, true_dist)
    raise TypeError("rank mismatch between coding and true distributions")


def binary_crossentropy(output: Any, target: Any) -> Any:
    """Return -(target log(output) + (1 - target) log(1 - output)), elementwise."""
    return neg(target * log(output) + (1.0 - target) * log(1.0 - output))


def sigmoid_binary_crossentropy(output: Any, target: Any) -> Any:
    """Return the binary cross-entropy of sigmoid(output), computed stably from ``output``."""
    output = as_tensor_variable(output)
    return softplus(-abs(output)) + output * (gt(output, 0) - target)
