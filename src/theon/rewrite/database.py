"""Databases of rewrites: each has a name and tags, a :class:`Query` chooses among them.

A :class:`SequenceDB` gives what it holds in the order of positions, an :class:`EquilibriumDB` runs it until nothing
changes. ``theano.compile.optdb`` is the one that ``theano.function`` asks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from theon.rewrite.equilibrium import EquilibriumOptimizer
from theon.rewrite.local import LocalOptGroup, LocalOptimizer
from theon.rewrite.optimizer import Optimizer, SeqOptimizer

__all__ = ["DB", "EquilibriumDB", "LocalGroupDB", "ProxyDB", "Query", "SequenceDB", "TopoDB"]


class Query:
    """A choice by tags: what has one of ``include``, all of ``require`` and none of ``exclude``.

    ``subquery`` maps names of databases to the queries that are put to them instead; positions from ``position_cutoff`` on
    are left out; ``extra_optimizations`` are pairs of an optimizer and its position.
    """

    __module__ = "theano.gof.optdb"

    def __init__(
        self,
        include: Iterable[str],
        require: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        subquery: dict[str, Query] | None = None,
        position_cutoff: float = float("inf"),
        extra_optimizations: Iterable[Any] | None = None,
    ) -> None:
        self.include, self.require, self.exclude = (
            tuple(dict.fromkeys(tags or ())) for tags in (include, require, exclude)
        )
        self.subquery = dict(subquery or {})
        self.position_cutoff = position_cutoff
        self.extra_optimizations = list(extra_optimizations or ())
        self.name = "OPT"

    def _changed(self, **changes: Any) -> Query:
        new = Query(
            self.include, self.require, self.exclude, self.subquery, self.position_cutoff, self.extra_optimizations
        )
        new.__dict__.update(changes)
        return new

    def including(self, *tags: str) -> Query:
        """Return a query that takes these in too."""
        return self._changed(include=tuple(dict.fromkeys((*self.include, *tags))))

    def excluding(self, *tags: str) -> Query:
        """Return a query that leaves these out."""
        return self._changed(exclude=tuple(dict.fromkeys((*self.exclude, *tags))))

    def requiring(self, *tags: str) -> Query:
        """Return a query that takes only what has all these tags."""
        return self._changed(require=tuple(dict.fromkeys((*self.require, *tags))))

    def register(self, *optimizations: Any) -> Query:
        """Return a query that adds optimizers: pairs of an optimizer and its position."""
        return self._changed(extra_optimizations=[*self.extra_optimizations, *optimizations])

    def key(self) -> Any:
        """What makes two queries equal."""
        return (
            self.include,
            self.require,
            self.exclude,
            tuple((name, q.key()) for name, q in self.subquery.items()),
            self.position_cutoff,
            tuple((id(opt[0]), opt[1]) for opt in self.extra_optimizations),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def __str__(self) -> str:
        return (
            f"Query{{inc={sorted(self.include)},ex={sorted(self.exclude)},require={sorted(self.require)},"
            f"subquery={self.subquery},position_cutoff={self.position_cutoff},"
            f"extra_opts={self.extra_optimizations}}}"
        )


def _split(tags: Sequence[Any], subquery: Any) -> Query:
    if tags and isinstance(tags[0], Query):
        if len(tags) > 1 or subquery:
            raise TypeError("If the first argument to query is a Query, there should be no other arguments.", tags)
        return tags[0]
    include = [t.removeprefix("+") for t in tags if t[0] not in "&-"]
    return Query(include, [t[1:] for t in tags if t[0] == "&"], [t[1:] for t in tags if t[0] == "-"], subquery=subquery)


class DB:
    """Optimizers, local optimizers and databases by name and tags."""

    __module__ = "theano.gof.optdb"

    def __init__(self) -> None:
        self.name: str | None = None
        self._tags: dict[str, dict[Any, None]] = {}
        self._names: dict[str, Any] = {}
        self.version = 0
        self._answers: dict[Any, tuple[Any, Any]] = {}

    def register(self, name: str, obj: Any, *tags: str, **kwargs: Any) -> None:
        """Add ``obj`` under a name that is new here, with tags.

        TypeError for what is no optimizer, ValueError for a name that is taken (by an entry or a tag).
        """
        if not isinstance(obj, DB | Optimizer | LocalOptimizer):
            raise TypeError("Object cannot be registered in OptDB", obj)
        if name in self._tags:
            raise ValueError(
                "The name of the object cannot be an existing tag or the name of another existing object.", obj, name
            )
        own = kwargs.pop("use_db_name_as_tag", True)
        if kwargs:
            raise TypeError(f"register() got unexpected arguments {sorted(kwargs)}")
        if not obj.name or isinstance(obj, DB):
            obj.name = name
        self._names[name] = obj
        self._tags[name] = {obj: None}
        if own and self.name is not None:
            tags = (*tags, self.name)
        self.add_tags(name, *tags, type(obj).__name__)

    def add_tags(self, name: str, *tags: str) -> None:
        """Give more tags to the entry ``name``."""
        obj = self._entry(name)
        for tag in tags:
            if tag in self._names and tag != name and self._names[tag] is not obj:
                raise ValueError("The tag of an object collides with a name.", obj, tag)
            self._tags.setdefault(tag, {})[obj] = None
        self.version += 1

    def remove_tags(self, name: str, *tags: str) -> None:
        """Take tags away from the entry ``name``."""
        obj = self._entry(name)
        for tag in tags:
            self._tags.get(tag, {}).pop(obj, None)
        self.version += 1

    def _entry(self, name: str) -> Any:
        found = self._names.get(name)
        if found is None:
            raise KeyError(f"nothing is registered under the name {name!r}")
        return found

    def entries(self) -> list[str]:
        """The names, in the order of registration."""
        return list(self._names)

    def __getitem__(self, name: str) -> Any:
        found = self._tags.get(name)
        if not found:
            raise KeyError(f"Nothing registered for '{name}'")
        if len(found) > 1:
            raise KeyError(f"More than one match for {name} (please use query)")
        return next(iter(found))

    def __contains__(self, name: object) -> bool:
        return name in self._tags

    def state(self) -> Any:
        """Changes whenever something is registered here or in a database inside."""
        inner = tuple(obj.state() for obj in self._names.values() if isinstance(obj, DB))
        return (self.version, inner) if inner else self.version

    def chosen(self, query: Query) -> list[Any]:
        """What fits the query, in the order of registration; databases are asked in turn."""
        wanted: set[Any] = set()
        for tag in query.include:
            wanted.update(self._tags.get(tag, ()))
        for tag in query.require:
            wanted &= set(self._tags.get(tag, ()))
        for tag in query.exclude:
            wanted -= set(self._tags.get(tag, ()))
        found = []
        for name, obj in self._names.items():
            if obj in wanted:
                if isinstance(obj, DB):
                    answer = obj.query(query.subquery.get(name, query))
                    answer.name = name
                    found.append((name, answer))
                else:
                    found.append((name, obj))
        return found

    def answer(self, query: Query) -> Any:
        """What :meth:`query` returns for a query; subclasses make an optimizer of it."""
        return [obj for _, obj in self.chosen(query)]

    def query(self, *tags: Any, **kwtags: Any) -> Any:
        """Return what fits a :class:`Query`, or tags: "+tag" or "tag" to include, "-tag" to exclude, "&tag" to require."""
        query = _split(tags, kwtags)
        key, state = query.key(), self.state()
        known = self._answers.get(key)
        if known is None or known[0] != state:
            known = self._answers[key] = (state, self.answer(query))
        return known[1]

    def print_summary(self, stream: Any = None) -> None:
        """Write the names and the tags."""
        out = stream or sys.stdout
        print(f"{type(self).__name__} (id {id(self)})", file=out)
        print(f"  names {self.entries()}", file=out)
        print(f"  db {sorted(self._tags)}", file=out)


class EquilibriumDB(DB):
    """A database whose answer is an optimizer that runs what was chosen until nothing changes.

    Entries registered with ``final_opt`` run after each sweep, those with ``cleanup`` after those.
    """

    __module__ = "theano.gof.optdb"

    def __init__(self, ignore_newtrees: bool = True, tracks_on_change_inputs: bool = False) -> None:
        super().__init__()
        self.ignore_newtrees, self.tracks_on_change_inputs = ignore_newtrees, tracks_on_change_inputs
        self._final: set[str] = set()
        self._cleanup: set[str] = set()

    def register(self, name: str, obj: Any, *tags: str, **kwargs: Any) -> None:
        """As for :class:`DB`."""
        final, cleanup = kwargs.pop("final_opt", False), kwargs.pop("cleanup", False)
        if final and cleanup:
            raise ValueError("an entry is final or for clean-up, not both")
        super().register(name, obj, *tags, **kwargs)
        if final:
            self._final.add(name)
        if cleanup:
            self._cleanup.add(name)

    def answer(self, query: Query) -> EquilibriumOptimizer:
        """The optimizer that runs them to the end."""
        chosen = self.chosen(query)
        return EquilibriumOptimizer(
            [obj for name, obj in chosen if name not in self._final and name not in self._cleanup],
            failure_callback=None,
            ignore_newtrees=self.ignore_newtrees,
            tracks_on_change_inputs=self.tracks_on_change_inputs,
            final_optimizers=[obj for name, obj in chosen if name in self._final],
            cleanup_optimizers=[obj for name, obj in chosen if name in self._cleanup],
        )


class SequenceDB(DB):
    """A database whose answer is a sequence, in the order of the positions given at registration."""

    __module__ = "theano.gof.optdb"
    seq_opt = SeqOptimizer

    def __init__(self, failure_callback: Any = SeqOptimizer.warn) -> None:
        super().__init__()
        self._positions: dict[str, float] = {}
        self.failure_callback = failure_callback

    @property
    def __position__(self) -> dict[str, float]:
        """Each name's position."""
        return self._positions

    def register(self, name: str, obj: Any, position: Any, *tags: str, **kwargs: Any) -> None:
        """As for :class:`DB`, at a position: a number, or "last"."""
        if position == "last":
            position = max(self._positions.values(), default=-1) + 1
        if not isinstance(position, int | float):
            raise TypeError("the position of an optimizer is a number or 'last'", position)
        super().register(name, obj, *tags, **kwargs)
        self._positions[name] = position

    def answer(self, query: Query) -> SeqOptimizer:
        """The sequence."""
        chosen = [(self._positions[name], name, obj) for name, obj in self.chosen(query)]
        for extra in query.extra_optimizations:
            obj, position = extra[0], extra[1]
            chosen.append((position, str(getattr(obj, "name", None) or obj), obj))
        chosen = [c for c in chosen if c[0] < query.position_cutoff]
        # What stands at one position keeps the order of registration.
        chosen.sort(key=lambda c: c[0])
        return self.seq_opt([obj for _, _, obj in chosen], failure_callback=self.failure_callback)

    def print_summary(self, stream: Any = None) -> None:
        """Write names with positions, and the tags."""
        out = stream or sys.stdout
        print(f"{type(self).__name__} (id {id(self)})", file=out)
        print(f"  position {sorted(self._positions.items(), key=lambda e: e[1])}", file=out)
        print(f"  names {self.entries()}", file=out)


