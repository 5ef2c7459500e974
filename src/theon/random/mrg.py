"""The streams MRG31k3p of L'Ecuyer and Touzin (2000): op, arithmetic of the states, and :class:`MRG_RandomStreams`.

A state is six 31-bit numbers of two recurrences of order three, modulo ``M1 = 2**31 - 1`` and ``M2 = 2**31 - 21069``. Each
draw has many streams, 2**72 steps apart, that give its elements in turn; successive draws are 2**134 steps apart.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from theon.autodiff.jacobian import undefined_grad
from theon.dtypes import upcast
from theon.graph.op import Op
from theon.graph.variable import Apply, Variable
from theon.ops.cast import cast
from theon.ops.compare import ge, le
from theon.ops.explog import log, sqrt
from theon.ops.index import nonzero
from theon.ops.join import join
from theon.ops.reduce import prod
from theon.ops.reshape import reshape
from theon.ops.trig import cos, sin
from theon.options import config
from theon.random.multinomial import ChoiceFromUniform, MultinomialFromUniform
from theon.random.sizes import checked_size, infer_ndim_bcast
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import shared
from theon.tensor.type import TensorType

__all__ = [
    "A1p0",
    "A1p72",
    "A1p134",
    "A2p0",
    "A2p72",
    "A2p134",
    "DotModulo",
    "M1",
    "M2",
    "MASK2",
    "MASK12",
    "MASK13",
    "MRG_RandomStreams",
    "MULT2",
    "NORM",
    "ff_2p72",
    "ff_2p134",
    "guess_n_streams",
    "matVecModM",
    "mrg_next_value",
    "mrg_uniform",
    "mrg_uniform_base",
    "multMatVect",
    "mulmod",
]

M1 = np.asarray(np.int32(2147483647))
M2 = np.asarray(np.int32(2147462579))
MASK12, MASK13, MASK2, MULT2 = np.int32(511), np.int32(16777215), np.int32(65535), np.int32(21069)
np_int32_vals = [np.array(shift, dtype="int32") for shift in (0, 7, 9, 15, 16, 22, 24)]  # of the two recurrences
NORM = 4.656612873077392578125e-10  # 2**-31

_m1, _m2 = int(M1), int(M2)
# The recurrences: x[n] = 2**22 x[n-2] + (2**7 + 1) x[n-3] mod M1; y[n] = 2**15 y[n-1] + (2**15 + 1) y[n-3] mod M2.
_step1 = [[0, 2**22, 2**7 + 1], [1, 0, 0], [0, 1, 0]]
_step2 = [[2**15, 0, 2**15 + 1], [1, 0, 0], [0, 1, 0]]


def _power(matrix: list[list[int]], exponent: int, modulus: int) -> np.ndarray[Any, Any]:
    """The matrix to the power 2**exponent, modulo ``modulus``."""
    for _ in range(exponent):
        matrix = [[sum(a * b for a, b in zip(row, column)) % modulus for column in zip(*matrix)] for row in matrix]
    return np.asarray(matrix, dtype="int64")


A1p0, A2p0 = _power(_step1, 0, _m1), _power(_step2, 0, _m2)
A1p72, A2p72 = _power(_step1, 72, _m1), _power(_step2, 72, _m2)
A1p134, A2p134 = _power(_step1, 134, _m1), _power(_step2, 134, _m2)

# How the difference of the two recurrences, 1 to M1, becomes a draw below 1: the factor of each dtype. Of half precision are 15
# bits, and one more, times the half that is next below 2**-15.
_NORM = {"float64": np.float64(NORM), "float32": np.float32(4.6566126e-10), "float16": np.float32(511 * 2.0**-24)}


def mulmod(a: int, b: int, c: int, m: int) -> int:
    """Return (a * b + c) mod m."""
    return int((int(a) * int(b) + int(c)) % int(m))


def matVecModM(A: Any, s: Any, m: Any) -> np.ndarray[Any, Any]:
    """Return A s mod m, int32."""
    rows = [sum(int(a) * int(b) for a, b in zip(row, s)) % int(m) for row in np.asarray(A)]
    return np.asarray(rows, dtype="int32")


def multMatVect(v: Any, A: Any, m1: Any, B: Any, m2: Any) -> np.ndarray[Any, Any]:
    """Return the state ``v`` advanced: ``A v[:3] mod m1`` and ``B v[3:] mod m2``."""
    return np.concatenate([matVecModM(A, v[:3], m1), matVecModM(B, v[3:], m2)])


def ff_2p134(rstate: Any) -> np.ndarray[Any, Any]:
    """Return the state 2**134 steps on."""
    return multMatVect(rstate, A1p134, M1, A2p134, M2)


def ff_2p72(rstate: Any) -> np.ndarray[Any, Any]:
    """Return the state 2**72 steps on."""
    return multMatVect(rstate, A1p72, M1, A2p72, M2)


def _substreams(rstate: Any, n: int) -> np.ndarray[Any, Any]:
    """The states of ``n`` streams from ``rstate`` on, 2**72 steps apart: by doubling, each level one product."""
    out = np.empty((n, 6), dtype="int32")
    out[0] = rstate
    have, a, b = 1, A1p72, A2p72
    while have < n:
        more = min(have, n - have)
        out[have : have + more, :3] = _times(a, out[:more, :3], _m1)
        out[have : have + more, 3:] = _times(b, out[:more, 3:], _m2)
        a, b = _times(a, a.T, _m1).T, _times(b, b.T, _m2).T
        have += more
    return out


def _times(matrix: Any, rows: Any, modulus: int) -> np.ndarray[Any, Any]:
    """``rows @ matrix.T`` modulo ``modulus``, where products of two entries fit in 62 bits."""
    rows = np.asarray(rows, dtype="int64")
    total = np.zeros((len(rows), 3), dtype="int64")
    for j in range(3):
        total = (total + rows[:, j : j + 1] * np.asarray(matrix)[None, :, j] % modulus) % modulus
    return total


def _advance(x: Any, y: Any, steps: int) -> np.ndarray[Any, Any]:
    """Advance states ``x``, ``y`` (3, streams) in place by ``steps``; return the differences (steps, streams), 1 to M1."""
    found = np.empty((steps, x.shape[1]), dtype="int64")
    for i in range(steps):
        new = ((x[1] << 22) + 129 * x[2]) % _m1
        x[2], x[1], x[0] = x[1], x[0], new
        other = ((y[0] << 15) + 32769 * y[2]) % _m2
        y[2], y[1], y[0] = y[1], y[0], other
        np.subtract(new, other, out=found[i])
        found[i][found[i] <= 0] += _m1
    return found


def mrg_next_value(rstate: Any, new_rstate: Any, NORM: float = NORM, mask: Any = None, offset: Any = 0) -> float:
    """Write the state after ``rstate`` into ``new_rstate`` and return its draw in (0, 1]."""
    state = np.asarray(rstate, dtype="int64").reshape(6, 1)
    x, y = state[:3].copy(), state[3:].copy()
    value = int(_advance(x, y, 1)[0, 0])
    new_rstate[...] = np.concatenate([x, y])[:, 0]
    return (value if mask is None else (value & int(mask))) * NORM + offset


class mrg_uniform_base(Op):
    """The base of ops that draw with MRG31k3p; ``output_type`` is the type of the draw."""

    __module__ = "theano.sandbox.rng_mrg"
    __props__ = ("output_type", "inplace")

    def __init__(self, output_type: Any, inplace: bool = False) -> None:
        self.output_type, self.inplace = output_type, inplace
        if inplace:
            self.destroy_map = {0: [0]}
        self.warned_numpy_version = False

    def __str__(self) -> str:
        return f"{type(self).__name__}{{{self.output_type},{'inplace' if self.inplace else 'no_inplace'}}}"

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """States and sizes have no gradient."""
        from theon.graph.type import NullType

        return [NullType("random state and size are not differentiable")() for _ in inputs]

    def R_op(self, inputs: Any, eval_points: Any) -> list[Any]:
        """A draw does not depend on its inputs smoothly."""
        return [None, None]

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """The state's shape, and the sizes asked for."""
        size = node.inputs[1]
        n = self.output_type.ndim
        return [shapes[0], tuple(size[i] for i in range(n))]  # type: ignore[index]


