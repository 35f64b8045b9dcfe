"""What the planner is told, fully resolved: the statement, the wishes and the market."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from rebal.amounts import ONE, Fraction
from rebal.book import Book, MarginMode
from rebal.frozen import Worked, frozen, once
from rebal.market.contract import INVERSE, LINEAR, Contract
from rebal.market.pooled import Collateral, Rules
from rebal.names import within
from rebal.policy import Policy
from rebal.times import Duration
from rebal.withdrawal import NOT_SAID, Withdrawal

DOLLARS = "USD"
"""The one row in which every asset that counts as dollars stands."""


class LotMethod(StrEnum):
    """Which tax lots a sale takes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"


@frozen
class Lot:
    """A tax lot: coins, what each cost in USD, and when they were acquired."""

    quantity: Fraction
    cost: Fraction
    acquired: datetime


@frozen
class Holding:
    """Coins owned, posted as margin or not."""

    asset: str
    quantity: Fraction
    lots: tuple[Lot, ...] = ()


@frozen
class FundingRate:
    """Funding per interval, as one rate or as low, base and high; positive: longs pay shorts."""

    low: Fraction
    base: Fraction
    high: Fraction


class Doubt(StrEnum):
    """What may be wrong with a figure that an exchange gave, or did not give."""

    UNPRICED = "unpriced"
    STALE = "stale"
    CROSSED = "crossed"
    ONE_SIDED = "one-sided"
    SKEWED = "skewed"
    UNDATED = "undated"
    IN_TETHER = "in-tether"


@frozen
class Doubtful:
    """A figure that is in doubt: a coin's, a contract's, or all of a source's; ``figures`` say by what."""

    subject: str
    doubt: Doubt
    source: str
    figures: Mapping[str, Fraction]


@frozen
class Market:
    """Prices and funding at one time. ``prices``: coins at spot or index; ``marks``: contracts at their own mark.

    ``intervals``: hours between fundings and ``next_funding``: when the next is due, of contracts whose exchange said
    so. ``sources``: where prices and marks came from, by name, those that were typed aside.
    """

    as_of: datetime | None
    prices: Mapping[str, Fraction]
    marks: Mapping[str, Fraction]
    funding: Mapping[str, FundingRate]
    intervals: Mapping[str, Fraction] = field(default_factory=dict)
    next_funding: Mapping[str, datetime] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Doubtful, ...] = ()

    def mark(self, contract: Contract) -> Fraction:
        """The mark of a contract; its asset's price where it has none of its own."""
        return self.marks.get(contract.name) or self.prices[contract.asset]

    def funding_rate(self, contract: Contract) -> Fraction | None:
        """The base funding rate of a contract, None where none is known."""
        known = self.funding.get(contract.name)
        return None if known is None else known.base


@frozen
class Proxy:
    """What an asset without a contract is hedged through, and how many dollars of it one dollar of the asset needs."""

    asset: str
    via: str
    beta: Fraction


@frozen
class Costs:
    """What a spot trade costs, as fractions; None where it was not given."""

    spot_fee: Fraction | None = None
    slippage: Fraction | None = None


@frozen
class Tax:
    """How gains are taxed. ``long_after``: a count of calendar years, or a length of days."""

    method: LotMethod
    short_term: Fraction
    long_term: Fraction
    long_after: Duration


@frozen
class Pooling:
    """How a pooled account is judged, and what coins count there.

    ``mode``: what the venue calls it. ``otherwise``: how a coin counts that ``collateral`` does not name, which is
    assumed; of the coins ``assumed`` it is so too, or only second-hand; ``debts_assumed``: so are the rates on what is
    borrowed.
    """

    mode: str
    rules: Rules
    collateral: Mapping[str, Collateral]
    otherwise: Collateral
    assumed: frozenset[str] = frozenset()
    debts_assumed: bool = True

    def of(self, coin: str) -> Collateral:
        """How a coin counts."""
        return self.collateral.get(coin, self.otherwise)

    def is_assumed(self, coin: str) -> bool:
        """Whether the venue itself was not seen to publish how a coin counts."""
        return coin in self.assumed or coin not in self.collateral


@frozen
class Account:
    """An account at a venue; ``name``: None where the file names no venue.

    ``at_most``: the share of equity that may sit there, and ``most_usd`` what that is once equity is known; None where
    all of it may. ``pooling``: of a pooled account. ``in_short``: the file names its venue alone. ``withdrawal``: how
    long coins take from here to another account; ``withdrawal_assumed``: nobody said. ``withdrawals``: the same and
    more of single coins.
    """

    name: str | None
    venue: str | None
    margin_mode: MarginMode
    at_most: Fraction = ONE
    pooling: Pooling | None = None
    most_usd: Fraction | None = None
    in_short: bool = False
    withdrawal: timedelta = timedelta(hours=1)
    withdrawal_assumed: bool = True
    withdrawals: Mapping[str, Withdrawal] = field(default_factory=dict)

    def sends(self, asset: str) -> Withdrawal:
        """What is said of sending a coin from here to another account."""
        return self.withdrawals.get(asset, NOT_SAID)

    def takes(self, asset: str) -> timedelta:
        """How long a coin takes from here."""
        said = self.sends(asset).takes
        return self.withdrawal if said is None else said


