"""What replay reads of ``--policy``: one value of a rule of the file, or several to be tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from rebal.amounts import Fraction, NumberProblem, number, plain
from rebal.commands._options import one_of
from rebal.errors import UsageProblem

if TYPE_CHECKING:
    from rebal.load.fields import Text
    from rebal.policy import Policy
    from rebal.replay.sweep import Combination

HOLD, REFUSED = "hold", ("hold", "rescue", "fit")
_REFUSED = "refused"
_MOST = 10_000


def combinations(given: Sequence[str], policy: "Policy", *, refused: str) -> "tuple[Combination, ...]":
    """Every combination of the values given, the file's policy where none are. Raises UsageProblem."""
    from rebal.replay.sweep import Combination
    from rebal.reports.replay import Refused

    rules: dict[str, list[tuple[str, Any]]] = {}
    for text in given:
        key, values = _rule(text)
        if key in rules:
            raise UsageProblem(f"--policy {text}: {key} is given twice")
        rules[key] = values
    counted = 1
    for values in rules.values():
        counted *= len(values)
    if counted > _MOST:
        raise UsageProblem(f"--policy: {counted} combinations are asked for; ask for at most {_MOST}")
    found = []
    for chosen in product(*rules.values()):
        typed = dict(zip(rules, (text for text, _ in chosen), strict=True))
        wanted = dict(zip(rules, (value for _, value in chosen), strict=True))
        found.append(Combination(typed, _with(policy, wanted), Refused(wanted.pop(_REFUSED, refused))))
    return tuple(found)


def _rule(text: str) -> tuple[str, list[tuple[str, Any]]]:
    key, is_pair, values = (part.strip() for part in text.partition("="))
    readers = _readers()
    if key not in readers:
        raise UsageProblem(f"--policy {text}: {key or 'nothing'} is no rule here; {one_of(key, readers)}")
    if not is_pair or not values:
        raise UsageProblem(f"--policy {text}: has no value; write {key}=VALUE, or several between commas")
    return key, [(typed, _read(readers[key], typed, text)) for typed in _values(values, text)]


def _read(reader: "Text | None", typed: str, text: str) -> Any:
    if reader is None:
        if typed not in REFUSED:
            raise UsageProblem(f"--policy {text}: {one_of(typed, REFUSED)}")
        return typed
    try:
        return reader.read(typed)
    except ValueError as problem:
        said, instead = getattr(problem, "problem", problem), getattr(problem, "instead", None)
        raise UsageProblem(
            f"--policy {text}: {typed or 'nothing'} {said}" + (f"; {instead}" if instead else "")
        ) from problem


def _values(values: str, text: str) -> Iterator[str]:
    """Values between commas, a range ``2%..10%:2%`` spelled out."""
    for part in values.split(","):
        low, is_range, rest = part.strip().partition("..")
        if not is_range:
            yield low
            continue
        high, _, step = rest.partition(":")
        yield from _spelled_out((low, high, step), text)


def _spelled_out(ends: tuple[str, str, str], text: str) -> Iterator[str]:
    sign = "%" if any(each.endswith("%") for each in ends) else ""
    try:
        low, high, step = (number(each.removesuffix("%")) for each in ends)
    except NumberProblem as problem:
        raise UsageProblem(f"--policy {text}: write a range as 2%..10%:2%") from problem
    if step <= 0 or high < low:
        raise UsageProblem(f"--policy {text}: a range goes up, in steps above 0; write one as 2%..10%:2%")
    if (high - low) / step >= _MOST:
        raise UsageProblem(
            f"--policy {text}: {int((high - low) / step) + 1} values are asked for; ask for at most {_MOST}"
        )
    value: Fraction = low
    while value <= high:
        yield f"{plain(value)}{sign}"
        value += step


def _readers() -> "Mapping[str, Text | None]":
    from rebal.book import MarginMode
    from rebal.load import field_kinds
    from rebal.load.fields import Choice
    from rebal.policy import Prefer, Sizing, Uncovered

    return {
        "band": field_kinds.SHARE,
        "leverage": field_kinds.COUNT,
        "liquidation_distance": field_kinds.INSIDE,
        "survive": field_kinds.INSIDE,
        "alert_distance": field_kinds.COST,
        "alert_leverage": field_kinds.COUNT,
        "min_order": field_kinds.COINS,
        "max_at_venue": field_kinds.SHARE,
        "hedge_band": field_kinds.SHARE,
        "margin_mode": Choice(MarginMode),
        "sizing": Choice(Sizing),
        "uncovered": Choice(Uncovered),
        "prefer": Choice(Prefer),
        _REFUSED: None,
    }


def _with(policy: "Policy", values: Mapping[str, Any]) -> "Policy":
    """The policy with other rules; an alert that goes by the others goes by them still."""
    from rebal.load.policy import usual_alert

    alert = policy.alert if policy.alert != usual_alert(policy.shock, policy.leverage) else None
    own = {key: value for key, value in values.items() if not key.startswith("alert_")}
    if "band" in own:
        own["band"] = replace(policy.band, points=own["band"])
    made = replace(policy, **own)
    usual = alert or usual_alert(made.shock, made.leverage)
    return replace(
        made,
        alert=replace(
            usual,
            distance=values.get("alert_distance", usual.distance),
            leverage=values.get("alert_leverage", usual.leverage),
        ),
    )
