"""For each rule a graph on which it fires: name -> function that returns (inputs, output, values), or several of them.

``values`` are drawn by ``draw`` where a sample does not give them: positive numbers, so that logarithms and roots are defined.
"""

import numpy as np

import theano
import theano.tensor as T
import theano.tensor.nlinalg
import theano.tensor.slinalg
from theano.tensor.nnet.bn import AbstractBatchNormTrain as BatchNormTrain
from theano.tensor.nnet.bn import AbstractBatchNormTrainGrad as BatchNormTrainGrad
from theano.tensor.nnet.ctc import ctc
from theon.ops.cast import ScalarFromTensor, TensorFromScalar
from theon.ops.declare import REGISTRY
from theon.ops.dims import Rebroadcast
from theon.ops.extremes import Max
from theon.ops.fill import alloc
from theon.ops.hints import psd
from theon.ops.join import Join, MakeVector, Split
from theon.ops.reduce import Sum
from theon.ops.shape import Shape_i

E = {name: op for name, op in REGISTRY.items()}
rng = np.random.RandomState(7)


def v(name="v", dtype="float64"):
    return T.TensorType(dtype, (False,))(name)


def m(name="m", dtype="float64"):
    return T.TensorType(dtype, (False, False))(name)


x, y, z = v("x"), v("y"), v("z")
a, b = m("a"), m("b")
s = T.dscalar("s")
i, j = T.lscalar("i"), v("j", "int64")
t = T.dtensor3("t")


def draw(variable):
    """A value of moderate size: 3 along each dimension."""
    shape = [1 if flag else 3 for flag in variable.type.broadcastable]
    if variable.type.dtype.startswith(("int", "uint")) and not shape:
        return np.asarray(1, dtype=variable.type.dtype)
    if variable.type.dtype.startswith(("int", "uint")):
        return np.asarray(rng.randint(0, 3, size=shape), dtype=variable.type.dtype)
    if variable.type.dtype == "bool":
        return rng.rand(*shape) > 0.5
    return np.asarray(rng.rand(*shape) + 0.25, dtype=variable.type.dtype)


def n(k, u=x):
    return T.constant(np.asarray(k, u.dtype))


zero, one = n(0.0), n(1.0)
row = T.drow("row")
nll_target = v("target", "int64")
p = T.nnet.softmax(a)


# A matrix that is surely positive definite, its factor and its inverse.
spd = T.dot(a, a.T) + T.eye(3)
L = T.slinalg.cholesky(spd)
inverse = T.nlinalg.matrix_inverse(spd)


def likelihood_gradient(loss):
    return T.grad(loss.sum(), a)


