"""The screen of beta: how far one coin follows another, how sure that is, and what to paste."""

from fractions import Fraction

from rebal.beta import Beta
from rebal.formats.page.figures import GLUE
from rebal.formats.page.ink import ALARM, BOLD, DIM, EMPTY, Line, Piece, line
from rebal.formats.page.sheet import Sheet
from rebal.formats.page.wording import day_and_time
from rebal.formats.screens import _findings


def lines(report: Beta, sheet: Sheet) -> list[Line]:
    """Everything a person should see of a regression."""
    return [
        *_heading(report, sheet),
        *_refused(report, sheet),
        EMPTY,
        *_measures(report, sheet),
        *_paste(report, sheet),
        *_findings.lines(report.findings, sheet),
    ]


def _heading(report: Beta, sheet: Sheet) -> list[Line]:
    returns = f"{report.count:,}{GLUE}returns of {_hours(report.step_hours, sheet)}"
    time = f"{day_and_time(report.first)} to {day_and_time(report.last)}"
    pieces = [Piece(sheet.text(f"{report.asset} through {report.via}"), BOLD), Piece(returns, DIM), Piece(time, DIM)]
    return sheet.flow([line(each) for each in pieces], between="   ")


def _hours(hours: Fraction, sheet: Sheet) -> str:
    if hours % 24 == 0:
        days = hours / 24
        return "a day" if days == 1 else f"{sheet.figures.exact(days)}{GLUE}days"
    return "an hour" if hours == 1 else f"{sheet.figures.exact(hours)}{GLUE}hours"


def _refused(report: Beta, sheet: Sheet) -> list[Line]:
    if not report.refused:
        return []
    pieces = [Piece("Refused", ALARM), Piece("no proxy as it stands", ALARM)]
    return sheet.flow([line(each) for each in pieces], between="   ")


def _measures(report: Beta, sheet: Sheet) -> list[Line]:
    figures = sheet.figures
    error = f"standard error {figures.price(report.standard_error)}"
    least = f"a proxy needs {figures.percent(report.least_r_squared)}"
    follows = f"R squared {figures.percent(report.r_squared)}, the variance that it shares with {report.via}; {least}"
    own, via = figures.percent(report.volatility_per_day), figures.percent(report.via_volatility_per_day)
    left = f"{figures.percent(report.residual_volatility_per_day)} a day would be left open"
    return [
        *sheet.flow([line(Piece(f"beta{GLUE}{figures.price(report.beta)}", BOLD)), line(error)], between=", "),
        *sheet.flow([line(sheet.text(follows))]),
        *sheet.flow([line(sheet.text(f"volatility {own} a day, {report.via} {via}; hedged, {left}"))]),
    ]


def _paste(report: Beta, sheet: Sheet) -> list[Line]:
    if not report.proxies:
        return []
    return [*sheet.section("For the portfolio file"), *(line(each) for each in report.proxies)]
