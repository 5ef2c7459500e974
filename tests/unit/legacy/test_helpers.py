"""The helpers that programs import from theano.gof.utils, gof.sched, misc, compat and configparser."""

import logging
import os
import pickle

import numpy as np
import pytest

import theano
from theano import compat, configparser
from theano.gof import utils
from theano.gof.callcache import CallCache
from theano.gof.sched import make_dependence_cmp, posort, reverse_dict, sort_apply_nodes
from theano.misc import strutil
from theano.misc.frozendict import FrozenOrderedDict, frozendict
from theano.misc.ordered_set import OrderedSet, check_deterministic


def test_lists():
    assert utils.uniq([3, 1, 3, 2, 1]) == [3, 1, 2] and utils.uniq([[1], [1]]) == [[1]]
    assert utils.difference([1, 2, 3], [2]) == [1, 3] and utils.difference([[1], [2]], [[2]]) == [[1]]
    assert utils.hist("abca") == {"a": 2, "b": 1, "c": 1} and utils.remove(str.isdigit, "a1b") == ["a", "b"]
    assert utils.flatten([1, (2, [3, {4}])]) == [1, 2, 3, 4] and utils.flatten(5) == [5]
    assert utils.unique([1, 2]) and not utils.unique([1, 1])
    assert utils.to_return_values([1]) == 1 and utils.to_return_values([1, 2]) == [1, 2]
    assert utils.from_return_values(1) == [1] and utils.from_return_values((1, 2)) == (1, 2)
    assert reverse_dict({"a": (1, 2), "b": (2,)}) == {1: ("a",), 2: ("a", "b")}


def test_results_are_remembered():
    calls = []
    f = utils.memoize(lambda *args, **kwargs: calls.append(args) or len(calls))
    assert f(1) == f(1) == 1 and f(1, k=2) == 2 and f(2) == 3 and len(calls) == 3


def test_what_is_deprecated_warns_once():
    f = utils.deprecated("old.py", "Use new.")(lambda x: x + 1)
    with pytest.warns(DeprecationWarning, match="old.py.*Use new"):
        assert f(1) == 2
    assert f(2) == 3


def test_functions_guarded_by_types():
    only_int = utils.type_guard(int)(lambda x: x + 1)
    assert only_int(1) == 2 and only_int("a") is utils.FALL_THROUGH
    both = utils.comm_guard(int, str)(lambda n, text: text * n)
    assert both(2, "ab") == both("ab", 2) == "abab" and both(1, 2) is utils.FALL_THROUGH
    assert utils.comm_guard(int, utils.ANY_TYPE)(lambda n, x: (n, x))("a", 1) == (1, "a")
    assert utils.FALL_THROUGH and not utils.ABORT and str(utils.RETRY) == "<RETRY>"


def test_orders():
    assert utils.toposort({2: [1], 3: [2, 1], 1: []}) == [1, 2, 3]
    with pytest.raises(Exception, match="needs itself"):
        utils.toposort({1: [2], 2: [1]})
    assert posort([3, 1, 4, 2], lambda a, b: a % 2 - b % 2, lambda a, b: a - b) == [2, 4, 1, 3]
    x = theano.tensor.dscalar("x")
    y = theano.tensor.exp(x)
    z = theano.tensor.sin(y)
    compare = make_dependence_cmp()
    assert compare(z.owner, y.owner) == 1 and compare(y.owner, z.owner) == -1 and compare(y.owner, y.owner) == 0
    assert sort_apply_nodes([x], [z], []) == [y.owner, z.owner]


def test_stacks():
    rows = utils.simple_extract_stack(limit=2)
    assert len(rows) == 2 and rows[-1][0] == __file__ and rows[-1][2] == "test_stacks"
    assert all("test_helpers" not in row[0] for row in utils.simple_extract_stack(skips=["test_helpers"]))
    x = theano.tensor.dscalar("x")
    assert __file__ in utils.get_variable_trace_string(x) and utils.get_variable_trace_string(object()) == ""


def test_objects():
    assert utils.D(a=1).a == 1 and utils.hash_from_code("a") == utils.hash_from_code(b"a") != utils.hash_from_code("b")
    assert utils.hash_from_file(__file__)[0] == "m"

    class Named:
        __hash__ = utils.hashtype

    assert hash(Named()) == hash(Named())


def test_ordered_sets():
    s = OrderedSet([3, 1, 3])
    s.add(2)
    assert list(s) == [3, 1, 2] and list(reversed(s)) == [2, 1, 3] and len(s) == 3 and 1 in s
    assert s == OrderedSet([3, 1, 2]) != OrderedSet([1, 2, 3]) and repr(s) == "OrderedSet([3, 1, 2])"
    assert list(s.union([9])) == [3, 1, 2, 9] and s.pop() == 2 and s.pop(last=False) == 3
    s.update([5, 6])
    s.difference_update([5])
    s.intersection_update([6, 7])
    assert list(s) == [6] and pickle.loads(pickle.dumps(s)) == s
    with pytest.raises(TypeError, match="deterministic"):
        OrderedSet({1, 2})
    with pytest.raises(TypeError):
        _ = s == {6}
    check_deterministic([1])
    s.discard(6)
    with pytest.raises(KeyError):
        s.pop()


