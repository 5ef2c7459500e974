"""Theano's ``theano.sandbox.neighbours``: names of Theon."""

from theon.nnet.neighbours import Images2Neibs, images2neibs, neibs2images
