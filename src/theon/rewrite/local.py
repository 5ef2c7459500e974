"""Local optimizers: functions of one node that return what may stand in its place.

>>> from theon.ops.explog import exp, log
>>> @local_optimizer([log])
... def log_of_exp(node):
...     inner = node.inputs[0].owner
...     return [inner.inputs[0]] if inner is not None and inner.op == exp else False
>>> log_of_exp.tracks()
[Elemwise{log,no_inplace}]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from theon.errors import MethodNotDefined
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Variable
from theon.ops.declare import Elemwise

__all__ = [
    "FromFunctionLocalOptimizer",
    "GraphToGPULocalOptGroup",
    "LocalMetaOptimizer",
    "LocalMetaOptimizerSkipAssertionError",
    "LocalOptGroup",
    "LocalOptimizer",
    "OpRemove",
    "OpSub",
    "key_of",
    "keys_of",
    "local_optimizer",
    "matches",
]


def key_of(op: Any) -> Any:
    """What local optimizers are found by: the name of an elementwise op, else the class of the op."""
    return op.scalar_op.kind if type(op) is Elemwise else type(op)


def matches(op: Any, tracked: Any) -> bool:
    """Whether a node of ``op`` is one that ``tracked`` (an op, a class of ops, None: any) means."""
    if tracked is None:
        return True
    if isinstance(tracked, str):
        return isinstance(op, Elemwise) and op.scalar_op.kind == tracked
    return isinstance(op, tracked) if isinstance(tracked, type) else bool(op == tracked)


def keys_of(tracked: Any) -> Any:
    """The key under which ``tracked`` is filed; None for what matches several (a class, any op)."""
    if isinstance(tracked, str):
        return tracked
    return None if tracked is None or isinstance(tracked, type) else key_of(tracked)


class LocalOptimizer:
    """What rewrites one node.

    ``transform(node)`` returns False for nothing, or a list of variables in place of the node's outputs, or a dict
    from variables of the graph to replacements (with the key "remove", a list of variables that must leave the graph).
    ``tracks()`` returns the ops, or classes of ops, whose nodes are worth a look; None for all.
    """

    __module__ = "theano.gof.opt"

    name: str | None = None

    def tracks(self) -> Any:
        """Return the ops or classes of ops to look at; None for all."""
        return None

    def transform(self, node: Apply) -> Any:
        """Return False or replacements."""
        raise MethodNotDefined("transform", type(self), type(self).__name__)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach features to ``fgraph``; by default none."""

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line that names this optimizer."""
        print(f"{' ' * level}{type(self).__name__} id={id(self)} {self}", file=stream or sys.stdout)


class FromFunctionLocalOptimizer(LocalOptimizer):
    """A local optimizer whose :meth:`transform` is a function of the node."""

    __module__ = "theano.gof.opt"

    def __init__(
        self, fn: Callable[..., Any], tracks: Any = None, requirements: Iterable[Callable[[Any], None]] = ()
    ) -> None:
        self.fn, self._tracks, self.requirements = fn, tracks, tuple(requirements)
        self.__name__ = self.name = getattr(fn, "__name__", type(fn).__name__)
        self.__doc__ = fn.__doc__ or "<no documentation>"

    def transform(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.fn(*args, **kwargs)

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Call each requirement with the graph."""
        for requirement in self.requirements:
            requirement(fgraph)

    def tracks(self) -> Any:
        """Return the ops given to the decorator."""
        return self._tracks

    def __str__(self) -> str:
        return self.__name__

    __repr__ = __str__


