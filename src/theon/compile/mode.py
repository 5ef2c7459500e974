"""Modes: which rewrites run and how the graph is executed."""

from __future__ import annotations

from typing import Any

from theon.compile.stages import OPTIMIZERS, optdb
from theon.options import config
from theon.rewrite.database import Query
from theon.runtime.linker import Linker, PerformLinker
from theon.runtime.vm import CLinker, OpWiseCLinker, VM_Linker, is_native

__all__ = [
    "FAST_COMPILE",
    "FAST_RUN",
    "Mode",
    "get_default_mode",
    "get_mode",
    "predefined_linkers",
    "predefined_modes",
    "predefined_optimizers",
    "register_linker",
    "register_mode",
]

predefined_linkers: dict[Any, Linker] = {
    "py": PerformLinker(),
    "c": CLinker(),
    "c|py": OpWiseCLinker(),
    "c|py_nogc": OpWiseCLinker(allow_gc=False),
    "vm": VM_Linker(),
    "cvm": VM_Linker(use_cloop=True),
    "vm_nogc": VM_Linker(allow_gc=False),
    "cvm_nogc": VM_Linker(allow_gc=False, use_cloop=True),
}


def register_linker(name: str, linker: Linker) -> None:
    """Let ``Mode(name)`` use a linker; ValueError for a name that is taken."""
    if name in predefined_linkers:
        raise ValueError(f"Linker name already taken: {name}")
    predefined_linkers[name] = linker


