"""Programs with kernels, temps and Python steps, on a hand-made kernel."""

import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.kernel.loops import Kernel, Operand
from theon.kernel.scalar import const, make
from theon.runtime.native import NativeFunction
from theon.schedule.step import Buffer, KernelStep, Output, Program, PythonCall, Tensor

DOUBLE = """
define internal i64 @kernel0(ptr %data, ptr %extents, ptr %strides) {
  %from = load ptr, ptr %data
  %second = getelementptr ptr, ptr %data, i64 1
  %to = load ptr, ptr %second
  %count = load i64, ptr %extents
  %in = load i64, ptr %strides
  %next = getelementptr i64, ptr %strides, i64 1
  %out = load i64, ptr %next
  br label %head
head:
  %i = phi i64 [ 0, %0 ], [ %after, %body ]
  %more = icmp slt i64 %i, %count
  br i1 %more, label %body, label %end
body:
  %a = mul i64 %i, %in
  %b = mul i64 %i, %out
  %source = getelementptr i8, ptr %from, i64 %a
  %target = getelementptr i8, ptr %to, i64 %b
  %value = load double, ptr %source
  %twice = fmul double %value, 2.0
  store double %twice, ptr %target
  %after = add i64 %i, 1
  br label %head
end:
  ret i64 0
}
"""
KERNEL = Kernel(1, (0,), (Operand("float64", (0,)), Operand("float64", (0,), "write")), ())
SIZE, STEP, EIGHT = make("dim", "int64", (), (0, 0)), make("stride", "int64", (), (0, 0)), const(8)
BYTES = make("mul", "int64", (SIZE, EIGHT))


class AddOne:
    """A node and its op in one; sizes of 3 fail."""

    @property
    def op(self):
        return self

    def perform(self, node, inputs, storage):
        if inputs[0].size == 3:
            raise KeyError("three")
        storage[0][0] = inputs[0] + 1


def dense(number):
    return Tensor(number, number, "float64", 1, (SIZE,), (EIGHT,))


@pytest.fixture
def python_step():
    unknown = make("stride", "int64", (), (2, 0))
    buffers = (
        Buffer(0, "input"),
        Buffer(1, "temp", nbytes=BYTES, slot=0),
        Buffer(2, "python"),
        Buffer(3, "output", nbytes=BYTES),
    )
    steps = (
        KernelStep(KERNEL, (SIZE,), ((0, (STEP,)), (1, (EIGHT,)))),
        PythonCall(AddOne(), (1,), (2,)),
        KernelStep(KERNEL, (SIZE,), ((2, (unknown,)), (3, (EIGHT,)))),
    )
    tensors = (Tensor(0, 0, "float64", 1), dense(1), Tensor(2, 2, "float64", 1), dense(3))
    program = Program((0,), (), (), tensors, buffers, steps, (Output(3), Output(1), Output(0)), ())
    return NativeFunction(program, [], "g", kernels=DOUBLE)


def test_python_step_between_kernels(python_step):
    x = np.arange(10.0)[::-2]
    results = python_step.entry(x)
    np.testing.assert_array_equal(results[0], 4 * x + 2)
    np.testing.assert_array_equal(results[1], 2 * x)
    np.testing.assert_array_equal(results[2], x)


def test_python_errors_propagate_and_nothing_leaks(python_step):
    x = np.arange(3.0)
    before = sys.getrefcount(x)
    for _ in range(1000):
        with pytest.raises(KeyError, match="three"):
            python_step.entry(x)
    assert sys.getrefcount(x) == before


def test_temps_live_in_the_arena():
    buffers = (Buffer(0, "input"), Buffer(1, "temp", nbytes=BYTES, slot=0), Buffer(2, "output", nbytes=BYTES))
    steps = (
        KernelStep(KERNEL, (SIZE,), ((0, (STEP,)), (1, (EIGHT,)))),
        KernelStep(KERNEL, (SIZE,), ((1, (EIGHT,)), (2, (EIGHT,)))),
    )
    program = Program((0,), (), (), (Tensor(0, 0, "float64", 1), dense(1), dense(2)), buffers, steps, (Output(2),), ())
    f = NativeFunction(program, [], "h", kernels=DOUBLE)
    for count in (0, 1, 1000, 10, 5000):  # grown, then reused
        x = np.arange(float(count))
        result = f.entry(x)
        np.testing.assert_array_equal(result, 4 * x)
        assert result.flags.owndata and result.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_reductions_of_a_constant_spread_over_a_shape(dtype):
    x = T.matrix(dtype=dtype)
    spread = T.second(x, np.asarray(3, dtype=dtype))
    f = theano.function([x], [spread.sum(), spread.max(axis=0), spread.prod(axis=1), T.ones_like(x).sum(axis=1)])
    value = np.zeros((5, 37), dtype=dtype)
    total, largest, product, count = f(value)
    assert total == 3 * value.size
    assert (largest == 3).all()
    np.testing.assert_allclose(product, (value + 3).prod(axis=1), rtol=1e-5)
    assert (count == 37).all()
