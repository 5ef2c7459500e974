"""Indexing: reading regions and elements, and writing to copies of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from theon.dtypes import discrete_dtypes, integer_dtypes
from theon.errors import message
from theon.graph.disconnected import DisconnectedType
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import TensorOp, zeros_for
from theon.ops.dims import cast, dimshuffle, patternbroadcast, shape_i
from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.slices import NoneTypeT, SliceType
from theon.tensor.type import TensorType

__all__ = [
    "AdvancedBooleanIncSubtensor",
    "AdvancedBooleanSubtensor",
    "AdvancedIncSubtensor",
    "AdvancedIncSubtensor1",
    "AdvancedSubtensor",
    "AdvancedSubtensor1",
    "BaseAdvancedIncSubtensor",
    "BaseAdvancedSubtensor",
    "IncSubtensor",
    "Nonzero",
    "Subtensor",
    "getitem",
    "inc_subtensor",
    "nonzero",
    "nonzero_values",
    "set_subtensor",
    "take",
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

    def constant_index(self) -> tuple[int, ...] | None:
        """Integers of a fully constant index are found in the node; kept for callers that hold only the op."""
        return None

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
        return [gx, _unbroadcast_to(region, y, summed_to), *rest]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The same of the evaluation points."""
        if eval_points[0] is None and eval_points[1] is None:
            return [None]
        first, second = (zeros_for(x) if p is None else p for x, p in zip(inputs[:2], eval_points[:2]))
        return [self(first, second, *inputs[2:])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


def _unbroadcast_to(region: Any, y: Any, summed_to: Any) -> Any:
    if y.type.dtype in discrete_dtypes:
        return zeros_for(y)
    extra = region.type.ndim - y.type.ndim
    if extra:
        region = region.sum(axis=list(range(extra)))
    return summed_to(region, y)


class AdvancedSubtensor1(TensorOp):
    """Rows of an array, chosen by an integer vector."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("sparse_grad",)

    def __init__(self, sparse_grad: bool = False) -> None:
        self.sparse_grad = sparse_grad

    def __str__(self) -> str:
        return "AdvancedSubtensor1"

    def infer(self, x: Any, i: Any) -> TensorType:
        """As many rows as there are indices."""
        if i.type.ndim != 1 or i.type.dtype not in integer_dtypes:
            raise TypeError("index must be vector of integers")
        if x.type.ndim == 0:
            raise TypeError("cannot index into a scalar")
        return TensorType(x.type.dtype, shape=[i.type.shape[0], *x.type.shape[1:]])

    def reference(self, xp: Any, x: Any, i: Any) -> Any:
        """Take rows. IndexError for one that is not there."""
        return x[i]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The rows' gradients summed into a zero array."""
        x, i = inputs
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), DisconnectedType()()]
        if self.sparse_grad:
            from theon.sparse.convert import construct_sparse_from_list

            if x.type.ndim != 2:
                raise TypeError(message("the sparse gradient of x[indices] is defined for a matrix x", [x]))
            return [construct_sparse_from_list(x, output_grads[0], i), DisconnectedType()()]
        return [AdvancedIncSubtensor1()(zeros_for(x), output_grads[0], i), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Rows of the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], inputs[1])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The number of indices and the rest."""
        return [(*shapes[1], *shapes[0][1:])]


class AdvancedIncSubtensor1(TensorOp):
    """A copy of an array with chosen rows set or, counting repeats, increased."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("inplace", "set_instead_of_inc")

    def __init__(self, inplace: bool = False, set_instead_of_inc: bool = False) -> None:
        self.inplace, self.set_instead_of_inc = False, set_instead_of_inc

    def __str__(self) -> str:
        return f"AdvancedIncSubtensor1{{no_inplace,{'set' if self.set_instead_of_inc else 'inc'}}}"

    def infer(self, x: Any, y: Any, i: Any) -> TensorType:
        """The array's type."""
        if y.type.ndim > x.type.ndim:
            raise TypeError(
                f"Trying to increment a {x.type.ndim}-dimensional subtensor with a {y.type.ndim}-dimensional value."
            )
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, y: Any, i: Any) -> Any:
        """Copy and write."""
        return _written(x, y, (i,), self.set_instead_of_inc)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The array and the value matter."""
        return [[True], [True], [False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient without the rows, and the rows'."""
        from theon.ops.reduce import summed_to

        x, y, i = inputs
        (g,) = output_grads
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), DisconnectedType()()]
        gx = AdvancedIncSubtensor1(set_instead_of_inc=True)(g, zeros_for(y), i) if self.set_instead_of_inc else g
        return [gx, _unbroadcast_to(AdvancedSubtensor1()(g, i), y, summed_to), DisconnectedType()()]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """The same of the evaluation points."""
        if eval_points[0] is None and eval_points[1] is None:
            return [None]
        first, second = (zeros_for(x) if p is None else p for x, p in zip(inputs[:2], eval_points[:2]))
        return [self(first, second, inputs[2])]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


