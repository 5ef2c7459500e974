"""Compiled functions: argument handling, running, handing out results, committing updates."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.errors import NativeFallback
from theon.graph.type import filtered
from theon.tensor.shared import Container

__all__ = ["Function", "FunctionStorage"]


class FunctionStorage:
    """``f.container`` and ``f.value``: the containers of a function, or their values, by name, variable or position."""

    def __init__(self, function: Function, values: bool) -> None:
        self._function, self._values = function, values

    def __getitem__(self, item: Any) -> Any:
        found = self._function._container_of(item)
        return found.value if self._values else found

    def __setitem__(self, item: Any, value: Any) -> None:
        self._function._container_of(item).value = value

    def __contains__(self, item: Any) -> bool:
        try:
            self._function._container_of(item)
        except (TypeError, KeyError):
            return False
        return True


class Thunk:
    """``f.fn``: called without arguments, it takes the inputs from ``f.input_storage`` and leaves the outputs in ``f.output_storage``."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def __call__(self) -> None:
        f = self.function
        found = f(*[f.input_storage[place].storage[0] for place in f._positional])
        outputs = (
            []
            if f.return_none
            else list(found.values())
            if f.output_keys is not None
            else _listed(found, f.unpack_single)
        )
        for container, value in zip(f.output_storage, outputs):
            container.storage[0] = value

    def __getattr__(self, name: str) -> Any:
        """What a user's linker made has attributes of its own, such as ``storage_map``, ``thunks`` and ``nodes``."""
        linked = getattr(self.__dict__.get("function"), "_runner", None)
        made = getattr(getattr(linked, "__self__", None), "thunk", None)
        if made is None:
            raise AttributeError(name)
        return getattr(made, name)


