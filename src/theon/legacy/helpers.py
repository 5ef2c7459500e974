"""Small helpers of Theano's ``theano.gof.utils`` and ``theano.gof.sched`` that programs import."""

from __future__ import annotations

import functools
import hashlib
import logging
import sys
import traceback
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from theon.graph.origin import user_frame
from theon.graph.traverse import io_toposort
from theon.graph.variable import Apply

__all__ = [
    "ABORT",
    "ANY_TYPE",
    "FAILURE",
    "FALL_THROUGH",
    "RETRY",
    "D",
    "Keyword",
    "add_tag_trace",
    "comm_guard",
    "deprecated",
    "difference",
    "disable_log_handler",
    "flatten",
    "from_return_values",
    "get_variable_trace_string",
    "has_handlers",
    "hash_from_code",
    "hash_from_file",
    "hashtype",
    "hist",
    "key_to_cmp",
    "make_dependence_cmp",
    "make_depends",
    "memodict",
    "memoize",
    "posort",
    "remove",
    "reverse_dict",
    "simple_extract_stack",
    "simple_types",
    "sort_apply_nodes",
    "sort_schedule_fn",
    "to_return_values",
    "toposort",
    "type_guard",
    "undef",
    "uniq",
    "unique",
]

undef = object()
simple_types = (int, float, str, bool, None.__class__)


class D:
    """An object with the attributes it is given: ``D(a=1).a == 1``."""

    __module__ = "theano.gof.utils"

    def __init__(self, **d: Any) -> None:
        self.__dict__.update(d)


class Keyword:
    """A named marker, true unless ``nonzero`` is False."""

    __module__ = "theano.gof.utils"

    def __init__(self, name: str, nonzero: bool = True) -> None:
        self.name, self.nonzero = name, nonzero

    def __bool__(self) -> bool:
        return self.nonzero

    __nonzero__ = __bool__

    def __str__(self) -> str:
        return f"<{self.name}>"

    __repr__ = __str__


ABORT = Keyword("ABORT", False)
RETRY = Keyword("RETRY", False)
FAILURE = Keyword("FAILURE", False)
FALL_THROUGH = Keyword("FALL_THROUGH")
ANY_TYPE = Keyword("ANY_TYPE")


# --- where things were made ---


def simple_extract_stack(
    f: Any = None, limit: int | None = None, skips: Sequence[str] = ()
) -> list[tuple[str, int, str, str]]:
    """Return the stack as rows (file, line, function, text), the innermost last.

    ``limit``: at most so many rows, counted from the innermost. Frames below the first whose file's path does not contain
    a text of ``skips`` are left out.
    """
    frame = sys._getframe(1) if f is None else f
    rows: list[tuple[str, int, str, str]] = []
    for summary in reversed(traceback.extract_stack(frame)):
        if not rows and any(text in summary.filename for text in skips):
            continue
        if limit is not None and len(rows) >= limit:
            break
        rows.append((summary.filename, summary.lineno or 0, summary.name, summary.line or ""))
    return rows[::-1]


def add_tag_trace(thing: Any, user_line: int | None = None) -> Any:
    """Note on ``thing.tag`` where the user's program made it, and return it."""
    thing.tag.origin = user_frame(2)
    return thing


def get_variable_trace_string(v: Any) -> str:
    """Return the text of where ``v`` was made, or an empty one."""
    lines = ["\nBacktrace when that variable is created:\n\n"]
    stacks = getattr(getattr(v, "tag", None), "trace", None) or []
    for stack in stacks:
        lines += traceback.format_list([traceback.FrameSummary(f, n, name, line=text) for f, n, name, text in stack])
    return "".join(lines) if stacks else ""


# --- lists and dicts ---


def uniq(seq: Sequence[Any]) -> list[Any]:
    """Return the elements, each once, in the order of first appearance; equality decides, hashing is not needed."""
    found: list[Any] = []
    for x in seq:
        if x not in found:
            found.append(x)
    return found


def difference(seq1: Iterable[Any], seq2: Iterable[Any]) -> list[Any]:
    """Return the elements of ``seq1`` that are not in ``seq2``, in their order."""
    second = list(seq2)
    try:
        known: Any = set(second)
        return [x for x in seq1 if x not in known]
    except TypeError:
        return [x for x in seq1 if x not in second]


def unique(x: Sequence[Any]) -> bool:
    """Whether no two elements are equal."""
    return len(set(x)) == len(x)


