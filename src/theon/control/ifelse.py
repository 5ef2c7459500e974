"""Choice between two graphs by a scalar condition, of which only the chosen one is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from theon.autodiff.gates import Gate, lifted
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.type import NullType
from theon.graph.variable import Apply, Constant, Variable
from theon.ops.declare import zeros_for
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["IfElse", "ifelse"]


class IfElse(Op):
    """``n_outs`` values of the first branch where the condition is not 0, else those of the second.

    Inputs: condition, values of the first branch, values of the second. What only the branch not taken needs is not computed.
    """

    __module__ = "theano.ifelse"
    __props__ = ("n_outs", "name")

    def __init__(self, n_outs: int, as_view: bool = False, gpu: bool = False, name: str | None = None) -> None:
        self.n_outs, self.as_view, self.gpu, self.name = n_outs, as_view, gpu, name

    def __str__(self) -> str:
        return f"if{{{self.name}}}" if self.name else "if{}"

    def make_node(self, c: Any, *args: Any) -> Apply:
        """Return the node. TypeError where the branches' values are of different types or the condition is no scalar."""
        if len(args) != 2 * self.n_outs:
            raise ValueError(f"{self} takes {2 * self.n_outs} values, not {len(args)}")
        c = as_tensor_variable(c)
        if c.type.ndim != 0:
            raise TypeError(f"Condition given to the op has to be a scalar with 0 standing for False, not {c.type}")
        for x, y in zip(args[: self.n_outs], args[self.n_outs :]):
            if x.type != y.type:
                raise TypeError(f"the branches have values of different types: {x.type} and {y.type}")
        return Apply(self, [c, *args], [x.type() for x in args[: self.n_outs]])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: list[list[Any]], params: Any = None) -> None:
        """Choose."""
        chosen = inputs[1 : 1 + self.n_outs] if inputs[0] else inputs[1 + self.n_outs :]
        for cell, value in zip(output_storage, chosen):
            cell[0] = value.copy() if hasattr(value, "copy") else value

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Each output depends on its two values; on the condition too, with gradient 0."""
        n = self.n_outs
        same = [[i == j for j in range(n)] for i in range(n)]
        return [[True] * n, *same, *[list(row) for row in same]]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """The shape of the value chosen."""
        from theon.ops.arith import switch

        found = []
        for out, a, b in zip(node.outputs, shapes[1 : 1 + self.n_outs], shapes[1 + self.n_outs :]):
            if a is None or b is None:
                found.append(None)
                continue
            flags = out.type.broadcastable  # type: ignore[attr-defined]
            found.append(tuple(x if one or x is y else switch(node.inputs[0], x, y) for x, y, one in zip(a, b, flags)))
        return found

    def gates(self, inputs: Sequence[Variable]) -> list[Gate | None]:
        """For each input, where its gradient is other than zero."""
        sides = [Gate(inputs[0], taken, _choose) for taken in (True, False)]
        return [None, *(side for side in sides for _ in range(self.n_outs))]

    def gated_gradients(self, inputs: Sequence[Variable], output_grads: Sequence[Any]) -> list[Any]:
        """The gradient of each branch's values where that branch is taken."""
        grads = [DisconnectedType()() if isinstance(g.type, DisconnectedType | NullType) else g for g in output_grads]
        return [DisconnectedType()(), *grads, *grads]

    def L_op(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], output_grads: Sequence[Variable]
    ) -> list[Any]:
        """The chosen branch gets the gradient, the other zeros."""
        found = self.gated_gradients(inputs, output_grads)
        gates = self.gates(inputs)
        return [g if gate is None else lifted(x, (gate,), g, 0) for x, gate, g in zip(inputs, gates, found)]

    def R_op(self, inputs: Sequence[Variable], eval_points: Sequence[Any]) -> list[Any]:
        """The chosen branch's tangent."""
        c, n = inputs[0], self.n_outs
        found: list[Any] = []
        for x, y, s, t in zip(inputs[1 : 1 + n], inputs[1 + n :], eval_points[1 : 1 + n], eval_points[1 + n :]):
            if s is None and t is None:
                found.append(None)
                continue
            found.append(ifelse(c, zeros_for(x) if s is None else s, zeros_for(y) if t is None else t))
        return found


def _choose(condition: Any, these: list[Any], those: list[Any]) -> list[Any]:
    pairs = [_agreed(x, y) for x, y in zip(these, those)]
    op = IfElse(len(pairs))
    return op(condition, *(x for x, _ in pairs), *(y for _, y in pairs), return_list=True)  # type: ignore[no-any-return]


def _agreed(x: Any, y: Any) -> tuple[Any, Any]:
    """The two values of one output, of one type. TypeError where that cannot be."""
    x = x if isinstance(x, Variable) else as_tensor_variable(x)
    y = y if isinstance(y, Variable) else as_tensor_variable(y)
    if x.type == y.type:
        return x, y
    both = isinstance(x.type, TensorType) and isinstance(y.type, TensorType)
    if not both or (x.type.dtype, x.type.broadcastable) != (y.type.dtype, y.type.broadcastable):
        # A constant, or a value without a type of its own, becomes what the other is.
        for a, b in ((x, y), (y, x)):
            if both and not isinstance(b, Constant):
                continue
            try:
                fitted = a.type.filter_variable(b)
            except TypeError:
                continue
            return (x, fitted) if a is x else (fitted, y)
        raise TypeError(
            f"The two branches should have identical types, but they are {x.type} and {y.type} respectively. "
            "This error could be raised if for example you provided a one element list on the `then` branch but a tensor on the `else` branch."
        )
    return _without_sizes(x), _without_sizes(y)  # sizes known on one side only


def _without_sizes(x: Any) -> Any:
    from theon.ops.dims import Rebroadcast

    wanted = TensorType(x.type.dtype, x.type.broadcastable)
    if x.type == wanted:
        return x
    found = Rebroadcast()(x)
    if found.type != wanted:
        found.type = wanted
    return found


def ifelse(condition: Any, then_branch: Any, else_branch: Any, name: str | None = None) -> Any:
    """Return ``then_branch`` where the scalar ``condition`` is not 0, else ``else_branch``; computes only the one chosen.

    The branches are variables of one type, or lists of as many. TypeError where types differ, ValueError where lengths do.

    >>> import theano, theano.tensor as T
    >>> from theano.ifelse import ifelse
    >>> a, x = T.iscalar("a"), T.dvector("x")
    >>> theano.function([a, x], ifelse(a, x.sum(), x.prod()))(0, [2, 3, 4])
    array(24.)
    """
    several = isinstance(then_branch, list | tuple)
    kind = type(then_branch) if several else None
    firsts = list(then_branch) if several else [then_branch]
    seconds = list(else_branch) if isinstance(else_branch, list | tuple) else [else_branch]
    if len(firsts) != len(seconds):
        raise ValueError(
            f"The number of values on the `then` branch should have the same number of variables as the `else` branch : "
            f"(variables on `then` {len(firsts)}, variables on `else` {len(seconds)})"
        )
    pairs = [_agreed(x, y) for x, y in zip(firsts, seconds)]
    op = IfElse(len(pairs), name=name)
    found = op(condition, *(x for x, _ in pairs), *(y for _, y in pairs), return_list=True)
    if not several and not isinstance(else_branch, list | tuple):
        return found[0]
    return tuple(found) if kind is tuple else found
