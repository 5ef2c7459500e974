"""Rules for ops of layers: normalization written with elementwise ops, costs without gradients that nobody reads."""

from __future__ import annotations

from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply
from theon.nnet.bn import (
    AbstractBatchNormTrain,
    AbstractBatchNormTrainGrad,
    batch_normalization_train,
    normalization_gradients,
)
from theon.nnet.ctc import ConnectionistTemporalClassification
from theon.rewrite.rule import Rules

__all__ = ["layers"]

layers = Rules("specialize")


@layers.node(AbstractBatchNormTrain, theano="local_abstract_batch_norm_train", effect="rounding")
def normalization_written_out(node: Apply) -> Any:
    """The op's formula, which is computed natively and fused with what is around it."""
    x, scale, bias, epsilon, factor, *averages = node.inputs
    mean, variance = averages or (None, None)
    return batch_normalization_train(x, scale, bias, node.op.axes, epsilon, factor, mean, variance)  # type: ignore[attr-defined]


@layers.node(AbstractBatchNormTrainGrad, theano="local_abstract_batch_norm_train_grad", effect="rounding")
def normalization_gradients_written_out(node: Apply) -> Any:
    """The formula of the gradients."""
    return normalization_gradients(*node.inputs[:5], node.op.axes)  # type: ignore[attr-defined]


@layers.node(ConnectionistTemporalClassification, theano="local_ctc_no_grad", graph=True)
def cost_without_gradient(node: Apply, fgraph: FunctionGraph) -> Any:
    """The op computes its gradient only for those who read it."""
    if not node.op.compute_grad or fgraph.clients(node.outputs[1]):  # type: ignore[attr-defined]
        return None
    return [ConnectionistTemporalClassification(compute_grad=False)(*node.inputs), None]
