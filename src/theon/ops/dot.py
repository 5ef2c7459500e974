"""Products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, upcast
from theon.errors import message
from theon.graph.variable import Apply
from theon.ops.arith import conjugate
from theon.ops.cast import cast
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import dimshuffle, patternbroadcast
from theon.ops.join import stack_sizes
from theon.ops.reshape import reshape
from theon.ops.shape import shape_i
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["BatchedDot", "Dot", "batched_dot", "batched_tensordot", "dot", "inner", "outer", "tensordot"]


class Dot(TensorOp):
    """The product of two vectors or matrices."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def __str__(self) -> str:
        return "dot"

    def infer(self, x: Any, y: Any) -> TensorType:
        """The outer dimensions. TypeError for other ranks than 1 and 2."""
        for v in (x, y):
            if v.type.ndim not in (1, 2):
                raise TypeError(
                    message(
                        f"theano.tensor.Dot: input {0 if v is x else 1} has ndim={v.type.ndim}; it must be 1 or 2",
                        [x, y],
                    )
                )
        inner_x, inner_y = x.type.shape[-1], y.type.shape[0]
        if inner_x is not None and inner_y is not None and inner_x != inner_y:
            raise ValueError(message(f"dot: shapes {x.type.shape} and {y.type.shape} not aligned", [x, y]))
        return TensorType(upcast(x.type.dtype, y.type.dtype), shape=[*x.type.shape[:-1], *y.type.shape[1:]])

    def reference(self, xp: Any, x: Any, y: Any) -> Any:
        """Multiply; ValueError where the inner sizes differ."""
        return xp.dot(x, y)

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """Products with the transposes."""
        x, y = inputs
        (g,) = output_grads
        if outputs[0].type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y)]
        # By the conjugates: the gradient by a complex number is that by its real part plus i times that by its imaginary one.
        cx, cy = conjugate(x), conjugate(y)
        if x.type.ndim == 1 and y.type.ndim == 1:
            gx, gy = g * cy, g * cx
        elif x.type.ndim == 2 and y.type.ndim == 1:
            gx, gy = outer(g, cy), dot(cx.T, g)
        elif x.type.ndim == 1:
            gx, gy = dot(g, cy.T), outer(cx, g)
        else:
            gx, gy = dot(g, cy.T), dot(cx.T, g)
        return [patternbroadcast(_of_kind(d, v), v.type.broadcastable) for v, d in ((x, gx), (y, gy))]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The product rule."""
        terms = []
        if eval_points[0] is not None:
            terms.append(self(eval_points[0], inputs[1]))
        if eval_points[1] is not None:
            terms.append(self(inputs[0], eval_points[1]))
        return [None if not terms else terms[0] if len(terms) == 1 else terms[0] + terms[1]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The outer sizes."""
        return [(*shapes[0][:-1], *shapes[1][1:])]


def _of_kind(d: Any, v: Any) -> Any:
    """The gradient ``d`` of ``v`` in its dtype; of a real ``v``, the real part."""
    dtype = v.type.dtype
    if d.type.dtype.startswith("complex") and not dtype.startswith("complex"):
        from theon.ops.complex import real

        d = real(d)
    return d if dtype in discrete_dtypes else cast(d, dtype)


_dot = Dot()


def dot(a: Any, b: Any) -> Any:
    """Return the product: inner for vectors, of matrices, over the last axis of ``a`` and the last but one of ``b`` else."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if a.type.ndim == 0 or b.type.ndim == 0:
        return a * b
    if a.type.ndim > 2 or b.type.ndim > 2:
        return tensordot(a, b, [[a.type.ndim - 1], [max(0, b.type.ndim - 2)]])
    return _dot(a, b)


def dot_of_any(l: Any, r: Any) -> Any:
    """Return the product that the operands define: by ``l.__dot__(r)``, else ``r.__rdot__(l)``; of tensors :func:`dot`.

    Sparse variables define theirs. NotImplementedError, with the reasons, where neither operand takes the other.
    """
    reasons = []
    for operand, other, name in ((l, r, "__dot__"), (r, l, "__rdot__")):
        try:
            return getattr(operand, name)(other)
        except (NotImplementedError, AttributeError, TypeError) as error:
            reasons.append(error)
    if not (hasattr(l, "__dot__") or hasattr(r, "__rdot__")):
        return dot(l, r)
    raise NotImplementedError("Dot failed for the following reasons:", tuple(reasons))


def outer(x: Any, y: Any) -> Any:
    """Return the outer product of two vectors (arrays are flattened)."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if x.type.ndim != 1:
        x = x.flatten()
    if y.type.ndim != 1:
        y = y.flatten()
    return dot(dimshuffle(x, 0, "x"), dimshuffle(y, "x", 0))


