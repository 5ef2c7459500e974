"""theano-lstm: stacked cells unrolled by scan, trained with AdaGrad; it has an op of its own that clips gradients."""

import numpy as np
import theano_lstm
from digits import IMAGES, LABELS

import theano
import theano.tensor as T

cells = theano_lstm.StackedCells(28, layers=[20, 20], activation=T.tanh, celltype=theano_lstm.LSTM)
cells.layers.append(theano_lstm.Layer(20, 10, lambda z: T.nnet.softmax(z)[0]))
rows, label = T.matrix("rows"), T.iscalar("label")
starts = [
    {"initial": layer.initial_hidden_state, "taps": [-1]} if hasattr(layer, "initial_hidden_state") else None
    for layer in cells.layers
]
states, _ = theano.scan(lambda row, *before: cells.forward(row, before), sequences=[rows], outputs_info=starts)
cost = -T.log(states[-1][-1, label])
updates, *_ = theano_lstm.create_optimization_updates(cost, cells.params, lr=0.05, method="adagrad")
step = theano.function([rows, label], cost, updates=updates)
costs = [float(step(image.astype(theano.config.floatX), k)) for image, k in zip(IMAGES[:300], LABELS)]
print(f"cost of the first 50 images {np.mean(costs[:50]):.2f}, of the last 50 {np.mean(costs[-50:]):.2f}")
assert np.mean(costs[-50:]) < np.mean(costs[:50])