class mrg_uniform(mrg_uniform_base):
    """Uniform draws: inputs ``rstate`` (streams, 6) int32 and ``size``, an int64 vector; outputs the new state and the draw."""

    __module__ = "theano.sandbox.rng_mrg"

    def make_node(self, rstate: Any, size: Any) -> Apply:
        """Return the node."""
        return Apply(self, [as_tensor_variable(rstate), as_tensor_variable(size)], [rstate.type(), self.output_type()])

    @classmethod
    def new(cls, rstate: Any, ndim: int | None, dtype: str, size: Any) -> Any:
        """Return the outputs of a new op with sizes ``size``."""
        ndim, v_size, flags = infer_ndim_bcast(ndim, size)
        return cls(TensorType(dtype, flags))(rstate, v_size)

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Draw with NumPy, all streams together. ValueError for a size of another length or with a negative number."""
        rstate, size = inputs
        ndim, dtype = self.output_type.ndim, self.output_type.dtype
        if size.shape != (ndim,):
            raise ValueError(f"size must have length {ndim} (not {size.shape[0]})")
        sizes = [int(n) for n in size]
        if any(n < 0 for n in sizes):
            raise ValueError(f"sizes of a draw must not be negative: {sizes}")
        for d, (n, one) in enumerate(zip(sizes, self.output_type.broadcastable)):
            if one and n != 1:
                raise ValueError(f"size {n} of the draw's broadcastable dimension {d} is not 1")
        if rstate.ndim != 2 or rstate.shape[1] != 6 or rstate.shape[0] == 0:
            raise ValueError(f"the state of the streams must have shape (streams, 6), not {rstate.shape}")
        out = rstate if self.inplace else rstate.copy()
        total = 1
        for n in sizes:
            total *= n
        streams = min(len(rstate), total)
        drawn = np.empty(total, dtype="int64")
        if total:
            state = np.ascontiguousarray(out[:streams].T.astype("int64"))
            x, y = state[:3], state[3:]
            whole, rest = divmod(total, streams)
            drawn[: whole * streams] = _advance(x, y, whole).ravel()
            if rest:  # the first streams give one more
                head = np.ascontiguousarray(state[:, :rest])
                drawn[whole * streams :] = _advance(head[:3], head[3:], 1).ravel()
                state[:, :rest] = head
            out[:streams] = state.T
        if dtype == "float16":
            drawn = (drawn & 0x7FFF) + 1
        factor = _NORM[dtype]
        sample = (drawn.astype("float64") if dtype == "float64" else drawn.astype("float32")) * factor
        output_storage[0][0] = out
        output_storage[1][0] = sample.astype(dtype, copy=False).reshape(sizes)


class DotModulo(Op):
    """(A s mod m) and (A2 s2 mod m2), one after the other: the advance of a state."""

    __module__ = "theano.sandbox.rng_mrg"
    __props__ = ()

    def make_node(self, A: Any, s: Any, m: Any, A2: Any, s2: Any, m2: Any) -> Apply:
        """Return the node."""
        return Apply(self, [as_tensor_variable(v) for v in (A, s, m, A2, s2, m2)], [as_tensor_variable(s).type()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """Compute with Python integers: products have up to 62 bits."""
        A, s, m, A2, s2, m2 = inputs
        output_storage[0][0] = np.concatenate([matVecModM(A, s, m), matVecModM(A2, s2, m2)]).astype(
            node.outputs[0].type.dtype  # type: ignore[attr-defined]
        )


def guess_n_streams(size: Any, warn: bool = False) -> int:
    """Return how many streams a draw of ``size`` uses: a sixth of its elements, at most 15360, also where it is symbolic."""
    if isinstance(size, tuple | list) and all(isinstance(i, int | np.integer) for i in size):
        r = 1
        for s in size:
            r *= int(s)
        if r > 6:
            r = r // 6
        return max(1, min(r, 60 * 256))
    if warn:
        warnings.warn(f"MRG_RandomStreams Can't determine #streams from size ({size}), guessing 60*256", stacklevel=3)
    return 60 * 256


class MRG_RandomStreams:
    """A source of draws whose states are shared variables, updated by each call of a function that uses them.

    ``seed``: an int, or six ints (the first three below 2147483647 and not all 0, the last three below 2147462579 and not all
    0). Draws for a seed are those of Theano 1.0.5.

    >>> import theano
    >>> srng = MRG_RandomStreams(seed=123)
    >>> f = theano.function([], srng.uniform((2, 3), dtype="float32"))
    >>> f().shape, bool((f() != f()).any())
    ((2, 3), True)
    """

    __module__ = "theano.sandbox.rng_mrg"

    def __init__(self, seed: Any = 12345) -> None:
        self.state_updates: list[Any] = []
        self.default_instance_seed = seed
        self.set_rstate(seed)

    def updates(self) -> list[Any]:
        """Return what each draw made so far updates: tuples of state, new state, size and number of streams."""
        return list(self.state_updates)

    def set_rstate(self, seed: Any) -> None:
        """Start new draws from ``seed``. ValueError for numbers out of range, TypeError for any other thing."""
        if isinstance(seed, int | np.integer):
            if seed == 0:
                raise ValueError("seed should not be 0", seed)
            if not 0 < seed < _m2:
                raise ValueError(f"seed should be less than {_m2} and not negative", seed)
            self.rstate = np.asarray([int(seed)] * 6, dtype="int32")
            return
        try:
            parts = [int(s) for s in seed]
        except TypeError:
            parts = []
        if len(parts) != 6:
            raise TypeError("seed should be 1 integer or 6 integers")
        for half, modulus, name in ((parts[:3], _m1, "first"), (parts[3:], _m2, "last")):
            if not any(half):
                raise ValueError(f"The {name} 3 values of seed should not be all 0", seed)
            if any(not 0 <= s < modulus for s in half):
                raise ValueError(f"The {name} 3 values of seed should be less than {modulus} and not negative", seed)
        self.rstate = np.asarray(parts, dtype="int32")

    def seed(self, seed: Any = None) -> None:
        """Set the state of every draw made so far, in order, from ``seed``, or from the seed given at first."""
        self.set_rstate(self.default_instance_seed if seed is None else seed)
        for old, new, size, nstreams in self.state_updates:
            count = self.n_streams(size) if nstreams is None else nstreams
            old.set_value(self.get_substream_rstates(count, new.owner.outputs[1].type.dtype), borrow=True)

    def inc_rstate(self) -> None:
        """Advance :attr:`rstate` by 2**134 steps, to the start of the next draw's streams."""
        self.rstate = ff_2p134(self.rstate)

    def get_substream_rstates(self, n_streams: int, dtype: str, inc_rstate: bool = True) -> Any:
        """Return the states of ``n_streams`` streams, int32 (n_streams, 6)."""
        if not 0 < n_streams < 2**72:
            raise ValueError(f"the number of streams must be positive, not {n_streams}")
        found = _substreams(self.rstate, int(n_streams))
        if inc_rstate:
            self.inc_rstate()
        return found

    def n_streams(self, size: Any) -> int:
        """Return how many streams a draw of ``size`` uses."""
        return guess_n_streams(size)

    def pretty_return(self, node_rstate: Any, new_rstate: Any, sample: Any, size: Any, nstreams: Any) -> Any:
        """Give ``sample`` its attributes ``rstate`` and ``update``, make the update the default, and return it."""
        sample.rstate = node_rstate
        sample.rng = node_rstate
        sample.update = (node_rstate, new_rstate)
        self.state_updates.append((node_rstate, new_rstate, size, nstreams))
        node_rstate.default_update = new_rstate
        return sample

    def uniform(
        self,
        size: Any,
        low: Any = 0.0,
        high: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return draws between ``low`` and ``high``.

        ``size``: sizes, int, or an integer vector (then ``ndim`` may be needed); ``dtype``: by default the upcast of floatX and
        of the bounds; ``nstreams``: number of streams.
        """
        _only_target(kwargs)
        low, high = as_tensor_variable(low), as_tensor_variable(high)
        if dtype is None:
            dtype = upcast(config.floatX, low.type.dtype, high.type.dtype)
        low, high = undefined_grad(cast(low, dtype)), undefined_grad(cast(high, dtype))
        size = checked_size(size)
        if nstreams is None:
            nstreams = self.n_streams(size)
        state = shared(self.get_substream_rstates(nstreams, dtype))
        state.tag.is_rng = True
        u = self.pretty_return(state, *mrg_uniform.new(state, ndim, dtype, size), size, nstreams)
        r = u * (high - low) + low
        if r.type.broadcastable != u.type.broadcastable:
            raise NotImplementedError(
                "Increase the size to match the broadcasting pattern of `low` and `high` arguments"
            )
        r.rng, r.rstate, r.update = u.rng, u.rstate, u.update
        return r  # type: ignore[no-any-return]

    def normal(
        self,
        size: Any,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
        truncate: bool = False,
        **kwargs: Any,
    ) -> Variable:
        """Return draws of mean ``avg`` and standard deviation ``std``; ``truncate`` redraws what lies beyond two of them.

        By the transform of Box and Muller (1958).
        """
        size = checked_size(size)
        avg, std = undefined_grad(as_tensor_variable(avg)), undefined_grad(as_tensor_variable(std))
        if dtype is None:
            dtype = upcast(config.floatX, avg.type.dtype, std.type.dtype)
        avg, std = cast(avg, dtype), cast(std, dtype)
        known = isinstance(size, tuple) and all(isinstance(s, int | np.integer) for s in size)
        n: Any
        if known:
            n = 1
            for s in size:
                n *= int(s)
        else:
            _, vector, _ = infer_ndim_bcast(ndim, size)
            n = prod(vector, dtype="int64")
        even = n + n % 2
        # Theano counts the draws symbolically here, whatever the size: as many streams as for a size it does not know.
        drawn = self.uniform((even,), 0.0, 1.0, 1, dtype, nstreams or 60 * 256, **kwargs)
        half = even // 2
        u1, u2 = drawn[:half], drawn[half:]
        radius = sqrt(-2.0 * log(u1)).astype(dtype)
        angle = np.asarray(2.0 * np.pi, dtype=dtype) * u2
        cosine, sine = cos(angle), sin(angle)
        z0, z1 = radius * cosine, radius * sine
        if truncate:
            inside0, inside1 = ge(z0, -2.0) & le(z0, 2.0), ge(z1, -2.0) & le(z1, 2.0)
            again0, again1 = nonzero(~inside0)[0], nonzero(~inside1)[0]
            low = as_tensor_variable(np.asarray(1.0 / np.e**2, dtype=dtype))
            more = self.uniform((again0.size + again1.size,), low, 1.0, 1, dtype, nstreams, **kwargs)
            fixed = sqrt(-2.0 * log(more)).astype(dtype)
            z0_fixed = fixed[: again0.size] * cosine[again0]
            z1_fixed = fixed[again0.size :] * sine[again1]
            flat = join(0, z0[nonzero(inside0)[0]], z0_fixed, z1[nonzero(inside1)[0]], z1_fixed)
        else:
            flat = join(0, z0, z1)
        if not known:
            flat = flat[:n]
        elif n % 2:
            flat = flat[:-1]
        samples = _shaped(flat, size, ndim)
        result = samples * std + avg
        if result.type.broadcastable != samples.type.broadcastable:
            raise NotImplementedError(
                "Increase the size to match the broadcasting pattern of `avg` and `std` arguments"
            )
        result.rng, result.rstate, result.update = drawn.rng, drawn.rstate, drawn.update  # type: ignore[attr-defined]
        return result  # type: ignore[no-any-return]

    def truncated_normal(
        self,
        size: Any,
        avg: Any = 0.0,
        std: Any = 1.0,
        ndim: int | None = None,
        dtype: str | None = None,
        nstreams: int | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return normal draws of which none lies further than two standard deviations from the mean.

        The divisor 0.87962566103423978 is the standard deviation of the unit normal cut there, so ``std`` is that of the draws.
        """
        std = as_tensor_variable(std) / 0.87962566103423978
        if dtype is None:
            dtype = upcast(config.floatX, as_tensor_variable(avg).type.dtype, std.type.dtype)
        return self.normal(size, avg, cast(std, dtype), ndim, dtype, nstreams, True, **kwargs)

    def binomial(
        self,
        size: Any = None,
        n: Any = 1,
        p: Any = 0.5,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
        prob: Any = None,
        **kwargs: Any,
    ) -> Variable:
        """Return how many of ``n`` trials succeeded, each with probability ``p``."""
        if prob is not None:
            p = prob
            warnings.warn("The parameter prob to MRG_RandomStreams.binomial was renamed to p", stacklevel=2)
        p = undefined_grad(as_tensor_variable(p))
        if size is None:
            from theon.ops.shape import shape

            size = shape(p)
        u_dtype = "float32" if dtype == "float32" and config.floatX == "float32" else None
        if isinstance(n, int | np.integer) and n == 1:
            x = self.uniform(size, 0.0, 1.0, ndim, u_dtype, nstreams, **kwargs)
            found = cast(x < p, dtype)  # type: ignore[operator]
        else:
            # One uniform for each trial, along a dimension in front.
            count, vector, _ = infer_ndim_bcast(ndim, checked_size(size))
            trials = (n, *(vector[d] for d in range(count)))
            x = self.uniform(trials, 0.0, 1.0, count + 1, u_dtype, nstreams, **kwargs)
            found = cast((x < p).sum(axis=0), dtype)  # type: ignore[operator]
        found.rng, found.rstate, found.update = x.rng, x.rstate, x.update  # type: ignore[attr-defined]
        return found

    def multinomial(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return, for each row of the matrix ``pvals``, how often each outcome came in ``n`` draws."""
        pvals = self._rows_of("multinomial", pvals, ndim, "pvals")
        if size is not None:
            raise ValueError(
                "Provided a size argument to MRG_RandomStreams.multinomial, which does not use the size argument."
            )
        unis = self.uniform(pvals[:, 0].shape * n, 0.0, 1.0, 1, None, nstreams, **kwargs)
        return MultinomialFromUniform(dtype)(pvals, unis, as_tensor_variable(n))  # type: ignore[return-value]

    def choice(
        self,
        size: Any = 1,
        a: Any = None,
        replace: bool = True,
        p: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Return, for each row of the matrix ``p``, ``size`` columns drawn with those probabilities.

        They differ where ``replace`` is False. TypeError where ``a`` is given: columns are what is drawn.
        """
        if a is not None:
            raise TypeError(
                "For now, a has to be None in MRG_RandomStreams.choice. Sampled values are between 0 and p.shape[1]-1"
            )
        p = self._rows_of("choice", p, ndim, "p")
        unis = self.uniform(p[:, 0].shape * size, 0.0, 1.0, 1, None, nstreams, **kwargs)
        return ChoiceFromUniform(dtype, bool(replace))(p, unis, as_tensor_variable(size))  # type: ignore[return-value]

    def multinomial_wo_replacement(
        self,
        size: Any = None,
        n: Any = 1,
        pvals: Any = None,
        ndim: int | None = None,
        dtype: str = "int64",
        nstreams: int | None = None,
        **kwargs: Any,
    ) -> Variable:
        """As :meth:`choice` with ``size=n``: the older name."""
        if size is not None:
            raise ValueError(
                "Provided a size argument to MRG_RandomStreams.multinomial_wo_replacement, which does not use it."
            )
        warnings.warn(
            "MRG_RandomStreams.multinomial_wo_replacement() is deprecated, use MRG_RandomStreams.choice() instead",
            stacklevel=2,
        )
        return self.choice(n, None, False, pvals, ndim, dtype, nstreams, **kwargs)

    def _rows_of(self, method: str, p: Any, ndim: Any, name: str) -> Any:
        if p is None:
            raise TypeError(f"You have to specify {name}")
        p = undefined_grad(as_tensor_variable(p))
        if ndim is not None:
            raise ValueError(
                f"Provided an ndim argument to MRG_RandomStreams.{method}, which does not use the ndim argument."
            )
        if p.type.ndim != 2:
            raise NotImplementedError(f"MRG_RandomStreams.{method} only implemented for {name}.ndim = 2")
        return p


def _shaped(flat: Any, size: Any, ndim: int | None) -> Any:
    if not (isinstance(size, tuple) and ndim in (None, len(size))):
        return reshape(flat, infer_ndim_bcast(ndim, size)[1], ndim)
    return reshape(flat, size, ndim)


def _only_target(kwargs: dict[str, Any]) -> None:
    """``target`` chooses a device in Theano; there is one here."""
    unknown = set(kwargs) - {"target", "context_name"}
    if unknown:
        raise TypeError(f"unknown arguments: {sorted(unknown)}")
