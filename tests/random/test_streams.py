"""Random streams in the life of a program: pickled, copied, in loops, with states set by hand, sizes known late."""

import copy
import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor import raw_random
from theano.tensor.shared_randomstreams import RandomStreams
from theon.schedule.step import PythonCall

BOTH = pytest.mark.parametrize("streams", [MRG_RandomStreams, RandomStreams])


@BOTH
def test_draws_and_streams_and_functions_pickle_with_their_states(streams):
    # A state holds its update, whose graph holds the state: pickling went round in circles.
    s = streams(3)
    u = s.uniform((2, 2))
    for made in (pickle.loads(pickle.dumps(u)), copy.deepcopy(u)):
        assert made.update[0] is made.rng
        assert made.rng.default_update is made.update[1]
        assert made.rng is not u.rng
        assert theano.function([], made)().shape == (2, 2)
    f = theano.function([], u)
    f()
    twin, other = pickle.loads(pickle.dumps((f, s)))
    np.testing.assert_array_equal(twin(), f())
    np.testing.assert_array_equal(twin(), f())
    # The streams go on with the same next draw.
    np.testing.assert_array_equal(theano.function([], other.normal((3,)))(), theano.function([], s.normal((3,)))())


@BOTH
def test_each_step_of_a_loop_draws_anew_and_the_next_call_goes_on(streams):
    s = streams(5)
    x = T.dvector("x")
    values, updates = theano.scan(lambda v: v + s.uniform((3,)), outputs_info=[x], n_steps=4)
    assert len(updates) == 1
    f = theano.function([x], values, updates=updates)
    first, second = f(np.zeros(3)), f(np.zeros(3))
    steps = np.diff(np.concatenate([np.zeros((1, 3)), first]), axis=0)
    assert (steps > 0).all()
    assert (steps < 1).all()
    assert len(np.unique(steps)) == 12
    assert not np.isin(second[0], first[0]).any()
    s.seed(5)
    np.testing.assert_array_equal(f(np.zeros(3)), first)
    # The loop draws what as many calls of one draw give.
    t = streams(5)
    one = theano.function([], t.uniform((3,)))
    np.testing.assert_allclose(steps, [one() for _ in range(4)])


@BOTH
def test_updates_can_be_left_out_or_given(streams):
    s = streams(7)
    u = s.uniform((4,))
    still = theano.function([], u, no_default_updates=True)
    np.testing.assert_array_equal(still(), still())
    by_hand = theano.function([], u, updates=[u.update], no_default_updates=True)
    a = by_hand()
    assert (by_hand() != a).all()
    only = theano.function([], u, no_default_updates=[u.rng])
    np.testing.assert_array_equal(only(), only())
    state = u.rng.get_value()
    b = theano.function([], u)()
    u.rng.set_value(state)
    np.testing.assert_array_equal(theano.function([], u)(), b)


@BOTH
def test_draws_are_shared_by_all_outputs_and_functions_share_the_state(streams):
    s = streams(9)
    u = s.normal((3,))
    f, g = theano.function([], [u, 2 * u]), theano.function([], u)
    a, twice = f()
    np.testing.assert_allclose(2 * a, twice)
    assert (g() != a).all()


@BOTH
def test_sizes_known_at_the_call(streams):
    s = streams(11)
    n, m = T.iscalars("n", "m")
    x = T.dmatrix("x")
    f = theano.function([n, m], [s.uniform((n, m)), s.normal((n, 3)), s.binomial((m,), p=0.5)])
    for sizes in ((2, 3), (0, 4), (5, 0)):
        u, z, b = f(*sizes)
        assert u.shape == sizes
        assert z.shape == (sizes[0], 3)
        assert b.shape == (sizes[1],)
    g = theano.function([x], s.binomial(x.shape, p=x))
    p = np.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(g(p), p)


def test_moments_of_many_draws():
    s = MRG_RandomStreams(1)
    for dtype in ("float32", "float64"):
        u, z, t = theano.function(
            [],
            [
                s.uniform((100000,), dtype=dtype),
                s.normal((100000,), avg=1, std=2, dtype=dtype),
                s.truncated_normal((100000,), dtype=dtype),
            ],
        )()
        assert u.dtype == z.dtype == t.dtype == dtype
        assert 0 < u.min() < u.max() <= 1
        np.testing.assert_allclose([u.mean(), u.var()], [1 / 2, 1 / 12], atol=0.005)
        np.testing.assert_allclose([z.mean(), z.std()], [1, 2], atol=0.02)
        np.testing.assert_allclose([t.mean(), t.std()], [0, 1], atol=0.02)
        assert abs(t).max() <= 2 / 0.8796 + 1e-3


