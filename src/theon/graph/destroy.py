"""What overwrites what: a feature that refuses graphs in which a value is read after it was overwritten."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from theon.errors import InconsistencyError
from theon.graph.features import Bookkeeper, Feature, _hang
from theon.graph.variable import Apply, Constant, Variable

__all__ = ["DestroyHandler", "ProtocolError", "Supervisor", "fast_inplace_check"]


class ProtocolError(Exception):
    """An op's ``view_map`` or ``destroy_map`` says what cannot be."""

    __module__ = "theano.gof.destroyhandler"


def _map(node: Apply, name: str) -> dict[int, list[int]]:
    return getattr(node.op, name, None) or {}


class DestroyHandler(Bookkeeper):
    """Refuses graphs in which a variable is overwritten by two nodes, or read after it was overwritten, or indestructible.

    Ops say by ``destroy_map`` which inputs they overwrite and by ``view_map`` which their outputs alias; memory is that of
    the variable at the root of such a chain. Gives the graph ``destroyers(v)``, the nodes that overwrite the memory of
    ``v``, ``has_destroyers(v)``, and the order that readers come before the overwriting node.
    """

    __module__ = "theano.gof.destroyhandler"

    pickle_rm_attr = ["destroyers", "has_destroyers", "destroy_handler"]

    def __init__(self, do_imports_on_attach: bool = True, algo: str | None = None) -> None:
        self.fgraph: Any = None
        self.do_imports_on_attach, self.algo = do_imports_on_attach, algo
        self._nodes: dict[Apply, None] = {}  # those that overwrite something

    def on_attach(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions; ValueError where the handler serves another graph."""
        if self.fgraph is not None and self.fgraph is not fgraph:
            raise Exception("A DestroyHandler instance can only serve one FunctionGraph.")
        _hang(
            self,
            fgraph,
            destroyers=partial(self.destroyers_of, fgraph),
            has_destroyers=partial(self.has_destroyers_of, fgraph),
            destroy_handler=self,
        )
        self.fgraph = fgraph
        self._nodes = {}
        if self.do_imports_on_attach:
            Bookkeeper.on_attach(self, fgraph)

    def unpickle(self, fgraph: Any) -> None:
        """Give ``fgraph`` its functions again."""
        fgraph.destroyers = partial(self.destroyers_of, fgraph)
        fgraph.has_destroyers = partial(self.has_destroyers_of, fgraph)
        fgraph.destroy_handler = self

    def on_detach(self, fgraph: Any) -> None:
        """Take them away."""
        if self.fgraph is not fgraph:
            raise Exception("detaching wrong fgraph", fgraph)
        del fgraph.destroyers, fgraph.has_destroyers, fgraph.destroy_handler
        self.fgraph, self._nodes = None, {}

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Note a node that overwrites; ProtocolError where its maps name inputs or outputs that it has not."""
        for name in ("destroy_map", "view_map"):
            for output, inputs in _map(node, name).items():
                wrong = [i for i in inputs if not 0 <= i < len(node.inputs)]
                if wrong or not 0 <= output < len(node.outputs):
                    raise ProtocolError(
                        f"{node.op}: its {name} is {_map(node, name)}, but it has {len(node.inputs)} inputs"
                    )
        if _map(node, "destroy_map"):
            self._nodes[node] = None

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        """Strike it off."""
        self._nodes.pop(node, None)

    # --- roots and readers ---

    @staticmethod
    def root_of(variable: Variable) -> Variable:
        """Return the variable whose memory ``variable`` is a view of, itself where it has memory of its own."""
        while variable.owner is not None:
            viewed = _map(variable.owner, "view_map").get(variable.index or 0, [])
            if not viewed:
                break
            variable = variable.owner.inputs[viewed[0]]
        return variable

    def _aliases(self, fgraph: Any, root: Variable) -> list[Variable]:
        """``root`` and every variable of the graph that is a view of it."""
        found, pending = [root], [root]
        while pending:
            for node, place in fgraph.clients(pending.pop()):
                if node == "output":
                    continue
                for output, inputs in _map(node, "view_map").items():
                    if place in inputs:
                        found.append(node.outputs[output])
                        pending.append(node.outputs[output])
        return found

    def _destroyed(self, node: Apply) -> list[int]:
        return sorted({i for inputs in _map(node, "destroy_map").values() for i in inputs})

    def _destroyers(self) -> dict[Variable, list[Apply]]:
        """Roots that are overwritten, with the nodes that do."""
        found: dict[Variable, list[Apply]] = {}
        for node in self._nodes:
            for i in self._destroyed(node):
                nodes = found.setdefault(self.root_of(node.inputs[i]), [])
                if node not in nodes:
                    nodes.append(node)
        return found

    def destroyers_of(self, fgraph: Any, r: Variable) -> list[Apply]:
        """Return the nodes that overwrite the memory of ``r``."""
        return self._destroyers().get(self.root_of(r), [])

    def has_destroyers_of(self, fgraph: Any, protected_list: Any) -> bool:
        """Whether the memory of a variable in the list is overwritten."""
        found = self._destroyers()
        return any(self.root_of(r) in found for r in protected_list)

    # --- what the graph asks ---

    def validate(self, fgraph: Any) -> bool:
        """InconsistencyError where a value would be lost while it is still wanted."""
        for root, nodes in self._destroyers().items():
            if len(nodes) > 1:
                raise InconsistencyError(f"Multiple destroyers of {root}: {', '.join(map(str, nodes))}")
            if isinstance(root, Constant) or getattr(root.tag, "indestructible", False):
                raise InconsistencyError(
                    f"Attempting to destroy indestructible variables: {root}, overwritten by {nodes[0]}"
                )
            for alias in self._aliases(fgraph, root):
                if any(node == "output" for node, _ in fgraph.clients(alias)):
                    raise InconsistencyError(
                        f"{alias} is an output of the graph, but {nodes[0]} overwrites the memory of {root} that it is in"
                    )
        try:
            fgraph.toposort()  # keeps to orderings()
        except ValueError:
            raise InconsistencyError(
                "Dependency graph contains cycles: a reader needs what overwrites its input"
            ) from None
        return True

    def orderings(self, fgraph: Any) -> OrderedDict[Apply, list[Apply]]:
        """Every reader of overwritten memory comes before the node that overwrites it."""
        found: OrderedDict[Apply, list[Apply]] = OrderedDict()
        for root, nodes in self._destroyers().items():
            for destroyer in nodes:
                before = found.setdefault(destroyer, [])
                destroyed = self._destroyed(destroyer)
                for alias in self._aliases(fgraph, root):
                    for reader, place in fgraph.clients(alias):
                        if reader == "output" or reader in before:
                            continue
                        if reader is not destroyer:
                            before.append(reader)
                        elif place not in destroyed and not self._tolerates(destroyer, destroyed, place, alias):
                            raise InconsistencyError(
                                f"{destroyer} overwrites its input {destroyed} and reads it as input {place}"
                            )
        return found

    @staticmethod
    def _tolerates(node: Apply, destroyed: list[int], place: int, alias: Variable) -> bool:
        """Whether the op says that it may be given the same memory in both places."""
        same = getattr(node.op, "destroyhandler_tolerate_same", ())
        aliased = getattr(node.op, "destroyhandler_tolerate_aliased", ())
        return any((d, place) in aliased or ((d, place) in same and node.inputs[d] is alias) for d in destroyed)


class Supervisor(Feature):
    """Refuses graphs in which a ``protected`` variable is overwritten; wants a :class:`DestroyHandler` beside it."""

    __module__ = "theano.compile.function_module"

    def __init__(self, protected: Any) -> None:
        self.protected = list(protected)

    def validate(self, fgraph: Any) -> bool:
        """InconsistencyError for a protected variable that a node overwrites."""
        if not hasattr(fgraph, "destroyers"):
            return True
        for r in self.protected:
            if fgraph.destroyers(r):
                raise InconsistencyError(f"Trying to destroy a protected Variable: {r}")
        return True


def fast_inplace_check(inputs: Any) -> list[Variable]:
    """Return those of ``inputs`` (of one graph) that may be overwritten: no constants, nothing protected or overwritten yet."""
    inputs = list(inputs)
    if not inputs:
        return []
    fgraph = inputs[0].fgraph
    protected = {v for feature in fgraph._features if isinstance(feature, Supervisor) for v in feature.protected}
    protected.update(fgraph.outputs)
    return [i for i in inputs if not isinstance(i, Constant) and not fgraph.has_destroyers([i]) and i not in protected]
