"""A multilayer perceptron (784-500-10, tanh) on handwritten digits, in plain Theano style.

Run ``python examples/mlp.py``.
"""

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from logistic_regression import LogisticRegression
from training import early_stopping


class HiddenLayer:
    """A fully connected layer: ``activation(dot(x, W) + b)``."""

    def __init__(self, rng, x, n_in, n_out, activation=T.tanh):
        bound = np.sqrt(6.0 / (n_in + n_out))
        W = np.asarray(rng.uniform(-bound, bound, size=(n_in, n_out)), dtype=theano.config.floatX)
        self.W = theano.shared(W, name="W_hidden", borrow=True)
        self.b = theano.shared(np.zeros(n_out, dtype=theano.config.floatX), name="b_hidden", borrow=True)
        self.output = activation(T.dot(x, self.W) + self.b)
        self.params = [self.W, self.b]


class MLP:
    """One hidden layer and a softmax layer on top."""

    def __init__(self, rng, x, n_in, n_hidden, n_out):
        self.hidden = HiddenLayer(rng, x, n_in, n_hidden)
        self.top = LogisticRegression(self.hidden.output, n_hidden, n_out)
        self.params = self.hidden.params + self.top.params
        self.L2 = (self.hidden.W**2).sum() + (self.top.W**2).sum()
        self.negative_log_likelihood = self.top.negative_log_likelihood
        self.error = self.top.error
        self.y_pred = self.top.y_pred


def train(learning_rate=0.1, L2=0.0001, epochs=20, batch_size=20, n_hidden=500, progress=print):
    """Train with mini-batch gradient descent and early stopping; return the classifier, its history and predictions."""
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_digits()
    index = T.lscalar("index")
    x = T.matrix("x")
    y = T.ivector("y")

    classifier = MLP(np.random.RandomState(1234), x, n_in=28 * 28, n_hidden=n_hidden, n_out=10)
    cost = classifier.negative_log_likelihood(y) + L2 * classifier.L2
    gradients = T.grad(cost, classifier.params)
    updates = [(p, p - learning_rate * g) for p, g in zip(classifier.params, gradients)]

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
    predict = theano.function([], [classifier.y_pred, T.cast(y, "int32")], givens={x: test_x, y: test_y})
    return classifier, history, (test_x.get_value(borrow=True), *predict())


if __name__ == "__main__":
    train()
