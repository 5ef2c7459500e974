"""Bias, activation and pooling run on each part of a convolution's result while it is in the cache, with their gradients."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d
from theon.codegen.contents import flat
from theon.compile.explain import explain
from theon.schedule.step import NativeCall

ACTIVATIONS = [T.tanh, T.nnet.relu, T.nnet.sigmoid, lambda v: v * v - 1]


def followers(f):
    """The names of what follows each convolution; kernels are called "kernel"."""
    steps = flat(f._native.program.steps)
    calls = [step for step in steps if isinstance(step, NativeCall) and step.after]
    return {tuple(getattr(one.step, "name", "kernel") for one in call.after) for call in calls}


def chain(rng, y, bias):
    """``y`` with its bias, activation and pooling in some order; whether windows overlap or reach over the edge."""
    kinds = list(rng.permutation(["bias", "activation", "pool"]))[: rng.randint(1, 4)]
    plain = True
    for kind in kinds:
        if kind == "bias":
            y = y + bias.dimshuffle("x", 0, "x", "x")
        elif kind == "activation":
            y = ACTIVATIONS[rng.randint(len(ACTIVATIONS))](y)
        else:
            window = tuple(map(int, rng.randint(1, 4, 2)))
            ignore = bool(rng.randint(2))
            stride = window if rng.randint(3) else tuple(map(int, rng.randint(1, 4, 2)))
            pad = (0, int(rng.randint(window[1]))) if ignore and rng.randint(2) else (0, 0)
            mode = ["max", "sum", "average_inc_pad", "average_exc_pad"][rng.randint(4)]
            plain = window[0] <= stride[0]
            y = pool_2d(y, window, ignore, stride=stride, pad=pad, mode=mode)
    return y, kinds[0] != "pool" or plain


@pytest.mark.parametrize("seed", range(24))
def test_drawn_chains(seed):
    rng = np.random.RandomState(seed)
    dtype = "float64" if seed % 3 else "float32"
    groups = int(rng.choice([1, 1, 2, 3]))
    filters, channels = groups * rng.randint(1, 20 if rng.randint(2) else 3), rng.randint(1, 4)
    if rng.randint(4) == 0:
        filters, channels = groups, 1
    stride = (1, 1) if rng.randint(3) else (2, 1)
    border = ["valid", "half", "full"][rng.randint(3)]
    kernel, image = rng.randint(1, 4, 2), rng.randint(6, 40, 2)
    x, w, b = (T.TensorType(dtype, (False,) * n)() for n in (4, 4, 1))
    y = T.nnet.conv2d(x, w, border_mode=border, subsample=stride, num_groups=groups)
    out, follows = chain(rng, y, b)
    cost = (out * T.cos(out)).sum()
    wanted = [out, *T.grad(cost, [x, w, b], disconnected_inputs="ignore")]
    if rng.randint(2):
        wanted.insert(0, y)
    f = theano.function([x, w, b], wanted, on_unused_input="ignore")
    slow = theano.function([x, w, b], wanted, mode="FAST_COMPILE", on_unused_input="ignore")
    assert bool(followers(f)) or not follows
    for batch in (0, 1, 5):
        args = [rng.randn(batch, groups * channels, *image), rng.randn(filters, channels, *kernel), rng.randn(filters)]
        args = [a.astype(dtype) for a in args]
        for got, want in zip(f(*args), slow(*args)):
            close = {"rtol": 1e-3, "atol": 1e-3} if dtype == "float32" else {"rtol": 1e-9, "atol": 1e-9}
            np.testing.assert_allclose(got, want, **close)


def test_what_a_network_does_between_convolutions_follows_them():
    x, w, b, v = T.ftensor4("x"), T.ftensor4("w"), T.fvector("b"), T.ftensor4("v")
    h = T.nnet.relu(T.nnet.conv2d(x, w, border_mode="half") + b.dimshuffle("x", 0, "x", "x"))
    h = pool_2d(h, (2, 2), ignore_border=True)
    y = T.tanh(pool_2d(T.nnet.conv2d(h, v), (2, 2), ignore_border=True))
    f = theano.function([x, w, b, v], y)
    assert followers(f) == {("kernel", "pooled"), ("pooled", "kernel")}
    assert "part by part" in explain(f)
    f = theano.function([x, w, b, v], T.grad(y.sum(), [w, b, v]))
    assert ("kernel", "pool_gradient") in followers(f) or ("pool_gradient", "kernel") in followers(f)


def test_a_result_that_only_its_activation_reads_is_overwritten():
    x, w = T.ftensor4("x"), T.ftensor4("w")
    y = T.nnet.conv2d(x, w)
    f = theano.function([x, w], T.nnet.relu(y))
    kept = theano.function([x, w], [T.nnet.relu(y), y])

    def buffers(f):
        program = f._native.program
        call = next(step for step in flat(program.steps) if isinstance(step, NativeCall))
        written = [
            given[0]
            for o, given in zip(call.after[0].step.kernel.operands, call.after[0].step.operands)
            if o.kind == "write"
        ]
        return {program.tensors[number].buffer for number in (call.outputs[0], *written)}

    assert len(buffers(f)) == 1 and len(buffers(kept)) == 2
    a, b = np.random.RandomState(0).randn(2, 3, 9, 8).astype("f"), np.ones((2, 3, 2, 2), "f")
    np.testing.assert_array_equal(f(a, b), np.maximum(kept(a, b)[1], 0))


def test_conditions_of_what_follows_are_asked_before_the_convolution():
    x, w, b = T.ftensor4("x"), T.ftensor4("w"), T.ftensor3("b")
    f = theano.function([x, w, b], T.tanh(T.nnet.conv2d(x, w) + b))
    assert followers(f)
    x, w = np.ones((2, 1, 5, 5), "f"), np.ones((3, 1, 2, 2), "f")
    assert f(x, w, np.ones((3, 4, 4), "f")).shape == (2, 3, 4, 4)
    with pytest.raises(ValueError):
        f(x, w, np.ones((3, 4, 3), "f"))
    # Sizes that turn out to be one spread, by the reference.
    np.testing.assert_array_equal(f(x, w, np.ones((1, 4, 1), "f")), f(x, w, np.ones((3, 4, 4), "f")))


def test_what_reads_other_rows_waits_for_the_whole_result():
    x, w = T.ftensor4("x"), T.ftensor4("w")
    y = T.nnet.conv2d(x, w)
    for z in (y + y[:, :, ::-1], y + y[::-1], y - y.mean(0), pool_2d(y, (3, 3), ignore_border=True, stride=(2, 2))):
        f, slow = (theano.function([x, w], z, mode=mode) for mode in (None, "FAST_COMPILE"))
        rng = np.random.RandomState(1)
        args = rng.randn(4, 2, 20, 9).astype("f"), rng.randn(3, 2, 3, 3).astype("f")
        np.testing.assert_allclose(f(*args), slow(*args), 1e-4, 1e-4)
