"""The tree says where things belong; this holds the code to it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "transpiler" / "cuport"
# Ground first. A module may import its own room and rooms before it.
ORDER = [
    "diagnostic kernel case candidate verdict interrupt exitcode keeper environment",
    "settings",
    "cuda",
    "oracle",
    "cases",
    "sandbox",
    "judge",
    "translators providers",
    "targets",
    "store",
    "review",
    "pipeline doctor",
    "batch",
    "cli",
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms.split()}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "grammars" not in p.parts and "prompts" not in p.parts)


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imported(path: Path, *, at_run_time: bool) -> set[str]:
    """Rooms of cuport that a module imports; those under `if TYPE_CHECKING` only where at_run_time is False."""
    tree = ast.parse(path.read_text())
    if at_run_time:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                node.body = [ast.Pass()]
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {n.split(".")[1] for n in names if n.startswith("cuport.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downhill(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    assert room in LEVEL, f"{room} has no place in the order"
    for other in imported(path, at_run_time=True):
        assert LEVEL[other] <= LEVEL[room], f"{room} imports {other}, which stands above it"


def test_oracle_and_rules_share_only_the_parser() -> None:
    for path in MODULES:
        text = path.read_text()
        if "translators" in path.parts or "targets" in path.parts:
            assert "cuport.oracle" not in text, path
            assert "cuport.cuda.rewrite" not in text, path
        if "oracle" in path.parts:
            assert "cuport.translators" not in text, path


def test_no_file_is_longer_than_500_lines() -> None:
    kinds = ("*.py", "*.h", "*.hpp", "*.cpp", "*.scm", "*.j2")
    long = {
        str(p.relative_to(PACKAGE)): n
        for k in kinds
        for p in PACKAGE.rglob(k)
        if (n := len(p.read_text().splitlines())) > 500
    }
    assert long == {}


def test_no_branch_on_a_targets_name_outside_targets() -> None:
    for path in MODULES:
        if "targets" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                words = {c.value for c in [node.left, *node.comparators] if isinstance(c, ast.Constant)}
                assert not words & {"triton", "jax"}, f"{path}:{node.lineno}"
