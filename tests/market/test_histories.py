"""Recorded accounts replayed fill by fill."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from exact import exact
from rebal.amounts import Fraction
from rebal.market.contract import Contract
from rebal.market.fill import Filled, fill
from rebal.market.maintenance import SizeRate

from .definitions import inverse
from .test_vectors import SATOSHI, everything

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What the fills left, in coins."""

    contract: Contract
    start: Filled
    trades: tuple[tuple[Fraction, Fraction], ...]
    end: Filled
    realised: Fraction
    fees: Fraction


def price(row: Given, key: str) -> Fraction:
    """As printed, or as the average of a value in satoshi."""
    if key in row:
        return exact(row[key])
    return abs(exact(row["contracts"])) * SATOSHI / exact(row["value"])


def trade(row: Any) -> tuple[Fraction, Fraction]:
    if isinstance(row, list):
        return exact(row[0]), exact(row[1])
    return exact(row["contracts"]), price(row, "price")


def replay(history: Given) -> Replayed:
    contract = inverse(SizeRate(Fraction(0), Fraction(0)), multiplier=history["multiplier"])
    rate = exact(history.get("fee_rate", "0"))
    start = Filled(exact(history["start"]["contracts"]), price(history["start"], "entry"), Fraction(0))
    trades = tuple(trade(row) for row in history["fills"])
    held, realised, fees = start, Fraction(0), Fraction(0)
    for traded, at in trades:
        held = fill(contract, held.contracts, held.entry_price, traded=traded, price=at)
        realised += held.realised
        fees += contract.fee(traded, at, rate)
    return Replayed(contract, start, trades, held, realised, fees)


def figures(history: Given, replayed: Replayed) -> dict[str, Fraction]:
    """Everything a history may state, in coins. A booked entry is the venue's, where the fills cannot give it."""
    contract, start, end, mark = replayed.contract, replayed.start, replayed.end, exact(history["mark"])
    assert start.entry_price is not None
    ours = Fraction(0) if end.entry_price is None else contract.pnl(end.contracts, end.entry_price, mark)
    total = replayed.realised + ours
    entry = exact(history["end"].get("booked_entry", end.entry_price or mark))
    unrealised = contract.pnl(end.contracts, entry, mark)
    value_at_mark = contract.position_value(end.contracts, mark)
    return {
        "one_at_start": contract.position_value(Fraction(1), start.entry_price),
        "one_at_last_fill": contract.position_value(Fraction(1), replayed.trades[-1][1]),
        "value_at_start": contract.position_value(start.contracts, start.entry_price),
        "value_of_fills": sum((contract.position_value(n, at) for n, at in replayed.trades), Fraction(0)),
        "value_at_end": contract.position_value(end.contracts, entry),
        "value_at_mark": value_at_mark,
        "cost": value_at_mark - total,
        "fees": replayed.fees,
        "realised": total - unrealised,
        "net": total - unrealised - replayed.fees,
        "unrealised": unrealised,
        "total": total,
    }


@pytest.mark.parametrize("history", everything()["histories"], ids=lambda history: history["id"])
def test_history(history: Given) -> None:
    replayed = replay(history)
    found = figures(history, replayed)
    scale = SATOSHI if history["unit"] == "satoshi" else 1
    for check in history["checks"]:
        got = found[check["what"]] * scale + exact(check.get("plus", "0"))
        assert abs(got - exact(check["expected"])) <= exact(check["within"]), (check, float(got))


@pytest.mark.parametrize("history", everything()["histories"], ids=lambda history: history["id"])
def test_the_position_it_ends_with(history: Given) -> None:
    end, left = history["end"], replay(history).end
    assert left.contracts == exact(end["contracts"])
    assert (left.entry_price is None) == (left.contracts == 0)
    if "entry" in end:
        assert left.entry_price is not None
        assert abs(left.entry_price - exact(end["entry"])) <= exact(end.get("within", "0"))
