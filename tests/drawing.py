"""Draws arrays and parameters for the tests that compare with NumPy."""

import numpy as np

FLOATS = ("float64", "float32")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
REAL = FLOATS + INTEGERS
COMPLEX = ("complex64", "complex128")
ANY = (*REAL, "bool", *COMPLEX, "float16")


class Draw:
    """Draws arrays and parameters."""

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def one(self, *choices):
        return choices[self.rng.randint(len(choices))]

    def integer(self, low, high):
        return int(self.rng.randint(low, high))

    def shape(self, low=1, high=3, empty=True):
        sizes = [0, 1, 2, 3, 5] if empty else [1, 2, 3, 5]
        return tuple(self.one(*sizes) if self.rng.rand() < 0.8 else 4 for _ in range(self.integer(low, high + 1)))

    def array(self, shape=None, dtypes=REAL, low=-9, high=9, special=False, **shapes):
        shape = self.shape(**shapes) if shape is None else tuple(shape)
        dtype = np.dtype(self.one(*dtypes))
        raw = self.rng.uniform(low, high, size=shape)
        if dtype.kind == "c":
            raw = raw + 1j * self.rng.uniform(low, high, size=shape)
        if dtype.kind == "u":
            raw = abs(raw)
        if dtype.kind == "b":
            raw = raw > 0
        out = np.asarray(raw).astype(dtype)
        if special and dtype.kind == "f" and out.size:
            flat = out.reshape(-1)
            flat[self.rng.randint(out.size, size=2)] = [self.one(np.nan, np.inf, 0.0), self.one(-np.inf, -0.0, 1.0)]
            out = flat.reshape(shape)
        return self.layout(out)

    def layout(self, x):
        kind = self.one("C", "F", "reversed", "strided")
        if kind == "F":
            return np.asfortranarray(x)
        if kind == "reversed" and x.ndim:
            return np.ascontiguousarray(x[::-1])[::-1]
        if kind == "strided" and x.ndim:
            wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
            wide[..., ::2] = x
            return wide[..., ::2]
        return x

    def axis(self, x, none=True, several=False):
        if none and self.rng.rand() < 0.2:
            return None
        if several and x.ndim > 1 and self.rng.rand() < 0.4:
            return tuple(int(a) for a in self.rng.permutation(x.ndim)[: self.integer(1, x.ndim + 1)])
        return self.integer(-x.ndim, x.ndim)
