"""DebugMode: every call runs natively and by the reference, compares each node, and names the first that differs.

Checked at each call: what every op computes in native code against its ``perform``; the rewritten graph against the graph
as it was written; inputs that an op changes without declaring it; outputs that share memory with inputs without
declaring it; values that are not of their variable's type; and, if ``DebugMode.check_finite``, NaN and infinity. Where the
rewritten graph is wrong, it is rewritten once more, and the first rule that changes a value is named. Rewriting that does not
give the same nodes each time, ``DebugMode.patience`` times, is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.compile.mode import Mode, register_mode
from theon.errors import BadOptimization as RewriteError
from theon.errors import NativeFallback, describe
from theon.graph.fgraph import FunctionGraph
from theon.graph.origin import origin_of
from theon.graph.variable import Apply, Constant, Variable
from theon.options import config
from theon.runtime.reference import ReferenceProgram
from theon.tensor.type import TensorType

__all__ = [
    "BadDestroyMap",
    "BadOptimization",
    "BadThunkOutput",
    "BadViewMap",
    "DebugMode",
    "DebugModeError",
    "InvalidValueError",
    "StochasticOrder",
]


class DebugModeError(Exception):
    """What DebugMode found."""

    __module__ = "theano.compile.debugmode"


class StochasticOrder(DebugModeError):
    """Rewriting the same graph again gave other nodes."""

    __module__ = "theano.compile.debugmode"


def _made_at(node: Apply | None) -> str:
    origin = None if node is None else origin_of(node)
    return "" if origin is None else f"\n  made at {origin}: {origin.text}"


def _inputs(node: Apply | None, values: Sequence[Any]) -> str:
    """A line for each input of a node, as far as their values are known."""
    lines = []
    for place, (variable, value) in enumerate(zip([] if node is None else node.inputs[:8], values)):
        shown = repr(value)[:80]
        if isinstance(value, np.ndarray):
            shown = f"shape {value.shape}, dtype {value.dtype}" + (f", value {value!r}" if value.size <= 6 else "")
        lines.append(f"\n  input {place}: {describe(variable)}: {shown}")
    return "".join(lines)


def _difference(a: Any, b: Any) -> str:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return f"  {a!r}\n  {b!r}"
    lines = [f"  shapes {a.shape} and {b.shape}, dtypes {a.dtype} and {b.dtype}"]
    if a.shape == b.shape and a.size:
        with np.errstate(all="ignore"):
            apart = np.abs(a.astype("complex128") - b.astype("complex128"))
            lines.append(f"  largest absolute difference {np.nanmax(apart) if apart.size else 0}")
        where = np.argwhere(~np.isclose(a, b, rtol=1e-4, atol=1e-8, equal_nan=True))
        if len(where):
            at = tuple(int(i) for i in where[0])
            lines.append(f"  first at {at}: {a[at]!r} and {b[at]!r}; {len(where)} of {a.size} elements differ")
    return "\n".join(lines)


class BadThunkOutput(DebugModeError):
    """Two ways of computing the same node gave different values."""

    __module__ = "theano.compile.debugmode"

    def __init__(self, r: Variable, thunk1: str, val1: Any, thunk2: str, val2: Any, inputs_val: Any = ()) -> None:
        self.r, self.thunk1, self.val1, self.thunk2, self.val2, self.inputs_val = (
            r,
            thunk1,
            val1,
            thunk2,
            val2,
            inputs_val,
        )
        super().__init__(
            f"{describe(r)}: {thunk1} and {thunk2} gave different values\n"
            f"Apply node: {r.owner}{_made_at(r.owner)}{_inputs(r.owner, inputs_val)}\n{_difference(val1, val2)}"
        )

    def offending_op(self) -> Any:
        """Return the op of the node."""
        return type(self.r.owner.op) if self.r.owner is not None else None


class BadOptimization(DebugModeError, RewriteError):
    """The rewritten graph computes something else than the graph as it was written."""

    __module__ = "theano.compile.debugmode"

    def __init__(
        self,
        old_r: Variable,
        new_r: Variable | None = None,
        old_r_val: Any = None,
        new_r_val: Any = None,
        reason: Any = None,
        old_graph: str | None = None,
        new_graph: str | None = None,
    ) -> None:
        self.old_r, self.new_r, self.old_r_val, self.new_r_val, self.reason = old_r, new_r, old_r_val, new_r_val, reason
        self.old_graph, self.new_graph = old_graph, new_graph
        super().__init__(
            f"BadOptimization: {describe(old_r)} was rewritten to {new_r}, whose value differs (reason: {reason})"
            f"{_made_at(old_r.owner)}\n{_difference(old_r_val, new_r_val)}"
            + (f"\nOld graph:\n{old_graph}" if old_graph else "")
            + (f"\nNew graph:\n{new_graph}" if new_graph else "")
        )


class BadDestroyMap(DebugModeError):
    """An op changed an input that its ``destroy_map`` does not name."""

    __module__ = "theano.compile.debugmode"

    def __init__(self, node: Apply, idx: int, old_val: Any, new_val: Any, perform: str) -> None:
        self.node, self.idx, self.old_val, self.new_val, self.perform = node, idx, old_val, new_val, perform
        super().__init__(
            f"{node.op} changed its input {idx} ({describe(node.inputs[idx])}) in {perform}, which its destroy_map does not say"
            f"{_made_at(node)}\n{_difference(old_val, new_val)}"
        )


class BadViewMap(DebugModeError):
    """An op returned memory of an input that its ``view_map`` does not name."""

    __module__ = "theano.compile.debugmode"

    def __init__(
        self, node: Apply, output_idx: int, out_storage: Any, in_alias_idx: Any = None, out_alias_idx: Any = None
    ) -> None:
        self.node, self.output_idx, self.out_storage = node, output_idx, out_storage
        self.in_alias_idx, self.out_alias_idx = in_alias_idx, out_alias_idx
        super().__init__(
            f"output {output_idx} of {node.op} shares memory with "
            + (f"inputs {in_alias_idx}" if in_alias_idx is not None else f"outputs {out_alias_idx}")
            + ", which its view_map does not say"
            f"{_made_at(node)}"
        )


class InvalidValueError(DebugModeError):
    """A value that is not of its variable's type, or not finite."""

    __module__ = "theano.compile.debugmode"

    def __init__(
        self, r: Variable, v: Any = None, client_node: Any = None, hint: str = "none", specific_hint: str = "none"
    ) -> None:
        self.r, self.v, self.client_node, self.hint, self.specific_hint = r, v, client_node, hint, specific_hint
        shown = f"shape {v.shape}, dtype {v.dtype}" if isinstance(v, np.ndarray) else repr(v)[:80]
        super().__init__(
            f"{describe(r)} got an invalid value ({shown}): {hint}; {specific_hint}\nApply node: {r.owner}{_made_at(r.owner)}"
        )


