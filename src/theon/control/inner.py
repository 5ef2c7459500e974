"""A graph as an op: :class:`OpFromGraph`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from theon.autodiff.forward import Rop
from theon.autodiff.reverse import grad
from theon.dtypes import discrete_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.traverse import clone, clone_replace
from theon.graph.traverse import inputs as leaves
from theon.graph.type import NullType
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.arith import identity
from theon.ops.declare import zeros_for
from theon.options import change_flags
from theon.tensor.constant import as_tensor_variable
from theon.tensor.shared import SharedVariable
from theon.tensor.type import TensorType

__all__ = ["OpFromGraph", "custom_vjp"]


class OpFromGraph(Op):
    """The graph from ``inputs`` to ``outputs`` as an op; shared variables in it become inputs of their own.

    ``inline``: whether compilation puts the graph in the op's place (which it may do in any case). ``lop_overrides``:
    ``f(inputs, outputs, output_grads)`` that replaces the gradient; ``grad_overrides``: ``f(inputs, output_grads)``; each also an
    OpFromGraph, or a list with one for each input, in which "default" and None (zero) stand for themselves.
    ``rop_overrides``: ``f(inputs, eval_points)``, one for each output if a list. ``connection_pattern``: a list of lists of flags.

    TypeError where an input is no Variable, a shared variable or a constant; ValueError where a gradient is given twice.

    >>> import theano, theano.tensor as T
    >>> x, y = T.dscalars("x", "y")
    >>> op = theano.OpFromGraph([x, y], [x + y, x * y])
    >>> a = T.dscalar("a")
    >>> theano.function([a], op(a, a)[1])(3.0)
    array(9.)
    """

    __module__ = "theano.compile.builders"

    TYPE_ERR_MSG = (
        "L_op/gradient override should be (single or list of) 'default' | OpFromGraph | callable | Variable with NullType or "
        "DisconnectedType, got %s"
    )
    STYPE_ERR_MSG = "Overriding Variable instance can only have type of DisconnectedType or NullType, got %s"
    LOP_TYPE_ERR_MSG = 'L_op type can only be "grad" or "lop", got %s.'
    OV_INP_LEN_ERR_MSG = "expect overrider with %d inputs, got %d"

    def __init__(
        self,
        inputs: Sequence[Variable],
        outputs: Sequence[Variable],
        inline: bool = False,
        lop_overrides: Any = "default",
        grad_overrides: Any = "default",
        rop_overrides: Any = "default",
        connection_pattern: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(outputs, list | tuple):
            raise TypeError(f"outputs must be list, got {type(outputs)}")
        for v in [*inputs, *outputs]:
            if not isinstance(v, Variable):
                raise TypeError("inputs and outputs must be Variable instances", v)
        for v in inputs:
            if isinstance(v, SharedVariable | Constant):
                raise TypeError(f"{v} cannot be an input of OpFromGraph: it has a value")
        if "updates" in kwargs or "givens" in kwargs:
            raise TypeError("updates and givens are not allowed here")
        if not (_is_default(lop_overrides) or _is_default(grad_overrides)):
            raise ValueError("lop_overrides and grad_overrides are mutually exclusive")
        self.is_inline, self.name = inline, name
        self.shared_inputs = [
            v for v in dict.fromkeys(leaves(list(outputs))) if isinstance(v, SharedVariable) and v not in inputs
        ]
        copies = [v.type() for v in self.shared_inputs]
        given = list(inputs)
        outs = clone_replace(list(outputs), dict(zip(self.shared_inputs, copies))) if copies else list(outputs)
        self.local_inputs, self.local_outputs = clone([*given, *copies], outs)
        missing = [v for v in leaves(self.local_outputs) if not isinstance(v, Constant) and v not in self.local_inputs]
        if missing:
            from theon.errors import MissingInputError

            raise MissingInputError(f"OpFromGraph: {missing[0]} is used but not among the inputs", variable=missing[0])
        self.input_types = [v.type for v in inputs]
        self.output_types = [v.type for v in outputs]
        self.lop_overrides: Any = "default"
        self.grad_overrides: Any = "default"
        if not _is_default(grad_overrides):
            self.set_grad_overrides(grad_overrides)
        elif not _is_default(lop_overrides):
            self.set_lop_overrides(lop_overrides)
        self.set_rop_overrides(rop_overrides)
        self._pattern = connection_pattern
        self.kwargs = kwargs
        self._function: Any = None

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return hash((type(self), id(self)))

    def __str__(self) -> str:
        return f"{self.name or type(self).__name__}{{inline={self.is_inline}}}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_function": None}

    def make_node(self, *inputs: Any) -> Apply:
        """Return the node. ValueError for a wrong number of inputs, TypeError for one that does not fit."""
        n = len(self.input_types)
        if len(inputs) not in (n, len(self.local_inputs)):
            raise ValueError(f"{self} takes {n} inputs, not {len(inputs)}")
        own = list(inputs[:n])
        rest = list(inputs[n:]) or list(self.shared_inputs)
        fitted = [
            t.filter_variable(x if isinstance(x, Variable) else t.make_constant(x) if not hasattr(x, "type") else x)
            for t, x in zip((v.type for v in self.local_inputs), [*own, *rest])
        ]
        return Apply(self, fitted, [t() for t in self.output_types])

    @property
    def fn(self) -> Any:
        """The compiled graph."""
        if self._function is None:
            from theon.compile.function import function

            ins, outs = clone(self.local_inputs, self.local_outputs)
            self._function = function(ins, list(outs), on_unused_input="ignore", **self.kwargs)
        return self._function

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Call the compiled graph."""
        for cell, value in zip(output_storage, self.fn(*inputs)):
            cell[0] = value

    def expanded(self, inputs: Sequence[Variable]) -> list[Variable]:
        """Return the outputs as the graph itself, computed from ``inputs``."""
        fitted = [v.type.filter_variable(x) for v, x in zip(self.local_inputs, inputs)]
        return clone_replace(self.local_outputs, dict(zip(self.local_inputs, fitted)), rebuild_strict=False)

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shapes of the graph's outputs."""
        from theon.ops.shape import shape

        found = []
        for v in self.expanded(node.inputs):
            if isinstance(v.type, TensorType):
                sizes = shape(v)
                found.append(tuple(sizes[d] for d in range(v.type.ndim)))
            else:
                found.append(None)
        return found

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Which outputs depend on which inputs: as given, else as the graph says."""
        if self._pattern is not None:
            extra = len(node.inputs) - len(self._pattern)
            return [list(row) for row in self._pattern] + [[True] * len(node.outputs) for _ in range(extra)]
        from theon.control.scan_op import _reached

        reached = [_reached(v, self.local_inputs) for v in self.local_outputs]
        override = self.grad_overrides if _is_default(self.lop_overrides) else self.lop_overrides
        several = isinstance(override, list)
        rows = []
        for place, v in enumerate(self.local_inputs):
            own = "default" if several and place >= len(override) else override[place] if several else override
            if _is_default(own):
                rows.append([v in found for found in reached])
            else:
                # A gradient of the user's own connects everything, unless it says that nothing is.
                cut = isinstance(own, Variable) and isinstance(own.type, DisconnectedType)
                rows.append([not cut for _ in reached])
        return rows

    # --- derivatives ---

    def _default_gradients(self, inputs: Sequence[Variable], output_grads: Sequence[Any]) -> list[Any]:
        live = [
            i
            for i, (g, v) in enumerate(zip(output_grads, self.local_outputs))
            if isinstance(g.type, TensorType) and isinstance(v.type, TensorType) and v.type.dtype not in discrete_dtypes
        ]
        wrt = [v for v in self.local_inputs if isinstance(v.type, TensorType) and v.type.dtype not in discrete_dtypes]
        if not live or not wrt:
            return [DisconnectedType()() for _ in inputs]
        with change_flags(compute_test_value="off"):  # the graph's own inputs have no examples
            outs = {i: identity(self.local_outputs[i]) for i in live}
            gs = {i: TensorType(outs[i].type.dtype, outs[i].type.broadcastable)() for i in live}
            found = grad(
                None, wrt, known_grads={outs[i]: gs[i] for i in live}, disconnected_inputs="ignore",
                return_disconnected="disconnected", null_gradients="return",
            )  # fmt: skip
        made = dict(zip(wrt, found))
        results: list[Any] = [DisconnectedType()() for _ in inputs]
        real = [v for v in wrt if isinstance(made[v].type, TensorType)]
        if real:
            op = OpFromGraph(
                [*self.local_inputs, *(gs[i] for i in live)], [made[v] for v in real], inline=self.is_inline,
                name=f"{self.name or type(self).__name__}_grad", **self.kwargs,
            )  # fmt: skip
            computed = op(*inputs, *(_fitted(output_grads[i], gs[i]) for i in live), return_list=True)
            for v, g in zip(real, computed):
                results[self.local_inputs.index(v)] = g
        for v, g in made.items():
            if isinstance(g.type, NullType):
                results[self.local_inputs.index(v)] = g
        return results

    def _default_tangents(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The graph's directional derivatives, as an op of the inputs and the points; None where there is none."""
        chosen = [(v, t) for v, t in zip(self.local_inputs, eval_points) if t is not None]
        points = [v.type() for v, _ in chosen]
        with change_flags(compute_test_value="off"):
            found = Rop(
                self.local_outputs, [v for v, _ in chosen], points, disconnected_outputs="ignore", return_disconnected="None"
            ) if chosen else [None for _ in self.local_outputs]  # fmt: skip
        made = [t for t in found if t is not None]
        if not made:
            return list(found)
        op = OpFromGraph(
            [*self.local_inputs, *points], made, inline=self.is_inline,
            name=f"{self.name or type(self).__name__}_rop", **self.kwargs,
        )  # fmt: skip
        given = [_fitted(t, v) for (_, t), v in zip(chosen, points)]
        results = iter(op(*inputs, *given, return_list=True))
        return [None if t is None else next(results) for t in found]

    def set_grad_overrides(self, grad_overrides: Any) -> None:
        """Replace the gradient by ``f(inputs, output_grads)``: see the class. It takes the place of an ``lop_overrides``."""
        self._checked_override(grad_overrides)
        self.lop_overrides, self.grad_overrides = "default", grad_overrides

    def set_lop_overrides(self, lop_overrides: Any) -> None:
        """Replace the gradient by ``f(inputs, outputs, output_grads)``: see the class. It takes the place of a ``grad_overrides``."""
        self._checked_override(lop_overrides)
        self.lop_overrides, self.grad_overrides = lop_overrides, "default"

    def set_rop_overrides(self, rop_overrides: Any) -> None:
        """Replace the directional derivative by ``f(inputs, eval_points)``: see the class."""
        for f in rop_overrides if isinstance(rop_overrides, list) else [rop_overrides]:
            if f is not None and not _is_default(f) and not callable(f) and not isinstance(f, Variable):
                raise TypeError(self.TYPE_ERR_MSG % (f,))
        self.rop_overrides = rop_overrides

    def _checked_override(self, override: Any) -> None:
        """TypeError, ValueError for what cannot stand for a gradient."""
        n = len(self.input_types)
        if isinstance(override, list) and len(override) not in (n, len(self.local_inputs)):
            raise ValueError(f"Need to override {n} gradients, got {len(override)}", override)
        for f in override if isinstance(override, list) else [override]:
            if isinstance(f, Variable):
                if not isinstance(f.type, DisconnectedType | NullType):
                    raise ValueError(self.STYPE_ERR_MSG % f.type)
            elif not (_is_default(f) or callable(f) or (f is None and isinstance(override, list))):
                raise TypeError(self.TYPE_ERR_MSG % (f,))

    def get_lop_op(self) -> OpFromGraph:
        """The gradient as an op of the inputs, the outputs and the outputs' gradients; zeros where nothing is connected."""
        inputs = [v.type() for v in self.local_inputs]
        outputs = [t() for t in self.output_types]
        grads = [t() for t in self.output_types]
        found = [
            g if isinstance(g.type, TensorType) else zeros_for(x)
            for x, g in zip(inputs, self.L_op(inputs, outputs, grads))
        ]
        return OpFromGraph(
            [*inputs, *outputs, *grads], found, inline=self.is_inline, name=f"{self.name or 'graph'}_lop"
        )

    def get_rop_op(self) -> OpFromGraph:
        """The directional derivative as an op of the inputs and the evaluation points."""
        inputs = [v.type() for v in self.local_inputs]
        points = [v.type() for v in self.local_inputs]
        outputs = self.expanded(inputs)
        found = [zeros_for(v) if r is None else r for v, r in zip(outputs, self.R_op(inputs, points))]
        return OpFromGraph([*inputs, *points], found, inline=self.is_inline, name=f"{self.name or 'graph'}_rop")

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """The overrides where there are some, else the graph's gradient."""
        n = len(self.input_types)
        with_outputs = not _is_default(self.lop_overrides)
        override = self.lop_overrides if with_outputs else self.grad_overrides
        if _is_default(override):
            return self._default_gradients(inputs, output_grads)
        # Overrides take gradients that are there: an output that nothing reads has gradient 0.
        grads = [g if isinstance(g.type, TensorType) else zeros_for(v) for v, g in zip(outputs, output_grads)]

        def called(f: Any) -> Any:
            if isinstance(f, OpFromGraph):
                own = [*inputs[:n], *(outputs if with_outputs else ()), *grads]
                if len(f.input_types) == len(own) + len(inputs) - n:
                    own = [*inputs, *own[n:]]
                if len(f.input_types) != len(own):
                    raise ValueError(self.OV_INP_LEN_ERR_MSG % (len(own), len(f.input_types)))
                return f(*own, return_list=True)
            arguments = [list(inputs[:n]), list(outputs), grads] if with_outputs else [list(inputs[:n]), grads]
            return f(*arguments)

        def checked(g: Any, x: Any) -> Any:
            if g is None:
                return zeros_for(x)
            return g if isinstance(g, Variable) else as_tensor_variable(g)

        shared: list[Any] = [DisconnectedType()() for _ in inputs[n:]]
        if isinstance(override, Variable):
            return [override for _ in range(n)] + shared
        if isinstance(override, list):
            default = self._default_gradients(inputs, output_grads)
            found = []
            for place, f in enumerate(override):
                if _is_default(f):
                    found.append(default[place])
                elif f is None or isinstance(f, Variable):
                    found.append(checked(f, inputs[place]))
                else:
                    one = called(f)
                    if isinstance(one, list | tuple):
                        one = one[place] if len(one) == len(override) > 1 else one[0]
                    found.append(checked(one, inputs[place]))
            return [*found, *default[len(found) :]]
        found = called(override)
        found = list(found) if isinstance(found, list | tuple) else [found]
        if len(found) not in (n, len(inputs)):
            raise ValueError(f"the overriding gradient gave {len(found)} values for {n} inputs")
        found = [checked(g, x) for g, x in zip(found, inputs)]
        return [*found, *shared[len(found) - n :]]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The overrides where there are some, else the graph's directional derivative."""
        n = len(self.input_types)

        def default() -> list[Any]:
            return self._default_tangents(inputs, eval_points)

        override = self.rop_overrides
        if _is_default(override):
            return default()
        if isinstance(override, Variable):
            return [None if isinstance(override.type, DisconnectedType) else override for _ in self.output_types]
        points = list(eval_points[:n])
        if isinstance(override, list):
            if len(override) != len(self.output_types):
                raise ValueError(f"Need to override {len(self.output_types)} Rop, got {len(override)}")
            own: list[Any] = []
            usual: list[Any] | None = None
            for place, f in enumerate(override):
                if _is_default(f):
                    usual = default() if usual is None else usual
                    own.append(usual[place])
                elif isinstance(f, Variable):
                    own.append(None if isinstance(f.type, DisconnectedType) else f)
                else:
                    one = None if f is None else _called(f, list(inputs[:n]), points)
                    own.append(one[0] if isinstance(one, list | tuple) else one)
            return own
        found = _called(override, list(inputs[:n]), points)
        return list(found) if isinstance(found, list | tuple) else [found]


