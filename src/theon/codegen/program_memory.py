"""The memory of a program's function: arguments, shared arrays, the arena, new arrays, and views that leave it."""

from __future__ import annotations

from typing import Final

from theon.codegen import abi, work
from theon.codegen.contents import ARENA, ARENA_SIZE
from theon.codegen.program_values import ValueWriter
from theon.kernel.scalar import Scalar, const, make
from theon.schedule.step import (
    Buffer,
    Tensor,
)

__all__ = ["MemoryWriter"]

_ALIGN: Final = 64
_SMALL: Final = 16  # bytes of a temporary that has its place among the function's own variables


class MemoryWriter(ValueWriter):
    """The part that takes arrays, makes memory and gives arrays back."""

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
