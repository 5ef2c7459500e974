"""Theano's public names: each resolves at its path, or is an exception with a reason, or stands in ``missing.txt``.

``exceptions.txt`` says which names will never be: lines ``module pattern [pattern ...]  # reason``, with wildcards. A name
that a pattern matches is absent, or raises a clear error when it is asked for. ``missing.txt`` is the exact list of
the other names that do not resolve yet, so a lost name fails and a won one must be struck off: run
``python -m pytest tests/surface --update-golden`` after adding names.
"""

import fnmatch
import importlib
import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

HERE = Path(__file__).parent
NAMES = json.loads((HERE / "names.json").read_text())
PAIRS = [(module, name) for module in NAMES for name in NAMES[module]]


def resolve(module, name):
    """Return the object at ``module.name``, or None."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        return None
    if hasattr(found, name):
        return getattr(found, name)
    try:
        return importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return None


def is_missing(module, name):
    found = resolve(module, name)
    kind = NAMES[module][name]["kind"]
    if found is None:
        return NAMES[module][name].get("kind") != "value" or not hasattr(importlib_or_none(module), name)
    if kind == "class":
        return not isinstance(found, type)
    if kind in ("function", "op", "callable"):
        return not callable(found)
    return False


def exceptions():
    """Rows (module pattern, name patterns, reason) of ``exceptions.txt``."""
    rows = []
    for line in (HERE / "exceptions.txt").read_text().splitlines():
        words, _, reason = line.partition("#")
        if words.strip():
            module, *patterns = words.split()
            rows.append((module, patterns, reason.strip()))
    return rows


def is_exception(module, name):
    return any(
        fnmatch.fnmatchcase(module, place) and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        for place, patterns, _ in exceptions_read
    )


exceptions_read = exceptions()


def importlib_or_none(module):
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        return None


def test_missing_names_are_exactly_the_listed_ones(request):
    missing = sorted(
        f"{module} {name}" for module, name in PAIRS if is_missing(module, name) and not is_exception(module, name)
    )
    path = HERE / "missing.txt"
    lost = sorted(set(missing) - set(path.read_text().splitlines()))
    assert not lost, f"names that were there before: {', '.join(lost)}"
    if request.config.getoption("--update-golden"):
        path.write_text("".join(line + "\n" for line in missing))
    listed = path.read_text().splitlines()
    excepted = sum(is_exception(module, name) and is_missing(module, name) for module, name in PAIRS)
    print(f"{len(PAIRS) - excepted - len(missing)} of {len(PAIRS)} public names resolve, {excepted} are exceptions")
    assert missing == listed


def test_exceptions_have_a_reason_and_match_absent_names():
    for module, patterns, reason in exceptions_read:
        assert len(reason) > 10, (module, patterns)
        for pattern in patterns:
            assert any(
                fnmatch.fnmatchcase(place, module) and fnmatch.fnmatchcase(name, pattern) and is_missing(place, name)
                for place, name in PAIRS
            ), f"{module} {pattern} matches no absent name of Theano"


# Where another module's function of that name serves as well.
OTHERS = {
    ("theano.gof.unify", "comm_guard"),
    ("theano.scalar.basic_sympy", "remove"),
    ("theano.sparse.opt", "register_specialize"),
    ("theano.sparse.sandbox.sp2", "register_specialize"),
}


def test_a_name_that_one_module_has_from_another_is_the_same_object():
    for module, name in PAIRS:
        home = NAMES[module][name].get("from")
        if NAMES[module][name]["kind"] == "module" or name not in NAMES.get(home, ()) or (module, name) in OTHERS:
            continue
        here, there = resolve(module, name), resolve(home, name)
        assert here is None or there is None or here is there, f"{module}.{name} is not {home}.{name}"


def parameters(found):
    """The parameter names of a function, or of a class's constructor, without self."""
    signature = inspect.signature(found)
    return [p.name for p in signature.parameters.values() if p.name != "self"]


def differs(module, name):
    """The parameter names where they are not Theano's (as a prefix: more may follow), else None."""
    entry = NAMES[module][name]
    found = resolve(module, name)
    if "sig" not in entry or entry["kind"] not in ("function", "class") or not callable(found):
        return None
    # Commas inside brackets belong to a default.
    wanted = [p.split("=")[0] for p in re.split(r", (?![^(\[]*[)\]])", entry["sig"]) if p and p != "self"]
    if any(p.startswith("*") for p in wanted):
        return None
    try:
        own = parameters(found)
    except (TypeError, ValueError):
        return None
    return None if own[: len(wanted)] == wanted else f"{', '.join(own)} | {', '.join(wanted)}"


def test_signatures_differ_exactly_where_listed(request):
    rows = sorted(f"{module} {name}" for module, name in PAIRS if differs(module, name))
    path = HERE / "signatures_differ.txt"
    if request.config.getoption("--update-golden"):
        path.write_text("".join(line + "\n" for line in rows))
    assert rows == path.read_text().splitlines()


@pytest.mark.parametrize(
    "name", ["theano.tensor", "theano.gof", "theano.compile", "theano.tensor.nnet", "theano.gradient"]
)
def test_modules_of_old_programs_import(name):
    assert importlib.import_module(name).__doc__


def test_star_imports_bring_theano_and_numpy():
    for module in ("theano.tensor", "theano.tensor.raw_random", "theano.gof.op"):
        space = {}
        exec(f"from {module} import *", space)
        assert space["theano"].function and space["np"].ndarray, module


def test_sharing_of_memory_by_arrays_and_sparse_matrices():
    from theano.misc.may_share_memory import may_share_memory

    a = np.arange(4.0)
    m = scipy.sparse.csr_matrix(np.eye(2))
    assert may_share_memory(a, a[1:]) and not may_share_memory(a, a + 1)
    assert may_share_memory(m, m.data[:1]) and not may_share_memory(m.copy(), m)
    assert not may_share_memory(a, 3, raise_other_type=False)
    with pytest.raises(TypeError):
        may_share_memory(a, 3)
