"""1,000 random programs: rewritten and compiled to native code they compute what the reference of each op computes."""

import numpy as np
import pytest
from rewrite.programs import Program, agree

import theano
from theon.codegen import jit

PROGRAMS, TOGETHER, OPTIMISED = 1000, 20, 40


def together(seeds, mode):
    """Run several programs as one function, so that they share the cost of compiling; the texts of those that differ."""
    programs = [Program(seed, f"p{place}_") for place, seed in enumerate(seeds)]
    given = [(p, name) for p in programs for name in p.inputs]
    wanted = [(p, name) for p in programs for name in p.outputs()]
    f = theano.function(
        [p.space[n] for p, n in given], [p.space[n] for p, n in wanted], mode=mode, on_unused_input="ignore"
    )
    found = f(*(p.known[p.space[n]] for p, n in given))
    wrong = {}
    for (p, name), value in zip(wanted, found):
        expected = np.asarray(p.known[p.space[name]])
        values = [v for v in p.known.values() if isinstance(v, np.ndarray)]
        floats = [v for v in values if v.size and v.dtype.kind in "fc"]
        scale = max([1.0, *(float(abs(v).max()) for v in floats if np.isfinite(v).all())])
        if not agree(np.asarray(value), expected, scale, *p.precision()):
            wrong.setdefault(p.seed, []).append((name, value, expected))
    return wrong


@pytest.mark.parametrize("first", range(0, PROGRAMS, TOGETHER))
def test_native_agrees_with_the_reference(first, monkeypatch):
    if first >= OPTIMISED:
        # What LLVM's optimiser does to code is not what is tested: without it a program takes a tenth of the time.
        optimised = jit.object_code
        monkeypatch.setattr(jit, "object_code", lambda text, *_, **__: optimised(text, "quick"))
    try:
        wrong = together(range(first, first + TOGETHER), "FAST_RUN")
    except Exception as error:
        # One at a time, to name the program.
        for seed in range(first, first + TOGETHER):
            try:
                together([seed], "FAST_RUN")
            except Exception as inner:
                raise AssertionError(f"program {seed} raised {inner!r}:\n{Program(seed).text()}") from inner
        raise AssertionError(f"programs {first} to {first + TOGETHER} together raised") from error
    for seed, differing in wrong.items():
        name, value, expected = differing[0]
        raise AssertionError(f"program {seed}: {name} is\n{value}\nnot\n{expected}\n{Program(seed).text()}")
