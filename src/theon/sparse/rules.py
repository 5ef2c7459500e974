"""Theano's rewrites of sparse graphs, each a function from a node to the list of its outputs' replacements, or False.

``simplified`` runs those that make a graph smaller; the others put ops on arrays in place of ops on whole matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from theon.graph.variable import Apply
from theon.ops.declare import Elemwise
from theon.sparse import packed
from theon.sparse.arith import AddSD, MulSD, MulSV, StructuredAddSV
from theon.sparse.convert import DenseFromSparse, SparseFromDense
from theon.sparse.csm import CSM, CSMGrad, CSMProperties, csm_properties
from theon.sparse.declare import is_sparse_var
from theon.sparse.products import Dot, SamplingDot, StructuredDot, Usmm, usmm
from theon.sparse.tidy import Remove0
from theon.tensor.type import TensorType

__all__ = ["LocalRule", "simplified"]


class LocalRule:
    """A rewrite of nodes of the given ops."""

    def __init__(self, function: Callable[[Apply], Any], ops: tuple[type, ...]) -> None:
        self.function, self.ops = function, ops
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def tracks(self) -> list[type]:
        """Return the classes of ops whose nodes the rule looks at."""
        return list(self.ops)

    def transform(self, node: Apply) -> Any:
        """Return replacements for the node's outputs, or False."""
        return self.function(node) if isinstance(node.op, self.ops) else False

    __call__ = transform

    def __str__(self) -> str:
        return self.__name__

    __repr__ = __str__


def _rule(*ops: type) -> Callable[[Callable[[Apply], Any]], LocalRule]:
    return lambda function: LocalRule(function, ops)


@_rule(CSMProperties)
def local_csm_properties_csm(node: Apply) -> Any:
    """The parts of a matrix made of parts are those parts."""
    made = node.inputs[0].owner
    if node.op.kmap is not None or made is None or not isinstance(made.op, CSM) or made.op.kmap is not None:  # type: ignore[attr-defined]
        return False
    if any(a.type != b.type for a, b in zip(made.inputs, node.outputs)):
        return False
    return list(made.inputs)


@_rule(DenseFromSparse)
def local_dense_from_sparse_sparse_from_dense(node: Apply) -> Any:
    """Dense made sparse made dense is what it was."""
    made = node.inputs[0].owner
    if made is None or not isinstance(made.op, SparseFromDense) or made.inputs[0].type != node.outputs[0].type:
        return False
    return [made.inputs[0]]


_SIMPLIFYING = (local_csm_properties_csm, local_dense_from_sparse_sparse_from_dense)


def simplified(fgraph: Any) -> int:
    """Make a function graph smaller where sparse matrices are taken apart or converted for nothing; return how often."""
    done = 0
    if not fgraph.has_ops(CSMProperties, DenseFromSparse):
        return done
    for node in fgraph.toposort():
        for rule in _SIMPLIFYING:
            found = rule(node) if node in fgraph.apply_nodes else False
            if found:
                for old, new in zip(node.outputs, found):
                    fgraph.replace(old, new, reason=rule.__name__)
                done += 1
    return done


@_rule(CSMGrad)
def local_csm_grad_c(node: Apply) -> Any:
    """Without a map of places, the op on arrays."""
    if node.op.kmap is not None or isinstance(node.op, packed.CSMGradC):  # type: ignore[attr-defined]
        return False
    return [packed.csm_grad_c(*node.inputs)]


@_rule(AddSD)
def local_addsd_ccode(node: Apply) -> Any:
    """The op that knows its format."""
    if isinstance(node.op, packed.AddSD_ccode):
        return False
    return [packed.AddSD_ccode(node.inputs[0].format)(*node.inputs)]  # type: ignore[attr-defined]


@_rule(packed.AddSD_ccode)
def local_inplace_addsd_ccode(node: Apply) -> Any:
    """The op that overwrites the dense operand."""
    if node.op.inplace or node.inputs[1].type != node.outputs[0].type:  # type: ignore[attr-defined]
        return False
    return [packed.AddSD_ccode(node.op.format, inplace=True)(*node.inputs)]  # type: ignore[attr-defined]


@_rule(Remove0)
def local_inplace_remove0(node: Apply) -> Any:
    """The op that overwrites its operand."""
    return False if node.op.inplace else [Remove0(inplace=True)(*node.inputs)]  # type: ignore[attr-defined]


