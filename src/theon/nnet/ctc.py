"""Connectionist temporal classification (Graves et al. 2006): labels of a sequence whose alignment is not known.

The cost of a sequence is the negative logarithm of the summed probability of all paths that give its labels once repeats are
merged and blanks (class 0) dropped. Sums over paths are made by a forward and a backward recursion over the labels with
blanks between them, in logarithms, all sequences of a batch together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theon.autodiff.jacobian import disconnected_grad
from theon.dtypes import float_dtypes, integer_dtypes
from theon.graph.disconnected import DisconnectedType
from theon.graph.op import Op
from theon.graph.variable import Apply
from theon.ops.arith import identity, maximum, switch
from theon.ops.cast import cast
from theon.ops.compare import eq, neq
from theon.ops.explog import exp, log
from theon.ops.fill import arange, zeros
from theon.ops.join import join
from theon.tensor.constant import as_tensor_variable
from theon.tensor.type import TensorType

__all__ = ["ConnectionistTemporalClassification", "ctc", "ctc_available", "ctc_present"]


def ctc_present() -> bool:
    """Whether the cost can be computed: always, no library is needed."""
    return True


def ctc_available() -> bool:
    """Whether the cost can be computed: always, no library is needed."""
    return True


def _extended(labels: Any, classes: int) -> tuple[Any, Any]:
    """Labels with blanks before, between and after them, (batch, 2 most + 1), and the number of states of each sequence.

    Negative labels are left out wherever they stand. ValueError for a label that is no class.
    """
    real = labels >= 0
    count = real.sum(axis=1)
    most = int(count.max()) if len(labels) else 0
    if real.any() and labels.max() >= classes:
        raise ValueError(f"there is no class {labels.max()} among {classes}")
    packed = np.zeros((len(labels), most), dtype="int64")
    for row, keep, into in zip(labels, real, packed):
        chosen = row[keep]
        into[: len(chosen)] = chosen
    states = np.zeros((len(labels), 2 * most + 1), dtype="int64")
    states[:, 1::2] = packed
    return states, 2 * count + 1


def _forward(scores: Any, skips: Any) -> Any:
    """Log-probabilities of all beginnings that end in each state at each step, that step's included: (steps, batch, states)."""
    total = np.full(scores.shape, -np.inf)
    if not len(scores):
        return total
    total[0, :, :2] = scores[0, :, :2]
    for t in range(1, len(scores)):
        before = total[t - 1]
        found = before.copy()
        found[:, 1:] = np.logaddexp(found[:, 1:], before[:, :-1])
        found[:, 2:] = np.logaddexp(found[:, 2:], np.where(skips[:, 2:], before[:, :-2], -np.inf))
        total[t] = found + scores[t]
    return total


def _backward(scores: Any, skips: Any, states: Any, steps: Any) -> Any:
    """Log-probabilities of all endings that follow each state at each step, that step's excluded: (steps, batch, states)."""
    batch = np.arange(scores.shape[1])
    total = np.full(scores.shape, -np.inf)
    for t in range(len(scores) - 1, -1, -1):
        if t + 1 < len(scores):
            after = total[t + 1] + scores[t + 1]
            found = after.copy()
            found[:, :-1] = np.logaddexp(found[:, :-1], after[:, 1:])
            found[:, :-2] = np.logaddexp(found[:, :-2], np.where(skips[:, 2:], after[:, 2:], -np.inf))
            total[t] = found
        last = steps == t + 1  # these sequences end here, in their last label or the blank after it
        total[t, last] = -np.inf
        total[t, batch[last], states[last] - 1] = 0
        more = last & (states > 1)
        total[t, batch[more], states[more] - 2] = 0
    return total


