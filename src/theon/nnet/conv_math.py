"""Convolution and its two transposes on arrays, any number of dimensions: one matrix product over strided windows each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["convolve", "input_gradient", "output_sizes", "pads_of", "weight_gradient"]

Pads = Sequence[tuple[int, int]]


def pads_of(border_mode: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Return what is added before and after each dimension."""
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    if border_mode == "valid":
        return [(0, 0)] * len(spans)
    if border_mode == "full":
        return [(s - 1, s - 1) for s in spans]
    if border_mode == "half":
        return [(s // 2, s // 2) for s in spans]
    return [(p, p) if isinstance(p, int) else tuple(p) for p in border_mode]


def output_sizes(
    image: Sequence[int], kernel: Sequence[int], pads: Pads, stride: Sequence[int], dilation: Sequence[int]
) -> list[int]:
    """Return the sizes of the result. ValueError where the kernel does not fit into the padded image."""
    found = []
    for n, k, (before, after), s, d in zip(image, kernel, pads, stride, dilation):
        room = n + before + after - ((k - 1) * d + 1)
        if room < 0:
            raise ValueError(
                f"a kernel of sizes {tuple(kernel)} does not fit into an image of sizes {tuple(image)} with pads {pads}"
            )
        found.append(room // s + 1)
    return found


def _windows(x: Any, kernel: Any, sizes: Any, pads: Pads, stride: Any, dilation: Any) -> Any:
    """The view (batch, channels, *sizes, *kernel) of the padded image."""
    if any(p != (0, 0) for p in pads):
        x = np.pad(x, [(0, 0), (0, 0), *pads])
    steps = x.strides[2:]
    strides = (*x.strides[:2], *(a * s for a, s in zip(steps, stride)), *(a * d for a, d in zip(steps, dilation)))
    return np.lib.stride_tricks.as_strided(x, (*x.shape[:2], *sizes, *kernel), strides, writeable=False)


_WORKSPACE = 1 << 22  # elements of the columns held at a time


def _chunks(batch: int, rows: int, columns: int) -> Iterator[slice]:
    """Parts of the batch whose columns fit into the workspace."""
    step = max(1, _WORKSPACE // max(1, rows * columns))
    for start in range(0, batch, step):
        yield slice(start, min(batch, start + step))


def _columns(v: Any, n: int) -> Any:
    """Windows (batch, channels, *sizes, *kernel) as a matrix (channels * kernel, batch * places): rows of the image stay together."""
    places, inner = range(2, 2 + n), range(2 + n, 2 + 2 * n)
    rows = v.shape[1] * int(np.prod([v.shape[d] for d in inner]))
    count = v.shape[0] * int(np.prod([v.shape[d] for d in places]))
    return v.transpose(1, *inner, 0, *places).reshape(rows, count)


def _product(a: Any, b: Any) -> Any:
    """``a @ b`` by SciPy's BLAS, which compiled functions call too: NumPy's own has threads that would compete with it."""
    if a.dtype != b.dtype or a.dtype.char not in "fd" or 0 in (*a.shape, *b.shape):
        return a @ b
    from scipy.linalg import blas

    gemm = blas.sgemm if a.dtype.char == "f" else blas.dgemm

    def fortran(x: Any) -> tuple[Any, int]:
        return (x.T, 0) if x.flags.c_contiguous else (x, 1)

    # Column-major matrices are the transposes: (a b)^T = b^T a^T.
    (left, flip_left), (right, flip_right) = fortran(b), fortran(a)
    return gemm(1.0, left, right, trans_a=flip_left, trans_b=flip_right).T


def _flipped(w: Any, n: int, flip: bool) -> Any:
    return w[(Ellipsis, *[slice(None, None, -1)] * n)] if flip else w


def convolve(
    x: Any, w: Any, border_mode: Any, stride: Any, flip: bool, dilation: Any, groups: int = 1, unshared: bool = False
) -> Any:
    """(batch, channels, *image) with (filters, channels / groups, *kernel) -> (batch, filters, *sizes).

    Unshared kernels are (filters, *sizes, channels / groups, *kernel).
    """
    n = x.ndim - 2
    kernel = w.shape[-n:]
    pads = pads_of(border_mode, kernel, dilation)
    sizes = output_sizes(x.shape[2:], kernel, pads, stride, dilation)
    _check_channels(x.shape[1], w.shape[-n - 1], w.shape[0], groups)
    w = _flipped(w, n, flip)
    v = _windows(x, kernel, sizes, pads, stride, dilation)
    per, out = x.shape[1] // groups, w.shape[0] // groups
    result = np.empty((x.shape[0], w.shape[0], *sizes), dtype=np.result_type(x, w))
    for g in range(groups):
        vg, wg = v[:, g * per : (g + 1) * per], w[g * out : (g + 1) * out]
        into = result[:, g * out : (g + 1) * out]
        if unshared:
            into[...] = _unshared(vg, wg, n)
            continue
        flat = np.ascontiguousarray(wg).reshape(out, -1)
        for part in _chunks(x.shape[0], flat.shape[1], int(np.prod(sizes))):
            product = _product(flat, _columns(vg[part], n))
            into[part] = product.reshape(out, -1, *sizes).swapaxes(0, 1)
    return result


def _letters(n: int) -> tuple[str, str]:
    return "pqr"[:n], "ijk"[:n]


def _unshared(v: Any, w: Any, n: int) -> Any:
    places, inner = _letters(n)
    return np.einsum(f"nc{places}{inner},o{places}c{inner}->no{places}", v, w)


def weight_gradient(
    x: Any,
    g: Any,
    kernel: Sequence[int],
    border_mode: Any,
    stride: Any,
    flip: bool,
    dilation: Any,
    groups: int = 1,
    unshared: bool = False,
) -> Any:
    """The gradient of the filters from that of the result ``g``."""
    n = x.ndim - 2
    pads = pads_of(border_mode, kernel, dilation)
    sizes = output_sizes(x.shape[2:], kernel, pads, stride, dilation)
    _check_result(g.shape[2:], sizes)
    v = _windows(x, kernel, sizes, pads, stride, dilation)
    per, out = x.shape[1] // groups, g.shape[1] // groups
    parts = []
    for k in range(groups):
        vk, gk = v[:, k * per : (k + 1) * per], g[:, k * out : (k + 1) * out]
        if unshared:
            places, inner = _letters(n)
            parts.append(np.einsum(f"nc{places}{inner},no{places}->o{places}c{inner}", vk, gk))
        else:
            rows = per * int(np.prod(kernel))
            total = np.zeros((out, rows), dtype=np.result_type(x, g))
            for part in _chunks(x.shape[0], rows, int(np.prod(sizes))):
                flat = gk[part].swapaxes(0, 1).reshape(out, -1)
                total += _product(flat, _columns(vk[part], n).T)
            parts.append(total.reshape(out, per, *kernel))
    return np.ascontiguousarray(_flipped(np.concatenate(parts, axis=0), n, flip))


def input_gradient(
    w: Any,
    g: Any,
    image: Sequence[int],
    border_mode: Any,
    stride: Any,
    flip: bool,
    dilation: Any,
    groups: int = 1,
    unshared: bool = False,
) -> Any:
    """The gradient of the image, of sizes ``image``, from that of the result ``g``."""
    n = g.ndim - 2
    kernel = w.shape[-n:]
    pads = pads_of(border_mode, kernel, dilation)
    sizes = output_sizes(image, kernel, pads, stride, dilation)
    _check_result(g.shape[2:], sizes)
    w = _flipped(w, n, flip)
    per, out = w.shape[-n - 1], w.shape[0] // groups
    if g.shape[1] != w.shape[0]:
        raise ValueError(f"{w.shape[0]} filters cannot have given a result of {g.shape[1]} channels")
    whole = [m + before + after for m, (before, after) in zip(image, pads)]
    x = np.zeros((g.shape[0], per * groups, *whole), dtype=np.result_type(w, g))
    for k in range(groups):
        gk, wk = g[:, k * out : (k + 1) * out], w[k * out : (k + 1) * out]
        own = x[:, k * per : (k + 1) * per]
        # Where each element of the kernel reaches, for all places of the result.
        reach = [
            (
                at,
                tuple(
                    slice(i * d, i * d + s * (m - 1) + 1, s) if m else slice(0, 0)
                    for i, d, s, m in zip(at, dilation, stride, sizes)
                ),
            )
            for at in np.ndindex(*kernel)
        ]
        if unshared:
            places, _ = _letters(n)
            for at, where in reach:
                own[(slice(None), slice(None), *where)] += np.einsum(
                    f"no{places},o{places}c->nc{places}", gk, wk[(Ellipsis, *at)]
                )
            continue
        flat = np.ascontiguousarray(np.moveaxis(wk, 0, -1)).reshape(-1, out)
        for part in _chunks(g.shape[0], flat.shape[0], int(np.prod(sizes))):
            pieces = _product(flat, gk[part].swapaxes(0, 1).reshape(out, -1))
            pieces = pieces.reshape(per, *kernel, -1, *sizes)
            for at, where in reach:
                own[(part, slice(None), *where)] += pieces[(slice(None), *at)].swapaxes(0, 1)
    inside = tuple(slice(before, before + m) for (before, _), m in zip(pads, image))
    return np.ascontiguousarray(x[(slice(None), slice(None), *inside)])


def _check_channels(channels: int, per: int, filters: int, groups: int) -> None:
    if channels != per * groups:
        raise ValueError(f"an image of {channels} channels does not fit filters of {per} channels in {groups} groups")
    if filters % groups:
        raise ValueError(f"{filters} filters cannot be divided into {groups} groups")


def _check_result(given: Sequence[int], wanted: Sequence[int]) -> None:
    if tuple(given) != tuple(wanted):
        raise ValueError(
            f"the result's gradient has sizes {tuple(given)} where the convolution's result has {tuple(wanted)}"
        )
