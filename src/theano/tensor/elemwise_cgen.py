"""Theano's ``theano.tensor.elemwise_cgen``: names of Theon."""

import numpy as np

import theano
