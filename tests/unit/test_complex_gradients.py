"""Gradients and forward derivatives through complex numbers against difference quotients: by the real and the imaginary part."""

import numpy as np
import pytest

import theano
import theano.tensor as T

a, b, u, v = T.dvectors("a", "b", "u", "v")
z = T.complex(a, b)
FUNCTIONS = {
    "mul": z * z,
    "three factors": z * z * a,
    "real factor": z * a,
    "exp": T.exp(z),
    "inverse": 1 / z,
    "quotient": (z + 1) / (z * 2 + a),
    "log": T.log(z),
    "sin": T.sin(z),
    "tanh": T.tanh(z),
    "sqrt": T.sqrt(z),
    "pow": z**3,
    "sqr": T.sqr(z),
    "difference": z - 2 * z,
    "conj": T.conj(z) * z,
    "polar": T.complex_from_polar(a, b),
}


@pytest.mark.parametrize("part", [T.real, T.imag, abs, T.angle])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_modes_agree_with_differences(name, part):
    out = part(FUNCTIONS[name])
    inputs = [a, b, u, v]
    wrong_order = name == "polar"  # its forward mode is not declared
    slopes = T.grad(out.sum(), [a, b], disconnected_inputs="ignore")
    wanted = [out, (slopes[0] * u + slopes[1] * v).sum()]
    if not wrong_order:
        wanted.append(T.Rop(out, [a, b], [u, v]))
    f = theano.function(inputs, wanted, on_unused_input="ignore")
    x, y, p, q = np.random.RandomState(0).rand(4, 3) + 0.5
    h = 1e-6
    numeric = (f(x + h * p, y + h * q, p, q)[0] - f(x - h * p, y - h * q, p, q)[0]) / (2 * h)
    found = f(x, y, p, q)
    np.testing.assert_allclose(found[1], numeric.sum(), atol=1e-6, rtol=1e-6)
    if not wrong_order:
        assert found[2].dtype == "float64"
        np.testing.assert_allclose(found[2], numeric, atol=1e-6, rtol=1e-6)
