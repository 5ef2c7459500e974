"""Program -> the LLVM text of its one native function.

The function has CPython's METH_FASTCALL|METH_KEYWORDS signature ``ptr @name(ptr self, ptr args, i64 nargs, ptr kwnames)``;
``self`` is the array :class:`theon.codegen.entry.State`, whose words are laid out by :class:`Layout`. The text holds no
address, so equal programs give equal text and the object code can be cached.

Flow: check arguments (anything unusual calls the ``slow`` callable instead) -> take references to shared arrays -> size
the arena -> steps -> build results -> commit updates -> clean up. Every failure leaves through the same cleanup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from theon.codegen import abi, pool, split, work
from theon.codegen.program_scalar import ScalarWriter, ssa_type
from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.step import (
    Branch,
    Buffer,
    Check,
    HostScalar,
    KernelStep,
    Loop,
    NativeCall,
    Program,
    PythonCall,
    Step,
    Tensor,
)

__all__ = ["Layout", "is_long", "kernels_of", "program_text"]

LOCK, ARENA, ARENA_SIZE, SLOW, RAISE, FIRST = 0, 1, 2, 3, 4, 8
_ALIGN: Final = 64
_MANY: Final = 6
_LONGEST: Final = 200  # instructions in a block
_SMALL: Final = 16  # bytes of a temporary that has its place among the function's own variables

_DECLARATIONS = """\
@PyArray_Type = external global i8
@PyLong_Type = external global i8
@PyFloat_Type = external global i8
declare ptr @PyArray_New(ptr, i32, ptr, i32, ptr, ptr, i32, i32, ptr)
declare i32 @PyArray_SetBaseObject(ptr, ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyObject_CallFunction(ptr, ptr, ...)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyTuple_GetItem(ptr, i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
define internal i1 @theon_fits(ptr %item, i32 %wanted, i32 %ndim, i32 %type) {{
  %class.at = getelementptr i8, ptr %item, i64 8
  %class = load ptr, ptr %class.at
  %array = icmp eq ptr %class, @PyArray_Type
  br i1 %array, label %look, label %no
look:
  %flags.at = getelementptr i8, ptr %item, i64 {flags}
  %flags = load i32, ptr %flags.at
  %has = and i32 %flags, %wanted
  %good1 = icmp eq i32 %has, %wanted
  %nd.at = getelementptr i8, ptr %item, i64 {nd}
  %nd = load i32, ptr %nd.at
  %good2 = icmp eq i32 %nd, %ndim
  %descr.at = getelementptr i8, ptr %item, i64 {descr}
  %descr = load ptr, ptr %descr.at
  %num.at = getelementptr i8, ptr %descr, i64 {num}
  %num = load i32, ptr %num.at
  %good3 = icmp eq i32 %num, %type
  %order.at = getelementptr i8, ptr %descr, i64 {byteorder}
  %order = load i8, ptr %order.at
  %good4 = icmp ne i8 %order, 62
  %both = and i1 %good1, %good2
  %rest = and i1 %good3, %good4
  %all = and i1 %both, %rest
  ret i1 %all
no:
  ret i1 false
}}
define internal void @theon_release(ptr %thread, i1 %worth) {{
  br i1 %worth, label %leave, label %stay
leave:
  %state = call ptr @PyEval_SaveThread()
  store ptr %state, ptr %thread
  br label %stay
stay:
  ret void
}}
define internal void @theon_take_back(ptr %thread) {{
  %state = load ptr, ptr %thread
  %none = icmp eq ptr %state, null
  br i1 %none, label %done, label %wait
wait:
  store ptr null, ptr %thread
  call void @PyEval_RestoreThread(ptr %state)
  br label %done
done:
  ret void
}}
@theon_error_format = private constant [10 x i8] c"LLLLLLLLL\\00"
""".format(**abi.ARRAY, **abi.DESCR)


@dataclass(frozen=True)
class Layout:
    """Where a program's state words are: ``shared`` lists, ``constants`` arrays, ``python`` callables."""

    shared: int
    constants: int
    python: int
    words: int

    @staticmethod
    def of(program: Program) -> Layout:
        """Return the layout for ``program``."""
        constants = FIRST + len(program.shared)
        python = constants + len(program.constants)
        return Layout(FIRST, constants, python, python + len(python_calls(program)))


def _flat(steps: tuple[Step, ...]) -> list[Step]:
    found: list[Step] = []
    waiting = list(reversed(steps))
    while waiting:
        step = waiting.pop()
        if isinstance(step, Branch):
            found.append(step)
            waiting += [*reversed(step.otherwise), *reversed(step.then)]
        elif isinstance(step, Loop):
            found.append(step)
            waiting += reversed(step.steps)
        else:
            found.append(step)
    return found


def _buffers_of(loop: Loop, tensors: dict[int, Tensor]) -> list[int]:
    """The buffers that a loop's steps read and write, its counter's and its condition's, each once."""
    found = {tensors[number].buffer: None for number in (loop.counter, loop.stop) if number is not None}
    for step in _flat(loop.steps):
        numbers: tuple[int, ...] = ()
        if isinstance(step, HostScalar):
            numbers = (step.output,)
        elif isinstance(step, KernelStep):
            numbers = tuple(given[0] for given in step.operands if given is not None)
        elif isinstance(step, NativeCall | PythonCall):
            numbers = (*step.inputs, *step.outputs)
        elif isinstance(step, Loop):
            numbers = (step.counter,) if step.stop is None else (step.counter, step.stop)
        found |= {tensors[number].buffer: None for number in numbers}
    return list(found)


def python_calls(program: Program) -> list[PythonCall]:
    """Return the Python steps in the order of their state words."""
    return [step for step in _flat(program.steps) if isinstance(step, PythonCall)]


def native_calls(program: Program) -> list[NativeCall]:
    """Return the steps that call routines."""
    return [step for step in _flat(program.steps) if isinstance(step, NativeCall)]


def kernels_of(program: Program) -> dict[Kernel, str]:
    """Return each different kernel of ``program`` with the name its function has."""
    found: dict[Kernel, str] = {}
    for step in _flat(program.steps):
        if isinstance(step, KernelStep):
            found.setdefault(step.kernel, f"kernel{len(found)}")
    return found


def is_long(program: Program) -> bool:
    """Whether the function is so long that optimising it takes too much time: what it spends is spent in its kernels."""
    return sum(isinstance(step, KernelStep | NativeCall) for step in _flat(program.steps)) > _MANY


def program_text(program: Program, name: str = "theon_entry") -> str:
    """Return the text of the function and the declarations of all it calls except the kernels' own definitions."""
    return _Writer(program, name).text()


def _in_short_blocks(lines: list[str]) -> list[str]:
    """The instructions with a new block begun after so many: the time LLVM takes for a block grows faster than its length."""
    found: list[str] = []
    length = 0
    for line in lines:
        if not line.startswith("  ") or line.startswith("  br "):
            length = 0
        elif length == _LONGEST:
            name = f"on{len(found)}"
            found += [f"  br label %{name}", f"{name}:"]
            length = 0
        else:
            length += 1
        found.append(line)
    return found


class _Writer:
    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.layout = Layout.of(program)
        self.kernels = kernels_of(program)
        self.entry: list[str] = []  # allocas
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.scalars = ScalarWriter(self.lines, self._leaf)
        self.new = self.scalars.new
        self.labels = 0
        # Sizes and strides of arguments, and what is computed from them alone, are computed once, before the first step.
        self.early_lines: list[str] = []
        self.early = ScalarWriter(self.early_lines, self._leaf)
        self.early.prefix = "h"
        self.early_known: dict[int, bool] = {}
        self.early_nodes: list[Scalar] = []  # kept alive: they are known by their identity
        self.scalars.elsewhere = self._hoisted
        self.tensors: dict[int, Tensor] = {tensor.number: tensor for tensor in program.tensors}
        self.buffers: dict[int, Buffer] = {buffer.number: buffer for buffer in program.buffers}
        self.python_index = 0
        self.held: list[int] = []
        self.owned: set[int] = set()  # buffers that are NumPy arrays made here
        self.mallocs: list[int] = []
        self.branching = 0
        self.ready: set[int] = set()
        self.primary: dict[int, int] = {}
        self.shared_kernels: set[Kernel] = set()  # those that threads may share
        self.merged_kernels: set[Kernel] = set()  # those whose axes may be one run of memory
        self.word_counts: list[int] = []
        self.words_used = 0
        self.releases = False  # whether the steps may run while other threads run Python
        self.plain_errors: set[int] = set()  # errors whose messages show no sizes
        for number in [output.tensor for output in program.outputs] + [u.tensor for u in program.updates]:
            tensor = self.tensors[number]
            if tensor.offset is None or tensor.offset is const(0):
                self.primary.setdefault(tensor.buffer, number)

    # Small pieces of text ------------------------------------------------------------------------------------------

    def emit(self, line: str) -> None:
        self.lines.append(f"  {line}")

    def label(self, hint: str) -> str:
        self.labels += 1
        return f"{hint}{self.labels}"

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def alloca(self, kind: str, count: int = 1) -> str:
        name = f"%a{len(self.entry)}"
        self.entry.append(f"  {name} = alloca {kind}, i64 {max(count, 1)}, align 16")
        return name

    def field(self, owner: str, offset: int, kind: str) -> str:
        return self.new(f"load {kind}, ptr {self.new(f'getelementptr i8, ptr {owner}, i64 {offset}')}")

    def word(self, index: int, kind: str = "ptr") -> str:
        return self.field("%words", 8 * index, kind)

    def need(self, condition: str, otherwise: str) -> None:
        """Go on if the i1 ``condition`` holds, else jump."""
        good = self.label("ok")
        self.emit(f"br i1 {condition}, label %{good}, label %{otherwise}")
        self.start(good)

    def not_null(self, pointer: str) -> None:
        self.need(self.new(f"icmp ne ptr {pointer}, null"), "failed")

    # Leaves --------------------------------------------------------------------------------------------------------

    def _hoisted(self, node: Scalar) -> str | None:
        return self.early.value(node) if node.op != "const" and self._is_early(node) else None

    def _is_early(self, root: Scalar) -> bool:
        """Whether ``root`` depends on sizes and strides of arguments only."""
        found = self.early_known
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in found:
                stack.pop()
                continue
            parts: list[Scalar] = list(node.args)
            if node.op in ("dim", "stride"):
                number, dim = node.attr
                tensor = self.tensors[number]
                known = tensor.sizes if node.op == "dim" else tensor.strides
                if known is not None:
                    parts = [known[dim]]
                elif node.op == "stride" and tensor.sizes is not None:
                    parts = list(self.c_strides(tensor)) if self._made(tensor) else []
            waiting = [x for x in parts if id(x) not in found]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            good = all(found[id(x)] for x in parts)
            if node.op == "elem":
                good = False
            elif node.op in ("dim", "stride") and not parts:
                good = self.buffers[self.tensors[node.attr[0]].buffer].kind in ("input", "shared", "constant")
            found[id(node)] = good
            self.early_nodes.append(node)
        return found[id(root)]

    def _made(self, tensor: Tensor) -> bool:
        return self.buffers[tensor.buffer].kind in ("temp", "output")

    def _leaf(self, node: Scalar) -> str:
        if node.op == "elem":
            tensor = self.tensors[node.attr]
            kind = abi.LLVM_TYPE[tensor.dtype]
            value = self.new(f"load {kind}, ptr {self.data(node.attr)}")
            return self.new(f"icmp ne i8 {value}, 0") if tensor.dtype == "bool" else value
        number, dim = node.attr
        tensor = self.tensors[number]
        known = tensor.sizes if node.op == "dim" else tensor.strides
        writer = self.early if self._is_early(node) else self.scalars
        if known is not None:
            return writer.value(known[dim])
        if node.op == "stride" and tensor.sizes is not None and self._made(tensor):
            return writer.value(self.c_strides(tensor)[dim])
        offset = abi.ARRAY["dims" if node.op == "dim" else "strides"]
        owner = writer.new(f"load ptr, ptr %b{tensor.buffer}.obj")
        vector = writer.new(f"load ptr, ptr {writer.new(f'getelementptr i8, ptr {owner}, i64 {offset}')}")
        return writer.new(f"load i64, ptr {writer.new(f'getelementptr i8, ptr {vector}, i64 {8 * dim}')}")

    def c_strides(self, tensor: Tensor) -> list[Scalar]:
        strides: list[Scalar] = []
        step = const(abi.itemsize(tensor.dtype))
        for size in reversed(tensor.sizes or ()):
            strides.append(step)
            step = make("mul", "int64", (step, size))
        return strides[::-1]

    def size(self, number: int, dim: int) -> str:
        return self.scalars.value(make("dim", "int64", (), (number, dim)))

    def stride(self, number: int, dim: int) -> str:
        return self.scalars.value(make("stride", "int64", (), (number, dim)))

    def data(self, number: int) -> str:
        """Return the address of the first element of a tensor."""
        tensor = self.tensors[number]
        self.allocate(tensor.buffer)
        base = self.new(f"load ptr, ptr %b{tensor.buffer}.data")
        if tensor.offset is None or tensor.offset is const(0):
            return base
        return self.new(f"getelementptr i8, ptr {base}, i64 {self.scalars.value(tensor.offset)}")

    # Parts of the function -----------------------------------------------------------------------------------------

    def text(self) -> str:
        program = self.program
        for call in python_calls(program):
            for number in (*call.inputs, *(counter for _, counter in call.loops)):
                if self.buffers[self.tensors[number].buffer].kind == "temp":
                    self.owned.add(self.tensors[number].buffer)
        self.owned |= {buffer.number for buffer in program.buffers if buffer.kind == "output"}
        self._arguments()
        self._shared()
        start = len(self.lines)
        self._arena()
        self._let_go()
        for step in program.steps:
            self.step(step)
        self._results()
        self._leave()
        self.lines[start:start] = self.early_lines
        slots = []
        for buffer in program.buffers:
            slots += [f"  %b{buffer.number}.{part} = alloca ptr" for part in ("data", "obj")]
            slots += [f"  store ptr null, ptr %b{buffer.number}.{part}" for part in ("data", "obj")]
        head = f"define ptr @{self.name}(ptr %self, ptr %args, i64 %nargs, ptr %kwnames) {{\nentry:"
        fixed = [
            "  %result = alloca ptr", "  store ptr null, ptr %result",
            "  %made = alloca ptr", "  store ptr null, ptr %made",
            "  %code = alloca i64", "  store i64 -1, ptr %code",
            "  %shown = alloca [8 x i64], align 16", "  store [8 x i64] zeroinitializer, ptr %shown",
            "  %busy = alloca i1", "  store i1 true, ptr %busy",
            "  %space = alloca ptr", "  store ptr null, ptr %space",
            "  %thread = alloca ptr", "  store ptr null, ptr %thread",
            "  %worth = alloca i1", "  store i1 false, ptr %worth",
            "  %overflow = alloca i32",
            f"  %words.at = getelementptr i8, ptr %self, i64 {abi.ARRAY['data']}",
            "  %words = load ptr, ptr %words.at",
        ]  # fmt: skip
        slots += [f"  %w{place} = alloca i64, i64 {count}, align 16" for place, count in enumerate(self.word_counts)]
        declarations = sorted(self.declared | self.scalars.math | self.early.math)
        parts = []
        for kernel, kernel_name in self.kernels.items():
            if kernel in self.shared_kernels:
                parts += [split.part_text(kernel, kernel_name), split.run_text(kernel, kernel_name)]
            if kernel in self.merged_kernels:
                parts.append(split.merge_text(kernel, kernel_name))
        if self.shared_kernels:
            declarations.append(pool.DECLARATIONS)
        return "\n".join(
            [
                _DECLARATIONS,
                *declarations,
                *parts,
                head,
                *_in_short_blocks([*fixed, *slots, *self.entry, *self.lines]),
                "}",
                "",
            ]
        )

    def _array_checks(self, item: str, tensor: Tensor, otherwise: str, writeable: bool = False) -> None:
        """Jump away unless ``item`` is an exact, aligned, native-order ndarray of the tensor's dtype and ndim."""
        flags = abi.ALIGNED | (abi.WRITEABLE if writeable else 0)
        kind = abi.TYPE_NUMBER[tensor.dtype]
        good = self.new(f"call i1 @theon_fits(ptr {item}, i32 {flags}, i32 {tensor.ndim}, i32 {kind})")
        self.need(good, otherwise)
        for number, dims in self.program.broadcast:
            if number == tensor.number:
                vector = self.field(item, abi.ARRAY["dims"], "ptr")
                for dim, one in enumerate(dims):
                    if one:
                        self.need(self.new(f"icmp eq i64 {self.field(vector, 8 * dim, 'i64')}, 1"), otherwise)

    def _take(self, item: str, buffer: int) -> None:
        self.emit(f"store ptr {item}, ptr %b{buffer}.obj")
        self.emit(f"store ptr {self.field(item, abi.ARRAY['data'], 'ptr')}, ptr %b{buffer}.data")

    def _arguments(self) -> None:
        self.emit("br label %begin")
        self.start("begin")
        count = self.new(f"icmp eq i64 %nargs, {len(self.program.inputs)}")
        named = self.new("icmp eq ptr %kwnames, null")
        self.need(self.new(f"and i1 {count}, {named}"), "slow")
        for position, number in enumerate(self.program.inputs):
            tensor = self.tensors[number]
            item = self.field("%args", 8 * position, "ptr")
            if tensor.ndim:
                self._array_checks(item, tensor, "slow")
                self._take(item, tensor.buffer)
            else:
                self._scalar_argument(item, tensor)
            self.ready.add(tensor.buffer)
        self.scalars.forget()

    def _scalar_argument(self, item: str, tensor: Tensor) -> None:
        """A 0-d argument: an array, a NumPy scalar of the dtype, or a Python number of a matching sort that fits."""
        done, kind = self.label("done"), abi.LLVM_TYPE.get(tensor.dtype)
        found = self.field(item, 8, "ptr")
        slot = self.alloca("i8", 16)
        if kind is not None:
            if tensor.dtype == "float64":
                yes, no = self.label("float"), self.label("other")
                self.emit(f"br i1 {self.new(f'icmp eq ptr {found}, @PyFloat_Type')}, label %{yes}, label %{no}")
                self.start(yes)
                at = self.new(f"getelementptr i8, ptr {item}, i64 {abi.FLOAT_VALUE}")
                self.emit(f"store ptr {at}, ptr %b{tensor.buffer}.data")
                self.emit(f"br label %{done}")
                self.start(no)
            if tensor.dtype != "bool" and tensor.dtype not in ("float16", "float32", "uint64"):
                yes, no = self.label("int"), self.label("other")
                self.emit(f"br i1 {self.new(f'icmp eq ptr {found}, @PyLong_Type')}, label %{yes}, label %{no}")
                self.start(yes)
                value = self.new(f"call i64 @PyLong_AsLongLongAndOverflow(ptr {item}, ptr %overflow)")
                self.need(self.new(f"icmp eq i32 {self.new('load i32, ptr %overflow')}, 0"), "slow")
                if tensor.dtype == "float64":
                    value = self.new(f"sitofp i64 {value} to double")
                elif kind != "i64":
                    short = self.new(f"trunc i64 {value} to {kind}")
                    how = "zext" if tensor.dtype.startswith("u") else "sext"
                    back = self.new(f"{how} {kind} {short} to i64")
                    self.need(self.new(f"icmp eq i64 {back}, {value}"), "slow")
                    value = short
                self.emit(f"store {kind} {value}, ptr {slot}")
                self.emit(f"store ptr {slot}, ptr %b{tensor.buffer}.data")
                self.emit(f"br label %{done}")
                self.start(no)
            self.declared.add(f"@numpy_{tensor.dtype}_type = external global i8")
            yes, no = self.label("numpy"), self.label("other")
            self.emit(
                f"br i1 {self.new(f'icmp eq ptr {found}, @numpy_{tensor.dtype}_type')}, label %{yes}, label %{no}"
            )
            self.start(yes)
            at = self.new(f"getelementptr i8, ptr {item}, i64 {abi.SCALAR_VALUE}")
            self.emit(f"store ptr {at}, ptr %b{tensor.buffer}.data")
            self.emit(f"br label %{done}")
            self.start(no)
        self._array_checks(item, tensor, "slow")
        self._take(item, tensor.buffer)
        self.emit(f"br label %{done}")
        self.start(done)

    def _shared(self) -> None:
        written = {update.shared for update in self.program.updates if update.in_place}
        for position, number in enumerate(self.program.shared):
            tensor = self.tensors[number]
            items = self.field(self.word(self.layout.shared + position), abi.LIST_ITEMS, "ptr")
            item = self.field(items, 0, "ptr")
            self._array_checks(item, tensor, "slow", writeable=position in written)
            self._take(item, tensor.buffer)
            self.ready.add(tensor.buffer)
        for number in self.program.shared:  # only now: the slow path has nothing to give back
            buffer = self.tensors[number].buffer
            self.emit(f"call void @Py_IncRef(ptr {self.new(f'load ptr, ptr %b{buffer}.obj')})")
            self.held.append(buffer)
        for position, number in enumerate(self.program.constants):
            self._take(self.word(self.layout.constants + position), self.tensors[number].buffer)
            self.ready.add(self.tensors[number].buffer)
        self.scalars.forget()

    def _early(self, root: Scalar) -> bool:
        """True if ``root`` can be computed before the first step."""
        waiting, seen = [root], set()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            waiting += node.args
            if node.op in ("dim", "stride", "elem"):
                tensor = self.tensors[node.attr if node.op == "elem" else node.attr[0]]
                given = self.buffers[tensor.buffer].kind in ("input", "shared", "constant")
                if node.op != "elem" and tensor.sizes is not None:
                    waiting += tensor.sizes + (tensor.strides or ())
                elif not given:
                    return False
        return True

    def _arena(self) -> None:
        temps = [b for b in self.program.buffers if b.kind == "temp" and b.number not in self.owned]
        slots: dict[object, list[Buffer]] = {}
        for buffer in temps:
            if buffer.nbytes is not None and buffer.nbytes.op == "const" and buffer.nbytes.attr <= _SMALL:
                # Numbers: the optimiser keeps them in registers where no kernel reads them.
                place = self.alloca("i64", -(-int(buffer.nbytes.attr) // 8))
                self.emit(f"store ptr {place}, ptr %b{buffer.number}.data")
                self.ready.add(buffer.number)
                continue
            if buffer.nbytes is None or not self._early(buffer.nbytes):
                self.mallocs.append(buffer.number)
                continue
            slots.setdefault(("own", buffer.number) if buffer.slot is None else buffer.slot, []).append(buffer)
        if not slots:
            return
        offset, places = const(0), []
        for sharing in slots.values():
            places.append((sharing, offset))
            biggest = sharing[0].nbytes
            for buffer in sharing[1:]:
                biggest = make("max", "int64", (biggest, buffer.nbytes))  # type: ignore[arg-type]
            rounded = make("and", "int64", (make("add", "int64", (biggest, const(_ALIGN - 1))), const(-_ALIGN)))  # type: ignore[arg-type]
            offset = make("add", "int64", (offset, rounded))
        total = self.scalars.value(offset)
        starts = [self.scalars.value(start) for _, start in places]
        mine, grow, enough, other, done = (self.label(word) for word in ("mine", "grow", "enough", "other", "arena"))
        swap = self.new("cmpxchg ptr %words, i64 0, i64 1 acquire monotonic")
        self.emit(f"br i1 {self.new(f'extractvalue {{ i64, i1 }} {swap}, 1')}, label %{mine}, label %{other}")
        self.start(mine)
        self.emit("store i1 false, ptr %busy")
        short = self.new(f"icmp slt i64 {self.word(ARENA_SIZE, 'i64')}, {total}")
        self.emit(f"br i1 {short}, label %{grow}, label %{enough}")
        self.start(grow)
        self.emit(f"call void @PyMem_RawFree(ptr {self.word(ARENA)})")
        place = self.new("getelementptr i64, ptr %words, i64 1")
        self.emit(f"store i64 0, ptr {place}")
        room = self.new("getelementptr i64, ptr %words, i64 2")
        self.emit(f"store i64 0, ptr {room}")
        fresh = self.new(f"call ptr @PyMem_RawMalloc(i64 {self.new(f'add i64 {total}, {_ALIGN}')})")
        self.need(self.new(f"icmp ne ptr {fresh}, null"), "memory")
        self.emit(f"store ptr {fresh}, ptr {place}")
        self.emit(f"store i64 {total}, ptr {room}")
        self.emit(f"br label %{enough}")
        self.start(enough)
        self.emit(f"store ptr {self.word(ARENA)}, ptr %space")
        self.emit(f"br label %{done}")
        self.start(other)
        fresh = self.new(f"call ptr @PyMem_RawMalloc(i64 {self.new(f'add i64 {total}, {_ALIGN}')})")
        self.emit(f"store ptr {fresh}, ptr %space")
        self.need(self.new(f"icmp ne ptr {fresh}, null"), "memory")
        self.emit(f"br label %{done}")
        self.start(done)
        raw = self.new(f"ptrtoint ptr {self.new('load ptr, ptr %space')} to i64")
        base = self.new(f"and i64 {self.new(f'add i64 {raw}, {_ALIGN - 1}')}, {-_ALIGN}")
        for (sharing, _), start in zip(places, starts, strict=True):
            at = self.new(f"inttoptr i64 {self.new(f'add i64 {base}, {start}')} to ptr")
            for buffer in sharing:
                self.emit(f"store ptr {at}, ptr %b{buffer.number}.data")
                self.ready.add(buffer.number)
        self.scalars.forget()

    def allocate(self, number: int) -> None:
        """Make an output buffer, or a temp whose size is known late, unless it is there."""
        if number in self.ready:
            return
        buffer = self.buffers[number]
        if buffer.nbytes is None:
            raise ValueError(f"buffer {number} of kind {buffer.kind} is used before a step fills it")
        if not self.branching:
            self.ready.add(number)
        missing, done = self.label("make"), self.label("there")
        seen = self.new(f"icmp eq ptr {self.new(f'load ptr, ptr %b{number}.data')}, null")
        nbytes = self.scalars.value(buffer.nbytes)
        known = dict(self.scalars.known)
        if number in self.owned:
            shape = self._shape(self.primary[number]) if number in self.primary else None
            known = dict(self.scalars.known)
        self.emit(f"br i1 {seen}, label %{missing}, label %{done}")
        self.start(missing)
        if number in self.owned:
            self._new_array(number, nbytes, shape)
            if number not in self.held:
                self.held.append(number)
        else:
            fresh = self.new(f"call ptr @PyMem_RawMalloc(i64 {self.new(f'add i64 {nbytes}, 1')})")
            self.emit(f"store ptr {fresh}, ptr %b{number}.data")
            self.need(self.new(f"icmp ne ptr {fresh}, null"), "memory")
            if number not in self.mallocs:
                self.mallocs.append(number)
        self.emit(f"br label %{done}")
        self.start(done)
        self.scalars.known = known

    def _shape(self, number: int) -> tuple[str, str, str, str]:
        """Store sizes and strides of a tensor; return (sizes, strides, bytes its sizes fill, whether strides are >= 0)."""
        tensor = self.tensors[number]
        sizes, strides = self.alloca("i64", tensor.ndim), self.alloca("i64", tensor.ndim)
        total, positive = str(abi.itemsize(tensor.dtype)), "true"
        for dim in range(tensor.ndim):
            size, stride = self.size(number, dim), self.stride(number, dim)
            self.emit(f"store i64 {size}, ptr {self.new(f'getelementptr i64, ptr {sizes}, i64 {dim}')}")
            self.emit(f"store i64 {stride}, ptr {self.new(f'getelementptr i64, ptr {strides}, i64 {dim}')}")
            total = self.new(f"mul i64 {total}, {size}")
            small = self.new(f"icmp sle i64 {size}, 1")
            fine = self.new(f"or i1 {small}, {self.new(f'icmp sgt i64 {stride}, 0')}")
            positive = self.new(f"and i1 {positive}, {fine}")
        return sizes, strides, total, positive

    def _new_array(self, number: int, nbytes: str, shape: tuple[str, str, str, str] | None) -> None:
        self._take_back()
        typed, raw, done = self.label("typed"), self.label("raw"), self.label("made")
        if shape is not None:
            tensor = self.tensors[self.primary[number]]
            whole = self.new(f"icmp eq i64 {shape[2]}, {nbytes}")
            self.emit(f"br i1 {self.new(f'and i1 {whole}, {shape[3]}')}, label %{typed}, label %{raw}")
            self.start(typed)
            made = self._array_call(tensor, shape[0], shape[1], "null")
            self.emit(f"store ptr {made}, ptr %b{number}.obj")
            self.emit(f"br label %{done}")
            self.start(raw)
        at = self.alloca("i64")
        self.emit(f"store i64 {nbytes}, ptr {at}")
        kind = abi.TYPE_NUMBER["uint8"]
        made = self.new(
            f"call ptr @PyArray_New(ptr @PyArray_Type, i32 1, ptr {at}, i32 {kind}, ptr null, ptr null, i32 0, i32 0, ptr null)"
        )
        self.emit(f"store ptr {made}, ptr %b{number}.obj")
        self.emit(f"br label %{done}")
        self.start(done)
        made = self.new(f"load ptr, ptr %b{number}.obj")
        self.not_null(made)
        self.emit(f"store ptr {self.field(made, abi.ARRAY['data'], 'ptr')}, ptr %b{number}.data")
        self._release()

    def _array_call(self, tensor: Tensor, sizes: str, strides: str, data: str) -> str:
        flags = (abi.WRITEABLE | abi.ALIGNED) if data != "null" else 0
        return self.new(
            f"call ptr @PyArray_New(ptr @PyArray_Type, i32 {tensor.ndim}, ptr {sizes}, i32 {abi.TYPE_NUMBER[tensor.dtype]},"
            f" ptr {strides if tensor.ndim else 'null'}, ptr {data}, i32 0, i32 {flags}, ptr null)"
        )

    # Other Python threads -------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        """Let other threads run Python while the steps run, where they take long enough; results get their memory before."""
        duration = work.duration(self.program, self.tensors, self._is_early)
        if duration.op == "const" and duration.attr < work.LONG:
            return
        self.releases = True
        for buffer in self.program.buffers:
            if buffer.number in self.owned and buffer.nbytes is not None and self._is_early(buffer.nbytes):
                self.allocate(buffer.number)
        long = self.new(f"icmp sgt i64 {self.scalars.value(duration)}, {work.LONG}")
        self.emit(f"store i1 {long}, ptr %worth")
        self._release()

    def _release(self) -> None:
        if self.releases:
            self.emit(f"call void @theon_release(ptr %thread, i1 {self.new('load i1, ptr %worth')})")

    def _take_back(self) -> None:
        """From here on Python's functions may be called."""
        if self.releases:
            self.emit("call void @theon_take_back(ptr %thread)")

    # Steps ---------------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        self.words_used = 0
        if isinstance(step, Check):
            condition = self.scalars.value(step.condition)
            shown = [self.scalars.value(value) for value in step.shown]
            self._fail_unless(condition, step.error, shown)
            return
        if isinstance(step, HostScalar):
            value = self.scalars.value(step.value)
            dtype = self.tensors[step.output].dtype
            if dtype == "bool":
                value = self.new(f"zext i1 {value} to i8")
            self.emit(f"store {abi.LLVM_TYPE[dtype]} {value}, ptr {self.data(step.output)}")
        elif isinstance(step, KernelStep):
            self._kernel(step)
        elif isinstance(step, NativeCall):
            self._native(step)
        elif isinstance(step, PythonCall):
            self._python(step)
        elif isinstance(step, Branch):
            self._branch(step)
        else:
            self._loop(step)
        self.scalars.forget()

    def _fail_unless(self, condition: str, error: int, shown: list[str]) -> None:
        if not shown:
            self.plain_errors.add(error)
            self.need(condition, f"error{error}")
            return
        bad, good = self.label("bad"), self.label("ok")
        self.emit(f"br i1 {condition}, label %{good}, label %{bad}")
        self.start(bad)
        for place in range(8):
            at = self.new(f"getelementptr i64, ptr %shown, i64 {place}")
            self.emit(f"store i64 {shown[place] if place < len(shown) else 0}, ptr {at}")
        self.emit(f"store i64 {error}, ptr %code")
        self.emit("br label %failed")
        self.start(good)

    def _store_all(self, values: list[str], kind: str = "i64") -> str:
        """Store words that one call reads; every step uses the same places for them."""
        place = self.words_used
        self.words_used += 1
        if place == len(self.word_counts):
            self.word_counts.append(1)
        self.word_counts[place] = max(self.word_counts[place], len(values))
        vector = f"%w{place}"
        for place, value in enumerate(values):
            self.emit(f"store {kind} {value}, ptr {self.new(f'getelementptr {kind}, ptr {vector}, i64 {place}')}")
        return vector

    def _kernel(self, step: KernelStep) -> None:
        name, kernel = self.kernels[step.kernel], step.kernel
        pointers, strides = [], []
        for given in step.operands:
            if given is None:
                continue
            number, steps = given
            pointers.append(self.data(number))
            strides += [self.scalars.value(value) for value in steps]
        extents = [self.scalars.value(value) for value in step.extents]
        where = [self._store_all(pointers, "ptr"), self._store_all(extents), self._store_all(strides)]
        size = split.constant_size(step)
        if (
            (size is None or size * split.weight(kernel) >= split.WORTH)
            and split.shared_axes(kernel)
            and pool.budget() > 1
        ):
            self.shared_kernels.add(kernel)
            name += ".run"
        elif split.merges(kernel):
            self.merged_kernels.add(kernel)
            name += ".merge"
        self.emit(f"call i64 @{name}(ptr {where[0]}, ptr {where[1]}, ptr {where[2]})")

    def _native(self, step: NativeCall) -> None:
        """Routines get one block of words for each tensor (data, sizes, strides) and one pointer to the scalars."""
        from theon.codegen.routines import routine

        found = routine(step, [self.tensors[number] for number in (*step.inputs, *step.outputs)])
        blocks = []
        for number in (*step.inputs, *step.outputs):
            tensor = self.tensors[number]
            words = [self.new(f"ptrtoint ptr {self.data(number)} to i64")]
            words += [self.size(number, dim) for dim in range(tensor.ndim)]
            words += [self.stride(number, dim) for dim in range(tensor.ndim)]
            blocks.append(self._store_all(words))
        numbers = self.alloca("i64", len(step.scalars))
        for place, scalar in enumerate(step.scalars):
            value, kind = self.scalars.value(scalar), ssa_type(scalar.dtype)
            self.emit(f"store {kind} {value}, ptr {self.new(f'getelementptr i64, ptr {numbers}, i64 {place}')}")
        call = ", ".join(f"ptr {block}" for block in [*blocks, numbers])
        code = self.new(f"call i64 @{found.symbol}({call})")
        self._fail_unless(self.new(f"icmp eq i64 {code}, 0"), step.error or 0, [])

    def _branch(self, step: Branch) -> None:
        condition = self.scalars.value(step.condition)
        yes, no, done = self.label("then"), self.label("else"), self.label("join")
        self.emit(f"br i1 {condition}, label %{yes}, label %{no}")
        self.branching += 1
        for start, steps in ((yes, step.then), (no, step.otherwise)):
            self.start(start)
            self.scalars.forget()
            for inner in steps:
                self.step(inner)
            self.emit(f"br label %{done}")
        self.branching -= 1
        self.start(done)

    def _loop(self, step: Loop) -> None:
        for number in _buffers_of(step, self.tensors):
            if self.buffers[number].kind in ("temp", "output"):
                self.allocate(number)
        self.scalars.forget()
        count, counter = self.scalars.value(step.count), self.data(step.counter)
        stop = None if step.stop is None else self.data(step.stop)
        again, body, done = self.label("again"), self.label("body"), self.label("through")
        self.emit(f"store i64 0, ptr {counter}")
        self.emit(f"br label %{again}")
        self.start(again)
        now = self.new(f"load i64, ptr {counter}")
        self.emit(f"br i1 {self.new(f'icmp slt i64 {now}, {count}')}, label %{body}, label %{done}")
        self.start(body)
        self.branching += 1
        self.scalars.forget()
        for inner in step.steps:
            self.step(inner)
        self.branching -= 1
        self.emit(f"store i64 {self.new(f'add i64 {now}, 1')}, ptr {counter}")
        if stop is None:
            self.emit(f"br label %{again}")
        else:
            enough = self.new(f"icmp ne i8 {self.new(f'load i8, ptr {stop}')}, 0")
            self.emit(f"br i1 {enough}, label %{done}, label %{again}")
        self.start(done)

    def _python(self, step: PythonCall) -> None:
        self._take_back()
        views = [self.view(number) for number in (*step.inputs, *(counter for _, counter in step.loops))]
        vector = self._store_all(views, "ptr")
        called = self.word(self.layout.python + self.python_index)
        self.python_index += 1
        result = self.new(f"call ptr @PyObject_Vectorcall(ptr {called}, ptr {vector}, i64 {len(views)}, ptr null)")
        for view in views:
            self.emit(f"call void @Py_DecRef(ptr {view})")
        self.not_null(result)
        for place, number in enumerate(step.outputs):
            buffer = self.tensors[number].buffer
            item = self.new(f"call ptr @PyTuple_GetItem(ptr {result}, i64 {place})")
            self.emit(f"call void @Py_IncRef(ptr {item})")
            old = self.new(f"load ptr, ptr %b{buffer}.obj")  # from the step before, in a loop
            self._take(item, buffer)
            self.emit(f"call void @Py_DecRef(ptr {old})")
            self.ready.add(buffer)
            if buffer not in self.held:
                self.held.append(buffer)
        self.emit(f"call void @Py_DecRef(ptr {result})")
        self._release()

    def view(self, number: int) -> str:
        """Return a new reference to an array that shows tensor ``number`` and keeps its memory alive."""
        tensor = self.tensors[number]
        result, make_it, done = self.alloca("ptr"), self.label("view"), self.label("seen")
        data = self.data(number)
        owner = self.new(f"load ptr, ptr %b{tensor.buffer}.obj")
        kind = self.buffers[tensor.buffer].kind
        shape = self._shape(number) if tensor.ndim else ("null", "null", "", "")
        if tensor.sizes is None and tensor.strides is None and tensor.offset is None and kind != "constant":
            same = self.new(f"icmp ne ptr {owner}, null")
        elif self.primary.get(tensor.buffer) == number and tensor.buffer in self.owned:
            descr = self.field(owner, abi.ARRAY["descr"], "ptr")
            numbered = self.new(
                f"icmp eq i32 {self.field(descr, abi.DESCR['num'], 'i32')}, {abi.TYPE_NUMBER[tensor.dtype]}"
            )
            ndim = self.new(f"icmp eq i32 {self.field(owner, abi.ARRAY['nd'], 'i32')}, {tensor.ndim}")
            same = self.new(f"and i1 {numbered}, {ndim}")
            if tensor.dtype == "uint8" and tensor.ndim == 1:  # could be the raw bytes with other sizes
                size = self.field(self.field(owner, abi.ARRAY["dims"], "ptr"), 0, "i64")
                same = self.new(f"and i1 {same}, {self.new(f'icmp eq i64 {size}, {self.size(number, 0)}')}")
        else:
            same = "false"
        direct = self.label("direct")
        self.emit(f"br i1 {same}, label %{direct}, label %{make_it}")
        self.start(direct)
        self.emit(f"call void @Py_IncRef(ptr {owner})")
        self.emit(f"store ptr {owner}, ptr {result}")
        self.emit(f"br label %{done}")
        self.start(make_it)
        # A 0-d argument given as a number has no owner: its array gets memory of its own.
        known, copied, based = dict(self.scalars.known), self.label("copied"), self.label("based")
        self.emit(f"br i1 {self.new(f'icmp eq ptr {owner}, null')}, label %{copied}, label %{based}")
        self.start(copied)
        made = self._array_call(tensor, shape[0], shape[1], "null")
        self.emit(f"store ptr {made}, ptr {result}")
        self.not_null(made)
        target = self.field(made, abi.ARRAY["data"], "ptr")
        nbytes = abi.itemsize(tensor.dtype)
        self.declared.add("declare ptr @memcpy(ptr, ptr, i64)")
        # A view of one number has one element, or none.
        total = f"{nbytes}"
        for d in range(tensor.ndim):
            empty = self.new(f"icmp eq i64 {self.size(number, d)}, 0")
            total = self.new(f"select i1 {empty}, i64 0, i64 {total}")
        self.emit(f"call ptr @memcpy(ptr {target}, ptr {data}, i64 {total})")
        self.emit(f"br label %{done}")
        self.start(based)
        made = self._array_call(tensor, shape[0], shape[1], data)
        self.emit(f"store ptr {made}, ptr {result}")
        self.not_null(made)
        self.emit(f"call void @Py_IncRef(ptr {owner})")
        status = self.new(f"call i32 @PyArray_SetBaseObject(ptr {made}, ptr {owner})")
        self.need(self.new(f"icmp eq i32 {status}, 0"), "failed")
        self.emit(f"br label %{done}")
        self.start(done)
        self.scalars.known = known
        return self.new(f"load ptr, ptr {result}")

    # Leaving -------------------------------------------------------------------------------------------------------

    def _results(self) -> None:
        """Build every result before the first update is committed."""
        self._take_back()
        self.releases = False
        pending = []
        for update in self.program.updates:
            if not update.in_place:
                slot = self.alloca("ptr")
                self.emit(f"store ptr {self.view(update.tensor)}, ptr {slot}")
                pending.append((update.shared, slot))
        count = len(self.program.outputs)
        made = []
        for output in self.program.outputs:
            slot = self.alloca("ptr")
            self.emit(f"store ptr {self.view(output.tensor)}, ptr {slot}")
            made.append(slot)
        if count == 1:
            self.emit(f"store ptr {self.new(f'load ptr, ptr {made[0]}')}, ptr %result")
        else:
            holder = self.new(f"call ptr @PyList_New(i64 {count})")
            self.emit(f"store ptr {holder}, ptr %result")
            self.not_null(holder)
            for place, slot in enumerate(made):
                item = self.new(f"load ptr, ptr {slot}")
                self.emit(f"call i32 @PyList_SetItem(ptr {holder}, i64 {place}, ptr {item})")
        for shared, slot in pending:
            items = self.word(self.layout.shared + shared)
            self.emit(f"call i32 @PyList_SetItem(ptr {items}, i64 0, ptr {self.new(f'load ptr, ptr {slot}')})")
        self.emit("br label %cleanup")

    def _leave(self) -> None:
        for error in sorted(self.plain_errors):
            self.start(f"error{error}")
            self.emit(f"store i64 {error}, ptr %code")
            self.emit("br label %failed")
        self.start("memory")
        self.emit("call void @theon_take_back(ptr %thread)")
        self.emit("call ptr @PyErr_NoMemory()")
        self.emit("br label %failed")
        self.start("failed")
        self.emit("call void @theon_take_back(ptr %thread)")
        self.emit("store ptr null, ptr %result")
        self.emit("br label %cleanup")
        self.start("cleanup")
        for buffer in self.held:
            self.emit(f"call void @Py_DecRef(ptr {self.new(f'load ptr, ptr %b{buffer}.obj')})")
        for buffer in self.mallocs:
            self.emit(f"call void @PyMem_RawFree(ptr {self.new(f'load ptr, ptr %b{buffer}.data')})")
        mine, other, done = self.label("unlock"), self.label("release"), self.label("bye")
        self.emit(f"br i1 {self.new('load i1, ptr %busy')}, label %{other}, label %{mine}")
        self.start(mine)
        self.emit("store atomic i64 0, ptr %words release, align 8")
        self.emit(f"br label %{done}")
        self.start(other)
        self.emit(f"call void @PyMem_RawFree(ptr {self.new('load ptr, ptr %space')})")
        self.emit(f"br label %{done}")
        self.start(done)
        code = self.new("load i64, ptr %code")
        told, plain = self.label("raise"), self.label("return")
        self.emit(f"br i1 {self.new(f'icmp sge i64 {code}, 0')}, label %{told}, label %{plain}")
        self.start(told)
        shown = [
            self.new(f"load i64, ptr {self.new(f'getelementptr i64, ptr %shown, i64 {place}')}") for place in range(8)
        ]
        listed = ", ".join(f"i64 {value}" for value in [code, *shown])
        raised = self.new(
            f"call ptr (ptr, ptr, ...) @PyObject_CallFunction(ptr {self.word(RAISE)}, ptr @theon_error_format, {listed})"
        )
        self.emit(f"ret ptr {raised}")
        self.start(plain)
        self.emit(f"ret ptr {self.new('load ptr, ptr %result')}")
        self.start("slow")
        called = self.word(SLOW)
        slow = self.new(f"call ptr @PyObject_Vectorcall(ptr {called}, ptr %args, i64 %nargs, ptr %kwnames)")
        self.emit(f"ret ptr {slow}")
