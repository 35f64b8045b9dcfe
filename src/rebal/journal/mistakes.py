"""Slips of the hand in what is about to be recorded.

Refused where they cannot be, asked about where they hardly can, noted where they are unlikely.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest

from rebal.amounts import ONE, ZERO, Fraction, down, plain, rounded, up
from rebal.book import Book, Position
from rebal.errors import Refused
from rebal.journal.adding import Added
from rebal.journal.drafts import one_trade
from rebal.journal.fold import as_recorded, dated, reached
from rebal.ledger import Entry, Fill, Funding, Journal, Spot, Stated
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Portfolio
from rebal.times import day_or_time, rfc3339

FAR_FROM_MARK = Fraction(1, 10)
"""How far from the mark a price may be before it is noted."""

WRONG_PRICE = 2
"""The factor between a fill's price and every other of its contract from which on one of them is asked about."""

MUCH_FUNDING = Fraction(1, 100)
"""The share of a position's value that funding may be before it is noted: a payment rarely comes near it."""

WRONG_FUNDING = Fraction(1, 20)
"""The share from which on it is asked about: no exchange's cap on a payment allows it."""


def refuse(portfolio: Portfolio, added: Added) -> None:
    """Raise Refused for a single fill of what is no whole lot, and for funding of a contract that never was open.

    A fill that closes a rest of less than a lot may be less than one. What a plan fills is the exchange's word, and
    what the statement covers moves no coin.
    """
    for entry in added.new:
        event = entry.event
        if isinstance(event, Fill) and entry.plan is None:
            _refuse_lots(event, portfolio.contracts.get(event.contract))
        elif isinstance(event, Funding) and entry.time > dated(portfolio):
            _refuse_never_open(event, portfolio, added.after)


def doubts(portfolio: Portfolio, added: Added) -> Iterator[str]:
    """What of the new entries is hardly what happened, in sentences; a statement's positions among them.

    Funding of a twentieth of its position, prices that a factor parts from all others, fills that turn a position
    around or are worth more than all that is held, spot sold for dollars that nothing tells of.
    """
    yield from _statement(portfolio, added)
    for entry, following in zip_longest(added.new, added.new[1:]):
        event = entry.event
        if entry.time <= dated(portfolio):
            continue
        if isinstance(event, Fill):
            yield from _wrong_price(event, entry, portfolio=portfolio, before=added.before)
            if entry.plan is None:
                before = _then(entry, portfolio, added.before)
                yield from _opened_late(event, entry)
                yield from _turned(event, before)
                yield from _too_large(event, portfolio, before)
        elif isinstance(event, Funding):
            unlikely = _funding(entry, event, portfolio, added.before, most=WRONG_FUNDING)
            yield from () if unlikely is None else (unlikely,)
        elif isinstance(event, Spot) and (following is None or not one_trade(entry, following)):
            yield from _unpaid(event, portfolio)


def _statement(portfolio: Portfolio, added: Added) -> Iterator[str]:
    """The positions of a new statement that no statement before it has so: of those it was asked then."""
    before = {row for said in _statements(added.before.entries) for row in said.positions}
    new = {row.contract for said in _statements(added.new) for row in said.positions if row not in before}
    for name, position in portfolio.statement.positions.items():
        if name in new:
            yield from _stated(position, portfolio)


def _statements(entries: Iterable[Entry]) -> Iterator[Stated]:
    return (entry.event for entry in entries if isinstance(entry.event, Stated) and entry.voided_by is None)


def _stated(position: Position, portfolio: Portfolio) -> Iterator[str]:
    contract, lot = position.contract, position.contract.lot_size
    if position.contracts % lot:
        yield f"positions.{contract.name}: {plain(position.contracts)} contracts are no whole lots of {plain(lot)}"
    market = portfolio.market
    prices = [price for price in (market.marks.get(contract.name), market.prices.get(contract.asset)) if price]
    if prices and all(map(position.is_far_from, prices)):
        yield (
            f"positions.{contract.name}: the entry price of {plain(position.entry_price)} is far from any price, as "
            f"{plain(prices[0])}"
        )


def _wrong_price(event: Fill, entry: Entry, *, portfolio: Portfolio, before: Journal) -> Iterator[str]:
    seen = {event.entry_before, _mark(event, portfolio), portfolio.market.prices.get(event.asset), event.index_price}
    seen |= {fill.price for fill in _fills(before.entries, event.contract)}
    known = [price for price in seen if price]
    if known and all(_apart(event.price, price) > WRONG_PRICE for price in known):
        unlikely = _price(event, entry, portfolio=portfolio, before=before)
        yield unlikely or f"{event.contract}: the price of {plain(event.price)} is far from any other"


