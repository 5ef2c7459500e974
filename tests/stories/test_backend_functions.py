"""A backend of functions in the manner of Keras 1: variables with shapes attached, training phases, functions, loops over time."""

import numpy as np
import pytest

import theano
import theano.sparse as th_sparse
import theano.tensor as T
from theano.ifelse import ifelse
from theano.printing import Print
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams
from theano.tensor.nnet import bn, conv3d2d
from theano.tensor.nnet.abstract_conv import conv2d_grad_wrt_inputs
from theano.tensor.signal import pool

FLOATX = theano.config.floatX
_phase = T.scalar(dtype="uint8", name="learning_phase")


def variable(value, dtype=None, name=None):
    if hasattr(value, "tocoo"):
        found = th_sparse.as_sparse_variable(value)
        found._keras_shape = value.shape
        return found
    value = np.asarray(value, dtype=dtype or FLOATX)
    found = theano.shared(value=value, name=name, strict=False)
    found._keras_shape, found._uses_learning_phase = value.shape, False
    return found


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None):
    ndim = ndim or len(shape)
    shape = tuple(shape) if shape else (None,) * ndim
    if sparse:
        x = th_sparse.csr_matrix(name=name, dtype=dtype or FLOATX)
    else:
        x = T.TensorType(dtype or FLOATX, (False,) * ndim)(name)
    x._keras_shape, x._uses_learning_phase = shape, False
    return x


def int_shape(x):
    return x._keras_shape


def eval_(x):
    return x.eval() if hasattr(x, "eval") else x


def dot(x, y):
    if isinstance(x.type, th_sparse.SparseType):
        return th_sparse.basic.structured_dot(x, y)
    return T.dot(x, y)


def in_train_phase(x, alt):
    return T.switch(_phase, x, alt) if True else ifelse(_phase, x, alt)


def categorical_crossentropy(output, target, from_logits=False):
    output = T.nnet.softmax(output) if from_logits else output / output.sum(axis=-1, keepdims=True)
    output = T.clip(output, 1e-7, 1.0 - 1e-7)
    return T.nnet.categorical_crossentropy(output, target)


def dropout(x, level, seed=5):
    rng = RandomStreams(seed=seed)
    retain = 1.0 - level
    return x * rng.binomial(x.shape, p=retain, dtype=x.dtype) / retain


