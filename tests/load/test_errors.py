"""The error corpus: for every message the smallest file that provokes it, and exactly what a user is told.

``REBAL_UPDATE=1`` writes the messages anew; read the difference before you keep it.
"""

import os
from pathlib import Path

import pytest

from load.given import NOW
from rebal import load
from rebal.errors import InvalidInput

CORPUS = Path(__file__).parents[1] / "errors"
NAMES = sorted(file.stem for file in CORPUS.glob("*.yaml") if not file.name.endswith(".market.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_refused_in_these_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS)
    market = f"{name}.market.yaml"
    with pytest.raises(InvalidInput) as refused:
        load.portfolio(f"{name}.yaml", now=NOW, market=market if Path(market).exists() else None)
    told = f"{refused.value}\n"
    expected = Path(f"{name}.txt")
    if os.environ.get("REBAL_UPDATE"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_the_corpus_holds_nothing_else() -> None:
    assert {file.stem for file in CORPUS.glob("*.txt")} == set(NAMES)
    assert {file.name.removesuffix(".market.yaml") for file in CORPUS.glob("*.market.yaml")} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_one_printable_line_each_that_names_its_place(name: str) -> None:
    lines = (CORPUS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    for line in lines:
        assert line.isprintable()
        assert line.isascii()
        assert line.startswith(f"{name}.") or line.startswith("and ")
