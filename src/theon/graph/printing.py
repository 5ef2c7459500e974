"""Text forms of graphs: ``debugprint`` (a tree with identifiers) and ``pp`` (a formula).

The formula printer is a table from ops to printers. This module holds the machinery; ``theon.ops.formulas`` fills
the table.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from theon.graph.variable import Apply, Constant, Variable

__all__ = [
    "DefaultPrinter",
    "FunctionPrinter",
    "IgnorePrinter",
    "LeafPrinter",
    "OperatorPrinter",
    "PPrinter",
    "PatternPrinter",
    "PrinterState",
    "debugprint",
    "default_printer",
    "leaf_printer",
    "pp",
    "pprint",
]


# --- debugprint ------------------------------------------------------------------------------------------------------


def _letters(number: int) -> str:
    """0 -> A, 25 -> Z, 26 -> BA: base 26 with the digits A to Z."""
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(ord("A") + digit) + text
        if number == 0:
            return text


class _Identifiers:
    """Hands out one identifier an object, in the style asked for: CHAR, int, id or nothing."""

    def __init__(self, style: str, used: dict[Any, str]) -> None:
        if style not in ("CHAR", "int", "id", ""):
            raise ValueError(f"debugprint: ids must be 'CHAR', 'int', 'id' or '', not {style!r}")
        self.style, self.used = style, used

    def of(self, thing: Any, shown: Any = None) -> str:
        if thing not in self.used:
            if self.style == "id":
                text = f"[id {id(shown if shown is not None else thing)}]"
            elif self.style == "int":
                text = f"[id {len(self.used)}]"
            elif self.style == "CHAR":
                text = f"[id {_letters(len(self.used))}]"
            else:
                text = ""
            self.used[thing] = text
        return self.used[thing]


def _roots(obj: Any) -> tuple[list[Variable], list[Apply] | None, Any]:
    """The variables to print, the evaluation order where there is one, and the storage map of a compiled function."""
    if isinstance(obj, Variable):
        return [obj], None, None
    if isinstance(obj, Apply):
        return list(obj.outputs), None, None
    fgraph = getattr(obj, "fgraph", None) or getattr(getattr(obj, "maker", None), "fgraph", None)
    if fgraph is None and hasattr(obj, "toposort") and hasattr(obj, "outputs"):
        fgraph = obj
    if fgraph is not None:
        storage = getattr(getattr(obj, "fn", None), "storage_map", None)
        return list(fgraph.outputs), list(fgraph.toposort()), storage
    raise TypeError(f"debugprint cannot print an object of type {type(obj).__name__}: {obj!r}")


def debugprint(
    obj: Any,
    depth: int = -1,
    print_type: bool = False,
    file: TextIO | str | None = None,
    ids: str = "CHAR",
    stop_on_name: bool = False,
    done: dict[Any, str] | None = None,
    print_storage: bool = False,
    print_clients: bool = False,
    used_ids: dict[Any, str] | None = None,
) -> Any:
    """Print a graph as a tree: one line a node or leaf, inputs indented below it.

    ``obj`` is a variable, an Apply, a compiled function, a FunctionGraph, or a list of those. A node that was printed
    before is shown without its inputs. ``file="str"`` returns the text instead of printing it; otherwise ``file`` (default
    standard output) is written to and returned. ``depth`` limits the levels (-1: all), ``ids`` is "CHAR", "int", "id" or
    "", ``print_type`` adds each type, ``stop_on_name`` does not go below a named variable, ``print_clients`` shows
    how many readers a repeated variable has.

    >>> import theon.tensor as T, theon.ops
    >>> x = T.dscalar("x")
    >>> print(debugprint(x + x, file="str"), end="")
    Elemwise{add,no_inplace} [id A] ''
     |x [id B]
     |x [id B]
    """
    if not isinstance(depth, int) or isinstance(depth, bool):
        raise Exception("depth parameter must be an int")
    out: Any = io.StringIO() if file == "str" else (sys.stdout if file is None else file)
    names = _Identifiers(ids, used_ids if used_ids is not None else {})
    printed: dict[Any, Any] = done if done is not None else {}
    things = list(obj) if isinstance(obj, list | tuple | set) else [obj]
    inner: list[tuple[Apply, list[Variable]]] = []
    for thing in things:
        roots, order, storage = _roots(thing)
        positions = {node: place for place, node in enumerate(order)} if order is not None else None
        for root in roots:
            _print_tree(
                root, depth, print_type, out, stop_on_name, printed, names, positions, inner, print_clients,
                storage if print_storage else None,
            )  # fmt: skip
    if inner:
        print("\nInner graphs:" if not _all_scans(inner) else "\nInner graphs of the scan ops:", file=out)
        seen = set()
        for node, outputs in inner:
            if node in seen:
                continue
            seen.add(node)
            print(f"\n{node.op} {names.of(node)} ''   ", file=out)
            for output in outputs:
                _print_tree(
                    output, depth, print_type, out, stop_on_name, printed, names, None, [], print_clients, None, " >", " >"
                )  # fmt: skip
    if file == "str":
        return out.getvalue()
    out.flush()
    return out


def _all_scans(inner: list[tuple[Apply, list[Variable]]]) -> bool:
    return all(type(node.op).__name__ == "Scan" for node, _ in inner)


def _print_tree(
    root: Variable,
    depth: int,
    print_type: bool,
    out: TextIO,
    stop_on_name: bool,
    printed: dict[Any, Any],
    names: _Identifiers,
    positions: dict[Apply, int] | None,
    inner: list[tuple[Apply, list[Variable]]],
    print_clients: bool,
    storage: Any,
    first: str = "",
    rest: str = "",
) -> None:
    stack = [(root, first, rest, depth)]
    while stack:
        variable, prefix, below, left = stack.pop()
        type_text = f" <{variable.type}>" if print_type else ""
        stored = f" {storage[variable]}" if storage is not None and variable in storage else ""
        node = variable.owner
        if node is None:
            identifier = names.of(variable)
            gap = " " if identifier else ""
            print(f"{prefix}{variable}{gap}{identifier}{type_text}{stored}", file=out)
            continue
        name = variable.name or ""
        identifier = names.of(node, variable)
        which = "" if len(node.outputs) == 1 else f".{node.outputs.index(variable)}"
        gap = " " if identifier else ""
        position = "" if positions is None or node not in positions else str(positions[node])
        known = node in printed
        clients = ""
        if known and print_clients:
            clients = f" clients: {len(getattr(variable, 'clients', ()) or ())}"
        print(f"{prefix}{node.op}{which}{gap}{identifier}{type_text} '{name}'   {position}{clients}{stored}", file=out)
        if known:
            continue
        printed[node] = identifier
        graph = getattr(node.op, "fgraph", None) or getattr(node.op, "inner_outputs", None)
        if graph is not None:
            inner.append((node, list(getattr(graph, "outputs", graph))))
        if left == 1 or (stop_on_name and name and variable is not root):
            continue
        last = len(node.inputs) - 1
        children = [
            (child, below + " |", below + ("  " if place == last else " |"), left - 1)
            for place, child in enumerate(node.inputs)
        ]
        stack.extend(reversed(children))


# --- formulas --------------------------------------------------------------------------------------------------------


class PrinterState:
    """What a printer knows of its surroundings: ``pprinter``, ``precedence``, ``memo``, and any further attribute."""

    __module__ = "theano.printing"

    def __init__(self, props: Any = None, **more_props: Any) -> None:
        values = dict(vars(props)) if isinstance(props, PrinterState) else dict(props or {})
        values.update(more_props)
        self.__dict__.update(values)

    def clone(self, props: Any = None, **more_props: Any) -> PrinterState:
        """Return a copy with some attributes replaced."""
        return PrinterState({**vars(self), **(dict(props or {})), **more_props})

    def __getattr__(self, name: str) -> Any:
        if name == "precedence":
            return -1000
        raise AttributeError(name)


def _is_output(r: Any, what: str) -> Apply:
    node: Apply | None = getattr(r, "owner", None)
    if node is None:
        raise TypeError(f"{what} cannot print {r}: it is not the result of an operation")
    return node


class OperatorPrinter:
    """Print a node as an infix (or, with one input, prefix) operator."""

    __module__ = "theano.printing"

    def __init__(self, operator: str, precedence: float, assoc: str = "left") -> None:
        if assoc not in ("left", "right", "either"):
            raise ValueError(f"assoc must be left, right or either, not {assoc!r}")
        self.operator, self.precedence, self.assoc = operator, precedence, assoc

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = _is_output(output, "operator " + self.operator)
        parts = []
        for place, operand in enumerate(node.inputs):
            associates = self.assoc == "either" or (self.assoc == "left") == (place == 0)
            inside = pstate.clone(precedence=self.precedence if associates else self.precedence + 1e-6)
            parts.append(pstate.pprinter.process(operand, inside))
        text = self.operator + parts[0] if len(parts) == 1 else f" {self.operator} ".join(parts)
        # Theano prints every operator expression inside brackets of its own.
        return f"({text})"


class PatternPrinter:
    """Print a node by a %-pattern with the inputs as ``%(0)s``, ``%(1)s`` ...; the pattern is chosen by output index."""

    __module__ = "theano.printing"

    def __init__(self, *patterns: Any) -> None:
        self.patterns: list[tuple[str, Any]] = [(p, ()) if isinstance(p, str) else (p[0], p[1:]) for p in patterns]

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = _is_output(output, "pattern")
        pattern, precedences = self.patterns[node.outputs.index(output)]
        levels = list(precedences) + [1000] * (len(node.inputs) - len(precedences))
        texts = {
            str(place): pstate.pprinter.process(operand, pstate.clone(precedence=level))
            for place, (operand, level) in enumerate(zip(node.inputs, levels))
        }
        return pattern % texts


class FunctionPrinter:
    """Print a node as a call of a named function."""

    __module__ = "theano.printing"

    def __init__(self, *names: str) -> None:
        self.names = names

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = _is_output(output, "function")
        name = self.names[node.outputs.index(output)]
        inside = pstate.clone(precedence=-1000)
        return f"{name}({', '.join(pstate.pprinter.process(operand, inside) for operand in node.inputs)})"


class IgnorePrinter:
    """Print a node as its first input."""

    __module__ = "theano.printing"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of the first input of ``output``."""
        return str(pstate.pprinter.process(_is_output(output, "ignored op").inputs[0], pstate))


