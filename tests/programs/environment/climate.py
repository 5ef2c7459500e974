"""What theanets took from the package ``climate``, which PyPI has no more."""

import logging

get_logger = logging.getLogger


def enable_default_logging():
    """Print messages of level INFO."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
