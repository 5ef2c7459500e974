"""Draws from NumPy's Mersenne twister inside a graph: the state's type, the op, and a function for each distribution.

Each function takes a state first and returns the new state and the draw.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from theon.dtypes import float_dtypes, upcast
from theon.graph.op import Op
from theon.graph.type import Type
from theon.graph.variable import Apply, Variable
from theon.options import config
from theon.random.sizes import infer_ndim_bcast
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = [
    "RandomFunction",
    "RandomStateType",
    "RandomStreamsBase",
    "binomial",
    "choice",
    "copied_state",
    "multinomial",
    "normal",
    "permutation",
    "poisson",
    "random_function",
    "random_integers",
    "random_state_type",
    "uniform",
]


class RandomStateType(Type):
    """The type of ``numpy.random.RandomState`` values."""

    __module__ = "theano.tensor.raw_random"

    def __str__(self) -> str:
        return "RandomStateType"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        """Return ``data``. TypeError unless it is a RandomState."""
        if self.is_valid_value(data):
            return data
        raise TypeError(f"a numpy.random.RandomState is expected, not {type(data).__name__}")

    def is_valid_value(self, a: Any) -> bool:  # type: ignore[override]
        """Whether ``a`` is a RandomState."""
        return isinstance(a, np.random.RandomState)

    def values_eq(self, a: Any, b: Any) -> bool:
        """Whether two generators will give the same draws."""
        one, other = a.get_state(), b.get_state()
        return all(bool(np.all(x == y)) for x, y in zip(one, other))

    @staticmethod
    def may_share_memory(a: Any, b: Any) -> bool:
        """Whether the two are one generator."""
        return a is b

    def get_shape_info(self, obj: Any) -> None:
        """Generators have no shape."""

    def get_size(self, shape_info: Any) -> int:
        """Bytes of a state."""
        return int(np.random.RandomState(42).get_state(legacy=True)[1].nbytes)  # type: ignore[index,union-attr]


random_state_type = RandomStateType()


class _Blank(ISeedSequence):  # type: ignore[misc]
    """What a generator whose state is set at once is seeded by: costs nothing."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
        """Ones."""
        return np.ones(n_words, dtype)


_BLANK = _Blank()


def copied_state(r: Any) -> Any:
    """A state of its own that gives the same draws; for NumPy's default generator much quicker than ``deepcopy``."""
    if type(r) is np.random.RandomState:
        state = r.get_state(legacy=False)
        if state["bit_generator"] == "MT19937":  # type: ignore[call-overload,index]
            new = np.random.RandomState(np.random.MT19937(_BLANK))
            new.set_state(state)
            return new
    return copy.deepcopy(r)