class Function:
    """A compiled function; call it with the inputs' values.

    ``fn(values)`` computes outputs and new values of the inputs that are updated. ``input_storage`` has a container for each
    input, shared variables last; ``indices`` says which input that is: (:class:`In`, [], []). ``defaults`` is not
    read: the containers know what was given. ``maker`` holds the graph and makes copies. Updates are all made or, after an error, none.
    ``trust_input=True`` skips checks of arguments.
    """

    __module__ = "theano.compile.function_module"

    def __init__(
        self,
        fn: Any,
        input_storage: Sequence[Container],
        output_storage: Sequence[Container] | None,
        indices: Sequence[tuple[Any, Sequence[int], Sequence[Any]]],
        outputs: Sequence[Any],
        defaults: Sequence[tuple[bool, bool, Any]],
        unpack_single: bool,
        return_none: bool,
        output_keys: Sequence[str] | None,
        maker: Any,
        name: str | None = None,
    ) -> None:
        self._runner = fn
        inputs = self._inputs = [i for i, _, _ in indices]
        self.input_storage = self._containers = list(input_storage)
        self._outputs = list(outputs)
        self._update_places = [n for n, i in enumerate(inputs) if i.update is not None]
        self.maker, self.unpack_single, self.return_none, self.output_keys, self.name = (
            maker,
            unpack_single,
            return_none,
            output_keys,
            name,
        )
        self.profile: Any = None
        self.trust_input = False
        self.container, self.value = FunctionStorage(self, False), FunctionStorage(self, True)
        made = (Container(o.variable, [None], name=o.variable.name) for o in self._outputs)
        self.output_storage = list(made if output_storage is None else output_storage)
        self._positional = [n for n, i in enumerate(self._inputs) if not i.implicit]
        self._by_name: dict[str, int | None] = {}
        for n, i in enumerate(self._inputs):
            if i.name is not None:
                self._by_name[i.name] = None if i.name in self._by_name else n
        self._required = [n for n in self._positional if self._containers[n].required]
        self._entry: Any = None
        self._native: Any = None
        self._in_slow: set[int] = set()  # threads whose arguments are being converted
        self._stateful = False
        self._mixed = any(
            not hasattr(v.type, "broadcastable")
            for v in [*(i.variable for i in inputs), *(o.variable for o in outputs)]
        )
        self.n_returned_outputs = len(self._outputs)

    # --- containers ---

    def _container_of(self, item: Any) -> Container:
        if isinstance(item, int):
            return self._containers[item]
        if isinstance(item, str):
            place = self._by_name.get(item, -1)
            if place is None:
                raise TypeError(
                    f"Ambiguous name: {item} - please check the names of the inputs of your function for duplicates."
                )
            if place < 0:
                raise TypeError(f"Unknown input or state: {item}")
            return self._containers[place]
        for place, i in enumerate(self._inputs):
            if i.variable is item:
                return self._containers[place]
        raise TypeError(f"Unknown input or state: {item}")

    def __getitem__(self, item: Any) -> Any:
        return self.value[item]

    def __setitem__(self, item: Any, value: Any) -> None:
        self.value[item] = value

    def __contains__(self, item: Any) -> bool:
        return item in self.value

    # --- calling ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs: a value, a list, a dict where outputs were given as one. TypeError for bad arguments."""
        if self._entry is not None:
            try:
                return self._entry(*args, **kwargs)
            except NativeFallback:
                pass
        return self._call(args, kwargs)

    def use_native(self, native: Any) -> None:
        """Call ``native.entry`` first, whose results are one array or a list of arrays."""
        self._native = native
        entry = native.entry
        single = len(self._outputs) == 1
        if self.profile is not None:
            return
        if self.return_none:
            self._entry = lambda *args, **kwargs: _nothing(entry, args, kwargs)
        elif self.output_keys is not None:
            keys = self.output_keys
            self._entry = lambda *args, **kwargs: dict(zip(keys, _listed(entry(*args, **kwargs), single)))
        elif single and not self.unpack_single:
            self._entry = lambda *args, **kwargs: _listed(entry(*args, **kwargs), True)
        else:
            self._entry = entry

    def use_native_states(self, native: Any) -> None:
        """Compute with ``native``, whose results are the outputs and then the new values of inputs, once all values are bound."""
        self._native, self._stateful = native, True

    def _with_states(self, values: list[Any]) -> Any:
        outputs = _listed(self._native.convert(*values[: len(self._native.program.inputs)]), True)
        n = len(self._outputs)
        for place, value in zip(self._update_places, outputs[n:]):
            self._containers[place].storage[0] = value
        return self._handed_out(outputs[:n], None)

    def _slow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Take what the native checks refused: convert it and call again, or raise; results in the native form."""
        thread = threading.get_ident()
        if thread in self._in_slow or "output_subset" in kwargs or self.trust_input:
            raise NativeFallback
        values = self._bound(args, kwargs)
        self._in_slow.add(thread)
        try:
            return self._native.convert(*values[: len(self._native.program.inputs)])
        finally:
            self._in_slow.discard(thread)

    def _call(self, args: Any, kwargs: Any) -> Any:
        start = time.perf_counter()
        subset = kwargs.pop("output_subset", None)
        keys = self.output_keys
        if subset is not None and keys is not None:
            subset = [keys.index(key) if isinstance(key, str) else key for key in subset]
        values = self._bound(args, kwargs)
        try:
            if self._stateful and subset is None:
                try:
                    return self._with_states(values)
                except NativeFallback:
                    pass
            return self._finish(values, self._runner(values), subset)
        finally:
            if self.profile is not None:
                self.profile.note_call(time.perf_counter() - start)

    def _bound(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """The value of each input: arguments checked and converted, defaults and states from the containers."""
        positional = self._positional
        if len(args) + len(kwargs) > len(positional) + sum(k in self._by_name for k in kwargs if self._implicit(k)):
            unknown = [k for k in kwargs if k not in self._by_name]
            if len(args) > len(positional) or not unknown:
                raise TypeError("Too many parameter passed to theano function")
        given: dict[int, Any] = dict(zip(positional, args))
        for key, value in kwargs.items():
            place = self._by_name.get(key, -1)
            if place is None:
                raise TypeError(
                    f"Ambiguous name: {key} - please check the names of the inputs of your function for duplicates."
                )
            if place < 0:
                names = [i.name for n, i in enumerate(self._inputs) if i.name and n in positional]
                some = (
                    f"The function has {len(names)} named input{'s' if len(names) != 1 else ''} ({', '.join(names)})."
                )
                raise TypeError(
                    f"Unknown input or state: {key}. {some}"
                    + ("" if len(names) == len(positional) else " Some inputs have no name.")
                )
            if place in given:
                raise TypeError(f"Multiple values for input: {self._inputs[place].name or place}")
            given[place] = value
        values: list[Any] = [c.storage[0] for c in self._containers]
        for place, value in given.items():
            values[place] = value if self.trust_input else self._filtered(place, value)
        missing = [n for n in self._required if n not in given]
        if missing:
            i = self._inputs[missing[0]]
            raise TypeError(f"Missing required input: {i.name or i.variable}")
        for i, value in zip(self._inputs, values):
            if value is None and getattr(i, "shared", False) and hasattr(i.variable.type, "broadcastable"):
                raise TypeError(
                    f"the shared variable {i.variable} of type {i.variable.type} holds None: give it a value"
                )
        self._check_aliases(given, values)
        return values

    def _implicit(self, key: str) -> bool:
        place = self._by_name.get(key)
        return place is not None and self._inputs[place].implicit

    def _filtered(self, place: int, value: Any) -> Any:
        i = self._inputs[place]
        if value is None and not type(i.variable.type).__name__ == "Generic":
            raise TypeError(self._bad_input(place) + f"None is no value of type {i.variable.type}")
        try:
            return filtered(i.variable.type, value, i.strict, i.allow_downcast)
        except Exception as error:
            text = self._bad_input(place)
            kind = type(error) if isinstance(error, TypeError | ValueError) else TypeError
            reason = error.args[0] if error.args else ""
            if len(error.args) > 1 and isinstance(error.args[1], tuple):  # the shape that does not fit
                reason = f"{reason} The value has shape {error.args[1]}."
            raise kind(f"{text}{reason}") from None

    def _bad_input(self, place: int) -> str:
        name = self.name or "unnamed"
        shown = self._inputs[place].name
        return (
            f'Bad input argument to theano function with name "{name}" at index {place} (0-based)'
            + (f", {shown!r}" if shown else "")
            + ".  \n"
        )

    def _check_aliases(self, given: dict[int, Any], values: list[Any]) -> None:
        mutable = [n for n in given if self._inputs[n].mutable]
        for n in mutable:
            for m in given:
                if (
                    m != n
                    and isinstance(values[n], np.ndarray)
                    and isinstance(values[m], np.ndarray)
                    and np.shares_memory(values[n], values[m])
                ):
                    # What may be overwritten must not be seen through another argument.
                    values[n] = values[n].copy()

    def _finish(self, values: list[Any], found: list[Any], subset: Any = None) -> Any:
        n = len(self._outputs)
        outputs, new = found[:n], found[n:]
        held = [v for v in values if isinstance(v, np.ndarray)]
        seen: list[np.ndarray] = []
        for k, (out, value) in enumerate(zip(self._outputs, outputs)):
            if isinstance(value, np.ndarray):
                base = _root(value)
                if not out.borrow and any(_root(h) is base for h in held + seen):
                    outputs[k] = value = value.copy()
                elif value.base is not None and not value.flags.owndata and not value.flags.writeable:
                    outputs[k] = value = value.copy()
                elif not value.flags.writeable:
                    outputs[k] = value = value.copy()
                seen.append(value)
        states = []
        for place, value in zip(self._update_places, new):
            if isinstance(value, np.ndarray):
                others = (
                    [h for h in held if h is not values[place] or value is not h]
                    + seen
                    + [s for s in states if isinstance(s, np.ndarray)]
                )
                if value is not values[place] and any(_root(h) is _root(value) for h in others):
                    value = value.copy()
                elif not value.flags.writeable:
                    value = value.copy()
            states.append(value)
        if self._mixed:
            _unalias_mixed(values, outputs, [out.borrow for out in self._outputs], states)
        for place, value in zip(self._update_places, states):
            self._containers[place].storage[0] = value
        return self._handed_out(outputs, subset)

    def _handed_out(self, outputs: list[Any], subset: Any) -> Any:
        """The outputs in the form in which the function was asked for them."""
        if self.return_none:
            return None
        if subset is not None:
            if self.output_keys is not None:
                return {self.output_keys[k]: outputs[k] for k in subset}
            return [outputs[k] for k in subset]
        if self.output_keys is not None:
            return dict(zip(self.output_keys, outputs))
        return outputs[0] if self.unpack_single else outputs

    # --- what programs read ---

    @property
    def fn(self) -> Thunk:
        """The function without its handling of arguments; see :class:`Thunk`."""
        return Thunk(self)

    @property
    def outputs(self) -> list[Any]:
        """An :class:`Out` for each output."""
        return list(self._outputs)

    @property
    def indices(self) -> list[tuple[Any, list[int], list[Any]]]:
        """For each input: its :class:`In`, and two lists that stay empty."""
        return [(i, [], []) for i in self._inputs]

    @property
    def defaults(self) -> list[tuple[bool, bool, Any]]:
        """For each input: whether it must be given, whether it goes back to its default after a call, the default."""
        updated = set(self._update_places)
        return [
            (bool(c.required), not c.required and n not in updated and not i.implicit, c.storage[0])
            for n, (i, c) in enumerate(zip(self._inputs, self._containers))
        ]

    @property
    def finder(self) -> dict[Any, Container]:
        """Containers by position, by variable and by name; a name of several inputs is left out."""
        found: dict[Any, Container] = {}
        for n, (i, c) in enumerate(zip(self._inputs, self._containers)):
            found[n] = found[i.variable] = c
            if i.name is not None and self._by_name[i.name] is not None:
                found[i.name] = c
        return found

    @property
    def inv_finder(self) -> dict[Container, Any]:
        """Inputs by container."""
        return dict(zip(self._containers, self._inputs))

    # --- around it ---

    def copy(
        self,
        share_memory: bool = False,
        swap: Any = None,
        delete_updates: bool = False,
        name: str | None = None,
        profile: Any = None,
    ) -> Function:
        """Return a function that computes the same: with its own states, ``swap`` mapping shared variables to others."""
        return self.maker.copy(self, share_memory, swap, delete_updates, name, profile)  # type: ignore[no-any-return]

    def __copy__(self) -> Function:
        return self.copy()

    def free(self) -> None:
        """Drop what is kept between calls: the outputs that :attr:`fn` left; nothing else is but states."""
        for container in self.output_storage:
            container.storage[0] = None

    def get_shared(self) -> list[Any]:
        """Return the shared variables that the function reads or updates."""
        return [i.variable for i in self._inputs if getattr(i, "shared", False)]

    def sync_shared(self) -> None:
        """Nothing is asynchronous on a CPU."""

    def __str__(self) -> str:
        return f"<theano.compile.function_module.Function object at {hex(id(self))}>"

    def __reduce__(self) -> Any:
        return _unpickled, (self.maker, self.maker.states_of(self), self.name, self.trust_input)

    def __deepcopy__(self, memo: Any) -> Function:
        import copy

        new = _unpickled(
            copy.deepcopy(self.maker, memo),
            copy.deepcopy(self.maker.states_of(self), memo),
            self.name,
            self.trust_input,
        )
        memo[id(self)] = new
        return new


def _unpickled(maker: Any, states: Any, name: str | None, trust_input: bool) -> Function:
    f: Function = maker.create(states, name)
    f.trust_input = trust_input
    return f


def _listed(found: Any, single: bool) -> list[Any]:
    return [found] if single and not isinstance(found, list) else list(found)


def _nothing(entry: Any, args: Any, kwargs: Any) -> None:
    entry(*args, **kwargs)


def _buffers(value: Any, found: list[Any]) -> list[Any]:
    """The arrays at the bottom of a value: of an array, a sparse matrix (its parts), a list (its elements)."""
    if isinstance(value, np.ndarray):
        found.append(_root(value))
    elif isinstance(value, list):
        for element in value:
            _buffers(element, found)
    elif hasattr(value, "indptr"):
        found.extend(_root(part) for part in (value.data, value.indices, value.indptr))
    return found


def _unalias_mixed(values: list[Any], outputs: list[Any], borrowed: list[bool], states: list[Any]) -> None:
    """Copy outputs and new states that share memory with arguments, states or each other, where some are no arrays."""
    import copy

    seen = {id(b) for v in values for b in _buffers(v, [])}
    kept = {id(v) for v in values if isinstance(v, list)}
    for group, flags in ((outputs, borrowed), (states, [False] * len(states))):
        for k, value in enumerate(group):
            buffers = {id(b) for b in _buffers(value, [])}
            shares = not buffers.isdisjoint(seen) or id(value) in kept
            if shares and not flags[k]:
                group[k] = value = copy.deepcopy(value)
                buffers = {id(b) for b in _buffers(value, [])}
            seen |= buffers
            if isinstance(value, list):
                kept.add(id(value))


def _root(a: Any) -> Any:
    while isinstance(a, np.ndarray) and isinstance(a.base, np.ndarray):
        a = a.base
    return a
