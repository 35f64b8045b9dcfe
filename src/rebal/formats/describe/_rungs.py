"""What to close first, rung by rung: what each costs to hold, what it frees, and what is left once it is closed."""

from collections.abc import Mapping, Sequence

from rebal.amounts import Fraction
from rebal.formats.describe._phrases import DUE, FAR, away, foreseeable, joined
from rebal.formats.document import Column, Role, Section, Table
from rebal.formats.document.said import GLUE, Absent, Change, Figure, Kind, Medium, Said
from rebal.rung_lines import RungLine

_PAGE, _RECORDS = Medium.PAGE, Medium.RECORDS
_NOTE = "the dearest to hold first; a negative cost is earned; what is freed may leave, beside what was free"
_CLOSED = "closed"


def section(rungs: Sequence[RungLine]) -> Section:
    """A row a rung, in the order in which they are closed."""
    return Section("Ladder", (Table(_COLUMNS, rungs, word="rung"),), _NOTE)


def _frees(rung: RungLine) -> Said:
    return _coins(rung.frees, Kind.COINS)


def _coins_freed(rung: RungLine) -> Said:
    return _coins(rung.frees, Kind.EXACT)


def _uses(rung: RungLine) -> Said:
    return _coins(rung.uses, Kind.COINS)


def _coins_used(rung: RungLine) -> Said:
    return _coins(rung.uses, Kind.EXACT)


def _brings(rung: RungLine) -> Said:
    return _coins(rung.brings, Kind.COINS)


def _coins_brought(rung: RungLine) -> Said:
    return _coins(rung.brings, Kind.EXACT)


def _coins(coins: Mapping[str, Fraction], kind: Kind) -> Said:
    return joined(Figure(quantity, kind, asset) for asset, quantity in coins.items()) or None


def _distance(distance: Fraction | None, side: str | None) -> tuple[Said, ...]:
    """How far the prices may fall or rise; a percentage without a sign where the side was not kept."""
    if distance is None:
        return (Absent.NEVER,)
    if distance == 0:
        return (DUE,)
    if side is None:
        return (Figure(distance, Kind.AWAY),)
    ends = (distance, None) if side == "below" else (None, distance)
    return away(*foreseeable(*ends)) or (FAR,)


def _before(rung: RungLine) -> tuple[Said, ...]:
    return _distance(rung.distance_before, rung.side_before)


def _after(rung: RungLine) -> tuple[Said, ...]:
    return _distance(rung.distance_after, rung.side_after) if rung.is_open_after else (_CLOSED,)


def _end(rung: RungLine) -> Said:
    return Change(_before(rung), _after(rung))


def _away(rung: RungLine) -> Said:
    """The distances of a record: as it was and as it is left."""
    return (*_before(rung), f"{GLUE}->{GLUE}", *_after(rung))


_COLUMNS = (
    Column("", "n", Kind.COUNT, before="", record="{}", role=Role.NAME),
    Column("contract", "contract", record="{}", role=Role.NAME, left=True),
    Column("close $", "notional", Kind.DOLLARS, "close", "dollars", record="{} USD"),
    Column("a day $", "cost_usd_per_day", Kind.DOLLARS, "costs", "dollars a day", record="cost-per-day {}",
           absent=Absent.UNKNOWN),
    Column("a year", "cost_per_year", Kind.PERCENT, before="", after="a year", record="cost-per-year {}",
           absent=Absent.UNKNOWN, yields=2),
    Column("frees", _frees, left=True, only=_PAGE),
    Column("", _coins_freed, record="frees {}", only=_RECORDS),
    Column("frees $", "frees_usd", Kind.DOLLARS, "worth", "dollars", record="frees-usd {}"),
    Column("uses of freed", _uses, left=True, only=_PAGE),
    Column("", _coins_used, record="uses {}", only=_RECORDS),
    Column("to bring", _brings, left=True, only=_PAGE),
    Column("", _coins_brought, record="brings {}", only=_RECORDS),
    Column("wallet", "wallet", before="wallet", left=True, yields=1),
    Column("distance", _end, before="distance", left=True, only=_PAGE),
    Column("", _away, record="distance {}", only=_RECORDS),
    Column("saved a day $", "saved_usd_per_day", Kind.DOLLARS, "so far saves", "dollars a day",
           record="saved-per-day {}", absent=Absent.UNKNOWN, yields=3),
    Column("freed $", "freed_usd", Kind.DOLLARS, "so far frees", "dollars", record="freed-usd {}", yields=3),
)  # fmt: skip
