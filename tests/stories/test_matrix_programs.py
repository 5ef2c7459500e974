"""Programs of linear algebra as users write them: right numbers, right gradients, no Python step."""

import numpy as np
import scipy.stats

import theano
import theano.tensor as T
import theon
from theano.tensor import nlinalg, slinalg
from theon.codegen.contents import flat
from theon.schedule.step import PythonCall

RNG = np.random.default_rng(0)


def compiled(inputs, outputs, **kwargs):
    f = theano.function(inputs, outputs, **kwargs)
    assert f._native is not None and not [s for s in flat(f._native.program.steps) if isinstance(s, PythonCall)]
    return f


def test_density_of_a_multivariate_normal_by_factor_and_by_precision():
    x, mu, cov = T.dmatrix(), T.dvector(), T.dmatrix()
    away, constant = x - mu, mu.shape[0] * np.log(2 * np.pi)
    factor = slinalg.cholesky(cov)
    z = slinalg.solve_lower_triangular(factor, away.T)
    first = -0.5 * ((z**2).sum(0) + constant) - T.log(T.diag(factor)).sum()
    precision = nlinalg.matrix_inverse(cov)
    second = -0.5 * (constant - T.log(nlinalg.det(precision)) + (T.dot(away, precision) * away).sum(1))
    slopes = [T.grad(p.sum(), [x, mu, cov]) for p in (first, second)]
    f = compiled([x, mu, cov], [first, second, *slopes[0], *slopes[1]])
    a = RNG.normal(size=(4, 4))
    points, centre, c = RNG.normal(size=(6, 4)), RNG.normal(size=4), a @ a.T + np.eye(4)
    one, two, *g = f(points, centre, c)
    want = scipy.stats.multivariate_normal(centre, c).logpdf(points)
    assert np.allclose(one, want) and np.allclose(two, want)
    assert np.allclose(g[0], g[3]) and np.allclose(g[1], g[4])
    # By the factor, the gradient is that of one triangle.
    assert np.allclose(np.tril(g[2]), np.tril(g[5] + g[5].T) - np.diag(np.diagonal(g[5])))


def test_kalman_filter_and_its_gradient():
    a, c, q, r = (theano.shared(np.array(m)) for m in ([[1, 0.1], [0, 1]], [[1.0, 0]], [[0.01, 0], [0, 0.01]], [[0.1]]))
    seen = T.dmatrix()

    def step(y, m, p):
        m, p = T.dot(a, m), T.dot(T.dot(a, p), a.T) + q
        error, spread = y - T.dot(c, m), T.dot(T.dot(c, p), c.T) + r
        gain = slinalg.solve(spread.T, T.dot(c, p)).T
        likely = -0.5 * (T.dot(error, slinalg.solve(spread, error)) + T.log(nlinalg.det(spread)))
        return m + T.dot(gain, error), p - T.dot(T.dot(gain, c), p), likely

    (means, _, likely), _ = theano.scan(step, sequences=seen, outputs_info=[T.zeros(2), T.eye(2), None])
    cost = likely.sum()
    f = compiled([seen], [means[-1], cost, *T.grad(cost, [a, q, r])])
    ys = np.cumsum(RNG.normal(size=(30, 1)), 0)

    def numpys(A, Q, R):
        C, m, p, total = c.get_value(), np.zeros(2), np.eye(2), 0.0
        for y in ys:
            m, p = A @ m, A @ p @ A.T + Q
            error, spread = y - C @ m, C @ p @ C.T + R
            gain = p @ C.T @ np.linalg.inv(spread)
            total -= 0.5 * (error @ np.linalg.solve(spread, error) + np.log(np.linalg.det(spread)))
            m, p = m + gain @ error, p - gain @ C @ p
        return m, total

    values = [v.get_value() for v in (a, q, r)]
    last, total, *slopes = f(ys)
    want = numpys(*values)
    assert np.allclose(last, want[0]) and np.allclose(total, want[1])
    for place, g in enumerate(slopes):
        moved = [v + 1e-6 * (k == place) for k, v in enumerate(values)]
        back = [v - 1e-6 * (k == place) for k, v in enumerate(values)]
        assert np.allclose(g.sum(), (numpys(*moved)[1] - numpys(*back)[1]) / 2e-6, rtol=1e-4)


