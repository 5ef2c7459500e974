"""Function graph -> Program: what each node becomes, with elementwise chains fused into the kernels that read them.

Each variable of the graph has one form at a time: a number known as a scalar expression (0-d values and sizes), a short
vector of such numbers, an elementwise expression that no memory holds yet, or a tensor of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

from theon.dtypes import complex_dtypes, upcast
from theon.errors import NotScalarConstantError
from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.build import Builder, Unsupported
from theon.kernel.loops import Kernel, Operand, Pass, Store
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.ops.dims import get_scalar_constant_value
from theon.scalar.op import ScalarOp
from theon.scalar.type import Scalar as ScalarType
from theon.schedule.step import (
    Buffer,
    Check,
    HostScalar,
    KernelStep,
    NativeCall,
    Output,
    Program,
    PythonCall,
    Step,
    Tensor,
    Update,
)
from theon.tensor.type import TensorType

__all__ = ["Expression", "Lowering", "Unsupported", "is_reversal", "k", "lowered", "lowers", "renumbered"]

_ITEM = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "float16": 2,
    "complex128": 16,
}
NATIVE = {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"}
# What native code keeps in memory, moves and copies, but does not compute with: as (dtype of its parts, number of them).
OPAQUE = {"float16": ("uint16", 1), "complex64": ("float32", 2), "complex128": ("float64", 2)}
HELD = NATIVE | set(OPAQUE)
# Ops that change where elements are found, not what they are: they apply to anything in memory.
_MOVING = {"DimShuffle", "Subtensor", "Shape", "Shape_i", "Reshape", "Rebroadcast", "SumLike"}
_COMPARISONS = {"lt", "gt", "le", "ge", "eq", "neq", "isnan", "isinf"}
# An expression read in several places is kept in memory if it holds one of these, else computed again.
_COSTLY = {"math", "div", "sqrt", "floordiv", "mod"}
_LARGEST_EXPRESSION = 60
k = Builder()
# Functions of (lowering, node) for ops whose classes have these names; the modules beside this one add to it.
LOWERINGS: dict[str, Callable[[Lowering, Apply], None]] = {}


def lowers(*names: str) -> Callable[[Callable[[Lowering, Apply], None]], Callable[[Lowering, Apply], None]]:
    """Register the lowering of the ops whose classes have these names."""

    def register(function: Callable[[Lowering, Apply], None]) -> Callable[[Lowering, Apply], None]:
        for name in names:
            LOWERINGS[name] = function
        return function

    return register


@lru_cache(maxsize=1024)
def is_own(cls: type) -> bool:
    """Whether an op's class computes what Theon's class of that name does: a user's op may have any name."""
    parts = (getattr(cls, name, None) for name in ("make_node", "perform", "reference"))
    return all(part is None or part.__module__.startswith("theon.") for part in parts)


def item(dtype: str) -> int:
    """Return the number of bytes of an element."""
    return _ITEM.get(dtype, 8)


class Expression:
    """An elementwise value in no memory yet: ``value`` with ``load`` leaves numbered by ``operands``.

    ``operands`` are (tensor number, strides per dimension of the result, None where constant along it).
    """

    def __init__(
        self, value: Scalar, operands: list[tuple[int, tuple[Scalar | None, ...]]], sizes: tuple[Scalar, ...]
    ) -> None:
        self.value, self.operands, self.sizes = value, operands, sizes
        self.size, self.costly = _weight(value)
        self.positional = bool(axes_of(value))  # whether the value depends on where in the result it is
        self.constant = all(s is None for _, strides in operands for s in strides)  # nothing but numbers is read


def _weight(value: Scalar) -> tuple[int, bool]:
    seen: set[int] = set()
    stack = [value]
    costly = False
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        costly = costly or x.op in _COSTLY
        stack.extend(x.args)
    return len(seen), costly


def plus(x: Scalar, y: Scalar) -> Scalar:
    if x.op == "const" and y.op == "const":
        return const(x.attr + y.attr)
    if x.op == "const" and x.attr == 0:
        return y
    return x if y.op == "const" and y.attr == 0 else make("add", INDEX, (x, y))


def times(x: Scalar, y: Scalar) -> Scalar:
    if x.op == "const" and y.op == "const":
        return const(x.attr * y.attr)
    if x.op == "const" and x.attr == 1:
        return y
    return x if y.op == "const" and y.attr == 1 else make("mul", INDEX, (x, y))


def product(sizes: Sequence[Scalar]) -> Scalar:
    """The number of elements."""
    total = const(1)
    for n in sizes:
        total = times(total, n)
    return total


def axes_of(value: Scalar) -> set[int]:
    """The dimensions whose positions ``value`` reads."""
    seen: set[int] = set()
    found: set[int] = set()
    stack = [value]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if x.op == "axis":
            found.add(x.attr)
        stack.extend(x.args)
    return found


def on_axes(value: Scalar, axes: Sequence[int]) -> Scalar:
    """Return ``value`` with positions along dimension i read along ``axes[i]``."""
    return _replaced(value, "axis", axes)


def renumbered(value: Scalar, numbers: list[int]) -> Scalar:
    """Return ``value`` with load leaf i renumbered to ``numbers[i]``."""
    return _replaced(value, "load", numbers)


def _replaced(value: Scalar, leaf: str, numbers: Sequence[int]) -> Scalar:
    done: dict[int, Scalar] = {}
    stack = [value]
    while stack:
        x = stack[-1]
        if id(x) in done:
            stack.pop()
            continue
        if x.op == leaf:
            done[id(x)] = make(leaf, x.dtype, (), numbers[x.attr])
            stack.pop()
            continue
        waiting = [a for a in x.args if id(a) not in done]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        done[id(x)] = make(x.op, x.dtype, tuple(done[id(a)] for a in x.args), x.attr) if x.args else x
    return done[id(value)]


