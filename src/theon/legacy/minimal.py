"""The smallest op: what Theano's sandbox shows to writers of ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.tensor.type import TensorType

__all__ = ["Minimal", "minimal"]


class Minimal(Op):
    """Tell what arguments came, and return the integer 0."""

    __module__ = "theano.sandbox.minimal"
    __props__ = ()

    def make_node(self, *args: Any) -> Apply:
        """Return the node of any variables."""
        return Apply(self, list(args), [TensorType("int64", [])()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Print how many arguments there are, and the largest element of the first."""
        print(f"perform got {len(inputs)} arguments")
        print("Max of input[0] is ", np.max(inputs[0]))
        output_storage[0][0] = np.asarray(0, dtype="int64")


minimal = Minimal()
