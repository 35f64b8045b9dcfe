"""What a plan was made from, held against what is there now."""

from collections.abc import Iterator

from rebal.amounts import ZERO, Fraction, plain
from rebal.book import Book
from rebal.errors import Refused
from rebal.journal.fold import fold
from rebal.journal.saved import SavedOrder, SavedPlan
from rebal.ledger import Difference, Entry, Journal, Stated, Void
from rebal.market.contract import Contract, Kind
from rebal.portfolio import Portfolio
from rebal.times import rfc3339

_MOST_NAMED = 5


def refuse_moved(plan: SavedPlan, portfolio: Portfolio, journal: Journal) -> None:
    """Raise Refused, naming what moved, unless statement, journal and contracts are those that the plan was made from.

    Entries that the plan itself has in the journal are no change, nor are voids of those.
    """
    moved = [*_moved_statement(plan, portfolio, journal), *_moved_journal(plan, journal)]
    for order in plan.orders:
        moved += _moved_contract(order, portfolio.contracts.get(order.contract))
    if moved:
        named = "; ".join(moved[:_MOST_NAMED])
        more = f"; and {len(moved) - _MOST_NAMED} more" if len(moved) > _MOST_NAMED else ""
        raise Refused(f"{plan.source}: no longer what the plan was made from: {named}{more}. Plan again")


def _moved_statement(plan: SavedPlan, portfolio: Portfolio, journal: Journal) -> Iterator[str]:
    if portfolio.statement_sha256 == plan.statement_sha256:
        return
    found = list(_differences(plan, portfolio, fold(portfolio, journal.entries[: plan.journal_seq]).book))
    yield from found or ["the statement (wallets, entry prices, lots of positions, or contracts)"]


def _differences(plan: SavedPlan, portfolio: Portfolio, book: Book) -> Iterator[str]:
    if portfolio.venue != plan.venue:
        yield f"venue was {plan.venue}, is {portfolio.venue}"
    if portfolio.as_of != plan.as_of:
        was, now = (rfc3339(time) if time else "not given" for time in (plan.as_of, portfolio.as_of))
        yield f"as_of was {was}, is {now}"
    for asset, was_held in plan.holdings.items():
        held = book.holdings.get(asset)
        if held is not None and plain(held) != plain(was_held):
            yield f"holdings.{asset} was {plain(was_held)}, is {plain(held)}"
    open_now = {name: position.contracts for name, position in book.positions.items()}
    for name in sorted({*open_now, *plan.contracts_before}):
        planned, there = plan.contracts_before.get(name, ZERO), open_now.get(name, ZERO)
        if planned != there:
            yield f"the position in {name} was {plain(planned)}, is {plain(there)}"


def _moved_journal(plan: SavedPlan, journal: Journal) -> Iterator[str]:
    if journal.seq < plan.journal_seq:
        yield f"the journal had {plan.journal_seq} entries, has {journal.seq}"
        return
    if plan.journal_seq and journal.entries[plan.journal_seq - 1].hash != plan.journal_head:
        yield f"the journal is another one: its entry {plan.journal_seq} differs"
        return
    others = [entry for entry in journal.entries[plan.journal_seq :] if not _of_this(plan, entry, journal)]
    for entry in others:
        yield f"the journal has a {entry.type} since, {entry.id}"


def _of_this(plan: SavedPlan, entry: Entry, journal: Journal) -> bool:
    """Whether an entry is a part of the plan, takes one back, or only tells of the statement, which is compared."""
    if not isinstance(entry.event, Void):
        return entry.plan == plan.digest or isinstance(entry.event, (Stated, Difference))
    voided = entry.event.voids
    return any(other.id == voided and _of_this(plan, other, journal) for other in journal.entries)


def _moved_contract(order: SavedOrder, contract: Contract | None) -> Iterator[str]:
    name = order.contract
    if contract is None:
        yield f"{name} is no contract any more"
        return
    size, measured = _size(order, contract)
    now = {
        "asset": contract.asset,
        "kind": contract.kind.value,
        "settlement coin": contract.settle,
        measured: plain(size),
        "taker fee": plain(contract.fee(order.contracts, order.price, contract.taker_fee)),
    }
    then = {
        "asset": order.asset,
        "kind": order.kind,
        "settlement coin": order.fee_currency,
        measured: plain(order.size),
        "taker fee": plain(order.fee),
    }
    for figure, was in then.items():
        if now[figure] != was:
            yield f"the {figure} of the order in {name} was {was}, would be {now[figure]}"
    if order.contracts % contract.lot_size:
        yield f"{plain(abs(order.contracts))} {name} are no whole lots of {plain(contract.lot_size)}"


def _size(order: SavedOrder, contract: Contract) -> tuple[Fraction, str]:
    """What the contract makes of an order's size, and how it is called; dollars of a linear one need a price too."""
    if contract.kind is Kind.LINEAR:
        return contract.coins(order.contracts, order.price), "size in coins"
    return contract.notional(order.contracts, order.price), "notional"
