"""Jacobians and Hessians, and ops that change only the gradient."""

from __future__ import annotations

from typing import Any

from theon.autodiff.reverse import format_as, grad, grad_undefined
from theon.autodiff.rows import rows
from theon.autodiff.vectorize import NoRule, vectorize
from theon.graph.copies import ViewOp
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Variable
from theon.ops.arith import clip
from theon.ops.declare import zeros_for
from theon.ops.fill import eye
from theon.ops.join import stack
from theon.ops.shape import get_vector_length, shape_i
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "consider_constant",
    "disconnected_grad",
    "grad_clip",
    "grad_scale",
    "hessian",
    "jacobian",
    "undefined_grad",
    "zero_grad",
]


def jacobian(expression: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Return the Jacobian of a vector with respect to ``wrt``: the gradient of each element, stacked first.

    All rows are one pass through the gradient's graph, vectorized; where an op in it has no form for stacks, a row at a time.
    TypeError where ``expression`` is no variable, AssertionError where it is no vector.
    """
    if not isinstance(expression, Variable):
        raise TypeError("tensor.jacobian expects a Variable as `expression`")
    if expression.type.ndim > 1:  # type: ignore[attr-defined]
        raise AssertionError(
            "tensor.jacobian expects a 1 dimensional variable as `expression`. If not use flatten to make it a vector"
        )
    using_list, using_tuple = isinstance(wrt, list), isinstance(wrt, tuple)
    targets = list(wrt) if using_list or using_tuple else [wrt]
    options = {"consider_constant": consider_constant, "disconnected_inputs": disconnected_inputs}
    if expression.type.ndim == 0:  # type: ignore[attr-defined]
        return format_as(using_list, using_tuple, grad(expression, targets, **options))
    found = _in_one_pass(expression, targets, options)
    if found is not None:
        return format_as(using_list, using_tuple, found)
    try:
        length = get_vector_length(expression)
    except ValueError:
        index = TensorType("int64", ())("row")
        index.tag.test_value = 0
        slopes = grad(expression[index], targets, **options)  # type: ignore[index]
        return format_as(using_list, using_tuple, [rows(index, shape_i(expression, 0), slope) for slope in slopes])
    parts = [grad(expression[i], targets, **options) for i in range(length)]  # type: ignore[index]
    return format_as(using_list, using_tuple, [stack(list(part)) for part in zip(*parts)])


def _in_one_pass(expression: Any, targets: list[Any], options: dict[str, Any]) -> list[Any] | None:
    """The gradients of all elements, those of a unit matrix's rows; None where an op has no form for stacks."""
    if expression.type.dtype not in ("float16", "float32", "float64"):
        return None
    seed = expression.type()
    if hasattr(expression.tag, "test_value"):  # a row of the unit matrix has the same shape
        seed.tag.test_value = expression.tag.test_value
    slopes = grad(None, targets, known_grads={expression: seed}, **options)
    seeds = eye(shape_i(expression, 0), dtype=expression.type.dtype)
    try:
        return list(vectorize(slopes, {seed: seeds}, strict=True))
    except NoRule:
        return None


def hessian(cost: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Return the matrix of second derivatives of a scalar with respect to each vector of ``wrt``."""
    if not isinstance(cost, Variable):
        raise TypeError("tensor.hessian expects a Variable as `cost`")
    if cost.type.ndim != 0:  # type: ignore[attr-defined]
        raise AssertionError("tensor.hessian expects a 0 dimensional variable as `cost`")
    using_list, using_tuple = isinstance(wrt, list), isinstance(wrt, tuple)
    found = []
    for x in list(wrt) if using_list or using_tuple else [wrt]:
        if x.type.ndim != 1:
            raise AssertionError("tensor.hessian expects a (list of) 1 dimensional variable as `wrt`")
        found.append(jacobian(grad(cost, x, consider_constant, disconnected_inputs), x, consider_constant, "ignore"))
    return format_as(using_list, using_tuple, found)


class _GradientOnly(ViewOp):
    """The identity, with a gradient of its own; compilation removes it."""

    __module__ = "theano.gradient"

    def make_node(self, *inputs: Any) -> Apply:
        """The type does not change; what is no variable becomes a tensor."""
        x = inputs[0] if isinstance(inputs[0], Variable) else as_tensor_variable(inputs[0])
        return Apply(self, [x], [x.type()])


class ConsiderConstant(_GradientOnly):
    """No gradient: the input counts as constant, and as disconnected."""

    __module__ = "theano.gradient"

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Zeros."""
        return [zeros_for(inputs[0])]


class ZeroGrad(ConsiderConstant):
    """A zero gradient."""

    __module__ = "theano.gradient"

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Zeros."""
        return [None if eval_points[0] is None else zeros_for(eval_points[0])]


class DisconnectedGrad(_GradientOnly):
    """No path for gradients."""

    __module__ = "theano.gradient"

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Disconnected."""
        return [DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """None."""
        return [None]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Not connected."""
        return [[False]]


class UndefinedGrad(_GradientOnly):
    """A gradient that is an error to use."""

    __module__ = "theano.gradient"

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Undefined."""
        return [grad_undefined(self, 0, inputs[0])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Connected."""
        return [[True]]


class GradClip(_GradientOnly):
    """A gradient limited to an interval."""

    __module__ = "theano.gradient"
    __props__ = ("clip_lower_bound", "clip_upper_bound")

    def __init__(self, clip_lower_bound: Any, clip_upper_bound: Any) -> None:
        if not clip_upper_bound >= clip_lower_bound:
            raise ValueError("`clip_upper_bound` should be >= `clip_lower_bound`")
        self.clip_lower_bound, self.clip_upper_bound = clip_lower_bound, clip_upper_bound

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Clip."""
        return [clip(g, self.clip_lower_bound, self.clip_upper_bound) for g in output_grads]


class GradScale(_GradientOnly):
    """A gradient multiplied by a number."""

    __module__ = "theano.gradient"
    __props__ = ("multiplier",)

    def __init__(self, multiplier: Any) -> None:
        self.multiplier = multiplier

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Scale."""
        return [self.multiplier * g for g in output_grads]


consider_constant_ = ConsiderConstant()
zero_grad_ = ZeroGrad()
disconnected_grad_ = DisconnectedGrad()
undefined_grad_ = UndefinedGrad()


def consider_constant(x: Any) -> Any:
    """Return ``x``, taken as a constant by gradients."""
    return consider_constant_(x)


def zero_grad(x: Any) -> Any:
    """Return ``x`` with a zero gradient."""
    return zero_grad_(x)


def disconnected_grad(x: Any) -> Any:
    """Return ``x`` with no path for gradients."""
    return disconnected_grad_(x)


def undefined_grad(x: Any) -> Any:
    """Return ``x`` with a gradient that is an error to use."""
    return undefined_grad_(x)


def grad_clip(x: Any, lower_bound: Any, upper_bound: Any) -> Any:
    """Return ``x`` with its gradient limited to [``lower_bound``, ``upper_bound``]."""
    return GradClip(lower_bound, upper_bound)(x)


def grad_scale(x: Any, multiplier: Any) -> Any:
    """Return ``x`` with its gradient multiplied."""
    return GradScale(multiplier)(x)