class RandomFunction(Op):
    """A draw: ``fn`` is the name of a ``RandomState`` method, or a function of (state, parameters..., size).

    Inputs: state, vector of sizes, parameters. Outputs: the new state and a value of ``outtype``, which has ``ndim_added``
    dimensions more than there are sizes.
    """

    __module__ = "theano.tensor.raw_random"
    __props__ = ("fn", "outtype", "inplace", "ndim_added")

    def __init__(self, fn: Any, outtype: Any, inplace: bool = False, ndim_added: int = 0) -> None:
        self.fn, self.outtype, self.inplace, self.ndim_added = fn, outtype, inplace, ndim_added
        if inplace:
            self.destroy_map = {0: [0]}

    @property
    def exec_fn(self) -> Callable[..., Any]:
        """What draws."""
        if not isinstance(self.fn, str):
            return self.fn  # type: ignore[no-any-return]
        own = _OWN.get(self.fn)
        return own if own is not None else getattr(np.random.RandomState, self.fn)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        name = self.fn if isinstance(self.fn, str) else self.fn.__name__
        return f"RandomFunction{{{name}}}"

    def make_node(self, r: Any, shape: Any, *args: Any) -> Apply:
        """Return the node. TypeError where ``r`` is no state or a size is no integer vector."""
        if not isinstance(getattr(r, "type", None), RandomStateType):
            raise TypeError(
                f"the first input of a draw is a random state, not {r!r} of type {getattr(r, 'type', type(r))}"
            )
        size = as_tensor_variable(shape)
        if size.type.ndim != 1 or size.type.dtype in float_dtypes:
            raise TypeError(f"sizes are a vector of integers, not {size.type}")
        return Apply(self, [r, size, *map(as_tensor_variable, args)], [r.type(), self.outtype()])

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The sizes asked for; with added dimensions the shape is that of the value."""
        from theon.ops.shape import shape

        out, n = node.outputs[1], self.outtype.ndim
        if self.ndim_added:
            whole = shape(out)
            return [None, tuple(whole[i] for i in range(n))]
        return [None, tuple(node.inputs[1][i] for i in range(n))]  # type: ignore[index]

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Draw from a copy of the state, or from the state itself where it may be overwritten."""
        r, *rest = inputs
        if not isinstance(r, np.random.RandomState):
            raise TypeError(f"a numpy.random.RandomState is expected, not {r!r}")
        if not self.inplace:
            r = copied_state(r)
        output_storage[1][0] = self.drawn(r, *rest)
        output_storage[0][0] = r

    def drawn(self, r: Any, sizes: Any, *args: Any) -> Any:
        """Draw from ``r``, which changes. ValueError for a wrong number of sizes."""
        wanted = self.outtype.ndim - self.ndim_added
        if len(sizes) != wanted:
            raise ValueError(f"{len(sizes)} sizes were given to {self} where {wanted} are needed")
        value = np.asarray(self.exec_fn(r, *args, tuple(int(n) for n in sizes)))
        dtype = np.dtype(self.outtype.dtype)
        if value.dtype != dtype:
            value = value.astype(dtype)
        self.outtype.filter(value, strict=True)
        return value

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """No gradient passes through a draw."""
        from theon.graph.type import NullType

        return [NullType(f"No gradient defined through raw random numbers op {self}")() for _ in inputs]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """A draw does not depend on its inputs smoothly."""
        return [None, None]


def random_function(
    fn: Any, dtype: str, random_state: Any, size: Any, *args: Any, ndim: int | None = None, ndim_added: int = 0
) -> Any:
    """Return the outputs of a :class:`RandomFunction` with parameters ``args`` broadcast together."""
    _found, vector, flags = infer_ndim_bcast(ndim, size, *args)
    outtype = TensorType(dtype, (*flags, *[False] * ndim_added))
    return RandomFunction(fn, outtype, ndim_added=ndim_added)(random_state, vector, *args)


# --- the distributions ------------------------------------------------------------------------------------------------


def uniform(
    random_state: Any, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: Any = None
) -> Any:
    """Return the new state and draws from [``low``, ``high``)."""
    low, high = as_tensor_variable(low), as_tensor_variable(high)
    if dtype is None:
        dtype = upcast(config.floatX, low.type.dtype, high.type.dtype)
    return random_function("uniform", dtype, random_state, size, low, high, ndim=ndim)


def normal(
    random_state: Any, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: Any = None
) -> Any:
    """Return the new state and draws from the normal distribution."""
    avg, std = as_tensor_variable(avg), as_tensor_variable(std)
    if dtype is None:
        dtype = upcast(config.floatX, avg.type.dtype, std.type.dtype)
    return random_function("normal", dtype, random_state, size, avg, std, ndim=ndim)


def binomial(
    random_state: Any,
    size: Any = None,
    n: Any = 1,
    p: Any = 0.5,
    ndim: int | None = None,
    dtype: str = "int64",
    prob: Any = None,
) -> Any:
    """Return the new state and numbers of successes in ``n`` trials of probability ``p``."""
    if prob is not None:
        import warnings

        warnings.warn(
            "The parameter prob to the binomal fct have been renamed to p to have the same name as numpy.", stacklevel=2
        )
        p = prob
    n, p = as_tensor_variable(n), as_tensor_variable(p)
    if n.type.dtype in float_dtypes:
        n = n.astype("int64")
    return random_function("binomial", dtype, random_state, size, n, p, ndim=ndim)


