"""Long runs that look for crashes, leaks and half-made updates.

    python tools/soak.py calls --count 1000000     random valid and invalid arguments
    python tools/soak.py compile --count 10000     make a function, call it, drop it
    python tools/soak.py chain --count 200000      a chain of that many nodes: build, differentiate, compile, call, pickle
    python tools/soak.py chains                    what each part takes for each 1,000 nodes, for chains of several lengths and kinds
    python tools/soak.py processes --count 32      as many processes that compile the same functions into one empty cache
    python tools/soak.py kills --count 200         as many processes killed while they compile, on one cache

Each prints what it measured and fails where a promise is broken. The tests run the same with small counts.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import theano
import theano.tensor as T

REFUSED = (TypeError, ValueError, IndexError, OverflowError)


def resident() -> int:
    """Return the bytes of memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def functions():
    """Functions of several kinds, each with the shared variables it updates and makers of valid arguments."""
    x, v, w, i, n = T.dmatrix("x"), T.dvector("v"), T.fmatrix("w"), T.lscalar("i"), T.imatrix("n")
    labels = T.lvector("labels")
    count, total = theano.shared(0, "count"), theano.shared(np.zeros(4), "total")
    table = theano.shared(np.zeros((5, 4)), "table")
    y = T.tanh(x[i:] * 2 + v).sum(axis=1) + T.dot(x, v)[i:]
    cost = -T.log(T.nnet.softmax(x))[T.arange(labels.shape[0]), labels].mean()
    steps = theano.scan(lambda a, h: T.tanh(a + h / 2), sequences=x, outputs_info=T.zeros_like(v))[0]
    tick = (count, count + 1)

    def matrix(rng):
        return rng.randn(rng.randint(0, 5), 4)

    def rows(rng):
        return rng.randn(rng.randint(1, 5), 4)

    return [
        (
            theano.function([x, v, i], y, updates=[(total, total + v), tick]),
            lambda rng: [matrix(rng), rng.randn(4), rng.randint(-6, 6)],
        ),
        (theano.function([w], [T.exp(w) / 2, w.sum(axis=0)], updates=[tick]), lambda rng: [matrix(rng).astype("f4")]),
        (
            theano.function([n, i], n[:, i] * 3, updates=[tick]),
            lambda rng: [rng.randint(-9, 9, (3, 4)).astype("i4"), 2],
        ),
        (
            theano.function([x, labels], cost, updates=[(total, total - T.grad(cost, x).sum(axis=0)), tick]),
            lambda rng: (lambda m: [m, rng.randint(0, 4, len(m))])(rows(rng)),
        ),
        (
            theano.function([labels, v], table[labels], updates=[(table, T.inc_subtensor(table[labels], v)), tick]),
            lambda rng: [rng.randint(0, 5, 3), rng.randn(4)],
        ),
        (theano.function([x, v], steps, updates=[tick]), lambda rng: [matrix(rng), rng.randn(4)]),
        (
            theano.function([v, theano.In(i, value=1)], v[i], updates=[tick]),
            lambda rng: [rng.randn(4)] if rng.rand() < 0.5 else [rng.randn(4), rng.randint(-4, 4)],
        ),
    ], [count, total, table]


