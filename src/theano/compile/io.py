"""Theano's ``theano.compile.io``: names of Theon."""

from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.tensor.shared import SharedVariable
