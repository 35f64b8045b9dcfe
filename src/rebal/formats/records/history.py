"""The records of the journal's history; figures of realised PnL are of the entries shown."""

from collections.abc import Iterator

from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import ascii_signs, rfc3339
from rebal.formats.records import _ledger
from rebal.formats.records._record import NONE, known, record
from rebal.ledger import Effect, History, OpenPosition


def lines(history: History) -> Iterator[str]:
    """Entries in the order of recording, what is open now, what was realised, how the hedges did, and notes."""
    yield _heading(history)
    yield from map(_ledger.entry, history.entries)
    yield from map(_position, history.positions)
    yield from map(_ledger.realised, history.totals)
    yield _ledger.total(history.total)
    yield from map(_effect, history.effects)
    yield from (record("note", ascii_signs(each)) for each in history.notes)


def _heading(history: History) -> str:
    return record(
        "history",
        f"entries {len(history.entries)} of {history.journal_seq}",
        f"since {rfc3339(history.since) if history.since else NONE}",
        f"statement {rfc3339(history.as_of) if history.as_of else NONE}",
        f"head {history.journal_head or NONE}",
        history.name,
    )


def _position(position: OpenPosition) -> str:
    exact = PLAIN.exact
    return record(
        "position",
        position.contract,
        f"contracts {exact(position.contracts)}",
        f"rebalance {exact(position.contracts_rebalance)}",
        f"hedge {exact(position.contracts_hedge)}",
        f"entry {known(PLAIN.price, position.entry_price)}",
        f"margin {known(PLAIN.coins, position.isolated_margin)}",
    )


def _effect(effect: Effect) -> str:
    return record(
        "effect",
        effect.asset,
        f"hedge-usd {PLAIN.dollars(effect.hedge_pnl_usd)}",
        f"coins-usd {PLAIN.dollars(effect.spot_pnl_usd)}",
        f"given-back {known(PLAIN.percent, effect.effectiveness)}",
        f"since {rfc3339(effect.since) if effect.since else NONE}",
        f"from {known(PLAIN.price, effect.since_price)}",
    )
