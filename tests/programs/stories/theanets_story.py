"""theanets: a classifier under each optimizer of downhill (ESGD asks for products with the Hessian), and recurrent cells."""

import climate
import numpy as np
import theanets
from digits import IMAGES, LABELS

climate.enable_default_logging()
images = IMAGES.reshape(-1, 784)
train, valid = [images[:2000], LABELS[:2000]], [images[4000:], LABELS[4000:]]


def descend(network, data, checked, epochs=3, **settings):
    """The losses of some epochs."""
    losses = []
    for _, (monitors, _) in zip(range(epochs), network.itertrain(data, checked, **settings)):
        losses.append(float(monitors["loss"]))
    return losses


for algorithm in ("sgd", "nag", "rprop", "rmsprop", "adadelta", "adagrad", "adam", "esgd"):
    network = theanets.Classifier([784, (50, "relu"), 10], rng=13)
    noise = {"hidden_l1": 1e-3, "weight_l2": 1e-4, "input_noise": 0.1, "hidden_dropout": 0.1}
    losses = descend(network, train, valid, algo=algorithm, learning_rate=1e-3, batch_size=100, **noise)
    print(f"{algorithm}: losses {losses}, accuracy {network.score(*valid):.2f}")
    assert losses[-1] < losses[0]
network.save("network.pkl")
assert (theanets.Network.load("network.pkl").predict(valid[0]) == network.predict(valid[0])).all()

steps = np.random.RandomState(0).randn(16, 20, 3).astype("float32")
sums = [steps, np.cumsum(steps, axis=1)[:, :, :2]]
cells = {"clockwork": {"periods": (1, 2, 4)}, "mrnn": {"factors": 3}}
for form in ("rnn", "lstm", "gru", "mrnn", "clockwork", "mut1", "scrn", "rrnn", "bidirectional"):
    network = theanets.recurrent.Regressor([3, {"size": 12, "form": form, **cells.get(form, {})}, 2], rng=13)
    losses = descend(network, sums, sums, epochs=8, algo="rmsprop", learning_rate=1e-3, batch_size=16)
    print(f"{form}: losses {losses[0]:.2f} to {losses[-1]:.2f}")
    assert losses[-1] < losses[0]
