"""Rules for ops of layers: normalization written with elementwise ops, costs without gradients that nobody reads."""

from __future__ import annotations

from typing import Any

from theon.graph.fgraph import FunctionGraph
from theon.graph.variable import Apply
from theon.nnet.bn import (
    AbstractBatchNormTrain,
    AbstractBatchNormTrainGrad,
    gradients_written_out,
    written_out,
)
from theon.nnet.ctc import ConnectionistTemporalClassification
from theon.rewrite.rule import Rules

__all__ = ["layers"]

layers = Rules("specialize")


@layers.node(AbstractBatchNormTrain, theano="local_abstract_batch_norm_train", effect="rounding")
def normalization_written_out(node: Apply) -> Any:
    """The formulas, which are computed natively and fused with what is around them."""
    return written_out(node.op, node.inputs)  # type: ignore[arg-type]


@layers.node(AbstractBatchNormTrainGrad, theano="local_abstract_batch_norm_train_grad", effect="rounding")
def normalization_gradients_written_out(node: Apply) -> Any:
    """The formula of the gradients."""
    return gradients_written_out(node.op, node.inputs)  # type: ignore[arg-type]


@layers.node(ConnectionistTemporalClassification, theano="local_ctc_no_grad", graph=True)
def cost_without_gradient(node: Apply, fgraph: FunctionGraph) -> Any:
    """The op computes its gradient only for those who read it."""
    if not node.op.compute_grad or fgraph.clients(node.outputs[1]):  # type: ignore[attr-defined]
        return None
    return [ConnectionistTemporalClassification(compute_grad=False)(*node.inputs), None]