def local_optimizer(
    tracks: Any, inplace: bool = False, requirements: Iterable[Callable[[Any], None]] = ()
) -> Callable[[Callable[..., Any]], FromFunctionLocalOptimizer]:
    """Return a decorator that makes a local optimizer of a function of a node.

    ``tracks`` is a list of ops and classes of ops, or None for all nodes; ValueError for an empty list, TypeError where it is
    no list. ``inplace`` says that the function puts in ops that overwrite their inputs.
    """
    if tracks is not None:
        if not isinstance(tracks, list | tuple | set | frozenset):
            raise TypeError("local_optimizer takes a list of ops or op classes", tracks)
        if not tracks:
            raise ValueError("Use None instead of an empty list as an optimization's tracks", tracks)
        for t in tracks:
            if not (isinstance(t, Op | str) or (isinstance(t, type) and issubclass(t, Op))):
                raise ValueError("Tracks must be op classes or op instances", t)

    def decorator(f: Callable[..., Any]) -> FromFunctionLocalOptimizer:
        return FromFunctionLocalOptimizer(f, tracks, requirements)

    return decorator


class LocalOptGroup(LocalOptimizer):
    """Local optimizers tried in turn on a node, the first that finds something wins; with ``apply_all_opts`` each is applied
    to the result of those before."""

    __module__ = "theano.gof.opt"

    def __init__(self, *optimizers: Any, **kwargs: Any) -> None:
        if len(optimizers) == 1 and isinstance(optimizers[0], list | tuple):
            optimizers = tuple(optimizers[0])
        self.opts = list(optimizers)
        self.apply_all_opts = kwargs.pop("apply_all_opts", False)
        self.profile = kwargs.pop("profile", False)
        self.reentrant = any(getattr(opt, "reentrant", True) for opt in optimizers)
        self.retains_inputs = all(getattr(opt, "retains_inputs", False) for opt in optimizers)

    def tracks(self) -> Any:
        """Return what any of them tracks; None where one looks at all nodes."""
        found: list[Any] = []
        for opt in self.opts:
            tracked = opt.tracks()
            if tracked is None:
                return None
            found.extend(tracked)
        return found

    def transform(self, node: Apply) -> Any:
        """Return the replacements of the first that has some, or False."""
        if not self.opts:
            return False
        change = None
        while True:
            found = None
            for opt in self.opts:
                tracked = opt.tracks()
                if tracked is not None and not any(matches(node.op, t) for t in tracked):
                    continue
                found = opt.transform(node)
                if found is not None and found is not False:
                    break
            if found is None or found is False:
                return change or False
            change = found if isinstance(found, list | tuple | dict) else [found]
            if not self.apply_all_opts or isinstance(change, dict):
                return change
            nodes = {v.owner for v in change if v is not None}
            if len(nodes) != 1 or None in nodes or node in nodes:
                return change
            (node,) = nodes  # type: ignore[assignment]

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        """Attach what each of them needs."""
        for opt in self.opts:
            opt.add_requirements(fgraph)

    def __str__(self) -> str:
        return f"LocalOptGroup({','.join(map(str, self.opts))})"

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line for this and, down to ``depth`` (-1: all), for each optimizer."""
        super().print_summary(stream, level, depth)
        if depth:
            for opt in self.opts:
                opt.print_summary(stream, level + 2, depth - 1)


class GraphToGPULocalOptGroup(LocalOptGroup):
    """The group that Theano used to move graphs to its GPU; here a group like any other."""

    __module__ = "theano.gof.opt"


class OpSub(LocalOptimizer):
    """Replaces each node of ``op1`` by one of ``op2`` with the same inputs; ``transfer_tags`` copies what hangs on the outputs."""

    __module__ = "theano.gof.opt"
    reentrant = False
    retains_inputs = True

    def __init__(self, op1: Op, op2: Op, transfer_tags: bool = True) -> None:
        self.op1, self.op2, self.transfer_tags = op1, op2, transfer_tags

    def op_key(self) -> Any:
        """Return the op that is replaced."""
        return self.op1

    def tracks(self) -> list[Any]:
        """Return the op that is replaced."""
        return [self.op1]

    def transform(self, node: Apply) -> Any:
        """Return the outputs of the new node."""
        if node.op != self.op1:
            return False
        new = self.op2.make_node(*node.inputs)
        if self.transfer_tags:
            new.tag.__dict__.update(node.tag.__dict__)
            for old, output in zip(node.outputs, new.outputs):
                output.tag.__dict__.update(old.tag.__dict__)
        return new.outputs

    def __str__(self) -> str:
        return f"{self.op1} -> {self.op2}"


class OpRemove(LocalOptimizer):
    """Removes each node of ``op``, which has as many outputs as inputs: the inputs stand for the outputs."""

    __module__ = "theano.gof.opt"
    reentrant = False

    def __init__(self, op: Op) -> None:
        self.op = op

    def op_key(self) -> Any:
        """Return the op."""
        return self.op

    def tracks(self) -> list[Any]:
        """Return the op."""
        return [self.op]

    def transform(self, node: Apply) -> Any:
        """Return the inputs. ValueError where their number is not that of the outputs."""
        if node.op != self.op:
            return False
        if len(node.inputs) != len(node.outputs):
            raise ValueError("A node can be removed only if its number of inputs is that of its outputs", node)
        return list(node.inputs)

    def __str__(self) -> str:
        return f"{self.op}(x) -> x"


class LocalMetaOptimizerSkipAssertionError(AssertionError):
    """Raised inside a meta-optimizer's candidate to say that it does not apply."""

    __module__ = "theano.gof.opt"


