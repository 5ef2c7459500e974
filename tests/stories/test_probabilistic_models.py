"""A library of probability models in the manner of PyMC3 3.x: its graph helpers, its variable classes, and samplers on top."""

import numpy as np
import pytest
from scipy import stats

import theano
import theano.tensor as tt
from theano import scalar
from theano.compile.sharedvalue import SharedVariable
from theano.gof.graph import inputs
from theano.gof.op import get_test_value
from theano.tensor import TensorVariable
from theano.tensor.sharedvar import TensorSharedVariable
from theano.tensor.slinalg import Cholesky
from theano.tensor.var import TensorConstant

change_flags = theano.configparser.change_flags
floatX = theano.config.floatX


def typefilter(vars, types):
    return [v for v in vars if v.dtype in types]


def makeiter(a):
    return a if isinstance(a, (tuple, list)) else [a]


def inputvars(a):
    return [
        v for v in inputs(makeiter(a)) if isinstance(v, tt.TensorVariable) and not isinstance(v, TensorSharedVariable)
    ]


def cont_inputs(f):
    return typefilter(inputvars(f), ("float32", "float64"))


def gradient(f, vars=None):
    vars = cont_inputs(f) if vars is None else vars
    return (
        tt.concatenate([tt.flatten(tt.grad(f, v, disconnected_inputs="warn")) for v in vars], axis=0)
        if vars
        else tt.zeros(0)
    )


def jacobian1(f, v):
    f = tt.flatten(f)
    idx = tt.arange(f.shape[0], dtype="int32")
    return theano.map(lambda i: tt.flatten(tt.grad(f[i], v, disconnected_inputs="ignore")), idx)[0]


def hessian_diag1(f, v):
    g = tt.flatten(tt.grad(f, v))
    idx = tt.arange(g.shape[0], dtype="int32")
    return theano.map(lambda i: tt.flatten(tt.grad(g[i], v))[i], idx)[0]


class IdentityOp(scalar.UnaryScalarOp):
    @staticmethod
    def st_impl(x):
        return x

    def impl(self, x):
        return x

    def grad(self, inp, grads):
        return grads

    def c_code(self, node, name, inp, out, sub):
        return f"{out[0]} = {inp[0]};"

    def __eq__(self, other):
        return isinstance(self, type(other))

    def __hash__(self):
        return hash(type(self))


identity = tt.Elemwise(IdentityOp(scalar.upgrade_to_float, name="identity"), name="identity")


class FreeRV(TensorVariable):
    """A random variable: a tensor variable that knows its distribution."""

    def __init__(self, type=None, owner=None, index=None, name=None, distribution=None, model=None):
        type = distribution.type if type is None else type
        super().__init__(type, owner, index, name)
        if distribution is None:  # a copy
            return
        self.dshape, self.dsize = tuple(distribution.shape), int(np.prod(distribution.shape))
        self.distribution = distribution
        self.tag.test_value = np.ones(distribution.shape, distribution.dtype) * distribution.default()
        self.logp_elemwiset = distribution.logp(self)
        self.model = model

    @property
    def logpt(self):
        return tt.sum(self.logp_elemwiset)


class Distribution:
    def __init__(self, shape=(), dtype=floatX):
        self.shape, self.dtype = tuple(np.atleast_1d(shape)) if shape != () else (), dtype
        self.type = tt.TensorType(str(dtype), [n == 1 for n in self.shape])

    def default(self):
        return 0.0


class Normal(Distribution):
    def __init__(self, mu=0, sd=1, shape=()):
        self.mu, self.sd = (
            tt.as_tensor_variable(v if isinstance(v, theano.Variable) else np.asarray(v, floatX)) for v in (mu, sd)
        )
        super().__init__(shape)

    def logp(self, value):
        tau = self.sd**-2
        logp = (-tau * (value - self.mu) ** 2 + tt.log(tau / np.pi / 2.0)) / 2.0
        return tt.switch(tt.all(self.sd > 0), logp, -np.inf)


class LogNormalized(Distribution):
    """A positive variable by its logarithm: half-normal with the Jacobian of the transform."""

    def __init__(self, sd, shape=()):
        self.sd = sd
        super().__init__(shape)

    def logp(self, value):
        positive = tt.exp(value)
        return -0.5 * (positive / self.sd) ** 2 + tt.log(2 / (self.sd * np.sqrt(2 * np.pi))) + value


class Model:
    def __init__(self):
        self.free_RVs, self.terms = [], []

    def var(self, name, distribution):
        rv = FreeRV(name=name, distribution=distribution, model=self)
        self.free_RVs.append(rv)
        self.terms.append(rv.logpt)
        return rv

    def observed(self, distribution, data):
        self.terms.append(tt.sum(distribution.logp(tt.as_tensor_variable(data))))

    @property
    def logpt(self):
        return tt.sum([tt.sum(t) for t in self.terms])

    def logp_dlogp_function(self, **kwargs):
        return ValueGradFunction(self.logpt, self.free_RVs, [], **kwargs)


