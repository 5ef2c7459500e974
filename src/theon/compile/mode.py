"""Modes: which rewrites run and how the graph is executed."""

from __future__ import annotations

from typing import Any

from theon.options import config

__all__ = ["FAST_COMPILE", "FAST_RUN", "Mode", "get_default_mode", "get_mode", "predefined_modes", "register_mode"]


class Mode:
    """``linker`` says what runs the graph: "py" the reference executor, anything else native code where there is some.

    ``optimizer`` names how much rewriting is done; tags can be added and taken away with :meth:`including`,
    :meth:`excluding` and :meth:`requiring`.
    """

    __module__ = "theano.compile.mode"

    def __init__(self, linker: Any = None, optimizer: Any = "default", tags: Any = ((), (), ())) -> None:
        self.linker = config.linker if linker is None else linker
        self.optimizer = config.optimizer if optimizer == "default" else optimizer
        self.tags = tuple(tuple(t) for t in tags)

    def _with(self, place: int, tags: tuple[str, ...]) -> Mode:
        new = list(self.tags)
        new[place] = (*new[place], *tags)
        found = type(self).__new__(type(self))
        found.__dict__.update(self.__dict__)
        found.tags = tuple(new)
        return found

    def including(self, *tags: str) -> Mode:
        """Return this mode with rewrites added."""
        return self._with(0, tags)

    def excluding(self, *tags: str) -> Mode:
        """Return this mode without some rewrites."""
        return self._with(1, tags)

    def requiring(self, *tags: str) -> Mode:
        """Return this mode with only rewrites that have all these tags."""
        return self._with(2, tags)

    def clone(self, link_kwargs: Any = None, optimizer: Any = "", **kwargs: Any) -> Mode:
        """Return a copy, with another optimizer where given."""
        new = self._with(0, ())
        if optimizer != "":
            new.optimizer = optimizer
        return new

    @property
    def native(self) -> bool:
        """Whether graphs become native code."""
        return self.linker != "py"

    def __str__(self) -> str:
        return f"{type(self).__name__}(linker = {self.linker}, optimizer = {self.optimizer})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), str(self.linker), str(self.optimizer), self.tags))


FAST_COMPILE = Mode("py", "fast_compile")
FAST_RUN = Mode("vm", "fast_run")
predefined_modes: dict[str, Mode] = {"FAST_COMPILE": FAST_COMPILE, "FAST_RUN": FAST_RUN}


def register_mode(name: str, mode: Mode) -> None:
    """Add a mode; ValueError for a name that is taken."""
    if name in predefined_modes:
        raise ValueError(f"Mode name already taken: {name}")
    predefined_modes[name] = mode


def get_mode(orig_string: Any) -> Any:
    """Return the mode that a string (None: the configured one) names; a Mode is returned as it is."""
    name = config.mode if orig_string is None else orig_string
    if not isinstance(name, str):
        return name
    if name in ("Mode", "mode"):
        return Mode()
    if name in ("DebugMode", "DEBUG_MODE"):
        from theon.compile.debugmode import DebugMode

        return DebugMode()
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
