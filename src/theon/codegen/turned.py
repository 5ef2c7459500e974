"""Reductions of arrays whose axes lie in another order in memory: the same kernel with its axes in that order.

Which order it is shows when the kernel is called. Code for an order other than that of the axes is made when it is met for
the first time; a kernel keeps that of a few orders.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import traceback
import weakref

from theon.codegen import abi, folds, jit, pool, split, target
from theon.codegen.jit import CompiledModule
from theon.codegen.native import Function
from theon.kernel.loops import Kernel

__all__ = ["DECLARATIONS", "Turned", "may_turn", "symbols", "turn_text", "turned"]

DECLARATIONS = "declare i64 @theon_turned(ptr, ptr, ptr, ptr)"
_LEAST = 16384  # elements from which another order is worth code of its own
_ORDERS = 8  # that one kernel keeps code of
_AXES = 8  # at most
_OPERANDS = 8  # at most
# Where the words of a kernel are: numbers, the slot of each stride of the main operand, the code, the slots of all operands.
_COUNT, _MAKE, _ITEM, _GIVEN, _SLOTS, _TABLE, _ALL = 0, 1, 2, 3, 4, 16, 32
_FAR = (1 << 62) - 1


def turned(kernel: Kernel, order: tuple[int, ...]) -> Kernel:
    """Return the kernel whose axis ``i`` is axis ``order[i]`` of the given one."""
    place = {axis: i for i, axis in enumerate(order)}

    def moved(axes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(place[axis] for axis in axes))

    operands = tuple(dataclasses.replace(o, axes=tuple(place[axis] for axis in o.axes)) for o in kernel.operands)
    passes = tuple(dataclasses.replace(p, axes=moved(p.axes)) for p in kernel.passes)
    return dataclasses.replace(kernel, outer=moved(kernel.outer), operands=operands, passes=passes)


def _main(kernel: Kernel) -> int:
    """The operand by which the order is chosen: the first that is read along most axes."""
    read = [i for i, o in enumerate(kernel.operands) if o.kind == "read"]
    return max(read, key=lambda i: len(kernel.operands[i].axes), default=-1)


def may_turn(kernel: Kernel) -> list[int]:
    """Return the places among all strides of those whose order tells how memory lies; none where that never matters."""
    main = _main(kernel)
    if main < 0 or not folds.is_fold(kernel) or not 2 <= kernel.naxes <= _AXES or len(kernel.operands) > _OPERANDS:
        return []
    slots = split.slots(kernel)[main]
    return [slots[axis] for axis in sorted(slots)] if kernel.naxes - 1 in slots else []


def turn_text(kernel: Kernel, name: str, callee: str) -> str:
    """Return the function that runs ``callee``, which is kernel ``name`` in some way, or what is made for another order."""
    item = abi.itemsize(kernel.operands[_main(kernel)].dtype)
    places = may_turn(kernel)
    lines = [f"define internal i64 @{callee}.turn(ptr %data, ptr %extents, ptr %strides) noinline {{"]
    for i, place in enumerate(places):
        lines += [f"  %at{i} = getelementptr i64, ptr %strides, i64 {place}", f"  %s{i} = load i64, ptr %at{i}"]
    last = len(places) - 1
    lines.append(f"  %good{last} = icmp eq i64 %s{last}, {item}")
    for i in reversed(range(last)):
        lines += [f"  %less{i} = icmp sge i64 %s{i}, %s{i + 1}", f"  %good{i} = and i1 %good{i + 1}, %less{i}"]
    return (
        "\n".join(lines)
        + f"""
  br i1 %good0, label %same, label %other
other:
  %done = call i64 @theon_turned(ptr @{name}.words, ptr %data, ptr %extents, ptr %strides)
  %none = icmp slt i64 %done, 0
  br i1 %none, label %same, label %end
same:
  %code = call i64 @{callee}(ptr %data, ptr %extents, ptr %strides)
  ret i64 %code
