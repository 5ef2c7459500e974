"""Regions of arrays, which integers and slices choose: reading them, and writing to copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Constant
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.shape import shape_i
from theon.tensor.type import TensorType

__all__ = [
    "IncSubtensor",
    "Subtensor",
    "unbroadcast_to",
]


Entry = Any  # a dtype name (an index), or a slice of dtype names and None


def _text(entry: Entry) -> str:
    if not isinstance(entry, slice):
        return str(entry)
    part = [("" if p is None else str(p)) for p in (entry.start, entry.stop, entry.step)]
    return ":".join(part)


def _flat(entries: Sequence[Entry]) -> int:
    return sum(sum(p is not None for p in (e.start, e.stop, e.step)) if isinstance(e, slice) else 1 for e in entries)


def _filled(entries: Sequence[Entry], values: Sequence[Any]) -> tuple[Any, ...]:
    """The index that the entries describe, with ``values`` in the places of their numbers."""
    rest = iter(values)
    index = []
    for e in entries:
        if isinstance(e, slice):
            index.append(slice(*(None if p is None else next(rest) for p in (e.start, e.stop, e.step))))
        else:
            index.append(next(rest))
    return tuple(index)


def _numbers(values: Sequence[Any]) -> list[int]:
    return [int(v) for v in values]


class _Basic(TensorOp):
    """What :class:`Subtensor` and :class:`IncSubtensor` share: the form of the index."""

    idx_list: tuple[Entry, ...]

    def __hash__(self) -> int:
        return hash((type(self), tuple(map(_text, self.idx_list)), getattr(self, "set_instead_of_inc", None)))

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and tuple(map(_text, self.idx_list)) == tuple(map(_text, other.idx_list))  # type: ignore[attr-defined]
            and getattr(self, "set_instead_of_inc", None) == getattr(other, "set_instead_of_inc", None)
        )

    def _check_rank(self, x: Any) -> None:
        if len(self.idx_list) > x.type.ndim:
            raise ValueError(
                message(
                    f"The index list is longer (size {len(self.idx_list)}) than the number of dimensions of the tensor(namely {x.type.ndim}).",
                    [x],
                )
            )


class Subtensor(_Basic):
    """Basic indexing: integers and slices, the numbers being inputs."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("idx_list",)
    __hash__ = _Basic.__hash__
    __eq__ = _Basic.__eq__
    view_map = {0: [0]}

    def __init__(self, idx_list: Sequence[Entry]) -> None:
        self.idx_list = tuple(idx_list)

    def __str__(self) -> str:
        return f"Subtensor{{{', '.join(map(_text, self.idx_list))}}}"

    def infer(self, x: Any, *numbers: Any) -> TensorType:
        """Indexed dimensions go, sliced ones are of unknown size unless the slice is whole."""
        self._check_rank(x)
        index = _filled(self.idx_list, numbers)
        sizes: list[int | None] = []
        for d, n in enumerate(x.type.shape):
            if d >= len(index):
                sizes.append(n)
            elif isinstance(index[d], slice):
                sizes.append(_sliced_size(index[d], n))
        return TensorType(x.type.dtype, shape=sizes)

    def static_length(self, node: Apply, length_of: Any) -> int | None:
        """The length of a slice of a vector of known length by constants, else None."""
        n = length_of(node.inputs[0]) if node.inputs[0].type.ndim == 1 else None  # type: ignore[attr-defined]
        if n is None or not self.idx_list or not isinstance(self.idx_list[0], slice):
            return None
        values = _constants(node.inputs[1:])
        return None if values is None else len(range(n)[_filled(self.idx_list, values)[0]])

    def reference(self, xp: Any, x: Any, *numbers: Any) -> Any:
        """Index."""
        return x[_filled(self.idx_list, _numbers(numbers))]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True]] + [[False]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient in a zero array."""
        x, *numbers = inputs
        (g,) = output_grads
        rest = [DisconnectedType()() for _ in numbers]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), *rest]
        return [IncSubtensor(self.idx_list)(zeros_for(x), g, *numbers), *rest]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Index the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], *inputs[1:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Lengths of the slices."""
        index = _filled(self.idx_list, node.inputs[1:])
        sizes = []
        for d, n in enumerate(shapes[0]):
            if d >= len(index):
                sizes.append(n)
            elif isinstance(index[d], slice):
                s = index[d]
                whole = s.start is None and s.stop is None and (s.step is None or _constant(s.step) in (1, -1))
                simple = s.step is None or _constant(s.step) == 1
                part = _length(s, n) if simple else shape_i(node.outputs[0], len(sizes))
                sizes.append(n if whole else part)
        return [tuple(sizes)]


def _constant(x: Any) -> int | None:
    return int(np.asarray(x.data)) if isinstance(x, Constant) else None


def _length(s: slice, n: Any) -> Any:
    """How many of ``n`` elements a slice without a step takes."""
    from theon.ops.arith import maximum, minimum, switch
    from theon.ops.compare import lt

    def clamped(x: Any) -> Any:
        known = _constant(x)
        if known == 0:
            return x.astype("int64")
        x = x.astype("int64")
        if known is None:
            return minimum(switch(lt(x, 0), maximum(x + n, 0), x), n)
        return minimum(x, n) if known > 0 else maximum(n + x, 0)

    if s.stop is None:
        known = _constant(s.start)
        if known is not None and known < 0:
            return minimum(n, -known).astype("int64")
        return maximum(n - clamped(s.start), 0).astype("int64")
    stop = clamped(s.stop)
    return (stop if s.start is None else maximum(stop - clamped(s.start), 0)).astype("int64")


def _constants(xs: Sequence[Any]) -> list[int] | None:
    values = [_constant(x) for x in xs]
    return None if any(v is None for v in values) else values  # type: ignore[return-value]


def _sliced_size(s: slice, n: int | None) -> int | None:
    parts = [None if p is None else _constant(p) for p in (s.start, s.stop, s.step)]
    unknown = any(p is None and q is not None for p, q in zip(parts, (s.start, s.stop, s.step)))
    if n is not None and not unknown:
        return len(range(n)[slice(*parts)]) if parts[2] != 0 else None
    return n if s.start is None and s.stop is None and s.step is None else None


class IncSubtensor(_Basic):
    """A copy of an array with a region set, or increased (the default)."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("idx_list", "set_instead_of_inc")
    __hash__ = _Basic.__hash__
    __eq__ = _Basic.__eq__

    def __init__(
        self,
        idx_list: Sequence[Entry],
        inplace: bool = False,
        set_instead_of_inc: bool = False,
        destroyhandler_tolerate_aliased: Any = None,
    ) -> None:
        self.idx_list, self.set_instead_of_inc, self.inplace = tuple(idx_list), set_instead_of_inc, False
        self.destroyhandler_tolerate_aliased = list(destroyhandler_tolerate_aliased or [])

    def __str__(self) -> str:
        what = "Set" if self.set_instead_of_inc else "Inc"
        return f"IncSubtensor{{{what};{', '.join(map(_text, self.idx_list))}}}"

    def infer(self, x: Any, y: Any, *numbers: Any) -> TensorType:
        """The array's type."""
        self._check_rank(x)
        region = sum(isinstance(e, slice) for e in self.idx_list) + x.type.ndim - len(self.idx_list)
        if y.type.ndim > region:
            raise ValueError(
                f"Trying to increment a {region}-dimensional subtensor with a {y.type.ndim}-dimensional value."
            )
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, y: Any, *numbers: Any) -> Any:
        """Copy and write."""
        index = _filled(self.idx_list, _numbers(numbers))
        if hasattr(x, "at"):
            return x.at[index].set(y) if self.set_instead_of_inc else x.at[index].add(y)
        out = x.copy()
        if self.set_instead_of_inc:
            out[index] = y
        else:
            out[index] += y
        return out

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The array and the value matter."""
        return [[True], [True]] + [[False]] * (len(node.inputs) - 2)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient without the region, and the region's."""
        from theon.ops.reduce import summed_to

        x, y, *numbers = inputs
        (g,) = output_grads
        rest = [DisconnectedType()() for _ in numbers]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), *rest]
        gx = (
            IncSubtensor(self.idx_list, set_instead_of_inc=True)(g, zeros_for(y), *numbers)
            if self.set_instead_of_inc
            else g
        )
        region = Subtensor(self.idx_list)(g, *numbers)
        return [gx, unbroadcast_to(region, y, summed_to), *rest]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The same of the evaluation points."""
        if eval_points[0] is None and eval_points[1] is None:
            return [None]
        first, second = (zeros_for(x) if p is None else p for x, p in zip(inputs[:2], eval_points[:2]))
        return [self(first, second, *inputs[2:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


def unbroadcast_to(region: Any, y: Any, summed_to: Any) -> Any:
    if y.type.dtype in discrete_dtypes:
        return zeros_for(y)
    extra = region.type.ndim - y.type.ndim
    if extra:
        region = region.sum(axis=list(range(extra)))
    return summed_to(region, y)
