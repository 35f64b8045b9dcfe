"""What the planner says, as data.

The field names and their order are the machine output: ``rebal plan --format json`` prints these objects key for key.
Fractions become decimal strings, enums their values, instants RFC 3339; a thing that does not exist is None.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from rebal.account_lines import AccountLine
from rebal.amounts import ZERO, Fraction
from rebal.book import MarginMode, Purpose
from rebal.findings import Finding
from rebal.frozen import frozen
from rebal.market.contract import Kind, OrderUnit
from rebal.policy import Policy, Route
from rebal.rung_lines import RungLine


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


BUY: Final = Side.BUY
SELL: Final = Side.SELL
"""Names of their own for what every order is asked, as ``market.contract.INVERSE`` is."""


class StepKind(StrEnum):
    """What a step asks its reader to do."""

    TRANSFER = "transfer"
    ORDER = "order"


@frozen
class PriceSource:
    """Where the price of a coin or the mark of a contract came from."""

    name: str
    source: str


@frozen
class Inputs:
    """What the plan was made from, so that a record of it can tell whether anything moved.

    ``price_sources``: the exchanges that were asked, by name; what was typed in a file is not among it. ``policy``: the
    rules that it keeps, None where an answer of before does not tell them.
    """

    statement_sha256: str
    journal_seq: int | None
    journal_head: str | None
    market_as_of: datetime | None
    now: datetime
    version: str
    price_sources: tuple[PriceSource, ...] = ()
    policy: Policy | None = None


@frozen
class AssetLine:
    """A row of the drift table, in USD and fractions, ``holding`` in coins; ``aimed_weight``: what is aimed at."""

    asset: str
    price: Fraction
    holding: Fraction
    spot_value: Fraction
    exposure: Fraction
    weight: Fraction | None
    target_weight: Fraction | None
    drift: Fraction | None
    outside_band: bool | None
    exposure_after: Fraction
    weight_after: Fraction | None
    hedge_ratio: Fraction | None
    hedge_ratio_after: Fraction | None
    net_exposure: Fraction
    net_exposure_after: Fraction
    aimed_weight: Fraction | None


@frozen
class OrderPart:
    """What one purpose has of an order; contracts signed."""

    purpose: Purpose
    contracts: Fraction
    stands_for: tuple[str, ...]


@frozen
class Order:
    """One order. ``price`` is the mark at which the after-state is computed, ``limit_price`` that mark on the tick.

    ``route``: of an order for several assets that of the largest part; of parts alike the asset's own.
    """

    contract: str
    asset: str
    kind: Kind
    side: Side
    contracts: Fraction
    order_quantity: Fraction
    order_unit: OrderUnit
    notional: Fraction
    coins: Fraction
    price: Fraction
    limit_price: Fraction | None
    reduce_only: bool
    fee: Fraction
    fee_currency: str
    route: Route
    parts: tuple[OrderPart, ...]
    account: str | None = None

    @property
    def signed(self) -> Fraction:
        """Contracts, negative for a sale."""
        return self.contracts if self.side is BUY else -self.contracts


@frozen
class Transfer:
    """Coins to move into the futures account (negative: out of it), to an isolated position where it names one.

    ``other_account``: the account that they come from or go to, None for spot. Such a move is two transfers: the
    withdrawal, and the credit, which waits for it: ``hours`` until it is there. ``fee``: coins of what leaves that the
    network keeps, as the file says.
    """

    asset: str
    contract: str | None
    quantity: Fraction
    account: str | None = None
    other_account: str | None = None
    hours: Fraction | None = None
    fee: Fraction | None = None


@frozen
class Step:
    """What to do n-th: ``index`` counts from 0 into the transfers or the orders."""

    n: int
    kind: StepKind
    index: int


@frozen
class Setting:
    """What an account is to be set to for a contract before an order of it opens anything."""

    contract: str
    margin_mode: MarginMode
    leverage: Fraction


@frozen
class Standing:
    """How a wallet stood before the plan."""

    balance: Fraction
    margin_balance: Fraction
    leverage: Fraction | None
    margin_ratio: Fraction | None
    liquidation_below: Fraction | None
    liquidation_above: Fraction | None
    distance_below: Fraction | None
    distance_above: Fraction | None


@frozen
class Wallet:
    """A wallet after the plan, fees paid, in its currency; liquidation at index prices, distances as fractions.

    ``contract``: the isolated position that the row is of, None for the cross wallet. ``required``: the balance that
    the policy asks for; of a pooled coin the least of it with the others as they are, so that rows do not add up.
    ``share_of_holding``: how much of the coins owned sits here. ``distance_below_all_posted`` and ``..._above_...``:
    what the distances would be if every free coin of this kind were posted. ``funding_days_to_alert``: days of today's
    funding until the alert level, None where funding does not lead there.
    """

    currency: str
    mode: MarginMode
    balance: Fraction
    unrealised_pnl: Fraction
    margin_balance: Fraction
    position_value: Fraction
    leverage: Fraction | None
    initial_margin: Fraction
    maintenance_margin: Fraction
    margin_ratio: Fraction | None
    liquidation_below: Fraction | None
    liquidation_above: Fraction | None
    distance_below: Fraction | None
    distance_above: Fraction | None
    contract: str | None
    required: Fraction
    share_of_holding: Fraction | None
    distance_below_all_posted: Fraction | None
    distance_above_all_posted: Fraction | None
    funding_days_to_alert: Fraction | None
    before: Standing
    account: str | None = None


@frozen
class PositionLine:
    """A futures position after the plan. ``coin_value`` coins at mark; ``unrealised_pnl`` in the settlement coin.

    ``liquidation_estimate``: of a pooled account, the price that its venue prints, an estimate with all else held.
    """

    contract: str
    contracts: Fraction
    contracts_before: Fraction
    contracts_hedge: Fraction
    contracts_rebalance: Fraction
    entry_price: Fraction | None
    mark_price: Fraction
    notional: Fraction
    coin_value: Fraction
    unrealised_pnl: Fraction
    delta: Fraction
    isolated_margin: Fraction | None
    liquidation_price: Fraction | None
    asset: str
    settle: str
    account: str | None = None
    liquidation_estimate: Fraction | None = None
    margin: MarginMode = MarginMode.CROSS


@frozen
class HedgeLine:
    """A hedge that was asked for."""

    asset: str
    fraction: Fraction
    until: datetime | None


@frozen
class CostLine:
    """What one contract costs: fees of this plan's orders once, funding a day from then on (positive: paid)."""

    contract: str
    fee_usd: Fraction
    funding_usd_per_day: Fraction | None


