"""The records of what a record added to the journal."""

from collections.abc import Iterator

from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import ascii_signs
from rebal.formats.records import _ledger
from rebal.formats.records._record import known, record
from rebal.ledger import CoinChange, PositionChange, Recorded


def lines(recorded: Recorded) -> Iterator[str]:
    """What was added, or would be, and what it changes."""
    yield record("dry-run" if recorded.dry_run else "recorded", f"entries {len(recorded.entries)}", recorded.journal)
    yield from map(_ledger.entry, recorded.entries)
    yield from (record("known", each) for each in recorded.repeated)
    yield from map(_position, recorded.positions)
    yield from map(_coins, recorded.coins)
    yield from (record("note", ascii_signs(each)) for each in recorded.notes)


def _position(change: PositionChange) -> str:
    before, after = (known(PLAIN.price, each) for each in (change.entry_price_before, change.entry_price_after))
    return record(
        "position",
        change.contract,
        f"contracts {PLAIN.exact(change.contracts_before)} -> {PLAIN.exact(change.contracts_after)}",
        f"entry {before} -> {after}",
    )


def _coins(change: CoinChange) -> str:
    coins = PLAIN.coins
    return record(
        "coins",
        change.asset,
        f"held {coins(change.holding_before)} -> {coins(change.holding_after)}",
        f"account {coins(change.wallet_before)} -> {coins(change.wallet_after)}",
    )
