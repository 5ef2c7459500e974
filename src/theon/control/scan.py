"""``scan`` and what is made of it: loops over symbolic sequences, written as a function of one step."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.control.scan_op import Scan, ScanInfo
from theon.dtypes import discrete_dtypes
from theon.errors import MissingInputError, message
from theon.graph.testvalue import get_test_value
from theon.graph.traverse import clone_replace, io_toposort
from theon.graph.variable import Constant, Variable
from theon.ops.arith import minimum
from theon.ops.dims import shape_padleft, unbroadcast
from theon.options import config
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import SharedVariable
from theon.tensor.type import TensorType

__all__ = ["as_list", "built", "foldl", "foldr", "get_updates_and_outputs", "map", "reduce", "scan", "until"]


class until:
    """What a step returns beside its outputs to stop the loop: after the step in which ``condition`` is true."""

    __module__ = "theano.scan_module.scan_utils"

    def __init__(self, condition: Any) -> None:
        self.condition = as_tensor_variable(condition)
        if self.condition.type.ndim != 0:
            raise TypeError(f"a condition to stop at is a scalar, not {self.condition.type}")


def get_updates_and_outputs(ls: Any) -> tuple[Any, list[Variable], dict[Any, Any]]:
    """Split what a step returned into its condition (or None), its list of outputs and its dict of updates.

    Outputs, updates and an :class:`until` may come in any order, each at most once. ValueError for anything else.
    """

    def as_updates(x: Any) -> dict[Any, Any] | None:
        if isinstance(x, dict):
            return dict(x)
        if (
            isinstance(x, list | tuple)
            and x
            and all(isinstance(p, list | tuple) and len(p) == 2 and isinstance(p[0], SharedVariable) for p in x)
        ):
            return {a: b for a, b in x}
        return None

    def as_outputs(x: Any) -> list[Variable] | None:
        things = list(x) if isinstance(x, list | tuple) else [x]
        found = []
        for thing in things:
            if isinstance(thing, Variable):
                found.append(thing)
            elif isinstance(thing, int | float | np.ndarray | np.number):
                found.append(as_tensor_variable(thing))
            else:
                return None
        return found

    if isinstance(ls, until):
        return ls.condition, [], {}
    if ls is None:
        return None, [], {}
    outputs = as_outputs(ls)
    if outputs is not None:
        return None, outputs, {}
    updates = as_updates(ls)
    if updates is not None:
        return None, [], updates
    condition, outs, ups = None, None, None
    if isinstance(ls, list | tuple) and len(ls) <= 3:
        for part in ls:
            if isinstance(part, until) and condition is None:
                condition = part.condition
                continue
            found_updates = as_updates(part)
            if found_updates is not None and ups is None:
                ups = found_updates
                continue
            found = as_outputs(part)
            if found is not None and outs is None and not (isinstance(part, list | tuple) and not part and ups is None):
                outs = found
                continue
            if isinstance(part, list | tuple) and not part:
                continue
            break
        else:
            return condition, outs or [], ups or {}
    raise ValueError(
        "Scan cannot parse the return value of your lambda expression, which is: "
        f"{ls!r}. It returns outputs, or outputs and updates, or outputs, updates and theano.scan_module.until(condition)"
    )


def as_list(x: Any) -> list[Any]:
    """``x`` as a list: of itself if it is none, empty for None."""
    if x is None:
        return []
    return list(x) if isinstance(x, list | tuple) else [x]


class _State:
    """One entry of ``outputs_info`` that has an initial value."""

    def __init__(self, place: int, info: dict[str, Any]) -> None:
        self.place = place
        taps = info.get("taps")
        self.taps = [-1] if taps is None else [int(t) for t in as_list(taps)]
        if len(set(self.taps)) != len(self.taps):
            raise ValueError(f"There are duplicate taps of output {place}: {self.taps}")
        if any(t >= 0 for t in self.taps):
            raise ValueError(f"All the tap values of an output must be negative (output {place}: {self.taps})")
        self.typed = isinstance(info["initial"], Variable | np.ndarray | np.generic)
        self.initial = as_tensor_variable(info["initial"])
        self.lag = -builtins.min(self.taps)
        self.single = self.taps == [-1]
        if not self.single and self.initial.type.ndim == 0:
            raise ValueError(
                f"the initial value of output {place} with taps {self.taps} needs a leading dimension of {self.lag} steps"
            )
        self.rows = (
            unbroadcast(shape_padleft(self.initial), 0) if self.single else _not_broadcast(self.initial[: self.lag])
        )
        type_ = self.rows.type
        self.inner = [TensorType(type_.dtype, shape=type_.shape[1:])() for _ in sorted(set(self.taps))]
        base = self.initial.name
        for v, tap in zip(self.inner, sorted(set(self.taps))):
            v.name = f"{base}[t{tap}]" if base else None

    def given(self) -> list[Variable]:
        """What the step takes: a variable for each tap, in the order in which they were listed."""
        order = sorted(set(self.taps))
        return [self.inner[order.index(t)] for t in self.taps]


def _give_test_values(rows: list[tuple[Variable, Any, int]]) -> None:
    """Give what stands for a row of ``x`` in the step the test value of that row, where ``x`` has one."""
    for variable, x, place in rows:
        try:
            vars(variable.tag)["test_value"] = get_test_value(x)[place]
        except (AttributeError, IndexError):
            continue


def _not_broadcast(x: Any) -> Any:
    return unbroadcast(x, 0) if x.type.broadcastable[0] else x


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    profile: Any = False,
    allow_gc: Any = None,
    strict: bool = False,
    return_list: bool = False,
    checkpoint_every: int | None = None,
) -> tuple[Any, Any]:
    """Run ``fn`` over the leading dimension of sequences; return its outputs, stacked, and updates of shared variables.

    ``fn`` takes, in this order, a slice of each sequence (one for each of its taps), the taps of each output that has an
    initial value, and the non-sequences. It returns outputs, updates, and :class:`until` a condition.

    ``sequences``: variables, or dicts of ``input`` and ``taps`` (places relative to now, 0 by default). ``outputs_info``:
    for each output its initial value, a dict of ``initial`` and ``taps`` (negative; -1 by default), or None where steps do
    not read it. ``n_steps``: number of steps, by default what the shortest sequence has; it is
    an error, when the loop runs, if a sequence has fewer. ``truncate_gradient``: number of steps
    that gradients go back, all of them by default. ``go_backwards``: take the sequences from the end. ``strict``: whether
    all other variables that ``fn`` uses must be among ``non_sequences``. ``mode``: how the step is compiled, on its own.
    ``profile``: True, a name, or a ScanProfileStats in which the step is timed op by op (it runs node by node then).
    ``allow_gc`` is accepted: what memory steps use is planned before. ``return_list``: whether one output comes in a list too.
    ``checkpoint_every``: gradients keep states only
    after every so many steps and compute the steps between them again: for long loops whose gradient takes too much memory.

    Sub-expressions of the step that are the same in all steps are computed once, before the loop.

    >>> import theano, theano.tensor as T
    >>> A, k = T.dvector("A"), T.iscalar("k")
    >>> powers, updates = theano.scan(lambda p, a: p * a, outputs_info=T.ones_like(A), non_sequences=A, n_steps=k)
    >>> theano.function([A, k], powers[-1])([1, 2, 3], 3)
    array([ 1.,  8., 27.])
    """
    loop = built(
        fn, sequences, outputs_info, non_sequences, n_steps, truncate_gradient, go_backwards, mode, name, strict,
        profile, allow_gc,
    )  # fmt: skip
    if checkpoint_every is None:
        found = loop.op(*loop.inputs, return_list=True)
    elif checkpoint_every < 1:
        raise ValueError(f"checkpoint_every is a positive number of steps, not {checkpoint_every}")
    else:
        from theon.control.checkpoints import in_chunks

        found = in_chunks(loop.op, loop.inputs, checkpoint_every)
    results, changed = loop.results(found)
    if return_list:
        return results, changed
    return (None if not results else results[0] if len(results) == 1 else results), changed


def built(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    strict: bool = False,
    profile: Any = False,
    allow_gc: Any = None,
) -> _Built:
    """The op of a loop with its outer inputs: what :func:`scan` runs."""
    n_steps = _checked_steps(n_steps)

    # --- sequences ---
    inner_seqs: list[Variable] = []
    outer_seqs: list[Any] = []
    for place, entry in enumerate(as_list(sequences)):
        info = dict(entry) if isinstance(entry, dict) else {"input": entry}
        if info.get("input") is None:
            raise ValueError(f"sequence {place} has no input: {entry}")
        x = as_tensor_variable(info["input"])
        if x.type.ndim == 0:
            raise ValueError(message(f"sequence {place} of scan is a scalar: there is nothing to go along", [x]))
        taps = [0] if info.get("taps") is None else [int(t) for t in as_list(info["taps"])]
        highest, lowest = builtins.max(*taps, 0, 0), builtins.min(*taps, 0, 0)
        for tap in taps:
            start = tap - lowest
            rows = x[start:] if tap == highest else x[start : tap - highest]
            if go_backwards:
                rows = rows[::-1]
            if x.name:
                rows.name = f"{x.name}[{start}:{'' if tap == highest else tap - highest}]"
            v = TensorType(x.type.dtype, shape=x.type.shape[1:])()
            if x.name:
                v.name = f"{x.name}[t{tap:+d}]" if tap else f"{x.name}[t]"
            inner_seqs.append(v)
            outer_seqs.append(_not_broadcast(rows))

    # --- number of steps ---
    if n_steps is not None:
        steps = as_tensor_variable(n_steps).astype("int64")
    elif outer_seqs:
        steps = outer_seqs[0].shape[0]
        for x in outer_seqs[1:]:
            steps = minimum(steps, x.shape[0])
    else:
        raise ValueError("theano.scan was asked to run for an unknown number of steps: give it sequences or n_steps")

    # --- states ---
    entries = [
        None if e is None or (isinstance(e, dict) and (e.get("initial") is None or e.get("taps") in ([], ()))) else e
        for e in as_list(outputs_info)
    ]
    for place, e in enumerate(as_list(outputs_info)):
        if isinstance(e, dict) and e.get("initial") is None and e.get("taps") not in (None, []):
            raise ValueError(
                f"If you are using slices of an output you need to provide a initial state for it (output {place})"
            )
    states = [
        _State(place, e if isinstance(e, dict) else {"initial": e}) for place, e in enumerate(entries) if e is not None
    ]

    # --- the step ---
    given_others = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in as_list(non_sequences)]
    arguments = [*inner_seqs, *(v for s in states for v in s.given()), *given_others]
    if config.compute_test_value != "off":
        _give_test_values([(v, rows, 0) for v, rows in zip(inner_seqs, outer_seqs)])
        _give_test_values([(v, s.rows, t + s.lag) for s in states for v, t in zip(s.inner, sorted(set(s.taps)))])
    condition, outputs, updates = get_updates_and_outputs(fn(*arguments))
    if len(entries) not in (0, len(outputs)):
        raise ValueError(
            f"Please provide None as outputs_info for any output that does not feed back into scan: "
            f"there are {len(entries)} entries for {len(outputs)} outputs"
        )
    if not outputs and not updates:
        raise ValueError("the step of scan gave neither outputs nor updates")
    outputs = [as_tensor_variable(v) for v in outputs]
    states.sort(key=lambda s: s.single)  # those with several taps first, as Theano lays them out
    recurrent = {s.place for s in states}
    collected = [p for p in range(len(outputs)) if p not in recurrent]

    # --- shared variables that change from step to step ---
    inner_args = [*inner_seqs, *(v for s in states for v in s.inner)]
    moving, new_values = _moving(outputs, condition, updates, inner_args, given_others)
    inner_moving = [_plain(v) for v in moving]
    roots = [*(outputs[s.place] for s in states), *(outputs[p] for p in collected), *new_values]
    if condition is not None:
        roots.append(condition)
    # What no step changes stays outside.
    fixed = _frontier(roots, [*inner_args, *moving])
    # What was given belongs to the loop, also where the step does not use it.
    fixed += [x for x in given_others if x not in fixed and not isinstance(x, Constant | SharedVariable)]
    if strict:
        _check_strict(fixed, given_others)
    inner_fixed = [_plain(v) for v in fixed]
    replace = dict(zip(moving, inner_moving)) | dict(zip(fixed, inner_fixed))
    roots = clone_replace(roots, replace) if replace else roots
    roots, inner_args = _with_fitting_patterns(roots, inner_args, inner_seqs, states)
    state_out, rest = roots[: len(states)], roots[len(states) :]
    collected_out, rest = rest[: len(collected)], rest[len(collected) :]
    moving_out, rest = rest[: len(moving)], rest[len(moving) :]

    info = ScanInfo(
        n_seqs=len(inner_seqs),
        taps=tuple(tuple(sorted(set(s.taps))) for s in states),
        n_collected=len(collected),
        n_carried=len(moving),
        as_while=condition is not None,
        truncate_gradient=int(truncate_gradient),
        go_backwards=bool(go_backwards),
        name=name,
        starts_read=False,
        profile=profile,
        allow_gc=bool(allow_gc),
        strict=strict,
    )
    op = Scan(
        [*inner_args, *inner_moving, *inner_fixed], [*state_out, *collected_out, *moving_out, *rest], info, mode=mode
    )
    outer = [steps, *(x[:steps] for x in outer_seqs), *(s.rows for s in states), *moving, *fixed]
    return _Built(op, outer, [s.place for s in states], [s.lag for s in states], collected, moving)


class _Built:
    """A loop's op with its outer inputs, and the places that its outputs have among those that the step returned."""

    def __init__(
        self, op: Scan, inputs: list[Any], states: list[int], lags: list[int], collected: list[int], moving: list[Any]
    ) -> None:
        self.op, self.inputs, self.states, self.lags, self.collected = op, inputs, states, lags, collected
        self.moving = moving

    def results(self, found: Sequence[Any], rows: Sequence[Any] | None = None) -> tuple[list[Any], Any]:
        """The outputs in the step's order and the updates, from those of the op; ``rows``: other rows to return."""
        from theon.compile.function import OrderedUpdates

        results: list[Any] = [None] * (len(self.states) + len(self.collected))
        if rows is None:
            rows = [v[lag:] for v, lag in zip(found, self.lags)] + list(found[len(self.lags) : len(results)])
        for place, v in zip([*self.states, *self.collected], rows):
            results[place] = v
        return results, OrderedUpdates(zip(self.moving, found[len(results) :]))