class DebugMode(Mode):
    """Runs everything twice and compares; see the module text. Slow, for finding errors."""

    __module__ = "theano.compile.debugmode"

    def __init__(
        self,
        optimizer: Any = "fast_run",
        stability_patience: int | None = None,
        check_c_code: bool | None = None,
        check_py_code: bool | None = None,
        check_isfinite: bool | None = None,
        check_preallocated_output: Any = None,
        require_matching_strides: Any = None,
        linker: Any = None,
    ) -> None:
        super().__init__("vm", optimizer)
        self.check_c_code = config.DebugMode.check_c if check_c_code is None else check_c_code
        self.check_py_code = config.DebugMode.check_py if check_py_code is None else check_py_code
        self.check_isfinite = config.DebugMode.check_finite if check_isfinite is None else check_isfinite
        self.stability_patience = config.DebugMode.patience if stability_patience is None else stability_patience
        self.check_preallocated_output = check_preallocated_output
        self.require_matching_strides = require_matching_strides

    def executed(self, fgraph: FunctionGraph, n_inputs: int, n_outputs: int, updated: Sequence[int]) -> Any:
        """Return the graph made runnable with all checks."""
        return _Checked(fgraph, self)


class _Checked:
    program = None

    def __init__(self, fgraph: FunctionGraph, mode: DebugMode) -> None:
        from theon.compile.pipeline import rewrite

        self.written = FunctionGraph(fgraph.inputs, fgraph.outputs)
        self.as_written = ReferenceProgram(self.written)
        rewrite(fgraph, mode)
        # Long graphs take too long to rewrite many times.
        for _ in range(1, min(mode.stability_patience, 10 if len(fgraph.apply_nodes) < 300 else 2)):
            again = FunctionGraph(self.written.inputs, self.written.outputs)
            rewrite(again, mode)
            _compare_nodes(fgraph, again)
        self.fgraph, self.mode = fgraph, mode
        self.reference = ReferenceProgram(fgraph)
        self.native, self.watched, self.whole = None, [], None
        if mode.check_c_code:
            self.native, self.watched = _native_nodes(fgraph)
            self.whole = _native(fgraph, fgraph.outputs)

    def attach(self, f: Any) -> None:
        """Nothing: every call is checked by :meth:`run`."""

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Run and compare; return the outputs of the rewritten graph."""
        expected = self.as_written.run([_copied(v) for v in inputs])
        found: dict[Variable, Any] = dict(zip(self.fgraph.inputs, map(_copied, inputs)))
        before: list[Any] = []

        def prepare(node: Apply, arguments: list[Any]) -> None:
            before[:] = [_copied(v) for v in arguments]

        def watch(node: Apply, arguments: list[Any], results: list[Any]) -> None:
            self.examine(node, before, arguments, results)
            found.update((variable, _copied(value)) for variable, value in zip(node.outputs, results))

        try:
            outputs = self.reference.run([_copied(v) for v in inputs], watch, prepare)
        except DebugModeError:
            raise
        except Exception as error:  # the graph as it was written had none
            change = self.first_wrong_change(inputs)
            if change is not None and error.args:
                error.args = (f"{error.args[0]}\nThe rewriting rule {change[2]} brought this about.", *error.args[1:])
            raise
        values = _tried(self.native, inputs)
        if values is not None:
            for variable, value in zip(self.watched, values):
                if not _same(variable, found[variable], value):
                    node = variable.owner
                    assert node is not None  # only results of nodes are watched
                    given = [v.data if isinstance(v, Constant) else found.get(v) for v in node.inputs]
                    raise BadThunkOutput(variable, "perform", found[variable], "native code", value, given)
        whole = _tried(self.whole, inputs)
        if whole is not None:
            # Every node was right by itself; this is what functions run, where nodes are fused.
            for variable, a, b in zip(self.fgraph.outputs, outputs, whole):
                if not _same(variable, a, b):
                    raise BadThunkOutput(variable, "perform", a, "the fused native program", b)
        for old, new, a, b in zip(self.written.outputs, self.fgraph.outputs, expected, outputs):
            if not _same(old, _completed(a, b), b):
                change = self.first_wrong_change(inputs)
                raise BadOptimization(
                    *(change or (old, new, "rewriting"))[:2], a, b, change[2] if change else "rewriting"
                )
        return outputs

    def first_wrong_change(self, inputs: Sequence[Any]) -> tuple[Variable, Variable, str] | None:
        """Rewrite once more; return the first variable whose replacement has another value, that, and the rule's name."""
        from theon.compile.pipeline import rewrite

        graph = FunctionGraph(self.written.inputs, self.written.outputs)
        judge = _Judge(inputs)
        graph.attach_feature(judge)
        rewrite(graph, self.mode)
        return judge.found

    def examine(self, node: Apply, before: list[Any], arguments: list[Any], results: list[Any]) -> None:
        """Check what one node did."""
        destroyed = {i for places in getattr(node.op, "destroy_map", {}).values() for i in places}
        for place, (old, new) in enumerate(zip(before, arguments)):
            if place not in destroyed and not _identical(old, new):
                raise BadDestroyMap(node, place, old, new, "perform")
        views = {o: set(places) for o, places in getattr(node.op, "view_map", {}).items()}
        for o, places in getattr(node.op, "destroy_map", {}).items():
            views.setdefault(o, set()).update(places)
        for o, value in enumerate(results):
            variable = node.outputs[o]
            if isinstance(value, np.ndarray):
                shared = [
                    i for i, v in enumerate(arguments)
                    if isinstance(v, np.ndarray) and v.size and value.size and i not in views.get(o, ()) and np.shares_memory(v, value)
                ]  # fmt: skip
                if shared:
                    raise BadViewMap(node, o, value, shared)
            for other in range(o):
                before_it = results[other]
                apart = not (isinstance(value, np.ndarray) and isinstance(before_it, np.ndarray))
                if apart or not self.both_read(node, o, other) or views.get(o, set()) & views.get(other, set()):
                    continue
                if np.shares_memory(value, before_it):
                    raise BadViewMap(node, o, value, out_alias_idx=[other])
            if not variable.type.is_valid_value(value):
                raise InvalidValueError(
                    variable, value, node, hint="perform output", specific_hint=f"not of {variable.type}"
                )
            if self.mode.check_isfinite and isinstance(value, np.ndarray) and value.dtype.kind in "fc":
                ok = bool(np.isfinite(value).all()) or bool(getattr(node.op, "allow_nonfinite", False))
                if not ok:
                    raise InvalidValueError(
                        variable, value, node, hint="perform output", specific_hint="non-finite elements"
                    )

    def both_read(self, node: Apply, *outputs: int) -> bool:
        """Whether nodes read all these outputs of a node."""
        return all(any(reader != "output" for reader, _ in self.fgraph.clients(node.outputs[o])) for o in outputs)


