"""The floors and measures of the house: imports go downwards only, and nothing grows too large."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "rebal").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
MOST_POSITIONAL = {"public": 3, "private": 4}
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NO_NAMES = frozenset({"helper", "helpers", "util", "utils", "manager", "managers", "misc", "common"})


def name(module: Path) -> str:
    return str(module.relative_to(ROOT))


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def functions(module: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree(module)):
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


def positional(function: ast.FunctionDef) -> list[ast.arg]:
    """What may be given by place alone, the object or class of a method aside."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return arguments[1:] if arguments and arguments[0].arg in ("self", "cls") else arguments


def crowded(function: ast.FunctionDef) -> list[str]:
    """What a call of it would not say: arguments past the third (fourth of a private one), and any yes or no."""
    private = function.name.startswith("_") and not function.name.startswith("__")
    most, found = MOST_POSITIONAL["private" if private else "public"], positional(function)
    return [
        *(each.arg for each in found[most:]),
        *(each.arg for each in found[:most] if each.annotation and "bool" in ast.unparse(each.annotation).split(" | ")),
    ]


def test_calls_name_what_they_give() -> None:
    found = [
        f"{name(module)}:{function.lineno} {function.name}: make {', '.join(crowded(function))} keyword-only"
        for module in MODULES
        for function in functions(module)
        if crowded(function)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def pair(a, b, c): ...", []),
        ("def pair(a, b, c, d): ...", ["d"]),
        ("def _pair(a, b, c, d): ...", []),
        ("def _pair(a, b, c, d, /, e): ...", ["e"]),
        ("def pair(self, a, b, c, *, d: bool): ...", []),
        ("def pair(a, sure: bool = False): ...", ["sure"]),
        ("def _pair(sure: bool | None): ...", ["sure"]),
        ("def __init__(self, a, b, c, d): ...", ["d"]),
    ],
)
def test_which_arguments_a_call_has_to_name(text: str, said: list[str]) -> None:
    (function,) = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    assert crowded(function) == said


QUOTED = re.compile(r"""\bF(?:raction)?\(\s*["'].["']""", re.DOTALL)


def one_character_fractions(parsed: ast.Module) -> list[int]:
    """The lines on which a fraction is read from a single character: the compiled fractions misread those."""
    return [
        node.lineno
        for node in ast.walk(parsed)
        if isinstance(node, ast.Call)
        and any(
            isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value) == 1
            for each in node.args
        )
        and ast.unparse(node.func) in ("F", "Fraction", "fractions.Fraction", "amounts.Fraction")
    ]


def test_no_fraction_is_read_from_one_character() -> None:
    found = [
        f"{name(module)}:{line}: write the number without quotes"
        for module in [*MODULES, *TESTS]
        if QUOTED.search(module.read_text())  # else there is none, and to parse all tests takes seconds
        for line in one_character_fractions(tree(module))
    ]
    assert found == []
    assert one_character_fractions(ast.parse('F("0.5")\nFraction(5)\nF("' + '5")')) == [3]


def test_names_say_what_a_module_holds() -> None:
    folders = {module.parent for module in [*MODULES, *TESTS]}
    assert [name(each) for each in [*MODULES, *TESTS, *folders] if each.stem.strip("_") in NO_NAMES] == []


def test_text_becomes_a_number_in_one_place() -> None:
    calls = [
        (name(module), ast.unparse(node))
        for module in MODULES
        if module.name != "amounts.py"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fraction"
    ]
    from_text = re.compile(r"Fraction\((f?['\"]|text\b|str\(|plain\(|[\w.]+\.remove)")
    assert [call for call in calls if from_text.match(call[1])] == []


TYPED = re.compile(
    r"(?<![\w-])--[a-z]|\brebal (?:plan|hedge|unwind|rescue|record|status|history|compare|stress|check)\b"
)
SPEAKS = ("cli.py", "commands", "guide", "load", "journal", "formats")
"""Who talks to whoever types: what reads a file or an answer says how to make one; all the others only find."""


def texts(module: Path) -> Iterator[ast.Constant]:
    """The texts of a module, docstrings aside."""
    bare = {id(node.value) for node in ast.walk(tree(module)) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node


def test_what_to_type_is_said_by_commands() -> None:
    found = [
        f"{name(module)}:{node.lineno} {node.value!r}"
        for module in MODULES
        if module.relative_to(ROOT / "src" / "rebal").parts[0] not in SPEAKS
        for node in texts(module)
        if TYPED.search(str(node.value))
    ]
    assert found == []


def test_figures_travel_in_one_kind_of_class() -> None:
    found = [
        f"{name(module)}:{number}: write @frozen"
        for module in MODULES
        for number, line in enumerate(module.read_text().splitlines(), start=1)
        if line.startswith("@dataclass(frozen=True, slots=True")
        and module.name not in ("_venue.py", "_refreshed.py")  # keep what they made
    ]
    assert found == []


def test_the_map_of_rooms_names_what_is_there() -> None:
    rooms = ROOT / "src" / "rebal"
    told = ast.get_docstring(ast.parse((rooms / "__init__.py").read_text())) or ""
    folders = set(re.findall(r"\b([a-z]+)/", told))
    assert [each for each in sorted(folders) if not list(rooms.glob(f"**/{each}/__init__.py"))] == []
    there = {each.stem for each in rooms.glob("[a-z]*.py")} | {each.parent.name for each in rooms.glob("*/__init__.py")}
    assert sorted(there - set(re.findall(r"[a-z_]+", told))) == []
