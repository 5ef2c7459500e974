"""Theano's ``theano.tensor.nnet.corr3d``: names of Theon."""

from theon.nnet.corr import BaseCorr3dMM, Corr3dMM, Corr3dMM_gradInputs, Corr3dMM_gradWeights
