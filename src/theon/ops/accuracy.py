"""The worst errors of functions in ulps, as measured: written by tools/measure_accuracy.py."""

from __future__ import annotations

__all__ = ["BOUNDS", "described"]

# Name: (range and bound for float64, for float32, whether values below 1 are measured by the ulps of 1).
BOUNDS: dict[str, tuple[tuple[str, float], tuple[str, float], bool]] = {
    "exp": (("[-700, 700]", 1.0), ("[-85, 88]", 1.0), False),
    "exp2": (("[-1000, 1000]", 1.0), ("[-120, 120]", 1.5), False),
    "expm1": (("[-40, 700]", 1.5), ("[-20, 88]", 1.5), False),
    "log": (("[1e-300, 1e+300]", 1.0), ("[1e-37, 1e+37]", 1.0), False),
    "log2": (("[1e-300, 1e+300]", 1.0), ("[1e-37, 1e+37]", 1.0), False),
    "log10": (("[1e-300, 1e+300]", 1.0), ("[1e-37, 1e+37]", 1.0), False),
    "log1p": (("[-0.999, 1e+10]", 1.0), ("[-0.999, 1e+10]", 1.5), False),
    "sqrt": (("[0, 1e+300]", 1.0), ("[0, 1e+37]", 1.0), False),
    "sin": (("[-1000, 1000]", 1.0), ("[-1000, 1000]", 1.0), True),
    "cos": (("[-1000, 1000]", 1.0), ("[-1000, 1000]", 1.0), True),
    "tan": (("[-1.5, 1.5]", 2.0), ("[-1.5, 1.5]", 2.0), False),
    "arcsin": (("[-1, 1]", 1.0), ("[-1, 1]", 1.0), False),
    "arccos": (("[-1, 1]", 1.0), ("[-1, 1]", 1.0), True),
    "arctan": (("[-1e+06, 1e+06]", 1.5), ("[-1e+06, 1e+06]", 1.0), False),
    "sinh": (("[-700, 700]", 2.0), ("[-85, 85]", 1.0), False),
    "cosh": (("[-700, 700]", 1.5), ("[-85, 85]", 1.0), False),
    "tanh": (("[-20, 20]", 3.0), ("[-20, 20]", 3.0), False),
    "arcsinh": (("[-1e+10, 1e+10]", 2.0), ("[-1e+10, 1e+10]", 1.0), False),
    "arccosh": (("[1, 1e+10]", 1.5), ("[1, 1e+10]", 1.0), False),
    "arctanh": (("[-0.999, 0.999]", 2.0), ("[-0.999, 0.999]", 1.0), False),
    "sigmoid": (("[-700, 700]", 3.0), ("[-85, 85]", 3.0), False),
    "softplus": (("[-700, 700]", 2.0), ("[-85, 85]", 2.0), False),
    "erf": (("[-6, 6]", 1.5), ("[-6, 6]", 1.0), False),
    "erfc": (("[-6, 26]", 3.0), ("[-6, 9]", 1.0), False),
    "erfcx": (("[-20, 100]", 10.0), ("[-9, 100]", 1.0), False),
    "erfinv": (("[-0.999999, 0.999999]", 3.0), ("[-0.999999, 0.999999]", 1.0), False),
    "erfcinv": (("[1e-300, 1.999]", 6.0), ("[1e-37, 1.999]", 1.0), True),
    "gamma": (("[0.001, 170]", 8.0), ("[0.001, 34]", 1.0), False),
    "gammaln": (("[0.001, 1e+08]", 3.0), ("[0.001, 1e+08]", 1.0), True),
    "psi": (("[0.001, 1e+08]", 2.0), ("[0.001, 1e+08]", 1.0), True),
    "tri_gamma": (("[0.001, 1e+06]", 4.0), ("[0.001, 1e+06]", 1.0), False),
    "chi2sf": (("[0.01, 100] × [1, 50]", 9.0), ("[0.01, 100] × [1, 50]", 1.0), False),
    "gammainc": (("[0.1, 50] × [0.01, 100]", 5.0), ("[0.1, 50] × [0.01, 100]", 1.0), False),
    "gammaincc": (("[0.1, 50] × [0.01, 60]", 12.0), ("[0.1, 50] × [0.01, 60]", 1.0), False),
    "gammal": (("[0.1, 30] × [0.01, 60]", 5.0), ("[0.1, 30] × [0.01, 60]", 1.0), False),
    "gammau": (("[0.1, 30] × [0.01, 60]", 11.0), ("[0.1, 30] × [0.01, 60]", 1.0), False),
    "j0": (("[0, 100]", 5.0), ("[0, 100]", 1.0), True),
    "j1": (("[0, 100]", 7.0), ("[0, 100]", 1.0), True),
    "jv": (("[0, 10] × [0.01, 50]", 4.0), ("[0, 10] × [0.01, 50]", 1.0), True),
    "i0": (("[-80, 80]", 4.0), ("[-80, 80]", 1.0), False),
    "i1": (("[-80, 80]", 12.0), ("[-80, 80]", 1.0), False),
    "iv": (("[0, 10] × [0.01, 80]", 13.0), ("[0, 10] × [0.01, 80]", 1.0), False),
}


def described(name: str) -> str:
    """Return the sentence that documentation has about the accuracy of a function, or nothing."""
    if name not in BOUNDS:
        return ""
    (wide, double), (narrow, single), crosses = BOUNDS[name]
    unit = "ulps (of 1, for values below 1)" if crosses else "ulps"
    return (
        f"\n\nWorst error against mpmath, in {unit}: {double:g} in float64 on {wide}, "
        f"{single:g} in float32 on {narrow}; see docs/accuracy.md."
    )
