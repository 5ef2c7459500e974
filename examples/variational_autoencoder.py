"""A variational autoencoder (Kingma and Welling 2014): a network that draws digits from twenty random numbers.

Run ``python examples/variational_autoencoder.py``; it leaves ``demo-output/variational_autoencoder.png``.
"""

import sys
import time

import numpy as np

import theano
import theano.tensor as T
from digits import load_digits
from pictures import curves, save_figure, start_figure, tiles
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theon import optim
from training import bar


class VariationalAutoencoder:
    """Encoder: mean and log-variance of the latent variables of ``x``. Decoder: a pixel's log-odds given those."""

    def __init__(self, rng, streams, n_visible, n_hidden, n_latent):
        self.streams, self.n_latent, self.params = streams, n_latent, []

        def layer(n_in, n_out):
            W = rng.normal(0, 1 / np.sqrt(n_in), size=(n_in, n_out)).astype(theano.config.floatX)
            pair = [theano.shared(W, name="W"), theano.shared(np.zeros(n_out, theano.config.floatX), name="b")]
            self.params += pair
            return lambda v: T.dot(v, pair[0]) + pair[1]

        self.to_hidden, self.to_mean, self.to_log_var = (
            layer(n_visible, n_hidden),
            layer(n_hidden, n_latent),
            layer(n_hidden, n_latent),
        )
        self.from_latent, self.to_visible = layer(n_latent, n_hidden), layer(n_hidden, n_visible)

    def encode(self, x):
        h = T.tanh(self.to_hidden(x))
        return self.to_mean(h), self.to_log_var(h)

    def decode(self, z):
        return self.to_visible(T.tanh(self.from_latent(z)))

    def cost(self, x):
        """The negative lower bound on the log-likelihood: reconstruction, and distance from the standard normal."""
        mean, log_var = self.encode(x)
        noise = self.streams.normal(mean.shape, dtype=theano.config.floatX)
        # The noise does not depend on parameters, so the gradient passes through the draw.
        z = mean + T.exp(0.5 * log_var) * noise
        reconstruction = T.sum(T.nnet.sigmoid_binary_crossentropy(self.decode(z), x), axis=1)
        distance = -0.5 * T.sum(1 + log_var - mean**2 - T.exp(log_var), axis=1)
        return T.mean(reconstruction + distance)


def train(n_hidden=400, n_latent=20, epochs=15, batch_size=50, n_train=20000, progress=print):
    """Train; return the network, costs (training and test) of each epoch, and pictures: digits, reconstructions, samples."""
    (train_x, _), _, (test_x, _) = load_digits()
    index = T.lscalar("index")
    x, z = T.matrix("x"), T.matrix("z")
    network = VariationalAutoencoder(np.random.RandomState(3), MRG_RandomStreams(9), 28 * 28, n_hidden, n_latent)

    cost = network.cost(x)
    gradients = optim.clip_by_norm(T.grad(cost, network.params), 100.0)
    updates = optim.adam(gradients, network.params, learning_rate=0.001)
    batch = slice(index * batch_size, (index + 1) * batch_size)
    train_model = theano.function([index], cost, updates=updates, givens={x: train_x[batch]})
    test_model = theano.function([], cost, givens={x: test_x})

    history = {"training": [], "test": []}
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        history["training"].append(float(np.mean([train_model(i) for i in range(n_train // batch_size)])))
        history["test"].append(float(test_model()))
        progress(
            f"{bar(epoch, epochs)} epoch {epoch:2d}/{epochs}  {time.perf_counter() - start:5.2f} s  "
            f"cost {history['training'][-1]:.2f}  test {history['test'][-1]:.2f}"
        )

    again = theano.function([x], T.nnet.sigmoid(network.decode(network.encode(x)[0])))
    draw = theano.function([z], T.nnet.sigmoid(network.decode(z)))
    digits = test_x.get_value(borrow=True)[:20]
    latent = np.random.RandomState(0).randn(80, n_latent).astype(theano.config.floatX)
    return network, history, (digits, again(digits), draw(latent))


def main():
    theano.config.floatX = "float32"
    _, history, (digits, again, samples) = train()
    figure = start_figure("A variational autoencoder on handwritten digits", 12, 6.5)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.2])
    top, bottom = left.subfigures(2, 1, height_ratios=[1.3, 1])
    curves(top.subplots(), "negative lower bound", [(k, v, "-") for k, v in history.items()], "nats per digit")
    rows = [pictures[start : start + 10] for start in (0, 10) for pictures in (digits, again)]
    tiles(bottom, "test digits and their reconstructions", np.concatenate(rows), 10)
    tiles(right, "digits drawn from random numbers", samples, 10)
    print(f"picture: {save_figure(figure, 'variational_autoencoder')}")


if __name__ == "__main__":
    sys.exit(main())