def _checked_steps(n_steps: Any) -> Any:
    """The number of steps: an int, an integer variable, or None where the sequences say it. ValueError, TypeError for others."""
    if n_steps is None:
        return None
    if isinstance(n_steps, Variable):
        if getattr(n_steps.type, "ndim", None) != 0 or n_steps.type.dtype not in discrete_dtypes:  # type: ignore[attr-defined]
            raise ValueError(message("n_steps must be an int", [n_steps]))
        return n_steps
    value = np.asarray(n_steps)
    if value.ndim:
        raise ValueError(f"n_steps must be an int, not {n_steps!r}")
    if value.dtype.kind == "f" and not np.isfinite(value):
        return None
    if value.dtype.kind not in "iubf" or int(value) != value:
        raise ValueError(f"n_steps must be an int, not {n_steps!r}")
    if value < 0:
        raise ValueError(f"Scan was asked to run for a negative number of steps: {int(value)}")
    return int(value)


def _plain(v: Variable) -> Variable:
    """A variable of the same type that is no shared variable."""
    copy = v.type()
    copy.name = f"{v.name}_copy" if v.name else None
    return copy


def _moving(
    outputs: Sequence[Variable],
    condition: Variable | None,
    updates: dict[Any, Any],
    inner: Sequence[Variable],
    given: Sequence[Variable],
) -> tuple[list[Any], list[Variable]]:
    """The shared variables that steps update, by ``updates`` or by default, and their new values."""
    new: OrderedDict[Any, Variable] = OrderedDict()
    for target, value in updates.items():
        if not isinstance(target, SharedVariable):
            raise TypeError(f"an update inside scan is of a shared variable, not of {target}")
        new[target] = target.filter_update(value) if hasattr(target, "filter_update") else value
    pending = [*outputs, *new.values(), *([] if condition is None else [condition])]
    stop = {*inner, *given}
    seen: set[Variable] = set()
    while pending:
        v = pending.pop()
        if v in seen or v in stop:
            continue
        seen.add(v)
        if v.owner is not None:
            pending.extend(v.owner.inputs)
        elif isinstance(v, SharedVariable) and v not in new and getattr(v, "default_update", None) is not None:
            new[v] = v.default_update
            pending.append(v.default_update)
    return list(new), list(new.values())


