"""What the accounts share: how they ask, and how texts become contracts, numbers and instants."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rebal.amounts import ZERO, Fraction, NumberProblem, number, total
from rebal.errors import Refused, Unavailable
from rebal.exchange.line import Line
from rebal.exchange_account import Resting, There
from rebal.frozen import frozen
from rebal.market.contract import Contract
from rebal.times import BEGINNING, MILLISECOND

_MOST_DIGITS = 60
_MOST_PAGES = 400


@frozen
class Asking:
    """A line with keys, the contracts of the venue by name, and the coins that the portfolio knows of.

    ``linear``: whether it holds what margins linear contracts, which some exchanges keep in an account of their own.
    ``unhurried``: whether each question has the whole time to itself: a history is as many pages as it is long, and
    ccxt puts them no faster than the exchange allows.
    """

    line: Line
    contract: Callable[[str], Contract | None]
    coins: frozenset[str] = frozenset()
    linear: bool = False
    unhurried: bool = False

    def ask(self, call: str, **parameters: Any) -> Any:
        """The answer to a call of the exchange's own, its numbers as text."""
        if self.unhurried:
            self.line.deadline.begin()
        return self.line.ask(call, parameters)

    def wrong(self, what: str) -> Unavailable:
        """An answer that is not what the exchange documents."""
        return Unavailable(f"{self.line.venue}: {what} in its answer; nothing of it is taken")

    def number(self, row: Mapping[str, Any], name: str) -> Fraction:
        """A number of a row, 0 where it is empty. Raises Unavailable for what is none."""
        found = self.known(row, name)
        return ZERO if found is None else found

    def known(self, row: Mapping[str, Any], name: str) -> Fraction | None:
        """A number of a row, None where it is empty or missing. Raises Unavailable for what is none."""
        value = row.get(name)
        if value is None or value == "":
            return None
        try:
            return number(str(value), digits=_MOST_DIGITS)
        except NumberProblem:
            raise self.wrong(f"{name} is no number") from None

    def above_zero(self, row: Mapping[str, Any], name: str) -> Fraction | None:
        """A price of a row, None where it is empty or 0."""
        found = self.known(row, name)
        return found if found is not None and found > 0 else None

    def text(self, row: Mapping[str, Any], name: str) -> str:
        """A text of a row. Raises Unavailable where it is missing."""
        found = self.word(row, name)
        if not found:
            raise self.wrong(f"{name} is missing")
        return found

    def word(self, row: Mapping[str, Any], name: str) -> str:
        """A text of a row, empty where it is missing. Raises Unavailable for what is none."""
        value = row.get(name)
        if isinstance(value, Mapping | list | bool):
            raise self.wrong(f"{name} is no text")
        return "" if value is None else str(value)

    def time(self, row: Mapping[str, Any], name: str, *, a_second: int = 1000) -> datetime:
        """An instant of a row, in milliseconds (or so many parts of a second) or as a timestamp."""
        value = self.text(row, name)
        try:
            if value.isascii() and value.replace(".", "", 1).isdigit():
                count = number(value, digits=_MOST_DIGITS)
                return BEGINNING + timedelta(microseconds=int(count * 1_000_000 / a_second))
            told = datetime.fromisoformat(value)
            if told.tzinfo is not None:  # one without its zone would be taken for a time of this machine's
                return told.astimezone(UTC)
        except (ValueError, OverflowError, NumberProblem):
            pass
        raise self.wrong(f"{name} is no time")

    def contracts(self, name: str, size: Fraction) -> Fraction:
        """Contracts of a size that is told in what the multiplier counts, dollars or coins."""
        contract = self.contract(name)
        return size if contract is None else size / contract.multiplier

    def part(self, answer: Any, *path: str) -> Mapping[str, Any]:
        """The object at a path of an answer. Raises Unavailable where there is none."""
        found = _below(answer, path)
        if not isinstance(found, Mapping):
            raise self.wrong("what should be an object is none")
        return found

    def inner(self, row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """An object of a row, empty where it is missing. Raises Unavailable for what is none."""
        return {} if row.get(name) is None else self.part(row, name)

    def rows(self, answer: Any, *path: str) -> list[Mapping[str, Any]]:
        """The list of objects at a path of an answer. Raises Unavailable where there is none."""
        answer = _below(answer, path)
        if not isinstance(answer, list) or not all(isinstance(each, Mapping) for each in answer):
            raise self.wrong("what should be a list is none")
        return answer


def _below(answer: Any, path: Sequence[str]) -> Any:
    for step in path:
        answer = answer.get(step) if isinstance(answer, Mapping) else None
    return answer


SECONDS, NANOSECONDS = 1, 10**9
"""Parts of a second in which some exchanges count time."""


def milliseconds(time: datetime) -> int:
    """Milliseconds since 1970."""
    return (time - BEGINNING) // MILLISECOND


def windows(start: datetime, end: datetime, *, days: int) -> Iterator[tuple[int, int]]:
    """Pieces of a time of at most so many days, in milliseconds; an exchange answers no longer ones."""
    first = start
    while first < end:
        last = min(first + timedelta(days=days), end)
        yield milliseconds(first), milliseconds(last)
        first = last


def pages(asking: Asking, page: Callable[[Any], tuple[list[Mapping[str, Any]], Any]]) -> Iterator[Mapping[str, Any]]:
    """The rows of an answer in pages; ``page`` asks with a cursor, None at first, and tells the next, None at the end.

    Raises Unavailable where the pages have no end, or one leads to itself: what is behind it cannot be asked for.
    """
    cursor = None
    for _ in range(_MOST_PAGES):
        rows, following = page(cursor)
        yield from rows
        if following is None:
            return
        if following == cursor:
            raise asking.wrong("a page that leads to itself")
        cursor = following
    raise asking.wrong(f"more than {_MOST_PAGES} pages")


def numbered(
    asking: Asking, page: Callable[[int], list[Mapping[str, Any]]], *, most: int, first: int = 1, step: int = 1
) -> Iterator[Mapping[str, Any]]:
    """The rows of a list whose pages are numbered, until one is not full.

    ``step``: 1 where pages are counted, ``most`` where rows are.
    """

    def ask(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        at = first if cursor is None else cursor
        rows = page(at)
        return rows, at + step if len(rows) >= most else None

    return pages(asking, ask)


def onward(
    asking: Asking, page: Callable[[int], list[Mapping[str, Any]]], *, first: int, most: int
) -> Iterator[Mapping[str, Any]]:
    """The rows of a list by ``time``; a full page goes on at its last instant, whose rows come again and count once."""

    def ask(cursor: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        rows = page(first if cursor is None else cursor)
        times = [milliseconds(asking.time(row, "time")) for row in rows]
        return rows, max(times) if len(rows) >= most else None

    return pages(asking, ask)


def net(positions: Iterable[There]) -> tuple[There, ...]:
    """The positions that are open, by contract. Raises Refused where one is held long and short apart."""
    found: dict[str, There] = {}
    for each in positions:
        if not each.contracts:
            continue
        if each.contract in found:
            raise Refused(
                f"{each.contract}: the account holds a long and a short of it apart; rebal knows one net position a "
                "contract: set the account to one-way mode"
            )
        found[each.contract] = each
    return tuple(found[name] for name in sorted(found))


def summed(coins: Iterable[tuple[str, Fraction]]) -> dict[str, Fraction]:
    """Coins by their name, those that are there."""
    listed: dict[str, list[Fraction]] = {}
    for asset, quantity in coins:
        listed.setdefault(asset, []).append(quantity)
    sums = {asset: total(quantities) for asset, quantities in sorted(listed.items())}
    return {asset: quantity for asset, quantity in sums.items() if quantity}


def in_contracts(asking: Asking, order: Resting) -> Resting:
    """A waiting order whose size is told in what the multiplier counts."""
    return replace(order, contracts=asking.contracts(order.contract, order.contracts))


def resting(asking: Asking, row: Mapping[str, Any], *, ordered: str) -> Resting:
    """A waiting order as Binance tells it, and those who follow it. ``ordered``: what they call its whole size."""
    left = asking.number(row, ordered) - asking.number(row, "executedQty")
    return Resting(
        id=asking.text(row, "orderId"),
        client_id=asking.word(row, "clientOrderId") or None,
        contract=asking.text(row, "symbol"),
        contracts=left if row.get("side") == "BUY" else -left,
        price=asking.above_zero(row, "price"),
        reduce_only=row.get("reduceOnly") is True,
    )
