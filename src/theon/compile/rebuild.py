"""The parts of ``theano.function`` that programs call by themselves: graphs with their shared variables collected, functions
made of prepared inputs, and graphs that know what may be overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from theon.compile.function import FunctionMaker, _update, function
from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.graph.copies import deep_copy_op, view_op
from theon.graph.destroy import Supervisor
from theon.graph.features import PreserveVariableAttributes
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone_get_equiv
from theon.graph.traverse import inputs as leaves
from theon.graph.variable import Constant, Variable
from theon.tensor.shared import SharedVariable

__all__ = [
    "DUPLICATE",
    "NODEFAULT",
    "Param",
    "alias_root",
    "check_equal",
    "convert_function_input",
    "fgraph_updated_vars",
    "get_info_on_inputs",
    "infer_reuse_pattern",
    "insert_deepcopy",
    "iter_over_pairs",
    "ops_with_inner_function",
    "pfunc",
    "orig_function",
    "rebuild_collect_shared",
    "register_checker",
    "std_fgraph",
    "view_tree_set",
]

DUPLICATE = ["DUPLICATE"]  # stands in tables of names for one that several inputs have
NODEFAULT = ["NODEFAULT"]  # stands for the default of an input without one
_checkers: list[Callable[[Any, Any], bool]] = []


class _InnerFunctions(dict):  # type: ignore[type-arg]
    """Classes of ops that hold a compiled graph -> the attribute that holds it; filled when it is first read."""

    def _filled(self) -> dict[Any, str]:
        if not dict.__len__(self):
            from theon.control.inner import OpFromGraph
            from theon.control.scan_op import Scan

            dict.update(self, {OpFromGraph: "fn", Scan: "fn"})
        return self

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self._filled(), key)

    def __getitem__(self, key: Any) -> str:
        return str(dict.__getitem__(self._filled(), key))

    def __iter__(self) -> Any:
        return dict.__iter__(self._filled())

    def __len__(self) -> int:
        return dict.__len__(self._filled())


ops_with_inner_function = _InnerFunctions()


class Param(In):
    """An input with a default: the older form of :class:`In`, with ``default`` for ``value``."""

    __module__ = "theano.compile.pfunc"

    def __init__(
        self,
        variable: Variable,
        default: Any = None,
        name: str | None = None,
        mutable: bool = False,
        strict: bool = False,
        allow_downcast: bool | None = None,
        implicit: bool | None = None,
        borrow: bool | None = None,
    ) -> None:
        super().__init__(
            variable,
            name=name,
            value=default,
            mutable=mutable,
            strict=strict,
            allow_downcast=allow_downcast,
            implicit=implicit,
            borrow=borrow,
        )


def register_checker(checker: Callable[[Any, Any], bool]) -> None:
    """Add a function of two values that says whether they are equal, for types that ``==`` does not decide."""
    _checkers.insert(0, checker)


def check_equal(x: Any, y: Any) -> bool:
    """Whether two values of inputs are equal, asking the registered checkers first; arrays by their elements."""
    for checker in _checkers:
        try:
            if checker(x, y):
                return True
        except Exception:
            continue
    return np.array_equal(x, y) if isinstance(x, np.ndarray) or isinstance(y, np.ndarray) else bool(x == y)


def iter_over_pairs(pairs: Any) -> Iterable[Any]:
    """Return the items of a dict, or the pairs themselves."""
    return pairs.items() if isinstance(pairs, dict) else pairs


def convert_function_input(input: Any) -> SymbolicInput:
    """Return what stands for an input as an :class:`In`.

    It may be a variable, a ``(name, variable)``, ``(variable, value)``, ``(variable, (update, value))`` or a longer list of
    these, or an input already. TypeError for anything else.
    """
    if isinstance(input, SymbolicInput):
        return input
    if isinstance(input, Constant):
        raise TypeError("A Constant instance is not a legal function input", input)
    if isinstance(input, Variable):
        return In(input)
    if not isinstance(input, list | tuple):
        raise TypeError(f"Unknown input type: {type(input)}, expected Variable instance")
    if not input:
        raise TypeError(f"Nonsensical input specification: {input}")
    orig = input
    name = input[0] if isinstance(input[0], str) else None
    parts = list(input[1:] if name is not None else input)
    if not parts or len(parts) > 2 or not isinstance(parts[0], Variable | SymbolicInput):
        raise TypeError(f"Unknown input type: {orig}, expected (name, variable, value) or a part of that")
    variable, value = parts[0], parts[1] if len(parts) == 2 else None
    update = None
    if isinstance(value, tuple) and len(value) == 2:
        update, value = value
        if not isinstance(update, Variable):
            raise TypeError(f"Unknown update type: {type(update)}, expected Variable instance")
    if isinstance(variable, SymbolicInput):
        if name is not None:
            variable.name = name
        if value is not None:
            vars(variable)["value"] = value
        return variable
    return In(variable, name=name, value=value, update=update)


def get_info_on_inputs(named_inputs: Sequence[str], n_unnamed_inputs: int) -> str:
    """Return the sentence of error messages on how many inputs a function has, and their names."""
    n = len(named_inputs)

    def inputs(count: int) -> str:
        return f"{count} {{}} input{'s' if count != 1 else ''}"

    if n == 0:
        return (
            f"The function has {inputs(n_unnamed_inputs).format('unnamed')}."
            if n_unnamed_inputs
            else "The function is supposed to have no input."
        )
    text = f"The function has {inputs(n).format('named')} ({', '.join(named_inputs)})"
    if n_unnamed_inputs:
        return text + f", and {inputs(n_unnamed_inputs).format('unnamed')} which thus cannot be accessed by name."
    return text + "."


def orig_function(
    inputs: Sequence[Any],
    outputs: Any,
    mode: Any = None,
    accept_inplace: bool = False,
    name: str | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
    output_keys: Sequence[str] | None = None,
) -> Any:
    """Return a function as ``theano.function`` does, of inputs that are prepared already.

    Each of ``inputs`` is what :func:`convert_function_input` takes. Shared variables may be among them, with their updates,
    as :func:`rebuild_collect_shared` makes them. ``output_keys``: names under which a dict of the results is returned.
    """
    given = [convert_function_input(i) for i in inputs]
    if isinstance(outputs, list | tuple):
        outs: Any = [_as_out(o) for o in outputs]
    else:
        outs = None if outputs is None else _as_out(outputs)
    maker = FunctionMaker(
        given,
        outs,
        mode,
        accept_inplace,
        profile=profile,
        on_unused_input=on_unused_input,
        output_keys=output_keys,
        name=name,
    )
    return maker.create()


def _as_out(thing: Any) -> SymbolicOutput:
    if isinstance(thing, SymbolicOutput):
        return thing
    if isinstance(thing, Variable):
        return SymbolicOutput(thing)
    raise TypeError(f"Unknown output type: {type(thing)} ({thing})")


def pfunc(
    params: Any,
    outputs: Any = None,
    mode: Any = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: Any = False,
    accept_inplace: bool = False,
    name: str | None = None,
    rebuild_strict: bool = True,
    allow_input_downcast: bool | None = None,
    profile: Any = None,
    on_unused_input: str | None = None,
    output_keys: Sequence[str] | None = None,
) -> Any:
    """Return a function as ``theano.function`` does; ``output_keys`` are names under which a dict of the results is returned."""
    if output_keys is not None:
        outputs = dict(zip(output_keys, outputs))
    return function(
        params, outputs, mode, updates, givens, no_default_updates, accept_inplace, name, rebuild_strict, allow_input_downcast,
        profile, on_unused_input,
    )  # fmt: skip


def rebuild_collect_shared(
    outputs: Any,
    inputs: Sequence[Any] | None = None,
    replace: Any = None,
    updates: Any = None,
    rebuild_strict: bool = True,
    copy_inputs_over: bool = True,
    no_default_updates: Any = False,
) -> tuple[list[Any], Any, list[Any]]:
    """Copy a graph, with replacements, and collect the shared variables in it and their updates.

    Returns the inputs (:class:`In` objects with their variables copied, or the variables where ``copy_inputs_over``), the
    copied outputs in the form given, and a list of four: the dict from old to new variables, the dict from
    shared variables to updates, the list of updates as pairs, and the shared variables.
    """
    shared: dict[SharedVariable, None] = {}
    update_d: dict[Any, Any] = {}
    pairs: list[tuple[Any, Any]] = []
    memo: dict[Any, Any] = {}
    given = list(inputs or [])

    def copied(v: Variable) -> Variable:
        found = clone_get_equiv([], [v], copy_inputs=False, copy_orphans=False, memo=memo)[v]
        pending = [v]
        while pending:
            for leaf in leaves([pending.pop()]):
                if isinstance(leaf, SharedVariable) and leaf not in shared:
                    shared[leaf] = None
                    default = getattr(leaf, "default_update", None)
                    blocked = no_default_updates is True or (
                        isinstance(no_default_updates, list) and leaf in no_default_updates
                    )
                    if default is not None and not blocked and leaf not in update_d:
                        value = _update(leaf, default)
                        update_d[leaf] = value
                        pairs.append((leaf, value))
                        pending.append(value)
        return found  # type: ignore[no-any-return]

    for variable in [i.variable if isinstance(i, SymbolicInput) else i for i in given]:
        if not isinstance(variable, Variable):
            raise TypeError(f"inputs have to be Variables or In objects, not {variable!r}")
        if isinstance(variable, SharedVariable):
            raise TypeError(
                f"Cannot use a shared variable ({variable}) as explicit input. Consider substituting a non-shared variable via the "
                "`givens` parameter"
            )
        memo[variable] = variable if copy_inputs_over else variable.clone()
    for old, new in iter_over_pairs(replace or []):
        if not isinstance(new, Variable):
            new = old.type.make_constant(old.type.filter(new))
        memo[old] = copied(old.type.filter_variable(new) if rebuild_strict else new)
    new_inputs: list[Any] = []
    for i in given:
        if isinstance(i, SymbolicInput):
            new = type(i).__new__(type(i))
            vars(new).update(vars(i))
            new.variable = memo[i.variable]
            if i.update is not None:
                new.update = copied(i.update)
            new_inputs.append(new)
        else:
            new_inputs.append(memo[i])
    for target, expression in iter_over_pairs(updates or []):
        if not isinstance(target, SharedVariable):
            raise TypeError("update target must be a SharedVariable", target)
        if target in update_d:
            raise ValueError("this shared variable already has an update expression", (target, update_d[target]))
        value = _update(target, expression)
        update_d[target] = value
        pairs.append((target, value))
        shared.setdefault(target, None)

    def output(o: Any) -> Any:
        if isinstance(o, SymbolicOutput):
            return Out(copied(o.variable), o.borrow)
        if isinstance(o, Variable):
            return copied(o)
        raise TypeError(f"Outputs must be theano Variable or Out instances. Received {o} of type {type(o)}")

    if outputs is None:
        new_outputs: Any = []
    elif isinstance(outputs, list | tuple):
        new_outputs = [output(o) for o in outputs]
    else:
        new_outputs = output(outputs)
    done = 0
    while done < len(pairs):  # copying an update may bring in shared variables with updates of their own
        target, expression = pairs[done]
        update_d[target] = copied(expression)
        pairs[done] = (target, update_d[target])
        done += 1
    return new_inputs, new_outputs, [memo, update_d, pairs, list(shared)]


# --- graphs that know what may be overwritten ---


def std_fgraph(
    input_specs: Sequence[Any], output_specs: Sequence[Any], accept_inplace: bool = False
) -> tuple[FunctionGraph, list[SymbolicOutput]]:
    """Return the graph of inputs and outputs (:class:`In`, :class:`Out`) with its features, and the outputs that are updates.

    A :class:`~theon.graph.destroy.Supervisor` protects the inputs that are not mutable. TypeError where the graph overwrites
    something and ``accept_inplace`` is False.
    """
    ins = [i.variable for i in input_specs]
    updates = [i.update for i in input_specs if i.update is not None]
    fgraph = FunctionGraph(
        ins,
        [o.variable for o in output_specs] + updates,
        update_mapping={
            len(output_specs) + k: place
            for k, place in enumerate(p for p, i in enumerate(input_specs) if i.update is not None)
        },
    )
    for node in fgraph.apply_nodes:
        if getattr(node.op, "destroy_map", None) and not accept_inplace:
            raise TypeError(f"Graph must not contain inplace operations: {node}")
    protected = [
        v
        for spec, v in zip(input_specs, fgraph.inputs)
        if not (spec.mutable or (hasattr(fgraph, "destroyers") and fgraph.has_destroyers([v])))
    ]
    fgraph.attach_feature(Supervisor(protected))
    fgraph.attach_feature(PreserveVariableAttributes())
    return fgraph, [SymbolicOutput(update) for update in updates]


def alias_root(v: Variable) -> Variable:
    """Return the variable whose memory ``v`` is in, through what ops view or overwrite; NotImplementedError where there are two."""
    while v.owner is not None:
        both = {**(getattr(v.owner.op, "destroy_map", None) or {}), **(getattr(v.owner.op, "view_map", None) or {})}
        sources = both.get(v.index, [])
        if len(sources) > 1:
            raise NotImplementedError(f"{v} views the memory of more than one variable: there is no single root")
        if not sources:
            break
        v = v.owner.inputs[sources[0]]
    return v


def view_tree_set(v: Variable, treeset: set[Variable]) -> None:
    """Add to ``treeset`` ``v`` and every variable of its graph that is a view of it, or what was overwritten to make one."""
    pending = [v]
    while pending:
        v = pending.pop()
        treeset.add(v)
        for node, place in getattr(v, "clients", ()):
            if node == "output":
                continue
            for name in ("view_map", "destroy_map"):
                for output, inputs in (getattr(node.op, name, None) or {}).items():
                    if place in inputs and node.outputs[output] not in treeset:
                        pending.append(node.outputs[output])


def infer_reuse_pattern(fgraph: FunctionGraph, outputs_to_disown: Iterable[Variable]) -> set[Variable]:
    """Return the variables of the graph whose memory the caller will own after a call, since it is that of the given outputs."""
    roots = {alias_root(v) for v in outputs_to_disown}
    return {v for v in fgraph.variables if alias_root(v) in roots}


def fgraph_updated_vars(fgraph: FunctionGraph, expanded_inputs: Sequence[Any]) -> dict[Variable, Variable]:
    """Return the dict from each input of the graph that has an update to the output that is it."""
    updated = [(v, i) for v, i in zip(fgraph.inputs, expanded_inputs) if getattr(i, "update", None) is not None]
    outputs = fgraph.outputs[len(fgraph.outputs) - len(updated) :]
    return {v: out for (v, _), out in zip(updated, outputs)}


def insert_deepcopy(fgraph: FunctionGraph, wrapped_inputs: Sequence[Any], wrapped_outputs: Sequence[Any]) -> None:
    """Copy the outputs of a graph that would share memory with an input or another output, unless both may be borrowed.

    ``wrapped_inputs`` and ``wrapped_outputs`` are their :class:`In` and :class:`Out` objects.
    """
    if len(fgraph.inputs) != len(wrapped_inputs) or len(fgraph.outputs) != len(wrapped_outputs):
        raise ValueError("there must be an In for each input of the graph and an Out for each output")
    roots = [alias_root(v) for v in fgraph.outputs]
    places = {v: k for k, v in enumerate(fgraph.inputs)}
    updated = {v for v, i in zip(fgraph.inputs, wrapped_inputs) if getattr(i, "update", None) is not None}
    for k, root in enumerate(roots):
        borrow = wrapped_outputs[k].borrow
        later = [j for j in range(k + 1, len(roots)) if roots[j] is root]
        if later:
            shareable = borrow and all(wrapped_outputs[j].borrow for j in later)
            fgraph.change_input(
                "output", k, (view_op if shareable else deep_copy_op)(fgraph.outputs[k]), "insert_deepcopy"
            )
        elif root in places:
            shareable = borrow and getattr(wrapped_inputs[places[root]], "borrow", False) and root not in updated
            fgraph.change_input(
                "output", k, (view_op if shareable else deep_copy_op)(fgraph.outputs[k]), "insert_deepcopy"
            )
