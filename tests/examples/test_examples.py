"""Each example runs in a small setting, learns something, and leaves its picture."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import theano

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def examples(monkeypatch, tmp_path):
    """The examples' modules, float32, and a folder of the test's own for what they leave."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import pictures

    monkeypatch.setattr(pictures, "OUTPUT", tmp_path)
    with theano.configparser.change_flags(floatX="float32"):
        yield tmp_path


def quiet(line):
    pass


def test_logistic_regression():
    import logistic_regression

    _, history = logistic_regression.train(epochs=3, progress=quiet)
    assert history["best_test"] < 0.12


def test_mlp():
    import mlp

    _, history, (images, predicted, labels) = mlp.train(epochs=2, n_hidden=50, progress=quiet)
    assert history["best_test"] < 0.12
    assert np.mean(predicted != labels) == pytest.approx(history["best_test"])
    assert len(images) == 500


def test_lenet_and_its_picture(examples):
    import demo
    import lenet
    import logistic_regression

    softmax, plain = logistic_regression.train(epochs=1, progress=quiet)
    network, history, (images, predicted, labels) = lenet.train(epochs=1, n_filters=(6, 8), progress=quiet)
    assert history["best_test"] < 0.08
    maps = np.random.RandomState(0).randn(6, 12, 12)
    wrong = np.flatnonzero(predicted != labels)
    histories = {"one": plain, "LeNet": history}
    picture = demo.draw(softmax, network, histories, images, maps, wrong, predicted, labels)
    assert picture.parent == examples
    assert picture.stat().st_size > 10000


def test_saved_parameters_load_again(examples):
    import training

    a = [theano.shared(np.arange(3.0), name="a"), theano.shared(np.ones((2, 2)), name="b")]
    training.save(examples / "p.npz", a)
    b = [theano.shared(np.zeros(3), name="a"), theano.shared(np.zeros((2, 2)), name="b")]
    training.load(examples / "p.npz", b)
    for one, other in zip(a, b):
        np.testing.assert_array_equal(one.get_value(), other.get_value())


def test_denoising_autoencoder():
    import denoising_autoencoder

    _, costs, (clean, corrupted, repaired) = denoising_autoencoder.train(
        n_hidden=60, epochs=2, n_train=3000, progress=quiet
    )
    assert costs[1] < 0.9 * costs[0]
    assert 0.2 < np.mean(corrupted[clean > 0] == 0) < 0.4
    assert np.mean((repaired - clean) ** 2) < np.mean((corrupted - clean) ** 2)


def test_rbm():
    import rbm

    _, history, rows = rbm.train(n_hidden=60, chains=20, steps=2, epochs=3, n_train=1500, n_samples=5, progress=quiet)
    assert history[-1] > history[0]
    assert len(rows) == 6
    assert all(0 <= row.min() and row.max() <= 1 and row.shape == (5, 784) for row in rows)
    assert not np.array_equal(rows[1], rows[2])


def test_dropout_mlp():
    import dropout_mlp

    history = dropout_mlp.train(n_hidden=100, epochs=2, progress=quiet)
    assert history["best_test"] < 0.2
    assert history["cost"][1] < history["cost"][0]


def test_variational_autoencoder():
    import variational_autoencoder

    _, history, (digits, again, samples) = variational_autoencoder.train(
        n_hidden=60, n_latent=5, epochs=2, n_train=5000, progress=quiet
    )
    assert history["test"][1] < history["test"][0] < 300
    assert digits.shape == again.shape == (20, 784)
    assert samples.shape == (80, 784)


@pytest.mark.parametrize("name", ["denoising_autoencoder", "rbm", "dropout_mlp", "variational_autoencoder"])
def test_pictures(name, examples, monkeypatch, capsys):
    """The picture of each ``main``, with the training cut short."""
    module = __import__(name)
    small = {
        "denoising_autoencoder": {"n_hidden": 80, "n_train": 200},
        "rbm": {"n_hidden": 60, "chains": 5, "steps": 1, "n_train": 100},
        "dropout_mlp": {"n_hidden": 20},
        "variational_autoencoder": {"n_hidden": 20, "n_train": 100},
    }[name]
    train = module.train
    monkeypatch.setattr(module, "train", lambda **given: train(**small, epochs=1, progress=quiet, **given))
    module.main()
    assert (examples / f"{name}.png").stat().st_size > 10000
    assert "picture" in capsys.readouterr().out


def test_each_example_is_a_program():
    """Each file imports as a program does, from the examples' folder; nothing is trained before it is asked for."""
    names = sorted(p.stem for p in EXAMPLES.glob("*.py"))
    code = "import sys; sys.path.insert(0, '.'); " + "; ".join(f"import {name}" for name in names)
    subprocess.run([sys.executable, "-c", code], cwd=EXAMPLES, check=True, timeout=120)
