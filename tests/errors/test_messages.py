"""The whole text of the commonest mistakes: class, what clashes, the variables with sizes, the user's line, under 25 lines.

``--update-golden`` writes ``messages.txt`` anew: read it as a user would.
"""

import linecache
import re
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse

START = """\
x, y = T.dmatrices("x", "y")
v, s, i = T.dvector("v"), T.dscalar("s"), T.lscalar("i")
w = theano.shared(np.zeros((3, 2)), "w")
"""
# What went wrong: (the program, words that have to be in the text).
MISTAKES = {
    "sizes of a product": ("f = theano.function([x, y], T.dot(x, y))\nf(np.ones((2, 3)), np.ones((2, 3)))", "x & y & (2, 3) & line"),
    "sizes of a sum": ("z = x + y\nf = theano.function([x, y], T.exp(z))\nf(np.ones((2, 3)), np.ones((4, 3)))", "x & y & (2, 3) & (4, 3) & line"),
    "sizes with a shared variable": ("h = T.tanh(T.dot(x, w))\nf = theano.function([x], h)\nf(np.ones((5, 4)))", "w & (5, 4) & (3, 2) & line"),
    "an index out of bounds": ("f = theano.function([v, i], v[i])\nf([1.0, 2.0], 7)", "7 & 2 & v & line"),
    "a class out of bounds": (
        "t = T.lvector('t')\ncost = T.nnet.categorical_crossentropy(T.nnet.softmax(x), t).mean()\n"
        "f = theano.function([x, t], cost)\nf(np.zeros((2, 3)), [0, 3])", "3 & line",
    ),
    "rows out of bounds": ("t = T.lvector('t')\nf = theano.function([t], w[t])\nf([0, 5])", "5 & w & line"),
    "sizes of joined arrays": ("f = theano.function([x, y], T.concatenate([x, y]))\nf(np.ones((2, 3)), np.ones((2, 4)))", "x & y & 3 & 4 & line"),
    "a reshape": ("f = theano.function([v], v.reshape((2, 2)))\nf([1.0, 2.0, 3.0])", "(3,) & v & line"),
    "the maximum of nothing": ("f = theano.function([v], T.max(v))\nf([])", "zero-size & v & line"),
    "rank of an argument": ("f = theano.function([x], x * 2)\nf([1.0, 2.0])", "'x' & index 0 & expected 2 & got 1 & (2,)"),
    "dtype of an argument": ("z = T.fvector('z')\nf = theano.function([z], z)\nf(np.ones(2))", "'z' & float32 & float64 & allow_input_downcast"),
    "None as an argument": ("f = theano.function([x], x)\nf(None)", "'x' & None"),
    "a missing argument": ("f = theano.function([x, v], T.dot(x, v))\nf(np.ones((2, 2)))", "Missing required input: v"),
    "an argument too many": ("f = theano.function([x], x)\nf(np.ones((2, 2)), 3)", "Too many"),
    "an unknown keyword": ("f = theano.function([x], x)\nf(z=3)", "z & x"),
    "a row of two rows": ("r = T.drow('r')\nf = theano.function([r], r)\nf(np.ones((2, 3)))", "'r' & Non-unit & (2, 3)"),
    "an input that is missing": ("f = theano.function([x], T.dot(x, v))", "v & dot & line"),
    "an input that is not used": ("f = theano.function([x, v], x)", "v & on_unused_input & index 1"),
    "an input twice": ("f = theano.function([x, x], x)", "x & indices 0 and 1"),
    "a shared variable as input": ("f = theano.function([w], w)", "w & givens"),
    "dtype of an update": ("u = theano.shared(np.zeros(2, 'float32'), 'u')\nf = theano.function([s], updates=[(u, u * s)])",
        "u & float32 & float64 & s & line"),
    "rank of an update": ("f = theano.function([], updates=[(w, w.sum(axis=0))])", "w & matrix & vector & line"),
    "an update twice": ("f = theano.function([], updates=[(w, w + 1), (w, w + 2)])", "w"),
    "a given of another type": ("f = theano.function([v], x * 2, givens={x: v})", "v & matrix & vector"),
    "a cost that is no number": ("g = T.grad(T.dot(x, v), v)", "cost & vector & line"),
    "a gradient of what is not used": ("g = T.grad((x ** 2).sum(), v)", "v & line"),
    "a condition as a bool": ("if s > 0:\n    pass", "ifelse"),
    "a loop over a variable": ("for row in x:\n    pass", "iteration"),
    "an axis that is not there": ("z = x.sum(axis=3)", "x & 3 & line"),
    "too many indices": ("z = x[0, 0, 0]", "x & 3 & 2 & line"),
    "an assignment to an element": ("x[0] = 1", "assignment"),
    "branches of two types": ("z = ifelse(s, x, v)", "matrix & vector"),
    "a scan that changes dtype": ("r, _ = theano.scan(lambda a, h: h + a, sequences=v, outputs_info=T.iscalar('h0'))", "h0 & int32 & float64 & line"),
    "a dtype that is none": ("z = T.TensorType('float', (False,))", "'float'"),
    "a shared variable of a variable": ("theano.shared(x)", "symbolic"),
    "an assertion": ("z = T.opt.Assert('must be positive')(s, s > 0)\nf = theano.function([s], z)\nf(-1.0)", "must be positive & line"),
    "a matrix without an inverse": ("f = theano.function([x], T.nlinalg.matrix_inverse(x))\nf(np.zeros((2, 2)))", "Singular & x & line"),
}  # fmt: skip


def told(code):
    """The class and text of what a program raises; its file is called model.py."""
    whole = START + code + "\n"
    linecache.cache["model.py"] = (len(whole), None, whole.splitlines(keepends=True), "model.py")
    try:
        exec(compile(whole, "model.py", "exec"), {"theano": theano, "T": T, "np": np, "ifelse": ifelse})
    except Exception as error:
        text = "\n".join([str(error), *getattr(error, "__notes__", [])])
        return type(error), re.sub(r"0x[0-9a-f]+", "0x...", text)
    return None, ""


@pytest.mark.parametrize("name", MISTAKES)
def test_words(name):
    code, words = MISTAKES[name]
    kind, text = told(code)
    assert kind is not None, "nothing was raised"
    assert len(text.splitlines()) < 25
    for word in words.split(" & "):
        assert ("model.py:" if word == "line" else word) in text, f"{word!r} is not in:\n{text}"


def test_texts(update_golden):
    path = Path(__file__).parent / "messages.txt"
    version = ".".join(np.__version__.split(".")[:2])
    parts = [f"With NumPy {version}, whose words some of them are.\n"]
    for name, (code, _) in MISTAKES.items():
        kind, text = told(code)
        shown = "\n".join("    " + line.rstrip() for line in text.splitlines())
        parts.append(f"{name}\n  {kind.__name__}:\n{shown}\n")
    found = "\n".join(parts)
    if update_golden:
        path.write_text(found)
    expected = path.read_text()
    if found.splitlines()[0] != expected.splitlines()[0]:
        pytest.skip("another version of NumPy words its errors differently")
    assert found == expected
