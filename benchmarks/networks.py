"""Workloads of networks: LeNet, a pair of convolutions, a network with dropout and Adam; see :mod:`benchmarks.workloads`.

``flops`` is the number of floating-point operations of the products, from which the table's share of the peak comes.
"""

import numpy as np

BATCH = 128
RATE = np.float32(0.01)


def _columns(x, k):
    """Windows of k × k as (batch, rows, columns, channels, k, k)."""
    return np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)


def _conv(x, w):
    """Correlation of images with filters, in NumPy."""
    return np.tensordot(_columns(x, w.shape[2]), w, ((3, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def _conv_back(x, w, g):
    """Gradients of image and filters."""
    k = w.shape[2] - 1
    wide = np.pad(g, [(0, 0), (0, 0), (k, k), (k, k)])
    gx = _conv(wide, w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
    return gx, np.tensordot(g, _columns(x, w.shape[2]), ((0, 2, 3), (0, 1, 2)))


def _lenet_start(rng):
    shapes = [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), (800, 500), (500,), (500, 10), (10,)]
    return [(rng.randn(*s) * 0.05).astype("float32") for s in shapes]


def lenet(peer):
    """A step of LeNet, batch 128: 20 and 50 filters of 5×5, 2×2 pooling, 500 hidden units, softmax; SGD."""
    rng = np.random.RandomState(0)
    x, y = rng.rand(BATCH, 1, 28, 28).astype("float32"), rng.randint(0, 10, BATCH).astype("int32")
    start = _lenet_start(rng)
    if peer == "theon":
        import theano
        import theano.tensor as T
        from theano.tensor.signal.pool import pool_2d

        tx, ty = T.ftensor4("x"), T.ivector("y")
        params = [theano.shared(p) for p in start]
        h = tx
        for w, b in zip(params[:4:2], params[1:4:2]):
            h = T.tanh(pool_2d(T.nnet.conv2d(h, w, filter_flip=False), (2, 2), True) + b.dimshuffle("x", 0, "x", "x"))
        h = T.tanh(T.dot(h.flatten(2), params[4]) + params[5])
        cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(h, params[6]) + params[7]), ty).mean()
        f = theano.function([tx, ty], cost, updates=[(p, p - RATE * g) for p, g in zip(params, T.grad(cost, params))])
        first = float(f(x, y))
        return lambda: f(x, y), lambda: np.asarray(first)
    if peer == "torch":
        import torch
        from torch.nn import functional as F

        params = [torch.tensor(p, requires_grad=True) for p in start]
        step = torch.optim.SGD(params, lr=float(RATE))
        tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

        def call():
            h = torch.tanh(F.max_pool2d(F.conv2d(tx, params[0]), 2) + params[1][:, None, None])
            h = torch.tanh(F.max_pool2d(F.conv2d(h, params[2]), 2) + params[3][:, None, None])
            h = torch.tanh(h.flatten(1) @ params[4] + params[5]) @ params[6] + params[7]
            cost = F.cross_entropy(h, ty)
            step.zero_grad()
            cost.backward()
            step.step()
            return cost

        first = float(call())
        return call, lambda: np.asarray(first)
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def layer(h, w, b):
            h = jax.lax.conv_general_dilated(h, w, (1, 1), "VALID")
            h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            return jnp.tanh(h + b[:, None, None])

        def loss(p, x, y):
            h = layer(layer(x, p[0], p[1]), p[2], p[3]).reshape(BATCH, -1)
            z = jax.nn.log_softmax(jnp.tanh(h @ p[4] + p[5]) @ p[6] + p[7])
            return -z[jnp.arange(BATCH), y].mean()

        @jax.jit
        def step(p, x, y):
            cost, slopes = jax.value_and_grad(loss)(p, x, y)
            return cost, [q - RATE * g for q, g in zip(p, slopes)]

        state, jx, jy = [[jnp.asarray(p) for p in start]], jnp.asarray(x), jnp.asarray(y)

        def call():
            cost, state[0] = step(state[0], jx, jy)
            return jax.block_until_ready((cost, state))[0]

        first = float(call())
        return call, lambda: np.asarray(first)
    if peer == "numpy":
        return _lenet_numpy(x, y, [p.copy() for p in start])
    return None


def _lenet_numpy(x, y, params):
    def pooled(h):
        blocks = h.reshape(*h.shape[:2], h.shape[2] // 2, 2, h.shape[3] // 2, 2)
        return blocks, blocks.max((3, 5))

    def spread(blocks, best, g):
        return ((blocks == best[:, :, :, None, :, None]) * g[:, :, :, None, :, None]).reshape(
            *g.shape[:2], 2 * g.shape[2], -1
        )

    def call():
        w, b, v, c, m, d, n, e = params
        blocks1, best1 = pooled(_conv(x, w))
        h1 = np.tanh(best1 + b[:, None, None])
        blocks2, best2 = pooled(_conv(h1, v))
        h2 = np.tanh(best2 + c[:, None, None])
        flat = h2.reshape(BATCH, -1)
        h3 = np.tanh(flat @ m + d)
        z = h3 @ n + e
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        p /= p.sum(1, keepdims=True)
        cost = -np.log(p[np.arange(BATCH), y]).mean()
        p[np.arange(BATCH), y] -= 1
        p /= BATCH
        g3 = (p @ n.T) * (1 - h3 * h3)
        g2 = (g3 @ m.T).reshape(h2.shape) * (1 - h2 * h2)
        back2 = spread(blocks2, best2, g2)
        gh1, gv = _conv_back(h1, v, back2)
        g1 = gh1 * (1 - h1 * h1)
        gw = _conv_back(x, w, spread(blocks1, best1, g1))[1]
        slopes = [gw, g1.sum((0, 2, 3)), gv, g2.sum((0, 2, 3)), flat.T @ g3, g3.sum(0), h3.T @ p, p.sum(0)]
        for q, g in zip(params, slopes):
            q -= RATE * g
        return cost

    first = float(call())
    return call, lambda: np.asarray(first)


lenet.flops = 2 * BATCH * (2 * 20 * 576 * 25 + 3 * 50 * 64 * 500 + 3 * 800 * 500 + 3 * 500 * 10)


def conv_pair(peer):
    """Two 3×3 convolutions of 64 channels on 16×64×32×32, forward and backward."""
    rng = np.random.RandomState(0)
    x, g = (rng.randn(16, 64, 32, 32).astype("float32") for _ in range(2))
    w, v = ((rng.randn(64, 64, 3, 3) * 0.05).astype("float32") for _ in range(2))
    if peer == "theon":
        import theano
        import theano.tensor as T

        tx, tg = T.ftensor4("x"), T.ftensor4("g")
        params = [theano.shared(p) for p in (w, v)]
        y = tx
        for p in params:
            y = T.nnet.conv2d(y, p, border_mode="half", filter_flip=False)
        f = theano.function([tx, tg], [y, *T.grad(None, [tx, *params], known_grads={y: tg})])
        return lambda: f(x, g), lambda: np.concatenate([a.ravel() for a in f(x, g)])
    if peer == "torch":
        import torch

        tx, tw, tv = (torch.tensor(p, requires_grad=True) for p in (x, w, v))
        tg = torch.from_numpy(g)

        def call():
            y = torch.nn.functional.conv2d(torch.nn.functional.conv2d(tx, tw, padding=1), tv, padding=1)
            return [y, *torch.autograd.grad(y, [tx, tw, tv], tg)]

        return call, lambda: np.concatenate([a.detach().numpy().ravel() for a in call()])
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def forward(x, w, v):
            for p in (w, v):
                x = jax.lax.conv_general_dilated(x, p, (1, 1), "SAME")
            return x

        @jax.jit
        def both(x, w, v, g):
            y, back = jax.vjp(forward, x, w, v)
            return [y, *back(g)]

        given = [jnp.asarray(p) for p in (x, w, v, g)]
        return (
            lambda: jax.block_until_ready(both(*given)),
            lambda: np.concatenate([np.asarray(a).ravel() for a in both(*given)]),
        )
    if peer == "numpy":

        def call():
            wide = [(0, 0), (0, 0), (1, 1), (1, 1)]
            a = np.pad(x, wide)
            h = np.pad(_conv(a, w), wide)
            y = _conv(h, v)
            gh, gv = _conv_back(h, v, g)
            gx, gw = _conv_back(a, w, gh[:, :, 1:-1, 1:-1])
            return [y, gx[:, :, 1:-1, 1:-1], gw, gv]

        return call, lambda: np.concatenate([a.ravel() for a in call()])
    return None


conv_pair.flops = 2 * 3 * 2 * 16 * 64 * 64 * 9 * 1024


def dropout_mlp(peer):
    """A step of the 784-1024-1024-10 network with ReLU, dropout of a half and Adam, batch 128; masks are drawn in the step."""
    rng = np.random.RandomState(0)
    x, y = rng.rand(BATCH, 784).astype("float32"), rng.randint(0, 10, BATCH).astype("int32")
    shapes = [(784, 1024), (1024,), (1024, 1024), (1024,), (1024, 10), (10,)]
    start = [(rng.randn(*s) * 0.03).astype("float32") for s in shapes]
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
        for w, b, n in zip(params[:4:2], params[1:4:2], (1024, 1024)):
            h = T.nnet.relu(T.dot(h, w) + b)
            h = h * streams.binomial((BATCH, n), p=0.5, dtype="float32") * np.float32(2)
        cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(h, params[4]) + params[5]), ty).mean()
        count = theano.shared(np.float32(0))
        t = count + np.float32(1)
        scale = rate * T.sqrt(1 - slow**t) / (1 - quick**t)
        updates = [(count, t)]
        for p, g in zip(params, T.grad(cost, params)):
            m, v = theano.shared(np.zeros_like(p.get_value())), theano.shared(np.zeros_like(p.get_value()))
            new_m, new_v = quick * m + (1 - quick) * g, slow * v + (1 - slow) * g**2
            updates += [(m, new_m), (v, new_v), (p, p - scale * new_m / (T.sqrt(new_v) + tiny))]
        f = theano.function([tx, ty], cost, updates=updates)
        return lambda: f(x, y), lambda: np.zeros(1)
    if peer == "torch":
        import torch
        from torch.nn import functional as F

        params = [torch.tensor(p, requires_grad=True) for p in start]
        step = torch.optim.Adam(params, lr=float(rate), fused=True)
        tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

        def call():
            h = F.dropout(torch.relu(tx @ params[0] + params[1]))
            h = F.dropout(torch.relu(h @ params[2] + params[3]))
            cost = F.cross_entropy(h @ params[4] + params[5], ty)
            step.zero_grad()
            cost.backward()
            step.step()
            return cost

        return call, lambda: np.zeros(1)
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

        return call, lambda: np.zeros(1)
    return None


dropout_mlp.flops = 2 * BATCH * (2 * 784 * 1024 + 3 * 1024 * 1024 + 3 * 1024 * 10)

NETWORKS = {"LeNet step, batch 128": lenet, "two 3x3 convolutions": conv_pair, "dropout MLP, Adam": dropout_mlp}