class Mode:
    """``linker`` says what runs the graph: a name or a :class:`~theon.runtime.linker.Linker`.

    "py" is the reference executor; the other names are native code where there is some. A linker with a wrapper or a callback
    runs the graph node by node. KeyError for an unknown name. ``mode.linker`` is the linker, ``mode.provided_linker`` what was given.

    ``optimizer`` says how it is rewritten before: a name of ``predefined_optimizers``, a :class:`~theano.gof.Query` to
    ``optdb``, or any :class:`~theano.gof.Optimizer`. :meth:`including`, :meth:`excluding` and :meth:`requiring` change the query
    by tags: names of rewrites, Theano's names for them, and names of groups ("canonicalize", "fusion", "scan" ...).

    >>> Mode(optimizer="fast_run").excluding("local_log1p", "fusion").provided_optimizer
    'fast_run'
    """

    __module__ = "theano.compile.mode"

    def __init__(self, linker: Any = None, optimizer: Any = "default", tags: Any = ((), (), ())) -> None:
        linker = config.linker if linker is None else linker
        optimizer = config.optimizer if isinstance(optimizer, str) and optimizer == "default" else optimizer
        self.__setstate__((linker, optimizer))
        include, exclude, require = (tuple(t) for t in tags)
        if include or exclude or require:
            query = self._query().including(*include).excluding(*exclude).requiring(*require)
            self.provided_optimizer = self._optimizer = query

    def __getstate__(self) -> Any:
        return {k: v for k, v in vars(self).items() if k != "linker" or not isinstance(self.provided_linker, str)}

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)
            self.__dict__.setdefault("linker", self._linker_of(self.provided_linker))
            return
        linker, optimizer = state
        self.provided_linker, self.linker = linker, self._linker_of(linker)
        self.provided_optimizer = optimizer
        if optimizer is None or isinstance(optimizer, str):
            if optimizer not in OPTIMIZERS:
                raise ValueError(f"no optimizer is called {optimizer!r}: there are {[n for n in OPTIMIZERS if n]}")
            optimizer = OPTIMIZERS[optimizer]
        self._optimizer = optimizer

    @staticmethod
    def _linker_of(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given not in predefined_linkers:
            raise KeyError(f"no linker is called {given!r}; there are {', '.join(map(str, predefined_linkers))}")
        return predefined_linkers[given]

    @property
    def optimizer(self) -> Any:
        """The optimizer that the mode's query finds in ``optdb`` now."""
        query = self._optimizer
        if not isinstance(query, Query):
            return query
        cutoff = config.optdb.position_cutoff
        if cutoff < query.position_cutoff:
            query = query._changed(position_cutoff=cutoff)
        return optdb.query(query)

    def get_linker_optimizer(self, linker: Any, optimizer: Any) -> tuple[Any, Any]:
        """Return a linker and an optimizer (or query) by name."""
        named = optimizer is None or isinstance(optimizer, str)
        return self._linker_of(linker), OPTIMIZERS[optimizer] if named else optimizer

    def _query(self) -> Query:
        if not isinstance(self._optimizer, Query):
            raise TypeError("only modes whose optimizer is a name or a query can be changed by tags", self._optimizer)
        return self._optimizer

    def _with(self, query: Any) -> Mode:
        found = type(self).__new__(type(self))
        found.__dict__.update(self.__dict__)
        found._optimizer = query
        return found

    def including(self, *tags: str) -> Mode:
        """Return this mode with the rewrites of these names or tags added. TypeError where its optimizer is no query."""
        return self._with(self._query().including(*tags))

    def excluding(self, *tags: str) -> Mode:
        """Return this mode without the rewrites of these names or tags. TypeError where its optimizer is no query."""
        return self._with(self._query().excluding(*tags))

    def requiring(self, *tags: str) -> Mode:
        """Return this mode with only rewrites that have all these tags. TypeError where its optimizer is no query."""
        return self._with(self._query().requiring(*tags))

    def register(self, *optimizations: Any) -> Mode:
        """Return this mode with optimizers added: each a pair of an optimizer and its position among the stages."""
        return self._with(self._query().register(*optimizations))

    def clone(self, link_kwargs: Any = None, optimizer: Any = "", **kwargs: Any) -> Mode:
        """Return a copy, with another optimizer where given; ``link_kwargs`` go to the linker's ``clone``."""
        new = self._with(self._optimizer)
        if link_kwargs:
            new.linker = new.provided_linker = self.linker.clone(**link_kwargs)
        if not (isinstance(optimizer, str) and optimizer == ""):
            Mode.__setstate__(new, (new.provided_linker, optimizer))
        return new

    @property
    def native(self) -> bool:
        """Whether graphs become native code."""
        return is_native(self.linker)

    def __str__(self) -> str:
        return f"{type(self).__name__}(linker = {self.provided_linker}, optimizer = {self.provided_optimizer})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), str(self.provided_linker), str(self.provided_optimizer)))


predefined_optimizers = OPTIMIZERS
OPT_NONE = OPTIMIZERS[None]
OPT_MERGE = OPTIMIZERS["merge"]
OPT_FAST_RUN = OPTIMIZERS["fast_run"]
OPT_FAST_RUN_STABLE = OPTIMIZERS["fast_run_stable"]
OPT_FAST_COMPILE = OPTIMIZERS["fast_compile"]
OPT_STABILIZE = OPTIMIZERS["stabilize"]
OPT_UNSAFE = OPTIMIZERS["unsafe"]
OPT_O2, OPT_O3 = OPTIMIZERS["o2"], OPTIMIZERS["o3"]
exclude: list[str] = []  # rewrites that a build of Theano could not run
FAST_COMPILE = Mode("py", "fast_compile")
FAST_RUN = Mode("vm", "fast_run")
predefined_modes: dict[str, Mode] = {"FAST_COMPILE": FAST_COMPILE, "FAST_RUN": FAST_RUN}


def register_mode(name: str, mode: Mode) -> None:
    """Add a mode; ValueError for a name that is taken."""
    if name in predefined_modes:
        raise ValueError(f"Mode name already taken: {name}")
    predefined_modes[name] = mode


def get_mode(orig_string: Any) -> Any:
    """Return the mode that a string (None: the configured one) names; a Mode is returned as it is.

    The configured mode has the rewrites of ``config.optimizer_including``, without those of ``optimizer_excluding``, and only
    those of ``optimizer_requiring``: names or tags with colons between them.
    """
    if orig_string is None:
        found = _named(config.mode)
        for how in ("including", "excluding", "requiring"):
            tags = getattr(config, f"optimizer_{how}")
            if tags:
                found = getattr(found, how)(*tags.split(":"))
        return found
    return _named(orig_string)


def _named(name: Any) -> Any:
    if not isinstance(name, str):
        return name
    if name in ("Mode", "mode"):
        return Mode()
    if name in ("DebugMode", "DEBUG_MODE"):
        from theon.compile import debugmode

        return predefined_modes["DEBUG_MODE"] if name == "DEBUG_MODE" else debugmode.DebugMode()
    if name == "NanGuardMode":
        from theon.compile.watchmodes import NanGuardMode

        return NanGuardMode()
    found = predefined_modes.get(name) or predefined_modes.get(name.upper())
    if found is None:
        raise Exception(f"No predefined mode exist for string: {name}")
    return found


def get_default_mode() -> Any:
    """Return the configured mode."""
    return get_mode(None)