def _frontier(roots: Sequence[Variable], sources: Sequence[Variable]) -> list[Variable]:
    """The variables that do not depend on ``sources`` and that something which does (or a root) reads; no constants."""
    order = io_toposort((), roots)
    moves = set(sources)
    for node in order:
        if any(v in moves for v in node.inputs):
            moves.update(node.outputs)
    found: dict[Variable, None] = {}
    wanted = set(roots)
    for node in order:
        if any(v in moves for v in node.outputs):
            for v in node.inputs:
                if v not in moves and not isinstance(v, Constant) and not _constant_only(v):
                    found[v] = None
    for v in roots:
        if v in wanted and v not in moves and not isinstance(v, Constant) and not _constant_only(v):
            found[v] = None
    return list(found)


def _constant_only(v: Variable) -> bool:
    """Whether a variable is computed from constants alone: the step keeps those, where they help its compilation."""
    if v.owner is None:
        return isinstance(v, Constant)
    stack, seen = [v], set()
    while stack:
        x = stack.pop()
        if x in seen or isinstance(x, Constant):
            continue
        seen.add(x)
        if x.owner is None or len(seen) > 50:
            return False
        stack.extend(x.owner.inputs)
    return True


def _check_strict(fixed: Sequence[Variable], given: Sequence[Variable]) -> None:
    allowed = set(given)
    for v in fixed:
        stack, seen = [v], set()
        while stack:
            x = stack.pop()
            if x in seen or x in allowed or isinstance(x, Constant):
                continue
            seen.add(x)
            if x.owner is None:
                raise MissingInputError(
                    message(
                        "Scan(strict=True): the step uses a variable that is not among non_sequences",
                        [x],
                        "pass it in non_sequences",
                    ),
                    variable=x,
                )
            stack.extend(x.owner.inputs)


