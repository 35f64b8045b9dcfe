"""Break the arithmetic on purpose, one place at a time, and see whether a test notices.

Run by hand; needs ``coverage``:

    pip install coverage
    python tests/mutants.py map   MAP.json [TESTS...]       which tests reach which line, and how long each takes
    python tests/mutants.py try   MAP.json [--sample N] [--seed S] [--only PREFIX...] [--jobs J] [--out FILE.csv]
    python tests/mutants.py again MAP.json FILE.csv [--jobs J]     tries the rows of an earlier list once more

A mutant is one small change: a comparison turned, an operand dropped, a sign or a bound changed, ``up`` for ``down``.
It is killed where one of the tests that reach its line fails, and survives where they all pass; a survivor is either
the same program in other words, or a gap in the tests. Each is tried in a process of its own, forked after the
libraries are loaded, with the tests that reach the line, quickest first.
"""

import argparse
import ast
import csv
import importlib.abc
import importlib.util
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
MUTATED = ("rebal/market/", "rebal/planner/", "rebal/book.py")
TESTS = ("tests/market", "tests/planner", "tests/journal", "tests/test_amounts.py", "tests/test_golden.py")
LONGEST = 240
"""Seconds that the tests of one mutant may take; a mutant that hangs is noticed, and so killed."""

_SWAPS = {
    "up": "down", "down": "up", "min": "max", "max": "min", "any": "all", "all": "any", "below": "above",
    "above": "below", "ZERO": "ONE", "ONE": "ZERO", "lowest": "highest", "highest": "lowest", "sorted": "list",
    "toward_zero": "up", "True": "False", "False": "True",
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not",
    ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
_COUNTED: dict[type[ast.operator], str] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "*", ast.Pow: "*",
}  # fmt: skip


class Mutant(NamedTuple):
    """One change: where, what stood there, and what stands there instead."""

    file: str
    line: int
    function: str
    was: str
    now: str
    start: int
    end: int

    def applied(self) -> str:
        text = (SOURCES / self.file).read_text()
        return text[: self.start] + self.now + text[self.end :]


