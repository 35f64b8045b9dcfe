"""Many books: how many want what, then a line each, the worst first."""

from collections import Counter

from rebal.formats.describe._phrases import counted, joined
from rebal.formats.document import Column, Document, Facts, Role, Table
from rebal.formats.document.said import (
    ALARM,
    BOLD,
    GLUE,
    GREEN,
    YELLOW,
    Absent,
    Figure,
    Inked,
    Kind,
    Medium,
    Reckoned,
    Said,
)
from rebal.policy import Policy
from rebal.reports.books import BookLine, Books, Needs

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_INKS = {Needs.NOTHING: GREEN, Needs.ACTION: YELLOW}


def document(books: Books, limits: Policy | None) -> Document:
    """Everything a person should see of many books before the worst of them."""
    heading = (
        Column("", _equity, only=_PAGE),
        Column("", lambda each: Figure(each.equity, Kind.DOLLARS, "USD"), only=_RECORDS),
        Column("", _counted),
    )
    return (Facts(books, (heading,), word="books", answer=True), Table(_COLUMNS, books.books, word="book"))


def _equity(books: Books) -> Said:
    return (Inked(Figure(books.equity, Kind.USD), BOLD), f"{GLUE}equity")


def _counted(books: Books) -> Said:
    found = Counter(line.needs for line in books.books)
    each = (Inked(f"{found[needs]}{GLUE}{needs.value}", _ink(needs)) for needs in Needs if found[needs])
    return (counted(len(books.books), "book"), ": ", *joined(each))


def _ink(needs: Needs) -> str:
    return _INKS.get(needs, ALARM)


def _needs(line: BookLine) -> Said:
    return Inked(line.needs.value, _ink(line.needs))


def _drift(line: BookLine) -> Said:
    return None if line.drift is None else Figure(line.drift, Kind.POINTS)


def _said(line: BookLine) -> Said:
    return None if line.said is None else Reckoned(line.said)


_COLUMNS = (
    Column("book", "file", record="{}", role=Role.NAME, left=True),
    Column("needs", _needs, before="needs", record="needs {}", left=True),
    Column("equity $", "equity", Kind.DOLLARS, "equity", "dollars", absent=Absent.UNKNOWN),
    Column("off most", "asset", before="off most:", record="asset {}", left=True),
    Column("drift", _drift, Kind.POINTS, after="points"),
    Column("nearest wallet", "wallet", before="wallet", record="wallet {}", left=True, yields=1),
    Column("liquidated", "distance", Kind.AWAY, "liquidated", "away", record="distance {}", absent=Absent.NEVER),
    Column("orders", "orders", Kind.COUNT, yields=1),
    Column("", _said, left=True, role=Role.BELOW, record="said {}"),
)
