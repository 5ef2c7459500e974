"""Theano's ``theano.link.basic``: names of Theon."""

from theano.gof.link import *