def _apart(one: Fraction, other: Fraction) -> Fraction:
    return max(one / other, other / one)


def _turned(event: Fill, book: Book) -> Iterator[str]:
    """A fill that goes beyond what is open, of the net or of its purpose: dollars typed for contracts, as a rule."""
    position = book.positions.get(event.contract)
    held = {(part.purpose, part.stands_for): part.contracts for part in (position.parts if position else ())}
    pairs = [("", event.contracts_before or ZERO, event.contracts)]
    for part in event.parts:
        pairs.append((f" for {part.purpose}", held.get((part.purpose, part.stands_for), ZERO), part.contracts))
    for of, before, traded in pairs:
        if before * (before + traded) < 0:
            yield (
                f"{event.contract}: {plain(traded)} contracts turn the {plain(before)} that are open{of} around, "
                f"into {plain(before + traded)}"
            )
            return


def _opened_late(event: Fill, entry: Entry) -> Iterator[str]:
    """A fill from the expiry on that leaves more open: a delivery closes, and nothing else trades then."""
    before = event.contracts_before or ZERO
    if event.expiry is not None and entry.time >= event.expiry and abs(before + event.contracts) > abs(before):
        yield (
            f"{event.contract}: it expired on {day_or_time(event.expiry)}, and {plain(event.contracts)} contracts "
            f"leave more open than the {plain(before)} before; a delivery closes them"
        )


def _too_large(event: Fill, portfolio: Portfolio, book: Book) -> Iterator[str]:
    contract = portfolio.contracts.get(event.contract)
    position = book.positions.get(event.contract)
    before = position.contracts if position is not None else ZERO
    after = before + event.contracts
    if contract is None or abs(after) <= abs(before):
        return
    worth, all_held = contract.notional(after, event.price), ZERO
    for asset, quantity in book.holdings.items():
        all_held += quantity * (1 if asset in portfolio.cash else portfolio.market.prices.get(asset, ZERO))
    if worth > max(ONE, portfolio.policy.leverage) * all_held:
        yield (
            f"{event.contract}: {plain(after)} contracts are worth {rounded(worth, 0)} USD, more than everything held, "
            f"{rounded(all_held, 0)} USD; contracts are meant, not dollars"
        )


def _unpaid(event: Spot, portfolio: Portfolio) -> Iterator[str]:
    if event.quantity < 0 and event.price is not None:
        coin = next((asset for asset in sorted(portfolio.cash) if asset in portfolio.holdings), "USD")
        yield (
            f"{plain(-event.quantity)} {event.asset} sold at {plain(event.price)}, and nothing says where the dollars "
            f"went; --against {coin} records them as well"
        )


def notes(portfolio: Portfolio, added: Added, *, dry_run: bool) -> Iterator[str]:
    """What is unlikely of the new entries, in sentences: prices far from the mark, funding far above any usual rate."""
    instead = "correct it before it is recorded" if dry_run else "void the entry"
    for entry in added.new:
        event = entry.event
        if isinstance(event, Fill):
            unlikely = _price(event, entry, portfolio=portfolio, before=added.before)
        elif isinstance(event, Funding):
            unlikely = _funding(entry, event, portfolio, added.before)
        else:
            continue
        if unlikely is not None:
            yield f"{unlikely}; if that is a slip, {instead}"


def _refuse_lots(event: Fill, contract: Contract | None) -> None:
    if contract is None:
        return
    lot, after = contract.lot_size, (event.contracts_before or ZERO) + event.contracts
    if not event.contracts % lot or (event.contracts_before and not after % lot):
        return
    size = abs(event.contracts)
    sign = "-" if event.contracts < 0 else ""
    nearest = " or ".join(f"{sign}{plain(each)}" for each in (down(size, lot), up(size, lot)) if each)
    own = f", or correct contracts.{event.contract}.lot_size" if contract.own else ""
    raise Refused(
        f"{plain(event.contracts)} {event.contract} are no whole lots of {plain(lot)}; write --contracts {nearest}{own}"
        f"; a contract is {plain(contract.multiplier)} {_counted(event, contract)}"
    )


def _counted(event: Fill, contract: Contract) -> str:
    """What contracts count, and how many the figure would be if it were coins."""
    if contract.kind is Kind.LINEAR:
        return event.asset
    meant = rounded(abs(event.contracts) * event.price / contract.multiplier, 0)
    return f"USD: {plain(abs(event.contracts))} {event.asset} at that price are {meant}"


