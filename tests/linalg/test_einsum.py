"""einsum against NumPy's: the grammar, the order of contractions, gradients; complex Fourier transforms."""

import numpy as np
import pytest

import theano
import theano.tensor as T
from theano.tensor import fft
from theon.ops.dot import BatchedDot, Dot

rng = np.random.RandomState(6)
# subscripts, shapes
CASES = [
    ("ij,jk->ik", [(3, 4), (4, 5)]),
    ("ij,jk", [(3, 4), (4, 5)]),
    ("ij,kj->ki", [(3, 4), (5, 4)]),
    ("ij->ji", [(3, 4)]),
    ("ij", [(3, 4)]),
    ("ba", [(3, 4)]),
    ("ij->", [(3, 4)]),
    ("ij->j", [(3, 4)]),
    ("ii", [(4, 4)]),
    ("ii->i", [(4, 4)]),
    ("iij->j", [(4, 4, 3)]),
    ("iii->i", [(3, 3, 3)]),
    ("ijij->ij", [(2, 3, 2, 3)]),
    ("i,i", [(4,), (4,)]),
    ("i,i->i", [(4,), (4,)]),
    ("i,j->ij", [(4,), (5,)]),
    ("i,j->ji", [(4,), (5,)]),
    (",i->i", [(), (4,)]),
    (",", [(), ()]),
    ("->", [()]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]),
    ("bij,bkj->bki", [(2, 3, 4), (2, 5, 4)]),
    ("bij,bj->bi", [(2, 3, 4), (2, 4)]),
    ("bij,bij->b", [(2, 3, 4), (2, 3, 4)]),
    ("ij,ij->", [(3, 4), (3, 4)]),
    ("abcd,cdef->abef", [(2, 3, 4, 5), (4, 5, 2, 3)]),
    ("abij,abjk->aik", [(2, 3, 4, 5), (2, 3, 5, 2)]),
    ("...ij,...jk->...ik", [(2, 6, 3, 4), (6, 4, 5)]),
    ("...ij,jk", [(2, 6, 3, 4), (4, 5)]),
    ("i...,i...->...", [(3, 4, 5), (3, 4, 5)]),
    ("...->...", [(3, 4)]),
    ("...ii->...", [(3, 4, 4)]),
    ("ij...->...ji", [(2, 3, 4)]),
    ("ij,jk,kl->il", [(3, 40), (40, 2), (2, 5)]),
    ("ij,jk,kl,lm->im", [(3, 4), (4, 5), (5, 6), (6, 2)]),
    ("a,ab,bc,c->", [(3,), (3, 4), (4, 5), (5,)]),
    ("ij,ij,ij->i", [(3, 4), (3, 4), (3, 4)]),
    ("ab,cb,db,eb,fb,gb->acdefg", [(2, 3)] * 6),
    (" i j , j k -> i k ", [(3, 4), (4, 5)]),
    ("Ab,bC->AC", [(3, 4), (4, 5)]),
    ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    ("ij,k->i", [(3, 4), (5,)]),
    ("ij,jk->ik", [(0, 4), (4, 5)]),
    ("ij,jk->ik", [(3, 0), (0, 5)]),
]


@pytest.mark.parametrize(
    ("subscripts", "shapes"), CASES, ids=[f"{s.replace(' ', '')}-{len(n)}-{0 in n[0]}" for s, n in CASES]
)
def test_as_numpy(subscripts, shapes):
    arrays = [rng.randn(*n) for n in shapes]
    inputs = [T.TensorType("float64", [False] * len(n))() for n in shapes]
    want = np.einsum(subscripts, *arrays)
    for optimize in (True, False):
        got = theano.function(inputs, T.einsum(subscripts, *inputs, optimize=optimize))(*arrays)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("subscripts, shapes", [c for c in CASES if all(0 not in n for n in c[1])][::3])
def test_gradients(subscripts, shapes):
    arrays = [rng.randn(*n) for n in shapes]
    T.verify_grad(lambda *given: T.einsum(subscripts, *given), arrays, rng=rng)


def test_products_of_matrices_are_that():
    a, b = T.dtensor3(), T.dtensor3()
    ops = [type(n.op) for n in theano.function([a, b], T.einsum("bij,bjk->bik", a, b)).maker.fgraph.toposort()]
    assert ops == [BatchedDot]
    x, y, z = T.dmatrices("x", "y", "z")
    f = theano.function([x, y], T.einsum("ij,jk->ik", x, y))
    assert [type(n.op) for n in f.maker.fgraph.toposort()] == [Dot]


