"""Theano's ``theano.sandbox``: names of Theon."""

from theano.sandbox import (
    blocksparse,
    conv,
    fourier,
    linalg,
    minimal,
    multinomial,
    neighbours,
    rng_mrg,
    softsign,
    solve,
)
