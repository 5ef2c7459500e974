"""``function``: from symbolic inputs, outputs, updates and givens to a callable."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import theon.ops.methods
import theon.ops.printers  # noqa: F401  (how formulas are written)
from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.compile.mode import get_mode
from theon.compile.pipeline import compiled
from theon.errors import MissingInputError, UnusedInputError, message
from theon.graph.fgraph import FunctionGraph
from theon.graph.garbage import uncollected
from theon.graph.traverse import ancestors, clone_replace, io_toposort
from theon.graph.traverse import inputs as leaves
from theon.graph.variable import Constant, Variable
from theon.options import change_flags, config
from theon.runtime.function import Function
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import Container, SharedVariable

__all__ = ["FunctionMaker", "OrderedUpdates", "function"]


class OrderedUpdates(OrderedDict):  # type: ignore[type-arg]
    """Updates: shared variable -> expression. Two that name the same variable cannot be merged with different values."""

    __module__ = "theano.updates"

    def __init__(self, *key: Any, **kwargs: Any) -> None:
        if len(key) >= 1 and isinstance(key[0], dict) and not isinstance(key[0], OrderedDict) and len(key[0]) > 1:
            warnings.warn(
                "Initializing an `OrderedUpdates` from a non-ordered dictionary with 2+ elements could make your code non-deterministic",
                stacklevel=2,
            )
        super().__init__(*key, **kwargs)
        for k in self:
            if not isinstance(k, SharedVariable):
                raise TypeError(f"OrderedUpdates keys must inherit from SharedVariable, not {k!r}")

    def __setitem__(self, key: Any, value: Any) -> None:
        if not isinstance(key, SharedVariable):
            raise TypeError("OrderedUpdates keys must inherit from SharedVariable", key)
        super().__setitem__(key, value)

    def update(self, other: Any = None) -> None:  # type: ignore[override]
        """Add the pairs of ``other``."""
        for key, value in OrderedDict(other or {}).items():
            if key in self:
                if self[key] is value:
                    continue
                raise KeyError("Collision", key)
            self[key] = value

    def __add__(self, other: Any) -> OrderedUpdates:
        new = OrderedUpdates()
        new.update(self)
        new.update(other)
        return new

    def __radd__(self, other: Any) -> OrderedUpdates:
        new = OrderedUpdates()
        new.update(other)
        new.update(self)
        return new


def function(
    inputs: Any,
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
) -> Function:
    """Return a callable that computes ``outputs`` from ``inputs``.

    ``inputs``: a list of variables or :class:`In`. ``outputs``: a variable, a list, a dict, :class:`Out` objects, or None.
    ``updates``: pairs (shared variable, expression) made together after each call. ``givens``: pairs (variable,
    replacement) put into the graph first. ``on_unused_input``: "raise", "warn" or "ignore".

    TypeError, ValueError, MissingInputError, UnusedInputError for arguments that do not fit together.

    >>> import theon.tensor as T
    >>> x = T.dscalar("x")
    >>> function([x], 2 * x)(3.0)
    array(6.)
    """
    if isinstance(outputs, dict):
        keys = sorted(outputs, key=str)
        for key in keys:
            if not isinstance(key, str):
                raise AssertionError(f"the keys of an outputs dict must be strings, not {key!r}")
        output_keys: list[str] | None = keys
        outputs = [outputs[key] for key in keys]
    else:
        output_keys = None
    if name is None:
        from theon.graph.origin import user_frame

        origin = user_frame(2)
        name = f"{origin.file}:{origin.line}" if origin is not None else None
    if updates is None:
        updates = []
    if isinstance(updates, dict) and not isinstance(updates, OrderedDict) and len(updates) > 1:
        pass  # Python's dicts keep their order now; Theano warned of those that did not.
    len(updates)  # a TypeError here for what is no collection, as in Theano
    if givens is None:
        givens = []
    if not isinstance(inputs, list | tuple):
        raise Exception(
            "Input variables of a Theano function should be contained in a list, even when there is a single input."
        )
    ins = [_as_input(i, allow_input_downcast) for i in inputs]
    update_pairs = list(updates.items()) if isinstance(updates, dict) else [(a, b) for a, b in updates]
    given_pairs = list(givens.items()) if hasattr(givens, "items") else [tuple(p) for p in givens]
    unpack = isinstance(outputs, Variable | SymbolicOutput)
    return_none = outputs is None
    listed: Sequence[Any] = [] if outputs is None else [outputs] if not isinstance(outputs, list | tuple) else outputs
    outs = [_as_output(o) for o in listed]
    maker = _maker(ins, outs, update_pairs, given_pairs, no_default_updates, rebuild_strict, on_unused_input)
    maker.mode = get_mode(mode)
    maker.unpack_single, maker.return_none, maker.output_keys = (
        unpack or (not return_none and not isinstance(listed, list | tuple)),
        return_none,
        output_keys,
    )
    maker.profile = profile
    return maker.create(None, name)


def _as_input(thing: Any, allow_downcast: bool | None) -> In:
    if isinstance(thing, SharedVariable):
        raise TypeError(
            f"Cannot use a shared variable ({thing}) as explicit input. Consider substituting a non-shared variable via the `givens` parameter"
        )
    if isinstance(thing, SymbolicInput) and isinstance(thing.variable, SharedVariable):
        raise TypeError(
            f"Cannot use a shared variable ({thing.variable}) as explicit input, in {type(thing).__name__} neither. "
            "Consider substituting a non-shared variable via the `givens` parameter"
        )
    if isinstance(thing, In):
        return thing
    if isinstance(thing, SymbolicInput):
        return In(
            thing.variable,
            thing.name,
            None,
            thing.update,
            thing.mutable,
            thing.strict,
            thing.allow_downcast,
            True,
            thing.implicit or None,
        )
    if isinstance(thing, Constant):
        raise TypeError("Constants not allowed as function inputs", thing)
    if isinstance(thing, Variable):
        return In(thing, allow_downcast=allow_downcast)
    if isinstance(thing, list | tuple) and 2 <= len(thing) <= 3 and isinstance(thing[0], Variable):
        # The oldest form: (variable, value) or (variable, update, value).
        value = thing[-1].value if isinstance(thing[-1], In) else thing[-1]
        return In(thing[0], value=value, update=thing[1] if len(thing) == 3 else None, allow_downcast=allow_downcast)
    raise TypeError(f"Unknown parameter type: {type(thing)}")


def _as_output(thing: Any) -> SymbolicOutput:
    if isinstance(thing, SymbolicOutput):
        return thing
    if isinstance(thing, Variable):
        return Out(thing)
    raise TypeError(f"Outputs must be theano Variable or Out instances. Received {thing} of type {type(thing)}")


def _maker(
    ins: list[In],
    outs: list[SymbolicOutput],
    updates: list[Any],
    givens: list[Any],
    no_default_updates: Any,
    rebuild_strict: bool,
    on_unused_input: str | None,
) -> FunctionMaker:
    seen: dict[Variable, int] = {}
    for place, i in enumerate(ins):
        if i.variable in seen:
            raise UnusedInputError(
                f"Variable {i.variable} is used twice in inputs to theano.function, at indices {seen[i.variable]} and {place}. "
                "This would result in values provided for it being ignored. Please do not duplicate variables in the inputs list."
            )
        seen[i.variable] = place
    if not (
        isinstance(no_default_updates, bool)
        or (isinstance(no_default_updates, list) and all(isinstance(v, Variable) for v in no_default_updates))
    ):
        raise TypeError("no_default_update should be either a boolean or a list of Variables")
    update_of: dict[Any, Variable] = {}
    for target, expression in updates:
        if not isinstance(target, SharedVariable):
            raise TypeError("update target must be a SharedVariable", target)
        if target in update_of:
            raise ValueError("this shared variable already has an update expression", (target, update_of[target]))
        update_of[target] = _update(target, expression)
    replace: dict[Variable, Variable] = {}
    for old, new in givens:
        if not isinstance(old, Variable):
            raise TypeError("Variable givens must be Variables", old)
        if old in seen:
            raise RuntimeError(
                f"You are trying to replace variable '{old}' through the `givens` parameter, but this variable is an input to your function. "
                "Replacing inputs is currently forbidden because it has no effect. One way to modify an input `x` to a function "
                "evaluating f(x) is to define a new input `y` and use `theano.function([y], f(x), givens={x: g(y)})`."
            )
        if old in replace:
            raise AssertionError(f"the variable {old} is given twice")
        if not isinstance(new, Variable):
            new = as_tensor_variable(new) if rebuild_strict is False else _given_constant(old, new)
        if replace:
            (new,) = clone_replace([new], replace, rebuild_strict)
        replace[old] = old.type.filter_variable(new) if rebuild_strict else new
    for place, i in enumerate(ins):
        if i.update is not None and replace:
            i = ins[place] = _changed(i, update=clone_replace([i.update], replace, rebuild_strict)[0])
    outputs = [o.variable for o in outs]
    if replace:
        outputs = clone_replace(outputs, replace, rebuild_strict)
        keys = list(update_of)
        update_of = {
            k: _update(k, v) for k, v in zip(keys, clone_replace(list(update_of.values()), replace, rebuild_strict))
        }
    # Default updates may bring in shared variables with default updates of their own.
    shared: dict[Any, None] = {}
    roots = [*outputs, *update_of.values(), *(i.update for i in ins if i.update is not None)]
    pending = [*roots, *update_of]
    done: set[Variable] = set()
    while pending:
        batch, pending = pending, []
        for leaf in leaves(batch, list(seen)):
            if not isinstance(leaf, SharedVariable) or leaf in done or leaf in seen:
                continue
            done.add(leaf)
            shared[leaf] = None
            default = getattr(leaf, "default_update", None)
            blocked = no_default_updates is True or (
                isinstance(no_default_updates, list) and leaf in no_default_updates
            )
            if default is not None and leaf not in update_of and not blocked:
                if replace:
                    (default,) = clone_replace([default], replace, rebuild_strict)
                update_of[leaf] = _update(leaf, default)
                pending.append(update_of[leaf])
    maker = FunctionMaker.of(ins, outs, outputs, list(shared), update_of)
    maker.check_unused(on_unused_input or config.on_unused_input)
    return maker


def _given_constant(old: Variable, value: Any) -> Variable:
    found = as_tensor_variable(value)
    if isinstance(value, int | float | list | tuple):
        # Python numbers become whatever the replaced variable is, where that loses nothing.
        return old.type.make_constant(old.type.filter(value))
    return found  # type: ignore[no-any-return]


def _changed(i: In, **changes: Any) -> In:
    new = In.__new__(In)
    new.__dict__.update(i.__dict__)
    new.__dict__.update(changes)
    return new


def _where_dtype_enters(variable: Variable) -> Variable:
    """Return the expression that ``variable`` has its dtype from: a leaf of that dtype, or one whose operands have others."""
    while variable.owner is not None:
        same = [v for v in variable.owner.inputs if getattr(v.type, "dtype", None) == variable.type.dtype]  # type: ignore[attr-defined]
        if not same:
            break
        variable = same[0]
    return variable


def _update(target: Any, expression: Any) -> Variable:
    try:
        # A number or an array becomes a constant of the shared variable's type, where that loses nothing.
        return target.filter_update(expression)  # type: ignore[no-any-return]
    except TypeError:
        given = expression if isinstance(expression, Variable) else as_tensor_variable(expression)
        shown = [target, given]
        wanted, found = getattr(target.type, "dtype", None), getattr(given.type, "dtype", None)
        if wanted != found and wanted is not None and found is not None:
            source = _where_dtype_enters(given)
            if source is not given:
                shown.append(source)
            hint = f"{found} comes in with {source}: cast it, or what it is made from, with .astype('{wanted}')."
        else:
            hint = (
                "If the difference is related to the broadcast pattern, you can call the tensor.unbroadcast(var, axis_to_unbroadcast[, ...]) "
                "function to remove broadcastable dimensions."
            )
        raise TypeError(
            message(
                "('An update must have the same type as the original shared variable "
                f"(shared_var={target}, shared_var.type={target.type}, update_val={given}, update_val.type={given.type}).'",
                shown,
                hint,
            )
        ) from None


class FunctionMaker:
    """What a function is made of, enough to make it again: inputs, outputs, shared variables, updates, mode.

    Programs that prepare inputs themselves give a list of :class:`In` (shared variables as implicit ones, with their updates)
    and one of :class:`Out`, or one alone for a function that returns no list; :meth:`create` makes the function.
    """

    __module__ = "theano.compile.function_module"

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        mode: Any = None,
        accept_inplace: bool = False,
        function_builder: Any = Function,
        profile: Any = None,
        on_unused_input: str | None = None,
        fgraph: Any = None,
        output_keys: Any = None,
        name: str | None = None,
    ) -> None:
        ins = [i if isinstance(i, In) else _as_input(i, None) for i in inputs]
        listed = outputs if isinstance(outputs, list | tuple) else [] if outputs is None else [outputs]
        outs = [_as_output(o) for o in listed]
        held = [i for i in ins if isinstance(i.variable, SharedVariable)]
        roots = [*(o.variable for o in outs), *(i.update for i in ins if i.update is not None)]
        others = [v for v in leaves(roots) if isinstance(v, SharedVariable)]
        made = self.of(
            [i for i in ins if i not in held],
            outs,
            [o.variable for o in outs],
            list(dict.fromkeys([*(i.variable for i in held), *others])),
            {i.variable: i.update for i in held if i.update is not None},
        )
        self.__dict__.update(made.__dict__)
        self.check_unused(on_unused_input or config.on_unused_input)
        self.mode, self.profile, self.name = get_mode(mode), profile, name
        self.unpack_single, self.return_none = (
            not isinstance(outputs, list | tuple) and outputs is not None,
            outputs is None,
        )
        self.output_keys = None if output_keys is None else list(output_keys)

    @classmethod
    def of(
        cls,
        ins: list[In],
        outs: list[SymbolicOutput],
        outputs: list[Variable],
        shared: list[Any],
        updates: dict[Any, Variable],
    ) -> FunctionMaker:
        """Return the maker of ``outputs``, asked for as ``outs``, from ``ins`` and shared variables with ``updates``."""
        self = cls.__new__(cls)
        self.ins, self.outs, self.graph_outputs, self.shared, self.updates = ins, outs, outputs, shared, updates
        self.mode = self.profile = self.name = None
        self.unpack_single, self.return_none = False, False
        self.output_keys = None
        self.fgraph = self._made = None
        return self

    ins: list[In]
    outs: list[SymbolicOutput]
    graph_outputs: list[Variable]
    shared: list[Any]
    updates: dict[Any, Variable]
    mode: Any
    profile: Any
    name: str | None
    output_keys: list[str] | None
    fgraph: Any
    _made: Any

    @property
    def inputs(self) -> list[Any]:
        """The inputs, shared variables last."""
        return [*self.ins, *(_changed(In(s, value=s.container, implicit=True), shared=True) for s in self.shared)]

    @property
    def expanded_inputs(self) -> list[Any]:
        """The same as :attr:`inputs`."""
        return self.inputs

    @property
    def outputs(self) -> list[Any]:
        """The outputs."""
        return self.outs

    def check_unused(self, how: str) -> None:
        """Raise, warn or ignore where an input is not used."""
        if how == "ignore":
            return
        if how not in ("raise", "warn"):
            raise ValueError(
                f"Invalid value for keyword on_unused_input of theano.function: {how!r}. Valid values are 'raise', 'warn', and 'ignore'."
            )
        used = set(
            ancestors(
                [*self.graph_outputs, *self.updates.values(), *(i.update for i in self.ins if i.update is not None)],
                [i.variable for i in self.ins],
            )
        )
        for place, i in enumerate(self.ins):
            if i.variable not in used and i.update is None:
                text = (
                    "theano.function was asked to create a function computing outputs given certain inputs, but the provided input "
                    f"variable at index {place} is not part of the computational graph needed to compute the outputs: {i.variable}.\n"
                )
                if how == "raise":
                    raise UnusedInputError(
                        text
                        + "To make this error into a warning, you can pass the parameter on_unused_input='warn' to theano.function. "
                        "To disable it completely, use on_unused_input='ignore'."
                    )
                warnings.warn(text, stacklevel=4)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state["fgraph"] = state["_made"] = None
        return state

    def _profile(self, name: str | None) -> Any:
        """Where calls are recorded: the ProfileStats that was given, a new one for True or a message, or None."""
        wanted = config.profile or config.print_global_stats if self.profile is None else self.profile
        if not wanted:
            return None
        from theon.runtime.profile import ProfileStats

        if isinstance(wanted, ProfileStats):
            return wanted
        return ProfileStats(message=wanted if isinstance(wanted, str) else name)

    @uncollected
    @change_flags(compute_test_value="off")
    def create(self, states: Any = None, name: str | None = None) -> Function:
        """Return the function; ``states``: containers to use for inputs, None in place of one to make it from the default."""
        name = self.name if name is None else name
        stats = self._profile(name)
        updated_inputs = [n for n, i in enumerate(self.ins) if i.update is not None]
        roots = [*self.graph_outputs, *(self.ins[n].update for n in updated_inputs), *self.updates.values()]
        variables = [i.variable for i in self.ins] + self.shared
        containers: list[Container] = []
        for n, i in enumerate(self.ins):
            containers.append(self._container(i, None if states is None else states[n]))
        containers += [s.container for s in self.shared]
        if self._made is None:
            try:
                fgraph = FunctionGraph(variables, roots)
            except MissingInputError as error:
                raise _missing(variables, roots, error, len(self.graph_outputs)) from None
            self.fgraph = fgraph
            n = len(self.ins)
            # New values of inputs are results as the outputs are; only shared variables are written by native code.
            results = len(self.graph_outputs) + len(updated_inputs)
            updated = [self.shared.index(s) for s in self.updates]
            self._made = compiled(fgraph, self.mode, n, results, updated, stats)
        places = updated_inputs + [len(self.ins) + self.shared.index(s) for s in self.updates]
        f = Function(
            self._made.run,
            containers,
            None,
            [(i, [], []) for i in self.inputs],
            self.outs,
            [],
            self.unpack_single,
            self.return_none,
            self.output_keys,
            self,
            name,
        )
        f._update_places = places  # in the order of the values that are computed
        f.profile = stats
        attach = getattr(self._made, "attach", None)
        if attach is not None:
            attach(f)
        return f

    def _container(self, i: In, state: Container | None) -> Container:
        value = i.value
        if isinstance(value, SharedVariable):
            return value.container
        if isinstance(value, Container):
            return value
        if state is not None:
            return state
        c = Container(i.variable, [None], strict=i.strict, allow_downcast=i.allow_downcast, name=i.name)
        if value is not None:
            c.value = value
        c.required = value is None
        return c

    def states_of(self, f: Function) -> list[Any]:
        """Return what to keep when ``f`` is pickled: the containers of inputs with defaults, which other functions may share."""
        return [None if c.required else c for c in f._containers[: len(self.ins)]]

    def copy(
        self, f: Function, share_memory: bool, swap: Any, delete_updates: bool, name: str | None, profile: Any
    ) -> Function:
        """Return a copy of ``f``; TypeError or ValueError where ``swap`` does not fit."""
        swaps = dict(swap or {})
        for old, new in swaps.items():
            if not isinstance(old, Variable) or not isinstance(new, Variable):
                raise TypeError("The swap dict must map variables to variables")
            if old not in self.shared:
                raise ValueError(f"{old} is no shared variable of the function")
            if new in self.shared or not isinstance(new, SharedVariable) or list(swaps.values()).count(new) > 1:
                raise ValueError(
                    "Parameter swap: the new variable must be a shared variable that the function does not use yet", new
                )
            if old.type != new.type:
                raise TypeError(f"Parameter swap: {old} is of type {old.type}, {new} of type {new.type}")
        outputs, updates = self.graph_outputs, {} if delete_updates else dict(self.updates)
        if swaps:
            both = clone_replace([*outputs, *updates.values()], swaps)
            outputs = both[: len(outputs)]
            updates = dict(zip((swaps.get(k, k) for k in updates), both[len(outputs) :]))
        ins = self.ins if not delete_updates else [_changed(i, update=None) for i in self.ins]
        maker = FunctionMaker.of(list(ins), self.outs, outputs, [swaps.get(s, s) for s in self.shared], updates)
        maker.mode, maker.unpack_single, maker.return_none, maker.output_keys = (
            self.mode,
            self.unpack_single,
            self.return_none,
            self.output_keys,
        )
        maker.profile = self.profile if profile is None else profile
        import copy

        states: list[Container | None] = []
        for i, c in zip(self.ins, self.states_of(f)):
            if c is not None:
                changes = i.mutable or i.update is not None
                value = copy.deepcopy(c.storage[0]) if changes else c.storage[0]
                c = Container(i.variable, [value], strict=i.strict, allow_downcast=i.allow_downcast, name=i.name)
            states.append(c)
        return maker.create(states, name or f.name)


def _missing(
    given: list[Variable], roots: list[Variable], error: MissingInputError, n_outputs: int
) -> MissingInputError:
    known, variable, used, place = set(given), error.variable, ",", 0
    for node in io_toposort(given, roots):
        lacking = [
            (i, v) for i, v in enumerate(node.inputs)
            if v.owner is None and v not in known and not isinstance(v, Constant | SharedVariable)
        ]  # fmt: skip
        if lacking:
            place, variable = lacking[0]
            used = f", used to compute {node},"
            break
    # The default update of a state that a loop's step draws from belongs to the step.
    of_update = variable is not None and variable not in ancestors(roots[:n_outputs])
    return MissingInputError(
        message(
            f"Input {place} of the graph (indices start from 0){used} was not provided and not given a value. "
            "Use the Theano flag exception_verbosity='high', for more information on this error.",
            [variable],
            "only an update needs it; of what a loop changes, give function the updates that scan returned"
            if of_update
            else None,
        ),
        variable=variable,
    )
