"""LLVM text -> machine code in memory, through the disk cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from theon.codegen import cache, image, target
from theon.codegen.native import PLAIN

__all__ = ["CompiledModule", "compile_described", "compile_module", "separated"]


class CompiledModule:
    """Machine code linked into this process; it lives as long as this object."""

    def __init__(self, bodies: Sequence[bytes], symbols: Mapping[str, int], exported: tuple[str, ...]) -> None:
        self.kept: list[Any] = []  # what holds the code that this one calls
        self.image = image.linked(bodies, symbols)
        if self.image is not None:
            return
        llvm = target._binding()
        self.jit = llvm.create_lljit_compiler(target.machine(2))
        builder = llvm.JITLibraryBuilder().add_current_process()
        for body in bodies:
            builder = builder.add_object_img(body)
        for name in exported:
            builder = builder.export_symbol(name)
        for name, address in symbols.items():
            builder.import_symbol(name, address)
        self.library = builder.link(self.jit, "theon")

    def address(self, name: str) -> int:
        """Return the address of an exported function."""
        return int(self.library[name]) if self.image is None else self.image.address(name)


# Passes for code whose vectors are written out: variables become registers, repeated computations go, loops test at their end.
_WRITTEN = (
    "always_inliner", "sroa", "simplify_cfg", "instruction_combine", "new_gvn", "loop_rotate", "instruction_combine",
    "simplify_cfg",
)  # fmt: skip

# Code that runs once a call: variables become registers, which takes no longer than to write them out as memory.
_QUICK = ("sroa", "simplify_cfg")

# The same without a search for repeated computations: folds have few.
_FOLD = ("sroa", "simplify_cfg", "instruction_combine", "loop_rotate", "simplify_cfg")
_SETTABLE = (20,)  # versions of LLVM known to take an option more than once


def _optimise(llvm: Any, module: Any, machine: Any, effort: str) -> None:
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = True
    tuning.slp_vectorization = False
    tuning.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, tuning)
    if effort == "full":
        builder.getModulePassManager().run(module, builder)
        return
    passes = llvm.create_new_module_pass_manager()
    for name in {"fold": _FOLD, "quick": _QUICK}.get(effort, _WRITTEN):
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, builder)


@contextmanager
def _addresses_as_written(llvm: Any, effort: str) -> Iterator[None]:
    """Loops with written-out vectors are not searched for better forms of their addresses, which takes a third of the time.

    The option is one of all who use LLVM in this process, hence it is set back at once.
    """
    if effort not in ("fold", "written") or target.version() not in _SETTABLE:
        yield
        return
    llvm.set_option("", "-disable-lsr=true")
    try:
        yield
    finally:
        llvm.set_option("", "-disable-lsr=false")


def object_code(text: str | Callable[[], str], effort: str = "written", description: str | None = None) -> bytes:
    """Return the object code of a module's text, from the cache where it is there.

    A text that is a function of its ``description``, this machine and this package alone is not even written then.

    ``effort`` is "full" for loops that are to be made vectors, "written" for code whose vectors are written out: the
    optimiser has little left to do; "fold" for such code with nothing computed twice, and "quick" for straight
    code that runs once a call: LLVM's quick path makes machine code of it.
    """
    known = cache.generator() if description is not None else None
    if callable(text) and (known is None or description is None):
        text = text()
    parts = (text,) if isinstance(text, str) else (description or "", known or "")
    key = cache.key_of(*parts, target.description() + "|" + effort)
    found = cache.load(key)
    if found is not None:
        return found
    if callable(text):
        text = text()
    llvm = target._binding()
    with target.LOCK:
        machine = target.machine(0 if effort == "quick" else 3)
        module = llvm.parse_assembly(text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
        _optimise(llvm, module, machine, effort)
        with _addresses_as_written(llvm, effort):
            body: bytes = machine.emit_object(module)
    cache.store(key, body)
    return body


def compile_described(
    description: str, text: Callable[[], str], exported: tuple[str, ...], effort: str
) -> CompiledModule:
    """Return a module that needs nothing else compiled and linked; its text is only written where it is not in the cache."""
    body = object_code(text, effort, description)
    with target.LOCK:
        return CompiledModule([body], {}, exported)


def compile_module(
    text: str,
    symbols: Mapping[str, int],
    exported: tuple[str, ...] = ("theon_entry",),
    quick: str | None = None,
    effort: str = "written",
) -> CompiledModule:
    """Return ``text`` compiled and linked; ``symbols`` gives addresses of external names it uses.

    ``quick`` is a second module that is compiled quickly; ``effort`` is that of the first.
    """
    if "!llvm.loop !7" in text:
        text += PLAIN
    bodies = [object_code(text, effort)]
    if quick is not None:
        bodies.append(object_code(quick, "quick"))
    with target.LOCK:
        return CompiledModule(bodies, symbols, exported)


_DEFINITION = re.compile(r"^define (?:internal )?([^@]*)@([\w.]+)\(([^)]*)\)[^{]*\{", re.MULTILINE)


def separated(text: str) -> tuple[str, str]:
    """Return the text of a module with its functions visible from outside, and their declarations for another module."""
    found = []
    for kind, name, parameters in _DEFINITION.findall(text):
        types = ", ".join(re.sub(r"(noalias )?%[\w.]+", "", p).strip() for p in parameters.split(",") if p.strip())
        found.append(f"declare {kind}@{name}({types})")
    return re.sub(r"^define internal (?!.*alwaysinline)", "define ", text, flags=re.MULTILINE), "\n".join(found)
