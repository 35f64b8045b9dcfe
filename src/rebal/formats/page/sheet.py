"""The page a screen is written on: its width, its signs, its way of writing figures, and the portfolio's limits."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from rebal.formats import View
from rebal.formats.page import layout
from rebal.formats.page.figures import ASCII_TABLE, GLUE, TABLE, Figures
from rebal.formats.page.ink import BOLD, DIM, ECHO, EMPTY, PLAIN, Line, Piece, clean, line
from rebal.formats.page.wording import ascii_signs
from rebal.frozen import frozen
from rebal.portfolio import Policy


class Signs(NamedTuple):
    """What is drawn rather than written; none of them is a figure."""

    arrow: str
    rule: str
    full: str
    left_half: str
    right_half: str
    axis: str
    kept: str
    gone: str
    between: str
    nothing: str
    times: str
    either_way: str


UNICODE = Signs("→", "─", "█", "▌", "▐", "│", "━", "─", " · ", "–", "×", "±")
ASCII = Signs("->", "-", "#", "#", "#", "|", "=", ".", ", ", "-", "x", "+/-")


@frozen
class Sheet:
    """What the parts of a screen share."""

    view: View
    figures: Figures
    signs: Signs

    @property
    def policy(self) -> Policy | None:
        """The limits the report was measured against, where they are known."""
        return None if self.view.portfolio is None else self.view.portfolio.policy

    def text(self, data: str) -> str:
        """A text from outside as this page can carry it."""
        if not self.view.ascii:
            return clean(data)
        parts = ascii_signs(clean(data)).split(GLUE)
        return GLUE.join(part.encode("ascii", "backslashreplace").decode("ascii") for part in parts)

    def cell(self, write: Callable[[Fraction], str], value: Fraction | None, ink: str = PLAIN) -> Line:
        """A cell with one figure; empty where there is none."""
        return EMPTY if value is None else line(Piece(write(value), ink))

    def cell_unless(self, same: Fraction, write: Callable[[Fraction], str], value: Fraction) -> Line:
        """A cell with one figure, an echo where it is the same as another of its row."""
        return self.cell(write, value, ECHO if value == same else PLAIN)

    def coins(self, value: Fraction, currency: str) -> str:
        """Coins with their name."""
        return f"{self.figures.coins(value)}{GLUE}{self.text(currency)}"

    def usd(self, value: Fraction) -> str:
        """Dollars with their sign in front, for where no heading says so."""
        return f"{self.figures.minus if value < 0 else ''}${self.figures.dollars(abs(value))}"

    def change(self, before: str, after: str) -> str:
        """Now and after, or the one text that both are."""
        return after if before == after else f"{before} {self.signs.arrow}{GLUE}{after}"

    def section(self, title: str, note: str = "") -> list[Line]:
        """A blank line and a heading."""
        phrases = [line(Piece(title, BOLD)), line(Piece(note, DIM))] if note else [line(Piece(title, BOLD))]
        return [EMPTY, *layout.flow(phrases, self.view.width, between="  ")]

    def table(self, columns: Sequence[layout.Column], rows: Sequence[layout.Row]) -> list[Line]:
        """Rows under headings, or in whatever shape the width asks for."""
        signs = self.signs
        return layout.table(
            columns, rows, self.view.width, rule=signs.rule, between=signs.between, nothing=signs.nothing
        )

    def flow(self, phrases: Iterable[Line], *, between: str | None = None) -> list[Line]:
        """Phrases one after the other."""
        return layout.flow(phrases, self.view.width, between=self.signs.between if between is None else between)


def sheet(view: View) -> Sheet:
    """The page that a view asks for."""
    return Sheet(view, ASCII_TABLE, ASCII) if view.ascii else Sheet(view, TABLE, UNICODE)
