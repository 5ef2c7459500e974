"""Theano's ``theano.tests.breakpoint``: names of Theon."""

from theon.ops.breakpoint import PdbBreakpoint
