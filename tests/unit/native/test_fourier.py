"""Fourier transforms without a Python step: every length, all ways in and out, NumPy's values and about its accuracy."""

import threading

import numpy as np
import pytest
import scipy.fft

import theano
import theano.tensor as T
from theon.codegen import fourier_plans
from theon.codegen.contents import flat
from theon.ops import fourier
from theon.schedule.step import PythonCall

LENGTHS = [*range(1, 36), 49, 63, 64, 77, 101, 121, 128, 210, 243, 251, 1000, 1009, 1024, 4099, 2 * 4099, 6561]
WIDER = {"float32": "complex64", "float64": "complex128"}


def compiled(inputs, outputs):
    """A function that is shown to have no Python step."""
    f = theano.function(inputs, outputs)
    assert f._native is not None
    assert not [s for s in flat(f._native.program.steps) if isinstance(s, PythonCall)]
    return f


def near(got, want, n=2):
    """The usual bound of the error of a fast transform, relative to the whole of it."""
    assert got.shape == want.shape
    want = want.astype(got.dtype)
    size = max(float(np.linalg.norm(want)), 1e-30)
    assert np.linalg.norm(got - want) <= size * np.finfo(got.dtype).eps * (4 + 2 * np.log2(max(n, 2)))


def drawn(rng, dtype, *sizes):
    return (rng.normal(size=sizes) + 1j * rng.normal(size=sizes)).astype(WIDER[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_length_has_numpys_transform(dtype):
    z, x = T.matrix(dtype=WIDER[dtype]), T.matrix(dtype=dtype)
    both = compiled([z], [fourier.fft(z), fourier.ifft(z, norm="ortho"), fourier.fft(z, axis=0)])
    real = compiled([x], [fourier.fft(x), fourier.ifft(x), T.fft.rfft(x, "ortho")])
    s = T.tensor3(dtype=dtype)
    back = compiled([s], [T.fft.irfft(s), T.fft.irfft(s, is_odd=True)])
    rng = np.random.default_rng(0)
    for n in LENGTHS:
        for lines in (1, 3, 17) if n < 1000 else (1, 9):
            a = drawn(rng, dtype, lines, n)
            wide = a.astype("complex128")
            got = both(a)
            for found, want in zip(got, (np.fft.fft(wide), np.fft.ifft(wide, norm="ortho"), np.fft.fft(wide, axis=0))):
                near(found, want, n)
            spectrum = np.fft.rfft(wide.real, norm="ortho")
            found = real(np.ascontiguousarray(a.real))
            near(found[0], np.fft.fft(wide.real), n)
            near(found[1], np.fft.ifft(wide.real), n)
            near(found[2], np.stack([spectrum.real, spectrum.imag], -1), n)
            if n > 1:
                even, odd = back(np.stack([a.real, a.imag], -1))
                near(even, np.fft.irfft(wide), n)
                near(odd, np.fft.irfft(wide, 2 * n - 1), n)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_errors_are_about_those_of_numpy(dtype):
    z = T.matrix(dtype=WIDER[dtype])
    f = compiled([z], fourier.fft(z))
    rng = np.random.default_rng(1)
    for n in (60, 512, 1000, 1009, 4096, 16384, 27720):
        a = drawn(rng, dtype, 4, n)
        exact = scipy.fft.fft(a.astype(np.clongdouble))
        own, numpys = (np.linalg.norm(found - exact) / np.linalg.norm(exact) for found in (f(a), scipy.fft.fft(a)))
        assert own <= (2 if fourier_plans.factors(n) else 4) * numpys, n


def test_many_dimensions_cut_and_padded():
    z, x = T.ztensor3(), T.dtensor3()
    rng = np.random.default_rng(2)
    a = drawn(rng, "float64", 4, 6, 5)
    for axes, sizes in ((None, None), ((0, 2), (3, 8)), ((2, 1), (7, 4)), ((-1,), (4,)), ((1, 1), (6, 8))):
        near(compiled([z], fourier.fftn(z, sizes, axes))(a), np.fft.fftn(a, sizes, axes or range(3)))
        near(compiled([z], fourier.ifftn(z, sizes, axes))(a), np.fft.ifftn(a, sizes, axes or range(3)))
        near(compiled([x], fourier.fftn(x, sizes, axes))(a.real), np.fft.fftn(a.real, sizes, axes or range(3)))
    n = T.iscalar()
    cut = compiled([z, n], fourier.fft(z, n, axis=1))
    for size in (1, 2, 5, 6, 9, 13):
        near(cut(a, size), np.fft.fft(a, size, axis=1))
    sizes = T.lvector()
    halves = compiled([x, sizes], T.fft.rfft_op(x, sizes))
    there = T.dtensor4()
    back = compiled([there, sizes], T.fft.irfft_op(there, sizes))
    for given in ((6, 5), (4, 8), (9, 3), (1, 1), (7, 2)):
        want = np.fft.rfftn(a.real, given, axes=(1, 2))
        near(halves(a.real, given), np.stack([want.real, want.imag], -1))
        want = np.fft.irfftn(a, given, axes=(1, 2)) * np.prod(given)
        near(back(np.stack([a.real, a.imag], -1), given), want)


def test_arrays_in_any_order_and_of_any_dtype():
    rng = np.random.default_rng(3)
    z = T.zmatrix()
    f = compiled([z], [fourier.fft(z), fourier.fft(z.T * 2), fourier.fft(z[::-1, 1:4])])
    a = drawn(rng, "float64", 8, 6)
    for given in (a, np.asfortranarray(a), np.repeat(a, 2, axis=1)[:, ::2]):
        for got, want in zip(f(given), (np.fft.fft(a), np.fft.fft(a.T * 2), np.fft.fft(a[::-1, 1:4]))):
            near(got, want)
    for dtype in ("int8", "bool", "float16", "uint32"):
        x = T.matrix(dtype=dtype)
        b = (rng.normal(size=(3, 10)) * 5 > 2).astype(dtype)
        got = compiled([x], fourier.fft(x))(b)
        assert got.dtype == ("complex64" if dtype == "float16" else "complex128")
        near(got, np.fft.fft(b.astype("float64")))


def test_the_older_op():
    for dtype in ("float32", "complex64", "complex128", "int16"):
        x, n = T.matrix(dtype=dtype), T.lscalar()
        a = (np.random.default_rng(7).normal(size=(8, 6)) * 9).astype(dtype)
        whole, cut = compiled([x, n], [T.fourier.fft(x), T.fourier.fft(x, n=n, axis=0)])(a, 10)
        assert np.allclose(whole, np.fft.fft(a)) and np.allclose(cut, np.fft.fft(a, 10, 0))


def test_empty_arrays_and_sizes_that_are_refused():
    z, n = T.zmatrix(), T.lscalar()
    f = theano.function([z, n], fourier.fft(z, n))
    assert f(np.zeros((0, 5), complex), 3).shape == (0, 3)
    assert f(np.zeros((2, 0), complex), 3).tolist() == [[0, 0, 0]] * 2
    with pytest.raises(ValueError, match="data points"):
        f(np.zeros((2, 4), complex), 0)


def test_infinite_numbers_stay_in_their_line_and_where_they_are():
    x = T.dmatrix()
    f = compiled([x], [T.fft.rfft(x), fourier.fft(x)])
    a = np.ones((9, 8))
    a[2, 3], a[5, 1] = np.inf, np.nan
    half, whole = f(a)
    for found in (half, whole):
        assert (~np.isfinite(found)).reshape(9, -1).any(1).nonzero()[0].tolist() == [2, 5]
    assert whole[2, 0].real == np.inf


def test_same_bits_beside_other_lines():
    z = T.zmatrix()
    f = compiled([z], fourier.fft(z))
    rng = np.random.default_rng(4)
    for n in (7, 48, 343, 1009):
        a = drawn(rng, "float64", 300, n)
        whole = f(a)
        assert all(np.array_equal(f(a[i : i + 1])[0], whole[i]) for i in (0, 7, 299))


def test_plans_replace_each_other_while_they_are_used():
    z = T.zmatrix()
    f = compiled([z], fourier.fft(z))
    rng = np.random.default_rng(5)
    lines = {n: drawn(rng, "float64", 2, n) for n in range(2, 302)}
    wrong = []

    def work(order):
        for n in order:
            if not np.allclose(f(lines[n]), np.fft.fft(lines[n])):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(rng.permutation(list(lines)).tolist(),)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
    assert len(fourier_plans._held) <= 2 * 64  # of two dtypes


def test_loops_and_updates():
    v = T.dvector()
    steps, _ = theano.scan(lambda x: fourier.ifft(fourier.fft(x) * 2).real, outputs_info=v, n_steps=3)
    a = np.arange(6.0)
    assert np.allclose(compiled([v], steps)(a), [a * 2, a * 4, a * 8])


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13])
def test_gradients(n):
    a = np.random.default_rng(n).normal(size=(2, 3, n))
    theano.gradient.verify_grad(lambda x: T.fft.rfft(x), [a], rng=np.random.RandomState(0))
    theano.gradient.verify_grad(lambda x: abs(fourier.fft(x, n + 2)) ** 2, [a], rng=np.random.RandomState(0))
    spectrum = np.random.default_rng(n).normal(size=(2, n + 1, 2))
    for odd in (False, True):
        theano.gradient.verify_grad(
            lambda s, odd=odd: T.fft.irfft(s, "ortho", odd), [spectrum], rng=np.random.RandomState(0)
        )


def test_gradients_of_sizes_that_are_given_and_of_one_line():
    a = np.random.default_rng(0).normal(size=(2, 5))
    spectrum = np.random.default_rng(0).normal(size=(2, 4, 2))
    for n in (3, 5, 8):
        theano.gradient.verify_grad(lambda x, n=n: T.fft.rfft_op(x, [n]), [a], rng=np.random.RandomState(0))
        theano.gradient.verify_grad(lambda s, n=n: T.fft.irfft_op(s, [n]), [spectrum], rng=np.random.RandomState(0))
    theano.gradient.verify_grad(lambda v: T.fft.irfft(T.fft.rfft(v[None]) ** 2), [a[0]], rng=np.random.RandomState(0))
