"""Arrays read from files when the function runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.type import generic
from theon.graph.variable import Apply, Constant, Variable
from theon.tensor.type import TensorType

__all__ = ["LoadFromDisk", "load"]


class LoadFromDisk(Op):
    """An array of an ``.npy`` file, read anew at each call.

    ``mmap_mode`` "c" maps the file: only what is used is read, and changes stay in memory. Other modes than None and "c" are
    a ValueError: results may be overwritten, which must not change the file.
    """

    __module__ = "theano.tensor.io"
    __props__ = ("dtype", "broadcastable", "mmap_mode")

    def __init__(self, dtype: Any, broadcastable: Sequence[bool], mmap_mode: str | None = None) -> None:
        self.dtype, self.broadcastable = np.dtype(dtype), tuple(broadcastable)
        if mmap_mode not in (None, "c"):
            raise ValueError(f"The only supported values for mmap_mode are None and 'c', got {mmap_mode}")
        self.mmap_mode = mmap_mode

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node of a path, a str or a variable of type Generic."""
        (path,) = inputs
        if isinstance(path, str):
            path = Constant(generic, path)
        if not isinstance(path, Variable) or path.type != generic:
            raise TypeError(f"LoadFromDisk takes a path, not {path!r}")
        return Apply(self, [path], [TensorType(self.dtype.name, self.broadcastable)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Read. TypeError where dtype, rank or a size that must be 1 are not the declared ones."""
        found = np.load(inputs[0], mmap_mode=self.mmap_mode)  # type: ignore[arg-type]
        if found.dtype != self.dtype:
            raise TypeError(f"Expected dtype {self.dtype}, got {found.dtype} instead: {inputs[0]}")
        if found.ndim != len(self.broadcastable) or any(
            flag and n != 1 for flag, n in zip(self.broadcastable, found.shape)
        ):
            raise TypeError(
                f"Expected an array of broadcast pattern {self.broadcastable}, got shape {found.shape}: {inputs[0]}"
            )
        output_storage[0][0] = found

    def do_constant_folding(self, node: Apply) -> bool:
        """Never: the file may change between calls."""
        return False

    def grad(self, inputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        """A path has none."""
        from theon.graph.disconnected import DisconnectedType

        return [DisconnectedType()()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Nothing is differentiable."""
        return [[False]]

    def __str__(self) -> str:
        return f"Load{{dtype: {self.dtype}, broadcastable: {self.broadcastable}, mmep: {self.mmap_mode}}}"


def load(path: Any, dtype: Any, broadcastable: Sequence[bool], mmap_mode: str | None = None) -> Any:
    """Return the array that the ``.npy`` file ``path`` holds, of ``dtype`` and with that broadcast pattern.

    ``path`` is a str or a variable of type Generic. The file is read when a function that uses the result runs.

    >>> from theon.graph.type import generic
    >>> load(generic("path"), "int64", (False,), mmap_mode="c").type
    TensorType(int64, vector)
    """
    return LoadFromDisk(dtype, broadcastable, mmap_mode)(path)
