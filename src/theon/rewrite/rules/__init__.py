"""The rules, one theme a file; ``GROUPS`` lists them in the order in which they are tried on a node."""

from theon.rewrite.rules.cancel import cancel
from theon.rewrite.rules.canonical import canonical
from theon.rewrite.rules.likelihood import likelihood
from theon.rewrite.rules.linear import factors, gradients_of_factors, linear
from theon.rewrite.rules.stabilize import stabilize

__all__ = ["GROUPS"]

GROUPS = (canonical, cancel, stabilize, likelihood, gradients_of_factors, linear, factors)
