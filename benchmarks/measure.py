"""Measuring one workload of one peer in a process of its own, and what the machine can do at best."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.workload import Workload

__all__ = ["bandwidth", "in_process", "measure", "peak"]

_MODULES = {
    "theon": ["theano", "theano.tensor"],
    "numpy": [],
    "torch": ["torch"],
    "compiled": ["torch", "torch._dynamo", "torch._inductor.compile_fx"],
    "jax": ["jax", "jax.numpy"],
    "pytensor": ["pytensor", "pytensor.tensor", "pytensor.tensor.special"],
}


def measure(name: str, peer: str, seconds: float):
    """Time one workload here: {"import", "first", "call", "answer"}, or None where the peer has no version of it.

    ``first`` is the time from arrays to the end of the first call, without imports. ``peer`` "reference" gives NumPy's
    answer in float64 and no times.
    """
    from benchmarks.workloads import WORKLOADS

    if hasattr(os, "sched_setaffinity"):  # some peers know no other bound
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ.get("OMP_NUM_THREADS", "1"))])
    w: Workload = WORKLOADS[name]
    data = w.data()
    if peer == "reference":
        wide = [a.astype("float64") if getattr(a, "dtype", None) == np.float32 else a for a in data]
        made = w.make("numpy", *wide)
        return None if made is None else {"answer": _digest(made[1](made[0]()))}
    begin = time.perf_counter()
    for module in _MODULES[peer]:
        importlib.import_module(module)
    imported = time.perf_counter() - begin
    begin = time.perf_counter()
    made = w.make(peer, *data)
    if made is None:
        return None
    call, answer = made
    result = call()
    first = time.perf_counter() - begin
    found = {"import": imported, "first": first, "answer": _digest(answer(result))}
    del result
    if seconds:
        found["call"] = _per_call(call, seconds)
    return found


def _per_call(call, seconds):
    count, times = 1, []
    for _ in range(2):
        call()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        for _ in range(count):
            call()
        took = time.perf_counter() - begin
        times.append(took / count)
        if took < 2e-3:
            count *= 2
            times.clear()
    return float(np.median(times))


def _digest(answer):
    numbers = np.asarray(answer, dtype="float64").ravel()
    return numbers[:: max(1, numbers.size // 1000)].tolist()


def in_process(name: str, peer: str, threads: int, seconds: float = 1.0, caches: str | None = None):
    """Run :func:`measure` twice, each time in a new process: with an empty cache of compiled code, then with a full one.

    The first gives "cold", the second all else. {"error": ...} where it fails; None where the peer has no version. In the
    folder ``caches`` the caches and the first times are kept for a later run.
    """
    limits = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], str(threads))
    kept = None
    if caches:
        own = "" if peer in ("compiled", "pytensor") else f"-{threads}"
        kept = Path(caches) / f"{re.sub('[^a-z0-9]+', '-', name.lower())}-{peer}{own}"
    folder = tempfile.mkdtemp(prefix="theon-benchmark-") if kept is None else str(kept)
    if kept is not None:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits |= {
        "THEON_CACHE": folder, "NUMBA_CACHE_DIR": folder, "TORCHINDUCTOR_CACHE_DIR": folder,
        "PYTENSOR_FLAGS": f"base_compiledir={folder}", "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }  # fmt: skip
    try:
        cold = None
        first = Path(folder) / "cold.json"
        if first.exists():
            cold = json.loads(first.read_text())
        for turn in ("cold", "warm") if cold is None else ("warm",):
            last = turn == "warm" or peer in ("numpy", "torch", "reference")
            code = f"import json; from benchmarks.measure import measure; print(json.dumps(measure({name!r}, {peer!r}, {seconds if last else 0})))"
            done = subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, **limits}, capture_output=True, text=True
            )
            if done.returncode:
                return {"error": done.stderr.strip().splitlines()[-1][:300] if done.stderr.strip() else "failed"}
            found = json.loads(done.stdout.strip().splitlines()[-1])
            if found is None or last:
                break
            cold = found["first"]
            first.write_text(json.dumps(cold))
        if found is not None and cold is not None:
            found["cold"] = cold
        return found
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def peak():
    """Return the most single-precision operations a second of one thread: products and sums in registers alone."""
    import ctypes

    from theon.codegen import tile
    from theon.codegen.jit import compile_module
    from theon.codegen.native import Function, attributes

    lanes = tile.lanes("float32")
    vector = f"<{lanes} x float>"
    f = Function("spin", [("n", "i64"), ("out", "ptr")])
    sums = [f.variable(vector, f.load(vector, f["out"], 4 * (lanes + m), 4)) for m in range(12)]
    factor = f.load(vector, f["out"], 0, 4)
    with f.loop(f["n"]):
        for s in sums:
            s.set(f.call("fma", s.get(), factor, factor, result=vector))
    for m, s in enumerate(sums):
        f.store(s.get(), f["out"], 4 * lanes * (m + 2), 4)
    f.emit("ret void")
    name = f"llvm.fmuladd.v{lanes}f32"
    text = f.text(attributes(), "").replace("@fma(", f"@{name}(")
    module = compile_module(f"{text}\ndeclare {vector} @{name}({vector}, {vector}, {vector})", {}, ("spin",))
    spin = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(module.address("spin"))
    out, count, best = np.arange(14 * lanes, dtype="float32") * 0, 2_000_000, 0.0
    for _ in range(10):
        begin = time.perf_counter()
        spin(count, out.ctypes.data)
        best = max(best, 2 * len(sums) * lanes * count / (time.perf_counter() - begin))
    return best


def bandwidth(threads: int):
    """Return the most bytes a second that ``threads`` threads read and write: the sum of two vectors into one of them."""
    code = """
import time, numpy as np, theano, theano.tensor as T
a, b = (theano.shared(np.ones(1 << 24, "float32")) for _ in range(2))
f, best = theano.function([], updates=[(a, a + b)]), 0.0
for _ in range(10):
    begin = time.perf_counter()
    f()
    best = max(best, 12 * (1 << 24) / (time.perf_counter() - begin))
print(best)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
