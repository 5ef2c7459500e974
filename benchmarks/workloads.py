"""All workloads by their names, in the order of the table."""

from benchmarks import arrays, dense, elementwise, images, loops

__all__ = ["WORKLOADS"]

WORKLOADS = {
    **elementwise.WORKLOADS,
    **dense.WORKLOADS,
    **images.WORKLOADS,
    **loops.WORKLOADS,
    **arrays.WORKLOADS,
}
