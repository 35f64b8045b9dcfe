"""What an answer was made from goes with it: nothing that is left holds itself, however many books are asked about."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rebal import load
from rebal.plan import Inputs
from rebal.planner import build_plan
from rebal.planner.status import build_status

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TESTS = Path(__file__).parents[1]
BOOKS = [*TESTS.parent.glob("portfolios/*.yaml"), *TESTS.glob("planner/cases/*account*.yaml")]


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is collected but by who asks for it."""
    enabled = gc.isenabled()
    gc.disable()
    yield
    gc.unfreeze()
    if enabled:
        gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("book", BOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_answer_leaves_nothing_to_collect(book: Path) -> None:
    portfolio = load.portfolio(str(book), now=NOW)
    inputs = Inputs(portfolio.statement_sha256, None, None, NOW, NOW, "test")
    for build in (build_plan, build_status):
        build(portfolio, portfolio.statement, inputs=inputs)  # what is made once for good is made now
        gc.collect()
        gc.freeze()
        answer = build(portfolio, portfolio.statement, inputs=inputs)
        assert answer.inputs is inputs
        del answer
        assert gc.collect() == 0
