"""The example in CONTRIBUTING.md runs as it stands."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


def test_the_example_of_a_new_op_runs():
    from theon.ops.declare import REGISTRY

    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.S)
    assert blocks
    try:
        for block in blocks:
            exec(block, {})
    finally:
        REGISTRY.pop("cube", None)
