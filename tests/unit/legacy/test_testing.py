"""theano.tests.unittest_tools, with which programs test their own ops."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tests import unittest_tools as utt


class Double(theano.Op):
    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [T.as_tensor_variable(x)], [T.as_tensor_variable(x).type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] * 2

    def infer_shape(self, node, shapes):
        return shapes

    def grad(self, inputs, gradients):
        return [gradients[0] * 2]


class WrongShape(Double):
    def infer_shape(self, node, shapes):
        return [(shapes[0][0] + 1, shapes[0][1])]


class TestDouble(utt.InferShapeTester):
    def test_shape(self):
        x = T.dmatrix()
        self._compile_and_check([x], [Double()(x)], [np.ones((2, 3))], Double)

    def test_wrong_shape(self):
        x = T.dmatrix()
        with pytest.raises(AssertionError, match="the value has"):
            self._compile_and_check([x], [WrongShape()(x)], [np.ones((2, 3))], WrongShape)

    def test_gradient(self):
        utt.verify_grad(Double(), [np.ones((2, 3))])


class TestContract(utt.T_OpContractMixin):
    ops = [Double(), WrongShape()]
    other_op = T.exp(T.dscalar()).owner.op


def test_values_are_compared():
    utt.assert_allclose([1.0, 2.0], np.array([1.0, 2.0 + 1e-12]))
    with pytest.raises(utt.WrongValue, match="largest absolute difference"):
        utt.assert_allclose([1.0, 2.0], [1.0, 3.0])
    # Of any dtypes, one spread over the other.
    utt.assert_allclose(np.ones(3), np.int64(1))
    utt.assert_allclose(np.array([1, 2]), np.array([1, 2], "float32"))


def test_projections_of_single_precision_are_added_up_in_double():
    # Sums of float32 lost what one-sided differences are made of.
    x = 1 + np.random.RandomState(0).rand(40, 20).astype("float32")
    theano.gradient.verify_grad(lambda v: v * 30 + 1, [x], rng=np.random.RandomState(1), n_tests=1)


def test_seeds():
    assert utt.fetch_seed(5) == 5 and utt.seed_rng(7) == 7
    first = np.random.rand()
    utt.seed_rng(7)
    assert np.random.rand() == first


def test_a_test_that_fails_by_chance_is_tried_again():
    ran = []

    @utt.AttemptManyTimes(n_attempts=3)
    def sometimes():
        ran.append(0)
        assert len(ran) > 1

    sometimes()
    assert len(ran) == 2
    with pytest.raises(ZeroDivisionError):
        utt.AttemptManyTimes(2)(lambda: 1 / 0)()
