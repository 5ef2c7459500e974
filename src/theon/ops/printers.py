"""How ops are written in formulas: what ``theano.pp`` prints for each; importing this module tells the printer."""

from __future__ import annotations

from theon.graph.printing import FunctionPrinter, OperatorPrinter, PatternPrinter, PrinterState, pprint
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle
from theon.ops.dot import Dot
from theon.ops.fill import Alloc
from theon.ops.join import Join
from theon.ops.regions import Subtensor

__all__ = ["DimShufflePrinter", "ElementwisePrinter", "SubtensorPrinter"]

# By the name of the scalar op; all others are written as functions of that name.
_WRITTEN = {
    "add": OperatorPrinter("+", -2, "either"),
    "sub": OperatorPrinter("-", -2, "left"),
    "mul": OperatorPrinter("*", -1, "either"),
    "true_div": OperatorPrinter("/", -1, "left"),
    "int_div": OperatorPrinter("//", -1, "left"),
    "mod": OperatorPrinter("%", -1, "left"),
    "neg": OperatorPrinter("-", 0, "either"),
    "pow": OperatorPrinter("**", 1, "right"),
    "abs_": PatternPrinter(("|%(0)s|", -1000)),
    "second": FunctionPrinter("fill"),
}


def _owner(output: Variable) -> Apply:
    node = output.owner
    assert node is not None  # printers are found by the op of the owner
    return node


class ElementwisePrinter:
    """Print an elementwise op as its operator, or as a function of the scalar op's name; a cast as its dtype."""

    __module__ = "theano.printing"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        op = _owner(output).op.scalar_op  # type: ignore[attr-defined]
        name: str = op.declared or str(op)
        printer = _WRITTEN.get(name) or FunctionPrinter(name.removeprefix("Cast{").removesuffix("}"))
        return printer.process(output, pstate)


class DimShufflePrinter:
    """Print ``x`` for new dimensions in front, ``x.T`` for reversed ones, else ``DimShuffle{1, x, 0}(x)``."""

    __module__ = "theano.tensor.elemwise"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = _owner(output)
        (x,) = node.inputs
        order = list(node.op.new_order)  # type: ignore[attr-defined]
        text: str = pstate.pprinter.process(x)
        while order and order[0] == "x":
            del order[0]
        dims = list(range(x.type.ndim))  # type: ignore[attr-defined]
        if order == dims:
            return text
        if order == dims[::-1]:
            return text + ".T"
        return f"DimShuffle{{{', '.join(map(str, order))}}}({text})"


class SubtensorPrinter:
    """Print ``x[i, a:b]``; a constant index as ``Constant{0}``."""

    __module__ = "theano.tensor.subtensor"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = _owner(output)
        numbers = iter(node.inputs[1:])

        def number(entry: object) -> str:
            if entry is None:
                return ""
            i = next(numbers)
            if isinstance(i, Constant):
                return f"Constant{{{i.data}}}"
            return str(pstate.pprinter.process(i, pstate.clone(precedence=-1000)))

        parts = []
        for entry in node.op.idx_list:  # type: ignore[attr-defined]
            if isinstance(entry, slice):
                start, stop, step = (number(e) for e in (entry.start, entry.stop, entry.step))
                parts.append(f"{start}:{stop}" + (f":{step}" if step else ""))
            else:
                parts.append(number(entry))
        return f"{pstate.pprinter.process(node.inputs[0], pstate.clone(precedence=1000))}[{', '.join(parts)}]"


pprint.assign(Elemwise, ElementwisePrinter())
pprint.assign(DimShuffle, DimShufflePrinter())
pprint.assign(Subtensor, SubtensorPrinter())
pprint.assign(Dot, OperatorPrinter(r"\dot", -1, "left"))
pprint.assign(Join, FunctionPrinter("join"))
pprint.assign(Alloc, FunctionPrinter("alloc"))
