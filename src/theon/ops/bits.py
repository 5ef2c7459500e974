"""Bitwise and logical operations on integers and bools."""

from __future__ import annotations

from theon.ops.declare import bits, elementwise
from theon.scalar.op import BinaryBitOp, UnaryBitOp

and_ = elementwise(
    "and_", -1, lambda xp, x, y: x & y, bits, None, lambda k, x, y: k.and_(x, y), "Bitwise and.", base=BinaryBitOp
)
or_ = elementwise(
    "or_", -1, lambda xp, x, y: x | y, bits, None, lambda k, x, y: k.or_(x, y), "Bitwise or.", base=BinaryBitOp
)
xor = elementwise(
    "xor",
    -1,
    lambda xp, x, y: x ^ y,
    bits,
    None,
    lambda k, x, y: k.xor(x, y),
    "Bitwise exclusive or.",
    base=BinaryBitOp,
)
invert = elementwise(
    "invert", 1, lambda xp, x: ~x, bits, None, lambda k, x: k.not_(x), "Bitwise complement.", base=UnaryBitOp
)
bitwise_and, bitwise_or, bitwise_xor, bitwise_not = and_, or_, xor, invert
