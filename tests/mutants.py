"""Break the arithmetic on purpose, one place at a time, and see whether a test notices.

Run by hand; needs ``coverage``:

    pip install coverage
    python tests/mutants.py map   MAP.json [TESTS...]              which tests reach which line, and how long each takes
    python tests/mutants.py draw  LIST.csv [--sample N] [--seed S] [--only PREFIX...]      a sample of mutants, untried
    python tests/mutants.py try   LIST.csv --map MAP.json... [--most N] [--minutes M]      tries those that are untried
    python tests/mutants.py again LIST.csv --map MAP.json... [--seconds S]       tries those that survived once more

A mutant is one small change: a comparison turned, an operand dropped, a sign or a bound changed, ``up`` for ``down``.
It is killed where one of the tests that reach its line fails, and survives where they all pass; a survivor is either
the same program in other words, or a gap in the tests. ``mutants.md`` explains those that are the same program.

All tests are loaded once. Each mutant is tried in a process forked from there, in which the code of its function is
exchanged; one that takes effect when a module is loaded has the tests loaded anew. Tests that killed many mutants
before, most of all of the same file, come first, then the quickest; it is given up after ``--seconds`` of tests. What
is found is written to the list as it is found, so a run that is stopped loses nothing.
"""

import argparse
import builtins
import csv
import gc
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from importlib.machinery import ModuleSpec
from itertools import islice
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from mutations import ROOT, SOURCES, Mutant, compiles, mutants

MUTATED = ("rebal/market/", "rebal/planner/", "rebal/book.py", "rebal/withdrawal.py")
TESTS = ("tests/market", "tests/planner", "tests/journal", "tests/compare", "tests/stress", "tests/test_amounts.py",
         "tests/test_book.py", "tests/test_golden.py", "tests/test_withdrawal.py")  # fmt: skip
