"""A training step of layers of attention, as language models have them."""

import numpy as np

from benchmarks.workload import Workload, flat, likelihood, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]

LAYERS, WIDTH, HEADS, LENGTH, BATCH, WORDS = 4, 256, 8, 128, 8, 1000
EACH = WIDTH // HEADS
PER_LAYER = 8  # arrays: two normalisations of two each, four matrices
RATE = np.float32(1e-3)
HIDDEN = np.triu(np.full((LENGTH, LENGTH), -1e9, "float32"), 1)  # what comes later cannot be attended to


def data():
    """Words, the words to be foretold, and the parameters: the embedding, the last matrix, then those of each layer."""
    rng = np.random.RandomState(0)

    def matrix(n, m):
        return (rng.randn(n, m) / np.sqrt(n)).astype("float32")

    def flat_normalisation():
        return [np.ones(WIDTH, "float32"), np.zeros(WIDTH, "float32")]

    params = [matrix(WORDS, WIDTH), matrix(WIDTH, WORDS)]
    for _ in range(LAYERS):
        params += [*flat_normalisation(), matrix(WIDTH, 3 * WIDTH), matrix(WIDTH, WIDTH)]
        params += [*flat_normalisation(), matrix(WIDTH, 4 * WIDTH), matrix(4 * WIDTH, WIDTH)]
    words, wanted = rng.randint(0, WORDS, (2, BATCH, LENGTH))
    return (words, wanted, *params)


def layers(params):
    """The parameters of each layer."""
    return [params[i : i + PER_LAYER] for i in range(2, len(params), PER_LAYER)]


# --- NumPy: each function gives its result and the function from the result's gradient to those of its arguments -------


def _normalised(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5)
    unit = (x - mean) / deviation

    def back(g):
        d = g * scale
        d = (d - d.mean(-1, keepdims=True) - unit * (d * unit).mean(-1, keepdims=True)) / deviation
        return d, (g * unit).sum((0, 1)), g.sum((0, 1))

    return unit * scale + shift, back


def _times(x, w):
    return x @ w, lambda g: (g @ w.T, x.reshape(-1, x.shape[-1]).T @ g.reshape(-1, g.shape[-1]))


def _attended(both):
    q, k, v = both.reshape(BATCH, LENGTH, 3, HEADS, EACH).transpose(2, 0, 3, 1, 4)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(EACH) + HIDDEN
    p = np.exp(scores - scores.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)

    def back(g):
        g = g.reshape(BATCH, LENGTH, HEADS, EACH).transpose(0, 2, 1, 3)
        d = g @ v.swapaxes(-1, -2)
        d = p * (d - (d * p).sum(-1, keepdims=True)) / np.sqrt(EACH)
        whole = np.stack([d @ k, d.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g])
        return whole.transpose(1, 3, 0, 2, 4).reshape(BATCH, LENGTH, 3 * WIDTH)

    return (p @ v).transpose(0, 2, 1, 3).reshape(BATCH, LENGTH, WIDTH), back


def numpy_gradients(words, wanted, params):
    """Cost and gradients."""
    h, ways = params[0][words], []
    for scale, shift, both, out, scale2, shift2, up, down in layers(params):
        x, way1 = _normalised(h, scale, shift)
        x, way2 = _times(x, both)
        x, way3 = _attended(x)
        x, way4 = _times(x, out)
        h = h + x
        x, way5 = _normalised(h, scale2, shift2)
        x, way6 = _times(x, up)
        positive = x > 0
        x, way7 = _times(x * positive, down)
        h = h + x
        ways.append((way1, way2, way3, way4, way5, way6, positive, way7))
    z, last = _times(h, params[1])
    z = z - z.max(-1, keepdims=True)
    p = np.exp(z)
    p /= p.sum(-1, keepdims=True)
    places = np.arange(BATCH)[:, None], np.arange(LENGTH), wanted
    cost = -np.log(p[places]).mean()
    p[places] -= 1
    g, of_last = last(p / wanted.size)
    found = []
    for way1, way2, way3, way4, way5, way6, positive, way7 in reversed(ways):
        x, down = way7(g)
        x, up = way6(x * positive)
        x, scale2, shift2 = way5(x)
        g = g + x
        x, out = way4(g)
        x, both = way2(way3(x))
        x, scale, shift = way1(x)
        g = g + x
        found = [scale, shift, both, out, scale2, shift2, up, down, *found]
    embedding = np.zeros_like(params[0])
    np.add.at(embedding, words, g)
    return cost, [embedding, of_last, *found]


# --- the peers --------------------------------------------------------------------------------------------------------


