"""Training steps of networks of dense layers."""

import itertools

import numpy as np

from benchmarks.workload import Workload, flat, likelihood, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]

BATCH = 128


def _layers(rng, sizes, scale):
    made = []
    for n, m in itertools.pairwise(sizes):
        made += [(rng.randn(n, m) * scale).astype("float32"), np.zeros(m, "float32")]
    return made


def numpy_gradients(x, y, params):
    """Cost and gradients of a network of tanh layers with a softmax at its end."""
    hidden = [x]
    for w, b in zip(params[:-2:2], params[1:-2:2]):
        hidden.append(np.tanh(hidden[-1] @ w + b))
    z = hidden[-1] @ params[-2] + params[-1]
    z -= z.max(1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(1, keepdims=True)
    places = np.arange(len(y)), y
    cost = -np.log(p[places]).mean()
    p[places] -= 1
    d, slopes = p / len(y), []
    for layer in range(len(hidden) - 1, -1, -1):
        slopes = [hidden[layer].T @ d, d.sum(0), *slopes]
        if layer:
            d = (d @ params[2 * layer].T) * (1 - hidden[layer] ** 2)
    return cost, slopes


def _network(sizes, batch, momentum, scale, peers):
    """A step of gradient descent of a tanh network with a softmax."""

    def data():
        rng = np.random.RandomState(0)
        x, y = rng.rand(batch, sizes[0]).astype("float32"), rng.randint(0, sizes[-1], batch).astype("int32")
        return (x, y, *_layers(rng, sizes, scale))

    def make(peer, x, y, *start):
        if peer not in peers:
            return None
        kind = x.dtype.type
        rate, keep = kind(0.01), kind(momentum)
        if peer in ("theon", "pytensor"):
            lib, T = symbolic(peer), tensors(peer)
            params = [lib.shared(p) for p in start]
            tx, ty = T.fmatrix("x"), T.ivector("y")
            h = tx
            for w, b in zip(params[:-2:2], params[1:-2:2]):
                h = T.tanh(T.dot(h, w) + b)
            cost = likelihood(peer, T.dot(h, params[-2]) + params[-1], ty)
            updates = []
            for q, g in zip(params, T.grad(cost, params)):
                if momentum:
                    m = lib.shared(np.zeros_like(q.get_value()))
                    new = keep * m - rate * g
                    updates += [(m, new), (q, q + new)]
                else:
                    updates.append((q, q - rate * g))
            f = lib.function([tx, ty], cost, updates=updates)
            return lambda: f(x, y), lambda r: flat(r, *(p.get_value() for p in params))
        if peer in ("torch", "compiled"):
            import torch

            params = [torch.tensor(p, requires_grad=True) for p in start]
            step = torch.optim.SGD(params, lr=float(rate), momentum=momentum)
            tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

            def cost_of(x, y, *params):
                for w, b in zip(params[:-2:2], params[1:-2:2]):
                    x = torch.tanh(x @ w + b)
                return torch.nn.functional.cross_entropy(x @ params[-2] + params[-1], y)

            cost_of = torch_of(peer, cost_of)

            def call():
                cost = cost_of(tx, ty, *params)
                step.zero_grad()
                cost.backward()
                step.step()
                return cost

            return call, lambda r: flat(r, *params)
        if peer == "jax":
            import jax
            import jax.numpy as jnp

            def loss(params, x, y):
                for w, b in zip(params[:-2:2], params[1:-2:2]):
                    x = jnp.tanh(x @ w + b)
                z = jax.nn.log_softmax(x @ params[-2] + params[-1])
                return -z[jnp.arange(batch), y].mean()

            def step(state, x, y):
                params, velocity = state
                cost, slopes = jax.value_and_grad(loss)(params, x, y)
                if momentum:
                    velocity = [keep * m - rate * g for m, g in zip(velocity, slopes)]
                    return cost, ([q + m for q, m in zip(params, velocity)], velocity)
                return cost, ([q - rate * g for q, g in zip(params, slopes)], velocity)

            step = jax.jit(step, donate_argnums=0)
            first = [jnp.array(p) for p in start], [jnp.zeros(p.shape) for p in start] if momentum else []
            state, jx, jy = [first], jnp.asarray(x), jnp.asarray(y)

            def call():
                cost, state[0] = step(state[0], jx, jy)
                return jax.block_until_ready((cost, state))[0]

            return call, lambda r: flat(r, *state[0][0])
        params, velocity = [p.copy() for p in start], [np.zeros_like(p) for p in start]

        def call():
            cost, slopes = numpy_gradients(x, y, params)
            for q, m, g in zip(params, velocity, slopes):
                m *= keep
                m -= rate * g
                q += m
            return cost

        return call, lambda r: flat(r, *params)

    make.__doc__ = f"A step of a tanh network of {len(sizes) - 1} layers, batch {batch}, momentum {momentum}."
    products = sum(n * m for n, m in itertools.pairwise(sizes))
    return Workload(make, data, flops=2 * batch * (3 * products - sizes[0] * sizes[1]))


def dropout_data():
    rng = np.random.RandomState(0)
    x, y = rng.rand(BATCH, 784).astype("float32"), rng.randint(0, 10, BATCH).astype("int32")
    return (x, y, *_layers(rng, (784, 1024, 1024, 10), 0.03))


def dropout(peer, x, y, *start):
    """A step of the 784-1024-1024-10 network with ReLU, dropout of a half and Adam, batch 128; masks are drawn in the step."""
    slow, quick, tiny, rate = (np.float32(v) for v in (0.999, 0.9, 1e-8, 0.001))
    if peer == "theon":
        import theano
        import theano.tensor as T
        from theano.sandbox.rng_mrg import MRG_RandomStreams

        theano.config.floatX = "float32"
        streams = MRG_RandomStreams(seed=1)
        tx, ty = T.fmatrix("x"), T.ivector("y")
        params = [theano.shared(p) for p in start]
        h = tx
        for w, b in zip(params[:4:2], params[1:4:2]):
            h = T.nnet.relu(T.dot(h, w) + b)
            h = h * streams.binomial((BATCH, 1024), p=0.5, dtype="float32") * np.float32(2)
        cost = likelihood(peer, T.dot(h, params[4]) + params[5], ty)
        count = theano.shared(np.float32(0))
        t = count + np.float32(1)
        scale = rate * T.sqrt(1 - slow**t) / (1 - quick**t)
        updates = [(count, t)]
        for p, g in zip(params, T.grad(cost, params)):
            m, v = theano.shared(np.zeros_like(p.get_value())), theano.shared(np.zeros_like(p.get_value()))
            new_m, new_v = quick * m + (1 - quick) * g, slow * v + (1 - slow) * g**2
            updates += [(m, new_m), (v, new_v), (p, p - scale * new_m / (T.sqrt(new_v) + tiny))]
        f = theano.function([tx, ty], cost, updates=updates)
        return lambda: f(x, y), flat
    if peer in ("torch", "compiled"):
        import torch
        from torch.nn import functional as F

        params = [torch.tensor(p, requires_grad=True) for p in start]
        step = torch.optim.Adam(params, lr=float(rate), fused=True)
        tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

        def cost_of(x, y, *params):
            h = F.dropout(torch.relu(x @ params[0] + params[1]))
            h = F.dropout(torch.relu(h @ params[2] + params[3]))
            return F.cross_entropy(h @ params[4] + params[5], y)

        cost_of = torch_of(peer, cost_of)

        def call():
            cost = cost_of(tx, ty, *params)
            step.zero_grad()
            cost.backward()
            step.step()
            return cost

        return call, flat
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def loss(p, key, x, y):
            h = x
            for w, b, k in zip(p[:4:2], p[1:4:2], jax.random.split(key)):
                h = jax.nn.relu(h @ w + b)
                h = jnp.where(jax.random.bernoulli(k, 0.5, h.shape), 2 * h, 0)
            return -jax.nn.log_softmax(h @ p[4] + p[5])[jnp.arange(BATCH), y].mean()

        def step(state, x, y):
            p, m, v, t, key = state
            key, use = jax.random.split(key)
            cost, slopes = jax.value_and_grad(loss)(p, use, x, y)
            t = t + 1
            scale = rate * jnp.sqrt(1 - slow**t) / (1 - quick**t)
            m = [quick * a + (1 - quick) * g for a, g in zip(m, slopes)]
            v = [slow * a + (1 - slow) * g * g for a, g in zip(v, slopes)]
            p = [q - scale * a / (jnp.sqrt(b) + tiny) for q, a, b in zip(p, m, v)]
            return cost, (p, m, v, t, key)

        step = jax.jit(step, donate_argnums=0)
        first = [[jnp.array(p) for p in start], *([jnp.zeros(p.shape) for p in start] for _ in range(2))]
        state = [(*first, jnp.float32(0), jax.random.PRNGKey(1))]
        jx, jy = jnp.asarray(x), jnp.asarray(y)

        def call():
            cost, state[0] = step(state[0], jx, jy)
            return jax.block_until_ready((cost, state))[0]

        return call, flat
    return None


_ALL = ("theon", "numpy", "torch", "compiled", "jax", "pytensor")
WORKLOADS = {
    "MLP step, batch 20": _network((784, 500, 10), 20, 0.9, 0.05, _ALL),
    "MLP step, batch 256": _network((784, 500, 10), 256, 0.9, 0.05, _ALL),
    "MLP of 50 layers, step": _network((64,) * 51, 32, 0.0, 0.1, _ALL),
    "dropout MLP, Adam": Workload(
        dropout,
        dropout_data,
        flops=2 * BATCH * (2 * 784 * 1024 + 3 * 1024 * 1024 + 3 * 1024 * 10),
        random=True,
    ),
}
