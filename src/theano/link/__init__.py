"""Theano's ``theano.link``: names of Theon."""

from theano.link import basic, utils, vm
from theano.gof.link import *
