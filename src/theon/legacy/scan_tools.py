"""Helpers of Theano's ``theano.scan_module.scan_utils`` and ``scan_op`` that programs import."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.control.inner import OpFromGraph
from theon.control.scan_layout import ScanInfo
from theon.control.scan_op import Scan
from theon.graph.traverse import clone_replace, io_toposort
from theon.graph.variable import Constant, Variable
from theon.ops.fill import AllocEmpty
from theon.ops.index import set_subtensor
from theon.ops.sizes import Sizes, add_sizes
from theon.runtime.profile import ProfileStats
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "DEPRECATED_ARG",
    "ScanProfileStats",
    "compress_outs",
    "expand_empty",
    "forced_replace",
    "has_duplicates",
    "hash_lists",
    "infer_shape",
    "is_nan_or_inf_or_none",
    "make_equiv",
    "map_variables",
    "profile_printer",
    "reconstruct_graph",
    "safe_new",
    "scan_args",
    "scan_can_remove_outs",
    "traverse",
    "warning",
]

DEPRECATED_ARG = object()


def safe_new(x: Any, tag: str = "", dtype: Any = None) -> Any:
    """A new variable of the type of ``x`` (and of ``dtype``, if given), named after it with ``tag`` behind; a constant's copy."""
    name = f"{x.name}{tag}" if getattr(x, "name", None) else None
    if isinstance(x, Constant):
        copy = x.clone()
        copy.name = name
        return copy if dtype in (None, x.type.dtype) else copy.astype(dtype)  # type: ignore[attr-defined]
    if not isinstance(x, Variable):
        x = as_tensor_variable(x)
    type_ = x.type
    if dtype is not None and isinstance(type_, TensorType) and dtype != type_.dtype:
        type_ = TensorType(dtype, shape=type_.shape)
    return type_(name)


def traverse(out: Any, x: Any, x_copy: Any, d: Any, visited: Any = None) -> Any:
    """Return ``d``: GPU transfers of ``x`` above ``out`` would be added, and there are none."""
    return d


def is_nan_or_inf_or_none(x: Any) -> bool:
    """Whether ``x`` is None, or a number that is not finite."""
    if x is None:
        return True
    try:
        return not np.isfinite(x)
    except (TypeError, ValueError):
        return isinstance(x, str)


def hash_lists(x: Any) -> int:
    """A hash of nested lists, tuples and dicts by their content."""
    if isinstance(x, dict):
        return hash(("dict", frozenset((k, hash_lists(v)) for k, v in x.items())))
    if isinstance(x, list | tuple):
        return hash((type(x).__name__, *(hash_lists(v) for v in x)))
    return hash(x)


def has_duplicates(l: Sequence[Any]) -> bool:
    """Whether something stands in a list twice."""
    return len(set(l)) < len(l)


def make_equiv(lo: Sequence[Any], li: Sequence[Any]) -> Any:
    """Which variables of ``li`` are to be taken for an earlier one: those that stand beside the same variable of ``lo``."""
    first: dict[Any, Any] = {}
    found = OrderedDict()
    for outer, inner in zip(lo, li):
        if outer in first:
            found[inner] = first[outer]
        else:
            first[outer] = inner
    return found


def warning(*msg: Any) -> None:
    """Log a message."""
    import logging

    logging.getLogger("theano.scan_module.scan_opt").warning("WARNING theano.scan: %s", " ".join(map(str, msg)))


def info_message(*msg: Any) -> None:
    """Log a message of less weight."""
    import logging

    logging.getLogger("theano.scan_module.scan_opt").info("INFO theano.scan: %s", " ".join(map(str, msg)))


def forced_replace(out: Any, x: Any, y: Any) -> Any:
    """Return ``out`` with every variable that computes the same as ``x`` replaced by ``y``."""
    from theon.graph.traverse import equal_computations

    if out is None:
        return None
    found = {x: y}
    for node in io_toposort((), [out]):
        for v in node.outputs:
            if v.type == x.type and v is not x and equal_computations([v], [x]):
                found[v] = y
    return clone_replace([out], found)[0] if out not in found else y


