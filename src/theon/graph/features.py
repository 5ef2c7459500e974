"""Features: objects attached to a graph that hear of its changes, and may refuse them.

A graph calls, on each of its features, those methods of :class:`Feature` that the feature has. A feature may also hang
functions on the graph while it is attached, as :class:`History` does with ``fgraph.revert``.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from typing import Any

from theon.errors import InconsistencyError
from theon.graph.variable import Apply, Variable

__all__ = [
    "AlreadyThere",
    "Bookkeeper",
    "Feature",
    "GetCheckpoint",
    "History",
    "LambdExtract",
    "NoOutputFromInplace",
    "NodeFinder",
    "PreserveNames",
    "PreserveVariableAttributes",
    "PrintListener",
    "ReplaceValidate",
    "ReplacementDidntRemovedError",
    "Validator",
]


class AlreadyThere(Exception):
    """Raised by a feature's ``on_attach`` when the graph has one that does the same; the graph then leaves it out."""

    __module__ = "theano.gof.toolbox"


class ReplacementDidntRemovedError(Exception):
    """A replacement that was to take variables out of the graph left one in."""

    __module__ = "theano.gof.toolbox"


class Feature:
    """What a feature may define; every method here does nothing."""

    __module__ = "theano.gof.toolbox"

    def on_attach(self, fgraph: Any) -> None:
        """The feature is about to be attached; may hang attributes on ``fgraph`` or raise :class:`AlreadyThere`."""

    def on_detach(self, fgraph: Any) -> None:
        """The feature was taken off: it removes what it hung on ``fgraph``."""

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """``node`` came into the graph; its inputs came before it."""

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """``node`` left the graph."""

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Input ``i`` of ``node`` (output ``i`` of the graph where ``node`` is "output") was ``r`` and is now ``new_r``."""

    def orderings(self, fgraph: Any) -> OrderedDict[Apply, list[Apply]]:
        """Return, for some nodes, others that must be computed before them besides those they read."""
        return OrderedDict()


class Bookkeeper(Feature):
    """A feature that is told of the nodes already there when it is attached, and of their leaving when it is detached."""

    __module__ = "theano.gof.toolbox"

    def on_attach(self, fgraph: Any) -> None:
        """Import every node, inputs first."""
        for node in fgraph.toposort():
            self.on_import(fgraph, node, "on_attach")

    def on_detach(self, fgraph: Any) -> None:
        """Prune every node."""
        for node in fgraph.toposort():
            self.on_prune(fgraph, node, "Bookkeeper.detach")


def _hang(feature: Any, fgraph: Any, **functions: Any) -> None:
    """Give ``fgraph`` the ``functions`` of ``feature``; AlreadyThere if another feature gave it one of that name."""
    taken = sorted(set(functions) & set(vars(fgraph)))
    if taken:
        raise AlreadyThere(f"{type(feature).__name__}: another feature of the graph provides {taken[0]}")
    vars(fgraph).update(functions)


class GetCheckpoint:
    """``fgraph.checkpoint``: returns a number that :meth:`History.revert` takes."""

    __module__ = "theano.gof.toolbox"

    def __init__(self, history: History, fgraph: Any) -> None:
        self.history, self.fgraph = history, fgraph

    def __call__(self) -> int:
        return len(self.history.history[self.fgraph])


class LambdExtract:
    """One change of a graph, undone by calling it."""

    __module__ = "theano.gof.toolbox"

    def __init__(self, fgraph: Any, node: Any, i: int, r: Variable, reason: Any = None) -> None:
        self.fgraph, self.node, self.i, self.r, self.reason = fgraph, node, i, r, reason

    def __call__(self) -> None:
        self.fgraph.change_input(self.node, self.i, self.r, reason=("Revert", self.reason))


class History(Feature):
    """Remembers every change; ``fgraph.checkpoint()`` marks a state, ``fgraph.revert(mark)`` goes back to it."""

    __module__ = "theano.gof.toolbox"

    pickle_rm_attr = ["checkpoint", "revert"]

    def __init__(self) -> None:
        self.history: dict[Any, list[LambdExtract]] = {}
        self._reverting = False

    def on_attach(self, fgraph: Any) -> None:
        """Start to remember."""
        _hang(self, fgraph, checkpoint=GetCheckpoint(self, fgraph), revert=partial(self.revert, fgraph))
        self.history[fgraph] = []

    def unpickle(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions again."""
        fgraph.checkpoint, fgraph.revert = GetCheckpoint(self, fgraph), partial(self.revert, fgraph)
        self.history.setdefault(fgraph, [])

    def on_detach(self, fgraph: Any) -> None:
        """Forget."""
        del fgraph.checkpoint, fgraph.revert, self.history[fgraph]

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Remember what was there before."""
        if not self._reverting:
            self.history[fgraph].append(LambdExtract(fgraph, node, i, r, reason))

    def revert(self, fgraph: Any, checkpoint: int) -> None:
        """Undo the changes made since ``checkpoint``, the latest first."""
        changes = self.history[fgraph]
        self._reverting = True
        try:
            while len(changes) > checkpoint:
                changes.pop()()
        finally:
            self._reverting = False


class Validator(Feature):
    """``fgraph.validate()`` asks every feature that has a ``validate`` method; ``fgraph.consistent()`` says if none refused."""

    __module__ = "theano.gof.toolbox"

    pickle_rm_attr = ["validate", "consistent"]

    def on_attach(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions."""
        _hang(self, fgraph, validate=partial(self.validate_, fgraph), consistent=partial(self.consistent_, fgraph))

    def unpickle(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions again."""
        fgraph.validate, fgraph.consistent = partial(self.validate_, fgraph), partial(self.consistent_, fgraph)

    def on_detach(self, fgraph: Any) -> None:
        """Take them away."""
        del fgraph.validate, fgraph.consistent

    def validate_(self, fgraph: Any) -> None:
        """Let an InconsistencyError of a feature through."""
        fgraph.execute_callbacks("validate")

    def consistent_(self, fgraph: Any) -> bool:
        """Return whether :meth:`validate_` finds nothing."""
        try:
            fgraph.validate()
        except InconsistencyError:
            return False
        return True


class ReplaceValidate(History, Validator):
    """Replacements that are undone when a feature refuses the graph they lead to.

    Gives the graph ``replace_validate``, ``replace_all_validate`` and ``replace_all_validate_remove``.
    """

    __module__ = "theano.gof.toolbox"

    pickle_rm_attr = [
        "replace_validate",
        "replace_all_validate",
        "replace_all_validate_remove",
        *History.pickle_rm_attr,
        *Validator.pickle_rm_attr,
    ]
    _given = ("replace_validate", "replace_all_validate", "replace_all_validate_remove")

    def on_attach(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions."""
        if any(name in vars(fgraph) for name in self.pickle_rm_attr):
            raise AlreadyThere("ReplaceValidate is already present or in conflict with another plugin.")
        History.on_attach(self, fgraph)
        Validator.on_attach(self, fgraph)
        self._give(fgraph)

    def _give(self, fgraph: Any) -> None:
        for name in self._given:
            setattr(fgraph, name, partial(getattr(self, name), fgraph))

    def unpickle(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions again."""
        History.unpickle(self, fgraph)
        Validator.unpickle(self, fgraph)
        self._give(fgraph)

    def on_detach(self, fgraph: Any) -> None:
        """Take them away."""
        History.on_detach(self, fgraph)
        Validator.on_detach(self, fgraph)
        for name in self._given:
            delattr(fgraph, name)

    def replace_validate(self, fgraph: Any, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Replace ``r`` by ``new_r``."""
        self.replace_all_validate(fgraph, [(r, new_r)], reason=reason)

    def replace_all_validate(
        self, fgraph: Any, replacements: Iterable[tuple[Variable, Variable]], reason: Any = None, verbose: Any = None
    ) -> int:
        """Replace each pair; whatever goes wrong is raised with the graph as it was. Returns the checkpoint before."""
        checkpoint: int = fgraph.checkpoint()
        try:
            for r, new_r in replacements:
                fgraph.replace(r, new_r, reason=reason, verbose=False)
            fgraph.validate()
        except Exception as error:
            fgraph.revert(checkpoint)
            if verbose:
                print(f"rewriting: validate failed on {reason}: {error}")
            raise
        if verbose:
            print(f"rewriting: rewrite {reason} replaces {r} with {new_r}")
        return checkpoint

    def replace_all_validate_remove(
        self,
        fgraph: Any,
        replacements: Iterable[tuple[Variable, Variable]],
        remove: Iterable[Apply],
        reason: Any = None,
        warn: bool = True,
    ) -> None:
        """As :meth:`replace_all_validate`, and undo it if a node of ``remove`` is still in the graph.

        Then ReplacementDidntRemovedError is raised, with a warning before unless ``warn`` is False.
        """
        checkpoint = fgraph.replace_all_validate(replacements, reason=reason)
        for node in remove:
            if node in fgraph.apply_nodes:
                fgraph.revert(checkpoint)
                if warn:
                    warnings.warn(
                        f"the rewrite {reason} was undone: it did not take {node} out of the graph", stacklevel=2
                    )
                raise ReplacementDidntRemovedError(f"{reason} left {node} in the graph")

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Nothing; here so that subclasses may call it."""

    def validate(self, fgraph: Any) -> None:
        """Refuse nothing."""

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        state.pop("history", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.history = {}


class NodeFinder(Bookkeeper):
    """Knows the nodes of each op; ``fgraph.get_nodes(op)`` returns them."""

    __module__ = "theano.gof.toolbox"

    def __init__(self) -> None:
        self.fgraph: Any = None
        self.d: dict[Any, list[Apply]] = {}

    def on_attach(self, fgraph: Any) -> None:
        """Give ``fgraph`` its function; a finder serves one graph."""
        if self.fgraph is not None:
            raise Exception("A NodeFinder instance can only serve one FunctionGraph.")
        _hang(self, fgraph, get_nodes=partial(self.query, fgraph))
        self.fgraph = fgraph
        Bookkeeper.on_attach(self, fgraph)

    def on_detach(self, fgraph: Any) -> None:
        """Take it away; ValueError if the finder is attached elsewhere."""
        if self.fgraph is not fgraph:
            raise Exception("This NodeFinder instance was not attached to the provided fgraph.")
        self.fgraph, self.d = None, {}
        del fgraph.get_nodes

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Note the node."""
        try:
            self.d.setdefault(node.op, []).append(node)
        except TypeError:  # an op that cannot be hashed cannot be looked up
            return

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Strike the node off."""
        try:
            nodes = self.d[node.op]
        except TypeError:
            return
        nodes.remove(node)
        if not nodes:
            del self.d[node.op]

    def query(self, fgraph: Any, op: Any) -> list[Apply]:
        """Return the nodes of ``op``; TypeError for an op that cannot be hashed."""
        try:
            return list(self.d.get(op, []))
        except TypeError:
            raise TypeError(f"{op} in unhashable and cannot be queried by the optimizer") from None


class PrintListener(Feature):
    """Prints what happens to the graph, to standard output."""

    __module__ = "theano.gof.toolbox"

    def __init__(self, active: bool = True) -> None:
        self.active = active

    def _say(self, text: str) -> None:
        if self.active:
            print(text, file=sys.stdout)

    def on_attach(self, fgraph: Any) -> None:
        """Say so."""
        self._say(f"-- attaching to: {fgraph}")

    def on_detach(self, fgraph: Any) -> None:
        """Say so."""
        self._say(f"-- detaching from: {fgraph}")

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Say so."""
        self._say(f"-- importing: {node}, reason: {reason}")

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Say so."""
        self._say(f"-- pruning: {node}, reason: {reason}")

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Say so."""
        self._say(f"-- changing ({node}.inputs[{i}]) from {r} to {new_r}")


class PreserveNames(Feature):
    """Gives a replacement without a name the name of what it replaces."""

    __module__ = "theano.gof.toolbox"

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Copy the name."""
        if r.name is not None and new_r.name is None:
            new_r.name = r.name


class PreserveVariableAttributes(Feature):
    """As :class:`PreserveNames`, and for two tags: ``nan_guard_mode_check`` and the target of a computation."""

    __module__ = "theano.gof.toolbox"

    def on_change_input(self, fgraph: Any, node: Any, i: int, r: Variable, new_r: Variable, reason: Any = None) -> None:
        """Copy name and tag."""
        if r.name is not None and new_r.name is None:
            new_r.name = r.name
        check = getattr(r.tag, "nan_guard_mode_check", None)
        if check is not None and getattr(new_r.tag, "nan_guard_mode_check", None) is None:
            vars(new_r.tag)["nan_guard_mode_check"] = check


class NoOutputFromInplace(Feature):
    """Refuses graphs in which an output (``first_output_idx`` up to ``last_output_idx``) overwrites an input of its node."""

    __module__ = "theano.gof.toolbox"

    def __init__(self, first_output_idx: int = 0, last_output_idx: int | None = None) -> None:
        self.first_idx, self.last_idx = first_output_idx, last_output_idx

    def validate(self, fgraph: Any) -> bool:
        """InconsistencyError where an output is computed in place."""
        for output in fgraph.outputs[self.first_idx : self.last_idx]:
            node = output.owner
            if node is not None and output.index in getattr(node.op, "destroy_map", {}):
                raise InconsistencyError(
                    f"An output of the graph is computed in place, which NoOutputFromInplace forbids: output {output.index} "
                    f"of {node} overwrites one of its inputs"
                )
        return True
