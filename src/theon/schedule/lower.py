"""Function graph -> Program: what each node becomes, with elementwise chains fused into the kernels that read them.

Each variable of the graph has one form at a time: a number known as a scalar expression (0-d values and sizes), a short
vector of such numbers, an elementwise expression that no memory holds yet, or a tensor of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply, Constant, Variable
from theon.kernel.build import Unsupported
from theon.kernel.loops import Kernel, Operand, Pass, Store
from theon.kernel.pairs import PART
from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.scalar.op import ScalarOp
from theon.scalar.type import Scalar as ScalarType
from theon.schedule import complexes, halves
from theon.schedule.expression import HELD, NATIVE, Expression, item, k, on_axes, plus, replaced, times
from theon.schedule.memory import planned
from theon.schedule.step import (
    Buffer,
    Check,
    HostScalar,
    KernelStep,
    Output,
    Program,
    PythonCall,
    Step,
    Tensor,
    Update,
)
from theon.tensor.slices import SliceType
from theon.tensor.type import TensorType

if TYPE_CHECKING:
    from theon.schedule.streams import Stream

__all__ = ["Lowering", "Unsupported", "lowered", "lowers"]

# Ops that change where elements are found, not what they are: they apply to anything in memory.
_MOVING = {"DimShuffle", "Subtensor", "Shape", "Shape_i", "Reshape", "Split", "Rebroadcast", "SumLike", "Assert"}
# Ops whose lowerings work for halves and complex numbers as they do for floats; others get halves as float32.
_OF_ANY_NUMBERS = {
    "Elemwise", "ScalarOp", "Sum", "Prod", "Max", "Min", "CAReduce", "CAReduceDtype", "Join", "Alloc", "IncSubtensor", "AdvancedSubtensor",
    "AdvancedSubtensor1", "MakeVector", "ScalarFromTensor",
    "TensorFromScalar", "DeepCopyOp", "ViewOp", "OutputGuard", "ExtractDiag", "AllocDiag", "DiagonalGrad", "Triangle", "Eye",
    "Scan", "LazyIfElse", "IfElse", "mrg_uniform",
}  # fmt: skip
_OF_COMPLEX = {
    "CumOp", "FillDiagonal", "Dot", "BatchedDot", "AdvancedIncSubtensor", "AdvancedIncSubtensor1", "Choose", "PermuteRowElements",
    "Nonzero", "MaskPositions", "RepeatOp", "Unsort", "TopKGather", "TopKGrad", "SortOp", "ArgSortOp", "ComplexFFT", "Fourier",
}  # fmt: skip
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


class Lowering:
    """Builds one Program; see :func:`lowered`."""

    def __init__(
        self,
        fgraph: FunctionGraph,
        n_inputs: int,
        n_outputs: int,
        updated: Sequence[int],
        numbers: Mapping[Constant, tuple[int, int]] | None = None,
    ) -> None:
        self.fgraph = fgraph
        self.tensors: list[Tensor] = []
        self.buffers: list[Buffer] = []
        self.steps: list[Step] = []
        self.errors: list[tuple[Any, str, str]] = [(None, "NativeFallback", "")]
        self.constants: list[int] = []
        self.constant_values: list[Any] = []
        self.constant_slots: dict[Any, int] = {}
        self.broadcast: list[tuple[int, tuple[bool, ...]]] = []
        self.dense: set[int] = set()  # arguments that must be contiguous
        self.memory: dict[Variable, int] = {}
        self.slices: dict[Variable, int] = {}  # inputs that are slices, as vectors of numbers
        self.scalar: dict[Variable, Scalar] = {}
        self.vector: dict[Variable, tuple[Scalar, ...]] = {}
        self.pending: dict[Variable, Expression] = {}
        self.checked: set[tuple[Scalar, Scalar]] = set()
        self.known_indices: set[tuple[Variable, Scalar, bool]] = set()
        self.places: dict[Variable, int | Callable[[tuple[Scalar, ...]], int | None]] = {}
        self.forward: dict[int, int] = {}  # tensors that show the rows of another one, the last first: that one
        self.parts: dict[int, int] = {}  # tensors that are parts of one array, side by side: that array
        self.wholes: dict[int, tuple[int, int]] = {}  # parts of complex tensors: which, 0 for the real ones
        self.stand_in: dict[Variable, Variable] = {}  # results of wider nodes: the variable whose readers they have
        self.becomes: dict[Variable, int] = {}  # new values of loops' carried arrays -> where the old ones are
        self.rooms: list[Any] = []  # tables that ``places`` fill, of the loops and choices that are being lowered
        self.loops: list[tuple[str, int]] = []  # around the step that is being lowered: what to call it, its counter
        self.last_steps: dict[tuple[int, int], list[Step]] = {}  # that change part of a shared variable in place
        self.outermost = fgraph
        self.draws: dict[int, Stream] = {}  # buffers that hold draws, or states after them, by name only
        self.derived: dict[int, dict[Variable, Expression]] = {}  # what several read that comes of a draw alone
        self.stored: dict[int, tuple[tuple[Scalar, int], ...]] = {}  # such values in memory: each with its tensor
        self.n_outputs, self.updated = n_outputs, list(updated)
        self.wanted = set(fgraph.outputs)
        self.postponed: set[Variable] = set()  # what is read on the way to updates alone
        self.inputs = [self.argument(v, "input", i) for i, v in enumerate(fgraph.inputs[:n_inputs])]
        self.shared = [self.argument(v, "shared", i) for i, v in enumerate(fgraph.inputs[n_inputs:])]
        self.numbers: dict[Variable, int] = {}
        for number, (place, position) in (numbers or {}).items():
            table = self.tensors[self.inputs[place]]
            at = const(position * item(table.dtype))
            self.numbers[number] = self.tensor(table.buffer, table.dtype, 0, (), (), at)

    @property
    def streams(self) -> ModuleType:
        """How draws reach kernels: the module that lowers them."""
        from theon.schedule import streams

        return streams

    def clients(self, variable: Variable) -> list[tuple[Any, int]]:
        """The readers of a variable."""
        return self.fgraph.clients(self.stand_in.get(variable, variable))

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
        if isinstance(type_, SliceType) and variable not in self.wanted:
            # As numbers: see theon.tensor.slices.
            self.slices[variable] = number = self.tensor(self.buffer(kind, index), INDEX, 1)
            return number
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

    def as_dense(self, number: int) -> int:
        """The tensor if it is contiguous, or would be if the argument it shows were: callers copy one that is not. Else a copy."""
        if self.is_dense(number):
            return number
        t, place = self.tensors[number], len(self.tensors)
        root = next((n for n in (*self.inputs, *self.shared) if self.tensors[n].buffer == t.buffer), None)
        if root is not None:
            step, known = const(item(t.dtype)), {}
            for d, n in reversed(list(enumerate(self.sizes_of(root)))):
                known[make("stride", INDEX, (), (root, d))] = step
                step = times(step, n)
            strides = [known.get(s, s) for s in self.strides_of(number)]
            shown = self.view(number, self.sizes_of(number), strides, replaced(self.offset_of(number), known))
            if self.is_dense(shown):
                self.dense.add(root)
                return shown
            del self.tensors[place:]
        whole = Expression(make("load", t.dtype, (), 0), [(number, self.strides_of(number))], self.sizes_of(number))
        copy = self.fresh(None, t.dtype, self.sizes_of(number))
        self.fill(copy, whole)
        return copy

    def fresh(self, variable: Variable | None, dtype: str, sizes: tuple[Scalar, ...]) -> int:
        """A new dense tensor, in memory for the caller where ``variable`` is a result of the function.

        A variable that has its ``places`` entry, a row of a loop's result (or a function that makes one), is computed there.
        """
        place = self.places.pop(variable, None) if variable is not None else None
        if callable(place):
            place = place(sizes)
        if place is not None:
            self.all_same(sizes, self.sizes_of(place))
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
        parts = complexes.numbers_of(self, value, number) if value.dtype in PART else [(value, number)]
        self.steps += [HostScalar(part, cell) for part, cell in parts]

    def same(self, x: Scalar, y: Scalar) -> None:
        """Sizes must agree; where they do not, the reference executor says what is meant."""
        if x is y or (x, y) in self.checked:
            return
        self.checked.add((x, y))
        self.check(make("eq", BOOL, (x, y)))

    def all_same(self, sizes: Iterable[Scalar], wanted: Iterable[Scalar]) -> None:
        """Sizes must agree, each with the one at its place."""
        for n, m in zip(sizes, wanted):
            self.same(n, m)

    # --- forms of a variable ---

    def as_scalar(self, variable: Variable) -> Scalar:
        """The value of a 0-d variable."""
        if variable in self.scalar:
            return self.scalar[variable]
        if variable in self.numbers:
            return self.value_of(self.numbers[variable])
        if isinstance(variable, Constant):
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            if dtype not in HELD:
                raise Unsupported(dtype)
            return k.literal(variable.data.item(), dtype)
        if variable.type.ndim or variable.type.dtype not in HELD:  # type: ignore[attr-defined]
            raise Unsupported("not a number")
        return self.value_of(self.as_tensor(variable))

    def value_of(self, number: int) -> Scalar:
        """What a tensor without dimensions holds."""
        dtype = self.tensors[number].dtype
        return complexes.number(self, number) if dtype in PART else make("elem", dtype, (), number)

    def as_vector(self, variable: Variable) -> tuple[Scalar, ...] | None:
        """The elements of a vector of sizes, where they are known as expressions."""
        if variable in self.vector:
            return self.vector[variable]
        if variable in self.numbers:
            return (self.value_of(self.numbers[variable]),)
        if isinstance(variable, Constant) and variable.data.ndim == 1 and variable.data.size <= 16:
            dtype = str(variable.data.dtype)
            if dtype not in HELD:
                return None
            return tuple(k.literal(v.item(), dtype) for v in variable.data)
        return None

    def as_tensor(self, variable: Variable) -> int:
        """The tensor that holds a variable, computed into memory now if it was not yet."""
        if variable in self.memory:
            return self.memory[variable]
        if variable in self.numbers:
            number, ndim = self.numbers[variable], variable.type.ndim  # type: ignore[attr-defined]
            step = const(item(self.tensors[number].dtype))
            return self.view(number, (const(1),) * ndim, (step,) * ndim, self.offset_of(number)) if ndim else number
        if isinstance(variable, Constant):
            return self.constant(variable)
        if variable in self.pending:
            found = self.pending.pop(variable)
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            number = self.fresh(variable, dtype, found.sizes)
            self.fill(number, found)
        elif variable in self.scalar:
            number = self.fresh(variable, variable.type.dtype, ())  # type: ignore[attr-defined]
            self.host(self.scalar[variable], number)
        elif variable in self.vector:
            parts = self.vector[variable]
            dtype = variable.type.dtype  # type: ignore[attr-defined]
            number = self.fresh(variable, dtype, (const(len(parts)),))
            for place, value in enumerate(parts):
                cell = self.view(number, (), (), plus(self.offset_of(number), const(place * item(dtype))))
                self.host(k.cast(value, dtype), cell)
        else:
            raise Unsupported(f"{variable} has no form")
        self.memory[variable] = number
        return number

    def as_dtype(self, variable: Variable, dtype: str) -> int:
        """The tensor that holds a variable's values in another dtype; its own where it has this one."""
        if variable.type.dtype == dtype:  # type: ignore[attr-defined]
            return self.as_tensor(variable)
        found = self.as_expression(variable)
        number = self.fresh(None, dtype, found.sizes)
        self.fill(number, Expression(k.cast(found.value, dtype), found.operands, found.sizes))
        return number

    def as_expression(self, variable: Variable, positional: bool = False) -> Expression:
        """A variable as an elementwise expression: its own, or a load from memory.

        One that reads positions is given only to those who say that they keep the dimensions as they are.
        """
        found = self.pending.get(variable)
        if found is not None:
            cheap = found.is_cheap(len(self.clients(variable)))
            if (cheap or variable in self.postponed) and (positional or not found.positional):
                if self.draws:
                    self.streams.derives(self, variable, found)
                return found
            self.as_tensor(variable)
        type_ = variable.type
        if type_.dtype not in HELD:  # type: ignore[attr-defined]
            raise Unsupported(f"computing with {type_}")
        if variable in self.numbers:
            if type_.dtype in PART:  # type: ignore[attr-defined]
                return complexes.expression(self, self.as_tensor(variable), (None,) * type_.ndim)  # type: ignore[attr-defined]
            operand = self.numbers[variable], (None,) * type_.ndim  # type: ignore[attr-defined]
            return Expression(make("load", type_.dtype, (), 0), [operand], (const(1),) * type_.ndim)  # type: ignore[attr-defined]
        if isinstance(variable, Constant) and variable.data.size == 1:
            return Expression(k.literal(variable.data.item(), type_.dtype), [], (const(1),) * type_.ndim)  # type: ignore[attr-defined]
        if type_.ndim == 0 and variable in self.scalar and not isinstance(variable, Constant):  # type: ignore[attr-defined]
            self.as_tensor(variable)
        number = self.as_tensor(variable)
        sizes, strides = self.sizes_of(number), self.strides_of(number)
        along = tuple(None if flag else s for flag, s in zip(type_.broadcastable, strides))  # type: ignore[attr-defined]
        if type_.dtype in PART:  # type: ignore[attr-defined]
            return complexes.expression(self, number, along)
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
        if self.draws:
            self.streams.written(self, [number for number, _, _ in operands])
        if any(self.tensors[number].dtype in PART for number, _, _ in operands):
            operands, passes, scratch = complexes.split(self, operands, passes, scratch)
        declared, given = [], []
        for number, strides, kind in operands:
            axes = tuple(d for d, s in enumerate(strides) if s is not None)
            declared.append(Operand(self.tensors[number].dtype, axes, kind))
            given.append((number, tuple(s for s in strides if s is not None)))
        kernel = Kernel(naxes, outer, (*declared, *scratch), passes)
        self.steps.append(KernelStep(kernel, tuple(extents), (*given, *(None for _ in scratch)), 0))

    def fill(self, number: int, found: Expression) -> None:
        """Compute an expression into a tensor of its shape (broadcast to it)."""
        floats = complexes.copied(self, found) if self.tensors[number].dtype in PART else None
        if floats is not None:
            number, found = complexes.as_floats(self, number), floats
        if self.draws and self.streams.filled(self, number, found):
            return
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

    # --- nodes ---

    def node(self, node: Apply) -> None:
        kind = type(node.op).__name__
        method = None
        if isinstance(node.op, ScalarOp):
            method = partial(LOWERINGS["ScalarOp"], self)
        elif is_own(type(node.op)):
            method = partial(LOWERINGS[kind], self) if kind in LOWERINGS else None
        known = isinstance(node.op, ScalarOp) or kind in _MOVING or kind in _OF_ANY_NUMBERS
        native = self.holds if known or kind in _OF_COMPLEX else self.fits
        if method is not None and not known and any(halves.is_half(v) for v in (*node.inputs, *node.outputs)):
            method, native = partial(halves.widened, self), self.holds
        given = [v for v in node.inputs if v not in self.slices or kind != "SliceParts"]
        if method is not None and all(native(v) for v in (*given, *node.outputs)):
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

    def sizes_of_variable(self, variable: Variable) -> tuple[Scalar, ...]:
        if variable in self.pending:
            return self.pending[variable].sizes
        if variable in self.vector:
            return (const(len(self.vector[variable])),)
        return self.sizes_of(self.as_tensor(variable))

    # --- the whole ---

    def program(self) -> Program:
        from theon.schedule.follow import follow
        from theon.schedule.updates import late_updates, only_for_updates, written_in_place

        self.postponed = only_for_updates(self)
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
        if self.fgraph.fused:
            follow(self, [*outputs, *updates])
        updates += written_in_place(self, late)
        for (place, target), steps in self.last_steps.items():
            self.steps += steps
            updates.append(Update(self.updated[place - self.n_outputs], target, True))
        self.streams.forgotten(self)
        results = [output.tensor for output in outputs] + [update.tensor for update in updates]
        buffers = planned(self.tensors, self.buffers, self.steps, results)
        return Program(
            tuple(self.inputs), tuple(self.shared), tuple(self.constants), tuple(self.tensors), tuple(buffers), tuple(self.steps),
            tuple(outputs), tuple(updates), tuple(self.errors), tuple(self.constant_values), tuple(self.broadcast),
            tuple(sorted(self.dense)),
        )  # fmt: skip


def lowered(
    fgraph: FunctionGraph,
    n_inputs: int,
    n_outputs: int,
    updated: Sequence[int],
    numbers: Mapping[Constant, tuple[int, int]] | None = None,
) -> Program:
    """Return the Program of a graph whose first ``n_inputs`` inputs are arguments and the rest shared variables.

    The first ``n_outputs`` outputs are returned, each further one replaces shared variable ``updated[i]``. Unsupported
    where some value has no native form at all. ``numbers``: constants whose values the caller hands over, so that the
    program serves for others too, each with the input that holds it, a contiguous vector of its dtype, and its place there.
    """
    return Lowering(fgraph, n_inputs, n_outputs, updated, numbers).program()
