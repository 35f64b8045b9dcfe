"""The floors and measures of the house: imports go downwards only, and nothing grows too large."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "rebal").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 40


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


def functions(module: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def test_imports_go_downwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_is_too_long() -> None:
    assert [name(module) for module in MODULES if len(module.read_text().splitlines()) > LONGEST_FILE] == []


def test_no_function_is_too_long() -> None:
    def length(function: ast.FunctionDef) -> int:
        return (function.end_lineno or 0) - function.lineno + 1

    grown = [
        f"{name(module)}:{function.lineno} {function.name}"
        for module in MODULES
        for function in functions(module)
        if length(function) > LONGEST_FUNCTION
    ]
    assert grown == []