def _refuse_never_open(event: Funding, portfolio: Portfolio, journal: Journal) -> None:
    if event.contract not in portfolio.statement.positions and not any(_fills(journal.entries, event.contract)):
        raise Refused(
            f"{event.contract} was never open, by the statement or the journal, so it paid no funding; "
            "record its fill first, or correct --contract"
        )


def _price(event: Fill, entry: Entry, *, portfolio: Portfolio, before: Journal) -> str | None:
    known = list(_known_then(event, entry, portfolio=portfolio, before=before))
    if not known or any(abs(event.price - price) <= FAR_FROM_MARK * price for _, price in known):
        return None
    what, against = known[0]
    way = "above" if event.price > against else "below"
    away = rounded(100 * abs(event.price - against) / against, 0)
    return f"{event.contract}: the price of {plain(event.price)} is {away} % {way} the {what}, {plain(against)}"


def _known_then(event: Fill, entry: Entry, *, portfolio: Portfolio, before: Journal) -> Iterator[tuple[str, Fraction]]:
    """What a fill's price is held against: prices of its time, and of a delivery such as were known by then.

    The index that a plan had, then the mark; where that is of another time, the last price that the journal has.
    """
    if event.index_price is not None:
        yield f"plan's price of {event.asset}", event.index_price
    mark, at = _mark(event, portfolio), portfolio.market.as_of
    if mark is not None and (at is None or _is_of_its_time(at, event, entry, portfolio=portfolio)):
        yield "mark", mark
        return
    told = [(time, price) for time, price in _told_prices(before.entries, event.asset)
            if _is_of_its_time(time, event, entry, portfolio=portfolio)]  # fmt: skip
    if told:
        time, price = max(told)
        yield f"price of {rfc3339(time)}", price


def _is_of_its_time(time: datetime, event: Fill, entry: Entry, *, portfolio: Portfolio) -> bool:
    """Whether a price is as old as prices may be at most, before a fill or after it; a delivery's are not of later."""
    if event.expiry is not None and event.expiry <= entry.time and time > event.expiry:
        return False
    limit = portfolio.policy.max_price_age
    return limit is None or abs(time - entry.time) <= limit


def _told_prices(entries: Iterable[Entry], asset: str) -> Iterator[tuple[datetime, Fraction]]:
    """What the journal tells of an asset's price, each with its time."""
    for entry in entries:
        event = entry.event
        if entry.voided_by is None and isinstance(event, (Fill, Funding, Spot)) and event.asset == asset:
            price = (event.index_price if isinstance(event, Fill) else None) or event.price
            if price is not None:
                yield entry.time, price


def _funding(
    entry: Entry, event: Funding, portfolio: Portfolio, before: Journal, *, most: Fraction = MUCH_FUNDING
) -> str | None:
    mark = _mark(event, portfolio)
    held = _held(entry, event, portfolio, before)
    if mark is None or held is None:
        return None
    contract, contracts = held
    value = contract.position_value(contracts, mark)
    if abs(event.amount) <= most * value:
        return None
    share = rounded(100 * abs(event.amount) / value, 1)
    return (
        f"{event.contract}: funding of {plain(event.amount)} {event.settle} is {share} % of the position's value, "
        f"{rounded(value, 6).rstrip('0').rstrip('.')} {event.settle} for {plain(abs(contracts))} contracts"
    )


def _held(entry: Entry, event: Funding, portfolio: Portfolio, before: Journal) -> tuple[Contract, Fraction] | None:
    """What was open when funding was due, else the most that the journal knows of, since the position is closed."""
    open_then = _then(entry, portfolio, before).positions.get(event.contract)
    if open_then is not None and open_then.contracts:
        return open_then.contract, open_then.contracts
    sizes = [(as_recorded(fill), abs(size)) for fill in _fills(before.entries, event.contract) for size in _sizes(fill)]
    return max(sizes, key=lambda each: each[1], default=None)


def _then(entry: Entry, portfolio: Portfolio, before: Journal) -> Book:
    """The book that an entry met, which may be entered after later ones."""
    return reached(portfolio, (each for each in before.entries if each.time <= entry.time))


def _sizes(fill: Fill) -> tuple[Fraction, Fraction]:
    held = fill.contracts_before or ZERO
    return held, held + fill.contracts


def _fills(entries: Iterable[Entry], contract: str) -> Iterator[Fill]:
    for entry in entries:
        if isinstance(entry.event, Fill) and entry.event.contract == contract and entry.voided_by is None:
            yield entry.event


def _mark(event: Fill | Funding, portfolio: Portfolio) -> Fraction | None:
    market = portfolio.market
    return market.marks.get(event.contract) or market.prices.get(event.asset)