def map_variables(replacer: Callable[[Any], Any], graphs: Sequence[Any], additional_inputs: Sequence[Any] = ()) -> Any:
    """Return ``graphs`` with each variable ``v`` of theirs replaced by ``replacer(v)``, in loops and OpFromGraphs as well.

    ``replacer`` returns what it was given where nothing is to change. What replacements inside loops and graphs read of
    outside becomes an input of these; ``additional_inputs``: such variables that are not to be computed inside.
    NotImplementedError where that is a shared variable with an update.
    """
    known: dict[Any, Any] = {}
    for node in io_toposort((), list(graphs)):
        for v in node.inputs:
            if v.owner is None and v not in known:
                known[v] = replacer(v)
        inputs = [known[v] for v in node.inputs]
        op = node.op
        moved = None
        if isinstance(op, Scan | OpFromGraph):
            inner = op.inputs if isinstance(op, Scan) else op.local_inputs
            outputs = op.outputs if isinstance(op, Scan) else op.local_outputs
            moved = map_variables(replacer, outputs, additional_inputs)
            moved = None if all(a is b for a, b in zip(moved, outputs)) else moved
        if moved is not None:
            extra, outer, moved = _read_outside(inner, moved, additional_inputs)
            if isinstance(op, Scan):
                # A loop's limits are its last inputs, after what steps read.
                limits = inputs[len(inputs) - len(op.info.limited) :]
                rest = inputs[: len(inputs) - len(limits)]
                new = Scan([*inner, *extra], moved, op.info, mode=op.mode)
                made = new(*rest, *outer, *limits, return_list=True)
            else:
                graph = OpFromGraph([*inner, *extra], moved, inline=op.is_inline, name=op.name, **op.kwargs)
                made = graph(*inputs, *outer, return_list=True)
        elif all(a is b for a, b in zip(inputs, node.inputs)):
            made = list(node.outputs)
        else:
            made = op(*inputs, return_list=True)
        known.update((old, replacer(new)) for old, new in zip(node.outputs, made))
    return [known[v] if v in known else replacer(v) for v in graphs]


def _read_outside(inner: Sequence[Any], graphs: Sequence[Any], additional: Sequence[Any]) -> tuple[list[Any], ...]:
    """New inputs for what ``graphs`` read beside ``inner``, what that is, and the graphs with these inputs."""
    fresh = {v: safe_new(v) for v in additional}
    graphs = clone_replace(list(graphs), fresh)
    leaves = [v for v in _leaves_of(graphs) if not isinstance(v, Constant)]
    used = {v: f for v, f in fresh.items() if f in leaves}
    for v in leaves:
        if v in inner or v in used.values():
            continue
        if getattr(v, "update", None) is not None or getattr(v, "default_update", None) is not None:
            raise NotImplementedError(f"{v} has an update: it cannot be read inside a loop or graph by a replacement")
        used[v] = v.type(v.name)
    return list(used.values()), list(used), clone_replace(graphs, {v: f for v, f in used.items() if v not in fresh})


def _leaves_of(variables: Sequence[Any]) -> list[Any]:
    from theon.graph.traverse import inputs

    return list(inputs(list(variables)))


def expand_empty(tensor_var: Any, size: Any) -> Any:
    """Return ``tensor_var`` with ``size`` further rows of unknown content; itself where ``size`` is 0."""
    if isinstance(size, int) and size == 0:
        return tensor_var
    rest = [tensor_var.shape[d] for d in range(1, tensor_var.type.ndim)]
    empty = AllocEmpty(tensor_var.type.dtype)(size + tensor_var.shape[0], *rest)
    found = set_subtensor(empty[: tensor_var.shape[0]], tensor_var)
    found.tag.nan_guard_mode_check = False
    return found


def infer_shape(outs: Sequence[Any], inputs: Sequence[Any], input_shapes: Sequence[Any]) -> list[Any]:
    """The shapes of ``outs`` from those of ``inputs``; None where a value decides."""
    known: Sizes = {v: None if s is None else tuple(s) for v, s in zip(inputs, input_shapes)}
    add_sizes(known, list(outs))
    return [known[v] for v in outs]


def reconstruct_graph(inputs: Sequence[Any], outputs: Sequence[Any], tag: Any = None) -> tuple[list[Any], list[Any]]:
    """A copy of a graph: its new inputs, named with ``tag`` behind, and its outputs."""
    fresh = [safe_new(v, tag or "") for v in inputs]
    return fresh, clone_replace(list(outputs), dict(zip(inputs, fresh)))


