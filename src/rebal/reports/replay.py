"""What replay says, as data; the field names and their order are its JSON."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from rebal.amounts import Fraction
from rebal.findings import Finding
from rebal.frozen import frozen
from rebal.plan import Inputs

REPLAY_SCHEMA = "rebal/replay/1"


class Refused(StrEnum):
    """What a refused plan leads to: nothing; the least that ends an alert; or what of it the coins do margin."""

    HOLD = "hold"
    RESCUE = "rescue"
    FIT = "fit"


@frozen
class PathLine:
    """The book at one check, before anything is done: dollars of each way to the cent, None for a way not gone.

    ``weights``: of the planned book, in 1e-9; ``distance``: of its nearest wallet to liquidation, in 1e-6, None where
    none has an end; ``in_alert``: whether one of its wallets is past its alert.
    """

    time: datetime
    plan: Fraction
    hold: Fraction | None
    spot: Fraction | None
    hedge: Fraction | None
    unhedged: Fraction | None
    drift: Fraction | None
    inside_bands: bool | None
    distance: Fraction | None
    in_alert: bool
    weights: Mapping[str, Fraction]


@frozen
class WayLine:
    """One way of going through the prices, in USD.

    ``equity_end`` = ``equity_start`` + prices + funding - fees - slippage - liquidations, exactly. ``slippage_usd``:
    what fills away from the mark cost, and booking in steps of 1e-8 coin. ``liquidations_usd``: margin that was left
    where wallets were liquidated; what they had lost before stands under prices. ``worst_fall``: the largest fall of
    equity from one check to a later one, as a share of what it was in cents, with both days.

    ``tax_paid_usd``: of the sales on the way, year by year, not taken out of equity; ``tax_deferred_usd``: of a sale of
    every coin at the end; ``after_sale_usd``: the end less both. None where tax or lots are not given.
    """

    way: str
    equity_start: Fraction
    equity_end: Fraction
    prices_usd: Fraction
    funding_usd: Fraction
    fees_usd: Fraction
    slippage_usd: Fraction
    liquidations_usd: Fraction
    worst_fall: Fraction
    fell_from: datetime | None
    fell_to: datetime | None
    plans: int
    orders: int
    refusals: int
    liquidations: int
    tax_paid_usd: Fraction | None
    tax_deferred_usd: Fraction | None
    after_sale_usd: Fraction | None
    coins: Mapping[str, Fraction]


@frozen
class YearLine:
    """What one contract, or spot, brought and cost in one calendar year.

    ``funding_usd``: received; ``basis_usd``: of the PnL realised, what the index's move did not bring.
    ``realised_coin`` in ``currency``. ``unfunded_days``: for how many days no funding rate is known; none is counted
    then. ``tax_usd``: of spot sales, None where it is not known.
    """

    way: str
    year: int
    contract: str
    currency: str
    fees_usd: Fraction
    slippage_usd: Fraction
    funding_usd: Fraction
    basis_usd: Fraction
    realised_coin: Fraction
    realised_usd: Fraction
    fees_coin: Fraction
    funding_coin: Fraction
    unfunded_days: Fraction
    tax_usd: Fraction | None


@frozen
class LiquidationLine:
    """A wallet that was liquidated: the coins that went with it, and what they were worth there.

    ``price``: of its coin, None in a wallet of several.
    """

    way: str
    time: datetime
    wallet: str
    currency: str
    price: Fraction | None
    lost: Fraction
    lost_usd: Fraction


@frozen
class RefusalLine:
    """Plans that were refused for one reason: how often, and the first and last time."""

    code: str
    subject: str
    times: int
    first: datetime
    last: datetime
    message: str


@frozen
class Drift:
    """How far weights were off at the checks, before anything was done: the largest of each, mean and worst.

    ``inside``: the share of checks with every weight inside its band.
    """

    mean: Fraction
    worst: Fraction
    worst_on: datetime
    inside: Fraction


@frozen
class BandLine:
    """The weights between which nothing is traded for an asset's sake: its target, and its band about it."""

    asset: str
    target: Fraction
    lowest: Fraction
    highest: Fraction


@frozen
class Call:
    """The closest that a wallet came to its liquidation, as a share of the price, within a bar."""

    wallet: str
    time: datetime
    distance: Fraction


@frozen
class VenueLine:
    """The most coins that stood in a futures wallet."""

    asset: str
    coins: Fraction


@frozen
class CombinationLine:
    """What one combination of policies comes to over the whole stretch, and over half of it from several starts.

    ``policy``: as it was typed, by rule. ``place``: 1 for the best by the figure that was asked for. ``cost_usd``:
    fees, slippage and what liquidations took, less the funding received. ``frontier``: whether no other combination
    ends higher without falling further. ``starts``: how many; the changes: of equity over half the stretch, None
    without starts.
    """

    place: int
    policy: Mapping[str, str]
    equity_end: Fraction
    change: Fraction
    worst_fall: Fraction
    closest: Fraction | None
    cost_usd: Fraction
    drift: Fraction | None
    plans: int
    orders: int
    refusals: int
    liquidations: int
    frontier: bool
    starts: int
    least_change: Fraction | None
    median_change: Fraction | None
    most_change: Fraction | None


@frozen
class FutureLine:
    """A figure over drawn futures, with its standard error.

    ``figure``: liquidated and refused are shares of the futures in which that ever happens; of ``end`` (USD) and
    ``closest`` (to liquidation, 0 where it was reached; of the futures in which a wallet had an end) the ``quantile``.
    ``standard_error``: None of a quantile of one figure.
    """

    figure: str
    quantile: Fraction | None
    value: Fraction
    standard_error: Fraction | None


@frozen
class Drawn:
    """What became of the book in futures drawn from the past: how many, blocks of how many days, by which seed."""

    paths: int
    block_days: Fraction
    seed: int
    lines: tuple[FutureLine, ...]


@frozen
class Replay:
    """The answer of replay.

    ``since`` and ``until``: the first and the last instant; ``bars`` of ``bar_hours``, a check every ``check_hours``.
    ``refused_is``: what is done where a plan is refused. ``alert_days``: days at whose check a wallet was in alert.
    ``combinations``: policies that were tried, the best first by the figure that they are ``ranked_by``; what is told
    beside them is of the first. ``drawn``: futures, None where none were drawn. ``bands``: empty without targets.
    """

    schema: str
    path: tuple[PathLine, ...]
    command: str
    name: str
    venue: str | None
    currency: str
    inputs: Inputs
    since: datetime
    until: datetime
    bars: int
    bar_hours: Fraction
    checks: int
    check_hours: Fraction
    slippage: Fraction
    refused_is: Refused
    ways: tuple[WayLine, ...]
    years: tuple[YearLine, ...]
    drift: Drift | None
    closest: Call | None
    alert_days: Fraction
    liquidated: tuple[LiquidationLine, ...]
    refusals: tuple[RefusalLine, ...]
    at_venue: tuple[VenueLine, ...]
    findings: tuple[Finding, ...]
    combinations: tuple[CombinationLine, ...] = ()
    ranked_by: str | None = None
    drawn: Drawn | None = None
    bands: tuple[BandLine, ...] = ()