def test_hessian_free_steps_by_conjugate_gradients():
    a, b = RNG.normal(size=(30, 10)), RNG.normal(size=30)
    w = theano.shared(np.zeros(10))
    cost = 0.5 * ((T.dot(a, w) - b) ** 2).sum() + 0.05 * (w**2).sum()
    g = T.grad(cost, w)

    def step(x, rest, direction, size):
        moved = theon.hvp(cost, w, direction)
        length = size / T.dot(direction, moved)
        new = rest - length * moved
        after = T.dot(new, new)
        return (x + length * direction, new, new + after / size * direction, after), theano.scan_module.until(
            after < 1e-20
        )

    found, _ = theano.scan(step, outputs_info=[T.zeros(10), -g, -g, T.dot(g, g)], n_steps=50)
    compiled([], cost, updates=[(w, w + found[0][-1])])()
    assert np.allclose(w.get_value(), np.linalg.solve(a.T @ a + 0.1 * np.eye(10), a.T @ b))


def test_products_with_the_gauss_newton_matrix():
    w, x, v = T.dmatrix(), T.dmatrix(), T.dmatrix()
    labels = T.lvector()
    z = T.dot(x, w)
    p = T.nnet.softmax(z)
    cost = T.nnet.categorical_crossentropy(p, labels).sum()
    moved = T.Rop(z, w, v)
    product = T.Lop(z, w, p * (moved - (p * moved).sum(1, keepdims=True)))
    f = compiled([w, x, labels, v], [product, T.Rop(T.grad(cost, w), w, v), theon.hvp(cost, w, v)])
    first, second, third = f(RNG.normal(size=(5, 3)), RNG.normal(size=(9, 5)), RNG.integers(0, 3, 9), np.ones((5, 3)))
    assert np.allclose(first, second) and np.allclose(second, third)


def test_whitening_and_principal_components():
    x = T.dmatrix()
    centred = x - x.mean(0)
    _, s, vt = nlinalg.svd(centred, full_matrices=False)
    white = T.dot(centred, vt.T) / s * T.sqrt(x.shape[0] - 1.0)
    values, vectors = nlinalg.eigh(T.dot(centred.T, centred) / (x.shape[0] - 1))
    f = compiled([x], [T.cov(white.T), values, T.dot(centred, vectors[:, ::-1][:, :2])])
    a = RNG.normal(size=(100, 4)) @ RNG.normal(size=(4, 4))
    unit, found, projected = f(a)
    assert np.allclose(unit, np.eye(4)) and np.allclose(found, np.linalg.eigvalsh(np.cov(a.T)))
    assert np.allclose(projected.var(0, ddof=1), found[::-1][:2])


def test_convolution_by_transforms():
    x, kernel, n = T.dmatrix(), T.dvector(), 64
    wide = T.concatenate([x, T.zeros((x.shape[0], n - x.shape[1]))], axis=1)
    long = T.concatenate([kernel, T.zeros(n - kernel.shape[0])])[None]
    (a, b), (c, d) = ((s[..., 0], s[..., 1]) for s in (T.fft.rfft(wide), T.fft.rfft(long)))
    first = T.fft.irfft(T.stack([a * c - b * d, a * d + b * c], axis=-1))
    second = T.real(T.fft.ifft(T.fft.fft(wide) * T.fft.fft(long)))
    slopes = [T.grad((y**3).sum(), [x, kernel]) for y in (first, second)]
    f = compiled([x, kernel], [first, second, *slopes[0], *slopes[1]])
    lines, taps = RNG.normal(size=(4, 50)), RNG.normal(size=9)
    one, two, *g = f(lines, taps)
    want = [np.convolve(line, taps) for line in lines]
    assert np.allclose(one[:, :58], want) and np.allclose(two[:, :58], want)
    assert np.allclose(g[0], g[2]) and np.allclose(g[1], g[3])


def test_least_squares_four_ways():
    x, y = T.dmatrix(), T.dvector()
    q, r = nlinalg.qr(x)
    ways = [
        nlinalg.lstsq()(x, y, -1)[0],
        slinalg.solve(T.dot(x.T, x), T.dot(x.T, y)),
        T.dot(nlinalg.pinv(x), y),
        slinalg.solve_upper_triangular(r, T.dot(q.T, y)),
    ]
    f = compiled([x, y], [*ways, *(T.grad(w.sum(), x) for w in ways)])
    a, b = RNG.normal(size=(30, 4)), RNG.normal(size=30)
    *found, first, second, third, fourth = f(a, b)
    assert all(np.allclose(w, np.linalg.lstsq(a, b, None)[0]) for w in found)
    assert all(np.allclose(first, g) for g in (second, third, fourth))
