"""The rules that programs obey: what each step names exists, and kernels are given what they declare."""

from __future__ import annotations

from theon.kernel.scalar import BOOL, INDEX, Scalar
from theon.kernel.verify import InvalidKernel, verify_kernel, verify_scalar
from theon.schedule.step import Branch, Check, HostScalar, KernelStep, Loop, NativeCall, Program, PythonCall, Step

__all__ = ["InvalidProgram", "verify_program"]


class InvalidProgram(InvalidKernel):
    """A program that breaks a rule; the message says which."""


class _Verifier:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.tensors = {t.number: t for t in program.tensors}
        self.buffers = {b.number: b for b in program.buffers}
        self.kernels: set[int] = set()

    def need(self, good: bool, rule: str) -> None:
        if not good:
            raise InvalidProgram(rule)

    def scalar(self, x: Scalar, dtype: str = INDEX) -> None:
        self.need(x.dtype == dtype, f"{x!r} is {x.dtype}, where {dtype} is needed")
        verify_scalar([x], self.leaf, {})

    def leaf(self, x: Scalar) -> None:
        if x.op == "elem":
            t = self.tensors.get(x.attr)
            self.need(t is not None and t.ndim == 0 and t.dtype == x.dtype, f"elem of tensor {x.attr} as {x.dtype}")
        elif x.op in ("dim", "stride"):
            number, dim = x.attr
            t = self.tensors.get(number)
            self.need(t is not None and 0 <= dim < t.ndim and x.dtype == INDEX, f"{x.op} {dim} of tensor {number}")
        else:
            raise InvalidProgram(f"{x.op} is known to kernels, not to programs")

    def run(self) -> None:
        program = self.program
        for t in program.tensors:
            self.need(t.buffer in self.buffers, f"tensor {t.number} lives in buffer {t.buffer}")
            for vector in (t.sizes, t.strides):
                self.need(vector is None or len(vector) == t.ndim, f"tensor {t.number} has {t.ndim} dimensions")
                for x in vector or ():
                    self.scalar(x)
            if t.offset is not None:
                self.scalar(t.offset)
        for b in program.buffers:
            self.need((b.nbytes is not None) == (b.kind in ("temp", "output")), f"buffer {b.number}, {b.kind}")
            if b.nbytes is not None:
                self.scalar(b.nbytes)
        for kind, numbers in (("input", program.inputs), ("shared", program.shared), ("constant", program.constants)):
            for place, number in enumerate(numbers):
                b = self.buffers[self.tensors[number].buffer]
                self.need((b.kind, b.index) == (kind, place), f"{kind} {place} is tensor {number} in a {b.kind} buffer")
        for step in program.steps:
            self.step(step)
        for output in program.outputs:
            self.known(output.tensor)
        for update in program.updates:
            self.known(update.tensor)
            self.need(0 <= update.shared < len(program.shared), f"an update of shared variable {update.shared}")
            old, new = self.tensors[program.shared[update.shared]], self.tensors[update.tensor]
            self.need((old.dtype, old.ndim) == (new.dtype, new.ndim), f"an update of {old} by {new}")

    def known(self, number: int) -> None:
        self.need(number in self.tensors, f"no tensor {number}")

    def error(self, number: int | None) -> None:
        self.need(number is None or 0 <= number < len(self.program.errors), f"no error {number}")

    def number(self, tensor: int, dtype: str) -> None:
        self.known(tensor)
        t = self.tensors[tensor]
        self.need((t.dtype, t.ndim) == (dtype, 0), f"tensor {tensor} is {t.ndim}-d {t.dtype}, not a number of {dtype}")

    def step(self, step: Step) -> None:
        if isinstance(step, Check):
            self.scalar(step.condition, BOOL)
            for x in step.shown:
                self.scalar(x)
            self.error(step.error)
        elif isinstance(step, HostScalar):
            self.number(step.output, step.value.dtype)
            self.scalar(step.value, step.value.dtype)
        elif isinstance(step, KernelStep):
            self.kernel(step)
        elif isinstance(step, NativeCall | PythonCall):
            for number in (*step.inputs, *step.outputs):
                self.known(number)
            if isinstance(step, NativeCall):
                self.error(step.error)
                for x in step.scalars:
                    self.scalar(x, x.dtype)
                for follower in step.after:
                    self.step(follower.step)
                    count = len(_places(follower.step))
                    self.need(len(follower.rows) == count, f"rows for {len(follower.rows)} of {count} tensors")
        elif isinstance(step, Loop):
            self.scalar(step.count)
            self.number(step.counter, INDEX)
            if step.stop is not None:
                self.number(step.stop, BOOL)
            for inner in step.steps:
                self.step(inner)
        elif isinstance(step, Branch):
            self.scalar(step.condition, BOOL)
            for inner in (*step.then, *step.otherwise):
                self.step(inner)

    def kernel(self, step: KernelStep) -> None:
        kernel = step.kernel
        if id(kernel) not in self.kernels:
            self.kernels.add(id(kernel))
            verify_kernel(kernel)
        self.need(len(step.extents) == kernel.naxes, f"{len(step.extents)} extents for {kernel.naxes} axes")
        for x in step.extents:
            self.scalar(x)
        self.need(len(step.operands) == len(kernel.operands), "another number of operands than the kernel declares")
        for place, (given, declared) in enumerate(zip(step.operands, kernel.operands)):
            self.need((given is None) == (declared.kind == "scratch"), f"operand {place} is {declared.kind}")
            if given is None:
                continue
            number, strides = given
            self.known(number)
            t = self.tensors[number]
            self.need(t.dtype == declared.dtype, f"operand {place} is {declared.dtype}, tensor {number} is {t.dtype}")
            self.need(len(strides) == len(declared.axes), f"operand {place} has {len(strides)} strides")
            for x in strides:
                self.scalar(x)
            kind = self.buffers[t.buffer].kind
            written = declared.kind != "read"
            self.need(not (written and kind in ("input", "constant")), f"operand {place} writes to memory of an {kind}")
        self.error(step.error)
        drawn = [place for place, declared in enumerate(kernel.operands) if declared.kind == "drawn"]
        self.need(
            drawn == ([] if step.draw is None else [step.draw.operand]), f"operands {drawn} are drawn: {step.draw}"
        )
        for number in () if step.draw is None else (step.draw.state, step.draw.new):
            self.known(number)
            t = self.tensors[number]
            self.need((t.dtype, t.ndim) == ("int32", 2), f"states in tensor {number}, {t.ndim}-d {t.dtype}")


def _places(step: KernelStep | NativeCall) -> tuple[object, ...]:
    """The operands of a kernel, the inputs and outputs of a call."""
    return step.operands if isinstance(step, KernelStep) else (*step.inputs, *step.outputs)


def verify_program(program: Program) -> None:
    """Return if ``program`` and each of its kernels obey every rule; InvalidProgram or InvalidKernel says which one is broken."""
    _Verifier(program).run()
