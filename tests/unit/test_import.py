"""``import theano`` loads little: the parts of SciPy and the compiler come when they are first needed."""

import subprocess
import sys

import pytest

LATE = (
    "scipy.linalg",
    "scipy.sparse",
    "scipy.special",
    "scipy.signal",
    "scipy.stats",
    "llvmlite.binding",
    "sympy",
    "matplotlib",
    "numpy.testing",
)


@pytest.fixture(scope="module")
def loaded():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, theano; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", LATE)
def test_what_is_slow_to_load_comes_later(loaded, name):
    assert name not in loaded


def test_every_module_of_theano_can_be_imported_first():
    import json
    from pathlib import Path

    names = json.loads((Path(__file__).parents[1] / "surface" / "names.json").read_text())
    some = [
        "theano.tensor.opt",
        "theano.gof.opt",
        "theano.compile.profiling",
        "theano.scan_module.scan_utils",
        "theano.misc.pkl_utils",
    ]
    assert set(some) <= set(names)
    for name in some:
        subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
