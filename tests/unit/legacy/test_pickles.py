"""theano.misc.pkl_utils and theano.function_dump: what is written is read again, and arrays can be read by name."""

import io
import pickle
import zipfile

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.misc import pkl_utils


def written(obj, **kwargs):
    file = io.BytesIO()
    pkl_utils.dump(obj, file, **kwargs)
    file.seek(0)
    return file


def test_shared_variables_are_members_of_the_zip_file():
    w, b = theano.shared(np.arange(6.0).reshape(2, 3), name="w"), theano.shared(np.float32(3), name="b")
    other = theano.shared(np.ones(2), name="w")
    file = written((w, b, other, np.array(2), theano.shared(np.zeros(1))))
    assert set(zipfile.ZipFile(file).namelist()) == {"w", "w_2", "b", "array_0", "array_1", "pkl"}
    file.seek(0)
    archive = np.load(file)
    assert (
        archive["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
        and archive["w_2"].tolist() == [1, 1]
        and archive["array_0"] == 2
    )
    file.seek(0)
    w2, b2, other2, two, _ = pkl_utils.load(file)
    assert w2.name == "w" and w2.get_value().tolist() == [[0, 1, 2], [3, 4, 5]] and w2.type == w.type
    assert b2.get_value() == 3 and b2.get_value().dtype == "float32" and other2.get_value().sum() == 2 and two == 2


def test_a_model_is_saved_and_goes_on():
    x = T.dvector("x")
    w = theano.shared(np.array([1.0, 2.0]), name="w")
    out = T.exp(x * w).sum()
    x2, out2, w2 = pkl_utils.load(written((x, out, w)))
    given = np.array([0.5, -0.5])
    np.testing.assert_allclose(out2.eval({x2: given}), out.eval({x: given}))
    w2.set_value(np.zeros(2))
    assert out2.eval({x2: given}) == 2.0 and w.get_value().tolist() == [1.0, 2.0]


def test_an_array_that_is_met_twice_is_written_once_and_is_one_again():
    a = np.arange(3)
    first, second = pkl_utils.load(written([a, a]))
    assert first is second
    assert len(zipfile.ZipFile(written([a, a])).namelist()) == 2


def test_names_can_be_demanded():
    def strict(zip_file):
        return pkl_utils.PersistentSharedVariableID(zip_file, allow_unnamed=False, allow_duplicates=False)

    with pytest.raises(ValueError, match="unnamed shared variable"):
        written(theano.shared(1.0), persistent_id=strict)
    with pytest.raises(ValueError, match="multiple shared variables"):
        written([theano.shared(1.0, name="a"), theano.shared(2.0, name="a")], persistent_id=strict)
    with pytest.raises(ValueError, match="pkl"):
        written(theano.shared(1.0, name="pkl"))
    plain = written([theano.shared(np.ones(2), name="a")], persistent_id=pkl_utils.PersistentNdarrayID)
    assert set(zipfile.ZipFile(plain).namelist()) == {"array_0", "pkl"}


def test_traces_are_left_out():
    x = T.dscalar("x")
    x.tag.mine, x.tag.other = "kept", "left out"
    y = T.exp(x)
    y.name = "a long name that is kept"
    file = io.BytesIO()
    pkl_utils.StripPickler(file, -1, extra_tag_to_remove=["other"]).dump([x, y])
    assert __file__.encode() not in file.getvalue() and b"left out" not in file.getvalue()
    assert __file__.encode() in pickle.dumps([x, y])
    x2, y2 = pkl_utils.CompatUnpickler(io.BytesIO(file.getvalue())).load()
    assert x2.tag.mine == "kept" and y2.name == y.name and y2.owner.inputs == [x2]
    assert hasattr(x.tag, "origin")


def test_arguments_of_a_function_are_dumped(tmp_path):
    x, y = T.dvector("x"), T.dvector("y")
    s = theano.shared(np.array([1.0]), name="s")
    path = tmp_path / "arguments.pkl"
    theano.function_dump(str(path), [x], [x * s + y], updates=[(s, s + 1)], givens={y: x + 1}, name="dumped")
    arguments = pickle.loads(path.read_bytes())
    f = theano.function(**arguments)
    assert f([2.0])[0].tolist() == [5.0] and f([2.0])[0].tolist() == [7.0] and f.name == "dumped"
    assert s.get_value().tolist() == [1.0]


def test_a_pickle_of_python_2_is_read():
    data = b"\x80\x02X\x01\x00\x00\x00aq\x00U\x01\xe9q\x01\x86q\x02."
    assert pkl_utils.CompatUnpickler(io.BytesIO(data), encoding="latin1").load() == ("a", "é")


def test_object_arrays_stay_in_the_pickle():
    (again,) = pkl_utils.load(written([np.array([None, "x"], dtype=object)]))
    assert again.tolist() == [None, "x"]


def test_types_and_constants_as_theano_pickled_them():
    own = T.TensorType.__new__(T.TensorType)
    dtype = np.dtype("float64")
    own.__setstate__({"dtype": "float64", "broadcastable": (True, False), "numpy_dtype": dtype, "name": None})
    assert own == T.drow and own("x").type.shape == (1, None)
    number = theano.scalar.ScalarConstant.__new__(theano.scalar.ScalarConstant)
    number.__dict__.update(type=theano.scalar.int64, data=np.int64(3), tag=theano.gof.utils.scratchpad(), name=None)
    assert number.owner is None and number.clone().data == 3
