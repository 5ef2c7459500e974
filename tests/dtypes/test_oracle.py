"""Result dtypes, broadcast patterns and refusals against what Theano 1.0.5 did, for every pair of dtypes."""

import fnmatch
import gzip
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T

HERE = Path(__file__).parent
ORACLE = json.loads(gzip.decompress((HERE.parent / "data" / "dtypes.json.gz").read_bytes()))
DTYPES = list(ORACLE["upcast"])
# Lines "section | path" where Theon is right to differ, each with its reason after a #.
DIFFERS = [line.split("#")[0].strip() for line in (HERE / "differs.txt").read_text().splitlines() if line.strip()]


def outcome(compute):
    """The dtype that a computation gives, or "!" and the class of its error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = compute()
    except Exception as error:
        return "!" + type(error).__name__
    if isinstance(found, list | tuple):
        found = found[0]
    return found if isinstance(found, str) else getattr(found, "dtype", None) or str(found.type.dtype)


def vector(dtype):
    return T.TensorType(dtype, (False,))("x")


def matrix(dtype):
    return T.TensorType(dtype, (False, False))("x")


def named(name):
    for place in (T, T.nnet, T.nnet.nnet, theano.tensor.extra_ops):
        if hasattr(place, name):
            return getattr(place, name)
    return None


def number(text):
    return eval(text, {"np": np, "nan": float("nan"), "inf": float("inf")})


PAIRS = {
    "div_operator": lambda a, b: vector(a) / vector(b),
    "floordiv_operator": lambda a, b: vector(a) // vector(b),
    "switch": lambda a, b: T.switch(T.bvector(), vector(a), vector(b)),
    "clip": lambda a, b: T.clip(vector(a), vector(b), vector(b)),
    "join": lambda a, b: T.join(0, vector(a), vector(b)),
    "set_subtensor": lambda a, b: T.set_subtensor(vector(a)[:2], vector(b)),
    "inc_subtensor": lambda a, b: T.inc_subtensor(vector(a)[:2], vector(b)),
    "set_subtensor_advanced": lambda a, b: T.set_subtensor(vector(a)[T.lvector()], vector(b)),
    "stack": lambda a, b: T.stack([vector(a), vector(b)]),
    "cast": lambda a, b: T.cast(vector(a), b),
}
SINGLE = {
    "arange_of": lambda a: T.arange(T.TensorType(a, ())()),
    "alloc": lambda a: T.alloc(T.TensorType(a, ())(), 2),
    "switch_condition": lambda a: T.switch(vector(a), T.fvector(), T.fvector()),
    "index_dtype": lambda a: T.dvector()[T.TensorType(a, ())()],
    "advanced_index_dtype": lambda a: T.dvector()[vector(a)],
}
NAMESPACE = {"T": T, "theano": theano, "np": np}


def compared(section, floatx):
    """Yield (path, expected, got) for all entries of a section that this suite knows how to compute."""
    table = ORACLE[f"floatX={floatx}"][section]
    if section in PAIRS:
        for a in table:
            for b in table[a]:
                yield f"{a} {b}", table[a][b], outcome(lambda a=a, b=b: PAIRS[section](a, b))
    elif section in SINGLE:
        for a in table:
            yield a, table[a], outcome(lambda a=a: SINGLE[section](a))
    elif section in ("unary", "unary_more", "nnet", "reductions"):
        for name in table:
            function = named(name)
            if function is None:
                continue
            for a in table[name]:
                rows = name in ("softmax", "logsoftmax")
                yield (
                    f"{name} {a}",
                    table[name][a],
                    outcome(lambda f=function, a=a, r=rows: f((matrix if r else vector)(a))),
                )
    elif section in ("binary", "binary_more"):
        for name in table:
            function = named(name)
            if function is None:
                continue
            for a in table[name]:
                for b in table[name][a]:
                    yield (
                        f"{name} {a} {b}",
                        table[name][a][b],
                        outcome(lambda f=function, a=a, b=b: f(vector(a), vector(b))),
                    )
    elif section == "with_scalar":
        import operator

        functions = {
            "add": operator.add, "mul": operator.mul, "truediv": operator.truediv, "floordiv": operator.floordiv,
            "pow": operator.pow, "mod": operator.mod, "maximum": T.maximum, "switch": lambda x, c: T.switch(T.bvector(), x, c),
        }  # fmt: skip
        for name in table:
            for text in table[name]:
                for a in table[name][text]:
                    value = number(text)
                    yield (f"{name} {text} {a}", table[name][text][a],
                           outcome(lambda f=functions[name], a=a, v=value: f(vector(a), v)))  # fmt: skip
    elif section == "with_constant":
        for expression in table:
            for text in table[expression]:
                for a in table[expression][text]:
                    try:
                        value = number(text)
                    except Exception:
                        continue
                    got = outcome(lambda e=expression, a=a, v=value: eval(e, {**NAMESPACE, "x": vector(a), "c": v}))
                    yield f"{expression} {text} {a}", table[expression][text][a], got
    elif section == "constant":
        for text in table:
            yield text, table[text], outcome(lambda t=text: T.constant(number(t)))
    elif section == "as_tensor_variable":
        for text in table:
            yield text, table[text], outcome(lambda t=text: T.as_tensor_variable(number(t)))
    elif section in ("constructors", "constructors_more"):
        for name in table:
            v = getattr(T, name)()
            yield name, table[name], [v.type.dtype, list(v.type.broadcastable)]
    elif section == "arange":
        for text in table:
            yield text, table[text], outcome(lambda t=text: T.arange(*number(t)))
    elif section == "reductions_dtype_arguments":
        for name in table:
            for a in table[name]:
                for how, expected in table[name][a].items():
                    if not how.endswith("="):
                        continue
                    for b in expected:
                        got = outcome(lambda n=name, a=a, h=how, b=b: getattr(T, n)(vector(a), **{h[:-1]: b}))
                        yield f"{name} {a} {how}{b}", expected[b], got
    elif section == "scalar_operand":
        for text in table:
            for a in table[text]:
                for b in table[text][a]:
                    x, y = T.TensorType(a, ())(), vector(b)
                    got = outcome(lambda t=text, x=x, y=y: x + y if "+" in t else x / y)
                    yield f"{text} {a} {b}", table[text][a][b], got
    elif section == "matmul":
        for text in table:
            for a in table[text]:
                for b in table[text][a]:
                    first, second = (
                        {"m": matrix(d), "v": vector(d), "t3": T.TensorType(d, (False,) * 3)()} for d in (a, b)
                    )
                    name, inside = text.split("(")
                    left, right, *rest = inside.rstrip(")").split(", ")
                    got = outcome(
                        lambda n=name, p=first[left], q=second[right], r=rest: eval(n, NAMESPACE)(p, q, *map(int, r))
                    )
                    yield f"{text} {a} {b}", table[text][a][b], got


SECTIONS = [
    "unary", "unary_more", "nnet", "binary", "binary_more", "reductions", "with_scalar", "with_constant", "constant", "as_tensor_variable",
    "constructors", "constructors_more", "arange", "reductions_dtype_arguments", "scalar_operand", "matmul", *PAIRS, *SINGLE,
]  # fmt: skip


@pytest.mark.parametrize("floatx", ["float64", "float32"])
@pytest.mark.parametrize("section", SECTIONS)
def test_result_dtypes(section, floatx):
    wrong, count = [], 0
    with theano.config.change_flags(floatX=floatx):
        for path, expected, got in compared(section, floatx):
            count += 1
            if isinstance(expected, list) and isinstance(expected[1], str):
                expected = expected[0]  # several outputs: the first is compared
            listed = any(fnmatch.fnmatchcase(f"{section} | {path}", line) for line in DIFFERS)
            if got != expected and not listed:
                wrong.append(f"{section} | {path}: Theano {expected}, here {got}")
    assert count
    assert not wrong, f"{len(wrong)} of {count}\n" + "\n".join(wrong[:40])


def test_upcast():
    for a in ORACLE["upcast"]:
        for b, expected in ORACLE["upcast"][a].items():
            assert theano.scalar.upcast(a, b) == expected
    for names, expected in ORACLE["upcast3"].items():
        assert theano.scalar.upcast(*names.split(",")) == expected


def test_broadcast_patterns():
    m, v, row, col, t3, s = T.dmatrix(), T.dvector(), T.drow(), T.dcol(), T.dtensor3(), T.dscalar()
    names = {**NAMESPACE, "m": m, "v": v, "row": row, "col": col, "t3": t3, "t4": T.dtensor4(), "s": s}
    names |= {
        "i": T.lscalar(),
        "j": T.lscalar(),
        "iv": T.lvector(),
        "im": T.lmatrix(),
        "bm": T.TensorType("bool", (False,) * 2)(),
    }
    wrong = []
    for text, expected in ORACLE["broadcastable"].items():
        if f"broadcastable | {text}" in DIFFERS:
            continue
        try:
            got = list(eval(text, names).type.broadcastable)
        except (NameError, AttributeError):
            continue  # counted by tests/surface
        except Exception as error:
            got = "!" + type(error).__name__
        expected = expected.split(":")[0] if isinstance(expected, str) else expected
        if got != expected:
            wrong.append(f"broadcastable | {text}: Theano {expected}, here {got}")
    assert not wrong, "\n".join(wrong)
