"""What a loop's step draws from objects (random states), taken apart from what it computes: gradients read the draws again."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any

from theon.control.scan_layout import ScanLayout
from theon.control.steady import from_shapes
from theon.graph.traverse import clone, clone_replace, io_toposort
from theon.graph.traverse import inputs as leaves
from theon.graph.variable import Variable
from theon.ops.shape import shape_i
from theon.ops.sizes import Sizes, add_sizes
from theon.random.raw import RandomFunction, random_state_type
from theon.random.words import WordsOfState
from theon.tensor.type import TensorType

__all__ = ["drawn_values", "draws_apart", "draws_to_keep"]


def drawn_values(op: Any) -> list[Variable]:
    """Tensors of a loop's step that are computed from values that are no tensors, and read."""
    found = []
    order = io_toposort(op.inputs, op.outputs)
    read = {v for node in order for v in node.inputs} | set(op.outputs)
    for node in order:
        if any(not isinstance(v.type, TensorType) for v in node.inputs):
            found += [v for v in node.outputs if isinstance(v.type, TensorType) and v in read]
    return found


def draws_to_keep(op: Any) -> list[Variable]:
    """What a loop collects so that gradients read its draws: those that have the same size in all steps.

    Of others, as those of an inner loop that may stop early, the states that they are drawn from: they are drawn again.
    """
    _, _, carried, others = op.inner_parts()
    kept, states = [], set()
    for v in drawn_values(op):
        if _same_size(v, op.inputs, set(others)):
            kept.append(v)
        else:
            states |= {x for x in leaves([v]) if x.type == random_state_type}
    return [*kept, *(WordsOfState()(v) for v in carried if v in states)]


def _same_size(v: Any, inputs: Sequence[Variable], fixed: Container[Variable]) -> bool:
    """Whether the size of a draw follows from shapes of ``inputs`` and values of ``fixed``."""
    node = v.owner
    sizes: Sequence[Any] | None
    if isinstance(node.op, RandomFunction) and node.op.ndim_added:
        # Permutations of n, or draws of as many kinds as there are probabilities.
        sizes = node.inputs[1:2] if node.op.fn == "multinomial" else node.inputs[1:]
    else:
        known: Sizes = {}
        for x in inputs:
            known[x] = tuple(shape_i(x, d) for d in range(x.type.ndim)) if isinstance(x.type, TensorType) else None
        add_sizes(known, [v])
        sizes = known[v]
    shaped: list[Any] = []
    return sizes is not None and all(from_shapes(n, shaped, fixed) for n in sizes) and set(shaped) <= set(inputs)


def draws_apart(op: Any) -> Any:
    """The loop ``op``, where loops in its step that draw from objects are two: what one draws the other computes with."""
    inputs, outputs = clone(op.inputs, op.outputs)
    now: dict[Variable, Any] = {}
    for node in io_toposort(inputs, outputs):
        given = [now.get(v, v) for v in node.inputs]
        if isinstance(node.op, ScanLayout) and any(not isinstance(v.type, TensorType) for v in node.inputs):
            now.update(zip(node.outputs, _drawn_before(node.op, given)))
        elif any(a is not b for a, b in zip(given, node.inputs)):
            now.update(zip(node.outputs, node.clone_with_new_inputs(given).outputs))
    if not now:
        return op
    return type(op)(inputs, [now.get(v, v) for v in outputs], op.info, mode=op.mode)


def _drawn_before(op: Any, outer: Sequence[Variable]) -> list[Variable]:
    """The outputs of a loop for ``outer``: tensors from a loop that is given what this one draws, objects from this one."""
    whole = draws_apart(op)
    info, drawn = whole.info, drawn_values(whole)
    n_kept = len(info.taps) + info.n_collected
    i_seqs, i_taps, i_carried, i_others = whole.inner_parts()
    outs = whole.outputs
    tensors = [i for i, v in enumerate(i_carried) if isinstance(v.type, TensorType)]
    first_loop = type(op)(
        whole.inputs,
        [*outs[:n_kept], *drawn, *outs[n_kept:]],
        replace(info, n_collected=info.n_collected + len(drawn)),
        mode=op.mode,
    )
    found = first_loop(*outer, return_list=True)
    rows, moved = found[n_kept : n_kept + len(drawn)], found[n_kept + len(drawn) :]
    if not rows:
        return list(found)
    fresh = [v.type() for v in drawn]
    kept = [(v, i) for i, v in enumerate(i_others) if isinstance(v.type, TensorType)]
    second = [*i_seqs, *fresh, *(v for own in i_taps for v in own), *(i_carried[i] for i in tensors)]
    made = clone_replace([*outs[:n_kept], *(outs[n_kept + i] for i in tensors)], dict(zip(drawn, fresh)))
    again = replace(info, n_seqs=info.n_seqs + len(drawn), n_carried=len(tensors), as_while=False)
    second_loop = type(op)(*clone([*second, *(v for v, _ in kept)], made), again, mode=op.mode)
    n, seqs, first, carried, others = whole.outer_parts(outer)
    steps = rows[0].shape[0] if info.as_while else n
    given = [*seqs, *rows, *first, *(carried[i] for i in tensors), *(others[i] for _, i in kept)]
    values = second_loop(steps, *given, return_list=True)
    last = iter(values[n_kept:])
    return [*values[:n_kept], *(next(last) if i in tensors else moved[i] for i in range(info.n_carried))]
