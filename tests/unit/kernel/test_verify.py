"""Every rule of kernels and programs, each broken once."""

import dataclasses

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.kernel.build import Builder
from theon.kernel.loops import Kernel, Operand, Pass, Reduction, Store
from theon.kernel.scalar import const, make
from theon.kernel.verify import InvalidKernel, verify_kernel
from theon.schedule.step import Check, HostScalar, KernelStep
from theon.schedule.verify import InvalidProgram, verify_program

k = Builder()
READ, WRITE = Operand("float64", (0, 1)), Operand("float64", (0,), "write")
x, total = make("load", "float64", (), 0), make("result", "float64", (), 0)
SUM = Pass((1,), (Reduction("add", x, 0, "float64"),))
KEEP = Pass((), (), (Store(1, total),))
GOOD = Kernel(2, (0,), (READ, WRITE), (SUM, KEEP))


def test_a_good_kernel_passes():
    verify_kernel(GOOD)


def with_value(value):
    return Kernel(
        1, (), (Operand("float64", (0,)), Operand(value.dtype, (0,), "write")), (Pass((0,), (), (Store(1, value),)),)
    )


BROKEN = {
    "varies along": Kernel(1, (0,), (READ, WRITE), (SUM, KEEP)),
    "is of kind": Kernel(2, (0,), (Operand("float64", (0, 1), "weird"), WRITE), (SUM, KEEP)),
    "has dtype complex64": Kernel(2, (0,), (Operand("complex64", (0, 1)), WRITE), (SUM, KEEP)),
    "after scratch": Kernel(2, (0,), (READ, Operand("float64", (1,), "scratch", 4), WRITE), ()),
    "has size 0": Kernel(2, (0,), (READ, Operand("float64", (1,), "scratch")), ()),
    "outer axes": Kernel(2, (0, 0), (READ, WRITE), ()),
    "a pass over": Kernel(2, (0,), (READ, WRITE), (Pass((0,), SUM.reductions), KEEP)),
    "a store to operand 7": Kernel(2, (0,), (READ, WRITE), (SUM, Pass((), (), (Store(7, total),)))),
    "which is only read": Kernel(2, (0,), (READ, WRITE), (Pass((1,), (), (Store(0, x),)),)),
    "written many times": Kernel(2, (0,), (READ, WRITE), (Pass((1,), (), (Store(1, x),)),)),
    "nobody wrote": Kernel(2, (0,), (READ, WRITE), (Pass((1,), (), (Store(1, x, "add"),)),)),
    "a store of float32": Kernel(2, (0,), (READ, WRITE), (SUM, Pass((), (), (Store(1, k.cast(total, "float32")),)))),
    "result 0 of float64 is not known": Kernel(2, (0,), (READ, WRITE), (KEEP, SUM)),
    "reduced twice": Kernel(2, (0,), (READ, WRITE), (SUM, SUM, KEEP)),
    "no such reduction": Kernel(2, (0,), (READ, WRITE), (Pass((1,), (Reduction("mean", x, 0, "float64"),)), KEEP)),
    "a reduction of float64 to float32": Kernel(2, (0,), (READ,), (Pass((1,), (Reduction("add", x, 0, "float32"),)),)),
    "argmax to float64": Kernel(2, (0,), (READ,), (Pass((1,), (Reduction("argmax", x, 0, "float64"),)),)),
    "a load of operand 0 along": Kernel(2, (0,), (READ, WRITE), (Pass((), (), (Store(1, x),)),)),
    "a load of operand 5": with_value(make("load", "float64", (), 5)),
    "from operand 0 of float64": with_value(make("load", "float32", (), 0)),
    "operand 1, write, that nobody wrote": with_value(make("load", "float64", (), 1)),
    "axis 3 of int64": with_value(make("axis", "int64", (), 3)),
    "not to kernels": with_value(make("dim", "int64", (), (0, 0))),
    "no such operation": with_value(make("cbrt", "float64", (x,))),
    "add:float64 of operands of dtypes": with_value(make("add", "float64", (x, k.cast(x, "float32")))),
    "div:int64": with_value(make("div", "int64", (const(1), const(2)))),
    "select:float64": with_value(make("select", "float64", (x, x, x))),
    "lt:float64": with_value(make("lt", "float64", (x, x))),
    "math:float64": with_value(make("math", "float64", (x,), "pow")),
    "a literal of int64 is 1.5": with_value(make("const", "int64", (), 1.5)),
    "the position along axis 1 has dtype": Kernel(
        2, (0,), (READ, WRITE), (Pass((), (), (Store(1, x),), ((1, const(0, "int32")),)),)
    ),
}  # fmt: skip


@pytest.mark.parametrize("words", sorted(BROKEN))
def test_a_broken_kernel_is_refused(words):
    with pytest.raises(InvalidKernel, match=words) as caught:
        verify_kernel(BROKEN[words])
    assert "kernel axes=" in str(caught.value)  # the whole kernel is shown


def program():
    a, s = T.dmatrix("a"), theano.shared(np.zeros(3))
    f = theano.function([a], T.tanh(a.sum(axis=0)), updates=[(s, s + a[0])])
    found = f._native.program
    verify_program(found)
    return found


def changed_step(found, kind, **changes):
    steps = list(found.steps)
    place = next(n for n, step in enumerate(steps) if isinstance(step, kind))
    steps[place] = dataclasses.replace(steps[place], **{name: new(steps[place]) for name, new in changes.items()})
    return dataclasses.replace(found, steps=tuple(steps))


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (KernelStep, {"extents": lambda s: s.extents[:-1]}, "extents for"),
        (KernelStep, {"operands": lambda s: s.operands[:-1]}, "another number of operands"),
        (KernelStep, {"operands": lambda s: ((99, ()), *s.operands[1:])}, "no tensor 99"),
        (KernelStep, {"operands": lambda s: (*s.operands[:-1], (s.operands[-1][0], ()))}, "has 0 strides"),
        (KernelStep, {"error": lambda s: 77}, "no error 77"),
        (Check, {"condition": lambda s: const(1)}, "where bool is needed"),
    ],
)
def test_a_broken_program_is_refused(kind, changes, words):
    with pytest.raises(InvalidProgram, match=words):
        verify_program(changed_step(program(), kind, **changes))


def test_programs_do_not_write_to_their_inputs():
    found = program()

    def onto_input(step):
        return (*step.operands[:-1], (found.inputs[0], step.operands[-1][1]))

    two = [s for s in found.steps if isinstance(s, KernelStep) and len(s.operands[-1][1]) == 2]
    if two:
        with pytest.raises(InvalidProgram, match="writes to memory of an input"):
            verify_program(changed_step(found, KernelStep, operands=onto_input))
    bad = HostScalar(const(1.0, "float64"), found.inputs[0])
    with pytest.raises(InvalidProgram, match="not a number"):
        verify_program(dataclasses.replace(found, steps=(bad,)))


def test_the_suite_verifies_what_it_compiles():
    assert theano.config.verify_programs
