"""LeNet (two convolutions of 5 x 5 with pooling, 500 tanh units, softmax) on handwritten digits, in plain Theano style.

Run ``python examples/lenet.py``.
"""

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from logistic_regression import LogisticRegression
from mlp import HiddenLayer
from theano.tensor.nnet import conv2d
from theano.tensor.signal import pool
from training import early_stopping


class LeNetConvPoolLayer:
    """A convolution, the largest of each 2 x 2 square, a bias and tanh."""

    def __init__(self, rng, x, filter_shape, poolsize=(2, 2)):
        fan_in = np.prod(filter_shape[1:])
        fan_out = filter_shape[0] * np.prod(filter_shape[2:]) // np.prod(poolsize)
        bound = np.sqrt(6.0 / (fan_in + fan_out))
        W = np.asarray(rng.uniform(-bound, bound, size=filter_shape), dtype=theano.config.floatX)
        self.W = theano.shared(W, name="W_conv", borrow=True)
        self.b = theano.shared(np.zeros(filter_shape[0], dtype=theano.config.floatX), name="b_conv", borrow=True)
        pooled = pool.pool_2d(conv2d(x, self.W), poolsize, ignore_border=True)
        self.output = T.tanh(pooled + self.b.dimshuffle("x", 0, "x", "x"))
        self.params = [self.W, self.b]


class LeNet:
    """Two convolutions with pooling, a hidden layer and softmax, for images of 28 x 28 as rows of ``x``."""

    def __init__(self, rng, x, n_filters=(20, 50), n_hidden=500):
        self.layer0 = LeNetConvPoolLayer(rng, x.reshape((-1, 1, 28, 28)), (n_filters[0], 1, 5, 5))
        self.layer1 = LeNetConvPoolLayer(rng, self.layer0.output, (n_filters[1], n_filters[0], 5, 5))
        self.layer2 = HiddenLayer(rng, self.layer1.output.flatten(2), n_filters[1] * 4 * 4, n_hidden)
        self.layer3 = LogisticRegression(self.layer2.output, n_hidden, 10)
        self.params = [p for layer in (self.layer3, self.layer2, self.layer1, self.layer0) for p in layer.params]
        self.y_pred = self.layer3.y_pred


def train(learning_rate=0.02, momentum=0.9, epochs=6, batch_size=50, n_filters=(20, 50), progress=print):
    """Train with momentum and early stopping; return the network, its history, and test images, predictions, labels."""
    (train_x, train_y), (valid_x, valid_y), (test_x, test_y) = load_digits()
    index = T.lscalar("index")
    x = T.matrix("x")
    y = T.ivector("y")
    network = LeNet(np.random.RandomState(23455), x, n_filters)
    layer3 = network.layer3

    cost = layer3.negative_log_likelihood(y)
    updates = []
    for p, g in zip(network.params, T.grad(cost, network.params)):
        velocity = theano.shared(np.zeros_like(p.get_value()), broadcastable=p.broadcastable)
        step = momentum * velocity - learning_rate * g
        updates += [(velocity, step), (p, p + momentum * step - learning_rate * g)]

    batch = slice(index * batch_size, (index + 1) * batch_size)
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[batch], y: train_y[batch]})
    validate_model = theano.function([], layer3.error(y), givens={x: valid_x, y: valid_y})
    test_model = theano.function([], layer3.error(y), givens={x: test_x, y: test_y})
    n_batches = len(train_x.get_value(borrow=True)) // batch_size
    history = early_stopping(train_model, validate_model, test_model, network.params, n_batches, epochs, progress)

    predict = theano.function([], [layer3.y_pred, T.cast(y, "int32")], givens={x: test_x, y: test_y})
    return network, history, (test_x.get_value(borrow=True), *predict())


if __name__ == "__main__":
    theano.config.floatX = "float32"
    train()
