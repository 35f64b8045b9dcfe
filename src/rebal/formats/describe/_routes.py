"""By which routes a comparison can be carried, what each costs, and when selling is cheaper."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from string import ascii_lowercase
from typing import Any, NamedTuple

from rebal.amounts import ZERO, Fraction
from rebal.formats.describe._phrases import day, days, joined
from rebal.formats.document import Block, Column, Place, Role, Section, Table
from rebal.formats.document.charts import Axis, Chart, Series
from rebal.formats.document.said import BOLD, GLUE, YELLOW, Absent, Figure, Inked, Kind, Medium, Said
from rebal.reports.comparison import Compare, PooledLine, PostedLine, RankLine, RouteLine, Way

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_CENT = Fraction(1, 100)
_UNSEEN = "?"
"""What stands for a figure that is not known, as a page has it."""


def expiry(line: Any) -> Said:
    return None if line.expiry is None else day(line.expiry)


def named(line: RouteLine | RankLine) -> str:
    """A route by its way and, where it is one of several, its expiry."""
    return line.route.value if line.expiry is None else f"{line.route.value}{GLUE}{day(line.expiry)}"


def words(items: Sequence[str], between: str) -> str | None:
    return between.join(items) or None


KEY = (
    Column("", "route", place=Place.FIRST, only=_RECORDS),
    Column("", expiry, place=Place.FIRST, only=_RECORDS),
)


class _Route(NamedTuple):
    """A route, the letter that stands for it, and the comparison that it is of."""

    letter: str
    line: RouteLine
    report: Compare

    @property
    def route(self) -> Way:
        """Its way."""
        return self.line.route

    @property
    def expiry(self) -> datetime | None:
        """Of its contracts."""
        return self.line.expiry


def letters(report: Compare) -> dict[str, RouteLine]:
    """The routes under the letters that stand for them: a, b, c, and aa where there are more than twenty-six."""
    return {ascii_lowercase[n % 26] * (n // 26 + 1): line for n, line in enumerate(report.routes)}


def routes(report: Compare) -> Iterator[Block]:
    if not report.routes:
        return
    reach = days(Fraction(report.reach_days))
    note = ("above 0 paid, below 0 earned; dearer: than selling, within ", reach)
    unseen = f"; {_UNSEEN}: not given" if any(each.missing for each in report.routes) else ""
    rows = [_Route(letter, line, report) for letter, line in letters(report).items()]
    title = ("Cost over ", days(report.horizon_days))
    yield Section(
        title, (Table((*_ROUTES, *_RANGE, *_SOLD), rows, known=True),), (*note, unseen), only=_PAGE, place=Place.FIRST
    )
    yield Table(_ROUTES, rows, word="route", only=_RECORDS)
    yield Table((*KEY, *_RANGE, *_SOLD), rows, word="range", only=_RECORDS)


def _total(row: _Route) -> Said:
    if row.line.total_usd is not None:
        return Inked(Figure(row.line.total_usd, Kind.USD), BOLD)
    return _as_known(row.line.known_usd)


def _as_known(usd: Fraction) -> Said:
    """What is known of a figure that is not known whole."""
    if not usd:
        return Inked(_UNSEEN, YELLOW)
    return Inked((Figure(usd, Kind.USD), f"{GLUE}+{GLUE}{_UNSEEN}"), YELLOW)


def _tax_now(row: _Route) -> Said:
    tax = row.line.tax_usd
    return _as_known(row.line.tax_known_usd) if tax is None else Figure(tax, Kind.USD)


def _tax_deferred(row: _Route) -> Said:
    tax, known = row.line.tax_deferred_usd, row.line.tax_deferred_known_usd
    if tax is None:
        return _as_known(known) if known else Absent.UNKNOWN
    return Figure(tax, Kind.USD)


def _on_day(number: int) -> tuple[Said, ...]:
    """A day by its number from today."""
    return (f"day{GLUE}", number)


def _when_dearer(row: _Route) -> Said:
    """From when on a route costs more than selling, or until when it begins with more; nothing for selling itself."""
    line = row.line
    if line.route is Way.SPOT:
        return None
    if line.break_even_day is None and line.cheaper_from_day is None:
        return Absent.UNKNOWN
    if line.break_even_day != 0:
        return _from_day(line.break_even_day)
    return "always" if line.cheaper_from_day is None else ("until ", *_on_day(line.cheaper_from_day))


def _from_day(day: int | None) -> tuple[Said, ...]:
    return ("never",) if day is None else ("from ", *_on_day(day))


def _day(attribute: str, row: _Route) -> Said:
    line = row.line
    if line.route is Way.SPOT:
        return None
    if line.break_even_day is None and line.cheaper_from_day is None:
        return Absent.UNKNOWN
    number: int | None = getattr(line, attribute)
    return Absent.NEVER if number is None else number


def _legs_of(row: _Route) -> Said:
    whole = row.line.notional == row.report.notional
    return None if whole else (Figure(row.line.notional, Kind.USD), " only")


def _posts(row: _Route) -> Said:
    least = _CENT if row.report.pooled else ZERO  # what an account needs with a route and without differs by steps
    return joined((_collateral(each) for each in _posted(row) if each.usd >= least), " and ") or None


def _frees(row: _Route) -> Said:
    """The coins that a pooled account needs no more with the positions of a route."""
    freed = [Figure(-each.quantity, Kind.COINS, each.currency) for each in _posted(row) if each.usd <= -_CENT]
    return joined(freed, " and ") or None


def _posted(row: _Route) -> list[PostedLine]:
    return [each for each in row.report.posted if (each.route, each.expiry) == (row.route, row.expiry)]


def _pools(row: _Route) -> Said:
    """What each pooled account needs in all, of which the capital is the difference."""
    own = [each for each in row.report.pooled if (each.route, each.expiry) == (row.route, row.expiry)]
    return joined(map(_needs, own)) or None


def _needs(pool: PooledLine) -> Said:
    beside, without = (Figure(usd, Kind.USD) for usd in (pool.with_usd, pool.without_usd))
    return (f"{pool.account or 'the account'} needs ", beside, " with it, ", without, " without")


def _collateral(posted: PostedLine) -> Said:
    held = Figure(posted.quantity, Kind.COINS, posted.currency)
    return (held, " (", Figure(posted.missing, Kind.COINS, posted.currency), " missing)") if posted.missing else held


def _fees(row: _Route) -> Said:
    line = row.line
    parts = ((line.fees_in_usd, " in"), (line.fees_rolling_usd, " at rolls"), (line.fees_out_usd, " out"))
    words = [(Figure(usd, Kind.USD), when) for usd, when in parts if usd]
    return joined(words) if len(words) > 1 else None


def _spans(row: _Route) -> bool:
    return row.line.carry_usd_low != row.line.carry_usd_high


def _range(figure: str, row: _Route) -> Said:
    low, high = (getattr(row.line, f"{figure}_{end}") for end in ("low", "high"))
    return tuple(Absent.UNKNOWN if each is None else each for each in (low, " to ", high))


def _is_known(figure: str, row: _Route) -> bool:
    ends = (getattr(row.line, f"{figure}_{end}") for end in ("low", "high"))
    return _spans(row) and all(each is not None for each in ends)


def _even_from(row: _Route) -> Said:
    """The earliest and the latest break-even day, where funding is a range that makes them differ."""
    low, high = row.line.break_even_day_low, row.line.break_even_day_high
    if low == high or low is None:
        return None
    return (*_on_day(low), *((", or never",) if high is None else (" to ", *_on_day(high))))


def _is_sold_later(row: _Route) -> bool:
    return row.report.hedge is None and bool(row.line.contracts)


def _is_deferred(row: _Route) -> bool:
    return _is_sold_later(row) and bool(row.line.tax_deferred_usd) and row.line.total_with_deferred_usd is not None


def _then_sold(row: _Route) -> Said:
    in_all = row.line.total_then_sold_usd
    if in_all is None:
        return None
    return (Figure(in_all, Kind.USD), " in all, dearer ", *_from_day(row.line.break_even_day_then_sold))


def _dollars(heading: str, attribute: str, record: str = "", only: Medium | None = None) -> Column:
    get, word = f"line.{attribute}", record or heading
    return Column(heading, get, Kind.USD, record=f"{word} {{}}", absent=Absent.UNKNOWN, only=only)


def _below(heading: str, get: Any, when: Any = None) -> Column:
    return Column(heading, get, role=Role.BELOW, when=when, only=_PAGE)


def _between(word: str) -> Column:
    figure, known = (partial(get, f"{word}_usd") for get in (_range, _is_known))
    return Column(f"{word} from", figure, Kind.USD, record=f"{word} {{}}", role=Role.BELOW, when=known)


_ROUTES = (
    Column("", lambda row: Inked(row.letter, BOLD), role=Role.NAME, only=_PAGE),
    Column("route", lambda row: named(row.line), role=Role.NAME, left=True, only=_PAGE),
    *KEY,
    Column("", lambda row: words(row.line.contracts, " "), only=_RECORDS),
    _dollars("", "notional", "legs", only=_RECORDS),
    _dollars("fees", "fees_usd"),
    _dollars("", "fees_in_usd", "in", only=_RECORDS),
    _dollars("", "fees_rolling_usd", "rolls", only=_RECORDS),
    _dollars("", "fees_out_usd", "out", only=_RECORDS),
    _dollars("slippage", "slippage_usd"),
    _dollars("carry", "carry_usd"),
    Column("tax now", _tax_now, only=_PAGE),
    _dollars("", "tax_usd", "tax", only=_RECORDS),
    _dollars("", "tax_deferred_usd", "deferred", only=_RECORDS),
    Column("total", _total, only=_PAGE),
    _dollars("", "total_usd", "total", only=_RECORDS),
    _dollars("", "known_usd", "known", only=_RECORDS),
    Column(
        "of notional",
        "line.share_of_notional",
        Kind.PERCENT,
        "share of notional",
        record="share {}",
        absent=Absent.UNKNOWN,
    ),
    Column("dearer", _when_dearer, left=True, only=_PAGE),
    Column("", partial(_day, "break_even_day"), Kind.COUNT, record="break-even {}", only=_RECORDS),
    Column("", partial(_day, "cheaper_from_day"), Kind.COUNT, record="cheaper-from {}", only=_RECORDS),
    Column("capital", "line.capital", Kind.USD, yields=1, when="line.contracts"),
    Column("", lambda row: words(row.line.missing, " "), record="missing {}", only=_RECORDS),
    _below("", lambda row: words(row.line.contracts, ", ")),
    _below("legs of", _legs_of),
    _below("posts", _posts),
    _below("frees", _frees),
    _below("", _pools),
    _below("fees", _fees),
)
_RANGE = (
    Column(
        "carry from",
        partial(_range, "carry_usd"),
        Kind.USD,
        record="carry {}",
        role=Role.BELOW,
        when=partial(_is_known, "carry_usd"),
    ),
    Column(
        "total from",
        partial(_range, "total_usd"),
        Kind.USD,
        record="total {}",
        role=Role.BELOW,
        when=partial(_is_known, "total_usd"),
    ),
    _below("dearer from", _even_from, _spans),
    Column(
        "",
        lambda row: joined([_day("break_even_day_low", row), _day("break_even_day_high", row)], " to "),
        record="break-even {}",
        only=_RECORDS,
    ),
)
_SOLD = (
    Column(
        "tax deferred",
        _tax_deferred,
        role=Role.BELOW,
        when=_is_sold_later,
        only=_PAGE,
    ),
    Column(
        "with the deferred tax",
        "line.total_with_deferred_usd",
        Kind.USD,
        role=Role.BELOW,
        when=_is_deferred,
        only=_PAGE,
    ),
    _below("with the sale's own cost too", _then_sold, _is_sold_later),
    Column("", "line.total_then_sold_usd", Kind.USD, record="then-sold {}", only=_RECORDS),
    Column(
        "",
        lambda row: None if row.line.total_then_sold_usd is None else _day("break_even_day_then_sold", row),
        record="then-sold-break-even {}",
        only=_RECORDS,
    ),
)


def curves(report: Compare) -> Iterator[Section]:
    series = []
    for letter, route in letters(report).items():
        own = [each for each in report.curve if (each.route, each.expiry) == (route.route, route.expiry)]
        if own and route.notional == report.notional:
            points = [(Fraction(each.day), each.cost_usd) for each in own]
            series.append(Series(letter[-1], named(route), points))
    last = max((each.day for each in report.curve), default=0)
    if not last or len(series) < 2:
        return
    values = [cost for each in series for _, cost in each.points]
    low, high = (Figure(each, Kind.USD) for each in (min(values), max(values)))
    note = joined([("were it closed that day: from today to ",), _on_day(last), ", from ", low, " to ", high], "")
    said = ("cost of each route were it closed that day; ", *note)
    chart = Chart(Axis("day", Kind.COUNT), Axis("cost", Kind.USD), series, name="cost", said=said)
    yield Section("Cost by day", (chart,), note, always=True, place=Place.FIRST)
