"""The screen of what a record added to the journal."""

from collections.abc import Sequence
from fractions import Fraction

from rebal.formats.page.ink import BOLD, DIM, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import counted, unbroken
from rebal.formats.screens import _entries
from rebal.ledger import CoinChange, PositionChange, Recorded

_POSITIONS = (
    Column("contract", role=Role.NAME, left=True),
    Column("contracts", "", "contracts"),
    Column("entry price"),
)
_COINS = (
    Column("coin", role=Role.NAME, left=True),
    Column("held"),
    Column("in the futures account"),
)


def lines(recorded: Recorded, sheet: Sheet) -> list[Line]:
    """What was added, or would be, and what it changes in the book."""
    return [
        *_heading(recorded, sheet),
        *_entries.lines(recorded.entries, sheet, title="Entries"),
        *_positions(recorded.positions, sheet),
        *_coins(recorded.coins, sheet),
        *_notes(recorded, sheet),
    ]


def _heading(recorded: Recorded, sheet: Sheet) -> list[Line]:
    added, known = len(recorded.entries), len(recorded.repeated)
    verb = "would record" if recorded.dry_run else "recorded"
    said = f"{verb} {counted(added, 'entry', 'entries')}" if added else "nothing new to record"
    again = f", {known} recorded before" if known else ""
    journal = Piece(f"journal {sheet.text(recorded.journal)}", DIM)
    ink = YELLOW if recorded.dry_run else BOLD
    return sheet.flow([line(Piece(f"{said}{again}", ink)), line(journal)], between="   ")


def _positions(changes: Sequence[PositionChange], sheet: Sheet) -> list[Line]:
    rows = [_position(each, sheet) for each in changes]
    return [*sheet.section("Positions"), *sheet.table(_POSITIONS, rows)] if rows else []


def _position(change: PositionChange, sheet: Sheet) -> Row:
    figures = sheet.figures
    prices = (change.entry_price_before, change.entry_price_after)
    before, after = (sheet.signs.nothing if each is None else figures.price(each) for each in prices)
    return (
        line(sheet.text(change.contract)),
        line(sheet.change(figures.exact(change.contracts_before), figures.exact(change.contracts_after))),
        line(sheet.change(before, after)),
    )


def _coins(changes: Sequence[CoinChange], sheet: Sheet) -> list[Line]:
    rows = [_coin(each, sheet) for each in changes]
    return [*sheet.section("Coins"), *sheet.table(_COINS, rows)] if rows else []


def _coin(change: CoinChange, sheet: Sheet) -> Row:
    def moved(before: Fraction, after: Fraction) -> Line:
        return line(sheet.change(sheet.figures.coins(before), sheet.figures.coins(after)))

    return (
        line(sheet.text(change.asset)),
        moved(change.holding_before, change.holding_after),
        moved(change.wallet_before, change.wallet_after),
    )


def _notes(recorded: Recorded, sheet: Sheet) -> list[Line]:
    known = [f"recorded before: {each}" for each in recorded.repeated]
    notes = [unbroken(sheet.text(each)) for each in (*recorded.notes, *known)]
    return [*sheet.section("Notes"), *(part for each in notes for part in sheet.flow([line(each)]))] if notes else []
