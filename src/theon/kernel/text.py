"""Kernels and scalar expressions as text: for golden tests, cache keys, and ``theon.explain``."""

from __future__ import annotations

from theon.kernel.loops import Kernel
from theon.kernel.scalar import Scalar

__all__ = ["kernel_text", "scalar_text"]

_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floordiv": "//", "mod": "%", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "eq": "==", "ne": "!=", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>",
}  # fmt: skip


def _leaf(x: Scalar) -> str:
    if x.op == "const":
        return f"{x.attr!r}:{x.dtype}"
    if x.op in ("load", "result"):
        return f"{'%' if x.op == 'load' else 'r'}{x.attr}:{x.dtype}"
    return f"{x.op}({x.attr})"


_LONGEST = 300  # nodes of a formula; longer ones have names for what they are made of


def scalar_text(x: Scalar) -> str:
    """Return an expression as a formula; shared subexpressions are written each time, but in long ones they have names."""
    if _length(x) <= _LONGEST:
        return _formula(x)
    lines: list[str] = []
    (last,) = _numbered([x], lines, {})
    return "; ".join([*(line.strip() for line in lines), last])


def _length(root: Scalar) -> int:
    """How many nodes a formula writes."""
    sizes: dict[int, int] = {}
    stack = [root]
    while stack:
        x = stack[-1]
        waiting = [] if id(x) in sizes else [arg for arg in x.args if id(arg) not in sizes]
        if waiting:
            stack.extend(waiting)
        else:
            sizes[id(stack.pop())] = 1 + sum(sizes[id(arg)] for arg in x.args)
    return sizes[id(root)]


def _formula(x: Scalar) -> str:
    if not x.args:
        return _leaf(x)
    parts = [_formula(a) for a in x.args]
    if x.op in _INFIX and len(parts) == 2:
        return f"({parts[0]} {_INFIX[x.op]} {parts[1]})"
    name = x.attr if x.op == "math" else f"{x.op}:{x.dtype}" if x.op == "cast" else x.op
    return f"{name}({', '.join(parts)})"


def _numbered(roots: list[Scalar], lines: list[str], names: dict[int, str]) -> list[str]:
    """Write each node once, after its arguments; return the names of the roots."""
    stack: list[tuple[Scalar, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        x, ready = stack.pop()
        if id(x) in names:
            continue
        if not x.args:
            names[id(x)] = _leaf(x)
        elif not ready:
            stack.append((x, True))
            stack.extend((a, False) for a in reversed(x.args))
        else:
            inputs = ", ".join(names[id(a)] for a in x.args)
            what = x.op if x.attr is None else f"{x.op}[{x.attr}]"
            names[id(x)] = f"t{len(lines)}"
            lines.append(f"    t{len(lines)} = {what}:{x.dtype}({inputs})")
    return [names[id(r)] for r in roots]


def kernel_text(kernel: Kernel) -> str:
    """Return the whole kernel as text; equal kernels have equal texts."""
    head = [f"kernel axes={kernel.naxes} outer={list(kernel.outer)}"]
    for place, o in enumerate(kernel.operands):
        extra = f" of {o.size}" if o.size else ""
        head.append(f"  %{place} {o.kind} {o.dtype} along {list(o.axes)}{extra}")
    for p in kernel.passes:
        at = "".join(f", axis {axis} at {scalar_text(place)}" for axis, place in p.fixed)
        head.append(f"  pass {list(p.axes)}{at}")
        lines: list[str] = []
        names: dict[int, str] = {}
        values = _numbered([r.value for r in p.reductions] + [s.value for s in p.stores], lines, names)
        head += lines
        for r, value in zip(p.reductions, values):
            head.append(f"    r{r.result} = {r.op}:{r.dtype} {value}")
        for s, value in zip(p.stores, values[len(p.reductions) :]):
            head.append(f"    %{s.operand} {s.accumulate or ''}= {value}")
    return "\n".join(head)
