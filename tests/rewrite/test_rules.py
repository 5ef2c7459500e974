"""Every rule on the sample where it fires: alone, left out, with all others, the results are those of the graph as written."""

import numpy as np
import pytest
from rewrite.samples import SAMPLES, draw

import theano
from theon.compile.stages import OPTIMIZERS, optdb
from theon.graph.fgraph import FunctionGraph
from theon.graph.traverse import inputs as inputs_of
from theon.graph.variable import Constant
from theon.rewrite.equilibrium import EquilibriumOptimizer
from theon.rewrite.rules import GROUPS

RULES = {rule.name: rule for rules in GROUPS for rule in rules}
# Approximations, and what gives a number where there was none.
LOOSE = {"sigmoid_by_pieces": 0.05, "sigmoid_by_a_line": 0.2}


def leaves(outputs):
    return [v for v in dict.fromkeys(inputs_of(outputs)) if not isinstance(v, Constant)]


def test_every_rule_has_a_sample_and_every_sample_a_rule():
    assert set(SAMPLES) == set(RULES)


def fired(rule, given, output):
    """The graph rewritten by this rule only, and how often it was used."""
    fgraph = FunctionGraph(given, [output])
    engine = EquilibriumOptimizer([rule])
    engine.optimize(fgraph)
    return fgraph, engine.uses.get(rule, 0)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_rule(name):
    rule = RULES[name]
    query = OPTIMIZERS["fast_run"].including(name)
    ways = {
        "left out": query.excluding(name),
        "with all others": query,
        "alone": query.excluding(*(r for r in RULES if r != name)),
    }
    for output in SAMPLES[name]:
        (output,) = output if isinstance(output, list) else [output]
        given = leaves([output])
        assert reached(rule, given, output), f"{name} does not fire on {theano.pp(output)}"
        values = [draw(v) for v in given]
        expected = run(given, output, None, values, "py")
        tolerance = LOOSE.get(name, 1e-10)
        for way, optimizer in ways.items():
            for linker in ("py", "vm"):
                found = run(given, output, optimizer, values, linker)
                text = f"{name} {way}, {linker}: {theano.pp(output)}"
                assert (found.dtype, found.shape) == (expected.dtype, expected.shape), text
                np.testing.assert_allclose(found, expected, rtol=tolerance, atol=max(tolerance, 1e-12), err_msg=text)


def reached(rule, given, output):
    """Whether the rule fires on the graph as written, or after the rules of its group and those before have run."""
    if fired(rule, given, output)[1]:
        return True
    seen = []
    function = rule.function

    def watched(*args):
        found = function(*args)
        if found is not None:
            seen.append(found)
        return found

    try:
        rule.function = watched
        fgraph = FunctionGraph(given, [output])
        for opt in optdb.query(OPTIMIZERS["fast_run"].including(rule.name)):
            if isinstance(opt, EquilibriumOptimizer):
                opt = EquilibriumOptimizer(opt.local_optimizers)
            opt.optimize(fgraph)
    finally:
        rule.function = function
    return bool(seen)


def run(given, output, optimizer, values, linker):
    mode = theano.compile.mode.Mode(linker=linker, optimizer=optimizer)
    return np.asarray(theano.function(given, output, mode=mode, on_unused_input="ignore")(*values))
