"""What ``import theano`` needs besides re-exported names."""

import theon.compile.conveniences
import theon.ops.methods

__version__ = "1.0.5+theon.0.1.0"
__all__ = ["__version__"]
