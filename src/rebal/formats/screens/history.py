"""The screen of the journal's history: what was done, what is open, what it brought, what the hedges did."""

from collections.abc import Sequence

from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import BOLD, DIM, EMPTY, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import counted, day_and_time, unbroken
from rebal.formats.screens import _entries, _realised
from rebal.ledger import Effect, History, OpenPosition

_POSITIONS = (
    Column("contract", role=Role.NAME, left=True),
    Column("contracts", "", "contracts"),
    Column("entry price"),
    Column("for rebalance", after="contracts"),
    Column("for hedge", after="contracts"),
    Column("own margin"),
)
_EFFECTS = (
    Column("hedge of", "", role=Role.NAME, left=True),
    Column("its PnL $", "its PnL", "dollars"),
    Column("coins' PnL $", "coins' PnL", "dollars"),
    Column("given back"),
    Column("since", left=True),
    Column("from a price of"),
)


def lines(history: History, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a journal."""
    return [
        *_heading(history, sheet),
        *_entries.lines(history.entries, sheet, title="Entries", note="the newest last"),
        *_positions(history.positions, sheet),
        *_realised.so_far(history.totals, sheet, total=history.total),
        *_effects(history.effects, sheet),
        *_notes(history, sheet),
    ]


def _heading(history: History, sheet: Sheet) -> list[Line]:
    origin = [Piece(sheet.text(history.name), BOLD)]
    if history.as_of is not None:
        origin.append(Piece(f"statement of {day_and_time(history.as_of)}", DIM))
    if history.since is not None:
        origin.append(Piece(f"entries since {day_and_time(history.since)}", DIM))
    phrases = (
        [line(Piece(f"{sheet.usd(history.total.net_usd)} net of fees and funding", BOLD))] if history.totals else []
    )
    phrases.append(line(_count(history)))
    return [*sheet.flow([line(each) for each in origin], between="   "), *sheet.flow(phrases, between="   ")]


def _count(history: History) -> str:
    if not history.journal_seq:
        return "nothing recorded yet"
    shown = len(history.entries)
    entries = counted(history.journal_seq, "entry", "entries")
    whole = entries if shown == history.journal_seq else f"{shown} of {entries}"
    voided = sum(each.voided_by is not None for each in history.entries)
    return f"{whole}, {voided}{GLUE}voided" if voided else whole


def _positions(positions: Sequence[OpenPosition], sheet: Sheet) -> list[Line]:
    rows = [_position(each, sheet) for each in positions]
    return [*sheet.section("Positions", "now"), *sheet.table(_POSITIONS, rows)] if rows else []


def _position(position: OpenPosition, sheet: Sheet) -> Row:
    figures = sheet.figures
    return (
        line(sheet.text(position.contract)),
        line(figures.exact(position.contracts)),
        sheet.cell(figures.price, position.entry_price),
        sheet.cell_unless(position.contracts, figures.exact, position.contracts_rebalance),
        line(figures.exact(position.contracts_hedge)) if position.contracts_hedge else EMPTY,
        sheet.cell(figures.coins, position.isolated_margin),
    )


def _effects(effects: Sequence[Effect], sheet: Sheet) -> list[Line]:
    rows = [_effect(each, sheet) for each in effects]
    return [*sheet.section("What hedges did", "while they were open"), *sheet.table(_EFFECTS, rows)] if rows else []


def _effect(effect: Effect, sheet: Sheet) -> Row:
    dollars = sheet.figures.dollars
    return (
        line(sheet.text(effect.asset)),
        line(dollars(effect.hedge_pnl_usd)),
        line(dollars(effect.spot_pnl_usd)),
        sheet.cell(sheet.figures.percent, effect.effectiveness),
        EMPTY if effect.since is None else line(Piece(day_and_time(effect.since), DIM)),
        sheet.cell(sheet.figures.price, effect.since_price),
    )


def _notes(history: History, sheet: Sheet) -> list[Line]:
    notes = [line(unbroken(sheet.text(each))) for each in history.notes]
    return [*sheet.section("Notes"), *(part for each in notes for part in sheet.flow([each]))] if notes else []
