"""Output formats: one a file, found by name; each renders a report and computes nothing.

A report is a dataclass whose ``schema`` says its kind: ``rebal/plan/1`` is a plan. json and csv print any kind from
its fields. For people ``describe`` tells each kind once, one module a kind, as a ``document`` that every other format
renders.
"""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from rebal import discover
from rebal.frozen import frozen

if TYPE_CHECKING:
    from rebal.portfolio import Portfolio


SIGNS = "−–→·×±─━│█▌▐┤┬└"
"""What the table draws and writes beyond ASCII: an encoding without any of these needs ``View.ascii``."""


_DARK, _LAST_COLOUR = frozenset({0, 1, 2, 3, 4, 5, 6, 8}), 15
"""Of the sixteen colours of a terminal."""


class Report(Protocol):
    """What every report has."""

    @property
    def schema(self) -> str:
        """``rebal/<kind>/<version>``."""
        ...


class Ground(StrEnum):
    """What a terminal's colours stand on, as far as it says."""

    UNKNOWN = ""
    DARK = "dark"
    LIGHT = "light"

    @classmethod
    def told(cls, numbers: str) -> "Ground":
        """Of what Konsole, rxvt, iTerm2 and others have in COLORFGBG, ``15;0``: the last is that of the ground."""
        last = numbers.rpartition(";")[2]
        if not (last.isascii() and last.isdigit()) or int(last) > _LAST_COLOUR:
            return cls.UNKNOWN
        return cls.DARK if int(last) in _DARK else cls.LIGHT


@frozen
class View:
    """How a report is to be shown; a format asks nothing else, least of all the terminal.

    ``width``: columns. ``section``: the list of the report that csv prints, None for the kind's first choice;
    ``chart``: the chart that svg draws, likewise.
    ``ascii``: the output's encoding carries nothing else. ``portfolio``: what the report was made from, for the limits
    it is measured against; without it those that it tells itself are shown. ``file``: its file, for a reader of many
    mails. ``brief``: a few lines, of kinds that have them. ``book``: its file, where it is one of many: every row of
    csv begins with it, and json ends with it, on one line.
    """

    width: int
    colour: bool
    section: str | None = None
    ascii: bool = False
    portfolio: "Portfolio | None" = None
    file: str | None = None
    chart: str | None = None
    book: str | None = None
    brief: bool = False
    ground: Ground = Ground.UNKNOWN


def names() -> tuple[str, ...]:
    """The formats on offer, in alphabetical order."""
    return tuple(discover.names(sys.modules[__name__]))


def render(name: str, report: Report, view: View) -> str:
    """Show a report in the format of that name. Raises LookupError where there is none."""
    rendered: str = discover.load(sys.modules[__name__], name).render(report, view)
    return rendered


def pieces(name: str, report: Report, view: View) -> list[str]:
    """The same in pieces to be put one after the other; one of all, of a format that has no others."""
    module = discover.load(sys.modules[__name__], name)
    found: list[str] = module.pieces(report, view) if hasattr(module, "pieces") else [module.render(report, view)]
    return found


def kind(report: Report) -> str:
    """The kind of a report, out of its schema.

    >>> from types import SimpleNamespace
    >>> kind(SimpleNamespace(schema="rebal/plan/1"))
    'plan'
    """
    return report.schema.split("/")[1]
