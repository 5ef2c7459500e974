"""NeuPy: its optimizers, among them those that invert a Hessian or a Gauss-Newton matrix, a convolutional net, LSTM, GRU, an RBM."""

import numpy as np
from digits import IMAGES, LABELS
from neupy import algorithms, environment, layers

classes = np.eye(10)[LABELS]


def descend(name, network, images, classes, epochs=3):
    """Train, and say how the error fell; the first epoch's is that of the weights drawn."""
    network.train(images, classes, epochs=epochs)
    errors = [float(error) for error in network.errors]
    print(f"{name}: errors {', '.join(f'{error:.3f}' for error in errors)}")
    assert min(errors[1:]) < errors[0]


pixels = IMAGES[:1000].reshape(-1, 784)
for (
    name
) in "GradientDescent MinibatchGradientDescent Momentum Adadelta Adagrad RMSProp Adamax RPROP IRPROPPlus".split():
    environment.reproducible()
    chain = layers.join(layers.Input(784), layers.Sigmoid(30), layers.Softmax(10))
    network = getattr(algorithms, name)(chain, error="categorical_crossentropy", verbose=False)
    descend(name, network, pixels, classes[:1000])
for name in "ConjugateGradient QuasiNewton LevenbergMarquardt Hessian HessianDiagonal".split():
    chain = layers.join(layers.Input(20), layers.Sigmoid(8), layers.Sigmoid(10))
    descend(name, getattr(algorithms, name)(chain, error="mse", verbose=False), pixels[:200, 300:320], classes[:200])

features = [
    layers.Convolution((8, 3, 3)),
    layers.BatchNorm(),
    layers.Relu(),
    layers.MaxPooling((2, 2)),
    layers.Dropout(0.2),
]
chain = layers.join(layers.Input((1, 28, 28)), *features, layers.Reshape(), layers.Softmax(10))
network = algorithms.Momentum(chain, error="categorical_crossentropy", batch_size=100, verbose=False)
descend("convolutions", network, IMAGES[:1000, None], classes[:1000])
for cell in (layers.LSTM, layers.GRU):
    chain = layers.join(layers.Input((28, 28)), cell(16), layers.Softmax(10))
    network = algorithms.RMSProp(chain, error="categorical_crossentropy", batch_size=100, verbose=False)
    descend(cell.__name__, network, IMAGES[:1000], classes[:1000])
machine = algorithms.RBM(n_visible=784, n_hidden=20, step=0.1, batch_size=50, verbose=False)
machine.train((pixels > 0.5).astype(int), epochs=2)
assert machine.gibbs_sampling((pixels[:3] > 0.5).astype(int), n_iter=2).shape == (3, 784)
