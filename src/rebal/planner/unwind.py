"""Close what is open: the orders, what they realise, and whether spot has taken over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import ONE, ZERO, Fraction, toward_zero, up
from rebal.book import Book, Purpose
from rebal.findings import Code, Figure, Finding, coins, error, info, percent, usd
from rebal.ledger import Carried
from rebal.names import listed
from rebal.plan import Inputs, Order, Plan, PnlLine
from rebal.planner.build import answer
from rebal.planner.candidates import route_of, tradable
from rebal.planner.cover import still_asked
from rebal.planner.desk import Desk
from rebal.planner.exposure import stood_for
from rebal.planner.ladder import Ladder as Ladder
from rebal.planner.ladder import coins_of, ranked, rung_lines, used_by
from rebal.planner.orders import close_orders, too_small
from rebal.planner.rebalance import Decided, off_target, outside_band
from rebal.planner.review import Check, Review
from rebal.planner.sequence import after_orders, realised_by
from rebal.planner.sizing import Leg
from rebal.planner.step import Outcome, step
from rebal.planner.targets import leg
from rebal.portfolio import Portfolio
from rebal.rung_lines import RungLine

_SHARE_STEP = Fraction(1, 10**8)


def build_unwind(
    portfolio: Portfolio,
    book: Book,
    *,
    inputs: Inputs,
    assets: frozenset[str] | None = None,
    share: Fraction = ONE,
    purpose: Purpose | None = None,
    force: bool = False,
    carried: Mapping[str, Carried] | None = None,
    ladder: Ladder | None = None,
    extra: Iterable[Check] = (),
) -> Plan:
    """Plan the closing of open positions, all of them or some assets', by a share of what is open now.

    Refused, unless ``force``, where rebalance positions are closed and spot does not match the targets: a weight would
    be outside its band. ``carried``: fees and funding of what is open, by contract, out of the journal. ``ladder``: the
    orders by rungs, what costs most to hold first.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    legs = tuple(_closing(desk, assets=assets, share=share, purpose=purpose))
    orders = close_orders(legs, book=book, portfolio=portfolio)
    every, rungs = orders, tuple[RungLine, ...]()
    if ladder is not None:
        every = ranked(orders, desk)
        orders, rungs = every[: ladder.rungs], rung_lines(every, desk)
        closed = {order.contract for order in orders}
        legs = tuple(each for each in legs if each.contract.name in closed)
    done = step(desk.portfolio, book, orders, tops_up=False, letting_go=coins_of(every))
    if ladder is not None:
        done = replace(done, orders=orders)  # one a contract, each on a net of its own: the book is the same
    matches = _spot_matches(legs, desk, done)
    unmatched = () if matches is not False or force else (_refuse_unmatched,)
    checks = (*extra, _offers(legs), _used_below(rungs[len(orders) :]), *unmatched)
    decided = Decided(orders, (), outside_band(desk))
    asked = still_asked(book, done.book)
    plan = answer("unwind", desk, decided=decided, done=done, inputs=inputs, hedges=asked, extra=checks)
    pnl = _pnl(plan, desk, carried or {})
    first = None if ladder is None or plan.refused else _first_rungs(orders, desk, force=force)
    return replace(plan, pnl=pnl, spot_matches=matches, ladder=rungs[: len(orders)], first_rungs=first)


def _closing(desk: Desk, *, assets: frozenset[str] | None, share: Fraction, purpose: Purpose | None) -> Iterator[Leg]:
    for position in desk.book.positions.values():
        contract = position.contract
        if not tradable(contract, now=desk.now):
            continue
        for part in position.parts:
            named = assets is None or part.stands_for in assets
            contracts = -part.contracts if share == ONE else -toward_zero(part.contracts * share, contract.lot_size)
            if named and contracts and purpose in (None, part.purpose):
                yield Leg(contract, contracts, route_of(part.stands_for, contract), part.purpose, part.stands_for)


def _spot_matches(legs: Sequence[Leg], desk: Desk, done: Outcome) -> bool | None:
    """Whether every weight is inside its band once the rebalance positions are closed; None where none is."""
    if desk.portfolio.targets is None or not any(each.purpose is Purpose.REBALANCE for each in legs):
        return None
    return not off_target(_closed(desk, done.book))


def _closed(desk: Desk, left: Book) -> Desk:
    return Desk.of(desk.portfolio, left, now=desk.now)


def _first_rungs(orders: Sequence[Order], desk: Desk, *, force: bool) -> int:
    """How many rungs may be closed alone: one, or twice as many as long as spot matches none of them."""
    rungs = 1
    while rungs < len(orders) and not force and _leaves_off(orders[:rungs], desk):
        rungs *= 2
    return min(rungs, len(orders))


