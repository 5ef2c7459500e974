"""The real digits, in shared variables, as the classic tutorials keep them."""

from pathlib import Path

import numpy as np

import theano
import theano.tensor as T

DATA = Path(__file__).parent / "data" / "digits.npz"


def shifted(images, down, right):
    """The images moved by one pixel, black coming in at the edge."""
    moved = np.roll(images.reshape(-1, 28, 28), (down, right), axis=(1, 2))
    if down:
        moved[:, 0 if down > 0 else -1, :] = 0
    if right:
        moved[:, :, 0 if right > 0 else -1] = 0
    return moved.reshape(images.shape)


def load_digits(train=4000, validation=500, shifts=True):
    """Return three pairs (images in [0, 1], labels) of shared variables: training, validation and test set.

    4,000 images are few for a network with 400,000 weights: with ``shifts`` the training set also holds each of them moved
    by one pixel up, down, left and right.
    """
    with np.load(DATA) as data:
        images = data["images"].reshape(-1, 784) / np.asarray(255, dtype=theano.config.floatX)
        labels = data["labels"].astype("int32")

    def share(x, y):
        x = theano.shared(np.asarray(x, dtype=theano.config.floatX), borrow=True)
        y = theano.shared(np.asarray(y, dtype=theano.config.floatX), borrow=True)
        return x, T.cast(y, "int32")

    first, last = images[:train], images[train + validation :]
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)] if shifts else [(0, 0)]
    many = np.concatenate([shifted(first, *move) for move in moves])
    order = np.random.RandomState(0).permutation(len(many))
    return (
        share(many[order], np.tile(labels[:train], len(moves))[order]),
        share(images[train : train + validation], labels[train : train + validation]),
        share(last, labels[train + validation :]),
    )
