"""What points upward from variables to the compiler: ``Variable.eval``, ``verify_grad``; and ``clone`` for users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from theon.autodiff.reverse import grad
from theon.compile.function import function
from theon.dtypes import complex_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.traverse import clone_replace
from theon.graph.variable import Variable
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["GradientError", "as_list", "clone", "eval_variable", "numeric_grad", "verify_grad"]


def eval_variable(self: Variable, inputs_to_values: dict[Any, Any] | None = None) -> Any:
    """Return the value of this variable, given values of the variables it depends on (shared variables have theirs).

    The function compiled for a set of inputs is kept and used again. MissingInputError where a value is missing.
    """
    values = {} if inputs_to_values is None else inputs_to_values
    inputs = tuple(sorted(values, key=id))
    cache = self.__dict__.setdefault("_fn_cache", {})
    f = cache.get(inputs)
    if f is None:
        f = cache[inputs] = function(list(inputs), self, name="eval")
    return f(*(values[v] for v in inputs))


Variable.eval = eval_variable  # type: ignore[attr-defined]


def clone(
    output: Any, replace: Any = None, strict: bool = True, share_inputs: bool = True, copy_inputs: Any = None
) -> Any:
    """Return a copy of ``output`` (one or several), computed with the keys of ``replace`` taken as its values.

    ``strict``: whether a value must be of its key's type (TypeError where it cannot be made so). ``share_inputs`` (or, as it was
    called before, ``copy_inputs``): whether the result has the same inputs; if not, copies of them: shared variables' copies
    have the same value.
    """
    single = isinstance(output, Variable)
    outputs = [output] if single else list(output)
    pairs: dict[Variable, Any] = dict(replace.items() if hasattr(replace, "items") else replace or {})
    if copy_inputs is not None:
        share_inputs = copy_inputs
    found = clone_replace(outputs, pairs, strict, everything=True)
    if not share_inputs:
        from theon.graph.traverse import inputs as leaves
        from theon.graph.variable import Constant

        copies = {leaf: leaf.clone() for leaf in leaves(found) if not isinstance(leaf, Constant)}
        found = clone_replace(found, copies, everything=True)
    return found[0] if single else found


def as_list(x: Any) -> list[Any]:
    """Return ``x`` as a list."""
    return list(x) if isinstance(x, list | tuple) else [x]


class GradientError(Exception):
    """A symbolic gradient and a numeric one differ."""

    __module__ = "theano.gradient"

    def __init__(
        self,
        arg: int,
        err_pos: Any,
        shape: Any,
        val1: Any,
        val2: Any,
        abs_err: float,
        rel_err: float,
        abs_tol: float,
        rel_tol: float,
    ) -> None:
        super().__init__(arg, err_pos)
        self.arg, self.err_pos, self.shape, self.val1, self.val2 = arg, err_pos, shape, val1, val2
        self.abs_err, self.rel_err, self.abs_tol, self.rel_tol = abs_err, rel_err, abs_tol, rel_tol

    def __str__(self) -> str:
        return (
            f"GradientError: numeric gradient and analytic gradient exceed tolerance:\n  At position {self.err_pos} of argument {self.arg} "
            f"with shape {self.shape},\n    val1 = {self.val1}, val2 = {self.val2}\n    abs. error = {self.abs_err}, abs. tolerance = "
            f"{self.abs_tol}\n    rel. error = {self.rel_err}, rel. tolerance = {self.rel_tol}"
        )


_STEP = {"float64": 1e-7, "float32": 3e-4, "float16": 1e-1}
_TOLERANCE = {"float64": 1e-4, "float32": 1e-2, "float16": 5e-2}


class numeric_grad:
    """The gradient of a scalar function of arrays by one-sided differences, in :attr:`gf`."""

    __module__ = "theano.gradient"
    type_eps = {**_STEP, **{np.dtype(kind): step for kind, step in _STEP.items()}}

    def __init__(self, f: Callable[..., Any], pt: Any, eps: float | None = None, out_type: Any = None) -> None:
        points = [np.array(p) for p in (pt if isinstance(pt, list | tuple) else [pt])]
        kinds = [str(p.dtype) for p in points]
        eps = max(_STEP[k] for k in kinds + ([str(out_type)] if out_type else [])) if eps is None else eps
        base = f(*[p.copy() for p in points])
        self.gf = [np.zeros_like(p) for p in points]
        for k, p in enumerate(points):
            for place in np.ndindex(p.shape):
                moved = [q.copy() for q in points]
                moved[k][place] += eps
                self.gf[k][place] = np.asarray((f(*moved) - base) / (moved[k][place] - p[place]))
        self.single = not isinstance(pt, list | tuple)

    @staticmethod
    def abs_rel_err(a: Any, b: Any) -> tuple[Any, Any]:
        """Return absolute and relative differences."""
        absolute = abs(a - b)
        return absolute, absolute / np.maximum(abs(a) + abs(b), np.asarray(1e-8, dtype=a.dtype))

    def abs_rel_errors(self, g_pt: Sequence[Any]) -> list[Any]:
        """Return the differences to given gradients."""
        found = []
        for a, b in zip(g_pt, self.gf):
            if a.shape != b.shape:
                raise ValueError(f"argument element has wrong shape {(a.shape, b.shape)}")
            found.append(self.abs_rel_err(a, b))
        return found

    def max_err(self, g_pt: Sequence[Any], abs_tol: float, rel_tol: float) -> tuple[Any, ...]:
        """Return (argument, position, absolute, relative) where the larger tolerance is missed most."""
        worst: tuple[Any, ...] = (0, 0, 0.0, 0.0)
        top = -1.0
        for k, (absolute, relative) in enumerate(self.abs_rel_errors(g_pt)):
            if not absolute.size:
                continue
            scaled = np.minimum(absolute / abs_tol, relative / rel_tol)
            scaled = np.where(np.isnan(scaled), np.inf, scaled)
            place = int(np.argmax(scaled))
            if scaled.flat[place] > top:
                top = float(scaled.flat[place])
                worst = (k, place, float(absolute.flat[place]), float(relative.flat[place]))
        return worst


def verify_grad(
    fun: Callable[..., Any],
    pt: Sequence[Any],
    n_tests: int = 2,
    rng: Any = None,
    eps: float | None = None,
    out_type: Any = None,
    abs_tol: float | None = None,
    rel_tol: float | None = None,
    mode: Any = None,
    cast_to_output_type: bool = False,
    no_debug_ref: bool = True,
) -> None:
    """Compare the gradient of ``fun`` at the arrays ``pt`` with differences, along random projections of its output.

    GradientError where both tolerances are missed; TypeError for points that are not floats; NotImplementedError for a
    function that returns a list.
    """
    points = [np.array(p) for p in pt]
    for k, p in enumerate(points):
        if str(p.dtype) not in _STEP:
            raise TypeError(f"verify_grad can work only with floating point inputs, but input {k} has dtype {p.dtype}")
    kinds = [str(p.dtype) for p in points] + ([str(out_type)] if out_type else [])
    abs_tol = max(_TOLERANCE[k] for k in kinds) if abs_tol is None else abs_tol
    rel_tol = max(_TOLERANCE[k] for k in kinds) if rel_tol is None else rel_tol
    if rng is None:
        raise TypeError(
            "rng should be a valid instance of numpy.random.RandomState. You may want to use theano.tests.unittest_tools.verify_grad"
        )
    inputs = [as_tensor_variable(p).type(name=f"input {k}") for k, p in enumerate(points)]
    output = fun(*inputs)
    if isinstance(output, list):
        raise NotImplementedError("verify_grad takes a function of one result: check each output by itself")
    f = function(inputs, output, allow_input_downcast=True, mode=mode, on_unused_input="ignore", name="gradient.py fct")
    shape = f(*[p.copy() for p in points]).shape
    # In double precision what is projected is added up without losing what the differences are made of.
    kind = output.type.dtype if cast_to_output_type or output.type.dtype in complex_dtypes else "float64"
    projection = TensorType(kind, output.type.broadcastable)("random_projection")
    cost = (projection * output).sum()
    if cost.type.dtype in complex_dtypes:
        raise TypeError("verify_grad takes real outputs")
    scalar = function([*inputs, projection], cost, allow_input_downcast=True, mode=mode, on_unused_input="ignore")
    symbolic = grad(cost, inputs, disconnected_inputs="ignore")
    symbolic = [s for s in symbolic if not isinstance(s.type, DisconnectedType)]
    gradient = function([*inputs, projection], symbolic, allow_input_downcast=True, mode=mode, on_unused_input="ignore")
    for _ in range(n_tests):
        t = np.asarray(rng.rand(*shape) + 0.5 if hasattr(rng, "rand") else rng.uniform(0.5, 1.5, shape), dtype=kind)
        numeric = numeric_grad(lambda *xs, t=t: scalar(*xs, t), points, eps, out_type)
        analytic = gradient(*points, t)
        k, place, absolute, relative = numeric.max_err(analytic, abs_tol, rel_tol)
        if not (absolute <= abs_tol or relative <= rel_tol):
            raise GradientError(
                k,
                place,
                analytic[k].shape,
                analytic[k].flat[place],
                numeric.gf[k].flat[place],
                absolute,
                relative,
                abs_tol,
                rel_tol,
            )


verify_grad.E_grad = GradientError  # type: ignore[attr-defined]  # where programs look for the class
