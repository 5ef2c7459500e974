"""Names that Python and NumPy have dropped since these programs were written, put back before the programs start.

Nothing here concerns Theano: without it the programs fail in their own first lines, whatever ``theano`` is.
"""

import collections
import collections.abc
import inspect
import sys
import types

import numpy as np
import numpy.testing

for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
for name, kind in {"bool": bool, "int": int, "float": float, "object": object, "complex": complex, "str": str}.items():
    if name not in vars(np):
        setattr(np, name, kind)
np.asscalar = lambda a: a.item()
np.product, np.Inf, np.NaN, np.float_ = np.prod, np.inf, np.nan, np.float64


class Casts(dict):
    """NumPy's ``cast``: the functions that give an array another dtype."""

    def __missing__(self, dtype):
        return lambda a: np.asarray(a).astype(dtype)


np.cast = Casts()
if not hasattr(inspect, "getargspec"):
    Arguments = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
    inspect.getargspec = lambda function: Arguments(*inspect.getfullargspec(function)[:4])


class Tester:
    """What packages ran their tests with."""

    def test(self, *args, **kwargs):
        pass


numpy.testing.Tester = Tester
umath_tests = types.ModuleType("numpy.core.umath_tests")
umath_tests.inner1d = lambda a, b: (a * b).sum(axis=-1)
sys.modules["numpy.core.umath_tests"] = umath_tests
