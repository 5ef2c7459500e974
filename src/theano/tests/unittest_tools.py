"""Theano's ``theano.tests.unittest_tools``: names of Theon."""

from theon.legacy.testing import (
    AttemptManyTimes,
    InferShapeTester,
    T_OpContractMixin,
    WrongValue,
    assert_allclose,
    assertFailure_fast,
    fetch_seed,
    seed_rng,
    str_diagnostic,
    verify_grad,
)
