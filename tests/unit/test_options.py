"""Flags: by attribute, by section, in the later spelling with two underscores."""

import pytest

import theano


def test_two_underscores_stand_for_the_dot():
    assert theano.config.gcc__cxxflags == theano.config.gcc.cxxflags
    with theano.config.change_flags(gcc__cxxflags="-O1"):
        assert theano.config.gcc.cxxflags == "-O1"
        theano.config.gcc__cxxflags = "-O2"
        assert theano.config.gcc__cxxflags == "-O2"
    with pytest.raises(AttributeError, match="no flag 'gcc.nothing'"):
        theano.config.gcc__nothing


def test_leaving_changed_flags_twice_is_allowed():
    outer = theano.config.change_flags(compute_test_value="warn")
    outer.__enter__()
    inner = theano.config.change_flags(compute_test_value="ignore")
    inner.__enter__()
    inner.__exit__()
    inner.__exit__()
    assert theano.config.compute_test_value == "warn"
    outer.__exit__()
    assert theano.config.compute_test_value == "off"
