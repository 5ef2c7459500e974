"""Theano's scalar ops under its names: the ops of ``theon.ops`` on single numbers, their classes, and the types."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from theon.errors import ComplexError
from theon.ops import arith, bits, compare, explog, round, special, trig
from theon.ops import complex as complex_
from theon.ops.arith import Cast
from theon.ops.cast import tensor_from_scalar
from theon.ops.compare import InRange
from theon.scalar import type as types
from theon.scalar.type import Scalar, ScalarConstant, ScalarVariable, as_scalar, get_scalar_type

__all__ = ["Cast", "ComplexError", "InRange", "as_common_dtype", "cast", "convert"]

bool = get_scalar_type("bool")
int8 = get_scalar_type("int8")
int16 = get_scalar_type("int16")
int32 = get_scalar_type("int32")
int64 = get_scalar_type("int64")
uint8 = get_scalar_type("uint8")
uint16 = get_scalar_type("uint16")
uint32 = get_scalar_type("uint32")
uint64 = get_scalar_type("uint64")
float16 = get_scalar_type("float16")
float32 = get_scalar_type("float32")
float64 = get_scalar_type("float64")
complex64 = get_scalar_type("complex64")
complex128 = get_scalar_type("complex128")
int_types = (int8, int16, int32, int64)
uint_types = (uint8, uint16, uint32, uint64)
integer_types = int_types + uint_types
float_types = (float16, float32, float64)
complex_types = (complex64, complex128)
discrete_types = (bool, *integer_types)
continuous_types = float_types + complex_types
all_types = discrete_types + continuous_types

add = arith.add.scalar_op
mul = arith.mul.scalar_op
sub = arith.sub.scalar_op
neg = arith.neg.scalar_op
true_div = arith.true_div.scalar_op
int_div = arith.int_div.scalar_op
mod = arith.mod.scalar_op
pow = arith.pow.scalar_op
abs_ = arith.abs_.scalar_op
sgn = arith.sgn.scalar_op
maximum = arith.maximum.scalar_op
minimum = arith.minimum.scalar_op
switch = arith.switch.scalar_op
clip = arith.clip.scalar_op
sqr = arith.sqr.scalar_op
second = arith.second.scalar_op
identity = arith.identity.scalar_op
conj = arith.conj.scalar_op
and_ = bits.and_.scalar_op
or_ = bits.or_.scalar_op
xor = bits.xor.scalar_op
invert = bits.invert.scalar_op
lt = compare.lt.scalar_op
gt = compare.gt.scalar_op
le = compare.le.scalar_op
ge = compare.ge.scalar_op
eq = compare.eq.scalar_op
neq = compare.neq.scalar_op
isnan = compare.isnan.scalar_op
isinf = compare.isinf.scalar_op
inopenrange = compare.inopenrange.scalar_op
inclosedrange = compare.inclosedrange.scalar_op
exp = explog.exp.scalar_op
exp2 = explog.exp2.scalar_op
expm1 = explog.expm1.scalar_op
log = explog.log.scalar_op
log2 = explog.log2.scalar_op
log10 = explog.log10.scalar_op
log1p = explog.log1p.scalar_op
sqrt = explog.sqrt.scalar_op
inv = explog.inv.scalar_op
deg2rad = explog.deg2rad.scalar_op
rad2deg = explog.rad2deg.scalar_op
cos = trig.cos.scalar_op
sin = trig.sin.scalar_op
tan = trig.tan.scalar_op
arccos = trig.arccos.scalar_op
arcsin = trig.arcsin.scalar_op
arctan = trig.arctan.scalar_op
cosh = trig.cosh.scalar_op
sinh = trig.sinh.scalar_op
tanh = trig.tanh.scalar_op
arccosh = trig.arccosh.scalar_op
arcsinh = trig.arcsinh.scalar_op
arctanh = trig.arctanh.scalar_op
arctan2 = trig.arctan2.scalar_op
real = complex_.real.scalar_op
imag = complex_.imag.scalar_op
complex = complex_.complex.scalar_op
angle = complex_.angle.scalar_op
complex_from_polar = complex_.complex_from_polar.scalar_op
ceil = round.ceil.scalar_op
floor = round.floor.scalar_op
trunc = round.trunc.scalar_op
round_half_to_even = round.round_half_to_even.scalar_op
round_half_away_from_zero = round.round_half_away_from_zero.scalar_op
erf = special.erf.scalar_op
erfc = special.erfc.scalar_op
erfcx = special.erfcx.scalar_op
erfinv = special.erfinv.scalar_op
erfcinv = special.erfcinv.scalar_op
gamma = special.gamma.scalar_op
gammaln = special.gammaln.scalar_op
psi = special.psi.scalar_op
tri_gamma = special.tri_gamma.scalar_op
chi2sf = special.chi2sf.scalar_op
gammainc = special.gammainc.scalar_op
gammaincc = special.gammaincc.scalar_op
gammal = special.gammal.scalar_op
gammau = special.gammau.scalar_op
j0 = special.j0.scalar_op
j1 = special.j1.scalar_op
jv = special.jv.scalar_op
i0 = special.i0.scalar_op
i1 = special.i1.scalar_op
iv = special.iv.scalar_op
floor_div = int_div
scalar_xlogx = explog.xlogx.scalar_op
scalar_xlogy0 = explog.xlogy0.scalar_op
scalar_sigmoid = special.sigmoid.scalar_op
scalar_softplus = special.softplus.scalar_op

Add = type(add)
Mul = type(mul)
Sub = type(sub)
Neg = type(neg)
TrueDiv = type(true_div)
IntDiv = type(int_div)
Mod = type(mod)
Pow = type(pow)
Abs = type(abs_)
Sgn = type(sgn)
Maximum = type(maximum)
Minimum = type(minimum)
Switch = type(switch)
Clip = type(clip)
Sqr = type(sqr)
Second = type(second)
Identity = type(identity)
Conj = type(conj)
AND = type(and_)
OR = type(or_)
XOR = type(xor)
Invert = type(invert)
LT = type(lt)
GT = type(gt)
LE = type(le)
GE = type(ge)
EQ = type(eq)
NEQ = type(neq)
IsNan = type(isnan)
IsInf = type(isinf)
Exp = type(exp)
Exp2 = type(exp2)
Expm1 = type(expm1)
Log = type(log)
Log2 = type(log2)
Log10 = type(log10)
Log1p = type(log1p)
Sqrt = type(sqrt)
Inv = type(inv)
Deg2Rad = type(deg2rad)
Rad2Deg = type(rad2deg)
Cos = type(cos)
Sin = type(sin)
Tan = type(tan)
ArcCos = type(arccos)
ArcSin = type(arcsin)
ArcTan = type(arctan)
Cosh = type(cosh)
Sinh = type(sinh)
Tanh = type(tanh)
ArcCosh = type(arccosh)
ArcSinh = type(arcsinh)
ArcTanh = type(arctanh)
ArcTan2 = type(arctan2)
Real = type(real)
Imag = type(imag)
Complex = type(complex)
Angle = type(angle)
ComplexFromPolar = type(complex_from_polar)
Ceil = type(ceil)
Floor = type(floor)
Trunc = type(trunc)
RoundHalfToEven = type(round_half_to_even)
RoundHalfAwayFromZero = type(round_half_away_from_zero)
Erf = type(erf)
Erfc = type(erfc)
Erfcx = type(erfcx)
Erfinv = type(erfinv)
Erfcinv = type(erfcinv)
Gamma = type(gamma)
GammaLn = type(gammaln)
Psi = type(psi)
TriGamma = type(tri_gamma)
Chi2SF = type(chi2sf)
GammaInc = type(gammainc)
GammaIncC = type(gammaincc)
GammaL = type(gammal)
GammaU = type(gammau)
J0 = type(j0)
J1 = type(j1)
Jv = type(jv)
I0 = type(i0)
I1 = type(i1)
Iv = type(iv)
XlogX = type(scalar_xlogx)
XlogY0 = type(scalar_xlogy0)
ScalarSigmoid = type(scalar_sigmoid)
ScalarSoftplus = type(scalar_softplus)

convert_to_bool = arith.CASTS["bool"].scalar_op
convert_to_int8 = arith.CASTS["int8"].scalar_op
convert_to_int16 = arith.CASTS["int16"].scalar_op
convert_to_int32 = arith.CASTS["int32"].scalar_op
convert_to_int64 = arith.CASTS["int64"].scalar_op
convert_to_uint8 = arith.CASTS["uint8"].scalar_op
convert_to_uint16 = arith.CASTS["uint16"].scalar_op
convert_to_uint32 = arith.CASTS["uint32"].scalar_op
convert_to_uint64 = arith.CASTS["uint64"].scalar_op
convert_to_float16 = arith.CASTS["float16"].scalar_op
convert_to_float32 = arith.CASTS["float32"].scalar_op
convert_to_float64 = arith.CASTS["float64"].scalar_op
convert_to_complex64 = arith.CASTS["complex64"].scalar_op
convert_to_complex128 = arith.CASTS["complex128"].scalar_op
imported_scipy_special = True


def cast(x: Any, dtype: str) -> Any:
    """Return the number ``x`` converted to ``dtype``. TypeError where that is not possible."""
    from theon.options import config

    x = as_scalar(x)
    wanted = config.floatX if dtype == "floatX" else str(dtype)
    return x if x.type.dtype == wanted else arith.CASTS[wanted].scalar_op(x)


def convert(x: Any, dtype: str | None = None) -> np.ndarray:
    """Return the number ``x`` as an array of ``dtype``; without one, of the smallest dtype that holds it exactly."""
    from theon.tensor.constant import _as_array

    return _as_array(x, dtype)


def as_common_dtype(*vars: Any) -> tuple[Any, ...]:
    """Return the numbers converted to the smallest dtype that holds them all."""
    found = [as_scalar(v) for v in vars]
    dtype = Scalar.upcast(*(v.type for v in found))
    return tuple(cast(v, dtype) for v in found)


def _named(kind: Scalar, names: str | int) -> Any:
    if isinstance(names, int):
        return [kind() for _ in range(names)]
    return kind(names) if len(names) == 1 else [kind(name) for name in names]


ints = partial(_named, int64)
floats = partial(_named, float64)
complexs = partial(_named, complex128)
complexs64 = partial(_named, complex64)
complexs128 = partial(_named, complex128)


def round_half_away_from_zero_(a: Any) -> Any:
    """Return the number ``a`` rounded to the nearest integer, halves away from zero."""
    return np.floor(a + 0.5) if a > 0 else np.ceil(a - 0.5)


def round_half_away_from_zero_vec(a: Any) -> Any:
    """Return the array ``a`` with each element rounded to the nearest integer, halves away from zero."""
    a = np.asarray(a)
    return np.where(a > 0, np.floor(a + 0.5), np.ceil(a - 0.5))


def _swapped(op: Any) -> Any:
    return lambda self, other: op(other, self)


def zeros_like(x: Any, dtype: str | None = None) -> Any:
    """Return 0 of the dtype of the number ``x``, or of ``dtype``. It depends on ``x``, as gradients do that are 0."""
    return second(x, types.constant(0, dtype=x.type.dtype if dtype is None else dtype))


def ones_like(x: Any, dtype: str | None = None) -> Any:
    """Return 1 of the dtype of the number ``x``, or of ``dtype``; see :func:`zeros_like`."""
    return second(x, types.constant(1, dtype=x.type.dtype if dtype is None else dtype))


def div_proxy(x: Any, y: Any) -> Any:
    """Return ``x / y``, true division."""
    return true_div(x, y)


def _attach() -> None:
    for name, op in {
        "add": add, "sub": sub, "mul": mul, "truediv": true_div, "div": true_div, "floordiv": int_div, "mod": mod, "pow": pow,
        "and": and_, "or": or_, "xor": xor,
    }.items():  # fmt: skip
        setattr(types._Numeric, f"__{name}__", lambda self, other, op=op: op(self, other))
        setattr(types._Numeric, f"__r{name}__", _swapped(op))
    for cls in (ScalarVariable, ScalarConstant):
        for name, op in {"lt": lt, "le": le, "gt": gt, "ge": ge}.items():
            setattr(cls, f"__{name}__", lambda self, other, op=op: op(self, other))
    for name, op in {"abs": abs_, "neg": neg, "invert": invert}.items():
        setattr(types._Numeric, f"__{name}__", lambda self, op=op: op(self))
    for name, method in {"astype": cast, "zeros_like": zeros_like, "ones_like": ones_like}.items():
        setattr(types._Numeric, name, method)
    types._Numeric._as_TensorVariable = lambda self: tensor_from_scalar(self)  # type: ignore[attr-defined]


_attach()
