"""The values that a program's function computes: numbers, sizes, strides and addresses, as registers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from theon.codegen import abi
from theon.codegen.calls import Call, Words
from theon.codegen.contents import Layout, flat, kernels_of
from theon.codegen.program_scalar import ScalarWriter
from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.step import (
    Buffer,
    Loop,
    Program,
    Tensor,
)

__all__ = ["ValueWriter"]


class _HostWriter(ScalarWriter):
    """Scalar expressions of a program's function, which call what would take many lines."""

    def __init__(self, lines: list[str], leaf: Callable[[Scalar], str], helper: Callable[[str], str]) -> None:
        super().__init__(lines, leaf)
        self.helper = helper

    def _divide(self, op: str, args: list[str], kind: str, unsigned: bool) -> str:
        if op == "floordiv" and kind == "i64" and not unsigned and args[1].startswith("%"):
            return self.new(f"call i64 {self.helper('theon_floordiv')}(i64 {args[0]}, i64 {args[1]})")
        return super()._divide(op, args, kind, unsigned)


class ValueWriter(ABC):
    """Prints a program's function; this part knows registers, blocks and what values depend on."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.layout = Layout.of(program)
        self.kernels = kernels_of(program)
        self.entry: list[str] = []  # allocas
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.scalars = _HostWriter(self.lines, self._leaf, self.helper)
        self.new = self.scalars.new
        self.labels = 0
        # Sizes and strides of arguments, and what is computed from them alone, are computed once, before the first step.
        self.early_lines: list[str] = []
        self.early = _HostWriter(self.early_lines, self._leaf, self.helper)
        self.early.prefix = "h"
        self.early_known: dict[int, bool] = {}
        self.early_checks: dict[str, None] = {}  # what must hold so that the sizes of arguments fit together
        self.early_nodes: list[Scalar] = []  # kept alive: they are known by their identity
        self.scalars.elsewhere = self._hoisted
        self.tensors: dict[int, Tensor] = {tensor.number: tensor for tensor in program.tensors}
        self.buffers: dict[int, Buffer] = {buffer.number: buffer for buffer in program.buffers}
        self.python_index = 0
        self.held: list[int] = []
        self.owned: set[int] = set()  # buffers that are NumPy arrays made here
        self.mallocs: list[int] = []
        self.rooms: dict[int, str] = {}  # for memory whose size changes from step to step: how much there is
        self.anew = {number for step in flat(program.steps) if isinstance(step, Loop) for number in step.anew}
        self.branching = 0
        self.ready: set[int] = set()
        # Where a buffer's memory and its array are: in registers where the first lines say it, else in slots.
        self.registers: dict[tuple[str, int], str] = {}
        self.slots: dict[str, None] = {}
        self.vectors: dict[tuple[int, str], str] = {}  # registers of arguments' sizes and strides
        self.helpers: dict[str, None] = {}  # those of the prelude that are called
        self.primary: dict[int, int] = {}
        self.shared_kernels: set[Kernel] = set()  # those that threads may share
        self.merged_kernels: set[Kernel] = set()  # those whose axes may be one run of memory
        self.turned_kernels: dict[str, tuple[Kernel, str]] = {}  # those that may be called with axes in another order
        self.afters: list[str] = []  # the functions that routines call with each part of their results
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

    def slot(self, part: str, buffer: int) -> str:
        """The variable that holds the address of a buffer's memory ("data") or array ("obj")."""
        name = f"%b{buffer}.{part}"
        self.slots[name] = None
        return name

    def held_at(self, part: str, buffer: int) -> str:
        """The address of a buffer's memory or array, in a register."""
        return self.registers.get((part, buffer)) or self.new(f"load ptr, ptr {self.slot(part, buffer)}")

    def helper(self, name: str) -> str:
        """The name of a function of the prelude, which the text will hold."""
        self.helpers[name] = None
        return f"@{name}"

    def laid_out(self, symbol: str, plain: Words, groups: Sequence[Words], result: str = "i64") -> str:
        """Call ``symbol`` with the words ``plain`` and with pointers to groups of words; return its result."""
        register = self.new("")
        self.lines[-1] = Call(register, result, symbol, plain, groups)
        return register

    def need(self, condition: str, otherwise: str) -> None:
        """Go on if the i1 ``condition`` holds, else jump."""
        good = self.label("ok")
        self.emit(f"br i1 {condition}, label %{good}, label %{otherwise}")
        self.start(good)

    def not_null(self, pointer: str) -> None:
        self.need(self.new(f"icmp ne ptr {pointer}, null"), "failed")

    # Leaves --------------------------------------------------------------------------------------------------------

    def _hoisted(self, node: Scalar) -> str | None:
        if node.op == "const":
            return None
        found = self.early.known.get(id(node))
        return found or (self.early.value(node) if self._is_early(node) else None)

    def _is_early(self, root: Scalar) -> bool:
        """Whether ``root`` depends on sizes and strides of arguments only."""
        found = self.early_known
        if id(root) in found:
            return found[id(root)]
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
        vector = self._vector(writer, tensor.buffer, "dims" if node.op == "dim" else "strides")
        at = writer.new(f"getelementptr i64, ptr {vector}, i64 {dim}") if dim else vector
        return writer.new(f"load i64, ptr {at}")

    def _vector(self, writer: ScalarWriter, buffer: int, part: str) -> str:
        """The address of an array's sizes or strides; those of arguments are looked up once."""
        known = self.vectors.get((buffer, part)) if writer is self.early else None
        if known is not None:
            return known
        owner = self.registers.get(("obj", buffer)) or writer.new(f"load ptr, ptr {self.slot('obj', buffer)}")
        found = writer.new(f"load ptr, ptr {writer.new(f'getelementptr i8, ptr {owner}, i64 {abi.ARRAY[part]}')}")
        if writer is self.early:
            self.vectors[buffer, part] = found
        return found

    def c_strides(self, tensor: Tensor) -> list[Scalar]:
        strides: list[Scalar] = []
        step = const(abi.itemsize(tensor.dtype))
        for size in reversed(tensor.sizes or ()):
            strides.append(step)
            step = make("mul", "int64", (step, size))
        return strides[::-1]

    def size(self, number: int, dim: int) -> str:
        sizes = self.tensors[number].sizes
        if sizes is not None:
            return self.scalars.value(sizes[dim])
        return self.scalars.value(make("dim", "int64", (), (number, dim)))

    def stride(self, number: int, dim: int) -> str:
        strides = self.tensors[number].strides
        if strides is not None:
            return self.scalars.value(strides[dim])
        return self.scalars.value(make("stride", "int64", (), (number, dim)))

    def data(self, number: int) -> str:
        """Return the address of the first element of a tensor."""
        tensor = self.tensors[number]
        self.allocate(tensor.buffer)
        base = self.held_at("data", tensor.buffer)
        if tensor.offset is None or tensor.offset is const(0):
            return base
        return self.new(f"getelementptr i8, ptr {base}, i64 {self.scalars.value(tensor.offset)}")

    @abstractmethod
    def allocate(self, number: int) -> None:
        """See to it that a buffer has memory."""
