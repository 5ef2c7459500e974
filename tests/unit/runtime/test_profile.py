"""Profiles of functions: numbers of calls, seconds by node, op and class, and the printed tables."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.compile import ProfileStats, ScanProfileStats
from theano.compile.profiling import print_global_stats, register_profiler_printer


class Sleepy(theano.Op):
    """Its input, after some milliseconds."""

    __props__ = ()

    def make_node(self, x):
        return theano.Apply(self, [x], [x.type()])

    def perform(self, node, inputs, outputs):
        import time

        time.sleep(0.005)
        outputs[0][0] = inputs[0] + 0


def profiled(mode=None, **kwargs):
    x, s = T.dvector("x"), theano.shared(np.ones(3), name="s")
    stats = ProfileStats(atexit_print=False, **kwargs)
    f = theano.function([x], Sleepy()(T.exp(x) * s), updates=[(s, s + 1)], profile=stats, mode=mode)
    return f, stats, s


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE"])
def test_calls_and_nodes_are_timed(mode):
    f, stats, s = profiled(mode)
    for k in range(3):
        np.testing.assert_allclose(f([0.0, 0.0, 0.0]), np.full(3, 1.0 + k))
    assert f.profile is stats and s.get_value().tolist() == [4.0, 4.0, 4.0]
    assert stats.fct_callcount == 3 and len(stats.fct_call_times) == 3
    assert stats.fct_call_time >= stats.vm_call_time >= sum(stats.apply_time.values()) > 0.015
    assert set(stats.apply_time) == set(f.maker.fgraph.toposort()) and set(stats.apply_callcount.values()) == {3}
    slowest = max(stats.op_time(), key=stats.op_time().get)
    assert isinstance(slowest, Sleepy) and stats.op_impl()[slowest] == "Py" and stats.op_callcount()[slowest] == 3
    assert stats.class_time()[Sleepy] > 0.015 and stats.class_nodes()[Sleepy] == 1
    others = {i for c, i in stats.class_impl().items() if c is not Sleepy}
    assert others == ({"C"} if mode == "FAST_RUN" else {"Py"})
    totals = stats.compute_total_times()
    last = next(n for n in totals if isinstance(n.op, Sleepy))
    assert totals[last] > stats.apply_time[last] and stats.compile_time > 0 and stats.nb_nodes == len(stats.apply_time)


def test_the_summary_is_a_table_with_the_slowest_first():
    f, stats, _ = profiled(message="what it is")
    f([0.0, 0.0, 0.0])
    out = io.StringIO()
    stats.summary(out, n_ops_to_print=1)
    text = out.getvalue()
    for words in ("Function profiling", "Message: what it is", "Time in 1 calls", "Class", "Ops", "Apply", "Python"):
        assert words in text
    rows = [line for line in text.split("Ops")[1].splitlines() if "%" in line and "<%" not in line]
    assert rows[0].split()[-1] == "Sleepy" and "remaining" in rows[1]
    stats.reset()
    assert stats.fct_callcount == 0 and stats.apply_time == {}


def test_a_message_or_true_makes_a_profile():
    x = T.dscalar("x")
    for wanted, message in (("mine", "mine"), (True, "by name")):
        stats = theano.function([x], x + 1, profile=wanted, name="by name").profile
        assert stats.message == message
        from theon.runtime import profile

        profile._at_exit.remove(stats)
    assert theano.function([x], x + 1).profile is None and theano.function([x], x + 1, profile=False).profile is None


def test_sizes_are_noted_when_asked_for():
    with theano.config.change_flags(profile_memory=True, profiling__min_memory_size=1):
        f, stats, _ = profiled()
        f([0.0, 0.0, 0.0])
        out = io.StringIO()
        stats.summary(out)
    assert set(stats.variable_shape.values()) <= {(3,), (1,), ()} and "Memory Profile" in out.getvalue()


def test_the_first_call_may_be_left_out():
    with theano.config.change_flags(profiling__ignore_first_call=True):
        f, stats, _ = profiled()
        f([0.0, 0.0, 0.0])
        assert stats.fct_callcount == 0 and not stats.apply_time
        f([0.0, 0.0, 0.0])
        assert stats.fct_callcount == 1 and set(stats.apply_callcount.values()) == {1}


def test_printers_of_a_program_are_called():
    called = []

    @register_profiler_printer
    def mine(message, compile_time, fct_call_time, apply_time, apply_cimpl, output_size, file):
        called.append((message, len(apply_time)))
        file.write("my own line\n")

    from theon.runtime import profile

    f, stats, _ = profiled(message="m")
    f([0.0, 0.0, 0.0])
    out = io.StringIO()
    stats.summary(out)
    profile._printers.remove(mine)
    assert called == [("m", len(stats.apply_time))] and "my own line" in out.getvalue()


def test_errors_name_the_node():
    x, y = T.dvector("x"), T.dvector("y")
    f = theano.function([x, y], Sleepy()(x) + y, profile=ProfileStats(atexit_print=False))
    with pytest.raises(ValueError, match="Apply node that caused the error"):
        f([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_profile_of_a_loop_says_its_steps():
    stats = ScanProfileStats(atexit_print=False, name="loop")
    stats.callcount, stats.nbsteps = 2, 20
    out = io.StringIO()
    stats.summary_function(out)
    assert "Scan Op profiling (loop)" in out.getvalue() and "2 calls" in out.getvalue() and "20 steps" in out.getvalue()


def test_global_numbers_are_printed(capsys):
    print_global_stats()
    assert "Time spent in Theano functions" in capsys.readouterr().err


def test_profiles_are_printed_at_the_end():
    program = (
        "import theano, theano.tensor as T\nx = T.dscalar('x')\nf = theano.function([x], T.exp(x), name='last')\nf(1.0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "THEANO_FLAGS": "profile=True"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "Message: last" in done.stderr and "exp" in done.stderr
