"""Theano's ``theano.gof.vm``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.options import config
from theon.runtime.vm import Loop, LoopGC, Stack, VM, VM_Linker

__getattr__ = modules(__name__, {"link": "theano.gof.link"})
