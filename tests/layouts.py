"""The same arrays elsewhere in memory: other orders, and right beside memory that must not be touched."""

import ctypes
import mmap

import numpy as np

_kept = []  # a map that is freed might be unmapped while arrays still lie in it


def layout(rng, x):
    """The same values in memory of some other order, for arrays of four dimensions."""
    kind = rng.randint(4)
    if kind == 0:
        return np.ascontiguousarray(x[:, :, ::-1])[:, :, ::-1]
    if kind == 1:
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return np.asarray(x, order="F") if kind == 2 else x


def at_the_edge(x, end):
    """The array's copy, with a page that must not be touched right after or before it; on Linux only."""
    size = mmap.PAGESIZE
    pages = -(-x.nbytes // size)
    room = mmap.mmap(-1, (pages + 1) * size)
    _kept.append(room)
    address = ctypes.addressof(ctypes.c_char.from_buffer(room))
    offset = pages * size - x.nbytes if end else size
    guard = address + pages * size if end else address
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    assert protect(ctypes.c_void_p(guard), ctypes.c_size_t(size), 0) == 0
    copy = np.frombuffer(room, x.dtype, x.size, offset).reshape(x.shape)
    copy[...] = x
    return copy
