"""Comparisons and tests of single numbers; results are bool."""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.ops.declare import Elemwise, elementwise, to_bool, to_bool_no_complex
from theon.scalar.op import FixedLogicalComparison, LogicalComparison


def _comparison(name: str, ufunc: str, lower: str, rule: Any, doc: str) -> Elemwise:
    return elementwise(
        name,
        2,
        lambda xp, x, y: getattr(xp, ufunc)(x, y),
        rule,
        None,
        lambda k, x, y: getattr(k, lower)(x, y),
        doc,
        cast_inputs=False,
        base=LogicalComparison,
    )


lt = _comparison("lt", "less", "lt", to_bool_no_complex, "``x < y``.")
gt = _comparison("gt", "greater", "gt", to_bool_no_complex, "``x > y``.")
le = _comparison("le", "less_equal", "le", to_bool_no_complex, "``x <= y``.")
ge = _comparison("ge", "greater_equal", "ge", to_bool_no_complex, "``x >= y``.")
eq = _comparison("eq", "equal", "eq", to_bool, "``x == y``.")
neq = _comparison("neq", "not_equal", "ne", to_bool, "``x != y``.")
isnan = elementwise(
    "isnan",
    1,
    lambda xp, x: xp.isnan(x),
    to_bool,
    None,
    lambda k, x: k.isnan(x),
    "Whether x is NaN.",
    cast_inputs=False,
    base=FixedLogicalComparison,
)
isinf = elementwise(
    "isinf",
    1,
    lambda xp, x: xp.isinf(x),
    to_bool,
    None,
    lambda k, x: k.isinf(x),
    "Whether x is infinite.",
    cast_inputs=False,
    base=FixedLogicalComparison,
)


class InRange(LogicalComparison):
    """Whether a number lies between two others, which count as inside unless ``openlow`` and ``openhi``."""

    __module__ = "theano.scalar.basic"
    nin = 3

    def __init__(self, openlow: bool, openhi: bool) -> None:
        super().__init__()
        self.openlow, self.openhi = openlow, openhi
        self.declared = f"InRange{{{'open' if openlow else 'closed'},{'open' if openhi else 'closed'}}}"

    def output_dtype(self, *dtypes: str) -> str:
        """Bool."""
        return to_bool_no_complex(*dtypes)

    def impl(self, *inputs: Any) -> Any:
        """Compare numbers."""
        return self.reference(np, *inputs)

    def reference(self, xp: Any, *xs: Any) -> Any:
        """Compare arrays."""
        x, low, high = xs
        return (x > low if self.openlow else x >= low) & (x < high if self.openhi else x <= high)

    def lower(self, k: Any, x: Any, low: Any, high: Any) -> Any:
        """Compare."""
        return k.and_((k.gt if self.openlow else k.ge)(x, low), (k.lt if self.openhi else k.le)(x, high))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.declared == other.declared  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((InRange, self.openlow, self.openhi))

    def __str__(self) -> str:
        return f"InRange{{openlow={self.openlow}, openhi={self.openhi}}}"


def _between(openlow: bool, openhi: bool) -> Elemwise:
    op = InRange(openlow, openhi)
    return elementwise(op.declared, 3, np.asarray, doc="Whether x lies between low and high.", scalar_op=op)


inopenrange = _between(True, True)
inclosedrange = _between(False, False)