@frozen
class Portfolio(Worked):
    """A portfolio file, resolved.

    ``targets``: weights by asset, cash targets together under ``USD``; None where the file has none. ``contracts``:
    every contract that may matter, by name, the user's own and the catalogue's. ``cash``: assets that count as
    dollars. ``statement_sha256``: over what the statement says, not over prices, policy, comments or order.
    ``incomplete``: by asset the listed contracts that nothing can be planned on, each with the key that is missing.
    ``told_accounts``: in the order of the file, none of one that names a venue in short. ``asked``: by venue, when its
    exchange printed what is known of its contracts; those that are not there are as shipped. ``prices_from``: the spot
    exchanges that are asked, in this order, for coins that no venue of its own prices. ``file``: as messages name it.
    """

    name: str
    venue: str | None
    as_of: datetime | None
    holdings: Mapping[str, Holding]
    targets: Mapping[str, Fraction] | None
    aside: frozenset[str]
    statement: Book
    market: Market
    contracts: Mapping[str, Contract]
    policy: Policy
    cash: frozenset[str]
    statement_sha256: str
    proxies: Mapping[str, Proxy] = field(default_factory=dict)
    costs: Costs = Costs()
    tax: Tax | None = None
    scenarios: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    journal: str | None = None
    incomplete: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    told_accounts: tuple[Account, ...] = ()
    asked: Mapping[str, datetime] = field(default_factory=dict)
    prices_from: tuple[str, ...] = ()
    file: str = "portfolio"

    @once
    def has_several(self) -> bool:
        """Whether there is more than one account, so that wallets and contracts carry its name."""
        return len(self.told_accounts) > 1

    @once
    def pools(self) -> tuple[Account, ...]:
        """The accounts whose coins margin everything."""
        return tuple(each for each in self.told_accounts if each.pooling is not None)

    @once
    def accounts(self) -> tuple[Account, ...]:
        """The accounts in the order of the file: of a file with ``venue:`` the one of that name."""
        return self.told_accounts or (Account(self.venue, self.venue, self.policy.margin_mode),)

    def account(self, name: str) -> Account:
        """The account of a contract or wallet, by the name that it carries: "" of the one that there is."""
        if not self.has_several:
            return self.accounts[0]
        first, *others = self.accounts
        return next((each for each in others if each.name == name), first)

    def account_key(self, name: str | None) -> str | None:
        """The name of an account as transfers of the book carry it: None of the one that there is."""
        return name if self.has_several else None

    def at(self, name: str | None) -> str:
        """The name of an account as contracts carry it, and wallets within theirs: "" of the one that there is."""
        return self.account_key(name) or ""

    def wallets_of(self, asset: str) -> tuple[str, ...]:
        """The names of an asset's wallets, one at every account."""
        return tuple(within(each.name, asset) for each in self.told_accounts) if self.has_several else (asset,)

    @once
    def is_linked(self) -> bool:
        """Whether what one coin margins can depend on others: in a pool, or where so much may sit and no more."""
        return any(each.at_most < ONE or each.pooling is not None for each in self.told_accounts)

    def margin_mode(self, contract: Contract) -> MarginMode:
        """How a position that is opened on a contract is margined."""
        return self.account(contract.account).margin_mode

    def price(self, asset: str) -> Fraction:
        """Dollars per coin; what counts as dollars is worth one where it has no price of its own."""
        known = self.market.prices.get(asset)
        if known is not None:
            return known
        if asset in self.cash or asset == DOLLARS:
            return ONE
        raise KeyError(asset)

    def mark_usd(self, contract: Contract) -> Fraction:
        """A contract's mark in dollars: a linear one is quoted in its settlement currency, at that currency's price."""
        mark = self.market.mark(contract)
        if contract.kind is INVERSE:
            return mark
        if contract.kind is LINEAR:
            return mark * self.price(contract.settle)
        assert_never(contract.kind)

    def notional_usd(self, contract: Contract, contracts: Fraction) -> Fraction:
        """Dollars of a position at its mark, positive."""
        return abs(self.signed_notional_usd(contract, contracts))

    def signed_notional_usd(self, contract: Contract, contracts: Fraction) -> Fraction:
        """The same, negative for a short."""
        # of an inverse contract they are the same at any price, and so it is not looked up
        price = ONE if contract.kind is INVERSE else self.mark_usd(contract)
        return contract.signed_notional(contracts, price)
