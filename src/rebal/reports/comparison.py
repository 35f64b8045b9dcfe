"""What compare says, as data; the field names and their order are its JSON.

Dollars are paid where positive and earned where negative, at today's prices. None is a figure that is not known, or
that does not exist; what is not known is named in a finding.
"""

from datetime import datetime
from enum import StrEnum

from rebal.amounts import ZERO, Fraction
from rebal.findings import Finding
from rebal.frozen import frozen
from rebal.plan import HedgeLine, Inputs


class Way(StrEnum):
    """By what legs are carried: inverse perpetuals, dated inverse contracts, linear ones, proxies', or spot trades."""

    INVERSE = "inverse"
    DATED = "dated"
    LINEAR = "linear"
    PROXY = "proxy"
    SPOT = "spot"


@frozen
class RouteLine:
    """What one route costs over the horizon, opened today and closed on its last day.

    ``contract``: the one contract it trades, None where ``contracts`` are several or none. ``tax_deferred_usd``: the
    tax of the same sale at the horizon's end, nothing where a hedge ends without a sale. ``total_usd``: fees,
    slippage, carry and tax now. ``capital``: dollars of collateral to post, in pooled accounts what
    they need with it more than without.

    ``break_even_day``: the first whole day, from 0 for today, on which this route, were it closed then, has cost more
    than selling now; ``cheaper_from_day``: the first on which it has cost less. None where there is none within the
    report's ``reach_days``, or where a cost is not known. They compare the legs that both can carry. The ``low`` and
    ``high`` figures are the least and the most, with every funding rate at its most favourable and its most adverse.
    ``then_sold``: with the same sale after it, its cost, and the deferred tax.

    ``expiry``: of dated contracts. ``notional``: dollars of the legs that this route carries. ``rolls``: of the leg
    that is rolled most. ``known_usd``: the sum of what is known; ``missing``: the keys of the file without which the
    total is not. ``total_with_deferred_usd``: ``total_usd + tax_deferred_usd``, by which routes are ranked.
    ``tax_known_usd`` and ``tax_deferred_known_usd``: of the coins whose lots are given, all of it where all are.
    """

    route: Way
    contract: str | None
    fees_usd: Fraction | None
    slippage_usd: Fraction | None
    carry_usd: Fraction | None
    tax_usd: Fraction | None
    tax_deferred_usd: Fraction | None
    total_usd: Fraction | None
    share_of_notional: Fraction | None
    break_even_day: int | None
    capital: Fraction
    expiry: datetime | None
    contracts: tuple[str, ...]
    notional: Fraction
    fees_in_usd: Fraction | None
    fees_rolling_usd: Fraction | None
    fees_out_usd: Fraction | None
    rolls: int
    carry_usd_low: Fraction | None
    carry_usd_high: Fraction | None
    total_usd_low: Fraction | None
    total_usd_high: Fraction | None
    break_even_day_low: int | None
    break_even_day_high: int | None
    cheaper_from_day: int | None
    total_then_sold_usd: Fraction | None
    break_even_day_then_sold: int | None
    known_usd: Fraction
    missing: tuple[str, ...]
    total_with_deferred_usd: Fraction | None
    tax_known_usd: Fraction = ZERO
    tax_deferred_known_usd: Fraction = ZERO


@frozen
class LotLine:
    """A tax lot, or the part of one, that the sale takes.

    ``rate``: today's. ``tax_usd``: gain times rate, before the sale's losses are set against its gains.
    ``long_term_on``: the first day on which it is long-term. ``saved_by_waiting_usd``: what the sale's tax falls by if
    this lot alone waits for that day, nothing for a lot that is long-term already. ``hedge_cost_until_usd``: what
    keeping its dollars hedged on ``hedged_on`` until then costs; ``worth_waiting``: whether that is less. Both None
    where there is nothing to wait for, or where a cost is not known; ``worth_waiting`` also where waiting saves no tax,
    whatever the hedge earns meanwhile.
    """

    asset: str
    quantity: Fraction
    acquired: datetime
    gain_usd: Fraction
    rate: Fraction
    long_term_on: datetime
    saved_by_waiting_usd: Fraction
    hedge_cost_until_usd: Fraction | None
    tax_usd: Fraction
    hedged_on: str | None
    worth_waiting: bool | None


