"""Scalar ops whose value is a SymPy expression; SymPy is an optional package."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from theon.graph.variable import Apply
from theon.scalar.op import ScalarOp
from theon.scalar.type import Scalar, as_scalar, get_scalar_type

__all__ = ["SymPyCCode", "imported_sympy", "include_line", "names", "remove", "sympy_dtype", "theano_dtype"]

imported_sympy = importlib.util.find_spec("sympy") is not None
names = (f"sympy_func_{i}" for i in itertools.count(0))


def remove(fn: Callable[[Any], bool], coll: Iterable[Any]) -> list[Any]:
    """Return the elements of ``coll`` of which ``fn`` is false."""
    return [x for x in coll if not fn(x)]


def include_line(line: str) -> bool:
    """Whether a line of C code is an include."""
    return "#include" in line


def sympy_dtype(expr: Any) -> str:
    """Return "int" for a SymPy expression that is known to be an integer, else "double"."""
    return "int" if expr.is_integer else "double"


def theano_dtype(expr: Any) -> Scalar:
    """Return the scalar type of a SymPy expression's value."""
    return get_scalar_type({"int": "int64", "double": "float64"}[sympy_dtype(expr)])


class SymPyCCode(ScalarOp):
    """The value of the SymPy expression ``expr`` of the symbols ``inputs``. ImportError without SymPy.

    Its gradient is that of the expression. (Theano had the C code of the expression compiled; here NumPy computes it.)
    """

    __module__ = "theano.scalar.basic_sympy"

    def __init__(self, inputs: Sequence[Any], expr: Any, name: str | None = None) -> None:
        if not imported_sympy:
            raise ImportError("SymPyCCode needs SymPy, which is not installed: pip install sympy")
        super().__init__(None, name or next(names))
        self.inputs, self.expr, self.nin = list(inputs), expr, len(inputs)

    def output_types(self, types: Sequence[Scalar]) -> Sequence[Scalar]:
        """int64 or float64, as the expression is."""
        return [theano_dtype(self.expr)]

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. TypeError where an input does not have the type of its symbol."""
        node = super().make_node(*(as_scalar(x) for x in inputs))
        for symbol, v in zip(self.inputs, node.inputs):
            if symbol.is_integer and v.type.numpy_dtype.kind not in "iub":  # type: ignore[attr-defined]
                raise TypeError(f"{self}: {symbol} is an integer, {v} is of type {v.type}")
        return node

    def impl(self, *inputs: Any) -> Any:
        """Compute with numbers."""
        import sympy

        return sympy.lambdify(self.inputs, self.expr, "numpy")(*inputs)

    def reference(self, xp: Any, *xs: Any) -> Any:
        """Compute with arrays."""
        return self.impl(*xs)

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """The partial derivatives, themselves expressions."""
        import sympy

        return [
            SymPyCCode(self.inputs, sympy.diff(self.expr, symbol), f"{self.name}_grad_{i}")(*inputs) * output_grads[0]
            for i, symbol in enumerate(self.inputs)
        ]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and (self.inputs, self.expr) == (other.inputs, other.expr)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((SymPyCCode, tuple(self.inputs), self.expr))
