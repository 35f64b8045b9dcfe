"""The portfolio file as its owner wrote it, with what an editor shows for each key; an absent key is None."""

from collections.abc import Mapping as Map
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from rebal.amounts import Fraction
from rebal.book import MarginMode
from rebal.exchange import spot
from rebal.load.field_kinds import (
    ACCOUNT,
    AGE,
    ASSET,
    BALANCE,
    COINS,
    COLLATERAL,
    CONTRACT,
    COST,
    COUNT,
    DAY,
    DURATION,
    FLAG,
    HOURS,
    INSIDE,
    INSTANT,
    POSTING,
    PRICE,
    RATE,
    SCENARIO,
    SHARE,
    SHOCK,
    TITLE,
    WORD,
    Written,
)
from rebal.load.fields import ByHistory, Choice, Either, List, Mapping, Number, Section, Word
from rebal.load.market_block import Market
from rebal.load.withdrawal_block import WITHDRAWAL, Withdrawal
from rebal.market.contract import Kind
from rebal.market.maintenance import Method, TierUnit, Valuation
from rebal.policy import Prefer, Sizing, Uncovered
from rebal.portfolio import LotMethod
from rebal.times import Duration


class Lot(Written):
    """A tax lot."""

    quantity: Annotated[Fraction, Number(above=0, instead="write the coins of this lot")] = Field(
        description="Coins of this lot."
    )
    cost: Annotated[Fraction, Number(least=0, instead="write what one coin cost, in USD")] = Field(
        description="What one coin cost, in USD."
    )
    acquired: Annotated[datetime, DAY] = Field(description="The day it was acquired.", examples=["2024-03-01"])


class Holding(Written):
    """Coins owned, with what they cost."""

    quantity: Annotated[Fraction, COINS] = Field(description="Coins owned, posted as margin or not.")
    lots: Annotated[tuple[Lot, ...], List(Section(Lot), "write one `- {quantity, cost, acquired}` a lot")] = Field(
        default=(), description="Tax lots; their quantities add up to the holding's."
    )


class Position(Written):
    """An open futures position as the exchange shows it: one net row per contract."""

    contract: Annotated[str, CONTRACT.text()] = Field(description="Its contract.", examples=["BTCUSD"])
    contracts: Annotated[Fraction, Number()] = Field(
        description="Contracts held, net; a short is negative.", examples=[-14900]
    )
    entry_price: Annotated[Fraction, PRICE] = Field(description="Average entry price, in USD.")
    hedge: Annotated[Fraction | None, Number()] = Field(
        default=None,
        description="How many contracts are protection, signed; the rest of the net position stands in for spot.",
    )
    margin: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="Coins of margin of its own, which makes the position isolated."
    )
    stands_for: Annotated[str | None, ASSET.text()] = Field(
        default=None, alias="for", description="The asset that it is a proxy for.", examples=["DOT"]
    )


class Tier(Written):
    """One tier of maintenance margin."""

    up_to: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="The largest size in this tier, counted in tier_unit. The last tier may go without."
    )
    rate: Annotated[Fraction, INSIDE] = Field(description="Maintenance rate.", examples=["0.5%"])
    deduction: Annotated[Fraction | None, Number(least=0)] = Field(
        default=None, description="What is deducted, in tier_unit. Left out everywhere: derived from continuity."
    )
    max_leverage: Annotated[Fraction | None, COUNT] = Field(default=None, description="Most leverage in this tier.")


class Maintenance(Written):
    """Maintenance margin: by tiers, or by a rate that grows with the size (base and slope)."""

    price: Annotated[Valuation | None, Choice(Valuation)] = Field(
        default=None, description="Which price values the position: mark (the default) or entry."
    )
    close_fee: Annotated[bool | None, FLAG] = Field(
        default=None, description="Whether the taker fee of closing is a part of it; false unless said."
    )
    method: Annotated[Method | None, Choice(Method)] = Field(
        default=None,
        description="deduction (continuous, the default), whole (the tier's rate, no deduction) or marginal.",
    )
    tier_unit: Annotated[TierUnit | None, Choice(TierUnit)] = Field(
        default=None, description="What up_to and the deductions count: coin (the default), usd or contracts."
    )
    tiers: Annotated[tuple[Tier, ...] | None, List(Section(Tier), "write one `- {up_to, rate}` a tier")] = Field(
        default=None, description="Tiers in ascending order; each holds up to and including up_to."
    )
    base: Annotated[Fraction | None, INSIDE] = Field(
        default=None, description="Rate at size 0, where the rate grows with the size instead of by tiers."
    )
    slope: Annotated[Fraction | None, COST] = Field(
        default=None, description="By how much that rate grows with every coin of the position."
    )
    initial_base: Annotated[Fraction | None, COST] = Field(
        default=None, description="The same rate of initial margin at size 0."
    )


