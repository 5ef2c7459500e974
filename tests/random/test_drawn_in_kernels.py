"""Draws made inside the kernels that read them: the same numbers as the reference's, wherever they are read and however often."""

import os
import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theon.schedule.step import KernelStep, NativeCall

x, b = T.dmatrix("x"), T.dvector("b")


def mask(streams, p=0.5, **how):
    return streams.binomial(x.shape, p=p, dtype="float64", **how)


def dropout(s):
    y = T.nnet.relu(x + b) * mask(s) * 2
    return [y, T.grad((y**2).sum(), x)]


def two_layers(s):
    h = T.tanh(T.dot(x * mask(s), x.T) + 1)
    y = h * s.binomial(h.shape, p=0.3, dtype="float64")
    return [y.sum(), T.grad(y.sum(), x)]


def noise(s):
    return [x + s.uniform(x.shape, -1.0, 1.0)]


def used_alone_and_in_a_formula(s):
    u = s.uniform(x.shape)
    return [u, T.exp(u) * x, u + b, u.T]


def read_with_others_of_its_kind(s):
    return [x * s.uniform(x.shape) - s.uniform(x.shape) * mask(s)]


def sums(s):
    u = s.uniform(x.shape)
    return [u.sum(), (u * x).sum(0), u.max(1), T.argmax(u, axis=1)]


def parts(s):
    u = s.uniform((7, 4))
    return [u[:3] * 2, u[3:], u[::-1] + 1, u[:, 1]]


def gaussians(s):
    return [x + s.normal(x.shape, avg=b, std=0.5)]


def trials(s):
    return [s.binomial(x.shape, n=3, p=0.4, dtype="float64") * x]


def few_streams(s):
    return [x * mask(s, nstreams=3), x + s.uniform(x.shape, nstreams=1)]


def many_streams(s):
    return [x * mask(s, nstreams=20000)]


def rows_and_columns(s):
    return [x * s.uniform((1, x.shape[1])), x * s.uniform((x.shape[0], 1)), x * s.uniform(())]


def broadcast(s):
    u = T.addbroadcast(s.uniform((1, x.shape[1])), 0)
    return [x * u, u]


def chosen(s):
    u = s.uniform(x.shape)
    return [ifelse(T.gt(x.sum(), 0), u * 2, x + u)]


def gathered(s):
    u = s.uniform((5, 6))
    return [u[T.constant([3, 0, 3])], T.set_subtensor(u[1:3], 0.0)]


def in_a_loop(s):
    u = s.uniform((4, 3))
    inner, _ = theano.scan(lambda row, h: h * row, sequences=u, outputs_info=T.ones(3))
    return [inner, u]


def both_dtypes(s):
    return [x * s.uniform(x.shape, dtype="float32"), s.uniform(x.shape, dtype="float32") < np.float32(0.5)]


def four_dimensions(s):
    y = x.reshape((2, -1, 1, x.shape[1])) + b
    return [y * s.binomial(y.shape, p=0.6, dtype="float64"), y.dimshuffle(0, 3, 1, 2) * s.uniform((2, y.shape[3], y.shape[1], 1))]  # fmt: skip


STORIES = [
    dropout, two_layers, noise, used_alone_and_in_a_formula, read_with_others_of_its_kind, sums, parts, gaussians, trials,
    few_streams, many_streams, rows_and_columns, broadcast, chosen, gathered, in_a_loop, both_dtypes, four_dimensions,
]  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_draws_are_those_of_the_reference(story):
    made = []
    for mode in (None, "FAST_COMPILE"):
        streams = MRG_RandomStreams(77)
        f = theano.function([x, b], story(streams), mode=mode, on_unused_input="ignore")
        assert (f._native is None) == (mode is not None)
        made.append((streams, f))
    rng = np.random.RandomState(0)
    for rows, columns in ((4, 3), (64, 700), (2, 1), (40, 50)):
        value = rng.standard_normal((rows, columns))
        for array in (value, np.asfortranarray(value)):
            bias = rng.standard_normal(columns)
            for got, wanted in zip(*(f(array, bias) for _, f in made), strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)
    for (old, *_), (other, *_) in zip(*(streams.updates() for streams, _ in made), strict=True):
        np.testing.assert_array_equal(old.get_value(), other.get_value())


