"""What guide says, as data: topics in parts, each a few kinds of things in the order in which they are read."""

from rebal.frozen import frozen


@frozen
class Entry:
    """A name, and what is said of it."""

    name: str
    text: str


@frozen
class Part:
    """A part of a topic: paragraphs, then steps in order, rows under headings, entries, and lines to copy as they are.

    Sentences come whole, their figures in them: each was computed when the topic was asked for.
    """

    title: str
    text: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    entries: tuple[Entry, ...] = ()
    lines: tuple[str, ...] = ()


@frozen
class Topic:
    """One topic; ``about``: the portfolio that its figures are of, None where it has none."""

    topic: str
    title: str
    about: str | None
    parts: tuple[Part, ...]


@frozen
class Guide:
    """The answer of guide: the topics asked for, or what there is, each without its parts."""

    schema: str
    topics: tuple[Topic, ...]
