"""Pymanopt: the largest eigenvalues of a matrix as an optimum over orthonormal columns; its solvers ask for gradients and Rop."""

import numpy as np
from pymanopt import Problem
from pymanopt.manifolds import Stiefel
from pymanopt.solvers import ConjugateGradient, SteepestDescent, TrustRegions

import theano.tensor as T

A = np.random.RandomState(0).randn(50, 50)
A = A + A.T
X = T.matrix("X")
expected = np.linalg.eigvalsh(A)[-3:].sum()
for solver in (SteepestDescent(), ConjugateGradient(), TrustRegions()):
    problem = Problem(manifold=Stiefel(50, 3), cost=-T.sum(T.dot(A, X) * X), arg=X, verbosity=0)
    found = solver.solve(problem, x=np.linalg.qr(np.random.RandomState(1).randn(50, 3))[0])
    print(f"{type(solver).__name__}: sum of eigenvalues {np.trace(found.T @ A @ found):.6f}, expected {expected:.6f}")
    np.testing.assert_allclose(np.trace(found.T @ A @ found), expected, rtol=1e-3)
