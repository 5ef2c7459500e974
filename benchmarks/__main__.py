"""Print a table: workloads × peers, the time of a call, of compiling with an empty and with a full cache, and ratios.

``python -m benchmarks [--threads N] [--seconds S] [--save FILE] [workload ...]``; a name may be the beginning of several.
Each peer runs in processes of its own; answers are checked against NumPy's in float64. Peers that are not installed are
left out. ``--save`` puts the rows into a page of Markdown in place of those it has.
"""

import argparse
import compileall
import importlib.util

import numpy as np

from benchmarks.measure import bandwidth, in_process, peak
from benchmarks.page import save
from benchmarks.workload import PEERS
from benchmarks.workloads import WORKLOADS


def shown(seconds):
    """Seconds in a readable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def cell(found):
    """One peer's figures: a call; the first call with an empty cache and with a full one, imports apart."""
    if found is None:
        return "-"
    if "error" in found:
        return "failed"
    times = [found["cold"]] if "cold" in found else []
    return f"{shown(found['call'])} ({', '.join(shown(t) for t in [*times, found['first']])})"


class Floor:
    """What the machine can do at best, measured when first asked."""

    def __init__(self, threads):
        self.threads, self.known = threads, {}

    def of(self, name, function):
        if name not in self.known:
            self.known[name] = function()
        return self.known[name]

    def text(self, workload, seconds):
        """Which part of it a workload reaches."""
        if workload.flops:
            most = self.of("flops", lambda: peak() * self.threads)
            rate = workload.flops / seconds
            return f"{rate / 1e9:.0f} GFLOP/s, {rate / most:.0%} of {most / 1e9:.0f}"
        if workload.moved:
            most = self.of("bytes", lambda: bandwidth(self.threads))
            rate = workload.moved / seconds
            return f"{rate / 1e9:.1f} GB/s, {rate / most:.0%} of {most / 1e9:.0f}"
        return ""


def chosen(given):
    """The workloads meant by names or their beginnings."""
    found = [name for name in WORKLOADS if not given or any(name.startswith(g) for g in given)]
    if not found:
        raise SystemExit(f"no such workload: {given}; there are {', '.join(WORKLOADS)}")
    return found


def compile_modules():
    """Write the bytecode of Theon's modules, as installers do: peers that are installed have theirs."""
    for package in ("theon", "theano"):
        for place in importlib.util.find_spec(package).submodule_search_locations:
            compileall.compile_dir(place, quiet=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--save", metavar="FILE")
    parser.add_argument("--caches", metavar="FOLDER", help="keep the peers' compiled code here, and the time it took")
    parser.add_argument("workloads", nargs="*")
    options = parser.parse_args()
    wanted = options.peers.split(",")
    package = {"compiled": "torch"}
    peers = [p for p in wanted if p == "theon" or importlib.util.find_spec(package.get(p, p)) is not None]
    print(f"{options.threads} thread(s); call (first call with an empty cache, with a full one)")
    print(f"{'workload':34}" + "".join(f"{p:>30}" for p in peers) + f"{'ratio':>8}")
    compile_modules()
    floor, rows = Floor(options.threads), {}
    for name in chosen(options.workloads):
        found = {p: in_process(name, p, options.threads, options.seconds, options.caches) for p in peers}
        good = {p: r["call"] for p, r in found.items() if r and "error" not in r}
        others = [t for p, t in good.items() if p != "theon"]
        ratio = f"{good['theon'] / min(others):.2f}" if "theon" in good and others else ""
        reach = floor.text(WORKLOADS[name], good["theon"]) if "theon" in good else ""
        rows[name] = [*(cell(found.get(p)) for p in PEERS), ratio, reach]
        print(f"{name:34}" + "".join(f"{cell(found[p]):>30}" for p in peers) + f"{ratio:>8}   {reach}", flush=True)
        reference = None if WORKLOADS[name].random else in_process(name, "reference", options.threads)
        for p, r in found.items():
            if r and "error" in r:
                print(f"    {p}: {r['error']}")
            elif r and reference and "answer" in reference:
                if len(r["answer"]) != len(reference["answer"]) or not np.allclose(
                    r["answer"], reference["answer"], rtol=1e-3, atol=1e-4
                ):
                    print(f"    {p}: the answer differs from NumPy's")
    if options.save:
        save(options.save, options.threads, rows, list(WORKLOADS))


if __name__ == "__main__":
    main()
