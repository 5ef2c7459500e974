"""Ops that have run-time parameters, or make their own thunks."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.gof import Apply, Op


class MadeThunk(Op):
    """x + 1, by a thunk of its own and no ``perform``."""

    __props__ = ()

    def make_node(self, x):
        x = T.as_tensor_variable(x)
        return Apply(self, [x], [x.type()])

    def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
        source, target = storage_map[node.inputs[0]], storage_map[node.outputs[0]]

        def thunk():
            target[0] = source[0] + 1
            compute_map[node.outputs[0]][0] = True

        return thunk


class Scaled(Op):
    """x times a field that ``perform`` is given as parameter."""

    __props__ = ("factor",)
    params_type = theano.gof.generic

    def __init__(self, factor):
        self.factor = factor

    def get_params(self, node):
        return self.factor

    def make_node(self, x):
        return Apply(self, [T.as_tensor_variable(x)], [T.as_tensor_variable(x).type()])

    def perform(self, node, inputs, outputs, params):
        outputs[0][0] = inputs[0] * params


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_ops_with_thunks_and_parameters_run(mode):
    x = T.dvector("x")
    f = theano.function([x], T.exp(MadeThunk()(x)) + Scaled(3.0)(x), mode=mode)
    given = np.array([0.5, -1.0])
    for value in (given, given * 2):
        np.testing.assert_allclose(f(value), np.exp(value + 1) + 3 * value)
    assert theano.function([], Scaled(2.0)(T.constant([1.0])), mode=mode)().tolist() == [2.0]


def test_a_thunk_can_be_made_by_hand():
    x = T.dvector("x")
    y = T.exp(x)
    storage, computed = {x: [np.array([0.0])], y: [None]}, {x: [True], y: [False]}
    thunk = y.owner.op.make_thunk(y.owner, storage, computed, [])
    thunk()
    assert storage[y][0].tolist() == [1.0] and computed[y] == [True]
