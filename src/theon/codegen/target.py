"""The machine that code is made for."""

from __future__ import annotations

import functools
import os
import threading
from typing import Any

__all__ = ["LOCK", "description", "machine", "wide_vectors"]

# llvmlite's global state is not safe to set up from several threads at once. Nothing is compiled while the process forks:
# the child would wait for ever for a lock that a thread holds which it does not have.
LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)


@functools.lru_cache(maxsize=1)
def _binding() -> Any:
    import llvmlite.binding as llvm  # type: ignore[import-untyped]

    with LOCK:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    return llvm


@functools.lru_cache(maxsize=1)
def _host() -> tuple[str, str, str]:
    llvm = _binding()
    return llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def machine(level: int = 3) -> Any:
    """Return a target machine for this computer at an optimisation level."""
    llvm = _binding()
    triple, cpu, features = _host()
    near = {}
    if triple.startswith("x86_64") and "windows" not in triple:
        # Calls by 32-bit distances, through stubs to what is further away: shorter code, and LLVM's quick path takes calls.
        near = {"reloc": "pic", "codemodel": "small"}
    return llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, features=features, opt=level, jit=True, **near
    )


def description() -> str:
    """Return a text that differs wherever generated code may: triple, CPU, features, LLVM version."""
    llvm = _binding()
    import llvmlite

    return "|".join([*_host(), str(llvm.llvm_version_info), llvmlite.__version__])


def wide_vectors() -> bool:
    """Whether the CPU has 512-bit vectors."""
    return "+avx512f" in _host()[2]
