"""Convolutions by minimal filtering (:mod:`theon.codegen.winograd`): where they are worth it, and what is done where they fail.

Transforms spread what is not finite to a whole tile, and may overflow where sums of products do not: a routine that has made
such a number sets a flag, and the steps for sums of products are run in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from theon.kernel.scalar import BOOL, INDEX, Scalar, const, make
from theon.options import config
from theon.schedule.expression import item, plus, product, times
from theon.schedule.lower import Lowering
from theon.schedule.sizes import least, minus, modulo, most, over
from theon.schedule.step import Branch, NativeCall
from theon.schedule.workspace import NOTHING, rounded, workspace

__all__ = ["convolve_tiles", "sums_of_tiles"]

_TILES = 32  # in a block: their transforms stay in the cache
_ADDED = 64  # in a block of the filters' gradient: all its sums are read and written once a block
_PARTS = 8  # of the blocks, whose sums are added in order
_SUMS = 1 << 24  # bytes of a part's sums
_ALL_SUMS = 1 << 26  # of all parts', where those of one need no more
_ROOM = 1 << 23  # bytes that a thread works in
_FEW = 8  # channels, or filters: fewer are not worth the transforms
_BOTH = 24  # channels and filters together
_MORE = 12  # channels, where filters are sought
_COST = 54  # what a tile costs, in products for each channel and filter
_FILTERS = 864  # what transforming the filters costs


class _Blocks:
    """How the tiles of ``batch`` results of so many lines and columns are divided into blocks: rows of tiles, or whole images.

    A block has about ``tiles``, ``fair`` rows of tiles at most, and a multiple of ``unit`` rows unless it is an image's last one.
    """

    def __init__(
        self,
        taps: Scalar,
        batch: Scalar,
        lines: Scalar,
        columns: Scalar,
        tiles: int,
        fair: Callable[[Scalar], Scalar] | None = None,
        unit: int = 1,
    ) -> None:
        from theon.codegen import transforms

        self.step, self.border = most(minus(const(transforms.SIDE + 1), taps), const(1)), minus(taps, const(1))
        self.down, self.across = _quotient(lines, self.step), _quotient(columns, self.step)
        down, across = most(self.down, const(1)), most(self.across, const(1))
        tall, many = over(const(tiles), across), over(const(tiles), times(down, across))
        if fair is not None:
            tall, many = least(tall, fair(down)), least(many, over(fair(down), down))
        if unit > 1:
            tall = most(times(over(tall, const(unit)), const(unit)), const(unit))
        self.tall = most(least(tall, self.down), const(1))
        self.many = most(least(many, batch), const(1))
        self.tiles = times(times(self.many, self.tall), self.across)
        sums = times(times(taps, taps), product((batch, lines, columns)))
        self.spared = minus(sums, times(product((batch, self.down, self.across)), const(_COST)))
        self.count = times(_quotient(batch, self.many), _quotient(self.down, self.tall))

    def places(self, border: Scalar) -> Scalar:
        """Places of an image that the tiles of a block cover, with a border below and beside them."""
        return times(plus(times(self.tall, self.step), border), plus(times(self.across, self.step), border))


def _quotient(n: Scalar, m: Scalar) -> Scalar:
    """Rounded up."""
    return over(plus(n, minus(m, const(1))), m)


def _worth(kernel: Sequence[Scalar], blocks: _Blocks, slot: Scalar, *more: tuple[str, Scalar, int]) -> Scalar:
    """Whether tiles serve for filters of these sizes and are worth it: a constant where that is known."""
    from theon.codegen import transforms

    if not config.conv.winograd:
        return const(False, BOOL)
    filters, channels, height, width = kernel
    found = const(True, BOOL)
    for op, n, number in (
        ("ge", height, min(transforms.TAPS)),
        ("le", height, max(transforms.TAPS)),
        ("eq", minus(height, width), 0),
        ("eq", modulo(height, 2), 1),
        ("ge", channels, _FEW),
        ("ge", filters, _FEW),
        ("ge", plus(channels, filters), _BOTH),
        ("ge", blocks.spared, _FILTERS),
        ("le", slot, _ROOM),
        *more,
    ):
        if n.op == "const":
            if not {"eq": n.attr == number, "ge": n.attr >= number, "le": n.attr <= number}[op]:
                return const(False, BOOL)
            continue
        one = make(op, BOOL, (n, const(number)))
        found = one if found.op == "const" else make("and", BOOL, (found, one))
    return found


def _attempt(
    low: Lowering, condition: Scalar, attempt: Callable[[int], NativeCall], others: Callable[[], None]
) -> None:
    """The attempt where the condition holds, and the other steps where it does not or where the attempt sets its flag."""
    if condition.op == "const" and not condition.attr:
        others()
        return
    outer, low.steps = low.steps, []
    others()
    direct, low.steps = tuple(low.steps), outer
    flag = low.fresh(None, INDEX, ())
    failed = make("ne", BOOL, (make("elem", INDEX, (), flag), const(0)))
    low.steps.append(Branch(condition, (attempt(flag), Branch(failed, direct, ())), direct))


def convolve_tiles(
    low: Lowering,
    image: int,
    kernel: int,
    out: int,
    pads: Sequence[Scalar],
    groups: int,
    group: Scalar,
    unit: int,
    others: Callable[[], None],
    cost: Scalar | None = None,
) -> None:
    """A convolution that takes every place: ``kernel`` and ``group`` as in :mod:`theon.schedule.conv`, whose steps are ``others``.

    A block has a multiple of ``unit`` rows, unless it is the last one of an image. ``cost``: the products of another way, for
    an image and a group.
    """
    from theon.codegen import pool, tile, transforms
    from theon.codegen.shared import LOCK

    dtype = low.tensors[image].dtype
    size, lane, threads = item(dtype), tile.lanes(dtype), pool.budget()
    filters, channels = low.sizes_of(kernel)[:2]
    batch, _, lines, columns = low.sizes_of(out)

    def fair(down: Scalar) -> Scalar:
        return most(over(times(down, batch), const(4 * threads)), const(1))

    taps, even = low.sizes_of(kernel)[2], unit // math.gcd(unit, 2)
    blocks = _Blocks(taps, batch, lines, columns, _TILES, fair if threads > 1 else None, even)
    squares, line = transforms.SIDE**2, 64 // size
    held, whole = rounded(channels, lane), rounded(filters, lane)
    panel = 3 * lane
    tiles = rounded(blocks.tiles, 8)
    border = blocks.places(blocks.border)
    room = plus(rounded(times(channels, border), line), times(border, held))
    room = plus(room, times(plus(times(tiles, plus(held, const(panel))), const(2 * line)), const(squares)))
    room = plus(room, times(blocks.places(const(0)), const(panel)))
    slot = rounded(plus(times(room, const(size)), const(LOCK)), 64)
    more: list[tuple[str, Scalar, int]] = []
    if cost is not None:
        own = times(times(times(blocks.down, blocks.across), const(_COST)), times(channels, whole))
        more = [("ge", minus(cost, own), 0)]
    condition = _worth(low.sizes_of(kernel), blocks, slot, *more)
    vectors = over(whole, const(lane))
    packed = times(times(vectors, plus(times(channels, const(lane)), const(line))), const(squares * groups))

    def attempt(flag: int) -> NativeCall:
        parts = [(INDEX, plus(channels, const(8))), (dtype, packed), ("uint8", times(slot, const(threads)))]
        rooms = workspace(low, [(kind, make("select", INDEX, (condition, n, const(0)))) for kind, n in parts])
        numbers = (*pads, const(groups), group, blocks.tall, blocks.many, const(threads), slot, *NOTHING)
        return NativeCall("conv_tiles", (image, kernel), (out, flag, *rooms), numbers, (unit,), 0)

    _attempt(low, condition, attempt, others)


def sums_of_tiles(
    low: Lowering,
    x: int,
    g: int,
    number: int,
    pads: Sequence[Scalar],
    groups: int,
    flip: bool,
    others: Callable[[], None],
) -> None:
    """The gradient of filters that take every place, from images ``x`` and the result's gradient ``g``.

    Blocks do not depend on the number of threads, nor does what is added to what.
    """
    from theon.codegen import pool, tile, transforms
    from theon.codegen.shared import LOCK

    dtype = low.tensors[number].dtype
    size, lane, threads = item(dtype), tile.lanes(dtype), pool.budget()
    batch, slopes, lines, columns = low.sizes_of(g)
    channels = low.sizes_of(number)[1]
    filters = over(slopes, const(groups))
    blocks = _Blocks(low.sizes_of(number)[2], batch, lines, columns, _ADDED)
    squares, line = transforms.SIDE**2, 64 // size
    held, whole = rounded(channels, lane), rounded(filters, lane)
    room = times(blocks.places(blocks.border), times(const(2), most(held, whole)))
    room = plus(room, times(plus(times(blocks.tiles, plus(held, whole)), const(2 * line)), const(squares)))
    slot = rounded(plus(times(room, const(size)), const(LOCK)), 64)
    sums_size = times(plus(times(held, whole), const(line)), const(squares * groups))
    room = over(const(_ALL_SUMS), most(times(sums_size, const(size)), const(1)))
    parts = least(least(blocks.count, const(_PARTS)), most(room, const(1)))
    condition = _worth(
        (filters, *low.sizes_of(number)[1:]), blocks, slot, ("ge", channels, _MORE),
        ("le", times(sums_size, const(size)), _SUMS), ("ge", blocks.count, 1),
    )  # fmt: skip

    def attempt(flag: int) -> NativeCall:
        own = [
            (INDEX, plus(blocks.tiles, const(8))), (dtype, times(sums_size, parts)), ("uint8", times(slot, const(threads))),
        ]  # fmt: skip
        rooms = workspace(low, [(kind, make("select", INDEX, (condition, n, const(0)))) for kind, n in own])
        numbers = (*pads, const(groups), const(flip), blocks.tall, blocks.many, const(threads), slot, parts)
        return NativeCall("conv_tiles_weights", (x, g), (number, flag, *rooms), numbers, (), 0)

    _attempt(low, condition, attempt, others)
