"""The layer rule of docs/architecture.md: a module imports only from its own layer or an earlier one."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
LAYERS = [
    ["errors", "options", "dtypes"],
    ["graph"],
    ["kernel"],
    ["scalar"],
    ["tensor"],
    ["ops"],
    ["autodiff"],
    ["control", "nnet", "random", "sparse", "typed_list"],
    ["rewrite"],
    ["schedule"],
    ["codegen"],
    ["runtime"],
    ["compile", "viz"],
    ["legacy", "optim"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def imports_at_load(path: Path) -> set[str]:
    """Theon modules that importing ``path`` imports: statements inside functions and TYPE_CHECKING blocks excluded."""
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(path.read_text())]
    package = path.relative_to(SOURCE).with_suffix("").parts
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level]) if node.level else []
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            found.update({module} if module.count(".") else {f"{module}.{alias.name}" for alias in node.names})
        pending.extend(ast.iter_child_nodes(node))
    return {name for name in found if name.split(".")[0] in ("theon", "theano")}


FILES = sorted((SOURCE / "theon").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_only_from_earlier_layers(path):
    parts = path.relative_to(SOURCE / "theon").with_suffix("").parts
    if parts[0] == "__init__":
        return
    own = RANK[parts[0]]
    for name in imports_at_load(path):
        words = name.split(".")
        assert words[0] != "theano", f"{path} imports {name}: theon never imports theano"
        if len(words) > 1 and words[1] in RANK:
            assert RANK[words[1]] <= own, f"{path} (layer {parts[0]}) imports {name}"


def test_every_folder_has_a_layer():
    rooms = {path.relative_to(SOURCE / "theon").with_suffix("").parts[0] for path in FILES} - {"__init__"}
    assert rooms <= set(RANK)


def test_the_rule_notices_an_upward_import(tmp_path):
    source = "from theon.compile import function\ndef late():\n    import theon.runtime\n"
    path = SOURCE / "theon" / "graph" / "never_written.py"
    tree_file = tmp_path / "x.py"
    tree_file.write_text(source)
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert RANK[statements[0].module.split(".")[1]] > RANK[path.relative_to(SOURCE / "theon").parts[0]]
