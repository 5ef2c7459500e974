"""Theano's ``theano.misc.safe_asarray``: names of Theon."""

import numpy as np

import theano
from theon.legacy.asarray import _asarray
