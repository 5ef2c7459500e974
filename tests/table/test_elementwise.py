"""Every declared elementwise op: values in every dtype and layout, special values, derivatives of two orders, pickles."""

import pickle
import zlib

import numpy as np
import pytest
from opchecks import check_derivatives, close, layouts

import theano
import theano.tensor as T
from theon.ops.declare import REGISTRY

# Where an op is defined on part of the line only: intervals to draw from.
RANGES = {
    "arccos": [(-0.9, 0.9)], "arcsin": [(-0.9, 0.9)], "arctanh": [(-0.9, 0.9)], "erfinv": [(-0.9, 0.9)], "erfcinv": [(0.2, 1.8)],
    "arccosh": [(1.2, 3)], "log": [(0.2, 3)], "log2": [(0.2, 3)], "log10": [(0.2, 3)], "log1p": [(-0.8, 3)], "sqrt": [(0.2, 3)],
    "gamma": [(0.5, 3)], "gammaln": [(0.5, 3)], "psi": [(0.5, 3)], "tri_gamma": [(0.5, 3)], "inv": [(0.3, 2)], "xlogx": [(0.2, 3)],
    "xlogy0": [(0.2, 3)] * 2, "pow": [(0.3, 2), (0.5, 2)], "true_div": [(-2, 2), (0.5, 2)], "mod": [(0.1, 0.9), (1.1, 2)],
    "int_div": [(1, 9), (1, 3)], "chi2sf": [(1, 3)] * 2, "gammainc": [(1, 3)] * 2, "gammaincc": [(1, 3)] * 2, "gammal": [(1, 3)] * 2, "gammau": [(1, 3)] * 2,
    "tan": [(-1, 1)], "polygamma": [(1, 1), (0.5, 3)], "gammainc_by_a": [(1, 3)] * 2,
    "jv": [(1, 1.0001), (0.5, 2)], "iv": [(1, 1.0001), (0.5, 2)], "clip": [(-2, 2), (-1, -0.5), (0.5, 1)],
}  # fmt: skip
INTEGER = {"and_", "or_", "xor", "invert"}
COMPLEX = {"conj", "imag", "real", "angle", "complex", "complex_from_polar"}
# Steps, and functions of which only one derivative is known: a difference quotient says nothing.
NO_GRADIENT = {
    "int_div", "sgn", "ceil", "floor", "trunc", "round_half_to_even", "round_half_away_from_zero",
    "polygamma", "gammainc_by_a", "jv", "iv",
}  # fmt: skip
# Second derivatives that are not declared.
ONE_ORDER = {"chi2sf", "gammainc", "gammaincc", "gammal", "gammau"}
DTYPES = ("float64", "float32", "int32", "int8", "uint8", "int64", "uint64", "bool")
SPECIAL = [
    np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-310, 5e-324, 1e308, -1e308, 1.0, -1.0, 0.5, -0.5, 2.0, -2.5, 3.0, 1e-3, 30.0, -30.0,
    710.0, -750.0, 88.5, 1e17,
]  # fmt: skip


# Where SciPy, whose functions the references are, loses itself: subnormal numbers, beyond 1e15, and overflow of one factor.
WITHIN = {
    **dict.fromkeys(("chi2sf", "gammainc", "gammaincc", "gammainc_by_a", "polygamma"), (1e-300, 1e15)),
    "jv": (1e-300, 1e6),
    **dict.fromkeys(("gammal", "gammau"), (1e-300, 170.0)),
}


def draw(name, rng, nin, shape=(3, 4)):
    ranges = RANGES.get(name, [(-2, 2)])
    return [rng.uniform(*ranges[min(i, len(ranges) - 1)], size=shape) for i in range(nin)]


def arity(op):
    return 2 if op.nin < 0 else op.nin


def forms(op, dtypes=DTYPES):
    """For each dtype that the op takes: dtype, variables, output."""
    for dtype in dtypes:
        variables = [T.TensorType(dtype, (False, False))() for _ in range(arity(op))]
        try:
            yield dtype, variables, op(*variables)
        except TypeError:  # the dtype rule refuses it
            continue


