"""Single fills of the side that hardly can be meant: asked about where somebody is there to answer, else only said."""

from collections.abc import Iterator

from rebal.amounts import Fraction, plain
from rebal.book import Book, Purpose, apply
from rebal.findings import percent
from rebal.journal.adding import Added
from rebal.journal.fold import dated, reached, to_book
from rebal.journal.unfilled import unfilled
from rebal.ledger import Fill
from rebal.market.contract import Contract
from rebal.planner.exposure import value
from rebal.planner.targets import target
from rebal.portfolio import Portfolio


def wrong_sides(portfolio: Portfolio, added: Added) -> Iterator[str]:
    """What is doubtful about the side of new fills that no plan tells of, in sentences.

    A fill against an order of a recorded plan that waits for the other side, and one that takes a weight that is
    outside its band further out.
    """
    waiting = unfilled(added.before.entries, as_of=portfolio.as_of)
    for entry in added.new:
        event = entry.event
        if not isinstance(event, Fill) or entry.plan is not None or entry.time <= dated(portfolio):
            continue
        against = [each for each in waiting if each.contract == event.contract and each.contracts * event.contracts < 0]
        if against:
            yield (
                f"{event.contract}: {plain(event.contracts)} contracts, and a recorded plan waits for "
                f"{plain(against[-1].contracts)}; sold is negative"
            )
            continue
        contract = portfolio.contracts.get(event.contract)
        if contract is not None and portfolio.targets is not None:
            met = reached(portfolio, (each for each in added.before.entries if each.time <= entry.time))
            yield from _astray(event, contract, portfolio=portfolio, met=met)


def _astray(event: Fill, contract: Contract, *, portfolio: Portfolio, met: Book) -> Iterator[str]:
    """A fill for rebalance that widens the drift of a weight outside its band, by the file's prices."""
    left = apply(met, (to_book(event, contract),)).book
    before, after = value(portfolio, met), value(portfolio, left)
    for asset in sorted({part.stands_for for part in event.parts if part.purpose is Purpose.REBALANCE}):
        was, is_now = before.weight(asset), after.weight(asset)
        if was is None or is_now is None or asset in portfolio.aside:
            continue
        wanted = target(asset, portfolio)
        drift, later = was - wanted, is_now - wanted
        if abs(drift) > portfolio.policy.band.width(wanted) and drift * (later - drift) > 0:
            yield (
                f"{event.contract}: {plain(event.contracts)} contracts take {asset} from {_points(drift)} to "
                f"{_points(later)} points {'over' if drift > 0 else 'under'} its weight; sold is negative"
            )


def _points(drift: Fraction) -> str:
    return percent(abs(drift)).removesuffix(" %")
