"""A graph between given inputs and outputs that may be rewritten in place, and knows who reads each variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from theon.errors import BadReplacement, InconsistencyError, MissingInputError, message
from theon.graph.features import AlreadyThere
from theon.graph.traverse import clone_get_equiv, io_toposort
from theon.graph.type import NullType
from theon.graph.variable import Apply, Constant, Variable

__all__ = ["FunctionGraph"]


class FunctionGraph:
    """The graph between ``inputs`` and ``outputs``, by default a copy of the user's.

    ``clients(v)`` lists the readers of a variable as pairs (node or "output", position). :meth:`replace` makes all
    readers of one variable read another. MissingInputError if the outputs need a variable that is neither given
    nor constant nor shared.
    """

    __module__ = "theano.gof.fg"

    fused = True  # whether elementwise ops may share a loop
    rewriter: Any = None  # the optimizer at work

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        features: Iterable[Any] | None = None,
        clone: bool = True,
        update_mapping: dict[int, int] | None = None,
    ) -> None:
        self.equiv: dict[Any, Any] = {}
        if clone:
            self.equiv = clone_get_equiv(inputs, outputs)
            inputs = [self.equiv[v] for v in inputs]
            outputs = [self.equiv[v] for v in outputs]
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.apply_nodes: set[Apply] = set()
        self.variables: set[Variable] = set()
        self.update_mapping = update_mapping
        self._features: list[Any] = []
        self._clients: dict[Variable, list[tuple[Any, int]]] = {}
        self.dimensions: dict[Any, Any] = {}  # what rewriting found of sizes: (variable, place) -> where they come from
        self._order: tuple[Any, list[Apply]] | None = None
        self.merged: int | None = None  # the count of changes at which equal nodes were last looked for
        self.changes = 0  # how many readers were given another variable
        self.imported: list[Apply] | None = None  # nodes that came in, while somebody listens
        self.kinds: set[type] = set()  # the classes of the ops that are or were in the graph
        self._ops: dict[int, tuple[Any, Any]] = {}
        self._same_ops: dict[Any, Any] = {}
        self._input_set = set(self.inputs)
        for variable in self.inputs:
            self._add_variable(variable)
        for place, variable in enumerate(self.outputs):
            self._import(variable, "graph output")
            self._clients[variable].append(("output", place))
        for feature in features or ():
            self.attach_feature(feature)

    def clients(self, variable: Variable) -> list[tuple[Any, int]]:
        """Return the readers of ``variable``: pairs of a node or "output", and a position."""
        return self._clients.get(variable, [])

    def has_ops(self, *classes: type) -> bool:
        """Whether nodes of these classes of ops are, or were, in the graph: where none is, there is no need to look for them."""
        return any(issubclass(kind, classes) for kind in self.kinds)

    def same_op(self, op: Any) -> Any:
        """Return the first op asked for that is equal to ``op``. TypeError for one that cannot be hashed."""
        found = self._ops.get(id(op))  # to hash an op takes longer than to find out that it was seen
        if found is None:
            found = self._ops[id(op)] = op, self._same_ops.setdefault(op, op)
        return found[1]

    def _add_variable(self, variable: Variable) -> None:
        self.variables.add(variable)
        variable.fgraph = self
        self._clients.setdefault(variable, [])

    def _import(self, root: Variable, reason: Any) -> None:
        if root in self.variables:
            return
        for node in io_toposort(self.variables, [root]):
            if node in self.apply_nodes:
                continue
            for variable in node.inputs:
                if variable not in self.variables:
                    self._add_leaf(variable, node)
            self.apply_nodes.add(node)
            self.kinds.add(type(node.op))
            node.fgraph = self
            if self.imported is not None:
                self.imported.append(node)
            for variable in node.outputs:
                self._add_variable(variable)
            for place, variable in enumerate(node.inputs):
                self._clients[variable].append((node, place))
            self._tell("on_import", node, reason)
        if root not in self.variables:
            self._add_leaf(root, None)

    def _add_leaf(self, variable: Variable, node: Apply | None) -> None:
        if (
            not isinstance(variable, Constant)
            and not hasattr(variable, "container")
            and variable not in self._input_set
        ):
            if getattr(variable, "is_type_singleton", False):
                return
            if isinstance(variable.type, NullType):
                raise TypeError(f"Computation graph contains a NaN. {variable.type.why_null}")
            raise MissingInputError(
                message(
                    f"Input {variable} of the graph ({'used by ' + str(node) if node else 'an output'}) was not provided and not "
                    "given a value. Use the Theano flag exception_verbosity='high' for more information on this error.",
                    [variable],
                ),
                variable=variable,
            )
        self._add_variable(variable)

    def replace(self, var: Variable, new_var: Variable, reason: Any = None, verbose: bool | None = None) -> None:
        """Make every reader of ``var`` read ``new_var``; BadReplacement if the types do not fit.

        ``var`` not in the graph, or equal to ``new_var``, does nothing. Nodes nobody reads any more leave the graph.
        """
        if var is new_var or var not in self.variables:
            return
        if new_var.type != var.type:
            converted = var.type.convert_variable(new_var)
            if converted is None:
                raise BadReplacement(
                    message(
                        f"replace ({reason}): the replacement has another type: {new_var.type}, not {var.type}",
                        [var, new_var],
                    )
                )
            new_var = converted
        readers = list(self._clients[var])
        if not readers:
            return  # what nobody reads needs no replacement, which would stay in the graph for ever
        self.changes += len(readers)
        self._import(new_var, reason)
        for reader, place in readers:
            if reader == "output":
                self.outputs[place] = new_var
            else:
                reader.inputs[place] = new_var
            self._clients[new_var].append((reader, place))
            self._tell("on_change_input", reader, place, var, new_var, reason)
        # The new variable may itself be computed from the old one, and so have added a reader.
        self._clients[var] = self._clients[var][len(readers) :]
        self._prune(var)

    def change_input(self, node: Any, i: int, new_var: Variable, reason: Any = None) -> None:
        """Make input (or output) ``i`` of ``node`` (or "output") read ``new_var``."""
        old = self.outputs[i] if node == "output" else node.inputs[i]
        if old is new_var:
            return
        if new_var.type != old.type:
            raise TypeError(
                message("The type of the replacement must be the same as the type of the original", [old, new_var])
            )
        self.changes += 1
        self._import(new_var, reason)
        if node == "output":
            self.outputs[i] = new_var
        else:
            node.inputs[i] = new_var
        self._clients[new_var].append((node, i))
        self._clients[old].remove((node, i))
        self._tell("on_change_input", node, i, old, new_var, reason)
        self._prune(old)

    def replace_all(self, pairs: Iterable[tuple[Variable, Variable]], reason: Any = None) -> None:
        """Do several replacements."""
        for old, new in pairs:
            self.replace(old, new, reason=reason)

    def replace_validate(self, var: Variable, new_var: Variable, reason: Any = None) -> None:
        """Replace, and undo it if the graph would be inconsistent."""
        self.replace_all_validate([(var, new_var)], reason)

    def replace_all_validate(
        self, pairs: Iterable[tuple[Variable, Variable]], reason: Any = None, verbose: Any = None
    ) -> None:
        """Do several replacements; InconsistencyError, with the graph as before, if a feature refuses the result."""
        done = []
        try:
            for old, new in pairs:
                self.replace(old, new, reason=reason)
                done.append((old, new))
            self._tell("validate")
        except InconsistencyError:
            for old, new in reversed(done):
                self.replace(new, old, reason="undo")
            raise

    def _prune(self, variable: Variable) -> None:
        pending = [variable]
        while pending:
            unread = pending.pop()
            if self._clients.get(unread) or unread in self._input_set:
                continue
            node = unread.owner
            if node is None:
                self.variables.discard(unread)
                self._clients.pop(unread, None)
                continue
            if node not in self.apply_nodes or any(self._clients.get(v) for v in node.outputs):
                continue
            self.apply_nodes.discard(node)
            self._tell("on_prune", node, "prune")
            for output in node.outputs:
                self.variables.discard(output)
                self._clients.pop(output, None)
            for place, operand in enumerate(node.inputs):
                readers = self._clients.get(operand)
                if readers is not None:
                    readers.remove((node, place))
                    if not readers:
                        pending.append(operand)

    def orderings(self) -> dict[Apply, list[Apply]]:
        """Return what features want: for some nodes, those that must come before them besides those they need."""
        found: dict[Apply, list[Apply]] = {}
        for feature in self._features:
            order = getattr(feature, "orderings", None)
            if order is not None:
                for node, before in order(self).items():
                    known = found.setdefault(node, [])
                    known.extend(b for b in before if b not in known)
        return found

    def toposort(self) -> list[Apply]:
        """Return the nodes, each after those it needs and those that :meth:`orderings` wants before it.

        ValueError where features want what cannot be.
        """
        state = (self.changes, len(self.apply_nodes))
        if self._order is None or self._order[0] != state:
            self._order = state, io_toposort(self._input_set, self.outputs)
        order = list(self._order[1])
        wanted = self.orderings() if self._features else None
        if not wanted:
            return order
        needs = {
            node: [*(v.owner for v in node.inputs if v.owner in self.apply_nodes), *wanted.get(node, ())]
            for node in order
        }
        done: dict[Apply, None] = {}
        opened: set[Apply] = set()
        for root in order:
            stack = [root]
            while stack:
                node = stack[-1]
                if node in done:
                    stack.pop()
                    continue
                left = [n for n in needs[node] if n not in done]
                if not left:
                    done[stack.pop()] = None
                elif node in opened:
                    raise ValueError("graph contains cycles")
                else:
                    opened.add(node)
                    stack.extend(reversed(left))
        return list(done)

    def attach_feature(self, feature: Any) -> None:
        """Let ``feature`` hear of changes (on_attach, on_import, on_prune, on_change_input).

        One that is attached already, or whose ``on_attach`` raises AlreadyThere, is left out.
        """
        if feature in self._features:
            return
        attach = getattr(feature, "on_attach", None)
        if attach is not None:
            try:
                attach(self)
            except AlreadyThere:
                return
        self._features.append(feature)

    def remove_feature(self, feature: Any) -> None:
        """Stop telling ``feature``."""
        if feature in self._features:
            self._features.remove(feature)
            detach = getattr(feature, "on_detach", None)
            if detach is not None:
                detach(self)

    def execute_callbacks(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Call method ``name`` of each feature that has it, with the graph and ``args``."""
        for feature in self._features:
            method = getattr(feature, name, None)
            if method is not None:
                method(self, *args, **kwargs)

    def collect_callbacks(self, name: str, *args: Any) -> dict[Any, Any]:
        """Return what method ``name`` of each feature that has it returns, by feature."""
        return {f: getattr(f, name)(self, *args) for f in self._features if hasattr(f, name)}

    def add_input(self, input: Variable) -> None:
        """Make a variable an input of the graph."""
        if input not in self._input_set:
            self.inputs.append(input)
            self._input_set.add(input)
            self._add_variable(input)

    def disown(self) -> None:
        """Take every feature off and empty the graph."""
        for feature in list(self._features):
            self.remove_feature(feature)
        self.apply_nodes, self.variables, self._clients = set(), set(), {}
        self.inputs, self.outputs, self._input_set = [], [], set()

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self) | {"_ops": {}, "_same_ops": {}}  # by ids, which are others where the pickle is read
        for feature in self._features:
            for name in getattr(feature, "pickle_rm_attr", ()):
                state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        for feature in self._features:
            give = getattr(feature, "unpickle", None)
            if give is not None:
                give(self)

    def _tell(self, event: str, *args: Any) -> None:
        for feature in self._features:
            method = getattr(feature, event, None)
            if method is not None:
                method(self, *args)

    def check_integrity(self) -> None:
        """Raise Exception if the books do not agree with the graph."""
        nodes = set(io_toposort(self._input_set, self.outputs))
        if nodes != self.apply_nodes:
            raise Exception(f"The nodes of the graph are not those on the books: {nodes ^ self.apply_nodes}")
        readers: dict[Variable, set[tuple[Any, int]]] = {}
        for node in nodes:
            for place, variable in enumerate(node.inputs):
                readers.setdefault(variable, set()).add((node, place))
        for place, variable in enumerate(self.outputs):
            readers.setdefault(variable, set()).add(("output", place))
        for variable in self.variables:
            if set(self._clients.get(variable, ())) != readers.get(variable, set()):
                raise Exception(f"The readers of {variable} are not those on the books")

    def clone(self, check_integrity: bool = True) -> FunctionGraph:
        """Return a copy."""
        return self.clone_get_equiv(check_integrity)[0]

    def clone_get_equiv(
        self, check_integrity: bool = True, attach_feature: bool = True
    ) -> tuple[FunctionGraph, dict[Any, Any]]:
        """Return a copy and the dict from old variables and nodes to new ones."""
        equiv = clone_get_equiv(self.inputs, self.outputs)
        copy = FunctionGraph([equiv[v] for v in self.inputs], [equiv[v] for v in self.outputs], clone=False)
        copy.update_mapping = self.update_mapping
        if attach_feature:
            for feature in self._features:
                copy.attach_feature(feature)
        return copy, equiv

    def __str__(self) -> str:
        from theon.graph.inspect import as_string

        return f"[{', '.join(as_string(self.inputs, self.outputs))}]"

    def __repr__(self) -> str:
        return str(self)
