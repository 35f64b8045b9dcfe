"""The journal as a report, and what a record changes as another."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book, Position, Purpose
from rebal.journal.adding import Added
from rebal.journal.earned import by_time, earned, episodes, in_dollars, realised
from rebal.journal.effect import effects
from rebal.journal.fold import Folded, fold, in_order
from rebal.journal.spelling import line
from rebal.ledger import HISTORY_SCHEMA, Fill, History, Journal, OpenPosition
from rebal.portfolio import DOLLARS, Portfolio
from rebal.reports.record import RECORD_SCHEMA, CoinChange, PositionChange, Recorded
from rebal.times import rfc3339, spoken


def history(
    portfolio: Portfolio, journal: Journal, *, since: datetime | None = None, now: datetime | None = None
) -> History:
    """Everything recorded (``since`` an instant), what it adds up to, what is open now and how the hedges did.

    ``now``: the hour that prices are held against, None where their age does not matter.
    """
    folded = fold(portfolio, journal.entries)
    shown = [entry for entry in journal.entries if since is None or entry.time >= since]
    numbers = {entry.seq for entry in shown}
    told = earned(portfolio, journal.entries)
    booked = [line for line in told.booked if line.seq in numbers]
    totals = realised(booked)
    return History(
        schema=HISTORY_SCHEMA,
        name=portfolio.name,
        as_of=portfolio.as_of,
        currency=DOLLARS,
        since=since,
        journal_seq=journal.seq,
        journal_head=journal.head,
        entries=tuple(line(entry) for entry in shown),
        totals=totals,
        total=in_dollars(totals),
        positions=tuple(_open(position) for position in folded.book.listed),
        effects=effects(portfolio, journal.entries) if journal.entries else (),
        notes=(*_notes(portfolio, folded), *_priced(portfolio, folded.book, journal, now=now)),
        episodes=episodes(told, booked),
        path=by_time(shown, booked),
        market_as_of=portfolio.market.as_of,
    )


def recorded(portfolio: Portfolio, added: Added, *, journal: str, dry_run: bool, notes: Iterable[str] = ()) -> Recorded:
    """What adding did, or would do, to the journal and to the book."""
    before, after = (fold(portfolio, of.entries).book for of in (added.before, added.after))
    return Recorded(
        schema=RECORD_SCHEMA,
        journal=journal,
        dry_run=dry_run,
        entries=tuple(line(entry) for entry in added.new),
        repeated=tuple(entry.id for entry in added.repeated),
        positions=tuple(_positions(before, after)),
        coins=tuple(_coins(before, after)),
        notes=tuple(notes),
    )


def _notes(portfolio: Portfolio, folded: Folded) -> Iterable[str]:
    if folded.earlier and portfolio.as_of is not None:
        entries = "entry is" if folded.earlier == 1 else "entries are"
        part = "a part" if folded.earlier == 1 else "parts"
        yield (
            f"{folded.earlier} {entries} not later than the statement of {rfc3339(portfolio.as_of)} "
            f"and {part} of it: history, which moves no holding or position"
        )


def _priced(portfolio: Portfolio, book: Book, journal: Journal, *, now: datetime | None) -> Iterable[str]:
    """That what open hedges did is told by prices of before their last fill, or by old ones."""
    hedges = {name for name, position in book.positions.items() if position.held_for(Purpose.HEDGE)}
    fills = [(entry.event, entry.time) for entry in in_order(journal.entries)]
    last = max((time for fill, time in fills if isinstance(fill, Fill) and fill.contract in hedges), default=None)
    at, limit = portfolio.market.as_of, portfolio.policy.max_price_age
    if not hedges:
        return
    if at is None:
        found = "the prices carry no time"
    elif last is not None and at < last:
        found = f"the prices are of {rfc3339(at)}, older than the last fill of a hedge, of {rfc3339(last)}"
    elif limit is not None and now is not None and now - at > limit:
        found = f"the prices are {spoken(now - at)} old, older than policy.max_price_age"
    else:
        return
    yield f"{found}, and what the open hedges did is told by them; give newer ones with --market FILE"


def _open(position: Position) -> OpenPosition:
    return OpenPosition(
        contract=position.contract.name,
        contracts=position.contracts,
        contracts_hedge=position.held_for(Purpose.HEDGE),
        contracts_rebalance=position.held_for(Purpose.REBALANCE),
        entry_price=position.entry_price if position.contracts else None,
        isolated_margin=position.margin,
    )


def _positions(before: Book, after: Book) -> Iterable[PositionChange]:
    for name in sorted({*before.positions, *after.positions}):
        was, now = before.positions.get(name), after.positions.get(name)
        if was != now:
            yield PositionChange(
                contract=name,
                contracts_before=was.contracts if was else ZERO,
                contracts_after=now.contracts if now else ZERO,
                entry_price_before=was.entry_price if was and was.contracts else None,
                entry_price_after=now.entry_price if now and now.contracts else None,
            )


def _coins(before: Book, after: Book) -> Iterable[CoinChange]:
    for asset in sorted({*before.holdings, *after.holdings, *before.wallets, *after.wallets}):
        coin = _coin(asset)
        was, now = ((book.holdings.get(coin, ZERO), book.wallets.get(asset, ZERO)) for book in (before, after))
        if was[1] != now[1] or (asset == coin and was != now):
            yield CoinChange(
                asset=asset,
                holding_before=was[0],
                holding_after=now[0],
                wallet_before=_inside(before.wallets, asset),
                wallet_after=_inside(after.wallets, asset),
            )


def _inside(wallets: Mapping[str, Fraction], name: str) -> Fraction:
    """Coins in the wallet of that name; of a coin's own name, in its wallets at all accounts."""
    return total(coins for wallet, coins in wallets.items() if name in (wallet, _coin(wallet)))


def _coin(wallet: str) -> str:
    return wallet.rpartition(":")[2]