def conv2d(x, kernel, border_mode="valid", strides=(1, 1), image_shape=None):
    half = border_mode == "same"
    mode = "half" if half else "valid"
    out = T.nnet.conv2d(
        x, kernel, border_mode=mode, subsample=strides, input_shape=image_shape, filter_shape=kernel.get_value().shape
    )
    if half and kernel.get_value().shape[2] % 2 == 0:
        out = out[:, :, : (x.shape[2] + strides[0] - 1) // strides[0], :]
    return out


def deconv2d(x, kernel, output_shape):
    return conv2d_grad_wrt_inputs(
        x,
        kernel,
        output_shape,
        filter_shape=kernel.get_value().shape,
        border_mode="valid",
        subsample=(1, 1),
        filter_flip=True,
    )


def rnn(step, inputs, initial, mask=None, unroll=False, go_backwards=False):
    inputs = inputs.dimshuffle((1, 0, *range(2, inputs.ndim)))
    if mask is not None:
        mask = T.addbroadcast(mask.dimshuffle((1, 0, "x")) if mask.ndim == 2 else mask.dimshuffle((1, 0, 2)), 2)

        def masked(x, m, output, *states):
            new, new_states = step(x, states)
            return [T.switch(m, new, output), *(T.switch(m, n, s) for n, s in zip(new_states, states))]

        start = T.unbroadcast(T.zeros_like(step(inputs[0], initial)[0]), 0)
        results, _ = theano.scan(
            masked, sequences=[inputs, mask], outputs_info=[start, *initial], go_backwards=go_backwards
        )
    else:
        results, _ = theano.scan(
            lambda x, *states: [step(x, states)[0], *step(x, states)[1]],
            sequences=inputs,
            outputs_info=[None, *initial],
            go_backwards=go_backwards,
        )
    outputs = T.squeeze(results[0])
    outputs = results[0]
    return (
        outputs[-1],
        outputs.dimshuffle((1, 0, *range(2, outputs.ndim))),
        [T.squeeze(state[-1]) for state in results[1:]],
    )


class Function:
    def __init__(self, inputs, outputs, updates=(), **kwargs):
        seen, unique = set(), []
        for target, new in updates:
            if target not in seen:
                seen.add(target)
                unique.append((target, new))
        self.function = theano.function(
            inputs,
            outputs,
            updates=unique,
            allow_input_downcast=True,
            on_unused_input="ignore",
            name=kwargs.pop("name", None),
            **kwargs,
        )

    def __call__(self, inputs):
        assert isinstance(inputs, (list, tuple))
        return self.function(*inputs)


def test_a_model_with_phases_is_trained():
    rng = np.random.RandomState(0)
    data = rng.normal(size=(60, 5))
    labels = np.eye(2)[(data[:, 0] + data[:, 1] > 0).astype(int)]
    x, y = placeholder((None, 5), name="x"), placeholder((None, 2), name="y")
    W1, b1 = variable(rng.normal(0, 0.5, (5, 16)), name="W1"), variable(np.zeros(16), name="b1")
    W2, b2 = variable(rng.normal(0, 0.5, (16, 2)), name="W2"), variable(np.zeros(2), name="b2")
    gamma, beta = variable(np.ones(16)), variable(np.zeros(16))
    mean, std = variable(np.zeros(16)), variable(np.ones(16))
    h = T.dot(x, W1) + b1
    normed, m, inv_std = bn.batch_normalization_train(h, gamma, beta, axes="per-activation", epsilon=1e-3)
    tested = bn.batch_normalization_test(h, gamma, beta, mean, std, "per-activation", 1e-3)
    h = T.nnet.relu(in_train_phase(normed, tested))
    h = in_train_phase(dropout(h, 0.1), h)
    out = T.nnet.softmax(T.dot(h, W2) + b2)
    loss = categorical_crossentropy(out, y).mean()
    params = [W1, b1, W2, b2, gamma, beta]
    updates = []
    for p, g in zip(params, T.grad(loss, params)):
        cache = variable(np.zeros(p.get_value().shape))
        new = 0.9 * cache + 0.1 * T.sqr(g)
        updates += [(cache, new), (p, p - 0.02 * g / (T.sqrt(new) + 1e-6))]
    updates += [(mean, 0.9 * mean + 0.1 * m.flatten()), (std, 0.9 * std + 0.1 * T.inv(T.sqr(inv_std.flatten())))]
    train, predict = Function([x, y, _phase], [loss], updates), Function([x, _phase], [out])
    first = train([data, labels, 1])[0]
    for _ in range(60):
        last = train([data, labels, 1])[0]
    assert last < 0.4 * first
    assert (predict([data, 0])[0].argmax(1) == labels.argmax(1)).mean() > 0.9
    np.testing.assert_array_equal(predict([data, 0])[0], predict([data, 0])[0])
    assert predict([data.astype("float64").tolist(), 0])[0].shape == (60, 2)


def test_shapes_hang_on_variables():
    x = placeholder((None, 3, 8, 8), name="image")
    assert int_shape(x) == (None, 3, 8, 8) and x._uses_learning_phase is False
    w = variable(np.zeros((2, 3)), name="w")
    assert int_shape(w) == (2, 3) and eval_(w).shape == (2, 3) and eval_(w * 2 + 1).tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("backwards", [False, True])
def test_loops_over_time_with_a_mask(backwards):
    rng = np.random.RandomState(0)
    x, mask = placeholder((None, None, 3)), placeholder(ndim=2, dtype="uint8")
    U = variable(rng.normal(size=(3, 3)))

    def step(now, states):
        new = T.tanh(now + T.dot(states[0], U))
        return new, [new]

    initial = T.zeros_like(x[:, 0, :])
    data, flags = rng.normal(size=(2, 4, 3)), np.array([[1, 1, 1, 1], [1, 1, 0, 0]], dtype="uint8")
    last, outputs, states = rnn(step, x, [initial], mask, go_backwards=backwards)
    f = Function([x, mask], [last, outputs, states[0]])
    got_last, got_outputs, got_state = f([data, flags])
    order = range(3, -1, -1) if backwards else range(4)
    state, out, rows = np.zeros((2, 3)), np.zeros((2, 3)), []
    for t in order:
        new = np.tanh(data[:, t] + state @ U.get_value())
        keep = flags[:, t : t + 1] > 0
        out, state = np.where(keep, new, out), np.where(keep, new, state)
        rows.append(out)
    np.testing.assert_allclose(got_last, out, rtol=1e-6)
    np.testing.assert_allclose(got_outputs, np.stack(rows, 1), rtol=1e-6)
    np.testing.assert_allclose(got_state, state, rtol=1e-6)
    plain_last, plain_outputs, _ = rnn(step, x, [initial], go_backwards=backwards)
    assert Function([x], [plain_outputs])([data])[0].shape == (2, 4, 3)
    slope = T.grad(plain_last.sum(), U)
    assert Function([x], [slope])([data])[0].shape == (3, 3)


def test_sparse_inputs():
    from scipy import sparse

    matrix = sparse.random(4, 6, 0.5, format="csr", random_state=0)
    x, W = placeholder((None, 6), sparse=True, name="s"), variable(np.arange(12).reshape(6, 2))
    np.testing.assert_allclose(Function([x], [dot(x, W)])([matrix])[0], matrix @ W.get_value())
    assert int_shape(variable(matrix)) == (4, 6)


def test_images():
    rng = np.random.RandomState(0)
    x = placeholder((None, 2, 6, 6))
    kernel = variable(rng.normal(size=(3, 2, 3, 3)))
    data = rng.normal(size=(2, 2, 6, 6))
    same, valid = Function([x], [conv2d(x, kernel, "same"), conv2d(x, kernel)])([data])
    assert same.shape == (2, 3, 6, 6) and valid.shape == (2, 3, 4, 4)
    np.testing.assert_allclose(same[:, :, 1:-1, 1:-1], valid, rtol=1e-6, atol=1e-9)
    back = variable(rng.normal(size=(2, 3, 3, 3)))
    assert Function([x], [deconv2d(x, back, (2, 3, 8, 8))])([data])[0].shape == (2, 3, 8, 8)
    pooled = pool.pool_2d(x, ws=(2, 2), stride=(2, 2), ignore_border=True, pad=(0, 0), mode="average_exc_pad")
    np.testing.assert_allclose(
        Function([x], [pooled])([data])[0], data.reshape(2, 2, 3, 2, 3, 2).mean((3, 5)), rtol=1e-6
    )
    padded = T.set_subtensor(T.zeros((x.shape[0], x.shape[1], x.shape[2] + 2, x.shape[3]))[:, :, 1:-1, :], x)
    assert Function([x], [padded])([data])[0].sum() == pytest.approx(data.sum())
    up = T.extra_ops.repeat(T.extra_ops.repeat(x, 2, axis=2), 2, axis=3)
    assert Function([x], [up])([data])[0].shape == (2, 2, 12, 12)
    assert callable(conv3d2d.conv3d)


def test_tools(capsys):
    x = placeholder(ndim=2, name="x")
    shown = Print("value of x", attrs=["shape"])(x)
    Function([x], [shown * 2])([np.ones((2, 3))])
    assert "value of x" in capsys.readouterr().out
    g = theano.gradient.disconnected_grad(x) * x
    np.testing.assert_allclose(Function([x], [T.grad(g.sum(), x)])([np.full((1, 2), 3.0)])[0], [[3.0, 3.0]])
    one_hot = T.extra_ops.to_one_hot(T.cast(x.flatten(), "int32"), 3)
    assert Function([x], [one_hot])([[[0, 2]]])[0].tolist() == [[1, 0, 0], [0, 0, 1]]
    value = variable(np.zeros(2))
    value.set_value(np.asarray([1, 2], dtype=value.dtype))
    assert value.get_value().tolist() == [1, 2] and value.eval().sum() == 3
    with pytest.raises(TypeError):
        Function([x], [x])([np.ones(3)])
