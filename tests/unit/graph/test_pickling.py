"""Pickles of graphs: flat, small, and true to what hangs on variables and nodes."""

import pickle

import theano.tensor as T
from theon.graph.origin import origin_of


def test_names_tags_and_attributes_of_variables_and_nodes_come_back():
    x = T.dmatrix("x")
    both = T.max_and_argmax(x, axis=1)
    y = both[0] * 2
    y.name, y.tag.mine, y.note = "y", [1, 2], "kept"
    both[0].owner.tag.about, both[0].owner.extra = "node", 5
    y2, index2, again = pickle.loads(pickle.dumps([y, both[1], y]))
    assert again is y2 and (y2.name, y2.tag.mine, y2.note) == ("y", [1, 2], "kept")
    assert str(origin_of(y2)) == str(origin_of(y))
    node = index2.owner
    assert node.outputs[1] is index2 and node.outputs[0] in y2.owner.inputs
    assert (node.tag.about, node.extra, node.op) == ("node", 5, both[0].owner.op)
    assert node.outputs[0].name == both[0].name and not hasattr(node.outputs[0].tag, "mine")


def test_what_is_equal_in_many_nodes_is_written_once():
    x = T.dvector("x")
    y = x
    for _ in range(2000):
        y = T.tanh(y) + x
    written = pickle.dumps(y)
    assert len(written) < 150 * 4000
    found, depth = pickle.loads(written), 0
    while found.owner is not None:
        assert found.owner.op == (T.add if depth % 2 == 0 else T.tanh) and found.type == y.type
        found, depth = found.owner.inputs[0], depth + 1
    assert depth == 4000 and found.name == "x"
