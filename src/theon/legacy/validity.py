"""Which variables can be computed without some others: what Theano's loop passes asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from theon.graph.traverse import io_toposort
from theon.graph.variable import Constant, Variable

__all__ = ["Validator"]


class Validator:
    """Says whether variables can be computed without those of ``invalid``, of which ``valid_equivalent`` may name stand-ins.

    >>> import theon.tensor as T, theon.ops.methods
    >>> x, y, z = T.dscalars("xyz")
    >>> check = Validator(invalid=[x], valid_equivalent={x: z}).check
    >>> check(y + 1)[1], check(x + 1)[1], check(x + 1)[0].owner.inputs[0]
    (True, False, z)
    """

    __module__ = "theano.scan_module.scan_utils"

    def __init__(
        self, valid: Iterable[Any] | None = None, invalid: Iterable[Any] | None = None, valid_equivalent: Any = None
    ) -> None:
        self.valid, self.invalid = set(valid or ()), set(invalid or ())
        self.valid_equivalent: dict[Variable, Variable] = dict(valid_equivalent or {})
        self.valid.update(self.valid_equivalent.values())
        self.invalid.update(self.valid_equivalent)

    def _known(self, v: Variable) -> tuple[Variable, bool] | str | None:
        if v in self.valid:
            return v, True
        if v in self.valid_equivalent:
            return self.valid_equivalent[v], False
        if v in self.invalid:
            return None
        return "unknown"

    def check(self, out: Variable) -> tuple[Variable, bool] | None:
        """Return ``(out, True)`` where ``out`` is valid, ``(stand-in, False)`` where that can be built, else None."""
        marked = [v for v in (*self.valid, *self.invalid)]
        for node in io_toposort(marked, [out]):
            found = [self._of(v) for v in node.inputs]
            if None in found:
                self.invalid.update(node.outputs)
            elif all(pair[1] for pair in found if pair is not None):
                self.valid.update(v for v in node.outputs if v not in self.invalid)
            else:
                copy = node.clone_with_new_inputs([pair[0] for pair in found if pair is not None])
                for old, new in zip(node.outputs, copy.outputs):
                    self.invalid.add(old)
                    self.valid.add(new)
                    self.valid_equivalent[old] = new
        return self._of(out)

    def _of(self, v: Variable) -> tuple[Variable, bool] | None:
        known = self._known(v)
        if isinstance(known, str):  # an input that nobody called invalid, or a constant
            assert v.owner is None or isinstance(v, Constant)
            return v, True
        return known
