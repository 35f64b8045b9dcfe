"""Futures against selling, as the topics on both tell it: the comparison of the reader's own rebalance or hedge."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.compare import build_compare
from rebal.guide import Given, Reader
from rebal.guide._figures import usd
from rebal.guide._worked import subject
from rebal.reports.comparison import Compare, RouteLine
from rebal.times import day_or_time

HORIZON = Fraction(90)
_HALF = Fraction(1, 2)
HEADINGS = ("way", "contracts", "fees", "carry", "tax now", "tax later", "in all", "against selling")


def compared(reader: Reader) -> tuple[Compare, str]:
    """The rebalance of the reader's file over ninety days, or half of a coin hedged where nothing has drifted."""
    given = reader.given()
    if given.portfolio.targets is not None:
        report = _compare(given)
        if report.notional:
            return report, f"the rebalance of this portfolio, {usd(report.notional)} of legs"
    on, _ = subject(reader)
    given = given if on.portfolio is given.portfolio else reader.example()
    report = _compare(given, (on.asset, _HALF))
    return report, f"a hedge of half the {on.asset}, {usd(report.notional)}"


def rows(report: Compare) -> Iterator[tuple[str, ...]]:
    """A row a route."""
    for each in report.routes:
        costs = (_fees(each), each.carry_usd, each.tax_usd, each.tax_deferred_usd, each.total_with_deferred_usd)
        contracts = each.contract or f"{len(each.contracts) or '–'}"
        named = each.route.value if each.expiry is None else f"{each.route.value} {day_or_time(each.expiry)[:10]}"
        yield named, contracts, *map(_known, costs), _day(each)


def _compare(given: Given, hedge: tuple[str, Fraction] | None = None) -> Compare:
    return build_compare(given.portfolio, given.book, inputs=given.inputs, horizon_days=HORIZON, hedge=hedge)


def _fees(route: RouteLine) -> Fraction | None:
    return None if route.fees_usd is None or route.slippage_usd is None else route.fees_usd + route.slippage_usd


def _known(figure: Fraction | None) -> str:
    return "?" if figure is None else usd(figure)


def _day(route: RouteLine) -> str:
    dearer, cheaper = route.break_even_day, route.cheaper_from_day
    if ends_dearer(route):
        return "never cheaper" if (dearer, cheaper) == (0, None) else f"dearer from day {dearer:,}"
    return "–" if cheaper is None else "never dearer" if not cheaper else f"cheaper from day {cheaper:,}"


def ends_dearer(route: RouteLine) -> bool:
    """Whether a route costs more than selling in the end: one that earns costs more at first, for its fees."""
    dearer, cheaper = route.break_even_day, route.cheaper_from_day
    return dearer is not None and (cheaper is None or cheaper < dearer)
