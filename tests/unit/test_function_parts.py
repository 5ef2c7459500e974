"""What programs read from a compiled function besides calling it."""

import copy

import numpy as np

import theano
import theano.tensor as T


def test_fn_runs_on_what_lies_in_the_storage_and_leaves_outputs_there():
    x, s = T.dvector("x"), theano.shared(1.0, name="s")
    f = theano.function([x], [x * s, x.sum()], updates=[(s, s + 1)])
    f.input_storage[0].storage[0] = np.array([1.0, 2.0])
    assert f.fn() is None and s.get_value() == 2
    assert f.output_storage[0].storage[0].tolist() == [1.0, 2.0] and f.output_storage[1].data == 3
    f.free()
    assert f.output_storage[0].storage[0] is None


def test_outputs_defaults_and_finders():
    x, y, s = T.dscalar("x"), T.dscalar("y"), theano.shared(1.0, name="s")
    f = theano.function([x, theano.In(y, value=2.0)], {"total": x + y + s})
    assert [o.variable.broadcastable for o in f.outputs] == [()]
    assert [d[:2] for d in f.defaults[:2]] == [(True, False), (False, True)] and f.defaults[1][2] == 2
    assert f.finder["y"] is f.finder[y] is f.finder[1] is f.container["y"]
    assert f.inv_finder[f.finder["x"]].variable is f.indices[0][0].variable
    assert copy.copy(f)(1.0)["total"] == f(1.0)["total"] == 4
