"""What a workload is, and how each peer is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["PEERS", "Made", "Workload", "flat", "symbolic", "tensors", "torch_of"]

# "compiled" is torch with torch.compile; numpy is also the reference, given the data in float64.
PEERS = ("theon", "numpy", "torch", "compiled", "jax", "pytensor")
Made = tuple[Callable[[], Any], Callable[[Any], Any]]


@dataclass
class Workload:
    """``data()`` makes the arrays; ``make(peer, *arrays)`` gives None or (call, answer).

    ``call()`` does the work once and waits for it; ``answer(result)`` turns the first call's result, and what that call
    changed, into numbers to compare. ``moved`` is the number of bytes that have to be read and written, ``flops`` the
    number of floating-point operations of the products, where known.
    """

    make: Callable[..., Made | None]
    data: Callable[[], tuple[Any, ...]] = lambda: ()
    moved: float = 0
    flops: float = 0
    random: bool = False  # whether each peer draws numbers of its own, so that answers cannot be compared


def symbolic(peer: str) -> Any:
    """The module with ``function`` and ``shared`` of a peer with Theano's language."""
    if peer == "pytensor":
        import pytensor

        return pytensor
    import theano

    return theano


def tensors(peer: str) -> Any:
    """Its module of tensors."""
    if peer == "pytensor":
        import pytensor.tensor as T
    else:
        import theano.tensor as T
    return T


def sigmoid(peer: str, x: Any) -> Any:
    """1 / (1 + exp(-x)) in the language of a peer with Theano's."""
    T = tensors(peer)
    return T.nnet.sigmoid(x) if peer == "theon" else T.sigmoid(x)


def likelihood(peer: str, x: Any, y: Any) -> Any:
    """The mean negative log-likelihood of classes ``y`` under the softmax of ``x``'s rows, as each language has it."""
    T = tensors(peer)
    if peer == "theon":
        return T.nnet.categorical_crossentropy(T.nnet.softmax(x), y).mean()
    return -T.special.log_softmax(x, axis=1)[T.arange(y.shape[0]), y].mean()


def torch_of(peer: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of torch tensors, compiled for the peer that compiles."""
    if peer != "compiled":
        return function
    import torch

    return torch.compile(function)


def flat(*arrays: Any) -> Any:
    """Arrays of any kind one after another, in float64."""
    found = []
    for a in arrays:
        if hasattr(a, "detach"):
            a = a.detach().numpy()
        found.append(np.asarray(a, dtype="float64").ravel())
    return np.concatenate(found)
