"""Theano's ``theano.sandbox.blocksparse``: names of Theon."""
