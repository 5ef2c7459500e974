"""Comparisons and tests of single numbers; results are bool."""

from __future__ import annotations

from typing import Any

from theon.ops.declare import Elemwise, elementwise, to_bool, to_bool_no_complex


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
)


def _between(strict_low: bool, strict_high: bool) -> Elemwise:
    def reference(xp: Any, x: Any, low: Any, high: Any) -> Any:
        above = x > low if strict_low else x >= low
        return above & (x < high if strict_high else x <= high)

    def lower(k: Any, x: Any, low: Any, high: Any) -> Any:
        return k.and_((k.gt if strict_low else k.ge)(x, low), (k.lt if strict_high else k.le)(x, high))

    name = f"InRange{{{'open' if strict_low else 'closed'},{'open' if strict_high else 'closed'}}}"
    return elementwise(
        name, 3, reference, to_bool_no_complex, None, lower, "Whether x lies between low and high.", cast_inputs=False
    )


inopenrange = _between(True, True)
inclosedrange = _between(False, False)
