"""What a record added to the journal."""

from rebal.formats.describe import _journal
from rebal.formats.describe._phrases import counted
from rebal.formats.document import Column, Document, Facts, Role, Section, Table, Text
from rebal.formats.document.said import BOLD, DIM, YELLOW, Change, Inked, Kind, Medium, Prose, Reckoned, Said
from rebal.policy import Policy
from rebal.reports.record import CoinChange, PositionChange, Recorded


def _contracts(change: PositionChange) -> Said:
    return Change(change.contracts_before, change.contracts_after)


def _entry_price(change: PositionChange) -> Said:
    return Change(change.entry_price_before, change.entry_price_after)


def _held(change: CoinChange) -> Said:
    return Change(change.holding_before, change.holding_after)


def _in_account(change: CoinChange) -> Said:
    return Change(change.wallet_before, change.wallet_after)


def _added(recorded: Recorded) -> Said:
    added, known = len(recorded.entries), len(recorded.repeated)
    verb = "would record" if recorded.dry_run else "recorded"
    said = f"{verb} {counted(added, 'entry', 'entries')}" if added else "nothing new to record"
    again = f", {known} recorded before" if known else ""
    return Inked(f"{said}{again}", YELLOW if recorded.dry_run else BOLD)


_HEADING = (
    Column("", _added, only=Medium.PAGE),
    Column("", lambda recorded: len(recorded.entries), Kind.COUNT, record="entries {}", only=Medium.RECORDS),
    Column("", lambda recorded: Inked(("journal ", recorded.journal), DIM), only=Medium.PAGE),
    Column("", "journal", only=Medium.RECORDS),
)
_POSITIONS = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("contracts", _contracts, before="", after="contracts", record="contracts {}"),
    Column("entry price", _entry_price, Kind.PRICE, record="entry {}"),
)
_COINS = (
    Column("coin", "asset", record="{}", role=Role.NAME, left=True),
    Column("held", _held, Kind.COINS),
    Column("in the futures account", _in_account, Kind.COINS, record="account {}"),
)


def document(recorded: Recorded, limits: Policy | None) -> Document:
    """What was added, or would be, and what it changes in the book."""
    known = [f"recorded before: {each}" for each in recorded.repeated]
    notes = [Text(Reckoned(each), word="note") for each in recorded.notes]
    return (
        Facts(recorded, (_HEADING,), word="dry-run" if recorded.dry_run else "recorded", answer=True),
        _journal.entries(recorded.entries),
        *(Text(each, word="known", only=Medium.RECORDS) for each in recorded.repeated),
        Section("Positions", (Table(_POSITIONS, recorded.positions, word="position"),)),
        Section("Coins", (Table(_COINS, recorded.coins, word="coins"),)),
        Section("Notes", (*notes, *(Text(Prose(each), only=Medium.PAGE) for each in known))),
    )
