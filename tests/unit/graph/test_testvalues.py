"""config.compute_test_value: nodes are computed as they are made."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof.op import debug_assert, debug_error_message, get_debug_values, get_test_value

on = theano.config.change_flags


def test_values_go_from_inputs_to_results():
    with on(compute_test_value="raise"):
        x, s = T.dmatrix("x"), theano.shared(np.array([1.0, 2.0]), name="s")
        x.tag.test_value = np.ones((3, 2))
        y = T.dot(x, s) + 1
        loss = T.sum(y**2)
        assert y.tag.test_value.tolist() == [4.0, 4.0, 4.0] and loss.tag.test_value == 48.0
        assert T.grad(loss, s).tag.test_value.tolist() == [24.0, 24.0]
    assert not hasattr(T.exp(x).tag, "test_value")


def test_an_error_comes_at_the_line_that_is_wrong():
    with on(compute_test_value="warn"):
        x, y = T.dmatrix("x"), T.dmatrix("y")
        x.tag.test_value, y.tag.test_value = np.ones((3, 2)), np.ones((3, 2))
        with pytest.raises(ValueError):
            T.dot(x, y)


def test_a_missing_value_is_told_as_the_flag_says():
    x = T.dvector("x")
    with on(compute_test_value="raise"), pytest.raises(ValueError, match=r"input 0 \(x\).*missing default value"):
        T.exp(x)
    with on(compute_test_value="warn"), pytest.warns(UserWarning, match="missing default value"):
        assert not hasattr(T.exp(x).tag, "test_value")
    with on(compute_test_value="ignore"):
        assert not hasattr(T.exp(x).tag, "test_value")


def test_a_value_of_the_wrong_type_is_refused():
    x = T.dvector("x")
    x.tag.test_value = np.ones((2, 2))
    with on(compute_test_value="raise"), pytest.raises(TypeError, match="test value of x"):
        T.exp(x)


def test_helpers_for_make_node():
    x, c, bare = T.dscalar("x"), T.constant(2.0), T.dscalar("bare")
    x.tag.test_value = 3.0
    assert get_test_value(x) == 3.0 and get_test_value(c) == 2.0 and get_test_value(5) == 5
    with pytest.raises(AttributeError, match="no test value"):
        get_test_value(bare)
    assert list(get_debug_values(x, c)) == []
    with on(compute_test_value="raise"):
        assert list(get_debug_values(x, c)) == [(3.0, 2.0)] and list(get_debug_values(x)) == [3.0]
        with pytest.raises(AttributeError):
            list(get_debug_values(bare))
        with pytest.raises(ValueError, match="no good"):
            debug_error_message("no good")
        with pytest.raises(AssertionError, match="debug_assert failed"):
            debug_assert(False)
        debug_assert(True)
    with on(compute_test_value="warn"):
        with pytest.warns(UserWarning, match="no good"):
            debug_error_message("no good")
        with pytest.warns(UserWarning, match="Argument 0"):
            assert list(get_debug_values(bare)) == []


def test_values_can_be_printed():
    x = T.dscalar("x")
    x.tag.test_value = 3.0
    with on(print_test_value=True):
        assert repr(x) == "x\narray(3.)" and repr(T.dscalar("y")) == "y"
    assert repr(x) == "x"


def test_an_op_that_overwrites_leaves_the_test_value():
    class Twice(theano.Op):
        __props__ = ()
        destroy_map = {0: [0]}

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, outputs):
            inputs[0][...] *= 2
            outputs[0][0] = inputs[0]

    x = T.dvector("x")
    x.tag.test_value = np.array([1.0])
    with on(compute_test_value="raise"):
        assert Twice()(x).tag.test_value.tolist() == [2.0] and x.tag.test_value.tolist() == [1.0]


def test_scan_and_ifelse_have_test_values():
    with on(compute_test_value="raise"):
        x = T.dvector("x")
        x.tag.test_value = np.array([1.0, 2.0])
        total, _ = theano.scan(lambda v, before: v + before, sequences=x, outputs_info=T.constant(0.0, dtype="float64"))
        assert total.tag.test_value.tolist() == [1.0, 3.0]
        assert theano.ifelse.ifelse(x[0] > 0, x, -x).tag.test_value.tolist() == [1.0, 2.0]


def test_jacobian_and_hessian_have_test_values():
    with on(compute_test_value="raise"):
        x = T.dvector("x")
        x.tag.test_value = np.array([1.0, 2.0])
        assert theano.gradient.jacobian(x**2, x).tag.test_value.tolist() == [[2.0, 0.0], [0.0, 4.0]]
        assert theano.gradient.hessian((x**3).sum(), x).tag.test_value.tolist() == [[6.0, 0.0], [0.0, 12.0]]
