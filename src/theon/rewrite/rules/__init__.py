"""The rules, one theme a file; ``GROUPS`` lists them in the order in which they are tried on a node."""

from theon.rewrite.rules.arithmetic import arithmetic, powers
from theon.rewrite.rules.cancel import cancel
from theon.rewrite.rules.canonical import canonical
from theon.rewrite.rules.exponentials import exponentials
from theon.rewrite.rules.factor_gradients import gradients_of_factors
from theon.rewrite.rules.indexing import indexing
from theon.rewrite.rules.layers import layers
from theon.rewrite.rules.likelihood import likelihood
from theon.rewrite.rules.linear import factors, linear
from theon.rewrite.rules.reductions import positions, reductions, unusual
from theon.rewrite.rules.shapes import shapes
from theon.rewrite.rules.shares import shares
from theon.rewrite.rules.stabilize import stabilize
from theon.rewrite.rules.useless import useless

__all__ = ["GROUPS"]

GROUPS = (
    canonical, useless, arithmetic, shapes, indexing, reductions, cancel, stabilize, shares, exponentials, likelihood, powers, positions, unusual,
    gradients_of_factors, linear, factors, layers,
)  # fmt: skip
