"""Log-likelihoods of statistics with their gradients, where they need linear algebra."""

import numpy as np

from benchmarks.workload import Workload, flat, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]

POINTS, FEATURES = 200, 5


def process_data():
    rng = np.random.RandomState(0)
    # Logarithms of the length, the height and the noise.
    return rng.randn(POINTS, FEATURES), rng.randn(POINTS), np.array([0.3, 0.1, -1.0])


def covariance(m, x, p, one):
    """A squared exponential of distances, and noise."""
    squares = (x**2).sum(1)
    apart = squares[:, None] + squares[None, :] - 2 * m.matmul(x, x.T)
    return m.exp(2 * p[1] - 0.5 * apart * m.exp(-2 * p[0])) + m.exp(2 * p[2]) * one


def log_likelihood(m, z, diagonal):
    """From the whitened observations and the diagonal of the covariance's factor."""
    return -0.5 * (z**2).sum() - m.log(diagonal).sum() - 0.5 * POINTS * np.log(2 * np.pi)


def process(peer, x, y, point):
    """Log-likelihood of a Gaussian process on 200 points of 5 features, float64, and the gradient of its 3 parameters."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        if peer == "theon":
            from theano.tensor.slinalg import cholesky, solve_lower_triangular
        else:
            from pytensor.tensor.slinalg import cholesky, solve_triangular

            def solve_lower_triangular(a, b):
                return solve_triangular(a, b, lower=True)

        class names:
            exp, log, matmul = T.exp, T.log, T.dot

        tx, ty, p = T.dmatrix("x"), T.dvector("y"), T.dvector("p")
        L = cholesky(covariance(names, tx, p, T.eye(tx.shape[0])))
        logp = log_likelihood(T, solve_lower_triangular(L, ty), T.diag(L))
        f = lib.function([tx, ty, p], [logp, T.grad(logp, p)])
        return lambda: f(x, y, point), lambda r: flat(*r)
    if peer == "numpy":
        import scipy.linalg

        def call():
            K = covariance(np, x, point, np.eye(POINTS))
            L = scipy.linalg.cholesky(K, lower=True)
            w = scipy.linalg.cho_solve((L, True), y)
            logp = log_likelihood(np, L.T @ w, np.diag(L))
            g = 0.5 * (np.outer(w, w) - scipy.linalg.cho_solve((L, True), np.eye(POINTS)))
            noise = np.exp(2 * point[2])
            smooth = K - noise * np.eye(POINTS)
            scaled = 2 * (2 * point[1] - np.log(smooth))
            weighted = g * smooth
            return logp, np.array([(weighted * scaled).sum(), 2 * weighted.sum(), 2 * noise * np.trace(g)])

        return call, lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        tx, ty, p = torch.from_numpy(x), torch.from_numpy(y), torch.tensor(point, requires_grad=True)
        one = torch.eye(POINTS, dtype=torch.float64)

        def whole(x, y, p):
            L = torch.linalg.cholesky(covariance(torch, x, p, one))
            z = torch.linalg.solve_triangular(L, y[:, None], upper=False)
            return log_likelihood(torch, z, torch.diagonal(L))

        whole = torch_of(peer, whole)

        def call():
            logp = whole(tx, ty, p)
            return logp, *torch.autograd.grad(logp, [p])

        return call, lambda r: flat(*r)
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def whole(p, x, y):
        L = jnp.linalg.cholesky(covariance(jnp, x, p, jnp.eye(POINTS)))
        return log_likelihood(jnp, jax.scipy.linalg.solve_triangular(L, y, lower=True), jnp.diag(L))

    f, given = jax.jit(jax.value_and_grad(whole)), [jnp.asarray(v) for v in (point, x, y)]
    return lambda: jax.block_until_ready(f(*given)), lambda r: flat(*r)


WORKLOADS = {"GP logp+grad n=200": Workload(process, process_data)}
