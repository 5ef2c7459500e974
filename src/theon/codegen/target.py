"""The machine that code is made for."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import sys
import threading
from typing import Any

from theon.codegen import cache

__all__ = ["LOCK", "description", "machine", "version", "wide_vectors"]

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


_IDENTIFYING = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")


def _identity() -> str | None:
    """What LLVM's facts about this machine depend on, known without LLVM, which takes long to load; None where that is not."""
    found = importlib.util.find_spec("llvmlite")
    if sys.platform != "linux" or "llvmlite.binding" in sys.modules or found is None or found.origin is None:
        return None
    try:
        library = os.stat(os.path.join(os.path.dirname(found.origin), "binding", "libllvmlite.so"))
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            lines = file.read(8192).split("\n\n")[0].splitlines()
    except OSError:
        return None
    told = [line for line in lines if line.partition(":")[0].strip() in _IDENTIFYING]
    return "\n".join([platform.machine(), found.origin, str(library.st_size), str(library.st_mtime_ns), *told])


@functools.lru_cache(maxsize=1)
def _facts() -> tuple[str, ...]:
    """The triple, the CPU, its features, and the versions of LLVM and llvmlite; kept in the cache of compiled code."""
    identity = _identity()
    key = None if identity is None else cache.key_of("machine", identity)
    kept = None if key is None else cache.load(key)
    if kept is not None:
        return tuple(kept.decode().split("\n"))
    llvm = _binding()
    import llvmlite

    host = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    found = (*host, ".".join(map(str, llvm.llvm_version_info)), llvmlite.__version__)
    if key is not None:
        cache.store(key, "\n".join(found).encode())
    return found


def _host() -> tuple[str, str, str]:
    return _facts()[:3]  # type: ignore[return-value]


def version() -> int:
    """Return the first number of LLVM's version."""
    return int(_facts()[3].split(".")[0])


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
    return "|".join(_facts())


def wide_vectors() -> bool:
    """Whether the CPU has 512-bit vectors."""
    return "+avx512f" in _host()[2]
