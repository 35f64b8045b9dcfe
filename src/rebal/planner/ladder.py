"""What to close first: orders as rungs, by what each position costs to hold and by the margin that closing it frees."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rebal.amounts import ZERO, Fraction, total
from rebal.book import Book
from rebal.frozen import frozen
from rebal.market.carry import DAYS_PER_YEAR, basis_usd_per_day, days_between, funding_usd_per_day
from rebal.market.margin import NEVER, Factors, liquidation
from rebal.plan import Order
from rebal.planner.collateral import accounts
from rebal.planner.desk import Desk
from rebal.planner.pooled import levels_of, nearest, pool_of
from rebal.planner.sequence import after_orders
from rebal.planner.step import step
from rebal.rung_lines import RungLine


@frozen
class Ladder:
    """Orders by rungs; ``rungs``: of which so many are closed, None for all."""

    rungs: int | None = None


def ranked(orders: Iterable[Order], desk: Desk) -> tuple[Order, ...]:
    """The orders that reduce before those that open, the dearest to hold first, then that which frees the most alone.

    What is not known to cost counts as nothing.
    """
    listed = {order.contract: order for order in orders}
    costs = {name: _Cost.of(order, desk).per_day or ZERO for name, order in listed.items()}
    shared = {cost for cost, count in Counter(costs.values()).items() if count > 1}

    def rank(order: Order) -> tuple[bool, Fraction, Fraction, str]:
        cost = costs[order.contract]
        # what an order frees alone takes long to tell in a large pool, and orders only those that cost the same: it is
        # told of each in the same coins
        alone = _usd(_freed(_Closed.of(order, desk).then(order), desk, ()), desk) if cost in shared else ZERO
        return not order.reduce_only, -cost, -alone, order.contract

    return tuple(sorted(listed.values(), key=rank))


def rung_lines(orders: Sequence[Order], desk: Desk) -> tuple[RungLine, ...]:
    """A rung an order, as they stand, each with what those above it have done already."""
    return tuple(_rungs(orders, desk))


def used_by(rungs: Iterable[RungLine]) -> dict[str, Fraction]:
    """Coins that rungs use of what is freed before the first of them."""
    left: dict[str, Fraction] = {}
    least: dict[str, Fraction] = {}
    for rung in rungs:
        for asset in {*rung.frees, *rung.uses}:
            left[asset] = left.get(asset, ZERO) + rung.frees.get(asset, ZERO) - rung.uses.get(asset, ZERO)
            least[asset] = min(least.get(asset, ZERO), left[asset])
    return {asset: -quantity for asset, quantity in sorted(least.items()) if quantity}


def _rungs(orders: Sequence[Order], desk: Desk) -> Iterator[RungLine]:
    closed, letting_go = dict[str, _Closed](), coins_of(orders)
    freed: dict[str, Mapping[str, Fraction]] = {}
    ends: dict[str, _End] = {}
    left: Mapping[str, Fraction] = {}
    saved: Fraction | None = ZERO
    freed_usd = ZERO
    for n, order in enumerate(orders, start=1):
        pot = desk.pot(desk.portfolio.contracts[order.contract])
        above = closed.get(pot) or _Closed.of(order, desk)
        so_far = closed[pot] = above.then(order)
        now = _freed(so_far, desk, letting_go)
        moved = _Moved.of(now, freed.get(pot, {}), left)
        freed[pot], left = now, moved.left
        cost, usd, uses_usd, brings_usd = (
            _Cost.of(order, desk), _usd(moved.frees, desk), _usd(moved.uses, desk), _usd(moved.brings, desk)
        )  # fmt: skip
        freed_usd += usd - uses_usd - brings_usd
        saved = None if saved is None or cost.per_day is None else saved + cost.per_day
        end = _end(order, so_far.after, desk)
        line = _line(n, order, cost=cost, end=end, before=ends.get(end.name) or _end(order, above.after, desk))
        ends[end.name] = end
        yield replace(line, frees=moved.frees, frees_usd=usd, uses=moved.uses, uses_usd=uses_usd, brings=moved.brings,
                      brings_usd=brings_usd, saved_usd_per_day=saved, freed_usd=freed_usd)  # fmt: skip


def _line(n: int, order: Order, *, cost: "_Cost", end: "_End", before: "_End") -> RungLine:
    return RungLine(
        n=n,
        index=n - 1,
        contract=order.contract,
        account=order.account,
        contracts=order.signed,
        notional=order.notional,
        funding_usd_per_day=cost.funding,
        basis_usd_per_day=cost.basis,
        cost_usd_per_day=cost.per_day,
        cost_per_year=None if cost.per_day is None else cost.per_day * DAYS_PER_YEAR / order.notional,
        frees={},
        frees_usd=ZERO,
        wallet=end.name,
        distance_before=before.distance,
        distance_after=end.distance,
        is_open_after=end.is_open,
        saved_usd_per_day=ZERO,
        freed_usd=ZERO,
        side_before=before.side,
        side_after=end.side,
    )


@frozen
class _Cost:
    """Dollars a day that what an order closes costs to hold; None where that is not known."""

    funding: Fraction | None
    basis: Fraction | None

    @property
    def per_day(self) -> Fraction | None:
        return None if self.funding is None or self.basis is None else self.funding + self.basis

    @classmethod
    def of(cls, order: Order, desk: Desk) -> "_Cost":
        portfolio, held = desk.portfolio, -order.signed
        contract, market = portfolio.contracts[order.contract], portfolio.market
        mark, rate = portfolio.mark_usd(contract), market.funding_rate(contract)
        funding = funding_usd_per_day(contract, held, price=mark, rate=rate)
        if contract.expiry is None:
            return cls(funding, ZERO)
        if contract.name not in market.marks:
            return cls(funding, None)
        days, index = days_between(desk.now, contract.expiry), portfolio.price(contract.asset)
        return cls(funding, basis_usd_per_day(contract, held, price=mark, index=index, days=days))


@frozen
class _Closed:
    """Orders of one pot, and its part of the book once each has filled on what the one before it left.

    What one leaves alone stays the same objects, with all that is known of them.
    """

    before: Book
    orders: tuple[Order, ...]
    after: Book
    desk: Desk

    @classmethod
    def of(cls, order: Order, desk: Desk) -> "_Closed":
        """The pot of an order before any is filled."""
        book = desk.pot_book(desk.pot(desk.portfolio.contracts[order.contract]))
        return cls(book, (), book, desk)

    def then(self, order: Order) -> "_Closed":
        """With an order more."""
        after = after_orders(self.after, [order], self.desk.portfolio)
        return _Closed(self.before, (*self.orders, order), after, self.desk)


def coins_of(orders: Iterable[Order]) -> tuple[str, ...]:
    """The coins that orders settle in, in their order: what each frees leaves in its own coin first."""
    return tuple(dict.fromkeys(order.fee_currency for order in orders))


def _freed(closed: _Closed, desk: Desk, letting_go: Sequence[str]) -> Mapping[str, Fraction]:
    """Coins that may leave once orders of one pot are filled; negative: that are to come."""
    done = step(desk.portfolio, closed.before, closed.orders, tops_up=False, known=closed.after, letting_go=letting_go)
    out: dict[str, Fraction] = {}
    for each in done.transfers:
        out[each.asset] = out.get(each.asset, ZERO) - each.quantity
    return out


@frozen
class _Moved:
    """What may leave beyond what might before; what of that has to stay after all, and what has to come besides.

    ``left``: what was freed so far and nothing has used.
    """

    frees: Mapping[str, Fraction]
    uses: Mapping[str, Fraction]
    brings: Mapping[str, Fraction]
    left: Mapping[str, Fraction]

    @classmethod
    def of(cls, now: Mapping[str, Fraction], before: Mapping[str, Fraction], left: Mapping[str, Fraction]) -> "_Moved":
        more = {asset: now.get(asset, ZERO) - before.get(asset, ZERO) for asset in sorted({*now, *before})}
        uses = {asset: min(-quantity, left.get(asset, ZERO)) for asset, quantity in more.items() if quantity < 0}
        return cls(
            {asset: quantity for asset, quantity in more.items() if quantity > 0},
            {asset: used for asset, used in uses.items() if used},
            {asset: -more[asset] - used for asset, used in uses.items() if used < -more[asset]},
            {**left, **{asset: max(ZERO, left.get(asset, ZERO) + quantity) for asset, quantity in more.items()}},
        )


def _usd(coins: Mapping[str, Fraction], desk: Desk) -> Fraction:
    return total(quantity * desk.portfolio.price(asset) for asset, quantity in coins.items())


@frozen
class _End:
    """What margins an order's contract: its name, where it ends, as factors, and whether anything is open."""

    name: str
    ends: Factors
    is_open: bool

    @property
    def distance(self) -> Fraction | None:
        """To the nearer end; None where there is none."""
        return self.ends.distance

    @property
    def side(self) -> str | None:
        """Whether the nearer end is below or above today's prices."""
        if self.distance is None:
            return None
        return "below" if self.ends.below is not None and 1 - self.ends.below == self.distance else "above"


def _end(order: Order, left: Book, desk: Desk) -> _End:
    """How what margins an order's contract stands in what is left of its pot, and nothing is moved."""
    portfolio = desk.portfolio
    contract = portfolio.contracts[order.contract]
    account = portfolio.account(contract.account)
    if account.pooling is not None:
        pool = pool_of(account, left, portfolio)
        level = nearest(levels_of(pool, portfolio))
        ends = NEVER if level is None else Factors(level.below, level.above)
        return _End(account.name or "", ends, bool(pool.positions))
    isolated = desk.book.positions[order.contract].margin is not None
    name = order.contract if isolated else contract.wallet
    return _of_wallet(name, left, desk)


def _of_wallet(name: str, book: Book, desk: Desk) -> _End:
    listed = accounts(book, book, (), portfolio=desk.portfolio)
    found = next((each for each in listed if each.name == name and each.held_after), None)
    if found is None:
        return _End(name, NEVER, is_open=False)
    return _End(name, liquidation(found.balance, found.held_after), is_open=True)