def by_reference(output, values):
    storage = [[None]]
    output.owner.op.perform(output.owner, [np.asarray(v) for v in values], storage)
    return np.asarray(storage[0][0])


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_value(name):
    op = REGISTRY[name]
    rng = np.random.RandomState(3)
    values = draw(name, rng, arity(op))
    if name in INTEGER:
        values = [np.asarray(v * 10, dtype="int32") for v in values]
    variables = [T.TensorType(v.dtype, (False, False))() for v in values]
    output = op(*variables)
    f = theano.function(variables, output)
    with np.errstate(all="ignore"):
        expected = np.asarray(op.scalar_op.reference(np, *values), dtype=output.type.dtype)
    found = [layouts(rng, v) for v in values]
    for layout in found[0]:
        close(f(*[form[layout] for form in found]), expected, layout, 1e-12)
    assert f(*[v[:0] for v in values]).shape == (0, 4)
    if len(values) == 2:  # sizes that are 1 only at run time
        some = values[0][:, :1], values[1][:1]
        close(f(*some), by_reference(output, some), "broadcast", 1e-12)
    numbers = [T.TensorType(v.dtype, ())() for v in values]
    given = [v[1, 2] for v in values]
    close(theano.function(numbers, op(*numbers))(*given), expected[1, 2, ...], "0-d", 1e-12)
    assert pickle.loads(pickle.dumps(op)) == op


def special(dtype):
    kind = np.dtype(dtype).kind
    if kind == "f":
        with np.errstate(all="ignore"):
            return np.array(SPECIAL).astype(dtype)
    if kind == "b":
        return np.array([True, False])
    info = np.iinfo(dtype)
    some = {info.min, info.min + 1, max(info.min, -7), max(info.min, -1), 0, 1, 2, 3, 5, info.max - 1, info.max}
    return np.array(sorted(some), dtype=dtype)


def grid(name, dtype, nin):
    """Special values in all pairs (of three inputs, some triples), as matrices of one row."""
    base = special(dtype)
    if name.startswith("Cast{") and "int" in name and np.dtype(dtype).kind == "f":
        base = np.array([0.0, -0.0, 0.5, -0.5, 1.5, 3.0, 100.7], dtype=dtype)  # beyond the range nothing is promised
        base = np.abs(base) if "uint" in name else base
    if name in WITHIN and base.dtype.kind != "b":
        low, high = WITHIN[name]
        with np.errstate(invalid="ignore"):
            size = abs(base.astype("float64"))
            base = base[~np.isfinite(base) | (base == 0) | ((size >= low) & (size <= high))]
    if nin > 2:
        rng = np.random.RandomState(zlib.crc32(name.encode()))
        return [rng.choice(base, (1, 300)) for _ in range(nin)]
    return [g.reshape(1, -1) for g in np.meshgrid(*[base] * nin)]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_special_values_in_every_dtype(name):
    """NaN, infinities, signed zeros, denormals, the ends of integer ranges: as NumPy computes them."""
    op = REGISTRY[name]
    found = list(forms(op))
    f = theano.function([v for _, variables, _ in found for v in variables], [output for *_, output in found])
    given = [grid(name, dtype, arity(op)) for dtype, *_ in found]
    results = f(*[v for values in given for v in values])
    for (dtype, _, output), values, result in zip(found, given, results):
        expected = by_reference(output, values)
        close(result, expected, dtype)
        # Which of two zeros is larger is open, as is the sign of what SciPy's digits do not reach.
        if result.dtype.kind == "f" and name not in ("maximum", "minimum", "gammainc_by_a"):
            zero = (result == 0) & (expected == 0)
            np.testing.assert_array_equal(
                np.signbit(result[zero]), np.signbit(expected[zero]), err_msg=f"zeros of {dtype}"
            )


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - INTEGER - COMPLEX - NO_GRADIENT))
def test_derivatives(name):
    op = REGISTRY[name]
    nin = arity(op)
    if op.scalar_op.output_dtype(*["float64"] * max(nin, 1)) != "float64":
        pytest.skip("the result is discrete or of lower precision")
    rng = np.random.RandomState(5)
    values = draw(name, rng, nin)
    check_derivatives(op, values, rng, second=name not in ONE_ORDER)
    if nin == 2:
        check_derivatives(op, [values[0], values[1][:1]], rng, second=name not in ONE_ORDER)
