"""Ops: what a node computes. User ops subclass :class:`Op` exactly as in Theano."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from theon.errors import MethodNotDefined
from theon.graph.origin import user_frame
from theon.graph.type import Type
from theon.graph.variable import Apply, Variable

__all__ = ["FromFunctionOp", "Op", "PureOp", "as_op", "as_variable"]


def as_variable(x: Any) -> Variable:
    """Return ``x`` as a variable: itself, a tensor constant for numbers and arrays, or what its ``_as_TensorVariable`` gives."""
    if isinstance(x, Variable):
        return x
    from theon.graph import conversion

    return conversion.as_variable(x)


class _PropsMeta(type):
    """Gives classes with ``__props__`` equality, hash and text made from them, unless they define their own."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> type:
        props = namespace.get("__props__")
        if props is not None:
            if not isinstance(props, tuple):
                raise TypeError(f"__props__ of {name} has to be a tuple")
            namespace.setdefault("__hash__", _props_hash)
            namespace.setdefault("__eq__", _props_eq)
            if "__str__" not in namespace and not any("__str__" in vars(b) for b in bases if b.__name__ != "Op"):
                namespace["__str__"] = _props_str
        elif "__eq__" in namespace and "__hash__" not in namespace:
            pass
        return super().__new__(mcs, name, bases, namespace, **kwargs)


def _values(op: Any) -> tuple[Any, ...]:
    return tuple(getattr(op, prop) for prop in type(op).__props__)


def _props_hash(self: Any) -> int:
    return hash((type(self), _values(self)))


def _props_eq(self: Any, other: object) -> bool:
    return type(self) is type(other) and _values(self) == _values(other)


def _props_str(self: Any) -> str:
    props = type(self).__props__
    if not props:
        return type(self).__name__
    return f"{type(self).__name__}{{{', '.join(f'{p}={getattr(self, p)!r}' for p in props)}}}"


class Op(metaclass=_PropsMeta):
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

    def add_tag_trace(self, thing: Any, user_line: Any = None) -> Any:
        """Give ``thing`` the place in the user's program, and return it."""
        thing.tag.origin = user_frame(2)
        return thing

    @staticmethod
    def add_tag_trace_static(thing: Any) -> Any:
        """As :meth:`add_tag_trace`."""
        thing.tag.origin = user_frame(2)
        return thing

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return getattr(self, "name", None) or f"{type(self).__module__}.{type(self).__name__}"

    def __repr__(self) -> str:
        return str(self)


PureOp = Op


def _accepts(wanted: Any, given: Type) -> bool:
    if wanted == given:
        return True
    is_super = getattr(wanted, "is_super", None)
    return bool(is_super is not None and is_super(given))


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
        return as_op(self.itypes, self.otypes, self._shape), (self.fn,)


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
