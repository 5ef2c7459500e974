"""Reverse-mode differentiation: ``grad`` and ``Lop``."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import theon.ops.methods  # noqa: F401  (arithmetic of variables)
from theon.autodiff.gates import Gates, common, lifted, opened, summed
from theon.dtypes import complex_dtypes, discrete_dtypes
from theon.errors import DisconnectedInputError, MethodNotDefined, NullTypeGradError, describe, message
from theon.graph.disconnected import DisconnectedType
from theon.graph.garbage import uncollected
from theon.graph.inspect import connection_pattern_of
from theon.graph.op import Op
from theon.graph.traverse import io_toposort
from theon.graph.type import NullType
from theon.graph.variable import Apply, Variable
from theon.ops.arith import second
from theon.ops.cast import cast
from theon.ops.declare import zeros_for
from theon.ops.fill import ones_like
from theon.options import config
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "Lop",
    "connection_pattern_of",
    "format_as",
    "grad",
    "grad_not_implemented",
    "grad_undefined",
    "subgraph_grad",
]

# Gradients that were asked for, each with its cost: one that is constant is still a function of what the cost depends on.
SLOPES: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()


def format_as(use_list: bool, use_tuple: bool, outputs: Any) -> Any:
    """Return ``outputs`` as a list, a tuple, or a single variable."""
    if use_list and use_tuple:
        raise ValueError("Both flags cannot be simultaneously True")
    if use_list or use_tuple:
        several = outputs if isinstance(outputs, list | tuple) else [outputs]
        return list(several) if use_list else tuple(several)
    if isinstance(outputs, list | tuple):
        if len(outputs) != 1:
            raise ValueError("Wrong arguments. expected a one element list")
        return outputs[0]
    return outputs


@uncollected
def grad(
    cost: Any,
    wrt: Any,
    consider_constant: Sequence[Variable] | None = None,
    disconnected_inputs: str = "raise",
    add_names: bool = True,
    known_grads: Any = None,
    return_disconnected: str = "zero",
    null_gradients: str = "raise",
) -> Any:
    """Return the gradient of a scalar with respect to one variable or each of several.

    ``consider_constant``: variables not differentiated through. ``disconnected_inputs``: "raise", "warn" or "ignore" where
    ``cost`` does not depend on one of ``wrt``. ``known_grads``: gradients already known, by variable, each of as many dimensions
    as the variable or spread over it (``cost`` may be None then).
    ``return_disconnected``: "zero", "None" or "disconnected". ``null_gradients``: "raise" or "return".

    TypeError if ``cost`` is no real scalar; DisconnectedInputError, NullTypeGradError as asked for.

    >>> import theon.tensor as T
    >>> from theon.autodiff.reverse import grad
    >>> x = T.dscalar("x")
    >>> grad(x * x, x).type
    TensorType(float64, scalar)
    """
    if cost is None and known_grads is None:
        raise ValueError("cost and known_grads can't both be None.")
    how = str(return_disconnected).lower()  # Theano writes "zero", "None", "Disconnected"
    if how not in ("zero", "none", "disconnected"):
        raise ValueError("return_disconnected must be zero, None or disconnected", return_disconnected)
    if disconnected_inputs not in ("raise", "warn", "ignore"):
        raise ValueError(
            f"Invalid value for keyword 'disconnected_inputs', valid values are 'ignore', 'warn' and 'raise', not {disconnected_inputs!r}"
        )
    if cost is not None and isinstance(cost.type, NullType):
        raise ValueError("Can't differentiate a NaN cost. cost is NaN because " + cost.type.why_null)
    if cost is not None and cost.type.ndim != 0:
        raise TypeError(message(f"cost must be a scalar. It is {cost.type}", [cost], "sum it, or use jacobian"))
    using_list, using_tuple = isinstance(wrt, list), isinstance(wrt, tuple)
    targets = list(wrt) if using_list or using_tuple else [wrt]
    for target in targets:
        if not isinstance(target, Variable):
            raise TypeError(f"Expected Variable, got {target} of type {type(target)}")
    known = (
        dict(known_grads.items() if hasattr(known_grads, "items") else known_grads) if known_grads is not None else {}
    )
    outputs: list[Variable] = [] if cost is None else [cost]
    given: dict[Variable, Any] = {}
    if cost is not None:
        if cost.type.dtype in complex_dtypes:
            raise TypeError(message("the cost must be real: take its real part", [cost]))
        given[cost] = (
            ones_like(cost) if cost.type.dtype not in discrete_dtypes else ones_like(cost, dtype=config.floatX)
        )
    for variable, g in known.items():
        g = as_tensor_variable(g) if not isinstance(g, Variable) else g
        if isinstance(variable.type, TensorType) and isinstance(g.type, TensorType):
            if g.type.ndim > variable.type.ndim:
                raise TypeError(message(f"known_grads: the gradient of {variable} has more dimensions", [variable, g]))
            if g.type.dtype in discrete_dtypes:
                raise TypeError(
                    message(
                        f"Gradients must be continuous, but known_grads gives {variable} one of {g.type}", [variable, g]
                    )
                )
            if g.type.ndim < variable.type.ndim:
                g = second(variable, g)
        given[variable] = g
        outputs.append(variable)
    found, connected = _propagate(outputs, targets, given, set(consider_constant or ()))
    results: list[Any] = []
    for target in targets:
        g = found.get(target)
        if target not in connected:
            _report_disconnected(target, cost, disconnected_inputs)
        if isinstance(getattr(g, "type", None), NullType) and null_gradients == "raise":
            raise NullTypeGradError(
                message(f"the gradient with respect to {target} is not defined: {g.type.why_null}", [target])  # type: ignore[union-attr]
            )
        if g is None or isinstance(g.type, DisconnectedType):
            if how == "none":
                g = None
            elif how == "disconnected":
                g = DisconnectedType()()
            else:
                g = _zeros_of(target)
        elif add_names and g.name is None and g.owner is not None:
            about = (cost.name if cost is not None and cost.name else None), target.name
            if all(about):
                g.name = f"(d{about[0]}/d{about[1]})"
        if cost is not None and g is not None:
            SLOPES[g] = weakref.ref(cost)
        results.append(g)
    return format_as(using_list, using_tuple, results)


def _zeros_of(target: Any) -> Any:
    """A zero gradient: of the variable's own kind where it can say what that is (sparse matrices), else disconnected."""
    if isinstance(target.type, TensorType):
        return zeros_for(target)
    return target.zeros_like() if hasattr(target, "zeros_like") else DisconnectedType()()


