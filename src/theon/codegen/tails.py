"""The error function as straight LLVM text: x plus x times a polynomial of x^2 up to 1, then 1 - exp of a polynomial.

Both are minimax, by Remez' algorithm: of erf(x)/x - 1, and of log(erfc(x)) with the weight erfc(x).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from theon.codegen.mathlib import Text

__all__ = ["erf"]

_NEAR: Final = {
    "float32": [
        0.12837916591465438, -0.37612627140440547, 0.11283600211815889, -0.026854445581508075, 0.005189536461939261,
        -0.0008020845698406905, 7.889119157487838e-05,
    ],
    "float64": [
        0.12837916709551256, -0.3761263890318375, 0.11283791670954885, -0.026866170645077875, 0.005223977624828431,
        -0.0008548326981425542, 0.0001205533113295582, -1.4925595772180906e-05, 1.64610084778027e-06,
        -1.6350396222864617e-07, 1.466032872274226e-08, -1.137495573607015e-09, 5.960685338520971e-11,
    ],
}  # fmt: skip
_FAR: Final = {
    "float32": [
        -0.00035371909776123217, -1.127040032924895, -0.6382256909811341, -0.10303734870862948, 0.02180530456561995,
        -0.002939602762894671, 0.0001855734298290664,
    ],
    "float64": [
        -5.133390155108029e-07, -1.128373990764144, -0.636644059363791, -0.10270227797017661, 0.018988019406090764,
        0.00041356825049858304, -0.0019189792305088103, 0.0007730706612594858, -0.00013657191544674878,
        -1.9514840205666316e-05, 2.2529685086561276e-05, -8.577785563521992e-06, 2.1145589776982463e-06,
        -3.695212716973185e-07, 4.5927289342615915e-08, -3.8894660545808995e-09, 2.0200320370977656e-10,
        -4.864284275743333e-12,
    ],
}  # fmt: skip
_END: Final = {"float32": 4.0, "float64": 6.0}  # from here on erf is 1


def erf(t: Text, x: str) -> str:
    size = t.unary("fabs", x)
    end = t.num(_END[t.dtype])
    limited = t.select(t.compare("ogt", size, end), end, size)
    near = t.fma(limited, t.poly(t.mul(limited, limited), _NEAR[t.dtype]), limited)
    k, r = t.reduced(t.poly(limited, _FAR[t.dtype]))
    far = t.sub(t.num(1.0), t.mul(t.taylor(r, 0), t.power_of_two(k)))
    found = t.select(t.compare("ogt", limited, t.num(1.0)), far, near)
    return t.new(f"call {t.kind} @llvm.copysign.{t.suffix}({t.kind} {found}, {t.kind} {x})")
