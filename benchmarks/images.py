"""Training steps and gradients of convolutions."""

import numpy as np

from benchmarks.workload import Workload, flat, torch_of

__all__ = ["WORKLOADS"]

BATCH = 128
RATE = 0.01


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


def lenet_data():
    rng = np.random.RandomState(0)
    x, y = rng.rand(BATCH, 1, 28, 28).astype("float32"), rng.randint(0, 10, BATCH).astype("int32")
    shapes = [(20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,), (800, 500), (500,), (500, 10), (10,)]
    return (x, y, *((rng.randn(*s) * 0.05).astype("float32") for s in shapes))


def lenet(peer, x, y, *start):
    """A step of LeNet, batch 128: 20 and 50 filters of 5×5, 2×2 pooling, 500 hidden units, softmax; SGD."""
    if peer == "theon":
        import theano
        import theano.tensor as T
        from theano.tensor.signal.pool import pool_2d

        rate = np.float32(RATE)
        tx, ty = T.ftensor4("x"), T.ivector("y")
        params = [theano.shared(p) for p in start]
        h = tx
        for w, b in zip(params[:4:2], params[1:4:2]):
            h = T.tanh(pool_2d(T.nnet.conv2d(h, w, filter_flip=False), (2, 2), True) + b.dimshuffle("x", 0, "x", "x"))
        h = T.tanh(T.dot(h.flatten(2), params[4]) + params[5])
        cost = T.nnet.categorical_crossentropy(T.nnet.softmax(T.dot(h, params[6]) + params[7]), ty).mean()
        f = theano.function([tx, ty], cost, updates=[(p, p - rate * g) for p, g in zip(params, T.grad(cost, params))])
        return lambda: f(x, y), lambda r: flat(r, *(p.get_value() for p in params))
    if peer in ("torch", "compiled"):
        import torch
        from torch.nn import functional as F

        params = [torch.tensor(p, requires_grad=True) for p in start]
        step = torch.optim.SGD(params, lr=RATE)
        tx, ty = torch.from_numpy(x), torch.from_numpy(y).long()

        def cost_of(x, y, *params):
            h = torch.tanh(F.max_pool2d(F.conv2d(x, params[0]), 2) + params[1][:, None, None])
            h = torch.tanh(F.max_pool2d(F.conv2d(h, params[2]), 2) + params[3][:, None, None])
            h = torch.tanh(h.flatten(1) @ params[4] + params[5]) @ params[6] + params[7]
            return F.cross_entropy(h, y)

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

        def layer(h, w, b):
            h = jax.lax.conv_general_dilated(h, w, (1, 1), "VALID")
            h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            return jnp.tanh(h + b[:, None, None])

        def loss(p, x, y):
            h = layer(layer(x, p[0], p[1]), p[2], p[3]).reshape(BATCH, -1)
            z = jax.nn.log_softmax(jnp.tanh(h @ p[4] + p[5]) @ p[6] + p[7])
            return -z[jnp.arange(BATCH), y].mean()

        def step(p, x, y):
            cost, slopes = jax.value_and_grad(loss)(p, x, y)
            return cost, [q - np.float32(RATE) * g for q, g in zip(p, slopes)]

        step = jax.jit(step, donate_argnums=0)
        state, jx, jy = [[jnp.array(p) for p in start]], jnp.asarray(x), jnp.asarray(y)

        def call():
            cost, state[0] = step(state[0], jx, jy)
            return jax.block_until_ready((cost, state))[0]

        return call, lambda r: flat(r, *state[0])
    if peer == "numpy":
        params = [p.copy() for p in start]
        return _lenet_numpy(x, y, params), lambda r: flat(r, *params)
    return None


