"""Sorting, the order of rows, the largest few of long rows, distinct numbers."""

import numpy as np

from benchmarks.workload import Workload, flat, symbolic, tensors, torch_of

__all__ = ["WORKLOADS"]


def _peers(dtype, ndim, ours, numpy, torch_, jax_, pytensor=None):
    """A workload of one array; each peer's function takes it, in its own language."""

    def make(peer, x):
        if peer in ("theon", "pytensor"):
            written = ours if peer == "theon" else pytensor
            if written is None:
                return None
            lib, T = symbolic(peer), tensors(peer)
            v = T.TensorType(dtype, ((None if peer == "pytensor" else False),) * ndim)("x")
            f = lib.function([v], written(T, v))
            return lambda: f(x), flat
        if peer == "numpy":
            return lambda: numpy(x), flat
        if peer in ("torch", "compiled"):
            import torch

            f, t = torch_of(peer, lambda t: torch_(torch, t)), torch.from_numpy(x)
            return lambda: f(t), flat
        if jax_ is None:
            return None
        import jax

        jax.config.update("jax_enable_x64", dtype in ("float64", "int64"))
        import jax.numpy as jnp

        f, t = jax.jit(lambda t: jax_(jax, t)), jnp.asarray(x)
        return lambda: jax.block_until_ready(f(t)), flat

    return make


def _normal(dtype, *shape):
    return lambda: (np.random.RandomState(0).randn(*shape).astype(dtype),)


def _sorted(dtype, *shape):
    make = _peers(
        dtype, len(shape), lambda T, x: T.sort(x), np.sort, lambda torch, x: torch.sort(x).values,
        lambda jax, x: jax.numpy.sort(x), lambda T, x: T.sort(x),
    )  # fmt: skip
    return Workload(make, _normal(dtype, *shape))


def _order(dtype, *shape):
    make = _peers(
        dtype, len(shape), lambda T, x: T.argsort(x), np.argsort, lambda torch, x: torch.argsort(x),
        lambda jax, x: jax.numpy.argsort(x), lambda T, x: T.argsort(x),
    )  # fmt: skip
    return Workload(make, _normal(dtype, *shape))


def _largest(x):
    found = np.partition(x, -10, axis=1)[:, -10:]
    return np.flip(np.sort(found, axis=1), axis=1)


WORKLOADS = {
    "sort 1,000,000, float64": _sorted("float64", 1_000_000),
    "sort 1,000 rows of 1,000, float32": _sorted("float32", 1000, 1000),
    "sort 10,000 rows of 64, float64": _sorted("float64", 10_000, 64),
    "sort a row of 100, float64": _sorted("float64", 100),
    "argsort 1,000 rows of 1,000, float64": _order("float64", 1000, 1000),
    "argsort 1,000,000, float64": _order("float64", 1_000_000),
    "largest 10 of 64 rows of 50,000, float32": Workload(
        _peers("float32", 2, lambda T, x: T.topk(x, 10), _largest, lambda torch, x: torch.topk(x, 10).values,
               lambda jax, x: jax.lax.top_k(x, 10)[0]),
        _normal("float32", 64, 50_000),
    ),
    "distinct of 100,000 integers": Workload(
        _peers("int64", 1, lambda T, x: T.extra_ops.Unique()(x), np.unique, lambda torch, x: torch.unique(x), None),
        lambda: (np.random.RandomState(0).randint(0, 5000, 100_000),),
    ),
}  # fmt: skip
