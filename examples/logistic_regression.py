"""Logistic regression on handwritten digits, in plain Theano style.

Run ``python examples/logistic_regression.py``.
"""

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from training import early_stopping


class LogisticRegression:
    """A softmax layer: probabilities, predictions, the negative log-likelihood and the error rate."""

    def __init__(self, x, n_in, n_out, W=None, b=None):
        zeros = np.zeros((n_in, n_out), dtype=theano.config.floatX)
        self.W = theano.shared(zeros, name="W", borrow=True) if W is None else W
        self.b = theano.shared(zeros[0].copy(), name="b", borrow=True) if b is None else b
        self.p_y_given_x = T.nnet.softmax(T.dot(x, self.W) + self.b)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)
        self.params = [self.W, self.b]

    def negative_log_likelihood(self, y):
        return -T.mean(T.log(self.p_y_given_x)[T.arange(y.shape[0]), y])

    def error(self, y):
        return T.mean(T.neq(self.y_pred, y))


def train(learning_rate=0.13, epochs=60, batch_size=50, progress=print):
    """Train with mini-batch gradient descent and early stopping; return the classifier and its history."""
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_digits()
    index = T.lscalar("index")
    x = T.matrix("x")
    y = T.ivector("y")

    classifier = LogisticRegression(x, n_in=28 * 28, n_out=10)
    cost = classifier.negative_log_likelihood(y)
    g_W, g_b = T.grad(cost, [classifier.W, classifier.b])
    updates = [
        (classifier.W, classifier.W - learning_rate * g_W),
        (classifier.b, classifier.b - learning_rate * g_b),
    ]

    batch = slice(index * batch_size, (index + 1) * batch_size)
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[batch], y: train_y[batch]})
    validate_model = theano.function([], classifier.error(y), givens={x: valid_x, y: valid_y})
    test_model = theano.function([], classifier.error(y), givens={x: test_x, y: test_y})

    history = early_stopping(
        train_model,
        validate_model,
        test_model,
        classifier.params,
        n_batches=train_x.get_value(borrow=True).shape[0] // batch_size,
        epochs=epochs,
        progress=progress,
    )
    return classifier, history


if __name__ == "__main__":
    train()
