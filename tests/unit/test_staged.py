"""Functions that hold random states run in stages: native code between the draws, with the results of node by node."""

import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.ifelse import ifelse
from theano.tensor.shared_randomstreams import RandomStreams

rng = np.random.RandomState(0)
X = rng.rand(6, 5)
START = rng.randn(5, 4)


def autoencoder(mode):
    s = RandomStreams(3)
    x, W = T.dmatrix("x"), theano.shared(START, name="W")
    mask = s.binomial(size=x.shape, n=1, p=0.7)
    z = T.nnet.sigmoid(T.dot(T.tanh(T.dot(x * mask, W)), W.T))
    cost = T.nnet.binary_crossentropy(z, x).sum(axis=1).mean()
    return theano.function([x], [cost, mask], updates=[(W, W - 0.1 * T.grad(cost, W))], mode=mode), W


def gibbs(mode):
    s = RandomStreams(3)
    v, W = T.dmatrix("v"), theano.shared(START)

    def step(v):
        h = s.binomial(size=(v.shape[0], 4), n=1, p=T.nnet.sigmoid(T.dot(v, W)), dtype="float64")
        mean = T.nnet.sigmoid(T.dot(h, W.T))
        return mean, s.binomial(size=mean.shape, n=1, p=mean, dtype="float64")

    (means, draws), updates = theano.scan(step, outputs_info=[None, v], n_steps=5)
    return theano.function([v], [means, draws[-1]], updates=updates, mode=mode), W


def draws_from_draws(mode):
    s = RandomStreams(8)
    v = T.dmatrix("v")
    a = s.normal((3,), avg=v[0, 0])
    n = s.random_integers((), low=2, high=5)
    b = s.uniform((n, 2), low=a.min() - 9, high=a.max())
    order = s.permutation((), n=n)
    return theano.function([v], [a + 1, b[order] * 2, n], mode=mode), None


@pytest.mark.parametrize("model", [autoencoder, gibbs, draws_from_draws])
def test_stages_give_what_node_by_node_gives(model):
    (f, W), (g, V) = model(None), model("FAST_COMPILE")
    assert "stage 1" in theon.explain(f)
    assert "stage 1" not in theon.explain(g)
    for _ in range(3):
        for one, other in zip(f(X), g(X), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-10)
    if W is not None:
        np.testing.assert_allclose(W.get_value(), V.get_value())


def test_an_error_leaves_state_and_parameters():
    f, W = autoencoder(None)
    again, V = autoencoder(None)
    before = W.get_value()
    with pytest.raises(ValueError):
        f(np.ones((3, 6)))
    np.testing.assert_array_equal(W.get_value(), before)
    for one, other in zip(f(X), again(X)):
        np.testing.assert_array_equal(one, other)


def test_parts_that_native_code_cannot_have_and_sizes_that_spread():
    s = RandomStreams(5)
    x, y = T.dmatrix("x"), T.dmatrix("y")
    u = s.uniform(x.shape)
    z = T.real(T.fft.rfft(u)[:, 0, 0] * 1j) if False else (u * (1 + 2j)).imag
    total = z + y
    f = theano.function([x, y], [total, T.grad((u * x * y).sum(), y)])
    g = theano.function([], s.uniform((6, 5)))
    s.seed(5)
    found, slope = f(X, np.ones((1, 5)))
    s.seed(5)
    assert found.shape == (6, 5)
    assert slope.shape == (1, 5)
    assert g().shape == (6, 5)


def test_branches_with_draws_in_them():
    s = RandomStreams(2)
    c, x = T.iscalar("c"), T.dvector("x")
    f = theano.function([c, x], ifelse(c, T.exp(x) * s.uniform((3,)), T.log(x) + s.normal((3,))))
    one = np.ones(3)
    assert (f(1, one) <= np.e).all()
    assert f(0, one).shape == (3,)


def test_pickles_draw_on_their_own_and_copies_share_the_state():
    f, _ = autoencoder(None)
    f(X)
    twin, copied = pickle.loads(pickle.dumps(f)), f.copy()
    for call in (f, copied, f):
        for one, other in zip(twin(X), call(X)):
            np.testing.assert_array_equal(one, other)


def test_outputs_do_not_alias_each_other_or_the_inputs():
    s = RandomStreams(4)
    x = T.dmatrix("x")
    u = s.uniform((2, 2))
    f = theano.function([x], [x, x.T, u, u, u.T])
    value = rng.rand(2, 2)
    kept = value.copy()
    found = f(value)
    for place, a in enumerate(found):
        assert not np.shares_memory(a, value)
        assert not any(np.shares_memory(a, b) for b in found[place + 1 :])
    for a in found:
        a[...] = 7
    np.testing.assert_array_equal(value, kept)
