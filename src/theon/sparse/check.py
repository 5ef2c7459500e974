"""Checking gradients of functions of sparse matrices against differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.sparse.convert import DenseFromSparse, SparseFromDense
from theon.sparse.csm import CSM, csm_data
from theon.sparse.declare import is_sparse_var
from theon.sparse.type import is_sparse

__all__ = ["verify_grad_sparse"]


def verify_grad_sparse(
    op: Callable[..., Any], pt: Sequence[Any], structured: bool = False, *args: Any, **kwargs: Any
) -> None:
    """Compare the gradient of ``op`` with differences at ``pt``, a list of sparse matrices and arrays; GradientError if off.

    ``structured``: only the stored values of the sparse ones are moved, else every element. ``rng`` may be given; further
    arguments are those of ``verify_grad``.
    """
    from theon.compile.conveniences import verify_grad

    points = [(p.data if structured else p.toarray()) if is_sparse(p) else np.asarray(p) for p in pt]

    def dense(*given: Any) -> Any:
        operands = [_restored(v, p, structured) if is_sparse(p) else v for v, p in zip(given, pt)]
        out = op(*operands)
        if not is_sparse_var(out):
            return out
        return csm_data(out) if structured else DenseFromSparse(structured=False)(out)

    kwargs.setdefault("rng", np.random.RandomState(7))
    verify_grad(dense, points, *args, **kwargs)


def _restored(v: Any, p: Any, structured: bool) -> Any:
    if structured:
        return CSM(p.format)(v, p.indices, p.indptr, p.shape)
    return SparseFromDense(p.format)(v)
