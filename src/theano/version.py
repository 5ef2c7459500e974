"""Theano's ``theano.version``: names of Theon."""

from theon.legacy.version import FALLBACK_VERSION, full_version, git_revision, release, short_version, version
