"""Native draws from MRG streams: the reference's, bit for bit, and its states."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theon.schedule.step import Loop, NativeCall, PythonCall


def compiled(*args, **kwargs):
    f = theano.function(*args, **kwargs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("size", "streams"),
    [((), 1), ((7,), 3), ((5, 4), 20), ((3, 4, 5), 64), ((100, 33), 17), ((0, 3), 5), ((1000,), 999)],
)
def test_draws_and_states_are_the_references(size, streams, dtype):
    found = []
    for mode in (None, "FAST_COMPILE"):
        u = MRG_RandomStreams(seed=77).uniform(size, dtype=dtype, nstreams=streams)
        f = (compiled if mode is None else theano.function)([], u, mode=mode)
        draws = [f() for _ in range(4)]
        found.append((draws, u.rstate.get_value()))
    (native, state), (reference, wanted) = found
    for a, b in zip(native, reference):
        assert a.dtype == b.dtype == dtype
        assert a.shape == b.shape == size
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(state, wanted)


def test_long_sequences_of_one_stream_with_extreme_states():
    seeds = [[2147483646] * 3 + [2147462578] * 3, [0, 0, 1, 0, 0, 1], [1, 2147483646, 0, 2147462578, 0, 1]]
    for seed in seeds:
        found = []
        for mode in (None, "FAST_COMPILE"):
            u = MRG_RandomStreams(seed=seed).uniform((5000,), dtype="float64", nstreams=1)
            f = theano.function([], u, mode=mode)
            found.append(np.concatenate([f(), f()]))
        np.testing.assert_array_equal(*found)


def test_sizes_known_only_at_run_time():
    n = T.lscalar("n")
    x = T.fmatrix("x")
    streams = MRG_RandomStreams(seed=5)
    f = compiled([n, x], [streams.uniform((n, 3), dtype="float32"), streams.binomial(x.shape, p=0.3, dtype="float32")])
    other = MRG_RandomStreams(seed=5)
    g = theano.function(
        [n, x],
        [other.uniform((n, 3), dtype="float32"), other.binomial(x.shape, p=0.3, dtype="float32")],
        mode="FAST_COMPILE",
    )
    for count, shape in [(4, (2, 3)), (0, (0, 5)), (30_000, (200, 300))]:
        for a, b in zip(f(count, np.zeros(shape, "float32")), g(count, np.zeros(shape, "float32"))):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="negative"):
        f(-1, np.zeros((1, 1), "float32"))


def test_the_states_stay_where_they_are_and_as_they_were_after_an_error():
    x, i = T.fvector("x"), T.lscalar("i")
    streams = MRG_RandomStreams(seed=3)
    u = streams.uniform((10,), dtype="float32", nstreams=2)
    f = compiled([x, i], u.sum() + x[i])
    (container,) = f._native.containers
    place = container[0].ctypes.data
    f([1.0], 0)
    state = u.rstate.get_value()
    with pytest.raises(IndexError):
        f([1.0], 5)
    np.testing.assert_array_equal(u.rstate.get_value(), state)
    f([1.0], 0)
    assert (u.rstate.get_value() != state).any()
    assert container[0].ctypes.data == place


def test_a_loop_moves_its_streams_on_where_they_are():
    """A draw of 5 numbers in a step copied the states of 15,360 streams twice."""

    def made(mode):
        stream, x = MRG_RandomStreams(3), T.dvector("x")

        def step(h):
            a, b = stream.normal(size=(5,)), stream.uniform(size=(3,), nstreams=2)
            return T.switch(b[0] < 0.5, h / 2 + a, h - a * stream.uniform(size=(40,), nstreams=7)[35])

        def outer(h):
            inner, updates = theano.scan(lambda g: g + stream.normal(size=(5,)), outputs_info=h, n_steps=3)
            return inner[-1], updates

        rows, first = theano.scan(step, outputs_info=x, n_steps=17)
        more, second = theano.scan(outer, outputs_info=x, n_steps=4)
        updates = [*first.items(), *second.items()]
        f = theano.function([x], [rows, more], updates=updates, mode=mode)
        return f, [*f(np.ones(5)), *f(np.ones(5)), *(s.get_value() for s, _ in updates)]

    (native, found), (_, wanted) = made("FAST_RUN"), made("FAST_COMPILE")
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b)
    loop = next(step for step in native._native.program.steps if isinstance(step, Loop))
    buffers = [
        native._native.program.tensors[n].buffer
        for step in loop.steps
        if isinstance(step, NativeCall)
        for n in (step.inputs[0], step.outputs[0])
    ]
    assert len(buffers) == 6 and buffers[::2] == buffers[1::2]
