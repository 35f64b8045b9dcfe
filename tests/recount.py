"""A book written down, and its figures counted from what is written alone: nothing here has seen the program.

Python's own fractions, one formula a function. Contracts with one rate or a few tiers by deduction; wallets a coin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

STEP = Fraction(1, 10**8)
ONE = Fraction(1)


@dataclass(frozen=True)
class Future:
    """A contract: ``tiers`` as (up to, rate), the last without a bound; ``funding`` an interval of eight hours."""

    name: str
    asset: str
    inverse: bool
    multiplier: Fraction
    lot: Fraction
    least: Fraction
    fee: Fraction
    tiers: tuple[tuple[Fraction | None, Fraction], ...]
    by_entry: bool
    close_fee: bool
    mark: Fraction
    funding: Fraction

    @property
    def settle(self) -> str:
        return self.asset if self.inverse else "USDT"

    def value(self, contracts: Fraction, price: Fraction) -> Fraction:
        """In the currency that it settles in."""
        size = abs(contracts) * self.multiplier
        return size / price if self.inverse else size * price

    def pnl(self, contracts: Fraction, entry: Fraction, price: Fraction) -> Fraction:
        size = contracts * self.multiplier
        return size * (1 / entry - 1 / price) if self.inverse else size * (price - entry)

    def dollars(self, contracts: Fraction) -> Fraction:
        return contracts * self.multiplier * (ONE if self.inverse else self.mark)

    def maintenance(self, contracts: Fraction, entry: Fraction, price: Fraction) -> Fraction:
        """Tiers in coins: each coin at the rate of the tier that it lies in, which is what the deduction comes to."""
        at = entry if self.by_entry else price
        coins = self.value(contracts, at) if self.inverse else abs(contracts) * self.multiplier
        asked, floor = Fraction(0), Fraction(0)
        for up_to, rate in self.tiers:
            top = coins if up_to is None else min(coins, up_to)
            asked += max(Fraction(0), top - floor) * rate
            floor = top if up_to is None else up_to
        closing = self.value(contracts, at) * self.fee if self.close_fee else Fraction(0)
        return asked * (ONE if self.inverse else at) + closing


@dataclass(frozen=True)
class Open:
    """What is open on a contract, ``hedge`` of it as protection."""

    contracts: Fraction
    hedge: Fraction
    entry: Fraction


@dataclass(frozen=True)
class Written:
    """A portfolio file: dollars are USDT, every price of a coin is its index."""

    holdings: Mapping[str, Fraction]
    targets: Mapping[str, Fraction]
    prices: Mapping[str, Fraction]
    futures: Mapping[str, Future]
    wallets: Mapping[str, Fraction]
    positions: Mapping[str, Open]
    band: Fraction
    leverage: Fraction
    distance: Fraction
    sizing: str
    policy: Mapping[str, str] = field(default_factory=dict)

    def price(self, asset: str) -> Fraction:
        return self.prices.get(asset, ONE)

    def weight_of(self, future: Future, contracts: Fraction) -> Fraction:
        """Dollars of exposure: a futures dollar for a spot dollar, or a coin for a coin."""
        index = self.price(future.asset)
        if self.sizing == "notional":
            return future.dollars(contracts)
        return contracts * future.multiplier * (index / future.mark if future.inverse else index)

    def exposures(self, coins: Mapping[str, Fraction], positions: Mapping[str, Open]) -> dict[str, Fraction]:
        """By asset, hedges left out; what is left of equity is the dollars' row, and equity is the sum of all."""
        owned = dict(coins)
        for name, each in positions.items():
            future = self.futures[name]
            gained = future.pnl(each.contracts, each.entry, future.mark)
            owned[future.settle] = owned.get(future.settle, Fraction(0)) + gained
        equity = sum((quantity * self.price(asset) for asset, quantity in owned.items()), Fraction(0))
        found = {asset: owned.get(asset, Fraction(0)) * self.price(asset) for asset in self.prices}
        for name, each in positions.items():
            future = self.futures[name]
            found[future.asset] += self.weight_of(future, each.contracts - each.hedge)
        return {**found, "USD": equity - sum(found.values(), Fraction(0))}

    def margined_in(self, currency: str, positions: Mapping[str, Open]) -> list[tuple[Future, Open]]:
        return [(self.futures[name], each) for name, each in positions.items() if self.futures[name].settle == currency]

    def spare(self, rows: list[tuple[Future, Open]], balance: Fraction, factor: Fraction) -> Fraction:
        """Margin balance over maintenance, all marks times a factor."""
        left = balance
        for future, each in rows:
            price = future.mark * factor
            left += future.pnl(each.contracts, each.entry, price)
            left -= future.maintenance(each.contracts, each.entry, price)
        return left

    def required(self, rows: list[tuple[Future, Open]]) -> Fraction:
        """The balance that the policy asks for: its leverage today, and maintenance at its distance either way."""
        value = sum((future.value(each.contracts, future.mark) for future, each in rows), Fraction(0))
        gained = sum((future.pnl(each.contracts, each.entry, future.mark) for future, each in rows), Fraction(0))
        ends = [-self.spare(rows, Fraction(0), ONE + way * self.distance) for way in (-1, 1)]
        return max(Fraction(0), value / self.leverage - gained, *ends)


def up(coins: Fraction) -> Fraction:
    return -(-coins // STEP) * STEP


def toward_zero(size: Fraction, lot: Fraction) -> Fraction:
    whole = abs(size) // lot * lot
    return whole if size > 0 else -whole
