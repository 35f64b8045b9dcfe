"""The records of compare.

Every record of a kind has the same fields in the same order; ``none`` stands where a thing does not exist, ``unknown``
where a figure was not given. There is no chart: the course of a route's cost is in the json.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from rebal.compare import Compare, LegLine, LotLine, MethodLine, PostedLine, RouteLine, Way
from rebal.formats.page.comparison import day, exact_percent, headline, subject
from rebal.formats.page.figures import GLUE, PLAIN
from rebal.formats.page.ink import clean
from rebal.formats.page.wording import SEVERITIES, ascii_signs, rfc3339
from rebal.plan import Finding

_WORD = len("contract")
_NONE, _UNKNOWN, _NEVER = "none", "unknown", "never"


def lines(report: Compare) -> Iterator[str]:
    """Everything a person should see of a comparison, a record a line."""
    at = report.inputs.market_as_of
    prices = rfc3339(at) if at else _NONE
    yield _record("compare", f"venue {report.venue or _NONE}", f"prices {prices}", report.name)
    yield _record("headline", f"{PLAIN.dollars(report.notional)} {report.currency}", subject(report, PLAIN))
    if report.routes:
        yield _record("headline", headline(report, PLAIN))
    yield from map(_method, report.methods)
    sold = next((line.total_usd for line in report.routes if line.route is Way.SPOT), None)
    for line in report.routes:
        yield _route(line, compared=sold is not None)
        yield _range(line)
    yield from map(_posted, report.posted)
    yield from map(_leg, report.legs)
    yield from map(_lot, report.lots)
    yield from map(_finding, report.findings)


def _record(word: str, *fields: str) -> str:
    return "  ".join([word.ljust(_WORD), *(clean(ascii_signs(each).replace(GLUE, " ")) for each in fields if each)])


def _known(write: Callable[[Fraction], str], value: Fraction | None, otherwise: str = _UNKNOWN) -> str:
    return otherwise if value is None else write(value)


def _method(method: MethodLine) -> str:
    return _record(
        "way",
        method.route,
        f"margin {' '.join(method.margin) or _NONE}",
        f"realised {method.realised}",
        f"exposed {method.exposed}",
    )


def _key(line: RouteLine | PostedLine | LegLine) -> tuple[str, str]:
    return line.route.value, _NONE if line.expiry is None else day(line.expiry)


def _route(line: RouteLine, *, compared: bool) -> str:
    dollars, known = PLAIN.dollars, compared and line.total_usd is not None

    def on_day(number: int | None) -> str:
        return (str(number) if number is not None else _NEVER) if known and line.route is not Way.SPOT else _NONE

    return _record(
        "route",
        *_key(line),
        " ".join(line.contracts) or _NONE,
        f"legs {dollars(line.notional)}",
        f"fees {_known(dollars, line.fees_usd)}",
        f"in {_known(dollars, line.fees_in_usd)}",
        f"rolls {_known(dollars, line.fees_rolling_usd)}",
        f"out {_known(dollars, line.fees_out_usd)}",
        f"slippage {_known(dollars, line.slippage_usd)}",
        f"carry {_known(dollars, line.carry_usd)}",
        f"tax {_known(dollars, line.tax_usd)}",
        f"deferred {_known(dollars, line.tax_deferred_usd)}",
        f"total {_known(dollars, line.total_usd)}",
        f"known {dollars(line.known_usd)}",
        f"share {_known(PLAIN.percent, line.share_of_notional)}",
        f"break-even {on_day(line.break_even_day)}",
        f"cheaper-from {on_day(line.cheaper_from_day)}",
        f"capital {dollars(line.capital)}",
        f"missing {' '.join(line.missing) or _NONE}",
    )


def _range(line: RouteLine) -> str:
    dollars = PLAIN.dollars
    days = (line.break_even_day_low, line.break_even_day_high, line.break_even_day_then_sold)
    low, high, then_sold = (_NONE if each is None else str(each) for each in days)
    return _record(
        "range",
        *_key(line),
        f"carry {_known(dollars, line.carry_usd_low)} to {_known(dollars, line.carry_usd_high)}",
        f"total {_known(dollars, line.total_usd_low)} to {_known(dollars, line.total_usd_high)}",
        f"break-even {low} to {high}",
        f"then-sold {_known(dollars, line.total_then_sold_usd, _NONE)}",
        f"then-sold-break-even {then_sold}",
    )


def _posted(line: PostedLine) -> str:
    return _record(
        "post",
        *_key(line),
        f"{PLAIN.coins(line.quantity)} {line.currency}",
        f"worth {PLAIN.dollars(line.usd)}",
        f"missing {PLAIN.coins(line.missing)}",
    )


def _leg(line: LegLine) -> str:
    dollars = PLAIN.dollars

    def rate(value: Fraction) -> str:
        return exact_percent(value, PLAIN)

    return _record(
        "leg",
        *_key(line),
        line.asset,
        dollars(line.leg_usd),
        f"contract {line.contract or _NONE}",
        f"futures {dollars(line.notional)}",
        f"funding {_known(rate, line.funding_rate, _NONE)}",
        f"basis {_known(PLAIN.change, line.basis, _NONE)}",
        f"a-year {_known(PLAIN.change, line.basis_annualised, _NONE)}",
        f"days {_known(PLAIN.days, line.days_left, _NONE)}",
        f"delivery {_known(rate, line.delivery_fee, _NONE)}",
        f"carry {_known(dollars, line.carry_usd)}",
        f"left-out {line.left_out or _NONE}",
    )


def _lot(lot: LotLine) -> str:
    dollars = PLAIN.dollars
    worth = _NONE if lot.worth_waiting is None else "yes" if lot.worth_waiting else "no"
    return _record(
        "lot",
        lot.asset,
        PLAIN.coins(lot.quantity),
        f"acquired {day(lot.acquired)}",
        f"gain {dollars(lot.gain_usd)}",
        f"rate {exact_percent(lot.rate, PLAIN)}",
        f"tax {dollars(lot.tax_usd)}",
        f"long-term {day(lot.long_term_on)}",
        f"saves {dollars(lot.saved_by_waiting_usd)}",
        f"hedging {_known(dollars, lot.hedge_cost_until_usd, _NONE)}",
        f"on {lot.hedged_on or _NONE}",
        f"worth {worth}",
    )


def _finding(finding: Finding) -> str:
    return _record(SEVERITIES[finding.severity], finding.code, finding.subject, finding.message)
