"""Theano's ``theano.misc.cpucount``: the number of processors."""

from theon.legacy.configuration import cpuCount
