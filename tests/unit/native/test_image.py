"""Objects put into memory without LLVM's linker."""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.codegen import image, jit

pytestmark = pytest.mark.skipif(not image._can(), reason="this machine's objects are left to LLVM's linker")

CALLER = """
declare i64 @triple(i64)
declare double @cbrt(double)
declare i64 @given(i64)
@count = global i64 5
@counter = external global i64
define i64 @caller(i64 %x) {
  %y = call i64 @triple(i64 %x)
  %z = call i64 @given(i64 %y)
  %n = load i64, ptr @count
  %far = load i64, ptr @counter
  store i64 %x, ptr @count
  %s = add i64 %z, %n
  %t = add i64 %s, %far
  ret i64 %t
}
define double @root(double %x) {
  %y = call double @cbrt(double %x)
  %z = fadd double %y, 0x3FD5555555555555
  ret double %z
}
"""
TRIPLE = """
@counter = global i64 100
define internal i64 @caller(i64 %x) noinline {
  %y = mul i64 %x, 3
  ret i64 %y
}
define i64 @triple(i64 %x) {
  %y = call i64 @caller(i64 %x)
  ret i64 %y
}
"""


def test_objects_refer_to_each_other_to_what_is_given_and_to_the_process():
    callback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(lambda x: x + 1000)
    bodies = [jit.object_code(CALLER, "quick"), jit.object_code(TRIPLE, "quick")]
    made = image.linked(bodies, {"given": ctypes.cast(callback, ctypes.c_void_p).value})
    caller = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(made.address("caller"))
    assert [caller(7), caller(8)] == [21 + 1000 + 5 + 100, 24 + 1000 + 7 + 100]
    assert ctypes.c_int64.from_address(made.address("count")).value == 8
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(made.address("root"))(27.0) == pytest.approx(3 + 1 / 3)


def test_what_is_not_known_is_left_to_llvm():
    body = jit.object_code(CALLER, "quick")
    assert image.linked([body], {}) is None  # nobody has "given"
    assert image.linked([b"no object", body], {}) is None
    assert image.linked([body[:200]], {}) is None


def test_llvm_links_what_is_left_to_it(monkeypatch):
    monkeypatch.setattr(image, "linked", lambda bodies, symbols: None)
    x = T.dvector()
    found = theano.function([x], [T.cosh(x) * 0.125, x.sum()])(np.arange(9.0))
    np.testing.assert_allclose(found[0], np.cosh(np.arange(9.0)) * 0.125)
    assert found[1] == 36


def test_programs_that_were_compiled_before_run_without_llvm(tmp_path):
    code = """
import sys, numpy as np, theano, theano.tensor as T
x, w = T.fmatrix(), theano.shared(np.ones((3, 4), "float32"))
f = theano.function([x], T.nnet.softmax(T.dot(x, w)).sum(0), updates=[(w, w * 2)])
assert f(np.ones((2, 3), "float32")).sum() == 2 and w.get_value()[0, 0] == 2
print("llvmlite" in sys.modules)
"""
    environment = {**os.environ, "THEON_CACHE": str(tmp_path)}
    told = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert [text.split() for text in told] == [["True"], ["False"]]
