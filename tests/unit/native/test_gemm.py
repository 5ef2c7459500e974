"""Native products of matrices against NumPy's in float64: any sizes, any strides, the same bits for any number of threads."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.schedule.step import NativeCall, PythonCall

COMPILED = {}


def product(a, b):
    dtype = str(a.dtype)
    if dtype not in COMPILED:
        x, y = T.matrix(dtype=dtype), T.matrix(dtype=dtype)
        COMPILED[dtype] = theano.function([x, y], T.dot(x, y))
    return COMPILED[dtype](a, b)


def layout(rng, x):
    """The same matrix in memory of some other order."""
    kind = rng.randint(6)
    if kind == 0:
        return np.asfortranarray(x)
    if kind == 1:
        return np.ascontiguousarray(x[::-1])[::-1]
    if kind == 2:
        return np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    return np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3] if kind == 3 else x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(12))
def test_drawn_sizes_and_strides(seed, dtype):
    rng = np.random.RandomState(seed)
    for _ in range(12):
        m, k, n = (int(rng.choice([0, 1, 2, 3, 4, 8, 48, 50, rng.randint(1, 250)])) for _ in range(3))
        a, b = layout(rng, rng.randn(m, k).astype(dtype)), layout(rng, rng.randn(k, n).astype(dtype))
        expected = np.dot(a.astype("float64"), b.astype("float64"))
        tolerance = np.finfo(dtype).eps * 8 * max(1, k) ** 0.5
        found = product(a, b)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, tolerance, tolerance * 4)


@pytest.mark.parametrize(
    ("m", "k", "n"),
    [
        (9, 1700, 60), (3, 40_000, 5), (40, 20_000, 2), (130, 1, 130), (700, 300, 1),
        (20, 784, 500), (24, 1100, 131), (5, 512, 256), (24, 513, 682), (25, 784, 500),
    ],
)  # fmt: skip
def test_long_sums_are_in_parts(m, k, n):
    rng = np.random.RandomState(0)
    a, b = rng.randn(m, k), rng.randn(k, n)
    np.testing.assert_allclose(product(a, b), a.dot(b), 1e-10, 1e-10 * k**0.5)
    c = np.asfortranarray(a)
    np.testing.assert_allclose(product(c, b), a.dot(b), 1e-10, 1e-10 * k**0.5)


def test_sizes_that_differ_are_an_error():
    with pytest.raises(ValueError):
        product(np.ones((3, 4)), np.ones((5, 3)))


def test_the_same_bits_on_any_number_of_threads():
    code = (
        "import numpy as np, hashlib, theano, theano.tensor as T\n"
        "a, b = T.fmatrix(), T.fmatrix(); f = theano.function([a, b], T.dot(a, b)); r = np.random.RandomState(0)\n"
        "found = b''\n"
        "for m, k, n in [(300, 900, 77), (1000, 2000, 1), (2, 1100, 1500), (2000, 900, 3), (20, 784, 500), (20, 4000, 90)]:\n"
        "    x, y = r.randn(m, k).astype('float32'), r.randn(k, n).astype('float32')\n"
        "    found += f(x, y).tobytes() + f(np.asfortranarray(x), np.asfortranarray(y)).tobytes()\n"
        "print(hashlib.sha256(found).hexdigest())"
    )
    found = {
        subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": n}) for n in "123"
    }
    assert len(found) == 1


def test_sums_in_parts_from_several_threads_at_once():
    rng = np.random.RandomState(1)
    b = rng.randn(1100, 500)
    given = [rng.randn(20, 1100) for _ in range(6)]
    expected = [product(a, b) for a in given]
    wrong = []

    def work(k):
        for _ in range(50):
            if not np.array_equal(product(given[k], b), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(given))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_threads_that_call_the_first_thin_and_wide_products_at_once(tmp_path):
    """Parts of the routine are compiled when they are first called, here by several threads at the same time."""
    code = """
import threading
import numpy as np
import theano
import theano.tensor as T

x, y = T.fmatrix(), T.fmatrix()
f = theano.function([x, y], T.dot(x, y))
rng = np.random.RandomState(0)
pairs = [(rng.randn(300, 40), rng.randn(40, n)) for n in (1, 70)] + [(rng.randn(2, 40), rng.randn(40, 300))]
pairs = [(a.astype("float32"), b.astype("float32")) for a, b in pairs]
wrong = []
start = threading.Barrier(6)

def work(k):
    a, b = pairs[k % 3]
    start.wait()
    for _ in range(20):
        if not np.allclose(f(a, b), a @ b, rtol=1e-4, atol=1e-4):
            wrong.append(k)

threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
print("wrong", wrong)
"""
    environment = {**os.environ, "THEON_CACHE": str(tmp_path), "OMP_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "wrong []", done.stderr


STACKS = {}


def stack_of_products(a, b):
    dtype = str(a.dtype)
    if dtype not in STACKS:
        x, y = T.tensor3(dtype=dtype), T.tensor3(dtype=dtype)
        f = STACKS[dtype] = theano.function([x, y], T.batched_dot(x, y))
        assert [s.name for s in f._native.program.steps if isinstance(s, NativeCall)] == ["gemm_stack"]
    return STACKS[dtype](a, b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(6))
def test_stacks_of_drawn_sizes_and_strides(seed, dtype):
    rng = np.random.RandomState(seed)
    for _ in range(10):
        n, m, k, p = (int(rng.choice([0, 1, 2, 3, 8, 31, rng.randint(1, most)])) for most in (20, 120, 900, 120))
        a, b = rng.randn(n, m, k).astype(dtype), rng.randn(n, k, p).astype(dtype)
        if rng.randint(2):
            a = np.asfortranarray(a)
        if rng.randint(2):
            b = np.ascontiguousarray(b.transpose(2, 0, 1)).transpose(1, 2, 0)
        tolerance = np.finfo(dtype).eps * 8 * max(1, k) ** 0.5
        found = stack_of_products(a, b)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, np.matmul(a.astype("float64"), b), tolerance, tolerance * 4)


def test_stacks_with_vectors_are_sums_that_store_no_products():
    x, y, z = T.dmatrix(), T.dtensor3(), T.dtensor3()
    f = theano.function([x, y, z], [T.batched_dot(x * 2, y), T.batched_dot(z, x), T.batched_dot(x, x)])
    program = f._native.program
    assert not [s for s in program.steps if isinstance(s, PythonCall | NativeCall)]
    rng = np.random.RandomState(0)
    a, b, c = rng.randn(5, 7), rng.randn(5, 7, 3), rng.randn(5, 4, 7)
    expected = np.einsum("bi,bij->bj", 2 * a, b), np.einsum("bij,bj->bi", c, a), (a * a).sum(1)
    for found, wanted in zip(f(a, b, c), expected):
        np.testing.assert_allclose(found, wanted, 1e-12)
    with pytest.raises(TypeError, match="must have the same size in axis 0"):
        f(a, b[:4], c)