def _written(x: Any, y: Any, index: tuple[Any, ...], replace: bool) -> Any:
    if hasattr(x, "at"):
        return x.at[index].set(y) if replace else x.at[index].add(y)
    out = x.copy()
    if replace:
        out[index] = y
    else:
        np.add.at(out, index, y.astype(x.dtype, copy=False))
    return out


class BaseAdvancedSubtensor(TensorOp):
    """NumPy's advanced indexing. ``pattern`` says what each index is: "array", "slice" (three numbers or None), "newaxis".

    Without a pattern the op is called with the array and the index itself, ``op(x, i, slice(None), None, mask)``.
    """

    __module__ = "theano.tensor.subtensor"
    __props__: tuple[str, ...] = ("pattern",)

    def __init__(self, pattern: Sequence[Any] = ()) -> None:
        self.pattern = tuple(pattern)

    def __str__(self) -> str:
        return type(self).__name__

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; without a pattern, that of what the index means."""
        if self.pattern:
            return super().make_node(*inputs)
        x, *index = inputs
        return _node_of(getitem(as_tensor_variable(x), tuple(_index_entry(e) for e in index)))

    def index(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """The index with ``values`` in it."""
        rest = iter(values)
        found: list[Any] = []
        for what in self.pattern:
            if what == "newaxis":
                found.append(None)
            elif what == "array":
                found.append(next(rest))
            else:
                found.append(slice(*(int(next(rest)) if has else None for has in what)))
        return tuple(found)

    def infer(self, x: Any, *values: Any) -> TensorType:
        """Ask NumPy, with arrays of 2 for unknown sizes."""
        used = sum(what != "newaxis" for what in self.pattern)
        if used > x.type.ndim:
            raise IndexError(message("too many indices for array", [x]))
        rest = iter(values)
        dims = [1 if flag else 2 for flag in x.type.broadcastable]
        place, index = 0, []
        for what in self.pattern:
            if what == "newaxis":
                index.append(None)
                continue
            if what == "array":
                v = next(rest)
                index.append(np.zeros([1 if flag else 2 for flag in v.type.broadcastable], dtype=int))
            else:
                parts = [next(rest) for has in what if has]
                if parts:
                    dims[place] = 2
                index.append(slice(None))
            place += 1
        shape = np.empty(dims, dtype=bool)[tuple(index)].shape
        return TensorType(x.type.dtype, [n == 1 for n in shape])

    def reference(self, xp: Any, x: Any, *values: Any) -> Any:
        """Index."""
        return x[self.index(values)]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the array matters."""
        return [[True]] + [[False]] * (len(node.inputs) - 1)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The elements' gradients summed into a zero array."""
        x, *values = inputs
        rest = [DisconnectedType()() for _ in values]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), *rest]
        return [AdvancedIncSubtensor(pattern=self.pattern)(zeros_for(x), output_grads[0], *values), *rest]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """Index the evaluation point."""
        return [None if eval_points[0] is None else self(eval_points[0], *inputs[1:])]


class AdvancedSubtensor(BaseAdvancedSubtensor):
    """Elements at positions that arrays of integers give."""

    __module__ = "theano.tensor.subtensor"


class AdvancedBooleanSubtensor(BaseAdvancedSubtensor):
    """Elements where arrays of bools are true; such an index becomes one of integers."""

    __module__ = "theano.tensor.subtensor"


