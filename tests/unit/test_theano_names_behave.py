"""What Theano's own tests of theano.tensor.basic ask of single functions: classes of errors, names, broadcast patterns."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor.basic import EmptyConstantError, NotScalarConstantError, get_scalar_constant_value


def test_an_op_with_a_wrong_default_output_is_named_by_an_attribute_error():
    class Two(theano.Op):
        __props__ = ("default_output",)

        def __init__(self, place):
            self.default_output = place

        def make_node(self, x):
            return theano.Apply(self, [x], [x.type(), x.type()])

    x = T.dvector()
    assert T.as_tensor_variable(node := Two(1).make_node(x)) is node.outputs[1]
    for place in (2, -1, [0, 1]):
        with pytest.raises(AttributeError):
            T.as_tensor_variable(Two(place).make_node(x))


def test_infinite_elements_are_not_compared_where_that_is_allowed():
    a, b = np.array([-np.inf, 1.0, np.inf]), np.array([np.inf, 1.0, 5.0])
    assert T.TensorType.values_eq_approx(a, b, allow_remove_inf=True) and not T.TensorType.values_eq_approx(a, b)
    assert not T.TensorType.values_eq_approx(a, b + 1, allow_remove_inf=True)


def test_transposed_vector_has_a_name_of_its_own():
    x = T.dvector("x")
    assert T.transpose(x).name == "x.T" and x.name == "x"
    np.testing.assert_array_equal(T.transpose(x).eval({x: [1.0, 2.0]}), [1, 2])


@pytest.mark.parametrize("sizes", [[], [2, 2]])
def test_specify_shape_with_a_wrong_number_of_sizes_is_refused(sizes):
    with pytest.raises(AssertionError):
        T.specify_shape(T.dvector(), sizes)


def test_size_of_a_scalar_depends_on_it():
    x = T.dscalar()
    assert theano.function([x], x.size)(3.0) == 1


def test_choose_broadcasts_and_knows_its_pattern():
    a, b, c = T.itensor3(), T.ftensor3(), T.ftensor3()
    A = np.array([[[0]], [[1]]], "int32")
    B, C = np.random.RandomState(0).rand(1, 6, 1).astype("f"), np.random.RandomState(1).rand(1, 1, 5).astype("f")
    np.testing.assert_array_equal(theano.function([a, b, c], T.choose(a, (b, c)))(A, B, C), np.choose(A, (B, C)))
    assert T.choose(T.iscalar(), T.fcol()).broadcastable == (True,)


def test_tile_by_a_vector_of_another_length_is_refused_when_it_runs():
    x, reps = T.dvector(), T.ivector()
    f = theano.function([x, reps], T.tile(x, reps, ndim=2))
    np.testing.assert_array_equal(f([1.0, 2.0], [2, 2]), np.tile([1, 2], (2, 2)))
    with pytest.raises(AssertionError):
        f([1.0, 2.0], [2, 2, 3])


def test_constant_values_of_scalars():
    value = np.arange(6.0).reshape(2, 3)
    c, x = T.constant(value), T.dscalar()
    assert get_scalar_constant_value(c[1, 2]) == 5 and get_scalar_constant_value(T.opt.Shape_i(1)(c)) == 3
    two = T.constant(2)
    assert get_scalar_constant_value(T.opt.Assert()(two, two > 1)) == 2
    for wrong in (T.opt.Assert()(two, two > 2), T.opt.Assert()(two, two > x)):
        with pytest.raises(NotScalarConstantError):
            get_scalar_constant_value(wrong)
    with pytest.raises(EmptyConstantError):
        get_scalar_constant_value(np.zeros(0))


@pytest.mark.parametrize("axes", [(1, (0,)), ((1,), 0), [1, 0]])
def test_tensordot_takes_a_number_beside_a_list_of_axes(axes):
    a, b = T.dmatrices("ab")
    A, B = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(theano.function([a, b], T.tensordot(a, b, axes))(A, B), A @ B)


def test_gradient_with_respect_to_an_integer_scalar_is_zero():
    s = theano.scalar.constant(56)
    assert theano.grad(T.as_tensor_variable(s), s).eval() == 0


def test_older_names_of_isnan_and_isinf_and_steps_of_numeric_grad():
    x = T.dvector()
    assert T.isnan_(x).eval({x: [np.nan, 1.0]}).tolist() == [True, False]
    assert T.isinf_(x).eval({x: [np.inf, 1.0]}).tolist() == [True, False]
    assert theano.gradient.numeric_grad.type_eps["float64"] == 1e-7
