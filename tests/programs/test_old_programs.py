"""Programs of Theano's time, as they stand on PyPI, run over Theon: ``make programs``.

Each is installed, without what it would pull in, into a folder of its own under ``.programs/``; a story then uses it in a
process of its own. ``environment/`` puts back what Python and NumPy have dropped since.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = {
    "lasagne": ["Lasagne==0.1", "setuptools<70"],
    "keras1": ["keras==1.2.2", "six", "pyyaml", "setuptools<70"],
    "keras2": ["keras==2.3.1", "keras-applications==1.0.8", "keras-preprocessing==1.1.2", "six", "pyyaml", "h5py"],
    "theano_lstm": ["theano-lstm==0.0.15"],
    "theanets": ["theanets==0.7.3", "downhill==0.4.0", "click"],
    "neupy": ["neupy==0.6.5", "progressbar2", "python-utils", "graphviz", "tableprint", "wcwidth", "typing-extensions", "six"],
    "pymanopt": ["pymanopt==0.2.5"],
    "sympy": ["sympy==1.12", "mpmath"],
    "pymc3": [
        "pymc3==3.11.5", "arviz==0.23.4", "cachetools<5", "deprecat", "wrapt", "dill",
        "fastprogress==1.0.3", "patsy", "pandas", "python-dateutil", "pytz", "six", "semver", "typing-extensions", "xarray", "packaging",
        "xarray-einstats", "h5netcdf", "h5py", "platformdirs", "setuptools<70",
    ],
}  # fmt: skip
STORIES = {"keras1": "keras_story", "keras2": "keras_story"}


def installed(name):
    """The folder with the packages of a program; they are fetched the first time."""
    folder = ROOT / ".programs" / name
    ready = folder / "ready"
    if not ready.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *PROGRAMS[name]]
        done = subprocess.run(pip, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        ready.touch()
    return folder


@pytest.mark.programs
@pytest.mark.parametrize("name", list(PROGRAMS))
def test_program_runs_unmodified(name, tmp_path):
    paths = [ROOT / "src", HERE / "environment", HERE / "stories", installed(name)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "KERAS_BACKEND": "theano",
        "KERAS_HOME": str(tmp_path),
        "DIGITS": str(ROOT / "examples" / "data" / "digits.npz"),
        "MPLBACKEND": "agg",
    }
    story = HERE / "stories" / f"{STORIES.get(name, name + '_story')}.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(story)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-4000:]
