"""``if x:`` asks whether there is a variable; only what an operator compared refuses to be true or false."""

import pytest

import theano
import theano.tensor as T


def test_a_layer_that_asks_for_its_bias_with_if_gets_it():
    bias = theano.shared([1.0, 2.0])
    assert bias and T.dscalar() and T.dvector() + 1 and T.constant(0) and T.eq(T.dscalar(), 0)


@pytest.mark.parametrize(
    "compared", [lambda x: x < 1, lambda x: x >= x, lambda x: 1 > x, lambda x: x <= theano.shared(1.0)]
)
def test_a_comparison_in_an_if_is_refused(compared):
    with pytest.raises(TypeError, match="Variables do not support boolean operations"):
        bool(compared(T.dscalar("x")))
    with pytest.raises(TypeError):
        0 < T.dscalar("x") < 1
