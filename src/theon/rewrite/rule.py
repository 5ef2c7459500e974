"""Rules: named local optimizers with tags, declared by decorators and gathered in groups.

A rule is a pure function of a node that returns what stands for its output (a variable, or a list for several outputs)
or None. Its name is the function's; the names that Theano has for what it does are among its tags, so that
``Mode.excluding("local_log1p")`` and ``Mode.excluding("log_of_one_plus")`` mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from theon.graph.variable import Apply, Variable
from theon.ops.declare import REGISTRY
from theon.rewrite.local import LocalOptimizer, matches

__all__ = ["EFFECTS", "Rule", "Rules"]

# What a rule may do to values: nothing; round otherwise; give a number where there was NaN, or the reverse.
EFFECTS = ("exact", "rounding", "domain")


class Rule(LocalOptimizer):
    """A function of a node, and what is known of it.

    ``roots`` are names of elementwise ops and classes of ops whose nodes it looks at, ``theano`` the names that Theano gives
    to what it does, ``effect`` one of ``EFFECTS``. With ``graph`` the function is called with the function graph too.
    ``usual`` rules are part of FAST_RUN, others run where a mode includes them by name.
    """

    __module__ = "theon.rewrite.rule"

    def __init__(
        self,
        function: Callable[..., Any],
        roots: tuple[Any, ...],
        group: str,
        theano: tuple[str, ...] = (),
        effect: str = "exact",
        graph: bool = False,
        usual: bool = True,
        tags: tuple[str, ...] = (),
    ) -> None:
        if effect not in EFFECTS:
            raise ValueError(f"{effect!r} is none of {EFFECTS}")
        self.function, self.roots, self.group, self.theano = function, roots, group, theano
        self.effect, self.graph, self.usual = effect, graph, usual
        self.__name__ = self.name = function.__name__
        self.__doc__ = function.__doc__
        self.tags = (group, effect, *theano, *tags, *(("fast_run",) if usual else ()))
        if effect != "domain":
            self.tags += ("stable",)

    def tracks(self) -> list[Any]:
        """Return the ops and classes of ops whose nodes the rule looks at."""
        return [REGISTRY[root] if isinstance(root, str) else root for root in self.roots]

    def transform(self, node: Apply) -> Any:
        """Return replacements for the node's outputs in a list, or False."""
        if not any(matches(node.op, root) for root in self.roots):
            return False
        if self.graph:
            fgraph = getattr(node, "fgraph", None)
            found = None if fgraph is None else self.function(node, fgraph)
        else:
            found = self.function(node)
        if found is None:
            return False
        new = [found] if isinstance(found, Variable) else list(found)
        fits = all(b is None or a.type == b.type for a, b in zip(node.outputs, new))
        return new if fits and any(a is not b and b is not None for a, b in zip(node.outputs, new)) else False

    def __str__(self) -> str:
        return self.__name__

    __repr__ = __str__

    def __reduce__(self) -> Any:
        return _found, (self.function.__module__, self.__name__)


def _found(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)


class Rules:
    """The rules of one group, in the order in which they are tried on a node."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.rules: list[Rule] = []

    def node(
        self,
        *roots: Any,
        theano: str | tuple[str, ...] = (),
        effect: str = "exact",
        graph: bool = False,
        usual: bool = True,
        tags: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., Any]], Rule]:
        """Return a decorator that makes a rule of a function; see :class:`Rule`."""

        def declare(function: Callable[..., Any]) -> Rule:
            names = (theano,) if isinstance(theano, str) else theano
            rule = Rule(function, roots, self.group, names, effect, graph, usual, tags)
            self.rules.append(rule)
            return rule

        return declare

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)
