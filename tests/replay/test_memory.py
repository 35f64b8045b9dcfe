"""Memory of many replays: flat in how many futures are drawn, linear in how long each is."""

import gc
import tracemalloc
from typing import NamedTuple

import pytest

from rebal import workers
from rebal.replay import sweep
from rebal.replay.bootstrap import Draw
from rebal.replay.sweep import Asked

from .test_sweep import past, shared

KIB = 1024


class Held(NamedTuple):
    """Bytes that are left of some futures beside what they all share, and the most that were there at a time."""

    left: int
    most: int


def held(bars: int, futures: int) -> Held:
    """What some futures of so many bars take."""
    drawing = shared("0.05", draw=Draw(past(bars), block=5, seed=1))
    with workers.hired(drawing) as crew:
        sweep.outcome(drawing, Asked(0, 0, 0, future=0))
        gc.collect()
        tracemalloc.start()
        try:
            outcomes = list(crew.each(sweep.outcome, (Asked(0, 0, 0, future=n) for n in range(futures))))
            most = tracemalloc.get_traced_memory()[1]
            gc.collect()
            left = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    assert len(outcomes) == futures
    return Held(left, most)


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """What is kept for good is there before anything is measured, the last prices read as numbers among it."""
    held(60, 6)


def test_a_future_leaves_its_outcome_and_nothing_else() -> None:
    few, many = held(60, 2), held(60, 12)
    # a course of so many bars has 120 texts of closes and 180 of rates, and arrays of them: some 50 KiB; its outcome
    # has about one, and what is kept of texts that were read as numbers, up to a limit, up to seven
    assert (many.left - few.left) / 10 < 12 * KIB


def test_a_future_twice_as_long_takes_no_more_than_twice_the_memory() -> None:
    short, long = held(150, 1), held(300, 1)
    assert short.most > 50 * KIB
    assert long.most < 2.2 * short.most
