"""Methods of symbolic arrays: those that Theano's had, the checked-in stub, and what the rarer ones give."""

import importlib.util
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.sharedvar import TensorSharedVariable

ROOT = Path(__file__).parents[2]
NAMES = json.loads((ROOT / "tests" / "data" / "members.json").read_text())
CLASSES = {
    "TensorVariable": T.TensorVariable,
    "TensorConstant": T.TensorConstant,
    "TensorSharedVariable": TensorSharedVariable,
}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_classes_have_the_members_that_theanos_had(name):
    cls = CLASSES[name]
    assert [member for member in NAMES[name] if not hasattr(cls, member)] == []


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_methods_have_the_parameters_that_theanos_had(name):
    for member, wanted in NAMES[name].items():
        function = getattr(CLASSES[name], member)
        if wanted is None or not inspect.isfunction(function) or member.startswith("__"):
            continue
        own = [p.name for p in inspect.signature(function).parameters.values()][1:]
        assert own == ["args"] or own[: len(wanted) - 1] == [w.lstrip("*") for w in wanted[1:]], member


def test_stub_is_what_the_table_of_methods_gives():
    spec = importlib.util.spec_from_file_location("write_stub", ROOT / "tools" / "write_stub.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def words(text):
        return "".join(text.split()).replace(",)", ")").replace("'", '"')

    assert words(tool.PATH.read_text()) == words(tool.text()), "run python tools/write_stub.py"


def test_rarer_methods():
    x, c = T.dvector("x"), T.bvector("c")
    f = theano.function(
        [x, c],
        [x.searchsorted([0.5, 2.0], side="right"), c.compress(x), x.repeat(2), x.transfer("cpu"), (c % 2).choose([x, x + 10]), x.norm(2)],
    )  # fmt: skip
    found = f([0.0, 0.5, 2.0], [0, 1, 1])
    wanted = [[2, 3], [0.5, 2.0], [0.0, 0.0, 0.5, 0.5, 2.0, 2.0], [0.0, 0.5, 2.0], [0.0, 10.5, 12.0], 4.25**0.5]
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one, other)
    assert T.constant(3.0).get_scalar_constant_value() == 3
    with pytest.raises(T.NotScalarConstantError):
        x.get_scalar_constant_value()
    with pytest.raises(Exception, match="get_value"):
        _ = theano.shared(1.0).value


def test_numpy_arrays_on_the_left_leave_the_operation_to_us():
    x = T.dvector("x")
    array = np.array([1.0, 2.0])
    f = theano.function(
        [x], [array + x, array - x, array * x, array / x, array**x, array // x, array % x, array < x, array @ x]
    )
    value = np.array([3.0, 0.5])
    wanted = [
        array + value,
        array - value,
        array * value,
        array / value,
        array**value,
        array // value,
        array % value,
        array < value,
        array @ value,
    ]
    for one, other in zip(f(value), wanted):
        np.testing.assert_allclose(one, other)
    assert isinstance(np.float64(2) * x, T.TensorVariable) and isinstance(np.int8(2) - x, T.TensorVariable)


def test_ufuncs_of_numpy_make_expressions():
    x = T.dvector("x")
    value = np.array([0.5, 2.0])
    cases = [
        np.exp,
        np.log1p,
        np.sqrt,
        np.floor,
        np.absolute,
        np.negative,
        np.isnan,
        np.square,
        np.rint,
        np.sign,
        np.conjugate,
    ]
    pairs = [
        np.add,
        np.multiply,
        np.power,
        np.maximum,
        np.floor_divide,
        np.arctan2,
        np.less,
        np.true_divide,
        np.subtract,
    ]
    f = theano.function(
        [x], [u(x) for u in cases] + [u(x, 2.0) for u in pairs] + [u(np.array([1.0, 3.0]), x) for u in pairs]
    )
    wanted = (
        [u(value) for u in cases] + [u(value, 2.0) for u in pairs] + [u(np.array([1.0, 3.0]), value) for u in pairs]
    )
    for one, other in zip(f(value), wanted):
        np.testing.assert_allclose(one, other)
    with pytest.raises(TypeError):
        np.add.reduce(x)
    with pytest.raises(TypeError):
        np.exp(x, out=np.zeros(2))


def test_an_array_plus_in_place_is_an_expression():
    x = T.dvector("x")
    array = before = np.ones(2)
    array += x
    assert isinstance(array, T.TensorVariable) and before.tolist() == [1.0, 1.0]
    assert array.eval({x: [1.0, 2.0]}).tolist() == [2.0, 3.0]
