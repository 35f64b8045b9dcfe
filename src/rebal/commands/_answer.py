"""What a command is told of the machine it runs on, and what it hands back."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from rebal.errors import Exit
from rebal.exchange.network import Network


class World(NamedTuple):
    """The machine as the command line found it; nothing below reads clock, environment or terminal.

    ``now``: the clock. ``portfolio``: the file meant where none is named. ``terminal``: whether stdout is one,
    ``width`` its columns, ``colour`` whether it takes colour. ``signs``: whether it can carry signs beyond ASCII.
    ``ask``: puts a question that is answered by yes or no; None where nobody is at the terminal. ``network``: how
    exchanges are reached, None where that is not to be had. ``environment``: a variable of it by name, for keys.
    """

    now: datetime
    portfolio: str
    terminal: bool
    width: int
    colour: bool
    signs: bool
    ask: Callable[[str], bool] | None = None
    network: Network | None = None
    environment: Callable[[str], str | None] | None = None


class Answer(NamedTuple):
    """What goes to stdout, what is said beside it on stderr, and the exit code."""

    text: str = ""
    code: Exit = Exit.DONE
    remarks: tuple[str, ...] = ()