def test_order_by_known_sizes():
    a, b, c = (T.constant(rng.randn(*n)) for n in ((2, 300), (300, 200), (200, 1)))
    out = T.einsum("ij,jk,kl->il", a, b, c)
    products = [n for n in theano.gof.graph.io_toposort([], [out]) if isinstance(n.op, Dot)]
    # From the right: 600 products and 60,000 instead of 120,000 and 400.
    assert [len([v for v in n.inputs if v is a]) for n in products] == [0, 1]
    np.testing.assert_allclose(out.eval(), a.data @ b.data @ c.data)


def test_lists_in_place_of_letters():
    a, b = rng.randn(3, 4), rng.randn(4, 5)
    x, y = T.dmatrices("x", "y")
    for lists in ([[0, 1], [1, 2], [0, 2]], [[0, 1], [1, 2]], [[..., 1], [1, 2], [..., 2]]):
        got = theano.function([x, y], T.einsum(x, lists[0], y, lists[1], *lists[2:]))(a, b)
        np.testing.assert_allclose(got, a @ b)


def test_dimensions_known_to_be_one_broadcast():
    row, m = T.drow("row"), T.dmatrix("m")
    r, a = rng.randn(1, 4), rng.randn(3, 4)
    for text in ("ij,ij->ij", "ij,ij->i", "ij,kj->ik"):
        got = theano.function([row, m], T.einsum(text, row, m))(r, a)
        np.testing.assert_allclose(got, np.einsum(text, r, a))


def test_integers_and_mixed_dtypes():
    x, y = T.imatrix(), T.fmatrix()
    a, b = rng.randint(0, 5, (3, 4)).astype("int32"), rng.randn(4, 2).astype("float32")
    out = T.einsum("ij,jk->ik", x, y)
    got = theano.function([x, y], out)(a, b)
    np.testing.assert_allclose(got, a @ b, rtol=1e-5)
    assert theano.function([x], T.einsum("ij->j", x))(a).tolist() == a.sum(0).tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ij", "2 are given"),
        ("ij,jk->il", "'l'"),
        ("ij,jk->ii", "twice"),
        ("i,jk", "1 subscripts"),
        ("i-j,jk", "more than one"),
        ("i1,jk", "no letter"),
    ],
)
def test_mistakes_are_told(text, words):
    with pytest.raises(ValueError, match=words):
        T.einsum(text, T.dmatrix(), T.dmatrix())


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("kind", ["float64", "complex128"])
def test_complex_transforms(norm, kind):
    a = rng.randn(3, 8) + (1j * rng.randn(3, 8) if kind == "complex128" else 0)
    x = T.TensorType(kind, (False, False))()
    outs = [fft.fft(x, norm=norm), fft.ifft(x, 6, 0, norm), fft.fftn(x, norm=norm), fft.ifftn(x, [4, 11], (0, 1), norm)]
    got = theano.function([x], outs)(a)
    want = [
        np.fft.fft(a, norm=norm),
        np.fft.ifft(a, 6, 0, norm),
        np.fft.fftn(a, norm=norm),
        np.fft.ifftn(a, [4, 11], (0, 1), norm),
    ]
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, atol=1e-12)


def test_gradients_of_complex_transforms():
    def parts(z):
        return T.real(z) * 2 + T.imag(z) ** 2

    a = rng.randn(3, 5)
    for build in (
        lambda x: parts(fft.fft(x)),
        lambda x: parts(fft.fft(x, 7)),
        lambda x: parts(fft.ifft(x, 3)),
        lambda x: parts(fft.fftn(x, norm="ortho")),
        lambda x: parts(fft.ifft(fft.fft(x) * fft.fft(x[::-1]))),
    ):
        T.verify_grad(build, [a], rng=rng)


def test_transforms_of_single_precision_and_mistakes():
    x = T.fvector()
    assert fft.fft(x).dtype == "complex64"
    with pytest.raises(ValueError, match="no dimension"):
        fft.fft(x, axis=1)
    with pytest.raises(ValueError, match="norm"):
        fft.fft(x, norm="other")
