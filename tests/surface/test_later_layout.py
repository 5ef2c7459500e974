"""Theano's last layout of modules, which PyMC3 3.11 imports."""

import pytest

import theano
import theano.tensor as T


def test_modules_of_the_later_layout_hold_the_same_classes():
    from theano.compile.function.types import Function
    from theano.graph.basic import Apply, Constant
    from theano.graph.fg import FunctionGraph, MissingInputError
    from theano.graph.op import Op
    from theano.link.vm import VM_Linker
    from theano.scan import until
    from theano.scan.utils import until as same

    assert Apply is theano.gof.Apply and Op is theano.gof.Op and FunctionGraph is theano.gof.FunctionGraph
    assert issubclass(T.TensorConstant, Constant) and until is same and VM_Linker is theano.gof.vm.VM_Linker
    assert isinstance(theano.function([], T.constant(1.0)), Function)
    with pytest.raises(MissingInputError):
        theano.function([], T.dscalar())
    assert callable(theano.scan) and callable(theano.compile.function)


def test_walks_of_the_later_layout_are_generators():
    from theano.graph.basic import ancestors, applys_between, graph_inputs, orphans_between, vars_between, walk

    x, y = T.dscalars("xy")
    inner = x * 2.0
    z = inner + y
    assert next(iter(ancestors([z]))) is z and set(graph_inputs([z])) >= {x, y}
    assert set(ancestors([z], blockers=[inner])) == {z, inner, y}
    assert set(vars_between([inner], [z])) == {z, inner, y} and list(orphans_between([inner], [z])) == [y]
    assert [n.outputs[0] for n in applys_between([x, y], [z])][-1] is z
    seen = list(walk([z], lambda v: v.owner.inputs if v.owner else None, return_children=True))
    assert seen[0] == (z, z.owner.inputs) and len({id(v) for v, _ in seen}) == len(seen)
    assert [v for v in walk([4], lambda n: range(n), bfs=False)] == [4, 3, 2, 1, 0]


def test_a_missing_test_value_has_an_error_of_its_own():
    from theano.graph.op import get_test_value
    from theano.graph.utils import TestValueError

    x = T.dscalar("x")
    with pytest.raises(TestValueError):
        get_test_value(x)
    x.tag.test_value = 3.0
    assert get_test_value(x) == 3
