"""Measure compiled functions against mpmath and write what was found: docs/accuracy.md and src/theon/ops/accuracy.py.

``python tools/measure_accuracy.py``. An error is counted in ulps: the distance between the numbers of the dtype next to the exact
value, which is computed with 40 digits from the very input. Where a function crosses zero, values below 1 are measured in
the ulps of 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
from mpmath import mp

mp.dps = 40
ROOT = Path(__file__).parents[1]
DTYPES = ("float64", "float32")
UNIT = {"float64": 2.0**-52, "float32": 2.0**-23}


@dataclass
class Case:
    """``exact`` of mpmath numbers; ``low`` and ``high`` of each argument; the samples are spread evenly, and also
    by magnitude where ``log`` says so. ``crosses``: whether the function has zeros inside."""

    exact: Callable[..., Any]
    ranges: Sequence[tuple[float, float]]
    crosses: bool = False
    log: bool = True
    single: Sequence[tuple[float, float]] | None = None  # the ranges for float32 where they are others


def _inverse_erf(y: Any) -> Any:
    """By Newton's steps from the double's answer, with 60 digits."""
    if y in (-1, 1):
        return mp.inf * y
    with mp.workdps(60):
        return _newton(lambda x: mp.erf(x) - y, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), mp.erfinv(y))


def _inverse_erfc(y: Any) -> Any:
    from scipy.special import erfcinv

    with mp.workdps(60):
        start = mpmath.mpf(float(erfcinv(float(y))))
        return _newton(lambda x: mp.erfc(x) - y, lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x), start)


def _newton(f: Callable[[Any], Any], slope: Callable[[Any], Any], x: Any) -> Any:
    for _ in range(4):
        x = x - f(x) / slope(x)
    return x


def _chi2sf(x: Any, k: Any) -> Any:
    return mp.gammainc(k / 2, x / 2, mp.inf, regularized=True)


CASES: dict[str, Case] = {
    "exp": Case(mp.exp, [(-700, 700)], single=[(-85, 88)]),
    "exp2": Case(lambda x: mp.mpf(2) ** x, [(-1000, 1000)], single=[(-120, 120)]),
    "expm1": Case(mp.expm1, [(-40, 700)], single=[(-20, 88)]),
    "log": Case(mp.log, [(1e-300, 1e300)], single=[(1e-37, 1e37)]),
    "log2": Case(lambda x: mp.log(x, 2), [(1e-300, 1e300)], single=[(1e-37, 1e37)]),
    "log10": Case(mp.log10, [(1e-300, 1e300)], single=[(1e-37, 1e37)]),
    "log1p": Case(mp.log1p, [(-0.999, 1e10)]),
    "sqrt": Case(mp.sqrt, [(0, 1e300)], single=[(0, 1e37)]),
    "sin": Case(mp.sin, [(-1000, 1000)], crosses=True),
    "cos": Case(mp.cos, [(-1000, 1000)], crosses=True),
    "tan": Case(mp.tan, [(-1.5, 1.5)]),
    "arcsin": Case(mp.asin, [(-1, 1)]),
    "arccos": Case(mp.acos, [(-1, 1)], crosses=True),
    "arctan": Case(mp.atan, [(-1e6, 1e6)]),
    "sinh": Case(mp.sinh, [(-700, 700)], single=[(-85, 85)]),
    "cosh": Case(mp.cosh, [(-700, 700)], single=[(-85, 85)]),
    "tanh": Case(mp.tanh, [(-20, 20)]),
    "arcsinh": Case(mp.asinh, [(-1e10, 1e10)]),
    "arccosh": Case(mp.acosh, [(1, 1e10)]),
    "arctanh": Case(mp.atanh, [(-0.999, 0.999)]),
    "sigmoid": Case(lambda x: 1 / (1 + mp.exp(-x)), [(-700, 700)], single=[(-85, 85)]),
    "softplus": Case(lambda x: mp.log1p(mp.exp(x)), [(-700, 700)], single=[(-85, 85)]),
    "erf": Case(mp.erf, [(-6, 6)]),
    "erfc": Case(mp.erfc, [(-6, 26)], single=[(-6, 9)]),
    "erfcx": Case(lambda x: mp.exp(x * x) * mp.erfc(x), [(-20, 100)], single=[(-9, 100)]),
    "erfinv": Case(_inverse_erf, [(-0.999999, 0.999999)]),
    "erfcinv": Case(_inverse_erfc, [(1e-300, 1.999)], single=[(1e-37, 1.999)], crosses=True),
    "gamma": Case(mp.gamma, [(0.001, 170)], single=[(0.001, 34)]),
    "gammaln": Case(mp.loggamma, [(0.001, 1e8)], crosses=True),
    "psi": Case(mp.digamma, [(0.001, 1e8)], crosses=True),
    "tri_gamma": Case(lambda x: mp.polygamma(1, x), [(0.001, 1e6)]),
    "chi2sf": Case(_chi2sf, [(0.01, 100), (1, 50)]),
    "gammainc": Case(lambda a, x: mp.gammainc(a, 0, x, regularized=True), [(0.1, 50), (0.01, 100)]),
    "gammaincc": Case(lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True), [(0.1, 50), (0.01, 60)]),
    "gammal": Case(lambda a, x: mp.gammainc(a, 0, x), [(0.1, 30), (0.01, 60)]),
    "gammau": Case(lambda a, x: mp.gammainc(a, x, mp.inf), [(0.1, 30), (0.01, 60)]),
    "j0": Case(lambda x: mp.besselj(0, x), [(0, 100)], crosses=True),
    "j1": Case(lambda x: mp.besselj(1, x), [(0, 100)], crosses=True),
    "jv": Case(mp.besselj, [(0, 10), (0.01, 50)], crosses=True),
    "i0": Case(lambda x: mp.besseli(0, x), [(-80, 80)]),
    "i1": Case(lambda x: mp.besseli(1, x), [(-80, 80)]),
    "iv": Case(mp.besseli, [(0, 10), (0.01, 80)]),
}  # fmt: skip


def samples(case: Case, dtype: str, count: int, seed: int = 0) -> list[Any]:
    """Return the arguments, arrays of ``dtype``."""
    rng = np.random.RandomState(seed)
    found = []
    for low, high in case.single if case.single is not None and dtype == "float32" else case.ranges:
        parts = [rng.uniform(low, high, count // 2)]
        least = max(low, 1e-8) if low >= 0 else 1e-8
        sizes = np.exp(rng.uniform(math.log(least), math.log(max(abs(low), abs(high))), count))
        both = np.concatenate([sizes, -sizes])
        inside = both[(both > low) & (both < high)]
        parts.append(rng.permutation(inside)[: count - count // 2])
        x = np.concatenate(parts)
        x = np.concatenate([x, rng.uniform(low, high, count - len(x))])
        found.append(np.clip(rng.permutation(x).astype(dtype), np.asarray(low, dtype), np.asarray(high, dtype)))
    return found


def errors(name: str, dtype: str, count: int, seed: int = 0) -> tuple[np.ndarray, list[Any]]:
    """Return the errors in ulps of the compiled function at the samples, and the samples."""
    import theano
    from theon.ops.declare import REGISTRY

    case = CASES[name]
    given = samples(case, dtype, count, seed)
    inputs = [theano.tensor.TensorType(dtype, [False])() for _ in given]
    got = theano.function(inputs, REGISTRY[name](*inputs))(*given)
    assert got.dtype == dtype
    found = np.zeros(len(got))
    for i, values in enumerate(zip(*given)):
        exact = case.exact(*(mp.mpf(float(v)) for v in values))
        exact = mp.re(exact)
        nearest = abs(np.asarray(float(exact), dtype))
        step = mp.mpf(float(np.spacing(np.maximum(nearest, np.asarray(np.finfo(dtype).tiny)))))
        if case.crosses:
            step = max(step, mp.mpf(UNIT[dtype]) / 2)
        value = float(got[i])
        found[i] = float(abs(mp.mpf(value) - exact) / step) if math.isfinite(value) else math.inf
    return found, given


def rounded_up(error: float) -> float:
    """A bound that is easy to read: 0.5, 1, 1.5, 2, 3, ... in two figures, with room for what no sample met."""
    error *= 1.25
    if error <= 2:
        return max(0.5, math.ceil(error * 2) / 2) if error > 0.5 else 0.5 if error <= 0.5 else 1
    digits = 10 ** max(0, math.floor(math.log10(error)) - 1)
    return float(math.ceil(error / digits) * digits)


def written(case: Case, dtype: str) -> str:
    ranges = case.single if case.single is not None and dtype == "float32" else case.ranges
    return " × ".join(f"[{low:g}, {high:g}]" for low, high in ranges)


def convolutions() -> list[str]:
    """What minimal filtering costs: root mean square errors of single precision, as parts of the results' own size."""
    import theano
    import theano.tensor as T

    def compiled(dtype: str, tiles: bool) -> Any:
        x, w, g = (T.tensor4(dtype=dtype) for _ in range(3))
        with theano.config.change_flags(conv__winograd=tiles):
            y = T.nnet.conv2d(x, w, border_mode="half")
            return theano.function([x, w, g], [y, *T.grad(None, [x, w], known_grads={y: g})])

    exact, ways = compiled("float64", False), [compiled("float32", tiles) for tiles in (True, False)]
    rng = np.random.RandomState(0)
    rows = []
    for taps in (3, 5):
        for channels in (16, 64, 256):
            shapes = ((4, channels, 24, 24), (channels, channels, taps, taps), (4, channels, 24, 24))
            given = [rng.randn(*shape).astype("float32") for shape in shapes]
            wanted = exact(*(v.astype("float64") for v in given))
            found = [[np.sqrt(np.mean((a - b) ** 2) / np.mean(b**2)) for a, b in zip(f(*given), wanted)] for f in ways]
            cells = (f"{tiled:.1e} | {plain:.1e}" for tiled, plain in zip(*found))
            rows.append(f"| {taps}×{taps}, {channels} to {channels} on 4×{channels}×24×24 | {' | '.join(cells)} |")
    return [
        "",
        "## Convolutions",
        "",
        "Filters of 3×3 and 5×5 on enough channels go by minimal filtering (Winograd), other convolutions by sums of products, as all",
        "do where `config.conv.winograd` is False. Root mean square errors in float32 of both ways on normal random numbers, as parts",
        "of the results' root mean square; in float64 they are smaller by 2²⁹. What is not finite is computed by sums of products.",
        "",
        "| filters | result | by sums | image's gradient | by sums | filters' gradient | by sums |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


def main() -> None:
    rows, data = [], []
    for name, case in CASES.items():
        bounds = []
        cells = []
        for dtype in DTYPES:
            found, given = errors(name, dtype, 1500)
            worst = int(np.argmax(found))
            bound = rounded_up(float(found[worst]))
            bounds.append((written(case, dtype), bound))
            at = ", ".join(f"{float(x[worst]):.9g}" for x in given)
            cells.append(f"{written(case, dtype)} | {found[worst]:.3g} | {at} | {bound:g}")
        print(name, cells, flush=True)
        rows.append(f"| `{name}`{' ⁰' if case.crosses else ''} | {cells[0]} | {cells[1]} |")
        data.append(f'    "{name}": ({bounds[0]!r}, {bounds[1]!r}, {case.crosses}),')
    head = [
        "# How exact the functions are",
        "",
        "Written by `python tools/measure_accuracy.py`. Each function is compiled and compared with mpmath (40 digits) at 1,500 points of",
        "each range, spread evenly and by magnitude. The error is counted in ulps: the distance between the two numbers of the dtype",
        "next to the exact value. Of functions marked ⁰, which cross zero, values below 1 are measured by the ulps of 1: what an",
        "absolute error is. *worst* is the largest error seen, *at* its argument, *bound* what is promised and tested.",
        "",
        "| function | float64 range | worst | at | bound | float32 range | worst | at | bound |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    (ROOT / "docs" / "accuracy.md").write_text("\n".join([*head, *rows, *convolutions(), ""]))
    text = [
        '"""The worst errors of functions in ulps, as measured: written by tools/measure_accuracy.py."""',
        "",
        "from __future__ import annotations",
        "",
        '__all__ = ["BOUNDS", "described"]',
        "",
        "# Name: (range and bound for float64, for float32, whether values below 1 are measured by the ulps of 1).",
        "BOUNDS: dict[str, tuple[tuple[str, float], tuple[str, float], bool]] = {",
        *data,
        "}",
        "",
        "",
        "def described(name: str) -> str:",
        '    """Return the sentence that documentation has about the accuracy of a function, or nothing."""',
        "    if name not in BOUNDS:",
        '        return ""',
        "    (wide, double), (narrow, single), crosses = BOUNDS[name]",
        '    unit = "ulps (of 1, for values below 1)" if crosses else "ulps"',
        "    return (",
        '        f"\\n\\nWorst error against mpmath, in {unit}: {double:g} in float64 on {wide}, "',
        '        f"{single:g} in float32 on {narrow}; see docs/accuracy.md."',
        "    )",
        "",
    ]
    (ROOT / "src" / "theon" / "ops" / "accuracy.py").write_text("\n".join(text))


if __name__ == "__main__":
    main()
