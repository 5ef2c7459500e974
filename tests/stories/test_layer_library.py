"""A library of layers in the manner of Lasagne: parameters, recurrent and convolutional layers, updates, norms, weights saved."""

from collections import OrderedDict, deque

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import gradient
from theano.sandbox.rng_mrg import MRG_RandomStreams

try:  # as layers on a GPU guard themselves
    from theano.gpuarray import dnn

    has_dnn = dnn.dnn_available()
except ImportError:
    has_dnn = False
try:
    from theano.sandbox.cuda.basic_ops import gpu_contiguous
except ImportError:
    gpu_contiguous = None


def floatX(a):
    return np.asarray(a, dtype=theano.config.floatX)


def create_param(spec, shape, name):
    """A parameter from a number, an array, a shared variable, an expression or a function of the shape."""
    if isinstance(spec, (int, float, np.number)):
        spec = np.full(shape, spec)
    if isinstance(spec, np.ndarray):
        if spec.shape != tuple(shape):
            raise ValueError(f"parameter has shape {spec.shape}, should be {shape}")
        bcast = tuple(n == 1 for n in shape)
        return theano.shared(theano._asarray(spec, dtype=theano.config.floatX), name=name, broadcastable=bcast)
    if isinstance(spec, theano.compile.SharedVariable):
        return spec
    if isinstance(spec, theano.Variable):
        return spec
    return create_param(floatX(spec(shape)), shape, name)


class Layer:
    def __init__(self, incoming, name=None):
        self.input_layer = incoming if isinstance(incoming, Layer) else None
        self.input_shape = incoming.output_shape if isinstance(incoming, Layer) else incoming
        self.params = OrderedDict()
        self.name = name

    @property
    def output_shape(self):
        return self.get_output_shape_for(self.input_shape)

    def get_output_shape_for(self, shape):
        return shape

    def add_param(self, spec, shape, name, **tags):
        param = create_param(spec, shape, f"{self.name}.{name}")
        self.params[param] = {
            "trainable": tags.pop("trainable", True),
            "regularizable": tags.pop("regularizable", True),
        }
        return param


class InputLayer(Layer):
    def __init__(self, shape):
        super().__init__(shape)
        self.input_var = T.TensorType(theano.config.floatX, [n == 1 for n in shape])("input")


class DenseLayer(Layer):
    def __init__(
        self,
        incoming,
        units,
        W,
        b=0.0,
        nonlinearity=T.nnet.rectify if hasattr(T.nnet, "rectify") else T.nnet.relu,
        name="dense",
    ):
        super().__init__(incoming, name)
        self.units, self.nonlinearity = units, nonlinearity
        self.W = self.add_param(W, (int(np.prod(self.input_shape[1:])), units), "W")
        self.b = self.add_param(b, (units,), "b", regularizable=False)

    def get_output_shape_for(self, shape):
        return (shape[0], self.units)

    def get_output_for(self, x, **kwargs):
        if x.ndim > 2:
            x = x.flatten(2)
        return self.nonlinearity(T.dot(x, self.W) + self.b.dimshuffle("x", 0))


class Conv2DLayer(Layer):
    def __init__(self, incoming, filters, size, W, name="conv"):
        super().__init__(incoming, name)
        self.filters, self.size = filters, size
        self.W = self.add_param(W, (filters, self.input_shape[1], size, size), "W")
        self.b = self.add_param(0.0, (filters,), "b", regularizable=False)

    def get_output_shape_for(self, shape):
        return (shape[0], self.filters, shape[2] - self.size + 1, shape[3] - self.size + 1)

    def get_output_for(self, x, **kwargs):
        found = T.nnet.conv2d(
            x,
            self.W,
            self.input_shape,
            self.W.get_value(borrow=True).shape,
            subsample=(1, 1),
            border_mode="valid",
            filter_flip=True,
        )
        return T.nnet.relu(found + self.b.dimshuffle("x", 0, "x", "x"))


