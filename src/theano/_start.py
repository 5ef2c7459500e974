"""What ``import theano`` needs besides re-exported names."""

import theon.compile.conveniences
import theon.ops.methods
from theon.legacy.version import version as __version__

__all__ = ["__version__"]
