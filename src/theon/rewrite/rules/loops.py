"""Rules that move work out of loops: products with what no step changes, sums of products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.control.rows_at_end import is_zero
from theon.control.steady import steady
from theon.dtypes import integer_dtypes
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply, Constant
from theon.ops.arith import add
from theon.ops.declare import Elemwise
from theon.ops.dims import DimShuffle, dimshuffle
from theon.ops.dot import Dot, dot
from theon.ops.elements import AdvancedIncSubtensor, AdvancedIncSubtensor1
from theon.ops.fill import alloc
from theon.ops.reduce import Sum, SumLike, sum_like
from theon.ops.reduce import sum as sum_
from theon.ops.regions import IncSubtensor, Subtensor
from theon.ops.shape import Shape, Shape_i, shape_i
from theon.rewrite.match import made_by
from theon.rewrite.replace import same_origin
from theon.rewrite.rules.loop_parts import Parts, loops_of
from theon.tensor.type import TensorType

__all__ = ["forget_unread", "free_shapes", "move_products"]


def forget_unread(fgraph: FunctionGraph) -> int:
    """Loops do not read sequences and other values that their step does not use; return how many loops changed."""
    count = 0
    for node in loops_of(fgraph):
        parts = Parts.of(node)
        used = {v for inner in io_toposort(node.op.inputs, node.op.outputs) for v in inner.inputs}  # type: ignore[attr-defined]
        used |= set(parts.results())
        seqs, others = [s for s in parts.seqs if s[0] in used], [o for o in parts.others if o[0] in used]
        if len(seqs) + len(others) == len(parts.seqs) + len(parts.others):
            continue
        parts.seqs, parts.others = seqs, others
        parts.build(fgraph, "forget_unread")
        count += 1
    return count


# --- shapes -----------------------------------------------------------------------------------------------------------


def _shape_only(node: Any) -> int | None:
    """The place of the input of which a node reads the shape alone."""
    if isinstance(node.op, SumLike):
        return 1
    if isinstance(node.op, Shape | Shape_i) or (isinstance(node.op, Elemwise) and node.op.scalar_op.kind == "second"):
        return 0
    return None


def free_shapes(fgraph: FunctionGraph) -> int:
    """Where only the shape of a value is read, do not compute the products and reductions that it is made of.

    The shapes of values that are computed anyway cost nothing.
    """
    readers = [(node, place) for node in fgraph.toposort() if (place := _shape_only(node)) is not None]
    if not readers:
        return 0
    known: dict[Any, Any] = {}
    computed: set[Any] = set()
    pending = list(fgraph.outputs)
    while pending:
        v = pending.pop()
        if v in computed:
            continue
        computed.add(v)
        if v.owner is not None:
            place = _shape_only(v.owner)
            pending += [x for i, x in enumerate(v.owner.inputs) if i != place]

    def parts(v: Any) -> Any:
        """What the shape of ``v`` comes from."""
        node = v.owner
        if node is None or not isinstance(v.type, TensorType):
            return []
        if isinstance(node.op, SumLike):
            return node.inputs[1:2]
        return node.inputs if isinstance(node.op, Elemwise | DimShuffle | Dot | Sum) else []

    def made(v: Any) -> Any:
        found, node = v, v.owner
        if parts(v):
            inner = [known[x] for x in parts(v)]
            if isinstance(node.op, SumLike):
                found = inner[0]
            elif isinstance(node.op, Elemwise | DimShuffle):
                if any(a is not b for a, b in zip(inner, node.inputs)):
                    found = node.op(*inner, return_list=True)[node.outputs.index(v)]
            else:
                shapes = [tuple(shape_i(x, d) for d in range(x.type.ndim)) for x in inner]
                (sizes,) = node.op.infer_shape(node, shapes)
                found = alloc(v.type.make_constant(0) if v.type.ndim == 0 else 0.0, *sizes).astype(v.type.dtype)
        return found if found.type == v.type else v

    def shaped(root: Any) -> Any:
        """A value of the shape of ``root`` that costs nothing; without recursion, graphs may be deep."""
        stack = [root]
        while stack:
            v = stack[-1]
            waiting = [x for x in parts(v) if x not in known] if v not in known else []
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if v not in known:
                known[v] = made(v)
        return known[root]

    count = 0
    for node, place in readers:
        if node.inputs[place] in computed:
            continue
        new = shaped(node.inputs[place])
        if new is not node.inputs[place]:
            fgraph.change_input(node, place, new, reason="free_shapes")
            count += 1
    return count


# --- products -----------------------------------------------------------------------------------------------------------


def move_products(fgraph: FunctionGraph) -> int:
    """One product before a loop for those of its sequences' rows with the same matrix, one after it for a sum of products."""
    count = 0
    for node in loops_of(fgraph):
        if not node.op.as_while and node.op.mode in (None, "FAST_RUN"):  # type: ignore[attr-defined]
            count += _products_before(fgraph, node)
    for node in loops_of(fgraph):
        if not node.op.as_while and node.op.mode in (None, "FAST_RUN"):  # type: ignore[attr-defined]
            count += _sums_after(fgraph, node)
    for node in loops_of(fgraph):
        if not node.op.as_while and node.op.mode in (None, "FAST_RUN"):  # type: ignore[attr-defined]
            count += _products_after(fgraph, node)
    return count


