"""Accounts: what sits at each, and of one whose coins are pooled what they count and where it is liquidated."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rebal.account_lines import AccountLine, LevelLine, path_words
from rebal.amounts import ONE, Fraction
from rebal.book import MarginMode
from rebal.formats.describe._phrases import DUE, joined
from rebal.formats.document import Column, Role, Section, Table
from rebal.formats.document.said import RED, Figure, Inked, Kind, Medium, Said
from rebal.policy import Policy

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS


class _Level(NamedTuple):
    """A level with the account that it is of, and where it turns red."""

    account: AccountLine
    level: LevelLine
    least: Fraction


def sections(accounts: Sequence[AccountLine], limits: Policy | None, *, planned: bool) -> Iterator[Section]:
    """The accounts and the levels of those that are pooled; nothing where one account has a wallet a coin."""
    pools = [each for each in accounts if each.margin is MarginMode.POOLED]
    if len(accounts) < 2 and not pools:
        return
    columns = _COLUMNS if pools else _COLUMNS[:_ANY]
    yield Section("Accounts after" if planned else "Accounts", (Table(columns, accounts, word="account"),))
    least = limits.alert.distance if limits else Fraction(35, 100)
    levels = [each for account in pools for each in _levels(account, least)]
    if levels:
        yield Section("Liquidation of what is pooled", (Table(_LEVELS, levels, word="level"),), _NOTE)


def _levels(account: AccountLine, least: Fraction) -> Iterator[_Level]:
    """The levels of an account; of one that is past them today those alone on whose path there is a way out."""
    for level in account.levels:
        row = _Level(account, level, least)
        if not _is_due(level) or _others(row) is not None:
            yield row


def _is_due(level: LevelLine) -> bool:
    """Whether today's prices are past it."""
    return level.below == level.above == ONE


_NOTE = "factors on today's prices along a path; the other prices stand still"


def _printed(line: AccountLine) -> Said:
    if line.printed_rate is None:
        return None
    return Figure(line.printed_rate, Kind.EXACT if line.printed_rate < ONE else Kind.TIMES)


def _nearest(line: AccountLine) -> Said:
    if line.nearest is None:
        return "never" if line.credit is not None else None
    if not line.nearest.distance:
        return Inked(DUE, RED)
    way = "below" if line.nearest.factor <= ONE else "above"
    return (Figure(line.nearest.distance, Kind.AWAY), f" {way} on {path_words(line.nearest.path)}")


def _debts(line: AccountLine) -> Said:
    return joined(Figure(owed, Kind.COINS, coin) for coin, owed in line.debts.items()) or None


_COLUMNS = (
    Column("account", "account", record="{}", role=Role.NAME, left=True),
    Column("venue", "venue", record="at {}", left=True),
    Column("margin", "margin", left=True),
    Column("equity $", "equity", Kind.DOLLARS, "equity", "dollars"),
    Column("share", "share_of_equity", Kind.PERCENT, record="share {}"),
    Column("at most", "at_most", Kind.PERCENT, record="at-most {}", yields=2),
    Column("credit $", "credit", Kind.DOLLARS, "credit", "dollars"),
    Column("initial $", "initial_margin", Kind.DOLLARS, "initial margin", "dollars", record="initial {}", yields=2),
    Column("maintenance $", "maintenance_margin", Kind.DOLLARS, "maintenance", "dollars"),
    Column("ratio", "margin_ratio", Kind.RATIO, "margin ratio", record="ratio {}"),
    Column("as printed", _printed, before="the venue prints", record="printed {}", role=Role.BELOW),
    Column("nearest", _nearest, before="liquidated", record="nearest {}", left=True),
    Column("borrowed", _debts, record="borrowed {}", role=Role.BELOW),
)
_ANY = 6
"""The columns that any account has."""


def _factor(row: _Level, end: Fraction | None) -> Said:
    if _is_due(row.level):
        return Inked(DUE, RED)
    if end is None:
        return "never"
    figure = Figure(end, Kind.LEVEL)
    return Inked(figure, RED) if abs(end - ONE) < row.least else figure


def _move(end: Fraction | None) -> Said:
    return None if end is None or end == ONE else Figure(end - ONE, Kind.MOVE)


def _others(row: _Level) -> Said:
    """The levels beyond the first on a side, at which the account would be covered again or due once more."""
    level = row.level
    beyond = [end for end in level.crossings if end not in (level.below, level.above)]
    return joined(Figure(end, Kind.LEVEL) for end in beyond) or None


def _again(row: _Level) -> Said:
    others = _others(row)
    return None if others is None else ("credit meets maintenance again at ", others)


_LEVELS = (
    Column("account", lambda row: row.account.account, record="{}", role=Role.NAME, left=True),
    Column("path", lambda row: path_words(row.level.path), record="path {}", role=Role.NAME, left=True),
    Column("below", lambda row: _factor(row, row.level.below), record="below {}"),
    Column("move", lambda row: _move(row.level.below), only=_PAGE),
    Column("above", lambda row: _factor(row, row.level.above), record="above {}"),
    Column("move", lambda row: _move(row.level.above), only=_PAGE),
    Column("", _again, role=Role.BELOW, only=_PAGE),
    Column("", _others, record="also-at {}", only=_RECORDS),
)
