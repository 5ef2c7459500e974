"""Constructors of several variables at once."""

import numpy as np
import pytest

import theano
import theano.tensor as T


@pytest.mark.parametrize("arguments", [("x", "y"), ("xy",), (["x", "y"],)])
def test_names_come_one_by_one_as_letters_or_in_a_list(arguments):
    assert [v.name for v in T.fmatrices(*arguments)] == ["x", "y"]


def test_one_name_gives_the_variable_and_a_number_gives_a_list():
    assert T.dvectors("x").name == "x"
    assert [v.name for v in T.dvectors(3)] == [None] * 3 and len(T.dvectors(1)) == 1
    with pytest.raises(ValueError, match="dvectors needs names"):
        T.dvectors()


def test_names_that_programs_use_though_the_list_of_members_lacks_them():
    assert T.where is T.switch and T.square is T.sqr and T.floor_div is T.int_div
    assert theano._asarray([1, 2], dtype="floatX").dtype == theano.config.floatX
    assert theano._asarray(np.ones(2, "longlong"), "int64").dtype.num == np.dtype("int64").num
    assert T._shared(1.0).get_value() == 1


@pytest.mark.parametrize(
    "flags", [np.array([], dtype=bool), np.array([True, False]), (np.bool_(True), np.bool_(False))]
)
def test_a_pattern_given_as_an_array_is_taken(flags):
    assert T.TensorType("float64", flags).broadcastable == tuple(bool(f) for f in flags)


@pytest.mark.parametrize("axis", [range(1, 3), [np.int64(1), 2], (T.constant(1), -1), np.array([2, 1]), {1, 2}])
def test_axes_come_in_anything_that_can_be_iterated(axis):
    x = T.dtensor3()
    assert theano.function([x], x.sum(axis))(np.ones((2, 3, 4))).tolist() == [12.0, 12.0]
