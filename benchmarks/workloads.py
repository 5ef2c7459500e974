"""The workloads: each makes its data, and a callable for Theon and for each peer that is installed.

A workload is a function of a peer's name that returns ``(call, answer)``: ``call()`` does the work once, ``answer()``
gives the result to check, in float64. ``moved`` is the number of bytes that have to be read and written, where known.
"""

import numpy as np

from benchmarks.networks import NETWORKS

ROWS = 10_000


def counter(peer):
    """A shared number increased by an argument."""
    if peer == "theon":
        import theano
        import theano.tensor as T

        state, x = theano.shared(0), T.iscalar("x")
        f = theano.function([x], state, updates=[(state, state + x)])
        return lambda: f(1), lambda: np.zeros(1)
    if peer == "numpy":
        state = np.array(0)

        def call():
            state[...] = state + 1
            return state

        return call, lambda: np.zeros(1)
    return None


def logistic_data():
    rng = np.random.RandomState(0)
    return rng.randn(10, 5), (rng.rand(10) > 0.5).astype("float64"), rng.randn(5)


def logistic_logp(peer):
    """Log-probability of a logistic regression on 10×5 float64 data, and its gradient."""
    x, y, w = logistic_data()
    if peer == "theon":
        import theano
        import theano.tensor as T

        v = T.dvector("w")
        p = T.nnet.sigmoid(T.dot(T.as_tensor_variable(x), v))
        logp = (y * T.log(p) + (1 - y) * T.log(1 - p)).sum()
        f = theano.function([v], [logp, T.grad(logp, v)])
        return lambda: f(w), lambda: np.concatenate([np.atleast_1d(f(w)[0]), f(w)[1]])
    if peer == "numpy":

        def call():
            p = 1 / (1 + np.exp(-(x @ w)))
            return (y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), x.T @ (y - p)

        return call, lambda: np.concatenate([np.atleast_1d(call()[0]), call()[1]])
    return None


def _formula(n, dtype, total):
    def workload(peer):
        x = np.random.RandomState(0).randn(n).astype(dtype)
        a, b = np.asarray(1.5, dtype), np.asarray(0.5, dtype)
        if peer == "theon":
            import theano
            import theano.tensor as T

            v = T.TensorType(dtype, (False,))("x")
            ca, cb = T.constant(a), T.constant(b)
            y = T.tanh(ca * v + cb) * T.exp(-(v**2)) + T.log1p(abs(v))
            f = theano.function([v], y.sum() if total else y)
            return lambda: f(x), lambda: f(x)
        if peer == "numpy":

            def call(x=x):
                y = np.tanh(a * x + b) * np.exp(-(x**2)) + np.log1p(np.abs(x))
                return y.sum() if total else y

            return call, lambda: call(x.astype("float64"))
        if peer == "torch":
            import torch

            t = torch.from_numpy(x)

            def call():
                y = torch.tanh(1.5 * t + 0.5) * torch.exp(-(t**2)) + torch.log1p(torch.abs(t))
                return y.sum() if total else y

            return call, lambda: call().numpy()
        if peer == "jax":
            import jax
            import jax.numpy as jnp

            def formula(v):
                y = jnp.tanh(1.5 * v + 0.5) * jnp.exp(-(v**2)) + jnp.log1p(jnp.abs(v))
                return y.sum() if total else y

            f, v = jax.jit(formula), jnp.asarray(x)
            return lambda: f(v).block_until_ready(), lambda: np.asarray(f(v))
        return None

    workload.__doc__ = f"tanh(ax+b) exp(-x²) + log1p|x| on {n:,} {dtype}{', summed' if total else ''}."
    workload.moved = n * np.dtype(dtype).itemsize * (1 if total else 2)
    return workload


