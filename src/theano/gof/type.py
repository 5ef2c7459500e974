"""Theano's ``theano.gof.type``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.errors import MethodNotDefined
from theon.graph.ccode import CLinkerObject, CLinkerType
from theon.graph.enums import CEnumType, EnumList, EnumType
from theon.graph.op import Op
from theon.graph.props import object2
from theon.graph.type import PureType, SingletonType, Type, generic
from theon.legacy.cdata import CDataType, CDataTypeConstant
from theon.legacy.python2 import string_types
from theon.options import change_flags
from theon.tensor.shared import Generic

__getattr__ = modules(__name__, {"graph": "theano.gof.graph", "utils": "theano.gof.utils"})
