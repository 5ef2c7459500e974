"""A network of gated recurrent units that reads handwritten digits row by row, as sequences of 28 steps.

Run ``python examples/gru_digits.py``; it leaves ``demo-output/gru_digits.png``: what the network believes after each row.
"""

import sys

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from pictures import save_figure, start_figure
from training import early_stopping


class GRU:
    """Gated recurrent units over rows of pictures, and a softmax over classes on what they hold after each row."""

    def __init__(self, rng, n_in, n_units, n_out):
        def share(shape, scale, name):
            return theano.shared(np.asarray(rng.normal(0, scale, shape), dtype=theano.config.floatX), name=name)

        self.n_units = n_units
        self.W = share((n_in, 3 * n_units), n_in**-0.5, "W")
        self.U = share((n_units, 2 * n_units), n_units**-0.5, "U")
        self.V = share((n_units, n_units), n_units**-0.5, "V")
        self.b = share((3 * n_units,), 0, "b")
        self.out = share((n_units, n_out), n_units**-0.5, "out")
        self.c = share((n_out,), 0, "c")
        self.params = [self.W, self.U, self.V, self.b, self.out, self.c]

    def step(self, x, h):
        """Units keep (gate u) what they hold or take something new, made of the row and of what they let through (gate r)."""
        n = self.n_units
        z = T.dot(x, self.W) + self.b
        gates = T.nnet.sigmoid(z[:, : 2 * n] + T.dot(h, self.U))
        u, r = gates[:, :n], gates[:, n:]
        return u * h + (1 - u) * T.tanh(z[:, 2 * n :] + T.dot(r * h, self.V))

    def held(self, pictures):
        """What the units hold after each row of flat pictures: (rows, pictures, units)."""
        rows = pictures.reshape((-1, 28, 28)).dimshuffle(1, 0, 2)
        start = T.zeros((pictures.shape[0], self.n_units))
        return theano.scan(self.step, sequences=rows, outputs_info=start)[0]

    def classes(self, h):
        return T.nnet.softmax(T.dot(h, self.out) + self.c)


def train(n_units=100, epochs=8, batch_size=50, rate=0.1, momentum=0.9, progress=print):
    """Train; return the network, the history of :func:`training.early_stopping`, and what it believes of 8 test digits."""
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_digits()
    n_batches = train_x.get_value(borrow=True).shape[0] // batch_size
    index = T.lscalar("index")
    x, y = T.matrix("x"), T.ivector("y")
    network = GRU(np.random.RandomState(1), 28, n_units, 10)
    expected = network.classes(network.held(x)[-1])
    cost = T.nnet.categorical_crossentropy(expected, y).mean()
    updates = []
    for p, g in zip(network.params, T.grad(cost, network.params)):
        velocity = theano.shared(np.zeros_like(p.get_value()))
        new = momentum * velocity - rate * T.clip(g, -1, 1)
        updates += [(velocity, new), (p, p + new)]
    order = theano.shared(np.random.RandomState(2).permutation(n_batches * batch_size))
    picked = order[index * batch_size : (index + 1) * batch_size]
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[picked], y: train_y[picked]})
    errors = T.neq(T.argmax(expected, axis=1), y).mean()
    validate_model = theano.function([], errors, givens={x: valid_x, y: valid_y})
    test_model = theano.function([], errors, givens={x: test_x, y: test_y})
    history = early_stopping(
        train_model, validate_model, test_model, network.params, n_batches, epochs, progress=progress
    )

    shown = test_x.get_value(borrow=True)[:8]
    hs = network.held(x)
    after = network.classes(hs.reshape((-1, n_units))).reshape((hs.shape[0], hs.shape[1], 10))
    return network, history, (shown, theano.function([x], after)(shown))


def main():
    theano.config.floatX = "float32"
    _, history, (digits, after) = train()
    figure = start_figure("What a recurrent network believes a digit is, after each of its rows", 13, 4)
    axes = figure.subplots(2, len(digits), height_ratios=[1, 1.3])
    for place, (digit, beliefs) in enumerate(zip(digits, after.transpose(1, 0, 2))):
        axes[0, place].imshow(digit.reshape(28, 28), cmap="gray_r")
        axes[0, place].axis("off")
        axes[1, place].imshow(beliefs.T, cmap="viridis", vmin=0, vmax=1, aspect="auto", origin="lower")
        axes[1, place].set(xlabel="row", yticks=range(10))
        axes[1, place].tick_params(labelsize=7)
    axes[1, 0].set_ylabel("class")
    print(f"picture: {save_figure(figure, 'gru_digits')}")
    return 0 if history["best_test"] < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
