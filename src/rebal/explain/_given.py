"""What a plan repeats of what it was given, and the figures of its findings."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rebal.amounts import Fraction
from rebal.explain._facts import GIVEN, Facts, untold
from rebal.ledger import Realised
from rebal.reports.explanation import Derivation
from rebal.rung_lines import RungLine

_UNITS = {"min_order": "USD"}
_RUNG = {
    "notional": "dollars of what the rung closes, at the mark",
    "cost_usd_per_day": "today's funding of what it closes, and the basis of a dated contract over the days left",
    "cost_per_year": "its cost a day times 365, over its dollars",
    "frees": "coins that its account may then part with, beyond those of the rungs above",
    "saved_usd_per_day": "the cost a day of this rung and of those above it, added up",
    "brings": "coins that have to come to its account for it, beyond those of the rungs above",
    "freed_usd": "what this rung and those above it free, less what they have brought in, in dollars, added up",
    "distance_after": "of the account carried out with this rung and those above it closed",
    "leverage_after": "of the account carried out with this rung and those above it closed",
}


def realised(lines: Iterable[Realised]) -> Iterator[Derivation]:
    """What a journal has brought, as a status repeats it."""
    for line in lines:
        for each in fields(line):
            value = getattr(line, each.name)
            if isinstance(value, Fraction):
                title = f"{each.name.replace('_', ' ')} of {line.contract}, by the journal"
                note = "added up over the journal's entries: history tells them one by one"
                yield untold(f"realised.{line.contract}.{each.name}", value, title=title, unit="", note=note)


def settings(facts: Facts) -> Iterator[Derivation]:
    """What is to be set before the first order."""
    for each in facts.plan.settings:
        note = f"{GIVEN}: contracts.{each.contract}.leverage, else policy.leverage"
        title = f"leverage to set for {each.contract}"
        yield untold(f"settings.{each.contract}.leverage", each.leverage, title=title, unit="", note=note)


def policy(facts: Facts) -> Iterator[Derivation]:
    """Every rule that the plan keeps."""
    if facts.plan.inputs.policy is not None:
        yield from _rules(facts.plan.inputs.policy, "policy")


def _rules(rules: Any, path: str) -> Iterator[Derivation]:
    for each in fields(rules):
        value, at = getattr(rules, each.name), f"{path}.{each.name}"
        if is_dataclass(value):
            yield from _rules(value, at)
        elif isinstance(value, Fraction):
            title, note = (
                f"rule of the policy: {each.name.replace('_', ' ')}",
                f"{GIVEN}: {at} of the file, or its default",
            )
            yield untold(f"inputs.{at}", value, title=title, unit=_UNITS.get(each.name, ""), note=note)


def findings(facts: Facts) -> Iterator[Derivation]:
    """The figures that findings tell, each with the sentence that it stands in."""
    told: set[str] = set()
    for found in facts.plan.findings:
        for name, value in found.data.items():
            figure = f"findings.{found.subject}.{found.code.value}.{name}"
            if isinstance(value, Fraction) and figure not in told:
                told.add(figure)
                title = f"{name.replace('_', ' ')} of a finding on {found.subject}"
                yield untold(figure, value, title=title, unit="", note=f"{found.severity.value}: {found.message}")


def ladder(facts: Facts) -> Iterator[Derivation]:
    """The rungs of an unwind, by their contracts."""
    for rung in facts.plan.ladder:
        yield from _rung(rung)


def _rung(rung: RungLine) -> Iterator[Derivation]:
    for each in fields(rung):
        value = getattr(rung, each.name)
        by_name = value if isinstance(value, Mapping) else {"": value}
        for name, figure in by_name.items():
            if isinstance(figure, Fraction):
                title = f"{each.name.replace('_', ' ')} of closing {rung.contract}"
                note = _RUNG.get(each.name, "what the rung's order is told with")
                at = f"ladder.{rung.contract}.{each.name}{f'.{name}' if name else ''}"
                yield untold(at, figure, title=title, unit=name, note=note)
