"""A library of bricks in the manner of Blocks: annotations and roles on tags, graphs searched through loops, noise, checkpoints."""

import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano import Variable
from theano.gof import graph
from theano.misc.pkl_utils import PersistentNdarrayID, PersistentNdarrayLoad, StripPickler, dump, load
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.scan_module.scan_op import Scan
from theano.tensor.shared_randomstreams import RandomStreams
from theano.tensor.sharedvar import SharedVariable


class Role:
    def __eq__(self, other):
        return type(self) is type(other)

    def __hash__(self):
        return hash(type(self))


class Weight(Role):
    pass


class Cost(Role):
    pass


def add_role(variable, role):
    roles = getattr(variable.tag, "roles", [])
    variable.tag.roles = [*roles, role]
    return variable


def is_shared(v):
    return isinstance(v, SharedVariable)


def is_input(v):
    return not v.owner and not is_shared(v) and not isinstance(v, theano.Constant)


class ComputationGraph:
    """All variables above some outputs, those inside loops too."""

    def __init__(self, outputs):
        self.outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        self.updates, self.scans, found = OrderedDict(), [], OrderedDict()
        pending = list(self.outputs)
        while pending:
            v = pending.pop()
            if v in found:
                continue
            found[v] = None
            owner = v.owner
            if owner is None:
                continue
            if isinstance(owner.op, Scan):
                self.scans.append(owner.op)
                pending.extend(o for o in owner.op.outputs if isinstance(o, Variable))
            if hasattr(owner.tag, "updates"):
                self.updates.update(owner.tag.updates)
            pending.extend(owner.inputs)
        self.variables = list(found)

    @property
    def inputs(self):
        return [v for v in graph.inputs(self.outputs) if is_input(v)]

    @property
    def shared_variables(self):
        return [v for v in self.variables if is_shared(v)]

    def having(self, role):
        return [v for v in self.variables if role in getattr(v.tag, "roles", [])]

    def get_theano_function(self, additional_updates=(), **kwargs):
        updates = OrderedDict(self.updates)
        updates.update(additional_updates)
        return theano.function(self.inputs, self.outputs, updates=updates, **kwargs)

    def replace(self, replacements):
        return ComputationGraph(theano.clone(self.outputs, replace=replacements))


def bricks():
    rng = np.random.RandomState(1)
    W = add_role(theano.shared(rng.normal(0, 0.3, (3, 4)), name="W"), Weight())
    U = add_role(theano.shared(rng.normal(0, 0.3, (4, 4)), name="U"), Weight())
    x, y = T.tensor3("x"), T.matrix("y")
    h = T.dot(x, W)
    h.name = "linear_output"

    def step(now, state, U):
        new = T.tanh(now + T.dot(state, U))
        new.name = "inner_state"
        return new

    states, updates = theano.scan(step, sequences=[h], outputs_info=[T.zeros((x.shape[1], 4))], non_sequences=[U])
    cost = add_role(T.mean((states[-1] - y) ** 2), Cost())
    cost.name = "cost"
    return x, y, W, U, h, cost


def test_variables_are_found_by_role_and_name():
    x, y, W, U, h, cost = bricks()
    cg = ComputationGraph(cost)
    assert set(cg.inputs) == {x, y} and set(cg.having(Weight())) == {W, U} and cg.having(Cost()) == [cost]
    assert h in cg.variables and set(cg.shared_variables) >= {W, U} and len(cg.scans) == 1
    assert any(v.name == "inner_state" for v in ComputationGraph(cost).variables) or cg.scans[0].outputs
    given = np.ones((5, 2, 3)), np.zeros((2, 4))
    found = dict(zip(("x", "y"), given))
    f = cg.get_theano_function()
    (value,) = f(*[found[v.name] for v in cg.inputs])
    assert 0 < value < 1


def test_a_graph_is_rebuilt_with_noise():
    x, y, W, U, h, cost = bricks()
    cg = ComputationGraph(cost)
    srng = MRG_RandomStreams(7)
    noisy = cg.replace({W: W + srng.normal(W.shape, std=0.5, dtype=W.dtype)})
    assert set(noisy.inputs) == {x, y} and noisy.outputs[0] is not cost
    order = [v.name for v in noisy.inputs]
    given = {"x": np.ones((5, 2, 3)), "y": np.zeros((2, 4))}
    f = noisy.get_theano_function()
    draws = {float(f(*[given[n] for n in order])[0]) for _ in range(4)}
    assert len(draws) == 4
    dropped = cg.replace({h: h * srng.binomial(h.shape, p=0.5, dtype=h.dtype)})
    assert dropped.get_theano_function()(*[given[v.name] for v in dropped.inputs])[0] > 0


def test_updates_hang_on_nodes():
    x = T.dvector("x")
    seen = theano.shared(0, name="seen")
    out = x.sum()
    out.owner.tag.updates = [(seen, seen + x.shape[0])]
    f = ComputationGraph(out).get_theano_function()
    f([1.0, 2.0])
    f([3.0])
    assert seen.get_value() == 3


class MainLoop:
    """What is saved in the middle of training: parameters, the graph, functions, streams."""

    def __init__(self):
        x, y, W, U, h, cost = bricks()
        self.inputs, self.parameters, self.cost = [x, y], [W, U], cost
        self.stream = RandomStreams(3)
        noise = self.stream.normal((2, 4), std=0.01)
        grads = T.grad(cost, self.parameters)
        updates = [(p, p - 0.5 * g) for p, g in zip(self.parameters, grads)]
        self.step = theano.function([x, y], cost + 0 * noise.sum(), updates=updates)
        self.log = []

    def run(self, n):
        rng = np.random.RandomState(len(self.log))
        for _ in range(n):
            self.log.append(float(self.step(rng.normal(size=(5, 2, 3)), np.ones((2, 4)) / 2)))


@pytest.mark.parametrize("way", ["plain", "zip", "stripped"])
def test_training_goes_on_after_a_checkpoint(way):
    loop = MainLoop()
    loop.run(3)
    file = io.BytesIO()
    if way == "plain":
        pickle.dump(loop, file, protocol=2)
    elif way == "zip":
        dump(loop, file, persistent_id=PersistentNdarrayID)
    else:
        StripPickler(file, -1).dump(loop)
    file.seek(0)
    again = load(file, PersistentNdarrayLoad) if way == "zip" else pickle.load(file)
    loop.run(4)
    again.run(4)
    assert again.log == loop.log and len(again.log) == 7
    np.testing.assert_array_equal(again.parameters[0].get_value(), loop.parameters[0].get_value())
    assert Weight() in again.parameters[0].tag.roles and again.cost.name == "cost"
    if way == "zip":
        assert len(zipfile.ZipFile(file).namelist()) > 3


def test_graphs_are_compared_and_copied():
    x, y, W, U, h, cost = bricks()
    copied = theano.clone(cost)
    assert copied is not cost
    assert graph.is_same_graph(T.exp(x) + 1, T.exp(x) + 1) and not graph.is_same_graph(T.exp(x) + 1, T.exp(x) + 2)
    inputs, outputs = graph.clone([x, y], [cost])
    assert inputs[0] is not x and outputs[0].name == "cost" and Cost() in outputs[0].tag.roles
    assert len(graph.io_toposort([x, y], [cost])) == len(graph.list_of_nodes([x, y], [cost])) > 4
    nodes = graph.ops([x, y], [cost])
    assert cost.owner in nodes and all(isinstance(n, theano.Apply) for n in nodes)
