"""Sending and receiving arrays between processes with mpi4py, an optional package."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.graph.op import Op
from theon.graph.type import generic
from theon.graph.variable import Apply
from theon.legacy.ordering import key_to_cmp
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["MPIRecv", "MPIRecvWait", "MPISend", "MPISendWait", "irecv", "isend", "mpi_enabled", "recv", "send"]

mpi_enabled = importlib.util.find_spec("mpi4py") is not None


def _world() -> Any:
    if not mpi_enabled:
        raise ImportError("sending and receiving need mpi4py, which is not installed: pip install mpi4py")
    from mpi4py import MPI

    return MPI.COMM_WORLD


class _Message(Op):
    def do_constant_folding(self, node: Apply) -> bool:
        """Never: each call is a message."""
        return False


class MPIRecv(_Message):
    """The start of receiving an array of known shape and dtype: outputs the request and the memory it is put into."""

    __module__ = "theano.tensor.io"
    __props__ = ("source", "tag", "shape", "dtype")

    def __init__(self, source: int, tag: int, shape: Sequence[int], dtype: Any) -> None:
        self.source, self.tag, self.shape, self.dtype = source, tag, tuple(shape), np.dtype(dtype)
        self.broadcastable = (False,) * len(self.shape)

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        return Apply(self, [], [generic(), TensorType(self.dtype.name, self.broadcastable)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask MPI. ImportError without mpi4py."""
        data = np.zeros(self.shape, dtype=self.dtype)
        output_storage[0][0] = _world().Irecv(data, self.source, self.tag)
        output_storage[1][0] = data

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Known."""
        return [None, tuple(as_tensor_variable(np.int64(n)) for n in self.shape)]

    def __str__(self) -> str:
        return f"MPIRecv{{source: {self.source}, tag: {self.tag}, shape: {self.shape}, dtype: {self.dtype}}}"


class MPIRecvWait(_Message):
    """The array of a started receive, once it is there."""

    __module__ = "theano.tensor.io"
    __props__ = ("tag",)

    def __init__(self, tag: int) -> None:
        self.tag = tag

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node of a request and its memory."""
        request, data = inputs
        return Apply(self, [request, data], [data.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Wait."""
        inputs[0].wait()
        output_storage[0][0] = inputs[1]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The memory's."""
        return [shapes[1]]

    def __str__(self) -> str:
        return "MPIRecvWait"


class MPISend(_Message):
    """The start of sending an array: outputs the request and the array."""

    __module__ = "theano.tensor.io"
    __props__ = ("dest", "tag")

    def __init__(self, dest: int, tag: int) -> None:
        self.dest, self.tag = dest, tag

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node."""
        data = as_tensor_variable(inputs[0])
        return Apply(self, [data], [generic(), data.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask MPI. ImportError without mpi4py."""
        data = np.ascontiguousarray(inputs[0])
        output_storage[0][0] = _world().Isend(data, self.dest, self.tag)
        output_storage[1][0] = data

    def __str__(self) -> str:
        return f"MPISend{{dest: {self.dest}, tag: {self.tag}}}"


class MPISendWait(_Message):
    """True once a started send is done."""

    __module__ = "theano.tensor.io"
    __props__ = ("tag",)

    def __init__(self, tag: int) -> None:
        self.tag = tag

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node of a request and its array."""
        return Apply(self, list(inputs), [generic()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Wait."""
        inputs[0].wait()
        output_storage[0][0] = True

    def __str__(self) -> str:
        return "MPISendWait"


def isend(var: Any, dest: int, tag: int) -> list[Any]:
    """Return request and array of a send that is started but not waited for."""
    return MPISend(dest, tag)(var)  # type: ignore[no-any-return]


def send(var: Any, dest: int, tag: int) -> Any:
    """Return a value that is True once ``var`` was sent to process ``dest``."""
    return MPISendWait(tag)(*isend(var, dest, tag))


def irecv(shape: Sequence[int], dtype: Any, source: int, tag: int) -> list[Any]:
    """Return request and memory of a receive that is started but not waited for."""
    return MPIRecv(source, tag, shape, dtype)()  # type: ignore[no-any-return]


def recv(shape: Sequence[int], dtype: Any, source: int, tag: int) -> Any:
    """Return the array received from process ``source``."""
    return MPIRecvWait(tag)(*irecv(shape, dtype, source, tag))


def mpi_send_wait_key(a: Any) -> int:
    """Order nodes: waiting as late as possible, sending as early as possible."""
    if isinstance(a.op, MPIRecvWait | MPISendWait):
        return 1
    return -1 if isinstance(a.op, MPIRecv | MPISend) else 0


def mpi_tag_key(a: Any) -> int:
    """Order messages by their tag."""
    return a.op.tag if isinstance(a.op, MPISend | MPIRecv | MPIRecvWait | MPISendWait) else 0


mpi_send_wait_cmp = key_to_cmp(mpi_send_wait_key)
mpi_tag_cmp = key_to_cmp(mpi_tag_key)
mpi_keys = (mpi_send_wait_key, mpi_tag_key)
mpi_cmps = (mpi_send_wait_cmp, mpi_tag_cmp)
