"""Every report that is written out by hand, by the name of its screens on file."""

from collections.abc import Callable

from rebal.formats import Report

from . import books, extremes, ledgers

REPORTS: dict[str, Callable[[], Report]] = {
    "worked-example": books.worked_example,
    "open-book": books.open_book,
    "refused": books.refused,
    "quiet": books.quiet,
    "unwind": books.unwind,
    "rescue": books.rescue,
    "extreme": extremes.extreme,
    "status": ledgers.status,
    "calm": ledgers.calm,
    "history": ledgers.history,
    "unrecorded": ledgers.unrecorded,
    "lately": ledgers.lately,
    "recorded": ledgers.recorded,
    "nothing-new": ledgers.nothing_new,
    "long-history": ledgers.extreme,
}
