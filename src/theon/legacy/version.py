"""The version of Theano that Theon stands for, with its own behind it."""

from __future__ import annotations

__all__ = ["FALLBACK_VERSION", "full_version", "git_revision", "release", "short_version", "version"]

short_version = "1.0.5"
FALLBACK_VERSION = "1.0.5+unknown"
release = True
git_revision = "RELEASE"
version = full_version = "1.0.5+theon.0.1.0"
