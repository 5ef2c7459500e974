"""Program -> the LLVM text of its one native function.

The function has CPython's METH_FASTCALL|METH_KEYWORDS signature ``ptr @name(ptr self, ptr args, i64 nargs, ptr kwnames)``;
``self`` is the array :class:`theon.codegen.entry.State`, whose words are laid out by :class:`Layout`. The text holds no
address, so equal programs give equal text and the object code can be cached.

Flow: check arguments (anything unusual calls the ``slow`` callable instead) -> take references to shared arrays -> size
the arena -> steps -> build results -> commit updates -> clean up. Every failure leaves through the same cleanup.
"""

from __future__ import annotations

from typing import Final

from theon.codegen import abi, follow, pool, split, streams, turned
from theon.codegen.calls import Words, written
from theon.codegen.contents import RAISE, SLOW, buffers_of, python_calls
from theon.codegen.prelude import HELPERS, PRELUDE
from theon.codegen.program_memory import MemoryWriter
from theon.codegen.program_scalar import ssa_type
from theon.schedule.step import (
    Branch,
    Check,
    Draw,
    HostScalar,
    KernelStep,
    Loop,
    NativeCall,
    Program,
    PythonCall,
    Step,
)

__all__ = ["program_text"]

_LONGEST: Final = 200  # instructions in a block


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