class Contract(Written):
    """A futures contract, or what differs from the catalogue in one that it has."""

    asset: Annotated[str | None, ASSET.text()] = Field(default=None, description="The coin.", examples=["ALT"])
    kind: Annotated[Kind | None, Choice(Kind)] = Field(
        default=None, description="inverse (a number of dollars, settled in the coin) or linear (a number of coins)."
    )
    multiplier: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="Inverse: USD per contract. Linear: coins per contract.", examples=[10]
    )
    settle: Annotated[str | None, ASSET.text()] = Field(
        default=None, description="Currency of margin, PnL and fees; an inverse contract's coin, else USDT."
    )
    expiry: Annotated[datetime | None, INSTANT] = Field(default=None, description="Absent: a perpetual.")
    tick_size: Annotated[Fraction | None, COUNT] = Field(default=None, description="Price step, in USD.")
    lot_size: Annotated[Fraction | None, COUNT] = Field(default=None, description="Order step, in contracts.")
    min_contracts: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="Smallest order, in contracts; one lot unless said."
    )
    maker_fee: Annotated[Fraction | None, RATE] = Field(
        default=None, description="Fee of a resting order, negative for a rebate; the taker fee unless said."
    )
    taker_fee: Annotated[Fraction | None, RATE] = Field(default=None, description="Fee of an order that fills at once.")
    delivery_fee: Annotated[Fraction | None, COST] = Field(default=None, description="Fee of settlement at expiry.")
    funding_interval: Annotated[Fraction | None, HOURS] = Field(
        default=None, description="Time between fundings.", examples=["8h"]
    )
    max_leverage: Annotated[Fraction | None, COUNT] = Field(default=None, description="Most leverage the venue allows.")
    leverage: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="Leverage set for it in the account; policy.leverage unless said."
    )
    maintenance: Annotated[Maintenance | None, Section(Maintenance)] = Field(
        default=None, description="Maintenance margin; a prudent rate stands in, and is named, where it is not given."
    )


class Band(Written):
    """How far a weight may drift before anything is traded: beyond either is outside."""

    points: Annotated[Fraction | None, SHARE] = Field(default=None, description="In points of weight; default 5%.")
    relative: Annotated[Fraction | None, Number(percent=True, above=0)] = Field(
        default=None, description="As a share of the target weight."
    )


class Alert(Written):
    """What status calls a breach, and what makes a plan top up though nothing is traded."""

    distance: Annotated[Fraction | None, COST] = Field(
        default=None,
        description="Least distance to liquidation; default 35%, and never more than 0.7 of liquidation_distance.",
    )
    leverage: Annotated[Fraction | None, COUNT] = Field(
        default=None,
        description="Most leverage; default 1.25, and never less than 1.25 times policy.leverage.",
    )


class Survive(Written):
    """A move that every wallet must live through, in place of liquidation_distance."""

    shock: Annotated[Fraction, INSIDE] = Field(description="The move, up and down.", examples=["60%"])


class Policy(Written):
    """The rules that a plan keeps."""

    band: Annotated[Fraction | Band | None, Either(SHARE, Section(Band))] = Field(
        default=None, description="How far a weight may drift, in points, before anything is traded; default 5%."
    )
    margin_mode: Annotated[MarginMode | None, Choice(MarginMode)] = Field(
        default=None, description="cross (the default) or isolated."
    )
    leverage: Annotated[Fraction | None, COUNT] = Field(
        default=None,
        description="Most that a wallet may carry after a plan: position value over margin balance; default 1.",
    )
    liquidation_distance: Annotated[Fraction | None, INSIDE] = Field(
        default=None, description="Least distance from mark to liquidation, either way, after a plan; default 50%."
    )
    survive: Annotated[Survive | None, Section(Survive)] = Field(
        default=None, description="Takes the place of liquidation_distance."
    )
    alert: Annotated[Alert | None, Section(Alert)] = Field(default=None, description="What status calls a breach.")
    min_order: Annotated[Fraction | None, Number(least=0, instead="write dollars, 0 or more")] = Field(
        default=None, description="Dollars; smaller orders are left out. Default 10."
    )
    routes: Annotated[tuple[str, ...] | None, List(CONTRACT.text(), "write [inverse, linear, proxy]")] = Field(
        default=None, description="Best first: inverse, dated, linear, proxy, a contract's name; default all but dated."
    )
    sizing: Annotated[Sizing | None, Choice(Sizing)] = Field(
        default=None, description="notional (the default): a futures dollar for a spot dollar; coin: a coin for a coin."
    )
    max_at_venue: Annotated[Fraction | None, SHARE] = Field(
        default=None, description="Most of each holding that may sit in the futures account; default 100%."
    )
    uncovered: Annotated[Uncovered | None, Choice(Uncovered)] = Field(
        default=None,
        description="What no route or coin covers: spread (the default) its part over the rest, or refuse.",
    )
    max_price_age: Annotated[Duration | Literal["none"] | None, AGE] = Field(
        default=None, description="Prices older than this are stale; default 1d, none switches it off."
    )
    hedge_band: Annotated[Fraction | None, SHARE] = Field(default=None, description="Points a hedge may be off; 1%.")
    prefer: Annotated[Prefer | None, Choice(Prefer)] = Field(
        default=None,
        description="Which of several accounts opens a leg first: order (the default), as they stand in the file, or "
        "cost, where fees, funding and basis over the horizon are least.",
    )
    horizon: Annotated[Duration | None, DURATION] = Field(
        default=None, description="How long positions are taken to be held where prefer is cost; default 90d."
    )
    post: Annotated[tuple[str, ...] | None, List(POSTING.text(), "write [own, dollars, best]")] = Field(
        default=None,
        description="What a pooled account is filled with, first to last, and nothing else: own (each leg's own coin), "
        "dollars, best (any coin, the one of which most counts first), a coin's name; default [own, dollars, best].",
    )


