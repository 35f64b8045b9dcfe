"""The screen of compare: the ways there are, what each costs, when selling is cheaper, and tax lot by lot."""

from collections.abc import Callable
from fractions import Fraction

from rebal.formats.page.comparison import (
    UNSEEN,
    breaks_even,
    day,
    days,
    exact_percent,
    headline,
    letters,
    named,
    on_day,
    range_of_days,
    subject,
    traded,
    worth,
)
from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import BOLD, DIM, EMPTY, GREEN, PLAIN, RED, YELLOW, Line, Piece, line
from rebal.formats.page.layout import Column, Role, Row
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time
from rebal.formats.screens import _curve, _findings
from rebal.reports.comparison import Compare, LegLine, LotLine, MethodLine, PostedLine, RouteLine

_METHODS = (
    Column("way", role=Role.NAME, left=True),
    Column("margin in", "margin", left=True),
    Column("realised", "", left=True),
    Column("exposed to", left=True),
)
_ROUTES = (
    Column("", role=Role.NAME, left=True),
    Column("route", role=Role.NAME, left=True),
    Column("fees"),
    Column("slippage"),
    Column("carry"),
    Column("tax now"),
    Column("total"),
    Column("of notional", "share of notional"),
    Column("breaks even", left=True),
    Column("capital", yields=1),
    Column("", role=Role.BELOW),
    Column("legs of", role=Role.BELOW),
    Column("posts", role=Role.BELOW),
    Column("fees", role=Role.BELOW),
    Column("carry from", role=Role.BELOW),
    Column("total from", role=Role.BELOW),
    Column("breaks even from", role=Role.BELOW),
    Column("tax deferred", role=Role.BELOW),
    Column("with the sale after it", role=Role.BELOW),
)
_LEGS = (
    Column("contract", role=Role.NAME, left=True),
    Column("coin", "for", left=True),
    Column("leg"),
    Column("futures"),
    Column("funding", after="an interval"),
    Column("basis"),
    Column("a year", "", "a year"),
    Column("days left", "", "days left"),
    Column("delivery fee"),
    Column("carry"),
)
_LOTS = (
    Column("coin", role=Role.NAME, left=True),
    Column("quantity", role=Role.NAME),
    Column("acquired"),
    Column("gain"),
    Column("rate"),
    Column("tax"),
    Column("long-term on"),
    Column("waiting saves"),
    Column("hedging till then"),
    Column("worth it", left=True),
)
_UNSEEN = line(Piece(UNSEEN, YELLOW))


