"""Two layers of rectifiers with dropout, trained with Adam: the masks are drawn inside the compiled step.

Run ``python examples/dropout_mlp.py``; it leaves ``demo-output/dropout_mlp.png``.
"""

import sys

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from logistic_regression import LogisticRegression
from pictures import curves, save_figure, start_figure
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theon import optim
from training import early_stopping


class Layer:
    """``relu(dot(x, W) + b)``; in training, ``x`` with a part of its elements put out and the others made larger."""

    def __init__(self, rng, n_in, n_out):
        W = rng.normal(0, np.sqrt(2.0 / n_in), size=(n_in, n_out)).astype(theano.config.floatX)
        self.W = theano.shared(W, name="W")
        self.b = theano.shared(np.zeros(n_out, dtype=theano.config.floatX), name="b")
        self.params = [self.W, self.b]

    def output(self, x):
        return T.nnet.relu(T.dot(x, self.W) + self.b)


def dropped(streams, x, p):
    """``x`` with each element put out with probability ``p``, and its mean kept."""
    if not p:
        return x
    return x * streams.binomial(x.shape, n=1, p=1 - p, dtype=theano.config.floatX) / np.float32(1 - p)


def train(n_hidden=500, p_input=0.2, p_hidden=0.5, epochs=12, batch_size=100, progress=print):
    """Train; return the training history. Both probabilities 0: the same network without dropout."""
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_digits()
    index = T.lscalar("index")
    x = T.matrix("x")
    y = T.ivector("y")
    rng, streams = np.random.RandomState(1), MRG_RandomStreams(5)

    layers = [Layer(rng, 28 * 28, n_hidden), Layer(rng, n_hidden, n_hidden)]
    noisy, plain = dropped(streams, x, p_input), x
    for layer in layers:
        noisy, plain = dropped(streams, layer.output(noisy), p_hidden), layer.output(plain)
    top = LogisticRegression(noisy, n_hidden, 10)
    tested = LogisticRegression(plain, n_hidden, 10, top.W, top.b)

    params = [p for layer in layers for p in layer.params] + top.params
    n_batches = len(train_x.get_value(borrow=True)) // batch_size
    rate = optim.cosine_decay(0.001, epochs * n_batches)
    updates = optim.adam(top.negative_log_likelihood(y), params, learning_rate=rate)

    batch = slice(index * batch_size, (index + 1) * batch_size)
    cost = top.negative_log_likelihood(y)
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[batch], y: train_y[batch]})
    validate_model = theano.function([], tested.error(y), givens={x: valid_x, y: valid_y})
    test_model = theano.function([], tested.error(y), givens={x: test_x, y: test_y})
    return early_stopping(train_model, validate_model, test_model, params, n_batches, epochs, progress)


def main():
    theano.config.floatX = "float32"
    print("With dropout")
    dropout = train()
    print("Without")
    plain = train(p_input=0, p_hidden=0)
    figure = start_figure("A multilayer perceptron with and without dropout", 11, 4.5)
    left, right = figure.subplots(1, 2)
    both = [("dropout", dropout, "C0"), ("none", plain, "C1")]
    curves(left, "training cost", [(n, h["cost"], c + "-") for n, h, c in both], "nats", yscale="log")
    lines = [
        (f"{n}, {which}", 100 * np.array(h[which]), c + s)
        for n, h, c in both
        for which, s in (("validation", "-"), ("test", "--"))
    ]
    curves(right, "error rate", lines, "%", ylim=(0, 8))
    print(f"test error: {dropout['best_test']:.2%} with dropout, {plain['best_test']:.2%} without")
    print(f"picture: {save_figure(figure, 'dropout_mlp')}")


if __name__ == "__main__":
    sys.exit(main())
