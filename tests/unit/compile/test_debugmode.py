"""What DebugMode takes for an error, and what not."""

import numpy as np
import pytest

import theano
import theano.tensor as T


@pytest.mark.parametrize(
    "build, at",
    [
        (lambda x: T.log(T.nnet.sigmoid(x)), [-1000.0, 3.0]),
        (lambda x: T.log(1 - T.nnet.sigmoid(x)), [-1000.0, 800.0]),
        (lambda x: T.log(T.nnet.softmax(x.dimshuffle("x", 0))), [0.0, 1000.0]),
        (lambda x: T.log(1 + T.exp(x)), [1000.0, 3.0]),
        (lambda x: T.nnet.binary_crossentropy(T.nnet.sigmoid(x), 0.3), [-1000.0, 3.0]),
    ],
)
def test_a_number_where_the_graph_as_written_overflows_is_no_error(build, at):
    x = T.dvector()
    found = theano.function([x], build(x), mode="DebugMode")(at)
    assert np.isfinite(found).all()
