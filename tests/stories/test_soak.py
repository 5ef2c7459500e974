"""The long runs of ``tools/soak.py`` and ``tools/soak_loops.py`` with small counts."""

import importlib.util
from pathlib import Path

import pytest


def tool(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


soak, soak_loops = tool("soak"), tool("soak_loops")


@pytest.mark.parametrize("seed", [0, 1])
def test_random_calls(seed):
    found = soak.calls(6000, seed, warm_up=4000)
    assert found["answered"] > 5000 and found["refused"] > 500
    assert found["grown"] < 1_000_000


def test_functions_that_are_dropped_leave_nothing():
    assert soak.compile_and_drop(40, warm_up=40)["grown"] < 2_000_000


def test_a_chain():
    found = soak.chain(600)
    assert found["recursion limit"] == 1000 and "pickle the function" in found


@pytest.mark.parametrize("kind", soak_loops.KINDS)
def test_calls_of_loops_take_no_memory(kind):
    assert soak_loops.grown(kind, 400, warm_up=300)["grown"] < 500_000
