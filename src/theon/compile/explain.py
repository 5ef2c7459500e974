"""``explain``: every stage of a compiled function as text."""

from __future__ import annotations

from typing import Any

from theon.compile.pieces import Pieces
from theon.graph.printing import debugprint
from theon.kernel.scalar import Scalar
from theon.kernel.text import kernel_text, scalar_text
from theon.runtime.function import Function
from theon.schedule.step import Branch, Check, HostScalar, KernelStep, Loop, NativeCall, Program, PythonCall, Step

__all__ = ["explain", "program_text"]


def program_text(program: Program) -> str:
    """Return the steps of a program, one a line, each different kernel written once below."""
    kernels: dict[Any, str] = {}

    def shown(values: tuple[Scalar, ...]) -> str:
        return ", ".join(scalar_text(v) for v in values)

    def where(number: int) -> str:
        t = program.tensors[number]
        b = program.buffers[t.buffer]
        return f"t{number}:{t.dtype}[{b.kind} {b.index if b.kind in ('input', 'shared', 'constant') else b.number}]"

    lines = []

    def tell(step: Step, indent: str) -> None:
        if isinstance(step, Check):
            lines.append(f"{indent}check    {scalar_text(step.condition)}")
        elif isinstance(step, HostScalar):
            lines.append(f"{indent}number   {where(step.output)} = {scalar_text(step.value)}")
        elif isinstance(step, KernelStep):
            name = kernels.setdefault(step.kernel, f"kernel{len(kernels)}")
            on = ", ".join(where(o[0]) for o in step.operands if o)
            drawn = "" if step.draw is None else f", %{step.draw.operand} drawn with {where(step.draw.state)}"
            lines.append(f"{indent}{name:8} over ({shown(step.extents)}) on {on}{drawn}")
        elif isinstance(step, NativeCall | PythonCall):
            told = f"call     {step.name}" if isinstance(step, NativeCall) else f"python   {step.node.op}"
            lines.append(
                f"{indent}{told}({', '.join(map(where, step.inputs))}) -> {', '.join(map(where, step.outputs))}"
            )
            if isinstance(step, NativeCall) and step.after:
                lines.append(f"{indent}  part by part, in the cache:")
                for follower in step.after:
                    tell(follower.step, indent + "    ")
        elif isinstance(step, Loop):
            until = "" if step.stop is None else f", until {where(step.stop)}"
            lines.append(f"{indent}loop     {scalar_text(step.count)} times, counted by {where(step.counter)}{until}")
            for inner in step.steps:
                tell(inner, indent + "    ")
        elif isinstance(step, Branch):
            lines.append(f"{indent}if       {scalar_text(step.condition)}")
            for inner in step.then:
                tell(inner, indent + "    ")
            lines.append(f"{indent}else")
            for inner in step.otherwise:
                tell(inner, indent + "    ")

    for step in program.steps:
        tell(step, "")
    lines += [f"return   {where(o.tensor)}" for o in program.outputs]
    lines += [
        f"update   shared {u.shared} <- {'itself, written in place' if u.in_place else where(u.tensor)}"
        for u in program.updates
    ]
    for kernel, name in kernels.items():
        lines += ["", f"{name}: {kernel_text(kernel)}"]
    return "\n".join(lines)


def explain(f: Function, llvm: bool = False) -> str:
    """Return the stages that made ``f``: the rewritten graph, the program's steps and kernels, with ``llvm`` its code too.

    >>> import theon.tensor as T
    >>> from theon.compile.function import function
    >>> x = T.dvector("x")
    >>> "tanh" in explain(function([x], T.tanh(x) if hasattr(T, "tanh") else x.tanh()))
    True
    """
    graph = debugprint(f.maker.fgraph.outputs, file="str", print_type=True)
    parts = ["Graph after rewriting", "=====================", str(graph).rstrip(), "", "Program", "======="]
    native = f._native
    pieces = getattr(f.maker._made, "stages", None)
    if isinstance(pieces, Pieces):
        for place, (program, count) in enumerate(pieces.programs):
            parts += [f"program {place}, which runs {count} of {len(pieces.steps)} pieces", program_text(program), ""]
        return "\n".join(parts) + "\n"
    stages = getattr(getattr(f._runner, "__self__", None), "stages", None)
    if native is None and stages:
        for n, stage in enumerate(stages, 1):
            parts.append(f"stage {n}")
            if stage.gives:
                told = program_text(stage.program) if stage.program is not None else "the reference executor"
                parts += ["  " + line if line else "" for line in told.splitlines()]
            parts += [f"  alone    {node}" for node in stage.alone]
        return "\n".join(parts) + "\n"
    if native is None:
        return "\n".join([*parts, "none: the reference executor runs the graph node by node"]) + "\n"
    parts.append(program_text(native.program))
    if llvm:
        from theon.codegen import contents, emit, program

        parts += ["", "LLVM", "====", emit.kernels_text(contents.kernels_of(native.program).items())[0]]
        parts.append(program.program_text(native.program))
    return "\n".join(parts) + "\n"
