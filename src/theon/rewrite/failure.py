"""What happens when a rewrite fails: ``config.on_opt_error`` decides between a log entry and an exception."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from theon.options import config

__all__ = ["report"]

_logger = logging.getLogger("theano.gof.opt")


def report(error: BaseException, culprit: Any, node: Any = None) -> None:
    """Log the failure of ``culprit`` (at ``node``) with its traceback, or raise it ("raise"), or say nothing ("ignore").

    An AssertionError is raised in any case: a rewrite that finds its own claim wrong is a defect.

    The graph stays as it was before the rewrite that failed.
    """
    how = config.on_opt_error
    if how == "raise" or isinstance(error, AssertionError):
        raise error
    if how == "ignore":
        return
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    where = "" if node is None else f"\nnode: {node}"
    _logger.error("Optimization failure due to: %s%s\n%s", culprit, where, text)
    if how == "pdb":
        import pdb

        pdb.post_mortem(error.__traceback__)
