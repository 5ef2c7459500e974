"""All workloads by their names, in the order of the table."""

from benchmarks import arrays, attention, dense, elementwise, functions, images, loops, order, statistics

__all__ = ["WORKLOADS"]

WORKLOADS = {
    **elementwise.WORKLOADS,
    **functions.WORKLOADS,
    **dense.WORKLOADS,
    **attention.WORKLOADS,
    **images.WORKLOADS,
    **loops.WORKLOADS,
    **arrays.WORKLOADS,
    **order.WORKLOADS,
    **statistics.WORKLOADS,
}
