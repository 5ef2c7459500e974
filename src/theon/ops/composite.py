"""Several scalar ops as one: a graph of numbers that is a scalar op itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import clone, equal_computations, io_toposort
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import elementwise_of, on_arrays
from theon.scalar.op import ScalarOp
from theon.scalar.type import Scalar, as_scalar

__all__ = ["Composite", "opened"]

_INFIX = {"add": "+", "sub": "-", "mul": "*", "true_div": "/", "int_div": "//", "mod": "%", "pow": "**"}


class Composite(ScalarOp):
    """The scalar op that computes ``outputs`` from ``inputs``, scalar variables joined by a graph of scalar ops.

    >>> from theon.ops.scalars import exp, floats
    >>> x, y = floats("xy")
    >>> Composite([x, y], [exp(x) * y])
    Composite{(exp(i0) * i1)}
    """

    __module__ = "theano.scalar.basic"

    def __init__(self, inputs: Sequence[Variable], outputs: Sequence[Variable]) -> None:
        super().__init__()
        inputs, outputs = list(inputs), list(outputs)
        for v in (*inputs, *outputs):
            if not isinstance(v.type, Scalar):
                raise TypeError(f"Composite takes scalar variables, not {v} of type {v.type}")
        if len(set(inputs)) != len(inputs):
            raise ValueError("Composite: an input is given twice")
        nodes = io_toposort(inputs, outputs)
        for node in nodes:
            if not isinstance(node.op, ScalarOp):
                raise ValueError(
                    f"The fgraph to Composite must be exclusively composed of ScalarOp instances: {node.op}"
                )
        known = {*inputs, *(v for node in nodes for v in node.outputs)}
        for v in (*(v for node in nodes for v in node.inputs), *outputs):
            if v not in known and not isinstance(v, Constant):
                raise ValueError(f"Composite: {v} is neither an input nor computed from the inputs")
        self.inputs, self.outputs = _flattened(*clone(inputs, outputs))
        self.nin, self.nout = len(inputs), len(outputs)
        self.name = self._text()

    def _text(self) -> str:
        texts: dict[Variable, str] = {v: f"i{i}" for i, v in enumerate(self.inputs)}

        def text(v: Variable) -> str:
            return texts.get(v) or str(v)

        for node in io_toposort(self.inputs, self.outputs):
            infix = _INFIX.get(getattr(node.op, "kind", ""))
            args = [text(v) for v in node.inputs]
            for i, v in enumerate(node.outputs):
                if getattr(node.op, "kind", "") == "neg":
                    whole = f"(-{args[0]})"
                else:
                    whole = f"({f' {infix} '.join(args)})" if infix else f"{node.op}({', '.join(args)})"
                texts[v] = whole if len(node.outputs) == 1 else f"{whole}[{i}]"
        return f"Composite{{{', '.join(text(v) for v in self.outputs)}}}"

    def _applied(self, inputs: Sequence[Variable]) -> list[Any]:
        """The outputs for other scalar inputs, whose dtypes decide those inside."""
        known: dict[Variable, Any] = dict(zip(self.inputs, inputs))
        for node in io_toposort(self.inputs, self.outputs):
            found = node.op(*(known.get(v, v) for v in node.inputs), return_list=True)
            known.update(zip(node.outputs, found))
        return [known.get(v, v) for v in self.outputs]

    @property
    def fgraph(self) -> FunctionGraph:
        """A function graph of what is computed: a copy, so that changes to it do not change the op."""
        return FunctionGraph(self.inputs, self.outputs, clone=True)

    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        """The types of the outputs for inputs of these types."""
        if tuple(types) != tuple(v.type for v in self.inputs):
            return [v.type for v in self._applied([t.make_variable() for t in types])]
        return [v.type for v in self.outputs]  # type: ignore[misc]

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; for inputs of other dtypes, one of the op that the graph of those dtypes is."""
        variables = [as_scalar(x) for x in inputs]
        if len(variables) == self.nin and any(v.type != w.type for v, w in zip(variables, self.inputs)):
            fresh = [v.type() for v in variables]
            return Composite(fresh, self._applied(fresh)).make_node(*variables)
        return super().make_node(*variables)

    def impl(self, *inputs: Any) -> Any:
        """Compute with numbers."""
        found = self.reference(np, *(np.asarray(x) for x in inputs))
        results = (found,) if self.nout == 1 else found
        numbers = tuple(np.asarray(x)[()] for x in results)
        return numbers[0] if self.nout == 1 else numbers

    def reference(self, xp: Any, *xs: Any) -> Any:
        """Compute with arrays, one op after another."""
        known: dict[Variable, Any] = dict(zip(self.inputs, xs))
        for node in io_toposort(self.inputs, self.outputs):
            arrays = [np.asarray(known[v]) if v in known else np.asarray(v.data) for v in node.inputs]  # type: ignore[attr-defined]
            storage: list[list[Any]] = [[None] for _ in node.outputs]
            elementwise_of(node.op).perform(node, arrays, storage)  # type: ignore[arg-type]
            known.update((v, cell[0]) for v, cell in zip(node.outputs, storage))
        results = tuple(known[v] if v in known else v.data for v in self.outputs)  # type: ignore[attr-defined]
        return results[0] if self.nout == 1 else results

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """Reverse mode over the graph."""
        from theon.autodiff.reverse import grad
        from theon.graph.disconnected import DisconnectedType

        found = self._applied(inputs)
        known = {v: g for v, g in zip(found, output_grads) if not isinstance(g.type, DisconnectedType)}
        return grad(None, list(inputs), known_grads=known, disconnected_inputs="ignore")  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or self.name != other.name or self.nin != other.nin:  # type: ignore[attr-defined]
            return False
        if [v.type for v in self.inputs] != [v.type for v in other.inputs]:  # type: ignore[attr-defined]
            return False
        return equal_computations(self.outputs, other.outputs, self.inputs, other.inputs)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((Composite, self.name, tuple(v.type for v in self.inputs)))

    def __getstate__(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "outputs": self.outputs, "nin": self.nin, "nout": self.nout, "name": self.name}


def _flattened(inputs: list[Any], outputs: list[Any]) -> tuple[list[Any], list[Any]]:
    """A graph without the composites of one output inside it: what they compute stands in their place."""
    known: dict[Variable, Any] = {}
    for node in io_toposort(inputs, outputs):
        inner = node.op
        args = [known.get(v, v) for v in node.inputs]
        if isinstance(inner, Composite) and inner.nout == 1:
            known[node.outputs[0]] = inner._applied(args)[0]
        elif any(a is not v for a, v in zip(args, node.inputs)):
            known.update(zip(node.outputs, inner(*args, return_list=True)))
    return inputs, [known.get(v, v) for v in outputs]


def opened(op: Composite, inputs: Sequence[Any]) -> list[Any]:
    """Return arrays that an elementwise composite computes, made of the elementwise ops inside it."""
    from theon.ops.arith import second

    results = on_arrays(op._applied(scalars := [v.type.make_variable() for v in op.inputs]), dict(zip(scalars, inputs)))
    found = []
    for out, inner in zip(results, op.outputs):
        # Every output has the shape of all inputs together, read or not.
        read = {v for node in io_toposort([], [inner]) for v in node.inputs} | {inner}
        for v, x in zip(op.inputs, inputs):
            if v not in read:
                out = second(x, out)
        found.append(out)
    return found
