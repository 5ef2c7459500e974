"""Workloads timed side by side: ``python -m benchmarks``."""
