"""Markdown: notes and chat, with tables as GitHub has them; what is said is escaped, so that it stays what it is."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch

from rebal.formats import Report, View, describe
from rebal.formats.document import (
    Block,
    Column,
    Facts,
    Listed,
    Note,
    Notes,
    Role,
    Section,
    Steps,
    Table,
    Text,
    Verbatim,
    blocks_for,
)
from rebal.formats.document.charts import Chart, Strips
from rebal.formats.document.said import Absent, Inked, Kind, Loud, Medium, Said
from rebal.formats.paper import markup
from rebal.formats.paper.body import is_topic, ordered
from rebal.formats.screen import cells
from rebal.formats.screen.ink import ECHO

_STEERS = re.compile(r"[\\`*_{}\[\]<>#|~$]")
_BEGINS, _COUNTS = re.compile(r"^(?=[-+=])"), re.compile(r"^(\d+)([.)])(?=\s|$)")
_FENCE = "```"
_TICKS = re.compile("`+")
_BETWEEN = "; "
_DEEPEST = 6


def render(report: Report, view: View) -> str:
    """Write a report's tables and lists; steps are boxes to tick."""
    return "\n\n".join(_blocks(describe.document(report, view), 1)) + "\n"


def _blocks(blocks: Iterable[Block], level: int) -> Iterator[str]:
    below = level
    for block in ordered(blocks):
        yield from filter(None, [_written(block, below)])
        if is_topic(block):
            below = level + 1


@singledispatch
def _written(block: Block, level: int) -> str:
    raise NotImplementedError(block.__class__)


@_written.register
def _section(section: Section, level: int) -> str:
    title = _said(section.title)
    below = level + 1 if title else level
    inside = list(_blocks(section.blocks, below))
    if not inside and not section.always:
        return ""
    head = f"{'#' * min(below, _DEEPEST)} {title}" if title else ""
    return "\n\n".join(filter(None, [head, _said(markup.noted(section)), *inside]))


@_written.register
def _table(table: Table, level: int) -> str:
    columns, rows = cells.grid(table, Medium.PAPER)
    told = [[_cell(said, each) for said, each in zip(row, columns, strict=True)] for row in rows]
    used = [n for n, each in enumerate(columns) if each.role is not Role.BAR and _is_used(n, rows, told)]
    if not used:
        return ""
    across = [n for n in used if columns[n].role is not Role.BELOW]
    below = [n for n in used if columns[n].role is Role.BELOW]
    more = [""] if below else []
    heads = [*(_said((columns[n].heading,)) for n in across), *more]
    rules = [*("---" if columns[n].left else "--:" for n in across), *("---" for _ in more)]
    lines = [_line(heads), _line(rules)]
    for row in told:
        phrases = _BETWEEN.join(_phrase(columns[n], row[n]) for n in below if row[n])
        lines.append(_line([*(row[n] or _missing(columns[n]) for n in across), *([phrases] if below else [])]))
    return "\n".join(lines)


def _is_used(n: int, rows: Sequence[Sequence[Said]], told: Sequence[Sequence[str]]) -> bool:
    return any(text[n] and not _is_echo(said[n]) for said, text in zip(rows, told, strict=True))


def _is_echo(said: Said) -> bool:
    return isinstance(said, Inked) and said.ink == ECHO


def _missing(column: Column) -> str:
    return "\N{EN DASH}" if column.role is Role.FIGURE else ""


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _cell(said: Said, column: Column) -> str:
    text = _said(said, column.kind)
    return f"**{text}**" if text and column.role is Role.NAME else text


def _said(said: Said, kind: Kind = Kind.EXACT) -> str:
    """What is said, nothing in it read as markup."""
    if isinstance(said, Absent) and said is not Absent.UNKNOWN:
        return ""
    loud = said.text.upper() if isinstance(said, Loud) else markup.text(_upper(said), kind)
    return _STEERS.sub(r"\\\g<0>", loud.replace("&", "&amp;"))


def _upper(said: Said) -> Said:
    """A sentence with what is loud in capitals."""
    if not isinstance(said, tuple):
        return said
    return tuple((each.text.upper(),) if isinstance(each, Loud) else each for each in said)


def _phrase(column: Column, said: str) -> str:
    before = column.heading if column.before is None else column.before
    return " ".join(each for each in (_said((before,)), said, _said((column.after,))) if each)


@_written.register
def _facts(facts: Facts, level: int) -> str:
    lines = (
        [_said(cells.cells(each, [facts.row])[0], each.kind) for each in blocks_for(Medium.PAPER, columns)]
        for columns in facts.lines
    )
    said = " \N{MIDDLE DOT} ".join(each for line in lines for each in line if each)
    return f"## {said}" if facts.topic and said else _paragraph(said, answer=facts.answer)


def _paragraph(said: str, *, answer: bool) -> str:
    if not said:
        return ""
    return f"# {said}" if answer else _COUNTS.sub(r"\1\\\2", _BEGINS.sub(r"\\", said))


@_written.register
def _text(block: Text, level: int) -> str:
    return _paragraph(_said(block.said), answer=block.answer)


@_written.register
def _listed(listed: Listed, level: int) -> str:
    return "\n".join(f"- **{_said(name)}** {_said(said)}" for name, said in listed.pairs)


@_written.register
def _steps(steps: Steps, level: int) -> str:
    if not steps.steps:
        return ""
    first = [f"- [ ] {_said(said)}" for said in steps.first]
    return "\n".join([*first, *(f"- [ ] {n}. {_said(said)}" for n, said in steps.steps)])


@_written.register
def _notes(notes: Notes, level: int) -> str:
    return "\n".join(map(_note, notes.told() if notes.each else ()))


def _note(note: Note) -> str:
    subjects = f" **{_said(', '.join(note.subjects))}**" if note.subjects else ""
    return f"- {note.severity}{subjects}: {_said(note.said)}"


@_written.register
def _verbatim(verbatim: Verbatim, level: int) -> str:
    lines = "\n".join(verbatim.lines)
    longest = max(map(len, _TICKS.findall(lines)), default=0)
    fence = max(_FENCE, "`" * (longest + 1), key=len)
    return f"{fence}\n{lines}\n{fence}" if lines else ""


@_written.register
def _nothing(block: Chart | Strips, level: int) -> str:
    return ""
