"""The guide: a page a topic, or the list of them."""

from collections.abc import Callable, Iterator, Sequence

from rebal.formats.describe._phrases import counted
from rebal.formats.document import Block, Column, Document, Facts, Listed, Role, Section, Steps, Table, Text, Verbatim
from rebal.formats.document.said import BOLD, Inked, Medium, Prose, Reckoned
from rebal.policy import Policy
from rebal.reports.guide import Guide, Part, Topic

_ABOUT = Column("", lambda topic: None if topic.about is None else (f"worked on {topic.about}",))
_TITLE = Column("", lambda topic: Inked((topic.title,), BOLD), record="{}")


def document(guide: Guide, limits: Policy | None) -> Document:
    """The topics in full, or by their titles where none is told in full."""
    if not any(each.parts for each in guide.topics):
        return _list(guide)
    alone = len(guide.topics) == 1
    return tuple(block for topic in guide.topics for block in _topic(topic, alone=alone))


def _list(guide: Guide) -> Document:
    titles = [(each.topic, (each.title,)) for each in guide.topics]
    how = "rebal guide TOPIC shows one, with -p FILE on your own portfolio; rebal guide --all shows them all"
    return (
        Section(counted(len(titles), "topic"), (Listed(titles, word="topic"),), always=True),
        Text((how,), only=Medium.PAGE),
    )


def _topic(topic: Topic, *, alone: bool) -> Iterator[Block]:
    yield Facts(topic, ((_TITLE, _ABOUT),), word=topic.topic, answer=alone, topic=not alone)
    for part in topic.parts:
        yield from _part(part, topic.topic)


def _part(part: Part, word: str) -> Iterator[Block]:
    # A paragraph is a section of its own: that is what pages set apart.
    text = [Text(Reckoned(each), word=word) for each in part.text]
    lines = (Verbatim(part.lines),) if part.lines else ()
    told: tuple[Block, ...] = (*text[:1], *(Section("", (each,)) for each in text[1:]))
    rest: tuple[Block, ...] = (
        Steps(tuple(enumerate(map(Prose, part.steps), start=1))),
        _rows(part, word),
        Listed([(each.name, Reckoned(each.text)) for each in part.entries], word=word),
        *lines,
    )
    yield Section((part.title,) if part.title else "", (*told, *(Section("", (each,)) for each in rest)))


def _rows(part: Part, word: str) -> Table:
    columns = [
        Column(heading, _cell(n), role=Role.FIGURE if n else Role.NAME, left=not n)
        for n, heading in enumerate(part.headings)
    ]
    return Table(columns, part.rows, word=word)


def _cell(n: int) -> Callable[[Sequence[str]], Prose]:
    return lambda row: Prose(row[n])