def hist(coll: Iterable[Any]) -> dict[Any, int]:
    """Return how often each element comes."""
    counts: dict[Any, int] = {}
    for x in coll:
        counts[x] = counts.get(x, 0) + 1
    return counts


def remove(predicate: Callable[[Any], Any], coll: Iterable[Any]) -> list[Any]:
    """Return the elements of which ``predicate`` is false."""
    return [x for x in coll if not predicate(x)]


def flatten(a: Any) -> list[Any]:
    """Return the leaves of nested tuples, lists and sets in one list.

    >>> flatten([1, (2, [3])])
    [1, 2, 3]
    """
    if isinstance(a, tuple | list | set):
        return [leaf for part in a for leaf in flatten(part)]
    return [a]


def to_return_values(values: Any) -> Any:
    """Return the only element of a list of one, else the list."""
    return values[0] if len(values) == 1 else values


def from_return_values(values: Any) -> Any:
    """Return a list or tuple as it is, anything else in a list."""
    return values if isinstance(values, list | tuple) else [values]


def reverse_dict(d: dict[Any, Iterable[Any]]) -> dict[Any, tuple[Any, ...]]:
    """Turn a dict of collections around: each element to the keys it stands under."""
    found: dict[Any, tuple[Any, ...]] = {}
    for key, values in d.items():
        for value in values:
            found[value] = (*found.get(value, ()), key)
    return found


# --- functions ---


