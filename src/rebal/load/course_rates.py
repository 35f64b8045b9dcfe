"""Funding as it was, out of files: a row a time and contract, or a file a contract."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rebal.errors import InvalidInput, Problem
from rebal.load.columns import SYMBOLS, TIMES
from rebal.load.course_files import Wanted, named, refusal, times_of
from rebal.load.flaws import MOST_LISTED
from rebal.load.funding import RATES
from rebal.load.sheets import Sheet, sheet
from rebal.replay.course import Rates

_RATE = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{0,38})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


def all_rates(funding: Sequence[str], wanted: Wanted) -> dict[str, Rates]:
    """Funding of contracts by name. Raises InvalidInput with what is wrong, line by line."""
    rates: dict[str, Rates] = {}
    for given in funding:
        for name, found in _rates(given, wanted):
            if name in rates:
                raise refusal(given, f"holds funding of {name}, as another file does", "keep one of them")
            rates[name] = found
    return rates


def _rates(given: str, wanted: Wanted) -> Iterator[tuple[str, Rates]]:
    name, path = named(given, wanted.contracts)
    read = sheet(path)
    time, rate = read.first(TIMES), read.first([re.sub("[^a-z0-9]", "", each) for each in RATES])
    symbol = read.first(("contract", *SYMBOLS))
    if time is None or rate is None:
        raise refusal(read.name, "has no columns of times and rates", "head them time and rate", found=read.heading)
    if symbol is None and name is None:
        told = "write CONTRACT=FILE, or add a column contract"
        raise refusal(read.name, "does not say of which contract it is", told)
    every = list(range(len(read.lines)))
    rows = {name or "": every} if symbol is None else _of_contracts(read, symbol, wanted)
    for contract, of in rows.items():
        yield contract, _rates_of(read, (time, rate), of)


def _of_contracts(read: Sheet, symbol: int, wanted: Wanted) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for n, cell in enumerate(read.columns[symbol]):
        if cell.strip() in wanted.contracts:
            rows.setdefault(cell.strip(), []).append(n)
    return rows


def _rates_of(read: Sheet, columns: tuple[int, int], rows: Sequence[int]) -> Rates:
    time, rate = columns
    lines = [read.lines[n] for n in rows]
    times = times_of([read.columns[time][n] for n in rows], lines, read, column=time)
    texts = [read.columns[rate][n].strip() for n in rows]
    wrong = [n for n, text in enumerate(texts) if not _RATE.fullmatch(text) or not -1 < float(text) < 1]
    if wrong:
        said = ("is no funding rate", "write a fraction of the notional, like 0.0001")
        raise InvalidInput([read.wrong(lines[n], rate, texts[n], said=said) for n in wrong[:MOST_LISTED]])
    if len(times) > 1 and times[0] > times[-1]:
        times, texts, lines = times[::-1], texts[::-1], lines[::-1]
    late = [n for n, (before, after) in enumerate(pairwise(times)) if after <= before]
    if late:
        raise InvalidInput([_backwards(read, times, lines, n) for n in late[:MOST_LISTED]])
    return Rates(times, texts)


def _backwards(read: Sheet, times: Sequence[int], lines: Sequence[int], n: int) -> Problem:
    said = "repeats the time of" if times[n] == times[n + 1] else "is earlier than"
    instead = "keep one of the two" if times[n] == times[n + 1] else "sort the rows, oldest first"
    return Problem(read.name, lines[n + 1], 1, "", f"{said} line {lines[n]}", None, instead)
