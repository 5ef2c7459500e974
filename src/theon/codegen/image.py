"""Object code -> machine code in memory, without LLVM: what a program that was compiled before needs to run.

LLVM takes longer to load than most programs take to link. Objects of 64-bit x86 in ELF that refer to each other in the
few ways that LLVM writes for position-independent code are put into memory here; all else is left to LLVM's linker.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import platform
import struct
import sys
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["Image", "linked"]

_SECTION: Final = struct.Struct(
    "<IIQQQQIIQQ"
)  # name, kind, flags, address, offset, size, link, info, alignment, entry size
_SYMBOL: Final = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size
_RELOCATION: Final = struct.Struct("<QQq")  # offset, symbol and kind, addend
_SYMBOLS, _RELOCATIONS, _EMPTY, _UNWIND = 2, 4, 8, 0x70000001  # kinds of sections
_WRITE, _LOADED = 1, 2  # flags of sections
_WORD, _NEAR, _CALL = 1, 2, 4  # kinds of relocations: an address, a distance, the distance of a function
_BY_TABLE: Final = (9, 41, 42)  # the distance of a word that holds the address
_STUB: Final = b"\xff\x25\0\0\0\0"  # jump to the address that follows
_STUB_SIZE: Final = 16
_PAGE: Final = mmap.PAGESIZE
_UNLINKED: Final = 0xFF00  # section numbers from which on symbols are in no section


class _Unknown(Exception):
    """Something in an object that is left to LLVM."""


class Image:
    """Machine code in memory, for as long as this object lives."""

    def __init__(self, addresses: Mapping[str, int]) -> None:
        self.addresses = addresses

    def address(self, name: str) -> int:
        """Return the address of a function or variable."""
        return self.addresses[name]


def linked(bodies: Sequence[bytes], symbols: Mapping[str, int]) -> Image | None:
    """Return the objects in memory, with ``symbols`` and what the process has for what they refer to; None where LLVM is needed."""
    if not _can():
        return None
    try:
        return _linked([_Object(body) for body in bodies], symbols)
    except (_Unknown, OSError, struct.error, IndexError):
        return None


@functools.cache
def _can() -> bool:
    return sys.platform == "linux" and platform.machine() == "x86_64" and sys.byteorder == "little"


@functools.cache
def _process() -> Any:
    process = ctypes.CDLL(None, use_errno=True)
    process.mmap.restype, process.mmap.argtypes = ctypes.c_void_p, [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    ]  # fmt: skip
    process.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    process.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return process


def _address_of(name: str, symbols: Mapping[str, int]) -> int:
    found = symbols.get(name)
    if found is None:
        try:
            found = ctypes.cast(_process()[name], ctypes.c_void_p).value
        except AttributeError:
            raise _Unknown(name) from None
    return found or 0


class _Object:
    """One object's sections that are loaded, its symbols and its relocations."""

    def __init__(self, body: bytes) -> None:
        if body[:7] != b"\x7fELF\x02\x01\x01" or body[16:20] != b"\x01\0\x3e\0":
            raise _Unknown("not an object of this machine")
        (start,) = struct.unpack_from("<Q", body, 40)
        _, count = struct.unpack_from("<HH", body, 58)
        self.body = body
        self.sections = [_SECTION.unpack_from(body, start + number * _SECTION.size) for number in range(count)]
        self.loaded = [
            number
            for number, section in enumerate(self.sections)
            if section[2] & _LOADED and section[5] and section[1] != _UNWIND  # nothing is thrown through this code
        ]
        self.placed: dict[int, int] = {}  # by section: its address
        self.symbols: list[tuple[str, int, int, bool]] = []  # name, section, value, whether other objects see it
        for section in self.sections:
            if section[1] == _SYMBOLS:
                names = self.sections[section[6]][4]
                for name, info, _, where, value, _ in _SYMBOL.iter_unpack(self.content(section)):
                    text = body[names + name : body.index(b"\0", names + name)].decode()
                    self.symbols.append((text, where, value, info >> 4 != 0))
        self.relocations: list[tuple[int, int, int, int, int]] = []  # section, offset, kind, symbol, addend
        for section in self.sections:
            if section[1] == _RELOCATIONS and section[7] in self.loaded:
                for offset, info, addend in _RELOCATION.iter_unpack(self.content(section)):
                    self.relocations.append((section[7], offset, info & 0xFFFFFFFF, info >> 32, addend))

    def content(self, section: tuple[Any, ...]) -> bytes:
        return self.body[section[4] : section[4] + section[5]]

    def in_table(self) -> list[str]:
        """The names of symbols that are called or read through words of a table, where they are not of this object."""
        return [
            self.symbols[symbol][0]
            for _, _, kind, symbol, _ in self.relocations
            if kind in _BY_TABLE or (kind == _CALL and not self.symbols[symbol][1])
        ]