def memoize(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``f`` that remembers its results, by its arguments (keyword arguments too)."""
    cache: dict[Any, Any] = {}

    @functools.wraps(f)
    def remembered(*args: Any, **kwargs: Any) -> Any:
        key = (args, tuple(sorted(kwargs.items())))
        if key not in cache:
            cache[key] = f(*args, **kwargs)
        return cache[key]

    return remembered


def memodict(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function of one hashable argument that remembers its results."""

    class Memory(dict):  # type: ignore[type-arg]
        def __missing__(self, key: Any) -> Any:
            found = self[key] = f(key)
            return found

    return Memory().__getitem__


def deprecated(filename: str, msg: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: the function warns once, naming ``filename``, when it is called."""

    def mark(f: Callable[..., Any]) -> Callable[..., Any]:
        warned = False

        @functools.wraps(f)
        def old(*args: Any, **kwargs: Any) -> Any:
            nonlocal warned
            if not warned:
                warned = True
                warnings.warn(f"{filename}.{f.__name__} deprecated. {msg}", DeprecationWarning, stacklevel=2)
            return f(*args, **kwargs)

        return old

    return mark


def type_guard(type1: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator: the function answers FALL_THROUGH unless its first argument is an instance of ``type1``."""

    def guard(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def checked(arg1: Any, *rest: Any) -> Any:
            return f(arg1, *rest) if type1 is ANY_TYPE or isinstance(arg1, type1) else FALL_THROUGH

        return checked

    return guard


def comm_guard(type1: Any, type2: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator for functions of two arguments in either order.

    The function is called with an instance of ``type1`` first and one of ``type2`` second; where the arguments are
    neither way round, or it answers FALL_THROUGH both ways, the result is FALL_THROUGH.
    """

    def fits(x: Any, kind: Any) -> bool:
        return kind is ANY_TYPE or isinstance(x, kind)

    def guard(f: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def either_way(arg1: Any, arg2: Any, *rest: Any) -> Any:
            for a, b in ((arg1, arg2), (arg2, arg1)):
                if fits(a, type1) and fits(b, type2):
                    found = f(a, b, *rest)
                    if found is not FALL_THROUGH:
                        return found
            return FALL_THROUGH

        return either_way

    return guard


def hashtype(self: Any) -> int:
    """Return the hash of the object's class by name; used as ``__hash__``."""
    kind = type(self)
    return hash(kind.__name__) ^ hash(kind.__module__)


def hash_from_code(msg: str | bytes) -> str:
    """Return the hexadecimal SHA-256 of a text, marked by an "m" as a file name that is no number."""
    return "m" + hashlib.sha256(msg.encode() if isinstance(msg, str) else msg).hexdigest()


def hash_from_file(file_path: str) -> str:
    """Return :func:`hash_from_code` of a file's content."""
    with open(file_path, "rb") as file:
        return hash_from_code(file.read())


# --- orders ---


def toposort(prereqs_d: dict[Any, Iterable[Any]]) -> list[Any]:
    """Return the keys of a dict from things to what they need, each after what it needs; Exception for a cycle.

    >>> toposort({2: [1], 3: [2], 1: []})
    [1, 2, 3]
    """
    left = {thing: set(needs) for thing, needs in prereqs_d.items()}
    for thing in [n for needs in list(left.values()) for n in needs]:
        left.setdefault(thing, set())
    readers = reverse_dict(left)
    ready = [thing for thing, needs in left.items() if not needs]
    order = []
    while ready:
        thing = ready.pop(0)
        order.append(thing)
        for reader in readers.get(thing, ()):
            left[reader].discard(thing)
            if not left[reader]:
                ready.append(reader)
    if len(order) < len(left):
        raise Exception(f"Cannot sort: the rest needs itself: {[t for t, needs in left.items() if needs]}")
    return order


def make_depends() -> Callable[[Any], bool]:
    """Return a function of a pair of nodes that tells whether the first needs the second, directly or not."""
    above: dict[Apply, set[Apply]] = {}

    def depends(pair: tuple[Any, Any]) -> bool:
        a, b = pair
        if a not in above:
            above[a] = set(io_toposort([], a.inputs))
        return b in above[a]

    return depends


def make_dependence_cmp() -> Callable[[Any, Any], int]:
    """Return a comparison of nodes: 1 where the first needs the second, -1 the other way round, else 0."""
    depends = make_depends()

    def dependence(a: Any, b: Any) -> int:
        if depends((a, b)):
            return 1
        return -1 if depends((b, a)) else 0

    return dependence


def key_to_cmp(key: Callable[[Any], Any]) -> Callable[[Any, Any], int]:
    """Return the comparison (-1, 0, 1) that sorting by ``key`` makes."""

    def compare(a: Any, b: Any) -> int:
        x, y = key(a), key(b)
        return (x > y) - (x < y)

    return compare


def posort(l: Iterable[Any], *cmps: Callable[[Any, Any], int]) -> list[Any]:
    """Return ``l`` in an order in which no element comes after one that a comparison puts behind it.

    Comparisons need not decide every pair; an earlier one wins over a later. AssertionError if they make a cycle.

    >>> posort([3, 1, 4, 2], lambda a, b: (a % 2) - (b % 2), lambda a, b: a - b)
    [2, 4, 1, 3]
    """
    things = list(l)
    before: OrderedDict[Any, set[Any]] = OrderedDict((x, set()) for x in things)

    def reaches(a: Any, b: Any) -> bool:
        stack, seen = [a], set()
        while stack:
            x = stack.pop()
            if x is b:
                return True
            if x not in seen:
                seen.add(x)
                stack.extend(before[x])
        return False

    for compare in cmps:
        for a in things:
            for b in things:
                if a is not b and compare(a, b) > 0 and b not in before[a] and not reaches(b, a):
                    before[a].add(b)
    order: list[Any] = []
    while before:
        free = next((x for x, needs in before.items() if not needs), undef)
        if free is undef:
            raise AssertionError("the comparisons go round in a circle")
        order.append(free)
        del before[free]
        for needs in before.values():
            needs.discard(free)
    return order


def sort_apply_nodes(inputs: Any, outputs: Any, cmps: Sequence[Callable[[Any, Any], int]]) -> list[Apply]:
    """Return the nodes between ``inputs`` and ``outputs``, each after those it needs, else as the comparisons say."""
    return posort(io_toposort(inputs, outputs), make_dependence_cmp(), *cmps)


def sort_schedule_fn(*cmps: Callable[[Any, Any], int]) -> Callable[[Any], list[Apply]]:
    """Return a function from a FunctionGraph to its nodes in the order of :func:`sort_apply_nodes`.

    For the ``schedule`` of a linker: ``PerformLinker(schedule=sort_schedule_fn(compare))``.
    """
    dependence = make_dependence_cmp()

    def schedule(fgraph: Any) -> list[Apply]:
        return posort(fgraph.toposort(), dependence, *cmps)

    return schedule


# --- logs ---


def disable_log_handler(logger: Any = None, handler: Any = None) -> Any:
    """Return a context manager in which ``handler`` (by default every one) of Theano's logger is off."""

    @contextmanager
    def off() -> Iterator[None]:
        log = logging.getLogger("theano") if logger is None else logger
        taken = [h for h in log.handlers if handler is None or h is handler]
        for h in taken:
            log.removeHandler(h)
        try:
            yield
        finally:
            for h in taken:
                log.addHandler(h)

    return off()


def has_handlers(logger: Any) -> bool:
    """Whether a logger, or one above it that it tells, has a handler."""
    return bool(logger.hasHandlers())
