"""An exported history back into entries: the json and csv of ``rebal history`` hold every column of the journal."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, cast

from rebal.book import Purpose
from rebal.errors import InvalidInput, Problem
from rebal.journal.schema import FIRST_COLUMNS
from rebal.journal.spelling import COLUMNS, ROWS
from rebal.journal.store import chained
from rebal.journal.strict_json import Numeral, parse, refusal, shown
from rebal.ledger import HISTORY_SCHEMA, Journal
from rebal.stated import Row

_Row = dict[str, str | None]
_PART_FIELDS = ("contracts", "stands_for", "beta")
_FORMULAS = ("'=", "'+", "'-", "'@")


def read(text: str, source: str) -> Journal:
    """The journal that an export holds, every hash verified. Raises InvalidInput, also for one that begins later."""
    with _cells_of_any_length(text):
        rows = list(_from_json(text, source) if text.lstrip()[:1] == "{" else _from_csv(text, source))
    if rows and rows[0].get("seq") != "1":
        instead = "export it without --since"
        raise refusal(source, "entries[0].seq", "is not the first of the journal", found=rows[0].get("seq"),
                      instead=instead)  # fmt: skip
    return chained(rows, source)


def _from_json(text: str, source: str) -> Iterator[_Row]:
    value = parse(text, source, instead="save one with `rebal history --format json --out FILE`")
    if not isinstance(value, dict) or value.get("schema") != HISTORY_SCHEMA:
        raise refusal(source, "schema", "is not that of a history", instead=f"{HISTORY_SCHEMA} is what can be rebuilt")
    entries = value.get("entries")
    if not isinstance(entries, list):
        raise refusal(source, "entries", "is not a list")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise refusal(source, f"entries[{number}]", "is not an object", found=shown(entry))
        yield {name: _column(entry.get(name), f"entries[{number}].{name}", source) for name in COLUMNS}


def _column(value: Any, path: str, source: str) -> str | None:
    if isinstance(value, list):
        of = ROWS.get(path.rpartition(".")[2])
        return " ".join(_word(part, f"{path}[{n}]", source, of=of) for n, part in enumerate(value)) or None
    if value is not None and not isinstance(value, str):
        raise refusal(source, path, "is neither text nor a number", found=shown(value))
    return None if value is None else str(value)


def _word(part: Any, path: str, source: str, *, of: type[Row] | None) -> str:
    if of is None:
        return _part(part, path, source)
    names = [each.name for each in fields(cast(Any, of))]
    values = [part.get(name) for name in names] if isinstance(part, dict) and part.keys() >= set(names) else [part]
    if not all(value is None or (isinstance(value, str) and not isinstance(value, Numeral)) for value in values):
        raise refusal(source, path, f"is no row of {', '.join(names)}", found=shown(part))
    return "/".join(value or "" for value in values)


def _part(part: Any, path: str, source: str) -> str:
    fields = part if isinstance(part, dict) else {}
    given = [fields[name] for name in ("purpose", "stands_for", "contracts", "beta") if fields.get(name) is not None]
    if not given or not all(isinstance(word, str) and not isinstance(word, Numeral) for word in given):
        raise refusal(source, path, "is not a part of a fill", found=shown(part))
    return ":".join(given)


def _from_csv(text: str, source: str) -> Iterator[_Row]:
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(lines, [])
        missing = sorted({name for name in FIRST_COLUMNS.split(", ") if name != "parts"} - set(header))
        if missing or len(set(header)) != len(header):
            instead = "export it with `rebal history --format csv`"
            raise refusal(source, missing[0] if missing else "", "is no column of it, or stands twice", instead=instead)
        for line in lines:
            cells = {name: _cell(cell) for name, cell in zip(header, line, strict=True)}
            yield {name: cells.get(name) for name in COLUMNS} | {"parts": _parts(cells) or None}
    except csv.Error as error:
        raise InvalidInput([Problem(source, lines.line_num, 1, "", f"is not csv: {error}")]) from None
    except ValueError:
        raise InvalidInput([Problem(source, lines.line_num, 1, "", "has not as many fields as the header")]) from None


@contextmanager
def _cells_of_any_length(text: str) -> Iterator[None]:
    """No cell is too long that the text itself holds: a statement of many positions is one cell."""
    before = csv.field_size_limit(max(1, len(text)))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _cell(cell: str) -> str | None:
    return (cell[1:] if cell.startswith(_FORMULAS) else cell) or None


def _parts(cells: Mapping[str, str | None]) -> str:
    """The parts as one text, from a column for each purpose and field; several of one purpose share a cell."""
    found: list[str] = []
    for purpose in sorted(Purpose):
        contracts, assets, betas = (_words(cells.get(f"parts.{purpose}.{name}")) for name in _PART_FIELDS)
        betas = betas or [""] * len(contracts)
        for held, asset, beta in zip(contracts, assets, betas, strict=True):
            found.append(":".join((purpose.value, asset, held, beta) if beta else (purpose.value, asset, held)))
    return " ".join(found)


def _words(cell: str | None) -> Sequence[str]:
    return [] if cell is None else cell.split(" ")
