"""CSV: one list of a report as a table, its header the keys of the JSON.

What is nested is flattened under dotted keys; a list of parts is spread over the values of its first key, so that
``parts.hedge.contracts`` is always the same column. Any other list in a row is a section of its own, like
``scenarios.wallets``, and begins with the first key of the row that it is in.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, cast, get_args, get_origin

from rebal.amounts import Fraction, plain
from rebal.book import MarginMode
from rebal.errors import UsageProblem
from rebal.formats import Report, View, kind
from rebal.stated import Row
from rebal.times import rfc3339

_LATER: Mapping[str, frozenset[str]] = {
    "orders": frozenset({"account"}),
    "transfers": frozenset({"account", "other_account", "hours", "fee"}),
    "wallets": frozenset({"account"}),
    "positions": frozenset({"account", "liquidation_estimate", "margin"}),
    "survival": frozenset({"account", "name"}),
    "scenarios.wallets": frozenset({"account", "name"}),
    "entries": frozenset({"account"}),
    "ladder": frozenset({"account"}),
    "coins": frozenset({"account"}),
}
"""Columns that came with accounts, by section."""
_RARE: Mapping[str, frozenset[str]] = {"entries": frozenset({"orders", "other_account"})}
"""Columns that stand only where a row has them."""
_FIRST_CHOICE = {"plan": "orders"}
_TAKEN_FOR_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


_CRLF = "\r\n"
_Cell = Callable[[Any], str]


class _Lines:
    # Records end in a newline alone, as Unix tools want it; the writer is told CRLF so that it quotes either in a cell.
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, record: str) -> None:
        self.lines.append(f"{record.removesuffix(_CRLF)}\n")


def render(report: Report, view: View) -> str:
    """Print the view's section, its header also where it is empty. Raises UsageProblem for one there is not."""
    sections = _sections(type(report))
    section = view.section or _FIRST_CHOICE.get(kind(report), next(iter(sections)))
    if section not in sections:
        raise UsageProblem(f"--section {section}: there is no such table; write one of {', '.join(sections)}")
    outer, _, inner = section.partition(".")
    told = tuple(_columns(sections[section]))
    later = _LATER.get(section, frozenset())
    columns = told
    if later and not _needs(report, getattr(report, outer)):
        columns = tuple(each for each in told if each[0] not in later)
    empty = {each for each in _RARE.get(section, ()) if not any(getattr(row, each) for row in getattr(report, outer))}
    columns = tuple(each for each in columns if each[0] not in empty)
    printed = _Lines()
    writer = csv.writer(printed, lineterminator=_CRLF)
    heading, book = ([], []) if view.book is None else (["file"], [_harmless(view.book)])
    if inner:
        key, owner = next(_columns(sections[outer]))
        writer.writerow([*heading, f"{outer}.{key}", *(key for key, _ in columns)])
        for row in getattr(report, outer):
            of_row = [*book, owner(row)]
            writer.writerows([*of_row, *(cell(part) for _, cell in columns)] for part in getattr(row, inner))
    else:
        writer.writerow([*heading, *(key for key, _ in columns)])
        writer.writerows([*book, *(cell(row) for _, cell in columns)] for row in getattr(report, outer))
    return "".join(printed.lines)


def _needs(report: Report, rows: Iterable[object]) -> bool:
    """Whether accounts are worth columns: a report of one with a wallet a coin keeps the columns that it ever had."""
    accounts = getattr(report, "accounts", None)
    if accounts:
        return len(accounts) > 1 or any(each.margin is MarginMode.POOLED for each in accounts)
    return any(getattr(each, "account", None) not in (None, getattr(report, "venue", None)) for each in rows)


def _sections(of: type) -> dict[str, type]:
    found: dict[str, type] = {}
    for name, row in _lists(of):
        found[name] = row
        found |= {f"{name}.{inner}": part for inner, part in _lists(row) if not _is_spread(part)}
    return found


def _lists(of: type) -> Iterator[tuple[str, type]]:
    for each in fields(cast(Any, of)):
        row = _row_type(each.type)
        if row is not None and not issubclass(row, Row):
            yield each.name, row


def _is_spread(part: type) -> bool:
    first = fields(cast(Any, part))[0].type
    return isinstance(first, type) and issubclass(first, Enum)


def _row_type(annotation: object) -> type | None:
    # What a tuple[Row, ...] or a Sequence[Row] holds, where Row is a dataclass.
    held = get_args(annotation)[:1] if get_origin(annotation) in (tuple, Sequence) else ()
    return cast(type, held[0]) if held and is_dataclass(held[0]) else None


def _columns(of: type, path: str = "") -> Iterator[tuple[str, _Cell]]:
    for each in fields(cast(Any, of)):
        key, part = path + each.name, _row_type(each.type)
        if part is not None and issubclass(part, Row):
            yield key, partial(_member, each.name)
        elif part is not None:
            yield from _spread(key, each.name, part) if _is_spread(part) else ()
        elif is_dataclass(each.type):
            for inner, cell in _columns(cast(type, each.type), f"{key}."):
                yield inner, partial(_within, each.name, cell)
        else:
            yield key, partial(_member, each.name)


def _spread(key: str, name: str, part: type) -> Iterator[tuple[str, _Cell]]:
    first, *rest = fields(cast(Any, part))
    for member in cast(type[Enum], first.type):
        for each in rest:
            yield (
                f"{key}.{member.value}.{each.name}",
                partial(_of_parts, name, selector=first.name, member=member, wanted=each.name),
            )


def _within(name: str, cell: _Cell, row: object) -> str:
    return cell(getattr(row, name))


def _member(name: str, row: object) -> str:
    return _text(getattr(row, name))


def _of_parts(name: str, row: object, *, selector: str, member: Enum, wanted: str) -> str:
    found = [getattr(part, wanted) for part in getattr(row, name) if getattr(part, selector) is member]
    return _text(found[0]) if len(found) == 1 else _text(tuple(found))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Fraction():
            return plain(value)
        case int():
            return str(value)
        case Enum():
            return str(value.value)
        case datetime():
            return rfc3339(value)
        case tuple():
            return _harmless(" ".join(map(_text, value)))
        case Mapping():
            return _harmless(" ".join(f"{key}={_text(each)}" for key, each in value.items()))
        case str():
            return _harmless(value)
        case Row():
            return "/".join(_text(getattr(value, each.name)) for each in fields(cast(Any, value)))
    raise TypeError(f"no CSV for {type(value).__name__}")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_TAKEN_FOR_FORMULAS) else text
