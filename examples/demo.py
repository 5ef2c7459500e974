"""The main job: train two classifiers on real digits, save and load them, and draw what they learnt.

Run ``make demo``; the picture is left in ``demo-output/digits.png``.
"""

import sys
import time
from pathlib import Path

import numpy as np

import logistic_regression
import mlp
import theano
import theano.tensor as T
from training import load, save

OUTPUT = Path(__file__).parents[1] / "demo-output"


def live(line):
    """Show epochs in place on a terminal, one a line elsewhere."""
    if sys.stdout.isatty() and line.startswith("["):
        print("\r" + line, end="", flush=True)
    else:
        print(("\n" if sys.stdout.isatty() else "") + line)


def main():
    start = time.perf_counter()
    theano.config.floatX = "float32"
    OUTPUT.mkdir(exist_ok=True)

    print("Logistic regression")
    softmax, softmax_history = logistic_regression.train(progress=live)
    print("\nMultilayer perceptron, 500 tanh units")
    network, network_history, (images, predicted, labels) = mlp.train(progress=live)

    path = OUTPUT / "mlp.npz"
    save(path, network.params)
    x = T.matrix("x")
    again = mlp.MLP(np.random.RandomState(0), x, 28 * 28, 500, 10)
    load(path, again.params)
    same = np.array_equal(theano.function([x], again.y_pred)(images), predicted)
    print(f"parameters saved to {path} and loaded again: predictions {'agree' if same else 'DIFFER'}")

    picture = draw(softmax, softmax_history, network, network_history, images, predicted, labels)
    print(f"picture: {picture}")
    error = network_history["best_test"]
    print(f"test error: logistic regression {softmax_history['best_test']:.2%}, MLP {error:.2%}")
    print(f"total {time.perf_counter() - start:.1f} s")
    return 0 if same and error < 0.06 else 1


def draw(softmax, softmax_history, network, network_history, images, predicted, labels):
    """Learning curves, learnt filters and misclassified digits, as one PNG; returns its path."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 9), layout="constrained")
    figure.suptitle("Handwritten digits, trained with theano.function")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])

    curves = left.subplots(2, 1)
    for name, history in [("logistic regression", softmax_history), ("MLP", network_history)]:
        curves[0].plot(history["cost"], label=name)
        line = curves[1].plot(100 * np.array(history["validation"]), label=f"{name}, validation")[0]
        curves[1].plot(100 * np.array(history["test"]), "--", color=line.get_color(), label=f"{name}, test")
    curves[0].set(title="training cost", xlabel="epoch", ylabel="nats", yscale="log")
    curves[1].set(title="error rate", xlabel="epoch", ylabel="%", ylim=(0, 20))
    for axes in curves:
        axes.legend()
        axes.grid(alpha=0.3)

    rows = right.subfigures(3, 1, height_ratios=[1, 2, 2])
    W = softmax.W.get_value(borrow=True)
    tiles(rows[0], "logistic regression: weights of each class", [W[:, i] for i in range(10)], 10, "RdBu_r")
    filters = network.hidden.W.get_value(borrow=True)
    strongest = np.argsort(-(filters**2).sum(axis=0))[:40]
    tiles(rows[1], "MLP: the forty strongest filters", [filters[:, i] for i in strongest], 20, "RdBu_r")
    wrong = np.flatnonzero(predicted != labels)[:28]
    titles = [f"{labels[i]}→{predicted[i]}" for i in wrong]
    tiles(
        rows[2],
        "test digits the MLP misclassifies (true → predicted)",
        [images[i] for i in wrong],
        14,
        "gray_r",
        titles,
    )

    path = OUTPUT / "digits.png"
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path


def tiles(figure, title, vectors, columns, colours, titles=None):
    """Draw 784-vectors as 28 × 28 pictures, ``columns`` in a row."""
    figure.suptitle(title, fontsize=10)
    axes = np.atleast_1d(figure.subplots(-(-max(len(vectors), 1) // columns), columns)).ravel()
    for place, axis in enumerate(axes):
        axis.axis("off")
        if place < len(vectors):
            vector = vectors[place]
            limit = np.abs(vector).max()
            low = -limit if colours == "RdBu_r" else 0
            axis.imshow(vector.reshape(28, 28), cmap=colours, vmin=low, vmax=limit)
            if titles:
                axis.set_title(titles[place], fontsize=8, pad=2)


if __name__ == "__main__":
    sys.exit(main())