class LocalMetaOptimizer(LocalOptimizer):
    """Tries several local optimizers on a node, runs what each gives on the test values of its inputs and keeps the quickest.

    Subclasses give ``provide_inputs(node, inputs)``: a dict from input variables to values (those with test values need none).
    """

    __module__ = "theano.gof.opt"

    def __init__(self) -> None:
        self.verbose = 0
        self.track_dict: dict[Any, list[Any]] = {}
        self.tag_dict: dict[str, list[Any]] = {}
        self._tracks: list[Any] = []
        self.optimizers: list[LocalOptimizer] = []

    def register(self, optimizer: LocalOptimizer, tag_list: Sequence[str] = ()) -> None:
        """Add a candidate."""
        self.optimizers.append(optimizer)
        for tracked in optimizer.tracks() or ():
            self.track_dict.setdefault(tracked, []).append(optimizer)
            self._tracks.append(tracked)
        for tag in tag_list:
            self.tag_dict.setdefault(tag, []).append(optimizer)

    def tracks(self) -> Any:
        """Return what the candidates track."""
        return self._tracks

    def provide_inputs(self, node: Apply, inputs: Sequence[Variable]) -> dict[Variable, Any]:
        """Return values for those ``inputs`` that have no test value."""
        raise MethodNotDefined("provide_inputs", type(self), type(self).__name__)

    def get_opts(self, node: Apply) -> list[Any]:
        """Return the candidates for ``node``."""
        return [opt for opt in self.optimizers if any(matches(node.op, t) for t in opt.tracks() or (None,))]

    def transform(self, node: Apply) -> Any:
        """Return the outputs of the quickest candidate, or False if there is none."""
        candidates = self.get_opts(node)
        if not candidates:
            return False
        values: dict[Variable, Any] = {}
        missing = []
        for v in node.inputs:
            found = getattr(v, "data", getattr(v.tag, "test_value", None))
            if found is None:
                missing.append(v)
            else:
                values[v] = found
        if missing:
            values.update(self.provide_inputs(node, missing))
        best: tuple[float, Any] | None = None
        for opt in candidates:
            try:
                outputs = opt.transform(node)
            except LocalMetaOptimizerSkipAssertionError:
                continue
            if not outputs:
                continue
            seconds = self.time_call(outputs, values)
            if best is None or seconds < best[0]:
                best = seconds, outputs
        return False if best is None else best[1]

    def time_call(self, outputs: Sequence[Variable], values: dict[Variable, Any]) -> float:
        """Return the seconds that computing ``outputs`` takes from ``values``."""
        import time

        known = dict(values)
        start = time.perf_counter()
        for node in io_toposort(list(known), outputs):
            storage: list[list[Any]] = [[None] for _ in node.outputs]
            node.op.perform(node, [known.get(v, getattr(v, "data", None)) for v in node.inputs], storage)
            for v, cell in zip(node.outputs, storage):
                known[v] = cell[0]
        return time.perf_counter() - start
