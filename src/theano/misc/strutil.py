"""Theano's ``theano.misc.strutil``: names of Theon."""

from theon.legacy.callcache import pretty_format, render_string, strip_leading_white_space
