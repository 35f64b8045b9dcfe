"""From walks to the answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rebal.amounts import ZERO, Fraction, total
from rebal.findings import Code, Finding, FindingData, Severity
from rebal.frozen import frozen
from rebal.plan import Inputs
from rebal.portfolio import DOLLARS, Portfolio
from rebal.replay.course import Course
from rebal.replay.quotes import Quotes
from rebal.replay.spot import SPOT, InSpot, deferred, tax_by_year
from rebal.replay.tally import CENTS, MILLIONTHS, NINTHS, Row, Tally
from rebal.replay.walk import Skip, Walk, Way, every_bar
from rebal.replay.ways import Planned, Still
from rebal.reports.replay import (
    REPLAY_SCHEMA,
    BandLine,
    Call,
    Drift,
    LiquidationLine,
    PathLine,
    RefusalLine,
    Refused,
    Replay,
    VenueLine,
    WayLine,
    YearLine,
)
from rebal.times import length_of

PLAN, HOLD, HEDGE, UNHEDGED = "plan", "hold", "hedge", "unhedged"
AGAINST = (HOLD, SPOT, HEDGE, UNHEDGED)
_HOUR, _DAY = 3_600_000, 86_400_000


@frozen
class Terms:
    """How a replay goes: the slippage of every fill, milliseconds from check to check, what a refusal leads to.

    ``spot_fee``: None where no spot trades are asked for. ``against``: the ways gone beside the plan.
    """

    slippage: Fraction
    check: int
    refused: Refused = Refused.HOLD
    spot_fee: Fraction | None = None
    against: tuple[str, ...] = ()


def _every(_: Quotes) -> Skip:
    return every_bar


def build_replay(
    portfolio: Portfolio, course: Course, *, terms: Terms, inputs: Inputs, skipping: Callable[[Quotes], Skip] = _every
) -> Replay:
    """Walk a portfolio's statement through a course, by the plan and by every way asked for beside it.

    ``skipping``: how a walk finds the next bar that it has to look at; every bar where nothing is given.
    """
    quotes = Quotes(portfolio, course)
    skip = skipping(quotes)
    walks = {way.name: Walk(quotes, way, check=terms.check).run(skip) for way in ways(terms)}
    planned = walks[PLAN]
    path = _path(walks)
    check = planned.every * course.step
    return Replay(
        schema=REPLAY_SCHEMA,
        path=path,
        command="replay",
        name=portfolio.name,
        venue=portfolio.venue,
        currency=DOLLARS,
        inputs=inputs,
        since=quotes.time(0),
        until=quotes.time(quotes.last),
        bars=quotes.last,
        bar_hours=Fraction(course.step, _HOUR),
        checks=len(path),
        check_hours=Fraction(check, _HOUR),
        slippage=terms.slippage,
        refused_is=terms.refused,
        ways=tuple(_way(name, walk) for name, walk in walks.items()),
        years=tuple(year for name, walk in walks.items() for year in _years(name, walk)),
        drift=_drift(path),
        closest=_closest(planned),
        alert_days=Fraction(sum(line.in_alert for line in path) * check, _DAY),
        liquidated=tuple(line for name, walk in walks.items() for line in _liquidated(name, walk)),
        refusals=_refusals(planned.tally),
        at_venue=tuple(VenueLine(asset, coins) for asset, coins in sorted(planned.tally.most.items()) if coins),
        findings=tuple(_findings(walks, portfolio, terms)),
        bands=tuple(_bands(portfolio)),
    )


def ways(terms: Terms) -> Iterator[Way]:
    """The planned way, and those asked for beside it, always in one order."""
    yield Planned(PLAN, terms.slippage, terms.refused)
    made: Mapping[str, Callable[[], Way]] = {
        HOLD: lambda: Still(HOLD),
        SPOT: lambda: InSpot(terms.spot_fee or ZERO, terms.slippage),
        HEDGE: lambda: Planned(HEDGE, terms.slippage, terms.refused, hedge_only=True),
        UNHEDGED: lambda: Still(UNHEDGED, unhedged=True),
    }
    yield from (made[name]() for name in AGAINST if name in terms.against)


def _way(name: str, walk: Walk) -> WayLine:
    tally, laid = walk.tally, walk.quotes.at(walk.quotes.last)
    fall, top, bottom = worst_fall(tally.equities())
    sales = walk.way.sales if isinstance(walk.way, InSpot) else []
    lots = (
        walk.way.lots
        if isinstance(walk.way, InSpot)
        else {asset: holding.lots or None for asset, holding in laid.holdings.items()}
    )
    later = deferred(lots, sales, book=walk.book, laid=laid)
    paid = None if laid.tax is None or None in lots.values() else total(tax_by_year(sales, laid.tax).values())
    coins = {asset: held for asset, held in sorted(walk.book.holdings.items()) if held}
    return WayLine(
        way=name,
        equity_start=walk.start,
        equity_end=walk.worth,
        prices_usd=tally.prices,
        funding_usd=tally.funding,
        fees_usd=tally.fees,
        slippage_usd=tally.slippage,
        liquidations_usd=tally.liquidations,
        worst_fall=fall,
        fell_from=None if top is None else walk.quotes.time(top),
        fell_to=None if bottom is None else walk.quotes.time(bottom),
        plans=tally.plans,
        orders=tally.orders,
        refusals=len(tally.refusals),
        liquidations=len(tally.gone),
        tax_paid_usd=paid,
        tax_deferred_usd=later,
        after_sale_usd=None if paid is None or later is None else walk.worth - paid - later,
        coins=coins,
    )


def worst_fall(equities: Iterable[tuple[int, int]]) -> tuple[Fraction, int | None, int | None]:
    """The largest fall of equity from one check to a later one, as a share, and the bars of both.

    ``equities``: the bar of each check, and what the book was worth there, in cents.
    """
    worst: tuple[int, int] = (0, 1)
    found: tuple[int | None, int | None] = (None, None)
    top: tuple[int, int] | None = None
    for bar, equity in equities:
        if top is None or equity > top[1]:
            top = bar, equity
        # (top - equity)/top > worst, without a fraction a row
        elif top[1] > 0 and (top[1] - equity) * worst[1] > worst[0] * top[1]:
            worst, found = (top[1] - equity, top[1]), (top[0], bar)
    return Fraction(*worst), *found


def _path(walks: Mapping[str, Walk]) -> tuple[PathLine, ...]:
    planned = walks[PLAN]
    portfolio = planned.quotes.portfolio
    beside = {name: [cents for _, cents in walks[name].tally.equities()] for name in AGAINST if name in walks}
    return tuple(
        _path_line(row, {name: cents[n] for name, cents in beside.items()}, planned.quotes, portfolio)
        for n, row in enumerate(planned.tally.rows())
    )


def _path_line(row: Row, beside: Mapping[str, int], quotes: Quotes, portfolio: Portfolio) -> PathLine:
    weights = {asset: Fraction(weight, 10**NINTHS) for asset, weight in row.weights.items()}
    usd = {name: Fraction(cents, 10**CENTS) for name, cents in beside.items()}
    targets = portfolio.targets
    off = {} if targets is None else {asset: abs(each - targets.get(asset, ZERO)) for asset, each in weights.items()}
    band = portfolio.policy.band
    return PathLine(
        time=quotes.time(row.bar),
        plan=Fraction(row.equity, 10**CENTS),
        hold=usd.get(HOLD),
        spot=usd.get(SPOT),
        hedge=usd.get(HEDGE),
        unhedged=usd.get(UNHEDGED),
        drift=max(off.values(), default=None),
        inside_bands=None
        if targets is None
        else all(each <= band.width(targets.get(asset, ZERO)) for asset, each in off.items()),
        distance=None if row.distance is None else Fraction(row.distance, 10**MILLIONTHS),
        in_alert=row.alert,
        weights=weights,
    )


def _bands(portfolio: Portfolio) -> Iterator[BandLine]:
    for asset, target in sorted((portfolio.targets or {}).items()):
        width = portfolio.policy.band.width(target)
        yield BandLine(asset, target, target - width, target + width)


def _drift(path: Sequence[PathLine]) -> Drift | None:
    known = [(line.drift, line) for line in path if line.drift is not None]
    if not known:
        return None
    worst, line = max(known, key=lambda each: each[0])
    inside = sum(bool(each.inside_bands) for _, each in known)
    return Drift(total(each for each, _ in known) / len(known), worst, line.time, Fraction(inside, len(known)))


def _closest(walk: Walk) -> Call | None:
    found = walk.tally.closest
    if found is None:
        return None
    return Call(found.wallet, walk.quotes.time(found.bar), Fraction(found.distance, 10**MILLIONTHS))


def _years(way: str, walk: Walk) -> Iterator[YearLine]:
    sales = walk.way.sales if isinstance(walk.way, InSpot) else []
    tax = walk.quotes.portfolio.tax
    known = isinstance(walk.way, InSpot) and tax is not None and None not in walk.way.lots.values()
    owed = tax_by_year(sales, tax) if tax is not None else {}
    for (year, contract), line in sorted(walk.tally.years.items()):
        yield YearLine(
            way=way,
            year=year,
            contract=contract,
            currency=line.currency,
            fees_usd=line.fees,
            slippage_usd=line.slippage,
            funding_usd=line.funding,
            basis_usd=line.basis,
            realised_coin=line.realised,
            realised_usd=line.realised_usd,
            fees_coin=line.fees_coin,
            funding_coin=line.funding_coin,
            unfunded_days=Fraction(line.unfunded * walk.quotes.course.step, _DAY),
            tax_usd=owed.get(year, ZERO) if known else None,
        )


def _liquidated(way: str, walk: Walk) -> Iterator[LiquidationLine]:
    for gone in walk.tally.gone:
        yield LiquidationLine(way, gone.time, gone.wallet, gone.currency, gone.price, gone.coins, gone.usd)


def _refusals(tally: Tally) -> tuple[RefusalLine, ...]:
    found: dict[tuple[str, str], RefusalLine] = {}
    for each in tally.refusals:
        key = each.code, each.subject
        so_far = found.get(key)
        found[key] = RefusalLine(
            each.code,
            each.subject,
            1 if so_far is None else so_far.times + 1,
            each.time if so_far is None else so_far.first,
            each.time,
            each.message if so_far is None else so_far.message,
        )
    return tuple(sorted(found.values(), key=lambda line: (-line.times, line.code, line.subject)))


def _findings(walks: Mapping[str, Walk], portfolio: Portfolio, terms: Terms) -> Iterator[Finding]:
    walk = walks[PLAN]
    apart = walk.every * walk.quotes.course.step
    if apart != terms.check:
        hours = FindingData(hours=Fraction(apart, _HOUR), asked_hours=Fraction(terms.check, _HOUR))
        told = f"are {length_of(apart)} apart, at the ends of bars, not the {length_of(terms.check)} asked for"
        yield Finding(Severity.INFO, Code.CHECKS_APART, "checks", told, hours)
    days: dict[str, Fraction] = {}
    for (_, contract), line in sorted(walk.tally.years.items()):
        days[contract] = days.get(contract, ZERO) + Fraction(line.unfunded * walk.quotes.course.step, _DAY)
    for contract, count in sorted(days.items()):
        if count:
            message = f"no funding is known for {int(count)} days on which it was held; none is counted for them"
            yield Finding(Severity.WARNING, Code.FUNDING_UNKNOWN, contract, message, FindingData(days=count))
    for gone in walk.tally.gone:
        message = f"was liquidated by {gone.time:%Y-%m-%d}, and all that backed it is lost"
        data = FindingData(coins=gone.coins, usd=gone.usd, time=gone.time)
        yield Finding(Severity.WARNING, Code.NEAR_LIQUIDATION, gone.wallet, message, data)
    if portfolio.tax is None:
        yield Finding(Severity.INFO, Code.MISSING, "tax", "is not given, so none is counted")
