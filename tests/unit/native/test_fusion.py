"""What is computed in one sweep: the number of kernels and routines that programs come to."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d
from theon.codegen.contents import flat
from theon.schedule.step import KernelStep, NativeCall


def steps(inputs, outputs, updates=()):
    """The routines and the number of kernels of a function; every update must be written in place."""
    f = theano.function(inputs, outputs, updates=list(updates))
    program = f._native.program
    assert all(u.in_place for u in program.updates)
    every = flat(program.steps)
    return [s.name for s in every if isinstance(s, NativeCall)], sum(isinstance(s, KernelStep) for s in every)


x, w, b, v = T.fmatrix("x"), T.fmatrix("w"), T.fvector("b"), T.fvector("v")


def test_a_long_formula_is_one_kernel():
    y = v
    for _ in range(6):
        y = T.tanh(y) * 0.5 + v
    assert steps([v], y) == ([], 1)


def test_bias_and_activation_are_one_kernel_behind_the_product():
    assert steps([x, w, b], T.tanh(T.dot(x, w) + b)) == (["gemm"], 1)
    assert steps([x, w, b], T.nnet.relu(T.dot(x, w) + b)) == (["gemm"], 1)


def test_softmax_reads_each_row_in_one_kernel():
    assert steps([x], T.nnet.softmax(x)) == ([], 1)
    assert steps([x], T.nnet.logsoftmax(x)) == ([], 1)
    assert steps([x], T.log(T.nnet.softmax(x))) == ([], 1)


def test_reductions_take_their_formulas_in():
    assert steps([x], (T.exp(x) * x).sum(1)) == ([], 1)
    assert steps([x], T.sqr(x - 1).max(1)) == ([], 1)
    # Along the first axis: whole parts, the rest of the rows, the results of both; all at once where there are many columns.
    assert steps([x], T.sqr(x - 1).sum(0)) == ([], 3)
    assert steps([x], x.max(0)) == ([], 4)


def test_a_layer_of_a_convolutional_network():
    image, filters = T.ftensor4(), T.ftensor4()
    y = pool_2d(T.nnet.conv2d(image, filters), (2, 2), ignore_border=True) + b.dimshuffle("x", 0, "x", "x")
    with theano.config.change_flags(**{"conv.winograd": False}):
        assert steps([image, filters, b], T.tanh(y)) == (["conv", "pooled"], 1)
    # By tiles, by sums where tiles made what is not finite, by sums where tiles are not worth it.
    assert steps([image, filters, b], T.tanh(y)) == (["conv_tiles", "pooled", "conv", "pooled", "conv", "pooled"], 3)


def momentum(p, g, new):
    m = new()
    step = np.float32(0.9) * m - np.float32(0.1) * g
    return [(m, step), (p, p + step)]


def adagrad(p, g, new):
    s = new()
    total = s + g**2
    return [(s, total), (p, p - np.float32(0.1) * g / T.sqrt(total + np.float32(1e-6)))]


def rmsprop(p, g, new):
    s = new()
    total = np.float32(0.9) * s + np.float32(0.1) * g**2
    return [(s, total), (p, p - np.float32(0.1) * g / T.sqrt(total + np.float32(1e-6)))]


def adam(p, g, new):
    m, s = new(), new()
    first, second = np.float32(0.9) * m + np.float32(0.1) * g, np.float32(0.99) * s + np.float32(0.01) * g**2
    return [(m, first), (s, second), (p, p - np.float32(0.1) * first / (T.sqrt(second) + np.float32(1e-8)))]


def adadelta(p, g, new):
    s, d = new(), new()
    total = np.float32(0.9) * s + np.float32(0.1) * g**2
    move = g * T.sqrt(d + np.float32(1e-6)) / T.sqrt(total + np.float32(1e-6))
    return [(s, total), (p, p - move), (d, np.float32(0.9) * d + np.float32(0.1) * move**2)]


def decayed_adam(p, g, new):
    """Gradients limited smoothly, weights that decay apart from them, means corrected each for itself."""
    m, s = new(), new()
    g = g / (1 + abs(g)) + np.float32(1e-3) * T.tanh(p)
    first, second = np.float32(0.9) * m + np.float32(0.1) * g, np.float32(0.99) * s + np.float32(0.01) * g**2
    step = (first / np.float32(0.1)) / (T.sqrt(second / np.float32(0.01)) + np.float32(1e-8))
    return [(m, first), (s, second), (p, p * np.float32(0.999) - np.float32(0.1) * step)]


def yogi(p, g, new):
    m, s = new(), new()
    first = np.float32(0.9) * m + np.float32(0.1) * g
    second = s - np.float32(0.01) * T.sgn(s - g**2) * g**2
    return [(m, first), (s, second), (p, p - np.float32(0.1) * first / (T.sqrt(second) + np.float32(1e-3)))]


def accelerated_rmsprop(p, g, new):
    """A velocity along the steps of another method, seen one step ahead."""
    s, v = new(), new()
    total = np.float32(0.9) * s + np.float32(0.1) * g**2
    moved = p - np.float32(0.1) * g / T.sqrt(total + np.float32(1e-6))
    x = np.float32(0.9) * v + moved - p
    return [(s, total), (v, x), (p, np.float32(0.9) * x + moved)]


@pytest.mark.parametrize("rule", [momentum, adagrad, rmsprop, adam, adadelta, decayed_adam, yogi, accelerated_rmsprop])
def test_an_optimiser_is_one_kernel_in_place_for_each_parameter(rule):
    start = np.ones((4, 3), "float32")
    p, q = theano.shared(start.copy()), theano.shared(start.copy())
    slopes = T.fmatrix(), T.fmatrix()
    updates = [u for t, g in zip((p, q), slopes) for u in rule(t, g * 2, lambda: theano.shared(np.zeros_like(start)))]
    assert steps(slopes, [], updates) == ([], 2)


def test_what_two_sweeps_of_updates_read_is_computed_once():
    p, q = (theano.shared(np.ones((4, 3), "float32")) for _ in range(2))
    g = T.tanh(x)
    assert steps([x], [], [(p, p - g), (q, q - g)]) == ([], 3)


def test_a_scaled_slope_reaches_the_parameter_in_one_sweep():
    p = theano.shared(np.ones((5, 3), "float32"))
    routines, kernels = steps([x, w], [], [(p, p - np.float32(0.1) * T.dot(x.T, w))])
    assert (routines, kernels) == (["gemm"], 1)


def test_a_long_sum_that_several_read_is_stored_once():
    parts = [T.fmatrix() for _ in range(4)]
    h = parts[0] + parts[1] + parts[2] + parts[3]
    program = theano.function(parts, [h.sum(1), T.tanh(h) * h, T.dot(h, h)])._native.program
    written = [len(s.operands) for s in program.steps if isinstance(s, KernelStep)]
    assert sorted(written)[-2:] == [2, 5]  # the sum alone reads the four parts


def test_the_shape_of_what_is_computed_anyway_is_not_computed_apart():
    h = T.ftensor3()
    centred = h - h.mean(-1, keepdims=True)
    f = theano.function([h], (centred**2).mean(-1, keepdims=True))
    assert not [n for n in f.maker.fgraph.apply_nodes if isinstance(n.op, T.Alloc)]
