"""LLVM text -> machine code in memory, through the disk cache."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from theon.codegen import cache, target
from theon.codegen.native import PLAIN

__all__ = ["CompiledModule", "compile_module", "separated"]


class CompiledModule:
    """Machine code linked into this process; it lives as long as this object."""

    def __init__(self, bodies: Sequence[bytes], symbols: Mapping[str, int], exported: tuple[str, ...]) -> None:
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
        return int(self.library[name])


def object_code(text: str, optimised: bool = True, level: int = 2) -> bytes:
    """Return the object code of a module's text, from the cache where it is there."""
    key = cache.key_of(text, target.description() + (f"|{level}" if optimised else "|quick"))
    found = cache.load(key)
    if found is not None:
        return found
    llvm = target._binding()
    with target.LOCK:
        machine = target.machine(3 if optimised else 0)
        module = llvm.parse_assembly(text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
        if optimised:
            tuning = llvm.create_pipeline_tuning_options(speed_level=level)
            tuning.loop_vectorization = True
            tuning.slp_vectorization = False
            tuning.loop_unrolling = False
            passes = llvm.create_pass_builder(machine, tuning)
            passes.getModulePassManager().run(module, passes)
        body: bytes = machine.emit_object(module)
    cache.store(key, body)
    return body


def compile_module(
    text: str,
    symbols: Mapping[str, int],
    exported: tuple[str, ...] = ("theon_entry",),
    quick: str | None = None,
    light: bool = False,
) -> CompiledModule:
    """Return ``text`` compiled and linked; ``symbols`` gives addresses of external names it uses.

    ``quick`` is a second module that is compiled without optimisation: long straight code that runs once a call.
    ``light`` is for code whose vectors are written out: the optimiser has little left to do.
    """
    if "!llvm.loop !7" in text:
        text += PLAIN
    bodies = [object_code(text, level=1 if light else 2)]
    if quick is not None:
        bodies.append(object_code(quick, False))
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
