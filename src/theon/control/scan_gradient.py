"""Derivatives of a loop: the loop run backwards, and the loop with the tangent of every value beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from theon.autodiff.forward import Rop
from theon.autodiff.reverse import grad
from theon.control.draws import draws_apart, draws_to_keep
from theon.control.rows_at_end import is_zero, rows_at_end
from theon.control.scan_layout import ScanInfo, ScanLayout
from theon.control.steady import steady, values_read
from theon.dtypes import discrete_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.traverse import clone, clone_replace, io_toposort
from theon.graph.type import NullType
from theon.graph.variable import Constant, Variable
from theon.ops.arith import identity, minimum, switch
from theon.ops.compare import eq
from theon.ops.declare import Elemwise, zeros_for
from theon.ops.dims import DimShuffle, patternbroadcast, shape_padleft
from theon.ops.fill import zeros_like
from theon.ops.index import set_subtensor
from theon.ops.join import MakeVector, join
from theon.ops.regions import Subtensor
from theon.ops.shape import Shape, Shape_i
from theon.options import change_flags
from theon.random.words import StateOfWords, WordsOfState
from theon.tensor.type import TensorType

__all__ = ["ScanDerivatives"]

# Elementwise ops that take no longer than reading a value back.
_LIGHT = {
    "add",
    "sub",
    "mul",
    "neg",
    "sqr",
    "Cast",
    "cast",
    "identity",
    "second",
    "switch",
    "abs_",
    "sgn",
    "maximum",
    "minimum",
}


def _inside() -> change_flags:
    """While graphs of steps are made: what they compute has no test values."""
    return change_flags(compute_test_value="off")


@dataclass
class _StepGradients:
    """``gradients`` of the step's inputs, from the ``external`` gradients of outputs, by place, and the ``pending`` ones.

    ``pending[i][j]``: what later steps have added to the gradient of state ``i`` at ``j + 1`` steps before now.
    """

    gradients: dict[Variable, Any]
    external: dict[int, Any]
    pending: dict[int, list[Any]]


class ScanDerivatives(ScanLayout):
    """The part of :class:`~theon.control.scan_op.Scan` that differentiates it."""

    mode: Any
    make_node: Any
    connection_pattern: Any

    def _traced(self) -> Any:
        """The same loop with every carried tensor kept as a recurrent state, after the recurrent states.

        Values that a step draws from objects (random states) are collected too, after what is collected already, or the states
        themselves where they are to be drawn again.
        """
        info = self.info
        seqs, taps, carried, others = self.inner_parts()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        tensors = [i for i, v in enumerate(carried) if isinstance(v.type, TensorType)]
        objects = [i for i in range(info.n_carried) if i not in tensors]
        new = self.outputs[n_kept : n_kept + info.n_carried]
        drawn = draws_to_keep(self)
        inputs = [*seqs, *(v for own in taps for v in own), *(carried[i] for i in tensors)]
        inputs += [*(carried[i] for i in objects), *others]
        outputs = [*self.outputs[:n_states], *(new[i] for i in tensors), *self.outputs[n_states:n_kept], *drawn]
        outputs += [new[i] for i in objects]
        outputs += self.outputs[n_kept + info.n_carried :]
        traced = replace(
            info,
            taps=(*info.taps, *((-1,) for _ in tensors)),
            n_collected=info.n_collected + len(drawn),
            n_carried=len(objects),
        )
        return type(self)(inputs, outputs, traced, mode=self.mode)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """The loop run backwards: each step's gradient from the values kept on the way forward."""
        info = self.info
        if info.limited:
            whole, outer = self._unlimited(inputs)
            found = whole(*outer, return_list=True)
            grads = list(output_grads)
            for i in info.limited:
                if not isinstance(grads[i].type, DisconnectedType):
                    rows = found[i].shape[0] - outputs[i].shape[0]  # type: ignore[attr-defined]
                    grads[i] = set_subtensor(zeros_like(found[i])[rows:], grads[i])
            return [*whole.L_op(outer, found, grads), *(DisconnectedType()() for _ in info.limited)]
        if info.n_carried:
            return self._gradients_of_traced(inputs, output_grads)
        return self._backward(inputs, outputs, output_grads, n_drawn=0)

    def _unlimited(self, inputs: Sequence[Variable]) -> tuple[Any, list[Variable]]:
        """The same loop, returning all rows, and its inputs."""
        outer = list(inputs)[: len(inputs) - len(self.info.limited)]
        return type(self)(self.inputs, self.outputs, replace(self.info, limited=()), mode=self.mode), outer

    def _gradients_of_traced(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> list[Any]:
        info = self.info
        traced = draws_apart(self)._traced()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        n, seqs, first, carried, others = self.outer_parts(inputs)
        tensors = [i for i, v in enumerate(carried) if isinstance(v.type, TensorType)]
        objects = [i for i in range(info.n_carried) if i not in tensors]
        outer = [
            n,
            *seqs,
            *first,
            *(shape_padleft(carried[i]) for i in tensors),
            *(carried[i] for i in objects),
            *others,
        ]
        found = traced(*outer, return_list=True)
        grads: list[Any] = list(output_grads[:n_states])
        for i in tensors:
            g = output_grads[n_kept + i]
            state = found[n_states + tensors.index(i)]
            grads.append(g if isinstance(g.type, DisconnectedType) else set_subtensor(zeros_like(state)[-1], g))
        grads += output_grads[n_states:n_kept]
        grads += [DisconnectedType()() for _ in range(traced.info.n_collected - info.n_collected)]
        n_drawn = traced.info.n_collected - info.n_collected
        grads += [DisconnectedType()() for _ in objects]
        back = traced._backward(outer, found, grads, n_drawn)
        _, g_seqs, g_first, g_objects, g_others = traced.outer_parts(back)
        g_carried: list[Any] = [None] * info.n_carried
        for place, i in enumerate(tensors):
            g = g_first[n_states + place]
            g_carried[i] = g if isinstance(g.type, DisconnectedType | NullType) else g[0]
        for i, g in zip(objects, g_objects):
            g_carried[i] = g
        return [back[0], *g_seqs, *g_first[:n_states], *g_carried, *g_others]

    def _read_back(self, gradients: Sequence[Variable], moving: Sequence[Variable]) -> list[Variable]:
        """Tensors of the step that its gradients read and that are worth keeping: not those that cost little to compute from
        what is there on the way back anyway. ``moving``: the gradients' own inputs."""
        if self.info.recompute:
            return []
        given = set(self.inputs)
        _, _, _, others = self.inner_parts()
        fixed: set[Any] = set(others)
        forward = io_toposort(self.inputs, self.outputs)
        cheap: set[Any] = set(given)
        for node in forward:
            if all(v in fixed or isinstance(v, Constant) for v in node.inputs):
                fixed |= set(node.outputs)
            views = isinstance(node.op, DimShuffle | MakeVector | Subtensor)
            arithmetic = isinstance(node.op, Elemwise) and node.op.scalar_op.kind in _LIGHT
            free = (views or arithmetic) and all(v in cheap or isinstance(v, Constant) for v in node.inputs)
            if free or isinstance(node.op, Shape | Shape_i):
                cheap |= set(node.outputs)
        own = {v for node in forward for v in node.outputs}
        later: set[Any] = set(moving)
        pending: list[Any] = []
        for node in io_toposort([*self.inputs, *moving], gradients):
            if any(v in later for v in node.inputs):
                later |= set(node.outputs)
                pending += values_read(node)
        kept: dict[Any, None] = {}
        seen: set[Any] = set()
        while pending:
            v = pending.pop()
            if v in seen or v in given or v in fixed or v in later or isinstance(v, Constant) or v.owner is None:
                continue
            seen.add(v)
            worth = v in own and v not in cheap and isinstance(v.type, TensorType)
            if (
                worth
                and not isinstance(v.owner.op, DimShuffle)
                and (v in self.outputs or steady(v, self.inputs, fixed))
            ):
                kept[v] = None
            else:
                pending += values_read(v.owner)
        return list(kept)

    def _step_gradients(self, live: Sequence[bool]) -> _StepGradients | None:
        """The gradient of one step; ``live``: the outputs that have one. None where nothing is differentiable."""
        info = self.info
        i_seqs, i_taps, _, i_others = self.inner_parts()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        # Every output is copied so that the gradient of one is not taken for that of another computed from it.
        outs = [identity(v) if isinstance(v.type, TensorType) else v for v in self.outputs[:n_kept]]
        external: dict[int, Any] = {}
        pending: dict[int, list[Any]] = {}
        known: dict[Variable, Any] = {}
        for i, v in enumerate(outs):
            dtype = v.type.dtype
            if dtype in discrete_dtypes or (i >= n_states and not live[i]):
                continue
            g = total = TensorType(dtype, v.type.broadcastable)(f"g{i}")
            if i < n_states:
                pending[i] = [g.type(f"p{i}_{j}") for j in range(-info.taps[i][0])]
                total = g + pending[i][0] if live[i] else pending[i][0]
            if live[i]:
                external[i] = g
            known[v] = total
        wrt = [v for v in [*i_seqs, *(v for own in i_taps for v in own), *i_others] if _floating(v)]
        if not known or not wrt:
            return None
        found = grad(
            None, wrt, known_grads=known, disconnected_inputs="ignore", return_disconnected="disconnected",
            null_gradients="return",
        )  # fmt: skip
        for place, (v, g) in enumerate(zip(wrt, found)):
            if isinstance(g.type, TensorType) and g.type != v.type:
                found[place] = _as_type(g, v)
        return _StepGradients(dict(zip(wrt, found)), external, pending)

    def _backward(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Any], n_drawn: int
    ) -> list[Any]:
        info = self.info
        n, seqs, first, carried, others = self.outer_parts(inputs)
        i_seqs, i_taps, _, i_others = self.inner_parts()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        lags = [-own[0] for own in info.taps]
        if n_kept and info.as_while:
            steps = outputs[0].shape[0] - (lags[0] if n_states else 0)  # type: ignore[attr-defined]
        else:
            steps = n
        used = steps if info.truncate_gradient < 1 else minimum(steps, info.truncate_gradient)
        start = steps - used

        def backwards(x: Any, shift: int = 0) -> Any:
            """The rows of the last ``used`` steps, last first."""
            return x[start + shift : steps + shift][::-1]

        live = [not isinstance(g.type, DisconnectedType) for g in output_grads]
        # Where only the last rows were read, their gradient is where the way back starts.
        ends = {i: rows_at_end(output_grads[i], lags[i]) for i in range(n_states) if live[i]}
        starts = {i: rows for i, rows in ends.items() if rows is not None}
        skipped = [i for i in range(n_states, n_kept) if live[i] and n_states and is_zero(output_grads[i])]
        live = [flag and i not in starts and i not in skipped for i, flag in enumerate(live)]
        with _inside():
            step = self._step_gradients(live)
        nothing = [DisconnectedType()() for _ in inputs]
        if step is None:
            return nothing
        g_of, g_external, pending = step.gradients, step.external, step.pending
        drawn = self.outputs[n_kept - n_drawn : n_kept]
        why = f"the step of {self} has no gradient: "
        if any(isinstance(g_of[v].type, NullType) for own in i_taps for v in own if v in g_of):
            whole = next(g for g in g_of.values() if isinstance(g.type, NullType))
            return [nothing[0], *(NullType(why + whole.type.why_null)() for _ in inputs[1:])]
        null = {v: NullType(why + g.type.why_null)() for v, g in g_of.items() if isinstance(g.type, NullType)}

        def missing(g: Any) -> bool:
            return isinstance(g.type, DisconnectedType | NullType)

        # The backward loop: sequences, then carried accumulators, then what stays the same.
        b_seqs: list[Any] = []
        b_outer: list[Any] = []
        for v, x in zip(i_seqs, seqs):
            b_seqs.append(v)
            b_outer.append(backwards(x))
        for i, own in enumerate(info.taps):
            for v, tap in zip(i_taps[i], own):
                b_seqs.append(v)
                b_outer.append(backwards(outputs[i], lags[i] + tap))
        substitutes = {}
        for place, v in enumerate(drawn):
            b_seqs.append(v.type())
            if isinstance(v.owner.op, WordsOfState):  # type: ignore[union-attr]
                substitutes[v.owner.inputs[0]] = StateOfWords()(b_seqs[-1])  # type: ignore[union-attr]
            else:
                substitutes[v] = b_seqs[-1]
            b_outer.append(backwards(outputs[n_kept - n_drawn + place]))
        for i, g in g_external.items():
            b_seqs.append(g)
            b_outer.append(backwards(output_grads[i], lags[i] if i < n_states else 0))
        b_carried: list[Any] = []
        b_start: list[Any] = []
        b_new: list[Any] = []
        for i, own in enumerate(info.taps):
            if i not in pending:
                continue
            row = first[i][0]  # type: ignore[index]
            for j, p in enumerate(pending[i]):
                later = pending[i][j + 1] if j + 1 < lags[i] else None
                tap = -(j + 1)
                g = g_of.get(i_taps[i][own.index(tap)]) if tap in own else None
                if g is not None and missing(g):
                    g = None
                with _inside():
                    new = later if g is None else (g if later is None else later + g)
                    b_new.append(_as_type(zeros_like(p) if new is None else new, p))
                b_carried.append(p)
                begin = zeros_like(row)
                for m, rows in starts.get(i, ()):
                    begin = begin + rows[m - 1 - j] if j < m else begin
                b_start.append(_as_type(begin, p))
        live_others = [v for v in i_others if v in g_of and not missing(g_of[v])]
        for v in live_others:
            total = v.type()
            b_carried.append(total)
            b_start.append(_as_type(zeros_like(others[i_others.index(v)]), v))
            with _inside():
                b_new.append(_as_type(total + g_of[v], v))
        live_seqs = [v for v in i_seqs if v in g_of and not missing(g_of[v])]
        b_collected = [g_of[v] for v in live_seqs]
        b_outputs = [*b_collected, *b_new]
        # What the way forward computed is kept for the way back, by a loop that collects it too; the two become one.
        moving = [*g_external.values(), *(p for own in pending.values() for p in own), *b_carried]
        saved = [v for v in self._read_back(b_outputs, moving) if v not in substitutes]
        extra = [v for v in saved if v not in self.outputs[:n_kept]]
        if extra:
            forward = type(self)(
                self.inputs,
                [*self.outputs[:n_kept], *extra, *self.outputs[n_kept:]],
                replace(info, n_collected=info.n_collected + len(extra)),
                mode=self.mode,
            )
            outputs = forward(*inputs, return_list=True)
        kept = [*self.outputs[:n_kept], *extra]
        for v in saved:
            place = kept.index(v)
            b_seqs.append(v.type())
            substitutes[v] = b_seqs[-1]
            b_outer.append(backwards(outputs[place], lags[place] if place < n_states else 0))
        b_inputs = [*b_seqs, *b_carried, *i_others]
        if substitutes:
            b_outputs = clone_replace(b_outputs, substitutes)
        b_inputs, b_outputs = clone(b_inputs, b_outputs)
        back = type(self)(
            b_inputs,
            b_outputs,
            ScanInfo(
                n_seqs=len(b_seqs),
                taps=(),
                n_collected=len(b_collected),
                n_carried=len(b_carried),
                name=f"grad_of_{info.name or 'scan_fn'}",
            ),
            mode=self.mode,
        )
        results = back(used, *b_outer, *b_start, *others, return_list=True) if b_outputs else []
        collected, finals = results[: len(b_collected)], list(results[len(b_collected) :])
        g_seqs: list[Any] = []
        for v, x in zip(i_seqs, seqs):
            if v not in live_seqs:
                zero = zeros_for(x) if v in g_of and _floating(x) else DisconnectedType()()
                g_seqs.append(null.get(v, zero))
                continue
            rows = collected[live_seqs.index(v)][::-1]
            g_seqs.append(set_subtensor(zeros_like(x)[start:steps], rows))
        g_first: list[Any] = []
        for i in range(n_states):
            if i not in pending:
                g_first.append(DisconnectedType()())
                continue
            rows = finals[: lags[i]]
            finals = finals[lags[i] :]
            # Row lag - 1 - j of the first rows is j + 1 steps before step 0.
            g = rows[0].dimshuffle("x", *range(rows[0].type.ndim))
            if lags[i] > 1:
                g = join(0, *(r.dimshuffle("x", *range(r.type.ndim)) for r in rows[::-1]))
            if info.truncate_gradient >= 1:
                # Steps before the last ones are not differentiated: first rows are reached where the last ones read them.
                if lags[i] == 1:
                    g = switch(eq(start, 0), g, zeros_like(g))
                else:
                    before = minimum(start, lags[i])
                    g = set_subtensor(zeros_like(g)[before:], g[: lags[i] - before])
            if live[i]:
                g = g + output_grads[i][: lags[i]]
            g_first.append(_as_type(g, first[i]))
        g_others = []
        for v in i_others:
            if v in live_others:
                g_others.append(finals.pop(0))
            else:
                g_others.append(null.get(v, DisconnectedType()()))
        answer = [nothing[0], *g_seqs, *g_first, *(DisconnectedType()() for _ in carried), *g_others]
        if skipped and any(isinstance(g.type, DisconnectedType) for g in answer):
            pattern = self.connection_pattern(self.make_node(*inputs))
            for place, (x, g) in enumerate(zip(inputs, answer)):
                if isinstance(g.type, DisconnectedType) and _floating(x) and any(pattern[place][i] for i in skipped):
                    answer[place] = zeros_for(x)
        return answer

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The loop with the tangent of every state beside it."""
        info = self.info
        if info.limited:
            whole, outer = self._unlimited(inputs)
            tangents = whole.R_op(outer, list(eval_points)[: len(outer)])
            for i, v in enumerate(self(*inputs, return_list=True)):
                if i in info.limited and tangents[i] is not None:
                    tangents[i] = tangents[i][tangents[i].shape[0] - v.shape[0] :]
            return list(tangents)
        n, seqs, first, carried, others = self.outer_parts(inputs)
        _, t_seqs, t_first, t_carried, t_others = self.outer_parts(eval_points)
        i_seqs, i_taps, i_carried, i_others = self.inner_parts()
        n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
        tangent: dict[Variable, Any] = {}
        new_seqs: list[Any] = []
        outer_seqs: list[Any] = []
        for v, t in zip(i_seqs, t_seqs):
            if t is not None and _floating(v):
                tangent[v] = v.type()
                new_seqs.append(tangent[v])
                outer_seqs.append(t)
        states = [i for i in range(n_states) if _floating(self.outputs[i])]
        new_taps: list[Any] = []
        outer_first: list[Any] = []
        for i in states:
            for v in i_taps[i]:
                tangent[v] = v.type()
                new_taps.append(tangent[v])
            t = t_first[i]
            outer_first.append(zeros_like(first[i]) if t is None else t)
        moving = [i for i in range(info.n_carried) if _floating(i_carried[i])]
        new_carried: list[Any] = []
        outer_carried: list[Any] = []
        for i in moving:
            tangent[i_carried[i]] = i_carried[i].type()
            new_carried.append(tangent[i_carried[i]])
            outer_carried.append(zeros_like(carried[i]) if t_carried[i] is None else t_carried[i])
        new_others: list[Any] = []
        outer_others: list[Any] = []
        for v, t in zip(i_others, t_others):
            if t is not None and _floating(v):
                tangent[v] = v.type()
                new_others.append(tangent[v])
                outer_others.append(t)
        kept = [i for i in range(n_states, n_kept) if _floating(self.outputs[i])]
        wanted = [*states, *kept, *(n_kept + i for i in moving)]
        wrt = list(tangent)
        if not wrt:
            return [None] * (n_kept + info.n_carried)
        with _inside():
            points = [tangent[v] for v in wrt]
            found = Rop([self.outputs[i] for i in wanted], wrt, points, disconnected_outputs="ignore")
            moved = {i: _as_type(t, self.outputs[i]) for i, t in zip(wanted, found)}
        inner_in = [*i_seqs, *new_seqs, *(v for own in i_taps for v in own), *new_taps]
        inner_in += [*i_carried, *new_carried, *i_others, *new_others]
        inner_out = [*self.outputs[:n_states], *(moved[i] for i in states)]
        inner_out += [*self.outputs[n_states:n_kept], *(moved[i] for i in kept)]
        inner_out += [*self.outputs[n_kept : n_kept + info.n_carried], *(moved[n_kept + i] for i in moving)]
        inner_out += self.outputs[n_kept + info.n_carried :]
        both = replace(
            info,
            n_seqs=info.n_seqs + len(new_seqs),
            taps=(*info.taps, *(info.taps[i] for i in states)),
            n_collected=info.n_collected + len(kept),
            n_carried=info.n_carried + len(moving),
            name=f"{info.name or 'scan_fn'}_rop",
        )
        copies, copied = clone(inner_in, inner_out)
        op = type(self)(copies, copied, both, mode=self.mode)
        outer = [n, *seqs, *outer_seqs, *first, *outer_first, *carried, *outer_carried, *others, *outer_others]
        results = op(*outer, return_list=True)
        answer: list[Any] = [None] * (n_kept + info.n_carried)
        base = n_states
        for place, i in enumerate(states):
            answer[i] = results[base + place]
        base += len(states) + info.n_collected
        for place, i in enumerate(kept):
            answer[i] = results[base + place]
        base += len(kept) + info.n_carried
        for place, i in enumerate(moving):
            answer[n_kept + i] = results[base + place]
        return answer


def _floating(v: Variable) -> bool:
    return isinstance(v.type, TensorType) and v.type.dtype not in discrete_dtypes


def _as_type(g: Any, like: Variable) -> Any:
    """``g`` with the dtype and broadcast pattern of ``like``."""
    wanted = like.type
    if g.type.dtype != wanted.dtype:  # type: ignore[attr-defined]
        g = g.astype(wanted.dtype)  # type: ignore[attr-defined]
    if g.type.broadcastable != wanted.broadcastable:  # type: ignore[attr-defined]
        g = patternbroadcast(g, wanted.broadcastable)  # type: ignore[attr-defined]
    return g