def _products_before(fgraph: FunctionGraph, node: Apply) -> int:
    parts = Parts.of(node)
    order = io_toposort([v for v in node.op.inputs], node.op.outputs)  # type: ignore[attr-defined]
    rows: dict[Any, Any] = {inner: outer[: parts.n] for inner, outer in parts.seqs}
    fixed: dict[Any, Any] = dict(parts.others)
    made: dict[Any, Any] = {}

    def outside(v: Any) -> Any:
        return fixed[v] if v in fixed else v

    for inner in order:
        op, (out, *more) = inner.op, inner.outputs
        if more or not isinstance(out.type, TensorType):
            continue
        if all(v in fixed or isinstance(v, Constant) for v in inner.inputs):
            # Not worth moving alone: the loop computes it once anyway.
            fixed[out] = op(*(outside(v) for v in inner.inputs))
            continue
        if not all(v in rows or v in fixed or isinstance(v, Constant) for v in inner.inputs):
            continue
        if isinstance(op, Elemwise):
            given = []
            for v in inner.inputs:
                x = rows[v] if v in rows else outside(v)
                given.append(x if v in rows else dimshuffle(x, "x", *range(v.type.ndim)))
            rows[out] = op(*given)
        elif isinstance(op, DimShuffle) and inner.inputs[0] in rows:
            order_ = [0, *("x" if d == "x" else d + 1 for d in op.new_order)]
            rows[out] = dimshuffle(rows[inner.inputs[0]], *order_)
        elif isinstance(op, Dot):
            x, y = inner.inputs
            if x in rows and y not in rows:
                a, b = rows[x], outside(y)
            elif y in rows and x not in rows and y.type.ndim == 1 and x.type.ndim == 2:
                a, b = rows[y], outside(x).T
            else:
                continue
            made[out] = _product_of_rows(a, b)
            rows[out] = made[out]
    if not made:
        return 0
    replacements: dict[Any, Any] = {}
    for v, outer in made.items():
        fresh = v.type()
        replacements[v] = fresh
        parts.seqs.append((fresh, outer))
    parts.substitute(replacements)
    parts.build(fgraph, "products_before")
    return len(made)


def _products_after(fgraph: FunctionGraph, node: Apply) -> int:
    """What a loop only collects, a product with a matrix that no step changes, is one product of what it is made of."""
    op: Any = node.op
    parts = Parts.of(node)
    fixed, sequences = dict(parts.others), dict(parts.seqs)
    order = io_toposort(op.inputs, op.outputs)
    readers: dict[Any, int] = {}
    for v in [*(v for inner in order for v in inner.inputs), *op.outputs]:
        readers[v] = readers.get(v, 0) + 1
    for inner in order:
        if (
            inner.inputs
            and all(v in fixed or isinstance(v, Constant) for v in inner.inputs)
            and len(inner.outputs) == 1
        ):
            fixed[inner.outputs[0]] = inner.op(*(fixed.get(v, v) for v in inner.inputs))
    products = []
    for entry in list(parts.collected):
        v, _ = entry
        if v.owner is None or not isinstance(v.owner.op, Dot) or readers[v] != 1:
            continue
        left, right = v.owner.inputs
        if left in fixed or right not in fixed or right.type.ndim != 2 or not steady(left, op.inputs, fixed):
            continue
        parts.collected.remove(entry)  # all of them before a place among those that stay is asked for
        products.append((entry[1], left, fixed[right]))
    if not products:
        return 0
    moved = [
        (out, sequences[left][: parts.n] if left in sequences else parts.collect(left), matrix)
        for out, left, matrix in products
    ]
    kept = parts.build(fgraph, "products_after")[len(parts.states) :]
    for out, place, matrix in moved:
        rows = _product_of_rows(kept[place] if isinstance(place, int) else place, matrix)
        same_origin(rows, node)
        fgraph.replace(out, out.type.filter_variable(rows), reason="products_after")
    return len(moved)


