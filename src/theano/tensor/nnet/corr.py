"""Theano's ``theano.tensor.nnet.corr``: names of Theon."""

from theon.nnet.corr import BaseCorrMM, CorrMM, CorrMM_gradInputs, CorrMM_gradWeights