class LeafPrinter:
    """Print an input or a constant by its name."""

    __module__ = "theano.printing"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        return str(output)


class DefaultPrinter:
    """Print a node as a call of its op."""

    __module__ = "theano.printing"

    def process(self, output: Variable, pstate: PrinterState) -> str:
        """Return the text of ``output``."""
        node = output.owner
        if node is None:
            return leaf_printer.process(output, pstate)
        inside = pstate.clone(precedence=-1000)
        return f"{node.op}({', '.join(pstate.pprinter.process(operand, inside) for operand in node.inputs)})"


leaf_printer = LeafPrinter()
default_printer = DefaultPrinter()


class PPrinter:
    """The formula printer: a table of (condition, printer), the latest assignment first.

    A condition is an op (or scalar op, or op class) that the variable's owner must be, or a predicate of
    (printer state, variable).
    """

    __module__ = "theano.printing"

    def __init__(self) -> None:
        self.printers: list[tuple[Callable[[PrinterState, Variable], bool], Any]] = []
        self.printers_dict: dict[Any, Any] = {}

    def assign(self, condition: Any, printer: Any) -> None:
        """Use ``printer`` where ``condition`` holds."""
        try:
            if not callable(condition) or hasattr(condition, "make_node") or isinstance(condition, type):
                self.printers_dict[condition] = printer
                return
        except TypeError:  # an op that cannot be hashed
            pass
        self.printers.insert(0, (condition, printer))

    def process(self, r: Variable, pstate: PrinterState | None = None) -> str:
        """Return the formula of ``r``."""
        if pstate is None:
            pstate = PrinterState(pprinter=self)
        elif isinstance(pstate, dict):
            pstate = PrinterState(pprinter=self, **pstate)
        node = r.owner
        if node is not None:
            for key in (node.op, getattr(node.op, "scalar_op", None), type(node.op)):
                printer = self.printers_dict.get(key) if key is not None else None
                if printer is not None:
                    return str(printer.process(r, pstate))
        for condition, printer in self.printers:
            if condition(pstate, r):
                return str(printer.process(r, pstate))
        return default_printer.process(r, pstate)

    def clone(self) -> PPrinter:
        """Return an independent copy of the table."""
        copy = PPrinter()
        copy.printers, copy.printers_dict = list(self.printers), dict(self.printers_dict)
        return copy

    def clone_assign(self, condition: Any, printer: Any) -> PPrinter:
        """Return a copy with one more assignment."""
        copy = self.clone()
        copy.assign(condition, printer)
        return copy

    def process_graph(
        self, inputs: Iterable[Variable], outputs: Any, updates: Any = None, display_inputs: bool = False
    ) -> str:
        """Return one line for each output and update, with the inputs first where asked."""
        outputs = list(outputs) if isinstance(outputs, Sequence) else [outputs]
        lines = ["inputs: " + ", ".join(map(str, inputs))] if display_inputs else []
        lines += [f"{old} <- {self.process(new)}" for old, new in dict(updates or {}).items()]
        lines += [f"{self.process(output)}" for output in outputs]
        return "\n".join(lines)

    def __call__(self, *args: Any) -> str:
        if len(args) == 1 and isinstance(args[0], Variable):
            return self.process(args[0])
        if len(args) == 2 and isinstance(args[1], PrinterState | None):
            return self.process(*args)
        if len(args) == 1:
            outputs = getattr(getattr(args[0], "maker", args[0]), "fgraph", args[0])
            return self.process_graph(getattr(outputs, "inputs", []), getattr(outputs, "outputs", args[0]))
        return self.process_graph(*args)


pprint = PPrinter()
pprint.assign(lambda pstate, r: isinstance(r, Constant), leaf_printer)
pp = pprint