def _mlp(batch):
    def workload(peer):
        rng = np.random.RandomState(0)
        x = rng.rand(batch, 784).astype("float32")
        y = rng.randint(0, 10, batch).astype("int32")
        shapes = [(784, 500), (500,), (500, 10), (10,)]
        start = [(rng.randn(*s) * 0.05).astype("float32") for s in shapes]
        if peer == "theon":
            import theano
            import theano.tensor as T

            params = [theano.shared(p) for p in start]
            velocity = [theano.shared(np.zeros_like(p)) for p in start]
            W, b, V, c = params
            tx, ty = T.fmatrix("x"), T.ivector("y")
            p = T.nnet.softmax(T.dot(T.tanh(T.dot(tx, W) + b), V) + c)
            cost = T.nnet.categorical_crossentropy(p, ty).mean()
            updates = []
            for q, m, g in zip(params, velocity, T.grad(cost, params)):
                new = np.float32(0.9) * m - np.float32(0.01) * g
                updates += [(m, new), (q, q + new)]
            f = theano.function([tx, ty], cost, updates=updates)
            first = float(f(x, y))
            return lambda: f(x, y), lambda: np.asarray(first)
        if peer == "torch":
            import torch

            params = [torch.tensor(p, requires_grad=True) for p in start]
            step = torch.optim.SGD(params, lr=0.01, momentum=0.9)
            tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

            def call():
                h = torch.tanh(tx @ params[0] + params[1]) @ params[2] + params[3]
                cost = torch.nn.functional.cross_entropy(h, ty)
                step.zero_grad()
                cost.backward()
                step.step()
                return cost

            first = float(call())
            return call, lambda: np.asarray(first)
        if peer == "jax":
            import jax
            import jax.numpy as jnp

            def loss(p, x, y):
                z = jax.nn.log_softmax(jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3])
                return -z[jnp.arange(batch), y].mean()

            @jax.jit
            def step(p, velocity, x, y):
                cost, slopes = jax.value_and_grad(loss)(p, x, y)
                velocity = [np.float32(0.9) * m - np.float32(0.01) * g for m, g in zip(velocity, slopes)]
                return cost, [q + m for q, m in zip(p, velocity)], velocity

            state = [[jnp.asarray(p) for p in start], [jnp.zeros_like(jnp.asarray(p)) for p in start]]
            jx, jy = jnp.asarray(x), jnp.asarray(y)

            def call():
                cost, state[0], state[1] = step(state[0], state[1], jx, jy)
                return jax.block_until_ready((cost, state))[0]

            first = float(call())
            return call, lambda: np.asarray(first)
        if peer == "numpy":
            params, velocity = [p.copy() for p in start], [np.zeros_like(p) for p in start]

            def call():
                W, b, V, c = params
                h = np.tanh(x @ W + b)
                z = h @ V + c
                z -= z.max(1, keepdims=True)
                p = np.exp(z)
                p /= p.sum(1, keepdims=True)
                cost = -np.log(p[np.arange(batch), y]).mean()
                p[np.arange(batch), y] -= 1
                p /= batch
                d = (p @ V.T) * (1 - h * h)
                for q, m, g in zip(params, velocity, [x.T @ d, d.sum(0), h.T @ p, p.sum(0)]):
                    m *= np.float32(0.9)
                    m -= np.float32(0.01) * g
                    q += m
                return cost

            first = float(call())
            return call, lambda: np.asarray(first)
        return None

    workload.__doc__ = f"A step of the 784-500-10 tanh network, batch {batch}, momentum."
    return workload


