"""Ops: what a node computes. User ops subclass :class:`Op` exactly as in Theano."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

from theon.errors import MethodNotDefined
from theon.graph.ccode import CLinkerOp
from theon.graph.origin import user_frame
from theon.graph.props import object2
from theon.graph.testvalue import FLAGS, compute_test_values
from theon.graph.type import Type
from theon.graph.variable import Apply, Variable

__all__ = ["FromFunctionOp", "Op", "PureOp", "as_op", "as_variable", "performer"]


def as_variable(x: Any) -> Variable:
    """Return ``x`` as a variable: itself, a tensor constant for numbers and arrays, or what its ``_as_TensorVariable`` gives."""
    if isinstance(x, Variable):
        return x
    from theon.graph import conversion

    return conversion.as_variable(x)


class Op(object2, CLinkerOp):
    """The interface of ops.

    A subclass gives ``make_node`` (or ``itypes`` and ``otypes``) and ``perform``, and, where it can, ``grad`` or ``L_op``,
    ``R_op``, ``infer_shape`` and ``connection_pattern``. ``__props__`` names the attributes that make two ops equal.
    ``view_map`` and ``destroy_map`` map an output index to the inputs it views or overwrites.
    """

    __module__ = "theano.gof.op"

    default_output: int | None = None
    view_map: dict[int, list[int]] = {}
    destroy_map: dict[int, list[int]] = {}
    itypes: Sequence[Type]
    otypes: Sequence[Type]

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node that applies this op to ``inputs``; by default from ``itypes`` and ``otypes``."""
        itypes, otypes = getattr(self, "itypes", None), getattr(self, "otypes", None)
        if itypes is None:
            raise NotImplementedError(
                f"You can either define itypes and otypes, or implement make_node (op {type(self).__name__})"
            )
        if otypes is None:
            raise NotImplementedError(
                f"You can either define itypes and otypes, or implement make_node (op {type(self).__name__} has no otypes)"
            )
        if len(inputs) != len(itypes):
            raise ValueError(f"We expected {len(itypes)} inputs but got {len(inputs)}. {self}")
        variables = [as_variable(x) for x in inputs]
        for place, (variable, wanted) in enumerate(zip(variables, itypes)):
            if not _accepts(wanted, variable.type):
                raise TypeError(
                    f"We expected inputs of types '{[str(t) for t in itypes]}' but got types "
                    f"'{[str(v.type) for v in variables]}' (input {place} of {self})"
                )
        return Apply(self, variables, [t() for t in otypes])

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        """Apply the op: return its default output, its only output, or the list of its outputs.

        ``return_list=True`` always gives a list; ``name`` names a single output.
        """
        return_list = kwargs.pop("return_list", False)
        name = kwargs.pop("name", None)
        node = self.make_node(*inputs, **kwargs)
        node.tag.origin = user_frame(2)
        if name is not None and len(node.outputs) == 1:
            node.outputs[0].name = name
        if FLAGS["compute_test_value"] != "off":
            compute_test_values(node)
        if self.default_output is not None:
            result = node.outputs[self.default_output]
            return [result] if return_list else result
        if return_list:
            return list(node.outputs)
        return node.outputs[0] if len(node.outputs) == 1 else node.outputs

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Compute ``inputs`` and put each result into ``output_storage[i][0]``."""
        raise MethodNotDefined("perform", type(self), type(self).__name__)

    def grad(self, inputs: Sequence[Variable], output_grads: Sequence[Variable]) -> list[Any]:
        """Return the gradient of each input, given those of the outputs."""
        raise MethodNotDefined("grad", type(self), type(self).__name__)

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """Return the gradient of each input; may use the outputs. By default :meth:`grad`."""
        return self.grad(inputs, output_grads)

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Variable | None]) -> list[Any]:
        """Return the product of the Jacobian with ``eval_points``, one for each output."""
        raise MethodNotDefined("R_op", type(self), type(self).__name__)

    def do_constant_folding(self, node: Apply) -> bool:
        """Whether a node whose inputs are all constant may be computed at compile time."""
        return True

    @staticmethod
    def add_tag_trace(thing: Any, user_line: Any = None) -> Any:
        """Give ``thing`` the place in the user's program, and return it."""
        thing.tag.origin = user_frame(2)
        return thing

    @staticmethod
    def add_tag_trace_static(thing: Any) -> Any:
        """As :meth:`add_tag_trace`."""
        thing.tag.origin = user_frame(2)
        return thing

    def get_params(self, node: Apply) -> Any:
        """Return the run-time parameters of a node; by default, of the fields that ``params_type`` names in the op."""
        wanted = getattr(self, "params_type", None)
        if wanted is not None and hasattr(wanted, "fields"):
            return wanted.get_params(self)
        raise MethodNotDefined("get_params", type(self), type(self).__name__)

    def prepare_node(self, node: Apply, storage_map: Any, compute_map: Any, impl: Any) -> None:
        """Called before a thunk of the node is made; nothing by default."""

    def make_py_thunk(
        self, node: Apply, storage_map: Any, compute_map: Any, no_recycling: Any, debug: bool = False
    ) -> Any:
        """Return a function without arguments that runs :meth:`perform` on the cells of ``storage_map``."""
        ins = [storage_map[v] for v in node.inputs]
        outs = [storage_map[v] for v in node.outputs]
        params = node.run_params()

        def thunk() -> bool:
            values = [cell[0] for cell in ins]
            if params is None:
                self.perform(node, values, outs)
            else:
                self.perform(node, values, outs, params)
            for variable in node.outputs:
                compute_map[variable][0] = True
            return False

        thunk.inputs, thunk.outputs, thunk.lazy = ins, outs, False  # type: ignore[attr-defined]
        return thunk

    def make_thunk(
        self, node: Apply, storage_map: Any, compute_map: Any, no_recycling: Any, impl: str | None = None
    ) -> Any:
        """Return a function without arguments that computes the node from and into the cells of ``storage_map``.

        ``storage_map`` and ``compute_map`` map each variable to a list of one: its value, and whether it is computed.
        """
        self.prepare_node(node, storage_map, compute_map, "py")
        return self.make_py_thunk(node, storage_map, compute_map, no_recycling)

    def __str__(self) -> str:
        return getattr(self, "name", None) or f"{type(self).__module__}.{type(self).__name__}"

    def __repr__(self) -> str:
        return str(self)


