"""``theano._asarray``, which old programs call to make their data ``floatX``."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.options import config

__all__ = ["_asarray"]


def _asarray(a: Any, dtype: Any, order: Any = None) -> np.ndarray[Any, Any]:
    """Return ``a`` as an array of ``dtype`` ("floatX" for ``config.floatX``), without a copy where it is one already.

    Of two descriptors of one dtype (``int`` and ``long long`` of 64 bits) the result has the one NumPy makes from its name.
    """
    wanted = np.dtype(config.floatX if isinstance(dtype, str) and dtype == "floatX" else dtype)
    found = np.asarray(a, dtype=wanted, order=order)
    return found if found.dtype.num == wanted.num else found.view(wanted)
