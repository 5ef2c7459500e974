"""Functions of many numbers, in the ways that programs write them: one expression for all peers, of arrays in any layout."""

import numpy as np

from benchmarks.workload import Workload, flat, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]


def _array(*shape, dtype="float32", order="C"):
    return lambda: (np.asarray(np.random.RandomState(0).randn(*shape).astype(dtype), order=order),)


def _numbers():
    return (np.random.RandomState(0).randint(-(10**6), 10**6, 1_000_000).astype("int32"),)


def _largest(m, x):
    """The largest of each column, as each library calls it."""
    return m.amax(x, 0) if m.__name__ == "torch" else m.max(x, 0)


def _columns(m, x):
    e = m.exp(x - _largest(m, x))
    return e / e.sum(0)


def _expression(data, written):
    """``written(m, x)`` is an expression with the functions of each peer's library ``m``."""

    def make(peer, x):
        if peer in ("theon", "pytensor"):
            lib, m = symbolic(peer), tensors(peer)
            shape = (None if peer == "pytensor" else False,) * x.ndim
            v = m.TensorType(str(x.dtype), shape)("x")
            f = lib.function([v], written(m, v))
            return lambda: f(x), flat
        if peer == "numpy":
            return lambda: written(np, x), flat
        if peer in ("torch", "compiled"):
            import torch

            f, t = torch_of(peer, lambda t: written(torch, t)), torch.from_numpy(x)
            return lambda: f(t), flat
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", x.dtype == np.float64)
        f, t = jax.jit(lambda t: written(jnp, t)), jnp.asarray(x)
        return lambda: jax.block_until_ready(f(t)), flat

    return Workload(make, data)


FUNCTIONS = {
    "sin + cos": lambda m, x: m.sin(x) + m.cos(x),
    "power": lambda m, x: abs(x) ** 2.7,
    "arctan": lambda m, x: m.arctan(x),
}
WORKLOADS = {
    f"{name} 1M {dtype}": _expression(_array(1_000_000, dtype=dtype), function)
    for dtype in ("float32", "float64")
    for name, function in FUNCTIONS.items()
}
WORKLOADS |= {
    "x // 3 + x % 7, 1M int32": _expression(_numbers, lambda m, x: x // 3 + x % 7),
    "softmax of columns 1000x1000": _expression(_array(1000, 1000), _columns),
    "rows of exp, Fortran 1000x1000": _expression(_array(1000, 1000, order="F"), lambda m, x: m.exp(x).sum(1)),
    "matrix times vector 316": _expression(
        _array(316, 316), lambda m, x: x @ x[0] if m.__name__ == "torch" else m.dot(x, x[0])
    ),
}