def poisson(random_state: Any, size: Any = None, lam: Any = None, ndim: int | None = None, dtype: str = "int64") -> Any:
    """Return the new state and draws from the Poisson distribution of mean ``lam`` (1 by default)."""
    lam = as_tensor_variable(1.0 if lam is None else lam)
    return random_function("poisson", dtype, random_state, size, lam, ndim=ndim)


def _random_integers(random_state: Any, low: Any, high: Any, size: Any) -> Any:
    return random_state.randint(low, np.asarray(high) + 1, size=size, dtype="int64")


def random_integers(
    random_state: Any, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None, dtype: str = "int64"
) -> Any:
    """Return the new state and integers from ``low`` to ``high``, both included."""
    return random_function(
        "random_integers", dtype, random_state, size, as_tensor_variable(low), as_tensor_variable(high), ndim=ndim
    )


def _choice(random_state: Any, a: Any, replace: Any, p: Any, size: Any) -> Any:
    if a.ndim > 1:
        raise ValueError(f"a.ndim ({a.ndim}) must be 0 or 1")
    if p.ndim != 1:
        raise ValueError(f"p.ndim ({p.ndim}) must be 1")
    return random_state.choice(int(a) if a.ndim == 0 else a, size, bool(replace), None if p.size == 0 else p)


def choice(
    random_state: Any,
    size: Any = None,
    a: Any = 2,
    replace: Any = True,
    p: Any = None,
    ndim: int | None = None,
    dtype: str = "int64",
) -> Any:
    """Return the new state and draws from ``a`` (a vector, or the numbers below an integer), ``p`` their probabilities.

    All are equally probable where ``p`` is None, 0 or empty.
    """
    a = as_tensor_variable(a)
    replace = as_tensor_variable(np.asarray(replace, "int8") if isinstance(replace, bool) else replace)
    p = as_tensor_variable(np.zeros(0) if p is None or (isinstance(p, int | float) and not p) else p)
    _found, vector, flags = infer_ndim_bcast(ndim, () if size is None else size)
    return RandomFunction("choice", TensorType(dtype, flags))(random_state, vector, a, replace, p)


def _permutation(random_state: Any, n: Any, shape: Any) -> Any:
    n = int(n)
    out = np.empty((*shape, n), dtype="int64")
    for i in np.ndindex(*shape):
        out[i] = random_state.permutation(n)
    return out


def permutation(random_state: Any, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: str = "int64") -> Any:
    """Return the new state and permutations of the numbers below ``n``, along a last dimension added to ``size``."""
    if size is None or size == ():
        if ndim not in (None, 0, 1):  # of the one permutation, or of the sizes
            raise TypeError(f"one permutation has one dimension, not {ndim}")
        vector, flags = np.zeros(0, "int64"), ()
    else:
        _, vector, flags = infer_ndim_bcast(ndim, size)
    op = RandomFunction("permutation", TensorType(dtype, (*flags, False)), ndim_added=1)
    return op(random_state, vector, as_tensor_variable(n))


def _multinomial(random_state: Any, n: Any, pvals: Any, size: Any) -> Any:
    shape = tuple(size) if len(size) else np.broadcast_shapes(n.shape, pvals.shape[:-1])
    counts = np.broadcast_to(n, shape)
    rows = np.broadcast_to(pvals, (*shape, pvals.shape[-1]))
    out = np.empty(rows.shape, dtype="int64")
    for i in np.ndindex(*shape):
        p = rows[i]
        total = p.sum()
        if 1.0 < total < 1.0 + 1e-5:
            # float32 rows may add up to a little more than one.
            p = p * (1.0 - 5e-5)
        out[i] = random_state.multinomial(int(counts[i]), p.astype("float64"))
    return out


def multinomial(
    random_state: Any,
    size: Any = None,
    n: Any = 1,
    pvals: Any = (0.5, 0.5),
    ndim: int | None = None,
    dtype: str = "int64",
) -> Any:
    """Return the new state and counts of each outcome in ``n`` draws with probabilities ``pvals[..., :]``.

    The counts stand along a last dimension added to ``size``.
    """
    n, pvals = as_tensor_variable(n), as_tensor_variable(pvals)
    if n.type.dtype in float_dtypes:
        n = n.astype("int64")
    # The sizes are those of n and of all but the last dimension of pvals.
    shaped = pvals[(slice(None),) * (pvals.type.ndim - 1) + (0,)] if pvals.type.ndim else pvals
    _found, vector, flags = infer_ndim_bcast(ndim, size, n, shaped)
    op = RandomFunction("multinomial", TensorType(dtype, (*flags, False)), ndim_added=1)
    return op(random_state, vector, n, pvals)


