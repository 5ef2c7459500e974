"""Loops whose gradients keep little: the state is kept every so many steps, what lies between is computed again on the way back.

A loop of ``n`` steps becomes a loop over chunks of ``every`` steps and a loop over the steps that are left. The gradient of
the loop over chunks reads only the states that chunks start with, so that its memory grows with ``n / every + every``, not
with ``n``; each step is computed twice on the way (Griewank, "Achieving logarithmic growth of temporal and spatial
complexity in reverse automatic differentiation", 1992, with one level).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from theon.autodiff.jacobian import disconnected_grad
from theon.control.scan_op import Scan
from theon.dtypes import discrete_dtypes
from theon.graph.traverse import clone
from theon.graph.variable import Variable
from theon.ops.arith import maximum, switch
from theon.ops.compare import gt
from theon.ops.dims import shape_padleft, unbroadcast
from theon.ops.join import join
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["in_chunks", "scan_checkpoints"]


def in_chunks(op: Scan, inputs: Sequence[Any], every: int) -> list[Variable]:
    """Return what ``op(*inputs)`` returns, computed by a loop over chunks of ``every`` steps and one over the rest.

    A loop that may stop early runs once before to count its steps, keeping nothing. Where the gradient is truncated, the
    steps that it does not reach are a loop apart.
    """
    op, inputs = _counted(op, inputs)
    if op.info.truncate_gradient >= 1:
        return _truncated(op, inputs, every)
    results, _ = _chunked(op, inputs, every)
    return results


def _counted(op: Scan, inputs: Sequence[Any]) -> tuple[Scan, list[Any]]:
    """The same loop for the number of steps that it will make, which nothing stops."""
    if not op.as_while:
        return op, list(inputs)
    info = op.info
    n, seqs, first, carried, others = op.outer_parts(inputs)
    i_seqs, i_taps, i_carried, i_others = op.inner_parts()
    n_states = len(info.taps)
    moved = op.outputs[n_states + info.n_collected : -1]
    done = as_tensor_variable(0).astype("int64").type()
    step_inputs = [*i_seqs, *(v for own in i_taps for v in own), done, *i_carried, *i_others]
    step_outputs = [*op.outputs[:n_states], done + 1, *moved, op.outputs[-1]]
    counting = replace(info, n_collected=0, n_carried=info.n_carried + 1, name=f"{info.name or 'scan_fn'}_count")
    count = Scan(*clone(step_inputs, step_outputs), counting, mode=op.mode)
    zero = as_tensor_variable(0).astype("int64")
    steps = count(n, *seqs, *first, zero, *carried, *others, return_list=True)[n_states]
    whole = Scan(*clone(op.inputs, op.outputs[:-1]), replace(info, as_while=False), mode=op.mode)
    return whole, [steps, *inputs[1:]]


def _truncated(op: Scan, inputs: Sequence[Any], every: int) -> list[Variable]:
    """The outputs of a loop of which the gradient goes back ``truncate_gradient`` steps."""
    info = op.info
    whole = Scan(op.inputs, op.outputs, replace(info, truncate_gradient=-1, starts_read=True), mode=op.mode)
    n, seqs, first, carried, others = op.outer_parts(inputs)
    before = maximum(n - info.truncate_gradient, 0)
    n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
    head = [_held(v) for v in whole(before, *seqs, *first, *carried, *others, return_list=True)]

    def start(reached: Any, given: Any) -> Any:
        # The gradient arrives at what was given where it goes back all the way.
        return switch(gt(before, 0), reached, given) if isinstance(given.type, TensorType) else reached

    def first_rows(v: Any, lag: int, x: Any) -> Any:
        # Of several taps some may read what was given, some what steps have made.
        return start(v[-lag:], x) if lag == 1 else join(0, x, v[lag:][-lag:])[-lag:]

    starts = [_like_rows(first_rows(v, -own[0], x), x) for v, own, x in zip(head, info.taps, first)]
    moved = [start(v, x) for v, x in zip(head[n_kept:], carried)]
    tail, _ = _chunked(whole, [n - before, *(x[before:] for x in seqs), *starts, *moved, *others], every)
    rows = [v[-own[0] :] for v, own in zip(tail, info.taps)] + tail[n_states:n_kept]
    return [*(join(0, _like_rows(a, b), b) for a, b in zip(head, rows)), *tail[n_kept:]]


def _held(v: Any) -> Any:
    """``v``, which no gradient passes."""
    return disconnected_grad(v) if isinstance(v.type, TensorType) and v.type.dtype not in discrete_dtypes else v


def _chunked(op: Scan, inputs: Sequence[Any], every: int) -> tuple[list[Variable], list[Variable]]:
    """The outputs of the loop, and the rows of its states and collected values at the end of each chunk."""
    info = op.info
    # A chunk may be shorter than a state's taps reach back: then the next one starts with first rows of this one.
    op = Scan(op.inputs, op.outputs, replace(info, starts_read=True), mode=op.mode)
    n, seqs, first, carried, others = op.outer_parts(inputs)
    n_states = len(info.taps)
    n_kept = n_states + info.n_collected
    lags = [-own[0] for own in info.taps]
    chunks = n // every
    whole = chunks * every

    i_seqs = [_any_rows(x) for x in seqs]
    i_first = [_any_rows(x) for x in first]
    i_carried = [v.type() for v in op.inner_parts()[2]]
    i_others = [v.type() for v in op.inner_parts()[3]]
    length = as_tensor_variable(every).astype("int64")
    found = op(length, *i_seqs, *i_first, *i_carried, *i_others, return_list=True)
    last = [_like_rows(v[-lag:] if lag > 1 else shape_padleft(v[-1]), x) for v, lag, x in zip(found, lags, i_first)]
    rows = [v[lag:] for v, lag in zip(found, lags)]
    kept = found[n_states:n_kept]
    step_inputs, step_outputs = clone(
        [*i_seqs, *i_first, *i_carried, *i_others], [*last, *rows, *kept, *(v[-1] for v in kept), *found[n_kept:]]
    )
    outer_info = replace(
        info,
        taps=((-1,),) * n_states,
        n_collected=n_kept + info.n_collected,
        name=f"{info.name or 'scan_fn'}_chunks",
        truncate_gradient=-1,
        recompute=True,
        starts_read=True,
    )
    outer = Scan(step_inputs, step_outputs, outer_info, mode=op.mode)
    cut = [x[:whole].reshape((chunks, every, *(x.shape[d] for d in range(1, x.type.ndim)))) for x in seqs]
    cut = [_whole_rows(x, v) for x, v in zip(cut, i_seqs)]
    starts = [unbroadcast(shape_padleft(_like_rows(x, v)), 0) for x, v in zip(first, i_first)]
    made = outer(chunks, *cut, *starts, *carried, *others, return_list=True)
    states, pieces = made[:n_states], made[n_states : n_states + n_kept]
    last_kept, moved = made[n_states + n_kept :][: info.n_collected], made[n_states + n_kept + info.n_collected :]
    rest = op(n - whole, *(x[whole:] for x in seqs), *(s[-1] for s in states), *moved, *others, return_list=True)

    joined = []
    for i in range(n_kept):
        piece = pieces[i]
        count = piece.shape[0] * piece.shape[1]
        flat = piece.reshape((count, *(piece.shape[d] for d in range(2, piece.type.ndim))), ndim=piece.type.ndim - 1)
        flat = _like_rows(flat, rest[i])
        # A state's rest starts with the rows before it.
        begin = join(0, first[i], flat)[:whole] if i < n_states else flat
        joined.append(join(0, _like_rows(begin, rest[i]), rest[i]))
    ends = [join(0, _like_rows(v, w), w[-1:]) for v, w in zip([*(s[1:, -1] for s in states), *last_kept], rest)]
    return [*joined, *rest[n_kept:]], ends


def _any_rows(x: Any) -> Any:
    """A variable for as many rows as there may be."""
    return TensorType(x.type.dtype, shape=(None, *x.type.shape[1:]))(x.name)


def _like_rows(x: Any, like: Any) -> Any:
    """``x`` with the broadcast pattern of ``like``: rows of the same sort."""
    from theon.ops.dims import patternbroadcast

    wanted = like.type.broadcastable
    return x if x.type.broadcastable == wanted else patternbroadcast(x, wanted)


def _whole_rows(x: Any, v: Any) -> Any:
    from theon.ops.dims import patternbroadcast

    wanted = (False, *v.type.broadcastable)
    return x if x.type.broadcastable == wanted else patternbroadcast(x, wanted)


def scan_checkpoints(
    fn: Callable[..., Any],
    sequences: Any = [],  # noqa: B006 (Theano's defaults; never changed)
    outputs_info: Any = None,
    non_sequences: Any = [],  # noqa: B006
    name: str | None = "checkpointscan_fn",
    n_steps: Any = None,
    save_every_N: int = 10,
    padding: bool = True,
) -> tuple[Any, Any]:
    """Run ``fn`` like :func:`theano.scan`, keep every ``save_every_N``-th value of its outputs; gradients keep as little.

    Returns outputs and updates. An output has ``ceil(n_steps / save_every_N)`` rows: its values after ``save_every_N`` steps,
    after twice as many, ..., and after the last step. Memory, of the gradient too, is what ``n_steps / save_every_N`` states
    and the values of ``save_every_N`` steps take; gradients compute each step twice. A loop with ``until`` runs once more
    before, to count its steps.

    ``sequences`` are variables and ``outputs_info`` initial values or None: there are no taps (RuntimeError). ``padding``
    is accepted for Theano's programs: sequences of any length are taken without being padded.

    >>> import theano, theano.tensor as T
    >>> k, A = T.iscalar("k"), T.dscalar("A")
    >>> powers, updates = theano.scan_checkpoints(lambda p, a: p * a, outputs_info=T.ones_like(A), non_sequences=A,
    ...     n_steps=k, save_every_N=4)
    >>> theano.function([k, A], powers)(10, 2.0)
    array([  16.,  256., 1024.])
    """
    from theon.control.scan import as_list, built

    if save_every_N < 1:
        raise ValueError(f"save_every_N is a positive number of steps, not {save_every_N}")
    for info in [*as_list(sequences), *as_list(outputs_info)]:
        if isinstance(info, dict) and (info.get("taps") not in (None, [-1], [0], -1, 0)):
            raise RuntimeError(f"scan_checkpoints does not work with taps: {info}")
    loop = built(fn, sequences, outputs_info, non_sequences, n_steps=n_steps, name=name)
    op, inputs = _counted(loop.op, loop.inputs)
    outputs, ends = _chunked(op, inputs, save_every_N)
    n = inputs[0]
    count = (n + save_every_N - 1) // save_every_N
    kept = [v[:count] for v in ends]
    results, updates = loop.results(outputs, kept)
    return (None if not results else results[0] if len(results) == 1 else results), updates