def _report_disconnected(target: Variable, cost: Any, how: str) -> None:
    if how == "ignore":
        return
    text = (
        f"grad method was asked to compute the gradient with respect to a variable that is not part of the computational graph of "
        f"the cost, or is used only by a non-differentiable operator: {describe(target)}"
    )
    if how == "warn":
        warnings.warn(text, stacklevel=4)
        return
    raise DisconnectedInputError(text)


def _propagate(
    outputs: Sequence[Variable], targets: Sequence[Variable], given: dict[Variable, Any], stop: set[Variable]
) -> tuple[dict[Variable, Any], set[Variable]]:
    """Return gradients of ``targets`` and the set of variables on a path from them to ``outputs``."""
    order = io_toposort(stop, outputs)
    # Forward sweep: what depends on the targets. Backward sweep: what the outputs depend on.
    depends = set(targets)
    patterns: dict[Apply, list[list[bool]]] = {}
    for node in order:
        pattern = patterns[node] = connection_pattern_of(node)
        for place, output in enumerate(node.outputs):
            if any(v in depends and pattern[i][place] for i, v in enumerate(node.inputs)):
                depends.add(output)
    reached = {v for v, g in given.items() if not isinstance(g.type, DisconnectedType)}
    for node in reversed(order):
        for place, output in enumerate(node.outputs):
            if output in reached and output not in stop:
                reached.update(v for i, v in enumerate(node.inputs) if patterns[node][i][place])
    connected = {target for target in targets if target in reached}
    gradients: dict[Variable, list[tuple[Gates, Any]]] = {v: [((), g)] for v, g in given.items()}
    totals: dict[Variable, tuple[Gates, Any]] = {}

    def total(variable: Variable) -> tuple[Gates, Any] | None:
        if variable not in totals and gradients.get(variable):
            totals[variable] = summed(variable, gradients[variable])
        return totals.get(variable)

    for node in reversed(order):
        if not any(v in depends and v in reached for v in node.inputs):
            continue
        if all(v in stop for v in node.outputs):
            continue
        known = [total(v) if v not in stop else None for v in node.outputs]
        live = [t[0] for t in known if t is not None and not isinstance(t[1].type, DisconnectedType)]
        if not live:
            continue
        gates = common(live)
        output_grads = [None if t is None else lifted(v, *t, len(gates)) for v, t in zip(node.outputs, known)]
        choice = getattr(node.op, "gates", None)
        sides = choice(node.inputs) if choice is not None else None
        input_grads = _node_gradients(node, patterns[node], output_grads, gated=sides is not None)
        for place, (variable, g) in enumerate(zip(node.inputs, input_grads)):
            if g is None or isinstance(g.type, DisconnectedType) or not any(patterns[node][place]):
                continue
            if variable in depends and variable not in given:
                under = gates if sides is None or sides[place] is None else (*gates, sides[place])
                gradients.setdefault(variable, []).append((under, g))
    ends = [target for target in dict.fromkeys(targets) if total(target) is not None]
    found = opened(ends, [totals[target] for target in ends])
    return dict(zip(ends, found)), connected


