"""What a command is told of the machine it runs on, and what it hands back."""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rebal.errors import Exit
from rebal.exchange.deadline import Network


class World(NamedTuple):
    """The machine as the command line found it; nothing below reads clock, environment or terminal.

    ``now``: the clock. ``portfolio``: the file meant where none is named. ``terminal``: whether stdout is one,
    ``width`` its columns, ``colour`` whether it takes colour, ``grounds`` the numbers of its colours as it tells them.
    ``signs``: whether it can carry signs beyond ASCII.
    ``ask``: puts a question that is answered by yes or no; None where nobody is at the terminal. ``prompt``: puts one
    that is answered by a line, None at the end of input; itself None likewise. ``network``: how exchanges are reached,
    None where that is not to be had. ``environment``: a variable of it by name, for keys. ``progress``: shows how far a
    long run is, in the place of what it showed before; None where stderr is no terminal. ``data``: the folder of what
    is kept between runs, None where there is no place for one; ``kept``: refreshed venues' files by venue, where they
    were read already, for processes that may not have the folder. ``words``: the command line.
    """

    now: datetime
    portfolio: str
    terminal: bool
    width: int
    colour: bool
    signs: bool
    ask: Callable[[str], bool] | None = None
    prompt: Callable[[str], str | None] | None = None
    network: Network | None = None
    environment: Callable[[str], str | None] | None = None
    progress: Callable[[str], None] | None = None
    data: str | None = None
    kept: Mapping[str, str] | None = None
    words: tuple[str, ...] = ()
    grounds: str = ""


class Answer(NamedTuple):
    """What goes to stdout, in one text or in several, what is said beside it on stderr, and the exit code.

    ``parts``: of an answer to many books in place of all that, what goes to stdout piece by piece, as it is known, and
    then the answer that is left. ``regardless``: the text is printed whatever the code, as what there is of an answer.
    ``made_from``: what a process that has nothing else to do may end with, without freeing it first.
    """

    text: str | Sequence[str] = ""
    code: Exit = Exit.DONE
    remarks: tuple[str, ...] = ()
    parts: "Generator[str, None, Answer] | None" = None
    regardless: bool = False
    made_from: object = None
