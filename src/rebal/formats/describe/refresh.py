"""A refreshed venue: what its exchange prints otherwise than the shipped catalogue, and where that is kept."""

from datetime import datetime

from rebal.amounts import Fraction
from rebal.catalogue import Refresh
from rebal.formats.describe._phrases import counted
from rebal.formats.document import Column, Document, Facts, Role, Section, Table, Text
from rebal.formats.document.said import BOLD, Figure, Inked, Kind, Medium, Prose, Said
from rebal.policy import Policy

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_CHANGES = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("figure", lambda each: (each.figure,), record="{}", left=True),
    Column("shipped", lambda each: _told(each.shipped), record="shipped {}"),
    Column("live", lambda each: _told(each.live), record="live {}"),
)
_NEW = (Column("contract", lambda name: (name,), record="{}", role=Role.NAME, left=True),)
_GONE = (
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("before", lambda each: (each.before,), record="before: {}", left=True),
)
_ALL = (
    Column("", lambda refresh: Inked((refresh.title,), BOLD), only=_PAGE),
    Column("", "venue", only=_RECORDS),
    Column("", lambda refresh: ("asked ", refresh.asked), only=_PAGE),
    Column("", "asked", record="asked {}", only=_RECORDS),
    Column("", lambda refresh: _count(refresh)),
)


def document(report: Refresh, limits: Policy | None) -> Document:
    """What differs, what is new, what is gone, what was not asked for, and the file."""
    return (
        Facts(report, (_ALL,), word="refreshed", answer=True),
        Section("Differs", (Table(_CHANGES, report.changes, word="differs"),), "from the shipped catalogue"),
        Section("New", (Table(_NEW, report.appeared, word="new"),), "listed now, and not in the shipped catalogue"),
        Section("Gone", (Table(_GONE, report.vanished, word="gone"),), "no longer listed: nothing is planned on it"),
        *(Text(Prose(each), word="note") for each in report.kept),
        Text(Prose(f"plans use this from now on; it is kept in {report.file}"), word="kept"),
    )


def _told(value: Fraction | datetime | str | None) -> Said:
    if value is None:
        return "not known"
    if isinstance(value, str):
        return (value,)
    return Figure(value, Kind.EXACT) if isinstance(value, Fraction) else value


def _count(refresh: Refresh) -> Said:
    return f"{counted(refresh.contracts, 'contract', 'contracts')}, {refresh.same} as shipped"