def softmax_nll(peer):
    """Log-softmax, negative log-likelihood and gradient on 512×1000 float32."""
    rng = np.random.RandomState(0)
    x, y = rng.randn(512, 1000).astype("float32"), rng.randint(0, 1000, 512)
    if peer == "theon":
        import theano
        import theano.tensor as T

        v, t = T.fmatrix("x"), T.lvector("y")
        cost = -T.log(T.nnet.softmax(v))[T.arange(t.shape[0]), t].mean()
        f = theano.function([v, t], [cost, T.grad(cost, v)])
        return lambda: f(x, y), lambda: f(x, y)[1]
    if peer == "numpy":

        def call(x=x):
            d = x - x.max(1, keepdims=True)
            e = np.exp(d)
            s = e.sum(1, keepdims=True)
            cost = -(d[np.arange(512), y] - np.log(s[:, 0])).mean()
            p = e / s
            p[np.arange(512), y] -= 1
            return cost, p / 512

        return call, lambda: call(x.astype("float64"))[1]
    if peer == "torch":
        import torch

        v, t = torch.tensor(x, requires_grad=True), torch.from_numpy(y)

        def call():
            v.grad = None
            torch.nn.functional.cross_entropy(v, t).backward()
            return v.grad

        return call, lambda: call().numpy()
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def loss(v, t):
            return -jax.nn.log_softmax(v)[jnp.arange(512), t].mean()

        f, v, t = jax.jit(jax.value_and_grad(loss)), jnp.asarray(x), jnp.asarray(y)
        return lambda: jax.block_until_ready(f(v, t)), lambda: f(v, t)[1]
    return None


def deep_mlp(peer):
    """A gradient step of a tanh network of 50 layers of 64, batch 32: above all its compile time."""
    rng = np.random.RandomState(0)
    start = [((rng.randn(64, 64) * 0.1).astype("float32"), np.zeros(64, "float32")) for _ in range(50)]
    x, y = rng.randn(32, 64).astype("float32"), rng.randint(0, 64, 32)
    rate = np.float32(0.01)
    if peer == "theon":
        import theano
        import theano.tensor as T

        tx, ty = T.fmatrix("x"), T.lvector("y")
        params = [theano.shared(p) for pair in start for p in pair]
        h = tx
        for W, b in zip(params[::2], params[1::2]):
            h = T.tanh(T.dot(h, W) + b)
        cost = T.nnet.categorical_crossentropy(T.nnet.softmax(h), ty).mean()
        f = theano.function([tx, ty], cost, updates=[(p, p - rate * g) for p, g in zip(params, T.grad(cost, params))])
        first = float(f(x, y))
        return lambda: f(x, y), lambda: np.asarray(first)
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def loss(p, x, y):
            for W, b in p:
                x = jnp.tanh(x @ W + b)
            return -jax.nn.log_softmax(x)[jnp.arange(32), y].mean()

        @jax.jit
        def step(p, x, y):
            cost, slopes = jax.value_and_grad(loss)(p, x, y)
            return cost, jax.tree_util.tree_map(lambda q, g: q - rate * g, p, slopes)

        state, jx, jy = [jax.tree_util.tree_map(jnp.asarray, start)], jnp.asarray(x), jnp.asarray(y)

        def call():
            cost, state[0] = step(state[0], jx, jy)
            return jax.block_until_ready((cost, state))[0]

        first = float(call())
        return call, lambda: np.asarray(first)
    return None


def _recurrence(gradient):
    """h = tanh(x[t] + h W) of size 8 over 10,000 steps in float64; with the gradient of its sum."""

    def workload(peer):
        rng = np.random.RandomState(0)
        x, w, h0 = rng.randn(10_000, 8), rng.randn(8, 8) * 0.3, np.zeros(8)
        if peer == "theon":
            import theano
            import theano.tensor as T

            tx, tw, th = T.dmatrix("x"), T.dmatrix("w"), T.dvector("h0")
            hs, _ = theano.scan(lambda xt, h, w: T.tanh(xt + T.dot(h, w)), tx, th, tw)
            wanted = T.grad(hs.sum(), [tw, th]) if gradient else [hs]
            f = theano.function([tx, tw, th], wanted)
            return lambda: f(x, w, h0), lambda: f(x, w, h0)[0]
        if peer == "numpy":

            def call():
                h, rows = h0, [h0]
                for row in x:
                    h = np.tanh(row + h @ w)
                    rows.append(h)
                if not gradient:
                    return np.array(rows[1:])
                g, gw = np.zeros(8), np.zeros((8, 8))
                for t in range(len(x), 0, -1):
                    d = (g + 1) * (1 - rows[t] ** 2)
                    gw += np.outer(rows[t - 1], d)
                    g = d @ w.T
                return gw

            return call, call
        if peer == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)
            import jax.numpy as jnp

            def rows(w, h0, x):
                def step(h, xt):
                    h = jnp.tanh(xt + h @ w)
                    return h, h

                return jax.lax.scan(step, h0, x)[1]

            f = jax.jit(jax.grad(lambda *a: rows(*a).sum(), argnums=(0, 1)) if gradient else rows)
            jx, jw, jh = map(jnp.asarray, (x, w, h0))
            return lambda: jax.block_until_ready(f(jw, jh, jx)), lambda: f(jw, jh, jx)[0] if gradient else f(jw, jh, jx)
        return None

    return workload


