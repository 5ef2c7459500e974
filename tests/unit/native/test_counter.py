"""The native entry on hand-made programs."""

import gc
import resource

import numpy as np
import pytest

from theon.kernel.scalar import const, make
from theon.runtime.native import NativeFunction
from theon.schedule.step import Buffer, Check, HostScalar, Output, Program, Tensor, Update


def counter_program():
    elem = lambda number, dtype: make("elem", dtype, (), number)
    total = make("add", "int64", (elem(1, "int64"), make("cast", "int64", (elem(0, "int32"),))))
    buffers = (
        Buffer(0, "input"),
        Buffer(1, "shared"),
        Buffer(2, "output", nbytes=const(8)),
        Buffer(3, "output", nbytes=const(8)),
    )
    tensors = (
        Tensor(0, 0, "int32", 0),
        Tensor(1, 1, "int64", 0),
        Tensor(2, 2, "int64", 0, (), ()),
        Tensor(3, 3, "int64", 0, (), ()),
    )
    steps = (
        Check(
            make("ne", "bool", (elem(0, "int32"), const(13, "int32"))), 0, (make("cast", "int64", (elem(0, "int32"),)),)
        ),
        HostScalar(elem(1, "int64"), 2),
        HostScalar(total, 3),
    )
    return Program(
        (0,), (1,), (), tensors, buffers, steps, (Output(2),), (Update(0, 3),), ((None, "ValueError", "unlucky {0}"),)
    )


@pytest.fixture
def counter():
    storage = [np.array(0, np.int64)]
    return NativeFunction(counter_program(), [storage], "counter"), storage


def test_counts(counter):
    f, storage = counter
    first = f.entry(5)
    assert isinstance(first, np.ndarray) and first.shape == () and first.dtype == np.int64 and first == 0
    assert f.entry(np.int32(2)) == 5 and f.entry(np.array(-1, np.int32)) == 7
    assert storage[0] == 6 and storage[0].dtype == np.int64
    assert f.entry(np.array(4, "i2")) == 6 and f.entry(np.array(1, ">i4")) == 10  # through conversion


def test_errors_leave_the_state(counter):
    f, storage = counter
    with pytest.raises(ValueError, match="unlucky 13"):
        f.entry(13)
    for bad in (2**31, 1.5, "x", np.zeros(3, np.int32)):
        with pytest.raises(TypeError):
            f.entry(bad)
    with pytest.raises(TypeError):
        f.entry()
    assert storage[0] == 0
    assert f.entry(2) == 0


def test_memory_stays_flat(counter):
    f, storage = counter
    for _ in range(2000):
        f.entry(1)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100_000):
        f.entry(1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300
    assert storage[0] == 102_000
