"""Softmax, its logarithm and its gradient, and activations for layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.dtypes import float_dtypes
from theon.graph.variable import Apply
from theon.ops.arith import neg, switch
from theon.ops.compare import gt
from theon.ops.declare import TensorOp, to_float
from theon.ops.dims import dimshuffle, padded
from theon.ops.explog import exp
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "LogSoftmax",
    "Softmax",
    "SoftmaxGrad",
    "log_softmax",
    "logsoftmax",
    "relu",
    "softmax",
    "softmax_grad",
]


class _Rows(TensorOp):
    def convert(self, *inputs: Any) -> Sequence[Any]:
        """A vector becomes one row."""
        found = []
        for x in inputs:
            x = as_tensor_variable(x)
            if x.type.ndim not in (1, 2) or x.type.dtype not in float_dtypes:
                raise ValueError(f"x must be 1-d or 2-d tensor of floats. Got {x.type}")
            found.append(padded(x, 2))
        return found

    def infer(self, *inputs: Any) -> TensorType:
        """The type of the (first) input."""
        return TensorType(inputs[0].type.dtype, shape=inputs[0].type.shape)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The input's shape."""
        return [shapes[0]]


class Softmax(_Rows):
    """exp(x) / sum(exp(x)) in each row."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def __str__(self) -> str:
        return "Softmax"

    def reference(self, xp: Any, x: Any) -> Any:
        """The largest of a row is subtracted first."""
        e = xp.exp(x - xp.max(x, axis=1, keepdims=True)) if x.size else x
        return e / xp.sum(e, axis=1, keepdims=True)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """(g - sum(g y)) y."""
        return [softmax_grad(output_grads[0], outputs[0])]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The Jacobian is symmetric."""
        return [None] if eval_points[0] is None else self.L_op(inputs, [self(inputs[0])], eval_points)


class SoftmaxGrad(_Rows):
    """The gradient of softmax from that of its result ``dy`` and the result ``sm``."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def __str__(self) -> str:
        return "SoftmaxGrad"

    def reference(self, xp: Any, dy: Any, sm: Any) -> Any:
        """(dy - sum(dy sm)) sm."""
        product = dy * sm
        return product - xp.sum(product, axis=1, keepdims=True) * sm

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Product rule."""
        dy, sm = inputs
        (g,) = output_grads
        tmp = g + neg((g * sm).sum(axis=1).dimshuffle(0, "x"))
        g_dy = tmp * sm
        tmp2 = (dy * sm).sum(axis=1).dimshuffle(0, "x")
        g_sm = tmp * dy - g * tmp2
        return [g_dy, g_sm]


class LogSoftmax(_Rows):
    """log(softmax(x)) in each row, without overflow or log(0)."""

    __module__ = "theano.tensor.nnet.nnet"
    __props__ = ()

    def __str__(self) -> str:
        return "LogSoftmax"

    def reference(self, xp: Any, x: Any) -> Any:
        """The largest of a row is subtracted first."""
        d = x - xp.max(x, axis=1, keepdims=True) if x.size else x
        return d - xp.log(xp.sum(xp.exp(d), axis=1, keepdims=True))

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """g - sum(g) exp(y)."""
        (g,) = output_grads
        return [g - g.sum(axis=1, keepdims=True) * exp(outputs[0])]


softmax_op = Softmax()
softmax_grad = SoftmaxGrad()
logsoftmax_op = LogSoftmax()


def softmax(c: Any) -> Any:
    """Return exp(c) / sum(exp(c)) along the rows of a matrix; a vector is one row."""
    return softmax_op(as_tensor_variable(c))


def logsoftmax(c: Any) -> Any:
    """Return log(softmax(c)), computed stably."""
    return logsoftmax_op(as_tensor_variable(c))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Return log(softmax(x)) along any axis."""
    from theon.ops.statistics import logsumexp

    return x - logsumexp(x, axis=axis, keepdims=True)


def relu(x: Any, alpha: Any = 0) -> Any:
    """Return ``x`` where positive, ``alpha * x`` elsewhere."""
    x = as_tensor_variable(x)
    if isinstance(alpha, int | float) and alpha == 0:
        return 0.5 * (x + abs(x))
    alpha = as_tensor_variable(alpha)
    f1, f2 = 0.5 * (1 + alpha), 0.5 * (1 - alpha)
    return f1 * x + f2 * abs(x)


def elu(x: Any, alpha: Any = 1) -> Any:
    """Return ``x`` where positive, ``alpha (exp(x) - 1)`` elsewhere."""
    from theon.ops.explog import expm1

    x = as_tensor_variable(x)
    return switch(gt(x, 0), x, alpha * expm1(x))


def selu(x: Any) -> Any:
    """Return the self-normalising linear unit (Klambauer et al. 2017)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def _as_float(x: Any) -> Any:
    x = as_tensor_variable(x)
    return x if x.type.dtype in float_dtypes else x.astype(to_float(x.type.dtype))


def softsign(x: Any) -> Any:
    """Return x / (1 + |x|)."""
    from theon.ops.explog import like

    x = _as_float(x)
    return x / (like(x, 1.0) + abs(x))


def hard_sigmoid(x: Any) -> Any:
    """Return the piecewise linear approximation clip(0.2 x + 0.5, 0, 1)."""
    from theon.ops.arith import clip
    from theon.ops.explog import like

    x = _as_float(x)
    return clip(x * like(x, 0.2) + like(x, 0.5), like(x, 0.0), like(x, 1.0))


def ultra_fast_sigmoid(x: Any) -> Any:
    """Return Theano's approximation of sigmoid(x) by one fraction and two lines; it is off by up to 0.028.

    (1 + sign(x) z) / 2 with h = |x| / 2 and z = 1.5 h / (1 + h) below 1.7, a line from there to 3, a constant beyond.
    :func:`sigmoid` is as fast here.
    """
    from theon.ops.arith import sgn, switch
    from theon.ops.compare import lt
    from theon.ops.explog import like

    x = _as_float(x)
    h = abs(x) * like(x, 0.5)
    near = like(x, 1.5) * h / (like(x, 1.0) + h)
    line = like(x, 0.935409070603099) + like(x, 0.0458812946797165) * (h - like(x, 1.7))
    z = switch(lt(h, like(x, 1.7)), near, switch(lt(h, like(x, 3.0)), line, like(x, 0.99505475368673)))
    return like(x, 0.5) * (like(x, 1.0) + sgn(x) * z)


def confusion_matrix(actual: Any, pred: Any) -> list[Any]:
    """Return the matrix of counts (rows: actual classes, columns: predicted) and the sorted classes."""
    from theon.ops.compare import eq
    from theon.ops.dot import dot
    from theon.ops.sort import unique

    actual, pred = as_tensor_variable(actual), as_tensor_variable(pred)
    if actual.type.ndim != 1 or pred.type.ndim != 1:
        raise ValueError("actual and pred must be 1-d tensor variables")
    from theon.ops.join import concatenate

    order = unique(concatenate([actual, pred]))
    a = eq(dimshuffle(actual, 0, "x"), dimshuffle(order, "x", 0)).astype("int64")
    p = eq(dimshuffle(pred, 0, "x"), dimshuffle(order, "x", 0)).astype("int64")
    return [dot(a.T, p), order]