class Lowering:
    """Builds one Program; see :func:`lowered`."""

    def __init__(self, fgraph: FunctionGraph, n_inputs: int, n_outputs: int, updated: Sequence[int]) -> None:
        self.fgraph = fgraph
        self.tensors: list[Tensor] = []
        self.buffers: list[Buffer] = []
        self.steps: list[Step] = []
        self.errors: list[tuple[Any, str, str]] = [(None, "NativeFallback", "")]
        self.constants: list[int] = []
        self.constant_values: list[Any] = []
        self.constant_slots: dict[Any, int] = {}
        self.broadcast: list[tuple[int, tuple[bool, ...]]] = []
        self.memory: dict[Variable, int] = {}
        self.scalar: dict[Variable, Scalar] = {}
        self.vector: dict[Variable, tuple[Scalar, ...]] = {}
        self.pending: dict[Variable, Expression] = {}
        self.checked: set[tuple[Scalar, Scalar]] = set()
        self.known_indices: set[tuple[Variable, Scalar, bool]] = set()
        self.places: dict[Variable, int | Callable[[tuple[Scalar, ...]], int | None]] = {}
        self.forward: dict[int, int] = {}  # tensors that show the rows of another one, the last first: that one
        self.parts: dict[int, int] = {}  # tensors that are parts of one array, side by side: that array
        self.loops: list[tuple[str, int]] = []  # around the step that is being lowered: what to call it, its counter
        self.last_steps: dict[tuple[int, int], list[Step]] = {}  # that change part of a shared variable in place
        self.n_outputs, self.updated = n_outputs, list(updated)
        self.wanted = set(fgraph.outputs)
        self.postponed: set[Variable] = set()  # updates that only other updates read
        self.inputs = [self.argument(v, "input", i) for i, v in enumerate(fgraph.inputs[:n_inputs])]
        self.shared = [self.argument(v, "shared", i) for i, v in enumerate(fgraph.inputs[n_inputs:])]

    # --- tensors ---

    def buffer(self, kind: str, index: int = 0, nbytes: Scalar | None = None) -> int:
        number = len(self.buffers)
        self.buffers.append(Buffer(number, kind, index, nbytes, number if kind == "temp" else None))
        return number

    def tensor(
        self, buffer: int, dtype: str, ndim: int, sizes: Any = None, strides: Any = None, offset: Any = None
    ) -> int:
        number = len(self.tensors)
        self.tensors.append(Tensor(number, buffer, dtype, ndim, sizes, strides, offset))
        return number

    def argument(self, variable: Variable, kind: str, index: int) -> int:
        type_ = variable.type
        if not isinstance(type_, TensorType) or type_.dtype not in HELD or type(type_) is not TensorType:
            raise Unsupported(f"{variable} of type {type_}")
        number = self.tensor(self.buffer(kind, index), type_.dtype, type_.ndim)
        if any(type_.broadcastable):
            self.broadcast.append((number, type_.broadcastable))
        for d, n in enumerate(type_.shape):
            if n is not None and n != 1:
                self.check(make("eq", BOOL, (make("dim", INDEX, (), (number, d)), const(n))))
        self.memory[variable] = number
        return number

    def constant(self, variable: Constant) -> int:
        key = variable.signature()
        number = self.constant_slots.get(key)
        if number is None:
            data = variable.data
            dtype = str(data.dtype)
            if dtype not in HELD:
                raise Unsupported(f"a constant of dtype {dtype}")
            buffer = self.buffer("constant", len(self.constant_values))
            sizes = tuple(const(n) for n in data.shape)
            strides = tuple(const(n) for n in data.strides)
            number = self.tensor(buffer, dtype, data.ndim, sizes, strides, const(0))
            self.constants.append(number)
            self.constant_values.append(data)
            self.constant_slots[key] = number
        return number

    def sizes_of(self, number: int) -> tuple[Scalar, ...]:
        t = self.tensors[number]
        return t.sizes if t.sizes is not None else tuple(make("dim", INDEX, (), (number, d)) for d in range(t.ndim))

    def strides_of(self, number: int) -> tuple[Scalar, ...]:
        t = self.tensors[number]
        if t.strides is not None:
            return t.strides
        return tuple(make("stride", INDEX, (), (number, d)) for d in range(t.ndim))

    def offset_of(self, number: int) -> Scalar:
        return self.tensors[number].offset or const(0)

    def is_dense(self, number: int) -> bool:
        """Whether the tensor is known to be C-contiguous."""
        t = self.tensors[number]
        if t.sizes is None or t.strides is None:
            return False
        step = const(item(t.dtype))
        for n, s in zip(reversed(t.sizes), reversed(t.strides)):
            if s is not step and not (n.op == "const" and n.attr == 1):
                return False
            step = times(step, n)
        return True

    def fresh(self, variable: Variable | None, dtype: str, sizes: tuple[Scalar, ...]) -> int:
        """A new dense tensor, in memory for the caller where ``variable`` is a result of the function.

        A variable that has its ``places`` entry, a row of a loop's result (or a function that makes one), is computed there.
        """
        place = self.places.pop(variable, None) if variable is not None else None
        if callable(place):
            place = place(sizes)
        if place is not None:
            for n, wanted in zip(sizes, self.sizes_of(place)):
                self.same(n, wanted)
            return place
        strides: list[Scalar] = []
        step = const(item(dtype))
        for n in reversed(sizes):
            strides.insert(0, step)
            step = times(step, n)
        kind = "output" if variable is not None and variable in self.wanted else "temp"
        return self.tensor(self.buffer(kind, 0, step), dtype, len(sizes), sizes, tuple(strides), const(0))

    def view(self, number: int, sizes: Sequence[Scalar], strides: Sequence[Scalar], offset: Scalar) -> int:
        t = self.tensors[number]
        return self.tensor(t.buffer, t.dtype, len(sizes), tuple(sizes), tuple(strides), offset)

    def check(self, condition: Scalar) -> None:
        if condition.op in ("eq", "le", "ge", "lt") and all(a.op == "const" for a in condition.args):
            a, b = (x.attr for x in condition.args)
            if {"eq": a == b, "le": a <= b, "ge": a >= b, "lt": a < b}[condition.op]:
                return
        self.steps.append(Check(condition, 0))

    def host(self, value: Scalar, number: int) -> None:
        """Compute a number once, into a 0-d tensor."""
        self.steps.append(HostScalar(value, number))

    def same(self, x: Scalar, y: Scalar) -> None:
        """Sizes must agree; where they do not, the reference executor says what is meant."""
        if x is y or (x, y) in self.checked:
            return
        self.checked.add((x, y))
        self.check(make("eq", BOOL, (x, y)))

    # --- forms of a variable ---

    def as_scalar(self, variable: Variable) -> Scalar:
        """The value of a 0-d variable."""
        if variable in self.scalar:
            return self.scalar[variable]
        if isinstance(variable, Constant):
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            if dtype not in NATIVE:
                raise Unsupported(dtype)
            return const(variable.data.item(), dtype)
        if variable.type.ndim or variable.type.dtype not in NATIVE:  # type: ignore[attr-defined]
            raise Unsupported("not a number")
        number = self.as_tensor(variable)
        return make("elem", variable.type.dtype, (), number)  # type: ignore[attr-defined]

    def as_vector(self, variable: Variable) -> tuple[Scalar, ...] | None:
        """The elements of a vector of sizes, where they are known as expressions."""
        if variable in self.vector:
            return self.vector[variable]
        if isinstance(variable, Constant) and variable.data.ndim == 1 and variable.data.size <= 16:
            dtype = str(variable.data.dtype)
            if dtype not in NATIVE:
                return None
            return tuple(const(v.item(), dtype) for v in variable.data)
        return None

    def as_tensor(self, variable: Variable) -> int:
        """The tensor that holds a variable, computed into memory now if it was not yet."""
        if variable in self.memory:
            return self.memory[variable]
        if isinstance(variable, Constant):
            return self.constant(variable)
        if variable in self.pending:
            found = self.pending.pop(variable)
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            number = self.fresh(variable, dtype, found.sizes)
            self.fill(number, found)
        elif variable in self.scalar:
            number = self.fresh(variable, variable.type.dtype, ())  # type: ignore[attr-defined]
            self.steps.append(HostScalar(self.scalar[variable], number))
        elif variable in self.vector:
            parts = self.vector[variable]
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            number = self.fresh(variable, dtype, (const(len(parts)),))
            for place, value in enumerate(parts):
                cell = self.view(number, (), (), plus(self.offset_of(number), const(place * item(dtype))))
                self.steps.append(HostScalar(k.cast(value, dtype), cell))
        else:
            raise Unsupported(f"{variable} has no form")
        self.memory[variable] = number
        return number

    def as_expression(self, variable: Variable, positional: bool = False) -> Expression:
        """A variable as an elementwise expression: its own, or a load from memory.

        One that reads positions is given only to those who say that they keep the dimensions as they are.
        """
        found = self.pending.get(variable)
        if found is not None:
            cheap = len(self.fgraph.clients(variable)) <= 1 or (not found.costly and found.size < 12)
            if (cheap or variable in self.postponed) and (positional or not found.positional):
                return found
            self.as_tensor(variable)
        type_ = variable.type
        if type_.dtype not in NATIVE:  # type: ignore[attr-defined]
            raise Unsupported(f"computing with {type_}")
        if isinstance(variable, Constant) and variable.data.size == 1 and type_.dtype in NATIVE:  # type: ignore[attr-defined]
            return Expression(const(variable.data.item(), type_.dtype), [], (const(1),) * type_.ndim)  # type: ignore[attr-defined]
        if type_.ndim == 0 and variable in self.scalar and not isinstance(variable, Constant):  # type: ignore[attr-defined]
            self.as_tensor(variable)
        number = self.as_tensor(variable)
        sizes, strides = self.sizes_of(number), self.strides_of(number)
        along = tuple(None if flag else s for flag, s in zip(type_.broadcastable, strides))  # type: ignore[attr-defined]
        return Expression(make("load", type_.dtype, (), 0), [(number, along)], sizes)  # type: ignore[attr-defined]

    # --- kernels ---

    def kernel(
        self,
        naxes: int,
        outer: tuple[int, ...],
        passes: tuple[Pass, ...],
        operands: list[tuple[int, tuple[Scalar | None, ...], str]],
        extents: Sequence[Scalar],
        scratch: tuple[Operand, ...] = (),
    ) -> None:
        declared, given = [], []
        for number, strides, kind in operands:
            axes = tuple(d for d, s in enumerate(strides) if s is not None)
            declared.append(Operand(self.tensors[number].dtype, axes, kind))
            given.append((number, tuple(s for s in strides if s is not None)))
        kernel = Kernel(naxes, outer, (*declared, *scratch), passes)
        self.steps.append(KernelStep(kernel, tuple(extents), (*given, *(None for _ in scratch)), 0))

    def fill(self, number: int, found: Expression) -> None:
        """Compute an expression into a tensor of its shape (broadcast to it)."""
        if self.tensors[number].dtype in OPAQUE:
            number, found = self._in_parts(number, found)
        sizes, strides = self.sizes_of(number), self.strides_of(number)
        missing = len(sizes) - len(found.sizes)
        operands: list[tuple[int, tuple[Scalar | None, ...], str]] = [
            (n, (*(None,) * missing, *s), "read") for n, s in found.operands
        ]
        target = len(operands)
        dense = self.is_dense(number) and all(
            (self.is_dense(n) and all(s is not None for s in strides_) and self.sizes_of(n) == sizes)
            or not any(s is not None for s in strides_)
            for n, strides_, _ in operands
        )
        value = on_axes(found.value, range(missing, len(sizes))) if missing and found.positional else found.value
        if dense and len(sizes) > 1 and not found.positional:
            # Everything is contiguous and of one shape: one loop over all elements.
            total = const(1)
            for n in sizes:
                total = times(total, n)
            flat: list[tuple[int, tuple[Scalar | None, ...], str]] = [
                (n, (const(item(self.tensors[n].dtype)) if any(x is not None for x in s) else None,), kind)
                for n, s, kind in operands
            ]
            flat.append((number, (const(item(self.tensors[number].dtype)),), "write"))
            self.kernel(1, (), (Pass((0,), (), (Store(target, value),)),), flat, (total,))
            return
        operands.append((number, strides, "write"))
        axes = tuple(range(len(sizes)))
        self.kernel(len(sizes), (), (Pass(axes, (), (Store(target, value),)),), operands, sizes)

    def _in_parts(self, number: int, found: Expression) -> tuple[int, Expression]:
        """A copy of numbers that native code does not compute with, as one of their parts: real and imaginary ones, or bits."""
        dtype, count = OPAQUE[self.tensors[number].dtype]
        step = const(item(dtype))
        if found.value.op != "load" or found.value.dtype != self.tensors[number].dtype:
            raise Unsupported(f"computing with {found.value.dtype}")

        def parts(tensor: int) -> int:
            t = self.tensors[tensor]
            sizes, strides = (*self.sizes_of(tensor), const(count)), (*self.strides_of(tensor), step)
            return self.tensor(t.buffer, dtype, t.ndim + 1, sizes, strides, self.offset_of(tensor))

        operands = [(parts(n), (*s, step)) for n, s in found.operands]
        return parts(number), Expression(make("load", dtype, (), 0), operands, (*found.sizes, const(count)))

    # --- nodes ---

    def node(self, node: Apply) -> None:
        kind = type(node.op).__name__
        method = None
        if isinstance(node.op, ScalarOp):
            method = self.scalar_op
        elif is_own(type(node.op)):
            method = partial(LOWERINGS[kind], self) if kind in LOWERINGS else getattr(self, f"_{kind}", None)
        native = self.holds if kind in _MOVING else self.fits
        if method is not None and all(native(v) for v in (*node.inputs, *node.outputs)):
            pending = {v: self.pending[v] for v in node.inputs if v in self.pending}
            try:
                method(node)
                if not self.fgraph.fused:
                    for v in node.outputs:
                        if v in self.pending:
                            self.as_tensor(v)
                return
            except Unsupported:
                # What was computed into memory stays; expressions that the attempt took go back.
                for v, found in pending.items():
                    if v not in self.memory:
                        self.pending.setdefault(v, found)
        self.python(node)

    def fits(self, variable: Variable) -> bool:
        """Whether native code computes with such values."""
        return isinstance(variable.type, TensorType | ScalarType) and variable.type.dtype in NATIVE

    def holds(self, variable: Variable) -> bool:
        """Whether native code keeps such values in memory, to hand them to steps that compute with them."""
        return isinstance(variable.type, TensorType | ScalarType) and variable.type.dtype in HELD

    def python(self, node: Apply) -> None:
        """A step that runs the op's ``perform``."""
        if getattr(node.op, "destroy_map", None):
            raise Unsupported(f"{node.op} overwrites an input")
        if not all(self.holds(v) for v in (*node.inputs, *node.outputs)):
            raise Unsupported(f"{node}: values that native code does not hold")
        inputs = tuple(self.as_tensor(v) for v in node.inputs)
        outputs = []
        for v in node.outputs:
            type_ = v.type
            number = self.tensor(self.buffer("python"), type_.dtype, type_.ndim)  # type: ignore[attr-defined]
            self.memory[v] = number
            outputs.append(number)
        self.steps.append(PythonCall(node, inputs, tuple(outputs), tuple(self.loops)))

    def _Elemwise(self, node: Apply) -> None:
        if len(node.outputs) != 1:
            raise Unsupported("several outputs")
        self._elementwise(node.op.scalar_op, node)  # type: ignore[attr-defined]

    def _elementwise(self, op: Any, node: Apply) -> None:
        (out,) = node.outputs
        dtype = out.type.dtype  # type: ignore[attr-defined]
        if op.lower is None:
            raise Unsupported(op.declared)
        cast_to = dtype if op.cast_inputs and dtype != "bool" else None
        if op.declared in _COMPARISONS or dtype == "bool":
            cast_to = upcast(*(v.type.dtype for v in node.inputs))  # type: ignore[attr-defined]
            if cast_to in complex_dtypes or cast_to == "float16":
                raise Unsupported(cast_to)

        def combined(values: list[Scalar]) -> Scalar:
            if op.declared == "switch":
                values = [k.cast(values[0], "bool"), k.cast(values[1], dtype), k.cast(values[2], dtype)]
            elif op.declared.startswith("Cast{"):
                pass
            elif cast_to is not None:
                values = [k.cast(v, cast_to) for v in values]
            result = _power(values[0], values[1]) if op.declared == "pow" else None
            if result is None:
                result = op.lower(k, *values)
            if result is None:
                raise Unsupported(op.declared)
            return k.cast(result, dtype)

        if out.type.ndim == 0:  # type: ignore[attr-defined]
            self.scalar[out] = combined([self.as_scalar(v) for v in node.inputs])
            if _weight(self.scalar[out])[0] > 30:
                self.as_tensor(out)
                del self.scalar[out]
            return
        flags = out.type.broadcastable  # type: ignore[attr-defined]
        parts = []
        for v in node.inputs:
            broadcast = any(a and not b for a, b in zip(v.type.broadcastable, flags))  # type: ignore[attr-defined]
            if broadcast and v in self.pending and not self.pending[v].constant:
                self.as_tensor(v)  # computed once, not once for each element it is spread over
            elif v in self.pending and any(v.type.broadcastable[d] for d in axes_of(self.pending[v].value)):  # type: ignore[attr-defined]
                self.as_tensor(v)
            parts.append(self.as_expression(v, positional=True))
        sizes: list[Scalar] = []
        for d in range(len(flags)):
            if flags[d]:
                sizes.append(const(1))
                continue
            here = [p.sizes[d] for v, p in zip(node.inputs, parts) if not v.type.broadcastable[d]]  # type: ignore[attr-defined]
            here.sort(key=lambda s: s.op != "const")
            for other in here[1:]:
                self.same(here[0], other)
            sizes.append(here[0])
        operands: list[tuple[int, tuple[Scalar | None, ...]]] = []
        slots: dict[Any, int] = {}
        values = []
        for p in parts:
            numbers = []
            for number, strides in p.operands:
                key = (number, strides)
                if key not in slots:
                    slots[key] = len(operands)
                    operands.append(key)
                numbers.append(slots[key])
            values.append(renumbered(p.value, numbers) if numbers else p.value)
        if op.declared == "second":
            values[0] = values[1]
        value = combined(values)
        used = sorted(_loads(value))
        if len(used) < len(operands):
            value = renumbered(value, [used.index(i) if i in used else -1 for i in range(len(operands))])
            operands = [operands[i] for i in used]
        found = Expression(value, operands, tuple(sizes))
        self.pending[out] = found
        if found.size > _LARGEST_EXPRESSION or len(operands) > 8:
            self.as_tensor(out)

    # --- shapes and views ---

    def _DimShuffle(self, node: Apply) -> None:
        (x,), (out,) = node.inputs, node.outputs
        order = node.op.new_order  # type: ignore[attr-defined]
        if isinstance(x, Constant) and x.data.size == 1 and x.type.dtype in NATIVE:  # type: ignore[attr-defined]
            self.pending[out] = Expression(const(x.data.item(), x.type.dtype), [], (const(1),) * len(order))  # type: ignore[attr-defined]
            if order:
                return
            self.scalar[out] = self.pending.pop(out).value
            return
        if x in self.pending and self.pending[x].constant and order:
            found = self.pending[x]
            if all(d in order for d in axes_of(found.value)):
                places = [order.index(d) if d in order else -1 for d in range(len(found.sizes))]
                sizes = tuple(const(1) if d == "x" else found.sizes[d] for d in order)
                nowhere: tuple[Scalar | None, ...] = (None,) * len(order)
                operands = [(n, nowhere) for n, _ in found.operands]
                self.pending[out] = Expression(on_axes(found.value, places), operands, sizes)
                return
        if not order:
            self.memory[out] = self.view(number := self.as_tensor(x), (), (), self.offset_of(number))
            return
        number = self.as_tensor(x)
        sizes, strides = self.sizes_of(number), self.strides_of(number)
        self.memory[out] = self.view(
            number,
            [const(1) if d == "x" else sizes[d] for d in order],
            [const(0) if d == "x" else strides[d] for d in order],
            self.offset_of(number),
        )

    def _SumLike(self, node: Apply) -> None:
        """Nothing, where the sizes agree; where they do not, the reference executor sums."""
        (g, x), (out,) = node.inputs, node.outputs
        pattern = zip(g.type.broadcastable, self.sizes_of_variable(g), self.sizes_of_variable(x))  # type: ignore[attr-defined]
        for flag, a, b in pattern:
            if not flag:
                self.same(b, a)
        found = self.pending.get(g)
        if found is not None and (len(self.fgraph.clients(g)) <= 1 or (not found.costly and found.size < 12)):
            self.pending[out] = found
        else:
            self.memory[out] = self.as_tensor(g)

    def _Rebroadcast(self, node: Apply) -> None:
        (x,), (out,) = node.inputs, node.outputs
        number = self.as_tensor(x)
        sizes = list(self.sizes_of(number))
        for d, flag in node.op.axes:  # type: ignore[attr-defined]
            if flag:
                self.same(sizes[d], const(1))
                sizes[d] = const(1)
        self.memory[out] = self.view(number, sizes, self.strides_of(number), self.offset_of(number))

    def sizes_of_variable(self, variable: Variable) -> tuple[Scalar, ...]:
        if variable in self.pending:
            return self.pending[variable].sizes
        if variable in self.vector:
            return (const(len(self.vector[variable])),)
        return self.sizes_of(self.as_tensor(variable))

    def _Shape(self, node: Apply) -> None:
        self.vector[node.outputs[0]] = self.sizes_of_variable(node.inputs[0])

    def _Shape_i(self, node: Apply) -> None:
        self.scalar[node.outputs[0]] = self.sizes_of_variable(node.inputs[0])[node.op.i]  # type: ignore[attr-defined]

    def _MakeVector(self, node: Apply) -> None:
        dtype = node.op.dtype  # type: ignore[attr-defined]
        self.vector[node.outputs[0]] = tuple(k.cast(self.as_scalar(v), dtype) for v in node.inputs)

    def scalar_op(self, node: Apply) -> None:
        """An op on single numbers: the form that its elementwise op has."""
        if len(node.outputs) != 1:
            raise Unsupported("several outputs")
        self._elementwise(node.op, node)

    def _ScalarFromTensor(self, node: Apply) -> None:
        self.scalar[node.outputs[0]] = self.as_scalar(node.inputs[0])

    _TensorFromScalar = _ScalarFromTensor

    def _Reshape(self, node: Apply) -> None:
        x, shape = node.inputs
        wanted = self.as_vector(shape)
        number = self.as_tensor(x)
        if wanted is None or len(wanted) != node.op.ndim:  # type: ignore[attr-defined]
            raise Unsupported("a reshape to a computed shape")
        seen = self.is_dense(number) or self.buffers[self.tensors[number].buffer].kind in ("temp", "output")
        if seen and not self.is_dense(number):
            t = self.tensors[number]
            whole = Expression(make("load", t.dtype, (), 0), [(number, self.strides_of(number))], self.sizes_of(number))
            number = self.fresh(None, t.dtype, self.sizes_of(number))
            self.fill(number, whole)
        wanted = tuple(k.cast(w, INDEX) for w in wanted)
        total = const(1)
        for n in self.sizes_of(number):
            total = times(total, n)
        unknown = [d for d, w in enumerate(wanted) if w.op == "const" and w.attr == -1]
        if len(unknown) > 1:
            raise Unsupported("two unknown sizes")
        known = const(1)
        for d, w in enumerate(wanted):
            if d not in unknown:
                self.check(make("ge", BOOL, (w, const(0))))
                known = times(known, w)
        sizes = list(wanted)
        if unknown:
            self.check(make("lt", BOOL, (const(0), known)))
            sizes[unknown[0]] = make("floordiv", INDEX, (total, known))
            known = times(known, sizes[unknown[0]])
        self.same(known, total)
        if not seen:
            # Whether it needs a copy is known when it runs; its sizes are known now.
            self.python(node)
            number = self.memory[node.outputs[0]]
            self.memory[node.outputs[0]] = self.view(number, sizes, self.strides_of(number), self.offset_of(number))
            return
        strides: list[Scalar] = []
        step = const(item(self.tensors[number].dtype))
        for n in reversed(sizes):
            strides.insert(0, step)
            step = times(step, n)
        self.memory[node.outputs[0]] = self.view(number, sizes, strides, self.offset_of(number))

    def region(self, number: int, entries: Sequence[Any], numbers: Sequence[Variable]) -> int:
        """The view of a tensor that a basic index selects."""
        if number in self.forward and is_reversal(entries, numbers):
            return self.forward[number]
        rest = iter(numbers)
        sizes, strides = self.sizes_of(number), self.strides_of(number)
        offset = self.offset_of(number)
        new_sizes, new_strides = [], []

        def value() -> Scalar:
            return k.cast(self.as_scalar(next(rest)), INDEX)

        for d, entry in enumerate(entries):
            n = sizes[d]
            if not isinstance(entry, slice):
                i = value()
                if i.op == "const":
                    place = i if i.attr >= 0 else plus(n, i)
                    self.check(make("lt", BOOL, (i, n)) if i.attr >= 0 else make("ge", BOOL, (n, const(-i.attr))))
                else:
                    place = make("select", INDEX, (make("lt", BOOL, (i, const(0))), plus(i, n), i))
                    self.check(make("and", BOOL, (make("ge", BOOL, (place, const(0))), make("lt", BOOL, (place, n)))))
                offset = plus(offset, times(place, strides[d]))
                continue
            start = None if entry.start is None else value()
            stop = None if entry.stop is None else value()
            step = None if entry.step is None else value()
            if step is not None and (step.op != "const" or step.attr == 0):
                raise Unsupported("a slice whose step is only known when it runs")
            by = 1 if step is None else step.attr
            if by == -1 and start is None and stop is None:
                last = make("max", INDEX, (plus(n, const(-1)), const(0)))
                offset = plus(offset, times(last, strides[d]))
                new_sizes.append(n)
                new_strides.append(times(const(-1), strides[d]))
                continue
            if by < 0:
                first = plus(n, const(-1)) if start is None else self.clamped(start, n, 1)
                end = const(-1) if stop is None else self.clamped(stop, n, 1)
                length = self.counted(make("sub", INDEX, (first, end)), -by)
                # Where nothing is selected the first place may lie before the array.
                offset = plus(offset, times(make("max", INDEX, (first, const(0))), strides[d]))
                new_sizes.append(length)
                new_strides.append(times(const(by), strides[d]))
                continue
            if by > 1:
                first = const(0) if start is None else self.clamped(start, n)
                end = n if stop is None else self.clamped(stop, n)
                offset = plus(offset, times(first, strides[d]))
                span = end if start is None else make("sub", INDEX, (end, first))
                new_sizes.append(self.counted(span, by))
                new_strides.append(times(const(by), strides[d]))
                continue
            first = const(0) if start is None else self.clamped(start, n)
            end = n if stop is None else self.clamped(stop, n)
            length = (
                n
                if start is None and stop is None
                else make("max", INDEX, (make("sub", INDEX, (end, first)), const(0)))
            )
            offset = plus(offset, times(first, strides[d]))
            new_sizes.append(length)
            new_strides.append(strides[d])
        new_sizes += sizes[len(entries) :]
        new_strides += strides[len(entries) :]
        return self.view(number, new_sizes, new_strides, offset)

    def counted(self, span: Scalar, by: int) -> Scalar:
        """How many steps of ``by`` start within ``span``."""
        if by == 1:
            return make("max", INDEX, (span, const(0)))
        return make("max", INDEX, (make("floordiv", INDEX, (plus(span, const(by - 1)), const(by))), const(0)))

    def clamped(self, i: Scalar, n: Scalar, shift: int = 0) -> Scalar:
        """A slice bound by Python's rules: negative ones count from the end, all end up in [0, n].

        With a ``shift`` of 1, as for negative steps, in [-1, n - 1].
        """
        if shift:
            moved = (
                make("select", INDEX, (make("lt", BOOL, (i, const(0))), plus(i, n), i))
                if i.op != "const"
                else (i if i.attr >= 0 else plus(n, i))
            )
            return make("min", INDEX, (make("max", INDEX, (moved, const(-1))), plus(n, const(-1))))
        if i.op == "const":
            moved = i if i.attr >= 0 else make("max", INDEX, (plus(n, i), const(0)))
        else:
            moved = make(
                "select", INDEX, (make("lt", BOOL, (i, const(0))), make("max", INDEX, (plus(i, n), const(0))), i)
            )
        return make("min", INDEX, (moved, n))

    def _Subtensor(self, node: Apply) -> None:
        x, *numbers = node.inputs
        (out,) = node.outputs
        entries = node.op.idx_list  # type: ignore[attr-defined]
        parts = self.as_vector(x) if x.type.ndim == 1 else None  # type: ignore[attr-defined]
        if parts is not None and x not in self.memory and len(entries) == 1:
            if not isinstance(entries[0], slice):
                i = self.as_scalar(numbers[0])
                if i.op == "const" and -len(parts) <= i.attr < len(parts):
                    self.scalar[out] = parts[i.attr]
                    return
            else:
                bounds = iter([self.as_scalar(v) for v in numbers])
                given = [
                    None if p is None else next(bounds) for p in (entries[0].start, entries[0].stop, entries[0].step)
                ]
                if all(g is None or g.op == "const" for g in given):
                    self.vector[out] = parts[slice(*(None if g is None else g.attr for g in given))]
                    return
        if x in self.pending and x not in self.memory and self.cut(x, node):
            return
        self.memory[out] = self.region(self.as_tensor(x), entries, numbers)

    def cut(self, x: Variable, node: Apply) -> bool:
        """Make part of an expression an expression, where all that read it are parts side by side: nothing is computed twice."""
        found = self.pending[x]
        readers = [client for client, _ in self.fgraph.clients(x)]
        if found.costly or found.size > 12 or not all(_is_part(client) for client in readers):
            return False
        parts = sorted(_bounds(client) for client in readers)
        if any(a[0] != b[0] or a[2] > b[1] for a, b in pairwise(parts)):
            return False
        (out,) = node.outputs
        zero = const(0)
        operands: list[tuple[int, tuple[Scalar | None, ...]]] = []
        sizes = found.sizes
        for number, strides in found.operands:
            t = self.tensors[number]
            given = tuple(zero if s is None else s for s in strides)
            whole = self.tensor(t.buffer, t.dtype, len(strides), found.sizes, given, self.offset_of(number))
            part = self.region(whole, node.op.idx_list, node.inputs[1:])  # type: ignore[attr-defined]
            sizes = self.sizes_of(part)
            operands.append((part, tuple(None if s is None else n for s, n in zip(strides, self.strides_of(part)))))
        if not operands:
            return False
        self.pending[out] = Expression(found.value, operands, sizes)
        return True

    def _IncSubtensor(self, node: Apply) -> None:
        from theon.schedule.updates import overwritten, unchanged

        x, y, *numbers = node.inputs
        (out,) = node.outputs
        dtype = out.type.dtype  # type: ignore[attr-defined]
        if y.type.dtype not in NATIVE:  # type: ignore[attr-defined]
            raise Unsupported("dtype")
        own = overwritten(self, node)
        source = self.as_expression(x)
        value = self.as_expression(y)
        if own is not None and not unchanged(self, [n for n, _ in value.operands]):
            self.as_tensor(y)
            value = self.as_expression(y)
            own = own if unchanged(self, [n for n, _ in value.operands]) else None
        number = self.fresh(out, dtype, source.sizes) if own is None else own[1]
        region = self.region(number, node.op.idx_list, numbers)  # type: ignore[attr-defined]
        sizes = self.sizes_of(region)
        self.matches(value, y, sizes)
        if own is None:
            self.fill(number, source)
            self.memory[out] = number
        result = k.cast(value.value, dtype)
        operands = list(value.operands)
        missing = len(sizes) - len(value.sizes)
        operands = [(n, (*(None,) * missing, *s)) for n, s in operands]
        if not node.op.set_instead_of_inc:  # type: ignore[attr-defined]
            old = make("load", dtype, (), len(operands))
            operands.append((region, self.strides_of(region)))
            result = k.add(old, result)
        with self.last(own):
            self.fill(region, Expression(result, operands, sizes))

    @contextmanager
    def last(self, own: tuple[int, int] | None) -> Iterator[None]:
        """Where ``own`` is given (see ``updates.overwritten``), keep the steps added meanwhile for the program's end."""
        if own is None:
            yield
            return
        outer, self.steps = self.steps, []
        try:
            yield
        finally:
            self.last_steps[own] = self.steps
            self.steps = outer

    def matches(self, value: Expression, variable: Variable, sizes: Sequence[Scalar]) -> None:
        """The sizes of a value that is put into a region must be the region's, or known to be 1."""
        missing = len(sizes) - len(value.sizes)
        for d, n in enumerate(value.sizes):
            if not variable.type.broadcastable[d]:  # type: ignore[attr-defined]
                self.same(n, sizes[missing + d])

    def _Alloc(self, node: Apply) -> None:
        value, *sizes = node.inputs
        (out,) = node.outputs
        lengths = []
        for v, flag in zip(sizes, out.type.broadcastable):  # type: ignore[attr-defined]
            n = const(1) if flag else k.cast(self.as_scalar(v), INDEX)
            self.check(make("ge", BOOL, (n, const(0))))
            lengths.append(n)
        found = self.as_expression(value)
        self.matches(found, value, lengths)
        missing = len(lengths) - len(found.sizes)
        self.pending[out] = Expression(
            found.value, [(n, (*(None,) * missing, *s)) for n, s in found.operands], tuple(lengths)
        )

    def _Join(self, node: Apply) -> None:
        axis, *parts = node.inputs
        (out,) = node.outputs
        try:
            along = int(get_scalar_constant_value(axis)) % out.type.ndim  # type: ignore[attr-defined]
        except NotScalarConstantError:
            raise Unsupported("a symbolic axis") from None
        found = [self.as_expression(p) for p in parts]
        sizes = list(found[0].sizes)
        for f in found[1:]:
            for d in range(len(sizes)):
                if d == along:
                    sizes[d] = plus(sizes[d], f.sizes[d])
                else:
                    self.same(found[0].sizes[d], f.sizes[d])
        number = self.fresh(out, out.type.dtype, tuple(sizes))  # type: ignore[attr-defined]
        strides = self.strides_of(number)
        offset = self.offset_of(number)
        for f in found:
            part = self.view(number, f.sizes, strides, offset)
            self.parts[part] = number
            self.fill(part, f)
            offset = plus(offset, times(f.sizes[along], strides[along]))
        self.memory[out] = number

    # --- products ---

    def _Dot(self, node: Apply) -> None:
        x, y = node.inputs
        (out,) = node.outputs
        dtype = out.type.dtype  # type: ignore[attr-defined]
        if dtype not in ("float32", "float64") or any(v.type.dtype != dtype for v in (x, y)):  # type: ignore[attr-defined]
            raise Unsupported("a product of integers or of mixed dtypes")
        if x.type.ndim == 1 and y.type.ndim == 1:  # type: ignore[attr-defined]
            a, b = self.as_expression(x), self.as_expression(y)
            self.same(a.sizes[0], b.sizes[0])
            shift = len(a.operands)
            value = k.mul(
                k.cast(a.value, "float64"),
                k.cast(renumbered(b.value, [shift + i for i in range(len(b.operands))]), "float64"),
            )
            if x.type.broadcastable != y.type.broadcastable:  # type: ignore[attr-defined]
                raise Unsupported("a vector of one element")
            from theon.schedule.reduce import reduce

            reduce(self, out, Expression(value, [*a.operands, *b.operands], a.sizes), (0,), "add", "float64", dtype)
            return
        left = self.matrix(self.as_tensor(x), row=True)
        right = self.matrix(self.as_tensor(y), row=False)
        self.same(self.sizes_of(left)[1], self.sizes_of(right)[0])
        rows, columns = self.sizes_of(left)[0], self.sizes_of(right)[1]
        sizes = tuple(n for n, v in ((rows, x), (columns, y)) if v.type.ndim == 2)  # type: ignore[attr-defined]
        number = self.fresh(out, dtype, sizes)
        whole = number
        if len(sizes) == 1:
            step = const(item(dtype))
            whole = self.view(number, (rows, columns), (step, step), self.offset_of(number))
        self.steps.append(NativeCall("gemm", (left, right), (whole,), (), (), 0))
        self.memory[out] = number

    def matrix(self, number: int, row: bool) -> int:
        """A vector as a matrix of one row or one column."""
        t = self.tensors[number]
        sizes, strides, offset = self.sizes_of(number), self.strides_of(number), self.offset_of(number)
        if t.ndim == 2:
            return self.view(number, sizes, strides, offset)
        size = const(item(t.dtype))
        if row:
            return self.view(number, (const(1), sizes[0]), (size, strides[0]), offset)
        return self.view(number, (sizes[0], const(1)), (strides[0], size), offset)

    # --- the whole ---

    def program(self) -> Program:
        from theon.schedule.updates import late_updates, only_for_updates, written_in_place

        self.postponed = only_for_updates(self.fgraph, self.n_outputs)
        for node in self.fgraph.toposort():
            self.node(node)
        outputs, updates = [], []
        taken: set[int] = set()
        late, partly = late_updates(self), {place for place, _ in self.last_steps}
        for place, variable in enumerate(self.fgraph.outputs):
            if place in late or place in partly:
                continue
            number = self.as_tensor(variable)
            t = self.tensors[number]
            if self.buffers[t.buffer].kind != "output" or t.buffer in taken or not self.is_dense(number):
                # The caller gets memory of its own.
                source = self.sizes_of(number)
                along = tuple(self.strides_of(number))
                found = Expression(make("load", t.dtype, (), 0), [(number, along)], source)
                number = self.fresh(variable, t.dtype, source)
                self.fill(number, found)
            taken.add(self.tensors[number].buffer)
            if place < self.n_outputs:
                outputs.append(Output(number))
            else:
                updates.append(Update(self.updated[place - self.n_outputs], number))
        updates += written_in_place(self, late)
        for (place, target), steps in self.last_steps.items():
            self.steps += steps
            updates.append(Update(self.updated[place - self.n_outputs], target, True))
        return Program(
            tuple(self.inputs), tuple(self.shared), tuple(self.constants), tuple(self.tensors), tuple(self.buffers), tuple(self.steps),
            tuple(outputs), tuple(updates), tuple(self.errors), tuple(self.constant_values), tuple(self.broadcast),
        )  # fmt: skip