def test_frozen_dicts():
    d = frozendict(a=1, b=2)
    assert d["a"] == 1 and len(d) == 2 and hash(d) == hash(frozendict(b=2, a=1)) and d == {"a": 1, "b": 2}
    assert d.copy(b=3)["b"] == 3 and {d: 1}[frozendict(a=1, b=2)] == 1
    with pytest.raises(TypeError):
        d["a"] = 2
    assert list(FrozenOrderedDict([("b", 1), ("a", 2)])) == ["b", "a"]


def test_default_ordered_dict():
    d = compat.DefaultOrderedDict(list)
    d["b"].append(1)
    d["a"].append(2)
    assert list(d.items()) == [("b", [1]), ("a", [2])] and pickle.loads(pickle.dumps(d)) == d == d.copy()
    with pytest.raises(KeyError):
        compat.DefaultOrderedDict()["x"]


def test_python_2_and_3():
    assert compat.cmp(1, 2) == -1 and compat.decode(b"a") == "a" and list(compat.decode_iter([b"a", 1])) == ["a", 1]
    assert compat.exc_message(ValueError(ValueError("inner"))) == "inner" and compat.PY3
    assert compat.get_unbound_function(test_objects) is test_objects


def test_call_cache(tmp_path):
    path, calls = str(tmp_path / "cache.pkl"), []
    cache = CallCache(path)
    for _ in range(2):
        assert cache.call(lambda n: calls.append(n) or n + 1, (3,), key="k") == 4
    cache.persist()
    assert calls == [3] and CallCache(path).call(None, key="k") == 4


def test_texts():
    assert strutil.render_string("%(a)s", {"a": 1}) == "1"
    with pytest.raises(KeyError, match="in rendering"):
        strutil.render_string("%(b)s", {"a": 1})
    assert strutil.strip_leading_white_space(" \ta ") == "a "
    assert strutil.pretty_format("f {\n   a;\n{\nb;\n}\n}") == "f {\n a;\n {\n  b;\n }\n}"


def test_asarray_makes_the_dtype_that_is_named():
    with theano.config.change_flags(floatX="float32"):
        assert theano._asarray([1, 2], dtype="floatX").dtype == "float32"
    a = np.array([1], dtype="longlong" if np.dtype("longlong").num != np.dtype("int64").num else "int64")
    found = theano.misc.safe_asarray._asarray(a, "int64")
    assert found.dtype.num == np.dtype("int64").num and found.tolist() == [1]


def test_log_handlers():
    log, handler = logging.getLogger("theano"), logging.NullHandler()
    log.addHandler(handler)
    try:
        with theano.disable_log_handler(log, handler):
            assert handler not in log.handlers
        assert handler in log.handlers and theano.has_handlers(log)
    finally:
        log.removeHandler(handler)


def test_a_program_adds_flags(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "mine.depth=5")
    add = configparser.AddConfigVar
    add("mine.depth", "how deep", configparser.IntParam(3, lambda n: n > 0))
    add("mine.kind", "which", configparser.EnumStr("a", "b", "c"))
    add("mine.on", "whether", configparser.BoolParam(lambda: True))
    add("mine_fixed", "once", configparser.FloatParam(0.5, allow_override=False))
    config = theano.config
    assert config.mine.depth == 5 and config.mine.kind == "a" and config.mine.on is True and config.mine_fixed == 0.5
    config.mine.kind = "c"
    with config.change_flags(mine__depth=7):
        assert config.mine.depth == 7 and config.mine.kind == "c"
    for name, wrong in (("depth", 0), ("kind", "d"), ("on", "maybe")):
        with pytest.raises(ValueError):
            setattr(config.mine, name, wrong)
    with pytest.raises(Exception, match="after initialization"):
        config.mine_fixed = 1.0
    with pytest.raises(AttributeError, match="already taken"):
        add("mine.depth", "", configparser.StrParam(""))
    assert "mine.depth" in str(config) and configparser.fetch_val_for_key("mine.depth") == "5"


def test_texts_of_flags():
    assert configparser.parse_config_string("a=1,b.c=x y") == {"a": "1", "b.c": "x y"}
    with pytest.warns(configparser.TheanoConfigWarning, match="no value"):
        assert configparser.parse_config_string("a,b=2") == {"b": "2"}
    before = configparser.get_config_hash()
    with theano.config.change_flags(on_unused_input="warn"):
        assert configparser.get_config_hash() != before
    from theano import configdefaults

    assert configdefaults.floatX_convert("32") == "float32" and configdefaults.local_bitwidth() in (32, 64)
    assert configdefaults.good_seed_param("random") and not configdefaults.good_seed_param("x")
    assert configdefaults.split_version("1.0.5") == (1, 0, 5) and configdefaults.filter_vm_lazy("None") is None
    assert configdefaults.filter_mode("FAST_RUN") == "FAST_RUN"
    with pytest.raises(ValueError):
        configdefaults.filter_mode("nonsense")
    assert configdefaults.cpuCount() == os.cpu_count()