SAMPLES = {
    # copies, casts
    "of_one_operand": [E["identity"](x), E["add"](x), E["mul"](x)],
    "of_twice_the_same": [T.maximum(x, x), T.minimum(j, j)],
    "exclusive_or_with_itself": [T.xor(j, j)],
    "logic_with_a_constant": [T.and_(j, 0), T.or_(j, 0), T.and_(T.gt(x, 0.5), np.array(True)), T.or_(T.gt(x, 0.5), np.array(True))],
    "cast_of_cast": [T.cast(T.cast(v("f", "float32"), "float64"), "float32"), T.cast(T.cast(v("k", "int8"), "int64"), "int16")],
    "scalar_of_tensor_of_scalar": [ScalarFromTensor()(TensorFromScalar()(s))],
    "tensor_of_scalar_of_tensor": [TensorFromScalar()(ScalarFromTensor()(s))],
    "constant_operand_of_result_dtype": [x + np.int8(3), v("f", "float32") * np.int8(2)],
    # fills
    "fill_of_the_same_shape": [T.second(x, T.exp(x)), T.second(s, s + 1)],
    "fill_of_fill": [T.second(x, T.second(x, s.dimshuffle("x")))],
    "fill_to_the_shape_of_an_operand": [T.second(T.exp(x), s)],
    "alloc_of_the_same_shape": [alloc(x, x.shape[0]), alloc(a, a.shape[0], a.shape[1])],
    "alloc_of_alloc": [alloc(alloc(s, i), 2, i), alloc(alloc(x, 1, x.shape[0]), i, x.shape[0])],
    "alloc_of_padded": [alloc(x.dimshuffle("x", 0), i, x.shape[0])],
    "dimshuffle_of_alloc": [alloc(s, i, 4).T],
    "unary_of_alloc": [T.exp(alloc(s, i, 4))],
    "operand_spread_for_nothing": [x * alloc(s, x.shape[0]), T.second(x, s) + T.exp(x)],
    "fill_to_alloc": [T.second(x, n(2.0))],
    "empty_to_zeros": [T.basic.AllocEmpty("float64")(i, 2)],
    # choices and comparisons
    "switch_of_known_condition": [T.switch(1, x, y), T.switch(T.constant(0), x, s), T.switch(0, x, 2.0)],
    "switch_between_equals": [T.switch(x > 0.5, y, y), T.switch(x > 0.5, 2.0, 2.0)],
    "switches_of_one_condition": [T.switch(x > 0.5, 1.0, 2.0) + T.switch(x > 0.5, y, 3.0), T.switch(x > 0.5, y, z) * T.switch(x > 0.5, z, x)],
    "comparison_with_itself": [T.lt(x, x), T.eq(j, j), T.gt(x, x), T.neq(j, j), T.le(j, j), T.ge(j, j)],
    "comparison_of_a_size": [T.lt(x.shape[0], 0), T.ge(a.shape[1], 0), T.le(0, x.shape[0]), T.eq(x.shape[0], -1), T.lt(x.shape[0] + a.shape[1], 0)],
    "larger_of_size_and_zero": [T.maximum(x.shape[0], 0)],
    "smaller_of_size_and_zero": [T.minimum(x.shape[0], 0)],
    # checks
    "assertion_of_truth": [T.opt.Assert("no")(x, np.asarray(True)), T.opt.Assert("no")(x, T.gt(i, -1), T.constant(1))],
    "assertion_left_out": [T.opt.Assert("no")(x, T.gt(i, -1))],
    "rebroadcast_of_the_same": [Rebroadcast((0, True))(row) * 2, Rebroadcast((0, True), (1, False))(row) * 2],
    "rebroadcast_of_unary": [Rebroadcast((0, False))(T.exp(row))],
    "rebroadcast_of_rebroadcast": [Rebroadcast((0, True))(Rebroadcast((0, False))(row)) + 1],
    # arithmetic
    "sum_with_zero": [x + 0, E["add"](zero, x, y), x + T.zeros_like(x)],
    "difference_with_zero": [x - 0],
    "zero_minus": [0 - x],
    "product_with_one": [x * 1, E["mul"](one, x, y), x * T.ones_like(y)],
    "product_with_minus_one": [x * -1],
    "product_with_zero": [x * 0, j * 0],
    "quotient_by_one": [x / 1, j // 1],
    "quotient_of_zero": [0 / x],
    "opposite_terms": [x + y - x, x - x, j - j, (x - y) + y],
    "constant_terms": [(x + 2) + 3, 1 - (x - 4)],
    "constant_factors": [(x * 2) * 3, (x / 2) * 3, 6 / (x * 2)],
    "negative_factors": [-x * -y, -x / -y],
    "absolute_value_of_negative": [abs(-x), abs(abs(x)), abs(T.sqr(x))],
    "absolute_value_of_product": [abs(x * y), abs(x / y)],
    "over_its_absolute_value": [x / abs(x), (4 * x) / abs(2 * x), (x * y) / abs(-3 * y * x)],
    "factor_of_switch": [x * T.switch(y > 0.5, 0, z), T.switch(y > 0.5, 0, z) / x, T.switch(y > 0.5, z, 0) * x],
    "product_with_sum_of_quotients": [x * (y / x + z)],
    "product": [x * (y / x), (x / y) * y, T.exp(-T.sqr(x)) * (y / T.erfc(x))],
    "quotient": [(x * y) / x, T.exp(x) / (1 + T.exp(x)), x / x, T.exp(-T.sqr(x)) / T.erfc(x), x**2 / x, y * x / x**3, T.exp(-x) / (1 + T.exp(-x)) ** 2],
    # powers
    "root_of_square": [T.sqrt(T.sqr(x)), T.sqrt(x**2), (x**2) ** 0.5, T.sqrt(x * x)],
    "power_zero_or_one": [x**0, x**1],
    "integer_power": [x**2, x**7, x**-3, j**3],
    "power_minus_one": [x**-1],
    "power_half": [x**0.5, x**-0.5],
    "product_with_itself": [x * x],
    "product_of_absolute_values": [abs(x) * abs(y)],
    "negative_as_product": [-x],
    "quotient_of_one": [1 / x],
    "inverse_as_power": [T.inv(x)],
    "function_of_its_inverse": [T.sinh(T.arcsinh(x)), T.inv(T.inv(x)), T.rad2deg(T.deg2rad(x)), T.log1p(T.expm1(x))],
    "twice_its_own_inverse": [T.invert(T.invert(j)), T.conj(T.conj(T.zvector("c")))],
    "function_of_its_inverse_where_defined": [T.exp(T.log(x)), T.sqr(T.sqrt(x)), T.sin(T.arcsin(x / 8))],
    # stabilisation
    "log_of_softmax": [T.log(p), T.log(p)[:, 0], T.log(p[T.arange(3), nll_target]), T.log(p[[2, 0]]), T.log(p.T)],
    "softmax_written_out": [
        T.exp(a) / T.exp(a).sum(axis=1, keepdims=True), T.exp(a) / T.exp(a).sum(axis=0, keepdims=True),
        T.exp(x) / T.exp(x).sum(axis=0, keepdims=True),
    ],
    "log_of_one_minus_exp": [T.log(1 - T.exp(x - 9)), T.log(1 - T.exp(x / 8)), T.log(1 - T.exp(-T.exp(x)))],
    "log_of_one_plus": [T.log(1 + x), T.log(1 - x / 8), T.log(x + 1 + y), T.log(1 + x - y / 8), T.log(T.fill(a, 1) + x)],
    "log1p_of_exp": [T.log1p(T.exp(x))],
    "log1p_of_minus_sigmoid": [T.log1p(-T.nnet.sigmoid(x))],
    "log_of_sigmoid": [T.log(T.nnet.sigmoid(x))],
    "log_of_exp": [T.log(T.exp(x))],
    "function_and_one": [
        1 - T.nnet.sigmoid(x), T.nnet.sigmoid(x) - 1, T.exp(x) - 1, 1 - T.exp(x), 1 - T.erf(x), 1 + T.erf(x),
        T.erf(x) - 1, -1 - T.erf(x), 1 - T.erfc(x), T.erfc(x) - 1, -1 + T.erfc(-x), 1 + (-T.erf(x)), 1 - T.cos(x),
    ],
    "sigmoid_times_exp": [T.nnet.sigmoid(x) * T.exp(-x), T.nnet.sigmoid(-x) * T.exp(x), -(T.nnet.sigmoid(x) * y) * T.exp(-x)],
    "inverse_of_one_plus_exp": [1 / (1 + T.exp(x)), 1 / (1 + T.exp(-x)), T.inv(1 + T.exp(x))],
    "sigmoid_by_pieces": [T.nnet.sigmoid(x)],
    "sigmoid_by_a_line": [T.nnet.sigmoid(x)],
    "log_of_sum_of_exp": [
        T.log(T.exp(a).sum(axis=1)), T.log(T.exp(a).sum(axis=1, keepdims=True)), T.log(T.sum(T.exp(x))),
        T.log((np.array([0.2, 0.3, 0.5]) * T.exp(a)).sum(axis=1)),
    ],
    "log_of_erfc": [T.log(T.erfc(x))],
    # exponentials and logarithms written out
    "exponentials_of_opposites": [T.exp(x) - T.exp(-x), T.exp(-2 * x) + T.exp(2 * x), T.exp(-x / 3) - T.exp(x / 3)],
    "twice_sigmoid_minus_one": [2 * T.nnet.sigmoid(x) - 1, 1 - 2 * T.nnet.sigmoid(x * y), T.nnet.sigmoid(2 * x) * 2 - 1],
    "softplus_and_its_argument": [
        T.nnet.softplus(x) - x, x - T.nnet.softplus(x), T.nnet.softplus(-x) + x, T.nnet.softplus(x) - T.nnet.softplus(-x),
    ],
    "exponentials_that_go_together": [
        T.sinh(x) / T.cosh(x), (T.exp(2 * x) - 1) / (T.exp(2 * x) + 1), (1 - T.exp(-x)) / (1 + T.exp(-x)) * y,
        (T.exp(x) - T.exp(-x)) / (T.exp(x) + T.exp(-x)), T.nnet.sigmoid(x) / T.nnet.sigmoid(-x), T.exp(x) * T.exp(-y),
        T.exp(x) / T.exp(y * 2), T.exp(x * x) * T.erfc(x), T.exp(-(x**2)) / T.erfc(x), T.exp(0.5 * x**2) * T.erfc(x * 0.5**0.5),
    ],
    "quotient_by_one_plus_exp": [y / (1 + T.exp(-x)), -x / (T.exp(x) + 1)],
    "power_of_exponential": [T.sqrt(T.exp(x)), T.exp(x) ** 3, T.exp(-2 * x) ** -0.5],
    "log_of_product": [
        T.log(y * T.exp(x)), T.log(T.exp(-0.5 * x**2) / 2.5), T.log(0.5 * T.erfc(x)), T.log(T.nnet.sigmoid(x) * y / T.nnet.sigmoid(-x)),
        T.log(1 / x), T.log(a * T.nnet.softmax(b)), T.log(y * z * T.nnet.sigmoid(x) ** z),
    ],
    "log_of_power": [
        T.log(x**4), T.log(T.sqr(x)), T.log(x**3), T.log(x**-1.5), T.log(T.sqrt(x)), T.log(x * x), T.log(T.exp(x) ** y),
    ],
    "log_of_product_of_elements": [
        T.log(T.exp(a).prod()), T.log(T.prod(T.nnet.sigmoid(a) ** b * (1 - T.nnet.sigmoid(a)) ** (1 - b), axis=1)),
    ],
    "log_of_exps": [
        T.log(T.exp(x) + T.exp(y)), T.log(0.25 * T.exp(x) + 0.75 * T.exp(y)), T.log(T.exp(x) + T.exp(y) + T.exp(z) / 3),
        T.log(2 + T.exp(x)), T.log(1 + T.exp(x) + T.exp(y)), T.log(T.exp(x) + 2 + T.exp(y)),
    ],
    "log_of_exp_minus_one": [T.log(T.exp(x) - 1), T.log(T.expm1(x)), T.log(T.exp(T.nnet.softplus(x)) - 1)],
    "log_of_cosh": [T.log(T.cosh(x)), T.log((T.exp(x) + T.exp(-x)) / 2)],
    "log_of_one_minus_squared_tanh": [T.log(1 - T.tanh(x) ** 2), T.log(1 - T.sqr(T.tanh(x))), T.log1p(-T.tanh(x) * T.tanh(x))],
    "log_of_one_plus_over_one_minus": [T.log((1 + x / 2) / (1 - x / 2)), 0.5 * T.log((1 - x / 2) / (1 + x / 2))],
    "log_of_sum_with_root": [T.log(x + T.sqrt(x**2 + 1)), T.log(T.sqrt(T.sqr(x) - 1) + x), T.log(2 * x + T.sqrt(1 + 4 * x**2))],
    "log_of_switch": [T.log(T.switch(y > 0.5, T.nnet.sigmoid(x), T.nnet.sigmoid(-x))), T.log(T.switch(y > 0.5, 2.0, T.exp(x)))],
    # shares of sums
    "softmax_in_a_product": [
        T.grad(T.log(T.exp(a).sum(axis=1)).sum(), a), T.grad(T.log(T.exp(t).sum(axis=(0, 2))).sum(), t), y * T.exp(x) / T.exp(x).sum(keepdims=True),
    ],
    "share_of_a_sum_of_exps": [
        T.exp(x) / (T.exp(x) + T.exp(y)), z * T.exp(y) / (T.exp(x) + T.exp(y)), T.exp(x) / (T.exp(y) + T.exp(x) + T.exp(z)),
    ],
    "sigmoids_over_a_sum_of_quotients": [
        (y / T.nnet.sigmoid(x) + z / T.nnet.sigmoid(-x)) * T.nnet.sigmoid(x) * T.nnet.sigmoid(-x),
        (y - z * T.exp(x)) * T.nnet.sigmoid(-x),
    ],
    # likelihoods
    "crossentropy_of_softmax": [T.nnet.crossentropy_categorical_1hot(p, nll_target)],
    "element_of_log_softmax": [T.log(p)[T.arange(nll_target.shape[0]), nll_target]],
    "softmax_known_from_likelihood": [T.nnet.crossentropy_categorical_1hot(p, nll_target) + p.sum(axis=1)],
    "gradient_of_log_softmax_element": [likelihood_gradient(T.nnet.logsoftmax(a)[T.arange(nll_target.shape[0]), nll_target])],
    "gradient_of_log_of_softmax": [
        likelihood_gradient(T.nnet.crossentropy_categorical_1hot(p, nll_target)), likelihood_gradient(T.log(p) * b)
    ],
    "class_of_likelihood_apart": T.nnet.crossentropy_softmax_argmax_1hot_with_bias(a, a[0], nll_target)[2:],
    "log_of_softmax_element": [T.log(p[T.arange(nll_target.shape[0]), nll_target])],
    # shapes
    "shape_by_dimensions": [a.shape * 2, (a + b).shape],
    "element_of_shape": [a.shape[0], MakeVector("int64")(i, i + 1)[1], MakeVector("int64")(i, i + 1, i)[1:]],
    "size_of_computed": [
        T.dot(a, b).shape[0], (x + y).shape[0], a[1:, ::1].shape[0], a[:2].shape[0], a[-2:i].shape[0],
        T.reshape(a, (-1,)).shape[0], T.concatenate([a, b]).shape[0], T.tanh(a).sum(axis=0).shape[0],
        T.reshape(a, (i, -1), ndim=2).shape[1],
    ],
    "fill_like_unwanted": [T.fill(T.concatenate([a, b]), 2.0), T.fill(a[1:], i)],
    "reshape_of_reshape": [a.reshape((9,)).reshape((3, 3))],
    "reshape_to_the_same_shape": [a.reshape(a.shape), a.reshape((a.shape[0], -1))],
    "reshape_of_padded": [a.dimshuffle(0, "x", 1).reshape((9,))],
    "reshape_with_sizes_one": [a.reshape((1, 3, 3)), x.reshape((-1, 1)), x.reshape((1, x.shape[0], 1))],
    "reshape_of_unary": [T.exp(a).reshape((9,))],
    "dimshuffle_of_elementwise": [(x.dimshuffle(0, "x") + y.dimshuffle(0, "x")).dimshuffle("x", 0)],
    "dimshuffle_of_dimshuffle": [a.T.T, x.dimshuffle("x", 0).dimshuffle(1, "x")],
    "dimshuffle_of_part_of_padded": [x.dimshuffle("x", 0)[:, 1:].dimshuffle(1)],
    # parts
    "slice_of_everything": [a[0:, :: 1], x[0 : x.shape[0]]],
    "index_into_size_one": [row[0], row[0, 1:]],
    "part_of_part": [x[1:][1:], a[1:][:, 1:], x[1:][0], a[i][1:], x[:2][:5]],
    "part_of_elementwise": [T.exp(a)[1], (x * 2)[1:], T.tanh(x)[::-1]],
    "part_of_product": [T.dot(a, b)[1], T.dot(a, b)[1:, 0], T.dot(a, b)[:, 1]],
    "part_of_alloc": [alloc(s, i + 2, 4)[1:], alloc(s, 3, i)[1]],
    "part_just_set": [
        T.set_subtensor(a[1], x)[1], T.inc_subtensor(a[1], x)[1], T.set_subtensor(a[1:], s)[1:], T.set_subtensor(x[i], s)[i]
    ],
    "part_of_join": [T.stack([x, x * 2])[1], T.stack([x, x * 2])[-1], Join()(0, row, row + 1, row * 2)[1:]],
    "rows_in_order": [
        T.specify_shape(x, (3,))[T.constant([0, 1, 2])], MakeVector("int64")(i, i + 1, i * 2)[T.constant([2, 0])],
    ],
    "rows_just_set": [T.set_subtensor(T.specify_shape(x, (3,))[T.constant([2, 0])], z[:2])[T.constant([2, 0])]],
    "set_everything": [T.set_subtensor(x[:], s), T.inc_subtensor(x[:], s), T.set_subtensor(a[:, :], T.exp(a))],
    "increase_by_zero": [T.inc_subtensor(x[1:], 0.0)],
    "increase_of_zeros": [T.inc_subtensor(T.zeros_like(x)[1:], y[1:])],
    "set_to_alloc": [T.set_subtensor(a[1], alloc(s, a.shape[1])), T.inc_subtensor(a[1:], alloc(s, 1, 1))],
    "set_to_sum_with_itself": [T.set_subtensor(x[1:], x[1:] + 2)],
    "number_under_a_mask": [T.set_subtensor(x[x > 0], s), T.inc_subtensor(a[T.gt(a, 0.5)], 2)],
    "set_to_what_is_there": [T.set_subtensor(T.zeros_like(x)[1:], 0.0)],
    "sum_with_increased_zeros": [x + T.inc_subtensor(T.zeros_like(x)[1:], s)],
    "joined_regions": [
        T.inc_subtensor(T.zeros_like(x)[:1], y[:1]) + T.inc_subtensor(T.zeros_like(x)[1:], z[1:]),
    ],
    "join_of_one": [Join()(0, x)],
    "join_with_empty": [Join()(0, x, T.constant(np.zeros(0))), Join()(0, x, T.constant(np.zeros(0)), y)],
    "join_of_scalars": [Join()(0, MakeVector("int64")(i), MakeVector("int64")(i + 1, i))],
    "split_into_one": [Split(1)(x, 0, MakeVector("int64")(x.shape[0]))],
    "topk_without_values_or_places": [T.topk_and_argtopk(x, 2)[0], T.topk_and_argtopk(x, 2)[1]],
    # reductions and products
    "reduction_over_no_axis": [Sum(())(x)],
    "reduction_of_size_one": [row.sum(axis=0), Max(None)(row), row.sum()],
    "reduction_of_reduction": [t.sum(axis=0).sum(axis=1), Max((0,))(Max((0,))(t)), t.prod(axis=2).prod(axis=0)],
    "reduction_over_every_axis": [Sum((0, 1))(a)],
    "reduction_of_stack": [T.stack([x, T.exp(x)]).sum(axis=0), Max((0,))(T.stack([x, T.exp(x), -x]))],
    "sum_of_scaled": [(s * a).sum(axis=0), (-x).sum(), (3 * a * b).sum()],
    "product_of_scaled": [(s * a).prod(axis=0)],
    "sum_of_quotients": [(a / s).sum(axis=0), (a / x.dimshuffle(0, "x")).sum(axis=1)],
    "reduction_of_alloc": [alloc(s, i, 4).sum(axis=0), alloc(s, i, 4).prod()],
    "sum_of_squared_outer": [T.sqr(a.dimshuffle("x", 0, 1) * b.dimshuffle(0, "x", 1)).sum(axis=(1, 2))],
    "maximum_without_its_place": [T.max(a, axis=0)],
    "negative_of_maximum_of_negative": [-Max((0,))(-a), -Max((0, 1))(-a)],
    "place_of_maximum_of_softmax": [
        T.argmax(p, axis=1), T.argmax(T.nnet.sigmoid(x), axis=0), T.argmax(T.nnet.softmax(T.exp(T.tanh(a))), axis=1)
    ],
    "product_of_zeros": [T.dot(a, T.zeros_like(b)), T.dot(T.zeros_like(x), y)],
    "transpose_of_product": [T.dot(a, b).T],
    # matrices
    "gradient_of_factor": [T.grad(T.log(T.diagonal(L)).sum(), a), T.grad(L.sum(), a)],
    "solution_of_multiple": [T.slinalg.solve(spd, b * s)],
    "solution_of_outer_product": [T.slinalg.solve(spd, T.outer(x, y))],
    "solve_by_structure": [T.slinalg.solve(T.tril(a), b), T.slinalg.solve(L, y), T.slinalg.solve(T.dot(L, L.T), y)],
    "product_with_outer_product": [T.dot(a, T.outer(x, y)), T.dot(T.outer(x, y), a)],
    "product_with_inverse": [T.dot(inverse, b), T.dot(b, inverse), T.dot(inverse.T, x)],
    "inverse_by_structure": [T.nlinalg.matrix_inverse(inverse), T.nlinalg.matrix_inverse(spd.T), T.nlinalg.matrix_inverse(L)],
    "factor_of_product": [T.slinalg.cholesky(T.dot(L, L.T))],
    "diagonal_of_product": [T.diagonal(T.dot(a, b)), T.nlinalg.trace(T.dot(a, b))],
    "determinant_by_structure": [T.nlinalg.det(spd.T), T.nlinalg.det(T.tril(a)), T.nlinalg.det(T.dot(L, L.T))],
    "log_of_determinant": [T.log(T.nlinalg.det(spd)), T.log(abs(T.nlinalg.det(a)))],
    "log_of_product_of_diagonal": [T.log(T.diagonal(L).prod())],
    "pseudoinverse_by_singular_values": [T.nlinalg.pinv(a), T.nlinalg.pinv(a[:, :2])],
    "shared_factors": [T.slinalg.solve(a, b).sum() + T.nlinalg.det(a)],
    "transpose_of_symmetric": [T.dot(a, a.T).T + b],
    "remove_hint_nodes": [psd(spd) * 2],
    "view_without_gradient": [theano.gradient.consider_constant(x) * 2, theano.gradient.zero_grad(x)],
    "neg_of_neg": [-(-x)],
    "fold_constant": [x + T.exp(T.constant(np.float64(2.0)))],
    # layers
    "normalization_written_out": [BatchNormTrain((0,))(a, row, row)[0], BatchNormTrain((0,))(a, row, row, 1e-3, 0.2, row, row)[4]],
    "normalization_gradients_written_out": [BatchNormTrainGrad((0,))(a, b, row, row, row)[k] for k in range(3)],
    "cost_without_gradient": [ctc(t, m("labels", "int64"), v("lengths", "int64"))],
}  # fmt: skip

__all__ = ["SAMPLES", "Shape_i", "draw", "theano"]
