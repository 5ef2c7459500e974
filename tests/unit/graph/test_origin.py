"""Where variables were made: in the user's program, also when a library of the user's makes them."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theon.graph.origin import origin_of

LIBRARY = """
def layer(x, w):
    return T.dot(x, w)
"""


def library(tmp_path):
    file = tmp_path / "site-packages" / "layers.py"
    file.parent.mkdir()
    file.write_text(LIBRARY)
    names = {"T": T}
    exec(compile(LIBRARY, str(file), "exec"), names)
    return names["layer"], str(file)


def test_a_variable_made_by_a_library_names_the_line_that_called_it(tmp_path):
    layer, file = library(tmp_path)
    x, w = T.dmatrix("x"), theano.shared(np.ones((3, 2)), "w")
    y = layer(x, w)
    origin = origin_of(y)
    assert (origin.file, origin.line, origin.function) == (file, 3, "layer")
    assert origin.caller.file == __file__ and origin.caller.text == "y = layer(x, w)"
    assert [place[0] for place in y.tag.trace[0]] == [__file__, file]
    with pytest.raises(ValueError) as caught:
        theano.function([x], y)(np.ones((2, 5)))
    text = str(caught.value)
    assert f"{file}:3 in layer, called at {__file__}:{origin.caller.line}" in text


def test_a_variable_made_in_the_program_has_no_caller():
    assert origin_of(T.exp(T.dscalar())).caller is None
