"""The house as it must stay: sizes, homes of what touches the outside, and names."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "zoomguard"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 50
BANNED_NAMES = {"utils", "common", "core", "base", "manager", "helpers", "misc"}
# Data tables are long because there is much data; the paper of the design excepts them.
DATA_TABLES = {"rules/clauses.py", "sandbox/people.py"}
# What may be called where: dotted call -> the only modules that may use it.
HOMES = {
    "datetime.now": {"adapters/clock.py", "sandbox/clock.py"},
    "datetime.utcnow": set(),
    "datetime.today": set(),
    "date.today": set(),
    "time.time": set(),
    "os.environ": {"settings/reading.py", "cli/client.py", "cli/in_process.py"},
    "os.getenv": set(),
    "requests": {"adapters/http.py"},
}
PURE = ("domain/", "rules/")
IMPURE_IMPORTS = {"os", "socket", "subprocess", "pathlib", "shutil", "urllib.request", "http", "time", "tempfile"}
IMPURE_CALLS = {"open", "print", "input", "datetime.now", "datetime.today", "date.today", "time.time"}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def used(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that is used, and every module that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield dotted(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def impurities(tree: ast.Module) -> list[str]:
    """What a pure module may not do: input, output, the clock."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name in IMPURE_IMPORTS]
        if isinstance(node, ast.ImportFrom) and node.module in IMPURE_IMPORTS:
            found.append(node.module)
        if isinstance(node, ast.Call) and any(
            dotted(node.func) == call or dotted(node.func).endswith(f".{call}") for call in IMPURE_CALLS
        ):
            found.append(dotted(node.func))
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_no_longer_than_one_topic(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST_MODULE or name_of(path) in DATA_TABLES, f"{lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_touches_the_outside_stays_in_its_home(path: Path) -> None:
    for name in used(tree_of(path)):
        for call, homes in HOMES.items():
            strays = name == call or name.startswith(f"{call}.") or name.endswith(f".{call}")
            assert not strays or name_of(path) in homes, f"{name} belongs in {sorted(homes) or 'no module'}"


@pytest.mark.parametrize("path", [p for p in MODULES if name_of(p).startswith(PURE)], ids=name_of)
def test_domain_and_rules_do_no_input_and_no_output(path: Path) -> None:
    assert impurities(tree_of(path)) == []


@pytest.mark.parametrize(
    "source",
    ["def f():\n    return open('x')", "from datetime import datetime\ndef f():\n    return datetime.now()"],
    ids=["open", "clock"],
)
def test_a_planted_impurity_is_seen(source: str) -> None:
    assert impurities(ast.parse(source))


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name_of(p) for p in MODULES if p.stem in BANNED_NAMES] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_catches_every_exception_and_goes_on(path: Path) -> None:
    """Only the worker's loop may, where it is logged; elsewhere a broad catch re-raises."""
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
        raises = any(isinstance(n, ast.Raise) for n in ast.walk(node))
        assert not broad or raises or name_of(path) in BROAD_CATCHES, f"line {node.lineno}"


# The worker's loop; the command line's and the service's last resort, which tell the type of the fault alone.
BROAD_CATCHES = {"worker/runner.py", "cli/show.py", "web/errors.py", "cli/command.py"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


PLANTED = {
    "rules/people.py": "import requests",
    "web/errors.py": "import zoomguard.tables.people",
    "application/sessions.py": "import boto3",
    "domain/times.py": "import zoomguard.application.ports",
    "sandbox/clock.py": "import zoomguard.application.ports",
}


def lint(folder: Path) -> int:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, check=False)
    return done.returncode


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(PACKAGE, folder / "zoomguard", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_all_import_contracts_are_kept(copied: Path) -> None:
    assert lint(copied) == 0


@pytest.mark.parametrize("place", PLANTED)
def test_a_planted_import_breaks_a_contract(copied: Path, place: str) -> None:
    target = copied / "zoomguard" / place
    before = target.read_text()
    target.write_text(f"{before}\n{PLANTED[place]}\n")
    try:
        assert lint(copied) == 1
    finally:
        target.write_text(before)