def odd(rng, value):
    """The same value in another layout or byte order, or one that does not fit."""
    a = np.asarray(value)
    kind = rng.randint(16)
    if kind == 0:
        return np.asfortranarray(a)
    if kind == 1 and a.ndim:
        return np.ascontiguousarray(a[::-1])[::-1]
    if kind == 2 and a.ndim:
        return np.repeat(a, 2, axis=0)[::2]
    if kind == 3:
        return a.astype(a.dtype.newbyteorder())
    if kind == 4:
        return a.tolist()
    if kind == 5 and a.size:
        return np.frombuffer(b"\0" + a.tobytes(), dtype="u1")[1:].view(a.dtype).reshape(a.shape)  # not aligned
    if kind == 6:
        frozen = a.copy()
        frozen.flags.writeable = False
        return frozen
    if kind == 7:
        return a[None]  # another rank
    if kind == 8:
        return a.astype("complex128")
    if kind == 9:
        return a[..., :-1] if a.ndim and a.shape[-1] else a
    if kind == 10:
        return [
            None,
            "text",
            object(),
            {},
            [[1], [2, 3]],
            b"bytes",
            theano.shared,
            float("nan"),
            2**70,
            np.array([None]),
        ][rng.randint(10)]
    if kind == 11:
        return a[..., :0] if a.ndim else a
    if kind == 12:
        return a + 100 if a.dtype.kind == "i" else a  # indices that are out of bounds
    if kind == 13:
        return np.ndarray(
            a.shape, a.dtype, a.copy(), strides=(0,) * a.ndim
        )  # as_strided makes Python's table of names grow
    if kind == 14:
        return a.astype("float16") if a.dtype.kind == "f" else a.astype("int8")
    return a


def calls(count: int, seed: int = 0, warm_up: int = 20_000) -> dict[str, float]:
    """Call functions with random arguments; return numbers. AssertionError for a half-made update or a wrong exception."""
    rng = np.random.RandomState(seed)
    zoo, states = functions()
    ticks, held = states[0], [s.container.storage for s in states]
    good = bad = before = half = 0
    start = time.perf_counter()
    for turn in range(warm_up + count):
        if turn == warm_up:
            gc.collect()
            before = resident()
        if turn == warm_up + count // 2:
            gc.collect()
            half = resident()
        f, make = zoo[rng.randint(len(zoo))]
        arguments = make(rng)
        if rng.rand() < 0.6:
            place = rng.randint(len(arguments))
            arguments[place] = odd(rng, arguments[place])
        if rng.rand() < 0.02:
            arguments = arguments[:-1] if rng.rand() < 0.5 else [*arguments, 1.0]
        old = [cell[0].copy() for cell in held]
        now = int(ticks.get_value(borrow=True))
        try:
            f(*arguments)
        except REFUSED:
            bad += 1
            for cell, value in zip(held, old):
                assert np.array_equal(cell[0], value, equal_nan=True), "a call that failed changed a shared variable"
        else:
            good += 1
            assert int(ticks.get_value(borrow=True)) == now + 1, "a call that succeeded did not make its updates"
        if turn % 1000 == 0:  # keep the numbers small
            for s in states[1:]:
                s.set_value(np.zeros_like(s.get_value(borrow=True)))
    gc.collect()
    seconds = time.perf_counter() - start
    now = resident()
    return {
        "answered": good,
        "refused": bad,
        "seconds": seconds,
        "grown in 2nd half": now - half,
        "grown": now - before,
    }


def compile_and_drop(count: int, warm_up: int = 300) -> dict[str, float]:
    """Make and drop functions, each a little different; return numbers."""
    before = 0
    start = time.perf_counter()
    for turn in range(warm_up + count):
        if turn == warm_up:
            gc.collect()
            before = resident()
        x = T.dmatrix("x")
        w = theano.shared(np.ones((3, 2)), "w")
        cost = T.sqr(T.tanh(T.dot(x, w)) * float(turn % 20 + 1)).sum()
        f = theano.function([x], cost, updates=[(w, w - 0.1 * T.grad(cost, w))])
        f(np.ones((2, 3)))
        del f, w, x, cost
        if turn % 100 == 0:
            gc.collect()
    gc.collect()
    seconds = time.perf_counter() - start
    return {"functions": count, "seconds": seconds, "grown": resident() - before}


