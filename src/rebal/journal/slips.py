"""Slips of the hand in what is about to be recorded: refused where they cannot be, noted where they are unlikely."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from rebal.amounts import ZERO, down, plain, rounded, up
from rebal.errors import Refused
from rebal.journal.adding import Added
from rebal.journal.fold import as_recorded, dated, reached
from rebal.ledger import Entry, Fill, Funding, Journal
from rebal.market.contract import Contract
from rebal.portfolio import Portfolio

FAR_FROM_MARK = Fraction(1, 10)
"""How far from the mark a price may be before it is noted."""

MUCH_FUNDING = Fraction(1, 100)
"""The share of a position's value that funding may be before it is noted: a payment rarely comes near it."""


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


def notes(portfolio: Portfolio, added: Added, *, dry_run: bool) -> Iterator[str]:
    """What is unlikely of the new entries, in sentences: prices far from the mark, funding far above any usual rate."""
    instead = "correct it before it is recorded" if dry_run else "void the entry"
    for entry in added.new:
        event = entry.event
        if isinstance(event, Fill):
            unlikely = _price(event, portfolio)
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
    )


def _refuse_never_open(event: Funding, portfolio: Portfolio, journal: Journal) -> None:
    if event.contract not in portfolio.statement.positions and not any(_fills(journal.entries, event.contract)):
        raise Refused(
            f"{event.contract} was never open, by the statement or the journal, so it paid no funding; "
            "record its fill first, or correct --contract"
        )


def _price(event: Fill, portfolio: Portfolio) -> str | None:
    mark = _mark(event, portfolio)
    if mark is None or abs(event.price - mark) <= FAR_FROM_MARK * mark:
        return None
    way = "above" if event.price > mark else "below"
    away = rounded(100 * abs(event.price - mark) / mark, 0)
    return f"{event.contract}: the price of {plain(event.price)} is {away} % {way} the mark, {plain(mark)}"


def _funding(entry: Entry, event: Funding, portfolio: Portfolio, before: Journal) -> str | None:
    mark = _mark(event, portfolio)
    held = _held(entry, event, portfolio, before)
    if mark is None or held is None:
        return None
    contract, contracts = held
    value = contract.position_value(contracts, mark)
    if abs(event.amount) <= MUCH_FUNDING * value:
        return None
    share = rounded(100 * abs(event.amount) / value, 1)
    return (
        f"{event.contract}: funding of {plain(event.amount)} {event.settle} is {share} % of the position's value, "
        f"{rounded(value, 6).rstrip('0').rstrip('.')} {event.settle} for {plain(abs(contracts))} contracts"
    )


def _held(entry: Entry, event: Funding, portfolio: Portfolio, before: Journal) -> tuple[Contract, Fraction] | None:
    """What was open when funding was due, else the most that the journal knows of, since the position is closed."""
    earlier = (each for each in before.entries if each.time <= entry.time)
    open_then = reached(portfolio, earlier).positions.get(event.contract)
    if open_then is not None and open_then.contracts:
        return open_then.contract, open_then.contracts
    sizes = [(as_recorded(fill), abs(size)) for fill in _fills(before.entries, event.contract) for size in _sizes(fill)]
    return max(sizes, key=lambda each: each[1], default=None)


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
