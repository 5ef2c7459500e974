"""Theano's ``theano.gof.toolbox``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import BadOptimization
from theon.graph.features import (
    AlreadyThere,
    Bookkeeper,
    Feature,
    GetCheckpoint,
    History,
    LambdExtract,
    NoOutputFromInplace,
    NodeFinder,
    PreserveNames,
    PreserveVariableAttributes,
    PrintListener,
    ReplaceValidate,
    ReplacementDidntRemovedError,
    Validator,
)
from theon.options import config

__getattr__ = modules(__name__, {"graph": "theano.gof.graph"})