def test_nothing_drawn_from_nothing():
    s = MRG_RandomStreams(3)
    f = theano.function([x], x * mask(s))
    assert f(np.zeros((0, 4))).shape == (0, 4)
    assert f(np.zeros((4, 0))).shape == (4, 0)


def updated(make):
    """A function of updates that read draws, against the reference."""
    found = []
    for mode in (None, "FAST_COMPILE"):
        w = theano.shared(np.arange(20.0).reshape(4, 5))
        f = theano.function([], updates=make(MRG_RandomStreams(9), w), mode=mode)
        for _ in range(3):
            f()
        found.append(w.get_value())
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_updates_read_draws_whose_states_are_updated_too():
    # The last steps overwrite the states, and shared variables by what is drawn from them.
    updated(lambda s, w: [(w, w + s.uniform((4, 5)))])
    updated(lambda s, w: [(w, T.inc_subtensor(w[1:3], s.uniform((2, 5))))])
    updated(lambda s, w: [(w, T.set_subtensor(w[T.constant([0, 2])], s.uniform((2, 5))))])
    updated(lambda s, w: [(w, s.uniform((4, 5)))])


def test_states_can_be_read_beside_the_draws():
    s = MRG_RandomStreams(11)
    u = s.uniform((30,), nstreams=4)
    state, new = u.update
    f = theano.function([], [new, u * 2, state + 0], no_default_updates=True)
    first = f()
    assert (first[0] != first[2]).any()
    np.testing.assert_array_equal(first[0], f()[0])
    g = theano.function([], u * 2)
    np.testing.assert_array_equal(g(), first[1])
    np.testing.assert_array_equal(state.get_value(), first[0])
    # Only the states are wanted.
    h = theano.function([], new, no_default_updates=True)
    state.set_value(np.asfortranarray(first[2]))
    np.testing.assert_array_equal(h(), first[0])
    np.testing.assert_array_equal(g(), first[1])


def program(make):
    s = MRG_RandomStreams(1)
    return theano.function([x, b], make(s), on_unused_input="ignore")._native.program


def test_the_mask_is_in_no_memory_where_only_one_kernel_reads_it():
    made = program(lambda s: T.nnet.relu(x + b) * mask(s) * 2)
    assert not any(isinstance(step, NativeCall) for step in made.steps)
    drawing = [step for step in made.steps if isinstance(step, KernelStep) and step.draw is not None]
    assert len(drawing) == 1
    assert [o.kind for o in drawing[0].kernel.operands].count("write") == 1
    place = made.tensors[drawing[0].operands[drawing[0].draw.operand][0]]
    assert made.buffers[place.buffer].nbytes.attr == 0


def test_the_mask_is_kept_as_bytes_for_the_gradient():
    made = program(dropout)
    assert not any(isinstance(step, NativeCall) for step in made.steps)
    kernels = [step for step in made.steps if isinstance(step, KernelStep)]
    assert sum(step.draw is not None for step in kernels) == 1
    assert {made.tensors[o[0]].dtype for step in kernels for o in step.operands if o} == {"float64", "bool", "int32"}


def test_draws_do_not_depend_on_the_number_of_threads():
    code = """
import numpy as np, theano, theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
s = MRG_RandomStreams(5)
x = T.fmatrix()
y = T.nnet.relu(x) * s.binomial(x.shape, p=0.5, dtype="float32")
f = theano.function([x], [y, T.grad(y.sum(), x), s.uniform((100, 5000))])
a = np.random.RandomState(0).standard_normal((300, 1025)).astype("float32")
f(a)
print([float(v.sum(dtype="float64")) for v in f(a)], hash(f(a)[0].tobytes()))
"""
    texts = set()
    for threads in "13":
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": "0"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        texts.add(done.stdout)
    assert len(texts) == 1
