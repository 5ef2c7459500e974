"""Draws from NumPy's states inside loops: a number stands for the state, so that the loop carries no objects.

:class:`OpenState` copies a state and gives it a token, a number that says which state it is and how many draws were made;
:class:`DrawFrom` takes a token and draws, :class:`CloseState` returns the state after the loop. A token of a state of which nothing
was drawn yet always gives the same draws again, as the state itself would.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.random.raw import RandomFunction, copied_state, random_state_type
from theon.tensor.type import TensorType

__all__ = ["CloseState", "DrawFrom", "OpenState", "token_type"]

_DRAWS = 1 << 40  # more than a loop makes
_numbers = itertools.count(1)
_open: weakref.WeakValueDictionary[int, _Held] = weakref.WeakValueDictionary()


token_type = TensorType("int64", ())


class _Held:
    """A state as it was opened, and a copy from which some draws were made."""

    def __init__(self, state: Any) -> None:
        self.start, self.state, self.drawn = state, copied_state(state), 0
        self.number = next(_numbers)
        _open[self.number] = self


class OpenState(Op):
    """The token of a copy of a state. ``serial`` tells apart copies of the same state in one graph.

    The op keeps the last copy that each thread opened by it: as long as the loop runs that draws from it, and no longer than the
    op itself or the thread lives.
    """

    __props__ = ("serial",)

    def __init__(self, serial: int) -> None:
        self.serial = serial
        self._last = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {"serial": self.serial}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.serial, self._last = state["serial"], threading.local()

    def make_node(self, r: Any) -> Apply:
        """Return the node. TypeError where ``r`` is no state."""
        if r.type != random_state_type:
            raise TypeError(f"a random state is opened, not {r.type}")
        return Apply(self, [r], [token_type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Copy the state."""
        held = self._last.held = _Held(inputs[0])
        output_storage[0][0] = np.asarray(held.number * _DRAWS)


class DrawFrom(Op):
    """What ``draw`` draws from the state of a token: the next token and the value. Inputs: token, sizes, parameters."""

    __props__ = ("draw",)

    def __init__(self, draw: RandomFunction) -> None:
        self.draw = draw

    def __str__(self) -> str:
        return str(self.draw)

    def make_node(self, token: Any, sizes: Any, *args: Any) -> Apply:
        """Return the node."""
        return Apply(self, [token, sizes, *args], [token_type(), self.draw.outtype()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Draw, from the state as it was opened where nothing was drawn before."""
        token, *rest = inputs
        number, drawn = divmod(int(token), _DRAWS)
        held = _open[number]
        if drawn != held.drawn:
            if drawn:
                raise ValueError(f"draw {drawn} of a state of which {held.drawn} were drawn")
            held.state = copied_state(held.start)
        output_storage[1][0] = self.draw.drawn(held.state, *rest)
        held.drawn = drawn + 1
        output_storage[0][0] = np.asarray(int(token) + 1)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """That of the draw."""
        _, value = self.draw.infer_shape(node, shapes)
        return [(), value]


class CloseState(Op):
    """The state after the draws that the token counts."""

    __props__ = ()

    def make_node(self, token: Variable) -> Apply:
        """Return the node."""
        return Apply(self, [token], [random_state_type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Return a copy of what was drawn from."""
        number, drawn = divmod(int(inputs[0]), _DRAWS)
        held = _open[number]
        if drawn not in (0, held.drawn):
            raise ValueError(f"{held.drawn} draws were made of a state, not {drawn}")
        output_storage[0][0] = copied_state(held.state if drawn else held.start)