def _lenet_numpy(x, y, params):
    def pooled(h):
        blocks = h.reshape(*h.shape[:2], h.shape[2] // 2, 2, h.shape[3] // 2, 2)
        return blocks, blocks.max((3, 5))

    def spread(blocks, best, g):
        wide = (blocks == best[:, :, :, None, :, None]) * g[:, :, :, None, :, None]
        return wide.reshape(*g.shape[:2], 2 * g.shape[2], -1)

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

    return call


def pair_data():
    rng = np.random.RandomState(0)
    x, g = (rng.randn(16, 64, 32, 32).astype("float32") for _ in range(2))
    return (x, g, *((rng.randn(64, 64, 3, 3) * 0.05).astype("float32") for _ in range(2)))


def pair(peer, x, g, w, v):
    """Two 3×3 convolutions of 64 channels on 16×64×32×32, forward and backward."""
    if peer == "theon":
        import theano
        import theano.tensor as T

        tx, tg = T.ftensor4("x"), T.ftensor4("g")
        params = [theano.shared(p) for p in (w, v)]
        y = tx
        for p in params:
            y = T.nnet.conv2d(y, p, border_mode="half", filter_flip=False)
        f = theano.function([tx, tg], [y, *T.grad(None, [tx, *params], known_grads={y: tg})])
        return lambda: f(x, g), lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        tx, tw, tv = (torch.tensor(p, requires_grad=True) for p in (x, w, v))
        tg = torch.from_numpy(g)
        forward = torch_of(
            peer,
            lambda x, w, v: torch.nn.functional.conv2d(torch.nn.functional.conv2d(x, w, padding=1), v, padding=1),
        )

        def call():
            y = forward(tx, tw, tv)
            return [y, *torch.autograd.grad(y, [tx, tw, tv], tg)]

        return call, lambda r: flat(*r)
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
        return lambda: jax.block_until_ready(both(*given)), lambda r: flat(*r)
    if peer == "numpy":

        def call():
            wide = [(0, 0), (0, 0), (1, 1), (1, 1)]
            a = np.pad(x, wide)
            h = np.pad(_conv(a, w), wide)
            y = _conv(h, v)
            gh, gv = _conv_back(h, v, g)
            gx, gw = _conv_back(a, w, gh[:, :, 1:-1, 1:-1])
            return [y, gx[:, :, 1:-1, 1:-1], gw, gv]

        return call, lambda r: flat(*r)
    return None


def _normalised_data():
    rng = np.random.RandomState(0)
    x, g = (rng.randn(64, 64, 28, 28).astype("float32") for _ in range(2))
    return x, g, (rng.rand(64) + 0.5).astype("float32"), rng.randn(64).astype("float32")


def normalised(peer, x, g, gamma, beta):
    """Batch normalisation over images and places, then ReLU, forward and backward, on 64×64×28×28."""
    if peer == "theon":
        import theano
        import theano.tensor as T

        tx, tg = T.ftensor4("x"), T.ftensor4("g")
        a, b = theano.shared(gamma), theano.shared(beta)
        spread = [v.dimshuffle("x", 0, "x", "x") for v in (a, b)]
        y = T.nnet.relu(T.nnet.bn.batch_normalization_train(tx, *spread, axes="spatial", epsilon=1e-5)[0])
        f = theano.function([tx, tg], [y, *T.grad(None, [tx, a, b], known_grads={y: tg})])
        return lambda: f(x, g), lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        tx, ta, tb = (torch.tensor(p, requires_grad=True) for p in (x, gamma, beta))
        tg = torch.from_numpy(g)
        forward = torch_of(
            peer,
            lambda x, a, b: torch.relu(torch.nn.functional.batch_norm(x, None, None, a, b, training=True, eps=1e-5)),
        )

        def call():
            y = forward(tx, ta, tb)
            return [y, *torch.autograd.grad(y, [tx, ta, tb], tg)]

        return call, lambda r: flat(*r)
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        def forward(x, a, b):
            mean = x.mean((0, 2, 3), keepdims=True)
            scale = jax.lax.rsqrt(x.var((0, 2, 3), keepdims=True) + 1e-5)
            return jax.nn.relu((x - mean) * scale * a[:, None, None] + b[:, None, None])

        @jax.jit
        def both(x, a, b, g):
            y, back = jax.vjp(forward, x, a, b)
            return [y, *back(g)]

        given = [jnp.asarray(p) for p in (x, gamma, beta, g)]
        return lambda: jax.block_until_ready(both(*given)), lambda r: flat(*r)
    if peer == "numpy":

        def call():
            over, a, b = (0, 2, 3), gamma[:, None, None], beta[:, None, None]
            scale = 1 / np.sqrt(x.var(over, keepdims=True) + x.dtype.type(1e-5))
            z = (x - x.mean(over, keepdims=True)) * scale
            y = np.maximum(z * a + b, 0)
            d = g * (y > 0)
            ga, gb = (d * z).sum(over), d.sum(over)
            n = x.size // x.shape[1]
            gx = a * scale * (d - (gb[:, None, None] + z * ga[:, None, None]) / n)
            return [y, gx, ga, gb]

        return call, lambda r: flat(*r)
    return None


# batch, channels, size, filters, kernel, stride, pad, dilation, groups, dtype
CONVOLUTIONS = {
    "1x1, 256 to 64, 16x28x28": (16, 256, 28, 64, 1, 1, 0, 1, 1, "float32"),
    "5x5, 32 to 64, 16x28x28": (16, 32, 28, 64, 5, 1, 2, 1, 1, "float32"),
    "7x7/2, 3 to 64, 8x112x112": (8, 3, 112, 64, 7, 2, 3, 1, 1, "float32"),
    "3x3, 3 to 32, 32x32x32": (32, 3, 32, 32, 3, 1, 1, 1, 1, "float32"),
    "3x3/2, 64 to 128, 16x28x28": (16, 64, 28, 128, 3, 2, 1, 1, 1, "float32"),
    "3x3 dilated by 2, 64 to 64, 16x28x28": (16, 64, 28, 64, 3, 1, 2, 2, 1, "float32"),
    "3x3, 4 groups, 64 to 64, 16x28x28": (16, 64, 28, 64, 3, 1, 1, 1, 4, "float32"),
    "3x3 depthwise, 64, 16x28x28": (16, 64, 28, 64, 3, 1, 1, 1, 64, "float32"),
    "3x3/2 depthwise, 64, 8x56x56": (8, 64, 56, 64, 3, 2, 1, 1, 64, "float32"),
    "3x3, 64 to 64, 1x56x56": (1, 64, 56, 64, 3, 1, 1, 1, 1, "float32"),
    "3x3, 32 to 32, 8x28x28, float64": (8, 32, 28, 32, 3, 1, 1, 1, 1, "float64"),
}


def _convolution(batch, channels, size, filters, kernel, stride, pad, dilation, groups, dtype):
    out = (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1

    def data():
        rng = np.random.RandomState(0)
        shapes = (
            (batch, channels, size, size),
            (filters, channels // groups, kernel, kernel),
            (batch, filters, out, out),
        )
        x, w, g = (rng.randn(*s).astype(dtype) for s in shapes)
        return x, w * w.dtype.type(0.1), g

    def make(peer, x, w, g):
        if peer == "theon":
            import theano
            import theano.tensor as T

            tx, tw, tg = (T.TensorType(dtype, (False,) * 4)() for _ in range(3))
            y = T.nnet.conv2d(
                tx, tw, border_mode=(pad, pad), subsample=(stride, stride), filter_flip=False,
                filter_dilation=(dilation, dilation), num_groups=groups,
            )  # fmt: skip
            f = theano.function([tx, tw, tg], [y, *T.grad(None, [tx, tw], known_grads={y: tg})])
            return lambda: f(x, w, g), lambda r: flat(*r)
        settings = {"stride": stride, "padding": pad, "dilation": dilation, "groups": groups}
        if peer in ("torch", "compiled"):
            import torch

            tx, tw = (torch.tensor(v, requires_grad=True) for v in (x, w))
            tg = torch.from_numpy(g)
            forward = torch_of(peer, lambda x, w: torch.nn.functional.conv2d(x, w, **settings))

            def call():
                y = forward(tx, tw)
                return [y, *torch.autograd.grad(y, [tx, tw], tg)]

            return call, lambda r: flat(*r)
        if peer == "jax":
            import jax

            jax.config.update("jax_enable_x64", dtype == "float64")
            import jax.numpy as jnp

            def forward(x, w):
                return jax.lax.conv_general_dilated(
                    x,
                    w,
                    (stride, stride),
                    [(pad, pad)] * 2,
                    rhs_dilation=(dilation, dilation),
                    feature_group_count=groups,
                )

            @jax.jit
            def both(x, w, g):
                y, back = jax.vjp(forward, x, w)
                return [y, *back(g)]

            given = [jnp.asarray(v) for v in (x, w, g)]
            return lambda: jax.block_until_ready(both(*given)), lambda r: flat(*r)
        if peer == "numpy":
            return lambda: _convolution_numpy(x, w, g, stride, pad, dilation, groups), lambda r: flat(*r)
        return None

    make.__doc__ = f"One convolution forward and backward: {filters} filters of {kernel}×{kernel} on {batch}×{channels}×{size}×{size}."
    flops = 3 * 2.0 * batch * filters * out * out * (channels // groups) * kernel * kernel
    return Workload(make, data, flops=flops if dtype == "float32" else 0)


def _convolution_numpy(x, w, g, stride, pad, dilation, groups):
    """Place by place of the filters: what each adds to the result and to both gradients."""
    wide = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    y, gx, gw = np.zeros_like(g), np.zeros_like(wide), np.zeros_like(w)
    lines, columns = g.shape[2:]
    per_in, per_out = x.shape[1] // groups, w.shape[0] // groups
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            rows = slice(i * dilation, i * dilation + (lines - 1) * stride + 1, stride)
            cols = slice(j * dilation, j * dilation + (columns - 1) * stride + 1, stride)
            for k in range(groups):
                ins, outs = slice(k * per_in, (k + 1) * per_in), slice(k * per_out, (k + 1) * per_out)
                seen = wide[:, ins, rows, cols]
                y[:, outs] += np.einsum("nchw,fc->nfhw", seen, w[outs, :, i, j], optimize=True)
                gw[outs, :, i, j] += np.einsum("nchw,nfhw->fc", seen, g[:, outs], optimize=True)
                gx[:, ins, rows, cols] += np.einsum("nfhw,fc->nchw", g[:, outs], w[outs, :, i, j], optimize=True)
    end = -pad if pad else None
    return [y, gx[:, :, pad:end, pad:end], gw]


WORKLOADS = {
    "LeNet step, batch 128": Workload(
        lenet,
        lenet_data,
        flops=2.0 * BATCH * (2 * 20 * 576 * 25 + 3 * 50 * 64 * 500 + 3 * 800 * 500 + 3 * 500 * 10),
    ),
    "two 3x3 convolutions": Workload(pair, pair_data, flops=2.0 * 3 * 2 * 16 * 64 * 64 * 9 * 1024),
    "batch norm, ReLU 64x64x28x28": Workload(normalised, _normalised_data, moved=6 * 4 * 64.0 * 64 * 28 * 28),
    **{f"conv {name}": _convolution(*settings) for name, settings in CONVOLUTIONS.items()},
}