def _with_fitting_patterns(
    roots: list[Variable], inner_args: list[Any], inner_seqs: Sequence[Variable], states: Sequence[_State]
) -> tuple[list[Variable], list[Any]]:
    """Check that each state's new value is of its type; take initial values as not broadcastable where the step needs it."""
    from theon.ops.dims import patternbroadcast

    for _ in range(1 + sum(1 + s.rows.type.ndim for s in states)):
        replace: dict[Variable, Any] = {}
        for place, s in enumerate(states):
            new, old = roots[place], s.inner[0]
            if not s.typed and new.type.ndim == old.type.ndim and new.type.dtype != old.type.dtype:  # type: ignore[attr-defined]
                # A Python number takes the dtype that the step gives.
                s.rows, s.typed = s.rows.astype(new.type.dtype), True  # type: ignore[attr-defined]
                fresh = [TensorType(s.rows.type.dtype, shape=s.rows.type.shape[1:])(v.name) for v in s.inner]
                replace.update(zip(s.inner, fresh))
                s.inner = fresh
                continue
            _check_state(new, old, s)
            looser = [d for d, (a, b) in enumerate(zip(old.type.broadcastable, new.type.broadcastable)) if a and not b]
            if looser:
                s.rows = unbroadcast(s.rows, *(d + 1 for d in looser))
                type_ = s.rows.type
                fresh = [TensorType(type_.dtype, shape=type_.shape[1:])(v.name) for v in s.inner]
                replace.update(zip(s.inner, fresh))
                s.inner = fresh
        if not replace:
            break
        roots = clone_replace(roots, replace, rebuild_strict=False)
    for place, s in enumerate(states):
        wanted = s.inner[0].type
        if roots[place].type.broadcastable != wanted.broadcastable:  # type: ignore[attr-defined]
            roots[place] = patternbroadcast(roots[place], wanted.broadcastable)  # type: ignore[attr-defined]
    return roots, [*inner_seqs, *(v for s in states for v in s.inner)]