class CallableTensor:
    """Turns a graph into a function of another input."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __call__(self, x):
        (old,) = inputvars(self.tensor)
        return theano.clone(self.tensor, {old: x}, strict=False)


class ValueGradFunction:
    """Value and gradient of a cost as a function of one vector, extra variables held in shared ones."""

    def __init__(self, cost, grad_vars, extra_vars, dtype=None, **kwargs):
        if len({v.name for v in grad_vars + extra_vars}) != len(grad_vars + extra_vars):
            raise ValueError("Names of the arguments are not unique.")
        self._grad_vars, self._extra = grad_vars, extra_vars
        self.size = sum(v.dsize for v in grad_vars)
        givens, self._extra_vars_shared = [], {}
        for v in extra_vars:
            shared = theano.shared(v.tag.test_value, v.name + "_shared__")
            self._extra_vars_shared[v.name] = shared
            givens.append((v, shared))
        self._vars_joined, self._cost_joined = self._build_joined(cost, grad_vars)
        grad = tt.grad(self._cost_joined, self._vars_joined)
        grad.name = "__grad"
        self._theano_function = theano.function([self._vars_joined], [self._cost_joined, grad], givens=givens, **kwargs)
        self._theano_function.trust_input = True

    def _build_joined(self, cost, args):
        args_joined = tt.vector("__args_joined")
        args_joined.tag.test_value = np.zeros(self.size)
        joined_slices, last = {}, 0
        for v in args:
            part = args_joined[last : last + v.dsize].reshape(v.dshape)
            part.name = v.name
            joined_slices[v] = tt.patternbroadcast(part, v.broadcastable) if v.ndim else part.reshape(())
            last += v.dsize
        return args_joined, theano.clone(cost, replace=joined_slices, strict=False)

    def set_extra_values(self, values):
        for v in self._extra:
            self._extra_vars_shared[v.name].set_value(values[v.name])

    def __call__(self, array):
        logp, dlogp = self._theano_function(array)
        return logp, dlogp


def hierarchical(rng):
    group = rng.integers(0, 4, 60)
    data = rng.normal(np.array([-1.0, 0.0, 1.0, 2.0])[group], 0.5)
    model = Model()
    mu = model.var("mu", Normal(0, 5))
    log_tau = model.var("log_tau", LogNormalized(2.0))
    eta = model.var("eta", Normal(0, 1, shape=4))
    log_sd = model.var("log_sd", LogNormalized(1.0))
    theta = mu + tt.exp(log_tau) * eta
    model.observed(Normal(theta[theano.shared(group, name="group")], tt.exp(log_sd)), data)
    return model, group, data


def by_scipy(point, group, data):
    mu, log_tau, eta, log_sd = point[0], point[1], point[2:6], point[6]

    def half(log, scale):
        return stats.halfnorm(scale=scale).logpdf(np.exp(log)) + log

    return (
        stats.norm(0, 5).logpdf(mu) + half(log_tau, 2.0) + stats.norm.logpdf(eta).sum() + half(log_sd, 1.0)
        + stats.norm(mu + np.exp(log_tau) * eta[group], np.exp(log_sd)).logpdf(data).sum()
    )  # fmt: skip


def test_value_and_gradient_of_a_hierarchical_model():
    rng = np.random.default_rng(0)
    model, group, data = hierarchical(rng)
    f = model.logp_dlogp_function()
    for _ in range(5):
        point = rng.normal(0, 0.5, 7)
        logp, dlogp = f(point)
        np.testing.assert_allclose(logp, by_scipy(point, group, data), rtol=1e-9)
        steps = np.eye(7) * 1e-6
        numeric = [(by_scipy(point + s, group, data) - by_scipy(point - s, group, data)) / 2e-6 for s in steps]
        np.testing.assert_allclose(dlogp, numeric, rtol=1e-4, atol=1e-4)
    assert [v.name for v in inputvars(model.logpt)] and set(inputvars(model.logpt)) == set(model.free_RVs)
    assert isinstance(model.free_RVs[0], FreeRV) and get_test_value(model.free_RVs[2]).shape == (4,)


def test_a_walk_finds_the_posterior():
    rng = np.random.default_rng(1)
    model, group, data = hierarchical(rng)
    f = model.logp_dlogp_function()
    q, samples, accepted = np.zeros(7), [], 0
    logp, g = f(q)
    for _ in range(600):  # Hamiltonian steps
        p = p0 = rng.normal(size=7)
        new, grad = q.copy(), g
        for _ in range(12):
            p = p + 0.015 * grad
            new = new + 0.03 * p
            new_logp, grad = f(new)
            p = p + 0.015 * grad
        if np.log(rng.random()) < new_logp - logp - (p @ p - p0 @ p0) / 2:
            q, logp, g, accepted = new, new_logp, grad, accepted + 1
        samples.append(q)
    assert accepted > 300
    means = np.mean([s[0] + np.exp(s[1]) * s[2:6] for s in samples[100:]], axis=0)
    np.testing.assert_allclose(means, [data[group == k].mean() for k in range(4)], atol=0.35)


def test_graph_helpers():
    x, i = tt.dvector("x"), tt.lscalar("i")
    f = tt.sum(x**3) + i
    point = np.array([1.0, 2.0])
    assert cont_inputs(f) == [x] and set(inputvars(f)) == {x, i}
    assert gradient(f).eval({x: point, i: 0}).tolist() == [3.0, 12.0]
    np.testing.assert_allclose(jacobian1(x**2, x).eval({x: point}), np.diag([2.0, 4.0]))
    np.testing.assert_allclose(hessian_diag1(f - i, x).eval({x: point, i: 0}), [6.0, 12.0])
    g = CallableTensor(tt.exp(x).sum())
    assert g(tt.constant([0.0, 0.0])).eval() == 2.0
    y = tt.dvector("y")
    assert g(2 * y).eval({y: [0.0]}) == 1.0
    joined = tt.concatenate([v.ravel() for v in (x, tt.dmatrix("m"))])
    assert joined.ndim == 1


def test_elementwise_ops_of_a_users_own():
    x = tt.dvector("x")
    y = identity(x) * 2
    f = theano.function([x], [y, tt.grad(y.sum(), x)])
    assert [v.tolist() for v in f([1.0, 2.0])] == [[2.0, 4.0], [2.0, 2.0]]
    assert identity(tt.iscalar()).dtype in ("float32", "float64")


class GeneratorOp(theano.Op):
    """Draws mini-batches from a generator."""

    __props__ = ("generator",)

    def __init__(self, generator):
        self.generator = generator
        self.itypes, self.otypes = [], [tt.dvector]

    def perform(self, node, inputs, output_storage, params=None):
        output_storage[0][0] = next(self.generator)

    def do_constant_folding(self, node):
        return False


def test_mini_batches_from_a_generator():
    def batches():
        k = 0.0
        while True:
            yield np.array([k, k + 1])
            k += 1

    batch = GeneratorOp(batches())()
    f = theano.function([], batch * 2)
    assert [f().tolist() for _ in range(3)] == [[0.0, 2.0], [2.0, 4.0], [4.0, 6.0]]


class LogP(theano.Op):
    """A log-density from outside with its gradient, as an op."""

    itypes, otypes = [tt.dvector], [tt.dscalar]

    def __init__(self):
        self.slope = LogPGrad()

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.asarray(stats.norm.logpdf(inputs[0]).sum())

    def grad(self, inputs, g):
        return [g[0] * self.slope(inputs[0])]


class LogPGrad(theano.Op):
    itypes, otypes = [tt.dvector], [tt.dvector]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = -inputs[0]


def test_a_black_box_density():
    x = tt.dvector("x")
    f = theano.function([x], [LogP()(x), tt.grad(LogP()(x), x)])
    value, slope = f([1.0, 2.0])
    assert slope.tolist() == [-1.0, -2.0] and np.isclose(value, stats.norm.logpdf([1, 2]).sum())


def test_replacing_variables_by_shared_ones():
    rng = np.random.default_rng(0)
    model, *_ = hierarchical(rng)
    others = model.free_RVs[1:]
    shared = {v: theano.shared(v.tag.test_value, v.name + "_shared", broadcastable=v.broadcastable) for v in others}
    logp = theano.clone(model.logpt, shared, strict=False)
    assert inputvars(logp) == [model.free_RVs[0]]
    f = theano.function([model.free_RVs[0]], logp)
    before = f(0.5)
    shared[others[0]].set_value(np.asarray(0.5))
    assert f(0.5) != before
    assert all(isinstance(v, SharedVariable) for v in shared.values())


def test_cholesky_that_says_nan():
    a = tt.dmatrix("a")
    cholesky = Cholesky(lower=True, on_error="nan")
    f = theano.function([a], cholesky(a))
    assert np.isnan(f(np.array([[1.0, 2.0], [2.0, 1.0]]))).all()
    np.testing.assert_allclose(f(np.eye(2) * 4), np.eye(2) * 2)
    with pytest.raises(np.linalg.LinAlgError):
        theano.function([a], Cholesky()(a))(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_flags_of_sampling():
    @change_flags(compute_test_value="off")
    def build():
        return tt.exp(tt.dvector("x"))

    with theano.config.change_flags(compute_test_value="raise"):
        assert build() is not None
    with change_flags({"exception_verbosity": "high"}):
        assert theano.config.exception_verbosity == "high"
    assert isinstance(tt.constant(1.0), TensorConstant)
    from theano.graph.basic import Constant, Variable  # the later layout

    assert isinstance(tt.constant(1.0), Constant) and isinstance(tt.dscalar(), Variable)
