"""Convolutions by tiles: at sizes around the choice, where numbers are not finite, with what follows them, at the edge of memory."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from layouts import at_the_edge, layout

import theano
import theano.tensor as T
from theano.tensor.signal.pool import pool_2d
from theon.codegen.contents import flat
from theon.nnet import conv_math
from theon.schedule import winograd
from theon.schedule.step import PythonCall

ONES = (1, 1)


@pytest.fixture
def always(monkeypatch):
    """Tiles wherever filters have three rows and columns, however few the products are that they spare."""
    for name in ("_FEW", "_BOTH", "_MORE"):
        monkeypatch.setattr(winograd, name, 1)
    monkeypatch.setattr(winograd, "_FILTERS", -(10**9))


def compiled(inputs, outputs):
    f = theano.function(inputs, outputs)
    assert not any(isinstance(step, PythonCall) for step in f._native.program.steps)
    return f


def names(f):
    return {getattr(step, "name", "") for step in flat(f._native.program.steps)}


def convolution(dtype, border, flip, groups):
    """The function of image, filters and the result's gradient: the result and both gradients."""
    a, b, c = (T.tensor4(dtype=dtype) for _ in range(3))
    y = T.nnet.conv2d(a, b, border_mode=border, filter_flip=flip, num_groups=groups)
    return compiled([a, b, c], [y, *T.grad(None, [a, b], known_grads={y: c})])


def expected(x, w, g, border, flip, groups):
    settings = (border, ONES, flip, ONES, groups)
    x, w, g = (v.astype("float64") for v in (x, w, g))
    return (
        conv_math.convolve(x, w, *settings),
        conv_math.input_gradient(w, g, x.shape[2:], *settings),
        conv_math.weight_gradient(x, g, w.shape[2:], *settings),
    )


def arguments(rng, dtype, batch, channels, filters, image, border, groups=1, taps=3):
    x, w = rng.randn(batch, groups * channels, *image), rng.randn(groups * filters, channels, taps, taps)
    shape = conv_math.convolve(x[:1, :channels], w[:1], border, ONES, True, ONES).shape[2:]
    return tuple(layout(rng, v.astype(dtype)) for v in (x, w, rng.randn(batch, groups * filters, *shape)))


def check(f, given, border, flip, groups=1):
    tolerance = 1e-4 if given[0].dtype == "float32" else 1e-11
    for got, want in zip(f(*given), expected(*given, border, flip, groups)):
        assert got.shape == want.shape and got.dtype == given[0].dtype
        np.testing.assert_allclose(got, want, tolerance, tolerance * max(1, abs(want).max(initial=0)))


BORDERS = ["valid", "half", "full", (0, 2), ((1, 0), (0, 3))]


@pytest.mark.parametrize(("flip", "taps"), [(True, 3), (False, 3), (True, 5)])
@pytest.mark.parametrize("border", BORDERS)
def test_all_small_sizes(always, border, flip, taps):
    rng = np.random.RandomState(0)
    dtype = "float32" if flip else "float64"
    f = convolution(dtype, border, flip, 1)
    assert {"conv_tiles", "conv_tiles_weights"} <= names(f)
    for height, width in [(n, n) for n in range(1, 10)] + [(1, 9), (8, 2), (5, 17), (12, 4), (33, 6)]:
        image = [max(n, m + taps - 3) for n, m in zip((height, width), smallest(border))]
        batch, channels, filters = rng.randint(0, 4), rng.randint(1, 20), rng.randint(1, 36)
        check(f, arguments(rng, dtype, batch, channels, filters, image, border, 1, taps), border, flip)


def smallest(border):
    return {"valid": (3, 3), (0, 2): (3, 1)}.get(border, (2, 1) if isinstance(border, tuple) else (1, 1))


@pytest.mark.parametrize("seed", range(8))
def test_groups_and_many_images(always, seed):
    rng = np.random.RandomState(seed)
    dtype, groups, border = ["float32", "float64"][seed % 2], 1 + seed % 3, BORDERS[rng.randint(3)]
    f = convolution(dtype, border, True, groups)
    batch, channels, filters = rng.randint(1, 40), rng.randint(1, 70), rng.randint(1, 70)
    check(
        f, arguments(rng, dtype, batch, channels, filters, rng.randint(3, 12, 2), border, groups), border, True, groups
    )


def test_sizes_around_the_choice():
    rng = np.random.RandomState(0)
    f = convolution("float32", "half", False, 1)
    changed = set()
    with theano.config.change_flags(conv__winograd=False):
        direct = convolution("float32", "half", False, 1)
    assert not {"conv_tiles", "conv_tiles_weights"} & names(direct)
    for channels, filters in [(7, 20), (12, 7), (8, 15), (8, 16), (11, 13), (12, 12), (17, 33)]:
        for batch, size in [(1, 8), (1, 16), (1, 18), (2, 12), (8, 7), (8, 9)]:
            taps = 3 if size % 2 == 0 else 5
            given = arguments(rng, "float32", batch, channels, filters, (size, size), "half", 1, taps)
            check(f, given, "half", False)
            changed.add(not np.array_equal(f(*given)[0], direct(*given)[0]))
    assert changed == {True, False}


