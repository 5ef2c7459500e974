"""A restricted Boltzmann machine, trained by persistent contrastive divergence: chains of samples live on between batches.

Run ``python examples/rbm.py``; it leaves ``demo-output/rbm.png``.
"""

import sys
import time

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from pictures import curves, save_figure, start_figure, tiles
from theano.sandbox.rng_mrg import MRG_RandomStreams
from training import bar


class RBM:
    """Binary visible and hidden units with energy ``-v.W.h - v.b_visible - h.b_hidden``."""

    def __init__(self, rng, streams, n_visible, n_hidden):
        W = np.asarray(rng.normal(0, 0.01, size=(n_visible, n_hidden)), dtype=theano.config.floatX)
        self.W = theano.shared(W, name="W")
        self.b_hidden = theano.shared(np.zeros(n_hidden, dtype=theano.config.floatX), name="b_hidden")
        self.b_visible = theano.shared(np.zeros(n_visible, dtype=theano.config.floatX), name="b_visible")
        self.params = [self.W, self.b_hidden, self.b_visible]
        self.streams, self.n_visible = streams, n_visible

    def free_energy(self, v):
        """``-log(sum over h of exp(-energy(v, h)))`` for each row of ``v``."""
        return -T.dot(v, self.b_visible) - T.sum(T.nnet.softplus(T.dot(v, self.W) + self.b_hidden), axis=1)

    def sample(self, probability):
        return self.streams.binomial(probability.shape, n=1, p=probability, dtype=theano.config.floatX)

    def gibbs_step(self, v):
        """Hidden units drawn from ``v``, and visible ones from those: their probabilities, and a draw."""
        h = self.sample(T.nnet.sigmoid(T.dot(v, self.W) + self.b_hidden))
        mean = T.nnet.sigmoid(T.dot(h, self.W.T) + self.b_visible)
        return mean, self.sample(mean)

    def chain(self, v, steps):
        """``steps`` Gibbs steps from ``v``: the last probabilities and draw, and the updates of the random streams."""
        (means, draws), updates = theano.scan(self.gibbs_step, outputs_info=[None, v], n_steps=steps)
        return means[-1], draws[-1], updates

    def pseudo_likelihood(self, x, bit):
        """An estimate of log-likelihood: how much likelier each digit is than with pixel ``bit`` flipped, times pixels."""
        rounded = T.round(x)
        flipped = T.set_subtensor(rounded[:, bit], 1 - rounded[:, bit])
        gap = self.free_energy(flipped) - self.free_energy(rounded)
        return T.mean(-self.n_visible * T.nnet.softplus(-gap))


def train(
    n_hidden=300,
    chains=100,
    steps=5,
    learning_rate=0.05,
    epochs=15,
    batch_size=20,
    n_train=4000,
    n_samples=24,
    progress=print,
):
    """Train; return the machine, the pseudo-likelihood of each epoch, and rows of pictures sampled from the machine."""
    (train_x, _), _, (test_x, _) = load_digits(shifts=False)
    index, bit = T.lscalar("index"), T.lscalar("bit")
    rate = T.scalar("rate")
    x = T.matrix("x")
    machine = RBM(np.random.RandomState(123), MRG_RandomStreams(11), 28 * 28, n_hidden)

    # The chains' state is a shared variable: each step of training moves it on.
    state = theano.shared(np.zeros((chains, 28 * 28), dtype=theano.config.floatX), name="chains")
    _, draws, updates = machine.chain(state, steps)
    cost = T.mean(machine.free_energy(x)) - T.mean(machine.free_energy(draws))
    gradients = T.grad(cost, machine.params, consider_constant=[draws])
    updates[state] = draws
    for p, g in zip(machine.params, gradients):
        updates[p] = p - rate * g
    batch = slice(index * batch_size, (index + 1) * batch_size)
    seen = machine.pseudo_likelihood(x, bit)
    train_model = theano.function([index, bit, rate], seen, updates=updates, givens={x: train_x[batch]})

    history = []
    rng = np.random.RandomState(0)
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        now = learning_rate * (1 - 0.8 * (epoch - 1) / epochs)
        values = [train_model(i, rng.randint(784), now) for i in range(n_train // batch_size)]
        history.append(float(np.mean(values)))
        progress(
            f"{bar(epoch, epochs)} epoch {epoch:2d}/{epochs}  {time.perf_counter() - start:5.2f} s  "
            f"pseudo-likelihood {history[-1]:.1f}"
        )

    # Samples: chains that start at test digits, each row many Gibbs steps after the one above.
    state.set_value(test_x.get_value(borrow=True)[:n_samples])
    means, draws, updates = machine.chain(state, 50)
    updates[state] = draws
    more = theano.function([], means, updates=updates)
    return machine, history, [test_x.get_value(borrow=True)[:n_samples], *(more() for _ in range(5))]


def main():
    theano.config.floatX = "float32"
    machine, history, rows = train()
    figure = start_figure("A restricted Boltzmann machine on handwritten digits", 13, 8)
    top, bottom = figure.subfigures(2, 1)
    left, right = top.subfigures(1, 2, width_ratios=[1, 1.6])
    curves(left.subplots(), "pseudo-likelihood", [("", history, "-")], "nats per digit")
    W = machine.W.get_value(borrow=True)
    tiles(right, "filters", W[:, np.argsort(-(W**2).sum(axis=0))[:60]].T, 15, signed=True)
    tiles(
        bottom,
        "samples: test digits, and 50 Gibbs steps from each row to the next",
        np.concatenate(rows),
        len(rows[0]),
    )
    print(f"picture: {save_figure(figure, 'rbm')}")


if __name__ == "__main__":
    sys.exit(main())
