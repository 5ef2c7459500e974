"""Small calls and elementwise formulas."""

import numpy as np

from benchmarks.workload import Workload, flat, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]


def counter(peer):
    """A shared number increased by an argument."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        state, x = lib.shared(0), T.iscalar("x")
        f = lib.function([x], state, updates=[(state, state + x)])
        return lambda: f(1), lambda r: flat(r, state.get_value())
    if peer == "numpy":
        state = np.array(0)

        def call():
            old = state.copy()
            state[...] = state + 1
            return old

        return call, lambda r: flat(r, state)
    if peer in ("torch", "compiled"):
        import torch

        held = [torch.tensor(0)]
        add = torch_of(peer, lambda s, x: s + x)

        def call():
            old = held[0]
            held[0] = add(old, 1)
            return old

        return call, lambda r: flat(r, held[0])
    import jax
    import jax.numpy as jnp

    held = [jnp.asarray(0)]
    add = jax.jit(lambda s, x: s + x)

    def call():
        old = held[0]
        held[0] = add(old, 1).block_until_ready()
        return old

    return call, lambda r: flat(r, held[0])


def logistic_data():
    rng = np.random.RandomState(0)
    return rng.randn(10, 5), (rng.rand(10) > 0.5).astype("float64"), rng.randn(5)


def logistic(peer, x, y, w):
    """Log-probability of a logistic regression on 10×5 float64 data, and its gradient."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        v = T.dvector("w")
        p = (T.nnet.sigmoid if peer == "theon" else T.sigmoid)(T.dot(T.as_tensor_variable(x), v))
        logp = (y * T.log(p) + (1 - y) * T.log(1 - p)).sum()
        f = lib.function([v], [logp, T.grad(logp, v)])
        return lambda: f(w), lambda r: flat(*r)
    if peer == "numpy":

        def call():
            p = 1 / (1 + np.exp(-(x @ w)))
            return (y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), x.T @ (y - p)

        return call, lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        tx, ty, tw = torch.from_numpy(x), torch.from_numpy(y), torch.tensor(w, requires_grad=True)

        def logp_of(v):
            z = tx @ v
            return (ty * torch.nn.functional.logsigmoid(z) + (1 - ty) * torch.nn.functional.logsigmoid(-z)).sum()

        logp_of = torch_of(peer, logp_of)

        def call():
            logp = logp_of(tw)
            return logp, *torch.autograd.grad(logp, [tw])

        return call, lambda r: flat(*r)
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def logp_of(v):
        p = jax.nn.sigmoid(x @ v)
        return (y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).sum()

    f = jax.jit(jax.value_and_grad(logp_of))
    return lambda: jax.block_until_ready(f(w)), lambda r: flat(*r)


def _formula(n, total):
    def data():
        return (np.random.RandomState(0).randn(n).astype("float32"),)

    def make(peer, x):
        if peer in ("theon", "pytensor"):
            lib, T = symbolic(peer), tensors(peer)
            v = T.fvector("x")
            a, b = T.constant(np.float32(1.5)), T.constant(np.float32(0.5))
            y = T.tanh(a * v + b) * T.exp(-(v**2)) + T.log1p(abs(v))
            f = lib.function([v], y.sum() if total else y)
            return lambda: f(x), flat
        if peer == "numpy":

            def call():
                y = np.tanh(x.dtype.type(1.5) * x + x.dtype.type(0.5)) * np.exp(-(x**2)) + np.log1p(np.abs(x))
                return y.sum() if total else y

            return call, flat
        if peer in ("torch", "compiled"):
            import torch

            t = torch.from_numpy(x)

            def formula(t):
                y = torch.tanh(1.5 * t + 0.5) * torch.exp(-(t**2)) + torch.log1p(torch.abs(t))
                return y.sum() if total else y

            f = torch_of(peer, formula)
            return lambda: f(t), flat
        import jax
        import jax.numpy as jnp

        def formula(v):
            y = jnp.tanh(1.5 * v + 0.5) * jnp.exp(-(v**2)) + jnp.log1p(jnp.abs(v))
            return y.sum() if total else y

        f, v = jax.jit(formula), jnp.asarray(x)
        return lambda: f(v).block_until_ready(), flat

    make.__doc__ = f"tanh(ax+b) exp(-x²) + log1p|x| on {n:,} float32{', summed' if total else ''}."
    return Workload(make, data, moved=4 * n * (1 if total else 2))


def softmax_data():
    rng = np.random.RandomState(0)
    return rng.randn(512, 1000).astype("float32"), rng.randint(0, 1000, 512)


def softmax(peer, x, y):
    """Log-softmax, negative log-likelihood and gradient on 512×1000 float32."""
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        v, t = T.fmatrix("x"), T.lvector("y")
        logs = T.log(T.nnet.softmax(v)) if peer == "theon" else T.special.log_softmax(v, axis=1)
        cost = -logs[T.arange(t.shape[0]), t].mean()
        f = lib.function([v, t], [cost, T.grad(cost, v)])
        return lambda: f(x, y), lambda r: flat(*r)
    if peer == "numpy":

        def call():
            d = x - x.max(1, keepdims=True)
            e = np.exp(d)
            s = e.sum(1, keepdims=True)
            cost = -(d[np.arange(512), y] - np.log(s[:, 0])).mean()
            p = e / s
            p[np.arange(512), y] -= 1
            return cost, p / 512

        return call, lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        v, t = torch.tensor(x, requires_grad=True), torch.from_numpy(y)
        cost_of = torch_of(peer, lambda v: torch.nn.functional.cross_entropy(v, t))

        def call():
            cost = cost_of(v)
            return cost, *torch.autograd.grad(cost, [v])

        return call, lambda r: flat(*r)
    import jax
    import jax.numpy as jnp

    def loss(v, t):
        return -jax.nn.log_softmax(v)[jnp.arange(512), t].mean()

    f, v, t = jax.jit(jax.value_and_grad(loss)), jnp.asarray(x), jnp.asarray(y)
    return lambda: jax.block_until_ready(f(v, t)), lambda r: flat(*r)


WORKLOADS = {
    "counter": Workload(counter),
    "logistic logp+grad 10x5": Workload(logistic, logistic_data),
    "formula 10,000 float32": _formula(10_000, False),
    "formula 10M float32": _formula(10_000_000, False),
    "formula 10M float32, sum": _formula(10_000_000, True),
    "softmax+NLL+grad 512x1000": Workload(softmax, softmax_data, moved=2 * 512 * 1000 * 4),
}
