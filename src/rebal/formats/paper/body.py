"""A document's blocks as HTML, in the order of paper: pictures first, then what to do, then what else is told."""

from collections.abc import Iterable, Iterator, Sequence
from functools import singledispatch
from html import escape
from operator import itemgetter
from typing import Any, NamedTuple

from rebal.formats.document import (
    Block,
    Column,
    Facts,
    Listed,
    Note,
    Notes,
    Place,
    Role,
    Section,
    Steps,
    Table,
    Text,
    Verbatim,
    blocks_for,
)
from rebal.formats.document.charts import Picture
from rebal.formats.document.said import Medium, Said
from rebal.formats.paper.markup import cell, markup, noted, text
from rebal.formats.picture.canvas import Page
from rebal.formats.picture.drawn import drawn, is_drawn
from rebal.formats.screen import cells
from rebal.formats.screen.ink import ECHO

_DEEPEST = 6
_PICTURE_WIDTHS = {"wide": 680, "narrow": 312}
_CHARACTER, _GAP, _STEP = 8.2, 22, 40
"""Pixels: of a character and between two columns, by which a table is held to be too wide for its page; in steps."""

_WRAPS_AT = 34
_MISSING = "\N{EN DASH}"


class Part(NamedTuple):
    """Where a block stands: under which title, how deep, and the first word of every name in it."""

    title: str
    level: int
    key: str


def ordered(blocks: Iterable[Block]) -> list[Block]:
    """The blocks for paper in the order in which they stand there; what follows a section stays behind it."""
    groups: list[tuple[Place, list[Block]]] = [(Place.FIRST, [])]
    for block in blocks_for(Medium.PAPER, blocks):
        if isinstance(block, Section):
            groups.append((block.place, []))
        groups[-1][1].append(block)
    return [block for _, group in sorted(groups, key=itemgetter(0)) for block in group]


def body(blocks: Iterable[Block], part: Part) -> Iterator[str]:
    """The markup of some blocks, those left out that say nothing; what follows the title of a topic is below it."""
    below = part.level
    for n, block in enumerate(ordered(blocks), start=1):
        inside = Part(part.title, below, f"{part.key}{n}")
        yield from filter(None, [_marked(block, inside)])
        if is_topic(block):
            below = part.level + 1


def is_topic(block: Block) -> bool:
    """Whether it is the title of what follows."""
    return isinstance(block, Facts) and block.topic


@singledispatch
def _marked(block: Block, part: Part) -> str:
    raise NotImplementedError(block.__class__)


@_marked.register
def _section(section: Section, part: Part) -> str:
    title = text(section.title)
    level = part.level + 1 if title else part.level
    inside = list(body(section.blocks, Part(title or part.title, level, f"{part.key}-")))
    if not inside and not section.always:
        return ""
    depth = min(level, _DEEPEST)
    head = f"<h{depth}>{markup(section.title)}</h{depth}>" if title else ""
    note = f'<p class="note">{markup(noted(section))}</p>' if noted(section) else ""
    named = f' id="{part.key}"' if title else ""
    return f"<section{named}>{head}{note}{''.join(inside)}</section>"


@_marked.register
def _table(table: Table, part: Part) -> str:
    columns, rows = cells.grid(table, Medium.PAPER)
    told = [[cell(said, each.kind) for said, each in zip(row, columns, strict=True)] for row in rows]
    used = [n for n, each in enumerate(columns) if each.role is not Role.BAR and any(_says(row[n]) for row in told)]
    if not used:
        return ""
    across = [n for n in used if columns[n].role is not Role.BELOW]
    below = [n for n in used if columns[n].role is Role.BELOW]
    heads = "".join(_head(columns[n]) for n in across)
    body_rows = "".join(_row(columns, row, across, below) for row in told)
    wide = _breadth(columns, rows, across)
    return (
        f'<div class="block"><table role="table" class="to{wide}"><caption class="away">{escape(part.title)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead><tbody role="rowgroup">{body_rows}</tbody></table>'
        "</div>"
    )


def _says(said: str) -> bool:
    return bool(said) and not said.startswith(f'<span class="{ECHO}"')


def _head(column: Column) -> str:
    side = _side(column)
    if not column.heading:
        return f'<td role="cell"{side}></td>'
    return f'<th role="columnheader" scope="col"{side}>{escape(column.heading)}</th>'


def _side(column: Column) -> str:
    return "" if column.left else ' class="right"'


