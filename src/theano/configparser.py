"""Theano's ``theano.configparser``: names of Theon."""

from theon.options import Config, change_flags, config
