"""Lasagne 0.1: convolutions, dropout, every update rule, LSTM and GRU on handwritten digits."""

import lasagne
import numpy as np
from digits import IMAGES, LABELS
from lasagne import layers

import theano
import theano.tensor as T

theano.config.floatX = "float32"
lasagne.random.set_rng(np.random.RandomState(1))
images, labels = IMAGES.reshape(-1, 1, 28, 28), LABELS
x, y = T.tensor4("x"), T.ivector("y")
net = layers.InputLayer((None, 1, 28, 28), x)
for filters in (16, 32):
    net = layers.Conv2DLayer(net, filters, (5, 5), W=lasagne.init.GlorotUniform())
    net = layers.MaxPool2DLayer(net, (2, 2))
net = layers.DenseLayer(layers.dropout(net, 0.3), 128)
net = layers.DenseLayer(layers.dropout(net, 0.3), 10, nonlinearity=lasagne.nonlinearities.softmax)
cost = lasagne.objectives.categorical_crossentropy(layers.get_output(net), y).mean()
params = layers.get_all_params(net, trainable=True)
for rule in ("sgd", "momentum", "nesterov_momentum", "adagrad", "rmsprop", "adadelta", "adam"):
    rate = 0.001 if rule in ("rmsprop", "adam") else 0.01
    step = theano.function([x, y], cost, updates=getattr(lasagne.updates, rule)(cost, params, learning_rate=rate))
    costs = [float(step(images[i : i + 50], labels[i : i + 50])) for i in range(0, 200, 50)]
    assert np.isfinite(costs).all(), rule
step = theano.function([x, y], cost, updates=lasagne.updates.adam(cost, params, 0.002))
for _ in range(3):
    for i in range(0, 4000, 50):
        step(images[i : i + 50], labels[i : i + 50])
guess = layers.get_output(net, deterministic=True).argmax(axis=1)
right = float(theano.function([x, y], T.eq(guess, y).mean())(images[4000:], labels[4000:]))
print(f"digits: {right:.1%} right")
assert right > 0.93

rows = T.tensor3("rows")
for recurrent in (layers.LSTMLayer, layers.GRULayer, layers.RecurrentLayer):
    net = layers.SliceLayer(recurrent(layers.InputLayer((None, 28, 28), rows), 32, grad_clipping=10), -1, 1)
    net = layers.DenseLayer(net, 10, nonlinearity=lasagne.nonlinearities.softmax)
    cost = lasagne.objectives.categorical_crossentropy(layers.get_output(net), y).mean()
    updates = lasagne.updates.adam(cost, layers.get_all_params(net, trainable=True), 0.005)
    step = theano.function([rows, y], cost, updates=updates)
    costs = [float(step(images[i : i + 100, 0], labels[i : i + 100])) for i in range(0, 4000, 100)]
    print(f"{recurrent.__name__}: {costs[0]:.2f} -> {costs[-1]:.2f}")
    assert np.mean(costs[-5:]) < costs[0] - 0.1
