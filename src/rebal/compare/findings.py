"""What is worth a look in a comparison of routes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rebal.amounts import Fraction, total
from rebal.book import Purpose
from rebal.findings import Code, Figure, Finding, coins, exact_percent, info, percent, rank, usd, warning
from rebal.market.contract import Kind
from rebal.planner.candidates import reducible
from rebal.planner.checks import findings
from rebal.planner.costs import ROLL_DAYS
from rebal.planner.cover import cover
from rebal.planner.desk import Desk
from rebal.planner.rebalance import Decided, outside_band
from rebal.planner.review import Check, Review
from rebal.planner.sizing import LeftOut
from rebal.planner.step import NOTHING_OPEN
from rebal.reports.comparison import Compare, LegLine, PostedLine, RouteLine, Way

_Wanted = Mapping[str, Fraction]
_Caveat = Callable[[Compare, _Wanted, Desk], Iterable[Finding]]


def caveats(report: Compare, wanted: _Wanted, desk: Desk, *, extra: Sequence[Check] = ()) -> tuple[Finding, ...]:
    """Everything worth a look, the gravest first: what holds of every answer, then of this one."""
    nothing_done = Review(desk, Decided((), ()), NOTHING_OPEN)
    found = dict.fromkeys(finding for caveat in _CAVEATS for finding in caveat(report, wanted, desk))
    return tuple(sorted((*findings(nothing_done, extra), *found), key=rank))


def _nothing(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    if report.hedge is None and wanted and not outside_band(desk):
        message = "every weight is inside its band, so a plan trades nothing; these are the legs to the targets"
        yield info(Code.DRIFT, "weights", message)
    if not wanted:
        subject, what = "weights", "none is off its target by an order"
        if report.hedge is not None:
            subject, what = report.hedge.asset, "there are no coins to hedge"
        yield info(Code.DRIFT, subject, f"{what}: there is nothing to compare")


def _missing(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    """One line for all that is not given: what is known stands, and this is what to add."""
    keys = tuple(dict.fromkeys(key for line in report.ranking for key in line.missing))
    if len(keys) == 1:
        message = "is not given, or not all of it, so totals with it are not known; add it"
        yield warning(Code.MISSING, keys[0], message, keys=keys)
    elif keys:
        sections = dict.fromkeys(_section(key) for key in keys)
        message = f"not all is given, so totals with it are not known; add {', '.join(keys)}"
        yield warning(Code.MISSING, ", ".join(sections), message, keys=keys)


def _section(key: str) -> str:
    first, _, rest = key.partition(".")
    return f"market.{rest.partition('.')[0]}" if first == "market" else first


def _left_out(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    routes: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for line in report.routes:
        legs = [leg for leg in report.legs if (leg.route, leg.expiry) == (line.route, line.expiry)]
        lacking = tuple((leg.asset, _lacking(leg)) for leg in legs if leg.contract is None)
        if lacking:
            routes.setdefault(lacking, []).append(_named(line))
    for lacking, names in routes.items():
        without = ", ".join(said for _, said in lacking)
        message = f"carries only some legs, and its figures are of those; it is without {without}"
        yield warning(Code.UNSERVED_ASSET, ", ".join(names), message, assets=tuple(asset for asset, _ in lacking))


def _absent(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    shown = {line.route for line in report.routes}
    absent = [way.value for way in (Way.INVERSE, Way.DATED, Way.LINEAR) if way not in shown]
    if absent and wanted:
        at = desk.portfolio.venue or "this file"
        message = f"no contract of {at} carries a leg this way: no row"
        yield info(Code.UNSERVED_ASSET, ", ".join(absent), message, routes=tuple(absent))


def _not_held(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    spot = next((line for line in report.routes if line.route is Way.SPOT), None)
    if wanted and (spot is None or spot.notional < report.notional):
        message = "what is to be sold is not all held, so selling carries some legs only; break-even days are of those"
        sold = None if spot is None else spot.notional
        yield warning(Code.UNSERVED_ASSET, "spot", message, carried_usd=sold, legs_usd=report.notional)
    for line in report.posted:
        if line.missing:
            missing = coins(line.missing, line.currency)
            message = f"{missing} of collateral are missing for the {_named(line)} route, beside what is open"
            yield warning(
                Code.UNDER_COLLATERALISED, line.currency, message, missing_coins=line.missing, route=_named(line)
            )


def _basis(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    for line in report.legs:
        if line.basis is None or line.basis_annualised is None or not line.carry_usd or line.carry_usd <= 0:
            continue
        side = "the long pays" if line.leg_usd > 0 else "the short pays"
        message = (
            f"is {percent(line.basis, 2)} off its index, {percent(line.basis_annualised, 2)} a year, and {side} it: "
            f"{usd(line.carry_usd)} over the horizon"
        )
        data = {"basis": line.basis, "basis_annualised": line.basis_annualised, "carry_usd": line.carry_usd}
        yield warning(Code.BASIS_PAID, line.contract or "", message, **data)


def _rolls(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    for line in report.routes:
        if line.expiry is not None and line.rolls:
            times = "once" if line.rolls == 1 else f"{line.rolls} times"
            message = (
                f"expires on {line.expiry.date().isoformat()}, before the horizon ends: rolled {times} at the same "
                f"annual basis, each time for a quarter of {ROLL_DAYS} days and two more fees"
            )
            data: dict[str, Figure] = {"expiry": line.expiry, "rolls": line.rolls, "roll_days": ROLL_DAYS}
            yield info(Code.ROLL_DUE, ", ".join(line.contracts), message, **data)


def _funding_paid(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    for line in report.legs:
        if line.funding_rate is not None and line.funding_rate < 0 and line.leg_usd < 0:
            message = f"funding is {exact_percent(line.funding_rate)} an interval: the short pays it"
            yield warning(Code.NEGATIVE_FUNDING, line.contract or "", message, funding_rate=line.funding_rate)


def _open_already(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    if report.hedge is not None:
        ratio = cover(desk.portfolio, desk.book).ratio(report.hedge.asset)
        if ratio:
            asked = percent(report.hedge.fraction)
            message = f"{percent(ratio)} are hedged already; the figures are those of all {asked}"
            data = {"hedge_ratio": ratio, "asked": report.hedge.fraction}
            yield info(Code.ESTIMATE, report.hedge.asset, message, **data)
        return
    for asset, dollars in wanted.items():
        positions = desk.positions_for.get(asset, ())
        if reducible(asset, positions, Purpose.REBALANCE, direction=dollars, portfolio=desk.portfolio, now=desk.now):
            message = "this leg would first close what is open; it is compared as if all of it were opened anew"
            yield info(Code.ESTIMATE, asset, message, leg_usd=dollars)


def _tax(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    gain = total(line.gain_usd for line in report.lots)
    if gain < 0:
        message = "the sale makes a loss: its tax is 0, and what the loss is worth against other income is not counted"
        yield info(Code.ESTIMATE, "tax", message, gain_usd=gain)
    futures = [line for line in report.legs if line.contract is not None]
    if any(line.leg_usd < 0 for line in futures):
        message = (
            "a hedge puts tax off, it does not take it away; some tax laws treat a short against coins held as their "
            "sale: ask before relying on it"
        )
        yield info(Code.CONSTRUCTIVE_SALE, "tax", message)


def _issuer(report: Compare, wanted: _Wanted, desk: Desk) -> Iterator[Finding]:
    contracts = (desk.portfolio.contracts[line.contract] for line in report.legs if line.contract is not None)
    for settle in sorted({contract.settle for contract in contracts if contract.kind is Kind.LINEAR}):
        message = "margin and PnL of the linear route are dollars at an issuer, an exposure of their own"
        yield info(Code.DOLLARS_AT_ISSUER, settle, message)


def _named(line: RouteLine | PostedLine) -> str:
    return line.route.value if line.expiry is None else f"{line.route.value} {line.expiry.date().isoformat()}"


def _lacking(leg: LegLine) -> str:
    what = f"{leg.asset} {usd(abs(leg.leg_usd))}"
    return what if leg.left_out == LeftOut.UNSERVED.value else f"{what} ({leg.left_out})"


_CAVEATS: tuple[_Caveat, ...] = (
    _nothing,
    _missing,
    _left_out,
    _absent,
    _not_held,
    _basis,
    _rolls,
    _funding_paid,
    _open_already,
    _tax,
    _issuer,
)
