"""Theano's ``theano.gof``: names of Theon."""

import numpy as np

import theano
from theano.gof import (
    callcache,
    cc,
    destroyhandler,
    fg,
    graph,
    link,
    null_type,
    op,
    opt,
    optdb,
    params_type,
    sched,
    toolbox,
    type,
    unify,
    utils,
    vm,
)
from theon.compile.rebuild import ops_with_inner_function
from theon.errors import InconsistencyError, MethodNotDefined, MissingInputError
from theon.graph.destroy import DestroyHandler
from theon.graph.enums import CEnumType, EnumList, EnumType
from theon.graph.features import (
    Bookkeeper,
    Feature,
    History,
    NoOutputFromInplace,
    NodeFinder,
    PrintListener,
    ReplaceValidate,
    ReplacementDidntRemovedError,
    Validator,
)
from theon.graph.fgraph import FunctionGraph
from theon.graph.op import Op, PureOp
from theon.graph.params import Params, ParamsType
from theon.graph.props import object2
from theon.graph.traverse import view_roots
from theon.graph.type import Type, generic
from theon.graph.variable import Apply, Constant, Variable
from theon.legacy.cdata import COp, CachedConstantError, OpenMPOp
from theon.legacy.markers import hashtype
from theon.rewrite.database import DB, EquilibriumDB, LocalGroupDB, ProxyDB, Query, SequenceDB
from theon.rewrite.engine import MergeOptimizer
from theon.rewrite.equilibrium import EquilibriumOptimizer
from theon.rewrite.local import LocalOptGroup, LocalOptimizer, OpRemove, OpSub, local_optimizer
from theon.rewrite.navigate import NavigatorOptimizer, OpKeyOptimizer, TopoOptimizer
from theon.rewrite.optimizer import Optimizer, SeqOptimizer, inplace_optimizer, optimizer
from theon.rewrite.pattern import PatternSub
from theon.rewrite.trace import CheckStackTraceOptimization
from theon.runtime.linker import Linker, LocalLinker, PerformLinker, WrapLinker, WrapLinkerMany
from theon.runtime.vm import CLinker, DualLinker, OpWiseCLinker
from theon.tensor.shared import Container, Generic
