"""What a plan repeats of what it was given."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from rebal.amounts import Fraction
from rebal.explain._facts import GIVEN, Facts, untold
from rebal.ledger import Realised
from rebal.reports.explanation import Derivation

_UNITS = {"min_order": "USD"}


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
