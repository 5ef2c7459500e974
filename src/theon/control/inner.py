"""A graph as an op: :class:`OpFromGraph`."""

from __future__ import annotations

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
from theon.tensor.shared import SharedVariable
from theon.tensor.type import TensorType

__all__ = ["OpFromGraph"]


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
        if lop_overrides != "default" and grad_overrides != "default":
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
        self.lop_overrides, self.grad_overrides, self.rop_overrides = lop_overrides, grad_overrides, rop_overrides
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
        from theon.ops.dims import shape

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
        overridden = self.lop_overrides != "default" or self.grad_overrides != "default"
        return [[overridden or v in found for found in reached] for v in self.local_inputs]

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

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """The overrides where there are some, else the graph's gradient."""
        n = len(self.input_types)
        override = self.lop_overrides if self.lop_overrides != "default" else self.grad_overrides
        with_outputs = self.lop_overrides != "default"
        if isinstance(override, str) and override == "default":
            return self._default_gradients(inputs, output_grads)
        arguments = (
            [list(inputs[:n]), list(outputs), list(output_grads)]
            if with_outputs
            else [list(inputs[:n]), list(output_grads)]
        )

        def called(f: Any) -> Any:
            if isinstance(f, OpFromGraph):
                return f(*(v for part in arguments for v in part), return_list=True)
            return f(*arguments)

        shared = [DisconnectedType()() for _ in inputs[n:]]
        if isinstance(override, list):
            if len(override) != n:
                raise ValueError(f"Need to override {n} gradients, got {len(override)}")
            default = self._default_gradients(inputs, output_grads)
            found = []
            for place, f in enumerate(override):
                if isinstance(f, str) and f == "default":
                    found.append(default[place])
                elif f is None:
                    from theon.ops.declare import zeros_for

                    found.append(zeros_for(inputs[place]))
                elif isinstance(f, Variable):
                    if not isinstance(f.type, DisconnectedType | NullType):
                        raise ValueError("A gradient that is a variable must be of NullType or DisconnectedType")
                    found.append(f)
                else:
                    one = called(f)
                    found.append(one[0] if isinstance(one, list | tuple) else one)
            return [*found, *default[n:]]
        if isinstance(override, Variable):
            if not isinstance(override.type, DisconnectedType | NullType):
                raise ValueError("A gradient that is a variable must be of NullType or DisconnectedType")
            return [override for _ in range(n)] + shared
        if not callable(override):
            raise TypeError(f"a gradient is overridden by a function, an op or a list of them, not {type(override)}")
        found = called(override)
        found = list(found) if isinstance(found, list | tuple) else [found]
        if len(found) != n:
            raise ValueError(f"the overriding gradient gave {len(found)} values for {n} inputs")
        return [*found, *shared]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The overrides where there are some, else the graph's directional derivative."""
        n = len(self.input_types)

        def default() -> list[Any]:
            outs = self.expanded(inputs)
            pairs = [(x, t) for x, t in zip(inputs, eval_points) if t is not None]
            if not pairs:
                return [None for _ in outs]
            # Fresh inputs: those given may depend on one another.
            fresh = [v.type() for v in inputs]
            outs = self.expanded(fresh)
            chosen = [(f, t) for f, t in zip(fresh, eval_points) if t is not None]
            found = Rop(
                outs,
                [f for f, _ in chosen],
                [t for _, t in chosen],
                disconnected_outputs="ignore",
                return_disconnected="zero",
            )
            return clone_replace(list(found), dict(zip(fresh, inputs)))

        override = self.rop_overrides
        if isinstance(override, str) and override == "default":
            return default()
        points = list(eval_points[:n])
        if isinstance(override, list):
            if len(override) != len(self.output_types):
                raise ValueError(f"Need to override {len(self.output_types)} Rop, got {len(override)}")
            own: list[Any] = []
            usual: list[Any] | None = None
            for place, f in enumerate(override):
                if isinstance(f, str) and f == "default":
                    usual = default() if usual is None else usual
                    own.append(usual[place])
                else:
                    one = None if f is None else _called(f, list(inputs[:n]), points)
                    own.append(one[0] if isinstance(one, list | tuple) else one)
            return own
        found = _called(override, list(inputs[:n]), points)
        return list(found) if isinstance(found, list | tuple) else [found]


def _called(f: Callable[..., Any], inputs: list[Any], points: list[Any]) -> Any:
    return f(*inputs, *points, return_list=True) if isinstance(f, OpFromGraph) else f(inputs, points)


def _fitted(g: Any, v: Any) -> Any:
    from theon.ops.dims import patternbroadcast

    if g.type.dtype != v.type.dtype:
        g = g.astype(v.type.dtype)
    return g if g.type.broadcastable == v.type.broadcastable else patternbroadcast(g, v.type.broadcastable)
