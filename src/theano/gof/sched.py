"""Theano's ``theano.gof.sched``: names of Theon."""

from theon.graph.traverse import list_of_nodes
from theon.legacy.markers import memodict
from theon.legacy.ordering import (
    key_to_cmp,
    make_dependence_cmp,
    make_depends,
    posort,
    sort_apply_nodes,
    sort_schedule_fn,
)
from theon.legacy.python2 import cmp
from theon.legacy.sequences import reverse_dict
