"""What reading costs before there is anything to read."""

import subprocess
import sys

import pytest

HEAVY = ("yaml", "pydantic", "rebal.load.models", "hashlib", "json")


@pytest.mark.parametrize(
    "used", ["pass", "times.instant('2026-11-20T08:00:00Z')", "times.duration('1y')", "load.starter()"]
)
def test_times_and_the_starter_need_neither_yaml_nor_pydantic(used: str) -> None:
    code = f"import sys; from rebal import load, times; {used}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout == "[]\n"


def test_only_the_models_that_a_file_needs_are_built() -> None:
    code = """
import sys
from rebal.load import field_kinds, models
models.PORTFOLIO.read({"holdings": {"BTC": "1"}, "market": {"prices": {"BTC": "1"}}})
written = (value for value in vars(models).values() if isinstance(value, type))
classes = [value for value in written if issubclass(value, field_kinds.Written)]
print(sorted(value.__name__ for value in classes if value.__pydantic_complete__))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout == "['Market', 'Portfolio']\n"
