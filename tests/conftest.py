"""Options and fixtures that all tests share."""

import os

import pytest

# Tests compile into a cache of their own, so that a run neither depends on the user's cache nor fills it.
# A rewrite that fails is an error, and every program is checked against the rules that code generation relies on.
os.environ.setdefault("THEANO_FLAGS", "on_opt_error=raise,verify_programs=True")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files from what came out")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")
