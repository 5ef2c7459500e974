"""Named types and constructors of variables: ``dmatrix("x")``, ``matrix("x", dtype=...)``, ``dvectors("x", "y")``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.options import config
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorVariable

PATTERNS: dict[str, tuple[bool, ...]] = {
    "scalar": (),
    "vector": (False,),
    "matrix": (False, False),
    "row": (True, False),
    "col": (False, True),
    "tensor3": (False,) * 3,
    "tensor4": (False,) * 4,
    "tensor5": (False,) * 5,
    "tensor6": (False,) * 6,
    "tensor7": (False,) * 7,
}
LETTERS = {
    "b": "int8",
    "w": "int16",
    "i": "int32",
    "l": "int64",
    "f": "float32",
    "d": "float64",
    "c": "complex64",
    "z": "complex128",
}


def _several(make: Callable[..., Any], plural: str) -> Callable[..., Any]:
    def several(*args: Any, **kwargs: Any) -> Any:
        if not args:
            raise ValueError(f"{plural} needs names, or a number")
        if isinstance(args[0], int):
            return [make(None, **kwargs) for _ in range(args[0])]
        names = args[0] if len(args) == 1 else args  # one string is a name for each of its letters
        made = [make(name, **kwargs) for name in names]
        return made[0] if len(made) == 1 else made

    several.__name__ = several.__qualname__ = plural
    several.__module__ = "theano.tensor.basic"
    several.__doc__ = (
        "Return a list of variables, as the singular makes them: one for each name or each letter of a single string (for one "
        "name the variable itself), or as many as a single int says."
    )
    return several


def _constructor(kind: str, flags: tuple[bool, ...]) -> Callable[..., TensorVariable]:
    def construct(name: str | None = None, dtype: Any = None) -> TensorVariable:
        return TensorType(config.floatX if dtype is None else dtype, flags)(name)  # type: ignore[no-any-return]

    construct.__name__ = construct.__qualname__ = kind
    construct.__module__ = "theano.tensor.basic"
    construct.__doc__ = f"""Return a symbolic {kind}; ``dtype`` defaults to ``config.floatX``."""
    return construct


def tensor(*args: Any, **kwargs: Any) -> TensorVariable:
    """Return a variable of ``TensorType(dtype, broadcastable)``; ``name`` names it."""
    name = kwargs.pop("name", None)
    return TensorType(*args, **kwargs)(name=name)  # type: ignore[no-any-return]


def _define() -> list[str]:
    names = ["tensor"]
    space = globals()
    for kind, flags in PATTERNS.items():
        plural = "matrices" if kind == "matrix" else kind + "s"
        space[kind] = _constructor(kind, flags)
        space[plural] = _several(space[kind], plural)
        names += [kind, plural]
        for letter, dtype in LETTERS.items():
            space[letter + kind] = TensorType(dtype, flags)
            space[letter + plural] = _several(space[letter + kind], letter + plural)
            names += [letter + kind, letter + plural]
        for group, members in (("int", "bwil"), ("float", "fd"), ("complex", "cz")):
            types = tuple(space[letter + kind] for letter in members)
            space[f"{group}_{kind}_types"] = types
            names.append(f"{group}_{kind}_types")
    return names


__all__ = _define()  # type: ignore[misc]
int_types = globals()["int_scalar_types"]
float_types = globals()["float_scalar_types"]
complex_types = globals()["complex_scalar_types"]
