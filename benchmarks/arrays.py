"""Reductions along each axis, products of matrices, a table of rows looked up and updated, a hierarchical model."""

import numpy as np

from benchmarks.workload import Workload, flat, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]

SHAPE = (256, 512, 64)
AXES = {"axis 0": 0, "axis 1": 1, "axis 2": 2, "all": None, "axes 0,1": (0, 1), "axes 1,2": (1, 2), "axes 0,2": (0, 2)}


def _reduction(name, axis, dtype):
    def data():
        return (np.random.RandomState(0).randn(*SHAPE).astype(dtype),)

    def make(peer, x):
        axes = axis if axis is not None else tuple(range(3))
        if peer in ("theon", "pytensor"):
            lib, T = symbolic(peer), tensors(peer)
            v = T.TensorType(dtype, (None,) * 3)("x") if peer == "pytensor" else T.TensorType(dtype, (False,) * 3)("x")
            made = {
                "sum": lambda: v.sum(axis),
                "max": lambda: v.max(axis),
                "mean, var": lambda: [v.mean(axis), v.var(axis)],
                "argmax": lambda: v.argmax(axis),
            }[name]()
            f = lib.function([v], made)
            return lambda: f(x), lambda r: flat(*r) if isinstance(r, list) else flat(r)
        if peer == "numpy":
            call = {
                "sum": lambda: x.sum(axis),
                "max": lambda: x.max(axis),
                "mean, var": lambda: (x.mean(axis), x.var(axis)),
                "argmax": lambda: x.argmax(axis),
            }[name]
            return call, lambda r: flat(*r) if isinstance(r, tuple) else flat(r)
        if peer in ("torch", "compiled"):
            import torch

            functions = {
                "sum": lambda t: t.sum(axes),
                "max": lambda t: t.amax(axes),
                "mean, var": lambda t: torch.var_mean(t, axes, correction=0)[::-1],
                "argmax": lambda t: t.argmax(axis),
            }
            f, t = torch_of(peer, functions[name]), torch.from_numpy(x)
            return lambda: f(t), lambda r: flat(*r) if isinstance(r, tuple) else flat(r)
        import jax

        jax.config.update("jax_enable_x64", dtype == "float64")
        import jax.numpy as jnp

        functions = {
            "sum": lambda t: t.sum(axis),
            "max": lambda t: t.max(axis),
            "mean, var": lambda t: (t.mean(axis), t.var(axis)),
            "argmax": lambda t: t.argmax(axis),
        }
        f, t = jax.jit(functions[name]), jnp.asarray(x)
        return lambda: jax.block_until_ready(f(t)), lambda r: flat(*r) if isinstance(r, tuple) else flat(r)

    make.__doc__ = f"{name} of a {SHAPE} array of {dtype} along {axis}."
    return Workload(make, data, moved=float(np.prod(SHAPE)) * np.dtype(dtype).itemsize)


def _all_reductions(dtype):
    """Sum and maximum along each axis, pairs of them and all, in one function."""

    def data():
        return (np.random.RandomState(0).randn(*SHAPE).astype(dtype),)

    def all_of(x, most):
        return [*(x.sum(a) for a in AXES.values()), *(most(x, a) for a in AXES.values())]

    def make(peer, x):
        if peer in ("theon", "pytensor"):
            lib, T = symbolic(peer), tensors(peer)
            v = T.TensorType(dtype, (None,) * 3)("x") if peer == "pytensor" else T.TensorType(dtype, (False,) * 3)("x")
            f = lib.function([v], all_of(v, lambda v, a: v.max(a)))
            return lambda: f(x), lambda r: flat(*r)
        if peer == "numpy":
            return lambda: all_of(x, lambda v, a: v.max(a)), lambda r: flat(*r)
        if peer in ("torch", "compiled"):
            import torch

            f = torch_of(peer, lambda x: all_of(x, lambda v, a: v.max() if a is None else v.amax(a)))
            t = torch.from_numpy(x)
            return lambda: f(t), lambda r: flat(*r)
        import jax

        jax.config.update("jax_enable_x64", dtype == "float64")
        import jax.numpy as jnp

        f, t = jax.jit(lambda x: all_of(x, lambda v, a: v.max(a))), jnp.asarray(x)
        return lambda: jax.block_until_ready(f(t)), lambda r: flat(*r)

    return Workload(make, data, moved=14 * float(np.prod(SHAPE)) * np.dtype(dtype).itemsize)


