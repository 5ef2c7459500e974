"""The op of a loop: a graph for one step, run for a number of steps or until it says stop.

Inner inputs, in this order: a slice of each sequence; the taps of each recurrent state; each carried value; the others,
which stay the same in every step. Inner outputs: each recurrent state's new value; values collected; each carried value's new
value; and, where the loop may stop early, the condition.

Outer inputs: the number of steps, the sequences (at least that many rows), the first rows of each recurrent state, the
carried values, the others. Outer outputs: all rows of each recurrent state, the first ones included; the rows collected;
the carried values after the last step. Where only some of the last rows are read, the loop keeps no others (``ScanInfo.limited``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from theon.control.scan_gradient import ScanDerivatives
from theon.control.scan_layout import ScanInfo, info_of
from theon.dtypes import discrete_dtypes
from theon.graph.op import Op
from theon.graph.traverse import clone, clone_replace, equal_computations, io_toposort
from theon.graph.traverse import inputs as leaves
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import maximum, minimum
from theon.ops.shape import shape_i
from theon.ops.sizes import Sizes, add_sizes
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["Scan", "ScanInfo"]


class Scan(ScanDerivatives, Op):
    """A loop over ``inputs`` -> ``outputs``, the graph of one step, laid out as ``info`` says (see the module's text)."""

    __module__ = "theano.scan_module.scan_op"

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        info: ScanInfo | Mapping[str, Any],
        typeConstructor: Any = None,
        mode: Any = None,
    ) -> None:
        if mode is None and isinstance(info, Mapping):
            mode = info.get("mode")
        info = info_of(info)
        self.inputs, self.outputs, self.info, self.mode = list(inputs), list(outputs), info, mode
        self.name = info.name
        self.as_while, self.truncate_gradient, self.go_backwards = (
            info.as_while,
            info.truncate_gradient,
            info.go_backwards,
        )
        self.n_seqs, self.n_nit_sot, self.n_shared_outs = info.n_seqs, info.n_collected, info.n_carried
        self.n_mit_mot = 0
        self.n_sit_sot = sum(taps == (-1,) for taps in info.taps)
        self.n_mit_sot = len(info.taps) - self.n_sit_sot
        self.n_others = len(self.inputs) - info.n_seqs - sum(map(len, info.taps)) - info.n_carried
        self._function: Any = None
        self.steps_made = 0  # by the last run of a loop that is not native

    # --- identity ---

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Scan)
            and self.info == other.info
            and self.mode == other.mode
            and [v.type for v in self.inputs] == [v.type for v in other.inputs]
            and equal_computations(self.outputs, other.outputs, self.inputs, other.inputs)
        )

    def __hash__(self) -> int:
        return hash((Scan, self.info, len(self.inputs), len(self.outputs)))

    def __str__(self) -> str:
        kind = "do_while" if self.as_while else "for"
        return f"{kind}{{cpu,{self.name or 'scan_fn'}}}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_function": None}

    # --- layout ---

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError where an outer input does not fit its inner one."""
        variables = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs]
        n, seqs, first, carried, others = self.outer_parts(variables)
        if n.type.ndim != 0 or n.type.dtype not in discrete_dtypes:
            raise TypeError(f"the number of steps is an integer scalar, not {n.type}")
        inner_seqs, inner_taps, inner_carried, inner_others = self.inner_parts()
        pairs = [(x, v, 1) for x, v in zip(seqs, inner_seqs)]
        pairs += [(x, own[0], 1) for x, own in zip(first, inner_taps)]
        for x, v, extra in pairs:
            if x.type.ndim != v.type.ndim + extra or x.type.dtype != v.type.dtype:
                raise TypeError(f"{self}: {x} of type {x.type} does not give steps of type {v.type}")
        fitted = [n.astype("int64"), *seqs, *first]
        for x, v in [*zip(carried, inner_carried), *zip(others, inner_others)]:
            fitted.append(v.type.filter_variable(x))
        fitted += [x.astype("int64") for x in self.outer_limits(variables).values()]
        outs = self.outputs
        info = self.info
        types = [_rows(v.type) for v in outs[: len(info.taps) + info.n_collected]]
        rest = outs[len(info.taps) + info.n_collected :]
        types += [v.type for v in rest[: info.n_carried]]
        return Apply(self, fitted, [t() for t in types])

    # --- running ---

    @property
    def fn(self) -> Any:
        """The compiled step."""
        if self._function is None:
            from theon.compile.function import function

            copies, outputs = clone(self.inputs, self.outputs)
            self._function = function(
                copies,
                list(outputs),
                mode=self.mode,
                on_unused_input="ignore",
                allow_input_downcast=False,
                profile=self._stats(),
            )
            self._function.trust_input = False
        return self._function

    def _stats(self) -> Any:
        """Where the steps' times are recorded: what was given, a new ScanProfileStats for True or a name, or False."""
        wanted = self.info.profile
        if not wanted or hasattr(wanted, "apply_time"):
            return wanted
        from theon.runtime.profile import ScanProfileStats

        return ScanProfileStats(name=wanted if isinstance(wanted, str) else self.name)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Run the steps, and record them where the loop is profiled.

        ValueError for a negative number of them, for sequences or first rows that are too short.
        """
        if not self.info.profile:
            self._run(node, inputs, output_storage)
            return
        stats, start = self.fn.profile, time.perf_counter()
        self._run(node, inputs, output_storage)
        stats.callcount += 1
        stats.nbsteps += self.steps_made
        stats.call_time += time.perf_counter() - start

    def _run(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        info = self.info
        n, seqs, first, carried, others = self.outer_parts(inputs)
        n = int(n)
        if n < 0:
            raise ValueError(f"Scan was asked to run for negative number of step {n}")
        for place, s in enumerate(seqs):
            if len(s) < n:
                name = self.inputs[place].name
                raise ValueError(
                    f"Sequence is shorter than the required number of steps: sequence {place}"
                    f"{f' ({name})' if name else ''} of {self} has {len(s)} rows (of shape {s.shape[1:]}), {n} steps are asked for"
                )
        back = [-own[0] for own in info.taps]
        for place, (x, lag) in enumerate(zip(first, back)):
            if len(x) != lag:
                raise ValueError(
                    f"recurrent state {self._named(place)} of {self} needs {lag} first rows and was given {len(x)}"
                )
        step = self.fn
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        # Of limited outputs as many rows are kept as are returned, or read by the next step; each takes the oldest one's place.
        limits = {i: min(max(int(limit), 0), n) for i, limit in self.outer_limits(inputs).items()}
        back += [0] * info.n_collected
        room = [max(limits[i], lag + 1) if i in limits else lag + n for i, lag in enumerate(back)]
        kept: list[Any] = [None] * n_kept
        for i, x in enumerate(first):
            kept[i] = np.empty((room[i], *x.shape[1:]), dtype=x.dtype)
            kept[i][: back[i]] = x
        last = [x[-1, ...] if own == (-1,) else None for x, own in zip(first, info.taps)]
        done = 0
        for t in range(n):
            arguments = [s[t, ...] for s in seqs]
            for i, own in enumerate(info.taps):
                if last[i] is not None:
                    arguments.append(last[i])
                else:
                    arguments.extend(kept[i][(back[i] + t + tap) % room[i], ...] for tap in own)
            arguments += carried
            arguments += others
            try:
                found = step(*arguments)
            except Exception as error:
                error.add_note(f"in step {t} of {self}")
                raise
            for i in range(n_kept):
                value = found[i]
                if i < n_states:
                    if kept[i].shape[1:] != value.shape:
                        raise ValueError(
                            f"step {t} of {self} gave recurrent state {self._named(i)} shape {value.shape}, it has shape "
                            f"{kept[i].shape[1:]}"
                        )
                    kept[i][(back[i] + t) % room[i]] = value
                    if last[i] is not None:
                        last[i] = value
                else:
                    if t == 0:
                        kept[i] = np.empty((room[i], *value.shape), dtype=value.dtype)
                    elif kept[i].shape[1:] != value.shape:
                        raise ValueError(
                            f"step {t} of {self} gave output {i} shape {value.shape}, the first step {kept[i].shape[1:]}"
                        )
                    kept[i][t % room[i]] = value
            carried = found[n_kept : n_kept + info.n_carried]
            done = t + 1
            if info.as_while and found[-1]:
                break
        self.steps_made = done
        sizes: list[tuple[int, ...]] | None = None
        for i in range(n_kept):
            if kept[i] is None:
                if sizes is None:
                    sizes = self._row_sizes(seqs, first, carried, others)
                kept[i] = np.empty((0, *sizes[i]), dtype=node.outputs[i].type.dtype)  # type: ignore[attr-defined]
            whole = done + back[i]
            if i in limits:
                rows = range(max(whole - limits[i], back[i]), whole)
                output_storage[i][0] = kept[i][[row % room[i] for row in rows]]
                continue
            output_storage[i][0] = kept[i] if len(kept[i]) == whole else kept[i][:whole].copy()
        for i, value in enumerate(carried):
            output_storage[n_kept + i][0] = value.copy() if done == 0 and isinstance(value, np.ndarray) else value

    def _named(self, state: int) -> str:
        """The number of a recurrent state, and the name of its oldest tap where it has one."""
        name = self.inner_parts()[1][state][0].name
        return f"{state} ({name})" if name else str(state)

    def execute(self, node: Apply, args: Sequence[Any], outs: list[list[Any]]) -> None:
        """The same as :meth:`perform`."""
        self.perform(node, args, outs)

    def validate_inner_graph(self) -> None:
        """TypeError where a state's or a carried value's new value is of another type than it is."""
        _, taps, carried, _ = self.inner_parts()
        first = len(self.info.taps) + self.info.n_collected
        pairs = [(own[0], self.outputs[i]) for i, own in enumerate(taps)]
        for old, new in [*pairs, *zip(carried, self.outputs[first:])]:
            if not old.type.is_super(new.type) if hasattr(old.type, "is_super") else old.type != new.type:
                raise TypeError(f"{self}: {old} of type {old.type} becomes {new} of type {new.type}")

    def _row_sizes(self, seqs: Any, first: Any, carried: Any, others: Any) -> list[tuple[int, ...]]:
        """What sizes each kept output's rows would have, where no step is made: those that a step on zeros gives."""
        kept = self.outputs[: len(self.info.taps) + self.info.n_collected]
        arguments = [np.zeros(s.shape[1:], s.dtype) for s in seqs]
        for x, own in zip(first, self.info.taps):
            arguments += [x[0, ...]] * len(own)
        try:
            found = self.fn(*arguments, *carried, *others)
        except Exception:  # zeros need not be valid for the step; nothing was asked of it
            return [tuple(s or 0 for s in v.type.shape) for v in kept]  # type: ignore[attr-defined]
        return [value.shape for value in found[: len(kept)]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Rows as many as there are steps, of sizes that follow from those of the inputs; None where they do not."""
        info = self.info
        n, _, _, _, others = self.outer_parts(node.inputs)
        limits = self.outer_limits(node.inputs)
        _, s_seqs, s_first, s_carried, s_others = self.outer_parts(list(shapes))
        i_seqs, i_taps, i_carried, i_others = self.inner_parts()
        known: Sizes = {v: s and s[1:] for v, s in zip(i_seqs, s_seqs)}
        known |= {v: s and s[1:] for own, s in zip(i_taps, s_first) for v in own}
        known |= dict(zip([*i_carried, *i_others], [*s_carried, *s_others]))
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        add_sizes(known, list(self.outputs[n_states:n_kept]))
        fixed = dict(zip(i_others, others))
        moving = {*i_seqs, *i_carried, *(v for own in i_taps for v in own)}
        answer: list[Any] = []
        for i, out in enumerate(node.outputs):
            if i >= n_kept:
                answer.append(s_carried[i - n_kept])
                continue
            count: Any = shape_i(out, 0) if info.as_while else n
            if i in limits:
                count = count if info.as_while else minimum(maximum(limits[i], 0), n)
            if i < n_states:
                rest, lag = s_first[i] and s_first[i][1:], 0 if i in limits else -info.taps[i][0]
                answer.append(rest if rest is None else ((count if info.as_while else count + lag), *rest))
                continue
            sizes = known[self.outputs[i]]
            if sizes is not None:
                sizes = clone_replace(list(sizes), fixed) if sizes else ()
                # A size may hang on values that change from step to step.
                if any(v in moving for v in _leaves(sizes)):
                    sizes = None
            answer.append(None if sizes is None else (count, *sizes))
        return answer

    # --- what depends on what ---

    def _inner_dependence(self) -> list[set[Variable]]:
        """For each inner output, the inner inputs that it depends on through differentiable connections."""
        return [_reached(v, self.inputs) for v in self.outputs]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which outputs depend on which inputs, in any number of steps."""
        info = self.info
        seqs, taps, carried, others = self.inner_parts()
        direct = self._inner_dependence()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        n_outs = n_kept + info.n_carried
        # The inner inputs that bring an output's value to the next step.
        own = [set(taps[i]) for i in range(n_states)] + [set() for _ in range(info.n_collected)]
        own += [{v} for v in carried]
        feeds = [[bool(direct[j] & own[i]) for j in range(n_outs)] for i in range(n_outs)]
        for k in range(n_outs):
            for i in range(n_outs):
                for j in range(n_outs):
                    feeds[i][j] = feeds[i][j] or (feeds[i][k] and feeds[k][j])
        pattern = [[False] * n_outs]
        for v in seqs:
            pattern.append(_spread([v in direct[j] for j in range(n_outs)], feeds))
        for i in range(n_states):
            row = list(feeds[i])
            row[i] = row[i] or info.starts_read
            pattern.append(row)
        for i in range(info.n_carried):
            row = list(feeds[n_kept + i])
            row[n_kept + i] = True
            pattern.append(row)
        for v in others:
            pattern.append(_spread([v in direct[j] for j in range(n_outs)], feeds))
        return pattern + [[False] * n_outs for _ in info.limited]


def _rows(type_: Any) -> TensorType:
    return TensorType(type_.dtype, shape=(None, *type_.shape))


def _leaves(variables: Sequence[Variable]) -> list[Variable]:
    return [v for v in leaves(list(variables)) if not isinstance(v, Constant)]


def _spread(direct: list[bool], feeds: list[list[bool]]) -> list[bool]:
    return [d or any(direct[k] and feeds[k][j] for k in range(len(direct))) for j, d in enumerate(direct)]


def _reached(output: Variable, stop: Sequence[Variable]) -> set[Variable]:
    from theon.autodiff.reverse import connection_pattern_of

    wanted = {output}
    for node in reversed(io_toposort(stop, [output])):
        pattern = connection_pattern_of(node)
        for i, v in enumerate(node.inputs):
            if any(flag and out in wanted for flag, out in zip(pattern[i], node.outputs)) and not isinstance(
                v, Constant
            ):
                wanted.add(v)
    return wanted & set(stop)
