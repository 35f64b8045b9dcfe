"""A rebalance or a hedge by each route: what it costs over a horizon, and from which day selling would cost less."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from rebal.amounts import ONE, ZERO, Fraction, total
from rebal.book import Book, Purpose
from rebal.compare.break_even import Span, break_even, span_of
from rebal.compare.findings import caveats
from rebal.compare.legs import Course, choices, leg_lines, posted_lines
from rebal.compare.pools import pool_needs
from rebal.compare.ranking import Runner, ranking, turns
from rebal.compare.sale import SpotTrade, spot_trade
from rebal.market.carry import days_between
from rebal.plan import HedgeLine, Inputs
from rebal.planner.candidates import SHORT
from rebal.planner.costs import Range, carry, carry_per_day, cost, traded_usd
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.review import Check
from rebal.planner.targets import leg
from rebal.portfolio import DOLLARS, Portfolio, Tax
from rebal.reports.comparison import Compare, CurveLine, LotLine, MethodLine, PooledLine, PostedLine, RouteLine, Way
from rebal.tax import SoldLot, saved_by_waiting

SCHEMA = "rebal/compare/1"
_PARTLY = "it carries only some legs"


def build_compare(
    portfolio: Portfolio,
    book: Book,
    *,
    inputs: Inputs,
    horizon_days: Fraction,
    hedge: tuple[str, Fraction] | None = None,
    extra: Sequence[Check] = (),
) -> Compare:
    """Compare the routes of the drift's legs, or of the hedge of a fraction of one asset's coins.

    The legs are those that bring every weight to its target, inside its band or not; a hedge is compared whole, open or
    not. Every route carries the same dollars, not rounded to lots. ``extra``: checks of what only the caller knows.
    """
    desk = Desk.of(portfolio, book, now=inputs.now)
    wanted = _drift_legs(desk) if hedge is None else _hedge_leg(*hedge, desk)
    sale, found = spot_trade(wanted, desk, bought_back=hedge is not None), choices(wanted, desk)
    span, (posted, pooled) = span_of(inputs.now, horizon_days), _collateral(found, hedge, desk)
    report = Compare(
        schema=SCHEMA,
        horizon_days=horizon_days,
        notional=total(abs(dollars) for dollars in wanted.values()),
        routes=tuple(_routes(found, posted, sale=sale, span=span, portfolio=portfolio)),
        lots=tuple(_lot_lines(sale, desk)),
        command="compare",
        name=portfolio.name,
        venue=portfolio.venue,
        as_of=portfolio.as_of,
        currency="USD",
        hedge=None if hedge is None else HedgeLine(*hedge, until=None),
        inputs=inputs,
        methods=tuple(_methods(found, sale)),
        legs=tuple(chain(*(leg_lines(choice, days=horizon_days, portfolio=portfolio) for choice in found))),
        posted=tuple(chain(*posted)),
        curve=tuple(_curve(found, sale, span, portfolio)),
        reach_days=span.reach,
        venues=tuple(dict.fromkeys(each.venue for each in portfolio.accounts if each.venue)),
    )
    runners = tuple(_runners(found, report, posted=posted, sale=sale, span=span))
    return _concluded(replace(report, pooled=pooled), runners, wanted=wanted, desk=desk, extra=extra)


def _concluded(
    report: Compare, runners: Sequence[Runner], *, wanted: Mapping[str, Fraction], desk: Desk, extra: Sequence[Check]
) -> Compare:
    ranked = replace(report, ranking=ranking(runners), turns=turns(runners))
    return replace(ranked, findings=caveats(ranked, wanted, desk, extra=extra))


def _drift_legs(desk: Desk) -> dict[str, Fraction]:
    if desk.portfolio.targets is None or desk.valued.equity <= 0:
        return {}
    assets = sorted(asset for asset in desk.valued.exposures if asset != DOLLARS)
    legs = {asset: leg(asset, desk.valued, desk.portfolio) for asset in assets}
    return {asset: usd for asset, usd in legs.items() if usd and abs(usd) >= desk.portfolio.policy.min_order}


def _hedge_leg(asset: str, fraction: Fraction, desk: Desk) -> dict[str, Fraction]:
    coins = fraction * cover(desk.portfolio, desk.book).base(asset)
    return {asset: -coins * desk.portfolio.price(asset)} if coins > 0 else {}


def _share_to_open(hedge: tuple[str, Fraction] | None, desk: Desk) -> Fraction:
    if hedge is None:
        return ONE
    (asset, fraction), covered = hedge, cover(desk.portfolio, desk.book)
    whole = fraction * covered.base(asset)
    return max(ZERO, ONE - covered.hedged.get(asset, ZERO) / whole) if whole > 0 else ONE


def _collateral(
    found: Sequence[Course], hedge: tuple[str, Fraction] | None, desk: Desk
) -> tuple[list[tuple[PostedLine, ...]], tuple[PooledLine, ...]]:
    """The collateral of each route, by coin, and what pooled accounts need for all of them."""
    share, purpose = _share_to_open(hedge, desk), Purpose.REBALANCE if hedge is None else Purpose.HEDGE
    asset = None if hedge is None else hedge[0]
    pools = [tuple(pool_needs(each, share_to_open=share, hedged=asset, desk=desk)) for each in found]
    posted = [
        (
            *posted_lines(each, share_to_open=share, purpose=purpose, desk=desk),
            *chain(*(one.posted(desk) for one in own)),
        )
        for each, own in zip(found, pools, strict=True)
    ]
    return posted, tuple(each.line(desk) for each in chain(*pools))


def _routes(
    found: Iterable[Course],
    posted: Iterable[tuple[PostedLine, ...]],
    *,
    sale: SpotTrade,
    span: Span,
    portfolio: Portfolio,
) -> Iterator[RouteLine]:
    for choice, lines in zip(found, posted, strict=True):
        capital = total(line.usd for line in lines)
        yield _futures_line(choice, sale, span, portfolio, capital=capital)
    if sale.legs:
        yield _spot_line(sale, span)


def _runners(
    found: Sequence[Course], report: Compare, *, posted: Iterable[tuple[PostedLine, ...]], sale: SpotTrade, span: Span
) -> Iterator[Runner]:
    routes, notional = report.routes, report.notional
    for choice, line, lines in zip(found, routes, posted, strict=False):
        missing = () if sale.bought_back else sale.only(choice.carried).missing_tax()
        lacking = "its collateral is not held" if any(each.missing for each in lines) else None
        yield Runner(
            line=line,
            known_usd=line.known_usd + line.tax_deferred_known_usd,
            missing=tuple(dict.fromkeys((*line.missing, *missing))),
            per_rate={"costs.slippage": traded_usd(tuple(choice.carried.values()), span.horizon)},
            left_out=_PARTLY if line.notional < notional else lacking,
        )
    for line in routes[len(found) :]:
        left_out = _PARTLY if line.notional < notional else None
        yield Runner(line, line.known_usd, line.missing, sale.per_rate(), left_out)


def _futures_line(choice: Course, sale: SpotTrade, span: Span, portfolio: Portfolio, *, capital: Fraction) -> RouteLine:
    together, days = cost(tuple(choice.carried.values()), portfolio), span.horizon
    fees, slippage = together.fees_usd(days), together.slippage_usd(days)
    (low, all_in, high), paid = _figures(together.total_usd(days)), _figures(together.carry_usd(days))
    same_sale = sale.only(choice.carried)
    deferred, known = (ZERO, ZERO) if sale.bought_back else same_sale.taxes_usd(span.end)
    even = break_even([choice.carried[asset] for asset in same_sale.legs], same_sale, span=span, portfolio=portfolio)
    return RouteLine(
        route=choice.way,
        contract=choice.contracts[0] if len(choice.contracts) == 1 else None,
        fees_usd=fees,
        slippage_usd=slippage,
        carry_usd=paid[1],
        tax_usd=ZERO,
        tax_deferred_usd=deferred,
        total_usd=all_in,
        share_of_notional=None if all_in is None else all_in / choice.notional,
        break_even_day=even.expected,
        capital=capital,
        expiry=choice.expiry,
        contracts=choice.contracts,
        notional=choice.notional,
        fees_in_usd=total(term.opening for term in together.fees),
        fees_rolling_usd=total(term.rolling(days) for term in together.fees),
        fees_out_usd=total(term.leaving(days) for term in together.fees),
        rolls=max(term.rolls(days) for term in together.fees),
        carry_usd_low=paid[0],
        carry_usd_high=paid[2],
        total_usd_low=low,
        total_usd_high=high,
        break_even_day_low=even.earliest,
        break_even_day_high=even.latest,
        cheaper_from_day=even.cheaper_from,
        total_then_sold_usd=_then_sold(all_in, choice, same_sale, span),
        break_even_day_then_sold=even.then_sold,
        known_usd=fees + (slippage or ZERO) + days * _known_per_day(choice, portfolio),
        missing=tuple(_missing(choice, portfolio)),
        total_with_deferred_usd=None if all_in is None or deferred is None else all_in + deferred,
        tax_deferred_known_usd=known,
    )


def _spot_line(sale: SpotTrade, span: Span) -> RouteLine:
    fees, slippage, tax, all_in = sale.fees_usd(), sale.slippage_usd(), sale.tax_usd(span.now), sale.total_usd(span.now)
    back, known_tax = None if fees is None else fees / 2 if sale.bought_back else ZERO, sale.known_tax_usd(span.now)
    return RouteLine(
        route=Way.SPOT,
        contract=None,
        fees_usd=fees,
        slippage_usd=slippage,
        carry_usd=ZERO,
        tax_usd=tax,
        tax_deferred_usd=ZERO,
        total_usd=all_in,
        share_of_notional=None if all_in is None else all_in / sale.notional,
        break_even_day=None,
        capital=ZERO,
        expiry=None,
        contracts=(),
        notional=sale.notional,
        fees_in_usd=None if fees is None or back is None else fees - back,
        fees_rolling_usd=ZERO,
        fees_out_usd=back,
        rolls=0,
        carry_usd_low=ZERO,
        carry_usd_high=ZERO,
        total_usd_low=all_in,
        total_usd_high=all_in,
        break_even_day_low=None,
        break_even_day_high=None,
        cheaper_from_day=None,
        total_then_sold_usd=None if sale.bought_back else all_in,
        break_even_day_then_sold=None,
        known_usd=(fees or ZERO) + (slippage or ZERO) + known_tax,
        missing=tuple(sale.missing()),
        total_with_deferred_usd=all_in,
        tax_known_usd=known_tax,
    )


def _figures(known: Range | None) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    return (None, None, None) if known is None else (known.low, known.base, known.high)


def _then_sold(all_in: Fraction | None, choice: Course, same_sale: SpotTrade, span: Span) -> Fraction | None:
    sold = same_sale.total_usd(span.end)
    if same_sale.bought_back or all_in is None or sold is None or len(same_sale.legs) < len(choice.carried):
        return None
    return all_in + sold


def _known_per_day(choice: Course, portfolio: Portfolio) -> Fraction:
    daily = (carry_per_day(held, portfolio) for held in choice.carried.values())
    return total(each.base for each in daily if each is not None)


def _curve(found: Iterable[Course], sale: SpotTrade, span: Span, portfolio: Portfolio) -> Iterator[CurveLine]:
    for choice in found:
        together = cost(tuple(choice.carried.values()), portfolio)
        for day in span.days:
            paid = together.total_usd(Fraction(day))
            if paid is not None:
                yield CurveLine(choice.way, choice.expiry, day, paid.base)
    sold = sale.total_usd(span.now) if sale.legs else None
    if sold is not None:
        yield from (CurveLine(Way.SPOT, None, day, sold) for day in span.days)


def _missing(choice: Course, portfolio: Portfolio) -> Iterator[str]:
    if portfolio.costs.slippage is None:
        yield "costs.slippage"
    for held in choice.carried.values():
        contract = held.contract
        if carry_per_day(held, portfolio) is not None:
            continue
        if contract.expiry is not None:
            yield f"market.prices.{contract.name}"
            continue
        if contract.name not in portfolio.market.funding:
            yield f"market.funding.{contract.name}"
        if contract.funding_interval_hours is None:
            yield f"contracts.{contract.name}.funding_interval"


def _lot_lines(sale: SpotTrade, desk: Desk) -> Iterator[LotLine]:
    tax = desk.portfolio.tax
    return iter(()) if tax is None else (_lot_line(lot, sale.lots, tax, desk) for lot in sale.lots)


def _lot_line(lot: SoldLot, sold: Sequence[SoldLot], tax: Tax, desk: Desk) -> LotLine:
    turns, now = lot.long_term_on(tax), desk.now
    saved = saved_by_waiting(lot, sold, tax, at=now)
    hedged_on, hedging = _hedged_until(lot, turns, desk) if turns > now else (None, None)
    return LotLine(
        asset=lot.asset,
        quantity=lot.quantity,
        acquired=lot.acquired,
        gain_usd=lot.gain,
        rate=lot.rate(tax, at=now),
        long_term_on=turns,
        saved_by_waiting_usd=saved,
        hedge_cost_until_usd=hedging,
        tax_usd=lot.tax(tax, at=now),
        hedged_on=hedged_on,
        worth_waiting=None if hedging is None or saved <= 0 else hedging < saved,
    )


def _hedged_until(lot: SoldLot, day: datetime, desk: Desk) -> tuple[str | None, Fraction | None]:
    """What hedging a lot's dollars until a day costs, on the contract that the policy would have it hedged on."""
    found = desk.candidates(lot.asset, SHORT)
    if not found:
        return None, None
    contract, beta = found[0].contract, found[0].beta
    held = carry(contract, -lot.quantity * lot.price, beta=beta, portfolio=desk.portfolio, now=desk.now)
    paid = cost((held,), desk.portfolio).total_usd(days_between(desk.now, day))
    return contract.name, None if paid is None else paid.base


_REALISED = {
    Way.INVERSE: "PnL, fees, funding: in the coin",
    Way.DATED: "PnL, fees, basis: in the coin",
    Way.LINEAR: "PnL, fees, funding: in dollars",
    Way.PROXY: "PnL, fees, funding: the proxy's",
    Way.SPOT: "the gain: in dollars, taxed now",
}
_EXPOSED = {
    Way.INVERSE: "funding, liquidation",
    Way.DATED: "basis until expiry, liquidation",
    Way.LINEAR: "the issuer, funding, liquidation",
    Way.PROXY: "where the proxy does not follow",
    Way.SPOT: "missing a rise",
}


def _methods(found: Iterable[Course], sale: SpotTrade) -> Iterator[MethodLine]:
    margins: dict[Way, set[str]] = {}
    for choice in found:
        margins.setdefault(choice.way, set()).update(held.contract.settle for held in choice.carried.values())
    if sale.legs:
        margins[Way.SPOT] = set()
    for way, currencies in margins.items():
        yield MethodLine(way, tuple(sorted(currencies)), _REALISED[way], _EXPOSED[way])
