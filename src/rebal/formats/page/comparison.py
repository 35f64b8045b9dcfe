"""What table and plain share of a comparison: how routes are named, when they break even, and what matters first."""

from datetime import UTC, datetime
from fractions import Fraction
from string import ascii_lowercase

from rebal.amounts import ZERO
from rebal.formats.page.figures import GLUE, Figures
from rebal.reports.comparison import Compare, LegLine, LotLine, PostedLine, RouteLine, Way

UNKNOWN = "not known"
WORTH = {True: "yes", False: "no", None: "nothing to wait for"}


def day(instant: datetime) -> str:
    """A day, in UTC."""
    return instant.astimezone(UTC).date().isoformat()


def letters(report: Compare) -> dict[str, RouteLine]:
    """The routes under the letters that stand for them: a, b, c, and aa where there are more than twenty-six."""
    return {
        ascii_lowercase[n % 26] * (n // 26 + 1): line for n, line in enumerate(report.routes)
    }  # fmt: skip


def named(line: RouteLine | LegLine | PostedLine) -> str:
    """A route by its way and, where it is one of several, its expiry."""
    return line.route.value if line.expiry is None else f"{line.route.value}{GLUE}{day(line.expiry)}"


def traded(line: RouteLine) -> str:
    """The contracts that a route trades."""
    return ", ".join(line.contracts)


def exact_percent(value: Fraction, figures: Figures) -> str:
    """A rate with every digit: 0.0001 is 0.01 %."""
    return f"{figures.exact(value * 100)}{figures.before_percent}%"


def breaks_even(line: RouteLine, figures: Figures) -> str:
    """When a route costs more than selling, in words; empty for selling itself."""
    if line.route is Way.SPOT:
        return ""
    if line.break_even_day is None and line.cheaper_from_day is None:
        return UNKNOWN
    if line.break_even_day == 0:
        return f"cheaper {'' if line.cheaper_from_day is None else 'from '}{on_day(line.cheaper_from_day, figures)}"
    return on_day(line.break_even_day, figures)


def range_of_days(line: RouteLine, figures: Figures) -> str:
    """The earliest and the latest break-even day, where funding is a range that makes them differ."""
    if line.break_even_day_low == line.break_even_day_high:
        return ""
    return f"{on_day(line.break_even_day_low, figures)} to {on_day(line.break_even_day_high, figures)}"


def worth(lot: LotLine) -> str:
    """Whether waiting for a lot is worth what it costs."""
    if lot.worth_waiting is None and lot.hedged_on is not None:
        return UNKNOWN
    return WORTH[lot.worth_waiting]


def subject(report: Compare, figures: Figures) -> str:
    """What is compared: the hedge, or each leg of the drift."""
    if report.hedge is not None:
        return f"hedge of {figures.percent(report.hedge.fraction)} of {report.hedge.asset}"
    legs = {leg.asset: leg.leg_usd for leg in report.legs}
    return ", ".join(f"{asset}{GLUE}{figures.signed(figures.dollars, usd)}" for asset, usd in sorted(legs.items()))


def headline(report: Compare, figures: Figures) -> str:
    """The cheapest route that carries every leg, is known in full and has its collateral, against selling."""
    lacking = {(each.route, each.expiry) for each in report.posted if each.missing}
    whole = [
        line
        for line in report.routes
        if line.total_usd is not None and line.notional == report.notional and (line.route, line.expiry) not in lacking
    ]
    futures = [line for line in whole if line.route is not Way.SPOT]
    selling = [f"selling {_cost(line.total_usd, figures)}" for line in whole if line.route is Way.SPOT]
    over = f"over {days(report.horizon_days, figures)}"
    if not futures:
        return ", ".join([f"{over} no futures route is complete", *selling])
    least = min(futures, key=lambda line: line.total_usd or ZERO)
    full = [line for line in report.routes if line.total_usd is not None]
    if full == [least] != list(report.routes):
        verb = "costs" if (least.total_usd or ZERO) >= 0 else "earns"
        return f"only {named(least)} is fully known: it {verb} {_cost(abs(least.total_usd or ZERO), figures)} {over}"
    among = "" if len(full) == len(report.routes) else "of the routes fully known, "
    return ", ".join([f"{among}{named(least)} costs least {over}: {_cost(least.total_usd, figures)}", *selling])


def days(count: Fraction, figures: Figures) -> str:
    """A length of time."""
    return f"{figures.exact(count)}{GLUE}{'day' if count == 1 else 'days'}"


def on_day(number: int | None, figures: Figures) -> str:
    """A day by its number from today, or that there is none."""
    return "never" if number is None else f"day{GLUE}{figures.exact(Fraction(number))}"


def _cost(usd: Fraction | None, figures: Figures) -> str:
    return UNKNOWN if usd is None else f"{figures.dollars(usd)}{GLUE}USD"
