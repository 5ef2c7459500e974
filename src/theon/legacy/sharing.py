"""Whether two values, dense or sparse, share memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.sparse.type import SparseType

__all__ = ["may_share_memory"]


def may_share_memory(a: Any, b: Any, raise_other_type: bool = True) -> bool:
    """Return whether two arrays, or matrices of scipy.sparse, may share memory (a dense and a sparse one may too).

    Of values of other types False is returned, or with ``raise_other_type`` a TypeError raised.
    """
    from scipy.sparse import issparse

    for value in (a, b):
        if not isinstance(value, np.ndarray) and not issparse(value):
            if raise_other_type:
                raise TypeError(f"may_share_memory takes arrays and sparse matrices, not {type(value).__name__}")
            return False
    return bool(SparseType.may_share_memory(a, b))
