"""Variables that can be computed without some others."""

import theano.tensor as T
from theano.scan_module.scan_utils import Validator


def test_variables_are_valid_or_have_a_stand_in_or_neither():
    x, y, z, w = T.dscalars("x", "y", "z", "w")
    validator = Validator(valid=[y], invalid=[w], valid_equivalent={x: z})
    free = T.exp(y) + 1
    assert validator.check(free) == (free, True)
    both = T.exp(x) * free
    stand_in, same = validator.check(both)
    assert not same and stand_in.eval({z: 0.0, y: 0.0}) == 2.0
    assert validator.check(both) == (stand_in, False) and validator.check(stand_in) == (stand_in, True)
    assert validator.check(both + w) is None and validator.check(w) is None and validator.check(x) == (z, False)
    other = T.dscalar("other")
    assert validator.check(other) == (other, True) and validator.check(T.constant(1.0))[1]


def test_a_deep_graph_is_checked():
    x, z = T.dscalars("x", "z")
    v = x
    for _ in range(5000):
        v = T.exp(v)
    assert Validator(valid_equivalent={x: z}).check(v)[1] is False