def lstm(peer):
    """An LSTM of 128 units over 100 steps of 32 sequences in float32, forward and back: the gradients of its parameters."""
    rng = np.random.RandomState(0)
    n, batch, steps = 128, 32, 100
    x = rng.randn(steps, batch, n).astype("float32")
    params = [(rng.randn(*s) * 0.1).astype("float32") for s in ((n, 4 * n), (n, 4 * n), (4 * n,))]

    def cell(m, sigmoid, dot):
        def step(xt, h, c, W, U, b):
            z = dot(xt, W) + dot(h, U) + b
            i, f, g, o = (z[:, k * n : (k + 1) * n] for k in range(4))
            c = sigmoid(f) * c + sigmoid(i) * m.tanh(g)
            return sigmoid(o) * m.tanh(c), c

        return step

    if peer == "theon":
        import theano
        import theano.tensor as T

        tx, shared = T.ftensor3("x"), [theano.shared(p) for p in params]
        start = T.zeros((tx.shape[1], n), "float32")
        (hs, _), _ = theano.scan(cell(T, T.nnet.sigmoid, T.dot), tx, [start, start], shared)
        f = theano.function([tx], T.grad((hs**2).sum(), shared))
        return lambda: f(x), lambda: f(x)[2]
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        step = cell(jnp, jax.nn.sigmoid, jnp.matmul)

        def cost(p, x):
            def one(carry, xt):
                h, c = step(xt, *carry, *p)
                return (h, c), h

            zero = jnp.zeros((batch, n), "float32")
            return (jax.lax.scan(one, (zero, zero), x)[1] ** 2).sum()

        f, jp, jx = jax.jit(jax.grad(cost)), [jnp.asarray(p) for p in params], jnp.asarray(x)
        return lambda: jax.block_until_ready(f(jp, jx)), lambda: f(jp, jx)[2]
    if peer == "torch":
        import torch

        net, tx = torch.nn.LSTM(n, n), torch.from_numpy(x)
        with torch.no_grad():
            net.weight_ih_l0.copy_(torch.from_numpy(params[0].T))
            net.weight_hh_l0.copy_(torch.from_numpy(params[1].T))
            net.bias_ih_l0.copy_(torch.from_numpy(params[2]))
            net.bias_hh_l0.zero_()

        def call():
            net.zero_grad()
            (net(tx)[0] ** 2).sum().backward()
            return net.bias_ih_l0.grad

        return call, lambda: call().numpy()
    return None


WORKLOADS = {
    "counter": counter,
    "logistic logp+grad 10x5": logistic_logp,
    "formula 10,000 float32": _formula(10_000, "float32", False),
    "formula 10M float32": _formula(10_000_000, "float32", False),
    "formula 10M float32, sum": _formula(10_000_000, "float32", True),
    "softmax+NLL+grad 512x1000": softmax_nll,
    "MLP step, batch 20": _mlp(20),
    "MLP step, batch 256": _mlp(256),
    "MLP of 50 layers, step": deep_mlp,
    "recurrence of size 8, 10,000 steps": _recurrence(False),
    "recurrence of size 8, gradient": _recurrence(True),
    "LSTM, forward and gradient": lstm,
    **NETWORKS,
}
