"""What the planner is told at each bar of a course: the portfolio with that bar's prices, marks and contracts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from rebal import venues
from rebal.amounts import ONE, Fraction
from rebal.market.contract import Contract, Kind
from rebal.names import within
from rebal.portfolio import Account, Market, Portfolio
from rebal.replay.course import Course, moment

_KEPT = 8


class Quotes:
    """A portfolio along a course.

    A contract without a track of its own is marked at its coin's price and the basis that the portfolio states; that of
    a dated one shrinks with the days that are left. Dated contracts of the catalogue are those that its calendar lists
    at the time, with the figures that its exchange prints of such contracts where that was asked; everything else
    stands as the file has it.
    """

    def __init__(self, portfolio: Portfolio, course: Course) -> None:
        open_now = {name: each.contract for name, each in portfolio.statement.positions.items()}
        self.portfolio = portfolio = replace(portfolio, contracts={**open_now, **portfolio.contracts})
        self.course = course
        self._coins = tuple(name for name in course.tracks if name not in portfolio.contracts)
        self._marked = tuple(name for name in course.tracks if name in portfolio.contracts)
        self._basis = dict(_stated_basis(portfolio, self._marked))
        self._standing = {n: each for n, each in portfolio.contracts.items() if each.expiry is None or each.own}
        self._listed: tuple[datetime, Mapping[str, Contract]] | None = None
        self._seen: dict[int, Portfolio] = {}

    @property
    def last(self) -> int:
        """The last bar."""
        return self.course.count - 1

    def time(self, n: int) -> datetime:
        """When bar n ends."""
        return moment(self.course.ends(n))

    def at(self, n: int) -> Portfolio:
        """The portfolio at the end of bar n."""
        known = self._seen.get(n)
        if known is None:
            if len(self._seen) >= _KEPT:
                self._seen.clear()
            time = self.time(n)
            prices = {**self.portfolio.market.prices, **{name: self.course.close(name, n) for name in self._coins}}
            marks = {name: self.course.close(name, n) for name in self._marked}
            for name, contract in self._basis.items():
                marks[name] = prices[contract.asset] * self.ratio(contract, n)
            market = Market(time, prices, marks, {})
            self._seen[n] = known = replace(self.portfolio, market=market, contracts=self._contracts(time))
        return known

    def moved(self, n: int, factors: Mapping[str, Fraction]) -> Portfolio:
        """The portfolio at the end of bar n, with some coins and all marks on them multiplied by a factor each."""
        then = self.at(n)
        prices = {asset: price * factors.get(asset, ONE) for asset, price in then.market.prices.items()}
        marks = {
            name: mark * factors.get(then.contracts[name].asset, ONE)
            for name, mark in then.market.marks.items()
            if name in then.contracts
        }
        return replace(then, market=replace(then.market, prices=prices, marks=marks))

    def is_marked(self, contract: Contract) -> bool:
        """Whether a contract's mark may move otherwise than its coin's price."""
        return contract.name in self._marked or (contract.name in self._basis and contract.expiry is not None)

    def ratio(self, contract: Contract, n: int) -> Fraction:
        """The mark over the index of a contract that has no track: one and its basis."""
        stated = self._basis.get(contract.name)
        if stated is None:
            return ONE
        market = self.portfolio.market
        basis = market.marks[contract.name] / market.prices[contract.asset] - 1
        if contract.expiry is None or market.as_of is None:
            return ONE + basis
        left, then = contract.expiry - self.time(n), contract.expiry - market.as_of
        seconds = max(0, int(left.total_seconds()))
        return ONE + basis * Fraction(seconds, int(then.total_seconds())) if then.total_seconds() > 0 else ONE

    def reach(self, contract: Contract, n: int) -> tuple[Fraction, Fraction]:
        """The lowest and highest of bar n over what the contract's mark was at the end of the bar before."""
        name = contract.name if contract.name in self._marked else contract.asset
        if name not in self.course.tracks:
            return ONE, ONE
        before = self.course.close(name, n - 1)
        return self.course.low(name, n) / before, self.course.high(name, n) / before

    def _contracts(self, time: datetime) -> Mapping[str, Contract]:
        if not any(account.venue for account in self.portfolio.accounts):
            return self.portfolio.contracts
        if self._listed is None or self._listed[0] <= time:
            self._listed = _listed(self._standing, self.portfolio, time)
        return self._listed[1]


def _as_printed(rule: Contract, account: Account, portfolio: Portfolio) -> Iterator[Contract]:
    """A contract of the calendar with the figures of the dated one that its exchange lists, where that was asked.

    None where it lists none on that coin: then none is traded, as in a plan.
    """
    if account.venue not in portfolio.asked or rule.kind is not Kind.INVERSE:
        yield rule
        return
    key = portfolio.at(account.name)
    live = [
        each
        for each in portfolio.contracts.values()
        if (each.asset, each.kind, each.account) == (rule.asset, rule.kind, key)
        and each.expiry is not None
        and not each.own
    ]
    for each in sorted(live, key=lambda each: (each.expiry or rule.expiry, each.name))[:1]:
        yield replace(each, name=rule.name, expiry=rule.expiry)


def _stated_basis(portfolio: Portfolio, marked: tuple[str, ...]) -> Mapping[str, Contract]:
    market = portfolio.market
    return {
        name: portfolio.contracts[name]
        for name, mark in market.marks.items()
        if name in portfolio.contracts and name not in marked and mark != market.prices[portfolio.contracts[name].asset]
    }


def _listed(
    standing: Mapping[str, Contract], portfolio: Portfolio, time: datetime
) -> tuple[datetime, Mapping[str, Contract]]:
    """What can be traded at a time, and until when that stays so: to the first expiry among the dated."""
    assets = sorted({each.asset for each in portfolio.contracts.values()})
    settles = {each.settle for each in portfolio.contracts.values()}
    by_rule = [
        (account, each)
        for account in portfolio.accounts
        if account.venue is not None
        for asset in assets
        for each in venues.venue(account.venue).serving(asset, time)
        if each.expiry is not None and each.settle in settles
    ]
    found = [(account, each) for account, rule in by_rule for each in _as_printed(rule, account, portfolio)]
    told = Counter(each.name for _, each in found)
    named = [
        _at(account, each, shared=told[each.name] > 1, standing=standing) if portfolio.has_several else each
        for account, each in found
    ]
    dated = {each.name: each for each in named if each.name not in standing}
    expiries = [each.expiry for each in dated.values() if each.expiry is not None]
    return min(expiries, default=datetime.max.replace(tzinfo=UTC)), {**dated, **standing}


def _at(account: Account, contract: Contract, *, shared: bool, standing: Mapping[str, Contract]) -> Contract:
    """A contract at one of several accounts: under its account's name too, where another has one of its name."""
    qualified = within(account.name, contract.name)
    name = qualified if shared or qualified in standing else contract.name
    return replace(contract, name=name, account=account.name or "")