def _symbolic(peer, words, wanted, start):
    lib, T = symbolic(peer), tensors(peer)
    params = [lib.shared(p) for p in start]
    x, y = T.lmatrix("x"), T.lmatrix("y")
    hidden = lib.shared(HIDDEN)

    def normalised(h, scale, shift):
        mean = h.mean(-1, keepdims=True)
        return (h - mean) / T.sqrt(((h - mean) ** 2).mean(-1, keepdims=True) + np.float32(1e-5)) * scale + shift

    h = params[0][x]
    n, t = x.shape[0], x.shape[1]
    for scale, shift, both, out, scale2, shift2, up, down in layers(params):
        parts = T.dot(normalised(h, scale, shift), both).reshape((n, t, 3, HEADS, EACH)).dimshuffle(2, 0, 3, 1, 4)
        q, k, v = (parts[i].reshape((n * HEADS, t, EACH)) for i in range(3))
        scores = T.batched_dot(q, k.dimshuffle(0, 2, 1)) / np.float32(np.sqrt(EACH)) + hidden
        p = T.exp(scores - scores.max(-1, keepdims=True))
        mixed = T.batched_dot(p / p.sum(-1, keepdims=True), v)
        mixed = mixed.reshape((n, HEADS, t, EACH)).dimshuffle(0, 2, 1, 3).reshape((n, t, WIDTH))
        h = h + T.dot(mixed, out)
        h = h + T.dot(T.maximum(T.dot(normalised(h, scale2, shift2), up), np.float32(0)), down)
    cost = likelihood(peer, T.dot(h, params[1]).reshape((-1, WORDS)), y.flatten())
    f = lib.function([x, y], cost, updates=[(p, p - RATE * g) for p, g in zip(params, T.grad(cost, params))])
    return lambda: f(words, wanted), lambda r: flat(r, *(p.get_value() for p in params))


def _torch(peer, words, wanted, start):
    import torch

    params = [torch.tensor(p, requires_grad=True) for p in start]
    tx, ty = torch.from_numpy(words), torch.from_numpy(wanted)
    F = torch.nn.functional

    def cost_of(x, y, params):
        h = params[0][x]
        for scale, shift, both, out, scale2, shift2, up, down in layers(params):
            a = F.layer_norm(h, (WIDTH,), scale, shift) @ both
            q, k, v = a.reshape(BATCH, LENGTH, 3, HEADS, EACH).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + mixed.transpose(1, 2).reshape(BATCH, LENGTH, WIDTH) @ out
            h = h + torch.relu(F.layer_norm(h, (WIDTH,), scale2, shift2) @ up) @ down
        return F.cross_entropy((h @ params[1]).reshape(-1, WORDS), y.flatten())

    cost_of = torch_of(peer, cost_of)
    step = torch.optim.SGD(params, lr=float(RATE))

    def call():
        cost = cost_of(tx, ty, params)
        step.zero_grad()
        cost.backward()
        step.step()
        return cost

    return call, lambda r: flat(r, *params)


def _jax(words, wanted, start):
    import jax
    import jax.numpy as jnp

    def normalised(h, scale, shift):
        mean = h.mean(-1, keepdims=True)
        return (h - mean) / jnp.sqrt(((h - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * scale + shift

    def loss(params, x, y):
        h = params[0][x]
        for scale, shift, both, out, scale2, shift2, up, down in layers(params):
            parts = (normalised(h, scale, shift) @ both).reshape(BATCH, LENGTH, 3, HEADS, EACH)
            q, k, v = parts.transpose(2, 0, 3, 1, 4)
            p = jax.nn.softmax(q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(EACH)) + HIDDEN, -1)
            h = h + (p @ v).transpose(0, 2, 1, 3).reshape(BATCH, LENGTH, WIDTH) @ out
            h = h + jax.nn.relu(normalised(h, scale2, shift2) @ up) @ down
        z = jax.nn.log_softmax((h @ params[1]).reshape(-1, WORDS))
        return -z[jnp.arange(BATCH * LENGTH), y.flatten()].mean()

    @jax.jit
    def step(params, x, y):
        cost, slopes = jax.value_and_grad(loss)(params, x, y)
        return cost, [p - RATE * g for p, g in zip(params, slopes)]

    state = [[jnp.asarray(p) for p in start]]

    def call():
        cost, state[0] = step(state[0], words, wanted)
        return cost.block_until_ready()

    return call, lambda r: flat(r, *state[0])


def make(peer, words, wanted, *start):
    """A step of gradient descent: the cost before it, the parameters after it."""
    if peer in ("theon", "pytensor"):
        return _symbolic(peer, words, wanted, start)
    if peer in ("torch", "compiled"):
        return _torch(peer, words, wanted, start)
    if peer == "jax":
        return _jax(words, wanted, start)
    params = [np.array(p) for p in start]

    def call():
        cost, slopes = numpy_gradients(words, wanted, params)
        for p, g in zip(params, slopes):
            p -= RATE * g
        return cost

    return call, lambda r: flat(r, *params)


_POSITIONS = BATCH * LENGTH
_PRODUCTS = LAYERS * (_POSITIONS * WIDTH * WIDTH * (3 + 1 + 4 + 4) + 2 * _POSITIONS * LENGTH * WIDTH)
WORKLOADS = {
    "attention, 4 layers, step": Workload(make, data, flops=6 * (_PRODUCTS + _POSITIONS * WIDTH * WORDS)),
}