def cost_and_gradient(activations: Any, labels: Any, lengths: Any, gradient: bool = True) -> tuple[Any, Any]:
    """Return costs (batch,) and, if wanted, their gradient, of the shape of ``activations`` (steps, batch, classes).

    ``labels`` (batch, most labels), ``lengths`` (batch,). The cost of labels that no path of the length gives is infinite, its
    gradient 0. ValueError for sizes that do not fit, lengths beyond the steps, and labels that are no classes.
    """
    steps, batch, classes = activations.shape
    if len(labels) != batch or len(lengths) != batch:
        raise ValueError(f"{batch} sequences, but {len(labels)} rows of labels and {len(lengths)} lengths")
    if classes == 0:
        raise ValueError("activations need a class at least, the blank")
    if batch and (lengths.min() < 0 or lengths.max() > steps):
        raise ValueError(f"lengths must be from 0 to the {steps} steps of the activations, not {lengths.tolist()}")
    extended, states = _extended(labels, classes)
    lengths = lengths.astype("int64")
    skips = np.zeros(extended.shape, dtype=bool)  # a blank may be left out between labels that differ
    skips[:, 3::2] = extended[:, 3::2] != extended[:, 1:-2:2]
    with np.errstate(all="ignore"):
        z = activations.astype("float64")
        z = z - z.max(axis=2, keepdims=True) if z.size else z
        logp = z - np.log(np.exp(z).sum(axis=2, keepdims=True))
        scores = logp[:, np.arange(batch)[:, None], extended]
        scores[:, np.arange(extended.shape[1])[None, :] >= states[:, None]] = -np.inf
        ahead = _forward(scores, skips)
        each = np.arange(batch)
        some = lengths > 0
        ends = ahead[lengths[some] - 1, each[some]]
        rows = np.arange(len(ends))
        best = ends[rows, states[some] - 1]
        two = np.where(states[some] > 1, ends[rows, np.maximum(states[some] - 2, 0)], -np.inf)
        likelihood = np.where(states == 1, 0.0, -np.inf)  # of sequences without steps: sure to have no labels
        likelihood[some] = np.logaddexp(best, two)
        costs = -likelihood
        if not gradient:
            return costs, None
        together = ahead + _backward(scores, skips, states, lengths) - likelihood[None, :, None]
        share = np.exp(together)
        inside = (np.arange(steps)[:, None] < lengths) & np.isfinite(likelihood)
        found = np.where(inside[:, :, None], np.exp(logp), 0.0)
        share = np.where(inside[:, :, None], share, 0.0)
        for s in range(extended.shape[1]):
            found[:, each, extended[:, s]] -= share[:, :, s]
    return costs, found


class ConnectionistTemporalClassification(Op):
    """Costs of sequences and, where ``compute_grad``, their gradient by the activations.

    Inputs: activations (steps, batch, classes), before softmax, class 0 the blank; labels (batch, most labels), negative ones
    are left out; lengths (batch,), the steps of each sequence. Outputs: costs (batch,), gradients of the activations' shape.
    """

    __module__ = "theano.tensor.nnet.ctc"
    __props__ = ("compute_grad",)
    default_output = 0

    def __init__(self, compute_grad: bool = True, openmp: Any = None) -> None:
        self.compute_grad = bool(compute_grad)

    def make_node(self, activations: Any, labels: Any, input_lengths: Any) -> Apply:
        """Return the node. TypeError for other dtypes, ValueError for other ranks."""
        activations, labels, lengths = (as_tensor_variable(v) for v in (activations, labels, input_lengths))
        if activations.type.dtype not in float_dtypes:
            raise TypeError(f"activations must be of a float dtype, not {activations.type.dtype}")
        for name, v, ndim in (("activations", activations, 3), ("labels", labels, 2), ("input_lengths", lengths, 1)):
            if v.type.ndim != ndim:
                raise ValueError(f"{name} must have {ndim} dimensions, not {v.type.ndim}")
            if name != "activations" and v.type.dtype not in integer_dtypes:
                raise TypeError(f"{name} must be of an integer dtype, not {v.type.dtype}")
        dtype = activations.type.dtype
        outputs = [TensorType(dtype, [activations.type.broadcastable[1]])()]
        if self.compute_grad:
            outputs.append(activations.type())
        return Apply(self, [activations, labels, lengths], outputs)

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """In float64, whatever the activations are."""
        costs, gradient = cost_and_gradient(*inputs, gradient=self.compute_grad)
        dtype = inputs[0].dtype
        output_storage[0][0] = costs.astype(dtype)
        if self.compute_grad:
            output_storage[1][0] = gradient.astype(dtype)

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only on the activations."""
        n = len(node.outputs)
        return [[True] * n, [False] * n, [False] * n]

    def L_op(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Any]:
        """The gradient of each cost times that of what follows; through the gradient as through that of the costs in full."""
        _, *rest = inputs
        found: Any = None
        if not isinstance(output_grads[0].type, DisconnectedType):
            node = None if self.compute_grad else ConnectionistTemporalClassification().make_node(*inputs)
            slope = outputs[1] if node is None else node.outputs[1]
            found = slope * output_grads[0].dimshuffle("x", 0, "x")
        if self.compute_grad and not isinstance(output_grads[1].type, DisconnectedType):
            again = _through_gradient(*inputs, output_grads[1])
            found = again if found is None else found + again
        return [_none() if found is None else found, *(_none() for _ in rest)]

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """One cost a sequence; the gradient has the activations' shape."""
        found: list[Any] = [(shapes[0][1],)]
        return [*found, shapes[0]] if self.compute_grad else found


def _none() -> Any:
    return DisconnectedType()()


