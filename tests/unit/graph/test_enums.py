"""Enumerated types, and records of parameters for ops."""

import copy
import pickle

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gof
from theano.gof import CEnumType, EnumList, EnumType, Params, ParamsType
from theano.gof.type import CDataType, Generic
from theano.scalar import Scalar


def test_constants_and_aliases():
    e = EnumType(A=("alpha", 1), B=2.5, C=True)
    assert (e.A, e["B"], e.C) == (1, 2.5, 1) and e.fromalias("alpha") == 1 and e.fromalias("B") == 2.5
    assert (
        e.has_alias("alpha") and e.get_aliases() == ("alpha",) and str(e) == "EnumType<double>(A (alpha):1, B:2.5, C:1)"
    )
    assert e == EnumType(A=("alpha", 1), B=2.5, C=1) != EnumType(A=1, B=2.5, C=1) and hash(e) == hash(copy.copy(e))
    assert e.filter(2.5) == 2.5 and e.filter(True) == 1 and e.is_valid_value(1) and not e.is_valid_value(7)
    with pytest.raises(AssertionError):
        e.filter(7)
    for again in (pickle.loads(pickle.dumps(e)), copy.deepcopy(e)):
        assert again == e and again.fromalias("alpha") == 1
    for change in (lambda: setattr(e, "A", 2), lambda: e.__setitem__("A", 2), lambda: e.__delitem__("A")):
        with pytest.raises(NotImplementedError, match="immutable"):
            change()
    with pytest.raises(AttributeError):
        _ = e.Z


def test_constants_that_are_none():
    for error, make in (
        (AttributeError, lambda: EnumType(lower=1)),
        (TypeError, lambda: EnumType(A="text")),
        (TypeError, lambda: EnumType(A=("x", 1), B=("x", 2))),
        (TypeError, lambda: EnumList(3)),
        (TypeError, lambda: EnumList(A=1)),
        (AttributeError, lambda: EnumList("A", "A")),
    ):
        with pytest.raises(error):
            make()


def test_constants_are_numbered():
    e = EnumList("A", ("B", "beta"), "C", ctype="int64")
    assert dict(e) == {"A": 0, "B": 1, "C": 2} and e.fromalias("beta") == 1 and e.ctype == "int64"
    assert dict(CEnumType("X", "Y")) == {"X": 0, "Y": 1} and CEnumType("A") != EnumList("A")
    assert pickle.loads(pickle.dumps(e)) == e


kind = ParamsType(axis=Scalar("int64"), matrix=T.dmatrix, mode=EnumList("SLOW", ("QUICK", "q")))


def test_records():
    p = kind.get_params(axis=3, matrix=[[1, 2]], mode=1)
    assert isinstance(p, Params) and p.axis == 3 and p["matrix"].dtype == "float64" and p.mode == kind.QUICK == 1
    same = kind.get_params(axis=3, matrix=np.array([[1.0, 2.0]]), mode=1)
    assert p == same and hash(p) == hash(same) and p != kind.get_params(axis=4, matrix=[[1, 2]], mode=1)
    assert pickle.loads(pickle.dumps(p)) == p and kind.values_eq_approx(p, same)
    with pytest.raises(NotImplementedError):
        p.axis = 4
    with pytest.raises(TypeError, match="not in Params args"):
        kind.get_params(axis=3)
    with pytest.raises(TypeError, match="Strict mode"):
        kind.filter({"axis": 1}, strict=True)
    assert kind.filter(p, strict=True) is p


def test_types_of_records():
    assert kind.fields == ("axis", "matrix", "mode") and kind.length == 3 and kind.get_type("axis") == Scalar("int64")
    assert kind.get_field(T.dmatrix) == "matrix" and kind.has_type(T.dmatrix) and not kind.has_type(T.dvector)
    assert kind.get_enum("QUICK") == kind.enum_from_alias("q") == 1
    longer = kind.extended(more=Generic())
    assert longer.length == 4 and longer != kind and ParamsType(a=T.dscalar) == ParamsType(a=T.dscalar)
    for error, make in (
        (ValueError, lambda: ParamsType()),
        (TypeError, lambda: ParamsType(a=3)),
        (AttributeError, lambda: ParamsType(**{"not a name": T.dscalar})),
    ):
        with pytest.raises(error):
            make()


