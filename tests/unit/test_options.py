"""Flags: by attribute, by section, in the later spelling with two underscores."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import theano
from theon.options import FLAGS

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "config.json").read_text())
ELSEWHERE = {"base_compiledir", "cxx"}  # defaults of Theano that name a place on its user's machine


def test_the_flags_are_those_of_theano():
    assert set(RECORDED) <= set(FLAGS)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_flag_has_the_default_and_takes_the_texts_of_theano(name):
    row, flag = RECORDED[name], FLAGS[name]
    if not row["default_is_computed"] and name not in ELSEWHERE:
        assert flag.default == row["default"]
    assert flag.settable == row["settable_after_import"]
    assert set(row["allowed"]) <= set(flag.allowed)
    for text, value in row.get("parses", {}).items():
        if value == "!ValueError":
            with pytest.raises(ValueError, match=name):
                flag.parse(text)
        else:
            assert flag.parse(text) == value


def test_two_underscores_stand_for_the_dot():
    assert theano.config.gcc__cxxflags == theano.config.gcc.cxxflags
    with theano.config.change_flags(gcc__cxxflags="-O1"):
        assert theano.config.gcc.cxxflags == "-O1"
        theano.config.gcc__cxxflags = "-O2"
        assert theano.config.gcc__cxxflags == "-O2"
    with pytest.raises(AttributeError, match="no flag 'gcc.nothing'"):
        theano.config.gcc__nothing


def test_leaving_changed_flags_twice_is_allowed():
    outer = theano.config.change_flags(compute_test_value="warn")
    outer.__enter__()
    inner = theano.config.change_flags(compute_test_value="ignore")
    inner.__enter__()
    inner.__exit__()
    inner.__exit__()
    assert theano.config.compute_test_value == "warn"
    outer.__exit__()
    assert theano.config.compute_test_value == "off"


def started(program="", **environment):
    done = subprocess.run(
        [sys.executable, "-c", f"import theano; c = theano.config; {program}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.mark.parametrize("linker", ["py", "c", "c|py", "c|py_nogc", "vm", "cvm", "vm_nogc", "cvm_nogc"])
def test_linkers_of_theano_are_taken(linker):
    x = theano.tensor.dscalar("x")
    with theano.config.change_flags(linker=linker):
        assert theano.function([x], x + 1)(1.0) == 2.0 and theano.compile.get_default_mode().provided_linker == linker


def test_flags_that_say_nothing_here_are_warned_of_once():
    code, out, err = started(
        "print(c.floatX, c.linker)",
        THEANO_FLAGS="floatX=float32,device=gpu0,lib.cnmem=0.8,garbage,linker=c|py,blas.ldflags='-lm -lblas'",
    )
    assert code == 0 and out == "float32 c|py"
    for words in ("not recognise this flag: lib.cnmem", "'garbage' has no value", "device=gpu0: there is no GPU code"):
        assert err.count(words) == 1
    assert "blas" not in err


def test_flags_from_files(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("[global]\nfloatX = float32\nmode = FAST_COMPILE\n[gcc]\ncxxflags = -O3 -march=native\n")
    second.write_text("[global]\nmode = FAST_RUN\n")
    code, out, err = started(
        "print(c.floatX, c.mode, c.gcc.cxxflags)", THEANORC=os.pathsep.join(map(str, (first, second))), THEANO_FLAGS=""
    )
    assert (code, out, err) == (0, "float32 FAST_RUN -O3 -march=native", "")
    code, out, _ = started("print(c.floatX, c.mode)", THEANORC=str(first), THEANO_FLAGS="mode=DebugMode")
    assert out == "float32 DebugMode"


def test_a_wrong_value_is_refused_with_the_right_ones():
    code, _, err = started(THEANO_FLAGS="floatX=float33")
    assert code != 0 and "floatX" in err.splitlines()[-1] and "float64, float32, float16" in err.splitlines()[-1]
