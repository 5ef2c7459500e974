"""Programs as people write them with scan, against the same written for NumPy: values, and gradients by central differences."""

import itertools

import numpy as np
import pytest

import theano
import theano.tensor as T
import theon
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.scan_module import until
from theano.tensor.nlinalg import det, matrix_inverse
from theano.tensor.shared_randomstreams import RandomStreams

rng = np.random.RandomState(0)
ZERO = np.float64(0)  # T.alloc(0.0) is float32, as in Theano


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def slopes(value, of, eps=1e-6):
    """The gradient of ``value()`` by each element of the array ``of``, which is changed and put back."""
    found = np.zeros_like(of)
    for place in np.ndindex(*of.shape):
        old = of[place]
        both = []
        for step in (eps, -eps):
            of[place] = old + step
            both.append(value())
        of[place] = old
        found[place] = (both[0] - both[1]) / (2 * eps)
    return found


def compare(inputs, cost, wrt, given, of, value):
    """The cost and its gradients are those of the NumPy program ``value``; no step runs in Python."""
    function = theano.function(inputs, [cost, *T.grad(cost, wrt)])
    assert "python " not in theon.explain(function)
    got = function(*given)
    np.testing.assert_allclose(got[0], value(), rtol=1e-10)
    for slope, array in zip(got[1:], of, strict=True):
        np.testing.assert_allclose(slope, slopes(value, array), rtol=1e-4, atol=1e-7)


def test_gated_recurrent_unit_with_masks():
    n, batch, nin, size = 4, 2, 3, 3
    x, mask = T.dtensor3("x"), T.dmatrix("mask")
    P = [rng.randn(*s) * 0.4 for s in ((nin, 3 * size), (size, 2 * size), (size, size))]
    W, U, V = shared = [theano.shared(p) for p in P]

    def step(p, m, h, U, V):
        both = T.nnet.sigmoid(p[:, : 2 * size] + T.dot(h, U))
        r, z = both[:, :size], both[:, size:]
        new = z * h + (1 - z) * T.tanh(p[:, 2 * size :] + T.dot(r * h, V))
        return m[:, None] * new + (1.0 - m)[:, None] * h

    h, _ = theano.scan(step, [T.dot(x, W), mask], [T.alloc(ZERO, x.shape[1], size)], [U, V], strict=True)
    X, M = rng.randn(n, batch, nin), np.asarray([[1.0, 1], [1, 0], [1, 1], [0, 1]])

    def value():
        h, rows = np.zeros((batch, size)), 0
        for a, m in zip(X @ P[0], M):
            both = sigmoid(a[:, : 2 * size] + h @ P[1])
            r, z = both[:, :size], both[:, size:]
            new = z * h + (1 - z) * np.tanh(a[:, 2 * size :] + (r * h) @ P[2])
            h = m[:, None] * new + (1 - m)[:, None] * h
            rows += (h**2).sum()
        return rows

    compare([x, mask], T.sqr(h).sum(), [x, *shared], [X, M], [X, *P], value)


def test_lstm_in_both_directions_with_masks_and_pooling():
    n, batch, nin, size = 4, 2, 2, 2
    x, mask = T.dtensor3("x"), T.dmatrix("mask")
    P = [rng.randn(*s) * 0.5 for _ in range(2) for s in ((nin, 4 * size), (size, 4 * size))]
    shared = [theano.shared(p) for p in P]

    def run(W, U, backwards):
        def step(m, p, h, c):
            z = p + T.dot(h, U)
            i, f, o = (T.nnet.sigmoid(z[:, k * size : (k + 1) * size]) for k in range(3))
            new = m[:, None] * (f * c + i * T.tanh(z[:, 3 * size :])) + (1 - m)[:, None] * c
            return m[:, None] * o * T.tanh(new) + (1 - m)[:, None] * h, new

        start = T.alloc(ZERO, x.shape[1], size)
        (h, _), _ = theano.scan(step, [mask, T.dot(x, W)], [start, start], go_backwards=backwards)
        return h[::-1] if backwards else h

    h = T.concatenate([run(*shared[:2], False), run(*shared[2:], True)], axis=2)
    cost = T.sqr((h * mask[:, :, None]).sum(0) / mask.sum(0)[:, None]).sum() + h.max()
    X, M = rng.randn(n, batch, nin), np.asarray([[1.0, 1], [1, 1], [1, 0], [0, 1]])

    def one(W, U, order):
        h, c, rows = np.zeros((batch, size)), np.zeros((batch, size)), {}
        for t in order:
            z, m = X[t] @ W + h @ U, M[t][:, None]
            i, f, o = (sigmoid(z[:, k * size : (k + 1) * size]) for k in range(3))
            c = m * (f * c + i * np.tanh(z[:, 3 * size :])) + (1 - m) * c
            rows[t] = h = m * o * np.tanh(c) + (1 - m) * h
        return np.stack([rows[t] for t in range(n)])

    def value():
        h = np.concatenate([one(*P[:2], range(n)), one(*P[2:], reversed(range(n)))], axis=2)
        return (((h * M[:, :, None]).sum(0) / M.sum(0)[:, None]) ** 2).sum() + h.max()

    compare([x, mask], cost, [x, *shared], [X, M], [X, *P], value)