def _product_of_rows(a: Any, b: Any) -> Any:
    """Each row of ``a``, a vector or a matrix, times ``b``."""
    if a.type.ndim == 2:
        return dot(a, b)
    flat = dot(a.reshape((a.shape[0] * a.shape[1], a.shape[2])), b)
    sizes = (a.shape[0], a.shape[1], *((b.shape[1],) if b.type.ndim == 2 else ()))
    return flat.reshape(sizes, ndim=len(sizes))


def _sums_after(fgraph: FunctionGraph, node: Apply) -> int:
    op: Any = node.op
    parts = Parts.of(node)
    readers: dict[Any, int] = {}
    for v in [*(v for inner in io_toposort(op.inputs, op.outputs) for v in inner.inputs), *op.outputs]:
        readers[v] = readers.get(v, 0) + 1
    fixed, sequences = dict(parts.others), dict(parts.seqs)

    def rows(v: Any) -> Any:
        """What a value's rows are: those of a sequence, or a place among those collected."""
        return sequences[v][: parts.n] if v in sequences else parts.collect(v)

    moved: list[tuple[Any, Any, Any]] = []
    for entry in list(parts.carried):
        total, start, new, out = entry
        term = _added(new, total)
        if term is None or readers[total] != 1 or readers[new] != 1:
            continue
        outside = (
            _sum_of_products(term, fixed, op.inputs, rows)
            or _sum_of_increments(term, start, fixed, op.inputs, rows)
            or _sum_of_rows(term, fixed, op.inputs, rows)
        )
        if outside is not None:
            parts.carried.remove(entry)
            moved.append((start, out, outside))
    if not moved:
        return 0
    kept = parts.build(fgraph, "sums_after")[len(parts.states) :]
    for start, out, outside in moved:
        total = outside(kept)
        total = total if made_by(total, AdvancedIncSubtensor1) else add(start, total)
        same_origin(total, node)
        fgraph.replace(out, out.type.filter_variable(total), reason="sums_after")
    return len(moved)