def test_streams_of_one_seed_do_not_overlap_and_threads_do_not_change_them():
    a, b = MRG_RandomStreams(4), MRG_RandomStreams(4)
    one = theano.function([], [a.uniform((500,)), a.uniform((500,))])
    two = theano.function([], [b.uniform((500,)), b.uniform((500,))])
    for x, y in zip(one(), two()):
        np.testing.assert_array_equal(x, y)
    assert len(np.unique(np.concatenate([*one(), *one()]))) == 2000
    few = MRG_RandomStreams(4).uniform((500,), nstreams=7)
    assert few.rng.get_value().shape == (7, 6)


def test_functions_of_states_that_are_inputs():
    r = raw_random.random_state_type()
    after, u = raw_random.uniform(r, (3,))
    last, n = raw_random.random_integers(after, (4,), low=1, high=6)
    f = theano.function([r], [u, n, last])
    state = np.random.RandomState(8)
    wanted = np.random.RandomState(8)
    a, b, new = f(state)
    np.testing.assert_array_equal(a, wanted.uniform(size=3))
    np.testing.assert_array_equal(b, wanted.randint(1, 7, size=4))
    np.testing.assert_array_equal(new.uniform(size=2), wanted.uniform(size=2))
    # The state that was given is as it was.
    np.testing.assert_array_equal(state.uniform(size=3), a)


def test_gradients_pass_beside_draws_not_through_them():
    s = MRG_RandomStreams(2)
    x = T.dvector("x")
    u = s.uniform((3,))
    f = theano.function([x], [T.grad((x * u).sum(), x), u])
    slope, drawn = f(np.ones(3))
    np.testing.assert_array_equal(slope, drawn)
    low = T.dscalar("low")
    with pytest.raises(Exception, match=r"not defined|undefined|NullType"):
        T.grad(s.uniform((3,), low=low).sum(), low)


def test_an_op_that_overwrites_a_random_state_leaves_other_draws_alone():
    # The state was copied only if it had a method for it.
    draw = {k: raw_random.RandomFunction("uniform", T.dvector, inplace=k) for k in (False, True)}
    state = raw_random.random_state_type()
    new, first = draw[True](state, (4,), -4.0, 4.0)
    second = draw[False](state, (4,), -2.0, 2.0)[1]
    third = draw[False](state, (4,), -4.0, 4.0)[1]
    given = theano.In(state, value=np.random.RandomState(3), update=new, mutable=True)
    f = theano.function([given], [second, first, third], accept_inplace=True)
    a, b, c = f()
    np.testing.assert_allclose(2 * a, b)
    np.testing.assert_array_equal(b, c)
    assert (f()[1] != b).all()


def test_sizes_and_probabilities_left_open():
    state = raw_random.random_state_type()
    low, high = T.TensorType("float64", (False, True, True))(), T.TensorType("float64", (True, True, True, False))()
    # ``ndim`` is the least number of dimensions, not the number.
    out = raw_random.uniform(state, size=None, ndim=2, low=low, high=high)[1]
    assert out.broadcastable == (True, False, True, False)
    one = raw_random.permutation(state, size=None, n=5, ndim=1)[1]
    assert sorted(theano.function([state], one)(np.random.RandomState(1))) == list(range(5))
    with pytest.raises(TypeError):
        raw_random.permutation(state, size=None, n=5, ndim=2)
    streams = RandomStreams(1)
    assert theano.function([], streams.choice((50,), 3, True, 0))().max() == 2


def test_half_precision_draws_neither_0_nor_1():
    f, slow = (
        theano.function([], MRG_RandomStreams(7).uniform((500, 500), dtype="float16"), mode=mode)
        for mode in ("FAST_RUN", "FAST_COMPILE")
    )
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    draws = f()
    np.testing.assert_array_equal(draws, slow())
    assert draws.dtype == "float16"
    assert draws.min() > 0
    assert draws.max() < 1
    assert abs(draws.astype("float64").mean() - 0.5) < 0.005
