"""Memory of many replays: flat in how many futures are drawn, linear in how long each is."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from rebal import workers
from rebal.replay import sweep
from rebal.replay.futures import Draw
from rebal.replay.sweep import Asked

from .test_sweep import past, shared

KIB = 1024


def peak(bars: int, futures: int) -> int:
    """The most bytes that are held at a time over some futures of so many bars."""
    drawing = shared("0.05", draw=Draw(past(bars), block=5, seed=1))
    with workers.hired(drawing) as crew:
        sweep.outcome(drawing, Asked(0, 0, 0, future=0))
        gc.collect()
        tracemalloc.start()
        try:
            sweep.future_lines(list(crew.each(sweep.outcome, _asked(futures))))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _asked(futures: int) -> Iterator[Asked]:
    for n in range(futures):
        gc.collect()  # what is left of the one before is not waited for
        yield Asked(0, 0, 0, future=n)


@pytest.fixture(autouse=True)
def warm() -> None:
    """What is kept of prices read is there before anything is measured."""
    peak(100, 1)


def test_each_more_future_leaves_its_outcome_alone() -> None:
    few, many = peak(120, 6), peak(120, 21)
    # a course of so many bars has 240 texts of closes and 360 of rates, and arrays of them: some 100 KiB; its outcome
    # has about one, and prices that were read as numbers are kept up to a thousand of them
    assert (many - few) / 15 < 12 * KIB


def test_a_future_twice_as_long_takes_no_more_than_twice_the_memory() -> None:
    short, long = peak(150, 1), peak(300, 1)
    assert short > 100 * KIB
    assert long < 2.2 * short
