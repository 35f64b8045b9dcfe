"""What hedge and unwind read off the command line: assets, sizes, days."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rebal.amounts import Fraction, NumberProblem, number, percent_points
from rebal.commands._options import one_of
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from datetime import datetime

    from rebal.book import Book, Purpose
    from rebal.portfolio import Portfolio


def known_assets(asked: Iterable[str], book: "Book", portfolio: "Portfolio") -> frozenset[str]:
    """The assets named, each one held, wanted or open, and no business set aside. Raises UsageProblem."""
    known = assets_known(book, portfolio)
    for asset in asked:
        if asset in portfolio.aside:
            raise UsageProblem(f"{asset}: stands under aside, which no order touches; take it out of aside first")
        if asset in portfolio.cash:
            raise UsageProblem(f"{asset}: counts as dollars, which need no hedge; {one_of(asset, known)}")
        if asset not in known:
            raise UsageProblem(f"{asset}: is neither held nor open; {one_of(asset, known)}")
    return frozenset(asked)


def refuse_files(asked: Iterable[str] | None, *, what: str = "a coin") -> None:
    """Refuse a file among coins before one is read in its place. Raises UsageProblem."""
    from rebal.commands._typed import typed

    for name in asked or ():
        if name.lower().endswith((".yaml", ".yml", ".json", ".csv", ".db")) or "/" in name or os.sep in name:
            raise UsageProblem(f"{name}: is a file, not {what}; the portfolio goes after -p: {typed('-p', name)}")


def assets_known(book: "Book", portfolio: "Portfolio") -> frozenset[str]:
    """The coins that are held, wanted or open; not what counts as dollars."""
    from rebal.planner.exposure import assets_of

    return frozenset(assets_of(portfolio, book))


def share(text: str, *, option: str) -> Fraction:
    """A share in percent points, from 0 to 100. Raises UsageProblem."""
    value = points(text, option=option)
    if value > 1:
        raise UsageProblem(f"{option} {text}: is above 100; there is no more than all of it")
    return value


def points(text: str, *, option: str) -> Fraction:
    """A number of percent points, not below 0. Raises UsageProblem."""
    return _not_negative(percent_points, text, option=option)


def size(text: str, *, option: str) -> Fraction:
    """A number of dollars or coins, not below 0. Raises UsageProblem."""
    return _not_negative(number, text, option=option)


def _not_negative(read: Callable[[str], Fraction], text: str, *, option: str) -> Fraction:
    try:
        value = read(text)
    except NumberProblem as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem
    if value < 0:
        raise UsageProblem(f"{option} {text}: is below 0; write a size from 0")
    return value


def purpose(name: str | None, *, option: str) -> "Purpose | None":
    """The purpose of a name, None where none is given. Raises UsageProblem."""
    from rebal.book import Purpose

    if name is not None and name not in tuple(Purpose):
        raise UsageProblem(f"{option} {name}: there is no such purpose; {one_of(name, tuple(Purpose))}")
    return None if name is None else Purpose(name)


def day(text: str, *, option: str) -> "datetime":
    """A day or an instant. Raises UsageProblem."""
    from rebal.times import day_or_instant

    try:
        return day_or_instant(text)
    except ValueError as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem


def day_after(text: str, now: "datetime", *, option: str) -> "datetime":
    """The instant a duration from now. Raises UsageProblem."""
    from rebal.times import duration

    try:
        return duration(text).after(now)
    except (ValueError, OverflowError) as problem:
        raise UsageProblem(f"{option} {text}: {problem}") from problem
