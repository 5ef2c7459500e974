"""What users' machines are like: no compiler, a home that cannot be written, an empty or damaged cache, several processes."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
import numpy as np, theano, theano.tensor as T
x = T.dmatrix("x"); w = theano.shared(np.ones(3))
f = theano.function([x], T.tanh(T.dot(x, w)).sum(), updates=[(w, w * 0.5)])
print(float(f(np.ones((2, 3)))), f._native is not None)
"""


def start(prepare=None, **changes):
    environment = {"PATH": "/nowhere", "PYTHONPATH": str(SOURCE), "HOME": os.environ.get("HOME", "/")}
    environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {name: str(value) for name, value in changes.items()}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=prepare,
    )


def result(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    value, native = out.split()
    assert abs(float(value) - 2 * 0.9950547536867305) < 1e-12
    return native == "True", error


def test_no_compiler_and_an_empty_cache(tmp_path):
    assert result(start(THEON_CACHE=tmp_path / "cache"))[0]
    assert any((tmp_path / "cache").rglob("*"))


def heed_permissions():
    """Give up what lets root write everywhere: tests in a container run as root."""
    if sys.platform == "linux" and os.geteuid() == 0:
        drop_from_bounding_set, override_permissions = 24, 1
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
def test_home_that_cannot_be_written(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    try:
        native, error = result(start(heed_permissions, HOME=home))
        assert native
        assert not error
        assert not list(home.iterdir())
    finally:
        home.chmod(0o700)


def test_home_that_is_not_there():
    native, error = result(start(HOME="/proc/nothing/here"))
    assert native
    assert not error


def test_damaged_cache_entries_are_made_again(tmp_path):
    cache = tmp_path / "cache"
    result(start(THEON_CACHE=cache))
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert files
    for number, path in enumerate(files):
        body = path.read_bytes()
        path.write_bytes(body[: len(body) // 2] if number % 2 else body[:-8] + b"rubbish!")
    assert result(start(THEON_CACHE=cache))[0]


def test_processes_that_compile_the_same_function_at_once(tmp_path):
    running = [start(THEON_CACHE=tmp_path / "cache") for _ in range(12)]
    assert all(result(process)[0] for process in running)


def test_a_forked_child_computes_on():
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    code = PROGRAM + (
        "import os\nbig = theano.function([x], T.exp(x).sum(axis=1))\n"
        "data = np.ones((2000, 500))\nexpected = big(data)\npid = os.fork()\n"
        "if pid == 0:\n"
        "    again = theano.function([x], T.exp(x).sum(axis=1) * 1.0)\n"
        "    good = np.array_equal(big(data), expected) and np.allclose(again(data), expected)\n"
        "    os._exit(0 if good else 1)\n"
        "assert os.waitpid(pid, 0)[1] == 0\nassert np.array_equal(big(data), expected)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
def test_a_cache_that_others_may_write_is_not_trusted(tmp_path):
    cache = tmp_path / "cache"
    result(start(THEON_CACHE=cache))
    objects = cache / "objects"
    before = {path: path.read_bytes() for path in objects.iterdir()}
    for path in before:
        path.write_bytes(b"theon-object-1\n" + b"x" * 500)
    objects.chmod(0o777)
    assert result(start(THEON_CACHE=cache))[0]
    assert all(path.read_bytes().endswith(b"x" * 500) for path in before)  # neither read nor mended


def test_files_left_by_a_killed_process_do_no_harm(tmp_path):
    objects = tmp_path / "cache" / "objects"
    objects.mkdir(parents=True, mode=0o700)
    (objects / ".new-abc").write_bytes(b"half of someth")
    assert result(start(THEON_CACHE=tmp_path / "cache"))[0]


def test_a_disk_that_is_full(tmp_path):
    code = (
        "import os, errno\n"
        "def full(*a): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "os.replace = full\n" + PROGRAM
    )
    environment = {"PYTHONPATH": str(SOURCE), "THEON_CACHE": str(tmp_path), "HOME": str(tmp_path), "PATH": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "objects").glob(".new-*"))


def test_import_leaves_slow_libraries_for_later():
    code = "import sys, theano, theano.tensor\nprint([m for m in ('scipy.linalg', 'scipy.special', 'llvmlite') if m in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
