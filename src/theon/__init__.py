"""Theon: Theano, built anew. Programs written for Theano import it as ``theano``."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["custom_vjp", "explain", "hvp", "jvp", "optim", "vectorize", "vjp", "vmap"]
_AUTODIFF = {"hvp": "products", "jvp": "products", "vjp": "products", "vectorize": "vectorize", "vmap": "vectorize"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the lower layers are imported without the compiler.
    if name == "explain":
        from theon.compile.explain import explain

        return explain
    if name == "custom_vjp":
        from theon.control.inner import custom_vjp

        return custom_vjp
    if name == "optim":
        import importlib

        return importlib.import_module("theon.optim")
    if name in _AUTODIFF:
        import importlib

        return getattr(importlib.import_module(f"theon.autodiff.{_AUTODIFF[name]}"), name)
    raise AttributeError(f"module 'theon' has no attribute {name!r}")