COLUMNS = ("file", "line", "function", "was", "now", "verdict", "by")
_PYTEST = ("-q", "--fast", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:terminalreporter")
_SCREEN = os.dup(2)


class _Mapper:
    """A pytest plugin: which test reaches which line, and how long each that passes takes."""

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.began = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.began = time.perf_counter()
        self.measured.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.measured.switch_context("")
        self.seconds[nodeid] = time.perf_counter() - self.began

    def kept(self, slowest: float) -> dict[str, float]:
        return {test: each for test, each in self.seconds.items() if each < slowest and test not in self.failed}


def make_map(path: str, tests: Sequence[str], *, profile: str, slowest: float) -> None:
    """Run the tests once and write down which lines each of them reaches, but for those that take longest."""
    import coverage  # type: ignore[import-not-found, unused-ignore] # by hand: no extra has it

    measured = coverage.Coverage(data_file=None, include=[f"{SOURCES}/{each}*" for each in MUTATED])
    texts = {str(each.relative_to(SOURCES)): each.read_text() for each in SOURCES.rglob("*.py")}
    measured.start()
    mapper = _Mapper(measured)
    pytest.main([*(tests or TESTS), *_PYTEST, f"--hypothesis-profile={profile}"], plugins=[mapper])
    measured.stop()
    data, seconds = measured.get_data(), mapper.kept(slowest)
    lines = {
        f"{Path(file).relative_to(SOURCES)}:{line}": [context for context in contexts if context in seconds]
        for file in data.measured_files()
        for line, contexts in data.contexts_by_lineno(file).items()
    }
    texts = {file: texts[file] for file in sorted({each.split(":")[0] for each in lines})}
    Path(path).write_text(json.dumps({"tests": tests or TESTS, "seconds": seconds, "lines": lines, "texts": texts}))
    _say(f"{len(seconds)} tests, {sum(seconds.values()):.0f} s; failed: {sorted(mapper.failed)}")


def _say(text: str) -> None:
    os.write(_SCREEN, f"{text}\n".encode())


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


def _name_of_code(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def exchange(mutant: Mutant, functions: Mapping[tuple[str, str, int], Sequence[FunctionType]]) -> bool:
    """Give the loaded function that a mutant stands in the mutant's code; whether there is one."""
    where = str(SOURCES / mutant.file)
    found = False
    for code in _codes(compile(mutant.applied(), where, "exec")):
        if code.co_qualname == mutant.runs_in:
            for function in functions.get(_name_of_code(code), ()):
                if len(function.__code__.co_freevars) == len(code.co_freevars):
                    function.__code__ = code
                    found = True
    return found


class _Trial:
    """A pytest plugin that runs, instead of all tests, those of one mutant after the other, each in its own process."""

    def __init__(self, listed: "Listed", reached: Mapping[str, Any], asked: argparse.Namespace) -> None:
        self.listed, self.reached, self.asked = listed, reached, asked
        self.kills: Counter[tuple[str, str]] = Counter()
        self.overall: Counter[str] = Counter()
        self.told = 0
        for row in listed.rows:
            if row["verdict"] == "killed":
                self.count(row["file"], row["by"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        import rebal.amounts

        for name in ("up", "down", "toward_zero", "ZERO", "ONE"):  # so that a swapped name is always there
            setattr(builtins, name, getattr(rebal.amounts, name))
        items = {item.nodeid: item for item in session.items}
        functions: dict[tuple[str, str, int], list[FunctionType]] = {}
        gc.unfreeze()  # what was loaded while tests were gathered is not among the objects otherwise
        for each in gc.get_objects():
            if isinstance(each, FunctionType):
                functions.setdefault(_name_of_code(each.__code__), []).append(each)
        gc.freeze()
        ends = time.monotonic() + 60 * self.asked.minutes
        for n, (row, mutant) in enumerate(self.listed.wanted(again=self.asked.what == "again")):
            if n == self.asked.most or time.monotonic() > ends:
                break
            verdict, by = self.judge(mutant, items, functions)
            if verdict == "killed":
                self.count(mutant.file, by)
            self.listed.write(row, verdict, by)
        return True

    def count(self, file: str, test: str) -> None:
        self.kills[file, test] += 1
        self.overall[test] += 1

    def judge(self, mutant: Mutant, items: Mapping[str, pytest.Item], functions: Any) -> tuple[str, str]:
        """What becomes of a mutant, and the test that killed it."""
        seconds = self.reached["seconds"]
        tests = [each for each in reaching(mutant, self.reached["lines"]) if each in items and each in seconds]
        if not tests and not mutant.runs_in:
            tests = [
                each for each in items if each in seconds
            ]  # reached while modules were loaded: any of them may see it
        if not tests:
            return "survived", "no test reaches it"
        tests.sort(key=lambda test: seconds[test] / (1 + 9 * self.kills[mutant.file, test] + self.overall[test]))
        read, self.told = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            self.run(mutant, tests, items, functions)
        os.close(self.told)
        with os.fdopen(read) as told:
            began = told.read().splitlines()
        _, status = os.waitpid(child, 0)
        if status:
            return "killed", began[-1] if began else ""
        return "survived", f"{len(began)} of {len(tests)} tests"

    def run(self, mutant: Mutant, tests: Sequence[str], items: Mapping[str, pytest.Item], functions: Any) -> None:
        status = 1
        try:
            if mutant.runs_in and exchange(mutant, functions):
                self.run_loaded(tests, items)
                status = 0
            else:
                status = self.run_anew(mutant, tests)
        finally:
            os._exit(status)

    def run_loaded(self, tests: Sequence[str], items: Mapping[str, pytest.Item]) -> None:
        ends = time.process_time() + self.asked.seconds
        for test, after in zip(tests, [*tests[1:], None], strict=True):
            if time.process_time() > ends:
                break
            self.begin(test)
            item = items[test]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=items[after] if after else None)

    def run_anew(self, mutant: Mutant, tests: Sequence[str]) -> int:
        """Start another interpreter for a mutant that takes effect when its module is loaded."""
        signal.alarm(240)
        files = sorted({test.split("::")[0] for test in tests})
        given = json.dumps({"mutant": mutant, "tests": tests, "files": files, "profile": self.asked.profile})
        os.dup2(self.told, 3)
        os.execv(sys.executable, [sys.executable, __file__, "alone", given])

    def begin(self, test: str) -> None:
        # one that hangs ends the process, and so is noticed
        signal.setitimer(signal.ITIMER_PROF, 10 + 10 * self.reached["seconds"].get(test, 0))
        os.write(self.told, f"{test}\n".encode())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


class _Alone:
    """A pytest plugin for one mutant: says which test runs, and ends with the first that fails."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {test: n for n, test in enumerate(self.tests)}
        items[:] = sorted((each for each in items if each.nodeid in order), key=lambda each: order[each.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        os.write(3, f"{nodeid}\n".encode())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


def alone(given: str) -> int:
    """Run the tests of one mutant with its module loaded from the mutant's text."""
    told = json.loads(given)
    sys.meta_path.insert(0, _Mutated(Mutant(*told["mutant"])))
    return int(pytest.main([*told["files"], *_PYTEST, f"--hypothesis-profile={told['profile']}"],
                           plugins=[_Alone(told["tests"])]))  # fmt: skip


class Listed:
    """The rows of a list, and the mutants that they stand for."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        with self.path.open() as file:
            rows = list(csv.DictReader(file))
        self.rows = [{"verdict": "", "by": "", **row} for row in rows]
        for row in self.rows:
            row["now"] = row.get("now") or row.pop("survived as")
            row["file"] = row["file"].removeprefix("src/")
        every: dict[tuple[str, ...], list[Mutant]] = {}
        for each in mutants(sorted({row["file"] for row in self.rows})):
            every.setdefault((each.file, each.function, each.was, each.now), []).append(each)
            every.setdefault((each.file, each.function.split(".")[-1], each.was, each.now), []).append(each)
        self.taken: set[Mutant] = set()
        self.found = [self._nearest(row, every) for row in self.rows]

    def _nearest(self, row: Mapping[str, str], every: Mapping[tuple[str, ...], Sequence[Mutant]]) -> Mutant | None:
        """The mutant of a row: the nearest by its line; of those that a line has twice, each row has its own."""
        alike = every.get((row["file"], row["function"], row["was"], row["now"]), ())
        left = [each for each in alike if each not in self.taken]
        found = min(left or alike, key=lambda each: abs(each.line - int(row["line"])), default=None)
        self.taken |= {found} if found else set()
        return found

    def wanted(self, *, again: bool) -> Iterator[tuple[dict[str, str], Mutant]]:
        """The rows to try: what nobody tried yet, or what survived. Those loaded anew come last: they take longest."""
        sought = ("survived",) if again else ("",)
        rows = [pair for pair in zip(self.rows, self.found, strict=True) if pair[0]["verdict"] in sought]
        for row, _ in (pair for pair in rows if pair[1] is None):
            self.write(row, "gone", "")
        yield from ((row, mutant) for row, mutant in rows if mutant is not None and mutant.runs_in)
        yield from ((row, mutant) for row, mutant in rows if mutant is not None and not mutant.runs_in)

    def write(self, row: dict[str, str], verdict: str, by: str) -> None:
        row["verdict"], row["by"] = verdict, by
        if verdict != "killed":
            _say(f"{verdict}  {row['file']}:{row['line']} {row['function']}: {row['was']}  ->  {row['now']}  ({by})")
        save(self.path, self.rows)

    def summary(self) -> str:
        rooms: dict[str, Counter[str]] = {}
        for row in self.rows:
            room = "/".join(row["file"].split("/")[:2])
            rooms.setdefault(room, Counter())[row["verdict"] or "untried"] += 1
        return "\n".join(f"{room}: {dict(counts)}" for room, counts in sorted(rooms.items()))


def save(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a list, whole or not at all."""
    beside = path.with_suffix(".part")
    with beside.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def draw(path: str, *, sample: int, seed: int, only: Sequence[str]) -> None:
    """Choose mutants and list them, untried."""
    every = mutants(only)
    random.Random(seed).shuffle(every)
    chosen = list(islice(filter(compiles, every), sample))
    save(Path(path), [{**each._asdict(), "verdict": "", "by": ""} for each in chosen])


def read_maps(paths: Sequence[str]) -> dict[str, Any]:
    """Several maps as one, their lines as they stand now: those that changed since are reached by who reaches others.

    A line that is not in a map has the tests of the nearest line before it that is.
    """
    reached: dict[str, Any] = {"tests": [], "seconds": {}, "lines": {}}
    for path in paths:
        made = json.loads(Path(path).read_text())
        reached["tests"] += made["tests"]
        reached["seconds"] |= made["seconds"]
        for file, text in made["texts"].items():
            if not (SOURCES / file).exists():
                continue  # it has another name by now
            then, now = text.splitlines(), (SOURCES / file).read_text().splitlines()
            for old, new, size in SequenceMatcher(None, then, now, autojunk=False).get_matching_blocks():
                for n in range(size):
                    found = made["lines"].get(f"{file}:{old + n + 1}", ())
                    reached["lines"].setdefault(f"{file}:{new + n + 1}", []).extend(found)
    return reached


def reaching(mutant: Mutant, lines: Mapping[str, Sequence[str]]) -> list[str]:
    """The tests that reach a mutant's line, as far as the maps know."""
    nearest = next((n for n in range(mutant.line, 0, -1) if f"{mutant.file}:{n}" in lines), 0)
    return list(dict.fromkeys(lines.get(f"{mutant.file}:{nearest}", ())))


def trial(asked: argparse.Namespace) -> None:
    """Try the mutants of a list."""
    listed, reached = Listed(asked.path), read_maps(asked.map)
    arguments = [*reached["tests"], *_PYTEST, f"--hypothesis-profile={asked.profile}"]
    with tempfile.TemporaryDirectory() as folder:
        pytest.main([*arguments, f"--basetemp={folder}/tests"], plugins=[_Trial(listed, reached, asked)])
    _say(listed.summary())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("map", "draw", "try", "again", "alone"))
    parser.add_argument("path")
    parser.add_argument("tests", nargs="*")
    parser.add_argument("--map", nargs="+")
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=MUTATED)
    parser.add_argument("--profile", default="mutants", help="of hypothesis; rebal is the one of the suite")
    parser.add_argument("--slowest", type=float, default=5, help="seconds of a test that still comes into a map")
    parser.add_argument("--most", type=int, default=-1, help="mutants to try")
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--seconds", type=float, default=30, help="of the processor for one mutant")
    asked = parser.parse_args()
    os.chdir(ROOT)
    match asked.what:
        case "map":
            make_map(asked.path, asked.tests, profile=asked.profile, slowest=asked.slowest)
        case "draw":
            draw(asked.path, sample=asked.sample, seed=asked.seed, only=asked.only)
        case "alone":
            sys.exit(alone(asked.path))
        case _:
            trial(asked)


if __name__ == "__main__":
    main()