def _is_default(override: Any) -> bool:
    return isinstance(override, str) and override == "default"


def _called(f: Callable[..., Any], inputs: list[Any], points: list[Any]) -> Any:
    return f(*inputs, *points, return_list=True) if isinstance(f, OpFromGraph) else f(inputs, points)


def _fitted(g: Any, v: Any) -> Any:
    from theon.ops.dims import patternbroadcast

    if g.type.dtype != v.type.dtype:
        g = g.astype(v.type.dtype)
    return g if g.type.broadcastable == v.type.broadcastable else patternbroadcast(g, v.type.broadcastable)


def custom_vjp(
    function: Callable[..., Any] | None = None,
    vjp: Callable[..., Any] | None = None,
    *,
    jvp: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return ``function`` of symbolic variables with a gradient of your own; without ``function``, a decorator.

    ``vjp(inputs, outputs, output_grads)`` takes three lists of variables and returns a gradient for each input: a variable of
    its shape, or None for zero. ``jvp(inputs, eval_points)``, if given, returns the directional derivative of each output along
    the evaluation points (of which some may be None). The function gets as many variables as it is called with and returns
    one or several. TypeError without ``vjp``.

    >>> import theano, theano.tensor as T, theon
    >>> @theon.custom_vjp(vjp=lambda inputs, outputs, grads: [T.clip(grads[0], -1, 1)])
    ... def clipped_gradient(x):
    ...     return 1 * x
    >>> x = T.dvector("x")
    >>> theano.function([x], T.grad((clipped_gradient(x) ** 2).sum(), x))([0.25, 3.0])
    array([0.5, 1. ])
    """
    if vjp is None:
        raise TypeError("custom_vjp needs vjp(inputs, outputs, output_grads)")
    if function is None:
        return lambda f: custom_vjp(f, vjp, jvp=jvp, name=name)
    inner, made = function, {}

    @functools.wraps(inner)
    def with_own_gradient(*inputs: Any) -> Any:
        given = [x if isinstance(x, Variable) else as_tensor_variable(x) for x in inputs]
        types = tuple(v.type for v in given)
        if types not in made:
            fresh = [t() for t in types]
            for new, old in zip(fresh, given):
                new.name = old.name
            outputs = inner(*fresh)
            several = isinstance(outputs, list | tuple)
            outputs = [
                v if isinstance(v, Variable) else as_tensor_variable(v) for v in (outputs if several else [outputs])
            ]
            op = OpFromGraph(
                fresh, outputs, lop_overrides=vjp, rop_overrides="default" if jvp is None else jvp,
                name=name or getattr(inner, "__name__", None),
            )  # fmt: skip
            made[types] = op, several
        op, several = made[types]
        found = op(*given, return_list=True)
        return found if several else found[0]

    return with_own_gradient
