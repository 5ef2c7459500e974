"""The common mistakes of ``tests/data/errors.json``: the class that each raises."""

import json
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T

CASES = json.loads((Path(__file__).parents[1] / "data" / "errors.json").read_text())["cases"]
# Mistakes that Theano let pass and that are refused here, and what is not written yet.
LISTED = (
    (Path(__file__).parent / "differs.txt").read_text().splitlines()
    if (Path(__file__).parent / "differs.txt").exists()
    else []
)


def raised(code):
    try:
        exec(code, {"theano": theano, "T": T, "np": np})
    except Exception as error:
        return error
    return None


def agrees(case):
    error = raised(case["code"])
    if case["raises"] is None:
        return error is None
    wanted = case["raises"].rpartition(".")[2]
    return error is not None and wanted in [c.__name__ for c in type(error).__mro__]


def test_the_classes_agree_except_where_listed(update_golden):
    path = Path(__file__).parent / "differs.txt"
    differing = [case["code"].replace("\n", "\\n") for case in CASES if not agrees(case)]
    if update_golden:
        path.write_text("".join(line + "\n" for line in differing))
    assert differing == path.read_text().splitlines()


@pytest.mark.parametrize("words", ["x, TensorType(float64, matrix)", "test_oracle.py", "shape (2, 3)"])
def test_a_call_error_names_variable_sizes_and_line(words):
    x, y = T.dmatrices("x", "y")
    f = theano.function([x, y], T.dot(x, y))
    with pytest.raises(ValueError) as caught:
        f(np.zeros((2, 3)), np.zeros((2, 3)))
    assert words in str(caught.value)


def test_an_update_of_a_wider_dtype_names_where_the_dtype_comes_in():
    W = theano.shared(np.zeros(3, "float32"), name="W")
    rate, g = T.dscalar("rate"), T.fvector("g")
    with pytest.raises(TypeError) as caught:
        theano.function([rate, g], updates=[(W, W - T.sqr(rate) * g)])
    text = str(caught.value)
    assert "rate, TensorType(float64, scalar), made at" in text
    assert "float64 comes in with rate: cast it, or what it is made from, with .astype('float32')" in text
    assert "unbroadcast" not in text