def inner(a: Any, b: Any) -> Any:
    """Return the product over the last axes."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if a.type.ndim == 0 or b.type.ndim == 0:
        return a * b
    return tensordot(a, b, [[a.type.ndim - 1], [b.type.ndim - 1]])


def _contraction(a: Any, b: Any, axes: Any, batch: int) -> tuple[list[int], list[int]]:
    if not isinstance(axes, list | tuple) and np.ndim(axes) == 0:
        n = int(axes)
        if n < 0:
            raise ValueError(f"Axes should be non-negative, got {n}")
        if n > min(a.type.ndim, b.type.ndim) - batch:
            raise ValueError(
                f"axes can not be larger than the dimension of a or b: axes={n}, a.ndim={a.type.ndim}, b.ndim={b.type.ndim}"
            )
        return list(range(a.type.ndim - n, a.type.ndim)), list(range(batch, batch + n))
    if len(axes) != 2:
        raise ValueError(f"Axes should be an integer or a list/tuple of len 2 ({axes} was provided)")
    pairs = []
    for name, part, v in (("a", axes[0], a), ("b", axes[1], b)):
        part = [int(p) for p in np.atleast_1d(part)]
        for p in part:
            if not -v.type.ndim <= p < v.type.ndim:
                raise ValueError(f"axes of {name} should be less than its number of dimensions, {v.type.ndim}; got {p}")
        pairs.append([p % v.type.ndim for p in part])
    if len(pairs[0]) != len(pairs[1]):
        raise ValueError(f"Axes elements must have the same length: {axes}")
    if batch and (0 in pairs[0] or 0 in pairs[1]):
        raise ValueError("axes to sum over must not contain the batch axis")
    return pairs[0], pairs[1]


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Return the sum of products over ``axes``: a number (last of ``a``, first of ``b``) or two lists."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    along_a, along_b = _contraction(a, b, axes, 0)
    free_a = [d for d in range(a.type.ndim) if d not in along_a]
    free_b = [d for d in range(b.type.ndim) if d not in along_b]
    sizes = [shape_i(a, d) for d in free_a] + [shape_i(b, d) for d in free_b]
    flags = [a.type.broadcastable[d] for d in free_a] + [b.type.broadcastable[d] for d in free_b]
    left = reshape(dimshuffle(a, free_a + along_a), stack_sizes([_product(a, free_a), _product(a, along_a)]), ndim=2)
    right = reshape(dimshuffle(b, along_b + free_b), stack_sizes([_product(b, along_b), _product(b, free_b)]), ndim=2)
    out = _dot(left, right)
    out = reshape(out, stack_sizes(sizes), ndim=len(sizes))
    return patternbroadcast(out, flags)


def _product(x: Any, dims: Sequence[int]) -> Any:
    total: Any = 1
    for d in dims:
        size = shape_i(x, d)
        total = size if isinstance(total, int) and total == 1 else total * size
    return total


class BatchedDot(TensorOp):
    """The products of the matrices (or vectors) of two stacks."""

    __module__ = "theano.tensor.blas"
    __props__ = ()

    def infer(self, x: Any, y: Any) -> TensorType:
        """The batch and the outer dimensions. TypeError for ranks other than 1 to 3."""
        for v in (x, y):
            if v.type.ndim not in (2, 3):
                raise TypeError(f"theano.tensor.blas.BatchedDot: inputs must have ndim 2 or 3, but got {v.type.ndim}")
        batch = x.type.shape[0] if x.type.shape[0] not in (None, 1) else y.type.shape[0]
        return TensorType(upcast(x.type.dtype, y.type.dtype), shape=[batch, *x.type.shape[1:-1], *y.type.shape[2:]])

    def reference(self, xp: Any, x: Any, y: Any) -> Any:
        """Multiply; TypeError where the batches differ, ValueError where the inner sizes do."""
        if x.shape[0] != y.shape[0]:
            raise TypeError(
                f"theano.tensor.blas.BatchedDot: inputs [{x.shape}, {y.shape}] must have the same size in axis 0"
            )
        left = x[:, None, :] if x.ndim == 2 else x
        right = y[:, :, None] if y.ndim == 2 else y
        out = xp.matmul(left, right)
        if y.ndim == 2:
            out = out[..., 0]
        if x.ndim == 2:
            out = out[:, 0]
        return out

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Products with the transposes, one for each of the batch."""
        (x, y), (g,) = map(conjugate, inputs), output_grads
        if x.type.ndim == 2 and y.type.ndim == 2:
            gx, gy = g.dimshuffle(0, "x") * y, g.dimshuffle(0, "x") * x
        elif x.type.ndim == 2:
            gx, gy = self(g, y.dimshuffle(0, 2, 1)), x.dimshuffle(0, 1, "x") * g.dimshuffle(0, "x", 1)
        elif y.type.ndim == 2:
            gx, gy = g.dimshuffle(0, 1, "x") * y.dimshuffle(0, "x", 1), self(x.dimshuffle(0, 2, 1), g)
        else:
            gx, gy = self(g, y.dimshuffle(0, 2, 1)), self(x.dimshuffle(0, 2, 1), g)
        return [patternbroadcast(_of_kind(d, v), v.type.broadcastable) for v, d in zip(inputs, (gx, gy))]

    R_op = Dot.R_op

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The batch and the outer sizes."""
        return [(*shapes[0][:-1], *shapes[1][2:])]


def batched_dot(a: Any, b: Any) -> Any:
    """Return the products ``a[i] @ b[i]``."""
    a, b = as_tensor_variable(a), as_tensor_variable(b)
    if a.type.ndim == 0:
        raise TypeError("a must have at least one (batch) axis")
    if b.type.ndim == 0:
        raise TypeError("b must have at least one (batch) axis")
    if a.type.ndim == 1:
        return dimshuffle(a, [0, *["x"] * (b.type.ndim - 1)]) * b
    if b.type.ndim == 1:
        return a * dimshuffle(b, [0, *["x"] * (a.type.ndim - 1)])
    if a.type.ndim > 3 or b.type.ndim > 3:
        return batched_tensordot(a, b, [[a.type.ndim - 1], [max(1, b.type.ndim - 2)]])
    return BatchedDot()(a, b)


def batched_tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """Return the tensordot of ``x[i]`` and ``y[i]``; ``axes`` count the batch axis, which is the first of both."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    along_x, along_y = _contraction(x, y, axes, 1)
    free_x = [d for d in range(1, x.type.ndim) if d not in along_x]
    free_y = [d for d in range(1, y.type.ndim) if d not in along_y]
    batch = shape_i(x, 0)
    left = reshape(
        dimshuffle(x, [0, *free_x, *along_x]), stack_sizes([batch, _product(x, free_x), _product(x, along_x)]), ndim=3
    )
    right = reshape(
        dimshuffle(y, [0, *along_y, *free_y]), stack_sizes([batch, _product(y, along_y), _product(y, free_y)]), ndim=3
    )
    sizes = [batch, *(shape_i(x, d) for d in free_x), *(shape_i(y, d) for d in free_y)]
    flags = [
        x.type.broadcastable[0],
        *(x.type.broadcastable[d] for d in free_x),
        *(y.type.broadcastable[d] for d in free_y),
    ]
    return patternbroadcast(reshape(BatchedDot()(left, right), stack_sizes(sizes), ndim=len(sizes)), flags)