@_rule(StructuredDot)
def local_structured_dot(node: Apply) -> Any:
    """Sparse times dense: the op on the sparse matrix's arrays."""
    a, b = node.inputs
    if is_sparse_var(b) or a.format not in ("csc", "csr"):  # type: ignore[attr-defined]
        return False
    data, indices, indptr, shape = csm_properties(a)
    if a.format == "csc":  # type: ignore[attr-defined]
        return [packed.sd_csc(data, indices, indptr, shape[0], b)]
    return [packed.sd_csr(data, indices, indptr, b)]


@_rule(Usmm)
def local_usmm_csx(node: Apply) -> Any:
    """``alpha x y + z`` with a csc ``x`` and a dense ``y``: the op on the arrays."""
    alpha, x, y, z = node.inputs
    if not is_sparse_var(x) or is_sparse_var(y) or x.format != "csc":  # type: ignore[attr-defined]
        return False
    data, indices, indptr, shape = csm_properties(x)
    return [packed.usmm_csc_dense(alpha, data, indices, indptr, shape[0], y, z)]


@_rule(packed.UsmmCscDense)
def local_usmm_csc_dense_inplace(node: Apply) -> Any:
    """The op that overwrites ``z``."""
    if node.op.inplace or node.inputs[6].type != node.outputs[0].type:  # type: ignore[attr-defined]
        return False
    return [packed.usmm_csc_dense_inplace(*node.inputs)]


@_rule(MulSD)
def local_mul_s_d(node: Apply) -> Any:
    """Sparse times dense matrix: the op on the arrays."""
    x, y = node.inputs
    if y.type.ndim != 2:  # type: ignore[attr-defined]
        return False
    data, indices, indptr, shape = csm_properties(x)
    op = packed.mul_s_d_csc if x.format == "csc" else packed.mul_s_d_csr  # type: ignore[attr-defined]
    return [CSM(x.format)(op(data, indices, indptr, y), indices, indptr, shape)]  # type: ignore[attr-defined]


def _on_rows(node: Apply, op: Any) -> Any:
    x, y = node.inputs
    if x.format != "csr":  # type: ignore[attr-defined]
        return False
    data, indices, indptr, shape = csm_properties(x)
    return [CSM("csr")(op(data, indices, indptr, y), indices, indptr, shape)]


@_rule(MulSV)
def local_mul_s_v(node: Apply) -> Any:
    """A csr matrix times a vector: the op on the arrays."""
    return _on_rows(node, packed.mul_s_v_csr)


@_rule(StructuredAddSV)
def local_structured_add_s_v(node: Apply) -> Any:
    """A csr matrix plus a vector: the op on the arrays."""
    return _on_rows(node, packed.structured_add_s_v_csr)


@_rule(SamplingDot)
def local_sampling_dot_csr(node: Apply) -> Any:
    """With a csr matrix: the op on the arrays."""
    x, y, p = node.inputs
    if p.format != "csr":  # type: ignore[attr-defined]
        return False
    data, indices, indptr, shape = csm_properties(p)
    return [CSM("csr")(*packed.sampling_dot_csr(x, y, data, indices, indptr, shape[1]), shape)]


@_rule(Elemwise)
def local_usmm(node: Apply) -> Any:
    """``z - alpha * dot(x, y)`` with a scalar ``alpha`` and a sparse factor is one op."""
    if node.op.scalar_op.kind != "sub" or len(node.inputs) != 2:  # type: ignore[attr-defined]
        return False
    z, product = node.inputs
    times = product.owner
    if times is None or not isinstance(times.op, Elemwise) or times.op.scalar_op.kind != "mul":
        return False
    for factor, inner in (times.inputs, times.inputs[::-1]):
        made = inner.owner
        scalar = isinstance(factor.type, TensorType) and all(factor.type.broadcastable)
        if scalar and made is not None and isinstance(made.op, Dot) and z.type.ndim == 2:  # type: ignore[attr-defined]
            x, y = made.inputs
            if x.ndim == y.ndim == 2:  # type: ignore[attr-defined]
                found = usmm(-factor, x, y, z)  # type: ignore[operator]
                return [found] if found.type == node.outputs[0].type else False
    return False


def register_specialize(lopt: Any, *tags: str, **kwargs: Any) -> Any:
    """Return ``lopt``: rewrites of Theon are a fixed list, and sparse ops need none of these to run."""
    return lopt
