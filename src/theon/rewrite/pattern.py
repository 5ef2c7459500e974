"""Local optimizers written as patterns: a graph to find and the graph to put in its place.

>>> from theon.ops.arith import add, mul
>>> twice = PatternSub((add, "x", "x"), (mul, 2, "x"), name="twice")
>>> str(twice)
'twice'
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply, Constant, Variable
from theon.rewrite import unify
from theon.rewrite.local import LocalOptimizer
from theon.rewrite.trace import copy_stack_trace
from theon.tensor.constant import constant

__all__ = ["PatternSub"]


class PatternSub(LocalOptimizer):
    """Replaces what fits ``in_pattern`` by what ``out_pattern`` makes of it.

    A pattern is one of

    * ``(op, pattern, pattern ...)``: the op applied to what fits;
    * a string: anything, the same wherever the string stands again;
    * a number, or a Constant: a constant all of whose elements are that number, or that constant;
    * ``{"pattern": pattern, "constraint": function}``: what fits and for which the function is true;
    * in ``out_pattern`` also any function of variables in place of the op.

    Results on the way that something else reads too are not looked through unless ``allow_multiple_clients``.
    ``skip_identities_fn(variable)`` may name another variable to look at where one does not fit. With ``tracks`` and
    ``get_nodes`` the optimizer is tried at nodes of other ops: ``get_nodes(node)`` lists those where the pattern may begin.
    """

    __module__ = "theano.gof.opt"

    def __init__(
        self,
        in_pattern: Any,
        out_pattern: Any,
        allow_multiple_clients: bool = False,
        skip_identities_fn: Callable[[Variable], Any] | None = None,
        name: str | None = None,
        pdb: bool = False,
        tracks: Iterable[Any] = (),
        get_nodes: Callable[[Apply], Any] | None = None,
        values_eq_approx: Any = None,
    ) -> None:
        self.in_pattern, self.out_pattern = in_pattern, out_pattern
        self.values_eq_approx = values_eq_approx
        root = in_pattern
        while isinstance(root, dict):
            root = root["pattern"]
        if not isinstance(root, list | tuple):
            raise TypeError(
                "The pattern to search for must start with a specific Op instance, in a tuple: a string fits everything"
            )
        self.op = root[0]
        if not isinstance(self.op, Op):
            raise TypeError("The pattern to search for must start with a specific Op instance", self.op)
        self.allow_multiple_clients = allow_multiple_clients
        self.skip_identities_fn = skip_identities_fn
        if name:
            self.__name__ = name
            self.name = name
        self.pdb = pdb
        self._tracks = list(tracks)
        self.get_nodes = get_nodes
        if self._tracks and get_nodes is None:
            raise ValueError("tracks needs get_nodes, which finds the nodes where the pattern may begin")

    def op_key(self) -> Any:
        """Return the op with which the pattern begins."""
        return self.op

    def tracks(self) -> list[Any]:
        """Return the ops whose nodes to look at."""
        return self._tracks or [self.op]

    def transform(self, node: Apply, get_nodes: bool = True) -> Any:
        """Return what stands for the node's outputs, in a list, or False."""
        if get_nodes and self.get_nodes is not None:
            for other in self.get_nodes(node):
                if not isinstance(other, Apply):
                    continue
                found = self.transform(other, get_nodes=False)
                if found:
                    return dict(zip(other.outputs, found))
        if node.op != self.op:
            return False
        if self.pdb:
            import pdb

            pdb.set_trace()
        out = node.out
        u = self._match(self.in_pattern, out, unify.Unification(), True)
        if u is False:
            return False
        new = self._build(self.out_pattern, u)
        if not isinstance(new, Variable):
            new = constant(np.asarray(new, out.type.dtype))  # type: ignore[attr-defined]
        if self.values_eq_approx is not None:
            new.tag.values_eq_approx = self.values_eq_approx
        copy_stack_trace(node.outputs, [new])
        if len(node.outputs) == 1:
            return [new]
        if new.owner is None or len(new.owner.outputs) != len(node.outputs):
            return False
        return list(new.owner.outputs)

    def _match(self, pattern: Any, found: Variable, u: Any, shared: bool) -> Any:
        """The unification in which ``found`` fits, or False; ``shared`` says that others may read it."""
        if isinstance(pattern, list | tuple):
            node = found.owner
            if node is None:
                return False
            fits = node.op == pattern[0] and (shared or len(found.clients) <= 1)
            if not fits or len(pattern) - 1 != len(node.inputs):
                return self._elsewhere(pattern, found, u, shared)
            for part, v in zip(pattern[1:], node.inputs):
                u = self._match(part, v, u, self.allow_multiple_clients)
                if u is False:
                    return False
            return u
        if isinstance(pattern, dict):
            u = self._match(pattern["pattern"], found, u, shared)
            if u is False:
                return False
            return u if pattern["constraint"](found) else self._elsewhere(pattern, found, u, shared)
        if isinstance(pattern, str):
            v = unify.Var(pattern)
            known = u[v]
            if known is not v and known is not found and not _equal(known, found):
                return self._elsewhere(pattern, found, u, shared)
            return u.merge(found, v)
        if isinstance(pattern, int | float | np.number | np.ndarray):
            fits = isinstance(found, Constant) and bool(np.all(np.asarray(found.data) == pattern))
            return u if fits else self._elsewhere(pattern, found, u, shared)
        if isinstance(pattern, Constant):
            fits = isinstance(found, Constant) and pattern.equals(found)
            return u if fits else self._elsewhere(pattern, found, u, shared)
        if isinstance(pattern, Variable):
            return u if found is pattern else False
        raise TypeError(f"a pattern is a tuple, a string, a number, a constant or a dict, not {pattern!r}")

    def _elsewhere(self, pattern: Any, found: Variable, u: Any, shared: bool) -> Any:
        if self.skip_identities_fn is None:
            return False
        other = self.skip_identities_fn(found)
        return False if other is None or other is found else self._match(pattern, other, u, shared)

    def _build(self, pattern: Any, u: Any) -> Any:
        if isinstance(pattern, list | tuple):
            return pattern[0](*(self._build(part, u) for part in pattern[1:]))
        if isinstance(pattern, dict):
            return self._build(pattern["pattern"], u)
        if isinstance(pattern, str):
            found = u[unify.Var(pattern)]
            if not isinstance(found, Variable):
                raise ValueError(f"the pattern to put in names {pattern!r}, which the pattern to find does not")
            return found
        return pattern

    def __str__(self) -> str:
        if self.name:
            return self.name

        def shown(pattern: Any) -> str:
            if isinstance(pattern, list | tuple):
                return f"{pattern[0]}({', '.join(shown(p) for p in pattern[1:])})"
            if isinstance(pattern, dict):
                return f"{shown(pattern['pattern'])} subject to {pattern.get('constraint', 'no conditions')}"
            return str(pattern)

        return f"{shown(self.in_pattern)} -> {shown(self.out_pattern)}"

    __repr__ = __str__

    def print_summary(self, stream: Any = None, level: int = 0, depth: int = -1) -> None:
        """Write a line that shows both patterns."""
        name = getattr(self, "__name__", None)
        print(
            f"{' ' * level}{type(self).__name__} {name}({self.in_pattern}, {self.out_pattern}) id={id(self)}",
            file=stream or sys.stdout,
        )


def _equal(a: Any, b: Variable) -> bool:
    return isinstance(a, Constant) and isinstance(b, Constant) and a.equals(b)