class _Judge:
    """Looks at each replacement while a graph is rewritten: computes both variables, and keeps the first pair that differs."""

    _MOST = 2000

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.inputs = inputs
        self.found: tuple[Variable, Variable, str] | None = None
        self.seen: set[tuple[Variable, Variable]] = set()

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Compare, once for each pair."""
        if self.found is not None or (r, new_r) in self.seen or len(self.seen) > self._MOST:
            return
        self.seen.add((r, new_r))
        try:
            (old,) = ReferenceProgram(FunctionGraph(fgraph.inputs, [r])).run([_copied(v) for v in self.inputs])
        except Exception:
            return  # a value that no call computes
        try:
            (new,) = ReferenceProgram(FunctionGraph(fgraph.inputs, [new_r])).run([_copied(v) for v in self.inputs])
            good = _same(r, _completed(old, new), new)
        except Exception:
            good = False
        if not good:
            self.found = r, new_r, str(reason)


def _compare_nodes(a: FunctionGraph, b: FunctionGraph) -> None:
    """StochasticOrder unless both graphs have the same ops equally often."""
    counts = [Counter(str(node.op) for node in graph.apply_nodes) for graph in (a, b)]
    if counts[0] != counts[1]:
        more = "\n".join(
            f"  {op}: {counts[0][op]} and {counts[1][op]}"
            for op in counts[0] | counts[1]
            if counts[0][op] != counts[1][op]
        )
        raise StochasticOrder(f"rewriting the same graph again gives other nodes:\n{more}")


def _native_nodes(fgraph: FunctionGraph) -> tuple[Any, list[Variable]]:
    """A native function of every value in the graph that native code can hold, and those variables; (None, []) if none can."""
    watched = [v for node in fgraph.toposort() for v in node.outputs if isinstance(v.type, TensorType)]
    if not watched or len(fgraph.apply_nodes) > 2000:
        return None, []
    return _native(fgraph, watched), watched


def _native(fgraph: FunctionGraph, outputs: Sequence[Variable]) -> Any:
    """A native function of these values of the graph, or None where some have no native form."""
    from theon.runtime.native import NativeFunction
    from theon.schedule.lower import Unsupported, lowered

    copy = FunctionGraph(fgraph.inputs, outputs)
    try:
        program = lowered(copy, len(copy.inputs), len(outputs), ())
    except Unsupported:
        return None
    native = NativeFunction(program, (), "checked")

    def call(*values: Any) -> list[Any]:
        out = native(*values)
        return [out] if len(outputs) == 1 else out

    return call


def _tried(native: Any, inputs: Sequence[Any]) -> Any:
    """What native code gives; None where there is none, or where it leaves these sizes to the reference."""
    try:
        return None if native is None else native(*[_copied(v) for v in inputs])
    except NativeFallback:
        return None


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _identical(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return True


def _completed(a: Any, b: Any) -> Any:
    """``a`` with the numbers of ``b`` where it has NaN or an infinity: stabilised forms give numbers there, as log(sigmoid(x)) does."""
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)) or a.shape != b.shape or a.dtype != b.dtype:
        return a
    return np.where(np.isfinite(b) & ~np.isfinite(a), b, a) if a.dtype.kind in "fc" else a


def _same(variable: Variable, a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind not in "fc":
            return bool((a == b).all())
        rough = {"float16": 1e-2, "float32": 1e-4, "complex64": 1e-4}.get(a.dtype.name, 1e-7)
        scale = float(np.abs(a[np.isfinite(a)]).max()) if np.isfinite(a).any() else 0.0
        # Sums that cancel leave rounding errors of their terms, whose size is not known here: Theano's absolute tolerance.
        least = 1e-8 if a.dtype.name in ("float64", "complex128") else 1e-5
        return bool(np.allclose(a, b, rtol=rough, atol=max(rough * scale, least), equal_nan=True))
    return bool(variable.type.values_eq_approx(a, b))


register_mode("DEBUG_MODE", DebugMode(optimizer="fast_run"))
