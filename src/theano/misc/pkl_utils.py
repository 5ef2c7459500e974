"""Theano's ``theano.misc.pkl_utils``: names of Theon."""

from theon.options import config
from theon.tensor.shared import SharedVariable