@frozen
class DayCost:
    """What the plan has cost by a day from today: its fees, and today's funding so many times (negative: earned)."""

    day: int
    cost_usd: Fraction


@frozen
class Costs:
    """The cost of the plan and of the book it leaves; funding is None where a perpetual's rate is not known.

    ``by_day``: over a year; empty where funding is not known, and where there is nothing to pay for. ``sending_usd``:
    of the fees, those of withdrawals to other accounts.
    """

    fees_usd: Fraction
    funding_usd_per_day: Fraction | None
    funding_usd_per_year: Fraction | None
    breakdown: tuple[CostLine, ...]
    by_day: tuple[DayCost, ...] = ()
    sending_usd: Fraction = ZERO


@frozen
class PayoffLine:
    """The plan's book in USD once all coins have moved by ``shock``, all arriving together, fees paid.

    ``equity_unhedged``: with every future closed today at its mark; ``equity_rebalanced_in_spot``: with every future
    replaced by the spot trade that it stands in for; both free of cost. ``equity_hedged``: as planned, wallets that the
    move liquidates lost whole.
    """

    shock: Fraction
    equity_unhedged: Fraction
    equity_hedged: Fraction
    equity_rebalanced_in_spot: Fraction


@frozen
class PnlLine:
    """What closing a contract realises: gross in its coin and USD, its fees and funding, and what is left.

    Dollars are at today's index, as everywhere in a plan; the journal counts them at the price of each fill.
    """

    contract: str
    coin: Fraction
    usd: Fraction
    fees_coin: Fraction
    funding_coin: Fraction
    net_usd: Fraction
    currency: str


class Rescue(StrEnum):
    """By what a wallet is brought out of danger: coins moved in, positions closed, or both."""

    COINS = "coins"
    CLOSE = "close"
    BOTH = "both"


@frozen
class RescueLine:
    """One way to bring a wallet out of danger, beside the others, and what it leaves were it taken alone.

    ``wallet``: the contract of an isolated position, else the currency. ``coins``: moved into it, in its currency.
    ``contracts``: signed, by the contract ordered. ``distance_after``: to the nearer end, None where there is none.
    ``enough``: whether no alert is left. ``chosen``: the one that the plan's orders and transfers carry out.
    """

    wallet: str
    currency: str
    contract: str | None
    way: Rescue
    coins: Fraction
    transfers: tuple[Transfer, ...]
    contracts: Mapping[str, Fraction]
    fees_usd: Fraction
    realised_usd: Fraction
    distance_after: Fraction | None
    leverage_after: Fraction | None
    weights: Mapping[str, Fraction | None]
    hedge_ratios: Mapping[str, Fraction | None]
    enough: bool
    chosen: bool


@frozen
class Plan:
    """The answer of plan, hedge, unwind and rescue.

    ``pnl``, ``spot_matches`` and, where it was asked for, ``ladder`` belong to unwind, ``ways`` to rescue.
    ``first_rungs``: how many rungs of the ladder, few of them, spot allows to close alone; all where no fewer.
    ``settings``: of the contracts that orders open or add to, which the account may have otherwise; to be made before
    the first order.
    """

    schema: str
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    currency: str
    changes: bool
    refused: bool
    equity: Fraction
    inputs: Inputs
    assets: tuple[AssetLine, ...]
    orders: tuple[Order, ...]
    transfers: tuple[Transfer, ...]
    steps: tuple[Step, ...]
    wallets: tuple[Wallet, ...]
    positions: tuple[PositionLine, ...]
    hedges: tuple[HedgeLine, ...]
    costs: Costs
    findings: tuple[Finding, ...]
    settings: tuple[Setting, ...] = ()
    payoff: Sequence[PayoffLine] = ()
    accounts: tuple[AccountLine, ...] = ()
    pnl: tuple[PnlLine, ...] = ()
    spot_matches: bool | None = None
    ladder: tuple[RungLine, ...] = ()
    first_rungs: int | None = None
    ways: tuple[RescueLine, ...] = ()
