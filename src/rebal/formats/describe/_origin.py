"""What a report was made from: the venue, the prices, the statement and its journal."""

from typing import Any

from rebal.formats.document import Column, Place
from rebal.formats.document.said import BOLD, DIM, GLUE, Figure, Inked, Kind, Medium, Said
from rebal.status import Status

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS


def _venue(report: Any) -> Said:
    return Inked(report.venue, DIM) if report.venue else None


def _venues(report: Any) -> Said:
    """The venue in one word, of several accounts theirs."""
    of_accounts = (each.venue for each in getattr(report, "accounts", ()) if each.venue)
    return report.venue or ",".join(dict.fromkeys((*getattr(report, "venues", ()), *of_accounts))) or None


def _margined(report: Any) -> Said:
    modes = sorted({wallet.mode for wallet in report.wallets})
    margin = f"{' and '.join(modes)} margin" if modes else ""
    said = ", ".join(each for each in (report.venue or "", margin) if each)
    return Inked(said, DIM) if said else None


def _prices(report: Any) -> Said:
    at, asked = report.inputs.market_as_of, _asked(report)
    of = (f" from {asked}",) if asked else ()
    return Inked(("prices without a date", *of) if at is None else ("prices of ", at, *of), DIM)


def _asked(report: Any) -> str:
    """The exchanges that priced something, the one of most names alone, the others with theirs."""
    named: dict[str, list[str]] = {}
    for each in report.inputs.price_sources:
        named.setdefault(each.source, []).append(each.name)
    first, *others = sorted(named, key=lambda source: (-len(named[source]), source)) or [""]
    return ", ".join([first, *(f"{', '.join(named[source])} from {source}" for source in others)])


def _priced(report: Any) -> Said:
    asked = _asked(report)
    return (report.inputs.market_as_of, f" from {asked}") if asked else report.inputs.market_as_of


def _statement(report: Status) -> Said:
    if report.as_of is None:
        return None
    seq = report.inputs.journal_seq
    journal = "" if seq is None else f", journal to entry{GLUE}{seq}"
    return Inked(("statement of ", report.as_of, journal), DIM)


def _name(report: Any) -> Said:
    return Inked(report.name, BOLD) if report.name else None


NAME = Column("", _name, place=Place.LAST)
VENUE = Column("", _venue, only=_PAGE)
MARGINED = Column("", _margined, only=_PAGE)
PRICES = Column("", _prices, only=_PAGE)
STATEMENT = Column("", _statement, only=_PAGE)
RECORDED = (
    Column("", _venues, record="venue {}", only=_RECORDS),
    Column("", _priced, record="prices {}", only=_RECORDS),
)
STATED = (
    Column("", "as_of", record="statement {}", only=_RECORDS),
    Column("", "inputs.journal_seq", Kind.COUNT, record="journal {}", only=_RECORDS),
)
EQUITY = (
    Column("", lambda report: (Inked(Figure(report.equity, Kind.USD), BOLD), f"{GLUE}equity"), only=_PAGE),
    Column("", lambda report: Figure(report.equity, Kind.DOLLARS, report.currency), only=_RECORDS),
)
