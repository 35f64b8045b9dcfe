"""Beta: how far one coin follows another, how sure that is, and what to paste."""

from rebal.amounts import Fraction
from rebal.beta import Beta
from rebal.formats.describe import _findings
from rebal.formats.document import Column, Document, Facts, Section, Text, Verbatim
from rebal.formats.document.said import ALARM, BOLD, DIM, GLUE, Figure, Inked, Kind, Medium, Said
from rebal.policy import Policy

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_HEADING = (
    Column("", lambda beta: Inked((beta.asset, " through ", beta.via), BOLD)),
    Column("", lambda beta: Inked((beta.count, f"{GLUE}returns of ", *_hours(beta.step_hours)), DIM)),
    Column("", lambda beta: Inked((beta.first, " to ", beta.last), DIM)),
)
_REFUSED = (
    Column("", lambda _: Inked("Refused", ALARM)),
    Column("", lambda _: Inked("no proxy as it stands", ALARM)),
)
_BETA = (
    Column("", "asset", only=_RECORDS),
    Column("", "via", record="via {}", only=_RECORDS),
    Column("", lambda beta: Inked((f"beta{GLUE}", Figure(beta.beta, Kind.PRICE)), BOLD)),
    Column("", lambda beta: ("standard error ", Figure(beta.standard_error, Kind.PRICE)), only=_PAGE),
    Column("", "standard_error", Kind.PRICE, record="error {}", only=_RECORDS),
)
_MEASURES = (
    Column("", "r_squared", Kind.PERCENT, record="r-squared {}"),
    Column("", "residual_volatility_per_day", Kind.PERCENT, record="residual-a-day {}"),
    Column("", "volatility_per_day", Kind.PERCENT, record="volatility-a-day {}"),
    Column("", "via_volatility_per_day", Kind.PERCENT, record="via-volatility-a-day {}"),
    Column("", "count", Kind.COUNT, record="returns {}"),
    Column("", "step_hours", record="step-hours {}"),
    Column("", "first", record="from {}"),
    Column("", "last", record="to {}"),
)


def document(report: Beta, limits: Policy | None) -> Document:
    """Everything a person should see of a regression; on a pipe the proxies to paste stand on one line."""
    key, *entries = report.proxies or ("",)
    paste = [Text((f"{key} {{{each.strip()}}}",), word="paste", only=_RECORDS) for each in entries]
    return (
        Facts(report, (_HEADING,), only=_PAGE, answer=True),
        *((Facts(report, (_REFUSED,), only=_PAGE),) if report.refused else ()),
        Section("", (Facts(report, (_BETA,), between=", "), *_measures(report)), only=_PAGE),
        Facts(report, (_BETA, _MEASURES), word="beta", only=_RECORDS),
        *((Text("yes", word="refused", only=_RECORDS),) if report.refused else ()),
        Section("For the portfolio file", (Verbatim(report.proxies), *paste)),
        _findings.section(report.findings),
    )


def _measures(report: Beta) -> tuple[Text, Text]:
    follows: Said = (
        "R squared ",
        Figure(report.r_squared, Kind.PERCENT),
        f", the variance that it shares with {report.via}; a proxy needs ",
        Figure(report.least_r_squared, Kind.PERCENT),
    )
    moves: Said = (
        "volatility ",
        Figure(report.volatility_per_day, Kind.PERCENT),
        f" a day, {report.via} ",
        Figure(report.via_volatility_per_day, Kind.PERCENT),
        "; hedged, ",
        Figure(report.residual_volatility_per_day, Kind.PERCENT),
        " a day would be left open",
    )
    return Text(follows), Text(moves)


def _hours(hours: Fraction) -> tuple[Said, ...]:
    if hours % 24 == 0:
        return _length(hours / 24, "a day", "days")
    return _length(hours, "an hour", "hours")


def _length(count: Fraction, one: str, many: str) -> tuple[Said, ...]:
    return (one,) if count == 1 else (Figure(count, Kind.EXACT, many),)