class LabelStates(Op):
    """Labels with blanks before, between and after them, negative ones left out: (batch, 2 most + 1) int64; how many (batch,).

    What lies behind the last blank of a sequence is 0.
    """

    __props__ = ()

    def make_node(self, labels: Any) -> Apply:
        """Return the node."""
        labels = as_tensor_variable(labels)
        return Apply(self, [labels], [TensorType("int64", (False, False))(), TensorType("int64", (False,))()])

    def perform(self, node: Apply, inputs: Any, output_storage: Any, params: Any = None) -> None:
        """As for the costs."""
        (labels,) = inputs
        states, counts = _extended(labels, int(labels.max(initial=0)) + 1)
        wide = np.zeros((len(labels), 2 * labels.shape[1] + 1), dtype="int64")
        wide[:, : states.shape[1]] = states
        output_storage[0][0], output_storage[1][0] = wide, counts.astype("int64")

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Integers have no gradient."""
        return [[False, False]]

    def grad(self, inputs: Any, output_grads: Any) -> list[Any]:
        """None."""
        return [_none()]

    def infer_shape(self, node: Apply, shapes: Any) -> list[Any]:
        """A state for each label, and one blank more."""
        ((batch, most),) = shapes
        return [(batch, 2 * most + 1), (batch,)]


_NEVER = -1e30  # the logarithm of what is impossible: finite, so that gradients are


def costs_written_out(activations: Any, labels: Any, lengths: Any) -> Any:
    """Return the costs as a loop over steps, in float64, to be differentiated as often as one likes; about 1e30 for infinity."""
    from theon.control.scan import scan

    states, counts = LabelStates()(labels)
    z = cast(activations, "float64")
    z = z - disconnected_grad(z.max(axis=2, keepdims=True))
    logp = z - log(exp(z).sum(axis=2, keepdims=True))
    sequence, place = arange(z.shape[1]), arange(states.shape[1])
    scores = logp[:, sequence.dimshuffle(0, "x"), states]
    scores = switch(place.dimshuffle("x", "x", 0) < counts.dimshuffle("x", 0, "x"), scores, _NEVER)
    apart = neq(states[:, 2:], states[:, :-2])
    nowhere = zeros((z.shape[1], 2), dtype="float64") + _NEVER
    jumps = join(1, nowhere, switch(apart, 0.0, _NEVER))[:, : states.shape[1]]

    def step(score: Any, t: Any, before: Any) -> Any:
        wide = join(1, nowhere, before)
        moved = _sum_of(before, wide[:, 1:-1], wide[:, :-2] + jumps) + score
        return switch((t < lengths).dimshuffle(0, "x"), moved, before)

    first = switch(eq(place, 0), 0.0, _NEVER).dimshuffle("x", 0) + zeros((z.shape[1], 1), dtype="float64")
    ahead, _ = scan(step, sequences=[scores, arange(z.shape[0])], outputs_info=first)
    last = join(0, first.dimshuffle("x", 0, 1), ahead)[-1]
    label = switch(counts > 1, last[sequence, maximum(counts - 2, 0)], _NEVER)
    return -_sum_of(last[sequence, counts - 1], label)


def _sum_of(*logarithms: Any) -> Any:
    top = logarithms[0]
    for x in logarithms[1:]:
        top = maximum(top, x)
    top = disconnected_grad(top)
    total = exp(logarithms[0] - top)
    for x in logarithms[1:]:
        total = total + exp(x - top)
    return top + log(total)


def _through_gradient(activations: Any, labels: Any, lengths: Any, g: Any) -> Any:
    """What ``g``, the gradient by the gradient of the costs, is by the activations."""
    from theon.autodiff.reverse import grad

    z = identity(activations)
    costs = costs_written_out(z, labels, lengths)
    slope = grad(costs.sum(), z)
    possible = (costs < -0.1 * _NEVER).dimshuffle("x", 0, "x")
    return grad(None, z, known_grads={slope: switch(possible, g, 0)})


def ctc(activations: Any, labels: Any, input_lengths: Any) -> Any:
    """Return the CTC cost of each sequence of a batch, (batch,), of the activations' dtype.

    ``activations`` (steps, batch, classes): what softmax would be taken of, class 0 the blank. ``labels`` (batch, most labels)
    integers, negative ones are left out. ``input_lengths`` (batch,) integers: how many steps of each sequence count. The cost
    of labels that no path gives is infinite, with gradient 0. TypeError and ValueError for other dtypes and ranks.

    >>> import theano.tensor as T
    >>> z = np.log([[[0.5, 0.5]], [[0.5, 0.5]]])  # two steps: of 4 paths all but "blank, blank" say "1"
    >>> bool(abs(np.exp(-ctc(T.constant(z), T.constant([[1]]), T.constant([2])).eval()[0]) - 0.75) < 1e-12)
    True
    """
    return ConnectionistTemporalClassification()(activations, labels, input_lengths)