def scan_can_remove_outs(op: Scan, out_idxs: Sequence[int]) -> tuple[list[int], list[Any]]:
    """Split outputs of a loop, given by place, into those that others do not need and those that they do."""
    _, taps, carried, _ = op.inner_parts()
    feeds: list[list[Any]] = [list(own) for own in taps] + [[] for _ in range(op.info.n_collected)]
    feeds += [[v] for v in carried]
    gone = set(out_idxs)
    while True:
        read = set(_leaves_of([v for i, v in enumerate(op.outputs) if i not in gone]))
        needed = {i for i in gone if i < len(feeds) and any(v in read for v in feeds[i])}
        if not needed:
            break
        gone -= needed
    return [i for i in out_idxs if i in gone], [i for i in out_idxs if i not in gone]


def compress_outs(
    op: Scan, not_required: Sequence[int], inputs: Sequence[Any]
) -> tuple[list[Any], list[Any], list[Any], Any, dict[int, int]]:
    """A loop without some of its outputs: inner inputs, inner outputs, outer inputs, layout, and new places by old ones."""
    from dataclasses import replace

    info = op.info
    gone = set(not_required)
    n_states, n_kept = len(info.taps), len(info.taps) + info.n_collected
    states = [i for i in range(n_states) if i not in gone]
    collected = [i for i in range(n_states, n_kept) if i not in gone]
    carried = [i for i in range(info.n_carried) if n_kept + i not in gone]
    i_seqs, i_taps, i_carried, i_others = op.inner_parts()
    n, seqs, first, start, others = op.outer_parts(inputs)
    ins = [*i_seqs, *(v for i in states for v in i_taps[i]), *(i_carried[i] for i in carried), *i_others]
    places = [*states, *collected, *(n_kept + i for i in carried)]
    outs = [op.outputs[i] for i in places] + op.outputs[n_kept + info.n_carried :]
    outer = [n, *seqs, *(first[i] for i in states), *(start[i] for i in carried), *others]
    layout = replace(info, taps=tuple(info.taps[i] for i in states), n_collected=len(collected), n_carried=len(carried))
    return ins, outs, outer, layout, {old: new for new, old in enumerate(places)}


