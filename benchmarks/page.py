"""The page of results: one table for each number of threads, whose rows are replaced by newer ones."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path

from benchmarks.workload import PEERS

__all__ = ["save"]


def _machine() -> str:
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        text = info.read_text()
        model = re.search(r"model name\s*: (.*)", text)
        family = re.search(r"cpu family\s*: (\d+)", text)
        name = f"{model[1]} (family {family[1]})" if model and family else name
    return (
        f"{name}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )


def _versions() -> str:
    found = []
    for package in ("numpy", "scipy", "llvmlite", "torch", "jax", "pytensor", "numba"):
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def _tables(text: str) -> dict[int, dict[str, list[str]]]:
    """The rows a page has: threads -> workload -> cells."""
    tables: dict[int, dict[str, list[str]]] = {}
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        title = re.match(r"## (\d+) thread", line)
        if title:
            rows = tables.setdefault(int(title[1]), {})
        elif line.startswith("| ") and not line.startswith("| workload"):
            name, *cells = (part.strip() for part in line.strip("|").split("|"))
            rows[name] = cells
    return tables


def save(path: str, threads: int, rows: dict[str, list[str]], order: list[str]) -> None:
    """Write the rows into the page at ``path``; other rows stay."""
    page = Path(path)
    tables = _tables(page.read_text()) if page.exists() else {}
    tables.setdefault(threads, {}).update(rows)
    lines = [
        "# Benchmarks",
        "",
        f"`python -m benchmarks --threads N --save {path}` on {_machine()}; {_versions()}; last run {datetime.date.today()}.",
        "",
        "Each cell: the time of a call, and in brackets the time from arrays to the end of the first call, first with an",
        "empty cache of compiled code, then with a full one (peers without a cache have one number); imports are apart.",
        "`ratio` is Theon's time over the best peer's. The last column says which part of the measured memory bandwidth or",
        "of the peak of multiply-adds in registers the needed bytes or products come to: more than all of it where an algorithm",
        "takes fewer products than the definition (convolutions of 3×3 and 5×5). `compiled` is `torch.compile`.",
        "All answers agree with NumPy's in float64, except where random numbers are drawn. Where others use the machine too,",
        "figures differ by a tenth from run to run, those of memory-bound lines by more.",
    ]
    for count in sorted(tables):
        head = ["workload", *PEERS, "ratio", "of the machine's best"]
        lines += ["", f"## {count} thread{'s' if count > 1 else ''}", "", "| " + " | ".join(head) + " |"]
        lines.append("|" + "---|" * len(head))
        known = tables[count]
        for name in [*(n for n in order if n in known), *(n for n in known if n not in order)]:
            lines.append("| " + " | ".join([name, *known[name]]) + " |")
    page.write_text("\n".join(lines) + "\n")
