"""What compare says: the totals of each route, of the parts that it tells them with, and each lot's tax."""

from collections.abc import Iterator

from rebal.amounts import Fraction
from rebal.explain._facts import derived, untold
from rebal.reports.comparison import Compare, LotLine, RouteLine, Way
from rebal.reports.explanation import Derivation, Term

_UNKNOWN = "a figure that it needs is not in the file: see the findings"
_PARTS = {
    "carry_usd": "funding and basis of the horizon's days, at today's rates: rebal guide funding tells how",
    "slippage_usd": "costs.slippage of the file, on every dollar traded",
    "fees_in_usd": "the fee of each order that opens, in dollars",
    "fees_rolling_usd": "the fees of rolling its contracts within the horizon",
    "fees_out_usd": "the fee of each order that closes on the last day, in dollars",
    "tax_usd": "of the lots that the sale takes, losses set against gains: each lot tells its own",
    "tax_deferred_usd": "of the same sale at the horizon's end, by the rates of then",
    "capital": "dollars of the coins that have to be posted, opening fees included",
    "notional": "dollars of the legs that it carries",
}


def comparison(report: Compare) -> Iterator[Derivation]:
    """The principal figures of every route and lot."""
    title = "dollars of all legs"
    yield untold("notional", report.notional, title=title, unit="USD", note="the drift, or the hedge, that is compared")
    for line in report.routes:
        yield from _route(line, f"routes.{named(line)}")
    for lot in report.lots:
        yield from _lot(lot)


def named(line: RouteLine) -> str:
    """What a route is called: a dated one by its last day too."""
    return line.route.value if line.expiry is None else f"{line.route.value}.{line.expiry.date().isoformat()}"


def _route(line: RouteLine, at: str) -> Iterator[Derivation]:
    for field, note in _PARTS.items():
        figure: Fraction | None = getattr(line, field)
        title = f"{field.removesuffix('_usd').replace('_', ' ')} of {at.removeprefix('routes.')}"
        yield untold(f"{at}.{field}", figure, title=title, unit="USD", note=_UNKNOWN if figure is None else note)
    fees = {"i": "fees_in_usd", "r": "fees_rolling_usd", "o": "fees_out_usd"}
    yield _sum("fees_usd", line, at, fees)
    parts = {"f": "fees_usd", "s": "slippage_usd", "c": "carry_usd", "t": "tax_usd"}
    yield _sum("total_usd", line, at, parts)
    yield _sum("total_with_deferred_usd", line, at, {"a": "total_usd", "d": "tax_deferred_usd"})
    title = f"its cost over its dollars, of {at.removeprefix('routes.')}"
    if line.share_of_notional is None or line.total_usd is None:
        yield untold(f"{at}.share_of_notional", None, title=title, unit="", note=_UNKNOWN)
    else:
        terms = [_term("a", "total_usd", line, at), _term("N", "notional", line, at)]
        yield derived(f"{at}.share_of_notional", line.share_of_notional, "a / N", terms=terms, title=title, unit="")
    if line.route is not Way.SPOT:
        day = None if line.break_even_day is None else Fraction(line.break_even_day)
        note = "the first day on which it has cost more than selling now, found day by day: see curve"
        title = f"break-even day of {at.removeprefix('routes.')}"
        yield untold(f"{at}.break_even_day", day, title=title, unit="days", note=note)


def _term(symbol: str, field: str, line: RouteLine, at: str) -> Term:
    return Term(symbol, getattr(line, field), "USD", field.removesuffix("_usd").replace("_", " "), f"{at}.{field}")


def _sum(field: str, line: RouteLine, at: str, parts: dict[str, str]) -> Derivation:
    value: Fraction | None = getattr(line, field)
    figure = f"{at}.{field}"
    title = f"{field.removesuffix('_usd').replace('_', ' ')} of {at.removeprefix('routes.')}"
    if value is None or any(getattr(line, part) is None for part in parts.values()):
        return untold(figure, value, title=title, unit="USD", note=_UNKNOWN)
    terms = [_term(symbol, part, line, at) for symbol, part in parts.items()]
    return derived(figure, value, " + ".join(parts), terms=terms, title=title, unit="USD")


def _lot(line: LotLine) -> Iterator[Derivation]:
    at, lot = f"lots.{line.asset}.{line.acquired.date().isoformat()}", f"a lot of {line.asset}"
    note = "its quantity at today's price, less what it cost"
    yield untold(f"{at}.gain_usd", line.gain_usd, title=f"gain of {lot}", unit="USD", note=note)
    note = "given: the rate of tax for how long it is held"
    yield untold(f"{at}.rate", line.rate, title=f"tax rate of {lot}", unit="", note=note)
    terms = [
        Term("g", line.gain_usd, "USD", "gain", f"{at}.gain_usd"),
        Term("r", line.rate, "", "rate", f"{at}.rate"),
    ]
    yield derived(f"{at}.tax_usd", line.tax_usd, "g · r", terms=terms, title=f"tax of {lot}", unit="USD")