def _row(columns: Sequence[Column], row: Sequence[str], across: Sequence[int], below: Sequence[int]) -> str:
    first, *others = across
    head = f'<th role="rowheader" scope="row"{_side(columns[first])}>{row[first]}</th>'
    rest = "".join(_cell(columns[n], row[n]) for n in others)
    phrases = "".join(f'<span class="phrase">{_phrase(columns[n], row[n])}</span> ' for n in below if _says(row[n]))
    if not phrases:
        return f'<tr role="row">{head}{rest}</tr>'
    under = f'<td role="cell" colspan="{len(across)}">{phrases}</td>'
    return f'<tr role="row" class="over">{head}{rest}</tr><tr role="row" class="below">{under}</tr>'


def _cell(column: Column, said: str) -> str:
    if column.role is Role.NAME:
        return f'<td role="cell" class="name{"" if column.left else " right"}"><strong>{said}</strong></td>'
    if not said:
        return f'<td role="cell" class="none">{_MISSING if column.role is Role.FIGURE else ""}</td>'
    label = f' data-label="{escape(column.heading)}"' if column.heading else ""
    return f'<td role="cell"{_side(column)}{label}><span>{said}</span></td>'


def _phrase(column: Column, said: str) -> str:
    before = column.heading if column.before is None else column.before
    return " ".join(each for each in (_dim(before), said, _dim(column.after)) if each)


def _dim(words: str) -> str:
    return f'<span class="dim">{escape(words)}</span>' if words else ""


def _breadth(columns: Sequence[Column], rows: Sequence[Sequence[Said]], across: Sequence[int]) -> int:
    """About how wide a table is, in pixels, up to the next step; words that may wrap count as so many."""
    wide = 0.0
    for n in across:
        said = (text(row[n], columns[n].kind) for row in rows)
        longest = max(map(len, (columns[n].heading, *said)))
        wraps = columns[n].left and columns[n].role is not Role.NAME
        wide += (min(longest, _WRAPS_AT) if wraps else longest) * _CHARACTER + _GAP
    return int(-(-wide // _STEP) * _STEP)


@_marked.register
def _facts(facts: Facts, part: Part) -> str:
    lines = [list(_phrases(columns, facts.row)) for columns in facts.lines]
    said = "".join(f'<span class="line">{" ".join(line)}</span> ' for line in lines if line)
    if facts.topic:
        return f'<h2 class="topic" id="{part.key}">{said}</h2>'
    return _paragraph(said, answer=facts.answer)


def _phrases(columns: Sequence[Column], row: Any) -> Iterator[str]:
    for column in blocks_for(Medium.PAPER, columns):
        said = cell(cells.cells(column, [row])[0], column.kind)
        if said:
            yield f'<span class="phrase">{said}</span>'


def _paragraph(said: str, *, answer: bool) -> str:
    if not said:
        return ""
    return f'<h1 class="answer">{said}</h1>' if answer else f'<p class="facts">{said}</p>'


@_marked.register
def _text(block: Text, part: Part) -> str:
    return _paragraph(cell(block.said), answer=block.answer)


@_marked.register
def _listed(listed: Listed, part: Part) -> str:
    pairs = "".join(f"<dt>{escape(text(name))}</dt><dd>{cell(said)}</dd>" for name, said in listed.pairs)
    return f"<dl>{pairs}</dl>" if pairs else ""


@_marked.register
def _steps(steps: Steps, part: Part) -> str:
    if not steps.steps:
        return ""
    first = "".join(f"<li>{_box(said)}</li>" for said in steps.first)
    listed = "".join(f'<li value="{n}">{_box(said)}</li>' for n, said in steps.steps)
    before = f'<ul class="steps">{first}</ul>' if first else ""
    return f'{before}<ol class="steps">{listed}</ol>'


def _box(said: Said) -> str:
    return f'<label><input type="checkbox"> <span>{markup(said)}</span></label>'


@_marked.register
def _notes(notes: Notes, part: Part) -> str:
    told = notes.told() if notes.each else ()
    return f'<ul class="notes">{"".join(map(_note, told))}</ul>' if told else ""


def _note(note: Note) -> str:
    subjects = f"<strong>{escape(text(', '.join(note.subjects)))}</strong> " if note.subjects else ""
    severity = f'<span class="severity {note.ink}">{escape(note.severity)}</span>'
    return f"<li>{severity} <div>{subjects}{markup(note.said)}</div></li>"


@_marked.register
def _verbatim(verbatim: Verbatim, part: Part) -> str:
    lines = "\n".join(escape(each) for each in verbatim.lines)
    return f"<pre>{lines}</pre>" if lines else ""


@_marked.register
def _picture(picture: Picture, part: Part) -> str:
    if not is_drawn(picture):
        return ""
    sizes = "".join(
        f'<div class="{name}">{drawn(picture, Page(wide, part.title, f"{part.key}-{name}"))}</div>'
        for name, wide in _PICTURE_WIDTHS.items()
    )
    return f'<figure class="block">{sizes}</figure>'
