"""Theano's ``theano``: names of Theon."""

from theano._modules import modules
from theano._start import *
from theano import (
    compat,
    compile,
    configdefaults,
    configparser,
    d3viz,
    gof,
    gradient,
    graph,
    ifelse,
    link,
    misc,
    pathparse,
    printing,
    raise_op,
    sandbox,
    scalar,
    scan,
    scan_module,
    sparse,
    tensor,
    typed_list,
    updates,
    version,
)
from theon.autodiff.forward import Rop
from theon.autodiff.reverse import Lop, grad, subgraph_grad
from theon.compile.conveniences import clone
from theon.compile.function import FunctionMaker, OrderedUpdates, function
from theon.compile.io import In, Out, SymbolicInput, SymbolicOutput
from theon.compile.mode import Mode, predefined_linkers, predefined_modes, predefined_optimizers
from theon.compile.rebuild import Param
from theon.control.checkpoints import scan_checkpoints
from theon.control.inner import OpFromGraph
from theon.control.scan import foldl, foldr, map, reduce, scan
from theon.errors import InconsistencyError
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op, as_op
from theon.graph.printing import pp, pprint
from theon.graph.props import object2
from theon.graph.type import Type, generic
from theon.graph.variable import Apply, Constant, Variable
from theon.legacy.asarray import _asarray
from theon.legacy.cdata import OpenMPOp
from theon.legacy.pickles import function_dump
from theon.legacy.python2 import PY3
from theon.legacy.tensor_names import scalar_constant_value as get_scalar_constant_value
from theon.legacy.traces import disable_log_handler, has_handlers
from theon.ops.dot import dot_of_any as dot
from theon.options import change_flags, config
from theon.runtime.linker import Linker, LocalLinker, PerformLinker
from theon.runtime.profile import ProfileStats
from theon.runtime.vm import CLinker, DualLinker, OpWiseCLinker
from theon.sparse.convert import sparse_grad
from theon.tensor.shared import Container, Generic, shared

__getattr__ = modules(
    __name__,
    {
        "gpuarray": "theano.gpuarray",
        "opt": "theano.gof.opt",
        "theano": "theano",
        "toolbox": "theano.gof.toolbox",
        "utils": "theano.gof.utils",
    },
)
