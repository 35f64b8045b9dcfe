"""The path of a replay as curves, with their figures at some checks beside them."""

from collections.abc import Iterator, Sequence
from functools import partial

from rebal.amounts import ZERO, Fraction
from rebal.formats.describe._phrases import day, joined
from rebal.formats.document import Column, Role, Section, Table
from rebal.formats.document.charts import Axis, Chart, Series
from rebal.formats.document.said import GLUE, Figure, Kind, Medium, Said
from rebal.portfolio import DOLLARS
from rebal.reports.replay import PathLine, Replay

_LETTERS = {"plan": "p", "hold": "h", "spot": "s", "hedge": "g", "unhedged": "u"}
_DAY_SECONDS = 86_400
_MOST_POINTS, _MOST_ROWS = 400, 13
_FARTHEST = Fraction(9)
"""The distance beyond which a liquidation is no figure for a person: ten times the price."""

_DAY = Column("check", "time", role=Role.NAME, left=True)


def _days(line: PathLine, report: Replay) -> Fraction:
    return Fraction(int((line.time - report.since).total_seconds()), _DAY_SECONDS)


def _thinned(report: Replay) -> Sequence[PathLine]:
    """At most so many checks, evenly, the last among them."""
    path = report.path
    every = -(-len(path) // _MOST_POINTS) or 1
    return path[::-every][::-1]


def _axis(report: Replay) -> Axis:
    return Axis(f"days since {day(report.since)}", Kind.DAYS)


def _told(columns: Sequence[Column], path: Sequence[PathLine]) -> Table:
    """The figures of a curve at some checks, evenly, for paper; each is in the json and the csv."""
    every = -(-len(path) // _MOST_ROWS) or 1
    return Table(columns, path[::-every][::-1], only=Medium.PAPER)


def _weight(asset: str, line: PathLine) -> Fraction:
    return line.weights.get(asset, ZERO)


def _foreseen(line: PathLine) -> Said:
    far = line.distance is not None and line.distance > _FARTHEST
    return f"beyond 10{GLUE}×" if far else line.distance and Figure(line.distance, Kind.AWAY)


def equity(report: Replay) -> Iterator[Section]:
    """What each way was worth at the checks."""
    path = _thinned(report)
    series = tuple(
        Series(letter, name, [(_days(line, report), usd) for line in path if (usd := getattr(line, name)) is not None])
        for name, letter in _LETTERS.items()
        if report.path and getattr(report.path[0], name) is not None
    )
    if len(path) < 2:
        return
    names = ", ".join(f"{each.letter} {each.name}" for each in series)
    chart = Chart(_axis(report), Axis("equity", Kind.USD), series, name="path", said="equity at the checks")
    columns = [_DAY, *(Column(f"{each.name} $", each.name, Kind.DOLLARS) for each in series)]
    yield Section("Equity", (chart, _told(columns, path)), names, on_paper="at the checks")


def weights(report: Replay) -> Iterator[Section]:
    """The weights of the planned book at the checks."""
    path = _thinned(report)
    assets = sorted({asset for line in path for asset in line.weights if asset != DOLLARS})
    if len(path) < 2 or not assets:
        return
    letters, bands = _distinct(assets), {each.asset: (each.lowest, each.highest) for each in report.bands}
    series = tuple(
        Series(
            letters[asset],
            asset,
            [(_days(line, report), line.weights.get(asset, ZERO)) for line in path],
            bands.get(asset),
        )
        for asset in assets
    )
    said = "weights at the checks, and the bands about their targets"
    chart = Chart(_axis(report), Axis("weight", Kind.PERCENT), series, name="weights", said=said)
    note = joined([_banded(f"{letters[asset]} {asset}", bands.get(asset)) for asset in assets], "; ")
    on_paper = joined([_banded(asset, bands[asset]) for asset in assets if asset in bands], "; ")
    columns = [_DAY, *(Column(asset, partial(_weight, asset), Kind.PERCENT) for asset in assets)]
    yield Section("Weights", (chart, _told(columns, path)), note, on_paper=on_paper)


def _banded(name: str, band: tuple[Fraction, Fraction] | None) -> Said:
    """What a curve is of, and between which weights nothing is traded for it."""
    if band is None:
        return name
    return (f"{name}, band ", Figure(band[0], Kind.PERCENT), " to ", Figure(band[1], Kind.PERCENT))


def distance(report: Replay) -> Iterator[Section]:
    """How far the nearest wallet was from its liquidation at the checks."""
    ends = [line for line in _thinned(report) if line.distance is not None]
    points = [(_days(line, report), min(line.distance or ZERO, _FARTHEST)) for line in ends]
    if len(points) < 2:
        return
    series = (Series("d", "distance", points),)
    said = "distance of the nearest wallet to its liquidation, at the checks"
    chart = Chart(_axis(report), Axis("distance", Kind.PERCENT), series, name="distance", said=said)
    columns = [_DAY, Column("distance", _foreseen)]
    note = f"of the nearest wallet; beyond 10{GLUE}× today's price it is drawn at that"
    yield Section("Distance to liquidation", (chart, _told(columns, ends)), note)


def _distinct(names: Sequence[str]) -> dict[str, str]:
    """A letter each: the first of the name that no other has."""
    taken: dict[str, str] = {}
    for name in names:
        letters = [each.lower() for each in name if each.isalpha()] + list("abcdefghijklmnopqrstuvwxyz")
        taken[name] = next((each for each in letters if each not in taken.values()), "?")
    return taken