class scan_args:
    """A loop taken apart into named lists, outer and inner ones side by side; its properties put the lists together again.

    ``outer_in_seqs`` stands beside ``inner_in_seqs``, and so on for ``mit_sot``, ``sit_sot``, ``shared``, ``nit_sot``, ``non_seqs``;
    ``inner_out_*`` beside ``outer_out_*``. What is appended to both lists of a pair becomes part of the loop
    ``Scan(args.inner_inputs, args.inner_outputs, args.info)(*args.outer_inputs)``.
    """

    __module__ = "theano.scan_module.scan_utils"

    def __init__(
        self, outer_inputs: Any, outer_outputs: Any, _inner_inputs: Any, _inner_outputs: Any, info: Any
    ) -> None:
        from theon.control.scan_layout import info_of

        layout = info_of(info)
        op = Scan(_inner_inputs, _inner_outputs, layout)
        ins, outs = list(op.inputs), list(op.outputs)
        self.other_info = {
            k: info[k] for k in ("truncate_gradient", "name", "mode", "go_backwards", "profile", "allow_gc")
        }
        self.as_while = layout.as_while
        self.cond = outs[-1:] if layout.as_while else []
        n, *_ = op.outer_parts(outer_inputs)
        self.n_steps = n
        several = [i for i, own in enumerate(layout.taps) if own != (-1,)]
        taps = op.inner_parts(ins)[1]
        outer = list(outer_inputs)
        done = list(outer_outputs) if outer_outputs is not None else []
        self.outer_in_seqs, self.inner_in_seqs = op.outer_seqs(outer), op.inner_seqs(ins)
        self.outer_in_mit_mot: list[Any] = []
        self.inner_in_mit_mot: list[Any] = []
        self.mit_mot_in_slices: list[Any] = []
        self.mit_mot_out_slices: list[Any] = []
        self.mit_mot_out_nslices: list[Any] = []
        self.inner_out_mit_mot: list[Any] = []
        self.outer_out_mit_mot: list[Any] = []
        self.mit_sot_in_slices = [list(layout.taps[i]) for i in several]
        self.outer_in_mit_sot, self.inner_in_mit_sot = op.outer_mitsot(outer), [taps[i] for i in several]
        self.outer_in_sit_sot, self.inner_in_sit_sot = op.outer_sitsot(outer), op.inner_sitsot(ins)
        self.outer_in_shared, self.inner_in_shared = op.outer_shared(outer), op.inner_shared(ins)
        self.outer_in_nit_sot = op.outer_nitsot(outer)
        self.outer_in_non_seqs, self.inner_in_non_seqs = op.outer_non_seqs(outer), op.inner_non_seqs(ins)
        self.inner_out_mit_sot, self.inner_out_sit_sot = op.inner_mitsot_outs(outs), op.inner_sitsot_outs(outs)
        self.inner_out_nit_sot, self.inner_out_shared = op.inner_nitsot_outs(outs), op.inner_shared_outs(outs)
        self.outer_out_mit_sot = op.outer_mitsot_outs(done) if done else []
        self.outer_out_sit_sot = op.outer_sitsot_outs(done) if done else []
        self.outer_out_nit_sot = op.outer_nitsot_outs(done) if done else []
        self.outer_out_shared = op.outer_shared_outs(done) if done else []

    @property
    def inner_inputs(self) -> list[Any]:
        """Inner inputs, in the order in which Scan takes them."""
        several = [v for own in self.inner_in_mit_sot for v in own]
        return [*self.inner_in_seqs, *several, *self.inner_in_sit_sot, *self.inner_in_shared, *self.inner_in_non_seqs]

    @property
    def outer_inputs(self) -> list[Any]:
        """Outer inputs, in the order in which Scan takes them."""
        states = [*self.outer_in_mit_sot, *self.outer_in_sit_sot]
        return [self.n_steps, *self.outer_in_seqs, *states, *self.outer_in_shared, *self.outer_in_non_seqs]

    @property
    def inner_outputs(self) -> list[Any]:
        """Inner outputs, the condition last."""
        states = [*self.inner_out_mit_sot, *self.inner_out_sit_sot]
        return [*states, *self.inner_out_nit_sot, *self.inner_out_shared, *self.cond]

    @property
    def outer_outputs(self) -> list[Any]:
        """Outer outputs."""
        states = [*self.outer_out_mit_sot, *self.outer_out_sit_sot]
        return [*states, *self.outer_out_nit_sot, *self.outer_out_shared]

    @property
    def info(self) -> ScanInfo:
        """The layout."""
        taps = [*(tuple(own) for own in self.mit_sot_in_slices), *((-1,) for _ in self.inner_in_sit_sot)]
        return ScanInfo(
            n_seqs=len(self.inner_in_seqs),
            taps=tuple(taps),
            n_collected=len(self.inner_out_nit_sot),
            n_carried=len(self.inner_in_shared),
            as_while=self.as_while,
            truncate_gradient=self.other_info["truncate_gradient"],
            go_backwards=self.other_info["go_backwards"],
            name=self.other_info["name"],
        )

    def __copy__(self) -> scan_args:
        copy = object.__new__(type(self))
        copy.__dict__ = {k: list(v) if isinstance(v, list) else v for k, v in self.__dict__.items()}
        return copy

    def merge(self, other: scan_args) -> scan_args:
        """This loop and another one over as many steps, as one."""
        both = self.__copy__()
        for name, value in other.__dict__.items():
            if isinstance(value, list) and name != "cond":
                setattr(both, name, getattr(self, name) + value)
        return both


class ScanProfileStats(ProfileStats):
    """The times of a loop: calls, steps and seconds."""

    __module__ = "theano.compile.profiling"

    callcount = 0
    nbsteps = 0
    call_time = 0.0

    def __init__(self, atexit_print: bool = True, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(atexit_print, **kwargs)
        self.name = name

    def summary_globals(self, file: Any) -> None:
        """Nothing: what is global stands in the functions' own profiles."""

    def summary_function(self, file: Any) -> None:
        """Write calls, steps and seconds, if there were calls."""
        if self.callcount:
            print(f"Scan Op profiling ( {self.name} )", file=file)
            print(f"  {self.callcount} calls, {self.nbsteps} steps, {self.call_time:.3e} s", file=file)


def profile_printer(
    message: Any,
    compile_time: float,
    fct_call_time: Any,
    apply_time: Any,
    apply_cimpl: Any,
    outputs_size: Any,
    file: Any,
) -> None:
    """Write the part of the time that loops took, of the times ``apply_time`` of nodes as ``{(fgraph, node): seconds}``."""
    total, rows = 0.0, []
    for key, seconds in apply_time.items():
        node = key[-1] if isinstance(key, tuple) else key
        if isinstance(node.op, Scan):
            total += seconds
            rows.append((seconds, str(node.op)))
    if rows:
        print("Scan overhead:", file=file)
        for seconds, told in sorted(rows, reverse=True):
            print(f"  {seconds:.3e} s  {told}", file=file)
        print(f"  {total:.3e} s in all", file=file)
