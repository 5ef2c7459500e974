"""Loops drawn at random: native code, the reference executor and the unrolled graph agree, with gradients to second order.

A draw has sequences and states with taps, outputs that nothing reads again, steps with products, sums, choices and inner loops,
``until``, sequences taken from the end, more rows than steps, and of each output all rows, the last or none are read.
"""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.ifelse import ifelse
from theano.scan_module import until

SIZE = 3
SEQUENCE_TAPS = [[0], [0], [-1], [1], [0, -1], [-2, 0, 1], [-1, 2]]
STATE_TAPS = [[-1], [-1], [-2], [-1, -2], [-3, -1], [-2, -1], None]


def vector(ndim):
    return T.TensorType("float64", (False,) * ndim)()


class Draw:
    """A random loop: its step, what it is given, and the values of that."""

    def __init__(self, seed):
        self.rng = rng = np.random.RandomState(seed)
        n_seqs = rng.randint(0, 3)
        self.n = int(rng.choice([0, 1, 2, 3, 4, 5], p=[0.05, 0.1, 0.15, 0.3, 0.2, 0.2]))
        self.ndim = int(rng.choice([0, 1, 1, 2]))
        self.shape = (SIZE,) * self.ndim
        self.backwards = bool(rng.rand() < 0.2)
        self.values, self.seqs, self.seq_taps, sequences = [], [], [], []
        for _ in range(n_seqs):
            d = int(rng.choice([0, self.ndim]))
            x, taps = vector(d + 1), SEQUENCE_TAPS[rng.randint(7)]
            extra = max(0, *taps) - min(0, *taps) + int(rng.choice([0, 0, 1]) * (not self.backwards))
            self.seqs.append(x)
            self.seq_taps.append(taps)
            self.values.append(rng.randn(self.n + extra, *self.shape[:d]))
            sequences.append(x if taps == [0] and rng.rand() < 0.5 else dict(input=x, taps=list(taps)))
        self.starts, self.state_taps, info = [], [], []
        for _ in range(rng.randint(0 if n_seqs else 1, 4)):
            taps = STATE_TAPS[rng.randint(7)]
            self.state_taps.append(taps)
            if taps is None:
                self.starts.append(None)
                info.append(None)
                continue
            single = taps == [-1]
            x = vector(self.ndim + (not single))
            self.starts.append(x)
            self.values.append(rng.randn(*(() if single else (-min(taps),)), *self.shape))
            info.append(x if single and rng.rand() < 0.5 else dict(initial=x, taps=list(taps)))
        if not any(self.state_taps) and not n_seqs:
            return self.__init__(seed + 100_000)
        self.w, self.c = T.dmatrix(), T.dscalar()
        self.values += [rng.randn(SIZE, SIZE) * 0.5, np.asarray(rng.randn())]
        self.inputs = [*self.seqs, *(s for s in self.starts if s is not None), self.w, self.c]
        self.kinds = rng.randint(9, size=len(self.starts))
        self.extra = bool(rng.rand() < 0.5) or not self.starts
        self.picked = rng.randint(1000, size=60)
        if self.extra:
            self.state_taps.append(None)
            self.starts.append(None)
            info.append(None)
        self.stop_at = float(rng.uniform(0.3, 1.2)) if rng.rand() < 0.25 and self.n > 1 else None
        self.n_args = sum(map(len, self.seq_taps)) + sum(len(t) for t in self.state_taps if t)
        self.call = dict(sequences=sequences, outputs_info=info, n_steps=self.n, go_backwards=self.backwards)

    def outputs(self, *args):
        """One step's outputs, from the values of its taps."""
        args = args[: self.n_args]
        found = []
        for i, kind in enumerate(self.kinds):
            a, b, d = (args[self.picked[3 * i + j] % len(args)] for j in range(3))
            if kind == 0:
                v = T.tanh(a * b + self.c * d)
            elif kind == 1:
                v = T.tanh(a) + 0.5 * b + T.zeros(self.shape)
                v = T.dot(v, self.w) if self.ndim else v
            elif kind == 2:
                v = T.sin(a) * d + self.c
            elif kind == 3:
                v = (a + b).sum() * 0.1 + T.cos(d)
            elif kind == 4:
                v = a * 0.7
            elif kind == 5:
                v = T.switch(a > b, a * d, b - self.c)
            elif kind == 6:
                a, b = a + T.zeros(self.shape), b * d + T.zeros(self.shape)
                v = ifelse(a.sum() > self.c, T.exp(-T.sqr(a)), b * 0.5)
            elif kind == 7:
                inner, _ = theano.scan(
                    lambda r, s, b: T.tanh(r + s * 0.5 + b), self.w[:, 0], T.zeros_like(b), b, n_steps=2
                )
                v = inner[-1] * a
            else:
                v = 0.3 * a + T.sqr(T.tanh(b)) * self.c
            found.append(v + T.zeros(self.shape))
        if self.extra:
            a, b, d = (args[self.picked[50 + j] % len(args)] for j in range(3))
            found.append((a * b + d).sum())
        return found

    def step(self, *args):
        found = self.outputs(*args)
        return found if self.stop_at is None else (found, until(abs(found[0].sum()) > self.stop_at))

    def unrolled(self, n):
        """The rows of each output after ``n`` steps, without a loop."""
        lows = [min(0, *taps) for taps in self.seq_taps]
        lags = [-min(taps) if taps else 0 for taps in self.state_taps]
        rows = [
            [] if not taps else [x] if taps == [-1] else [x[i] for i in range(lag)]
            for x, taps, lag in zip(self.starts, self.state_taps, lags)
        ]
        for t in range(n):
            at = []
            for x, taps, low, high in zip(self.seqs, self.seq_taps, lows, (max(0, *t_) for t_ in self.seq_taps)):
                last = x.shape[0] - 1 - high
                at += [x[last - t + tap] if self.backwards else x[t - low + tap] for tap in taps]
            at += [rows[i][lags[i] + t + tap] for i, taps in enumerate(self.state_taps) if taps for tap in taps]
            for own, v in zip(rows, self.outputs(*at)):
                own.append(v)
        return [T.stack(own[lag:]) if n else None for own, lag in zip(rows, lags)]


