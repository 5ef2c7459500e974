"""Programs: what a compiled function does, as data.

A :class:`Program` is a straight list of steps over numbered tensors. Sizes, strides, offsets and other 0-d values
are :class:`~theon.kernel.scalar.Scalar` expressions over ``dim`` (size of a program tensor whose sizes are only
known at run time: inputs, shared values, results of Python steps and of data-dependent steps) and ``elem`` (value
of a 0-d tensor, read when the step runs).

Tensor numbers: every array the program touches is one :class:`Tensor` in ``Program.tensors``; ``buffer`` says which
storage it lives in, so that a view is a second Tensor on the same buffer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar

__all__ = [
    "Branch",
    "Buffer",
    "Check",
    "Draw",
    "Follower",
    "HostScalar",
    "KernelStep",
    "Loop",
    "NativeCall",
    "Output",
    "Program",
    "PythonCall",
    "Step",
    "Tensor",
    "Update",
]


@dataclass(frozen=True, slots=True)
class Buffer:
    """Storage. ``kind``: input, shared, constant (``index`` = which one); temp (arena); output (a new NumPy array
    handed to the caller or, for an update, to the shared variable); python (made by a PythonCall, kept alive by the program)."""

    number: int
    kind: str
    index: int = 0
    nbytes: Scalar | None = None  # temp and output; None for the rest
    slot: int | None = None  # temp: arena slot given by schedule.memory; buffers with equal slot share bytes


@dataclass(frozen=True, slots=True)
class Tensor:
    """A strided region of a buffer. For input, shared and python buffers whose own layout is only known at run
    time, ``offset``/``sizes``/``strides`` are None: the array as it is; its sizes are ``dim`` leaves."""

    number: int
    buffer: int
    dtype: str
    ndim: int
    sizes: tuple[Scalar, ...] | None = None
    strides: tuple[Scalar, ...] | None = None  # bytes; use stride_of(number, d) == make("stride", ...) for unknown ones
    offset: Scalar | None = None  # bytes from the buffer's start


@dataclass(frozen=True, slots=True)
class Check:
    """Fail with error ``error`` unless ``condition`` (bool Scalar) holds; ``shown`` are int64 values for the message."""

    condition: Scalar
    error: int
    shown: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class HostScalar:
    """Compute a 0-d value once and store it in 0-d tensor ``output`` (inline native code, no loop)."""

    value: Scalar
    output: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Draws from the streams of tensor ``state``, (streams, 6) int32, that a kernel reads as its operand ``operand``: what
    routine ``uniform`` would write there. The states after go to ``new``."""

    operand: int
    state: int
    new: int


@dataclass(frozen=True, slots=True)
class KernelStep:
    """Run ``kernel`` with ``extents`` (one Scalar an axis) on ``operands``.

    Each entry of ``operands`` is (tensor number, strides): strides = one Scalar (bytes) for each axis in the kernel
    operand's ``axes``. Scratch operands have entry None. With a ``draw`` one operand is memory that is never used: its
    elements are drawn.
    """

    kernel: Kernel
    extents: tuple[Scalar, ...]
    operands: tuple[tuple[int, tuple[Scalar, ...]] | None, ...]
    error: int | None = None
    draw: Draw | None = None


@dataclass(frozen=True, slots=True)
class Follower:
    """A step that runs on each part of a call's result as soon as it is made, while it is in the cache.

    A part is one image, some channels and some rows. ``rows``: for each operand of a kernel, or each input and output of a
    call, the rows up and down by which it is counted: row ``y`` of the result is row ``y * up // down`` there.
    """

    step: KernelStep | NativeCall
    rows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class NativeCall:
    """Call routine ``name`` of codegen's routine table (blas gemm, gemv, copy, cumsum, ...) on tensors and scalars.

    A routine that makes its result in parts runs the steps ``after`` on each of them.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    scalars: tuple[Scalar, ...] = ()
    attrs: tuple[Any, ...] = ()
    error: int | None = None
    after: tuple[Follower, ...] = ()


@dataclass(frozen=True, slots=True)
class PythonCall:
    """Run a node's ``perform``: inputs are tensors (wrapped as arrays) or object values; outputs become python buffers.

    ``loops``: for each loop around the step, the outermost first, what to call it and the tensor that counts its steps.
    """

    node: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    loops: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """Run ``steps`` ``count`` times, or until the 0-d bool tensor ``stop`` holds after one of them.

    ``counter`` is a 0-d int64 tensor: the number of times the steps have run, while they run and afterwards. Sizes of
    buffers made inside do not change from one time to the next, but for those ``anew``: each time they have the room that
    they need then when the first step that touches them begins.
    """

    steps: tuple[Step, ...]
    count: Scalar
    counter: int
    stop: int | None = None
    anew: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """Run one of two step lists."""

    condition: Scalar
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


Step = Check | HostScalar | KernelStep | NativeCall | PythonCall | Loop | Branch


@dataclass(frozen=True, slots=True)
class Output:
    """What the caller gets: ``tensor``; ``copy`` when it lives in storage the caller must not alias."""

    tensor: int
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """After success shared variable ``shared`` holds ``tensor``. ``in_place``: the steps already wrote into its storage."""

    shared: int
    tensor: int
    in_place: bool = False


@dataclass(frozen=True)
class Program:
    """A scheduled function: see the module text. ``errors``: (node or None, exception class name, message template)."""

    inputs: tuple[int, ...]  # tensor numbers, in call order
    shared: tuple[int, ...]
    constants: tuple[int, ...]
    tensors: tuple[Tensor, ...]
    buffers: tuple[Buffer, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]
    updates: tuple[Update, ...]
    errors: tuple[tuple[Any, str, str], ...] = ()
    constant_values: tuple[Any, ...] = field(default=(), compare=False)
    broadcast: tuple[tuple[int, tuple[bool, ...]], ...] = ()  # argument tensor -> dims whose size must be 1
    dense: tuple[int, ...] = ()  # argument tensors that must be C-contiguous
