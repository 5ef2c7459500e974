"""Constructors of several variables at once."""

import pytest

import theano.tensor as T


@pytest.mark.parametrize("arguments", [("x", "y"), ("xy",), (["x", "y"],)])
def test_names_come_one_by_one_as_letters_or_in_a_list(arguments):
    assert [v.name for v in T.fmatrices(*arguments)] == ["x", "y"]


def test_one_name_gives_the_variable_and_a_number_gives_a_list():
    assert T.dvectors("x").name == "x"
    assert [v.name for v in T.dvectors(3)] == [None] * 3 and len(T.dvectors(1)) == 1
    with pytest.raises(ValueError, match="dvectors needs names"):
        T.dvectors()