class LocalGroupDB(DB):
    """A database whose answer is a group of local optimizers, in the order of positions (numbers, or "last")."""

    __module__ = "theano.gof.optdb"

    def __init__(self, apply_all_opts: bool = False, profile: bool = False, local_opt: Any = LocalOptGroup) -> None:
        super().__init__()
        self.apply_all_opts, self.profile, self.local_opt = apply_all_opts, profile, local_opt
        self._positions: dict[str, float] = {}

    def register(self, name: str, obj: Any, *tags: Any, **kwargs: Any) -> None:
        """As for :class:`DB`; the position is the keyword ``position`` or the first tag that is a number or "last"."""
        position = kwargs.pop("position", "last")
        if tags and (isinstance(tags[0], int | float) or tags[0] == "last"):
            position, *rest = tags
            tags = tuple(rest)
        super().register(name, obj, *tags, **kwargs)
        if position == "last":
            position = max(self._positions.values(), default=-1) + 1
        self._positions[name] = position

    def answer(self, query: Query) -> Any:
        """The group."""
        chosen = sorted(self.chosen(query), key=lambda entry: self._positions[entry[0]])
        return self.local_opt(*[obj for _, obj in chosen], apply_all_opts=self.apply_all_opts, profile=self.profile)


class TopoDB(DB):
    """A database that puts its queries to another one, and applies the local optimizer it answers once at each node."""

    __module__ = "theano.gof.optdb"

    def __init__(
        self, db: DB, order: str = "in_to_out", ignore_newtrees: bool = False, failure_callback: Any = None
    ) -> None:
        super().__init__()
        self.db, self.order = db, order
        self.ignore_newtrees, self.failure_callback = ignore_newtrees, failure_callback

    def state(self) -> Any:
        """As the inner database's."""
        return self.db.state()

    def answer(self, query: Query) -> Any:
        """An optimizer that goes over all nodes."""
        from theon.rewrite.navigate import TopoOptimizer

        return TopoOptimizer(
            self.db.query(query),
            order=self.order,
            ignore_newtrees=self.ignore_newtrees,
            failure_callback=self.failure_callback,
        )


class ProxyDB(DB):
    """A database that puts its queries to another one, so that this one can be registered in several places."""

    __module__ = "theano.gof.optdb"

    def __init__(self, db: DB) -> None:
        if not isinstance(db, DB):
            raise TypeError("a ProxyDB stands for a DB", db)
        super().__init__()
        self.db = db

    def state(self) -> Any:
        """As the inner database's."""
        return self.db.state()

    def answer(self, query: Query) -> Any:
        """The inner database's answer."""
        return self.db.query(query)
