"""Texts that say how a variable is computed."""

import numpy as np
import pytest

import theano.tensor as T
from theano.printing import hex_digest, min_informative_str, position_independent_str, var_descriptor


def test_as_much_of_the_graph_as_is_needed():
    a, b, c = T.dvector(), T.dvector(), T.dvector()
    a.name, b.name = "A", "B"
    d = b + c
    d.name = "D"
    e = T.exp(a * d)
    assert min_informative_str(e).splitlines() == [
        "A. Elemwise{exp,no_inplace}",
        " B. Elemwise{mul,no_inplace}",
        "  C. A",
        "  D. D",
    ]
    assert min_informative_str(c) == "A. <TensorType(float64, vector)>"
    assert min_informative_str(a * a).splitlines()[-1] == " <B>" and min_informative_str(np.ones(2)) == "A. <ndarray>"


def test_descriptors_tell_computations_apart():
    def make(value, name):
        x = T.dvector("x")
        y = x * value
        y.name = name
        return T.exp(y) + x

    first = var_descriptor(make(2.0, "a"))
    assert first == var_descriptor(make(2.0, "b")) != var_descriptor(make(3.0, "a"))
    assert "\n" not in first and " at 0x" not in first
    a = np.arange(6.0)
    assert hex_digest(a) == hex_digest(a.copy()) != hex_digest(a + 1)
    assert hex_digest(a.reshape(2, 3)) != hex_digest(a.reshape(3, 2))
    assert "digest=" in var_descriptor(a)


def test_deep_graphs_have_texts():
    v = T.dscalar("x")
    for _ in range(5000):
        v = T.exp(v)
    assert var_descriptor(v).count("(") == 5000 and len(min_informative_str(v).splitlines()) == 5001


def test_texts_without_places_in_memory():
    assert position_independent_str(T.dvector()) == "theano_var{type=TensorType(float64, vector)}"
    with pytest.raises(NotImplementedError):
        position_independent_str(object())
