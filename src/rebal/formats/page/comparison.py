"""What table and plain share of a comparison: how routes are named, when they break even, and what matters first."""

from datetime import UTC, datetime
from fractions import Fraction
from string import ascii_lowercase

from rebal.formats.page.figures import GLUE, Figures
from rebal.reports.comparison import Compare, LegLine, LotLine, PostedLine, RankLine, RouteLine, TurnLine, Way

UNKNOWN = "not known"
UNSEEN = "?"
"""What stands in a cell whose figure is not known."""

_TURNS = 4
WORTH = {True: "yes", False: "no", None: "nothing to wait for"}


def day(instant: datetime) -> str:
    """A day, in UTC."""
    return instant.astimezone(UTC).date().isoformat()


def letters(report: Compare) -> dict[str, RouteLine]:
    """The routes under the letters that stand for them: a, b, c, and aa where there are more than twenty-six."""
    return {
        ascii_lowercase[n % 26] * (n // 26 + 1): line for n, line in enumerate(report.routes)
    }  # fmt: skip


def named(line: RouteLine | LegLine | PostedLine | RankLine) -> str:
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
        return UNSEEN
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
    """Which route costs least, as far as is known, and what would change that."""
    over = f"over {days(report.horizon_days, figures)}"
    placed = [each for each in report.ranking if each.place is not None]
    if not any(each.route is not Way.SPOT for each in placed):
        return ", ".join([f"{over} no futures route is complete", *(_beside(each, figures) for each in placed)])
    first, *others = placed
    if report.hedge is None:
        over = f"{over} with the deferred tax"
    known = "as far as is known, " if any(each.missing for each in placed) else ""
    against = next((each for each in others if each.route is Way.SPOT), others[0] if others else None)
    beside = [] if against is None else [_beside(against, figures)]
    least = ", ".join([f"{known}{named(first)} costs least {over}: {_cost(first.known_usd, figures)}", *beside])
    return least if not report.turns else f"{least}; {_turns(report, figures)} would change that"


def _beside(line: RankLine, figures: Figures) -> str:
    return f"{'selling' if line.route is Way.SPOT else named(line)} {_cost(line.known_usd, figures)}"


def _turns(report: Compare, figures: Figures) -> str:
    said = [_turn(each, figures) for each in report.turns]
    more = [f"{len(said) - _TURNS} more"] if len(said) > _TURNS else []
    *some, last = [*said[:_TURNS], *more]
    return f"{', '.join(some)} or {last}" if some else last


def _turn(turn: TurnLine, figures: Figures) -> str:
    if turn.above is None:
        return turn.key
    if turn.key.startswith("costs."):
        return f"{turn.key} above {figures.dollars(turn.above * 100)}{figures.before_percent}%"
    return f"{turn.key} above {_cost(turn.above, figures)}"


def days(count: Fraction, figures: Figures) -> str:
    """A length of time."""
    return f"{figures.exact(count)}{GLUE}{'day' if count == 1 else 'days'}"


def on_day(number: int | None, figures: Figures) -> str:
    """A day by its number from today, or that there is none."""
    return "never" if number is None else f"day{GLUE}{figures.exact(Fraction(number))}"


def _cost(usd: Fraction | None, figures: Figures) -> str:
    return UNKNOWN if usd is None else f"{figures.dollars(usd)}{GLUE}USD"