def is_reversal(entries: Sequence[Any], numbers: Sequence[Variable]) -> bool:
    """Whether a basic index takes the rows from the last to the first."""
    if len(entries) != 1 or not isinstance(entries[0], slice) or len(numbers) != 1:
        return False
    (step,) = numbers
    whole = entries[0].start is None and entries[0].stop is None and entries[0].step is not None
    return whole and isinstance(step, Constant) and int(step.data) == -1


def _is_part(node: Any) -> bool:
    """Whether a node takes a range, known as constants, along one axis of its input."""
    if node == "output" or type(node.op).__name__ != "Subtensor" or len(node.inputs) > 3:
        return False
    if not all(isinstance(v, Constant) and int(v.data) >= 0 for v in node.inputs[1:]):
        return False
    entries = node.op.idx_list
    if not all(isinstance(e, slice) and e.step is None for e in entries):
        return False
    cut = [e for e in entries if e.start is not None or e.stop is not None]
    return len(cut) == 1 and cut[0].stop is not None


def _bounds(node: Apply) -> tuple[int, int, int]:
    """The axis, the start and the stop of a part."""
    entries = node.op.idx_list  # type: ignore[attr-defined]
    axis = next(d for d, e in enumerate(entries) if e.start is not None or e.stop is not None)
    values = [int(v.data) for v in node.inputs[1:]]  # type: ignore[attr-defined]
    return (axis, values[0], values[1]) if len(values) == 2 else (axis, 0, values[0])


