"""Random programs of tensor expressions, as text: each line is run as it is drawn, so that every program computes something.

A program knows the value of each of its variables, by the reference of each op on the values before it. Lines that raise are
left out; sizes are small, with zeros, and with ones that are known only at run time.
"""

import random

import numpy as np

import theano
import theano.tensor as T
from theon.graph.op import performer

SPACE = {"np": np, "T": T, "theano": theano}
_FLOATS = ("float64", "float64", "float32")
# Drawn now and then instead.
_OTHERS = ("int64", "int8", "int32", "int16", "uint8", "bool", "complex128", "complex64", "float16")
# The same numbers otherwise in memory.
LAYOUTS = [
    np.array,
    np.array,
    lambda a: np.array(a, order="F"),
    lambda a: np.array(a[::-1])[::-1] if a.ndim else a,
    lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    lambda a: np.array(a.T).T,
]

UNARY = [
    "T.tanh({a})", "T.nnet.sigmoid({a})", "T.exp(-abs({a}))", "T.sqrt(abs({a}))", "T.log1p(abs({a}))", "-{a}", "abs({a})",
    "T.sqr({a})", "{a} ** 2", "{a} ** 3", "T.log(1 + abs({a}))", "T.nnet.softplus({a})", "T.cos({a})", "T.erf({a})",
    "1 - T.nnet.sigmoid({a})", "T.exp({a} * 0.1) - 1", "1 / (1 + T.exp({a}))", "{a} + 0", "{a} * 1", "{a} * 0", "0 * {a} + 1",
    "2 * (3 * {a})", "({a} + 2) + 3", "{a} - {a}", "{a} / 2", "-(-{a})", "T.log(T.nnet.sigmoid({a}))", "{a} ** 0", "{a} ** 1",
    "T.zeros_like({a})", "T.ones_like({a})", "T.fill({a}, 2.5)", "T.maximum({a}, {a})", "T.clip({a}, -0.5, 0.5)", "1 - T.erf({a})",
    "T.switch({a} > 0.25, 0, {a}) * {a}",
]  # fmt: skip
BINARY = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / (abs({b}) + 1)", "T.maximum({a}, {b})", "T.minimum({a}, {b})", "({a} + {b}) - {b}",
    "({a} * {b}) * 0.5", "T.fill({a}, {b})", "-{a} * -{b}", "{a} * {b} + {a} * {b}", "T.switch(1, {a}, {b})", "T.switch(0, {a}, {b})",
    "T.sqr({a} - {b})",
]  # fmt: skip
SHAPED = [
    "{a}.T", "{a}.flatten()", "{a}.reshape({a}.shape)", "T.shape_padleft({a})", "T.shape_padright({a})", "{a}.sum()", "{a}.mean()",
    "{a}[0]", "{a}[-1]", "{a}[1:]", "{a}[::-1]", "{a}[:2]", "{a}[None]", "{a}[1:][:1]", "{a}[0:]", "{a}[:, 0]", "{a}[:, 1:]",
    "{a}[..., -1]", "{a}[-2:]", "{a}.sum(axis=0)", "{a}.sum(axis=-1)", "{a}.max(axis=0)", "{a}.prod(axis=0)", "{a}.sum(axis=0, keepdims=True)",
    "{a}.mean(axis=-1)", "{a}.min(axis=-1)", "{a}.sum(axis=0).sum(axis=0)", "{a}.dimshuffle('x', *range({a}.ndim))", "T.stack([{a}, {a} * 2])",
    "T.stack([{a}, {a} + 1])[1]", "T.concatenate([{a}, {a}])", "T.set_subtensor({a}[1:], 0)", "T.inc_subtensor({a}[:1], 1)",
    "T.set_subtensor({a}[0], 2)[0]", "T.inc_subtensor(T.zeros_like({a})[1:], {a}[1:])", "T.alloc({a}, 2, *[{a}.shape[d] for d in range({a}.ndim)])",
    "T.alloc({a}, *[{a}.shape[d] for d in range({a}.ndim)])", "{a} * T.cast({a}.shape[0], '{dtype}')", "{a}.reshape((-1,))",
    "{a}.reshape(({a}.shape[0], -1))", "T.repeat({a}, 2, axis=0)", "{a}[[0, 0]]", "{a}.reshape((1, -1))", "T.tanh({a})[1:]", "(2 * {a})[0]",
    "{a}.sum() * T.ones_like({a})", "T.exp(-abs({a})).sum(axis=0)", "(3 * {a}).sum(axis=0)", "T.alloc(np.asarray(2, '{dtype}'), {a}.shape[0]) + 1",
    "T.nnet.softmax({a})", "T.log(T.exp({a} * 0.1).sum(axis=0))", "T.zeros_like({a})[0]", "({a}[1:] + 1).shape[0] * T.ones_like({a})",
    "T.alloc(np.asarray(1, '{dtype}'), 3, {a}.shape[0])[1:]", "T.tile({a}, 2)", "T.any({a} > 0.3, axis=0)", "{a}[{a}.shape[0] - 1]",
]  # fmt: skip
JOINED = [
    "T.dot({a}, {b})", "T.dot({a}, {b})[0]", "T.dot({a}, {b}).T", "T.concatenate([{a}, {b}])", "T.stack([{a}, {b}])",
    "T.stack([{a}, {b}]).sum(axis=0)", "T.set_subtensor({a}[:], {b})", "T.inc_subtensor({a}[0], {b})", "T.inc_subtensor({a}[1:], {b}[1:])",
    "T.concatenate([{a}, {b}], axis=-1)", "{a} + T.inc_subtensor(T.zeros_like({a})[:1], {b})", "T.concatenate([{a}, {b}])[1:]",
    "T.fill({a}, 1) * {b}", "({a} + {b}).sum(axis=0)", "({a} + {b})[0]", "({a} * {b}).shape[0] * {a}", "T.dot({a}.T, {b})", "T.dot({a}, {b}.T)",
]  # fmt: skip
# One or more of each family that the lists above lack.
FAMILIES = [
    "T.cumsum({a}, axis=0)", "T.cumprod({a})", "T.sort({a}, axis=-1)", "T.argsort({a}[:2], axis=0)", "T.argmax({a}, axis=-1)", "T.argmin({a})",
    "T.diff({a}, axis=0)", "T.roll({a}, 1, axis=0)", "{a}[::-2]", "{a}[{a}.shape[0] - 1 :: -1]", "T.swapaxes({a}, 0, -1)", "T.squeeze({a})",
    "T.diagonal({a})", "T.tril({a})", "T.triu({a}, 1)", "T.diag({a})", "T.fill_diagonal({a}, 1)", "T.eye({a}.shape[0], {a}.shape[0] + 1)",
    "{a}.var(axis=0)", "{a}.std()", "{a}.norm(2)", "T.ptp({a}, axis=0)", "T.all({a} > 0, axis=-1)", "{a}[({a} > 0).nonzero()]", "{a}[{a} > 0]",
    "T.set_subtensor({a}[{a} > 0], 0)", "T.inc_subtensor({a}[[0, 0, -1]], 1)", "T.set_subtensor({a}[..., ::-1], {a} * 2)", "{a}[:, [0, 0]]",
    "T.batched_dot({a}, {b})", "T.tensordot({a}, {b}, 1)", "T.outer({a}, {b})", "T.where({a} > {b}, {a}, {b})", "T.eq({a}, {b})", "T.lt({a}, {b}) * {a}",
    "T.real({a}) + T.imag({a})", "T.conj({a}) * {b}", "abs({a} + {b})", "{a} // 2", "{a} % 3", "T.cast({a}, 'int32')", "T.cast({a}, 'float64')",
    "T.bitwise_and({a}, {b})", "T.floor({a})", "T.round({a})", "T.sgn({a})", "T.arctan2({a}, {b})", "T.gammaln(abs({a}) + 1)", "T.arcsinh({a})",
    "T.nnet.relu({a}, 0.1)", "T.nnet.softmax({a})[0]", "T.log(T.nnet.softmax({a}))", "T.nnet.elu({a})", "T.concatenate([{a}.T, {b}.T], axis=-1).T",
    "T.mean({a}, axis=0, keepdims=True) - {a}", "T.clip({a}, {b}, 1)", "T.dot({a}, {b}) + T.dot({a}, {b})", "T.unbroadcast(T.shape_padleft({a}), 0)",
    "T.extra_ops.repeat({a}, 3)", "T.bincount(abs(T.cast({a}.flatten(), 'int64')))", "theano.clone({a} * 2, {{}})",
    "T.choose(T.cast({a} > 0, 'int32'), ({a}, {b}))",
    "theano.ifelse.ifelse(T.gt({a}.sum(), 0), {a} * 2, {a} - 1)", "theano.scan(lambda r: T.tanh(r) * 2, sequences={a})[0]",
    "theano.scan(lambda r, h: 0.5 * h + r, sequences={a}, outputs_info=T.zeros_like({a}[0]))[0]", "T.mgrid[0:2, 0:3][0] * {a}.shape[0]",
    "T.log(T.exp({a}) + T.exp({b}))", "T.exp({a} * 0.1) * T.exp(-{b} * 0.1)", "T.sqrt({a} ** 2)", "T.exp({a}) / (1 + T.exp({a}))", "{a} ** 2 / (1 + {b} ** 2)",
]  # fmt: skip