end:
  ret i64 %done
}}"""
    )


def _text() -> str:
    """The function that finds the order of the axes in memory and calls its code; -1 where there is none to call."""
    f = Function("theon_turned", [(name, "ptr") for name in ("words", "data", "extents", "strides")], "i64")
    words, given = f["words"], f.load("i64", f["words"], 8 * _GIVEN)
    count = f.load("i64", words, 8 * _COUNT)
    keys, order, extents, data = (f.room(8 * _AXES) for _ in range(4))
    strides = f.room(8 * _AXES * _OPERANDS)
    with f.loop(given) as o:
        f.store(f.load("ptr", f["data"], o * 8), data, o * 8)
        with f.loop(count) as i:
            slot = f.load("i64", words, (o * _AXES + i + _ALL) * 8)
            with f.when(slot >= 0):
                f.store(f.load("i64", f["strides"], slot * 8), strides, slot * 8)
    total, turns = f.variable("i64", 1), f.variable("i64", 0)
    with f.loop(count) as i:
        n, slot = f.load("i64", f["extents"], i * 8), f.load("i64", words, i * 8 + 8 * _SLOTS)
        total.set(total.get() * n)
        # Where the main operand runs backwards, all are read from the other end.
        with f.when((slot >= 0) & (n > 1)), f.when(f.load("i64", f["strides"], slot * 8) < 0), f.loop(given) as o:
            own = f.load("i64", words, (o * _AXES + i + _ALL) * 8)
            with f.when(own >= 0):
                back = f.load("i64", strides, own * 8)
                turns.set(1)
                f.store(0 - back, strides, own * 8)
                f.store(f.at(f.load("ptr", data, o * 8), (n - 1) * back), data, o * 8)
        step = f.load("i64", strides, f.larger(slot, 0) * 8)
        key = f.select(n.same(1) | (slot < 0), _FAR, f.larger(step, 0 - step))
        place = f.variable("i64", i)
        with f.loop(i) as back:
            j = i - 1 - back
            before = f.load("i64", keys, j * 8)
            with f.when(before < key):
                f.store(before, keys, j * 8 + 8)
                f.store(f.load("i64", order, j * 8), order, j * 8 + 8)
                place.set(j)
        f.store(key, keys, place.get() * 8)
        f.store(i, order, place.get() * 8)
    code = f.variable("i64", 1)
    with f.loop(count) as i:
        axis = f.load("i64", order, i * 8)
        code.set(code.get() * 8 + axis)
        turns.set(f.select(axis.same(i), turns.get(), 1))
        f.store(f.load("i64", f["extents"], axis * 8), extents, i * 8)
    last = f.load("i64", words, f.load("i64", order, count * 8 - 8) * 8 + 8 * _SLOTS)
    step = f.load("i64", strides, f.larger(last, 0) * 8)
    good = (last >= 0) & step.same(f.load("i64", words, 8 * _ITEM)) & (total.get() >= _LEAST) & (turns.get() > 0)
    with f.unless(good):
        f.give(-1)
    found = f.variable("i64", 0)
    for entry in range(_ORDERS):
        at = f.at(words, 8 * (_TABLE + 2 * entry))
        made = f.new("i64", f"load atomic i64, ptr {f.at(at, 8).text} acquire, align 8")
        found.set(f.select(f.load("i64", at).same(code.get()) & (made > 0), made, found.get()))
    with f.when(found.get().same(0)):
        make = f.load("ptr", words, 8 * _MAKE)
        found.set(f.new("i64", f"call i64 {make.text}(i64 {code.get().text})"))
    with f.when(found.get().same(0)):
        f.give(-1)
    made = f.new("ptr", f"inttoptr i64 {found.get().text} to ptr")
    listed = ", ".join(f"ptr {x.text}" for x in (data, extents, strides))
    f.give(f.new("i64", f"call i64 {made.text}({listed})"))
    f.emit("unreachable")
    return f.text(linkage="")


@functools.cache
def _module() -> CompiledModule:
    return jit.compile_module(_text(), {}, ("theon_turned",))


def _code(kernel: Kernel) -> tuple[CompiledModule, str]:
    """A kernel that runs in threads where that is worth it, and the name of its function."""
    from theon.codegen import emit

    own = "theon_fold"
    text, declared = emit.kernels_text([(kernel, own)])
    parts = [text, *sorted(declared)]
    if split.shared_axes(kernel) and pool.budget() > 1:
        parts += [split.part_text(kernel, own), split.run_text(kernel, own), pool.DECLARATIONS]
        name = f"{own}.run"
    else:
        parts.append(split.merge_text(kernel, own))
        name = f"{own}.merge"
    text = "\n".join(parts).replace(f"define internal i64 @{name}(", f"define i64 @{name}(")
    symbols = pool.symbols() if "@theon_parallel" in text else {}
    return jit.compile_module(text, symbols, (name,), effort="fold"), name


class Turned:
    """What a kernel knows of other orders: words that native code reads, and the code that they lead to."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.words = (ctypes.c_int64 * (_ALL + _AXES * len(kernel.operands)))()
        self.kept: list[CompiledModule] = []
        own = weakref.ref(self)

        def make(code: int) -> int:
            found = own()
            return 0 if found is None else found.made(code)

        self.callback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(make)
        self.words[_COUNT] = kernel.naxes
        self.words[_MAKE] = ctypes.cast(self.callback, ctypes.c_void_p).value or 0
        main = _main(kernel)
        self.words[_ITEM] = abi.itemsize(kernel.operands[main].dtype)
        self.words[_GIVEN] = len(kernel.operands)
        for operand, slots in enumerate(split.slots(kernel)):
            for axis in range(_AXES):
                self.words[_ALL + operand * _AXES + axis] = slots.get(axis, -1)
                if operand == main:
                    self.words[_SLOTS + axis] = slots.get(axis, -1)

    def made(self, code: int) -> int:
        """Return the address of the code for an order, whose digits are ``code``'s in base 8 after a 1; 0 where there is none."""
        try:
            with target.LOCK:
                for entry in range(_ORDERS):
                    at = _TABLE + 2 * entry
                    if self.words[at] == code:  # another thread was first
                        return int(self.words[at + 1])
                    if self.words[at] == 0:
                        order = tuple(int(digit) for digit in oct(code)[3:])
                        module, name = _code(turned(self.kernel, order))
                        self.kept.append(module)
                        self.words[at + 1] = module.address(name)
                        self.words[at] = code
                        return int(self.words[at + 1])
        except BaseException:  # there is no way to raise it here: the kernel runs as it is
            traceback.print_exc()
        return 0


_known: weakref.WeakValueDictionary[Kernel, Turned] = weakref.WeakValueDictionary()


def symbols(kernel: Kernel, name: str) -> tuple[Turned, dict[str, int]]:
    """Return what is to be kept while code that calls kernel ``name`` runs, and the addresses that it refers to."""
    with target.LOCK:
        found = _known.get(kernel)
        if found is None:
            found = _known[kernel] = Turned(kernel)
    return found, {f"{name}.words": ctypes.addressof(found.words), "theon_turned": _module().address("theon_turned")}
