"""The records of compare.

Every record of a kind has the same fields in the same order; ``none`` stands where a thing does not exist, ``unknown``
where a figure was not given. The chart's figures are in the json and, as section curve, in the csv.
"""

from collections.abc import Iterator
from fractions import Fraction

from rebal.formats.page.comparison import day, exact_percent, headline, subject
from rebal.formats.page.figures import PLAIN
from rebal.formats.page.wording import rfc3339
from rebal.formats.records._record import NEVER, NONE, finding, known, record
from rebal.reports.comparison import (
    Compare,
    LegLine,
    LotLine,
    MethodLine,
    PostedLine,
    RankLine,
    RouteLine,
    TurnLine,
    Way,
)

_UNKNOWN = "unknown"


def lines(report: Compare) -> Iterator[str]:
    """Everything a person should see of a comparison, a record a line."""
    at = report.inputs.market_as_of
    prices = rfc3339(at) if at else NONE
    yield record("compare", f"venue {report.venue or NONE}", f"prices {prices}", report.name)
    yield record("headline", f"{PLAIN.dollars(report.notional)} {report.currency}", subject(report, PLAIN))
    if report.routes:
        yield record("cheapest", headline(report, PLAIN))
    yield from map(_rank, report.ranking)
    yield from map(_turn, report.turns)
    yield from map(_method, report.methods)
    yield from map(_route, report.routes)
    yield from map(_range, report.routes)
    yield from map(_posted, report.posted)
    yield from map(_leg, report.legs)
    yield from map(_lot, report.lots)
    yield from map(finding, report.findings)


def _rank(line: RankLine) -> str:
    return record(
        "rank",
        NONE if line.place is None else str(line.place),
        *_key(line),
        f"known {_usd(line.known_usd)}",
        f"missing {' '.join(line.missing) or NONE}",
        f"left-out {line.left_out or NONE}",
    )


def _turn(turn: TurnLine) -> str:
    above = NONE if turn.above is None else PLAIN.exact(turn.above)
    return record("turn", turn.key, f"above {above}", "first", *_key(turn))


def _method(method: MethodLine) -> str:
    return record(
        "way",
        method.route,
        f"margin {' '.join(method.margin) or NONE}",
        f"realised {method.realised}",
        f"exposed {method.exposed}",
    )


def _key(line: RouteLine | PostedLine | LegLine | RankLine | TurnLine) -> tuple[str, str]:
    return line.route.value, NONE if line.expiry is None else day(line.expiry)


def _route(line: RouteLine) -> str:
    return record(
        "route",
        *_key(line),
        " ".join(line.contracts) or NONE,
        f"legs {_usd(line.notional)}",
        f"fees {_usd(line.fees_usd)}",
        f"in {_usd(line.fees_in_usd)}",
        f"rolls {_usd(line.fees_rolling_usd)}",
        f"out {_usd(line.fees_out_usd)}",
        f"slippage {_usd(line.slippage_usd)}",
        f"carry {_usd(line.carry_usd)}",
        f"tax {_usd(line.tax_usd)}",
        f"deferred {_usd(line.tax_deferred_usd)}",
        f"total {_usd(line.total_usd)}",
        f"known {_usd(line.known_usd)}",
        f"share {known(PLAIN.percent, line.share_of_notional, _UNKNOWN)}",
        f"break-even {_day(line.break_even_day, line)}",
        f"cheaper-from {_day(line.cheaper_from_day, line)}",
        f"capital {_usd(line.capital)}",
        f"missing {' '.join(line.missing) or NONE}",
    )


def _range(line: RouteLine) -> str:
    after = line.total_then_sold_usd
    return record(
        "range",
        *_key(line),
        f"carry {_usd(line.carry_usd_low)} to {_usd(line.carry_usd_high)}",
        f"total {_usd(line.total_usd_low)} to {_usd(line.total_usd_high)}",
        f"break-even {_day(line.break_even_day_low, line)} to {_day(line.break_even_day_high, line)}",
        f"then-sold {known(PLAIN.dollars, after)}",
        f"then-sold-break-even {NONE if after is None else _day(line.break_even_day_then_sold, line)}",
    )


def _usd(value: Fraction | None) -> str:
    return known(PLAIN.dollars, value, _UNKNOWN)


def _day(number: int | None, line: RouteLine) -> str:
    if line.route is Way.SPOT:
        return NONE
    if line.break_even_day is None and line.cheaper_from_day is None:
        return _UNKNOWN
    return NEVER if number is None else str(number)


def _posted(line: PostedLine) -> str:
    return record(
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

    return record(
        "leg",
        *_key(line),
        line.asset,
        dollars(line.leg_usd),
        f"contract {line.contract or NONE}",
        f"futures {dollars(line.notional)}",
        f"funding {known(rate, line.funding_rate)}",
        f"basis {known(PLAIN.change, line.basis)}",
        f"a-year {known(PLAIN.change, line.basis_annualised)}",
        f"days {known(PLAIN.days, line.days_left)}",
        f"delivery {known(rate, line.delivery_fee)}",
        f"carry {known(dollars, line.carry_usd, _UNKNOWN if line.contract else NONE)}",
        f"left-out {line.left_out or NONE}",
    )


def _lot(lot: LotLine) -> str:
    dollars = PLAIN.dollars
    worth = NONE if lot.worth_waiting is None else "yes" if lot.worth_waiting else "no"
    return record(
        "lot",
        lot.asset,
        PLAIN.coins(lot.quantity),
        f"acquired {day(lot.acquired)}",
        f"gain {dollars(lot.gain_usd)}",
        f"rate {exact_percent(lot.rate, PLAIN)}",
        f"tax {dollars(lot.tax_usd)}",
        f"long-term {day(lot.long_term_on)}",
        f"saves {dollars(lot.saved_by_waiting_usd)}",
        f"hedging {known(dollars, lot.hedge_cost_until_usd)}",
        f"on {lot.hedged_on or NONE}",
        f"worth {worth}",
    )
