"""Theano's ``theano.tensor.blas_scipy``: names of Theon."""