def same(count: int, x):
    """Sines, cosines and sums in turn."""
    y = x
    for k in range(count // 2):
        y = T.sin(y) if k % 2 else T.cos(y)
        y = y + x
    return y, [x]


def distinct(count: int, x):
    """Functions drawn at random: no two stretches of the chain are alike."""
    rng = np.random.RandomState(0)
    known = [
        T.sin,
        T.cos,
        T.tanh,
        T.arctan,
        T.sqr,
        T.nnet.sigmoid,
        T.nnet.softplus,
        abs,
        T.erf,
        T.exp,
        T.arcsinh,
        T.neg,
    ]
    y = x
    for k in rng.randint(len(known), size=count // 2):
        y = known[k](y) * x
    return y, [x]


def constants(count: int, x):
    """Sines of sums with numbers of which no two are equal."""
    y = x
    for k in range(count // 2):
        y = T.sin(y) + 0.001 * k
    return y, [x]


def layers(count: int, x):
    """tanh(W h + b) again and again."""
    W, b = theano.shared(np.eye(3) / 2, "W"), theano.shared(np.ones(3), "b")
    y = x
    for _ in range(count // 3):
        y = T.tanh(T.dot(W, y) + b)
    return y, [x, W, b]


CHAINS = {make.__name__: make for make in (same, distinct, constants, layers)}


@contextlib.contextmanager
def timed(found: dict[str, float], **places: tuple[str, ...]):
    """Add up, for each name, the seconds that functions (module:name) take; of nested ones each counts its own time."""
    outer: list[float] = []
    saved = []

    def wrapped(name: str, function):
        def run(*args, **kwargs):
            start = time.process_time()
            outer.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                took = time.process_time() - start
                found[name] = found.get(name, 0.0) + took - outer.pop()
                if outer:
                    outer[-1] += took

        return run

    for name, functions in places.items():
        for place in functions:
            module, attribute = place.split(":")
            holder = importlib.import_module(module)
            saved.append((holder, attribute, getattr(holder, attribute)))
            setattr(holder, attribute, wrapped(name, getattr(holder, attribute)))
    try:
        yield
    finally:
        for holder, attribute, function in saved:
            setattr(holder, attribute, function)


def chain(count: int, kind: str = "same") -> dict[str, float]:
    """Build a chain of ``count`` nodes, differentiate, compile, call and pickle it; return the seconds of each.

    What compiling takes is told by part; "compile" is what remains.
    """
    found: dict[str, float] = {"recursion limit": sys.getrecursionlimit()}
    clock = time.process_time()

    def lap(name: str, known: float = 0.0) -> None:
        nonlocal clock
        now = time.process_time()
        found[name] = now - clock - known
        clock = now

    x = T.dvector("x")
    y, wrt = CHAINS[kind](count, x)
    lap("build")
    slopes = T.grad(y.sum(), wrt)
    lap("differentiate")
    parts: dict[str, float] = {}
    with timed(
        parts,
        rewrite=("theon.compile.pipeline:rewrite",),
        schedule=("theon.compile.pieces:cut", "theon.compile.pieces:lowered", "theon.compile.pipeline:lowered"),
        text=("theon.runtime.native:program_text",),
        LLVM=("theon.runtime.native:_compile",),
    ):
        f = theano.function([x], [y.sum(), *slopes])
    found |= parts
    lap("compile", sum(parts.values()))
    f(np.ones(3))
    lap("first call")
    f(np.ones(3))
    lap("call")
    written = pickle.dumps(y)
    lap("pickle the graph")
    assert type(pickle.loads(written)).__name__ == "TensorVariable"
    lap("unpickle the graph")
    written = pickle.dumps(f)
    lap("pickle the function")
    again = pickle.loads(written)
    lap("unpickle the function")
    for value, expected in zip(again(np.ones(3)), f(np.ones(3))):
        np.testing.assert_array_equal(value, expected)
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return found


def chains(counts: list[int], kinds: list[str]) -> None:
    """Measure each chain in a process of its own; print milliseconds for each 1,000 nodes, and the most memory, in MB."""
    table: dict[str, list[str]] = {}
    for kind in kinds:
        for count in counts:
            asked = f"import json, soak; print(json.dumps(soak.chain({count}, {kind!r})))"
            with tempfile.TemporaryDirectory() as cache:
                environment = os.environ | {"THEON_CACHE": cache}
                output = subprocess.run(
                    [sys.executable, "-c", asked], env=environment, cwd=Path(__file__).parent, stdout=subprocess.PIPE, check=True
                ).stdout  # fmt: skip
            found = json.loads(output)
            peak, _ = found.pop("peak"), found.pop("recursion limit")
            row = table.setdefault("", [])
            row.append(f"{kind} {count // 1000:,}k")
            for name, seconds in found.items():
                table.setdefault(name, []).append(f"{seconds / count * 1e6:,.1f}")
            table.setdefault("peak, MB", []).append(f"{peak / 1e6:,.0f}")
    for name, cells in table.items():
        print(f"{name:22}", *(f"{cell:>16}" for cell in cells))


SEVERAL = """
import numpy as np, theano, theano.tensor as T
x = T.dmatrix("x"); w = theano.shared(np.ones(3))
for k in range(4):
    f = theano.function([x], T.tanh(T.dot(x, w) + k).sum(), updates=[(w, w * 0.5)])
    assert f._native is not None
    assert abs(float(f(np.ones((2, 3)))) - 2 * np.tanh(3 * 0.5**k + k)) < 1e-12
"""


def _started(cache: str) -> subprocess.Popen[str]:
    environment = os.environ | {"THEON_CACHE": cache}
    return subprocess.Popen([sys.executable, "-c", SEVERAL], env=environment, stderr=subprocess.PIPE, text=True)


def _checked(process: subprocess.Popen[str]) -> None:
    error = process.communicate(timeout=600)[1]
    assert process.returncode == 0 and not error, error


def processes(count: int) -> dict[str, float]:
    """Start that many processes at once on one empty cache; all must give the right numbers, in silence."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        for process in [_started(cache) for _ in range(count)]:
            _checked(process)
        files = sum(path.is_file() for path in Path(cache).rglob("*"))
    return {"processes": count, "files": files, "seconds": time.perf_counter() - start}


def kills(count: int, seed: int = 0) -> dict[str, float]:
    """Kill that many processes while they compile, on one cache; after every tenth, one that is left alone must do its work."""
    rng = np.random.RandomState(seed)
    start = time.perf_counter()
    early = 0
    with tempfile.TemporaryDirectory() as cache:
        begun = time.perf_counter()
        _checked(_started(cache))
        usual = time.perf_counter() - begun
        for turn in range(count):
            if turn % 10 == 0:
                shutil.rmtree(cache, ignore_errors=True)
            process = _started(cache)
            time.sleep(rng.uniform(0.3, 1.0) * usual)
            process.kill()
            process.communicate()
            early += process.returncode != 0
            if turn % 10 == 9:
                _checked(_started(cache))
    return {"processes": count, "killed in time": early, "seconds": time.perf_counter() - start}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["calls", "compile", "chain", "chains", "processes", "kills"])
    parser.add_argument("--count", type=int)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--kinds", nargs="+", choices=list(CHAINS), default=list(CHAINS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.what == "calls":
        if "PYTHONMALLOC" not in os.environ:  # Python's own allocator takes memory by the MiB, which is the limit itself
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONMALLOC": "malloc"})
        found = calls(given.count or 1_000_000, given.seed)
        limit = 1_000_000
    elif given.what == "compile":
        found = compile_and_drop(given.count or 10_000)
        limit = 5_000_000
    elif given.what == "chain":
        found, limit = chain(given.count or 200_000, given.kinds[0]), None
    elif given.what == "chains":
        return chains(given.counts, given.kinds)
    elif given.what == "processes":
        found, limit = processes(given.count or 32), None
    else:
        found, limit = kills(given.count or 200, given.seed), None
    for name, value in found.items():
        print(f"{name:20} {value:,.3f}" if isinstance(value, float) else f"{name:20} {value:,}")
    if limit is not None and found["grown"] > limit:
        raise SystemExit(f"memory grew by more than {limit:,} bytes")


if __name__ == "__main__":
    main()
