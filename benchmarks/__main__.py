"""Print a table: workloads × peers, seconds per call, the time to the first call, and the ratio to the best peer.

``python -m benchmarks [--threads N] [workload ...]``. Each peer runs in a process of its own; answers are checked
against NumPy's in float64. Peers that are not installed are left out.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time

import numpy as np

from benchmarks.workloads import WORKLOADS

PEERS = ["theon", "numpy", "torch", "jax", "pytensor"]


def measure(name, peer):
    """Time one workload in this process: {"call", "first", "answer"}, or None where the peer has no version of it."""
    if hasattr(os, "sched_setaffinity"):  # some peers know no other bound
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ.get("OMP_NUM_THREADS", "1"))])
    start = time.perf_counter()
    made = WORKLOADS[name](peer)
    if made is None:
        return None
    call, answer = made
    call()
    first = time.perf_counter() - start
    count, times = 1, []
    end = time.perf_counter() + 1.0
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        for _ in range(count):
            call()
        took = time.perf_counter() - begin
        times.append(took / count)
        if took < 2e-3:
            count *= 2
            times.clear()
    digest = np.asarray(answer(), dtype="float64").ravel()
    return {"call": float(np.median(times)), "first": first, "answer": digest[:: max(1, digest.size // 1000)].tolist()}


def in_process(name, peer, threads):
    """Run :func:`measure` in a process with a bound on threads."""
    limits = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], str(threads))
    code = f"import json; from benchmarks.__main__ import measure; print(json.dumps(measure({name!r}, {peer!r})))"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **limits}, capture_output=True, text=True)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"}
    return json.loads(done.stdout.strip().splitlines()[-1])


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


def shown(seconds):
    """Seconds in a readable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS))
    options = parser.parse_args()
    peers = [p for p in PEERS if p == "theon" or importlib.util.find_spec(p) is not None]
    print(
        f"{'workload':28}"
        + "".join(f"{p:>22}" for p in peers)
        + f"{'ratio':>8}   (call / first call; {options.threads} thread)"
    )
    most = None
    for name in options.workloads:
        found = {p: in_process(name, p, options.threads) for p in peers}
        row = f"{name:28}"
        for p in peers:
            r = found[p]
            row += f"{'-' if r is None else 'failed' if 'error' in r else shown(r['call']) + ' / ' + shown(r['first']):>22}"
        good = {p: r["call"] for p, r in found.items() if r and "error" not in r}
        others = [t for p, t in good.items() if p != "theon"]
        if "theon" in good and others:
            row += f"{good['theon'] / min(others):8.2f}"
        moved = getattr(WORKLOADS[name], "moved", None)
        if moved and "theon" in good:
            row += f"   {moved / good['theon'] / 1e9:.1f} GB/s"
        flops = getattr(WORKLOADS[name], "flops", None)
        if flops and "theon" in good:
            most = most or peak() * options.threads
            row += (
                f"   {flops / good['theon'] / 1e9:.0f} GFLOP/s, {flops / good['theon'] / most:.0%} of {most / 1e9:.0f}"
            )
        print(row, flush=True)
        for p, r in found.items():
            if r and "error" in r:
                print(f"    {p}: {r['error']}")
        reference = found.get("numpy")
        for p, r in found.items():
            if r and reference and "answer" in r and "answer" in reference:
                if not np.allclose(r["answer"], reference["answer"], rtol=1e-3, atol=1e-4):
                    print(f"    {p}: the answer differs from NumPy's")


if __name__ == "__main__":
    main()