def _leaves_off(orders: Sequence[Order], desk: Desk) -> frozenset[str]:
    """The weights that are outside their bands once orders that close rebalance positions are filled."""
    if not any(part.purpose is Purpose.REBALANCE for order in orders for part in order.parts):
        return frozenset()
    return off_target(_closed(desk, after_orders(desk.book, orders, desk.portfolio)))


def _refuse_unmatched(review: Review) -> Iterator[Finding]:
    portfolio = review.desk.portfolio
    later = _closed(review.desk, review.done.book)
    for asset in sorted(off_target(later)):
        weight, wanted = later.valued.weight(asset), (portfolio.targets or {}).get(asset, ZERO)
        if weight is not None:
            message = (
                f"spot does not match its target yet: closing leaves {percent(weight)} against {percent(wanted)}; "
                "trade the spot first and record it"
            )
            yield error(Code.SPOT_DIFFERS, asset, message, weight_after=weight, target_weight=wanted)


def _offers(legs: Sequence[Leg]) -> Check:
    """The check that names the share of a rebalance that spot has made needless."""

    def check(review: Review) -> Iterator[Finding]:
        desk = review.desk
        if desk.portfolio.targets is None:
            return
        for asset in sorted({each.stands_for for each in legs if each.purpose is Purpose.REBALANCE}):
            open_now = _open_usd(asset, desk)
            needed = open_now + leg(asset, desk.valued, desk.portfolio)
            spent = ONE - needed / open_now if open_now else ZERO
            share = up(spent, _SHARE_STEP)  # what it closes is whole lots, rounded down again
            closing = tuple(_closing(desk, assets=frozenset({asset}), share=share, purpose=Purpose.REBALANCE))
            if 0 < spent < 1 and any(too_small([each], desk.book, desk.portfolio) is None for each in closing):
                orders = close_orders(closing, book=desk.book, portfolio=desk.portfolio)
                others = tuple(sorted(_leaves_off(orders, desk)))
                message = f"{usd(abs(open_now - needed))} of its {usd(abs(open_now))} are no longer needed"
                if others:
                    message += f", though {listed(others)} {'is' if len(others) == 1 else 'are'} off target still"
                data: dict[str, Figure] = {
                    "spent_usd": abs(open_now - needed),
                    "open_usd": abs(open_now),
                    "share": share,
                }
                data |= {"unmatched": others} if others else {}
                yield info(Code.NEEDLESS, asset, message, **data)

    return check


def _used_below(rungs: Sequence[RungLine]) -> Check:
    """The check that names the coins that rungs left for later would use, of what is freed by now."""

    def check(_: Review) -> Iterator[Finding]:
        for asset, quantity in used_by(rungs).items():
            message = (
                f"the rungs that are left would use {coins(quantity, asset)} of what is free by now: leave it, to go on"
            )
            yield info(Code.RUNGS_LEFT, asset, message, used_coins=quantity)

    return check


def _open_usd(asset: str, desk: Desk) -> Fraction:
    parts = ((part, position.contract) for position in desk.positions_for.get(asset, ()) for part in position.parts)
    return sum(
        (
            stood_for(part, contract, desk.portfolio)
            for part, contract in parts
            if part.purpose is Purpose.REBALANCE and part.stands_for == asset
        ),
        ZERO,
    )


def _pnl(plan: Plan, desk: Desk, carried: Mapping[str, Carried]) -> tuple[PnlLine, ...]:
    ordered = sorted(plan.orders, key=lambda order: order.contract)
    return tuple(_pnl_line(order, desk, carried.get(order.contract)) for order in ordered)


def _pnl_line(order: Order, desk: Desk, open_so_far: Carried | None) -> PnlLine:
    contract = desk.book.positions[order.contract].contract
    rate = desk.portfolio.price(contract.settle)
    coin = realised_by(order, desk.book, contract)
    told = open_so_far.share(_share_closed(order, desk)) if open_so_far else Carried(order.contract, ZERO, ZERO)
    fees, funding = order.fee + told.fees_coin, told.funding_coin
    return PnlLine(order.contract, coin, coin * rate, fees, funding, (coin - fees + funding) * rate, contract.settle)


def _share_closed(order: Order, desk: Desk) -> Fraction:
    """The share of the net position that an order closes."""
    held = desk.book.positions[order.contract].contracts
    return min(ONE, -order.signed / held) if held * order.signed < 0 else ZERO