class Proxy(Written):
    """What an asset without a contract is hedged through."""

    via: Annotated[str, ASSET.text()] = Field(description="The asset whose contracts stand in.", examples=["BTC"])
    beta: Annotated[Fraction, COUNT] = Field(
        description="Dollars of it that move as one dollar of the asset does.", examples=[1.3]
    )


class ProxyByHistory(Written):
    """What an asset without a contract is hedged through, with the beta that a price history shows."""

    via: Annotated[str, ASSET.text()] = Field(description="The asset whose contracts stand in.", examples=["BTC"])
    history: Annotated[str, WORD] = Field(
        description="A CSV of both coins' closes, beside this file; see `rebal beta`.", examples=["prices.csv"]
    )


_PROXY = ByHistory(Section(Proxy, "write {via: BTC, beta: 1.3}"), Section(ProxyByHistory))


class Costs(Written):
    """What a spot trade costs; what is not given is said to be missing, never taken as 0."""

    spot_fee: Annotated[Fraction | None, COST] = Field(default=None, description="Fee of a spot trade.")
    slippage: Annotated[Fraction | None, COST] = Field(default=None, description="Slippage of a trade.")


class Tax(Written):
    """How gains are taxed."""

    method: Annotated[LotMethod, Choice(LotMethod)] = Field(description="Which lots a sale takes first.")
    short_term: Annotated[Fraction, SHARE] = Field(description="Rate on gains of lots held shortly.")
    long_term: Annotated[Fraction, SHARE] = Field(description="Rate on gains of lots held for long.")
    long_after: Annotated[Duration, DURATION] = Field(description="When a lot turns long-term.", examples=["1y"])


_SHOCKS = Mapping(SHOCK, ASSET, "write `BTC: -40%` below it")


class Slice(Written):
    """What a part of a coin counts as collateral."""

    up_to: Annotated[Fraction | None, COUNT] = Field(
        default=None, description="The most coins in this part. The last part may go without; beyond it nothing counts."
    )
    ratio: Annotated[Fraction, SHARE] = Field(description="Share of its dollars that counts.", examples=["95%"])


class Borrowing(Written):
    """Margin rates on a coin of a pooled account that went below zero."""

    initial: Annotated[Fraction | None, SHARE] = Field(default=None, description="Of initial margin; 0% is assumed.")
    maintenance: Annotated[Fraction | None, SHARE] = Field(default=None, description="Of maintenance; 0% is assumed.")


_COUNTS = Either(COLLATERAL, List(Section(Slice), "write one `- {up_to, ratio}` a part, or off"))


