"""Charts: curves over one axis, and rows of marks; figures to draw, which a document tells elsewhere in words."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from rebal.amounts import Fraction
from rebal.formats.document.said import GREEN, Kind, Medium, Said
from rebal.frozen import frozen


@frozen
class Axis:
    """One axis of a chart: what it measures, in which kind of figure.

    ``factors``: changes, which stand as far apart as their factors are, a half as far below as a double above.
    """

    title: str
    kind: Kind
    factors: bool = False


class Series(NamedTuple):
    """One curve: the letter that draws it, its name, and its points, x ascending; the ``band`` it is to stay in."""

    letter: str
    name: str
    points: Sequence[tuple[Fraction, Fraction]]
    band: tuple[Fraction, Fraction] | None = None


@frozen
class Chart:
    """Curves over one axis, straight between their points; figures to draw, told elsewhere in words.

    ``name``: what it is asked for by. ``said``: the chart in a sentence, for who does not see it. ``lines``: places of
    the x axis that have a name.
    """

    x: Axis
    y: Axis
    series: Sequence[Series]
    name: str = ""
    said: Said = ""
    lines: Sequence[tuple[Fraction, str]] = ()
    only: Medium | None = Medium.PAGE


class Sign(Enum):
    """How a mark is drawn: hollow what was, filled what is or will be, a line for what is aimed at."""

    HOLLOW = "hollow"
    FILLED = "filled"
    LINE = "line"


class Mark(NamedTuple):
    """A place on a strip: its sign, where it is, and the place that it came from."""

    sign: Sign
    at: Fraction
    was: Fraction | None = None


class Strip(NamedTuple):
    """One row of marks: its name, what is said of it at its end, and the range that is shaded."""

    name: str
    said: Said
    marks: Sequence[Mark]
    shaded: tuple[Fraction, Fraction] | None = None


@frozen
class Strips:
    """Rows of marks on one axis, each under its name; figures to draw, told elsewhere in words.

    ``legend``: what the signs mean; ``shade``: what a shaded range means, and ``ink`` its colour. ``name``, ``said``
    and ``lines``: as of a chart.
    """

    x: Axis
    strips: Sequence[Strip]
    legend: Mapping[Sign, str]
    shade: str = ""
    ink: str = GREEN
    name: str = ""
    said: Said = ""
    lines: Sequence[tuple[Fraction, str]] = ()
    only: Medium | None = Medium.PAPER


Picture = Chart | Strips
