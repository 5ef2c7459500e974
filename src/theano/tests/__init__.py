"""Theano's ``theano.tests``: the tools with which programs test their own ops."""

from theano.tests import unittest_tools