def test_decoder_with_attention():
    source, batch, size, words = 3, 2, 3, 4
    context, mask, y = T.dtensor3("context"), T.dmatrix("mask"), T.lmatrix("y")
    shapes = ((words, size), (size, size), (size, size), (size,), (size, words))
    P = [rng.randn(*s) * 0.6 for s in shapes]
    E, U, A, v, O = shared = [theano.shared(p) for p in P]
    embedded = E[y.flatten()].reshape((y.shape[0], y.shape[1], size))
    embedded = T.set_subtensor(T.zeros_like(embedded)[1:], embedded[:-1])

    def step(e, h, projected, context, mask, U, A, v):
        energy = T.dot(T.tanh(projected + T.dot(h, A)[None, :, :]), v)
        weight = T.exp(energy - energy.max(0, keepdims=True)) * mask
        weight = weight / weight.sum(0, keepdims=True)
        return T.tanh(e + T.dot(h, U) + (context * weight[:, :, None]).sum(0)), weight

    fixed = [T.tanh(context), context, mask, U, A, v]
    (h, _), _ = theano.scan(step, embedded, [T.alloc(ZERO, y.shape[1], size), None], fixed, strict=True)
    p = T.nnet.softmax(T.dot(h, O).reshape((-1, words)))
    cost = -T.log(p[T.arange(y.size), y.flatten()]).sum()
    C, M, Y = rng.randn(source, batch, size), np.ones((source, batch)), rng.randint(0, words, (3, batch))
    M[-1, 0] = 0

    def value():
        rows, h, total = P[0][Y], np.zeros((batch, size)), 0
        for t in range(len(Y)):
            energy = np.tanh(np.tanh(C) + (h @ P[2])[None]) @ P[3]
            weight = np.exp(energy - energy.max(0)) * M
            h = h @ P[1] + (C * (weight / weight.sum(0))[:, :, None]).sum(0) + (rows[t - 1] if t else 0)
            h = np.tanh(h)
            total -= np.log(softmax(h @ P[4])[np.arange(batch), Y[t]]).sum()
        return total

    compare([context, mask, y], cost, [context, *shared], [C, M, Y], [C, *P], value)


def test_memory_that_steps_write_into():
    """A neural Turing machine's: soft erasing and adding, and places that are written by number and by slice."""
    k, a, places = T.dmatrix("k"), T.dmatrix("a"), T.lvector("places")

    def step(k, a, p, memory):
        w = T.nnet.softmax(T.dot(memory, k)[None, :])[0]
        memory = memory * (1 - w[:, None] * 0.5) + w[:, None] * a[None, :]
        memory = T.set_subtensor(memory[p], T.tanh(a))
        memory = T.inc_subtensor(memory[p - 1 : p + 1, 0], 0.1 * k[0])
        return memory, T.dot(w, memory)

    (memory, read), _ = theano.scan(step, [k, a, places], [T.zeros((6, 3)), None])
    K, A, where = rng.randn(4, 3), rng.randn(4, 3), np.asarray([1, 3, 5, 1])

    def value():
        m, total = np.zeros((6, 3)), 0
        for k, a, p in zip(K, A, where):
            w = softmax(m @ k)
            m = m * (1 - w[:, None] * 0.5) + w[:, None] * a
            m[p] = np.tanh(a)
            m[p - 1 : p + 1, 0] += 0.1 * k[0]
            total += ((w @ m) ** 2).sum()
        return total + m.sum()

    cost = T.sqr(read).sum() + memory[-1].sum()
    compare([k, a, places], cost, [k, a], [K, A, where], [K, A], value)


