"""What docs/accuracy.md promises of each function holds, at other points than those it was measured at."""

import importlib.util
from pathlib import Path

import pytest

from theon.ops.accuracy import BOUNDS
from theon.ops.declare import REGISTRY

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("measure_accuracy", ROOT / "tools" / "measure_accuracy.py")
tool = importlib.util.module_from_spec(spec)
# A dataclass looks its module up.
import sys  # noqa: E402

sys.modules["measure_accuracy"] = tool
spec.loader.exec_module(tool)


def test_every_measured_function_is_documented():
    assert set(tool.CASES) == set(BOUNDS)
    page = (ROOT / "docs" / "accuracy.md").read_text()
    for name, ((_, double), (_, single), _crosses) in BOUNDS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}`")]
        cells = [c.strip() for c in row.split("|")]
        assert [float(cells[5]), float(cells[9])] == [double, single]
        assert f"{double:g} in float64" in REGISTRY[name].__doc__


@pytest.mark.parametrize("name", BOUNDS)
def test_errors_are_within_the_bound(name):
    for place, dtype in enumerate(tool.DTYPES):
        found, given = tool.errors(name, dtype, 80, seed=1)
        worst = int(found.argmax())
        assert found[worst] <= BOUNDS[name][place][1], (dtype, found[worst], [x[worst] for x in given])