class _Writer(MemoryWriter):
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
        self._early_checks()
        self._leave()
        self.lines[start:start] = self.early_lines
        slots = [line for name in self.slots for line in (f"  {name} = alloca ptr", f"  store ptr null, ptr {name}")]
        head = f"define ptr @{self.name}(ptr %self, ptr %args, i64 %nargs, ptr %kwnames) {{\nentry:"
        fixed = [
            "  %result = alloca ptr", "  store ptr null, ptr %result",
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
        slots += [
            line for name in self.rooms.values() for line in (f"  {name} = alloca i64", f"  store i64 -1, ptr {name}")
        ]
        slots += [f"  %w{place} = alloca i64, i64 {count}, align 16" for place, count in enumerate(self.word_counts)]
        lines, variables, functions = written(self.lines)
        declarations = sorted(self.declared | self.scalars.math | self.early.math)
        parts = []
        for kernel, kernel_name in self.kernels.items():
            if kernel in self.shared_kernels:
                parts += [split.part_text(kernel, kernel_name), split.run_text(kernel, kernel_name)]
            if kernel in self.merged_kernels:
                parts.append(split.merge_text(kernel, kernel_name))
        for callee, (kernel, kernel_name) in self.turned_kernels.items():
            parts.append(turned.turn_text(kernel, kernel_name, callee))
        if self.turned_kernels:
            names = sorted({kernel_name for _, kernel_name in self.turned_kernels.values()})
            declarations += [turned.DECLARATIONS, *(f"@{name}.words = external global i64" for name in names)]
        if self.shared_kernels:
            declarations.append(pool.DECLARATIONS)
        return "\n".join(
            [
                PRELUDE,
                *(HELPERS[name] for name in self.helpers),
                *declarations,
                *parts,
                *functions,
                *self.afters,
                head,
                *_in_short_blocks([*fixed, *slots, *self.entry, *variables, *lines]),
                "}",
                "",
            ]
        )

    def _early_checks(self) -> None:
        """Leave, before there is memory for anything, where the sizes of arguments do not fit together."""
        if not self.early_checks:
            return
        self.plain_errors.add(0)
        fits, *others = self.early_checks
        for condition in others:
            fits = self.early.new(f"and i1 {fits}, {condition}")
        self.early_lines += [f"  br i1 {fits}, label %fitting, label %error0", "fitting:"]

    # Steps ---------------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        self.words_used = 0
        if isinstance(step, Check):
            if not step.error and not step.shown and not self.branching and self._is_early(step.condition):
                self.early_checks[self.early.value(step.condition)] = None
                return
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

    def _store_all(self, values: Words) -> str:
        """Store words that one call reads; every step uses the same places for them."""
        place = self.words_used
        self.words_used += 1
        if place == len(self.word_counts):
            self.word_counts.append(1)
        self.word_counts[place] = max(self.word_counts[place], len(values))
        vector = f"%w{place}"
        for place, (kind, value) in enumerate(values):
            self.emit(f"store {kind} {value}, ptr {self.new(f'getelementptr i64, ptr {vector}, i64 {place}')}")
        return vector

    def _words_of(self, step: KernelStep) -> list[Words]:
        """A kernel's pointers, extents and strides."""
        pointers, strides = [], []
        for given in step.operands:
            if given is None:
                continue
            number, steps = given
            pointers.append(("ptr", self.data(number)))
            strides += [("i64", self.scalars.value(value)) for value in steps]
        return [pointers, [("i64", self.scalars.value(value)) for value in step.extents], strides]

    def _kernel(self, step: KernelStep) -> None:
        name, kernel = self.kernels[step.kernel], step.kernel
        if step.draw is not None:
            self._drawing_kernel(step, step.draw)
            return
        words = self._words_of(step)
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
        if any(
            not words[2][place][1].isdigit() for place in turned.may_turn(kernel)
        ):  # memory may lie in another order
            self.turned_kernels[name] = kernel, self.kernels[kernel]
            name += ".turn"
        self.laid_out(name, (), words)

    def _drawing_kernel(self, step: KernelStep, draw: Draw) -> None:
        """The kernel is called for one run of draws after the other, by the routine of :mod:`theon.codegen.streams`."""
        from theon.codegen.routines import drawing

        kernel = step.kernel
        pointers, strides, table = [], [], []
        for place, (given, operand) in enumerate(zip(step.operands, kernel.operands)):
            assert given is not None
            number, steps = given
            pointers.append("null" if place == draw.operand else self.data(number))
            own = [self.scalars.value(value) for value in steps]
            strides += own
            along = dict(zip(operand.axes, own))
            table += [along.get(axis, "0") for axis in range(kernel.naxes)]
        extents = [self.scalars.value(value) for value in step.extents]
        where = [
            self._store_all([("ptr", value) for value in pointers]),
            *(self._store_all([("i64", value) for value in values]) for values in (extents, strides, table)),
        ]
        words = {
            "kernel": f"@{self.kernels[kernel]}",
            **dict(zip(("data", "extents", "strides", "table"), where)),
            "operands": str(len(kernel.operands)),
            "axes": str(kernel.naxes),
            "drawn": str(draw.operand),
            "state": self.data(draw.state),
            "streams": self.size(draw.state, 0),
            "line": self.stride(draw.state, 0),
            "step": self.stride(draw.state, 1),
            "new": self.data(draw.new),
        }
        pointed = ("kernel", "data", "extents", "strides", "table", "state", "new")
        frame = self._store_all([("ptr" if n in pointed else "i64", words.get(n, "0")) for n in streams.FRAME])
        made = drawing(kernel.operands[draw.operand].dtype)
        self.emit(f"call i64 @{made.symbol}(ptr {frame})")

    def _native(self, step: NativeCall) -> None:
        """Routines get one block of words for each tensor (data, sizes, strides) and one pointer to the scalars."""
        from theon.codegen.routines import routine

        found = routine(step, [self.tensors[number] for number in (*step.inputs, *step.outputs)])
        groups = self._given(step)
        if step.after:
            # The last two numbers of such a routine: what to call with each part of the result, and its frame.
            groups[-1] = [*groups[-1][:-2], *(("ptr", word) for word in self._after(step))]
        code = self.laid_out(found.symbol, (), groups)
        self._fail_unless(self.new(f"icmp eq i64 {code}, 0"), step.error or 0, [])

    def _given(self, step: NativeCall) -> list[Words]:
        """The blocks of a routine's tensors and its numbers."""
        groups: list[Words] = []
        for number in (*step.inputs, *step.outputs):
            dims = range(self.tensors[number].ndim)
            words = [("ptr", self.data(number)), *(("i64", self.size(number, dim)) for dim in dims)]
            groups.append([*words, *(("i64", self.stride(number, dim)) for dim in dims)])
        groups.append([(ssa_type(scalar.dtype), self.scalars.value(scalar)) for scalar in step.scalars])
        return groups

    def _after(self, step: NativeCall) -> tuple[str, str]:
        """The function that runs a call's followers on a part of its result, and the frame that it reads."""
        from theon.codegen.routines import routine

        frame: list[str] = []
        followers: list[follow.Kernel | follow.Called] = []
        for follower in step.after:
            own = follower.step
            if isinstance(own, KernelStep):
                name, kernel = self.kernels[own.kernel], own.kernel
                if split.merges(kernel):
                    self.merged_kernels.add(kernel)
                    name += ".merge"
                frame += [self._store_all(words) for words in self._words_of(own)]
                strides = tuple(
                    tuple(places.get(axis, -1) for axis in range(kernel.naxes)) for places in split.slots(kernel)
                )
                followers.append(follow.Kernel(name, strides, follower.rows))
            else:
                frame += [self._store_all(words) for words in self._given(own)]
                found = routine(own, [self.tensors[number] for number in (*own.inputs, *own.outputs)])
                followers.append(follow.Called(found.symbol, follower.rows))
        name = f"{self.name}.after{len(self.afters)}"
        self.afters.append(follow.after_text(name, followers))
        return f"@{name}", self._store_all([("ptr", place) for place in frame])

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
        for number in buffers_of(step, self.tensors):
            if self.buffers[number].kind in ("temp", "output") and number not in self.anew:
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
        waiting = set(step.anew)
        for inner in step.steps:
            # What needs another size each time gets it once, before the first step that touches it.
            for number in waiting.intersection(buffers_of(inner, self.tensors)) if waiting else ():
                self.make_room(number)
                waiting.remove(number)
            self.step(inner)
        self.ready.difference_update(step.anew)
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
        vector = self._store_all([("ptr", view) for view in views])
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
            old = self.held_at("obj", buffer)  # from the step before, in a loop
            self._take(item, buffer)
            self.emit(f"call void @Py_DecRef(ptr {old})")
            self.ready.add(buffer)
            if buffer not in self.held:
                self.held.append(buffer)
        self.emit(f"call void @Py_DecRef(ptr {result})")
        self._release()

    # Leaving -------------------------------------------------------------------------------------------------------

    def _results(self) -> None:
        """Build every result before the first update is committed."""
        self._take_back()
        self.releases = False
        pending = [(u.shared, self.view(u.tensor)) for u in self.program.updates if not u.in_place]
        made = [self.view(output.tensor) for output in self.program.outputs]
        if len(made) == 1:
            self.emit(f"store ptr {made[0]}, ptr %result")
        else:
            holder = self.new(f"call ptr @PyList_New(i64 {len(made)})")
            self.emit(f"store ptr {holder}, ptr %result")
            self.not_null(holder)
            for place, item in enumerate(made):
                self.emit(f"call i32 @PyList_SetItem(ptr {holder}, i64 {place}, ptr {item})")
        for shared, item in pending:
            items = self.word(self.layout.shared + shared)
            self.emit(f"call i32 @PyList_SetItem(ptr {items}, i64 0, ptr {item})")
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
            self.emit(f"call void @Py_DecRef(ptr {self.held_at('obj', buffer)})")
        for buffer in self.mallocs:
            self.emit(f"call void @PyMem_RawFree(ptr {self.held_at('data', buffer)})")
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
