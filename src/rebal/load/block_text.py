"""Quotes as a ``market:`` block: what ``rebal market`` writes, and what live prices are read back from.

So a live price passes every check that a typed one does, and a plan on the one is the plan on the other.
"""

from collections.abc import Iterator, Mapping

from rebal.amounts import Fraction, number, plain, rounded
from rebal.portfolio import Doubtful, FundingRate
from rebal.prices import Quotes
from rebal.times import rfc3339

_MOST_DECIMALS = 18


def block_text(quotes: Quotes) -> str:
    """The text of the block, with the same keys in the same order whatever order they were quoted in."""
    dated = [] if quotes.as_of is None else [f"  as_of: {rfc3339(quotes.as_of)}"]
    rates = {name: _rate(rate) for name, rate in quotes.funding.items()}
    return "\n".join(
        [
            "market:",
            *dated,
            *_mapping("prices", {name: _number(price) for name, price in quotes.prices.items()}),
            *_mapping("funding", rates),
            *_mapping("intervals", {name: f"{_number(hours)}h" for name, hours in quotes.intervals.items()}),
            *_mapping("next_funding", {name: rfc3339(due) for name, due in quotes.next_funding.items()}),
            *_mapping("sources", quotes.sources),
            *_doubts(quotes.doubts),
            "",
        ]
    )


def _mapping(key: str, entries: Mapping[str, str]) -> Iterator[str]:
    if entries:
        yield f"  {key}:"
        yield from (f"    {name}: {entry}" for name, entry in sorted(entries.items()))


def _doubts(doubts: tuple[Doubtful, ...]) -> Iterator[str]:
    if doubts:
        yield "  doubts:"
    for each in sorted(doubts, key=lambda doubt: (doubt.subject, doubt.doubt)):
        figures = ", ".join(f"{name}: {_number(figure)}" for name, figure in each.figures.items())
        said = f", figures: {{{figures}}}" if figures else ""
        yield f"    - {{of: {each.subject}, why: {each.doubt.value}, source: {each.source}{said}}}"


def _rate(rate: FundingRate) -> str:
    if rate.low == rate.high:
        return _number(rate.base)
    return f"{{low: {_number(rate.low)}, base: {_number(rate.base)}, high: {_number(rate.high)}}}"


def _number(value: Fraction) -> str:
    """A number as a file takes it: at most 18 decimals, to the nearest."""
    written = plain(value)
    return (
        written if len(written.partition(".")[2]) <= _MOST_DECIMALS else plain(number(rounded(value, _MOST_DECIMALS)))
    )