class Program:
    """Lines of text, and the variables and values that they give."""

    def __init__(self, seed, prefix=""):
        self.seed, self.prefix = seed, prefix
        self.draw = random.Random(seed)
        self.values = np.random.RandomState(seed)
        self.lines, self.space, self.known = [], dict(SPACE), {}
        self.inputs, self.names = [], []
        n, m = self.draw.choice([(3, 2), (2, 4), (1, 3), (3, 1), (1, 1), (3, 3), (0, 2), (2, 0), (4, 3)])
        shapes = {1: [(m,), (m,), (1,)], 2: [(n, m), (n, m), (1, m), (n, 1)], 3: [(2, n, m)], 0: [()]}
        for place in range(self.draw.randint(2, 4)):
            shape = self.draw.choice(shapes[self.draw.choice([0, 1, 1, 2, 2, 2, 3])])
            # A size 1 is known to be 1, or found out when the function runs.
            flags = tuple(k == 1 and self.draw.random() < 0.5 for k in shape)
            dtype = self.draw.choice(_OTHERS if self.draw.random() < 0.25 else _FLOATS)
            name = f"{prefix}x{place}"
            value = (
                self.values.randint(-3, 4, size=shape)
                if dtype.startswith("int")
                else self.values.randint(0, 4, size=shape)
                if dtype in ("uint8", "bool")
                else self.values.uniform(-1.5, 1.5, shape)
            )
            if dtype.startswith("complex"):
                value = value + 1j * self.values.uniform(-1.5, 1.5, shape)
            laid = self.draw.choice(LAYOUTS)(np.asarray(value, dtype))
            self.add(name, f"T.TensorType({dtype!r}, {flags})({name!r})", laid)
            self.inputs.append(name)
        for _ in range(self.draw.randint(6, 12)):
            self.step()
        if seed % 3 == 0:
            self.differentiate()

    def differentiate(self):
        """Add the gradients of the sum of all results that are floats."""
        results = [name for name in self.outputs() if self.space[name].dtype.startswith("float")]
        if not results:
            return
        cost = " + ".join(f"{name}.sum()" for name in results)
        for name in self.inputs:
            if self.space[name].dtype.startswith("float"):
                try:
                    with np.errstate(all="ignore"):
                        self.add(
                            f"{self.prefix}g{name[len(self.prefix) :]}",
                            f"T.grad({cost}, {name}, disconnected_inputs='ignore')",
                        )
                except Exception:
                    continue

    def add(self, name, text, value=None):
        """Run one line; keep it if it can be computed and is of moderate size."""
        variable = eval(text, self.space)
        if value is None:
            value = self.value_of(variable)
            if value.size > 400 or value.ndim > 4:
                raise ValueError("too large")
            if value.size and value.dtype.kind in "fc" and not (np.isfinite(value).all() and abs(value).max() < 1e4):
                raise ValueError("too far")
        self.space[name] = variable
        self.known[variable] = value
        self.names.append(name)
        self.lines.append(f"{name} = {text}")

    def value_of(self, variable):
        """The value by the reference of each op, as NumPy computes it."""
        pending = [variable]
        while pending:
            v = pending[-1]
            if v in self.known or hasattr(v, "data"):
                self.known.setdefault(v, getattr(v, "data", None))
                pending.pop()
                continue
            missing = [u for u in v.owner.inputs if u not in self.known and not hasattr(u, "data")]
            if missing:
                pending.extend(missing)
                continue
            storage = [[None] for _ in v.owner.outputs]
            performer(v.owner)([self.known.get(u, getattr(u, "data", None)) for u in v.owner.inputs], storage)
            for u, cell in zip(v.owner.outputs, storage):
                self.known[u] = cell[0]
        return np.asarray(self.known[variable])

    def step(self):
        """Draw a line, a few times until one can be run."""
        for _ in range(20):
            form = self.draw.choice(self.draw.choice([UNARY, BINARY, SHAPED, SHAPED, JOINED, FAMILIES]))
            # Lately made ones are likelier, so that lines build on one another.
            a, b = (self.names[-1 - min(int(self.draw.expovariate(0.4)), len(self.names) - 1)] for _ in range(2))
            dtype = self.space[a].dtype
            if "T.any" in form and a not in self.inputs:
                continue
            try:
                with np.errstate(all="ignore"):
                    self.add(f"{self.prefix}v{len(self.lines)}", form.format(a=a, b=b, dtype=dtype))
                return
            except Exception:
                continue

    def outputs(self):
        """The names of what the program is asked for: the last ones and what nobody reads."""
        made = [name for name in self.names if name not in self.inputs]
        text = "\n".join(self.lines)
        return [name for place, name in enumerate(made) if place >= len(made) - 2 or text.count(name) == 1]

    def precision(self):
        """Whether anything is computed in float32 or complex64, and in float16."""
        dtypes = {str(v.dtype) for v in self.known.values() if isinstance(v, np.ndarray)}
        return bool(dtypes & {"float32", "complex64"}), "float16" in dtypes

    @staticmethod
    def shown(value):
        """An expression for an array."""
        return f"np.array({value.tolist()!r}, {str(value.dtype)!r}).reshape({value.shape})"

    def text(self):
        """The program to paste."""
        given = ", ".join(self.inputs)
        values = ", ".join(self.shown(self.known[self.space[name]]) for name in self.inputs)
        lines = ["import numpy as np, theano, theano.tensor as T", *self.lines]
        lines.append(f"outputs = [{', '.join(self.outputs())}]")
        lines.append(f"values = [{values}]")
        for mode in ("None", "theano.Mode('py', None)"):
            lines.append(f"print(theano.function([{given}], outputs, mode={mode}, on_unused_input='ignore')(*values))")
        return "\n".join(lines)


def agree(found, expected, scale, single, half=False):
    """Whether two values are equal but for rounding: of numbers as large as ``scale`` on the way, in float32 if ``single``, float16 if ``half``."""
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return False
    if found.dtype.kind not in "fc":
        return bool(np.array_equal(found, expected))
    tolerance = 1e-5 if single else 1e-11
    if half:
        tolerance = 2e-2
    return bool(np.allclose(found, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