def _node_gradients(node: Apply, pattern: list[list[bool]], output_grads: list[Any], gated: bool = False) -> list[Any]:
    """What a node's op says; ``gated``: of a choice, each branch's gradient as it is where that branch is taken."""
    op, inputs, outputs = node.op, node.inputs, node.outputs
    for g in output_grads:
        if g is not None and isinstance(g.type, NullType):
            return [g if any(row) else DisconnectedType()() for row in pattern]
    grads = []
    for output, g in zip(outputs, output_grads):
        if g is None:
            g = DisconnectedType()()
        elif isinstance(output.type, TensorType) and isinstance(g.type, TensorType):
            # An op is given gradients of its output's dtype; of floatX for an integer output.
            wanted = output.type.dtype if output.type.dtype not in discrete_dtypes else None
            if (
                wanted is not None
                and g.type.dtype != wanted
                and not (g.type.dtype in complex_dtypes and wanted not in complex_dtypes)
            ):
                g = cast(g, wanted)
        grads.append(g)
    try:
        if gated:
            found = op.gated_gradients(list(inputs), grads)  # type: ignore[attr-defined]
        elif type(op).L_op is not Op.L_op:
            found = op.L_op(list(inputs), list(outputs), grads)
        else:
            found = op.grad(list(inputs), grads)
    except MethodNotDefined:
        return [grad_not_implemented(op, place, x) for place, x in enumerate(inputs)]
    if found is None:
        raise TypeError(f"{op}.grad returned NoneType, expected iterable.")
    if len(found) != len(inputs):
        raise ValueError(f"{op} returned the wrong number of gradient terms: {len(found)} for {len(inputs)} inputs")
    checked: list[Any] = []
    for place, (x, g) in enumerate(zip(inputs, found)):
        if g is None:
            raise TypeError(
                f"{op}.grad returned None for a gradient term, this is prohibited. Instead of None, return zeros_like(input), "
                "disconnected_type(), or a NullType variable."
            )
        if not isinstance(g, Variable):
            g = as_tensor_variable(g)
        if isinstance(g.type, DisconnectedType):
            if any(pattern[place]) and isinstance(x.type, TensorType) and not gated:
                g = zeros_for(x) if any(
                    flag and not isinstance(og.type, DisconnectedType) for flag, og in zip(pattern[place], grads)
                ) else g  # fmt: skip
        elif isinstance(g.type, TensorType) and isinstance(x.type, TensorType):
            if g.type.ndim != x.type.ndim:
                raise ValueError(
                    message(
                        f"{op}.grad returned a term with {g.type.ndim} dimensions for input {place}, which has {x.type.ndim}",
                        [x, g],
                    )
                )
            if x.type.dtype in discrete_dtypes:
                # The function is taken as defined between the integers too, so the slope is the same as at a float.
                g = cast(g, config.floatX) if g.type.dtype in discrete_dtypes else g
            elif g.type.dtype != x.type.dtype and g.type.dtype not in complex_dtypes:
                g = cast(g, x.type.dtype)
        checked.append(g)
    return checked


def Lop(f: Any, wrt: Any, eval_points: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Return ``eval_points`` times the Jacobian of ``f`` with respect to ``wrt``."""
    points = list(eval_points) if isinstance(eval_points, list | tuple) else [eval_points]
    outputs = list(f) if isinstance(f, list | tuple) else [f]
    if len(points) != len(outputs):
        raise ValueError(f"Lop: {len(outputs)} expressions but {len(points)} evaluation points")
    using_list, using_tuple = isinstance(wrt, list), isinstance(wrt, tuple)
    targets = list(wrt) if using_list or using_tuple else [wrt]
    found = grad(
        None, targets, consider_constant=consider_constant, disconnected_inputs=disconnected_inputs,
        known_grads=dict(zip(outputs, (as_tensor_variable(p) for p in points))),
    )  # fmt: skip
    return format_as(using_list, using_tuple, found)


def subgraph_grad(wrt: Any, end: Sequence[Variable], start: Any = None, cost: Any = None, details: bool = False) -> Any:
    """Return gradients of ``wrt`` and of ``end`` through the graph between them and ``start`` (gradients known) or ``cost``."""
    if cost is None and start is None:
        raise ValueError("`cost` or `start` must be specified")
    params = list(wrt)
    ends = list(end)
    start_grads: Any = None
    cost_grads: Any = None
    if start is not None:
        start_grads = list(
            grad(None, params + ends, consider_constant=ends, known_grads=start, disconnected_inputs="ignore")
        )
    if cost is not None:
        cost_grads = list(grad(cost, params + ends, consider_constant=ends, disconnected_inputs="ignore"))
    if start is None:
        pgrads = cost_grads
    elif cost is None:
        pgrads = start_grads
    else:
        pgrads = [a + b for a, b in zip(start_grads, cost_grads)]
    result = (pgrads[: len(params)], pgrads[len(params) :])
    return (*result, start_grads, cost_grads) if details else result


def grad_not_implemented(op: Any, x_pos: int, x: Any, comment: str = "") -> Any:
    """Return the variable that says: this gradient could be defined but is not written."""
    return NullType(
        f"This variable is Null because the grad method for input {x_pos} ({x}) of the {op} op is not implemented. {comment}"
    )()


def grad_undefined(op: Any, x_pos: int, x: Any, comment: str = "") -> Any:
    """Return the variable that says: mathematics gives no such gradient."""
    return NullType(
        f"This variable is Null because the grad method for input {x_pos} ({x}) of the {op} op is mathematically undefined. {comment}"
    )()