class BaseAdvancedIncSubtensor(TensorOp):
    """A copy of an array with the elements of an advanced index set or, counting repeats, increased.

    Without a pattern the op is called with the array, the value and the index itself.
    """

    __module__ = "theano.tensor.subtensor"
    __props__: tuple[str, ...] = ("pattern", "set_instead_of_inc")

    def __init__(self, inplace: bool = False, set_instead_of_inc: bool = False, pattern: Sequence[Any] = ()) -> None:
        self.inplace, self.set_instead_of_inc, self.pattern = False, set_instead_of_inc, tuple(pattern)

    def __str__(self) -> str:
        return type(self).__name__.replace("Inc", "Set") if self.set_instead_of_inc else type(self).__name__

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node; without a pattern, that of what the index means."""
        if self.pattern:
            return super().make_node(*inputs)
        x, y, *index = inputs
        region = getitem(as_tensor_variable(x), tuple(_index_entry(e) for e in index))
        return _node_of(inc_subtensor(region, y, set_instead_of_inc=self.set_instead_of_inc))

    def infer(self, x: Any, y: Any, *values: Any) -> TensorType:
        """The array's type."""
        return TensorType(x.type.dtype, shape=x.type.shape)

    def reference(self, xp: Any, x: Any, y: Any, *values: Any) -> Any:
        """Copy and write."""
        return _written(x, y, AdvancedSubtensor(self.pattern).index(values), self.set_instead_of_inc)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """The array and the value matter."""
        return [[True], [True]] + [[False]] * (len(node.inputs) - 2)

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """The gradient without the elements, and theirs."""
        from theon.ops.reduce import summed_to

        x, y, *values = inputs
        (g,) = output_grads
        rest = [DisconnectedType()() for _ in values]
        if x.type.dtype in discrete_dtypes:
            return [zeros_for(x), zeros_for(y), *rest]
        gx = (
            AdvancedIncSubtensor(set_instead_of_inc=True, pattern=self.pattern)(g, zeros_for(y), *values)
            if self.set_instead_of_inc
            else g
        )
        return [gx, _unbroadcast_to(AdvancedSubtensor(self.pattern)(g, *values), y, summed_to), *rest]

    R_op = IncSubtensor.R_op

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The array's shape."""
        return [shapes[0]]


class AdvancedIncSubtensor(BaseAdvancedIncSubtensor):
    """Elements at positions that arrays of integers give, set or increased."""

    __module__ = "theano.tensor.subtensor"


class AdvancedBooleanIncSubtensor(BaseAdvancedIncSubtensor):
    """Elements where arrays of bools are true, set or increased."""

    __module__ = "theano.tensor.subtensor"


advanced_subtensor1 = AdvancedSubtensor1()
advanced_inc_subtensor1 = AdvancedIncSubtensor1()
advanced_set_subtensor1 = AdvancedIncSubtensor1(set_instead_of_inc=True)
advanced_subtensor = AdvancedSubtensor()
advanced_inc_subtensor = AdvancedIncSubtensor()
advanced_set_subtensor = AdvancedIncSubtensor(set_instead_of_inc=True)
advanced_boolean_subtensor = AdvancedBooleanSubtensor()
advanced_boolean_inc_subtensor = AdvancedBooleanIncSubtensor()
advanced_boolean_set_subtensor = AdvancedBooleanIncSubtensor(set_instead_of_inc=True)


def _index_entry(e: Any) -> Any:
    """An entry of an index as the brackets take it: constants and variables of slices and of None as such."""
    kind = getattr(e, "type", None)
    if isinstance(kind, NoneTypeT):
        return None
    if isinstance(kind, SliceType):
        if isinstance(e, Constant):
            return e.data
        if e.owner is not None and type(e.owner.op).__name__ == "MakeSlice":
            return slice(*(None if isinstance(p.type, NoneTypeT) else p for p in e.owner.inputs))
        raise TypeError(f"a slice that is only known when the function runs is no index: {e}")
    return e


def _node_of(x: Any) -> Apply:
    if x.owner is None:
        from theon.ops.arith import identity

        x = identity(x)
    return x.owner  # type: ignore[no-any-return]