@frozen
class LegLine:
    """One asset's leg on one route.

    ``leg_usd``: dollars of exposure to add, negative to take away. ``contract``: None where the route does not carry it
    (``left_out`` says why), and for spot. ``notional``: dollars of the futures position. ``basis``: ``F/S - 1`` of a
    dated contract, ``basis_annualised`` over its ``days_left``. ``funding_rate``: the base rate per interval.
    """

    route: Way
    expiry: datetime | None
    asset: str
    leg_usd: Fraction
    contract: str | None
    notional: Fraction
    basis: Fraction | None
    basis_annualised: Fraction | None
    days_left: Fraction | None
    delivery_fee: Fraction | None
    funding_rate: Fraction | None
    carry_usd: Fraction | None
    left_out: str | None


@frozen
class PostedLine:
    """Collateral that a route needs, opening fees included; ``missing``: what is not held of it beside what is open.

    In a pooled account: what it needs of a coin with the route's positions more than without, less than nothing where
    these free some.
    """

    route: Way
    expiry: datetime | None
    currency: str
    quantity: Fraction
    usd: Fraction
    missing: Fraction


@frozen
class PooledLine:
    """Dollars of coins that a pooled account needs with the positions of a route, fees included, and without them.

    What of these its capital is: the first less the second. A hedge that is compared whole stands in the first alone,
    open or not.
    """

    route: Way
    expiry: datetime | None
    account: str | None
    with_usd: Fraction
    without_usd: Fraction


@frozen
class CurveLine:
    """What a route has cost by a day, were it closed then; routes whose total is not known have no such line."""

    route: Way
    expiry: datetime | None
    day: int
    cost_usd: Fraction


@frozen
class MethodLine:
    """What sets one way apart: the currencies of its margin, what is realised in what, and what stays exposed."""

    route: Way
    margin: tuple[str, ...]
    realised: str
    exposed: str


@frozen
class RankLine:
    """A route's place, 1 for the one that costs least.

    ``known_usd``: what is known of ``total_usd + tax_deferred_usd``, by which the routes stand; ``missing``: the keys
    without which it is not all. ``left_out``: why a route takes no place, where it carries only some legs or its
    collateral is not held; ``place`` is None there.
    """

    route: Way
    expiry: datetime | None
    place: int | None
    known_usd: Fraction
    missing: tuple[str, ...]
    left_out: str | None


@frozen
class TurnLine:
    """A key that is not given and would, on its own, put another route first.

    ``above``: from where on: a rate for the keys under ``costs``, dollars of tax for ``tax`` and lots; None where any
    figure may. ``route`` and ``expiry``: which would then stand first.
    """

    key: str
    above: Fraction | None
    route: Way
    expiry: datetime | None


@frozen
class Compare:
    """A rebalance, or a hedge, by each route. ``notional``: dollars of all its legs. ``hedge``: None for the drift.

    ``curve``: from day 0 to the last whole day of the horizon, ninety steps at most. ``reach_days``: how far a
    break-even day is looked for. ``ranking``: by place, and ``turns`` what would change who is first.
    ``venues``: those of the accounts, in the order of the file. ``pooled``: what pooled accounts need, by route.
    """

    schema: str
    horizon_days: Fraction
    notional: Fraction
    routes: tuple[RouteLine, ...]
    lots: tuple[LotLine, ...]
    command: str
    name: str
    venue: str | None
    as_of: datetime | None
    currency: str
    hedge: HedgeLine | None
    inputs: Inputs
    methods: tuple[MethodLine, ...]
    legs: tuple[LegLine, ...]
    posted: tuple[PostedLine, ...]
    curve: tuple[CurveLine, ...]
    reach_days: int
    ranking: tuple[RankLine, ...] = ()
    turns: tuple[TurnLine, ...] = ()
    findings: tuple[Finding, ...] = ()
    venues: tuple[str, ...] = ()
    pooled: tuple[PooledLine, ...] = ()