@pytest.mark.parametrize("seed", range(14))
def test_random_loop(seed):
    d = Draw(seed)
    rows, _ = theano.scan(d.step, return_list=True, **d.call)
    n = d.n
    if d.stop_at is not None:
        n = int(theano.function(d.inputs, rows[0].shape[0], mode="FAST_COMPILE", on_unused_input="ignore")(*d.values))
    read = [d.rng.randint(3) for _ in rows]  # all rows, the last, none
    read[0] = 0 if all(r == 2 for r in read) else read[0]
    read = [0 if n == 0 and r == 1 else r for r in read]
    graphs = []
    for outputs in (rows, d.unrolled(n) if n else None):
        if outputs is None:
            continue
        used = [o if r == 0 else o[-1] for o, r in zip(outputs, read) if r != 2]
        first = T.grad(
            sum((T.sin(o) * (i + 1)).sum() for i, o in enumerate(used)), d.inputs, disconnected_inputs="ignore"
        )
        second = []
        if seed % 3 == 0:
            second = T.grad(sum((g**2).sum() for g in first), d.inputs, disconnected_inputs="ignore")
        graphs.append([*used, *first, *second])
    answers = [
        theano.function(d.inputs, graphs[0], on_unused_input="ignore")(*d.values),
        theano.function(d.inputs, graphs[0], mode="FAST_COMPILE", on_unused_input="ignore")(*d.values),
        theano.function(d.inputs, graphs[-1], mode="FAST_COMPILE", on_unused_input="ignore")(*d.values),
    ]
    for name, answer in zip(("native", "reference"), answers):
        for place, (got, want) in enumerate(zip(answer, answers[-1])):
            np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10, err_msg=f"{name}, output {place}")
