"""The main job: train three classifiers on real digits, save the best and load it again, and draw what they learnt.

Run ``make demo``; the picture is left in ``demo-output/digits.png``.
"""

import os
import sys
import time

import numpy as np

import lenet
import logistic_regression
import mlp
import theano
import theano.tensor as T
from pictures import OUTPUT, curves, save_figure, start_figure, tiles
from training import load, save


def live(line):
    """Show epochs in place on a terminal, one a line elsewhere."""
    if sys.stdout.isatty() and line.startswith("["):
        width = os.get_terminal_size().columns - 1
        print("\r" + line[:width].ljust(width), end="", flush=True)
    else:
        print(("\n" if sys.stdout.isatty() else "") + line, flush=True)


def main():
    start = time.perf_counter()
    theano.config.floatX = "float32"
    OUTPUT.mkdir(exist_ok=True)

    histories = {}
    print("Logistic regression")
    softmax, histories["logistic regression"] = logistic_regression.train(epochs=30, progress=live)
    print("\nMultilayer perceptron: 500 tanh units")
    _, histories["MLP"], _ = mlp.train(progress=live)
    print("\nLeNet: convolutions of 20 and 50 filters, 500 tanh units")
    network, histories["LeNet"], (images, predicted, labels) = lenet.train(progress=live)

    path = OUTPUT / "lenet.npz"
    save(path, network.params)
    x = T.matrix("x")
    again = lenet.LeNet(np.random.RandomState(0), x)
    load(path, again.params)
    predict = theano.function([x], [again.y_pred, again.layer0.output])
    same = np.array_equal(predict(images)[0], predicted)
    print(f"\nLeNet's parameters saved to {path} and loaded again: predictions {'agree' if same else 'DIFFER'}")

    wrong = np.flatnonzero(predicted != labels)
    maps = predict(images[:1])[1][0]
    picture = draw(softmax, network, histories, images, maps, wrong, predicted, labels)
    print(f"picture: {picture}")
    error = histories["LeNet"]["best_test"]
    print("test error: " + ", ".join(f"{name} {history['best_test']:.2%}" for name, history in histories.items()))
    print(f"total {time.perf_counter() - start:.1f} s")
    if not same or error >= 0.03:
        print("FAILED: LeNet's test error should be below 3 %", file=sys.stderr)
        return 1
    return 0


def draw(softmax, network, histories, images, maps, wrong, predicted, labels):
    """Learning curves, learnt filters and misclassified digits, as one PNG; returns its path."""
    figure = start_figure("Handwritten digits, trained with theano.function", 15, 9)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])

    top, bottom = left.subplots(2, 1)
    costs = [(name, history["cost"], "-") for name, history in histories.items()]
    curves(top, "training cost", costs, "nats", yscale="log")
    errors = []
    for colour, (name, history) in zip("C0 C1 C2".split(), histories.items()):
        errors.append((f"{name}, validation", 100 * np.array(history["validation"]), colour + "-"))
        errors.append((f"{name}, test", 100 * np.array(history["test"]), colour + "--"))
    curves(bottom, "error rate", errors, "%", ylim=(0, 15))
    bottom.axhline(3, color="black", linewidth=0.5, linestyle=":")

    columns = max(8, -(-len(wrong) // 2))
    rows = right.subfigures(4, 1, height_ratios=[1, 1.6, 1.6, 1 if len(wrong) <= 8 else 1.6])
    W = softmax.W.get_value(borrow=True)
    tiles(rows[0], "logistic regression: weights of each class", W.T, 10, signed=True)
    filters = network.layer0.W.get_value(borrow=True)
    tiles(
        rows[1], "LeNet: the filters of the first convolution, 5 × 5", list(filters[:, 0, ::-1, ::-1]), 10, signed=True
    )
    tiles(rows[2], "what they give for the first test digit, pooled to 12 × 12", list(maps), 10, signed=True)
    titles = [f"{labels[i]}→{predicted[i]}" for i in wrong]
    title = f"the {len(wrong)} of {len(images)} test digits that LeNet misclassifies (true → predicted)"
    tiles(rows[3], title, [images[i] for i in wrong], columns, titles=titles)
    return save_figure(figure, "digits")


if __name__ == "__main__":
    sys.exit(main())
