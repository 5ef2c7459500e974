"""What is no Python stands in the wheel too."""

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_data_file_is_declared():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    found = [
        path.relative_to(ROOT / "src")
        for path in (ROOT / "src").rglob("*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc", ".pyi")
        and not any(p.endswith(".egg-info") for p in path.parts)
    ]
    assert Path("theon/viz/viewer.html") in found
    for path in found:
        patterns = declared.get(".".join(path.parent.parts), [])
        assert any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns), (
            f"{path} would be left out of the wheel"
        )


def test_every_folder_with_code_is_a_package():
    for path in (ROOT / "src").rglob("*.py"):
        assert (path.parent / "__init__.py").exists(), (
            f"{path.parent} has no __init__.py and would be left out of the wheel"
        )
