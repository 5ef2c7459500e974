"""Texts that say how a variable is computed, for error messages and for comparing graphs."""

from __future__ import annotations

import hashlib
from typing import Any

from theon.graph.variable import Variable

__all__ = [
    "VALID_ASSOC",
    "greek",
    "hex_digest",
    "min_informative_str",
    "position_independent_str",
    "special",
    "use_ascii",
    "var_descriptor",
]

VALID_ASSOC = {"left", "right", "either"}  # what an OperatorPrinter may be told
use_ascii = True
special = {"middle_dot": "\\dot", "big_sigma": "\\Sigma"}
greek = {name: f"\\{name}" for name in ("alpha", "beta", "gamma", "delta", "epsilon")}


def _tag(number: int) -> str:
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(ord("A") + digit) + text
        if not number:
            return text


class _Tags:
    """Hands out A, B, ... Z, BA, BB ..."""

    def __init__(self) -> None:
        self.count = 0

    def get_tag(self) -> str:
        self.count += 1
        return _tag(self.count - 1)


def min_informative_str(
    obj: Any, indent_level: int = 0, _prev_obs: dict[int, str] | None = None, _tag_generator: Any = None
) -> str:
    """Return a text of as much of the graph as is needed to say what ``obj`` is: down to constants and named variables.

    One line a variable, inputs indented below; a variable met again is shown by its letter.

    >>> import theon.tensor as T, theon.ops.methods
    >>> x = T.dscalar("x")
    >>> print(min_informative_str(x + x))
    A. Elemwise{add,no_inplace}
     B. x
     <B>
    """
    seen = {} if _prev_obs is None else _prev_obs
    tags = _Tags() if _tag_generator is None else _tag_generator
    lines: list[str] = []
    stack: list[tuple[Any, int]] = [(obj, indent_level)]
    while stack:
        thing, level = stack.pop()
        indent = " " * level
        if id(thing) in seen:
            lines.append(f"{indent}<{seen[id(thing)]}>")
            continue
        tag = seen[id(thing)] = tags.get_tag()
        node = getattr(thing, "owner", None)
        if hasattr(thing, "__array__") and not isinstance(thing, Variable):
            text = "<ndarray>"
        elif getattr(thing, "name", None) is not None:
            text = str(thing.name)
        elif node is not None:
            text = str(node.op)
            stack.extend((v, level + 1) for v in reversed(node.inputs))
        else:
            text = str(thing)
        lines.append(f"{indent}{tag}. {text}")
    return "\n".join(lines)


def var_descriptor(obj: Any, _prev_obs: dict[int, str] | None = None, _tag_generator: Any = None) -> str:
    """Return a text on one line that says all about how ``obj`` is computed, the same from run to run.

    Equal texts, equal computations; arrays are told by a digest of their content.

    >>> import theon.tensor as T, theon.ops.methods
    >>> x = T.dscalar("x")
    >>> var_descriptor(x + x)
    'A=Elemwise{add,no_inplace}(B=x,<B>)'
    """
    seen = {} if _prev_obs is None else _prev_obs
    tags = _Tags() if _tag_generator is None else _tag_generator
    parts: list[str] = []
    stack: list[Any] = [obj]  # variables to tell, and texts to write as they are
    while stack:
        thing = stack.pop()
        if type(thing) is _Text:
            parts.append(thing.text)
            continue
        if id(thing) in seen:
            parts.append(f"<{seen[id(thing)]}>")
            continue
        tag = seen[id(thing)] = tags.get_tag()
        node = getattr(thing, "owner", None)
        if hasattr(thing, "__array__") and not isinstance(thing, Variable):
            strides = ",".join(map(str, thing.strides))
            text = f"<ndarray:strides=[{strides}],digest={hex_digest(thing)}>"
        elif node is not None:
            text = f"{node.op}("
            stack.append(_Text(")"))
            for place, v in enumerate(reversed(node.inputs)):
                if place:
                    stack.append(_Text(","))
                stack.append(v)
        elif getattr(thing, "name", None) is not None:
            # Only leaves are told by name: a name in the middle must not make a deep graph look like a shallow one.
            text = str(thing.name)
        else:
            text = str(thing)
            if " at 0x" in text:
                text = position_independent_str(thing)
        parts.append(f"{tag}={text}")
    return "".join(parts)


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text


def position_independent_str(obj: Any) -> str:
    """Return a text of a variable's type without its place in memory; NotImplementedError for anything else."""
    if isinstance(obj, Variable):
        return f"theano_var{{type={obj.type}}}"
    raise NotImplementedError(f"only variables have a text that does not depend on memory, not {type(obj).__name__}")


def hex_digest(x: Any) -> str:
    """Return a text that tells arrays apart: a hash of the content, with the strides and the shape."""
    digest = hashlib.sha256(x.tobytes()).hexdigest()
    strides = ",".join(map(str, x.strides))
    return f"{digest}|strides=[{strides}]|shape={x.shape}"
