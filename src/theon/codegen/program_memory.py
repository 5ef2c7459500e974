"""The memory of a program's function: arguments, shared arrays, the arena, new arrays, and views that leave it."""

from __future__ import annotations

from typing import Final

from theon.codegen import abi, work
from theon.codegen.calls import Words
from theon.codegen.contents import ARENA, ARENA_SIZE
from theon.codegen.program_values import ValueWriter
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.expression import times
from theon.schedule.memory import SMALL
from theon.schedule.step import (
    Buffer,
    Tensor,
)

__all__ = ["MemoryWriter"]

_ALIGN: Final = 64


class MemoryWriter(ValueWriter):
    """The part that takes arrays, makes memory and gives arrays back."""

    def _array_checks(self, item: str, tensor: Tensor, otherwise: str, writeable: bool = False) -> None:
        """Jump away unless ``item`` is an exact, aligned, native-order ndarray of the tensor's dtype and ndim."""
        flags = abi.ALIGNED | (abi.WRITEABLE if writeable else 0)
        flags |= abi.CONTIGUOUS if tensor.number in self.program.dense else 0
        kind = abi.TYPE_NUMBER[tensor.dtype]
        good = self.new(f"call i1 {self.helper('theon_fits')}(ptr {item}, i32 {flags}, i32 {tensor.ndim}, i32 {kind})")
        self.need(good, otherwise)
        for number, dims in self.program.broadcast:
            if number == tensor.number:
                vector = self.field(item, abi.ARRAY["dims"], "ptr")
                for dim, one in enumerate(dims):
                    if one:
                        self.need(self.new(f"icmp eq i64 {self.field(vector, 8 * dim, 'i64')}, 1"), otherwise)

    def _take(self, item: str, buffer: int) -> None:
        self.emit(f"store ptr {item}, ptr {self.slot('obj', buffer)}")
        self.emit(f"store ptr {self.field(item, abi.ARRAY['data'], 'ptr')}, ptr {self.slot('data', buffer)}")

    def _take_for_all(self, item: str, buffer: int) -> None:
        """Take an array in lines that come before all steps."""
        self.registers["obj", buffer] = item
        self.registers["data", buffer] = self.field(item, abi.ARRAY["data"], "ptr")

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
                self._take_for_all(item, tensor.buffer)
            else:
                self._scalar_argument(item, tensor)
            self.ready.add(tensor.buffer)
        self.scalars.forget()

    def _scalar_argument(self, item: str, tensor: Tensor) -> None:
        """A 0-d argument: an array, a NumPy scalar of the dtype, or a Python number of a matching sort that fits."""
        done, kind = self.label("done"), abi.LLVM_TYPE.get(tensor.dtype)
        where = self.slot("data", tensor.buffer)
        found = self.field(item, 8, "ptr")
        slot = self.alloca("i8", 16)
        if kind is not None:
            if tensor.dtype == "float64":
                yes, no = self.label("float"), self.label("other")
                self.emit(f"br i1 {self.new(f'icmp eq ptr {found}, @PyFloat_Type')}, label %{yes}, label %{no}")
                self.start(yes)
                at = self.new(f"getelementptr i8, ptr {item}, i64 {abi.FLOAT_VALUE}")
                self.emit(f"store ptr {at}, ptr {where}")
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
                self.emit(f"store ptr {slot}, ptr {where}")
                self.emit(f"br label %{done}")
                self.start(no)
            self.declared.add(f"@numpy_{tensor.dtype}_type = external global i8")
            yes, no = self.label("numpy"), self.label("other")
            self.emit(
                f"br i1 {self.new(f'icmp eq ptr {found}, @numpy_{tensor.dtype}_type')}, label %{yes}, label %{no}"
            )
            self.start(yes)
            at = self.new(f"getelementptr i8, ptr {item}, i64 {abi.SCALAR_VALUE}")
            self.emit(f"store ptr {at}, ptr {where}")
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
            place = self.layout.shared + position
            item = self.new(f"call ptr {self.helper('theon_shared')}(ptr %words, i64 {place})")
            self._array_checks(item, tensor, "slow", writeable=position in written)
            self._take_for_all(item, tensor.buffer)
            self.ready.add(tensor.buffer)
        for number in self.program.shared:  # only now: the slow path has nothing to give back
            buffer = self.tensors[number].buffer
            self.emit(f"call void @Py_IncRef(ptr {self.registers['obj', buffer]})")
            self.held.append(buffer)
        for position, number in enumerate(self.program.constants):
            self._take_for_all(self.word(self.layout.constants + position), self.tensors[number].buffer)
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
            if buffer.nbytes is not None and buffer.nbytes.op == "const" and buffer.nbytes.attr <= SMALL:
                # Numbers: the optimiser keeps them in registers where no kernel reads them.
                place = self.alloca("i64", -(-int(buffer.nbytes.attr) // 8))
                self.registers["data", buffer.number] = place
                self.ready.add(buffer.number)
                continue
            if buffer.nbytes is None or buffer.number in self.anew or not self._early(buffer.nbytes):
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
        base = self.new(f"inttoptr i64 {base} to ptr")
        for (sharing, _), start in zip(places, starts, strict=True):
            at = self.new(f"getelementptr i8, ptr {base}, i64 {start}")
            for buffer in sharing:
                self.registers["data", buffer.number] = at
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
        nbytes = self.scalars.value(buffer.nbytes)
        if number in self.owned:
            self._new_array(number, nbytes)
            if number not in self.held:
                self.held.append(number)
            return
        data = self.slot("data", number)
        made = self.new(f"call i1 {self.helper('theon_malloc')}(ptr {data}, i64 {nbytes})")
        self.need(made, "memory")
        if number not in self.mallocs:
            self.mallocs.append(number)

    def make_room(self, number: int) -> None:
        """See to it that a temp has the memory that it needs now; what was there before is lost."""
        nbytes = self.buffers[number].nbytes
        assert nbytes is not None
        self.ready.add(number)
        room = self.rooms.setdefault(number, f"%b{number}.room")
        where = f"ptr {self.slot('data', number)}, ptr {room}"
        made = self.new(f"call i1 {self.helper('theon_room')}({where}, i64 {self.scalars.value(nbytes)})")
        self.need(made, "memory")

    def _shape(self, tensor: Tensor) -> tuple[Words, list[Words]]:
        """What describes an array of a tensor's shape to the prelude: dtype, itemsize, ndim; sizes and strides."""
        plain = [
            ("i32", str(abi.TYPE_NUMBER[tensor.dtype])),
            ("i64", str(abi.itemsize(tensor.dtype))),
            ("i32", str(tensor.ndim)),
        ]
        dims = range(tensor.ndim)
        sizes = [("i64", self.size(tensor.number, dim)) for dim in dims]
        return plain, [sizes, [("i64", self.stride(tensor.number, dim)) for dim in dims]]

    def _new_array(self, number: int, nbytes: str) -> None:
        """Make a NumPy array, of the shape that leaves the function where it fills the memory, else of bytes."""
        plain: Words = (("i32", str(abi.TYPE_NUMBER["uint8"])), ("i64", "1"), ("i32", "1"))
        groups: list[Words] = [[("i64", nbytes)]]
        steps: Words = [("ptr", "null")]
        name, thread, worth = "theon_new", "null", "false"
        if number in self.primary:
            plain, groups = self._shape(self.tensors[self.primary[number]])
            if self._is_dense(number):
                groups.pop()
            else:
                name, steps, plain = "theon_new_strided", (), [("i64", nbytes), *plain]
        if self.releases:
            thread, worth = "%thread", self.new("load i1, ptr %worth")
        where = [("ptr", self.slot(part, number)) for part in ("data", "obj")]
        self.helper("theon_new")
        self.helper(name)
        made = self.laid_out(name, [*where, ("ptr", thread), ("i1", worth), *plain, *steps], groups, "i1")
        self.need(made, "failed")

    def _is_dense(self, number: int) -> bool:
        """Whether a buffer of this function's is just the elements, in order, of the tensor that leaves it."""
        if number not in self.owned or number not in self.primary:
            return False
        tensor = self.tensors[self.primary[number]]
        if tensor.sizes is None or tensor.strides is None:
            return False
        step = const(abi.itemsize(tensor.dtype))
        for size, stride in zip(reversed(tensor.sizes), reversed(tensor.strides)):
            if stride is not step:
                return False
            step = times(step, size)
        return step is self.buffers[number].nbytes

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

    def view(self, number: int) -> str:
        """Return a new reference to an array that shows tensor ``number`` and keeps its memory alive."""
        tensor = self.tensors[number]
        data = self.data(number)
        owner = "null" if self._is_place(tensor.buffer) else self.held_at("obj", tensor.buffer)
        kind = self.buffers[tensor.buffer].kind
        if self.primary.get(tensor.buffer) == number and self._is_dense(tensor.buffer):
            self.emit(f"call void @Py_IncRef(ptr {owner})")
            return owner
        if tensor.sizes is None and tensor.strides is None and tensor.offset is None and kind != "constant":
            same = self.new(f"icmp ne ptr {owner}, null")
        elif self.primary.get(tensor.buffer) == number and tensor.buffer in self.owned:
            # What could be the raw bytes is so only with other sizes.
            size = self.size(number, 0) if tensor.dtype == "uint8" and tensor.ndim == 1 else "-1"
            asked = f"ptr {owner}, i32 {abi.TYPE_NUMBER[tensor.dtype]}, i32 {tensor.ndim}, i64 {size}"
            same = self.new(f"call i1 {self.helper('theon_same')}({asked})")
        else:
            same = "false"
        plain, groups = self._shape(tensor)
        self.helper("theon_view")
        made = self.laid_out("theon_view", [("i1", same), ("ptr", data), ("ptr", owner), *plain], groups, "ptr")
        self.not_null(made)
        return made

    def _is_place(self, buffer: int) -> bool:
        """Whether a buffer lies in memory that no array owns."""
        return ("data", buffer) in self.registers and ("obj", buffer) not in self.registers