def test_kalman_filter():
    ys, A, C, Q, R = inputs = T.dmatrices("ys", "A", "C", "Q", "R")

    def step(y, m, P, A, C, Q, R):
        m, P = T.dot(A, m), T.dot(T.dot(A, P), A.T) + Q
        S = T.dot(T.dot(C, P), C.T) + R
        gain, e = T.dot(T.dot(P, C.T), matrix_inverse(S)), y - T.dot(C, m)
        likely = -0.5 * (T.dot(e, T.dot(matrix_inverse(S), e)) + T.log(det(S)))
        return m + T.dot(gain, e), P - T.dot(T.dot(gain, C), P), likely

    (_, _, likely), _ = theano.scan(step, ys, [T.zeros((3,)), T.eye(3), None], [A, C, Q, R])
    given = [rng.randn(4, 2), rng.randn(3, 3) * 0.5, rng.randn(2, 3), np.eye(3) * 0.3, np.eye(2) * 0.5]

    def value():
        ys, A, C, Q, R = given
        m, P, total = np.zeros(3), np.eye(3), 0
        for y in ys:
            m, P = A @ m, A @ P @ A.T + Q
            S = C @ P @ C.T + R
            gain, e = P @ C.T @ np.linalg.inv(S), y - C @ m
            total -= 0.5 * (e @ np.linalg.inv(S) @ e + np.log(np.linalg.det(S)))
            m, P = m + gain @ e, P - gain @ C @ P
        return total

    compare(list(inputs), likely.sum(), list(inputs), given, given, value)


def test_connectionist_temporal_classification_by_scan():
    y, labels = T.dmatrix("y"), T.lvector("labels")
    length = labels.shape[0] * 2 + 1
    with_blanks = T.set_subtensor(T.zeros((length,), "int64")[1::2], labels)
    skip = T.neq(with_blanks[2:], with_blanks[:-2]) * T.neq(with_blanks[2:], 0)
    skip = T.concatenate([T.zeros((2,), "int8"), T.cast(skip, "int8")])

    def step(p, a):
        return (a + T.concatenate([[0.0], a[:-1]]) + T.concatenate([T.zeros((2,)), a[:-2]]) * skip) * p

    paths, _ = theano.scan(step, y[:, with_blanks], [T.set_subtensor(T.zeros((length,))[0], 1.0)])
    Y, L = rng.dirichlet(np.ones(4), size=6), np.asarray([1, 1, 3])

    def value():
        total = 0.0
        for path in itertools.product(range(4), repeat=6):
            kept = [s for t, s in enumerate(path) if s and (not t or path[t - 1] != s)]
            total += np.prod(Y[range(6), path]) if kept == list(L) else 0
        return -np.log(total)

    compare([y, labels], -T.log(paths[-1, -1] + paths[-1, -2]), [y], [Y, L], [Y], value)


def all_paths(E, R):
    n, kinds = E.shape
    for s in itertools.product(range(kinds), repeat=n):
        yield sum(E[t, s[t]] for t in range(n)) + sum(R[s[t], s[t + 1]] for t in range(n - 1)), s


def test_chain_of_tags_forwards_and_the_best_path_backwards():
    e, r = T.dmatrix("e"), T.dmatrix("r")
    sums, _ = theano.scan(lambda o, p: T.log(T.exp(p[:, None] + r).sum(0)) + o, e[1:], e[0])
    total = T.log(T.exp(sums[-1]).sum())
    (best, back), _ = theano.scan(
        lambda o, p: ((p[:, None] + r).max(0) + o, (p[:, None] + r).argmax(0)), e[1:], [e[0], None]
    )
    last = T.cast(best[-1].argmax(), "int64")
    path, _ = theano.scan(lambda b, s: b[s], back, last, go_backwards=True)
    f = theano.function([e, r], [total, T.grad(total, e), T.concatenate([path[::-1], [last]])])
    assert "python " not in theon.explain(f)
    E, R = rng.randn(5, 3), rng.randn(3, 3)
    value, marginals, tags = f(E, R)
    paths = list(all_paths(E, R))
    np.testing.assert_allclose(value, np.log(sum(np.exp(s) for s, _ in paths)))
    wanted = np.zeros_like(E)
    for score, p in paths:
        wanted[range(5), p] += np.exp(score - value)
    np.testing.assert_allclose(marginals, wanted)
    assert tuple(tags) == max(paths)[1]


