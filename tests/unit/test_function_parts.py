"""What programs read from a compiled function besides calling it."""

import copy
import pickle

import numpy as np
import pytest

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


def test_an_update_with_a_python_number_takes_the_type_of_the_shared_variable():
    x = theano.shared(0)
    theano.function([], [], updates={x: 3})()
    assert x.get_value() == 3 and x.get_value().dtype == "int64"
    with pytest.raises(TypeError):
        theano.function([], [], updates={x: 3.5})


def test_a_shared_variable_is_refused_also_inside_in():
    with pytest.raises(TypeError, match="explicit input"):
        theano.function([theano.In(theano.shared(1.0))])


def test_an_input_hidden_behind_another_input_is_unused():
    m = T.matrix("m")
    with pytest.raises(theano.compile.UnusedInputError):
        theano.function([m, m.T], m.T * 2)
    mt = m.T
    with pytest.raises(theano.compile.UnusedInputError):
        theano.function([m, mt], mt * 2)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_functions_copied_together_go_on_sharing_a_container(copied):
    a, x = T.scalars("ax")
    f = theano.function([x, theano.In(a, value=0.0, update=a + x, mutable=True)], a + x)
    g = theano.function([x, theano.In(a, value=f.container[a])], a * x)
    f(2.0)
    f2, g2 = copied([f, g])
    f2(1.0)
    assert g2(2.0) == 6 and g(2.0) == 4 and g2.container["a"] is f2.container["a"] is not f.container["a"]


def test_a_copy_keeps_defaults_and_copies_states():
    x, a, s = T.scalars("xas")
    f = theano.function(
        [x, theano.In(a, value=1.0), theano.In(s, value=0.0, update=s + a * x, mutable=True)], s + a * x
    )
    f(2.0)
    g = copy.copy(f)
    assert g.value[a] is f.value[a] and g.value[s] is not f.value[s] and g.value[s] == f.value[s]
    assert f(3.0) == g(3.0) == 5
    f(1.0)
    assert f.value[s] == 6 and g.value[s] == 5