class Shift(theano.Op):
    """x plus a shift, or x times it."""

    __props__ = ("shift", "mode")
    params_type = ParamsType(shift=T.dscalar, mode=EnumList("ADD", "TIMES"))

    def __init__(self, shift, mode="ADD"):
        self.shift, self.mode = shift, self.params_type.get_enum(mode)

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs, params):
        times = params.mode == self.params_type.TIMES
        outputs[0][0] = inputs[0] * params.shift if times else inputs[0] + params.shift


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_an_op_gets_its_fields(mode):
    x = T.dvector("x")
    f = theano.function([x], [Shift(3)(x), Shift(3, "TIMES")(x)], mode=mode)
    assert [v.tolist() for v in f([1.0, 2.0])] == [[4.0, 5.0], [3.0, 6.0]]


def test_capsules():
    t = CDataType("my_struct*", freefunc="free", version=2)
    assert t.filter(None) is None and t == CDataType("my_struct*", freefunc="free", version=2) != CDataType("int*")
    capsule = t.make_value(4096)
    assert t.filter(capsule) is capsule and "my_struct" in str(t)
    a, b = t.make_constant(capsule), t.make_constant(capsule)
    assert a.equals(b) and not a.equals(t.make_constant(t.make_value(4096)))
    with pytest.raises(TypeError, match="PyCapsule"):
        t.filter(3)


def test_ops_of_c_code_need_a_perform(tmp_path):
    path = tmp_path / "double.c"
    path.write_text("#section support_code\nint helper;\n#section code\nint main;\n")

    class Double(theano.gof.COp):
        __props__ = ()

        def __init__(self):
            super().__init__([str(path)], "APPLY_SPECIFIC(double)")

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type()])

    class WithPerform(Double):
        def perform(self, node, inputs, outputs):
            outputs[0][0] = inputs[0] * 2

    x = T.dvector("x")
    assert (
        set(Double().code_sections) == {"support_code", "code"} and "helper" in Double().code_sections["support_code"]
    )
    assert theano.function([x], WithPerform()(x))([1.0]).tolist() == [2.0]
    with pytest.raises(theano.gof.MethodNotDefined, match="perform"):
        theano.function([x], Double()(x))([1.0])
    path.write_text("#section nonsense\n")
    with pytest.raises(ValueError, match="Unknown section"):
        Double()
    assert theano.gof.OpenMPOp(openmp=False).openmp is False


def test_aliases_of_one_record_are_all_different_and_stand_for_values():
    one, two = theano.gof.EnumList(("A", "a"), "B"), theano.gof.EnumList(("C", "a"), "D")
    assert one.filter("a") == 0
    with pytest.raises(AssertionError):
        one.filter("a", strict=True)
    with pytest.raises(AttributeError, match="share aliases"):
        theano.gof.ParamsType(one=one, two=two)
    with pytest.raises(AttributeError, match="another's constant"):
        theano.gof.ParamsType(one=one, two=theano.gof.EnumList(("C", "B"), "D"))


def test_value_is_found_by_a_name_too():
    e = EnumList(("A", "alpha"), "B")
    assert e.filter("alpha") == e.filter("A") == 0 and e.filter("B") == 1
    with pytest.raises(TypeError):
        EnumList(("A", "A"))


def test_params_of_an_op_are_values_of_their_type():
    class Choice(gof.Op):
        __props__ = ("what",)
        params_type = EnumList(("ADD", "+"), ("SUB", "-"))

        def __init__(self, what):
            self.what = what

        def get_params(self, node):
            return self.what

        def make_node(self, x, y):
            return gof.Apply(self, [T.as_tensor_variable(x), T.as_tensor_variable(y)], [T.dscalar()])

        def perform(self, node, inputs, outputs, params):
            x, y = inputs
            outputs[0][0] = np.asarray(x + y if params == self.params_type.ADD else x - y)

    x, y = T.dscalars("xy")
    assert [float(v) for v in theano.function([x, y], [Choice("+")(x, y), Choice("-")(x, y)])(5, 3)] == [8, 2]
