"""The examples made of loops, each in a small setting."""

import sys
from pathlib import Path

import numpy as np
import pytest

import theano

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def output(monkeypatch, tmp_path):
    """The examples' modules, float32, and a folder of the test's own for what they leave."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import pictures

    monkeypatch.setattr(pictures, "OUTPUT", tmp_path)
    with theano.configparser.change_flags(floatX="float32"):
        yield tmp_path
    for name in ("character_lstm", "gru_digits", "hmc", "mandelbrot"):
        sys.modules.pop(name, None)


def test_character_lstm_learns_and_writes():
    import character_lstm

    told = []
    _, characters, history, write = character_lstm.train(
        n_units=24, sequences=8, steps=20, epochs=2, rate=0.01, n_text=12_000, progress=told.append
    )
    assert history["learnt"][1] < history["learnt"][0] < np.log2(len(characters))
    text = write(50, 0.7)
    assert len(text) == 50 and set(text) <= set(characters)
    assert write(50, 0.7) != text


def test_gru_learns_digits():
    import gru_digits

    _, history, (digits, after) = gru_digits.train(n_units=16, epochs=1, batch_size=200, progress=lambda line: None)
    assert history["best_test"] < 0.6
    assert digits.shape == (8, 784) and after.shape == (28, 8, 10)
    np.testing.assert_allclose(after.sum(axis=2), 1, rtol=1e-4)


def test_hmc_samples_have_the_moments_of_the_density(output):
    import hmc

    found = hmc.main(chains=60, warm_up=300, samples=600)
    for name, (value, exact) in found.items():
        assert abs(value - exact) < (0.4 if name.startswith("mean") else 1), name
    assert (output / "hmc.png").stat().st_size > 10_000


def test_mandelbrot_counts_are_those_of_a_loop_in_python(output):
    import mandelbrot

    f = mandelbrot.escape_times(50)
    points = np.asarray([0, 0.3 + 0.5j, -2.1, 0.4 + 0.4j, 1 + 1j])
    counts = []
    for c in points:
        z, n = 0, 0
        while n < 50:
            z, n = z * z + c, n + 1
            if abs(z) > 4:
                break
        counts.append(n + 1 - np.log2(np.log(max(abs(z) ** 2, 16)) / 2) if n < 50 else 50)
    np.testing.assert_allclose(f(points.real, points.imag), counts, rtol=1e-10)
    mandelbrot.main(rows=24, columns=32, limit=40)
    assert (output / "mandelbrot.png").stat().st_size > 10_000
