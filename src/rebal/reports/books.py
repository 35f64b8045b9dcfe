"""Many books, a line each, and one that could not be read; the field names and their order are the machine output."""

from collections.abc import Iterable
from enum import StrEnum

from rebal.amounts import ZERO, Fraction
from rebal.errors import Exit, InvalidInput, Problem, RebalError
from rebal.findings import sorted_out
from rebal.frozen import frozen
from rebal.market.margin import nearer
from rebal.plan import AssetLine, Plan, Wallet
from rebal.status import Status

BOOKS_SCHEMA = "rebal/books/1"
PROBLEM_SCHEMA = "rebal/problem/1"


class Needs(StrEnum):
    """What a book asks for, the most pressing first; as ``status`` has it, and why there is no answer."""

    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    REFUSED = "refused"
    ATTENTION = "attention"
    ACTION = "action"
    NOTHING = "nothing"


NEEDS = {
    Exit.UNAVAILABLE: Needs.UNAVAILABLE,
    Exit.INVALID_INPUT: Needs.INVALID,
    Exit.REFUSED: Needs.REFUSED,
    Exit.BREACH: Needs.ATTENTION,
    Exit.ACTION: Needs.ACTION,
    Exit.DONE: Needs.NOTHING,
}
"""By exit code, the strongest first."""


@frozen
class BookLine:
    """A book among many.

    ``asset`` and ``drift``: the coin that is furthest off its target, and by how much. ``wallet`` and ``distance``: the
    wallet that is nearest to liquidation as it stands, and how far its price is from there, either way. ``orders``:
    what a plan asks to place, None where none was asked for. ``said``: the gravest finding, or the first problem.
    """

    file: str
    needs: Needs
    name: str | None = None
    venue: str | None = None
    equity: Fraction | None = None
    asset: str | None = None
    drift: Fraction | None = None
    wallet: str | None = None
    distance: Fraction | None = None
    orders: int | None = None
    said: str | None = None


@frozen
class Books:
    """Many books, the worst first. ``equity``: of all that could be read."""

    schema: str
    command: str
    equity: Fraction
    books: tuple[BookLine, ...]


@frozen
class ProblemLine:
    """One thing wrong with a file: where it stands, what was found, and what to write instead."""

    source: str
    line: int
    column: int
    path: str
    problem: str
    found: str | None
    instead: str | None


@frozen
class Unread:
    """In the place of an answer, where there is none. ``problems``: of its files, empty where one was not to be had."""

    schema: str
    command: str
    file: str
    needs: Needs
    message: str
    problems: tuple[ProblemLine, ...]


def books(command: str, lines: Iterable[BookLine]) -> Books:
    """The worst first: by what they need, then the nearest to liquidation, then the furthest off, then as given."""
    ranked = tuple(sorted(lines, key=_gravity))
    return Books(BOOKS_SCHEMA, command, sum((line.equity or ZERO for line in ranked), start=ZERO), ranked)


def _gravity(line: BookLine) -> tuple[int, bool, Fraction, Fraction]:
    return (
        list(Needs).index(line.needs),
        line.distance is None,
        line.distance or ZERO,
        -abs(line.drift or ZERO),
    )


def read_line(file: str, report: Plan | Status, needs: Needs) -> BookLine:
    """The line of a book that was answered."""
    asset = max(report.assets, key=_off, default=None)
    near = min(report.wallets, key=lambda wallet: _rank(_distance(wallet)), default=None)
    counted, _ = sorted_out(report.findings)
    distance = None if near is None else _distance(near)
    return BookLine(
        file=file,
        needs=needs,
        name=report.name,
        venue=report.venue,
        equity=report.equity,
        asset=None if asset is None or asset.drift is None else asset.asset,
        drift=None if asset is None else asset.drift,
        wallet=None if near is None or distance is None else near.contract or near.currency,
        distance=distance,
        orders=len(report.orders) if isinstance(report, Plan) else None,
        said=f"{counted[0].subject} {counted[0].message}" if counted else None,
    )


def _off(asset: AssetLine) -> Fraction:
    return abs(asset.drift) if asset.drift is not None else Fraction(-1)


def _distance(wallet: Wallet) -> Fraction | None:
    return nearer(wallet.before.distance_below, wallet.before.distance_above)


def _rank(distance: Fraction | None) -> tuple[bool, Fraction]:
    return distance is None, distance or ZERO


def unread(command: str, file: str, error: RebalError) -> Unread:
    """What stands for a book whose answer ended in an error."""
    found = error.problems if isinstance(error, InvalidInput) else ()
    lines = tuple(_problem(each) for each in found)
    return Unread(PROBLEM_SCHEMA, command, file, NEEDS[error.exit_code], str(error), lines)


def _problem(found: Problem) -> ProblemLine:
    place = found.source, found.line, found.column, found.path
    return ProblemLine(*place, found.problem, found.found, found.instead)


def unread_line(report: Unread) -> BookLine:
    """The line of a book that could not be answered."""
    first, _, _ = report.message.partition("\n")
    return BookLine(report.file, report.needs, said=first)
