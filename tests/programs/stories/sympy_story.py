"""SymPy's printer of Theano graphs: formulas become compiled functions."""

import warnings

warnings.simplefilter("ignore")
import numpy as np
import sympy
from sympy.printing.theanocode import theano_function

x, y = sympy.symbols("x y")
formula = sympy.sin(x) * y + sympy.exp(x) / sympy.sqrt(y)
f = theano_function([x, y], [formula, sympy.diff(formula, x)], dims={x: 1, y: 1}, dtypes={x: "float64", y: "float64"})
a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
for found, expected in zip(f(a, b), (np.sin(a) * b + np.exp(a) / np.sqrt(b), np.cos(a) * b + np.exp(a) / np.sqrt(b))):
    np.testing.assert_allclose(found, expected)
A = sympy.MatrixSymbol("A", 2, 2)
print(theano_function([A], [A.T * A])(np.arange(4.0).reshape(2, 2)))
