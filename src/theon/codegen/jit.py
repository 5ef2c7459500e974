"""LLVM text -> machine code in memory, through the disk cache."""

from __future__ import annotations

from collections.abc import Mapping

from theon.codegen import cache, target

__all__ = ["CompiledModule", "compile_module"]


class CompiledModule:
    """Machine code linked into this process; it lives as long as this object."""

    def __init__(self, body: bytes, symbols: Mapping[str, int], exported: tuple[str, ...]) -> None:
        llvm = target._binding()
        self.jit = llvm.create_lljit_compiler(target.machine(2))
        builder = llvm.JITLibraryBuilder().add_object_img(body).add_current_process()
        for name in exported:
            builder = builder.export_symbol(name)
        for name, address in symbols.items():
            builder.import_symbol(name, address)
        self.library = builder.link(self.jit, "theon")

    def address(self, name: str) -> int:
        """Return the address of an exported function."""
        return int(self.library[name])


def object_code(text: str) -> bytes:
    """Return the object code of a module's text, from the cache where it is there."""
    key = cache.key_of(text, target.description())
    found = cache.load(key)
    if found is not None:
        return found
    llvm = target._binding()
    with target.LOCK:
        machine = target.machine(3)
        module = llvm.parse_assembly(text)
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        module.verify()
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = True
        tuning.slp_vectorization = False
        tuning.loop_unrolling = True
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
        body: bytes = machine.emit_object(module)
    cache.store(key, body)
    return body


def compile_module(
    text: str, symbols: Mapping[str, int], exported: tuple[str, ...] = ("theon_entry",)
) -> CompiledModule:
    """Return ``text`` compiled and linked; ``symbols`` gives addresses of external names it uses."""
    body = object_code(text)
    with target.LOCK:
        return CompiledModule(body, symbols, exported)
