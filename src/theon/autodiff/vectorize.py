"""The same graph for many inputs at once: ``vectorize`` and ``vmap``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from theon.autodiff.batching import Arg, NoRule, rule_for, spread
from theon.errors import message
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.dims import patternbroadcast
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["looped", "vectorize", "vmap"]


def looped(node: Apply, args: Sequence[Arg]) -> list[Any]:
    """The outputs of a node for each of the batch, one after another: what ops without a rule get. TypeError where that is impossible."""
    from theon.control.scan import scan

    for v in node.outputs:
        if not isinstance(v.type, TensorType):
            raise TypeError(f"vectorize: {node.op} makes a {v.type}, which cannot be stacked")
    rows = [v for v, has in args if has]
    rest = [v for v, has in args if not has and not isinstance(v, Constant)]

    def step(*given: Any) -> list[Any]:
        own, others = iter(given[: len(rows)]), iter(given[len(rows) :])
        inputs = []
        for (v, has), old in zip(args, node.inputs):
            if isinstance(v, Constant) and not has:
                inputs.append(v)
                continue
            new = next(own) if has else next(others)
            flags = getattr(old.type, "broadcastable", None)
            inputs.append(new if flags is None or not hasattr(new.type, "ndim") else patternbroadcast(new, flags))
        return list(node.op(*inputs, return_list=True))  # type: ignore[operator]

    found, updates = scan(step, sequences=rows, non_sequences=rest)
    if updates:
        raise TypeError(f"vectorize: {node.op} changes a state, which one loop cannot do for all")
    return list(found) if isinstance(found, list | tuple) else [found]


def _one_more(outputs: Sequence[Variable], replace: Mapping[Variable, Any], strict: bool) -> list[Any]:
    """Replace variables by ones with one dimension more; every output gets it."""
    known: dict[Variable, Arg] = {v: (new, True) for v, new in replace.items()}
    for node in io_toposort([*replace], list(outputs)):
        if all(v in known for v in node.outputs):
            continue
        args = [known.get(v, (v, False)) for v in node.inputs]
        if not any(has for _, has in args):
            if any(v is not old for (v, _), old in zip(args, node.inputs)):
                made = node.op(*(v for v, _ in args), return_list=True)  # type: ignore[operator]
                known |= {old: (new, False) for old, new in zip(node.outputs, made)}
            continue
        rule = rule_for(node.op)
        flags = [True] * len(node.outputs)
        try:
            if rule is None:
                raise NoRule
            found = rule(node, args)
            if isinstance(found, tuple):
                found, flags = found
        except NoRule:
            if strict:
                raise NoRule(str(node.op)) from None
            found = looped(node, args)
        for old, new, has in zip(node.outputs, found, flags):
            if old not in known:
                if new.type.dtype != old.type.dtype:  # type: ignore[attr-defined]
                    new = new.astype(old.type.dtype)  # type: ignore[attr-defined]
                known[old] = (new, has)
    n = next(iter(replace.values())).shape[0]
    return [spread(known.get(v, (v, False)), n) for v in outputs]


def vectorize(outputs: Any, replace: Mapping[Any, Any], strict: bool = False) -> Any:
    """Return ``outputs`` with each variable of ``replace`` standing for a stack of its values, all computed at once.

    ``replace``: variable -> variable with one or more dimensions in front, as many for all. The outputs get the same dimensions in
    front, also those that do not depend on what is replaced. Elementwise ops, reductions, products, indexing, joins and
    shapes work on the whole stack; an op that has no such form is run for each element in a loop (``strict``: NoRule).
    Gradients of the result, and the result of gradients, are what one expects.

    TypeError for what is no tensor, ValueError where the new variables' ranks do not fit.

    >>> import theon.tensor as T, theon.ops.methods
    >>> from theon.autodiff.vectorize import vectorize
    >>> x, many = T.dvector("x"), T.dmatrix("many")
    >>> vectorize((x ** 2).sum(), {x: many}).type
    TensorType(float64, vector)
    """
    import theon.ops.methods  # noqa: F401

    several = isinstance(outputs, list | tuple)
    wanted = [as_tensor_variable(v) for v in (outputs if several else [outputs])]
    pairs = {}
    more = set()
    for old, new in replace.items():
        new = as_tensor_variable(new)
        if not isinstance(getattr(old, "type", None), TensorType):
            raise TypeError(f"vectorize replaces tensors, not {old}")
        extra = new.type.ndim - old.type.ndim
        if extra < 1:
            raise ValueError(
                message("vectorize: what replaces a variable must have dimensions in front of its own", [old, new])
            )
        if new.type.dtype != old.type.dtype:
            new = new.astype(old.type.dtype)
        flags = (*new.type.broadcastable[:extra], *old.type.broadcastable)
        pairs[old] = patternbroadcast(new, flags) if flags != new.type.broadcastable else new
        more.add(extra)
    if not pairs:
        return outputs
    if len(more) != 1:
        raise ValueError("vectorize: all variables must get as many dimensions in front")
    extra = more.pop()
    found = wanted
    current = list(pairs)
    for depth in range(extra):
        last = depth == extra - 1
        given = list(pairs.values())
        new_ones = (
            given if last else [TensorType(v.type.dtype, v.type.broadcastable[extra - 1 - depth :])() for v in given]
        )
        found = _one_more(found, dict(zip(current, new_ones)), strict)
        current = new_ones
    return type(outputs)(found) if several else found[0]


def vmap(function: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """Return a function of stacked variables that applies ``function`` to each element, all at once.

    ``function`` takes and returns variables (or a list or tuple of them). ``in_axes``: the dimension of each argument along which
    it is stacked, one for all or a sequence; None for an argument that is the same for all. ``out_axes``: where the new dimension
    of each output is to be.

    >>> import theon.tensor as T, theon.ops.methods
    >>> from theon.ops.dot import dot
    >>> from theon.autodiff.vectorize import vmap
    >>> vmap(dot, in_axes=(0, None))(T.dmatrix(), T.dvector()).type
    TensorType(float64, vector)
    """

    def mapped(*args: Any) -> Any:
        variables = [as_tensor_variable(a) for a in args]
        axes = list(in_axes) if isinstance(in_axes, list | tuple) else [in_axes] * len(variables)
        if len(axes) != len(variables):
            raise ValueError(f"vmap: {len(axes)} in_axes for {len(variables)} arguments")
        if all(axis is None for axis in axes):
            raise ValueError("vmap: at least one argument must be stacked")
        given, replace = [], {}
        for v, axis in zip(variables, axes):
            if axis is None:
                given.append(v)
                continue
            if not -v.type.ndim <= axis < v.type.ndim:
                raise ValueError(message(f"vmap: there is no dimension {axis}", [v]))
            front = axis % v.type.ndim
            stacked = v.dimshuffle(front, *(d for d in range(v.type.ndim) if d != front)) if front else v
            one = TensorType(stacked.type.dtype, stacked.type.broadcastable[1:])()
            given.append(one)
            replace[one] = stacked
        made = function(*given)
        several = isinstance(made, list | tuple)
        found = vectorize(list(made) if several else [made], replace)
        places = list(out_axes) if isinstance(out_axes, list | tuple) else [out_axes] * len(found)
        if len(places) != len(found):
            raise ValueError(f"vmap: {len(places)} out_axes for {len(found)} outputs")
        moved = []
        for v, place in zip(found, places):
            place %= v.type.ndim
            order = [*range(1, place + 1), 0, *range(place + 1, v.type.ndim)]
            moved.append(v.dimshuffle(*order) if place else v)
        return type(made)(moved) if several else moved[0]

    return mapped
