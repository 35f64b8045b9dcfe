"""Hedge or rebalance, temporary or lasting, and the day on which they break even."""

from collections.abc import Iterator, Sequence

from rebal.guide import Reader
from rebal.guide._figures import days
from rebal.guide._routes import HEADINGS, HORIZON, compared, ends_dearer, rows
from rebal.reports.comparison import Compare
from rebal.reports.guide import Entry, Part

TITLE = "Hedge or rebalance, temporary or lasting"
PLACE = 6


def parts(reader: Reader) -> tuple[Part, ...]:
    """Which question is which command, and what each way costs by when."""
    report, what = compared(reader)
    return (
        Part("", _ASK, entries=_QUESTIONS),
        Part("What each way costs", tuple(_costs(report, what)), headings=HEADINGS, rows=tuple(rows(report))),
        Part("How to read it", tuple(_reading(report))),
    )


_ASK = ("Futures answer two questions that look alike. Ask yourself which one is yours:",)
_QUESTIONS = (
    Entry(
        "rebal plan",
        "my weights are wrong and I want others. The futures stand in for a trade; they count as exposure, and stay "
        "until the coins are traded or the weights come back by themselves.",
    ),
    Entry(
        "rebal hedge",
        "my weights are right and I want less risk for a while. The futures protect; they are left out of the weights, "
        "and `hedge` alone closes them.",
    ),
    Entry(
        "selling",
        "I want other weights for good, and what a sale costs and is taxed at is less than carrying futures so long.",
    ),
)


def _costs(report: Compare, what: str) -> Iterator[str]:
    yield (
        f"On the exchange both are one position, and rebal keeps count of whose is which. For {what}, each way over "
        f"{days(HORIZON)} days, paid where positive and earned where negative:"
    )


def _reading(report: Compare) -> Iterator[str]:
    futures = [each for each in report.routes if each.route != "spot"]
    crossing = [each.break_even_day for each in futures if each.break_even_day is not None and ends_dearer(each)]
    earning = [each.cheaper_from_day for each in futures if each.cheaper_from_day is not None and not ends_dearer(each)]
    missing = sorted({key for each in report.routes for key in each.missing})
    yield (
        "The break-even day is the first on which futures, were they closed then, have cost more than selling today. "
        "Up to it the temporary way is the cheaper one: plan to be gone by then, or to sell by then. Futures that earn "
        "are the other way round: dearer for their fees at first, and cheaper from the day on that these are earned."
    )
    if missing:
        yield f"Where a ? stands the file does not say, and nothing is assumed: {', '.join(missing)}."
    yield from _here(crossing, earning)
    if not (crossing or earning or missing):
        yield f"Here none of them comes to it within {report.reach_days} days at today's rates."
    yield (
        "Funding turns, so a route that earns today may cost next month; a dated contract fixes its price to its last "
        "day. Tax later is the tax of the sale that is put off. The total holds it, the days do not: a way that is "
        "cheaper from the first day may be dearer in all, once the sale is made."
    )


def _here(crossing: Sequence[int], earning: Sequence[int]) -> Iterator[str]:
    """What the days of this comparison are, where it has any: 0 is no day to wait for."""
    if crossing:
        first = min(crossing)
        yield (
            f"Here the first of them comes to it on day {first:,}." if first else "Here one costs more from the start."
        )
    if 0 in earning:
        yield "Here what is never dearer costs less than selling from the start, for as long as its sale is put off."
    if any(earning):
        yield f"Here the first that has to earn its fees is cheaper from day {min(filter(None, earning)):,}."