class Account(Written):
    """An account at a venue: what sits there, what is open there, and how it is margined."""

    venue: Annotated[str, WORD] = Field(description="An entry of the catalogue.", examples=["bybit"])
    margin: Annotated[MarginMode | None, Choice(MarginMode)] = Field(
        default=None,
        description="pooled (all coins margin everything), cross (a wallet a coin) or isolated; default: what "
        "policy.margin_mode says, else what a new account there has.",
    )
    at_most: Annotated[Fraction | None, SHARE] = Field(
        default=None, description="Most of equity that may sit here; default 100%."
    )
    wallets: Annotated[Map[str, Fraction], Mapping(BALANCE, ASSET, "write `BTC: 0.4` below it")] = Field(
        default={}, description="Coins in the account already; a part of holdings, isolated margins included."
    )
    positions: Annotated[
        tuple[Position, ...], List(Section(Position), "write one `- {contract, contracts, entry_price}` a position")
    ] = Field(default=(), description="Open futures as the exchange shows them.")
    collateral: Annotated[
        Map[str, Fraction | tuple[Slice, ...]], Mapping(_COUNTS, ASSET, "write `BTC: 95%` below it, or `BTC: off`")
    ] = Field(default={}, description="Of a pooled account: what coins count, where it is not as the catalogue has it.")
    withdrawal: Annotated[Duration | Map[str, Withdrawal] | None, WITHDRAWAL] = Field(
        default=None,
        description="How long coins take from here to another account, 1h is assumed; or by coin, with the fee and the "
        "least of a withdrawal.",
    )
    borrowing: Annotated[Borrowing | None, Section(Borrowing)] = Field(
        default=None, description="Of a pooled account: margin rates on what is borrowed."
    )


class Portfolio(Written):
    """What is held, what is wanted, and by which rules to get from one to the other."""

    model_config = ConfigDict(json_schema_extra={"required": ["holdings"]})

    name: Annotated[str | None, TITLE] = Field(default=None, description="What the plan is headed with.")
    venue: Annotated[str | None, WORD] = Field(
        default=None, description="Where the contracts trade: an entry of the catalogue.", examples=["bybit"]
    )
    accounts: Annotated[
        Map[str, Account] | None, Mapping(Section(Account), ACCOUNT, "write one account's keys below its name")
    ] = Field(default=None, description="Accounts by name, in place of venue, wallets and positions.")
    as_of: Annotated[datetime | None, INSTANT] = Field(
        default=None, description="When holdings, wallets and positions were true.", examples=["2026-11-20T08:00:00Z"]
    )
    holdings: Annotated[
        Map[str, Fraction | Holding], Mapping(Either(COINS, Section(Holding)), ASSET, "write `BTC: 2` below it")
    ] = Field(default={}, description="Every coin owned, posted as margin or not.", examples=[{"BTC": 2}])
    targets: Annotated[Map[str, Fraction] | None, Mapping(SHARE, ASSET, "write `BTC: 50%` below it")] = Field(
        default=None, description="Weights that sum to 100%; every coin held is named or stands under aside."
    )
    aside: Annotated[tuple[str, ...], List(ASSET.text(), "write [DOGE]")] = Field(
        default=(), description="Held, but no business of the plan."
    )
    wallets: Annotated[Map[str, Fraction], Mapping(BALANCE, ASSET, "write `BTC: 0.4` below it")] = Field(
        default={}, description="Coins in the futures account already; a part of holdings, isolated margins included."
    )
    positions: Annotated[
        tuple[Position, ...], List(Section(Position), "write one `- {contract, contracts, entry_price}` a position")
    ] = Field(default=(), description="Open futures as the exchange shows them.")
    market: Annotated[Market | None, Section(Market)] = Field(default=None, description="Prices and funding.")
    contracts: Annotated[
        Map[str, Contract], Mapping(Section(Contract), CONTRACT, "write one contract's keys below its name")
    ] = Field(default={}, description="What the catalogue lacks, or has otherwise than your account.")
    policy: Annotated[Policy | None, Section(Policy)] = Field(default=None, description="The rules that a plan keeps.")
    proxies: Annotated[
        Map[str, Proxy | ProxyByHistory], Mapping(_PROXY, ASSET, "write `DOT: {via: BTC, beta: 1.3}` below it")
    ] = Field(default={}, description="What has no contract is hedged through what has one.")
    costs: Annotated[Costs | None, Section(Costs)] = Field(default=None, description="What a spot trade costs.")
    tax: Annotated[Tax | None, Section(Tax)] = Field(default=None, description="How gains are taxed.")
    prices_from: Annotated[tuple[str, ...], List(Word(spot.names), "write [kraken, coinbase]")] = Field(
        default=(), description="Exchanges to ask, in this order, for coins that the venue does not price."
    )
    scenarios: Annotated[
        Map[str, Map[str, Fraction]], Mapping(_SHOCKS, SCENARIO, "write `crash: {BTC: -40%}` below it")
    ] = Field(default={}, description="Named shocks for stress.", examples=[{"crash": {"BTC": "-40%"}}])
    journal: Annotated[str | None, WORD] = Field(
        default=None, description="The journal's file; default: this file's name with .journal.db, beside it."
    )
    cash: Annotated[tuple[str, ...] | None, List(ASSET.text(), "write [USD, USDT, USDC]")] = Field(
        default=None, description="What counts as dollars, at its price or at 1; default USD, USDT, USDC."
    )


PORTFOLIO = Section(Portfolio, "write holdings, targets and market, each with its entries below it")
