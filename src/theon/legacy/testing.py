"""Tools for testing ops, as programs that define their own import them from ``theano.tests.unittest_tools``."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np

from theon.compile.conveniences import GradientError
from theon.compile.conveniences import verify_grad as _verify_grad
from theon.compile.function import function
from theon.compile.mode import get_mode
from theon.ops.shape import shape
from theon.options import config

__all__ = [
    "AttemptManyTimes",
    "InferShapeTester",
    "T_OpContractMixin",
    "WrongValue",
    "assertFailure_fast",
    "assert_allclose",
    "fetch_seed",
    "seed_rng",
    "str_diagnostic",
    "verify_grad",
]


def fetch_seed(pseed: Any = None) -> int | None:
    """Return the seed for a test: ``pseed``, else that of ``config.unittests.rseed``; None where it is "random"."""
    seed = config.unittests.rseed if pseed is None else pseed
    return None if seed == "random" else int(seed)


def seed_rng(pseed: Any = None) -> int | None:
    """Seed NumPy's global generator by :func:`fetch_seed`, and return the seed."""
    seed = fetch_seed(pseed)
    np.random.seed(seed)
    return seed


def verify_grad(
    op: Callable[..., Any], pt: Sequence[Any], n_tests: int = 2, rng: Any = None, *args: Any, **kwargs: Any
) -> None:
    """Compare the gradient of ``op`` at ``pt`` with differences; see :func:`theano.gradient.verify_grad`."""
    _verify_grad(op, pt, n_tests, np.random if rng is None else rng, *args, **kwargs)


verify_grad.E_grad = GradientError  # type: ignore[attr-defined]  # where programs look for the class


class T_OpContractMixin:
    """Tests for :class:`unittest.TestCase`: ``self.ops`` are equal to their copies, and all different from ``self.other_op``."""

    other_op: Any = None
    ops: Sequence[Any] = ()

    def clone(self, op: Any) -> Any:
        """Return an op like ``op``; a copy, unless a subclass knows better."""
        return copy(op)

    def test_eq(self) -> None:
        """Each op equals itself, its copy, and no other."""
        for i, a in enumerate(self.ops):
            assert a == a and a == self.clone(a) and a != self.other_op
            for b in list(self.ops)[i + 1 :]:
                assert a != b

    def test_hash(self) -> None:
        """Equal ops have equal hashes."""
        for op in self.ops:
            assert hash(op) == hash(self.clone(op)) and hash(op) != hash(self.other_op)

    def test_name(self) -> None:
        """Ops have a text."""
        for op in self.ops:
            assert str(op) and op.__class__.__name__


class InferShapeTester(unittest.TestCase):
    """A test case whose method ``_compile_and_check`` tests ``infer_shape`` of an op."""

    def setUp(self) -> None:
        """Choose the mode."""
        seed_rng()
        self.mode = get_mode("FAST_RUN")

    def _compile_and_check(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        numeric_inputs: Sequence[Any],
        cls: Any,
        excluding: Sequence[str] | None = None,
        warn: bool = True,
        check_topo: bool = True,
    ) -> None:
        """Check that the shapes of ``outputs`` are right and, with ``check_topo``, found without computing an op of class ``cls``."""
        mode = self.mode.excluding(*excluding) if excluding else self.mode
        shapes = function(list(inputs), [shape(out) for out in outputs], mode=mode, on_unused_input="ignore")
        values = function(list(inputs), list(outputs), mode=mode, on_unused_input="ignore")
        if check_topo:
            nodes = shapes.maker.fgraph.toposort()
            assert not any(isinstance(node.op, cls) for node in nodes), f"the shapes need {cls}: {nodes}"
        for found, value in zip(shapes(*numeric_inputs), values(*numeric_inputs)):
            assert tuple(found) == np.shape(value), f"shape {tuple(found)}, but the value has {np.shape(value)}"


def str_diagnostic(expected: Any, value: Any, rtol: float, atol: float) -> str:
    """Return a text on how far two arrays are apart."""
    a, b = np.asarray(expected), np.asarray(value)
    lines = [f"  expected: shape {a.shape}, dtype {a.dtype}", f"  value: shape {b.shape}, dtype {b.dtype}"]
    if a.shape == b.shape and a.size:
        apart = np.abs(np.asarray(a - b, dtype=complex))
        lines += [f"  largest absolute difference {apart.max()}, mean {apart.mean()}", f"  rtol, atol: {rtol}, {atol}"]
    return "\n".join(lines)


class WrongValue(Exception):
    """A value that is not the expected one."""

    def __init__(self, expected_val: Any, val: Any, rtol: float, atol: float) -> None:
        super().__init__()
        self.val1, self.val2, self.rtol, self.atol = expected_val, val, rtol, atol

    def __str__(self) -> str:
        return f"WrongValue\n{str_diagnostic(self.val1, self.val2, self.rtol, self.atol)}"


def assert_allclose(expected: Any, value: Any, rtol: float | None = None, atol: float | None = None) -> None:
    """WrongValue unless two arrays are equal up to rounding (of the less precise dtype, where no tolerance is given).

    As in NumPy, one may be of another dtype, or be spread over the other.
    """
    a, b = np.asarray(expected), np.asarray(value)
    single = {"float16", "float32", "complex64"} & {str(a.dtype), str(b.dtype)}
    rtol = 1e-5 if rtol is None else rtol
    atol = (1e-5 if single else 1e-8) if atol is None else atol
    if not np.allclose(a, b, rtol=rtol, atol=atol):
        raise WrongValue(expected, value, rtol, atol)


class AttemptManyTimes:
    """Decorates a test that fails by chance: it is run up to ``n_attempts`` times, until ``n_req_successes`` have passed."""

    def __init__(self, n_attempts: int, n_req_successes: int = 1) -> None:
        if not 1 <= n_req_successes <= n_attempts:
            raise ValueError("n_attempts has to be at least n_req_successes, which has to be at least 1")
        self.n_attempts, self.n_req_successes = n_attempts, n_req_successes

    def __call__(self, fct: Callable[..., Any]) -> Callable[..., None]:
        @functools.wraps(fct)
        def many(*args: Any, **kwargs: Any) -> None:
            passed = 0
            for left in range(self.n_attempts - 1, -1, -1):
                try:
                    fct(*args, **kwargs)
                except Exception:
                    if left < self.n_req_successes - passed:
                        raise
                else:
                    passed += 1
                    if passed == self.n_req_successes:
                        return

        return many


def assertFailure_fast(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a test as it is, or, in FAST_COMPILE mode, one that is to fail with an AssertionError."""
    if config.mode != "FAST_COMPILE":
        return f

    @functools.wraps(f)
    def failing(*args: Any, **kwargs: Any) -> None:
        try:
            f(*args, **kwargs)
        except AssertionError:
            return
        raise AssertionError(f"{f.__name__} was expected to fail in FAST_COMPILE mode")

    return failing
