"""Write ``src/theon/tensor/variable.pyi``: the methods of symbolic arrays for editors and type checkers.

Run it after a change of the table in ``theon/ops/methods.py``: ``python tools/write_stub.py``. A test compares the file with
what this gives.
"""

import inspect
from pathlib import Path

PATH = Path(__file__).parents[1] / "src" / "theon" / "tensor" / "variable.pyi"
HEAD = '''"""Written by tools/write_stub.py from the table of methods in theon/ops/methods.py."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Self

from theon.graph.variable import Constant, Variable
from theon.tensor.type import TensorType

def comparison(operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]: ...

class TensorProperties:
    type: TensorType
    _is_nonzero: bool
    __array_priority__: int
    @property
    def dtype(self) -> str: ...
    @property
    def ndim(self) -> int: ...
    @property
    def broadcastable(self) -> tuple[bool, ...]: ...
    def __bool__(self) -> bool: ...
    def __len__(self) -> NoReturn: ...
    def __iter__(self) -> Iterator[TensorVariable]: ...
'''
TAIL = """
_tensor_py_operators = TensorProperties

class TensorVariable(TensorProperties, Variable):
    __hash__ = Variable.__hash__

class TensorConstantSignature(tuple[Any, ...]):
    no_nan: bool

class TensorConstant(TensorProperties, Constant):
    __hash__ = Constant.__hash__
    def signature(self) -> TensorConstantSignature: ...
    def equals(self, other: Any) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: Any) -> Self: ...
"""
RETURNS = {
    "__divmod__": "tuple[TensorVariable, TensorVariable]",
    "__rdivmod__": "tuple[TensorVariable, TensorVariable]",
    "__int__": "NoReturn",
    "__float__": "NoReturn",
    "__index__": "NoReturn",
    "__contains__": "NoReturn",
    "__nonzero__": "bool",
    "__array_ufunc__": "Any",
    "get_scalar_constant_value": "Any",
    "nonzero": "Any",
}


def parameters(function) -> list[str]:
    """The parameters after the first as text, with their defaults."""
    nin = getattr(function, "nin", None)
    if nin is not None:  # an elementwise op
        return [f"arg{i}: Any" for i in range(1, max(nin, 1))]
    found = []
    keyword_only = False
    for p in list(inspect.signature(function).parameters.values())[1:]:
        if p.kind is p.VAR_POSITIONAL:
            found.append(f"*{p.name}: Any")
            keyword_only = True
        elif p.kind is p.VAR_KEYWORD:
            found.append(f"**{p.name}: Any")
        else:
            if p.kind is p.KEYWORD_ONLY and not keyword_only:
                found.append("*")
                keyword_only = True
            default = "" if p.default is p.empty else f" = {p.default!r}"
            found.append(f"{p.name}: Any{default}")
    return found


def text() -> str:
    """The file's content."""
    from theon.ops.methods import METHODS

    lines = []
    for name, function in METHODS.items():
        returned = RETURNS.get(name, "TensorVariable")
        if isinstance(function, property):
            lines += ["    @property", f"    def {name}(self) -> {returned}: ..."]
        else:
            lines.append(f"    def {name}({', '.join(['self', *parameters(function)])}) -> {returned}: ...")
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    PATH.write_text(text())