def _power(x: Scalar, y: Scalar) -> Scalar | None:
    """A power with a small constant exponent as products, or a root; None for others."""
    if y.op != "const" or not x.dtype.startswith("float"):
        return None
    n = float(y.attr)
    if n == 0.5:
        # pow(-0, 0.5) is +0 and pow(-inf, 0.5) is inf, where the root gives -0 and NaN.
        return None
    if n != int(n) or abs(n) > 8:
        return None
    if n == 0:
        return const(1, x.dtype)
    out: Scalar | None = None
    factor, rest = x, int(abs(n))
    while rest:
        if rest & 1:
            out = factor if out is None else k.mul(out, factor)
        factor, rest = k.mul(factor, factor), rest >> 1
    assert out is not None
    return k.div(const(1, x.dtype), out) if n < 0 else out


def _loads(value: Scalar) -> set[int]:
    found: set[int] = set()
    seen: set[int] = set()
    stack = [value]
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if x.op == "load":
            found.add(x.attr)
        stack.extend(x.args)
    return found


def lowered(fgraph: FunctionGraph, n_inputs: int, n_outputs: int, updated: Sequence[int]) -> Program:
    """Return the Program of a graph whose first ``n_inputs`` inputs are arguments and the rest shared variables.

    The first ``n_outputs`` outputs are returned, each further one replaces shared variable ``updated[i]``. Unsupported
    where some value has no native form at all.
    """
    return Lowering(fgraph, n_inputs, n_outputs, updated).program()
