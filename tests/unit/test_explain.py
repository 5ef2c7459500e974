"""``theon.explain`` shows every stage."""

import numpy as np

import theano
import theano.tensor as T
import theon


def test_explain_shows_graph_steps_kernels_and_code():
    x = T.dmatrix("x")
    w = theano.shared(np.zeros((3, 2)), "w")
    y = T.dot(T.tanh(x), w)
    f = theano.function([x], y.sum(), updates=[(w, w - 0.1 * T.grad(y.sum(), w))])
    text = theon.explain(f, llvm=True)
    for words in (
        "Elemwise{tanh",
        "call     gemm",
        "math[tanh]",
        "update   shared 0 <- itself, written in place",
        "define ptr @theon_entry",
    ):
        assert words in text
    assert "reference executor" in theon.explain(theano.function([x], y, mode="FAST_COMPILE"))
