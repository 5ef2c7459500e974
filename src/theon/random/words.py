"""The state of NumPy's Mersenne twister as numbers, so that a loop can keep the state of each step, and draw the same again."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.random.raw import copied_state, random_state_type
from theon.tensor.type import TensorType

__all__ = ["StateOfWords", "WordsOfState"]

_KEY = 624
_words_type = TensorType(
    "uint32", (_KEY + 4,)
)  # the key, the place in it, whether a normal draw is left over, and that draw


class WordsOfState(Op):
    """The numbers of a state: a vector of 628 words. TypeError where the generator is not the Mersenne twister."""

    __props__ = ()

    def make_node(self, r: Any) -> Apply:
        """Return the node. TypeError where ``r`` is no state."""
        if r.type != random_state_type:
            raise TypeError(f"a random state has words, {r.type} has none")
        return Apply(self, [r], [_words_type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Read the state."""
        state = inputs[0].get_state(legacy=False)
        if state["bit_generator"] != "MT19937":
            raise TypeError(
                f"only states of the Mersenne twister can be drawn from again, not of {state['bit_generator']}"
            )
        words = np.empty(_KEY + 4, "uint32")
        words[:_KEY], words[_KEY], words[_KEY + 1] = state["state"]["key"], state["state"]["pos"], state["has_gauss"]
        words[_KEY + 2 :] = np.float64(state["gauss"]).reshape(1).view("uint32")
        output_storage[0][0] = words

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """One known size."""
        from theon.tensor.constant import constant

        return [(constant(_KEY + 4, dtype="int64"),)]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """None: these are no quantities."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing is connected."""
        return [[False]]


class StateOfWords(Op):
    """The state that :class:`WordsOfState` read."""

    __props__ = ()

    def make_node(self, words: Variable) -> Apply:
        """Return the node."""
        return Apply(self, [words], [random_state_type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Make a state of its own."""
        (words,) = inputs
        new = copied_state(np.random.RandomState(0))
        new.set_state(("MT19937", words[:_KEY], int(words[_KEY]), int(words[_KEY + 1]), _left_over(words)))
        output_storage[0][0] = new

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """None: these are no quantities."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing is connected."""
        return [[False]]


def _left_over(words: Any) -> float:
    return float(np.ascontiguousarray(words[_KEY + 2 :]).view("float64")[0])
