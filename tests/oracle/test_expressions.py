"""Expressions and their gradients have the values, dtypes and broadcast patterns that Theano 1.0.5 gave (tests/data/*.npz).

Known differences stand in DIFFERENT with a reason; what is not built yet stands in ``missing_expressions.txt``, which a
test keeps from going stale.
"""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.gradient
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until

DATA = Path(__file__).parents[1] / "data"
MISSING = Path(__file__).parent / "missing_expressions.txt"
DIFFERENT = {
    ("tensor", "T.arccosh(T.cosh(m))"): "simplified to m by Theano: wrong where m < 0",
    ("tensor", "T.iround(T.clip(spec,-5,5))"): "nan as an integer: nothing is right, 0 here",
    ("tensor", "T.log(T.sum(T.exp(big)))"): "the gradient is softmax, where Theano gave nan",
    ("tensor", "nl.lstsq()(sq,v,0.1)[0]"): "a vector's solution is a vector, not called a matrix",
}


class Lazy:
    """A module imported when a name of it is wanted."""

    def __init__(self, path):
        self.path = path

    def __getattr__(self, name):
        return getattr(importlib.import_module(self.path), name)


NAMES = {
    "theano": theano,
    "T": T,
    "np": np,
    "numpy": np,
    "grad": theano.gradient,
    "ifelse": ifelse,
    "until": until,
    "nnet": Lazy("theano.tensor.nnet"),
    "pool": Lazy("theano.tensor.signal.pool"),
    "neigh": Lazy("theano.tensor.nnet.neighbours"),
    "bn": Lazy("theano.tensor.nnet.bn"),
    "sl": Lazy("theano.tensor.slinalg"),
    "nl": Lazy("theano.tensor.nlinalg"),
    "fft": Lazy("theano.tensor.fft"),
    "ex": Lazy("theano.tensor.extra_ops"),
    "sort": Lazy("theano.tensor.sort"),
    "ac": Lazy("theano.tensor.nnet.abstract_conv"),
    "xl": Lazy("theano.tensor.xlogx"),
    **{name: getattr(theano, name) for name in ("scan", "map", "reduce", "foldl", "foldr", "clone", "OpFromGraph")},
}


def cases():
    for which in ("tensor", "nnet", "scan"):
        for case in json.loads((DATA / f"{which}.json").read_text())["cases"]:
            yield which, case


CASES = list(cases())
VALUES = {which: np.load(DATA / f"{which}.npz") for which in ("tensor", "nnet", "scan")}
ABSENT = set(MISSING.read_text().split("\n")) if MISSING.exists() else set()


def assert_same(got, wanted):
    assert got.dtype == wanted.dtype
    assert got.shape == wanted.shape
    tolerance = 1e-4 if wanted.dtype in (np.float32, np.complex64) else 1e-7
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def check(which, case):
    values = VALUES[which]
    variables, arguments = {}, []
    for name in case["inputs"]:
        value = values[f"in_{name}"]
        pattern = case.get("broadcastable", {}).get(name, (False,) * value.ndim)
        variables[name] = T.TensorType(value.dtype.name, pattern)(name)
        arguments.append(value)
    inputs = list(variables.values())
    found = eval(case["expression"], {**NAMES, **variables})
    outputs = list(found) if isinstance(found, list | tuple) else [found]
    results = theano.function(inputs, outputs, on_unused_input="ignore")(*arguments)
    for place, (got, wanted) in enumerate(zip(results, case["outputs"], strict=True)):
        assert_same(got, values[f"{case['key']}_out{place}"])
        assert list(outputs[place].broadcastable) == wanted[1]
    if case.get("grad_of") and "grad_raises" not in case:
        wrt = [variables[name] for name in case["grad_of"]]
        gradients = T.grad((outputs[0] ** 2).sum(), wrt, disconnected_inputs="ignore")
        results = theano.function(inputs, gradients, on_unused_input="ignore")(*arguments)
        for name, got in zip(case["grad_of"], results):
            if f"{case['key']}_grad_{name}" in values:
                assert_same(got, values[f"{case['key']}_grad_{name}"])


@pytest.mark.parametrize(("which", "case"), CASES, ids=[f"{w}-{c['key']}-{c['expression'][:60]}" for w, c in CASES])
def test_expression(which, case):
    if (which, case["expression"]) in DIFFERENT or "raises" in case:
        return  # Theano was wrong, or refused what has a meaning here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if f"{which} {case['expression']}" not in ABSENT:
            check(which, case)
            return
        with pytest.raises(Exception):  # noqa: B017
            check(which, case)