def test_filters_of_other_sizes_known_only_at_run_time(always):
    rng = np.random.RandomState(0)
    f = convolution("float64", "valid", True, 1)
    for shape in [(1, 1), (3, 2), (3, 5), (5, 5), (4, 4), (3, 3), (7, 7)]:
        x, w = rng.randn(2, 4, 9, 8), rng.randn(5, 4, *shape)
        g = rng.randn(2, 5, 10 - shape[0], 9 - shape[1])
        check(f, (x, w, g), "valid", True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_are_not_finite_stay_where_they_belong(bad):
    rng = np.random.RandomState(0)
    f = convolution("float32", "half", True, 1)
    with theano.config.change_flags(conv__winograd=False):
        direct = convolution("float32", "half", True, 1)
    for place in range(3):
        given = arguments(rng, "float32", 2, 16, 16, (20, 21), "half")
        given[place][1, 3, 1, 2] = bad
        for got, want in zip(f(*given), direct(*given)):
            finite = np.isfinite(want)
            np.testing.assert_array_equal(got[~finite], want[~finite])
            scale = abs(want[finite]).max()
            np.testing.assert_allclose(got[finite] / scale, want[finite] / scale, 1e-4, 1e-5)


@pytest.mark.parametrize("bad", [0.0, np.inf])
def test_what_follows_runs_on_every_part(bad):
    x, w, b = T.ftensor4(), T.ftensor4(), T.fvector()
    y = T.nnet.relu(T.nnet.conv2d(x, w, border_mode="half") + b.dimshuffle("x", 0, "x", "x"))
    for window in [(2, 2), (3, 2), (5, 1)]:
        out = pool_2d(y, window, ignore_border=True)
        f = compiled([x, w, b], [out, y])
        steps = [step for step in flat(f._native.program.steps) if getattr(step, "name", "") in ("conv", "conv_tiles")]
        assert len(steps) == 3 and all(step.after for step in steps)
        rng = np.random.RandomState(0)
        for size in [(31, 30), (8, 9), (64, 12)]:
            images, filters = rng.randn(3, 16, *size).astype("float32"), rng.randn(20, 16, 3, 3).astype("float32")
            bias = rng.randn(20).astype("float32")
            images[1, 2, 3, 4] += bad
            with theano.config.change_flags(conv__winograd=False):
                want = theano.function([x, w, b], [out, y])(images, filters, bias)
            for got, wanted in zip(f(images, filters, bias), want):
                np.testing.assert_allclose(got, wanted, 1e-4, 1e-4)


@pytest.mark.parametrize("taps", [3, 5])
def test_errors_are_near_those_of_sums_of_products(taps):
    rng = np.random.RandomState(0)
    given = arguments(rng, "float32", 2, 64, 32, (20, 20), "half", 1, taps)
    wanted = expected(*given, "half", False, 1)
    found = convolution("float32", "half", False, 1)(*given)
    with theano.config.change_flags(conv__winograd=False):
        direct = convolution("float32", "half", False, 1)(*given)
    for got, plain, want in zip(found, direct, wanted):
        errors = [np.sqrt(np.mean((v - want) ** 2)) for v in (got, plain)]
        assert errors[0] < 5 * errors[1] and errors[0] < 2e-6 * want.std()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pages are protected by Linux's call")
def test_nothing_outside_the_arrays_is_read(always):
    rng = np.random.RandomState(0)
    for border, channels, filters, image in [
        ("half", 3, 19, (9, 11)),
        ("valid", 16, 16, (18, 19)),
        ("full", 32, 5, (7, 20)),
    ]:
        f = convolution("float32", border, True, 1)
        given = [np.ascontiguousarray(v) for v in arguments(rng, "float32", 2, channels, filters, image, border)]
        plain = f(*given)
        for end in (True, False):
            for got, want in zip(f(*(at_the_edge(v, end) for v in given)), plain):
                np.testing.assert_array_equal(got, want)


def test_the_same_bits_on_any_number_of_threads():
    code = (
        "import numpy as np, theano, theano.tensor as T, sys\n"
        "a, b, c = T.ftensor4(), T.ftensor4(), T.ftensor4(); y = T.nnet.conv2d(a, b, border_mode='half')\n"
        "f = theano.function([a, b, c], [y, *T.grad(None, [a, b], known_grads={y: c})])\n"
        "r = np.random.RandomState(0)\n"
        "for n, size in ((9, 20), (1, 41), (70, 6)):\n"
        "    x, w = r.randn(n, 20, size, size).astype('float32'), r.randn(36, 20, 3, 3).astype('float32')\n"
        "    for v in f(x, w, r.randn(n, 36, size, size).astype('float32')): sys.stdout.buffer.write(v.tobytes())\n"
    )
    found = {
        hashlib.sha256(
            subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": n})
        ).hexdigest()
        for n in "123"
    }
    assert len(found) == 1