def test_beam_search_finds_what_trying_all_finds():
    words, width, n = 4, 3, 4
    scores = T.dtensor3("scores")  # step, word before, word

    def step(s, total, last):
        all_of = (total[:, None] + s[last]).flatten()
        top = T.argsort(-all_of)[:width]
        return all_of[top], T.cast(top % words, "int64"), T.cast(top // words, "int64")

    start = [T.as_tensor_variable(np.asarray([0, -1e9, -1e9])), T.zeros((width,), "int64"), None]
    (total, word, back), _ = theano.scan(step, scores, start)
    (found, _), _ = theano.scan(
        lambda b, w, k: (w[k], b[k]), [back, word], [None, T.constant(np.int64(0))], go_backwards=True
    )
    S = np.log(rng.dirichlet(np.ones(words) * 5, size=(n, words)))
    best, sequence = theano.function([scores], [total[-1, 0], found[::-1]])(S)

    def score(s):
        return sum(S[t, ([0, *s])[t], s[t]] for t in range(n))

    np.testing.assert_allclose(score(list(sequence)), best)
    assert (
        sorted((score(s) for s in itertools.product(range(words), repeat=n)), reverse=True).index(score(sequence)) < 3
    )


def test_distance_of_words_by_a_loop_in_a_loop():
    a, b = T.ivectors("a", "b")

    def row(x, i, before):
        step = lambda up, corner, cost, left: T.minimum(T.minimum(up, left) + 1, corner + cost)  # noqa: E731
        rest, _ = theano.scan(step, [before[1:], before[:-1], T.neq(b, x)], i + 1)
        return T.concatenate([[i + 1], rest])

    rows, _ = theano.scan(row, [a, T.arange(a.shape[0])], T.arange(b.shape[0] + 1))
    f = theano.function([a, b], rows[-1, -1])
    assert "python " not in theon.explain(f)
    for one, other, wanted in (("kitten", "sitting", 3), ("flaw", "lawn", 2), ("same", "same", 0)):
        assert f(*(np.asarray([ord(c) for c in w], "int32") for w in (one, other))) == wanted


def test_roots_by_newton_that_stop_when_they_are_near():
    a = T.dvector("a")

    def root(a):
        step = lambda x: (x - (x * x - a) / (2 * x), until(abs(x * x - a) < 1e-12))  # noqa: E731
        rows, _ = theano.scan(step, outputs_info=T.maximum(a, 1.0), n_steps=100)
        return rows[-1], rows.shape[0]

    (roots, steps), _ = theano.scan(root, a)
    f = theano.function([a], [roots, steps, T.grad(roots.sum(), a)])
    assert "python " not in theon.explain(f)
    values = np.asarray([2.0, 9.0, 100.0, 0.5])
    found, counts, slope = f(values)
    np.testing.assert_allclose(found, np.sqrt(values))
    np.testing.assert_allclose(slope, 0.5 / np.sqrt(values))
    assert len(set(counts)) > 1


@pytest.mark.parametrize("streams", [RandomStreams, MRG_RandomStreams])
def test_dropout_of_the_state_in_each_step(streams):
    stream, x, W = streams(4), T.dmatrix("x"), theano.shared(np.eye(3) * 0.9)
    step = lambda a, h, W: T.dot(h * stream.binomial(size=h.shape, p=0.7, n=1) / 0.7, W) + a  # noqa: E731
    h, updates = theano.scan(step, x, T.ones((3,)), W)
    f = theano.function([x], [h, T.grad(h[-1].sum(), W)], updates=updates)
    seen = set()
    for _ in range(20):
        rows, slope = f(np.zeros((4, 3)))
        # What was not dropped is 0.9 / 0.7 of what it was; the last rows are of the fourth degree in W.
        assert {round(v, 9) for v in rows[-1]} <= {0, round((0.9 / 0.7) ** 4, 9)}
        np.testing.assert_allclose(np.trace(slope) * 0.9, 4 * rows[-1].sum())
        seen.add(tuple(rows[-1] > 0))
    assert len(seen) > 1


def test_restricted_boltzmann_machines_in_a_row():
    """An RNN-RBM: what a recurrence says of each step's biases, and a chain of samples whose gradient is not taken."""
    nv, nh, nr = 4, 3, 2
    shapes = ((nv, nh), (nr, nh), (nr, nv), (nv, nr), (nr, nr))
    W, to_hidden, to_visible, from_visible, recurrent = shared = [theano.shared(rng.randn(*s) * 0.3) for s in shapes]
    stream, v = RandomStreams(3), T.dmatrix("v")

    def state(v, u):
        return T.tanh(T.dot(v, from_visible) + T.dot(u, recurrent))

    def sample(v, bv, bh):
        h = stream.binomial(size=bh.shape, n=1, p=T.nnet.sigmoid(T.dot(v, W) + bh), dtype="float64")
        return stream.binomial(size=bv.shape, n=1, p=T.nnet.sigmoid(T.dot(h, W.T) + bv), dtype="float64")

    def biases(v, u):
        return state(v, u), T.dot(u, to_visible), T.dot(u, to_hidden)

    (_, bv, bh), _ = theano.scan(biases, v, [T.zeros((nr,)), None, None])
    chain, updates = theano.scan(lambda v: sample(v, bv, bh), outputs_info=v, n_steps=3)
    last = chain[-1]
    cost = T.mean((v - last) * bv) + T.log(1 + T.exp(T.dot(v, W) + bh)).mean()
    cost -= T.log(1 + T.exp(T.dot(last, W) + bh)).mean()
    gradients = T.grad(cost, shared, consider_constant=[last])
    updates.update((p, p + 0.1 * g) for p, g in zip(shared, gradients))
    train = theano.function([v], cost, updates=updates)

    def generated(u):
        chain, inner = theano.scan(
            lambda v: sample(v, T.dot(u, to_visible), T.dot(u, to_hidden)), outputs_info=T.zeros((nv,)), n_steps=5
        )
        return [chain[-1], state(chain[-1], u)], inner

    (rows, _), moved = theano.scan(generated, outputs_info=[None, T.zeros((nr,))], n_steps=30)
    generate = theano.function([], rows, updates=moved)
    before = [p.get_value() for p in shared]
    for _ in range(10):
        assert np.isfinite(train(np.asarray([[1.0, 0, 1, 0], [0, 1, 0, 1]] * 3)))
    assert all(not np.array_equal(p.get_value(), old) for p, old in zip(shared, before))
    one, other = generate(), generate()
    assert set(np.unique(one)) == {0, 1} and not np.array_equal(one, other)


def test_steps_with_matrices_that_are_sparse_and_steps_that_print(capsys):
    import scipy.sparse

    A, x = theano.sparse.csr_matrix("A"), T.dmatrix("x")
    h, _ = theano.scan(lambda h, A: T.tanh(theano.sparse.dot(A, h)), None, x, A, n_steps=3)
    f = theano.function([A, x], [h[-1], T.grad(h[-1].sum(), x)])
    M, X = scipy.sparse.random(4, 4, 0.5, format="csr", random_state=0), rng.randn(4, 2)

    def value():
        h = X
        for _ in range(3):
            h = np.tanh(M @ h)
        return h.sum()

    got, slope = f(M, X)
    np.testing.assert_allclose(got.sum(), value())
    np.testing.assert_allclose(slope, slopes(value, X), rtol=1e-5, atol=1e-8)
    v = T.dvector("v")
    sums, _ = theano.scan(lambda a, s: theano.printing.Print("sum")(a + s), v, T.zeros(()))
    assert theano.function([v], sums)([1.0, 2.0]).tolist() == [1, 3]
    assert capsys.readouterr().out.splitlines() == ["sum __str__ = 1.0", "sum __str__ = 3.0"]


def test_jacobians_and_hessians_by_loops_over_elements():
    x, m, W = T.dvector("x"), T.dmatrix("m"), theano.shared(rng.randn(4, 3))
    y = T.tanh(T.dot(W, x))
    cost = T.sqr(y).sum()
    J, _ = theano.scan(lambda i, y, x: T.grad(y[i], x), T.arange(y.shape[0]), non_sequences=[y, x])
    slope = T.grad(cost, x)
    H, _ = theano.scan(lambda i, g, x: T.grad(g[i], x), T.arange(x.shape[0]), non_sequences=[slope, x])
    each, _ = theano.map(lambda row: T.jacobian(T.tanh(T.dot(W, row)), row), m)
    f = theano.function([x, m], [J, T.jacobian(y, x), H, T.hessian(cost, x), each])
    values = rng.randn(3)
    a, b, c, d, e = f(values, np.stack([values, values]))
    np.testing.assert_allclose(a, b)
    np.testing.assert_allclose(c, d)
    np.testing.assert_allclose(e, [a, a])
