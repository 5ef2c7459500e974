"""Complex and float16 values in native programs: held, moved and copied there, computed with by Python steps."""

import numpy as np
import pytest

import theano
import theano.tensor as T

Z = np.array([[1 + 2j, 3 - 1j, 0], [0.5j, 2, -1j]])


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "float16"])
def test_one_such_value_does_not_throw_the_whole_function_out_of_native_code(dtype):
    z, x = T.TensorType(dtype, (False, False))("z"), T.dmatrix("x")
    value = (Z if dtype.startswith("c") else Z.real).astype(dtype)
    outs = [
        abs(z) + x,
        T.tanh(x).sum(),
        z.T,
        z[0],
        z[:, ::-1],
        z[..., None],
        z.reshape((3, 2)),
        z * 2,
        z.shape[0] + 1,
        z.sum(axis=0),
    ]
    f = theano.function([z, x], outs)
    assert f._native is not None
    for layout in (value, np.asfortranarray(value), np.repeat(value, 2, axis=1)[:, ::2], value[::-1]):
        got = f(layout, np.ones((2, 3)))
        wanted = [
            abs(layout) + 1, 6 * np.tanh(1), layout.T, layout[0], layout[:, ::-1], layout[..., None], layout.reshape(3, 2), layout * 2, 3,
            layout.sum(axis=0),
        ]  # fmt: skip
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-2 if dtype == "float16" else 1e-6)
            assert one.shape == np.shape(other)


def test_results_of_such_values_have_memory_of_their_own():
    z, s = T.zmatrix("z"), theano.shared(Z)
    f = theano.function([z], [z, z.T, s, s[0]])
    for out in f(Z):
        out[...] = 99
    assert Z[0, 0] == 1 + 2j and s.get_value()[0, 0] == 1 + 2j
    g = theano.function([], [], updates=[(s, s[:, ::-1] * 2)])
    g()
    np.testing.assert_array_equal(s.get_value(), Z[:, ::-1] * 2)
    empty = theano.function([z], z[:0])
    assert empty(Z).shape == (0, 3) and empty(Z).dtype == complex


def test_scalars_and_constants_of_such_dtypes():
    z, h = T.zscalar("z"), T.TensorType("float16", ())("h")
    f = theano.function([z, h], [z * (1 + 2j), h + np.float16(0.5), T.real(z), T.constant(Z)[1] + z])
    got = f(2j, np.float16(1))
    assert got[0] == -4 + 2j and got[1] == 1.5 and got[2] == 0
    np.testing.assert_array_equal(got[3], Z[1] + 2j)


def test_complex_of_infinite_parts():
    x, y = T.dvector("x"), T.dvector("y")
    got = theano.function([x, y], T.complex(x, y))([1.0, np.inf, 0.0], [np.inf, 2.0, np.nan])
    assert got[0].real == 1 and got[0].imag == np.inf and got[1].real == np.inf and got[1].imag == 2
    assert got[2].real == 0 and np.isnan(got[2].imag)


def test_gradients_through_complex_numbers():
    rng = np.random.RandomState(0)
    x, y = rng.rand(3), rng.rand(3)
    for function in (
        lambda a, b: T.real(T.complex(a, b) * T.complex(b, a)),
        lambda a, b: abs(T.complex(a, b)),
        lambda a, b: T.angle(T.complex(a, b)),
        lambda a, b: T.imag(T.exp(T.complex(a, b))),
        lambda a, b: T.real(T.conj(T.complex(a, b)) ** 2),
        lambda a, b: T.real(T.complex_from_polar(a, b) / T.complex(b, a)),
    ):
        T.verify_grad(function, [x, y], rng=rng)


def test_gradients_of_products_and_reductions_of_complex_numbers():
    rng = np.random.RandomState(1)
    x, y = rng.rand(2, 3), rng.rand(2, 3)

    def both(function):
        return lambda a, b: T.real(function(T.complex(a, b))) + 2 * T.imag(function(T.complex(a, b)))

    for function in (
        lambda z: T.dot(z, z.T * (1 + 2j)),
        lambda z: z.prod(axis=1),
        lambda z: T.cumprod(z, axis=1),
        lambda z: z.sum(axis=0) / z.mean(),
        lambda z: T.batched_dot(z[:, None], z[:, :, None]),
        lambda z: T.tensordot(z, z, [[1], [1]]),
        lambda z: T.dot(z[0], z[1]),
        lambda z: T.dot(z, z[1]),
        lambda z: T.outer(z[0], z[1]),
        lambda z: T.sqrt(z) * T.log(z) + T.tanh(z) + z**2 + z ** (1 + 0.5j) + 1 / z,
        lambda z: T.sqr(z[:, ::-1]) - T.sin(z) * T.conj(T.cos(z)),
        lambda z: T.exp(T.inc_subtensor(z[0], z[1])) + T.switch(T.real(z) > 0.5, z, z**3),
    ):
        T.verify_grad(both(function), [x, y], rng=rng)


def test_gradient_of_running_products_past_zeros():
    rng = np.random.RandomState(2)
    for values in (
        [1.0, 2.0, 0.0, 3.0, 0.0, 4.0],
        [0.0, 1.0, 2.0],
        [2.0, 0.0],
        [[1.0, 0.0, 2.0], [3.0, 4.0, 5.0], [0.0, 0.0, 1.0]],
    ):
        value = np.array(values)
        T.verify_grad(lambda x, axis=value.ndim - 1: T.cumprod(x, axis), [value], rng=rng)