def _check_state(new: Variable, old: Variable, s: _State) -> None:
    a, b = new.type, old.type
    what = f"output {s.place}" + (f" ({s.initial.name})" if s.initial.name else "")
    start = (
        "When compiling the inner function of scan (the function called by scan in each of its iterations) the following "
        f"error has been encountered: The initial state (`outputs_info` in scan nomenclature) of {what} "
    )
    if a.ndim != b.ndim:  # type: ignore[attr-defined]
        raise ValueError(
            message(
                f"{start}has {b.ndim} dimension(s), while the result of the inner function has {a.ndim} dimension(s).",  # type: ignore[attr-defined]
                [s.initial, new],
            )
        )
    if a.dtype != b.dtype:  # type: ignore[attr-defined]
        raise ValueError(
            message(
                f"{start}has dtype {b.dtype}, while the result of the inner function has dtype {a.dtype}. This can happen "  # type: ignore[attr-defined]
                "if the inner function of scan results in an upcast or downcast.",
                [s.initial, new],
                "cast one of the two",
            )
        )


# --- what is made of it -----------------------------------------------------------------------------------------------


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Apply ``fn`` to each slice of the sequences; return outputs, stacked, and updates."""
    return scan(
        fn,
        sequences,
        [],
        non_sequences,
        truncate_gradient=truncate_gradient,
        go_backwards=go_backwards,
        mode=mode,
        name=name,
    )


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Run ``fn`` over the sequences; return the outputs of the last step and updates."""
    found, updates = scan(fn, sequences, outputs_info, non_sequences, go_backwards=go_backwards, mode=mode, name=name)
    return ([v[-1] for v in found] if isinstance(found, list | tuple) else found[-1]), updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """:func:`reduce` from the first slice to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, go_backwards=False, mode=mode, name=name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> tuple[Any, Any]:
    """:func:`reduce` from the last slice to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, go_backwards=True, mode=mode, name=name)
