"""The real digits, in shared variables, as the classic tutorials keep them."""

from pathlib import Path

import numpy as np

import theano
import theano.tensor as T

DATA = Path(__file__).parent / "data" / "digits.npz"


def load_digits(train=4000, validation=500):
    """Return three pairs (images in [0, 1], labels) of shared variables: training, validation and test set."""
    with np.load(DATA) as data:
        images = data["images"] / np.asarray(255, dtype=theano.config.floatX)
        labels = data["labels"].astype("int32")

    def share(rows):
        x = theano.shared(np.asarray(images[rows], dtype=theano.config.floatX), borrow=True)
        y = theano.shared(np.asarray(labels[rows], dtype=theano.config.floatX), borrow=True)
        return x, T.cast(y, "int32")

    return share(slice(0, train)), share(slice(train, train + validation)), share(slice(train + validation, None))
