"""A denoising autoencoder: digits with a part of their pixels put out, and a network that puts them in again.

Run ``python examples/denoising_autoencoder.py``; it leaves ``demo-output/denoising_autoencoder.png``.
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


class DenoisingAutoencoder:
    """``x`` -> hidden features -> ``x`` again, with one matrix for both ways."""

    def __init__(self, rng, streams, n_visible, n_hidden):
        bound = 4 * np.sqrt(6.0 / (n_visible + n_hidden))
        W = np.asarray(rng.uniform(-bound, bound, size=(n_visible, n_hidden)), dtype=theano.config.floatX)
        self.W = theano.shared(W, name="W")
        self.b_hidden = theano.shared(np.zeros(n_hidden, dtype=theano.config.floatX), name="b_hidden")
        self.b_visible = theano.shared(np.zeros(n_visible, dtype=theano.config.floatX), name="b_visible")
        self.params = [self.W, self.b_hidden, self.b_visible]
        self.streams = streams

    def corrupted(self, x, level):
        """``x`` with each pixel put out with probability ``level``."""
        return x * self.streams.binomial(x.shape, n=1, p=1 - level, dtype=theano.config.floatX)

    def hidden(self, x):
        return T.nnet.sigmoid(T.dot(x, self.W) + self.b_hidden)

    def activation(self, x):
        """What the sigmoid of the reconstruction is taken of."""
        return T.dot(self.hidden(x), self.W.T) + self.b_visible

    def cost(self, x, level):
        """The cross-entropy between ``x`` and its reconstruction from a corrupted ``x``, a sum over pixels."""
        z = self.activation(self.corrupted(x, level))
        return T.mean(T.sum(T.nnet.sigmoid_binary_crossentropy(z, x), axis=1))


def train(n_hidden=400, level=0.3, learning_rate=0.1, epochs=10, batch_size=20, n_train=20000, progress=print):
    """Train by gradient descent; return the network, the cost of each epoch, and digits: clean, corrupted, repaired."""
    (train_x, _), _, (test_x, _) = load_digits()
    index = T.lscalar("index")
    x = T.matrix("x")
    network = DenoisingAutoencoder(np.random.RandomState(123), MRG_RandomStreams(7), 28 * 28, n_hidden)

    cost = network.cost(x, level)
    updates = [(p, p - learning_rate * g) for p, g in zip(network.params, T.grad(cost, network.params))]
    batch = slice(index * batch_size, (index + 1) * batch_size)
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[batch]})

    costs = []
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        costs.append(float(np.mean([train_model(i) for i in range(n_train // batch_size)])))
        progress(
            f"{bar(epoch, epochs)} epoch {epoch:2d}/{epochs}  {time.perf_counter() - start:5.2f} s  cost {costs[-1]:.2f}"
        )

    damaged = network.corrupted(x, level)
    repair = theano.function([x], [damaged, T.nnet.sigmoid(network.activation(damaged))])
    clean = test_x.get_value(borrow=True)[:16]
    return network, costs, (clean, *repair(clean))


def main():
    theano.config.floatX = "float32"
    network, costs, (clean, corrupted, repaired) = train()
    figure = start_figure("A denoising autoencoder on handwritten digits", 12, 7)
    left, right = figure.subfigures(1, 2, width_ratios=[1.4, 1])
    W = network.W.get_value(borrow=True)
    strongest = np.argsort(-(W**2).sum(axis=0))[:80]
    tiles(left, "filters: what a hidden unit looks for", W[:, strongest].T, 10, signed=True)
    top, bottom = right.subfigures(2, 1, height_ratios=[1, 2])
    curves(top.subplots(), "training cost", [("cost", costs, "-")], "nats per digit")
    rows = [pictures[start : start + 8] for start in (0, 8) for pictures in (clean, corrupted, repaired)]
    tiles(bottom, "test digits: clean, corrupted, repaired", np.concatenate(rows), 8)
    print(f"picture: {save_figure(figure, 'denoising_autoencoder')}")


if __name__ == "__main__":
    sys.exit(main())