PureOp = Op


def thunk_of(node: Apply, storage_map: Any, compute_map: Any) -> Any:
    """Return what the op's ``make_thunk`` makes of a node; ops of users name its last parameter, ``impl``, or leave it out."""
    make = node.op.make_thunk
    given = {"impl": None} if "impl" in inspect.signature(make).parameters else {}
    return make(node, storage_map, compute_map, [], **given)


def performer(node: Apply) -> Callable[[list[Any], list[list[Any]]], Any]:
    """Return the function that computes a node from a list of values into a list of cells.

    It is the op's ``perform``, with the node's params where it has some, or, for an op that makes its own, its thunk.
    """
    op: Any = node.op
    if getattr(type(op), "make_thunk", None) is not Op.make_thunk and isinstance(op, Op):
        return _thunk_runner(node)
    if not isinstance(node, Apply) or node.params_type is None:
        return lambda values, cells: op.perform(node, values, cells)
    params = node.run_params()
    return lambda values, cells: op.perform(node, values, cells, params)


def _thunk_runner(node: Apply) -> Callable[[list[Any], list[list[Any]]], Any]:
    storage: dict[Any, list[Any]] = {v: [None] for v in [*node.inputs, *node.outputs]}
    computed: dict[Any, list[Any]] = {v: [True] for v in node.inputs} | {v: [False] for v in node.outputs}
    thunk = thunk_of(node, storage, computed)

    def run(values: list[Any], cells: list[list[Any]]) -> None:
        for variable, value in zip(node.inputs, values):
            storage[variable][0] = value
        thunk()
        for variable, cell in zip(node.outputs, cells):
            cell[0] = storage[variable][0]
        for held in storage.values():
            held[0] = None

    return run


def _accepts(wanted: Any, given: Type) -> bool:
    if wanted == given:
        return True
    is_super = getattr(wanted, "is_super", None)
    return bool(is_super is not None and is_super(given))


def _named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


class FromFunctionOp(Op):
    """An op whose ``perform`` is a Python function of the input values; made by :func:`as_op`."""

    __module__ = "theano.compile.ops"

    def __init__(
        self, fn: Callable[..., Any], itypes: Sequence[Type], otypes: Sequence[Type], infer_shape: Any
    ) -> None:
        self.fn, self.itypes, self.otypes = fn, list(itypes), list(otypes)
        self._shape = infer_shape
        if infer_shape is not None:
            self.infer_shape = infer_shape

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.fn == other.fn

    def __hash__(self) -> int:
        return hash((type(self), self.fn))

    def __str__(self) -> str:
        return f"FromFunctionOp{{{self.fn.__name__}}}"

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Call the function."""
        outputs = self.fn(*inputs)
        if not isinstance(outputs, list | tuple):
            outputs = (outputs,)
        if len(outputs) != len(output_storage):
            raise ValueError(f"{self.fn.__name__} returned {len(outputs)} values, {len(output_storage)} were declared")
        for storage, value in zip(output_storage, outputs):
            storage[0] = value

    def __reduce__(self) -> tuple[Any, ...]:
        fn: Any = self.fn
        named = getattr(sys.modules.get(fn.__module__), fn.__qualname__, None)
        if named is self:  # the decorator gave the function's name to the op
            return _named, (fn.__module__, fn.__qualname__)
        return as_op(self.itypes, self.otypes, self._shape), (fn,)


class _AsOp:
    def __init__(self, itypes: Any, otypes: Any, infer_shape: Any) -> None:
        self.itypes, self.otypes, self.infer_shape = itypes, otypes, infer_shape

    def __call__(self, fn: Callable[..., Any]) -> FromFunctionOp:
        return FromFunctionOp(fn, self.itypes, self.otypes, self.infer_shape)


def as_op(
    itypes: Any, otypes: Any, infer_shape: Callable[..., Any] | None = None
) -> Callable[[Callable[..., Any]], Op]:
    """Return a decorator that makes an op of a function from arrays to arrays.

    ``itypes`` and ``otypes`` are a type or a list of types; anything else is a TypeError.
    """
    lists = []
    for name, types in (("itypes", itypes), ("otypes", otypes)):
        types = list(types) if isinstance(types, list | tuple) else [types]
        if not all(isinstance(t, Type) for t in types):
            raise TypeError(f"{name} has to be a list of Theano types")
        lists.append(types)
    if infer_shape is not None and not callable(infer_shape):
        raise TypeError("infer_shape needs to be a callable")
    return _AsOp(lists[0], lists[1], infer_shape)