def _linked(objects: list[_Object], symbols: Mapping[str, int]) -> Image:
    # Code and constants, then stubs for what is far away, then on pages of their own variables and the table of addresses.
    table = {name: place for place, name in enumerate(dict.fromkeys(n for o in objects for n in o.in_table()))}
    offsets: dict[tuple[int, int], int] = {}
    size = 0
    for writes in (False, True):
        for place, o in enumerate(objects):
            for number in o.loaded:
                if bool(o.sections[number][2] & _WRITE) == writes:
                    alignment = max(o.sections[number][8], 1)
                    if alignment > _PAGE:
                        raise _Unknown("alignment")
                    size = -(-size // alignment) * alignment
                    offsets[place, number] = size
                    size += o.sections[number][5]
        size = -(-size // 16) * 16
        if writes:
            words, size = size, size + 8 * len(table)
        else:
            stubs, size = size, -(-(size + _STUB_SIZE * len(table)) // _PAGE) * _PAGE
            code = size
    size = max(-(-size // _PAGE) * _PAGE, _PAGE)
    memory, process = bytearray(size), _process()
    base = process.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if base in (None, ctypes.c_void_p(-1).value):
        raise OSError("no memory")
    image = Image({})
    weakref.finalize(image, process.munmap, base, size).atexit = False  # threads may still run in it
    defined: dict[str, int] = {}
    for place, o in enumerate(objects):
        for number in o.loaded:
            section, offset = o.sections[number], offsets[place, number]
            o.placed[number] = base + offset
            if section[1] != _EMPTY:
                memory[offset : offset + section[5]] = o.content(section)
        for name, where, value, seen in o.symbols:
            if seen and where in o.placed:
                defined[name] = o.placed[where] + value
    known = {name: defined[name] if name in defined else _address_of(name, symbols) for name in table}
    for name, place in table.items():
        struct.pack_into("<Q", memory, words + 8 * place, known[name])
        struct.pack_into("<6sQ", memory, stubs + _STUB_SIZE * place, _STUB, known[name])
    for o in objects:
        for number, offset, kind, symbol, addend in o.relocations:
            name, where, value, _ = o.symbols[symbol]
            at = o.placed[number] + offset
            if kind in _BY_TABLE:
                target = base + words + 8 * table[name]
            elif where == 0:
                target = known[name] if name in known else defined.get(name) or _address_of(name, symbols)
                if kind == _CALL and name not in defined:
                    target = base + stubs + _STUB_SIZE * table[name]
            elif where < _UNLINKED:
                target = o.placed[where] + value
            else:
                raise _Unknown("a symbol of no section")
            if kind == _WORD:
                struct.pack_into("<Q", memory, at - base, (target + addend) & (1 << 64) - 1)
                continue
            distance = target + addend - at
            if (kind not in (_NEAR, _CALL) and kind not in _BY_TABLE) or not -(1 << 31) <= distance < 1 << 31:
                raise _Unknown("a relocation")
            struct.pack_into("<i", memory, at - base, distance)
    ctypes.memmove(base, (ctypes.c_char * size).from_buffer(memory), size)
    if code and process.mprotect(base, code, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError("no executable memory")
    image.addresses = defined
    return image