class _Finder(ast.NodeVisitor):
    """Every mutant of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.text = (SOURCES / file).read_text()
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.lines = self.text.splitlines(keepends=True)
        self.functions: list[str] = []
        self.found: list[Mutant] = []

    def add(self, node: ast.AST, now: str, *, span: tuple[int, int] | None = None) -> None:
        start, end = span or self.span(node)
        was = self.text[start:end]
        line = getattr(node, "lineno", 0)
        if was != now:
            self.found.append(Mutant(self.file, line, ".".join(self.functions), was, now, start, end))

    def span(self, node: Any) -> tuple[int, int]:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def at(self, line: int, column: int) -> int:
        # columns count bytes of UTF-8
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions.append(node.name)
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)  # neither annotations nor decorators
        self.functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.functions.append(node.name)
        for part in node.body:
            self.visit(part)
        self.functions.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass  # words are for people

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, str(not node.value))
        elif isinstance(node.value, int):
            self.add(node, str(node.value + 1))
            self.add(node, str(node.value - 1))

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in _SWAPS and isinstance(node.ctx, ast.Load):
            self.add(node, _SWAPS[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _SWAPS and isinstance(node.ctx, ast.Load):
            _, end = self.span(node)
            self.add(node, _SWAPS[node.attr], span=(end - len(node.attr), end))
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1:
            (left, right) = (node.left, node.comparators[0])
            now = _COMPARED[type(node.ops[0])]
            self.add(node, f"{self.source(left)} {now} {self.source(right)}")
            if type(node.ops[0]) in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
                turned = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}[now]
                self.add(node, f"{self.source(left)} {turned} {self.source(right)}")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left_out in node.values:
            kept = [f"({self.source(each)})" for each in node.values if each is not left_out]
            self.add(node, f"({(' and ' if isinstance(node.op, ast.And) else ' or ').join(kept)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _COUNTED and not any(isinstance(each, ast.Constant) and isinstance(each.value, str)
                                                for each in (node.left, node.right)):  # fmt: skip
            self.add(node, f"({self.source(node.left)}) {_COUNTED[type(node.op)]} ({self.source(node.right)})")
            self.add(node, f"({self.source(node.left)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not):
            self.add(node, f"({self.source(node.operand)})")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.add(node, f"({self.source(node.body)})")
        self.add(node, f"({self.source(node.orelse)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("min", "max") and len(node.args) > 1:
            for kept in node.args:
                if not isinstance(kept, ast.Starred):
                    self.add(node, f"({self.source(kept)})")
        if isinstance(node.func, ast.Name) and node.func.id in ("abs", "up", "down", "sorted") and node.args:
            self.add(node, f"({self.source(node.args[0])})")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self.add(node.test, "True")
        self.add(node.test, "False")
        self.generic_visit(node)


def mutants(only: Sequence[str]) -> list[Mutant]:
    """Every mutant of the files whose path begins with one of these."""
    found: list[Mutant] = []
    for path in sorted(SOURCES.rglob("*.py")):
        file = str(path.relative_to(SOURCES))
        if file.startswith(tuple(only)):
            finder = _Finder(file)
            finder.visit(ast.parse(finder.text))
            found += finder.found
    return [each for each in dict.fromkeys(found) if _compiles(each)]


def _compiles(mutant: Mutant) -> bool:
    try:
        compile(mutant.applied(), mutant.file, "exec")
    except (SyntaxError, ValueError):
        return False
    return True


class _Mapper:
    """A pytest plugin: which test reaches which line, and how long it takes."""

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.began = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.began = time.perf_counter()
        self.measured.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = time.perf_counter() - self.began
        self.measured.switch_context("")


def make_map(path: str, tests: Sequence[str]) -> None:
    """Run the tests once and write down which lines each of them reaches."""
    import coverage  # type: ignore[import-not-found, unused-ignore] # by hand: no extra has it

    measured = coverage.Coverage(data_file=None, source=[str(SOURCES / "rebal")])
    measured.start()
    mapper = _Mapper(measured)
    pytest.main([*(tests or TESTS), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"], plugins=[mapper])
    measured.stop()
    data = measured.get_data()
    lines = {
        f"{Path(file).relative_to(SOURCES)}:{line}": [context for context in contexts if context]
        for file in data.measured_files()
        for line, contexts in data.contexts_by_lineno(file).items()
    }
    Path(path).write_text(json.dumps({"seconds": mapper.seconds, "lines": lines}))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module with its mutant's text in place of its own."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        self.module = mutant.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        package = self.mutant.file.endswith("__init__.py")
        where = str(SOURCES / self.mutant.file)
        search = [str(Path(where).parent)] if package else None
        return importlib.util.spec_from_file_location(fullname, where, loader=self, submodule_search_locations=search)

    def get_source(self, fullname: str) -> str:
        return self.mutant.applied()

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.mutant.applied(), str(SOURCES / self.mutant.file), "exec")


def survives(mutant: Mutant, reached: dict[str, Any]) -> bool:
    """Whether every test that reaches a mutant passes with it; in a process of its own."""
    seconds = reached["seconds"]
    tests = [test for test in reached["lines"].get(f"{mutant.file}:{mutant.line}", ()) if test in seconds]
    tests.sort(key=seconds.__getitem__)
    child = os.fork()
    if child:
        return _waited(child)
    status = 1
    try:
        signal.alarm(LONGEST)
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 # closed with the process
        sys.meta_path.insert(0, _Mutated(mutant))
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *(tests or seconds)]))
    finally:
        os._exit(0 if status == 0 else 1)


def _waited(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _tried(given: tuple[Mutant, str]) -> tuple[Mutant, bool]:
    mutant, path = given
    return mutant, survives(mutant, _map(path))


_MAPS: dict[str, dict[str, Any]] = {}


def _map(path: str) -> dict[str, Any]:
    if path not in _MAPS:
        _MAPS[path] = json.loads(Path(path).read_text())
    return _MAPS[path]


def trial(path: str, chosen: Sequence[Mutant], *, jobs: int) -> Iterator[Mutant]:
    """Try mutants side by side and give back those that survive."""
    killed = 0
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for n, (mutant, survived) in enumerate(pool.imap_unordered(_tried, [(each, path) for each in chosen]), 1):
            killed += not survived
            if survived:
                print(
                    f"survived  {mutant.file}:{mutant.line} {mutant.function}: {mutant.was}  ->  {mutant.now}",
                    flush=True,
                )
                yield mutant
            if n % 50 == 0:
                print(f"{n} tried, {killed} killed", file=sys.stderr, flush=True)
    print(f"{len(chosen)} tried, {killed} killed: {killed / max(1, len(chosen)):.1%}")


def _listed(path: str) -> list[Mutant]:
    with Path(path).open() as file:
        rows = list(csv.DictReader(file))
    wanted = [(row["file"].removeprefix("src/"), row["function"], row["was"], row["survived as"]) for row in rows]
    every = {(each.file, each.function.split(".")[-1], each.was, each.now): each
             for each in mutants(sorted({file for file, *_ in wanted}))}  # fmt: skip
    found = [every.get((file, function.split(".")[-1], was, now)) for file, function, was, now in wanted]
    print(f"{sum(each is None for each in found)} of {len(wanted)} stand there no more")
    return [each for each in found if each is not None]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("map", "try", "again"))
    parser.add_argument("map")
    parser.add_argument("rest", nargs="*")
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=MUTATED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out")
    asked = parser.parse_args()
    os.chdir(ROOT)
    if asked.what == "map":
        make_map(asked.map, asked.rest)
        return
    every = _listed(asked.rest[0]) if asked.what == "again" else mutants(asked.only)
    chosen = every if asked.what == "again" else random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    left = list(trial(asked.map, chosen, jobs=asked.jobs))
    if asked.out:
        with Path(asked.out).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "line", "function", "was", "survived as"])
            writer.writerows((f"src/{each.file}", each.line, each.function, each.was, each.now) for each in left)


if __name__ == "__main__":
    main()
