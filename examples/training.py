"""The training loop of the classic tutorials: mini-batches, early stopping, the best parameters kept."""

import time

import numpy as np


def early_stopping(train_model, validate_model, test_model, params, n_batches, epochs, progress=print):
    """Run ``train_model(i)`` over the mini-batches until validation stops improving; leave the best parameters set.

    Returns a dict with one entry an epoch: ``cost``, ``validation`` and ``test`` (error rates), ``seconds``, and
    ``best_test``, the test error of the epoch with the best validation error.
    """
    history = {"cost": [], "validation": [], "test": [], "seconds": [], "best_test": 1.0}
    best = 1.0
    best_values = [p.get_value() for p in params]
    patience = 10  # epochs to look on after the last improvement
    left = patience
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        cost = np.mean([train_model(i) for i in range(n_batches)])
        seconds = time.perf_counter() - start
        validation, test = float(validate_model()), float(test_model())
        for key, value in [("cost", cost), ("validation", validation), ("test", test), ("seconds", seconds)]:
            history[key].append(value)
        left -= 1
        if validation < best:
            best, history["best_test"], left = validation, test, patience
            best_values = [p.get_value() for p in params]
        progress(
            f"{bar(epoch, epochs)} epoch {epoch:3d}/{epochs}  {seconds:5.2f} s  cost {cost:.4f}  "
            f"validation error {validation:6.2%}  test error {test:6.2%}"
        )
        if left == 0:
            break
    for p, value in zip(params, best_values):
        p.set_value(value, borrow=True)
    progress(f"best validation error {best:.2%}, with test error {history['best_test']:.2%}")
    return history


def bar(done, total, width=24):
    """A progress bar of ``width`` characters."""
    full = width * done // total
    return "[" + "#" * full + "." * (width - full) + "]"


def save(path, params):
    """Save the values of shared variables to an npz file."""
    np.savez(path, **{f"p{i}_{p.name}": p.get_value(borrow=True) for i, p in enumerate(params)})


def load(path, params):
    """Set shared variables to the values that :func:`save` wrote."""
    with np.load(path) as data:
        for i, p in enumerate(params):
            p.set_value(data[f"p{i}_{p.name}"])
