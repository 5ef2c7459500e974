"""Calls with words in memory: written out in their place, or by a function for all calls of one sort.

Kernels, routines and the functions that make arrays take pointers to blocks of words. A long program calls the same ones
hundreds of times; there each call is one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["Call", "Words", "written"]

_FEW = 3  # calls of a sort that are written out

Words = Sequence[tuple[str, str]]  # (type, register or literal)


class Call(str):
    """The line of a call of ``symbol`` with the words ``plain`` and a pointer to each group of words, not written yet."""

    def __new__(cls, register: str, result: str, symbol: str, plain: Words, groups: Sequence[Words]) -> Call:
        call = super().__new__(cls, f"  {register} = call {result} @{symbol}")
        call.register, call.result, call.symbol, call.plain, call.groups = register, result, symbol, plain, groups
        kinds = [",".join([kind for kind, _ in group]) for group in (plain, *groups)]
        call.sort = " ".join([result, symbol, *kinds])
        return call

    register: str
    result: str
    symbol: str
    plain: Words
    groups: Sequence[Words]
    sort: str

    def line(self, symbol: str, passed: Words) -> str:
        """The call itself."""
        listed = ", ".join([f"{kind} {value}" for kind, value in passed])
        return f"  {self.register} = call {self.result} @{symbol}({listed})"

    def in_place(self) -> list[str]:
        """The lines that write the words and call; all such calls use the same memory."""
        lines, passed = [], list(self.plain)
        for number, group in enumerate(self.groups):
            passed.append(("ptr", f"%g{number}" if group else "null"))
            for place, (kind, value) in enumerate(group):
                at = f"%g{number}"
                if place:
                    at = f"{self.register}.{number}.{place}"
                    lines.append(f"  {at} = getelementptr i64, ptr %g{number}, i64 {place}")
                lines.append(f"  store {kind} {value}, ptr {at}")
        return [*lines, self.line(self.symbol, passed)]

    def function(self, name: str) -> str:
        """The function ``name`` of all words of such calls, which writes them and calls."""
        parameters = [f"{kind} %p{place}" for place, (kind, _) in enumerate(self.plain)]
        passed, lines = list(parameters), []
        for number, group in enumerate(self.groups):
            lines.append(f"  %g{number} = alloca i64, i64 {max(len(group), 1)}, align 16")
            passed.append(f"ptr %g{number}")
            for place, (kind, _) in enumerate(group):
                word, at = f"%w{number}.{place}", f"%g{number}"
                parameters.append(f"{kind} {word}")
                if place:
                    at = f"{word}.at"
                    lines.append(f"  {at} = getelementptr i64, ptr %g{number}, i64 {place}")
                lines.append(f"  store {kind} {word}, ptr {at}")
        head = f"define internal {self.result} @{name}({', '.join(parameters)}) {{"
        call = f"  %found = call {self.result} @{self.symbol}({', '.join(passed)})"
        return "\n".join([head, *lines, call, f"  ret {self.result} %found", "}"])


def written(lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the lines with all calls written, the variables that they use, and the functions that they need."""
    counts = Counter([line.sort for line in lines if isinstance(line, Call)])
    found: list[str] = []
    lengths: dict[int, int] = {}
    names: dict[str, str] = {}
    functions: list[str] = []
    for line in lines:
        if not isinstance(line, Call):
            found.append(line)
        elif counts[line.sort] <= _FEW:
            for number, group in enumerate(line.groups):
                lengths[number] = max(lengths.get(number, 1), len(group))
            found += line.in_place()
        else:
            name = names.get(line.sort)
            if name is None:
                name = names[line.sort] = f"{line.symbol}.call{len(names)}"
                functions.append(line.function(name))
            found.append(line.line(name, [*line.plain, *(word for group in line.groups for word in group)]))
    variables = [f"  %g{number} = alloca i64, i64 {length}, align 16" for number, length in sorted(lengths.items())]
    return found, variables, functions