def _sum_of_products(term: Any, fixed: Any, inputs: Any, rows: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
    """A product of two matrices that change, summed over all steps: one product of all their rows."""
    if not isinstance(term.owner.op, Dot):
        return None
    left, right = term.owner.inputs
    if any(v.type.ndim != 2 or v in fixed or not steady(v, inputs, fixed) for v in (left, right)):
        return None
    factors = [rows(v) for v in (_transposed(left), right)]

    def outside(kept: Any) -> Any:
        both = [kept[f] if isinstance(f, int) else f for f in factors]
        forward = [None if isinstance(f, int) else _forward(f) for f in factors]
        if any(v is not None for v in forward) and all(
            isinstance(f, int) or v is not None for f, v in zip(factors, forward)
        ):
            # The order of the rows is the same for both: the one that sequences have in memory needs no copy.
            both = [v[::-1] if turned is None else turned for v, turned in zip(both, forward)]
        a, b = (v.reshape((v.shape[0] * v.shape[1], v.shape[2])) for v in both)
        return dot(a.T, b)

    return outside


def _sum_of_increments(
    term: Any, start: Any, fixed: Any, inputs: Any, rows: Callable[[Any], Any]
) -> Callable[[Any], Any] | None:
    """Increments of some rows in each step (the gradient of rows looked up): all of them at once, of ``start``."""
    op, (base, *given) = term.owner.op, term.owner.inputs
    if len(given) != 2 or not is_zero(base):
        return None
    g, index = given
    single = isinstance(op, IncSubtensor) and len(op.idx_list) == 1 and not isinstance(op.idx_list[0], slice)
    if not single and not isinstance(op, AdvancedIncSubtensor | AdvancedIncSubtensor1):
        return None
    if not isinstance(index.type, TensorType) or index.type.dtype not in integer_dtypes:
        return None
    # One row set among zeros is one incremented; of several, some may be the same.
    if (op.set_instead_of_inc and not single) or g.type.ndim != base.type.ndim + index.type.ndim - 1:
        return None
    pattern = (*index.type.broadcastable, *base.type.broadcastable[1:])
    if any(a and not b for a, b in zip(g.type.broadcastable, pattern)):
        return None
    if any(v in fixed or isinstance(v, Constant) or not steady(v, inputs, fixed) for v in given):
        return None
    places = [rows(g), rows(index)]

    def outside(kept: Any) -> Any:
        values, at = (kept[p] if isinstance(p, int) else p for p in places)
        if at.type.ndim > 1:
            values = values.reshape((at.size, *(values.shape[d] for d in range(at.type.ndim, values.type.ndim))))
            at = at.flatten()
        return AdvancedIncSubtensor1()(start, values, at)

    return outside


def _forward(v: Any) -> Any:
    """The rows ``v``, the first ones of an array taken from its end, in the array's own order; None where they are no such thing."""
    node = v.owner
    if node is None or not isinstance(node.op, Subtensor) or len(node.inputs) != 2:
        return None
    (entry,) = node.op.idx_list if len(node.op.idx_list) == 1 else (None,)
    if not isinstance(entry, slice) or entry.start is not None or entry.step is not None or entry.stop is None:
        return None
    n, inner = node.inputs[1], node.inputs[0].owner
    if inner is None or not isinstance(inner.op, Subtensor) or len(inner.inputs) != 2 or len(inner.op.idx_list) != 1:
        return None
    (entry,), step = inner.op.idx_list, inner.inputs[1]
    if not isinstance(entry, slice) or entry.start is not None or entry.stop is not None:
        return None
    if not isinstance(step, Constant) or int(step.data) != -1:
        return None
    array = inner.inputs[0]
    return array[array.shape[0] - n :]


def _sum_of_rows(term: Any, fixed: Any, inputs: Any, rows: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
    """A vector, or a sum over axes, summed over all steps: one sum over all rows."""
    chain = []
    v = term
    while v.owner is not None:
        op = v.owner.op
        if isinstance(op, SumLike) and v.owner.inputs[1] in fixed:
            like = fixed[v.owner.inputs[1]]
            chain.append(lambda x, like=like: sum_like(x, like))
        elif isinstance(op, DimShuffle):
            order = op.new_order
            chain.append(lambda x, order=order: dimshuffle(x, *order))
        else:
            break
        v = v.owner.inputs[0]
    axes: tuple[int, ...] = (0,)
    dtypes: dict[str, Any] = {}
    if v.owner is not None and isinstance(v.owner.op, Sum):
        own = v.owner.op
        dtypes = {"dtype": own.dtype, "acc_dtype": own.acc_dtype}
        v = v.owner.inputs[0]
        axes = (0, *(d + 1 for d in (range(v.type.ndim) if own.axis is None else own.axis)))
    elif v.type.ndim > 1:
        return None
    if v in fixed or isinstance(v, Constant) or not steady(v, inputs, fixed):
        return None
    place = rows(v)

    def outside(kept: Any) -> Any:
        x = sum_(kept[place] if isinstance(place, int) else place, axis=axes, **dtypes)
        for f in reversed(chain):
            x = f(x)
        return x

    return outside


def _added(new: Any, total: Any) -> Any:
    """What ``new`` adds to ``total``, if it is that."""
    node = new.owner
    if node is None or not isinstance(node.op, Elemwise) or node.op.scalar_op.kind != "add" or len(node.inputs) != 2:
        return None
    if total not in node.inputs or new.type != total.type:
        return None
    term = node.inputs[1 - node.inputs.index(total)]
    return term if term.owner is not None and term.type == total.type else None


def _transposed(v: Any) -> Any:
    if v.owner is not None and isinstance(v.owner.op, DimShuffle) and tuple(v.owner.op.new_order) == (1, 0):
        return v.owner.inputs[0]
    return v.T