def chain_data():
    rng = np.random.RandomState(0)
    return tuple((rng.randn(1024, 1024) / 32).astype("float32") for _ in range(3))


def chain(peer, a, b, c):
    """Two products of 1024×1024 matrices after each other."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        given = [T.fmatrix(n) for n in "abc"]
        f = lib.function(given, T.dot(T.dot(given[0], given[1]), given[2]))
        return lambda: f(a, b, c), flat
    if peer == "numpy":
        return lambda: (a @ b) @ c, flat
    if peer in ("torch", "compiled"):
        import torch

        f, given = torch_of(peer, lambda a, b, c: (a @ b) @ c), [torch.from_numpy(v) for v in (a, b, c)]
        return lambda: f(*given), flat
    import jax
    import jax.numpy as jnp

    f, given = jax.jit(lambda a, b, c: (a @ b) @ c), [jnp.asarray(v) for v in (a, b, c)]
    return lambda: f(*given).block_until_ready(), flat


def embedding_data():
    rng = np.random.RandomState(0)
    table = rng.randn(50_000, 128).astype("float32")
    return table, rng.randint(0, 50_000, 2048) % 40_000, rng.randn(2048, 128).astype("float32")


def embedding(peer, table, index, wanted):
    """A step of gradient descent on 2,048 rows, some of them twice, of a 50,000×128 table that is changed in place."""
    kind = table.dtype.type
    rate = kind(0.1)
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        if peer == "theon":
            from theano.tensor import inc_subtensor
        else:
            from pytensor.tensor.subtensor import inc_subtensor
        shared, i, target = lib.shared(table.copy()), T.lvector("i"), T.fmatrix("target")
        rows = shared[i]
        cost = ((rows - target) ** 2).sum()
        f = lib.function([i, target], cost, updates=[(shared, inc_subtensor(rows, -rate * T.grad(cost, rows)))])
        return lambda: f(index, wanted), lambda r: flat(r, shared.get_value(borrow=True)[index])
    if peer == "numpy":
        held = table.copy()

        def call():
            d = held[index] - wanted
            np.subtract.at(held, index, 2 * rate * d)
            return (d * d).sum()

        return call, lambda r: flat(r, held[index])
    if peer in ("torch", "compiled"):
        import torch

        held, i, target = torch.from_numpy(table.copy()), torch.from_numpy(index), torch.from_numpy(wanted)

        def step(held, i, target):
            d = held[i] - target
            return (d * d).sum(), held.index_add_(0, i, d, alpha=-2 * float(rate))

        step = torch_of(peer, step)
        return lambda: step(held, i, target)[0], lambda r: flat(r, held[i])
    import jax
    import jax.numpy as jnp

    def step(held, i, target):
        d = held[i] - target
        return (d * d).sum(), held.at[i].add(-2 * rate * d)

    step = jax.jit(step, donate_argnums=0)
    state, i, target = [jnp.array(table)], jnp.asarray(index), jnp.asarray(wanted)

    def call():
        cost, state[0] = step(state[0], i, target)
        return jax.block_until_ready((cost, state[0]))[0]

    return call, lambda r: flat(r, state[0][index])


COUNTIES, OBSERVED = 85, 919


def radon_data():
    rng = np.random.RandomState(0)
    county = rng.randint(0, COUNTIES, OBSERVED)
    floor = (rng.rand(OBSERVED) < 0.2).astype("float64")
    point = np.concatenate([[1.5, -0.6, np.log(0.3), np.log(0.3), np.log(0.8)], rng.randn(2 * COUNTIES) * 0.3])
    return county, floor, 1.5 - 0.6 * floor + 0.3 * rng.randn(COUNTIES)[county] + 0.8 * rng.randn(OBSERVED), point


def radon_logp(m, county, floor, observed, q, sets=None):
    """Log-probability of the model of varying intercepts and slopes, ``q`` all its parameters in one vector.

    Means and deviations of intercepts and slopes, the noise, then an offset for each county, twice.
    """
    mean_a, mean_b, log_a, log_b, log_s = (q[i] for i in range(5))
    offset_a, offset_b = q[5 : 5 + COUNTIES], q[5 + COUNTIES : 5 + 2 * COUNTIES]
    intercept = mean_a + m.exp(log_a) * offset_a
    slope = mean_b + m.exp(log_b) * offset_b
    guess = intercept[county] + slope[county] * floor
    z = (observed - guess) / m.exp(log_s)
    logp = -0.5 * (z * z).sum() - OBSERVED * log_s
    prior = -0.5 * ((offset_a * offset_a).sum() + (offset_b * offset_b).sum() + mean_a * mean_a + mean_b * mean_b)
    scales = -0.5 * (m.exp(2 * log_a) + m.exp(2 * log_b) + m.exp(2 * log_s)) + log_a + log_b + log_s
    return logp + prior + scales


def radon(peer, county, floor, observed, point):
    """Log-probability and gradient of a hierarchical regression: 919 observations in 85 counties."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        q = T.dvector("q")
        constants = [T.as_tensor_variable(v) for v in (county, floor, observed)]
        logp = radon_logp(T, *constants, q)
        f = lib.function([q], [logp, T.grad(logp, q)])
        return lambda: f(point), lambda r: flat(*r)
    if peer == "numpy":

        def call():
            q = point
            ea, eb, es = np.exp(q[2:5])
            a, b = q[5 : 5 + COUNTIES], q[5 + COUNTIES :]
            guess = (q[0] + ea * a)[county] + (q[1] + eb * b)[county] * floor
            z = (observed - guess) / es
            g = z / es
            by_a = np.bincount(county, g, COUNTIES)
            by_b = np.bincount(county, g * floor, COUNTIES)
            total = (z * z).sum()
            scales = np.array([ea * (by_a @ a) - ea * ea + 1, eb * (by_b @ b) - eb * eb + 1])
            noise = total - OBSERVED - es * es + 1
            slopes = [[by_a.sum() - q[0], by_b.sum() - q[1]], scales, [noise], ea * by_a - a, eb * by_b - b]
            return radon_logp(np, county, floor, observed, q), np.concatenate(slopes)

        return call, lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        constants = [torch.from_numpy(v) for v in (county, floor, observed)]
        q = torch.tensor(point, requires_grad=True)
        logp_of = torch_of(peer, lambda q: radon_logp(torch, *constants, q))

        def call():
            logp = logp_of(q)
            return logp, *torch.autograd.grad(logp, [q])

        return call, lambda r: flat(*r)
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    constants = [jnp.asarray(v) for v in (county, floor, observed)]
    f = jax.jit(jax.value_and_grad(lambda q: radon_logp(jnp, *constants, q)))
    return lambda: jax.block_until_ready(f(point)), lambda r: flat(*r)


WORKLOADS = {f"14 sums and maxima, {dtype}": _all_reductions(dtype) for dtype in ("float32", "float64")}
WORKLOADS |= {
    f"{name} {where}, {dtype}": _reduction(name, axis, dtype)
    for dtype in ("float32", "float64")
    for name in ("sum", "max", "mean, var", "argmax")
    for where, axis in AXES.items()
    if not (name == "argmax" and isinstance(axis, tuple))
}
WORKLOADS |= {
    "gemm 1024x1024x1024, twice": Workload(chain, chain_data, flops=4 * 1024.0**3),
    "embedding step 50,000x128": Workload(embedding, embedding_data, moved=4 * 2048 * 128 * 4),
    "radon logp+grad, 919 rows": Workload(radon, radon_data),
}
