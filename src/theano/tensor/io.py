"""Theano's ``theano.tensor.io``: names of Theon."""

from theano._modules import modules
import numpy as np

import theano
from theon.graph.op import Op
from theon.graph.variable import Constant
from theon.legacy.mpi import (
    MPIRecv,
    MPIRecvWait,
    MPISend,
    MPISendWait,
    irecv,
    isend,
    mpi_cmps,
    mpi_enabled,
    mpi_keys,
    mpi_send_wait_cmp,
    mpi_send_wait_key,
    mpi_tag_cmp,
    mpi_tag_key,
    recv,
    send,
)
from theon.legacy.ordering import key_to_cmp
from theon.ops.disk import LoadFromDisk, load
from theon.tensor.constructors import tensor
from theon.tensor.shared import Generic

__getattr__ = modules(__name__, {"gof": "theano.gof"})
