"""Pausing the garbage collector while graphs are made."""

import gc
import weakref

from theon.graph import garbage


class Node:
    """Something in a cycle."""

    def __init__(self):
        self.own = self


@garbage.uncollected
def many():
    kept = [Node() for _ in range(2 * garbage._MANY)]  # well above: other objects are freed meanwhile
    return kept, weakref.ref(kept[0])


def test_what_is_made_in_a_pause_is_not_looked_through_but_freed_in_the_end():
    gc.collect()
    young = []
    gc.callbacks.append(lambda phase, info: young.append(gc.get_count()))
    try:
        kept, first = many()
        assert not young and gc.isenabled() and gc.get_count()[0] < garbage._MANY
        del kept
        for _ in range(1 + garbage._MOST // garbage._MANY):
            many()
        assert first() is None  # the garbage of many pauses was collected
    finally:
        gc.callbacks.pop()


def test_frozen_objects_stay_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        many()
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()