def binomial_helper(random_state: Any, n: Any, p: Any, size: Any) -> Any:
    """Draw numbers of successes with NumPy."""
    return random_state.binomial(n, p, size)


def poisson_helper(random_state: Any, lam: Any, size: Any) -> Any:
    """Draw Poisson numbers with NumPy."""
    return random_state.poisson(lam, size)


random_integers_helper, choice_helper = _random_integers, _choice
permutation_helper, multinomial_helper = _permutation, _multinomial

_OWN: dict[str, Callable[..., Any]] = {
    "random_integers": _random_integers,
    "choice": _choice,
    "permutation": _permutation,
    "multinomial": _multinomial,
}


class RandomStreamsBase:
    """The draws of a stream; a subclass's ``gen(op, *args)`` says where the state is kept."""

    __module__ = "theano.tensor.raw_random"

    def gen(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return a draw of ``op`` from a state of its own."""
        raise TypeError(f"{type(self).__name__} keeps no states: use RandomStreams")

    def binomial(
        self,
        size: Any = None,
        n: Any = 1,
        p: Any = 0.5,
        ndim: int | None = None,
        dtype: str = "int64",
        prob: Any = None,
    ) -> Any:
        """Return numbers of successes in ``n`` trials of probability ``p``."""
        return self.gen(binomial, size, n, p, ndim=ndim, dtype=dtype, **({} if prob is None else {"prob": prob}))

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: int | None = None, dtype: Any = None
    ) -> Any:
        """Return draws from [``low``, ``high``)."""
        return self.gen(uniform, size, low, high, ndim=ndim, dtype=dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: int | None = None, dtype: Any = None
    ) -> Any:
        """Return normal draws."""
        return self.gen(normal, size, avg, std, ndim=ndim, dtype=dtype)

    def poisson(self, size: Any = None, lam: Any = None, ndim: int | None = None, dtype: str = "int64") -> Any:
        """Return Poisson draws of mean ``lam``."""
        return self.gen(poisson, size, lam, ndim=ndim, dtype=dtype)

    def random_integers(
        self, size: Any = None, low: Any = 0, high: Any = 1, ndim: int | None = None, dtype: str = "int64"
    ) -> Any:
        """Return integers from ``low`` to ``high``, both included."""
        return self.gen(random_integers, size, low, high, ndim=ndim, dtype=dtype)

    def choice(
        self,
        size: Any = None,
        a: Any = 2,
        replace: Any = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
    ) -> Any:
        """Return draws from ``a`` with probabilities ``p``."""
        return self.gen(choice, size, a, replace, p, ndim=ndim, dtype=dtype)

    def permutation(self, size: Any = None, n: Any = 1, ndim: int | None = None, dtype: str = "int64") -> Any:
        """Return permutations of the numbers below ``n``."""
        return self.gen(permutation, size, n, ndim=ndim, dtype=dtype)

    def multinomial(
        self, size: Any = None, n: Any = 1, pvals: Any = (0.5, 0.5), ndim: int | None = None, dtype: str = "int64"
    ) -> Any:
        """Return counts of each outcome in ``n`` draws."""
        return self.gen(multinomial, size, n, pvals, ndim=ndim, dtype=dtype)

    def shuffle_row_elements(self, input: Variable) -> Any:
        """Return ``input`` with each of its rows permuted on its own."""
        from theon.ops.extra import permute_row_elements

        input = as_tensor_variable(input)
        ndim = input.type.ndim  # type: ignore[attr-defined]
        sizes = tuple(input.shape[d] for d in range(ndim - 1))  # type: ignore[attr-defined]
        order = self.permutation(sizes, input.shape[-1], ndim=ndim - 1)  # type: ignore[attr-defined]
        return permute_row_elements(input, order)
