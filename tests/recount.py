"""A book written down, and its figures counted from what is written alone: nothing here has seen the program.

Python's own fractions, one formula a function. Contracts with one rate or a few tiers by deduction; wallets a coin.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

STEP = Fraction(1, 10**8)
ONE = Fraction(1)
NEAR = Fraction(1, 10**14)


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
    """What is open on a contract, ``hedge`` of it as protection; ``margin`` of its own where it is isolated."""

    contracts: Fraction
    hedge: Fraction
    entry: Fraction
    margin: Fraction | None = None


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


def digits(figure: float, kept: int = 6) -> Fraction:
    return Fraction(Decimal(f"{figure:.{kept}g}"))


def plain(figure: Fraction) -> str:
    return f"{Decimal(figure.numerator) / Decimal(figure.denominator):f}"


def flow(entries: Mapping[str, object]) -> str:
    told = (f"{key}: {plain(value) if isinstance(value, Fraction) else value}" for key, value in entries.items())
    return "{" + ", ".join(told) + "}"


def contract(each: Future) -> str:
    tiers = [flow({"rate": rate} if bound is None else {"up_to": bound, "rate": rate}) for bound, rate in each.tiers]
    rules = {
        "price": "entry" if each.by_entry else "mark", "close_fee": str(each.close_fee).lower(), "tier_unit": "coin",
        "tiers": f"[{', '.join(tiers)}]",
    }  # fmt: skip
    return flow({
        "asset": each.asset, "kind": "inverse" if each.inverse else "linear", "multiplier": each.multiplier,
        "lot_size": each.lot, "min_contracts": each.least, "taker_fee": each.fee, "funding_interval": "8h",
        "maintenance": flow(rules),
    })  # fmt: skip


def shuffled(entries: Mapping[str, object], dice: random.Random | None) -> dict[str, object]:
    """In any order, with dice."""
    found = list(entries.items())
    if dice is not None:
        dice.shuffle(found)
    return dict(found)


def open_row(name: str, each: Open) -> str:
    told = {"contract": name, "contracts": each.contracts, "entry_price": each.entry, "hedge": each.hedge}
    return flow(told if each.margin is None else {**told, "margin": each.margin})


def sections(book: Written, dice: random.Random | None = None) -> dict[str, object]:
    """The file, but for what lies at its venue."""
    marks = {each.name: each.mark for each in book.futures.values()}
    rates = {each.name: each.funding for each in book.futures.values()}
    market = {
        "as_of": "2026-11-20T08:00:00Z", "prices": flow(shuffled({**book.prices, **marks}, dice)),
        "funding": flow(shuffled(rates, dice)),
    }  # fmt: skip
    policy = {
        "band": book.band, "leverage": book.leverage, "liquidation_distance": book.distance, "sizing": book.sizing,
    }  # fmt: skip
    return {
        "name": "Drawn", "as_of": "2026-11-20T08:00:00Z", "holdings": flow(shuffled(book.holdings, dice)),
        "targets": flow(shuffled(book.targets, dice)),
        "contracts": flow(shuffled({each.name: contract(each) for each in book.futures.values()}, dice)),
        "market": flow(shuffled(market, dice)), "policy": flow(shuffled(policy, dice)),
    }  # fmt: skip


def figure(said: str) -> Fraction:
    return Fraction(Decimal(said))


def agrees(said: str, counted: Fraction, within: Fraction = NEAR) -> bool:
    return abs(figure(said) - counted) <= within * max(ONE, abs(counted))


def owned(
    dice: random.Random, near: Mapping[str, float], *, most: int
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Prices near some, of at most so many coins, and what is held of each and of dollars."""
    prices = {
        asset: digits(near[asset] * dice.uniform(0.7, 1.3)) for asset in dice.sample([*near], dice.randint(1, most))
    }
    holdings = {asset: digits(dice.uniform(20000, 200000) / float(price)) for asset, price in prices.items()}
    return prices, {**holdings, "USDT": digits(dice.uniform(30000, 300000))}


def future(dice: random.Random, asset: str, price: Fraction, account: str = "") -> Future:
    """Of any kind and rules; ``account``: where it is, in front of its name."""
    inverse = dice.random() < 0.75
    lot = Fraction(dice.choice([1, 1, 5]))
    rates = sorted(dice.sample([Fraction(n, 1000) for n in (4, 5, 10, 15, 25, 50)], dice.choice([1, 2, 3])))
    bounds = sorted({digits(10 ** dice.uniform(3, 6) / float(price), 3) for _ in rates[1:]})
    multiplier = Fraction(dice.choice([1, 10, 100])) if inverse else digits(10 ** dice.randint(0, 2) / float(price), 1)
    return Future(
        name=f"{account}{asset}{'USD' if inverse else 'USDT'}", asset=asset, inverse=inverse, multiplier=multiplier,
        lot=lot, least=lot * dice.choice([1, 1, 4]), fee=Fraction(dice.choice([0, 5, 6, 75]), 10**5),
        tiers=(*zip(bounds, rates, strict=False), (None, rates[len(bounds)])), by_entry=dice.random() < 0.2,
        close_fee=dice.random() < 0.3, mark=price * digits(dice.choice([1, dice.uniform(0.99, 1.03)]), 4),
        funding=Fraction(dice.randint(-30, 30), 10**5),
    )  # fmt: skip


def weights(dice: random.Random, worth: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Near what is held, so that most plans are not refused."""
    wanted = {asset: float(value) * dice.uniform(0.6, 1.4) for asset, value in worth.items()}
    found = {asset: Fraction(int(1000 * value / sum(wanted.values())), 1000) for asset, value in wanted.items()}
    found["USD"] += 1 - sum(found.values())
    return found
