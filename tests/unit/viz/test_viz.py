"""Pictures of graphs: what is drawn, where it is put, and the files that are written."""

import json
import re
import time
import xml.etree.ElementTree as ET
from importlib.resources import files

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.d3viz import d3viz, d3write, formatting
from theano.d3viz.d3viz import replace_patterns, safe_json
from theano.printing import pydotprint
from theon.viz.drawing import drawing_of
from theon.viz.layout import layout_of


def model():
    x, w = T.dmatrix("x"), theano.shared(np.ones((3, 2)), name="w")
    h = T.tanh(T.dot(x, w))
    states, _ = theano.scan(lambda v, s: s * 2 + v, sequences=h, outputs_info=T.zeros((2,)))
    return x, w, h, states


def page_data(path):
    text = path.read_text()
    return text, json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S).group(1))


def test_a_drawing_has_boxes_for_nodes_and_leaves():
    x, w, h, _ = model()
    drawing = drawing_of(h)
    kinds = sorted(box.kind for box in drawing.boxes)
    assert kinds == ["apply", "apply", "input", "output", "shared"]
    by = {box.label: k for k, box in enumerate(drawing.boxes)}
    assert {"x", "w", "dot", "tanh", "output 0"} == set(by)
    joined = {(a, b) for a, b, _, _ in drawing.arrows}
    assert joined == {(by["x"], by["dot"]), (by["w"], by["dot"]), (by["dot"], by["tanh"]), (by["tanh"], by["output 0"])}
    assert any("test_viz.py" in line for line in drawing.boxes[by["tanh"]].details)
    assert len(drawing_of(h, compact=False).boxes) == len(drawing.boxes) + 2
    assert drawing_of([h, x]).boxes[-1].kind == "output" and drawing_of(h.owner).title == str(h.owner.op)
    with pytest.raises(TypeError, match="can be drawn"):
        drawing_of(3)


def test_loops_have_a_drawing_inside():
    x, _, _, states = model()
    f = theano.function([x], states[-1], name="loop")
    drawing = drawing_of(f)
    (box,) = [box for box in drawing.boxes if box.inner is not None]
    inside = drawing.inside[box.inner]
    assert (
        drawing.title == "loop" and {"mul", "add"} <= {b.label for b in inside.boxes} | {"mul", "add"} and inside.arrows
    )
    assert drawing_of(f, inner=False).inside == []


def test_no_box_stands_on_another_and_arrows_go_down():
    x, _, h, states = model()
    drawing = drawing_of([states.sum(), T.grad(h.sum(), x)])
    place = layout_of(drawing)
    for a, b, _, _ in drawing.arrows:
        assert place.y[a] < place.y[b]
    for level in set(place.y):
        row = np.flatnonzero(place.y == level)
        row = row[np.argsort(place.x[row])]
        left, right = place.x[row] - place.width[row] / 2, place.x[row] + place.width[row] / 2
        assert (left[1:] > right[:-1]).all()
    assert (place.x - place.width / 2).min() > 0 and (place.x + place.width / 2).max() < place.size[0]
    assert place.y.max() < place.size[1]


def test_a_page_holds_everything(tmp_path):
    x, _, h, states = model()
    x.name = "x</script><b>"
    path = tmp_path / "page.html"
    d3viz(theano.function([x], [h, states], name="my <function>"), str(path))
    text, data = page_data(path)
    assert data["title"] == "my <function>" and "<title>my &lt;function&gt;</title>" in text
    assert len(data["boxes"]) > 5 and data["inside"] and any(b["l"] == "x</script><b>" for b in data["boxes"])
    assert text.count("</script>") == 2 and "http" not in text.replace("http://www.w3.org", "")
    d3viz(h, str(path), True, False)
    assert any(b["k"] == "variable" for b in page_data(path)[1]["boxes"])
    with pytest.raises(TypeError):
        d3viz("nothing", str(path))


def test_times_of_a_profile_are_shown(tmp_path):
    x = T.dvector("x")
    f = theano.function([x], T.exp(x).sum(), profile=theano.compile.ProfileStats(atexit_print=False))
    f(np.ones(1000))
    d3viz(f, str(tmp_path / "page.html"))
    boxes = page_data(tmp_path / "page.html")[1]["boxes"]
    assert any("of the time of all nodes" in line for b in boxes for line in b["d"]) and any(
        b["c"].startswith("#ff") for b in boxes
    )
    node = f.maker.fgraph.toposort()[0]
    seconds, total = formatting.apply_profile(node, f.profile)
    assert 0 < seconds <= total and formatting.apply_profile(node, None) is None