class MaxPool2DLayer(Layer):
    def get_output_shape_for(self, shape):
        return (*shape[:2], shape[2] // 2, shape[3] // 2)

    def get_output_for(self, x, **kwargs):
        return T.signal.pool.pool_2d(x, ws=(2, 2), stride=(2, 2), ignore_border=True, pad=(0, 0), mode="max")


class DropoutLayer(Layer):
    def __init__(self, incoming, p=0.5, seed=1):
        super().__init__(incoming)
        self.p, self._srng = p, MRG_RandomStreams(seed)

    def get_output_for(self, x, deterministic=False, **kwargs):
        if deterministic or not self.p:
            return x
        one = T.constant(1)
        retain = one - self.p
        return x / retain * self._srng.binomial(x.shape, p=retain, dtype=x.dtype)


class BatchNormLayer(Layer):
    def __init__(self, incoming, name="bn"):
        super().__init__(incoming, name)
        shape = (self.input_shape[1],)
        self.gamma, self.beta = self.add_param(1.0, shape, "gamma"), self.add_param(0.0, shape, "beta")
        self.mean = self.add_param(0.0, shape, "mean", trainable=False, regularizable=False)
        self.inv_std = self.add_param(1.0, shape, "inv_std", trainable=False, regularizable=False)

    def get_output_for(self, x, deterministic=False, **kwargs):
        axes = tuple(d for d in range(x.ndim) if d != 1)
        mean, inv_std = x.mean(axes), T.inv(T.sqrt(x.var(axes) + 1e-4))
        pattern = ["x", 0, *["x"] * (x.ndim - 2)]
        if deterministic:
            mean, inv_std = self.mean, self.inv_std
        else:  # running averages by default updates of clones, as Lasagne makes them
            running_mean = theano.clone(self.mean, share_inputs=False)
            running_inv_std = theano.clone(self.inv_std, share_inputs=False)
            running_mean.default_update = 0.9 * running_mean + 0.1 * mean
            running_inv_std.default_update = 0.9 * running_inv_std + 0.1 * inv_std
            mean, inv_std = mean + 0 * running_mean, inv_std + 0 * running_inv_std
        return (x - mean.dimshuffle(pattern)) * (self.gamma * inv_std).dimshuffle(pattern) + self.beta.dimshuffle(
            pattern
        )


class LSTMLayer(Layer):
    def __init__(self, incoming, units, W, grad_clipping=1.0, name="lstm"):
        super().__init__(incoming, name)
        self.units, self.grad_clipping = units, grad_clipping
        n = self.input_shape[2]
        self.W = [self.add_param(W, (n, units), f"W{k}") for k in range(4)]
        self.U = [self.add_param(W, (units, units), f"U{k}") for k in range(4)]

    def get_output_shape_for(self, shape):
        return (shape[0], self.units)

    def get_output_for(self, x, **kwargs):
        x = x.dimshuffle(1, 0, 2)
        W, U = T.concatenate(self.W, axis=1), T.concatenate(self.U, axis=1)
        x = T.dot(x, W)

        def step(now, cell, hidden, U):
            gates = now + T.dot(hidden, U)
            gates = gradient.grad_clip(gates, -self.grad_clipping, self.grad_clipping)
            i, f, c, o = (gates[:, k * self.units : (k + 1) * self.units] for k in range(4))
            cell = T.nnet.sigmoid(f) * cell + T.nnet.sigmoid(i) * T.tanh(c)
            return cell, T.nnet.sigmoid(o) * T.tanh(cell)

        zeros = T.dot(T.ones((x.shape[1], 1)), T.zeros((1, self.units)))
        (_, hidden), _ = theano.scan(step, sequences=x, outputs_info=[zeros, zeros], non_sequences=[U], strict=True)
        return hidden[-1]


def get_all_layers(layer):
    found = []
    while layer is not None:
        found.insert(0, layer)
        layer = layer.input_layer
    return found


def get_output(layer, x=None, **kwargs):
    for one in get_all_layers(layer):
        x = (one.input_var if x is None else x) if isinstance(one, InputLayer) else one.get_output_for(x, **kwargs)
    return x


def collect_shared_vars(expressions):
    queue, found = deque(expressions), OrderedDict()
    return [
        v
        for v in theano.gof.graph.inputs(list(queue))
        if isinstance(v, theano.compile.SharedVariable) and not found.setdefault(v)
    ]


def get_all_params(layer, **tags):
    params = [
        p for one in get_all_layers(layer) for p, own in one.params.items() if all(own[t] == v for t, v in tags.items())
    ]
    return collect_shared_vars(params)


def total_norm_constraint(tensors, max_norm, epsilon=1e-7):
    norm = T.sqrt(sum(T.sum(t**2) for t in tensors))
    dtype = np.dtype(theano.config.floatX).type
    target = T.clip(norm, 0, dtype(max_norm))
    return [step * (target / (dtype(epsilon) + norm)) for step in tensors]


def adam(loss, params, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    grads = total_norm_constraint(theano.grad(loss, params), 5)
    t_prev = theano.shared(floatX(0.0))
    updates, one = OrderedDict(), T.constant(1)
    t = t_prev + 1
    rate = learning_rate * T.sqrt(one - beta2**t) / (one - beta1**t)
    for param, g in zip(params, grads):
        value = param.get_value(borrow=True)
        m_prev = theano.shared(np.zeros(value.shape, value.dtype), broadcastable=param.broadcastable)
        v_prev = theano.shared(np.zeros(value.shape, value.dtype), broadcastable=param.broadcastable)
        m, v = beta1 * m_prev + (one - beta1) * g, beta2 * v_prev + (one - beta2) * g**2
        updates[m_prev], updates[v_prev] = m, v
        updates[param] = param - rate * m / (T.sqrt(v) + epsilon)
    updates[t_prev] = t
    return updates


def normal(std, seed):
    return lambda shape: np.random.RandomState(seed).normal(0, std, shape)


@pytest.mark.parametrize("floatx", ["float64", "float32"])
def test_a_convolutional_net_learns(floatx, tmp_path):
    with theano.config.change_flags(floatX=floatx):
        rng = np.random.RandomState(0)
        X = rng.normal(0, 0.3, (40, 1, 8, 8)).astype(floatx)
        y = np.arange(40, dtype="int32") % 2
        X[y == 1, :, 2:5, 2:5] += 1
        l_in = InputLayer((None, 1, 8, 8))
        net = Conv2DLayer(l_in, 4, 3, normal(0.3, 1))
        net = BatchNormLayer(net)
        net = MaxPool2DLayer(net)
        net = DropoutLayer(net, 0.2)
        net = DenseLayer(net, 2, normal(0.2, 2), nonlinearity=T.nnet.softmax)
        target = T.ivector("target")
        out = get_output(net)
        penalty = sum(T.sum(p**2) for p in get_all_params(net, regularizable=True))
        loss = T.nnet.categorical_crossentropy(out, target).mean() + 1e-4 * penalty
        params = get_all_params(net, trainable=True)
        assert len(params) == 6 and len(get_all_params(net)) == 8
        train = theano.function([l_in.input_var, target], loss, updates=adam(loss, params, 0.02))
        sure = get_output(net, deterministic=True)
        accuracy = T.mean(T.eq(T.argmax(sure, axis=1), target), dtype=theano.config.floatX)
        check = theano.function([l_in.input_var, target], accuracy)
        first = float(train(X, y))
        for _ in range(40):
            last = float(train(X, y))
        assert last < 0.4 * first and train.maker.fgraph.outputs[0].dtype == floatx
        bn = next(layer for layer in get_all_layers(net) if isinstance(layer, BatchNormLayer))
        assert not np.allclose(bn.mean.get_value(), 0)  # the clones' default updates reach the parameter
        assert check(X, y) > 0.9
        path = tmp_path / "model.npz"
        np.savez(path, *[p.get_value() for p in get_all_params(net)])
        before = check(X, y)
        for p in get_all_params(net):
            p.set_value(p.get_value() * 0)
        with np.load(path) as f:
            for p, key in zip(get_all_params(net), f.files):
                p.set_value(f[key])
        assert check(X, y) == before


def test_a_recurrent_net_learns():
    rng = np.random.RandomState(0)
    X = rng.normal(0, 1, (32, 6, 3)).astype(theano.config.floatX)
    y = (X[:, 0, 0] > 0).astype("int32")
    l_in = InputLayer((None, None, 3))
    net = DenseLayer(LSTMLayer(l_in, 8, normal(0.4, 3)), 2, normal(0.4, 4), nonlinearity=T.nnet.softmax)
    target = T.ivector("target")
    loss = T.nnet.categorical_crossentropy(get_output(net), target).mean()
    train = theano.function(
        [l_in.input_var, target], loss, updates=adam(loss, get_all_params(net, trainable=True), 0.05)
    )
    first = float(train(X, y))
    for _ in range(60):
        last = float(train(X, y))
    assert last < 0.3 * first


def test_gpu_guards_say_no():
    assert has_dnn is False and gpu_contiguous is None
    assert theano.sandbox.cuda.cuda_enabled is False and theano.gpuarray.pygpu_activated is False
    with pytest.raises(EnvironmentError, match="on the CPU"):
        theano.sandbox.cuda.use("gpu0")


def test_parameters_from_anything():
    assert create_param(2.0, (1, 3), "a").broadcastable == (True, False)
    shared = theano.shared(np.zeros(2))
    assert create_param(shared, (2,), "b") is shared and create_param(T.dvector("c"), (2,), "c").name == "c"
    with pytest.raises(ValueError):
        create_param(np.zeros(3), (2,), "d")
