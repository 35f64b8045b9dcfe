"""A derivation a figure: its formula, the same with the numbers put in, and what each number is."""

from collections.abc import Iterator

from rebal.amounts import plain
from rebal.formats.document import Block, Column, Document, Facts, Place, Role, Section, Table, Text
from rebal.formats.document.said import ALARM, BOLD, GREEN, Absent, Figure, Inked, Kind, Medium, Prose, Reckoned, Said
from rebal.formula import renamed
from rebal.policy import Policy
from rebal.reports.explanation import Derivation, Explanation, Term

_DOES_NOT = "these numbers do not come to it: the file, its prices or its rules are not those of the plan any more"


def _figure(each: Derivation | Term) -> Figure | None:
    return None if each.value is None else Figure(each.value, Kind.EXACT, each.unit)


def _multiplied(formula: str, sign: str) -> str:
    """A formula as a medium writes its products: the dot between is an ornament where signs are spelled out."""
    return formula.replace("·", sign)


_FIGURES = (
    Column("figure", "figure", record="{}", role=Role.NAME, left=True),
    Column("value", _figure, before="", record="{}"),
    Column("what it is", "title", before="", record="{}", left=True, role=Role.BELOW, place=Place.LAST),
)
_TERMS = (
    Column("", "symbol", record="{}", role=Role.NAME, left=True),
    Column("value", _figure, before="", record="{}"),
    Column("what it is", "meaning", before="", record="{}", left=True),
    Column("from", lambda term: term.found or None, before="from", left=True, only=Medium.PAGE),
)
_RESULT = (
    Column("", "figure", record="{}"),
    Column("", _figure, record="{}"),
    Column("", lambda each: _words(each), record="{}"),
)


def document(explanation: Explanation, limits: Policy | None) -> Document:
    """What was asked for, in full or by name."""
    if not explanation.in_full:
        return _listed(explanation)
    return tuple(block for each in explanation.derivations for block in _derivation(each))


def _listed(explanation: Explanation) -> Document:
    how = "rebal explain FIGURE derives one; rebal explain BTC all of a coin's"
    return (
        Text((f"figures of {explanation.of}",), only=Medium.PAGE),
        Section("", (Table(_FIGURES, explanation.derivations, word="figure"),)),
        Section("", (Text((how,), only=Medium.PAGE),)),
    )


def _derivation(each: Derivation) -> Iterator[Block]:
    told: tuple[Block, ...] = () if _is_meaning(each) else (Text(_result(each), only=Medium.PAGE),)
    if each.formula is not None:
        put_in = renamed(each.formula, {term.symbol: _number(term) for term in each.terms})
        shown = (each.formula, put_in) if each.terms else (each.formula,)
        told = (*told, *(Text((f"= {_multiplied(text, '×')}",), only=Medium.PAGE) for text in shown))
    if each.source or each.note:
        source = () if not each.source else (Prose(each.source), "; ") if each.note else (Prose(each.source),)
        told = (*told, Text((*source, Reckoned(each.note)), only=Medium.PAGE))
    if not each.agrees:
        told = (*told, Text(Inked(_DOES_NOT, ALARM), word="differs"))
    yield Facts(each, (_RESULT,), word="figure", only=Medium.RECORDS)
    terms = Table(_TERMS, each.terms, word="term")
    yield Section((each.figure,), (*told, *((Section("", (terms,)),) if each.terms else ())), note=(each.title,))


def _words(each: Derivation) -> str:
    """What a record has behind a figure: its formula, or why there is none."""
    if each.formula:
        return _multiplied(each.formula, "*").replace("−", "-")
    return f"{each.title}; {each.note}" if _is_meaning(each) else each.note


def _is_meaning(each: Derivation) -> bool:
    """Whether it is no figure but a finding, of which its words are told."""
    return each.value is None and each.figure.startswith("findings.")


def _result(each: Derivation) -> Said:
    value: Said = Absent.NONE if each.value is None else Reckoned(_exact(each))
    return Inked(value, GREEN if each.agrees else BOLD) if each.value is not None else "none"


def _exact(each: Derivation) -> str:
    assert each.value is not None
    return f"{plain(each.value)} {each.unit}".replace("-", "−").rstrip()


def _number(term: Term) -> str:
    text = plain(term.value).replace("-", "−")
    return f"({text})" if term.value < 0 else text