def test_ten_thousand_nodes_are_drawn(tmp_path):
    rng = np.random.default_rng(0)
    made = [T.dscalar(f"i{k}") for k in range(20)]
    while len(made) < 10_000:
        a, b = (made[-1 - int(n)] for n in rng.integers(0, 20, 2))
        made.append(a + b)
    start = time.process_time()
    d3viz(made[-20:], str(tmp_path / "page.html"))
    assert len(page_data(tmp_path / "page.html")[1]["boxes"]) > 5_000
    assert time.process_time() - start < 60  # a method that grows with the square would take minutes


def test_a_long_chain_is_drawn():
    v = T.dscalar("v")
    for _ in range(3000):
        v = T.exp(v)
    place = layout_of(drawing_of(v))
    assert len(place.x) == 3002 and np.ptp(place.x) < 200


def test_the_viewer_is_among_the_packages_files():
    text = files("theon.viz").joinpath("viewer.html").read_text(encoding="utf-8")
    assert "@DATA@" in text and "@TITLE@" in text


def test_text_for_graphviz(tmp_path):
    x, _, h, states = model()
    f = theano.function([x], [h, states])
    d3write(f, str(tmp_path / "graph.dot"))
    text = (tmp_path / "graph.dot").read_text()
    assert text.startswith("digraph G {") and text.count("{") >= text.count("}") - 3 and "subgraph cluster_" in text
    graph = formatting.PyDotFormatter()(f)
    assert {n.get_label() for n in graph.get_nodes()} >= {"x", "w", "dot"} and graph.get_subgraphs()
    assert all(e.get_source() and e.get_destination() for e in graph.get_edges())
    assert graph.to_string() == text
    more = formatting.PyDotFormatter(compact=False)(h, formatting.PyDotFormatter()(h))
    assert len(more.get_nodes()) > len(formatting.PyDotFormatter()(h).get_nodes())
    node = formatting.dict_to_pdnode({"name": "n", "label": 'a "b"', "none": None, "list": [1, 2]})
    assert node.get_name() == "n" and node.to_string() == r'n [label="a \"b\"", list="1	2"];'


def test_pictures_are_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    x, _, h, states = model()
    f = theano.function([x], states)
    pydotprint(f, str(tmp_path / "a.svg"), scan_graphs=True)
    assert "a.svg" in capsys.readouterr().out
    root = ET.fromstring((tmp_path / "a.svg").read_text())
    labels = {e.text for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"x", "w", "dot"} <= labels
    pydotprint(h, str(tmp_path / "b"), format="dot", print_output_file=False)
    assert (tmp_path / "b.dot").read_text().startswith("digraph") and capsys.readouterr().out == ""
    assert (
        pydotprint(h, format="svg", return_image=True).startswith(b"<svg")
        and not (tmp_path / "theano.pydotprint.cpu.svg").exists()
    )
    with pytest.raises(RuntimeError, match="'svg' and 'dot' need nothing"):
        pydotprint(h, str(tmp_path / "c.png"))


def test_words_of_labels():
    x = T.dmatrix()
    assert formatting.type_to_str(x.type) == "dmatrix" and formatting.type_to_str(T.ftensor3().type) == "f3d"
    assert (
        formatting.type_to_str(theano.gof.generic) == "Generic"
        and formatting.type_to_str(T.lscalar().type) == "lscalar"
    )
    assert formatting.broadcastable_to_str((True, False)) == "row" and formatting.dtype_to_char("bool") == "X"
    assert formatting.var_label(x) == "dmatrix" and formatting.var_label(T.dscalar("a")) == "a"
    assert formatting.var_label(T.constant(1.23456)) == "1.235" and formatting.apply_label(T.exp(x).owner) == "Elemwise"
    name, line, text = formatting.var_tag(x)
    assert name == "test_viz.py" and line > 0 and "T.dmatrix()" in text
    assert safe_json({"a": "</b>"}) == '{"a":"\\u003c/b>"}' and replace_patterns("a b", {"a": "x"}) == "x b"
