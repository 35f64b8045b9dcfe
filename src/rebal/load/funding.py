"""Funding histories as CSV: when each rate was paid, and the rate."""

import csv
from collections.abc import Iterator, Sequence

from rebal.amounts import NumberProblem, fraction, total
from rebal.errors import InvalidInput, Problem
from rebal.load import source
from rebal.load.flaws import MOST_LISTED, printable
from rebal.portfolio import FundingRate

FUNDING = source.Sort("funding history", 8 * 1024 * 1024)
RATES = ("rate", "fundingrate", "funding_rate", "realizedrate", "interest_8h")
_LEAST = 2


def funding_from(path: str) -> FundingRate:
    """The least, mean and largest rate per interval of a history.

    One row an interval under a heading; the column of rates is headed ``rate``, or as Binance, Bybit, OKX and Deribit
    export it: fundingRate, realizedRate, interest_8h. Rates are fractions, or percentages with their sign. Raises
    InvalidInput with every row that is wrong.
    """
    name, rates, problems = source.shown(path), [], []
    for line, text in _column(source.text(path, FUNDING), name):
        try:
            rates.append(fraction(text))
        except NumberProblem as problem:
            problems.append(
                Problem(name, line, 1, "rate", problem.problem, printable(text) or "nothing", problem.instead)
            )
    if not problems and len(rates) < _LEAST:
        problems.append(Problem(name, 0, 0, "", f"holds {len(rates)} rates", None, f"give at least {_LEAST}"))
    if problems:
        raise InvalidInput(problems[:MOST_LISTED])
    return FundingRate(min(rates), total(rates) / len(rates), max(rates))


def _column(text: str, name: str) -> Iterator[tuple[int, str]]:
    rows = csv.reader(text.splitlines())
    heading = next(rows, [])
    column = _rates_column(heading)
    if column is None:
        found = printable(",".join(heading)) or "nothing"
        raise InvalidInput([Problem(name, 1, 1, "", "has no column of rates", found, "head it rate")])
    for row in rows:
        if any(row):
            yield rows.line_num, row[column].strip() if column < len(row) else ""


def _rates_column(heading: Sequence[str]) -> int | None:
    folded = [cell.strip().strip("\ufeff").casefold() for cell in heading]
    return next((folded.index(known) for known in RATES if known in folded), None)