class Nonzero(TensorOp):
    """The positions of nonzero elements, one vector for each dimension."""

    __module__ = "theano.tensor.basic"
    __props__ = ()

    def infer(self, a: Any) -> list[TensorType]:
        """Vectors."""
        if a.type.ndim == 0:
            raise ValueError("Nonzero only supports non-scalar arrays.")
        return [TensorType("int64", (False,)) for _ in range(a.type.ndim)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Ask NumPy."""
        for storage, found in zip(output_storage, np.nonzero(inputs[0])):
            storage[0] = found.astype("int64")

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Zero: positions do not move smoothly."""
        return [zeros_for(inputs[0])]


def nonzero(a: Any, return_matrix: bool = False) -> Any:
    """Return the positions of nonzero elements, a vector for each dimension; or as the rows of a matrix."""
    found = Nonzero()(as_tensor_variable(a), return_list=True)
    if return_matrix:
        from theon.ops.join import stack

        return stack(found, axis=0)
    return tuple(found)


def flatnonzero(a: Any) -> Any:
    """Return the positions of nonzero elements in the flattened array."""
    a = as_tensor_variable(a)
    if a.type.ndim == 0:
        raise ValueError("Nonzero only supports non-scalar arrays.")
    return nonzero(a.flatten())[0]


def nonzero_values(a: Any) -> Any:
    """Return the nonzero elements."""
    a = as_tensor_variable(a)
    return a.flatten()[flatnonzero(a)]


# --- the user's brackets ----------------------------------------------------------------------------------------------


def _is_number(e: Any) -> bool:
    if isinstance(e, bool | np.bool_):
        return False
    return isinstance(e, int | np.integer) or (
        isinstance(e, np.ndarray | Variable) and getattr(e, "ndim", None) == 0 and str(e.dtype) in integer_dtypes
    )


def _index_number(e: Any) -> Any:
    if isinstance(e, int | np.integer):
        return constant(np.asarray(e, dtype="int64"))
    v = as_tensor_variable(e)
    if v.type.ndim or v.type.dtype not in integer_dtypes:
        raise TypeError(f"Expected an integer, not {v.type}")
    return v


def getitem(x: Any, args: Any) -> Any:
    """Return ``x[args]``: NumPy's rules for integers, slices, None, Ellipsis, integer arrays and boolean masks."""
    args = tuple(_index_entry(a) for a in args) if isinstance(args, tuple) else (_index_entry(args),)
    entries = [
        as_tensor_variable(np.asarray(a) if a else np.zeros(0, "int64"))
        if isinstance(a, list) and not _holds_variables(a)
        else a
        for a in args
    ]
    entries = [as_tensor_variable(e) if isinstance(e, list) else e for e in entries]
    for e in entries:
        if isinstance(e, float | np.floating) or (
            isinstance(e, Variable) and getattr(e, "dtype", "int64") not in discrete_dtypes
        ):
            raise TypeError("Expected an integer index, not a float: " + str(e))
        if isinstance(e, str):
            raise TypeError(f"Expected an integer, a slice, or an array as index, not {e!r}")
    entries = _masks_to_positions(x, entries)
    used = sum(e is not None and e is not Ellipsis for e in entries)
    if sum(e is Ellipsis for e in entries) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > x.type.ndim:
        raise IndexError(message(f"too many indices: {used} for {x.type.ndim} dimensions", [x]))
    fill = [slice(None)] * (x.type.ndim - used)
    place = next((n for n, e in enumerate(entries) if e is Ellipsis), None)
    if place is not None:
        entries[place : place + 1] = fill
    advanced = [e for e in entries if e is not None and not isinstance(e, slice) and not _is_number(e)]
    if advanced:
        out = _advanced(x, entries)
        return _to_front(out, entries, place) if place is not None and not fill else out
    if any(e is None for e in entries):
        return _with_new_axes(x, entries)
    if place is not None:
        while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
            entries.pop()
    form: list[Entry] = []
    numbers: list[Any] = []

    def number(part: Any) -> str | None:
        if part is None:
            return None
        v = _index_number(part)
        numbers.append(v)
        return str(v.type.dtype)

    for e in entries:
        if isinstance(e, slice):
            form.append(slice(number(e.start), number(e.stop), number(e.step)))
        else:
            form.append(number(e))
    return Subtensor(form)(x, *numbers)


def _to_front(out: Any, entries: list[Any], place: int) -> Any:
    """NumPy takes arrays with an ellipsis between them for separate, also where the ellipsis stands for no dimension."""
    arrays = [d for d, e in enumerate(entries) if e is not None and not isinstance(e, slice)]
    adjacent = arrays == list(range(arrays[0], arrays[-1] + 1))
    if not adjacent or not arrays[0] < place <= arrays[-1]:
        return out
    first = arrays[0]
    count = max(np.ndim(entries[d]) if not isinstance(entries[d], Variable) else entries[d].type.ndim for d in arrays)
    moved = list(range(first, first + count))
    return dimshuffle(out, moved + [d for d in range(out.type.ndim) if d not in moved])


def _with_new_axes(x: Any, entries: list[Any]) -> Any:
    """Basic indexing with None: index without, then add the axes where they belong."""
    plain = [e for e in entries if e is not None]
    out = getitem(x, tuple(plain)) if any(not (isinstance(e, slice) and e == slice(None)) for e in plain) else x
    order: list[Any] = []
    d = 0
    for e in entries:
        if e is None:
            order.append("x")
        elif isinstance(e, slice):
            order.append(d)
            d += 1
    order += list(range(d, out.type.ndim))
    return dimshuffle(out, order)


def _holds_variables(x: Any) -> bool:
    return any(isinstance(e, Variable) or (isinstance(e, list) and _holds_variables(e)) for e in x)


def _masks_to_positions(x: Any, entries: list[Any]) -> list[Any]:
    found: list[Any] = []
    place = 0
    for position, e in enumerate(entries):
        if isinstance(e, bool | np.bool_):
            raise TypeError("Python bools are no index here: use 0 or 1, or an array of bools")
        if isinstance(e, np.ndarray) or (isinstance(e, tuple)):
            e = as_tensor_variable(e)
        if isinstance(e, Variable) and getattr(e.type, "dtype", None) == "bool":
            ndim = e.type.ndim  # type: ignore[attr-defined]
            if ndim == 0:
                raise TypeError("a boolean scalar cannot be an index")
            if place + ndim > x.type.ndim:
                raise IndexError(
                    message(f"too many indices: a boolean mask of {ndim} dimensions for {x.type.ndim}", [x, e])
                )
            sizes = x.type.shape[place : place + ndim]
            for d, (n, m) in enumerate(zip(sizes, e.type.shape)):  # type: ignore[attr-defined]
                if n is not None and m is not None and n != m:
                    raise IndexError(
                        f"boolean index did not match indexed array along dimension {d}; dimension is {n} but boolean dimension is {m}"
                    )
            found += MaskPositions(ndim, place)(e, x, return_list=True)
            place += ndim
            continue
        if e is Ellipsis:
            found.append(e)
            place = x.type.ndim - sum(_width(r) for r in entries[position + 1 :])
            continue
        if e is not None:
            place += 1
        found.append(e)
    return found


def _width(e: Any) -> int:
    if e is None:
        return 0
    if isinstance(e, np.ndarray | Variable) and str(e.dtype) == "bool":
        return int(e.ndim)
    return 1


class MaskPositions(Nonzero):
    """The positions where a mask over ``ndim`` dimensions of an array, from dimension ``first``, is true."""

    __module__ = "theano.tensor.subtensor"
    __props__ = ("ndim", "first")

    def __init__(self, ndim: int, first: int) -> None:
        self.ndim, self.first = ndim, first

    def infer(self, mask: Any, x: Any) -> list[TensorType]:
        """Vectors."""
        return [TensorType("int64", (False,)) for _ in range(self.ndim)]

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """IndexError where the mask has another shape than what it selects from."""
        mask, x = inputs
        for d in range(self.ndim):
            if mask.shape[d] != x.shape[self.first + d]:
                raise IndexError(
                    f"boolean index did not match indexed array along dimension {self.first + d}; dimension is "
                    f"{x.shape[self.first + d]} but corresponding boolean dimension is {mask.shape[d]}"
                )
        super().perform(node, [mask], output_storage)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Elements do not matter."""
        return [[False] * self.ndim] * 2

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """Disconnected."""
        return [DisconnectedType()(), DisconnectedType()()]


def _advanced(x: Any, entries: list[Any]) -> Any:
    while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
        entries = entries[:-1]
    if len(entries) == 1:
        i = as_tensor_variable(entries[0])
        if i.type.ndim == 1 and i.type.dtype in integer_dtypes:
            return AdvancedSubtensor1()(x, i)
    pattern: list[Any] = []
    values: list[Any] = []
    for e in entries:
        if e is None:
            pattern.append("newaxis")
        elif isinstance(e, slice):
            pattern.append(tuple(p is not None for p in (e.start, e.stop, e.step)))
            values += [_index_number(p) for p in (e.start, e.stop, e.step) if p is not None]
        else:
            pattern.append("array")
            v = as_tensor_variable(np.asarray(e, dtype="int64") if isinstance(e, int) else e)
            if v.type.dtype not in integer_dtypes:
                if isinstance(v, Constant) and v.data.size == 0:
                    v = constant(np.zeros(v.data.shape, "int64"))
                else:
                    raise TypeError(f"arrays used as indices must be of integer or boolean type, not {v.type}")
            values.append(v)
    return AdvancedSubtensor(pattern)(x, *values)


def set_subtensor(x: Any, y: Any, inplace: bool = False, tolerate_inplace_aliasing: bool = False) -> Any:
    """Return the array that ``x = a[index]`` was taken from, with that region set to ``y``.

    TypeError where ``x`` is no indexed array, or where setting would lose precision or dimensions.
    """
    return inc_subtensor(x, y, inplace, set_instead_of_inc=True)


def inc_subtensor(
    x: Any, y: Any, inplace: bool = False, set_instead_of_inc: bool = False, tolerate_inplace_aliasing: bool = False
) -> Any:
    """Return the array that ``x = a[index]`` was taken from, with ``y`` added there (each repeat of an index counts)."""
    x, y = as_tensor_variable(x), as_tensor_variable(y)
    if y.type.ndim > x.type.ndim:
        raise TypeError(
            f"Trying to increment a {x.type.ndim}-dimensional subtensor with a {y.type.ndim}-dimensional value."
        )
    for d in range(y.type.ndim):
        a, b = x.type.broadcastable[x.type.ndim - 1 - d], y.type.broadcastable[y.type.ndim - 1 - d]
        if a and not b:
            y = patternbroadcast(y, [flag or n == y.type.ndim - 1 - d for n, flag in enumerate(y.type.broadcastable)])
    y = cast(y, x.type.dtype)
    node = x.owner
    if node is None:
        raise TypeError("x must be the result of a subtensor operation", x)
    op, inputs = node.op, node.inputs
    if isinstance(op, Subtensor):
        return IncSubtensor(op.idx_list, set_instead_of_inc=set_instead_of_inc)(inputs[0], y, *inputs[1:])
    if isinstance(op, AdvancedSubtensor1):
        return AdvancedIncSubtensor1(set_instead_of_inc=set_instead_of_inc)(inputs[0], y, inputs[1])
    if isinstance(op, AdvancedSubtensor):
        return AdvancedIncSubtensor(set_instead_of_inc=set_instead_of_inc, pattern=op.pattern)(
            inputs[0], y, *inputs[1:]
        )
    kind = type(op).__name__
    if kind == "DimShuffle":
        inner = inputs[0]
        order: list[Any] = ["x"] * inner.type.ndim  # type: ignore[attr-defined]
        offset = x.type.ndim - y.type.ndim
        for place, d in enumerate(op.new_order):  # type: ignore[attr-defined]
            if d != "x" and place >= offset:
                order[d] = place - offset
        if inner.owner is None:
            raise TypeError("x must be the result of a subtensor operation", x)
        return inc_subtensor(inner, dimshuffle(y, _dropped(y, order)), set_instead_of_inc=set_instead_of_inc)
    if kind in ("Reshape", "Rebroadcast") and inputs[0].owner is not None:
        inner = inputs[0]
        if kind == "Reshape":
            from theon.ops.arith import second
            from theon.ops.dims import reshape, shape

            y = reshape(second(x, y) if y.type.ndim < x.type.ndim else y, shape(inner), ndim=inner.type.ndim)  # type: ignore[attr-defined]
        return inc_subtensor(inner, y, set_instead_of_inc=set_instead_of_inc)
    raise TypeError("x must be the result of a subtensor operation", x)


def _dropped(y: Any, order: list[Any]) -> list[Any]:
    """Leading "x" beyond the rank of ``y`` are implied by broadcasting."""
    while order and order[0] == "x" and sum(o != "x" for o in order) == y.type.ndim and len(order) > y.type.ndim:
        order = order[1:]
    return order


def take(a: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    """Return the elements of ``a`` at integer ``indices`` along ``axis``; ``mode``: "raise", "wrap" or "clip"."""
    from theon.ops.arith import clip

    a, indices = as_tensor_variable(a), as_tensor_variable(indices)
    if axis is None:
        return take(a.flatten(), indices, 0, mode)
    axis = int(axis)
    axis = axis + a.type.ndim if axis < 0 else axis
    if mode == "clip":
        indices = cast(clip(indices, 0, shape_i(a, axis) - 1), "int64")
    elif mode == "wrap":
        indices = indices % shape_i(a, axis)
    elif mode != "raise":
        raise ValueError(f"mode must be raise, wrap or clip, not {mode!r}")
    return getitem(a, (*(slice(None),) * axis, indices))
