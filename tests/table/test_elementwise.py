"""Every declared elementwise op: its value against its reference, its gradient against differences."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.ops.declare import REGISTRY

# Where an op is defined on part of the line only: intervals to draw from.
RANGES = {
    "arccos": [(-0.9, 0.9)], "arcsin": [(-0.9, 0.9)], "arctanh": [(-0.9, 0.9)], "erfinv": [(-0.9, 0.9)], "erfcinv": [(0.2, 1.8)],
    "arccosh": [(1.2, 3)], "log": [(0.2, 3)], "log2": [(0.2, 3)], "log10": [(0.2, 3)], "log1p": [(-0.8, 3)], "sqrt": [(0.2, 3)],
    "gamma": [(0.5, 3)], "gammaln": [(0.5, 3)], "psi": [(0.5, 3)], "tri_gamma": [(0.5, 3)], "inv": [(0.3, 2)], "xlogx": [(0.2, 3)],
    "xlogy0": [(0.2, 3)] * 2, "pow": [(0.3, 2), (0.5, 2)], "true_div": [(-2, 2), (0.5, 2)], "mod": [(0.1, 0.9), (1.1, 2)],
    "int_div": [(1, 9), (1, 3)], "chi2sf": [(1, 3)] * 2, "gammainc": [(1, 3)] * 2, "gammaincc": [(1, 3)] * 2, "gammal": [(1, 3)] * 2, "gammau": [(1, 3)] * 2,
    "tan": [(-1, 1)],
    "jv": [(1, 1.0001), (0.5, 2)], "iv": [(1, 1.0001), (0.5, 2)], "clip": [(-2, 2), (-1, -0.5), (0.5, 1)],
}  # fmt: skip
INTEGER = {"and_", "or_", "xor", "invert"}
COMPLEX = {"conj", "imag", "real", "angle", "complex", "complex_from_polar"}
# Steps, and functions of which only one derivative is known: a difference quotient says nothing.
NO_GRADIENT = {
    "int_div", "sgn", "ceil", "floor", "trunc", "round_half_to_even", "round_half_away_from_zero", "tri_gamma", "chi2sf",
    "gammainc", "gammaincc", "gammal", "gammau", "jv", "iv",
}  # fmt: skip


def draw(name, rng, nin, shape=(3, 4)):
    ranges = RANGES.get(name, [(-2, 2)])
    return [rng.uniform(*ranges[min(i, len(ranges) - 1)], size=shape) for i in range(nin)]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_value(name):
    op = REGISTRY[name]
    rng = np.random.RandomState(3)
    values = draw(name, rng, 2 if op.nin < 0 else op.nin)
    if name in INTEGER:
        values = [np.asarray(v * 10, dtype="int32") for v in values]
    variables = [theano.tensor.as_tensor_variable(v).type() for v in values]
    out = theano.function(variables, op(*variables))(*values)
    with np.errstate(all="ignore"):
        expected = op.scalar_op.reference(np, *values)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-14)
    # Strided, reversed and broadcast operands give the same.
    odd = [np.asfortranarray(v)[::-1] for v in values]
    np.testing.assert_allclose(theano.function(variables, op(*variables))(*odd), expected[::-1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - INTEGER - COMPLEX - NO_GRADIENT))
def test_gradient(name):
    op = REGISTRY[name]
    if op.scalar_op.output_dtype(*["float64"] * max(op.nin, 1)) != "float64":
        pytest.skip("the result is discrete or of lower precision")
    rng = np.random.RandomState(5)
    values = draw(name, rng, 2 if op.nin < 0 else op.nin)
    T.verify_grad(op, values, rng=rng)
    if len(values) == 2:
        T.verify_grad(op, [values[0], values[1][:1]], rng=rng)