def lines(report: Compare, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a comparison."""
    return [
        *_heading(report, sheet),
        *_methods(report, sheet),
        *_routes(report, sheet),
        *_curves(report, sheet),
        *_legs(report, sheet),
        *_lots(report, sheet),
        *_findings.lines(report.findings, sheet),
    ]


def _heading(report: Compare, sheet: Sheet) -> list[Line]:
    at = report.inputs.market_as_of
    when = "prices without a date" if at is None else f"prices of {day_and_time(at)}"
    origin = [Piece(sheet.text(report.name), BOLD), Piece(sheet.text(report.venue or ""), DIM), Piece(when, DIM)]
    to_trade = line(Piece(sheet.usd(report.notional), BOLD), f"{GLUE}to{GLUE}trade")
    matter = [to_trade, line(Piece(sheet.text(subject(report, sheet.figures))))]
    return [
        *sheet.flow([line(each) for each in origin if each.text], between="   "),
        *sheet.flow([each for each in matter if each[0].text], between="   "),
        *(sheet.flow([line(headline(report, sheet.figures))]) if report.routes else []),
    ]


def _methods(report: Compare, sheet: Sheet) -> list[Line]:
    if not report.methods:
        return []
    return [*sheet.section("Ways"), *sheet.table(_METHODS, [_method(each, sheet) for each in report.methods])]


def _method(method: MethodLine, sheet: Sheet) -> Row:
    margin = ", ".join(map(sheet.text, method.margin)) or "none"
    return (line(method.route), line(margin), line(method.realised), line(method.exposed))


def _routes(report: Compare, sheet: Sheet) -> list[Line]:
    if not report.routes:
        return []
    title = f"Cost over {days(report.horizon_days, sheet.figures)}"
    reach = days(Fraction(report.reach_days), sheet.figures)
    note = f"above 0 paid, below 0 earned; break-even looked for over {reach}"
    if any(each.missing for each in report.routes):
        note += f"; {UNSEEN}: not given"
    rows = [_route(letter, each, report, sheet) for letter, each in letters(report).items()]
    return [*sheet.section(title, note), *sheet.table(_ROUTES, _without_columns_of_nothing(rows))]


def _without_columns_of_nothing(rows: list[Row]) -> list[Row]:
    """The rows with those columns left empty, and so left away, in which no figure is known."""
    cells = list(zip(*rows, strict=True))
    known = [any(cell not in (EMPTY, _UNSEEN) for cell in column) for column in cells]
    return [tuple(cell if some else EMPTY for cell, some in zip(row, known, strict=True)) for row in rows]


def _route(letter: str, route: RouteLine, report: Compare, sheet: Sheet) -> Row:
    dollars = sheet.usd
    whole, spans = route.notional == report.notional, route.carry_usd_low != route.carry_usd_high
    return (
        line(Piece(letter, BOLD)),
        line(named(route)),
        _known(dollars, route.fees_usd, sheet),
        _known(dollars, route.slippage_usd, sheet),
        _known(dollars, route.carry_usd, sheet),
        _known(dollars, route.tax_usd, sheet),
        _total(route, sheet),
        _known(sheet.figures.percent, route.share_of_notional, sheet),
        _in_words(breaks_even(route, sheet.figures)),
        line(dollars(route.capital)) if route.contracts else EMPTY,
        line(sheet.text(traded(route))) if route.contracts else EMPTY,
        EMPTY if whole else line(f"{sheet.usd(route.notional)} only"),
        _posted(route, report, sheet),
        _fees(route, sheet),
        _range(route.carry_usd_low, route.carry_usd_high, sheet) if spans else EMPTY,
        _range(route.total_usd_low, route.total_usd_high, sheet) if spans else EMPTY,
        _in_words(range_of_days(route, sheet.figures)) if spans else EMPTY,
        *_then_sold(route, report, sheet),
    )


def _then_sold(route: RouteLine, report: Compare, sheet: Sheet) -> tuple[Line, Line]:
    if report.hedge is not None or not route.contracts:
        return EMPTY, EMPTY
    deferred, in_all = route.tax_deferred_usd, route.total_then_sold_usd
    even = on_day(route.break_even_day_then_sold, sheet.figures)
    together = EMPTY if in_all is None else line(f"{sheet.usd(in_all)} in all, breaks even {even}")
    return _known(sheet.usd, deferred, sheet), together


def _total(route: RouteLine, sheet: Sheet) -> Line:
    if route.total_usd is not None:
        return sheet.cell(sheet.usd, route.total_usd, BOLD)
    return line(Piece(f"{sheet.usd(route.known_usd)}{GLUE}+{GLUE}{UNSEEN}", YELLOW))


def _known(write: Callable[[Fraction], str], value: Fraction | None, sheet: Sheet) -> Line:
    return _UNSEEN if value is None else sheet.cell(write, value)


def _in_words(text: str) -> Line:
    return _UNSEEN if text == UNSEEN else line(text) if text else EMPTY


def _posted(route: RouteLine, report: Compare, sheet: Sheet) -> Line:
    own = [each for each in report.posted if (each.route, each.expiry) == (route.route, route.expiry)]
    return line(" and ".join(_collateral(each, sheet) for each in own)) if own else EMPTY


def _collateral(posted: PostedLine, sheet: Sheet) -> str:
    held = sheet.coins(posted.quantity, posted.currency)
    return f"{held} ({sheet.coins(posted.missing, posted.currency)} missing)" if posted.missing else held


def _fees(route: RouteLine, sheet: Sheet) -> Line:
    parts = ((route.fees_in_usd, "in"), (route.fees_rolling_usd, "at rolls"), (route.fees_out_usd, "out"))
    words = [f"{sheet.usd(usd)} {when}" for usd, when in parts if usd]
    return line(", ".join(words)) if len(words) > 1 else EMPTY


def _range(low: Fraction | None, high: Fraction | None, sheet: Sheet) -> Line:
    return EMPTY if low is None or high is None else line(f"{sheet.usd(low)} to {sheet.usd(high)}")


def _curves(report: Compare, sheet: Sheet) -> list[Line]:
    each_day = {each.day for each in report.curve}
    curves: dict[str, list[Fraction]] = {}
    for letter, route in letters(report).items():
        own = [each.cost_usd for each in report.curve if (each.route, each.expiry) == (route.route, route.expiry)]
        if own and route.notional == report.notional:
            curves[letter[-1]] = own
    if len(each_day) < 2 or len(curves) < 2:
        return []
    values = [value for curve in curves.values() for value in curve]
    note = (
        f"were it closed that day: from today to {on_day(max(each_day), sheet.figures)}, "
        f"from {sheet.usd(min(values))} to {sheet.usd(max(values))}"
    )
    return [*sheet.section("Cost by day", note), *_curve.lines(curves, sheet)]


def _legs(report: Compare, sheet: Sheet) -> list[Line]:
    rows = [_leg(each, each.contract, sheet) for each in report.legs if each.contract is not None]
    return [*sheet.section("Contracts"), *sheet.table(_LEGS, rows)] if rows else []


def _leg(leg: LegLine, contract: str, sheet: Sheet) -> Row:
    figures = sheet.figures

    def rate(value: Fraction) -> str:
        return exact_percent(value, figures)

    return (
        line(sheet.text(contract)),
        line(sheet.text(leg.asset)),
        line(sheet.usd(leg.leg_usd)),
        line(sheet.usd(leg.notional)),
        sheet.cell(rate, leg.funding_rate),
        sheet.cell(figures.change, leg.basis),
        sheet.cell(figures.change, leg.basis_annualised),
        sheet.cell(figures.days, leg.days_left),
        sheet.cell(rate, leg.delivery_fee),
        _known(sheet.usd, leg.carry_usd, sheet),
    )


def _lots(report: Compare, sheet: Sheet) -> list[Line]:
    if not report.lots:
        return []
    rows = [_lot(each, sheet) for each in report.lots]
    return [*sheet.section("Tax by lot", "of a sale now"), *sheet.table(_LOTS, rows)]


def _lot(lot: LotLine, sheet: Sheet) -> Row:
    figures = sheet.figures
    waits = lot.hedged_on is not None
    return (
        line(sheet.text(lot.asset)),
        line(figures.coins(lot.quantity)),
        line(day(lot.acquired)),
        line(sheet.usd(lot.gain_usd)),
        line(exact_percent(lot.rate, figures)),
        line(sheet.usd(lot.tax_usd)),
        line(day(lot.long_term_on)),
        line(sheet.usd(lot.saved_by_waiting_usd)),
        _known(sheet.usd, lot.hedge_cost_until_usd, sheet) if waits else EMPTY,
        line(Piece(worth(lot), {True: GREEN, False: RED, None: PLAIN}[lot.worth_waiting])),
    )
