"""Symbolic arrays: types, variables, constants, shared variables, constructors."""

from theon.tensor.constant import as_tensor_variable, constant
from theon.tensor.constructors import *  # noqa: F403
from theon.tensor.shared import (
    ScalarSharedVariable,
    SharedVariable,
    TensorSharedVariable,
    shared,
    shared_constructor,
)
from theon.tensor.type import TensorType
from theon.tensor.variable import TensorConstant, TensorVariable

__all__ = [
    "ScalarSharedVariable",
    "SharedVariable",
    "TensorConstant",
    "TensorSharedVariable",
    "TensorType",
    "TensorVariable",
    "as_tensor_variable",
    "constant",
    "shared",
    "shared_constructor",
]
