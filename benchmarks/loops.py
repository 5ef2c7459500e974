"""Recurrences over many steps."""

import numpy as np

from benchmarks.workload import Workload, flat, sigmoid, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]


def recurrence_data():
    rng = np.random.RandomState(0)
    return rng.randn(10_000, 8), rng.randn(8, 8) * 0.3, np.zeros(8)


def _recurrence(gradient):
    """h = tanh(x[t] + h W) of size 8 over 10,000 steps in float64; with the gradient of its sum."""

    def make(peer, x, w, h0):
        if peer in ("theon", "pytensor"):
            lib, T = symbolic(peer), tensors(peer)
            tx, tw, th = T.dmatrix("x"), T.dmatrix("w"), T.dvector("h0")
            hs, _ = lib.scan(lambda xt, h, w: T.tanh(xt + T.dot(h, w)), tx, th, tw)
            wanted = T.grad(hs.sum(), [tw, th]) if gradient else [hs]
            f = lib.function([tx, tw, th], wanted)
            return lambda: f(x, w, h0), lambda r: flat(*r)
        if peer == "numpy":

            def call():
                h, rows = h0, [h0]
                for row in x:
                    h = np.tanh(row + h @ w)
                    rows.append(h)
                if not gradient:
                    return [np.array(rows[1:])]
                g, gw = np.zeros(8), np.zeros((8, 8))
                for t in range(len(x), 0, -1):
                    d = (g + 1) * (1 - rows[t] ** 2)
                    gw += np.outer(rows[t - 1], d)
                    g = d @ w.T
                return gw, g

            return call, lambda r: flat(*r)
        if peer == "jax":
            import jax

            jax.config.update("jax_enable_x64", True)
            import jax.numpy as jnp

            def rows(w, h0, x):
                def step(h, xt):
                    h = jnp.tanh(xt + h @ w)
                    return h, h

                return jax.lax.scan(step, h0, x)[1]

            f = jax.jit(jax.grad(lambda *a: rows(*a).sum(), argnums=(0, 1)) if gradient else lambda *a: [rows(*a)])
            jx, jw, jh = map(jnp.asarray, (x, w, h0))
            return lambda: jax.block_until_ready(f(jw, jh, jx)), lambda r: flat(*r)
        if peer == "torch":
            import torch

            tx, tw, th = map(torch.from_numpy, (x, w, h0))

            def rows_of(w, h):
                found = []
                for row in tx:
                    h = torch.tanh(row + h @ w)
                    found.append(h)
                return torch.stack(found)

            def step():
                if not gradient:
                    with torch.no_grad():
                        return [rows_of(tw, th)]
                leaves = [tw.clone().requires_grad_(), th.clone().requires_grad_()]
                rows_of(*leaves).sum().backward()
                return [v.grad for v in leaves]

            return step, lambda r: flat(*r)
        return None  # torch.compile unrolls the loop, and does not end

    return Workload(make, recurrence_data)


UNITS, SEQUENCES, STEPS = 128, 32, 100


def lstm_data():
    rng = np.random.RandomState(0)
    n = UNITS
    x = rng.randn(STEPS, SEQUENCES, n).astype("float32")
    return (x, *((rng.randn(*s) * 0.1).astype("float32") for s in ((n, 4 * n), (n, 4 * n), (4 * n,))))


def _cell(sigmoid, tanh, dot):
    def step(xt, h, c, W, U, b):
        z = dot(xt, W) + dot(h, U) + b
        i, f, g, o = (z[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

    return step


def lstm(peer, x, *params):
    """An LSTM of 128 units over 100 steps of 32 sequences in float32, forward and back: the gradients of its parameters."""
    n = UNITS
    if peer in ("theon", "pytensor"):
        lib, T = symbolic(peer), tensors(peer)
        tx, shared = T.ftensor3("x"), [lib.shared(p) for p in params]
        start = T.zeros((tx.shape[1], n), "float32")
        step = _cell(lambda v: sigmoid(peer, v), T.tanh, T.dot)
        (hs, _), _ = lib.scan(step, tx, [start, start], shared)
        f = lib.function([tx], T.grad((hs**2).sum(), shared))
        return lambda: f(x), lambda r: flat(*r)
    if peer == "jax":
        import jax
        import jax.numpy as jnp

        step = _cell(jax.nn.sigmoid, jnp.tanh, jnp.matmul)

        def cost(p, x):
            def one(carry, xt):
                h, c = step(xt, *carry, *p)
                return (h, c), h

            zero = jnp.zeros((SEQUENCES, n), "float32")
            return (jax.lax.scan(one, (zero, zero), x)[1] ** 2).sum()

        f, jp, jx = jax.jit(jax.grad(cost)), [jnp.asarray(p) for p in params], jnp.asarray(x)
        return lambda: jax.block_until_ready(f(jp, jx)), lambda r: flat(*r)
    if peer in ("torch", "compiled"):
        import torch

        net, tx = torch.nn.LSTM(n, n), torch.from_numpy(x)
        with torch.no_grad():
            net.weight_ih_l0.copy_(torch.from_numpy(params[0].T))
            net.weight_hh_l0.copy_(torch.from_numpy(params[1].T))
            net.bias_ih_l0.copy_(torch.from_numpy(params[2]))
            net.bias_hh_l0.zero_()
        cost_of = torch_of(peer, lambda x: (net(x)[0] ** 2).sum())

        def call():
            net.zero_grad()
            cost_of(tx).backward()
            return net

        return call, lambda r: flat(r.weight_ih_l0.grad.T, r.weight_hh_l0.grad.T, r.bias_ih_l0.grad)
    W, U, b = params

    def call():
        s = lambda v: 1 / (1 + np.exp(-v))
        h = c = np.zeros((SEQUENCES, n), x.dtype)
        kept = []
        for xt in x:
            z = xt @ W + h @ U + b
            i, f, o = (s(z[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
            g = np.tanh(z[:, 2 * n : 3 * n])
            new = f * c + i * g
            kept.append((xt, h, c, i, f, g, o, np.tanh(new)))
            h, c = o * np.tanh(new), new
        gh = gc = np.zeros_like(h)
        gW, gU, gb = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        for xt, before, c, i, f, g, o, t in reversed(kept):
            gh = gh + 2 * o * t
            gc = gc + gh * o * (1 - t * t)
            parts = [gc * g * i * (1 - i), gc * c * f * (1 - f), gc * i * (1 - g * g), gh * t * o * (1 - o)]
            d = np.concatenate(parts, axis=1)
            gW, gU, gb = gW + xt.T @ d, gU + before.T @ d, gb + d.sum(0)
            gh, gc = d @ U.T, gc * f
        return gW, gU, gb

    return call, lambda r: flat(*r)


WORKLOADS = {
    "recurrence of size 8, 10,000 steps": _recurrence(False),
    "recurrence of size 8, gradient": _recurrence(True),
    "LSTM, forward and gradient": Workload(lstm, lstm_data),
}
